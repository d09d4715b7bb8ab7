"""Reads the structure of a Rust file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tree_sitter import Node

from aura_code.structure.facts import Binding, FileStructure, Imported, OccurrenceKind
from aura_code.structure.gathering import (
    UNKNOWN,
    Bound,
    Gatherer,
    Scope,
    as_called,
    instance,
    item,
    member,
    part,
    result,
    several,
)
from aura_code.syntax import SourceFile, parse_source
from aura_code.terms import words
from aura_shared.messages.code import SymbolKind

_PRELUDE: Final = words(
    "Some None Ok Err drop Box Vec String ToString Option Result Default From Into TryFrom TryInto Clone Copy Send Sync"
    " Sized Drop Fn FnMut FnOnce AsRef AsMut Iterator IntoIterator DoubleEndedIterator ExactSizeIterator Extend"
    " PartialEq Eq PartialOrd Ord ToOwned Unpin FromIterator Debug"
)
_POINTERS: Final = words(
    "Box Rc Arc Cow Ref RefMut MutexGuard RwLockReadGuard RwLockWriteGuard Pin ManuallyDrop NonNull RefCell Mutex"
    " RwLock Cell OnceCell OnceLock LazyLock Lazy Weak"
)
"""Types that behave like what they point to, or that hold one thing which `.lock()`, `.borrow()` and the like give."""
_CONTAINERS: Final = words(
    "Vec Option Result VecDeque HashSet BTreeSet LinkedList BinaryHeap Poll Iterator"
    " IntoIterator Stream Peekable Iter IterMut"
)
_MAPS: Final = words("HashMap BTreeMap IndexMap")
_SAME: Final = words(
    "clone as_ref as_mut borrow_mut borrow to_owned lock read write as_deref as_deref_mut cloned copied"
)
"""Methods that give what they are called on, as far as its type matters here."""
_SAME_ELEMENTS: Final = words(
    "iter iter_mut into_iter by_ref take rev filter skip peekable values values_mut into_values drain chain"
    " take_while skip_while step_by fuse inspect ok as_slice as_mut_slice to_vec or or_else collect"
)
_OWN_TOO: Final = words("ok or or_else collect take filter")
"""Of these, what types of a project call their own methods as often; taken for the library's only on a container."""
_INNER: Final = words(
    "unwrap expect unwrap_or unwrap_or_else unwrap_or_default unwrap_unchecked into_inner get_or_init"
)
_OPTION_OF_ELEMENT: Final = words(
    "next pop first last get get_mut remove pop_front pop_back front back nth peek find min_by max_by min_by_key"
    " max_by_key first_mut last_mut next_back swap_remove upgrade"
)
_TAKES_ELEMENT: Final = words(
    "map for_each filter any all find filter_map flat_map and_then map_or map_or_else is_some_and is_ok_and inspect"
    " position take_while skip_while max_by_key min_by_key sort_by_key retain partition sort_unstable_by_key"
)
_USUAL_MACROS: Final = words(
    "println print eprintln eprint format vec assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne"
    " panic write writeln matches todo unimplemented unreachable cfg env option_env include_str include_bytes include"
    " concat stringify dbg line file column module_path compile_error thread_local format_args"
)
_ITEMS: Final = words(
    "function_item function_signature_item struct_item union_item enum_item trait_item type_item associated_type"
    " mod_item macro_definition const_item static_item use_declaration extern_crate_declaration impl_item"
    " foreign_mod_item"
)
_KINDS: Final[dict[str, SymbolKind]] = {
    "struct_item": "struct", "union_item": "struct", "enum_item": "enum", "trait_item": "trait", "type_item": "type",
    "associated_type": "type", "mod_item": "module", "macro_definition": "macro", "const_item": "constant",
    "static_item": "variable", "function_item": "function", "function_signature_item": "function",
}  # fmt: skip
_TEST: Final = re.compile(r"^#\[\s*(?:\w+::)*(?:test|bench|rstest|test_case|quickcheck|test_log|proptest)\b")
_CALLED: Final = re.compile(
    r"^#\[\s*(?:unsafe\s*\(\s*)?((?:\w+::)*(?:no_mangle|export_name|wasm_bindgen|pyfunction|pymodule|pymethods|get|post|put|delete|patch"
    r"|head|route|handler|proc_macro\w*|global_allocator|panic_handler|ctor|main|entry|command|napi|uniffi\w*))\b"
)
_MOST_WRAPPED: Final = 3
"""How deep macros around items are looked into."""
_LONELY: Final = words("self super crate")


def read_rust(file: SourceFile) -> FileStructure:
    """What a Rust file defines, uses and imports."""
    wrapped: list[tuple[Node, str]] = []
    for _ in range(_MOST_WRAPPED):
        opened, more = _unwrapped(file)
        if not more:
            break
        wrapped += [(name, file.text_of(name)) for name in more]
        file = opened
    return _RustReader(file).read(wrapped)


def _unwrapped(file: SourceFile) -> tuple[SourceFile, list[Node]]:
    """A file without the macros that only stand around items, as `cfg_net! { pub mod net; }`, and the macros' names.

    What is taken away becomes spaces, so that all places stay the same.
    """
    text = bytearray(file.text)
    names: list[Node] = []
    for node in _item_macros(file.root):
        name, tokens = node.child_by_field_name("macro"), node.named_children[-1]
        if name is None or tokens.type != "token_tree" or file.text[tokens.start_byte : tokens.start_byte + 1] != b"{":
            continue
        inner = parse_source("", file.text[tokens.start_byte + 1 : tokens.end_byte - 1], language="rust")
        if inner is None or inner.root.has_error or not _only_items(inner.root):
            continue
        names.append(name)
        for start, end in ((node.start_byte, tokens.start_byte + 1), (tokens.end_byte - 1, tokens.end_byte)):
            text[start:end] = b" " * (end - start)
    opened = parse_source(file.path, bytes(text), language="rust") if names else None
    return (opened, names) if opened is not None else (file, [])


