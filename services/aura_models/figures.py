"""How models did: every model that was asked in a call, what its gate said, trials, and what self-tests showed."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from pydantic import ValidationError

from aura_models.storing import Store
from aura_shared.errors import NotFound
from aura_shared.messages.models import (
    Complete,
    ModelAbilities,
    ModelFigures,
    ModelInfo,
    ModelRole,
    ReportOutcome,
    TrialFigures,
)

__all__ = ["Asked", "Figures", "percentile"]

KEPT_DAYS: Final = 90
MOST_ROWS: Final = 200_000  # About 40 MB; at a call every half minute, day and night, two months.
LOWERED_FOR_S: Final = 24 * 3600.0
"""How long a model that was refused twice is asked after the others."""
_REFUSALS: Final = 2
_MOST_TRIALS: Final = 50
_TRIMMED_EVERY: Final = 500
_DAY_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """One model that was asked in a call, or an answer of its that was kept."""

    model: str
    """`server/model`."""
    outcome: str
    """`ok`, `cached`, or the code of the error."""
    seconds: float = 0.0
    first_token_s: float = 0.0
    queue_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    key: str = ""
    """Of the answer."""
    malformed: bool = False
    """Whether it did not satisfy its schema, which is a gate of our own."""


@dataclass(slots=True)
class _Sums:
    seconds: list[float] = field(default_factory=list[float])
    first: list[float] = field(default_factory=list[float])
    failed: dict[str, int] = field(default_factory=dict[str, int])
    calls: int = 0
    cached: int = 0
    passed: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


class Figures:
    """The figures in the database of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written = 0

    async def add(self, call: str, request: Complete, asked: Sequence[Asked]) -> None:
        """Keep how a call went.

        Raises:
            StorageError: The file cannot be written.
        """
        now = _now_ms()
        rows = [
            (call, now, request.role, request.task, one.model, one.outcome, one.seconds, one.first_token_s, one.queue_s,
             one.tokens_in, one.tokens_out, request.prompt, request.trial, one.key, 0 if one.malformed else None,
             "schema" if one.malformed else "")
            for one in asked
        ]  # fmt: skip
        trim = self._written % _TRIMMED_EVERY == 0
        self._written += 1

        def put(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO calls (call, at, role, task, model, outcome, seconds, first_token_s, queue_s, tokens_in, "
                "tokens_out, prompt, trial, key, passed, gate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            if trim:
                db.execute("DELETE FROM calls WHERE at < ?", (now - KEPT_DAYS * _DAY_MS,))
                db.execute("DELETE FROM calls WHERE number <= (SELECT max(number) FROM calls) - ?", (MOST_ROWS,))

        await self._store.write(put)

    async def judge(self, report: ReportOutcome) -> str:
        """Keep what the gate said of a call; returns the key of its answer, empty when it had none.

        Raises:
            NotFound: There was no such call, or it failed.
            StorageError: The file cannot be written.
        """

        def put(db: sqlite3.Connection) -> str | None:
            row = db.execute(
                "UPDATE calls SET passed = ?, gate = ?, score = ? WHERE call = ? AND outcome IN ('ok', 'cached') "
                "RETURNING key",
                (int(report.passed), report.gate, report.score, report.call),
            ).fetchone()
            return None if row is None else str(row[0])

        key = await self._store.write(put)
        if key is None:
            raise NotFound(f"no answered call {report.call!r} is known", hint="Name the `call` of a Completion.")
        return key

    async def lowered(self, role: ModelRole, task: str) -> set[str]:
        """Models whose last two judged answers in a role and task were refused, within the last day.

        Raises:
            StorageError: The file cannot be read.
        """
        since = _now_ms() - int(LOWERED_FOR_S * 1000)

        def find(db: sqlite3.Connection) -> set[str]:
            rows = db.execute(
                "SELECT model, passed FROM (SELECT model, passed, at, row_number() OVER "
                "(PARTITION BY model ORDER BY number DESC) AS place FROM calls "
                "WHERE role = ? AND task = ? AND passed IS NOT NULL AND at >= ?) WHERE place <= ?",
                (role, task, since, _REFUSALS),
            ).fetchall()
            last: dict[str, list[int]] = {}
            for model, passed in rows:
                last.setdefault(model, []).append(passed)
            return {model for model, passed in last.items() if len(passed) == _REFUSALS and not any(passed)}

        return await self._store.read(find)

    async def summary(self, role: ModelRole | None, days: int) -> list[ModelFigures]:
        """Figures by role, task and model, of the last `days`.

        Raises:
            StorageError: The file cannot be read.
        """
        since = _now_ms() - days * _DAY_MS

        def find(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return db.execute(
                "SELECT role, task, model, outcome, seconds, first_token_s, tokens_in, tokens_out, passed FROM calls "
                "WHERE at >= ? AND (? IS NULL OR role = ?) ORDER BY role, task, model",
                (since, role, role),
            ).fetchall()

        rows = await self._store.read(find)
        return [
            _figures(name[2], name[0], name[1], list(group)) for name, group in groupby(rows, key=lambda row: row[:3])
        ]

    async def trials(self, days: int) -> list[TrialFigures]:
        """The newest trials.

        Raises:
            StorageError: The file cannot be read.
        """
        since = _now_ms() - days * _DAY_MS

        def find(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return db.execute(
                "SELECT trial, task, at, model, seconds, passed, score FROM calls WHERE at >= ? AND outcome = 'ok' "
                "AND trial IN (SELECT trial FROM calls WHERE trial != '' GROUP BY trial ORDER BY max(at) DESC LIMIT ?) "
                "ORDER BY trial, at",
                (since, _MOST_TRIALS),
            ).fetchall()

        rows = await self._store.read(find)
        found = [_trial(name, list(group)) for name, group in groupby(rows, key=lambda row: str(row[0]))]
        return sorted(found, key=lambda trial: trial.at, reverse=True)

    async def since(self) -> str:
        """When the oldest figure is from, as ISO 8601 in UTC; empty when there is none.

        Raises:
            StorageError: The file cannot be read.
        """
        oldest = await self._store.read(lambda db: db.execute("SELECT min(at) FROM calls").fetchone()[0])
        return "" if oldest is None else _iso(int(oldest))

    async def keep_abilities(self, model: str, found: ModelAbilities) -> None:
        """Keep what a self-test showed.

        Raises:
            StorageError: The file cannot be written.
        """
        row = (model, found.digest, found.model_dump_json())
        await self._store.write(lambda db: db.execute("INSERT OR REPLACE INTO abilities VALUES (?, ?, ?)", row))

    async def with_abilities(self, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The models with what their self-tests showed, unless their digest has changed since.

        Raises:
            StorageError: The file cannot be read.
        """
        rows = await self._store.read(lambda db: db.execute("SELECT model, digest, found FROM abilities").fetchall())
        known = {(model, digest): found for model, digest, found in rows}
        return [
            model.model_copy(update={"abilities": _abilities(known.get((model.name, model.digest)))})
            for model in models
        ]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` of the values (nearest rank); 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _figures(model: str, role: ModelRole, task: str, rows: Sequence[tuple[Any, ...]]) -> ModelFigures:
    sums = _Sums()
    for _, _, _, outcome, seconds, first, tokens_in, tokens_out, passed in rows:
        sums.passed += passed == 1
        sums.refused += passed == 0
        if outcome == "cached":
            sums.cached += 1
            continue
        sums.calls += 1
        sums.tokens_in += tokens_in
        sums.tokens_out += tokens_out
        if outcome == "ok":
            sums.seconds.append(seconds)
            sums.first.append(first)
        else:
            sums.failed[outcome] = sums.failed.get(outcome, 0) + 1
    return ModelFigures(
        model=model,
        role=role,
        task=task,
        calls=sums.calls,
        failed=sums.failed,
        passed=sums.passed,
        refused=sums.refused,
        cached=sums.cached,
        first_token_p50_s=percentile(sums.first, 0.5),
        p50_s=percentile(sums.seconds, 0.5),
        p95_s=percentile(sums.seconds, 0.95),
        tokens_in=sums.tokens_in,
        tokens_out=sums.tokens_out,
    )


def _trial(name: str, rows: Sequence[tuple[Any, ...]]) -> TrialFigures:
    """Scores are the mean over a model's answers; without a score, passed counts 1 and refused 0."""
    seconds: dict[str, float] = {}
    given: dict[str, list[float | None]] = {}
    for _, _, _, model, took, passed, score in rows:
        seconds[model] = seconds.get(model, 0.0) + took
        given.setdefault(model, []).append(score if score is not None else passed)
    scores = {
        model: sum(known) / len(known)
        for model, values in given.items()
        if (known := [value for value in values if value is not None])
    }
    best = sorted(scores, key=lambda model: -scores[model])
    decided = len(best) == len(given) >= 2 and scores[best[0]] > scores[best[1]]
    return TrialFigures(
        trial=name,
        task=str(rows[0][1]),
        at=_iso(int(rows[0][2])),
        scores=scores,
        seconds=seconds,
        winner=best[0] if decided else "",
    )


def _abilities(written: str | None) -> ModelAbilities | None:
    """What was kept, unless another version of Aura wrote it in another form."""
    if written is None:
        return None
    try:
        return ModelAbilities.model_validate_json(written)
    except ValidationError:
        return None


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
