"""The store of changes: one SQLite file with changes, hunks, decisions, the journal of writing, and bytes of files."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from aura_factory.changes.hunks import StoredHunk
from aura_factory.changes.lines import Block
from aura_factory.changes.records import StoredChange, StoredFile
from aura_factory.changes.steps import StepStore
from aura_shared.errors import UnknownChange, UsageProblem
from aura_shared.messages.changes import ChangeState, CheckResult, Decision, FileChangeKind
from aura_shared.storage import storage_error

_COLUMNS: Final = (
    "id, project, root, title, why, source, state, checks, replaces, created_at, changed_at, file_count, added,"
    " removed, notice"
)


class ChangeStore(StepStore):
    """Everything that is kept of changes; it may be used from several threads."""

    def new_name(self) -> str:
        """An identifier that no change has."""
        while True:
            name = secrets.token_hex(4)
            if not self.rows("SELECT 1 FROM changes WHERE id = ?", name):
                return name

    def add(self, change: StoredChange) -> None:
        """Keep a new change with its files and hunks."""
        with self.writing():
            marks = ", ".join("?" * len(_COLUMNS.split(",")))
            checks = json.dumps([check.model_dump() for check in change.checks])
            self.run(
                f"INSERT INTO changes ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - constants of this module
                [(
                    change.id, change.project, str(change.root), change.title, change.why, change.source, change.state,
                    checks, change.replaces, change.created_at, change.changed_at, change.file_count, change.added,
                    change.removed, change.notice,
                )],
            )  # fmt: skip
            for number in range(len(change.files)):
                self.put_file(change, number)

    def put_file(self, change: StoredChange, number: int) -> None:
        """Keep a file of a change anew, with its hunks."""
        file = change.files[number]
        with self.writing():
            before = self.keep(None if file.kind == "added" else file.before)
            after = self.keep(None if file.kind == "deleted" else file.after)
            self.run("DELETE FROM files WHERE change = ? AND ord = ?", [(change.id, number)])
            row = (change.id, number, file.path, file.kind, file.moved_from, before, after)
            self.run("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", [row])
            self.run(
                "INSERT INTO hunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        change.id, number, i, hunk.id, *hunk.block, hunk.symbol, int(hunk.move), hunk.decision,
                        hunk.comment, int(hunk.applied),
                    )
                    for i, hunk in enumerate(file.hunks)
                ],
            )  # fmt: skip

    def put_state(self, change: StoredChange) -> None:
        """Keep state, counts, notice, and the decisions on the hunks of a change."""
        with self.writing():
            self.run(
                "UPDATE changes SET state = ?, notice = ?, added = ?, removed = ?, changed_at = ? WHERE id = ?",
                [(change.state, change.notice, change.added, change.removed, change.changed_at, change.id)],
            )
            self.run(
                "UPDATE hunks SET decision = ?, comment = ?, applied = ? WHERE change = ? AND id = ?",
                [(hunk.decision, hunk.comment, int(hunk.applied), change.id, hunk.id) for hunk in change.hunks],
            )

    def put_checks(self, change: StoredChange) -> None:
        """Keep what checks said of a change."""
        checks = json.dumps([check.model_dump() for check in change.checks])
        self.run("UPDATE changes SET checks = ? WHERE id = ?", [(checks, change.id)])

    def head(self, name: str) -> StoredChange:
        """The change whose identifier starts with `name`, without its files.

        Raises:
            UnknownChange: There is none.
            UsageProblem: There are several.
        """
        name = name.strip().lower()
        found = self._changes("WHERE ? != '' AND substr(id, 1, ?) = ? ORDER BY seq DESC", name, len(name), name)
        if not found:
            raise UnknownChange(f"there is no change {name!r}")
        if len(found) > 1:
            shown = ", ".join(change.id for change in found[:8])
            raise UsageProblem(f"{len(found)} changes start with {name!r}: {shown}", hint="Give more of it.")
        return found[0]

    def find(self, name: str) -> StoredChange:
        """The same, whole.

        Raises:
            UnknownChange: There is none.
            UsageProblem: There are several.
            Corrupt: Kept bytes cannot be trusted.
        """
        with self.lock:
            change = self.head(name)
            change.files = self._files(change.id)
        return change

    def list(self, project: str, states: Sequence[ChangeState], limit: int) -> list[StoredChange]:
        """Changes without their files, the newest first.

        Args:
            project: Of this project; empty for all.
            states: Only these; empty for all.
            limit: Most changes.
        """
        marks = ", ".join("?" * len(states))
        return self._changes(
            f"WHERE (? = '' OR project = ?) AND (? = 0 OR state IN ({marks})) ORDER BY seq DESC LIMIT ?",
            project,
            project,
            len(states),
            *states,
            limit,
        )

    def _changes(self, where: str, *values: object) -> list[StoredChange]:
        rows = self.rows(
            f"SELECT {_COLUMNS} FROM changes {where}",  # noqa: S608 - constants of this module
            *values,
        )
        changes: list[StoredChange] = []
        for row in rows:
            name, project, root, title, why, source, state, checks, replaces, created, changed, *counts, notice = row
            changes.append(
                StoredChange(
                    id=str(name),
                    project=str(project),
                    root=Path(str(root)),
                    title=str(title),
                    why=str(why),
                    source=str(source),
                    state=cast("ChangeState", state),
                    checks=[CheckResult.model_validate(one) for one in json.loads(str(checks))],
                    replaces=str(replaces),
                    created_at=str(created),
                    changed_at=str(changed),
                    file_count=cast("int", counts[0]),
                    added=cast("int", counts[1]),
                    removed=cast("int", counts[2]),
                    notice=str(notice),
                )
            )
        return changes

    def _files(self, change: str) -> list[StoredFile]:
        rows = self.rows(
            "SELECT path, kind, before, after, moved_from FROM files WHERE change = ? ORDER BY ord", change
        )
        files = [
            StoredFile(
                str(path),
                cast("FileChangeKind", kind),
                self.needed(before) or b"",
                self.needed(after) or b"",
                str(moved_from),
            )
            for path, kind, before, after, moved_from in rows
        ]
        rows = self.rows(
            "SELECT file, id, old_start, old_end, new_start, new_end, symbol, decision, comment, applied, move"
            " FROM hunks WHERE change = ? ORDER BY file, ord",
            change,
        )
        for file, name, *rest in rows:
            block = Block(*cast("list[int]", rest[:4]))
            symbol, decision, comment, applied, move = rest[4:]
            files[cast("int", file)].hunks.append(
                StoredHunk(
                    str(name), block, str(symbol), cast("Decision", decision), str(comment), bool(applied), bool(move)
                )
            )
        return files

    def drop_before(self, when: str) -> int:
        """Forget changes that nothing happened to since `when`; returns how many."""
        return self._drop("WHERE changed_at < ? AND id NOT IN (SELECT change FROM steps WHERE state = 'writing')", when)

    def shrink(self, most_bytes: int, keep: str) -> list[StoredChange]:
        """Forget changes until they fit into so many bytes; returns those that were forgotten.

        First go rejected and undone ones, then open proposals, and only then those that could still be undone.

        Args:
            most_bytes: Room for the bytes of files.
            keep: A change that stays.
        """
        dropped: list[StoredChange] = []
        with self.writing():
            while self.stored_bytes() > most_bytes:
                found = self._changes(
                    "WHERE id != ? AND id NOT IN (SELECT change FROM steps WHERE state = 'writing') ORDER BY CASE"
                    " WHEN state IN ('rejected', 'undone') THEN 0 WHEN state = 'proposed' THEN 1 ELSE 2 END, seq"
                    " LIMIT 1",
                    keep,
                )
                if not found:
                    break
                self._drop("WHERE id = ?", found[0].id)
                dropped += found
        return dropped

    def _drop(self, where: str, *values: object) -> int:
        with self.writing():
            try:
                deleted = self.connection.execute(f"DELETE FROM changes {where}", values)  # noqa: S608 - likewise
                count = deleted.rowcount
                if count:
                    self.connection.execute(_DROP_BYTES)
            except sqlite3.Error as error:
                raise storage_error(error, "the store of changes") from error
        return count


_DROP_BYTES: Final = """DELETE FROM blobs WHERE
    NOT EXISTS (SELECT 1 FROM files WHERE before = sha) AND NOT EXISTS (SELECT 1 FROM files WHERE after = sha)
    AND NOT EXISTS (SELECT 1 FROM writes WHERE pre = sha) AND NOT EXISTS (SELECT 1 FROM writes WHERE post = sha)
    AND NOT EXISTS (SELECT 1 FROM moves WHERE pre = sha) AND NOT EXISTS (SELECT 1 FROM moves WHERE post = sha)"""
