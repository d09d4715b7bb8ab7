"""The HTTP interface below `/v1`: each route asks one service one question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from aura_gateway.approvals import Approvals
from aura_gateway.asking import Asking, bounded, until_gone
from aura_gateway.bodies import (
    AddProjectBody,
    DecideApprovalBody,
    FindSymbolsBody,
    HelloAnswer,
    HelloBody,
    MapProjectBody,
    OutlineFileBody,
    PauseWorkBody,
    ReadSpanBody,
    SearchCodeBody,
)
from aura_gateway.calls import call_of
from aura_gateway.exposition import join_expositions
from aura_gateway.hearing import Hearing
from aura_gateway.lines import answer_in_lines, wants_lines
from aura_gateway.problems import PROBLEM_RESPONSES
from aura_gateway.questions import QUESTIONS, Question, body_of
from aura_gateway.status import StatusAnswer, StatusBoard
from aura_shared.discovery import PROTOCOL_MAX, PROTOCOL_MIN
from aura_shared.errors import UsageProblem
from aura_shared.messages import code, services
from aura_shared.messages.approvals import ApprovalAnswer, ApprovalChanged, ApprovalList
from aura_shared.messages.core import Done, Reply, ReplyT
from aura_shared.messages.core import Request as Message

__all__ = ["ProtocolMismatch", "Rest", "routes"]

ApprovalId = Annotated[str, Path(min_length=4, max_length=64, description="Identifier of what waits.")]
ProjectId = Annotated[str, Path(max_length=4096, description="Identifier or name of a registered project.")]


class ProtocolMismatch(UsageProblem):
    """Client and gateway have no version of the HTTP interface in common."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What the routes need."""

    asking: Asking
    """Way to the services."""
    board: StatusBoard
    """State of everything."""
    hearing: Hearing
    """What the services announced."""
    exposition: Callable[[], str]
    """The gateway's own metrics."""
    approvals: Approvals
    """What waits for a person."""

    async def pass_on(
        self, http: Request, question: Message[ReplyT], project: str = "", timeout_s: float = 0.0
    ) -> Response:
        """Ask, and give the answer back as it is; a client that leaves takes its question back."""
        call = call_of(http.scope)
        call.project = project[:200]
        if wants_lines(http):
            return answer_in_lines(self.asking, question, call, timeout_s or None)
        asked = self.asking.ask(question, cause=call.request_id, origin=call.origin, timeout_s=timeout_s or None)
        return _json(await until_gone(asked, _gone(http)))


def routes(rest: Rest) -> APIRouter:
    """All routes of the HTTP interface but the event stream."""
    router = APIRouter(responses=PROBLEM_RESPONSES)

    @router.get("/healthz", tags=["gateway"], summary="Whether the gateway serves; needs no token")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    @router.get("/metrics", tags=["gateway"], summary="Metrics of all services", response_class=_Exposition)
    async def metrics() -> _Exposition:
        texts = {**rest.hearing.expositions, "gateway": rest.exposition()}
        return _Exposition(join_expositions(texts.values()))

    @router.post("/v1/hello", tags=["gateway"], summary="Agree on a version of this interface")
    async def hello(body: HelloBody) -> HelloAnswer:
        newest = min(body.protocol.max, PROTOCOL_MAX)
        if newest < max(body.protocol.min, PROTOCOL_MIN):
            raise ProtocolMismatch(
                f"this gateway speaks versions {PROTOCOL_MIN} to {PROTOCOL_MAX}, "
                f"and {body.client} {body.protocol.min} to {body.protocol.max}",
                hint="Update the older of the two.",
            )
        facts = rest.board.facts()
        return HelloAnswer(protocol=newest, version=facts.version, instance=facts.instance)

    @router.get(
        "/v1/status", tags=["gateway"], summary="Services, projects, and the gateway", response_model=StatusAnswer
    )
    async def status(http: Request) -> Response:
        return _json(await rest.board.look(call_of(http.scope).request_id))

    _add_project_routes(router, rest)
    _add_approval_routes(router, rest)
    _add_work_routes(router, rest)
    _add_code_routes(router, rest)
    for question in QUESTIONS:
        _add_question(router, rest, question)
    return router


