"""Realistic edits of real source text, each with its right result known.

The functions of a text are found by walking its syntax tree here, so that a fault of the code under test cannot hide
itself in its own test.
"""

from __future__ import annotations

import ast
import random
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from aura_languages import languages
from aura_languages.errors import count_syntax_errors
from aura_languages.grammars import grammar_of

FUNCTIONS = frozenset(
    {
        "constructor_declaration",
        "function_declaration",
        "function_definition",
        "function_item",
        "method_declaration",
        "method_definition",
    }
)
CONTAINERS = {"class_definition", "class_declaration", "impl_item", "abstract_class_declaration", "class_specifier"}
BLOCKS = frozenset({"block", "statement_block", "compound_statement", "statement_list", "constructor_body"})
DECORATIONS = frozenset({"attribute_item", "decorator"})

COMMENT = {"python": "#"}
"""What begins a comment; `//` for the others."""
STATEMENTS = {
    "python": ["audit.append({name!r})", "logger.debug({name!r})", "counter = len({name!r})"],
    "javascript": ['audit.push("{name}");', 'logger.debug("{name}");', 'const counter = "{name}".length;'],
    "go": ['audit = append(audit, "{name}")', 'log.Println("{name}")', 'counter := len("{name}")'],
    "rust": ['audit.push("{name}");', 'log::debug!("{name}");', 'let counter = "{name}".len();'],
    "java": ['audit.add("{name}");', 'log.debug("{name}");', 'int counter = "{name}".length();'],
    "c": ['audit("{name}");', 'int counter = strlen("{name}");'],
}
WORDS = [
    "alpha",
    "bravo",
    "cargo",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "jetty",
    "kernel",
    "lantern",
]
FOREIGN = ["naïve", "Grüße", "日本語", "señor", "Ωmega", "crème brûlée", "zażółć"]


@dataclass(frozen=True)
class Function:
    """A function of a text; rows from 0, the last one included."""

    name: str
    container: str
    first: int
    """Row of its first decorator or attribute."""
    own: int
    """Row where it begins without them."""
    last: int
    top_level: bool
    statements: tuple[tuple[int, int, int], ...]
    """Rows of statements that stand alone on their rows, and the number of statements beside each."""

    @property
    def qualified(self) -> str:
        return f"{self.container}.{self.name}" if self.container else self.name


@dataclass(frozen=True)
class Source:
    path: str
    text: str
    language: str

    @property
    def lines(self) -> list[str]:
        return self.text.removesuffix("\n").split("\n")

    @property
    def family(self) -> str:
        """The language whose statements fit."""
        same = {"typescript": "javascript", "tsx": "javascript", "cpp": "c"}
        return same.get(self.language, self.language)


@dataclass(frozen=True)
class Change:
    """An edit of one function."""

    kind: str
    source: Source
    function: Function
    new_text: str


def functions_of(source: Source) -> list[Function]:
    """The functions with a body of at least two statements, in order."""
    spec = languages()[source.language]
    grammar = grammar_of(spec)
    assert grammar is not None
    text = source.text.encode()
    tree = grammar.parser.parse(text)
    return list(_functions(tree.root_node, source.lines, "", top=True))


def _functions(node: Node, lines: list[str], container: str, *, top: bool) -> Iterator[Function]:
    for child in node.named_children:
        if child.type in FUNCTIONS:
            found = _function(child, lines, container, top=top)
            if found is not None:
                yield found
            continue
        if child.type in CONTAINERS:
            named = child.child_by_field_name("name") or child.child_by_field_name("type")
            inner = _text(named).split("<")[0] if named else ""
            yield from _functions(child, lines, f"{container}.{inner}" if container else inner, top=False)
        elif child.type not in FUNCTIONS:
            yield from _functions(child, lines, container, top=top and child.type != "block")


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _function(node: Node, lines: list[str], container: str, *, top: bool) -> Function | None:
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or body is None:
        return None
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        found = re.search(r"(\w+)(?:\[[^\]]*\])?\s*\)$", _text(receiver))
        container = found[1] if found else ""
    outer = node
    while outer.parent is not None and outer.parent.type in {"decorated_definition", "export_statement"}:
        outer = outer.parent
    first = outer.start_point.row
    before = outer.prev_named_sibling
    while before is not None and before.type in DECORATIONS:
        first = before.start_point.row
        before = before.prev_named_sibling
    last = outer.end_point.row
    if lines[first].strip() != lines[first][len(lines[first]) - len(lines[first].lstrip()) :].strip():
        return None
    statements = tuple(_statements(body, lines))
    tail = lines[last].encode()[outer.end_point.column :].strip()
    if len(statements) < 2 or tail not in {b"", b";", b","}:
        return None
    return Function(_text(name), container, first, node.start_point.row, last, top, statements)


def _statements(body: Node, lines: list[str]) -> Iterator[tuple[int, int, int]]:
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if node.type in BLOCKS:
            inner = [one for one in node.named_children if "comment" not in one.type]
            for one in inner:
                first, last = one.start_point.row, one.end_point.row
                alone = not lines[first].encode()[: one.start_point.column].strip()
                rest = lines[last].encode()[one.end_point.column :].strip()
                if alone and rest in {b"", b";"} and "string" not in one.type:
                    yield first, last, len(inner)
        waiting.extend(node.named_children)


