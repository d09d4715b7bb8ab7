"""Giving an expression a name, and taking one away."""

from __future__ import annotations

import pytest

from refactoring_lab import Lab

pytestmark = pytest.mark.requirement("L5")

CODE = (
    "def f(a, b):\n"
    "    if a > b + 1:\n"
    "        return (a * 2) + len(str(b))\n"
    "    while a < len(b):\n"
    "        a += 1\n"
    "    return [x * a for x in range(b)], lambda: a + 3, a and b.c, a if b.d else b.e\n"
)


@pytest.mark.parametrize(
    ("path", "code", "selected", "expected"),
    [
        ("a.py", CODE, "b + 1", "    limit = b + 1\n    if a > limit:\n"),
        ("a.py", CODE, "(a * 2)", "        limit = a * 2\n        return limit + len(str(b))\n"),
        ("a.py", CODE, "range(b)", "    limit = range(b)\n    return [x * a for x in limit], lambda"),
        ("a.py", "def f(a):\n    work(a)\n", "work(a)", "    limit = work(a)\n"),
        ("a.py", "x = [\n    1 +\n    2,\n]\n", "1 +\n    2", "limit = (1 +\n    2)\nx = [\n    limit,\n]\n"),
        ("a.js", "function f(a) {\n  return g(a.b + 1);\n}\n", "a.b + 1", (
            "  const limit = a.b + 1;\n  return g(limit);\n"
        )),
        ("a.ts", "function f(a) {\n  return g(a.b)\n}\n", "a.b", "  const limit = a.b\n  return g(limit)\n"),
        ("a.go", (
            "package a\n\nfunc f(a int) int {\n\treturn g(a * 2)\n}\n"
        ), "a * 2", "\tlimit := a * 2\n\treturn g(limit)\n"),
    ],
)  # fmt: skip
def test_an_expression_becomes_a_variable(lab: Lab, path: str, code: str, selected: str, expected: str) -> None:
    lab.write({path: code})
    plan = lab.plan("extract-variable", **lab.selection(path, selected), new_name="limit")
    assert plan.reason == ""
    assert expected in lab.after(plan)[path]


@pytest.mark.parametrize(
    ("path", "code", "selected", "said"),
    [
        ("a.py", CODE, "len(b)", "condition of a loop"),
        ("a.py", CODE, "x * a", "for each element"),
        ("a.py", CODE, "a + 3", "lambda"),
        ("a.py", CODE, "b.c", "left side"),
        ("a.py", CODE, "b.e", "one branch"),
        ("a.py", CODE, "a > b", "not one whole expression"),
        ("a.py", "def f(a=g(1)): ...\n", "g(1)", "default of a parameter"),
        ("a.py", "def f(a):\n    return 1 < a.b < a.c\n", "a.c", "chain of comparisons"),
        ("a.py", "def f(a):\n    if a: return a.b\n", "a.b", "shares its line"),
        ("a.py", "def f(a):\n    a.b = 1\n", "a.b", "assigned to"),
        ("a.py", "def f(a, limit):\n    return a.b + limit\n", "a.b", "has a meaning already"),
        ("a.py", "class A:\n    x = f(1)\n", "f(1)", "attribute of the class"),
        ("a.py", "def f():\n    'Doc.'\n", "'Doc.'", "docstring"),
        ("a.py", "def f(a):\n    return sum(x for x in a)\n", "(x for x in a)", "parentheses belong"),
        ("a.py", "def f(a):\n    if a:\n        pass\n    elif a.b:\n        pass\n", "a.b", "`elif`"),
        ("a.py", "def f(a):\n    assert a, a.b\n", "a.b", "first part"),
        ("a.js", "const f = (a) => a.b;\n", "a.b", "at each call"),
        ("a.js", "function f(a) {\n  return a.b();\n}\n", "a.b", "loses its `this`"),
        ("a.js", "function f(a) {\n  return a?.g(a.b);\n}\n", "a.b", "`?.`"),
        ("a.js", "function f(a) {\n  for (let i = 0; i < a.n; i++) {}\n}\n", "a.n", "each time"),
        ("a.js", "function f(a) {\n  if (a) {} else if (a.b) {}\n}\n", "a.b", "`else if`"),
        ("a.go", "package a\n\nvar x = g(1)\n", "g(1)", "has no `:=`"),
        ("a.go", "package a\n\nfunc f() int {\n\treturn g()\n}\n", "g()", "several values"),
        ("a.go", (
            "package a\n\nfunc f(limit int) int {\n\treturn g(limit * 2)\n}\n"
        ), "limit * 2", "used in this function"),
        ("a.rs", "fn f(a: u32) -> u32 {\n    a + 1\n}\n", "a + 1", "types decide"),
    ],
)  # fmt: skip
def test_what_is_evaluated_later_or_is_no_value_is_refused(
    lab: Lab, path: str, code: str, selected: str, said: str
) -> None:
    lab.write({path: code})
    plan = lab.plan("extract-variable", **lab.selection(path, selected, nth=code.count(selected) - 1), new_name="limit")
    assert said in plan.reason


