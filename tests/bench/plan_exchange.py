"""What import and export keep of plans of other tools, and how long they take.

    python tests/bench/plan_exchange.py [FORMAT FOLDER PATH]...

Without arguments only the times of made-up plans are printed. For each plan: how many things a plain count finds in the
source, how many become items, what a second import and an export into the same place change, whether an export into
nothing is read back as the same items, which words of the source stand in no item, and the time.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aura_planning.exchanging.contract import FORMATS, Bundle, FormatName
from aura_planning.exchanging.formats import reader_of
from aura_planning.exchanging.tree import Given, ProjectTree
from aura_shared.errors import EditRefused
from plan_exchange_lab import PlanLab, shape

_WORD = re.compile(r"[^\W_]{3,}")


def counted(form: FormatName, tree: ProjectTree, path: str, paths: set[str]) -> int:
    """How many things a plain count finds; by other means than the reader."""
    texts = {one: (tree.read(one) or b"").decode("utf-8", "replace") for one in paths}
    if form == "taskmaster":
        return _tasks(json.loads(texts[path]))
    if form == "bmad":
        listed = yaml.safe_load(texts[path])["development_status"]
        return sum(not str(key).endswith("-retrospective") for key in listed)
    if form == "backlog":
        return sum(text.lstrip().startswith("---") for text in texts.values())
    if form == "csv":
        return sum(any(cell.strip() for cell in row) for row in csv.reader(io.StringIO(texts[path]))) - 1
    if form == "gh-json":
        return len(json.loads(texts[path]))
    lists = [text for one, text in texts.items() if form == "task-list" or one.endswith("tasks.md")]
    box = r"^\s*[-*+] \[.\]\s*\**T\d{3,}" if form == "speckit" else r"^\s*[-*+] \[.\]\s+\S"
    return sum(len(re.findall(box, text, re.MULTILINE)) for text in lists)


def _tasks(value: Any) -> int:  # noqa: ANN401 - JSON
    parts = [value] if "tasks" in value else [part for part in value.values() if isinstance(part, dict)]
    return sum(1 + len(task.get("subtasks") or []) for part in parts for task in part["tasks"])


def sources(form: FormatName, tree: ProjectTree, path: str, bundle: Bundle) -> set[str]:
    """The files that were read."""
    if form in {"taskmaster", "bmad", "csv", "gh-json", "task-list"}:
        return {path}
    if form == "backlog":
        return {
            one for one in tree.files(bundle.source) if re.search(r"/(tasks|drafts|completed)/[^/]+\.md$", one)
        } - set(bundle.left)
    files = {one for one in tree.files(path) if re.search(r"/(spec|plan|tasks|proposal|design)\.md$", one)}
    return {one for one in files if form != "openspec" or "/changes/" in one}


def judge(form: FormatName, folder: str, path: str) -> None:
    """Print one plan."""
    tree, lab = ProjectTree(Path(folder)), PlanLab()
    began = time.perf_counter()
    bundle = reader_of(form)(tree, path)
    first = lab.bring(form, cast("Given", tree), path, lenient=True)
    seconds = time.perf_counter() - began
    kinds = Counter(one.kind for one in bundle.entries)
    files = sources(form, tree, path, bundle)
    wanted = counted(form, tree, path, files)
    units = {"speckit": kinds["task"], "openspec": kinds["task"], "taskmaster": len(bundle.entries) - kinds["epic"]}
    found = units.get(form, len(bundle.entries))
    again = len(lab.bring(form, cast("Given", tree), path, lenient=True).changes)
    rules = Counter(one.rule for one in first.findings if one.severity != "info")
    try:
        merged = str(len(lab.write(form, cast("Given", tree), path).files))
    except EditRefused:
        merged = "refused"
    written = lab.write(form, Given({}), path)
    before, after = shape(bundle), shape(reader_of(form)(Given(written.files), path))
    differ = sum((Counter(map(str, before)) - Counter(map(str, after))).values())
    text = "\n".join(data.decode("utf-8", "replace") for data in lab.files.values())
    there = set(_WORD.findall(text)) | set(_WORD.findall(" ".join(lab.files)))
    missed = sorted(word for word in _words(form, tree, files) if word not in there)
    needs = sum(len(one.depends_on) for one in bundle.entries)
    cells = [
        form, Path(folder).name, wanted, found, dict(kinds), needs, again, merged, f"{differ} of {len(before)}",
        len(missed), f"{seconds:.2f}",
    ]  # fmt: skip
    print(f"| {' | '.join(map(str, cells))} | {dict(rules)} {dict(written.lost)} {missed[:8]}")


def _words(form: FormatName, tree: ProjectTree, files: set[str]) -> set[str]:
    found: set[str] = set()
    for one in files:
        text = (tree.read(one) or b"").decode("utf-8", "replace")
        if form == "bmad":
            text = re.sub(r"(?s)\A.*?development_status:", "", text)
        if form in {"taskmaster", "gh-json"}:
            found.update(word for value in _strings(json.loads(text)) for word in _WORD.findall(value))
        else:
            found.update(_WORD.findall(text))
    return found


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in cast("dict[str, Any]", value).values() for text in _strings(one)]
    return [text for one in cast("list[Any]", value) for text in _strings(one)] if isinstance(value, list) else []


def made_up(count: int) -> None:
    """Times of a table of so many tasks, and of Python's own reading of it in the same run."""
    rows = [f"{n},task,Task number {n},todo,{max(1, n - 1) if n > 1 else ''},2" for n in range(1, count + 1)]
    text = "\n".join(["id,kind,title,status,depends_on,estimate", *rows, ""])
    lab, tree = PlanLab(), Given({"x.csv": text.encode()})
    began = time.perf_counter()
    list(csv.DictReader(io.StringIO(text)))
    plain = time.perf_counter() - began
    began = time.perf_counter()
    lab.bring("csv", tree, "x.csv")
    new = time.perf_counter() - began
    began = time.perf_counter()
    lab.bring("csv", tree, "x.csv")
    again = time.perf_counter() - began
    print(f"{count:>6} rows: csv alone {plain:.3f} s, first import {new:.2f} s, second {again:.2f} s", end="")
    for form in FORMATS:
        began = time.perf_counter()
        lab.write(form, Given({}), "x")
        print(f", {form} {time.perf_counter() - began:.2f}", end="")
    print(" s")


if __name__ == "__main__":
    for size in (200, 2000):
        made_up(size)
    arguments = sys.argv[1:]
    for at in range(0, len(arguments), 3):
        judge(cast("FormatName", arguments[at]), arguments[at + 1], arguments[at + 2])
