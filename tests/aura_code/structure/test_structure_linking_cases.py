"""What a name means, language by language: one small project a case."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from structured import linked, meaning

pytestmark = pytest.mark.requirement("C2")


class Case(NamedTuple):
    files: dict[str, str]
    path: str
    name: str
    meant: str
    """Path and qualified name; empty when nothing of the project is meant."""


CASES = {
    "js: require of a whole module": Case(
        {"a.js": "function f() {}\nmodule.exports = f;\n", "b.js": "const g = require('./a');\ng();\n"},
        "b.js",
        "g",
        "a.js:f",
    ),
    "js: a member of a required module": Case(
        {"a.js": "exports.f = function () {};\n", "b.js": "const a = require('./a');\na.f();\n"}, "b.js", "f", "a.js:f"
    ),
    "js: require of an object": Case(
        {"a.js": "function f() {}\nmodule.exports = { f };\n", "b.js": "const { f } = require('./a');\nf();\n"},
        "b.js",
        "f",
        "a.js:f",
    ),
    "js: a default import of a class and a method of its instance": Case(
        {"a.js": "export default class A {\n  go() {}\n}\n", "b.js": "import B from './a';\nnew B().go();\n"},
        "b.js",
        "go",
        "a.js:A.go",
    ),
    "js: a default that is named before": Case(
        {"a.js": "function f() {}\nexport default f;\n", "b.js": "import g from './a.js';\ng();\n"},
        "b.js",
        "g",
        "a.js:f",
    ),
    "ts: a namespace import": Case(
        {"a.ts": "export const f = () => 1;\n", "b.ts": "import * as ns from './a';\nns.f();\n"}, "b.ts", "f", "a.ts:f"
    ),
    "ts: a namespace handed on": Case(
        {
            "a.ts": "export function f() {}\n",
            "i.ts": "export * as ns from './a';\n",
            "b.ts": "import { ns } from './i';\nns.f();\n",
        },
        "b.ts",
        "f",
        "a.ts:f",
    ),
    "ts: what is imported and exported again": Case(
        {
            "a.ts": "export function f() {}\n",
            "i.ts": "import { f } from './a';\nexport { f as g };\n",
            "b.ts": "import { g } from './i';\ng();\n",
        },
        "b.ts",
        "g",
        "a.ts:f",
    ),
    "ts: a folder with an index": Case(
        {"lib/index.ts": "export class A {}\n", "b.ts": "import { A } from './lib';\nnew A();\n"},
        "b.ts",
        "A",
        "lib/index.ts:A",
    ),
    "ts: an interface through a type alias": Case(
        {
            "a.ts": "export interface A { go(): void }\nexport type B = A;\n",
            "b.ts": "import { B } from './a';\nexport function f(b: B) {\n  b.go();\n}\n",
        },
        "b.ts",
        "go",
        "a.ts:A.go",
    ),
    "ts: elements of an array": Case(
        {"a.ts": "class A { go() {} }\nfunction f(all: A[]) {\n  for (const one of all) one.go();\n}\n"},
        "a.ts",
        "go",
        "a.ts:A.go",
    ),
    "ts: super": Case(
        {"a.ts": "class A { go() {} }\nclass B extends A {\n  run() { super.go(); }\n}\n"}, "a.ts", "go", "a.ts:A.go"
    ),
    "ts: nothing outside": Case({"a.ts": "import fs from 'fs';\nfs.readFile('x');\n"}, "a.ts", "readFile", ""),
    "py: a module taken out of a package": Case(
        {"p/__init__.py": "", "p/m.py": "def f(): ...\n", "b.py": "from p import m\nm.f()\n"}, "b.py", "f", "p/m.py:f"
    ),
    "py: a dotted import": Case(
        {"p/__init__.py": "", "p/m.py": "def f(): ...\n", "b.py": "import p.m\np.m.f()\n"}, "b.py", "f", "p/m.py:f"
    ),
    "py: a package without a file": Case(
        {"p/q/m.py": "def f(): ...\n", "b.py": "from p.q.m import f\nf()\n"}, "b.py", "f", "p/q/m.py:f"
    ),
    "py: two dots": Case(
        {
            "p/__init__.py": "",
            "p/m.py": "def f(): ...\n",
            "p/q/__init__.py": "",
            "p/q/n.py": "from ..m import f\nf()\n",
        },
        "p/q/n.py",
        "f",
        "p/m.py:f",
    ),
    "py: an attribute of an instance": Case(
        {
            "a.py": (
                "class A:\n    def go(self): ...\n\n\nclass B:\n"
                "    def __init__(self) -> None:\n        self.a = A()\n\n"
                "    def run(self):\n        self.a.go()\n"
            )
        },
        "a.py",
        "go",
        "a.py:A.go",
    ),
    "py: super": Case(
        {"a.py": "class A:\n    def go(self): ...\n\n\nclass B(A):\n    def go(self):\n        super().go()\n"},
        "a.py",
        "go",
        "a.py:A.go",
    ),
    "py: elements of a list": Case(
        {"a.py": "class A:\n    def go(self): ...\n\n\ndef f(all: list[A]):\n    for one in all:\n        one.go()\n"},
        "a.py",
        "go",
        "a.py:A.go",
    ),
    "py: an instance of the module": Case(
        {"a.py": "class A:\n    def go(self): ...\n\n\none = A()\n", "b.py": "from a import one\none.go()\n"},
        "b.py",
        "go",
        "a.py:A.go",
    ),
    "py: a class method": Case(
        {"a.py": "class A:\n    @classmethod\n    def make(cls): ...\n", "b.py": "from a import A\nA.make()\n"},
        "b.py",
        "make",
        "a.py:A.make",
    ),
    "py: nothing of the standard library": Case({"a.py": "import json\njson.dumps(1)\n"}, "a.py", "dumps", ""),
    "go: an embedded type": Case(
        {
            "go.mod": "module m\n",
            "a.go": "package m\n\ntype A struct{}\n\nfunc (a A) Go() {}\n\ntype B struct{ A }\n\n"
            "func f(b B) { b.Go() }\n",
        },
        "a.go",
        "Go",
        "a.go:A.Go",
    ),
    "go: elements of a slice": Case(
        {
            "go.mod": "module m\n",
            "a.go": "package m\n\ntype A struct{}\n\nfunc (a A) Go() {}\n\n"
            "func f(all []A) {\n\tfor _, a := range all {\n\t\ta.Go()\n\t}\n}\n",
        },
        "a.go",
        "Go",
        "a.go:A.Go",
    ),
    "go: nothing of another module": Case(
        {"go.mod": "module m\n", "a.go": 'package m\n\nimport "fmt"\n\nfunc f() { fmt.Println() }\n'},
        "a.go",
        "Println",
        "",
    ),
    "rust: super and self": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod a;\npub fn top() {}\n",
            "src/a/mod.rs": "mod b;\npub fn mid() {}\n",
            "src/a/b.rs": "use super::super::top;\nfn f() { top(); super::mid(); }\n",
        },
        "src/a/b.rs",
        "top",
        "src/lib.rs:top",
    ),
    "rust: a path with super": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod a;\n",
            "src/a/mod.rs": "mod b;\npub fn mid() {}\n",
            "src/a/b.rs": "fn f() { super::mid(); }\n",
        },
        "src/a/b.rs",
        "mid",
        "src/a/mod.rs:mid",
    ),
    "rust: a glob": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod a;\nuse a::*;\nfn f() { go(); }\n",
            "src/a.rs": "pub fn go() {}\n",
        },
        "src/lib.rs",
        "go",
        "src/a.rs:go",
    ),
    "rust: an impl in another file": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod a;\nmod b;\npub struct S;\nfn f(s: &S) { s.go(); }\n",
            "src/a.rs": "",
            "src/b.rs": "use crate::S;\nimpl S {\n    pub fn go(&self) {}\n}\n",
        },
        "src/lib.rs",
        "go",
        "src/b.rs:S.go",
    ),
    "rust: the value of an option": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": (
                "pub struct S;\nimpl S {\n    fn go(&self) {}\n}\nfn make() -> Option<S> { None }\n"
                "fn f() { make().unwrap().go(); }\n"
            ),
        },
        "src/lib.rs",
        "go",
        "src/lib.rs:S.go",
    ),
    "rust: a variant of an imported enum": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod a;\nuse a::E;\nuse E::One;\nfn f() -> E { One }\n",
            "src/a.rs": "pub enum E { One, Two }\n",
        },
        "src/lib.rs",
        "One",
        "src/a.rs:E.One",
    ),
    "py: a fixture by its parameter": Case(
        {
            "tests/conftest.py": (
                "import pytest\n\n\n"
                "class A:\n    def go(self): ...\n\n\n@pytest.fixture\ndef one() -> A:\n    return A()\n"
            ),
            "tests/test_a.py": "def test_it(one):\n    one.go()\n",
        },
        "tests/test_a.py",
        "go",
        "tests/conftest.py:A.go",
    ),
    "py: the value of a context manager": Case(
        {
            "a.py": (
                "from collections.abc import Iterator\nfrom contextlib import contextmanager\n\n\n"
                "class A:\n    def go(self): ...\n\n\n@contextmanager\ndef made() -> Iterator[A]:\n    yield A()\n"
            ),
            "b.py": "from a import made\n\nwith made() as one:\n    one.go()\n",
        },
        "b.py",
        "go",
        "a.py:A.go",
    ),
    "py: stars of stars": Case(
        {
            "a.py": "def f(): ...\n",
            "b.py": "from a import *\n",
            "c.py": "from b import *\n",
            "d.py": "from c import *\nf()\n",
        },
        "d.py",
        "f",
        "a.py:f",
    ),
    "py: what a function returns": Case(
        {
            "a.py": "class A:\n    def go(self): ...\n\n\ndef f() -> A: ...\n\n\n"
            "def g():\n    return f()\n\n\ng().go()\n"
        },
        "a.py",
        "go",
        "a.py:A.go",
    ),
    "py: another name of a class": Case(
        {
            "a.py": "class A:\n    @staticmethod\n    def go(): ...\n\n\nB = A\n",
            "b.py": "from a import B\nB.go()\nB().go()\n",
        },
        "b.py",
        "go",
        "a.py:A.go",
    ),
    "go: a named slice": Case(
        {
            "go.mod": "module m\n",
            "a.go": (
                "package m\n\ntype A struct{}\n\nfunc (a A) Go() {}\n\ntype All []A\n\n"
                "func f(all All) {\n\tfor _, a := range all {\n\t\ta.Go()\n\t}\n}\n"
            ),
        },
        "a.go",
        "Go",
        "a.go:A.Go",
    ),
    "rust: a module inside of a file": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "pub mod a {\n    pub fn go() {}\n}\nmod b;\n",
            "src/b.rs": "use crate::a::go;\nfn f() { go(); }\n",
        },
        "src/b.rs",
        "go",
        "src/lib.rs:a.go",
    ),
    "rust: a function called like its module": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "mod time;\nmod b;\n",
            "src/time/mod.rs": "mod sleep;\npub use sleep::sleep;\n",
            "src/time/sleep.rs": "pub fn sleep() {}\n",
            "src/b.rs": "use crate::time::sleep;\nfn f() { sleep(); }\n",
        },
        "src/b.rs",
        "sleep",
        "src/time/sleep.rs:sleep",
    ),
    "rust: a getter called like its field": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": (
                "pub struct N;\nimpl N {\n    fn go(&self) {}\n}\npub struct S { other: u8, n: N }\nimpl S {\n"
                "    fn n(&self) -> &N { todo!() }\n}\nfn f(s: &S) { s.n().go(); }\n"
            ),
        },
        "src/lib.rs",
        "go",
        "src/lib.rs:N.go",
    ),
    "rust: an alias of a type": Case(
        {
            "Cargo.toml": '[package]\nname = "m"\n',
            "src/lib.rs": "pub struct S;\nimpl S {\n    fn go(&self) {}\n}\ntype T = S;\nfn f(t: &T) { t.go(); }\n",
        },
        "src/lib.rs",
        "go",
        "src/lib.rs:S.go",
    ),
    "ts: a method of what a constructor made": Case(
        {
            "a.ts": "export class A {\n  constructor(n: number) {}\n  go() {}\n}\nexport const a = new A(1);\n",
            "b.ts": "import { a } from './a';\na.go();\n",
        },
        "b.ts",
        "go",
        "a.ts:A.go",
    ),
    "ts: a class among the exports of a require": Case(
        {"a.ts": "export class A { go() {} }\n", "b.ts": "import x = require('./a');\nnew x.A().go();\n"},
        "b.ts",
        "go",
        "a.ts:A.go",
    ),
    "java: the same package": Case(
        {
            "a/A.java": "package a;\n\nclass A {\n  static void go() {}\n}\n",
            "a/B.java": "package a;\n\nclass B {\n  void f() { A.go(); }\n}\n",
        },
        "a/B.java",
        "go",
        "a/A.java:A.go",
    ),
    "java: an inner class": Case(
        {
            "a/A.java": "package a;\n\npublic class A {\n  public static class In {\n    public void go() {}\n  }\n}\n",
            "b/B.java": "package b;\n\nimport a.A;\n\nclass B {\n  void f(A.In in) { in.go(); }\n}\n",
        },
        "b/B.java",
        "go",
        "a/A.java:A.In.go",
    ),
    "java: a static import": Case(
        {
            "a/A.java": "package a;\n\npublic class A {\n  public static void go() {}\n}\n",
            "b/B.java": "package b;\n\nimport static a.A.go;\n\nclass B {\n  void f() { go(); }\n}\n",
        },
        "b/B.java",
        "go",
        "a/A.java:A.go",
    ),
    "java: everything of a package": Case(
        {
            "a/A.java": "package a;\n\npublic class A {\n  public void go() {}\n}\n",
            "b/B.java": "package b;\n\nimport a.*;\n\nclass B {\n  void f(A one) { one.go(); }\n}\n",
        },
        "b/B.java",
        "go",
        "a/A.java:A.go",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_name_means(tmp_path: Path, case: Case) -> None:
    store = linked(tmp_path / "project", case.files)
    found = {meant for meant, confidence in meaning(store, case.path, case.name) if confidence != 1}
    assert found == {case.meant}
    store.close()
