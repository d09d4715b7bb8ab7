"""The edit suite: answers with model-like defects over real sources, and what becomes of them."""

from __future__ import annotations

import os
import random
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


def test_the_suite_would_notice_a_wrong_text() -> None:
    rng = random.Random(1)
    case = make_case(rng, sources()[0], "search-replace", "none")
    assert case is not None
    assert case.expected is not None
    assert run_case(case)[0] == "right"
    spoiled = {path: text + "// more\n" for path, text in case.expected.items()}
    assert run_case(replace(case, expected=spoiled))[0] == "wrong"
    assert run_case(replace(case, answer=""))[0] == "refused"
