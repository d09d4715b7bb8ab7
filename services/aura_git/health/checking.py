"""The check of a repository: every rule, problems first, and what could not be looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aura_git.health import branches, files, store
from aura_git.health.findings import Look
from aura_git.repository import Repository
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.messages.git_health import HealthFinding, HealthReport

__all__ = ["RULES", "check_health"]

_Check = Callable[[Look], Iterator[HealthFinding]]
_CHECKS: Final[dict[_Check, tuple[str, ...]]] = {
    store.check_large: ("large-objects",),
    branches.check_branches: ("diverged-branches", "unpushed-work", "gone-upstream"),
    branches.check_stale: ("merged-branches", "stale-branches"),
    branches.check_stashes: ("stashes",),
    branches.check_work: ("in-progress", "detached-commits", "incomplete-clone"),
    branches.check_history: ("fixups-left", "wip-commits", "merges-of-upstream", "huge-commits", "messages"),
    files.check_ignored: ("missing-ignore",),
    files.check_tracked: ("tracked-build-output", "tracked-secrets", "tracked-ignored"),
    files.check_case: ("case-twins",),
    files.check_attributes: ("line-ends", "lfs-missing", "submodules"),
    store.check_store: ("old-store",),
    store.check_hooks: ("broken-hooks",),
    store.check_worktrees: ("dangling-worktrees",),
    store.check_reflog: ("short-memory",),
}
RULES: Final = tuple(rule for rules in _CHECKS.values() for rule in rules)
_NEED_FILES: Final = (files.check_ignored, files.check_tracked, files.check_case, files.check_attributes)
_ORDER: Final = ("problem", "warning", "note")


def check_health(
    repository: Repository, *, rules: Collection[str] = (), largest: int = 10, protected: Collection[str] = (),
    now: int | None = None,
) -> HealthReport:  # fmt: skip
    """Look at a repository; nothing is written, and a check that fails stops no other.

    Args:
        repository: Which.
        rules: Only these; empty for all.
        largest: Most large objects.
        protected: Patterns of the settings.
        now: Seconds since 1970.

    Raises:
        UsageProblem: There is no such rule.
    """
    unknown = sorted(set(rules) - set(RULES))
    if unknown:
        raise UsageProblem(f"there is no rule {unknown[0]!r}", hint="Rules: " + ", ".join(RULES))
    begun = time.monotonic()
    look = Look(repository, repository.state(), now or int(time.time()), tuple(protected), largest)
    report = HealthReport(project=repository.project)
    wanted = [one for one, names in _CHECKS.items() if not rules or set(names) & set(rules)]
    # Two at once: the search for large objects waits for git, the others meanwhile ask it small things.
    with ThreadPoolExecutor(2, thread_name_prefix="git-health") as pool:
        results = list(pool.map(_run, [look] * len(wanted), wanted))
    for check, (found, problem) in zip(wanted, results, strict=True):
        names = [name for name in _CHECKS[check] if not rules or name in rules]
        report.findings.extend(one for one in found if one.rule in names)
        (report.skipped if problem else report.checked).extend(
            f"{name}: {problem}" if problem else name for name in names
        )
    report.findings.sort(key=lambda one: _ORDER.index(one.level))
    return report.model_copy(update={"seconds": time.monotonic() - begun})


def _run(look: Look, check: _Check) -> tuple[list[HealthFinding], str]:
    if look.repository.bare and check in _NEED_FILES:
        return [], "the repository is bare"
    try:
        return list(check(look)), ""
    except (AuraError, OSError) as error:
        return [], str(error) or type(error).__name__
