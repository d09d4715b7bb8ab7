"""Keyword arguments of Python calls: where a parameter, or a field of a data class, is named by its callers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from aura_code.refactoring.families import Types, whole_family
from aura_code.refactoring.scoping import Named, scoping_of
from aura_code.refactoring.targets import Located, Offsets, places_of, uses_by_name, uses_with_targets, with_twins
from aura_code.refactoring.workspace import OpenFile, Piece, Refusal, Workspace
from aura_code.structure.lookup import Symbol, symbols_where
from aura_code.structure.store import EXACT, USE_KINDS

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_CALL: Final = USE_KINDS.index("call")
_HARMLESS: Final = frozenset({_CALL, USE_KINDS.index("import"), USE_KINDS.index("type"), USE_KINDS.index("inherit")})
_PLAIN_MARKS: Final = frozenset(
    {
        "staticmethod",
        "classmethod",
        "property",
        "abstractmethod",
        "override",
        "final",
        "overload",
        "cache",
        "lru_cache",
        "wraps",
    }
)
"""Decorators that pass arguments on as they are, or that name none."""


@dataclass(slots=True)
class KeywordCalls:
    """Callers that name a parameter."""

    reader: StructureReader
    workspace: Workspace
    old: str
    new: str
    pieces: dict[OpenFile, set[Piece]] = field(default_factory=dict[OpenFile, set[Piece]])
    parameters: dict[OpenFile, list[Named]] = field(default_factory=dict[OpenFile, list[Named]])
    """The same parameter in functions that override, or are overridden."""
    doubts: list[str] = field(default_factory=list[str])

    def of_parameter(self, file: OpenFile, start: int) -> None:
        """Find what names the parameter at an offset.

        Raises:
            Refusal: A caller's file cannot be changed, or the new name has a meaning for a caller already.
        """
        function = _function_around(file, start)
        if function is None:
            return  # A lambda: whoever calls it by keyword is not known anyway.
        if _only_by_position(function, start):
            return
        name = function.child_by_field_name("name")
        symbols = self._defined(file, name) if name is not None else []
        if not symbols:
            self._of_inner(file, function)
            return
        types = Types.read(self.reader)
        family = with_twins(self.reader, symbols)
        constructor = symbols[0].kind == "constructor"
        if not constructor:
            family = whole_family(self.reader, family, types)
        self._overrides(family, file, function)
        numbers = {one.id for one in family}
        if constructor:
            numbers |= self._made_by(family, types)
        self._calls(uses_with_targets(self.reader, numbers), is_class=constructor)
        if not constructor and symbols[0].parent is not None:
            self._calls_by_name(symbols[0].name)
            if any(types.foreign.get(one) for one in types.around(one.parent for one in family if one.parent)):
                self.doubts.append(f"{file.place(start)}: a class around inherits from outside of this project.")

    def of_fields(self, fields: Sequence[Symbol]) -> None:
        """Find the keywords of calls that make objects with these fields.

        Raises:
            Refusal: A caller's file cannot be changed, or gives the new name already.
        """
        types = Types.read(self.reader)
        owners = {one.parent for one in fields if one.parent is not None}
        owners |= {lower for one in owners for lower in types.below(one)}
        with_own = {one.parent for one in symbols_where(self.reader, "s.kind = 'constructor' AND s.parent IS NOT NULL")}
        self._calls(uses_with_targets(self.reader, owners - with_own), is_class=True)

    def _made_by(self, family: Iterable[Symbol], types: Types) -> set[int]:
        """Classes that a constructor makes: its own, and those below without one of their own."""
        with_own = {one.parent for one in symbols_where(self.reader, "s.kind = 'constructor' AND s.parent IS NOT NULL")}
        found = {one.parent for one in family if one.parent is not None}
        waiting = list(found)
        while waiting:
            for lower in types.down.get(waiting.pop(), ()):
                if lower not in with_own and lower not in found:
                    found.add(lower)
                    waiting.append(lower)
        return found

    def _defined(self, file: OpenFile, name: Node) -> list[Symbol]:
        line, column = Offsets(file.text).line_and_column(name.start_byte)
        return symbols_where(self.reader, "f.path = ? AND s.line = ? AND s.column = ?", (file.path, line, column))

    def _of_inner(self, file: OpenFile, function: Node) -> None:
        """A function whose definition is not in the store."""
        name = function.child_by_field_name("name")
        if name is not None:
            self.doubts.append(f"{file.place(name.start_byte)}: it is not known who calls this function.")

    def _overrides(self, family: Sequence[Symbol], file: OpenFile, function: Node) -> None:
        """Rename the parameter in the whole family, so that callers can name it as before."""
        self._check_marks(file, function)
        for place in places_of(self.reader, [one.id for one in family]):
            other = self.workspace.open(place.path)
            scoping = scoping_of(other.source)
            start = Offsets(other.text).at(place.line, place.column)
            name = other.source.root.named_descendant_for_byte_range(start, start + 1) if other.source else None
            node = name.parent if name is not None else None
            if scoping is None or node is None or node == function:
                continue
            same = [one for one in scoping.named if one.parameter and one.name == self.old and _scope_node(one) == node]
            if same:
                self._check_marks(other, node)
                self.parameters.setdefault(other, []).extend(same)

    def _check_marks(self, file: OpenFile, function: Node) -> None:
        around = function.parent
        if around is None or around.type != "decorated_definition" or file.source is None:
            return
        for mark in around.named_children:
            if mark.type == "decorator":
                written = file.source.text_of(mark).lstrip("@ ").partition("(")[0].rpartition(".")[2].strip()
                if written not in _PLAIN_MARKS | {"setter", "getter"}:
                    self.doubts.append(
                        f"{file.place(mark.start_byte)}: `@{written}` may call this with names of arguments."
                    )

    def _calls(self, uses: Iterable[Located], *, is_class: bool) -> None:
        for use in uses:
            if is_class and use.kind != _CALL:
                continue
            file = self.workspace.try_open(use.path)
            if file is None or file.source is None or file.language != "python":
                continue
            start = Offsets(file.text).at(use.line, use.column)
            call = _call_of(file, start)
            if call is not None:
                self._call(file, call, sure=use.confidence == EXACT)
            elif use.kind not in _HARMLESS and not is_class:
                self.doubts.append(f"{file.place(start)}: passed on as a value; who calls it there is not known.")

    def _call(self, file: OpenFile, call: Node, *, sure: bool) -> None:
        file = self.workspace.open(file.path)
        arguments = call.child_by_field_name("arguments")
        for argument in arguments.named_children if arguments is not None else ():
            if argument.type == "dictionary_splat":
                self.doubts.append(f"{file.place(argument.start_byte)}: `**` may hold `{self.old}` as a key.")
            if argument.type != "keyword_argument":
                continue
            name = argument.named_children[0]
            written = file.text[name.start_byte : name.end_byte].decode("utf-8", "replace")
            if written == self.new:
                raise Refusal(f"The call at {file.place(call.start_byte)} has an argument {self.new} already.")
            if written == self.old:
                self.pieces.setdefault(file, set()).add(Piece(name.start_byte, name.end_byte, self.new))
                if not sure:
                    self.doubts.append(f"{file.place(name.start_byte)}: changed, since the inferred type says so.")

    def _calls_by_name(self, function: str) -> None:
        for use in uses_by_name(self.reader, function):
            file = self.workspace.try_open(use.path)
            call = _call_of(file, Offsets(file.text).at(use.line, use.column)) if file is not None else None
            arguments = call.child_by_field_name("arguments") if call is not None else None
            for argument in arguments.named_children if arguments is not None else ():
                assert file is not None
                if argument.type == "keyword_argument":
                    name = argument.named_children[0]
                    if file.text[name.start_byte : name.end_byte] == self.old.encode():
                        self.doubts.append(
                            f"{file.place(name.start_byte)}: not changed; it is not known what is called."
                        )


def _scope_node(named: Named) -> object:
    return getattr(named.scope, "node", None)


def _function_around(file: OpenFile, start: int) -> Node | None:
    node = file.source.root.named_descendant_for_byte_range(start, start + 1) if file.source is not None else None
    while node is not None and node.type not in {"function_definition", "lambda"}:
        node = node.parent
    return node if node is not None and node.type == "function_definition" else None


def _only_by_position(function: Node, start: int) -> bool:
    parameters = function.child_by_field_name("parameters")
    marks = [child for child in parameters.children if child.type == "positional_separator"] if parameters else []
    if any(start < mark.start_byte for mark in marks):
        return True
    for child in parameters.named_children if parameters is not None else ():
        if (
            child.type in {"list_splat_pattern", "dictionary_splat_pattern"}
            and child.start_byte <= start < child.end_byte
        ):
            return True
    return False


def _call_of(file: OpenFile, start: int) -> Node | None:
    """The call whose function is the name at an offset."""
    node = file.source.root.named_descendant_for_byte_range(start, start + 1) if file.source is not None else None
    if node is None:
        return None
    around = node.parent
    if around is not None and around.type == "attribute" and around.named_children[-1] == node:
        node, around = around, around.parent
    if around is not None and around.type == "call" and around.child_by_field_name("function") == node:
        return around
    return None
