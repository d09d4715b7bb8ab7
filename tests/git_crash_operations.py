"""Every writing operation of the git service, by name: how its repository is made, and how it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from aura_git.branching.cleaning import clean
from aura_git.branching.finishing import COMMAND, continue_finish, finish
from aura_git.branching.initialising import initialise
from aura_git.branching.publishing import publish
from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.commits.committing_drafts import Consent, commit_draft, commit_split
from aura_git.commits.drafting import Wishes, make_draft
from aura_git.commits.hooks import install_hook, uninstall_hook
from aura_git.commits.splitting import plan_split
from aura_git.commits.staging import Taken, base_of, index_aside, take_in
from aura_git.commits.suggesting import learn
from aura_git.health.mending import mend
from aura_git.merging.concluding import abort, continue_, skip
from aura_git.merging.merging import do_merge
from aura_git.merging.rebasing import do_rebase
from aura_git.merging.resolving import resolve
from aura_git.merging.syncing import sync
from aura_git.releases.cutting import cut_release
from aura_git.releases.planning import plan_release
from aura_git.repository import Repository, open_repository
from aura_git.safety.core import SafetyCore
from aura_git.safety.recovery import UNDO
from aura_shared.messages.branches import CleanBranches, FinishBranch, InitBranching, PublishBranch, StartBranch
from aura_shared.messages.git_health import MendGit
from aura_shared.messages.merges import DoMerge, DoRebase, ResolveConflicts, SyncBranches
from aura_shared.messages.releases import CutRelease
from aura_shared.settings import GitSettings
from git_crash_repositories import (
    PYTHON,
    Prepare,
    built,
    hooked,
    merged_away,
    mixed,
    published,
    releasable,
    shared,
    their_hook_runs,
    unpublished,
    unset,
    with_flow,
    with_our_hook,
    with_parted,
    with_their_hook,
)  # fmt: skip
from git_lab import START, GitLab
from merge_lab import line

__all__ = ["OPERATIONS", "Named", "Operate", "abandoned", "dated", "gone_on"]

Operate = Callable[[SafetyCore, Repository], object]
_CONSENT: Final = Consent(protected_ok=True)
_FAR_AHEAD: Final = START + 10_000_000


class Named(NamedTuple):
    """An operation that can be killed."""

    prepare: Prepare
    """Makes its repository."""
    operate: Operate
    check: Callable[[Path], str] = lambda _: ""
    """What is wrong besides, in the repository; empty when nothing is."""


def dated(root: Path) -> Repository:
    """A repository in which every commit is made at the same moment, so that doing it again gives the same hashes."""
    repository = open_repository(root)
    when = f"{_FAR_AHEAD} +0000"
    git = repository.git.at(GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
    return Repository(repository.root, repository.git_dir, repository.common_dir, git=git)


def gone_on(core: SafetyCore, repository: Repository) -> object:
    """`aura continue`, as the service has it."""
    record = core.open_operation(repository)
    if record is not None and record.command == COMMAND:
        return continue_finish(core, repository, record)
    return continue_(repository, core)


def abandoned(core: SafetyCore, repository: Repository) -> object:
    """`aura abort`."""
    return abort(repository, core)


def _commit(taken: Taken) -> Operate:
    def operate(core: SafetyCore, repository: Repository) -> None:
        draft = make_draft(core, repository, learn(repository), taken, Wishes())
        commit_draft(core, repository, draft, "feat: all of it", _CONSENT)

    return operate


def _split(core: SafetyCore, repository: Repository) -> None:
    taken = Taken(everything=True)
    with index_aside(repository) as aside:
        tree = take_in(aside, taken)
        plan = plan_split(aside, learn(repository), base=base_of(aside), tree=tree)
    assert len(plan.commits) > 1
    commit_split(core, repository, plan, taken, _CONSENT)


def _init(core: SafetyCore, repository: Repository) -> None:
    initialise(repository, core, InitBranching(project="p", strategy="gitflow"))


def _start(core: SafetyCore, repository: Repository) -> None:
    start(repository, core, read_branching(repository), StartBranch(project="p", kind="feature", name="cart"))


def _finish(core: SafetyCore, repository: Repository) -> None:
    finish(repository, core, read_branching(repository), FinishBranch(project="p", message="First of all"))


def _clean(core: SafetyCore, repository: Repository) -> None:
    request = CleanBranches(project="p", branches=["feature/one", "feature/two"], dry_run=False)
    clean(repository, core, read_branching(repository), request)


def _merge(**how: Any) -> Operate:  # noqa: ANN401 - fields of the request
    def operate(core: SafetyCore, repository: Repository) -> None:
        do_merge(repository, core, DoMerge(project="p", ref="topic", **how))

    return operate


def _rebase(**how: Any) -> Operate:  # noqa: ANN401 - fields of the request
    def operate(core: SafetyCore, repository: Repository) -> None:
        do_rebase(repository, core, DoRebase(project="p", onto="topic", **how))

    return operate


def _resolve(core: SafetyCore, repository: Repository) -> None:
    resolve(repository, core, ResolveConflicts(project="p", accept=["propose", "suggest"]))


def _skip(core: SafetyCore, repository: Repository) -> None:
    skip(repository, core)


def _sync(core: SafetyCore, repository: Repository) -> None:
    sync(repository, core, SyncBranches(project="p"))


def _publish(core: SafetyCore, repository: Repository) -> None:
    publish(repository, core, read_branching(repository), PublishBranch(project="p"))


def _driver(core: SafetyCore, repository: Repository) -> None:
    resolve(repository, core, ResolveConflicts(project="p", driver="install", remember="on"))


def _mend(rule: str) -> Operate:
    def operate(core: SafetyCore, repository: Repository) -> None:
        assert mend(repository, core, MendGit(project="p", rule=rule)).done

    return operate


def _release(core: SafetyCore, repository: Repository) -> None:
    planned = plan_release(repository, day="2026-11-26")
    cut_release(repository, core, planned, CutRelease(project="p"))


def _after(prepare: Prepare, *first: Operate, edit: Mapping[str, str] | None = None) -> Prepare:
    """A repository in which something was done already, and files were written after it."""

    def prepared(root: Path) -> None:
        prepare(root)
        for one in first:
            one(SafetyCore(GitSettings()), dated(root))
        GitLab(root).write(edit or {})

    return prepared


def _undo(core: SafetyCore, repository: Repository) -> None:
    core.undo(repository)


def _redo(core: SafetyCore, repository: Repository) -> None:
    """Take back the newest undo that counts."""
    done = (one.id for one in core.operations(repository, 9) if one.command == UNDO and one.state == "done")
    core.undo(repository, next(done))


def _install(_core: SafetyCore, repository: Repository) -> None:
    install_hook(repository)


def _uninstall(_core: SafetyCore, repository: Repository) -> None:
    uninstall_hook(repository)


_IN_PLACE: Final = _merge(where="in-place")
_REBASE_IN_PLACE: Final = _rebase(where="in-place", update_refs=True)
_RESOLVED: Final = {
    "b": line(5, "both"),
    "c.py": PYTHON.replace("import os\n", "import json\nimport os\nimport sys\n"),
}
_ALL: Final = _commit(Taken(everything=True))
_PARTED: Final = with_parted()
_CONFLICT: Final = with_parted(conflict=True)
_STOPPED_MERGE: Final = _after(_CONFLICT, _IN_PLACE)
_RESOLVED_MERGE: Final = _after(_CONFLICT, _IN_PLACE, edit=_RESOLVED)
_STOPPED_REBASE: Final = _after(_CONFLICT, _REBASE_IN_PLACE)
_STOPPED_FINISH: Final = _after(with_flow("feature", "cart", conflict=True), _finish)

OPERATIONS: Final[dict[str, Named]] = {
    "commit": Named(mixed, _commit(Taken())),
    "commit --all": Named(mixed, _ALL),
    "commit of a path": Named(mixed, _commit(Taken(everything=True, paths=("two.py",)))),
    "commit with hooks": Named(hooked, _ALL),
    "commit --split": Named(mixed, _split),
    "branch init": Named(unset, _init),
    "branch start": Named(with_flow(), _start),
    "finish of a feature": Named(with_flow("feature", "cart"), _finish),
    "finish of a release": Named(with_flow("release", "1.0"), _finish),
    "finish, published": Named(published, _finish),
    "finish that stops": Named(with_flow("feature", "cart", conflict=True), _finish),
    "continue of a finish": Named(_after(_STOPPED_FINISH, edit={"a": line(3, "both")}), gone_on),
    "abort of a finish": Named(_STOPPED_FINISH, abandoned),
    "branch publish": Named(unpublished, _publish),
    "branch cleanup": Named(merged_away, _clean),
    "merge, fast-forward": Named(with_parted(ahead=False), _merge()),
    "merge": Named(_PARTED, _merge()),
    "merge that stops": Named(_CONFLICT, _IN_PLACE),
    "continue of a merge": Named(_RESOLVED_MERGE, gone_on),
    "abort of a merge": Named(_RESOLVED_MERGE, abandoned),
    "resolve": Named(_STOPPED_MERGE, _resolve),
    "rebase": Named(_PARTED, _rebase()),
    "rebase --update-refs": Named(_PARTED, _rebase(update_refs=True)),
    "rebase that stops": Named(_CONFLICT, _REBASE_IN_PLACE),
    "continue of a rebase": Named(_after(_CONFLICT, _REBASE_IN_PLACE, edit=_RESOLVED), gone_on),
    "skip in a rebase": Named(_STOPPED_REBASE, _skip),
    "abort of a rebase": Named(_STOPPED_REBASE, abandoned),
    "sync": Named(shared, _sync),
    "undo of a commit": Named(_after(mixed, _ALL), _undo),
    "undo of a cleanup": Named(_after(merged_away, _clean), _undo),
    "redo of a commit": Named(_after(mixed, _ALL, _undo), _redo),
    "merge driver": Named(_CONFLICT, _driver),
    "health, ignore": Named(built, _mend("missing-ignore")),
    "health, untrack": Named(built, _mend("tracked-build-output")),
    "release cut": Named(releasable, _release),
    "hooks install": Named(with_their_hook, _install, their_hook_runs),
    "hooks uninstall": Named(with_our_hook, _uninstall, their_hook_runs),
}
"""What is killed, by name."""
