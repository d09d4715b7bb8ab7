"""Fields of an item in a fence of YAML below its heading: `dependencies: [US-001]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from aura_planning.parsing.lexicon import field_name

__all__ = ["fence_fields", "fence_id"]

_KEY: Final = re.compile(r"([A-Za-z_][\w-]*):(?:\s+(.*))?\Z")
_ENTRY: Final = re.compile(r"\s+-\s+(.*)\Z")
_COMMENT: Final = re.compile(r"\s+#.*\Z")
_TAKEN: Final = frozenset(("status", "priority", "estimate", "dependencies"))


def fence_fields(lines: Sequence[str], first: int) -> Iterator[tuple[str, str, int]]:
    """Field, value and line of what is written about an item; anything else in the fence is left alone.

    Args:
        lines: Inside the fence.
        first: The number of the first of them.
    """
    key = ""
    for number, line in enumerate(lines, first):
        text = _COMMENT.sub("", line)
        if found := _KEY.match(text):
            key = field_name(found[1].replace("_", " "))
            value = (found[2] or "").strip().strip("[]|>\"'")
            if key in _TAKEN and value:
                yield key, value, number
        elif key == "dependencies" and (entry := _ENTRY.match(text)):
            yield key, entry[1], number


def fence_id(lines: Sequence[str]) -> str:
    """The id that the fence says it is about; empty without one."""
    found = next((match for line in lines if (match := _KEY.match(line))), None)
    return (found[2] or "").strip() if found is not None and found[1] == "id" else ""