def parses(path: str, text: str) -> bool:
    """Whether a text has no fault."""
    if count_syntax_errors(path, text.encode()) != 0:
        return False
    if path.endswith(".py"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ast.parse(text)
            except (SyntaxError, ValueError):
                return False
    return True


Rows = list[str]
Edit = Callable[[random.Random, Source, Function, Rows], bool]
"""Changes rows in place; returns whether it found something to change."""


def _change_condition(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    swaps = [
        ("==", "!="),
        ("!=", "=="),
        (" < ", " <= "),
        (" > ", " >= "),
        (" and ", " or "),
        ("&&", "||"),
        ("true", "false"),
    ]
    swaps += [
        ("True", "False"),
        (" is None", " is not None"),
        ("nil {", "other {"),
        (" + 1", " + 2"),
        ("return ", "return not_"),
    ]
    places = [
        (row, old, new)
        for row in range(function.own, function.last + 1)
        for old, new in swaps
        if old in rows[row] and not rows[row].lstrip().startswith(("#", "//", "*", '"'))
    ]
    if not places:
        return False
    row, old, new = rng.choice(places)
    rows[row] = rows[row].replace(old, new, 1)
    return True


def _rename_local(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    body = "\n".join(rows[function.own + 1 : function.last + 1])
    names = set(re.findall(r"^\s*(?:let (?:mut )?|const |var )?([a-z_]\w{2,})\s*(?::=|=[^=>])", body, re.MULTILINE))
    names = {name for name in names if len(re.findall(rf"\b{name}\b", body)) >= 2}
    if not names:
        return False
    name = rng.choice(sorted(names))
    for row in range(function.own + 1, function.last + 1):
        rows[row] = re.sub(
            rf"(?<![.\w]){name}\b", f"{name}_{rng.choice(WORDS)}"[:40] if False else f"{name}_value", rows[row]
        )
    return True


def _insert_statement(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    first, last, _beside = rng.choice(function.statements)
    indent = rows[first][: len(rows[first]) - len(rows[first].lstrip())]
    text = rng.choice(STATEMENTS[source.family]).format(name="-".join(rng.sample(WORDS, 2)))
    where = first if rng.random() < 0.5 else last + 1
    rows.insert(where, indent + text)
    return True


def _delete_block(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    places = [(a, b) for a, b, beside in function.statements if beside >= 3 and b - a < 8]
    if not places:
        return False
    first, last = rng.choice(places)
    del rows[first : last + 1]
    return True


def _change_string(
    rng: random.Random, source: Source, function: Function, rows: Rows, *, foreign: bool = False
) -> bool:
    places = [
        (row, match)
        for row in range(function.own + 1, function.last + 1)
        for match in re.finditer(r"(?<![\w\"'])([\"'])([A-Za-z][\w .,:/-]{2,40})\1", rows[row])
        if not rows[row].lstrip().startswith(("#", "//", "*", "import", "from"))
    ]
    if not places:
        return False
    row, match = rng.choice(places)
    words = f"{rng.choice(FOREIGN)} {rng.choice(WORDS)}" if foreign else " ".join(rng.sample(WORDS, 2))
    rows[row] = rows[row][: match.start(2)] + words + rows[row][match.end(2) :]
    return True


def _add_parameter(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    extra = {
        "python": "extra=None",
        "javascript": "extra",
        "go": "extra int",
        "rust": "extra: u32",
        "java": "int extra",
    }
    text = extra.get(source.family, "int extra")
    row = function.own
    pattern = rf"\b{re.escape(function.name)}\b(?:<[^()]*>|\[[^()]*\])?\("
    match = re.search(pattern, rows[row])
    if match is None:
        return False
    rest = rows[row][match.end() :]
    inside = rest.partition(")")[0]
    if ")" not in rest or "(" in inside:
        return False
    new = f"{inside.rstrip()}, {text}" if inside.strip() else text
    rows[row] = rows[row][: match.end()] + new + rest[len(inside) :]
    return True


def _wrap(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    """Put a statement into a condition, which moves its lines to the right."""
    first, last, _beside = rng.choice(function.statements)
    indent = rows[first][: len(rows[first]) - len(rows[first].lstrip())]
    unit = "\t" if indent.startswith("\t") else "    " if source.family in {"python", "rust", "java"} else "  "
    if "`" in "".join(rows[first : last + 1]) or '"""' in "".join(rows[first : last + 1]):
        return False
    inner = [unit + row if row.strip() else row for row in rows[first : last + 1]]
    word = rng.choice(WORDS)
    if source.family == "python":
        rows[first : last + 1] = [f"{indent}if {word}:", *inner]
    else:
        head = f"{indent}if {word} {{" if source.family in {"go", "rust"} else f"{indent}if ({word}) {{"
        rows[first : last + 1] = [head, *inner, indent + "}"]
    return True


def _two_places(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    done = _change_condition(rng, source, function, rows)
    return _change_string(rng, source, function, rows) or done


def _foreign_string(rng: random.Random, source: Source, function: Function, rows: Rows) -> bool:
    return _change_string(rng, source, function, rows, foreign=True)


EDITS: dict[str, Edit] = {
    "condition": _change_condition,
    "rename": _rename_local,
    "insert": _insert_statement,
    "delete": _delete_block,
    "string": _change_string,
    "parameter": _add_parameter,
    "wrap": _wrap,
    "two places": _two_places,
    "non-ASCII": _foreign_string,
}


def make_change(rng: random.Random, source: Source, functions: list[Function], kind: str = "") -> Change | None:
    """A random edit of a random function; None when a few tries found none that parses."""
    for _try in range(12):
        function = rng.choice(functions)
        if function.last - function.first > 120:
            continue
        chosen = kind or rng.choice(list(EDITS))
        rows = source.lines
        if not EDITS[chosen](rng, source, function, rows):
            continue
        text = "\n".join(rows) + "\n"
        if text != source.text and parses(source.path, text):
            return Change(chosen, source, function, text)
    return None
