"""Questions to the code service on behalf of one request, and files of the project as they are on disk."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from aura_shared.bus import Bus
from aura_shared.errors import (
    AuraError,
    IndexBuilding,
    NotFound,
    TooLarge,
    UnknownFile,
    UnknownProject,
    UsageProblem,
)
from aura_shared.messages.code import ListProjects, ProjectInfo
from aura_shared.messages.core import Reply, Request
from aura_shared.security import open_inside
from aura_shared.text_files import read_text

__all__ = ["CodeDesk", "Remembered", "SourceText", "choose_project", "together"]

ReplyT = TypeVar("ReplyT", bound=Reply)
_MOST_BYTES: Final = 1_000_000  # What the index takes in as well.
_SIDE_QUESTION_S: Final = 10.0
_MOST_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text file of the project."""

    path: str
    text: str
    """With line feeds between lines."""
    base: str
    """SHA-256 of its bytes."""

    @property
    def lines(self) -> list[str]:
        """Its lines without their ends; the last one is empty when the file ends in a line end."""
        return self.text.split("\n")

    def span(self, first: int, last: int) -> str:
        """Some lines, both ends included."""
        return "\n".join(self.lines[first - 1 : last])


class Remembered:
    """Answers that change slowly and cost much, such as the habits of a folder, shared by all requests."""

    def __init__(self, *, seconds: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: how old an answer may be."""
        self._seconds = seconds
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Reply]] = {}

    def get(self, key: tuple[str, ...]) -> Reply | None:
        """What is known; None when it is too old."""
        found = self._known.get(key)
        return found[1] if found is not None and self._clock() - found[0] < self._seconds else None

    def put(self, key: tuple[str, ...], reply: Reply) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        self._known.pop(key, None)
        self._known[key] = (self._clock(), reply)
        if len(self._known) > _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def clear(self) -> None:
        """Ask everything anew."""
        self._known.clear()


class CodeDesk:
    """One project as the code service knows it."""

    def __init__(
        self, bus: Bus, project: ProjectInfo, *, cause: str | None = None, remembered: Remembered | None = None
    ) -> None:
        self.project = project
        """The project that the request is about."""
        self.notes: list[str] = []
        """What could not be found out, for a person."""
        self._bus = bus
        self._cause = cause
        self._remembered = Remembered() if remembered is None else remembered

    @classmethod
    async def open(
        cls, bus: Bus, wanted: str, *, cause: str | None = None, remembered: Remembered | None = None
    ) -> CodeDesk:
        """The desk of a project, by identifier, name or path.

        Raises:
            UnknownProject: There is none.
            UsageProblem: Several have this name.
            Unavailable: The code service does not answer.
        """
        listed = await bus.request(ListProjects(), cause=cause)
        return cls(bus, choose_project(listed.projects, wanted), cause=cause, remembered=remembered)

    @property
    def root(self) -> Path:
        """The project's folder."""
        return Path(self.project.root)

    async def ask(self, request: Request[ReplyT], *, timeout_s: float | None = None) -> ReplyT:
        """What the code service answers.

        Raises:
            AuraError: What it reports.
        """
        return await self._bus.request(request, project=self.project.id, cause=self._cause, timeout_s=timeout_s)

    async def attempt(self, request: Request[ReplyT], what: str) -> ReplyT | None:
        """The answer to a side question; None, and a note, when there is none.

        Raises:
            IndexBuilding: The answer will be there soon, so that is no reason to do without it.
        """
        try:
            return await self.ask(request, timeout_s=_SIDE_QUESTION_S)
        except IndexBuilding:
            raise
        except NotFound:  # That there is nothing of the kind is an answer as well.
            return None
        except AuraError as error:  # Also BusError: a code service of another version may not know the question.
            self.notes.append(f"{what}: {error.message}")
            return None

    async def recall(self, request: Request[ReplyT], what: str, key: str) -> ReplyT | None:
        """Like `attempt`, but an answer of the last minutes to a question of this kind and key will do."""
        full = (self.project.id, request.type, key)
        known = self._remembered.get(full)
        if known is not None:
            return cast("ReplyT", known)
        answer = await self.attempt(request, what)
        if answer is not None:
            self._remembered.put(full, answer)
        return answer

    async def read(self, path: str) -> SourceText:
        """A file of the project as it is now.

        Raises:
            UnsafePath: It leads outside the project.
            UnknownFile: There is no such file.
            TooLarge: It has more than 1,000,000 bytes.
            UsageProblem: It is not text that could be written again exactly.
        """
        return await asyncio.to_thread(self._read, path)

    async def read_if_there(self, path: str) -> SourceText | None:
        """The same; None when there is no such file."""
        try:
            return await self.read(path)
        except UnknownFile:
            return None

    def _read(self, path: str) -> SourceText:
        with open_inside(self.root, path) as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise TooLarge(f"{path} has more than {_MOST_BYTES:,} bytes", hint="Choose a smaller file.")
        read = read_text(data)
        if read is None:
            raise UsageProblem(f"{path} is not text in an encoding that could be written again exactly")
        text = read[0].decode("utf-8").replace("\r\n", "\n")
        return SourceText(path, text, hashlib.sha256(data).hexdigest())


def choose_project(projects: Sequence[ProjectInfo], wanted: str) -> ProjectInfo:
    """The project with this identifier or name, or the innermost one around this path.

    Raises:
        UnknownProject: There is none.
        UsageProblem: Several have this name.
    """
    for project in projects:
        if project.id == wanted:
            return project
    named = [project for project in projects if project.name == wanted]
    if len(named) > 1:
        raise UsageProblem(
            f"{len(named)} projects are called {wanted!r}: {', '.join(project.id for project in named)}",
            hint="Give one of these identifiers.",
        )
    if named:
        return named[0]
    if "/" in wanted:
        path = Path(wanted)
        around = [project for project in projects if path.is_relative_to(project.root)]
        if around:
            return max(around, key=lambda project: len(project.root))
    raise UnknownProject(f"no registered project is called {wanted!r} or contains that path")


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Do several things at once; the first that fails ends the others, and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failed:
        error: BaseException = failed
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of any kind
        raise error from None
