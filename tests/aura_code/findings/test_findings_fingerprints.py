"""Fingerprints survive what does not change the finding, and differ where findings differ."""

from __future__ import annotations

import pytest

from aura_code.findings.analysis import analyse_source
from aura_code.findings.enclosing import symbol_at
from aura_code.findings.fingerprints import short_ids, told_apart
from aura_code_rules import CALLS, python, source

CODE = "def f():\n    run()\n    run()\n\n\ndef g():\n    run()\n"


def fingerprints(text: str, path: str = "app.py") -> list[str]:
    return [finding.fingerprint for finding in analyse_source(python(text, path), CALLS)]


@pytest.mark.requirement("C4")
def test_a_fingerprint_survives_shifts_renames_and_spaces() -> None:
    before = fingerprints(CODE)
    assert len(set(before)) == 3
    assert all(len(value) == 32 for value in before)
    assert fingerprints(f"import os\n\n{CODE}", "other/place.py") == before
    assert fingerprints(CODE.replace("run()", "run( )", 1)) == before
    assert fingerprints(CODE.replace("run()", "run()  # aura: ignore[no-calls] fine", 1)) == before
    assert fingerprints(CODE.replace("def g", "def h"))[:2] == before[:2]
    assert fingerprints(CODE.replace("def g", "def h"))[2] != before[2]


def test_equal_findings_of_several_files_are_told_apart_by_path() -> None:
    base = "0" * 32
    first, second = told_apart(base, ["a.py", "b.py"])
    assert (first, second != base) == (base, True)
    assert told_apart(base, ["a.py", "b.py", "c.py"])[:2] == [first, second]


def test_short_identifiers_are_as_long_as_they_must_be() -> None:
    a, b, c = "a" * 32, "a" * 10 + "b" * 22, "c" * 32
    assert short_ids([a, b, c, c]) == {a: "a" * 11, b: "a" * 10 + "b", c: "c" * 8}
    assert short_ids([]) == {}


@pytest.mark.parametrize(
    ("path", "text", "symbol"),
    [
        ("a.py", "class A:\n    def f(self):\n        here\n", "A.f"),
        ("a.py", "here\n", ""),
        ("a.js", "class A { m() { here } }", "A.m"),
        ("a.js", "const f = () => { here }", "f"),
        ("a.js", "const o = { k: function () { here } }", "k"),
        ("a.js", "A.prototype.m = function () { here }", "A.prototype.m"),
        ("a.ts", "namespace N { export class A { p = () => { here } } }", "N.A.p"),
        ("a.go", "package a\nfunc (s *Store[T]) Get() { here }\n", "Store.Get"),
        ("a.go", "package a\nfunc F() { here }\n", "F"),
        ("a.rs", "impl Store { fn get() { here } }", "Store.get"),
        ("A.java", "class A { void f() { here(); } }", "A.f"),
        ("a.c", "int *f(int a) { return here; }", "f"),
    ],
)
def test_the_definition_around_a_place_is_named(path: str, text: str, symbol: str) -> None:
    file = source(path, text)
    at = text.index("here")
    assert symbol_at(file, at, at + 4) == symbol
