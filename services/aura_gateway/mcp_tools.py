"""The tools that agents get: descriptions that say when to use which, strict arguments, errors to act on."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast
from urllib.parse import unquote

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.requests import Request as HttpRequest
from typing_extensions import override

from aura_gateway import mcp_texts, mcp_toolsets
from aura_gateway.approvals import Approvals, approval_key
from aura_gateway.asking import Asking, bounded
from aura_gateway.calls import Call, call_of
from aura_gateway.client_inputs import ClientInputs, InputNeeded
from aura_gateway.hearing import Hearing
from aura_gateway.mcp_arguments import (
    Arguments,
    MapArguments,
    OutlineArguments,
    SearchArguments,
    SpanArguments,
    StatusArguments,
    SymbolArguments,
    compact_schema,
)
from aura_gateway.problems import usage_problem
from aura_gateway.questions import Question
from aura_gateway.sampling import Sampling
from aura_gateway.status import StatusBoard
from aura_shared.errors import ApprovalNeeded, AuraError, IndexBuilding, NotAllowed, UnknownProject
from aura_shared.logging import get_logger
from aura_shared.messages.approvals import ApprovalChanged
from aura_shared.messages.changes import ShowChange
from aura_shared.messages.code import (
    FindSymbols,
    ListProjects,
    MapProject,
    OutlineFile,
    ProjectInfo,
    ReadSpan,
    SearchCode,
)
from aura_shared.messages.core import Event, Progress, ReplyT, Request

__all__ = ["PROJECT_HEADER", "AskingTool", "Desks", "McpTools"]

PROJECT_HEADER: Final = "x-aura-project"
"""Where the client works: a path, or a project's name, percent-encoded. The stdio shim sets it."""
_MOST_SHOWN: Final = 600
"""Characters of one argument in a question to a person."""
_PROJECTS_S: Final = 2.0  # How long a project list counts; an event that says otherwise ends it sooner.

log = get_logger("mcp")

ToolContext = Context[Any, HttpRequest]
Answered = tuple[str, dict[str, JsonValue]]
"""Readable text, and the same as data."""
Work = Callable[[ToolContext, Call, dict[str, Any]], Awaitable[Answered]]
"""Gets the checked arguments by name."""


class AskingTool(Tool):
    """A tool whose errors are structured: a code, a sentence, a hint, and the request's id."""

    @override
    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        call = call_of(cast("ToolContext", context).request_context.request.scope)  # type: ignore[union-attr]  # HTTP only
        try:
            checked = self.fn_metadata.validate_arguments(arguments)
            text, data = await cast("Work", self.fn)(context, call, checked)
            bounded(text.encode())
        except ValidationError as error:
            return _failed(usage_problem(error), call)
        except InputNeeded as needed:
            call.outcome = "input_required"
            return needed.result
        except AuraError as error:
            return _failed(error, call)
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)


def _failed(error: AuraError, call: Call) -> CallToolResult:
    call.outcome = error.code
    text = f"{error.code}: {error.message}" + (f"\nHint: {error.hint}" if error.hint else "")
    told: JsonValue = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "request_id": call.request_id,
    }
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content={"error": told}, is_error=True
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a tool is announced."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    gives: tuple[str, ...]
    """Lists that the structured answer holds."""
    writes: bool = False
    """Whether it can change files of the project."""