def test_calls_that_came_before_are_told(lab: Lab) -> None:
    lab.write({"a.py": "def f():\n    return first() + second()\n"})
    plan = lab.plan("extract-variable", **lab.selection("a.py", "second()"), new_name="x")
    assert plan.certainty == "likely"
    assert plan.notes == ["a.py:2: `first()` was evaluated before this and comes after it now."]


def test_a_place_is_needed(lab: Lab) -> None:
    lab.write({"a.py": "x = 1\n"})
    assert "Give path" in lab.plan("extract-variable", path="a.py").reason
    assert "Give path" in lab.plan("inline-variable").reason
    reason = lab.plan("extract-variable", path="a.py", line=1, column=4, end_line=1, end_column=4, new_name="y").reason
    assert "is empty" in reason


@pytest.mark.parametrize(
    ("path", "code", "name", "expected"),
    [
        ("a.py", "def f(a, b):\n    t = a + b\n    return t * 2\n", "t", "def f(a, b):\n    return (a + b) * 2\n"),
        ("a.py", "def f(a):\n    t = g(a)\n    # why\n    return t\n", "t", "def f(a):\n    # why\n    return g(a)\n"),
        ("a.py", (
            "def f():\n    n = 3\n    return [n for _ in range(n)], n.real\n"
        ), "n", "[3 for _ in range(3)], (3).real"),
        ("a.py", "def f(a):\n    n = len(a)\n    return f'{n} things'\n", "n", "    return f'{len(a)} things'\n"),
        ("a.js", (
            "function f(a) {\n  const t = a.b;\n  return { t };\n}\n"
        ), "t", "function f(a) {\n  return { t: a.b };\n}\n"),
        ("a.ts", "function f(a) {\n  const t = () => 1;\n  return t();\n}\n", "t", "  return (() => 1)();\n"),
    ],
)  # fmt: skip
def test_a_variable_gives_way_to_its_value(lab: Lab, path: str, code: str, name: str, expected: str) -> None:
    lab.write({path: code})
    plan = lab.plan("inline-variable", **lab.place(path, f"{name} = "))
    assert plan.reason == ""
    assert expected in lab.after(plan)[path]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("a.py", "def f(a):\n    t = a\n    t += 1\n    return t\n", "in 2 places"),
        ("a.py", "def f(a):\n    t = g(a)\n    h()\n    return t\n", "very next statement"),
        ("a.py", "def f(a):\n    t = g(a)\n    return t + t\n", "used 2 times"),
        ("a.py", "def f(a):\n    t = g(a)\n    return h() + t\n", "evaluated before"),
        ("a.py", "def f(a):\n    t = g(a)\n    return lambda: t\n", "at each call"),
        ("a.py", "def f(a):\n    t = g(a)\n", "Nothing uses t"),
        ("a.py", "t = 1\nprint(t)\n", "top of the file"),
        ("a.py", "class A:\n    t = 1\n    u = t\n", "attribute of a class"),
        ("a.py", "def f(a):\n    t, u = a\n    return t\n", "not declared alone"),
        ("a.py", "def f(a):\n    t = 1; g()\n    return t\n", "shares its line"),
        ("a.py", "def f(a):\n    t = 1\n    return t, locals()\n", "as text"),
        ("a.py", "def f(a):\n    t = a['x']\n    return f'{t}'\n", "quotes"),
        ("a.py", "def f(a):\n    t = a\n    return [t for a in range(3)]\n", "for each element"),
        ("a.js", "function f(a) {\n  let t = a.b;\n  t = 2;\n  return t;\n}\n", "another value"),
        ("a.js", "export const t = 1;\nf(t);\n", "other files"),
        ("a.js", "const t = 1;\nf(t);\nexport { t };\n", "is exported"),
        ("a.go", "package a\n\nfunc f() int {\n\tt := 1\n\treturn t\n}\n", "whose scopes are known"),
    ],
)  # fmt: skip
def test_a_variable_whose_value_may_be_another_is_kept(lab: Lab, path: str, code: str, said: str) -> None:
    lab.write({path: code})
    at = "t = " if "t = " in code else "t, u" if "t, u" in code else "t := "
    assert said in lab.plan("inline-variable", **lab.place(path, at)).reason


def test_the_comment_of_a_line_that_goes_is_told(lab: Lab) -> None:
    lab.write({"a.py": "def f(a):\n    t = 1  # seconds\n    return t\n"})
    assert lab.plan("inline-variable", path="a.py", line=2, symbol="t").notes == [
        "a.py:2: the comment of this line goes with it: # seconds"
    ]
    assert "No variable stands" in lab.plan("inline-variable", path="a.py", line=3, column=5).reason
