"""Texts and values of other tools as Markdown and front matter, and back, without losing a character that counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

__all__ = [
    "box_lines", "cut_title", "joined", "key_name", "number_of", "scalar_text", "scalar_value", "sections_of",
    "shown_number", "tidy", "written_json", "written_sections",
]  # fmt: skip

_HEADING: Final = re.compile(r"(?P<back>\\*)## +(?P<title>.+?)\s*\Z")
_MOST_TITLE: Final = 200
_BAD_KEY: Final = re.compile(r"[^\w.-]")
_INDENT: Final = re.compile(r"\A\s*[\[{]\r?\n([ \t]+)")
_SPACES: Final = re.compile(r"\s+")


def tidy(text: str) -> str:
    """A text without blank lines around it, and with plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()


def joined(text: str) -> str:
    """Words on one line."""
    return _SPACES.sub(" ", text).strip()


def cut_title(text: str) -> tuple[str, bool]:
    """Words as a title, and whether they were too many for one."""
    line = joined(text)
    if len(line) <= _MOST_TITLE:
        return line, False
    head = line[: _MOST_TITLE - 1].rpartition(" ")[0] or line[: _MOST_TITLE - 1]
    return f"{head}…", True


def written_sections(sections: Iterable[tuple[str, str]], known: Callable[[str], bool]) -> str:
    """Sections one below the other; the first with an empty title stands before them.

    A line of a text that would be taken for the heading of such a section gets a backslash.
    """
    parts: list[str] = []
    for title, text in sections:
        body = tidy(text)
        if not body:
            continue
        safe = "\n".join(f"\\{line}" if _known(line, known) else line for line in body.split("\n"))
        parts.append(f"## {title}\n\n{safe}" if title else safe)
    return "\n\n".join(parts)


def sections_of(text: str, known: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The sections of a text again; what stands before the first has an empty title."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in tidy(text).split("\n"):
        match = _HEADING.match(line)
        if match and known(match["title"]):
            if not match["back"]:
                found.append((match["title"], []))
                continue
            line = line[1:]  # noqa: PLW2901 - without the backslash that was added
        found[-1][1].append(line)
    return [(title, tidy("\n".join(lines))) for title, lines in found if title or any(line.strip() for line in lines)]


def _known(line: str, known: Callable[[str], bool]) -> bool:
    match = _HEADING.match(line)
    return match is not None and known(match["title"])


def scalar_text(value: object) -> str:
    """A value of JSON as text of one line: a string as it is unless it could be taken for another value."""
    if isinstance(value, str) and not _is_json(value) and value == value.strip() and value:
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=False)


def scalar_value(text: str) -> object:
    """The value again."""
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def written_json(value: object, like: str | None) -> str:
    """A value as JSON, indented and escaped as a file was that it stands in for.

    Args:
        value: What to write.
        like: The file as it was; None for a new one.
    """
    if like is None:
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    found = _INDENT.search(like)
    escaped = like.isascii() and "\\u" in like
    separators = None if found or '": ' in like else (",", ":")
    text = json.dumps(value, ensure_ascii=escaped, indent=found[1] if found else None, separators=separators)
    return text + ("\n" if like.endswith("\n") else "")


def key_name(prefix: str, name: str) -> str:
    """A key of the front matter for a foreign name."""
    return f"{prefix}.{_BAD_KEY.sub('_', name.strip()) or '_'}"


def number_of(text: str) -> float | None:
    """A number from 0 on; None for anything else."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None


def shown_number(number: float | None) -> str:
    """A number as it is written; empty for none."""
    return "" if number is None else f"{number:g}"


def box_lines(criteria: Sequence[tuple[bool, str]]) -> str:
    """Checkboxes."""
    return "\n".join(f"- [{'x' if done else ' '}] {text}" for done, text in criteria)
