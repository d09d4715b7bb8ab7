"""What an agent may do only after a person said yes, there or outside; and the client's model as a last resort."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestFormParams,
    ElicitResult,
    SamplingMessage,
    TextContent,
)

from aura_gateway.approvals import VALID_S, Approvals, approval_key
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus
from aura_shared.errors import AuraError, Conflict, NotFound
from aura_shared.messages.approvals import ApprovalChanged
from aura_shared.messages.assist import AskAnswer, AskCode
from aura_shared.messages.changes import ApplyChange, ChangeAnswer, ChangeInfo, ShowChange
from aura_shared.messages.models import ChatTurn, SampleFromClient
from gateway_clients import LEGACY, MODERN, mcp_client, text
from gateway_lab import Lab

both_eras = pytest.mark.parametrize("era", [MODERN, LEGACY])
CHANGE = ChangeInfo(
    id="abcd1234", project="shop-abc123", title="Rename a to b", source="refactor", state="proposed", file_count=2,
    added=4, removed=3, created_at="2026-01-01T00:00:00Z",
)  # fmt: skip


def serve(lab: Lab) -> list[ApplyChange]:
    """Have a factory that shows and applies one change; what was applied is in the list."""
    bus = lab.hub.connect("factory")
    applied: list[ApplyChange] = []

    async def show(request: ShowChange, _context: Context) -> ChangeAnswer:
        return ChangeAnswer(change=CHANGE)

    async def apply(request: ApplyChange, _context: Context) -> ChangeAnswer:
        applied.append(request)
        return ChangeAnswer(change=CHANGE.model_copy(update={"state": "applied"}), written=["src/app.py"])

    bus.serve(ShowChange, show)
    bus.serve(ApplyChange, apply)
    return applied


@asynccontextmanager
async def client_that(lab: Lab, era: str, **callbacks: Callable[..., Awaitable[object]]) -> AsyncGenerator[Client]:
    """A client that answers questions of the server."""
    async with httpx2.AsyncClient(headers=lab.headers, trust_env=False) as http:
        transport = streamable_http_client(f"{lab.url}/mcp", http_client=http)
        async with Client(transport, mode=era, **cast("dict[str, Any]", callbacks)) as client:
            yield client


@pytest.mark.requirement("C5", "M6")
@both_eras
async def test_a_client_without_a_person_is_sent_to_the_terminal(lab: Lab, client: httpx.AsyncClient, era: str) -> None:
    applied = serve(lab)
    events = lab.code_bus.listen(ApprovalChanged)
    async with mcp_client(lab, era) as agent:
        refused = await agent.call_tool("apply_change", {"change": "abcd1234"})
        again = await agent.call_tool("apply_change", {"change": "abcd1234"})
        assert "approval_needed" in text(refused)
        assert "Apply change abcd1234 in shop-abc123? Rename a to b (2 files, +4 -3)" in text(refused)
        assert text(again) == text(refused)
        assert applied == []

        [waiting] = (await client.get("/v1/approvals")).json()["approvals"]
        assert f"aura approve {waiting['id']}" in text(refused)
        decided = await client.post(f"/v1/approvals/{waiting['id'][:6]}", json={"approve": True})
        assert decided.json()["approval"]["decision"] == "approved"
        done = await agent.call_tool("apply_change", {"change": "abcd1234"})
        assert "src/app.py" in text(done)
        assert [one.change for one in applied] == ["abcd1234"]

        once = await agent.call_tool("apply_change", {"change": "abcd1234"})
        assert "approval_needed" in text(once)
    told = [await anext(events) for _ in range(2)]
    assert [cast("ApprovalChanged", delivery.event).approval.decision for delivery in told] == ["open", "approved"]


@both_eras
async def test_a_no_is_final(lab: Lab, client: httpx.AsyncClient, era: str) -> None:
    applied = serve(lab)
    async with mcp_client(lab, era) as agent:
        await agent.call_tool("apply_change", {"change": "abcd1234"})
        [waiting] = (await client.get("/v1/approvals")).json()["approvals"]
        await client.post(f"/v1/approvals/{waiting['id']}", json={"approve": False})
        refused = await agent.call_tool("apply_change", {"change": "abcd1234"})
    assert "not_allowed: the person said no" in text(refused)
    assert applied == []


@pytest.mark.requirement("C5")
@both_eras
@pytest.mark.parametrize(
    ("answer", "applies"),
    [
        pytest.param(ElicitResult(action="accept", content={"approve": True}), True, id="yes"),
        pytest.param(ElicitResult(action="accept", content={"approve": False}), False, id="no"),
        pytest.param(ElicitResult(action="decline"), False, id="declined"),
        pytest.param(ElicitResult(action="cancel"), False, id="closed"),
    ],
)
async def test_a_client_asks_its_person(lab: Lab, era: str, answer: ElicitResult, applies: bool) -> None:
    applied = serve(lab)
    asked: list[str] = []

    async def ask(_context: object, params: ElicitRequestFormParams) -> ElicitResult:
        asked.append(params.message)
        return answer

    async with client_that(lab, era, elicitation_callback=ask) as agent:
        result = await agent.call_tool("apply_change", {"change": "abcd1234"})
    assert asked == ["Apply change abcd1234 in shop-abc123? Rename a to b (2 files, +4 -3)"]
    assert len(applied) == (1 if applies else 0)
    assert ("not_allowed" in text(result)) is not applies


async def test_a_yes_to_one_change_is_none_to_another() -> None:
    assert approval_key("apply_change", {"change": "a"}) != approval_key("apply_change", {"change": "b"})
    assert approval_key("apply_change", {"change": "a"}) != approval_key("undo_change", {"change": "a"})
    assert approval_key("t", {"a": 1, "b": 2}) == approval_key("t", {"b": 2, "a": 1})


def test_questions_grow_old_and_identifiers_have_to_be_clear() -> None:
    now = [0.0]
    board = Approvals(lambda: now[0])
    first, new = board.ask("aaaa1111" + "0" * 56, "apply_change", "First?", project="p", client="c")
    assert new
    board.ask("aaaa2222" + "0" * 56, "apply_change", "Second?", project="p", client="c")
    assert [found.summary for found in board.list().approvals] == ["First?", "Second?"]
    with pytest.raises(Conflict, match="stands for 2"):
        board.decide("aaaa", approve=True)
    with pytest.raises(NotFound):
        board.decide("bbbb", approve=True)
    board.decide(first.id, approve=True)
    with pytest.raises(Conflict, match="approved already"):
        board.decide(first.id, approve=False)
    now[0] = VALID_S + 1
    assert board.take("aaaa1111" + "0" * 56) == "open"
    assert board.list().approvals == []


def test_more_questions_than_a_person_reads_push_out_the_oldest() -> None:
    board = Approvals(lambda: 0.0)
    for number in range(101):
        board.ask(f"{number:064}", "t", str(number), project="", client="")
    assert next(found.summary for found in board.list().approvals) == "1"


def text_of(message: SamplingMessage) -> str:
    assert isinstance(message.content, TextContent)
    return message.content.text


def serve_sampling(lab: Lab, rounds: int) -> MemoryBus:
    """Have a factory whose answers need the client's model so many times."""
    bus = lab.hub.connect("factory")
    models = lab.hub.connect("models")

    async def ask(request: AskCode, context: Context) -> AskAnswer:
        said: list[str] = []
        for number in range(rounds):
            turns = [
                ChatTurn(role="system", content="Be short."),
                ChatTurn(role="user", content=f"{request.question} {number}"),
            ]
            call = context.envelope.cause or ""
            try:
                answer = await models.request(SampleFromClient(turns=turns, max_tokens=50, call=call))
            except AuraError as error:
                return AskAnswer(text=f"none: {error.code}")
            said.append(f"{answer.model}:{answer.text}:{answer.finish}")
        return AskAnswer(text=" ".join(said))

    bus.serve(AskCode, ask)
    return models


