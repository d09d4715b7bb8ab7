"""From a completion to the new text of a file, through the guarded cascade of `aura_factory.editing`."""

from __future__ import annotations

import re
from typing import Final

from aura_factory.assist.code_desk import SourceText
from aura_factory.assist.grounding import names_in
from aura_factory.editing.outcomes import Applied, EditFormat, Refused
from aura_shared.errors import FileMovedOn
from aura_shared.messages.models import Completion

__all__ = ["apply", "describe_refusal"]

_TAKES_AWAY: Final = re.compile(r"\b(remov|delet|drop|renam|replac|merg|inlin|mov|split|get rid)", re.IGNORECASE)


def apply(
    completion: Completion,
    edit_format: EditFormat,
    *,
    path: str,
    seen: SourceText | None,
    now: SourceText | None,
    symbol: str,
    instruction: str,
) -> Applied | Refused:
    """What an answer makes of one file. Only this file may be changed.

    Args:
        completion: The answer, and whether it was cut.
        edit_format: How the model was asked to write.
        path: The file.
        seen: Its text as the model saw it; None when it is new.
        now: Its text now; what changed since is merged in.
        symbol: Qualified name of the definition that was asked for; empty for the whole file.
        instruction: What was asked for: where it takes something away, definitions that it names may be gone
            afterwards, and where it speaks of comments, those may be left out.

    Raises:
        FileMovedOn: The file was made or deleted since the model saw it.
    """
    if (seen is None) != (now is None):
        happened = "made by somebody else" if seen is None else "deleted"
        raise FileMovedOn(f"{path} was {happened} meanwhile", hint="Nothing is proposed; ask again.")
    from aura_factory.editing import apply_answer  # noqa: PLC0415 - loads the grammars, which only a change needs

    return apply_answer(
        completion.text,
        format=edit_format,
        files={path: now.text} if now else {},
        path=path,
        symbol=symbol,
        allowed=[path],
        finish=completion.finish,
        named=names_in(instruction) if _TAKES_AWAY.search(instruction) else (),
        keep_comments="comment" not in instruction.lower(),
        seen={path: seen.text} if seen and now and seen.base != now.base else None,
    )


def describe_refusal(refused: Refused) -> str:
    """What the model is told about an answer that did not fit."""
    from aura_factory.editing import retry_prompt  # noqa: PLC0415 - as above

    return retry_prompt(refused)
