"""Requirements documents over the bus: checks them, and makes a PRD from a sentence."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.errors import GateClosed, NotFound, UsageProblem
from aura_shared.messages.plan_documents import (
    CheckDocument,
    CheckedDocument,
    DraftDocument,
    DraftedDocument,
    DraftQuestion,
)
from aura_shared.projects import Project
from aura_shared.security import open_inside

if TYPE_CHECKING:
    from aura_planning.documents.checking import Surroundings
    from aura_planning.documents.drafting import Outline, Part
    from aura_planning.documents.facts import Fact
    from aura_planning.documents.keeping import Draft
    from aura_planning.documents.writing import Outcome
    from aura_shared.messages.models import Complete, Completion

__all__ = ["DocumentService"]

_MOST_BYTES: Final = 2_000_000
_CALL_S: Final = 900.0
"""A small model on a slow machine takes minutes for a section."""
_PATH: Final = ".ai/prd.md"


class DocumentService:
    """Serves the requests of `aura_shared.messages.plan_documents`. Its heavy half is loaded with the first of them."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items
        self._busy: set[str] = set()

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(CheckDocument, self._check)
        self._desk.bus.serve(DraftDocument, self._draft)

    # -- check -----------------------------------------------------------------------------------------

    async def _check(self, request: CheckDocument, context: Context) -> CheckedDocument:
        if request.content:
            data = _decoded(request.content)
            return await asyncio.to_thread(_checked, data, request, (), None)
        if not request.project:
            raise UsageProblem(
                "a document needs a project, or its content",
                hint="Give `project`, and `path` for another than its PRD.",
            )

        def work(plan: Plan) -> CheckedDocument:
            from aura_planning.documents.surroundings import look_around  # noqa: PLC0415 - see the class

            path = request.path or _prd_of(plan)
            with open_inside(Path(plan.project.root), path) as file:
                data = file.read(_MOST_BYTES + 1)
            around = look_around(plan.project, path, plan.store.ledger, plan.store.read)
            return _checked(data, request.model_copy(update={"path": path}), plan.settings.prd_off, around)

        return await self._items.read(request.project, context, work)

    # -- draft -----------------------------------------------------------------------------------------

    async def _draft(self, request: DraftDocument, context: Context) -> DraftedDocument:
        project = await self._desk.project(request.project)
        if project.id in self._busy:
            raise GateClosed("another draft of this project is being written", hint="Wait for it, then ask again.")
        self._busy.add(project.id)
        try:
            return await self._drafted(request, project, context)
        finally:
            self._busy.discard(project.id)

    async def _drafted(self, request: DraftDocument, project: Project, context: Context) -> DraftedDocument:
        from aura_planning.documents.demands import read_idea  # noqa: PLC0415 - see the class
        from aura_planning.documents.drafting import outline_of, plan_parts  # noqa: PLC0415
        from aura_planning.documents.keeping import drop_draft, keep_draft  # noqa: PLC0415

        folder = self._folder(project)
        draft = await asyncio.to_thread(_begun, folder, request)
        settings = await asyncio.to_thread(self._desk.settings_of, project)
        await self._items.read(project.id, context, _may_have_one)
        facts, notices = await self._facts(project, draft.idea, context)
        template = await asyncio.to_thread(_template, Path(project.root))
        outline = outline_of(template)
        if outline.added:
            notices.append(f"the template has no section for these, so they were added: {', '.join(outline.added)}")
        idea = read_idea(draft.idea)
        parts = plan_parts(idea, facts, outline, draft.answered)
        outcome = await self._with_model(
            request, draft, facts, outline, parts, context, project, settings.prd_agree_tokens
        )
        if outcome.state != "done":
            await asyncio.to_thread(keep_draft, folder, draft)
            return _unfinished(project, draft, outcome, parts, notices, idea.title)
        answer = await self._written(request, project, outline, parts, idea.title, context)
        if not request.dry_run:
            await asyncio.to_thread(drop_draft, folder)
        return answer.model_copy(
            update={
                "budget": outcome.budget,
                "model": outcome.model if any(one.by == "model" for one in parts) else "",
                "findings": [
                    *(one.model_copy(update={"path": answer.path}) for one in outcome.findings),
                    *answer.findings,
                ],
                "notices": [*notices, *answer.notices],
                "draft": draft.id,
            }
        )

    def _folder(self, project: Project) -> Path:
        return self._desk.paths.data / "plan" / project.id

    async def _facts(self, project: Project, idea: str, context: Context) -> tuple[list[Fact], list[str]]:
        """Facts of the files and of the index, and why some are missing."""
        from aura_planning.documents.facts import collect_facts, list_files  # noqa: PLC0415 - see the class
        from aura_planning.documents.surroundings import ask_code  # noqa: PLC0415

        root = Path(project.root)
        asked, notices = await ask_code(self._desk.bus, project.id, idea, context.envelope.id)
        files = await asyncio.to_thread(list_files, root)
        found = await asyncio.to_thread(collect_facts, root, idea, files)
        known = {one.topic for one in asked}
        places = {(one.topic, one.path) for one in asked}
        rest = [one for one in found if one.topic != "module" or "module" not in known]
        return [*asked, *(one for one in rest if (one.topic, one.path) not in places)], notices

    async def _with_model(
        self,
        request: DraftDocument,
        draft: Draft,
        facts: Sequence[Fact],
        outline: Outline,
        parts: Sequence[Part],
        context: Context,
        project: Project,
        agree_tokens: int,
    ) -> Outcome:
        from aura_planning.documents.facts import line_text  # noqa: PLC0415 - see the class
        from aura_planning.documents.words import Evidence  # noqa: PLC0415
        from aura_planning.documents.writing import Outcome, Writer  # noqa: PLC0415

        if not request.use_model:
            return Outcome()
        root = Path(project.root)

        async def ask(call: Complete) -> Completion:
            asked = call.model_copy(update={"origin": context.envelope.cause or ""})
            return await self._desk.bus.request(asked, timeout_s=_CALL_S, cause=context.envelope.id, project=project.id)

        evidence = Evidence(draft.idea, draft.answered, facts, lambda path, line: line_text(root, path, line))
        writer = Writer(ask, context.progress, self._folder(project), _PATH)
        return await writer.write(
            draft,
            evidence,
            outline,
            parts,
            questions=request.questions,
            answered=bool(request.answers or draft.answers),
            agree_tokens=agree_tokens,
            model=request.model,
            estimate=request.estimate,
        )

    async def _written(
        self,
        request: DraftDocument,
        project: Project,
        outline: Outline,
        parts: Sequence[Part],
        title: str,
        context: Context,
    ) -> DraftedDocument:
        from aura_planning.documents.answers import finding_of, section_of  # noqa: PLC0415 - see the class
        from aura_planning.documents.checking import check_document, severity_of  # noqa: PLC0415
        from aura_planning.documents.drafting import assemble  # noqa: PLC0415
        from aura_planning.documents.placing import planned_prd  # noqa: PLC0415

        body = assemble(outline, parts)
        made: list[tuple[str, bytes]] = []
        done = await self._items.carry_out(
            project.id,
            "prd",
            context,
            lambda plan: planned_prd(plan, body, title, made),
            False,
            dry_run=request.dry_run,
        )
        path, data = made[-1]
        checked = await asyncio.to_thread(check_document, data, path)
        sections = [section_of(one) for one in parts]
        text, most = data.decode("utf-8", "replace"), request.budget * 4
        return DraftedDocument(
            project=project.id,
            state="shown" if request.dry_run else "written",
            path=path,
            item=done.item.id if done.item else "",
            operation=done.operation,
            title=title,
            sections=sections,
            facts=sum(one.facts for one in sections),
            assumptions=sum(one.assumptions for one in sections),
            findings=[finding_of(path, one) for one in checked.faults if severity_of(one) == "error"][:20],
            notices=list(done.notices),
            text=text[:most],
            cut=len(text) > most,
        )


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise UsageProblem(f"the content is not Base64: {error}", hint="Encode the bytes of the file.") from error


