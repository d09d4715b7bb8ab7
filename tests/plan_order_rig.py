"""The order of a plan in tests: items as short lines, and the service behind a bus without sockets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.ordering.answers import Ordered, formula_of, order_answer, ordered
from aura_planning.ordering.scoring import Preset
from aura_planning.ordering.service import OrderService
from aura_shared.messages.plan_order import NextTasks, OrderRow, PlanOrder
from aura_shared.settings import PlanSettings, Settings
from plan_items_rig import ItemRig, item_text

__all__ = ["TODAY", "OrderRig", "answer", "epic", "items_of", "put_in_order", "row", "story", "task"]

TODAY = date(2027, 1, 4)
"""A Monday."""


class OrderRig(ItemRig):
    """One project, the items, and their order."""

    def __init__(self, root: Path, settings: Settings | None = None) -> None:
        super().__init__(root, settings)
        OrderService(self.desk, self.service).register()


def _item(kind: str, id: str, **fields: object) -> Item:  # noqa: A002
    folder = {"epic": "epics", "story": "stories", "task": "tasks"}.get(kind, ".")
    path = f".ai/{folder}/{id}-x.md" if folder != "." else f".ai/{kind}.md"
    title = str(fields.pop("title", id))
    found = read_item(path, item_text(id, kind, title, **fields).encode("utf-8", "surrogateescape")).item  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


def task(id: str, *needs: str, **fields: object) -> Item:  # noqa: A002
    """A task that waits for others."""
    return _item("task", id, depends_on=f"[{', '.join(needs)}]" if needs else None, **fields)


def story(id: str, *needs: str, **fields: object) -> Item:  # noqa: A002
    """A story that waits for others."""
    return _item("story", id, depends_on=f"[{', '.join(needs)}]" if needs else None, **fields)


def epic(id: str, *needs: str, **fields: object) -> Item:  # noqa: A002
    """An epic that waits for others."""
    return _item("epic", id, depends_on=f"[{', '.join(needs)}]" if needs else None, **fields)


def items_of(*items: Item) -> Ledger:
    """A plan of these items."""
    return Ledger(items)


def put_in_order(
    *items: Item,
    preset: Preset | None = None,
    workers: int = 1,
    settings: PlanSettings | None = None,
    proposed: bool = False,
) -> Ordered:
    """A plan in its order; gates are only reported unless the settings say otherwise."""
    settings = settings or PlanSettings(gates="report")
    formula = formula_of(settings, preset)
    return ordered(Ledger(items), settings, formula, workers, TODAY, proposed=proposed)


def answer(
    *items: Item,
    what: str = "order",
    preset: Preset | None = None,
    workers: int = 1,
    settings: PlanSettings | None = None,
    proposed: bool = False,
    **fields: object,
) -> PlanOrder:
    """The whole order of a plan, explained."""
    asked = {"project": "shop", "what": what, "explain": True, "limit": 500, "budget": 100_000, "today": str(TODAY)}
    done = put_in_order(*items, preset=preset, workers=workers, settings=settings, proposed=proposed)
    return order_answer("shop", done, NextTasks.model_validate({**asked, **fields}))


def row(found: PlanOrder, id: str) -> OrderRow:  # noqa: A002
    """The row of an item."""
    return next(one for one in [*found.rows, *found.waiting] if one.id == id)
