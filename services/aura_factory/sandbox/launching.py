"""The second tier: an order for the launcher, which confines with Landlock and a system call filter."""

from __future__ import annotations

import marshal
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aura_factory
from aura_factory.sandbox.bounds import (
    ETC,
    HOME_NAME,
    SYSTEM_FOLDERS,
    TEMP_NAME,
    environment_of,
    limits_of,
    tasks_of,
)
from aura_factory.sandbox.contract import Policy
from aura_factory.sandbox.identity import Identity, hand_over, identity_for, is_root, unreachable_part
from aura_factory.sandbox.landlock import abi_version
from aura_factory.sandbox.prepared import Prepared
from aura_factory.sandbox.seccomp import build_filter
from aura_shared.errors import SandboxUnavailable

__all__ = ["prepare_landlock"]

_START: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from aura_factory.sandbox.launcher import main; sys.exit(main())"
)
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_READ: Final = (
    *SYSTEM_FOLDERS,
    *ETC,
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/filesystems",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/kernel/mm/transparent_hugepage",
)


def prepare_landlock(command: Sequence[str], policy: Policy) -> Prepared:
    """The launcher's command line and its order.

    Places of `policy.mounts` become links in the workspace, since nothing can be mounted.

    Raises:
        SandboxUnavailable: Rights cannot be dropped, or the user without rights does not get to the workspace.
    """
    identity = identity_for(policy.workspace) if is_root() else None
    if identity is not None:
        _check_reach(policy, identity)
    prepared, status_fd = Prepared.with_status_pipe()
    try:
        private = _private_folder(policy, identity)
        prepared.private = private
        _link_mounts(policy)
        order = {
            "command": list(command),
            "workspace": str(policy.workspace),
            "environment": environment_of(policy, private / HOME_NAME, private / TEMP_NAME),
            "abi": abi_version(),
            "read": [*_READ, *map(str, policy.read), *map(str, policy.mounts.values())],
            "write": [str(policy.workspace), str(private)],
            "devices": _DEVICES,
            "limits": limits_of(policy, 0 if identity else tasks_of(os.getuid())),
            "filter": build_filter("landlock", platform.machine()),
            "uid": identity.uid if identity else None,
            "gid": identity.gid if identity else None,
            "parent": os.getpid(),
            "status_fd": status_fd,
        }
        order_fd = prepared.in_memory(marshal.dumps(order))
    except BaseException:
        prepared.close()
        raise
    # The interpreter below a virtual environment starts 5 ms sooner than the environment's own; -S leaves out `site`.
    python = str(getattr(sys, "_base_executable", sys.executable))
    services = str(Path(str(aura_factory.__file__)).parent.parent)
    prepared.argv = [python, "-I", "-S", "-c", _START, services, str(order_fd)]
    return prepared


def _check_reach(policy: Policy, identity: Identity) -> None:
    blocked = unreachable_part(policy.workspace, identity)
    if blocked is not None:
        raise SandboxUnavailable(
            f"confined programs do not run as root, and another user does not get through {blocked} "
            f"to the workspace {policy.workspace}",
            hint="Put Aura's scratch folder where every user may pass, or start Aura as an ordinary user.",
        )


def _private_folder(policy: Policy, identity: Identity | None) -> Path:
    """A home and a folder for temporary files, beside the workspace."""
    private = Path(tempfile.mkdtemp(prefix="private-", dir=policy.workspace.parent))
    for name in (HOME_NAME, TEMP_NAME):
        (private / name).mkdir(mode=0o700)
    if identity is not None:
        hand_over(private, identity)
    return private


def _link_mounts(policy: Policy) -> None:
    for place, folder in policy.mounts.items():
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            place.rmdir()
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder)
