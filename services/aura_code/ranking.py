"""Which passages answer a question best.

BM25 over split and stemmed identifiers, then what is known about files: their names, how much of them matches, which of
them are tests or examples, and where names are defined. No model. docs/search.md has the measured worth of each part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from aura_code.abbreviations import short_forms
from aura_code.places import PlaceKind, newer_versions, read_place
from aura_code.queries import FAINT, Query
from aura_code.segments import KINDS, Ints, Mask
from aura_code.terms import fold
from aura_code.views import SymbolRef, View
from aura_shared.messages.code import ScorePart, SymbolKind

Scores = NDArray[np.float64]
TermsOf = Callable[[Iterable[str]], list[tuple[str, ...]]]

RANKING_PARTS: Final = (
    "path_words",
    "title_words",
    "faint_words",
    "word_pairs",
    "abbreviations",
    "file_name",
    "coherence",
    "coverage",
    "definitions",
    "penalties",
    "saturation",
)
"""What can be switched off, one by one. Splitting and stemming belong to the index: `Vocabulary(split=False)`."""


class Tuning(NamedTuple):
    """The constants of the ranking; the effects are changes of NDCG@10 on 33 repositories (docs/search.md)."""

    k1: float = 2.0
    """Saturation of a word's count. 1.2 and 3.0 lose 0.003."""
    b: float = 0.6
    """How much long passages are discounted. From 0.4 to 0.75 within noise."""
    whole: float = 1.5
    """Weight of an identifier as a whole against its parts. 0.5 loses 0.003."""
    faint: float = 0.5
    """Weight of words that tell how rather than what. Own set +0.004, public set 0."""
    pair: float = 0.3
    """Weight of two neighbouring words written as one name. Own set +0.002, public +0.004; 1.0 loses 0.009 on ours."""
    short: float = 0.3
    """Weight of a word's abbreviation. +0.001 on both sets, architecture +0.005 to +0.008; 0.6 gains less."""
    title: float = 0.3
    """Weight of the names that a passage defines. 0.8 loses 0.005."""
    coherence: float = 0.6
    """Share of a file's summed passages that its best one gains. 0.3 and 0.8 lose 0.003."""
    coherence_chunks: int = 100
    """How many of the best passages are summed. 50 loses 0.002."""
    coverage: float = 0.4
    """What a file gains that has the words of the question somewhere. Own set +0.008, public +0.001."""
    file_name: float = 1.8
    """Weight of the share of question words in the file's name. 1.2 loses 0.006; 2.2 loses 0.003 on our own set."""
    folder: float = 0.5
    """A word in the folders' names against one in the file's. From 0.35 to 0.7 within noise."""
    same_name: float = 1.0
    """What a file gains above that when it is called like the identifier asked for. Identifiers +0.02."""
    prefix: int = 3
    """Letters from which a prefix counts as the word. 5 loses 0.003."""
    definition: float = 3.0
    """Boost of a definition of the name asked for, in units of the best score."""
    same_stem: float = 1.5
    """Factor when its file is named so too."""
    embedded: float = 0.3
    """The same boost for a camelCase or snake_case name inside a question. 0 loses 0.002."""
    saturation: float = 0.5
    """Factor of each further passage of a file. From 0.3 to 0.7 within noise."""
    candidates: int = 300
    """Passages that are looked at after BM25. 150 loses 0.001."""


TUNING: Final = Tuning()

PENALTIES: Final[dict[PlaceKind, float]] = {
    # Together worth 0.04; each is left out when the question asks for such files.
    "tests": 0.35,
    "docs": 0.3,
    "legacy": 0.3,
    "package": 0.5,
    "declarations": 0.5,
    "types": 0.7,  # Files of types only: TypeScript +0.01.
    "platform": 0.6,  # Rare platforms: C +0.02.
}
SUPERSEDED: Final = 0.6  # `v3/` beside `v4/`: TypeScript +0.02.
PLAIN: Final = 0.5  # Data, and text without a known language: C +0.014.
DATA: Final = frozenset({"", "json", "yaml", "toml", "xml", "ini", "text", "html", "css"})
MATCH_WORDS: Final = 0.05  # Weight of BM25 among passages that match exactly: enough to order equal ones.
HEADER: Final = 0.7  # A header whose source file is there: C +0.01.
LONE_HEADER: Final = 0.85  # Any other header: own and public set +0.001; 0.7 is the same.
SOURCES: Final = (".c", ".cc", ".cpp", ".cxx", ".m", ".mm")
HEADERS: Final = (".h", ".hh", ".hpp", ".hxx")
MOST_DEFINITIONS: Final = 500  # `__init__` is defined thousands of times and says nothing.

