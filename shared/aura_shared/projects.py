"""The register of projects: which folders Aura indexes.

One small JSON file that the command line and the code service both change: under a lock, and replaced as a whole, so
that a reader never sees half of it. Only the standard library is used.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from aura_shared.errors import Conflict, DiskFull, NotFound, StorageError, UnknownProject, UsageProblem
from aura_shared.locks import take_lock

FORMAT_VERSION: Final = 1
LOCK_WAIT_S: Final = 5.0  # A change takes under 10 ms; whoever holds the lock longer hangs.


@dataclass(frozen=True, slots=True)
class Project:
    """A registered folder."""

    id: str
    """Stable identifier: the folder's name as a slug, and six hexadecimal digits of its path's hash."""
    name: str
    """The folder's name."""
    root: str
    """Absolute path of the folder, links resolved."""
    added_at: str
    """When it was registered: ISO 8601 in UTC."""

    def contains(self, path: Path) -> bool:
        """Whether `path` (links resolved) is the project's folder or lies below it."""
        return path.is_relative_to(self.root)


class ProjectRegistry:
    """The projects in one register file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.notice = ""
        """What a person should know about the file: that it was damaged, and where the damaged one lies now."""

    def list(self) -> list[Project]:
        """All projects, in the order of their registration.

        A damaged file is set aside and what can be read of it is kept; `notice` then tells where it lies.

        Raises:
            StorageError: The file cannot be read, or a newer Aura wrote it.
        """
        try:
            return _parse(self._read())
        except _Damaged:
            with self._locked():
                return self._repair()

    def add(self, path: Path) -> tuple[Project, bool]:
        """Register a folder; returns its record and whether it is new.

        Raises:
            NotFound: There is no such folder.
            UsageProblem: It is no folder, or its path is not UTF-8.
            StorageError: The register cannot be written.
        """
        root = _folder(path)
        with self._locked():
            projects = self._repair()
            for project in projects:
                if project.root == str(root):
                    return project, False
            project = Project(
                id=project_id(root),
                name=root.name or str(root),
                root=str(root),
                added_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            self._write([*projects, project])
        return project, True

    def remove(self, id: str) -> Project:  # noqa: A002 - the field's name
        """Forget a project, and return what was known of it; its files are not touched.

        Raises:
            UnknownProject: No project has this identifier.
            StorageError: The register cannot be written.
        """
        with self._locked():
            projects = self._repair()
            for project in projects:
                if project.id == id:
                    self._write([other for other in projects if other.id != id])
                    return project
        raise UnknownProject(f"no project has the identifier {id!r}")

    def find(self, name_or_path: str) -> Project:
        """The project with this identifier or name, or the innermost one that contains this path.

        Raises:
            UnknownProject: There is none.
            UsageProblem: Several have this name.
        """
        projects = self.list()
        for project in projects:
            if project.id == name_or_path:
                return project
        named = [project for project in projects if project.name == name_or_path]
        if len(named) == 1:
            return named[0]
        if named:
            choices = "\n".join(f"  {project.id}  {project.root}" for project in named)
            raise UsageProblem(
                f"{len(named)} projects are called {name_or_path!r}:\n{choices}", hint="Give one of these identifiers."
            )
        if _looks_like_a_path(name_or_path):
            found = innermost(projects, Path(name_or_path).expanduser())
            if found is not None:
                return found
        raise UnknownProject(f"no registered project is called {name_or_path!r} or contains that path")

    def containing(self, path: Path) -> Project | None:
        """The innermost project that contains `path`."""
        return innermost(self.list(), path)

    def overlapping(self, project: Project) -> list[Project]:
        """Other projects that lie inside this one or around it; their files are indexed twice."""
        root = Path(project.root)
        return [
            other
            for other in self.list()
            if other.id != project.id and (other.contains(root) or project.contains(Path(other.root)))
        ]

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Hold the lock of the register."""
        lock = self._file.with_name(self._file.name + ".lock")
        try:
            lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"cannot open {lock}: {error.strerror or error}") from error
        try:
            _take(descriptor, lock)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"cannot read {self._file}: {error.strerror or error}") from error

    def _repair(self) -> list[Project]:
        """The projects; a damaged file is set aside first, and what can be read of it is kept. Needs the lock."""
        try:
            return _parse(self._read())
        except _Damaged as damage:
            aside = self._file.with_name(f"{self._file.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            try:
                self._file.replace(aside)
            except OSError as error:
                raise StorageError(f"cannot set {self._file} aside: {error.strerror or error}") from error
            self._write(damage.kept)
            self.notice = (
                f"The register of projects was damaged ({damage.reason}): {len(damage.kept)} projects were kept, "
                f"the damaged file is now {aside}. Register what is missing with `aura init PATH`."
            )
            import logging  # noqa: PLC0415 - only for damage; the command line pays for imports

            logging.getLogger(__name__).warning("projects_damaged: %s", self.notice)
            return list(damage.kept)

    def _write(self, projects: Sequence[Project]) -> None:
        content = {"version": FORMAT_VERSION, "projects": [asdict(project) for project in projects]}
        text = json.dumps(content, indent=2) + "\n"
        try:
            replace_file(self._file, text.encode())
        except OSError as error:
            kind = DiskFull if error.errno in _FULL else StorageError
            raise kind(f"cannot write {self._file}: {error.strerror or error}") from error


def project_id(root: Path) -> str:
    """The identifier of the project at `root` (links resolved)."""
    import hashlib  # noqa: PLC0415 - only to register; the command line pays for imports

    slug = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:40].strip("-") or "project"
    return f"{slug}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:6]}"


