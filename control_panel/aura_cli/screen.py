"""What the commands print with: colours, columns, progress, questions.

click already leaves colours out where the output is no terminal; `main` turns them off for `NO_COLOR` and dumb
terminals. `rich` is not used: importing it costs more than a search may take.
"""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import click

from aura_cli.answers import JsonObject

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
# Control characters would let the text of a file move the cursor or rename the window; bidirectional and tag
# characters would let it show something else than it says.
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_STATE_COLOURS: Final = {
    "ready": "green",
    "ok": "green",
    "warn": "yellow",
    "waiting": "yellow",
    "starting": "yellow",
    "scanning": "yellow",
    "building": "yellow",
    "stopping": "yellow",
    "backing-off": "yellow",
    "crash-loop": "red",
    "failed": "red",
    "missing": "red",
    "fail": "red",
    "stopped": "bright_black",
}


def out(text: str = "") -> None:
    """Print a line of the answer."""
    click.echo(text)


def note(text: str) -> None:
    """Print a line for the person, beside the answer (standard error)."""
    click.echo(text, err=True)


def out_json(value: JsonObject) -> None:
    """Print an answer for a program."""
    import json  # noqa: PLC0415 - many commands never need it

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def bold(text: str) -> str:
    """Text that stands out."""
    return click.style(text, bold=True) if text else ""


def dim(text: str) -> str:
    """Text that steps back."""
    return click.style(text, fg="bright_black") if text else ""


def coloured(text: str, colour: str) -> str:
    """Text in a colour."""
    return click.style(text, fg=colour)


def state(name: str, text: str | None = None) -> str:
    """A state in its colour; `text` says something else than its name."""
    colour = _STATE_COLOURS.get(name)
    return click.style(text or name, fg=colour) if colour else (text or name)


def safe(text: str) -> str:
    """Text of a file or a log with whatever a terminal could obey made visible."""
    return _UNSAFE.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def width() -> int:
    """Columns of the terminal; 100 where there is none."""
    return max(40, shutil.get_terminal_size((100, 24)).columns)


def cells(text: str) -> int:
    """How many columns a text takes on the screen."""
    plain = _ANSI.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in plain)


def cut(text: str, most: int) -> str:
    """Text without colours, cut to `most` columns."""
    if cells(text) <= most:
        return text
    kept: list[str] = []
    used = 0
    for character in text:
        used += cells(character)
        if used > most - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def shorten_path(text: str, most: int) -> str:
    """A path cut in the middle, so that its end stays readable."""
    if len(text) <= most:
        return text
    tail = most * 2 // 3
    return text[: most - tail - 1] + "…" + text[-tail:]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a table; the columns with the numbers in `right` are aligned to the right."""
    widths = [max(cells(row[i]) for row in [headers, *rows]) for i in range(len(headers))]

    def line(row: Sequence[str]) -> str:
        parts: list[str] = []
        for i, cell in enumerate(row):
            space = " " * (widths[i] - cells(cell))
            parts.append(space + cell if i in right else cell + space)
        return "  ".join(parts).rstrip()

    return [dim(line(headers)), *(line(row) for row in rows)]


def seconds(value: float) -> str:
    """A duration as a person says it: `850 ms`, `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes = int(value // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def size(value: float) -> str:
    """A number of bytes as a person reads it."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable: GB always returns")


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def asks() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, *, default: bool = True) -> bool:
    """Ask the person; the question goes to standard error, so that answers can be piped."""
    return click.confirm(question, default=default, err=True)


class ProgressLine:
    """One line on standard error that changes in place; on anything but a terminal only its milestones are printed."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._shown = ""
        self._milestone = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def show(self, text: str, done: int = 0, total: int | None = None, milestone: str = "") -> None:
        """Say what is going on; `milestone` is what a log file should hold of it, once."""
        if self._live:
            line = f"{bar(done, total)} {text}" if total else text
            if line != self._shown:
                click.echo(f"\r\x1b[2K{cut_coloured(line, width() - 1)}", err=True, nl=False)
                self._shown = line
        elif milestone and milestone != self._milestone and not self._quiet:
            note(milestone)
            self._milestone = milestone

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            click.echo("\r\x1b[2K", err=True, nl=False)
            self._shown = ""


def bar(done: int, total: int | None, columns: int = 24) -> str:
    """A progress bar with its percentage."""
    share = min(1.0, done / total) if total else 0.0
    filled = round(share * columns)
    return f"{coloured('━' * filled, 'green')}{dim('─' * (columns - filled))} {share:4.0%}"


def cut_coloured(text: str, most: int) -> str:
    """Like `cut`, and colours stay as long as the text fits."""
    return text if cells(text) <= most else cut(_ANSI.sub("", text), most)
