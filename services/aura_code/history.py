"""What git knows about files: how often they change, since when lines stand, and what has changed.

The repository is not trusted. Hooks, file system monitors, external diffs, text conversions and content filters of its
configuration are switched off, nothing is fetched, no lock is taken, and every call is bounded in time and size. Where
git, the repository or an answer is missing, the result is empty and says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log1p
from pathlib import Path
from typing import Final, NamedTuple

WINDOW_DAYS: Final = 365
"""A year holds seasons and releases; older changes say little about where work happens now."""
_TIMEOUT_S: Final = 20.0
_BLAME_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 64_000_000  # Of one answer: two million changed lines of diff.
_MOST_COMMITS: Final = 20_000
_REMEMBERED: Final = 16  # Histories kept, one per project and window.
_DAY_S: Final = 86_400
_SAME_WINDOW_S: Final = 14 * _DAY_S  # A year that began two weeks earlier or later tells the same.
_SAFE: Final = (
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.quotePath=false"),
    *("-c", "diff.external="),
    *("-c", "log.showSignature=false"),
    *("-c", "diff.renames=true"),
    *("-c", "core.untrackedCache=keep"),
    *("-c", "protocol.allow=never"),
)
_PLAIN_DIFF: Final = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--relative")
_PROGRAM_KEYS: Final = r"^filter\..*\.(clean|smudge|process|required)$"
_HUNK: Final = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_BLAMED: Final = re.compile(rb"^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$")
_ESCAPES: Final = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


@dataclass(slots=True)
class Churn:
    """How a file changed within a window."""

    commits: int = 0
    added: int = 0
    """Lines."""
    deleted: int = 0
    """Lines."""
    authors: Counter[str] = field(default_factory=Counter[str])
    """Commits by author."""
    last_at: int = 0
    """Seconds since 1970 UTC of the newest change."""
    months: Counter[str] = field(default_factory=Counter[str])
    """Commits by month, as `2024-07`."""

    @property
    def lines(self) -> int:
        """Lines added and deleted."""
        return self.added + self.deleted

    def take(self, other: Churn) -> None:
        """Count another one in."""
        self.commits += other.commits
        self.added += other.added
        self.deleted += other.deleted
        self.authors.update(other.authors)
        self.last_at = max(self.last_at, other.last_at)
        self.months.update(other.months)


@dataclass(frozen=True, slots=True)
class History:
    """What the commits of a window did to the files of a project."""

    head: str = ""
    """Commit that it was read at; empty when there is none."""
    since: int = 0
    """Start of the window, in seconds since 1970 UTC."""
    commits: int = 0
    """Commits without merges that touched the project."""
    files: Mapping[str, Churn] = field(default_factory=dict[str, Churn])
    """By path as it is now; renames are followed. Holds deleted files too."""
    complete: bool = True
    """False when time or size ran out: the newest commits are there, older ones are missing."""
    shallow: bool = False
    """Whether the clone holds only the newest commits."""
    reason: str = ""
    """Why it is empty or incomplete."""


class Hotspot(NamedTuple):
    """A file that is complex and changes often."""

    path: str
    score: float
    """From 0 to 1: product of commits and complexity, each against the highest of the project on a log scale."""
    commits: int
    lines: int
    authors: int
    complexity: int
    last_at: int


class Blamed(NamedTuple):
    """Since when a line stands as it does."""

    author: str
    """Empty for a line that is not committed yet."""
    at: int
    """Seconds since 1970 UTC; 0 for a line that is not committed yet."""
    summary: str
    """First line of the commit's message."""


class LineRange(NamedTuple):
    """Lines of a file, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Files that differ from a commit, the work tree included."""

    base: str = ""
    """The commit compared with; empty when there is none."""
    files: Mapping[str, tuple[LineRange, ...]] = field(default_factory=dict[str, tuple[LineRange, ...]])
    """Lines of each file that are new or changed; where lines were only deleted, the line before. A file that git does
    not know yet is changed from its first line to the last possible one. Deleted files are left out."""
    reason: str = ""
    """Why it is empty."""

    def touches(self, path: str, first: int, last: int) -> bool:
        """Whether a changed line lies between two lines of a file."""
        return any(lines.first <= last and first <= lines.last for lines in self.files.get(path, ()))


WHOLE_FILE: Final = LineRange(1, 2**31 - 1)
_histories: OrderedDict[tuple[str, str, int], History] = OrderedDict()


