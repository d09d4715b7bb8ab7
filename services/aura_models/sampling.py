"""The last resort: the model of the MCP client whose call led to a question, where the settings allow it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from aura_models.asking import Heard
from aura_models.figures import Asked
from aura_models.runs import Run
from aura_shared.bus import Bus
from aura_shared.errors import AnswerCut, AuraError, BadAnswer
from aura_shared.messages.models import (
    Attempt,
    Complete,
    Completion,
    ModelInfo,
    ModelServer,
    RoleChoice,
    SampleFromClient,
)

__all__ = ["SAMPLING", "sample", "with_client"]

SAMPLING: Final = "client/sampling"
"""What the client's model is called in figures and attempts."""


async def sample(bus: Bus, run: Run, timeout_s: float) -> Completion | AuraError:
    """The answer of the client's model, or why there is none, which is noted as one more attempt."""
    began, heard = time.monotonic(), Heard()
    asked, request = run.context.envelope, run.request
    try:
        sampled = await bus.request(
            SampleFromClient(
                turns=request.turns, max_tokens=request.max_tokens, call=request.origin or asked.cause or asked.id
            ),
            timeout_s=timeout_s,
            cause=asked.id,
            project=asked.project,
        )
        heard.text, heard.finish, heard.total_s = sampled.text, sampled.finish, time.monotonic() - began
        _check_sample(request, heard)
    except AuraError as error:
        run.failed(SAMPLING, error, heard, time.monotonic() - began)
        return error
    if request.stream:
        await run.tell(heard.text, "")
    run.attempts.append(Attempt(model=SAMPLING, outcome="ok", seconds=heard.total_s, detail=sampled.model))
    run.asked.append(Asked(SAMPLING, "ok", seconds=heard.total_s))
    return run.answered(SAMPLING, heard)


def with_client(
    servers: Sequence[ModelServer], roles: Sequence[RoleChoice], context: int
) -> tuple[list[ModelServer], list[RoleChoice]]:
    """Servers and roles with the client's model behind all others: whether there is one, only a call can tell."""
    model = ModelInfo(name=SAMPLING, context_max=context, roles=[choice.role for choice in roles])
    client = ModelServer(name="client", kind="sampling", url="the MCP client that calls", up=True, models=[model])
    asked = [
        choice.model_copy(
            update={
                "models": [*choice.models, SAMPLING],
                "reason": f"{choice.reason}; at last the model of the MCP client that calls".lstrip("; "),
            }
        )
        for choice in roles
    ]
    return [*servers, client], asked


def _check_sample(request: Complete, heard: Heard) -> None:
    """Hold the client's model to the same rules.

    Raises:
        AnswerCut: Its JSON was cut.
        BadAnswer: It is empty, or no JSON.
        SchemaMismatch: It does not satisfy the schema.
    """
    if not heard.text.strip():
        raise BadAnswer("the answer of the client's model is empty")
    if request.answer_schema is None:
        return
    from aura_models.schemas import check, read_json_answer  # noqa: PLC0415 - only where a schema is asked for

    if heard.finish == "length":
        raise AnswerCut("the answer of the client's model was cut before its JSON was complete")
    heard.data = read_json_answer(heard.text)
    check(heard.data, request.answer_schema)
