"""Carries requests for proposals out: reads the plan, works them out, and writes those that were chosen."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from aura_planning.desk import PlanDesk
from aura_planning.items.changing import Planned
from aura_planning.items.model import Finding, Item
from aura_planning.items.service import ItemService, Plan
from aura_planning.items.statuses import CLOSED
from aura_planning.items.store import PlanStore
from aura_planning.parsing.contract import Criterion, Document
from aura_planning.parsing.contract import Item as DocumentItem
from aura_planning.parsing.contract import Source as DocumentSource
from aura_planning.parsing.gaps import find_gaps
from aura_planning.parsing.parsing import parse_document
from aura_planning.parsing.source import MOST_BYTES, read_source
from aura_planning.proposing.applying import apply_boxes, apply_changes, apply_split
from aura_planning.proposing.asking import Asking, budget_of, wishes_of
from aura_planning.proposing.contract import Contents, Proposal, Source
from aura_planning.proposing.estimating import Known, Target, Workload, estimate
from aura_planning.proposing.expanding import expand, renumbered
from aura_planning.proposing.gathering import contents_of, facts_of, known_items, own_estimate, style_of, text_of
from aura_planning.proposing.grounding import Grounds
from aura_planning.proposing.keeping import Keeper
from aura_planning.proposing.replies import findings_for, page, version_of
from aura_planning.proposing.sections import cut_sections
from aura_planning.proposing.splitting import Split, split
from aura_shared.bus import Context
from aura_shared.errors import AuraError, FileMovedOn, UsageProblem
from aura_shared.messages.assist import ModelUse, UseModel
from aura_shared.messages.insight import FindHotspots
from aura_shared.messages.plan_items import PlanDone
from aura_shared.messages.plan_proposals import ExpandPlanItem, ProposalAnswer, ProposePlan
from aura_shared.security import open_inside

__all__ = ["Proposer"]

_CODE_S: Final = 20.0
_MOST_ESTIMATED: Final = 2000
_WORK: Final = ("epic", "story", "task")
_Finder: TypeAlias = "Callable[[Plan], Found]"
"""Works out what a request comes to, from what the files say now."""


@dataclass(slots=True)
class Found:
    """What a request came to, before anything is written."""

    proposals: list[Proposal] = field(default_factory=list[Proposal])
    notices: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    item: Item | None = None
    style: str = ""
    split: Split | None = None
    replace: bool = True
    """Whether estimates of persons are replaced."""
    reason: str = ""


@dataclass(slots=True)
class _Calls:
    """What models were asked for one document, and what is kept of it."""

    document: Document
    path: str
    lines: Sequence[str]
    keeper: Keeper
    data: bytes
    findings: list[Finding] = field(default_factory=list[Finding])
    use: ModelUse | None = None
    sections: int = 0
    done: int = 0
    budget: int = 0


class Proposer:
    """Works proposals out for the service."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items

    # -- one item --------------------------------------------------------------------------------------

    async def expand(self, request: ExpandPlanItem, context: Context) -> ProposalAnswer:
        """Children, parts or estimates of an item.

        Raises:
            UnknownItem: There is none.
            UsageProblem: The request makes no sense.
        """
        if not request.item and request.action != "estimate":
            raise UsageProblem(f"{request.action} needs an item")
        if request.action == "split" and request.only:
            raise UsageProblem("a split is taken whole: its parts hold the criteria together", hint="Leave --only out.")
        workload, notices = await self._workload(request, context)
        calls = await self._item_calls(request, context)

        def found(plan: Plan) -> Found:
            got = _expanded(plan, request, workload, calls)
            return replace(got, notices=[*got.notices, *notices])

        answer = await self._answer(request, context, request.action, found)
        return _with_calls(answer, calls)

    async def _workload(self, request: ExpandPlanItem, context: Context) -> tuple[Workload, list[str]]:
        """Complexity and changes of the files, as far as the code service knows them."""
        if request.action != "estimate":
            return Workload(), []
        project = await self._desk.project(request.project)
        try:
            answer = await self._desk.bus.request(
                FindHotspots(project=project.id, limit=200), timeout_s=_CODE_S, cause=context.envelope.id
            )
        except AuraError as error:
            return Workload(), [f"without complexity and changes of files: {error.message}"]
        complexity = max((one.complexity for one in answer.hotspots), default=0) or 1
        commits = max((one.commits for one in answer.hotspots), default=0) or 1
        return Workload(
            {one.path: one.complexity / complexity for one in answer.hotspots},
            {one.path: one.commits / commits for one in answer.hotspots},
        ), []

    async def _item_calls(self, request: ExpandPlanItem, context: Context) -> _Calls | None:
        """What a model adds to an item; `auto` asks only where the text of the item gives nothing."""
        if request.action != "expand" or request.model == "never":
            return None

        def work(plan: Plan) -> _Calls | None:
            item = _item(plan, request.item)
            if request.model == "auto" and expand(facts_of(plan.store, item))[0]:
                return None
            data = plan.store.read(item.path)
            return _Calls(
                _document_of(plan.store, item), item.path, read_source(data).lines, self._keeper(plan, item.path), data
            )

        calls = await self._items.read(request.project, context, work)
        if calls is not None:
            await self._ask(calls, request.model, 20, context)
        return calls

    # -- a document ------------------------------------------------------------------------------------

    async def propose(self, request: ProposePlan, context: Context) -> ProposalAnswer:
        """What a document lacks, as a model sees it and the document bears out.

        Raises:
            UnknownFile: There is no such document.
            UsageProblem: It is no document.
        """

        def work(plan: Plan) -> _Calls:
            data = _content(request, plan.store.root)
            document = parse_document(data, request.path)
            keeper = self._keeper(plan, request.path)
            if request.again:
                keeper.forget()
            return _Calls(document, request.path, read_source(data).lines, keeper, data)

        calls = await self._items.read(request.project, context, work)
        await self._ask(calls, request.model, request.sections, context)

        def found(plan: Plan) -> Found:
            got = _grounded(plan, calls)
            if not got.proposals:
                got.reason = _why_nothing(calls)
            return got

        answer = await self._answer(request, context, "propose", found)
        return _with_calls(answer.model_copy(update={"item": request.path, "title": calls.document.title}), calls)

    def _keeper(self, plan: Plan, path: str) -> Keeper:
        return Keeper(Path(self._desk.paths.data) / "plan" / plan.project.id / "proposals", path)

    async def _ask(self, calls: _Calls, mode: UseModel, most: int, context: Context) -> None:
        """Ask about the sections that nothing is kept of, and count."""
        sections = cut_sections(calls.data, calls.document)
        waiting = [one for one in sections if one.digest not in calls.keeper.sections]
        calls.budget = budget_of(waiting)
        if mode != "never" and most:
            gaps = await asyncio.to_thread(find_gaps, calls.document)
            asking = Asking(self._desk.bus, context, mode, calls.document, calls.path, gaps, calls.keeper)
            await asking.ask(sections, most)
            calls.findings, calls.use = asking.findings, asking.use
        else:
            why = "it was asked for without a model" if mode == "never" else "only the budget was asked for"
            calls.use = ModelUse(why_not=why)
        for section in sections:
            kept = calls.keeper.sections.get(section.digest)
            if kept is not None and kept.problem:
                text = f"part of the model's answer is left out: {kept.problem}"
                calls.findings.append(Finding("model-answer-partly", text, calls.path, section.first, "warning"))
        calls.sections = len(sections)
        calls.done = sum(one.digest in calls.keeper.sections for one in sections)

    # -- answers ---------------------------------------------------------------------------------------

    async def _answer(
        self, request: ExpandPlanItem | ProposePlan, context: Context, command: str, found: _Finder
    ) -> ProposalAnswer:
        """What was found, and what was written of it."""
        kept: list[Found] = []
        chosen: list[int] = []

        def planned(plan: Plan) -> Planned:
            got = found(plan)
            kept.append(got)
            chosen[:] = _chosen(request, got.proposals)
            return _planned(plan, got, chosen)

        if not request.apply and not request.diff:
            got = await self._items.read(request.project, context, found)
            done = None
        else:
            done = await self._items.carry_out(
                request.project, command, context, planned, request.diff, dry_run=not request.apply
            )
            got = kept[-1]
        project = await self._desk.project(request.project)
        return _reply(request, command, project.id, got, done, chosen if request.apply else [])


