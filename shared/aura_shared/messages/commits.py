"""Messages of commits: a draft of what would be committed, making it, splitting a mixed change, hooks and checks."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

CommitWhat = Literal["staged", "all"]
"""`staged`: exactly the index; `all`: every changed and every new file that is not ignored as well."""
PathStatus = Literal["A", "M", "D", "R", "C", "T"]
WordedBy = Literal["repository", "model"]
"""Who worded a draft: what the repository's history teaches, or a local model."""
OutdatedReason = Literal["commit", "index", "files"]
"""`commit`: another one is checked out; `index`: what is staged; `files`: what would be taken in."""
TestsOutcome = Literal["passed", "failed", "not run"]
GroupReason = Literal[
    "symbols", "feature", "docs", "dependencies", "formatting", "rename", "deleted", "binary", "tests", "build", "rest"
]
"""What holds a commit of a split together."""


class ValueGuess(Message):
    """One way a field of a message may be filled."""

    type: ClassVar[str] = "git.commit.guess"

    value: str
    """The type or scope; empty for no scope."""
    confidence: float = Field(ge=0, le=1)
    """How sure that is."""


class CommitText(Message):
    """A commit message with its parts."""

    type: ClassVar[str] = "git.commit.text"

    text: str
    """The whole message, as it would be committed."""
    kind: str = ""
    """Type, such as `fix`; empty where the repository does not write one."""
    scope: str = ""
    """Scope."""
    description: str = ""
    """What the first line says after the colon."""
    breaking: bool = False
    """Whether it says that it breaks something."""
    body: str = ""
    """What follows the first line, without footers."""
    footers: list[str] = Field(default_factory=list)
    """Such as `Refs: #12`."""


class CommitFile(Message):
    """A file in a commit."""

    type: ClassVar[str] = "git.commit.file"

    path: str
    """Relative to the repository."""
    status: PathStatus
    """As git says: added, modified, deleted, renamed, copied, another type."""
    old_path: str = ""
    """What it was called before."""
    added: int = Field(default=0, ge=0)
    """Lines that come."""
    removed: int = Field(default=0, ge=0)
    """Lines that go."""
    binary: bool = False
    """Whether it has no lines."""
    note: str = ""
    """What is special: `executable`, `link`, `sub-module`, `intent to add`, `also changed in the work tree`."""


class CommitConcern(Message):
    """Something that should not be committed, or that a person should know of first."""

    type: ClassVar[str] = "git.commit.concern"

    rule: str
    """Such as `private-key` or `large-file`."""
    path: str
    """Where."""
    line: int = Field(default=0, ge=0)
    """In the new file; 0 for the file as a whole."""
    message: str
    """What it is, without the secret itself."""
    blocks: bool
    """Whether it holds the commit back until `RULE:PATH` is allowed."""


class BreakingChange(Message):
    """Something public that callers of before cannot use any more."""

    type: ClassVar[str] = "git.commit.breaking"

    path: str
    """File that it was in."""
    symbol: str
    """Its name."""
    reason: str
    """What changed, in one sentence."""


class MessageProblem(Message):
    """What is wrong with a message."""

    type: ClassVar[str] = "git.commit.problem"

    rule: str
    """As commitlint calls it: `type-empty`, `header-max-length`."""
    level: Literal["error", "warning"]
    """Whether it fails a check."""
    line: int = Field(ge=1)
    """Line of the message."""
    message: str
    """What is wrong, in one sentence."""


