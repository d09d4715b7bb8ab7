"""What finishing a branch takes, in steps that are written to the journal and can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final, Literal, cast

from aura_git.branching.refs import HEADS, base_of, compare, count, is_in, local_branches, need_branch
from aura_git.branching.remotes import Remote, hash_there, tracked
from aura_git.branching.strategy import Branching, Kind
from aura_git.repository import Repository
from aura_shared.errors import Conflict, ForgeUnreachable, GateClosed, UsageProblem
from aura_shared.messages.branches import FinishStep

__all__ = ["FinishPlan", "Step", "forecast", "make_plan"]

StepName = Literal["merge", "tag", "merge-back", "delete-remote", "delete-local"]
_TAGS: Final = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; whether it is done can be seen in the repository."""

    name: StepName
    text: str
    """For a person."""
    source: str = ""
    """Full name of the ref that is merged."""
    commit: str = ""
    """Hash of the source when the plan was made; empty for a tag that is only made then."""
    target: str = ""
    """Branch that is merged into, or tagged, or gone to before a deletion."""
    way: str = ""
    """`no-ff`, `ff`, `squash` or `rebase`."""
    at: str = ""
    """Hash of the target, or of what is deleted, when the plan was made."""
    tag: str = ""
    message: str = ""
    remote: str = ""
    here: bool = True
    """Whether the target of a tag is checked out first."""


