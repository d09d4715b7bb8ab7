"""Which commits belong to an item: they name it, their branch does, or they touch files that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aura_planning.evidence.history import Commit, Repository
from aura_planning.evidence.names import Names
from aura_planning.evidence.symbols import Mention

__all__ = ["TRUST", "CommitLink", "How", "Linker", "reverts_of"]

How: TypeAlias = Literal["trailer", "closes", "subject", "branch", "body", "file"]
"""How a commit names an item: `closes` with a word such as `Closes`; `file`: it touches a file that the item names."""
TRUST: Final[Mapping[str, float]] = {
    "trailer": 0.98, "closes": 0.88, "subject": 0.92, "branch": 0.9, "body": 0.2, "file": 0.1,
    "name": 0.95, "note": 0.8, "head": 0.7, "words": 0.35,
}  # fmt: skip
"""How likely a link is right; see docs/planning/progress.md for what was counted."""
_TRAILER: Final = re.compile(r"(?P<token>[A-Za-z][A-Za-z-]*)\s*:\s*(?P<value>\S.*)\Z")
_NAMING: Final = frozenset({
    "task", "tasks", "story", "stories", "epic", "refs", "ref", "references", "part-of", "implements", "requirement",
    "requirements", "item", "see-also", "relates-to", "issue", "ticket",
})  # fmt: skip
_CLOSING: Final = re.compile(
    r"\b(?:clos(?:e|es|ed)|fix(?:es|ed)|complet(?:e|es|ed)|finish(?:es|ed)?|resolv(?:e|es|ed))\b\s*:?\s*"
    r"(?:(?:task|story|epic)\s+)?(?P<names>#?[\w.-]+(?:\s*(?:,|and|&)\s*#?[\w.-]*\d[\w.-]*)*)",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.;!?])\s+|\n")
_VALUE: Final = re.compile(r"[,;\s]+")
_MERGE: Final = re.compile(
    r"Merge (?:(?:remote-tracking )?branch(?:es)? '(?P<a>[^']+)'|pull request \S+ from (?P<b>\S+))"
)
_REVERT: Final = re.compile(r"\bThis reverts commit (?P<hash>[0-9a-f]{7,64})")
_REVERTED: Final = re.compile(r"(?:Revert|Reapply) \"")
_MOST_OF_BRANCH: Final = 200
_MOST_NEAR: Final = 2
"""A file that more items name tells nothing about one of them."""
_MOST_IN_BODY: Final = 8
"""A text that names more lists them, and is about none of them."""


@dataclass(frozen=True, slots=True)
class CommitLink:
    """A commit that belongs to something."""

    commit: Commit
    how: How
    trust: float
    merged: bool
    """Whether a main branch reaches it."""
    reverted: bool
    """Whether a later commit took it back."""
    code: bool
    """Whether it touches anything beside the plan; of a merge nothing is known."""


def reverts_of(commits: Sequence[Commit]) -> dict[str, str]:
    """Commits that take one back which still counts, and which; a revert that was reverted itself takes nothing."""
    known = {one.hash for one in commits}
    shortened: dict[str, str] = {}
    found: dict[str, str] = {}
    undone: set[str] = set()
    for one in commits:  # the newest first, so that it is known whether a revert still counts
        match = _REVERT.search(one.body)
        if match is None or one.hash in undone:
            continue
        target = match["hash"]
        if target not in known:
            shortened = shortened or {name[:7]: name for name in known}
            target = shortened.get(target[:7], "")
        if target:
            found[one.hash] = target
            undone.add(target)
    return found


class Linker:
    """Finds which commits belong to what."""

    def __init__(
        self,
        repository: Repository,
        names: Names,
        reverts: Mapping[str, str],
        plan: Sequence[str],
        mentions: Mapping[str, Sequence[Mention]],
        own: Mapping[str, str],
    ) -> None:
        self._repository = repository
        self._names = names
        self._reverted = set(reverts.values())
        self._plan = tuple(plan)
        self._own = own
        self._by_hash = {one.hash: one for one in repository.commits}
        self._paths: dict[str, list[str]] = {}
        for key, all_of in mentions.items():
            for one in all_of:
                if one.path:
                    self._paths.setdefault(one.text, []).append(key)
        self._born: dict[str, Commit] = {}
        """The commit that added the item's own file."""
        self._links: dict[str, dict[str, How]] = {}

    def links(self) -> dict[str, list[CommitLink]]:
        """Links by key."""
        for one in reversed(self._repository.commits):
            for change in one.files:
                key = self._own.get(change.path)
                if key and change.what == "A":
                    self._born.setdefault(key, one)
        for one in self._repository.commits:
            for key, how in self._named(one):
                self._link(key, one, how)
        self._of_branches()
        self._of_files()
        return {
            key: [self._made(self._by_hash[name], how) for name, how in links.items()]
            for key, links in self._links.items()
        }

    def begun(self, key: str) -> str:
        """Hash of the commit before work on something began; empty where that is not known."""
        first = [self._by_hash[one] for one, how in self._links.get(key, {}).items() if how != "file"]
        if key in self._born:
            first.append(self._born[key])
        first.sort(key=lambda one: (one.at_s, one.hash))
        return first[0].parents[0] if first and first[0].parents else ""

    def _made(self, one: Commit, how: How) -> CommitLink:
        merged = one.hash in self._repository.merged
        code = any(not change.path.startswith(self._plan) for change in one.files)
        return CommitLink(one, how, TRUST[how], merged, one.hash in self._reverted, code)

    def _link(self, key: str, one: Commit, how: How) -> None:
        links = self._links.setdefault(key, {})
        known = links.get(one.hash)
        if known is None or TRUST[known] < TRUST[how]:
            links[one.hash] = how

    def _named(self, one: Commit) -> Iterator[tuple[str, How]]:
        """What a commit names, and how; a revert quotes what it takes back and names nothing."""
        if _REVERTED.match(one.subject) or _REVERT.search(one.body):
            return
        trailers = [found for line in one.body.splitlines() for found in self._of_trailer(line)]
        yield from trailers
        yield from self._closed(one.subject)
        merge = len(one.parents) > 1 and _MERGE.match(one.subject) is not None
        subjects = [] if merge else self._names.find(one.subject)
        for key in subjects:
            yield key, "subject"
        for sentence in _SENTENCE.split(one.body):  # in the middle of one such a word speaks of something else
            yield from self._closed(sentence, begins=True)
        named = [] if subjects or trailers else self._names.find(one.body)
        for key in named if len(named) <= _MOST_IN_BODY else ():
            yield key, "body"

    def _of_trailer(self, line: str) -> Iterator[tuple[str, How]]:
        match = _TRAILER.match(line)
        if match is not None and match["token"].lower() in _NAMING:
            for value in (match["value"].strip(), *_VALUE.split(match["value"])):
                key = self._names.key_of(value.rstrip("."))
                if key:
                    yield key, "trailer"

    def _closed(self, text: str, *, begins: bool = False) -> Iterator[tuple[str, How]]:
        found = _CLOSING.match(text.lstrip(" -*")) if begins else None
        for match in (found,) if found else () if begins else _CLOSING.finditer(text):
            for value in _VALUE.split(match["names"]):
                for key in self._names.find(value):
                    yield key, "closes"

    # -- branches --------------------------------------------------------------------------------------

    def _of_branches(self) -> None:
        for one in self._repository.commits:
            match = _MERGE.match(one.subject) if len(one.parents) > 1 else None
            if match is None:
                continue
            keys = self._names.find(match["a"] or match["b"].partition("/")[2], loose=True)
            if len(keys) != 1:
                continue
            self._link(keys[0], one, "branch")
            for commit in self._brought(one):
                self._of_branch(keys[0], commit)
        for branch in self._repository.branches:
            keys = self._names.find(branch.name.removeprefix("refs/heads/"), loose=True)
            if len(keys) == 1 and branch.tip not in self._repository.merged:
                for commit in self._until_merged(branch.tip):
                    self._of_branch(keys[0], commit)

    def _of_branch(self, key: str, commit: Commit) -> None:
        """A commit of a branch belongs to what the branch names, unless it says something else itself."""
        own = {one for one, how in self._named(commit) if how != "body"}
        if not own or key in own:
            self._link(key, commit, "branch")

    def _brought(self, merge: Commit) -> list[Commit]:
        """Commits that a merge brought; none where they are too many to be the work on one thing."""
        line: set[str] = set()
        at = self._by_hash.get(merge.parents[0])
        while at is not None and len(line) < 20 * _MOST_OF_BRANCH:
            line.add(at.hash)
            at = self._by_hash.get(at.parents[0]) if at.parents else None
        return self._walk(merge.parents[1:], line)

    def _until_merged(self, tip: str) -> list[Commit]:
        return self._walk([tip], self._repository.merged)

    def _walk(self, tips: Sequence[str], without: AbstractSet[str]) -> list[Commit]:
        seen: dict[str, Commit] = {}
        waiting = list(tips)
        while waiting:
            one = self._by_hash.get(waiting.pop())
            if one is None or one.hash in seen or one.hash in without:
                continue
            seen[one.hash] = one
            if len(seen) > _MOST_OF_BRANCH:
                return []
            waiting += one.parents
        return list(seen.values())

    # -- files -----------------------------------------------------------------------------------------

    def _of_files(self) -> None:
        """Commits that touch a file an item names, after the item came into the plan, and that name nothing."""
        if not self._paths or not self._born:
            return
        linked = {name for links in self._links.values() for name, how in links.items() if how != "body"}
        for one in self._repository.commits:
            if one.hash in linked or one.bot or len(one.parents) > 1 or len(one.files) > 50:
                continue
            near = (self._paths.get(change.path, ()) for change in one.files)
            keys = {key for found in near if len(found) <= _MOST_NEAR for key in found}
            for key in sorted(keys):
                born = self._born.get(key)
                if born is not None and one.at_s > born.at_s:
                    self._link(key, one, "file")
