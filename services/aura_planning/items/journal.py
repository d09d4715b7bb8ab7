"""What was done to the files of a plan, with what they held before and after: outside of git, so undo needs no commit.

Each operation is two files: `ID.data` has the contents and is written once, before anything else; `ID.json` says what
it is and how far it came. Contents are in the journal before a file is touched, so a kill at any moment loses none.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

from aura_planning.items.ids import new_operation
from aura_planning.items.writing import At
from aura_shared.errors import UnknownOperation, UsageProblem
from aura_shared.storage import atomic_write

__all__ = ["FileChange", "Journal", "Operation", "State"]

State = Literal["running", "done", "undone", "failed"]
KEPT: Final = 200
"""Operations that are kept however old they are."""
_LEAST_PREFIX: Final = 4


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happens to one file."""

    path: str
    """Relative to the project."""
    before: bytes | None
    """None when it was not there."""
    after: bytes | None
    """None when it is removed."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What was done, without the contents."""

    id: str
    at: str
    """ISO 8601 in UTC."""
    by: str
    """`command`, or `edit` for what was noticed."""
    command: str
    """Such as `set`, `migrate`, `undo`."""
    title: str
    """For a person."""
    state: State
    paths: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """Identifiers of the items that it is about."""
    undoes: str = ""
    """The operation that it took back."""
    undone_by: str = ""
    problem: str = ""


class Journal:
    """The operations in one folder; whoever writes holds the lock of the plan."""

    def __init__(self, folder: Path, *, keep_days: int, at: At = lambda _name: None) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._at = at

    def begin(
        self,
        changes: Sequence[FileChange],
        *,
        by: str,
        command: str,
        title: str,
        items: Sequence[str],
        undoes: str = "",
    ) -> Operation:
        """Note an operation and all its contents, before any file is touched."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        operation = Operation(
            id=new_operation(time.time_ns() // 1_000_000, next(iter(self._names()), "")),
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            by=by,
            command=command,
            title=title,
            state="running",
            paths=tuple(change.path for change in changes),
            items=tuple(dict.fromkeys(one for one in items if one)),
            undoes=undoes,
        )
        self._at("note contents")
        atomic_write(self._folder / f"{operation.id}.data", _packed(changes))
        self._at("note operation")
        self.write(operation)
        return operation

    def write(self, operation: Operation) -> Operation:
        """Note how an operation is now."""
        atomic_write(self._folder / f"{operation.id}.json", json.dumps(asdict(operation), ensure_ascii=True).encode())
        return operation

    def changed(self, operation: Operation, state: State, *, problem: str = "", undone_by: str = "") -> Operation:
        """Note that an operation has another state."""
        self._at(f"note {state}")
        return self.write(replace(operation, state=state, problem=problem, undone_by=undone_by))

    def contents(self, operation: Operation) -> list[FileChange]:
        """What an operation changed.

        Raises:
            UnknownOperation: Its contents are gone or damaged.
        """
        try:
            return _unpacked((self._folder / f"{operation.id}.data").read_bytes())
        except (OSError, ValueError, zlib.error) as error:
            raise UnknownOperation(f"the contents of operation {operation.id} cannot be read") from error

    def operations(self, most: int | None = None) -> list[Operation]:
        """The newest operations, newest first; those that cannot be read are left out."""
        found: list[Operation] = []
        for name in self._names():
            operation = self._read(name)
            if operation is not None:
                found.append(operation)
            if most is not None and len(found) >= most:
                break
        return found

    def find(self, reference: str) -> Operation:
        """The operation with this identifier, or with one that begins or ends like this.

        Raises:
            UnknownOperation: There is none.
            UsageProblem: There are several.
        """
        exact = self._read(reference) if reference.isalnum() else None
        if exact is not None:
            return exact
        found = [
            one
            for one in self.operations()
            if len(reference) >= _LEAST_PREFIX and (one.id.startswith(reference) or one.id.endswith(reference))
        ]
        if not found:
            raise UnknownOperation(f"the plan has no operation {reference!r}", hint="`aura plan log` lists them.")
        if len(found) > 1:
            raise UsageProblem(f"{reference!r} may be one of {len(found)} operations", hint="Give more of it.")
        return found[0]

    def running(self) -> Iterator[Operation]:
        """Operations that were interrupted, oldest first."""
        yield from reversed([one for one in self.operations() if one.state == "running"])

    def prune(self, now_s: float) -> int:
        """Forget old operations, and contents whose operation was never noted; returns how many."""
        known = {one.id for one in self.operations()}
        gone = 0
        for file in self._folder.glob("*.data"):
            if file.stem not in known:
                file.unlink(missing_ok=True)
        oldest = datetime.fromtimestamp(now_s - self._keep_days * 86_400, UTC).isoformat(timespec="milliseconds")
        for one in self.operations()[KEPT:]:
            if one.at < oldest and one.state != "running":
                for suffix in ("json", "data"):
                    (self._folder / f"{one.id}.{suffix}").unlink(missing_ok=True)
                gone += 1
        return gone

    def _names(self) -> list[str]:
        """The identifiers of all operations, newest first."""
        names = (file.stem for file in self._folder.glob("*.json") if file.stem.isalnum() and file.stem.isascii())
        return sorted(names, key=lambda name: (len(name), name), reverse=True)

    def _read(self, name: str) -> Operation | None:
        with suppress(OSError, ValueError, TypeError):
            fields = cast("dict[str, Any]", json.loads((self._folder / f"{name}.json").read_bytes()))
            for key in ("paths", "items"):
                fields[key] = tuple(fields.get(key, ()))
            return Operation(**fields)
        return None


def _packed(changes: Sequence[FileChange]) -> bytes:
    rows = [[change.path, _text(change.before), _text(change.after)] for change in changes]
    return zlib.compress(json.dumps(rows).encode())


def _unpacked(data: bytes) -> list[FileChange]:
    rows = cast("list[list[str | None]]", json.loads(zlib.decompress(data)))
    return [FileChange(str(path), _data(before), _data(after)) for path, before, after in rows]


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b85encode(data).decode()


def _data(text: str | None) -> bytes | None:
    return None if text is None else base64.b85decode(text)