def _reply(
    request: ExpandPlanItem | ProposePlan, command: str, project: str, got: Found, done: PlanDone | None,
    chosen: Sequence[int],
) -> ProposalAnswer:  # fmt: skip
    shown, following = page(got.proposals, request.start, request.limit, request.budget)
    applied = list(chosen) if done is not None and done.done else []
    return ProposalAnswer(
        project=project,
        action=command,
        item=(got.item.id or got.item.path) if got.item is not None else "",
        title=got.item.title if got.item is not None else "",
        style="boxes" if got.style == "boxes" else "files" if got.style else "",
        pattern=got.split.pattern if got.split is not None else "",
        proposals=shown,
        version=version_of(got.proposals),
        total=len(got.proposals),
        next=following,
        applied=applied,
        operation=done.operation if done is not None else "",
        files=done.files if done is not None else [],
        diff=done.diff if done is not None else "",
        findings=findings_for(got.findings),
        notices=[*got.notices, *(done.notices if done is not None else [])][:100],
        reason=got.reason,
    )


def _with_calls(answer: ProposalAnswer, calls: _Calls | None) -> ProposalAnswer:
    if calls is None:
        return answer
    return answer.model_copy(
        update={
            "sections": calls.sections, "sections_done": calls.done, "budget_tokens": calls.budget, "model": calls.use,
            "findings": [*findings_for(calls.findings), *answer.findings],
        }
    )  # fmt: skip


