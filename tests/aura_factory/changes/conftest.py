"""A project with a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_factory.changes.desk import ChangeDesk
from aura_shared.settings import ChangesSettings
from changes_lab import Lab, write

CART = """class Cart:
    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)

    def total(self):
        return sum(item.price for item in self.items)


def empty():
    return Cart()
"""


@pytest.fixture
def lab(tmp_path: Path, aura_home: Path) -> Iterator[Lab]:
    """A project of three files, and a desk with nothing on it."""
    root = tmp_path / "shop"
    write(root, {"src/cart.py": CART, "README.md": "# Shop\n\nA shop.\n", "notes.txt": "one\ntwo\nthree\n"})
    with ChangeDesk(tmp_path / "changes", ChangesSettings()) as desk:
        yield Lab(root, desk)
