"""Search: code and definitions as one types, the code around each hit, and what has to do with it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Label, Static

from aura_cli.change_view import plain
from aura_cli.passages import query_pattern
from aura_panel.editors import open_in_editor
from aura_panel.search_desk import Relation, ask_related, ask_search
from aura_panel.search_query import History, Query, parse_query
from aura_panel.search_rows import Entry, not_ready_words
from aura_panel.search_shown import HOW, Shown, how_to_search, shown_related, shown_results
from aura_panel.views.view import View, set_text
from aura_panel.widgets.reader import CodeReader
from aura_panel.widgets.results import ResultList
from aura_shared.errors import AuraError
from aura_shared.messages.code import IndexUpdated

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.bus import Delivery

__all__ = ["SearchView"]

TYPING_S: Final = 0.06
"""People type a letter each 100 to 200 ms, and each asks at once; of letters that come faster the last one asks."""
SETTLE_S: Final = 0.3
"""Events of a burst lead to one question."""
READ_S: Final = 0.25
"""While one types the code of the first result waits until the letters pause: to colour it takes 10 to 40 ms."""
LATE_S: Final = 0.3
"""A wait is told from then on; before that it would only flicker."""
LIMITS: Final = (20, 50, 100)
_WAITS: Final = {"references": "uses", "callers": "callers", "impact": "the impact"}


class _QueryInput(Input):
    """The query; arrows leave it or go through earlier queries."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.newer", "Results"),
        Binding("up", "screen.older", "Earlier queries"),
        Binding("enter", "submit", "Results", show=False),
        Binding("escape", "screen.leave", "Leave the input"),
    ]


