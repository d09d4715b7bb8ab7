"""The log: what services write and do, live, filtered, exported, or replayed from the past."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from aura_panel.log_feed import LogFeed
from aura_panel.log_ring import (
    LEVELS,
    Arrival,
    LogEntry,
    LogFilter,
    LogRing,
    arrival_of_file_line,
    arrival_of_story,
)
from aura_panel.log_text import details_of, export_lines
from aura_panel.log_travel import LogTravel
from aura_panel.preferences import settings_or_defaults
from aura_panel.stories import Story, story_of, story_of_envelope
from aura_panel.views.view import View
from aura_panel.widgets.dialogs import Choice, Choose, Prompt
from aura_panel.widgets.log_lines import LogLines
from aura_panel.widgets.straight import paint_now
from aura_shared.errors import AuraError
from aura_shared.log_files import log_paths, read_last
from aura_shared.messages.bus import BusJournal
from aura_shared.messages.services import ServiceMetrics

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.bus import Delivery

__all__ = ["LogView"]

FLUSH_S: Final = 0.05
"""20 pictures a second; half as many while nobody looks or the terminal is far away."""
SLOW_FLUSH_S: Final = 0.1
HIDDEN_FLUSH_S: Final = 0.3
"""Another view is in front; what arrives is only taken into memory."""
COUNT_S: Final = 0.25
"""How often the number of lines is brought up to date while they arrive."""
BACKLOG: Final = 2_000
"""Lines of the log files that are shown at the start."""


class LogView(View):
    """The merged log of all services, with the events of the bus in it."""

    NAME = "log"
    HELP_TEXT = """
