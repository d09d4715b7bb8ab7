"""From the facts of files to a segment.

Works in compact arrays and sorted runs, because a million lines have two million postings: a dictionary of tuples would
take gigabytes.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from aura_code.facts import FileFacts
from aura_code.packing import Interner, PackedFile, pack_file
from aura_code.segments import (
    BROKEN,
    DIGEST_BYTES,
    KINDS,
    SCHEMA,
    SKIP_REASONS,
    Array,
    Segment,
)
from aura_code.tables import encode, pack
from aura_code.terms import Vocabulary, fold

RUN: Final = 200_000  # Raw postings per sorted run: about 15 MB while one is sorted.
PLACE_FOLDERS: Final = 3  # Folders of a path that count as words of its chunks; more were no better.
STEM_COUNT: Final = 2  # How often the words of a file's own name count.
MOST: Final = 255  # Counts are bytes; BM25 is flat long before.
CHUNK_BITS: Final = 24
COUNT_BITS: Final = 12
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}


class Run(NamedTuple):
    """Postings sorted by term and chunk."""

    term: NDArray[np.uint32]
    chunk: NDArray[np.uint32]
    counts: NDArray[np.uint8]


def place_words(path: str, vocabulary: Vocabulary) -> dict[str, int]:
    """The terms of a path with their counts: those of the file's stem twice, those of its last folders once."""
    parts = PurePosixPath(path)
    found: dict[str, int] = {}
    for text, count in [(parts.stem, STEM_COUNT), *((folder, 1) for folder in parts.parts[:-1][-PLACE_FOLDERS:])]:
        for term in vocabulary.terms(text):
            found[term] = found.get(term, 0) + count
    return found


class FieldBuilder:
    """Collects the postings of one field."""

    def __init__(self) -> None:
        self.terms = array("I")
        self.chunks = array("I")
        self.counts = array("I")
        self.runs: list[Run] = []

    def add(self, terms: Iterable[int], counts: Iterable[int], chunk: int, size: int) -> None:
        """Add the terms of a chunk."""
        self.terms.extend(terms)
        self.counts.extend(counts)
        self.chunks.extend([chunk] * size)

    def extend(self, terms: Array, counts: Array | int, chunks: Array) -> None:
        """Add postings."""
        self.terms.frombytes(terms.astype(np.uint32, copy=False).tobytes())
        self.chunks.frombytes(chunks.astype(np.uint32).tobytes())
        self.counts.frombytes(np.broadcast_to(counts, len(terms)).astype(np.uint32).tobytes())

    def flush(self, expand_at: Array | None = None, expand: Array | None = None) -> None:
        """Sort what was collected into a run; number n stands for the terms `expand[expand_at[n]:expand_at[n + 1]]`."""
        if not self.terms:
            return
        term = np.array(self.terms, dtype=np.int64)
        chunk = np.array(self.chunks, dtype=np.int64)
        count = np.minimum(np.array(self.counts, dtype=np.int64), MOST)
        self.terms, self.chunks, self.counts = array("I"), array("I"), array("I")
        if expand is not None and expand_at is not None:
            begin = expand_at[term].astype(np.int64)
            sizes = expand_at[term + 1].astype(np.int64) - begin
            ends = np.cumsum(sizes)
            within = np.arange(int(ends[-1]), dtype=np.int64) - np.repeat(ends - sizes, sizes)
            term = expand[np.repeat(begin, sizes) + within].astype(np.int64)
            chunk, count = np.repeat(chunk, sizes), np.repeat(count, sizes)
        self.runs.append(_sorted_run(term, chunk, count))

    def arrays(self, name: str, rank: Array) -> dict[str, Array]:
        """The postings by term; `rank` leads from a term's number here to its number in the segment."""
        total = np.zeros(len(rank) + 1, dtype=np.int64)
        for run in self.runs:
            total[1:] += np.bincount(rank[run.term], minlength=len(rank))
        at = np.cumsum(total)
        chunk = np.empty(int(at[-1]), dtype=SCHEMA[f"{name}_chunk"])
        count = np.empty(int(at[-1]), dtype=SCHEMA[f"{name}_count"])
        filled = at[:-1].copy()
        while self.runs:
            run = self.runs.pop(0)
            starts = np.flatnonzero(np.concatenate(([True], run.term[1:] != run.term[:-1])))
            sizes = np.diff(np.append(starts, len(run.term)))
            ranks = rank[run.term[starts]]
            places = np.repeat(filled[ranks] - starts, sizes) + np.arange(len(run.term))
            chunk[places] = run.chunk
            count[places] = run.counts
            filled[ranks] += sizes
        return {f"{name}_at": at, f"{name}_chunk": chunk, f"{name}_count": count}