_SEARCH = _Kind(
    "code_search",
    "Search code",
    "Find code in the indexed project: use first, instead of grep, to learn where something is done. Takes a question "
    'in plain words, an identifier, a path, "an exact string" in double quotes, or /a regex/. Returns ranked passages '
    "with path, lines and code from an index that follows edits within a second.",
    SearchArguments,
    ("hits", "skipped"),
)
_SYMBOL = _Kind(
    "code_symbol",
    "Find definitions",
    "Find where a class, function, method or constant is defined, by name: path, lines, signature, documentation. Use "
    "when you know a name; use code_search when you do not.",
    SymbolArguments,
    ("symbols",),
)
_OUTLINE = _Kind(
    "code_outline",
    "Outline a file",
    "List what one file defines and imports, with line numbers. Use before reading a long file, then read_span.",
    OutlineArguments,
    ("symbols", "imports"),
)
_SPAN = _Kind(
    "read_span",
    "Read lines",
    "Read some lines of a file of the project, for example around a place that another tool named.",
    SpanArguments,
    (),
)
_MAP = _Kind(
    "project_map",
    "Map a project",
    "Show the project by folder: files, lines, languages, best known names. Use to get an overview of unknown code.",
    MapArguments,
    ("folders",),
)
_STATUS = _Kind(
    "aura_status",
    "Status of Aura",
    "List the indexed projects with the state of their indexes, and Aura's services. Use when a project is unknown, "
    "or an answer seems out of date.",
    StatusArguments,
    ("projects", "problems"),
)


@dataclass(frozen=True, slots=True)
class Desks:
    """Where a person, or the client's model, is asked."""

    approvals: Approvals
    """What waits for a person."""
    sampling: Sampling
    """Calls whose client's model may be asked."""


