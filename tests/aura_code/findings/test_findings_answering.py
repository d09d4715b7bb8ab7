"""Questions about findings are answered from the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aura_code.findings.analysis import analyse_source
from aura_code.findings.answering import (
    explain_finding,
    findings_updated,
    fix_findings,
    list_findings,
    list_rules,
    summarise_findings,
    write_baseline,
)
from aura_code.findings.baseline import read_baseline
from aura_code.findings.fixing import digest_of
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Captures, Edit, Hit
from aura_code.findings.own_rules import UNUSED_IGNORE
from aura_code.findings.standards import standards_of
from aura_code.findings.store import Changes, FindingStore
from aura_code.syntax import SourceFile
from aura_code_rules import make_rule, python
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.messages.findings import (
    ExplainFinding,
    FindingLevel,
    FixFindings,
    ListFindings,
    ListRules,
    SummariseFindings,
    WriteBaseline,
)
from aura_shared.settings import FindingsSettings


def rename(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """Reports calls of `old`, and renames them."""
    for node in captures["at"]:
        if node.text == b"old":
            yield Hit(node, "old is called", (Edit(node.start_byte, node.end_byte, "new"),))


RENAMES = make_rule("renames", "(call function: (identifier) @at)")
RULES = RuleSet(
    [
        replace(RENAMES, parts=(replace(RENAMES.parts[0], check=rename),), level="error", category="style"),
        make_rule("prints", "(print_statement) @at"),
        make_rule("numbers", "(integer) @at"),
        UNUSED_IGNORE,
    ]
)
FILES = {
    "src/a.py": "old()\nold()\nx = 1\n",
    "src/b.py": "y = 2  # aura: ignore[numbers] fine\n",
    "tests/c.py": "old()\n",
}


class Project:
    """A project whose files are analysed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.store = FindingStore.open(folder / "findings.db")
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> Changes:
        """Write a file and analyse it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return self.store.replace_file(path, digest_of(text.encode()), analyse_source(python(text, path), RULES))

    def first(self, rule: str) -> str:
        """Identifier of the first finding of a rule."""
        return list_findings(self.store, ListFindings(project="p", rules=[rule])).findings[0].id


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Three files with six findings, one of them silenced."""
    project = Project(tmp_path)
    yield project
    project.store.close()


def listed(project: Project, **filters: object) -> list[str]:
    request = ListFindings.model_validate({"project": "p", **filters})
    answer = list_findings(project.store, request, read_baseline(project.root))
    return [f"{item.path}:{item.start_line} {item.rule}" for item in answer.findings]


@pytest.mark.requirement("C4")
def test_findings_are_listed_worst_first_and_filtered(project: Project) -> None:
    every = ["src/a.py:1 renames", "src/a.py:2 renames", "tests/c.py:1 renames", "src/a.py:3 numbers"]
    assert listed(project) == every
    assert listed(project, paths=["src/", "!src/b.py"]) == [every[0], every[1], every[3]]
    assert listed(project, levels=["warning"]) == [every[3]]
    assert listed(project, categories=["style"], limit=2, offset=1) == every[1:3]
    assert listed(project, fixable=True, rules=["numbers"]) == []
    assert listed(project, sources=["ruff"]) == []
    assert listed(project, silenced=True, rules=["numbers"]) == ["src/a.py:3 numbers", "src/b.py:1 numbers"]


def test_an_answer_counts_what_it_leaves_out(project: Project) -> None:
    answer = list_findings(project.store, ListFindings(project="p", limit=1))
    assert (answer.total, answer.more, answer.silenced, answer.reason) == (4, True, 1, "")
    assert answer.levels == {"error": 3, "warning": 1}
    (shown,) = answer.findings
    assert (shown.fingerprint.startswith(shown.id), shown.fixable, shown.message) == (True, True, "old is called")


