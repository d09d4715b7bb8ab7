"""Whether a call that fitted the old signature of a function fits the new one, by the rules of its language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from aura_code.reviewing.signatures import Parameter, Signature


class Difference(NamedTuple):
    """What became different of a signature."""

    breaking: bool
    what: str
    """In a few words."""
    is_type: bool = False
    """Whether only types differ."""
    needs_more: bool = False
    """Whether every call has to give something more."""


_ALIAS_DEPTH: Final = 3


def differences(language: str, old: Signature, new: Signature) -> list[Difference]:
    """What became different, the breaking first; empty when callers cannot tell."""
    compare = _COMPARE.get(language)
    found = compare(old, new) if compare is not None else []
    return sorted(found, key=lambda one: not one.breaking)


def with_aliases(signature: Signature, aliases: Mapping[str, str]) -> Signature:
    """The signature with other names of types replaced by what they stand for."""
    if not aliases:
        return signature

    def plain(text: str) -> str:
        for _ in range(_ALIAS_DEPTH):
            text = re.sub(r"(?<![\w.])\w+", lambda word: aliases.get(word[0], word[0]), text)
        return text

    parameters = tuple(one._replace(type=plain(one.type)) for one in signature.parameters)
    return signature._replace(parameters=parameters, result=plain(signature.result))


# -- Python -----------------------------------------------------------------------------------------------------


def _python(old: Signature, new: Signature) -> list[Difference]:
    found = _marks(old, new)
    new_by_name = {one.name: one for one in new.parameters}
    takes_rest = any(one.how == "rest" for one in new.parameters)
    takes_names = any(one.how == "keywords" for one in new.parameters)
    for one in old.parameters:
        found += _python_kept(one, new_by_name.get(one.name), takes_rest=takes_rest, takes_names=takes_names)
    found += _python_renamed(old, new, found)
    found += _python_added(old, new)
    found += _python_order(old, new)
    return found + _result(old, new)


def _python_kept(old: Parameter, new: Parameter | None, *, takes_rest: bool, takes_names: bool) -> list[Difference]:
    name = old.name
    if new is None or (old.how in {"rest", "keywords"}) != (new.how in {"rest", "keywords"}):
        if old.how == "rest":
            return [] if takes_rest else [Difference(breaking=True, what=f"`*{name}` was removed")]
        if old.how == "keywords":
            return [] if takes_names else [Difference(breaking=True, what=f"`**{name}` was removed")]
        by_name, by_place = old.how != "positional", old.how != "keyword"
        fits = (takes_names and by_name) or (takes_rest and by_place and not by_name) or name.startswith("_")
        return [Difference(breaking=not fits, what=f"parameter `{name}` was removed")]
    found: list[Difference] = []
    if old.optional and not new.optional:
        found.append(Difference(breaking=True, what=f"parameter `{name}` lost its default", needs_more=True))
    if old.how in {"either", "positional"} and new.how == "keyword" and not takes_rest:
        found.append(Difference(breaking=True, what=f"parameter `{name}` can be given by name only"))
    if old.how in {"either", "keyword"} and new.how == "positional" and not name.startswith("_"):
        found.append(Difference(breaking=True, what=f"parameter `{name}` can be given by position only"))
    return found + _typed(old, new)


def _python_renamed(old: Signature, new: Signature, found: list[Difference]) -> list[Difference]:
    """A parameter that is gone where another one stands at its place was renamed: one sentence instead of two."""
    before, after = _by_place(old), _by_place(new)
    names, known = {one.name for one in new.parameters}, {one.name for one in old.parameters}
    renamed: list[Difference] = []
    takes_names = any(one.how == "keywords" for one in new.parameters)
    for one, other in zip(before, after, strict=False):
        if one.name in names or other.name in known:
            continue
        told = f"parameter `{one.name}` was removed"
        found[:] = [difference for difference in found if difference.what != told]
        by_name = one.how == "either" and not one.name.startswith("_") and not takes_names
        renamed.append(Difference(breaking=by_name, what=f"parameter `{one.name}` is now `{other.name}`"))
    return renamed


def _by_place(signature: Signature) -> list[Parameter]:
    return [one for one in signature.parameters if one.how in {"positional", "either"}]


def _python_added(old: Signature, new: Signature) -> list[Difference]:
    known = {one.name for one in old.parameters}
    before, after = _by_place(old), _by_place(new)
    renamed = {
        other.name
        for one, other in zip(before, after, strict=False)
        if one.name not in {p.name for p in new.parameters} and other.name not in known
    }
    found: list[Difference] = []
    for one in new.parameters:
        if one.name in known or one.name in renamed or one.how in {"rest", "keywords"}:
            continue
        what = f"parameter `{one.name}` was added"
        if not one.optional:
            found.append(Difference(breaking=True, what=f"{what} without a default", needs_more=True))
        else:
            found.append(Difference(breaking=False, what=what))
    return found


def _python_order(old: Signature, new: Signature) -> list[Difference]:
    """Parameters that can be given by position and stand at another place now."""
    before = [one.name for one in _by_place(old)]
    after = [one.name for one in _by_place(new)]
    kept = [name for name in before if name in after]
    if not kept or [name for name in after if name in kept] != kept:
        what = "the order of the parameters changed"
        return [Difference(breaking=True, what=what)] if kept else []
    moved = next((name for name in kept if after.index(name) > before.index(name)), None)
    if moved is None:
        return []
    inserted = next(name for name in after if name not in before)
    if any(one.name == inserted and not one.optional for one in new.parameters):
        return []  # Said already.
    return [Difference(breaking=True, what=f"`{inserted}` stands before `{moved}`, where callers give it by position")]


# -- languages that give arguments by position -------------------------------------------------------------------


def _script(old: Signature, new: Signature) -> list[Difference]:
    """JavaScript without types: an argument that is missing or too many is no error, so only the order counts."""
    found = _script_marks(old, new)
    before, after = _named(old.parameters), _named(new.parameters)
    shared = [name for name in before if name in after]
    if [name for name in after if name in shared] != shared:
        return [*found, Difference(breaking=True, what="the order of the parameters changed")]
    moved = next((name for name in shared if after.index(name) != before.index(name)), None)
    if moved is not None:
        found.append(Difference(breaking=True, what=f"parameter `{moved}` stands at another place"))
    elif before != after:
        found.append(Difference(breaking=False, what="the parameters changed"))
    return found


def _script_marks(old: Signature, new: Signature) -> list[Difference]:
    """Whether a function is `async` is a matter of its body; what counts is whether it was said to give a promise."""
    known = bool(old.result) and bool(new.result)
    return [one for one in _marks(old, new) if known or "asynchronous" not in one.what]


def _named(parameters: Sequence[Parameter]) -> list[str]:
    return [one.name for one in parameters]


def _typescript(old: Signature, new: Signature) -> list[Difference]:
    found = _script_marks(old, new)
    before, after = list(old.parameters), list(new.parameters)
    if all(not one.type for one in before) and all(not one.type for one in after):
        return _script(old, new) + _primitive_result(old, new)
    rest = next((one for one in after if one.how == "rest"), None)
    for place, one in enumerate(before):
        if place >= len(after):
            if rest is None and one.how != "rest":
                found.append(Difference(breaking=True, what=f"parameter `{one.name}` was removed"))
            continue
        other = after[place]
        if one.optional and not other.optional:
            found.append(
                Difference(breaking=True, what=f"parameter `{other.name}` is no longer optional", needs_more=True)
            )
        if one.how == other.how:
            found += _primitives(one, other) or _typed(one, other, generic=old.generic | new.generic)
    for one in after[len(before) :]:
        what = f"parameter `{one.name}` was added"
        if one.optional:
            found.append(Difference(breaking=False, what=what))
        else:
            found.append(Difference(breaking=True, what=f"{what}, and calls have to give it", needs_more=True))
    return found + (_primitive_result(old, new) or _result(old, new))


_PRIMITIVE: Final = frozenset({"string", "number", "boolean", "bigint", "symbol", "null", "undefined"})
"""Types of TypeScript that no other name stands for, so that their names tell what fits."""


def _primitives(old: Parameter, new: Parameter) -> list[Difference]:
    """A parameter that no longer takes what it took, where only primitive types are named."""
    before, after = members(old.type), members(new.type)
    if not before or not after or not (before | after) <= _PRIMITIVE or before <= after:
        return []
    return [_typing(old, new)._replace(breaking=True)]


def _primitive_result(old: Signature, new: Signature) -> list[Difference]:
    """A result that may be what it could not be, where only primitive types are named."""
    given, taken = (one.result.lstrip(": ") for one in (old, new))
    if not (members(given) | members(taken)) <= _PRIMITIVE or members(taken) <= members(given):
        return []
    return [Difference(breaking=True, what=f"it returned {given} and returns {taken}", is_type=True)]


def _go(old: Signature, new: Signature) -> list[Difference]:
    before = [(one.how == "rest", one.type) for one in old.parameters]
    after = [(one.how == "rest", one.type) for one in new.parameters]
    if old.generic != new.generic:
        return [Difference(breaking=False, what="its type parameters changed", is_type=True)]
    found: list[Difference] = []
    if after[: len(before)] == before and len(after) == len(before) + 1 and after[-1][0]:
        found.append(Difference(breaking=False, what="it takes any number of further arguments"))
    elif before != after:
        found.append(
            Difference(breaking=True, what=_counted(len(before), len(after)), needs_more=len(after) > len(before))
        )
    if old.result != new.result:
        if not old.result:
            found.append(Difference(breaking=False, what=f"it returns {new.result} now"))
        else:
            found.append(
                Difference(breaking=True, what=f"it returned {old.result} and returns {new.result or 'nothing'}")
            )
    return found


def _counted(before: int, after: int) -> str:
    if before == after:
        return "the types of its parameters changed"
    return f"it takes {after} instead of {before} parameter{'s' if before != 1 else ''}"


def _rust(old: Signature, new: Signature) -> list[Difference]:
    found = _marks(old, new)
    before, after = [one.type for one in old.parameters], [one.type for one in new.parameters]
    if len(before) != len(after):
        found.append(
            Difference(breaking=True, what=_counted(len(before), len(after)), needs_more=len(after) > len(before))
        )
    elif before != after:
        wider = all(_is_wider(a, b, new.generic) for a, b in zip(before, after, strict=True))
        found.append(Difference(breaking=not wider, what=_counted(len(before), len(after)), is_type=wider))
    given, taken = old.result, new.result
    if given != taken:
        opaque = taken.startswith("impl ") and given.startswith("impl ")
        loose = opaque or not given or _last(given) == _last(taken)
        what = f"it returned {given or 'nothing'} and returns {taken or 'nothing'}"
        found.append(Difference(breaking=not loose, what=what, is_type=True))
    receivers = [next((mark for mark in one.marks if mark.startswith("receiver")), "") for one in (old, new)]
    if receivers[0] != receivers[1]:
        looser = receivers[1] == "receiver &self" and receivers[0] == "receiver &mut self"
        what = f"it takes `{receivers[1].removeprefix('receiver ') or 'no self'}` instead of `{receivers[0][9:]}`"
        found.append(Difference(breaking=not looser, what=what))
    return found


def _last(text: str) -> str:
    """A type without the modules before its name, and with one name for all type parameters of one letter."""
    return re.sub(r"\b[A-Z]\b", "_", re.sub(r"\b\w+::", "", text))


def _is_wider(old: str, new: str, generic: frozenset[str]) -> bool:
    """Whether what fitted the old type fits the new one, as far as their text tells."""
    if _last(old) == _last(new) or new.startswith(("impl ", "&impl ")):
        return True
    bare = new.lstrip("&").removeprefix("mut ")
    return bare in generic


def _java(old: Signature, new: Signature) -> list[Difference]:
    before, after = [one.type for one in old.parameters], [one.type for one in new.parameters]
    found: list[Difference] = []
    if before != after:
        found.append(
            Difference(breaking=True, what=_counted(len(before), len(after)), needs_more=len(after) > len(before))
        )
    if old.result != new.result and not (new.generic or old.generic):
        found.append(Difference(breaking=True, what=f"it returned {old.result} and returns {new.result}", is_type=True))
    return found + _marks(old, new)


_COMPARE: Final[Mapping[str, Callable[[Signature, Signature], list[Difference]]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _typescript,
    "tsx": _typescript,
    "go": _go,
    "rust": _rust,
    "java": _java,
}


# -- what languages have in common -------------------------------------------------------------------------------

_MARKS: Final = {
    "async": ("it is asynchronous now", "it is no longer asynchronous"),
    "property": ("it is a property now", "it is no property any more"),
    "static": ("it is static now", "it is no longer static"),
    "unsafe": ("it is unsafe now", ""),
}


def _marks(old: Signature, new: Signature) -> list[Difference]:
    found: list[Difference] = []
    for mark, (gained, lost) in _MARKS.items():
        if (mark in old.marks) == (mark in new.marks):
            continue
        what = gained if mark in new.marks else lost
        if what and not (mark == "async" and _still_promises(old, new)):
            found.append(Difference(breaking=True, what=what))
    return found


def _still_promises(old: Signature, new: Signature) -> bool:
    """In TypeScript `async` is a matter of the body: what counts is the result."""
    promised = ("Promise<", "Awaitable[", "Coroutine[", "Future")
    first, second = old.result.startswith(promised), new.result.startswith(promised)
    return (first and second) or (old.result == new.result and bool(old.result) and first)


def members(text: str) -> frozenset[str]:
    """The members of a union as a source writes it."""
    for head in ("Optional[", "typing.Optional[", "t.Optional["):
        if text.startswith(head) and text.endswith("]"):
            return members(text[len(head) : -1]) | {"None"}
    for head in ("Union[", "typing.Union[", "t.Union["):
        if text.startswith(head) and text.endswith("]"):
            return frozenset(one for part in _split(text[len(head) : -1], ",") for one in members(part))
    parts = _split(text, "|")
    if len(parts) > 1:
        return frozenset(one for part in parts if part for one in members(part))
    return frozenset({text.strip("()") if text.startswith("(") and "=>" not in text else text})


def _split(text: str, separator: str) -> list[str]:
    parts, depth, begin = list[str](), 0, 0
    for place, char in enumerate(text):
        if char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and text[place - 1 : place] != "="):
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]]


_ANY: Final = frozenset({"Any", "typing.Any", "t.Any", "object", "any", "unknown", ""})


def _typed(old: Parameter, new: Parameter, generic: frozenset[str] = frozenset()) -> list[Difference]:
    if old.type == new.type or not old.type or not new.type or old.type in _ANY or new.type in _ANY:
        return []
    before, after = members(old.type), members(new.type)
    if before == after or (len(before) == len(after) == 1):
        return [] if before == after else [_typing(old, new)]
    gone = {one for one in before - after if not any(_covers(other, one) for other in after)}
    if not gone or after & _ANY or after & generic:
        return []
    if after <= before:
        what = f"parameter `{new.name}` no longer takes {' or '.join(sorted(gone))}"
        return [Difference(breaking=True, what=what, is_type=True)]
    return [_typing(old, new)]


_ROOMY: Final[Mapping[str, frozenset[str]]] = {
    "Iterable": frozenset(
        {"Sequence", "List", "list", "Set", "set", "Tuple", "tuple", "Collection", "Iterator", "Generator"}
    ),
    "Collection": frozenset({"Sequence", "List", "list", "Set", "set", "Tuple", "tuple"}),
    "Sequence": frozenset({"List", "list", "Tuple", "tuple"}),
    "Mapping": frozenset({"Dict", "dict", "MutableMapping"}),
    "float": frozenset({"int"}),
}


def _covers(wide: str, narrow: str) -> bool:
    """Whether every value of a type of Python is one of another, as far as their names tell."""
    head, other = (re.sub(r"\[.*", "", text).rpartition(".")[2] for text in (wide, narrow))
    return other in _ROOMY.get(head, ())


def _typing(old: Parameter, new: Parameter) -> Difference:
    return Difference(breaking=False, what=f"parameter `{new.name}` was {old.type}, and is {new.type}", is_type=True)


def _result(old: Signature, new: Signature) -> list[Difference]:
    if old.result == new.result or not old.result or not new.result or old.result in _ANY or new.result in _ANY:
        return []
    before, after = members(old.result), members(new.result)
    if before == after:
        return []
    what = f"it returned {old.result} and returns {new.result}"
    if before < after:  # Callers meet something that could not come back before.
        return [Difference(breaking=True, what=what, is_type=True)]
    return [Difference(breaking=False, what=what, is_type=True)]
