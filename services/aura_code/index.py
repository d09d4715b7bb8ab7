"""The index of one project: a base segment on disk, small segments of edits in memory, one view per generation.

Searches take the view that is current when they begin and are never blocked; edits make a new view and put it in place.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from aura_code.answers import visible
from aura_code.building import SegmentBuilder, build_segment, many_objects
from aura_code.facts import FileFacts, SkipReason, Stamp
from aura_code.merging import Part, merge, whole
from aura_code.packing import PackedFile
from aura_code.scanning import DEADLINE_S
from aura_code.searching import Search
from aura_code.segments import SKIP_REASONS, Segment, empty_arrays
from aura_code.storing import (
    Edit,
    Journal,
    Pointer,
    new_folder,
    open_segment,
    read_pointer,
    remove_folders,
    storage_errors,
    sync_folder,
    write_pointer,
    write_segment,
)
from aura_code.symbols import find_symbols, map_project, outline
from aura_code.terms import Vocabulary
from aura_code.views import View, strike
from aura_shared.errors import Conflict, Corrupt, StorageError, UnknownFile
from aura_shared.messages.code import (
    FindSymbols,
    MapAnswer,
    MapProject,
    OutlineAnswer,
    SearchAnswer,
    SearchCode,
    Skipped,
    SymbolAnswer,
)
from aura_shared.security import make_visible

COMPACT_SHARE: Final = 0.05  # Share of chunks in the delta or struck out: above it searches get measurably slower.
COMPACT_LEAST: Final = 2_000  # Chunks; below it compaction would run after every few edits of a small project.
COMPACT_JOURNAL: Final = 32 << 20  # Bytes of journal, read at a warm start at about 500 MB/s.
MOST_DELTAS: Final = 40  # Segments of edits; each costs a search about 0.1 ms.
QUIET_DELTAS: Final = 10  # As many may stay when the index is saved. Joining takes up to 0.3 s, so edits rarely do it.
SHOWN_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an index holds."""

    files: int
    """Files that were read."""
    lines: int
    symbols: int
    chunks: int
    languages: Mapping[str, int]
    """Files per language, most first; plain text is the empty name."""
    skipped: Sequence[Skipped]
    """What was left out, per reason."""
    disk_bytes: int
    """Size of its files."""


