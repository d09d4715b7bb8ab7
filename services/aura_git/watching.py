"""Notices branch switches, commits, merges and moved refs, whoever did them, and tells who did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aura_git.ref_watches import RefWatches, ref_watches
from aura_git.repository import InProgress, Repository, in_progress_of
from aura_git.safety.journal import Entry, Journal
from aura_shared.causes import begun_by
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.git import GitChanged, GitHappening

__all__ = ["RefWatcher", "Seen", "compare", "look"]

log = get_logger(__name__)

_QUIET_S: Final = 0.1  # a commit moves HEAD, its branch and two logs within a few milliseconds
_MOST_DELAY_S: Final = 1.0
_MOST_REFS: Final = 50
_NEWEST: Final = 3
"""Operations of the journal that may have done what was just seen."""
_BY_LOG: Final[tuple[tuple[str, GitHappening], ...]] = (
    ("commit (merge)", "merged"),
    ("commit", "committed"),
    ("cherry-pick", "committed"),
    ("revert", "committed"),
    ("am", "committed"),
    ("merge", "merged"),
    ("pull --rebase", "rebased"),
    ("pull", "merged"),
    ("rebase", "rebased"),
    ("checkout", "switched"),
    ("reset", "reset"),
    ("aura", "reset"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a repository was like at a look at it."""

    branch: str = ""
    """Branch that is checked out; empty when HEAD is detached."""
    head: str = ""
    """Commit that is checked out; empty when there is none."""
    in_progress: InProgress = ""
    refs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Branches, tags and remote-tracking refs with their hashes."""
    log: str = ""
    """Newest line of HEAD's log: what moved it last."""


def look(repository: Repository) -> Seen:
    """What a repository is like now; one call of git, and a look at some files."""
    lines = repository.git.read(
        "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/remotes", "refs/tags"
    ).lines
    refs = {name: value for value, _, name in (line.partition(" ") for line in lines if line)}
    text = (repository.git_dir / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
    name = text.removeprefix("ref: ")
    if name == text:
        branch, head = "", text
    else:
        branch, head = name.removeprefix("refs/heads/"), refs.get(name, "")
    return Seen(branch, head, in_progress_of(repository), refs, _last_log(repository))


def _last_log(repository: Repository) -> str:
    """What the log of HEAD says last, without the hashes and who."""
    try:
        with (repository.git_dir / "logs" / "HEAD").open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4096))
            line = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return ""
    return line.rpartition(b"\t")[2].decode(errors="replace")


def compare(repository: Repository, old: Seen, new: Seen) -> GitHappening | None:
    """What happened between two looks; None when nothing did."""
    if new.in_progress and new.in_progress != old.in_progress:
        return "started"
    moved = (old.branch, old.head) != (new.branch, new.head)
    if old.in_progress and not new.in_progress:
        return _ended(new) if moved or new.log != old.log else "ended"
    if old.branch != new.branch:
        return "switched"
    if moved:
        return _moved(repository, old, new)
    return "refs" if old.refs != new.refs else None


def _ended(new: Seen) -> GitHappening:
    if new.log.startswith("rebase") and "(finish)" in new.log:
        return "rebased"
    if new.log.startswith(("commit", "merge", "cherry-pick", "revert", "am")):
        return "merged" if new.log.startswith(("commit (merge)", "merge")) else "committed"
    return "ended"


def _moved(repository: Repository, old: Seen, new: Seen) -> GitHappening:
    for begin, what in _BY_LOG:
        if new.log != old.log and new.log.startswith(begin):
            return what
    ahead = repository.git.read(
        "merge-base", "--is-ancestor", old.head or new.head, new.head or old.head, ok=(0, 1, 128)
    )
    return "committed" if ahead.code == 0 else "reset"


@dataclass(slots=True)
class _Watched:
    repository: Repository
    seen: Seen
    first_s: float = 0.0
    """When the burst began, on the monotonic clock; 0 while it is quiet."""
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None
    again: bool = False