@pytest.mark.requirement("L1", "M5")
@both_eras
async def test_the_clients_model_answers_when_it_is_asked(lab: Lab, era: str) -> None:
    serve_sampling(lab, 2)
    asked: list[tuple[str | None, str]] = []

    async def sample(_context: object, params: CreateMessageRequestParams) -> CreateMessageResult:
        asked.append((params.system_prompt, text_of(params.messages[0])))
        reason = "maxTokens" if len(asked) == 2 else "endTurn"
        content = TextContent(type="text", text=f"answer {len(asked)}")
        return CreateMessageResult(role="assistant", content=content, model="big", stop_reason=reason)

    async with client_that(lab, era, sampling_callback=sample) as agent:
        result = await agent.call_tool("ask_code", {"question": "why"})
    assert text(result).splitlines()[-1] == "big:answer 1:stop big:answer 2:length"
    assert asked == [("Be short.", "why 0"), ("Be short.", "why 1")]


@both_eras
async def test_a_client_without_a_model_says_so(lab: Lab, era: str) -> None:
    serve_sampling(lab, 1)
    async with mcp_client(lab, era) as agent:
        result = await agent.call_tool("ask_code", {"question": "why"})
    assert text(result).splitlines()[-1] == "none: no_model"


async def test_nobody_is_asked_for_a_call_that_is_over(lab: Lab) -> None:
    models = serve_sampling(lab, 1)
    with pytest.raises(AuraError, match="not come from an MCP client"):
        await models.request(SampleFromClient(turns=[ChatTurn(role="user", content="x")], call="gone"))
