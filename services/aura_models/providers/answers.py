"""What every streamed answer goes through: bounds in time and size, thoughts apart from the answer, an end that is one.

Sources:
    The tags are those of DeepSeek R1 and Qwen 3; servers that know a model put its thoughts into a field of their own.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, ServerAddress
from aura_shared.errors import AnswerCut, BadAnswer, ContextCut, ModelDropped, ModelTimeout

__all__ = ["ThoughtSplitter", "check_taken_in", "checked_vectors", "falls_short", "watched"]

_OPENING: Final = ("<think>", "<thinking>")
_CLOSING: Final = {"<think>": "</think>", "<thinking>": "</thinking>"}
# A token is four characters on average; twice that, and some for a start, is more than any bound that was kept.
_THOUGHT_CHARS_PER_TOKEN: Final = 8
_LEAST_THOUGHT_CHARS: Final = 4_000
# How much longer than the first token thoughts may take.
_THOUGHT_PATIENCE: Final = 3.0
# A cut prompt loses half of itself, or whole turns. Estimates err upwards, by half and more on rulers and tables.
_SHORTFALL: Final = 0.6
_CLEAR_SHORTFALL: Final = 0.35
_TOO_SMALL_TO_TELL: Final = 200


class ThoughtSplitter:
    """Takes `<think>...</think>` at the beginning of an answer out of it, however the chunks are cut.

    Only there: further inside, the tag is text that the answer is about.
    """

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._begun = False
        self._thought = False

    def feed(self, text: str) -> ChatPiece:
        """What is certain so far; the rest is held back."""
        if self._begun and not self._closing:
            return ChatPiece(text=text)
        self._held += text
        if not self._begun and not self._begin():
            return ChatPiece()
        return self._think() if self._closing else self._give()

    def end(self) -> ChatPiece:
        """What was held back. A thought that was not closed stays a thought."""
        held, self._held = self._held, ""
        return ChatPiece(thinking=held) if self._closing else ChatPiece(text=held)

    def _begin(self) -> bool:
        start = self._held.lstrip()
        if not start or any(tag.startswith(start) and tag != start for tag in _OPENING):
            return False
        self._begun = True
        if self._thought:  # White space between a thought and the answer belongs to neither.
            self._held = start
        for tag in _OPENING:
            if start.startswith(tag):
                self._held = start[len(tag) :]
                self._closing = _CLOSING[tag]
        return True

    def _give(self) -> ChatPiece:
        text, self._held = self._held, ""
        return ChatPiece(text=text)

    def _think(self) -> ChatPiece:
        thought, tag, rest = self._held.partition(self._closing)
        if tag:
            self._held, self._closing, self._begun, self._thought = rest, "", False, True
            more = self.feed("")
            return ChatPiece(text=more.text, thinking=thought + more.thinking)
        keep = _overlap(self._held, self._closing)
        cut = len(self._held) - keep
        thought, self._held = self._held[:cut], self._held[cut:]
        return ChatPiece(thinking=thought)


async def watched(
    pieces: AsyncGenerator[ChatPiece | ChatEnd, None], call: ChatCall, address: ServerAddress
) -> AsyncGenerator[ChatPiece | ChatEnd, None]:
    """The answer with its bounds kept; closing it closes `pieces`.

    Raises:
        ModelTimeout: No first token, no next piece, or no answer after all the thinking.
        AnswerCut: The model spent its tokens on thinking.
        BadAnswer: It answered nothing, or more than `most_bytes`.
        ModelDropped: The stream came to its end without saying that the answer is complete.
    """
    watch = _Watch(call, address)
    async with aclosing(pieces):
        while True:
            piece = await watch.next_of(pieces)
            if piece is None:
                raise watch.broken_off()
            if isinstance(piece, ChatEnd):
                rest = watch.take(ChatPiece(), last=True)
                if rest.text or rest.thinking:
                    yield rest
                watch.check_end(piece)
                yield piece
                return
            given = watch.take(piece)
            if given.text or given.thinking:
                yield given


def falls_short(call: ChatCall, end: ChatEnd, share: float = _SHORTFALL) -> bool:
    """Whether fewer tokens were taken in than that share of the estimate."""
    return call.prompt_tokens >= _TOO_SMALL_TO_TELL and 0 < end.tokens_in < call.prompt_tokens * share


def check_taken_in(
    call: ChatCall, end: ChatEnd, address: ServerAddress, *, window: int = 0, honoured: bool = False
) -> None:
    """Whether the server took in the whole prompt, as far as its counts tell; none at all tell nothing.

    A prompt was cut if fewer tokens were taken in than were estimated, if it fills the context by itself (what is left
    after a cut), or if prompt and answer are longer than the context (the answer pushed the prompt out).

    Args:
        call: What was sent.
        end: What the server counted.
        address: Which server.
        window: Length of the context where it is certain, in tokens; 0 where it is not.
        honoured: Whether the context is known to be as long as was asked for. What fits by an estimate that errs
            upwards was not cut then, so only a count that is far too small tells against it.

    Raises:
        ContextCut: Names what was sent and what was taken in.
    """
    who = f"{address.name}/{call.model}"
    sent = f"{call.prompt_tokens:,} tokens were sent by estimate"
    if falls_short(call, end, _CLEAR_SHORTFALL if honoured else _SHORTFALL):
        raise ContextCut(f"{who} cut the prompt: {sent}, {end.tokens_in:,} were taken in")
    if not window or not end.tokens_in:
        return
    if end.tokens_in >= window:
        raise ContextCut(f"{who} cut the prompt: {sent}, {end.tokens_in:,} fill its context of {window:,}")
    both = end.tokens_in + end.tokens_out
    if both > window + 1:  # A full context is counted with one more by some versions.
        raise ContextCut(f"{who} pushed the prompt out: {both:,} tokens in a context of {window:,}; {sent}")


def checked_vectors(vectors: list[list[float]], expected: int, address: ServerAddress) -> list[list[float]]:
    """Vectors, one a text, all of one length and finite.

    Raises:
        BadAnswer: They are not.
    """
    lengths = {len(vector) for vector in vectors}
    if len(vectors) != expected or len(lengths) > 1 or 0 in lengths:
        raise BadAnswer(f"{address.name} made {len(vectors)} vectors of lengths {sorted(lengths)} of {expected} texts")
    if not all(math.isfinite(value) for vector in vectors for value in vector):
        raise BadAnswer(f"{address.name} made vectors with values that are no numbers")
    return vectors


class _Watch:
    """What was seen of one answer."""

    def __init__(self, call: ChatCall, address: ServerAddress) -> None:
        self._call = call
        self._address = address
        self._who = f"{address.name}/{call.model}"
        self._splitter = ThoughtSplitter()
        self._text = 0
        self._thought = 0
        self._anything = False
        now = asyncio.get_running_loop().time()
        self._deadline = now + address.first_token_s
        self._thought_deadline = now + address.first_token_s * _THOUGHT_PATIENCE
        self._most_thought = max(_LEAST_THOUGHT_CHARS, call.max_tokens * _THOUGHT_CHARS_PER_TOKEN)

    async def next_of(self, pieces: AsyncIterator[ChatPiece | ChatEnd]) -> ChatPiece | ChatEnd | None:
        """The next piece that says something; None at the end of the stream."""
        deadline = self._deadline if self._text else min(self._deadline, self._thought_deadline)
        try:
            async with asyncio.timeout_at(deadline):
                async for piece in pieces:
                    if isinstance(piece, ChatEnd) or piece.text or piece.thinking:
                        self._anything = True
                        self._deadline = asyncio.get_running_loop().time() + self._address.idle_s
                        return piece
                return None
        except TimeoutError as error:
            raise self._late() from error

    def take(self, piece: ChatPiece, *, last: bool = False) -> ChatPiece:
        """The piece with thoughts and answer apart, and without characters that no file can hold."""
        given = self._splitter.end() if last else self._splitter.feed(_mended(piece.text))
        given = ChatPiece(text=given.text, thinking=_mended(piece.thinking) + given.thinking)
        self._text += len(given.text)
        self._thought += len(given.thinking)
        if self._text > self._address.most_bytes:
            raise BadAnswer(f"the answer of {self._who} is over {self._address.most_bytes:,} bytes and was broken off")
        if self._thought > self._most_thought:
            raise AnswerCut(
                f"{self._who} thought for {self._thought:,} characters, more than an answer of at most "
                f"{self._call.max_tokens:,} tokens is worth",
                hint="Use a model that does not think, or give it more tokens.",
            )
        return given

    def check_end(self, end: ChatEnd) -> None:
        """Refuse an answer without any text."""
        if self._text:
            return
        if end.finish == "length":
            spent = "on thinking" if self._thought else "without a word"
            raise AnswerCut(f"{self._who} spent all of its {self._call.max_tokens:,} tokens {spent}")
        thought = f" after {self._thought:,} characters of thought" if self._thought else ""
        raise BadAnswer(f"{self._who} answered nothing{thought}", hint="Ask again, or use another model.")

    def broken_off(self) -> BadAnswer | ModelDropped:
        """The stream came to its end, and the answer did not."""
        if not self._anything:
            return BadAnswer(f"{self._who} sent no answer; expected a stream of pieces and its end")
        return ModelDropped(f"{self._who} broke off after {self._text:,} characters, without an end of the answer")

    def _late(self) -> ModelTimeout:
        if not self._anything:
            return ModelTimeout(f"{self._who} gave no first token within {self._address.first_token_s:g} s")
        if not self._text and asyncio.get_running_loop().time() >= self._thought_deadline:
            seconds = self._address.first_token_s * _THOUGHT_PATIENCE
            return ModelTimeout(f"{self._who} only thought for {seconds:g} s")
        return ModelTimeout(f"{self._who} gave nothing more for {self._address.idle_s:g} s")


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


def _mended(text: str) -> str:
    """The text with halves of characters joined where both are there, and replaced where one is missing."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
