"""Messages of a plan's order: what is next, why, what would change it, and the picture of what waits for what.

Effort is in points: a point is what one person does in a day, or whatever the team counts in.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request
from aura_shared.messages.plan_items import ItemFinding, ItemKind

OrderPreset = Literal["wsjf", "rice", "moscow", "value-effort", "document"]
AmountOrigin = Literal["own", "inherited", "default"]
GraphState = Literal["done", "working", "ready", "blocked", "circle"]


class OrderTerms(Message):
    """What a score is made of: `(value + unlocked + risk x weight) x factor / effort`, as far as the preset has it."""

    type: ClassVar[str] = "plan.order.terms"

    value: float = 0
    """What it is worth by itself."""
    value_from: AmountOrigin = "own"
    """Who says so."""
    value_words: str = ""
    """As it is written, such as `must of story US-1`."""
    unlocked: float = 0
    """Its share of the value of what waits for it."""
    unlocks: int = Field(default=0, ge=0)
    """How many items wait for it, directly or through others."""
    unlocks_value: float = 0
    """What those are worth together."""
    risk: float = 0
    """What doing it early is worth because of its risk."""
    factor: float = 1
    """What slack and due date make of the score."""
    earliest: float = 0
    """When it could begin with as many workers as could be used, in points from now."""
    latest: float = 0
    """When it has to begin so that the end is not delayed."""
    due: str = ""
    """Day by which it has to be finished."""
    due_of: str = ""
    """Who says so, when it is not the item itself: what it belongs to, or what waits for it."""
    spare: float | None = None
    """Points that are left until then; below 0 it cannot be kept."""
    effort: float = 0
    """What is left to do."""
    effort_whole: float = 0
    """What it was before anything was done."""
    effort_from: AmountOrigin = "own"
    """Who says so."""
    effort_words: str = ""
    """Where it comes from."""


class OrderRow(Message):
    """An item at its place."""

    type: ClassVar[str] = "plan.order.row"

    position: int = Field(ge=1)
    """Its place among all that is open."""
    id: str = ""
    """Identifier; empty for a file of another layout."""
    kind: ItemKind
    """What it is."""
    title: str = ""
    """What it is called."""
    alias: str = ""
    """What the document calls it."""
    parent: str = ""
    """What it belongs to."""
    status: str = ""
    """One of the statuses of its kind."""
    path: str = ""
    """Its file."""
    ready: bool = False
    """Whether it may begin now."""
    blocked: list[str] = Field(default_factory=list)
    """Why it may not."""
    score: float = 0
    """The higher, the earlier, among what is ready at the same time."""
    critical: bool = False
    """Whether any delay of it delays the end, with as many workers as could be used."""
    slack: float = 0
    """Points that it may be delayed before the end is."""
    worker: int = Field(default=0, ge=0)
    """Who does it, counted from 1."""
    begin: float = 0
    """When, in points from now."""
    end: float = 0
    """Until when."""
    circle: int = Field(default=0, ge=0)
    """Number of the circle that it waits in; 0 for none."""
    reason: str = ""
    """Why it stands here, in the terms of its score."""
    changes: list[str] = Field(default_factory=list)
    """With `explain`: what would lift it above the one before, and what doing it first would cost."""
    terms: OrderTerms | None = None
    """With `explain`: the terms."""


class OrderWait(Message):
    """That an item waits for another, as a file says."""

    type: ClassVar[str] = "plan.order.wait"

    item: str
    """Alias or identifier."""
    needs: str
    """Alias or identifier of what it waits for."""
    path: str
    """File that says it."""
    line: int = Field(ge=1)
    """Where."""
    proposed: bool = False
    """Whether it is only proposed."""
    implied: bool = False
    """Whether no file says it, and only the order of stories in their epic has it so."""


class OrderCircle(Message):
    """Items that wait for one another, so that none could ever begin."""

    type: ClassVar[str] = "plan.order.circle"

    number: int = Field(ge=1)
    """Counted from 1."""
    items: list[str] = Field(default_factory=list)
    """Everything in the group, by alias or identifier; the first 20."""
    total: int = Field(default=0, ge=0)
    """How many these are."""
    waits: list[OrderWait] = Field(default_factory=list[OrderWait])
    """The shortest circle among them."""
    shortest: bool = True
    """False in a group so large that a shorter one may have been missed."""
    cut: OrderWait
    """What to take out; the order is as if it were."""
    reason: str
    """Why this one."""


class PlanOrder(Reply):
    """The order of the work of a plan, a page at a time."""

    project: str
    """Identifier of the project."""
    preset: OrderPreset = "wsjf"
    """How work was weighed."""
    workers: int = Field(default=1, ge=1)
    """How many work at the same time."""
    today: str = ""
    """Day from which due dates were counted; empty when nothing has one."""
    rows: list[OrderRow] = Field(default_factory=list[OrderRow])
    """With `next`, what may begin or is in progress; with `order`, everything that is open."""
    waiting: list[OrderRow] = Field(default_factory=list[OrderRow])
    """With `next`: the highest scores among what may not begin, and why not; at most three."""
    total: int = Field(default=0, ge=0)
    """How many there are on all pages."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    open: int = Field(default=0, ge=0)
    """How many items are not done."""
    ready: int = Field(default=0, ge=0)
    """How many of them may begin now, or are in progress."""
    done: int = Field(default=0, ge=0)
    """How many are done or cancelled."""
    effort: float = 0
    """Points that are left."""
    length: float = 0
    """Points of the critical path: no number of workers is faster."""
    finish: float = 0
    """When these workers are done, in points from now."""
    critical: list[str] = Field(default_factory=list)
    """The critical path, by alias or identifier; the first 20."""
    circles: list[OrderCircle] = Field(default_factory=list[OrderCircle])
    """What waits for itself; the first 5, and fewer within a small budget."""
    circles_total: int = Field(default=0, ge=0)
    """How many there are."""
    problems: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What else is wrong with dependencies and amounts; the first 20, and fewer within a small budget."""
    problems_total: int = Field(default=0, ge=0)
    """How many there are."""
    notices: list[str] = Field(default_factory=list)
    """What was not said and therefore assumed, and other things to know."""
    reason: str = ""
    """Why there is nothing."""


class NextTasks(Request[PlanOrder]):
    """What to do next and why; or the order of everything that is open."""

    type: ClassVar[str] = "plan.order.next"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    what: Literal["next", "order"] = "next"
    """What may begin now, or everything that is open."""
    preset: OrderPreset | None = None
    """How work is weighed; null for `plan.order_by` of the settings."""
    workers: int = Field(default=0, ge=0, le=1000)
    """How many work at the same time; 0 for `plan.workers` of the settings."""
    parent: str = Field(default="", max_length=200)
    """Only what belongs to this item; the whole plan is weighed all the same."""
    explain: bool = False
    """Give the terms of each score and what would change the place."""
    proposed: bool = False
    """Let proposed dependencies count as well."""
    today: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    """Day from which due dates are counted; empty for today."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=5, ge=1, le=500)
    """Most on a page."""
    budget: int = Field(default=1500, ge=100, le=100_000)
    """Most tokens of an answer, estimated; a page ends before its limit when they are used up."""


