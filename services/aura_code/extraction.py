"""Definitions, references and imports of one parsed file, from one query over its syntax tree.

What the captures of a query mean is in docs/languages.md.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, cast, get_args

from tree_sitter import Node

from aura_code.documentation import comment_above, docstring_at
from aura_code.facts import ImportFact, ReferenceFact, ReferenceKind, SymbolFact
from aura_languages.parsing import Matches
from aura_languages.spec import LanguageSpec

if TYPE_CHECKING:
    from aura_shared.messages.code import SymbolKind

MOST_SIGNATURE_CHARS = 200
_CLASS_LIKE = frozenset({"class", "interface", "trait", "struct", "enum", "scope"})
_BRACED = frozenset({"class", "interface", "struct", "enum", "type", "macro"})
_DEFINITION = "definition."
_REFERENCES: Final[Mapping[str, ReferenceKind]] = {f"reference.{kind}": kind for kind in get_args(ReferenceKind)}


class Extracted(NamedTuple):
    """What a file defines and uses, and where definitions begin and end."""

    symbols: tuple[SymbolFact, ...]
    references: tuple[ReferenceFact, ...]
    imports: tuple[ImportFact, ...]
    boundaries: list[int]
    """Lines from 0, rising, before which a passage may well be cut."""


class _Definition(NamedTuple):
    start: int
    """First byte, decorators included."""
    end: int
    kind: str
    name: str
    container: str
    """Given by the source itself, as the receiver of a Go method."""
    node: Node
    body: Node | None
    pattern: int


class _Scope(NamedTuple):
    """A definition inside which the next one may lie."""

    end: int
    span: tuple[int, int]
    """Two names of one declaration, as in `int a, b`, share it; neither holds the other."""
    kind: str
    name: str


class _Import:
    """An import statement; a query gives it in several matches."""

    __slots__ = ("line", "module", "names")

    def __init__(self, line: int) -> None:
        self.line = line
        self.module = ""
        self.names: list[str] = []


class _Names(dict[bytes, str]):
    """Decodes each name of a file once."""

    def __missing__(self, raw: bytes) -> str:
        name = self[raw] = raw.decode("utf-8", "replace")
        return name


class _Found:
    """Collects what the matches of a query say."""

    def __init__(self, text: bytes, starts: Sequence[int]) -> None:
        self.text = text
        self.rows = starts if text.endswith(b"\n") else starts[:-1]
        """Where the lines begin. Looking an offset up here is three times faster than a node's own position."""
        self.names = _Names()
        self.definitions: dict[tuple[int, str], _Definition] = {}
        self.references: list[ReferenceFact] = []
        self.imports: dict[tuple[int, str], _Import] = {}
        self.outer: dict[int, int] = {}

    def name(self, node: Node) -> str:
        """The text of a node."""
        return self.names[self.text[node.start_byte : node.end_byte]]

    def refer(self, kind: ReferenceKind, nodes: list[Node]) -> None:
        """Take in names that are used."""
        text, names, rows = self.text, self.names, self.rows
        for node in nodes:
            start = node.start_byte
            name = names[text[start : node.end_byte]]
            self.references.append(ReferenceFact(name, kind, bisect_right(rows, start)))

    def line(self, node: Node) -> int:
        """The line, from 1, where a node begins."""
        return bisect_right(self.rows, node.start_byte)

    def define(self, pattern: int, kind: str, node: Node, roles: dict[str, list[Node]]) -> None:
        """Take in a definition; of two patterns that give the same name at the same place, the first counts."""
        if kind == "variable" and node.has_error:
            return  # What a parser makes of a macro that it does not know.
        bodies = roles.get("body")
        containers = roles.get("container")
        container = ".".join(_plain_name(self.name(node)) for node in containers) if containers else ""
        if "prototype" in roles and self.name(roles["prototype"][0]) != "prototype":
            container = ""  # `module.exports.name = function` looks the same.
        for name_node in roles["name"]:
            key = (name_node.start_byte, "scope" if kind == "scope" else "")
            known = self.definitions.get(key)
            if known is not None and known.pattern <= pattern:
                continue
            self.definitions[key] = _Definition(
                start=node.start_byte,
                end=node.end_byte,
                kind=kind,
                name=_unquoted(self.name(name_node)),
                container=container,
                node=node,
                body=bodies[0] if bodies else None,
                pattern=pattern,
            )

    def take_import(self, node: Node, roles: dict[str, list[Node]]) -> None:
        """Take in one match of an import statement."""
        if "require" in roles and self.name(roles["require"][0]) != "require":
            return
        modules = roles.get("module")
        module = _unquoted(self.name(modules[0])) if modules else ""
        key = (node.start_byte, module)
        known = self.imports.get(key)
        if known is None:
            known = self.imports[key] = _Import(self.line(node))
            known.module = module
        for imported in roles.get("imported", ()):
            name = self.name(imported)
            if name not in known.names:
                known.names.append(name)

    def widen(self, roles: dict[str, list[Node]]) -> None:
        """Remember that a definition begins where its decorators, or what else surrounds it, begin."""
        outer = roles["outer"][0].start_byte
        for inner in roles["inner"]:
            start = inner.start_byte
            self.outer[start] = min(outer, self.outer.get(start, outer))

    def outermost(self, start: int) -> int:
        """Where a definition begins with all that surrounds it."""
        while (outer := self.outer.get(start, start)) < start:
            start = outer
        return start


