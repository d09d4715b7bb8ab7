"""Identifiers: six random characters, so that two branches never give the same one.

Among 10,000 items two meet with a probability of 4 %; a new one is therefore compared with all that are there, and gets
a further character for each hit. The first character is a letter, because `12e456` is a number to other readers of
YAML, and one at least is a digit, so that no name of a file that a person wrote looks like one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterator
from typing import Final

__all__ = ["ID", "id_from", "new_id", "new_operation"]

_FIRST: Final = "abcdefghijklmnopqrstuvwxyz"
_REST: Final = "0123456789" + _FIRST
LENGTH: Final = 6
_CHANCE: Final = 3
"""Characters of chance at the end of an operation's identifier."""
ID: Final = re.compile(r"(?=[a-z]+[0-9])[a-z][0-9a-z]{5,11}\Z")


def new_id(taken: Collection[str]) -> str:
    """A random identifier that is not taken."""
    return _free((secrets.choice(_REST) for _ in iter(int, 1)), taken)


def id_from(name: str, taken: Collection[str]) -> str:
    """The identifier that always comes of the same name, so that a migration gives the same ones on every branch."""
    return _free(_digits(name), taken)


def new_operation(now_ms: int, newest: str = "") -> str:
    """An identifier of an operation that sorts after the newest one, whatever the clock says: time, and chance."""
    moment = max(now_ms, int(newest[:-_CHANCE] or "0", 36) + 1)
    digits: list[str] = []
    while moment:
        moment, digit = divmod(moment, 36)
        digits.append(_REST[digit])
    return "".join(reversed(digits)) + "".join(secrets.choice(_REST) for _ in range(_CHANCE))


def _free(characters: Iterator[str], taken: Collection[str]) -> str:
    first = _FIRST[_REST.index(next(characters)) % len(_FIRST)]
    found = first + "".join(next(characters) for _ in range(LENGTH - 1))
    if not ID.match(found):
        return _free(characters, taken)
    while found in taken:
        found += next(characters)
    return found


def _digits(name: str) -> Iterator[str]:
    turn = 0
    while True:
        number = int.from_bytes(hashlib.sha256(f"{turn}:{name}".encode("utf-8", "surrogateescape")).digest(), "big")
        for _ in range(40):
            number, digit = divmod(number, 36)
            yield _REST[digit]
        turn += 1
