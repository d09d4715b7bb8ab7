"""Coverage data of five forms tells which lines tests ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aura_code.gaps.coverage import Coverage, read_coverage

pytestmark = pytest.mark.requirement("C6")

CODE = "def used():\n    return 1\n\n\ndef unused():\n    return 2\n\n\nused()\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    for name in ("a.py", "a.js", "a.go"):
        (tmp_path / "src" / name).write_text(CODE, encoding="utf-8")
        os.utime(tmp_path / "src" / name, (1, 1))
    return tmp_path


def reached(root: Path, path: str) -> tuple[bool | None, bool | None]:
    data = read_coverage(root)
    assert data is not None
    return data.reaches(path, 2, 2), data.reaches(path, 6, 6)


@pytest.mark.parametrize("branch", ["", "--branch"], ids=["lines", "branches"])
def test_the_database_of_coverage_py(root: Path, branch: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "coverage",
            "run",
            *branch.split(),
            "--rcfile=/dev/null",
            "--data-file=.coverage",
            "src/a.py",
        ],
        cwd=root,
        env=environment,
        check=True,
    )
    assert reached(root, "src/a.py") == (True, False)
    data = read_coverage(root)
    assert data is not None
    assert data.source == ".coverage (0 hours old)"
    assert data.reaches("src/b.py", 1, 9) is None


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        (
            "coverage.xml",
            '<?xml version="1.0" ?>\n<coverage><sources><source>{root}/src</source></sources>'
            '<class name="a" filename="a.py"><lines>'
            '<line number="2" hits="3"/><line hits="0" number="6"/></lines></class></coverage>',
            "src/a.py",
        ),
        ("lcov.info", "TN:\nSF:src/a.js\nDA:2,1\nDA:6,0\nend_of_record\n", "src/a.js"),
        (
            "coverage.out",
            "mode: set\nexample.com/m/src/a.go:2.1,3.2 1 1\nexample.com/m/src/a.go:6.1,6.9 1 0\n",
            "src/a.go",
        ),
    ],
    ids=["cobertura", "lcov", "go"],
)
def test_other_forms(root: Path, name: str, text: str, path: str) -> None:
    (root / "go.mod").write_text("module example.com/m\n", encoding="utf-8")
    (root / name).write_text(text.replace("{root}", str(root)), encoding="utf-8")
    assert reached(root, path) == (True, False)


def test_istanbul_names_statements(root: Path) -> None:
    places = {str(key): {"start": {"line": line}, "end": {"line": line}} for key, line in enumerate((2, 6))}
    value = {str(root / "src/a.js"): {"statementMap": places, "s": {"0": 4, "1": 0}}}
    (root / "coverage").mkdir()
    (root / "coverage/coverage-final.json").write_text(json.dumps(value), encoding="utf-8")
    assert reached(root, "src/a.js") == (True, False)
    data = read_coverage(root)
    assert data is not None
    assert data.files["src/a.js"].missed == {6}


def test_a_file_that_changed_since_is_not_judged(root: Path) -> None:
    (root / "lcov.info").write_text(
        "SF:src/a.js\nDA:2,1\nend_of_record\nSF:/elsewhere/b.js\nDA:1,1\n", encoding="utf-8"
    )
    later = (root / "lcov.info").stat().st_mtime + 100
    os.utime(root / "src/a.js", (later, later))
    assert read_coverage(root) is None


@pytest.mark.parametrize("name", [".coverage", "coverage.xml", "coverage/coverage-final.json", "lcov.info"])
def test_damaged_data_is_no_data(root: Path, name: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(b"{damaged\xff")
    assert read_coverage(root) is None


def test_old_data_says_its_age(root: Path) -> None:
    (root / "lcov.info").write_text("SF:src/a.js\nDA:2,1\n", encoding="utf-8")
    moment = (root / "lcov.info").stat().st_mtime - 5 * 86_400
    os.utime(root / "lcov.info", (moment, moment))
    data = read_coverage(root)
    assert isinstance(data, Coverage)
    assert data.source == "lcov.info (5 days old)"
