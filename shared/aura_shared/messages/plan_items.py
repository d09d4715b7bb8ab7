"""Messages of a plan's items: the Markdown files below `.ai/`, their changes, and the steps of the workflow.

Paths are relative to the project's root with forward slashes; lines count from 1. An item is named by its identifier,
the beginning of it, its alias, or its path.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ItemKind = Literal["prd", "architecture", "epic", "story", "task"]


class ItemRow(Message):
    """An item of the plan, as its file says."""

    type: ClassVar[str] = "plan.items.row"

    id: str = ""
    """Identifier; empty for a file of another layout, which `migrate` gives one."""
    kind: ItemKind
    """What it is."""
    title: str = ""
    """What it is called."""
    status: str = ""
    """One of the statuses of its kind; empty when what the file says is none."""
    alias: str = ""
    """What the document calls it, such as `US-004`."""
    parent: str = ""
    """Identifier or alias of what it belongs to."""
    depends_on: list[str] = Field(default_factory=list)
    """What has to be done before, by identifier or alias."""
    priority: str = ""
    """As the team writes it."""
    value: float | None = None
    """What it is worth."""
    estimate: float | None = None
    """What it costs; points or days, as the team counts."""
    approval: Literal["", "valid", "outdated"] = ""
    """Whether somebody approved it; `outdated`: for another text than it has now."""
    tests: Literal["", "red", "green"] = ""
    """Outcome of the test run that was recorded last."""
    boxes_done: int = Field(default=0, ge=0)
    """Ticked checkboxes among its tasks."""
    boxes: int = Field(default=0, ge=0)
    """Checkboxes among its tasks, without those that are struck out."""
    path: str
    """Its file."""
    findings: int = Field(default=0, ge=0)
    """How many things are wrong with it."""


class ItemFinding(Message):
    """Something that is wrong with a file of the plan, or between files."""

    type: ClassVar[str] = "plan.items.finding"

    path: str
    """The file."""
    line: int = Field(ge=1)
    """Where."""
    rule: str
    """Its name, such as `unknown-status` or `gate-story-not-approved`."""
    severity: Literal["error", "warning", "info"] = "error"
    """How bad it is."""
    message: str
    """What, what was expected, what was found."""
    item: str = ""
    """Identifier of the item."""


class ItemChange(Message):
    """What happened to one item."""

    type: ClassVar[str] = "plan.items.change"

    what: Literal["added", "changed", "removed", "unreadable"]
    """`unreadable`: the file is there and cannot be read as an item now."""
    id: str = ""
    """Identifier."""
    kind: ItemKind
    """What it is."""
    title: str = ""
    """What it is called now, or was."""
    path: str
    """Its file."""
    old_status: str = ""
    """Before."""
    status: str = ""
    """Now."""


class PlanItemsChanged(Event):
    """Items of a plan changed, by whoever. Topic: `plan.items.changed`. One for each change or burst of edits."""

    type: ClassVar[str] = "plan.items.changed"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    changes: list[ItemChange] = Field(default_factory=list[ItemChange])
    """What happened, the first 100."""
    total: int = Field(default=0, ge=0)
    """How many items changed."""
    by: Literal["command", "edit"]
    """`edit`: a file was changed outside of Aura."""
    operation: str = ""
    """Identifier for `aura plan undo`."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What is wrong with these items now, gates that the edit passed by among it; the first 20."""


class ItemList(Reply):
    """A page of items, or of findings."""

    project: str
    """Identifier of the project."""
    items: list[ItemRow] = Field(default_factory=list[ItemRow])
    """Documents, epics, stories, tasks, in the order of the plan."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """With `what: findings`: what is wrong, by file and line."""
    total: int = Field(default=0, ge=0)
    """How many there are on all pages."""
    problems: int = Field(default=0, ge=0)
    """How many findings the plan has."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    reason: str = ""
    """Why there is nothing."""


