"""Addresses that may be asked, and a client that asks nothing else."""

import socket

import httpx
import pytest

from aura_models.providers.http import check_host, client_options, http_client
from aura_shared.errors import HostNotAllowed
from bad_servers import http, raw_server
from model_calls import address

pytestmark = pytest.mark.requirement("P9")


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("http://localhost:1234/v1/", "http://localhost:1234/v1"),
        ("HTTP://LOCALHOST:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::ffff:127.0.0.1]:80", "http://[::ffff:127.0.0.1]"),
        (" https://127.0.0.1:443 ", "https://127.0.0.1"),
    ],
)
def test_addresses_of_this_machine_pass(url: str, used: str) -> None:
    assert check_host(url) == used


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.5:11434",
        "http://10.0.0.1",
        "http://0.0.0.0:11434",
        "http://[::]:80",
        "http://[fe80::1]",
        "http://[::ffff:8.8.8.8]",
        "https://api.openai.com/v1",
        "http://localhost.evil.example",
        "http://127.0.0.1.nip.io",
        "http://2130706433",
        "http://0x7f000001",
        "http://127.1",
        "http://017700000001",
        "http://ollama",
        "http://127.0.0.1@evil.example",
        "http://evil.example#@127.0.0.1",
        "http://evil.example\\@127.0.0.1",
        "http://user:secret@127.0.0.1:11434",
        "http://user@localhost",
        "http://127.0.0.1/?next=http://evil.example",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "unix:///run/ollama.sock",
        "127.0.0.1:11434",
        "http://",
        "http://[::1",
        "",
        "http://127.0.0.1:99999999",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(HostNotAllowed) as caught:
        check_host(url)
    assert "secret" not in caught.value.message


def test_a_host_that_the_settings_name_passes_and_no_other() -> None:
    assert check_host("https://models.example/v1", ["Models.Example"]) == "https://models.example/v1"
    assert check_host("http://192.168.1.5:11434", ["192.168.1.5:11434"]) == "http://192.168.1.5:11434"
    for url in ("http://192.168.1.5:22", "https://evil.models.example", "https://models.example.evil.example"):
        with pytest.raises(HostNotAllowed, match="is not this machine"):
            check_host(url, ["models.example", "192.168.1.5:11434"])
    with pytest.raises(HostNotAllowed, match="user or a password"):
        check_host("https://me:secret@models.example", ["models.example"])


def test_a_localhost_that_leads_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.5", 0))]

    def resolve(*_args: object, **_more: object) -> object:
        return elsewhere

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(HostNotAllowed):
        check_host("http://localhost:11434")


async def test_a_client_reaches_one_origin_only() -> None:
    async with raw_server(http(b"{}")) as server, raw_server(http(b"{}")) as other:
        async with http_client(address(server.url)) as client:
            assert (await client.get("/api")).json() == {}
            for url in (other.url, "https://ollama.com/api/web_search", server.url.replace("http:", "https:")):
                with pytest.raises(HostNotAllowed, match="refused to ask"):
                    await client.get(url)
        assert other.heads == []


async def test_an_error_page_is_cut_and_not_an_error_of_its_own() -> None:
    page = http(b"\xff" * 300_000, "text/html", "500 Internal Server Error")
    async with raw_server(page) as server, http_client(address(server.url)) as client:
        answer = await client.get("/")
        assert answer.status_code == 500
        assert len(answer.content) <= 200_000


def test_options_for_a_client_switch_the_environment_off() -> None:
    options = client_options(address("http://127.0.0.1:1", connect_s=1.5, first_token_s=9.0, idle_s=3.0))
    assert (options["trust_env"], options["follow_redirects"]) == (False, False)
    assert options["timeout"] == httpx.Timeout(14.0, connect=1.5)
