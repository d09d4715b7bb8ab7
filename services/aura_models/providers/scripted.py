"""A provider that answers from a script: for tests, here and of others, that are not about a server.

```python
provider = ScriptedProvider(["first answer", ModelTimeout("too slow"), {"as": "JSON"}])
```

Answers are given in order. A `ScriptedAnswer` may wait for its question (`match`), be given again and again, come in
pieces, wait for an `asyncio.Event` and fail in the middle; a function makes an answer from the call. Nothing sleeps.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, ServerAddress, ServerHealth
from aura_shared.errors import AuraError, ContextOverflow, ModelError, UnknownModel
from aura_shared.messages.models import FinishReason, ModelInfo

__all__ = ["Hold", "Script", "ScriptedAnswer", "ScriptedProvider"]


@dataclass(frozen=True, slots=True)
class Hold:
    """The answer goes on once this is set: a slow server, without a clock."""

    until: asyncio.Event


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """One answer."""

    pieces: Sequence[str | ChatPiece | Hold | AuraError] = ()
    """What comes, in order; an error ends the answer."""
    match: str | Callable[[ChatCall], bool] = ""
    """Part of the text of some turn, or a rule; an empty one fits every call."""
    times: int | None = 1
    """How often it is given; None for ever."""
    finish: FinishReason = "stop"
    tokens_in: int | None = None
    """None: the estimate of the call."""
    tokens_out: int | None = None
    """None: a token for each four characters."""

    def fits(self, call: ChatCall) -> bool:
        """Whether this is an answer to that call."""
        if callable(self.match):
            return self.match(call)
        return not self.match or any(self.match in turn.content for turn in call.turns)


PlainScript = str | dict[str, JsonValue] | list[JsonValue] | AuraError | ScriptedAnswer
Script = PlainScript | Callable[[ChatCall], "PlainScript"]
"""Text, JSON, an error, an answer with its rule, or a function that makes one of these from the call."""


@dataclass(slots=True)
class _Entry:
    script: Script
    left: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.script.times if isinstance(self.script, ScriptedAnswer) else 1
        if callable(self.script):
            self.left = None


class ScriptedProvider:
    """An `LLMProvider` that says what it was told to."""

    def __init__(
        self,
        answers: Sequence[Script] = (),
        *,
        name: str = "scripted",
        models: Sequence[str | ModelInfo] = ("model",),
        context_max: int = 8192,
        health: ServerHealth | None = None,
        vector_size: int = 8,
        counts_tokens: bool = False,
    ) -> None:
        """Takes answers in the order in which they are given, and the names of models without their server.

        Args:
            answers: What it answers. A function is asked for every call that nothing before it fits.
            name: Of the server.
            models: What it serves.
            context_max: Of models that are given by their name.
            health: What `health` says; up, unless given.
            vector_size: Length of the vectors that `embed` makes.
            counts_tokens: Whether `count_tokens` counts (four characters a token) or cannot tell.
        """
        self._address = ServerAddress(name=name, kind="scripted", url="http://127.0.0.1:1")
        self._entries = [_Entry(script) for script in answers]
        self._models = [
            _named(model, name) if isinstance(model, ModelInfo) else _info(name, model, context_max) for model in models
        ]
        self._health = health or ServerHealth(up=True, version="scripted")
        self._vector_size = vector_size
        self._counts = counts_tokens
        self._changed = asyncio.Condition()
        self.calls: list[ChatCall] = []
        """Every call, as it was begun."""
        self.abandoned: list[ChatCall] = []
        """Calls whose answer was given up before its end."""
        self.embedded: list[str] = []
        """Every text that was turned into a vector."""
        self.running = 0
        """Answers that are under way."""
        self.most_running = 0
        """Most answers that were under way at once."""
        self.closed = False

    @property
    def address(self) -> ServerAddress:
        """An address that nobody asks."""
        return self._address

    def add(self, *answers: Script) -> None:
        """Go on with these answers."""
        self._entries.extend(_Entry(script) for script in answers)

    async def begun(self, calls: int = 1) -> None:
        """Return once that many calls were begun."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.calls) >= calls)

    async def idle(self) -> None:
        """Return once no answer is under way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.running == 0)

    async def health(self) -> ServerHealth:
        """As it was told."""
        return self._health

    async def models(self) -> list[ModelInfo]:
        """As it was told."""
        if not self._health.up:
            return []
        return list(self._models)

    async def capabilities(self, model: str) -> ModelInfo:
        """One of `models`.

        Raises:
            UnknownModel: It has no such model.
        """
        for known in self._models:
            if known.name == f"{self._address.name}/{model}":
                return known
        raise UnknownModel(f"{self._address.name} has no model {model!r}")

    async def chat(self, call: ChatCall) -> AsyncIterator[ChatPiece | ChatEnd]:
        """The next answer that fits.

        Raises:
            ContextOverflow: As a real server: prompt and answer do not fit.
            UnknownModel: It has no such model.
            ModelError: The script has no answer to this.
        """
        async with self._changed:
            self.calls.append(call)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self._changed.notify_all()
        ended = False
        try:
            await self.capabilities(call.model)
            if call.prompt_tokens + call.max_tokens > call.context_tokens:
                raise ContextOverflow(
                    f"the prompt has {call.prompt_tokens} tokens and the answer may have {call.max_tokens}; "
                    f"the context has {call.context_tokens}"
                )
            answer = self._answer_to(call)
            said = 0
            for piece in answer.pieces:
                if isinstance(piece, AuraError):
                    ended = True
                    raise piece
                if isinstance(piece, Hold):
                    await piece.until.wait()
                    continue
                given = ChatPiece(text=piece) if isinstance(piece, str) else piece
                said += len(given.text) + len(given.thinking)
                yield given
            ended = True
            tokens_in = call.prompt_tokens if answer.tokens_in is None else answer.tokens_in
            tokens_out = -(-said // 4) if answer.tokens_out is None else answer.tokens_out
            yield ChatEnd(answer.finish, tokens_in, tokens_out)
        except AuraError:
            ended = True
            raise
        finally:
            self.running -= 1
            if not ended:
                self.abandoned.append(call)
            async with self._changed:
                self._changed.notify_all()

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Vectors that depend on the texts alone.

        Raises:
            UnknownModel: It has no such model.
        """
        await self.capabilities(model)
        self.embedded.extend(texts)
        return [_vector(text, self._vector_size) for text in texts]

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Four characters a token, or None."""
        await self.capabilities(model)
        return -(-len(text) // 4) if self._counts else None

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _answer_to(self, call: ChatCall) -> ScriptedAnswer:
        for entry in self._entries:
            if entry.left == 0 or (isinstance(entry.script, ScriptedAnswer) and not entry.script.fits(call)):
                continue
            if entry.left is not None:
                entry.left -= 1
            return _as_answer(entry.script(call) if callable(entry.script) else entry.script)
        last = call.turns[-1].content[:80] if call.turns else ""
        raise ModelError(f"the script has no answer to call {len(self.calls)}: {last!r}")


def _named(model: ModelInfo, server: str) -> ModelInfo:
    """The model with its server in its name."""
    return model if model.name.startswith(f"{server}/") else model.model_copy(update={"name": f"{server}/{model.name}"})


def _info(server: str, model: str, context_max: int) -> ModelInfo:
    digest = hashlib.sha256(f"{server}/{model}".encode()).hexdigest()
    return ModelInfo(name=f"{server}/{model}", digest=digest, context_max=context_max, loaded=True)


def _as_answer(script: PlainScript) -> ScriptedAnswer:
    if isinstance(script, ScriptedAnswer):
        return script
    if isinstance(script, str | AuraError):
        return ScriptedAnswer([script])
    return ScriptedAnswer([json.dumps(script)])


def _vector(text: str, size: int) -> list[float]:
    digest = hashlib.shake_256(text.encode("utf-8", "replace")).digest(size)
    return [value / 127.5 - 1 for value in digest]
