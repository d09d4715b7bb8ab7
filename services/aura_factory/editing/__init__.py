"""From what a model wrote to an exact edit of a file, or to the reason why it is refused."""

from aura_factory.editing.applying import apply_answer
from aura_factory.editing.formats import choose_format
from aura_factory.editing.outcomes import Applied, EditFormat, Refusal, RefusalKind, Refused
from aura_factory.editing.retrying import retry_prompt

__all__ = [
    "Applied",
    "EditFormat",
    "Refusal",
    "RefusalKind",
    "Refused",
    "apply_answer",
    "choose_format",
    "retry_prompt",
]
