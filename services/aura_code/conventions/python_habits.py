"""How Python is written."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.conventions.sampling import Sampled
from aura_code.conventions.shapes import walk
from aura_code.conventions.tallies import Place, Question

QUOTES: Final = Question(
    "quotes",
    "quotes",
    (("double", 'Put strings in double quotes (`"`).'), ("single", "Put strings in single quotes (`'`).")),
)
TYPED: Final = Question(
    "typing",
    "annotations",
    (
        ("typed", "Annotate every parameter and the result of every function."),
        ("untyped", "Leave functions without type annotations."),
    ),
)
OPTIONAL: Final = Question(
    "typing",
    "optional types",
    (
        ("union", "Write optional types as `X | None`, not as `Optional[X]`."),
        ("Optional", "Write optional types as `Optional[X]`."),
    ),
)
RAISED: Final = Question(
    "errors",
    "raised errors",
    (
        ("own", "Raise the project's own error classes, not builtin ones."),
        ("builtin", "Raise builtin errors such as `ValueError`; the project has few classes of its own."),
    ),
)
CHAINED: Final = Question(
    "errors",
    "chained errors",
    (("from", "Chain an error that is raised while handling another: `raise X from error`."),),
)
IMPORTS: Final = Question(
    "imports",
    "relative imports",
    (
        ("absolute", "Import from the project's own packages by their full name, not relatively."),
        ("relative", "Import from the same package relatively (`from .module import name`)."),
    ),
)
GROUPS: Final = Question(
    "imports",
    "import groups",
    (("grouped", "Put imports of the standard library first, then others, with an empty line between the groups."),),
)
FUTURE: Final = Question(
    "header", "future", (("annotations", "Begin each module with `from __future__ import annotations`."),)
)
MODULE_DOC: Final = Question("header", "module docstring", (("docstring", "Begin each module with a docstring."),))
DOCUMENTED: Final = Question(
    "docstrings",
    "documented",
    (
        ("documented", "Give every public function and class a docstring."),
        ("bare", "Functions and classes mostly have no docstrings; add one only where the name does not say enough."),
    ),
)
FORM: Final = Question(
    "docstrings",
    "form",
    (
        ("google", "Write sections of docstrings as `Args:`, `Returns:` and `Raises:` (Google style)."),
        ("numpy", "Write sections of docstrings underlined, as `Parameters` and `Returns` (NumPy style)."),
        ("sphinx", "Write parameters in docstrings as `:param name:` and `:returns:` (Sphinx style)."),
        ("plain", "Write docstrings as plain sentences, without sections for parameters."),
    ),
)
LOGGER: Final = Question(
    "logging",
    "logger",
    tuple(
        (name, f"Log through a module-level `{name}`, made with `{made}`.")
        for name in ("logger", "log", "_log", "_logger", "LOG", "LOGGER")
        for made in ("logging.getLogger(__name__)",)
    ),
)
TEST_STYLE: Final = Question(
    "tests",
    "test style",
    (
        ("function", "Write tests as plain functions."),
        ("class", "Group tests in classes `Test…`."),
        ("unittest", "Write tests as methods of `unittest.TestCase`."),
    ),
)
ASSERTS: Final = Question(
    "tests",
    "assertions",
    (("assert", "Check with plain `assert`."), ("method", "Check with `self.assert…` methods.")),
)
TEST_FILES: Final = Question(
    "tests",
    "test files",
    (("test_x", "Call test files `test_<module>.py`."), ("x_test", "Call test files `<module>_test.py`.")),
)
_BUILTIN: Final = frozenset(name for name in dir(builtins) if name[:1].isupper())
_NUMPY: Final = re.compile(r"^\s*(?:Parameters|Returns|Raises|Yields)\s*\n\s*-{3,}", re.MULTILINE)
_GOOGLE: Final = re.compile(r"^\s*(?:Args|Arguments|Returns|Raises|Yields|Example|Examples):\s*$", re.MULTILINE)
_SPHINX: Final = re.compile(r"^\s*:(?:param|returns?|raises|type|rtype)\b", re.MULTILINE)


def observe(file: Sampled) -> Iterator[Place]:
    """Everything that is asked of a file of Python."""
    yield from _strings(file)
    yield from _imports(file)
    if file.is_test:
        yield from _tests(file)
        return
    yield from _types(file)
    yield from _errors(file)
    yield from _documents(file)
    yield from _loggers(file)


def _strings(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "string"):
        if node.parent is not None and node.parent.type == "expression_statement":
            continue  # A docstring.
        start = next((child for child in node.children if child.type == "string_start"), None)
        mark = source.text_of(start).lstrip("rRbBfFuUtT") if start is not None else ""
        if mark not in {"'", '"'}:
            continue
        inside = source.text_of(node)[len(source.text_of(start)) if start is not None else 0 : -1]
        if "'" in inside or '"' in inside:
            continue  # The quotes inside decide.
        yield Place(QUOTES, "double" if mark == '"' else "single", source.line_of(node.start_byte))


def _imports(file: Sampled) -> Iterator[Place]:
    source = file.source
    own = file.path.split("/")
    tops: list[tuple[str, int, int]] = []
    for node in source.root.children:
        line = source.line_of(node.start_byte)
        if node.type == "future_import_statement":
            continue
        if node.type == "import_statement":
            names = node.children_by_field_name("name")
            tops.append(
                (source.text_of(names[0]).partition(".")[0] if names else "", line, source.line_of(node.end_byte))
            )
        elif node.type == "import_from_statement":
            module = node.child_by_field_name("module_name")
            text = source.text_of(module) if module is not None else ""
            top = text.partition(".")[0]
            if text.startswith("."):
                yield Place(IMPORTS, "relative", line)
            elif top in own[:-1]:
                yield Place(IMPORTS, "absolute", line)
            tops.append((top, line, source.line_of(node.end_byte)))
    if len(tops) > 1:
        yield Place(GROUPS, "grouped" if _are_grouped(tops) else "mixed", tops[0][1])


def _are_grouped(tops: list[tuple[str, int, int]]) -> bool:
    """Whether modules of the standard library come first, set off by an empty line."""
    standard = [top in sys.stdlib_module_names for top, _, _ in tops]
    for place in range(1, len(tops)):
        if standard[place] and not standard[place - 1]:
            return False
        if standard[place - 1] and not standard[place] and tops[place][1] - tops[place - 1][2] < 2:
            return False
    return True


def _types(file: Sampled) -> Iterator[Place]:
    for one in file.structure.definitions if file.structure is not None else ():
        if one.kind in {"function", "method"}:
            yield Place(TYPED, "typed" if one.typed else "untyped", one.line)
    source = file.source
    for node in walk(source.root, "type"):
        text = source.text_of(node)
        line = source.line_of(node.start_byte)
        if re.search(r"\bOptional\[", text):
            yield Place(OPTIONAL, "Optional", line)
        elif re.search(r"\|\s*None\b|\bNone\s*\|", text):
            yield Place(OPTIONAL, "union", line)


def _errors(file: Sampled) -> Iterator[Place]:
    source = file.source
    for node in walk(source.root, "raise_statement"):
        value = node.named_children[0] if node.named_children else None
        if value is None:
            continue
        line = source.line_of(node.start_byte)
        name = source.text_of(value).partition("(")[0].rpartition(".")[2]
        if name[:1].isupper() and name not in {"NotImplementedError", "StopIteration", "SystemExit", "AssertionError"}:
            yield Place(RAISED, "builtin" if name in _BUILTIN else "own", line)
        inside = any(around.type == "except_clause" for around in _within_function(file, node))
        if inside and name[:1].isupper():
            yield Place(CHAINED, "from" if node.child_by_field_name("cause") is not None else "bare", line)


def _within_function(file: Sampled, node: Node) -> Iterator[Node]:
    for around in file.source.ancestors(node):
        if around.type in {"function_definition", "lambda"}:
            return
        yield around


def _documents(file: Sampled) -> Iterator[Place]:
    source = file.source
    first = source.root.named_children[0] if source.root.named_children else None
    if first is None:
        return
    documented = (
        first.type == "expression_statement" and first.named_children[:1] and first.named_children[0].type == "string"
    )
    yield Place(MODULE_DOC, "docstring" if documented else "none", 1)
    kinds = {node.type for node in source.root.named_children}
    if kinds & {"class_definition", "function_definition", "decorated_definition"}:
        future = any(node.type == "future_import_statement" for node in source.root.children)
        yield Place(FUTURE, "annotations" if future else "none", 1)
    for one in file.structure.definitions if file.structure is not None else ():
        if one.public and one.kind in {"function", "method", "class"} and not one.name.startswith("__"):
            yield Place(DOCUMENTED, "documented" if one.documented else "bare", one.line)
    for node in walk(source.root, "function_definition"):
        body = node.child_by_field_name("body")
        text = source.text_of(body.named_children[0]) if body is not None and body.named_children else ""
        if text.lstrip("rRuU").startswith(('"""', "'''")) and text.count("\n") >= 3:
            yield Place(FORM, _form(text), source.line_of(node.start_byte))