def read_history(root: Path, *, days: int = WINDOW_DAYS, timeout_s: float = _TIMEOUT_S) -> History:
    """The history of a project's files over the `days` up to its newest commit; read once per HEAD and window.

    A project at rest is judged by the time when it was worked on.

    Args:
        root: Folder of the project, which may be a part of a repository.
        days: The window.
        timeout_s: Bound; what was read until then is used.
    """
    head = _head(root)
    if not head:
        return History(reason=_why_no_head(root))
    key = (str(root), head, days)
    known = _histories.get(key)
    if known is not None:
        _histories.move_to_end(key)
        return known
    newest = _word(root, "log", "-1", "--no-show-signature", "--format=%ct", head)
    since = (int(newest) if newest.isdigit() else int(time.time())) - days * _DAY_S
    before = _before(root, head, days, since)
    history = _continued(root, before, head, timeout_s) if before else _read(root, head, since, timeout_s)
    _histories[key] = history
    while len(_histories) > _REMEMBERED:
        _histories.popitem(last=False)
    return history


def hotspots(churn: Mapping[str, Churn], complexity: Mapping[str, int], limit: int = 20) -> list[Hotspot]:
    """Files by churn times complexity, highest first.

    Args:
        churn: As in `History.files`.
        complexity: Sum over the functions of each file that exists now; others are left out.
        limit: Most hotspots.

    Source:
        Tornhill (2015), "Your Code as a Crime Scene"; the log scale keeps one extreme file from flattening the rest.
    """
    present = {path: change for path, change in churn.items() if complexity.get(path, 0) > 0 and change.commits > 0}
    if not present:
        return []
    most_commits = log1p(max(change.commits for change in present.values()))
    most_complex = log1p(max(complexity[path] for path in present))
    found = [
        Hotspot(
            path,
            round(log1p(change.commits) / most_commits * log1p(complexity[path]) / most_complex, 4),
            change.commits,
            change.lines,
            len(change.authors),
            complexity[path],
            change.last_at,
        )
        for path, change in present.items()
    ]
    return sorted(found, key=lambda spot: (-spot.score, spot.path))[:limit]


def blame_lines(
    root: Path, wanted: Mapping[str, Sequence[int]], *, timeout_s: float = _BLAME_TIMEOUT_S
) -> dict[str, dict[int, Blamed]]:
    """Author and age of lines in the work tree, by path and line; what git cannot say in time is missing.

    Args:
        root: Folder of the project.
        wanted: Lines, from 1, by path.
        timeout_s: Bound over all files; one call is made per file.
    """
    deadline = time.monotonic() + timeout_s
    found: dict[str, dict[int, Blamed]] = {}
    switched_off = _without_programs(root) if wanted else []
    for path, lines in wanted.items():
        left = deadline - time.monotonic()
        if left <= 0:
            break
        ranges = [part for line in sorted(set(lines)) for part in ("-L", f"{line},{line}")]
        said = _git(root, *switched_off, "blame", "--porcelain", "--no-textconv", *ranges, "--", path, timeout_s=left)
        if said.ok:
            found[path] = _parse_blame(said.text)
    return found


def changes_since(root: Path, ref: str = "HEAD", *, timeout_s: float = _TIMEOUT_S) -> Changes:
    """Files that differ from where `ref` and HEAD parted, with what is not committed and what git does not know yet.

    Args:
        root: Folder of the project.
        ref: A branch, tag or commit; `HEAD` for what is not committed.
        timeout_s: Bound of each call.
    """
    if ref.startswith("-"):
        return Changes(reason=f"a revision must not start with a dash; found {ref}")
    commit = _word(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if not commit:
        why = _why_no_head(root) if ref == "HEAD" else f"git knows no revision {ref} here; try a branch, tag or commit"
        return Changes(reason=why)
    base = _word(root, "merge-base", commit, "HEAD") or commit
    switched_off = _without_programs(root)
    said = _git(
        root,
        *switched_off,
        *("diff", "-U0", "-M", "--src-prefix=a/", "--dst-prefix=b/", "--diff-filter=d"),
        *_PLAIN_DIFF,
        *(base, "--", "."),
        timeout_s=timeout_s,
    )
    if not said.ok:
        return Changes(base, reason=f"git could not compare with {ref}: {said.problem}")
    files = _parse_ranges(said.text)
    unknown = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".", timeout_s=timeout_s)
    files.update({os.fsdecode(path): (WHOLE_FILE,) for path in unknown.text.split(b"\0") if path})
    return Changes(base, files, "" if files else f"nothing differs from {ref}")


