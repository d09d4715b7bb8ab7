"""A mixed change as several commits: planned, changed by a person, checked. `splitting_commits` makes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex
from string import ascii_uppercase
from typing import Final

from aura_git.commits.contract import StagedChange
from aura_git.commits.splitting_facts import Facts, read_facts, words_of
from aura_git.commits.splitting_groups import Group, GroupKind, Weights, coupling_of, group_pieces, needs_of
from aura_git.commits.splitting_order import Need, broken_files, entries_after, late_names, order_groups, parsed_files
from aura_git.commits.splitting_pieces import FileChange, Piece, read_pieces
from aura_git.commits.staging import put_entries, tree_of
from aura_git.commits.suggesting import Learned, format_message, read_commit, suggest
from aura_git.repository import Repository
from aura_shared.errors import GitError, UsageProblem
from aura_shared.messages.commits import TestsOutcome

__all__ = [
    "Planned",
    "SplitDraft",
    "WantedCommit",
    "change_plan",
    "count_groups",
    "plan_split",
    "split_files",
    "write_trees",
]

_MOST_PIECES: Final = 5000
_IDENTITY: Final = {
    "GIT_AUTHOR_NAME": "Aura",
    "GIT_AUTHOR_EMAIL": "aura@localhost",
    "GIT_COMMITTER_NAME": "Aura",
    "GIT_COMMITTER_EMAIL": "aura@localhost",
}
"""Of commits that only exist beside the repository, to be read once."""


@dataclass(slots=True)
class Planned:
    """One commit of a plan."""

    id: str
    pieces: list[str]
    kind: GroupKind | str
    why: str
    message: str = ""
    needs: list[str] = field(default_factory=list[str])
    tree: str = ""
    parses: bool | None = None
    problems: list[str] = field(default_factory=list[str])
    files: list[str] = field(default_factory=list[str])
    tests: TestsOutcome = "not run"
    tests_detail: str = ""


@dataclass(slots=True)
class SplitDraft:
    """A plan, with all that is needed to check and to make it."""

    id: str
    base: str
    """Commit or empty tree that the first one follows."""
    tree: str
    """Tree of the last one: the whole change."""
    files: list[FileChange]
    facts: dict[str, Facts]
    needs: list[Need]
    commits: list[Planned]
    sign_off: bool = False
    """Whether messages here end with `Signed-off-by`."""

    @property
    def pieces(self) -> dict[str, Piece]:
        """Every piece by its identifier."""
        return {name: one.piece for name, one in self.facts.items()}

    @property
    def sound(self) -> bool:
        """Whether every commit parses and uses only names that exist by then."""
        return not any(one.problems for one in self.commits)

    @property
    def failing(self) -> list[Planned]:
        """Commits at which tests fail, as far as they were run."""
        return [one for one in self.commits if one.tests == "failed"]


@dataclass(frozen=True, slots=True)
class WantedCommit:
    """A commit as a person wants it."""

    id: str = ""
    message: str = ""
    pieces: tuple[str, ...] | None = None
    """None to keep what the commit `id` has."""


def count_groups(repository: Repository, base: str, tree: str, *, most_files: int = 60) -> int:
    """How many commits a change might be split into, for an offer that nobody asked for.

    Returns:
        1 for a change that belongs together or is too large to tell; also where only tests, documentation or set-up
        stand beside one change of the code.
    """
    files = read_pieces(repository, base, tree)
    if not files or len(files) > most_files:
        return 1
    groups = split_files(repository, files, base)[1]
    of_code = sum(group.kind in {"symbols", "feature"} for group in groups)
    return len(groups) if of_code > 1 else 1


def split_files(
    repository: Repository, files: Sequence[FileChange], base: str, weights: Weights | None = None
) -> tuple[dict[str, Facts], list[Group], list[Need]]:
    """Facts of every piece, the groups in their order, and what has to come before what."""
    facts = read_facts(files)
    coupling = coupling_of(repository, [change.path for change in files], base)
    old_words = {word for change in files if change.old for word in words_of(change.old.decode(errors="replace"))}
    groups = group_pieces(facts, coupling=coupling, old_words=old_words, weights=weights)
    needs = needs_of(facts)
    return facts, order_groups(groups, needs, files), needs


def plan_split(
    repository: Repository, learned: Learned, *, base: str, tree: str, weights: Weights | None = None
) -> SplitDraft:
    """How a change is split; nothing reaches the repository.

    Args:
        repository: From `index_aside`: intermediate trees are written beside the repository.
        learned: What `learn` gave, for messages.
        base: Commit, or the empty tree, that the change follows.
        tree: What it leads to.
        weights: How pieces are compared.

    Returns:
        The plan; with one commit where nothing has to be split.

    Raises:
        UsageProblem: The change is too large to be split by runs of lines.
    """
    files = read_pieces(repository, base, tree)
    count = sum(len(change.pieces) for change in files)
    if count > _MOST_PIECES:
        raise UsageProblem(
            f"the change has {count:,} runs of lines; at most {_MOST_PIECES:,} can be told apart",
            hint="Stage a part of it (git add PATH), and split that.",
        )
    facts, groups, needs = split_files(repository, files, base, weights)
    commits = [Planned(_letter(n), group.pieces, group.kind, group.why) for n, group in enumerate(groups)]
    plan = SplitDraft(token_hex(4), base, tree, files, facts, needs, commits, learned.habits.signed_off)
    _check(repository, plan)
    _word(repository, learned, plan)
    return plan


def change_plan(
    repository: Repository, learned: Learned, plan: SplitDraft, wanted: Sequence[WantedCommit]
) -> SplitDraft:
    """The plan as a person wants it, checked anew; whether it is sound is told, not decided.

    Raises:
        UsageProblem: A piece is in no commit or in two, or a name is not known.
    """
    known = {one.id: one for one in plan.commits}
    commits: list[Planned] = []
    for number, part in enumerate(wanted):
        before = known.get(part.id)
        if part.id and before is None:
            raise UsageProblem(f"the plan has no commit {part.id!r}", hint=f"It has {', '.join(known)}.")
        pieces = list(part.pieces) if part.pieces is not None else list(before.pieces if before else ())
        kept = before is not None and set(pieces) == set(before.pieces)
        message = part.message.strip("\n") or (before.message if before is not None and kept else "")
        kind, why = (before.kind, before.why) if before is not None and kept else ("rest", "put together by hand")
        commits.append(Planned(part.id or _letter(len(known) + number), pieces, kind, why, message))
    commits = [one for one in commits if one.pieces]
    _refuse_unequal(plan, commits)
    changed = replace(plan, id=token_hex(4), commits=commits)
    _check(repository, changed)
    _word(repository, learned, changed)
    return changed


def _refuse_unequal(plan: SplitDraft, commits: Sequence[Planned]) -> None:
    given = [piece for one in commits for piece in one.pieces]
    unknown = [piece for piece in given if piece not in plan.facts]
    twice = sorted({piece for piece in given if given.count(piece) > 1}) if len(given) != len(set(given)) else []
    missing = [piece for piece in plan.facts if piece not in set(given)]
    for names, what in ((unknown, "not in this plan"), (twice, "in two commits"), (missing, "in no commit")):
        if names:
            place = plan.facts[names[0]].path if names[0] in plan.facts else ""
            raise UsageProblem(
                f"hunk {names[0]}{f' of {place}' if place else ''} is {what}"
                + (f", and {len(names) - 1} more" if len(names) > 1 else ""),
                hint="Every hunk has to be in exactly one commit.",
            )


def _letter(number: int) -> str:
    first, last = divmod(number, len(ascii_uppercase))
    return (ascii_uppercase[first - 1] if first else "") + ascii_uppercase[last]


def _check(repository: Repository, plan: SplitDraft) -> None:
    """Build the tree of each commit, and find what is wrong with it at its place."""
    late = late_names([one.pieces for one in plan.commits], plan.needs)
    home = {piece: one.id for one in plan.commits for piece in one.pieces}
    taken: set[str] = set()
    for number, one in enumerate(plan.commits):
        taken |= set(one.pieces)
        one.files = _paths(plan.facts[piece].path for piece in one.pieces)
        broken = broken_files(plan.files, taken, one.pieces)
        known = bool(broken) or parsed_files(plan.files, one.pieces)
        one.parses = not broken if known else None
        one.problems = [f"{path} does not parse here" for path in broken] + list(late[number].values())
        one.needs = _needs(plan, one, home)
    write_trees(repository, plan)


def write_trees(repository: Repository, plan: SplitDraft) -> None:
    """Write the tree of each commit.

    Args:
        repository: From `index_aside`, with all that the plan splits taken in.
        plan: Whose commits learn their trees.

    Raises:
        GitError: The last one is not the whole change.
    """
    _read_base(repository, plan)
    taken: set[str] = set()
    for one in plan.commits:
        taken |= set(one.pieces)
        put_entries(repository.git, entries_after(repository.git, plan.files, taken, one.pieces))
        one.tree = tree_of(repository)
    if plan.commits and plan.commits[-1].tree != plan.tree:
        raise GitError(
            "the parts of this change do not add up to the whole of it", hint="Nothing was changed. Commit it whole."
        )


def _read_base(repository: Repository, plan: SplitDraft) -> None:
    repository.git.write("read-tree", plan.base)


def _paths(paths: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(paths))


def _needs(plan: SplitDraft, one: Planned, home: dict[str, str]) -> list[str]:
    names: dict[str, list[str]] = {}
    mine = set(one.pieces)
    for earlier, later, name in plan.needs:
        if later in mine and earlier not in mine and earlier in home:
            names.setdefault(home[earlier], [])
            if name not in names[home[earlier]]:
                names[home[earlier]].append(name)
    return [f"{commit} ({', '.join(because[:3])})" for commit, because in sorted(names.items())]


def _word(repository: Repository, learned: Learned, plan: SplitDraft) -> None:
    """Propose messages where there are none; each commit is read as if it were made."""
    git = repository.git.at(None, **_IDENTITY)
    parent = plan.base if repository.git.find_commit(plan.base) else ""
    for one in plan.commits:
        parents = ["-p", parent] if parent else []
        parent = git.write("commit-tree", one.tree, *parents, stdin=b"part\n").text
        if not one.message:
            git.write("read-tree", one.tree)
            one.message = word_part(repository, learned, read_commit(repository, parent), one.kind)


def word_part(repository: Repository, learned: Learned, change: StagedChange, kind: str) -> str:
    """A message for one part; what holds the group together says its type where that is certain."""
    suggestion = suggest(learned, change, repository=repository)
    message = suggestion.message
    certain = {"docs": "docs", "tests": "test", "formatting": "style"}.get(kind, "")
    allowed = {one.lower() for one in (learned.habits.allowed_types or learned.habits.types)}
    if message.type and certain and suggestion.learned_from == 0 and (not allowed or certain in allowed):
        message = replace(message, type=certain)
    return format_message(message, learned.habits)


def pieces_of(plan: SplitDraft, paths: Collection[str]) -> list[str]:
    """Pieces of some files, in order."""
    return [name for name, one in plan.facts.items() if one.path in set(paths)]
