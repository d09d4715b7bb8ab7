"""Tools are found and called only where that is safe; what they find becomes findings without repeats."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from aura_code.findings.model import Finding, Rule
from aura_code.syntax import Span
from aura_code.tools import NotRun, merge_findings, not_told, run_tools, trust_for
from aura_code.tools.running import run_bounded

pytestmark = pytest.mark.requirement("C4")

VENV = str(Path(sys.executable).parent)


def write(root: Path, path: str, text: str, *, program: bool = False) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if program:
        file.chmod(0o755)
    return file


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the project that is first on PATH; nothing else but the system is on it."""
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/usr/bin", "/bin"]))
    return folder


def test_ruff_of_the_person_reads_the_project_with_its_own_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", VENV)
    write(tmp_path, "pyproject.toml", '[tool.ruff.lint]\nselect = ["F"]\n')
    write(tmp_path, "a.py", "import os\n\n\ndef f():\n    return missing\n")
    write(tmp_path, "b.py", "import sys  # aura: ignore[ruff:F401] kept for its effect\nimport re  # noqa: F401\n")
    outcome = run_tools(tmp_path)
    assert [(one.path, one.rule, one.level, one.symbol, tuple(one.span)) for one in outcome.findings] == [
        ("a.py", "ruff:F401", "warning", "", (1, 7, 1, 9)),
        ("a.py", "ruff:F821", "error", "f", (5, 11, 5, 18)),
        ("b.py", "ruff:F401", "warning", "", (1, 7, 1, 10)),
    ]
    assert [tuple(edit) for edit in outcome.findings[0].edits] == [(0, 10, "")]
    assert (outcome.findings[2].suppressed, outcome.findings[2].reason) == ("inline", "kept for its effect")
    assert {one.source for one in outcome.findings} == {"ruff"}
    assert len({one.fingerprint for one in outcome.findings}) == 3
    assert [run[0:4] for run in outcome.ran] == [("ruff", str(Path(VENV) / "ruff"), "", 3)]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.py", "b.py", "pyproject.toml"]
    assert [one.path for one in run_tools(tmp_path, ["b.py", "pyproject.toml"]).findings] == ["b.py"]
    assert run_tools(tmp_path, ["README.md"]).ran == ()
    assert run_tools(tmp_path, []).ran == ()
    assert run_tools(tmp_path, limit=1).more


def test_basedpyright_runs_and_keeps_only_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([VENV, "/usr/bin", "/bin"]))
    write(tmp_path, "pyproject.toml", '[tool.basedpyright]\ntypeCheckingMode = "basic"\n[tool.ruff]\n')
    write(tmp_path, "a.py", 'def f(a: int) -> str:\n    return a + "é"\n\n\nprint(undefined)\n')
    write(tmp_path, "b.py", 'x: int = ""\n')
    outcome = run_tools(tmp_path, ["a.py"], rules=[])
    assert [(one.rule, one.span.start_line) for one in outcome.findings] == [
        ("basedpyright:reportOperatorIssue", 2),
        ("ruff:F821", 5),
    ]


def test_a_package_below_the_root_has_tools_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", VENV)
    write(tmp_path, "services/api/ruff.toml", "")
    write(tmp_path, "services/api/src/a.py", "import os\n")
    write(tmp_path, "other.py", "import os\n")
    outcome = run_tools(tmp_path)
    assert [one.path for one in outcome.findings] == ["services/api/src/a.py"]
    assert [run.folder for run in outcome.ran] == ["services/api"]
    assert [one.path for one in run_tools(tmp_path, ["services/api/src/a.py", "other.py"]).findings] == [
        "services/api/src/a.py"
    ]


def test_nothing_runs_when_the_person_says_never(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "ruff.toml", "")
    assert run_tools(tmp_path, trust="never").not_run == (NotRun("", "`findings.tools` is `never` in your settings"),)


def test_a_tool_that_is_off_is_not_called(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "ruff.toml", "")
    write(path, "ruff", f"#!/bin/sh\ntouch {tmp_path}/ran\n", program=True)
    assert run_tools(tmp_path, off=["ruff"]).not_run == (NotRun("ruff", "`findings.tools_off` names it"),)
    assert not (tmp_path / "ran").exists()


