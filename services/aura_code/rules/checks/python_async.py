"""Coroutines in Python that nobody awaits, and calls that hold up the event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.python_names import (
    SCOPES,
    assignments,
    calls,
    calls_to,
    dotted,
    function_around,
    imports,
    parameters,
)
from aura_code.rules.checks.trees import around, field, found, inside, per_file
from aura_code.syntax import SourceFile

_FUNCTIONS: Final = "(function_definition name: (identifier) @name) @def"
_KNOWN: Final = frozenset(
    [
        *("asyncio.sleep", "asyncio.wait_for", "asyncio.wait", "asyncio.to_thread", "asyncio.open_connection"),
        *("asyncio.start_server", "anyio.sleep", "trio.sleep"),
    ]
)
_BLOCKING: Final = frozenset(
    [
        *("time.sleep", "urllib.request.urlopen", "os.system", "os.popen", "socket.create_connection"),
        *(f"requests.{verb}" for verb in ("get", "post", "put", "patch", "delete", "head", "options", "request")),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput")),
        *(f"httpx.{verb}" for verb in ("get", "post", "put", "patch", "delete", "head", "request")),
    ]
)
_CONDITIONS: Final = frozenset(
    {"if_statement", "elif_clause", "while_statement", "conditional_expression", "assert_statement"}
)
_PLAIN: Final = frozenset(
    {"staticmethod", "classmethod", "override", "typing.override", "abstractmethod", "abc.abstractmethod"}
)


@per_file
def _coroutines(file: SourceFile) -> dict[str, list[Node]]:
    """Coroutine functions of the file by name; a name with other definitions beside them is left out."""
    known: dict[str, list[Node]] = {}
    if b"async def" not in file.text:
        return known
    for caught in found(file, _FUNCTIONS):
        known.setdefault(file.text_of(caught["name"][0]), []).append(caught["def"][0])
    return {name: defs for name, defs in known.items() if any(_is_coroutine(file, each) for each in defs)}


def _is_coroutine(file: SourceFile, function: Node) -> bool:
    if not is_async(function) or any(part.type == "yield" for part in inside(function, stop=SCOPES)):
        return False
    holder = function.parent
    decorators = (
        [each for each in holder.named_children if each.type == "decorator"]
        if holder is not None and holder.type == "decorated_definition"
        else []
    )
    return all(dotted(file, each.named_children[0]) in _PLAIN for each in decorators)


def is_async(function: Node | None) -> bool:
    """Whether a function is defined with `async def`."""
    return function is not None and bool(function.children) and function.children[0].type == "async"


def not_awaited(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A call of a coroutine function whose result is dropped, tested or used as if it were the answer."""
    known = calls(file)
    for name in _coroutines(file):
        for call in known.get(name, ()):
            if _meant(file, call, name):
                yield from _judge(call, name)
    for call, name in calls_to(file, _KNOWN):
        yield from _judge(call, name)


def _meant(file: SourceFile, call: Node, name: str) -> bool:
    """Whether the call means that coroutine function: by its plain name, or on `self` of the same class."""
    function = field(call, "function")
    candidates = _coroutines(file)[name]
    if function is None or not all(_is_coroutine(file, each) for each in _rivals(candidates, call)):
        return False
    if function.type == "identifier":
        return (
            any(around(each, SCOPES) is None or function_around(each) is not None for each in candidates)
            and name not in imports(file)
            and name not in assignments(file)
            and all(_is_visible(each, call) for each in candidates)
            and not _is_parameter(file, call, name)
        )
    owner = field(function, "object")
    if owner is None or file.text_of(owner) not in {"self", "cls"}:
        return False
    own_class = around(call, frozenset({"class_definition"}))
    return own_class is not None and any(around(each, SCOPES) == own_class for each in candidates)


def _rivals(candidates: list[Node], call: Node) -> list[Node]:
    """Definitions of the name that the call could mean as well."""
    function = field(call, "function")
    if function is None or function.type == "identifier":
        return candidates
    own_class = around(call, frozenset({"class_definition"}))
    return [each for each in candidates if around(each, SCOPES) == own_class]


def _is_visible(definition: Node, call: Node) -> bool:
    outer = around(definition, SCOPES)
    if outer is None:
        return True
    if outer.type == "class_definition":
        return False
    return outer.start_byte <= call.start_byte < outer.end_byte


def _is_parameter(file: SourceFile, call: Node, name: str) -> bool:
    function = function_around(call)
    while function is not None:
        if name in parameters(file, function):
            return True
        function = function_around(function)
    return False


def _judge(call: Node, name: str) -> Iterator[Hit]:
    parent = call.parent
    if parent is None:
        return
    use = _use(call, parent)
    if not use:
        return
    edits = (Edit(call.start_byte, call.start_byte, "await "),) if is_async(function_around(call)) else ()
    if use == "attribute":
        edits = (
            (Edit(call.start_byte, call.start_byte, "(await "), Edit(call.end_byte, call.end_byte, ")"))
            if edits
            else ()
        )
    says = {
        "statement": f"`{name}` does not run without `await`.",
        "condition": f"Without `await`, `{name}(…)` is a coroutine, which is always true.",
        "attribute": f"Without `await`, `{name}(…)` is a coroutine and has nothing of its answer.",
        "loop": f"Without `await`, `{name}(…)` is a coroutine, which cannot be looped over.",
    }
    yield Hit(field(call, "function") or call, says[use], edits)


def _use(call: Node, parent: Node) -> str:
    if parent.type == "expression_statement":
        return "statement"
    if parent.type in _CONDITIONS:
        return "condition" if field(parent, "condition") == call or parent.type == "assert_statement" else ""
    if parent.type in {"not_operator", "boolean_operator", "comparison_operator"}:
        return "condition" if _reaches_condition(parent) or parent.type == "not_operator" else ""
    if parent.type == "subscript":
        return "attribute" if field(parent, "value") == call else ""
    if parent.type == "attribute":
        method = field(parent, "attribute")
        own = {b"send", b"close", b"throw", b"cr_frame", b"__await__", b"cr_code"}
        return "" if method is None or method.text in own else "attribute"
    return "loop" if parent.type in {"for_statement", "for_in_clause"} and field(parent, "right") == call else ""


def _reaches_condition(node: Node) -> bool:
    while node.parent is not None and node.parent.type in {
        "not_operator",
        "boolean_operator",
        "parenthesized_expression",
    }:
        node = node.parent
    return node.parent is not None and node.parent.type in _CONDITIONS


def blocking(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Calls that wait without letting others run, directly in an `async def`."""
    if b"async def" not in file.text:
        return
    for call, name in calls_to(file, _BLOCKING):
        if is_async(function_around(call)):
            yield Hit(
                field(call, "function") or call, f"`{name}` holds up everything else that runs in this event loop."
            )
