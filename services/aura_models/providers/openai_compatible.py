"""LM Studio, the server of llama.cpp, and any other server with the OpenAI interface.

The client library would read keys, addresses and proxies from the environment and fall back to a public service; here
it always gets an address, a key (a real one only if the settings name it) and a client of ours. It takes the same
`httpx` client as Ollama's library, so that there is one guard.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import httpx
import openai
from openai.types.chat import ChatCompletionChunk

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, ServerAddress, ServerHealth
from aura_models.providers.answers import check_taken_in, checked_vectors, watched
from aura_models.providers.catalogues import llamacpp_model, lmstudio_model, number_in, objects_in, plain_model
from aura_models.providers.failures import (
    HTTP_ERRORS,
    SHAPE_ERRORS,
    ErrorTable,
    check_fits,
    failure_of,
    refusal,
    within,
)
from aura_models.providers.http import check_host, http_client
from aura_shared.errors import AuraError, BadAnswer, ModelError, ModelTimeout, ModelUnreachable, UnknownModel
from aura_shared.messages.models import FinishReason, ModelInfo

__all__ = ["OPENAI_ERRORS", "OpenAIProvider"]

OPENAI_ERRORS: Final[ErrorTable] = {
    **HTTP_ERRORS,
    **SHAPE_ERRORS,
    openai.OpenAIError: ModelError,
    openai.APIError: ModelError,
    openai.APIConnectionError: ModelUnreachable,
    openai.APITimeoutError: ModelTimeout,
    openai.APIResponseValidationError: BadAnswer,
}
_CAUGHT: Final = tuple(OPENAI_ERRORS)
_LISTING_S: Final = 10.0
# The client refuses to be made without a key; servers without one take any. The guard sends only the real one.
_NO_KEY: Final = "none"


class OpenAIProvider:
    """An `LLMProvider` for one server with the OpenAI interface."""

    def __init__(self, address: ServerAddress, allow: Sequence[str] = ()) -> None:
        """Connects to nothing yet.

        Args:
            address: Where it is, with or without `/v1`; its kind says what else may be asked.
            allow: Hosts besides this machine, as in `network.allow`.

        Raises:
            HostNotAllowed: The address leads elsewhere.
        """
        self._address = address
        self._root = check_host(address.url, allow).removesuffix("/v1")
        self._http = http_client(address, allow)
        self._client = openai.AsyncOpenAI(
            api_key=address.key or _NO_KEY,
            base_url=f"{self._root}/v1",
            max_retries=0,
            http_client=cast("Any", self._http),
        )
        self._names: frozenset[str] = frozenset()

    @property
    def address(self) -> ServerAddress:
        """Which server it is."""
        return self._address

    async def health(self) -> ServerHealth:
        """Whether it lists its models; never raises."""
        try:
            await self._listed()
            return ServerHealth(up=True, version=await self._version())
        except AuraError as error:
            return ServerHealth(up=False, problem=error.message)

    async def models(self) -> list[ModelInfo]:
        """What it serves, with what this kind of server tells."""
        listed = await self._listed()
        name = self._address.name
        if self._address.kind == "lmstudio":
            known = {entry.get("id"): entry for entry in objects_in(await self._facts("/api/v0/models"), "data")}
            return [lmstudio_model(name, entry, known.get(entry["id"], {})) for entry in listed]
        if self._address.kind == "llamacpp":
            defaults = objects_in(await self._facts("/props"), "default_generation_settings")
            context = number_in(defaults[0], "n_ctx") if defaults and len(listed) == 1 else 0
            return [llamacpp_model(name, entry, context) for entry in listed]
        return [plain_model(name, entry) for entry in listed]

    async def capabilities(self, model: str) -> ModelInfo:
        """What is known of one model.

        Raises:
            UnknownModel: It has no such model.
        """
        for info in await self.models():
            if info.name == f"{self._address.name}/{model}":
                return info
        raise UnknownModel(f"{self._address.name} at {self._address.url} has no model {model!r}")

    async def chat(self, call: ChatCall) -> AsyncGenerator[ChatPiece | ChatEnd, None]:
        """The answer as it arrives, `ChatEnd` last.

        Raises:
            ContextOverflow: Prompt and answer do not fit.
            ContextCut: The server did not take in the whole prompt; the answer is worth nothing.
            UnknownModel: It has no such model.
        """
        check_fits(call, self._address)
        await self._check_known(call.model)
        async with aclosing(watched(self._pieces(call), call, self._address)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Texts as vectors.

        Raises:
            ContextOverflow: A text is too long.
            UnknownModel: It has no such model.
        """
        await self._check_known(model)
        try:
            async with within(self._address.first_token_s, self._address, "vectors"):
                answer = await self._client.embeddings.create(model=model, input=list(texts), encoding_format="float")
            entries = sorted(answer.data, key=lambda entry: entry.index)
            vectors = [[float(value) for value in entry.embedding] for entry in entries]
        except _CAUGHT as error:
            raise self._failure(error, model=model) from error
        return checked_vectors(vectors, len(texts), self._address)

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Exact size of a text at llama.cpp; None elsewhere."""
        if self._address.kind != "llamacpp":
            return None
        try:
            async with within(_LISTING_S, self._address, "count of tokens"):
                answer = await self._http.post(f"{self._root}/tokenize", json={"content": text, "model": model})
            if answer.status_code >= 400:
                return None
            tokens = cast("dict[str, object]", answer.json())["tokens"]
            return len(tokens) if isinstance(tokens, list) else None  # pyright: ignore[reportUnknownArgumentType] - length
        except _CAUGHT as error:
            raise self._failure(error, model=model) from error

    async def close(self) -> None:
        """Give its connections back."""
        await self._client.close()

    async def _pieces(self, call: ChatCall) -> AsyncGenerator[ChatPiece | ChatEnd, None]:
        """Pieces of the answer, then its end: the counts come after the piece that names the reason."""
        finish: FinishReason | None = None
        tokens_in = tokens_out = 0
        try:
            async with await self._open(call) as stream:
                async for chunk in stream:
                    if chunk.usage:
                        tokens_in, tokens_out = chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0
                    for choice in chunk.choices or ():
                        finish = _finish(choice.finish_reason) or finish
                        yield ChatPiece(text=choice.delta.content or "", thinking=_thinking(choice.delta))
        except _CAUGHT as error:
            raise self._failure(error, call) from error
        if finish:
            end = ChatEnd(finish, tokens_in, tokens_out)
            # llama.cpp refuses what does not fit, whatever it is.
            check_taken_in(call, end, self._address, honoured=self._address.kind == "llamacpp")
            yield end

    async def _open(self, call: ChatCall) -> openai.AsyncStream[ChatCompletionChunk]:
        create = cast("Any", self._client.chat.completions).create
        return cast("openai.AsyncStream[ChatCompletionChunk]", await create(**_arguments(call, self._address)))

    async def _listed(self) -> list[dict[str, object]]:
        """Entries of the list of models, each with an `id`."""
        answer = await self._get("/v1/models", "list of models")
        if not isinstance(answer, dict) or "data" not in answer:
            here = f"{self._address.name} at {self._address.url}"
            raise BadAnswer(f"{here} has no list of models; is it {self._address.kind}?")
        named = [entry for entry in objects_in(cast("object", answer), "data") if isinstance(entry.get("id"), str)]
        self._names = frozenset(str(entry["id"]) for entry in named)
        return named

    async def _check_known(self, model: str) -> None:
        """Refuse a model that is not listed: llama.cpp answers with the one that it has, whatever it is asked for."""
        if self._address.kind == "llamacpp" and model not in self._names:
            await self._listed()
            if model not in self._names:
                known = ", ".join(sorted(self._names)) or "none"
                raise UnknownModel(f"{self._address.name} has no model {model!r}; it serves {known}")

    async def _version(self) -> str:
        if self._address.kind != "llamacpp":
            return ""
        return str((await self._facts("/props")).get("build_info", ""))

    async def _facts(self, path: str) -> dict[str, object]:
        """What a path that not every version has says; nothing where it is missing."""
        try:
            answer = await self._get(path, "description")
        except (BadAnswer, ModelError):
            return {}
        return cast("dict[str, object]", answer) if isinstance(answer, dict) else {}

    async def _get(self, path: str, what: str) -> object:
        try:
            async with within(_LISTING_S, self._address, what):
                answer = await self._http.get(f"{self._root}{path}")
            if answer.status_code >= 400:
                raise refusal(answer.status_code, answer.text, self._address)
            return answer.json()
        except _CAUGHT as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception, call: ChatCall | None = None, model: str = "") -> AuraError:
        if isinstance(error, openai.APIStatusError):
            return refusal(error.status_code, _text(error.response), self._address, call, model)
        if isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, Exception):
            return self._failure(error.__cause__, call, model)
        if type(error) is openai.APIError:
            # In the middle of a stream, as an event.
            status = number_in(cast("dict[str, object]", error.body), "code") if isinstance(error.body, dict) else 0
            return refusal(status, f"{error.message}", self._address, call, model)
        return failure_of(error, self._address, OPENAI_ERRORS)


def _arguments(call: ChatCall, address: ServerAddress) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "model": call.model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in call.turns],
        "max_tokens": call.max_tokens,
        "temperature": call.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if call.seed is not None:
        arguments["seed"] = call.seed
    if call.schema is not None:
        schema = {"name": "answer", "schema": call.schema, "strict": True}
        arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
    if address.kind == "llamacpp":
        arguments["extra_body"] = {"chat_template_kwargs": {"enable_thinking": call.think}}
    return arguments


def _finish(reason: str | None) -> FinishReason | None:
    if reason is None:
        return None
    return "length" if reason == "length" else "stop"


def _thinking(delta: object) -> str:
    """Servers disagree on the name of the field."""
    for name in ("reasoning_content", "reasoning"):
        found = getattr(delta, name, None)
        if isinstance(found, str) and found:
            return found
    return ""


def _text(response: object) -> str:
    assert isinstance(response, httpx.Response)
    return response.text
