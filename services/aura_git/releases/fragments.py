"""Changelog fragments of other tools: the project's own program makes the changelog from them, Aura does not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from aura_git.releases.packages import Package
from aura_git.repository import Repository

__all__ = ["Fragments", "find_fragments"]


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
    if (repository.root / ".changeset" / "config.json").is_file():
        count = sum(1 for one in (repository.root / ".changeset").glob("*.md") if one.name != "README.md")
        command = "npx changeset version"
        return (
            Fragments(
                "changesets",
                (),
                f"changesets make version and changelog here: `{command}`",
                count,
                f"changesets raise the versions here: run `{command}`, commit, then cut with that version",
            )
            if count
            else None
        )
    return None


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
    named = table.get("directory")
    place = folder / (named if isinstance(named, str) else "newsfragments")
    count = (
        sum(1 for one in place.glob("*.*") if not one.name.startswith((".", "README", "template")))
        if place.is_dir()
        else 0
    )
    count += sum(1 for one in place.glob("+*") if one.suffix == "") if place.is_dir() else 0
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
