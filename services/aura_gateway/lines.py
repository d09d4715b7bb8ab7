"""Long answers as lines of JSON: progress and text as they arrive, the answer or the error last.

A client asks for it with `Accept: application/x-ndjson`. Each line is an object with one of `progress`, `answer` and
`error`; an empty line says that the work goes on. The status is 200 once the first line is out, so an error is a line.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from aura_gateway.asking import Asking, bounded
from aura_gateway.calls import Call
from aura_gateway.problems import problem_of
from aura_shared.errors import AuraError
from aura_shared.messages.core import Progress
from aura_shared.messages.core import Request as Message

__all__ = ["LINES_TYPE", "answer_in_lines", "wants_lines"]

LINES_TYPE: Final = "application/x-ndjson"
_ALIVE_S: Final = 10.0  # An empty line after so long without another, so that a client can tell work from a hang.


def wants_lines(http: Request) -> bool:
    """Whether a client asks for lines."""
    return LINES_TYPE in http.headers.get("accept", "").lower()


def answer_in_lines(asking: Asking, question: Message[Any], call: Call, timeout_s: float | None) -> Response:
    """Ask, and give progress and answer back line by line; a client that leaves takes its question back."""
    return StreamingResponse(_lines(asking, question, call, timeout_s), media_type=LINES_TYPE)


async def _lines(asking: Asking, question: Message[Any], call: Call, timeout_s: float | None) -> AsyncGenerator[bytes]:
    waiting: asyncio.Queue[Progress] = asyncio.Queue()
    asked = asyncio.ensure_future(
        asking.ask(
            question,
            cause=call.request_id,
            origin=call.origin,
            timeout_s=timeout_s,
            on_progress=waiting.put_nowait,
        )
    )
    try:
        while not asked.done():
            heard = asyncio.ensure_future(waiting.get())
            await asyncio.wait({asked, heard}, timeout=_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if heard.done():
                yield _progress(heard.result())
            elif not asked.done():
                yield b"\n"
            heard.cancel()
        while not waiting.empty():
            yield _progress(waiting.get_nowait())
        yield _end(asked, call)
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


def _progress(progress: Progress) -> bytes:
    fields = progress.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"progress": {"done": progress.done, **fields}}, ensure_ascii=False).encode() + b"\n"


def _end(asked: asyncio.Future[Any], call: Call) -> bytes:
    try:
        return b'{"answer":' + bounded(asked.result().model_dump_json().encode()) + b"}\n"
    except AuraError as error:
        call.outcome = error.code
        return problem_of(error, call.request_id) + b"\n"
