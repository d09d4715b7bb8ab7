"""The first view: how everything is, what needs the person, and what happened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import DataTable, OptionList, Static
from textual.widgets.option_list import Option

from aura_panel.home_rows import (
    PROJECT_COLUMNS,
    SERVICE_COLUMNS,
    models_line,
    project_table,
    service_names,
    service_row,
    service_state,
    services_line,
)
from aura_panel.needs import Need
from aura_panel.views.view import View, set_text
from aura_panel.widgets.stories import StoryList

if TYPE_CHECKING:
    from aura_panel.world import Part

__all__ = ["HomeView"]

_NO_PROJECT: Final = "No project is registered yet. + registers a repository; so does `aura init` in its folder."
_UNKNOWN: Final = "Connecting …"
FIGURES_S: Final = 9.0
"""How often CPU, memory, lag and uptime of services are shown anew; the table is drawn whole for each of them."""
_WIDE: Final = 130
"""Columns of the screen from which on the services are shown beside the projects."""
_SERVICES: Final = 68
"""Columns of the screen that they take there, as the styles say."""
_FRAME: Final = 4
"""Columns of the screen around the table in a pane."""


class HomeView(View):
    """Projects, services, what waits for the person, and the newest events."""

    NAME = "home"
    HELP_TEXT = """
