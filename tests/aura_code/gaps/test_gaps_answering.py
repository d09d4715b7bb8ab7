"""What a project lacks as a whole, and the answer: ranked, bounded, each gap with places and an offer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from aura_code.gaps import GapSources, find_gaps
from aura_code.structure.facts import Definition, FileStructure
from aura_shared.errors import UsageProblem
from aura_shared.messages.gaps import FindGaps, Gap, GapKind, GapsAnswer

pytestmark = pytest.mark.requirement("C6")


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def listed(root: Path) -> list[str]:
    return sorted(
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and ".git/" not in str(path)
    )


def ask(
    root: Path,
    *kinds: GapKind,
    structures: tuple[FileStructure, ...] = (),
    reached: dict[str, set[str]] | None = None,
    languages: dict[str, int] | None = None,
    paths: tuple[str, ...] = (),
    limit: int = 20,
    places: int = 5,
) -> GapsAnswer:
    sources = GapSources(root, listed(root), languages or {"python": 3}, structures, reached)
    return find_gaps(sources, FindGaps(project="p", kinds=list(kinds), paths=list(paths), limit=limit, places=places))


def only(answer: GapsAnswer) -> Gap:
    assert len(answer.gaps) == 1, answer.gaps
    return answer.gaps[0]


def definition(name: str, line: int, **changes: object) -> Definition:
    plain = Definition(
        name, "function", -1, "", line, 4, line, line + 4, True, "", (), (), 2, 3, 1, documented=False, typed=False
    )
    return plain._replace(**changes)  # pyright: ignore[reportArgumentType] - a builder of tests


def structure(path: str, *definitions: Definition, language: str = "python") -> FileStructure:
    return FileStructure(path, language, "", definitions, (), ())


def test_an_empty_project_lacks_everything(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "x = 1\n", "package.json": '{"dependencies": {"a": "1"}}', "Cargo.toml": "[[bin]]\n"})
    answer = ask(tmp_path, "project-files", "tests", "tooling", languages={"python": 4, "typescript": 4, "c": 0})
    assert [gap.title for gap in answer.gaps] == [
        "There are no tests",
        "There is no README",
        "No checks run by themselves",
        "There is no licence",
        "There is no .gitignore",
        "No linter is set up for JavaScript and TypeScript",
        "No linter is set up for Python",
        "No type checker is set up for Python",
        "The versions that Cargo.toml leads to are not locked",
        "The versions that package.json leads to are not locked",
        "There is no changelog",
        "Nothing says how to contribute",
    ]
    assert answer.counts == {"project-files": 8, "tests": 1, "tooling": 3}
    assert all(gap.why and gap.offer and gap.places for gap in answer.gaps)
    assert not answer.more
    assert ask(tmp_path, "project-files", limit=2).more


def test_a_complete_project_lacks_nothing(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "readme.rst": "",
            "COPYING": "",
            ".gitignore": "",
            ".gitlab-ci.yml": "",
            "docs/changelog/1.md": "",
            ".github/CONTRIBUTING.md": "",
            "pyproject.toml": '[project]\ndependencies = ["a"]\n[tool.ruff]\n[tool.mypy]\n',
            "uv.lock": "",
            "go.mod": "module m\nrequire a v1.0.0\n",
            "go.sum": "",
            "src/lib.rs": "#[cfg(test)]\nmod tests {}\n",
        },
    )
    answer = ask(tmp_path, "project-files", "tests", "tooling", languages={"python": 1, "rust": 1})
    assert answer.gaps == []
    assert answer.reason == "nothing of what was asked for is missing"


def test_a_language_of_few_files_asks_for_no_linter(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "[tool.pylint]\n[tool.ty]\n", "tests/test_a.py": ""})
    assert ask(tmp_path, "tooling", languages={"python": 99, "javascript": 2, "markdown": 500}).gaps == []


def test_a_missing_requirement_needs_no_lock(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"pyproject.toml": "[project]\n", "package.json": "{}", "Cargo.toml": "[lib]\n", "go.mod": "module m\n"},
    )
    assert not [gap for gap in ask(tmp_path, "project-files").gaps if "locked" in gap.title]
    write(tmp_path, {"pyproject.toml": '[project]\ndependencies = ["a"]\n'})
    assert [gap.title for gap in ask(tmp_path, "project-files").gaps if "locked" in gap.title] == [
        "The versions that pyproject.toml leads to are not locked"
    ]


def test_debt_has_age_and_author_and_defects_come_first(tmp_path: Path, aura_home: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "# TODO: later\n# FIXME: wrong for zero\n",
            "b.py": "# TODO\n",
            "tests/test_a.py": "# FIXME: flaky\n",
            "docs/a.py": "# FIXME: not looked at\n",
        },
    )
    environment = {
        **os.environ,
        "GIT_AUTHOR_DATE": "2020-02-03T04:05:06Z",
        "GIT_COMMITTER_DATE": "2020-02-03T04:05:06Z",
    }
    for arguments in (
        ["init", "-q"],
        ["add", "a.py"],
        ["-c", "user.name=Ada", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, env=environment, check=True)
    gap = only(ask(tmp_path, "debt", places=3))
    assert (gap.title, gap.count) == ("The code carries debt: 2 FIXME, 2 TODO", 4)
    assert [(one.path, one.line, one.note, one.author, one.since) for one in gap.places] == [
        ("a.py", 2, "FIXME: wrong for zero", "Ada", "2020-02-03"),
        ("a.py", 1, "TODO: later", "Ada", "2020-02-03"),
        ("b.py", 1, "TODO", "", ""),
    ]
    assert gap.evidence == "git blame of the lines shown; the oldest of them is of 2020-02-03"


def test_shapes_become_gaps_with_counts_and_places(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}.py": "import os\nos.system('make')\n" for name in "abc"})
    write(tmp_path, {"d.py": "try:\n    work()\nexcept Exception:\n    x = 0\n"})
    answer = ask(tmp_path, "error-handling", "logging", places=2)
    assert [(gap.kind, gap.count, [one.path for one in gap.places]) for gap in answer.gaps] == [
        ("error-handling", 3, ["a.py", "b.py"]),
        ("logging", 1, ["d.py"]),
    ]
    assert answer.gaps[0].title == "The outcome of a program that is started is ignored (3)"
    assert (answer.files, answer.unread) == (4, 0)
    assert [gap.kind for gap in ask(tmp_path, "logging").gaps] == ["logging"]
    assert only(ask(tmp_path, "error-handling", paths=("b.py",))).count == 1


def test_public_functions_that_no_test_reaches_come_by_their_branches(tmp_path: Path) -> None:
    facts = structure(
        "src/a.py",
        definition("plain", 1),
        definition("busy", 10, complexity=9),
        definition("tested", 20),
        definition("tiny", 30, end_line=31, complexity=1),
        definition("_private", 40, public=False),
        definition("Shop", 50, kind="class", end_line=90),
        definition("sell", 60, kind="method", parent=5, complexity=2),
        definition("inner", 62, parent=6),
        definition("command", 64, entry="decorated by click.command"),
        definition("__repr__", 70, kind="method", parent=5),
    )
    tests = structure("tests/test_a.py", definition("helper", 1))
    gap = only(
        ask(tmp_path, "tests", structures=(facts, tests), reached={"src/a.py": {"tested"}}, languages={"toml": 1})
    )
    assert gap.title == "Public functions that no test reaches: 3 of 4"
    assert [(one.symbol, one.line, one.note) for one in gap.places] == [
        ("busy", 10, "8 branches"),
        ("plain", 1, "2 branches"),
        ("Shop.sell", 60, "1 branch"),
    ]
    assert gap.evidence.startswith("the graph of calls")
    assert ask(tmp_path, "tests", structures=(facts,), languages={"toml": 1}).gaps == []


def test_coverage_data_wins_over_the_graph(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "\n" * 40, "b.py": "\n" * 40})
    os.utime(tmp_path / "a.py", (1, 1))
    write(tmp_path, {"lcov.info": "SF:a.py\nDA:1,1\nDA:2,0\nDA:11,1\n"})
    known = structure("a.py", definition("cold", 1), definition("warm", 10))
    other = structure("b.py", definition("called", 1))
    gap = only(
        ask(
            tmp_path,
            "tests",
            structures=(known, other),
            reached={"a.py": {"cold"}, "b.py": {"called"}},
            languages={"toml": 1},
        )
    )
    assert [one.symbol for one in gap.places] == ["cold"]
    assert gap.title == "Public functions that no test reaches: 1 of 3"
    assert gap.evidence.startswith("coverage data: lcov.info (0 hours old); else the graph of calls")


def test_missing_documentation_and_types(tmp_path: Path) -> None:
    good = [definition(f"good{line}", line * 10, documented=True, typed=True) for line in range(8)]
    facts = structure(
        "a.py",
        *good,
        definition("bare", 100, parameters=0),
        definition("long", 110, end_line=200, typed=True),
        definition("overridden", 300, entry="overrides", typed=True),
        definition("test_it", 400, entry="test"),
        definition("__init__", 410, kind="method"),
    )
    script = structure("a.ts", definition("loose", 1, documented=True), language="typescript")
    docs, types = ask(tmp_path, "docs", "types", structures=(facts, script)).gaps
    assert (docs.title, [(one.symbol, one.note) for one in docs.places]) == (
        "Public definitions without documentation: 2 of 11",
        [("long", "function of 91 lines"), ("bare", "function of 5 lines")],
    )
    assert (types.title, [(one.symbol, one.note) for one in types.places]) == (
        "Public functions without complete types: 1 of 11",
        [("bare", "")],
    )
    bare = structure("a.py", *(definition(f"f{line}", line * 10) for line in range(9)))
    assert {gap.weight for gap in ask(tmp_path, "docs", "types", structures=(bare,)).gaps} == {0.15}
    assert ask(tmp_path, "docs", structures=(bare,), paths=("other/**",)).reason.startswith("no indexed file passes")


def test_a_method_outside_its_type_carries_the_receiver(tmp_path: Path) -> None:
    facts = structure("a.go", definition("Sell", 1, kind="method", receiver="Shop", typed=True), language="go")
    assert only(ask(tmp_path, "docs", structures=(facts,))).places[0].symbol == "Shop.Sell"


def test_what_others_wrote_cannot_steer_a_terminal(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "# TODO: red \x1b[31m and \u202eback\n"})
    note = only(ask(tmp_path, "debt")).places[0].note
    assert note.startswith("TODO: red ")
    assert "\x1b" not in note
    assert "\u202e" not in note


def test_a_broken_glob_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="not a path glob"):
        ask(tmp_path, "debt", paths=("a\\",))
