"""Aura's parts of a text, each between two HTML comments, so that they can be renewed and all else stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_shared.errors import GateClosed

__all__ = ["block", "harmless", "read_blocks", "renew"]

_MARK: Final = re.compile(r"<!-- aura:(?P<what>begin|end) (?P<name>[a-z]+) -->")


def block(name: str, text: str) -> str:
    """A part with its two comments; comments within the text are made harmless first."""
    return f"<!-- aura:begin {name} -->\n{text.strip()}\n<!-- aura:end {name} -->"


def harmless(text: str) -> str:
    """Text of a commit, task or model that can neither end a part nor hide what follows."""
    return text.replace("<!--", "&lt;!--").replace("-->", "--&gt;")


def read_blocks(text: str) -> dict[str, tuple[int, int]]:
    """Where each part begins and ends, its comments included.

    Raises:
        GateClosed: A comment of a pair is missing, or a part is there twice.
    """
    found: dict[str, tuple[int, int]] = {}
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        name = mark["name"]
        if mark["what"] == "begin" and opened is None and name not in found:
            opened = mark
        elif mark["what"] == "end" and opened is not None and opened["name"] == name:
            found[name] = (opened.start(), mark.end())
            opened = None
        else:
            raise _damaged(name)
    if opened is not None:
        raise _damaged(opened["name"])
    return found


def _damaged(name: str) -> GateClosed:
    return GateClosed(
        f"the comments around Aura's part {name!r} are damaged: a begin without its end, or one twice",
        hint="Nothing was changed. Delete that part with both its comments in the pull request, and update again.",
    )


def renew(old: str, new: str) -> str:
    """The old text with Aura's parts as they are in the new one.

    A part that a person deleted stays away. A text without any part gets all of them at its end.

    Raises:
        GateClosed: The comments in the old text are damaged.
    """
    there, made = read_blocks(old.replace("\r\n", "\n")), read_blocks(new)
    if not there:
        parts = "\n\n".join(new[start:end] for start, end in made.values())
        return f"{old.rstrip()}\n\n{parts}\n" if old.strip() else new
    return "".join(_renewed(old.replace("\r\n", "\n"), new, there, made))


def _renewed(old: str, new: str, there: dict[str, tuple[int, int]], made: dict[str, tuple[int, int]]) -> Iterator[str]:
    at = 0
    for name, (start, end) in there.items():
        yield old[at:start]
        begin, stop = made.get(name, (0, 0))
        yield new[begin:stop] or old[start:end]
        at = end
    yield old[at:]
