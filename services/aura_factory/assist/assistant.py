"""The assistant: answers the requests of `aura_shared.messages.assist` with what the other parts do."""

from __future__ import annotations

from aura_factory.assist import asking, explaining, generating, refactoring, reviewing, wording
from aura_factory.assist.code_desk import CodeDesk, Remembered
from aura_factory.assist.ports import Changes, Checker
from aura_factory.assist.talking import ModelDesk, Talk
from aura_factory.assist.writing import Tools
from aura_factory.prompts import PromptLibrary, load_library
from aura_shared.bus import Bus, Context
from aura_shared.logging import get_logger
from aura_shared.messages.assist import (
    AskAnswer,
    AskCode,
    ExplainCode,
    ExplanationAnswer,
    GenerateAnswer,
    GenerateCode,
    ListPrompts,
    PromptList,
    RefactorAnswer,
    RefactorCode,
    ReviewAnswer,
    ReviewChange,
    UseModel,
)
from aura_shared.messages.wording import WordCommit, WordedCommit, WordedPull, WordPull

__all__ = ["Assistant"]

log = get_logger(__name__)


class Assistant:
    """Explains, answers, generates, refactors, reviews and words. Nothing that it does writes to a project."""

    def __init__(
        self,
        bus: Bus,
        changes: Changes,
        checker: Checker,
        *,
        prompts: PromptLibrary | None = None,
        max_context: int = 16_384,
        model_timeout_s: float = 900.0,
    ) -> None:
        """Of the parts that do the work.

        Args:
            bus: Where the code service and the models process are asked.
            changes: Where proposals are kept.
            checker: What they are held to.
            prompts: By default those that are installed.
            max_context: The setting `models.max_context`, in tokens.
            model_timeout_s: Bound on one call of a model with its wait in the queue.
        """
        self.prompts = load_library() if prompts is None else prompts
        """The installed prompts."""
        for problem in self.prompts.problems:
            log.warning("prompt_left_out", problem=problem)
        self._bus = bus
        self._models = ModelDesk(bus, max_context=max_context, timeout_s=model_timeout_s)
        self._remembered = Remembered()
        self._tools = Tools(self.prompts, changes, checker)

    def forget(self) -> None:
        """Ask anew which models there are, and how code is written in the projects."""
        self._models.forget()
        self._remembered.clear()

    def register(self) -> None:
        """Serve its requests at the bus."""
        self._bus.serve(ExplainCode, self.explain)
        self._bus.serve(AskCode, self.ask)
        self._bus.serve(GenerateCode, self.generate)
        self._bus.serve(RefactorCode, self.refactor)
        self._bus.serve(ReviewChange, self.review)
        self._bus.serve(WordCommit, self.word_commit)
        self._bus.serve(WordPull, self.word_pull)
        self._bus.serve(ListPrompts, self.list_prompts)

    async def explain(self, request: ExplainCode, context: Context) -> ExplanationAnswer:
        """Explain a place, a definition or a finding.

        Raises:
            AuraError: There is no such thing, or a model was insisted on and failed.
        """
        desk = await self._desk(request.project, context)
        talk = self._talk(request.model, explaining.WOULD_ADD, "explain", context)
        return await explaining.explain(desk, talk, self.prompts, request)

    async def ask(self, request: AskCode, context: Context) -> AskAnswer:
        """Answer a question about the code.

        Raises:
            AuraError: The search failed, or a model was insisted on and failed.
        """
        desk = await self._desk(request.project, context)
        talk = self._talk(request.model, asking.WOULD_ADD, "ask", context)
        return await asking.ask(desk, talk, self.prompts, request)

    async def generate(self, request: GenerateCode, context: Context) -> GenerateAnswer:
        """Write code as a change to review.

        Raises:
            AuraError: There is no place for it, or a model was insisted on and failed.
        """
        desk = await self._desk(request.project, context)
        talk = self._talk(request.model, generating.WOULD_ADD, "generate", context)
        return await generating.generate(desk, talk, self._tools, request)

    async def refactor(self, request: RefactorCode, context: Context) -> RefactorAnswer:
        """Refactor as a change to review, or say what would pay.

        Raises:
            AuraError: The request makes no sense, or a model was insisted on and failed.
        """
        desk = await self._desk(request.project, context)
        talk = self._talk(request.model, refactoring.WOULD_ADD, "refactor", context)
        return await refactoring.refactor(desk, talk, self._tools, request)

    async def review(self, request: ReviewChange, context: Context) -> ReviewAnswer:
        """Review an incoming change.

        Raises:
            AuraError: There is no such change, or a model was insisted on and failed.
        """
        desk = await self._desk(request.project, context)
        talk = self._talk(request.model, reviewing.WOULD_ADD, "review", context)
        return await reviewing.review(desk, talk, self.prompts, request)

    async def word_commit(self, request: WordCommit, context: Context) -> WordedCommit:
        """Word a commit.

        Raises:
            NoModel: There is none.
            AuraError: The model failed, or what it answers cannot be used.
        """
        return await wording.word_commit(
            self._talk("always", wording.WOULD_ADD, "wording", context), self.prompts, request
        )

    async def word_pull(self, request: WordPull, context: Context) -> WordedPull:
        """Word a pull request; raises like `word_commit`."""
        return await wording.word_pull(
            self._talk("always", wording.WOULD_ADD, "wording", context), self.prompts, request
        )

    async def list_prompts(self, request: ListPrompts, context: Context) -> PromptList:  # noqa: ARG002 - a handler
        """List the prompts, or show one.

        Raises:
            NotFound: There is none of this name.
        """
        return self.prompts.answer(request)

    async def _desk(self, project: str, context: Context) -> CodeDesk:
        return await CodeDesk.open(self._bus, project, cause=context.envelope.id, remembered=self._remembered)

    def _talk(self, mode: UseModel, would_add: str, task: str, context: Context) -> Talk:
        return Talk(desk=self._models, context=context, mode=mode, would_add=would_add, task=task)
