"""What may be a name in a language, and what the language keeps for itself."""

from __future__ import annotations

import keyword
import re
from typing import Final

from aura_code.refactoring.workspace import Refusal

SCRIPTS: Final = frozenset({"javascript", "typescript", "tsx"})
"""Languages whose names obey the scopes of JavaScript."""
_ASCII: Final = re.compile(r"[A-Za-z_]\w*", re.UNICODE)
_SCRIPT: Final = re.compile(r"#?[A-Za-z_$\u00aa-\uffff][\w$]*", re.UNICODE)


def _split(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPT_WORDS: Final = _split(
    "await break case catch class const continue debugger default delete do else enum export extends false finally for "
    "function if implements import in instanceof interface let new null package private protected public return static "
    "super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity"
)
_KEYWORDS: Final = {
    "python": frozenset(keyword.kwlist) | {"__debug__"},
    "javascript": _SCRIPT_WORDS,
    "typescript": _SCRIPT_WORDS,
    "tsx": _SCRIPT_WORDS,
    "go": _split(
        "break case chan const continue default defer else fallthrough for func go goto if import interface map "
        "package range return select struct switch type var _ init nil true false iota"
    ),
    "rust": _split(
        "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod "
        "move mut pub ref return self Self static struct super trait true type unsafe use where while abstract become "
        "box do "
        "final gen macro override priv try typeof unsized virtual yield _"
    ),
    "java": _split(
        "abstract assert boolean break byte case catch char class const continue default do double else enum extends "
        "false final finally float for goto if implements import instanceof int interface long native new null package "
        "private protected public return short static strictfp super switch synchronized this throw throws transient "
        "true try void volatile while _"
    ),
}
_TYPE_WORDS: Final = _split("any unknown never string number boolean symbol object bigint void undefined null")
"""Names that TypeScript gives its own types."""


def check_name(name: str, language: str, *, is_type: bool = False) -> None:
    """Make sure that something may be a name.

    Raises:
        Refusal: It may not.
    """
    if not name:
        raise Refusal("No new name is given.")
    if language == "python":
        fits = name.isidentifier()
    else:
        fits = (_SCRIPT if language in SCRIPTS else _ASCII).fullmatch(name) is not None
    if not fits:
        raise Refusal(f"{name!r} cannot be a name in {language}.")
    if name in _KEYWORDS.get(language, ()) or (is_type and language in SCRIPTS and name in _TYPE_WORDS):
        raise Refusal(f"{name!r} is a word of {language} itself, so nothing can be called that.")


def is_special(name: str, language: str) -> bool:
    """Whether the language calls something by this name."""
    if language == "python":
        return name.startswith("__") and name.endswith("__")
    if language in SCRIPTS:
        return name == "constructor"
    return name in {"main", "init"} if language == "go" else name == "main"
