"""Python as it is written today, where that is certain to do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tree_sitter import Node

from aura_code.findings.model import Edit
from aura_code.refactoring.versions import Version
from aura_code.syntax import SourceFile
from aura_code.syntax.python_scopes import PythonScopes, Use, python_scopes

_LOWER: Final = {
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Tuple": "tuple",
    "Type": "type",
}
_ERRORS: Final = frozenset({"IOError", "EnvironmentError"})
_MODES: Final = frozenset({b'"r"', b"'r'", b'"rt"', b"'rt'"})
_WHY: Final = {
    "builtin": "Since Python 3.9 the built-in collections take type arguments, and `typing.List` is deprecated.",
    "union": "Since Python 3.10 `X | None` says the same without an import.",
    "object": "Every class inherits from `object`; naming it is left from Python 2.",
    "super": "`super()` finds class and instance itself and survives a rename of the class.",
    "mode": "`open` reads text unless told otherwise.",
    "set": "A set display builds the set at once, without a list that is thrown away.",
    "comprehension": "A comprehension builds the collection at once, without a list that is thrown away.",
    "open": "`io.open` is `open` since Python 3.",
    "error": "`IOError` and `EnvironmentError` are other names of `OSError` since Python 3.3.",
    "text": "Every string is Unicode; the prefix is left from Python 2.",
}


class Modernised(NamedTuple):
    """One place that is written in today's way."""

    edits: tuple[Edit, ...]
    reason: str


def modern_python(source: SourceFile, version: Version | None) -> list[Modernised]:
    """What can be written in today's way; edits of different places may lie within one another.

    Args:
        source: The file.
        version: The oldest Python that it must run on; None when that is not known: then only what every Python 3
            knows is done.
    """
    if source.root.has_error or source.path.endswith(".pyi") or (version is not None and version < (3, 0)):
        return []
    work = _Modern(source, version or (3, 3))
    return list(work.find())


