"""What an answer to a labelled question is worth.

Gain is binary and by file: the first hit inside a target file counts, a further hit in the same file wastes its place.
The ideal answer names each target file once, from the top.

Source:
    The scorer of semble's public benchmark (`benchmarks/metrics.py`), with which these figures can be compared. It
    differs in two points that move its mean by less than 0.005: there a target with a span is found only by an
    overlapping chunk (34 of 1,491 targets have one), and two targets in one file count as two.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

from bench.labels import Target

TOP = 10  # places that count, as in every figure published for this benchmark


class Hit(NamedTuple):
    """One returned span."""

    path: str
    """Relative to the checkout."""
    start: int
    end: int
    """Last line, inclusive."""
    score: float


@dataclass(frozen=True, slots=True)
class Score:
    """What one answer is worth."""

    ndcg: float
    recall: float
    """Share of the target files among the hits."""
    span_hit: bool | None
    """Whether a hit overlaps a labelled span; None where no target has one."""
    lines: int
    """Lines returned, all hits together."""


def score_answer(hits: Sequence[Hit], targets: Sequence[Target], *, top: int = TOP) -> Score:
    """The worth of the first `top` hits for a question with these targets (at least one)."""
    hits = hits[:top]
    wanted = {target.path for target in targets}
    ranks = first_ranks([hit.path for hit in hits], wanted)
    spans = [target for target in targets if target.has_span]
    return Score(
        ndcg=gain(ranks) / gain(range(1, min(top, len(wanted)) + 1)),
        recall=len(ranks) / len(wanted),
        span_hit=any(overlaps(hit, span) for hit in hits for span in spans) if spans else None,
        lines=sum(hit.end - hit.start + 1 for hit in hits),
    )


def first_ranks(paths: Sequence[str], wanted: Iterable[str]) -> list[int]:
    """The rank (from 1) of the first hit in each wanted file that was found, best first."""
    return sorted(paths.index(path) + 1 for path in wanted if path in paths)


def gain(ranks: Iterable[int]) -> float:
    """Discounted cumulative gain of correct answers at these ranks, counted from 1."""
    return sum(1 / math.log2(rank + 1) for rank in ranks)


def overlaps(hit: Hit, span: Target) -> bool:
    """Whether the hit shows a line of the labelled span."""
    return hit.path == span.path and hit.start <= span.end and hit.end >= span.start


def mean(values: Sequence[float]) -> float | None:
    """Their mean; None of nothing."""
    return fmean(values) if values else None


def standard_error(values: Sequence[float]) -> float:
    """Of their mean; 0 for fewer than two."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 to 1) of them do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
