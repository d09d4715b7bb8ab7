"""Answers that are kept, so that the very same question to the very same model is not asked twice.

The key covers everything that shapes an answer: the model's digest, the turns as they are sent, the options, the schema
and the version of the prompt. Only finished answers are kept, and those of gated calls only once their gate passed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import JsonValue

from aura_models.storing import Store
from aura_shared.messages.models import Complete, ModelInfo

__all__ = ["Answers", "KeptAnswer", "key_of"]

_JUDGED_WITHIN_MS: Final = 24 * 3600 * 1000  # A gate that has not spoken within a day never will.
_UNIDENTIFIED_MS: Final = 24 * 3600 * 1000  # Without a digest nobody tells that the model was replaced.
_TOUCHED_EVERY_MS: Final = 60_000  # The order of use needs no better than a minute; each touch is a write.
_INSERT_KEPT: Final = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is kept of an answer."""

    text: str
    """As the model gave it."""
    data: JsonValue
    """As JSON; None when no schema was asked for."""
    model: str
    """`server/model`."""
    tokens_in: int
    tokens_out: int


def key_of(request: Complete, model: ModelInfo, context_tokens: int) -> str:
    """Identifies a question to a model; any difference that could change the answer gives another one."""
    parts: list[object] = [
        model.digest or model.name,
        model.name,
        [[turn.role, turn.content] for turn in request.turns],
        [request.max_tokens, request.temperature, request.seed, context_tokens],
        request.answer_schema,
        request.prompt,
    ]
    written = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


class Answers:
    """The kept answers.

    Args:
        store: Where they are.
        most_bytes: Room for them; those that were not used for longest go first. 0 keeps none.
    """

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._store = store
        self._most_bytes = most_bytes

    async def find(self, keys: Sequence[str]) -> tuple[str, KeptAnswer] | None:
        """The first of these questions that has a kept answer, and that answer.

        Raises:
            StorageError: The file cannot be read.
        """
        if not self._most_bytes:
            return None
        now = _now_ms()
        found, stale = await self._store.read(lambda db: _find(db, keys, now))
        if found is not None and stale:
            key = found[0]
            await self._store.write(lambda db: db.execute("UPDATE answers SET used = ? WHERE key = ?", (now, key)))
        return found

    async def keep(self, key: str, digest: str, answer: KeptAnswer) -> None:
        """Keep an answer.

        Raises:
            StorageError: The file cannot be written.
        """
        now = _now_ms()
        row = _row(answer, digest)
        if row[-1] <= self._most_bytes:
            await self._store.write(lambda db: self._put(db, key, row, now))

    async def hold(self, call: str, key: str, digest: str, answer: KeptAnswer) -> None:
        """Set an answer aside until its gate has spoken.

        Raises:
            StorageError: The file cannot be written.
        """
        now = _now_ms()
        row = _row(answer, digest)

        def put(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM answers_to_judge WHERE at < ?", (now - _JUDGED_WITHIN_MS,))
            db.execute(
                "INSERT OR REPLACE INTO answers_to_judge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (call, key, *row, now)
            )

        if row[-1] <= self._most_bytes:
            await self._store.write(put)

    async def judge(self, call: str, key: str, *, passed: bool) -> None:
        """Keep the answer of a call, or forget it, also where it was kept before.

        Raises:
            StorageError: The file cannot be written.
        """
        now = _now_ms()

        def apply(db: sqlite3.Connection) -> None:
            row = db.execute(
                "DELETE FROM answers_to_judge WHERE call = ? RETURNING key, model, digest, text, data, tokens_in, "
                "tokens_out, bytes",
                (call,),
            ).fetchone()
            if not passed:
                db.execute("DELETE FROM answers WHERE key = ?", (key,))
            elif row is not None:
                self._put(db, row[0], row[1:], now)

        await self._store.write(apply)

    async def forget_others(self, digests: dict[str, str]) -> int:
        """Forget the answers of models that have another digest now; returns how many.

        Raises:
            StorageError: The file cannot be written.
        """

        def other(db: sqlite3.Connection) -> list[tuple[str, str]]:
            known = db.execute("SELECT DISTINCT model, digest FROM answers").fetchall()
            return [(model, digest) for model, digest in known if model in digests and digests[model] != digest]

        gone = await self._store.read(other)
        if not gone:
            return 0
        return await self._store.write(
            lambda db: db.executemany("DELETE FROM answers WHERE model = ? AND digest = ?", gone).rowcount
        )

    async def clear(self, model: str = "") -> int:
        """Forget all answers, or those of `server/model`; returns how many.

        Raises:
            StorageError: The file cannot be written.
        """

        def apply(db: sqlite3.Connection) -> int:
            which, values = (" WHERE model = ?", (model,)) if model else ("", ())
            db.execute(f"DELETE FROM answers_to_judge{which}", values)  # noqa: S608 - one of two texts of ours
            return db.execute(f"DELETE FROM answers{which}", values).rowcount  # noqa: S608 - likewise

        return await self._store.write(apply)

    async def size(self) -> tuple[int, int]:
        """How many answers are kept, and their bytes.

        Raises:
            StorageError: The file cannot be read.
        """
        return await self._store.read(_size)

    def _put(self, db: sqlite3.Connection, key: str, row: tuple[str | int, ...], now: int) -> None:
        db.execute(_INSERT_KEPT, (key, *row, now, now))
        over = _size(db)[1] - self._most_bytes
        if over <= 0:
            return
        gone: list[tuple[str]] = []
        for old, size in db.execute("SELECT key, bytes FROM answers ORDER BY used, key"):
            if over <= 0:
                break
            gone.append((old,))
            over -= size
        db.executemany("DELETE FROM answers WHERE key = ?", gone)


def _find(db: sqlite3.Connection, keys: Sequence[str], now: int) -> tuple[tuple[str, KeptAnswer] | None, bool]:
    """The first kept one, and whether its time of use is to be written."""
    for key in keys:
        row = db.execute(
            "SELECT text, data, model, tokens_in, tokens_out, used FROM answers "
            "WHERE key = ? AND (digest != '' OR kept_at > ?)",
            (key, now - _UNIDENTIFIED_MS),
        ).fetchone()
        if row is not None:
            data = cast("JsonValue", json.loads(row[1]))
            return (key, KeptAnswer(row[0], data, *row[2:5])), now - row[5] > _TOUCHED_EVERY_MS
    return None, False


def _row(answer: KeptAnswer, digest: str) -> tuple[str, str, str, str, int, int, int]:
    data = json.dumps(answer.data, ensure_ascii=False)
    size = len(answer.text.encode("utf-8", "replace")) + len(data.encode("utf-8", "replace")) + 200  # Row and index.
    return (answer.model, digest, answer.text, data, answer.tokens_in, answer.tokens_out, size)


def _size(db: sqlite3.Connection) -> tuple[int, int]:
    entries, total = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM answers").fetchone()
    return int(entries), int(total)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
