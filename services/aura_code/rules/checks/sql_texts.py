"""What a text must look like to be SQL, and where in it something put in is a name and no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from tree_sitter import Node

SQL: Final = re.compile(
    r"\s*(?:--[^\n]*\n\s*)?\(?\s*"
    r"(?:SELECT\s[\s\S]*\bFROM\b|SELECT\s+(?:\*|COUNT|MAX|MIN|SUM)|INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\b"
    r"|UPDATE\s[\s\S]*\bSET\b|DELETE\s+FROM\b|REPLACE\s+INTO\b|MERGE\s+INTO\b|WITH\s[\s\S]*\bAS\s*\(|CALL\s\w"
    r"|EXEC(?:UTE)?\s\w)",
    re.IGNORECASE,
)
"""How a statement begins that reads or changes rows. Those that define tables take no values."""
NAME_NEXT: Final = re.compile(
    r"(?:\b(?:FROM|JOIN|INTO|UPDATE|TABLE|INDEX|VIEW|SCHEMA|DATABASE|ON|BY|AS|SELECT|SET|COLUMN|EXISTS|DISTINCT|SEQUENCE)"
    r"|[(,.])\s*[\"`\[]?$",
    re.IGNORECASE,
)
"""What stands before the place of a name, or of a list of names."""
NAMES: Final = re.compile(
    r"(?:^|[_.a-z])(?:table|tbl|column|col|field|schema|db|database|index|place_?holder|param|qmark|mark|order|direction|sort"
    r"|where|clause|condition|filter|select|sql|query|key|prefix|limit|offset|pk|view|alias|path|name|relation)s?"
    r"(?:_?(?:name|sql|clause|list|str|cols|columns|path)s?)*(?:\(.*\))?$",
    re.IGNORECASE,
)
"""Expressions that say that they are such a name."""


_CALLED_NAME: Final = re.compile(r"(?:table|column|schema)_?names?$", re.IGNORECASE)


def first_foreign(parts: Sequence[str | Node], is_respected: Callable[[Node, str], bool]) -> Node | None:
    """The first expression in a statement of SQL that may bring SQL along; None when there is none, or no statement.

    Args:
        parts: The statement in pieces.
        is_respected: Whether an expression is harmless, given it and the text before it.
    """
    if not SQL.match("".join(part if isinstance(part, str) else "\0" for part in parts)):
        return None
    before = ""
    for part in parts:
        if isinstance(part, str):
            before += part
        elif not is_respected(part, before):
            return part
        else:
            before += "x"
    return None


def is_name(before: str, text: str) -> bool:
    """Whether an expression stands where a name belongs and says that it is one; never between quotes of a value."""
    if re.search(r"(?:[^\w:]:|[@$])$", before):
        return True  # The name of a placeholder.
    if not before.endswith("'") and _CALLED_NAME.search(text) is not None:
        return True
    return not before.endswith("'") and NAME_NEXT.search(before) is not None and NAMES.search(text) is not None
