"""Calls of a forge's interface, over HTTPS or through `gh` and `glab`, with one reading of what can go wrong."""

from __future__ import annotations

import email.utils
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from aura_git.pulls.forges import Forge, is_loopback
from aura_git.pulls.tokens import Token
from aura_git.repository import Repository
from aura_shared.errors import AuraError, ForgeRefused, ForgeUnreachable, NotFound
from aura_shared.redaction import mask

if TYPE_CHECKING:
    import httpx

__all__ = ["Answer", "Api", "HttpApi", "Json", "Pause", "ProgramApi", "program_for", "read_answer"]

_MOST_BYTES: Final = 8_000_000
_TRIES: Final = 3
_LONGEST_WAIT_S: Final = 10.0
_FIRST_PAUSE_S: Final = 0.4
_TIMEOUT_S: Final = 20.0
_MOST_TOLD: Final = 600
Pause = Callable[[float], None]
Json: TypeAlias = Any
"""What a forge answers; its shape is checked where it is used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a forge answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names in lower case."""
    body: bytes = b""

    def json(self) -> Json:
        """Its content; raises ValueError when it is no JSON."""
        return json.loads(self.body) if self.body.strip() else None


class Api(Protocol):
    """A way to call a forge."""

    name: str
    """`rest`, `gh` or `glab`."""

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """Call a path below the interface's address; returns its JSON.

        Raises:
            ForgeRefused, ForgeUnreachable, NotFound: As `read_answer`, or nobody answers.
        """
        ...


def read_answer(answer: Answer, method: str, path: str, host: str) -> Json:
    """The content of a good answer.

    Raises:
        NotFound: 404: it is not there, or the token may not see it.
        ForgeRefused: Another 4xx or a redirect, with the forge's own words and what to do.
        ForgeUnreachable: 5xx, or what came is no JSON.
    """
    where = f"{host} ({method} {path.partition('?')[0]})"
    if 300 <= answer.status < 400:
        raise ForgeRefused(
            f"{where} sends to another address, which is not followed with a token",
            hint="The repository may have moved: set the remote to its new address.",
        )
    if answer.status >= 400:
        raise _problem(answer, where)
    try:
        return answer.json()
    except ValueError:
        kind = answer.headers.get("content-type", "nothing")
        raise ForgeUnreachable(
            f"{where} answered with {kind.partition(';')[0]} instead of JSON, or was cut off",
            hint="A proxy or sign-in page may be in between, or this is no such forge.",
        ) from None


def _problem(answer: Answer, where: str) -> AuraError:
    said = _said(answer)
    status = answer.status
    if (wait := _wait_of(answer)) is not None and status in {403, 429}:
        return ForgeRefused(f"{where} limits calls: {said}", hint=f"Try again in {wait:.0f} s.")
    if status == 401:
        return ForgeRefused(f"{where} does not take the token: {said}", hint="It may have ended; make a new one.")
    if status == 403:
        needed = answer.headers.get("x-accepted-oauth-scopes") or answer.headers.get("x-accepted-github-permissions")
        hint = f"The token needs: {needed}." if needed else (
            "The token needs `repo` or `pull_requests: write` (GitHub), `api` (GitLab), `write:repository` (Gitea)."
        )  # fmt: skip
        return ForgeRefused(f"{where} does not allow this: {said}", hint=hint)
    if status == 404:
        return NotFound(f"{where} is not there, or the token may not see it: {said}", hint="Check remote and token.")
    if status >= 500:
        return ForgeUnreachable(f"{where} failed with {status}: {said}")
    return ForgeRefused(f"{where} refused with {status}: {said}")


