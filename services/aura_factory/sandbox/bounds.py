"""Bounds, environment and system folders that all tiers share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aura_factory.sandbox.contract import Policy
from aura_shared.errors import UsageProblem

__all__ = [
    "ETC",
    "HOME_NAME",
    "SEARCH_PATH",
    "SYSTEM_FOLDERS",
    "TEMP_NAME",
    "check_policy",
    "environment_of",
    "find_tool",
    "limits_of",
    "tasks_of",
]

SEARCH_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
"""PATH of confined programs unless the policy says otherwise."""
SYSTEM_FOLDERS: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Folders of the system that programs need, where they exist."""
ETC: Final = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
)
"""What they need of /etc; none of it is secret."""
HOME_NAME: Final = "home"
TEMP_NAME: Final = "tmp"

# Variables that make the C library load or write files before the program's own first line; glibc drops the same ones
# for setuid programs. As root they would act on `setpriv`, before rights are dropped.
_UNSAFE: Final = frozenset(
    {
        "GCONV_PATH",
        "GETCONF_DIR",
        "GLIBC_TUNABLES",
        "HOSTALIASES",
        "LOCALDOMAIN",
        "LOCPATH",
        "MALLOC_TRACE",
        "NIS_PATH",
        "NLSPATH",
        "RESOLV_HOST_CONF",
        "RES_OPTIONS",
        "TZDIR",
    }
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEVER_READ: Final = ("/", "/proc", "/sys", "/dev", "/run", "/etc", "/var", "/home", "/root")
_OPEN_FILES: Final = 4096


def check_policy(policy: Policy) -> None:
    """Refuse what would weaken the sandbox itself.

    Raises:
        UsageProblem: The workspace is no folder, a path is not absolute or is a whole part of the system, a mount lies
            outside the workspace or behind a link, or a variable is one that loads code into other programs.
    """
    if not policy.workspace.is_absolute() or not policy.workspace.is_dir() or policy.workspace.is_symlink():
        raise UsageProblem(f"the workspace must be a folder with an absolute path, found {policy.workspace}")
    if str(policy.workspace) in (*_NEVER_READ, "/tmp", *SYSTEM_FOLDERS, str(Path.home())):  # noqa: S108
        raise UsageProblem(f"{policy.workspace} is no workspace: programs may write all of it")
    for path in (*policy.read, *policy.mounts.values()):
        if not path.is_absolute() or os.path.normpath(path) in (*_NEVER_READ, str(Path.home())):
            raise UsageProblem(f"confined programs cannot be given {path}: name the folder that they need")
    if policy.seen_as is not None and _is_no_place(policy.seen_as):
        raise UsageProblem(f"the workspace cannot be shown at {policy.seen_as}")
    for place in policy.mounts:
        _check_place(policy.workspace, place)
    for name, value in policy.environment.items():
        _check_variable(name, value)


def _is_no_place(path: Path) -> bool:
    """Whether a path is a part of the system, which a workspace must not hide."""
    plain = os.path.normpath(path)
    closed = plain in (*_NEVER_READ, "/tmp", str(Path.home())) or plain != str(path)  # noqa: S108
    return (
        closed
        or not path.is_absolute()
        or any(path.is_relative_to(name) for name in (*SYSTEM_FOLDERS, "/proc", "/dev"))
    )


def _check_place(workspace: Path, place: Path) -> None:
    if not place.is_relative_to(workspace) or place == workspace or ".." in place.parts:
        raise UsageProblem(f"{place} does not lie in the workspace {workspace}")
    for folder in place.parents:
        if folder == workspace:
            return
        if folder.is_symlink():
            raise UsageProblem(f"{folder} is a link: nothing can be mounted behind it")


def _check_variable(name: str, value: str) -> None:
    if name in _UNSAFE or name.startswith(("LD_", "DYLD_")):
        raise UsageProblem(f"{name} loads code into other programs and is never passed on")
    if not _NAME.fullmatch(name) or "\0" in value:
        raise UsageProblem(f"{name!r} cannot be passed on: not the name of a variable, or a value with NUL in it")


def environment_of(policy: Policy, home: Path, temp: Path) -> dict[str, str]:
    """The whole environment: PATH and LANG may come from the policy, HOME and TMPDIR are always the sandbox's own."""
    given: Mapping[str, str] = policy.environment
    return {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", **given, "HOME": str(home), "TMPDIR": str(temp)}


def limits_of(policy: Policy, others: int = 0) -> dict[str, tuple[int, int]]:
    """Resource limits, soft and hard, by their name in `prlimit`.

    Args:
        policy: The bounds.
        others: Processes and threads that count as well although they lie outside.
    """
    seconds = max(1, round(policy.cpu_s))
    alike = {
        "as": policy.memory_bytes,
        "core": 0,
        "fsize": policy.file_bytes,
        "nofile": _OPEN_FILES,
        "nproc": policy.processes + others,
    }
    # A second between the signal that says why and the one that cannot be ignored.
    return {"cpu": (seconds, seconds + 1), **{name: (value, value) for name, value in alike.items()}}


def tasks_of(uid: int) -> int:
    """How many processes and threads a user has now."""
    count = 0
    for entry in os.scandir("/proc"):
        if not entry.name.isdecimal():
            continue
        try:
            if entry.stat().st_uid == uid:
                count += sum(1 for _ in os.scandir(f"/proc/{entry.name}/task"))
        except OSError:
            continue  # It ended meanwhile.
    return count


def find_tool(name: str) -> str | None:
    """Where a program of the system lies. The person's own PATH does not count, since a project may be on it."""
    for folder in ("/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/run/current-system/sw/bin"):
        path = Path(folder) / name
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    return None
