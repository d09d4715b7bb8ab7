"""What a branch brings, read from git: its base, commits, files with counts, tasks and reviewers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_git.branching.reading import read_branching
from aura_git.branching.strategy import Branching
from aura_git.commits.changes import read_blob
from aura_git.commits.contract import CommitMessage
from aura_git.commits.grammar import parse_message
from aura_git.commits.history import PastCommit, list_commits
from aura_git.pulls.owners import PLACES, parse_owners
from aura_git.repository import Repository
from aura_shared.errors import GateClosed, UnknownRef
from aura_shared.messages.pulls import ForgeKind, PullReviewer

__all__ = ["Base", "Branch", "ChangedFile", "Task", "find_base", "find_reviewers", "read_branch", "tasks_of"]

_MOST_COMMITS: Final = 300
_MOST_STACKED: Final = 200
_MOST_BLAMED: Final = 20
_MOST_REVIEWERS: Final = 8
_KEY: Final = re.compile(r"(?<![A-Za-z0-9])([A-Z][A-Z0-9]{1,9}-[1-9]\d{0,6})(?![\w.])")
_NO_KEYS: Final = frozenset({"UTF", "SHA", "RFC", "ISO", "CVE", "HTTP", "MD", "AES", "TLS", "PY"})
_NUMBER: Final = re.compile(
    r"(?:^|/)(?:(?:gh|issues?|task|ticket|bug|fix)[-_/#]?)?#?([1-9]\d{0,6})(?=[-_/]|$)", re.IGNORECASE
)
_PLAN: Final = re.compile(r"\b((?:PRD|PLAN|REQ|RFC|ADR)[-_ ]?\d{1,6})\b", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?:[\w.-]+/[\w.-]+)?[#!]\d{1,7}\b|\bGH-\d{1,7}\b")
_TASK_TOKENS: Final = re.compile(
    r"^(?:refs?|references?|related(?:-to)?|relates-to|see|issue|jira|task|part-of|close[sd]?|fix(?:e[sd])?|resolve[sd]?)$",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(r"^(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)$", re.IGNORECASE)
_HUNK: Final = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+")
_NO_PERSON: Final = re.compile(r"\[bot\]|\bbot@|^dependabot|^renovate|noreply@(?!github)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Base:
    """The branch that a pull request goes into."""

    name: str
    commit: str
    source: str
    """Why this one."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that the branch changes."""

    path: str
    added: int = 0
    removed: int = 0
    binary: bool = False
    old_path: str = ""
    status: str = "M"


