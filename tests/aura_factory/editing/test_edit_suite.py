"""The edit suite: answers with model-like defects over real sources, and what becomes of them."""

from __future__ import annotations

import os
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edit_changes import Source
from edit_defects import Tally, make_case, make_cases, read_source, run_case
from printed_tables import PRINTED, RecordProperty

SOURCES = Path(__file__).with_name("sources")
SERVICES = Path(__file__).resolve().parents[3] / "services"
OWN_PYTHON = (
    "aura_bus/broker.py",
    "aura_code/findings/model.py",
    "aura_supervisor/restarts.py",
    "aura_code/ranking.py",
)
CASES_PER_SEED = 480
FILLERS = {
    "python": "\n\ndef step_{number}(value):\n    total = value + {number}\n    return total * {number}\n",
    "javascript": "\nfunction step{number}(value) {{\n  const total = value + {number};\n  return total;\n}}\n",
    "typescript": "\nfunction step{number}(value: number): number {{\n  return value + {number};\n}}\n",
    "go": "\nfunc step{number}(value int) int {{\n\ttotal := value + {number}\n\treturn total\n}}\n",
    "rust": "\nfn step{number}(value: u32) -> u32 {{\n    let total = value + {number};\n    total\n}}\n",
}
"""Functions that make a file long."""


def sources() -> list[Source]:
    """Sources of several languages, those in JavaScript, TypeScript, Go and Rust written for this suite."""
    paths = [*sorted(SOURCES.iterdir()), *(SERVICES / name for name in OWN_PYTHON)]
    found = [read_source(path, f"lib/{path.name}") for path in paths]
    return [source for source in found if source is not None]


@pytest.mark.requirement("C5", "C7")
@pytest.mark.parametrize("seed", ["first", os.environ.get("AURA_EDIT_SEED", "second")])
def test_no_answer_writes_a_wrong_text(seed: str, record_property: RecordProperty) -> None:
    tally = Tally()
    wrong: list[str] = []
    for case in make_cases(sources(), seed, CASES_PER_SEED):
        outcome, answered = run_case(case)
        tally.add(case, outcome)
        if outcome == "wrong":
            what = f"{case.defect}, {case.format}, {case.change}, {case.path}"
            wrong.append(f"seed {seed}: {what}\n{case.answer}\n{answered}")
    tables = ("\n".join(tally.rows(by)) for by in ("language", "defect"))
    record_property(f"{PRINTED}edit suite, seed {seed}", "\n\n".join(tables))
    assert not wrong, "\n\n".join(wrong)
    resolvable = tally.total(resolvable=True)
    assert sum(tally.counts.values()) >= 400
    assert tally.total(resolvable=True, outcome="right") >= 0.9 * resolvable, f"seed {seed}"
    assert {key[0] for key in tally.counts} >= {"python", "javascript", "typescript", "go", "rust"}


@pytest.mark.requirement("C5")
@pytest.mark.parametrize("name", ["ledger.js", "router.ts", "queue.go", "cache.rs", "broker.py"])
def test_an_edit_of_a_file_of_two_thousand_lines_takes_less_than_100_ms(name: str) -> None:
    found = [source for source in sources() if source.path.endswith(name)]
    source = found[0]
    filler = FILLERS[source.language]
    needed = 2_000 - source.text.count("\n")
    more = "".join(filler.format(number=number) for number in range(needed // filler.count("\n") + 1))
    long = Source(source.path, source.text + more, source.language)
    rng = random.Random(name)
    times: list[float] = []
    for form, defect in (("search-replace", "outdented"), ("search-replace", "stale"), ("whole", "none")):
        for _try in range(3):
            case = make_case(rng, long, form, defect)  # pyright: ignore[reportArgumentType] - they are formats
            if case is not None:
                started = time.process_time()
                run_case(case)
                times.append((time.process_time() - started) * 1000)
    assert statistics.median(times) < 100


def test_the_suite_would_notice_a_wrong_text() -> None:
    rng = random.Random(1)
    case = make_case(rng, sources()[0], "search-replace", "none")
    assert case is not None
    assert case.expected is not None
    assert run_case(case)[0] == "right"
    spoiled = {path: text + "// more\n" for path, text in case.expected.items()}
    assert run_case(replace(case, expected=spoiled))[0] == "wrong"
    assert run_case(replace(case, answer=""))[0] == "refused"
