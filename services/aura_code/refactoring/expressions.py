"""Expressions: which code is one, when it is evaluated, and when it needs parentheses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tree_sitter import Node

from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.workspace import Refusal


def _split(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPT: Final = _split(
    "call_expression new_expression member_expression subscript_expression binary_expression unary_expression "
    "ternary_expression template_string string number regex array object arrow_function function_expression "
    "await_expression parenthesized_expression as_expression satisfies_expression non_null_expression "
    "jsx_element jsx_self_closing_element jsx_fragment true false null sequence_expression"
)
EXPRESSIONS: Final[Mapping[str, frozenset[str]]] = {
    "python": _split(
        "call attribute subscript binary_operator boolean_operator comparison_operator unary_operator not_operator "
        "string concatenated_string integer float list dictionary set tuple conditional_expression lambda "
        "list_comprehension dictionary_comprehension set_comprehension generator_expression await "
        "parenthesized_expression expression_list true false none"
    ),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "go": _split(
        "call_expression selector_expression index_expression slice_expression binary_expression unary_expression "
        "composite_literal func_literal parenthesized_expression type_assertion_expression type_conversion_expression "
        "interpreted_string_literal raw_string_literal"
    ),
}
"""Kinds of nodes whose value can be given a name."""
BLOCKS: Final = _split("block module statement_block program statement_list source_file switch_case switch_default")
_ATOMS: Final = _split(
    "identifier call attribute subscript string list dictionary set parenthesized_expression true false none "
    "list_comprehension dictionary_comprehension set_comprehension call_expression member_expression "
    "subscript_expression "
    "template_string array null undefined regex integer float number"
)
_NUMBERS: Final = _split("integer float number")
_ROOMY: Final = _split(
    "argument_list arguments assignment return_statement keyword_argument expression_statement list array pair "
    "parenthesized_expression variable_declarator assignment_expression augmented_assignment interpolation "
    "template_substitution jsx_expression default_parameter"
)
"""Places that take any expression as it is, but for sequences."""
_LOOSE: Final = _split("expression_list generator_expression named_expression yield sequence_expression tuple")
LITERALS: Final = _split("integer float string true false none number null undefined")
_CALLS: Final = _split(
    "call await yield call_expression new_expression await_expression yield_expression update_expression "
    "assignment_expression augmented_assignment_expression named_expression"
)
_PATTERNS: Final = _split(
    "pattern_list tuple_pattern list_pattern array_pattern object_pattern pair_pattern as_pattern_target "
    "expression_list"
)
_LOGICAL: Final = frozenset({"&&", "||", "??"})


def evaluated_later(node: Node, statement: Node) -> str:
    """Why a node is not evaluated exactly once, right when its statement begins; empty when it is."""
    child = node
    while child != statement:
        around = child.parent
        if around is None:
            return "it stands in no statement"
        why = _why_later(child, around)
        if why:
            return why
        child = around
    return ""


def _why_later(child: Node, around: Node) -> str:
    simple = _ALWAYS.get(around.type)
    if simple is not None:
        return simple
    check = _CHECKS.get(around.type)
    return check(child, around) if check is not None else ""


_ALWAYS: Final[Mapping[str, str]] = {
    "lambda": "a lambda evaluates it at each call",
    "arrow_function": "the function evaluates it at each call",
    "decorator": "it stands in a decorator",
    "decorated_definition": "it stands in a decorator",
    "default_parameter": "the default of a parameter belongs to the definition",
    "typed_default_parameter": "the default of a parameter belongs to the definition",
    "required_parameter": "the default of a parameter is evaluated at each call",
    "optional_parameter": "the default of a parameter is evaluated at each call",
    "assignment_pattern": "a default is evaluated only when it is needed",
    "object_assignment_pattern": "a default is evaluated only when it is needed",
    "while_statement": "the condition of a loop is evaluated each time",
    "do_statement": "the condition of a loop is evaluated each time",
    "elif_clause": "an `elif` is evaluated only when what is before it does not hold",
    "else_clause": "an `else if` is evaluated only when what is before it does not hold",
    "case_clause": "a case is evaluated only when those before it do not fit",
    "switch_case": "a case is evaluated only when those before it do not fit",
    "expression_case": "a case is evaluated only when those before it do not fit",
    "except_clause": "it is evaluated only when something is raised",
    "class_body": "a field is evaluated for each object",
    "field_definition": "a field is evaluated for each object",
    "public_field_definition": "a field is evaluated for each object",
    "for_clause": "the parts of a loop are evaluated each time",
    "class_definition": "it belongs to the definition of a class",
    "function_definition": "it belongs to the definition of a function",
    "type": "it is a type",
    "concatenated_string": "it is a part of a string",
    "delete_statement": "it is deleted",
    "global_statement": "it is a declaration",
    "import_from_statement": "it is an import",
}


def _boolean(child: Node, around: Node) -> str:
    operator = around.child_by_field_name("operator")
    lazy = around.type == "boolean_operator" or (operator is not None and operator.type in _LOGICAL)
    return (
        "it is evaluated only when the left side asks for it"
        if lazy and around.child_by_field_name("right") == child
        else ""
    )


def _conditional(child: Node, around: Node) -> str:
    parts = [part for part in around.named_children if part.type != "comment"]
    condition = parts[1] if around.type == "conditional_expression" and len(parts) > 1 else parts[0]
    return "" if child == condition else "only one branch of a condition is evaluated"


def _comparison(child: Node, around: Node) -> str:
    return "a chain of comparisons may end before it" if child in around.named_children[2:] else ""


def _comprehension(child: Node, around: Node) -> str:
    clauses = [part for part in around.named_children if part.type == "for_in_clause"]
    return "" if clauses and child == clauses[0] else "a comprehension evaluates it for each element"


def _clause(child: Node, around: Node) -> str:
    """Of a comprehension: the first iterable is evaluated at once."""
    return "" if child == around.child_by_field_name("right") else "a comprehension evaluates it for each element"


def _second(child: Node, around: Node) -> str:
    return "" if around.named_children[:1] == [child] else "it is evaluated only when the first part fails or is done"


def _for(child: Node, around: Node) -> str:
    late = around.type == "for_statement" and around.child_by_field_name("condition") is not None
    late = late or child == around.child_by_field_name("increment")
    return "the parts of a loop are evaluated each time" if late else ""


def _if(_child: Node, around: Node) -> str:
    if around.child_by_field_name("initializer") is not None:
        return "the statement before the condition is evaluated first"
    return "an `else if` is evaluated only when what is before it does not hold" if _is_else(around) else ""


def _is_else(node: Node) -> bool:
    around = node.parent
    return around is not None and (around.type == "else_clause" or around.child_by_field_name("alternative") == node)


def _arguments(_child: Node, around: Node) -> str:
    call = around.parent
    function = call.child_by_field_name("function") if call is not None else None
    while function is not None:
        if any(part.type in {"optional_chain", "?."} for part in function.children):
            return "`?.` may leave it out"
        function = function.child_by_field_name("object") or function.child_by_field_name("function")
    return ""


_CHECKS: Final = {
    "boolean_operator": _boolean,
    "binary_expression": _boolean,
    "conditional_expression": _conditional,
    "ternary_expression": _conditional,
    "comparison_operator": _comparison,
    "list_comprehension": _comprehension,
    "set_comprehension": _comprehension,
    "dictionary_comprehension": _comprehension,
    "generator_expression": _comprehension,
    "for_in_clause": _clause,
    "assert_statement": _second,
    "with_clause": _second,
    "for_statement": _for,
    "if_statement": _if,
    "arguments": _arguments,
}


def statement_of(node: Node) -> Node | None:
    """The statement that a node belongs to, whose neighbours run before and after it."""
    child: Node | None = node
    while child is not None:
        around = child.parent
        if around is not None and around.type in BLOCKS and not _is_case_value(child):
            return child
        child = around
    return None


def _is_case_value(node: Node) -> bool:
    around = node.parent
    return around is not None and around.type == "switch_case" and around.child_by_field_name("value") == node


def is_written(node: Node) -> bool:
    """Whether a node is what is assigned to, and not read."""
    child, around = node, node.parent
    while around is not None and around.type in _PATTERNS:
        child, around = around, around.parent
    if around is None:
        return False
    if around.type in {"update_expression", "delete_statement", "inc_statement", "dec_statement"}:
        return True
    if around.type == "as_pattern":
        return child.type == "as_pattern_target"
    if around.type == "unary_expression" and any(part.type in {"delete", "&", "typeof"} for part in around.children):
        return True
    return around.child_by_field_name("left") == child and (
        "assignment" in around.type
        or around.type in {"for_statement", "for_in_statement", "for_in_clause", "short_var_declaration"}
    )


def calls_in(node: Node, *, before: int | None = None) -> Iterator[Node]:
    """Calls and the like within a node that end before an offset: what may change the world."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if before is not None and one.start_byte >= before:
            continue
        if one.type in _CALLS and (before is None or one.end_byte <= before):
            yield one
        waiting.extend(one.named_children)


