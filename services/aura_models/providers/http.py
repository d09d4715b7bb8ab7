"""The one way in which this process speaks HTTP to model servers.

Nothing of the environment counts (proxies, netrc, keys of other programs), a client reaches exactly one origin, a
redirect is an error, and what comes back is bounded and has to be UTF-8.
"""

from __future__ import annotations

import codecs
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypedDict

import httpx

from aura_models.provider import ServerAddress
from aura_shared.errors import BadAnswer, HostNotAllowed
from aura_shared.security import make_visible

__all__ = ["ClientOptions", "check_host", "client_options", "http_client"]

# What a server needs to know; what client libraries add (keys from the environment, the system's name) is dropped.
_KEPT_HEADERS: Final = frozenset(
    {"host", "accept", "connection", "content-type", "content-length", "transfer-encoding"}
)
_LINE_BY_LINE: Final = ("text/event-stream", "application/x-ndjson")
# A token is sent in an envelope of some 250 bytes, so a stream is far longer than its text.
_ENVELOPES: Final = 64
_ERROR_BYTES: Final = 65_536
# 5 s: the providers measure by themselves; the client's own bound is only behind theirs.
_BEHIND_S: Final = 5.0


class ClientOptions(TypedDict):
    """Arguments of `httpx.AsyncClient`, also through the `ollama` client, which hands them on."""

    transport: httpx.AsyncBaseTransport
    timeout: httpx.Timeout
    trust_env: bool
    follow_redirects: bool


def check_host(url: str, allow: Sequence[str] = ()) -> str:
    """The address as it will be used, without a slash at its end.

    Loopback addresses and `localhost` pass, as long as the latter leads to this machine. Names are not looked up
    otherwise, so nothing about them leaves this machine either.

    Args:
        url: `http` or `https`, a host, perhaps a port and a path.
        allow: Further hosts, as in `network.allow`: `host` or `host:port`.

    Raises:
        HostNotAllowed: It is no such address, contains a user or a password, or leads elsewhere.
    """
    shown = make_visible(url[:200])
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise HostNotAllowed(f"{shown!r} is no address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or not 0 < _port(parsed) < 65_536:
        raise HostNotAllowed(f"an address must be like http://127.0.0.1:11434; found {shown!r}")
    if parsed.userinfo:
        host = make_visible(parsed.host)
        raise HostNotAllowed(
            f"the address of {host} must not contain a user or a password",
            hint="Keep the credential with `aura secrets set NAME` and name it in `secret` of the server.",
        )
    if parsed.query or parsed.fragment:
        raise HostNotAllowed(f"an address must end with its path; found {shown!r}")
    if not _is_here(parsed.host) and not _is_allowed(parsed, allow):
        raise HostNotAllowed(
            f"{make_visible(parsed.host)} is not this machine; expected a loopback address such as 127.0.0.1"
        )
    return str(parsed).rstrip("/")


def client_options(address: ServerAddress, allow: Sequence[str] = ()) -> ClientOptions:
    """How a client for this server is made.

    Raises:
        HostNotAllowed: As `check_host`.
    """
    url = httpx.URL(check_host(address.url, allow))
    behind = max(address.first_token_s, address.idle_s) + _BEHIND_S
    return ClientOptions(
        transport=_OneOrigin(url, address),
        timeout=httpx.Timeout(behind, connect=address.connect_s),
        trust_env=False,
        follow_redirects=False,
    )


def http_client(address: ServerAddress, allow: Sequence[str] = ()) -> httpx.AsyncClient:
    """A client that reaches this server and nothing else; paths are relative to its address.

    Raises:
        HostNotAllowed: As `check_host`.
    """
    return httpx.AsyncClient(base_url=check_host(address.url, allow), **client_options(address, allow))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return _localhost_is_here()
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _localhost_is_here() -> bool:
    """Whether the hosts file of this machine leaves `localhost` where it belongs."""
    try:
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    except OSError:
        return True  # Then no connection comes about either.
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)


def _is_allowed(url: httpx.URL, allow: Sequence[str]) -> bool:
    names = {name.strip().casefold().rstrip(".") for name in allow}
    host = url.host.casefold().rstrip(".")
    return host in names or f"{host}:{_port(url)}" in names


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)