def _said(answer: Answer) -> str:
    """The forge's own words; never a page of HTML."""
    try:
        data = answer.json()
    except ValueError:
        return f"HTTP {answer.status}"
    if not isinstance(data, dict):
        return f"HTTP {answer.status}"
    found = cast("Json", data)
    errors: list[Json] = found["errors"] if isinstance(found.get("errors"), list) else []
    parts: list[Json] = [found.get("message") or found.get("error") or f"HTTP {answer.status}"]
    parts += [(one.get("message") or one.get("code")) if isinstance(one, dict) else one for one in errors]  # pyright: ignore[reportUnknownMemberType]
    text = "; ".join(one if isinstance(one, str) else json.dumps(one) for one in parts if one)
    return mask(text)[:_MOST_TOLD]


def _wait_of(answer: Answer) -> float | None:
    """Seconds to wait, where the forge limits calls."""
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    if after and (date := email.utils.parsedate_tz(after)):
        return max(0.0, email.utils.mktime_tz(date) - time.time())
    if answer.status == 429 or answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "") or answer.headers.get("ratelimit-reset", "")
        return max(0.0, float(reset) - time.time()) if reset.isdigit() else 60.0
    return None


def _again_after(answer: Answer, method: str, tried: int) -> float | None:
    """Seconds after which a call is worth repeating; None when it is not."""
    if answer.status in {403, 429}:
        wait = _wait_of(answer)
        return wait if wait is not None and wait <= _LONGEST_WAIT_S else None
    return _FIRST_PAUSE_S * 2**tried if answer.status >= 500 and method != "POST" else None


