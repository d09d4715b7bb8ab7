"""One path for every kind of query: read it, find and rank, show."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from aura_code.answers import nearest_names, passages_of, show, visible
from aura_code.filters import chunk_mask, file_mask
from aura_code.queries import Query, as_words, read_query
from aura_code.ranking import Ranked, Ranker, TermsOf
from aura_code.scanning import DEADLINE_S, scan
from aura_code.views import View
from aura_shared.messages.code import Freshness, ScorePart, SearchAnswer, SearchCode, Skipped

SPARE: Final = 12  # Passages beyond the limit, because neighbours are joined and files may be gone.
PATH_SCORES: Final = (4.0, 3.0, 2.0, 1.0)  # The very path, its end, its last name, part of it.
MOST_PATHS: Final = 400


class Found(NamedTuple):
    """What a query led to."""

    ranked: list[Ranked]
    query: Query
    """As it was understood in the end."""
    note: str = ""
    """Something that the caller should know about it."""


class Search:
    """One search in one view."""

    def __init__(
        self,
        view: View,
        terms_of: TermsOf,
        request: SearchCode,
        root: Path,
        *,
        without: frozenset[str] = frozenset(),
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._view = view
        self._terms_of = terms_of
        self._request = request
        self._root = root
        self._without = without
        self._deadline_s = deadline_s
        self._files = file_mask(view, request.languages, request.paths)
        self._chunks = chunk_mask(view, self._files, request.kinds)

    def answer(self, skipped: Sequence[Skipped]) -> SearchAnswer:
        """The answer to the request.

        Raises:
            UsageProblem: The query cannot be read; see `read_query`.
        """
        started = time.perf_counter()
        request = self._request
        found = self.find()
        passages, more = passages_of(self._view, found.ranked, request.limit)
        shown = show(self._root, passages, request.budget, request.kinds)
        return SearchAnswer(
            hits=shown.hits,
            mode=found.query.mode,
            freshness=Freshness(generation=self._view.generation, pending=shown.pending),
            skipped=list(skipped),
            tokens=shown.tokens,
            more=more or shown.more,
            reason=found.note if shown.hits else self._reason(found),
            seconds=time.perf_counter() - started,
        )

    def find(self) -> Found:
        """The ranked passages."""
        query = read_query(self._request.query, self._request.mode)
        auto = self._request.mode == "auto"
        if query.mode in {"exact", "regex"}:
            return self._scanned(query)
        if query.mode == "path" or (auto and query.path):
            # `app.engine` is a name unless a file is called exactly so.
            ranked = self._by_path(query, whole_name=query.mode != "path")
            if ranked or not auto:
                return Found(ranked, replace(query, mode="path"))
        if query.mode == "path":
            query = as_words(query)
        ranked = self._ranked(query)
        if not ranked and auto and query.mode == "identifier":
            query = as_words(query)
            ranked = self._ranked(query)
        return Found(ranked, query)

    @property
    def _wanted(self) -> int:
        return 2 * self._request.limit + SPARE

    def _ranker(self, query: Query) -> Ranker:
        return Ranker(self._view, query, self._terms_of, self._without)

    def _ranked(self, query: Query) -> list[Ranked]:
        return self._ranker(query).rank(self._wanted, allowed=self._chunks, explain=self._request.explain)

    def _scanned(self, query: Query) -> Found:
        done = scan(
            self._ranker(query),
            self._root,
            self._files,
            10 * self._wanted,
            deadline_s=self._deadline_s,
            explain=self._request.explain,
        )
        ranked = [item for item in done.ranked if self._chunks is None or self._chunks[item.chunk]]
        note = (
            ""
            if done.complete
            else f"Only {done.searched} files were searched before the time was over; narrow it down by paths."
        )
        return Found(ranked, query, note)

    def _by_path(self, query: Query, *, whole_name: bool = False) -> list[Ranked]:
        """The first passages of the files whose paths fit, best first."""
        wanted = query.path.lower()
        scored: list[tuple[float, int, str, int]] = []
        for place, part in enumerate(self._view.parts):
            for number in part.segment.paths.containing(wanted.encode("utf-8", "replace"), MOST_PATHS, lower=True):
                chunks = part.segment.chunks_of(number)
                if part.alive[number] and chunks and self._allowed(self._view.file_bases[place] + number):
                    path = part.segment.path(number)
                    if whole_name and path.rpartition("/")[2].lower() != wanted:
                        continue
                    score = _fit(path, query.path)
                    scored.append((-score, len(path), path, self._view.chunk_bases[place] + chunks.start))
        scored.sort()
        return [
            Ranked(chunk, -score - size / 10_000, None, (ScorePart(name="path", value=-score),))
            for score, size, _, chunk in scored[: self._wanted]
        ]

    def _allowed(self, file: int) -> bool:
        return self._files is None or bool(self._files[file])

    def _reason(self, found: Found) -> str:
        """Why nothing was found, and what to try."""
        if not self._view.live_chunks:
            return "The index is empty: the project has no text files that Aura reads."
        return found.note or self._why_filtered() or self._why_unknown(found.query)

    def _why_filtered(self) -> str:
        if self._narrowed and self._finds_without_filters():
            return "The filters leave nothing: without them there are hits. Loosen languages, paths or kinds."
        if self._chunks is not None and not bool(np.any(self._chunks)):
            return "No indexed file passes the filters; check the languages, paths and kinds."
        return ""

    def _why_unknown(self, query: Query) -> str:
        if query.mode == "exact":
            return "No indexed file holds this exact string; leave out the quotes to search by words."
        if query.mode == "regex":
            return "Nothing matches this expression; leave out the slashes to search by words."
        names = nearest_names(self._view, query.name or (query.words[0] if query.words else ""))
        hint = f" Similar names: {', '.join(names)}." if names else " Try other words."
        return f"None of these words is in the index: {visible(self._request.query[:80])!r}.{hint}"

    @property
    def _narrowed(self) -> bool:
        return bool(self._request.languages or self._request.paths or self._request.kinds)

    def _finds_without_filters(self) -> bool:
        plain = self._request.model_copy(update={"languages": [], "paths": [], "kinds": [], "limit": 1})
        search = Search(self._view, self._terms_of, plain, self._root, deadline_s=0.5)
        return bool(search.find().ranked)


def _fit(path: str, wanted: str) -> float:
    """How well a path fits what was asked for; the same case counts a little more."""
    folded, asked = path.lower(), wanted.lower()
    stem = folded.rpartition(".")[0] or folded
    case = 0.1 if wanted in path else 0.0
    if folded == asked:
        return PATH_SCORES[0] + case
    if f"/{folded}".endswith(f"/{asked}") or f"/{stem}".endswith(f"/{asked}"):
        return PATH_SCORES[1] + case
    if folded.rpartition("/")[2].startswith(asked) or f"/{asked}/" in f"/{folded}":
        return PATH_SCORES[2] + case
    return PATH_SCORES[3] + case
