"""What the kernel refuses to this process from now on: Landlock, a system call filter, no new rights.

Called in the child that becomes the confined program, so it imports little. Every function acts on the calling thread.

Source:
    Documentation/userspace-api/landlock.rst of the Linux kernel, ABI 1 to 7.
"""

from __future__ import annotations

import ctypes
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import ClassVar, Final

__all__ = ["FIRST_SOUND_ABI", "abi_version", "confine", "drop_rights", "name_parent_death", "open_rules"]

FIRST_SOUND_ABI: Final = 3
"""Before it (Linux 6.2) files outside could be truncated."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH: Final = 1
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 22, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_SECCOMP_MODE_FILTER: Final = 2

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_ALL_FILE_RIGHTS: Final = (1 << 16) - 1
_READING: Final = _EXECUTE | _READ_FILE | _READ_DIR
_DEVICES: Final = _READ_FILE | _WRITE_FILE | _TRUNCATE
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_BIND_AND_CONNECT_TCP: Final = 3
_SCOPE_ABSTRACT_AND_SIGNALS: Final = 3

_libc: Final = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)} (system call {number})")
    return result


def _prctl(option: int, value: int, third: object = 0) -> None:
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), third, ctypes.c_ulong(0), ctypes.c_ulong(0)):
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)} (prctl {option})")


def abi_version() -> int:
    """Which version of Landlock the kernel has; 0 when it has none or it is switched off."""
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def name_parent_death(signal_number: int) -> None:
    """Get this signal when the parent's thread ends, and become the parent of orphans below this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, ctypes.c_ulong(0))
    _prctl(_PR_SET_PDEATHSIG, signal_number, ctypes.c_ulong(0))


def _handled(abi: int) -> int:
    """Rights on files that this version knows."""
    known = {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)
    return _ALL_FILE_RIGHTS & ((1 << known) - 1)


def open_rules(abi: int, read: Iterable[str], write: Iterable[str], devices: Iterable[str]) -> int:
    """A ruleset that allows these paths and nothing else; returns its descriptor. Missing paths are left out."""
    attributes = struct.pack("<Q", _handled(abi))
    if abi >= 4:
        attributes += struct.pack("<Q", _BIND_AND_CONNECT_TCP)
    if abi >= 6:
        attributes += struct.pack("<Q", _SCOPE_ABSTRACT_AND_SIGNALS)
    ruleset = _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    writing = _ALL_FILE_RIGHTS & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)
    for paths, rights in ((read, _READING), (write, writing), (devices, _DEVICES)):
        for path in paths:
            _allow(ruleset, path, rights & _handled(abi))
    return ruleset


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112  pathlib costs the child 10 ms.
            rights &= _OF_FILES
        beneath = struct.pack("<Qi", rights, descriptor)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), beneath, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def drop_rights(uid: int, gid: int) -> None:
    """From root to a user without groups and capabilities, for good.

    Raises:
        OSError: It did not work; the program must not be started.
    """
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability, ctypes.c_ulong(0))
        except OSError:
            break  # The kernel knows no further one.
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getgroups():
        raise OSError("root's rights are still there")


class _Program(ctypes.Structure):
    _fields_: ClassVar = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def confine(ruleset: int, filter_steps: bytes) -> None:
    """No new rights, then the ruleset, then the filter; none of it can be taken back."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, ctypes.c_ulong(0))
    _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    program = _Program(len(filter_steps) // 8, filter_steps)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
