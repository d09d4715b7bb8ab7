"""Lists of results as they are shown, with the line above them: what was found, uses and callers, how to search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.text import Text

from aura_cli.change_view import plain
from aura_panel.search_desk import Related
from aura_panel.search_query import Query
from aura_panel.search_rows import Colours, Group, found_groups, freshness_words, nothing_found, state_of_search
from aura_shared.messages.code import SearchAnswer, SymbolAnswer

__all__ = ["HOW", "Shown", "how_to_search", "shown_related", "shown_results"]

HOW: Final = """\
Type words, a name such as Store.add, a path, "exact text" or /pattern/.
Filters narrow it: lang:python path:tests/** path:!docs/** kind:class

Down goes to the results; Up brings earlier queries."""
_MOST_TOLD: Final = 5


class Shown(NamedTuple):
    """A list of results as it can be come back to."""

    title: str
    groups: list[Group]
    state: Text
    note: str
    at: str = ""


def how_to_search(past: Sequence[str]) -> str:
    """What can be typed, and what was searched before."""
    before = "\n".join(f"  {plain(one)}" for one in reversed(past[-_MOST_TOLD:]))
    return f"{HOW}\n\nSearched before:\n{before}" if before else HOW


def shown_results(
    query: Query,
    answer: SearchAnswer,
    symbols: SymbolAnswer | None,
    pattern: re.Pattern[str] | None,
    colours: Colours,
    *,
    at: str,
) -> Shown:
    """What was found.

    Args:
        query: What was asked.
        answer: Passages.
        symbols: Definitions; None when they were not asked for.
        pattern: What is marked in them.
        colours: Of the theme, by name.
        at: Key of the entry under the cursor.
    """
    groups = found_groups(answer, symbols, pattern)
    state = state_of_search(query, answer, symbols, colours)
    return Shown("Results", groups, state, "" if groups else nothing_found(answer), at)


def shown_related(found: Related, colours: Colours) -> Shown:
    """Uses, callers, or what a change may break; there are some."""
    words = Text(plain(found.note) or found.title, "bold", no_wrap=True, overflow="ellipsis")
    words.append(" · ", colours["muted"]).append_text(freshness_words(found.freshness, colours))
    if found.more:
        words.append(" · there are more", colours["warning"])
    at = found.groups[1 if len(found.groups) > 1 else 0].entries[0].key  # The definition itself is known.
    return Shown(plain(found.title), found.groups, words, "", at)
