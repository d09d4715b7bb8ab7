"""Plans how a repository becomes again what a snapshot says, and what stands against it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.contract import Snapshot
from aura_git.safety.snapshots import scratch_folder
from aura_git.safety.storing import INDEX_PART, RAW_PART, STATE_PART, parts_of

__all__ = ["Plan", "TreeEntry", "plan_restore"]

SUBMODULE: Final = "160000"
_REMOTES: Final = "refs/remotes/"
_NOTHING: Final = "000000"


class TreeEntry(NamedTuple):
    """A file in a snapshot."""

    mode: str
    hash: str


@dataclass(slots=True)
class Plan:
    """What has to be done, and what stands against it."""

    target: Snapshot
    parts: Mapping[str, str]
    """Parts of the target."""
    refs: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Refs that move: from, to; empty for none."""
    head: tuple[str, str] | None = None
    """HEAD: from, to."""
    index: bool = False
    """Whether the index is replaced."""
    state: bool = False
    """Whether the files of a merge or rebase under way are replaced."""
    writes: dict[str, TreeEntry] = field(default_factory=dict[str, TreeEntry])
    deletes: list[str] = field(default_factory=list[str])
    raw: frozenset[str] = frozenset()
    """Files of the target that are stored byte by byte."""
    submodules: list[str] = field(default_factory=list[str])
    """Sub-modules whose pointer differs; what is checked out in them is left alone."""
    edited: list[str] = field(default_factory=list[str])
    """Files that were edited since, and are replaced all the same."""
    blocked: list[str] = field(default_factory=list[str])
    """What moved since; nothing is done while there is any."""

    @property
    def moves(self) -> dict[str, tuple[str, str]]:
        """Refs that move, HEAD among them."""
        return {**self.refs, **({"HEAD": self.head} if self.head else {})}

    @property
    def paths(self) -> list[str]:
        """Files that are written or deleted."""
        return sorted({*self.writes, *self.deletes})


def plan_restore(
    repository: Repository, target: Snapshot, base: Snapshot, now: Snapshot, *, edited_ok: bool = False
) -> Plan:
    """How to get from `now` to `target`, for what differs between `base` and `target`.

    Args:
        repository: Which.
        target: What is wanted.
        base: What the operation left; what differs from it by now was moved by somebody else.
        now: What is there.
        edited_ok: Whether the index and files that were changed since are replaced all the same, as when a merge is
            aborted in the middle of resolving it; refs that moved since still block.
    """
    plan = Plan(target, parts_of(repository.git, target.kept))
    _plan_refs(repository, plan, base, now)
    if target.tree and base.tree and now.tree:
        _plan_state(repository.git, plan, base, now, edited_ok=edited_ok)
        _plan_index(repository, plan, base, now, edited_ok=edited_ok)
        _plan_files(repository, plan, base, now, edited_ok=edited_ok)
    _plan_head(plan, base, now)
    return plan


def _plan_refs(repository: Repository, plan: Plan, base: Snapshot, now: Snapshot) -> None:
    """What is on a remote cannot be taken back, so its tracking refs stay as they are."""
    for name in sorted({*plan.target.refs, *base.refs}):
        wanted, was, here = (side.refs.get(name, "") for side in (plan.target, base, now))
        if wanted in {was, here} or name.startswith(_REMOTES):
            continue
        if here == was:
            plan.refs[name] = (here, wanted)
        else:
            plan.blocked.append(f"{name} moved from {was[:10] or 'nothing'} to {here[:10] or 'nothing'}")
    if plan.refs:
        for name, folder in _checked_out_elsewhere(repository).items():
            if name in plan.refs:
                plan.blocked.append(f"{name} is checked out in {folder}")


def _checked_out_elsewhere(repository: Repository) -> dict[str, str]:
    """Branches of other work trees."""
    found: dict[str, str] = {}
    folder = ""
    for item in repository.git.read("worktree", "list", "--porcelain", "-z").items:
        key, _, value = item.partition(" ")
        if key == "worktree":
            folder = value
        elif key == "branch" and Path(folder) != repository.root and not repository.bare:
            found[value] = folder
    return found


def _plan_head(plan: Plan, base: Snapshot, now: Snapshot) -> None:
    """Index and files belong to a commit: they are not put back under another one."""
    wanted = plan.target.head
    here_too = bool(plan.paths) or plan.index or plan.state
    if now.head == base.head:
        plan.head = (now.head, wanted) if now.head != wanted else None
        if here_too and _commit_at(now) not in {_commit_at(base), _commit_at(plan.target)}:
            plan.blocked.append(f"{now.head.removeprefix('ref: ')} moved to {_commit_at(now)[:10]}")
        return
    here_too |= now.head.removeprefix("ref: ") in plan.refs
    if now.head != wanted and (wanted != base.head or here_too):
        plan.blocked.append(f"HEAD moved from {base.head.removeprefix('ref: ')} to {now.head.removeprefix('ref: ')}")


def _commit_at(snapshot: Snapshot) -> str:
    name = snapshot.head.removeprefix("ref: ")
    return snapshot.refs.get(name, "") if name != snapshot.head else name


