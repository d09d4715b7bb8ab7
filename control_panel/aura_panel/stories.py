"""Events as sentences: what happened, to which project, because of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, cast

from pydantic import ValidationError

from aura_shared.bus import Delivery
from aura_shared.messages.approvals import ApprovalChanged
from aura_shared.messages.branches import BranchUpdated
from aura_shared.messages.bus import JournalReplaced
from aura_shared.messages.changes import ChangeUpdated
from aura_shared.messages.code import IndexUpdated, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.commits import CommitDraftOutdated, CommitMade
from aura_shared.messages.core import Envelope, Event
from aura_shared.messages.findings import FindingsUpdated
from aura_shared.messages.git import GitChanged, GitOperationUpdated
from aura_shared.messages.git_health import GitProposal
from aura_shared.messages.merges import MergeUpdated
from aura_shared.messages.models import ModelServersChanged
from aura_shared.messages.plan_drift import PlanDriftChanged
from aura_shared.messages.plan_forecast import PlanForecastChanged
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.messages.plan_progress import PlanProgressChanged
from aura_shared.messages.pulls import PullUpdated
from aura_shared.messages.releases import ReleaseCut
from aura_shared.messages.services import ServiceStateChanged, WorkPaused

__all__ = ["STORY_KINDS", "Story", "story_of", "story_of_envelope"]

Weight = Literal["quiet", "info", "good", "warning", "error"]
"""How much a story matters; `quiet` ones are progress that nobody has to read."""


class Story(NamedTuple):
    """What happened, for a person."""

    ts: str
    """When: ISO 8601 in UTC."""
    weight: Weight
    """How much it matters."""
    text: str
    """What happened, in one line."""
    kind: str
    """Name of the event."""
    source: str
    """Service that told it."""
    project: str
    """Identifier of the project; empty when it is about none."""
    id: str
    """Of the event."""
    cause: str
    """Identifier of the message that led to it; empty when nothing did."""
    seq: int
    """Its place in the journal."""
    root: str = ""
    """Identifier of the message or call that all of it began with; empty when this is the beginning."""
    origin: str = ""
    """Who began it all, such as `cli`, `panel` or `mcp:NAME`; empty when the service did."""


class _Said(NamedTuple):
    text: str
    weight: Weight = "info"


def story_of(delivery: Delivery) -> Story:
    """The story of an event; an event of an unknown kind is told by its name."""
    envelope = delivery.envelope
    tell = _TELLERS.get(type(delivery.event))
    said = tell(delivery.event) if tell is not None else _Said(envelope.type, "quiet")
    return _story(envelope, delivery.seq, said, envelope.project or _project_of(delivery.event))


def _story(envelope: Envelope, seq: int, said: _Said, project: str) -> Story:
    return Story(
        ts=envelope.ts,
        weight=said.weight,
        text=said.text,
        kind=envelope.type,
        source=envelope.src,
        project=project,
        id=envelope.id,
        cause=envelope.cause or "",
        seq=seq,
        root=envelope.corr or "",
        origin=envelope.origin,
    )


def story_of_envelope(envelope: Envelope, seq: int) -> Story:
    """The story of an event that was journalled, by whatever version of Aura."""
    kind = _KINDS.get(envelope.type)
    try:
        event = kind.model_validate(envelope.data) if kind is not None else None
    except ValidationError:
        event = None
    if event is None:
        return _story(envelope, seq, _Said(envelope.type, "quiet"), envelope.project or "")
    return story_of(Delivery(event, envelope, seq))


def _project_of(event: Event) -> str:
    found: object = getattr(event, "project", "")
    return found if isinstance(found, str) else ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _service_state(event: ServiceStateChanged) -> _Said:
    reason = f": {event.reason}" if event.reason else ""
    weights: Mapping[str, Weight] = {"ready": "good", "backing-off": "warning", "crash-loop": "error"}
    words = {"backing-off": "waits before its restart", "crash-loop": "keeps crashing and was given up"}
    return _Said(
        f"{event.service} {words.get(event.state, 'is ' + event.state)}{reason}", weights.get(event.state, "quiet")
    )


def _project_state(event: ProjectStateChanged) -> _Said:
    info = event.project
    if info.phase == "ready":
        return _Said(f"{info.name} is indexed: {_count(info.files, 'file')}, {_count(info.symbols, 'symbol')}", "quiet")
    if info.phase in {"missing", "failed"}:
        return _Said(f"{info.name}: {info.problem or info.phase}", "error")
    share = f" {info.files_done:,} of {info.files_total:,} files" if info.files_total else ""
    return _Said(f"{info.name} is {info.phase}{share}", "quiet")


def _project_removed(event: ProjectRemoved) -> _Said:
    return _Said(f"{event.project} is no longer registered")


def _index_updated(event: IndexUpdated) -> _Said:
    changed, removed = event.changed_total, event.removed_total
    first = (event.changed or event.removed or ["files"])[0]
    more = changed + removed - 1
    text = f"indexed {first}" + (f" and {_count(more, 'more file')}" if more > 0 else "")
    return _Said(f"{text} in {event.seconds * 1000:,.0f} ms", "quiet")


def _findings(event: FindingsUpdated) -> _Said:
    if event.new:
        first = event.first[0] if event.first else None
        place = f": {first.path}:{first.start_line} {first.message}" if first else ""
        worst: Weight = "error" if first and first.level == "error" else "warning"
        gone = f", {event.gone} gone" if event.gone else ""
        return _Said(f"{_count(event.new, 'new finding')}{gone}{place}", worst)
    return _Said(f"{_count(event.gone, 'finding')} gone", "good")


def _change(event: ChangeUpdated) -> _Said:
    weight: Weight = "warning" if event.what == "proposed" else "good" if event.what == "applied" else "info"
    files = f" ({_count(len(event.paths), 'file')} written)" if event.paths else ""
    return _Said(f"change {event.change[:8]} {event.what}: {event.title}{files}", weight)


def _approval(event: ApprovalChanged) -> _Said:
    asked = event.approval
    who = asked.client or "an agent"
    if asked.decision == "open":
        return _Said(f"{who} asks to run {asked.tool}: {asked.summary}", "warning")
    return _Said(f"{asked.tool} for {who} was {asked.decision}: {asked.summary}")


def _git_changed(event: GitChanged) -> _Said:
    by = "Aura" if event.by_aura else "somebody"
    what = {"refs": "moved branches or tags", "started": f"began a {event.in_progress or 'merge'}"}
    branch = f" on {event.branch}" if event.branch else ""
    if event.what == "switched":
        return _Said(f"{by} switched from {event.old_branch or 'a commit'} to {event.branch or 'a commit'}")
    return _Said(f"{by} {what.get(event.what, event.what)}{branch}")


def _git_operation(event: GitOperationUpdated) -> _Said:
    found = event.operation
    weights: Mapping[str, Weight] = {"waiting": "warning", "interrupted": "warning", "failed": "error"}
    reason = found.waiting_for or found.problem
    return _Said(
        f"{found.title} {_STATE_WORDS.get(found.state, 'is ' + found.state)}" + (f": {reason}" if reason else ""),
        weights.get(found.state, "info"),
    )


_STATE_WORDS: Final = {"waiting": "waits for you", "interrupted": "was interrupted", "undone": "was taken back"}


def _proposal(event: GitProposal) -> _Said:
    return _Said(f"{event.what}: {event.why} ({event.command})", "info" if event.operation else "warning")


def _commit(event: CommitMade) -> _Said:
    return _Said(f"committed {event.commit[:8]} on {event.branch}: {event.subject}", "good")


def _outdated(event: CommitDraftOutdated) -> _Said:
    return _Said(f"the {'draft' if event.draft else 'planned split'} of a commit is outdated ({event.reason} changed)")


def _branch(event: BranchUpdated) -> _Said:
    return _Said(f"branch {event.branch} {event.what}", "warning" if event.what == "waiting" else "info")


def _merge(event: MergeUpdated) -> _Said:
    left = f", {_count(len(event.left), 'file')} left to you" if event.left else ""
    return _Said(f"{event.command} {event.ref} {event.what}{left}", "warning" if event.what == "waiting" else "info")


def _pull(event: PullUpdated) -> _Said:
    return _Said(f"pull request {event.number or ''} {event.what} {event.url or event.branch}".replace("  ", " "))


def _release(event: ReleaseCut) -> _Said:
    return _Said(
        f"released {event.version} ({event.tag})" + (f", pushed to {event.pushed}" if event.pushed else ""), "good"
    )


def _servers(event: ModelServersChanged) -> _Said:
    up = [server.name for server in event.servers if server.up]
    return _Said(f"model servers: {', '.join(up)}" if up else "no model server answers", "quiet")


def _items(event: PlanItemsChanged) -> _Said:
    by = "a file was edited" if event.by == "edit" else "changed"
    if not event.changes:
        return _Said(f"{_count(event.total, 'item')} of the plan: {by}")
    first = event.changes[0]
    step = f" {first.old_status or 'new'} → {first.status}" if first.status != first.old_status and first.status else ""
    more = f" and {_count(event.total - 1, 'more item')}" if event.total > 1 else ""
    gate = any(finding.rule.startswith("gate-") for finding in event.findings)
    return _Said(
        f"{first.kind} “{first.title or first.path}” {first.what}{step}{more}"
        + (" (edited by hand)" if event.by == "edit" else ""),
        "warning" if gate else "info",
    )


def _progress(event: PlanProgressChanged) -> _Said:
    if not event.changes:
        return _Said(f"{_count(event.total, 'item')} moved after {event.because}", "quiet")
    first = event.changes[0]
    more = f" and {_count(event.total - 1, 'more item')}" if event.total > 1 else ""
    return _Said(f"evidence: “{first.title or first.path}” is {first.state or 'gone'}{more} (after {event.because})")


def _forecast(event: PlanForecastChanged) -> _Said:
    if not event.p85:
        return _Said(f"no forecast any more: {event.reason}" if event.reason else "no forecast any more")
    return _Said(f"forecast: done by {event.p85} at 85 % (was {event.old_p85 or 'unknown'})")


def _drift(event: PlanDriftChanged) -> _Said:
    document = event.document
    counts = ", ".join(f"{number} {word}" for word, number in document.counts.items() if number and word != "unchanged")
    return _Said(
        f"{document.path} differs from the plan: {counts or 'gone'}", "warning" if document.drifted else "info"
    )


def _paused(event: WorkPaused) -> _Said:
    if not event.paused:
        return _Said("background work goes on")
    return _Said("background work is paused" + (f" until {event.until}" if event.until else ""), "warning")


def _journal(event: JournalReplaced) -> _Said:
    return _Said(f"the journal was damaged and begun anew; the old one is kept as {event.aside}", "error")


_TELLERS: Final = cast(
    "Mapping[type[Event], Callable[[Any], _Said]]",
    {
        ServiceStateChanged: _service_state,
        ProjectStateChanged: _project_state,
        ProjectRemoved: _project_removed,
        IndexUpdated: _index_updated,
        FindingsUpdated: _findings,
        ChangeUpdated: _change,
        ApprovalChanged: _approval,
        GitChanged: _git_changed,
        GitOperationUpdated: _git_operation,
        GitProposal: _proposal,
        CommitMade: _commit,
        CommitDraftOutdated: _outdated,
        BranchUpdated: _branch,
        MergeUpdated: _merge,
        PullUpdated: _pull,
        ReleaseCut: _release,
        ModelServersChanged: _servers,
        PlanItemsChanged: _items,
        PlanProgressChanged: _progress,
        PlanForecastChanged: _forecast,
        PlanDriftChanged: _drift,
        WorkPaused: _paused,
        JournalReplaced: _journal,
    },
)
_KINDS: Final = {kind.type: kind for kind in _TELLERS}
STORY_KINDS: Final = tuple(_TELLERS)
"""The events that have a story."""
