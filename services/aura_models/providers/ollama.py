"""Ollama through its own interface, which takes the length of the context and the schema; the compatible one does not.

Since 0.12.6 Ollama refuses a prompt that does not fit when it is told to (`truncate` and `shift` off). Earlier
versions ignore both, cut the prompt from the front and answer as if nothing were, so the counts are looked at as well.
What these mean differs: early versions leave the count out when the prompt was in their cache, later ones count cached
tokens too, and some since 0.30 leave cached tokens out, which shows by the absence of `prompt_eval_cached_count`. A
small count of that last kind tells nothing, and such a version refuses by itself.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import ollama

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, ServerAddress, ServerHealth
from aura_models.providers.answers import check_taken_in, checked_vectors, falls_short, watched
from aura_models.providers.failures import (
    HTTP_ERRORS,
    SHAPE_ERRORS,
    ErrorTable,
    check_fits,
    failure_of,
    refusal,
    within,
)
from aura_models.providers.http import check_host, client_options
from aura_shared.errors import AuraError, BadAnswer, ModelError
from aura_shared.messages.models import FinishReason, ModelInfo

__all__ = ["OLLAMA_ERRORS", "OllamaProvider"]

OLLAMA_ERRORS: Final[ErrorTable] = {
    **HTTP_ERRORS,
    **SHAPE_ERRORS,
    ollama.ResponseError: ModelError,
    ollama.RequestError: BadAnswer,
}
_CAUGHT: Final = tuple(OLLAMA_ERRORS)
# Ten minutes: loading a model takes many seconds, and a person comes back to a question within minutes.
_KEEP_ALIVE: Final = "10m"
_REFUSES_BY_ITSELF: Final = (0, 30)
_LISTING_S: Final = 10.0
_EMBEDDING_FAMILIES: Final = frozenset({"bert", "nomic-bert", "nomic-bert-moe"})


class OllamaProvider:
    """An `LLMProvider` for one Ollama server."""

    def __init__(self, address: ServerAddress, allow: Sequence[str] = ()) -> None:
        """Connects to nothing yet.

        Args:
            address: Where it is.
            allow: Hosts besides this machine, as in `network.allow`.

        Raises:
            HostNotAllowed: The address leads elsewhere.
        """
        self._address = address
        self._client = _Client(host=check_host(address.url, allow), **client_options(address, allow))
        self._version = ""
        self._thinkers: dict[str, bool] = {}

    @property
    def address(self) -> ServerAddress:
        """Which server it is."""
        return self._address

    async def health(self) -> ServerHealth:
        """Whether an Ollama answers there; never raises."""
        try:
            return ServerHealth(up=True, version=await self._known_version(anew=True))
        except AuraError as error:
            return ServerHealth(up=False, problem=error.message)

    async def models(self) -> list[ModelInfo]:
        """What it has; the longest context is left to `capabilities`, which asks for each model."""
        try:
            async with within(_LISTING_S, self._address, "list of models"):
                listed = await self._client.list()
                loaded = {model.model for model in (await self._client.ps()).models}
        except _CAUGHT as error:
            raise self._failure(error) from error
        return [self._info(model, loaded) for model in listed.models if model.model]

    async def capabilities(self, model: str) -> ModelInfo:
        """What is known of one model.

        Raises:
            UnknownModel: It has no such model.
        """
        known = next((info for info in await self.models() if info.name == f"{self._address.name}/{model}"), None)
        shown = await self._show(model)
        facts = dict(shown.modelinfo or {})
        context = facts.get(f"{facts.get('general.architecture', '')}.context_length", 0)
        can = set(shown.capabilities or ())
        embeds = "embedding" in can and "completion" not in can
        details = shown.details
        return (known or ModelInfo(name=f"{self._address.name}/{model}")).model_copy(
            update={
                "context_max": context if isinstance(context, int) and context > 0 else 0,
                "embeds": embeds or bool(known and known.embeds),
                "parameters": (details and details.parameter_size) or "",
                "quantization": (details and details.quantization_level) or "",
            }
        )

    async def chat(self, call: ChatCall) -> AsyncGenerator[ChatPiece | ChatEnd, None]:
        """The answer as it arrives, `ChatEnd` last.

        Raises:
            ContextOverflow: Prompt and answer do not fit.
            ContextCut: The server did not take in the whole prompt; the answer is worth nothing.
            UnknownModel: It has no such model.
        """
        check_fits(call, self._address)
        think = call.think and await self._can_think(call.model)
        async with aclosing(watched(self._pieces(call, think=think), call, self._address)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Texts as vectors; a text that is too long is refused rather than cut.

        Raises:
            ContextOverflow: A text is too long.
            UnknownModel: It has no such model.
        """
        try:
            async with within(self._address.first_token_s, self._address, "vectors"):
                answer = await self._client.embed(model, list(texts), truncate=False, keep_alive=_KEEP_ALIVE)
        except _CAUGHT as error:
            raise self._failure(error, model=model) from error
        vectors = [[float(value) for value in vector] for vector in answer.embeddings]
        return checked_vectors(vectors, len(texts), self._address)

    async def count_tokens(self, model: str, text: str) -> int | None:  # noqa: ARG002 - part of the protocol
        """None: Ollama counts only what it answers."""
        return None

    async def close(self) -> None:
        """Give its connections back."""
        await self._client.close()

    async def _pieces(self, call: ChatCall, *, think: bool) -> AsyncGenerator[ChatPiece | ChatEnd, None]:
        try:
            async with aclosing(await self._client.chat_uncut(_body(call, think=think))) as parts:
                async for part in parts:
                    yield ChatPiece(text=part.message.content or "", thinking=part.message.thinking or "")
                    if part.done:
                        end = ChatEnd(_finish(part.done_reason), part.prompt_eval_count or 0, part.eval_count or 0)
                        await self._check_taken_in(call, end, part)
                        yield end
                        return
        except _CAUGHT as error:
            raise self._failure(error, call) from error

    async def _check_taken_in(self, call: ChatCall, end: ChatEnd, part: _Part) -> None:
        honoured = False
        if falls_short(call, end):
            version = self._version or (await self.health()).version
            if part.prompt_eval_cached_count is None and _release(version) >= _REFUSES_BY_ITSELF:
                return
            honoured = await self._loaded_context(call.model) >= call.context_tokens
        check_taken_in(call, end, self._address, window=call.context_tokens, honoured=honoured)

    async def _loaded_context(self, model: str) -> int:
        """The context that a model was loaded with; 0 where the server does not say."""
        try:
            async with within(_LISTING_S, self._address, "list of loaded models"):
                loaded = (await self._client.ps()).models
        except (*_CAUGHT, AuraError):
            return 0
        return next((one.context_length or 0 for one in loaded if one.model == model), 0)

    async def _known_version(self, *, anew: bool = False) -> str:
        if anew or not self._version:
            try:
                async with within(_LISTING_S, self._address, "version"):
                    self._version = await self._client.version()
            except _CAUGHT as error:
                raise self._failure(error) from error
        return self._version

    async def _show(self, model: str) -> ollama.ShowResponse:
        try:
            async with within(_LISTING_S, self._address, "description of a model"):
                return await self._client.show(model)
        except _CAUGHT as error:
            raise self._failure(error, model=model) from error

    async def _can_think(self, model: str) -> bool:
        if model not in self._thinkers:
            self._thinkers[model] = "thinking" in ((await self._show(model)).capabilities or ())
        return self._thinkers[model]

    def _info(self, model: ollama.ListResponse.Model, loaded: set[str | None]) -> ModelInfo:
        details = model.details
        families = set((details and details.families) or ())
        return ModelInfo(
            name=f"{self._address.name}/{model.model}",
            digest=model.digest or "",
            parameters=(details and details.parameter_size) or "",
            quantization=(details and details.quantization_level) or "",
            loaded=model.model in loaded,
            embeds=bool(families) and families <= _EMBEDDING_FAMILIES,
        )

    def _failure(self, error: Exception, call: ChatCall | None = None, model: str = "") -> AuraError:
        if isinstance(error, ollama.ResponseError):
            # -1: the error came in the middle of a stream.
            return refusal(max(error.status_code, 0), str(error.error), self._address, call, model)
        return failure_of(error, self._address, OLLAMA_ERRORS)


