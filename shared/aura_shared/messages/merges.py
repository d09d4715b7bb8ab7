"""Messages of merging: what a merge or rebase would do, doing it, and going on or back after a conflict."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

MergeOutcome = Literal["clean", "up-to-date", "fast-forward", "conflicts", "refused"]
"""`refused`: it cannot be done at all; the reason is told."""
ConflictKind = Literal[
    "content", "both-added", "deleted", "renamed", "directory", "mode", "binary", "submodule", "link", "lock-file"
]
"""`deleted`: deleted on one side, changed on the other; `directory`: a file on one side, a folder on the other."""
ResolutionTier = Literal["auto", "propose", "suggest", "refuse"]
"""`auto` is certain enough to be staged unseen, `propose` waits for a yes, `suggest` is one way among several,
`refuse` leaves it to a person."""
AcceptedTier = Literal["auto", "propose", "suggest"]
MergePlace = Literal["apart", "in-place"]
"""`apart`: in a temporary work tree, and the branch moves once all is done; `in-place`: in the work tree, where
conflicts that are left wait for a person."""
OperationStanding = Literal["done", "waiting", "aborted", "planned", "nothing"]
"""`waiting`: conflicts are left to a person; `planned`: a dry run; `nothing`: there was nothing to do."""


class SideCommit(Message):
    """A commit that had a part in a conflict."""

    type: ClassVar[str] = "git.merge.side-commit"

    commit: str
    """Short hash."""
    author: str
    """Name of its author."""
    subject: str
    """First line of its message."""
    date: str = ""
    """When it was written: ISO 8601."""


class ConflictHunk(Message):
    """One place of a file that both sides changed."""

    type: ClassVar[str] = "git.merge.hunk"

    id: str
    """`PATH:NUMBER`; what a person accepts."""
    number: int = Field(ge=1)
    """From 1, in the order of the file."""
    line: int = Field(default=0, ge=0)
    """First line in our version, from 1."""
    tier: ResolutionTier
    """How sure the proposed resolution is."""
    rule: str = ""
    """The rule that proposes it, or the one that refuses."""
    reason: str = ""
    """Why, in one sentence."""
    symbol: str = ""
    """Definition around it."""
    symbol_note: str = ""
    """What each side did to that definition."""
    ours: str = ""
    """Our text."""
    base: str = ""
    """What both came from."""
    theirs: str = ""
    """Their text."""
    text: str = ""
    """What it would become; empty for `refuse`."""
    ours_by: list[SideCommit] = Field(default_factory=list[SideCommit])
    """Commits of our side that wrote these lines."""
    theirs_by: list[SideCommit] = Field(default_factory=list[SideCommit])
    """Commits of their side that wrote these lines."""
    settled: bool = False
    """Whether the accepted tiers and hunks settle it."""


class ConflictFile(Message):
    """A path that git cannot merge by itself."""

    type: ClassVar[str] = "git.merge.conflict"

    path: str
    """As it is called in the result."""
    kind: ConflictKind
    """What is in the way."""
    says: str = ""
    """What git says of it."""
    hunks: list[ConflictHunk] = Field(default_factory=list[ConflictHunk])
    """Its conflicts, where it is text that both sides have."""
    remaining: int = Field(default=0, ge=0)
    """Conflicts that are left to a person with what was accepted; 1 for a file as a whole."""
    parses: bool | None = None
    """Whether the resolved text parses at least as well as both sides; null where that is not known."""
    problem: str = ""
    """Why the file as a whole is left to a person."""
    command: str = ""
    """What regenerates it, for a lock file."""
    ours_by: list[SideCommit] = Field(default_factory=list[SideCommit])
    """Commits of our side that touched it, newest first."""
    theirs_by: list[SideCommit] = Field(default_factory=list[SideCommit])
    """Commits of their side that touched it, newest first."""


class MergeWarning(Message):
    """Something that a merge without conflicts breaks, or that a person should look at."""

    type: ClassVar[str] = "git.merge.warning"

    rule: str
    """Such as `duplicate-definition`, `missing-name`, `changed-signature`, `does-not-parse`."""
    path: str = ""
    """Where."""
    line: int = Field(default=0, ge=0)
    """Line in the result, from 1; 0 for the file as a whole."""
    message: str
    """What is wrong."""


class MergeForecast(Reply):
    """What a merge would do. Nothing has been changed."""

    outcome: MergeOutcome
    """In one word."""
    reason: str = ""
    """Why it is refused."""
    into: str = ""
    """Branch that it goes into, or the commit while HEAD is detached."""
    ref: str = ""
    """What is merged, as asked."""
    ours: str = ""
    """Commit that is checked out."""
    theirs: str = ""
    """Commit that is merged."""
    base: str = ""
    """Where both part; the first of several."""
    bases: int = Field(default=1, ge=0)
    """How many such places there are; more than one after a criss-cross."""
    commits: int = Field(default=0, ge=0)
    """Commits that come in."""
    changed: list[str] = Field(default_factory=list)
    """Paths that would change, at most 500."""
    changed_count: int = Field(default=0, ge=0)
    """All of them."""
    conflicts: list[ConflictFile] = Field(default_factory=list[ConflictFile])
    """By file."""
    notes: list[str] = Field(default_factory=list)
    """What git says beside conflicts, such as renames that it followed."""
    obstacles: list[str] = Field(default_factory=list)
    """What in the work tree is in the way, one sentence each; it has to be put aside first."""
    warnings: list[MergeWarning] = Field(default_factory=list[MergeWarning])
    """What a merge without conflicts would break."""
    tests: list[str] = Field(default_factory=list)
    """Files of tests that reach what changes, the nearest first."""
    tests_unknown: str = ""
    """Why the tests are not known."""
    seconds: float = Field(default=0.0, ge=0)
    """How long the merge itself took in memory; the rest is explanation."""


class ReplayStep(Message):
    """What becomes of one commit in a rebase."""

    type: ClassVar[str] = "git.merge.replay-step"

    commit: str
    """Short hash."""
    subject: str
    """First line of its message."""
    outcome: Literal["same", "clean", "empty", "already-there", "conflicts", "unknown"]
    """`same`: it stays the commit that it is; `empty`: nothing is left of it; `already-there`: the other side has
    the same change; `unknown`: it comes after a conflict."""
    new: str = ""
    """Short hash of the commit that it becomes."""
    conflicts: list[ConflictFile] = Field(default_factory=list[ConflictFile])
    """By file."""


class MovedRef(Message):
    """A ref that moves."""

    type: ClassVar[str] = "git.merge.moved-ref"

    name: str
    """Short name, such as `feature/x`."""
    old: str
    """Short hash before."""
    new: str = ""
    """Short hash afterwards; empty while it is not known."""
    why: str = ""
    """Why it moves, or why it does not."""


class RebaseForecast(Reply):
    """What a rebase would do. Nothing has been changed."""

    outcome: MergeOutcome
    """In one word."""
    reason: str = ""
    """Why it is refused."""
    branch: str = ""
    """Branch whose commits are replayed."""
    onto: str = ""
    """Where they go, as asked."""
    onto_commit: str = ""
    """Its commit."""
    steps: list[ReplayStep] = Field(default_factory=list[ReplayStep])
    """Commit by commit, the oldest first."""
    refs: list[MovedRef] = Field(default_factory=list[MovedRef])
    """Branches that move."""
    range_diff: str = ""
    """The commits before and afterwards, as `git range-diff` compares them."""
    obstacles: list[str] = Field(default_factory=list)
    """What in the work tree is in the way."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know."""
    seconds: float = Field(default=0.0, ge=0)
    """How long the replay took."""


