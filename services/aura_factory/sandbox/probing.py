"""What this machine can confine, found out by doing it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from aura_factory.sandbox.bounds import find_tool
from aura_factory.sandbox.bwrap import prepare_bwrap, required_tools
from aura_factory.sandbox.contract import Policy, Probe, Tier
from aura_factory.sandbox.identity import hand_over, identity_for, is_root
from aura_factory.sandbox.landlock import FIRST_SOUND_ABI, abi_version
from aura_factory.sandbox.launching import prepare_landlock
from aura_factory.sandbox.prepared import Prepared
from aura_factory.sandbox.seccomp import MACHINES
from aura_shared.errors import SandboxUnavailable

__all__ = ["Wanted", "doctor_lines", "explain_failure", "lacks_of", "probe"]

Wanted = Literal["auto", "bwrap", "landlock"]

_FIRST_BWRAP: Final = (0, 8)
"""From here on it has `--disable-userns`."""
_START_S: Final = 20.0
_SWITCHES: Final = (
    "kernel.apparmor_restrict_unprivileged_userns",
    "kernel.unprivileged_userns_clone",
    "user.max_user_namespaces",
)
_INSTALL: Final = "install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`, `pacman -S bubblewrap`)"

_known: dict[tuple[str, bool], Probe] = {}


def probe(wanted: Wanted = "auto", *, again: bool = False) -> Probe:
    """The strongest tier that works here, of those wanted; tried once in a process, or `again`.

    Trying means that a program was really started confined and that the kernel says what it may still do: neither root
    nor capabilities, no new rights, a filter. It takes some 50 ms, and blocks.
    """
    key = (wanted, is_root())
    if again or key not in _known:
        _known[key] = _probe(wanted)
    return _known[key]


def _probe(wanted: Wanted) -> Probe:
    reasons: list[str] = []
    tries: dict[Tier, Callable[[], float]] = {"bwrap": _try_bwrap, "landlock": _try_landlock}
    if platform.system() != "Linux":
        return Probe("none", reasons=(_other_system(platform.system()),))
    if platform.machine() not in MACHINES:
        known = " and ".join(MACHINES)
        return Probe("none", reasons=(f"system calls of {platform.machine()} are not known; those of {known} are",))
    for tier, attempt in tries.items():
        if wanted not in {"auto", tier}:
            reasons.append(f"{tier}: not tried, because `sandbox.tier` is {wanted}")
            continue
        try:
            start_ms = attempt()
        except (SandboxUnavailable, OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f"{tier}: {error}")
            continue
        return Probe(tier, lacks_of(tier, as_root=is_root(), abi=abi_version()), tuple(reasons), start_ms)
    return Probe("none", reasons=tuple(reasons))


def _other_system(system: str) -> str:
    if system == "Darwin":
        return "macOS has no sandbox that Aura uses yet; run Aura in a Linux virtual machine or container"
    return f"{system} has no sandbox that Aura uses; run Aura under WSL2 or in a Linux container"


def _try_bwrap() -> float:
    tool = find_tool("bwrap")
    if tool is None:
        raise SandboxUnavailable(f"bubblewrap is not installed; {_INSTALL}")
    missing = [name for name in required_tools() if find_tool(name) is None]
    if missing:
        raise SandboxUnavailable(f"{', '.join(missing)} not found; install util-linux")
    told = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=_START_S, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if version < _FIRST_BWRAP:
        raise SandboxUnavailable(
            f"{told.strip() or tool} is too old: 0.8 or newer is needed, which can forbid more namespaces; {_INSTALL}"
        )
    return _try(prepare_bwrap)


def _try_landlock() -> float:
    abi = abi_version()
    if abi == 0:
        raise SandboxUnavailable(
            "the kernel has no Landlock, or it is switched off; Linux 6.2 or newer with `landlock` in `lsm=` is needed"
        )
    if abi < FIRST_SOUND_ABI:
        raise SandboxUnavailable(
            f"Landlock of this kernel (ABI {abi}) cannot keep files outside from being truncated; "
            "Linux 6.2 or newer is needed"
        )
    return _try(prepare_landlock)


def _try(prepare: Callable[[Sequence[str], Policy], Prepared]) -> float:
    """Start two programs; returns how many milliseconds the second, which does nothing, took."""
    scratch = Path(tempfile.mkdtemp(prefix="aura-probe-"))
    try:
        workspace = scratch / "workspace"
        workspace.mkdir()
        if is_root():
            scratch.chmod(0o711)
            hand_over(workspace, identity_for(None))
        policy = Policy(workspace, wall_s=_START_S, cpu_s=_START_S)
        _check_rights(_start(prepare, ["cat", "/proc/self/status"], policy))
        begun = time.perf_counter()
        _start(prepare, ["true"], policy)
        return (time.perf_counter() - begun) * 1000
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(prepare: Callable[[Sequence[str], Policy], Prepared], command: Sequence[str], policy: Policy) -> str:
    prepared = prepare(command, policy)
    try:
        done = subprocess.run(
            prepared.argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            pass_fds=prepared.pass_fds,
            env={},
            cwd="/",
            timeout=_START_S,
            check=False,
        )
        prepared.close_passed()
        status = os.read(prepared.status_fd, 65_536).decode()
    finally:
        prepared.close()
    failed = re.search(r'"error": "(.*)"', status)
    if done.returncode or failed:
        said = failed[1] if failed else done.stderr.strip()
        raise SandboxUnavailable(explain_failure(said, _read_switches()))
    return done.stdout


def _check_rights(status: str) -> None:
    """Hold what the kernel says of a confined process against what it should say."""
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in status.splitlines())}
    if "0" in fields.get("Uid", ["0"]):
        raise SandboxUnavailable("confined programs would still run as root")
    for name in ("CapEff", "CapPrm", "CapAmb"):
        if int(fields.get(name, ["1"])[0], 16):
            raise SandboxUnavailable(f"confined programs would still have capabilities ({name} is not empty)")
    if fields.get("NoNewPrivs") != ["1"] or fields.get("Seccomp") != ["2"]:
        raise SandboxUnavailable("the filter for system calls did not take effect")


def _read_switches() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _SWITCHES:
        try:
            found[name] = Path("/proc/sys", *name.split(".")).read_text(encoding="ascii").strip()
        except OSError:
            continue
    return found


def explain_failure(text: str, switches: Mapping[str, str]) -> str:
    """Why a start failed and what to do, in words.

    Args:
        text: What bubblewrap or the launcher said.
        switches: The kernel's settings about user namespaces, by name.
    """
    said = text.splitlines()[-1] if text else "it ended without a word"
    about_namespaces = re.search(r"uid map|RTM_NEWADDR|namespace|Operation not permitted|disable-userns", text)
    if not about_namespaces:
        return said
    if switches.get("kernel.apparmor_restrict_unprivileged_userns") == "1" and not is_root():
        advice = (
            "AppArmor keeps ordinary users from making namespaces (Ubuntu 23.10 and newer): allow bubblewrap by a "
            "profile (`apt install apparmor-profiles`, then link /usr/share/apparmor/extra-profiles/"
            "bwrap-userns-restrict into /etc/apparmor.d and reload), or set "
            "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    elif switches.get("kernel.unprivileged_userns_clone") == "0":
        advice = "user namespaces are switched off: set `sysctl kernel.unprivileged_userns_clone=1`"
    elif switches.get("user.max_user_namespaces") == "0":
        advice = "user namespaces are switched off: set `sysctl user.max_user_namespaces=15000`"
    else:
        advice = (
            "namespaces are refused, as in most containers: start the container with "
            "`--security-opt seccomp=unconfined`, or Aura outside of it"
        )
    return f"{advice} (bubblewrap said: {said})"


def lacks_of(tier: Tier, *, as_root: bool, abi: int) -> tuple[str, ...]:
    """What a tier does not stop or cannot do, in words."""
    always = ("memory is bounded for each process, not for all of a run together",)
    if tier == "bwrap":
        return always
    lacks = [
        *always,
        "no servers under test: there is no network at all, not even loopback",
        "no semaphores and shared memory (/dev/shm) for Python's multiprocessing",
        "names, sizes and times of files outside can be asked for, not their content",
    ]
    if as_root:
        lacks.append("programs must lie where every user may read, not below /root")
    else:
        lacks += [
            "modes and times of your own files outside can be changed, not their content",
            "the bound on processes counts your other processes too",
        ]
        if abi < 6:
            lacks.append("your other processes can be sent signals (Linux 6.12 and newer stop it)")
    return tuple(lacks)


def doctor_lines(found: Probe) -> list[str]:
    """What `aura doctor` says of the sandbox: the tier, what it lacks, why there is no better one and what to do."""
    if found.tier == "none":
        lines = ["sandbox: none; tests and tools of a change are not run here"]
    else:
        name = {"bwrap": "namespaces (bubblewrap)", "landlock": "Landlock and a system call filter"}[found.tier]
        lines = [f"sandbox: {name}, starts in {found.start_ms:.0f} ms"]
    lines += [f"  lacks: {text}" for text in found.lacks]
    lines += [f"  not better, because {text}" for text in found.reasons]
    return lines
