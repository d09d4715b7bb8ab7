"""Reads the structure of a JavaScript or TypeScript file."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Final

from tree_sitter import Node

from aura_code.structure.facts import Binding, Definition, FileStructure, Imported, Occurrence, OccurrenceKind
from aura_code.structure.gathering import UNKNOWN, instance, last_line, part
from aura_code.structure.javascript_types import Values
from aura_code.syntax import SourceFile
from aura_code.syntax.javascript_scopes import (
    Access,
    Bound,
    Export,
    JavaScriptScopes,
    Scope,
    Variable,
    javascript_scopes,
    lookup,
)
from aura_code.terms import words
from aura_shared.messages.code import SymbolKind

_FUNCTIONS: Final = frozenset({"arrow_function", "function_expression", "generator_function"})
_WRAPPED: Final = frozenset(
    {"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"}
)
_MOST_MEMBERS: Final = 400
"""Of an object literal: longer ones are tables of data."""
_DEEPEST_OBJECT: Final = 3
_TESTS: Final = frozenset(
    {"it", "test", "describe", "suite", "context", "specify", "fit", "xit", "fdescribe", "xdescribe"}
)
_CONFIGURATION: Final = re.compile(r"(?:^|/)[^/]*(?:\.config|rc|file|\.setup|\.stories)\.[cm]?[jt]sx?$")
_CALLED_FROM_OUTSIDE: Final = frozenset(
    words(
        "toString toJSON valueOf then render componentDidMount componentDidUpdate componentDidCatch "
        "componentWillUnmount shouldComponentUpdate getSnapshotBeforeUpdate getDerivedStateFromProps "
        "getDerivedStateFromError connectedCallback disconnectedCallback attributeChangedCallback "
        "observedAttributes adoptedCallback ngOnInit ngOnDestroy ngOnChanges ngAfterViewInit ngDoCheck "
        "ngAfterContentInit ngAfterViewChecked ngAfterContentChecked onModuleInit onModuleDestroy "
        "onApplicationBootstrap beforeApplicationShutdown onApplicationShutdown canActivate transform intercept "
        "handleEvent setup data created mounted install displayName propTypes defaultProps "
    )
)
"""Methods that the language, browsers, React, Angular, Nest or Vue call."""
_BUILTINS: Final = frozenset(
    words(
        "Array ArrayBuffer Atomics BigInt Boolean Buffer DataView Date Error EvalError Float32Array Float64Array "
        "Function Infinity Int16Array Int32Array Int8Array Intl JSON Map Math NaN Number Object Promise Proxy "
        "RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError "
        "Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet FinalizationRegistry "
        "AggregateError decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN "
        "parseFloat parseInt undefined globalThis arguments console process require module exports __dirname "
        "__filename global window document self navigator location history localStorage sessionStorage fetch "
        "setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask structuredClone "
        "requestAnimationFrame cancelAnimationFrame alert confirm prompt URL URLSearchParams Headers Request Response "
        "FormData Blob File FileReader AbortController AbortSignal Event EventTarget CustomEvent TextEncoder "
        "TextDecoder WebSocket Worker XMLHttpRequest performance crypto btoa atob describe it test expect beforeEach "
        "afterEach beforeAll afterAll before after suite context specify jest vi Partial Required Readonly Record "
        "Pick Omit Exclude Extract NonNullable Parameters ConstructorParameters ReturnType InstanceType ThisType "
        "Awaited Uppercase Lowercase Capitalize Uncapitalize PromiseLike ArrayLike Iterable Iterator IterableIterator "
        "AsyncIterable AsyncIterator Generator AsyncGenerator AsyncIterableIterator ReadonlyArray ReadonlyMap "
        "ReadonlySet PropertyKey PropertyDescriptor HTMLElement Element Node Document Window NodeJS bigint string "
        "number boolean symbol object any unknown never void "
    )
)
_KINDS: Final[dict[str, SymbolKind]] = {
    "function": "function",
    "signature": "function",
    "class": "class",
    "enum": "enum",
    "namespace": "namespace",
    "interface": "interface",
    "alias": "type",
    "const": "constant",
    "let": "variable",
    "var": "variable",
    "member": "constant",
}
_USES: Final[dict[str, OccurrenceKind]] = {
    "call": "call",
    "type": "type",
    "inherit": "inherit",
    "name": "name",
    "write": "write",
    "update": "write",
    "export": "import",
}
_MEMBER_KINDS: Final[dict[str, SymbolKind]] = {
    "method_definition": "method",
    "abstract_method_signature": "method",
    "method_signature": "method",
    "public_field_definition": "field",
    "field_definition": "field",
    "property_signature": "field",
}
_OBJECT: Final[Binding] = ("type", ("free", "object"))
_NAMES: Final = frozenset({"property_identifier", "private_property_identifier", "string", "identifier"})


def read_javascript(file: SourceFile) -> FileStructure:
    """What a JavaScript or TypeScript file defines, uses and imports."""
    return _Reader(file).read()


class _Reader:
    """Reads one file: first what it defines, then what is used, from the names that its scopes know."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.scopes: JavaScriptScopes = javascript_scopes(file)
        self.values = Values(file, self.scopes)
        self.definitions: list[Definition] = []
        self.occurrences: list[Occurrence] = []
        self.imports: list[Imported] = []
        self._ascii = file.text.isascii()
        self._children: dict[tuple[int, str], int] = {}
        self._below: dict[int, list[int]] = {}
        self._owners: dict[int, int] = {}
        self._types: list[tuple[int, Node, Scope, bool]] = []
        """Definitions whose type or result is still to be found: index, node, scope, whether it is a function."""
        self._bases: list[tuple[int, Node, Scope]] = []
        self._ranges: list[tuple[int, int, int]] = []
        """Where the values of top-level names lie, and their definitions."""
        self._defining: set[int] = set()
        """Where names start that stand where a member is defined by an assignment."""
        self._exported: set[str] = set()
        tops = {child.type for child in file.root.named_children}
        self._is_module = not tops.isdisjoint({"import_statement", "export_statement"})
        self._outside = "configuration" if _CONFIGURATION.search(file.path) else "exported"

    def read(self) -> FileStructure:
        self._read_exports()
        self._define_scope(self.scopes.module)
        for scope in self.scopes.scopes:
            if scope.kind == "namespace":
                self._define_scope(scope)
        self._define_default()
        self._define_written()
        self._define_tests()
        for scope in self.scopes.scopes:
            if scope.kind not in {"module", "namespace", "enum"}:
                self._define_scope(scope)
        self._define_later()
        self._type_definitions()
        self._measure()
        self._read_imports()
        self._uses()
        self._accesses()
        self._patterns()
        self._contexts()
        return FileStructure(
            self.file.path,
            self.file.language,
            "",
            tuple(self.definitions),
            tuple(sorted(self.occurrences, key=_place)),
            tuple(self.imports),
        )

    # Small steps

    def _text(self, node: Node) -> str:
        return self.file.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _column(self, node: Node) -> int:
        column = node.start_point.column
        if self._ascii or not column:
            return column
        return len(self.file.text[node.start_byte - column : node.start_byte].decode("utf-8", "replace"))

    def _owner(self, scope: Scope | None) -> int:
        """The innermost definition around a scope, itself included."""
        passed: list[Scope] = []
        found = -1
        while scope is not None:
            known = self._owners.get(id(scope))
            if known is None:
                known = self.values.definition_of.get(scope.node.id)
            if known is not None:
                found = known
                break
            passed.append(scope)
            scope = scope.parent
        for inner in passed:
            self._owners[id(inner)] = found
        return found

    def _define(
        self,
        name: Node,
        kind: SymbolKind,
        around: Node,
        *,
        parent: int = -1,
        public: bool = False,
        entry: str = "",
        function: Node | None = None,
        text: str = "",
    ) -> int:
        index = len(self.definitions)
        called = text or self._text(name).strip("'\"")
        outer = _with_export(around)
        self.definitions.append(
            Definition(
                called, kind, parent, "", name.start_point.row + 1, self._column(name), outer.start_point.row + 1,
                last_line(outer), public, entry, (), UNKNOWN, _count_parameters(function), 0, 0,
                self._is_documented(outer), _is_typed(function),
            )
        )  # fmt: skip
        self.values.index_of[name.start_byte] = index
        self._children.setdefault((parent, called), index)
        self._below.setdefault(parent, []).append(index)
        if function is not None:
            self.values.definition_of[function.id] = index
            annotation = function.child_by_field_name("return_type")
            if annotation is not None and annotation.named_children[-1].type == "object_type":
                scope = self.scopes.of_node.get(function.id, self.scopes.module)
                self.values.results[index] = (annotation.named_children[-1], scope)
        return index

    def _is_documented(self, node: Node) -> bool:
        before = node.prev_named_sibling
        while before is not None and before.type == "decorator":
            before = before.prev_named_sibling
        if before is None or before.type != "comment" or last_line(before) < node.start_point.row - 3:
            return False
        return self.file.text.startswith(b"/**", before.start_byte)

    # Exports

    def _read_exports(self) -> None:
        for export in self.scopes.exports:
            if export.module:
                self._reexport(export)
            elif export.name:
                self._exported.add(export.name)
                if export.alias != export.name:
                    self._hand_on(export.name, export.alias, export.node)
        for variable in self.scopes.module.values.values():
            if any(bound.default for bound in variable.bounds):
                self._hand_on(variable.name, "default", variable.bounds[0].node)

    def _reexport(self, export: Export) -> None:
        alias = "" if export.name == "*" else export.alias
        line = export.node.start_point.row + 1
        self.imports.append(Imported(export.module, export.name, alias, line, export.typing_only, True, False))

    def _hand_on(self, name: str, alias: str, node: Node) -> None:
        self.imports.append(Imported("", name, alias, node.start_point.row + 1, False, True, False))

    def _define_default(self) -> None:
        """What `export default` gives that has no name."""
        for export in self.scopes.exports:
            value = export.value
            if value is None or export.name:
                continue
            plain = _unwrapped(value)
            name = "default" if export.alias == "default" else "exports"
            function = plain if plain.type in _FUNCTIONS else None
            kind: SymbolKind = "function" if function is not None else "class" if plain.type == "class" else "constant"
            index = self._define(
                value, kind, export.node, public=True, entry=self._outside, function=function, text=name
            )
            if name != "default":
                self._hand_on(name, export.alias, export.node)
            self._fill(index, plain, self.scopes.module)
            self._ranges.append((value.start_byte, value.end_byte, index))
        for scope in self.scopes.scopes:
            around = scope.node.parent
            if scope.parent is self.scopes.module and around is not None and around.type == "export_statement":
                self._define_nameless(scope, around)

    def _define_nameless(self, scope: Scope, around: Node) -> None:
        """`export default function () {}` and `export default class {}`."""
        node = scope.node
        named = node.child_by_field_name("name")
        if named is not None or node.id in self.values.definition_of or scope.kind not in {"function", "class"}:
            return
        function = node if scope.kind == "function" else None
        kind: SymbolKind = "function" if function is not None else "class"
        index = self._define(node, kind, around, public=True, entry=self._outside, function=function, text="default")
        self._fill(index, node, self.scopes.module)

    # Definitions

    def _define_scope(self, scope: Scope) -> None:
        """The names of a scope; below functions only functions, classes and types."""
        top = scope.kind in {"module", "namespace"}
        parent = self._owner(scope)
        seen: set[int] = set()
        for names in (scope.values, scope.types):
            for variable in names.values():
                if id(variable) not in seen:
                    seen.add(id(variable))
                    self._define_variable(variable, scope, parent, top=top)

    def _define_variable(self, variable: Variable, scope: Scope, parent: int, *, top: bool) -> None:
        bounds = variable.bounds
        if any(bound.kind == "function" for bound in bounds):
            bounds = [bound for bound in bounds if bound.kind != "signature"]
        done: set[str] = set()
        for bound in bounds:
            kind = _KINDS.get(bound.kind)
            if (
                kind is None
                or (kind in done and kind not in {"interface", "namespace"})
                or not self._counts(bound, top)
            ):
                continue
            done.add(kind)
            first = self._children.get((parent, bound.name), -1) if variable.bounds[0] is not bound else -1
            self._define_bound(bound, kind, scope, parent, merged=first)
        index = self._children.get((parent, variable.name), -1)
        for bound in reversed(variable.bounds):
            if bound.kind == "signature" and bound.body is not None and index >= 0 and bounds[0].kind == "function":
                self._types.append((index, bound.statement, bound.body, True))  # Callers see these, not the body.

    def _counts(self, bound: Bound, top: bool) -> bool:
        """Whether a name of a scope is a definition."""
        if bound.kind not in {"const", "let", "var"}:
            return True
        if top:
            return not self.values.required(bound)
        value = bound.origin.value if bound.origin is not None else None
        return value is not None and not bound.path and not _each(bound) and _unwrapped(value).type in _FUNCTIONS

    def _define_bound(self, bound: Bound, kind: SymbolKind, scope: Scope, parent: int, *, merged: int) -> None:
        value = bound.origin.value if bound.origin is not None and not bound.path else None
        plain = _unwrapped(value) if value is not None else None
        function = bound.body.node if bound.kind in {"function", "signature"} and bound.body is not None else None
        if bound.kind in {"const", "let", "var"} and plain is not None:
            if plain.type in _FUNCTIONS:
                kind, function = "function", plain
            elif plain.type == "class":
                kind = "class"
        public = self._is_public(bound, scope)
        entry = self._why(bound, scope, public=public)
        around = bound.statement
        if around.type == "variable_declarator" and around.parent is not None and around.parent.named_child_count == 1:
            around = around.parent
        index = self._define(bound.node, kind, around, parent=parent, public=public, entry=entry, function=function)
        self._describe(index if merged < 0 else merged, index, bound, plain, scope)

    def _describe(self, holder: int, index: int, bound: Bound, plain: Node | None, scope: Scope) -> None:
        """The members and the type of what was defined."""
        if bound.body is not None:
            self.values.definition_of[bound.body.node.id] = index
        if bound.kind in {"class", "interface"} or (bound.kind == "alias"):
            self._fill(holder, bound.statement, bound.body or scope)
        elif bound.kind == "enum" and bound.body is not None:
            self._define_members(bound.body, index)
        elif bound.kind in {"function", "signature"} and bound.body is not None:
            self._types.append((index, bound.statement, bound.body, True))
        elif plain is not None and bound.kind in {"const", "let", "var"}:
            self._annotated_members(bound, index, scope)
            self._fill(index, plain, scope)
            if scope.kind == "module":
                self._ranges.append((plain.start_byte, plain.end_byte, index))
            self._note_chained(bound)
        if bound.origin is not None and self.definitions[index].kind in {"constant", "variable", "namespace"}:
            self._types.append((index, bound.node, scope, False))

    def _annotated_members(self, bound: Bound, index: int, scope: Scope) -> None:
        """`const x: {a: A} = …` says its members by its type."""
        annotation = bound.origin.annotation if bound.origin is not None else None
        if scope.kind == "module" and annotation is not None and annotation.named_children[-1].type == "object_type":
            self._class_members(annotation.named_children[-1], index, scope)

    def _define_members(self, body: Scope, parent: int) -> None:
        """The members of an enum."""
        for variable in body.values.values():
            bound = variable.bounds[0]
            owner = self.definitions[parent]
            self._define(bound.node, "constant", bound.statement, parent=parent, public=owner.public, entry=owner.entry)

    def _is_public(self, bound: Bound, scope: Scope) -> bool:
        if bound.exported or bound.default:
            return True
        if scope.kind == "module":
            return bound.name in self._exported or self._is_script_global(bound)
        return bound.ambient

    def _is_script_global(self, bound: Bound) -> bool:
        """Whether it stands in a declaration file that exports nothing, and so is known everywhere."""
        return bound.ambient and not self._is_module

    def _is_global(self, scope: Scope) -> bool:
        """Whether what a scope declares needs no import: not so in a module, nor in `declare module "m"`."""
        if scope.kind == "module":
            return not self._is_module
        name = scope.node.child_by_field_name("name")
        return name is None or name.type != "string"

    def _why(self, bound: Bound, scope: Scope, *, public: bool) -> str:
        if public:
            return "declared" if bound.ambient and not bound.exported and self._is_global(scope) else self._outside
        if bound.kind == "class":
            return self._decorated(bound.statement)
        return ""

    def _decorated(self, node: Node) -> str:
        """The decorator of a class or member, as a reason to be called from outside."""
        found = [child for child in node.children if child.type == "decorator"]
        if not found and node.parent is not None and node.parent.type == "export_statement":
            found = [child for child in node.parent.children if child.type == "decorator"]
        before = node.prev_named_sibling
        if not found and before is not None and before.type == "decorator":
            found = [before]
        if not found:
            return ""
        name = re.match(r"@([\w.$]+)", self._text(found[-1]))
        return f"decorated by {name[1]}" if name is not None else ""

    # Members

    def _fill(self, index: int, node: Node, scope: Scope) -> None:
        """The members of a class, interface, type, function or object literal."""
        kind = node.type
        if kind in {"class", "class_declaration", "abstract_class_declaration"}:
            inner = self.scopes.of_node.get(node.id, scope)
            self.values.definition_of.setdefault(node.id, index)
            self._bases.append((index, node, inner))
            self._class_members(node.child_by_field_name("body"), index, inner)
        elif kind == "interface_declaration":
            self._bases.append((index, node, scope))
            self._class_members(node.child_by_field_name("body"), index, scope)
        elif kind == "type_alias_declaration":
            self._alias(index, node, scope)
        elif kind == "object":
            self._object_members(node, index, scope, 0)
        elif kind in _FUNCTIONS or kind.endswith("function_declaration"):
            self._types.append((index, node, self.scopes.of_node.get(node.id, scope), True))
        elif kind == "call_expression":
            self._call_members(node, index, scope)

    def _call_members(self, node: Node, index: int, scope: Scope) -> None:
        """The members of the object that `defineComponent({…})`, `Object.freeze({…})` and the like are given."""
        arguments = node.child_by_field_name("arguments")
        given = [child for child in arguments.named_children if child.type == "object"] if arguments is not None else []
        called = node.child_by_field_name("function")
        if given and called is not None and re.match(r"(?:Object\.freeze|define\w+)$", self._text(called)):
            self._object_members(given[0], index, scope, 0)

    def _alias(self, index: int, node: Node, scope: Scope) -> None:
        value = node.child_by_field_name("value")
        if value is None:
            return
        parts = value.named_children if value.type == "intersection_type" else [value]
        objects = [child for child in parts if child.type == "object_type"]
        for child in objects:
            self._class_members(child, index, scope)
        if value.type == "intersection_type":
            self._bases.append((index, value, scope))
        elif not objects:
            self._types.append((index, value, scope, False))

    def _class_members(self, body: Node | None, parent: int, scope: Scope) -> None:
        names: dict[tuple[str, bool], int] = {}
        for member in body.named_children if body is not None else []:
            kind = _MEMBER_KINDS.get(member.type)
            name = member.child_by_field_name("name") or member.child_by_field_name("property")
            if kind is None or name is None or name.type not in _NAMES:
                continue
            static = any(child.type == "static" for child in member.children)
            key = (self._text(name), static)
            known = names.get(key)
            if known is not None:
                self.values.definition_of.setdefault(member.id, known)
                continue
            if member.type == "method_signature" and self._implemented(member, key[0]):
                continue
            names[key] = self._class_member(member, name, kind, parent, scope)

    def _implemented(self, signature: Node, name: str) -> bool:
        """Whether a signature is an overload of the method that follows."""
        after = signature.next_named_sibling
        while after is not None and after.type in {"method_signature", "comment", "method_definition"}:
            called = after.child_by_field_name("name")
            if after.type == "method_definition":
                return called is not None and self._text(called) == name
            if after.type == "method_signature" and (called is None or self._text(called) != name):
                return False
            after = after.next_named_sibling
        return False

    def _class_member(self, member: Node, name: Node, kind: SymbolKind, parent: int, scope: Scope) -> int:
        text = self._text(name).strip("'\"")
        value = member.child_by_field_name("value")
        plain = _unwrapped(value) if value is not None else None
        function = member if member.type in self._methods else None
        if plain is not None and plain.type in _FUNCTIONS:
            kind, function = "method", plain
        if function is member and any(child.type in {"get", "set"} for child in member.children):
            kind = "property"
        if text == "constructor" and function is member:
            kind = "constructor"
        public = self._is_open(member, name, text)
        index = self._define(
            name,
            kind,
            member,
            parent=parent,
            public=public,
            entry=self._why_member(member, text, parent, public=public),
            function=function,
        )
        if function is not None:
            self._types.append((index, function, self.scopes.of_node.get(function.id, scope), True))
        else:
            self._types.append((index, member, scope, False))
        if kind == "constructor":
            self._parameter_properties(member, parent)
        return index

    _methods: Final = frozenset({"method_definition", "abstract_method_signature", "method_signature"})

    def _parameter_properties(self, constructor: Node, parent: int) -> None:
        scope = self.scopes.of_node.get(constructor.id)
        for bound in scope.parameters if scope is not None else []:
            if bound.property:
                index = self._define(bound.node, "field", bound.statement, parent=parent, public=not bound.private)
                self._types.append((index, bound.node, scope or self.scopes.module, False))

    def _is_open(self, member: Node, name: Node, text: str) -> bool:
        if name.type == "private_property_identifier" or text.startswith("_"):
            return False
        return not any(
            child.type == "accessibility_modifier" and self._text(child) != "public" for child in member.children
        )

    def _why_member(self, member: Node, name: str, parent: int, *, public: bool) -> str:
        decorated = self._decorated(member)
        if decorated:
            return decorated
        if name == "constructor" or name in _CALLED_FROM_OUTSIDE:
            return "special method"
        return self.definitions[parent].entry if public and self.definitions[parent].public else ""

    def _object_members(self, node: Node, parent: int, scope: Scope, depth: int) -> None:
        spread = next((child for child in node.named_children[:_MOST_MEMBERS] if child.type == "spread_element"), None)
        if spread is not None and spread.named_children and self.definitions[parent].kind in {"constant", "variable"}:
            self._types.append((parent, spread.named_children[0], scope, False))
        for child in node.named_children[:_MOST_MEMBERS]:
            name = child.child_by_field_name("key") or child.child_by_field_name("name")
            if child.type == "shorthand_property_identifier":
                name = child
            if name is not None and (name.type in _NAMES or name is child):
                self._object_member(child, name, parent, scope, depth)

    def _object_member(self, child: Node, name: Node, parent: int, scope: Scope, depth: int) -> None:
        value = child.child_by_field_name("value")
        plain = _unwrapped(value) if value is not None else None
        function = child if child.type == "method_definition" else None
        if plain is not None and plain.type in _FUNCTIONS:
            function = plain
        owner = self.definitions[parent]
        text = self._text(name).strip("'\"")
        known = self._children.get((parent, text))
        if known is not None:
            if function is not None:
                self.values.definition_of[function.id] = known
            return
        special = "special method" if text in _CALLED_FROM_OUTSIDE else ""
        kind: SymbolKind = "method" if function is not None else "field"
        index = self._define(
            name,
            kind,
            child,
            parent=parent,
            public=owner.public,
            entry=special or (owner.entry if owner.public else ""),
            function=function,
        )
        if child is name:  # The same place is a use of the name too.
            del self.values.index_of[name.start_byte]
            self._types.append((index, child, scope, False))
        elif function is not None:
            self.values.this_of[function.id] = ("def", parent)
            self._types.append((index, function, self.scopes.of_node.get(function.id, scope), True))
        elif plain is not None and plain.type == "object" and depth < _DEEPEST_OBJECT:
            self._object_members(plain, index, scope, depth + 1)
        elif plain is not None:
            self._types.append((index, child, scope, False))

    # Members by assignment, CommonJS

    def _define_written(self) -> None:
        for access in self.scopes.accesses:
            if access.kind == "write" and access.value is not None:
                self._define_export(access, access.value)

    def _define_export(self, access: Access, value: Node) -> None:
        base = self._text(access.base) if access.base.end_byte - access.base.start_byte <= 14 else ""
        if base == "module" and access.name == "exports":
            if lookup("module", access.scope) is None:
                self._defining.add(access.node.start_byte)
                self._module_exports(access, value)
        elif base in {"exports", "module.exports"} and lookup("exports", access.scope) is None:
            self._export_property(access.node, access.name, value, access.scope)

    def _module_exports(self, access: Access, value: Node) -> None:
        plain = _unwrapped(value)
        if plain.type == "assignment_expression":
            plain = _unwrapped(plain.child_by_field_name("right") or plain)
        if plain.type == "identifier":
            self._exported_by_name(self._text(plain), "=", access.node)
        elif plain.type == "object" and not self._is_chained(access.node):
            self._export_object(plain, access.scope)
        elif plain.type == "call_expression" and (module := self._required(plain, access.scope)):
            line = access.node.start_point.row + 1
            self.imports.append(Imported(module, "=", "=", line, False, True, False))
        elif not self._is_chained(access.node):
            self._export_value(access, plain)

    def _is_chained(self, node: Node) -> bool:
        """Whether it stands in `var x = module.exports = …`."""
        around = node.parent
        while around is not None and around.type in {"member_expression", "assignment_expression"}:
            around = around.parent
        return around is not None and around.type == "variable_declarator"

    def _note_chained(self, bound: Bound) -> None:
        value = bound.origin.value if bound.origin is not None else None
        if value is None or value.type != "assignment_expression":
            return
        if re.match(rb"(?:exports\s*=\s*)?module\.exports\b", self.file.text[value.start_byte : value.start_byte + 60]):
            self._exported_by_name(bound.name, "=", bound.node)

    def _required(self, call: Node, scope: Scope) -> str:
        found = self.values.value(call, scope)
        return str(found[1]) if found[:1] == ("import",) and found[2] == "=" else ""

    def _exported_by_name(self, name: str, alias: str, node: Node) -> None:
        self._hand_on(name, alias, node)
        index = self._children.get((-1, name))
        if index is not None:
            self._publish(index)

    def _publish(self, index: int) -> None:
        """A definition and its open members can be used from outside."""
        known = self.definitions[index]
        self.definitions[index] = known._replace(public=True, entry=known.entry or self._outside)
        for place in self._below.get(index, ()):
            definition = self.definitions[place]
            if not definition.entry and definition.kind != "function":
                self.definitions[place] = definition._replace(entry=self._outside)

    def _export_value(self, access: Access, plain: Node) -> None:
        """`module.exports = function () {}` and other values without a name."""
        function = plain if plain.type in _FUNCTIONS else None
        named = plain.child_by_field_name("name") if function is not None or plain.type == "class" else None
        kind: SymbolKind = "function" if function is not None else "class" if plain.type == "class" else "constant"
        name = named if named is not None else access.node
        if self._children.get((-1, self._text(name))) is not None:
            return
        around = access.node.parent
        index = self._define(
            name,
            kind,
            around.parent if around is not None and around.parent is not None else name,
            public=True,
            entry=self._outside,
            function=function,
        )
        self._hand_on(self._text(name), "=", access.node)
        self._fill(index, plain, access.scope)
        self._ranges.append((plain.start_byte, plain.end_byte, index))
        if function is None:
            self._types.append((index, plain, access.scope, False))

    def _export_object(self, node: Node, scope: Scope) -> None:
        for child in node.named_children[:_MOST_MEMBERS]:
            if child.type == "shorthand_property_identifier":
                self._exported_by_name(self._text(child), self._text(child), child)
                continue
            name = child.child_by_field_name("key") or child.child_by_field_name("name")
            if name is None or name.type not in _NAMES:
                self._export_spread(child, scope)
                continue
            value = child.child_by_field_name("value") or child
            self._export_property(name, self._text(name).strip("'\""), value, scope)

    def _export_spread(self, node: Node, scope: Scope) -> None:
        inner = node.named_children
        module = self._required(inner[0], scope) if node.type == "spread_element" and inner else ""
        if module:
            self.imports.append(Imported(module, "*", "", node.start_point.row + 1, False, True, False))

    def _export_property(self, name: Node, text: str, value: Node, scope: Scope) -> None:
        """`exports.x = …`, `module.exports = {x: …}`."""
        plain = _unwrapped(value)
        while plain.type == "assignment_expression":  # exports.a = exports.b = …
            plain = _unwrapped(plain.child_by_field_name("right") or plain.named_children[0])
        if plain.type == "identifier":
            self._defining.add(name.start_byte)
            self._exported_by_name(self._text(plain), text, name)
            return
        if plain.type == "call_expression" and (module := self._required(plain, scope)):
            self._defining.add(name.start_byte)
            self.imports.append(Imported(module, "=", text, name.start_point.row + 1, False, True, False))
            return
        if (-1, text) in self._children or text == "__esModule":
            return
        self._defining.add(name.start_byte)
        function = plain if plain.type in _FUNCTIONS or plain.type == "method_definition" else None
        kind: SymbolKind = "function" if function is not None else "class" if plain.type == "class" else "constant"
        index = self._define(name, kind, value, public=True, entry=self._outside, function=function, text=text)
        self._fill(index, plain, scope)
        self._ranges.append((plain.start_byte, plain.end_byte, index))
        if kind == "constant":
            self._types.append((index, plain, scope, False))

    def _define_later(self) -> None:
        """Members that come by assignment: `Foo.prototype.m = …`, `app.use = …`, `this.x = …`."""
        for access in self.scopes.accesses:
            if access.kind == "write" and access.value is not None and access.node.start_byte not in self._defining:
                self._define_member(access, access.value)

    def _define_member(self, access: Access, value: Node) -> None:
        base = self.values.value(access.base, access.scope)
        owner = part(base, 1) if base and base[0] == "type" else base
        if owner[:1] != ("def",):
            return
        index = _number(owner)
        known = self.definitions[index]
        if known.kind not in {"class", "function", "constant", "variable"} or (index, access.name) in self._children:
            return
        of_instance = base[0] == "type"
        if of_instance and (self.file.language != "javascript" or known.kind not in {"class", "function"}):
            return
        plain = _unwrapped(value)
        if access.name == "prototype":
            if plain.type == "object":
                self._object_members(plain, index, access.scope, 0)
            return
        self._define_assigned(access, plain, index, instance(owner) if of_instance else owner)

    def _define_assigned(self, access: Access, plain: Node, parent: int, this: Binding) -> None:
        function = plain if plain.type in _FUNCTIONS else None
        owner = self.definitions[parent]
        around = access.node.parent
        statement = around.parent if around is not None and around.parent is not None else access.node
        index = self._define(
            access.node,
            "method" if function is not None else "field",
            statement,
            parent=parent,
            public=owner.public and not access.name.startswith("_"),
            entry=owner.entry if owner.public else "",
            function=function,
        )
        self._defining.add(access.node.start_byte)
        if function is not None:
            self.values.this_of[function.id] = this
            self._types.append((index, function, self.scopes.of_node.get(function.id, access.scope), True))
        else:
            self._types.append((index, plain, access.scope, False))

    # Tests

    def _define_tests(self) -> None:
        if not self.file.is_test:
            return
        for call, scope in self.scopes.calls:
            called, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if called is None or arguments is None:
                continue
            given = arguments.named_children
            root = re.match(r"\w+", self._text(called)[:40])
            if len(given) < 2 or given[0].type not in {"string", "template_string"}:
                continue
            functions = [argument for argument in given[1:] if argument.type in _FUNCTIONS]
            if root is not None and root[0] in _TESTS and functions:
                title = " ".join(self._text(given[0])[1:-1].split())[:120]
                self._define(
                    given[0],
                    "function",
                    call,
                    parent=self._owner(scope),
                    entry="test",
                    function=functions[-1],
                    text=title or root[0],
                )

    # Types of what is defined

    def _type_definitions(self) -> None:
        for index, node, scope in self._bases:
            bases = tuple(base for base in self._bases_of(node, scope) if base)
            self.definitions[index] = self.definitions[index]._replace(bases=bases)
        for index, node, scope, is_function in self._types:
            found = self.values.plain(self._result(node, scope) if is_function else self._type_of(node, scope))
            known = self.definitions[index].type
            if found and found != ("def", index) and not (known and found == _OBJECT):
                self.definitions[index] = self.definitions[index]._replace(type=found)

    def _bases_of(self, node: Node, scope: Scope) -> list[Binding]:
        if node.type == "intersection_type":
            return [
                self.values.meant(child, scope)
                for child in node.named_children
                if child.type in {"type_identifier", "generic_type", "nested_type_identifier"}
            ]
        found: list[Binding] = []
        for child in node.named_children:
            if child.type == "class_heritage":
                for clause in child.named_children:
                    found += self._clause(clause, scope)
            elif child.type == "extends_type_clause":
                found += self._clause(child, scope)
        return found

    def _clause(self, clause: Node, scope: Scope) -> list[Binding]:
        if clause.type not in {"extends_clause", "implements_clause", "extends_type_clause"}:
            return [self.values.value(clause, scope)]
        return [self.values.meant(child, scope) for child in clause.named_children if child.type != "type_arguments"]

    def _result(self, node: Node, scope: Scope) -> Binding:
        """What a function returns."""
        annotation = node.child_by_field_name("return_type")
        if annotation is not None:
            return self.values.type(annotation, scope)
        if node.type == "method_definition" and any(child.type == "set" for child in node.children):
            return self._set_type(scope)
        for given in scope.returns[:6]:
            if given.type not in {"null", "undefined", "false", "true", "object"}:
                found = self.values.value(given, scope)
                if found and found[0] != "free":
                    return found
        return UNKNOWN

    def _set_type(self, scope: Scope) -> Binding:
        return self.values.bound(scope.parameters[0]) if scope.parameters else UNKNOWN

    def _type_of(self, node: Node, scope: Scope) -> Binding:
        """The type of a variable, field or alias, from its annotation or value."""
        kind = node.type
        if kind in {"public_field_definition", "field_definition", "property_signature", "pair"}:
            annotation, value = node.child_by_field_name("type"), node.child_by_field_name("value")
            if annotation is not None:
                return self.values.type(annotation, scope)
            return self.values.value(value, scope) if value is not None else UNKNOWN
        if kind in {"identifier", "shorthand_property_identifier_pattern", "array_pattern"}:
            variable = lookup(self._text(node), scope)
            for bound in variable.bounds if variable is not None else []:
                if bound.node == node:
                    return self.values.bound(bound)
        if kind.endswith("_type") or kind in {
            "type_identifier",
            "nested_type_identifier",
            "type_query",
            "generic_type",
        }:
            return self.values.type(node, scope)
        return self.values.value(node, scope)

    def _measure(self) -> None:
        """Complexity and nesting, those of nameless functions within included."""
        branches: dict[int, int] = {}
        nesting: dict[int, int] = {}
        for scope in self.scopes.scopes:
            if scope.kind == "function":
                owner = self._owner(scope)
                branches[owner] = branches.get(owner, 0) + scope.branches
                nesting[owner] = max(nesting.get(owner, 0), scope.nesting)
        for index, definition in enumerate(self.definitions):
            if definition.kind in {"function", "method", "constructor", "property"}:
                self.definitions[index] = definition._replace(
                    complexity=1 + branches.get(index, 0), nesting=nesting.get(index, 0)
                )

    # What is used

    def _report(self, node: Node, name: str, kind: OccurrenceKind, scope: Scope, binding: Binding) -> None:
        line, known = node.start_point.row + 1, self.values.plain(binding)
        self.occurrences.append(Occurrence(name, kind, line, self._column(node), self._around(node, scope), known))

    def _around(self, node: Node, scope: Scope) -> int:
        owner = self._owner(scope)
        if owner >= 0 or not self._ranges:
            return owner
        at = node.start_byte
        place = bisect_right(self._starts, at)
        for start, end, index in reversed(self._sorted[max(0, place - 3) : place]):
            if start <= at < end:
                return index
        return -1

    @cached_property
    def _sorted(self) -> list[tuple[int, int, int]]:
        """The values of top-level names in their order; read when all are known."""
        return sorted(self._ranges)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _, _ in self._sorted]

    def _read_imports(self) -> None:
        for bound in self.scopes.imports:
            line = bound.node.start_point.row + 1
            handed_on = bound.name in self._exported
            self.imports.append(
                Imported(bound.module, bound.imported, bound.name, line, bound.typing_only, handed_on, False)
            )
            name = bound.statement.child_by_field_name("name") or bound.node
            self._report(
                name,
                self._text(name).strip("'\""),
                "import",
                self.scopes.module,
                ("import", bound.module, bound.imported),
            )
        for module, node in self.scopes.effects:
            self.imports.append(Imported(module, "", "", node.start_point.row + 1, False, False, False))
        for loaded in self.scopes.loaded:
            name = "" if loaded.dynamic else self._taken(loaded.node)
            deferred = self._in_function(loaded.scope)
            line = loaded.node.start_point.row + 1
            alias = self._alias_of(loaded.node)
            self.imports.append(Imported(loaded.module, name, alias, line, False, False, deferred))
        for export in self.scopes.exports:
            if export.module and export.name not in {"", "*"}:
                name = export.node.child_by_field_name("name") or export.node
                binding: Binding = ("import", export.module, export.name)
                self._report(name, export.name, "import", self.scopes.module, binding)

    def _alias_of(self, call: Node) -> str:
        around = call.parent
        if around is not None and around.type == "member_expression":
            around = around.parent
        name = around.child_by_field_name("name") if around is not None else None
        if around is None or around.type != "variable_declarator" or name is None or name.type != "identifier":
            return ""
        return self._text(name)

    def _taken(self, call: Node) -> str:
        """What is taken of a module: `x` of `require("m").x`, else all of it."""
        around = call.parent
        is_member = around is not None and around.type == "member_expression"
        name = around.child_by_field_name("property") if around is not None and is_member else None
        return self._text(name) if name is not None else "="

    def _in_function(self, scope: Scope) -> bool:
        return scope.function.kind == "function"

    def _uses(self) -> None:
        for use in self.scopes.uses:
            variable = use.variable
            if variable is None:
                if use.name not in _BUILTINS and self._free_counts(use.name):
                    self._report(use.node, use.name, _USES[use.kind], use.scope, ("free", use.name))
                continue
            if not self.values.is_local(variable):
                self._report(use.node, use.name, _USES[use.kind], use.scope, self.values.name(variable))

    @staticmethod
    def _free_counts(name: str) -> bool:
        return len(name) > 1

    def _accesses(self) -> None:
        values = self.values
        for access in self.scopes.accesses:
            at = access.node.start_byte
            if at in self._defining or access.name == "prototype":
                continue
            base = values.value(access.base, access.scope)
            if _is_builtin(base) or self.values.is_nameless(base):
                continue
            self._report(access.node, access.name, _USES[access.kind], access.scope, values.property(base, access.name))

    def _patterns(self) -> None:
        for key in self.scopes.keys:
            base = self.values.steps(self.values.origin(key.origin), key.path)
            if _is_builtin(base) or self.values.is_nameless(base):
                continue
            binding = self.values.steps(base, (key.name,))
            kind: OccurrenceKind = "import" if binding[:1] == ("import",) else "name"
            self._report(key.node, key.name, kind, key.origin.scope, binding)
            if kind == "import":
                self._note_required(key.node, key.name, binding, key.origin.scope)

    def _note_required(self, node: Node, name: str, binding: Binding, scope: Scope) -> None:
        """`const {name} = require("module")`."""
        around = node.parent
        value = around.child_by_field_name("value") if around is not None and around.type == "pair_pattern" else None
        alias = self._text(value) if value is not None and value.type == "identifier" else name
        line = node.start_point.row + 1
        deferred = self._in_function(scope)
        self.imports.append(Imported(str(binding[1]), name, alias, line, False, False, deferred))

    def _contexts(self) -> None:
        """The keys of object literals whose type is said: `const x: T = {…}`, `{…} as T`, `return {…}`."""
        for node, scope in self.scopes.objects:
            meant = self._expected(node, scope)
            if not meant or _is_builtin(meant) or self.values.is_nameless(meant):
                continue
            for child in node.named_children[:_MOST_MEMBERS]:
                name = child.child_by_field_name("key") or child.child_by_field_name("name")
                if child.type == "shorthand_property_identifier":
                    name = child
                if name is not None and name.type in _NAMES | {"shorthand_property_identifier"}:
                    text = self._text(name).strip("'\"")
                    self._report(name, text, "write", scope, self.values.property(meant, text))

    def _expected(self, node: Node, scope: Scope) -> Binding:
        around = node.parent
        while around is not None and around.type == "parenthesized_expression":
            node, around = around, around.parent
        if around is None:
            return UNKNOWN
        kind = around.type
        if kind in {"variable_declarator", "public_field_definition", "required_parameter"}:
            annotation = around.child_by_field_name("type")
            return self.values.type(annotation, scope) if annotation is not None else UNKNOWN
        if kind in {"as_expression", "satisfies_expression"} and around.named_children[-1] != node:
            return self.values.type(around.named_children[-1], scope)
        if kind == "return_statement":
            function = scope.function.node
            annotation = function.child_by_field_name("return_type")
            return self.values.type(annotation, scope) if annotation is not None else UNKNOWN
        return UNKNOWN


