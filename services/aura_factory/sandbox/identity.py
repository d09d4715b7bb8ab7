"""Whose rights confined programs have when Aura itself runs as root: those of a user that owns nothing else."""

from __future__ import annotations

import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_shared.errors import SandboxUnavailable

__all__ = ["Identity", "belongs_to_sandbox", "hand_over", "identity_for", "is_root", "unreachable_part"]

# No distribution gives these to anybody: above systemd's container ranges, below the sign bit.
_FIRST: Final = 1_900_000_000
_END: Final = 2_100_000_000
_ROOM: Final = 1024
"""Numbers wanted where fewer are mapped, as in a container."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and a group, by number."""

    uid: int
    gid: int


def is_root() -> bool:
    """Whether this process has root's rights, so that confined programs must drop them."""
    return os.geteuid() == 0


def _usable(map_text: str) -> range:
    """Numbers to choose from, given `/proc/self/uid_map` or `gid_map`; empty when none is mapped."""
    best = range(0)
    for line in map_text.splitlines():
        first, _, count = (int(part) for part in line.split())
        if first + count > best.stop:
            best = range(first, first + count)
    if best.stop > _FIRST:
        return range(max(best.start, _FIRST), min(best.stop, _END))
    return range(max(best.start, best.stop - _ROOM, 1), best.stop)


def _ranges() -> tuple[range, range]:
    users = _usable(Path("/proc/self/uid_map").read_text(encoding="ascii"))
    groups = _usable(Path("/proc/self/gid_map").read_text(encoding="ascii"))
    return users, groups


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def belongs_to_sandbox(uid: int) -> bool:
    """Whether a file's owner is one that the sandbox chose."""
    return uid in _ranges()[0] and not _is_known(uid)


def identity_for(workspace: Path | None) -> Identity:
    """The user that a program runs as: the workspace's owner when the sandbox chose it, otherwise a new one.

    Raises:
        SandboxUnavailable: No number is mapped here but root's, as in a container without further users.
    """
    users, groups = _ranges()
    if workspace is not None:
        owner = workspace.stat()
        if owner.st_uid in users and owner.st_gid in groups and not _is_known(owner.st_uid):
            return Identity(owner.st_uid, owner.st_gid)
    for _ in range(64):
        if not users or not groups:
            break
        number = secrets.randbelow(len(users))
        uid = users[number]
        if not _is_known(uid):
            return Identity(uid, uid if uid in groups else groups[number % len(groups)])
    raise SandboxUnavailable(
        "code of others is never run as root, and there is no other user here to run it as (/proc/self/uid_map "
        "names root alone)",
        hint="Start Aura as an ordinary user, or give the container more users (`--userns=auto`, subuid).",
    )


def hand_over(tree: Path, identity: Identity) -> None:
    """Give a folder and all in it to a user. Links are not followed; files that have a second name are left alone.

    Only for a tree in which nothing runs.
    """
    os.chown(tree, identity.uid, identity.gid, follow_symlinks=False)
    for _, folders, files, folder in os.fwalk(tree, follow_symlinks=False):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if found.st_nlink == 1 or not stat.S_ISREG(found.st_mode):
                os.chown(name, identity.uid, identity.gid, dir_fd=folder, follow_symlinks=False)


def unreachable_part(path: Path, identity: Identity) -> Path | None:
    """The first folder above `path` that this user may not pass; None when it gets there."""
    for folder in reversed(path.absolute().parents):
        found = folder.stat()
        if found.st_uid == identity.uid:
            passes = found.st_mode & stat.S_IXUSR
        elif found.st_gid == identity.gid:
            passes = found.st_mode & stat.S_IXGRP
        else:
            passes = found.st_mode & stat.S_IXOTH
        if not passes:
            return folder
    return None
