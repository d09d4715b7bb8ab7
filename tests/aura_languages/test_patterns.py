"""What is found without a grammar."""
# ruff: noqa: E501 - one sample a line reads best

from __future__ import annotations

import pytest

from aura_code.content import facts_of
from aura_code.facts import Stamp
from aura_languages import languages
from aura_languages.plain import compiled

SAMPLES: list[tuple[str, str, str]] = [
    ("a.cs", "namespace N\n{\n    public class A : B\n    {\n        public int Run(int x)\n        {\n            return Foo(x);\n        }\n        public string Name { get; set; }\n        const int Max = 1;\n    }\n}\n", "namespace N|class N.A|method N.A.Run|property N.A.Name|constant N.A.Max"),
    ("a.kt", "data class P(val x: Int)\ninterface I {\n    fun go()\n}\nfun <T> List<T>.second(): T = this[1]\nconst val MAX = 1\n", "class P|interface I|method I.go|function second|constant MAX"),
    ("a.swift", "public struct S {\n    init(a: Int) {}\n    func run() {}\n}\nprotocol P {}\n", "struct S|constructor S.init|method S.run|interface P"),
    ("a.rb", "module M\n  class A < B\n    def self.go!\n    end\n  end\nend\n", "module M|class M.A|method M.A.go!"),
    ("a.php", "<?php\nclass A {\n    public function run($x) {}\n    private $y;\n}\nfunction f() {}\n", "class A|method A.run|property A.y|function f"),
    ("a.scala", "trait T {\n  def go: Int\n}\nobject O extends T {\n  val x = 1\n}\n", "trait T|method T.go|class O|property O.x"),
    ("a.ex", "defmodule A.B do\n  def run(x), do: x\n  defp hidden(x) do\n  end\nend\n", "module A.B|function A.B.run|function A.B.hidden"),
    ("a.lua", "local M = {}\nfunction M.run(a)\nend\nlocal function f()\nend\nM.g = function() end\n", "variable M|function run|function f|function g"),
    ("A.hs", "module A where\ndata T = X | Y\nclass C a where\n  go :: a -> Int\nrun :: Int -> Int\nrun x = x + 1\n", "module A|type T|class C|method C.go|function run|function run"),
    ("a.zig", 'const std = @import("std");\npub const S = struct {\n    pub fn run(self: S) void {}\n};\nfn f() void {}\n', "struct S|method S.run|function f"),
    ("a.sh", "MAX=1\nrun() {\n  echo\n}\nfunction go {\n}\n", "function run|function go"),
    ("a.sql", "CREATE TABLE IF NOT EXISTS users (\n  id int\n);\ncreate or replace function add_user() returns int\n", "struct users|function add_user"),
    ("a.dart", "class A {\n  void run() {\n  }\n}\n", "class A|method A.run"),
    ("a.pl", "package A::B;\nsub run {\n}\n", "module A::B|function run"),
    ("a.R", "run <- function(x) {\n}\n", "function run"),
    ("a.jl", "module M\nstruct P\nend\nfunction run!(x)\nend\nf(x) = 1\nend\n", "module M|struct P|function run!|function f"),
    ("a.ml", "module M = struct\n  let run x = x\nend\ntype t = A\n", "module M|function M.run|type t"),
    ("a.clj", "(ns a.b)\n(defn run [x]\n  x)\n(def y 1)\n", "namespace a.b|function run|variable y"),
    ("a.nim", "proc run(x: int) =\n  discard\n", "function run"),
    ("Makefile", "CC := gcc\nall: build\n\tcc\nbuild:\n", "variable CC|function all|function build"),
    ("a.proto", "message A {\n  enum K {\n  }\n}\nservice S {\n  rpc Go(A) returns (A);\n}\n", "struct A|enum A.K|interface S|method S.Go"),
    ("a.tf", 'resource "aws_x" "main" {\n}\nvariable "region" {}\n', "class main|variable region"),
    ("a.vue", "<script>\nexport function run() {\n}\nconst go = (x) => x\n</script>\n", "function run|function go"),
    ("a.el", "(defun run (x)\n  x)\n(defvar y 1)\n", "function run|variable y"),
    ("a.ps1", "function Get-It {\n}\n", "function Get-It"),
    ("a.erl", "-module(a).\nrun(X) ->\n  X.\n", "module a|function run"),
    ("a.fs", "module M\nlet run x = x\ntype T = A\n", "module M|function run|type T"),
    ("a.m", "@implementation A\n- (void)run {\n}\n@end\n", "class A|method run"),
    ("a.f90", "module m\nsubroutine run(x)\nend subroutine\nend module\n", "module m|function run"),
]  # fmt: skip


@pytest.mark.requirement("C1")
@pytest.mark.parametrize(("file", "text", "wanted"), SAMPLES, ids=[file for file, _, _ in SAMPLES])
def test_definitions_are_found_line_by_line(file: str, text: str, wanted: str) -> None:
    found = facts_of(file, Stamp(0, 0, b""), text.encode())
    names = [f"{one.kind} {one.container + '.' if one.container else ''}{one.name}" for one in found.symbols]
    assert [one for one in wanted.split("|") if one not in names] == [], names


def test_a_definition_ends_where_the_next_one_of_its_indentation_begins() -> None:
    text = "# Greets.\nclass A\n  def a\n    1\n  end\n\n  def b\n  end\nend\n\nclass B\nend\n"
    found = facts_of("a.rb", Stamp(0, 0, b""), text.encode())
    assert [(one.name, one.start_line, one.end_line, one.doc) for one in found.symbols] == [
        ("A", 2, 9, "Greets."),
        ("a", 3, 5, ""),
        ("b", 7, 8, ""),
        ("B", 11, 12, ""),
    ]


def test_every_pattern_compiles_and_names_what_it_finds() -> None:
    for spec in languages().values():
        for _, pattern in compiled(spec):
            assert any(group.startswith("name") for group in pattern.groupindex), (spec.id, pattern.pattern)
