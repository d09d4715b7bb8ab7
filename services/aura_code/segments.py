"""A segment: everything that is known of some files, in arrays that never change.

The base segment of an index is mapped from disk; each edit adds a small one in memory. Files, chunks and symbols are
numbered within their segment; chunks and symbols of a file are neighbours, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from aura_code.facts import ImportFact, ReferenceKind, SkipReason, Stamp, SymbolFact
from aura_code.tables import StringTable, decode, encode
from aura_shared.messages.code import SymbolKind

Array = NDArray[Any]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

FORMAT: Final = 1
"""Version of the arrays; another one is rebuilt."""

KINDS: Final[tuple[SymbolKind, ...]] = get_args(SymbolKind)
REFERENCE_KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)
SKIP_REASONS: Final[tuple[SkipReason, ...]] = get_args(SkipReason)
DIGEST_BYTES: Final = 16
BROKEN: Final = 1  # Bit of `file_flags`.
FIELDS: Final = ("body", "place", "title")
"""Where a chunk's terms come from: its text, the path of its file, the names that it defines."""

SCHEMA: Final[Mapping[str, str]] = {
    # Strings by number; `_at` has one entry more than there are strings.
    "path_at": "<i8", "path_text": "<u1", "path_sorted": "<i4",
    "language_at": "<i8", "language_text": "<u1",
    "term_at": "<i8", "term_text": "<u1",
    "name_at": "<i8", "name_text": "<u1",
    "folded_at": "<i8", "folded_text": "<u1", "folded_name": "<i4",
    # One entry a file.
    "file_mtime": "<i8", "file_size": "<i8", "file_digest": "<u1", "file_lines": "<i4", "file_language": "<u2",
    "file_flags": "<u1", "file_skip": "<u1", "file_chunk_at": "<i4", "file_symbol_at": "<i4", "file_import_at": "<i4",
    # One entry a chunk.
    "chunk_file": "<i4", "chunk_start": "<i4", "chunk_end": "<i4", "chunk_size": "<i4",
    # Postings: the chunks of each term, ascending, with counts (at most 255).
    "body_at": "<i8", "body_chunk": "<i4", "body_count": "<u1",
    "place_at": "<i8", "place_chunk": "<i4", "place_count": "<u1",
    "title_at": "<i8", "title_chunk": "<i4", "title_count": "<u1",
    # One entry a symbol; its text is container, signature and documentation with NUL between them.
    "symbol_name": "<i4", "symbol_kind": "<u1", "symbol_file": "<i4", "symbol_start": "<i4", "symbol_end": "<i4",
    "symbol_at": "<i8", "symbol_text": "<u1",
    # Per name: the symbols that bear it, and where it is used.
    "defined_at": "<i8", "defined_symbol": "<i4",
    "used_at": "<i8", "used_file": "<i4", "used_line": "<i4", "used_kind": "<u1",
    # One entry an import; its text is the module and the names with NUL between them.
    "import_line": "<i4", "import_at": "<i8", "import_text": "<u1",
}  # fmt: skip
"""The arrays of a segment and their types."""


class Use(NamedTuple):
    """A place where a name is used."""

    file: int
    line: int
    kind: ReferenceKind


