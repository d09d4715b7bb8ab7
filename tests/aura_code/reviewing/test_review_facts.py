"""Findings on changed lines, tests, risk, order and questions of a change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_shared.messages.review import ReviewFacts
from reviewed import asked, commit, review
from structured import linked, write

pytestmark = pytest.mark.requirement("C8")

BARE = "def f(a):\n    try:\n        return g(a)\n    except:\n        return 1\n"


def reviewed(root: Path, old: Mapping[str, str], new: Mapping[str, str]) -> ReviewFacts:
    """The review of files that change in the work tree."""
    commit(root, dict(old) or {"README.md": "x\n"})
    for path in old.keys() - new.keys():
        (root / path).unlink()
    write(root, new)
    return review(root, asked())


def test_findings_are_those_of_changed_lines(tmp_path: Path) -> None:
    old = "def same(a, b=[]):\n    b.append(a)\n    return b\n"
    found = reviewed(tmp_path, {"a.py": old}, {"a.py": f"{old}\n\ndef new(a, c=[]):\n    c.append(a)\n    return c\n"})
    [finding] = found.findings
    assert (finding.rule, finding.path, finding.line, finding.symbol) == ("mutable-default", "a.py", 6, "new")
    assert finding.why
    assert found.resolved == 0


def test_a_finding_that_goes_is_counted_and_one_that_moves_is_not_new(tmp_path: Path) -> None:
    old = "def f(a, b=[]):\n    b.append(a)\n    return b\n"
    fixed = reviewed(tmp_path / "one", {"a.py": old}, {"a.py": "def f(a, b=None):\n    return [*(b or ()), a]\n"})
    assert (fixed.findings, fixed.resolved) == ([], 1)
    moved = reviewed(tmp_path / "two", {"a.py": old, "b.py": "x = 1\n"}, {"a.py": "y = 1\n", "b.py": f"x = 1\n{old}"})
    assert (moved.findings, moved.resolved) == ([], 0)


def test_silenced_findings_do_not_count(tmp_path: Path) -> None:
    new = "def f(a, b=[]):  # aura: ignore[mutable-default] read only\n    return b\n"
    assert reviewed(tmp_path / "one", {"a.py": "x = 1\n"}, {"a.py": new}).findings == []
    loud = reviewed(tmp_path / "two", {"a.py": "x = 1\n"}, {"a.py": new.partition("  #")[0] + "\n    return b\n"})
    mark = tuple(one.fingerprint for one in loud.findings)
    assert mark
    assert review(tmp_path / "two", asked(), baseline=mark).findings == []


def test_a_certain_fix_comes_as_a_diff(tmp_path: Path) -> None:
    found = reviewed(tmp_path, {"a.py": "x = 1\n"}, {"a.py": "x = 1\n\n\ndef f(a):\n    return a == None\n"})
    fixes = [one.fix for one in found.findings if one.fix]
    assert any("+    return a is None" in fix and fix.startswith("diff --git a/a.py") for fix in fixes)


def test_what_no_test_reaches_is_named_with_a_place_for_a_test(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    tested = "def tested(a):\n    if a:\n        return 1\n    return 2\n"
    files = {
        "shop/a.py": tested,
        "shop/b.py": "x = 1\n",
        "tests/test_b.py": "from shop.b import x\n",
        "tests/test_a.py": "from shop.a import tested\n\n\ndef test_it():\n    assert tested(1) == 1\n",
    }
    commit(root, files)
    lonely = "def lonely(a):\n    if a:\n        raise ValueError(a)\n    return 2\n"
    new = {"shop/a.py": f"{tested.replace('2', '3')}\n\n{lonely}"}
    store = linked(root, {**files, **new})
    found = review(root, asked(), store)
    assert [(one.symbol, one.path) for one in found.untested] == [("lonely", "shop/a.py")]
    assert found.untested[0].suggestion.startswith("tests/test_a.py: call `lonely`")
    assert "`ValueError`" in found.untested[0].suggestion
    assert found.tests == ["tests/test_a.py::test_it"]
    store.close()


def test_a_test_in_the_change_counts(tmp_path: Path) -> None:
    code = "def lonely(a):\n    if a:\n        return 1\n    return 2\n"
    files = {"shop/a.py": "x = 1\n", "tests/test_a.py": "def test_x():\n    assert True\n"}
    root = tmp_path / "shop"
    commit(root, files)
    test = "from shop.a import lonely\n\n\ndef test_x():\n    assert lonely(0) == 2\n"
    new = {"shop/a.py": code, "tests/test_a.py": test}
    store = linked(root, files)
    write(root, new)  # The analysis has not caught up.
    found = review(root, asked(), store)
    assert found.untested == []
    assert found.tests == ["tests/test_a.py::test_x"]
    store.close()


def test_files_come_in_the_order_of_reading(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    files = {
        "README.md": "x\n",
        "shop/a.py": "from shop.z import y\n\nx = y\n",
        "shop/z.py": "y = 1\n",
        "tests/test_a.py": "from shop.a import x\n",
        "uv.lock": "a\n",
    }
    commit(root, dict.fromkeys(files, ""))
    store = linked(root, files)
    found = review(root, asked(), store)
    assert [file.path for file in found.files] == ["shop/z.py", "shop/a.py", "tests/test_a.py", "README.md", "uv.lock"]
    store.close()


def test_the_diff_is_cut_at_a_line(tmp_path: Path) -> None:
    commit(tmp_path, {"a.py": "x = 1\n"})
    write(tmp_path, {"a.py": "x = 2\n" * 500})
    found = review(tmp_path, asked(diff_bytes=300))
    assert (found.cut, len(found.diff) <= 300, found.diff.endswith("\n")) == (True, True, True)
    assert review(tmp_path, asked()).cut is False


def test_nothing_to_review_says_so(tmp_path: Path) -> None:
    commit(tmp_path, {"a.py": "x = 1\n"})
    assert review(tmp_path, asked()).reason == "Nothing in the work tree differs from the last commit."
    assert review(tmp_path, asked("staged", paths=["*.go"])).reason == "Nothing is staged that matches *.go."


GUARD = "def f(a):\n    if a < 0:\n        raise ValueError(a)\n    return a\n"
CAUGHT = "def f(a):\n    try:\n        return g(a)\n    except KeyError:\n        return 1\n"
TEST = "def test_a():\n    assert f(1)\n    assert f(2)\n\n\ndef test_b():\n    assert f(3)\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("a.py", GUARD, "def f(a):\n    return a\n", "a.py:2: `a < 0` no longer leads to `ValueError` in `f`"),
        ("a.py", CAUGHT, "def f(a):\n    return g(a)\n", "`f` no longer catches `KeyError`"),
        (
            "a.py",
            CAUGHT,
            CAUGHT.replace("KeyError", "Exception"),
            "a.py:4: `Exception` is caught instead of `KeyError`",
        ),
        ("a.py", "TIMEOUT_S = 30\n", "TIMEOUT_S = 5\n", "a.py:1: `TIMEOUT_S` goes from 30 to 5"),
        ("a.py", "def f(limit=10): pass\n", "def f(limit=20): pass\n", "a.py:1: `limit` goes from 10 to 20"),
        ("a.py", "x = 1\n", "x = 1\n# TODO: check the sign\n", "a.py:2: it says `TODO check the sign`"),
        ("a.py", "a = f(1)\nb = g(2)\n", "# a = f(1)\n# b = g(2)\n", "a.py:1: 2 lines of code are commented out"),
        ("a.py", "x = 1\n", "x = 1\n<<<<<<< HEAD\n", "a.py:2: the marks of a conflict"),
        ("tests/test_a.py", TEST, TEST.partition("\n\n\n")[0] + "\n", "`test_b` is removed"),
        ("tests/test_a.py", TEST, TEST.replace("    assert f(2)\n", ""), "`test_a` asserts 2 times before and 1 now"),
        ("tests/test_a.py", TEST, "import pytest\n\n\n@pytest.mark.skip\n" + TEST, "a test is skipped"),
        (
            "requirements.txt",
            "httpx==1\n",
            "httpx==1\nleft-pad==2\n",
            "requirements.txt:2: `left-pad` is a new dependency",
        ),
        ("go.mod", "module x\n", "module x\n\nrequire a.org/b v1.0.0\n", "go.mod:3: `a.org/b` is a new dependency"),
        (".github/workflows/ci.yml", "a: 1\n", "a: 1\ncontinue-on-error: true\n", "weakens a check"),
    ],
)
def test_a_question_has_its_place(tmp_path: Path, path: str, old: str, new: str, expected: str) -> None:
    found = reviewed(tmp_path, {path: old}, {path: new}).questions
    assert any(expected in question for question in found), found
    assert len(found) == 1


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", GUARD, GUARD.replace("f(a)", "f(a: int)", 1)),
        ("a.py", GUARD, "def f(a):\n    return a if a >= 0 else fail(ValueError(a))\n"),
        ("a.py", GUARD, "x = 1\n"),
        ("a.py", "VERSION = 1\n", "VERSION = 2\n"),
        ("a.py", "x = 1\n", "x = 1\n# Two lines that explain why\n# this is so, and what follows.\n"),
        ("a.py", "# TODO: check the sign\nx = 1\n", "x = 1\n\n# TODO: check the sign\n"),
        ("tests/test_a.py", TEST, TEST.replace("test_b", "test_c")),
        ("tests/test_a.py", "x = 1\n", "import pytest\n\n\n@pytest.mark.skip\n" + TEST),
        ("requirements.txt", "httpx==1\n", "httpx==2\n"),
    ],
)
def test_no_question_without_a_reason(tmp_path: Path, path: str, old: str, new: str) -> None:
    assert reviewed(tmp_path, {path: old}, {path: new}).questions == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n", "`downgrade` does nothing"),
        ("operations = [migrations.RunPython(forwards)]\n", "cannot be undone"),
        ("def upgrade():\n    op.drop_table('a')\n", "drops data"),
    ],
)
def test_migrations_are_asked_about(tmp_path: Path, text: str, expected: str) -> None:
    found = reviewed(tmp_path, {}, {"README.md": "x\n", "db/migrations/0002_x.py": text})
    assert any(expected in question for question in found.questions)
    assert found.risk is not None
    assert any("the form of the database" in factor for factor in found.risk.factors)


def test_risk_grows_with_what_speaks_for_it(tmp_path: Path) -> None:
    docs = reviewed(tmp_path / "docs", {"README.md": "x\n"}, {"README.md": "y\n"})
    code = reviewed(
        tmp_path / "code", {"auth/login.py": "x = 1\n"}, {"auth/login.py": "def f(a, b=[]):\n    return b\n" * 80}
    )
    assert docs.risk is not None
    assert code.risk is not None
    assert (docs.risk.level, docs.risk.score, docs.risk.factors) == ("low", 0.0, [])
    assert code.risk.score > docs.risk.score
    assert any("authentication" in factor for factor in code.risk.factors)


@pytest.mark.requirement("G1")
def test_parts_of_the_answer_can_be_asked_for_alone(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[project]\nname = 'shop'\n", "shop/a.py": "def f(a):\n    return a\n"}
    commit(tmp_path, files)
    write(tmp_path, {"shop/a.py": BARE.replace("f(a)", "f(a, b)")})
    whole = review(tmp_path, asked())
    assert (bool(whole.findings), whole.risk is not None) == (True, True)
    api = review(tmp_path, asked(only=["api"]))
    assert api == ReviewFacts(base=whole.base, head=whole.head, title=whole.title, api=whole.api)
    assert [(one.symbol, one.breaking) for one in api.api] == [("f", True)]
    rest = review(tmp_path, asked(only=["files", "diff"]))
    assert (rest.files, rest.diff, rest.api) == (whole.files, whole.diff, [])
    assert review(tmp_path, asked("staged", only=["api"])).reason == "Nothing is staged."
