"""Rule files are read with exact errors, and a broken one does not stop the others."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aura_code.findings.checking import check_source
from aura_code.findings.loading import GROUP, RuleFileError, RuleSet, load_rules, load_rules_of, read_rule, with_options
from aura_code_rules import make_rule, python, rule_text

GOOD = rule_text("(call) @at")


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace('"warning"', '"bad"'), "r.toml: level: must be 'error', 'warning' or 'hint'; found 'bad'"),
        (GOOD.replace('["python"]', '["pyton"]'), "on.0.languages: expected languages with a grammar; found 'pyton'"),
        (GOOD.replace("default = true", ""), "r.toml: default: expected a value; found none"),
        (GOOD.replace("default = true", "default = 1"), "r.toml: default: must be a valid boolean; found 1"),
        (GOOD.replace('what = "What."', 'what = ""'), "r.toml: what: must not be empty; found ''"),
        (f"colour = 3\n{GOOD}", "r.toml: colour: expected no such key; found 3"),
        ("title = ", "r.toml: must be TOML"),
        (GOOD.replace("(call) @at", ""), "on.0: expected a query, a check, or both; found neither"),
        (GOOD.replace("(call) @at", "(call)"), "on.0.query: expected the capture @at"),
        (GOOD.replace("(call) @at", '((call) @at (#eq? @at "x"))'), "on.0.query: expected no predicates"),
        (rule_text("(call) @at", check="os"), "on.0.check: expected package.module:function; found 'os'"),
        (rule_text("(call) @at", check="os:nothing"), "on.0.check: cannot load os:nothing: AttributeError"),
        (rule_text("(call) @at", check="os:name"), "on.0.check: expected a function; found str"),
    ],
)
def test_an_error_names_file_key_expectation_and_finding(text: str, sentence: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        read_rule("r", text)
    assert sentence in str(caught.value)


def test_the_name_of_a_rule_has_lower_case_words() -> None:
    with pytest.raises(RuleFileError, match="lower case with dashes; found 'Not_Good'"):
        read_rule("Not_Good", GOOD)


@pytest.mark.requirement("P6")
def test_a_package_of_rules_is_found_and_its_broken_files_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "house_rules"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "no-calls.toml").write_text(GOOD, encoding="utf-8")
    (package / "broken.toml").write_text("level = 1", encoding="utf-8")
    (package / "latin.toml").write_bytes(b"title = '\xff'")
    (package / "README.md").write_text("no rule", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("house", "house_rules", GROUP),
        EntryPoint("twice", "house_rules", GROUP),
        EntryPoint("gone", "no_such_package_of_rules", GROUP),
    ]
    rules = load_rules_of(points)
    sys.modules.pop("house_rules", None)
    assert "no-calls" in rules
    assert sorted(problem.rule for problem in rules.problems) == ["broken", "gone", "latin"]
    assert [hit.rule.id for hit in check_source(python("run()"), rules)] == ["no-calls"]


@pytest.mark.requirement("P6")
def test_an_installed_package_of_rules_takes_part_by_itself(tmp_path: Path) -> None:
    package = tmp_path / "team_rules"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "team-rule.toml").write_text(GOOD, encoding="utf-8")
    info = tmp_path / "team_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: team-rules\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[aura.rules]\nteam = team_rules\n", encoding="utf-8")
    (tmp_path / "code.py").write_text("run()\n", encoding="utf-8")
    command = [sys.executable, "-m", "aura_code.findings.try_rules", "--rule", "team-rule", str(tmp_path / "code.py")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/code.py:1 team-rule A message.\n"


@pytest.mark.requirement("P6")
def test_aura_brings_rules_of_its_own() -> None:
    assert "unused-ignore" in load_rules()
    assert load_rules().get("no-such-rule") is None


def test_the_first_of_two_rules_with_one_name_is_kept() -> None:
    first, second = make_rule("same"), make_rule("same", "(module) @at")
    assert [rule.parts for rule in RuleSet([first, second])] == [first.parts]


def test_options_reach_a_check_that_takes_three_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checks_with_options.py").write_text(
        "from aura_code.findings.model import Hit\n"
        "def long(file, captures, options):\n"
        "    lines = len(file.starts) - 1\n"
        "    if lines > options['lines']:\n"
        "        yield Hit((0, 1), f'{lines} lines')\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    rule = make_rule("long", "", check="checks_with_options:long", more="[options]\nlines = 3")
    file = python("a = 1\nb = 2\n")
    assert check_source(file, RuleSet([rule])) == []
    stricter = with_options(rule, {"lines": 1, "unknown": 5})
    assert stricter.options == {"lines": 1}
    assert [hit.message for hit in check_source(file, RuleSet([stricter]))] == ["2 lines"]