@dataclass(frozen=True, slots=True)
class Task:
    """A task that the branch is for."""

    name: str
    closes: bool = False
    """Whether a commit says that merging it closes the task."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """What a branch brings."""

    name: str
    tip: str
    base: Base
    start: str
    """Where it parted from its base."""
    commits: tuple[PastCommit, ...]
    """Oldest first, merges left out."""
    messages: tuple[CommitMessage, ...]
    """Of those commits."""
    files: tuple[ChangedFile, ...] = field(default=())
    more: bool = False
    """Whether there are more commits than are looked at."""

    @property
    def range(self) -> str:
        """As a range of commits, by hashes."""
        return f"{self.start}..{self.tip}"


def find_base(repository: Repository, branch: str, remote: str, wanted: str = "") -> Base:
    """The branch that a branch goes into: the one named, the one it is stacked on, the strategy's, the remote's.

    Raises:
        UnknownRef: The one named is not there, or there is no branch to go into.
    """
    if wanted:
        commit = _tip(repository, wanted, remote)
        if not commit:
            raise UnknownRef(f"{wanted!r} is no branch here or at {remote or 'a remote'}")
        return Base(wanted, commit, "as you said")
    branching = read_branching(repository)
    usual = _usual(repository, branching, branch, remote)
    if usual is None:
        raise UnknownRef("no branch is known to go into", hint="Name one: --base BRANCH")
    return _stacked_on(repository, branching, branch, usual) or usual


def _tip(repository: Repository, name: str, remote: str) -> str:
    """Its newest commit: at the remote as it was last seen, else here; empty when there is none."""
    there = repository.git.find_commit(f"refs/remotes/{remote}/{name}") if remote else None
    return there or repository.git.find_commit(f"refs/heads/{name}") or ""


def _usual(repository: Repository, branching: Branching, branch: str, remote: str) -> Base | None:
    kind = branching.kind_of(branch)
    default = repository.git.read(
        "symbolic-ref", "--quiet", "--short", f"refs/remotes/{remote or 'origin'}/HEAD", ok=(0, 1, 128)
    )
    chosen = [
        (kind.into if kind else "", f"the strategy {branching.strategy}, for {kind.name if kind else ''} branches"),
        (default.text.partition("/")[2] if default.code == 0 else "", f"the default branch of {remote or 'origin'}"),
        (branching.develop, f"the strategy {branching.strategy}"),
        (branching.main, f"the strategy {branching.strategy}"),
    ]
    if branching.source in {"detected", "default"}:
        chosen = [chosen[1], chosen[0], *chosen[2:]]
    for name, source in chosen:
        if name and name != branch and (commit := _tip(repository, name, remote)):
            return Base(name, commit, source)
    return None


def _stacked_on(repository: Repository, branching: Branching, branch: str, usual: Base) -> Base | None:
    """The nearest other branch whose newest commit this one is built on, where that is not in its base yet."""
    own = repository.git.commit_of(f"refs/heads/{branch}")
    between = repository.git.read("rev-list", f"--max-count={_MOST_STACKED}", own, f"^{usual.commit}", "--").lines
    place = {commit: at for at, commit in enumerate(between) if at}
    tips = repository.git.read("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").lines
    below = [
        (place[commit], name, commit)
        for commit, _, name in (line.partition(" ") for line in tips)
        if commit in place and name != branch and name not in branching.bases
    ]
    if not below:
        return None
    _, name, commit = min(below)
    return Base(name, commit, f"{branch} is stacked on it")


def read_branch(repository: Repository, name: str, base: Base) -> Branch:
    """What a branch has that its base has not.

    Raises:
        UnknownRef: There is no such branch.
        GateClosed: It has nothing that its base has not, or shares no history with it.
    """
    tip = repository.git.commit_of(f"refs/heads/{name}")
    start = repository.git.read("merge-base", "--end-of-options", base.commit, tip, ok=(0, 1)).text.split("\n")[0]
    if not start:
        raise GateClosed(f"{name!r} and {base.name!r} share no history", hint="Name another base: --base BRANCH")
    if start == tip:
        raise GateClosed(
            f"{name!r} has no commit that {base.name!r} has not", hint="Commit something first, or name another base."
        )
    found = list_commits(repository, tip, most=_MOST_COMMITS + 1, stop=start)
    commits = tuple(reversed([one for one in found[:_MOST_COMMITS] if not one.merge]))
    messages = tuple(parse_message(one.message) for one in commits)
    files = tuple(_files(repository, start, tip))
    return Branch(name, tip, base, start, commits, messages, files, more=len(found) > _MOST_COMMITS)


def _files(repository: Repository, start: str, tip: str) -> Iterable[ChangedFile]:
    asked = ("diff", "--no-ext-diff", "--no-textconv", "-M", "-z", start, tip, "--")
    status = iter(repository.git.read(*asked[:-4], "--name-status", *asked[-4:]).items)
    kinds: dict[str, str] = {}
    for letter in status:
        path = next(status)
        kinds[next(status) if letter[0] in "RC" else path] = letter[0]
    items = iter(repository.git.read(*asked[:-4], "--numstat", *asked[-4:]).items)
    for item in items:
        added, removed, path = item.split("\t", 2)
        old = "" if path else next(items)
        path = path or next(items)
        binary = added == "-"
        counts = (0, 0) if binary else (int(added), int(removed))
        yield ChangedFile(path, *counts, binary=binary, old_path=old, status=kinds.get(path, "M"))


def tasks_of(branch: Branch, wanted: str = "") -> list[Task]:
    """Tasks and plans that the branch is for: as said, from its name, footers, headers and bodies; each once."""
    found: list[Task] = [Task(wanted, source="as you said")] if wanted else []
    found += [Task(key, source="the branch") for key in _keys(branch.name)]
    found += [Task(f"#{number}", source="the branch") for number in _NUMBER.findall(branch.name)]
    for commit, message in zip(branch.commits, branch.messages, strict=True):
        source = f"commit {commit.hash[:9]}"
        for footer in message.footers:
            if _TASK_TOKENS.match(footer.token):
                closes = bool(_CLOSING.match(footer.token))
                value = f"#{footer.value}" if footer.separator == " #" else footer.value
                names = [*_NAMED.findall(value), *_keys(value), *_PLAN.findall(value)] or [value[:80]]
                found += [Task(name, closes, source) for name in names]
        found += [Task(plan.upper(), source=source) for plan in _PLAN.findall(commit.message)]
        found += [Task(name, source=source) for name in (*_keys(message.description), *_NAMED.findall(commit.subject))]
    closing = {task.name for task in found if task.closes}
    first: dict[str, Task] = {}
    for task in found:
        first.setdefault(task.name, Task(task.name, task.name in closing, task.source))
    return list(first.values())


def _keys(text: str) -> list[str]:
    return [key for key in _KEY.findall(text) if key.split("-")[0] not in _NO_KEYS]


def find_reviewers(
    repository: Repository, branch: Branch, kind: ForgeKind
) -> tuple[list[PullReviewer], str, list[str]]:
    """Who may review it: owners of the changed files, then authors of the lines that change; never its own authors.

    Returns:
        Reviewers, the path of CODEOWNERS (empty when there is none), and what a person should know of it.
    """
    there = ((path, read_blob(repository, branch.base.commit, path)) for path in PLACES[kind])
    path, text = next(((path, text) for path, text in there if text is not None), ("", ""))
    syntax = kind if kind != "none" else _syntax_of(path)
    owners = parse_owners(text, syntax)
    counted = Counter(owner for file in branch.files for owner in owners.of(file.path))
    found = [PullReviewer(name=name, source="CODEOWNERS", files=count) for name, count in counted.most_common()]
    found += _by_blame(repository, branch)
    return found[:_MOST_REVIEWERS], path, [f"{path}: {problem}" for problem in owners.problems[:5]]


def _syntax_of(path: str) -> ForgeKind:
    return "gitlab" if path.startswith(".gitlab/") else "gitea" if path.startswith(".gitea/") else "github"


def _by_blame(repository: Repository, branch: Branch) -> list[PullReviewer]:
    authors = set(repository.git.read("log", "--format=%aE", branch.range, "--").lines)
    authors.add(repository.git.config("user.email"))
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    changed = [file for file in branch.files if file.status != "A" and not file.binary]
    for file in sorted(changed, key=lambda file: -(file.added + file.removed))[:_MOST_BLAMED]:
        wrote = _wrote(repository, branch, file)
        lines.update(wrote)
        files.update(wrote.keys())
    people = [(who, count) for who, count in lines.most_common() if not _NO_PERSON.search(who)]
    return [
        PullReviewer(name=who, source="blame", files=files[who], lines=count)
        for who, count in people
        if who.rpartition("<")[2].rstrip(">") not in authors
    ]


def _wrote(repository: Repository, branch: Branch, file: ChangedFile) -> Counter[str]:
    """Who wrote how many of the lines that go or change in a file."""
    old = file.old_path or file.path
    paths = list(dict.fromkeys([old, file.path]))
    diff = repository.git.read(
        "diff", "--no-ext-diff", "--no-textconv", "-M", "--unified=0", branch.start, branch.tip, "--", *paths
    )
    hunks = (found for line in diff.lines if (found := _HUNK.match(line)))
    spans = [f"-L{hunk[1]},+{count}" for hunk in hunks if (count := int(hunk[2] or 1))]
    if not spans:
        return Counter()
    ran = repository.git.read("blame", "--line-porcelain", *spans[:200], branch.start, "--", old, ok=(0, 128))
    return Counter(_people(ran.lines))


def _people(lines: Sequence[str]) -> Iterable[str]:
    name = ""
    for line in lines:
        if line.startswith("author "):
            name = line.removeprefix("author ")
        elif line.startswith("author-mail "):
            yield f"{name} {line.removeprefix('author-mail ')}"
