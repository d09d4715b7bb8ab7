"""Puts together what a project lacks: one gap for each sort, ranked, each with places and an offer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast, get_args

from aura_code.answers import visible
from aura_code.filters import PathFilter
from aura_code.gaps.coverage import read_coverage
from aura_code.gaps.project_files import missing_files
from aura_code.gaps.public_api import Reached, api_gaps
from aura_code.gaps.reading import Mark, ReadText, Shaped, read_files
from aura_code.gaps.shapes import Sort
from aura_code.history import blame_lines
from aura_code.structure.facts import FileStructure
from aura_shared.messages.gaps import FindGaps, Gap, GapKind, GapPlace, GapsAnswer

_READ_S: Final = 3.0  # For the text of the files; the rest takes less than a second at a million lines.
_BLAME_S: Final = 1.5
_ALL: Final = cast("tuple[GapKind, ...]", get_args(GapKind))
_SHAPE_KINDS: Final = frozenset({"error-handling", "logging"})
_API_KINDS: Final = frozenset({"tests", "docs", "types"})
_PROJECT_KINDS: Final = frozenset({"tests", "project-files", "tooling"})
_ORDER: Final = {"FIXME": 0, "HACK": 1, "XXX": 2, "TODO": 3}


@dataclass(frozen=True, slots=True)
class GapSources:
    """What is known of a project."""

    root: Path
    files: Sequence[str]
    """Paths of its indexed files."""
    languages: Mapping[str, int]
    """Files by the identifier of their language."""
    structures: Iterable[FileStructure]
    """Of the files that have one; looked at once."""
    reached: Reached | None = None
    """By path the qualified names of definitions that tests reach by the graph of calls; None when it is not known."""


def find_gaps(sources: GapSources, request: FindGaps) -> GapsAnswer:
    """What a project lacks, the most important first.

    Raises:
        UsageProblem: A path glob cannot be read.
    """
    begin = time.monotonic()
    kinds = frozenset(request.kinds or _ALL)
    chosen = PathFilter(request.paths)
    paths = [path for path in sources.files if chosen.passes(path)] if request.paths else list(sources.files)
    gaps: list[Gap] = []
    if kinds & _PROJECT_KINDS and not request.paths:
        gaps += [gap for gap in missing_files(sources.root, sources.files, sources.languages) if gap.kind in kinds]
    if kinds & _API_KINDS:
        gaps += api_gaps(
            (one for one in sources.structures if not request.paths or chosen.passes(one.path)),
            kinds=cast("Collection[GapKind]", kinds & _API_KINDS),
            places=request.places,
            coverage=read_coverage(sources.root) if "tests" in kinds else None,
            reached=sources.reached,
        )
    text = ReadText()
    if kinds & (_SHAPE_KINDS | {"debt"}):
        text = read_files(
            sources.root, paths, marks="debt" in kinds, shapes=bool(kinds & _SHAPE_KINDS), budget_s=_READ_S
        )
        gaps += [gap for gap in _shape_gaps(text, request.places) if gap.kind in kinds]
        gaps += _debt(sources.root, text.marks, request.places)
    return _answer(gaps, text, request, paths, round(time.monotonic() - begin, 3))


def _answer(gaps: list[Gap], text: ReadText, request: FindGaps, paths: Sequence[str], seconds: float) -> GapsAnswer:
    gaps.sort(key=lambda gap: (-gap.weight, gap.kind, gap.title))
    counts = Counter[str]()
    for gap in gaps:
        counts[gap.kind] += gap.count
    reason = ""
    if not gaps:
        reason = "nothing of what was asked for is missing"
        if not paths:
            reason = "no indexed file passes the filters; try other paths, or none"
    return GapsAnswer(
        gaps=[_shown(gap) for gap in gaps[: request.limit]],
        counts=dict(counts),
        files=text.files or len(paths),
        unread=text.unread,
        more=len(gaps) > request.limit,
        reason=reason,
        seconds=seconds,
    )


def _shown(gap: Gap) -> Gap:
    """Without characters that a terminal or an editor would act on; names and comments are somebody else's."""
    places = [
        place.model_copy(
            update={
                "path": visible(place.path),
                "symbol": visible(place.symbol),
                "note": visible(place.note),
                "author": visible(place.author),
            }
        )
        for place in gap.places
    ]
    return gap.model_copy(update={"places": places})


def _shape_gaps(text: ReadText, places: int) -> list[Gap]:
    return [_shape_gap(text.sorts[identifier], found, places) for identifier, found in text.shaped.items()]


def _shape_gap(sort: Sort, found: Sequence[Shaped], places: int) -> Gap:
    return Gap(
        kind=sort.kind,
        title=sort.title.format(count=len(found)),
        why=sort.why,
        offer=sort.offer,
        weight=sort.weight,
        places=[GapPlace(path=one.path, line=one.line, symbol=one.symbol) for one in found[:places]],
        count=len(found),
    )


def _debt(root: Path, marks: Sequence[Mark], places: int) -> list[Gap]:
    """The marks, those that name a defect first; git is asked only about those that are shown."""
    if not marks:
        return []
    counts = Counter(mark.mark for mark in marks)
    shown = sorted(marks, key=lambda mark: (mark.aside, _ORDER[mark.mark], not mark.text, mark.path, mark.line))[
        :places
    ]
    wanted: dict[str, list[int]] = {}
    for mark in shown:
        wanted.setdefault(mark.path, []).append(mark.line)
    blamed = blame_lines(root, wanted, timeout_s=_BLAME_S)
    found: list[tuple[int, GapPlace]] = []
    for mark in shown:
        who = blamed.get(mark.path, {}).get(mark.line)
        since = datetime.fromtimestamp(who.at, UTC).date().isoformat() if who and who.at else ""
        note = f"{mark.mark}: {mark.text}" if mark.text else mark.mark
        place = GapPlace(path=mark.path, line=mark.line, note=note, author=who.author if who else "", since=since)
        found.append((who.at if who and who.at else 2**40, place))
    found.sort(key=lambda item: item[0])
    named = ", ".join(f"{counts[mark]} {mark}" for mark in _ORDER if counts[mark])
    oldest = min((place.since for _, place in found if place.since), default="")
    return [
        Gap(
            kind="debt",
            title=f"The code carries debt: {named}",
            why="Each mark is something that somebody knew to be wrong or unfinished; old ones are forgotten by all "
            "but the code.",
            offer="Aura would sort them into done, still true and worth a task, and draft the change for small ones.",
            weight=0.45,
            places=[place for _, place in found],
            count=len(marks),
            evidence=f"git blame of the lines shown; the oldest of them is of {oldest}" if oldest else "",
        )
    ]