def _item_macros(root: Node) -> list[Node]:
    """Macros that are called where items stand, with something in braces."""
    found: list[Node] = []
    waiting = [root]
    while waiting:
        for node in waiting.pop().named_children:
            if node.type == "expression_statement" and node.named_child_count:
                node = node.named_children[0]  # noqa: PLW2901 - the statement is only around it
            if node.type == "macro_invocation":
                found.append(node)
            elif node.type == "mod_item" and (body := node.child_by_field_name("body")) is not None:
                waiting.append(body)
    return found


def _only_items(root: Node) -> bool:
    children = root.named_children
    return any(child.type in _ITEMS for child in children) and all(
        child.type in _ITEMS
        or child.type in {"attribute_item", "line_comment", "block_comment", "macro_invocation", "empty_statement"}
        or (child.type == "expression_statement" and child.named_children[0].type == "macro_invocation")
        for child in children
    )


class _Use(NamedTuple):
    """A `use` that is looked at once all items are known."""

    node: Node
    scope: Scope
    scopes: list[Scope]
    inner: tuple[str, ...]
    owner: int
    deferred: bool


class _Leaf(NamedTuple):
    """One name of a `use` tree."""

    path: tuple[str, ...]
    name: str
    """`*` for everything, empty for `self`."""
    alias: str
    node: Node


class _About(NamedTuple):
    """What stands before an item."""

    attributes: tuple[str, ...]
    documented: bool


class _Around(NamedTuple):
    """Where an item stands."""

    parent: int
    scope: Scope
    entry: str = ""
    """Why members may be called from outside."""
    public: bool = False
    method: bool = False


