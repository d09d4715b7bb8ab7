"""`aura config`: which settings hold and why, what can be set, and changing it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aura_cli.answers import JsonObject, object_of, objects_of, text_of, texts_of
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import bold, coloured, cut, dim, note, out, out_json, safe, table, width
from aura_cli.targets import repository_of
from aura_shared import control
from aura_shared.errors import AuraError, DaemonDown, NotFound, SettingsError, UsageProblem
from aura_shared.layers import read_layers
from aura_shared.paths import find_paths
from aura_shared.settings_effects import counts_in_project

if TYPE_CHECKING:
    from aura_shared.settings_editing import Edit, SettingInfo

RELOAD_TIMEOUT_S: Final = 120.0  # Services are started anew at the same time; each has 35 s.
_TAKES_WIDTH: Final = 34


@click.group(
    cls=GroupWithExamples,
    examples=["aura config explain", "aura config describe code", "aura config set code.workers 4"],
)
def config() -> None:
    """Explain the settings, and change them.

    Later layers win: defaults, the user's config.toml, the project's .aura/config.toml, environment variables such as
    AURA_LOG__LEVEL, flags.
    """


@config.command(
    cls=WithExamples,
    examples=["aura config explain", "aura config explain gateway", "aura config explain log.level --json"],
)
@click.argument("key", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def explain(*, key: str | None, as_json: bool) -> None:
    """Show every setting with its value and the layer that it comes from; KEY narrows it to a section or a setting."""
    from aura_shared import settings  # noqa: PLC0415 - needs pydantic, which costs more than the rest of the command

    project = repository_of(Path.cwd())
    found = {entry.key: entry for entry in settings.explain(read_layers(project))}
    chosen = [found[name] for name in _chosen(found, key, "aura config explain")]
    if as_json:
        entries: list[JsonObject] = [
            {"key": entry.key, "value": entry.value, "layer": entry.layer, "origin": entry.origin} for entry in chosen
        ]
        out_json({"settings": entries})
        return
    longest = max(len(entry.key) for entry in chosen)
    rows = [
        [
            entry.key,
            bold(cut(safe(json.dumps(entry.value, ensure_ascii=False)), max(12, width() - longest - 40))),
            dim(entry.layer) if entry.layer == "default" else coloured(entry.layer, "cyan"),
            dim(safe(entry.origin)),
        ]
        for entry in chosen
    ]
    for line in table(["SETTING", "VALUE", "FROM", ""], rows):
        out(line)
    note(dim(f"The user's file is {find_paths().user_settings}"))


@config.command(
    cls=WithExamples, examples=["aura config describe", "aura config describe code", "aura config describe log.level"]
)
@click.argument("key", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def describe(*, key: str | None, as_json: bool) -> None:
    """Show what can be set: meaning, type, range and default; KEY narrows it to a section or a setting."""
    from aura_shared import settings_catalog  # noqa: PLC0415 - needs pydantic

    found = {info.key: info for info in settings_catalog.describe()}
    chosen = [found[name] for name in _chosen(found, key, "aura config describe")]
    if as_json:
        out_json({"settings": [_as_json(info) for info in chosen]})
        return
    if key in found:
        _describe_one(chosen[0])
        return
    rows = [
        [info.key, cut(_takes(info), _TAKES_WIDTH), bold(cut(json.dumps(info.default, ensure_ascii=False), 24))]
        for info in chosen
    ]
    for line in table(["SETTING", "TAKES", "DEFAULT"], rows):
        out(line)
    note(dim("`aura config describe SETTING` tells what one means."))


@config.command("set", cls=WithExamples, examples=[
    "aura config set code.workers 4",
    'aura config set code.exclude "vendor/, *.min.js" --project',
    "aura config set log.level debug --dry-run",
    """aura config set findings.levels '{"broad-except": "error"}' --project""",
])  # fmt: skip
@click.argument("key")
@click.argument("value")
@click.option("--project", is_flag=True, help="In .aura/config.toml of this repository instead of your own file.")
@click.option("--dry-run", is_flag=True, help="Show the difference, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def set_(*, key: str, value: str, project: bool, dry_run: bool, as_json: bool) -> None:
    """Set KEY to VALUE in your settings file, and show the difference.

    A list is written `a,b` or as JSON, a table as JSON. Comments and everything else in the file stay. A running Aura
    takes the change in at once; services that have to are started anew.
    """
    _change({key: value}, project=project, dry_run=dry_run, as_json=as_json)


@config.command(
    cls=WithExamples, examples=["aura config unset code.workers", "aura config unset code.exclude --project"]
)
@click.argument("key")
@click.option("--project", is_flag=True, help="From .aura/config.toml of this repository instead of your own file.")
@click.option("--dry-run", is_flag=True, help="Show the difference, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def unset(*, key: str, project: bool, dry_run: bool, as_json: bool) -> None:
    """Take KEY out of your settings file, so that a weaker layer or the default holds, and show the difference."""
    _change({key: None}, project=project, dry_run=dry_run, as_json=as_json)


def _change(edits: Mapping[str, str | None], *, project: bool, dry_run: bool, as_json: bool) -> None:
    from aura_shared.settings_editing import apply_edit, plan_edit  # noqa: PLC0415 - needs pydantic

    if project:
        root = repository_of(Path.cwd())
        if root is None:
            raise UsageProblem(f"{Path.cwd()} is in no git repository", hint="Run it in one, or without --project.")
        edit = plan_edit(edits, layer="project", project_root=root)
    else:
        edit = plan_edit(edits, layer="user", project_root=_project_beside())
    former = None if dry_run else apply_edit(edit)
    written = bool(edit.diff) and not dry_run
    taken_in = _reload(edit) if written else None
    if as_json:
        out_json({
            "path": str(edit.path),
            "diff": list(edit.diff),
            "written": written,
            "kept": str(former) if former else None,
            "overruled": [one._asdict() for one in edit.overruled],
            "reload": taken_in,
        })  # fmt: skip
        return
    _show(edit, former, dry_run=dry_run)
    if written:
        _tell_reload(taken_in)


def _reload(edit: Edit) -> JsonObject | None:
    """Have the daemon take the change in; None when none runs."""
    request: JsonObject = {"do": "reload"}
    if edit.layer == "project":
        request["project_keys"] = [key for key in edit.keys if counts_in_project(key)]
    try:
        return control.call(find_paths(), request, timeout_s=RELOAD_TIMEOUT_S)
    except DaemonDown:
        return None
    except AuraError as error:  # The file is written all the same.
        return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def _tell_reload(taken_in: JsonObject | None) -> None:
    if taken_in is None:
        note(dim("Aura is not running; it reads its settings when it starts."))
        return
    problem = object_of(taken_in, "error")
    if problem:
        note(f"The file is written, and Aura did not take it in: {safe(text_of(problem, 'message'))}")
        return
    restarted = texts_of(taken_in, "restarted")
    note(f"Started anew: {', '.join(restarted)}." if restarted else "No service had to be started anew.")
    for one in objects_of(taken_in, "later"):
        note(f"{text_of(one, 'key')}: {safe(text_of(one, 'why'))}.")


def _show(edit: Edit, former: Path | None, *, dry_run: bool) -> None:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in edit.diff:
        out(coloured(safe(line), colours[line[0]]) if line[0] in colours else safe(line))
    if not edit.diff:
        out(f"Nothing changes in {safe(str(edit.path))}.")
    elif dry_run:
        note("Nothing was written.")
    elif former is not None:
        note(dim(f"What the file held before is kept in {safe(str(former))}"))
    for one in edit.overruled:
        note(f"{one.key} does not change here: {one.layer} wins ({safe(one.origin)}).")
    if edit.layer == "project" and edit.diff:
        for key in edit.keys:
            if not counts_in_project(key):
                note(f"A project's file has no effect on {key}; set it in your own, without --project.")


def _project_beside() -> Path | None:
    """The repository around the working directory, whose settings win over the user's; not where they are wrong."""
    from aura_shared.settings import load_settings  # noqa: PLC0415 - needs pydantic

    root = repository_of(Path.cwd())
    try:
        load_settings(root)
    except SettingsError:
        return None
    return root


