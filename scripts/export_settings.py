"""Writes `docs/settings.md` and `configs/aura.toml` from the settings classes, or checks that they are current.

usage: python scripts/export_settings.py [--check] [--folder ROOT]
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura_shared.layers import USER_ONLY
from aura_shared.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
COMMAND = "python scripts/export_settings.py"

INTRODUCTION = f"""\
# Settings

Generated from `shared/aura_shared/settings.py` by `{COMMAND}`; `make map` fails when it is out of date.

Every setting has a default; Aura needs no settings file. What you set comes from five layers. Each one wins over those
above it, key by key, so a table in one file does not wipe the same table of another:

| layer | where |
|---|---|
| default | the code |
| user | `config.toml` in Aura's configuration folder; with `AURA_HOME`, `config/config.toml` below that |
| project | `.aura/config.toml` of the repository |
| environment | `CODEGEN_LAB_CONFIG_SECTION__KEY`, then `AURA_SECTION__KEY`; a list is written `a,b` or as JSON |
| flag | the command line |

`configs/aura.toml` is a file with every setting at its default, to copy from. `aura config explain` shows each value
and the layer, file and line that it comes from. A key that does not exist, a value of the wrong type or out of its
range, and a file that is not TOML end the start with exit code 7 and name the file and line, or the variable.

A repository that you cloned must not open your machine to others, so a project file cannot set what is marked
*user only*.

Settings are read once, when Aura starts; `aura down` and `aura up` read them again.
"""


@dataclass(frozen=True)
class Setting:
    """One setting as the page shows it."""

    section: str
    name: str
    kind: str
    default: object
    bounds: str
    meaning: str

    @property
    def key(self) -> str:
        """Section and name with a dot."""
        return f"{self.section}.{self.name}"

    @property
    def user_only(self) -> bool:
        """Whether a project file may not set it."""
        return self.key in USER_ONLY or self.section in USER_ONLY


def notes_of(kind: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a class."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(declared, ast.ClassDef)
    notes: dict[str, str] = {}
    for field, note in zip(declared.body, declared.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            notes[field.target.id] = " ".join(inspect.cleandoc(str(ast.literal_eval(note.value))).split())
    return notes


def bounds_of(field: FieldInfo) -> str:
    """The allowed range in words."""
    words: list[str] = []
    for bound in cast("list[object]", field.metadata):
        if isinstance(bound, Ge):
            words.append(f"≥ {number(bound.ge)}")
        elif isinstance(bound, Gt):
            words.append(f"> {number(bound.gt)}")
        elif isinstance(bound, Le):
            words.append(f"≤ {number(bound.le)}")
        elif isinstance(bound, Lt):
            words.append(f"< {number(bound.lt)}")
    return ", ".join(words)


def number(value: object) -> str:
    """A bound, readable."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def kind_of(annotation: Any) -> str:  # noqa: ANN401 - an annotation can be anything
    """A type in words."""
    choices = getattr(annotation, "__args__", ())
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(f"`{choice}`" for choice in choices)
    if getattr(annotation, "__origin__", None) is dict:
        return "table"
    if choices and isinstance(choices[0], type) and issubclass(choices[0], BaseModel):
        return "list of tables"
    names = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text"}
    return names.get(annotation, "list of texts")


def sections() -> Iterator[tuple[str, str, list[Setting]]]:
    """Every section: its name, its meaning, its settings."""
    for section, field in Settings.model_fields.items():
        kind = cast("type[BaseModel]", field.annotation)
        notes = notes_of(kind)
        found = [
            Setting(section, name, kind_of(inner.annotation), inner.default, bounds_of(inner), notes[name])
            for name, inner in kind.model_fields.items()
        ]
        yield section, inspect.cleandoc(kind.__doc__ or ""), found


def page() -> str:
    """`docs/settings.md`."""
    parts = [INTRODUCTION]
    for section, meaning, settings in sections():
        parts.append(f"\n## {section}\n\n{meaning}\n\n| setting | default | takes | meaning |\n|---|---|---|---|\n")
        for setting in settings:
            takes = f"{setting.kind} {setting.bounds}".strip()
            mark = " *User only.*" if setting.user_only else ""
            parts.append(f"| `{setting.key}` | `{toml(setting.default)}` | {takes} | {setting.meaning}{mark} |\n")
    return "".join(parts)


def sample() -> str:
    """`configs/aura.toml`."""
    parts = [
        "# Every setting of Aura at its default. Copy what you want to change into your own config.toml, or into\n"
        "# .aura/config.toml of a project. Generated; docs/settings.md tells more.\n"
    ]
    for section, meaning, settings in sections():
        parts.append(f"\n# {meaning}\n[{section}]\n")
        for setting in settings:
            bounds = f" ({setting.bounds})" if setting.bounds else ""
            only = " Not in a project file." if setting.user_only else ""
            comment = f"# {setting.meaning}{bounds}{only}".replace("≤ ", "≤\N{NO-BREAK SPACE}")
            lines = textwrap.wrap(comment, 118, subsequent_indent="# ")
            parts += ["\n" + line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
            parts.append(f"\n{setting.name} = {toml(setting.default)}\n")
    return "".join(parts)


def toml(value: object) -> str:
    """A default as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value)


def main(arguments: list[str]) -> int:
    """Write both files, or check them; returns the exit code."""
    parser = argparse.ArgumentParser(description="Writes docs/settings.md and configs/aura.toml.")
    parser.add_argument("--check", action="store_true", help="fail when a file is out of date")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    stale = 0
    for path, text in {
        options.folder / "docs" / "settings.md": page(),
        options.folder / "configs" / "aura.toml": sample(),
    }.items():
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name} is out of date: run `{COMMAND}`", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
