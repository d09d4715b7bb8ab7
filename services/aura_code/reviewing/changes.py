"""A change as both sides of every file that it touches, whatever it comes from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from aura_code.decoding import why_skip
from aura_code.places import is_vendored, read_place
from aura_code.reviewing.patches import FilePatch, Hunk
from aura_code.structure.facts import Definition, FileStructure
from aura_code.structure.readers import reader_of
from aura_code.syntax import SourceFile, parse_source
from aura_languages import languages
from aura_languages.grammars import GrammarError

Kind = Literal["added", "modified", "deleted", "renamed", "binary"]

MOST_PARSED_BYTES: Final = 1_000_000
"""Larger files are data; parsing them says nothing to a reviewer."""
_LOCKS: Final = frozenset(
    [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lockb",
        "bun.lock",
        "cargo.lock",
        "poetry.lock",
        "pdm.lock",
        "uv.lock",
        "pipfile.lock",
        "go.sum",
        "gemfile.lock",
        "composer.lock",
        "deno.lock",
    ]
)
_SMALL: Final = frozenset({"field", "variable"})
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_LINK: Final = "120000"
_SUBMODULE: Final = "160000"


@dataclass(eq=False)
class Side:
    """A file before or after the change."""

    path: str
    text: bytes | None
    """UTF-8; None when there is no such file, or it is no text."""

    @cached_property
    def source(self) -> SourceFile | None:
        """The file parsed; None when it has no grammar or is too large."""
        if self.text is None or len(self.text) > MOST_PARSED_BYTES:
            return None
        try:
            return parse_source(self.path, self.text)
        except GrammarError:
            return None

    @cached_property
    def structure(self) -> FileStructure | None:
        """What it defines and uses; None when its language has no reader."""
        source = self.source
        reader = reader_of(source.language) if source is not None else None
        return reader(source) if reader is not None and source is not None else None

    @cached_property
    def names(self) -> list[str]:
        """Qualified names of its definitions, in their order."""
        return qualified_names(self.structure.definitions) if self.structure is not None else []

    @cached_property
    def _owners(self) -> list[int]:
        """For each line the innermost definition around it; -1 at the top."""
        owners = [-1] * (len(self.lines) + 2)
        if self.structure is not None:
            for place, one in enumerate(self.structure.definitions):
                if one.kind not in _SMALL:
                    last = min(one.end_line, len(owners) - 1)
                    owners[one.start_line : last + 1] = [place] * max(0, last + 1 - one.start_line)
        return owners

    def owner(self, line: int) -> str:
        """Qualified name of the innermost definition around a line; empty at the top of the file."""
        place = self._owners[line] if 0 < line < len(self._owners) else -1
        return self.names[place] if place >= 0 else ""

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return [] if self.text is None else self.text.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")

    def line(self, number: int) -> str:
        """A line, from 1; empty outside of the file."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def qualified_names(definitions: Sequence[Definition]) -> list[str]:
    """The qualified name of each definition."""
    names: list[str] = []
    for definition in definitions:
        outer = names[definition.parent] if 0 <= definition.parent < len(names) else definition.receiver
        names.append(f"{outer}.{definition.name}" if outer else definition.name)
    return names


