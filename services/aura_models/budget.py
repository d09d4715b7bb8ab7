"""Whether a prompt and its answer fit into a context, before anything is sent.

The estimate is made to err upwards: a prompt that is cut in silence costs more than one that is refused. A run of
letters counts one token for every three and a half characters begun, digits and marks count one each, blanks are free
up to one a word and cost one for every four beyond, and characters beyond ASCII cost their bytes in UTF-8 less one.
`docs/models.md` says how it compares with real tokenizers.
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
_PIECES: Final = re.compile(r"[A-Za-z]+|[ \t]{2,}|[0-9]|[^\sA-Za-z0-9]|\n")


def estimate_tokens(text: str) -> int:
    """Tokens that a text takes at most, as a rule; exact numbers differ between models."""
    total = 0
    for piece in _PIECES.findall(text):
        first = piece[0]
        if first.isascii():
            if first.isalpha():
                total += math.ceil(len(piece) / 3.5) if len(piece) > 7 else 1 + (len(piece) > 5)
            else:
                total += math.ceil(len(piece) / 4) if first in " \t" else 1
        else:
            total += max(1, len(piece.encode("utf-8", "replace")) - 1)
    return total


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
