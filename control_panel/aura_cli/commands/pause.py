"""`aura pause` and `aura unpause`: let work that nobody asked for wait."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import click

from aura_cli.answers import JsonObject, flag_of, object_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.screen import bold, dim, note, out, out_json, safe
from aura_cli.targets import with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_S: Final = 30 * 86_400
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])")


@click.command(cls=WithExamples, examples=["aura pause", "aura pause --for 2h", "aura pause --for 90m --json"])
@click.option("--for", "duration", metavar="TIME", help="How long, such as 30m, 2h or 1d; without it, until unpaused.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def pause(*, duration: str | None, as_json: bool) -> None:
    """Let background work wait: analyses after edits, the git watch, forecasts and evidence of plans.

    Search stays fresh, and what you ask for is done. The pause outlives a restart of Aura. A second `aura pause` gives
    it another end.
    """
    body: JsonObject = {} if duration is None else {"for_s": _seconds(duration)}
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/work/pause", body))
    if as_json:
        out_json(answer)
        return
    out(work_line(object_of(answer, "work")))
    note(dim("`aura unpause` ends it; what was missed is done then, once."))


@click.command(cls=WithExamples, examples=["aura unpause", "aura unpause --json"])
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def unpause(*, as_json: bool) -> None:
    """Let background work go on; what was missed is done once."""
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/work/resume", {}))
    if as_json:
        out_json(answer)
    else:
        out(work_line(object_of(answer, "work")))


def work_line(work: JsonObject) -> str:
    """What is to be said about background work."""
    if not flag_of(work, "paused"):
        return "Background work goes on."
    until, by = text_of(work, "until"), text_of(work, "by")
    end = f" until {_local(until)}" if until else ", without an end"
    return f"Background work is {bold('paused')}{end}" + (f" (by {safe(by)})." if by else ".")


def _local(until: str) -> str:
    try:
        return datetime.fromisoformat(until).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return safe(until)


def _seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= _MOST_S:
        raise UsageProblem(
            f"--for: expected a time up to 30d such as 30m, 2h or 1d, found {duration[:40]!r}",
            hint="Without --for the pause has no end: `aura unpause` ends it.",
        )
    return seconds
