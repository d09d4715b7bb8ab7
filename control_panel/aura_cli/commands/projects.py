"""`aura init` and `aura projects`: they work with the daemon up and with it down."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from aura_cli import screen
from aura_cli.answers import JsonObject, count_of, object_of, objects_of, text_of
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.gateway import Gateway, project_path
from aura_cli.screen import bold, dim, note, out, out_json, plural
from aura_cli.targets import open_registry, refuse_too_wide, register, repository_of
from aura_shared.errors import DaemonDown, UnknownProject
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.projects import Project

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


@click.command(cls=WithExamples, examples=["aura init", "aura init ~/src/shop"])
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("-y", "--yes", is_flag=True, help="Register even the home folder or a folder around it.")
@_AS_JSON
def init(*, path: Path | None, yes: bool, as_json: bool) -> None:
    """Register a repository or a plain folder, so that Aura indexes it and keeps the index fresh.

    Without PATH it is the git repository around the working directory, or the directory itself.
    """
    paths = find_paths().prepare()
    root = path.expanduser() if path is not None else repository_of(Path.cwd()) or Path.cwd()
    if not yes:
        refuse_too_wide(root)
    project, added = register(paths, root)
    if as_json:
        out_json({"project": asdict(project), "added": added})
        return
    out(f"{'Registered' if added else 'Already registered:'} {bold(project.name)} {dim(project.root)}")
    tell_overlaps(paths, project)
    try:
        Gateway(paths).get("/v1/status")
        out(dim("It is being indexed; `aura status` shows the progress."))
    except DaemonDown:
        out(dim("Aura is not running: `aura up` starts it and builds the index."))


def tell_overlaps(paths: AuraPaths, project: Project) -> None:
    """Say which other projects index the same files."""
    for other in open_registry(paths).overlapping(project):
        inside = other.contains(Path(project.root))
        note(
            f"note: {project.name} lies {'inside' if inside else 'around'} the project {other.name} ({other.root}); "
            "the shared files are indexed for both."
        )


@click.group(
    invoke_without_command=True,
    cls=GroupWithExamples,
    examples=["aura projects", "aura projects remove shop", "aura projects reindex"],
)
@_AS_JSON
@click.pass_context
def projects(context: click.Context, *, as_json: bool) -> None:
    """List, remove or reindex the registered projects."""
    if context.invoked_subcommand is None:
        show_projects(as_json=as_json)


@projects.command("list", cls=WithExamples, examples=["aura projects list --json"])
@_AS_JSON
def list_projects(*, as_json: bool) -> None:
    """List the projects with the state of their indexes."""
    show_projects(as_json=as_json)


def show_projects(*, as_json: bool) -> None:
    """Print the projects: with their indexes when the daemon runs, from the register when not."""
    paths = find_paths()
    try:
        answer = Gateway(paths).get("/v1/projects")
        running = True
    except DaemonDown:
        answer: JsonObject = {
            "projects": [{**asdict(project), "phase": "stopped"} for project in open_registry(paths).list()]
        }
        running = False
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "projects")
    if not found:
        out("No project is registered. `aura init` registers this repository.")
        return
    for line in project_table(found):
        out(line)
    if not running:
        note(dim("Aura is not running: `aura up` starts it."))


def project_table(found: list[JsonObject]) -> list[str]:
    """Lines of a table of projects, fitted to the terminal."""
    rows = [
        [
            bold(screen.safe(text_of(info, "name"))),
            text_of(info, "id"),
            index_state(info),
            f"{count_of(info, 'files'):,}",
            f"{count_of(info, 'lines'):,}",
            screen.safe(_home_short(text_of(info, "root"))),
        ]
        for info in found
    ]
    used = [max(screen.cells(row[i]) for row in rows) for i in range(5)]
    room = max(16, screen.width() - sum(max(n, 7) for n in used) - 10)
    for row in rows:
        row[5] = dim(screen.shorten_path(row[5], room))
    return screen.table(["PROJECT", "ID", "INDEX", "FILES", "LINES", "FOLDER"], rows, right=(3, 4))


def index_state(info: JsonObject) -> str:
    """The phase of a project's index in a few words."""
    phase = text_of(info, "phase", "stopped")
    total, done = count_of(info, "files_total"), count_of(info, "files_done")
    text = f"building {done / total:.0%}" if phase == "building" and total else phase
    pending = count_of(object_of(info, "freshness"), "pending")
    if phase == "ready" and pending:
        text = f"ready, {pending:,} pending"
    return screen.state(phase, text)


def _home_short(path: str) -> str:
    home = os.environ.get("HOME", "")
    return "~" + path[len(home) :] if len(home) > 1 and path.startswith(home + "/") else path


@projects.command(cls=WithExamples, examples=["aura projects remove shop"])
@click.argument("project", required=False)
@_AS_JSON
def remove(*, project: str | None, as_json: bool) -> None:
    """Forget a project and delete its index; the project's own files are not touched.

    PROJECT is an identifier, a name or a path; without it, the project around the working directory.
    """
    paths = find_paths()
    found = _named(paths, project)
    try:
        Gateway(paths).delete(project_path(found.id))
    except DaemonDown:
        open_registry(paths).remove(found.id)
        _delete_index(paths.index(found.id))
    if as_json:
        out_json({"removed": asdict(found)})
    else:
        out(f"Removed {bold(found.name)} {dim(found.root)}; its files are as they were.")


def _delete_index(folder: Path) -> None:
    import shutil  # noqa: PLC0415 - only for this command

    shutil.rmtree(folder, ignore_errors=True)


@projects.command(cls=WithExamples, examples=["aura projects reindex"])
@click.argument("project", required=False)
@_AS_JSON
def reindex(*, project: str | None, as_json: bool) -> None:
    """Throw the index of a project away and build it again. Needs the daemon.

    PROJECT is an identifier, a name or a path; without it, the project around the working directory.
    """
    paths = find_paths()
    found = _named(paths, project)
    answer = Gateway(paths).post(project_path(found.id, "reindex"), {})
    if as_json:
        out_json(answer)
        return
    files = count_of(object_of(answer, "project"), "files")
    before = f" ({plural(files, 'file')} before)" if files else ""
    out(f"The index of {bold(found.name)} is being built again{before}; `aura status` shows the progress.")


def _named(paths: AuraPaths, wanted: str | None) -> Project:
    registry = open_registry(paths)
    if wanted is not None:
        return registry.find(wanted)
    found = registry.containing(Path.cwd())
    if found is None:
        raise UnknownProject("the working directory belongs to no registered project")
    return found
