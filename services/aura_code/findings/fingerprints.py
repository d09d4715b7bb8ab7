"""Identifiers of findings that stay the same while the code around them changes.

A fingerprint is made of the rule, the text of the line without its spaces, the definition around it, and how many
equal ones stand before it in the file. Neither line number nor path takes part, so that moved code and renamed files
keep theirs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

LENGTH: Final = 32  # Hexadecimal digits.
SHORTEST: Final = 8
"""Digits of an identifier that a person types, when they suffice."""

_IGNORE: Final = re.compile(r"(?:#|//|/\*)\s*aura:\s*ignore.*$")
_SPACES: Final = re.compile(r"\s+")


def fingerprint(rule: str, line: str, symbol: str, ordinal: int) -> str:
    """The fingerprint of a finding.

    Args:
        rule: Identifier of the rule.
        line: Text of the line where it starts; spaces and an `aura: ignore` comment do not count.
        symbol: Qualified name of the definition around it.
        ordinal: How many equal ones stand before it in the file.
    """
    return _digest(rule, normalised(line), symbol, str(ordinal))


def normalised(line: str) -> str:
    """What of a line counts."""
    return _SPACES.sub("", _IGNORE.sub("", line))


class Ordinals:
    """Counts equal findings of one file, which must come in the order of the file."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def fingerprint(self, rule: str, line: str, symbol: str) -> str:
        """The fingerprint of the next finding."""
        key = (rule, normalised(line), symbol)
        ordinal = self._seen[key]
        self._seen[key] += 1
        return fingerprint(rule, line, symbol, ordinal)


def told_apart(base: str, paths: Sequence[str]) -> list[str]:
    """Fingerprints of findings in several files that would have the same one; `paths` in alphabetical order.

    The first keeps the common one and the others take in their path, so that the result depends on nothing but the
    files themselves.
    """
    return [base if place == 0 else _digest(base, path) for place, path in enumerate(paths)]


def short_ids(fingerprints: Iterable[str]) -> dict[str, str]:
    """For each fingerprint its first digits, at least eight, that no other of them begins with."""
    ordered = sorted(set(fingerprints))
    found: dict[str, str] = {}
    for place, value in enumerate(ordered):
        near = [ordered[other] for other in (place - 1, place + 1) if 0 <= other < len(ordered)]
        shared = max((_shared(value, other) for other in near), default=0)
        found[value] = value[: max(SHORTEST, shared + 1)]
    return found


def _shared(first: str, second: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b), LENGTH)


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=LENGTH // 2).hexdigest()
