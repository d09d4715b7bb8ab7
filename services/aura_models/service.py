"""The models service: the one process that asks model servers. Every request of `messages/models.py` ends here."""

from __future__ import annotations

from pathlib import Path

from aura_models.answers import Answers
from aura_models.calls import Calls
from aura_models.catalog import Catalog
from aura_models.choosing import find_model
from aura_models.cooling import split_name
from aura_models.figures import Figures
from aura_models.measuring import Meters
from aura_models.sampling import with_client
from aura_models.selftest_runs import InTurn, RunTest, SelfTests
from aura_models.servers import FindServers, MakeProvider, Servers
from aura_models.storing import Store
from aura_shared.bus import Bus, Context
from aura_shared.errors import AuraError, NoModel, UnknownModel
from aura_shared.logging import get_logger
from aura_shared.messages.models import (
    AskModelStats,
    CacheCleared,
    ClearModelCache,
    Complete,
    Embedding,
    EmbedTexts,
    ListModels,
    ModelInfo,
    ModelsAnswer,
    ModelServer,
    ModelServersChanged,
    ModelStatsAnswer,
    ModelTestAnswer,
    ReportOutcome,
    TestModel,
)
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.secret_store import SecretStore
from aura_shared.service import Health
from aura_shared.settings import ModelsSettings

__all__ = ["ModelsService"]

log = get_logger(__name__)


class ModelsService:
    """Answers for models until stopped.

    Args:
        bus: Its connection.
        folder: Where kept answers and figures are.
        settings: Servers, roles and bounds.
        secrets: Credentials of servers.
        metrics: Where calls are counted.
        make: Makes the provider of a server.
        find: Looks for servers on this machine.
        test: Tests a model.
    """

    def __init__(
        self,
        bus: Bus,
        folder: Path,
        settings: ModelsSettings,
        secrets: SecretStore,
        metrics: ServiceMetricsRegistry,
        *,
        make: MakeProvider,
        find: FindServers,
        test: RunTest,
    ) -> None:
        self._bus = bus
        self._settings = settings
        self._store = Store(folder)
        self._figures = Figures(self._store)
        self._answers = Answers(self._store, settings.cache_bytes)
        servers = Servers(settings, secrets, make=make, find=find)
        self._catalog = Catalog(settings, servers, self._figures, self._answers, self._announce)
        self._calls = Calls(bus, settings, self._catalog, self._answers, self._figures, Meters(metrics))
        self._tests = SelfTests(test, self._figures.keep_abilities)

    async def start(self) -> None:
        """Open the database and serve; servers are looked for at the first question."""
        await self._store.open()
        serve = self._bus.serve
        serve(Complete, self._calls.complete)
        serve(ReportOutcome, self._calls.report)
        serve(EmbedTexts, self.embed)
        serve(ListModels, self.list)
        serve(TestModel, self.test)
        serve(AskModelStats, self.stats)
        serve(ClearModelCache, self.clear)

    async def stop(self) -> None:
        """End what is under way and give everything back."""
        await self._tests.stop()
        await self._catalog.close()
        await self._store.close()

    def health(self) -> Health:
        """Always well: servers that are down are told by `ListModels`."""
        return Health(ok=True)

    async def embed(self, request: EmbedTexts, _context: Context) -> Embedding:
        """Texts as vectors, with the model of the settings.

        Raises:
            NoModel: The settings name none.
            AuraError: The model or its server failed.
        """
        name = self._settings.embedding
        if not name:
            raise NoModel(
                "no model for vectors is set",
                hint='Name one in your settings: models.embedding = "ollama/nomic-embed-text".',
            )
        model = await self._named(name)
        provider = InTurn(self._catalog.provider(model.name), self._catalog.queue(model.name), "background")
        try:
            vectors = await provider.embed(split_name(model.name)[1], request.texts)
        except AuraError as error:
            self._catalog.cooling.failed(model.name, error)
            raise
        return Embedding(vectors=vectors, model=model.name)

    async def list(self, request: ListModels, _context: Context) -> ModelsAnswer:
        """Servers, models and roles; where there is no model, why, and what to do."""
        if request.probe:
            await self._catalog.look(older_than_s=0)
        else:
            await self._catalog.ready()
        servers, roles = self._catalog.described()
        if self._settings.sampling:
            servers, roles = with_client(servers, roles, self._settings.max_context)
        return ModelsAnswer(servers=servers, roles=roles, reason=self._catalog.why_none())

    async def test(self, request: TestModel, context: Context) -> ModelTestAnswer:
        """What a self-test shows; it goes on while the caller is told to ask again.

        Raises:
            UnknownModel: No server has it.
            NotReady: The test goes on; ask again for its result.
            AuraError: The test failed.
        """
        model = await self._named(request.model)
        provider = InTurn(self._catalog.provider(model.name), self._catalog.queue(model.name), "background")
        abilities = await self._tests.test(model, provider, context.progress)
        await self._catalog.look(older_than_s=0)
        return ModelTestAnswer(model=model.name, abilities=abilities)

    async def stats(self, request: AskModelStats, _context: Context) -> ModelStatsAnswer:
        """Figures, trials and the size of the cache."""
        entries, size = await self._answers.size()
        return ModelStatsAnswer(
            figures=await self._figures.summary(request.role, request.days),
            trials=await self._figures.trials(request.days),
            cache_entries=entries,
            cache_bytes=size,
            since=await self._figures.since(),
        )

    async def clear(self, request: ClearModelCache, _context: Context) -> CacheCleared:
        """Forget kept answers."""
        return CacheCleared(entries=await self._answers.clear(request.model))

    async def _named(self, name: str) -> ModelInfo:
        """The model called so; servers are asked anew when it is not known yet.

        Raises:
            UnknownModel: No server has it.
            NoModel: There is no server at all.
        """
        await self._catalog.ready()
        try:
            return find_model(name, self._catalog.models)
        except UnknownModel:
            await self._catalog.look(older_than_s=0)
        if not self._catalog.models:
            raise NoModel(
                f"there is no model {name!r}: no server with a model was found", hint=self._catalog.why_none()
            )
        return find_model(name, self._catalog.models)

    async def _announce(self, servers: list[ModelServer]) -> None:
        lean = [
            server.model_copy(
                update={"models": [model.model_copy(update={"abilities": None}) for model in server.models]}
            )
            for server in servers
        ]
        try:
            await self._bus.publish(ModelServersChanged(servers=lean))
        except AuraError:
            log.warning("servers_not_published", exc_info=True)
