"""The application: it joins link, world and views, and holds what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from aura_panel.catalogue import VIEWS
from aura_panel.key_order import KeyOrder
from aura_panel.themes import THEMES
from aura_panel.widgets.keys import key_name
from aura_panel.widgets.nav import NavBar, Tab
from aura_shared.errors import AuraError

if TYPE_CHECKING:
    from aura_panel.controls import Controls
    from aura_panel.link import Link
    from aura_panel.needs import Need
    from aura_panel.views.view import View
    from aura_panel.world import Part, World
    from aura_shared.bus import Delivery
    from aura_shared.messages.code import ProjectInfo

__all__ = ["PanelApp"]

_ALL_PARTS: Final[frozenset[Part]] = frozenset(
    {"presence", "services", "projects", "findings", "changes", "git", "plan", "models", "approvals", "activity"}
)
_NOTICE_S: Final = 8.0
_EMPTY_BANNER: Final = ""
_NEW_VIEW_S: Final = 0.05
"""Textual paints nothing for so long after a switch, so that a view that is being made does not flicker."""
_KNOWN_VIEW_S: Final = 0.001
_KEEP_S: Final = 2.0
"""What a view made within this time of being shown first stays until the panel ends."""


class PanelApp(App[None]):
    """The control panel.

    Args:
        open_link: Makes the way to the daemon; called after the first picture, since it loads the messages.
        view: Name of the view that is shown first.
        theme: Name of one of the panel's themes.
        project: Identifier, name or folder of the project that is chosen first, or a folder in it.
        keep: Called when a view was made that stays until the panel ends.
    """

    TITLE = "Aura"
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "panel.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {entry.name: entry.make for entry in VIEWS}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"view('{entry.name}')", entry.title, show=False)
            for number, entry in enumerate(VIEWS, 1)
        ),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        Binding("p", "choose_project", "Project"),
        Binding("exclamation_mark", "next_need", "What needs me", key_display="!", show=False),
        Binding("ctrl+s", "start_daemon", "Start Aura", show=False),
        Binding("q", "quit", "Quit"),
    ]

    project: reactive[str] = reactive("", init=False)
    """Identifier of the chosen project."""

    def __init__(
        self,
        open_link: Callable[[], Link],
        *,
        view: str = "home",
        theme: str = "dark",
        project: str = "",
        keep: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._keep = keep
        self.animation_level = "none"
        self.world: World | None = None
        """What is known of Aura; None until the first picture is shown."""
        self._open_link = open_link
        self._first_view = view
        self._wanted_project = project
        self._chosen_by_hand = False
        self._known_presence = "unknown"
        self._shown_before = {view}
        self._switch_pause_s = _NEW_VIEW_S
        self._keys = KeyOrder(self, super().on_event, lambda: self.focused or self.screen)
        for known in THEMES.values():
            self.register_theme(known)
        for name in [name for name in self.available_themes if name not in THEMES and name != "textual-ansi"]:
            self.unregister_theme(name)
        self.theme = theme if theme in THEMES else "dark"

    # Beginning and end

    def on_mount(self) -> None:
        """Show the first view, then connect."""
        self.switch_mode(self._first_view)
        self.call_after_refresh(self._begin)

    @work(exit_on_error=False)
    async def _begin(self) -> None:
        """Load the messages, connect, and follow the daemon until the panel ends."""
        await asyncio.to_thread(import_module, "aura_panel.world")
        from aura_panel.world import World  # noqa: PLC0415 - loads the messages, after the first picture

        link = self._open_link()
        world = World(link)
        world.listeners.append(self._world_changed)
        world.hearers.append(self._heard)
        self.world = world
        for view in self._views():
            view.begin()
        self.set_timer(_KEEP_S, self._keep)
        try:
            await world.run()
        finally:
            await link.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys act one after the other."""
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            await self._keys.take(event)
        else:
            await super().on_event(event)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Tell of work that failed without anybody who caught it; the panel goes on."""
        if event.state is WorkerState.ERROR:
            worker = cast("Worker[object]", event.worker)
            text = f"{worker.name} failed: {worker.error}"
            self.notify(text, severity="error", timeout=_NOTICE_S, markup=False)

    # The chosen project

    def _choose_first_project(self) -> None:
        """Choose the wanted project when it is there, until the person chose; else any."""
        world = self.world
        if world is None:
            return
        wanted = [project.id for project in world.projects.values() if self._is_wanted(project)]
        if wanted and not self._chosen_by_hand:
            self.project = wanted[0]
        elif self.project not in world.projects:
            self.project = next(iter(world.projects), "")

    def _is_wanted(self, project: ProjectInfo) -> bool:
        wanted = self._wanted_project
        return wanted in {project.id, project.name} or Path(wanted or "/").is_relative_to(project.root)

    def watch_project(self) -> None:
        """Tell the views."""
        for view in self._views():
            if self.world is not None:
                view.project_chosen()
            self.show_bars(view)

    @work
    async def action_choose_project(self) -> None:
        """Choose the project that the views show."""
        from aura_panel.widgets.dialogs import Choice, Choose  # noqa: PLC0415 - not for the first picture

        world = self.world
        if world is None or not world.projects:
            self.notify(
                "No project is registered. In the command palette (Ctrl-P): Register project.", timeout=_NOTICE_S
            )
            return
        projects = sorted(world.projects.values(), key=lambda project: project.name)
        choices = [Choice(project.id, project.name, project.root) for project in projects]
        chosen = await self.push_screen_wait(Choose("Project", choices, self.project))
        if chosen:
            self.choose_project(chosen)

    # What views are told

    def _views(self) -> list[View]:
        """The views that were shown already. One that is being made has no widgets yet, and begins by itself."""
        from aura_panel.views.view import View  # noqa: PLC0415 - views import the application for their types

        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        return [screen for screen in screens if isinstance(screen, View) and screen.is_mounted]

    def _world_changed(self, parts: frozenset[Part]) -> None:
        world = self.world
        assert world is not None
        if "projects" in parts:
            self._choose_first_project()
        if "presence" in parts:
            self._presence_changed(world.presence)
        for view in self._views():
            if view is self.screen or view.is_current:
                view.world_changed(parts)
                if not parts.isdisjoint({"presence", "services", "approvals", "changes", "git", "projects"}):
                    self.show_bars(view)

    def _presence_changed(self, presence: str) -> None:
        before, self._known_presence = self._known_presence, presence
        if presence == "up" and before in {"down", "starting", "stopping"}:
            for view in self._views():
                view.reconnected()

    def _heard(self, delivery: Delivery) -> None:
        for view in self._views():
            view.heard(delivery)

    def shown_again(self, view: View) -> None:
        """A view came to the front: it may have missed changes."""
        self.show_bars(view)
        if self.world is not None:
            view.world_changed(_ALL_PARTS)

    def show_bars(self, view: View) -> None:
        """Bring the bars of a view up to date."""
        from aura_panel.views.view import set_text  # noqa: PLC0415 - views import the application for their types

        world = self.world
        bar = view.query_one(NavBar)
        waiting = self._waiting()
        bar.tabs = tuple(
            Tab(entry.name, str(number), entry.title, waiting.get(entry.name, 0))
            for number, entry in enumerate(VIEWS, 1)
            if world is None or not entry.service or world.has_service(entry.service)
        )
        bar.active = view.NAME
        bar.presence = _shown_presence(world)
        project = world.projects.get(self.project) if world is not None else None
        bar.project = project.name if project is not None else ""
        banner = view.query_one("#banner", Static)
        text = self._banner()
        if banner.display != bool(text):
            banner.display = bool(text)
        set_text(banner, text)

    def _waiting(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for need in self.needs():
            counted[need.view] = counted.get(need.view, 0) + 1
        return counted

    def needs(self) -> list[Need]:
        """What waits for the person, the most urgent first."""
        if self.world is None:
            return []
        from aura_panel.needs import needs_of  # noqa: PLC0415 - not for the first picture

        return needs_of(self.world)

    def _banner(self) -> str:
        world = self.world
        if world is None or world.presence in {"unknown", "up"}:
            return _EMPTY_BANNER
        if world.presence == "down":
            return "Aura is not running. What is shown is what was known last.  Ctrl-S starts it."
        if world.presence == "stopping":
            return "Aura is stopping."
        late = [
            f"{name} ({service.get('state')})"
            for name, service in world.services.items()
            if service.get("state") != "ready"
        ]
        return f"Not ready: {', '.join(late)}" if late else "Aura is starting."

    # Actions

    def action_view(self, name: str) -> None:
        """Show a view."""
        entry = next(entry for entry in VIEWS if entry.name == name)
        if self.world is not None and entry.service and not self.world.has_service(entry.service):
            self.notify(
                f"{entry.title} needs the service {entry.service}, which this Aura does not have.", timeout=_NOTICE_S
            )
            return
        self.open_view(name)

    def open_view(self, name: str, target: str = "") -> None:
        """Show a view, and in it the thing with this identifier."""

        def there() -> None:
            from aura_panel.views.view import View  # noqa: PLC0415 - views import the application for their types

            screen = self.screen
            if target and isinstance(screen, View):
                screen.goto(target)

        if self.current_mode != name:
            self._switch_pause_s = _KNOWN_VIEW_S
            if name not in self._shown_before:
                self._switch_pause_s = _NEW_VIEW_S
                self._shown_before.add(name)
                self.set_timer(_KEEP_S, self._keep)
            self.switch_mode(name)
        self.call_after_refresh(there)

    def delay_update(self, delay: float = _NEW_VIEW_S) -> None:
        """Paint nothing for a moment; a view that was shown before needs none."""
        super().delay_update(min(delay, self._switch_pause_s))

    @on(NavBar.Chosen)
    def view_clicked(self, event: NavBar.Chosen) -> None:
        """Show the view that was clicked."""
        self.action_view(event.name)

    def action_next_need(self) -> None:
        """Go to what needs the person most."""
        found = self.needs()
        if not found:
            self.notify("Nothing needs you.")
            return
        self.go_to_need(found[0])

    def go_to_need(self, need: Need) -> None:
        """Show where something is dealt with."""
        if self.world is not None and need.project in self.world.projects:
            self.choose_project(need.project)
        self.open_view(need.view, need.target)

    def choose_project(self, project: str) -> None:
        """The person chose this project."""
        self._chosen_by_hand = True
        self.project = project

    def action_help(self) -> None:
        """Show what this view is for, and its keys."""
        from aura_panel.views.view import View  # noqa: PLC0415 - views import the application for their types
        from aura_panel.widgets.dialogs import Help  # noqa: PLC0415 - not for the first picture

        screen = self.screen
        if not isinstance(screen, View):
            return
        entry = next(entry for entry in VIEWS if entry.name == screen.NAME)
        about = "\n\n".join([entry.about, " ".join(screen.HELP_TEXT.split())])
        self.push_screen(Help(entry.title, about, keys_of(self, screen)))

    @work(name="start")
    async def action_start_daemon(self) -> None:
        """Start Aura when it does not run."""
        world = self.world
        if world is None or world.presence != "down":
            self.notify("Aura runs already.")
            return
        self.notify("Starting Aura …")
        try:
            await world.link.start()
        except AuraError as error:
            self.show_error(error)
        world.look_again()

    def _controls(self) -> Controls | None:
        """What can be done; None, and said, before the world is known."""
        if self.world is None:
            self.notify("Connecting …")
            return None
        from aura_panel.controls import Controls  # noqa: PLC0415 - not for the first picture

        return Controls(self)

    @work(name="action_restart_service")
    async def restart_service(self, name: str = "") -> None:
        """Restart a service; without a name it is chosen."""
        if (controls := self._controls()) is not None:
            await controls.service(name, "restart")

    @work(name="action_stop_or_start_service")
    async def stop_or_start_service(self, name: str = "", do: str = "") -> None:
        """Stop a service that runs, start one that does not; without a name it is chosen."""
        if (controls := self._controls()) is not None and self.world is not None:
            stopped = self.world.services.get(name, {}).get("state") in {"stopped", "crash-loop"}
            await controls.service(name, do or ("start" if stopped else "stop"))

    @work
    async def action_stop_daemon(self) -> None:
        """Stop Aura."""
        if (controls := self._controls()) is not None:
            await controls.stop_daemon()

    @work
    async def pause_work(self, for_s: float | None = None) -> None:
        """Let background work wait, for some seconds or until it is resumed."""
        if (controls := self._controls()) is not None:
            await controls.pause(for_s)

    @work
    async def resume_work(self) -> None:
        """Let background work go on."""
        if (controls := self._controls()) is not None:
            await controls.resume()

    @work
    async def action_register_project(self) -> None:
        """Register a project."""
        if (controls := self._controls()) is not None:
            await controls.register()

    @work
    async def action_remove_project(self) -> None:
        """Remove a project."""
        if (controls := self._controls()) is not None:
            await controls.remove()

    @work
    async def action_reindex(self) -> None:
        """Build the index of the chosen project anew."""
        if (controls := self._controls()) is not None:
            await controls.reindex()

    @work(name="analysis", group="analyse")
    async def action_analyse(self) -> None:
        """Analyse the chosen project."""
        if (controls := self._controls()) is not None:
            await controls.analyse()

    def show_error(self, error: AuraError) -> None:
        """Tell an error; the focus stays."""
        hint = f"\n{error.hint}" if error.hint else ""
        self.notify(f"{error.message}{hint}", severity="error", timeout=_NOTICE_S, markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """What the command palette offers."""
        from aura_panel.controls import commands_of  # noqa: PLC0415 - not for the first picture

        yield from commands_of(self)


def _shown_presence(world: World | None) -> str:
    if world is None:
        return "unknown"
    return "paused" if world.presence == "up" and world.work_waits else world.presence


def keys_of(app: PanelApp, screen: Screen[Any]) -> list[tuple[str, str]]:
    """The keys that work on a screen and what each does: those of the view, of what has the focus, of the panel."""
    rows: dict[tuple[int, str], tuple[str, list[str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.action in _PLAIN_ACTIONS or binding.key.startswith("super+"):
            continue
        rank = 3 if binding.action in _EVERYWHERE else 0 if active.node is screen else 2 if active.node is app else 1
        _, keys = rows.setdefault((rank, binding.action), (binding.description, []))
        if (name := key_name(app, binding)) not in keys:
            keys.append(name)
    return [(" ".join(keys), what) for _, (what, keys) in sorted(rows.items(), key=lambda row: row[0][0])]


_PLAIN_ACTIONS: Final = frozenset(
    {"scroll_left", "scroll_right", "page_left", "page_right", "copy_text", "screen.copy_text", "help_quit"}
)
"""Actions that every screen has and nobody looks up."""
_EVERYWHERE: Final = frozenset({"app.focus_next", "app.focus_previous"})
"""Actions that every screen has; the keys of the view come first."""
