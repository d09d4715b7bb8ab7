"""What the panel knows of one plan, and how it asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from aura_panel.link import Link
from aura_panel.plan_tree import key_of
from aura_shared.errors import AuraError
from aura_shared.messages.plan_drift import AskPlanDrift, PlanDrift
from aura_shared.messages.plan_forecast import AskForecast, PlanForecast
from aura_shared.messages.plan_items import (
    ItemAnswer,
    ItemFinding,
    ItemRow,
    ListItems,
    ListPlanOperations,
    PlanOperation,
    ShowItem,
)
from aura_shared.messages.plan_order import (
    AskPlanGraph,
    GraphNode,
    NextTasks,
    OrderPlan,
    OrderRow,
    PlanGraph,
    PlanOrder,
)
from aura_shared.messages.plan_progress import AskProgress, PlanProgress, ProgressRow, UnplannedWork

__all__ = ["ITEM_LISTS", "PlanBook"]

ITEM_LISTS: Final = frozenset({"tree", "board"})
"""Lists whose rows are items, by identifier or path; keys of other rows begin with their kind."""

PAGE: Final = 500
TOKENS: Final = 50_000
ORDER_PAGE: Final = 100
"""Terms and reasons make a row long."""
MOST_OPERATIONS: Final = 100


@dataclass(slots=True)
class PlanBook:
    """One plan; lists are empty until they were asked for."""

    project: str
    """Identifier of its project."""
    items: list[ItemRow] = field(default_factory=list[ItemRow])
    """All items in the order of the plan."""
    reason: str = ""
    """Why there are none."""
    progress: dict[str, ProgressRow] = field(default_factory=dict[str, ProgressRow])
    """How far each is, by key."""
    whole: PlanProgress = field(default_factory=lambda: PlanProgress(project=""))
    """How far the plan is."""
    forecast: PlanForecast | None = None
    """When it is likely to be done."""
    drift: PlanDrift = field(default_factory=lambda: PlanDrift(project=""))
    """Documents that it was made of."""
    findings: list[ItemFinding] = field(default_factory=list[ItemFinding])
    """What is wrong with it."""
    unplanned: list[UnplannedWork] = field(default_factory=list[UnplannedWork])
    """Commits that belong to no item."""
    orders: dict[str, PlanOrder] = field(default_factory=dict[str, PlanOrder])
    """What may begin (`next`), and everything that is open (`order`)."""
    graph: PlanGraph = field(default_factory=lambda: PlanGraph(project=""))
    """What waits for what."""
    operations: list[PlanOperation] = field(default_factory=list[PlanOperation])
    """What was done to it, newest first."""
    diffs: dict[str, str] = field(default_factory=dict[str, str])
    """What each operation changed, by identifier."""
    shown: dict[str, ItemAnswer] = field(default_factory=dict[str, ItemAnswer])
    """Items with their text, by key."""
    evidence: dict[str, PlanProgress] = field(default_factory=dict[str, PlanProgress])
    """Items with their evidence, by key."""
    fresh: set[str] = field(default_factory=set[str])
    """Lists and items that were asked for since the plan changed last."""

    # What is known

    def item(self, key: str) -> ItemRow | None:
        """An item by its key."""
        return next((item for item in self.items if key_of(item) == key), None)

    def contradictions(self) -> list[ProgressRow]:
        """Items whose status contradicts evidence."""
        return [row for row in self.progress.values() if row.contradictions]

    def order_row(self, section: str, key: str) -> OrderRow | None:
        """A row of an order by identifier or path."""
        order = self.orders.get(section)
        rows = [*order.rows, *order.waiting] if order is not None else []
        return next((row for row in rows if (row.id or row.path) == key), None)

    def node(self, key: str) -> GraphNode | None:
        """A node of the picture by identifier or number."""
        numbered = enumerate(self.graph.nodes)
        return next((node for number, node in numbered if (node.id or str(number)) == key), None)

    def operation(self, key: str) -> PlanOperation | None:
        """An operation by its identifier."""
        return next((one for one in self.operations if one.id == key), None)

    def forecast_of(self, key: str) -> str:
        """When an item is likely to be done; empty when that is not known."""
        rows = self.forecast.rows if self.forecast is not None else []
        row = next((row for row in rows if (row.id or row.path) == key and row.p50), None)
        return f"{row.p50} (P50), {row.p85 or 'not within three years'} (P85)" if row is not None else ""

    def item_of(self, section: str, key: str) -> str:
        """Identifier or path of the item that a row is about; empty when it is about none."""
        kind, _, name = key.partition(":")
        if section in ITEM_LISTS:
            return "" if kind == "status" else key
        if kind == "node":
            node = self.node(name)
            return node.id if node is not None else ""
        if kind == "finding":
            finding = self.finding(name)
            return finding.path if finding is not None else ""
        return name if kind in {"order", "claim"} else ""

    def finding(self, number: str) -> ItemFinding | None:
        """A finding by its place in the list."""
        return self.findings[int(number)] if int(number) < len(self.findings) else None

    def place_of(self, section: str, key: str) -> tuple[str, int]:
        """File and line of what a row is about; no file when it is about none."""
        kind, _, name = key.partition(":")
        if section == "check" and kind == "drift":
            return name, 1
        finding = self.finding(name) if section == "check" and kind == "finding" else None
        if finding is not None:
            return finding.path, finding.line
        item = self.item(self.item_of(section, key))
        return (item.path, 1) if item is not None else ("", 1)

    def outdated(self) -> None:
        """The plan changed: what is kept is asked for again when it is shown."""
        self.fresh.clear()

    def forget(self) -> None:
        """The person wants everything to be asked for again."""
        self.outdated()
        self.diffs.clear()

    # Questions

    async def ask_items(self, link: Link) -> AsyncGenerator[None]:
        """Ask for all items and how far they are; yields after each page so that it can be shown.

        Raises:
            AuraError: The service does not answer.
        """
        items: list[ItemRow] = []
        start, more = 0, True
        while more:
            page = await link.ask(ListItems(project=self.project, start=start, limit=PAGE, budget=TOKENS))
            items += page.items
            self.reason, start, more = page.reason, page.next, bool(page.next)
            if len(items) >= len(self.items) or not more:
                self.items = list(items)
            yield
        if items:
            async for _ in self._ask_progress(link):
                yield

    async def _ask_progress(self, link: Link) -> AsyncGenerator[None]:
        found: dict[str, ProgressRow] = {}
        start, more = 0, True
        while more:
            page = await link.ask(AskProgress(project=self.project, start=start, limit=PAGE, budget=TOKENS * 2))
            if not start:
                self.whole, self.unplanned = page, page.unplanned
            found |= {key_of(row): row for row in page.rows}
            start, more = page.next, bool(page.next)
        self.progress = found
        yield

    async def ask_beside(self, link: Link) -> None:
        """Ask for forecast and drift; where one is not answered the other still is."""
        try:
            self.forecast = await link.ask(AskForecast(project=self.project, limit=PAGE, budget=TOKENS))
        except AuraError:
            self.forecast = None
        try:
            self.drift = await link.ask(AskPlanDrift(project=self.project))
        except AuraError:
            self.drift = PlanDrift(project=self.project)

    async def ask_section(self, link: Link, section: str) -> None:
        """Ask for one of the lists beside the items.

        Raises:
            AuraError: The service does not answer.
        """
        if section == "next":
            asked = NextTasks(project=self.project, explain=True, limit=20, budget=TOKENS)
            self.orders["next"] = await link.ask(asked)
        elif section == "order":
            self.orders["order"] = await link.ask(self._order_page(0))
        elif section == "graph":
            self.graph = await link.ask(AskPlanGraph(project=self.project))
        elif section == "check":
            found = await link.ask(ListItems(project=self.project, what="findings", limit=PAGE, budget=TOKENS))
            self.findings = found.findings
            groups = await link.ask(AskProgress(project=self.project, what="unplanned", budget=TOKENS))
            self.unplanned = groups.unplanned
        elif section == "history":
            listed = await link.ask(ListPlanOperations(project=self.project, limit=MOST_OPERATIONS))
            self.operations = listed.operations
        self.fresh.add(section)

    def _order_page(self, start: int) -> OrderPlan:
        return OrderPlan(project=self.project, explain=True, start=start, limit=ORDER_PAGE, budget=TOKENS * 2)

    async def ask_more_order(self, link: Link) -> None:
        """Ask for the next page of the order.

        Raises:
            AuraError: The service does not answer.
        """
        known = self.orders["order"]
        page = await link.ask(self._order_page(known.next))
        self.orders["order"] = page.model_copy(update={"rows": [*known.rows, *page.rows]})

    async def ask_item(self, link: Link, key: str) -> None:
        """Ask for an item with its text, then for its evidence.

        Raises:
            AuraError: The service does not answer, or there is no such item.
        """
        self.shown[key] = await link.ask(ShowItem(project=self.project, item=key, budget=TOKENS // 5))
        item = self.shown[key].item
        if item.kind in {"epic", "story", "task"}:
            self.evidence[key] = await link.ask(AskProgress(project=self.project, item=key, limit=1))
        self.fresh.add(f"item:{key}")

    async def ask_diff(self, link: Link, operation: str) -> None:
        """Ask for what an operation changed.

        Raises:
            AuraError: The service does not answer.
        """
        found = await link.ask(ListPlanOperations(project=self.project, operation=operation))
        self.diffs[operation] = found.diff