def _read(root: Path, head: str, since: int, timeout_s: float) -> History:
    said = _git(root, *_log(f"--since={since}", f"--max-count={_MOST_COMMITS}", head), timeout_s=timeout_s)
    shallow = _word(root, "rev-parse", "--is-shallow-repository") == "true"
    commits, files, _ = _parse_log(said.text, skip_roots=shallow)
    complete = said.ok and commits < _MOST_COMMITS
    reason = ""
    if not complete:
        reason = f"only the newest {commits} commits were read: {said.problem or 'there are more than the bound'}"
    elif shallow:
        reason = "the clone is shallow, so that older commits are missing; `git fetch --unshallow` brings them"
    elif not commits:
        reason = "no commit within the window touches this folder"
    return History(head, since, commits, files, complete, shallow, reason)


def _before(root: Path, head: str, days: int, since: int) -> History | None:
    """The newest history that HEAD only adds commits to, when its window begins about where the new one does."""
    for (folder, old, window), history in reversed(_histories.items()):
        fits = folder == str(root) and window == days and history.complete and not history.shallow
        near = fits and abs(history.since - since) < _SAME_WINDOW_S
        if near and _git(root, "merge-base", "--is-ancestor", old, head).ok:
            return history
    return None


def _continued(root: Path, before: History, head: str, timeout_s: float) -> History:
    """A history with the commits since; a commit then costs milliseconds, where reading a year may take seconds."""
    said = _git(root, *_log(f"{before.head}..{head}"), timeout_s=timeout_s)
    if not said.ok:
        return _read(root, head, before.since, timeout_s)
    commits, files, names = _parse_log(said.text, skip_roots=False)
    for path, churn in before.files.items():
        files.setdefault(names.get(path, path), Churn()).take(churn)
    return replace(before, head=head, commits=before.commits + commits, files=files, reason="")


def _log(*what: str) -> tuple[str, ...]:
    return (
        *("log", "--numstat", "-z", "-M", "--no-merges", "--no-show-signature"),
        "--format=%x01%P%x02%ct%x02%aN%x02",
        *_PLAIN_DIFF,
        *(*what, "--", "."),
    )


def _parse_log(text: bytes, *, skip_roots: bool) -> tuple[int, dict[str, Churn], dict[str, str]]:
    """Count newest first, so that a rename is known before the changes under the old name.

    Returns the number of commits, the churn by path of today, and what files were called before.
    """
    files: dict[str, Churn] = {}
    names: dict[str, str] = {}
    commits = 0
    for block in text.split(b"\x01")[1:]:
        parents, at, author, changes = [*block.split(b"\x02", 3), b"", b"", b""][:4]
        if skip_roots and not parents:  # The cut of a shallow clone shows every file as added.
            continue
        commits += 1
        moment = int(at) if at.isdigit() else 0
        month = time.strftime("%Y-%m", time.gmtime(moment))
        who = author.decode("utf-8", "replace")
        for path, added, deleted in _numstat(changes, names):
            churn = files.setdefault(path, Churn())
            churn.commits += 1
            churn.added += added
            churn.deleted += deleted
            churn.authors[who] += 1
            churn.last_at = max(churn.last_at, moment)
            churn.months[month] += 1
    return commits, files, names


def _numstat(text: bytes, names: dict[str, str]) -> Iterator[tuple[str, int, int]]:
    """Path of today, lines added and lines deleted; `names` learns what files were called before."""
    fields = iter(text.lstrip(b"\0\n").split(b"\0"))
    for entry in fields:
        added, _, rest = entry.strip(b"\n").partition(b"\t")
        deleted, tab, path = rest.partition(b"\t")
        if not tab:
            continue
        if path:
            name = os.fsdecode(path)
            yield names.get(name, name), _number(added), _number(deleted)
            continue
        old, new = os.fsdecode(next(fields, b"")), os.fsdecode(next(fields, b""))
        if new:
            current = names.get(new, new)
            names[old] = current
            yield current, _number(added), _number(deleted)


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() else 0  # `-` for a binary file.