@dataclass(frozen=True, eq=False)
class Segment:
    """The arrays of `SCHEMA`, and how to read them."""

    arrays: Mapping[str, Array]
    resident: bool = field(default=True)
    """Whether it is small and in memory, so that dictionaries may speed it up."""

    def __getattr__(self, name: str) -> Array:
        try:
            return self.arrays[name]
        except KeyError:
            raise AttributeError(name) from None

    @cached_property
    def files(self) -> int:
        """How many files."""
        return len(self.arrays["file_lines"])

    @cached_property
    def chunks(self) -> int:
        """How many chunks."""
        return len(self.arrays["chunk_file"])

    @cached_property
    def symbols(self) -> int:
        """How many symbols."""
        return len(self.arrays["symbol_kind"])

    @property
    def nbytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    @cached_property
    def terms(self) -> StringTable:
        """The terms, sorted."""
        return self._table("term", resident=self.resident)

    @cached_property
    def names(self) -> StringTable:
        """The identifiers as they are written, sorted."""
        return self._table("name", resident=self.resident)

    @cached_property
    def folded(self) -> StringTable:
        """The names of definitions without case and underscores, sorted; `folded_name` leads to the name."""
        return self._table("folded")

    @cached_property
    def paths(self) -> StringTable:
        """The paths in the order of the files; `path_sorted` is their sorted order."""
        return self._table("path")

    @cached_property
    def languages(self) -> list[str]:
        """The languages by number."""
        return [decode(value) for value in self._table("language")]

    def _table(self, name: str, *, resident: bool = False) -> StringTable:
        return StringTable(self.arrays[f"{name}_at"], self.arrays[f"{name}_text"], resident=resident)

    def path(self, file: int) -> str:
        """The path of a file."""
        return decode(self.paths[file])

    def _first_path(self, value: bytes) -> int:
        """The first place in `path_sorted` whose path is not smaller than `value`."""
        order, paths = self.arrays["path_sorted"], self.paths
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if paths[int(order[middle])] < value:
                low = middle + 1
            else:
                high = middle
        return low

    def find_file(self, path: str) -> int:
        """The number of a file, or -1."""
        value = encode(path)
        place = self._first_path(value)
        if place < self.files:
            number = int(self.arrays["path_sorted"][place])
            if self.paths[number] == value:
                return number
        return -1

    def has_path_prefix(self, prefix: bytes, alive: Mask) -> bool:
        """Whether the path of some file that counts begins so."""
        for place in range(self._first_path(prefix), self.files):
            number = int(self.arrays["path_sorted"][place])
            if not self.paths[number].startswith(prefix):
                return False
            if alive[number]:
                return True
        return False

    def stamp(self, file: int) -> Stamp:
        """How a file looked when it was read."""
        begin = file * DIGEST_BYTES
        digest = self.arrays["file_digest"][begin : begin + DIGEST_BYTES].tobytes()
        return Stamp(int(self.arrays["file_mtime"][file]), int(self.arrays["file_size"][file]), digest)

    def language(self, file: int) -> str:
        """The language of a file."""
        return self.languages[int(self.arrays["file_language"][file])]

    def skipped(self, file: int) -> SkipReason | None:
        """Why nothing was read of a file."""
        reason = int(self.arrays["file_skip"][file])
        return SKIP_REASONS[reason - 1] if reason else None

    def broken(self, file: int) -> bool:
        """Whether a file has syntax errors."""
        return bool(int(self.arrays["file_flags"][file]) & BROKEN)

    def chunks_of(self, file: int) -> range:
        """The chunks of a file."""
        at = self.arrays["file_chunk_at"]
        return range(int(at[file]), int(at[file + 1]))

    def symbols_of(self, file: int) -> range:
        """The symbols of a file."""
        at = self.arrays["file_symbol_at"]
        return range(int(at[file]), int(at[file + 1]))

    def chunk_at(self, file: int, line: int) -> int:
        """The chunk of a file that holds a line; the nearest one before it when none does; -1 without chunks."""
        chunks = self.chunks_of(file)
        if not chunks:
            return -1
        starts = self.arrays["chunk_start"][chunks.start : chunks.stop]
        return chunks.start + max(0, int(np.searchsorted(starts, line, side="right")) - 1)

    def symbol(self, number: int) -> SymbolFact:
        """A symbol with its texts."""
        at = self.arrays["symbol_at"]
        text = self.arrays["symbol_text"][int(at[number]) : int(at[number + 1])].tobytes()
        container, signature, doc = decode(text).split("\0")
        return SymbolFact(
            name=self.symbol_name_of(number),
            kind=KINDS[int(self.arrays["symbol_kind"][number])],
            container=container,
            start_line=int(self.arrays["symbol_start"][number]),
            end_line=int(self.arrays["symbol_end"][number]),
            signature=signature,
            doc=doc,
        )

    def symbol_name_of(self, number: int) -> str:
        """The name of a symbol."""
        return decode(self.names[int(self.arrays["symbol_name"][number])])

    def symbols_named(self, name: int) -> Ints:
        """The symbols that bear a name, by the name's number."""
        at = self.arrays["defined_at"]
        return cast("Ints", self.arrays["defined_symbol"][int(at[name]) : int(at[name + 1])])

    def uses_of(self, name: int) -> list[Use]:
        """Where a name is used, by the name's number."""
        at = self.arrays["used_at"]
        begin, end = int(at[name]), int(at[name + 1])
        files = self.arrays["used_file"][begin:end].tolist()
        lines = self.arrays["used_line"][begin:end].tolist()
        kinds = self.arrays["used_kind"][begin:end].tolist()
        return [Use(f, line, REFERENCE_KINDS[kind]) for f, line, kind in zip(files, lines, kinds, strict=True)]

    def imports_of(self, file: int) -> list[ImportFact]:
        """The imports of a file."""
        at, text = self.arrays["import_at"], self.arrays["import_text"]
        bounds = self.arrays["file_import_at"]
        found: list[ImportFact] = []
        for number in range(int(bounds[file]), int(bounds[file + 1])):
            module, *names = decode(text[int(at[number]) : int(at[number + 1])].tobytes()).split("\0")
            found.append(ImportFact(module, tuple(names), int(self.arrays["import_line"][number])))
        return found

    def postings(self, kind: str, term: int) -> tuple[Ints, NDArray[np.uint8]]:
        """The chunks that have a term in one of `FIELDS`, ascending, and how often."""
        at = self.arrays[f"{kind}_at"]
        begin, end = int(at[term]), int(at[term + 1])
        return (
            cast("Ints", self.arrays[f"{kind}_chunk"][begin:end]),
            cast("NDArray[np.uint8]", self.arrays[f"{kind}_count"][begin:end]),
        )


def empty_arrays() -> dict[str, Array]:
    """The arrays of a segment without files."""
    arrays: dict[str, Array] = {}
    for name, kind in SCHEMA.items():
        arrays[name] = np.zeros(1 if name.endswith("_at") else 0, dtype=kind)
    return arrays
