"""Languages are found through entry points, and a broken one does not stop the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aura_languages import check_languages, language_named, language_of, languages
from aura_languages.registry import GROUP, load_languages

RUBY_PACKAGE = """
from importlib.resources import files
from aura_languages import LanguageSpec

def grammar():
    import tree_sitter_ruby
    return tree_sitter_ruby.language()

LANGUAGE = LanguageSpec(
    id="ruby", name="Ruby", suffixes=(".rb",), grammar=grammar, queries=(files(__name__) / "symbols.scm",),
    comments=(b"#",),
)
"""
RUBY_QUERY = """
(class name: (constant) @name) @definition.class
(method name: (identifier) @name) @definition.function
(call method: (identifier) @reference.call)
"""


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


@pytest.mark.requirement("C2")
def test_every_installed_language_has_a_working_grammar_and_query() -> None:
    assert check_languages() == []
    assert {"c", "cpp", "go", "java", "javascript", "python", "rust", "tsx", "typescript"} <= set(languages())


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        ("a/b.py", b"", "python"),
        ("B.PY", b"", "python"),
        ("x.tsx", b"", "tsx"),
        ("x.mts", b"", "typescript"),
        ("a.h", b"#ifndef A_H\nint f(void);\n", "c"),
        ("a.h", b"#pragma once\nnamespace a {\nclass B {\n", "cpp"),
        ("a.h", b"#include <vector>\n", "cpp"),
        ("Makefile", b"", "make"),
        ("tool", b"#!/usr/bin/env python3\n", "python"),
        ("tool", b"#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("tool", b"#!/bin/sh\n", "bash"),
        ("tool", b"#!\n", ""),
        ("tool", b"hello", ""),
        ("settings.py.in", b"", "python"),
        ("noise.unknown", b"", ""),
        (".bashrc", b"", "bash"),
        ("README.md", b"", "markdown"),
        ("a.cs", b"", "csharp"),
    ],
)
def test_the_language_of_a_file_is_told_by_name_and_head(path: str, head: bytes, language: str) -> None:
    assert language_of(path, head) == language


@pytest.mark.parametrize(
    ("name", "language"),
    [("py", "python"), ("C++", "cpp"), ("TypeScript", "typescript"), ("golang", "go"), ("nonsense", None)],
)
def test_a_filter_may_use_another_name_of_a_language(name: str, language: str | None) -> None:
    assert language_named(name) == language


@pytest.mark.requirement("C2")
def test_a_broken_language_is_reported_and_the_others_work() -> None:
    found = load_languages(
        [
            point("gone", "no_such_package_at_all:LANGUAGE"),
            point("wrong", "json:loads"),
            point("python", "aura_languages.python:LANGUAGE"),
            point("python", "aura_languages.python:LANGUAGE"),
        ]
    )
    assert "python" in found
    assert [problem.language for problem in found.problems] == ["gone", "wrong"]
    assert "No module named" in found.problems[0].reason


@pytest.mark.requirement("C2")
def test_another_package_adds_a_language_and_brings_down_nothing(tmp_path: Path) -> None:
    for name, source in (("aura_ruby", RUBY_PACKAGE), ("aura_broken", "raise RuntimeError('broken plugin')\n")):
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text(source, encoding="utf-8")
        (package / "symbols.scm").write_text(RUBY_QUERY, encoding="utf-8")
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}:LANGUAGE\n", encoding="utf-8")
    (tmp_path / "a.rb").write_text("# Says hello.\nclass Greeter\n  def hello\n    puts(1)\n  end\nend\n")
    (tmp_path / "b.py").write_text("def f(): pass\n")
    program = (
        "import json, pathlib, sys\n"
        "from aura_code.reading import read_file\n"
        "from aura_languages import languages\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "facts = [read_file(root, name) for name in ('a.rb', 'b.py')]\n"
        "print(json.dumps([[s.kind, s.container, s.name, s.doc] for f in facts for s in f.symbols]\n"
        "  + [[r.name for r in facts[0].references], [p.language for p in languages().problems]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == [
        ["class", "", "Greeter", "Says hello."],
        ["method", "Greeter", "hello", ""],
        ["function", "", "f", ""],
        ["puts"],
        ["aura_broken"],
    ]


def test_a_query_with_predicates_or_of_another_grammar_is_refused(tmp_path: Path) -> None:
    from aura_code.content import facts_of
    from aura_code.facts import Stamp
    from aura_languages.grammars import GrammarError, grammar_of
    from aura_languages.spec import LanguageSpec

    python = languages()["python"]
    for text in ('((identifier) @name (#eq? @name "x")) @definition.class', "(no_such_node) @definition.class"):
        query = tmp_path / "symbols.scm"
        query.write_text(text, encoding="utf-8")
        spec = LanguageSpec(id="odd", name=f"Odd {len(text)}", grammar=python.grammar, queries=(query,))
        with pytest.raises(GrammarError, match="odd: "):
            grammar_of(spec)
    assert facts_of("a.py", Stamp(0, 0, b""), b"x = 1\n").symbols[0].name == "x"
