"""`aura mcp`: an MCP server over standard input and output that passes everything on to the running gateway.

It knows the answers that a client waits for at its start (who is there, which tools) from a file made from the gateway
itself, and gives them at once, while the daemon may still be starting. Only JSON-RPC goes to standard output. Several
clients, each with a shim of its own, share the one daemon.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from aura_cli.answers import JsonObject, as_object, object_of, parse_object, text_of, texts_of
from aura_shared.errors import AuraError, Unavailable
from aura_shared.paths import find_paths

if TYPE_CHECKING:
    from aura_cli.mcp_upstream import Exchange, Finder
    from aura_shared.discovery import Discovery

__all__ = ["Shim", "main", "manifest_file"]

WAIT_S: Final = 60.0
"""How long a request waits for a daemon that starts or restarts."""
MAX_REQUESTS: Final = 64  # At once; each has a thread.
VERSION_META: Final = "io.modelcontextprotocol/protocolVersion"
SUBSCRIPTION_META: Final = "io.modelcontextprotocol/subscriptionId"
LISTEN: Final = "subscriptions/listen"
TOOLSETS_VARIABLE: Final = "AURA_TOOLSETS"

RequestId = str | int


def manifest_file() -> Path:
    """The gateway's own answers to a client's first questions; `scripts/export_mcp_manifest.py` writes it."""
    return Path(__file__).with_name("mcp_manifest.json")


def toolsets() -> str:
    """The groups of tools that the client opted in to, besides the usual ones."""
    return os.environ.get(TOOLSETS_VARIABLE, "")


def main(more_tools: Sequence[str] = ()) -> int:
    """Serve until standard input ends; returns the exit code.

    Args:
        more_tools: Toolsets to offer besides the usual tools; without any, what `AURA_TOOLSETS` names.
    """
    if more_tools:
        os.environ[TOOLSETS_VARIABLE] = ",".join(more_tools)
    output = sys.stdout.buffer
    sys.stdout = sys.stderr  # Whatever prints by accident must not come between the messages.
    shim = Shim(output)
    shim.start()
    for line in sys.stdin.buffer:
        shim.take(line)
    shim.close()
    return 0


class Shim:
    """One client's connection."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._writing = threading.Lock()
        self._manifest = parse_object(manifest_file().read_bytes())
        self._running: dict[RequestId, Exchange] = {}
        self._slots = threading.BoundedSemaphore(MAX_REQUESTS)
        self._ready = threading.Event()
        self._link: Link | None = None
        self._opening: JsonObject | None = None
        self.closed = False
        """Whether the client has left."""

    def start(self) -> None:
        """Find the daemon, or start it, beside the first answers."""
        self._spawn(self._connect)

    def close(self) -> None:
        """The client has left: give nothing more out, and let go of what is open."""
        self.closed = True
        for exchange in list(self._running.values()):
            exchange.cancel()

    def take(self, line: bytes) -> None:
        """Handle one line from the client."""
        if not line.strip():
            return
        try:
            message = parse_object(line)
        except (ValueError, RecursionError):
            self.fail(None, -32700, "Parse error")
            return
        method, identity = message.get("method"), _identity(message)
        if not isinstance(method, str):
            if "result" in message or "error" in message:
                self._spawn(lambda: self._pass_on_notification(message))  # The answer to a question of the gateway's.
            else:
                self.fail(identity, -32600, "Invalid request")
        elif identity is None:
            self._notified(method, message)
        elif not self._answer_at_once(method, identity, message):
            self._pass_on(identity, message)

    def write(self, message: JsonObject) -> None:
        """Give one message to the client."""
        line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        with self._writing:
            if self.closed:
                return
            try:
                self._output.write(line + b"\n")
                self._output.flush()
            except (OSError, ValueError):  # The client is gone; its end of input follows.
                self.closed = True

    def fail(self, identity: RequestId | None, code: int, text: str, data: JsonObject | None = None) -> None:
        """Answer a request with an error."""
        error: JsonObject = {"code": code, "message": text}
        if data is not None:
            error["data"] = data
        self.write({"jsonrpc": "2.0", "id": identity, "error": error})

    def _answer_at_once(self, method: str, identity: RequestId, message: JsonObject) -> bool:
        """Answer from the manifest, where it has the answer."""
        result: JsonObject | None = None
        version = _version(message)
        known = version in texts_of(self._manifest, "modern_versions")
        if method == "initialize":
            self._opening = object_of(message, "params")
            result = self._initialized(text_of(self._opening, "protocolVersion"))
        elif method == "ping" and not version:
            result = {}
        elif method == "server/discover" and known:
            result = object_of(self._manifest, "discover")
        elif method == "tools/list" and not toolsets() and (known or (self._opening is not None and not version)):
            result = object_of(self._manifest, "tools_modern" if version else "tools_legacy")
        if result is None:
            return False
        self.write({"jsonrpc": "2.0", "id": identity, "result": result})
        return True

    def _initialized(self, wanted: str) -> JsonObject:
        """The answer to `initialize`: in the client's version where that is known, else in the newest of its kind."""
        versions = texts_of(self._manifest, "legacy_versions")
        agreed = wanted if wanted in versions else versions[-1]
        if self._opening is not None:
            self._opening = {**self._opening, "protocolVersion": agreed}
        return {**object_of(self._manifest, "initialize"), "protocolVersion": agreed}

    def _notified(self, method: str, message: JsonObject) -> None:
        if method == "notifications/cancelled":
            self._cancel(message)
        elif method != "notifications/initialized" and self._opening is not None:
            self._spawn(lambda: self._pass_on_notification(message))

    def _cancel(self, message: JsonObject) -> None:
        identity = object_of(message, "params").get("requestId")
        exchange = self._running.get(identity) if isinstance(identity, (str, int)) else None
        if exchange is None:
            return
        if self._opening is not None:
            self._spawn(lambda: self._pass_on_notification(message))
        exchange.cancel()

    def _pass_on(self, identity: RequestId, message: JsonObject) -> None:
        if not self._slots.acquire(blocking=False):
            self.fail(identity, -32000, f"more than {MAX_REQUESTS} requests at once")
            return

        def work() -> None:
            try:
                self._request(identity, message)
            finally:
                self._running.pop(identity, None)
                self._slots.release()

        self._spawn(work)

    def _request(self, identity: RequestId, message: JsonObject) -> None:
        """Carry one request to the gateway; one that broke off is sent again, since all tools only read."""
        try:
            link = self._linked()
            for answer in link.exchange(message, self._running, opening=self._opening):
                self.write(answer)
        except AuraError as error:
            self._tell(identity, message, error)

    def _tell(self, identity: RequestId, message: JsonObject, error: AuraError) -> None:
        """Say why a request cannot be answered: to an agent as the result of its tool, where it reads it."""
        told: JsonObject = {"code": error.code, "message": error.message, "hint": error.hint}
        if message.get("method") != "tools/call":
            self.fail(identity, -32000, error.message, told)
            return
        text = f"{error.code}: {error.message}\nHint: {error.hint}"
        result: JsonObject = {
            "content": [{"type": "text", "text": text}],
            "structuredContent": {"error": told},
            "isError": True,
        }
        if _version(message):
            result["resultType"] = "complete"
        self.write({"jsonrpc": "2.0", "id": identity, "result": result})

    def _pass_on_notification(self, message: JsonObject) -> None:
        self._linked().notify(message, self._opening)

    def _connect(self) -> None:
        from aura_cli.mcp_upstream import Finder  # noqa: PLC0415 - after the first answers: it takes 30 ms

        finder = Finder(find_paths())
        self._link = Link(finder, self.write, lambda: self.closed)
        self._ready.set()
        finder.wake()

    def _linked(self) -> Link:
        self._ready.wait(WAIT_S)
        if self._link is None:
            raise Unavailable("the shim could not load its connection", hint="Run `aura doctor`.")
        return self._link

    @staticmethod
    def _spawn(work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


class Link:
    """The way to the gateway, over restarts of it; for clients of older revisions with a session there."""

    def __init__(self, finder: Finder, write: Callable[[JsonObject], None], closed: Callable[[], bool]) -> None:
        self._finder = finder
        self._write = write
        self._closed = closed
        self._session = Session(write, closed, self._finder)

    def exchange(
        self, message: JsonObject, running: dict[RequestId, Exchange], *, opening: JsonObject | None
    ) -> list[JsonObject]:
        """Carry a request; what belongs to it goes to the client as it comes, its answer is returned.

        Raises:
            AuraError: No gateway answered in time.
        """
        from aura_cli.mcp_upstream import LostGateway  # noqa: PLC0415 - as above

        listening = message.get("method") == LISTEN
        until_s = time.monotonic() + WAIT_S
        again = False
        while True:
            found = self._finder.find(until_s, start=not (listening and again))
            try:
                return self._attempt(found, message, running, opening, again=again)
            except LostGateway as error:
                if listening:
                    until_s = time.monotonic() + 86_400  # A follower waits for as long as its client does.
                elif time.monotonic() > until_s:
                    raise Unavailable(f"the gateway went away: {error}") from error
            again = True
            time.sleep(0.1)

    def _attempt(
        self,
        found: Discovery,
        message: JsonObject,
        running: dict[RequestId, Exchange],
        opening: JsonObject | None,
        *,
        again: bool,
    ) -> list[JsonObject]:
        """Carry a request once; nothing is returned when the client took it back.

        Raises:
            LostGateway: It has to be carried again.
        """
        from aura_cli.mcp_upstream import Exchange, LostGateway, Refused, modern_headers  # noqa: PLC0415 - as above

        identity, version = _identity(message), _version(message)
        assert identity is not None
        exchange = Exchange(json.dumps(message).encode())
        try:
            exchange.headers = (
                modern_headers(message, version) if version else self._session.headers(found, opening or {})
            )
            running[identity] = exchange
            answer = self._follow(exchange, found, message, again=again)
        except Refused as error:
            if error.status == 404 and not version and self._session.forget(found):
                raise LostGateway("the session ended") from error
            return [_refusal(identity, error)]
        except LostGateway:
            if exchange.cancelled:
                return []
            raise
        if exchange.cancelled:
            return []
        if answer is None:
            raise LostGateway("the answer ended early")
        return [answer]

    def notify(self, message: JsonObject, opening: JsonObject | None) -> None:
        """Carry a notification or an answer; when it is lost, nobody waits for it."""
        from aura_cli.mcp_upstream import Exchange, LostGateway, Refused  # noqa: PLC0415 - as above

        if opening is None:
            return
        try:
            found = self._finder.find(time.monotonic() + 5, start=False)
            for _ in Exchange(json.dumps(message).encode(), self._session.headers(found, opening)).run(found):
                pass
        except (LostGateway, Refused, AuraError):
            return

    def _follow(self, exchange: Exchange, found: Discovery, message: JsonObject, *, again: bool) -> JsonObject | None:
        """Run an exchange; returns the answer to its request, if one comes."""
        identity = _identity(message)
        if again and message.get("method") == LISTEN:
            self._catch_up(message)
        for received in exchange.run(found):
            if exchange.cancelled:
                return None
            if "method" not in received and received.get("id") == identity:
                self._session.note(message)
                return received
            if not (again and received.get("method") == "notifications/subscriptions/acknowledged"):
                self._write(received)
        return None

    def _catch_up(self, message: JsonObject) -> None:
        """After a break of a stream: what is followed may have changed meanwhile, and nothing is sent again."""
        meta: JsonObject = {SUBSCRIPTION_META: message.get("id")}
        wanted = object_of(object_of(message, "params"), "notifications")
        for uri in texts_of(wanted, "resourceSubscriptions"):
            self._write(_updated(uri, meta))


class Session:
    """A session with the gateway for a client of a revision up to 2025-11-25; made again after a restart of it."""

    def __init__(self, write: Callable[[JsonObject], None], closed: Callable[[], bool], finder: Finder) -> None:
        self._write = write
        self._closed = closed
        self._finder = finder
        self._lock = threading.Lock()
        self._instance = ""
        self._headers: dict[str, str] = {}
        self._followed: dict[str, None] = {}

    def headers(self, found: Discovery, opening: JsonObject) -> dict[str, str]:
        """What marks a message as part of the session; opens one where there is none.

        Raises:
            LostGateway: The gateway went away.
            Refused: It does not open a session.
        """
        with self._lock:
            if self._instance != found.instance:
                self._open(found, opening)
                self._instance = found.instance
                threading.Thread(target=self._listen, args=(found, opening), daemon=True).start()
            return self._headers

    def forget(self, found: Discovery) -> bool:
        """Let go of the session, which the gateway does not know any more; returns whether there was one."""
        with self._lock:
            had = self._instance == found.instance
            self._instance = ""
            return had

    def note(self, message: JsonObject) -> None:
        """Remember what the client follows, for the next session."""
        uri = text_of(object_of(message, "params"), "uri")
        if message.get("method") == "resources/subscribe":
            self._followed[uri] = None
        elif message.get("method") == "resources/unsubscribe":
            self._followed.pop(uri, None)

    def _open(self, found: Discovery, opening: JsonObject) -> None:
        from aura_cli.mcp_upstream import Exchange  # noqa: PLC0415 - as above

        version = text_of(opening, "protocolVersion")
        request = {"jsonrpc": "2.0", "id": "aura-shim", "method": "initialize", "params": opening}
        exchange = Exchange(json.dumps(request).encode())
        for _ in exchange.run(found):
            pass
        session = exchange.answer_headers.get("mcp-session-id")
        self._headers = {"Mcp-Session-Id": str(session), "MCP-Protocol-Version": version}
        self._send(found, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        for uri in list(self._followed):
            self._send(
                found,
                {"jsonrpc": "2.0", "id": f"aura-shim {uri}", "method": "resources/subscribe", "params": {"uri": uri}},
            )
            self._write(_updated(uri))  # It may have changed while there was no session.

    def _send(self, found: Discovery, message: JsonObject) -> None:
        from aura_cli.mcp_upstream import Exchange  # noqa: PLC0415 - as above

        for _ in Exchange(json.dumps(message).encode(), self._headers).run(found):
            pass

    def _listen(self, found: Discovery, opening: JsonObject) -> None:
        """Give what the gateway says of its own accord to the client; after a break, open the next session."""
        from aura_cli.mcp_upstream import Exchange, LostGateway, Refused  # noqa: PLC0415 - as above

        while not self._closed() and self._instance == found.instance:
            try:
                for message in Exchange(b"", self._headers, method="GET").run(found):
                    self._write(message)
            except (LostGateway, Refused):
                pass
            time.sleep(0.3)
            try:
                now = self._finder.find(time.monotonic() + 86_400, start=False)
                if now.instance != found.instance:
                    self.headers(now, opening)  # Has a listener of its own.
                    return
            except (LostGateway, Refused, AuraError):
                continue


def _updated(uri: str, meta: JsonObject | None = None) -> JsonObject:
    params: JsonObject = {"uri": uri} if meta is None else {"uri": uri, "_meta": meta}
    return {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params}


def _refusal(identity: RequestId, error: Exception) -> JsonObject:
    """An HTTP error as the answer to a request."""
    body = as_object(getattr(error, "body", None))
    told = object_of(body, "error") or {"code": -32000, "message": f"the gateway refused: {error}"}
    return {"jsonrpc": "2.0", "id": identity, "error": told}


def _identity(message: JsonObject) -> RequestId | None:
    identity = message.get("id")
    return identity if isinstance(identity, (str, int)) and not isinstance(identity, bool) else None


def _version(message: JsonObject) -> str:
    """The protocol version that a message of the 2026-07-28 revision names; empty for older ones."""
    return text_of(object_of(object_of(message, "params"), "_meta"), VERSION_META)
