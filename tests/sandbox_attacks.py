"""What a hostile program tries, each as a Python script that is run confined. Standard library only.

A script writes what it got hold of to `loot`; whether it got out is judged from outside (`sandbox_lab`): by secrets
in `loot`, files that changed, sockets that were reached, processes that died, were traced or are left, and by
bounds that were passed. `facts.json` tells it where everything is, so that it need not search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ATTACKS", "PREAMBLE", "Attack"]

PREAMBLE: Final = r'''
import ctypes, json, os, shutil, signal, socket, struct, subprocess, sys, time
F = json.load(open("facts.json"))
def got(text):
    with open("loot", "a") as file:
        file.write(f"{text}\n")
def take(path, size=100_000):
    with open(path, "rb") as file:
        got(file.read(size).decode("utf-8", "replace").replace("\0", "\n"))
def tries(*actions):
    for action in actions:
        try:
            action()
        except BaseException as error:
            with open("notes", "a") as file:
                file.write(f"{type(error).__name__}: {error}\n")
def put(path, text="PWNED", mode="w"):
    with open(path, mode) as file:
        file.write(text)
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(number))
    return result
ARM = os.uname().machine == "aarch64"
def number(x86, arm):
    return arm if ARM else x86
USER, MOUNTS, PIDS, NET = 0x10000000, 0x00020000, 0x20000000, 0x40000000
def enter_namespaces(flags):
    """What a user namespace of one's own gives: root's rights in it."""
    call(number(272, 97), flags)
def in_child(action):
    pid = os.fork()
    if pid == 0:
        tries(action)
        os._exit(0)
    os.waitpid(pid, 0)
'''


@dataclass(frozen=True, slots=True)
class Attack:
    """One attempt."""

    name: str
    script: str
    """Runs behind `PREAMBLE`."""
    finishes: bool = True
    """Whether the script reaches its last line wherever it runs; otherwise it is ended on the way."""
    special: Literal["", "tty", "orphan", "preload"] = ""
    """What it needs besides: a terminal, the death of Aura, a variable in its environment."""
    wall_s: float = 8.0


ATTACKS: Final = (
    # Reading
    Attack("read an ssh key", 'tries(lambda: take(F["key"]))'),
    Attack("read another project", 'tries(lambda: take(F["other"]))'),
    Attack("read beside the workspace", 'tries(lambda: take("../neighbour.txt"), lambda: take(F["neighbour"]))'),
    Attack(
        "read through a link",
        'tries(lambda: os.symlink(F["other"], "link"), lambda: take("link"), '
        'lambda: os.symlink(os.path.dirname(F["other"]), "folder"), lambda: take("folder/secret.py"))',
    ),
    Attack("read through a hard link", 'tries(lambda: os.link(F["other"], "hard"), lambda: take("hard"))'),
    Attack("read through /proc/self/root", 'tries(lambda: take("/proc/self/root" + F["other"]))'),
    Attack(
        "read through /proc/1/root",
        'tries(*[lambda p=p: take(f"/proc/{p}/root" + F["other"]) for p in (1, os.getppid(), F["victim"])])',
    ),
    Attack(
        "read through an open descriptor",
        "def descriptor(n):\n"
        "    os.lseek(n, 0, 0)\n"
        '    got(os.read(n, 1000).decode("utf-8", "replace"))\n'
        "tries(*[lambda n=n: descriptor(n) for n in range(3, 256)])",
    ),
    Attack("read the environment of Aura", "tries(lambda: got(dict(os.environ)))"),
    Attack(
        "learn names and sizes outside",
        "tries(lambda: got(f\"GOT size {os.stat(F['other']).st_size}\"))",
    ),
    # Writing
    Attack(
        "write to the home folder",
        'tries(lambda: put(F["home"] + "/.bashrc", "PWNED", "a"), lambda: put(F["home"] + "/new"))',
    ),
    Attack("write to another project", 'tries(lambda: put(F["other"]))'),
    Attack(
        "write to shared temporary folders",
        'tries(lambda: put(F["shared"] + "/new"), lambda: put(F["memory_file"]), lambda: put(F["shared"] + "/file"))',
    ),
    Attack(
        "write through a link",
        'tries(lambda: os.symlink(F["other"], "link"), lambda: put("link"), '
        'lambda: os.symlink(F["shared"], "folder"), lambda: put("folder/new"))',
    ),
    Attack(
        "write through a hard link",
        'tries(lambda: os.link(F["shared"] + "/file", "hard"), lambda: put("hard"), '
        'lambda: os.link("facts.json", F["shared"] + "/out"))',
    ),
    Attack(
        "leave a git hook",
        'tries(lambda: put(F["project"] + "/.git/hooks/pre-commit"), lambda: os.makedirs(F["project"] + "/.git/x"))',
    ),
    Attack(
        "write to its own interpreter and tools",
        'tries(lambda: put(F["tool"] + "/bin/tool"), lambda: put(F["tool"] + "/new"), '
        'lambda: os.unlink(F["tool"] + "/bin/tool"), lambda: os.rename(F["tool"] + "/bin", F["tool"] + "/b"), '
        'lambda: put(sys.executable, "x", "a"))',
    ),
    Attack(
        "write to the dependencies that are shown",
        'tries(lambda: put("node_modules/index.js"), lambda: put("node_modules/new"), '
        'lambda: put(F["modules"] + "/new"))',
    ),
    Attack("truncate a file outside", 'tries(lambda: os.truncate(F["shared"] + "/file", 0))'),
    Attack(
        "remove and rename files outside",
        'tries(lambda: os.unlink(F["shared"] + "/file"), lambda: os.rename(F["shared"] + "/second", "second"), '
        'lambda: os.rename("facts.json", F["shared"] + "/facts"))',
    ),
    Attack(
        "change modes and times outside",
        'tries(lambda: os.chmod(F["other"], 0o666), lambda: os.utime(F["other"], (1, 1)))',
    ),
    Attack(
        "write to a file through /proc/self/mem",
        "def poke():\n"
        "    import mmap\n"
        '    with open(F["tool"] + "/bin/tool", "rb") as file:\n'
        "        seen = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)\n"
        '        where = [l for l in open("/proc/self/maps") if l.rstrip().endswith("/bin/tool")][0].split("-")[0]\n'
        '        with open("/proc/self/mem", "r+b", 0) as memory:\n'
        "            memory.seek(int(where, 16))\n"
        '            memory.write(b"PWNED")\n'
        "tries(poke)",
    ),
    Attack(
        "change the kernel's settings",
        'tries(lambda: put("/proc/sys/kernel/core_pattern", "|/bin/true"), '
        'lambda: put("/proc/sys/kernel/hostname", "pwned"), lambda: put("/proc/sysrq-trigger", "h"))',
    ),
    # The network
    Attack(
        "reach a TCP server",
        'tries(lambda: socket.create_connection(("127.0.0.1", F["tcp"]), 1).send(b"PWNED"))',
    ),
    Attack(
        "send a UDP packet",
        'tries(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"PWNED", ("127.0.0.1", F["udp"])))',
    ),
    Attack(
        "reach a Unix socket by its path",
        "def connect(name):\n"
        "    s = socket.socket(socket.AF_UNIX)\n"
        "    s.connect(name)\n"
        '    s.send(b"PWNED")\n'
        'tries(lambda: connect(F["socket"]))',
    ),
    Attack(
        "reach an abstract Unix socket",
        "def connect(name):\n"
        "    s = socket.socket(socket.AF_UNIX)\n"
        "    s.connect(name)\n"
        '    s.send(b"PWNED")\n'
        'tries(lambda: connect("\\0" + F["abstract"]))',
    ),
    Attack(
        "open raw, netlink and rare sockets",
        "def rare(family, kind, protocol):\n"
        "    socket.socket(family, kind, protocol)\n"
        '    got(f"GOT socket of family {family}, kind {kind}, protocol {protocol}")\n'
        "tries(*[lambda a=a: rare(*a) for a in "
        "((16, 3, 15), (16, 3, 9), (17, 3, 0), (2, 3, 1), (38, 5, 0), (40, 1, 0), (31, 3, 0), (29, 3, 1))])",
    ),
    # Other processes
    Attack(
        "see processes of the host",
        "def look():\n"
        '    for name in os.listdir("/proc"):\n'
        "        if name.isdecimal():\n"
        '            tries(lambda: take(f"/proc/{name}/cmdline"))\n'
        "tries(look, lambda: take(f\"/proc/{F['victim']}/cmdline\"))",
    ),
    Attack("kill a process of the host", 'tries(lambda: os.kill(F["victim"], signal.SIGKILL))'),
    Attack(
        "trace a process of the host",
        'def trace():\n    call(number(101, 117), 0x4206, F["victim"], 0, 0)\n    time.sleep(0.3)\ntries(trace)',
    ),
    Attack("read the environment of a process of the host", "tries(lambda: take(f\"/proc/{F['victim']}/environ\"))"),
    Attack(
        "read the memory of a process of the host",
        "def search():\n"
        "    for line in open(f\"/proc/{F['victim']}/maps\"):\n"
        '        if "[stack]" in line or "[heap]" in line:\n'
        '            first, last = (int(part, 16) for part in line.split()[0].split("-"))\n'
        '            with open(f"/proc/{F[\'victim\']}/mem", "rb", 0) as memory:\n'
        "                memory.seek(first)\n"
        '                got(memory.read(last - first).decode("latin-1").replace("\\0", " "))\n'
        "tries(search)",
    ),
    Attack(
        "kill its own guard",
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "tries(lambda: os.kill(os.getppid(), signal.SIGKILL))\n",
    ),
    Attack(
        "read shared memory of the host",
        "def attach():\n"
        "    libc.shmat.restype = ctypes.c_void_p\n"
        '    where = libc.shmat(F["segment"], None, 0o10000)\n'
        "    if where in (None, ctypes.c_void_p(-1).value):\n"
        "        raise OSError(ctypes.get_errno())\n"
        "    got(ctypes.string_at(where, 100))\n"
        "tries(attach)",
    ),
    # The kernel
    Attack(
        "make a user namespace",
        "def unshared():\n"
        "    enter_namespaces(USER)\n"
        '    got("GOT one from unshare")\n'
        "def cloned():\n"
        "    if call(number(56, 220), USER | signal.SIGCHLD, 0, 0, 0, 0) == 0:\n"
        "        os._exit(0)\n"
        '    got("GOT one from clone")\n'
        "def cloned_3():\n"
        "    if call(435, struct.pack('<QQQQQQQQ', USER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0), 64) == 0:\n"
        "        os._exit(0)\n"
        '    got("GOT one from clone3")\n'
        "in_child(unshared)\n"
        "in_child(cloned)\n"
        "in_child(cloned_3)",
    ),
    Attack(
        "mount something",
        "def mount():\n"
        '    call(number(165, 40), b"none", b"/tmp", b"tmpfs", 0, None)\n'
        '    got("GOT a mount")\n'
        "in_child(mount)\n"
        "in_child(lambda: (enter_namespaces(USER | MOUNTS), mount()))",
    ),
    Attack(
        "mount by the newer calls",
        "def mount():\n"
        '    call(430, b"tmpfs", 0)\n'
        '    got("GOT fsopen")\n'
        "in_child(mount)\n"
        "in_child(lambda: (enter_namespaces(USER | MOUNTS), mount()))",
    ),
    Attack(
        "change the root",
        "def change():\n"
        '    os.mkdir("root")\n'
        '    os.chroot("root")\n'
        '    os.chdir("/")\n'
        '    got("GOT a root")\n'
        "in_child(change)\n"
        "def change_in_namespace():\n"
        "    enter_namespaces(USER)\n"
        '    os.chroot(".")\n'
        '    got("GOT a root")\n'
        "in_child(change_in_namespace)",
    ),
    Attack(
        "enter the host's namespaces",
        "def enter(kind):\n"
        "    with open(f\"/proc/{F['victim']}/ns/{kind}\") as file:\n"
        "        call(number(308, 268), file.fileno(), 0)\n"
        '    got(f"GOT into {kind}")\n'
        'tries(*[lambda k=k: enter(k) for k in ("user", "mnt", "net", "pid")])',
    ),
    Attack("use io_uring", "tries(lambda: got(f'GOT ring {call(425, 4, bytes(120))}'))"),
    Attack(
        "use the keyring",
        "tries(lambda: got(f\"GOT key {call(number(248, 217), b'user', b'aura', b'x', 1, -2)}\"))",
    ),
    Attack(
        "load programs and modules into the kernel",
        "def named(name, *arguments):\n"
        '    got(f"GOT {name} {call(*arguments)}")\n'
        'tries(lambda: named("bpf", number(321, 280), 0, struct.pack("<IIII", 2, 4, 4, 1) + bytes(100), 116),\n'
        '      lambda: named("init_module", number(175, 105), b"x", 1, b""),\n'
        '      lambda: named("perf", number(298, 241), struct.pack("<IIQ", 1, 112, 0) + bytes(96), 0, -1, -1, 0),\n'
        '      lambda: named("userfaultfd", number(323, 282), 1),\n'
        '      lambda: named("kexec", number(246, 104), 0, 0, None, 0))',
    ),
    Attack(
        "make a device",
        'def device():\n    os.mknod("disk", 0o60666, F["device"])\n    got("GOT a device")\ntries(device)',
    ),
    Attack(
        "gain rights from a setuid program",
        'tries(lambda: got("GOT root" if subprocess.run([F["setuid"], "-u"], capture_output=True).stdout == b"0\\n" '
        'else "no"))',
    ),
    Attack(
        "type into the terminal",
        "import fcntl\n"
        "def type_in(name):\n"
        "    descriptor = os.open(name, os.O_RDWR) if isinstance(name, str) else name\n"
        '    for letter in b"INJECTED":\n'
        "        fcntl.ioctl(descriptor, 0x5412, bytes([letter]))\n"
        'tries(*[lambda n=n: type_in(n) for n in ("/dev/tty", F["terminal"], 0, 1, 2)])',
        special="tty",
    ),
    Attack(
        "load a library into its helpers",
        'tries(lambda: got("GOT " + os.environ["LD_PRELOAD"]))',
        special="preload",
    ),
    # Bounds
    Attack(
        "fork bomb",
        "for _ in range(400):\n"
        "    try:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(20)\n"
        "            os._exit(0)\n"
        "    except OSError:\n"
        "        time.sleep(0.001)\n"
        "time.sleep(0.3)",
    ),
    Attack(
        "memory bomb",
        "def hold():\n"
        "    block = bytearray(700_000_000)\n"
        "    block[::4096] = bytes([1]) * len(block[::4096])\n"
        "    time.sleep(0.3)\n"
        "tries(hold)",
    ),
    Attack(
        "memory bomb of many processes",
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        block = bytearray(150_000_000)\n"
        "        block[::4096] = bytes([1]) * len(block[::4096])\n"
        "        time.sleep(1.5)\n"
        "        os._exit(0)\n"
        "time.sleep(1.5)",
    ),
    Attack(
        "disk bomb of one file",
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "def fill():\n"
        '    with open("big", "wb", 0) as file:\n'
        "        for _ in range(100):\n"
        '            file.write(b"x" * 1_000_000)\n'
        'tries(fill, lambda: os.truncate("facts.json", 1 << 40))',
    ),
    Attack(
        "disk bomb of many files",
        "for n in range(400):\n"
        '    with open(f"part-{n}", "wb", 0) as file:\n'
        '        file.write(b"x" * 4_000_000)\n'
        "    time.sleep(0.01)",
        finishes=False,
    ),
    Attack("busy loop", "while True: pass", finishes=False),
    Attack(
        "output flood",
        'block = b"x" * 65_536\nfor _ in range(160): os.write(1, block)\n',
        finishes=False,
    ),
    Attack(
        "ignore the end",
        "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "while True: time.sleep(60)",
        finishes=False,
        wall_s=1.0,
    ),
    Attack(
        "leave a daemon",
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "        for n in range(3): os.close(n)\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait()",
    ),
    Attack(
        "outlive Aura",
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        'put("started")\n'
        "time.sleep(60)",
        finishes=False,
        special="orphan",
        wall_s=60.0,
    ),
)
