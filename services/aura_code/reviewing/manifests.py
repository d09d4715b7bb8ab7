"""Dependencies that a change adds to the manifests of a project, and lock files that do not follow."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from aura_code.reviewing.changes import Change, FileChange

_LOCKS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "package.json": (
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "npm-shrinkwrap.json",
    ),
    "pyproject.toml": ("poetry.lock", "uv.lock", "pdm.lock"),
    "Pipfile": ("Pipfile.lock",),
    "Cargo.toml": ("Cargo.lock",),
    "go.mod": ("go.sum",),
    "Gemfile": ("Gemfile.lock",),
    "composer.json": ("composer.lock",),
}


class AddedDependency(NamedTuple):
    """A package that a manifest asks for now."""

    name: str
    path: str
    line: int


def added_dependencies(change: Change) -> list[AddedDependency]:
    """Packages that no manifest of the change asked for before."""
    known = {name for file in change.files for name in _names(file, old=True)}
    return [
        AddedDependency(name, file.path, _line_of(file, name))
        for file in change.files
        if file.kind != "added" or known
        for name in dict.fromkeys(_names(file, old=False))
        if name not in known
    ]


def unlocked(change: Change) -> list[tuple[str, str]]:
    """Pairs: a manifest whose dependencies change, and its lock file, which the change leaves alone."""
    found: list[tuple[str, str]] = []
    for file in change.files:
        if file.kind not in {"modified", "renamed"} or set(_names(file, old=True)) == set(_names(file, old=False)):
            continue
        folder = file.path[: len(file.path) - len(file.path.rpartition("/")[2])]
        locks = [f"{folder}{name}" for name in _LOCKS_OF.get(file.path.rpartition("/")[2], ())]
        there = [lock for lock in locks if change.text(lock)]
        if there and not any(lock in change.by_path for lock in locks):
            found.append((file.path, there[0]))
    return found


def stray_locks(change: Change) -> list[str]:
    """Lock files that change although no manifest beside them does."""
    found: list[str] = []
    for file in change.files:
        folder, _, name = file.path.rpartition("/")
        manifest = next((one for one, locks in _LOCKS_OF.items() if name in locks), None)
        if manifest is None or file.kind != "modified":
            continue
        prefix = f"{folder}/" if folder else ""
        below = any(path.startswith(prefix) and path.endswith(manifest) for path in change.by_path)
        if not below:
            found.append(file.path)
    return found


def _names(file: FileChange, *, old: bool) -> Iterator[str]:
    side = file.old if old else file.new
    if side.text is None:
        return
    name = file.path.rpartition("/")[2]
    reader = _READERS.get(name) or (_requirements if re.fullmatch(r".*requirements.*\.(?:txt|in)", name) else None)
    if reader is not None:
        yield from reader(side.text.decode("utf-8", "replace"))


def _line_of(file: FileChange, name: str) -> int:
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    lines = sorted(file.new_lines)
    return next((number for number in lines if pattern.search(file.new.line(number))), lines[0] if lines else 1)


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _package_json(text: str) -> Iterator[str]:
    try:
        document = _table(json.loads(text))
    except ValueError:
        return
    for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        yield from _table(document.get(key))


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _pyproject(text: str) -> Iterator[str]:
    document = _toml(text)
    project = _table(document.get("project"))
    lists: list[object] = [project.get("dependencies"), *_table(project.get("optional-dependencies")).values()]
    lists += _table(document.get("dependency-groups")).values()
    for one in lists:
        for requirement in cast("list[object]", one) if isinstance(one, list) else ():
            if isinstance(requirement, str):
                yield from _requirements(requirement)
    poetry = _table(_table(document.get("tool")).get("poetry"))
    for table in (poetry, *_table(poetry.get("group")).values()):
        for key in ("dependencies", "dev-dependencies"):
            yield from (name.lower() for name in _table(_table(table).get(key)) if name != "python")


def _requirements(text: str) -> Iterator[str]:
    for line in text.splitlines():
        found = re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[|[=<>!~;@ ]|$)", line)
        if found:
            yield re.sub(r"[-_.]+", "-", found[1]).lower()


def _cargo(text: str) -> Iterator[str]:
    document = _toml(text)
    tables = [document, _table(document.get("workspace")), *_table(document.get("target")).values()]
    for table in tables:
        for key in ("dependencies", "dev-dependencies", "build-dependencies"):
            yield from _table(_table(table).get(key))


def _go_mod(text: str) -> Iterator[str]:
    for found in re.finditer(r"^\s*(?:require\s+)?([\w.-]+\.[a-z]+/\S+)\s+v\d\S*(.*)$", text, re.MULTILINE):
        if "// indirect" not in found[2]:
            yield found[1]


_READERS: Final[Mapping[str, Callable[[str], Iterator[str]]]] = {
    "package.json": _package_json,
    "pyproject.toml": _pyproject,
    "Cargo.toml": _cargo,
    "go.mod": _go_mod,
}
