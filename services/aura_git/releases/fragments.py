"""Changelog fragments of other tools: the project's own program makes the changelog from them, Aura does not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aura_git.releases.packages import Package
from aura_git.repository import Repository

__all__ = ["Fragments", "find_fragments", "waiting_kinds"]

_CHANGESET: Final = re.compile(r"^[\"'].+[\"']\s*:\s*(major|minor|patch)\s*$", re.MULTILINE)
_NO_FRAGMENT: Final = re.compile(r"^(?:\.|_|README|template|towncrier_template)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fragments:
    """How a project makes its changelog from fragments."""

    tool: str
    command: tuple[str, ...]
    """What makes it; run only once a person said yes."""
    why: str
    count: int
    obstacle: str = ""
    """Why it cannot be run here."""


def find_fragments(repository: Repository, package: Package, version: str) -> Fragments | None:
    """The tool that makes the changelog of a package from fragments; None where there is none."""
    folder = repository.root / package.path
    towncrier = _towncrier(folder)
    if towncrier is not None:
        return _of_towncrier(folder, towncrier, version)
    count = len(_changesets(repository))
    command = "npx changeset version"
    if not count:
        return None
    return Fragments(
        "changesets",
        (),
        f"changesets make version and changelog here: `{command}`",
        count,
        f"changesets raise the versions here: run `{command}`, commit, then cut with that version",
    )


def waiting_kinds(repository: Repository, package: Package) -> tuple[str, list[str]]:
    """The tool, and the kind of each fragment that waits: `feature`, `bugfix`, or for changesets `minor`.

    A changeset that the package's name does not stand in counts for the repository as a whole only.
    """
    folder = repository.root / package.path
    table = _towncrier(folder)
    if table is not None:
        return "towncrier", [kind for one in _waiting(folder, table) if (kind := _kind(one, table))]
    found: list[str] = []
    for file in _changesets(repository):
        front = file.read_text(encoding="utf-8", errors="replace").partition("\n---")[0]
        lines = [line for line in front.splitlines() if not package.path or package.name in line]
        found += _CHANGESET.findall("\n".join(lines))
    return "changesets", found


def _changesets(repository: Repository) -> list[Path]:
    folder = repository.root / ".changeset"
    if not (folder / "config.json").is_file():
        return []
    return sorted(one for one in folder.glob("*.md") if one.name != "README.md")


def _waiting(folder: Path, table: Mapping[str, object]) -> list[Path]:
    """The fragments of towncrier, such as `12.feature.md` and `+.bugfix`; sections have a folder each."""
    named = table.get("directory")
    place = folder / (named if isinstance(named, str) else "newsfragments")
    files = [one for one in sorted(place.rglob("*")) if one.is_file()] if place.is_dir() else []
    return [one for one in files if not _NO_FRAGMENT.match(one.name) and _parts(one)]


def _parts(file: Path) -> list[str]:
    """What stands behind the issue: the kind, a number where there are several, an ending."""
    return file.name.split(".")[1:]


def _kind(file: Path, table: Mapping[str, object]) -> str:
    """The kind of a fragment; its heading where the configuration numbers the kinds."""
    types = table.get("type")
    titles: dict[str, str] = {}
    if isinstance(types, list):
        for one in cast("list[object]", types):
            if isinstance(one, dict):
                entry = cast("Mapping[str, object]", one)
                titles[str(entry.get("directory", ""))] = str(entry.get("name", ""))
    parts = _parts(file)
    known = next((part for part in parts if part in titles), "")
    if known:
        return known if known.isalpha() else titles[known]
    return parts[0] if parts and parts[0] not in {"md", "rst", "txt"} else ""


def _towncrier(folder: Path) -> Mapping[str, object] | None:
    for name in ("towncrier.toml", "pyproject.toml"):
        try:
            data = tomllib.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        tool: object = data.get("tool")
        table: object = cast("Mapping[str, object]", tool).get("towncrier") if isinstance(tool, dict) else None
        if isinstance(table, dict):
            return cast("Mapping[str, object]", table)
    return None


def _of_towncrier(folder: Path, table: Mapping[str, object], version: str) -> Fragments:
    count = len(_waiting(folder, table))
    program = next(
        (one for one in (folder / ".venv/bin/towncrier", folder / "venv/bin/towncrier") if one.is_file()), None
    )
    options = ("build", "--yes", "--version", version)
    shown = " ".join(("towncrier", *options))
    why = f"towncrier makes the changelog from {count} fragments: `{shown}`"
    if program is None:
        return Fragments(
            "towncrier",
            (),
            why,
            count,
            f"towncrier is not in .venv: install it there, or run `{shown}`, commit, then cut that version"
            if count
            else "",
        )
    return Fragments("towncrier", (str(program), *options), why, count)
