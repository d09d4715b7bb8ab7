"""How Go and Rust are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from aura_code.conventions.sampling import Sampled
from aura_code.conventions.shapes import walk
from aura_code.conventions.tallies import Place, Question

DOCUMENTED: Final = Question(
    "docstrings",
    "documented",
    (
        ("documented", "Document everything that is public with a comment above it."),
        ("bare", "Public definitions mostly have no comments; add one only where the name does not say enough."),
    ),
)
WRAPPED: Final = Question(
    "errors",
    "wrapped errors",
    (
        ("wrap", "Wrap errors with `fmt.Errorf` and `%w`, and say what was being done."),
        ("plain", "Put the text of an error into the new one with `%v` or `%s`; errors are not wrapped here."),
        ("pkg", "Wrap errors with `errors.Wrap` or `errors.Wrapf`."),
    ),
)
GO_GROUPS: Final = Question(
    "imports",
    "import groups",
    (("grouped", "Put imports of the standard library first, with an empty line before the others."),),
)
GO_CHECKS: Final = Question(
    "tests",
    "go assertions",
    (
        ("testify", "Check with `require` and `assert` of testify."),
        ("testing", "Check with `if` and `t.Error` or `t.Fatal`; no library for assertions."),
    ),
)
GO_TABLES: Final = Question(
    "tests", "go tables", (("table", "Write tests as tables of cases that `t.Run` runs one by one."),)
)
GO_PACKAGE: Final = Question(
    "tests",
    "go test package",
    (
        ("inside", "Put tests into the package that they test."),
        ("outside", "Put tests into the package `<name>_test`."),
    ),
)
CONTEXT: Final = Question("async", "context", (("first", "Take `ctx context.Context` as the first parameter."),))
RESULT: Final = Question(
    "errors",
    "results",
    (
        ("?", "Hand errors on with `?`; do not `unwrap` outside of tests."),
        ("unwrap", "Unwrap results where failing is a bug, as the code around does."),
    ),
)
ERROR_CRATE: Final = Question(
    "errors",
    "error crates",
    (
        ("anyhow", "Return `anyhow::Result`."),
        ("thiserror", "Define errors as enums with `thiserror::Error`."),
    ),
)
USES: Final = Question(
    "imports",
    "crate paths",
    (
        ("crate", "Import from the own crate with `use crate::…`."),
        ("super", "Import from neighbouring modules with `use super::…`."),
    ),
)
RUST_TESTS: Final = Question(
    "tests",
    "rust tests",
    (("mod", "Put unit tests into `#[cfg(test)] mod tests` at the end of the file that they test."),),
)
RUST_LOGS: Final = Question(
    "logging",
    "rust logs",
    (("tracing", "Log with the macros of `tracing`."), ("log", "Log with the macros of `log`.")),
)
GO_LOGS: Final = Question(
    "logging",
    "go logs",
    tuple(
        (name, f"Log with `{name}`.") for name in ("log/slog", "log", "go.uber.org/zap", "github.com/sirupsen/logrus")
    ),
)


def observe_go(file: Sampled) -> Iterator[Place]:
    """Everything that is asked of a file of Go."""
    source = file.source
    yield from _go_imports(file)
    if file.is_test:
        yield from _go_tests(file)
        return
    yield from _documented(file)
    for found in re.finditer(rb"\bfmt\.Errorf\([^\n]*\berr\b", source.text):
        yield Place(WRAPPED, "wrap" if b"%w" in found[0] else "plain", source.line_of(found.start()))
    for found in re.finditer(rb"\berrors\.Wrapf?\(", source.text):
        yield Place(WRAPPED, "pkg", source.line_of(found.start()))
    for found in re.finditer(rb"^func [^\n]*?\w\(([^\n)]*\bcontext\.Context\b[^\n)]*)\)", source.text, re.MULTILINE):
        first = found[1].split(b",")[0]
        yield Place(CONTEXT, "first" if b"context.Context" in first else "later", source.line_of(found.start()))


def _go_imports(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "import_spec_list"):
        lines: list[tuple[bool, int]] = []
        for spec in node.named_children:
            path = spec.child_by_field_name("path") if spec.type == "import_spec" else None
            if path is not None:
                module = source.text_of(path).strip('"')
                lines.append(("." not in module.partition("/")[0], source.line_of(spec.start_byte)))
                if module in dict(GO_LOGS.rules) and not file.is_test:
                    yield Place(GO_LOGS, module, lines[-1][1])
        if len({standard for standard, _ in lines}) == 2:
            pairs = list(pairwise(lines))
            fits = all(not after[0] or before[0] for before, after in pairs) and all(
                after[1] - before[1] > 1 for before, after in pairs if before[0] and not after[0]
            )
            yield Place(GO_GROUPS, "grouped" if fits else "mixed", lines[0][1])


def _go_tests(file: Sampled) -> Iterator[Place]:
    source = file.source
    if not file.path.endswith("_test.go"):
        return
    package = re.search(rb"^package (\w+)", source.text, re.MULTILINE)
    if package:
        yield Place(
            GO_PACKAGE, "outside" if package[1].endswith(b"_test") else "inside", source.line_of(package.start())
        )
    for found in re.finditer(rb"\b(?:require|assert)\.[A-Z]\w*\(|\bt\.(?:Error|Fatal)f?\(", source.text):
        way = "testing" if found[0].startswith(b"t.") else "testify"
        yield Place(GO_CHECKS, way, source.line_of(found.start()))
    for one in file.structure.definitions if file.structure is not None else ():
        if one.kind == "function" and one.name.startswith("Test"):
            text = b"\n".join(source.text.split(b"\n")[one.start_line - 1 : one.end_line])
            table = re.search(rb"\[\](?:\*?struct\s*\{|\w+\{\s*\n\s*\{)|map\[string\]struct", text)
            yield Place(GO_TABLES, "table" if table and b"t.Run(" in text else "single", one.line)


def _documented(file: Sampled) -> Iterator[Place]:
    for one in file.structure.definitions if file.structure is not None else ():
        wanted = one.kind in {"function", "method", "struct", "interface", "trait", "enum", "type"}
        if one.public and wanted and one.entry not in {"overrides", "main"} and not one.entry.startswith("test"):
            yield Place(DOCUMENTED, "documented" if one.documented else "bare", one.line)


def observe_rust(file: Sampled) -> Iterator[Place]:
    """Everything that is asked of a file of Rust."""
    source = file.source
    text = source.text
    inside = re.search(rb"#\[cfg\(test\)\]", text)
    code = text[: inside.start()] if inside else text
    for found in re.finditer(rb"^use (crate|super)::", text, re.MULTILINE):
        yield Place(USES, found[1].decode(), source.line_of(found.start()))
    if file.is_test:
        return
    yield from _documented(file)
    for node in walk(source.root, "try_expression"):
        if node.start_byte < len(code):
            yield Place(RESULT, "?", source.line_of(node.start_byte))
    for found in re.finditer(rb"\.unwrap\(\)", code):
        yield Place(RESULT, "unwrap", source.line_of(found.start()))
    for found in re.finditer(rb"\b(anyhow|thiserror)::", code):
        yield Place(ERROR_CRATE, found[1].decode(), source.line_of(found.start()))
    for found in re.finditer(rb"\b(tracing|log)::(?:\{|trace|debug|info|warn|error)", code):
        yield Place(RUST_LOGS, found[1].decode(), source.line_of(found.start()))
    if inside:
        yield Place(RUST_TESTS, "mod", source.line_of(inside.start()))
