"""The same work done by git-flow-avh and by Aura: scenarios, the two ways to carry them out, and graphs to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aura_git.branching.finishing import continue_finish, finish
from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.safety.core import SafetyCore
from aura_shared.messages.branches import FinishBranch, StartBranch
from aura_shared.settings import GitSettings
from git_lab import GitLab, copy_of, make_lab

Graph = dict[str, object]


class Worker(Protocol):
    """Starts and finishes branches."""

    lab: GitLab

    def start(self, kind: str, name: str, base: str = "") -> None:
        """Begin a branch."""
        ...

    def finish(self, kind: str, name: str, message: str = "") -> None:
        """Finish a branch."""
        ...

    def resolve(self, kind: str, name: str, files: dict[str, str], message: str = "") -> None:
        """Finish a branch whose merge stops at a conflict, which these files resolve."""
        ...


@dataclass
class GitFlow:
    """Debian's `git-flow` (git-flow-avh)."""

    lab: GitLab

    def start(self, kind: str, name: str, base: str = "") -> None:
        self.lab.git("flow", kind, "start", name, *([base] if base else []))

    def finish(self, kind: str, name: str, message: str = "") -> None:
        self._finish(kind, name, message, 0)

    def resolve(self, kind: str, name: str, files: dict[str, str], message: str = "") -> None:
        self._finish(kind, name, message, 1)
        self.lab.write(dict(files))
        self.lab.git("add", "--all")
        self.lab.git("commit", "--quiet", "--no-edit", "--cleanup=strip")  # as after an editor: without comments
        self._finish(kind, name, message, 0)

    def _finish(self, kind: str, name: str, message: str, code: int) -> None:
        # Not `-m`: git-flow then puts the name of the tag behind the message.
        file = self.lab.root.parent / "message"
        file.write_text(message)
        self.lab.git("flow", kind, "finish", *(["-f", str(file)] if message else []), name, ok=code)


@dataclass
class Aura:
    """Aura's own functions, through the real safety core."""

    lab: GitLab
    safety: SafetyCore = field(default_factory=lambda: SafetyCore(GitSettings()))

    def start(self, kind: str, name: str, base: str = "") -> None:
        repository = self.lab.repository()
        request = StartBranch(project="p", kind=kind, name=name, base=base)
        start(repository, self.safety, read_branching(repository), request)

    def finish(self, kind: str, name: str, message: str = "") -> None:
        assert self._finish(name, message) == "done"

    def resolve(self, kind: str, name: str, files: dict[str, str], message: str = "") -> None:
        assert self._finish(name, message) == "waiting"
        self.lab.write(dict(files))
        repository = self.lab.repository()
        record = self.safety.open_operation(repository)
        assert record is not None
        assert continue_finish(self.safety, repository, record).state == "done"

    def _finish(self, name: str, message: str) -> str:
        repository = self.lab.repository()
        request = FinishBranch(project="p", branch=name, message=message)
        return finish(repository, self.safety, read_branching(repository), request).state


def _commit(worker: Worker, path: str, text: str = "", message: str = "") -> None:
    worker.lab.commit(message or f"change {path}", {path: text or f"{path}\n"})


def _feature_of_two(worker: Worker) -> None:
    worker.start("feature", "cart")
    _commit(worker, "a")
    _commit(worker, "b")
    worker.finish("feature", "cart")


def _feature_of_one(worker: Worker) -> None:
    worker.start("feature", "cart")
    _commit(worker, "a")
    worker.finish("feature", "cart")


def _feature_of_one_behind(worker: Worker) -> None:
    worker.start("feature", "cart")
    _commit(worker, "a")
    worker.lab.switch("develop")
    _commit(worker, "b")
    worker.finish("feature", "cart")


def _feature_of_none(worker: Worker) -> None:
    worker.start("feature", "cart")
    worker.finish("feature", "cart")


def _feature_from_feature(worker: Worker) -> None:
    worker.start("feature", "cart")
    _commit(worker, "a")
    worker.start("feature", "sum", "feature/cart")
    _commit(worker, "b")
    _commit(worker, "c")
    worker.finish("feature", "sum")


