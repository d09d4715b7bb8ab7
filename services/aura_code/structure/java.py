"""Reads the structure of a Java file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node

from aura_code.structure.facts import Binding, FileStructure, Imported, OccurrenceKind
from aura_code.structure.gathering import (
    UNKNOWN,
    Bound,
    Gatherer,
    as_called,
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
from aura_shared.messages.code import SymbolKind

_COMMENTS: Final = frozenset({"block_comment"})
_TYPES: Final[dict[str, SymbolKind]] = {
    "class_declaration": "class",
    "interface_declaration": "interface",
    "annotation_type_declaration": "interface",
    "enum_declaration": "enum",
    "record_declaration": "class",
}
_METHODS: Final[dict[str, SymbolKind]] = {
    "method_declaration": "method",
    "annotation_type_element_declaration": "method",
    "constructor_declaration": "constructor",
    "compact_constructor_declaration": "constructor",
}
_CONTAINERS: Final = words(
    "List Set Collection Iterable Iterator Optional Stream Queue Deque ArrayList LinkedList HashSet TreeSet"
    " LinkedHashSet ArrayDeque Supplier Callable Future CompletableFuture ThreadLocal AtomicReference WeakReference"
    " Provider Class"
)
_MAPS: Final = words("Map HashMap LinkedHashMap TreeMap ConcurrentMap ConcurrentHashMap SortedMap NavigableMap")
_ELEMENT: Final = words(
    "get next remove poll peek pop first last getFirst getLast pollFirst pollLast orElse orElseThrow orElseGet take"
    " join element push computeIfAbsent getOrDefault"
)
_SAME_ELEMENTS: Final = words(
    "stream iterator values filter sorted distinct limit skip peek parallelStream findFirst findAny reversed subList"
    " toList descendingIterator"
)
_TAKES_ELEMENT: Final = words(
    "forEach map filter flatMap anyMatch allMatch noneMatch removeIf ifPresent mapToInt mapToObj mapToLong sorted"
    " thenApply thenAccept takeWhile dropWhile"
)
_LANG: Final = words(
    "String Object Integer Long Double Float Boolean Byte Short Character Number Math System Thread Runnable Iterable"
    " Exception RuntimeException Error Throwable IllegalArgumentException IllegalStateException NullPointerException"
    " UnsupportedOperationException IndexOutOfBoundsException InterruptedException AssertionError ClassCastException"
    " CloneNotSupportedException Void Class Enum Record StringBuilder StringBuffer CharSequence Comparable Cloneable"
    " AutoCloseable Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs ClassNotFoundException"
    " NoSuchMethodException NoSuchFieldException NumberFormatException ArithmeticException ClassLoader Process Runtime"
)
"""Of java.lang, known without an import."""
_TESTS: Final = words(
    "Test ParameterizedTest RepeatedTest TestFactory TestTemplate Before After BeforeEach AfterEach BeforeAll AfterAll"
    " BeforeClass AfterClass Property Theory Benchmark"
)
_HARMLESS: Final = words(
    "Override Deprecated SuppressWarnings Nullable NonNull NotNull CheckReturnValue SafeVarargs FunctionalInterface"
    " VisibleForTesting CanIgnoreReturnValue GuardedBy Nonnull ThreadSafe Immutable Beta"
)
"""Annotations that say nothing of who calls."""


def read_java(file: SourceFile) -> FileStructure:
    """What a Java file defines, uses and imports."""
    return _JavaReader(file).read()


@dataclass(slots=True)
class _Class:
    """A class that is around, and the names of its members."""

    index: int
    meaning: Binding
    """Binding of the type."""
    parent: Binding = UNKNOWN
    fields: dict[str, int] = field(default_factory=dict[str, int])
    methods: dict[str, int] = field(default_factory=dict[str, int])
    types: dict[str, int] = field(default_factory=dict[str, int])
    extends: bool = False


class _JavaReader(Gatherer):
    """Reads one file: first its types and their members, then what is used."""

    def __init__(self, file: SourceFile) -> None:
        super().__init__(file)
        self._package = ""
        self._top: dict[str, Binding] = {}
        self._static: dict[str, Binding] = {}
        self._indexes: dict[int, int] = {}
        self._by_body: dict[int, _Class] = {}
        self._classes: list[_Class] = []
        self._element: Binding = UNKNOWN
        leaf = self.ignore
        self.visits = {
            "line_comment": leaf,
            "block_comment": leaf,
            "string_literal": leaf,
            "decimal_integer_literal": leaf,
            "package_declaration": leaf,
            "import_declaration": leaf,
            "break_statement": leaf,
            "continue_statement": leaf,
            "class_declaration": self._type_declaration,
            "interface_declaration": self._type_declaration,
            "annotation_type_declaration": self._type_declaration,
            "enum_declaration": self._type_declaration,
            "record_declaration": self._type_declaration,
            "enum_constant": self._enum_constant,
            "method_declaration": self._method,
            "annotation_type_element_declaration": self._method,
            "constructor_declaration": self._method,
            "compact_constructor_declaration": self._method,
            "field_declaration": self._field_declaration,
            "constant_declaration": self._field_declaration,
            "marker_annotation": self._annotation,
            "annotation": self._annotation,
            "element_value_pair": self._value_pair,
            "type_identifier": self._type,
            "integral_type": self._builtin_type,
            "floating_point_type": self._builtin_type,
            "boolean_type": self._builtin_type,
            "scoped_type_identifier": self._scoped_type,
            "generic_type": self._generic_type,
            "array_type": self._array_type,
            "identifier": self._identifier,
            "this": self._this,
            "super": self._super,
            "field_access": self._field_access,
            "method_invocation": self._invocation,
            "method_reference": self._method_reference,
            "object_creation_expression": self._creation,
            "array_creation_expression": self._array_creation,
            "array_access": self._array_access,
            "cast_expression": self._cast,
            "parenthesized_expression": self.pass_on,
            "lambda_expression": self._lambda,
            "assignment_expression": self._assignment,
            "update_expression": self._update,
            "binary_expression": self._binary,
            "ternary_expression": self._ternary,
            "instanceof_expression": self._instanceof,
            "type_pattern": self._type_pattern,
            "record_pattern_component": self._type_pattern,
            "local_variable_declaration": self._local,
            "resource": self._resource,
            "block": self.in_scope,
            "if_statement": self._if,
            "for_statement": self._loop,
            "while_statement": self._loop,
            "do_statement": self._loop,
            "enhanced_for_statement": self._for_each,
            "try_statement": self._try,
            "try_with_resources_statement": self._try,
            "catch_clause": self._catch,
            "switch_expression": self._switch,
            "switch_rule": self._case,
            "switch_block_statement_group": self._case,
            "labeled_statement": self._labeled,
        }

    def read(self) -> FileStructure:
        tops = self.file.root.named_children
        for node in tops:
            if node.type == "package_declaration" and node.named_child_count:
                self._package = self.name_of(node.named_children[-1])
            elif node.type == "import_declaration":
                self._import(node)
        for node in tops:
            if node.type in _TYPES:
                self._define_type(node, -1, public=False)
        for node in tops:
            self.scopes = [{}]
            self._classes = []
            self.visit(node)
            self.visit_deeper()
        return self.structure(self._package)

    def _import(self, node: Node) -> None:
        named = node.named_children
        path = next((child for child in named if child.type in {"scoped_identifier", "identifier"}), None)
        if path is None:
            return
        text = self.name_of(path)
        line = node.start_point.row + 1
        if any(child.type == "asterisk" for child in named):
            self.imports.append(Imported(text, "*", "", line, False, False, False))
            return
        module, _, name = text.rpartition(".")
        binding: Binding = ("import", module, name)
        self.imports.append(Imported(module, name, name, line, False, False, False))
        end = path.child_by_field_name("name") or path
        self.report(end, name, "import", binding)
        is_static = any(child.type == "static" for child in node.children)
        (self._static if is_static else self._top).setdefault(name, binding)
        if is_static and name[:1].isupper():
            self._top.setdefault(name, binding)

    # Definitions

    def _define_type(self, node: Node, parent: int, *, public: bool) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None:
            return
        text = self.name_of(name)
        marks = _modifiers(self, node)
        visible = public or "public" in marks
        index = self.define(
            name,
            _TYPES[node.type],
            node,
            parent=parent,
            public=visible,
            entry=_entry(marks) or ("exported" if visible else ""),
            documented=_is_documented(self, node),
        )
        self._indexes[name.start_byte] = index
        if parent < 0:
            self._top[text] = ("def", index)
        known = _Class(index, ("def", index))
        known.extends = any(
            child.type in {"superclass", "super_interfaces", "extends_interfaces"} for child in node.children
        )
        if body is None:
            return
        self._by_body[body.start_byte] = known
        components = node.child_by_field_name("parameters")
        for component in components.named_children if components is not None else ():
            self._define_field(component, component, known, visible=True)
        is_open = node.type in {"interface_declaration", "annotation_type_declaration"} and visible
        self._define_members(body, known, public=is_open)

    def _define_members(self, body: Node, known: _Class, *, public: bool) -> None:
        for child in body.named_children:
            kind = child.type
            if kind in _TYPES:
                self._define_nested(child, known, public=public)
            elif kind in _METHODS:
                self._define_method(child, known, public=public)
            elif kind in {"field_declaration", "constant_declaration"}:
                visible = public or "public" in _modifiers(self, child)
                for declarator in child.children_by_field_name("declarator"):
                    self._define_field(declarator, child, known, visible=visible)
            elif kind == "enum_constant":
                self._define_constant(child, known)
            elif kind == "enum_body_declarations":
                self._define_members(child, known, public=public)

    def _define_nested(self, node: Node, known: _Class, *, public: bool) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            known.types[self.name_of(name)] = len(self.definitions)
            self._define_type(node, known.index, public=public)

    def _define_method(self, node: Node, known: _Class, *, public: bool) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        text = self.name_of(name)
        marks = _modifiers(self, node)
        visible = public or "public" in marks
        is_main = text == "main" and "static" in marks and visible
        index = self.define(
            name,
            _METHODS[node.type],
            node,
            parent=known.index,
            public=visible,
            entry="main" if is_main else _entry(marks) or ("exported" if visible else ""),
            parameters=_count_parameters(node),
            documented=_is_documented(self, node),
        )
        self._indexes[name.start_byte] = index
        if node.type not in {"constructor_declaration", "compact_constructor_declaration"}:
            known.methods.setdefault(text, index)

    def _define_field(self, declarator: Node, around: Node, known: _Class, *, visible: bool) -> None:
        name = declarator.child_by_field_name("name")
        if name is None:
            return
        marks = _modifiers(self, around)
        index = self.define(
            name,
            "constant" if "static" in marks and "final" in marks else "field",
            around,
            parent=known.index,
            public=visible,
            entry=_entry(marks) or ("exported" if visible else ""),
            documented=_is_documented(self, around),
        )
        self._indexes[name.start_byte] = index
        known.fields.setdefault(self.name_of(name), index)

    def _define_constant(self, node: Node, known: _Class) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        public = known.index >= 0 and self.definitions[known.index].public
        index = self.define(
            name,
            "constant",
            node,
            parent=known.index,
            public=public,
            entry="exported" if public else "",
            type=instance(known.meaning),
            documented=_is_documented(self, node),
        )
        self._indexes[name.start_byte] = index
        known.fields.setdefault(self.name_of(name), index)

    # Declarations, visited

    def _type_declaration(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            return UNKNOWN
        if name.start_byte not in self._indexes:  # a class within a method
            self.scopes[-1][self.name_of(name)] = Bound(("def", len(self.definitions)), False)
            self._define_type(node, self.owner, public=False)
        known = self._by_body.get(body.start_byte) or _Class(-1, UNKNOWN)
        before = self.enter(known.index)
        self.scopes.append({})
        self._classes.append(known)
        for child in node.named_children:
            if child.type in {"superclass", "super_interfaces", "extends_interfaces"}:
                self._inherits(child, known)
            elif child.type == "type_parameters":
                self._type_parameters(child)
            elif child.type == "formal_parameters":
                self._components(child)
            elif child not in {name, body}:
                self.visit(child)
        self.visit_all(body.named_children)
        self._classes.pop()
        self.scopes.pop()
        self.leave(before)
        return UNKNOWN

    def _inherits(self, node: Node, known: _Class) -> None:
        listed = node.named_children
        if listed and listed[0].type == "type_list":
            listed = listed[0].named_children
        for child in listed:
            binding = _plain(self.visit(child, "inherit"))
            if node.type == "superclass":
                known.parent = binding
            if known.index >= 0:
                self.add_base(known.index, binding)

    def _type_parameters(self, node: Node) -> None:
        for declared in node.named_children:
            names = [child for child in declared.named_children if child.type in {"type_identifier", "identifier"}]
            for name in names[:1]:
                self.bind(self.name_of(name), UNKNOWN)
                bounds = [child for child in declared.named_children if child.type == "type_bound"]
                found = [self.visit(child, "type") for bound in bounds for child in bound.named_children]
                self.bind(self.name_of(name), found[0] if found else UNKNOWN)

    def _components(self, node: Node) -> None:
        """The components of a record."""
        for component in node.named_children:
            meant, name = component.child_by_field_name("type"), component.child_by_field_name("name")
            binding = self.visit(meant) if meant is not None else UNKNOWN
            known = self._indexes.get(name.start_byte) if name is not None else None
            if known is not None:
                self.add_type(known, binding)

    def _enum_constant(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "arguments")
        body = node.child_by_field_name("body")
        if body is not None:
            meaning = self._classes[-1].meaning if self._classes else UNKNOWN
            self._anonymous(body, meaning)
        return UNKNOWN

    def _anonymous(self, body: Node, meaning: Binding) -> None:
        """The body of a class without a name."""
        known = _Class(-1, meaning, parent=meaning, extends=True)
        first = len(self.definitions)
        self._define_members(body, known, public=False)
        for index in range(first, len(self.definitions)):
            if self.definitions[index].parent == -1:
                self.definitions[index] = self.definitions[index]._replace(parent=self.owner, entry="overrides")
        self.scopes.append({})
        self._classes.append(known)
        self.visit_all(body.named_children)
        self._classes.pop()
        self.scopes.pop()

    def _method(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name = node.child_by_field_name("name")
        index = self._indexes.get(name.start_byte, self.owner) if name is not None else self.owner
        before = self.enter(index)
        self.scopes.append({})
        returned = UNKNOWN
        meant = node.child_by_field_name("type")
        for child in node.named_children:
            if child.type == "type_parameters":
                self._type_parameters(child)
            elif child == meant:
                returned = self.visit(child, "type")
            elif child.type == "formal_parameters":
                self._parameters(child)
            elif child != name:
                self.visit(child)
        if index >= 0 and returned:
            self.add_type(index, returned)
        self.scopes.pop()
        self.leave(before)
        return UNKNOWN

    def _parameters(self, node: Node) -> None:
        for parameter in node.named_children:
            name = parameter.child_by_field_name("name")
            if parameter.type == "spread_parameter":
                self._spread(parameter)
                continue
            for child in parameter.named_children:
                if child.type == "modifiers":
                    self.visit(child)
            meant = parameter.child_by_field_name("type")
            binding = self.visit(meant, "type") if meant is not None else UNKNOWN
            if name is not None:
                self.bind(self.name_of(name), binding)

    def _spread(self, parameter: Node) -> None:
        binding = UNKNOWN
        for child in parameter.named_children:
            name = child.child_by_field_name("name") if child.type == "variable_declarator" else None
            if name is not None:
                self.bind(self.name_of(name), several(binding))
            else:
                binding = self.visit(child, "type") or binding

    def _field_declaration(self, node: Node, _kind: OccurrenceKind) -> Binding:
        for child in node.named_children:
            if child.type == "modifiers":
                self.visit(child)
        meant = node.child_by_field_name("type")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        for declarator in node.children_by_field_name("declarator"):
            name = declarator.child_by_field_name("name")
            known = self._indexes.get(name.start_byte) if name is not None else None
            if known is not None:
                self.add_type(known, binding)
            self.visit_field(declarator, "value")
        return UNKNOWN

    def _annotation(self, node: Node, _kind: OccurrenceKind) -> Binding:
        name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        if name is not None and name.type == "identifier":
            text = self.name_of(name)
            if text not in _LANG or text in self._top:
                self.report(name, text, "type", self._type_meaning(text))
        if arguments is not None:
            self.visit_all(arguments.named_children)
        return UNKNOWN

    def _value_pair(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return self.visit_field(node, "value")

    # Types

    def _type_meaning(self, name: str) -> Binding:
        found = self.bound(name)
        if found is not None and not found.local:
            return found.binding
        for known in reversed(self._classes):
            if name in known.types:
                return ("def", known.types[name])
        return self._top.get(name) or ("free", name)

    def _type(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        found = self.bound(name)
        if (found is not None and found.local) or name == "var":
            return found.binding if found is not None else UNKNOWN
        meaning = self._type_meaning(name)
        if meaning != ("free", name) or name not in _LANG:
            self.report(node, name, "type" if kind == "name" else kind, meaning)
        return instance(meaning)

    def _builtin_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        return instance(("free", self.name_of(node)))

    def _scoped_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        """`Outer.Inner`, and `a.b.C`, whose packages are type identifiers too in this grammar."""
        names = [child for child in node.named_children if child.type in {"type_identifier", "scoped_type_identifier"}]
        if len(names) < 2:
            return self.visit(names[0], kind) if names else UNKNOWN
        text = self.name_of(names[1])
        before = self.name_of(names[0])
        if before.rpartition(".")[2][:1].islower():
            binding: Binding = ("import", before, text)
        else:
            binding = member(_plain(self.visit(names[0], "name")), text)
        self.report(names[1], text, "type" if kind == "name" else kind, binding)
        return instance(binding)

    def _generic_type(self, node: Node, kind: OccurrenceKind) -> Binding:
        named = node.named_children
        if not named:
            return UNKNOWN
        binding = self.visit(named[0], kind)
        found: list[Binding] = []
        for child in named[1:]:
            found += [self.visit(argument, "type") for argument in child.named_children]
        name = self.name_of(named[0]).rpartition(".")[2]
        if found and found[-1] and name in _MAPS:
            return several(found[-1], name)
        if found and found[0] and name in _CONTAINERS:
            return several(found[0], name)
        return binding

    def _array_type(self, node: Node, _kind: OccurrenceKind) -> Binding:
        element = node.child_by_field_name("element")
        return several(self.visit(element, "type")) if element is not None else UNKNOWN

    # Names

    def _identifier(self, node: Node, kind: OccurrenceKind) -> Binding:
        name = self.name_of(node)
        found = self.bound(name)
        if found is not None and found.local:
            return found.binding
        binding = self._value_meaning(name)
        if binding != ("free", name) or name not in _LANG:
            self.report(node, name, kind, binding)
        index = binding[1] if binding[:1] == ("def",) else -1
        known = self.definitions[index] if isinstance(index, int) and index >= 0 else None
        return (known.type if known is not None and known.kind in {"field", "constant"} else UNKNOWN) or binding

    def _value_meaning(self, name: str) -> Binding:
        for known in reversed(self._classes):
            if name in known.fields:
                index = known.fields[name]
                return ("def", index) if known.index >= 0 else self.definitions[index].type or ("def", index)
        if name in self._static:
            return self._static[name]
        if name[:1].isupper():
            return self._type_meaning(name)
        return self._inherited(name)

    def _inherited(self, name: str) -> Binding:
        """A member that no class of this file around defines: inherited by the innermost one that inherits."""
        for known in reversed(self._classes):
            if known.extends and known.meaning:
                return member(instance(known.meaning), name)
        return ("free", name)

    def _this(self, _node: Node, _kind: OccurrenceKind) -> Binding:
        return instance(self._classes[-1].meaning) if self._classes else UNKNOWN

    def _super(self, _node: Node, _kind: OccurrenceKind) -> Binding:
        if not self._classes:
            return UNKNOWN
        known = self._classes[-1]
        return ("super", known.index) if known.index >= 0 else instance(known.parent)

    def _field_access(self, node: Node, kind: OccurrenceKind) -> Binding:
        target, named = node.child_by_field_name("object"), node.child_by_field_name("field")
        if target is None or named is None:
            return UNKNOWN
        if named.type != "identifier":  # `Outer.this`
            return instance(_plain(self.visit(target)))
        name = self.name_of(named)
        package = self._package_of(target)
        if package and name[:1].isupper():
            binding: Binding = ("import", package, name)
        elif package:
            return UNKNOWN
        else:
            binding = member(self.visit(target), name)
        self.report(named, name, kind, binding)
        return binding

    def _package_of(self, node: Node) -> str:
        """The text of `a.b.c` when `a` is nothing known and all is in lower case: a package."""
        text = self.name_of(node)
        head = text.partition(".")[0]
        if not text.replace(".", "").replace("_", "").isalnum() or text != text.lower() or "." not in text:
            return ""
        is_known = self.bound(head) is not None or head in {"this", "super"} or head in self._static
        return "" if is_known or any(head in known.fields for known in self._classes) else text

    def _invocation(self, node: Node, _kind: OccurrenceKind) -> Binding:
        target, named = node.child_by_field_name("object"), node.child_by_field_name("name")
        if named is None:
            return UNKNOWN
        name = self.name_of(named)
        base = UNKNOWN
        if target is None:
            called = self._method_meaning(name)
        else:
            base = self.visit(target)
            called = member(base, name)
        self.report(named, name, "call", as_called(called))
        holds = base[:1] == ("each",)
        self._element = item(base) if holds and name in _TAKES_ELEMENT else UNKNOWN
        for field_name in ("type_arguments", "arguments"):
            self.visit_field(node, field_name)
        self._element = UNKNOWN
        if holds and name in _ELEMENT:
            return item(base)
        return base if holds and name in _SAME_ELEMENTS else result(called)

    def _method_meaning(self, name: str) -> Binding:
        for known in reversed(self._classes):
            if name in known.methods:
                return ("def", known.methods[name])
        return self._static.get(name) or self._inherited(name)

    def _method_reference(self, node: Node, _kind: OccurrenceKind) -> Binding:
        named = node.named_children
        if not named:
            return UNKNOWN
        base = self.visit(named[0])
        if len(named) > 1 and named[-1].type == "identifier":
            name = self.name_of(named[-1])
            self.report(named[-1], name, "call", member(base, name))
        return UNKNOWN

    def _creation(self, node: Node, _kind: OccurrenceKind) -> Binding:
        meant = node.child_by_field_name("type")
        binding = self.visit(meant, "call") if meant is not None else UNKNOWN
        for child in node.named_children:
            if child.type == "class_body":
                self._anonymous(child, _plain(binding))
            elif child != meant:
                self.visit(child)
        return binding

    def _array_creation(self, node: Node, _kind: OccurrenceKind) -> Binding:
        binding = UNKNOWN
        meant = node.child_by_field_name("type")
        for child in node.named_children:
            found = self.visit(child, "type")
            if child == meant:
                binding = found
        return several(binding)

    def _array_access(self, node: Node, _kind: OccurrenceKind) -> Binding:
        base = self.visit_field(node, "array")
        self.visit_field(node, "index")
        return item(base)

    def _cast(self, node: Node, _kind: OccurrenceKind) -> Binding:
        meant = node.child_by_field_name("type")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        self.visit_field(node, "value")
        return binding

    def _lambda(self, node: Node, _kind: OccurrenceKind) -> Binding:
        element, self._element = self._element, UNKNOWN
        self.scopes.append({})
        parameters = node.child_by_field_name("parameters")
        if parameters is not None and parameters.type == "identifier":
            self.bind(self.name_of(parameters), element)
        elif parameters is not None and parameters.type == "inferred_parameters":
            for place, name in enumerate(parameters.named_children):
                self.bind(self.name_of(name), UNKNOWN if place else element)
        elif parameters is not None:
            self._parameters(parameters)
        self.visit_field(node, "body")
        self.scopes.pop()
        return UNKNOWN

    def _assignment(self, node: Node, _kind: OccurrenceKind) -> Binding:
        value = self.visit_field(node, "right")
        left = node.child_by_field_name("left")
        if left is not None:
            self.visit(left, "write")
        return value

    def _update(self, node: Node, _kind: OccurrenceKind) -> Binding:
        for child in node.named_children:
            self.visit(child, "write")
        return UNKNOWN

    def _binary(self, node: Node, _kind: OccurrenceKind) -> Binding:
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in {"&&", "||"}:
            self.branch()
        self.visit_field(node, "left")
        self.visit_field(node, "right")
        return UNKNOWN

    def _ternary(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        found = [self.visit(child) for child in node.named_children]
        return next((binding for binding in found[1:] if binding), UNKNOWN)

    def _instanceof(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "left")
        right, name = node.child_by_field_name("right"), node.child_by_field_name("name")
        binding = self.visit(right, "type") if right is not None else UNKNOWN
        self.visit_field(node, "pattern")
        if name is not None:
            self.bind(self.name_of(name), binding)
        return UNKNOWN

    def _type_pattern(self, node: Node, _kind: OccurrenceKind) -> Binding:
        binding = UNKNOWN
        for child in node.named_children:
            if child.type == "identifier":
                self.bind(self.name_of(child), binding)
            else:
                binding = self.visit(child)
        return UNKNOWN

    # Statements

    def _local(self, node: Node, _kind: OccurrenceKind) -> Binding:
        for child in node.named_children:
            if child.type == "modifiers":
                self.visit(child)
        meant = node.child_by_field_name("type")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        for declarator in node.children_by_field_name("declarator"):
            name = declarator.child_by_field_name("name")
            value = self.visit_field(declarator, "value")
            if name is not None:
                self.bind(self.name_of(name), binding or value)
        return UNKNOWN

    def _resource(self, node: Node, _kind: OccurrenceKind) -> Binding:
        meant, name = node.child_by_field_name("type"), node.child_by_field_name("name")
        if name is None:
            self.visit_all(node.named_children)
            return UNKNOWN
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        value = self.visit_field(node, "value")
        self.bind(self.name_of(name), binding or value)
        return UNKNOWN

    def _if(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.visit_field(node, "condition")
        self.deeper()
        self.visit_field(node, "consequence")
        alternative = node.child_by_field_name("alternative")
        chained = alternative is not None and alternative.type == "if_statement"
        if chained:
            self.higher()
        if alternative is not None:
            self.visit(alternative)
        if not chained:
            self.higher()
        return UNKNOWN

    def _loop(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.deeper()
        self.in_scope(node, "name")
        self.higher()
        return UNKNOWN

    def _for_each(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.scopes.append({})
        over = self.visit_field(node, "value")
        meant, name = node.child_by_field_name("type"), node.child_by_field_name("name")
        binding = self.visit(meant, "type") if meant is not None else UNKNOWN
        if name is not None:
            self.bind(self.name_of(name), binding or item(over))
        self.deeper()
        self.visit_field(node, "body")
        self.higher()
        self.scopes.pop()
        return UNKNOWN

    def _try(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.deeper()
        self.in_scope(node, "name")
        self.higher()
        return UNKNOWN

    def _catch(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.branch()
        self.scopes.append({})
        for child in node.named_children:
            if child.type == "catch_formal_parameter":
                self._caught(child)
            else:
                self.visit(child)
        self.scopes.pop()
        return UNKNOWN

    def _caught(self, node: Node) -> None:
        found = UNKNOWN
        for child in node.named_children:
            if child.type == "catch_type":
                found = next(
                    (kind for kind in [self.visit(kind, "type") for kind in child.named_children] if kind), found
                )
        name = node.child_by_field_name("name")
        if name is not None:
            self.bind(self.name_of(name), found)

    def _switch(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_field(node, "condition")
        self.deeper()
        self.visit_field(node, "body")
        self.higher()
        return UNKNOWN

    def _case(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.scopes.append({})
        for child in node.named_children:
            if child.type == "switch_label":
                if child.named_child_count:
                    self.branch()
                self._label(child)
            else:
                self.visit(child)
        self.scopes.pop()
        return UNKNOWN

    def _label(self, node: Node) -> None:
        """`case ONE`: constants of an enumeration stand there without its name."""
        for child in node.named_children:
            name = self.name_of(child) if child.type == "identifier" else ""
            if name and self.bound(name) is None and not any(name in known.fields for known in self._classes):
                self.report(child, name, "name", self._static.get(name, UNKNOWN))
            else:
                self.visit(child)

    def _labeled(self, node: Node, _kind: OccurrenceKind) -> Binding:
        self.visit_all(node.named_children[1:])
        return UNKNOWN


def _plain(value: Binding) -> Binding:
    """The type that the binding of a value names."""
    if value[:1] in {("type",), ("each",)}:
        return part(value, 1)
    return value


def _modifiers(reader: Gatherer, node: Node) -> frozenset[str]:
    """The modifiers of a declaration; annotations with their `@`, without arguments."""
    for child in node.children:
        if child.type == "modifiers":
            return frozenset(reader.name_of(mark).partition("(")[0] for mark in child.children)
    return frozenset()


def _entry(marks: frozenset[str]) -> str:
    """Why something outside the code may call what has these annotations."""
    names = {mark[1:].strip().rpartition(".")[2] for mark in marks if mark.startswith("@")}
    if names & _TESTS:
        return "test"
    others = sorted(names - _HARMLESS)
    if others:
        return f"annotated {others[0]}"
    return "overrides" if "Override" in names else ""


def _is_documented(reader: Gatherer, node: Node) -> bool:
    comment = comment_before(node, _COMMENTS)
    return comment is not None and reader.text[comment.start_byte : comment.start_byte + 3] == b"/**"


def _count_parameters(node: Node) -> int:
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return 0
    return sum(parameter.type in {"formal_parameter", "spread_parameter"} for parameter in parameters.named_children)
