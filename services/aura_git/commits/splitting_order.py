"""The order of the commits of a split: what is needed comes first, and every file parses at every commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from aura_git.commits.splitting_groups import Group
from aura_git.commits.splitting_pieces import FileChange, build_file
from aura_git.commits.staging import GONE, Entry
from aura_git.running import Git
from aura_languages.errors import count_syntax_errors
from aura_languages.grammars import GrammarError

__all__ = ["Need", "broken_files", "entries_after", "late_names", "order_groups"]

Need = tuple[str, str, str]
"""Piece that comes first, piece that needs it, and the name because of which."""
_RANK: Final = {"rename": 0, "formatting": 1, "dependencies": 2, "build": 3, "tests": 5, "docs": 6}
_CODE_RANK: Final = 4


def order_groups(groups: Sequence[Group], needs: Iterable[Need], files: Sequence[FileChange]) -> list[Group]:
    """Groups in an order in which each parses and uses only names that exist by then.

    Groups that need one another, or that only parse together, become one.
    """
    wanted = list(needs)
    ordered = _sorted(list(groups), wanted)
    while (joined := _unparsed(ordered, files)) is not None:
        first, second = joined
        ordered[first] = _merged(ordered[first], ordered.pop(second), "which only parse together")
        ordered = _sorted(ordered, wanted)
    return ordered


def _sorted(groups: list[Group], needs: list[Need]) -> list[Group]:
    while True:
        home = {piece: number for number, group in enumerate(groups) for piece in group.pieces}
        before: dict[int, set[int]] = {number: set() for number in range(len(groups))}
        for earlier, later, _name in needs:
            if earlier in home and later in home and home[earlier] != home[later]:
                before[home[later]].add(home[earlier])
        order = _ranked(groups, before)
        if len(order) == len(groups):
            return [groups[number] for number in order]
        stuck = _cycle(before, set(order))
        first, *rest = sorted(stuck)
        for number in reversed(rest):
            groups[first] = _merged(groups[first], groups.pop(number), "which need one another")


def _ranked(groups: Sequence[Group], before: Mapping[int, set[int]]) -> list[int]:
    """Numbers of groups in order, as far as they do not need one another."""
    done: list[int] = []
    while True:
        free = [n for n in before if n not in done and before[n] <= set(done)]
        if not free:
            return done
        done.append(min(free, key=lambda n: (_RANK.get(groups[n].kind, _CODE_RANK), n)))


def _cycle(before: Mapping[int, set[int]], done: set[int]) -> list[int]:
    """Groups that need one another."""
    at = next(number for number in before if number not in done)
    path: list[int] = []
    while at not in path:
        path.append(at)
        at = min(before[at] - done)
    return path[path.index(at) :]


def _merged(one: Group, other: Group, because: str) -> Group:
    kind = one.kind if _RANK.get(one.kind, _CODE_RANK) == _CODE_RANK else other.kind
    why = one.why if one.why == other.why else f"{one.why}; {other.why}"
    return Group(one.pieces + other.pieces, kind, f"{why} ({because})" if because not in why else why)


def _unparsed(groups: Sequence[Group], files: Sequence[FileChange]) -> tuple[int, int] | None:
    """Two groups that have to become one, so that the first of them parses."""
    taken: set[str] = set()
    for number, group in enumerate(groups[:-1]):
        taken |= set(group.pieces)
        broken = broken_files(files, taken, group.pieces)
        if not broken:
            continue
        of_broken = {piece.id for change in files if change.path in broken for piece in change.pieces}
        for later in range(number + 1, len(groups)):
            if of_broken & set(groups[later].pieces):
                return number, later
    return None


def broken_files(files: Sequence[FileChange], taken: Collection[str], latest: Collection[str]) -> dict[str, int]:
    """Files that parse worse with some pieces put in than both before and afterwards, and in how many places.

    Args:
        files: The change.
        taken: Pieces of this commit and of those before.
        latest: Pieces of this commit: only their files are looked at.
    """
    found: dict[str, int] = {}
    for change in files:
        names = {piece.id for piece in change.pieces}
        if not names & set(latest) or names <= set(taken):
            continue  # Untouched, or as it is in the end.
        built = build_file(change, change.pieces, taken)
        errors = _errors(change.path, built)
        if not errors:
            continue
        allowed = max(_errors(change.path, change.old) or 0, _errors(change.path, change.new) or 0)
        if errors > allowed:
            found[change.path] = errors
    return found


def parsed_files(files: Sequence[FileChange], latest: Collection[str]) -> bool:
    """Whether a grammar is known for some file of a commit."""
    return any(
        _errors(change.path, change.new if change.new is not None else change.old) is not None
        for change in files
        if {piece.id for piece in change.pieces} & set(latest) and not change.binary
    )


def _errors(path: str, data: bytes | None) -> int | None:
    if data is None:
        return None
    try:
        return count_syntax_errors(path, data)
    except GrammarError:
        return None


def late_names(commits: Sequence[Collection[str]], needs: Iterable[Need]) -> list[dict[str, str]]:
    """For each commit, the names that it needs and that only a later one brings (or that an earlier one took away).

    Returns:
        For each commit, name and what is wrong with it.
    """
    home = {piece: number for number, pieces in enumerate(commits) for piece in pieces}
    found: list[dict[str, str]] = [{} for _ in commits]
    for earlier, later, name in needs:
        if earlier in home and later in home and home[earlier] > home[later]:
            found[home[later]][name] = f"it needs {name}, which commit {home[earlier] + 1} has to deal with first"
    return found


def entries_after(
    git: Git, files: Sequence[FileChange], taken: Collection[str], latest: Collection[str]
) -> dict[str, Entry]:
    """Entries of the files of a commit once it is made; contents in between are written as blobs.

    Args:
        git: Writes the blobs.
        files: The change.
        taken: Pieces of this commit and of those before.
        latest: Pieces of this commit.
    """
    entries: dict[str, Entry] = {}
    for change in files:
        names = {piece.id for piece in change.pieces}
        if not names & set(latest):
            continue
        if names <= set(taken):
            entries[change.path] = change.after
            if change.old_path:
                entries[change.old_path] = Entry(GONE, "0" * 40)
            continue
        data = build_file(change, change.pieces, taken) or b""
        written = git.write("hash-object", "-w", "--no-filters", "--stdin", stdin=data).text
        entries[change.path] = Entry(change.after.mode, written)
    return entries
