"""Runs a program confined to its end, and sees to it that nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from aura_factory.sandbox.bounds import check_policy
from aura_factory.sandbox.bwrap import prepare_bwrap
from aura_factory.sandbox.contract import Ended, Outcome, Policy, Probe, Tier
from aura_factory.sandbox.identity import belongs_to_sandbox, hand_over, identity_for, is_root
from aura_factory.sandbox.launching import prepare_landlock
from aura_factory.sandbox.prepared import Prepared
from aura_factory.sandbox.probing import probe
from aura_factory.sandbox.trees import bytes_below
from aura_shared.errors import SandboxUnavailable, UsageProblem

if TYPE_CHECKING:
    from aura_shared.settings import SandboxSettings

__all__ = ["ConfinedRunner", "make_runner", "policy_for"]

_FLOOD: Final = 64
"""Output of this many times what is kept ends the program; it would only burn the processor."""
_GONE_S: Final = 10.0
"""Bound on the end of everything after a kill; a few milliseconds are usual."""
_DISK_EVERY_S: Final = 0.5
_CHUNK: Final = 65_536


class ConfinedRunner:
    """The `Runner` that Aura uses."""

    def __init__(self, found: Probe) -> None:
        self._probe = found

    @property
    def probe(self) -> Probe:
        """What it confines with."""
        return self._probe

    async def run(self, command: Sequence[str], policy: Policy) -> Outcome:
        """Run a program to its end; cancelling kills everything that it started, then raises `CancelledError`.

        As root the workspace is first given to the user that the program runs as.

        Raises:
            SandboxUnavailable: Nothing here can confine it.
            UsageProblem: There is no command, or the policy would weaken the sandbox itself.
        """
        if self._probe.tier == "none":
            reasons = "; ".join(self._probe.reasons) or "no tier was found"
            raise SandboxUnavailable(f"code of others cannot be confined here: {reasons}")
        if not command or not command[0] or any("\0" in part for part in command):
            raise UsageProblem(f"not a command: {list(command)!r}")
        check_policy(policy)
        preparing = asyncio.ensure_future(asyncio.to_thread(_prepare, self._probe.tier, command, policy))
        try:
            prepared = await asyncio.shield(preparing)
        except asyncio.CancelledError:
            (await preparing).close()
            raise
        try:
            return await _Run(prepared, policy, self._probe.tier).to_its_end()
        finally:
            await asyncio.shield(asyncio.to_thread(prepared.close))


def make_runner(settings: SandboxSettings) -> ConfinedRunner:
    """A runner of the tier that the settings ask for, or of the strongest; the first call tries it, some 50 ms."""
    return ConfinedRunner(probe(settings.tier))


def policy_for(settings: SandboxSettings, workspace: Path, **more: Any) -> Policy:  # noqa: ANN401
    """A policy with the bounds of the settings; `more` are further fields of `Policy`, and win."""
    bounds: dict[str, Any] = {
        "wall_s": settings.wall_s,
        "cpu_s": settings.cpu_s,
        "memory_bytes": settings.memory_bytes,
        "processes": settings.processes,
        "file_bytes": settings.disk_bytes,
        "disk_bytes": 4 * settings.disk_bytes,
        "output_bytes": settings.output_bytes,
    }
    return Policy(workspace, **{**bounds, **more})


def _prepare(tier: Tier, command: Sequence[str], policy: Policy) -> Prepared:
    if is_root() and not belongs_to_sandbox(policy.workspace.stat().st_uid):
        hand_over(policy.workspace, identity_for(None))
    return prepare_bwrap(command, policy) if tier == "bwrap" else prepare_landlock(command, policy)


class _Output:
    """One stream: what is kept, and how much came."""

    def __init__(self, bound: int) -> None:
        self.kept = bytearray()
        self.seen = 0
        self._bound = bound

    async def read(self, stream: asyncio.StreamReader, flooded: asyncio.Event) -> None:
        """Read to the end, whatever comes."""
        while chunk := await stream.read(_CHUNK):
            self.seen += len(chunk)
            self.kept += chunk[: self._bound - len(self.kept)]
            if self.seen > self._bound * _FLOOD:
                flooded.set()


class _Run:
    """One program from start to end."""

    def __init__(self, prepared: Prepared, policy: Policy, tier: Tier) -> None:
        self._prepared = prepared
        self._policy = policy
        self._tier: Tier = tier
        self._status: dict[str, Any] = {}
        self._inner: int | None = None
        """A descriptor for the first process of the namespaces, whose end is the end of all in them."""
        self._told = asyncio.Event()
        """Set once that process is known, or will never be."""
        self._out = _Output(policy.output_bytes)
        self._err = _Output(policy.output_bytes)
        self._flooded = asyncio.Event()
        self._full = asyncio.Event()
        self._begun = time.perf_counter()

    async def to_its_end(self) -> Outcome:
        """Start, watch, and see to the end."""
        creating = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *self._prepared.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=self._prepared.pass_fds,
                env={},
                cwd="/",
                start_new_session=True,
            )
        )
        cancelled = False
        try:
            process = await asyncio.shield(creating)
        except asyncio.CancelledError:  # Killed half-way, bubblewrap could leave its child behind.
            process = await creating
            cancelled = True
        except OSError as error:  # A command line that is too long, or no process left.
            return self._outcome("not-started", None, f"the system does not start it: {error.strerror}")
        self._prepared.close_passed()
        ended: Ended | None = None
        async with asyncio.TaskGroup() as group:
            assert process.stdout is not None
            assert process.stderr is not None
            reading = [
                group.create_task(self._out.read(process.stdout, self._flooded)),
                group.create_task(self._err.read(process.stderr, self._flooded)),
                group.create_task(self._read_status(process)),
            ]
            watching = group.create_task(self._watch_disk())
            try:
                if cancelled:
                    raise asyncio.CancelledError
                ended = await self._wait(process)
            finally:
                watching.cancel()
                await asyncio.shield(self._kill(process))
                await asyncio.shield(self._see_the_end(process, reading))
        return self._outcome(ended, process.returncode)

    async def _wait(self, process: asyncio.subprocess.Process) -> Ended | None:
        """How Aura ended it; None when it ended by itself."""
        waits = {
            asyncio.ensure_future(process.wait()): None,
            asyncio.ensure_future(self._flooded.wait()): "output",
            asyncio.ensure_future(self._full.wait()): "output",
        }
        try:
            done, _ = await asyncio.wait(waits, timeout=self._policy.wall_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in waits:
                waiting.cancel()
        if not done:
            return "time"
        reasons = [waits[waiting] for waiting in done]
        return None if None in reasons else "output"

    async def _kill(self, process: asyncio.subprocess.Process) -> None:
        """End everything that runs, and wait until it has ended."""
        if process.returncode is None and self._tier == "landlock":
            process.terminate()  # The launcher kills all below it, then ends.
        if self._tier == "bwrap":
            await _bounded(self._told, _GONE_S)  # Killed earlier, bubblewrap could leave its child behind.
        if self._inner is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._inner, signal.SIGKILL)
            await _readable(self._inner, _GONE_S)
            os.close(self._inner)
            self._inner = None
        elif process.returncode is None and self._tier == "bwrap":
            process.kill()  # It was not even started; bubblewrap's child dies with it.
        try:
            async with asyncio.timeout(_GONE_S):
                await process.wait()
        except TimeoutError:
            process.kill()

    async def _see_the_end(self, process: asyncio.subprocess.Process, reading: list[asyncio.Task[None]]) -> None:
        """Take in the last output; nothing holds the pipes any longer, but a bound is better than a hope."""
        _, late = await asyncio.wait(reading, timeout=_GONE_S)
        for task in late:
            task.cancel()
        if late:
            vars(process)["_transport"].close()  # There is no public way to let go of pipes that others hold.

    async def _read_status(self, process: asyncio.subprocess.Process) -> None:
        """Follow the JSON lines of bubblewrap or the launcher."""
        reader = asyncio.StreamReader()
        pipe = os.fdopen(self._prepared.status_fd, "rb", 0)
        self._prepared.status_fd = -1
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while line := await reader.readline():
                with contextlib.suppress(ValueError):
                    self._status.update(cast("dict[str, Any]", json.loads(line)))
                if not self._told.is_set() and "child-pid" in self._status:
                    self._inner = _open_child(int(self._status["child-pid"]), process.pid)
                    self._told.set()
        finally:
            self._told.set()
            transport.close()

    async def _watch_disk(self) -> None:
        """Tell when more is on the disk than allowed. The tree is only walked once so much room has gone."""
        before = _free(self._policy.workspace)
        while True:
            await asyncio.sleep(_DISK_EVERY_S)
            if before - _free(self._policy.workspace) > self._policy.disk_bytes:
                folders = [self._policy.workspace, *([self._prepared.private] if self._prepared.private else [])]
                if await asyncio.to_thread(bytes_below, folders) > self._policy.disk_bytes:
                    self._full.set()
                    return

    def _outcome(self, ended: Ended | None, code: int | None, detail: str = "") -> Outcome:
        how, number = ended, -int(signal.SIGKILL) if ended != "not-started" else -1
        if ended is None:
            how, number, detail = _judge(self._tier, self._status, code, bytes(self._err.kept))
        if how == "time":
            detail = f"killed after {self._policy.wall_s:g} s"
        elif how == "output" and self._full.is_set():
            detail = f"killed: its files took more than {self._policy.disk_bytes:,} bytes"
        elif how == "output":
            detail = f"killed: more than {self._policy.output_bytes * _FLOOD:,} bytes of output"
        elif how == "signal":
            detail = _met_bound(-number, self._policy)
        assert how is not None
        return Outcome(
            ended=how,
            code=number,
            stdout=bytes(self._out.kept),
            stderr=bytes(self._err.kept),
            cut=max(self._out.seen, self._err.seen) > self._policy.output_bytes,
            seconds=time.perf_counter() - self._begun,
            tier=self._tier,
            detail=detail,
        )


def _judge(tier: Tier, status: dict[str, Any], code: int | None, stderr: bytes) -> tuple[Ended, int, str]:
    """How a program ended that was not killed from here: how, number, why it did not start."""
    if tier == "landlock":
        if "error" in status or not {"exit", "signal"} & status.keys():
            return (
                "not-started",
                -1,
                str(status.get("error") or _last_line(stderr) or f"the launcher ended with {code}"),
            )
        return ("exit", int(status["exit"]), "") if "exit" in status else ("signal", -int(status["signal"]), "")
    # `prlimit` says with 126 and 127, like a shell, that it could not start the program.
    failed = [line for line in stderr.splitlines() if line.startswith(b"prlimit: failed to execute ")]
    if "exit-code" not in status or (code in {126, 127} and failed):
        return "not-started", -1, _last_line(stderr).removeprefix("prlimit: ") or f"bubblewrap ended with {code}"
    code = int(status["exit-code"])
    if 128 < code <= 128 + 64:  # bubblewrap tells of a signal as a shell does.
        return "signal", 128 - code, ""
    return "exit", code, ""


def _met_bound(number: int, policy: Policy) -> str:
    if number == signal.SIGXCPU:
        return f"used more than {policy.cpu_s:g} s of processor time"
    if number == signal.SIGXFSZ:
        return f"wrote a file larger than {policy.file_bytes:,} bytes"
    if number == signal.SIGKILL:
        return "killed, by itself or for want of memory"
    if number == signal.SIGSYS:
        return "made a system call in another machine's numbering"
    try:
        return f"ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended by signal {number}"


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bfree * found.f_frsize


def _open_child(pid: int, parent: int) -> int | None:
    """A descriptor for a process, if it is there and still this parent's."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        fields = ["?", "?"]
    if fields[1] != str(parent):
        os.close(descriptor)
        return None
    return descriptor


async def _readable(descriptor: int, bound_s: float) -> None:
    """Wait until a descriptor can be read; for a process, until it has ended."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await _bounded(ready, bound_s)
    finally:
        loop.remove_reader(descriptor)


async def _bounded(event: asyncio.Event, bound_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(bound_s):
            await event.wait()
