"""What a model is told when its answer was refused."""

from __future__ import annotations

from typing import Final

from aura_factory.editing.outcomes import Refusal, RefusalKind, Refused

__all__ = ["MOST_CHARS", "retry_prompt"]

MOST_CHARS: Final = 4_000
"""Bound on the whole text: a local model has little room besides the code."""
_MOST_REASONS: Final = 5
_MOST_LINES: Final = 12
_MOST_LINE_CHARS: Final = 160
_INSTEAD: Final[dict[RefusalKind, str]] = {
    "empty": "Send the edit in the format asked for.",
    "truncated": "Send a shorter answer: only the edit, complete to its end, without explanations.",
    "no-edit": "Send the code in a fence, in the format asked for.",
    "several": "Send exactly one version.",
    "malformed": "Write each block as <<<<<<< SEARCH, the old lines, =======, the new lines, >>>>>>> REPLACE.",
    "path": "Name the file by one of the paths given, exactly.",
    "not-found": "Copy the lines to search for from the file as they are, with their indentation.",
    "ambiguous": "Add unchanged lines around them until they stand at one place only.",
    "conflict": "Copy the old lines from the file as they are, comments and blank lines included.",
    "overlap": "Join these edits into one.",
    "placeholder": "Write all lines out; leave nothing out.",
    "lost": "Send all of it, including what does not change.",
    "syntax": "Send code that is complete and parses.",
    "symbol": "Send the one definition asked for, whole, and nothing else.",
    "stale": "Make the edit again from the file as it is now.",
}


def retry_prompt(refused: Refused) -> str:
    """What to tell the model: what did not fit, the closest lines with their numbers, and what to send instead.

    At most `MOST_CHARS` long, whatever was refused.
    """
    parts = ["The answer was not applied; no file was changed.\n"]
    room = MOST_CHARS - 200
    for number, reason in enumerate(refused.reasons):
        text = _describe(reason)
        if number == _MOST_REASONS or sum(map(len, parts)) + len(text) > room:
            parts.append(f"\nAnd {len(refused.reasons) - number} more of this kind.\n")
            break
        parts.append(text)
    parts.append("\nSend the whole answer again, with all its edits.")
    return "".join(parts)[:MOST_CHARS]


def _describe(reason: Refusal) -> str:
    where = f"{reason.path}: " if reason.path else ""
    lines = [f"\n{where[:200]}{_short(reason.detail, 400)}."]
    if reason.sought:
        lines.append("Searched for:")
        lines.extend(f"    {_short(line)}" for line in _cut(reason.sought.split("\n")))
    if reason.closest:
        lines.append("The closest lines in the file are:")
        lines.extend(f"{number:>6} | {_short(line)}" for number, line in reason.closest[:_MOST_LINES])
    lines.append(_INSTEAD[reason.kind])
    return "\n".join(lines) + "\n"


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], f"({len(lines) - _MOST_LINES + 1} more)"]


def _short(text: str, most: int = _MOST_LINE_CHARS) -> str:
    return text.rstrip(". ") if len(text) <= most else text[: most - 1] + "…"
