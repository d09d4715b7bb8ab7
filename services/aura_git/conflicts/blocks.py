"""What git merges by itself, and the conflicts that it leaves."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_git.conflicts.contract import ConflictSides
from aura_git.conflicts.lines import decoded, encoded, split
from aura_shared.errors import GitError, Unavailable

__all__ = ["Block", "Chunk", "merge_lines", "parse_blocks", "rendered"]

_SIZE: Final = 43
"""Of the markers that git is asked for: no file has such a line."""
_TIMEOUT_S: Final = 20.0
_MOST_CONFLICTS: Final = 127  # git's exit code says how many, and stops counting here


@dataclass(frozen=True, slots=True)
class Block:
    """A conflict: the same stretch of a file in three versions, lines with their ends."""

    ours: tuple[str, ...]
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    has_base: bool = True
    """Whether the block that it was read from showed the base."""


Chunk = str | Block
"""A stretch that is merged, or a conflict."""


def merge_lines(sides: ConflictSides) -> list[Chunk]:
    """The file as git merges it; without conflicts it is one text.

    Raises:
        Unavailable: git is not there, or takes too long.
        GitError: git refuses, as it does for binary files.
    """
    with tempfile.TemporaryDirectory(prefix="aura-merge-") as folder:
        names = ("ours", "base", "theirs")
        for name, content in zip(names, (sides.ours, sides.base, sides.theirs), strict=True):
            (Path(folder) / name).write_bytes(content or b"")
        command = ["git", "merge-file", "-p", "-q", "--diff3", f"--marker-size={_SIZE}", *names]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"git merge-file did not answer: {error}") from error
    if not 0 <= done.returncode <= _MOST_CONFLICTS:
        raise GitError(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
    return parse_blocks(decoded(done.stdout), _SIZE)


def parse_blocks(text: str, size: int) -> list[Chunk]:
    """A text with blocks of the forms `merge`, `diff3` or `zdiff3`, taken apart; what is no whole block stays text."""
    chunks: list[Chunk] = []
    plain: list[str] = []
    lines = split(text)
    position = 0
    while position < len(lines):
        found = _block_at(lines, position, size) if _is(lines[position], "<", size) else None
        if found is None:
            plain.append(lines[position])
            position += 1
            continue
        if plain:
            chunks.append("".join(plain))
            plain = []
        block, position = found
        chunks.append(block)
    if plain or not chunks:
        chunks.append("".join(plain))
    return chunks


def _block_at(lines: Sequence[str], start: int, size: int) -> tuple[Block, int] | None:
    """The block that begins at a line, and the line after it; None when it has no end."""
    parts: dict[str, list[str]] = {"<": []}
    seen = "<"
    depth = 0
    for position in range(start + 1, len(lines)):
        line = lines[position]
        if _is(line, "<", size):  # a conflict within the base: what a merge of merges leaves
            depth += 1
        elif depth and _is(line, ">", size):
            depth -= 1
        elif not depth:
            mark = next((mark for mark in "|=>" if _is(line, mark, size)), "")
            if mark == ">" and seen == "=":
                base = tuple(parts.get("|", ()))
                return Block(tuple(parts["<"]), base, tuple(parts["="]), has_base="|" in parts), position + 1
            if (mark == "|" and seen == "<") or (mark == "=" and seen in "<|"):
                seen = mark
                parts[seen] = []
                continue
        parts[seen].append(line)
    return None


def _is(line: str, mark: str, size: int) -> bool:
    bare = line.rstrip("\r\n")
    return bare.startswith(mark * size) and bare[size : size + 1] in {"", " "}


def rendered(chunks: Sequence[Chunk], sides: ConflictSides) -> bytes:
    """The file, with the conflicts that are left as blocks in the form `diff3`, in its own line ends."""
    return encoded("".join(one if isinstance(one, str) else _shown(one, sides) for one in chunks))


def _shown(block: Block, sides: ConflictSides) -> str:
    size = sides.marker_size
    end = "\r\n" if any(line.endswith("\r\n") for line in (*block.ours, *block.theirs, *block.base)) else "\n"

    def closed(lines: Sequence[str]) -> str:
        text = "".join(lines)
        return text if not text or text.endswith("\n") else text + end

    return "".join(
        (
            f"{'<' * size} {sides.ours_label}{end}", closed(block.ours),
            f"{'|' * size} {sides.base_label}{end}", closed(block.base),
            f"{'=' * size}{end}", closed(block.theirs),
            f"{'>' * size} {sides.theirs_label}{end}",
        )
    )  # fmt: skip
