"""What Aura adds around a call to a model: time of a whole call, of a kept answer, and to the first streamed token.

usage: python tests/bench/model_overhead.py [--calls 300] [--warm-up 20] [--prompt 12000] [--json OUT]

A broker, the models process and a model server that answers at once (the stand-in for Ollama) run on loopback. The same
questions are asked through the bus and straight through the provider in this process; the difference of the two is
Aura's part: bus, queue, estimate, validation, look-up and storing of the answer, figures. Targets: p95 <= 50 ms for a
call, first token <= 30 ms later than the provider's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aura_models.budget import estimate_prompt
from aura_models.discovery import provider_for
from aura_models.figures import percentile
from aura_models.provider import ChatCall, ChatEnd, LLMProvider, ServerAddress
from aura_models.schemas import check, read_json_answer, server_schema
from aura_models_served import NUMBER_SCHEMA, question
from aura_shared.messages.core import Progress
from aura_shared.messages.models import Complete
from models_process import Running, running, settings_for
from ollama_standin import OllamaStandIn, Reply, StandInModel, ollama_standin
from shared_bus.brokers import short_paths

WORDS = "def total(cart):\n    return sum(item.price for item in cart)\n"
Timed = Callable[[Complete], Awaitable[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--warm-up", type=int, default=20)
    parser.add_argument("--prompt", type=int, default=12_000, help="characters of the prompt")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = asyncio.run(measure(options.calls, options.warm_up, options.prompt))
    print(f"Overhead around a model call, {platform.machine()}, Python {platform.python_version()}, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, {options.calls} calls, prompt of {options.prompt:,} characters")
    for name, values in results.items():
        print(f"  {name:<34}" + ", ".join(f"{key} {value:.1f} ms" for key, value in values.items()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


async def measure(calls: int, warm_up: int, prompt: int) -> dict[str, dict[str, float]]:
    """Percentiles in milliseconds by what was measured."""

    def reply(body: dict[str, Any], _prompt: str) -> Reply:
        return Reply(['{"number": 7}'] if "format" in body else ["Hello", ", ", "world."])

    standin = OllamaStandIn(models={"m:latest": StandInModel(context=16_384)}, reply=reply)
    with ollama_standin(standin), short_paths() as paths:
        async with running(paths, **settings_for(standin.url)) as models:
            address = ServerAddress(name="local", kind="ollama", url=standin.url)
            provider = provider_for(address)
            text = (WORDS * (prompt // len(WORDS) + 1))[:prompt]

            async def series(time_one: Timed, **more: object) -> list[float]:
                found: list[float] = []
                for number in range(warm_up + calls):
                    asked = question(f"{number} {time.monotonic_ns()}\n{text}", **more)
                    found.append(await time_one(asked) * 1000)
                return found[warm_up:]

            def whole(asked: Complete) -> Awaitable[float]:
                return _whole(models, asked)

            def first(asked: Complete) -> Awaitable[float]:
                return _first(models, asked)

            def own(asked: Complete) -> Awaitable[float]:
                return _own(provider, asked, only_first=False)

            def own_first(asked: Complete) -> Awaitable[float]:
                return _own(provider, asked, only_first=True)

            plain, plain_own = await series(whole), await series(own)
            data = await series(whole, answer_schema=NUMBER_SCHEMA)
            data_own = await series(own, answer_schema=NUMBER_SCHEMA)
            streamed, streamed_own = await series(first, stream=True), await series(own_first)
            asked = question(text)
            await models.bus.request(asked)
            kept = [await _whole(models, asked) * 1000 for _ in range(calls)]
            await provider.close()
    return {
        "text through Aura": _shown(plain),
        "text, provider alone": _shown(plain_own),
        "text, Aura's part": _difference(plain, plain_own),
        "JSON through Aura": _shown(data),
        "JSON, provider alone": _shown(data_own),
        "JSON, Aura's part": _difference(data, data_own),
        "first token through Aura": _shown(streamed),
        "first token, provider alone": _shown(streamed_own),
        "first token, Aura's part": _difference(streamed, streamed_own),
        "kept answer": _shown(kept),
    }


async def _whole(models: Running, asked: Complete) -> float:
    began = time.perf_counter()
    await models.bus.request(asked)
    return time.perf_counter() - began


async def _first(models: Running, asked: Complete) -> float:
    began = time.perf_counter()
    came: list[float] = []

    def take(_progress: Progress) -> None:
        came.append(time.perf_counter())

    await models.bus.request(asked, on_progress=take)
    return came[0] - began


async def _own(provider: LLMProvider, asked: Complete, *, only_first: bool) -> float:
    """The same question without Aura around the provider."""
    schema = asked.answer_schema
    call = ChatCall(
        model="m:latest",
        turns=asked.turns,
        max_tokens=asked.max_tokens,
        context_tokens=16_384,
        prompt_tokens=estimate_prompt(asked.turns),
        schema=None if schema is None else server_schema(schema),
    )
    began = time.perf_counter()
    first = 0.0
    pieces: list[str] = []
    async for piece in provider.chat(call):
        first = first or time.perf_counter() - began
        if not isinstance(piece, ChatEnd):
            pieces.append(piece.text)
    if schema is not None:
        check(read_json_answer("".join(pieces)), schema)
    return first if only_first else time.perf_counter() - began


def _shown(values: list[float]) -> dict[str, float]:
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}


def _difference(through: list[float], own: list[float]) -> dict[str, float]:
    return {
        "p50": percentile(through, 0.5) - percentile(own, 0.5),
        "p95": percentile(through, 0.95) - percentile(own, 0.5),
    }


if __name__ == "__main__":
    main()