class _Part(ollama.ChatResponse):
    """A line of the stream, with what the client does not know yet."""

    prompt_eval_cached_count: int | None = None


class _Client(ollama.AsyncClient):
    """The client with two calls that it lacks."""

    async def chat_uncut(self, body: dict[str, Any]) -> AsyncGenerator[_Part, None]:
        """The lines of an answer to a prompt that must not be cut."""
        lines = await cast("Any", self)._request(_Part, "POST", "/api/chat", json=body, stream=True)
        return cast("AsyncGenerator[_Part, None]", lines)

    async def version(self) -> str:
        """What the server says of itself."""
        found: object = (await cast("Any", self)._request_raw("GET", "/api/version")).json()
        version = cast("dict[str, object]", found).get("version") if isinstance(found, dict) else None
        if not isinstance(version, str) or not version:
            raise TypeError(f"expected a version, found {str(cast('object', found))[:80]!r}")
        return version


def _body(call: ChatCall, *, think: bool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "num_ctx": call.context_tokens,
        "num_predict": call.max_tokens,
        "temperature": call.temperature,
    }
    if call.seed is not None:
        options["seed"] = call.seed
    body: dict[str, Any] = {
        "model": call.model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in call.turns],
        "stream": True,
        "think": think,
        "options": options,
        "keep_alive": _KEEP_ALIVE,
        "truncate": False,
        "shift": False,
    }
    if call.schema is not None:
        body["format"] = call.schema
    return body


def _finish(reason: str | None) -> FinishReason:
    return "length" if reason == "length" else "stop"


def _release(version: str) -> tuple[int, int]:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
