"""The strongest tier: namespaces made by bubblewrap, with limits and a system call filter set inside.

Started by an ordinary user, bubblewrap makes a user namespace, in which the limit on processes counts from nothing.
Started by root it needs none: mounts are made with root's rights, so an interpreter below a closed home can be shown,
and the program itself runs as a user that owns nothing outside (`identity`).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from aura_factory.sandbox.bounds import ETC, SYSTEM_FOLDERS, environment_of, find_tool, limits_of, tasks_of
from aura_factory.sandbox.contract import Policy
from aura_factory.sandbox.identity import Identity, identity_for, is_root
from aura_factory.sandbox.prepared import Prepared
from aura_factory.sandbox.seccomp import build_filter
from aura_shared.errors import SandboxUnavailable

__all__ = ["HOME", "TEMP", "prepare_bwrap", "required_tools"]

HOME: Final = Path("/tmp/home")  # noqa: S108  The sandbox's own /tmp.
TEMP: Final = Path("/tmp")  # noqa: S108
_TEMP_BYTES: Final = 268_435_456
"""Room in /tmp and in /dev/shm, which lie in memory."""
_COUNTS_ALONE: Final = (5, 14)
"""Linux from which processes are counted for each user namespace."""


def required_tools() -> list[str]:
    """Programs that this tier needs besides bubblewrap: util-linux has them."""
    return ["prlimit", "setpriv"] if is_root() else ["prlimit"]


def prepare_bwrap(command: Sequence[str], policy: Policy) -> Prepared:
    """The command line for a program, with its filter and its small files in memory.

    Raises:
        SandboxUnavailable: A program is missing, or rights cannot be dropped.
    """
    found = {name: find_tool(name) for name in ("bwrap", *required_tools())}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise SandboxUnavailable(f"{', '.join(missing)} not found in the system's folders")
    identity = identity_for(policy.workspace) if is_root() else None
    prepared, status_fd = Prepared.with_status_pipe()
    try:
        arguments = [
            *_namespaces(identity),
            "--json-status-fd",
            str(status_fd),
            *_system(prepared, identity),
            *_own(policy),
            "--seccomp",
            str(prepared.in_memory(build_filter("bwrap", platform.machine()))),
        ]
        # In memory and not on the command line, where every user of the machine could read it.
        packed = prepared.in_memory(b"\0".join(os.fsencode(argument) for argument in arguments))
    except BaseException:
        prepared.close()
        raise
    prepared.argv = [
        str(found["bwrap"]),
        "--args",
        str(packed),
        "--",
        *_going_first(),
        *_dropping(found.get("setpriv"), identity),
        *_limiting(str(found["prlimit"]), policy, identity),
        *command,
    ]
    return prepared


def _namespaces(identity: Identity | None) -> list[str]:
    if identity is None:
        kinds = ["--unshare-all", "--unshare-user", "--disable-userns"]
    else:  # Root needs no user namespace; the filter refuses new ones.
        kinds = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    return [*kinds, "--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"]


def _system(prepared: Prepared, identity: Identity | None) -> Iterator[str]:
    """The read-only system, and empty places for the rest."""
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in SYSTEM_FOLDERS:
        folder = Path(name)
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), name)
        elif folder.is_dir():
            yield from ("--ro-bind", name, name)
    for name in ETC:
        yield from ("--ro-bind-try", name, name)
    uid = os.getuid() if identity is None else identity.uid
    gid = os.getgid() if identity is None else identity.gid
    small = {
        "/etc/passwd": f"sandbox:x:{uid}:{gid}::{HOME}:/bin/sh\n",
        "/etc/group": f"sandbox:x:{gid}:\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    }
    for name, content in small.items():
        yield from ("--perms", "0444", "--ro-bind-data", str(prepared.in_memory(content.encode())), name)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for name in ("/dev/shm", "/tmp"):  # noqa: S108
        yield from ("--perms", "1777", "--size", str(_TEMP_BYTES), "--tmpfs", name)
    yield from ("--remount-ro", "/dev", "--perms", "1777", "--dir", str(HOME))


def _own(policy: Policy) -> Iterator[str]:
    """What the policy gives, the start folder and the environment."""
    shown = policy.seen_as or policy.workspace
    yield from _parents([*policy.read, shown])
    for path in policy.read:
        yield from ("--ro-bind", str(path), str(path))
    yield from ("--bind", str(policy.workspace), str(shown))
    for place, folder in policy.mounts.items():
        yield from ("--ro-bind", str(folder), str(shown / place.relative_to(policy.workspace)))
    yield from ("--remount-ro", "/", "--chdir", str(shown))
    for name, value in environment_of(policy, HOME, TEMP).items():
        yield from ("--setenv", name, value)


def _parents(paths: Iterable[Path]) -> Iterator[str]:
    """The folders above; bubblewrap would close those it makes itself to other users."""
    made: set[Path] = set()
    for path in paths:
        for folder in reversed(path.parents):
            if folder not in made and not any(folder.is_relative_to(name) for name in SYSTEM_FOLDERS):
                made.add(folder)
                yield from ("--perms", "0755", "--dir", str(folder))


def _going_first() -> list[str]:
    """When the machine runs out of memory, the kernel shall end this program and not another."""
    choom = find_tool("choom")
    return [choom, "--adjust", "1000", "--"] if choom else []


def _dropping(setpriv: str | None, identity: Identity | None) -> list[str]:
    if identity is None:
        return []
    return [
        str(setpriv),
        f"--reuid={identity.uid}",
        f"--regid={identity.gid}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--no-new-privs",
        "--",
    ]


def _limiting(prlimit: str, policy: Policy, identity: Identity | None) -> list[str]:
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2] if part.isdecimal())
    others = tasks_of(os.getuid()) if identity is None and release < _COUNTS_ALONE else 0
    return [prlimit, *(f"--{name}={soft}:{hard}" for name, (soft, hard) in limits_of(policy, others).items()), "--"]
