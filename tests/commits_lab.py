"""What the tests of commits write into their repository."""

from __future__ import annotations

CART = '''\
"""The cart."""

import math


class Cart:
    """Things to buy."""

    def __init__(self) -> None:
        self.prices = []

    def add(self, price: float) -> None:
        """Put something in."""
        self.prices.append(price)

    def total(self) -> float:
        """What it costs."""
        return math.fsum(self.prices)


def empty() -> Cart:
    """A cart without anything."""
    return Cart()
'''

TESTS = """\
from cart import Cart


def test_total():
    assert Cart().total() == 0
"""
