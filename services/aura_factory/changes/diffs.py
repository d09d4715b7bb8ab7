"""Changes as unified diffs, as `patch` and `git apply` take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_factory.changes.hunks import StoredHunk
from aura_factory.changes.lines import Block, changed_blocks, split_lines

CONTEXT_LINES: Final = 3


def hunk_diff(path: str, moved_from: str, before: bytes, after: bytes, hunk: StoredHunk) -> str:
    """A hunk with its `@@` line first, and three lines around it as they are in the old file."""
    if hunk.move:
        return f"@@ moved @@\nrename from {moved_from}\nrename to {path}\n"
    return _section(split_lines(before), split_lines(after), [hunk.block], hunk.symbol)


def file_diff(path: str, before: bytes | None, after: bytes | None) -> str:
    """A unified diff between two texts of a file; None where there is no file."""
    old, new = split_lines(before or b""), split_lines(after or b"")
    blocks = changed_blocks(old, new)
    if not blocks and (before is None) == (after is None):
        return ""
    head = [
        f"--- {'/dev/null' if before is None else f'a/{path}'}\n",
        f"+++ {'/dev/null' if after is None else f'b/{path}'}\n",
    ]
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block.old_start - groups[-1][-1].old_end <= 2 * CONTEXT_LINES:
            groups[-1].append(block)
        else:
            groups.append([block])
    return "".join(head + [_section(old, new, group, "") for group in groups])


def _section(old: Sequence[bytes], new: Sequence[bytes], blocks: Sequence[Block], title: str) -> str:
    """The lines of blocks that belong together, with what is around and between them."""
    start, end = blocks[0].old_start, blocks[-1].old_end
    first, last = max(0, start - CONTEXT_LINES), min(len(old), end + CONTEXT_LINES)
    lead = start - first
    lines: list[str] = []
    at = first
    count = 0
    for block in blocks:
        lines += _marked(" ", old[at : block.old_start])
        lines += _marked("-", old[block.old_start : block.old_end])
        lines += _marked("+", new[block.new_start : block.new_end])
        count += (block.new_end - block.new_start) - (block.old_end - block.old_start)
        at = block.old_end
    lines += _marked(" ", old[at:last])
    size = last - first
    old_range = f"{start_line(first, size)},{size}"
    new_range = f"{start_line(max(0, blocks[0].new_start - lead), size + count)},{size + count}"
    return f"@@ -{old_range} +{new_range} @@{f' {title}' if title else ''}\n{''.join(lines)}"


def _marked(mark: str, lines: Sequence[bytes]) -> list[str]:
    texts = [f"{mark}{line.decode(errors='replace')}" for line in lines]
    return [text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n" for text in texts]


def start_line(start: int, count: int) -> int:
    """The first of `count` lines, from 1; where there are none, the line before."""
    return start + 1 if count else start
