"""A models service over a bus without sockets, whose servers are scripts, and the questions that tests ask it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from aura_models.provider import LLMProvider, ServerAddress
from aura_models.selftest_runs import RunTest, Tell
from aura_models.service import ModelsService
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.messages.models import ChatTurn, Complete, Completion, ModelAbilities
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths
from aura_shared.secret_store import SecretStore
from aura_shared.settings import ModelsSettings

NUMBER_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"number": {"type": "integer", "maximum": 10}},
    "required": ["number"],
    "additionalProperties": False,
}


def question(text: str = "Say something.", **more: object) -> Complete:
    """A question for the role `code`."""
    fields: dict[str, object] = {"task": "explain", "role": "code", "turns": [ChatTurn(role="user", content=text)]}
    return Complete.model_validate({**fields, **more})


async def no_test(_provider: LLMProvider, _model: str, _progress: Tell) -> ModelAbilities:
    """A self-test that finds nothing."""
    return ModelAbilities(tested_at="2026-01-01T00:00:00+00:00")


class Served:
    """The service and a client of it. Its servers are the providers, found as if they ran on this machine."""

    def __init__(
        self,
        paths: AuraPaths,
        *providers: LLMProvider,
        test: RunTest = no_test,
        **settings: object,
    ) -> None:
        self.hub = MemoryHub()
        self.client: MemoryBus = self.hub.connect("test")
        self.bus: MemoryBus = self.hub.connect("models")
        self.metrics = ServiceMetricsRegistry("models")
        self.providers = {provider.address.name: provider for provider in providers}
        self.looks = 0
        self.service = ModelsService(
            self.bus,
            Path(paths.models),
            ModelsSettings.model_validate({"retries": 0, **settings}),
            SecretStore(paths.secrets, environ={}),
            self.metrics,
            make=self._make,
            find=self._find,
            test=test,
        )

    async def __aenter__(self) -> Self:
        await self.service.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.stop()
        await self.bus.close()
        await self.client.close()

    async def ask(self, text: str = "Say something.", **more: object) -> Completion:
        """The answer to a question."""
        return await self.client.request(question(text, **more))

    def _make(self, address: ServerAddress) -> LLMProvider:
        return self.providers[address.name]

    async def _find(self) -> Sequence[ServerAddress]:
        self.looks += 1
        return [provider.address for provider in self.providers.values()]