# -- what is found ---------------------------------------------------------------------------------


def _expanded(plan: Plan, request: ExpandPlanItem, workload: Workload, calls: _Calls | None) -> Found:
    if request.action == "estimate":
        return _estimated(plan, request, workload)
    item = _item(plan, request.item)
    if request.action == "split":
        return _split(plan, item, request.by)
    facts = facts_of(plan.store, item)
    proposals, notices = expand(facts)
    found = Found(proposals, notices, item=item, style=style_of(plan.store, item))
    if calls is not None:
        asked = _grounded(plan, calls)
        found.proposals += [_below(one, item) for one in asked.proposals]
        found.notices += asked.notices
    if not found.proposals:
        found.reason = (
            "all that it asks for is there already" if notices
            else "its text has no criteria, steps or features to derive anything from; write some, or use --model"
        )  # fmt: skip
    return found


def _below(one: Proposal, item: Item) -> Proposal:
    """A proposal of a model for an item, as a child of it where it has no other place."""
    if one.what == "change":
        return replace(one, item=one.item or item.path)
    kind = "story" if item.kind == "epic" else "task"
    return replace(one, kind=kind, parent=one.parent or item.id or item.path)


def _split(plan: Plan, item: Item, by: str) -> Found:
    if item.kind == "epic":
        raise UsageProblem(
            "an epic is not split; its stories are", hint=f"`aura plan expand {item.id}` proposes stories."
        )
    found = split(item, contents_of(plan.store, item), by)
    notices = [found.reason] if found.parts else []
    return Found(list(found.parts), notices, item=item, split=found, reason="" if found.parts else found.reason)


def _estimated(plan: Plan, request: ExpandPlanItem, workload: Workload) -> Found:
    store = plan.store
    found = Found(replace=request.replace)
    if request.item:
        found.item = _item(plan, request.item)
        targets = [found.item]
    else:
        ledger = store.ledger
        targets = [
            one for one in ledger.items
            if one.kind in {"story", "task"} and one.id and not one.broken and one.status not in CLOSED
            and (request.replace or not own_estimate(one))
        ][:_MOST_ESTIMATED]  # fmt: skip
    kinds = {one.kind: one for one in targets}
    known = {kind: known_items(store, one, plan.settings) for kind, one in kinds.items()}
    for item in targets:
        if own_estimate(item) and not request.replace:
            number = item.amounts.get("estimate", "")
            found.notices.append(
                f"{item.alias or item.id}: a person estimated {number}; --replace puts another in its place"
            )
        contents = contents_of(store, item)
        found.proposals.append(_cost(store, item, contents, known[item.kind], workload))
    if not targets:
        found.reason = "no open story or task lacks an estimate"
    return found


def _cost(store: PlanStore, item: Item, contents: Contents, known: Sequence[Known], workload: Workload) -> Proposal:
    target = Target(item, contents, text_of(item, contents), len(store.ledger.children(item)))
    cost = estimate(target, known, workload)
    return Proposal(
        item.kind, item.title, "history" if cost.by == "history" else "size", what="change", item=item.path,
        estimate=cost.likely, low=cost.low, high=cost.high, reasons=cost.reasons, source=Source(item.path, 1, 1),
    )  # fmt: skip


