"""`aura git health` and `aura git watch`: the upkeep of a repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe, seconds
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import Cancelled, GateClosed
from aura_shared.paths import find_paths

__all__ = ["health", "watch"]

_LONG_S: Final = 300.0
_MOST_SHOWN: Final = 8
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")


@click.command(
    cls=WithExamples, examples=["aura git health", "aura git health --fix missing-ignore", "aura git health --json"]
)
@click.option("--fix", "rule", default="", metavar="RULE", help="Mend this finding.")
@click.option("--item", "items", multiple=True, metavar="NAME", help="With --fix: only this item; can be given again.")
@click.option("--dry-run", is_flag=True, help="With --fix: only show what would change.")
@click.option("-y", "--yes", is_flag=True, help="With --fix: do it without asking.")
@_json_option
@_project_option
def health(*, rule: str, items: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool, project: str | None) -> None:
    """Show what is wrong in a repository, why it matters, and what mends it."""
    name = _project(project)
    if rule:
        _fix({"project": name, "rule": rule, "items": list(items)}, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    answer = _post("health", {"project": name})
    if as_json:
        out_json(answer)
        return
    findings = objects_of(answer, "findings")
    for one in findings:
        _finding(one)
    if not findings:
        out("Nothing is wrong.")
    for line in texts_of(answer, "skipped"):
        note(dim(f"not checked: {safe(line)}"))
    took = seconds(number_of(answer, "seconds"))
    note(dim(f"{plural(len(findings), 'finding')}, {plural(len(texts_of(answer, 'checked')), 'rule')} in {took}"))


def _finding(one: JsonObject) -> None:
    rule = safe(text_of(one, "rule"))
    out(f"{text_of(one, 'level'):<8} {bold(safe(text_of(one, 'what')))}  {dim(rule)}")
    out(f"         {safe(text_of(one, 'why'))}")
    items = objects_of(one, "items")
    for item in items[:_MOST_SHOWN]:
        out(f"           {safe(text_of(item, 'name'))}  {dim(safe(text_of(item, 'detail')))}")
    if (more := count_of(one, "count") - _MOST_SHOWN) > 0:
        out(f"           {dim(f'and {more} more')}")
    if command := text_of(one, "command"):
        out(f"         → {safe(command)}")


def _fix(body: JsonObject, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    if not yes and not dry_run:
        if not asks():
            raise GateClosed("nothing is mended without a yes", hint="Look with --dry-run, then add --yes.")
        _mended(_post("health/mend", {**body, "dry_run": True}))
        if not ask("Do this?"):
            raise Cancelled("nothing was changed")
    answer = _post("health/mend", {**body, "dry_run": dry_run})
    if as_json:
        out_json(answer)
        return
    _mended(answer)


def _mended(answer: JsonObject) -> None:
    done = flag_of(answer, "done")
    for item in texts_of(answer, "items"):
        out(f"{'mended' if done else 'would mend'} {safe(item)}")
    for line in text_of(answer, "diff").splitlines():
        out(safe(line))
    if notice := text_of(answer, "notice"):
        note(safe(notice))
    if operation := text_of(answer, "operation"):
        note(dim(f"aura git undo {operation} takes it back"))


@click.command(
    cls=WithExamples, examples=["aura git watch", "aura git watch propose", "aura git watch commit --quiet 900"]
)
@click.argument("mode", default="", type=click.Choice(["", "off", "propose", "commit", "push"]))
@click.option("--quiet", type=float, metavar="SECONDS", help="How long files have to be at rest first (600).")
@_json_option
@_project_option
def watch(*, mode: str, quiet: float | None, as_json: bool, project: str | None) -> None:
    """Show or set what the watch does in this repository once files are at rest: off, propose, commit or push."""
    answer = _post("watch", {"project": _project(project), "mode": mode or None, "quiet_s": quiet})
    if as_json:
        out_json(answer)
        return
    now = text_of(answer, "mode")
    out(f"watch: {bold(now)}, after {seconds(number_of(answer, 'quiet_s'))} at rest")
    if notice := text_of(answer, "notice"):
        note(safe(notice))
    if now == "off":
        note(dim("aura git watch propose switches it on"))


def _project(project: str | None) -> str:
    return find_project(find_paths(), project, Path.cwd()).id


def _post(route: str, body: JsonObject) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git/{route}", body, timeout_s=_LONG_S))
