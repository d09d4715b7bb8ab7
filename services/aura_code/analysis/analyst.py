"""The code service's side of the analysis: says what changed, and hears what was found.

The work itself is done by a process of its own (`aura_code.analysis.process`), at low priority, so that questions
and edits do not wait for it. It is started when there is something to do and ended when there was nothing for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import struct
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from aura_code.analysis.protocol import Order, RoundOutcome
from aura_shared.errors import AuraError, NotReady, ServiceDown, error_from
from aura_shared.logging import get_logger

log = get_logger(__name__)

IDLE_S: Final = 60.0  # The process holds some 60 MB; starting it again takes half a second.
RETRY_S: Final = 5.0
_STOP_S: Final = 5.0
_FRAME: Final = struct.Struct("!I")
_DROPPED_VARIABLES: Final = ("AURA_READY_FD", "AURA_DEATH_FD")

Published = Callable[[RoundOutcome], Awaitable[None]]
"""Told of every round that changed something."""
MayGoOn = Callable[[], Awaitable[None]]
"""Returns when work that nobody asked for may go on."""
Digests = Callable[[], Mapping[str, bytes]]
"""The files of the index with the digests of their content; called in a thread."""


async def _at_once() -> None:
    pass


class Analyst:
    """Keeps the analysis of one project in step with its index."""

    def __init__(self, project: str, root: Path, folder: Path, *, workers: int, max_file_bytes: int) -> None:
        self._order = Order(
            project=project, root=os.fspath(root), folder=os.fspath(folder), workers=workers, max_bytes=max_file_bytes
        )
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        self._everything = False
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._asked = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self.files_done = 0
        """Of the round at work."""
        self.files_total = 0
        """Of the round at work; 0 when there is none."""
        self.complete = False
        """Whether every file of the index has been analysed once since the start."""
        self.problem = ""
        """Why the last round failed."""

    # -- told by the keeper -------------------------------------------------------------------------------------

    def look_at_everything(self) -> None:
        """Have the whole project compared with what was analysed before."""
        self._everything = True
        self._stir()

    def look_at(self, changed: Iterable[str], removed: Iterable[str]) -> None:
        """Have some files analysed."""
        changed, removed = set(changed), set(removed)
        self._removed = (self._removed - changed) | removed
        self._changed = (self._changed - removed) | changed
        self._stir()

    def _stir(self) -> None:
        self._settled.clear()
        self._wake.set()

    def _settle(self) -> None:
        self._asked.clear()
        self._settled.set()

    async def settled(self) -> None:
        """Wait until everything known is analysed; that is done also while background work waits.

        Raises:
            NotReady: The last round failed.
        """
        self._asked.set()
        await self._settled.wait()
        if self.problem:
            raise NotReady(f"the analysis failed: {self.problem}", hint="See `aura logs --service code`.")

    # -- its life -----------------------------------------------------------------------------------------------

    async def run(self, digests: Digests, published: Published, may_go_on: MayGoOn = _at_once) -> None:
        """Work until cancelled; what nobody waits for only when it `may_go_on`."""
        try:
            while True:
                await self._next_work()
                await self._released(may_go_on)
                await self._work(digests, published)
        finally:
            await asyncio.shield(self._end())

    async def _next_work(self) -> None:
        """Wait for something to do; an idle process is ended meanwhile."""
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._wake.wait()
                    return
            await self._end()
        await self._wake.wait()

    async def _released(self, may_go_on: MayGoOn) -> None:
        """Wait until work may go on, or somebody waits for it."""
        waits = [asyncio.ensure_future(may_go_on()), asyncio.ensure_future(self._asked.wait())]
        try:
            await asyncio.sleep(0)
            if not any(wait.done() for wait in waits) and not self._asked.is_set():
                await self._end()  # A process that only waits would hold its memory for hours.
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _work(self, digests: Digests, published: Published) -> None:
        self._wake.clear()
        everything, changed, removed = self._everything, self._changed, self._removed
        self._everything, self._changed, self._removed = False, set[str](), set[str]()
        try:
            known = dict(await asyncio.to_thread(digests)) if everything else None
            outcome = await self._round(sorted(changed), sorted(removed), known)
        except (AuraError, OSError, EOFError) as error:
            log.warning("analysis_failed", project=self._order.project, exc_info=True)
            again = not self.problem
            self.problem = str(error) or type(error).__name__
            await self._end()
            self.look_at(changed, removed)
            self._everything |= everything
            if not again:  # Twice in a row: leave it until something else changes.
                self._wake.clear()
                self._settle()
            return
        finally:
            self.files_total = 0
        self.problem = ""
        self.complete |= everything
        if not self._wake.is_set():
            self._settle()
        if outcome.changed or outcome.removed:
            await published(outcome)

    async def _round(self, changed: list[str], removed: list[str], digests: dict[str, bytes] | None) -> RoundOutcome:
        process = await self._started()
        self._send(process, {"do": "round", "changed": changed, "removed": removed, "digests": digests})
        while True:
            answer = await self._receive(process)
            match answer.get("is"):
                case "progress":
                    self.files_done, self.files_total = int(answer["done"]), int(answer["total"])
                case "done":
                    return RoundOutcome.from_wire(answer)
                case _:
                    raise error_from(str(answer.get("code", "internal")), str(answer.get("message", "")), None)

    # -- its process --------------------------------------------------------------------------------------------

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        environment = {name: value for name, value in os.environ.items() if name not in _DROPPED_VARIABLES}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "aura_code.analysis.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        self._send(self._process, {"do": "begin", **self._order._asdict()})
        return self._process

    def _send(self, process: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
        data = marshal.dumps(cast("bytes", message))  # The type of what it takes has no public name.
        assert process.stdin is not None
        process.stdin.write(_FRAME.pack(len(data)) + data)

    async def _receive(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        try:
            (size,) = cast("tuple[int]", _FRAME.unpack(await process.stdout.readexactly(_FRAME.size)))
            data = await process.stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise ServiceDown("the process that analyses has ended unexpectedly") from error
        return cast("dict[str, Any]", marshal.loads(data))  # noqa: S302 - from our own child

    async def _end(self) -> None:
        """End the process; its input ends first, so that it can leave in order."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
