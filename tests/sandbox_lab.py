"""Runs the attacks of `sandbox_attacks` and judges from outside whether they got out. Standard library only.

usage: python sandbox_lab.py --tier bare|bwrap|landlock --base FOLDER --out FILE [--only NAME]

It is started as the user whose files are to be protected: an ordinary one with the system's interpreter, or root. The
tier `bare` confines nothing; it shows that an attack works at all, so that "stopped" means something.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import hashlib
import json
import os
import pty
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aura_factory.sandbox.contract import Outcome, Policy, Probe
from aura_factory.sandbox.identity import hand_over, identity_for
from aura_factory.sandbox.probing import probe
from aura_factory.sandbox.running import ConfinedRunner
from aura_shared.errors import UsageProblem
from sandbox_attacks import ATTACKS, PREAMBLE, Attack

PYTHON = "/usr/bin/python3"
PROCESSES = 40
MEMORY = 268_435_456
FILE = 8_000_000
DISK = 48_000_000
OUTPUT = 65_536
# Half a second passes between two looks at the disk; this is what may be written meanwhile.
DISK_LATE = 400_000_000
ACCEPT_S = 0.05
BARE_S = 3.0
# Beyond the wall clock's bound: a busy machine is slow to kill, but it kills.
LATE_S = 15.0


@dataclass
class Seen:
    """The worst that was seen while an attack ran."""

    processes: int = 0
    resident: int = 0
    resident_together: int = 0
    traced: bool = False
    typed: bytes = b""
    seconds: float = 0.0


@dataclass
class Lab:
    """A user's files, servers and a process, and the place where one attack runs."""

    base: Path
    token: str = field(default_factory=lambda: "aura-attack-" + secrets.token_hex(6))
    secret: str = field(default_factory=lambda: "SECRET" + secrets.token_hex(12))

    def __post_init__(self) -> None:
        self.root = self.base / self.token
        self.workspace = self.root / "run" / "workspace"
        self.memory_file = Path("/dev/shm") / self.token
        self._sockets: list[socket.socket] = []
        self.seen = Seen()

    def build(self) -> None:
        """Make everything. Modes are as open as can be, so that it is the sandbox that stops and not they."""
        for name in ("home/.ssh", "other", "project/.git/hooks", "shared", "tool/bin", "modules", "run/workspace"):
            (self.root / name).mkdir(parents=True)
        texts = {
            "home/.ssh/id_rsa": self.secret,
            "home/.bashrc": "true\n",
            "other/secret.py": self.secret,
            "project/app.py": "x = 1\n",
            "shared/file": "shared\n",
            "shared/second": "shared\n",
            "tool/bin/tool": "#!/bin/sh\n",
            "modules/index.js": "1\n",
            "run/neighbour.txt": self.secret,
        }
        for name, text in texts.items():
            (self.root / name).write_text(text, encoding="utf-8")
            (self.root / name).chmod(0o666)
        (self.root / "home/.ssh/id_rsa").chmod(0o600)
        (self.root / "shared").chmod(0o777)
        (self.root / "modules").chmod(0o777)
        self.memory_file.write_text("shared\n", encoding="utf-8")
        self.memory_file.chmod(0o666)
        (self.workspace / "node_modules").mkdir()
        self.descriptor = os.open(self.root / "other/secret.py", os.O_RDONLY)
        os.set_inheritable(self.descriptor, True)
        os.environ["AURA_API_KEY"] = self.secret
        self._serve()
        self.segment = self._share()
        self.victim = subprocess.Popen(
            [PYTHON, "-c", "import sys, time; time.sleep(120)", self.secret, self.token],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin", "TOKEN_OF_OTHERS": self.secret},
        )

    def _serve(self) -> None:
        def listening(family: int, kind: int, address: object) -> socket.socket:
            made = socket.socket(family, kind)
            made.bind(address)  # type: ignore[arg-type]
            if kind == socket.SOCK_STREAM:
                made.listen()
            self._sockets.append(made)
            return made

        self.tcp = listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.udp = listening(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self.by_path = str(self.base / f"{self.token[-6:]}.sock")
        self.unix = listening(socket.AF_UNIX, socket.SOCK_STREAM, self.by_path)
        Path(self.by_path).chmod(0o777)
        self.abstract = listening(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.token)

    def _share(self) -> int:
        """A segment of System V shared memory with the secret in it."""
        libc = ctypes.CDLL(None, use_errno=True)
        segment = int(libc.shmget(0, 4096, 0o1666))
        libc.shmat.restype = ctypes.c_void_p
        ctypes.memmove(libc.shmat(segment, None, 0), self.secret.encode(), len(self.secret))
        return segment

    def facts(self) -> dict[str, object]:
        """What a script is told."""
        planted = self.base / "setuid-id"
        return {
            "key": str(self.root / "home/.ssh/id_rsa"),
            "home": str(self.root / "home"),
            "other": str(self.root / "other/secret.py"),
            "neighbour": str(self.root / "run/neighbour.txt"),
            "project": str(self.root / "project"),
            "shared": str(self.root / "shared"),
            "tool": str(self.root / "tool"),
            "modules": str(self.root / "modules"),
            "memory_file": str(self.memory_file),
            "tcp": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "socket": self.by_path,
            "abstract": self.token,
            "victim": self.victim.pid,
            "segment": self.segment,
            "device": self.base.stat().st_dev,
            "setuid": str(planted) if planted.exists() else "/usr/bin/id",
            "terminal": os.ttyname(0) if os.isatty(0) else "/dev/tty",
        }

    def policy(self, attack: Attack) -> Policy:
        """What is allowed: the workspace, a folder of tools, and dependencies."""
        planted = self.base / "setuid-id"
        return Policy(
            self.workspace,
            read=[self.root / "tool", *([planted] if planted.exists() else [])],
            environment={"LD_PRELOAD": str(self.workspace / "evil.so")} if attack.special == "preload" else {},
            mounts={self.workspace / "node_modules": self.root / "modules"},
            wall_s=attack.wall_s,
            cpu_s=2,
            memory_bytes=MEMORY,
            processes=PROCESSES,
            file_bytes=FILE,
            disk_bytes=DISK,
            output_bytes=OUTPUT,
        )

    def snapshot(self) -> dict[str, object]:
        """Everything about the files outside that an attack might change."""
        tops = [self.root / name for name in ("home", "other", "project", "shared", "tool", "modules")]
        paths = [self.memory_file, self.root / "run/neighbour.txt", Path("/proc/sys/kernel/core_pattern")]
        for top in tops:
            paths += [top, *top.rglob("*")]
        found: dict[str, object] = {"hostname": socket.gethostname()}
        for path in paths:
            about = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = (about.st_mode, about.st_uid, about.st_nlink, hashlib.sha256(content).hexdigest())
            if path.is_file() and not str(path).startswith("/proc/"):
                found[f"{path} time"] = about.st_mtime_ns
        return found

    def reached(self) -> list[str]:
        """Servers that heard something."""
        ready, _, _ = select.select(self._sockets, [], [], ACCEPT_S)
        names = {self.tcp: "TCP", self.udp: "UDP", self.unix: "Unix path", self.abstract: "abstract Unix"}
        return [f"reached a server by {names[one]}" for one in ready]

    def own_processes(self) -> Iterator[Path]:
        """Processes of the attack, which bear its token on their command line."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    line = (entry / "cmdline").read_bytes()
                    if self.token.encode() in line and b"attack.py" in line and b"bwrap" not in line.split(b"\0")[0]:
                        yield entry

    def look(self) -> None:
        """Take note of what runs now."""
        together = 0
        count = 0
        for entry in self.own_processes():
            with contextlib.suppress(OSError, IndexError):
                resident = int((entry / "statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
                self.seen.resident = max(self.seen.resident, resident)
                together += resident
                count += 1
        self.seen.processes = max(self.seen.processes, count)
        self.seen.resident_together = max(self.seen.resident_together, together)
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self.victim.pid}/status").read_text(encoding="ascii")
            self.seen.traced |= "TracerPid:\t0\n" not in status

    def evidence(self, attack: Attack, outcome: Outcome, before: dict[str, object]) -> list[str]:
        """All that shows that an attack got further than its policy allows."""
        found = self.reached()
        loot = self.workspace / "loot"
        if loot.is_file():
            text = loot.read_text(encoding="utf-8", errors="replace")
            found += ["took a secret"] if self.secret in text else []
            found += [line.lower() for line in text.splitlines() if line.startswith("GOT ")]
        after = self.snapshot()
        found += [
            f"changed {name.removeprefix(str(self.root))}"
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        ]
        if self.victim.poll() is not None:
            found.append("killed a process of the host")
        if self.seen.traced:
            found.append("traced a process of the host")
        if any(True for _ in self.own_processes()):
            found.append("left processes behind")
        if b"INJECTED" in self.seen.typed:
            found.append("typed into the terminal")
        return [*found, *self._bounds(attack, outcome)]

    def _bounds(self, attack: Attack, outcome: Outcome) -> list[str]:
        sizes = [path.lstat() for path in self.workspace.rglob("*") if not path.is_symlink() and path.is_file()]
        passed = {
            "processes": (self.seen.processes, PROCESSES),
            "memory of a process": (self.seen.resident, MEMORY),
            "memory of all processes": (self.seen.resident_together, 2 * MEMORY),
            "size of a file": (max((size.st_size for size in sizes), default=0), FILE),
            "bytes on the disk": (sum(size.st_blocks for size in sizes) * 512, DISK + DISK_LATE),
            "bytes of output": (len(outcome.stdout), OUTPUT),
            "seconds": (self.seen.seconds, attack.wall_s + LATE_S),
        }
        return [f"{name}: {value:,.0f} of {bound:,.0f}" for name, (value, bound) in passed.items() if value > bound]

    def close(self) -> None:
        """Leave nothing."""
        for entry in self.own_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)
        self.victim.kill()
        self.victim.wait()
        ctypes.CDLL(None).shmctl(self.segment, 0, None)
        os.close(self.descriptor)
        for one in self._sockets:
            one.close()
        self.memory_file.unlink(missing_ok=True)
        Path(self.by_path).unlink(missing_ok=True)
        shutil.rmtree(self.root, ignore_errors=True)


def run_bare(command: list[str], policy: Policy, output: Path) -> Outcome:
    """Run without any sandbox, as a careless program would."""
    begun = time.perf_counter()
    for place, folder in policy.mounts.items():
        place.rmdir()
        place.symlink_to(folder)
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command],  # A parent that an attack may kill.
            cwd=policy.workspace,
            env={**os.environ, **policy.environment},
            stdout=file,
            stderr=subprocess.DEVNULL,
            close_fds=False,
        )
        try:
            process.wait(min(policy.wall_s, BARE_S))
        except subprocess.TimeoutExpired:
            process.terminate()  # It is the attack that ignores this which shows why it is not enough.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.kill()
            process.wait()
    return Outcome("exit", process.returncode, output.read_bytes(), b"", False, time.perf_counter() - begun, "none")


async def run_confined(tier: str, attack: Attack, lab: Lab) -> Outcome:
    """Run an attack in a tier while watching it."""
    command = [PYTHON, "-I", "attack.py", lab.token]
    policy = lab.policy(attack)

    async def watch() -> None:
        while True:
            await asyncio.to_thread(lab.look)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    begun = time.perf_counter()
    try:
        if tier == "bare":
            return await asyncio.to_thread(run_bare, command, policy, lab.root / "output")
        return await ConfinedRunner(found_tier(tier)).run(command, policy)
    except UsageProblem as refused:
        return Outcome("not-started", -1, b"", b"", False, 0.0, "none", str(refused))
    finally:
        lab.seen.seconds = time.perf_counter() - begun
        watching.cancel()


def found_tier(tier: str) -> Probe:
    """The probe of one tier; ends the program when that tier is not to be had."""
    found = probe("bwrap" if tier == "bwrap" else "landlock")
    if found.tier == "none":
        sys.exit(f"{tier} does not work here: {'; '.join(found.reasons)}")
    return found


def attack_once(tier: str, attack: Attack, base: Path, token: str | None) -> dict[str, object]:
    """Build a lab, attack, judge."""
    lab = Lab(base, **({"token": token} if token else {}))
    lab.build()
    inner = token is not None
    try:
        (lab.workspace / "attack.py").write_text(f"{PREAMBLE}\n{attack.script}\nput('finished')\n", encoding="utf-8")
        (lab.workspace / "facts.json").write_text(json.dumps(lab.facts()), encoding="utf-8")
        if os.geteuid() == 0 and tier != "bare":
            hand_over(lab.workspace, identity_for(None))
        before = lab.snapshot()
        if attack.special in {"tty", "orphan"} and not inner:
            outcome = Outcome("exit", 0, b"", b"", False, 0.0, "none")
            special = through_terminal if attack.special == "tty" else killing_aura
            found = special(tier, attack, base)
        else:
            outcome = asyncio.run(run_confined(tier, attack, lab))
            found = lab.evidence(attack, outcome, before)
            finished = (lab.workspace / "finished").exists()
            if attack.finishes and not finished and attack.special != "preload" and outcome.ended != "not-started":
                notes = f"{outcome.ended} {outcome.code} {outcome.detail} {outcome.stderr[-500:]!r}"
                return {"name": attack.name, "broken": f"the script did not reach its end: {notes}"}
            if outcome.ended == "not-started" and attack.special != "preload":
                return {"name": attack.name, "broken": f"not started: {outcome.detail}"}
    finally:
        lab.close()
    return {"name": attack.name, "open": sorted(found), "ended": outcome.ended, "detail": outcome.detail}


def _again(tier: str, attack: Attack, base: Path, token: str) -> list[str]:
    return [
        sys.executable,
        __file__,
        *("--tier", tier, "--base", str(base), "--only", attack.name, "--token", token),
        *("--out", str(base / f"{token}.json")),
    ]


def through_terminal(tier: str, attack: Attack, base: Path) -> list[str]:
    """Run the lab in a terminal of its own, and see whether anything was typed into it."""
    token = "aura-attack-" + secrets.token_hex(6)
    pid, master = pty.fork()
    if pid == 0:
        command = _again(tier, attack, base, token)
        os.execv(command[0], command)
    typed = b""
    with contextlib.suppress(OSError):  # EIO when the other side is closed
        while chunk := os.read(master, 4096):
            typed += chunk
    os.waitpid(pid, 0)
    os.close(master)
    result = json.loads((base / f"{token}.json").read_text(encoding="utf-8"))["results"][0]
    found = result.get("open", [result.get("broken")])
    return [*found, *(["typed into the terminal"] if b"INJECTED" in typed else [])]


def killing_aura(tier: str, attack: Attack, base: Path) -> list[str]:
    """Kill the process that runs the sandbox, with no chance to clean up, and look for what is left."""
    token = "aura-attack-" + secrets.token_hex(6)
    lab = Lab(base, token=token)
    aura = subprocess.Popen(_again(tier, attack, base, token), start_new_session=True)
    try:
        until = time.monotonic() + 20
        while not (lab.workspace / "started").exists():
            if time.monotonic() > until or aura.poll() is not None:
                return ["the attack did not start"]
            time.sleep(0.01)
        if not list(lab.own_processes()):
            return ["the attack was not seen"]
        aura.kill()
        aura.wait()
        until = time.monotonic() + 5
        while left := list(lab.own_processes()):
            if time.monotonic() > until:
                return [f"{len(left)} processes outlived Aura"]
            time.sleep(0.01)
        return []
    finally:
        aura.kill()
        for entry in Path("/proc").iterdir():  # The victim of that lab too.
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and token.encode() in (entry / "cmdline").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
        lab.memory_file.unlink(missing_ok=True)
        shutil.rmtree(lab.root, ignore_errors=True)


def main() -> None:
    """Run all attacks, or one, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tier", choices=("bare", "bwrap", "landlock"), required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only")
    parser.add_argument("--token")
    options = parser.parse_args()
    if options.tier == "bare" and os.geteuid() == 0:
        sys.exit("attacks are not run bare as root")
    lacks = [] if options.tier == "bare" else list(found_tier(options.tier).lacks)
    results = [
        attack_once(options.tier, attack, options.base, options.token)
        for attack in ATTACKS
        if options.only in {None, attack.name}
    ]
    options.out.write_text(json.dumps({"lacks": lacks, "results": results}), encoding="utf-8")


if __name__ == "__main__":
    main()
