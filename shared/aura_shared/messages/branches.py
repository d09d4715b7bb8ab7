"""Messages of branches: the strategy of a repository, starting and finishing branches, and what strays from it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

BranchingSource = Literal["file", "git-flow", "git-flow-next", "detected", "default"]
"""`file`: `.aura/branching.toml`; `git-flow`: configuration of git-flow-avh; `git-flow-next`: `.gitflow` or its
configuration; `detected`: from the branches that there are; `default`: nothing was found."""
FinishWay = Literal["merge", "squash", "rebase", "pull-request"]
"""How a finished branch reaches its target."""
DriftRule = Literal[
    "unknown-kind", "wrong-parent", "develop-behind-main", "release-open-too-long", "hotfix-not-in-develop",
    "direct-commit", "diverged", "missing-base",
]  # fmt: skip
CleanReason = Literal["merged", "squashed", "upstream-gone", "stale"]
"""`merged`: every commit is in the target; `squashed`: its changes are there as other commits; `upstream-gone`: what
it followed was deleted; `stale`: no commit for long."""
FinishState = Literal["planned", "done", "waiting", "open-pull-request"]
"""`planned`: a dry run; `waiting`: a conflict waits for a person; `open-pull-request`: finished by one, nothing was
done."""
BranchAction = Literal["initialised", "started", "finished", "waiting", "published", "deleted"]


class BranchKindInfo(Message):
    """A kind of branches."""

    type: ClassVar[str] = "git.branch.kind"

    name: str
    """Such as `feature`."""
    prefix: str
    """What its names begin with: `feature/`."""
    starts_from: str
    """Branch that it begins at; empty when one has to be named, as for `support`."""
    merges_into: list[str] = Field(default_factory=list)
    """Branches that it is merged into, in this order; empty for one that never is."""
    way: FinishWay = "merge"
    """How it is finished."""
    tagged: bool = False
    """Whether finishing it makes a tag."""
    single: bool = False
    """Whether there is only one at a time."""
    source: str = ""
    """Where this comes from."""


class BranchingInfo(Message):
    """The strategy that counts in a repository."""

    type: ClassVar[str] = "git.branch.strategy"

    strategy: str
    """`gitflow`, `github-flow`, `trunk` or `custom`."""
    source: BranchingSource
    """Where it comes from."""
    explanation: list[str] = Field(default_factory=list)
    """Where each fact comes from: `main: gitflow.branch.master in .git/config`."""
    main: str
    """Branch of releases."""
    develop: str = ""
    """Branch of the next release; empty where there is none."""
    tag_prefix: str = ""
    """What tags begin with."""
    kinds: list[BranchKindInfo] = Field(default_factory=list[BranchKindInfo])
    """Kinds of branches."""
    protected: list[str] = Field(default_factory=list)
    """Patterns of branches that are never deleted or rewritten."""


class BranchInfo(Message):
    """A local branch."""

    type: ClassVar[str] = "git.branch.info"

    name: str
    """Its name."""
    kind: str = ""
    """Kind by its name; `base` for main and develop; empty when it fits none."""
    current: bool = False
    """Whether it is checked out here."""
    worktree: str = ""
    """Folder of the other work tree that has it checked out."""
    commit: str
    """Hash of its newest commit."""
    subject: str = ""
    """Subject of that."""
    author: str = ""
    """Who wrote it."""
    date: str = ""
    """When, ISO 8601."""
    parent: str = ""
    """Branch that it belongs on."""
    ahead: int = Field(default=0, ge=0)
    """Commits that its parent does not have."""
    behind: int = Field(default=0, ge=0)
    """Commits of its parent that it does not have."""
    upstream: str = ""
    """Branch that it follows."""
    upstream_gone: bool = False
    """Whether that was deleted."""
    unpushed: int = Field(default=0, ge=0)
    """Commits that its upstream, or any remote when it has none, does not have."""
    unpulled: int = Field(default=0, ge=0)
    """Commits of its upstream that it does not have."""
    protected: bool = False
    """Whether a pattern protects it."""


class BranchList(Reply):
    """The branches of a repository."""

    branching: BranchingInfo
    """The strategy."""
    branches: list[BranchInfo] = Field(default_factory=list[BranchInfo])
    """By kind, then by date, newest first."""


class ListBranches(Request[BranchList]):
    """List the branches of a repository with their kind, their parent and what is not pushed."""

    type: ClassVar[str] = "git.branch.list"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    kind: str = Field(default="", max_length=64)
    """Only this kind; empty for all."""


class BranchStarted(Reply):
    """A branch that was begun and is checked out."""

    branch: str
    """Its name."""
    kind: str
    """Its kind."""
    base: str
    """What it begins at, as it was named."""
    commit: str
    """Hash of that."""
    operation: str = ""
    """Operation in the journal; empty for a dry run."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""


