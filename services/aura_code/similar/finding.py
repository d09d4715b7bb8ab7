"""Answers about copies: the clone groups of a project, and what is like one function or piece of code."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from aura_code.filters import PathFilter, language_ids
from aura_code.similar.clones import LEAST_TOKENS, RUN, run_hashes, unpack, winnow
from aura_code.similar.comparing import LEAST_NAMES, Difference, Likeness, difference, likeness
from aura_code.similar.store import SimilarReader, StoredUnit
from aura_code.similar.tokens import Tokens, family, read_tokens
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.messages.similar import (
    CloneGroup,
    CloneKind,
    ClonesAnswer,
    FindClones,
    FindSimilar,
    SimilarAnswer,
    SimilarPlace,
)  # fmt: skip

_COMMON: Final = 40
"""Functions that share a mark; a mark of more is an idiom of the project."""
_MOST_PAIRS: Final = 60_000  # Compared at 0.15 ms each; beyond, the answer says that there may be more.
_LEAST_SHARED: Final = 0.5
"""Share of common marks from which two functions are compared token by token."""
_LARGEST_FIRST: Final[tuple[CloneKind, ...]] = ("changed", "renamed", "exact")
_MOST_PARAMETERS: Final = 5
_SHORT_LINES: Final = 12
_MOST_NAMES: Final = 12
"""Distinct names that differ; beyond, functions follow one pattern and do other things."""
_CALL_LINES: Final = 3  # What each copy keeps: its signature and the call of what is shared.
_FEW: Final = 24
"""Copies of one function beyond which comparing all of them in pairs tells nothing new."""


class _Pair(NamedTuple):
    likeness: Likeness
    other: int


@dataclass(slots=True)
class _Comparison:
    """The functions of a project that are compared, and their tokens as far as they are needed."""

    reader: SimilarReader
    units: Sequence[StoredUnit]
    _tokens: dict[int, Tokens] = field(default_factory=dict[int, Tokens])

    def load(self, places: Iterable[int]) -> None:
        """Have the tokens of some functions at hand."""
        missing = [self.units[place].id for place in set(places) if place not in self._tokens]
        bodies = self.reader.bodies(missing)
        by_id = {unit.id: place for place, unit in enumerate(self.units) if unit.id in bodies}
        for number, body in bodies.items():
            place = by_id[number]
            self._tokens[place] = unpack(body, self.units[place].start_line)

    def tokens(self, place: int) -> Tokens:
        """The tokens of a function that was loaded."""
        return self._tokens[place]


def find_clones(store: SimilarReader, request: FindClones) -> ClonesAnswer:
    """The clone groups of a project, those that would save most first."""
    started = time.perf_counter()
    units = _wanted(store.units(aside=request.tests), request.languages, request.min_lines)
    pairs, complete = _candidates(units)
    comparison = _Comparison(store, units)
    comparison.load(place for pair in pairs for place in pair)
    near = _verified(comparison, pairs, request.similarity)
    groups = _outermost(units, _grouped(units, near))
    shown = [_show(comparison, group, near) for group in groups]
    paths = PathFilter(request.paths)
    shown = [
        group
        for group in shown
        if _worth_telling(group)
        and (not request.kinds or group.kind in request.kinds)
        and any(paths.passes(place.path) for place in group.places)
    ]
    shown.sort(
        key=lambda group: (-group.saves_lines * (1 + group.extract), group.places[0].path, group.places[0].start_line)
    )
    return ClonesAnswer(
        groups=shown[: request.limit],
        total=len(shown),
        more=len(shown) > request.limit or not complete,
        functions=len(units),
        reason="" if shown else _why_none(units, request),
        seconds=time.perf_counter() - started,
    )


def _worth_telling(group: CloneGroup) -> bool:
    """False where little is left that is the same: short functions that differ in more than they share."""
    if group.lines <= _SHORT_LINES and group.names + group.literals > _MOST_PARAMETERS:
        return False
    return group.names <= _MOST_NAMES


def _wanted(units: list[StoredUnit], languages: Sequence[str], min_lines: int) -> list[StoredUnit]:
    identifiers = language_ids(languages)
    return [
        unit
        for unit in units
        if unit.end_line - unit.start_line + 1 >= min_lines and (not identifiers or unit.language in identifiers)
    ]


def _why_none(units: Sequence[StoredUnit], request: FindClones) -> str:
    if not units:
        return (
            f"No function of at least {request.min_lines} lines and {LEAST_TOKENS} tokens passes the filters; "
            "loosen languages or min_lines, or count tests as well."
        )
    return f"None of {len(units)} functions is a copy of another one; try a smaller similarity, or count tests as well."


def _candidates(units: Sequence[StoredUnit]) -> tuple[list[tuple[int, int]], bool]:
    """Pairs of functions that share enough marks, and whether these are all."""
    if not units:
        return [], True
    sizes = np.array([len(unit.marks) // 4 for unit in units])
    marks = np.frombuffer(b"".join(unit.marks for unit in units), np.uint32)
    owners = np.repeat(np.arange(len(units)), sizes)
    order = np.argsort(marks, kind="stable")
    marks, owners = marks[order], owners[order]
    ends = np.flatnonzero(np.diff(marks)) + 1
    shared: Counter[tuple[int, int]] = Counter()
    for begin, end in zip([0, *ends.tolist()], [*ends.tolist(), len(marks)], strict=True):
        if 2 <= end - begin <= _COMMON:
            some = owners[begin:end].tolist()
            shared.update((first, second) for at, first in enumerate(some) for second in some[at + 1 :])
    good = {
        pair: count
        for pair, count in shared.items()
        if count >= _LEAST_SHARED * max(sizes[pair[0]], sizes[pair[1]]) and _comparable(units[pair[0]], units[pair[1]])
    }
    for pair in _same_shape(units):
        good.setdefault(pair, int(sizes[pair[0]]))
    chosen = sorted(good, key=lambda pair: (-good[pair], pair))
    return chosen[:_MOST_PAIRS], len(chosen) <= _MOST_PAIRS


def _same_shape(units: Sequence[StoredUnit]) -> Iterable[tuple[int, int]]:
    """Pairs of the same shape: however many copies there are, each is compared with the first ones."""
    by_shape: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, unit in enumerate(units):
        by_shape[unit.shape].append(place)
    for places in by_shape.values():
        for at, second in enumerate(places):
            for first in places[: min(at, _FEW)]:
                if _comparable(units[first], units[second]):
                    yield first, second


def _comparable(left: StoredUnit, right: StoredUnit) -> bool:
    """Whether two functions are written in one language and neither surrounds the other."""
    if family(left.language) != family(right.language):
        return False
    return left.path != right.path or left.end_line < right.start_line or right.end_line < left.start_line


def _verified(
    comparison: _Comparison, pairs: Sequence[tuple[int, int]], least: float
) -> dict[int, dict[int, Likeness]]:
    """For each function those that are like it."""
    near: defaultdict[int, dict[int, Likeness]] = defaultdict(dict)
    for first, second in pairs:
        found = likeness(comparison.tokens(first), comparison.tokens(second))
        if not found.table and found.names >= LEAST_NAMES and found.value >= least:
            near[first][second] = found
            near[second][first] = found
    return near


def _grouped(units: Sequence[StoredUnit], near: dict[int, dict[int, Likeness]]) -> list[list[int]]:
    """Groups around the function with most copies; every one is like the first, so that no chain joins unlike ones."""
    left = set(near)
    groups: list[list[int]] = []
    for place in sorted(near, key=lambda place: (-len(near[place]), -units[place].tokens, place)):
        if place not in left:
            continue
        members = _apart(units, sorted(other for other in near[place] if other in left))
        if members:
            groups.append([place, *members])
            left.difference_update([place, *members])
    return groups


def _apart(units: Sequence[StoredUnit], places: list[int]) -> list[int]:
    """Without functions that lie within another one of these; they are in the order of their files."""
    kept: list[int] = []
    for place in places:
        if not kept or _comparable(units[kept[-1]], units[place]):
            kept.append(place)
    return kept


def _outermost(units: Sequence[StoredUnit], groups: list[list[int]]) -> list[list[int]]:
    """Without groups whose places all lie within those of another group: copies within copied functions."""
    spans: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, group in enumerate(groups):
        for place in group:
            unit = units[place]
            spans[unit.path].append((unit.start_line, unit.end_line, number))
    return [group for number, group in enumerate(groups) if not _within_another(units, group, number, spans)]


def _within_another(
    units: Sequence[StoredUnit], group: list[int], number: int, spans: dict[str, list[tuple[int, int, int]]]
) -> bool:
    around: set[int] | None = None
    for place in group:
        unit = units[place]
        holders = {
            other
            for start, end, other in spans[unit.path]
            if other != number
            and start <= unit.start_line
            and unit.end_line <= end
            and (start, end) != (unit.start_line, unit.end_line)
        }
        around = holders if around is None else around & holders
        if not around:
            return False
    return True


def _show(comparison: _Comparison, group: list[int], near: dict[int, dict[int, Likeness]]) -> CloneGroup:
    units = comparison.units
    first, others = group[0], group[1:]
    differences = [difference(comparison.tokens(first), comparison.tokens(other)) for other in others]
    most = _largest(differences)
    lines = units[first].end_line - units[first].start_line + 1
    saves = max(0, (lines - _CALL_LINES) * len(others) - _CALL_LINES - most.changed_lines * len(others))
    extract = saves > 0 and most.names + most.literals <= _MOST_PARAMETERS and most.changed_lines <= lines // 6
    places = [_place(units[first], 1.0, None)]
    places += [
        _place(units[other], near[first][other].value, found.kind)
        for other, found in zip(others, differences, strict=True)
    ]
    return CloneGroup(
        kind=most.kind,
        similarity=min(place.similarity for place in places),
        lines=lines,
        places=places,
        names=most.names,
        literals=most.literals,
        changed_lines=most.changed_lines,
        extract=extract,
        saves_lines=saves,
        advice=_advice(most, extract),
    )


def _largest(differences: Sequence[Difference]) -> Difference:
    """The largest of each difference."""
    kinds = {found.kind for found in differences}
    return Difference(
        next(kind for kind in _LARGEST_FIRST if kind in kinds),
        max(found.names for found in differences),
        max(found.literals for found in differences),
        max(found.changed_lines for found in differences),
    )


def _advice(found: Difference, extract: bool) -> str:
    if found.kind == "exact":
        return "Nothing differs: keep one and call it from the others." if extract else "Nothing differs."
    counted = [
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((found.names, "name"), (found.literals, "literal"), (found.changed_lines, "line"))
        if count
    ]
    what = " and ".join([", ".join(counted[:-1]), counted[-1]] if len(counted) > 1 else counted)
    verb = "differs" if sum((found.names, found.literals, found.changed_lines)) == 1 else "differ"
    if extract:
        return f"{what} {verb}: a shared function could take that as parameters."
    return f"{what} {verb}: sharing would take many parameters or save little; keep them in step."


def _place(unit: StoredUnit, similarity: float, kind: CloneKind | None) -> SimilarPlace:
    return SimilarPlace(
        path=unit.path,
        start_line=unit.start_line,
        end_line=unit.end_line,
        symbol=unit.symbol,
        language=unit.language,
        similarity=round(similarity, 3),
        kind=kind,
    )


def similar_to(store: SimilarReader, request: FindSimilar) -> SimilarAnswer:
    """What is like one function, or a piece of code.

    Raises:
        UsageProblem: Neither a place nor code is given.
        NotFound: No function that is long enough stands there.
    """
    started = time.perf_counter()
    units = store.units(aside=True)
    wanted = _asked(store, units, request)
    comparison = _Comparison(store, units)
    found = _nearest(comparison, wanted, request)
    places = [
        _place(
            units[pair.other],
            pair.likeness.value,
            difference(wanted.of(units[pair.other]), comparison.tokens(pair.other)).kind,
        )
        for pair in found[: request.limit]
    ]
    return SimilarAnswer(
        places=places,
        more=len(found) > request.limit,
        reason="" if places else f"Nothing among {len(units)} functions is like it; try a smaller similarity.",
        seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is compared with everything."""

    tokens: dict[str, Tokens]
    """By family of languages; one without a name fits every language."""
    unit: StoredUnit | None = None
    """The function that was asked for."""

    def of(self, unit: StoredUnit) -> Tokens:
        """What a function is compared with."""
        return self.tokens[family(unit.language)]