def _feature_conflict(worker: Worker) -> None:
    worker.start("feature", "cart")
    _commit(worker, "a", "mine\n")
    _commit(worker, "b")
    worker.lab.switch("develop")
    _commit(worker, "a", "theirs\n")
    worker.resolve("feature", "cart", {"a": "both\n"})


def _two_features(worker: Worker) -> None:
    for name in ("one", "two"):
        worker.start("feature", name)
        _commit(worker, f"{name}-1")
        _commit(worker, f"{name}-2")
    worker.finish("feature", "one")
    worker.finish("feature", "two")


def _bugfix(worker: Worker) -> None:
    worker.start("bugfix", "rounding")
    _commit(worker, "a")
    _commit(worker, "b")
    worker.finish("bugfix", "rounding")


def _bugfix_of_release(worker: Worker) -> None:
    worker.start("release", "1.0")
    _commit(worker, "version")
    worker.start("bugfix", "typo", "release/1.0")
    _commit(worker, "a")
    _commit(worker, "b")
    worker.finish("bugfix", "typo")
    worker.finish("release", "1.0", "First release")


def _release(worker: Worker) -> None:
    _commit(worker, "a")
    worker.start("release", "1.0")
    _commit(worker, "version")
    worker.finish("release", "1.0", "First release")


def _release_of_none(worker: Worker) -> None:
    _commit(worker, "a")
    worker.start("release", "1.0")
    worker.finish("release", "1.0", "First release")


def _release_with_work_beside(worker: Worker) -> None:
    worker.start("release", "1.0")
    _commit(worker, "version")
    worker.lab.switch("develop")
    _commit(worker, "a")
    worker.lab.switch("release/1.0")
    worker.finish("release", "1.0", "First release")


def _release_conflict_back(worker: Worker) -> None:
    worker.start("release", "1.0")
    _commit(worker, "version", "1.0\n")
    worker.lab.switch("develop")
    _commit(worker, "version", "2.0-dev\n")
    worker.resolve("release", "1.0", {"version": "2.0-dev\n"}, "First release")


def _release_conflict_main(worker: Worker) -> None:
    worker.start("release", "1.0")
    _commit(worker, "version", "1.0\n")
    worker.lab.switch("main")
    _commit(worker, "version", "0.9.1\n")
    worker.resolve("release", "1.0", {"version": "1.0\n"}, "First release")


def _release_from_main(worker: Worker) -> None:
    worker.start("release", "1.0.1", "main")
    _commit(worker, "version")
    worker.finish("release", "1.0.1", "Again")


def _hotfix(worker: Worker) -> None:
    _release(worker)
    worker.start("hotfix", "1.0.1")
    _commit(worker, "fix")
    worker.finish("hotfix", "1.0.1", "Urgent fix")


def _hotfix_of_none(worker: Worker) -> None:
    _release(worker)
    worker.start("hotfix", "1.0.1")
    worker.finish("hotfix", "1.0.1", "Nothing")


def _hotfix_while_release_is_open(worker: Worker) -> None:
    worker.start("release", "1.0")
    _commit(worker, "version")
    worker.start("hotfix", "0.9.1")
    _commit(worker, "fix")
    worker.finish("hotfix", "0.9.1", "Urgent fix")
    worker.finish("release", "1.0", "First release")


def _hotfix_of_support(worker: Worker) -> None:
    _release(worker)
    worker.start("support", "1.x", "v1.0")
    _commit(worker, "old")
    worker.start("hotfix", "1.0.1", "support/1.x")
    _commit(worker, "fix")
    worker.finish("hotfix", "1.0.1", "For the old line")


def _support(worker: Worker) -> None:
    _release(worker)
    worker.start("support", "1.x", "v1.0")
    _commit(worker, "old")


def _published(worker: Worker) -> None:
    worker.lab.git("push", "--quiet", "--set-upstream", "origin", "main", "develop")
    worker.start("feature", "cart")
    _commit(worker, "a")
    _commit(worker, "b")
    worker.lab.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    worker.finish("feature", "cart")


