"""Lines of the log as text: one with all its parts, and many in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from textual.content import Content

from aura_panel.log_ring import LEVELS, LogEntry, read_entry
from aura_panel.stories import Story

__all__ = ["details_of", "export_lines"]


def details_of(entry: LogEntry, project: str) -> Content:
    """A line with all its parts, for reading; `project` is the name of its project."""
    head = [
        ("time", entry.ts),
        ("source", entry.source),
        ("level", LEVELS[entry.level]),
        ("event", f"{entry.kind}  {entry.event}" if entry.kind else entry.event),
        *([("project", project)] if entry.project else []),
        *([("cause", entry.cause)] if entry.cause else []),
        *([("began with", entry.root)] if entry.root and entry.root != entry.cause else []),
        *([("begun by", entry.origin)] if entry.origin else []),
        *([("id", entry.id)] if entry.id else []),
    ]
    facts = [(name, value) for name, mark, value in (f.partition("=") for f in entry.facts.split("  ")) if mark]
    rows = [*head, *facts]
    longest = max(len(name) for name, _ in rows)
    lines = [Content.assemble((f"{name:>{longest}}  ", "$muted"), Content(value)) for name, value in rows]
    return Content("\n").join(lines)


def export_lines(name: str, raws: Sequence[bytes]) -> tuple[int, Path]:
    """Write lines to a new file that its owner alone may read; returns how many, and where.

    Args:
        name: Of the file; `~` is the home folder. With `.txt` at its end it becomes plain text, else JSON lines.
        raws: Lines as a ring keeps them.

    Raises:
        OSError: It cannot be written, or is there already.
    """
    target = Path(name).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for raw in raws:
            file.write(_plain(raw) if target.suffix == ".txt" else _as_json(raw))
    return len(raws), target


def _plain(raw: bytes) -> str:
    entry = read_entry(raw)
    return f"{entry.ts} {entry.source:10} {LEVELS[entry.level]:8} {entry.text}\n"


def _as_json(raw: bytes) -> str:
    found = cast("dict[str, object]", json.loads(raw))
    story = found.get("story")
    line = dict(zip(Story._fields, cast("list[object]", story), strict=False)) if isinstance(story, list) else found
    return json.dumps(line, ensure_ascii=False) + "\n"
