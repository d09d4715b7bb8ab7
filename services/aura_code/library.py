"""Code search as a library: a folder, its index and its searches in one process, without the bus.

For measurements, tests and scripts. The code service uses `CodeIndex` itself and keeps it fresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from aura_code.files import list_files
from aura_code.ignores import IgnoreRules
from aura_code.index import CodeIndex
from aura_code.packing import PackedFile
from aura_code.ranking import RANKING_PARTS
from aura_code.reading import ReadOptions, read_files, read_packed
from aura_code.terms import Vocabulary
from aura_shared.messages.code import SearchAnswer, SearchCode, SearchHit

INDEX_PARTS: Final = ("splitting", "stemming")
"""Parts of the ranking that an index is built with or without."""


class CodeLibrary:
    """A folder with its index."""

    RANKING_PARTS: ClassVar[tuple[str, ...]] = RANKING_PARTS
    """What `without` may name in a search."""

    def __init__(self, root: Path, index: CodeIndex) -> None:
        self.root = root
        self.index = index

    @classmethod
    def build(
        cls, root: Path, directory: Path, workers: int = 2, *, without: frozenset[str] = frozenset()
    ) -> CodeLibrary:
        """Index a folder.

        Args:
            root: What to index.
            directory: Where the index is kept.
            workers: Processes that read files.
            without: Parts among `INDEX_PARTS` to leave out.
        """
        vocabulary = Vocabulary(split="splitting" not in without, stem="stemming" not in without)
        index = CodeIndex.create(directory, vocabulary)
        index.build(_facts_of(root, workers))
        return cls(root, index)

    @classmethod
    def open(cls, root: Path, directory: Path) -> CodeLibrary:
        """A folder whose index was built before.

        Raises:
            Corrupt: The index cannot be trusted.
        """
        return cls(root, CodeIndex.open(directory))

    def search(self, query: str, limit: int = 10, without: frozenset[str] = frozenset()) -> Sequence[SearchHit]:
        """The best passages for a query, best first."""
        return self.answer(query, limit=limit, without=without).hits

    def answer(self, query: str, limit: int = 10, without: frozenset[str] = frozenset()) -> SearchAnswer:
        """The whole answer to a query."""
        request = SearchCode(project="", query=query, limit=limit)
        return self.index.search(request, self.root, without=without)

    def refresh(self, paths: Sequence[str]) -> int:
        """Take in files that were written or deleted; returns the new generation."""
        present = [path for path in paths if (self.root / path).is_file()]
        facts = [facts for batch in read_files(self.root, present, ReadOptions(), 1) for facts in batch]
        return self.index.apply(facts, sorted(set(paths) - {item.path for item in facts}))


def _facts_of(root: Path, workers: int) -> Iterator[list[PackedFile]]:
    listing = list_files(root, IgnoreRules.load(root))
    yield from read_packed(root, [file.path for file in listing.files], ReadOptions(), workers)
