"""What one search sees: the segments of an index at one generation, which later edits do not touch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura_code.merging import Part
from aura_code.segments import Ints, Mask, Segment
from aura_code.tables import encode
from aura_code.terms import fold


class FileRef(NamedTuple):
    """A file of a view."""

    part: int
    file: int


class SymbolRef(NamedTuple):
    """A definition of a view."""

    part: int
    symbol: int


class Postings(NamedTuple):
    """Where a term occurs in the live chunks of a view."""

    chunks: Ints
    """Numbers within the view."""
    counts: NDArray[np.float32]


NO_POSTINGS = Postings(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class View:
    """Segments with masks of what still counts. Chunks and files are numbered through, in the order of the segments."""

    generation: int
    parts: tuple[Part, ...]

    @cached_property
    def chunk_bases(self) -> list[int]:
        """The number of the first chunk of each segment, then that of all chunks."""
        return _running([part.segment.chunks for part in self.parts])

    @cached_property
    def file_bases(self) -> list[int]:
        """The number of the first file of each segment, then that of all files."""
        return _running([part.segment.files for part in self.parts])

    @property
    def chunks(self) -> int:
        """How many chunks there are, dead ones included."""
        return self.chunk_bases[-1]

    @cached_property
    def live_chunks(self) -> int:
        """How many chunks count."""
        return sum(
            part.segment.chunks if part.chunk_alive is None else int(part.chunk_alive.sum()) for part in self.parts
        )

    @cached_property
    def chunk_size(self) -> NDArray[np.float32]:
        """Words of each chunk."""
        sizes = [part.segment.chunk_size for part in self.parts]
        return np.concatenate(sizes).astype(np.float32) if sizes else np.empty(0, dtype=np.float32)

    @cached_property
    def mean_size(self) -> float:
        """Words of a live chunk on average."""
        total = 0
        for part in self.parts:
            sizes = part.segment.chunk_size
            total += int(sizes.sum() if part.chunk_alive is None else sizes[part.chunk_alive].sum())
        return total / self.live_chunks if self.live_chunks else 1.0

    @cached_property
    def chunk_file(self) -> Ints:
        """The file of each chunk."""
        pieces = [
            part.segment.chunk_file + np.int32(base) for part, base in zip(self.parts, self.file_bases, strict=False)
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int32)

    def postings(self, field: str, term: str) -> Postings:
        """Where a term occurs in a field."""
        value = encode(term)
        chunks: list[Ints] = []
        counts: list[NDArray[np.uint8]] = []
        for part, base in zip(self.parts, self.chunk_bases, strict=False):
            number = part.segment.terms.find(value)
            if number < 0:
                continue
            found, count = part.segment.postings(field, number)
            if part.chunk_alive is not None:
                alive = part.chunk_alive[found]
                found, count = found[alive], count[alive]
            if len(found):
                chunks.append(found + np.int32(base))
                counts.append(count)
        if not chunks:
            return NO_POSTINGS
        return Postings(np.concatenate(chunks), np.concatenate(counts).astype(np.float32))

    def locate_chunk(self, chunk: int) -> tuple[Segment, int]:
        """The segment of a chunk, and its number there."""
        place = self.part_of_chunk(chunk)
        return self.parts[place].segment, chunk - self.chunk_bases[place]

    def part_of_chunk(self, chunk: int) -> int:
        """In which segment a chunk is."""
        return bisect_right(self.chunk_bases, chunk) - 1

    def locate_file(self, file: int) -> FileRef:
        """The segment of a file, and its number there."""
        place = bisect_right(self.file_bases, file) - 1
        return FileRef(place, file - self.file_bases[place])

    def path(self, file: int) -> str:
        """The path of a file."""
        place, number = self.locate_file(file)
        return self.parts[place].segment.path(number)

    def find_file(self, path: str) -> FileRef | None:
        """Where a file is, when it counts."""
        for place in range(len(self.parts) - 1, -1, -1):
            part = self.parts[place]
            number = part.segment.find_file(path)
            if number >= 0 and part.alive[number]:
                return FileRef(place, number)
        return None

    def has_folder(self, prefix: str) -> bool:
        """Whether some file's path begins so."""
        value = encode(prefix)
        return any(part.segment.has_path_prefix(value, part.alive) for part in self.parts)

    def files(self) -> Iterator[FileRef]:
        """The files that count."""
        for place, part in enumerate(self.parts):
            for number in np.flatnonzero(part.alive).tolist():
                yield FileRef(place, number)

    def symbols_named(self, name: str) -> list[SymbolRef]:
        """The definitions that bear exactly this name."""
        value = encode(name)
        found: list[SymbolRef] = []
        for place, part in enumerate(self.parts):
            number = part.segment.names.find(value)
            if number >= 0:
                found += self._live_symbols(place, number)
        return found

    def symbols_like(self, name: str) -> list[SymbolRef]:
        """The definitions that bear this name when case and underscores do not count."""
        value = encode(fold(name))
        return self._folded(lambda segment: _equal(segment, value)) if value else []

    def symbols_with_prefix(self, name: str, limit: int) -> list[SymbolRef]:
        """The definitions whose folded names begin so, from at most `limit` names a segment."""
        value = encode(fold(name))
        return self._folded(lambda segment: segment.folded.with_prefix(value)[:limit]) if value else []

    def symbols_containing(self, name: str, limit: int) -> list[SymbolRef]:
        """The definitions whose folded names contain this, from at most `limit` names a segment."""
        value = encode(fold(name))
        return self._folded(lambda segment: segment.folded.containing(value, limit)) if value else []

    def _folded(self, choose: Callable[[Segment], Sequence[int]]) -> list[SymbolRef]:
        found: list[SymbolRef] = []
        for place, part in enumerate(self.parts):
            for number in choose(part.segment):
                found += self._live_symbols(place, int(part.segment.folded_name[number]))
        return found

    def _live_symbols(self, place: int, name: int) -> list[SymbolRef]:
        part = self.parts[place]
        symbols = part.segment.symbols_named(name)
        alive = part.alive[part.segment.symbol_file[symbols]]
        return [SymbolRef(place, number) for number in symbols[alive].tolist()]

    def use_count(self, name: str) -> int:
        """How often a name is used anywhere; uses in files that changed since may be counted twice."""
        value = encode(name)
        total = 0
        for part in self.parts:
            number = part.segment.names.find(value)
            if number >= 0:
                at = part.segment.used_at
                total += int(at[number + 1]) - int(at[number])
        return total