class StartBranch(Request[BranchStarted]):
    """Begin a branch by the strategy of the repository, and check it out."""

    type: ClassVar[str] = "git.branch.start"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    kind: str = Field(min_length=1, max_length=64)
    """Such as `feature`, `release`."""
    name: str = Field(default="", max_length=300)
    """Name or title; made into a name. The version of a release or hotfix."""
    task: str = Field(default="", max_length=100)
    """Identifier of a task, which becomes part of the name."""
    item: str = Field(default="", max_length=1000)
    """Item of the plan: its title is the name and its identifier the task, where none are given."""
    base: str = Field(default="", max_length=300)
    """What it begins at instead of what the strategy says."""
    dry_run: bool = False
    """Whether only the name and the base are told."""


class FinishStep(Message):
    """One step of finishing a branch."""

    type: ClassVar[str] = "git.branch.step"

    name: str
    """`merge`, `tag`, `merge-back`, `delete-remote`, `delete-local`, `switch`."""
    text: str
    """For a person: `merge feature/cart into develop (--no-ff)`."""
    done: bool = False
    """Whether it was carried out."""


class BranchFinished(Reply):
    """What finishing did, or would do."""

    branch: str
    """The branch."""
    kind: str
    """Its kind."""
    state: FinishState
    """How far it came."""
    steps: list[FinishStep] = Field(default_factory=list[FinishStep])
    """In their order."""
    tag: str = ""
    """The tag that was made."""
    conflicts: list[str] = Field(default_factory=list)
    """Paths that wait for a person."""
    operation: str = ""
    """Operation in the journal."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know: what an undo cannot take back, what to push next."""


class FinishBranch(Request[BranchFinished]):
    """Finish a branch by its kind: merge, tag, merge back, delete. One operation, which an undo takes back."""

    type: ClassVar[str] = "git.branch.finish"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branch: str = Field(default="", max_length=300)
    """Its name; the one that is checked out by default."""
    message: str = Field(default="", max_length=20_000)
    """Message of the tag, or of the commit of a squash."""
    keep: bool = False
    """Whether the branch stays, here and at the remote."""
    dry_run: bool = False
    """Whether only the steps are told."""


class BranchPublished(Reply):
    """A branch that was pushed."""

    branch: str
    """Its name."""
    remote: str
    """Where to."""
    upstream: str
    """What it follows now."""
    commit: str
    """Hash that was pushed."""
    pushed: bool = True
    """False when the remote had it already."""
    said: str = ""
    """What the remote said, such as the address for a pull request."""
    operation: str = ""
    """Operation in the journal."""


class PublishBranch(Request[BranchPublished]):
    """Push a branch and follow it there. Never forces; `replace` replaces only what was last seen there."""

    type: ClassVar[str] = "git.branch.publish"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branch: str = Field(default="", max_length=300)
    """Its name; the one that is checked out by default."""
    remote: str = Field(default="", max_length=200)
    """Where to; by default the one that it follows, else the only one, else `origin`."""
    replace: bool = False
    """Whether a rebased branch replaces its older self there (`--force-with-lease --force-if-includes`)."""


