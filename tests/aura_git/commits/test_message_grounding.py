"""Names that a text may not use: those that the change does not hold."""

from __future__ import annotations

import pytest

from aura_git.commits.contract import ChangedPath, StagedChange
from aura_git.commits.grounding import ungrounded

pytestmark = pytest.mark.requirement("G1")

CHANGE = StagedChange(
    (ChangedPath("src/cart/total.py", "M"), ChangedPath("docs/new.md", "R", "docs/old.md")),
    "diff --git a/src/cart/total.py b/src/cart/total.py\n@@ -1 +1 @@ class Cart:\n"
    "-    def add_item(self):\n+    def addItem(self, retries=2.5):\n+        os.path.join(HTTP_PROXY)\n"
    "+  --dry-run 1.4.0\n",
    "0",
)


@pytest.mark.parametrize(
    "text",
    [
        "feat(cart): rename add_item to addItem",
        "fix: correct Cart.add_item and `os.path.join`",
        "docs: move docs/old.md",
        "fix: use total.py",
        "feat: add --dry-run",
        "bump to 1.4.0",
        "plain words only, JavaScript and GitHub included",
        "fix: call addItem()",
        "fix: a\n\nRefs: PROJ_12\nCo-authored-by: snake_case",
        "see https://localhost/some_page",
        "use `HTTP_PROXY`",
        "i.e. and/or e.g. nothing",
    ],
)
def test_what_the_change_holds_may_be_named(text: str) -> None:
    assert ungrounded(text, CHANGE) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix: correct remove_item", ["remove_item"]),
        ("fix: removeItem and RemoveItem", ["removeItem", "RemoveItem"]),
        ("fix: Cart.remove", ["Cart.remove"]),
        ("fix: Basket::add_item", ["Basket::add_item"]),
        ("fix: src/basket/total.py", ["src/basket/total.py"]),
        ("fix: `basket`", ["basket"]),
        ("fix: call remove()", ["remove"]),
        ("feat: add --force", ["--force"]),
        ("bump to 9.9.9", ["9.9.9"]),
        ("fix: a\n\nThe old _secret is gone, the old _secret.", ["_secret"]),
    ],
)
def test_what_it_does_not_hold_is_named(text: str, expected: list[str]) -> None:
    assert ungrounded(text, CHANGE) == expected