def innermost(projects: Sequence[Project], path: Path) -> Project | None:
    """The project whose folder contains `path` most closely."""
    real = Path(os.path.realpath(path))
    around = [project for project in projects if project.contains(real)]
    return max(around, key=lambda project: len(project.root), default=None)


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old content or the new one, and a power cut leaves one of them.

    Raises:
        OSError: It cannot be written; the old content is still there.
    """
    import tempfile  # noqa: PLC0415 - only to write; the command line pays for imports

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Damaged(Exception):
    """The register does not parse."""

    def __init__(self, reason: str, kept: Sequence[Project] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kept = kept


_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def _parse(content: bytes | None) -> list[Project]:
    """The projects in the register's content; None is a register that was never written."""
    if content is None:
        return []
    try:
        document: object = json.loads(content)
    except ValueError as error:
        raise _Damaged(str(error)) from error
    if not isinstance(document, dict):
        raise _Damaged("it holds no object")
    fields = cast("dict[str, object]", document)
    version = fields.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StorageError(
            f"the register of projects has format {version}, and this Aura knows up to {FORMAT_VERSION}",
            hint="Use the newer Aura that wrote it.",
        )
    entries = fields.get("projects")
    if not isinstance(entries, list):
        raise _Damaged("it holds no list of projects")
    records = [_record(entry) for entry in cast("list[object]", entries)]
    good = [record for record in records if record is not None]
    if len(good) < len(records):
        raise _Damaged("some entries lack a field", good)
    return good


def _record(entry: object) -> Project | None:
    if not isinstance(entry, dict):
        return None
    fields = cast("dict[str, object]", entry)
    values = [fields.get(name) for name in ("id", "name", "root", "added_at")]
    texts = [value for value in values if isinstance(value, str) and value]
    return Project(*texts) if len(texts) == len(values) else None


def _folder(path: Path) -> Path:
    """`path` with its links resolved, when it is a folder that can be registered."""
    root = Path(os.path.realpath(path.expanduser()))
    if not root.exists():
        raise NotFound(f"there is no folder {path}", hint="Check the spelling.")
    if not root.is_dir():
        raise UsageProblem(f"{path} is a file, and a project is a folder", hint=f"Did you mean {root.parent}?")
    try:
        str(root).encode()
    except UnicodeEncodeError as error:
        raise UsageProblem(
            f"the path {os.fsencode(root)!r} is not UTF-8, and a project's path must be", hint="Rename the folder."
        ) from error
    return root


def _looks_like_a_path(text: str) -> bool:
    return "/" in text or text in {".", ".."} or text.startswith("~")


def _take(descriptor: int, lock: Path) -> None:
    """Wait for the lock, with a bound."""
    if not take_lock(descriptor, LOCK_WAIT_S):
        raise Conflict(f"another process holds {lock} for more than {LOCK_WAIT_S:.0f} s")
