"""What all questions to the author are made with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from aura_code.reviewing.changes import Change, FileChange
from aura_code.reviewing.patches import Hunk


@dataclass(eq=False)
class Asked:
    """The change that questions are about."""

    change: Change

    @cached_property
    def added(self) -> Counter[str]:
        """Added lines of all files without their margins: what moved is among them."""
        return Counter(line for file in self.change.files for line in stripped(file, "+"))

    @cached_property
    def gone(self) -> frozenset[str]:
        """Short names of the definitions outside of tests that the change takes away."""
        before, after = set[str](), set[str]()
        for file in self.change.files:
            if not file.is_test:
                before.update(name.rpartition(".")[2] for name in file.old.names)
                after.update(name.rpartition(".")[2] for name in file.new.names)
        return frozenset(before - after)


Ask = Callable[[FileChange, Asked], Iterator[str]]
"""Questions about one file, each beginning with `path:line: `."""


def stripped(file: FileChange, mark: str) -> Iterator[str]:
    """Added or removed lines of a file without their margins."""
    for hunk in file.hunks:
        for line in hunk.lines:
            if line.mark == mark:
                yield line.text.decode("utf-8", "replace").strip()


def numbered(hunk: Hunk, mark: str) -> list[tuple[int, str]]:
    """Added or removed lines of a hunk with their numbers in their file."""
    return [
        (new if mark == "+" else old, line.text.decode("utf-8", "replace").rstrip("\r\n"))
        for line, old, new in hunk.numbered()
        if line.mark == mark
    ]


def place_of_gone(file: FileChange, hunk: Hunk, number: int) -> str:
    """Where a line that is gone stood, as `path:line` of the new file."""
    for line, old, new in hunk.numbered():
        if line.mark == "-" and old == number:
            return f"{file.path}:{max(1, new)}"
    return f"{file.path}:{max(1, hunk.new_start)}"


def is_source(file: FileChange) -> bool:
    """Whether it is code outside of tests that can be parsed."""
    return file.is_code and file.new.source is not None


def is_edited(file: FileChange) -> bool:
    """The same, for a file that was there before."""
    return is_source(file) and file.old.source is not None
