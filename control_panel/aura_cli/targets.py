"""Which project a command is about, and what is done when it cannot be asked yet.

Three things can stand between a question and its answer: Aura is not running, the folder is not registered, the index
is still being built. With a person at the terminal each is offered to be mended; without one it is an error that names
the next step.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from aura_cli.answers import JsonObject, count_of, object_of, text_of
from aura_cli.gateway import Gateway
from aura_cli.screen import ProgressLine, ask, asks, note, plural
from aura_shared.errors import DaemonDown, IndexBuilding, NotReady, RequestTimeout, UnknownProject, UsageProblem
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry

START_TIMEOUT_S: Final = 30.0  # All services are ready within 3 s; a busy machine gets ten times that.
STALLED_S: Final = 120.0  # Without a single further file for so long, the index is not being built any more.
_POLL_S: Final = 0.1

T = TypeVar("T")


def repository_of(folder: Path) -> Path | None:
    """The git work tree that `folder` lies in."""
    real = Path(os.path.realpath(folder))
    for candidate in (real, *real.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def too_wide(folder: Path) -> bool:
    """Whether indexing `folder` would mean the home folder or more."""
    home = Path(os.path.realpath(Path.home()))
    return home.is_relative_to(os.path.realpath(folder))


def open_registry(paths: AuraPaths) -> ProjectRegistry:
    """The register of projects; damage to it is told once."""
    registry = ProjectRegistry(paths.projects)
    registry.list()
    if registry.notice:
        note(registry.notice)
    return registry


def find_project(paths: AuraPaths, wanted: str | None, folder: Path) -> Project:
    """The project called `wanted`, or else the one around `folder`; a person is offered to register it.

    Raises:
        UnknownProject: There is none.
    """
    registry = open_registry(paths)
    if wanted is not None:
        return registry.find(wanted)
    found = registry.containing(folder)
    if found is not None:
        return found
    root = repository_of(folder) or folder
    if asks() and not too_wide(root) and ask(f"{root} is not registered. Register and index it now?"):
        return register(paths, root)[0]
    raise UnknownProject(
        f"{folder} belongs to no registered project",
        hint=f"Register it with `aura init {_shown(root, folder)}`, or name one with --project (see `aura projects`).",
    )


def _shown(root: Path, folder: Path) -> str:
    return "." if root == Path(os.path.realpath(folder)) else str(root)


def register(paths: AuraPaths, root: Path) -> tuple[Project, bool]:
    """Register a folder, through the running daemon when there is one, so that it starts to index at once."""
    registry = open_registry(paths)
    known = {project.id for project in registry.list()}
    try:
        answer = Gateway(paths).post("/v1/projects", {"path": os.path.realpath(root)})
    except DaemonDown:
        return registry.add(root)
    project = registry.find(text_of(object_of(answer, "project"), "id"))
    return project, project.id not in known


def inside(project: Project, file: str) -> str:
    """`file` relative to the project's root: as seen from the working directory, or else from the root.

    Raises:
        UsageProblem: It lies outside the project.
    """
    full = Path(os.path.realpath(file))
    if not full.exists() and not Path(file).is_absolute():
        full = Path(os.path.realpath(Path(project.root) / file))
    if not project.contains(full):
        raise UsageProblem(
            f"{file} lies outside the project {project.name} ({project.root})", hint="Name its project with --project."
        )
    return full.relative_to(project.root).as_posix()


def refuse_too_wide(root: Path) -> None:
    """Raises UsageProblem for the home folder and everything around it."""
    if too_wide(root):
        raise UsageProblem(
            f"{root} is the home folder or contains it, and is not registered without being told twice",
            hint="Choose a repository inside it, or add --yes.",
        )


def with_daemon(paths: AuraPaths, call: Callable[[Gateway], T]) -> T:
    """Ask the gateway; where Aura is down, a person is offered to start it.

    Raises:
        DaemonDown: Aura is not running, and nobody wants it to.
    """
    gateway = Gateway(paths)
    try:
        return call(gateway)
    except DaemonDown:
        if not (asks() and ask("Aura is not running. Start it now?")):
            raise
    from aura_cli.daemon import ensure_daemon  # noqa: PLC0415 - a question to a running daemon does not need it

    with ProgressLine() as progress:
        progress.show("Starting Aura …", milestone="Starting Aura …")
        ensure_daemon(paths, START_TIMEOUT_S)
    return call(gateway)


def when_built(gateway: Gateway, project: Project, call: Callable[[], T], *, wait: bool) -> T:
    """Ask a question of an index; while it is being built, show how far it is and ask again.

    Raises:
        IndexBuilding: It is being built, and `wait` is false.
        NotReady: It cannot be built.
    """
    while True:
        try:
            return call()
        except IndexBuilding:
            if not wait:
                raise
            wait_for_index(gateway, project)


def wait_for_index(gateway: Gateway, project: Project) -> None:
    """Wait until the project's index answers, with a progress bar.

    Raises:
        NotReady: It cannot be built.
        UnknownProject: The project was removed meanwhile.
        RequestTimeout: It does not move on.
    """
    moved_at, last = time.monotonic(), ("", -1)
    with ProgressLine() as progress:
        while True:
            info = _info(gateway, project)
            phase, done = text_of(info, "phase"), count_of(info, "files_done")
            if phase == "ready":
                return
            if phase in {"missing", "failed"}:
                raise NotReady(
                    f"the index of {project.name} cannot be built: {text_of(info, 'problem') or phase}",
                    hint="See `aura status` and `aura logs code`.",
                )
            show_building(progress, project.name, info)
            if (phase, done) != last:
                moved_at, last = time.monotonic(), (phase, done)
            if time.monotonic() - moved_at > STALLED_S:
                raise RequestTimeout(f"the index of {project.name} has not moved on for {STALLED_S:.0f} s ({phase})")
            time.sleep(_POLL_S)


def show_building(progress: ProgressLine, name: str, info: JsonObject) -> None:
    """Show how far the index of a project is."""
    phase, done = text_of(info, "phase"), count_of(info, "files_done")
    total = info.get("files_total")
    if isinstance(total, int) and total:
        progress.show(
            f"Indexing {name}: {done:,} of {plural(total, 'file')}",
            done,
            total,
            milestone=f"Indexing {name} ({plural(total, 'file')}) …",
        )
    else:
        seen = f": {plural(done, 'file')} so far" if done else ""
        progress.show(f"Indexing {name}: {phase}{seen} …")


def _info(gateway: Gateway, project: Project) -> JsonObject:
    for info in gateway.projects():
        if text_of(info, "id") == project.id:
            return info
    raise UnknownProject(f"{project.name} is no longer registered")