class _Modern:
    def __init__(self, source: SourceFile, version: Version) -> None:
        self._source = source
        self._scopes: PythonScopes = python_scopes(source)
        self._version = version
        self._uses = {use.start: use for use in self._scopes.uses}
        self._visits: dict[str, Callable[[Node], Iterator[Modernised]]] = {
            "class_definition": self._class,
            "call": self._call,
            "string": self._string,
        }

    def find(self) -> Iterator[Modernised]:
        waiting = [self._source.root]
        while waiting:
            node = waiting.pop()
            visit = self._visits.get(node.type)
            if visit is not None:
                yield from visit(node)
            waiting.extend(node.named_children)
        for use in self._scopes.uses:
            yield from self._use(use)

    def _text(self, node: Node) -> str:
        return self._source.text_of(node)

    def _is_builtin(self, node: Node | None, *names: str) -> bool:
        """Whether a node is a name of Python itself, which nothing in the file binds."""
        if node is None or node.type != "identifier" or self._text(node) not in names or self._scopes.stars:
            return False
        use = self._uses.get(node.start_byte)
        return use is not None and use.variable is None

    # Names

    def _use(self, use: Use) -> Iterator[Modernised]:
        if use.quoted:
            return
        if use.name in _ERRORS and use.variable is None and not self._scopes.stars and self._is_alone(use):
            yield _one("error", use.start, use.start + len(use.name), "OSError")
        if use.kind != "type" or use.variable is None:
            return
        name = self._of_typing(use)
        node = self._source.root.named_descendant_for_byte_range(use.start, use.start + len(use.name.encode()))
        if node is None or not name:
            return
        if name in _LOWER and self._version >= (3, 9) and self._is_free(_LOWER[name], use):
            yield _one("builtin", node.start_byte, node.end_byte, _LOWER[name])
        if name in {"Optional", "Union"} and self._version >= (3, 10):
            yield from self._union(node, name)

    def _is_alone(self, use: Use) -> bool:
        """Whether an error is not listed beside the one that it is another name of."""
        node = self._source.root.named_descendant_for_byte_range(use.start, use.start + 1)
        around = node.parent if node is not None else None
        listed = around is not None and around.type in {"tuple", "list", "set", "argument_list"}
        others = (
            [self._text(one) for one in around.named_children if one != node] if around is not None and listed else []
        )
        return not {*_ERRORS, "OSError"}.intersection(others)

    def _of_typing(self, use: Use) -> str:
        """The name in `typing` that a use means; empty for anything else."""
        assert use.variable is not None
        bounds = use.variable.bounds
        imported = {bound.imported for bound in bounds if bound.kind == "import" and bound.module == "typing"}
        return imported.pop() if len(imported) == 1 and len(bounds) == 1 else ""

    def _is_free(self, name: str, use: Use) -> bool:
        return self._scopes.lookup(name, use.scope, use.start) is None and not self._scopes.stars

    def _union(self, name: Node, form: str) -> Iterator[Modernised]:
        around = name.parent
        while around is not None and around.type == "type":
            around = around.parent
        if around is None or around.type not in {"subscript", "generic_type"} or around.named_children[0] != name:
            return
        inside = around.named_children[1:]
        if len(inside) == 1 and inside[0].type in {"type_parameter", "tuple"}:
            inside = inside[0].named_children
        if not inside or (form == "Optional" and len(inside) != 1) or not all(_joins(part) for part in inside):
            return
        if b"\n" in self._source.text[around.start_byte : around.end_byte] or _holds(around, "comment"):
            return
        written = " | ".join(self._text(part) for part in inside)
        if form == "Optional":
            written = f"{written} | None"
        yield _one("union", around.start_byte, around.end_byte, written)

    # Nodes

    def _class(self, node: Node) -> Iterator[Modernised]:
        bases = node.child_by_field_name("superclasses")
        if bases is None or bases.child_count != 3 or not self._is_builtin(bases.named_children[0], "object"):
            return
        yield _one("object", bases.start_byte, bases.end_byte, "")

    def _string(self, node: Node) -> Iterator[Modernised]:
        start = node.start_byte
        if self._source.text[start : start + 1] in {b"u", b"U"} and self._source.text[start + 1 : start + 2] in {
            b"'",
            b'"',
        }:
            if start and self._source.text[start - 1 : start].isalnum():
                return
            yield _one("text", start, start + 1, "")

    def _call(self, node: Node) -> Iterator[Modernised]:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or arguments.type != "argument_list" or _holds(arguments, "comment"):
            return
        given = arguments.named_children
        if self._is_builtin(function, "super") and len(given) == 2:
            yield from self._super(node, arguments, given)
        elif self._is_builtin(function, "open") and len(given) >= 2 and self._text(given[1]).encode() in _MODES:
            if len(given) == 2 or given[2].type == "keyword_argument":
                yield _one("mode", given[0].end_byte, given[1].end_byte, "")
        elif self._is_builtin(function, "set", "dict") and len(given) == 1:
            yield from self._collection(node, self._text(function), given[0])
        elif function.type == "attribute" and self._text(function) == "io.open":
            yield from self._io_open(function)

    def _super(self, call: Node, arguments: Node, given: list[Node]) -> Iterator[Modernised]:
        function = _method_around(call)
        owner = _class_of(self._source, function) if function is not None else None
        if function is None or owner is None:
            return
        name, parameters = owner.child_by_field_name("name"), function.child_by_field_name("parameters")
        first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
        if name is None or first is None or [self._text(one) for one in given] != [self._text(name), self._text(first)]:
            return
        class_, itself = (self._uses.get(one.start_byte) for one in given)
        if class_ is None or class_.variable is None or itself is None or itself.variable is None:
            return
        if [bound.node for bound in class_.variable.bounds] == [name] and len(itself.variable.bounds) == 1:
            yield _one("super", arguments.start_byte, arguments.end_byte, "()")

    def _collection(self, call: Node, name: str, given: Node) -> Iterator[Modernised]:
        inside = self._source.text[given.start_byte + 1 : given.end_byte - 1].decode("utf-8", "replace")
        if name == "set" and given.type in {"list", "tuple"} and given.named_children:
            if given.type == "tuple":
                inside = inside.rstrip().removesuffix(",")
            yield _one("set", call.start_byte, call.end_byte, f"{{{inside}}}", self._spaced(call))
        elif given.type == "list_comprehension" and name == "set":
            yield _one("comprehension", call.start_byte, call.end_byte, f"{{{inside}}}", self._spaced(call))
        elif given.type == "list_comprehension" and given.named_children[0].type == "tuple":
            pair = given.named_children[0]
            parts = pair.named_children
            if len(parts) == 2 and not any(part.type in {"list_splat", "named_expression"} for part in parts):
                rest = self._source.text[pair.end_byte : given.end_byte - 1].decode("utf-8", "replace")
                written = f"{{{self._text(parts[0])}: {self._text(parts[1])}{rest}}}"
                yield _one("comprehension", call.start_byte, call.end_byte, written, self._spaced(call))

    def _spaced(self, call: Node) -> bool:
        """Whether the call begins what an f-string shows, where two braces would be one written out."""
        return call.parent is not None and call.parent.type == "interpolation"

    def _io_open(self, function: Node) -> Iterator[Modernised]:
        base = function.named_children[0]
        use = self._uses.get(base.start_byte)
        if use is None or use.variable is None or not self._is_free("open", use):
            return
        bounds = use.variable.bounds
        if len(bounds) == 1 and bounds[0].kind == "import" and bounds[0].module == "io" and not bounds[0].imported:
            yield _one("open", function.start_byte, function.end_byte, "open")


def _method_around(call: Node) -> Node | None:
    """The function around a call; None within a lambda or comprehension, which are functions of their own."""
    around = call.parent
    while around is not None and around.type != "function_definition":
        if around.type in {"lambda", "generator_expression"} or around.type.endswith("comprehension"):
            return None
        around = around.parent
    return around


def _class_of(source: SourceFile, function: Node) -> Node | None:
    """The undecorated class that a function stands right in, unless it is static."""
    block = function.parent
    if block is not None and block.type == "decorated_definition":
        if b"staticmethod" in source.text[block.start_byte : function.start_byte]:
            return None
        block = block.parent
    owner = block.parent if block is not None else None
    if owner is None or owner.type != "class_definition":
        return None
    return owner if owner.parent is None or owner.parent.type != "decorated_definition" else None


def _joins(part: Node) -> bool:
    """Whether `|` may stand beside a type: no text, no ellipsis."""
    return not _holds(part, "string") and part.type not in {"ellipsis", "list_splat"} and not _holds(part, "lambda")


def _holds(node: Node, kind: str) -> bool:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.type == kind:
            return True
        waiting.extend(one.named_children)
    return False


def _one(why: str, start: int, end: int, text: str, spaced: bool = False) -> Modernised:
    written = f" {text} " if spaced else text
    return Modernised((Edit(start, end, written),), _WHY[why])