class RefWatcher:
    """Watches the repositories of projects; idle until the system tells of a change.

    Args:
        tell: Publishes an event.
        quiet_s: How long it must be quiet before a look is taken.
    """

    def __init__(self, tell: Callable[[GitChanged], Awaitable[None]], *, quiet_s: float = _QUIET_S) -> None:
        self._tell = tell
        self._quiet_s = quiet_s
        self._watches: RefWatches | None = None
        self._watched: dict[str, _Watched] = {}
        self._index_moved: Callable[[str], None] | None = None

    def __contains__(self, project: str) -> bool:
        return project in self._watched

    def on_index(self, moved: Callable[[str], None]) -> None:
        """Have this called with the project whenever its index was written; several times in a burst."""
        self._index_moved = moved

    async def add(self, repository: Repository) -> None:
        """Watch the repository of a project, from now on.

        Raises:
            OSError: The system cannot watch it.
            AuraError: git cannot read it.
        """
        loop = asyncio.get_running_loop()
        if self._watches is None:
            self._watches = ref_watches()
        project = repository.project

        def moved() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._noted, project)

        def index_moved() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._index_noted, project)

        await asyncio.to_thread(
            self._watches.add, project, repository.git_dir, repository.common_dir, moved, index_moved
        )
        self._watched[project] = _Watched(repository, await asyncio.to_thread(look, repository))

    def remove(self, project: str) -> None:
        """Watch a project no more."""
        watched = self._watched.pop(project, None)
        if watched is not None and watched.timer is not None:
            watched.timer.cancel()
        if self._watches is not None:
            self._watches.remove(project)

    async def stop(self) -> None:
        """Stop, and wait for looks under way."""
        watches, self._watches = self._watches, None
        tasks = [watched.task for watched in self._watched.values() if watched.task is not None]
        for project in list(self._watched):
            self.remove(project)
        if watches is not None:
            await asyncio.to_thread(watches.close)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _index_noted(self, project: str) -> None:
        if self._index_moved is not None and project in self._watched:
            self._index_moved(project)

    def _noted(self, project: str) -> None:
        """Something moved: look once it has been quiet, at the latest after a second."""
        watched = self._watched.get(project)
        if watched is None:
            return
        now = time.monotonic()
        watched.first_s = watched.first_s or now
        if watched.timer is not None:
            watched.timer.cancel()
        wait_s = min(self._quiet_s, max(0.0, watched.first_s + _MOST_DELAY_S - now))
        watched.timer = asyncio.get_running_loop().call_later(wait_s, self._begin_look, watched)

    def _begin_look(self, watched: _Watched) -> None:
        watched.timer, watched.first_s = None, 0.0
        if watched.task is not None and not watched.task.done():
            watched.again = True
            return
        watched.task = asyncio.get_running_loop().create_task(self._look(watched))

    async def _look(self, watched: _Watched) -> None:
        while True:
            watched.again = False
            try:
                event = await asyncio.to_thread(_changed, watched)
            except (AuraError, OSError):
                log.warning("git_look_failed", project=watched.repository.project, exc_info=True)
                return
            if event is not None:
                with begun_by("git-watch"):
                    await self._tell(event)
            if not watched.again:
                return


def _changed(watched: _Watched) -> GitChanged | None:
    old, repository = watched.seen, watched.repository
    new = look(repository)
    watched.seen = new
    what = compare(repository, old, new)
    if what is None:
        return None
    moved = sorted(name for name in {*old.refs, *new.refs} if old.refs.get(name) != new.refs.get(name))
    operation = _operation_of(repository, new, moved)
    return GitChanged(
        project=repository.project,
        what=what,
        branch=new.branch,
        old_branch=old.branch,
        old_head=old.head,
        new_head=new.head,
        refs=[name for name in moved if name != f"refs/heads/{new.branch}"][:_MOST_REFS],
        in_progress=new.in_progress,
        by_aura=bool(operation),
        operation=operation,
    )


def _operation_of(repository: Repository, new: Seen, moved: list[str]) -> str:
    """The operation that did it; empty when somebody else did."""
    if not (repository.common_dir / "aura" / "operations").is_dir():
        return ""
    journal = Journal(repository)
    for slim in journal.entries(_NEWEST):
        if slim.record.state == "running":
            return slim.record.id
        if _explains(journal.full(slim), new, moved):
            return slim.record.id
    return ""


def _explains(entry: Entry, new: Seen, moved: list[str]) -> bool:
    """Whether an operation left what is there now, and had not found it like that."""
    before, after = entry.record.before, entry.record.after or entry.found
    if before is None or after is None:
        return False
    if any(after.refs.get(name) != new.refs.get(name) for name in moved):
        return False
    head = f"ref: refs/heads/{new.branch}" if new.branch else new.head
    return after.head == head and (before.head, before.refs) != (after.head, after.refs)
