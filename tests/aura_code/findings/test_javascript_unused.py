from __future__ import annotations

import pytest

from aura_code.findings.checking import apply_edits
from aura_code.findings.model import Check
from aura_code.rules.checks.javascript_captures import captured_loop_variables
from aura_code.rules.checks.javascript_unused import unused_imports, unused_locals, unused_parameters
from aura_code.syntax import SourceFile, parse_source

pytestmark = pytest.mark.requirement("C4")


def parsed(text: str, path: str) -> SourceFile:
    file = parse_source(path, text.encode())
    assert file is not None
    return file


def found(check: Check, text: str, path: str = "src/a.ts") -> list[str]:
    """What a check points at."""
    file = parsed(text, path)
    hits = list(check(file, {}))
    return [file.text_of(hit.at) for hit in hits if not isinstance(hit.at, tuple)]


def fixed(check: Check, text: str, path: str = "src/a.ts") -> str:
    """A text after the edits of all hits."""
    file = parsed(text, path)
    changed = apply_edits(file.text, [edit for hit in check(file, {}) for edit in hit.edits])
    assert changed is not None
    return changed.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a, { b } from 'm';\nb();", "import { b } from 'm';\nb();"),
        ("import a, { b } from 'm';\na();", "import a from 'm';\na();"),
        ("import a, * as b from 'm';\na();", "import a from 'm';\na();"),
        ("import a, * as b from 'm';\nb();", "import * as b from 'm';\nb();"),
        ("import a, { b, c } from 'm';\nc();", "import { c } from 'm';\nc();"),
        ("import { a, b, c, d } from 'm';\na(d);", "import { a, d } from 'm';\na(d);"),
        ("import { a, b, c } from 'm';\na();", "import { a } from 'm';\na();"),
        ("import { a as b } from 'm';\nrun();\n", "run();\n"),
        ("import fs = require('fs');\nrun();\n", "run();\n"),
        ("import a from 'm'; // why\nrun();\n", "run();\n"),
        ("import a from 'm'; run();", "import a from 'm'; run();"),
        ("import {\n  a, // why\n  b,\n} from 'm';\nb();", "import {\n  a, // why\n  b,\n} from 'm';\nb();"),
    ],
)
def test_unused_imports_are_taken_out_and_the_rest_stays(before: str, after: str) -> None:
    assert found(unused_imports, before)
    assert fixed(unused_imports, before) == after


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("import { a } from 'm';\n/** @type {a} */\nlet x;", "a.js"),
        ("import { a } from 'm';\n// see {@link a}\nrun();", "a.ts"),
        ("/** @jsx h */\nimport { h } from 'm';\nrun(<p/>);", "a.tsx"),
        ("import * as React from 'react';\nrun(<p/>);", "a.tsx"),
        ("import { A } from 'm';\ntype B = A;\nexport {};", "a.ts"),
        ("import { A } from 'm';\ndeclare module 'm' { interface A { b: 1 } }\nclass C implements A {}", "a.ts"),
        ("import _ from 'm';\nrun();", "a.js"),
        ("import a from 'm';\neval('a');", "a.js"),
        ("import a from 'm';\nrun(;", "a.js"),
        ("import { A } from 'm';\ndeclare const x: 1;", "a.d.ts"),
        ("import a from 'm';\nimport b from 'n';", "a.js"),
        (f"import {{ {', '.join(f'name{n}' for n in range(13))} }} from 'm';\nrun();", "a.js"),
    ],
)
def test_imports_that_may_be_used_unseen_are_left_alone(text: str, path: str) -> None:
    assert found(unused_imports, text, path) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("function f() {\n  const a = run();\n}", "function f() {\n  run();\n}"),
        ("function f() {\n  const a = 1;\n  run();\n}", "function f() {\n  run();\n}"),
        ("function f() {\n  let a;\n  run();\n}", "function f() {\n  run();\n}"),
        ("function f() {\n  const a = 1, b = 2;\n  run(b);\n}", "function f() {\n  const a = 1, b = 2;\n  run(b);\n}"),
        ("function f() {\n  const a = x + y;\n}", "function f() {\n  const a = x + y;\n}"),
        ("function f() {\n  const a = (() => 1)();\n}", "function f() {\n  const a = (() => 1)();\n}"),
        ("function f() {\n  let a = 1;\n  a = 2;\n}", "function f() {\n  let a = 1;\n  a = 2;\n}"),
    ],
)
def test_unused_locals_go_where_nothing_else_is_lost(before: str, after: str) -> None:
    assert found(unused_locals, before) == ["a"]
    assert fixed(unused_locals, before) == after


@pytest.mark.parametrize(
    "text",
    [
        "function f() { let a = 0; [a] = list; }",
        "function f() { let a; for (a of list) run(); }",
        "function f() { for (const a of list) run(); }",
        "function f() { let a = 0; return a++; }",
        "function f() { const { a, ...rest } = o; return rest; }",
        "function f() { const a = () => 1; return a; }",
        "const a = 1; { let b = 2; }",
        "namespace N { const a = 1; }",
    ],
)
def test_names_that_are_used_or_belong_to_others_are_left_alone(text: str) -> None:
    assert found(unused_locals, text) == []


def test_types_of_tests_are_checked_by_constants_that_nobody_reads() -> None:
    text = "it('fits', () => { const a: A = make(); const b = make(); });"
    assert found(unused_locals, text, "tests/a.test.ts") == ["b"]


def test_unused_parameters_of_functions_that_are_only_called() -> None:
    assert found(unused_parameters, "function f(a, b) { return b; }\nf(1, 2);") == ["a"]
    assert found(unused_parameters, "const f = (a) => 1;\nf(1);") == ["a"]
    for text in (
        "export function f(a) { return 1; }\nf(1);",
        "function f(a) { return 1; }\nlist.map(f);",
        "function f(a) { return 1; }",
        "const f: F = (a) => 1;\nf(1);",
        "function f(...a) { return 1; }\nf(1);",
        "function f({ a }) { return 1; }\nf(1);",
        "function f(a) { return eval('a'); }\nf(1);",
        "run(function (a) { return 1; });",
    ):
        assert found(unused_parameters, text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("for (var i in o) { list.push({ run: () => i }); }", ["i"]),
        ("for (var i = 0; i < 3; i++) { handlers[i] = function () { return i; }; }", ["i"]),
        ("while (next()) { var x = take(); later.on('end', () => x.close()); }", ["x"]),
        ("for (var i = 0; i < 3; i++) { list.map(function () { return i; }); }", []),
        ("for (var i = 0; i < 3; i++) { setTimeout(function () { run(i); }); break; }", []),
        ("for (var i = 0; i < 3; i++) { return () => i; }", []),
        ("for (let i = 0; i < 3; i++) { setTimeout(() => run(i)); }", []),
        ("for (const k of o) { var same = 'a'; setTimeout(() => run(same)); }", []),
        ("var x; for (const k of o) { setTimeout(() => run(x)); }", []),
        ("function f() { for (var i of o) { const g = () => i; g(); } }", []),
        ("for (var i = 0;; i++) { setTimeout(() => { i = 2; }); run(;", []),
    ],
)
def test_loop_variables_are_captured_where_a_function_outlives_its_turn(text: str, names: list[str]) -> None:
    code = f"function around() {{ {text} }}" if "return ()" in text else text
    assert found(captured_loop_variables, code, "a.js") == names
