"""What is worth refactoring, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aura_code.findings.baseline import Entry
from aura_code.findings.standards import standards_of
from aura_code.refactoring.opportunities import Evidence, find_opportunities
from aura_code.refactoring.planning import plan_refactoring
from aura_shared.messages.insight import Hotspot
from aura_shared.messages.refactoring import FindOpportunities, Opportunity, PlanRefactoring
from aura_shared.messages.similar import CloneGroup, SimilarPlace
from aura_shared.settings import FindingsSettings
from refactoring_lab import Lab

pytestmark = pytest.mark.requirement("C5")

LONG = "def long(a):\n" + "".join(f"    if a == {number}:\n        print({number})\n" for number in range(45))


@pytest.fixture
def project(lab: Lab) -> Lab:
    lab.write(
        {
            "a.py": "import os\nimport re\n\n\nclass A(object):\n    def f(self, a):\n        return a == None\n",
            "b.py": "def _gone():\n    return 1\n\n\ndef used():\n    return 2\n",
            "long.py": LONG,
        }
    )
    return lab


def evidence(lab: Lab, settings: FindingsSettings | None = None, **more: object) -> Evidence:
    known = Evidence(
        root=lab.root,
        structure=lab.structure,
        findings=lab.findings,
        rules=lab.rules,
        standards=standards_of(lab.rules, settings or FindingsSettings()),
    )
    return replace(known, **more)  # pyright: ignore[reportArgumentType]


def found(known: Evidence, **fields: object) -> list[Opportunity]:
    request = FindOpportunities.model_validate({"project": "lab", **fields})
    return find_opportunities(known, request).opportunities


def hot(path: str, score: float, lines: int = 100) -> Hotspot:
    return Hotspot(path=path, commits=9, changed_lines=1, authors=1, complexity=9, lines=lines, score=score)


def test_every_kind_is_found_with_its_reason(project: Lab) -> None:
    place = SimilarPlace(path="a.py", start_line=5, end_line=30, symbol="A.f", similarity=1.0)
    group = CloneGroup(kind="renamed", similarity=0.9, lines=20, places=[place, place], extract=True, saves_lines=30)
    known = evidence(project, hotspots=lambda: [hot("long.py", 1.0, 1200)], clones=lambda: [group])
    every = found(known)
    assert {one.kind for one in every} == {
        "clean-imports", "modernise", "remove-dead", "fix-findings", "extract-clone", "split-function", "split-file",
    }  # fmt: skip
    assert [one.weight for one in every] == sorted((one.weight for one in every), reverse=True)
    by_kind = {one.kind: one for one in every}
    assert by_kind["clean-imports"].title == "Remove 2 unused imports from 1 file"
    assert by_kind["remove-dead"].symbol == "_gone"
    assert by_kind["split-function"].why == "91 lines with 46 ways through them. The file changed 9 times lately."
    assert "one function would save about 30" in by_kind["extract-clone"].why
    assert by_kind["split-file"].path == "long.py"


def test_what_needs_no_model_can_be_planned_as_it_is(project: Lab) -> None:
    for one in found(evidence(project)):
        if one.deterministic:
            request = PlanRefactoring.model_validate(one.request)
            plan = plan_refactoring(project.structure, project.findings, project.root, request, rules=project.rules)
            assert project.after(plan), one.title
        else:
            assert one.request == {}


def test_hot_files_weigh_more(project: Lab) -> None:
    cold = {one.kind: one.weight for one in found(evidence(project))}
    warm = {
        one.kind: one.weight for one in found(evidence(project, hotspots=lambda: [hot("a.py", 2.0), hot("b.py", 1.0)]))
    }
    assert warm["clean-imports"] == pytest.approx(2 * cold["clean-imports"], abs=0.002)
    assert cold["remove-dead"] < warm["remove-dead"] < 2 * cold["remove-dead"]


def test_rules_that_the_team_switched_off_give_nothing(project: Lab) -> None:
    settings = FindingsSettings(off=("unused-import", "none-comparison"))
    kinds = {one.kind for one in found(evidence(project, settings))}
    assert "clean-imports" not in kinds
    assert "fix-findings" not in kinds
    assert "remove-dead" in kinds


def test_the_baseline_paths_and_the_limit_hold(project: Lab) -> None:
    silenced = {row.fingerprint: Entry(row.rule, row.path) for row in project.findings.rows()}
    assert "fix-findings" not in {one.kind for one in found(evidence(project, baseline=silenced))}
    assert {one.path for one in found(evidence(project), paths=["b.py"])} == {"b.py"}
    answer = find_opportunities(evidence(project), FindOpportunities(project="lab", limit=1))
    assert answer.more
    assert len(answer.opportunities) == 1


def test_an_empty_project_says_why(lab: Lab) -> None:
    answer = find_opportunities(evidence(lab), FindOpportunities(project="lab"))
    assert answer.opportunities == []
    assert answer.reason.startswith("No finding with a fix")