def _asked(store: SimilarReader, units: list[StoredUnit], request: FindSimilar) -> _Asked:
    if request.code:
        families = {family(unit.language) for unit in units}
        if request.language:
            families = {family(next(iter(language_ids([request.language]))))}
        tokens = {name: read_tokens(request.code.encode("utf-8", "replace"), name) for name in families}
        if any(len(found.hashes) < 2 * RUN for found in tokens.values()):
            raise UsageProblem(
                f"The code is too short to compare: expected at least {2 * RUN} tokens.",
                hint="Give some statements, or search for its names instead.",
            )
        return _Asked(tokens)
    if not request.path or request.line is None:
        raise UsageProblem(
            "Expected a path with a line, or a piece of code; found neither.", hint="Give path and line."
        )
    around = [unit for unit in units if unit.path == request.path and unit.start_line <= request.line <= unit.end_line]
    if not around:
        raise NotFound(
            f"No function of at least {LEAST_TOKENS} tokens stands at {request.path}:{request.line}.",
            hint="Give a line within a longer function, or the code itself.",
        )
    unit = min(around, key=lambda unit: unit.end_line - unit.start_line)
    return _Asked({family(unit.language): unpack(store.bodies([unit.id])[unit.id], unit.start_line)}, unit)


def _nearest(comparison: _Comparison, wanted: _Asked, request: FindSimilar) -> list[_Pair]:
    """What is like it, the most similar first."""
    marks = {name: np.unique(winnow(run_hashes(tokens.shape()))) for name, tokens in wanted.tokens.items()}
    near: list[int] = []
    units = comparison.units
    sizes = np.array([len(unit.marks) // 4 for unit in units])
    owners = np.repeat(np.arange(len(units)), sizes)
    everything = np.frombuffer(b"".join(unit.marks for unit in units), np.uint32)
    for name, some in marks.items():
        counts = np.bincount(owners[np.isin(everything, some)], minlength=len(units))
        enough = counts >= np.maximum(1, 0.5 * request.similarity * np.maximum(sizes, len(some)))
        near += [place for place in np.flatnonzero(enough).tolist() if family(units[place].language) == name]
    near = [place for place in near if _may_show(store_unit=units[place], wanted=wanted.unit)]
    comparison.load(near)
    found = [_Pair(likeness(wanted.of(units[place]), comparison.tokens(place)), place) for place in near]
    found = [pair for pair in found if pair.likeness.value >= request.similarity]
    return sorted(found, key=lambda pair: (-pair.likeness.value, pair.other))


def _may_show(store_unit: StoredUnit, wanted: StoredUnit | None) -> bool:
    return wanted is None or _comparable(store_unit, wanted)