def _form(text: str) -> str:
    for name, pattern in (("numpy", _NUMPY), ("google", _GOOGLE), ("sphinx", _SPHINX)):
        if pattern.search(text):
            return name
    return "plain"


def _loggers(file: Sampled) -> Iterator[Place]:
    for number, line in enumerate(file.source.text.decode("utf-8", "replace").split("\n"), 1):
        found = re.match(r"(\w+)\s*(?::[^=]+)?=\s*logging\.getLogger\(__name__\)", line)
        if found:
            yield Place(LOGGER, found[1], number)


def _tests(file: Sampled) -> Iterator[Place]:
    name = file.path.rpartition("/")[2]
    if name.startswith("test_"):
        yield Place(TEST_FILES, "test_x", 1)
    elif name.endswith("_test.py"):
        yield Place(TEST_FILES, "x_test", 1)
    definitions = file.structure.definitions if file.structure is not None else ()
    cased = re.search(rb"\bTestCase\b", file.source.text) is not None
    for one in definitions:
        if not one.name.startswith("test") or one.kind not in {"function", "method"}:
            continue
        inside = one.parent >= 0 and definitions[one.parent].kind == "class"
        yield Place(TEST_STYLE, ("unittest" if cased else "class") if inside else "function", one.line)
    for node in walk(file.source.root, "assert_statement"):
        yield Place(ASSERTS, "assert", file.source.line_of(node.start_byte))
    for found in re.finditer(rb"\bself\.assert[A-Z]\w*\(", file.source.text):
        yield Place(ASSERTS, "method", file.source.line_of(found.start()))
