"""An assistant over a bus without sockets: a real code service; models, proposals and checks that a test scripts."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aura_code_served import Served
from aura_factory.assist.assistant import Assistant
from aura_factory.assist.ports import Tell
from aura_shared.bus import Context, Handler
from aura_shared.errors import AuraError
from aura_shared.messages.changes import (
    ChangeAnswer,
    ChangedFile,
    ChangeInfo,
    CheckResult,
    Hunk,
    ProposeChange,
    ProposedFile,
)
from aura_shared.messages.code import ProjectInfo
from aura_shared.messages.core import Done, Progress, Reply, ReplyT, Request
from aura_shared.messages.models import (
    Complete,
    Completion,
    ListModels,
    ModelAbilities,
    ModelInfo,
    ModelRole,
    ModelsAnswer,
    ModelServer,
    ReportOutcome,
    RoleChoice,
)
from aura_shared.settings import CodeSettings, Settings

ROLES: tuple[ModelRole, ...] = ("plan", "code", "edit", "review", "small")
Answer = str | Completion | AuraError | Callable[[Complete], "str | Completion | AuraError"]


@dataclass
class Models:
    """The models process, answering what a test writes down."""

    answers: list[Answer] = field(default_factory=list[Answer])
    """One a call, in order."""
    known: bool = True
    """Whether there is a model."""
    context_tokens: int = 16_384
    formats: list[str] = field(default_factory=lambda: ["whole", "symbol", "search-replace"])
    asked: list[Complete] = field(default_factory=list[Complete])
    reported: list[ReportOutcome] = field(default_factory=list[ReportOutcome])
    listed: int = 0
    hang: asyncio.Event | None = None
    """When there is one, a call waits for it."""
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def list(self, request: ListModels, context: Context) -> ModelsAnswer:
        self.listed += 1
        if not self.known:
            return ModelsAnswer(roles=[RoleChoice(role=role) for role in ROLES], reason="no model server answers")
        model = ModelInfo(
            name="test/model", context_max=32_768,
            abilities=ModelAbilities.model_validate(
                {"tested_at": "2026-01-01", "context_tokens": self.context_tokens, "edit_formats": self.formats}
            ),
        )  # fmt: skip
        server = ModelServer(name="test", kind="scripted", url="http://127.0.0.1:1", up=True, models=[model])
        return ModelsAnswer(servers=[server], roles=[RoleChoice(role=role, models=["test/model"]) for role in ROLES])

    async def complete(self, request: Complete, context: Context) -> Completion:
        self.asked.append(request)
        number = len(self.asked)
        if self.hang is not None:
            self.hanging.set()
            try:
                await self.hang.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        assert self.answers, "the test wrote down no further answer"
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, AuraError):
            raise answer
        if isinstance(answer, str):
            model = request.model or "test/model"
            answer = Completion(call=f"call-{number}", text=answer, model=model, tokens_in=100, tokens_out=20)
        if request.stream:
            middle = len(answer.text) // 2
            for piece in (answer.text[:middle], answer.text[middle:]):
                await context.progress(Progress(done=0, text=piece))
        return answer

    async def report(self, request: ReportOutcome, context: Context) -> Done:
        self.reported.append(request)
        return Done()

    @property
    def gates(self) -> list[tuple[bool, str]]:
        """What was reported of the answers."""
        return [(one.passed, one.gate) for one in self.reported]

    def prompt(self, number: int = -1) -> str:
        """Everything that a call was sent."""
        return "\n".join(turn.content for turn in self.asked[number].turns)


@dataclass
class Proposals:
    """Keeps proposals in memory, with hunks as the real desk makes them: one a file."""

    kept: list[ProposeChange] = field(default_factory=list[ProposeChange])
    refuse: AuraError | None = None

    async def propose(self, root: Path, project_id: str, request: ProposeChange) -> ChangeAnswer:
        if self.refuse is not None:
            raise self.refuse
        self.kept.append(request)
        files = [_changed(root, file) for file in request.files]
        info = ChangeInfo(
            id=f"change{len(self.kept):02}", project=project_id, title=request.title, why=request.why,
            source=request.source, state="proposed", files=files, file_count=len(files), checks=request.checks,
            created_at="2026-01-01T00:00:00+00:00",
        )  # fmt: skip
        return ChangeAnswer(change=info)

    def text(self, path: str) -> str:
        """What the last proposal makes of a file."""
        found = next(file.content for file in self.kept[-1].files if file.path == path)
        assert found is not None
        return found


def _changed(root: Path, file: ProposedFile) -> ChangedFile:
    old = (root / file.path).read_text(encoding="utf-8").splitlines() if (root / file.path).exists() else []
    diff = "\n".join(difflib.unified_diff(old, (file.content or "").splitlines(), lineterm=""))
    hunk = Hunk(id="h", path=file.path, old_start=1, old_lines=1, new_start=1, new_lines=1, diff=diff)
    return ChangedFile(path=file.path, kind="modified" if old else "added", hunks=[hunk])


@dataclass
class Checks:
    """Says of each proposal what a test writes down; by default it passes."""

    outcomes: list[list[CheckResult]] = field(default_factory=list[list[CheckResult]])
    seen: list[tuple[list[ProposedFile], list[str], bool]] = field(
        default_factory=list[tuple[list[ProposedFile], list[str], bool]]
    )

    async def check(
        self,
        project: ProjectInfo,
        files: Sequence[ProposedFile],
        *,
        symbols: Sequence[str],
        tests: bool,
        progress: Tell,
    ) -> list[CheckResult]:
        self.seen.append((list(files), list(symbols), tests))
        await progress("running the tests")
        if self.outcomes:
            return self.outcomes.pop(0)
        return [CheckResult(name="parse", outcome="passed"), CheckResult(name="tests", outcome="passed")]


class Rig:
    """Everything together."""

    def __init__(self) -> None:
        self.served = Served(Settings(code=CodeSettings(debounce_ms=50)))
        self.hub = self.served.hub
        self.client = self.served.client
        self.models = Models()
        self.proposals = Proposals()
        self.checks = Checks()
        self.heard: list[Progress] = []
        """Progress of the requests, in order."""
        self.project: ProjectInfo | None = None
        self._replaced: list[tuple[type[Request[Any]], Handler[Any]]] = []
        models = self.hub.connect("models")
        models.serve(ListModels, self.models.list)
        models.serve(Complete, self.models.complete)
        models.serve(ReportOutcome, self.models.report)
        self.bus = self.hub.connect("factory")
        self.assistant = Assistant(self.bus, self.proposals, self.checks, model_timeout_s=30.0)
        self.assistant.register()

    def reset(self) -> None:
        """Forget what tests before scripted, asked and heard."""
        self.models.__init__()
        self.proposals.__init__()
        self.checks.__init__()
        self.heard.clear()
        self.assistant.forget()
        code = self.hub._serving["code"]
        for kind, handler in self._replaced:
            code.serve(kind, handler)
        self._replaced.clear()

    async def start(self, root: Path) -> None:
        """Start the code service and index `root`."""
        await self.served.start()
        self.project = await self.served.add(root)

    async def grow(self, change: Callable[[], object]) -> None:
        """Make a change that adds files or definitions, and wait until the index knows them."""
        before = await self.served.info(self.id)
        await asyncio.to_thread(change)
        await self.served.until(
            self.id, lambda now: (now.files, now.symbols) > (before.files, before.symbols) and not now.freshness.pending
        )

    async def stop(self) -> None:
        await self.served.stop()
        await self.bus.close()

    @property
    def id(self) -> str:
        assert self.project is not None
        return self.project.id

    def answer_code(self, kind: type[Request[Any]], reply: Reply | AuraError) -> list[Request[Any]]:
        """Have the code service answer one kind of request with this; returns what it is asked."""
        asked: list[Request[Any]] = []

        async def handler(request: Request[Any], context: Context) -> Reply:
            asked.append(request)
            if isinstance(reply, AuraError):
                raise reply
            return reply

        code = self.hub._serving["code"]
        known = code._handlers._known.get(kind.type)
        if known is not None:
            self._replaced.append(known)
        code.serve(kind, handler)
        return asked

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        """What the assistant answers; what it says on the way is in `heard`."""
        return await self.client.request(request, timeout_s=60, on_progress=self.heard.append)

    @property
    def streamed(self) -> str:
        """Text that arrived on the way."""
        return "".join(progress.text for progress in self.heard)

    @property
    def notes(self) -> list[str]:
        """Lines for a person that arrived on the way."""
        return [progress.note for progress in self.heard if progress.note]
