"""How JavaScript and TypeScript are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_code.conventions.sampling import Sampled
from aura_code.conventions.shapes import walk
from aura_code.conventions.tallies import Place, Question

QUOTES: Final = Question(
    "quotes",
    "quotes",
    (("double", 'Put strings in double quotes (`"`).'), ("single", "Put strings in single quotes (`'`).")),
)
SEMICOLONS: Final = Question(
    "semicolons",
    "semicolons",
    (("semicolon", "End statements with semicolons."), ("none", "Leave out semicolons at the end of statements.")),
)
EXPORTS: Final = Question(
    "exports",
    "exports",
    (("named", "Export by name; do not use default exports."), ("default", "Export one thing per file as default.")),
)
MODULES: Final = Question(
    "imports",
    "modules",
    (
        ("import", "Use ES modules (`import`, `export`)."),
        ("require", "Use CommonJS (`require`, `module.exports`)."),
    ),
)
NODE: Final = Question(
    "imports",
    "node prefix",
    (
        ("prefix", "Import modules of Node with `node:` before their name."),
        ("bare", "Import modules of Node without `node:` before their name."),
    ),
)
ENDINGS: Final = Question(
    "imports",
    "import extensions",
    (
        ("extension", "Give relative imports their file ending."),
        ("none", "Leave the file ending out of relative imports."),
    ),
)
RESULTS: Final = Question(
    "typing",
    "result types",
    (
        ("typed", "Write the result type of functions."),
        ("inferred", "Let the result types of functions be inferred."),
    ),
)
OBJECTS: Final = Question(
    "typing",
    "object types",
    (
        ("interface", "Describe the form of objects with `interface`."),
        ("type", "Describe the form of objects with `type`."),
    ),
)
FUNCTIONS: Final = Question(
    "exports",
    "function form",
    (
        ("declaration", "Write top-level functions as `function name() {}`."),
        ("arrow", "Write top-level functions as `const name = () => {}`."),
    ),
)
ASYNC: Final = Question(
    "async",
    "promises",
    (("await", "Use `async` and `await`, not `.then()`."), ("then", "Chain promises with `.then()`.")),
)
THROWN: Final = Question(
    "errors",
    "thrown errors",
    (
        ("own", "Throw the project's own error classes."),
        ("builtin", "Throw `Error` or another builtin error; the project has few classes of its own."),
    ),
)
TEST_CALLS: Final = Question(
    "tests",
    "test calls",
    (("it", "Write tests with `it(…)`, in `describe(…)`."), ("test", "Write tests with `test(…)`.")),
)
TEST_FILES: Final = Question(
    "tests",
    "test files",
    (
        ("test", "Call test files `<module>.test.<ending>`."),
        ("spec", "Call test files `<module>.spec.<ending>`."),
    ),
)
TEST_PLACE: Final = Question(
    "tests",
    "test place",
    (("folder", "Put tests into their own folder."), ("beside", "Put a test beside the file that it tests.")),
)
_NODE: Final = frozenset(
    [
        "assert",
        "buffer",
        "child_process",
        "crypto",
        "events",
        "fs",
        "http",
        "https",
        "net",
        "os",
        "path",
        "stream",
        "url",
    ]
)
_BUILTIN: Final = frozenset(
    {"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"}
)
_STATEMENTS: Final = (
    "expression_statement", "lexical_declaration", "variable_declaration", "return_statement", "import_statement",
    "throw_statement",
)  # fmt: skip


def observe(file: Sampled) -> Iterator[Place]:
    """Everything that is asked of a file of JavaScript or TypeScript."""
    yield from _strings(file)
    yield from _semicolons(file)
    yield from _imports(file)
    if file.is_test:
        yield from _tests(file)
        return
    yield from _exports(file)
    yield from _types(file)
    yield from _errors(file)


def _strings(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "string"):
        text = source.text_of(node)
        if node.parent is not None and node.parent.type == "jsx_attribute":
            continue
        if len(text) > 1 and "'" not in text[1:-1] and '"' not in text[1:-1]:
            yield Place(QUOTES, "double" if text[0] == '"' else "single", source.line_of(node.start_byte))


def _semicolons(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, *_STATEMENTS):
        if node.parent is not None and node.parent.type in {"for_statement", "for_in_statement"}:
            continue
        last = node.children[-1] if node.children else None
        way = "semicolon" if last is not None and last.type == ";" else "none"
        yield Place(SEMICOLONS, way, source.line_of(node.start_byte))


def _imports(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "import_statement"):
        where = node.child_by_field_name("source")
        if where is not None:
            yield from _import(source.text_of(where).strip("'\"`"), "import", source.line_of(node.start_byte))
    for found in re.finditer(rb"\brequire\(\s*['\"]([^'\"]+)['\"]\s*\)", source.text):
        yield from _import(found[1].decode("utf-8", "replace"), "require", source.line_of(found.start()))


def _import(module: str, way: str, line: int) -> Iterator[Place]:
    yield Place(MODULES, way, line)
    if module.startswith("node:"):
        yield Place(NODE, "prefix", line)
    elif module.partition("/")[0] in _NODE:
        yield Place(NODE, "bare", line)
    elif module.startswith("."):
        has_ending = re.search(r"\.(?:[cm]?[jt]sx?|json|vue|css|svg)$", module)
        yield Place(ENDINGS, "extension" if has_ending else "none", line)


def _exports(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in source.root.named_children:
        line = source.line_of(node.start_byte)
        inner = node
        if node.type == "export_statement":
            default = any(child.type == "default" for child in node.children)
            yield Place(EXPORTS, "default" if default else "named", line)
            inner = node.child_by_field_name("declaration") or node
        if inner.type in {"function_declaration", "generator_function_declaration"}:
            yield Place(FUNCTIONS, "declaration", line)
        for one in inner.named_children if inner.type == "lexical_declaration" else ():
            value = one.child_by_field_name("value")
            if value is not None and value.type == "arrow_function":
                yield Place(FUNCTIONS, "arrow", line)
    for node in walk(source.root, "await_expression"):
        yield Place(ASYNC, "await", source.line_of(node.start_byte))
    for found in re.finditer(rb"\.then\(", source.text):
        yield Place(ASYNC, "then", source.line_of(found.start()))


def _types(file: Sampled) -> Iterator[Place]:
    source = file.source
    if source.language not in {"typescript", "tsx"}:
        return
    for node in walk(source.root, "function_declaration", "method_definition"):
        name = node.child_by_field_name("name")
        if name is not None and source.text_of(name) == "constructor":
            continue
        typed = node.child_by_field_name("return_type") is not None
        yield Place(RESULTS, "typed" if typed else "inferred", source.line_of(node.start_byte))
    for node in walk(source.root, "interface_declaration", "type_alias_declaration"):
        value = node.child_by_field_name("value")
        if node.type == "interface_declaration":
            yield Place(OBJECTS, "interface", source.line_of(node.start_byte))
        elif value is not None and value.type == "object_type":
            yield Place(OBJECTS, "type", source.line_of(node.start_byte))


def _errors(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "throw_statement"):
        value = node.named_children[0] if node.named_children else None
        made = (
            value.child_by_field_name("constructor") if value is not None and value.type == "new_expression" else None
        )
        if made is not None:
            way = "builtin" if source.text_of(made) in _BUILTIN else "own"
            yield Place(THROWN, way, source.line_of(node.start_byte))


def _tests(file: Sampled) -> Iterator[Place]:
    name = file.path.rpartition("/")[2]
    for way in ("test", "spec"):
        if f".{way}." in name:
            yield Place(TEST_FILES, way, 1)
    folders = set(file.path.split("/")[:-1])
    in_folder = bool(folders & {"test", "tests", "__tests__", "spec"})
    yield Place(TEST_PLACE, "folder" if in_folder else "beside", 1)
    for found in re.finditer(rb"^\s*(it|test)\s*(?:\.\w+)?\(", file.source.text, re.MULTILINE):
        yield Place(TEST_CALLS, found[1].decode(), file.source.line_of(found.start(1)))
