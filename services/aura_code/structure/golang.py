"""Reads the structure of a Go file."""

from __future__ import annotations

import re
from typing import Final

from tree_sitter import Node

from aura_code.structure.facts import Binding, FileStructure, Imported, OccurrenceKind
from aura_code.structure.gathering import (
    UNKNOWN,
    Bound,
    Gatherer,
    comment_before,
    instance,
    item,
    member,
    part,
    result,
    several,
)
from aura_code.syntax import SourceFile
from aura_code.terms import words

_COMMENTS: Final = frozenset({"comment"})
_BUILTIN_TYPES: Final = frozenset(
    words(
        "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string"
        " uint uint8 uint16 uint32 uint64 uintptr"
    )
)
_BUILTINS: Final = _BUILTIN_TYPES | frozenset(
    words(
        "append cap clear close complex copy delete imag len make max min new panic print println real recover"
        " nil true false iota"
    )
)
_FIRST_ARGUMENT: Final = frozenset({"append", "make", "new", "min", "max"})
_TESTS: Final = re.compile(r"(?:Test|Benchmark|Fuzz|Example)(?![a-z])")
_INTERFACE_METHODS: Final = frozenset(
    words(
        "String Error Unwrap Is As ServeHTTP RoundTrip Len Less Swap Push Pop Read Write Close Seek ReadAt WriteAt"
        " ReadFrom WriteTo ReadByte WriteByte Format GoString Scan Value MarshalJSON UnmarshalJSON MarshalText"
        " UnmarshalText MarshalYAML UnmarshalYAML MarshalBinary UnmarshalBinary Name Size Mode ModTime IsDir Sys"
        " Lock Unlock"
    )
)
"""Methods that the standard library calls through its interfaces."""
_TYPE_KINDS: Final = {"struct_type": "struct", "interface_type": "interface"}


def read_go(file: SourceFile) -> FileStructure:
    """What a Go file defines, uses and imports."""
    reader = _GoReader(file)
    return reader.read()


def package_names(path: str) -> tuple[str, ...]:
    """What a package may be called that is imported without a name: `gopkg.in/yaml.v3` is yaml, `x/go-y/v2` is y."""
    parts = path.rstrip("/").split("/")
    last = parts[-1]
    if re.fullmatch(r"v\d+", last) and len(parts) > 1:
        last = parts[-2]
    last = re.sub(r"\.v\d+$", "", last)
    names = [last, last.replace("-", "_"), last.replace("-", "")]
    names += [part for part in re.split(r"[-.]", last) if part and part not in {"go", "golang"}]
    return tuple(dict.fromkeys(name for name in names if name.isidentifier()))