def is_pure(node: Node) -> bool:
    """Whether a node is made of literals alone."""
    if node.type in LITERALS:
        return not any(part.type in {"interpolation", "template_substitution"} for part in node.named_children)
    return node.type in {"unary_operator", "unary_expression", "parenthesized_expression"} and all(
        is_pure(part) for part in node.named_children
    )


def needs_parentheses(value: Node, use: Node, text: bytes) -> bool:
    """Whether a value must be put in parentheses where a name is replaced by it."""
    around = use.parent
    if around is None:
        return True
    if b"\n" in text[value.start_byte : value.end_byte] and value.type not in _ATOMS:
        return True
    if value.type in _ATOMS:
        return value.type in _NUMBERS and around.type in {"attribute", "member_expression"}
    if value.type in _LOOSE:
        return value.type != "tuple"
    return not (around.type in _ROOMY and not _is_callee(use, around))


def _is_callee(use: Node, around: Node) -> bool:
    return around.child_by_field_name("function") == use


def whole_expression(root: Node, start: int, end: int, language: str) -> Node:
    """The expression that begins and ends at two offsets.

    Raises:
        Refusal: There is none.
    """
    kinds = EXPRESSIONS.get(language)
    if kinds is None:
        raise Refusal("Expressions are given names in Python, JavaScript, TypeScript and Go; elsewhere types decide.")
    node = root.named_descendant_for_byte_range(start, end)
    found: Node | None = None
    while node is not None and node.start_byte == start and node.end_byte == end:
        if node.type in kinds:
            found = found or node
        node = node.parent
    if found is None:
        raise Refusal("The selection is not one whole expression.")
    return found


def is_script(language: str) -> bool:
    """Whether a language is JavaScript or TypeScript."""
    return language in SCRIPTS