class McpTools:
    """The tools of one gateway."""

    def __init__(self, asking: Asking, hearing: Hearing, board: StatusBoard, desks: Desks) -> None:
        self.asking = self._asking = asking
        self._hearing = hearing
        self._board = board
        self._desks = desks
        self._projects: tuple[float, list[ProjectInfo]] | None = None
        hearing.follow(self._forget_projects)

    def all(self) -> list[Tool]:
        """The tools, in the order in which they are listed."""
        return [
            _tool(_SEARCH, self._search),
            _tool(_SYMBOL, self._symbol),
            _tool(_OUTLINE, self._outline),
            _tool(_SPAN, self._span),
            _tool(_MAP, self._map),
            _tool(_STATUS, self._status),
        ]

    def asking_for(self, question: Question) -> Tool:
        """The tool of a question that clients opt in to."""

        def kept(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
            return {name: value for name, value in fields.items() if name not in question.hides}

        async def ask(context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
            def text(answer: BaseModel, project: str) -> str:
                fields = kept(mcp_texts.structured(answer, project))
                return mcp_texts.listed_text(mcp_toolsets.answer_text(fields, project))

            inputs = ClientInputs(context)
            asked = await self._meant(question.kind, context, call, given)
            if question.approval:
                await self._approved(question, inputs, call, asked)
            told, fields = await self._answered(asked, text, context, call, inputs, question.timeout_s)
            return told, kept(fields)

        lists = tuple(name for name, field in question.reply.model_fields.items() if "list[" in str(field.annotation))
        kind = _Kind(
            question.tool,
            question.title,
            question.description,
            mcp_toolsets.arguments_of(question),
            lists,
            question.writes,
        )
        return _tool(kind, ask)

    async def project_list(self, cause: str) -> list[ProjectInfo]:
        """The registered projects; a list of the last moments will do."""
        now = time.monotonic()
        if self._projects is None or now - self._projects[0] > _PROJECTS_S:
            self._projects = (now, (await self._asking.ask(ListProjects(), cause=cause)).projects)
        return self._projects[1]

    async def _search(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        return await self._answer(SearchCode, mcp_texts.search_text, context, call, given)

    async def _symbol(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        return await self._answer(FindSymbols, mcp_texts.symbol_text, context, call, given)

    async def _outline(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        return await self._answer(OutlineFile, mcp_texts.outline_text, context, call, given)

    async def _span(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        return await self._answer(ReadSpan, mcp_texts.span_text, context, call, given)

    async def _map(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        return await self._answer(MapProject, mcp_texts.map_text, context, call, given)

    async def _status(self, context: ToolContext, call: Call, given: dict[str, Any]) -> Answered:
        del context, given  # It takes nothing.
        status = await self._board.look(call.request_id)
        data = mcp_texts.clean(cast("JsonValue", status.model_dump(mode="json")))
        return mcp_texts.status_text(status), cast("dict[str, JsonValue]", data)

    async def _answer(
        self,
        kind: type[Request[ReplyT]],
        text: Callable[[ReplyT, str], str],
        context: ToolContext,
        call: Call,
        given: dict[str, Any],
    ) -> Answered:
        """Ask about the project that is meant, and put the answer into words."""
        asked = await self._meant(kind, context, call, given)
        return await self._answered(asked, text, context, call, None, 0.0)

    async def _meant(
        self, kind: type[Request[ReplyT]], context: ToolContext, call: Call, given: dict[str, Any]
    ) -> Request[ReplyT]:
        """The question with its project, where it is about one."""
        if "project" not in kind.model_fields:
            return kind.model_validate(given)
        project = await self._resolve(context, call, given.pop("project"))
        call.project = project[:200]
        return kind.model_validate({**given, "project": project})

    async def _answered(
        self,
        asked: Request[ReplyT],
        text: Callable[[ReplyT, str], str],
        context: ToolContext,
        call: Call,
        inputs: ClientInputs | None,
        timeout_s: float,
    ) -> Answered:
        try:
            if inputs is None:
                answer = await self._ask(context, call, asked, 0.0)
            else:
                answer = await self._ask_with_client(context, call, asked, inputs, timeout_s)
        except UnknownProject as error:
            raise self._with_choices(error, await self.project_list(call.request_id)) from error
        return text(answer, call.project), mcp_texts.structured(answer, call.project)

    async def _ask_with_client(
        self, context: ToolContext, call: Call, asked: Request[ReplyT], inputs: ClientInputs, timeout_s: float
    ) -> ReplyT:
        """Ask, while the client's model can be reached.

        Raises:
            InputNeeded: The client has to answer first; the work so far was taken back.
        """
        with self._desks.sampling.during(call.request_id, inputs) as entry:
            working = asyncio.ensure_future(self._ask(context, call, asked, timeout_s))
            try:
                await asyncio.wait({working, entry.needed}, return_when=asyncio.FIRST_COMPLETED)
                if entry.needed.done():
                    raise entry.needed.result()
                return working.result()
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)

    async def _approved(self, question: Question, inputs: ClientInputs, call: Call, asked: Request[Any]) -> None:
        """Go on only once a person said yes.

        Raises:
            ApprovalNeeded: A person has to be asked outside the client.
            NotAllowed: The person said no.
            InputNeeded: The client asks its person, and calls again.
        """
        fields = asked.model_dump(mode="json", exclude_defaults=True)
        key = approval_key(question.tool, fields)
        decision = self._desks.approvals.take(key)
        if decision == "open":
            summary = await self._summary(question, call, asked)
            if inputs.can_elicit:
                decision = "approved" if await inputs.confirm(summary) else "denied"
            else:
                await self._wait_for_person(question, call, key, summary)
        if decision == "denied":
            raise NotAllowed("the person said no", hint="Ask the person what they want instead.")

    async def _summary(self, question: Question, call: Call, asked: Request[Any]) -> str:
        """What a person is asked to agree to."""
        change = str(getattr(asked, "change", ""))
        if not change:
            given = asked.model_dump(mode="json", exclude_defaults=True, exclude={"project"})
            facts = [f"{name}: {json.dumps(value, ensure_ascii=False)}"[:_MOST_SHOWN] for name, value in given.items()]
            return " ".join([f"{question.title} in {call.project}?", *facts])
        found = (await self._asking.ask(ShowChange(change=change), cause=call.request_id)).change
        size = f"{found.file_count} files, +{found.added} -{found.removed}"
        verb = question.tool.replace("_", " ").capitalize()
        return f"{verb} {found.id} in {found.project}? {found.title} ({size})"

    async def _wait_for_person(self, question: Question, call: Call, key: str, summary: str) -> None:
        waiting, new = self._desks.approvals.ask(key, question.tool, summary, project=call.project, client=call.client)
        if new:
            await self._asking.publish(ApprovalChanged(approval=waiting), call, call.project)
        raise ApprovalNeeded(
            f"a person has to approve this first: {summary}",
            hint=f"Have the person run `aura approve {waiting.id}` within ten minutes, then call the tool again.",
        )

    async def _ask(self, context: ToolContext, call: Call, question: Request[ReplyT], timeout_s: float) -> ReplyT:
        """Ask, with progress; while the first index is being built, wait for it instead of sending the agent away."""
        deadline = time.monotonic() + (timeout_s or self._asking.timeout_s)
        async with _ProgressTeller(context) as teller:
            while True:
                left = deadline - time.monotonic()
                try:
                    return await self._asking.ask(
                        question,
                        cause=call.request_id,
                        origin=call.origin,
                        timeout_s=max(0.1, left),
                        on_progress=teller.tell,
                    )
                except IndexBuilding:
                    if left < 1:
                        raise
                    teller.tell(self._building())
                    await self._hearing.next_change(min(1.0, left))

    def _building(self) -> Progress:
        """How far the indexes that are being built are."""
        busy = [project for project in self._hearing.projects.values() if project.phase in {"scanning", "building"}]
        total = sum(project.files_total or 0 for project in busy)
        return Progress(
            done=sum(project.files_done for project in busy), total=total or None, note="the index is being built"
        )

    async def _resolve(self, context: ToolContext, call: Call, named: str | None) -> str:
        """The project that is meant: the one named, the one around the client's folder, or the only one.

        Raises:
            UnknownProject: None is registered, or several are and none is named.
        """
        if named:
            return named
        projects = await self.project_list(call.request_id)
        hint = unquote((context.headers or {}).get(PROJECT_HEADER, ""))[:4096]
        around = await asyncio.to_thread(_around, projects, hint) if hint else None
        if around is not None:
            return around.id
        if len(projects) == 1:
            return projects[0].id
        raise self._with_choices(UnknownProject("say which project is meant"), projects, hint)

    @staticmethod
    def _with_choices(error: UnknownProject, projects: list[ProjectInfo], hint: str = "") -> UnknownProject:
        """`error` with the projects that there are."""
        if not projects:
            where = hint if hint.startswith("/") else "PATH"
            return UnknownProject("no project is registered", hint=f"Have a person run `aura init {where}`.")
        choices = "".join(f"\n- {project.id}  {project.root}" for project in projects)
        return UnknownProject(f"{error.message}; registered are:{choices}", hint="Give one of these ids as `project`.")

    def _forget_projects(self, event: Event) -> None:
        del event  # Whatever it says, the list may have changed.
        self._projects = None


def _around(projects: list[ProjectInfo], hint: str) -> ProjectInfo | None:
    """The project that a hint names, or the innermost one that contains that path."""
    for project in projects:
        if hint in {project.id, project.name}:
            return project
    real = Path(os.path.realpath(hint))
    containing = [project for project in projects if real.is_relative_to(project.root)]
    return max(containing, key=lambda project: len(project.root), default=None)


class _ProgressTeller:
    """Sends progress to the client, in order and never backwards, while the work goes on."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._waiting: asyncio.Queue[Progress] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._last = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def tell(self, progress: Progress) -> None:
        """Have `progress` sent."""
        if progress.done <= self._last:
            return
        self._last = progress.done
        self._waiting.put_nowait(progress)
        if self._task is None:
            self._task = asyncio.create_task(self._send(), name="tell progress")

    async def _send(self) -> None:
        while True:
            progress = await self._waiting.get()
            await self._context.report_progress(progress.done, progress.total, progress.note or None)


def _tool(kind: _Kind, work: Work) -> Tool:
    properties: dict[str, Any] = {name: {"type": "array"} for name in kind.gives}
    output = {"type": "object", "properties": {**properties, "error": {"type": "object"}}}
    return AskingTool(
        fn=work,
        name=kind.name,
        title=None,
        description=kind.description,
        parameters=compact_schema(kind.arguments),
        fn_metadata=FuncMetadata(arg_model=kind.arguments, output_schema=output),
        is_async=True,
        context_kwarg=None,
        icons=None,
        meta=None,
        annotations=ToolAnnotations(
            title=kind.title,
            read_only_hint=not kind.writes,
            destructive_hint=kind.writes,
            idempotent_hint=not kind.writes,
            open_world_hint=False,
        ),
    )
