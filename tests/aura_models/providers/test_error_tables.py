"""The tables of errors know every error of the client libraries."""

import inspect
import json

import httpx
import httpx2
import ollama
import openai
import pytest
from pydantic import BaseModel, ValidationError

from aura_models.providers.failures import HTTP_ERRORS, ErrorTable, failure_of
from aura_models.providers.ollama import OLLAMA_ERRORS
from aura_models.providers.openai_compatible import OPENAI_ERRORS
from aura_shared.errors import AuraError, BadAnswer, HostNotAllowed, ModelDropped, ModelTimeout, ModelUnreachable
from model_calls import address


def errors_of(module: object) -> list[type[Exception]]:
    """Every exception that a library has to offer."""
    return sorted(
        {kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)},
        key=lambda kind: kind.__name__,
    )


# The websocket and webhook parts of the library, and its warnings, are not used.
UNUSED = {"InvalidWebhookSignatureError", "WebSocketConnectionClosedError", "WebSocketQueueFullError", "Warning"}
CASES: list[tuple[ErrorTable, type[Exception]]] = [
    *((HTTP_ERRORS, kind) for kind in errors_of(httpx)),
    *((OLLAMA_ERRORS, kind) for kind in (*errors_of(ollama), ConnectionError, json.JSONDecodeError, ValidationError)),
    *((OPENAI_ERRORS, kind) for kind in (*errors_of(openai), *errors_of(openai._exceptions))),
]


def is_used(kind: type[Exception]) -> bool:
    return kind.__name__ not in UNUSED and not issubclass(kind, Warning)


@pytest.mark.requirement("L1")
@pytest.mark.parametrize(
    ("table", "kind"), [case for case in CASES if is_used(case[1])], ids=lambda value: getattr(value, "__name__", "")
)
def test_every_error_of_a_library_stands_in_its_table(table: ErrorTable, kind: type[Exception]) -> None:
    known = [base for base in kind.__mro__ if base in table]
    assert known, f"{kind.__module__}.{kind.__name__} is not caught"
    assert issubclass(table[known[0]], AuraError)


def test_there_are_cases_of_each_library() -> None:
    assert len(errors_of(httpx)) > 20
    assert len(errors_of(openai)) > 12
    assert {kind.__name__ for kind in errors_of(ollama)} == {"RequestError", "ResponseError"}


def test_the_openai_client_uses_the_client_that_it_is_given() -> None:
    """Were its errors those of httpx2, the table would miss them."""
    assert not issubclass(httpx.ConnectError, httpx2.HTTPError)
    client = openai.AsyncOpenAI(api_key="none", base_url="http://127.0.0.1:1", http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    assert isinstance(client._client, httpx.AsyncClient)


class Shape(BaseModel):
    number: int


def shape_error() -> Exception:
    try:
        Shape(number="x")  # type: ignore[arg-type]
    except ValidationError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (httpx.ConnectError("refused"), ModelUnreachable, "no model server answers at http://127.0.0.1:1: refused"),
        (httpx.ReadTimeout("slow"), ModelTimeout, "did not answer in time"),
        (httpx.ReadError("reset"), ModelDropped, "broke off in the middle of an answer: reset"),
        (json.JSONDecodeError("bad", "<oops", 0), BadAnswer, "expected JSON, found '<oops'"),
        (shape_error(), BadAnswer, "something else than its protocol says: 1 validation error for Shape"),
        (HostNotAllowed("elsewhere"), HostNotAllowed, "elsewhere"),
        (KeyError("x\u202ey"), BadAnswer, "'x\\u202ey'"),
    ],
    ids=["unreachable", "timeout", "dropped", "no json", "shape", "ours", "hidden"],
)
def test_an_error_says_what_expected_and_found(error: Exception, expected: type[AuraError], words: str) -> None:
    found = failure_of(error, address("http://127.0.0.1:1"), OLLAMA_ERRORS)
    assert type(found) is expected
    assert words in found.message
