"""Servers that misbehave, over real sockets: each ends in one clear error of ours, in bounded time."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from aura_models.provider import ChatPiece
from aura_models.providers.ollama import OllamaProvider
from aura_models.providers.openai_compatible import OpenAIProvider
from aura_shared.errors import (
    AnswerCut,
    AuraError,
    BadAnswer,
    ContextOverflow,
    HostNotAllowed,
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
from aura_shared.messages.models import ServerKind
from bad_servers import Answer, RawServer, endless, hanging, http, raw_server, streamed
from model_calls import address, answer, call

pytestmark = pytest.mark.requirement("L1")

KINDS: list[ServerKind] = ["ollama", "openai"]
STREAM = {"ollama": "application/x-ndjson", "openai": "text/event-stream"}


def part(kind: str, text: str = "", *, thinking: str = "", end: str = "", tokens: int = 5) -> bytes:
    """A piece of an answer in the words of a protocol."""
    if kind == "ollama":
        line: dict[str, object] = {
            "model": "m",
            "message": {"role": "assistant", "content": text, "thinking": thinking},
        }
        line["done"] = bool(end)
        if end:
            line |= {"done_reason": end, "prompt_eval_count": tokens, "prompt_eval_cached_count": 0, "eval_count": 1}
        return json.dumps(line).encode() + b"\n"
    delta = {"role": "assistant", "content": text, "reasoning_content": thinking}
    chunk: dict[str, object] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk["choices"] = [{"index": 0, "delta": delta, "finish_reason": end or None}]
    if end:
        chunk["usage"] = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n" + (b"data: [DONE]\n\n" if end else b"")


@asynccontextmanager
async def asked(
    kind: ServerKind, reply: Answer | bytes, **bounds: object
) -> AsyncGenerator[tuple[OllamaProvider | OpenAIProvider, RawServer], None]:
    async with raw_server(reply) as server:
        made = provider(kind, server.url, **bounds)
        yield made, server
        await made.close()


def provider(kind: ServerKind, url: str, **bounds: object) -> OllamaProvider | OpenAIProvider:
    where = address(url, kind, **bounds)
    return OllamaProvider(where) if kind == "ollama" else OpenAIProvider(where)


async def failure(kind: ServerKind, reply: Answer | bytes, **bounds: object) -> AuraError:
    async with asked(kind, reply, **bounds) as (made, _):
        with pytest.raises(AuraError) as caught:
            await answer(made, call())
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
async def test_no_server_at_the_address(kind: ServerKind, unused_tcp_port: int) -> None:
    made = provider(kind, f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(ModelUnreachable, match=f"no model server answers at http://127.0.0.1:{unused_tcp_port}"):
        await answer(made, call())
    health = await made.health()
    assert (health.up, "no model server answers" in health.problem) == (False, True)
    with pytest.raises(ModelUnreachable):
        await made.models()
    with pytest.raises(ModelUnreachable):
        await made.embed("m", ["a"])
    await made.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_takes_the_call_and_hangs(kind: ServerKind) -> None:
    began = time.monotonic()
    async with asked(kind, hanging(), first_token_s=0.2) as (made, server):
        with pytest.raises(ModelTimeout, match=r"local/small:latest gave no first token within 0\.2 s"):
            await answer(made, call())
        async with asyncio.timeout(5):
            await server.gone.wait()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_hangs_in_the_middle(kind: ServerKind) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM[kind]}\r\nConnection: close\r\n\r\n".encode()
    error = await failure(kind, hanging(head, part(kind, "half")), idle_s=0.2)
    assert isinstance(error, ModelTimeout)
    assert "gave nothing more for 0.2 s" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_pieces_that_say_nothing_do_not_count_as_life(kind: ServerKind) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM[kind]}\r\nConnection: close\r\n\r\n".encode()
    error = await failure(kind, endless(head, part(kind)), first_token_s=0.3)
    assert isinstance(error, ModelTimeout)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_that_is_dropped_in_the_middle(kind: ServerKind) -> None:
    error = await failure(kind, streamed(part(kind, "half"), kind=STREAM[kind], ends=False))
    assert isinstance(error, ModelDropped)
    assert error.transient


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_ends_before_its_answer_does(kind: ServerKind) -> None:
    error = await failure(kind, streamed(part(kind, "half"), kind=STREAM[kind]))
    assert isinstance(error, ModelDropped)
    assert "after 4 characters" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_the_pieces_before_a_drop_were_given(kind: ServerKind) -> None:
    dropped = streamed(part(kind, "half"), kind=STREAM[kind], ends=False)
    async with asked(kind, dropped) as (made, _), aclosing(made.chat(call())) as pieces:
        assert await anext(pieces) == ChatPiece(text="half")
        with pytest.raises(ModelDropped):
            await anext(pieces)


MIDDLE: list[tuple[str, type[AuraError], str]] = [
    ("does not match the expected peg-native format", Unavailable, "could not read what its model wrote"),
    ("model runner has unexpectedly stopped", ModelDropped, "broke off: model runner"),
    ("something else", ModelError, "answered an error: something else"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("said", "expected", "words"), MIDDLE, ids=["parser", "crash", "other"])
async def test_an_error_in_the_middle_of_a_stream(
    kind: ServerKind, said: str, expected: type[AuraError], words: str
) -> None:
    problem = json.dumps({"error": said if kind == "ollama" else {"message": said, "type": "server_error"}}).encode()
    line = problem + b"\n" if kind == "ollama" else b"data: " + problem + b"\n\n"
    error = await failure(kind, streamed(part(kind, "half"), line, kind=STREAM[kind]))
    assert type(error) is expected
    assert words in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_web_page_instead_of_an_answer(kind: ServerKind) -> None:
    page = http(b"<html><body>Welcome to nginx!</body></html>", "text/html; charset=utf-8")
    error = await failure(kind, page)
    assert isinstance(error, BadAnswer)
    assert "answered a web page; expected JSON" in error.message
    async with asked(kind, page) as (made, _):
        assert "web page" in (await made.health()).problem
        with pytest.raises(BadAnswer):
            await made.models()


STATUSES: list[tuple[str, bytes, type[AuraError], str]] = [
    ("500 Internal Server Error", b"boom", Unavailable, "answered 500: boom"),
    ("502 Bad Gateway", b"<html>no</html>", Unavailable, "answered 502"),
    ("503 Service Unavailable", b'{"error":{"message":"Loading model","code":503}}', NotReady, "Loading model"),
    ("504 Gateway Timeout", b"", ModelTimeout, "answered 504"),
    ("408 Request Timeout", b"", ModelTimeout, "answered 408"),
    ("401 Unauthorized", b'{"error":"who are you"}', NotAllowed, "who are you"),
    ("403 Forbidden", b"", NotAllowed, "answered 403"),
    ("429 Too Many Requests", b'{"error":"slow down"}', RateLimited, "slow down"),
    ("400 Bad Request", b'{"error":"no such field"}', BadAnswer, "no such field"),
    ("404 Not Found", b'{"error":"model \'small\' not found"}', UnknownModel, "has no model 'small:latest'"),
    ("404 Not Found", b"404 page not found", BadAnswer, "knows no such request"),
    ("400 Bad Request", b'{"error":"Invalid model identifier \\"x\\"."}', UnknownModel, "has no model"),
    (
        "500 Internal Server Error",
        b'{"error":{"code":500,"message":"The output does not match the expected peg-native format"}}',
        Unavailable,
        "could not read what its model wrote",
    ),
    (
        "400 Bad Request",
        b'{"error":{"code":400,"message":"request (9001 tokens) exceeds the available context size (8192 tokens)",'
        b'"type":"exceed_context_size_error","n_prompt_tokens":9001,"n_ctx":8192}}',
        ContextOverflow,
        "the prompt has 9,001 tokens and the answer may have 64; the context has 8,192",
    ),
    (
        "400 Bad Request",
        b'{"error":"Trying to keep the first 4521 tokens when context the overflows. However, the model is loaded with '
        b'context length of only 4096 tokens, which is not enough."}',
        ContextOverflow,
        "the prompt has 4,521 tokens and the answer may have 64; the context has 4,096",
    ),
    (
        "400 Bad Request",
        b'{"error":{"message":"This model\'s maximum context length is 8192 tokens. However, your messages resulted in '
        b'9000 tokens."}}',
        ContextOverflow,
        "the prompt has 9,000 tokens and the answer may have 64; the context has 8,192",
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "body", "expected", "words"), STATUSES, ids=[f"{row[0][:3]}-{row[3][:20]}" for row in STATUSES]
)
async def test_an_error_status_says_what_it_means(
    kind: ServerKind, status: str, body: bytes, expected: type[AuraError], words: str
) -> None:
    error = await failure(kind, http(body, "application/json", status))
    assert type(error) is expected
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        "Grüße".encode("latin-1"),
        '{"message":"Grüße"}'.encode("utf-16"),
        b'{"message":{"content":"\xff\xfe"}}\n',
        "Grüße".encode()[:-2],
    ],
    ids=["latin-1", "utf-16", "broken utf-8", "utf-8 that is cut"],
)
async def test_another_encoding_than_utf_8(kind: ServerKind, body: bytes) -> None:
    error = await failure(kind, http(b"data: " + body if kind == "openai" else body, STREAM[kind]))
    assert isinstance(error, BadAnswer)
    assert "no UTF-8" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_an_encoding_that_is_announced_is_refused(kind: ServerKind) -> None:
    error = await failure(kind, http(b"{}", f"{STREAM[kind]}; charset=iso-8859-1"))
    assert isinstance(error, BadAnswer)
    assert "iso-8859-1" in error.message
    error = await failure(kind, http(b"{}", STREAM[kind], "200 OK", "Content-Encoding: gzip"))
    assert "in the encoding 'gzip'; none was asked for" in error.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [b"{'single': 'quotes'}", b"[1, 2]", b'"text"', b"{", b"null", b'{"other": 1}', b"[" * 100_000],
    ids=["no json", "list", "string", "cut", "null", "other fields", "deep"],
)
async def test_what_is_no_json_or_has_another_shape(kind: ServerKind, body: bytes) -> None:
    error = await failure(kind, http((b"data: " + body + b"\n\n") if kind == "openai" else body + b"\n", STREAM[kind]))
    assert isinstance(error, BadAnswer)
    assert error.message.startswith("local")
    async with asked(kind, http(body)) as (made, _):
        with pytest.raises(AuraError):
            await made.models()
        with pytest.raises(BadAnswer):
            await made.embed("m", ["text"])
        assert not (await made.health()).up


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_answer(kind: ServerKind) -> None:
    assert isinstance(await failure(kind, http(b"", STREAM[kind])), BadAnswer)
    error = await failure(kind, streamed(part(kind, end="stop"), kind=STREAM[kind]))
    assert isinstance(error, BadAnswer)
    assert "answered nothing" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_of_ten_megabytes(kind: ServerKind) -> None:
    megabyte = part(kind, "x" * 1_000_000)
    error = await failure(kind, streamed(*[megabyte] * 10, part(kind, end="stop"), kind=STREAM[kind]))
    assert isinstance(error, BadAnswer)
    assert "over 4,000,000 bytes" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_line_that_does_not_end(kind: ServerKind) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM[kind]}\r\nConnection: close\r\n\r\n".encode()
    error = await failure(kind, endless(head, b"x" * 65_536))
    assert isinstance(error, BadAnswer)
    assert "over 4,000,000 bytes" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_list_of_models_that_does_not_end(kind: ServerKind) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    async with asked(kind, endless(head, b" " * 65_536)) as (made, _):
        with pytest.raises(BadAnswer, match="over 4,000,000 bytes"):
            await made.models()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_that_thinks_for_ever_in_characters(kind: ServerKind) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM[kind]}\r\nConnection: close\r\n\r\n".encode()
    error = await failure(kind, endless(head, part(kind, thinking="hm, " * 50)))
    assert isinstance(error, AnswerCut)
    assert "more than an answer of at most 64 tokens is worth" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_that_thinks_for_ever_in_time(kind: ServerKind) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM[kind]}\r\nConnection: close\r\n\r\n".encode()
    error = await failure(kind, hanging(head, part(kind, thinking="hm")), first_token_s=1.0, idle_s=30.0)
    assert isinstance(error, ModelTimeout)
    assert "only thought for 3 s" in error.message


@pytest.mark.parametrize("kind", KINDS)
async def test_tags_of_thought_are_taken_out(kind: ServerKind) -> None:
    pieces = [part(kind, text) for text in ("<thi", "nk>one ", "two</th", "ink>\n", "\nthe <think>", " answer")]
    async with asked(kind, streamed(*pieces, part(kind, end="stop"), kind=STREAM[kind])) as (made, _):
        assert (await answer(made, call()))[:2] == ("the <think> answer", "one two")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("P9")
async def test_a_redirect_is_refused_and_names_its_target(kind: ServerKind) -> None:
    async with raw_server(http(b"{}")) as other:
        elsewhere = http(b"", "text/plain", "307 Temporary Redirect", f"Location: {other.url}/api/chat")
        error = await failure(kind, elsewhere)
        assert type(error) is HostNotAllowed
        assert f"{other.url}/api/chat" in error.message
        assert other.heads == []
    error = await failure(kind, http(b"", "text/plain", "301 Moved Permanently", "Location: https://models.example/v1"))
    assert type(error) is HostNotAllowed
    error = await failure(kind, http(b"", "text/plain", "302 Found", "Location: /login"))
    assert type(error) is BadAnswer
    assert "'/login'; redirects are not followed" in error.message


@pytest.mark.requirement("P9")
async def test_neither_keys_nor_addresses_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(http(b"{}")) as trap:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OLLAMA_API_KEY"):
            monkeypatch.setenv(name, "sk-of-someone-else")
        monkeypatch.setenv("OPENAI_BASE_URL", trap.url)
        good = streamed(part("openai", "fine"), part("openai", end="stop"), kind=STREAM["openai"])
        async with asked("openai", good) as (made, server):
            assert (await answer(made, call()))[0] == "fine"
        async with asked("openai", good, key="our-own") as (made, keyed):
            assert (await answer(made, call()))[0] == "fine"
        assert trap.heads == []
    (head,) = server.heads
    assert "sk-of-someone-else" not in head
    assert "authorization" not in head.lower()
    assert sorted(line.split(":")[0].lower() for line in head.splitlines()[1:] if line) == [
        "accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent",
    ]  # fmt: skip
    assert "authorization: Bearer our-own" in keyed.heads[0]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_speaks_no_http(kind: ServerKind) -> None:
    error = await failure(kind, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    assert isinstance(error, ModelDropped)
    error = await failure(kind, closed_at_once)
    assert isinstance(error, ModelDropped)


async def closed_at_once(writer: asyncio.StreamWriter) -> None:
    """Close without a word."""
    writer.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_halves_of_characters_never_leave_the_provider(kind: ServerKind) -> None:
    pieces = [part(kind, "a\ud83d\ude00b\ud83d"), part(kind, end="stop")]
    async with asked(kind, streamed(*pieces, kind=STREAM[kind])) as (made, _):
        text = (await answer(made, call()))[0]
    assert text == "a\U0001f600b\ufffd"
    text.encode()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_count_that_is_far_too_small_is_a_cut_prompt(kind: ServerKind) -> None:
    good = streamed(part(kind, "fine"), part(kind, end="stop", tokens=400), kind=STREAM[kind])
    async with asked(kind, good) as (made, _):
        with pytest.raises(AuraError, match="1,000 tokens were sent by estimate, 400 were taken in") as caught:
            await answer(made, call(prompt_tokens=1000))
    assert caught.value.code == "context_cut"
    async with asked(kind, good) as (made, _):
        assert (await answer(made, call(prompt_tokens=600)))[0] == "fine"


@pytest.mark.parametrize(
    "vectors",
    ["[]", "[[1.0],[1.0, 2.0]]", "[[],[]]", "[[1.0],[1e999]]", '[["a"],["b"]]'],
    ids=["too few", "lengths differ", "empty", "infinite", "no numbers"],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_vectors_that_are_none(kind: ServerKind, vectors: str) -> None:
    body = f'{{"embeddings": {vectors}}}'
    if kind == "openai":
        entries = [{"index": place, "embedding": vector} for place, vector in enumerate(json.loads(vectors))]
        body = json.dumps({"object": "list", "data": entries, "model": "m", "usage": {}}).replace("Infinity", "1e999")
    async with asked(kind, http(body.encode())) as (made, _):
        with pytest.raises(BadAnswer):
            await made.embed("m", ["a", "b"])
