"""Which passages a search may return: filters by language, path and kind of definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from aura_code.segments import KINDS, Mask, Segment
from aura_code.views import View
from aura_languages import languages
from aura_shared.errors import UsageProblem
from aura_shared.messages.code import SymbolKind

LINE_BITS = 22  # A file and a line in one number: four million lines.


class PathFilter:
    """Globs in the style of gitignore: a path passes when it matches one, and none of those with a leading `!`."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._wanted = _compile(tuple(glob for glob in globs if not glob.startswith("!")))
        self._unwanted = _compile(tuple(glob[1:] for glob in globs if glob.startswith("!")))

    def passes(self, path: str) -> bool:
        """Whether a path passes."""
        if self._wanted is not None and not self._wanted.search(path):
            return False
        return self._unwanted is None or not self._unwanted.search(path)


@lru_cache(maxsize=64)
def _compile(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for all globs; None without any.

    Raises:
        UsageProblem: A glob cannot be read.
    """
    parts: list[str] = []
    for glob in globs:
        try:
            pattern, include = GitIgnoreSpecPattern.pattern_to_regex(glob.removeprefix("./"))
        except GitIgnorePatternError as error:
            raise UsageProblem(
                f"This is not a path glob: {glob!r}.", hint="Use globs such as src/**/*.ts or !tests/."
            ) from error
        if pattern is not None and include is not None:
            parts.append(re.sub(r"\?P<\w+>", "?:", pattern))
    if not parts:
        return None
    return re.compile("|".join(f"(?:{part})" for part in parts))


def language_ids(names: Iterable[str]) -> frozenset[str]:
    """The identifiers of languages given by identifier, name or alias."""
    known: dict[str, str] = {}
    for identifier, spec in languages().items():
        for name in (identifier, spec.name, *spec.aliases):
            known.setdefault(name.lower(), identifier)
    return frozenset(known.get(name.lower(), name.lower()) for name in names)


def file_mask(view: View, wanted_languages: Sequence[str], globs: Sequence[str]) -> Mask | None:
    """One entry a file of the view; None when every file passes."""
    if not wanted_languages and not globs:
        return None
    identifiers = language_ids(wanted_languages)
    paths = PathFilter(globs)
    pieces: list[Mask] = []
    for part in view.parts:
        segment = part.segment
        passes = part.alive.copy()
        if wanted_languages:
            good = np.array([language in identifiers for language in segment.languages] or [False], dtype=np.bool_)
            passes &= good[segment.file_language] if segment.files else passes
        if globs:
            for file in np.flatnonzero(passes).tolist():
                passes[file] = paths.passes(segment.path(file))
        pieces.append(passes)
    return np.concatenate(pieces)


def chunk_mask(view: View, files: Mask | None, kinds: Sequence[SymbolKind]) -> Mask | None:
    """One entry a chunk of the view; None when every chunk passes."""
    mask = None if files is None else files[view.chunk_file]
    if not kinds:
        return mask
    numbers = np.array([KINDS.index(kind) for kind in kinds])
    pieces = [_chunks_of_kinds(part.segment, numbers) for part in view.parts]
    within = np.concatenate(pieces) if pieces else np.empty(0, dtype=np.bool_)
    return within if mask is None else within & mask


def _chunks_of_kinds(segment: Segment, kinds: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Mask:
    """Which chunks share a line with a definition of one of these kinds."""
    symbols = np.flatnonzero(np.isin(segment.symbol_kind, kinds))
    marks = np.zeros(segment.chunks + 1, dtype=np.int64)
    if len(symbols) and segment.chunks:
        starts = (segment.chunk_file.astype(np.int64) << LINE_BITS) + segment.chunk_start
        file = segment.symbol_file[symbols].astype(np.int64) << LINE_BITS
        first = np.searchsorted(starts, file + segment.symbol_start[symbols], side="right") - 1
        last = np.searchsorted(starts, file + segment.symbol_end[symbols], side="right") - 1
        np.add.at(marks, np.maximum(first, 0), 1)
        np.add.at(marks, np.maximum(last, 0) + 1, -1)
    return np.cumsum(marks)[:-1] > 0
