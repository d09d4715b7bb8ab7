"""What a change does to what others may use, language by language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_code.reviewing.api import api_changes
from aura_code.reviewing.reading import read_change
from aura_shared.messages.review import ApiChange
from reviewed import asked, commit, review
from structured import linked, write

pytestmark = pytest.mark.requirement("C8")

PYTHON = {"pyproject.toml": '[project]\nname = "shop"\n', "shop/__init__.py": ""}
SCRIPT = {"package.json": '{"name": "shop", "main": "index.js"}'}
GO = {"go.mod": "module shop\n"}
RUST = {"Cargo.toml": '[package]\nname = "shop"\n'}


def changes(root: Path, around: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str]) -> list[ApiChange]:
    """What becomes of an interface when files change; a file that is missing in `new` is deleted."""
    commit(root, {**around, **old})
    for path in old.keys() - new.keys():
        (root / path).unlink()
    write(root, new)
    return api_changes(read_change(root, asked()), None)


def told(found: list[ApiChange]) -> list[tuple[str, str, bool]]:
    """Symbol, kind and verdict."""
    return [(one.symbol, one.kind, one.breaking) for one in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("def f(a): pass\n", "def f(a, b): pass\n", [("f", "signature", True)]),
        ("def f(a): pass\n", "def f(a, b=1): pass\n", [("f", "signature", False)]),
        ("def f(a): pass\n", "def f(a, *, b=1): pass\n", [("f", "signature", False)]),
        ("def f(a, b): pass\n", "def f(a): pass\n", [("f", "signature", True)]),
        ("def f(a, b): pass\n", "def f(b, a): pass\n", [("f", "signature", True)]),
        ("def f(a): pass\n", "def f(c): pass\n", [("f", "signature", True)]),
        ("def f(a, /): pass\n", "def f(c, /): pass\n", [("f", "signature", False)]),
        ("def f(a=1, b=2): pass\n", "def f(a=1, c=3, b=2): pass\n", [("f", "signature", True)]),
        ("def f(a=1): pass\n", "def f(a): pass\n", [("f", "signature", True)]),
        ("def f(a): pass\n", "def f(*, a): pass\n", [("f", "signature", True)]),
        ("def f(a): pass\n", "def f(**kwargs): pass\n", [("f", "signature", False)]),
        ("def f(a, *args): pass\n", "def f(a): pass\n", [("f", "signature", True)]),
        ("def f(): pass\n", "async def f(): pass\n", [("f", "signature", True)]),
        ("def f(a: int | None): pass\n", "def f(a: int): pass\n", [("f", "type", True)]),
        ("def f(a: int): pass\n", "def f(a: int | None): pass\n", []),
        ("def f() -> int: ...\n", "def f() -> int | None: ...\n", [("f", "type", True)]),
        ("def f() -> int | None: ...\n", "def f() -> int: ...\n", []),
        ("def f(a): pass\n", "def f(a): return 1\n", []),
        ("def _f(a): pass\n", "", []),
        ("def f(a): pass\n", "def _f(a): pass\n", [("f", "visibility", True)]),
        ("def f(a): pass\n", "g = 1\n", [("f", "removed", True), ("g", "added", False)]),
        ("def f(a):\n    x = a\n    y = x\n    return y\n", "def g(a):\n    x = a\n    y = x\n    return y\n",
         [("f", "renamed", True), ("g", "added", False)]),
        ("class C:\n    def m(self): pass\n", "class C:\n    pass\n", [("C.m", "removed", True)]),
        ("class C:\n    def m(self): pass\n", "class C:\n    @property\n    def m(self): pass\n",
         [("C.m", "signature", True)]),
        ("__all__ = ['f']\ndef f(): pass\ndef g(): pass\n", "__all__ = ['f']\ndef f(): pass\n", []),
        ("X = 1\nlogger = 2\n", "\n", [("X", "removed", True)]),
        ("from typing import overload\n@overload\ndef f(a): ...\ndef f(a, b=1): pass\n",
         "from typing import overload\n@overload\ndef f(a, b): ...\ndef f(a, b=1): pass\n", []),
    ],
)  # fmt: skip
def test_python(tmp_path: Path, old: str, new: str, expected: list[tuple[str, str, bool]]) -> None:
    found = changes(tmp_path, PYTHON, {"shop/a.py": old}, {"shop/a.py": new})
    assert told(found) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"shop/a.py": "def f(): pass\n"},
            {"shop/a.py": "from shop.b import f\n", "shop/b.py": "def f(): pass\n"},
            [("f", "added", False)],
        ),
        (
            {"shop/a.py": "def f(): pass\n"},
            {"shop/a.py": "", "shop/b.py": "def f(): pass\n"},
            [("f", "renamed", True), ("f", "added", False)],
        ),
        ({"shop/_a.py": "def f(): pass\n"}, {"shop/_a.py": "\n"}, [("f", "removed", False)]),
        ({"tests/test_a.py": "def f(): pass\n"}, {"tests/test_a.py": "\n"}, []),
        ({"scripts/a.py": "def f(): pass\n"}, {"scripts/a.py": "\n"}, [("f", "removed", False)]),
    ],
)
def test_where_python_lies(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], expected: list[tuple[str, str, bool]]
) -> None:
    assert sorted(told(changes(tmp_path, PYTHON, old, new))) == sorted(expected)


def test_a_private_module_counts_when_its_package_hands_the_name_on(tmp_path: Path) -> None:
    around = {**PYTHON, "shop/__init__.py": "from shop._a import f\n"}
    found = changes(tmp_path, around, {"shop/_a.py": "def f(): pass\n"}, {"shop/_a.py": "def f(a): pass\n"})
    assert told(found) == [("f", "signature", True)]


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("index.js", "export function f(a) {}\n", "export function f(a, b) {}\n", [("f", "signature", False)]),
        ("index.js", "export function f(a, b) {}\n", "export function f(b, a) {}\n", [("f", "signature", True)]),
        ("index.js", "export function f() {}\n", "function f() {}\n", [("f", "visibility", True)]),
        ("other.js", "export function f() {}\n", "export {};\n", [("f", "removed", False)]),
        ("index.ts", "export function f(a: string) {}\n", "export function f(a: string, b: string) {}\n",
         [("f", "signature", True)]),
        ("index.ts", "export function f(a: string) {}\n", "export function f(a: string, b?: string) {}\n",
         [("f", "signature", False)]),
        ("index.ts", "export const f = (a: string | number) => a;\n", "export const f = (a: string) => a;\n",
         [("f", "type", True)]),
        ("index.ts", "export function f(a: string) {}\n", "export function f(a: number) {}\n", [("f", "type", True)]),
        ("index.ts", "export function f(a: string) {}\n", "export function f(a: string | number) {}\n", []),
        ("index.ts", "export function f(a: Id) {}\n", "export function f(a: string) {}\n", []),
        ("index.ts", "export function f(): string { return g() }\n", "export function f(): number { return g() }\n",
         [("f", "type", True)]),
        ("index.ts", "export function f(a: string): string { return a }\n",
         "export function f(a: string): string | null { return a }\n", [("f", "type", True)]),
        ("index.ts", "export function f(): string | null { return g() }\n",
         "export function f(): string { return g() }\n", []),
        ("index.ts", "export interface I { a: string; b: string }\n", "export interface I { a: string }\n",
         [("I.b", "removed", True)]),
    ],
)  # fmt: skip
def test_scripts(tmp_path: Path, name: str, old: str, new: str, expected: list[tuple[str, str, bool]]) -> None:
    assert told(changes(tmp_path, SCRIPT, {name: old}, {name: new})) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("func F(a int) {}\n", "func F(a int, b int) {}\n", [("F", "signature", True)]),
        ("func F(a int) {}\n", "func F(b int) {}\n", []),
        ("func F(a int) {}\n", "func F(a int, b ...string) {}\n", [("F", "signature", False)]),
        ("func F() error { return nil }\n", "func F() (int, error) { return 0, nil }\n", [("F", "signature", True)]),
        ("func F(a interface{}) {}\n", "func F(a any) {}\n", []),
        ("func f() {}\n", "", []),
        ("func F() {}\n", "func f() {}\n", [("F", "visibility", True)]),
        ("func F(a []string) {}\n", "type T = string\n\nfunc F(a []T) {}\n", [("T", "added", False)]),
        ("type T = string\n\nfunc F(a T) {}\n", "type T = string\n\nfunc F(a T) { _ = a }\n", []),
        ("type I interface { A() }\n", "type I interface { A(); B() }\n", [("I", "signature", True)]),
        ("type S struct { A int; B int }\n", "type S struct { A int }\n", [("S.B", "removed", True)]),
    ],
)
def test_go(tmp_path: Path, old: str, new: str, expected: list[tuple[str, str, bool]]) -> None:
    found = changes(tmp_path, GO, {"a/a.go": f"package a\n\n{old}"}, {"a/a.go": f"package a\n\n{new}"})
    assert told(found) == expected


def test_methods_of_hidden_types_are_hidden(tmp_path: Path) -> None:
    around = {**GO, "a/t.go": "package a\n\ntype t struct{}\n"}
    old, new = "package a\n\nfunc (t) M() {}\n", "package a\n"
    assert changes(tmp_path, around, {"a/a.go": old}, {"a/a.go": new}) == []


def test_a_definition_may_move_within_a_package_of_go(tmp_path: Path) -> None:
    new = {"a/a.go": "package a\n", "a/b.go": "package a\n\nfunc F() {}\n"}
    assert changes(tmp_path, GO, {"a/a.go": "package a\n\nfunc F() {}\n"}, new) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("pub fn f(a: u8) {}\n", "pub fn f(a: u16) {}\n", [("f", "signature", True)]),
        ("pub fn f(a: &str) {}\n", "pub fn f<'a>(b: &'a str) {}\n", []),
        ("pub fn f(a: &str) {}\n", "pub fn f(a: impl AsRef<str>) {}\n", []),
        ("pub fn f() -> u8 { 1 }\n", "pub fn f() -> Option<u8> { None }\n", [("f", "type", True)]),
        ("pub fn f() {}\n", "pub(crate) fn f() {}\n", [("f", "visibility", True)]),
        ("pub fn f() {}\n", "pub unsafe fn f() {}\n", [("f", "signature", True)]),
        ("fn f() {}\n", "", []),
    ],
)
def test_rust(tmp_path: Path, old: str, new: str, expected: list[tuple[str, str, bool]]) -> None:
    assert told(changes(tmp_path, RUST, {"src/lib.rs": old}, {"src/lib.rs": new})) == expected


def test_private_modules_of_rust_are_not_outside(tmp_path: Path) -> None:
    around = {**RUST, "src/lib.rs": "mod inner;\n"}
    found = changes(tmp_path, around, {"src/inner.rs": "pub fn f() {}\n"}, {"src/inner.rs": "pub fn g() {}\n"})
    assert not any(one.breaking for one in found)


def test_forms_of_java_are_told_apart(tmp_path: Path) -> None:
    old = "public class A {\n  public void f(int a) {}\n  public void f(long a) {}\n}\n"
    new = "public class A {\n  public void f(int a) {}\n  public void f(String a) {}\n}\n"
    found = changes(tmp_path, {}, {"src/A.java": old}, {"src/A.java": new})
    assert told(found) == [("A.f", "signature", True)]


def test_users_that_the_change_leaves_alone_are_named(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    files = {
        **PYTHON,
        "shop/a.py": "def f(a):\n    return a\n",
        "shop/b.py": "from shop.a import f\n\n\ndef g():\n    return f(1)\n",
        "shop/c.py": "from shop.a import f\n\n\ndef h():\n    return f(1)\n",
    }
    commit(root, files)
    new = {"shop/a.py": "def f(a, b):\n    return a + b\n", "shop/b.py": files["shop/b.py"].replace("f(1)", "f(1, 2)")}
    store = linked(root, {**files, **new})
    found = review(root, asked(), store)
    [one] = [one for one in found.api if one.symbol == "f"]
    assert (one.breaking, "shop/c.py:5" in one.users_left, "shop/b.py:5" in one.users_left) == (True, True, False)
    assert any("who changes the code that still uses `f`" in question for question in found.questions)
    store.close()