def test_an_empty_answer_says_why(project: Project, tmp_path: Path) -> None:
    def reason(**filters: object) -> str:
        return list_findings(project.store, ListFindings.model_validate({"project": "p", **filters})).reason

    assert reason(paths=["nowhere/"]) == "The filters leave none of the 5 findings."
    assert reason(paths=["src/b.py"]) == "All 1 findings are silenced; ask with `silenced` to see them."
    assert reason(offset=9) == "There are no more than 5 findings."
    empty = FindingStore.open(tmp_path / "empty.db")
    assert "No file of the project is analysed yet" in list_findings(empty, ListFindings(project="p")).reason
    empty.replace_file("a.py", b"", [])
    assert list_findings(empty, ListFindings(project="p")).reason == "Nothing was found in the 1 analysed files."
    empty.close()


@pytest.mark.requirement("C4")
def test_an_explanation_teaches_and_shows_the_fix(project: Project) -> None:
    request = ExplainFinding(project="p", id=project.first("renames"), siblings=1)
    answer = explain_finding(project.store, project.root, RULES, request)
    assert (answer.title, answer.what, answer.why, answer.how) == ("A title", "What.", "Why.", "How.")
    assert (answer.code, answer.code_start_line) == (FILES["src/a.py"], 1)
    assert answer.fix is not None
    assert "-old()\n+new()\n" in answer.fix.diff
    assert answer.silence[0] == "On its line, or alone on the line before: # aura: ignore[renames] the reason"
    assert ([item.path for item in answer.siblings], answer.siblings_total) == (["src/a.py"], 2)


def test_a_finding_of_a_tool_is_explained_as_far_as_it_is_known(project: Project) -> None:
    (own, *_) = project.store.of_file("src/a.py")
    theirs = replace(own, rule="eslint:eqeqeq", source="eslint", fingerprint="e" * 32, edits=(), path="src/gone.js")
    project.store.replace_tool("eslint", [theirs])
    answer = explain_finding(project.store, project.root, RULES, ExplainFinding(project="p", id="eeeeeeee"))
    assert (answer.title, answer.what, answer.code, answer.fix) == ("old is called", "eslint reports this.", "", None)
    assert answer.silence[0] == "With the means of eslint: its comments or its configuration."
    with pytest.raises(NotFound):
        explain_finding(project.store, project.root, RULES, ExplainFinding(project="p", id="00000000"))


@pytest.mark.requirement("C4")
def test_fixes_are_shown_and_nothing_is_written(project: Project) -> None:
    shown = fix_findings(project.store, project.root, FixFindings(project="p", all=True))
    assert [(file.path, len(file.findings)) for file in shown.files] == [("src/a.py", 2), ("tests/c.py", 1)]
    assert (shown.fixed, shown.unfixable, shown.more) == (3, 1, False)
    assert (project.root / "src/a.py").read_text(encoding="utf-8") == FILES["src/a.py"]
    (project.root / "src/a.py").write_text("new()\n", encoding="utf-8")
    again = fix_findings(project.store, project.root, FixFindings(project="p", paths=["src/"]))
    assert again.reason.startswith("No file can be changed: src/a.py: it has changed since it was analysed")


def test_one_finding_is_chosen_by_its_identifier(project: Project) -> None:
    identifier = project.first("renames")
    assert fix_findings(project.store, project.root, FixFindings(project="p", ids=[identifier, identifier])).fixed == 1


def test_a_fix_that_changes_nothing_says_why(project: Project) -> None:
    def reason(**choice: object) -> str:
        request = FixFindings.model_validate({"project": "p", **choice})
        return fix_findings(project.store, project.root, request).reason

    assert reason(rules=["nothing"]) == "No finding is chosen by this."
    assert reason(rules=["numbers"]).startswith("None of the 1 findings has a fix that is certain")
    with pytest.raises(UsageProblem, match="found none of them"):
        reason()
    request = FixFindings(project="p", all=True, limit=1)
    assert fix_findings(project.store, project.root, request).more