class MergeAnswer(Reply):
    """What a merge, a rebase, or a step of one came to."""

    standing: OperationStanding
    """In one word."""
    command: str = ""
    """`merge`, `rebase`, `cherry-pick`, …"""
    operation: str = ""
    """Entry of the journal; `aura git undo` takes it back."""
    summary: str = ""
    """What happened, in one line."""
    old: str = ""
    """Commit that was checked out before."""
    new: str = ""
    """Commit that is checked out now."""
    conflicts: list[ConflictFile] = Field(default_factory=list[ConflictFile])
    """What is left, and what was settled by which rule."""
    left: list[str] = Field(default_factory=list)
    """Paths that wait for a person."""
    recorded: list[str] = Field(default_factory=list)
    """Paths that were resolved as the person did before (`git rerere`)."""
    refs: list[MovedRef] = Field(default_factory=list[MovedRef])
    """Branches that moved."""
    warnings: list[MergeWarning] = Field(default_factory=list[MergeWarning])
    """What to look at."""
    notes: list[str] = Field(default_factory=list)
    """What else a person should know, such as what hooks said."""


class SyncedBranch(Message):
    """What a sync did with one local branch."""

    type: ClassVar[str] = "git.merge.synced-branch"

    branch: str
    """Its name."""
    upstream: str = ""
    """What it follows."""
    what: Literal["up-to-date", "fast-forwarded", "rebased", "merged", "ahead", "diverged", "left-alone", "conflicts"]
    """`left-alone`: for the reason given."""
    old: str = ""
    """Short hash before."""
    new: str = ""
    """Short hash afterwards."""
    ahead: int = Field(default=0, ge=0)
    """Commits that the upstream does not have."""
    behind: int = Field(default=0, ge=0)
    """Commits that only the upstream has."""
    reason: str = ""
    """Why it was left alone, and what to do."""
    current: bool = False
    """Whether it is checked out here."""


