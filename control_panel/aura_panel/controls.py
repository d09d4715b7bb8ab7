"""What can be done from everywhere: services, projects, colours; by keys and by the command palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import SystemCommand

from aura_panel.catalogue import VIEWS
from aura_panel.themes import THEMES
from aura_panel.widgets.dialogs import Choice, Choose, Confirm, Prompt
from aura_shared.errors import AuraError
from aura_shared.messages.code import AddProject, ReindexProject, RemoveProject
from aura_shared.messages.core import Progress
from aura_shared.messages.findings import AnalyzeProject
from aura_shared.messages.services import PauseWork, ResumeWork

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["Controls", "commands_of"]

ANALYSE_TIMEOUT_S: Final = 1800.0


class Controls:
    """Carries out what the person asks for, and tells what came of it.

    Args:
        panel: The application; its world is known.
    """

    def __init__(self, panel: PanelApp) -> None:
        self._panel = panel
        assert panel.world is not None
        self._world = panel.world

    # Services

    async def service(self, name: str, do: str) -> None:
        """Do `restart`, `stop` or `start` with a service; without a name it is chosen first."""
        name = name or await self._choose_service(do)
        if not name:
            return
        if do == "stop" and not await self._panel.push_screen_wait(
            Confirm("Stop a service", f"Stop {name}? What needs it fails until it is started again.", "Stop")
        ):
            return
        self._panel.notify(f"{do.capitalize()}: {name} …", timeout=2)
        await self._told(partial(self._world.link.control, {"do": do, "service": name}), f"{name}: {do} done.")
        self._world.look_again()

    async def _choose_service(self, do: str) -> str:
        choices = [Choice(name, name, str(service.get("state"))) for name, service in self._world.services.items()]
        if not choices:
            self._panel.notify("Aura is not running. Ctrl-S starts it.")
            return ""
        return await self._panel.push_screen_wait(Choose(f"{do.capitalize()} which service?", choices)) or ""

    async def stop_daemon(self) -> None:
        """Stop Aura after a yes."""
        sure = await self._panel.push_screen_wait(
            Confirm(
                "Stop Aura",
                "Stop all services? Editors and agents lose their answers until it is started again.",
                "Stop",
            )
        )
        if sure:
            await self._told(self._world.link.stop, "Aura has stopped.")
            self._world.look_again()

    # Background work

    async def pause(self, for_s: float | None) -> None:
        """Let work that nobody asked for wait."""
        await self._told(lambda: self._world.link.ask(PauseWork(for_s=for_s)), "Background work waits.")

    async def resume(self) -> None:
        """Let it go on."""
        await self._told(lambda: self._world.link.ask(ResumeWork()), "Background work goes on.")

    # Projects

    async def register(self) -> None:
        """Register a folder."""
        here = str(Path.cwd())
        answer = await self._panel.push_screen_wait(Prompt("Register a project", "Folder of a repository:", here))
        if answer:
            folder = str(Path(answer).expanduser())  # noqa: ASYNC240 - it only looks up the home folder
            await self._told(lambda: self._world.link.ask(AddProject(path=folder)), f"{folder} is registered.")

    async def remove(self) -> None:
        """Take a project out of the register after a yes."""
        project = await self._choose_project("Remove which project?")
        info = self._world.projects.get(project)
        if info is None:
            return
        text = f"Aura forgets {info.name} and drops its index. Its files stay as they are."
        if await self._panel.push_screen_wait(Confirm("Remove a project", text, "Remove")):
            await self._told(
                lambda: self._world.link.ask(RemoveProject(project=project)), f"{info.name} is no longer registered."
            )

    async def reindex(self) -> None:
        """Build the index of the chosen project anew."""
        project = self._panel.project
        if project:
            await self._told(lambda: self._world.link.ask(ReindexProject(project=project)), "The index is built anew.")

    async def analyse(self) -> None:
        """Analyse the chosen project now."""
        project = self._panel.project
        info = self._world.projects.get(project)
        if info is None:
            self._panel.notify("No project is chosen.")
            return
        self._panel.notify(f"Analysing {info.name} …", timeout=3)

        async def ask() -> str:
            found = await self._world.link.ask(
                AnalyzeProject(project=project, limit=1), timeout_s=ANALYSE_TIMEOUT_S, on_progress=_ignore
            )
            levels = ", ".join(f"{number} {level}" for level, number in found.levels.items()) or "no findings"
            return f"{info.name}: {levels} in {found.files:,} files, {found.seconds:.1f} s."

        try:
            self._panel.notify(await ask(), markup=False)
        except AuraError as error:
            self._panel.show_error(error)

    async def _choose_project(self, title: str) -> str:
        projects = sorted(self._world.projects.values(), key=lambda info: info.name)
        if not projects:
            self._panel.notify("No project is registered.")
            return ""
        choices = [Choice(info.id, info.name, info.root) for info in projects]
        return await self._panel.push_screen_wait(Choose(title, choices, self._panel.project)) or ""

    async def _told(self, act: Callable[[], object], done: str) -> None:
        """Do something and tell that it is done, or why it is not."""
        from inspect import isawaitable  # noqa: PLC0415 - light

        try:
            result = act()
            if isawaitable(result):
                await result
            self._panel.notify(done, markup=False)
        except AuraError as error:
            self._panel.show_error(error)


def _ignore(_progress: Progress) -> None:
    """Progress is asked for so that a long wait has no bound; the service tells the log."""


def commands_of(panel: PanelApp) -> Iterator[SystemCommand]:
    """The commands of the palette."""
    for number, entry in enumerate(VIEWS, 1):
        yield SystemCommand(
            f"Go to {entry.title}", f"{entry.about} Key {number}.", partial(panel.action_view, entry.name)
        )
    for title, about, act in (
        ("Choose project", "What the views show. Key p.", panel.action_choose_project),
        ("Analyse project", "Run all rules and tools on the chosen project now.", panel.action_analyse),
        ("Register project", "Index a folder.", panel.action_register_project),
        ("Remove project", "Forget a project; its files stay.", panel.action_remove_project),
        ("Reindex project", "Build the index of the chosen project anew.", panel.action_reindex),
        ("Restart service", "End a process and start it again; nothing is lost.", panel.restart_service),
        ("Stop service", "Until it is started again.", partial(panel.stop_or_start_service, "", "stop")),
        ("Start service", "One that was stopped.", partial(panel.stop_or_start_service, "", "start")),
        ("Pause background work", "What nobody asked for waits until it is resumed.", panel.pause_work),
        ("Pause background work for an hour", "It goes on by itself.", partial(panel.pause_work, 3600.0)),
        ("Resume background work", "After a pause.", panel.resume_work),
        ("Start Aura", "When it does not run. Key Ctrl-S.", panel.action_start_daemon),
        ("Stop Aura", "All services, after a yes.", panel.action_stop_daemon),
        ("Help", "What this view is for, and its keys. Key ?.", panel.action_help),
        ("Quit", "Leave the panel; Aura goes on. Key q.", panel.exit),
    ):
        yield SystemCommand(title, about, act)
    for name in THEMES:
        yield SystemCommand(f"Theme: {name}", "Colours of the panel.", partial(setattr, panel, "theme", name))