class ListItems(Request[ItemList]):
    """Items of the plan, or what is wrong with it, a page at a time."""

    type: ClassVar[str] = "plan.items.list"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    what: Literal["items", "findings"] = "items"
    """Items, or what is wrong."""
    kind: ItemKind | None = None
    """Only of this kind."""
    status: str = Field(default="", max_length=40)
    """Only with this status; `open` for all that need work."""
    parent: str = Field(default="", max_length=200)
    """Only what belongs to this item, at any depth."""
    text: str = Field(default="", max_length=200)
    """Only with these words in title, alias or identifier."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=50, ge=1, le=500)
    """Most on a page."""
    budget: int = Field(default=1000, ge=100, le=50_000)
    """Most tokens of a page, estimated; a page ends before its limit when they are used up."""


class ItemAnswer(Reply):
    """One item with its text and its place in the plan."""

    project: str
    """Identifier of the project."""
    item: ItemRow
    """The item."""
    file: str = ""
    """The file as it is, cut at the budget."""
    cut: bool = False
    """Whether it was cut."""
    hash: str = ""
    """Of the file: give it with a change, which is refused if the file is another by then."""
    approved_by: str = ""
    """Who approved it."""
    approved_at: str = ""
    """When."""
    approval_diff: str = ""
    """What changed since the approval, as a unified diff; empty when it is valid or the text is not known any more."""
    parent: ItemRow | None = None
    """What it belongs to."""
    children: list[ItemRow] = Field(default_factory=list[ItemRow])
    """What belongs to it; the first 50."""
    waits_for: list[ItemRow] = Field(default_factory=list[ItemRow])
    """What has to be done before and is not."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What is wrong with it."""
    steps: list[str] = Field(default_factory=list)
    """Statuses that it may get now."""
    refusals: list[str] = Field(default_factory=list)
    """Why it may not get the others."""


class ShowItem(Request[ItemAnswer]):
    """An item with its text, what belongs to it, what is wrong with it, and which steps are allowed."""

    type: ClassVar[str] = "plan.items.show"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(min_length=1, max_length=1000)
    """Identifier, alias or path."""
    budget: int = Field(default=1500, ge=0, le=50_000)
    """Most tokens of the text, estimated."""


class PlanDone(Reply):
    """What a change did, or would do."""

    project: str
    """Identifier of the project."""
    done: bool = False
    """False for a dry run, and when there was nothing to change."""
    operation: str = ""
    """Identifier for `aura plan undo`."""
    item: ItemRow | None = None
    """The item afterwards."""
    changes: list[ItemChange] = Field(default_factory=list[ItemChange])
    """What happened to items; the first 100."""
    files: list[str] = Field(default_factory=list)
    """Files that are written, moved (`old -> new`) or removed; the first 200."""
    diff: str = ""
    """The change as a unified diff; of a dry run and of a migration."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""


class ChangePlan(Request[PlanDone]):
    """Add, set, move or remove one item, write its log, record a test run, or migrate other layouts; can be undone."""

    type: ClassVar[str] = "plan.items.change_plan"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    action: Literal["add", "set", "move", "remove", "note", "test", "migrate", "templates", "compact"]
    """`note` adds a line to the log, `test` records a test run, `compact` moves old entries of logs to archives,
    `templates` writes templates to be changed."""
    item: str = Field(default="", max_length=1000)
    """Identifier, alias or path; not for `add`, `migrate` and `templates`; empty for all with `compact`."""
    kind: ItemKind | None = None
    """Of a new item."""
    title: str | None = Field(default=None, max_length=500)
    """Title."""
    status: str | None = Field(default=None, max_length=40)
    """Status; the gates of the workflow decide whether the step is allowed."""
    parent: str | None = Field(default=None, max_length=200)
    """What it belongs to; empty for nothing."""
    alias: str | None = Field(default=None, max_length=100)
    """What the document calls it; empty for nothing."""
    depends_on: list[str] | None = Field(default=None, max_length=200)
    """What has to be done before."""
    priority: str | None = Field(default=None, max_length=40)
    """Priority, in the words of the team; empty for none."""
    value: float | None = Field(default=None, ge=0, lt=1e9)
    """What it is worth."""
    estimate: float | None = Field(default=None, ge=0, lt=1e9)
    """What it costs."""
    section: str = Field(default="", max_length=200)
    """Title of a section that `text` replaces."""
    text: str | None = Field(default=None, max_length=200_000)
    """Words of that section, of a note, or of the whole body of a new item."""
    outcome: Literal["", "red", "green"] = ""
    """Of a test run."""
    tests: list[str] = Field(default_factory=list, max_length=200)
    """Names of the tests that ran."""
    detach: bool = False
    """With `remove`: take it out of the items that name it, instead of refusing."""
    approve: bool = False
    """With `migrate`: bind what counts as approved in the old files to the present text. For persons."""
    hash: str = Field(default="", max_length=64)
    """The file that the change was made from, as `show` told it; refused when it is another now. Empty for any."""
    dry_run: bool = False
    """Only show the change."""


class ApproveItem(Request[PlanDone]):
    """Approve a document or a story as its text is now, or take an approval back. For persons."""

    type: ClassVar[str] = "plan.items.approve"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(min_length=1, max_length=1000)
    """Identifier, alias or path; `prd` and `architecture` for the only one of its kind."""
    by: str = Field(default="", max_length=200)
    """Who approves; empty for the name that git knows."""
    hash: str = Field(default="", max_length=64)
    """The file that was read; refused when it is another now. Empty for any."""
    revoke: bool = False
    """Take the approval back."""
    dry_run: bool = False
    """Only show the change."""


class ItemTested(PlanDone):
    """What the tests of an item said, and the record of it."""

    outcome: Literal["red", "green"] = "red"
    """Of the run."""
    tests: list[str] = Field(default_factory=list)
    """Test files that ran."""
    detail: str = ""
    """The runner with its counts, or the first failures."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""
    tree: str = ""
    """Hash of the tree of git that they ran on."""
    sandbox: str = ""
    """The kind of sandbox that they ran in."""


