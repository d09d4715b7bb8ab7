"""What a proposal would make of files, which files a copy holds, and which programs try it."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from aura_factory.checks import linters, toolchains
from aura_factory.checks.linters import Complaint, news, wanted
from aura_factory.checks.listing import project_files
from aura_factory.checks.suites import failures, suites
from aura_factory.checks.texts import edited, versions
from aura_shared.errors import EditRefused, FileMovedOn, UnsafePath, UsageProblem
from aura_shared.messages.changes import ProposedFile, TextEdit


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(root: Path, path: str, data: bytes | str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"a = 1\r\nb = 2\r\n", b"a = 1\r\nb = 3\r\n", id="windows line ends stay"),
        pytest.param(b"\xef\xbb\xbfa = 1\nb = 2\n", b"\xef\xbb\xbfa = 1\nb = 3\n", id="a byte order mark stays"),
        pytest.param("a = 'é'\nb = 2\n".encode("latin-1"), "a = 'é'\nb = 3\n".encode("latin-1"), id="latin-1 stays"),
    ],
)
def test_a_whole_text_is_written_as_the_file_was(tmp_path: Path, before: bytes, after: bytes) -> None:
    put(tmp_path, "a.py", before)
    text = after.removeprefix(b"\xef\xbb\xbf").decode("latin-1" if b"\xe9" in after else "utf-8").replace("\r\n", "\n")
    [version] = versions(tmp_path, [ProposedFile(path="a.py", base=sha(before), content=text)])
    assert (version.before, version.after) == (before, after)


def test_edits_are_made_in_order_with_the_files_line_ends(tmp_path: Path) -> None:
    put(tmp_path, "a.py", b"one\r\ntwo\r\n")
    edits = [TextEdit(start=5, end=8, text="2"), TextEdit(start=0, end=0, text="zero\n")]
    [version] = versions(tmp_path, [ProposedFile(path="a.py", edits=edits)])
    assert version.after == b"zero\r\none\r\n2\r\n"


def test_new_moved_and_deleted_files(tmp_path: Path) -> None:
    put(tmp_path, "old.py", "x = 1\n")
    put(tmp_path, "gone.py", "y = 1\n")
    found = versions(
        tmp_path,
        [
            ProposedFile(path="new.py", content="z = 1\n"),
            ProposedFile(path="there.py", moved_from="old.py"),
            ProposedFile(path="gone.py"),
        ],
    )
    assert [(one.path, one.before, one.after) for one in found] == [
        ("new.py", None, b"z = 1\n"),
        ("old.py", b"x = 1\n", None),
        ("there.py", None, b"x = 1\n"),
        ("gone.py", b"y = 1\n", None),
    ]


@pytest.mark.parametrize(
    ("file", "kind", "words"),
    [
        pytest.param(ProposedFile(path="a.py", base="0" * 64, content="x"), FileMovedOn, "has changed", id="moved on"),
        pytest.param(ProposedFile(path="../a.py", content="x"), UnsafePath, "'..'", id="outside"),
        pytest.param(ProposedFile(path="a.py", content="x", edits=[]), UsageProblem, "not both", id="text and edits"),
        pytest.param(
            ProposedFile(path="a.py", edits=[TextEdit(start=0, end=900, text="")]), EditRefused, "outside", id="too far"
        ),
        pytest.param(ProposedFile(path="b.bin", content="x"), EditRefused, "binary", id="binary"),
        pytest.param(ProposedFile(path="l.py", content="x = '€'\n"), EditRefused, "latin-1", id="no such character"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, file: ProposedFile, kind: type[Exception], words: str) -> None:
    put(tmp_path, "a.py", "a = 1\n")
    put(tmp_path, "b.bin", b"\0\1\2" * 50)
    put(tmp_path, "l.py", "x = 'é'\n".encode("latin-1"))
    with pytest.raises(kind, match=words):
        versions(tmp_path, [file])


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(EditRefused, match="overlaps"):
        edited("a.py", b"abcdef", [TextEdit(start=0, end=3, text=""), TextEdit(start=2, end=4, text="")])


async def test_a_copy_holds_what_git_knows_or_would_add(repository: Path) -> None:
    put(repository, ".gitignore", "*.log\n.venv/\n")
    put(repository, "new.py", "x\n")
    put(repository, "noise.log", "x\n")
    put(repository, ".venv/pyvenv.cfg", "")
    files = await project_files(repository)
    assert {"new.py", ".gitignore", "shop/prices.py"} <= set(files)
    assert not {"noise.log", ".venv/pyvenv.cfg"} & set(files)
    assert not [name for name in files if name.startswith(".git/")]


async def test_an_environment_that_git_would_add_is_left_out(repository: Path) -> None:
    put(repository, "tools/env/pyvenv.cfg", "")
    put(repository, "tools/env/lib/x.py", "")
    put(repository, "web/node_modules/left/index.js", "")
    put(repository, "web/node_modules.md", "")
    files = await project_files(repository)
    assert [name for name in files if "env/" in name or "node_modules" in name] == ["web/node_modules.md"]


async def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    put(tmp_path, "src/a.py", "x\n")
    put(tmp_path, "node_modules/left/index.js", "x\n")
    assert await project_files(tmp_path) == ["src/a.py"]


async def test_hooks_and_settings_of_git_in_the_environment_do_not_matter(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert "shop/prices.py" in await project_files(repository)


def test_the_interpreter_is_the_projects_own(tmp_path: Path) -> None:
    put(tmp_path, ".venv/pyvenv.cfg", "")
    own = put(tmp_path, ".venv/bin/python", "")
    found = toolchains.python(tmp_path)
    assert found is not None
    assert found.path == own
    assert tmp_path / ".venv" in found.read
    assert toolchains.python(tmp_path, str(tmp_path / "no-such-python")) is None


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(f'exec {sys.executable} "$@"', True, id="a script that chooses an interpreter"),
        pytest.param("echo version not installed >&2; exit 127", False, id="a script without one"),
    ],
)
def test_the_interpreter_behind_a_script_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: bool
) -> None:
    shim = put(tmp_path, "shims/python3", f"#!/bin/sh\n{script}\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    program = toolchains.python(tmp_path)
    assert (program.path if program else None) == (Path(sys.executable) if found else None)


def test_programs_that_are_not_for_the_project_are_not_looked_for(tmp_path: Path) -> None:
    assert toolchains.node(tmp_path) is None
    assert toolchains.go(tmp_path) is None
    assert toolchains.cargo(tmp_path) is None
    assert toolchains.program("no-such-program-anywhere") is None


def test_a_linter_runs_where_the_project_asks_for_it(tmp_path: Path) -> None:
    assert wanted(tmp_path, ["a.py"]) == []
    put(tmp_path, "pyproject.toml", "[tool.ruff.lint]\nselect = ['F']\n")
    put(tmp_path, "tsconfig.json", "{}")
    put(tmp_path, "go.mod", "module x\n")
    found = wanted(tmp_path, ["a.py", "b.pyi", "c.ts", "d.go", "e.txt"])
    assert [(linter.name, paths) for linter, paths in found] == [
        ("ruff", ["a.py", "b.pyi"]),
        ("tsc", ["c.ts"]),
        ("go vet", ["d.go"]),
    ]


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        pytest.param("a.py:3:1: F401 x\n", "a.py:9:1: F401 x\n", [], id="a line that moved is nothing new"),
        pytest.param("", "./a.py:9:1: F401 x\n", [Complaint("a.py", "F401 x")], id="something new"),
        pytest.param(
            "a.py:3:1: F401 x\n", "a.py:3:1: F401 x\na.py:4:1: F401 x\n", [Complaint("a.py", "F401 x")], id="once more"
        ),
        pytest.param("", "a.ts(3,7): error TS1: no\n", [Complaint("a.ts", "error TS1: no")], id="as tsc writes"),
        pytest.param(
            "[]",
            json.dumps([{"filePath": "/p/a.js", "messages": [{"ruleId": "eqeqeq", "message": "use ==="}]}]),
            [Complaint("a.js", "eqeqeq use ===")],
            id="as eslint writes",
        ),
        pytest.param("", "[broken", [], id="json that is none"),
    ],
)
def test_only_what_is_new_counts(before: str, after: str, new: list[Complaint]) -> None:
    assert news(before, after, Path("/p")) == new


def test_each_linter_gets_the_files_as_files(tmp_path: Path) -> None:
    program = toolchains.Program(Path("/usr/bin/x"))
    for linter in linters.LINTERS:
        arguments = linter.arguments(program, ["./pkg/-rf.py"])
        assert arguments[0] == "/usr/bin/x"
        assert linter.whole or linter.name == "go vet" or arguments[-2:] == ["--", "./pkg/-rf.py"]


def test_tests_run_with_the_runner_of_the_project(tmp_path: Path) -> None:
    put(tmp_path, "package.json", json.dumps({"scripts": {"test": "vitest run"}}))
    put(tmp_path, "node_modules/vitest/vitest.mjs", "")
    put(tmp_path, "tests/test_a.py", "def test(): pass\n")
    found = suites(tmp_path, ["tests/test_a.py", "src/a.test.ts", "tests/test_a.py", "notes.md"])
    assert [(suite.name, suite.files) for suite in found] == [
        ("vitest", ("src/a.test.ts",)),
        ("pytest", ("tests/test_a.py",)),
    ]
    assert found[1].arguments[-2:] == ("--", "tests/test_a.py")


def test_a_runner_that_is_not_installed_is_named(tmp_path: Path) -> None:
    put(tmp_path, "package.json", json.dumps({"scripts": {"test": "jest"}}))
    [suite] = suites(tmp_path, ["a.test.js"])
    assert (suite.program, suite.missing) == (None, "jest is not installed in node_modules")
    [suite] = suites(tmp_path, ["tests/test_a.py"], interpreter="/no/such/python")
    assert (suite.program, suite.missing) == (None, "there is no interpreter /no/such/python")
    [suite] = suites(tmp_path, ["a_test.go"])
    assert (suite.program, suite.name) == (None, "go test")
    [suite] = suites(tmp_path, ["a.test.js"], command=["no-such-runner-anywhere", "--fast"])
    assert suite.missing.startswith("no-such-runner-anywhere")


def test_tests_made_for_unittest_alone_run_with_it(tmp_path: Path) -> None:
    put(tmp_path, "tests/test_a.py", "import unittest\n")
    [suite] = suites(tmp_path, ["tests/test_a.py"])
    assert (suite.name, suite.arguments) == ("unittest", ("-m", "unittest", "tests.test_a"))
    put(tmp_path, "pytest.ini", "[pytest]\n")
    [suite] = suites(tmp_path, ["tests/test_a.py"])
    assert suite.name == "pytest"


def test_a_command_of_the_settings_wins_and_many_files_are_cut(tmp_path: Path) -> None:
    tests = [f"tests/test_{number}.py" for number in range(50)]
    [suite] = suites(tmp_path, tests, command=["python", "-m", "nose"])
    assert suite.arguments[:3] == ("-m", "nose", "tests/test_0.py")
    assert (len(suite.files), suite.left_out) == (40, 10)
    put(tmp_path, "Cargo.toml", "")
    [suite] = suites(tmp_path, ["tests/api.rs"])
    assert suite.arguments == ("test", "--frozen", "--quiet", "--test", "api")
    [suite] = suites(tmp_path, ["src/lib.rs"])
    assert suite.arguments == ("test", "--frozen", "--quiet")


@pytest.mark.parametrize(
    ("output", "names"),
    [
        pytest.param("FAILED t/a.py::test_x - assert 1\nERROR t/b.py\n", {"t/a.py::test_x", "t/b.py"}, id="pytest"),
        pytest.param("FAIL: test_x (a.T)\n", {"test_x (a.T)"}, id="unittest"),
        pytest.param("--- FAIL: TestX (0.00s)\n", {"TestX"}, id="go"),
        pytest.param("test api::x ... FAILED\n", {"api::x"}, id="cargo"),
        pytest.param("  ✕ adds numbers (5 ms)\nnot ok 3 - works\n", {"adds numbers", "works"}, id="node"),
        pytest.param("all is well\n", set(), id="nothing"),
    ],
)  # fmt: skip
def test_failing_tests_are_known_by_name(output: str, names: set[str]) -> None:
    assert failures(output) == names
