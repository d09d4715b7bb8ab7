"""Findings: what rules and tools found, why that matters, how it is mended; fix, ignore, baseline, analyse."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widgets import DataTable, Input, Static
from textual.worker import Worker

from aura_panel.editors import open_in_editor
from aura_panel.findings_book import FindingsBook
from aura_panel.findings_desk import FindingsDesk
from aura_panel.findings_pages import LEVELS, Found
from aura_panel.findings_rows import COLUMNS
from aura_panel.views.view import View, set_text
from aura_panel.widgets.explanation import Explanation
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.sections import Section, SectionBar
from aura_shared.errors import AuraError
from aura_shared.messages.findings import ExplainFinding, FindingsUpdated

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.bus import Delivery
    from aura_shared.messages.findings import FindingExplanation

__all__ = ["FindingsView"]

SETTLE_S: Final = 0.3
"""Events of a burst, and letters of a filter, lead to one question."""
LATE_S: Final = 0.3
"""A wait is told from then on; before that it would only flicker."""
SECTIONS: Final = (
    Section("all", "", "All"),
    Section("error", "", "Errors"),
    Section("warning", "", "Warnings"),
    Section("hint", "", "Hints"),
)


class _Rows(Listing):
    """The list; Enter reads a row, arrows to the side show another level."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Read"),
        Binding("left", "screen.step(-1)", "Level before", show=False),
        Binding("right", "screen.step(1)", "Next level", show=False),
    ]


