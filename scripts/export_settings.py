"""Writes `docs/settings.md` and `configs/aura.toml` from the settings classes, or checks that they are current.

usage: python scripts/export_settings.py [--check] [--folder ROOT]
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from aura_shared.settings import Settings
from aura_shared.settings_catalog import SettingInfo, describe
from aura_shared.settings_effects import services_for, when_later

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

## Changing settings

`aura config describe` lists what can be set, and `aura config describe SETTING` tells what it means and what it takes.

```console
$ aura config set code.workers 4
$ aura config set code.exclude "vendor/, *.min.js" --project
$ aura config set findings.levels '{{"broad-except": "error"}}' --project --dry-run
$ aura config unset code.workers
```

`set` and `unset` show the difference; with `--dry-run` that is all they do. `--project` means `.aura/config.toml` of
the repository around the working directory instead of your own file. A list is written `a,b` or as JSON, a table as
JSON. Comments, order and every line that the change does not touch stay. The whole result is checked before it is
written, and the file is replaced in one step. What it held before is kept in the folder `settings` of Aura's data
folder, the newest 50. `set` says so when the value does not change here, because a layer below wins.

## When a change takes effect

At once, while Aura runs: `aura config set` and `unset` have it taken in, and a change that you make in an editor is
noticed within two or three seconds. Only the services that use a changed section are started anew, at the same time;
one takes about half a second on a machine that is not busy, and nothing is lost. Below, each section says which they
are. What cannot change while Aura runs is named with the command that helps. Settings that are wrong change nothing:
the former ones stay in force, and the log and `aura status` name file and line.

A project's `.aura/config.toml` is read by the services themselves, and only four sections of it. `checks` and the
standards in `findings` are read at each use; all files are looked at with other rules as soon as Aura sees that one of
them has changed, and the settings file is one of them unless it is ignored. `code` and `plan` are read when a service
takes the project up; proposals for the plan, the rules for a PRD and the commit gate read `plan` at each use.
`aura config set --project` starts the service anew that has to take the change in; after an edit by hand
`aura restart code` and `aura restart planning` do that. Other sections have no effect there.
"""


def sections() -> Iterator[tuple[str, str, list[SettingInfo]]]:
    """Every section: its name, its meaning, its settings."""
    for section, field in Settings.model_fields.items():
        kind = cast("type[BaseModel]", field.annotation)
        yield section, inspect.cleandoc(kind.__doc__ or ""), [one for one in describe() if one.section == section]


def effect_of(section: str) -> str:
    """What a change in a section leads to, in a sentence."""
    services, later = services_for([section]), when_later(section)
    parts = [f"A change starts these services anew: {', '.join(f'`{name}`' for name in services)}"] if services else []
    parts += [later] if later else []
    if not parts:
        return "A change holds from the next use on; nothing is started anew."
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}."


def takes(setting: SettingInfo) -> str:
    """Type and range, or all values."""
    if setting.choices:
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    return f"{setting.takes} {setting.bounds}".strip()


def page() -> str:
    """`docs/settings.md`."""
    parts = [INTRODUCTION]
    for section, meaning, settings in sections():
        parts.append(f"\n## {section}\n\n{meaning}\n\n{effect_of(section)}\n\n")
        parts.append("| setting | default | takes | meaning |\n|---|---|---|---|\n")
        for setting in settings:
            mark = " *User only.*" if setting.user_only else ""
            cells = [f"`{setting.key}`", f"`{toml(setting.default)}`", takes(setting), setting.about + mark]
            parts.append(f"| {' | '.join(cells)} |\n")
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
            comment = f"# {setting.about}{bounds}{only}".replace("≤ ", "≤\N{NO-BREAK SPACE}")
            lines = textwrap.wrap(comment, 118, subsequent_indent="# ")
            parts += ["\n" + line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
            parts.append(f"\n{setting.key.partition('.')[2]} = {toml(setting.default)}\n")
    return "".join(parts)


def toml(value: object) -> str:
    """A default as TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else json.dumps(value)


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
