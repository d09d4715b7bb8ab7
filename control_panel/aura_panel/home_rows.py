"""Rows of the first view as text: projects, services, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich.text import Text

from aura_cli.answers import JsonObject, count_of, number_of, text_of
from aura_shared.processes import PROCESSES

if TYPE_CHECKING:  # Messages take half a second of CPU to load; the first picture comes before them.
    from aura_panel.stories import Story
    from aura_panel.world import ProjectFacts, World
    from aura_shared.messages.code import ProjectInfo
    from aura_shared.messages.findings import FindingsSummary
    from aura_shared.messages.git import GitStatus
    from aura_shared.messages.plan_progress import PlanProgress

__all__ = [
    "PROJECT_COLUMNS",
    "SERVICE_COLUMNS",
    "clock",
    "group_stories",
    "models_line",
    "project_table",
    "service_row",
    "service_state",
    "services_line",
    "sparkline",
]

_LEFT_OUT: Final = ("Trend", "Tests", "Changes", "Plan")
"""Columns of projects that are left out where not all fit, in that order: each has a view of its own."""
_CELL_PADDING: Final = 2
"""Columns of the screen beside the text of a cell."""
_LONGEST_NAMES: Final = (24, 16, 10)
"""Columns that the name of a project or a branch may take; a longer one is cut."""
PROJECT_COLUMNS: Final = ("Project", "Index", "Findings", "Trend", "Changes", "Plan", "Tests", "Git")
SERVICE_COLUMNS: Final = ("Service", "State", "Up", "Restarts", "CPU", "Memory", "Lag")
_FIGURES: Final = frozenset({"Up", "CPU", "Memory", "Lag"})
_SERVICE_STATE: Final = "service.state"
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_STATE_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "ready": ("●", "success"),
    "starting": ("◐", "warning"),
    "waiting": ("○", "muted"),
    "backing-off": ("◑", "warning"),
    "stopping": ("◑", "warning"),
    "stopped": ("■", "muted"),
    "crash-loop": ("✗", "error"),
}
Colours = Mapping[str, str]
DASH: Final = "–"  # noqa: RUF001 - what stands for nothing


def sparkline(values: Sequence[float], columns: int = 8) -> str:
    """The last values as blocks, from the lowest to the highest of them; empty without values."""
    shown = list(values)[-columns:]
    lowest, highest = min(shown, default=0), max(shown, default=0)
    if highest <= lowest:
        return _BLOCKS[3] * len(shown)
    return "".join(_BLOCKS[min(7, int((value - lowest) / (highest - lowest) * 7.999))] for value in shown)


def _project_row(info: ProjectInfo, facts: ProjectFacts, colours: Colours, *, chosen: bool, longest: int) -> list[Text]:
    """The cells of a project, in the order of `PROJECT_COLUMNS`, with names of at most so many columns."""
    name = Text.assemble("▸" if chosen else " ", _name(info.name, longest), style="bold" if chosen else "")
    return [
        name,
        _index(info, colours),
        _findings(facts.findings, colours),
        _trend(facts.findings, colours),
        Text(
            f"{len(facts.changes)} open" if facts.changes else DASH,
            colours["accent"] if facts.changes else colours["muted"],
        ),
        _plan(facts.plan, colours),
        _tests(facts, colours),
        _git(facts.git, colours, longest),
    ]


def project_table(
    projects: Sequence[tuple[ProjectInfo, ProjectFacts]],
    colours: Colours,
    *,
    chosen: str,
    room: int,
    names: Sequence[int] = _LONGEST_NAMES,
) -> tuple[tuple[str, ...], dict[str, list[Text]]]:
    """Columns of the projects and their rows by identifier, so that all of each cell is seen.

    Args:
        projects: In the order of the rows.
        colours: Of the theme.
        chosen: Identifier of the project that is marked.
        room: Columns of the screen.
        names: Of how many columns names of projects and branches may be; the first for which all is seen counts.
    """
    longest, *shorter = names
    rows = {
        info.id: _project_row(info, facts, colours, chosen=info.id == chosen, longest=longest)
        for info, facts in projects
    }
    widths = _widths(rows.values())
    for name in _LEFT_OUT:
        if sum(widths.values()) > room:
            del widths[name]
    if shorter and sum(widths.values()) > room:
        return project_table(projects, colours, chosen=chosen, room=room, names=shorter)
    at = [PROJECT_COLUMNS.index(name) for name in widths]
    return tuple(widths), {key: [cells[place] for place in at] for key, cells in rows.items()}


def _widths(rows: Iterable[Sequence[Text]]) -> dict[str, int]:
    columns = zip(map(Text, PROJECT_COLUMNS), *rows, strict=True)
    return {cells[0].plain: _CELL_PADDING + max(cell.cell_len for cell in cells) for cells in columns}


def _name(name: str, longest: int) -> Text:
    text = Text(name)
    text.truncate(longest, overflow="ellipsis")
    return text


def _index(info: ProjectInfo, colours: Colours) -> Text:
    if info.phase == "ready":
        pending = info.freshness.pending
        late = f" ({pending} pending)" if pending else ""
        return Text.assemble(("● ", colours["success"]), f"{info.files:,} files{late}")
    if info.phase in {"missing", "failed"}:
        return Text.assemble(("✗ ", colours["error"]), info.phase)
    share = f" {info.files_done / info.files_total:.0%}" if info.files_total else ""
    return Text.assemble(("◐ ", colours["warning"]), f"{info.phase}{share}")


def _findings(found: FindingsSummary | None, colours: Colours) -> Text:
    if found is None:
        return Text(DASH, colours["muted"])
    if not found.total:
        return Text("none", colours["success"])
    levels = found.levels
    text = Text()
    for sign, level, colour in (("✗", "error", "error"), ("!", "warning", "warning"), ("·", "hint", "muted")):
        if levels.get(level):
            text.append(f"{sign}{levels[level]:,} ", colours[colour])
    text.rstrip()
    return text


def _trend(found: FindingsSummary | None, colours: Colours) -> Text:
    if found is None or len(found.trend) < 2:
        return Text(DASH, colours["muted"])
    totals = [sum(day.levels.values()) for day in found.trend]
    step = totals[-1] - totals[0]
    word, colour = (f"↓{-step:,}", "success") if step < 0 else (f"↑{step:,}", "warning") if step else ("=", "muted")
    return Text.assemble((sparkline(totals), colours["secondary"]), " ", (word, colours[colour]))


def _plan(found: PlanProgress | None, colours: Colours) -> Text:
    if found is None:
        return Text(DASH, colours["muted"])
    filled = round(found.share * 6)
    text = Text.assemble(
        ("█" * filled, colours["primary"]), ("░" * (6 - filled), colours["muted"]), f" {found.share:.0%}"
    )
    if found.contradictions:
        text.append(f" !{found.contradictions}", colours["warning"])
    return text


def _tests(facts: ProjectFacts, colours: Colours) -> Text:
    if facts.tests is None or not any(facts.tests):
        return Text(DASH, colours["muted"])
    green, red = facts.tests
    text = Text()
    if green:
        text.append(f"✓{green}", colours["success"])
    if red:
        text.append(f"{' ' if green else ''}✗{red}", colours["error"])
    return text


def _git(found: GitStatus | None, colours: Colours, longest: int) -> Text:
    if found is None:
        return Text(DASH, colours["muted"])
    text = _name(found.branch or ("detached" if found.detached else DASH), longest)
    for number, sign, colour in (
        (found.ahead, "↑", "secondary"),
        (found.behind, "↓", "warning"),
        (found.staged + found.unstaged, "~", "accent"),
        (found.untracked, "?", "muted"),
    ):
        if number:
            text.append(f" {sign}{number}", colours[colour])
    if found.unmerged or found.in_progress:
        text.append(f" ✗{found.in_progress or 'conflict'}", colours["error"])
    return text


def service_row(name: str, world: World, colours: Colours) -> list[Text]:
    """The cells of a service, in the order of `SERVICE_COLUMNS`."""
    service: JsonObject = world.services.get(name, {})
    state = text_of(service, "state")
    sign, colour = _STATE_SIGNS.get(state, ("○", "muted"))
    metrics = world.metrics.get(name)
    cpu = world.cpu.get(name)
    restarts = count_of(service, "restarts")
    runs = service.get("pid") is not None
    muted = colours["muted"]
    return [
        Text(name),
        Text.assemble((sign, colours[colour]), f" {state}"),
        Text(duration(number_of(service, "uptime_s")) if runs else DASH, justify="right"),
        Text(str(restarts), colours["warning"] if restarts else muted, justify="right"),
        Text(f"{cpu:.0%}" if runs and cpu is not None else DASH, justify="right"),
        Text(f"{count_of(service, 'rss_bytes') / (1 << 20):,.0f} MB" if runs else DASH, justify="right"),
        Text(str(metrics.bus_lag) if runs and metrics is not None else DASH, justify="right"),
    ]


def service_state(row: Sequence[Text]) -> tuple[str, ...]:
    """What of a service's cells is shown at once when it changes: all but how large a figure is."""
    return tuple(
        "" if column in _FIGURES and cell.plain != DASH else cell.plain
        for column, cell in zip(SERVICE_COLUMNS, row, strict=True)
    )


