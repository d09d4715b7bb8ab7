"""Cutting a release: files, commit and tag in one operation, and a push of both together when asked."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Final

from aura_git.branching.remotes import find_remote, problem_of
from aura_git.commits.committing import run_commit
from aura_git.releases.planning import Planned
from aura_git.releases.version_files import FileEdit
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, Safety
from aura_git.safety.replacing import replace_file
from aura_shared.errors import AuraError, DraftOutdated, GateClosed, GitError, NotFound, Unavailable
from aura_shared.messages.releases import CutRelease, ReleaseAnswer, ReleasePlan

__all__ = ["cut_release"]

_COMMAND: Final = "release cut"
_TOOL_S: Final = 120.0


def cut_release(repository: Repository, safety: Safety, planned: Planned, request: CutRelease) -> ReleaseAnswer:
    """Do what was planned: all of it, or nothing; only the push is left out of an undo.

    Raises:
        GateClosed: Something stands against it; the message names all of it.
        DraftOutdated: HEAD moved since the plan was shown, or a file did.
        NotFound: There is no remote to push to.
        HookRefused, GitError: A hook or git said no; everything is as it was before.
    """
    plan = planned.plan
    if plan.obstacles or not plan.version:
        reasons = "; ".join(dict.fromkeys(plan.obstacles)) or plan.reason
        hint = (
            f"Choose one: aura release cut {'|'.join(plan.choices)}"
            if plan.choices
            else "Nothing was changed. `aura release plan` shows everything."
        )
        raise GateClosed(f"the release is refused: {reasons}", hint=hint)
    if request.head and request.head != planned.head:
        raise DraftOutdated(
            f"HEAD is at {planned.head[:9]} now, the plan was made at {request.head[:9]}",
            hint="Look again: aura release plan.",
        )
    repository.git.read("check-ref-format", f"refs/tags/{plan.tag}")
    remote = find_remote(repository, plan.branch) if request.push else ""
    if request.push and not remote:
        raise NotFound(
            "there is no remote to push to", hint="Add one (git remote add origin URL), or leave --push out."
        )
    if request.dry_run:
        return ReleaseAnswer(plan=plan, notice="Nothing was changed.")
    gates = Gates(clean=True, attached=True, commits_to=plan.branch, protected_ok=True)
    operation: Operation = safety.begin(repository, _COMMAND, f"release {plan.tag}", gates=gates)
    try:
        with operation:
            answer = _cut(repository, operation, planned)
    except (AuraError, OSError):
        with suppress(AuraError):
            safety.abandon(repository, operation.id)
        raise
    return _push(repository, answer, remote) if remote else answer


def _cut(repository: Repository, operation: Operation, planned: Planned) -> ReleaseAnswer:
    plan, git = planned.plan, repository.git
    if git.find_commit("HEAD") != planned.head:
        raise DraftOutdated("HEAD moved while the release was begun", hint="Look again: aura release plan.")
    operation.remember(tag=plan.tag, head=planned.head)
    operation.step("write files")
    for edit in planned.edits:
        _write(repository, edit)
    if planned.command:
        operation.step("make the changelog")
        _run_tool(repository, plan, planned.command)
        git.write("add", "--update")
    commit = planned.head
    if planned.edits:
        git.write("add", "--", *(f":(top,literal){edit.path}" for edit in planned.edits))
    if git.read("diff-index", "--cached", "--quiet", "HEAD", "--", ok=(0, 1)).code:
        operation.step("commit")
        commit = run_commit(repository, plan.message, tree=git.write("write-tree").text).commit
    operation.step(f"tag {plan.tag}")
    # `cleanup` as `git tag -m` has it, so that headings (`### Added`) are kept; signed where `tag.gpgSign` says so.
    words = ("--annotate", "--cleanup=whitespace", "--file=-")
    text = f"{plan.tag}\n\n{_body(plan.changelog)}".strip() + "\n"
    git.write("tag", *words, plan.tag, commit, stdin=text.encode())
    signed = "-----BEGIN " in git.text("cat-file", "tag", plan.tag)
    return ReleaseAnswer(plan=plan, commit=commit, tag=plan.tag, operation=operation.id, signed=signed, done=True)


def _body(changelog: str) -> str:
    """A section without its heading."""
    lines = changelog.split("\n")
    skip = 2 if len(lines) > 1 and lines[1][:3] and set(lines[1]) <= set('=-~^"*') else 1
    return "\n".join(lines[skip:]).strip()


def _write(repository: Repository, edit: FileEdit) -> None:
    """Replace a file whole; raises DraftOutdated when it is not what the plan was made from."""
    file = repository.root / edit.path
    now = file.read_bytes() if file.is_file() else None
    if now != edit.before or file.is_symlink():
        raise DraftOutdated(f"{edit.path} changed since the plan was made", hint="Look again: aura release plan.")
    replace_file(repository, file, edit.after, mode=file.stat().st_mode & 0o7777 if now is not None else 0o644)


def _run_tool(repository: Repository, plan: ReleasePlan, command: tuple[str, ...]) -> None:
    """Run the project's changelog tool; a person said yes to it with the release."""
    try:
        done = subprocess.run(
            command, cwd=repository.root / plan.path, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TOOL_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"`{plan.changelog_command}` could not be run: {error}", hint="Nothing was released.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-1000:]
        raise GitError(f"`{plan.changelog_command}` failed: {said}", hint="Nothing was released.")


def _push(repository: Repository, answer: ReleaseAnswer, remote: str) -> ReleaseAnswer:
    """Push branch and tag together; a push that fails leaves the release here."""
    branch = f"refs/heads/{answer.plan.branch}"
    tag = f"refs/tags/{answer.tag}"
    try:
        repository.git.write("push", "--quiet", "--atomic", "--", remote, f"{branch}:{branch}", f"{tag}:{tag}")
    except (GitError, Unavailable) as error:
        problem = problem_of(error, remote)
        notice = f"The release is made here, but was not pushed: {problem.message}"
        return answer.model_copy(update={"notice": notice})
    return answer.model_copy(update={"pushed": remote, "notice": "An undo does not take back what was pushed."})
