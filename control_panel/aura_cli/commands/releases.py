"""`aura release`: what the next release would be, and cutting it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import Cancelled, GateClosed
from aura_shared.paths import find_paths

__all__ = ["release"]

_LONG_S: Final = 600.0
_path_option = click.option("--path", default="", metavar="FOLDER", help="Package of a repository with several.")
_pre_option = click.option("--pre", default="", metavar="NAME", help="A pre-release, such as rc.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")


@click.group(cls=GroupWithExamples, examples=["aura release plan", "aura release cut --push"])
def release() -> None:
    """Work out the next version and its changelog from the history, and cut the release."""


@release.command(
    "plan", cls=WithExamples, examples=["aura release plan", "aura release plan --pre rc --path packages/cart"]
)
@_path_option
@_pre_option
@_json_option
@_project_option
def plan_command(*, path: str, pre: str, as_json: bool, project: str | None) -> None:
    """Show version, reason, changelog and files of the next release. Nothing is written."""
    answer = _post("", {"project": _project(project), "path": path, "pre": pre})
    if as_json:
        out_json(answer)
        return
    _show(answer)
    if text_of(answer, "version") and not texts_of(answer, "obstacles"):
        note(dim("aura release cut makes it; nothing was changed"))


@release.command(
    "cut",
    cls=WithExamples,
    examples=["aura release cut", "aura release cut 2.0.0 --push", "aura release cut --pre rc --yes"],
)
@click.argument("version", default="")
@_path_option
@_pre_option
@click.option("--push", is_flag=True, help="Push branch and tag together.")
@click.option("--dry-run", is_flag=True, help="Only check and show.")
@click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
@_json_option
@_project_option
def cut_command(
    *, version: str, path: str, pre: str, push: bool, dry_run: bool, yes: bool, as_json: bool, project: str | None
) -> None:
    """Write version and changelog, commit and tag. VERSION overrides what the history says."""
    body: JsonObject = {"project": _project(project), "version": version, "path": path, "pre": pre}
    if not yes and not dry_run and (as_json or not asks()):
        raise GateClosed("a release is cut only after a yes", hint="Look with `aura release plan`, then add --yes.")
    if not yes and not dry_run:
        plan = _post("", body)
        _show(plan)
        if not texts_of(plan, "obstacles") and not ask("Cut this release?", default=False):
            raise Cancelled("nothing was released")
    answer = _post("/cut", {**body, "push": push, "dry_run": dry_run})
    if as_json:
        out_json(answer)
        return
    if flag_of(answer, "done"):
        signed = ", signed" if flag_of(answer, "signed") else ""
        out(f"{bold(safe(text_of(answer, 'tag')))} at {text_of(answer, 'commit')[:9]}{signed}")
        if remote := text_of(answer, "pushed"):
            note(f"pushed to {safe(remote)}")
        note(dim(f"aura git undo {text_of(answer, 'operation')} takes it back"))
    else:
        _show(object_of(answer, "plan"))
    if notice := text_of(answer, "notice"):
        note(safe(notice))


def _show(plan: JsonObject) -> None:
    """Print a plan for a person."""
    for line in (*_head_lines(plan), *_text_lines(plan)):
        out(line)
    for line in [*texts_of(plan, "tools"), *texts_of(plan, "notes")]:
        note(dim(safe(line)))
    for line in texts_of(plan, "obstacles"):
        note(f"refused: {safe(line)}")


def _head_lines(plan: JsonObject) -> Iterator[str]:
    """Which version it is, and why."""
    version = text_of(plan, "version")
    if version:
        old = text_of(plan, "current") or "nothing"
        yield f"{bold(safe(version))}  after {safe(old)}, {plural(count_of(plan, 'commits'), 'commit')}"
    yield safe(text_of(plan, "reason"))
    for one in objects_of(plan, "decided_by")[:5]:
        yield f"  {text_of(one, 'commit')[:9]} {safe(text_of(one, 'subject'))}  {dim(safe(text_of(one, 'why')))}"
    yield from (f"  {safe(line)}" for line in texts_of(plan, "evidence"))
    choices = texts_of(plan, "choices")
    if choices:
        yield "Choose: " + "  ".join(f"aura release cut {one}" for one in choices)


def _text_lines(plan: JsonObject) -> Iterator[str]:
    """What would be written."""
    changelog, files = text_of(plan, "changelog"), objects_of(plan, "files")
    if changelog:
        yield ""
        yield from map(safe, changelog.rstrip().split("\n"))
    if files:
        yield ""
        yield from (f"{safe(text_of(one, 'path'))}  {dim(safe(text_of(one, 'what')))}" for one in files)
    if text_of(plan, "version"):
        message = text_of(plan, "message")
        yield f"tag {safe(text_of(plan, 'tag'))}" + (f", commit {safe(message)!r}" if message else ", no commit")


def _project(project: str | None) -> str:
    return find_project(find_paths(), project, Path.cwd()).id


def _post(route: str, body: JsonObject) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git/releases{route}", body, timeout_s=_LONG_S))
