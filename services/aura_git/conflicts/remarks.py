"""Lines without their comments, as far as lines tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["without_comments"]

_HASH: Final = (re.compile(r"\s*#(?!!)"), re.compile(r"\s+#.*$"))
_SLASHES: Final = (re.compile(r"\s*(?://|/\*|\*(?:[\s/]|$))"), re.compile(r"\s+//.*$"))
_FORMS: Final = {
    **dict.fromkeys(("python", "yaml", "toml", "bash", "ruby"), _HASH),
    **dict.fromkeys(
        ("javascript", "jsx", "typescript", "tsx", "go", "rust", "java", "c", "cpp", "csharp", "kotlin"), _SLASHES
    ),
}


def without_comments(lines: Sequence[str], language: str) -> list[str] | None:
    """The lines that are code, without spacing around them; None where it is not known what a comment is."""
    form = _FORMS.get(language)
    if form is None:
        return None
    whole, rest = form
    return [rest.sub("", line).strip() for line in lines if line.strip() and not whole.match(line)]