_KIND_WEIGHTS: Final[dict[SymbolKind, float]] = {
    "method": 0.8, "constructor": 0.6, "field": 0.5, "property": 0.6, "variable": 0.6, "constant": 0.7,
}  # fmt: skip
_DECLARED: Final = 0.6  # Weight of a function of one line: a prototype, or an overload without a body.
_FUNCTIONS: Final[frozenset[SymbolKind]] = frozenset({"function", "method", "class", "struct"})


class Ranked(NamedTuple):
    """A passage with its score."""

    chunk: int
    score: float
    symbol: SymbolRef | None = None
    """The definition that it was found by."""
    parts: tuple[ScorePart, ...] = ()


class Definition(NamedTuple):
    """A definition that a query asks for."""

    weight: float
    symbol: SymbolRef


@dataclass(eq=False)
class Ranker:
    """Ranks the passages of a view for one query."""

    view: View
    query: Query
    terms_of: TermsOf
    without: frozenset[str] = frozenset()
    tuning: Tuning = TUNING

    def rank(self, limit: int, *, allowed: Mask | None = None, explain: bool = False) -> list[Ranked]:
        """The best passages, best first.

        Args:
            limit: Most passages.
            allowed: One entry a chunk; others are left out.
            explain: Whether each passage carries the parts of its score.
        """
        covered = np.zeros(self.view.file_bases[-1], dtype=np.float64) if self._covers else None
        scores = self.score_words(covered)
        found = self._definitions() if self._uses("definitions") else {}
        if allowed is not None:
            scores[~allowed] = 0.0
            found = {chunk: definition for chunk, definition in found.items() if allowed[chunk]}
        chunks = _best(scores, self.tuning.candidates)
        if found:
            chunks = np.union1d(chunks, np.array(list(found), dtype=np.int64))
        if not len(chunks):
            return []
        return self._order(chunks, scores[chunks], covered, found, limit, explain)

    def rank_matches(self, matches: Mapping[int, int], limit: int, *, explain: bool = False) -> list[Ranked]:
        """The passages that match an exact string or an expression, best first.

        Args:
            matches: How many matches each chunk has.
            limit: Most passages.
            explain: Whether each passage carries the parts of its score.
        """
        words = self.score_words()
        chunks = list(matches)
        files: list[int] = self.view.chunk_file[np.array(chunks, dtype=np.int64)].tolist()
        paths = {file: self.view.path(file) for file in set(files)}
        terms = {
            "matches": [1.0 + math.log2(1 + count) / 4 for count in matches.values()],
            "words": [MATCH_WORDS * float(words[chunk]) for chunk in chunks],
        }
        factors = {file: self._factors(file, path) for file, path in paths.items()}
        return self._sorted(Drafts(chunks, files, paths, terms, factors, {}), limit, explain)

    def _uses(self, part: str) -> bool:
        return part not in self.without

    @property
    def _covers(self) -> bool:
        # The few words of an identifier need not be spread over a file.
        return self._uses("coverage") and self.query.mode == "words"

    def score_words(self, covered: Scores | None = None) -> Scores:
        """BM25 of every passage, with the words of its path and, at a lower weight, the names that it defines.

        Args:
            covered: By file; takes the sum over the words of what each is worth in the file's best passage for it.
        """
        view, tuning = self.view, self.tuning
        scores = np.zeros(view.chunks, dtype=np.float64)
        length = tuning.k1 * (1 - tuning.b + tuning.b * view.chunk_size / (view.mean_size or 1.0))
        scratch = np.zeros(view.chunks, dtype=np.float32)
        for term, weight in self._weighted_terms().items():
            chunks, counts = view.postings("body", term)
            if self._uses("path_words"):
                places, more = view.postings("place", term)
                if len(places):
                    scratch[chunks] = counts
                    chunks = np.concatenate((chunks, places[scratch[places] == 0]))
                    scratch[places] += more
                    counts = scratch[chunks]
                    scratch[chunks] = 0
            if len(chunks):
                idf = self._idf(len(chunks))
                gains = weight * idf * (tuning.k1 + 1) * counts / (counts + length[chunks])
                scores[chunks] += gains
                if covered is not None:
                    covered += self._best_by_file(chunks, gains)
            if self._uses("title_words"):
                chunks, counts = view.postings("title", term)
                idf = self._idf(len(chunks))
                scores[chunks] += tuning.title * weight * idf * (tuning.k1 + 1) * counts / (counts + tuning.k1)
        return scores

    def _best_by_file(self, chunks: Ints, gains: Scores) -> Scores:
        best = np.zeros(self.view.file_bases[-1], dtype=np.float64)
        np.maximum.at(best, self.view.chunk_file[chunks], gains)
        return best

    def _weighted_terms(self) -> dict[str, float]:
        weights: dict[str, float] = {}
        for word, terms in zip(self.query.words, self.terms_of(self.query.words), strict=True):
            base = self.tuning.faint if self._is_faint(word) else 1.0
            for place, term in enumerate(terms):
                whole = len(terms) > 1 and place == len(terms) - 1
                weights[term] = max(weights.get(term, 0.0), self.tuning.whole if whole else base)
        if self.query.mode == "words":
            if self._uses("word_pairs"):
                self._add(weights, _pairs(self.query.words), self.tuning.pair)
            if self._uses("abbreviations"):
                short = [form for word in self.query.words for form in short_forms(word)]
                self._add(weights, [terms[0] for terms in self.terms_of(short)], self.tuning.short)
        return weights

    def _is_faint(self, word: str) -> bool:
        return self._uses("faint_words") and self.query.mode == "words" and word.casefold() in FAINT

    def _add(self, weights: dict[str, float], terms: Iterable[str], weight: float) -> None:
        for term in terms:
            weights.setdefault(term, weight)

    def _idf(self, chunks: int) -> float:
        return math.log(1 + (self.view.live_chunks - chunks + 0.5) / (chunks + 0.5))

    def _definitions(self) -> dict[int, Definition]:
        """Where the names that the query asks for are defined, by chunk."""
        found: dict[int, Definition] = {}
        query, view = self.query, self.view
        if query.name:
            exact = view.symbols_named(query.name)
            if query.container:
                exact = [symbol for symbol in exact if self._inside(symbol)] or exact
            self._take(exact, query.name, self.tuning.definition, found)
            known = set(exact)
            similar = [symbol for symbol in view.symbols_like(query.name) if symbol not in known]
            self._take(similar, query.name, self.tuning.definition * (0.5 if exact else 1.0), found)
        elif query.mode == "words":
            for word in query.words:
                if _looks_like_a_name(word):
                    self._take(view.symbols_named(word), word, self.tuning.embedded, found)
        return found

    def _inside(self, symbol: SymbolRef) -> bool:
        segment = self.view.parts[symbol.part].segment
        surrounding = {fold(part) for part in segment.symbol(symbol.symbol).container.split(".")}
        return fold(self.query.container[-1]) in surrounding or (
            fold(self.query.container[-1]) == read_place(segment.path(int(segment.symbol_file[symbol.symbol]))).stem
        )

    def _take(self, symbols: Sequence[SymbolRef], name: str, base: float, found: dict[int, Definition]) -> None:
        view = self.view
        for symbol in symbols[:MOST_DEFINITIONS]:
            segment = view.parts[symbol.part].segment
            file, start = int(segment.symbol_file[symbol.symbol]), int(segment.symbol_start[symbol.symbol])
            chunk = segment.chunk_at(file, start)
            if chunk < 0:
                continue
            kind = KINDS[int(segment.symbol_kind[symbol.symbol])]
            weight = base * _KIND_WEIGHTS.get(kind, 1.0)
            if kind in _FUNCTIONS and start == int(segment.symbol_end[symbol.symbol]):
                weight *= _DECLARED
            if read_place(segment.path(file)).stem == fold(name):
                weight *= self.tuning.same_stem
            chunk += view.chunk_bases[symbol.part]
            if chunk not in found or found[chunk].weight < weight:
                found[chunk] = Definition(weight, symbol)

    def _order(
        self,
        chunks: NDArray[np.int64],
        words: Scores,
        covered: Scores | None,
        found: dict[int, Definition],
        limit: int,
        explain: bool,
    ) -> list[Ranked]:
        """Add to the words' scores what is known about the files, and sort."""
        unit = float(words.max()) or 1.0
        numbers: list[int] = chunks.tolist()
        files: list[int] = self.view.chunk_file[chunks].tolist()
        paths = {file: self.view.path(file) for file in set(files)}
        terms = {"words": words.tolist()}
        if self._uses("coherence"):
            terms["coherence"] = self._coherence(words, files, unit)
        if covered is not None:
            terms["coverage"] = self._coverage(words, files, covered, unit)
        if self._uses("file_name"):
            shares = self._file_names(paths)
            terms["file_name"] = [self.tuning.file_name * unit * shares[file] for file in files]
        if found:
            terms["definitions"] = [unit * found[chunk].weight if chunk in found else 0.0 for chunk in numbers]
        factors = {file: self._factors(file, path) for file, path in paths.items()}
        symbols = {chunk: definition.symbol for chunk, definition in found.items()}
        return self._sorted(Drafts(numbers, files, paths, terms, factors, symbols), limit, explain)

    def _coherence(self, words: Scores, files: list[int], unit: float) -> list[float]:
        """What the best passage of each file gains from the file's other good ones."""
        sums: dict[int, float] = {}
        best: dict[int, int] = {}
        order = cast("list[int]", np.argsort(-words, kind="stable").tolist())
        # Passages as good as the last one that counts do too: the order of equal ones depends on the history of edits.
        least = float(words[order[min(len(order), self.tuning.coherence_chunks) - 1]])
        for place in order:
            best.setdefault(files[place], place)
            if words[place] >= least:
                sums[files[place]] = sums.get(files[place], 0.0) + float(words[place])
        most = max(sums.values(), default=0.0) or 1.0
        gains = [0.0] * len(files)
        for file, total in sums.items():
            gains[best[file]] = self.tuning.coherence * unit * total / most
        return gains

    def _coverage(self, words: Scores, files: list[int], covered: Scores, unit: float) -> list[float]:
        """What the best passage of each file gains from the words that are somewhere in the file."""
        best: dict[int, int] = {}
        for place in cast("list[int]", np.argsort(-words, kind="stable").tolist()):
            best.setdefault(files[place], place)
        most = float(covered[files].max()) or 1.0
        gains = [0.0] * len(files)
        for file, place in best.items():
            gains[place] = self.tuning.coverage * unit * float(covered[file]) / most
        return gains

    def _file_names(self, paths: Mapping[int, str]) -> dict[int, float]:
        """The share of the query's words that stand in each file's name or, for less, in its folders' names."""
        query = self.terms_of(self.query.words)
        meant = Meant(query, self.terms_of, self.tuning.prefix)
        name = fold(self.query.name) or None
        shares: dict[int, float] = {}
        for file, path in paths.items():
            place = read_place(path)
            named = meant.by(place.words)
            around = meant.by(place.folders) - named
            shares[file] = (len(named) + self.tuning.folder * len(around)) / len(query) if query else 0.0
            if place.stem == name:
                shares[file] += self.tuning.same_name
        return shares

    def _factors(self, file: int, path: str) -> dict[str, float]:
        """What every passage of a file is multiplied with."""
        factors: dict[str, float] = {}
        if self._uses("penalties"):
            for kind in sorted(read_place(path).kinds):
                if kind not in self.query.intents:
                    factors[kind] = PENALTIES[kind]
            factors |= self._sibling_factors(file, path)
        return factors

    def _sibling_factors(self, file: int, path: str) -> dict[str, float]:
        """Factors that depend on what else the project has."""
        view = self.view
        factors: dict[str, float] = {}
        part, number = view.locate_file(file)
        if view.parts[part].segment.language(number) in DATA and not self.query.intents & {"data"}:
            factors["plain"] = PLAIN
        stem, dot, ending = path.rpartition(".")
        if dot + ending in HEADERS:
            sourced = any(view.find_file(stem + source) for source in SOURCES)
            factors["header"] = HEADER if sourced else LONE_HEADER
        text = self.query.text.lower()
        for version, newer in newer_versions(path):
            if version not in text and any(view.has_folder(folder) for folder in newer):
                factors["superseded"] = SUPERSEDED
        return factors

    def _sorted(self, drafts: Drafts, limit: int, explain: bool) -> list[Ranked]:
        """The best passages, each further one of a file counting less; equal ones by path and line."""
        scores = drafts.scores()
        keys = [
            (-score, drafts.paths[file], chunk)
            for score, file, chunk in zip(scores, drafts.files, drafts.chunks, strict=True)
        ]
        seen: dict[int, int] = {}
        final: list[tuple[float, int, int, float]] = []
        for rank, place in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
            before = seen.get(drafts.files[place], 0)
            seen[drafts.files[place]] = before + 1
            factor = self.tuning.saturation**before if self._uses("saturation") else 1.0
            final.append((-scores[place] * factor, rank, place, factor))
        final.sort()
        return [
            Ranked(
                drafts.chunks[place],
                -score,
                drafts.symbols.get(drafts.chunks[place]),
                drafts.explain(place, factor) if explain else (),
            )
            for score, _, place, factor in final[:limit]
        ]


