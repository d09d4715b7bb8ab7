"""Skeletons from signatures that an instruction names."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_factory.assist.skeletons import Named, Skeleton, named_signature, write_skeleton
from aura_shared.messages.refactoring import Habit


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Add `parse_price(text: str) -> Price`.", Named("function", "parse_price", "(text: str)", "Price")),
        ("Add `def total(self, *, tax: float = 0.2) -> dict[str, int]:`",
         Named("function", "total", "(self, *, tax: float = 0.2)", "dict[str, int]")),
        ("a function called `load`", Named("function", "load")),
        ("a class `Basket(Cart)` for gifts", Named("class", "Basket", "(Cart)")),
        ("add the function read_all that reads files", Named("function", "read_all")),
        ("a function loadUser(id) for the API", Named("function", "loadUser", "(id)")),
        ("write a test test_total_is_zero", Named("test", "test_total_is_zero")),
        ("`function open(user: string): Promise<Session>`",
         Named("function", "open", "(user: string)", "Promise<Session>")),
        ("`pub fn take(&mut self, wanted: u32) -> Result<u32, u32>`",
         Named("function", "take", "(&mut self, wanted: u32)", "Result<u32, u32>")),
        ("a callback `on(f: (x) => y)` as `on(f: (x) => y)`", Named("function", "on", "(f: (x) => y)")),
        ("make the cart faster", None),
        ("a function that reads prices", None),
        ("the function for the total of a cart", None),
        ("add `f(x)` and `g(y)`", None),
        ("use `Cart` and `Price`", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_one_signature_that_an_instruction_names_is_found(instruction: str, expected: Named | None) -> None:
    assert named_signature(instruction) == expected


def made(named: Named, path: str, language: str, before: str | None = None, *habits: Habit) -> str:
    found = write_skeleton(named, "Do it. Well.", path=path, language=language, before=before, habits=habits)
    assert isinstance(found, Skeleton), found
    return found.text


def habit(topic: str, rule: str) -> Habit:
    return Habit.model_validate({"topic": topic, "rule": rule, "share": 1, "seen": 9})


@pytest.mark.requirement("C7")
@pytest.mark.parametrize(
    ("named", "path", "language", "expected"),
    [
        (Named("function", "f", "(x: int)", "str"), "a.py", "python",
         '"""Do it."""\n\n\ndef f(x: int) -> str:\n    """Do it."""\n    raise NotImplementedError("f")\n'),
        (Named("class", "C", "(Base)"), "a.py", "python", '"""Do it."""\n\n\nclass C(Base):\n    """Do it."""\n'),
        (Named("test", "total"), "a.py", "python",
         '"""Do it."""\n\n\ndef test_total():\n    """Do it."""\n    raise NotImplementedError("test_total")\n'),
        (Named("function", "f", "(x)", "string"), "a.js", "javascript",
         '/** Do it. */\nexport function f(x) {\n  throw new Error("f is not implemented");\n}\n'),
        (Named("function", "f", "(x: number)", "string"), "a.ts", "typescript",
         '/** Do it. */\nexport function f(x: number): string {\n  throw new Error("f is not implemented");\n}\n'),
        (Named("class", "C"), "a.tsx", "tsx", "/** Do it. */\nexport class C {\n}\n"),
        (Named("test", "adds"), "a.test.js", "javascript",
         'test("adds", () => {\n  throw new Error("not implemented");\n});\n'),
        (Named("function", "F", "(x int)", "error"), "a.go", "go",
         'package main\n\n// F: do it.\nfunc F(x int) error {\n\tpanic("F is not implemented")\n}\n'),
        (Named("class", "T"), "a.go", "go", "package main\n\n// T: do it.\ntype T struct {\n}\n"),
        (Named("test", "TestF"), "a_test.go", "go",
         'package main\n\nfunc TestF(t *testing.T) {\n\tt.Fatal("not implemented")\n}\n'),
        (Named("function", "f", "(x: u32)", "u32"), "a.rs", "rust",
         '/// Do it.\npub fn f(x: u32) -> u32 {\n    todo!("f")\n}\n'),
        (Named("class", "T"), "a.rs", "rust", "/// Do it.\npub struct T {\n}\n"),
        (Named("test", "f"), "a.rs", "rust", '#[test]\nfn f() {\n    todo!("f")\n}\n'),
    ],
)  # fmt: skip
def test_a_new_file_gets_the_skeleton(named: Named, path: str, language: str, expected: str) -> None:
    assert made(named, path, language) == expected


def test_an_existing_file_gets_it_at_its_end_in_its_own_style() -> None:
    assert made(Named("function", "f"), "a.py", "python", "x = 'a'\n\n\n") == (
        'x = \'a\'\n\n\ndef f():\n    """Do it."""\n    raise NotImplementedError(\'f\')\n'
    )
    text = made(
        Named("function", "f"), "a.js", "javascript", "const x = 1\nmodule.exports = { x }\n",
        habit("semicolons", "Leave semicolons out."), habit("quotes", "Use single quotes."),
        habit("indent", "Indent with 4 spaces."),
    )  # fmt: skip
    assert text.endswith("\n\n/** Do it. */\nfunction f() {\n    throw new Error('f is not implemented')\n}\n")
    tabs = made(Named("function", "f"), "a.py", "python", "x = 1\n", habit("indent", "Indent with tabs."))
    assert "\n\traise NotImplementedError" in tabs


@pytest.mark.parametrize(
    ("named", "language", "before", "why"),
    [
        (Named("function", "f"), "python", "def f():\n    pass\n", "already defines f"),
        (Named("function", "f", "(x y)"), "python", None, "does not read as python"),
        (Named("function", "f"), "cobol", None, "no skeleton is known for cobol"),
        (Named("function", "f"), "", None, "no skeleton is known for a file of this kind"),
    ],
)
def test_why_there_can_be_none_is_said(named: Named, language: str, before: str | None, why: str) -> None:
    found = write_skeleton(named, "Do it.", path="a.py", language=language, before=before, habits=[])
    assert isinstance(found, str)
    assert why in found


@given(st.text(max_size=120))
def test_whatever_the_instruction_says_stays_inside_the_documentation(instruction: str) -> None:
    found = write_skeleton(Named("function", "f"), instruction, path="a.py", language="python", before=None, habits=[])
    assert isinstance(found, Skeleton)
    tree = ast.parse(found.text)
    assert [type(node).__name__ for node in tree.body] == ["Expr", "FunctionDef"]
