"""What a tool asks its client in the middle of a call: a person's yes, or the client's own model.

Both protocol eras look the same from here. In the older one the question goes out and its answer comes back while the
call waits. In the newer one the call ends with what is needed, sealed together with what was answered before, and comes
again with the answer; the work is done anew up to the next question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
)
from mcp_types.version import is_version_at_least
from pydantic import ValidationError
from starlette.requests import Request as HttpRequest

from aura_shared.errors import ModelError, NoModel
from aura_shared.messages.models import ChatTurn, SampledText

__all__ = ["ClientInputs", "InputNeeded"]

_ROUNDS_VERSION: Final = "2026-07-28"  # From here on a call ends with what it needs, and comes again.
_MOST_ANSWERS: Final = 16
"""Answers that one call collects; each makes the state that travels longer."""
_APPROVE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"approve": {"type": "boolean", "title": "Approve", "description": "Whether this may be done."}},
    "required": ["approve"],
}

ToolContext = Context[Any, HttpRequest]
ResultT = TypeVar("ResultT", ElicitResult, CreateMessageResult)


class InputNeeded(Exception):
    """The call has to end here, and to come again with the answer."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("the client has to answer first")
        self.result = result
        """What the call ends with."""


class ClientInputs:
    """Questions of one call to its client."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._rounds = is_version_at_least(context.protocol_version or "", _ROUNDS_VERSION)
        self._kept = _kept(context.request_state)
        self._fresh = dict(context.input_responses or {})

    @property
    def can_elicit(self) -> bool:
        """Whether the client says that it can ask its person."""
        capabilities = self._context.client_capabilities
        return capabilities is not None and capabilities.elicitation is not None

    @property
    def can_sample(self) -> bool:
        """Whether the client says that it can ask its model."""
        capabilities = self._context.client_capabilities
        return capabilities is not None and capabilities.sampling is not None

    async def confirm(self, message: str) -> bool:
        """Whether the client's person agrees to what `message` says.

        Raises:
            InputNeeded: The answer comes with another call.
        """
        params = ElicitRequestFormParams(message=message, requested_schema=_APPROVE)
        answer = await self._answer(ElicitRequest(params=params), ElicitResult)
        return answer.action == "accept" and (answer.content or {}) == {"approve": True}

    async def sample(self, turns: Sequence[ChatTurn], max_tokens: int) -> SampledText:
        """What the client's model says.

        Raises:
            InputNeeded: The answer comes with another call.
            NoModel: The client has none.
            ModelError: It gave something else than text.
        """
        if not self.can_sample:
            raise NoModel("the client of this call offers no model")
        system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        messages = [
            SamplingMessage(role=turn.role, content=TextContent(type="text", text=turn.content))
            for turn in turns
            if turn.role != "system"
        ]
        params = CreateMessageRequestParams(messages=messages, max_tokens=max_tokens, system_prompt=system or None)
        answer = await self._answer(CreateMessageRequest(params=params), CreateMessageResult)
        if not isinstance(answer.content, TextContent):
            raise ModelError(f"the client's model must answer with text, and gave {answer.content.type}")
        cut = answer.stop_reason == "maxTokens"
        return SampledText(text=answer.content.text, model=answer.model, finish="length" if cut else "stop")

    async def _answer(self, request: InputRequest, kind: type[ResultT]) -> ResultT:
        """The answer to a question: of an earlier call, of this one, or asked for now."""
        key = _key(request)
        given = self._kept.get(key) if key in self._kept else self._fresh.get(key)
        if given is not None:
            self._kept[key] = given if isinstance(given, dict) else given.model_dump(mode="json", by_alias=True)
            return _read(kind, self._kept[key])
        if not self._rounds:
            return await self._ask_now(request, kind)
        if len(self._kept) >= _MOST_ANSWERS:
            raise ModelError(f"one call may ask its client {_MOST_ANSWERS} times at most")
        state = json.dumps(self._kept, sort_keys=True, separators=(",", ":"))
        raise InputNeeded(InputRequiredResult(input_requests={key: request}, request_state=state))

    async def _ask_now(self, request: InputRequest, kind: type[ResultT]) -> ResultT:
        metadata = ServerMessageMetadata(related_request_id=self._context.request_id)
        try:
            return await self._context.session.send_request(cast("Any", request), kind, metadata=metadata)
        except MCPError as error:
            raise ModelError(f"the client refused: {error.error.message[:200]}") from error


def _key(request: InputRequest) -> str:
    """Tells a question by what it says, so that an answer counts for this question alone."""
    text = request.model_dump_json(by_alias=True, exclude_none=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _kept(state: str | None) -> dict[str, Any]:
    """Answers of earlier rounds; the SDK has sealed them, so they are what was sent out."""
    if not state:
        return {}
    kept = json.loads(state)
    return cast("dict[str, Any]", kept) if isinstance(kept, dict) else {}


def _read(kind: type[ResultT], given: object) -> ResultT:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise ModelError("the client's answer does not have the form of the protocol") from error