class Drift(Message):
    """Something that strays from the strategy."""

    type: ClassVar[str] = "git.branch.drift"

    rule: DriftRule
    """Which rule."""
    branch: str
    """Where."""
    message: str
    """What is wrong."""
    fix: str = ""
    """Command that puts it right; empty when a person has to decide."""


class DriftReport(Reply):
    """What strays from the strategy."""

    branching: BranchingInfo
    """The strategy."""
    drifts: list[Drift] = Field(default_factory=list[Drift])
    """Worst first."""
    checked: int = Field(default=0, ge=0)
    """How many branches were looked at."""


class CheckBranching(Request[DriftReport]):
    """Check the branches of a repository against its strategy. Nothing is changed, nothing is fetched."""

    type: ClassVar[str] = "git.branch.check"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""


class CleanProposal(Message):
    """A branch that may go."""

    type: ClassVar[str] = "git.branch.proposal"

    branch: str
    """Its name."""
    reason: CleanReason
    """Why."""
    detail: str
    """In one sentence: `its 3 commits are in develop`."""
    commit: str
    """Hash of its newest commit."""
    author: str = ""
    """Who wrote that."""
    date: str = ""
    """When, ISO 8601."""
    unpushed: int = Field(default=0, ge=0)
    """Commits that are nowhere else: neither in its target nor at a remote."""
    deletable: bool = True
    """False where work would be lost: it is only deleted when it is named."""
    deleted: bool = False
    """Whether this request deleted it."""


class KeptBranch(Message):
    """A branch that may not be deleted."""

    type: ClassVar[str] = "git.branch.kept"

    branch: str
    """Its name."""
    why: str
    """Why it stays."""


class BranchesCleaned(Reply):
    """Branches that may go, or went."""

    proposals: list[CleanProposal] = Field(default_factory=list[CleanProposal])
    """Those that are safe first."""
    kept: list[KeptBranch] = Field(default_factory=list[KeptBranch])
    """Branches that would be proposed, were they not protected or checked out."""
    operation: str = ""
    """Operation in the journal; empty when nothing was deleted."""


class CleanBranches(Request[BranchesCleaned]):
    """Propose local branches to delete; delete those that are named, or all safe ones. An undo brings them back."""

    type: ClassVar[str] = "git.branch.cleanup"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    branches: list[str] = Field(default_factory=list, max_length=1000)
    """Which to delete; empty for all that are safe."""
    stale_days: int = Field(default=90, ge=1, le=3650)
    """Days without a commit after which a branch is stale."""
    dry_run: bool = True
    """Whether they are only proposed."""


class BranchingSet(Reply):
    """The strategy file that was written."""

    branching: BranchingInfo
    """The strategy."""
    path: str
    """Relative to the repository."""
    text: str
    """What is in it."""
    created: list[str] = Field(default_factory=list)
    """Branches that were made."""
    operation: str = ""
    """Operation in the journal; empty for a dry run."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""


class InitBranching(Request[BranchingSet]):
    """Write `.aura/branching.toml` for a strategy, and make the base branches that are missing."""

    type: ClassVar[str] = "git.branch.init"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    strategy: Literal["gitflow", "github-flow", "trunk", "custom"] = "gitflow"
    """Which; `custom` writes what counts now, to be changed by hand."""
    replace: bool = False
    """Whether a file that is there is replaced."""
    dry_run: bool = False
    """Whether the text is only told."""


class BranchUpdated(Event):
    """A branch was begun, finished, pushed or deleted. Topic: `git.branch.updated`. Sent by git, once per branch."""

    type: ClassVar[str] = "git.branch.updated"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    branch: str
    """Its name."""
    what: BranchAction
    """What happened."""
    kind: str = ""
    """Its kind."""
    commit: str = ""
    """Hash of its newest commit, also of one that was deleted."""
    operation: str = ""
    """Operation in the journal."""
