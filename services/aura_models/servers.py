"""The servers as such: their addresses and credentials, their providers, and what each says when it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from aura_models.provider import LLMProvider, ServerAddress, ServerHealth
from aura_shared.errors import AuraError, SettingsError
from aura_shared.logging import get_logger
from aura_shared.messages.models import ModelInfo, ModelServer
from aura_shared.secret_store import SecretStore
from aura_shared.settings import ModelsSettings

__all__ = ["FindServers", "MakeProvider", "Servers"]

log = get_logger(__name__)

PROBE_S: Final = 8.0  # Servers under load answer late; none needs longer to list its models.
DETAILS_S: Final = 5.0  # For what is known of each model; without it they are listed all the same.
DETAILS_AT_ONCE: Final = 4
KEYRING_S: Final = 10.0  # Unlocking a keyring may ask a person, who is perhaps not there.

MakeProvider = Callable[[ServerAddress], LLMProvider]
FindServers = Callable[[], Awaitable[Sequence[ServerAddress]]]


class Servers:
    """The servers of the settings, and those that were found.

    Args:
        settings: Which servers, and their bounds.
        secrets: Their credentials.
        make: Makes the provider of a server.
        find: Looks for servers on this machine.
    """

    def __init__(
        self, settings: ModelsSettings, secrets: SecretStore, *, make: MakeProvider, find: FindServers
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._make = make
        self._find = find
        self._providers: dict[str, LLMProvider] = {}
        self._made_for: dict[str, ServerAddress] = {}
        self._retired: list[LLMProvider] = []
        self._found: dict[str, ServerAddress] = {}
        self._details: dict[tuple[str, str], ModelInfo] = {}

    async def look(self) -> list[ModelServer]:
        """All servers as they are now, those of the settings first; of the others only those that answer."""
        found = {address.name: address for address in await self._find()} if self._settings.discover else {}
        configured = await self._configured()
        self._remember(found, {address.url.rstrip("/") for address in configured})
        looks = [self._look_at(address, discovered=False) for address in configured]
        looks += [self._look_at(address, discovered=True) for address in self._found.values()]
        return [server for server in await asyncio.gather(*looks) if server.up or not server.discovered]

    def provider(self, name: str) -> LLMProvider | None:
        """The provider of the server called `name`, if it was ever made."""
        return self._providers.get(name)

    async def close(self) -> None:
        """Give all connections back."""
        for provider in (*self._providers.values(), *self._retired):
            await provider.close()
        self._providers.clear()
        self._retired.clear()

    def _remember(self, found: dict[str, ServerAddress], configured: set[str]) -> None:
        """Know what was found, under its newest name; one that is silent now stays known, since it may be busy."""
        new = {
            name: self._bounded(address)
            for name, address in found.items()
            if address.url.rstrip("/") not in configured and name not in self._settings.servers
        }
        urls = {address.url for address in new.values()}
        self._found = {name: address for name, address in self._found.items() if address.url not in urls} | new

    async def _configured(self) -> list[ServerAddress]:
        """The addresses of the settings with their credentials; one that lacks its own is left out of use."""
        found: list[ServerAddress] = []
        for name, server in self._settings.servers.items():
            address = self._bounded(ServerAddress(name=name, kind=server.kind, url=server.url))
            found.append(replace(address, key=await self._secret(server.secret)) if server.secret else address)
        return found

    async def _secret(self, name: str) -> str:
        try:
            async with asyncio.timeout(KEYRING_S):
                return await asyncio.to_thread(self._secrets.get, name) or ""
        except TimeoutError:
            log.warning("keyring_did_not_answer", name=name, seconds=KEYRING_S)
        except AuraError as error:
            log.warning("secret_unreadable", name=name, problem=error.message)
        return ""

    def _bounded(self, address: ServerAddress) -> ServerAddress:
        return replace(address, first_token_s=self._settings.first_token_s, idle_s=self._settings.idle_s)

    async def _look_at(self, address: ServerAddress, *, discovered: bool) -> ModelServer:
        try:
            self._must_have_secret(address)
            provider = self._provider_at(address)
            async with asyncio.timeout(PROBE_S):
                health = await provider.health()
                models = await provider.models() if health.up else []
            models = await self._with_details(provider, models)
        except TimeoutError:
            health, models = ServerHealth(up=False, problem=f"no answer within {PROBE_S:g} s"), []
        except AuraError as error:
            health, models = ServerHealth(up=False, problem=error.message), []
        return ModelServer(
            name=address.name,
            kind=address.kind,
            url=address.url,
            up=health.up,
            version=health.version,
            problem=health.problem,
            discovered=discovered,
            models=models,
        )

    def _must_have_secret(self, address: ServerAddress) -> None:
        server = self._settings.servers.get(address.name)
        if server is not None and server.secret and not address.key:
            raise SettingsError(
                f"its secret {server.secret!r} is not set or cannot be read: `aura secrets set {server.secret}`"
            )

    def _provider_at(self, address: ServerAddress) -> LLMProvider:
        """The provider for an address; a new one when the address or its credential is another one now.

        The former one is closed at the end only, since an answer may still be under way.
        """
        known = self._providers.get(address.name)
        if known is not None and self._made_for[address.name] == address:
            return known
        if known is not None:
            self._retired.append(self._providers.pop(address.name))
        made = self._make(address)
        self._providers[address.name], self._made_for[address.name] = made, address
        return made

    async def _with_details(self, provider: LLMProvider, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The models with what their server only says of each by itself; asked once for the same weights."""
        unknown = [
            model for model in models if not model.context_max and (model.name, model.digest) not in self._details
        ]
        slots = asyncio.Semaphore(DETAILS_AT_ONCE)

        async def ask(model: ModelInfo) -> None:
            async with slots:
                try:
                    found = await provider.capabilities(model.name.partition("/")[2])
                except AuraError as error:
                    log.info("model_not_described", model=model.name, problem=error.message)
                else:
                    self._details[model.name, model.digest] = found

        try:
            async with asyncio.timeout(DETAILS_S):
                await asyncio.gather(*(ask(model) for model in unknown))
        except TimeoutError:
            log.info("models_not_described", server=provider.address.name, seconds=DETAILS_S)
        described = [self._details.get((model.name, model.digest)) for model in models]
        return [
            model if found is None else found.model_copy(update={"loaded": model.loaded})
            for model, found in zip(models, described, strict=True)
        ]
