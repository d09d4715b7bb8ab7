"""Keeps one project's index in step with its folder, from registration until removal.

A keeper opens the index that it finds or builds one, follows the watcher, and starts over when the folder comes back
after having been away. What it knows of the project is always in `info`; `index` gives the index once it can answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar, cast

from aura_code.content import ReadOptions, read_file
from aura_code.facts import FileFacts
from aura_code.files import Listing, list_files
from aura_code.ignores import IgnoreRules
from aura_code.index import CodeIndex
from aura_code.packing import PackedFile
from aura_code.reading import read_files, read_packed
from aura_code.watching import ChangeBatch, watch
from aura_shared.causes import begun_by
from aura_shared.errors import AuraError, Corrupt, IndexBuilding, NotReady, StorageError
from aura_shared.logging import get_logger
from aura_shared.messages.code import Freshness, IndexPhase, IndexUpdated, ProjectInfo, Skipped
from aura_shared.projects import Project
from aura_shared.settings import CodeSettings

log = get_logger(__name__)

T = TypeVar("T")

MANY_FILES: Final = 200  # From here on worker processes read a batch; below, starting them costs more than it saves.
NAMED_FILES: Final = 100  # As many paths as one `IndexUpdated` names.
QUIET_S: Final = 2.0  # Without changes for this long, the index is saved and compacted.
CALM_S: Final = 0.1  # Most that a question waits for an edit; one of 3,000 lines takes 45 ms.
RETRY_S: Final = 5.0  # After a full disk or an unreadable folder.
GONE_POLL_S: Final = 1.0  # How often a missing folder is looked for.

Announce = Callable[[ProjectInfo], None]
"""Called on every change of `Keeper.info`; must not block."""
Published = Callable[[IndexUpdated], Awaitable[None]]
"""Sends the event that tells others of a new generation."""


class Keeper:
    """One project: its index, its watcher, its state."""

    def __init__(
        self,
        project: Project,
        directory: Path,
        settings: CodeSettings,
        *,
        builds: asyncio.Semaphore,
        announce: Announce,
        published: Published,
    ) -> None:
        self.project = project
        """What is registered."""
        self.root = Path(project.root)
        """Its folder."""
        self.info = ProjectInfo(id=project.id, name=project.name, root=project.root)
        """Its state now."""
        self._directory = directory
        self._settings = settings
        self._options = ReadOptions(max_file_bytes=settings.max_file_bytes)
        self._builds = builds
        self._announce = announce
        self._published = published
        self._index: CodeIndex | None = None
        self._unreadable: dict[str, list[str]] = {}
        self._rebuild = asyncio.Event()
        self._calm = asyncio.Event()  # Cleared from the end of an edit's debounce until it is visible.
        self._calm.set()
        self._pending = 0
        self._verified = False

    # -- asked from outside -------------------------------------------------------------------------------------

    @property
    def index(self) -> CodeIndex:
        """The index, when it can answer.

        Raises:
            IndexBuilding: The first index is being built; the text says how far it is.
            NotReady: The folder is gone, or the index could not be built.
        """
        if self._index is not None and self.info.phase == "ready":
            return self._index
        name, info = self.project.name, self.info
        if info.phase in ("missing", "failed"):
            raise NotReady(f"{name} cannot be searched: {info.problem}", hint="Aura tries again by itself.")
        done = f"{info.files_done} of {info.files_total} files" if info.files_total else f"{info.files_done} files"
        raise IndexBuilding(f"the index of {name} is being built: {done} read")

    @property
    def freshness(self) -> Freshness:
        """How current an answer of `index` is."""
        generation = self._index.generation if self._index is not None else 0
        return Freshness(generation=generation, pending=self._pending, verified=self._verified)

    async def calm(self) -> None:
        """Wait until the edit that is being taken in is visible, with a bound.

        Questions and edits share one interpreter: three questions at once would make an edit take three times as long.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CALM_S):
                await self._calm.wait()

    def rebuild(self) -> None:
        """Have the index thrown away and built again."""
        self._rebuild.set()

    async def remove(self) -> None:
        """Delete the index. `run` must have ended."""
        self._close()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)

    # -- the life of a project ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the index until cancelled."""
        try:
            while True:
                try:
                    await self._one_life()
                except (AuraError, OSError, ExceptionGroup) as raised:
                    error = _cause(raised)
                    log.warning("index_failed", project=self.project.id, exc_info=True)
                    if isinstance(error, Corrupt):
                        await asyncio.to_thread(self._discard)
                    self._show(phase=self._phase_after_failure(), problem=_sentence(error))
                    await self._pause(RETRY_S)
        finally:
            await asyncio.shield(asyncio.to_thread(self._close))

    async def _one_life(self) -> None:
        """From the folder's presence until it goes away or the index has to be built again."""
        self._calm.set()
        await self._presence()
        ignores = await asyncio.to_thread(IgnoreRules.load, self.root, self._settings.exclude)
        changes: asyncio.Queue[ChangeBatch] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            armed = asyncio.Event()
            follower = group.create_task(self._follow(ignores, changes, armed))
            try:
                # What changes once it is armed is in the queue, so the listing below misses nothing.
                if not await self._armed(armed):
                    return
                await self._bring_up(ignores)
                await self._keep(ignores, changes)
            finally:
                follower.cancel()

    async def _armed(self, armed: asyncio.Event) -> bool:
        """Wait until the folder is watched; False when it went away before."""
        while not armed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GONE_POLL_S):
                    await armed.wait()
            if not armed.is_set() and not await asyncio.to_thread(self.root.is_dir):
                return False
        return True

    async def _presence(self) -> None:
        while not await asyncio.to_thread(self.root.is_dir):
            self._show(
                phase="missing",
                problem=f"the folder {self.root} is gone; put it back, or forget it with `aura projects remove`",
            )
            await asyncio.sleep(GONE_POLL_S)

    async def _follow(self, ignores: IgnoreRules, changes: asyncio.Queue[ChangeBatch], armed: asyncio.Event) -> None:
        try:
            async for batch in watch(self.root, ignores, self._settings.debounce_ms, armed=armed):
                self._pending += len(batch.changed)
                if 0 < len(batch.changed) < MANY_FILES:
                    self._calm.clear()
                changes.put_nowait(batch)
        finally:
            armed.set()

    async def _bring_up(self, ignores: IgnoreRules) -> None:
        """Open the index that is there and compare it with the folder, or build one."""
        self._verified = False
        if self._index is None:
            self._index = await asyncio.to_thread(self._open)
        if self._index is None or self._rebuild.is_set():
            self._rebuild.clear()
            await self._build(ignores)
        else:
            self._show(phase="ready", problem="")
            await self._verify(ignores)
        self._verified = True
        self._show(phase="ready", problem="")

    async def _keep(self, ignores: IgnoreRules, changes: asyncio.Queue[ChangeBatch]) -> None:
        """Take changes in until the folder is gone or a new index is asked for."""
        unsaved = True
        while not self._rebuild.is_set():
            batch = await self._next_batch(changes, QUIET_S if unsaved else None)
            if batch is None:
                # A folder that went away before its watch was armed gives no event.
                if self._rebuild.is_set() or not self.root.is_dir():
                    self._pending = 0
                    return
                unsaved = False
                await self._settle()
                continue
            if batch.root_gone or not self.root.is_dir():
                self._pending = 0
                return
            with begun_by("file-watch"):
                await self._take_in(batch, ignores)
            unsaved = True

    async def _next_batch(self, changes: asyncio.Queue[ChangeBatch], quiet_s: float | None) -> ChangeBatch | None:
        """The next batch; None after `quiet_s` without one, or when a new index is asked for."""
        batch = asyncio.ensure_future(changes.get())
        asked = asyncio.ensure_future(self._rebuild.wait())
        try:
            done, _ = await asyncio.wait({batch, asked}, timeout=quiet_s, return_when=asyncio.FIRST_COMPLETED)
            return batch.result() if batch in done else None
        finally:
            for task in (batch, asked):
                task.cancel()

    # -- building and verifying ---------------------------------------------------------------------------------

    async def _build(self, ignores: IgnoreRules) -> None:
        self._show(phase="waiting", files_done=0, files_total=None, problem="")
        async with self._builds:
            started = time.monotonic()
            self._show(phase="scanning")
            listing = await asyncio.to_thread(list_files, self.root, ignores)
            self._note_listing(listing)
            self._show(phase="building", files_total=len(listing.files))
            loop = asyncio.get_running_loop()

            def progress(files: int) -> None:
                loop.call_soon_threadsafe(self._progressed, files)

            paths = [file.path for file in listing.files]
            self._index = await _in_thread(lambda stop: self._built(paths, progress, stop))
        stats = self._index.stats()
        log.info(
            "index_built",
            project=self.project.id,
            files=stats.files,
            lines=stats.lines,
            seconds=round(time.monotonic() - started, 2),
        )
        await self._published(
            IndexUpdated(
                project=self.project.id,
                generation=self._index.generation,
                changed_total=stats.files,
                seconds=time.monotonic() - started,
            )
        )

    def _built(self, paths: Sequence[str], progress: Callable[[int], None], stop: _Stop) -> CodeIndex:
        """Runs in a thread."""
        self._directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        index = self._index or CodeIndex.create(self._directory)
        with contextlib.closing(read_packed(self.root, paths, self._options, self._settings.workers)) as batches:
            index.build(_counted(batches, progress, stop))
        return index

    async def _verify(self, ignores: IgnoreRules) -> None:
        """Compare the index with the folder by size and time, and take in what differs."""
        assert self._index is not None
        listing = await asyncio.to_thread(list_files, self.root, ignores)
        self._note_listing(listing)
        stamps = await asyncio.to_thread(self._index.stamps)
        seen = {file.path for file in listing.files}
        changed = [
            file.path
            for file in listing.files
            if (stamp := stamps.get(file.path)) is None or (stamp.size, stamp.mtime_ns) != (file.size, file.mtime_ns)
        ]
        removed = [path for path in stamps if path not in seen]
        await self._apply(changed, removed)

    # -- changes ------------------------------------------------------------------------------------------------

    async def _take_in(self, batch: ChangeBatch, ignores: IgnoreRules) -> None:
        try:
            if batch.rescan:
                await asyncio.to_thread(ignores.reload)
                await self._verify(ignores)
            else:
                changed, removed = await asyncio.to_thread(self._sort_out, batch.changed)
                await self._apply(changed, removed)
        except StorageError as error:
            # The index still answers with what it had. The changes are found again by comparing, once there is room.
            log.warning("changes_not_taken_in", project=self.project.id, exc_info=True)
            self._verified = False
            self._show(problem=_sentence(error))
            await self._pause(RETRY_S)
            await self._take_in(ChangeBatch(changed=set(), rescan=True), ignores)
            self._verified = True
        finally:
            self._pending = max(0, self._pending - len(batch.changed))
            self._calm.set()
        self._show(problem="")

    def _sort_out(self, paths: Iterable[str]) -> tuple[list[str], list[str]]:
        """Which of the reported paths are files to read, and which known files are gone; runs in a thread."""
        assert self._index is not None
        changed: list[str] = []
        removed: list[str] = []
        for path in sorted(paths):
            where = self.root / path
            if where.is_file():
                changed.append(path)
            elif self._index.stamp(path) is not None:
                removed.append(path)
            elif not where.exists():
                removed += self._index.paths_below(path)
        return changed, removed

    async def _apply(self, changed: Sequence[str], removed: Sequence[str]) -> None:
        """Read the changed files and put them into the index; tells others when something came of it."""
        if not changed and not removed:
            return
        started = time.monotonic()
        applied = await _in_thread(lambda stop: self._applied(changed, removed, stop))
        self._calm.set()
        if applied is None:
            return
        written, gone = applied
        assert self._index is not None
        self._show()
        await self._published(
            IndexUpdated(
                project=self.project.id,
                generation=self._index.generation,
                changed=written[:NAMED_FILES],
                removed=gone[:NAMED_FILES],
                changed_total=len(written),
                removed_total=len(gone),
                seconds=time.monotonic() - started,
            )
        )

    def _applied(
        self, changed: Sequence[str], removed: Sequence[str], stop: _Stop
    ) -> tuple[list[str], list[str]] | None:
        """Runs in a thread; None when no content had changed."""
        assert self._index is not None
        stamp = self._index.stamp
        facts: list[FileFacts] = []
        gone = [path for path in removed if stamp(path) is not None]
        for path, fact in self._read(changed, stop):
            known = stamp(path)
            if fact is None:
                if known is not None:
                    gone.append(path)
            elif known is None or known != fact.stamp:
                facts.append(fact)
        if not facts and not gone:
            return None
        self._index.apply(facts, gone)
        return [fact.path for fact in facts], gone

    def _read(self, paths: Sequence[str], stop: _Stop) -> Iterator[tuple[str, FileFacts | None]]:
        """Each path with its facts, or None when the file has gone meanwhile; many files by worker processes."""
        if len(paths) < MANY_FILES:
            for path in paths:
                stop.check()
                try:
                    yield path, read_file(self.root, path, self._options)
                except FileNotFoundError:
                    yield path, None
            return
        missing = set(paths)
        with contextlib.closing(read_files(self.root, paths, self._options, self._settings.workers)) as batches:
            for batch in batches:
                stop.check()
                for fact in batch:
                    missing.discard(fact.path)
                    yield fact.path, fact
        for path in missing:
            yield path, None

    async def _settle(self) -> None:
        """After a while without changes: keep what was taken in, and make the index compact again."""
        assert self._index is not None
        index = self._index
        try:
            await asyncio.to_thread(index.save)
            if index.needs_compaction:
                await asyncio.to_thread(index.compact)
        except StorageError as error:
            log.warning("index_not_saved", project=self.project.id, exc_info=True)
            self._show(problem=_sentence(error))

    # -- small parts --------------------------------------------------------------------------------------------

    def _open(self) -> CodeIndex | None:
        """The index on disk, if there is one that can be trusted; runs in a thread."""
        if not self._directory.exists():
            return None
        try:
            index = CodeIndex.open(self._directory)
        except Corrupt as error:
            log.warning("index_corrupt", project=self.project.id, problem=str(error))
            self._discard()
            return None
        if index.generation:
            return index
        index.close()  # Its first build was cut off.
        return None

    def _discard(self) -> None:
        self._close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _close(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            with contextlib.suppress(StorageError):  # A full disk: the next start compares with the folder anyway.
                index.save()
            index.close()

    def _phase_after_failure(self) -> IndexPhase:
        """An index that answered goes on answering."""
        if not self.root.is_dir():
            return "missing"
        return "ready" if self._index is not None else "failed"

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until a new index is asked for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rebuild.wait()

    def _note_listing(self, listing: Listing) -> None:
        self._unreadable = {reason: list(paths) for reason, paths in listing.skipped.items() if paths}

    def _progressed(self, files: int) -> None:
        self._show(files_done=files)

    def _show(self, **changes: object) -> None:
        """Bring `info` up to date and tell the service."""
        values: dict[str, object] = {**changes, "freshness": self.freshness}
        if self._index is not None and changes.get("phase", self.info.phase) == "ready":
            stats = self._index.stats()
            values |= {
                "files": stats.files,
                "lines": stats.lines,
                "symbols": stats.symbols,
                "languages": dict(stats.languages),
                "skipped": _together(stats.skipped, self._unreadable),
            }
        info = self.info.model_copy(update=values)
        if info != self.info:
            self.info = info
            self._announce(info)


class _Stop:
    """Tells work in a thread that nobody waits for it any more."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        """From now on `check` raises."""
        self._asked = True

    def check(self) -> None:
        """Go on, or leave.

        Raises:
            NotReady: The work was taken back.
        """
        if self._asked:
            raise NotReady("the work on the index was stopped")


def _cause(raised: Exception) -> AuraError | OSError:
    """The error itself: what is raised beside the watcher comes as a group.

    Raises:
        Exception: It is none that a keeper can live with.
    """
    error: Exception = raised
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    if not isinstance(error, AuraError | OSError):
        raise error
    return error


async def _in_thread(work: Callable[[_Stop], T]) -> T:
    """Run `work` in a thread; when cancelled, wait for the thread to notice, so that nothing runs on unseen."""
    stop = _Stop()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.ask()
        with contextlib.suppress(AuraError, OSError):
            await running
        raise


def _counted(
    batches: Iterable[list[PackedFile]], progress: Callable[[int], None], stop: _Stop
) -> Iterator[list[PackedFile]]:
    files = 0
    for batch in batches:
        stop.check()
        yield batch
        files += len(batch)
        progress(files)


def _together(counted: Sequence[Skipped], listed: dict[str, list[str]]) -> list[Skipped]:
    """What reading left out and what listing left out."""
    found = {skipped.reason: skipped for skipped in counted}
    for reason, paths in listed.items():
        before = found.get(reason)
        examples = [*(before.examples if before else []), *paths][:3]
        found[reason] = Skipped.model_validate(
            {"reason": reason, "files": len(paths) + (before.files if before else 0), "examples": examples}
        )
    return [found[reason] for reason in sorted(found)]


def _sentence(error: Exception) -> str:
    if isinstance(error, AuraError):
        return f"{error.message}. {error.hint}"
    if isinstance(error, OSError):
        return f"{error.filename or 'the folder'}: {error.strerror or error}"
    return str(error)