class SearchView(View):
    """One input, results in groups, and the code of the one under the cursor."""

    NAME = "search"
    HELP_TEXT = """
Results appear while you type: definitions first, then passages. Words are ranked; a name finds what is
called so; a quoted text or a /pattern/ is found as it stands. Filters among the words: lang:python,
path:tests/** (path:!GLOB leaves out), kind:class, mode:words. In the results r, u and i show uses,
callers, and what a change may break; Esc goes back. The line above says which state of the files was
asked.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("slash", "query", "Query"),
        Binding("r", "related('references')", "Uses"),
        Binding("u", "related('callers')", "Callers"),
        Binding("i", "related('impact')", "Impact"),
        Binding("c", "copy", "Copy place"),
        Binding("m", "more", "More results"),
        Binding("x", "scores", "Scores"),
        Binding("z", "read", "Read the code", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    SearchView #ask { height: 1; background: $surface; }
    SearchView #ask Label { color: $accent; text-style: bold; padding: 0 1; }
    SearchView #query { width: 1fr; }
    SearchView #state { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    SearchView #body { height: 1fr; layout: vertical; }
    SearchView.-wide #body { layout: horizontal; }
    SearchView .part {
        height: 1fr; border: round $border; border-title-color: $muted; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    SearchView .part:focus-within { border: round $primary; border-title-color: $primary; }
    SearchView.-narrow .part { border: none; border-top: solid $border; }
    SearchView.-narrow .part:focus-within { border: none; border-top: solid $primary; }
    SearchView.-wide #list-pane { width: 5fr; height: 100%; }
    SearchView.-wide #code-pane { width: 6fr; height: 100%; }
    SearchView.-narrow.-reading #list-pane { display: none; }
    SearchView #note { display: none; height: auto; padding: 1 2; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._query = Query()
        self._pattern: re.Pattern[str] | None = None
        self._shown = Shown("Results", [], Text(), HOW)
        self._before: list[Shown] = []
        self._history = History()
        self._limit = LIMITS[0]
        self._explain = False
        self._more = False
        self._failed = False
        self._stale = False
        self._was_left = False
        self._typing: Timer | None = None
        self._typed_at = 0.0
        self._settling: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """Query, state, results, code."""
        with Horizontal(id="ask"):
            yield Label("Search")
            yield _QueryInput(
                placeholder='words, a name, a path, "exact", /pattern/, lang:… path:… kind:…', compact=True, id="query"
            )
        yield Static(id="state", markup=False)
        with Container(id="body"):
            with Vertical(id="list-pane", classes="part"):
                yield Static(id="note", markup=False)
                yield ResultList(id="list")
            yield CodeReader(id="code-pane", classes="part")

    def on_mount(self) -> None:
        """Type at once."""
        self._input.focus()
        self._show(self._shown)

    def on_screen_suspend(self) -> None:
        """It is behind another view, or only behind a question."""
        self._was_left = self.panel.current_mode != self.NAME

    def on_screen_resume(self, event: events.ScreenResume) -> None:  # noqa: ARG002 - the base's signature
        """It was opened by its key: type at once, over the old query."""
        if self._was_left:
            self._was_left = False
            self._input.focus()
            self._input.action_select_all()

    @property
    def _input(self) -> _QueryInput:
        return self.query_one("#query", _QueryInput)

    @property
    def _list(self) -> ResultList:
        return self.query_one("#list", ResultList)

    @property
    def _reader(self) -> CodeReader:
        return self.query_one("#code-pane", CodeReader)

    # When it is asked

    def began(self) -> None:
        """Ask what was typed before the daemon was known."""
        self._ask()

    def project_chosen(self) -> None:
        """Another project: other results."""
        self._reader.forget()
        self._ask()

    def reconnected(self) -> None:
        """What is shown may be old."""
        self._reader.forget()
        self._ask(stay=True)

    def world_changed(self, parts: frozenset[Part]) -> None:
        """The index may be ready now."""
        if "projects" in parts and (self._failed or self._stale):
            self._settle()

    def heard(self, delivery: Delivery) -> None:
        """Files changed: what is shown is asked again, the place stays."""
        event = delivery.event
        if isinstance(event, IndexUpdated) and event.project == self.project:
            self._reader.forget()
            self._stale = True
            if self.is_current:
                self._settle()

    def _settle(self) -> None:
        if self._settling is None:
            self._settling = self.set_timer(SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._settling, self._stale = None, False
        if self._query.text and not self._before:  # Else the person looks at something else; Esc asks again.
            self._ask(stay=True)

    @on(Input.Changed, "#query")
    def typed(self) -> None:
        """Ask soon; another letter starts the pause anew."""
        if not self._history.browsing or self._input.value != self._history.past[self._history.at]:
            self._history.typed()
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        now = time.monotonic()
        before, self._typed_at = self._typed_at, now
        if now - before >= TYPING_S:
            self._ask()
        else:
            self._typing = self.set_timer(TYPING_S, self._ask)

    @work(exclusive=True, exit_on_error=False, group="search")
    async def _ask(self, *, stay: bool = False) -> None:
        """Ask for what is typed. A newer question ends this one, so that no old answer is shown over a newer one."""
        query = parse_query(self._input.value)
        if query.text != self._query.text:
            self._limit = LIMITS[0]
        self._query, self._pattern = query, query_pattern(query.text)
        if why := self._why_not(query):
            self._more = False
            self._before.clear()
            self._show(Shown("Results", [], Text(query.problem, self._colours["error"]), why))
            return
        late = self.set_timer(LATE_S, lambda: self._say("Searching …"))
        try:
            answer, symbols = await ask_search(
                self.world.link, self.project, query, limit=self._limit, explain=self._explain
            )
        except AuraError as error:
            self._failed = True
            self._say_error(error)
        else:
            self._failed = False
            more = answer.more and len(answer.hits) >= self._limit  # Else only passages were cut.
            self._more, answer = more and self._limit < LIMITS[-1], answer.model_copy(update={"more": more})
            at = _key(self._list.entry) if stay else ""
            self._before.clear()
            self._show(shown_results(query, answer, symbols, self._pattern, self._colours, at=at))
        finally:
            late.stop()

    def _why_not(self, query: Query) -> str:
        """Why nothing can be asked now."""
        world = self.panel.world
        if query.problem or not query.text:
            return how_to_search(self._history.past)
        if world is None:
            return "Connecting …"
        info = world.projects.get(self.project)
        if info is None:
            return "No project is registered. In the command palette (Ctrl-P): Register project."
        self._failed = info.phase != "ready"
        return not_ready_words(info)

    # What is shown

    @property
    def _colours(self) -> dict[str, str]:
        return self.panel.theme_variables

    def _show(self, shown: Shown) -> None:
        """Show a list of results."""
        if not self.query("#list"):
            return  # Answers may arrive while the panel is being left.
        self._shown = shown
        self._list.show(shown.groups, self._pattern, at=shown.at)
        self._reader.display = bool(shown.groups)  # A class would apply all styles anew.
        note = self.query_one("#note", Static)
        note.display = bool(shown.note)
        set_text(note, shown.note)
        self._show_state(shown.state)
        self.query_one("#list-pane").border_title = Text(shown.title)
        self.refresh_bindings()

    def _show_state(self, text: Text) -> None:
        """Show a text in the line above the results, which is one row whatever it says: no new layout for each key."""
        for state in self.query("#state").results(Static):
            state.update(text, layout=False)

    def _say(self, words: str) -> None:
        self._show_state(Text(words, self._colours["muted"]))

    def _say_error(self, error: AuraError) -> None:
        """Tell what went wrong; what was found before stays."""
        hint = f" {error.hint}" if error.hint else ""
        self._show_state(Text(f"✗ {error.message}.{hint}", self._colours["error"]))

    @on(ResultList.Moved)
    def entry_reached(self) -> None:
        """Show the code of the entry under the cursor; while one types, soon."""
        entry = self._list.entry
        if entry is not None and self.panel.world is not None:
            pause_s = READ_S if self._input.has_focus else 0.0
            self._reader.read(self.world.link, self.project, entry, pause_s=pause_s)

    # Where one is

    def action_query(self) -> None:
        """Type the query."""
        self.remove_class("-reading")
        self._input.focus()

    @on(ResultList.Above)
    def above(self) -> None:
        """Up from the first result is the query."""
        self.action_query()

    @on(Input.Submitted, "#query")
    def action_results(self) -> None:
        """Go to the results."""
        self._history.remember(self._input.value)
        self._list.focus()

    def action_older(self) -> None:
        """The query before this one."""
        older = self._history.older(self._input.value)
        if older is not None:
            self._set_query(older)

    def action_newer(self) -> None:
        """The query after this one; from the newest down to the results."""
        if self._history.browsing:
            self._set_query(self._history.newer())
        elif self._list.entries:
            self.action_results()

    def _set_query(self, text: str) -> None:
        self._input.value = text
        self._input.action_end()

    def action_leave(self) -> None:
        """Leave the input, so that keys are those of the panel."""
        self._list.focus()

    def action_back(self) -> None:
        """Back to the list; from uses and callers back to what was found."""
        if self.has_class("-reading") or not self._list.has_focus:
            self.remove_class("-reading")
            self._list.focus()
        elif self._before:
            before = self._before.pop()
            self._show(before)

    def action_read(self) -> None:
        """Go to the code; where there is little room it takes all of it."""
        if self._list.entry is not None:
            self.add_class("-reading")
            self._reader.code.focus()

    def goto(self, target: str) -> None:
        """Search for this."""
        self._set_query(target)
        self._list.focus()

    # What the keys do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Keys that need a result, or more of them, are there with them only."""
        if action in {"related", "copy", "read"}:
            return bool(self._shown.groups)
        if action == "back":
            return bool(self._before) or self.has_class("-reading") or not self._list.has_focus
        if action == "more":
            return self._more and not self._before
        return True

    @on(ResultList.Chosen)
    @work(exit_on_error=False, group="editor")
    async def open_entry(self) -> None:
        """Open the place in the person's editor."""
        entry = self._list.entry
        info = self.world.projects.get(self.project)
        if entry is not None and info is not None:
            self._history.remember(self._input.value)
            await open_in_editor(self.panel, Path(info.root) / entry.path, entry.line)

    def action_copy(self) -> None:
        """Copy where the entry is."""
        entry = self._list.entry
        if entry is not None:
            self.panel.copy_to_clipboard(f"{entry.path}:{entry.line}")
            self.notify(f"Copied {plain(entry.path)}:{entry.line}", timeout=2, markup=False)

    def action_more(self) -> None:
        """Ask for more results."""
        self._limit = next((limit for limit in LIMITS if limit > self._limit), self._limit)
        self._ask(stay=True)

    def action_scores(self) -> None:
        """Show what scores are made of, or not."""
        self._explain = not self._explain
        if not self._before:
            self._ask(stay=True)

    def action_related(self, relation: Relation) -> None:
        """Show uses, callers, or what a change may break."""
        if self._list.entry is not None:
            self._ask_related(relation, self._list.entry)

    @work(exclusive=True, exit_on_error=False, group="search")
    async def _ask_related(self, relation: Relation, entry: Entry) -> None:
        state = self._shown.state
        self._say(f"Asking for {_WAITS[relation]} of {entry.title or entry.path} …")
        try:
            found = await ask_related(self.world.link, self.project, relation, entry)
        except AuraError as error:
            self._say_error(error)
            return
        if not self.query("#state"):
            return
        if not found.groups:
            self._show_state(state)
            self.notify(found.note or "There is nothing.", markup=False)
            return
        self._before.append(self._shown._replace(at=entry.key))
        self._show(shown_related(found, self._colours))
        self._list.focus()


def _key(entry: Entry | None) -> str:
    return entry.key if entry is not None else ""
