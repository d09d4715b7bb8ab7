"""Takes secrets out of a diff before a model, an editor or another program sees it; lines that go count as well."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aura_git.safety.secrets import scan_text

__all__ = ["mask_diff", "mask_lines"]

_FILE: Final = "diff --git "
_NO_SECRET: Final = frozenset({"conflict-marker"})
_KEY_BEGINS: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_KEY_ENDS: Final = re.compile(r"-----END [A-Z ]*PRIVATE KEY")
_MOST_OF_KEY: Final = 200


def mask_diff(diff: str) -> tuple[str, int]:
    """The diff with every line that holds a secret replaced, and how many lines that were.

    Lines that come, go or stay are looked at: a secret that is taken out is still one.
    """
    masked = 0
    kept: list[str] = []
    for part in re.split(rf"^(?={_FILE})", diff, flags=re.MULTILINE):
        text, count = _mask_file(part)
        kept.append(text)
        masked += count
    return "".join(kept), masked


def mask_lines(path: str, lines: Iterable[str]) -> dict[int, str]:
    """For each of the lines that holds a secret, by its place from 0: the name of the rule that says so."""
    numbered = list(enumerate(lines))
    found = {one.line: one.rule for one in scan_text(path, numbered) if one.rule not in _NO_SECRET}
    for at, text in numbered:
        if at in found and _KEY_BEGINS.search(text):
            for later, body in numbered[at + 1 : at + _MOST_OF_KEY]:
                found.setdefault(later, found[at])
                if _KEY_ENDS.search(body):
                    break
    return found


def _mask_file(part: str) -> tuple[str, int]:
    lines = part.split("\n")
    start = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines))
    path = next((line[6:] for line in lines[:start] if line.startswith(("+++ b/", "--- a/")) and len(line) > 6), "file")
    contents = [line[1:] if line[:1] in "+- " else "" for line in lines[start:]]
    found: dict[int, str] = {}
    # One kind of line after the other, so that the lines of a key follow one another.
    for signs in ("+ ", "- "):
        chosen = [at for at, line in enumerate(lines[start:]) if line[:1] and line[0] in signs]
        rules = mask_lines(path, [contents[at] for at in chosen])
        found |= {chosen[place]: rule for place, rule in rules.items()}
    for at, rule in found.items():
        lines[start + at] = f"{lines[start + at][:1]}[left out: {rule}]"
    return "\n".join(lines), len(found)
