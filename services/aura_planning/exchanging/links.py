"""Which items a branch's name means: by an identifier or an alias in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item

__all__ = ["items_in_branch", "items_named"]


def items_in_branch(ledger: Ledger, branch: str) -> list[Item]:
    """Items that a name such as `feature/k3f9zq-sign-in` or `fix/US-004-login` names.

    An identifier counts as a whole word of the name; an alias that has letters and digits counts where it stands with
    nothing but a sign before and after it. Of aliases that overlap, the longest counts.
    """
    words = [one for one in re.split(r"[^0-9A-Za-z]+", branch) if one]
    found = [item for word in words if word in ledger.ids and (item := ledger.lookup(word)) is not None]
    folded = branch.casefold().replace("_", "-")
    spans: list[tuple[int, int, Item]] = []
    for item in ledger.items:
        alias = "-".join(item.alias.casefold().replace("_", "-").split())
        if not alias or not (re.search(r"[a-z]", alias) and re.search(r"\d", alias)):
            continue
        match = re.search(rf"(?:\A|[^0-9a-z]){re.escape(alias)}(?=\Z|[^0-9a-z.]|\.\D)", folded)
        if match is not None and ledger.lookup(item.alias) is not None:
            spans.append((match.start(), match.end(), item))
    for start, end, item in sorted(spans, key=lambda one: (one[0], -one[1])):
        if not any(s <= start and end <= e and (s, e) != (start, end) for s, e, _ in spans):
            found.append(item)
    return list({one.path: one for one in found}.values())


def items_named(ledger: Ledger, references: Sequence[str]) -> list[tuple[str, Item]]:
    """Items that are named by identifier, alias or path; what means none or several is left out."""
    by_path = {item.path: item for item in ledger.items}
    return [(one, item) for one in references if (item := by_path.get(one) or ledger.lookup(one.strip())) is not None]
