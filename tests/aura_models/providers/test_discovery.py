"""What answers on a port says what it is; a port by itself says nothing."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from aura_models import discovery
from aura_models.discovery import discover, provider_for
from aura_models.provider import ServerAddress
from aura_models.providers.ollama import OllamaProvider
from aura_models.providers.openai_compatible import OpenAIProvider
from aura_models.providers.scripted import ScriptedProvider
from aura_shared.errors import HostNotAllowed, SettingsError
from bad_servers import hanging, http, raw_server
from model_calls import address
from ollama_standin import ollama_standin

pytestmark = pytest.mark.requirement("L1")


@asynccontextmanager
async def pages(content: dict[str, object]) -> AsyncGenerator[str, None]:
    """A server with these pages of JSON, and 404 for the others."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        if path in content:
            writer.write(http(json.dumps(content[path]).encode()))
        else:
            writer.write(http(b"{}", status="404 Not Found"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


QWEN = {"id": "qwen", "type": "llm", "state": "loaded", "quantization": "Q4_K_M"}
LMSTUDIO: dict[str, object] = {
    "/v1/models": {"object": "list", "data": [{"id": "qwen"}, {"id": "nomic-embed"}]},
    "/api/v0/models": {
        "data": [
            {**QWEN, "max_context_length": 32768, "loaded_context_length": 4096},
            {"id": "nomic-embed", "type": "embeddings", "state": "not-loaded", "max_context_length": 2048},
        ]
    },
}
META = {"n_params": 7_615_616_512, "n_ctx_train": 2048}


async def test_every_kind_is_told_apart_and_what_is_none_is_left_out(llamacpp: str, unused_tcp_port: int) -> None:
    page = http(b"<html>hello</html>", "text/html")
    vllm: dict[str, object] = {"/v1/models": {"object": "list", "data": [{"id": "m", "max_model_len": 4096}]}}
    with ollama_standin() as standin:
        async with pages(LMSTUDIO) as studio, pages(vllm) as other, raw_server(page) as web, raw_server(b"x") as noise:
            ports = [port(url) for url in (web.url, other, noise.url, studio, llamacpp, standin.url)]
            found = await discover(ports=[unused_tcp_port, *ports])
    assert [(one.name, one.url) for one, _ in found] == [
        ("openai", other),
        ("lmstudio", studio),
        ("llamacpp", llamacpp),
        ("ollama", standin.url),
    ]
    assert all(health.up for _, health in found)
    assert found[3][1].version == standin.version


async def test_servers_that_hang_cost_their_bound_once() -> None:
    async with raw_server(hanging()) as one, raw_server(hanging()) as two:
        began = time.monotonic()
        assert await discover(ports=[port(one.url), port(two.url)]) == []
        assert time.monotonic() - began < 10


async def test_two_servers_of_a_kind_get_names_that_differ() -> None:
    with ollama_standin() as one, ollama_standin() as two:
        found = await discover(ports=[port(one.url), port(two.url)])
    assert [one.name for one, _ in found] == [f"ollama-{port(one.url)}", f"ollama-{port(two.url)}"]


@pytest.mark.requirement("P9")
async def test_the_variable_of_ollama_counts_only_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "USUAL_PORTS", {})
    with ollama_standin() as standin:
        where = port(standin.url)
        for value in (f"127.0.0.1:{where}", f"0.0.0.0:{where}", f"http://localhost:{where}/", f":{where}"):
            found = await discover(environment={"OLLAMA_HOST": value})
            assert [one.url for one, _ in found] == [standin.url], value
    for value in ("gpu.example:11434", "http://192.168.7.7", "http://a:b@127.0.0.1", "[", ""):
        assert await discover(environment={"OLLAMA_HOST": value}) == []
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert await discover() == []


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", ""),
        ("example", "http://example:11434"),
        ("http://example", "http://example:80"),
        ("https://example/path", "https://example:443"),
        ("[::1]:99", "http://[::1]:99"),
        ("[::]", "http://127.0.0.1:11434"),
        (" '0.0.0.0' ", "http://127.0.0.1:11434"),
        ("a b://", ""),
    ],
)
def test_the_variable_is_read_as_ollama_reads_it(value: str, url: str) -> None:
    assert discovery._ollama_host({"OLLAMA_HOST": value}) == url


async def test_lm_studio_says_what_its_models_are() -> None:
    async with pages(LMSTUDIO) as url:
        provider = provider_for(address(url, "lmstudio"))
        chat, vectors = await provider.models()
        assert (chat.name, chat.context_max, chat.loaded, chat.quantization, chat.embeds) == (
            "local/qwen", 4096, True, "Q4_K_M", False,
        )  # fmt: skip
        assert (vectors.context_max, vectors.loaded, vectors.embeds) == (2048, False, True)
        assert (await provider.health()).up
        await provider.close()


async def test_a_compatible_server_says_at_least_its_context() -> None:
    async with pages({"/v1/models": {"data": [{"id": "m", "max_model_len": 4096}, {"no": "id"}, 7]}}) as url:
        provider = provider_for(address(url, "openai"))
        assert [(model.name, model.context_max) for model in await provider.models()] == [("local/m", 4096)]
        await provider.close()
    async with pages({"/v1/models": {"data": [{"id": "m", "meta": META}]}}) as url:
        provider = provider_for(address(url, "llamacpp"))
        (model,) = await provider.models()
        assert (model.parameters, model.context_max) == ("7.6B", 2048)
        await provider.close()


async def test_the_provider_fits_the_kind() -> None:
    kinds: dict[str, type] = {"ollama": OllamaProvider, "lmstudio": OpenAIProvider, "openai": OpenAIProvider}
    for kind, expected in kinds.items():
        provider = provider_for(address("http://127.0.0.1:1", kind))  # type: ignore[arg-type]
        assert isinstance(provider, expected)
        await provider.close()
        with pytest.raises(HostNotAllowed):
            provider_for(address("http://models.example", kind))  # type: ignore[arg-type]
        allowed = provider_for(address("http://models.example", kind), ["models.example"])  # type: ignore[arg-type]
        assert allowed.address.url == "http://models.example"
        await allowed.close()


def plugged(where: ServerAddress) -> ScriptedProvider:
    """A provider of another package."""
    return ScriptedProvider(name=where.name)


def test_other_packages_add_kinds_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    group = "aura.providers"
    points = [EntryPoint("scripted", f"{__name__}:plugged", group), EntryPoint("broken", "nowhere:x", group)]
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or sys.modules[plugged.__module__])

    def registered(group: str, name: str | None = None) -> EntryPoints:
        return EntryPoints([point for point in points if point.group == group and name in {None, point.name}])

    monkeypatch.setattr(discovery, "entry_points", registered)
    provider = provider_for(address("http://127.0.0.1:1", "scripted"))
    assert isinstance(provider, ScriptedProvider)
    assert provider.address.name == "local"
    with pytest.raises(HostNotAllowed):
        provider_for(address("http://models.example", "scripted"))
    with pytest.raises(SettingsError, match="broken of nowhere:x cannot be loaded"):
        provider_for(address("http://127.0.0.1:1", "broken"))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="of the kind 'sampling'; there are broken, llamacpp"):
        provider_for(address("http://127.0.0.1:1", "sampling"))


async def test_looking_around_loads_no_client_library(tmp_path: Path) -> None:
    code = "import sys, aura_models.discovery; print(sorted({'ollama', 'openai', 'jsonschema'} & set(sys.modules)))"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    assert out.decode().strip() == "[]"
