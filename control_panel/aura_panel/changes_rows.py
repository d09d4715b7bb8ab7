"""Changes and approvals as text: the rows of the list, what stands above a diff, and what is asked before writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Final, TypeVar

from rich.console import Console
from rich.style import Style
from rich.text import Text

from aura_panel.diff_document import DiffDocument
from aura_panel.widgets.listing import ListColumn
from aura_shared.errors import AuraError
from aura_shared.messages.approvals import Approval
from aura_shared.messages.changes import ChangeInfo, ChangeState, CheckResult, Hunk
from aura_shared.security import make_visible

if TYPE_CHECKING:
    from aura_panel.world import World

__all__ = [
    "COLUMNS",
    "FILTERS",
    "approval_head",
    "approval_row",
    "asked_clock",
    "change_head",
    "change_row",
    "counts_of",
    "empty_reason",
    "files_line",
    "lapses",
    "markdown_lines",
    "merge_lines",
    "place_line",
    "trouble_lines",
    "without_project",
]

CellT = TypeVar("CellT")
Colours = Mapping[str, str]
COLUMNS: Final = (
    ListColumn("", 2),
    ListColumn("What", stretch=True),
    ListColumn("Project", 12, 3),
    ListColumn("Lines", 14, 2),
    ListColumn("When", 12, 1),
)
FILTERS: Final[Mapping[str, tuple[str, list[ChangeState]]]] = {
    "review": ("To review", ["proposed", "partly-applied"]),
    "applied": ("Applied", ["applied", "partly-applied"]),
    "undone": ("Undone", ["undone"]),
    "rejected": ("Rejected", ["rejected"]),
    "all": ("All", []),
}
"""What the list may show: its title and the states."""
LAPSES: Final = timedelta(seconds=600)
"""The gateway forgets a question after this time."""
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "proposed": ("?", "warning"),
    "applied": ("●", "success"),
    "partly-applied": ("◐", "success"),
    "undone": ("↶", "muted"),
    "rejected": ("✗", "error"),
}
_OUTCOMES: Final = {"passed": ("✓", "success"), "failed": ("✗", "error"), "skipped": ("–", "muted")}  # noqa: RUF001
_DECIDED: Final = {"open": "open", "approved": "✓ approved", "denied": "✗ denied"}
_MOST_FILES: Final = 8


def asked_clock(moment: str, *, day: bool = False) -> str:
    """A moment as the time of day here, with its day where wanted; empty when it is none."""
    try:
        found = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return ""
    return found.strftime("%d %b %H:%M" if day else "%H:%M")


def lapses(approval: Approval) -> str:
    """When the gateway forgets a question, as the time of day."""
    try:
        return (datetime.fromisoformat(approval.asked_at) + LAPSES).astimezone().strftime("%H:%M")
    except ValueError:
        return ""


def without_project(cells: Sequence[CellT]) -> list[CellT]:
    """The cells of a row, or the columns, without the project: where one is shown its name says nothing."""
    return [cell for cell, column in zip(cells, COLUMNS, strict=True) if column.title != "Project"]


def approval_row(approval: Approval, project: str, colours: Colours, *, waits: bool) -> list[Text]:
    """A question of an agent, in the order of `COLUMNS`."""
    tone = colours["warning"] if waits else colours["muted"]
    decided = "" if waits else f"{_DECIDED[approval.decision] if approval.decision != 'open' else 'lapsed'}: "
    who, asked = approval.client or "an agent", approval.summary or approval.tool
    what = make_visible(f"{decided}{who} asks: {asked}")
    return [
        Text("!" if waits else "·", f"bold {tone}"),
        Text(what.replace("\n", " "), "bold" if waits else colours["muted"]),
        Text(make_visible(project), colours["muted"]),
        Text(""),
        Text(asked_clock(approval.asked_at, day=True), colours["muted"]),
    ]


def change_row(change: ChangeInfo, project: str, colours: Colours) -> list[Text]:
    """A change, in the order of `COLUMNS`."""
    sign, tone = _STATES[change.state]
    return [
        Text(sign, colours[tone]),
        Text(make_visible(change.title).replace("\n", " ")),
        Text(make_visible(project), colours["muted"]),
        Text.assemble((f"+{change.added:,}", colours["success"]), " ", (f"-{change.removed:,}", colours["error"])),
        Text(asked_clock(change.created_at, day=True), colours["muted"]),
    ]


def counts_of(hunks: Sequence[Hunk]) -> dict[str, int]:
    """How many hunks are `applied`, and how many of the others `accepted`, `rejected` and `open`."""
    counts = {"applied": 0, "accepted": 0, "rejected": 0, "open": 0}
    for hunk in hunks:
        counts["applied" if hunk.applied else hunk.decision] += 1
    return counts


def counts_line(change: ChangeInfo) -> str:
    """What was decided on the hunks of a change, in words."""
    counts = counts_of([hunk for file in change.files for hunk in file.hunks])
    total = sum(counts.values())
    words = [f"{number:,} {word}" for word, number in counts.items() if number]
    return f"{total:,} {'hunk' if total == 1 else 'hunks'}: {', '.join(words)}" if total else "no hunks"


def change_head(change: ChangeInfo, project: str, notice: str, width: int, colours: Colours) -> list[Text]:
    """What stands above the files of a change: what, why, what was checked."""
    sign, tone = _STATES[change.state]
    muted = colours["muted"]
    facts = [change.id, make_visible(change.source), make_visible(project), asked_clock(change.created_at, day=True)]
    if change.changed_at and change.changed_at != change.created_at:
        facts.append(f"changed {asked_clock(change.changed_at, day=True)}")
    if change.replaces:
        facts.append(f"a new version of {change.replaces}")
    lines = _wrapped(Text(make_visible(change.title).replace("\n", " "), "bold"), width)
    lines += _wrapped(
        Text.assemble(
            (f"{sign} {change.state}", f"bold {colours[tone]}"),
            (f"  {_count(change.file_count, 'file')} ", muted),
            (f"+{change.added:,}", colours["success"]), " ", (f"-{change.removed:,}", colours["error"]),
            (f"  {counts_line(change)}", muted),
        ),
        width,
    )  # fmt: skip
    lines += _wrapped(Text(" · ".join(fact for fact in facts if fact), muted), width)
    if notice:
        lines += _wrapped(Text(f"! {make_visible(notice)}", colours["warning"]), width)
    if change.why.strip():
        lines += [Text(""), *markdown_lines(change.why, width)]
    if change.checks:
        lines.append(Text(""))
        for check in change.checks:
            lines += _check(check, width, colours)
    return lines


def _check(check: CheckResult, width: int, colours: Colours) -> list[Text]:
    sign, tone = _OUTCOMES[check.outcome]
    time = f" {check.seconds:.1f} s" if check.seconds >= 0.1 else ""
    box = f" in {make_visible(check.sandbox)}" if check.sandbox else ""
    first = Text.assemble(
        (f"{sign} {check.outcome:<7}", colours[tone]),
        f" {make_visible(check.name)}",
        (f"{time}{box}", colours["muted"]),
    )
    detail = make_visible(check.detail).strip()
    if "\n" not in detail and detail:
        return _wrapped(first.append(f"  {detail}", colours["muted"]), width, hang=10)
    rest = [Text(f"          {line}", colours["muted"]) for line in detail.split("\n") if line]
    return [first, *(part for line in rest for part in _wrapped(line, width, hang=10))]


def approval_head(approval: Approval, project: str, width: int, colours: Colours, *, waits: bool) -> list[Text]:
    """All that is known of a question of an agent, and what can be done."""
    lines = _wrapped(Text(make_visible(approval.summary or approval.tool), "bold"), width)
    if waits:
        said = Text(f"! waits for you; lapses at {lapses(approval)}", f"bold {colours['warning']}")
    elif approval.decision == "open":
        said = Text("· It does not wait any more: it lapsed, or Aura was started anew.", colours["muted"])
    else:
        said = Text(
            f"{_DECIDED[approval.decision]}", colours["success" if approval.decision == "approved" else "error"]
        )
    lines += [*_wrapped(said, width), Text("")]
    facts = (
        ("Tool", make_visible(approval.tool)),
        ("Client", make_visible(approval.client) or "an agent that gave no name"),
        ("Project", make_visible(project)),
        ("Asked", asked_clock(approval.asked_at, day=True)),
        ("Identifier", make_visible(approval.id)),
    )
    for name, value in facts:
        if value:
            lines += _wrapped(Text.assemble((f"{name:<12}", colours["muted"]), value), width, hang=12)
    if waits:
        text = "y approves this one call; n denies it. Nothing is done until you say so, and a yes counts once."
        lines += [Text(""), *_wrapped(Text(text), width)]
    return lines


def markdown_lines(text: str, width: int) -> list[Text]:
    """Markdown as lines in bold and italic only: its colours could be those of another theme."""
    from rich.markdown import Markdown  # noqa: PLC0415 - 50 ms, and the first picture does not need it

    console = Console(width=max(20, width), file=StringIO(), color_system="truecolor", legacy_windows=False)
    markdown = Markdown(make_visible(text.strip()), hyperlinks=False)
    lines: list[Text] = []
    for segments in console.render_lines(markdown, pad=False):
        line = Text(no_wrap=True)
        for segment in segments:
            line.append(segment.text, _without_colour(segment.style))
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _without_colour(style: Style | None) -> Style | None:
    if style is None:
        return None
    return Style(bold=style.bold, italic=style.italic, underline=style.underline, strike=style.strike)


def files_line(change: ChangeInfo, paths: Sequence[str]) -> str:
    """Files by name, one a line, with what to know of those that changed since."""
    standings = {file.path: file.standing for file in change.files}
    lines: list[str] = []
    for path in paths[:_MOST_FILES]:
        standing = standings.get(path, "current")
        note = "" if standing == "current" else f"  ({'changed since' if standing != 'gone' else 'not there any more'})"
        lines.append(f"  {make_visible(path)}{note}")
    more = len(paths) - _MOST_FILES
    return "\n".join([*lines, *([f"  and {more:,} more"] if more > 0 else [])])


def _wrapped(text: Text, width: int, hang: int = 0) -> list[Text]:
    """Lines of at most so many columns; those after the first are indented."""
    console = Console(width=max(20, width), file=StringIO())
    first, *rest = text.wrap(console, max(20, width)) or [Text("")]
    for line in [first, *rest]:
        line.rstrip()
    if not rest or not hang:
        return [first, *rest]
    begun = len(first.plain)
    tail = text[begun:]
    tail = tail[len(tail.plain) - len(tail.plain.lstrip()) :]
    return [first, *(Text(" " * hang).append_text(line) for line in tail.wrap(console, max(20, width - hang)))]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def empty_reason(name: str, world: World | None, project: str) -> str:
    """Why there is nothing in the list, and what to do."""
    if world is None or world.presence == "unknown":
        return "Connecting …"
    if world.presence == "down":
        return "Nothing is known of changes while Aura is not running. Ctrl-S starts it."
    if not world.projects:
        return "No project is registered. In the command palette (Ctrl-P): Register project."
    title = FILTERS[name][0].lower()
    where = f" in {world.projects[project].name}" if project in world.projects else ""
    known = world.projects.get(project)
    building = (
        f"\n{known.name} is {known.phase}; its index is not ready yet." if known and known.phase != "ready" else ""
    )
    if name == "review":
        return (
            f"Nothing waits for you{where}. Changes come from `aura generate`, `aura refactor`, fixes of findings, and "
            "agents that use Aura over MCP. f shows what was applied, undone or rejected; l shows all projects."
            f"{building}"
        )
    return f"No changes here: {title}{where}. f shows others; l shows all projects.{building}"


def merge_lines(notice: str, width: int) -> list[Text]:
    """What stands above a merge; the answer to it is given by a key, not by an option."""
    return _wrapped(Text(make_visible(notice.replace(" Confirm it with merge.", ""))), width)


def place_line(document: DiffDocument, number: int) -> str:
    """Which hunk of how many, and what was decided; empty where there is nothing to decide."""
    hunks = [hunk for hunk in document.hunks if hunk.decision is not None]
    counts = {"applied": 0, "accepted": 0, "rejected": 0, "open": 0}
    for hunk in hunks:
        counts["applied" if hunk.applied else hunk.decision or "open"] += 1
    words = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    at = f"hunk {number + 1:,} of {len(hunks):,} · " if number >= 0 else ""
    return f"{at}{words}" if hunks else ""


def trouble_lines(error: AuraError, width: int, colours: Colours) -> list[Text]:
    """Why a change cannot be shown, and what to do."""
    lines = _wrapped(Text(f"✗ {make_visible(error.message)}", colours["error"]), width)
    return [*lines, *_wrapped(Text(make_visible(error.hint or "r asks again.")), width)]