def _published_release(worker: Worker) -> None:
    worker.lab.git("push", "--quiet", "--set-upstream", "origin", "main", "develop")
    worker.start("release", "1.0")
    _commit(worker, "version")
    worker.lab.git("push", "--quiet", "--set-upstream", "origin", "release/1.0")
    worker.finish("release", "1.0", "First release\n\nWith a second paragraph.")


SCENARIOS: dict[str, Callable[[Worker], None]] = {
    "feature of two commits": _feature_of_two,
    "feature of one commit": _feature_of_one,
    "feature of one commit, develop moved": _feature_of_one_behind,
    "feature without a commit": _feature_of_none,
    "feature from a feature": _feature_from_feature,
    "feature with a conflict": _feature_conflict,
    "two features side by side": _two_features,
    "bugfix": _bugfix,
    "bugfix of a release": _bugfix_of_release,
    "release": _release,
    "release without a commit": _release_of_none,
    "release, develop moved": _release_with_work_beside,
    "release with a conflict at main": _release_conflict_main,
    "release with a conflict at develop": _release_conflict_back,
    "release from main": _release_from_main,
    "hotfix": _hotfix,
    "hotfix without a commit": _hotfix_of_none,
    "hotfix while a release is open": _hotfix_while_release_is_open,
    "hotfix of a support branch": _hotfix_of_support,
    "support": _support,
    "published feature": _published,
    "published release": _published_release,
}


def prepare(folder: Path) -> GitLab:
    """A repository with one commit, a bare `origin`, and the configuration that `git flow init -d` writes."""
    return copy_of("flow", _prepare, folder)


def _prepare(folder: Path) -> GitLab:
    origin = make_lab(folder / "origin.git", bare=True)
    lab = make_lab(folder / "shop")
    lab.environment["GIT_MERGE_AUTOEDIT"] = "no"
    lab.commit("first", {"readme": "shop\n"})
    lab.git("branch", "develop")
    lab.git("switch", "--quiet", "develop")
    settings = {"branch.master": "main", "branch.develop": "develop", "prefix.versiontag": "v"}
    kinds = ("feature", "bugfix", "release", "hotfix", "support")
    for key, value in (settings | {f"prefix.{kind}": f"{kind}/" for kind in kinds}).items():
        lab.git("config", f"gitflow.{key}", value)
    lab.git("remote", "add", "origin", f"file://{origin.root}")
    return lab


def graph_of(lab: GitLab) -> Graph:
    """What a repository and its origin hold, without times: refs, HEAD, each commit by tree, message and parents."""
    form = "--format=%H%x00%T%x00%P%x00%B"
    text = lab.git("log", "--exclude=refs/aura/*", "--all", "--topo-order", "--reverse", "-z", form)
    parts = text.split("\0")[:-1] if text.endswith("\0") else text.split("\0")
    names: dict[str, str] = {}
    commits: dict[str, Graph] = {}
    for commit, tree, parents, message in zip(*[iter(parts)] * 4, strict=True):
        facts: Graph = {"message": message.strip(), "tree": tree, "parents": [names[one] for one in parents.split()]}
        names[commit] = hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:12]
        commits[names[commit]] = facts
    refs = _refs(lab, names)
    there = GitLab(lab.root.parent / "origin.git")
    return {
        "head": lab.git("symbolic-ref", "HEAD").strip(),
        "refs": refs,
        "origin": _refs(there, names),
        "commits": dict(sorted(commits.items())),
        "changed": lab.git("status", "--porcelain").splitlines(),
    }


def _refs(lab: GitLab, names: dict[str, str]) -> dict[str, str]:
    form = "%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(contents)%01"
    found: dict[str, str] = {}
    for entry in lab.git("for-each-ref", f"--format={form}").split("\1\n"):
        if not entry.strip():
            continue
        ref, commit, peeled, kind, contents = entry.split("\0")
        if ref.startswith("refs/aura/"):
            continue
        name = names[peeled or commit]
        found[ref] = f"{kind} {name}" + (f": {contents.strip()}" if kind == "tag" else "")
    return found
