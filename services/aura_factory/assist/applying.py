"""From a completion to the new text of a file, through the guarded cascade of `aura_factory.editing`."""

from __future__ import annotations

from aura_factory.assist.code_desk import SourceText
from aura_factory.editing.outcomes import Applied, EditFormat, Refused
from aura_shared.messages.models import Completion

__all__ = ["apply", "describe_refusal"]


def apply(
    completion: Completion, edit_format: EditFormat, *, path: str, file: SourceText | None, symbol: str
) -> Applied | Refused:
    """What an answer makes of one file. Only this file may be changed.

    Args:
        completion: The answer, and whether it was cut.
        edit_format: How the model was asked to write.
        path: The file.
        file: Its text; None when it is new.
        symbol: Qualified name of the definition that was asked for; empty for the whole file.
    """
    from aura_factory.editing import apply_answer  # noqa: PLC0415 - loads the grammars, which only a change needs

    return apply_answer(
        completion.text,
        format=edit_format,
        files={path: file.text} if file else {},
        target=path,
        symbol=symbol,
        allowed=[path],
        finish=completion.finish,
    )


def describe_refusal(refused: Refused) -> str:
    """What the model is told about an answer that did not fit."""
    from aura_factory.editing import retry_prompt  # noqa: PLC0415 - as above

    return retry_prompt(refused)
