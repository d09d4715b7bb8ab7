"""Prints what becomes of model-like answers with defects, over the sources of given folders.

usage: python tests/bench/edit_suite.py [--seed SEED] [--count N] [--show N] [--per-folder N] FOLDER...
"""

from __future__ import annotations

import argparse
import difflib
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aura_factory.editing.outcomes import EditFormat
from edit_changes import Source
from edit_defects import Case, Tally, make_case, make_cases, read_source, run_case

SUFFIXES = (".py", ".js", ".ts", ".tsx", ".go", ".rs", ".java", ".c", ".h", ".cpp")
MOST_LINES = 2_500
LONG_LINES = 2_000
FORMATS: tuple[EditFormat, ...] = ("whole", "symbol", "search-replace")
FILLERS = {
    "python": "\n\ndef step_{number}(value):\n    total = value + {number}\n    return total * {number}\n",
    "javascript": "\nfunction step{number}(value) {{\n  const total = value + {number};\n  return total;\n}}\n",
    "typescript": "\nfunction step{number}(value: number): number {{\n  return value + {number};\n}}\n",
    "go": "\nfunc step{number}(value int) int {{\n\ttotal := value + {number}\n\treturn total\n}}\n",
    "rust": "\nfn step{number}(value: u32) -> u32 {{\n    let total = value + {number};\n    total\n}}\n",
}
"""Functions that make a file long."""


def sources_of(folders: list[Path], rng: random.Random, per_folder: int) -> list[Source]:
    """Fit sources of each folder."""
    found: list[Source] = []
    for folder in folders:
        paths = [
            path
            for path in sorted(folder.rglob("*"))
            if path.suffix in SUFFIXES and path.is_file() and ".git" not in path.parts
        ]
        rng.shuffle(paths)
        taken = 0
        for path in paths:
            if taken == per_folder:
                break
            source = read_source(path, path.relative_to(folder).as_posix())
            if source is not None and source.text.count("\n") <= MOST_LINES:
                found.append(source)
                taken += 1
    return found


def exact_first(text: str, sought: str, wanted: str) -> str | None:
    """The baseline that replaces the first text that is equal."""
    return text.replace(sought, wanted, 1) if sought in text else None


def closest(text: str, sought: str, wanted: str) -> str | None:
    """The baseline that replaces the run of as many lines that is most alike, from 0.8 on."""
    lines, size = text.split("\n"), sought.count("\n") + 1
    matcher = difflib.SequenceMatcher(None, "", sought, autojunk=False)
    best, at = 0.0, -1
    for start in range(len(lines) - size + 1):
        matcher.set_seq1("\n".join(lines[start : start + size]))
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, at = matcher.ratio(), start
    return None if best < 0.8 else "\n".join([*lines[:at], *wanted.split("\n"), *lines[at + size :]])


def baseline(case: Case, rule: Callable[[str, str, str], str | None]) -> str:
    """What a simple rule makes of the blocks of a case: right, refused or wrong."""
    text = case.files[case.path]
    blocks = re.findall(r"^<+ ?SEARCH[^\n]*\n(.*?)\n=+\n(.*?)\n?>+ ?REPLACE", case.answer, re.DOTALL | re.MULTILINE)
    for sought, wanted in blocks:
        changed = rule(text, sought, wanted)
        if changed is None:
            return "refused"
        text = changed
    if not blocks or case.finish == "length":
        return "refused"
    return "right" if case.expected is not None and text == case.expected[case.path] else "wrong"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seed", default="A")
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--per-folder", type=int, default=25)
    parser.add_argument("--show", type=int, default=0, help="print so many wrong cases")
    parser.add_argument("--refusals", type=int, default=0, help="print so many avoidable refusals")
    parser.add_argument("--baselines", action="store_true", help="compare search and replace with two simple rules")
    options = parser.parse_args()
    sources = sources_of(options.folders, random.Random(options.seed), options.per_folder)
    tally = Tally()
    times: list[float] = []
    compared: Counter[tuple[str, str]] = Counter()
    for case in make_cases(sources, options.seed, options.count):
        started = time.perf_counter()
        outcome, answered = run_case(case)
        times.append((time.perf_counter() - started) * 1000)
        tally.add(case, outcome)
        if options.baselines and case.format == "search-replace":
            compared["guarded cascade", outcome] += 1
            compared["exact first", baseline(case, exact_first)] += 1
            compared["closest from 0.8", baseline(case, closest)] += 1
        if outcome == "wrong" and options.show > 0:
            options.show -= 1
            show(case, answered)
        if outcome == "refused" and case.expected is not None and options.refusals > 0:
            options.refusals -= 1
            show(case, answered)
    for by in ("language", "format", "defect"):
        print("\n" + "\n".join(tally.rows(by)))
    for rule in dict.fromkeys(rule for rule, _outcome in compared):
        print(f"{rule:<26}" + "".join(f"{one} {compared[rule, one]:<6}" for one in ("right", "refused", "wrong")))
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"\n{len(times)} cases, ms median {statistics.median(times):.1f}, p95 {p95:.1f}")
    long_files(sources, options.seed)


def long_files(sources: list[Source], seed: str) -> None:
    """Print what edits of files of 2,000 lines cost, by language and format."""
    rng = random.Random(seed)
    print(f"\nfiles of {LONG_LINES:,} lines, ms of processor time, median and most")
    for language, filler in FILLERS.items():
        source = next((one for one in sources if one.language == language), None)
        if source is None:
            continue
        needed = max(0, LONG_LINES - source.text.count("\n"))
        more = "".join(filler.format(number=number) for number in range(needed // filler.count("\n") + 1))
        long = Source(source.path, source.text + more, source.language)
        for form in FORMATS:
            cases = [made for _ in range(10) if (made := make_case(rng, long, form, "none")) is not None]
            times: list[float] = []
            for case in cases:
                started = time.process_time()
                run_case(case)
                times.append((time.process_time() - started) * 1000)
            if times:
                print(f"{language:<12}{form:<16}{statistics.median(times):6.1f}{max(times):8.1f}")


def show(case: Case, answered: object) -> None:
    print("=" * 20, case.language, case.format, case.defect, case.change, case.path, case.symbol)
    files = getattr(answered, "files", None)
    for reason in getattr(answered, "reasons", ()):
        print("--", reason.kind, reason.path, reason.detail)
    print("notes", getattr(answered, "notes", ()))
    if case.format == "search-replace":
        print(case.answer[:3000])
    if case.expected is not None:
        old, want = case.files[case.path].split("\n"), case.expected[case.path].split("\n")
        print("\n".join(list(difflib.unified_diff(old, want, "old", "expected", lineterm="", n=2))[:60]))
        if files is not None:
            got = {**case.files, **files}[case.path].split("\n")
            print("\n".join(list(difflib.unified_diff(want, got, "expected", "got", lineterm="", n=2))[:60]))
    elif files:
        got = {**case.files, **files}[case.path].split("\n")
        print(
            "\n".join(
                list(difflib.unified_diff(case.files[case.path].split("\n"), got, "old", "got", lineterm="", n=2))[:60]
            )
        )


if __name__ == "__main__":
    main()
