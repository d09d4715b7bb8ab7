"""Habits of a code base, measured, and what its tools are set to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_code.conventions.measuring import ConventionSources, measure_conventions
from aura_code.facts import Stamp
from aura_shared.errors import UsageProblem
from aura_shared.messages.refactoring import ConventionsAnswer, MeasureConventions
from structured import write

pytestmark = pytest.mark.requirement("C4", "C7")


def measured(root: Path, files: Mapping[str, str], language: str = "", path: str = "") -> ConventionsAnswer:
    """The conventions of a project with these files."""
    write(root, files)
    stamps = {name: Stamp(number, len(text), b"") for number, (name, text) in enumerate(files.items())}
    request = MeasureConventions(project="shop", language=language, path=path)
    return measure_conventions(ConventionSources(root, stamps), request)


def rules(answer: ConventionsAnswer) -> set[str]:
    """The instructions."""
    return {habit.rule for habit in answer.habits}


PYTHON = '''"""A module."""

from __future__ import annotations

import os

from shop.errors import ShopError


class OrderBook:
    """Keeps orders."""

    def find_order(self, name: str | None) -> str:
        """The order of a name.

        Args:
            name: Which.
        """
        if not name:
            raise ShopError("none")
        return os.fspath("x")
'''
TESTS = "from shop.a import OrderBook\n\n\ndef test_it() -> None:\n    assert OrderBook()\n"


def test_python(tmp_path: Path) -> None:
    files = {f"shop/order_{name}.py": PYTHON for name in "abcdef"}
    files |= {f"tests/test_{name}.py": TESTS for name in "abcdef"}
    answer = measured(tmp_path, files)
    assert (answer.language, answer.files) == ("python", 12)
    assert rules(answer) >= {
        "Name functions and methods in snake_case.",
        "Name classes and types in PascalCase.",
        "Name files in snake_case.",
        "Annotate every parameter and the result of every function.",
        "Write optional types as `X | None`, not as `Optional[X]`.",
        "Raise the project's own error classes, not builtin ones.",
        "Give every public function and class a docstring.",
        "Write sections of docstrings as `Args:`, `Returns:` and `Raises:` (Google style).",
        "Import from the project's own packages by their full name, not relatively.",
        "Put imports of the standard library first, then others, with an empty line between the groups.",
        "Write tests as plain functions.",
        "Check with plain `assert`.",
        "Call test files `test_<module>.py`.",
        'Put strings in double quotes (`"`).',
        "Indent with four spaces.",
        "Begin each module with a docstring.",
        "Begin each module with `from __future__ import annotations`.",
    }
    assert all(habit.share >= 0.8 and habit.seen >= 5 and ":" in habit.example for habit in answer.habits)


def test_what_is_mixed_or_rare_is_left_out(tmp_path: Path) -> None:
    mixed = {f"a{n}.py": f"x = {mark}a{mark}\n" for n, mark in enumerate("'\"'\"'\"'\"")}
    assert not any("quotes" in rule for rule in rules(measured(tmp_path / "mixed", mixed)))
    assert not any("quotes" in rule for rule in rules(measured(tmp_path / "rare", {"a.py": "x = 'a'\n"})))


def test_the_folder_of_the_file_counts_more(tmp_path: Path) -> None:
    files = {f"lib/a{n}.py": "x = 'a'\ny = 'b'\n" for n in range(9)} | {f"app/b{n}.py": 'x = "a"\n' for n in range(6)}
    assert "Put strings in single quotes (`'`)." not in rules(measured(tmp_path, files, path="app/new.py"))
    assert 'Put strings in double quotes (`"`).' in rules(measured(tmp_path, files, path="app/new.py"))
    assert "Put strings in single quotes (`'`)." in rules(measured(tmp_path, files, path="lib/new.py"))


TYPESCRIPT = """import { readFile } from "node:fs";
import { other } from "./other.js";

export interface OrderBook {
  name: string;
}

export function findOrder(name: string): string {
  throw new TypeError("x");
}

