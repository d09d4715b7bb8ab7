"""The commands about structure, findings and the whole project, against a gateway that answers over HTTP."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from aura_cli_running import Aura, JsonObject, Reply, StandIn
from aura_shared.paths import find_paths
from aura_shared.projects import Project, ProjectRegistry

FRESH: JsonObject = {"generation": 3, "pending": 2, "verified": True}
ORDER: JsonObject = {
    "name": "Order.total", "kind": "method", "path": "src/order.py", "line": 4, "end_line": 8, "public": True,
    "test": False, "entry": "",
}  # fmt: skip
PLACE: JsonObject = {**ORDER, "name": "place", "kind": "function", "path": "src/api.py", "line": 7}
TEST: JsonObject = {**ORDER, "name": "test_place", "kind": "function", "path": "tests/test_api.py", "line": 4}
FINDING: JsonObject = {
    "id": "3f9a1c07", "rule": "none-comparison", "level": "warning", "category": "correctness", "path": "src/order.py",
    "start_line": 5, "end_line": 5, "message": "Compare with `is`\x1b[31m.", "fixable": True, "suppressed": "",
}  # fmt: skip


@pytest.fixture
def project(folder: Path, aura_home: Path) -> Project:
    return ProjectRegistry(find_paths().prepare().projects).add(folder)[0]


@pytest.mark.requirement("C3", "P10")
def test_references_are_shown_by_file_with_their_confidence(aura: Aura, project: Project, gateway: StandIn) -> None:
    reference = {
        "path": "src/api.py", "line": 9, "column": 4, "kind": "call", "enclosing": "place", "confidence": "exact",
        "text": "order.total(0.2)",
    }  # fmt: skip
    gateway.reply(
        "POST /v1/references",
        {"definitions": [ORDER] * 6, "references": [reference], "total": 7, "more": True, "freshness": FRESH},
    )
    ran = aura("refs", "Order.total", "--kind", "call", "--confidence", "likely", "-n", "5")
    assert ran.out.splitlines()[0] == "src/order.py:4  Order.total  method"
    assert ran.out.splitlines()[5:] == [
        "and 1 more definitions with this name",
        "src/api.py",
        "     9  exact    order.total(0.2)  call in place",
    ]
    assert ran.err.strip() == "1 of 7 references · there are more: --limit 10 · 2 changed files not analysed yet"
    assert gateway.asked[-1][1] == {
        "project": project.id, "symbol": "Order.total", "kinds": ["call"], "paths": [], "confidence": "likely",
        "limit": 5,
    }  # fmt: skip


@pytest.mark.requirement("C3")
def test_a_place_is_told_from_a_name(aura: Aura, project: Project, gateway: StandIn) -> None:
    (Path(project.root) / "src").mkdir(exist_ok=True)
    (Path(project.root) / "src" / "order.py").write_text("x = 1\n")
    gateway.reply("POST /v1/references", {"reason": "Nothing uses it."})
    for named, fields in (
        ("src/order.py:4", {"path": "src/order.py", "line": 4}),
        ("src/order.py", {"path": "src/order.py"}),
        ("gone.py:4", {"symbol": "gone.py:4"}),
        ("std::vector", {"symbol": "std::vector"}),
    ):
        assert "Nothing uses it." in aura("refs", named).out
        asked = gateway.asked[-1][1]
        assert {key: asked[key] for key in ("symbol", "path", "line") if key in asked} == fields
    assert aura("refs", "  ").code == 2


def test_calls_are_shown_with_their_steps(aura: Aura, project: Project, gateway: StandIn) -> None:
    calls = [
        {"caller": PLACE, "callee": ORDER, "depth": 1, "line": 9, "confidence": "exact"},
        {"caller": {**TEST, "name": ""}, "callee": PLACE, "depth": 2, "line": 5, "confidence": "by name"},
    ]
    gateway.reply("POST /v1/calls", {"definitions": [ORDER], "calls": calls})
    ran = aura("calls", "Order.total", "--depth", "2")
    assert ran.out.splitlines()[1:] == [
        "exact    place  src/api.py:7  calls Order.total",
        "by name    tests/test_api.py itself  tests/test_api.py:4  calls place",
    ]
    ran = aura("calls", "place", "--callees")
    assert ran.out.splitlines()[1] == "exact    Order.total  src/order.py:4  called by place"
    assert gateway.asked[-1][1]["direction"] == "callees"


def test_a_hierarchy_is_shown_by_relation(aura: Aura, project: Project, gateway: StandIn) -> None:
    relatives = [
        {"relation": "supertype", "name": "Base", "symbol": ORDER, "depth": 1, "confidence": "exact"},
        {"relation": "supertype", "name": "external.Thing", "symbol": None, "depth": 2, "confidence": "exact"},
    ]
    gateway.reply("POST /v1/hierarchy", {"definitions": [], "relatives": relatives})
    ran = aura("hierarchy", "Order")
    assert ran.out.splitlines() == [
        "supertype",
        "exact      Base  src/order.py:4",
        "    external.Thing  outside the project",
    ]


def test_imports_are_shown_both_ways(aura: Aura, project: Project, gateway: StandIn) -> None:
    (Path(project.root) / "a.py").write_text("import os\n")
    one = {"path": "a.py", "line": 1, "module": "os", "name": "", "target": "", "typing_only": True, "deferred": False}
    two = {
        "path": "b.py",
        "line": 3,
        "module": "a",
        "name": "x",
        "target": "a.py",
        "typing_only": False,
        "deferred": True,
    }
    gateway.reply("POST /v1/imports", {"path": "a.py", "imports": [one], "imported_by": [two]})
    assert aura("imports", "a.py").out.splitlines() == [
        "imports",
        "     1  os  outside the project  types only",
        "imported by",
        "  b.py:3  a: x  deferred",
    ]


@pytest.mark.requirement("C3")
def test_impact_names_users_public_api_and_tests(aura: Aura, project: Project, gateway: StandIn) -> None:
    affected = {"symbol": PLACE, "distance": 1, "confidence": "exact", "via": "Order.total"}
    gateway.reply(
        "POST /v1/impact",
        {
            "definitions": [ORDER], "affected": [affected], "tests": [{**affected, "symbol": TEST, "distance": 2}],
            "public_api": [PLACE], "files": ["src/api.py"], "files_total": 2, "summary": "1 place uses it.",
        },
    )  # fmt: skip
    assert aura("impact", "Order.total").out.splitlines()[1:] == [
        "1 place uses it.",
        "may break",
        "exact      1  place  src/api.py:7  via Order.total",
        "public API and entry points",
        "place  src/api.py:7",
        "tests that reach it",
        "exact      2  test_place  tests/test_api.py:4  via Order.total",
    ]
    gateway.reply("POST /v1/tests-for", {"definitions": [], "tests": [affected], "files": ["t.py"], "total": 1})
    assert "1 test in 1 file" in aura("tests-for", "Order.total").err


def test_dead_code_cycles_and_entry_points(aura: Aura, project: Project, gateway: StandIn) -> None:
    dead = {"symbol": ORDER, "confidence": "high", "reason": "nothing uses it", "lines": 5}
    gateway.reply("POST /v1/dead-code", {"dead": [dead], "total": 1, "looked_at": 1200})
    ran = aura("dead", "src")
    assert ran.out.splitlines() == ["Order.total  high  src/order.py:4  nothing uses it"]
    assert "1,200 definitions judged" in ran.err
    step = {"path": "a.py", "line": 2, "module": "b", "name": "", "target": "b.py"}
    gateway.reply(
        "POST /v1/cycles",
        {"cycles": [{"files": ["a.py", "b.py"], "imports": [step], "size": 2, "severity": "at import"}]},
    )
    assert aura("cycles").out.splitlines() == ["2 files  at import", "  a.py:2  b"]
    gateway.reply("POST /v1/entry-points", {"entries": [{"symbol": PLACE, "reason": "main"}], "total": 1})
    assert aura("entries").out.splitlines() == ["place  src/api.py:7  main"]


ANALYSIS: JsonObject = {
    "findings": [FINDING, {**FINDING, "path": "z.py", "level": "hint", "fixable": False, "suppressed": "noqa"}],
    "total": 2, "levels": {"warning": 1, "hint": 1}, "silenced": 3, "files": 4, "seconds": 0.2, "failed": True,
    "tools": [
        {"name": "ruff", "ran": True, "findings": 1, "seconds": 0.1, "version": "1"},
        {"name": "mypy", "ran": False, "reason": "it is not installed"},
    ],
}  # fmt: skip


@pytest.mark.requirement("C4", "P10")
def test_an_analysis_is_shown_by_file_and_fails_as_asked(
    aura: Aura, project: Project, gateway: StandIn, tmp_path: Path
) -> None:
    gateway.reply("POST /v1/analyze", ANALYSIS)
    gateway.reply("POST /v1/findings/sarif", {"content": '{"version": "2.1.0"}', "findings": 2})
    sarif = tmp_path / "out.sarif"
    ran = aura("analyze", "--changed", "--level", "warning", "--fail-on", "warning", "--sarif", str(sarif))
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "src/order.py",
        "5  warning  Compare with `is`\\x1b[31m.  none-comparison 3f9a1c07 [fix]",
        "",
    ]
    assert "ruff 1: 1 finding in 100 ms" in ran.err
    assert "mypy did not run: it is not installed" in ran.err
    assert "1 warning, 1 hint · 3 silenced · 4 files · 200 ms" in ran.err
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    assert "noqa" in aura("analyze").out


@pytest.mark.requirement("C4")
def test_paths_to_analyse_become_globs_of_the_project(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/analyze", {**ANALYSIS, "failed": False, "findings": [], "reason": "Nothing was found."})
    (Path(project.root) / "lib").mkdir()
    (Path(project.root) / "one.py").write_text("x = 1\n")
    assert aura("analyze", "lib", "one.py", "src/**", ".").code == 0
    assert gateway.asked[-1][1]["paths"] == ["/lib/**", "/one.py", "src/**", "**"]
    assert aura("analyze", "/").code == 2
    assert aura("analyze", "--sarif", "/no/such/folder/x.sarif").code != 0


@pytest.mark.requirement("C4")
def test_fixes_are_shown_first_and_written_when_told(aura: Aura, project: Project, gateway: StandIn) -> None:
    fixed = {"path": "a.py", "diff": "-old\n+new\n", "findings": ["1"], "refused": ""}
    refused = {"path": "b.py", "diff": "", "refused": "it changed"}
    gateway.reply("POST /v1/findings/fix", {"files": [fixed, refused], "fixed": 1, "unfixable": 4})
    ran = aura("fix", "--all")
    assert ran.out.splitlines() == ["-old", "+new", "b.py: not changed: it changed"]
    assert ran.err.strip() == "1 finding can be fixed in 1 file · 4 have no certain fix · --apply writes it"
    gateway.reply("POST /v1/assist/refactor", {"change": {"id": "ab12cd34"}, "text": ""})
    gateway.reply("POST /v1/changes/apply", {"written": ["a.py"]})
    ran = aura("fix", "1", "--apply")
    assert ran.out == "a.py\n"
    assert "1 file fixed · aura changes undo ab12cd34 takes it back" in ran.err
    assert gateway.asked[-2][1]["findings"] == ["1"]
    assert gateway.asked[-1][1] == {"project": project.id, "change": "ab12cd34", "accept_open": True}
    assert aura("fix", "1", "--apply", "--json").json() == {"written": ["a.py"]}
    gateway.reply("POST /v1/assist/refactor", {"change": None, "text": "It changed."})
    ran = aura("fix", "1", "--apply")
    assert (ran.code, "It changed." in ran.err) == (4, True)
    assert aura("fix").code == 2


@pytest.mark.requirement("C4")
def test_the_baseline_and_the_rules(aura: Aura, project: Project, gateway: StandIn) -> None:
    gateway.reply("POST /v1/findings/baseline", {"path": ".aura/baseline.json", "entries": 3, "added": 2, "removed": 1})
    ran = aura("baseline", "--prune", "--yes")
    assert ran.out.strip() == ".aura/baseline.json silences 3 findings."
    assert gateway.asked[-1][1]["action"] == "prune"
    rule = {
        "id": "none-comparison", "level": "warning", "category": "correctness", "languages": ["python"], "on": True,
        "fixable": True, "what": "What.", "why": "Why.", "how": "How.",
    }  # fmt: skip
    gateway.reply("POST /v1/rules", {"rules": [rule], "problems": ["findings.on: unknown"]})
    ran = aura("rules")
    assert "none-comparison  warning  on  fix  python" in ran.out.splitlines()[1]
    assert "findings.on: unknown" in ran.err
    assert "  Why." in aura("rules", "none-comparison").out.splitlines()


@pytest.mark.requirement("C9", "C6", "W3")
def test_the_whole_project_in_several_ways(aura: Aura, project: Project, gateway: StandIn, tmp_path: Path) -> None:
    gateway.reply("POST /v1/symbol-map", {"text": "a.py:\n  def f()", "tokens": 9, "definitions": 1200, "more": True})
    ran = aura("map", "--focus", "src", "--query", "how")
    assert ran.out == "a.py:\n  def f()\n"
    assert "1,200 definitions ranked · about 9 tokens" in ran.err
    assert "--tokens raises" in ran.err
    gateway.reply("POST /v1/context", {"text": "code", "tokens": 1, "parts": [{}]})
    assert aura("context", "how", "are", "sessions").out == "code\n"
    assert gateway.asked[-1][1]["about"] == "how are sessions"
    gateway.reply("POST /v1/tree", {"text": "./", "files": 2})
    assert "2 files" in aura("tree", "--folders").err
    spot = {"path": "a.py", "commits": 4, "changed_lines": 9, "authors": 1, "complexity": 7, "lines": 40, "score": 0.5}
    gateway.reply("POST /v1/hotspots", {"hotspots": [spot], "days": 365})
    assert aura("hotspots").out.splitlines()[1].split() == ["0.50", "4", "9", "1", "7", "a.py"]
    gap = {
        "kind": "docs", "title": "No docs", "why": "It helps.", "offer": "Aura would write them.",
        "places": [{"path": "a.py", "line": 3, "text": "f"}],
    }  # fmt: skip
    gateway.reply("POST /v1/gaps", {"gaps": [gap, gap]})
    assert aura("gaps").out.splitlines()[:4] == [
        "No docs  docs", "  It helps.", "  a.py:3  f", "  → Aura would write them.",
    ]  # fmt: skip
    one = {"ecosystem": "PyPI", "name": "x", "version": "1", "wanted": "", "path": "r.txt", "line": 1, "direct": True}
    known = {"id": "A-1", "summary": "bad", "fixed": ["2"], "dependency": one, "source": "db"}
    gateway.reply(
        "POST /v1/dependencies",
        {
            "dependencies": [one], "total": 1, "vulnerabilities": [known], "missing_locks": ["package.json"],
            "notes": ["look"], "database": "db", "checked": 1, "seconds": 0.1,
        },
    )  # fmt: skip
    ran = aura("deps")
    assert "x 1  A-1  bad  fixed in 2" in ran.out
    assert "package.json has no lock file" in ran.out
    assert "1 compared with db" in ran.err
    gateway.reply("POST /v1/report", {"content": "# report", "format": "markdown"})
    assert aura("report", "--stdout").out == "# report\n"
    assert aura("report", "-o", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out" / "ai_report.html").read_text() == "# report"
    (tmp_path / "file").write_text("")
    assert aura("report", "-o", str(tmp_path / "file" / "below")).code == 2


@pytest.mark.requirement("C4", "C3")
def test_patterns_clones_and_similar_code(
    aura: Aura, project: Project, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = {"path": "a.py", "start_line": 3, "end_line": 3, "text": "get(x)", "rewritten": "take(x)", "symbol": "f"}
    gateway.reply("POST /v1/structural", {"hits": [hit, hit], "files": 2, "tried": ["python"], "seconds": 0.01})
    ran = aura("pattern", "get($X)", "--rewrite", "take($X)")
    assert "+take(x)" in ran.out.splitlines()
    assert "2 hits · 2 files parsed · tried as python · 10 ms" in ran.err
    place = {"path": "a.py", "start_line": 3, "end_line": 9, "symbol": "f", "similarity": 0.9, "kind": "renamed"}
    group = {"kind": "renamed", "lines": 7, "places": [place, place], "extract": True, "advice": "One name differs."}
    gateway.reply("POST /v1/clones", {"groups": [group, group], "total": 2, "functions": 9})
    ran = aura("clones")
    assert ran.out.splitlines()[:4] == [
        "2 copies of 7 lines  renamed · worth extracting",
        "   90%  a.py:3  f  renamed",
        "   90%  a.py:3  f  renamed",
        "  One name differs.",
    ]
    (Path(project.root) / "a.py").write_text("x = 1\n")
    gateway.reply("POST /v1/similar", {"places": [place]})
    gateway.reply("POST /v1/neighbours", {"places": [place], "method": "lsa"})
    assert "   90%  a.py:3  f" in aura("similar", "a.py:3").out
    assert "lsa" in aura("similar", "a.py:3", "--meaning").err
    monkeypatch.setattr("sys.stdin", io.StringIO("def f(): pass"))
    aura("similar", "-")
    assert gateway.asked[-1][1]["code"] == "def f(): pass"
    assert aura("similar", "a.py").code == 2


COMMANDS = [
    ("refs", "references"), ("calls", "calls"), ("hierarchy", "hierarchy"), ("impact", "impact"),
    ("tests-for", "tests-for"), ("context", "context"), ("pattern", "structural"),
]  # fmt: skip
BARE = [
    ("dead", "dead-code"), ("cycles", "cycles"), ("entries", "entry-points"), ("map", "symbol-map"), ("tree", "tree"),
    ("hotspots", "hotspots"), ("gaps", "gaps"), ("deps", "dependencies"), ("report", "report"), ("rules", "rules"),
    ("clones", "clones"), ("analyze", "analyze"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "route"), [*((f"{name} x", route) for name, route in COMMANDS), *BARE])
def test_every_command_prints_the_answer_as_json(
    command: str, route: str, aura: Aura, project: Project, gateway: StandIn
) -> None:
    gateway.reply(f"POST /v1/{route}", {"reason": "as it is"})
    assert aura(*command.split(), "--json").json() == {"reason": "as it is"}


def test_a_running_analysis_is_waited_for_or_refused(aura: Aura, project: Project, gateway: StandIn) -> None:
    told: JsonObject = {"code": "index_building", "message": "the analysis is under way: 3 of 9 files", "hint": ""}
    busy: Reply = (503, {"error": told})
    gateway.reply("GET /v1/projects", {"projects": [{"id": project.id, "phase": "ready"}]})
    gateway.reply("POST /v1/tree", busy, {"text": "./", "files": 1})
    ran = aura("tree")
    assert ran.code == 0
    assert "Waiting for Aura to analyse" in ran.err
    gateway.reply("POST /v1/tree", busy)
    assert aura("tree", "--no-wait").code != 0