Lines of all services and events of the bus (▸), merged by time. ⤷ marks what has a known cause.
A filter is any text, or a regular expression between slashes. Lines that the bus dropped are counted
as lost; they are in the log files. Signs: · debug, ! warning, ✗ error, ‼ critical.
t goes to a time of the past: Space then replays it, + and - change the speed, Esc comes back to now.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "follow", "Follow/pause"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("l", "level(1)", "Level"),
        Binding("L", "level(-1)", "Level back", show=False),
        Binding("s", "sources", "Source"),
        Binding("o", "only_project", "This project"),
        Binding("m", "stories", "Events only"),
        Binding("enter", "details", "Details"),
        Binding("c", "cause", "Go to cause", show=False),
        Binding("C", "related", "Same cause"),
        Binding("y", "copy", "Copy line", show=False),
        Binding("e", "export", "Export"),
        Binding("t", "travel", "Past"),
        Binding("plus", "speed(1)", "Faster", show=False, key_display="+"),
        Binding("minus", "speed(-1)", "Slower", show=False, key_display="-"),
        Binding("escape", "back", "All lines", show=False),
    ]
    DEFAULT_CSS = """
    LogView #state { height: 1; color: $muted; padding: 0 1; background: $surface; }
    LogView #filter { display: none; height: 1; padding: 0 1; }
    LogView #filter.-shown { display: block; }
    LogView #problem { display: none; height: 1; padding: 0 1; color: $error; }
    LogView #details { display: none; height: auto; max-height: 40%; border-top: solid $border; padding: 0 1; }
    LogView #details.-shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.ring = LogRing()
        self._feed: LogFeed | None = None
        self._stories: list[Arrival] = []
        self._flush_due = False
        self._flushed_at = 0.0
        self._count_due = False
        self._counted_at = 0.0
        self._travel = LogTravel(self)

    def compose_body(self) -> ComposeResult:
        """State, filter, lines, details."""
        yield Static(id="state")
        yield Input(placeholder="text, or /regular expression/", id="filter", compact=True)
        yield Static(id="problem")
        yield LogLines(self.ring, id="lines")
        with VerticalScroll(id="details", can_focus=False):
            yield Static()

    @property
    def shown(self) -> LogLines:
        """The lines on the screen."""
        return self.query_one("#lines", LogLines)

    def on_mount(self) -> None:
        """Keys go to the lines."""
        self.shown.focus()
        self.show_state()

    def on_unmount(self) -> None:
        """Stop reading."""
        if self._feed is not None:
            self._feed.stop()

    def began(self) -> None:
        """Read what was written lately, then follow."""
        self.ring.capacity = settings_or_defaults().panel.log_lines
        self._feed = LogFeed(self.world.link.paths, _caller(self._arrived))
        self._feed.start()
        self._read_backlog()

    @work(exclusive=True, group="backlog")
    async def _read_backlog(self) -> None:
        """Take in the newest lines of the log files that are not here yet."""
        folder = self.world.link.paths.logs
        lines = await asyncio.to_thread(lambda: read_last(log_paths(folder), BACKLOG))
        known = {(self.ring.at(number), self.ring.source(number)) for number in range(self.ring.first, self.ring.end)}
        arrivals = [arrival_of_file_line(line) for line in lines]
        arrivals += [arrival_of_story(story) for story in self.world.activity]
        self._take([arrival for arrival in arrivals if (arrival.at, arrival.source) not in known])

    def reconnected(self) -> None:
        """Fill the gap from the files."""
        self._read_backlog()

    # Arrivals

    def heard(self, delivery: Delivery) -> None:
        """An event of the bus is a line as well."""
        if isinstance(delivery.event, ServiceMetrics):
            return
        story = story_of(delivery)
        if not self._is_old_state(story):
            self._stories.append(arrival_of_story(story))
            self._arrived()

    def _is_old_state(self, story: Story) -> bool:
        return story.kind in {"service.state", "code.project.state", "models.servers"} and story.weight == "quiet"

    def _arrived(self) -> None:
        """Lines wait: show them with the next picture."""
        if not self._flush_due:
            self._flush_due = True
            self.set_timer(max(0.001, self._flushed_at + self._flush_pause_s() - time.monotonic()), self._flush)

    def _flush_pause_s(self) -> float:
        if not self.is_current:
            return HIDDEN_FLUSH_S
        return FLUSH_S if self.panel.app_focus and "SSH_CONNECTION" not in os.environ else SLOW_FLUSH_S

    def on_screen_resume(self, event: events.ScreenResume) -> None:  # noqa: ARG002 - the base's signature
        """In front again: what arrived meanwhile is shown at once."""
        self._flush()

    def _flush(self) -> None:
        self._flush_due = False
        self._flushed_at = time.monotonic()
        stories, self._stories = self._stories, []
        self._take([*(self._feed.take() if self._feed is not None else []), *stories])

    def _take(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        changed = self.ring.extend(arrivals)
        if self.shown.ring is self.ring:
            self.shown.lines_changed(changed)
        if self.is_current and not self._count_due:
            self._count_due = True
            self.set_timer(max(0.001, self._counted_at + COUNT_S - time.monotonic()), self._show_count)

    def _show_count(self) -> None:
        self._count_due = False
        self._counted_at = time.monotonic()
        self.show_state()

    def goto(self, target: str) -> None:
        """Put the cursor on the line of an event."""
        name = target.removeprefix("story:")
        self._travel.come_back()
        if self._place_of(name) is None:
            self._take([arrival_of_story(story) for story in self.world.activity if story.id == name])
        place = self._place_of(name)
        if place is None:
            self.notify("That event is not among the lines that are held here. t goes to its time.")
            return
        self.shown.set_filter(LogFilter())
        self.shown.go_to_number(place)
        self.shown.focus()
        self.show_state()

    # The row above the lines

    def world_changed(self, parts: frozenset[Part]) -> None:
        """The state names the project."""
        if not parts.isdisjoint({"presence", "projects"}):
            self.show_state()

    def show_state(self) -> None:
        """Bring the row above the lines up to date."""
        shown, chosen = self.shown, self.shown.lines.filter
        mode = self._travel.words() or ("● following" if shown.following else "‖ paused")
        level = f"{LEVELS[chosen.level]}+" if chosen.level else "all levels"
        sources = ", ".join(sorted(chosen.sources)) or "all services"
        parts = [mode, level, sources]
        if chosen.project:
            parts.append(f"only {self._project_name(chosen.project)}")
        if chosen.stories:
            parts.append("events only")
        if chosen.related:
            parts.append("one cause")
        if chosen.text:
            parts.append(f"“{chosen.text}”")
        count = f"{len(shown.lines):,}" + ("" if chosen.empty else f" of {len(shown.ring):,}") + " lines"
        parts.append(count)
        lost = self._feed.lost if self._feed is not None else 0
        text = Text("  ".join(parts), no_wrap=True, overflow="ellipsis")
        if lost:
            text.append(f"  ! {lost:,} lost", "bold")
        state = self.query_one("#state", Static)
        state.update(text, layout=False)
        paint_now(state)

    def _project_name(self, project: str) -> str:
        world = self.panel.world
        info = world.projects.get(project) if world is not None else None
        return info.name if info is not None else project

    @on(LogLines.Moved)
    def cursor_moved(self) -> None:
        """Details follow the cursor."""
        self.show_state()
        if self.query_one("#details").has_class("-shown"):
            self._show_details()

    # Filters

    def _set_filter(self, **changes: object) -> None:
        self.shown.set_filter(self.shown.lines.filter._replace(**changes))
        self.show_state()

    def action_follow(self) -> None:
        """Follow the newest line, or stand still; in the past, replay it or halt."""
        if self._travel.away:
            self._travel.play_or_halt()
        elif self.shown.following:
            self.shown.action_move(0)
        else:
            self.shown.action_last()

    def action_filter(self) -> None:
        """Type a filter."""
        field = self.query_one("#filter", Input)
        field.add_class("-shown")
        field.focus()

    @on(Input.Changed, "#filter")
    def filter_typed(self, event: Input.Changed) -> None:
        """Filter while typing; a half-typed expression changes nothing yet."""
        problem = LogFilter(text=event.value).problem()
        line = self.query_one("#problem", Static)
        line.display = bool(problem)
        line.update(Text(problem))
        if not problem:
            self._set_filter(text=event.value)

    @on(Input.Submitted, "#filter")
    def filter_done(self, event: Input.Submitted) -> None:
        """Go back to the lines."""
        event.input.set_class(bool(event.value), "-shown")
        self.shown.focus()

    def action_level(self, by: int) -> None:
        """Show only lines of a higher level; after the highest, all."""
        self._set_filter(level=(self.shown.lines.filter.level + by) % len(LEVELS))

    @work
    async def action_sources(self) -> None:
        """Show only one service."""
        chosen = self.shown.lines.filter.sources
        names = sorted(self.shown.ring.sources)
        choices = [Choice("", "all services"), *(Choice(name, name) for name in names)]
        found = await self.panel.push_screen_wait(Choose("Show lines of", choices, next(iter(chosen), "")))
        if found is not None:
            self._set_filter(sources=frozenset({found} if found else ()))

    def action_only_project(self) -> None:
        """Show only what is about the chosen project, or all."""
        self._set_filter(project="" if self.shown.lines.filter.project else self.project)

    def project_chosen(self) -> None:
        """A filter by project follows the choice."""
        if self.shown.lines.filter.project:
            self._set_filter(project=self.project)

    def action_stories(self) -> None:
        """Show only events of the bus, or log lines as well."""
        self._set_filter(stories=not self.shown.lines.filter.stories)

    def action_back(self) -> None:
        """Close what is open; then take the filters back."""
        details, field = self.query_one("#details"), self.query_one("#filter", Input)
        if details.has_class("-shown"):
            details.remove_class("-shown")
        elif self._travel.away and self.shown.lines.filter.empty:
            self._travel.come_back()
        elif not self.shown.lines.filter.empty or field.has_class("-shown"):
            field.value = ""
            field.remove_class("-shown")
            self.shown.set_filter(LogFilter())
        self.shown.focus()
        self.show_state()

    # One line

    def _chosen(self) -> LogEntry | None:
        entry = self.shown.entry
        if entry is None:
            self.notify("No line is chosen: move the cursor with ↑.")
        return entry

    def action_details(self) -> None:
        """Show or hide the whole line."""
        details = self.query_one("#details")
        if details.has_class("-shown"):
            details.remove_class("-shown")
        elif self._chosen() is not None:
            details.add_class("-shown")
            self._show_details()

    def _show_details(self) -> None:
        entry = self.shown.entry
        if entry is not None:
            self.query_one("#details Static", Static).update(details_of(entry, self._project_name(entry.project)))

    def action_cause(self) -> None:
        """Go to the event that led to this line."""
        entry = self._chosen()
        if entry is None:
            return
        if not entry.cause:
            self.notify("This line names no cause.")
            return
        self._go_to_cause(entry.cause)

    @work(exclusive=True, group="causes")
    async def _go_to_cause(self, cause: str) -> None:
        """Go to an event that is held here, or that the journal still has."""
        place = self._place_of(cause)
        if place is None:
            await self._fetch_related(cause)
            place = self._place_of(cause)
        if place is not None:
            self.shown.go_to_number(place)
        else:
            self.notify("The cause is a question to a service, which is not kept. C shows everything that it led to.")

    def action_related(self) -> None:
        """Show everything with the same cause."""
        entry = self._chosen()
        if entry is None:
            return
        begun = entry.root or entry.cause or entry.id
        if not begun:
            self.notify("This line names no cause.")
            return
        self._set_filter(related=frozenset({begun, entry.id} - {""}))
        self._show_all_related(begun)

    @work(exclusive=True, group="causes")
    async def _show_all_related(self, begun: str) -> None:
        await self._fetch_related(begun)
        self.show_state()

    async def _fetch_related(self, name: str) -> None:
        """Take in what the journal has of an event, its causes and its consequences."""
        try:
            found = await self.world.link.ask(BusJournal(related=name))
        except AuraError:  # The daemon is down: what is held here has to do.
            return
        ring = self.shown.ring
        held = {ring.entry(number).id for number in range(ring.first, ring.end)}
        stories = [story_of_envelope(event.envelope, event.seq) for event in found.events]
        arrivals = [arrival_of_story(story) for story in stories if story.id not in held]
        if arrivals:
            self.shown.lines_changed(ring.extend(arrivals))

    def _place_of(self, event: str) -> int | None:
        ring = self.shown.ring
        return next((n for n in range(ring.end - 1, ring.first - 1, -1) if ring.entry(n).id == event), None)

    def action_copy(self) -> None:
        """Copy the line under the cursor as text."""
        entry = self._chosen()
        if entry is not None:
            self.panel.copy_to_clipboard(f"{entry.ts} {entry.source} {LEVELS[entry.level]} {entry.text}")
            self.notify("Copied.", timeout=2)

    # The past

    @work
    async def action_travel(self) -> None:
        """Show a span of the past."""
        about = (
            "Such as 14:30, 90m, 2h ago, yesterday 9:00, 2026-11-26 14:30; an hour is shown, or up to .. another time."
        )
        answer = await self.panel.push_screen_wait(Prompt("Go to a time", about, placeholder="2h ago"))
        if answer is not None:
            await self.tried(self._travel.go(answer or "1h"))

    def action_speed(self, by: int) -> None:
        """Replay faster or slower."""
        self._travel.change_speed(by)

    # Export

    @work
    async def action_export(self) -> None:
        """Write the lines that pass the filter to a file."""
        name = time.strftime("aura-log-%Y%m%d-%H%M%S.jsonl")
        lines = self.shown.lines
        what = f"{len(lines):,} lines as JSON; an existing file is not overwritten. A name with .txt gives plain text."
        answer = await self.panel.push_screen_wait(Prompt("Export what is shown", what, str(Path.home() / name)))
        if not answer:
            return
        while not lines.complete:
            lines.look_on()
            await asyncio.sleep(0)
        raws = [lines.ring.raw(lines.number(index)) for index in range(len(lines))]
        try:
            written = await asyncio.to_thread(export_lines, answer, raws)
        except OSError as error:
            self.notify(f"cannot write {answer}: {error.strerror or error}", severity="error", markup=False)
            return
        self.notify(f"{written[0]:,} lines in {written[1]}", markup=False)


def _caller(act: Callable[[], None]) -> Callable[[], None]:
    """A function for other threads that has `act` called in the loop and the context of this one."""
    loop, context = asyncio.get_running_loop(), copy_context()  # Textual's timers look the application up there.

    def call() -> None:
        with suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(act, context=context)

    return call
