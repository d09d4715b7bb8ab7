"""Short ways to ask a provider, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, LLMProvider, ServerAddress
from aura_shared.messages.models import ChatTurn, ServerKind


def address(url: str, kind: ServerKind = "ollama", **bounds: object) -> ServerAddress:
    """An address with bounds that suit a test."""
    return replace(ServerAddress("local", kind, url, first_token_s=10.0, idle_s=10.0), **bounds)


def call(text: str | Sequence[ChatTurn] = "hello", **options: object) -> ChatCall:
    """A question; its size is that of a stand-in, a token for each four characters."""
    turns = [ChatTurn(role="user", content=text)] if isinstance(text, str) else list(text)
    size = -(-sum(len(turn.content) + len(turn.role) + 3 for turn in turns) // 4)
    usual = ChatCall("small:latest", turns, max_tokens=64, context_tokens=4096, prompt_tokens=size)
    return replace(usual, **options)


async def answer(provider: LLMProvider, asked: ChatCall) -> tuple[str, str, ChatEnd]:
    """Text, thoughts and the end of an answer."""
    pieces = [piece async for piece in provider.chat(asked)]
    end = pieces.pop()
    assert isinstance(end, ChatEnd)
    said = [piece for piece in pieces if isinstance(piece, ChatPiece)]
    return "".join(piece.text for piece in said), "".join(piece.thinking for piece in said), end
