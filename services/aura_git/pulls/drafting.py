"""Drafts: everything that the text of a pull request is made of, gathered once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from aura_git.branching.remotes import find_remote
from aura_git.plan_items import linked_items, named_in
from aura_git.pulls.body import Facts, body_of, diffstat_of, title_of
from aura_git.pulls.dependencies import dependency_changes
from aura_git.pulls.forges import Forge, find_forge
from aura_git.pulls.gathering import Branch, Task, find_base, find_reviewers, read_branch, tasks_of
from aura_git.pulls.templates import Template, find_template, headings_of
from aura_git.pulls.trying import Trier
from aura_git.repository import Repository
from aura_git.safety.contract import Concern
from aura_git.safety.secrets import scan_text
from aura_shared.bus import Bus
from aura_shared.errors import AuraError, CommitBlocked, GateClosed, UsageProblem
from aura_shared.messages.pulls import CreatePull, DraftPull, PullReviewer, PullTarget, PullText, UpdatePull
from aura_shared.messages.review import GatherReview, ReviewFacts
from aura_shared.messages.wording import WordedPull, WordPull

__all__ = ["Drafted", "Wishes", "check_text", "draft_pull", "read_plan"]

_REVIEW_S: Final = 30.0
_WORDING_S: Final = 120.0
_MOST_FILES: Final = 3000


Wishes: TypeAlias = DraftPull | CreatePull | UpdatePull
"""What a draft is asked for."""


@dataclass(frozen=True, slots=True)
class _Plan:
    branch: Branch
    remote: str
    forge: Forge
    template: Template
    tasks: list[Task]
    reviewers: list[PullReviewer]
    owners: str
    dependencies: list[str]
    generated: frozenset[str]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft with what is needed to send it."""

    text: PullText
    target: PullTarget
    forge: Forge
    remote: str
    branch: str
    tip: str
    needs_push: bool
    """As far as is known here: by the remote-tracking ref."""


async def draft_pull(bus: Bus, repository: Repository, wishes: Wishes, trier: Trier | None = None) -> Drafted:
    """Write the text; only reads, and asks no other machine.

    Without the code service the text says that nothing was analysed; without a model the commits speak.

    Args:
        bus: For questions to other services.
        repository: Which.
        wishes: What is asked for.
        trier: Has tests run where they are wished for, and knows what was run before.

    Raises:
        GateClosed: HEAD is detached and no branch was named, or the branch has nothing to bring.
        UnknownRef, NotFound: A branch, remote or template that was named is not there.
    """
    plan = await asyncio.to_thread(read_plan, repository, wishes)
    review, reason = await _analysed(bus, repository, plan.branch)
    trier = trier or Trier(bus)
    tried = await trier.tried(repository, plan.branch, run=wishes.tests)
    names = named_in(plan.branch.messages)
    linked = await linked_items(bus, repository, branch=plan.branch.name, names=names)
    facts = Facts(
        plan.branch,
        tasks=plan.tasks,
        items=linked.items,
        review=review,
        not_analysed=reason,
        dependencies=plan.dependencies,
        reviewers=plan.reviewers,
        generated=plan.generated,
        tried=tried,
    )
    notes = [*plan.notes, *([f"The change was not analysed: {reason}"] if reason else [])]
    worded = None
    if wishes.model:
        worded, note = await _worded(bus, repository, plan, title_of(plan.branch))
        notes += [note] if note else []
    facts = replace(facts, worded=worded)
    text = PullText(
        title=title_of(plan.branch, worded),
        body=body_of(facts, plan.template.text),
        branch=plan.branch.name,
        base=plan.branch.base.name,
        base_source=plan.branch.base.source,
        commits=len(plan.branch.commits),
        files=len(plan.branch.files),
        added=sum(file.added for file in plan.branch.files),
        removed=sum(file.removed for file in plan.branch.files),
        reviewers=plan.reviewers,
        template=plan.template.path,
        worded_by=worded.model if worded is not None else "",
        notes=notes,
    )
    return _with_target(repository, plan, text)