def test_a_tool_inside_the_project_runs_only_where_the_person_allows_it(tmp_path: Path, path: Path) -> None:
    witness = tmp_path / "ran"
    write(tmp_path, "biome.json", "{}")
    write(tmp_path, "src/a.ts", "debugger\n")
    write(tmp_path, "node_modules/.bin/biome", f"#!/bin/sh\ntouch {witness}\necho '{{}}'\n", program=True)
    refused = run_tools(tmp_path)
    assert not witness.exists()
    assert [one.tool for one in refused.not_run] == ["biome"]
    assert (
        "installed inside the project only; name the project in `findings.run_project_tools`"
        in refused.not_run[0].reason
    )
    assert [run.tool for run in run_tools(tmp_path, trust="project").ran] == ["biome"]
    assert witness.exists()


def test_a_folder_of_the_project_on_path_counts_as_the_project(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "ruff.toml", "")
    write(tmp_path, "bin/ruff", "#!/bin/sh\ntouch ran\n", program=True)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), "bin", ""]))
    monkeypatch.chdir(tmp_path)
    outcome = run_tools(tmp_path)
    assert outcome.ran == ()
    assert outcome.not_run == (NotRun("ruff", "ruff.toml asks for it, and it is not installed on PATH"),)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("config", "text", "program", "why"),
    [
        ("eslint.config.js", "", "eslint", "its configuration and plugins are code"),
        ("mypy.ini", "[mypy]\nplugins = evil.py\n", "mypy", "mypy.ini names plugins or an interpreter"),
        ("pyrightconfig.json", '{"venvPath": "."}', "pyright", "names an interpreter"),
        (".golangci.yml", "version: 2\n", "golangci-lint", "may load plugins"),
    ],
    ids=["eslint", "mypy plugins", "pyright interpreter", "golangci plugins"],
)
def test_what_runs_code_of_the_project_waits_for_permission(
    tmp_path: Path, path: Path, config: str, text: str, program: str, why: str
) -> None:
    write(tmp_path, config, text)
    witness = write(path, program, f"#!/bin/sh\ntouch {tmp_path}/ran\n", program=True)
    outcome = run_tools(tmp_path)
    assert witness.exists()
    assert not (tmp_path / "ran").exists()
    assert [one.tool for one in outcome.not_run] == [program]
    assert why in outcome.not_run[0].reason
    run_tools(tmp_path, trust="project")
    assert (tmp_path / "ran").exists()


def test_an_environment_in_the_project_keeps_pyright_from_starting_its_interpreter(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "pyrightconfig.json", "{}")
    write(tmp_path, ".venv/pyvenv.cfg", "")
    write(path, "pyright", "#!/bin/sh\necho '{}'\n", program=True)
    assert "starts the interpreter of .venv" in run_tools(tmp_path).not_run[0].reason
    (tmp_path / ".venv/pyvenv.cfg").unlink()
    assert [run.tool for run in run_tools(tmp_path).ran] == ["pyright"]


def test_cargo_is_not_called_when_it_would_write_a_lock(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "Cargo.toml", "[package]\n")
    write(path, "cargo", "#!/bin/sh\nexit 0\n", program=True)
    outcome = run_tools(tmp_path, trust="project")
    assert outcome.not_run == (NotRun("clippy", "there is no Cargo.lock, and cargo would write one"),)
    write(tmp_path, "Cargo.lock", "")
    scratch = tmp_path.parent / "scratch"
    assert [run.tool for run in run_tools(tmp_path, trust="project", scratch=scratch).ran] == ["clippy"]
    assert scratch.is_dir()


