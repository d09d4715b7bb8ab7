"""Long answers as lines of JSON: progress and text as they come, then the answer or the error."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from aura_shared.bus import Context
from aura_shared.errors import NoModel
from aura_shared.messages.assist import AskAnswer, AskCode
from aura_shared.messages.core import Progress
from gateway_lab import Lab

LINES = {"accept": "application/x-ndjson"}


def serve(lab: Lab, *, hold: asyncio.Event | None = None) -> asyncio.Event:
    """Have the factory answer; the event that comes back is set when its work is cancelled."""
    bus = lab.hub.connect("factory")
    cancelled = asyncio.Event()

    async def ask(request: AskCode, context: Context) -> AskAnswer:
        await context.progress(Progress(done=0, total=2, note="looking"))
        await context.progress(Progress(done=1, text="It "))
        if request.question == "fail":
            raise NoModel("there is no model", hint="Start one.")
        try:
            if hold is not None:
                await hold.wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return AskAnswer(text="It is ü.")

    bus.serve(AskCode, ask)
    return cancelled


async def lines_of(answer: httpx.Response) -> list[dict[str, object]]:
    return [json.loads(line) for line in (await answer.aread()).decode().splitlines() if line]


@pytest.mark.requirement("M9")
async def test_progress_and_text_come_before_the_answer(lab: Lab, client: httpx.AsyncClient) -> None:
    serve(lab)
    body = {"project": "shop", "question": "what"}
    async with client.stream("POST", "/v1/assist/ask", json=body, headers=LINES) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        first, second, last = await lines_of(answer)
    assert first == {"progress": {"done": 0, "total": 2, "note": "looking"}}
    assert second == {"progress": {"done": 1, "text": "It "}}
    assert dict(last["answer"])["text"] == "It is ü."  # type: ignore[call-overload]


async def test_an_error_is_the_last_line(lab: Lab, client: httpx.AsyncClient) -> None:
    serve(lab)
    async with client.stream(
        "POST", "/v1/assist/ask", json={"project": "shop", "question": "fail"}, headers=LINES
    ) as answer:
        last = (await lines_of(answer))[-1]
    error = last["error"]
    assert isinstance(error, dict)
    assert (error["code"], error["hint"]) == ("no_model", "Start one.")


async def test_the_first_line_is_out_while_the_work_goes_on_and_leaving_ends_the_work(
    lab: Lab, client: httpx.AsyncClient
) -> None:
    cancelled = serve(lab, hold=asyncio.Event())
    async with (
        asyncio.timeout(20),
        client.stream("POST", "/v1/assist/ask", json={"project": "shop", "question": "x"}, headers=LINES) as answer,
    ):
        async for line in answer.aiter_lines():
            assert json.loads(line)["progress"]["note"] == "looking"
            break
    async with asyncio.timeout(20):
        await cancelled.wait()


async def test_without_lines_the_answer_comes_as_it_always_does(lab: Lab, client: httpx.AsyncClient) -> None:
    serve(lab)
    answer = await client.post("/v1/assist/ask", json={"project": "shop", "question": "what"})
    assert answer.json()["text"] == "It is ü."
    failed = await client.post("/v1/assist/ask", json={"project": "shop", "question": "fail"})
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "no_model")
