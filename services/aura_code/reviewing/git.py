"""Reading a repository that is not trusted: only plumbing, nothing of its configuration runs, every call is bounded.

Hooks, file system monitors, external diffs, text conversions and content filters are switched off, nothing is fetched
and no lock is taken. Settings of the user such as `diff.noprefix` do not reach plumbing.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from aura_shared.errors import UsageProblem

_TIMEOUT_S: Final = 20.0
_MOST_BYTES: Final = 64_000_000
_PIECE: Final = 1 << 20
_SAFE: Final = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.quotePath=false"),
    *("-c", "core.untrackedCache=keep"),
    *("-c", "diff.external="),
    *("-c", "diff.renameLimit=1000"),
    *("-c", "protocol.allow=never"),
)
_PROGRAM_KEYS: Final = r"^filter\..*\.(clean|smudge|process|required)$"


class Said(NamedTuple):
    """What git printed."""

    text: bytes
    problem: str
    """Why it is empty or ends early; empty when all went well."""
    cut: bool = False
    """Whether it ended at a bound, so that `text` is a part of the answer."""

    @property
    def ok(self) -> bool:
        """Whether it is the whole answer."""
        return not self.problem


@dataclass(frozen=True)
class Git:
    """The repository around a folder."""

    root: Path
    """Folder of the project, which may be a part of the repository."""
    timeout_s: float = field(default=_TIMEOUT_S)
    """Bound of each call."""

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        most_bytes: int = _MOST_BYTES,
        switched_off: Sequence[str] = (),
    ) -> Said:
        """What a command prints, cut at a bound; git is ended when it prints more or takes too long.

        Args:
            arguments: Command and its options.
            stdin: What it is given.
            most_bytes: Bound on what it prints.
            switched_off: Further options of git itself, as `without_filters` gives them.
        """
        try:
            process = subprocess.Popen(
                ["git", *_SAFE, *switched_off, *arguments],
                cwd=self.root,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError:
            return Said(b"", "git is not installed" if self.root.is_dir() else "the folder of the project is gone")
        except OSError as error:
            return Said(b"", f"git cannot be started: {error.strerror or error}")
        return _collected(process, stdin, most_bytes, self.timeout_s)

    def word(self, *arguments: str) -> str:
        """The one line that a command prints; empty when it fails."""
        said = self.run(*arguments)
        return os.fsdecode(said.text).strip() if said.ok else ""

    @cached_property
    def without_filters(self) -> tuple[str, ...]:
        """Options that switch off the content filters of the configuration, which a look at the work tree would run."""
        said = self.run("config", "-z", "--name-only", "--get-regexp", _PROGRAM_KEYS)
        keys = {os.fsdecode(key) for key in said.text.split(b"\0") if key}
        empty = {key: "false" if key.endswith(".required") else "" for key in keys if "=" not in key}
        return tuple(part for key, value in sorted(empty.items()) for part in ("-c", f"{key}={value}"))

    def commit(self, revision: str) -> str:
        """The commit that a revision names.

        Raises:
            UsageProblem: It looks like an option, or names no commit here.
        """
        if revision.startswith("-") or any(ord(char) < 32 for char in revision):
            raise UsageProblem(
                f"A revision must not start with a dash or hold control characters; found {revision[:80]!r}.",
                hint="Name a branch, tag or commit.",
            )
        found = self.word("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if not found or found.strip("0123456789abcdef"):
            self.check()
            raise UsageProblem(
                f"Git knows no commit {revision[:80]!r} here.",
                hint="Name a branch, tag or commit; `git branch --all` and `git tag` list them.",
            )
        return found

    @cached_property
    def head(self) -> str:
        """The commit that is checked out; empty when there is none yet.

        Raises:
            UsageProblem: The project is in no repository.
        """
        found = self.word("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if not found:
            self.check()
        return found

    def check(self) -> None:
        """Do nothing in a repository.

        Raises:
            UsageProblem: The project is in none, or git cannot read it.
        """
        said = self.run("rev-parse", "--is-inside-work-tree")
        if said.problem:
            raise UsageProblem(
                f"The change cannot be read: {said.problem}.",
                hint="Changes are read with git; a patch can be reviewed without it.",
            )

    @cached_property
    def is_shallow(self) -> bool:
        """Whether the clone holds only the newest commits."""
        return self.word("rev-parse", "--is-shallow-repository") == "true"

    def merge_base(self, first: str, second: str) -> str:
        """Where two commits parted.

        Raises:
            UsageProblem: They share no commit here.
        """
        found = self.word("merge-base", first, second)
        if found:
            return found
        cut = " The clone holds only the newest commits." if self.is_shallow else ""
        raise UsageProblem(
            f"{first[:12]} and {second[:12]} have no commit in common here.{cut}",
            hint="`git fetch --unshallow` brings the older commits." if cut else "Compare them with `A..B` instead.",
        )

    def empty_tree(self) -> str:
        """The tree without files, as this repository names it."""
        return self.word("hash-object", "-t", "tree", "--stdin")


def _collected(process: subprocess.Popen[bytes], stdin: bytes, most_bytes: int, timeout_s: float) -> Said:
    """Read until the end or a bound; what git complains of is read beside it, so that no pipe fills up."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    complaint: list[bytes] = []
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    helpers = [
        threading.Thread(target=_feed, args=(process, stdin), daemon=True),
        threading.Thread(target=_drain, args=(process, complaint), daemon=True),
    ]
    clock = threading.Timer(timeout_s, stop)
    clock.daemon = True
    with process:
        for helper in (*helpers, clock):
            helper.start()
        pieces: list[bytes] = []
        size = 0
        while size <= most_bytes and (piece := process.stdout.read(_PIECE)):
            pieces.append(piece)
            size += len(piece)
        if size > most_bytes:
            process.kill()
        process.stdout.close()
        for helper in helpers:
            helper.join()
        process.wait()
        clock.cancel()
    text = b"".join(pieces)
    if late.is_set():
        return Said(text, f"git took longer than {timeout_s:.0f} s", cut=True)
    if size > most_bytes:
        return Said(text[:most_bytes], "the answer of git is too large", cut=True)
    return Said(text, "") if process.returncode == 0 else Said(b"", _worded(b"".join(complaint)))


def _feed(process: subprocess.Popen[bytes], stdin: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except OSError:  # Git has ended before it read all of it; its exit code says why.
        return


def _drain(process: subprocess.Popen[bytes], complaint: list[bytes]) -> None:
    assert process.stderr is not None
    kept = 0
    while piece := process.stderr.read(8192):
        if kept < 65536:
            complaint.append(piece)
            kept += len(piece)


def _worded(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    if any("not a git repository" in line for line in lines):
        return "the folder is not in a git repository"
    return lines[0].removeprefix("fatal: ")[:200] if lines else "git refused"


def _environment() -> dict[str, str]:
    kept = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in kept}
    return environment | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
