"""Reviews of a branch or pull request: a number is fetched first, and posting leaves a draft review at the forge."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aura_git.branching.remotes import find_remote, problem_of
from aura_git.desk import GitDesk
from aura_git.pulls.blocks import harmless
from aura_git.pulls.drafting import Drafted, check_text
from aura_git.pulls.forges import Forge, find_forge
from aura_git.pulls.gathering import find_base
from aura_git.pulls.sending import Sender
from aura_git.repository import Repository
from aura_git.safety.contract import Gates
from aura_shared.errors import AuraError, GateClosed, GitError, NotFound, Unavailable, UsageProblem
from aura_shared.messages.assist import ReviewChange
from aura_shared.messages.pulls import PullTarget, PullText, ReviewedPull, ReviewPull
from aura_shared.messages.review import GatherReview, ReviewFacts

__all__ = ["Reviewer"]

_REVIEW_S: Final = 300.0
_FACTS_S: Final = 60.0
_MOST: Final = 30
_HEAD: Final = re.compile(r"\A# Review: .*")
"""Facts are called by their newest commit, which seldom says what a branch is for."""


class Reviewer:
    """Reviews, and posts on request."""

    def __init__(self, desk: GitDesk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender

    async def review(self, repository: Repository, request: ReviewPull) -> ReviewedPull:
        """The review, and where it was posted.

        Raises:
            UnknownRef, NotFound, UsageProblem: What is to be reviewed is not there, or is no range.
            ForgeRefused, ForgeUnreachable: A number could not be fetched.
            Unavailable: Neither the assistant nor the analysis answers.
        """
        what = request.what.strip()
        number = int(what.lstrip("#!")) if what.lstrip("#!").isdigit() and len(what) < 10 else 0
        if request.post and not number:
            raise UsageProblem("only a pull request can be commented", hint="Give its number: aura pr review 12 --post")
        fetched, operation = "", ""
        if number:
            fetched, operation = await self._desk.write(lambda: self._fetch(repository, request.remote, number))
        range_, title = await asyncio.to_thread(self._range, repository, request, fetched or what)
        content, newest, model = await self._reviewed(repository, range_, use_model=request.model)
        title = f"pull request {number}" if number else title or newest
        answer = ReviewedPull(
            title=title,
            content=_HEAD.sub(lambda _: f"# Review: {harmless(title)}", content, count=1),
            revision=range_,
            model=model,
            number=number,
            fetched=fetched,
            operation=operation,
        )
        if not request.post:
            return answer
        text = request.comment.strip() or content
        return await self._desk.write(lambda: self._post(repository, request.remote, answer, text))

    def _fetch(self, repository: Repository, wanted: str, number: int) -> tuple[str, str]:
        """Fetch a pull request to a ref of Aura's own; returns its hash and the operation."""
        remote = find_remote(repository, repository.state().branch, wanted)
        if not remote:
            raise NotFound("there is no remote to fetch a pull request from")
        forge = find_forge(repository, remote)
        kinds = {"github": ["pull"], "gitea": ["pull"], "gitlab": ["merge-requests"]}
        kept = f"refs/aura/pulls/{number}"
        gates = Gates(work_tree=False, at_rest=False, born=False)
        with self._desk.safety.begin(repository, "pr review", f"fetch pull request {number}", gates=gates) as operation:
            operation.step(f"fetch number {number} from {remote}")
            problem: AuraError | None = None
            for kind in kinds.get(forge.kind, ["pull", "merge-requests"]):
                try:
                    source = f"+refs/{kind}/{number}/head:{kept}"
                    repository.git.write("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, source)
                    return repository.git.commit_of(kept), operation.id
                except (GitError, Unavailable) as error:
                    problem = error
            said = problem_of(problem, remote) if problem is not None else GateClosed("nothing to fetch")
            if "couldn't find remote ref" in said.message:
                said = NotFound(f"{remote} has no pull request {number}")
            raise said

    @staticmethod
    def _range(repository: Repository, request: ReviewPull, what: str) -> tuple[str, str]:
        """The range as two hashes, so that no name can be taken for something else; and what it is called."""
        for dots in ("...", ".."):
            left, found, right = what.partition(dots)
            if found:
                start = repository.git.commit_of(left or "HEAD")
                return f"{start}{dots}{repository.git.commit_of(right or 'HEAD')}", what
        branch = what if repository.git.find_commit(f"refs/heads/{what}") else repository.state().branch
        tip = repository.git.commit_of(what or "HEAD")
        remote = find_remote(repository, branch, request.remote)
        name = what or branch
        if request.base:
            return f"{repository.git.commit_of(request.base)}...{tip}", f"{name} into {request.base}"
        if not branch:
            raise GateClosed("HEAD is detached: nothing says what to compare with", hint="Give a range: A..B")
        base = find_base(repository, branch, remote)
        return f"{base.commit}...{tip}", f"{name} into {base.name}"

    async def _reviewed(self, repository: Repository, range_: str, *, use_model: bool) -> tuple[str, str, str]:
        """Text, title and model."""
        project = repository.project
        asked = ReviewChange(project=project, what="range", revision=range_, model="auto" if use_model else "never")
        try:
            answer = await self._desk.bus.request(asked, timeout_s=_REVIEW_S, project=project)
        except AuraError as error:
            gather = GatherReview(project=project, what="range", revision=range_, diff_bytes=0)
            facts = await self._desk.bus.request(gather, timeout_s=_FACTS_S, project=project)
            note = f"_The assistant did not answer ({error.message}): facts only._"
            return f"{_facts_text(facts)}\n\n{note}\n", facts.title, ""
        model = getattr(answer.use, "model", "") or ""
        return answer.content, answer.facts.title, str(model)

    def _post(self, repository: Repository, wanted: str, answer: ReviewedPull, text: str) -> ReviewedPull:
        remote = find_remote(repository, repository.state().branch, wanted)
        forge = find_forge(repository, remote)
        check_text(answer.title, text, [])
        way = self._sender.way(repository, _addressed(forge, remote))
        if way.calls is None:
            hint = f"\n{way.hint}" if way.hint else ""
            return answer.model_copy(update={"problem": f"It was not posted: {way.reason}{hint}"})
        gates = Gates(work_tree=False, at_rest=False, born=False)
        title = f"post a draft review to pull request {answer.number}"
        with self._desk.safety.begin(repository, "pr review", title, gates=gates) as operation:
            operation.step(f"post at {forge.host}")
            try:
                url = way.calls.comment(answer.number, text)
            except AuraError as error:
                return answer.model_copy(update={"problem": error.message, "operation": operation.id})
            operation.remember(pull=str(answer.number), url=url)
            note = "It waits at the forge as a draft that only you see, until you submit it there."
            return answer.model_copy(update={"posted": True, "url": url, "operation": operation.id, "notices": [note]})


def _addressed(forge: Forge, remote: str) -> Drafted:
    nothing = PullText(title="", body="", branch="", base="")
    return Drafted(nothing, PullTarget(), forge, remote, "", "", needs_push=False)


def _facts_text(facts: ReviewFacts) -> str:
    lines = [f"# Review: {harmless(facts.title or 'change')}", ""]
    if facts.risk is not None:
        lines += [f"Risk: {facts.risk.level} ({'; '.join(facts.risk.factors[:5])})", ""]
    lines += [f"- `{file.path}` ({file.kind}, +{file.added}/-{file.removed})" for file in facts.files[:_MOST]]
    lines += [f"- {one.level} {one.rule} at `{one.path}:{one.line}`: {one.message}" for one in facts.findings[:_MOST]]
    lines += [f"- API: `{one.symbol}` {one.kind}: {one.detail}" for one in facts.api[:_MOST]]
    return "\n".join(lines)