class SyncAnswer(Reply):
    """What a sync did."""

    branches: list[SyncedBranch] = Field(default_factory=list[SyncedBranch])
    """The current branch first."""
    fetched: list[str] = Field(default_factory=list)
    """Remotes that were asked."""
    unreachable: dict[str, str] = Field(default_factory=dict)
    """Remotes that could not be asked, and why."""
    operations: list[str] = Field(default_factory=list)
    """Entries of the journal, newest last."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know."""
    dry_run: bool = False
    """Whether nothing was moved."""


class SimulateMerge(Request[MergeForecast]):
    """Say what merging a branch into the current one would do, without touching anything."""

    type: ClassVar[str] = "git.simulate-merge"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    ref: str = Field(min_length=1, max_length=500)
    """Branch, tag or commit."""
    explain: bool = True
    """Whether to say who changed what, how conflicts could be resolved, which tests are reached and what breaks."""
    accept: list[AcceptedTier] = Field(default_factory=list[AcceptedTier])
    """Tiers that count as settled besides `auto`."""


class DoMerge(Request[MergeAnswer]):
    """Merge a branch into the current one: simulated first, then done apart or in place."""

    type: ClassVar[str] = "git.merge"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    ref: str = Field(min_length=1, max_length=500)
    """Branch, tag or commit."""
    accept: list[AcceptedTier] = Field(default_factory=list[AcceptedTier])
    """Tiers of resolutions to take besides `auto`."""
    hunks: list[str] = Field(default_factory=list, max_length=5000)
    """Single resolutions to take, as `PATH:NUMBER`."""
    message: str = Field(default="", max_length=50_000)
    """Of the merge commit; empty for git's own."""
    fast_forward: Literal["", "yes", "no", "only"] = ""
    """Empty for what `merge.ff` says."""
    where: MergePlace = "apart"
    """Where it is done."""
    expected: str = Field(default="", max_length=64)
    """Commit that the person saw as `theirs`; refused when the branch moved since."""
    dry_run: bool = False
    """Only say what would happen."""