class Meant:
    """Tells which words of a query the words of a name stand for: the same stem, or one a prefix of the other."""

    def __init__(self, query: Sequence[tuple[str, ...]], terms_of: TermsOf, prefix: int) -> None:
        self._terms_of = terms_of
        self._prefix = prefix
        self._asked: dict[str, list[tuple[str, int]]] = {}
        for place, terms in enumerate(query):
            for term in terms:
                # Words that mean the same have the first letters in common.
                self._asked.setdefault(term[:prefix], []).append((term, place))
        self._known: dict[str, frozenset[int]] = {}

    def by(self, words: Sequence[str]) -> frozenset[int]:
        """The places in the query of the words that are meant."""
        found: frozenset[int] = frozenset()
        for word in words:
            known = self._known.get(word)
            if known is None:
                known = self._known[word] = self._look(word)
            if known:
                found |= known
        return found

    def _look(self, word: str) -> frozenset[int]:
        terms = self._terms_of([word])[0]
        if not terms:
            return frozenset()
        term = terms[0]
        return frozenset(
            place
            for asked, place in self._asked.get(term[: self._prefix], ())
            if term == asked
            or (len(term) >= self._prefix <= len(asked) and (term.startswith(asked) or asked.startswith(term)))
        )


class Drafts(NamedTuple):
    """Passages on the way to their scores: columns with one entry a passage."""

    chunks: list[int]
    files: list[int]
    paths: Mapping[int, str]
    """By file."""
    terms: Mapping[str, list[float]]
    """What is added up."""
    factors: Mapping[int, Mapping[str, float]]
    """By file: what the sum is multiplied with."""
    symbols: Mapping[int, SymbolRef]
    """By chunk."""

    def scores(self) -> list[float]:
        """The sum of the terms times the factors."""
        products = {file: math.prod(factors.values()) for file, factors in self.factors.items()}
        sums = [sum(column) for column in zip(*self.terms.values(), strict=True)]
        return [total * products[file] for total, file in zip(sums, self.files, strict=True)]

    def explain(self, place: int, saturation: float) -> tuple[ScorePart, ...]:
        """The terms that count, then the factors."""
        terms = [ScorePart(name=name, value=column[place]) for name, column in self.terms.items() if column[place]]
        factors = [
            ScorePart(name=name, value=value, factor=True) for name, value in self.factors[self.files[place]].items()
        ]
        last = [ScorePart(name="saturation", value=saturation, factor=True)] if saturation != 1.0 else []
        return (*terms, *factors, *last)


def _pairs(words: Sequence[str]) -> Iterable[str]:
    """Neighbouring words as one name, the second also without its plural: "event loops" is `eventloop` in code."""
    for first, second in pairwise(word.casefold() for word in words):
        yield first + second
        yield first + second.removesuffix("s")


def _looks_like_a_name(word: str) -> bool:
    """Whether a word of a sentence is written like an identifier."""
    return "_" in word.strip("_") or (not word.isupper() and any(letter.isupper() for letter in word[1:]))


def _best(scores: Scores, count: int) -> NDArray[np.int64]:
    """The numbers of the highest positive scores, at least `count` of them and all that equal the last one."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) <= count:
        return positive
    values = scores[positive]
    least = np.partition(values, len(values) - count)[len(values) - count]
    return positive[values >= least]