def _checked(data: bytes, request: CheckDocument, off: Sequence[str], around: Surroundings | None) -> CheckedDocument:
    from aura_planning.documents.answers import checked_page  # noqa: PLC0415 - see the class
    from aura_planning.documents.checking import check_document  # noqa: PLC0415
    from aura_planning.documents.findings import RULES  # noqa: PLC0415

    unknown = sorted({*request.rules} - set(RULES))
    if unknown:
        raise UsageProblem(f"there is no rule {unknown[0]!r}", hint=f"The rules are {', '.join(RULES)}.")
    path = request.path or "the document"
    return checked_page(check_document(data, path, off=(*off, *request.off), around=around), request)


def _prd_of(plan: Plan) -> str:
    found = [one.path for one in plan.store.ledger.items if one.kind == "prd"]
    if not found:
        raise NotFound("the plan has no PRD", hint='Name a FILE, or make one: aura prd new "one sentence".')
    if len(found) > 1:
        raise UsageProblem(f"the plan has {len(found)} PRDs: {', '.join(found[:5])}", hint="Name the FILE.")
    return found[0]


def _begun(folder: Path, request: DraftDocument) -> Draft:
    """The draft to go on with, or a new one."""
    from aura_planning.documents.keeping import Draft, load_draft  # noqa: PLC0415 - see the class

    kept = load_draft(folder)
    idea = " ".join(request.idea.split())
    if not idea and not request.resume:
        raise UsageProblem(
            "a PRD needs one sentence that says what is wanted", hint='aura prd new "Export invoices as CSV"'
        )
    if request.resume and kept is None:
        raise UsageProblem("there is no unfinished draft to go on with", hint='Begin one: aura prd new "one sentence".')
    draft = kept if kept is not None and (request.resume or kept.idea == idea) else Draft(idea=idea)
    known = {f"Q{number}" for number in range(1, len(draft.questions) + 1)}
    for one in request.answers:
        if one.id not in known:
            names = ", ".join(sorted(known)) or "none were asked"
            raise UsageProblem(
                f"there is no question {one.id!r} ({names})", hint="Answer the questions that came back, by their ids."
            )
        draft.answers[one.id] = " ".join(one.answer.split())
    draft.agreed = draft.agreed or request.agreed
    return draft


