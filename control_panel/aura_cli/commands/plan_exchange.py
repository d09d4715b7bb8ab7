"""`aura plan import` and `aura plan export`: plans of other tools."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, flag_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import plan_options
from aura_cli.plan_exchange_view import show_export, show_import
from aura_cli.screen import out_json
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import TooLarge, UnknownFile, UsageProblem
from aura_shared.paths import find_paths

__all__ = ["EXCHANGE_COMMANDS"]

_FORMATS: Final = ("taskmaster", "speckit", "openspec", "bmad", "backlog", "csv", "gh-json", "task-list")
_MOST_BYTES: Final = 2_000_000
_LIMIT_S: Final = 900.0
"""A plan of thousands of items is as many files, each on disk before the next."""


@click.command(
    "import",
    cls=WithExamples,
    examples=[
        "aura plan import .taskmaster/tasks/tasks.json --dry-run",
        "aura plan import specs/001-login",
        "gh issue list --state all --json number,title,state,body,labels | aura plan import - --from gh-json",
    ],
)
@click.argument("path", default="", required=False)
@click.option("--from", "form", type=click.Choice(_FORMATS), help="Its format; recognised when it is left out.")
@click.option("--dry-run", is_flag=True, help="Only show what would become what.")
@click.option(
    "--prefer",
    type=click.Choice(["plan", "source"]),
    default="plan",
    show_default=True,
    help="Whose word counts where both changed since the last import.",
)
@click.option("--lenient", is_flag=True, help="Take ids that stand twice, and cycles, instead of refusing them.")
@click.option(
    "-n", "--limit", type=click.IntRange(0, 5000), default=40, show_default=True, help="Most items and findings shown."
)
@plan_options
def import_command(
    *,
    path: str,
    form: str | None,
    dry_run: bool,
    prefer: str,
    lenient: bool,
    limit: int,
    project: str | None,
    as_json: bool,
) -> int:
    """Read a plan of another tool into items. Exit code 1 when it is refused.

    PATH is a file or folder: Task Master, spec-kit, OpenSpec, BMAD, Backlog.md, a CSV, issues as `gh` prints them, or a
    list of checkboxes; `-` reads standard input. Importing again takes in what changed there, and doubles nothing.
    """
    paths = find_paths()
    found = find_project(paths, project, Path.cwd())
    body: JsonObject = {"project": found.id, "format": form, "prefer": prefer, "lenient": lenient, "dry_run": dry_run}
    body = {**body, "limit": limit, **_source(path, Path(found.root))}
    answer = with_daemon(paths, lambda gateway: gateway.post("/v1/plan/import", body, timeout_s=_LIMIT_S))
    if as_json:
        out_json(answer)
    else:
        show_import(answer, dry_run=dry_run)
    return 1 if flag_of(answer, "refused") else 0


@click.command(
    "export",
    cls=WithExamples,
    examples=["aura plan export csv > plan.csv", "aura plan export taskmaster .taskmaster/tasks/tasks.json --dry-run"],
)
@click.argument("form", metavar="FORMAT", type=click.Choice(_FORMATS))
@click.argument("path", default="", required=False)
@click.option("--in", "item", default="", metavar="ITEM", help="Only this item and what belongs to it.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@click.option("--force", is_flag=True, help="Merge with a target that was changed since the last import or export.")
@plan_options
def export_command(
    *, form: str, path: str, item: str, dry_run: bool, force: bool, project: str | None, as_json: bool
) -> None:
    """Write the plan in the format of another tool.

    FORMAT is one of taskmaster, speckit, openspec, bmad, backlog, csv, gh-json, task-list. What is at PATH already is
    merged with: only what the plan says otherwise is changed. Without PATH a format of one file is printed.
    """
    paths = find_paths()
    found = find_project(paths, project, Path.cwd())
    target = _inside(path, Path(found.root)) if path else ""
    if target is None:
        raise UsageProblem(f"{path} lies outside of the project", hint="Leave the path out and redirect the output.")
    body: JsonObject = {"project": found.id, "format": form, "path": target, "item": item}
    body = {**body, "dry_run": dry_run, "force": force}
    answer = with_daemon(paths, lambda gateway: gateway.post("/v1/plan/export", body, timeout_s=_LIMIT_S))
    if as_json:
        out_json(answer)
        return
    if not path:
        click.echo(text_of(answer, "content"), nl=False)
    show_export(answer)


def _inside(path: str, root: Path) -> str | None:
    """A path as it is relative to the project; None when it lies outside."""
    place = Path(path).expanduser().absolute()
    resolved = place.parent.resolve() / place.name
    for base in (root.absolute(), root.resolve()):
        if base in {resolved, place}:
            return ""
        if resolved.is_relative_to(base):
            return resolved.relative_to(base).as_posix()
    return None


def _source(path: str, root: Path) -> JsonObject:
    """Where to read from: a path in the project, or the bytes of a file elsewhere.

    Raises:
        UnknownFile: There is none, or it cannot be read.
        TooLarge: It is larger than any plan.
        UsageProblem: It is a folder outside of the project.
    """
    inside = _inside(path, root) if path != "-" else None
    if not path or (inside is not None and Path(path).exists()):
        return {"path": inside or ""}
    if path != "-" and Path(path).is_dir():
        raise UsageProblem(f"{path} lies outside of the project", hint="Copy it into the project, or add it as one.")
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if path == "-" else _head(Path(path))
    except OSError as error:
        raise UnknownFile(f"cannot read {path}: {error.strerror or error}", hint="Check the path.") from error
    if len(data) > _MOST_BYTES:
        raise TooLarge(f"{path} has more than {_MOST_BYTES:,} bytes", hint="Split it.")
    name = "input" if path == "-" else Path(path).name
    return {"path": name, "content": base64.b64encode(data or b"\n").decode("ascii")}


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


EXCHANGE_COMMANDS: Final = (import_command, export_command)
"""Commands of `aura plan` about plans of other tools."""