class RunItemTests(Request[ItemTested]):
    """Run the tests of an item in the sandbox, on the files as they are now, and record the outcome in its file.

    Errors: `unavailable` when nothing could be run; nothing is recorded then.
    """

    type: ClassVar[str] = "plan.items.test"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(min_length=1, max_length=1000)
    """Identifier, alias or path."""
    paths: list[str] = Field(default_factory=list, max_length=2000)
    """Tests, or files whose tests are run; empty for what changed since the newest commit, or else in it."""
    dry_run: bool = False
    """Run them, and record nothing."""


class PlanOperation(Message):
    """Something that was done to the files of a plan."""

    type: ClassVar[str] = "plan.items.operation"

    id: str
    """Identifier."""
    at: str
    """When: ISO 8601 in UTC."""
    by: Literal["command", "edit"] = "command"
    """`edit`: noticed, done outside of Aura."""
    command: str
    """Such as `set` or `migrate`."""
    title: str
    """For a person."""
    state: Literal["running", "done", "undone", "failed"]
    """How far it came."""
    items: list[str] = Field(default_factory=list)
    """Identifiers; the first 20."""
    files: int = Field(default=0, ge=0)
    """How many files it changed."""
    undoes: str = ""
    """The operation that it took back."""
    undone_by: str = ""
    """The operation that took it back."""
    problem: str = ""
    """Why it failed."""


class PlanOperationList(Reply):
    """Operations, newest first."""

    project: str
    """Identifier of the project."""
    operations: list[PlanOperation] = Field(default_factory=list[PlanOperation])
    """At most `limit`."""
    diff: str = ""
    """Of a single operation that was asked for: what it changed."""
    more: bool = False
    """Whether there are older ones."""


class ListPlanOperations(Request[PlanOperationList]):
    """What was done to the plan, by commands and by edits from outside, newest first; each can be undone."""

    type: ClassVar[str] = "plan.items.operations"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    operation: str = Field(default="", max_length=40)
    """Only this one, with what it changed."""
    item: str = Field(default="", max_length=1000)
    """Only those about this item."""
    limit: int = Field(default=15, ge=1, le=200)
    """Most of them."""


class PlanUndone(Reply):
    """What was taken back, or would be."""

    project: str
    """Identifier of the project."""
    done: bool = False
    """False for a dry run."""
    operation: PlanOperation
    """What is taken back."""
    undo: str = ""
    """Identifier of the undo itself, which can be taken back as well."""
    changes: list[ItemChange] = Field(default_factory=list[ItemChange])
    """What happened to items; the first 100."""
    diff: str = ""
    """What changes in the files; cut at about 20,000 characters."""


class UndoPlan(Request[PlanUndone]):
    """Take an operation on the plan back; refused when one of its files changed since."""

    type: ClassVar[str] = "plan.items.undo"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    operation: str = Field(default="", max_length=40)
    """Identifier; empty for the newest."""
    dry_run: bool = False
    """Only show what would change."""


class ResumePack(Reply):
    """What a new session has to know."""

    project: str
    """Identifier of the project."""
    text: str = ""
    """Status, next step, decisions, open questions, newest log, as Markdown."""
    tokens: int = Field(default=0, ge=0)
    """Estimated size of the text."""
    item: str = ""
    """Identifier of the story that is worked on, or would be next."""
    left_out: list[str] = Field(default_factory=list)
    """What did not fit."""


class ResumePlan(Request[ResumePack]):
    """Where the plan stands and what is next, for the start of a session, within a budget."""

    type: ClassVar[str] = "plan.items.resume"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(default="", max_length=1000)
    """The story or task to go on with; empty for the one that is in progress, or else the first that may begin."""
    budget: int = Field(default=1500, ge=200, le=20_000)
    """Most tokens, estimated."""
