"""The reference of all commands as Markdown, made from the commands themselves: `docs/cli.md` below its marker.

`python -m aura_cli.reference docs/cli.md` brings the page up to date; a test fails while it is not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from aura_cli.examples import WithExamples
from aura_cli.main import SECTIONS, aura

MARKER: Final = "<!-- From here on this page is made by `python -m aura_cli.reference docs/cli.md`. -->"


def reference() -> str:
    """The reference of every command, by section."""
    context = click.Context(aura, info_name="aura")
    parts: list[str] = []
    for section, commands in SECTIONS.items():
        parts.append(f"## {section}")
        for name in commands:
            command = aura.get_command(context, name)
            assert command is not None
            parts += _command(command, f"aura {name}", context)
    return "\n\n".join(parts) + "\n"


def updated(page: str) -> str:
    """A page with its part below the marker made anew."""
    head, found, _ = page.partition(MARKER)
    return f"{head if found else page.rstrip() + chr(10) * 2}{MARKER}\n\n{reference()}"


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"### `{name}`"
    yield _paragraphs(command.help or "")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"{name} {usage}".rstrip()]
    if isinstance(command, WithExamples) and command.examples:
        lines += ["", "# for example", *command.examples]
    yield "```sh\n" + "\n".join(lines) + "\n```"
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    rows = [record for option in options if (record := option.get_help_record(context)) and "--help" not in record[0]]
    if rows:
        shown = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in rows]
        yield "\n".join(["| option | what it does |", "|---|---|", *shown])
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _command(found, f"{name} {below}", context)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def main() -> int:
    """Bring the page named on the command line up to date."""
    page = Path(sys.argv[1])
    page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
