"""How often a split of two squashed commits gives the two commits back; run it on clones of public repositories.

    python tests/bench/git_split.py CLONE… [--pairs 60] [--singles 40]

Pairs of adjacent commits of the first-parent line are squashed, split, and compared with what their authors did: the
share of pairs of hunks that are together, or apart, in both (Rand index), and how often the parts are exactly the two
commits. Beside it, in the same run: no split, a commit for each file, and a commit for each folder. Single commits show
how often something is split that its author left whole.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path, PurePosixPath
from statistics import mean, median

from aura_git.commits.splitting import split_files
from aura_git.commits.splitting_groups import Weights
from aura_git.commits.splitting_pieces import FileChange, read_pieces
from aura_git.repository import Repository, open_repository

MOST_FILES = 12
MOST_PIECES = 80


@dataclass
class Pair:
    """Two adjacent commits as one change."""

    repository: Repository
    base: str
    files: list[FileChange]
    truth: dict[str, int]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--singles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    print(f"{'repository':<14}{'pairs':>6}  {'split':>14}  {'one':>6}  {'by file':>14}  {'by folder':>14}  s/pair")
    rows: list[dict[str, list[float]]] = []
    for clone in given.clones:
        repository = open_repository(clone)
        row = measure(list(find_pairs(repository, given.pairs, given.seed)))
        rows.append(row)
        print_row(clone.name, row)
    total = {key: [value for row in rows for value in row[key]] for key in rows[0]}
    print_row("all", total)
    print("\nsplit, by file, by folder: Rand index and share that is exactly the two commits")
    wholes = [count for clone in given.clones for count in singles(open_repository(clone), given.singles, given.seed)]
    if wholes:
        kept = sum(count == 1 for count in wholes) / len(wholes)
        print(f"single commits: {len(wholes)}, left whole {kept:.0%}, {mean(wholes):.2f} parts on average")


def print_row(name: str, row: Mapping[str, Sequence[float]]) -> None:
    """One line of the table."""
    cells = [f"{mean(row[key]):.3f} / {mean(row[key + ' exact']):4.0%}" for key in ("split", "file", "folder")]
    print(
        f"{name:<14}{len(row['split']):>6}  {cells[0]:>14}  {mean(row['one']):>6.3f}  {cells[1]:>14}  {cells[2]:>14}"
        f"  {median(row['seconds']):>7.2f}"
    )


def measure(pairs: Sequence[Pair], weights: Weights | None = None) -> dict[str, list[float]]:
    """Figures of each pair, by what was measured."""
    row: dict[str, list[float]] = {
        name: [] for name in ("split", "split exact", "one", "file", "file exact", "folder", "folder exact", "seconds")
    }
    for pair in pairs:
        started = time.monotonic()
        _facts, groups, _needs = split_files(pair.repository, pair.files, pair.base, weights)
        row["seconds"].append(time.monotonic() - started)
        found = {piece: number for number, group in enumerate(groups) for piece in group.pieces}
        paths = {piece.id: piece.path for change in pair.files for piece in change.pieces}
        folders = {name: str(PurePosixPath(path).parent) for name, path in paths.items()}
        for name, parts in (("split", found), ("file", paths), ("folder", folders)):
            index = rand(pair.truth, parts)
            row[name].append(index)
            row[f"{name} exact"].append(index == 1.0)
        row["one"].append(rand(pair.truth, dict.fromkeys(pair.truth, 0)))
    return row


def rand(truth: Mapping[str, object], found: Mapping[str, object]) -> float:
    """Share of pairs that both put together, or both apart."""
    pairs = list(combinations(truth, 2))
    return sum((truth[a] == truth[b]) == (found[a] == found[b]) for a, b in pairs) / len(pairs)


def first_parents(repository: Repository) -> list[str]:
    """The newest 1,500 commits of the first-parent line, merges left out, each with its parents."""
    how = ("--first-parent", "--no-merges", "--max-count=1500", "--format=%H %P")
    return repository.git.read("log", *how).lines


def find_pairs(repository: Repository, most: int, seed: int) -> Iterator[Pair]:
    """Pairs of adjacent commits whose hunks can be told apart, in a random order that the seed fixes."""
    lines = first_parents(repository)
    parents = dict(line.split(" ", 1) for line in lines if line.count(" ") == 1)
    commits = [one for one, parent in parents.items() if parent in parents]
    random.Random(seed).shuffle(commits)
    count = 0
    for top in commits:
        if count == most:
            return
        pair = read_pair(repository, parents[parents[top]], parents[top], top)
        if pair is not None:
            count += 1
            yield pair


def read_pair(repository: Repository, base: str, middle: str, top: str) -> Pair | None:
    """Two commits as one change; None where their hunks run into each other, or where they are large."""
    changed = repository.git.read("diff-tree", "-r", "--name-only", "-z", base, top).items
    if not 1 < len(changed) <= MOST_FILES:
        return None
    files = read_pieces(repository, base, top)
    first = {piece.id for change in read_pieces(repository, base, middle) for piece in change.pieces}
    second = {piece.id for change in read_pieces(repository, middle, top) for piece in change.pieces}
    every = {piece.id for change in files for piece in change.pieces}
    if every != first | second or first & second or not first or not second or len(every) > MOST_PIECES:
        return None
    return Pair(repository, base, files, {name: int(name in second) for name in every})


def singles(repository: Repository, most: int, seed: int) -> Iterator[int]:
    """Into how many parts single commits of two files or more are split."""
    lines = first_parents(repository)
    pairs = [line.split(" ") for line in lines if line.count(" ") == 1]
    random.Random(seed).shuffle(pairs)
    count = 0
    for commit, parent in pairs:
        files = read_pieces(repository, parent, commit)
        if count == most:
            return
        if 1 < len(files) <= MOST_FILES and sum(len(change.pieces) for change in files) <= MOST_PIECES:
            count += 1
            yield len(split_files(repository, files, parent)[1])


if __name__ == "__main__":
    main()