def _chosen(known: Iterable[str], key: str | None, command: str) -> list[str]:
    """The settings that a person means by a key, a section or nothing."""
    names = list(known)
    found = [name for name in names if key is None or name == key or name.startswith(f"{key}.")]
    if not found:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

        near = get_close_matches(key or "", names, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"`{command}` lists all of them."
        raise NotFound(f"there is no setting or section {key!r}", hint=hint)
    return found


def _takes(info: SettingInfo) -> str:
    return ", ".join(info.choices) if info.choices else f"{info.takes} {info.bounds}".strip()


def _describe_one(info: SettingInfo) -> None:
    out(f"{bold(info.key)}  {dim(_takes(info))}")
    out(info.about)
    out(f"Default: {json.dumps(info.default, ensure_ascii=False)}")
    if info.user_only:
        out("A project's file cannot set it.")
    elif not info.in_project:
        out("It counts in your own file only.")
    if info.services:
        out(f"Taken in by: {', '.join(info.services)}")


def _as_json(info: SettingInfo) -> JsonObject:
    return {
        "key": info.key,
        "section": info.section,
        "about": info.about,
        "takes": info.takes,
        "default": info.default,
        "choices": list(info.choices),
        "bounds": info.bounds,
        "user_only": info.user_only,
        "in_project": info.in_project,
        "services": list(info.services),
        "secret": info.secret,
    }
