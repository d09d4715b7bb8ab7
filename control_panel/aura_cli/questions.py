"""What the commands that ask one question about a project have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, text_of
from aura_cli.gateway import Gateway
from aura_cli.screen import ProgressLine, dim, note, out, safe
from aura_cli.targets import find_project, inside, wait_for_index, with_daemon
from aura_shared.errors import IndexBuilding, UsageProblem
from aura_shared.paths import find_paths
from aura_shared.projects import Project

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_OPTIONS = (
    click.option("-p", "--project", metavar="NAME", help="Identifier, name or path; default: the one around you."),
    click.option("--no-wait", is_flag=True, help="Fail while the index is being built, rather than wait for it."),
    click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer."),
)


def about_a_project(command: CommandT) -> CommandT:
    """The options `--project`, `--no-wait` and `--json`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def limit_option(most: int, default: int, what: str) -> Callable[[CommandT], CommandT]:
    """The option `--limit`."""
    return click.option(
        "-n", "--limit", type=click.IntRange(1, most), default=default, show_default=True, help=f"Most {what}."
    )


def target_of(project: str | None) -> Project:
    """The project that a command is about."""
    return find_project(find_paths(), project, Path.cwd())


def asked(target: Project, route: str, body: Mapping[str, object], *, no_wait: bool) -> JsonObject:
    """The answer to a question; while the index or the analysis is under way, that is shown and waited for."""

    def ask(gateway: Gateway) -> JsonObject:
        with ProgressLine() as progress:
            while True:
                try:
                    return gateway.post(f"/v1/{route}", {"project": target.id, **body})
                except IndexBuilding as error:
                    if no_wait:
                        raise
                    # The service itself waits some seconds before it says so; this is no busy loop.
                    text = f"{error.message[:1].upper()}{error.message[1:]} …"
                    progress.show(text, milestone=f"Waiting for Aura to analyse {target.name} …")
                    wait_for_index(gateway, target)

    return with_daemon(find_paths(), ask)


def place_or_name(text: str, target: Project) -> dict[str, object]:
    """What a person names: `path:line`, a file, or a symbol, as the fields of a question.

    Raises:
        UsageProblem: It is empty.
    """
    text = text.strip()
    if not text:
        raise UsageProblem("the name is empty", hint="Name a symbol, a file, or FILE:LINE.")
    file, _, line = text.rpartition(":")
    if file and line.isdigit() and _exists(file, target):
        return {"path": inside(target, file), "line": int(line)}
    if _exists(text, target):
        return {"path": inside(target, text)}
    return {"symbol": text}


def _exists(text: str, target: Project) -> bool:
    if "\0" in text:
        return False
    return Path(text).is_file() or (Path(target.root) / text).is_file()


def close(answer: JsonObject, facts: str, limit: int | None = None, most: int = 500) -> None:
    """Print why there is nothing, and the line under an answer."""
    reason = text_of(answer, "reason")
    if reason:
        out(safe(reason))
    more = f" · there are more: --limit {min(most, limit * 2)}" if limit and flag_of(answer, "more") else ""
    pending = count_of(object_of(answer, "freshness"), "pending")
    behind = f" · {pending} changed files not analysed yet" if pending else ""
    note(dim(facts + more + behind))