def test_go_vet_is_left_out_when_golangci_lint_runs(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "go.mod", "module m\n")
    write(tmp_path, ".golangci.yml", "")
    write(path, "golangci-lint", "#!/bin/sh\necho '{\"Issues\": []}'\n", program=True)
    write(path, "go", "#!/bin/sh\necho '{}' >&2\n", program=True)
    assert [run.tool for run in run_tools(tmp_path).ran] == ["govet"]
    assert [run.tool for run in run_tools(tmp_path, trust="project").ran] == ["golangci-lint"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'Error: no such rule' >&2; exit 2", "exit code 2: Error: no such rule"),
        (
            "echo 'oops'; exit 0",
            "exit code 0, and its output is not understood (not JSON: Expecting value: line 1 column 1 (char 0)): oops",
        ),
        ("exit 1", "exit code 1: it said nothing"),
        ("sleep 60", "took longer than 0 s"),
        ("yes", "printed more than 32 MB"),
    ],
    ids=["crash", "other output", "silence", "too slow", "too much"],
)
def test_a_tool_that_fails_costs_only_a_note(tmp_path: Path, path: Path, script: str, reason: str) -> None:
    write(tmp_path, "ruff.toml", "")
    write(path, "ruff", f"#!/bin/sh\n{script}\n", program=True)
    timeout = 0.2 if "sleep" in script else 30
    outcome = run_tools(tmp_path, timeout_s=timeout)
    assert (outcome.findings, outcome.ran) == ((), ())
    assert outcome.not_run == (NotRun("ruff", reason),)


def test_a_tool_learns_no_token_and_no_proxy(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "https_proxy", "SSH_AUTH_SOCK", "PYTHONPATH", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "secret")
    write(tmp_path, "ruff.toml", "")
    seen = tmp_path.parent / "seen"
    write(path, "ruff", f"#!/bin/sh\nenv > {seen}\necho '[]'\n", program=True)
    assert [run.tool for run in run_tools(tmp_path).ran] == ["ruff"]
    assert "secret" not in seen.read_text()


def test_what_a_tool_started_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    script = write(tmp_path, "tool", f"#!/bin/sh\n(sleep 2; touch {mark}) &\nsleep 30\n", program=True)
    begin = time.monotonic()
    ran = run_bounded([str(script)], tmp_path, path="/usr/bin:/bin", timeout_s=0.3)
    assert (ran.code, ran.problem) == (-1, "took longer than 0 s")
    assert time.monotonic() - begin < 2
    assert not mark.exists()
    assert "cannot be started" in run_bounded([str(tmp_path / "gone")], tmp_path, path="").problem


def test_a_tool_that_speaks_of_files_elsewhere_is_not_followed(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "ruff.toml", "")
    item = '{"code":"F401","filename":"../secret.py","location":{"row":1,"column":1},"message":"m"}'
    write(path, "ruff", f"#!/bin/sh\necho '[{item}]'\n", program=True)
    assert run_tools(tmp_path).findings == ()


