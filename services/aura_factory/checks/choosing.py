"""Which tests are run for a change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.messages.structure import FindTests

__all__ = ["choose_tests", "is_test"]

_MOST_SYMBOLS: Final = 20
_ASK_S: Final = 20.0


async def choose_tests(
    bus: Bus, project: str, changed: Sequence[str], known: Sequence[str], symbols: Sequence[str] = ()
) -> list[str]:
    """The test files that reach what changes, the nearest first; those that change themselves before all.

    Args:
        bus: Where the code service is asked; what it does not know is left out.
        project: Identifier.
        changed: Changed files.
        known: Files that the code service may know, asked about where there are no symbols.
        symbols: Qualified names of the definitions that change.
    """
    asked = [FindTests(project=project, symbol=symbol) for symbol in symbols[:_MOST_SYMBOLS]]
    asked = asked or [FindTests(project=project, path=path) for path in known[:_MOST_SYMBOLS]]
    found = [path for path in changed if is_test(path)]
    for question in asked:
        try:
            found += (await bus.request(question, timeout_s=_ASK_S)).files
        except AuraError:
            continue  # A symbol that the analysis does not know; the others are asked all the same.
    return list(dict.fromkeys(found))


def is_test(path: str) -> bool:
    """Whether a file is a test, by its name."""
    name = Path(path).name
    return name.startswith("test_") or any(mark in name for mark in ("_test.", ".test.", ".spec."))