def _with_target(repository: Repository, plan: _Plan, text: PullText) -> Drafted:
    forge, branch = plan.forge, plan.branch
    there = repository.git.find_commit(f"refs/remotes/{plan.remote}/{branch.name}") if plan.remote else None
    target = PullTarget(
        forge=forge.kind,
        host=forge.host,
        repository=forge.path,
        remote=plan.remote,
        source=forge.source,
        compare_url=forge.compare_url(branch.base.name, branch.name),
    )
    needs_push = bool(plan.remote) and there != branch.tip
    return Drafted(text, target, forge, plan.remote, branch.name, branch.tip, needs_push)


def read_plan(repository: Repository, wishes: Wishes) -> _Plan:
    """What git says; raises like `draft_pull`."""
    name = wishes.branch or repository.state().branch
    if not name:
        raise GateClosed("HEAD is detached: no branch is checked out", hint="Name the branch with --branch NAME.")
    remote = find_remote(repository, name, wishes.remote)
    base = find_base(repository, name, remote, wishes.base)
    if base.name == name:
        raise UsageProblem(f"{name!r} cannot go into itself", hint="Begin a branch of its own: aura branch start")
    branch = read_branch(repository, name, base)
    forge = find_forge(repository, remote)
    template = find_template(repository, base.commit, forge.kind, wishes.template)
    reviewers, owners, notes = find_reviewers(repository, branch, forge.kind)
    if template.others and not template.path:
        notes.append(f"There are several templates; choose one with --template: {', '.join(template.others[:8])}")
    dependencies = dependency_changes(repository, branch)
    generated = _generated(repository, branch)
    return _Plan(
        branch,
        remote,
        forge,
        template,
        tasks_of(branch, wishes.task),
        reviewers,
        owners,
        dependencies,
        generated,
        notes,
    )


def _generated(repository: Repository, branch: Branch) -> frozenset[str]:
    """Paths that `.gitattributes` calls generated or vendored."""
    paths = [file.path for file in branch.files[:_MOST_FILES]]
    if repository.bare or not paths:
        return frozenset()
    asked = "\0".join(paths).encode(errors="surrogateescape") + b"\0"
    names = ("linguist-generated", "linguist-vendored", "gitlab-generated")
    items = repository.git.read("check-attr", "-z", "--stdin", *names, stdin=asked).items
    told = zip(items[::3], items[2::3], strict=False)
    return frozenset(path for path, value in told if value in {"set", "true"})


async def _analysed(bus: Bus, repository: Repository, branch: Branch) -> tuple[ReviewFacts | None, str]:
    request = GatherReview(project=repository.project, what="range", revision=branch.range, diff_bytes=0)
    try:
        facts = await bus.request(request, timeout_s=_REVIEW_S, project=repository.project)
    except AuraError as error:
        return None, error.message
    return (None, facts.reason) if facts.reason and not facts.files else (facts, "")


async def _worded(bus: Bus, repository: Repository, plan: _Plan, title: str) -> tuple[WordedPull | None, str]:
    messages = [commit.message for commit in plan.branch.commits][-_MOST_MESSAGES:]
    if not messages or _concerns("\n".join(messages)):
        return None, ""
    request = WordPull(
        project=repository.project,
        commits=[message[:4000] for message in messages],
        diffstat=diffstat_of(plan.branch.files),
        title=title[:300],
        headings=[heading for _, heading in headings_of(plan.template.text)][:40],
    )
    try:
        return await bus.request(request, timeout_s=_WORDING_S, project=repository.project), ""
    except AuraError as error:
        return None, "" if error.code == "no_model" else f"No model worded it: {error.message}"


_MOST_MESSAGES: Final = 300


def _concerns(text: str) -> list[Concern]:
    found = scan_text("pull-request.md", enumerate(text.split("\n"), 1))
    return [one for one in found if one.rule != "conflict-marker"]


def check_text(title: str, body: str, allow: list[str]) -> None:
    """Look for secrets in what is about to be sent or written; line 1 is the title, the text follows.

    Raises:
        CommitBlocked: There is one that is not in `allow` (`RULE:LINE`).
    """
    found = [one for one in _concerns(f"{title}\n{body}") if f"{one.rule}:{one.line}" not in allow]
    if found:
        places = "; ".join(f"line {one.line}: {one.message}" for one in found[:5])
        names = " ".join(f"--allow {one.rule}:{one.line}" for one in found[:5])
        raise CommitBlocked(
            f"the text of the pull request holds what looks like a secret: {places}",
            hint=f"Nothing was sent. Take it out of the commit messages; or, if it is none: {names}",
        )
