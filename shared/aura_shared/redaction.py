"""Secrets taken out of text: those that this process knows by value, and whatever has the shape of one.

`mask` never raises and costs a few microseconds a line; what it finds is replaced by `[redacted]`.
"""

from __future__ import annotations

import re
import threading
from typing import Final
from urllib.parse import quote

__all__ = ["MASK", "SHORTEST_SECRET", "forget_secret", "know_secret", "mask"]

MASK: Final = "[redacted]"
SHORTEST_SECRET: Final = 8
"""Shorter values are no secrets that can be told from other text."""

_SHAPES: Final = re.compile(
    r"""
    -----BEGIN[ ](?P<what>[A-Z0-9 ]*PRIVATE[ ]KEY(?:[ ]BLOCK)?)-----  # a private key, also one that is cut off
        (?:(?s:.*?)-----END[ ](?P=what)-----|(?s:.*)\Z)
    | \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}                               # model services
    | \b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,}                   # payments
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_[A-Za-z0-9_]{20,}   # forges
    | \bglpat-[A-Za-z0-9_-]{16,}
    | \bhf_[A-Za-z0-9]{20,}
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}
    | \bpypi-[A-Za-z0-9_-]{16,} | \bnpm_[A-Za-z0-9]{30,}
    | \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b                          # cloud accounts
    | \bAIza[A-Za-z0-9_-]{30,}
    | \beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*    # signed web tokens
    """,
    re.VERBOSE,
)
_AFTER_WORD: Final = re.compile(
    r"""(?xi)
    (?P<word>
        \b(?:bearer|basic)\s+
      | \b[a-z0-9_-]*(?:api[_-]?key|secret|passw(?:or)?d|token|authorization|private[_-]?key|access[_-]?key)
        ["']?\s*[:=]\s*["']?(?:bearer\s+|basic\s+)?
    )
    (?P<value>[a-z0-9._~+/=-]{8,})
    """
)
_USER_INFO: Final = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@?#\"'<>]{1,256}@", re.IGNORECASE)
_HINTS: Final = re.compile(
    r"(?i)-----BEGIN|[spr]k[-_]|gh[pousr]_|github_|glpat-|hf_|xox|pypi-|npm_|A[KSBC]IA|ACCA|AIza|eyJ"
)


class _Known:
    """The secrets of this process by value, and one pattern for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self.pattern: re.Pattern[str] | None = None

    def change(self, value: str, *, known: bool) -> None:
        with self._lock:
            self._values = self._values | {value} if known else self._values - {value}
            # Longest first, so that a secret that begins with another one is masked as a whole.
            written = {form for one in self._values for form in (one, quote(one, safe=""))}
            parts = sorted(written, key=len, reverse=True)
            self.pattern = re.compile("|".join(map(re.escape, parts))) if parts else None


_known = _Known()


def know_secret(value: str) -> None:
    """Mask this value from now on, also as it stands in a URL; ignored when it is shorter than `SHORTEST_SECRET`."""
    if len(value) >= SHORTEST_SECRET:
        _known.change(value, known=True)


def forget_secret(value: str) -> None:
    """Mask this value no longer."""
    _known.change(value, known=False)


def mask(text: str) -> str:
    """`text` without secrets."""
    if _known.pattern is not None:
        text = _known.pattern.sub(MASK, text)
    if _HINTS.search(text):
        text = _SHAPES.sub(MASK, text)
    text = _AFTER_WORD.sub(lambda found: found["word"] + MASK, text)
    return _USER_INFO.sub(rf"\g<scheme>{MASK}@", text) if "@" in text else text
