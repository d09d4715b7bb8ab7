"""Which edit format a model is asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from aura_factory.editing.outcomes import EditFormat

__all__ = ["WHOLE_FILE_LINES", "choose_format"]

WHOLE_FILE_LINES: Final = 300
"""Files up to this are re-emitted: every size of model follows that format (100 % well-formed in published figures,
against 72 to 96 % for search and replace), and above it the answer costs more time than it is worth."""


def choose_format(abilities: Collection[EditFormat] | None, line_count: int, *, has_symbol: bool) -> EditFormat:
    """The edit format to ask for.

    A whole file while it is short; above that the one symbol that is meant; search and replace only where the self-test
    showed that the model can follow it.

    Args:
        abilities: Formats that the model followed in its self-test; None when it was not tested.
        line_count: Lines of the file as it is now; 0 for a new one.
        has_symbol: Whether the request is about one function, class or method that the file holds.
    """
    able: Collection[EditFormat] = ("whole", "symbol") if abilities is None else abilities
    short = line_count <= WHOLE_FILE_LINES
    if short and "whole" in able:
        return "whole"
    if has_symbol and "symbol" in able:
        return "symbol"
    if "search-replace" in able:
        return "search-replace"
    if has_symbol and not short:
        return "symbol"
    return "whole"
