"""Commits and splits as victims of `git_crash`: `python tests/commits_crash.py ROOT NAME KILL_AT`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import git_crash
from aura_git.commits.committing_drafts import Consent, commit_draft, commit_split
from aura_git.commits.drafting import Wishes, make_draft
from aura_git.commits.splitting import plan_split
from aura_git.commits.staging import Taken, base_of, index_aside, take_in
from aura_git.commits.suggesting import learn
from aura_git.repository import Repository
from aura_git.safety.core import SafetyCore
from git_crash import Named, Operate, Victims
from git_crash_states import run

CONSENT: Final = Consent(protected_ok=True)


class CommitVictims(Victims):
    """Kills commits and splits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, COMMITS)

    def _started(self, root: Path, name: str, step: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        arguments = [sys.executable, __file__, str(root), name, str(step)]
        return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE)


def _mixed(root: Path) -> None:
    """Changes of two things, partly staged; new, deleted and ignored files."""
    root.mkdir(parents=True)
    run(root, "init", "-q", "-b", "work")
    _put(root, "one.py", "def first_name(a):\n    return a\n")
    _put(root, "two.py", "def second_name(b):\n    return b\n\n\ndef third_name(c):\n    return c\n")
    _put(root, "gone.txt", "gone\n")
    _put(root, ".gitignore", "*.log\n")
    run(root, "add", "--all")
    run(root, "commit", "-qF", "-", stdin="feat: begin")
    _put(root, "one.py", "def first_name(alpha):\n    return alpha\n")
    run(root, "add", "one.py")
    _put(root, "two.py", "def second_name(beta):\n    return beta\n\n\ndef third_name(c):\n    return c + 1\n")
    _put(root, "new.txt", "new\n")
    _put(root, "kept.log", "ignored\n")
    (root / "gone.txt").unlink()


def _put(root: Path, path: str, text: str) -> None:
    (root / path).write_text(text)


def _commit(taken: Taken) -> Operate:
    def operate(core: SafetyCore, repository: Repository) -> None:
        draft = make_draft(core, repository, learn(repository), taken, Wishes())
        commit_draft(core, repository, draft, "feat: all of it", CONSENT)

    return operate


def _split(core: SafetyCore, repository: Repository) -> None:
    taken = Taken(everything=True)
    with index_aside(repository) as aside:
        tree = take_in(aside, taken)
        plan = plan_split(aside, learn(repository), base=base_of(aside), tree=tree)
    assert len(plan.commits) > 1
    commit_split(core, repository, plan, taken, CONSENT)


COMMITS: Final[dict[str, Named]] = {
    "commit staged": Named(_mixed, _commit(Taken())),
    "commit all": Named(_mixed, _commit(Taken(everything=True))),
    "commit a path": Named(_mixed, _commit(Taken(everything=True, paths=("two.py",)))),
    "split": Named(_mixed, _split),
}


if __name__ == "__main__":
    git_crash.OPERATIONS.update(COMMITS)
    git_crash.main()