@pytest.mark.requirement("C4")
def test_a_baseline_silences_what_is_there_today(project: Project) -> None:
    written = write_baseline(project.store, project.root, WriteBaseline(project="p"))
    assert (written.path, written.entries, written.added) == (".aura/baseline.json", 4, 4)
    assert listed(project) == []
    project.write("src/a.py", "old()\nx = 1\nz = 3\n")
    assert listed(project) == ["src/a.py:3 numbers"]
    pruned = write_baseline(project.store, project.root, WriteBaseline(project="p", action="prune"))
    assert (pruned.entries, pruned.added, pruned.removed) == (3, 0, 1)
    scoped = write_baseline(project.store, project.root, WriteBaseline(project="p", action="write", paths=["src/a.py"]))
    assert (scoped.entries, scoped.added, scoped.removed) == (4, 1, 0)
    summary = summarise_findings(project.store, SummariseFindings(project="p"), read_baseline(project.root))
    assert (summary.total, summary.silenced) == (0, {"baseline": 4, "inline": 1})


@pytest.mark.requirement("C4")
def test_a_summary_counts(project: Project) -> None:
    project.store.note_totals("2026-01-01", {"error": 9})
    summary = summarise_findings(project.store, SummariseFindings(project="p", top=1))
    assert (summary.total, summary.fixable, summary.files) == (4, 3, 3)
    assert (summary.levels, summary.categories) == ({"error": 3, "warning": 1}, {"style": 3, "security": 1})
    assert (summary.sources, summary.silenced) == ({"aura": 4}, {"inline": 1})
    assert [(item.name, item.count) for item in summary.rules] == [("renames", 3)]
    assert [(item.name, item.count) for item in summary.folders] == [("src", 3)]
    assert [(day.day, day.levels) for day in summary.trend] == [("2026-01-01", {"error": 9})]
    assert summarise_findings(project.store, SummariseFindings(project="p", paths=["x/"])).reason


def test_an_event_tells_what_is_new_and_what_is_gone(project: Project) -> None:
    event = findings_updated(project.store, "p", project.write("src/a.py", "old()\nz = 4\n"))
    assert event is not None
    assert (event.new, event.gone, event.levels) == (1, 2, {"error": 2, "warning": 1})
    assert [item.start_line for item in event.first] == [2]
    assert findings_updated(project.store, "p", project.write("src/a.py", "\nold()\nz = 4\n")) is None
    write_baseline(project.store, project.root, WriteBaseline(project="p"))
    changes = project.write("src/a.py", "")
    assert findings_updated(project.store, "p", changes, read_baseline(project.root)) is None


@pytest.mark.requirement("C4")
def test_rules_are_listed_as_they_hold_in_the_project() -> None:
    levels: dict[str, FindingLevel] = {"numbers": "hint"}
    standards = standards_of(RULES, FindingsSettings(off=("renames", "typo"), levels=levels))

    def rules(**filters: object) -> list[tuple[str, str, bool]]:
        answer = list_rules(RULES, standards, ListRules.model_validate({"project": "p", **filters}))
        assert answer.problems == ["findings.off: expected a rule, category, tag or *; found 'typo'"]
        assert bool(answer.reason) == (not answer.rules)
        return [(rule.id, rule.level, rule.on) for rule in answer.rules]

    numbers = ("numbers", "hint", True)
    assert rules() == [
        numbers,
        ("prints", "warning", True),
        ("renames", "error", False),
        ("unused-ignore", "hint", True),
    ]
    assert rules(rules=["numbers"]) == [numbers]
    assert [name for name, _, _ in rules(on_only=True, languages=["py"])] == ["numbers", "prints"]
    assert rules(categories=["performance"]) == []
    shown = list_rules(RULES, standards, ListRules(project="p", rules=["numbers"])).rules[0]
    assert (shown.what, shown.fixable, shown.replaced_by[0]) == ("What.", False, "ruff:S307")
