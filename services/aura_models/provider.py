"""What a model server looks like to the rest of this process; `aura_models.providers` has the real ones.

Other packages add kinds of servers through the entry points `aura.providers`: a callable that takes `ServerAddress` and
gives an `LLMProvider`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aura_shared.messages.models import ChatTurn, FinishReason, ModelInfo, ServerKind

__all__ = ["ChatCall", "ChatEnd", "ChatPiece", "LLMProvider", "ServerAddress", "ServerHealth"]


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is, and what it may cost."""

    name: str
    """Its name in the settings."""
    kind: ServerKind
    """Which interface it speaks."""
    url: str
    """Base address; only loopback addresses unless `network.allow` names the host."""
    key: str = field(default="", repr=False)
    """Its credential; empty for none."""
    connect_s: float = 2.0
    """Bound on connecting."""
    first_token_s: float = 120.0
    """Bound on the first token; a cold model loads from disk first."""
    idle_s: float = 30.0
    """Bound on the pause between two pieces of an answer."""
    most_bytes: int = 4_000_000
    """Bound on the size of an answer."""


@dataclass(frozen=True, slots=True)
class ChatCall:
    """One question to one model."""

    model: str
    """Name of the model at its server."""
    turns: Sequence[ChatTurn]
    """The conversation."""
    max_tokens: int
    """Bound of the answer."""
    context_tokens: int
    """Length of the context that is wanted: prompt and answer fit."""
    prompt_tokens: int
    """Estimated size of the prompt, to tell whether the server took all of it in."""
    temperature: float = 0.2
    seed: int | None = None
    schema: dict[str, Any] | None = None
    """A schema in the subset that servers enforce; None for free text."""
    think: bool = False
    """Whether the model may think first."""


@dataclass(frozen=True, slots=True)
class ChatPiece:
    """Some text of an answer."""

    text: str = ""
    """Of the answer."""
    thinking: str = ""
    """Of what the model thinks, which is no part of the answer."""


@dataclass(frozen=True, slots=True)
class ChatEnd:
    """How an answer ended; the last thing that a stream gives."""

    finish: FinishReason
    tokens_in: int
    """As the server counted; 0 when it does not say."""
    tokens_out: int


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """Whether a server answers."""

    up: bool
    version: str = ""
    problem: str = ""
    """Why it cannot be used, for a person."""


class LLMProvider(Protocol):
    """A model server. Every method raises only errors of `aura_shared.errors` (and `CancelledError`)."""

    @property
    def address(self) -> ServerAddress:
        """Which server it is."""
        ...

    async def health(self) -> ServerHealth:
        """Whether it answers; never raises."""
        ...

    async def models(self) -> list[ModelInfo]:
        """What it serves."""
        ...

    async def capabilities(self, model: str) -> ModelInfo:
        """What is known of one model, its longest context above all."""
        ...

    def chat(self, call: ChatCall) -> AsyncIterator[ChatPiece | ChatEnd]:
        """The answer as it arrives, `ChatEnd` last. Closing the iterator ends the work at the server."""
        ...

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """Texts as vectors."""
        ...

    async def count_tokens(self, model: str, text: str) -> int | None:
        """Exact size of a text; None when the server cannot tell."""
        ...

    async def close(self) -> None:
        """Give its connections back."""
        ...
