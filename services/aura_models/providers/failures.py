"""What an error of a client library or an answer with an error status means, in errors of Aura.

Each client library has one table (`HTTP_ERRORS` here, the others beside their provider) that names all of its errors; a
test holds the tables to the libraries.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final, cast

import httpx

from aura_models.provider import ChatCall, ServerAddress
from aura_shared.errors import (
    AuraError,
    BadAnswer,
    ContextOverflow,
    ModelDropped,
    ModelError,
    ModelTimeout,
    ModelUnreachable,
    NotAllowed,
    NotReady,
    RateLimited,
    Unavailable,
    UnknownModel,
)
from aura_shared.security import make_visible

__all__ = [
    "HTTP_ERRORS",
    "SHAPE_ERRORS",
    "ErrorTable",
    "check_fits",
    "failure_of",
    "refusal",
    "within",
]

ErrorTable = Mapping[type[Exception], type[AuraError]]
"""Which error of ours stands for an error of a library; the nearest base class counts."""

HTTP_ERRORS: Final[ErrorTable] = {
    httpx.ConnectError: ModelUnreachable,
    httpx.ConnectTimeout: ModelUnreachable,
    httpx.UnsupportedProtocol: ModelUnreachable,
    httpx.ProxyError: ModelUnreachable,
    httpx.InvalidURL: ModelUnreachable,
    ConnectionError: ModelUnreachable,
    ssl.SSLError: ModelUnreachable,
    httpx.TimeoutException: ModelTimeout,
    httpx.NetworkError: ModelDropped,
    httpx.RemoteProtocolError: ModelDropped,
    httpx.StreamError: ModelDropped,
    httpx.HTTPError: BadAnswer,
    httpx.CookieConflict: BadAnswer,
}
SHAPE_ERRORS: Final[ErrorTable] = {
    ValueError: BadAnswer,
    RecursionError: BadAnswer,
    AttributeError: BadAnswer,
    TypeError: BadAnswer,
    LookupError: BadAnswer,
}
"""What client libraries raise where JSON has another shape than they take for granted."""

_WORDS: Final[dict[type[AuraError], str]] = {
    ModelUnreachable: "no model server answers at {url}",
    ModelTimeout: "{name} at {url} did not answer in time",
    ModelDropped: "{name} at {url} broke off in the middle of an answer",
    BadAnswer: "{name} at {url} answered something else than its protocol says",
}
_OVERFLOW: Final = re.compile(
    r"exceed_context_size|context (?:size|length|window|the overflow)|input length exceeds|\bn_ctx\b"
    r"|tokens\) is too large",
    re.IGNORECASE,
)
_LENGTHS: Final = (
    re.compile(r'n_prompt_tokens\\*"\s*:\s*(?P<prompt>\d+).*?n_ctx\\*"\s*:\s*(?P<context>\d+)', re.DOTALL),
    re.compile(r'n_ctx\\*"\s*:\s*(?P<context>\d+).*?n_prompt_tokens\\*"\s*:\s*(?P<prompt>\d+)', re.DOTALL),
    re.compile(r"\((?P<prompt>\d+) tokens\)\D*exceeds\D*\((?P<context>\d+) tokens\)"),
    re.compile(r"\((?P<prompt>\d+) tokens\) is too large.*batch size: (?P<context>\d+)"),
    re.compile(r"first (?P<prompt>\d+) tokens.*context length of only (?P<context>\d+)", re.DOTALL),
    re.compile(r"context length is (?P<context>\d+) tokens\D+?(?P<prompt>\d+) tokens"),
)
"""How llama.cpp, LM Studio and others name the length of a prompt and of the context."""
_UNKNOWN: Final = re.compile(
    r"model\b.*(?:not found|not exist|not available)|invalid model identifier|no such model|unknown model",
    re.IGNORECASE,
)
_MEMORY: Final = re.compile(r"out of memory|more system memory|insufficient memory|failed to allocate", re.IGNORECASE)
_CRASHED: Final = re.compile(r"unexpectedly stopped|runner .*(?:terminated|no longer running)", re.IGNORECASE)
_PARSER: Final = re.compile(r"does not match the expected \S+ format|failed to parse", re.IGNORECASE)
_CREDENTIAL: Final = "Keep its credential with `aura secrets set NAME` and name it in `secret` of the server."
_STATUS: Final[dict[int, tuple[type[AuraError], str | None]]] = {
    401: (NotAllowed, _CREDENTIAL),
    403: (NotAllowed, _CREDENTIAL),
    408: (ModelTimeout, None),
    429: (RateLimited, "The server has too much to do; try again later."),
    501: (ModelError, "The server was not started for this, or this model cannot do it."),
    503: (NotReady, "It may be loading a model: try again in a moment."),
    504: (ModelTimeout, None),
}
_SHOWN: Final = 300


def failure_of(error: Exception, address: ServerAddress, table: ErrorTable) -> AuraError:
    """The error of ours for an error of a library; one of ours stays as it is."""
    if isinstance(error, AuraError):
        return error
    kind = next((table[base] for base in type(error).__mro__ if base in table), BadAnswer)
    words = _WORDS.get(kind, "{name} at {url} failed").format(name=address.name, url=address.url)
    if kind is BadAnswer and isinstance(error, json.JSONDecodeError):
        return BadAnswer(f"{words}: expected JSON, found {_shown(error.doc, 80)!r}")
    detail = _shown(str(error), _SHOWN).splitlines()
    return kind(f"{words}: {detail[0]}" if detail and kind is not ModelTimeout else words)


def refusal(status: int, text: str, address: ServerAddress, call: ChatCall | None = None, model: str = "") -> AuraError:
    """The error of ours for an answer with an error status.

    Args:
        status: Of HTTP; 0 where the error came in the middle of a stream.
        text: Body of the answer.
        address: Who answered.
        call: What was asked, to name its numbers.
        model: What was asked for.
    """
    said = _message(text)
    model = call.model if call else model
    who = f"{address.name}/{model}" if model else address.name
    shown = _shown(said, _SHOWN)
    if status not in {401, 403, 404} and _OVERFLOW.search(said):
        return _overflow(text, who, call)
    if 400 <= status < 500 and model and _UNKNOWN.search(said):
        return UnknownModel(f"{address.name} at {address.url} has no model {model!r}: {shown}")
    if status == 404:
        return BadAnswer(f"{address.name} at {address.url} knows no such request: {shown}; is it {address.kind}?")
    broken = None if 400 <= status < 500 else _inside(said, who, shown)
    return broken or _by_status(status, f"{who} answered {status or 'an error'}: {shown or 'nothing'}")


def check_fits(call: ChatCall, address: ServerAddress) -> None:
    """Refuse what cannot fit, before a server is asked.

    Raises:
        ContextOverflow: Names all numbers.
    """
    if call.prompt_tokens + call.max_tokens > call.context_tokens:
        raise _too_long(f"{address.name}/{call.model}", call.prompt_tokens, call.context_tokens, call.max_tokens)


@asynccontextmanager
async def within(seconds: float, address: ServerAddress, what: str) -> AsyncGenerator[None]:
    """Bound what is done inside.

    Raises:
        ModelTimeout: It took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ModelTimeout(f"{address.name} at {address.url} gave no {what} within {seconds:g} s") from error