class _RustReader(Gatherer):
    """Reads one file: items of all its modules, then `use`, then methods, then what bodies use."""

    def __init__(self, file: SourceFile) -> None:
        super().__init__(file)
        self._indexes: dict[int, int] = {}
        self._modules: dict[int, Scope] = {}
        """The names of each inline module, by where its body starts."""
        self._uses: list[_Use] = []
        self._impls: list[tuple[Node, Scope, int]] = []
        self._inner: tuple[str, ...] = ()
        self._own: Binding = UNKNOWN
        """What `Self` is."""
        self._top: Scope = {}
        self._element: Binding = UNKNOWN
        """What the parameter of the next closure is."""
        leaf = self.ignore
        self.visits = {
            "function_item": self._function,
            "function_signature_item": self._function,
            "struct_item": self._struct,
            "union_item": self._struct,
            "enum_item": self._struct,
            "trait_item": self._trait,
            "impl_item": self._impl,
            "mod_item": self._module,
            "const_item": self._constant,
            "static_item": self._constant,
            "type_item": self._alias,
            "associated_type": self._alias,
            "use_declaration": leaf,
            "extern_crate_declaration": leaf,
            "macro_definition": leaf,
            "attribute_item": leaf,
            "inner_attribute_item": leaf,
            "line_comment": leaf,
            "block_comment": leaf,
            "string_literal": leaf,
            "integer_literal": leaf,
            "lifetime": leaf,
            "label": leaf,
            "visibility_modifier": leaf,
            "block": self._block,
            "identifier": self._identifier,
            "self": self._self,
            "scoped_identifier": self._path,
            "scoped_type_identifier": self._type_path,
            "type_identifier": self._type,
            "primitive_type": self._primitive,
            "generic_type": self._generic_type,
            "generic_type_with_turbofish": self._generic_type,
            "reference_type": self._inner_type,
            "pointer_type": self._inner_type,
            "dynamic_type": self._trait_type,
            "abstract_type": self._trait_type,
            "array_type": self._array_type,
            "bracketed_type": self.pass_on,
            "qualified_type": self._qualified_type,
            "bounded_type": self._first,
            "field_expression": self._field,
            "call_expression": self._call,
            "generic_function": self._generic_function,
            "macro_invocation": self._macro,
            "struct_expression": self._struct_expression,
            "try_expression": self._try,
            "await_expression": self._first,
            "reference_expression": self._reference,
            "unary_expression": self._first,
            "parenthesized_expression": self.pass_on,
            "type_cast_expression": self._cast,
            "index_expression": self._index,
            "array_expression": self._array,
            "closure_expression": self._closure,
            "assignment_expression": self._assignment,
            "compound_assignment_expr": self._assignment,
            "binary_expression": self._binary,
            "let_declaration": self._let,
            "let_condition": self._let_condition,
            "if_expression": self._if,
            "while_expression": self._loop,
            "loop_expression": self._loop,
            "for_expression": self._for,
            "match_expression": self._match,
            "match_arm": self._arm,
        }

    def read(self, wrapped: Sequence[tuple[Node, str]] = ()) -> FileStructure:
        """What the file holds; `wrapped` are names of macros that were taken away from around items."""
        tops = self.file.root.named_children
        for node, name in wrapped:
            self.report(node, name, "call", UNKNOWN)
        self._collect(tops, _Around(-1, self._top), ())
        self._settle([self._top])
        self.scopes = [self._top]
        for node in tops:
            self.visit(node)
            self.visit_deeper()
            self.scopes = [self._top]
        return self.structure("")

    # Items

    def _collect(self, nodes: list[Node], around: _Around, inner: tuple[str, ...]) -> None:
        """Define the items among some nodes, and what is in their modules."""
        attributes: list[str] = []
        documented = False
        for node in nodes:
            kind = node.type
            if kind == "attribute_item":
                attributes.append(self.name_of(node))
            elif kind in {"line_comment", "block_comment"}:
                documented = documented or self.text[node.start_byte : node.start_byte + 3] in {b"///", b"/**"}
            else:
                if kind in _ITEMS:
                    self._item(node, around, inner, _About(tuple(attributes), documented))
                attributes.clear()
                documented = False

    def _item(self, node: Node, around: _Around, inner: tuple[str, ...], about: _About) -> None:
        kind = node.type
        if kind in {"use_declaration", "extern_crate_declaration"}:
            deferred = self.owner >= 0
            self._uses.append(_Use(node, around.scope, list(self.scopes), inner, around.parent, deferred))
        elif kind == "impl_item":
            self._impls.append((node, around.scope, around.parent))
        elif kind == "foreign_mod_item":
            body = node.child_by_field_name("body")
            if body is not None:
                self._collect(body.named_children, around, inner)
        elif kind == "mod_item" and node.child_by_field_name("body") is None:
            self._child_module(node, around)
        else:
            self._define_item(node, around, inner, about)

    def _child_module(self, node: Node, around: _Around) -> None:
        """`mod m;`: a file of its own."""
        name = node.child_by_field_name("name")
        if name is None:
            return
        text = self.name_of(name)
        around.scope[text] = Bound(("import", f"self::{text}", ""), False)
        line = node.start_point.row + 1
        self.imports.append(Imported(f"self::{text}", "", text, line, False, _visibility(self, node) == "pub", False))

    def _define_item(self, node: Node, around: _Around, inner: tuple[str, ...], about: _About) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        text = self.name_of(name)
        kind = _KINDS[node.type]
        if kind == "function" and around.method:
            kind = "method"
        visible = around.public or _visibility(self, node) == "pub"
        exported = (around.entry or "exported") if visible else around.entry
        exported_macro = any("macro_export" in attribute for attribute in about.attributes)
        index = self.define(
            name,
            kind,
            node,
            parent=around.parent,
            public=visible or exported_macro,
            entry=_entry_of(text, kind, about, around) or ("exported" if exported_macro else exported),
            parameters=_count_parameters(node),
            documented=about.documented,
        )
        self._indexes[name.start_byte] = index
        if not around.method and text != "_":
            around.scope[text] = Bound(("def", index), False)
        self._define_inside(node, index, text, inner, visible=visible)

    def _define_inside(self, node: Node, index: int, name: str, inner: tuple[str, ...], *, visible: bool) -> None:
        """Fields, variants, methods of a trait, items of a module."""
        body = node.child_by_field_name("body")
        if body is None:
            return
        kind = node.type
        if kind == "mod_item":
            scope: Scope = {}
            self._modules[body.start_byte] = scope
            self._collect(body.named_children, _Around(index, scope), (*inner, name))
        elif kind == "trait_item":
            entry = "exported" if visible else ""
            self._collect(body.named_children, _Around(index, {}, entry, visible, method=True), inner)
        elif kind in {"struct_item", "union_item"}:
            self._fields(body, index)
        elif kind == "enum_item":
            for variant in body.named_children:
                self._variant(variant, index, visible=visible)

    def _fields(self, body: Node, parent: int) -> None:
        for field in body.named_children:
            name = field.child_by_field_name("name") if field.type == "field_declaration" else None
            if name is None:
                continue
            public = _visibility(self, field) == "pub"
            self._indexes[name.start_byte] = self.define(
                name, "field", field, parent=parent, public=public, entry="exported" if public else ""
            )

    def _variant(self, variant: Node, parent: int, *, visible: bool) -> None:
        name = variant.child_by_field_name("name")
        if name is None:
            return
        index = self.define(
            name, "constant", variant, parent=parent, public=visible, entry="exported" if visible else ""
        )
        self.add_type(index, instance(("def", parent)))
        self._indexes[name.start_byte] = index
        body = variant.child_by_field_name("body")
        if body is not None and body.type == "field_declaration_list":
            self._fields(body, index)

    def _settle(self, scopes: list[Scope]) -> None:
        """Read the `use` declarations and the methods that were met."""
        uses, self._uses = self._uses, []
        for use in uses:
            self._use(use)
        while self._impls:
            node, scope, parent = self._impls.pop(0)
            self._define_methods(node, [*scopes, scope], parent)

    def _define_methods(self, node: Node, scopes: list[Scope], around: int) -> None:
        body, meant = node.child_by_field_name("body"), node.child_by_field_name("type")
        if body is None or meant is None:
            return
        name = _type_name(self, meant)
        parent, receiver = around, name
        for scope in reversed(scopes):
            found = scope.get(name)
            if found is not None and found.binding[:1] == ("def",):
                index = found.binding[1]
                parent, receiver = (index, "") if isinstance(index, int) else (parent, receiver)
                break
        trait = node.child_by_field_name("trait")
        entry = f"implements {_type_name(self, trait)}" if trait is not None else ""
        first = len(self.definitions)
        self._collect(body.named_children, _Around(parent, {}, entry, method=True), ())
        if receiver:
            for index in range(first, len(self.definitions)):
                if self.definitions[index].parent == parent:
                    self.definitions[index] = self.definitions[index]._replace(receiver=receiver)

    # Imports

    def _use(self, use: _Use) -> None:
        before = (self.owner, self.scopes, self._inner)
        self.owner, self._inner = use.owner, use.inner
        self.scopes = [*use.scopes, use.scope]
        exported = _visibility(self, use.node) != ""
        if use.node.type == "extern_crate_declaration":
            self._extern(use)
        else:
            argument = use.node.child_by_field_name("argument")
            for leaf in _leaves(self, argument, ()) if argument is not None else ():
                self._bring_in(leaf, use, exported=exported)
        self.owner, self.scopes, self._inner = before

    def _extern(self, use: _Use) -> None:
        name, alias = use.node.child_by_field_name("name"), use.node.child_by_field_name("alias")
        if name is None:
            return
        text = self.name_of(name)
        called = self.name_of(alias) if alias is not None else text
        use.scope.setdefault(called, Bound(("import", text, ""), False))
        self.imports.append(Imported(text, "", called, use.node.start_point.row + 1, False, False, False))

    def _bring_in(self, leaf: _Leaf, use: _Use, *, exported: bool) -> None:
        line = leaf.node.start_point.row + 1
        base = self._resolve(leaf.path)
        for place, segment in enumerate(leaf.path):
            if segment[:1].isupper():  # an enum whose variants are taken
                self.report(leaf.node, segment, "import", self._resolve(leaf.path[: place + 1]))
        module = "::".join(self._seen_from_file(leaf.path))
        if leaf.name == "*":
            self.imports.append(Imported(module, "*", "", line, False, exported, use.deferred))
            return
        binding = _of_path(base, leaf.name) if leaf.path else ("import", leaf.name, "")
        if leaf.name and not leaf.path:
            module, name = leaf.name, ""
        else:
            name = leaf.name
        self.imports.append(Imported(module, name, leaf.alias, line, False, exported, use.deferred))
        if name and binding:
            self.report(leaf.node, name, "import", binding)
        if leaf.alias != "_":
            use.scope.setdefault(leaf.alias, Bound(binding, False))

    def _seen_from_file(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """A path of an inline module as the file around would write it."""
        if not self._inner or path[:1] not in {("self",), ("super",)}:
            return path
        up = 0
        while up < len(path) and path[up] == "super":
            up += 1
        rest = path[up:] if up else path[1:]
        depth = len(self._inner) - up
        if depth < 0:
            return (*("super",) * -depth, *rest)
        return ("self", *self._inner[:depth], *rest)

    def _resolve(self, path: tuple[str, ...]) -> Binding:
        """What a path leads to."""
        if not path:
            return UNKNOWN
        seen: list[str] = list(self._seen_from_file(path))
        if len(seen) > 1 and seen[0] == "self" and seen[1] in self._top:
            base = self._top[seen[1]].binding
            rest = seen[2:]
        else:
            base = self._head(seen[0]) if seen else UNKNOWN
            rest = seen[1:]
        for segment in rest:
            base = _of_path(base, segment)
        return base

    def _head(self, name: str) -> Binding:
        """What the first name of a path is."""
        if name in _LONELY:
            return ("import", name, "")
        if name == "Self":
            return self._own
        found = self.bound(name)
        if found is not None:
            return part(found.binding, 1) if found.local else found.binding
        return ("free", name) if name[:1].isupper() else ("import", name, "")

    # Items, visited

    def _module(self, node: Node, _kind: OccurrenceKind) -> Binding:
        body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
        if body is None or name is None:
            return UNKNOWN
        scopes, inner = self.scopes, self._inner
        outer = scopes if self._takes_all(body) else []
        self.scopes = [*outer, self._modules.get(body.start_byte, {})]
        self._inner = (*inner, self.name_of(name))
        before = self.enter(self._indexes.get(name.start_byte, -1))
        self.visit_all(body.named_children)
        self.leave(before)
        self.scopes, self._inner = scopes, inner
        return UNKNOWN

    def _takes_all(self, body: Node) -> bool:
        """Whether a module says `use super::*`."""
        return any(
            child.type == "use_declaration" and b"super::*" in self.text[child.start_byte : child.end_byte]
            for child in body.named_children
        )

    def _function(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, -1) if name is not None else -1
        before = self.enter(index)
        self.scopes.append({})
        self._type_parameters(node)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            self._parameters(parameters)
        returned = self.visit_field(node, "return_type")
        if index >= 0:
            self.add_type(index, returned)
        self.visit_field(node, "body")
        self.scopes.pop()
        self.leave(before)
        return UNKNOWN

    def _type_parameters(self, node: Node) -> None:
        """Bind type parameters to the first trait that bounds them."""
        parameters = node.child_by_field_name("type_parameters")
        if parameters is not None:
            for declared in parameters.named_children:
                self._type_parameter(declared)
        for child in node.named_children:
            if child.type == "where_clause":
                for predicate in child.named_children:
                    self._predicate(predicate)

    def _type_parameter(self, declared: Node) -> None:
        name = declared.child_by_field_name("name")
        if name is None:
            self.visit(declared)
            return
        text = self.name_of(name)
        self.bind(text, UNKNOWN)
        if declared.type == "const_parameter":
            self.visit_field(declared, "type")
            return
        bounds = declared.child_by_field_name("bounds")
        if bounds is not None:
            self.bind(text, self._bounds(bounds, "type"))
        self.visit_field(declared, "default_type")

    def _bounds(self, node: Node, kind: OccurrenceKind) -> Binding:
        found = [self.visit(child, kind) for child in node.named_children]
        return next((binding for binding in found if binding), UNKNOWN)

    def _predicate(self, predicate: Node) -> None:
        left, bounds = predicate.child_by_field_name("left"), predicate.child_by_field_name("bounds")
        if left is None or bounds is None:
            return
        binding = self._bounds(bounds, "type")
        text = self.name_of(left)
        known = self.bound(text) if left.type == "type_identifier" else None
        if known is None:
            self.visit(left)
        elif known.local and not known.binding:
            self.bind(text, binding)

    def _parameters(self, node: Node) -> None:
        for parameter in node.named_children:
            if parameter.type == "self_parameter":
                self.bind("self", instance(self._own))
            elif parameter.type == "parameter":
                meant, pattern = parameter.child_by_field_name("type"), parameter.child_by_field_name("pattern")
                binding = self.visit(meant) if meant is not None else UNKNOWN
                if pattern is not None and pattern.type == "self":
                    self.bind("self", instance(self._own))
                elif pattern is not None:
                    self._pattern(pattern, binding)

    def _struct(self, node: Node, _kind: OccurrenceKind) -> Binding:
        """The types of fields and variants."""
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, -1) if name is not None else -1
        before, own = self.enter(index), self._own
        self._own = ("def", index) if index >= 0 else UNKNOWN
        self.scopes.append({})
        self._type_parameters(node)
        body = node.child_by_field_name("body")
        if body is not None:
            for child in body.named_children:
                self._field_or_variant(child)
        self.scopes.pop()
        self._own = own
        self.leave(before)
        return UNKNOWN

    def _field_or_variant(self, node: Node) -> None:
        if node.type == "field_declaration":
            name, meant = node.child_by_field_name("name"), node.child_by_field_name("type")
            binding = self.visit(meant) if meant is not None else UNKNOWN
            known = self._indexes.get(name.start_byte) if name is not None else None
            if known is not None:
                self.add_type(known, binding)
        elif node.type == "enum_variant":
            body = node.child_by_field_name("body")
            for child in body.named_children if body is not None else ():
                self._field_or_variant(child)
            self.visit_field(node, "value")
        else:
            self.visit(node)

    def _trait(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, -1) if name is not None else -1
        before, own = self.enter(index), self._own
        self._own = ("def", index) if index >= 0 else UNKNOWN
        self.scopes.append({})
        self._type_parameters(node)
        bounds = node.child_by_field_name("bounds")
        for bound in bounds.named_children if bounds is not None else ():
            binding = self.visit(bound, "inherit")
            if index >= 0 and binding and binding[0] == "type":
                self.add_base(index, part(binding, 1))
        body = node.child_by_field_name("body")
        if body is not None:
            self.visit_all(body.named_children)
        self.scopes.pop()
        self._own = own
        self.leave(before)
        return UNKNOWN

    def _impl(self, node: Node, _kind: OccurrenceKind) -> Binding:
        own = self._own
        self.scopes.append({})
        meant, trait = node.child_by_field_name("type"), node.child_by_field_name("trait")
        self._own = self._resolve((_type_name(self, meant),)) if meant is not None else UNKNOWN
        index = self._own[1] if self._own[:1] == ("def",) else self.owner
        before = self.enter(index if isinstance(index, int) else -1)
        self._type_parameters(node)
        if meant is not None:
            self.visit(meant)
        if trait is not None:
            binding = self.visit(trait, "inherit")
            if self._own[:1] == ("def",) and binding and binding[0] == "type":
                self.add_base(self.owner, part(binding, 1))
        body = node.child_by_field_name("body")
        if body is not None:
            self.visit_all(body.named_children)
        self.leave(before)
        self.scopes.pop()
        self._own = own
        return UNKNOWN

    def _constant(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name = node.child_by_field_name("name")
        binding = self.visit_field(node, "type")
        self.visit_field(node, "value")
        known = self._indexes.get(name.start_byte) if name is not None else None
        if known is not None:
            self.add_type(known, binding)
        return UNKNOWN

    def _alias(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, -1) if name is not None else -1
        self.scopes.append({})
        self._type_parameters(node)
        binding = self.visit_field(node, "type")
        bounds = node.child_by_field_name("bounds")
        if bounds is not None:
            binding = self._bounds(bounds, "type")
        if index >= 0:
            self.add_type(index, binding)
        self.scopes.pop()
        return UNKNOWN

    # Types

    def _type(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        if name == "Self":
            return instance(self._own)
        found = self.bound(name)
        if found is not None and found.local:
            return found.binding
        if found is None and name in _PRELUDE:
            return instance(("free", name))
        binding = found.binding if found is not None else ("free", name)
        self.report(node, name, "type" if kind in {"name", "call", "write"} else kind, binding)
        return instance(binding)

    def _primitive(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return instance(("free", self.name_of(node)))

    def _type_path(self, node: Node, kind: OccurrenceKind) -> Binding:
        return instance(self._path(node, "type" if kind in {"name", "call", "write"} else kind))

    def _generic_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        named, arguments = node.child_by_field_name("type"), node.child_by_field_name("type_arguments")
        binding = self.visit(named, "type" if kind == "name" else kind) if named is not None else UNKNOWN
        found = [self.visit(child) for child in arguments.named_children] if arguments is not None else []
        if named is None:
            return binding
        if binding and binding[0] != "type":
            binding = instance(binding)
        return self._wrapped(_type_name(self, named), binding, [value for value in found if value])

    def _wrapped(self, name: str, binding: Binding, arguments: list[Binding]) -> Binding:
        """What `Box<T>`, `Vec<T>` and the like are for whoever calls methods on them."""
        meant = self.bound(name)
        if not arguments or (meant is not None and meant.binding[:1] == ("def",) and not name.endswith("Result")):
            return binding
        if name in _POINTERS:
            return arguments[-1]
        if name in _MAPS:
            return several(arguments[-1], "std::HashMap")
        if name in _CONTAINERS or name.endswith("Result"):
            return several(arguments[0], f"std::{name}")
        return binding

    def _inner_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        meant = node.child_by_field_name("type")
        return self.visit(meant, kind) if meant is not None else UNKNOWN

    def _trait_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        trait = node.child_by_field_name("trait")
        return self.visit(trait, "type" if kind == "name" else kind) if trait is not None else UNKNOWN

    def _array_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        element = self.visit_field(node, "element")
        self.visit_field(node, "length")
        return several(element)

    def _qualified_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        own = self.visit_field(node, "type")
        trait = self.visit_field(node, "alias")
        return own or trait

    # Paths and names

    def _path(self, node: Node, kind: OccurrenceKind) -> Binding:
        """`a::b::C`: reports the types on the way and the name at the end."""
        name, before = node.child_by_field_name("name"), node.child_by_field_name("path")
        if name is None:
            return UNKNOWN
        text = self.name_of(name)
        if before is None:
            binding: Binding = ("import", text, "")
        else:
            plain = _plain_path(self, before)
            if plain and plain[0] in _LONELY:
                binding = self._resolve((*plain, text))
                self._report_way(before)
            else:
                binding = _of_path(self._before(before), text)
        self.report(name, text, kind, binding)
        return binding

    def _before(self, node: Node) -> Binding:
        """What stands before a `::`."""
        if node.type == "identifier":
            name = self.name_of(node)
            binding = self._head(name)
            found = self.bound(name)
            if name != "Self" and _worth(name, binding) and not (found is not None and found.local):
                self.report(node, name, "name", binding)
            return binding
        if node.type == "scoped_identifier":
            return self._way(node)
        value = self.visit(node)
        return part(value, 1) if value else UNKNOWN

    def _way(self, node: Node) -> Binding:
        name, before = node.child_by_field_name("name"), node.child_by_field_name("path")
        if name is None:
            return UNKNOWN
        text = self.name_of(name)
        binding = _of_path(self._before(before), text) if before is not None else ("import", text, "")
        if text[:1].isupper():
            self.report(name, text, "name", binding)
        return binding

    def _report_way(self, node: Node) -> None:
        """Report the types within a path that starts with `crate`, `self` or `super`."""
        while node.type == "scoped_identifier":
            name, before = node.child_by_field_name("name"), node.child_by_field_name("path")
            if name is not None and self.name_of(name)[:1].isupper():
                self.report(name, self.name_of(name), "name", self._resolve(_plain_path(self, node)))
            if before is None:
                return
            node = before

    def _identifier(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        found = self.bound(name)
        if found is not None and found.local:
            return found.binding
        if found is None and name in _PRELUDE:
            return ("free", name)
        binding = found.binding if found is not None else self._own if name == "Self" else ("free", name)
        if name != "Self":
            self.report(node, name, kind, binding)
        return binding

    def _self(self, _node: Node, _kind: OccurrenceKind) -> Binding:
        found = self.bound("self")
        return found.binding if found is not None else UNKNOWN

    # Expressions

    def _first(self, node: Node, kind: OccurrenceKind) -> Binding:
        found = [self.visit(child, kind) for child in node.named_children]
        return found[0] if found else UNKNOWN

    def _reference(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return self.visit_field(node, "value")

    def _try(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return item(self._first(node, "name"))

    def _field(self, node: Node, kind: OccurrenceKind) -> Binding:
        value, field = node.child_by_field_name("value"), node.child_by_field_name("field")
        if value is None or field is None:
            return UNKNOWN
        base = self.visit(value)
        if field.type != "field_identifier":
            return UNKNOWN
        name = self.name_of(field)
        binding = member(base, name)
        self.report(field, name, kind, as_called(binding) if kind == "call" else binding)
        return binding

    def _call(self, node: Node, _kind: OccurrenceKind) -> Binding:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None:
            return UNKNOWN
        target = function
        if target.type == "generic_function":
            target = target.child_by_field_name("function") or target
        called = self.visit(function, "call")
        method = ""
        base = UNKNOWN
        if target.type == "field_expression":
            field = target.child_by_field_name("field")
            method = self.name_of(field) if field is not None else ""
            base = part(called, 1)
            self._element = item(base) if method in _TAKES_ELEMENT and base[:1] == ("each",) else UNKNOWN
        values = [self.visit(child) for child in arguments.named_children] if arguments is not None else []
        self._element = UNKNOWN
        if method:
            return _after(base, method, called)
        return self._built(target, called, values)

    def _built(self, target: Node, called: Binding, values: list[Binding]) -> Binding:
        """What calling a function or a constructor gives."""
        if called[:1] == ("free",) and values:
            name = called[1]
            if name in {"Some", "Ok"}:
                return several(values[0], "std::Option")
        if target.type == "scoped_identifier" and values:
            head = target.child_by_field_name("path")
            if head is not None and self.name_of(head).partition("<")[0].rpartition("::")[2] in _POINTERS:
                return values[0]
        return result(called)

    def _generic_function(self, node: Node, _kind: OccurrenceKind) -> Binding:
        function = node.child_by_field_name("function")
        called = self.visit(function, "call") if function is not None else UNKNOWN
        self.visit_field(node, "type_arguments")
        return called

    def _struct_expression(self, node: Node, _kind: OccurrenceKind) -> Binding:
        named, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        binding = self.visit(named) if named is not None else UNKNOWN
        if binding and binding[0] not in {"type", "each"}:
            binding = instance(binding)
        is_path = named is not None and named.type == "scoped_type_identifier"
        for child in body.named_children if body is not None else ():
            self._initializer(child, part(binding, 1) if is_path else binding)
        return binding

    def _initializer(self, node: Node, binding: Binding) -> None:
        if node.type == "field_initializer":
            field = node.child_by_field_name("field")
            if field is not None:
                name = self.name_of(field)
                self.report(field, name, "write", member(binding, name))
            self.visit_field(node, "value")
        elif node.type == "shorthand_field_initializer" and node.named_child_count:
            inner = node.named_children[-1]
            name = self.name_of(inner)
            self.report(inner, name, "write", member(binding, name))
        else:
            self.visit_all(node.named_children)

    def _cast(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "value")
        return self.visit_field(node, "type")

    def _index(self, node: Node, _kind: OccurrenceKind) -> Binding:
        children = node.named_children
        found = [self.visit(child) for child in children]
        is_range = len(children) > 1 and children[1].type == "range_expression"
        return (found[0] if is_range else item(found[0])) if found else UNKNOWN

    def _array(self, node: Node, _kind: OccurrenceKind) -> Binding:
        found = [self.visit(child) for child in node.named_children]
        return several(found[0]) if found else UNKNOWN

    def _closure(self, node: Node, _kind: OccurrenceKind) -> Binding:
        element, self._element = self._element, UNKNOWN
        self.scopes.append({})
        parameters = node.child_by_field_name("parameters")
        for parameter in parameters.named_children if parameters is not None else ():
            if parameter.type == "parameter":
                meant, pattern = parameter.child_by_field_name("type"), parameter.child_by_field_name("pattern")
                binding = self.visit(meant) if meant is not None else UNKNOWN
                if pattern is not None:
                    self._pattern(pattern, binding)
            else:
                self._pattern(parameter, element)
        self.visit_field(node, "return_type")
        self.visit_field(node, "body")
        self.scopes.pop()
        return UNKNOWN

    def _assignment(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "right")
        left = node.child_by_field_name("left")
        if left is not None:
            self.visit(left, "write")
        return UNKNOWN

    def _binary(self, node: Node, _kind: OccurrenceKind) -> Binding:
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in {"&&", "||"}:
            self.branch()
        self.visit_field(node, "left")
        self.visit_field(node, "right")
        return UNKNOWN

    # Macros: their arguments are tokens

    def _macro(self, node: Node, _kind: OccurrenceKind) -> Binding:
        named = node.child_by_field_name("macro")
        if named is not None and named.type != "identifier":
            self.visit(named, "call")
        elif named is not None and self._is_own_macro(named):
            name = self.name_of(named)  # One that the file does not know may come from anywhere before in the crate.
            known = self.bound(name)
            self.report(named, name, "call", known.binding if known is not None else UNKNOWN)
        self.scopes.append({})
        for child in node.named_children:
            if child.type == "token_tree":
                self._tokens(child, 0)
        self.scopes.pop()
        return UNKNOWN

    def _is_own_macro(self, named: Node) -> bool:
        name = self.name_of(named)
        return name not in _USUAL_MACROS or self.bound(name) is not None

    def _tokens(self, tree: Node, depth: int) -> None:
        """Names among tokens that can be told to be names of items: called, after a dot or `::`, or known here."""
        children = tree.children
        value = UNKNOWN
        before = ""
        for place, child in enumerate(children):
            kind = child.type
            following = children[place + 1] if place + 1 < len(children) else None
            if kind == "token_tree":
                if depth < 60:
                    self._tokens(child, depth + 1)
                value = result(value) if self.text[child.start_byte : child.start_byte + 1] == b"(" else UNKNOWN
            elif kind in {"identifier", "self", "super", "crate", "primitive_type"}:
                value = self._token(child, before, value, following)
            elif kind == "?":
                value = item(value)
            elif kind not in {".", "::"}:
                value = UNKNOWN
            before = kind

    def _token(self, node: Node, before: str, value: Binding, following: Node | None) -> Binding:
        name = self.name_of(node)
        called = following is not None and self.text[following.start_byte : following.start_byte + 1] == b"("
        kind: OccurrenceKind = "call" if called else "name"
        if before in {".", "::"}:
            binding = member(value, name) if before == "." else _of_path(value, name)
            if before == "." or _worth(name, binding) or called:
                self.report(node, name, kind, as_called(binding) if called and before == "." else binding)
            return binding
        if following is not None and following.type == "::":
            binding = self._head(name)
            found = self.bound(name)
            if name != "Self" and _worth(name, binding) and not (found is not None and found.local):
                self.report(node, name, "name", binding)
            return binding
        if node.type == "self":
            return self._self(node, "name")
        if following is not None and following.type == ":" and node.type == "identifier":
            return self._typed_token(name, following)
        if called or self.bound(name) is not None or name[:1].isupper():
            return self._identifier(node, kind)
        return UNKNOWN

    def _typed_token(self, name: str, colon: Node) -> Binding:
        """`|dir: &Dir|` among tokens brings `dir` into scope."""
        meant = colon.next_sibling
        while meant is not None and meant.type in {"&", "mutable_specifier", "lifetime"}:
            meant = meant.next_sibling
        if meant is not None and meant.type == "identifier" and self.name_of(meant)[:1].isupper():
            self.bind(name, instance(self._head(self.name_of(meant))))
        return UNKNOWN

    # Patterns

    def _pattern(self, node: Node, value: Binding) -> None:
        """Bind the names of a pattern that is matched with a value."""
        known = self._pattern_of(node.type)
        if known is not None:
            known(node, value)
        elif node.type in {"scoped_identifier", "macro_invocation", "range_pattern", "const_block"}:
            self.visit(node)
        else:
            self._each_pattern(node, value)

    def _pattern_of(self, kind: str) -> Callable[[Node, Binding], None] | None:
        return {
            "identifier": self._name_pattern,
            "tuple_struct_pattern": self._tuple_struct_pattern,
            "struct_pattern": self._struct_pattern,
            "tuple_pattern": self._tuple_pattern,
            "slice_pattern": self._slice_pattern,
            "match_pattern": self._match_pattern,
        }.get(kind)

    def _each_pattern(self, node: Node, value: Binding) -> None:
        for child in node.named_children:
            self._pattern(child, value)

    def _name_pattern(self, node: Node, value: Binding) -> None:
        name = self.name_of(node)
        if name[:1].isupper():
            self._identifier(node, "name")
        else:
            self.bind(name, value)

    def _tuple_struct_pattern(self, node: Node, value: Binding) -> None:
        named = node.child_by_field_name("type")
        text = self.name_of(named) if named is not None else ""
        if named is not None and text not in {"Some", "Ok", "Err"}:
            self.visit(named)
        inner = item(value) if text in {"Some", "Ok"} else UNKNOWN
        for child in node.named_children:
            if child != named:
                self._pattern(child, inner)

    def _struct_pattern(self, node: Node, _value: Binding) -> None:
        named = node.child_by_field_name("type")
        binding = self.visit(named) if named is not None else UNKNOWN
        if binding and binding[0] != "type":
            binding = instance(binding)
        for field in node.named_children:
            if field.type != "field_pattern":
                continue
            name, pattern = field.child_by_field_name("name"), field.child_by_field_name("pattern")
            if name is None:
                continue
            text = self.name_of(name)
            meant = member(
                part(binding, 1) if named is not None and named.type == "scoped_type_identifier" else binding, text
            )
            self.report(name, text, "name", meant)
            if pattern is not None:
                self._pattern(pattern, meant)
            else:
                self.bind(text, meant)

    def _tuple_pattern(self, node: Node, value: Binding) -> None:
        """`(key, value)` of a map and `(number, element)` of enumerate have a value that is known."""
        pair = value[:1] == ("pair",)
        for place, child in enumerate(node.named_children):
            self._pattern(child, part(value, 1) if pair and place == 1 else UNKNOWN)

    def _slice_pattern(self, node: Node, value: Binding) -> None:
        for child in node.named_children:
            self._pattern(child, item(value))

    def _match_pattern(self, node: Node, value: Binding) -> None:
        condition = node.child_by_field_name("condition")
        for child in node.named_children:
            if child != condition:
                self._pattern(child, value)
        if condition is not None:
            self.branch()
            self.visit(condition)

    # Statements

    def _block(self, node: Node, _kind: OccurrenceKind) -> Binding:
        children = node.named_children
        scope: Scope = {}
        if any(child.type in _ITEMS for child in children):
            self._collect(children, _Around(self.owner, scope), self._inner)
            self._settle(list(self.scopes))
        self.scopes.append(scope)
        binding = UNKNOWN
        for child in children:
            binding = self.visit(child)
        self.scopes.pop()
        return binding

    def _let(self, node: Node, _kind: OccurrenceKind) -> Binding:
        declared = self.visit_field(node, "type")
        value = self.visit_field(node, "value")
        self.visit_field(node, "alternative")
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            self._pattern(pattern, declared or value)
        return UNKNOWN

    def _let_condition(self, node: Node, _kind: OccurrenceKind) -> Binding:
        value = self.visit_field(node, "value")
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            self._pattern(pattern, value)
        return UNKNOWN

    def _if(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.scopes.append({})
        self.visit_field(node, "condition")
        self.deeper()
        binding = self.visit_field(node, "consequence")
        self.higher()
        self.scopes.pop()
        alternative = node.child_by_field_name("alternative")
        if alternative is not None:
            chained = alternative.named_child_count > 0 and alternative.named_children[0].type == "if_expression"
            if not chained:
                self.deeper()
            self.visit(alternative)
            if not chained:
                self.higher()
        return binding

    def _loop(self, node: Node, _kind: OccurrenceKind) -> Binding:
        if node.type == "while_expression":
            self.branch()
        self.deeper()
        self.in_scope(node, "name")
        self.higher()
        return UNKNOWN

    def _for(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        over = self.visit_field(node, "value")
        self.scopes.append({})
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            paired = over[:1] == ("each",) and over[1] in {("free", "std::HashMap"), ("free", "std::Enumerate")}
            self._pattern(pattern, ("pair", item(over)) if paired else item(over))
        self.deeper()
        self.visit_field(node, "body")
        self.higher()
        self.scopes.pop()
        return UNKNOWN

    def _match(self, node: Node, _kind: OccurrenceKind) -> Binding:
        value = self.visit_field(node, "value")
        body = node.child_by_field_name("body")
        self.deeper()
        binding = UNKNOWN
        for place, arm in enumerate(body.named_children if body is not None else ()):
            if arm.type != "match_arm":
                continue
            if place:
                self.branch()
            binding = self._arm_of(arm, value) or binding
        self.higher()
        return binding

    def _arm(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return self._arm_of(node, UNKNOWN)

    def _arm_of(self, arm: Node, value: Binding) -> Binding:
        self.scopes.append({})
        pattern = arm.child_by_field_name("pattern")
        if pattern is not None:
            self._pattern(pattern, value)
        binding = self.visit_field(arm, "value")
        self.scopes.pop()
        return binding


_PLACES: Final = frozenset({("member",), ("result",), ("import",), ("def",)})
"""Bindings of what may be a container as far as this file knows."""


def _after(base: Binding, method: str, called: Binding) -> Binding:
    """What calling a method gives, with what is known of the methods of the standard library."""
    if method in _INNER:
        return item(base)
    if base[:1] == ("each",):
        return _after_of_container(base, method, called)
    if method in _SAME or (method in _SAME_ELEMENTS - _OWN_TOO and base[:1] in _PLACES):
        return base
    return result(called)


def _after_of_container(base: Binding, method: str, called: Binding) -> Binding:
    if method in _SAME:
        return base
    if method in _OPTION_OF_ELEMENT:
        return several(item(base), "std::Option")
    if method == "enumerate":
        return several(item(base), "std::Enumerate")
    if method in _SAME_ELEMENTS:
        return several(item(base), "std::Iter") if method in {"values", "values_mut", "into_values"} else base
    return result(called)


def _of_path(base: Binding, name: str) -> Binding:
    """What `base::name` is."""
    if base[:1] == ("import",) and base[2] == "":
        return ("import", base[1], name) if base[1] else UNKNOWN
    if base[:1] == ("import",) and str(base[2])[:1].islower():  # a module out of a module
        return ("import", f"{base[1]}::{base[2]}", name)
    return member(base, name)


def _worth(name: str, binding: Binding) -> bool:
    """Whether a name on the way of a path is reported: types, and what this file defines; not modules of others."""
    return bool(binding) and ((name[:1].isupper() and name not in _PRELUDE) or binding[0] == "def")


def _visibility(reader: Gatherer, node: Node) -> str:
    """`pub`, `pub(crate)` and so on; empty when there is none."""
    for child in node.children[:2]:
        if child.type == "visibility_modifier":
            return reader.name_of(child)
    return ""


def _entry_of(name: str, kind: SymbolKind, about: _About, around: _Around) -> str:
    """Why something outside the code may call an item, as its attributes and name say."""
    for attribute in about.attributes:
        if _TEST.match(attribute):
            return "test"
        called = _CALLED.match(attribute)
        if called:
            return f"marked {called[1]}"
    return "main" if name == "main" and kind == "function" and around.parent < 0 else ""


def _count_parameters(node: Node) -> int:
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return 0
    return sum(parameter.type in {"parameter", "variadic_parameter"} for parameter in parameters.named_children)


def _type_name(reader: Gatherer, node: Node) -> str:
    """The last name of a type without its arguments: `Vec` of `&mut std::vec::Vec<T>`."""
    at: Node | None = node
    while at is not None:
        if at.type in {"type_identifier", "primitive_type", "identifier"}:
            return reader.name_of(at)
        at = (
            at.child_by_field_name("name")
            or at.child_by_field_name("type")
            or at.child_by_field_name("trait")
            or at.child_by_field_name("element")
        )
    return ""


def _plain_path(reader: Gatherer, node: Node) -> tuple[str, ...]:
    """The names of a path; empty when something else than names is in it."""
    names: list[str] = []
    at: Node | None = node
    while at is not None:
        if at.type in {"scoped_identifier", "scoped_type_identifier"}:
            name = at.child_by_field_name("name")
            if name is None:
                return ()
            names.append(reader.name_of(name))
            at = at.child_by_field_name("path")
        elif at.type in {"identifier", "self", "super", "crate"}:
            names.append(reader.name_of(at))
            at = None
        else:
            return ()
    return tuple(reversed(names))


def _leaves(reader: Gatherer, node: Node, path: tuple[str, ...]) -> list[_Leaf]:
    """The names that a `use` tree brings in."""
    kind = node.type
    if kind in {"use_list", "scoped_use_list"}:
        before = node.child_by_field_name("path")
        inner = (*path, *_plain_path(reader, before)) if before is not None else path
        listed = node.child_by_field_name("list") if kind == "scoped_use_list" else node
        return [leaf for child in (listed.named_children if listed else ()) for leaf in _leaves(reader, child, inner)]
    if kind == "use_wildcard":
        inner = node.named_children[0] if node.named_child_count else None
        return [_Leaf((*path, *(_plain_path(reader, inner) if inner is not None else ())), "*", "", node)]
    target, alias = node.child_by_field_name("path"), node.child_by_field_name("alias")
    if kind == "use_as_clause" and target is not None and alias is not None:
        return [leaf._replace(alias=reader.name_of(alias)) for leaf in _leaves(reader, target, path)]
    return _leaf(reader, node, path)


def _leaf(reader: Gatherer, node: Node, path: tuple[str, ...]) -> list[_Leaf]:
    names: list[str] = [*path, *_plain_path(reader, node)]
    if not names or node.type.endswith("comment"):
        return []
    if names[-1] == "self" and len(names) > 1:
        return [_Leaf(tuple(names[:-2]), names[-2], names[-2], node)]
    end = node.child_by_field_name("name") or node
    return [_Leaf(tuple(names[:-1]), names[-1], names[-1], end)]
