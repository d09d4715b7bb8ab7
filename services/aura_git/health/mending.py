"""Mending what can be mended without losing anything; each is one operation that can be undone."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from typing import Final

from aura_git.health.checking import check_health
from aura_git.health.store import hook_problems
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Safety
from aura_git.safety.replacing import replace_file
from aura_shared.errors import NotFound, UnsafePath, UsageProblem
from aura_shared.messages.git_health import HealthFinding, MendAnswer, MendGit

__all__ = ["MENDABLE", "mend"]

_COMMAND: Final = "git health --fix"
MENDABLE: Final = ("missing-ignore", "tracked-build-output", "dangling-worktrees", "broken-hooks")


def mend(repository: Repository, safety: Safety, request: MendGit) -> MendAnswer:
    """Mend a finding, or show what would change.

    Raises:
        UsageProblem: Aura does not mend that rule.
        NotFound: An item is not part of the finding.
    """
    if request.rule not in MENDABLE:
        raise UsageProblem(
            f"Aura does not mend {request.rule!r}",
            hint="It mends " + ", ".join(MENDABLE) + "; the others tell a command.",
        )
    found = next(iter(check_health(repository, rules=[request.rule]).findings), None)
    if found is None:
        return MendAnswer(rule=request.rule, notice="There is nothing to mend.")
    if request.rule == "missing-ignore":
        return _ignore(repository, safety, request, _chosen(found, request.items))
    if request.rule == "tracked-build-output":
        return _untrack(repository, safety, request, _chosen(found, request.items))
    if request.rule == "broken-hooks":
        return _executable(repository, safety, request)
    if request.items:
        raise UsageProblem("git prunes all work trees that are gone, not some", hint="Leave the items out.")
    return _prune(repository, safety, request, _chosen(found, ()))


def _chosen(found: HealthFinding, items: Sequence[str]) -> list[str]:
    names = [one.name for one in found.items]
    unknown = sorted(set(items) - set(names))
    if unknown:
        raise NotFound(f"{unknown[0]!r} is not part of {found.rule}", hint="Look again: aura git health.")
    return [name for name in names if not items or name in items]


def _ignore(repository: Repository, safety: Safety, request: MendGit, entries: list[str]) -> MendAnswer:
    file = repository.root / ".gitignore"
    if file.is_symlink():
        raise UnsafePath(".gitignore is a link: git does not read it", hint="Make it a file.")
    before = file.read_bytes() if file.is_file() else b""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    gap = end if before and not before.endswith(b"\n") else b""
    after = before + gap + b"".join(entry.encode() + end for entry in entries)
    diff = "".join(
        difflib.unified_diff(
            before.decode(errors="replace").splitlines(keepends=True),
            after.decode(errors="replace").splitlines(keepends=True),
            "a/.gitignore",
            "b/.gitignore",
        )
    )
    answer = MendAnswer(
        rule=request.rule, items=entries, diff=diff, notice="Commit .gitignore, so that others have it."
    )
    if request.dry_run:
        return answer
    with safety.begin(repository, _COMMAND, f"ignore {', '.join(entries[:3])}", gates=Gates(born=False)) as operation:
        operation.step("write .gitignore")
        replace_file(repository, file, after, mode=file.stat().st_mode & 0o7777 if file.exists() else 0o644)
        return answer.model_copy(update={"done": True, "operation": operation.id})


def _untrack(repository: Repository, safety: Safety, request: MendGit, paths: list[str]) -> MendAnswer:
    answer = MendAnswer(
        rule=request.rule, items=paths, notice="The files stay; their removal is staged, to be committed."
    )
    if request.dry_run:
        return answer
    with safety.begin(repository, _COMMAND, f"untrack {len(paths)} files", gates=Gates()) as operation:
        operation.step("untrack")
        given = b"".join(b":(top,literal)" + os.fsencode(path) + b"\0" for path in paths)
        repository.git.write("rm", "--cached", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=given)
        return answer.model_copy(update={"done": True, "operation": operation.id})


def _executable(repository: Repository, safety: Safety, request: MendGit) -> MendAnswer:
    files = [one for one in hook_problems(repository)[1] if not request.items or one.name in request.items]
    answer = MendAnswer(
        rule=request.rule,
        items=[one.name for one in files],
        notice="They run from the next commit on. Read them first: they are programs.",
    )
    if request.dry_run or not files:
        return answer
    with safety.begin(
        repository, _COMMAND, "make hooks executable", gates=Gates(work_tree=False, born=False, at_rest=False)
    ) as operation:
        operation.step("make hooks executable")
        for file in files:
            file.chmod(file.stat().st_mode | 0o111)
        return answer.model_copy(
            update={
                "done": True,
                "operation": operation.id,
                "notice": "chmod -x takes it back: an undo does not reach hooks.",
            }
        )


def _prune(repository: Repository, safety: Safety, request: MendGit, items: list[str]) -> MendAnswer:
    answer = MendAnswer(rule=request.rule, items=items)
    if request.dry_run:
        return answer
    with safety.begin(
        repository, _COMMAND, "prune work trees that are gone", gates=Gates(work_tree=False, born=False)
    ) as operation:
        operation.step("prune work trees")
        repository.git.write("worktree", "prune")
        return answer.model_copy(update={"done": True, "operation": operation.id})
