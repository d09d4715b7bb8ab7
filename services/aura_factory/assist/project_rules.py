"""Rules that a project has written down for its files: AGENTS.md, CLAUDE.md, and `.cursor/rules/*.mdc`.

Rule files are read as Cursor reads them: line by line, not as YAML, since more than half of real ones are none (bare
`*` globs are the documented form).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from aura_shared.errors import AuraError
from aura_shared.security import make_visible, open_inside

__all__ = ["MdcRule", "ProjectRule", "read_mdc", "rules_for"]

_NOTES: Final = ("AGENTS.md", "CLAUDE.md")
_FOLDER: Final = ".cursor/rules"
_MOST_BYTES: Final = 32_768
_MOST_FILES: Final = 200
_BRACES: Final = re.compile(r"^(.*?)\{([^{}]*)\}(.*)$")
_MOST_GLOBS: Final = 64


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """A file of rules that applies."""

    path: str
    """Where it is written."""
    text: str
    """What it says; hidden characters are made visible."""
    why: str
    """Why it applies: `always`, `matches *.py`, `folder src`."""


@dataclass(frozen=True, slots=True)
class MdcRule:
    """A `.mdc` file."""

    description: str
    globs: tuple[str, ...]
    always: bool
    text: str


def rules_for(root: Path, path: str) -> list[ProjectRule]:
    """The rules that apply to a file, the most general first; what cannot be read is left out.

    Args:
        root: The project's folder.
        path: The file, which need not exist.
    """
    found: list[ProjectRule] = []
    for folder in _folders(path):
        for name in _NOTES:
            place = f"{folder}/{name}" if folder else name
            text = _read(root, place)
            if text.strip():
                found.append(ProjectRule(place, text.strip(), f"folder {folder}" if folder else "always"))
        found += _rules_of(root, folder, path)
    return found


def _folders(path: str) -> list[str]:
    """The folders around a file, the project's own first (as an empty text)."""
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    return ["" if parent == "." else parent for parent in reversed(parents)]


def _rules_of(root: Path, folder: str, path: str) -> Iterator[ProjectRule]:
    place = f"{folder}/{_FOLDER}" if folder else _FOLDER
    base = root / place
    if not base.is_dir():
        return
    inside = path.removeprefix(f"{folder}/") if folder else path
    for file in sorted(base.rglob("*.mdc"))[:_MOST_FILES]:
        relative = file.relative_to(root).as_posix()
        rule = read_mdc(_read(root, relative))
        if not rule.text:
            continue
        if rule.always:
            yield ProjectRule(relative, rule.text, f"folder {folder}" if folder else "always")
        elif glob := first_match(rule.globs, inside):
            yield ProjectRule(relative, rule.text, f"matches {glob}")


def read_mdc(text: str) -> MdcRule:
    """A rule file as Cursor reads it: the head between two lines `---`, one `key: value` a line; the rest is the rule.

    Globs are joined by commas and may be bare, quoted, in brackets, or a list of lines with dashes.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip() != "---":
        return MdcRule("", (), always=False, text=text.strip())
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
    if not end:
        return MdcRule("", (), always=False, text=text.strip())
    fields: dict[str, str] = {}
    key = ""
    for line in lines[1:end]:
        item = line.strip()
        name, colon, value = line.partition(":")
        if item.startswith("- ") and key:
            fields[key] = f"{fields[key]},{item[2:]}"
        elif colon and name.strip().isidentifier():
            key = name.strip()
            fields[key] = value.strip()
    return MdcRule(
        description=fields.get("description", "").strip("\"'"),
        globs=tuple(_globs(fields.get("globs", ""))),
        always=fields.get("alwaysApply", "").lower() == "true",
        text="\n".join(lines[end + 1 :]).strip(),
    )


def _globs(value: str) -> Iterator[str]:
    for part in _split(value.strip().removeprefix("[").removesuffix("]")):
        glob = part.strip().strip("\"'")
        if glob:
            yield from _expanded(glob)


def _split(value: str) -> list[str]:
    """At commas that stand in no braces."""
    parts = [""]
    depth = 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _expanded(glob: str) -> list[str]:
    waiting, done = [glob], list[str]()
    while waiting and len(done) + len(waiting) <= _MOST_GLOBS:
        one = waiting.pop(0)
        found = _BRACES.match(one)
        if found is None:
            done.append(one)
        else:
            waiting += [f"{found[1]}{choice.strip()}{found[3]}" for choice in found[2].split(",")]
    return done


def first_match(globs: Sequence[str], path: str) -> str:
    """The first glob that fits a path; empty when none does. `*.py` fits in every folder, `**/` any depth."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only where a project has such rules

    for glob in globs:
        try:
            if GitIgnoreSpec.from_lines([glob.removeprefix("./")]).match_file(path):
                return glob
        except ValueError:
            continue
    return ""


def _read(root: Path, path: str) -> str:
    """The beginning of a file; empty when it is not there or may not be read."""
    try:
        with open_inside(root, path) as file:
            data = file.read(_MOST_BYTES)
    except (AuraError, OSError):
        return ""
    return make_visible(data.decode("utf-8", "replace").replace("\r\n", "\n"))
