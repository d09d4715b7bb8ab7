"""What the commands about a plan have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

__all__ = ["ask_plan", "plan_options", "write_picture"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_LIMIT_S: Final = 120.0
_OPTIONS: Final = (
    click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path."),
    click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer."),
)


def plan_options(command: CommandT) -> CommandT:
    """The options `--project` and `--json`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ask_plan(route: str, body: Mapping[str, object], project: str | None, timeout_s: float = _LIMIT_S) -> JsonObject:
    """The answer to a question about the plan of a project."""
    paths = find_paths()
    found = find_project(paths, project, Path.cwd()).id
    asked = {"project": found, **body}
    return with_daemon(paths, lambda gateway: gateway.post(f"/v1/plan/{route}", asked, timeout_s=timeout_s))


def write_picture(file: Path, text: str) -> None:
    """Write a picture.

    Raises:
        UsageProblem: It cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"cannot write {file}: {error.strerror or error}", hint="Check the folder.") from error
