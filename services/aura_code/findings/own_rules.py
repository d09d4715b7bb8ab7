"""Rules about findings themselves, which no query can state."""

from __future__ import annotations

from typing import Final

from aura_code.findings.model import Rule

UNUSED_IGNORE: Final = Rule(
    id="unused-ignore",
    title="A comment silences nothing",
    message="This comment silences nothing.",
    level="hint",
    category="maintainability",
    default=True,
    what="An `aura: ignore` comment, or a rule named in it, that silences no finding. Comments of other tools are not "
    "looked at, and neither are rules that are switched off.",
    why="A comment that silences nothing misleads whoever reads it, and it would hide a later mistake on that line.",
    how="Take the comment out, or the rule out of it. Check the rule's name when it should silence something.",
    parts=(),
    tags=("suppressions",),
)