class CommitDraft(Reply):
    """A commit that is not made yet. It is void once what it stands for changes."""

    id: str
    """What `MakeCommit` names it by; empty when there is nothing to commit."""
    project: str
    """Identifier of the project."""
    what: CommitWhat
    """What it takes in."""
    tree: str = ""
    """Hash of the tree that it stands for."""
    branch: str = ""
    """Branch that it would be on; empty when HEAD is detached."""
    head: str = ""
    """Commit that it would follow; empty for the first one."""
    message: CommitText | None = None
    """What is proposed; None when there is nothing to commit."""
    types: list[ValueGuess] = Field(default_factory=list[ValueGuess])
    """Types, best first."""
    scopes: list[ValueGuess] = Field(default_factory=list[ValueGuess])
    """Scopes, best first; the empty one is among them."""
    alternatives: list[str] = Field(default_factory=list)
    """Other first lines, best first."""
    reasons: list[str] = Field(default_factory=list)
    """Why this type, scope and subject."""
    learned_from: int = Field(default=0, ge=0)
    """Commits that the proposal is learned from; 0 when rules decided."""
    worded_by: WordedBy = "repository"
    """Who worded it."""
    model: str = ""
    """Model that worded it, or why none did."""
    dropped: list[str] = Field(default_factory=list)
    """What of the model's text was left out, and why."""
    breaking: list[BreakingChange] = Field(default_factory=list[BreakingChange])
    """What breaks callers."""
    breaking_unchecked: str = ""
    """Why public interfaces were not compared, or in which files; empty when all were."""
    task: str = ""
    """Task that is linked, such as `#12`; empty when none is certain."""
    task_from: str = ""
    """Where the task was read from."""
    files: list[CommitFile] = Field(default_factory=list[CommitFile])
    """What is in it."""
    left: list[str] = Field(default_factory=list)
    """Changed and new files that are not in it; at most 200."""
    left_count: int = Field(default=0, ge=0)
    """How many there are."""
    concerns: list[CommitConcern] = Field(default_factory=list[CommitConcern])
    """What speaks against it."""
    problems: list[MessageProblem] = Field(default_factory=list[MessageProblem])
    """What is wrong with the proposed message."""
    protected: bool = False
    """Whether the branch is protected: a commit needs `protected_ok`."""
    concludes: str = ""
    """`merge` when this commit concludes one."""
    sign_off: bool = False
    """Whether `Signed-off-by` is added, as messages here have it."""
    mixed: int = Field(default=0, ge=0)
    """How many commits the change might be split into; 0 when it belongs together."""
    warnings: list[str] = Field(default_factory=list)
    """What else a person should know."""
    diff: str = ""
    """Unified, for an editor; secrets are masked, a long one is cut between files."""
    template: str = ""
    """The repository's own template of messages."""
    comment: str = "#"
    """What comments begin with in an editor."""