def _may_have_one(plan: Plan) -> None:
    """Refuse before anything is asked of a model."""
    from aura_planning.workflow.gates import refusals_to_add  # noqa: PLC0415 - see the class

    refusals = refusals_to_add(plan.store.ledger, "prd")
    if refusals and plan.settings.gates == "enforce":
        raise GateClosed("; ".join(one.reason for one in refusals))


def _template(root: Path) -> str:
    from aura_planning.items.templates import template_of  # noqa: PLC0415 - see the class

    return template_of(root, "prd")


def _unfinished(
    project: Project, draft: Draft, outcome: Outcome, parts: Sequence[Part], notices: list[str], title: str
) -> DraftedDocument:
    from aura_planning.documents.answers import section_of  # noqa: PLC0415 - see the class

    asked = [
        DraftQuestion(id=f"Q{n}", question=question, why=why) for n, (question, why) in enumerate(draft.questions, 1)
    ]
    state = outcome.state if outcome.state != "done" else "stopped"
    return DraftedDocument(
        project=project.id,
        state=state,
        draft=draft.id,
        title=title,
        questions=asked if outcome.state == "questions" else [],
        budget=outcome.budget,
        model=outcome.model,
        findings=outcome.findings,
        notices=notices,
        sections=[section_of(one) for one in parts] if outcome.state == "stopped" else [],
    )