class CodeIndex:
    """The index of one project in one folder. Any number of threads may search while one at a time changes it."""

    def __init__(self, directory: Path, folder: Path, view: View, journal: Journal, vocabulary: Vocabulary) -> None:
        self.directory = directory
        self._folder = folder
        self._view = view
        self._journal = journal
        self._vocabulary = vocabulary
        self._writing = threading.RLock()
        self._compacting = threading.Lock()
        self._frozen = False  # While a compaction runs, the segments that it reads must stay apart.
        self._disk_bytes = _size_of(folder)
        self._left_out: tuple[int, Sequence[Skipped]] = (-1, ())
        self._query_words = Vocabulary.like(vocabulary)
        self._query_lock = threading.Lock()

    @classmethod
    def create(cls, directory: Path, vocabulary: Vocabulary | None = None) -> CodeIndex:
        """An empty index in a folder; whatever index was there is replaced.

        Raises:
            StorageError: The folder cannot be written.
        """
        with storage_errors(directory):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder, segment = _write_base(directory, Segment(empty_arrays()))
        return cls._begin(directory, folder, segment, 0, vocabulary or Vocabulary())

    @classmethod
    def open(cls, directory: Path, vocabulary: Vocabulary | None = None) -> CodeIndex:
        """The index in a folder, checked to the last byte, with the edits that were made since its base was written.

        Raises:
            Corrupt: It cannot be trusted; build it again.
        """
        pointer = read_pointer(directory)
        folder = directory / pointer.folder
        if not pointer.folder.isdecimal():
            raise Corrupt(f"The index points outside itself: {pointer.folder}.")
        segment = open_segment(folder / "segment")
        journal = Journal(folder / "journal")
        view = View(pointer.generation, (whole(segment),))
        try:
            for edit in journal.replay():
                view = _edited(view, edit)
        except StorageError:
            raise
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Corrupt(f"The journal of the index is garbled: {error}.") from error
        return cls(directory, folder, view, journal, vocabulary or Vocabulary())

    @classmethod
    def _begin(
        cls, directory: Path, folder: Path, segment: Segment, generation: int, vocabulary: Vocabulary
    ) -> CodeIndex:
        journal = Journal(folder / "journal")
        journal.start()
        write_pointer(directory, Pointer(folder.name, generation))
        remove_folders(directory, folder.name)
        return cls(directory, folder, View(generation, (whole(segment),)), journal, vocabulary)

    @property
    def view(self) -> View:
        """What a search that begins now sees."""
        return self._view

    @property
    def generation(self) -> int:
        """Counts the changes; it only grows, over restarts too."""
        return self._view.generation

    def terms_of(self, words: Iterable[str]) -> list[tuple[str, ...]]:
        """The terms of each word of a query, as the index knows them."""
        with self._query_lock:
            return [self._query_words.terms(word) for word in words]

    def build(self, batches: Iterable[Sequence[FileFacts | PackedFile]]) -> int:
        """Replace everything by a new base segment; the old one answers until then.

        Returns:
            The new generation.

        Raises:
            DiskFull: No room; the index is as before.
        """
        with self._compacting, self._writing, many_objects():
            builder = SegmentBuilder(Vocabulary.like(self._vocabulary))
            for batch in batches:
                for facts in batch:
                    builder.add(facts)
            self._replace_base(builder.finish(), self.generation + 1)
            return self.generation

    def apply(self, changed: Sequence[FileFacts], removed: Sequence[str]) -> int:
        """Take in files that were written, and forget files that are gone.

        Returns:
            The new generation; searches that begin after this see it.

        Raises:
            DiskFull: No room; the index is as before.
        """
        latest = {facts.path: facts for facts in changed}
        with self._writing, many_objects():
            segment = build_segment(latest.values(), self._vocabulary)
            edit = Edit(self.generation + 1, [path for path in removed if path not in latest], segment)
            view = _edited(self._view, edit)
            self._journal.append(edit)
            self._view = view  # Searches see the edit from here on; joining segments may take 0.3 s.
            self._tidy(MOST_DELTAS)
            return view.generation

    def _tidy(self, most: int) -> None:
        if not self._frozen:
            self._view = _tidied(self._view, most)

    def search(
        self, request: SearchCode, root: Path, *, without: frozenset[str] = frozenset(), deadline_s: float = DEADLINE_S
    ) -> SearchAnswer:
        """What answers a query.

        Args:
            request: What to look for, with limits and filters.
            root: The project's folder, from which passages are read.
            without: Parts of the ranking to leave out, among `RANKING_PARTS`.
            deadline_s: Most seconds for reading files, when an exact string or an expression is looked for.

        Raises:
            UsageProblem: The query is empty, too long, or not a valid expression.
        """
        view = self._view
        search = Search(view, self.terms_of, request, root, without=without, deadline_s=deadline_s)
        return search.answer(self._skipped(view))

    def symbols(self, request: FindSymbols) -> SymbolAnswer:
        """Definitions by name."""
        return find_symbols(self._view, request)

    def outline(self, path: str) -> OutlineAnswer:
        """What a file defines and imports.

        Raises:
            UnknownFile: The index has no such file.
        """
        answer = outline(self._view, path)
        if answer is None:
            raise UnknownFile(f"The index has no file {make_visible(path[:200])!r}.")
        return answer

    def map(self, request: MapProject) -> MapAnswer:
        """What lies where in the project."""
        return map_project(self._view, request)

    def _skipped(self, view: View) -> Sequence[Skipped]:
        """What the index leaves out, counted once a generation."""
        generation, skipped = self._left_out
        if generation != view.generation:
            skipped = _stats_of(view, 0).skipped
            self._left_out = (view.generation, skipped)
        return skipped

    def stamps(self) -> dict[str, Stamp]:
        """How every file looked when it was read, skipped ones included."""
        view = self._view
        return {
            view.parts[ref.part].segment.path(ref.file): view.parts[ref.part].segment.stamp(ref.file)
            for ref in view.files()
        }

    def stamp(self, path: str) -> Stamp | None:
        """How one file looked when it was read; None when the index does not know it."""
        view = self._view
        ref = view.find_file(path)
        return None if ref is None else view.parts[ref.part].segment.stamp(ref.file)

    def paths_below(self, folder: str) -> list[str]:
        """Every known file in a folder and in those below it."""
        view, start = self._view, folder + "/"
        paths = (view.parts[ref.part].segment.path(ref.file) for ref in view.files())
        return [path for path in paths if path.startswith(start)]

    def stats(self) -> IndexStats:
        """What the index holds now."""
        return _stats_of(self._view, self._disk_bytes + self._journal.size)

    @property
    def needs_compaction(self) -> bool:
        """Whether so much was edited that a new base segment pays."""
        view = self._view
        base = view.parts[0]
        edited = view.chunks - base.segment.chunks
        if base.chunk_alive is not None:
            edited += int(base.segment.chunks - base.chunk_alive.sum())
        return edited > max(COMPACT_LEAST, COMPACT_SHARE * view.chunks) or self._journal.size > COMPACT_JOURNAL

    def compact(self) -> bool:
        """Write one new base segment from everything; edits and searches go on meanwhile.

        Returns:
            Whether it was done; False when another compaction is at work.

        Raises:
            DiskFull: No room; the index is as before.
        """
        if not self._compacting.acquire(blocking=False):
            return False
        try:
            with self._writing:
                begun, position = self._view, self._journal.size
                self._frozen = True
            try:
                folder, segment = _write_base(self.directory, merge(begun.parts))
                with self._writing:
                    self._switch(folder, segment, begun, position)
            finally:
                self._frozen = False
            return True
        finally:
            self._compacting.release()

    def _switch(self, folder: Path, segment: Segment, begun: View, position: int) -> None:
        """Go over to a new base segment, made from `begun`; what came later is replayed on it."""
        later = self._view
        journal = Journal(folder / "journal")
        journal.start(self._journal.read(position))
        view = View(begun.generation, (whole(segment),))
        for edit in journal.replay():
            view = _edited(view, edit)
        if view.generation != later.generation:
            raise Conflict("The journal does not lead to the index in memory.")
        write_pointer(self.directory, Pointer(folder.name, begun.generation))
        self._take_over(folder, view, journal)

    def _replace_base(self, segment: Segment, generation: int) -> None:
        folder, mapped = _write_base(self.directory, segment)
        journal = Journal(folder / "journal")
        journal.start()
        write_pointer(self.directory, Pointer(folder.name, generation))
        self._take_over(folder, View(generation, (whole(mapped),)), journal)

    def _take_over(self, folder: Path, view: View, journal: Journal) -> None:
        self._folder, self._journal, self._view = folder, journal, view
        self._disk_bytes = _size_of(folder)
        remove_folders(self.directory, folder.name)

    def save(self) -> None:
        """Make sure that every edit is on the disk, and join small segments: for when edits have paused.

        Edits are written when they are made; this waits for the disk.
        """
        with self._writing:
            self._journal.sync()
            self._tidy(QUIET_DELTAS)

    def close(self) -> None:
        """Let go of the files; searches that still run keep what they see."""
        with self._writing:
            self._view = View(self.generation, (whole(Segment(empty_arrays())),))


