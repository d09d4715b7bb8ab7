"""Pull requests over the bus: drafts, opening and renewing them, and reviews."""

from __future__ import annotations

import asyncio

from aura_git.desk import GitDesk
from aura_git.pulls.drafting import Drafted, draft_pull
from aura_git.pulls.reviewing import Reviewer
from aura_git.pulls.sending import Sender
from aura_git.pulls.trying import Trier
from aura_git.repository import Repository
from aura_shared.bus import Context
from aura_shared.messages.pulls import (
    CreatePull,
    DraftedPull,
    DraftPull,
    PullAction,
    PulledRequest,
    PullUpdated,
    ReviewedPull,
    ReviewPull,
    UpdatePull,
)
from aura_shared.secret_store import SecretStore

__all__ = ["PullService"]


class PullService:
    """Serves the requests of `aura_shared.messages.pulls`."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk
        secrets = SecretStore(desk.paths.secrets)
        self._sender = Sender(desk.safety, secrets, desk.settings.network.allow)
        self._trier = Trier(desk.bus)
        self._reviewer = Reviewer(desk, self._sender)

    def register(self) -> None:
        """Serve them."""
        serve = self._desk.bus.serve
        serve(DraftPull, self._draft)
        serve(CreatePull, self._create)
        serve(UpdatePull, self._update)
        serve(ReviewPull, self._review)

    async def _draft(self, request: DraftPull, _context: Context) -> DraftedPull:
        repository = await self._desk.repository(request.project)
        drafted = await draft_pull(self._desk.bus, repository, request, self._trier)
        way = await asyncio.to_thread(self._sender.way, repository, drafted)
        reason = f"{way.reason}\n{way.hint}" if way.hint else way.reason
        return DraftedPull(
            text=drafted.text,
            target=drafted.target,
            needs_push=drafted.needs_push,
            transport=way.transport,
            transport_reason=reason,
        )

    async def _create(self, request: CreatePull, context: Context) -> PulledRequest:
        repository, drafted = await self._drafted(request)
        answer = await self._desk.write(lambda: self._sender.create(repository, drafted, request))
        await self._tell(repository, answer, context)
        return answer

    async def _update(self, request: UpdatePull, context: Context) -> PulledRequest:
        repository, drafted = await self._drafted(request)
        answer = await self._desk.write(lambda: self._sender.update(repository, drafted, request))
        await self._tell(repository, answer, context)
        return answer

    async def _drafted(self, request: CreatePull | UpdatePull) -> tuple[Repository, Drafted]:
        repository = await self._desk.repository(request.project)
        return repository, await draft_pull(self._desk.bus, repository, request, self._trier)

    async def _tell(self, repository: Repository, answer: PulledRequest, context: Context) -> None:
        happened: dict[str, PullAction] = {"created": "created", "updated": "updated", "written": "written"}
        what = happened.get(answer.state)
        if what is None:
            return
        event = PullUpdated(
            project=repository.project,
            what=what,
            branch=answer.text.branch,
            base=answer.text.base,
            number=answer.number,
            url=answer.url,
            operation=answer.operation,
        )
        await self._desk.tell(event, project=repository.project, cause=context.envelope.id)

    async def _review(self, request: ReviewPull, context: Context) -> ReviewedPull:
        repository = await self._desk.repository(request.project)
        answer = await self._reviewer.review(repository, request)
        if answer.posted:
            event = PullUpdated(
                project=repository.project,
                what="commented",
                branch="",
                number=answer.number,
                url=answer.url,
                operation=answer.operation,
            )
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return answer