class SimulateRebase(Request[RebaseForecast]):
    """Say what replaying the current branch onto another would do, commit by commit, without touching anything."""

    type: ClassVar[str] = "git.simulate-rebase"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    onto: str = Field(min_length=1, max_length=500)
    """Branch, tag or commit."""
    update_refs: bool = False
    """Whether branches that point into the replayed commits move with them."""
    explain: bool = True
    """Whether to say who changed what and how conflicts could be resolved."""
    accept: list[AcceptedTier] = Field(default_factory=list[AcceptedTier])
    """Tiers that count as settled besides `auto`."""


class DoRebase(Request[MergeAnswer]):
    """Replay the current branch onto another one: in memory first, then its refs move at once."""

    type: ClassVar[str] = "git.rebase"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    onto: str = Field(min_length=1, max_length=500)
    """Branch, tag or commit."""
    update_refs: bool = False
    """Whether branches that point into the replayed commits move with them."""
    accept: list[AcceptedTier] = Field(default_factory=list[AcceptedTier])
    """Tiers of resolutions to take besides `auto`."""
    where: MergePlace = "apart"
    """`in-place` stops at conflicts that are left, in the work tree."""
    published_ok: bool = False
    """The person said yes to replacing commits that are on the branch's own upstream."""
    expected: str = Field(default="", max_length=64)
    """Commit that the person saw as `onto_commit`; refused when it moved since."""
    dry_run: bool = False
    """Only say what would happen."""


class SyncBranches(Request[SyncAnswer]):
    """Fetch, and bring local branches up to their upstreams where nothing can be lost."""

    type: ClassVar[str] = "git.sync"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    fetch: bool = True
    """Whether to ask the remotes first."""
    remotes: list[str] = Field(default_factory=list, max_length=50)
    """Configured remotes to ask; empty for those that local branches follow."""
    how: Literal["", "merge", "rebase"] = ""
    """For a current branch that parted from its upstream; empty for the repository's own habit."""
    dry_run: bool = False
    """Only say what would happen with what is fetched already."""


class ResolveConflicts(Request[MergeAnswer]):
    """Resolve conflicts that are in the work tree now, whoever began the merge."""

    type: ClassVar[str] = "git.resolve"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list, max_length=5000)
    """Only these, relative to the repository; empty for all."""
    accept: list[AcceptedTier] = Field(default_factory=list[AcceptedTier])
    """Tiers of resolutions to take besides `auto`."""
    hunks: list[str] = Field(default_factory=list, max_length=5000)
    """Single resolutions to take, as `PATH:NUMBER`."""
    driver: Literal["", "install", "uninstall"] = ""
    """Make Aura the merge driver of this repository, or no longer."""
    remember: Literal["", "on", "off"] = ""
    """Switch the recording of resolutions (`rerere.enabled`) on or off in the repository's configuration."""
    dry_run: bool = False
    """Only say what would happen."""


class ContinueOperation(Request[MergeAnswer]):
    """Go on with what waits for a person: a merge, rebase, cherry-pick, revert, or the finish of a branch."""

    type: ClassVar[str] = "git.continue"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""


class SkipCommit(Request[MergeAnswer]):
    """Leave the commit out that a rebase, cherry-pick or revert stopped at, and go on."""

    type: ClassVar[str] = "git.skip"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""


class AbortOperation(Request[MergeAnswer]):
    """Take back what waits for a person: everything becomes what it was before it began."""

    type: ClassVar[str] = "git.abort"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""


class MergeUpdated(Event):
    """A merge or rebase began, waits, or ended. Topic: `git.merge.updated`. Sent by the git service."""

    type: ClassVar[str] = "git.merge.updated"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    what: Literal["started", "waiting", "finished", "aborted"]
    """What happened."""
    command: str
    """`merge`, `rebase`, `sync`, `resolve`, …"""
    operation: str = ""
    """Entry of the journal."""
    ref: str = ""
    """What was merged, or where commits were replayed to."""
    left: list[str] = Field(default_factory=list)
    """Paths that wait for a person; at most 200."""
