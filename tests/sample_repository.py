"""The files of the sample repository: a small shop in several languages."""

from typing import Final

SOURCES: Final = {
    "README.md": """\
# Shop

A small shop: carts, prices and an HTTP interface.
""",
    "shop/__init__.py": '''\
"""A small shop."""
''',
    "shop/cart.py": '''\
"""Carts of customers."""

from shop.prices import Price


class Cart:
    """What a customer is about to buy."""

    def __init__(self) -> None:
        self.lines: list[Price] = []

    def add_line(self, price: Price) -> None:
        """Put one thing into the cart."""
        self.lines.append(price)

    def total(self) -> int:
        """Sum of all lines in cents."""
        return sum(price.cents for price in self.lines)
''',
    "shop/prices.py": '''\
"""Prices in cents."""

from dataclasses import dataclass


@dataclass
class Price:
    cents: int


def parse_price(text: str) -> Price:
    whole, _, part = text.partition('.')
    return Price(int(whole) * 100 + int(part or 0))
''',
    "tests/test_cart.py": """\
from shop.cart import Cart
from shop.prices import Price


def test_total() -> None:
    cart = Cart()
    cart.add_line(Price(5))
    assert cart.total() == 5
""",
    "web/client.ts": """\
import { Line } from './line';

export interface Session { user: string; expires: number }

/** Opens a session for a user. */
export async function openSession(user: string): Promise<Session> {
  const answer = await fetch(`/sessions/${user}`);
  return (await answer.json()) as Session;
}
""",
    "web/line.js": """\
export class Line {
  constructor(text) {
    this.text = text;
  }

  render() {
    return `<li>${this.text}</li>`;
  }
}
""",
    "server/main.go": """\
package main

import "net/http"

// HandleCheckout answers the checkout request.
func HandleCheckout(w http.ResponseWriter, r *http.Request) {
    w.WriteHeader(http.StatusOK)
}

func main() {
    http.HandleFunc("/checkout", HandleCheckout)
    _ = http.ListenAndServe("127.0.0.1:0", nil)
}
""",
    "stock/src/lib.rs": """\
/// How many pieces are left.
pub struct Stock { pub pieces: u32 }

impl Stock {
    /// Takes pieces out, or says how many are missing.
    pub fn take(&mut self, wanted: u32) -> Result<u32, u32> {
        if wanted > self.pieces { return Err(wanted - self.pieces); }
        self.pieces -= wanted;
        Ok(self.pieces)
    }
}
""",
    "billing/Invoice.java": """\
package billing;

/** A bill for one order. */
public class Invoice {
    private final long cents;

    public Invoice(long cents) { this.cents = cents; }

    public long totalCents() { return cents; }
}
""",
    ".gitignore": """\
build/
*.log
""",
}
