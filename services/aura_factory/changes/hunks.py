"""Hunks: what a person decides on. Any choice of them makes a text; all make the new one, none the old one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from aura_factory.changes.lines import Block, changed_blocks, split_lines
from aura_shared.messages.changes import Decision, FileChangeKind

_NOISE = re.compile(rb"[^0-9A-Za-z_]*")
_DEFINITION = re.compile(
    r"^(?P<indent>\s*)(?:(?:export|default|public|private|protected|internal|static|abstract|final|sealed|async|pub"
    r"(?:\([a-z]+\))?|unsafe|extern|const|inline|virtual|override)\s+)*"
    r"(?:(?:def|class|function\*?|fn|struct|interface|enum|trait|module|namespace|record|impl|type)\s+"
    r"|func\s+(?:\([^)]*\)\s*)?)(?P<name>[\w$]+)"
)
_C_FUNCTION = re.compile(
    r"^(?P<indent>\s*)(?!return\b|else\b|new\b)[\w$<>\[\],:&*~ ]+[\s*&](?P<name>[\w$~]+)\s*\([^;]*$"
)
_BLOCKS: Final = frozenset({"if", "for", "while", "switch", "catch", "else", "match", "with", "return"})
_LINES_LOOKED_BACK: Final = 2000


@dataclass(frozen=True, slots=True)
class StoredHunk:
    """A hunk with what was decided on it."""

    id: str
    block: Block
    """Its lines, counted from 0. A moved file has one whose lines are none: the move itself."""
    symbol: str = ""
    decision: Decision = "open"
    comment: str = ""
    applied: bool = False
    move: bool = False
    """Whether this is the move of a file, and not lines of it."""


def make_hunks(
    path: str, kind: FileChangeKind, before: bytes, after: bytes, *, base: str = "", moved_from: str = ""
) -> list[StoredHunk]:
    """The hunks between two texts, all open; a file that is added, deleted or moved has one for that.

    Args:
        path: The file's path, part of each identifier.
        kind: What happens to the file.
        before: The text as it is; empty for an added file.
        after: The text as proposed; empty for a deleted file.
        base: Digest of the file as it is, part of each identifier.
        moved_from: Where a moved file was.
    """
    old, new = split_lines(before), split_lines(after)
    if kind in {"added", "deleted"}:
        whole = Block(0, len(old), 0, len(new))
        return [StoredHunk(_identifier(path, base, before, after, kind), whole)]
    hunks: list[StoredHunk] = []
    if kind == "moved":
        name = _identifier(path, base, moved_from.encode(), path.encode(), "moved")
        hunks.append(StoredHunk(name, Block(0, 0, 0, 0), move=True))
    seen: Counter[tuple[bytes, bytes]] = Counter()
    for block in _joined(changed_blocks(old, new), old):
        texts = b"".join(old[block.old_start : block.old_end]), b"".join(new[block.new_start : block.new_end])
        name = _identifier(path, base, *texts, str(seen[texts]))
        seen[texts] += 1
        changed = old[block.old_start : block.old_end] or new[block.new_start : block.new_end]
        hunks.append(StoredHunk(name, block, symbol_at(old, block.old_start, changed)))
    return hunks


def _identifier(path: str, base: str, old: bytes, new: bytes, ordinal: str) -> str:
    digest = hashlib.sha256()
    for part in (path.encode(), base.encode(), old, new, ordinal.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _joined(blocks: Sequence[Block], old: Sequence[bytes]) -> list[Block]:
    """Blocks with nothing but an empty line or a bracket between them become one."""
    joined: list[Block] = []
    for block in blocks:
        if joined and block.old_start - joined[-1].old_end == 1 and _NOISE.fullmatch(old[block.old_start - 1]):
            last = joined.pop()
            joined.append(Block(last.old_start, block.old_end, last.new_start, block.new_end))
        else:
            joined.append(block)
    return joined


def compose(before: bytes, after: bytes, hunks: Sequence[StoredHunk], chosen: Collection[str]) -> bytes:
    """The text with only the chosen hunks (by identifier); moves make no difference to it."""
    old, new = split_lines(before), split_lines(after)
    parts: list[bytes] = []
    at = 0
    for hunk in hunks:
        if hunk.move or hunk.id not in chosen:
            continue
        block = hunk.block
        parts += old[at : block.old_start]
        parts += new[block.new_start : block.new_end]
        at = block.old_end
    parts += old[at:]
    return b"".join(parts)


def symbol_at(lines: Sequence[bytes], start: int, changed: Sequence[bytes]) -> str:
    """The dotted name of the definition around lines that change, by indentation; empty at the top of a file.

    Args:
        lines: The old file.
        start: Where the change begins, from 0.
        changed: The old lines that change, or those that are inserted.

    Source: git's function context in diffs, which goes back to the nearest line that looks like a definition.
    """
    depth = min((_depth(line) for line in changed if line.strip()), default=0)
    names: list[str] = []
    for line in reversed(lines[max(0, start - _LINES_LOOKED_BACK) : start]):
        if depth <= 0:
            break
        if not line.strip() or _depth(line) >= depth:
            continue
        name = _name_in(line)
        if name:
            names.append(name)
            depth = _depth(line)
    return ".".join(reversed(names))[:200]


def _depth(line: bytes) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip(b" "))


def _name_in(line: bytes) -> str:
    text = line[:500].decode(errors="replace").rstrip()
    found = _DEFINITION.match(text) or _C_FUNCTION.match(text)
    name = found["name"] if found else ""
    return "" if name in _BLOCKS else name
