"""Findings are exported as SARIF that fits the schema of its standard."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from fluidattacks_core.sarif import SarifLog
from pydantic import ValidationError

from aura_code.findings.analysis import analyse_source
from aura_code.findings.baseline import Entry
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit
from aura_code.findings.sarif import sarif_log
from aura_code_rules import make_rule, python

TEXT = "def f():\n    é = run()\n    go()  # aura: ignore[no-calls] all is well\n"
RULES = RuleSet([make_rule("no-calls", more="", bad="f()  # <-")])
PATH = "src/a b/ü.py"


def exported(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The log of two findings of ours, one with a fix, and of one of another tool."""
    first, second = analyse_source(python(TEXT, PATH), RULES)
    start = len("def f():\n    é = ".encode())
    first = replace(first, edits=(Edit(start, start + 3, "walk"), Edit(0, 0, "import x\n")))
    theirs = replace(first, rule="ruff:F841", source="ruff", level="hint", edits=(), symbol="")
    log = sarif_log([first, second, theirs], RULES, text_of=lambda _path: TEXT.encode(), **more)
    return json.loads(json.dumps(log))


@pytest.mark.requirement("C4")
def test_the_log_fits_the_schema() -> None:
    SarifLog.model_validate(exported())
    SarifLog.model_validate(exported(baseline={}))
    SarifLog.model_validate(json.loads(json.dumps(sarif_log([], RULES))))
    broken = exported()
    broken["runs"][0]["results"][0]["colour"] = "red"
    with pytest.raises(ValidationError):
        SarifLog.model_validate(broken)


@pytest.mark.requirement("C4")
def test_a_result_says_where_what_and_how_to_mend_it() -> None:
    own, other = exported()["runs"]
    assert (own["tool"]["driver"]["name"], other["tool"]["driver"]["name"]) == ("Aura", "ruff")
    result = own["results"][0]
    place = result["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "src/a%20b/%C3%BC.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 2, "startColumn": 9, "endLine": 2, "endColumn": 14},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "f"}]
    assert (result["ruleId"], result["level"], result["suppressions"]) == ("no-calls", "warning", [])
    replaced = result["fixes"][0]["artifactChanges"][0]["replacements"]
    assert [item["insertedContent"]["text"] for item in replaced] == ["import x\n", "walk"]
    assert replaced[1]["deletedRegion"] == {"startLine": 2, "startColumn": 9, "endLine": 2, "endColumn": 12}
    assert other["results"][0]["level"] == "note"
    assert other["tool"]["driver"]["rules"] == [{"id": "ruff:F841"}]
    assert "fixes" not in other["results"][0]


def test_rules_bring_their_explanation() -> None:
    (rule,) = exported()["runs"][0]["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"] == "What.\n\n**Why it matters.** Why.\n\n**Instead.** How."
    assert rule["defaultConfiguration"] == {"enabled": True, "level": "warning"}
    assert rule["properties"] == {"category": "security", "tags": ["security"]}


def test_silenced_findings_say_how() -> None:
    silenced = exported()["runs"][0]["results"][1]
    assert silenced["suppressions"] == [
        {"kind": "inSource", "justification": "all is well"},
    ]


def test_with_a_baseline_each_result_says_whether_it_is_new() -> None:
    first, _ = analyse_source(python(TEXT, PATH), RULES)
    results = exported(baseline={first.fingerprint: Entry("no-calls", PATH)})["runs"][0]["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new"]
    assert results[0]["suppressions"][0]["kind"] == "external"
    assert "baselineState" not in exported()["runs"][0]["results"][0]


def test_a_fix_is_left_out_when_the_file_is_not_what_was_analysed() -> None:
    first, _ = analyse_source(python(TEXT, PATH), RULES)
    log = sarif_log([replace(first, edits=(Edit(0, 1, "x"),))], RULES)
    assert '"fixes"' not in json.dumps(log)