def _parse_blame(text: bytes) -> dict[int, Blamed]:
    facts: dict[bytes, dict[bytes, bytes]] = {}
    places: list[tuple[int, bytes]] = []
    current: dict[bytes, bytes] = {}
    for line in text.split(b"\n"):
        header = _BLAMED.match(line)
        if header:
            current = facts.setdefault(header[1], {})
            places.append((int(header[2]), header[1]))
        elif not line.startswith(b"\t"):
            key, _, value = line.partition(b" ")
            current[key] = value
    return {line: _blamed(commit, facts[commit]) for line, commit in places}


def _blamed(commit: bytes, facts: Mapping[bytes, bytes]) -> Blamed:
    if not commit.strip(b"0"):
        return Blamed("", 0, "")
    author, summary = (facts.get(key, b"").decode("utf-8", "replace") for key in (b"author", b"summary"))
    return Blamed(author, _number(facts.get(b"author-time", b"")), summary)


def _parse_ranges(text: bytes) -> dict[str, tuple[LineRange, ...]]:
    """Changed lines by path of a diff without context."""
    files: dict[str, list[LineRange]] = {}
    ranges: list[LineRange] = []
    left = 0  # Added lines of the hunk that are still to come: their text may look like a header.
    for line in text.split(b"\n"):
        hunk = _HUNK.match(line)
        if left > 0 and line.startswith(b"+"):
            left -= 1
        elif line.startswith(b"+++ "):
            ranges = files.setdefault(_target(line[4:]), [])
        elif hunk:
            first, count = int(hunk[1]), int(hunk[2]) if hunk[2] is not None else 1
            ranges.append(LineRange(max(1, first), max(1, first, first + count - 1)))
            left = count
    return {path: tuple(ranges) for path, ranges in files.items()}


def _target(name: bytes) -> str:
    """A path as a diff writes it, without its `b/`."""
    text = os.fsdecode(name.rstrip(b"\t"))
    if text.startswith('"'):
        text = _unquoted(text[1:-1])
    return text.removeprefix("b/")


def _unquoted(text: str) -> str:
    parts = re.split(r"\\([0-7]{3}|.)", text)
    content = b"".join(
        os.fsencode(part) if index % 2 == 0 else bytes([int(part, 8) if len(part) == 3 else _ESCAPES.get(part, 63)])
        for index, part in enumerate(parts)
    )
    return os.fsdecode(content)


class _Said(NamedTuple):
    text: bytes
    problem: str

    @property
    def ok(self) -> bool:
        return not self.problem


def _without_programs(root: Path) -> list[str]:
    """Options that switch off the content filters of the configuration: `git diff` and `git blame` would run them."""
    said = _git(root, "config", "-z", "--name-only", "--get-regexp", _PROGRAM_KEYS)
    keys = {os.fsdecode(key) for key in said.text.split(b"\0") if key}
    empty = {key: "false" if key.endswith(".required") else "" for key in keys if "=" not in key}
    return [part for key, value in sorted(empty.items()) for part in ("-c", f"{key}={value}")]


def _head(root: Path) -> str:
    return _word(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def _why_no_head(root: Path) -> str:
    said = _git(root, "rev-parse", "--is-inside-work-tree")
    return said.problem or "the repository has no commit yet"


def _word(root: Path, *arguments: str) -> str:
    said = _git(root, *arguments)
    return os.fsdecode(said.text).strip() if said.ok else ""


def _git(root: Path, *arguments: str, timeout_s: float = _TIMEOUT_S) -> _Said:
    """What git prints, cut at a bound; on a timeout what it has printed so far."""
    try:
        process = subprocess.Popen(
            ["git", *_SAFE, *arguments],
            cwd=root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        return _Said(b"", "git is not installed" if root.is_dir() else f"the folder {root} is gone")
    except OSError as error:
        return _Said(b"", f"git cannot be started: {error.strerror or error}")
    with process:
        try:
            text, complaint = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            text, _ = process.communicate()
            return _Said(_whole_blocks(text), f"git took longer than {timeout_s:.0f} s")
    if process.returncode != 0:
        return _Said(b"", _complaint(complaint))
    if len(text) > _MOST_BYTES:
        return _Said(_whole_blocks(text[:_MOST_BYTES]), "the answer of git is too large")
    return _Said(text, "")


def _whole_blocks(text: bytes) -> bytes:
    """Without the last commit, which may be cut."""
    return text[: max(0, text.rfind(b"\x01"))]


def _complaint(text: bytes) -> str:
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
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }
