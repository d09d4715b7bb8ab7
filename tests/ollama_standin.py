"""A stand-in for Ollama that keeps to its wire protocol: real HTTP on loopback, in a thread.

Built from the API description of Ollama, its prompt code and answers that were recorded from it. It is stricter than
Ollama in one thing: a field or option that the description does not have is refused, so that a typo cannot pass. A
token is four characters. What depends on the version follows `version`:

- before 0.12.6 `truncate` and `shift` are ignored, and a long prompt is cut: the oldest turns go first, never a system
  turn or the last one, and then the front of what is left; the answer looks like any other;
- from 0.12.6 on `truncate: false` makes it refuse, from 0.30 on with the message of llama.cpp inside;
- `prompt_eval_count` leaves cached prompts out as `counts` says.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Json = dict[str, Any]
CHAT_FIELDS = {
    "model", "messages", "tools", "format", "options", "stream", "think", "keep_alive", "truncate", "shift",
    "logprobs", "top_logprobs",
}  # fmt: skip
EMBED_FIELDS = {"model", "input", "truncate", "dimensions", "keep_alive", "options"}
OPTIONS = {
    "seed", "temperature", "top_k", "top_p", "min_p", "stop", "num_ctx", "num_predict", "num_keep", "repeat_penalty",
    "num_gpu", "num_thread", "num_batch",
}  # fmt: skip
TOKEN = 4
_KEPT_TOKENS = 4


@dataclass
class StandInModel:
    """A model that the stand-in serves."""

    context: int = 8192
    thinks: bool = False
    embeds: bool = False
    family: str = "qwen2"


@dataclass
class Reply:
    """What the model says; an event holds the answer up until it is set."""

    pieces: Sequence[str | threading.Event] = ("fine.",)
    thinking: Sequence[str] = ()
    error: str = ""
    """Sent as a line in the middle of the stream, after the pieces."""


@dataclass
class OllamaStandIn:
    """What the server does, and what it was asked."""

    models: dict[str, StandInModel] = field(default_factory=lambda: {"small:latest": StandInModel()})
    version: str = "0.34.1"
    default_context: int = 4096
    counts: Literal["all", "absent when cached", "without cached"] = "all"
    ignores_num_ctx: bool = False
    reply: Callable[[Json, str], Reply] | None = None
    """Gets the request and the prompt as the model sees it, cut or not."""
    requests: list[tuple[str, Json]] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    loaded: dict[str, int] = field(default_factory=dict)
    broken_off: threading.Event = field(default_factory=threading.Event)
    """Set once a client went away in the middle of an answer."""
    url: str = ""

    @property
    def release(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split(".")[:3])

    def chats(self) -> list[Json]:
        """Every request for an answer."""
        return [body for path, body in self.requests if path == "/api/chat"]


@contextmanager
def ollama_standin(standin: OllamaStandIn | None = None) -> Generator[OllamaStandIn, None, None]:
    """A stand-in that is up; it is gone afterwards."""
    standin = standin or OllamaStandIn()

    class Handler(_Handler):
        state = standin

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    standin.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield standin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: OllamaStandIn

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass

    def do_GET(self) -> None:
        state = self.state
        self.state.requests.append((self.path, {}))
        if self.path == "/":
            self._send(200, b"Ollama is running", "text/plain; charset=utf-8")
        elif self.path == "/api/version":
            self._json({"version": state.version})
        elif self.path == "/api/tags":
            self._json({"models": [_listed(name, model) for name, model in state.models.items()]})
        elif self.path == "/api/ps":
            models = [(name, state.models[name], context) for name, context in state.loaded.items()]
            later = "2030-01-01T00:00:00Z"
            self._json(
                {
                    "models": [
                        {**_listed(name, model), "expires_at": later, "size_vram": 0, "context_length": context}
                        for name, model, context in models
                    ]
                }
            )
        else:
            self._send(404, b"404 page not found", "text/plain")

    def do_POST(self) -> None:
        body: Json = {}
        try:
            try:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            except ValueError as error:
                raise _Refused(400, str(error)) from error
            self.state.requests.append((self.path, body))
            handler = {"/api/chat": self._chat, "/api/show": self._show, "/api/embed": self._embed}.get(self.path)
            if handler is None:
                self._send(404, b"404 page not found", "text/plain")
                return
            handler(body)
        except _Refused as refused:
            self._json({"error": refused.error}, refused.status)
        except (BrokenPipeError, ConnectionResetError):
            self.state.broken_off.set()
            self.close_connection = True

    def _show(self, body: Json) -> None:
        _check_fields(body, {"model", "verbose", "system", "template", "options"})
        model = self._model(body)
        can = ["embedding"] if model.embeds else ["completion", *(["thinking"] if model.thinks else [])]
        self._json(
            {
                "modelfile": "",
                "parameters": "",
                "template": "{{ .Prompt }}",
                "details": _details(model),
                "model_info": {
                    "general.architecture": model.family,
                    "general.parameter_count": 494032768,
                    f"{model.family}.context_length": model.context,
                },
                "capabilities": can,
                "modified_at": "2026-01-01T00:00:00Z",
            }
        )

    def _embed(self, body: Json) -> None:
        _check_fields(body, EMBED_FIELDS)
        model = self._model(body)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if body.get("truncate") is False and any(_tokens(text) > model.context for text in texts):
            raise _Refused(400, "the input length exceeds the context length")
        vectors = [[byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:8]] for text in texts]
        self._json({"model": body["model"], "embeddings": vectors, "prompt_eval_count": sum(map(_tokens, texts))})

    def _chat(self, body: Json) -> None:
        _check_fields(body, CHAT_FIELDS)
        _check_options(body.get("options") or {})
        model = self._model(body)
        if model.embeds:
            raise _Refused(400, f'"{body["model"]}" does not support chat')
        if body.get("think") is True and not model.thinks:
            raise _Refused(400, f'"{body["model"]}" does not support thinking')
        if not isinstance(body.get("format", ""), dict) and body.get("format", "") not in {"", "json"}:
            raise _Refused(400, f'invalid format: "{body["format"]}"; expected "json" or a JSON Schema object')
        window = self._window(body, model)
        prompt = self._prompt(body, window)
        self.state.loaded[body["model"]] = window
        self.state.prompts.append(prompt)
        self._stream(body, model, prompt, window)

    def _window(self, body: Json, model: StandInModel) -> int:
        asked = (body.get("options") or {}).get("num_ctx", self.state.default_context)
        if self.state.ignores_num_ctx:
            asked = self.state.default_context
        return min(asked, model.context)

    def _prompt(self, body: Json, window: int) -> str:
        """The prompt as the model sees it."""
        turns: list[Json] = body["messages"]
        whole = _render(turns)
        if _tokens(whole) <= window:
            return whole
        if body.get("truncate") is False and self.state.release >= (0, 12, 6):
            raise _Refused(400, _overflow(_tokens(whole), window, self.state.release))
        left = whole
        for first in range(len(turns)):
            system = [turn for turn in turns[:first] if turn["role"] == "system"]
            left = _render([*system, *turns[first:]])
            if _tokens(left) <= window:
                return left
        most = window // 2 if self.state.release >= (0, 30) else window
        return left[: _KEPT_TOKENS * TOKEN] + left[len(left) - (most - _KEPT_TOKENS) * TOKEN :]

    def _stream(self, body: Json, model: StandInModel, prompt: str, window: int) -> None:
        reply = self.state.reply(body, prompt) if self.state.reply else _usual_reply(body)
        options = body.get("options") or {}
        bound = options.get("num_predict", -1)
        no_shift = body.get("shift") is False and self.state.release >= (0, 12, 6)
        if no_shift:
            room = window - _tokens(prompt)
            bound = room if bound < 0 else min(bound, room)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        said = 0
        inline = reply.thinking and body.get("think") is None
        for thought in () if body.get("think") is False else reply.thinking:
            said += _tokens(thought)
            part = {"content": f"<think>{thought}</think>"} if inline else {"content": "", "thinking": thought}
            self._part(body, {"message": {"role": "assistant", **part}, "done": False})
        reason = "stop"
        for piece in reply.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(30)
                continue
            left = len(piece) if bound < 0 else (bound - said) * TOKEN
            text = piece[: max(left, 0)]
            said += _tokens(text)
            if text:
                self._part(body, {"message": {"role": "assistant", "content": text}, "done": False})
            if len(text) < len(piece):
                reason = "length"
                break
        if reply.error:
            self._line({"error": reply.error})
        else:
            counts = self._counts(prompt) | {"eval_count": said, "eval_duration": 1 + said * 1_000_000}
            message = {"role": "assistant", "content": ""}
            self._part(body, {"message": message, "done": True, "done_reason": reason, "total_duration": 1, **counts})
        self.wfile.write(b"0\r\n\r\n")

    def _counts(self, prompt: str) -> Json:
        seen = self.state.prompts[:-1]
        cached = max((_common(prompt, earlier) for earlier in seen), default=0) // TOKEN
        whole = _tokens(prompt)
        if self.state.counts == "absent when cached":
            return {} if cached else {"prompt_eval_count": whole}
        if self.state.counts == "without cached":
            return {"prompt_eval_count": max(whole - cached, 1)}
        more = {"prompt_eval_cached_count": cached} if self.state.release >= (0, 34) else {}
        return {"prompt_eval_count": whole, **more}

    def _model(self, body: Json) -> StandInModel:
        name = body.get("model", "")
        if name not in self.state.models:
            raise _Refused(404, f"model '{name}' not found")
        return self.state.models[name]

    def _part(self, body: Json, part: Json) -> None:
        self._line({"model": body["model"], "created_at": "2026-01-01T00:00:00.000000Z", **part})

    def _line(self, line: Json) -> None:
        data = json.dumps(line).encode() + b"\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, body: Json, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def instance_of(schema: Json | bool) -> Any:  # noqa: ANN401 - JSON
    """Something small that a schema allows; like the real one it looks at ranges of whole numbers only."""
    if isinstance(schema, bool) or not schema:
        return None
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return instance_of(schema["anyOf"][0])
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: instance_of(properties[name]) for name in schema.get("required", ()) if name in properties}
    if kind == "array":
        return [instance_of(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
    if kind == "string":
        return "x" * max(schema.get("minLength", 0), 1)
    return {"integer": schema.get("minimum", 0), "number": 0.5, "boolean": True}.get(kind)


def _usual_reply(body: Json) -> Reply:
    if isinstance(body.get("format"), dict):
        text = json.dumps(instance_of(body["format"]))
        return Reply([text[place : place + 5] for place in range(0, len(text), 5)])
    return Reply(["fine", "."])


def _check_fields(body: Json, known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise _Refused(400, f"the description of the API has no fields {', '.join(unknown)}")


def _check_options(options: Json) -> None:
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise _Refused(400, f"the description of the API has no options {', '.join(unknown)}")
    for name in ("num_ctx", "num_predict", "seed"):
        if name in options and (not isinstance(options[name], int) or isinstance(options[name], bool)):
            raise _Refused(400, f'option "{name}" must be of type integer')


def _overflow(prompt: int, window: int, release: tuple[int, ...]) -> str:
    if release < (0, 30):
        return "the input length exceeds the context length"
    message = f"request ({prompt} tokens) exceeds the available context size ({window} tokens), try increasing it"
    kind = "exceed_context_size_error"
    return json.dumps(
        {"error": {"code": 400, "message": message, "type": kind, "n_prompt_tokens": prompt, "n_ctx": window}}
    )


def _render(turns: Sequence[Json]) -> str:
    return "".join(f"{turn['role']}: {turn['content']}\n" for turn in turns) + "assistant: "


def _tokens(text: str) -> int:
    return -(-len(text) // TOKEN)


def _common(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _details(model: StandInModel) -> Json:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": model.family,
        "families": [model.family],
        "parameter_size": "494.03M",
        "quantization_level": "Q4_K_M",
    }


def _listed(name: str, model: StandInModel) -> Json:
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-01-01T00:00:00Z",
        "size": 397821319,
        "digest": hashlib.sha256(re.sub(r":.*", "", name).encode()).hexdigest(),
        "details": _details(model),
    }
