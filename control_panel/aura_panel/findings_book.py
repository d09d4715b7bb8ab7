"""Which findings the list shows: what the person wants of them, the page that was answered, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from aura_panel.findings_pages import (
    LEVELS,
    ORDERS,
    PAGE,
    Found,
    Page,
    Wanted,
    ask_page,
    asked_projects,
    parse_filter,
    why_nothing,
)
from aura_panel.findings_rows import COLUMNS, Colours, empty_words, finding_rows, state_of_findings
from aura_panel.widgets.listing import ListColumn
from aura_panel.world import World
from aura_shared.messages.findings import FindingLevel

__all__ = ["FindingsBook"]


class FindingsBook:
    """One page of findings, by the keys of their rows."""

    def __init__(self) -> None:
        self.page = Page()
        """What was answered last."""
        self.found: dict[str, Found] = {}
        """What the list shows."""
        self.wanted = Wanted(projects=())
        """What is asked for."""
        self.everywhere = False
        """Whether all projects are shown."""
        self.stale = True
        """Whether findings came or went since."""
        self.problem = ""
        """What is wrong with the filter, or why the newest question was not answered."""

    # What is wanted

    def show_level(self, level: FindingLevel | None) -> None:
        """Only this level; None for all."""
        self.wanted = replace(self.wanted, level=level, offset=0)

    def step_level(self, by: int) -> None:
        """The level before or after this one."""
        levels = [None, *LEVELS]
        self.show_level(levels[(levels.index(self.wanted.level) + by) % len(levels)])

    def step_page(self, by: int) -> None:
        """Another page."""
        self.wanted = replace(self.wanted, offset=max(0, self.page.offset + by * PAGE))

    def step_order(self) -> None:
        """Order by level, file, rule or tool."""
        order = ORDERS[(ORDERS.index(self.wanted.order) + 1) % len(ORDERS)]
        self.wanted = replace(self.wanted, order=order, offset=0)

    def step_silenced(self) -> None:
        """Silenced ones too, or not."""
        self.wanted = replace(self.wanted, silenced=not self.wanted.silenced, offset=0)

    def step_everywhere(self) -> None:
        """All projects, or the chosen one."""
        self.everywhere = not self.everywhere
        self.start_anew()

    def start_anew(self) -> None:
        """The first page."""
        self.wanted = replace(self.wanted, offset=0)

    # Questions

    def why_nothing(self, world: World | None, project: str) -> str:
        """Why nothing can be listed; empty when something can."""
        return why_nothing(world, project, everywhere=self.everywhere)

    def take_filter(self, world: World, project: str, written: str) -> bool:
        """Take in what was typed; whether something can be asked for."""
        narrowed = parse_filter(written)
        projects = asked_projects(world, project, everywhere=self.everywhere)
        self.wanted = replace(self.wanted, projects=projects, filter=narrowed)
        nothing = not projects or bool(self.why_nothing(world, project))
        if narrowed.problem or nothing:
            self.problem, self.stale = narrowed.problem, nothing
            return False
        return True

    async def ask(self, world: World) -> None:
        """Ask for the page.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        self.page = await ask_page(world.link, self.wanted)
        self.problem, self.stale = "", False

    # What is shown

    def rows(self, world: World | None, project: str, colours: Colours) -> dict[str, list[Text]]:
        """The rows of the page."""
        shown = [] if self.why_nothing(world, project) else self.page.found
        rows = finding_rows(shown, self.wanted.order, self.names(world), colours)
        self.found = dict(zip(rows, shown, strict=True))
        return rows

    @property
    def columns(self) -> Sequence[ListColumn]:
        """The columns of the rows."""
        return COLUMNS if self.everywhere else COLUMNS[:-1]

    def names(self, world: World | None) -> dict[str, str]:
        """What projects are called, where that is shown."""
        named = self.everywhere and world is not None
        return {info.id: info.name for info in world.projects.values()} if named and world is not None else {}

    @property
    def title(self) -> str:
        """What the list shows."""
        silenced = ", silenced ones too" if self.wanted.silenced else ""
        return f"{'All projects' if self.everywhere else 'Findings'}, by {self.wanted.order}{silenced}"

    @property
    def counts(self) -> dict[str, int]:
        """How many findings each level has."""
        levels = self.page.levels
        return {"all": sum(levels.values()), **{level: levels.get(level, 0) for level in LEVELS}}

    def empty_text(self) -> str:
        """Why the page has no rows; empty while that is not known."""
        return "" if self.stale else empty_words(self.page, self.wanted)

    def state_text(self, world: World, colours: Colours) -> Text:
        """How many there are, and how that changed."""
        facts = [world.facts_of(project).findings for project in self.wanted.projects]
        return state_of_findings(self.page, [known for known in facts if known is not None], colours)