export async function loadOrder(): Promise<string> {
  return await other(readFile);
}
"""


def test_typescript(tmp_path: Path) -> None:
    files = {f"src/order-{n}.ts": TYPESCRIPT for n in range(6)}
    files |= {f"src/order-{n}.test.ts": 'import { it } from "vitest";\n\nit("works", () => {});\n' for n in range(6)}
    files["package.json"] = '{"scripts": {"test": "vitest run"}}'
    files["pnpm-lock.yaml"] = "x"
    answer = measured(tmp_path, files)
    assert (answer.test_command, answer.test_framework) == (["pnpm", "test"], "vitest")
    assert rules(answer) >= {
        "Name functions and methods in camelCase.",
        "Name files in kebab-case.",
        "Export by name; do not use default exports.",
        "Import modules of Node with `node:` before their name.",
        "Give relative imports their file ending.",
        "Write the result type of functions.",
        "Describe the form of objects with `interface`.",
        "End statements with semicolons.",
        "Indent with two spaces.",
        "Use `async` and `await`, not `.then()`.",
        "Put a test beside the file that it tests.",
        "Call test files `<module>.test.<ending>`.",
    }


def test_settings_of_tools_win(tmp_path: Path) -> None:
    files = {f"src/a{n}.js": "const a = 'x';\n" * 3 for n in range(6)}
    files[".prettierrc"] = '{"singleQuote": false, "semi": false, "printWidth": 100, "tabWidth": 4}'
    found = {habit.topic: (habit.rule, habit.example) for habit in measured(tmp_path, files).habits}
    assert found["quotes"] == ('Put strings in double quotes (`"`).', ".prettierrc:1")
    assert found["semicolons"][0] == "Leave out semicolons at the end of statements."
    assert found["line-length"][0] == "Keep lines within 100 characters."
    assert found["indent"][0] == "Indent with four spaces."


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", '[tool.ruff]\nline-length = 99\n[tool.ruff.format]\nquote-style = "single"\n',
         {"Keep lines within 99 characters.", "Put strings in single quotes (`'`)."}),
        ("pyproject.toml", "[tool.black]\nline-length = 90\n",
         {"Keep lines within 90 characters.", 'Put strings in double quotes (`"`).'}),
        ("setup.cfg", "[flake8]\nmax-line-length = 117\n", {"Keep lines within 117 characters."}),
        (".editorconfig", "[*.{py,js}]\nindent_style = tab\nmax_line_length = 81\n[*.go]\nindent_size = 2\n",
         {"Indent with tabs.", "Keep lines within 81 characters."}),
    ],
)  # fmt: skip
def test_settings_for_python(tmp_path: Path, name: str, text: str, expected: set[str]) -> None:
    assert rules(measured(tmp_path, {"a.py": "x = 1\n", name: text})) >= expected


def test_go_and_rust(tmp_path: Path) -> None:
    go = (
        'package a\n\nimport (\n\t"fmt"\n\n\t"a.org/b"\n)\n\n// Find finds.\nfunc Find() error {\n'
        '\terr := b.X()\n\treturn fmt.Errorf("find: %w", err)\n}\n'
    )
    files = {f"a/a{n}.go": go for n in range(6)} | {"go.mod": "module a\n"}
    answer = measured(tmp_path / "go", files)
    assert (answer.test_command, answer.test_framework) == (["go", "test", "./..."], "go test")
    assert rules(answer) >= {
        "Wrap errors with `fmt.Errorf` and `%w`, and say what was being done.",
        "Put imports of the standard library first, with an empty line before the others.",
        "Document everything that is public with a comment above it.",
        "Indent with tabs, as `gofmt` does.",
    }
    rust = (
        "use crate::other;\n\n/// Finds.\npub fn find_order() -> Result<u8, ()> {\n"
        "    let a = other()?;\n    Ok(a)\n}\n"
        "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn finds() {}\n}\n"
    )
    files = {f"src/a{n}.rs": rust for n in range(6)} | {"Cargo.toml": "[package]\n"}
    answer = measured(tmp_path / "rust", files)
    assert answer.test_command == ["cargo", "test"]
    assert rules(answer) >= {
        "Hand errors on with `?`; do not `unwrap` outside of tests.",
        "Import from the own crate with `use crate::…`.",
        "Put unit tests into `#[cfg(test)] mod tests` at the end of the file that they test.",
    }


@pytest.mark.parametrize(
    ("files", "command", "framework"),
    [
        ({"a.py": "", "pytest.ini": "[pytest]\n"}, ["python", "-m", "pytest"], "pytest"),
        ({"a.py": "", "test_a.py": "import unittest\n"}, ["python", "-m", "unittest", "discover"], "unittest"),
        ({"a.py": "", "Makefile": "all:\n\ntest:\n\techo\n"}, ["make", "test"], ""),
        ({"a.py": ""}, [], ""),
        ({"a.js": "", "package.json": '{"scripts": {"test": "node --test"}}'}, ["npm", "test"], "node:test"),
        ({"a.js": "", "package.json": '{"scripts": {"test": "mocha"}}', "yarn.lock": "x"}, ["yarn", "test"], "mocha"),
        ({"a.js": "", "package.json": "{"}, [], ""),
        ({"A.java": "class A {}", "pom.xml": "x", "mvnw": "x"}, ["./mvnw", "test"], "maven"),
    ],
)
def test_how_tests_are_run(tmp_path: Path, files: dict[str, str], command: list[str], framework: str) -> None:
    code = next(name for name in files if name.rpartition(".")[2] in {"py", "js", "java"})
    answer = measured(tmp_path, files, path=code)
    assert (answer.test_command, answer.test_framework) == (command, framework)


def test_without_code_the_reason_is_said(tmp_path: Path) -> None:
    assert measured(tmp_path, {"README.md": "x"}).reason.startswith("The project has no code")
    assert "no Go files" in measured(tmp_path, {"a.py": "x = 1\n"}, language="go").reason
    with pytest.raises(UsageProblem, match="klingon"):
        measured(tmp_path, {"a.py": "x = 1\n"}, language="klingon")
