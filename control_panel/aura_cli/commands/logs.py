"""`aura logs`: what the services wrote, from the log files, so that it works when nothing runs."""

from __future__ import annotations

import json
import time
from typing import Final

import click

from aura_cli.answers import JsonObject
from aura_cli.examples import WithExamples
from aura_cli.log_view import LEVELS, at_least, log_line
from aura_cli.screen import note, out
from aura_shared.errors import NotFound
from aura_shared.log_files import Follower, read_last
from aura_shared.log_files import log_paths as files_of
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.processes import PROCESSES

FOLLOW_POLL_S: Final = 0.2  # Five looks a second feel live and cost under 1 % of a core.
_SERVICES: Final = ("supervisor", *(spec.name for spec in PROCESSES))


@click.command(
    cls=WithExamples,
    examples=["aura logs", "aura logs code -n 200 --level warning", "aura logs -f", "aura logs --json | jq .event"],
)
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0, 100_000), default=50, show_default=True, help="How many to show.")
@click.option("--level", type=click.Choice(LEVELS), default="debug", help="Only this level and above.")
@click.option("--json", "as_json", is_flag=True, help="Print every line as JSON, as the log files have it.")
def logs(*, service: str | None, follow: bool, lines: int, level: str, as_json: bool) -> None:
    """Show what the services wrote, merged by time; SERVICE narrows it to one.

    It reads the log files, and so works when Aura is down.
    """
    paths = find_paths()
    _refuse_unknown(paths, service)
    follower = Follower(paths.logs, service) if follow else None
    found = newest_lines(paths, service, lines, level)
    for line in found:
        _show(line, as_json=as_json)
    if follower is None:
        if not found and lines:
            note("There are no such log lines yet.")
        return
    while True:
        for line in follower.new_lines():
            if at_least(line, level):
                _show(line, as_json=as_json)
        time.sleep(FOLLOW_POLL_S)


def newest_lines(paths: AuraPaths, service: str | None, count: int, level: str) -> list[JsonObject]:
    """The newest lines of at least a level, oldest first; lesser levels are looked past up to a bound."""
    files = files_of(paths.logs, service)
    if level == LEVELS[0]:
        return read_last(files, count)
    # Warnings are rare: look back far enough to find them, and no farther than a rotation.
    wide = read_last(files, max(count, 20_000)) if count else []
    return [line for line in wide if at_least(line, level)][-count:]


def _refuse_unknown(paths: AuraPaths, service: str | None) -> None:
    if service is not None and service not in _SERVICES and not files_of(paths.logs, service):
        raise NotFound(f"there is no service {service!r}", hint=f"The services are {', '.join(_SERVICES)}.")


def _show(line: JsonObject, *, as_json: bool) -> None:
    out(json.dumps(line, ensure_ascii=False) if as_json else log_line(line))