@dataclass(eq=False)
class FileChange:
    """One file of a change."""

    path: str
    """As it is called afterwards; before, when it is deleted."""
    kind: Kind
    old: Side
    new: Side
    hunks: list[Hunk] = field(default_factory=list[Hunk])
    """At their lines in both sides; empty when the texts were not read."""
    old_path: str = ""
    """As it was called before, when it was renamed."""
    added: int = 0
    """Lines."""
    removed: int = 0
    """Lines."""
    old_mode: str = ""
    new_mode: str = ""
    note: str = ""
    """What it is besides a plain text file: a link, a submodule, a pointer of Git LFS, too large, unmerged."""
    raw: bytes = b""
    """Its part of the diff."""
    old_id: str = ""
    """Of its old content in the repository."""

    @cached_property
    def language(self) -> str:
        """Identifier of its language; empty for plain text."""
        spec = languages().of(self.path, (self.new.text or self.old.text or b"")[:4096])
        return spec.id if spec is not None else ""

    @cached_property
    def is_test(self) -> bool:
        """Whether its path says that it holds tests."""
        return "tests" in read_place(self.path).kinds

    @cached_property
    def is_lock(self) -> bool:
        """Whether a package manager writes it."""
        return self.path.rpartition("/")[2].lower() in _LOCKS

    @cached_property
    def generated(self) -> bool:
        """Whether nobody reads it: generated, minified, vendored, or written by a package manager."""
        if self.is_lock or is_vendored(self.path):
            return True
        text = self.new.text if self.new.text is not None else self.old.text
        if not text:
            return False
        spec = languages().get(self.language) if self.language else None
        reason = why_skip(self.path, text, text.count(b"\n") + 1, prose=spec is None or spec.prose)
        return reason in {"generated", "minified"}

    @cached_property
    def is_code(self) -> bool:
        """Whether people read it as code outside of tests and documents."""
        aside = read_place(self.path).kinds & {"tests", "docs"}
        return bool(self.language) and not aside and not self.generated and self.kind != "binary"

    @cached_property
    def new_lines(self) -> frozenset[int]:
        """Lines of the new file that were added or edited."""
        return frozenset(new for hunk in self.hunks for line, _, new in hunk.numbered() if line.mark == "+")

    @cached_property
    def old_lines(self) -> frozenset[int]:
        """Lines of the old file that are gone."""
        return frozenset(old for hunk in self.hunks for line, old, _ in hunk.numbered() if line.mark == "-")

    def touches(self, first: int, last: int) -> bool:
        """Whether an added or edited line lies between two lines of the new file."""
        return _any_between(self._sorted_new, first, last)

    def touches_old(self, first: int, last: int) -> bool:
        """Whether a line that is gone lies between two lines of the old file."""
        return _any_between(self._sorted_old, first, last)

    @cached_property
    def _sorted_new(self) -> list[int]:
        return sorted(self.new_lines)

    @cached_property
    def _sorted_old(self) -> list[int]:
        return sorted(self.old_lines)

    @cached_property
    def symbols(self) -> list[str]:
        """Qualified names of the innermost definitions whose lines change, in the order of the file."""
        found = _owning(self.new, self._sorted_new)
        return found + [name for name in _owning(self.old, self._sorted_old) if name not in found]


def _any_between(lines: Sequence[int], first: int, last: int) -> bool:
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= last


def _owning(side: Side, lines: Iterable[int]) -> list[str]:
    """Names of the innermost definitions around some lines, without repetition."""
    found = dict.fromkeys(side.owner(line) for line in lines)
    return [name for name in found if name]


@dataclass(eq=False)
class Change:
    """A change."""

    base: str = ""
    """A commit, or `index`; empty before the first commit."""
    head: str = ""
    """A commit, `index`, `work tree` or `patch`."""
    title: str = ""
    commits: list[str] = field(default_factory=list[str])
    files: list[FileChange] = field(default_factory=list[FileChange])
    notes: list[str] = field(default_factory=list[str])
    """What a person should know of the state of the repository."""
    cut: bool = False
    """Whether the texts of some files were not read, since the change is too large."""
    read: Callable[[str], bytes | None] = lambda _path: None
    """A file as it is after the change, in UTF-8, when the change leaves it alone; None when there is none."""
    _texts: dict[str, str] = field(default_factory=dict[str, str])

    def text(self, path: str) -> str:
        """A file as it is after the change; empty when there is none, or it is no text."""
        if path not in self._texts:
            file = self.by_path.get(path)
            data = file.new.text if file is not None else self.read(path)
            self._texts[path] = data.decode("utf-8", "replace") if data is not None else ""
        return self._texts[path]

    @cached_property
    def by_path(self) -> dict[str, FileChange]:
        """Files by their path afterwards."""
        return {file.path: file for file in self.files}

    @cached_property
    def by_any_path(self) -> dict[str, FileChange]:
        """Files by their paths before and afterwards."""
        return {file.old_path: file for file in self.files if file.old_path} | self.by_path


def kind_of(patch: FilePatch) -> Kind:
    """What happens to a file."""
    if patch.binary:
        return "binary"
    if not patch.old_path or patch.copied:
        return "added"
    if not patch.new_path:
        return "deleted"
    return "renamed" if patch.old_path != patch.new_path else "modified"


def note_of(modes: Iterable[str], old: bytes | None, new: bytes | None) -> str:
    """What a file is besides a plain text file; empty for one."""
    found = set(modes)
    if _SUBMODULE in found:
        return "a submodule"
    if _LINK in found:
        return "a symbolic link"
    if any(text is not None and text.startswith(_LFS) for text in (old, new)):
        return "a pointer of Git LFS; its content is not compared"
    return ""
