"""From several segments, each with a mask of the files that still count, to one.

Gives what building the same files afresh would give, in the order of the segments and without reading a source file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from aura_code.building import index_names, sort_strings
from aura_code.segments import DIGEST_BYTES, FIELDS, SCHEMA, Array, Mask, Segment
from aura_code.tables import StringTable, pack

FILE_COLUMNS: Final = ("file_mtime", "file_size", "file_lines", "file_flags", "file_skip")


class Part(NamedTuple):
    """A segment and which of its files still count."""

    segment: Segment
    alive: Mask
    """One entry a file."""
    chunk_alive: Mask | None
    """One entry a chunk; None when all count."""


def whole(segment: Segment) -> Part:
    """A segment of which everything counts."""
    return Part(segment, np.ones(segment.files, dtype=np.bool_), None)


def merge(parts: Sequence[Part]) -> Segment:
    """One segment of all files that still count."""
    arrays: dict[str, Array] = {}
    _merge_files(parts, arrays)
    _merge_chunks(parts, arrays)
    _merge_postings(parts, arrays)
    _merge_names(parts, arrays)
    _merge_texts(parts, arrays)
    return Segment({name: arrays[name].astype(SCHEMA[name], copy=False) for name in SCHEMA})


def _joined(pieces: list[Array]) -> Array:
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)


def _renumbering(keep: Array, base: int) -> Array:
    """New numbers of what is kept, counted from `base`; meaningless for the rest."""
    return np.cumsum(keep, dtype=np.int64) - 1 + base


def _ragged(at: Array, keep: Array) -> tuple[Array, Array]:
    """For texts that begin at `at`: the positions that belong to kept ones, and the sizes of the kept ones."""
    sizes = np.diff(at)
    return np.repeat(keep, sizes), sizes[keep]


def _starts(sizes: list[Array]) -> Array:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(_joined(sizes), dtype=np.int64)))


def _merge_files(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    for name in FILE_COLUMNS:
        arrays[name] = _joined([part.segment.arrays[name][part.alive] for part in parts])
    arrays["file_digest"] = _joined(
        [part.segment.arrays["file_digest"].reshape(-1, DIGEST_BYTES)[part.alive].reshape(-1) for part in parts]
    )
    languages: dict[bytes, int] = {}
    pieces: list[Array] = []
    for part in parts:
        table = StringTable(part.segment.arrays["language_at"], part.segment.arrays["language_text"])
        numbers = np.array([languages.setdefault(value, len(languages)) for value in table], dtype=np.int64)
        pieces.append(numbers[part.segment.arrays["file_language"][part.alive]])
    arrays["file_language"] = _joined(pieces)
    arrays["language_at"], arrays["language_text"] = pack(list(languages))
    for name in ("file_chunk_at", "file_symbol_at", "file_import_at"):
        arrays[name] = _starts([np.diff(part.segment.arrays[name])[part.alive] for part in parts])
    paths = [
        value
        for part in parts
        for value, alive in zip(part.segment.paths, part.alive.tolist(), strict=True)
        if alive
    ]  # fmt: skip
    arrays["path_at"], arrays["path_text"] = pack(paths)
    arrays["path_sorted"] = np.array(sorted(range(len(paths)), key=paths.__getitem__), dtype=np.int32)


def _file_bases(parts: Sequence[Part]) -> list[int]:
    counts = [int(part.alive.sum()) for part in parts]
    return [sum(counts[:place]) for place in range(len(counts))]


def _merge_chunks(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    columns: dict[str, list[Array]] = {"chunk_file": [], "chunk_start": [], "chunk_end": [], "chunk_size": []}
    for part, base in zip(parts, _file_bases(parts), strict=True):
        keep = _chunk_keep(part)
        files = _renumbering(part.alive, base)
        columns["chunk_file"].append(files[part.segment.arrays["chunk_file"][keep]])
        for name in ("chunk_start", "chunk_end", "chunk_size"):
            columns[name].append(part.segment.arrays[name][keep])
    for name, pieces in columns.items():
        arrays[name] = _joined(pieces)


def _chunk_keep(part: Part) -> Array:
    if part.chunk_alive is None:
        return np.ones(part.segment.chunks, dtype=np.bool_)
    return part.chunk_alive


def _merge_postings(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    """Concatenate the postings of each term; terms without any are dropped."""
    terms: dict[bytes, int] = {}
    numbers = [
        np.array([terms.setdefault(value, len(terms)) for value in part.segment.terms], dtype=np.int64)
        for part in parts
    ]  # fmt: skip
    keeps = [_chunk_keep(part) for part in parts]
    bases = np.cumsum([0, *(int(keep.sum()) for keep in keeps)]).tolist()
    collected: dict[str, tuple[Array, Array, Array]] = {}
    present = np.zeros(len(terms), dtype=np.bool_)
    for field in FIELDS:
        pieces: list[tuple[Array, Array, Array]] = []
        for part, number, keep, base in zip(parts, numbers, keeps, bases, strict=False):
            chunk = part.segment.arrays[f"{field}_chunk"]
            term = np.repeat(number, np.diff(part.segment.arrays[f"{field}_at"])).astype(np.int32)
            if part.chunk_alive is None:
                count = part.segment.arrays[f"{field}_count"]
                pieces.append((term, (chunk + np.int32(base)).astype(np.int32), count))
                continue
            kept = keep[chunk]
            renumbered = _renumbering(keep, base).astype(np.int32)
            count = part.segment.arrays[f"{field}_count"][kept]
            pieces.append((term[kept], renumbered[chunk[kept]], count))
        collected[field] = (
            _joined([piece[0] for piece in pieces]),
            _joined([piece[1] for piece in pieces]),
            _joined([piece[2] for piece in pieces]),
        )
        del pieces
        present[collected[field][0]] = True
    strings = list(terms)
    kept_terms = np.flatnonzero(present)
    at, text, rank = sort_strings([strings[number] for number in kept_terms.tolist()])
    arrays["term_at"], arrays["term_text"] = at, text
    final = np.zeros(len(strings), dtype=np.int32)
    final[kept_terms] = rank
    for field in FIELDS:
        term, chunk, count = collected.pop(field)
        term = final[term]
        # Parts come in the order of their chunks, so a stable sort leaves those of a term ascending.
        order = np.argsort(term, kind="stable")
        arrays[f"{field}_chunk"], arrays[f"{field}_count"] = chunk[order], count[order]
        starts = np.zeros(len(kept_terms) + 1, dtype=np.int64)
        np.cumsum(np.bincount(term, minlength=len(kept_terms)), out=starts[1:])
        arrays[f"{field}_at"] = starts


def _merge_names(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    names: dict[bytes, int] = {}
    bases = _file_bases(parts)
    pieces: dict[str, list[Array]] = {}
    used: list[Array] = []
    for part, base in zip(parts, bases, strict=True):
        source = part.segment.arrays
        number = np.array([names.setdefault(value, len(names)) for value in part.segment.names], dtype=np.int64)
        files = _renumbering(part.alive, base)
        keep = part.alive[source["symbol_file"]]
        pieces.setdefault("symbol_name", []).append(number[source["symbol_name"][keep]])
        pieces.setdefault("symbol_file", []).append(files[source["symbol_file"][keep]])
        for name in ("symbol_kind", "symbol_start", "symbol_end"):
            pieces.setdefault(name, []).append(source[name][keep])
        keep = part.alive[source["used_file"]]
        used.append(np.repeat(number, np.diff(source["used_at"]))[keep])
        pieces.setdefault("used_file", []).append(files[source["used_file"][keep]])
        for name in ("used_line", "used_kind"):
            pieces.setdefault(name, []).append(source[name][keep])
    for name, columns in pieces.items():
        arrays[name] = _joined(columns)
    strings = list(names)
    arrays["name_at"], arrays["name_text"], rank = sort_strings(strings)
    symbol_name = rank[arrays["symbol_name"].astype(np.int64)]
    arrays["symbol_name"] = symbol_name
    index_names(arrays, rank[_joined(used).astype(np.int64)], len(strings))
    _merge_folded(parts, arrays)


def _merge_folded(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    """The folded names of the definitions that are left."""
    table = StringTable(arrays["name_at"], arrays["name_text"], resident=True)
    defined = np.diff(arrays["defined_at"]) > 0
    pairs: set[tuple[bytes, int]] = set()
    for part in parts:
        names = part.segment.names
        numbers = part.segment.arrays["folded_name"].tolist()
        for folded, number in zip(part.segment.folded, numbers, strict=True):
            name = table.find(names[number])
            if defined[name]:
                pairs.add((folded, name))
    ordered = sorted(pairs)
    arrays["folded_at"], arrays["folded_text"] = pack([folded for folded, _ in ordered])
    arrays["folded_name"] = np.array([name for _, name in ordered], dtype=np.int32)


def _merge_texts(parts: Sequence[Part], arrays: dict[str, Array]) -> None:
    symbol_sizes: list[Array] = []
    symbol_text: list[Array] = []
    import_sizes: list[Array] = []
    import_text: list[Array] = []
    import_line: list[Array] = []
    for part in parts:
        source = part.segment.arrays
        positions, sizes = _ragged(source["symbol_at"], part.alive[source["symbol_file"]])
        symbol_sizes.append(sizes)
        symbol_text.append(source["symbol_text"][positions])
        keep = np.repeat(part.alive, np.diff(source["file_import_at"]))
        positions, sizes = _ragged(source["import_at"], keep)
        import_sizes.append(sizes)
        import_text.append(source["import_text"][positions])
        import_line.append(source["import_line"][keep])
    arrays["symbol_at"], arrays["symbol_text"] = _starts(symbol_sizes), _joined(symbol_text)
    arrays["import_at"], arrays["import_text"] = _starts(import_sizes), _joined(import_text)
    arrays["import_line"] = _joined(import_line)