@dataclass(frozen=True, slots=True)
class FinishPlan:
    """What is done with a branch."""

    branch: str
    kind: str
    tip: str
    """Hash of the branch."""
    steps: tuple[Step, ...]
    notices: tuple[str, ...] = field(default=())

    @property
    def tag(self) -> str:
        """The tag that is made; empty for none."""
        return next((step.tag for step in self.steps if step.name == "tag"), "")

    def dump(self) -> str:
        """For the journal."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> FinishPlan:
        """From the journal."""
        data = cast("dict[str, object]", json.loads(text))
        steps = tuple(Step(**one) for one in cast("list[dict[str, str]]", data["steps"]))  # pyright: ignore[reportArgumentType]
        notices = tuple(cast("list[str]", data["notices"]))
        return cls(str(data["branch"]), str(data["kind"]), str(data["tip"]), steps, notices)

    def told(self, done: int = 0) -> list[FinishStep]:
        """As messages; the first `done` are carried out."""
        return [FinishStep(name=step.name, text=step.text, done=at < done) for at, step in enumerate(self.steps)]


def make_plan(
    repository: Repository, branching: Branching, branch: str, *, message: str = "", keep: bool = False
) -> FinishPlan:
    """What finishing a branch takes. Nothing is changed; its remote is asked where the branch stands there.

    Raises:
        UsageProblem: It is a base branch, fits no kind, or is of a kind that is never merged.
        UnknownRef: It, or what it goes into, is not there.
        GateClosed: It or its target lacks commits of the remote, or is checked out elsewhere.
        Conflict: The tag exists already.
        ForgeUnreachable, ForgeRefused: The remote cannot be asked.
    """
    kind = _kind(branching, branch)
    tip = need_branch(repository, branch)
    base = base_of(repository, kind, branch)
    into = _target(kind, base)
    where = need_branch(repository, into)
    notices, there = _at_remote(repository, branch, tip, keep=keep)
    back = _back(repository, branching, kind) if (base or kind.start) == kind.start else ""
    for target in (into, back):
        notices += _check_target(repository, target)
    _check_worktrees(repository, branch, into, back)
    steps = [_merge_step(repository, kind, branch, into, where, message)]
    if kind.tagged:
        steps.append(_tag_step(repository, branching, kind, branch, into, message))
    if back:
        source = f"{_TAGS}{steps[-1].tag}" if kind.tagged else f"{HEADS}{into}"
        text = f"merge {source.split('/', 2)[2]} back into {back} (--no-ff)"
        steps.append(Step("merge-back", text, source, target=back, way="no-ff", at=need_branch(repository, back)))
    if not keep:
        steps += _delete_steps(branch, tip, there, leave=_leave(branching, kind, into))
    return FinishPlan(branch, kind.name, tip, tuple(steps), tuple(notices))


def _kind(branching: Branching, branch: str) -> Kind:
    if branch in branching.bases:
        raise UsageProblem(f"{branch!r} is a base branch: it is never finished", hint="Name a branch of a kind.")
    kind = branching.kind_of(branch)
    if kind is None:
        known = ", ".join(kind.prefix for kind in branching.kinds)
        raise UsageProblem(
            f"{branch!r} fits no kind of the strategy {branching.strategy}: names begin with {known or 'nothing yet'}",
            hint=f"Rename it (git branch -m {branch} NAME), or merge it: aura merge {branch}",
        )
    if not kind.into:
        raise UsageProblem(
            f"a {kind.name} branch is never merged back, so there is nothing to finish",
            hint="Its fixes go elsewhere one by one: git cherry-pick COMMIT",
        )
    return kind


def _target(kind: Kind, base: str) -> str:
    """Where it goes: a branch that began elsewhere than its kind says goes back there, as with git-flow."""
    return kind.into if not base or base == kind.start else base


def _back(repository: Repository, branching: Branching, kind: Kind) -> str:
    if not kind.back or not branching.develop:
        return ""
    if kind.back == "open-release":
        for one in local_branches(repository):
            found = branching.kind_of(one.name)
            if found is not None and found.name == "release":
                return one.name
    return branching.develop


def _leave(branching: Branching, kind: Kind, into: str) -> str:
    """Where to go when the branch that is deleted is checked out."""
    return branching.develop if kind.back and into == kind.into == kind.start and branching.develop else into


def _at_remote(repository: Repository, branch: str, tip: str, *, keep: bool) -> tuple[list[str], Remote | None]:
    found = tracked(repository, branch)
    if found is None or not found.known:
        return [], None
    try:
        now = hash_there(repository.git, found.name, branch)
    except ForgeUnreachable as error:
        if not keep:
            raise ForgeUnreachable(
                error.message, hint="Try again once it answers; --keep finishes without it, and keeps the branch."
            ) from error
        return [f"{found.name} does not answer: whether it has more commits of {branch} is not known"], None
    if not now:
        return [f"{branch} is not at {found.name} any more"], None
    known = repository.git.find_commit(now)
    if known is None or not is_in(repository.git, now, tip):
        how = "has commits that are not here" if known is None else "has parted from, or is ahead of, the one here"
        raise GateClosed(f"{branch!r} at {found.name} {how}", hint="Bring it up to date first: aura sync")
    return [], Remote(found.name, found.ref, now)


def _check_target(repository: Repository, target: str) -> list[str]:
    """Raises GateClosed when a target lacks what its remote is known to have."""
    found = tracked(repository, target) if target else None
    if found is None or not found.known:
        return []
    how = compare(repository.git, need_branch(repository, target), found.known)
    if how in ("behind", "diverged"):
        what = "lacks commits of" if how == "behind" else "has parted from"
        raise GateClosed(f"{target!r} {what} {found.name}/{target}", hint="Bring it up to date first: aura sync")
    return []


def _check_worktrees(repository: Repository, *wanted: str) -> None:
    for one in local_branches(repository):
        if one.name in wanted and one.elsewhere:
            raise GateClosed(
                f"{one.name!r} is checked out in another work tree: {one.elsewhere}",
                hint="Go to another branch there, then try again.",
            )


def _merge_step(repository: Repository, kind: Kind, branch: str, into: str, at: str, message: str) -> Step:
    way = {"merge": "no-ff", "squash": "squash", "rebase": "rebase", "pull-request": "no-ff"}[kind.way]
    if way == "no-ff" and kind.fast_forward_single and count(repository.git, f"{at}..{HEADS}{branch}") == 1:
        way = "ff"
    how = {"no-ff": "--no-ff", "ff": "one commit: fast-forward where possible", "squash": "as one commit",
           "rebase": "rebased, fast-forward"}[way]  # fmt: skip
    text = f"merge {branch} into {into} ({how})"
    words = message or (_squash_message(repository, branch, at) if way == "squash" else "")
    tip = need_branch(repository, branch)
    return Step("merge", text, f"{HEADS}{branch}", tip, into, way, at, message=words if way == "squash" else "")


def _squash_message(repository: Repository, branch: str, at: str) -> str:
    """The message of its only commit, or the first subject with the others below."""
    span = f"{at}..{HEADS}{branch}"
    messages = [one.strip() for one in repository.git.text("log", "--reverse", "-z", "--format=%B", span).split("\0")]
    if len(messages) == 1:
        return messages[0] or branch
    subjects = [one.partition("\n")[0] for one in messages if one]
    return "\n".join([subjects[0], "", *(f"* {one}" for one in subjects)])


def _tag_step(repository: Repository, branching: Branching, kind: Kind, branch: str, into: str, message: str) -> Step:
    name = branching.tag_prefix + branch.removeprefix(kind.prefix)
    if repository.git.find_commit(f"{_TAGS}{name}"):
        raise Conflict(f"there is a tag {name!r} already", hint=f"See what it is: git show {name}")
    here = kind.start != into
    return Step("tag", f"tag {into} as {name}", target=into, tag=name, message=message or name, here=here)


def _delete_steps(branch: str, tip: str, there: Remote | None, leave: str) -> Iterator[Step]:
    if there is not None:
        text = f"delete {branch} at {there.name}"
        yield Step("delete-remote", text, f"{HEADS}{branch}", at=there.known, remote=there.name)
    yield Step("delete-local", f"delete {branch} here", f"{HEADS}{branch}", target=leave, at=tip)


def forecast(repository: Repository, plan: FinishPlan) -> list[str]:
    """Paths that the first merge would leave in conflict; nothing is touched."""
    step = plan.steps[0]
    ours, theirs = repository.git.commit_of(f"{HEADS}{step.target}"), plan.tip
    ran = repository.git.read(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs, ok=(0, 1, 128, 129)
    )
    return list(dict.fromkeys(ran.items[1:])) if ran.code == 1 else []