def _plan_state(git: Git, plan: Plan, base: Snapshot, now: Snapshot, *, edited_ok: bool) -> None:
    wanted = _state_of(plan.parts)
    was, here = _state_of(parts_of(git, base.kept)), _state_of(parts_of(git, now.kept))
    if here == wanted:
        return
    if wanted != was and (here == was or edited_ok):
        plan.state = True
    else:
        plan.blocked.append("git is in the middle of something that was begun since")


def _state_of(parts: Mapping[str, str]) -> dict[str, str]:
    return {name: hash_ for name, hash_ in parts.items() if name.startswith(STATE_PART)}


def _plan_index(repository: Repository, plan: Plan, base: Snapshot, now: Snapshot, *, edited_ok: bool) -> None:
    if plan.target.index in {base.index, now.index} and not edited_ok:
        return
    if edited_ok or now.index == base.index or _staged(repository, base.index) == _staged(repository, now.index):
        plan.index = now.index != plan.target.index
    else:
        plan.blocked.append("what is staged")


def _staged(repository: Repository, index: str) -> bytes:
    """What an index says, without what it remembers of the files' times."""
    if not index:
        return b""
    with scratch_folder(repository, f"compare-{os.getpid()}-{index}") as folder:
        (folder / INDEX_PART).write_bytes(repository.git.read("cat-file", "blob", index).out)
        git = repository.git.at(GIT_INDEX_FILE=str(folder / INDEX_PART))
        return git.read("ls-files", "--stage", "-v", "-z").out


def _plan_files(repository: Repository, plan: Plan, base: Snapshot, now: Snapshot, *, edited_ok: bool) -> None:
    git = repository.git
    wanted = _difference(git, base.tree, plan.target.tree)
    if not wanted:
        return
    since = _difference(git, base.tree, now.tree)
    hidden = _not_checked_out(repository, plan.target.index)
    if RAW_PART in plan.parts:
        plan.raw = frozenset(git.read("cat-file", "blob", plan.parts[RAW_PART]).items)
    for path, (was, target) in wanted.items():
        here = since[path][1] if path in since else was
        if SUBMODULE in {was.mode, target.mode}:
            plan.submodules.append(path)
        elif here == target or (path in hidden and not os.path.lexists(repository.root / path)):
            continue
        elif here != was and not edited_ok:
            plan.blocked.append(path)
        else:
            _plan_file(plan, path, target, edited=here != was)
            if here.mode == _NOTHING and os.path.lexists(repository.root / path) and path in plan.writes:
                _plan_unknown(repository, plan, path, target)
    _look_at_places(repository.root, plan)


def _plan_file(plan: Plan, path: str, target: TreeEntry, *, edited: bool) -> None:
    if edited:
        plan.edited.append(path)
    if target.mode == _NOTHING:
        plan.deletes.append(path)
    else:
        plan.writes[path] = target


def _plan_unknown(repository: Repository, plan: Plan, path: str, target: TreeEntry) -> None:
    """No snapshot has the file that is there, since git ignores it now; it stays when it is the one that is wanted."""
    file = repository.root / path
    if file.is_file() and not file.is_symlink():
        found = repository.git.read("hash-object", f"--path={path}", "--stdin", stdin=file.read_bytes()).text
        if found == target.hash:
            del plan.writes[path]
            return
    if not file.is_dir() or file.is_symlink():
        plan.blocked.append(f"{path} (git ignores what is there now)")


def _difference(git: Git, old: str, new: str) -> dict[str, tuple[TreeEntry, TreeEntry]]:
    """Files that differ between two commits: old and new entry by path."""
    if old == new:
        return {}
    items = git.read("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--").items
    found: dict[str, tuple[TreeEntry, TreeEntry]] = {}
    for about, path in zip(items[0::2], items[1::2], strict=True):
        old_mode, new_mode, old_hash, new_hash, _ = about[1:].split(" ")
        found[path] = TreeEntry(old_mode, old_hash), TreeEntry(new_mode, new_hash)
    return found


def _not_checked_out(repository: Repository, index: str) -> set[str]:
    """Files that a sparse checkout leaves out."""
    if not index or repository.git.config("core.sparseCheckout") != "true":
        return set()
    with scratch_folder(repository, f"sparse-{os.getpid()}-{index}") as folder:
        (folder / INDEX_PART).write_bytes(repository.git.read("cat-file", "blob", index).out)
        git = repository.git.at(GIT_INDEX_FILE=str(folder / INDEX_PART))
        return {item[2:] for item in git.read("ls-files", "-t", "-z").items if item.startswith("S ")}


def _look_at_places(root: Path, plan: Plan) -> None:
    """Nothing that no snapshot has is written over: files that git ignores, links out of the work tree."""
    deleted = set(plan.deletes)
    for path in plan.writes:
        problem = _in_the_way(root, path, deleted)
        if problem:
            plan.blocked.append(problem)


def _in_the_way(root: Path, path: str, deleted: set[str]) -> str:
    parts = path.split("/")
    for count in range(1, len(parts)):
        parent = "/".join(parts[:count])
        place = root / parent
        if (place.is_symlink() or (place.exists() and not place.is_dir())) and parent not in deleted:
            return f"{parent} is no folder any more"
    place = root / path
    if place.is_dir() and not place.is_symlink():
        for top, _, names in os.walk(place):
            for name in names:
                inside = os.path.relpath(f"{top}/{name}", root)
                if inside not in deleted:
                    return f"{inside} lies where {path} belongs"
    return ""
