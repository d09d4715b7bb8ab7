"""Branches, work and history: what may get lost, what is done with, and what should not be pushed as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from aura_git.branching.cleaning import propose
from aura_git.branching.reading import read_branching
from aura_git.commits.configuration import read_configuration
from aura_git.commits.habits import habits_of
from aura_git.commits.history import is_ordinary, list_commits
from aura_git.commits.linting import kept_rules, lint_range
from aura_git.health.findings import Look, finding
from aura_shared.messages.git_health import HealthFinding

__all__ = ["check_branches", "check_history", "check_stale", "check_stashes", "check_work"]

_TRACK: Final = re.compile(r"ahead (\d+)|behind (\d+)")
_MOST_UNPUSHED: Final = 200
_MOST_READ: Final = 600
_HUGE_FILES: Final = 200
_STALE_S: Final = 90 * 86_400
_LEFT_OVER: Final = re.compile(r"^(?:fixup|squash|amend)! ")
_WIP: Final = re.compile(r"^(?:wip|tmp|temp|todo|xxx|checkpoint)\b", re.IGNORECASE)


def check_branches(look: Look) -> Iterator[HealthFinding]:
    """Branches with unpushed work, parted from their upstream, or whose upstream is gone."""
    git = look.repository.git
    form = "--format=%(refname:strip=2)%00%(upstream:short)%00%(upstream:track,nobracket)"
    unpushed: list[tuple[str, str]] = []
    apart: list[tuple[str, str]] = []
    gone: list[tuple[str, str]] = []
    for line in git.read("for-each-ref", form, "refs/heads").lines:
        name, upstream, track = line.split("\0")
        numbers = {("ahead" if a else "behind"): int(a or b) for a, b in _TRACK.findall(track)}
        if track == "gone":
            gone.append((name, f"followed {upstream}"))
        elif len(numbers) == 2:
            apart.append((name, f"{numbers['ahead']} ahead, {numbers['behind']} behind {upstream}"))
        elif "ahead" in numbers:
            unpushed.append((name, f"{numbers['ahead']} ahead of {upstream}"))
        elif not upstream and git.read("remote").lines:
            count = int(git.text("rev-list", "--count", f"refs/heads/{name}", "--not", "--remotes"))
            if count:
                unpushed.append((name, f"{count} commits on no remote"))
    if apart:
        yield finding(
            "diverged-branches", "problem", "branches have parted from their upstream",
            "the longer they stay apart, the harder they come together", apart, "aura sync",
        )  # fmt: skip
    if unpushed:
        yield finding(
            "unpushed-work", "warning", "commits are on this machine only", "a broken disk would lose them", unpushed,
            "aura branch publish NAME",
        )  # fmt: skip
    if gone:
        yield finding(
            "gone-upstream", "note", "branches follow branches that were deleted", "they were probably merged", gone,
            "aura branch cleanup",
        )  # fmt: skip


def check_stale(look: Look) -> Iterator[HealthFinding]:
    """Branches that are merged, or untouched for long."""
    now = datetime.fromtimestamp(look.now, UTC)
    found = propose(look.repository, read_branching(look.repository), protected=look.protected, now=now)
    merged = [(one.branch, one.detail) for one in found.proposals if one.reason not in {"stale", "upstream-gone"}]
    stale = [
        (one.branch, one.detail)
        for one in found.proposals
        if one.reason == "stale" and not _moved_lately(look, one.branch)
    ]
    if merged:
        yield finding(
            "merged-branches", "note", "branches are merged", "a short list shows what is under way", merged,
            "aura branch cleanup",
        )  # fmt: skip
    if stale:
        yield finding(
            "stale-branches", "note", "branches had no commit for 90 days", "nobody knows any more what is in them",
            stale, "aura branch cleanup",
        )  # fmt: skip


def _moved_lately(look: Look, branch: str) -> bool:
    """Whether a branch with an old commit was begun, fetched or moved here lately: its log was written then."""
    try:
        written = (look.repository.common_dir / "logs" / "refs" / "heads" / branch).stat().st_mtime
    except OSError:
        return False
    return look.now - written < _STALE_S


def check_stashes(look: Look) -> Iterator[HealthFinding]:
    """Stashes; only counted."""
    ran = look.repository.git.read("reflog", "show", "--format=%gd%x00%gs", "refs/stash", "--", ok=(0, 128))
    items = [(name, text) for name, _, text in (line.partition("\0") for line in ran.lines)] if ran.code == 0 else []
    if items:
        yield finding(
            "stashes", "note", "work lies in the stash", "it is on no branch and is never pushed", items,
            "git stash branch NAME stash@{0}",
        )  # fmt: skip


def check_work(look: Look) -> Iterator[HealthFinding]:
    """An operation that was left, a detached HEAD with commits, a shallow or partial clone."""
    state, git = look.state, look.repository.git
    if state.in_progress:
        yield finding(
            "in-progress", "warning", f"a {state.in_progress} is under way", "what is committed now becomes part of it",
            [], "aura continue, or aura abort",
        )  # fmt: skip
    if state.detached and state.head:
        count = int(git.text("rev-list", "--count", "HEAD", "--not", "--branches", "--tags", "--remotes"))
        if count:
            yield finding(
                "detached-commits", "problem", "commits are on no branch", "git deletes them once its record expires",
                [(state.head, f"{count} commits")], "git switch --create NAME",
            )  # fmt: skip
    partial = [line for line in git.read("config", "--get-regexp", r"^remote\..*\.promisor$", ok=(0, 1)).lines if line]
    if state.shallow or partial:
        what = "this clone is shallow: its history ends early" if state.shallow else "objects are fetched when needed"
        command = "git fetch --unshallow" if state.shallow else ""
        yield finding("incomplete-clone", "note", what, "comparisons, blame and releases may lack commits", [], command)


def check_history(look: Look) -> Iterator[HealthFinding]:
    """Unpushed commits: their messages, `fixup!` left over, WIP, merges of the upstream, and huge ones."""
    repository, git = look.repository, look.repository.git
    if not look.state.head or not git.read("remote").lines:
        return
    names = ("rev-list", f"--max-count={_MOST_UNPUSHED}", "HEAD", "--not", "--remotes")
    hashes = git.read(*names).lines
    if not hashes:
        return
    log = git.read("log", "--no-walk=unsorted", "--stdin", "--format=%H%x00%P%x00%s", stdin="\n".join(hashes).encode())
    commits = [line.split("\0", 2) for line in log.lines]
    left = [(name, subject) for name, _, subject in commits if _LEFT_OVER.match(subject)]
    wip = [(name, subject) for name, _, subject in commits if _WIP.match(subject)]
    merges = [(name, subject) for name, parents, subject in commits if " " in parents and subject.startswith("Merge ")]
    if left:
        yield finding(
            "fixups-left", "warning", "`fixup!` commits wait for a rebase", "they say nothing to who reads them later",
            left, "git rebase --interactive --autosquash @{upstream}",
        )  # fmt: skip
    if wip:
        yield finding(
            "wip-commits", "warning", "unfinished commits are not pushed yet", "their messages say nothing", wip,
            "git rebase --interactive @{upstream}",
        )  # fmt: skip
    if merges and look.state.branch not in read_branching(repository).bases:
        yield finding(
            "merges-of-upstream", "note", "the branch has merge commits in between",
            "a rebase keeps what is under way in one line", merges, "aura rebase NAME",
        )  # fmt: skip
    yield from _huge(look, [name for name, parents, _ in commits if " " not in parents])
    yield from _lint(look, hashes)


def _huge(look: Look, commits: list[str]) -> Iterator[HealthFinding]:
    given = "".join(f"{name}\n" for name in commits[:100]).encode()  # git leaves a line without its end out
    ran = look.repository.git.read("diff-tree", "--stdin", "--root", "-r", "--name-only", "-z", stdin=given)
    counts: dict[str, int] = {}
    current = ""
    known = set(commits)
    for item in ran.items:
        head = item.split("\n", 1)[0].strip()
        if head in known:
            current = head
        elif current:
            counts[current] = counts.get(current, 0) + 1
    huge = [(name, f"{count} files") for name, count in counts.items() if count > _HUGE_FILES]
    if huge:
        yield finding(
            "huge-commits", "note", f"commits touch more than {_HUGE_FILES} files", "nobody can review them", huge,
            "aura commit --split",
        )  # fmt: skip


def _lint(look: Look, hashes: list[str]) -> Iterator[HealthFinding]:
    git = look.repository.git
    base = git.read("rev-parse", "--verify", "--quiet", f"{hashes[-1]}^", ok=(0, 1, 128))
    revisions = f"{base.text}..HEAD" if base.code == 0 else "HEAD"
    wanted = set(hashes)
    ordinary = [one for one in list_commits(look.repository, most=_MOST_READ) if is_ordinary(one)]
    habits = habits_of(ordinary, read_configuration(look.repository))
    bad = [
        (one.hash, one.problems[0].message)
        for one in lint_range(look.repository, revisions, habits, rules=kept_rules(habits, ordinary))
        if one.hash in wanted and any(problem.level == "error" for problem in one.problems)
    ]
    if bad:
        yield finding(
            "messages", "note", "messages of unpushed commits break the rules here", "changelogs are made from them",
            bad,
            "aura git lint",
        )  # fmt: skip
