"""The journal: what an application or undo is about to write, committed with every byte before a file is touched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from aura_factory.changes.blobs import BlobStore
from aura_factory.changes.records import StepKind, StepState, StoredChange, StoredStep, now_text
from aura_factory.changes.transitions import Side, Write


class StepStore(BlobStore):
    """Steps: `writing` until all of their files are as they shall be."""

    def begin(
        self, change: StoredChange, what: StepKind, applied: Sequence[str], folders: Sequence[str],
        writes: Sequence[Write], moves: Sequence[tuple[Side, Side]],
    ) -> StoredStep:  # fmt: skip
        """Keep what is about to be written; only then may it be."""
        with self.writing():
            cursor = self.connection.execute(
                "INSERT INTO steps (change, root, what, state, applied, folders, started_at)"
                " VALUES (?, ?, ?, 'writing', ?, ?, ?)",
                (change.id, str(change.root), what, json.dumps(list(applied)), json.dumps(list(folders)), now_text()),
            )
            number = cast("int", cursor.lastrowid)
            self.run(
                "INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, i, one.path, self.keep(one.pre), self.keep(one.post), one.pre_mode, one.post_mode)
                    for i, one in enumerate(writes)
                ],
            )
            self.run(
                "INSERT INTO moves VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, i, old.path, new.path, self.keep(old.data), self.keep(new.data), old.mode)
                    for i, (old, new) in enumerate(moves)
                ],
            )
        return StoredStep(number, change.id, change.root, what, list(applied), list(folders), list(writes), list(moves))

    def end(self, step: StoredStep, state: StepState) -> None:
        """Say how a step ended."""
        self.run("UPDATE steps SET state = ? WHERE id = ?", [(state, step.id)])

    def under_way(self, project: str = "") -> list[StoredStep]:
        """Steps of a project, or of all, that were never finished; the newest first."""
        of_project = "(? = '' OR change IN (SELECT id FROM changes WHERE project = ?))"
        return self._steps(f"WHERE state = 'writing' AND {of_project} ORDER BY id DESC", project, project)

    def standing(self, change: str) -> list[StoredStep]:
        """Applications of a change that were not undone, the oldest first; without their writes."""
        where = "WHERE change = ? AND state = 'done' AND what = 'apply' ORDER BY id"
        return self._steps(where, change, with_writes=False)

    def is_applied(self, change: str) -> bool:
        """Whether there is something to undo."""
        return bool(
            self.rows("SELECT 1 FROM steps WHERE change = ? AND state = 'done' AND what = 'apply' LIMIT 1", change)
        )

    def _steps(self, where: str, *values: object, with_writes: bool = True) -> list[StoredStep]:
        with self.lock:
            rows = self.rows(f"SELECT id, change, root, what, applied, folders FROM steps {where}", *values)  # noqa: S608 - constants of this module
            return [
                StoredStep(
                    cast("int", row[0]),
                    str(row[1]),
                    Path(str(row[2])),
                    cast("StepKind", row[3]),
                    json.loads(str(row[4])),
                    json.loads(str(row[5])),
                    self._writes(row[0]) if with_writes else [],
                    self._moves(row[0]),
                )
                for row in rows
            ]

    def _writes(self, step: object) -> list[Write]:
        rows = self.rows("SELECT path, pre, post, pre_mode, post_mode FROM writes WHERE step = ? ORDER BY ord", step)
        return [
            Write(str(path), self.needed(pre), self.needed(post), *cast("list[int]", modes))
            for path, pre, post, *modes in rows
        ]

    def _moves(self, step: object) -> list[tuple[Side, Side]]:
        rows = self.rows("SELECT old_path, new_path, pre, post, mode FROM moves WHERE step = ? ORDER BY ord", step)
        return [
            (Side(str(old), self.needed(pre), cast("int | None", mode)), Side(str(new), self.needed(post)))
            for old, new, pre, post, mode in rows
        ]