def _write_base(directory: Path, segment: Segment) -> tuple[Path, Segment]:
    """Write a base segment in a folder of its own, and map it from there."""
    folder = new_folder(directory)
    try:
        write_segment(folder / "segment", segment)
        sync_folder(folder)
    except StorageError:
        remove_folders(directory, _current(directory))
        raise
    return folder, open_segment(folder / "segment")


def _current(directory: Path) -> str:
    try:
        return read_pointer(directory).folder
    except Corrupt:
        return ""


def _edited(view: View, edit: Edit) -> View:
    """The view after an edit."""
    segment = edit.segment
    paths = [segment.path(file) for file in range(segment.files)]
    parts = strike(view.parts, [*edit.removed, *paths])
    return View(edit.generation, (*parts, whole(segment)) if segment.files else parts)


def _tidied(view: View, most: int) -> View:
    """The view with segments of edits joined when there are too many: the newest, and as many as are of its size.

    A file edited over and over is copied a logarithmic number of times.
    """
    base, *deltas = view.parts
    if len(deltas) <= most:
        return view
    first = len(deltas) - 1
    chunks = deltas[first].segment.chunks
    while first > 0 and (first > len(deltas) - 2 or deltas[first - 1].segment.chunks <= 2 * chunks):
        first -= 1
        chunks += deltas[first].segment.chunks
    return View(view.generation, (base, *deltas[:first], whole(merge(deltas[first:]))))


def _stats_of(view: View, disk_bytes: int) -> IndexStats:
    files = lines = symbols = 0
    languages: Counter[str] = Counter()
    skipped: dict[SkipReason, tuple[int, tuple[str, ...]]] = {}
    for part in view.parts:
        segment = part.segment
        skip = segment.file_skip[part.alive]
        read = part.alive & (segment.file_skip == 0)
        files += int(read.sum())
        lines += int(segment.file_lines[read].sum(dtype=np.int64))
        symbols += int(np.diff(segment.file_symbol_at)[read].sum())
        for number, count in enumerate(np.bincount(segment.file_language[read]).tolist()):
            if count:
                languages[segment.languages[number]] += count
        for number in np.flatnonzero(np.bincount(skip, minlength=1)).tolist():
            if number:
                _count_skipped(part, number, skipped)
    left_out = [
        Skipped(reason=reason, files=count, examples=list(examples)) for reason, (count, examples) in skipped.items()
    ]
    return IndexStats(files, lines, symbols, view.live_chunks, dict(languages.most_common()), left_out, disk_bytes)


def _count_skipped(part: Part, number: int, skipped: dict[SkipReason, tuple[int, tuple[str, ...]]]) -> None:
    reason = SKIP_REASONS[number - 1]
    places = np.flatnonzero(part.alive & (part.segment.file_skip == number)).tolist()
    known, examples = skipped.get(reason, (0, ()))
    more = tuple(visible(part.segment.path(place)) for place in places[: SHOWN_EXAMPLES - len(examples)])
    skipped[reason] = (known + len(places), (*examples, *more))


def _size_of(folder: Path) -> int:
    try:
        return (folder / "segment").stat().st_size
    except OSError:
        return 0
