"""Merging a branch into another in the work tree: by a merge commit, fast-forward, as one commit, or rebased."""

from __future__ import annotations

import re
from typing import Final

from aura_git.branching.finish_plan import FinishPlan, Step
from aura_git.branching.refs import HEADS, is_in, switch
from aura_git.repository import Repository, read_state
from aura_shared.errors import ConflictsLeft, GateClosed, GitError

__all__ = ["Stopped", "conclude", "is_done", "merge_in"]

_MARKS: Final = (b"<<<<<<< ", b">>>>>>> ")
_SQUASH: Final = "SQUASH_MSG"


class Stopped(Exception):
    """A merge cannot go on by itself."""

    def __init__(self, paths: tuple[str, ...], why: str = "") -> None:
        super().__init__(why)
        self.paths = paths
        """In conflict; empty when something else is in the way."""
        self.why = why


def is_done(repository: Repository, step: Step) -> bool:
    """Whether a step is carried out already, by what the repository is like."""
    git = repository.git
    if step.name == "tag":
        return git.read("rev-parse", "--verify", "--quiet", f"refs/tags/{step.tag}", ok=(0, 1)).code == 0
    if step.name == "delete-remote":
        return git.find_commit(f"refs/remotes/{step.remote}/{step.source.removeprefix(HEADS)}") is None
    if step.name == "delete-local":
        name = re.escape(step.source.removeprefix(HEADS))
        left = git.read("config", "--local", "--get-regexp", rf"^branch\.{name}\.", ok=(0, 1)).out
        return git.find_commit(step.source) is None and not left
    target = git.commit_of(f"{HEADS}{step.target}")
    if step.way in ("squash", "rebase"):
        return target != step.at
    source = step.commit or git.find_commit(step.source)
    return source is not None and is_in(git, source, target)


def merge_in(repository: Repository, step: Step) -> None:
    """Check the target out and merge.

    Raises:
        Stopped: A conflict, a hook or a file is in the way; what was done so far stands.
    """
    try:
        switch(repository, step.target)
        if step.way == "rebase":
            _rebase(repository, step)
        elif step.way == "squash":
            _run(repository, "merge", "--squash", step.source)
            _commit_squash(repository, step)
        else:
            how = "--ff" if step.way == "ff" else "--no-ff"
            _run(repository, "merge", how, "--no-edit", _short(repository, step.source))
    except GitError as error:
        raise Stopped((), f"git could not go on ({error.message}): put that right") from error


def _short(repository: Repository, ref: str) -> str:
    """The short name of a ref, which the message of a merge holds; the full one where the short one is ambiguous."""
    short = ref.split("/", 2)[2]
    found = repository.git.read("rev-parse", "--verify", "--quiet", "--symbolic-full-name", short, ok=(0, 1, 128))
    return short if found.code == 0 and found.text == ref and not found.err else ref


def _run(repository: Repository, *command: str) -> None:
    ran = repository.git.write(*command, ok=(0, 1, 2, 128))
    if ran.code == 0:
        return
    paths = _unmerged(repository)
    said = ran.err or ran.text
    raise Stopped(paths, "" if paths else f"git could not go on ({said}): put that right")


def _unmerged(repository: Repository) -> tuple[str, ...]:
    return tuple(dict.fromkeys(repository.git.read("diff", "--name-only", "--diff-filter=U", "-z").items))


def _commit_squash(repository: Repository, step: Step) -> None:
    staged = repository.git.read("diff", "--cached", "--quiet", ok=(0, 1)).code == 1
    if staged:
        repository.git.write("commit", "--quiet", "--file=-", stdin=step.message.encode())


def _rebase(repository: Repository, step: Step) -> None:
    """Replay the branch on its target with HEAD detached: the branch itself stays as it is."""
    git = repository.git
    git.write("switch", "--quiet", "--detach", step.source)
    _run(repository, "rebase", "--quiet", f"{HEADS}{step.target}")
    _forward(repository, step)


def _forward(repository: Repository, step: Step) -> None:
    """Bring the target to what is checked out, detached, and check it out."""
    new = repository.git.commit_of("HEAD")
    switch(repository, step.target)
    _run(repository, "merge", "--ff-only", "--quiet", new)


def conclude(repository: Repository, plan: FinishPlan, *, check_only: bool = False, refused: bool = False) -> None:
    """End the merge that the plan stopped in, with what a person resolved.

    Args:
        repository: Which.
        plan: What is being done.
        check_only: Only raise what speaks against it.
        refused: Whether no conflict stopped it but a hook, which `git commit` would not ask again.

    Raises:
        ConflictsLeft: Markers are left in files.
        GateClosed: Files are changed that no merge explains.
        Stopped: It stopped again.
    """
    state = read_state(repository, untracked=False)
    paths = _unmerged(repository)
    _refuse_markers(repository, paths)
    step = next((one for one in plan.steps if one.name.startswith("merge") and not is_done(repository, one)), None)
    squashing = step is not None and step.way == "squash" and (repository.git_dir / _SQUASH).exists()
    if not state.in_progress and not squashing and not state.clean:
        raise GateClosed(
            "it was interrupted while files were written, so the work tree is half-way",
            hint="Take it back with `aura abort`; nothing is lost.",
        )
    if check_only or step is None:
        return
    if paths:
        repository.git.at(GIT_LITERAL_PATHSPECS="1").write("add", "--all", "--", *paths)
    if refused and state.in_progress == "merge":
        _ask_hook(repository)
    _conclude(repository, step, state.in_progress, squashing=squashing)


def _ask_hook(repository: Repository) -> None:
    """Run the hook that refused once more; git before 2.36 has no way to, and `git commit` runs the others."""
    ran = repository.git.write("hook", "run", "--ignore-missing", "pre-merge-commit", ok=range(256))
    if ran.code != 0 and "is not a git command" not in ran.err:
        raise Stopped((), f"the hook pre-merge-commit refused ({ran.err or ran.text}): put that right")


def _conclude(repository: Repository, step: Step, in_progress: str, *, squashing: bool) -> None:
    try:
        if in_progress == "rebase":
            _run(repository, "rebase", "--continue")
            _forward(repository, step)
        elif in_progress == "merge":
            _run(repository, "commit", "--quiet", "--no-edit", "--cleanup=strip")
        elif squashing:
            _commit_squash(repository, step)
    except GitError as error:
        raise Stopped((), f"git could not go on ({error.message}): put that right") from error


def _refuse_markers(repository: Repository, paths: tuple[str, ...]) -> None:
    left: list[str] = []
    for path in paths:
        file = repository.root / path
        if file.is_symlink() or not file.is_file():
            continue
        lines = file.read_bytes().splitlines()
        found = next((at for at, line in enumerate(lines, 1) if line.startswith(_MARKS)), 0)
        if found:
            left.append(f"{path}:{found}")
    if left:
        raise ConflictsLeft(f"conflicts are left: {', '.join(left[:10])}")