@pytest.mark.parametrize(
    ("tools", "trusted", "expected"),
    [
        ("never", ["{root}"], "never"),
        ("installed", [], "installed"),
        ("installed", ["{root}/"], "project"),
        ("installed", ["{root}/.."], "installed"),
    ],
    ids=["never", "default", "named", "only the folder above named"],
)
def test_trust_comes_from_the_own_settings(tmp_path: Path, tools: str, trusted: list[str], expected: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    assert trust_for(root, tools, [entry.format(root=root) for entry in trusted]) == expected


def test_typescript_without_its_dependencies_is_not_checked(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "tsconfig.json", "{}")
    write(tmp_path, "package.json", '{"devDependencies": {"a": "1"}}')
    seen = tmp_path.parent / "arguments"
    write(path, "tsc", f'#!/bin/sh\necho "$@" > {seen}\n', program=True)
    assert "the dependencies are not installed" in run_tools(tmp_path).not_run[0].reason
    (tmp_path / "node_modules").mkdir()
    assert [run.tool for run in run_tools(tmp_path).ran] == ["tsc"]
    assert "--noEmit --pretty false --incremental --tsBuildInfoFile" in seen.read_text()


@pytest.mark.parametrize(
    ("config", "files", "targets"),
    [
        ("[mypy]\n", ["shop/__init__.py", "tests/__init__.py", "tools.py"], "shop"),
        ("[mypy]\n", ["src/shop/__init__.py", "other/__init__.py"], "src"),
        ("[mypy]\n", ["shop.py"], "."),
        ("[mypy]\nfiles = shop.py\n", ["shop.py"], "--cache-dir=/dev/null"),
    ],
    ids=["packages", "src", "everything", "as configured"],
)
def test_mypy_looks_at_packages_unless_the_project_says_at_what(
    tmp_path: Path, path: Path, config: str, files: list[str], targets: str
) -> None:
    write(tmp_path, "mypy.ini", config)
    for file in files:
        write(tmp_path, file, "")
    seen = tmp_path.parent / "arguments"
    write(path, "mypy", f'#!/bin/sh\necho "$@" > {seen}\n', program=True)
    assert [run.tool for run in run_tools(tmp_path).ran] == ["mypy"]
    assert seen.read_text().split()[-1] == targets


def test_bandit_takes_its_own_configuration(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool.bandit]\n")
    seen = tmp_path.parent / "arguments"
    write(path, "bandit", f"#!/bin/sh\necho \"$@\" > {seen}\necho '{{}}'\n", program=True)
    assert run_tools(tmp_path).not_run == ()
    assert seen.read_text() == "-q -f json -c pyproject.toml -x ./.venv,./venv,./node_modules,./.git -r .\n"
    write(tmp_path, ".bandit", "[bandit]\n")
    run_tools(tmp_path)
    assert seen.read_text() == "-q -f json --ini .bandit -r .\n"


def test_modules_that_are_not_installed_are_told_once(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "mypy.ini", "[mypy]\n")
    write(tmp_path, "a.py", "import a\n" * 9)
    codes = ["import-not-found"] * 4 + ["unused-ignore", "arg-type"]
    lines = "".join(
        f'{{"file": "a.py", "line": {line}, "column": 0, "message": "m", "code": "{code}", "severity": "error"}}\n'
        for line, code in enumerate(codes, 1)
    )
    write(tmp_path.parent, "said", lines)
    write(path, "mypy", f"#!/bin/sh\ncat {tmp_path.parent}/said\nexit 1\n", program=True)
    outcome = run_tools(tmp_path)
    assert [one.rule for one in outcome.findings] == ["mypy:arg-type"]
    assert outcome.not_run[0].reason.startswith("it does not find 4 imported modules, so 5 findings")
    write(tmp_path.parent, "said", "".join(lines.splitlines(keepends=True)[2:]))
    assert len(run_tools(tmp_path).findings) == 4


def test_the_message_of_a_failure_is_taken_out_of_json(tmp_path: Path, path: Path) -> None:
    write(tmp_path, "mypy.ini", "[mypy]\n")
    said = {"file": "a.py", "line": -1, "message": 'Duplicate module named "a"', "severity": "error"}
    write(tmp_path.parent, "said", json.dumps(said))
    write(path, "mypy", f"#!/bin/sh\ncat {tmp_path.parent}/said\nexit 2\n", program=True)
    assert run_tools(tmp_path).not_run == (NotRun("mypy", 'exit code 2: Duplicate module named "a"'),)


def finding(rule: str, line: int, source: str = "aura", path: str = "a.py") -> Finding:
    return Finding(
        rule, "warning", "correctness", path, Span(line, 0, line, 1), "m", "", f"{rule}{line}", source=source
    )


def rule(identifier: str, *replaced_by: str) -> Rule:
    return Rule(identifier, "", "", "warning", "correctness", True, "", "", "", (), replaced_by=replaced_by)


def test_what_two_found_is_told_once_and_the_tool_wins_over_aura() -> None:
    rules = [rule("unused-import", "ruff:F401", "pylint:unused-import")]
    ours = [finding("unused-import", 1), finding("unused-import", 9), finding("shadowed", 1)]
    theirs = [
        finding("ruff:F401", 2, "ruff"),
        finding("pylint:unused-import", 2, "pylint"),
        finding("ruff:S602", 5, "ruff"),
        finding("bandit:B602", 6, "bandit"),
        finding("ruff:S602", 6, "ruff"),
        finding("bandit:B101", 30, "bandit"),
        finding("mypy:operator", 30, "mypy"),
        finding("ty:unsupported-operator", 30, "ty"),
    ]
    assert [(one.rule, one.span.start_line) for one in merge_findings(ours, theirs, rules)] == [
        ("shadowed", 1),
        ("ruff:F401", 2),
        ("ruff:S602", 5),
        ("ruff:S602", 6),
        ("unused-import", 9),
        ("bandit:B101", 30),
        ("mypy:operator", 30),
    ]
    assert [one.rule for one in not_told(theirs[:3], ours, rules)] == ["ruff:S602"]
