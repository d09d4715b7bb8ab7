"""Which format a path is, and where in a folder plans of other tools lie."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, cast

from aura_planning.exchanging.contract import FormatName
from aura_planning.exchanging.tree import Tree, base_name, parent_of

__all__ = ["DEFAULT_TARGETS", "recognise"]

DEFAULT_TARGETS: Final[dict[FormatName, str]] = {
    "taskmaster": ".taskmaster/tasks/tasks.json",
    "speckit": "specs",
    "openspec": "openspec",
    "bmad": "docs/sprint-status.yaml",
    "backlog": "backlog",
}
"""Where each tool keeps its plan; the others are printed."""
_FEATURE: Final = re.compile(r"(?P<base>(?:.*/)?)(?P<name>\d{3,}-[^/]+)/(?:spec|tasks)\.md\Z")
_CHANGE: Final = re.compile(r"(?P<base>(?:.*/)?)changes/(?:archive/)?[^/]+/(?:proposal|tasks)\.md\Z")
_BACKLOG: Final = re.compile(
    r"(?P<base>.*?)/?(?:tasks|drafts|completed|archive/tasks|archive/drafts)/[^/]+ - [^/]+\.md\Z"
)
_STATUS: Final = re.compile(r"^development_status\s*:", re.MULTILINE)
_TABLES: Final = (".csv", ".tsv")


def recognise(tree: Tree, path: str) -> list[tuple[FormatName, str]]:
    """Formats and the path that each is read from; several where a folder holds several plans."""
    data = tree.read(path) if path else None
    if data is not None:
        found = _file(path, data)
        return [found] if found is not None else []
    found = dict.fromkeys(one for file in tree.files(path) if (one := _inside(tree, file, path)) is not None)
    return list(_widest(list(found)))


def _file(path: str, data: bytes) -> tuple[FormatName, str] | None:
    """What one file is, by its place, its name, and what is in it."""
    name = path.lower()
    if name.endswith(_TABLES):
        return "csv", path
    if name.endswith(".json"):
        return _json(path, data)
    if name.endswith((".yaml", ".yml")):
        return ("bmad", path) if _STATUS.search(data.decode("utf-8", "replace")) else None
    return _markdown(path, data) if name.endswith((".md", ".markdown", ".txt")) else None


def _markdown(path: str, data: bytes) -> tuple[FormatName, str] | None:
    """A file of a feature, a change or a backlog is read with its whole; any other one for its boxes."""
    feature, backlog = _FEATURE.match(path), _BACKLOG.match(path)
    if feature is not None:
        return "speckit", f"{feature['base']}{feature['name']}"
    if _CHANGE.match(path):
        return "openspec", parent_of(path)
    if backlog is not None and data.lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        return "backlog", backlog["base"]
    return ("task-list", path) if re.search(rb"^\s*[-*+] \[.\]", data, re.MULTILINE) else None


def _json(path: str, data: bytes) -> tuple[FormatName, str] | None:
    """Issues are a list of things with a title; anything else is read as tasks, which says what is wrong with it."""
    try:
        value = cast("object", json.loads(data.decode("utf-8-sig")))
    except (ValueError, RecursionError):
        return ("taskmaster", path) if base_name(path) == "tasks.json" else None
    first = cast("list[object]", value)[:1] if isinstance(value, list) else []
    if (
        first
        and isinstance(first[0], dict)
        and ({"number", "url", "state", "labels"} & set(cast("dict[str, object]", first[0])))
    ):
        return "gh-json", path
    return "taskmaster", path


def _inside(tree: Tree, file: str, folder: str) -> tuple[FormatName, str] | None:
    """What a file in a folder is a sign of; lists, tables and issues are only read when they are named."""
    name = base_name(file)
    if name == "tasks.json":
        data = tree.read(file) or b""
        return ("taskmaster", file) if b'"tasks"' in data and _json(file, data) == ("taskmaster", file) else None
    if name in {"sprint-status.yaml", "sprint-status.yml"}:
        return _file(file, tree.read(file) or b"")
    if match := _CHANGE.match(file):
        return "openspec", match["base"].rstrip("/")
    if match := _FEATURE.match(file):
        base = match["base"].rstrip("/")
        return "speckit", f"{match['base']}{match['name']}" if len(base) < len(folder) else base
    match = _BACKLOG.match(file)
    if match is not None and (tree.read(file) or b"").lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        return "backlog", match["base"]
    return None


def _widest(found: list[tuple[FormatName, str]]) -> Iterator[tuple[FormatName, str]]:
    """Without what lies inside another of the same format."""
    for form, path in found:
        if not any(other == form and path.startswith(f"{place}/") for other, place in found if place != path):
            yield form, path
