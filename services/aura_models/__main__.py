"""Starts the models process: `python -P -m aura_models`.

The libraries that speak to model servers take some 40 MB; they are imported with the first question, so that an idle
process stays small.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from aura_models.provider import LLMProvider, ServerAddress
from aura_models.selftest_runs import Tell
from aura_models.service import ModelsService
from aura_shared.injection import containers, providers
from aura_shared.messages.models import ModelAbilities
from aura_shared.secret_store import SecretStore
from aura_shared.service import Runtime, run


class Reach:
    """How this process reaches model servers: this machine only, and the hosts that the user allowed."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._allow = allow

    def make(self, address: ServerAddress) -> LLMProvider:
        """The provider of a server.

        Raises:
            HostNotAllowed: The address leads elsewhere.
            SettingsError: Nobody knows this kind of server.
        """
        from aura_models.discovery import provider_for  # noqa: PLC0415 - see the top of this file

        return provider_for(address, self._allow)

    async def find(self) -> Sequence[ServerAddress]:
        """The servers that run on this machine."""
        from aura_models.discovery import discover  # noqa: PLC0415 - see the top of this file

        return [address for address, _ in await discover(allow=self._allow)]

    async def test(self, provider: LLMProvider, model: str, progress: Tell) -> ModelAbilities:
        """What a model can do.

        Raises:
            AuraError: The server failed.
        """
        from aura_models.selftest import test_model  # noqa: PLC0415 - see the top of this file

        return await test_model(provider, model, progress)


class ModelsContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    secrets = providers.Singleton(SecretStore, runtime.provided.paths.secrets)
    reach = providers.Singleton(Reach, runtime.provided.settings.network.allow)
    service = providers.Singleton(
        ModelsService,
        bus=runtime.provided.bus,
        folder=runtime.provided.paths.models,
        settings=runtime.provided.settings.models,
        secrets=secrets,
        metrics=runtime.provided.metrics,
        make=reach.provided.make,
        find=reach.provided.find,
        test=reach.provided.test,
    )


def build(runtime: Runtime) -> ModelsService:
    """The service of this process."""
    return ModelsContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("models", build))
