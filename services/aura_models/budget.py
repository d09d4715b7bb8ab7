"""Whether a prompt and its answer fit into a context, before anything is sent.

The estimate is made to err upwards: a prompt that is cut in silence costs more than one that is refused. Words end
where lower case turns into upper case, and count one token for every three and a half letters begun, short ones just
one; digits and marks count one each. A blank belongs to the word behind it, but not to a digit; in a run of blanks four
count one. Characters beyond ASCII count 0.8, 1.25 or 3, with two, three or four bytes in UTF-8. `docs/models.md` says
how the estimate compares with real tokenizers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aura_shared.errors import ContextOverflow
from aura_shared.messages.models import ChatTurn, ModelInfo, PromptPart

__all__ = ["TURN_TOKENS", "context_for", "estimate_prompt", "estimate_tokens", "fitting_prompt"]

TURN_TOKENS: Final = 8
"""What a chat template adds to a turn: the marks around it, its role and line ends. Common ones add 3 to 7."""
_NAMED_PARTS: Final = 3
_PIECES: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[ \t]{2,}|[ ](?=[0-9])|[0-9]|[^\sA-Za-z0-9]|\n")
_BY_BYTES: Final = {1: 1.0, 2: 0.8, 3: 1.25, 4: 3.0}


def estimate_tokens(text: str) -> int:
    """Tokens that a text takes at most, as a rule; exact numbers differ between models."""
    return math.ceil(sum(_tokens_of(piece) for piece in _PIECES.findall(text)))


def estimate_prompt(turns: Sequence[ChatTurn]) -> int:
    """Tokens of a conversation with what a chat template adds."""
    return TURN_TOKENS + sum(estimate_tokens(turn.content) + TURN_TOKENS for turn in turns)


def context_for(model: ModelInfo, most: int) -> int:
    """Length of the context to ask for: the same for every call, since some servers load a model anew for another one.

    The settings' bound, what the model was made for, or what its self-test showed, whichever is least.
    """
    tested = model.abilities.context_tokens if model.abilities is not None else 0
    return min(value for value in (most, model.context_max, tested) if value > 0)


async def fitting_prompt(
    turns: Sequence[ChatTurn],
    max_tokens: int,
    context: int,
    parts: Sequence[PromptPart],
    count: Callable[[str], Awaitable[int | None]],
) -> int:
    """Tokens of the prompt, which fits with its answer; where the estimate says that it does not, it is counted.

    Args:
        turns: The conversation.
        max_tokens: Bound of the answer.
        context: Tokens for both.
        parts: What could be left out.
        count: Tells the exact tokens of a text, or None.

    Raises:
        ContextOverflow: They do not fit; names both numbers and what to leave out.
    """
    needed = estimate_prompt(turns)
    if needed + max_tokens <= context:
        return needed
    about = "about "
    if needed / 3 + max_tokens <= context:  # The estimate is never three times the truth: counting can still help.
        exact = await count("\n".join(turn.content for turn in turns))
        if exact is not None:
            about, needed = "", exact + TURN_TOKENS * (len(turns) + 1)
            if needed + max_tokens <= context:
                return needed
    raise ContextOverflow(
        f"the prompt has {about}{needed:,} tokens and its answer may have {max_tokens:,}, "
        f"and the context holds {context:,}{_largest(parts)}",
        hint=_what_to_drop(parts, needed + max_tokens - context),
    )


def _tokens_of(piece: str) -> float:
    first = piece[0]
    if not first.isascii():
        return _BY_BYTES[len(piece.encode("utf-8", "replace"))]
    if first.isalpha():
        return math.ceil(len(piece) / 3.5) if len(piece) > 7 else 1 + (len(piece) > 5)
    return math.ceil(len(piece) / 4)  # One for a digit or mark, more for a run of blanks.


def _largest(parts: Sequence[PromptPart]) -> str:
    largest = sorted(parts, key=lambda part: -part.tokens)[:_NAMED_PARTS]
    if not largest:
        return ""
    return "; its largest parts: " + ", ".join(f"{part.name} ({part.tokens:,})" for part in largest)


def _what_to_drop(parts: Sequence[PromptPart], over: int) -> str:
    """The fewest parts that make enough room."""
    dropped: list[str] = []
    freed = 0
    for part in sorted(parts, key=lambda part: -part.tokens):
        if freed >= over:
            break
        dropped.append(part.name)
        freed += part.tokens
    if dropped and freed >= over:
        return f"Leave out {', '.join(dropped)}, or use a model with a longer context."
    return f"Ask about less: {over:,} tokens are too many. Or use a model with a longer context."