class DraftCommit(Request[CommitDraft]):
    """Draft a commit: what it would hold, a message in the habits of the repository, and what speaks against it."""

    type: ClassVar[str] = "git.commit.draft"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    what: CommitWhat = "staged"
    """What to take in."""
    paths: list[str] = Field(default_factory=list, max_length=5000)
    """Only these files and folders, relative to the repository; empty for all."""
    tree: str = Field(default="", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
    """Draft for this tree instead: what git is about to commit, as a hook knows it. Such a draft is only a text."""
    model: bool | None = None
    """Whether a local model words it; None for when there is one."""
    task: str = Field(default="", max_length=100)
    """Task to link, such as `#12` or `PROJ-12`; empty for what the name of the branch says."""
    kind: str = Field(default="", max_length=50)
    """Type to use."""
    scope: str | None = Field(default=None, max_length=100)
    """Scope to use; empty for none, None for the proposed one."""
    breaking: bool = False
    """Whether the person says that it breaks something."""
    allow: list[str] = Field(default_factory=list, max_length=500)
    """Concerns that are right as they are: `RULE:PATH`."""


class CommitAnswer(Reply):
    """A commit that was made."""

    commit: str
    """Its hash; empty for a dry run."""
    subject: str
    """First line of its message, as hooks left it."""
    branch: str
    """Branch that it is on."""
    operation: str = ""
    """Entry of the journal; `aura git undo` takes it back."""
    files: int = Field(default=0, ge=0)
    """How many files it changes."""
    added: int = Field(default=0, ge=0)
    """Lines that came."""
    removed: int = Field(default=0, ge=0)
    """Lines that went."""
    hooks: list[str] = Field(default_factory=list)
    """Hooks that ran, with how long each took."""
    hook_output: str = ""
    """What they printed."""
    changed_by_hooks: list[str] = Field(default_factory=list)
    """Files that a hook changed, in the commit or in the work tree."""
    warnings: list[str] = Field(default_factory=list)
    """What a person should know."""


class MakeCommit(Request[CommitAnswer]):
    """Commit exactly what a draft stands for; refused when that changed since."""

    type: ClassVar[str] = "git.commit.make"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    draft: str = Field(min_length=1, max_length=64)
    """Identifier of the draft."""
    message: str = Field(default="", max_length=100_000)
    """The person's message; empty for that of the draft."""
    allow: list[str] = Field(default_factory=list, max_length=500)
    """Concerns that are right as they are, this once: `RULE:PATH`."""
    protected_ok: bool = False
    """The person said yes to a commit on a protected branch."""
    environment: dict[str, str] = Field(default_factory=dict, max_length=40)
    """For hooks, of the person's own shell: `PATH`, `VIRTUAL_ENV`, `NVM_*` and `PYENV_*`, absolute folders only."""
    dry_run: bool = False
    """Check everything, and change nothing."""


class SplitHunk(Message):
    """A run of lines of one file that goes into one commit."""

    type: ClassVar[str] = "git.split.hunk"

    id: str
    """Stable while path and text stay the same; what a person moves."""
    path: str
    """File, as it is called afterwards."""
    old_path: str = ""
    """What it was called before."""
    start: int = Field(ge=0)
    """First line in the new file, from 1; 0 for a file as a whole."""
    added: int = Field(default=0, ge=0)
    """Lines that come."""
    removed: int = Field(default=0, ge=0)
    """Lines that go."""
    symbol: str = ""
    """Definition that it is in."""
    whole: bool = False
    """Whether it stands for the file: new, deleted, renamed, binary, or of another mode."""
    diff: str = ""
    """Its lines, as in a unified diff; cut at 4,000 characters, secrets masked."""


class SplitCommit(Message):
    """One commit of a split."""

    type: ClassVar[str] = "git.split.commit"

    id: str
    """Letter, `A` for the first that was proposed."""
    message: str
    """Message."""
    hunks: list[str] = Field(default_factory=list)
    """Identifiers of what is in it."""
    files: list[str] = Field(default_factory=list)
    """Files that it touches."""
    group: GroupReason = "rest"
    """What kind of group it is."""
    why: str = ""
    """Why this belongs together, in one sentence."""
    needs: list[str] = Field(default_factory=list)
    """Commits that have to come before, with the names that they define: `A (load_page)`."""
    parses: bool | None = None
    """Whether every touched file parses at this commit as well as it does before or after; None where none can."""
    problems: list[str] = Field(default_factory=list)
    """What is wrong with it at this place."""
    tree: str = ""
    """Hash of its tree."""
    tests: TestsOutcome = "not run"
    """What the tests that reach it said at this commit; `failed` only for what did not fail before the change."""
    tests_detail: str = ""
    """What was run, or why nothing was; empty when nobody asked for it."""


class SplitPlan(Reply):
    """A change as several commits, in the order in which they would be made."""

    id: str
    """What `CommitSplit` names it by; empty when there is nothing to split."""
    project: str
    """Identifier of the project."""
    what: CommitWhat
    """What is split."""
    tree: str = ""
    """Hash of the tree that the last commit has: the whole change, byte for byte."""
    commits: list[SplitCommit] = Field(default_factory=list[SplitCommit])
    """The commits."""
    hunks: list[SplitHunk] = Field(default_factory=list[SplitHunk])
    """Everything that changes; each is in exactly one commit."""
    concerns: list[CommitConcern] = Field(default_factory=list[CommitConcern])
    """What speaks against committing it."""
    branch: str = ""
    """Branch that the commits would be on."""
    protected: bool = False
    """Whether that branch is protected."""
    sound: bool = True
    """Whether every commit parses and uses only names that exist by then."""
    reason: str = ""
    """Why there is nothing to split, or what joins it."""
    warnings: list[str] = Field(default_factory=list)
    """What a person should know."""


class PlanSplit(Request[SplitPlan]):
    """Propose how a change is split into commits that each parse; nothing is changed."""

    type: ClassVar[str] = "git.split.plan"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    what: CommitWhat = "staged"
    """What to split."""
    tests: bool = False
    """Whether to run the tests at each commit, in the sandbox."""


class SplitPart(Message):
    """A commit as a person wants it."""

    type: ClassVar[str] = "git.split.part"

    id: str = Field(default="", max_length=8)
    """The commit of the plan that it comes from; empty for a new one."""
    message: str = Field(default="", max_length=100_000)
    """Message; empty to keep the proposed one, or to have one proposed."""
    hunks: list[str] | None = Field(default=None, max_length=20_000)
    """What is in it; None to keep what it has."""


class ChangeSplit(Request[SplitPlan]):
    """Order the commits of a plan anew, move hunks between them, or word them otherwise; the result is checked."""

    type: ClassVar[str] = "git.split.change"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    plan: str = Field(min_length=1, max_length=64)
    """Identifier of the plan."""
    commits: list[SplitPart] = Field(min_length=1, max_length=100)
    """The commits in the wanted order; every hunk has to be in exactly one."""
    tests: bool = False
    """Whether to run the tests at each commit, in the sandbox."""


class MadeCommit(Message):
    """One commit of a split that was made."""

    type: ClassVar[str] = "git.split.made"

    commit: str
    """Its hash."""
    subject: str
    """First line of its message."""


class SplitAnswer(Reply):
    """The commits of a split that were made."""

    commits: list[MadeCommit] = Field(default_factory=list[MadeCommit])
    """In order; empty for a dry run."""
    branch: str
    """Branch that they are on."""
    operation: str = ""
    """Entry of the journal; `aura git undo` takes all of them back."""
    hook_output: str = ""
    """What hooks printed."""
    warnings: list[str] = Field(default_factory=list)
    """What a person should know."""


class CommitSplit(Request[SplitAnswer]):
    """Make all commits of a plan, as one operation; refused when the change is not what it was."""

    type: ClassVar[str] = "git.split.commit-all"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    plan: str = Field(min_length=1, max_length=64)
    """Identifier of the plan."""
    allow: list[str] = Field(default_factory=list, max_length=500)
    """Concerns that are right as they are, this once: `RULE:PATH`."""
    protected_ok: bool = False
    """The person said yes to commits on a protected branch."""
    unsound_ok: bool = False
    """The person said yes to commits that do not parse or use names that come later."""
    failing_ok: bool = False
    """The person said yes to commits at which tests fail."""
    environment: dict[str, str] = Field(default_factory=dict, max_length=40)
    """For hooks, of the person's own shell: `PATH`, `VIRTUAL_ENV`, `NVM_*` and `PYENV_*`, absolute folders only."""
    dry_run: bool = False
    """Check everything, and change nothing."""


class HooksAnswer(Reply):
    """How the hook of messages stands in a repository."""

    installed: bool
    """Whether Aura's hook is in place: `prepare-commit-msg`, or `commit-msg` of the gate."""
    folder: str
    """Folder of hooks that git uses here."""
    configured: str = ""
    """Where `core.hooksPath` sets that folder; empty for the usual one."""
    chained: bool = False
    """Whether a hook that was there before is run first."""
    outdated: bool = False
    """Whether it is one of another version; installing again renews it."""
    managed_by: str = ""
    """`husky`, `pre-commit`, `lefthook` and the like: what writes the hooks of this repository."""
    summary: str = ""
    """What was done, or how it stands, in one line."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know or do."""


class ManageHooks(Request[HooksAnswer]):
    """Install, take away or show the hook that writes drafts of messages into `git commit`, or that of the gate."""

    type: ClassVar[str] = "git.hooks"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    action: Literal["install", "uninstall", "status"] = "status"
    """What to do."""
    force_path: bool = False
    """Also when the folder of hooks lies outside of the repository, or another tool manages it."""
    gate: bool = False
    """The hook that refuses work on a story that is not approved, instead of that of drafts."""
    command: str = Field(default="", max_length=4096)
    """Full path of `aura`, for where it is not on the search path of the hook."""


class LintedMessage(Message):
    """A commit and what is wrong with its message."""

    type: ClassVar[str] = "git.lint.commit"

    commit: str
    """Hash; empty for a text that is no commit."""
    subject: str
    """First line."""
    problems: list[MessageProblem] = Field(default_factory=list[MessageProblem])
    """What is wrong; empty when it passes."""


class LintAnswer(Reply):
    """What is wrong with messages."""

    range: str
    """What was checked; empty for a text."""
    range_from: str = ""
    """How the range was found when none was given."""
    commits: list[LintedMessage] = Field(default_factory=list[LintedMessage])
    """Oldest first."""
    errors: int = Field(default=0, ge=0)
    """Problems that fail the check."""
    warnings: int = Field(default=0, ge=0)
    """The others."""
    source: str = ""
    """Where the rules come from."""


class LintMessages(Request[LintAnswer]):
    """Check messages of commits, or a text, against the rules and habits of the repository."""

    type: ClassVar[str] = "git.lint"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    range: str = Field(default="", max_length=500)
    """`A..B`, or one name for what leads to it; empty for what the branch adds to its base."""
    text: str | None = Field(default=None, max_length=100_000)
    """Check this message instead of commits."""


class CommitMade(Event):
    """A commit was made through Aura. Topic: `git.commit.made`. Sent by the git service; one for each commit."""

    type: ClassVar[str] = "git.commit.made"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    commit: str
    """Hash."""
    subject: str
    """First line of its message."""
    branch: str
    """Branch that it is on."""
    operation: str
    """Entry of the journal."""


class CommitDraftOutdated(Event):
    """What a draft or a planned split stands for changed. Topic: `git.commit.outdated`. Sent by the git service.

    Once for each, within about a second; `MakeCommit` and `CommitSplit` refuse it from then on, as long as index, files
    and commit are other ones. Files that the index of the code leaves out are noticed at the commit only.
    """

    type: ClassVar[str] = "git.commit.outdated"

    project: str
    """Identifier of the project."""
    draft: str = ""
    """Identifier of the draft; empty for a split."""
    plan: str = ""
    """Identifier of the planned split; empty for a draft."""
    reason: OutdatedReason
    """What is another one."""
