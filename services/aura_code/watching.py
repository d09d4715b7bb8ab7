"""Follows the changes of a project's files: bursts become one batch, ignored files are left out."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import NamedTuple

from aura_code.folder_watches import Changes, FolderWatches, system_watches
from aura_code.ignores import IgnoreRules
from aura_code.polling_watches import PollingWatches, is_remote

MOST_PATHS = 2_000
"""More changed files than this, as after a branch switch, make a rescan: comparing all stamps is then cheaper."""
_MOST_DELAY = 20
"""Times the debounce that a batch may wait while files go on changing."""
_LOOK_AT_ROOT_S = 2.0  # A folder above the root can be renamed without any event.
_LOOK_FOR_ROOT_S = 0.5
_LEAST_PAUSE_S = 0.01
_MOST_LOCK_S = 10.0  # Git at work; after that its lock is a forgotten one.

_log = logging.getLogger(__name__)


class ChangeBatch(NamedTuple):
    """What changed in a project."""

    changed: set[str]
    """Files that were written, made or deleted; look on the disk which. May name files that did not change."""
    rescan: bool = False
    """List the files again and compare them all: `changed` does not tell everything. The first batch is one."""
    root_gone: bool = False
    """The project's folder is missing. A rescan follows when it is back."""


async def watch(
    root: Path,
    ignores: IgnoreRules,
    debounce_ms: int = 100,
    *,
    poll_s: float = 2.0,
    polling: bool = False,
    said: Callable[[str], None] | None = None,
    armed: asyncio.Event | None = None,
) -> AsyncGenerator[ChangeBatch]:
    """Follow the changes of a project until the generator is closed or its task cancelled.

    The first batch asks for a rescan and comes as soon as the folder is watched, so that nothing falls between the
    listing and the watch. With `armed` that event is set instead.

    Args:
        root: The project's folder.
        ignores: Its ignore rules; reloaded when an ignore file changes.
        debounce_ms: How long it must be quiet before a batch is given.
        poll_s: How often files are looked at where the system tells nothing of changes.
        polling: Whether to look at the files instead of asking the system.
        said: Told in a sentence when changes are followed in another way than usual.
        armed: Set once the folder is watched.
    """
    follower = _Follower(root, ignores, debounce_ms / 1000, poll_s, said or _say)
    try:
        if polling or await asyncio.to_thread(is_remote, root):
            follower.poll("The project lies on a network file system" if not polling else "Polling was asked for")
        while True:
            if await follower.begin():
                if armed is None or armed.is_set():
                    yield ChangeBatch(set(), rescan=True)
                else:
                    armed.set()
                while (batch := await follower.next_batch()) is not None:
                    yield batch
                    if batch.root_gone:
                        break
            else:
                yield ChangeBatch(set(), root_gone=True)
            await follower.end()
            await follower.root_is_back()
    finally:
        await asyncio.shield(follower.end())


def _say(sentence: str) -> None:
    _log.warning("watching_otherwise %s", sentence)


class _Follower:
    """One project's watch, begun anew each time its folder comes back or the way of watching changes."""

    def __init__(
        self, root: Path, ignores: IgnoreRules, debounce_s: float, poll_s: float, said: Callable[[str], None]
    ) -> None:
        self._root = root
        self._ignores = ignores
        self._debounce_s = debounce_s
        self._poll_s = poll_s
        self._said = said
        self._polling = False
        self._woken = asyncio.Event()
        self._changes = Changes(self._wake_function())
        self._watches: FolderWatches | None = None
        self._identity: tuple[int, int] | None = None

    def _wake_function(self) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        woken = self._woken

        def wake() -> None:
            if not woken.is_set() and not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        return wake

    def poll(self, reason: str) -> None:
        """Look at the files from now on."""
        self._polling = True
        self._said(f"{reason}: changes are looked for every {self._poll_s:g} s.")

    async def begin(self) -> bool:
        """Begin watching; False when the folder is missing."""
        self._identity = _identity(self._root)
        if self._identity is None:
            return False
        if not self._polling:
            try:
                await self._open(system_watches(self._root, self._ignores, self._fresh_changes()))
                return True
            except OSError as error:
                await self.end()
                if _identity(self._root) is None:
                    return False
                self.poll(f"The system cannot watch all folders ({error})")
        try:
            await self._open(PollingWatches(self._root, self._ignores, self._fresh_changes(), self._poll_s))
        except OSError:
            return False
        return True

    def _fresh_changes(self) -> Changes:
        self._changes = Changes(self._wake_function())
        self._woken.clear()
        return self._changes

    async def _open(self, watches: FolderWatches) -> None:
        self._watches = watches
        await asyncio.to_thread(self._ignores.reload)
        await asyncio.to_thread(watches.open)

    async def end(self) -> None:
        """Stop watching, and wait for the threads."""
        watches, self._watches = self._watches, None
        if watches is not None:
            await asyncio.to_thread(watches.close)

    async def next_batch(self) -> ChangeBatch | None:
        """The next batch; None when watching must begin anew in another way."""
        while True:
            await self._wait_for_change()
            if self._changes.root_gone:
                return ChangeBatch(set(), root_gone=True)
            if self._changes.failure:
                self.poll(f"The system cannot watch all folders ({self._changes.failure})")
                return None
            await self._wait_for_quiet()
            paths, rescan, rules_changed = self._changes.take()
            if rules_changed and self._watches is not None:
                await asyncio.to_thread(self._ignores.reload)
                await asyncio.to_thread(self._watches.refresh)
            if rescan or rules_changed or len(paths) > MOST_PATHS:
                return ChangeBatch(set(), rescan=True)
            if paths:
                return ChangeBatch(paths)

    async def root_is_back(self) -> None:
        """Wait until the folder exists."""
        while _identity(self._root) is None:  # noqa: ASYNC110 - nothing tells of a folder that is made
            await asyncio.sleep(_LOOK_FOR_ROOT_S)

    async def _wait_for_change(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_AT_ROOT_S):
                    await self._woken.wait()
            except TimeoutError:
                if _identity(self._root) != self._identity:
                    self._changes.root_gone = True
                    return
                continue
            self._woken.clear()
            return

    async def _wait_for_quiet(self) -> None:
        """Wait until nothing was noted for as long as the debounce, with a bound, and until git has finished."""
        began = time.monotonic()
        while True:
            now = time.monotonic()
            quiet_in = min(self._changes.last_s, began + _MOST_DELAY * self._debounce_s) + self._debounce_s - now
            if quiet_in > 0:
                await asyncio.sleep(quiet_in)
            elif self._git_is_at_work(now - began):
                await asyncio.sleep(self._debounce_s or _LEAST_PAUSE_S)
            else:
                break
        self._woken.clear()

    def _git_is_at_work(self, waited_s: float) -> bool:
        return waited_s < _MOST_LOCK_S and os.path.exists(f"{self._root}/.git/index.lock")  # noqa: PTH110


def _identity(root: Path) -> tuple[int, int] | None:
    """Device and inode of a folder; None when there is no such folder."""
    try:
        status = os.stat(f"{root}/.")  # noqa: PTH116 - with the dot only a folder answers
    except OSError:
        return None
    return status.st_dev, status.st_ino