def services_line(world: World, colours: Colours) -> Text:
    """All services in one line, for narrow screens."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for name in service_names(world):
        state = text_of(world.services.get(name, {}), "state")
        sign, colour = _STATE_SIGNS.get(state, ("○", "muted"))
        text.append(f"{sign} ", colours[colour]).append(f"{name}  ")
    return text


def service_names(world: World) -> list[str]:
    """The services, in the order of the process table."""
    return list(world.services) or [spec.name for spec in PROCESSES]


def models_line(world: World, colours: Colours) -> Text:
    """What serves models."""
    servers = world.model_servers
    if servers is None:
        return Text("Models: unknown", colours["muted"])
    up = [server for server in servers if server.up]
    if not up:
        return Text("Models: none answers; everything deterministic works without one", colours["muted"])
    names = ", ".join(f"{server.name} ({len(server.models)})" for server in up)
    return Text(f"Models: {names}", no_wrap=True, overflow="ellipsis")


def duration(seconds: float) -> str:
    """A span of time, exact to a minute: finer would be drawn anew each second."""
    whole = int(seconds)
    days, hours, minutes = whole // 86_400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m" if minutes else "<1m"


def now() -> datetime:
    """This moment, in the time zone of the person."""
    return datetime.now().astimezone()


def clock(ts: str) -> str:
    """The time of day here; the day for what is older than half a day. Eight columns."""
    try:
        at = datetime.fromisoformat(ts).astimezone()
    except ValueError:
        return "--:--:--"
    old = now() - at > timedelta(hours=12)
    return at.strftime("%d %b  ") if old else at.strftime("%H:%M:%S")


def group_stories(stories: Iterable[Story], most: int = 300) -> list[list[Story]]:
    """The newest stories by what led to them: the group with the newest story first, each group oldest first.

    Quiet stories that stand alone are left out: they are progress that nobody has to read.
    """
    groups: dict[str, list[Story]] = {}
    for story in _merged(list(stories)[-most:]):
        known = [key for key in (story.root, story.cause) if key in groups]
        key = known[0] if known else story.root or story.cause or story.id
        group = groups.pop(key, [])  # A group moves to the end with each story.
        groups[key] = [*group, story]
    told = [group for group in groups.values() if any(story.weight != "quiet" for story in group) or len(group) > 1]
    return told[::-1]


def _merged(stories: Sequence[Story]) -> Iterable[Story]:
    """Services that became ready one after the other are one story."""
    ready: list[Story] = []
    for story in [*stories, None]:
        if story is not None and story.kind == _SERVICE_STATE and story.weight == "good":
            ready.append(story)
            continue
        if story is not None and story.weight == "quiet" and ready:
            continue
        if len(ready) > 2:
            yield ready[-1]._replace(text=f"{len(ready)} services are ready")
        else:
            yield from ready
        ready = []
        if story is not None:
            yield story
