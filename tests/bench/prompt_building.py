"""What Aura adds to a call of a model: from the question until the model is asked, and from its answer to the end.

usage: python tests/bench/prompt_building.py [FOLDER] [--rounds 20] [--json OUT]

A real code service indexes and analyses FOLDER (Aura's own repository by default) over a bus without sockets, and a
model that answers at once takes the prompts. What is left is Aura's own part: gathering, packing and building the
prompt; validation, and what is streamed on. Target: p95 <= 50 ms with a warm index.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assist_rig import Rig
from aura_shared.errors import AuraError, IndexBuilding
from aura_shared.messages.assist import AskCode, ExplainCode, GenerateCode
from aura_shared.messages.code import Symbol
from aura_shared.messages.core import Progress, Request
from aura_shared.messages.insight import MapSymbols
from aura_shared.messages.models import Complete

ROOT = Path(__file__).resolve().parents[2]
TASKS = ("explain", "ask", "edit")


class Watch:
    """When a request was sent, its prompt arrived at the model, the first text came back, and the answer was there."""

    def __init__(self) -> None:
        self.began = self.asked = self.first = self.ended = 0.0
        self.answered = self.cpu = 0.0
        self.cpu_began = time.process_time()

    def answer(self, request: Complete) -> str:
        """The model: notes when it is asked, and answers at once."""
        self.asked = time.perf_counter()
        self.answered = self.asked
        self.cpu = time.process_time() - self.cpu_began
        return "It sums the lines [1]."

    def hear(self, progress: Progress) -> None:
        """Note when the first text arrives."""
        if progress.text and not self.first:
            self.first = time.perf_counter()


def request_for(task: str, project: str, symbol: Symbol) -> Request[Any]:
    """A request that ends after one call of the model."""
    if task == "explain":
        return ExplainCode(project=project, path=symbol.path, line=symbol.start_line)
    if task == "ask":
        return AskCode(project=project, question=f"what does {symbol.name.replace('_', ' ')} do?")
    return GenerateCode(
        project=project, instruction=f"Make {symbol.name} faster.", path=symbol.path, symbol=symbol.name,
        edit_format="symbol", tests=False,
    )  # fmt: skip


async def once(rig: Rig, task: str, symbol: Symbol) -> dict[str, float] | None:
    """Milliseconds of one request; None when it made no call (a name that several definitions have)."""
    watch = Watch()
    rig.models.answers = [watch.answer, "no", "no"]
    watch.began = time.perf_counter()
    try:
        await rig.client.request(request_for(task, rig.id, symbol), timeout_s=60, on_progress=watch.hear)
    except AuraError:
        return None
    watch.ended = time.perf_counter()
    if not watch.asked:
        return None
    figures = {"build_ms": (watch.asked - watch.began) * 1000, "cpu_ms": watch.cpu * 1000}
    if watch.first:
        figures["first_text_ms"] = (watch.first - watch.answered) * 1000
    if task != "edit":  # An edit goes on with its refusal, which is no part of a call.
        figures["all_ms"] = (watch.ended - watch.began) * 1000
    return figures


def summary(task: str, values: list[dict[str, float]]) -> dict[str, float | int | str]:
    """Median and 95th percentile of each figure."""
    row: dict[str, float | int | str] = {"task": task, "calls": len(values)}
    for key in ("build_ms", "cpu_ms", "first_text_ms", "all_ms"):
        found = sorted(one[key] for one in values if key in one)
        if len(found) > 1:
            row[f"{key}_p50"] = round(statistics.median(found), 1)
            row[f"{key}_p95"] = round(statistics.quantiles(found, n=20)[18], 1)
    return row


async def symbols_of(rig: Rig, count: int) -> list[Symbol]:
    """The best known functions of the project."""
    while True:  # The first analysis takes its time, and the service says so every few seconds.
        try:
            answer = await rig.client.request(MapSymbols(project=rig.id, budget=20_000), timeout_s=120)
            break
        except IndexBuilding:
            await asyncio.sleep(0.5)
    found = [entry for entry in answer.entries if entry.kind in {"function", "method"}]
    found = sorted(found, key=lambda entry: (-entry.weight, entry.path, entry.line))[:count]
    return [
        Symbol(name=one.name.rpartition(".")[2], kind=one.kind, path=one.path, start_line=one.line, end_line=one.line)
        for one in found
    ]


async def measure(folder: Path, rounds: int) -> list[dict[str, float | int | str]]:
    """The figures of all tasks."""
    rig = Rig()
    rows: list[dict[str, float | int | str]] = []
    await rig.start(folder)
    try:
        symbols = await symbols_of(rig, rounds)
        for task in TASKS:
            await once(rig, task, symbols[0])  # What is loaded once is no part of a call.
            for name in (f"{task} first", f"{task} warm"):  # At first the habits of each folder are measured.
                found = [await once(rig, task, symbol) for symbol in symbols]
                rows.append(summary(name, [one for one in found if one is not None]))
    finally:
        await rig.stop()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--rounds", type=int, default=20, help="how many definitions each task is about")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-") as home:
        os.environ["AURA_HOME"] = home
        rows = asyncio.run(measure(arguments.folder.resolve(), arguments.rounds))
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