Projects with the state of their index, findings by level (✗ errors, ! warnings, · hints) and their
trend over two weeks, changes that wait for a review, progress of the plan by evidence (! statuses
that contradict it), recorded tests of its stories, and git (↑ ahead, ↓ behind, ~ changed, ? new).
! goes to what needs you most. Tab moves between the parts. Enter on a project chooses it.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "app.next_need", "What needs me", key_display="!"),
        Binding("a", "app.analyse", "Analyse"),
        Binding("plus", "app.register_project", "Register", key_display="+"),
        Binding("minus", "app.remove_project", "Remove", show=False, key_display="-"),
        Binding("r", "restart", "Restart service"),
        Binding("x", "stop_or_start", "Stop/start service", show=False),
        Binding("tab", "app.focus_next", "Next part", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    HomeView #top { height: auto; max-height: 60%; layout: vertical; }
    HomeView.-wide #top { layout: horizontal; }
    HomeView .pane { height: auto; }
    HomeView #needs-pane { display: none; max-height: 8; border: round $warning; border-title-color: $warning; }
    HomeView #needs-pane.-shown { display: block; }
    HomeView #needs { height: auto; border: none; padding: 0; background: $background; }
    HomeView #projects-pane { width: 1fr; }
    HomeView.-wide #projects-pane { width: 1fr; height: 100%; min-height: 11; }
    HomeView #services-pane { width: 1fr; }
    HomeView.-wide #services-pane { width: 68; height: 11; }
    HomeView DataTable { height: auto; max-height: 14; }
    HomeView #services { display: none; }
    HomeView.-wide #services { display: block; }
    HomeView #services-line { height: 1; }
    HomeView.-wide #services-line { display: none; }
    HomeView #models-line { height: 1; color: $muted; }
    HomeView #story-pane { height: 1fr; min-height: 4; }
    HomeView .note { color: $muted; height: auto; }
    """

    def compose_body(self) -> ComposeResult:
        """Needs, projects beside services, events."""
        with Vertical(id="needs-pane", classes="pane") as needs:
            needs.border_title = "Needs you"
            yield OptionList(id="needs", compact=True)
        with Container(id="top"):
            with Vertical(id="projects-pane", classes="pane") as projects:
                projects.border_title = "Projects"
                yield Static(_UNKNOWN, id="no-project", classes="note")
                yield DataTable[Text](id="projects", cursor_type="row", zebra_stripes=False)
            with Vertical(id="services-pane", classes="pane") as services:
                services.border_title = "Services"
                yield DataTable[Text](id="services", cursor_type="row")
                yield Static(id="services-line")
                yield Static(id="models-line")
        with Vertical(id="story-pane", classes="pane") as stories:
            stories.border_title = "What happened"
            yield StoryList(self._project_name, id="stories")

    def on_mount(self) -> None:
        """Columns; keys go to the projects."""
        _renew(self._projects, {}, PROJECT_COLUMNS)
        _renew(self._services, {}, SERVICE_COLUMNS)
        self._service_states: list[tuple[str, ...]] = []
        self._figures_at = 0.0
        self._projects.focus()

    def on_resize(self) -> None:
        """Other columns of the projects may fit."""
        if self.panel.world is not None:
            self._show_projects()

    @property
    def _projects(self) -> DataTable[Text]:
        return cast("DataTable[Text]", self.query_one("#projects", DataTable))

    @property
    def _services(self) -> DataTable[Text]:
        return cast("DataTable[Text]", self.query_one("#services", DataTable))

    def _project_name(self, project: str) -> str:
        world = self.panel.world
        info = world.projects.get(project) if world is not None else None
        return info.name if info is not None else ""

    # What is shown

    def began(self) -> None:
        """Show what is known already."""
        self._show_projects()
        self._show_services()

    def project_chosen(self) -> None:
        """The mark moves."""
        self._show_projects()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Bring the parts up to date."""
        if not parts.isdisjoint({"projects", "findings", "changes", "plan", "git", "presence"}):
            self._show_projects()
        if not parts.isdisjoint({"services", "models", "presence"}):
            self._show_services()
        if not parts.isdisjoint({"approvals", "services", "projects", "changes", "git"}):
            self._show_needs()
        if "activity" in parts:
            self.query_one(StoryList).show(self.world.activity)

    def _show_projects(self) -> None:
        world = self.world
        projects = [
            (info, world.facts_of(info.id)) for info in sorted(world.projects.values(), key=lambda info: info.name)
        ]
        width = self.size.width - (_SERVICES if self.size.width >= _WIDE else 0)
        columns, rows = project_table(projects, self.panel.theme_variables, chosen=self.project, room=width - _FRAME)
        _renew(self._projects, rows, columns)
        note = self.query_one("#no-project", Static)
        note.display = not rows
        set_text(note, _UNKNOWN if world.presence == "unknown" else _NO_PROJECT)

    def _show_services(self) -> None:
        world, colours = self.world, self.panel.theme_variables
        rows = {name: service_row(name, world, colours) for name in service_names(world)}
        states, now = [(self.panel.theme,), *map(service_state, rows.values())], time.monotonic()
        if states != self._service_states or now >= self._figures_at + FIGURES_S:
            self._service_states, self._figures_at = states, now
            _renew(self._services, rows, SERVICE_COLUMNS)
        set_text(self.query_one("#services-line", Static), services_line(world, colours))
        set_text(self.query_one("#models-line", Static), models_line(world, colours))

    def _show_needs(self) -> None:
        found = self.panel.needs()
        self.query_one("#needs-pane").set_class(bool(found), "-shown")
        options = self.query_one("#needs", OptionList)
        wanted = [Option(_need_line(need), id=f"{need.view}|{need.project}|{need.target}") for need in found]
        if [option.id for option in wanted] == [option.id for option in options.options]:
            return
        before = options.highlighted_option
        options.set_options(wanted)
        kept = [number for number, option in enumerate(wanted) if before is not None and option.id == before.id]
        if kept:
            options.highlighted = kept[0]

    # What can be done

    @on(OptionList.OptionSelected, "#needs")
    def need_chosen(self, event: OptionList.OptionSelected) -> None:
        """Go where it is dealt with."""
        view, project, target = (event.option_id or "||").split("|", 2)
        self.panel.go_to_need(Need(0, "", view, target, project))

    @on(DataTable.RowSelected, "#projects")
    def project_selected(self, event: DataTable.RowSelected) -> None:
        """Choose the project."""
        if event.row_key.value:
            self.panel.choose_project(event.row_key.value)

    @on(StoryList.Chosen)
    def story_chosen(self, event: StoryList.Chosen) -> None:
        """Show it in the log, with all that has to do with it."""
        self.panel.open_view("log", f"story:{event.story.id}")

    def goto(self, target: str) -> None:
        """Put the cursor on a service or a project."""
        kind, _, name = target.partition(":")
        table = self._services if kind == "service" else self._projects
        if name in {key.value for key in table.rows}:
            table.move_cursor(row=table.get_row_index(name))
            table.focus()

    def _service(self) -> str:
        """The service under the cursor; the first that is in trouble where no table is shown."""
        table = self._services
        if table.has_focus and table.row_count:
            return str(table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value)
        return ""

    def action_restart(self) -> None:
        """Restart the service under the cursor, or one that is chosen."""
        self.panel.restart_service(self._service())

    def action_stop_or_start(self) -> None:
        """Stop or start the service under the cursor, or one that is chosen."""
        self.panel.stop_or_start_service(self._service())


def _need_line(need: Need) -> Text:
    return Text(need.text, no_wrap=True, overflow="ellipsis")


def _renew(table: DataTable[Text], rows: dict[str, list[Text]], columns: tuple[str, ...]) -> None:
    """Bring columns and rows of a table up to date; the cursor stays, and the scroll position if the columns do."""
    keys: list[Any] = [key.value for key in table.rows]
    others = tuple(key.value for key in table.columns) != columns
    if others or keys != list(rows):
        at = keys[table.cursor_row] if 0 <= table.cursor_row < len(keys) else None
        table.clear(columns=others)
        for column in columns if others else ():
            table.add_column(column, key=column)
        for key, cells in rows.items():
            table.add_row(*cells, key=key)
        if at in rows:
            table.move_cursor(row=list(rows).index(at), scroll=False)
        return
    for key, cells in rows.items():
        before = table.get_row(key)
        for column, old, new in zip(columns, before, cells, strict=True):
            if old != new:
                table.update_cell(key, column, new, update_width=len(old) != len(new))