def _add_project_routes(router: APIRouter, rest: Rest) -> None:
    @router.get("/v1/projects", tags=["projects"], summary="The registered projects", response_model=code.ProjectList)
    async def projects(http: Request) -> Response:
        return await rest.pass_on(http, code.ListProjects())

    @router.post("/v1/projects", tags=["projects"], summary="Register a folder", response_model=code.ProjectAnswer)
    async def add_project(http: Request, body: AddProjectBody) -> Response:
        return await rest.pass_on(http, body)

    @router.delete("/v1/projects/{project}", tags=["projects"], summary="Forget a project", response_model=Done)
    async def remove_project(http: Request, project: ProjectId) -> Response:
        return await rest.pass_on(http, code.RemoveProject(project=project), project)

    @router.post(
        "/v1/projects/{project}/reindex",
        tags=["projects"],
        summary="Build a project's index again",
        response_model=code.ProjectAnswer,
    )
    async def reindex(http: Request, project: ProjectId) -> Response:
        return await rest.pass_on(http, code.ReindexProject(project=project), project)


def _add_approval_routes(router: APIRouter, rest: Rest) -> None:
    @router.get("/v1/approvals", tags=["gateway"], summary="What waits for a person", response_model=ApprovalList)
    async def waiting() -> Response:
        return _json(rest.approvals.list())

    @router.post("/v1/approvals/{approval}", tags=["gateway"], summary="Say yes or no", response_model=ApprovalAnswer)
    async def decide(http: Request, approval: ApprovalId, body: DecideApprovalBody) -> Response:
        decided = rest.approvals.decide(approval, approve=body.approve)
        await rest.asking.publish(ApprovalChanged(approval=decided), call_of(http.scope), decided.project)
        return _json(ApprovalAnswer(approval=decided))


def _add_work_routes(router: APIRouter, rest: Rest) -> None:
    @router.get(
        "/v1/work", tags=["gateway"], summary="Whether background work waits", response_model=services.WorkAnswer
    )
    async def work(http: Request) -> Response:
        return await rest.pass_on(http, services.ShowWork())

    @router.post(
        "/v1/work/pause", tags=["gateway"], summary="Let background work wait", response_model=services.WorkAnswer
    )
    async def pause(http: Request, body: PauseWorkBody) -> Response:
        return await rest.pass_on(http, services.PauseWork(for_s=body.for_s))

    @router.post(
        "/v1/work/resume", tags=["gateway"], summary="Let background work go on", response_model=services.WorkAnswer
    )
    async def resume(http: Request) -> Response:
        return await rest.pass_on(http, services.ResumeWork())


def _add_code_routes(router: APIRouter, rest: Rest) -> None:
    @router.post("/v1/search", tags=["code"], summary="Find code", response_model=code.SearchAnswer)
    async def search(http: Request, body: SearchCodeBody) -> Response:
        return await rest.pass_on(http, body, body.project)

    @router.post("/v1/symbols", tags=["code"], summary="Find definitions", response_model=code.SymbolAnswer)
    async def symbols(http: Request, body: FindSymbolsBody) -> Response:
        return await rest.pass_on(http, body, body.project)

    @router.post("/v1/outline", tags=["code"], summary="What a file defines", response_model=code.OutlineAnswer)
    async def outline(http: Request, body: OutlineFileBody) -> Response:
        return await rest.pass_on(http, body, body.project)

    @router.post("/v1/span", tags=["code"], summary="Read lines of a file", response_model=code.SpanAnswer)
    async def span(http: Request, body: ReadSpanBody) -> Response:
        return await rest.pass_on(http, body, body.project)

    @router.post("/v1/map", tags=["code"], summary="A project by folder", response_model=code.MapAnswer)
    async def project_map(http: Request, body: MapProjectBody) -> Response:
        return await rest.pass_on(http, body, body.project)


def _add_question(router: APIRouter, rest: Rest, question: Question) -> None:
    body_kind = body_of(question.kind)

    async def ask(http: Request, body: Message[Reply]) -> Response:
        return await rest.pass_on(http, body, str(getattr(body, "project", "")), question.timeout_s)

    ask.__annotations__["body"] = body_kind
    router.add_api_route(
        f"/v1/{question.route}",
        ask,
        methods=["POST"],
        tags=[question.toolset],
        summary=question.title,
        name=question.tool,
        response_model=question.reply,
    )


class _Exposition(Response):
    """The Prometheus text format."""

    media_type = "text/plain; version=0.0.4; charset=utf-8"


def _json(answer: BaseModel) -> Response:
    return Response(bounded(answer.model_dump_json().encode()), media_type="application/json")


def _gone(http: Request) -> Callable[[], Awaitable[object]]:
    async def gone() -> None:
        while (await http.receive())["type"] != "http.disconnect":
            pass

    return gone
