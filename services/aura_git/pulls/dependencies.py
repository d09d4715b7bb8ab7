"""What a branch does to the packages that its project needs: manifests before and after."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from aura_git.commits.changes import read_blob
from aura_git.pulls.gathering import Branch, ChangedFile
from aura_git.repository import Repository

__all__ = ["LOCK_FILES", "dependency_changes"]

LOCK_FILES: Final = frozenset(
    {
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "bun.lock"),
        *("Cargo.lock", "go.sum", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "Gemfile.lock"),
        *("composer.lock", "gradle.lockfile", "packages.lock.json", "mix.lock", "pubspec.lock", "flake.lock"),
    }
)
_OTHERS: Final = frozenset(
    {"Pipfile", "setup.py", "setup.cfg", "Gemfile", "pom.xml", "build.gradle", "build.gradle.kts", "composer.json"}
)
"""Manifests that are named, but not read."""
_REQUIREMENT: Final = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^#;\\]*)")
_GO: Final = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[\w./~-]+)\s+(v[\w.+-]+)", re.MULTILINE)
_MOST: Final = 40


def dependency_changes(repository: Repository, branch: Branch) -> list[str]:
    """One line for each package that comes, goes or changes, by manifest; lock files in one line each."""
    found: list[str] = []
    for file in branch.files:
        name = file.path.rsplit("/", 1)[-1]
        if name in LOCK_FILES:
            found.append(f"`{file.path}` changes (+{file.added}/-{file.removed})")
        elif read := _reader(name):
            found += [f"`{file.path}`: {line}" for line in _compared(repository, branch, file, read)]
        elif name in _OTHERS:
            found.append(f"`{file.path}` changes; packages in it were not compared")
    if len(found) > _MOST:
        return [*found[:_MOST], f"and {len(found) - _MOST} more"]
    return found


_Read = Callable[[str], dict[str, str]]


def _reader(name: str) -> _Read | None:
    known: dict[str, _Read] = {
        "package.json": _npm, "pyproject.toml": _pyproject, "Cargo.toml": _cargo, "go.mod": _go
    }  # fmt: skip
    if re.fullmatch(r".*requirements.*\.(?:txt|in)", name):
        return _requirements
    return known.get(name)


def _compared(repository: Repository, branch: Branch, file: ChangedFile, read: _Read) -> Iterator[str]:
    try:
        before = read(read_blob(repository, branch.start, file.old_path or file.path) or "")
        after = read(read_blob(repository, branch.tip, file.path) or "")
    except ValueError as error:
        yield f"could not be read ({str(error).splitlines()[0][:80]})"
        return
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old is None:
            yield f"adds `{name}` {_version(new)}".rstrip()
        elif new is None:
            yield f"removes `{name}` {_version(old)}".rstrip()
        elif old != new:
            yield f"`{name}` {_version(old) or 'any'} → {_version(new) or 'any'}"


def _version(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _npm(text: str) -> dict[str, str]:
    data = _mapping(json.loads(text or "{}"))
    found: dict[str, str] = {}
    for group in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        found |= {name: str(version) for name, version in _mapping(data.get(group)).items()}
    return found


def _requirements(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        if (match := _REQUIREMENT.match(line)) and not line.lstrip().startswith(("-", "#")):
            found[match[1].lower()] = match[2].strip()
    return found


def _pyproject(text: str) -> dict[str, str]:
    data = _mapping(tomllib.loads(text))
    project = _mapping(data.get("project"))
    groups: list[object] = [project.get("dependencies"), *_mapping(project.get("optional-dependencies")).values()]
    groups += _mapping(data.get("dependency-groups")).values()
    found: dict[str, str] = {}
    for group in groups:
        if isinstance(group, list):
            found |= _requirements("\n".join(one for one in cast("list[object]", group) if isinstance(one, str)))
    poetry = _mapping(_mapping(data.get("tool")).get("poetry"))
    return found | _table(poetry.get("dependencies"))


def _cargo(text: str) -> dict[str, str]:
    data = _mapping(tomllib.loads(text))
    groups = ("dependencies", "dev-dependencies", "build-dependencies")
    found: dict[str, str] = {}
    for group in groups:
        found |= _table(data.get(group))
    return found | _table(_mapping(data.get("workspace")).get("dependencies"))


def _table(value: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, wanted in _mapping(value).items():
        found[name] = wanted if isinstance(wanted, str) else str(_mapping(wanted).get("version", ""))
    return found


def _go(text: str) -> dict[str, str]:
    return dict(_GO.findall(text))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