class FindingsView(View):
    """A page of findings, and the explanation of the one under the cursor beside or below it."""

    NAME = "findings"
    HELP_TEXT = """
Left and right choose the level. / narrows the list: words, and rule:, path:, source:, category:,
fixable among them. f shows a fix that is certain before it is written. i ignores one finding by a
comment with a reason; b silences all that is there today, so that only new findings count. Both are
shown or told before anything is written. Pages have 200 findings.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "do('fix')", "Fix"),
        Binding("i", "do('ignore')", "Ignore"),
        Binding("e", "edit", "Edit"),
        Binding("slash", "filter", "Filter"),
        Binding("a", "analyse", "Analyse"),
        Binding("b", "do('baseline')", "Baseline"),
        Binding("t", "rule", "This rule"),
        Binding("g", "order", "Order"),
        Binding("s", "silenced", "Silenced"),
        Binding("l", "everywhere", "All projects"),
        Binding("n", "page(1)", "Next page"),
        Binding("N", "page(-1)", "Page before", show=False),
        Binding("F", "do('fix_rule')", "Fix all of this rule", show=False),
        Binding("c", "copy", "Copy place", show=False),
        Binding("r", "ask_again", "Ask again", show=False),
        Binding("escape", "back", "Back to the list, end the analysis, take the filter away", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    FindingsView #state { height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis; }
    FindingsView #filter { display: none; margin: 0 1; width: 1fr; }
    FindingsView #body { height: 1fr; layout: vertical; }
    FindingsView.-wide #body { layout: horizontal; }
    FindingsView .part {
        height: 1fr; border: round $border; border-title-color: $muted; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    FindingsView .part:focus, FindingsView .part:focus-within {
        border: round $primary; border-title-color: $primary;
    }
    FindingsView.-narrow .part { border: none; border-top: solid $border; }
    FindingsView.-narrow .part:focus, FindingsView.-narrow .part:focus-within {
        border: none; border-top: solid $primary;
    }
    FindingsView.-wide #list-pane { width: 7fr; height: 100%; }
    FindingsView.-wide #details { width: 5fr; height: 100%; }
    FindingsView.-narrow.-reading #list-pane { display: none; }
    FindingsView.-nothing #details { display: none; }
    FindingsView #note { display: none; height: auto; padding: 1 2; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._book = FindingsBook()
        self._told: FindingExplanation | None = None
        self._key = ""
        self._goto = ""
        self._doing = ""
        self._timer: Timer | None = None
        self._analysis: Worker[None] | None = None

    def compose_body(self) -> ComposeResult:
        """State, levels, filter, list, explanation."""
        yield Static(id="state", markup=False)
        yield SectionBar(SECTIONS)
        yield Input(placeholder="words, rule:… path:… source:… category:… fixable", compact=True, id="filter")
        with Container(id="body"):
            with Vertical(id="list-pane", classes="part"):
                yield Static(id="note", markup=False)
                yield _Rows(COLUMNS, id="list")
            yield Explanation(id="details", classes="part")

    def on_mount(self) -> None:
        """Keys go to the list."""
        self._list.focus()
        self._show()

    @property
    def _list(self) -> _Rows:
        return self.query_one("#list", _Rows)

    @property
    def found(self) -> Found | None:
        """The finding under the cursor."""
        return self._book.found.get(self._list.key)

    # What is asked

    def project_chosen(self) -> None:
        """Ask for the findings of this project."""
        if not self._book.everywhere:
            self._book.start_anew()
            self._ask()

    def reconnected(self) -> None:
        """What is shown may be old."""
        self._ask_soon()

    def began(self) -> None:
        """Say what is missing, when something is."""
        self._show()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """The view is shown again, a project is ready now, or the trend is known."""
        if not parts.isdisjoint({"projects", "presence"}):
            if self._why_nothing():
                self._show()
            elif self._book.stale:
                self._ask_soon()
        if "findings" in parts:
            self._show_state()

    def heard(self, delivery: Delivery) -> None:
        """Findings came or went."""
        event = delivery.event
        if isinstance(event, FindingsUpdated) and (self._book.everywhere or event.project == self.project):
            self._book.stale = True
            if self.is_current:
                self._ask_soon()

    def _ask_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_S, self._ask)

    @work(exclusive=True, exit_on_error=False, group="findings")
    async def _ask(self) -> None:
        world = self.panel.world
        if world is None:
            return
        if not self._book.take_filter(world, self.project, self.query_one("#filter", Input).value):
            self._show()
            return
        late = self.set_timer(LATE_S, partial(self._say, "Asking for findings …"))
        try:
            await self._book.ask(world)
        except AuraError as error:
            self._book.problem = f"{error.message}. {error.hint or ''}".strip()
            self._show_state()
        else:
            self._show()
        finally:
            late.stop()

    @work(exclusive=True, exit_on_error=False, group="explanation")
    async def _ask_why(self, found: Found) -> None:
        late = self.set_timer(LATE_S, partial(self._show_details, found, "Asking why …"))
        try:
            told = await self.world.link.ask(ExplainFinding(project=found.project, id=found.finding.id))
        except AuraError as error:
            self._show_details(found, f"✗ {error.message}")
        else:
            if self._list.key == found.key or self.found == found:
                self._told = told
                self._show_details(found)
        finally:
            late.stop()

    # What is shown

    @property
    def _colours(self) -> dict[str, str]:
        return self.panel.theme_variables

    def _show(self) -> None:
        """Show the page; cursor and scroll position stay."""
        if not self.query("#list"):
            return  # Answers may arrive while the panel is being left.
        at, before = self._list.cursor_row, self._list.key
        rows = self._book.rows(self.panel.world, self.project, self._colours)
        self._list.show(rows, self._book.columns)
        if before and before not in rows and rows:
            self._list.move_cursor(row=min(at, len(rows) - 1))
        if self._goto and self._list.move_to(self._goto):
            self._goto = ""
        note = self.query_one("#note", Static)
        text = self._why_nothing() or ("" if rows else self._book.empty_text())
        note.display = bool(text)
        set_text(note, text)
        self.set_class(not rows, "-nothing")
        self._list.show_header = bool(rows)  # The list stays, so that it keeps the focus.
        self._show_bar()
        self._show_state()
        self._row_reached()
        self.refresh_bindings()

    def _why_nothing(self) -> str:
        """Why nothing can be listed; empty when something can."""
        return self._book.why_nothing(self.panel.world, self.project)

    def _show_bar(self) -> None:
        bar = self.query_one(SectionBar)
        bar.active, bar.counts = self._book.wanted.level or "all", self._book.counts
        self.query_one("#list-pane").border_title = self._book.title

    def _filter_words(self) -> str:
        return self.query_one("#filter", Input).value.strip()

    def _show_state(self) -> None:
        if not self.query("#state"):
            return
        if self._doing:
            text = Text(self._doing, self._colours["accent"])
        elif self._book.problem:
            text = Text(f"✗ {self._book.problem}", self._colours["error"])
        elif self._book.stale:
            text = Text(self._why_nothing() or "Asking for findings …", self._colours["muted"])
        else:
            text = self._book.state_text(self.world, self._colours)
        set_text(self.query_one("#state", Static), text)

    def _say(self, words: str) -> None:
        if self.query("#state") and not self._doing:
            set_text(self.query_one("#state", Static), Text(words, self._colours["muted"]))

    def _doing_now(self, words: str) -> None:
        self._doing = words
        self._show_state()

    @on(DataTable.RowHighlighted)
    def _row_reached(self) -> None:
        """Explain the finding under the cursor, unless it is explained already."""
        found, key = self.found, self._list.key
        if found is None or self.panel.world is None:
            self._key = ""
            return
        shown = f"{key} {found.finding.start_line} {found.finding.suppressed}"
        if shown != self._key:
            self._key = shown
            self.refresh_bindings()
            self._ask_why(found)

    def _show_details(self, found: Found, waiting: str = "") -> None:
        told = self._told if self._told is not None and not waiting else None
        name = self._book.names(self.panel.world).get(found.project, "")
        for pane in self.query(Explanation):
            pane.show(found.finding, told, name, waiting)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that need a project, a finding, or another page are there with them only."""
        if action == "page":
            return self._book.page.more if parameters == (1,) else self._book.page.offset > 0
        if action == "analyse" or parameters == ("baseline",):
            return bool(self._project_here())
        if action in {"do", "edit", "rule", "copy"}:
            found = self.found
            return found is not None and (action != "do" or parameters == ("ignore",) or found.finding.fixable)
        return True

    # Where one is

    @on(DataTable.RowSelected)
    def action_read(self) -> None:
        """Go to the explanation; where there is little room it takes all of it."""
        if self.found is not None:
            self.add_class("-reading")
            self.query_one("#details").focus()

    def action_back(self) -> None:
        """Back to the list; there, end the analysis, or take the filter away."""
        narrow = self.query_one("#filter", Input)
        if self.has_class("-reading") or self.query_one("#details").has_focus:
            self.remove_class("-reading")
        elif narrow.has_focus or not self._analysis:
            if narrow.value:
                narrow.value = ""
            narrow.display = False
        else:
            self._analysis.cancel()
        self._list.focus()

    def action_step(self, by: int) -> None:
        """Show the level before or after this one."""
        self._book.step_level(by)
        self._ask()

    @on(SectionBar.Chosen)
    def level_clicked(self, event: SectionBar.Chosen) -> None:
        """Show the level that was clicked."""
        self._book.show_level(next((level for level in LEVELS if level == event.name), None))
        self._ask()

    def action_page(self, by: int) -> None:
        """Show another page, from its top."""
        self._book.step_page(by)
        self._ask()
        self._list.move_cursor(row=0)

    def action_order(self) -> None:
        """Order by level, file, rule or tool."""
        self._book.step_order()
        self._ask()

    def action_everywhere(self) -> None:
        """Show findings of all projects, or of the chosen one."""
        self._book.step_everywhere()
        self._ask()

    def action_silenced(self) -> None:
        """Show silenced findings as well, or not."""
        self._book.step_silenced()
        self._ask()

    def action_filter(self) -> None:
        """Narrow the list."""
        narrow = self.query_one("#filter", Input)
        narrow.display = True
        narrow.focus()

    @on(Input.Changed, "#filter")
    def filter_changed(self) -> None:
        """Show what fits, soon."""
        self._book.start_anew()
        self._ask_soon()

    @on(Input.Submitted, "#filter")
    def filter_done(self) -> None:
        """Go to the list."""
        self.query_one("#filter").display = bool(self._filter_words())
        self._list.focus()

    def action_rule(self) -> None:
        """Show this rule only, or all rules again."""
        found = self.found
        if found is None:
            return
        narrow = self.query_one("#filter", Input)
        rest = [part for part in narrow.value.split() if not part.startswith("rule:")]
        token = f"rule:{found.finding.rule}"
        narrow.value = " ".join(rest if token in narrow.value.split() else [*rest, token])
        narrow.display = bool(narrow.value)

    def action_ask_again(self) -> None:
        """Ask for the list again."""
        self._ask()

    def goto(self, target: str) -> None:
        """Show a finding (`PROJECT:FINGERPRINT`), or what a filter such as `rule:NAME` leaves."""
        if target.partition(":")[0] in {"rule", "path", "source", "category"}:
            narrow = self.query_one("#filter", Input)
            narrow.value, narrow.display = target, True
        elif not self._list.move_to(target):
            self._goto = target
            self._ask()

    # What the keys do

    def action_copy(self) -> None:
        """Copy where the finding is."""
        found = self.found
        if found is not None:
            place = f"{found.finding.path}:{found.finding.start_line}"
            self.panel.copy_to_clipboard(place)
            self.notify(f"Copied {place}", timeout=2, markup=False)

    @work(exit_on_error=False, group="editor")
    async def action_edit(self) -> None:
        """Open the place in the person's editor."""
        found = self.found
        info = self.world.projects.get(found.project) if found is not None else None
        if found is not None and info is not None:
            await open_in_editor(self.panel, Path(info.root) / found.finding.path, found.finding.start_line)

    @work(exclusive=True, exit_on_error=False, group="deed")
    async def action_do(self, deed: str) -> None:
        """Fix, ignore, or write a baseline; each asks before it writes."""
        desk, found = FindingsDesk(self.panel, self._doing_now), self.found
        if deed == "baseline":
            await desk.baseline(self._project_here())
        elif found is not None and deed == "ignore":
            await desk.ignore(found)
        elif found is not None:
            await desk.fix(found, whole_rule=deed == "fix_rule")
        self._ask_soon()

    def action_analyse(self) -> None:
        """Analyse the project now."""
        if self._analysis is not None:
            self.notify("An analysis runs; Esc ends it.")
        else:
            self._analysis = self._analyse(self._project_here())

    @work(exit_on_error=False, group="analysis")
    async def _analyse(self, project: str) -> None:
        try:
            await FindingsDesk(self.panel, self._doing_now).analyse(project)
        finally:
            self._analysis = None
        self._ask()

    def _project_here(self) -> str:
        """The project of the row under the cursor, or the chosen one; empty when there is none."""
        found = self.found
        project = found.project if found is not None else self.project
        return project if self.panel.world is not None and project in self.world.projects else ""
