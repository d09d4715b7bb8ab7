"""Statements in Python that cannot run, or run without effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.python_names import (
    SCOPES,
    UPPER,
    assignments,
    dotted,
    imports,
    is_builtin,
    left_loop,
    parameters,
)
from aura_code.rules.checks.trees import around, field, found, inside, named
from aura_code.syntax import SourceFile

_ENDS: Final = frozenset({"return_statement", "raise_statement", "continue_statement", "break_statement"})
_EXITS: Final = frozenset({"sys.exit", "os._exit"})
_MUTABLE: Final = frozenset(
    {"list", "dictionary", "set", "list_comprehension", "dictionary_comprehension", "set_comprehension"}
)
_MAKERS: Final = frozenset(
    {
        "list",
        "dict",
        "set",
        "bytearray",
        "collections.defaultdict",
        "collections.deque",
        "collections.OrderedDict",
        "collections.Counter",
    }
)
_READ_ONLY: Final = ("Sequence", "Mapping", "Iterable", "Collection", "tuple", "frozenset", "Container", "AbstractSet")


def unreachable(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The first statement behind one that never goes on."""
    end, following = captures["end"][0], captures["next"][0]
    while following.type == "comment" and following.next_named_sibling is not None:
        following = following.next_named_sibling
    if following.type == "comment" or not ends(file, end) or _is_quiet(file, following):
        return
    yield Hit(_first_line(file, following), f"This cannot run: {_reason(end)} above never goes on.")


def _reason(end: Node) -> str:
    words = {"if_statement": "each branch of the `if`", "try_statement": "the `try`", "while_statement": "the loop"}
    if end.type == "expression_statement":
        return "the exit"
    return words.get(end.type, f"the `{end.type.removesuffix('_statement')}`")


def _first_line(file: SourceFile, node: Node) -> tuple[int, int]:
    end = file.text.find(b"\n", node.start_byte, node.end_byte)
    return node.start_byte, node.end_byte if end < 0 else end


def _is_quiet(file: SourceFile, following: Node) -> bool:
    """What is written behind a return on purpose: texts, and a `yield` that makes the function a generator."""
    if following.type == "expression_statement" and named(following)[0].type in {"string", "ellipsis"}:
        return True
    block = following.parent
    rest = [each for each in named(block) if each.start_byte >= following.start_byte] if block is not None else []
    if any(part.type == "yield" for each in rest for part in (each, *inside(each, stop=SCOPES))):
        return True
    return following.type == "pass_statement" or file.text_of(following) in {
        "assert False",
        "raise NotImplementedError",
    }


def ends(file: SourceFile, statement: Node, depth: int = 6) -> bool:
    """Whether what follows a statement in its block can never run."""
    if statement.type in _ENDS:
        return True
    decide = _DECIDERS.get(statement.type)
    return decide is not None and depth > 0 and decide(file, statement, depth - 1)


def _block_ends(file: SourceFile, block: Node | None, depth: int) -> bool:
    statements = named(block) if block is not None else []
    return bool(statements) and ends(file, statements[-1], depth)


def _if_ends(file: SourceFile, statement: Node, depth: int) -> bool:
    others = statement.children_by_field_name("alternative")
    if not others or others[-1].type != "else_clause":
        return False
    blocks = [
        field(statement, "consequence"),
        *(field(each, "body") or field(each, "consequence") for each in others),
    ]
    return all(_block_ends(file, block, depth) for block in blocks)


def _while_ends(_file: SourceFile, statement: Node, _depth: int) -> bool:
    condition, body = field(statement, "condition"), field(statement, "body")
    if condition is None or body is None or condition.type not in {"true", "integer"}:
        return False
    if condition.text in {b"0", b"0x0"} or field(statement, "alternative") is not None:
        return False
    return not any(
        part.type == "break_statement" and left_loop(part) == statement for part in inside(body, stop=SCOPES)
    )


def _try_ends(file: SourceFile, statement: Node, depth: int) -> bool:
    clauses = named(statement)
    handlers = [each for each in clauses if each.type in {"except_clause", "except_group_clause"}]
    otherwise = [each for each in clauses if each.type == "else_clause"]
    finals = [each for each in clauses if each.type == "finally_clause"]
    if finals and _block_ends(file, named(finals[0])[-1], depth):
        return True
    body = field(otherwise[0], "body") if otherwise else field(statement, "body")
    return _block_ends(file, body, depth) and all(_block_ends(file, named(each)[-1], depth) for each in handlers)