def _equal(segment: Segment, value: bytes) -> list[int]:
    table = segment.folded
    number = table.first_not_below(value)
    found: list[int] = []
    while number < len(table) and table[number] == value:
        found.append(number)
        number += 1
    return found


def _running(sizes: list[int]) -> list[int]:
    total = [0]
    for size in sizes:
        total.append(total[-1] + size)
    return total


def without_files(part: Part, files: list[int]) -> Part:
    """The part with some files struck out; the arrays of the given one are not touched."""
    if not files:
        return part
    alive = part.alive.copy()
    chunk_alive: Mask = (
        np.ones(part.segment.chunks, dtype=np.bool_) if part.chunk_alive is None else part.chunk_alive.copy()
    )
    for file in files:
        alive[file] = False
        chunks = part.segment.chunks_of(file)
        chunk_alive[chunks.start : chunks.stop] = False
    return Part(part.segment, alive, chunk_alive)


def strike(parts: tuple[Part, ...], paths: list[str]) -> tuple[Part, ...]:
    """The parts without the files of some paths; parts of which nothing is left are dropped, but not the first."""
    kept: list[Part] = []
    for place, part in enumerate(parts):
        files = [number for path in paths if (number := part.segment.find_file(path)) >= 0 and part.alive[number]]
        struck = without_files(part, files)
        if place == 0 or not files or bool(struck.alive.any()):
            kept.append(struck)
    return tuple(kept)
