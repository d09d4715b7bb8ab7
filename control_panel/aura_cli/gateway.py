"""Ask the running gateway over HTTP. Only the standard library is used."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Final, Literal
from urllib.parse import quote

from aura_cli.answers import JsonObject, object_of, objects_of, parse_object, text_of
from aura_shared import control
from aura_shared.discovery import Discovery, read_discovery
from aura_shared.errors import AuraError, DaemonDown, RequestTimeout, ServiceDown, error_from
from aura_shared.paths import AuraPaths

REQUEST_TIMEOUT_S: Final = 35.0  # The gateway itself gives up after 30 s and says so.
LONG_TIMEOUT_S: Final = (
    1830.0  # Of what waits for hooks, tests or a remote; the gateway itself gives up after 30 minutes.
)
RECOVERY_S: Final = 15.0  # A killed gateway is ready again within 2 s, on a busy machine within 10.
_POLL_S: Final = 0.05


Method = Literal["GET", "POST", "DELETE"]


class Gateway:
    """The gateway of one installation."""

    def __init__(self, paths: AuraPaths, *, recovery_s: float | None = None, client: str = "aura-cli") -> None:
        """Nothing is sent yet.

        Args:
            paths: Where it says how it can be reached.
            recovery_s: How long to wait for a gateway that is just being restarted; 0 to fail at once.
            client: Who asks. What comes of it names that as its `origin`, without `aura-`.
        """
        self._paths = paths
        self._client = client
        self._recovery_s = RECOVERY_S if recovery_s is None else recovery_s

    def get(self, path: str) -> JsonObject:
        """Ask for `path`.

        Raises:
            AuraError: Whatever the gateway reports, or that it does not answer.
        """
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, object], *, timeout_s: float = REQUEST_TIMEOUT_S) -> JsonObject:
        """Send `body` to `path`; the answer has to come within `timeout_s` seconds.

        Raises:
            AuraError: Whatever the gateway reports, or that it does not answer.
        """
        return self._call("POST", path, body, timeout_s)

    def delete(self, path: str) -> JsonObject:
        """Delete what `path` names.

        Raises:
            AuraError: Whatever the gateway reports, or that it does not answer.
        """
        return self._call("DELETE", path, None)

    def projects(self) -> list[JsonObject]:
        """The registered projects with the state of their indexes."""
        return objects_of(self.get("/v1/projects"), "projects")

    def stream(self, path: str, body: Mapping[str, object]) -> Iterator[JsonObject]:
        """Send `body` to `path`; what comes back are objects with `progress`, and one with `answer` at the end.

        Closing the iterator takes the question back.

        Raises:
            AuraError: Whatever the gateway reports, or that it does not answer.
        """
        try:
            response = self._opened(path, body)
        except (_Unreachable, _WrongToken) as error:
            _refuse_when_down(self._paths)
            if not self._wait_for_gateway():
                raise ServiceDown("the gateway does not answer, though Aura is running") from error
            try:
                response = self._opened(path, body)
            except _WrongToken as again:
                raise again.told from again
            except _Unreachable as again:
                raise ServiceDown("the gateway closed the connection twice") from again
        return _lines(response)

    def _opened(self, path: str, body: Mapping[str, object]) -> http.client.HTTPResponse:
        """The answer to a question that was sent, as far as its head."""
        found = _discovery(self._paths)
        connection = http.client.HTTPConnection(found.host, found.port, timeout=REQUEST_TIMEOUT_S)
        headers = {
            "Authorization": f"Bearer {found.token}",
            "Accept": "application/x-ndjson",
            "Content-Type": "application/json",
            "User-Agent": self._client,
        }
        try:
            connection.request("POST", path, body=json.dumps(body).encode(), headers=headers)
            response = connection.getresponse()
            if response.status >= 400:
                _answer(response.status, response.read())
            return response
        except TimeoutError as error:
            connection.close()
            raise RequestTimeout(f"the gateway gave no answer within {REQUEST_TIMEOUT_S:.0f} s") from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _Unreachable(str(error)) from error

    def _call(
        self, method: Method, path: str, body: Mapping[str, object] | None, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> JsonObject:
        """One request. A gateway that is just being restarted is waited for, once."""
        try:
            return self._send(method, path, body, timeout_s)
        except (_Unreachable, _WrongToken) as error:
            _refuse_when_down(self._paths)
            if not self._wait_for_gateway():
                raise ServiceDown("the gateway does not answer, though Aura is running") from error
        try:
            return self._send(method, path, body, timeout_s)
        except _Unreachable as error:
            raise ServiceDown("the gateway closed the connection twice") from error
        except _WrongToken as error:
            raise error.told from error

    def _send(self, method: Method, path: str, body: Mapping[str, object] | None, timeout_s: float) -> JsonObject:
        found = _discovery(self._paths)
        connection = http.client.HTTPConnection(found.host, found.port, timeout=timeout_s)
        headers = {"Authorization": f"Bearer {found.token}", "Accept": "application/json", "User-Agent": self._client}
        payload: bytes | None = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body=payload, headers=headers)
            response = connection.getresponse()
            return _answer(response.status, response.read())
        except TimeoutError as error:
            raise RequestTimeout(f"the gateway gave no answer within {timeout_s:.0f} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Unreachable(str(error)) from error
        finally:
            connection.close()

    def _wait_for_gateway(self) -> bool:
        """Wait until the gateway listens again; returns whether it does."""
        deadline = time.monotonic() + self._recovery_s
        while time.monotonic() < deadline:
            try:
                found = _discovery(self._paths)
                with socket.create_connection((found.host, found.port), timeout=1):
                    return True
            except (_Unreachable, OSError):
                time.sleep(_POLL_S)
        return False


def _lines(response: http.client.HTTPResponse) -> Iterator[JsonObject]:
    """The objects of a streamed answer; an error among them is raised."""
    try:
        while line := response.readline():
            if not line.strip():
                continue
            document = parse_object(line)
            fields = object_of(document, "error")
            if fields:
                code, hint = text_of(fields, "code", "internal"), text_of(fields, "hint") or None
                raise error_from(code, text_of(fields, "message", "the gateway reported an error"), hint)
            yield document
            if "answer" in document:
                return
    except TimeoutError as error:
        raise RequestTimeout(f"nothing came from the gateway for {REQUEST_TIMEOUT_S:.0f} s") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceDown("the connection to the gateway ended in the middle of the answer") from error
    finally:
        response.close()
    raise ServiceDown("the gateway ended the answer early")


def project_path(project_id: str, action: str = "") -> str:
    """The address of a project."""
    return f"/v1/projects/{quote(project_id, safe='')}" + (f"/{action}" if action else "")


class _Unreachable(Exception):
    """There is no gateway at the place that its discovery file names."""


class _WrongToken(Exception):
    """The gateway that listens now has another token."""

    def __init__(self, told: AuraError) -> None:
        super().__init__(str(told))
        self.told = told


def _discovery(paths: AuraPaths) -> Discovery:
    try:
        return read_discovery(paths)
    except DaemonDown as error:
        raise _Unreachable(error.message) from error


def _refuse_when_down(paths: AuraPaths) -> None:
    """Raises DaemonDown when no daemon runs."""
    try:
        control.call(paths, {"do": "status"}, timeout_s=5)
    except DaemonDown as error:
        raise DaemonDown("Aura is not running") from error


def _answer(status: int, content: bytes) -> JsonObject:
    """The body of a good answer; a bad one is raised as the error that it describes."""
    try:
        document = parse_object(content) if content.strip() else {}
    except ValueError as error:
        raise ServiceDown(f"the gateway sent an answer that is not JSON (HTTP {status})") from error
    if status < 400:
        return document
    fields = object_of(document, "error")
    told = error_from(
        text_of(fields, "code", "internal"),
        text_of(fields, "message", f"the gateway refused with HTTP {status}"),
        text_of(fields, "hint") or None,
    )
    if status == 401:
        raise _WrongToken(told)
    raise told