def _grounded(plan: Plan, calls: _Calls) -> Found:
    """What is kept of a document, held against it and the plan."""
    grounds = Grounds(calls.document, calls.path, calls.lines, plan.store.ledger)
    for section, wishes in wishes_of(calls.keeper, cut_sections(calls.data, calls.document)):
        grounds.take(section, wishes)
    return Found(grounds.proposals, grounds.notices, grounds.findings)


def _why_nothing(calls: _Calls) -> str:
    if calls.done < calls.sections:
        return f"{calls.sections - calls.done} of the document's sections have no answer yet: {calls.sections} in all"
    return "no model found anything that is lacking" if calls.sections else "the document has nothing to ask about"


# -- what is written -------------------------------------------------------------------------------


def _chosen(request: ExpandPlanItem | ProposePlan, proposals: Sequence[Proposal]) -> list[int]:
    """Numbers of those that are wanted.

    Raises:
        UsageProblem: There is none with such a number.
        FileMovedOn: The list is another than the one that the numbers are about.
    """
    if request.version and request.version != version_of(proposals):
        raise FileMovedOn("the list of proposals is another one now", hint="Look at it again, then choose.")
    wrong = [one for one in request.only if not 1 <= one <= len(proposals)]
    if wrong:
        raise UsageProblem(
            f"there is no proposal {wrong[0]}: there are {len(proposals)}", hint="Look at the list again."
        )
    return sorted(set(request.only)) if request.only else list(range(1, len(proposals) + 1))


def _planned(plan: Plan, got: Found, chosen: Sequence[int]) -> Planned:
    store, item = plan.store, got.item
    if not chosen:
        return Planned("nothing proposed")
    if got.split is not None:
        assert item is not None
        return apply_split(store, plan.settings, item, got.split)
    picked = renumbered(got.proposals, chosen)
    boxes = got.style == "boxes" and item is not None and all(one.what == "add" for one in picked)
    if boxes and item is not None:
        return apply_boxes(store, plan.settings, item, picked)
    skipped = [one for one in picked if one.what == "change" and not one.item]
    kept = [one for one in picked if one not in skipped]
    guarded = [one for one in kept if not _guarded(store, one, got)]
    title = f"expand {item.alias or item.id}" if item is not None else "add proposals"
    planned = apply_changes(store, plan.settings, guarded, f"{title}: {len(guarded)} proposals")
    planned.notices += [
        f"not written, since the plan has no item {one.title[:60]!r}: {one.reasons[0]}" for one in skipped
    ]
    return planned


def _guarded(store: PlanStore, one: Proposal, got: Found) -> bool:
    """Whether an estimate of a person stands against it, and nobody asked to replace it."""
    if got.replace or one.estimate is None or one.what != "change":
        return False
    item = next((found for found in store.ledger.items if found.path == one.item), None)
    return item is not None and own_estimate(item)


# -- what is read ----------------------------------------------------------------------------------


def _item(plan: Plan, reference: str) -> Item:
    """An epic, story or task.

    Raises:
        UnknownItem: There is none.
        UsageProblem: It is a document.
    """
    item = plan.store.ledger.find(reference)
    if item.kind not in _WORK:
        raise UsageProblem(
            f"{item.path} is a document, not an epic, story or task",
            hint=f"`aura plan parse {item.path} --gaps` shows what it asks for.",
        )
    return item


def _content(request: ProposePlan, root: Path) -> bytes:
    if request.content:
        try:
            return base64.b64decode(request.content, validate=True)
        except binascii.Error as error:
            raise UsageProblem(f"the content is not Base64: {error}", hint="Encode the bytes of the file.") from error
    with open_inside(root, request.path) as file:
        return file.read(MOST_BYTES + 1)


def _document_of(store: PlanStore, item: Item) -> Document:
    """An item and what belongs to it as a document, so that a model can be asked about it."""
    contents = contents_of(store, item)
    kind = "epic" if item.kind == "epic" else "task" if item.kind == "task" else "story"
    criteria = tuple(Criterion(one.text, DocumentSource(one.first, one.last)) for one in contents.criteria)
    source = DocumentSource(1, 1)
    own = DocumentItem(kind, item.id, item.title, contents.about, source, criteria=criteria)
    below = [
        DocumentItem("story" if one.kind == "story" else "task", one.id, one.title, "", source, 0)
        for one in store.ledger.children(item)
    ]
    return Document(item.path, "plan", item.title, (own, *below))