class OrderPlan(NextTasks):
    """The order of everything that is open, a page at a time."""

    type: ClassVar[str] = "plan.order.order"

    what: Literal["next", "order"] = "order"
    """Everything that is open, or only what may begin now."""
    limit: int = Field(default=50, ge=1, le=500)
    """Most on a page."""


class GraphNode(Message):
    """An item in the picture of what waits for what."""

    type: ClassVar[str] = "plan.order.node"

    id: str = ""
    """Identifier."""
    kind: ItemKind
    """What it is."""
    title: str = ""
    """What it is called."""
    alias: str = ""
    """What the document calls it."""
    state: GraphState
    """`circle`: it waits for itself."""
    critical: bool = False
    """Whether it is on the critical path."""
    stop: bool = False
    """Whether it is no work: where an epic or story with many parts begins or ends."""
    layer: int = Field(default=0, ge=0)
    """How many steps it stands behind what waits for nothing."""
    parts: int = Field(default=0, ge=0)
    """How many items it stands for, when a large plan is shown by story or epic."""
    parts_done: int = Field(default=0, ge=0)
    """How many of these are done."""
    needs: list[int] = Field(default_factory=list)
    """Numbers of the nodes that it waits for, without those that follow from others."""
    proposed: list[int] = Field(default_factory=list)
    """Which of these are only proposed."""
    cut: list[int] = Field(default_factory=list)
    """Numbers of the nodes that it waits for in a circle: what to take out."""


class PlanGraph(Reply):
    """What waits for what."""

    project: str
    """Identifier of the project."""
    nodes: list[GraphNode] = Field(default_factory=list[GraphNode])
    """Items, each behind what it waits for."""
    total: int = Field(default=0, ge=0)
    """How many items the plan has below what was asked for."""
    by: Literal["item", "story", "epic"] = "item"
    """What a node stands for."""
    picture: str = ""
    """The SVG or HTML that was asked for."""
    notices: list[str] = Field(default_factory=list)
    """What was left out or drawn together."""
    reason: str = ""
    """Why there is nothing."""


class AskPlanGraph(Request[PlanGraph]):
    """What waits for what, as a list or as a picture."""

    type: ClassVar[str] = "plan.order.graph"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    parent: str = Field(default="", max_length=200)
    """Only what belongs to this item, with what it waits for."""
    critical: bool = False
    """Only the critical path."""
    by: Literal["auto", "item", "story", "epic"] = "auto"
    """What a node stands for; `auto` draws a large plan by story or epic."""
    form: Literal["nodes", "svg", "html"] = "nodes"
    """A list, or a picture."""
    preset: OrderPreset | None = None
    """How work is weighed; null for `plan.order_by` of the settings."""
