"""System calls that confined programs may not make, as a filter that the kernel runs (classic BPF, written here).

Numbers come from the kernel's tables (`arch/x86/entry/syscalls/syscall_64.tbl`, `scripts/syscall.tbl`); calls since
Linux 5.1 (424 and up) have the same number everywhere.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from typing import Final, Literal

__all__ = ["MACHINES", "build_filter"]

MACHINES: Final = ("x86_64", "aarch64")
"""Machines whose call numbers are known."""

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000

# Call → numbers on x86_64 and aarch64; None where a machine has no such call.
_NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    # Mounts and roots.
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Other processes.
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # Parts of the kernel that are rarely needed and often broken.
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "vhangup": (153, 58),
    "acct": (163, 89),
    "syslog": (103, 116),
    "uselib": (134, None),
    "_sysctl": (156, None),
    "sysfs": (139, None),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    # The machine itself.
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
# Shared memory, semaphores and queues belong to the whole machine where no namespace separates them.
_SHARED: Final[dict[str, tuple[int | None, int | None]]] = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
_CLONE: Final = (56, 220)
_UNSHARE: Final = (272, 97)
_CLONE3: Final = (435, 435)
_IOCTL: Final = (16, 29)
_SOCKET: Final = (41, 198)
_SOCKETPAIR: Final = (53, 199)

_NEW_NAMESPACES: Final = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_NEW_TIME: Final = 0x80
"""CLONE_NEWTIME, which only `unshare` and `clone3` know; in `clone` the bit is part of the signal."""
_TIOCSTI: Final = 0x5412
_TIOCLINUX: Final = 0x541C
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16

_LOAD, _JUMP, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
_ALLOW: Final = 0x7FFF0000
_KILL_PROCESS: Final = 0x80000000
_ERRNO: Final = 0x00050000

_Instruction = tuple[int, int, int, int]


def _step(code: int, k: int, jt: int = 0, jf: int = 0) -> _Instruction:
    return (code, jt, jf, k)


def _argument(index: int) -> _Instruction:
    """Load the lower half of an argument; both machines store it first."""
    return _step(_LOAD, 16 + 8 * index)


def _refuse(code: int) -> _Instruction:
    return _step(_RETURN, _ERRNO | code)


def _calls(numbers: Sequence[int], code: int) -> list[_Instruction]:
    """Refuse any of these calls; goes on behind itself with the number still loaded."""
    if not numbers:
        return []
    steps = [_step(_JEQ, number, len(numbers) - index) for index, number in enumerate(numbers)]
    return [*steps, _step(_JUMP, 1), _refuse(code)]


def _only_for(number: int, body: list[_Instruction]) -> list[_Instruction]:
    """Run `body`, which returns, for one call only."""
    return [_step(_JEQ, number, 0, len(body)), *body]


def _sockets(tier: Literal["bwrap", "landlock"], which: int) -> list[_Instruction]:
    """Which sockets there are: none that reach anything, or those that end in the sandbox's own network."""
    pair = [_argument(0), _step(_JEQ, _AF_UNIX, 1, 0), _refuse(errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    if tier == "landlock":
        single = [_refuse(errno.EACCES)]
    else:
        single = [
            _argument(0),
            _step(_JEQ, _AF_UNIX, 6, 0),
            _step(_JEQ, _AF_INET, 5, 0),
            _step(_JEQ, _AF_INET6, 4, 0),
            _step(_JEQ, _AF_NETLINK, 0, 2),
            _argument(2),
            _step(_JEQ, 0, 1, 0),  # NETLINK_ROUTE, which lists the interfaces
            _refuse(errno.EAFNOSUPPORT),
            _step(_RETURN, _ALLOW),
        ]
    return [*_only_for(_SOCKET[which], single), *_only_for(_SOCKETPAIR[which], pair)]


def build_filter(tier: Literal["bwrap", "landlock"], machine: str) -> bytes:
    """The filter as the kernel takes it: eight bytes for each step (`struct sock_filter`).

    Calls of another machine's numbering (32 bit, x32) end the process; refused calls fail with EPERM, and `clone3`
    with ENOSYS, because its flags lie in memory that a filter cannot read and every C library then takes `clone`.

    Args:
        tier: With `landlock` there are no sockets but pairs, and no shared memory of System V.
        machine: One of `MACHINES`, as `os.uname().machine` calls it.

    Raises:
        ValueError: The call numbers of this machine are not known.
    """
    if machine not in MACHINES:
        raise ValueError(f"no call numbers for {machine}; known are {', '.join(MACHINES)}")
    which = MACHINES.index(machine)
    refused = {**_NUMBERS, **_SHARED} if tier == "landlock" else _NUMBERS
    numbers = [pair[which] for pair in refused.values()]
    program = [
        _step(_LOAD, 4),
        _step(_JEQ, _AUDIT_ARCH[machine], 1, 0),
        _step(_RETURN, _KILL_PROCESS),
        _step(_LOAD, 0),
    ]
    if machine == "x86_64":
        program += [_step(_JGE, _X32_BIT, 0, 1), _step(_RETURN, _KILL_PROCESS)]
    program += _calls([number for number in numbers if number is not None], errno.EPERM)
    program += _calls([_CLONE3[which]], errno.ENOSYS)
    allow = _step(_RETURN, _ALLOW)
    refuse = _refuse(errno.EPERM)
    program += _only_for(_CLONE[which], [_argument(0), _step(_JSET, _NEW_NAMESPACES, 0, 1), refuse, allow])
    program += _only_for(
        _UNSHARE[which], [_argument(0), _step(_JSET, _NEW_NAMESPACES | _NEW_TIME, 0, 1), refuse, allow]
    )
    program += _only_for(
        _IOCTL[which],
        [_argument(1), _step(_JEQ, _TIOCSTI, 1, 0), _step(_JEQ, _TIOCLINUX, 0, 1), refuse, allow],
    )
    program += [*_sockets(tier, which), allow]
    return b"".join(struct.pack("<HBBI", code, jt, jf, k) for code, jt, jf, k in program)