class _OneOrigin(httpx.AsyncBaseTransport):
    """Sends requests to one origin, with our headers only, and looks at what comes back."""

    def __init__(self, url: httpx.URL, address: ServerAddress) -> None:
        self._url = url
        self._address = address
        # An empty context costs nothing, and plain HTTP needs none.
        context = ssl.create_default_context() if url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # llama.cpp closes connections after a stream, so one that is kept is dead when it is used again ("Server
        # disconnected without sending a response."); a new one takes some 0.2 ms on loopback.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != _origin(self._url):
            raise HostNotAllowed(
                f"{self._address.name} is at {self._url}; refused to ask {make_visible(str(request.url))}"
            )
        for name in [name for name in request.headers if name.lower() not in _KEPT_HEADERS]:
            del request.headers[name]
        request.headers["accept-encoding"] = "identity"
        request.headers["user-agent"] = "aura"
        if self._address.key:
            request.headers["authorization"] = f"Bearer {self._address.key}"
        response = await self._inner.handle_async_request(request)
        try:
            self._look_at(request.url, response)
        except BaseException:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Measured(response.stream, response, self._address)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _look_at(self, asked: httpx.URL, response: httpx.Response) -> None:
        if 300 <= response.status_code < 400:
            raise self._redirected(asked, response)
        if response.status_code >= 400:
            return
        encoding = response.headers.get("content-encoding", "identity").casefold()
        if encoding not in {"identity", ""}:
            raise BadAnswer(
                f"{self._address.name} answered in the encoding {make_visible(encoding)!r}; none was asked for"
            )
        kind = response.headers.get("content-type", "").casefold()
        if kind.startswith(("text/html", "application/xhtml")):
            raise BadAnswer(f"{self._address.name} at {self._url} answered a web page; expected JSON")
        charset = (response.charset_encoding or "utf-8").casefold()
        if charset not in {"utf-8", "utf8", "us-ascii", "ascii"}:
            raise BadAnswer(f"{self._address.name} answered in {make_visible(charset)}; JSON must be UTF-8")

    def _redirected(self, asked: httpx.URL, response: httpx.Response) -> HostNotAllowed | BadAnswer:
        given = response.headers.get("location", "")
        try:
            target = asked.join(given)
        except (httpx.InvalidURL, ValueError):
            target = asked
        text = (
            f"{self._address.name} at {self._url} sends on to {make_visible(given[:200])!r}; redirects are not followed"
        )
        if _origin(target) != _origin(self._url):
            return HostNotAllowed(
                text, hint="If that is the server that you want, give its own address in the settings."
            )
        return BadAnswer(text)


class _Measured(httpx.AsyncByteStream):
    """A body that ends with an error once it is too long or no UTF-8. The body of an error is only cut."""

    def __init__(self, body: httpx.AsyncByteStream, response: httpx.Response, address: ServerAddress) -> None:
        self._body = body
        self._address = address
        self._failed = response.status_code >= 400
        self._by_line = response.headers.get("content-type", "").casefold().startswith(_LINE_BY_LINE)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        total = line = 0
        async for part in self._body:
            total += len(part)
            if self._failed:
                yield part[:_ERROR_BYTES]
                if total >= _ERROR_BYTES:
                    return
                continue
            cut = part.rfind(b"\n") if self._by_line else -1
            line = line + len(part) if cut < 0 else len(part) - cut - 1
            self._check(line, total, decoder, part)
            yield part
        if not self._failed:
            self._check(line, total, decoder, b"", final=True)

    async def aclose(self) -> None:
        await self._body.aclose()

    def _check(
        self, line: int, total: int, decoder: codecs.IncrementalDecoder, part: bytes, *, final: bool = False
    ) -> None:
        most = self._address.most_bytes
        if line > most or total > most * _ENVELOPES:
            raise BadAnswer(
                f"the answer of {self._address.name} is over {most:,} bytes and was broken off",
                hint="Ask for less at once, or another model: this one does not come to an end.",
            )
        try:
            decoder.decode(part, final)
        except UnicodeDecodeError as error:
            raise BadAnswer(f"{self._address.name} answered what is no UTF-8: {error.reason}") from error