def extract(matches: Matches, spec: LanguageSpec, text: bytes, starts: Sequence[int]) -> Extracted:
    """What a file defines, uses and imports.

    Args:
        matches: What the query of its language finds in it.
        spec: Its language.
        text: Its content in UTF-8.
        starts: Its `line_starts`.
    """
    found = _Found(text, starts)
    for pattern, roles in matches:
        for role, nodes in roles.items():
            kind = _REFERENCES.get(role)
            if kind is None:
                _take(found, pattern, roles)
                break
            found.refer(kind, nodes)
    symbols, boundaries = _symbols(found, spec, starts)
    imports = tuple(
        ImportFact(one.module, tuple(one.names), one.line) for one in found.imports.values() if one.module or one.names
    )
    return Extracted(symbols, tuple(found.references), imports, boundaries)


def _take(found: _Found, pattern: int, roles: dict[str, list[Node]]) -> None:
    if "import" in roles:
        found.take_import(roles["import"][0], roles)
        return
    if "outer" in roles and "inner" in roles:
        found.widen(roles)
        return
    for role, nodes in roles.items():
        if role.startswith(_DEFINITION) and "name" in roles:
            found.define(pattern, role[len(_DEFINITION) :], nodes[0], roles)
            return


def _symbols(found: _Found, spec: LanguageSpec, starts: Sequence[int]) -> tuple[tuple[SymbolFact, ...], list[int]]:
    text = found.text
    ordered = sorted(found.definitions.values(), key=lambda one: (one.start, -one.end, one.kind != "scope"))
    symbols: list[SymbolFact] = []
    boundaries: set[int] = set()
    open_scopes: list[_Scope] = []
    for one in ordered:
        while open_scopes and (open_scopes[-1].end <= one.start or open_scopes[-1].span == (one.start, one.end)):
            open_scopes.pop()
        around_kind, around = open_scopes[-1][2:] if open_scopes else ("", "")
        container = f"{around}.{one.container}" if around and one.container else around or one.container
        own = _plain_name(one.name)
        qualified = f"{container}.{own}" if container else own
        if one.kind == "scope":
            open_scopes.append(_Scope(one.end, (one.start, one.end), "scope", qualified))
            continue
        outer = found.outermost(one.start)
        kind = _kind(one, around_kind, container, spec, text[outer : one.start])
        first_row = bisect_right(found.rows, outer) - 1
        end_line = bisect_right(found.rows, one.end)
        if end_line > first_row + 1 and one.end == found.rows[end_line - 1]:
            end_line -= 1
        body = one.body or one.node.child_by_field_name("body")
        doc = docstring_at(text, body.start_byte) if spec.docstrings and body is not None else ""
        doc_row, above = first_row, ""
        if not text[starts[first_row] : outer].strip():
            first_row, doc_row, above = comment_above(text, starts, first_row, spec)
        symbols.append(
            SymbolFact(
                one.name, kind, container, first_row + 1, end_line, _signature(text, one, outer, body), doc or above
            )
        )
        boundaries.add(doc_row)
        boundaries.add(end_line)
        open_scopes.append(_Scope(one.end, (one.start, one.end), kind, qualified))
    symbols.sort(key=lambda symbol: symbol.start_line)
    return tuple(symbols), sorted(boundaries)


def _kind(one: _Definition, around_kind: str, container: str, spec: LanguageSpec, decorators: bytes) -> SymbolKind:
    kind = one.kind
    if kind == "function" and (around_kind in _CLASS_LIKE or one.container):
        kind = "method"
    if kind == "method" and not container:
        kind = "function"
    elif kind == "method" and (one.name in spec.constructors or _names_its_class(one, container)):
        kind = "constructor"
    elif kind == "method" and decorators and any(mark in decorators for mark in spec.property_marks):
        kind = "property"
    elif kind == "variable" and spec.capitals_are_constants and one.name.isupper():
        kind = "constant"
    return cast("SymbolKind", kind)


def _names_its_class(one: _Definition, container: str) -> bool:
    return one.kind == "method" and one.name == container.rpartition(".")[2]


_SPACE = re.compile(rb"\s+")
_ENDINGS = b" \t\r\n{:;=,"


def _signature(text: bytes, one: _Definition, outer: int, body: Node | None) -> str:
    """The declaration in one line, without body."""
    begin = one.start if b"\n" in text[outer : one.start] else outer
    end = one.end
    if body is not None and begin < body.start_byte:
        head = text[begin : body.start_byte]
        rest = text[body.end_byte : end] if body.end_byte < end else b""
        raw = head[: 4 * MOST_SIGNATURE_CHARS].rstrip().removesuffix(b"=>").rstrip(_ENDINGS)
        if rest.strip(b" \t\r\n;,)}"):
            raw += b" " + rest[:MOST_SIGNATURE_CHARS]
    else:
        raw = text[begin : min(end, begin + 4 * MOST_SIGNATURE_CHARS)]
        if one.kind in _BRACED:
            raw = raw.partition(b"{")[0].rstrip(b" =")
    flat = _SPACE.sub(b" ", raw).replace(b"( ", b"(").replace(b", )", b")").replace(b" )", b")")
    line = flat.strip().rstrip(b";,{ ").decode("utf-8", "replace")
    return line if len(line) <= MOST_SIGNATURE_CHARS else line[: MOST_SIGNATURE_CHARS - 1] + "…"


_TYPE_ARGUMENTS = re.compile(r"<.*>|\[.*\]|\(.*\)", re.DOTALL)


def _plain_name(name: str) -> str:
    """`Box` for `*Box<T>`, `a.b` for `a::b`."""
    bare = _TYPE_ARGUMENTS.sub("", name)
    return bare.replace("::", ".").strip("*& .\t\n")


def _unquoted(module: str) -> str:
    if len(module) > 1 and module[0] in "\"'<`" and module[-1] in "\"'>`":
        return module[1:-1]
    return module
