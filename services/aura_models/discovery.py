"""Which model servers run on this machine, and the providers for them.

A port is only a place to look: what answers there says what it is.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Final, cast

import httpx

from aura_models.provider import LLMProvider, ServerAddress, ServerHealth
from aura_models.providers.catalogues import objects_in
from aura_models.providers.failures import HTTP_ERRORS, SHAPE_ERRORS
from aura_models.providers.http import check_host, http_client
from aura_shared.errors import AuraError, HostNotAllowed, SettingsError
from aura_shared.messages.models import ServerKind

__all__ = ["USUAL_PORTS", "Found", "discover", "provider_for"]

USUAL_PORTS: Final[Mapping[int, str]] = {
    11434: "Ollama",
    1234: "LM Studio",
    8080: "llama.cpp",
    8000: "vLLM and others",
    1337: "Jan",
}
"""Where servers listen unless told otherwise."""
PLUGINS: Final = "aura.providers"

Found = tuple[ServerAddress, ServerHealth]
Factory = Callable[[ServerAddress], LLMProvider]

# On loopback an answer takes milliseconds; a busy machine may need a second.
_CONNECT_S: Final = 0.5
_ANSWER_S: Final = 2.0
_HARMLESS: Final = (AuraError, *HTTP_ERRORS, *SHAPE_ERRORS)


async def discover(
    *, ports: Sequence[int] | None = None, allow: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> list[Found]:
    """Servers that answer on loopback ports and speak a known interface, in the order of the ports.

    All are asked at the same time, with short bounds. Nothing else is asked, whatever the environment says.

    Args:
        ports: Where to look; the usual ones, and that of `OLLAMA_HOST`, unless given.
        allow: Hosts besides this machine, as in `network.allow`; only `OLLAMA_HOST` may name one.
        environment: Where `OLLAMA_HOST` is looked up; that of this process unless given.
    """
    urls = [f"http://127.0.0.1:{port}" for port in (USUAL_PORTS if ports is None else ports)]
    named = _ollama_host(os.environ if environment is None else environment) if ports is None else ""
    if named and named not in urls:
        urls.insert(0, named)
    found = await asyncio.gather(*(_look_at(url, allow) for url in urls))
    return _named_apart([one for one in found if one is not None])


def provider_for(address: ServerAddress, allow: Sequence[str] = ()) -> LLMProvider:
    """The provider for a server. Connects to nothing yet.

    Kinds that are not built in come from the entry points `aura.providers`, by their name.

    Args:
        address: Which server.
        allow: Hosts besides this machine, as in `network.allow`; addresses of plug-ins are held to it as well.

    Raises:
        HostNotAllowed: The address leads elsewhere.
        SettingsError: No provider knows this kind, or a plug-in cannot be loaded.
    """
    checked = replace(address, url=check_host(address.url, allow))
    kind = address.kind
    if kind == "ollama":
        from aura_models.providers.ollama import OllamaProvider  # noqa: PLC0415 - each client is loaded when it is used

        return OllamaProvider(checked, allow)
    if kind in {"lmstudio", "llamacpp", "openai"}:
        from aura_models.providers.openai_compatible import OpenAIProvider  # noqa: PLC0415 - half a second to load

        return OpenAIProvider(checked, allow)
    return _plugin(kind)(checked)


def _plugin(kind: str) -> Factory:
    for point in entry_points(group=PLUGINS, name=kind):
        try:
            return cast("Factory", point.load())
        except (ImportError, AttributeError) as error:
            raise SettingsError(f"the provider {kind} of {point.value} cannot be loaded: {error}") from error
    known = ", ".join(sorted({"ollama", "lmstudio", "llamacpp", "openai"} | entry_points(group=PLUGINS).names))
    raise SettingsError(f"no provider knows servers of the kind {kind!r}; there are {known}")


async def _look_at(url: str, allow: Sequence[str]) -> Found | None:
    """What answers at an address; None if nothing known does."""
    address = ServerAddress(
        name="discovered", kind="openai", url=url, connect_s=_CONNECT_S, first_token_s=_ANSWER_S, idle_s=_ANSWER_S
    )
    try:
        client = http_client(address, allow)
    except HostNotAllowed:
        return None
    async with client:
        for ask in (_ollama, _openai):
            try:
                async with asyncio.timeout(_ANSWER_S):
                    seen = await ask(client)
            except (*_HARMLESS, TimeoutError) as error:
                if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    return None
                continue
            if seen is not None:
                kind, version = seen
                found = ServerAddress(name=kind, kind=kind, url=check_host(url, allow))
                return found, ServerHealth(up=True, version=version)
    return None


async def _ollama(client: httpx.AsyncClient) -> tuple[ServerKind, str] | None:
    """Both pages, since others copy one of them."""
    version = _object(await client.get("/api/version")).get("version")
    tags = _object(await client.get("/api/tags")).get("models")
    return ("ollama", version) if isinstance(version, str) and isinstance(tags, list) else None


async def _openai(client: httpx.AsyncClient) -> tuple[ServerKind, str] | None:
    answer = await client.get("/v1/models")
    entries = objects_in(_object(answer), "data")
    if answer.is_error or "data" not in _object(answer):
        return None
    if answer.headers.get("server", "").startswith("llama.cpp") or any(
        entry.get("owned_by") == "llamacpp" for entry in entries
    ):
        props = await client.get("/props")
        return "llamacpp", "" if props.is_error else str(_object(props).get("build_info") or "")
    studio = await client.get("/api/v0/models")
    if not studio.is_error and "data" in _object(studio):
        return "lmstudio", ""
    return "openai", ""


def _object(answer: httpx.Response) -> dict[str, object]:
    if answer.is_error:
        return {}
    return (objects_in(cast("object", answer.json())) or [{}])[0]


def _ollama_host(environment: Mapping[str, str]) -> str:
    """The address that Ollama's own variable names, as a client reads it; empty for none."""
    given = environment.get("OLLAMA_HOST", "").strip().strip("\"'")
    if not given:
        return ""
    found = re.fullmatch(r"(?:(https?)://)?(\[[^]]*\]|[^:/]*)(?::(\d+))?(?:/.*)?", given)
    if found is None:
        return ""
    # Ollama's own port only holds where no scheme is given.
    scheme, host, port = found[1] or "http", found[2], found[3] or {"http": "80", "https": "443"}.get(found[1], "11434")
    if host in {"", "0.0.0.0", "[::]", "localhost"}:  # noqa: S104 - a server that listens everywhere is reached here
        host = "127.0.0.1"
    return f"{scheme}://{host}:{port}"


def _named_apart(found: list[Found]) -> list[Found]:
    """Names that differ: two servers of a kind get their ports."""
    kinds = [address.kind for address, _ in found]
    return [
        (replace(address, name=f"{address.kind}-{httpx.URL(address.url).port}"), health)
        if kinds.count(address.kind) > 1
        else (address, health)
        for address, health in found
    ]