def _inside(said: str, who: str, shown: str) -> AuraError | None:
    """What went wrong inside a server, where it says so."""
    if _MEMORY.search(said):
        return ModelError(f"{who} has not enough memory: {shown}", hint="Use a smaller model or a shorter context.")
    if _CRASHED.search(said):
        return ModelDropped(f"{who} broke off: {shown}")
    if _PARSER.search(said):
        return Unavailable(
            f"{who} could not read what its model wrote: {shown}",
            hint="Another seed may do; a newer server may know the model's format.",
        )
    return None


def _by_status(status: int, text: str) -> AuraError:
    kind, hint = _STATUS.get(status, (Unavailable if status >= 500 else BadAnswer if status else ModelError, None))
    if kind is Unavailable:
        hint = "See the log of the model server."
    return kind(text, hint=hint)


def _overflow(text: str, who: str, call: ChatCall | None) -> ContextOverflow:
    numbers = _numbers(text)
    prompt = numbers[0] if numbers else (call.prompt_tokens if call else 0)
    context = numbers[1] if numbers else (call.context_tokens if call else 0)
    if not context:
        return ContextOverflow(f"{who} takes in less at once: {_shown(_message(text), _SHOWN)}")
    return _too_long(who, prompt, context, call.max_tokens if call else 0)


def _too_long(who: str, prompt: int, context: int, answer: int) -> ContextOverflow:
    more = f" and the answer may have {answer:,}" if answer else ""
    return ContextOverflow(f"{who}: the prompt has {prompt:,} tokens{more}; the context has {context:,}")


def _numbers(text: str) -> tuple[int, int] | None:
    """Length of the prompt and of the context, where the server names both."""
    found = next((match for pattern in _LENGTHS if (match := pattern.search(text))), None)
    return (int(found["prompt"]), int(found["context"])) if found else None


def _message(text: str) -> str:
    """The sentence inside an error body, however deep it is wrapped."""
    for _ in range(4):
        try:
            found: object = json.loads(text)
        except ValueError:
            return text
        while isinstance(found, dict):
            inner = cast("dict[str, object]", found)
            found = inner.get("error") or inner.get("message") or inner.get("detail") or ""
        if not isinstance(found, str) or found == text:
            return text
        text = found
    return text


def _shown(text: str, most: int) -> str:
    one_line = " ".join(text.split())
    return make_visible(one_line if len(one_line) <= most else f"{one_line[:most]}...")
