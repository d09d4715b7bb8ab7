"""A plan with work in a real repository, and the service that tells its progress."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from aura_planning.evidence.service import ProgressService
from aura_shared.messages.plan_progress import AskProgress, PlanProgress, PlanProgressChanged, ProgressRow
from plan_forecast_rig import commit, git
from plan_items_rig import ItemRig, item_text, put

__all__ = ["DAY", "ProgressRig", "source", "worked_plan"]

DAY = date(2027, 3, 1)


def source(root: Path, path: str, text: str) -> Path:
    """Write a file of the project."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return place


def worked_plan(root: Path) -> Path:
    """One epic with two stories; two tasks are worked on, one is claimed done without work, two are open."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    source(root, "shop/old.py", "def old_total():\n    return 0\n")
    commit(root, DAY, "chore: begin")
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1", status="current"))
    put(root, "stories/s1aaaa-cart.md", item_text("s1aaaa", "story", "Cart", alias="US-004", epic="e1aaaa"))
    put(root, "stories/s2aaaa-post.md", item_text("s2aaaa", "story", "Post", alias="US-005", epic="e1aaaa"))
    body = "Adds `cart_total` and `old_total` in `shop/cart.py`; later `ship_it`.\n\n## Acceptance criteria\n\n"
    body += "- an empty basket costs nothing\n- a voucher lowers the price of the basket\n"
    task = item_text("t1aaaa", "task", "Cart total", parent="s1aaaa", alias="SHOP-1", estimate=3, body=body)
    put(root, "tasks/t1aaaa-total.md", task)
    put(root, "tasks/t2aaaa-tax.md", item_text("t2aaaa", "task", "Tax", parent="s1aaaa", alias="SHOP-2", estimate=1))
    done = item_text("t3aaaa", "task", "Stamps", parent="s2aaaa", alias="SHOP-3", status="done", estimate=1)
    put(root, "tasks/t3aaaa-stamps.md", done)
    put(root, "tasks/t4aaaa-parcels.md", item_text("t4aaaa", "task", "Parcels", parent="s2aaaa", alias="SHOP-4"))
    commit(root, DAY + timedelta(1), "docs: the plan")
    source(root, "shop/cart.py", "def cart_total(rows):\n    return sum(rows)\n")
    test = '"""The cart."""\n\n\ndef test_shop_1_adds_up():\n    assert True\n\n\n'
    test += "def test_an_empty_basket_costs_nothing():\n    pass\n"
    source(root, "tests/test_cart.py", test)
    commit(root, DAY + timedelta(2), "feat: the cart adds up\n\nTask: t1aaaa")
    source(root, "shop/tax.py", "TAX = 19\n")
    commit(root, DAY + timedelta(3), "feat: tax (SHOP-2)")
    return root


class ProgressRig(ItemRig):
    """The item service with progress."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.progress = ProgressService(self.desk, self.service, reports_s=0.02)
        self.progress.register()

    async def look(self, **fields: object) -> PlanProgress:
        """Ask for progress."""
        return await self.ask(AskProgress.model_validate({"project": self.project.id, **fields}))

    async def row(self, item: str) -> ProgressRow:
        """One item."""
        return (await self.look(item=item)).rows[0]

    @property
    def told(self) -> list[PlanProgressChanged]:
        """Changes of states that were published."""
        return [one for one in self.bus.published if isinstance(one, PlanProgressChanged)]