class _GoReader(Gatherer):
    """Reads one file: first what it defines, then what its functions and types use."""

    def __init__(self, file: SourceFile) -> None:
        super().__init__(file)
        self.package = ""
        self._top: dict[str, Binding] = {}
        self._indexes: dict[int, int] = {}
        """The definition of each node that is one, by where its name starts."""
        self._module_of: dict[str, str] = {}
        self._outside = "exported"
        self.visits = {
            "identifier": self._identifier,
            "selector_expression": self._selector,
            "call_expression": self._call,
            "composite_literal": self._composite,
            "unary_expression": self._unary,
            "binary_expression": self._binary,
            "index_expression": self._index,
            "slice_expression": self._slice,
            "type_assertion_expression": self._assertion,
            "type_conversion_expression": self._conversion,
            "type_instantiation_expression": self._instantiation,
            "parenthesized_expression": self.pass_on,
            "func_literal": self._func_literal,
            "short_var_declaration": self._short_declaration,
            "assignment_statement": self._assignment,
            "inc_statement": self._increment,
            "dec_statement": self._increment,
            "var_spec": self._local_variable,
            "const_spec": self._local_variable,
            "type_declaration": self._local_type,
            "block": self.in_scope,
            "if_statement": self._if,
            "for_statement": self._for,
            "range_clause": self._range,
            "expression_switch_statement": self._switch,
            "select_statement": self._switch,
            "type_switch_statement": self._type_switch,
            "expression_case": self._case,
            "communication_case": self._case,
            "default_case": self.in_scope,
            "receive_statement": self._short_declaration,
            "type_identifier": self._type,
            "qualified_type": self._qualified_type,
            "pointer_type": self.pass_on,
            "parenthesized_type": self.pass_on,
            "type_constraint": self.pass_on,
            "slice_type": self._list_type,
            "array_type": self._list_type,
            "channel_type": self._list_type,
            "implicit_length_array_type": self._list_type,
            "map_type": self._map_type,
            "generic_type": self._generic_type,
            "function_type": self._function_type,
            "struct_type": self._anonymous_struct,
            "interface_type": self._anonymous_interface,
            "comment": self.ignore,
            "interpreted_string_literal": self.ignore,
            "raw_string_literal": self.ignore,
            "int_literal": self.ignore,
            "label_name": self.ignore,
        }

    def read(self) -> FileStructure:
        tops = self.file.root.named_children
        for node in tops:
            if node.type == "package_clause" and node.named_children:
                self.package = self.name_of(node.named_children[0])
            elif node.type == "import_declaration":
                self._imports(node)
        if self.package == "main" or "internal" in self.file.path.split("/"):
            self._outside = ""
        self._define_values_and_types(tops)
        for node in tops:
            self._define_function(node)
        for node in tops:
            self._top_level(node)
            self.visit_deeper()
        return self.structure(self.package)

    # Imports

    def _imports(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "import_spec_list":
                self._imports(child)
            elif child.type == "import_spec":
                self._import(child)

    def _import(self, spec: Node) -> None:
        path_node = spec.child_by_field_name("path")
        if path_node is None:
            return
        path = self.name_of(path_node).strip('"`')
        alias = self._field_text(spec, "name")
        line = spec.start_point.row + 1
        if alias in {".", "_"}:
            self.imports.append(Imported(path, "*" if alias == "." else "", "", line, False, False, False))
            return
        names = (alias,) if alias else package_names(path)
        for name in names:
            self._module_of.setdefault(name, path)
        self.imports.append(Imported(path, "", names[0] if names else "", line, False, False, False))

    def _field_text(self, node: Node, field: str) -> str:
        child = node.child_by_field_name(field)
        return self.name_of(child) if child is not None else ""

    # Definitions

    def _define_values_and_types(self, tops: list[Node]) -> None:
        for node in tops:
            if node.type in {"const_declaration", "var_declaration"}:
                kind = "constant" if node.type == "const_declaration" else "variable"
                for spec in _specs(node):
                    for name in spec.children_by_field_name("name"):
                        self._define_value(name, kind, spec)
            elif node.type == "type_declaration":
                for spec in node.named_children:
                    if spec.type in {"type_spec", "type_alias"}:
                        around = node if node.named_child_count == 1 else spec
                        name, index = self._define_type(spec, around, -1)
                        self._top[name] = ("def", index)
                        self._define_members(spec, index)

    def _define_value(self, name: Node, kind: str, spec: Node) -> None:
        text = self.name_of(name)
        if text == "_":
            return
        index = self.define(
            name,
            "constant" if kind == "constant" else "variable",
            spec,
            public=_is_exported(text),
            entry=self._entry(text),
            documented=comment_before(spec, _COMMENTS) is not None,
        )
        self._top[text] = ("def", index)
        self._indexes[name.start_byte] = index

    def _entry(self, name: str) -> str:
        return self._outside if _is_exported(name) else ""

    def _define_type(self, spec: Node, around: Node, parent: int) -> tuple[str, int]:
        name = spec.child_by_field_name("name")
        meant = spec.child_by_field_name("type")
        if name is None:
            return "", -1
        text = self.name_of(name)
        kind = _TYPE_KINDS.get(meant.type if meant is not None else "", "type")
        index = self.define(
            name,
            "struct" if kind == "struct" else "interface" if kind == "interface" else "type",
            around,
            parent=parent,
            public=_is_exported(text) and parent < 0,
            entry=self._entry(text) if parent < 0 else "",
            documented=comment_before(around, _COMMENTS) is not None or comment_before(spec, _COMMENTS) is not None,
        )
        self._indexes[name.start_byte] = index
        return text, index

    def _define_members(self, spec: Node, parent: int) -> None:
        """The fields of a struct, the methods of an interface."""
        meant = spec.child_by_field_name("type")
        if meant is None or parent < 0:
            return
        if meant.type == "struct_type":
            self._define_fields(meant, parent)
        elif meant.type == "interface_type":
            for method in meant.named_children:
                name = method.child_by_field_name("name") if method.type == "method_elem" else None
                if name is not None:
                    self._define_method(name, method, parent)

    def _define_fields(self, struct: Node, parent: int) -> None:
        for fields in struct.named_children:
            for field in fields.named_children:
                if field.type != "field_declaration":
                    continue
                for name in field.children_by_field_name("name") or _embedded_name(field):
                    text = self.name_of(name)
                    self._indexes[name.start_byte] = self.define(
                        name,
                        "field",
                        field,
                        parent=parent,
                        public=_is_exported(text),
                        entry=self._entry(text),
                        documented=comment_before(field, _COMMENTS) is not None,
                    )

    def _define_method(self, name: Node, method: Node, parent: int) -> None:
        text = self.name_of(name)
        self._indexes[name.start_byte] = self.define(
            name,
            "method",
            method,
            parent=parent,
            public=_is_exported(text),
            entry=self._entry(text),
            parameters=_count_parameters(method),
            documented=comment_before(method, _COMMENTS) is not None,
        )

    def _define_function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is None or node.type not in {"function_declaration", "method_declaration"}:
            return
        text = self.name_of(name)
        parent, receiver = -1, ""
        is_method = node.type == "method_declaration"
        if is_method:
            receiver = self._receiver(node)
            known = self._top.get(receiver)
            if known is not None and known[0] == "def":
                parent, receiver = _index_of(known), ""
        index = self.define(
            name,
            "method" if is_method else "function",
            node,
            parent=parent,
            receiver=receiver,
            public=_is_exported(text),
            entry=self._why_called(text, is_method=is_method),
            parameters=_count_parameters(node),
            documented=comment_before(node, _COMMENTS) is not None,
        )
        self._indexes[name.start_byte] = index
        if not is_method and text not in {"init", "_"}:
            self._top[text] = ("def", index)

    def _why_called(self, name: str, *, is_method: bool) -> str:
        if is_method:
            return self._entry(name) or ("interface method" if name in _INTERFACE_METHODS else "")
        if name == "init" or (name == "main" and self.package == "main"):
            return name
        if self.file.path.endswith("_test.go") and _TESTS.match(name):
            return "test"
        return self._entry(name)

    def _receiver(self, node: Node) -> str:
        receiver = node.child_by_field_name("receiver")
        if receiver is None:
            return ""
        text = self.name_of(receiver).strip("()").partition("[")[0]
        return text.replace("*", " ").split()[-1] if text.strip("* ") else ""

    # What is used

    def _top_level(self, node: Node) -> None:
        kind = node.type
        if kind in {"function_declaration", "method_declaration"}:
            self._function(node)
        elif kind == "type_declaration":
            for spec in node.named_children:
                self._type_spec(spec)
        elif kind in {"const_declaration", "var_declaration"}:
            for spec in _specs(node):
                names, values = self._spec_values(spec)
                for name, value in zip(names, values, strict=False):
                    index = self._indexes.get(name.start_byte)
                    if index is not None:
                        self.add_type(index, value)

    def _spec_values(self, spec: Node) -> tuple[list[Node], list[Binding]]:
        """The names that a `var` or `const` declares, and the values that they get."""
        names = spec.children_by_field_name("name")
        declared = self.visit_field(spec, "type")
        values = self._values(spec.child_by_field_name("value"), len(names))
        return names, [declared or value for value in values]

    def _values(self, node: Node | None, wanted: int) -> list[Binding]:
        """The values of a list of expressions, as many as are wanted."""
        if node is None:
            return [UNKNOWN] * wanted
        found = [self.visit(child) for child in node.named_children] if node.type == "expression_list" else None
        values = found if found is not None else [self.visit(node)]
        return values + [UNKNOWN] * (wanted - len(values))

    def _function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, -1) if name is not None else -1
        before = self.enter(index)
        self.scopes.append({})
        self._type_parameters(node)
        receiver = node.child_by_field_name("receiver")
        if receiver is not None:
            self._receiver_types(receiver)
            self._parameters(receiver)
        returned = self._signature(node)
        if index >= 0:
            self.add_type(index, returned)
        self.visit_field(node, "body")
        self.scopes.pop()
        self.leave(before)

    def _receiver_types(self, receiver: Node) -> None:
        """The names that a receiver gives to the type parameters: `(s *Set[K])`."""
        if b"[" not in self.text[receiver.start_byte : receiver.end_byte]:
            return
        waiting = list(receiver.named_children)
        while waiting:
            node = waiting.pop()
            if node.type == "type_arguments":
                for child in node.named_children:
                    self.bind(self.name_of(child), UNKNOWN)
            else:
                waiting += node.named_children

    def _type_parameters(self, node: Node) -> None:
        parameters = node.child_by_field_name("type_parameters")
        if parameters is None:
            return
        for declared in parameters.named_children:
            names = declared.children_by_field_name("name")
            for name in names:
                self.bind(self.name_of(name), UNKNOWN)
            constraint = self.visit_field(declared, "type")
            for name in names:
                self.bind(self.name_of(name), constraint)

    def _signature(self, node: Node) -> Binding:
        """Bind parameters and named results; returns the type of the first result."""
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            self._parameters(parameters)
        returned = node.child_by_field_name("result")
        if returned is None:
            return UNKNOWN
        if returned.type == "parameter_list":
            found = self._parameters(returned)
            return found[0] if found else UNKNOWN
        return self.visit(returned, "type")

    def _parameters(self, node: Node) -> list[Binding]:
        found: list[Binding] = []
        for parameter in node.named_children:
            meant = parameter.child_by_field_name("type")
            if meant is None:
                continue
            binding = self.visit(meant, "type")
            if parameter.type == "variadic_parameter_declaration":
                binding = several(binding)
            for name in parameter.children_by_field_name("name"):
                self.bind(self.name_of(name), binding)
            found.append(binding)
        return found

    def _type_spec(self, spec: Node) -> None:
        name = spec.child_by_field_name("name")
        meant = spec.child_by_field_name("type")
        if name is None or meant is None:
            return
        index = self._indexes.get(name.start_byte, -1)
        before = self.enter(index)
        self.scopes.append({})
        self._type_parameters(spec)
        if meant.type == "struct_type":
            self._struct(meant, index)
        elif meant.type == "interface_type":
            self._interface(meant, index)
        else:
            binding = self.visit(meant, "type")
            if index >= 0:
                self.add_type(index, binding)
        self.scopes.pop()
        self.leave(before)

    def _struct(self, struct: Node, index: int) -> None:
        for fields in struct.named_children:
            for field in fields.named_children:
                meant = field.child_by_field_name("type")
                if meant is None:
                    continue
                names = field.children_by_field_name("name")
                binding = self.visit(meant, "type" if names else "inherit")
                for name in names or _embedded_name(field):
                    known = self._indexes.get(name.start_byte)
                    if known is not None:
                        self.add_type(known, binding)
                if not names and index >= 0 and binding:
                    self.add_base(index, _type_in(binding))

    def _interface(self, interface: Node, index: int) -> None:
        for element in interface.named_children:
            if element.type == "method_elem":
                self.scopes.append({})
                name = element.child_by_field_name("name")
                returned = self._signature(element)
                known = self._indexes.get(name.start_byte) if name is not None else None
                if known is not None:
                    self.add_type(known, returned)
                self.scopes.pop()
            elif element.type == "type_elem":
                alone = element.named_child_count == 1
                for child in element.named_children:
                    binding = self.visit(child, "inherit" if alone else "type")
                    if alone and index >= 0 and binding:
                        self.add_base(index, _type_in(binding))

    def _anonymous_struct(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self._struct(node, -1)
        return UNKNOWN

    def _anonymous_interface(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self._interface(node, -1)
        return UNKNOWN

    # Types

    def _meaning(self, name: str) -> Binding | None:
        """What a name that is no local one means; None for builtins."""
        known = self._top.get(name)
        if known is not None:
            return known
        module = self._module_of.get(name)
        if module is not None:
            return ("import", module, "")
        return None if name in _BUILTINS else ("free", name)

    def _type(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        local = self.bound(name)
        if local is not None and local.local:
            return local.binding
        meant = local.binding if local is not None else self._meaning(name)
        if meant is None:
            return instance(("free", name))
        if name == "_":
            return UNKNOWN
        self.report(node, name, "inherit" if kind == "inherit" else "type", meant)
        return instance(meant)

    def _qualified_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        package, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if package is None or name is None:
            return UNKNOWN
        text = self.name_of(name)
        meant = self._of_package(self.name_of(package), text)
        self.report(name, text, "inherit" if kind == "inherit" else "type", meant)
        return instance(meant)

    def _of_package(self, package: str, name: str) -> Binding:
        return ("import", self._module_of.get(package, package), name)

    def _list_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "length")
        element = node.child_by_field_name("element") or node.child_by_field_name("value")
        return several(self.visit(element, "type")) if element is not None else UNKNOWN

    def _map_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "key")
        value = node.child_by_field_name("value")
        return several(self.visit(value, "type")) if value is not None else UNKNOWN

    def _generic_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        named = node.child_by_field_name("type")
        binding = self.visit(named, kind) if named is not None else UNKNOWN
        self.visit_field(node, "type_arguments")
        return binding

    def _function_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.scopes.append({})
        self._signature(node)
        self.scopes.pop()
        return UNKNOWN

    # Expressions

    def _identifier(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        local = self.bound(name)
        if local is not None and local.local:
            return local.binding
        meant = local.binding if local is not None else self._meaning(name)
        if meant is None or name == "_":
            return UNKNOWN
        if meant[0] != "import":
            self.report(node, name, kind, meant)
        return meant

    def _selector(self, node: Node, kind: OccurrenceKind) -> Binding:
        operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or field is None:
            return UNKNOWN
        name = self.name_of(field)
        base = self.visit(operand)
        if base and base[0] == "import" and not base[2]:
            binding: Binding = ("import", base[1], name)
        else:
            binding = member(base, name)
        self.report(field, name, kind, binding)
        return binding

    def _call(self, node: Node, _kind: OccurrenceKind) -> Binding:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None:
            return UNKNOWN
        builtin = ""
        if function.type == "identifier":
            name = self.name_of(function)
            if name in _BUILTINS and name not in self._top and self.bound(name) is None:
                builtin = name
        called = UNKNOWN if builtin else self.visit(function, "call")
        values = [self.visit(child) for child in arguments.named_children] if arguments is not None else []
        if builtin:
            return values[0] if values and builtin in _FIRST_ARGUMENT else UNKNOWN
        return result(called)

    def _composite(self, node: Node, _kind: OccurrenceKind) -> Binding:
        meant, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        if body is not None:
            self._literal(body, binding)
        return binding

    def _literal(self, body: Node, binding: Binding) -> None:
        for child in body.named_children:
            if child.type == "keyed_element":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None:
                    self._key(key, binding)
                if value is not None:
                    self._element(value, binding)
            else:
                self._element(child, binding)

    def _key(self, key: Node, binding: Binding) -> None:
        inner = key.named_children[0] if key.type == "literal_element" and key.named_child_count else key
        if inner.type == "identifier" and binding and binding[0] == "type":
            name = self.name_of(inner)
            self.report(inner, name, "write", member(binding, name))
        elif inner.type == "literal_value":
            self._literal(inner, item(binding))
        elif inner.type != "identifier" or (binding and binding[0] == "each") or self.bound(self.name_of(inner)):
            self.visit(inner)

    def _element(self, value: Node, binding: Binding) -> None:
        inner = value.named_children[0] if value.type == "literal_element" and value.named_child_count else value
        if inner.type == "literal_value":
            self._literal(inner, item(binding) if binding and binding[0] == "each" else UNKNOWN)
        else:
            self.visit(inner)

    def _unary(self, node: Node, _kind: OccurrenceKind) -> Binding:
        value = self.visit_field(node, "operand")
        operator = self.text[node.start_byte : node.start_byte + 1]
        if operator == b"<":
            return item(value)
        return value if operator in {b"&", b"*"} else UNKNOWN

    def _binary(self, node: Node, _kind: OccurrenceKind) -> Binding:
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in {"&&", "||"}:
            self.branch()
        self.visit_field(node, "left")
        self.visit_field(node, "right")
        return UNKNOWN

    def _index(self, node: Node, kind: OccurrenceKind) -> Binding:
        operand = node.child_by_field_name("operand")
        base = self.visit(operand, "call" if kind == "call" else "name") if operand is not None else UNKNOWN
        self.visit_field(node, "index")
        return base if kind == "call" else item(base)

    def _slice(self, node: Node, _kind: OccurrenceKind) -> Binding:
        values = [self.visit(child) for child in node.named_children]
        return values[0] if values else UNKNOWN

    def _assertion(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "operand")
        meant = node.child_by_field_name("type")
        return self.visit(meant, "type") if meant is not None else UNKNOWN

    def _conversion(self, node: Node, _kind: OccurrenceKind) -> Binding:
        meant = node.child_by_field_name("type")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        self.visit_field(node, "operand")
        return binding

    def _instantiation(self, node: Node, kind: OccurrenceKind) -> Binding:
        found = [self.visit(child, kind if place == 0 else "type") for place, child in enumerate(node.named_children)]
        return found[0] if found else UNKNOWN

    def _func_literal(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.scopes.append({})
        self.deeper()
        self._signature(node)
        self.visit_field(node, "body")
        self.higher()
        self.scopes.pop()
        return UNKNOWN

    # Statements

    def _short_declaration(self, node: Node, _kind: OccurrenceKind) -> Binding:
        """`a, b := f()`, and `a := <-c` of a select."""
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        names = left.named_children if left is not None else []
        values = self._values(right, len(names))
        declares = node.type == "short_var_declaration" or self._text_between(left, right).strip() == ":="
        for name, value in zip(names, values, strict=False):
            if declares and name.type == "identifier":
                self._bind_again(self.name_of(name), value)
            else:
                self.visit(name, "write")
        return UNKNOWN

    def _text_between(self, left: Node | None, right: Node | None) -> str:
        if left is None or right is None:
            return ""
        return self.text[left.end_byte : right.start_byte].decode("utf-8", "replace")

    def _bind_again(self, name: str, value: Binding) -> None:
        """`x, err := …` keeps what is known of an `x` of the same scope when the new value says nothing."""
        known = self.scopes[-1].get(name) if self.scopes else None
        if known is None or value:
            self.bind(name, value)

    def _assignment(self, node: Node, _kind: OccurrenceKind) -> Binding:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        names = left.named_children if left is not None else []
        values = self._values(right, len(names))
        for name, value in zip(names, values, strict=False):
            if name.type == "identifier":
                text = self.name_of(name)
                local = self.bound(text)
                if local is not None and local.local:
                    if value and not local.binding:
                        self._refine(text, value)
                    continue
            self.visit(name, "write")
        return UNKNOWN

    def _refine(self, name: str, value: Binding) -> None:
        for scope in reversed(self.scopes):
            if name in scope:
                scope[name] = Bound(value, True)
                return

    def _increment(self, node: Node, _kind: OccurrenceKind) -> Binding:
        for child in node.named_children:
            self.visit(child, "write")
        return UNKNOWN

    def _local_variable(self, spec: Node, _kind: OccurrenceKind) -> Binding:
        names, values = self._spec_values(spec)
        for name, value in zip(names, values, strict=False):
            self.bind(self.name_of(name), value)
        return UNKNOWN

    def _local_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        for spec in node.named_children:
            if spec.type not in {"type_spec", "type_alias"}:
                continue
            name, index = self._define_type(spec, spec, self.owner)
            if self.scopes and name:
                self.scopes[-1][name] = Bound(("def", index), False)
            self._define_members(spec, index)
            self._type_spec(spec)
        return UNKNOWN

    def _if(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.scopes.append({})
        self.visit_field(node, "initializer")
        self.visit_field(node, "condition")
        self.deeper()
        self.visit_field(node, "consequence")
        alternative = node.child_by_field_name("alternative")
        if alternative is not None and alternative.type == "if_statement":
            self.higher()
            self.visit(alternative)
        else:
            if alternative is not None:
                self.visit(alternative)
            self.higher()
        self.scopes.pop()
        return UNKNOWN

    def _for(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.deeper()
        self.in_scope(node, "name")
        self.higher()
        return UNKNOWN

    def _range(self, node: Node, _kind: OccurrenceKind) -> Binding:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        over = self.visit(right) if right is not None else UNKNOWN
        names = left.named_children if left is not None else []
        declares = (
            b":=" in self.text[left.end_byte : right.start_byte] if left is not None and right is not None else False
        )
        for place, name in enumerate(names):
            if declares and name.type == "identifier":
                self.bind(self.name_of(name), item(over) if place == 1 else UNKNOWN)
            else:
                self.visit(name, "write")
        return UNKNOWN

    def _switch(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.deeper()
        self.in_scope(node, "name")
        self.higher()
        return UNKNOWN

    def _case(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        return self.in_scope(node, "name")

    def _type_switch(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.deeper()
        self.scopes.append({})
        self.visit_field(node, "initializer")
        value = self.visit_field(node, "value")
        alias = node.child_by_field_name("alias")
        name = self.name_of(alias) if alias is not None else ""
        for case in node.named_children:
            if case.type in {"type_case", "default_case"}:
                self._type_case(case, name, value)
        self.scopes.pop()
        self.higher()
        return UNKNOWN

    def _type_case(self, case: Node, name: str, value: Binding) -> None:
        types = case.children_by_field_name("type")
        found = [self.visit(meant, "type") for meant in types]
        if types:
            self.branch()
        self.scopes.append({})
        if name:
            self.bind(name, found[0] if len(found) == 1 else value)
        for child in case.named_children:
            if child not in types:
                self.visit(child)
        self.scopes.pop()


def _specs(node: Node) -> list[Node]:
    """The `x T = v` of a `var` or `const` declaration."""
    found: list[Node] = []
    for child in node.named_children:
        if child.type == "var_spec_list":
            found += _specs(child)
        elif child.type in {"var_spec", "const_spec"}:
            found.append(child)
    return found


def _embedded_name(field: Node) -> list[Node]:
    """The name that an embedded type gives to its field."""
    at = field.child_by_field_name("type")
    while at is not None and at.type != "type_identifier":
        inner = at.child_by_field_name("name") or at.child_by_field_name("type")
        at = inner if inner is not None else (at.named_children[0] if at.named_child_count else None)
    return [at] if at is not None else []


def _count_parameters(node: Node) -> int:
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return 0
    return sum(
        max(1, len(parameter.children_by_field_name("name")))
        for parameter in parameters.named_children
        if parameter.type != "comment"
    )


def _is_exported(name: str) -> bool:
    return name[:1].isupper()


def _index_of(binding: Binding) -> int:
    index = binding[1]
    return index if isinstance(index, int) else -1


def _type_in(binding: Binding) -> Binding:
    """The type that a binding of a value names."""
    return part(binding, 1) if binding[0] == "type" else UNKNOWN