class HttpApi:
    """Calls over HTTPS with a token.

    No redirect is followed, an answer is bounded, and proxies count only for other machines, as the environment says.
    Reads and renewals are tried three times while the forge fails or limits calls for at most 10 s; what opens
    something is not repeated, since it may have been done.
    """

    name = "rest"

    def __init__(self, repository: Repository, forge: Forge, token: Token, *, pause: Pause = time.sleep) -> None:
        self._forge = forge
        self._token = token
        self._pause = pause
        self._trust = _certificates(repository, forge)

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """See `Api`."""
        for tried in range(1, _TRIES):
            try:
                answer = self._send(method, path, body)
            except ForgeUnreachable:
                if method == "POST":
                    raise
                self._pause(_FIRST_PAUSE_S * 2**tried)
                continue
            wait = _again_after(answer, method, tried)
            if wait is None:
                return read_answer(answer, method, path, self._forge.host)
            self._pause(wait)
        return read_answer(self._send(method, path, body), method, path, self._forge.host)

    def _send(self, method: str, path: str, body: Mapping[str, object] | None) -> Answer:
        import httpx  # noqa: PLC0415 - a git process that opens no pull request never needs it

        content = None if body is None else json.dumps(body).encode()
        url = f"{self._forge.api}/{path}"
        try:
            with (
                httpx.Client(
                    verify=self._trust,
                    follow_redirects=False,
                    trust_env=not is_loopback(self._forge.host),
                    timeout=httpx.Timeout(_TIMEOUT_S, connect=5.0),
                ) as client,
                client.stream(method, url, content=content, headers=self._headers(content)) as response,
            ):
                return Answer(response.status_code, dict(response.headers), _bounded(response, self._forge.host))
        except httpx.HTTPError as error:
            raise _silence(error, self._forge.host) from None

    def _headers(self, content: bytes | None) -> dict[str, str]:
        kind = {"github": "Bearer", "gitlab": "Bearer", "gitea": "token"}.get(self._forge.kind, "Bearer")
        headers = {"Authorization": f"{kind} {self._token.value}", "User-Agent": "aura", "Accept": "application/json"}
        if self._forge.kind == "github":
            headers |= {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return headers if content is None else {**headers, "Content-Type": "application/json"}


def _bounded(response: httpx.Response, host: str) -> bytes:
    found = bytearray()
    for part in response.iter_bytes():
        found += part
        if len(found) > _MOST_BYTES:
            raise ForgeUnreachable(f"{host} answers with more than {_MOST_BYTES:,} bytes")
    return bytes(found)


def _silence(error: Exception, host: str) -> ForgeUnreachable:
    text = mask(str(error))[:300]
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE" in str(cause):
            return ForgeUnreachable(
                f"the certificate of {host} is not trusted: {text}",
                hint="Name its authority: git config --global http.sslCAInfo FILE, or SSL_CERT_FILE.",
            )
        cause = cause.__cause__ or cause.__context__
    return ForgeUnreachable(f"{host} does not answer: {type(error).__name__}: {text}")


def _certificates(repository: Repository, forge: Forge) -> ssl.SSLContext:
    """What the system, `SSL_CERT_FILE` and git trust for this host; checks are never turned off."""
    context = ssl.create_default_context()
    said = repository.git.read(
        "config", "--path", "--get-urlmatch", "http.sslCAInfo", forge.web, ok=(0, 1)
    ).text.strip()
    for file in (os.environ.get("GIT_SSL_CAINFO", ""), said):
        if file:
            try:
                context.load_verify_locations(Path(file).expanduser())
            except OSError as error:
                raise ForgeUnreachable(f"the certificates in {file} cannot be read: {error}") from error
    return context


def program_for(forge: Forge) -> str:
    """Path of the forge's own program where it is installed and has a login for this host; else empty.

    Asks the program alone, nothing leaves this machine; the token that `gh` prints is not kept.
    """
    name = {"github": "gh", "gitlab": "glab"}.get(forge.kind, "")
    found = shutil.which(name) if name else None
    if found is None or forge.scheme != "https":
        return ""
    # `gh auth token` and `glab config get token` read its own files; `auth status` would ask the host.
    asked = (
        [found, "auth", "token", "--hostname", forge.host]
        if name == "gh"
        else [found, "config", "get", "token", "--host", forge.host]
    )
    try:
        done = subprocess.run(
            asked, check=False, capture_output=True, timeout=10, stdin=subprocess.DEVNULL, env=_quiet(forge)
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found if done.returncode == 0 and done.stdout.strip() else ""


def _quiet(forge: Forge) -> dict[str, str]:
    quiet = {
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
        "NO_PROMPT": "1",
        "CLICOLOR": "0",
    }
    return {**os.environ, **quiet, "GH_HOST": forge.host, "GITLAB_HOST": forge.host, "GH_PAGER": "cat"}


class ProgramApi:
    """Calls through `gh api` or `glab api`: the credentials stay with the program, the body goes by standard input."""

    def __init__(self, repository: Repository, forge: Forge, program: str) -> None:
        self.name = "glab" if forge.kind == "gitlab" else "gh"
        self._repository = repository
        self._forge = forge
        self._program = program

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        """See `Api`."""
        arguments = ["api", "--include", "--method", method, path]
        if body is not None:
            arguments += ["--input", "-", "--header", "Content-Type: application/json"]
        code, out, err = self.run(arguments, None if body is None else json.dumps(body).encode())
        answer = _included(out)
        if answer is None:
            raise ForgeUnreachable(f"`{self.name} api` ended with code {code}: {mask(err)[:_MOST_TOLD]}")
        return read_answer(answer, method, path, self._forge.host)

    def run(self, arguments: list[str], stdin: bytes | None = None) -> tuple[int, bytes, str]:
        """Run the program; returns its code, its output and what it said.

        Raises:
            ForgeUnreachable: It is gone, or does not end.
        """
        try:
            done = subprocess.run(
                [self._program, *arguments],
                check=False,
                cwd=self._repository.root,
                env=_quiet(self._forge),
                input=b"" if stdin is None else stdin,
                capture_output=True,
                timeout=self._repository.git.timeout_s,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ForgeUnreachable(f"`{self.name}` could not be run to its end: {type(error).__name__}") from None
        return done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()


def _included(out: bytes) -> Answer | None:
    """An answer as `--include` prints it: status line, headers, an empty line, the body."""
    head, _, body = out.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode(errors="replace").split("\n")
    words = first.split(" ")
    if not first.startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        return None
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return Answer(int(words[1]), {name.strip().lower(): value.strip() for name, value in pairs}, body)