def _place(occurrence: Occurrence) -> tuple[int, int]:
    return occurrence.line, occurrence.column


def _each(bound: Bound) -> bool:
    return bound.origin is not None and bound.origin.each


def _number(binding: Binding) -> int:
    return binding[1] if isinstance(binding[1], int) else -1


def _is_builtin(base: Binding) -> bool:
    """Whether a value is known to be of no type of the project."""
    while base:
        kind = base[0]
        if kind == "free":
            return base[1] in _BUILTINS
        if kind not in {"type", "member", "result", "item", "each"}:
            return False
        base = part(base, 1)
    return False


def _unwrapped(node: Node) -> Node:
    """An expression without parentheses and assertions around it."""
    while node.type in _WRAPPED and node.named_children:
        node = node.named_children[0]
    return node


def _with_export(node: Node) -> Node:
    around = node.parent
    while around is not None and around.type in {"export_statement", "ambient_declaration"}:
        node, around = around, around.parent
    return node


def _parameters(function: Node | None) -> list[Node]:
    if function is None:
        return []
    found = function.child_by_field_name("parameters")
    if found is None:
        single = function.child_by_field_name("parameter")
        return [single] if single is not None else []
    return [child for child in found.named_children if child.type != "comment"]


def _count_parameters(function: Node | None) -> int:
    return len(_parameters(function))


def _is_typed(function: Node | None) -> bool:
    """Whether every parameter and the result have types."""
    if function is None:
        return True
    if function.child_by_field_name("return_type") is None:
        name = function.child_by_field_name("name")
        if name is None or name.text != b"constructor":
            return False
    return all(
        parameter.child_by_field_name("type") is not None or parameter.child_by_field_name("value") is not None
        for parameter in _parameters(function)
    )
