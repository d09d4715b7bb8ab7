from __future__ import annotations

import pytest

from aura_languages.errors import SyntaxProblem, count_syntax_errors, syntax_problems


@pytest.mark.parametrize(
    ("path", "text", "errors"),
    [
        pytest.param("a.py", "def f():\n    return 1\n", 0, id="python that parses"),
        pytest.param("a.py", "def f(:\n    return 1\n", 1, id="python that does not"),
        pytest.param("a.ts", "const a: number = (1;\n", 1, id="a bracket that is missing"),
        pytest.param("a.go", "package a\nfunc f() {\n", 1, id="a body that does not end"),
        pytest.param("a.rs", "fn f() -> i32 { 1 }\n", 0, id="rust that parses"),
        pytest.param("a.txt", "whatever (", None, id="a language without a grammar"),
    ],
)
def test_syntax_errors_are_counted(path: str, text: str, errors: int | None) -> None:
    assert count_syntax_errors(path, text.encode()) == errors


def test_a_problem_says_where_it_is_and_what_is_missing() -> None:
    assert syntax_problems("a.js", b"let b;\nconst a = (1;\n") == [SyntaxProblem(2, 12, ")")]


def test_no_more_problems_than_asked_for() -> None:
    problems = syntax_problems("a.js", b"(;\n" * 50, most=3)
    assert problems is not None
    assert len(problems) == 3