def _exits(file: SourceFile, statement: Node, _depth: int) -> bool:
    call = named(statement)[0]
    return call.type == "call" and dotted(file, field(call, "function")) in _EXITS


_DECIDERS: Final = {
    "if_statement": _if_ends,
    "while_statement": _while_ends,
    "try_statement": _try_ends,
    "expression_statement": _exits,
}


def mutable_default(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A list, dict or set as default of a parameter."""
    value, function = captures["value"][0], captures["function"][0]
    name = file.text_of(captures["name"][0])
    if not _is_mutable(file, value) or name.startswith("_") or any(word in name.lower() for word in ("cache", "memo")):
        return
    if _is_stub(function) or _is_only_read(file, function, name):
        return
    kind = captures["type"][0] if "type" in captures else None
    if kind is not None and any(word in file.text_of(kind) for word in _READ_ONLY):
        return
    yield Hit(
        value,
        f"All calls share this one default of `{name}`: what one call puts in, the next one finds.",
        _none_instead(file, function, value, name) if kind is None else (),
    )


def _is_only_read(file: SourceFile, function: Node, name: str) -> bool:
    """Whether a parameter is used, and each use only looks into it: nothing can be put into the default then."""
    body = field(function, "body")
    uses = [
        caught["name"][0]
        for caught in (found(file, "(identifier) @name", body) if body is not None else ())
        if file.text_of(caught["name"][0]) == name
    ]
    return bool(uses) and all(_only_looks(file, use) for use in uses)


def _only_looks(file: SourceFile, use: Node) -> bool:
    parent = use.parent
    if parent is None or parent.type in _LOOKING:
        return True
    if parent.type == "attribute":
        method = field(parent, "attribute")
        return field(parent, "object") != use or (method is not None and file.text_of(method) in _LOOKING_METHODS)
    if parent.type == "subscript":
        holder = parent.parent
        return holder is None or (field(holder, "left") != parent and holder.type != "delete_statement")
    if parent.type == "argument_list" and parent.parent is not None:
        function = field(parent.parent, "function")
        return function is not None and file.text_of(function) in _COPYING
    if parent.type in {"for_statement", "for_in_clause"}:
        return field(parent, "right") == use
    return parent.type == "keyword_argument" and field(parent, "name") == use


_LOOKING: Final = frozenset(
    {
        "comparison_operator",
        "not_operator",
        "if_statement",
        "dictionary_splat",
        "list_splat",
        "binary_operator",
        "interpolation",
        "assert_statement",
    }
)
_LOOKING_METHODS: Final = frozenset({"get", "items", "keys", "values", "copy", "index", "count", "union", "difference"})
_COPYING: Final = frozenset(
    {"list", "dict", "set", "tuple", "len", "sorted", "any", "all", "sum", "frozenset", "isinstance"}
)


def _is_stub(function: Node) -> bool:
    """Whether a function has no body but `...`: an overload or a protocol."""
    body = field(function, "body")
    statements = named(body) if body is not None else []
    return all(
        each.type == "expression_statement" and named(each)[0].type in {"ellipsis", "string"} for each in statements
    )


def _is_mutable(file: SourceFile, value: Node) -> bool:
    if value.type in _MUTABLE:
        return True
    if value.type != "call":
        return False
    function = dotted(file, field(value, "function"))
    return function in _MAKERS and ("." in function or is_builtin(file, function))


def _none_instead(file: SourceFile, function: Node, value: Node, name: str) -> tuple[Edit, ...]:
    body = field(function, "body")
    statements = named(body) if body is not None else []
    if not statements or statements[0].start_point.row == function.start_point.row:
        return ()
    first = statements[0]
    if first.type == "expression_statement" and named(first)[0].type == "string":
        if len(statements) == 1:
            return ()
        first = statements[1]
    indent = " " * first.start_point.column
    made = f"if {name} is None:\n{indent}    {name} = {file.text_of(value)}\n{indent}"
    return Edit(value.start_byte, value.end_byte, "None"), Edit(first.start_byte, first.start_byte, made)


def constant_condition(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An `if` or a choice whose condition is written as a constant."""
    condition = captures["condition"][0]
    while condition.type == "parenthesized_expression" and len(named(condition)) == 1:
        condition = named(condition)[0]
    if condition.type in {"list", "dictionary", "tuple", "string", "lambda", "float"}:
        value = "false" if condition.type != "lambda" and not named(condition) else "true"
        if condition.type == "string":
            value = "true" if condition.named_child_count > 2 else "false"
        yield Hit(condition, f"This condition is always {value}.")
        return
    if condition.type == "boolean_operator":
        yield from _always(file, condition)


def _always(file: SourceFile, condition: Node) -> Iterator[Hit]:
    """`x == 1 or "two"`: the text on its own is always true."""
    operator, right = field(condition, "operator"), field(condition, "right")
    left = field(condition, "left")
    if operator is None or right is None or left is None or operator.type != "or":
        return
    compares = left.type == "comparison_operator" or (
        left.type == "boolean_operator" and any(part.type == "comparison_operator" for part in named(left))
    )
    if compares and right.type in {"string", "integer"} and file.text_of(right) not in {"0", "''", '""'}:
        text = file.text_of(right)
        yield Hit(right, f"`or {text}` is always true; each comparison has to be written out.")


def asserted_tuple(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`assert (condition, "message")`."""
    pair = captures["tuple"][0]
    if not named(pair):
        return
    edits = ()
    parts = named(pair)
    if len(parts) == 2 and len(pair.children) == 5:
        edits = (
            Edit(pair.start_byte, parts[0].start_byte, ""),
            Edit(parts[1].end_byte, pair.end_byte, ""),
        )
    yield Hit(pair, "", edits)


def duplicate_key(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A key that stands twice in a dict."""
    seen: dict[str, Node] = {}
    for pair in captures["dict"][0].named_children:
        key = field(pair, "key") if pair.type == "pair" else None
        if key is None or key.type not in {"string", "integer", "true", "false", "none"}:
            continue
        if any(child.type == "interpolation" for child in key.named_children):
            continue
        text = _as_read(file, key)
        if text in seen and file.text_of(seen[text]) != file.text_of(pair):
            line = file.line_of(seen[text].start_byte)
            yield Hit(key, f"The key {file.text_of(key)} stands already in line {line}; that value is lost.")
        seen[text] = pair


def _as_read(file: SourceFile, key: Node) -> str:
    if key.type != "string":
        return file.text_of(key)
    opening = file.text_of(key.named_children[0]).lower().rstrip("'\"")
    return f"{opening}:{''.join(file.text_of(child) for child in key.named_children[1:-1])}"


def duplicate_condition(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The same condition twice in a chain of `if` and `elif`."""
    chain = captures["if"][0]
    seen: dict[str, int] = {}
    parts = [chain, *(each for each in chain.children_by_field_name("alternative") if each.type == "elif_clause")]
    for part in parts:
        condition = field(part, "condition")
        if condition is None:
            continue
        text = " ".join(file.text_of(condition).split())
        if text in seen and not _has_effects(condition):
            yield Hit(condition, f"The same condition stands in line {seen[text]}; this branch never runs.")
        seen.setdefault(text, file.line_of(condition.start_byte))


def _has_effects(condition: Node) -> bool:
    return any(part.type in {"call", "named_expression", "await"} for part in (condition, *inside(condition)))


def duplicate_branch(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An `if` and its only `else` that do the same."""
    first, second = captures["first"][0], captures["second"][0]
    if len(captures["if"][0].children_by_field_name("alternative")) != 1:
        return
    if _shape(file, first) == _shape(file, second) and _shape(file, first) not in {"pass", "..."}:
        yield Hit(captures["if"][0].children[0], "Both branches do the same, whatever the condition says.")


def _shape(file: SourceFile, block: Node) -> str:
    return "\n".join(" ".join(file.text_of(each).split()) for each in named(block))


def changed_while_iterating(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """Items taken out of, or put into, what a loop goes over, without leaving the loop."""
    loop, items = captures["loop"][0], captures["items"][0]
    body = field(loop, "body")
    if body is None:
        return
    watched = _watched(file, items)
    if not watched:
        return
    name, removing = watched
    for part in inside(body, stop=SCOPES):
        change = _change(file, part, name)
        if change == "append" and (part.parent is None or part.parent.parent != body):
            continue  # A list of work that grows under a condition is meant.
        if change in removing and not _leaves(file, part, loop) and not _rebinds(file, body, name):
            yield Hit(part, f"`{name}` is changed while the loop goes over it.")


def _watched(file: SourceFile, items: Node) -> tuple[str, frozenset[str]] | None:
    """The name of what is gone over, and which changes upset that."""
    if items.type == "identifier":
        name = file.text_of(items)
        values = [one["value"] for one in assignments(file).get(name, ()) if "value" in one]
        if any(value.type in {"dictionary", "set"} for value in values):
            return name, frozenset({"del", "pop", "add", "remove", "discard", "popitem", "clear", "insert", "append"})
        return name, frozenset({"remove", "insert", "append", "clear"})
    function = field(items, "function") if items.type == "call" else None
    inner = field(function, "object") if function is not None else None
    method = field(function, "attribute") if function is not None else None
    if inner is None or method is None or file.text_of(method) not in {"items", "keys", "values"}:
        return None
    return file.text_of(inner), frozenset({"del", "pop", "popitem", "clear"})


def _change(file: SourceFile, part: Node, name: str) -> str:
    if part.type == "delete_statement":
        target = named(part)[0] if named(part) else None
        value = field(target, "value") if target is not None and target.type == "subscript" else None
        return "del" if value is not None and file.text_of(value) == name else ""
    if part.type != "call" or part.parent is None:
        return ""
    function = field(part, "function")
    owner = field(function, "object") if function is not None and function.type == "attribute" else None
    method = field(function, "attribute") if function is not None else None
    return file.text_of(method) if owner is not None and method is not None and file.text_of(owner) == name else ""


def _leaves(file: SourceFile, part: Node, loop: Node) -> bool:
    """Whether a block around the change, within the loop, ends with leaving it."""
    parent = part.parent
    while parent is not None and parent != loop:
        if parent.type == "block":
            last = named(parent)[-1]
            if last.type in {"break_statement", "return_statement", "raise_statement"} or (
                last.type != "continue_statement" and last != part and ends(file, last)
            ):
                return True
        parent = parent.parent
    return False


def _rebinds(file: SourceFile, body: Node, name: str) -> bool:
    return any(body.start_byte <= one["name"].start_byte < body.end_byte for one in assignments(file).get(name, ()))


def forgotten_call(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`if text.isdigit:`: the method itself is always true."""
    attribute = captures["attribute"][0]
    name = file.text_of(attribute)
    if name in _QUESTIONS:
        at = captures["at"][0]
        yield Hit(
            at, f"`{name}` is not called here, and a method is always true.", (Edit(at.end_byte, at.end_byte, "()"),)
        )


_QUESTIONS: Final = frozenset(
    {
        "isdigit",
        "isalpha",
        "isalnum",
        "isnumeric",
        "isdecimal",
        "isspace",
        "isupper",
        "islower",
        "istitle",
        "isidentifier",
        "startswith",
        "endswith",
    }
)


def wrong_type(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`isinstance(x, [A, B])` and `isinstance(x, "A")`: neither a type nor a tuple."""
    function, second = captures["function"][0], captures["second"][0]
    if file.text_of(function) not in {"isinstance", "issubclass"} or not is_builtin(file, file.text_of(function)):
        return
    if second.type in {"list", "set", "string", "none", "integer", "dictionary"}:
        edits = ()
        if second.type == "list" and len(named(second)) > 1:
            edits = (
                Edit(second.start_byte, second.start_byte + 1, "("),
                Edit(second.end_byte - 1, second.end_byte, ")"),
            )
        yield Hit(second, "The second argument must be a type or a tuple of types; this raises TypeError.", edits)


def returned_not_implemented(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`raise NotImplemented`: that is a value, not an error."""
    name = captures["name"][0]
    if file.text_of(name) == "NotImplemented" and "NotImplemented" not in imports(file):
        yield Hit(name, "", (Edit(name.start_byte, name.end_byte, "NotImplementedError"),))


def asserted_input(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An `assert` on a parameter of a public function, as its check of the input."""
    statement = captures["at"][0]
    function = around(statement, SCOPES)
    name = field(function, "name") if function is not None else None
    if function is None or name is None or function.type != "function_definition":
        return
    if file.text_of(name).startswith("_") or UPPER.match(file.text_of(name)):
        return
    tested = named(statement)[0]
    if tested.type == "call":
        return  # isinstance and the like narrow a type for checkers
    body = field(function, "body")
    known = parameters(file, function).keys() - {"self", "cls"}
    first = tested
    while first.named_children and first.type != "identifier":
        first = first.named_children[0]
    direct = body is not None and statement.parent == body and tested.type == "comparison_operator"
    if direct and file.text_of(first) in known and " is not None" not in file.text_of(tested):
        yield Hit(statement)