def _numbers(column: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(column, dtype=np.uint32)


def _sorted_run(term: NDArray[np.int64], chunk: NDArray[np.int64], count: NDArray[np.int64]) -> Run:
    """The postings sorted, with the counts of equal ones added up."""
    first = int(chunk.min())
    # One integer a posting sorts several times faster than an index of three arrays.
    keys = (term << (CHUNK_BITS + COUNT_BITS)) | ((chunk - first) << COUNT_BITS) | count
    keys.sort()
    places = keys >> COUNT_BITS
    starts = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    counts = np.add.reduceat(keys & ((1 << COUNT_BITS) - 1), starts)
    places = places[starts]
    return Run(
        (places >> CHUNK_BITS).astype(np.uint32),
        ((places & ((1 << CHUNK_BITS) - 1)) + first).astype(np.uint32),
        np.minimum(counts, MOST).astype(np.uint8),
    )


class SegmentBuilder:
    """Takes files in any order, one batch at a time, and makes a segment of them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._identifiers = Interner()
        self._terms = Interner()
        self._expand_at = array("I", [0])
        self._expand = array("I")
        self._languages = Interner()
        self._paths: dict[str, None] = {}
        self._columns: dict[str, array[int]] = {
            name: array({"<i8": "q", "<i4": "i", "<u2": "H", "<u1": "B"}[SCHEMA[name]])
            for name in (
                "file_mtime", "file_size", "file_lines", "file_language", "file_flags", "file_skip",
                "file_chunk_at", "file_symbol_at", "file_import_at",
                "chunk_file", "chunk_start", "chunk_end", "chunk_size",
                "symbol_name", "symbol_kind", "symbol_file", "symbol_start", "symbol_end", "symbol_at",
                "used_file", "used_line", "used_kind", "import_line", "import_at",
            )
        }  # fmt: skip
        self._digests = bytearray()
        self._symbol_text = bytearray()
        self._import_text = bytearray()
        self._used_name = array("I")
        self._body, self._place, self._title = FieldBuilder(), FieldBuilder(), FieldBuilder()
        self._pending: list[NDArray[np.int32]] = []
        for name in ("file_chunk_at", "file_symbol_at", "file_import_at", "symbol_at", "import_at"):
            self._columns[name].append(0)
        self.lines = 0

    @property
    def files(self) -> int:
        """How many files it has taken."""
        return len(self._paths)

    def add(self, file: FileFacts | PackedFile) -> None:
        """Take a file; one that was taken before is passed over."""
        packed = pack_file(file) if isinstance(file, FileFacts) else file
        if packed.path in self._paths:
            return
        number = len(self._paths)
        self._paths[packed.path] = None
        self.lines += packed.lines
        self._add_file(packed)
        names = np.fromiter(map(self._identifiers.__getitem__, packed.names), dtype=np.uint32, count=len(packed.names))
        first = len(self._columns["chunk_file"])
        starts = _numbers(packed.chunk_starts)
        self._add_chunks(number, first, packed, names)
        self._add_symbols(number, packed, names)
        self._add_uses(number, packed, names)
        if len(starts):
            self._add_place(packed.path, range(first, first + len(starts)))
            places = np.searchsorted(starts, _numbers(packed.symbol_starts), side="right")
            self._title.extend(names[_numbers(packed.symbol_names)], 1, first + np.maximum(places - 1, 0))
        for column, entries in (("file_chunk_at", "chunk_file"), ("file_symbol_at", "symbol_kind")):
            self._columns[column].append(len(self._columns[entries]))
        self._columns["file_import_at"].append(len(self._columns["import_line"]))
        if len(self._body.terms) >= RUN:
            self._flush()

    def _add_file(self, packed: PackedFile) -> None:
        columns = self._columns
        mtime_ns, size, digest = packed.stamp
        columns["file_mtime"].append(mtime_ns)
        columns["file_size"].append(size)
        self._digests += digest[:DIGEST_BYTES].ljust(DIGEST_BYTES, b"\0")
        columns["file_lines"].append(packed.lines)
        columns["file_language"].append(self._languages[packed.language])
        columns["file_flags"].append(BROKEN if packed.broken else 0)
        columns["file_skip"].append(SKIP_REASONS.index(packed.skipped) + 1 if packed.skipped else 0)

    def _add_chunks(self, file: int, first: int, packed: PackedFile, names: Array) -> None:
        sizes = _numbers(packed.chunk_words)
        self._put("chunk_file", np.full(len(sizes), file))
        self._put("chunk_start", _numbers(packed.chunk_starts))
        self._put("chunk_end", _numbers(packed.chunk_ends))
        self._put("chunk_size", _numbers(packed.chunk_sizes))
        chunks = np.repeat(np.arange(first, first + len(sizes)), sizes)
        self._body.extend(names[_numbers(packed.words)], _numbers(packed.counts), chunks)

    def _add_symbols(self, file: int, packed: PackedFile, names: Array) -> None:
        self._put("symbol_name", names[_numbers(packed.symbol_names)])
        self._columns["symbol_kind"].extend(map(KIND_NUMBERS.__getitem__, packed.symbol_kinds))
        self._put("symbol_file", np.full(len(packed.symbol_kinds), file))
        self._put("symbol_start", _numbers(packed.symbol_starts))
        self._put("symbol_end", _numbers(packed.symbol_ends))
        self._put("symbol_at", np.cumsum(_numbers(packed.symbol_sizes), dtype=np.int64) + len(self._symbol_text))
        self._symbol_text += packed.symbol_text

    def _add_uses(self, file: int, packed: PackedFile, names: Array) -> None:
        self._used_name.frombytes(names[_numbers(packed.used_names)].tobytes())
        self._put("used_file", np.full(len(packed.used_kinds), file))
        self._put("used_line", _numbers(packed.used_lines))
        self._put("used_kind", np.frombuffer(packed.used_kinds, dtype=np.uint8))
        self._put("import_line", _numbers(packed.import_lines))
        self._put("import_at", np.cumsum(_numbers(packed.import_sizes), dtype=np.int64) + len(self._import_text))
        self._import_text += packed.import_text

    def _put(self, name: str, values: Array) -> None:
        self._columns[name].frombytes(values.astype(SCHEMA[name], copy=False).tobytes())

    def _add_place(self, path: str, chunks: range) -> None:
        words = place_words(path, self._vocabulary)
        terms = [self._terms[word] for word in words]
        for chunk in chunks:
            self._place.add(terms, words.values(), chunk, len(terms))

    def _flush(self) -> None:
        """Expand the identifiers that are new, and sort the postings collected so far into a run."""
        known = len(self._expand_at) - 1
        identifiers = list(self._identifiers)[known:]
        terms, expand, at = self._vocabulary.terms, self._expand, self._expand_at
        number = self._terms.__getitem__
        for identifier in identifiers:
            expand.extend(map(number, terms(identifier)))
            at.append(len(expand))
        starts, expanded = np.array(at, dtype=np.uint32), np.array(expand, dtype=np.uint32)
        self._body.flush(starts, expanded)
        self._title.flush(starts, expanded)
        self._place.flush()

    def finish(self) -> Segment:
        """The segment; the builder is used up."""
        self._flush()
        self._expand = array("I")
        arrays: dict[str, Array] = {
            name: np.frombuffer(column, dtype=SCHEMA[name]) if column else np.empty(0, dtype=SCHEMA[name])
            for name, column in self._columns.items()
        }
        arrays["file_digest"] = np.frombuffer(bytes(self._digests), dtype=np.uint8)
        arrays["symbol_text"] = np.frombuffer(self._symbol_text, dtype=np.uint8)
        arrays["import_text"] = np.frombuffer(self._import_text, dtype=np.uint8)
        paths = [encode(path) for path in self._paths]
        arrays["path_at"], arrays["path_text"] = pack(paths)
        arrays["path_sorted"] = np.array(sorted(range(len(paths)), key=paths.__getitem__), dtype=np.int32)
        arrays["language_at"], arrays["language_text"] = pack([encode(language) for language in self._languages])
        self._finish_terms(arrays)
        self._finish_names(arrays)
        return Segment({name: arrays[name] for name in SCHEMA})

    def _finish_terms(self, arrays: dict[str, Array]) -> None:
        arrays["term_at"], arrays["term_text"], rank = sort_strings([encode(term) for term in self._terms])
        self._terms.clear()
        for name, builder in (("body", self._body), ("place", self._place), ("title", self._title)):
            arrays |= builder.arrays(name, rank)

    def _finish_names(self, arrays: dict[str, Array]) -> None:
        names = [encode(name) for name in self._identifiers]
        defined = cast("list[int]", np.unique(arrays["symbol_name"]).tolist())
        ordered = list(self._identifiers) if defined else []
        folded = [encode(fold(ordered[name])) for name in defined]
        self._identifiers.clear()
        arrays["name_at"], arrays["name_text"], rank = sort_strings(names)
        arrays["symbol_name"] = rank[arrays["symbol_name"]].astype(np.int32)
        used = rank[np.array(self._used_name, dtype=np.int64)]
        index_names(arrays, used, len(names))
        order = sorted(range(len(folded)), key=folded.__getitem__)
        arrays["folded_at"], arrays["folded_text"] = pack([folded[place] for place in order])
        arrays["folded_name"] = rank[np.array([defined[place] for place in order], dtype=np.int64)].astype(np.int32)


def sort_strings(strings: list[bytes]) -> tuple[Array, Array, Array]:
    """The sorted table of distinct strings, and the place of each string in it."""
    order = sorted(range(len(strings)), key=strings.__getitem__)
    at, text = pack([strings[place] for place in order])
    rank = np.empty(len(strings), dtype=np.int32)
    rank[np.array(order, dtype=np.int64)] = np.arange(len(strings), dtype=np.int32)
    return at, text, rank


def index_names(arrays: dict[str, Array], used: Array, names: int) -> None:
    """Order symbols and uses by name; `used` has the name of each entry of the `used_` arrays."""
    order = np.argsort(arrays["symbol_name"], kind="stable")
    arrays["defined_symbol"] = order.astype(np.int32)
    arrays["defined_at"] = offsets(arrays["symbol_name"], names)
    order = np.argsort(used, kind="stable")
    for name in ("used_file", "used_line", "used_kind"):
        arrays[name] = arrays[name][order]
    arrays["used_at"] = offsets(used, names)


def offsets(numbers: Array, size: int) -> Array:
    """Where the entries of each number begin once they are sorted; one more than `size`."""
    at = np.zeros(size + 1, dtype=np.int64)
    if len(numbers):
        np.cumsum(np.bincount(numbers, minlength=size), out=at[1:])
    return at


def build_segment(files: Iterable[FileFacts | PackedFile], vocabulary: Vocabulary) -> Segment:
    """A segment of a few files."""
    builder = SegmentBuilder(vocabulary)
    for facts in files:
        builder.add(facts)
    return builder.finish()


@contextmanager
def many_objects() -> Generator[None]:
    """Do not look for cycles meanwhile: none arise while files are taken in, and looking takes a third of the time."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()
