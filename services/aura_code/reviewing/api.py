"""Changes of what others may use: removed, renamed and hidden definitions, and signatures that calls no longer fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

from aura_code.answers import visible
from aura_code.reviewing.changes import Change, FileChange
from aura_code.reviewing.comparing import Difference, differences, with_aliases
from aura_code.reviewing.outward import Outward
from aura_code.reviewing.signatures import Signature
from aura_code.reviewing.surface import Item, Surface, surface_of
from aura_code.reviewing.users import NOBODY, UserBook
from aura_code.structure.store import StructureReader
from aura_shared.messages.review import ApiChange

What = Literal["removed", "renamed", "signature", "type", "added", "visibility"]

MOST: Final = 200
"""Changes that are told; the breaking ones come first."""
_BY_FOLDER: Final = frozenset({"go"})
"""Languages whose packages are folders, so that a definition may move between their files."""
_ALIKE: Final = 0.8
_SHORT: Final = 90  # Characters of a signature that is shown whole.
_MOST_PAIRS: Final = 400  # Pairs of a removed and an added definition that are compared.
_SETTINGS: Final = frozenset({"logger", "log", "_log", "LOG", "LOGGER", "logging"})
_CONTAINERS: Final = frozenset({"interface", "trait"})
_COUNTED: Final = frozenset(
    {"class", "interface", "trait", "struct", "enum", "type", "function", "constant", "variable"}
)


class _Found(NamedTuple):
    """What happened to one definition, before anything is known of who uses it."""

    item: Item
    path: str
    paths: tuple[str, ...]
    """Where the analysis may know it."""
    language: str
    kind: What
    breaks: bool
    """Whether code that uses it stops working, if there is any."""
    detail: str
    needs_more: bool = False
    bases: tuple[str, ...] = ()
    """Types that may still have a member that is gone from its own."""


@dataclass(eq=False)
class _Unit:
    """One name space before and after the change."""

    language: str
    old: Surface = field(default_factory=Surface)
    new: Surface = field(default_factory=Surface)
    places: dict[tuple[bool, str], str] = field(default_factory=dict[tuple[bool, str], str])
    """Path of a definition, by whether it is a new one, and its name."""
    paths: list[str] = field(default_factory=list[str])
    """All paths, new and old."""
    deleted: bool = False

    def take(self, file: FileChange) -> None:
        """Take in both sides of a file."""
        old, new = surface_of(file.old), surface_of(file.new)
        self.old.take(old)
        self.new.take(new)
        for name in old.items:
            self.places[False, name] = file.old.path
        for name in new.items:
            self.places[True, name] = file.path
        self.paths += [file.path, *([file.old_path] if file.old_path else [])]
        self.deleted = file.kind == "deleted"


def api_changes(change: Change, store: StructureReader | None) -> list[ApiChange]:
    """What the change does to what others may use, the breaking ones first."""
    units = _units(change)
    moved = _Moves(units)
    found = [one for unit in units.values() for one in _compared(unit, moved)]
    outward, book = Outward(change, store), UserBook(change, store)
    kept = [one for one in found if not _is_inherited(one, units, book)]
    made = [_message(one, outward, book) for one in kept]
    made.sort(key=lambda one: (not one.breaking, one.kind == "added", -len(one.users_left), one.path, one.line))
    return made[:MOST]


def _units(change: Change) -> dict[tuple[str, str], _Unit]:
    units: dict[tuple[str, str], _Unit] = {}
    for file in change.files:
        if not file.is_code or (file.new.structure is None and file.old.structure is None):
            continue
        structure = file.new.structure or file.old.structure
        package = structure.package if structure is not None else ""
        by_folder = file.language in _BY_FOLDER
        key = (file.path.rpartition("/")[0], package) if by_folder else (file.path, "")
        units.setdefault(key, _Unit(file.language)).take(file)
    return units


class _Moves:
    """Names that some file of the change has gained: what is gone elsewhere may have gone there."""

    def __init__(self, units: dict[tuple[str, str], _Unit]) -> None:
        self._gained: dict[str, list[tuple[str, Item]]] = defaultdict(list)
        for unit in units.values():
            for name, items in unit.new.items.items():
                if not unit.old.has(name):
                    self._gained[items[0].short] += [(unit.places[True, name], item) for item in items]

    def of(self, item: Item) -> tuple[str, Item] | None:
        """Where a definition went, with what it is there."""
        for path, other in self._gained.get(item.short, ()):
            if other.kind == item.kind or {other.kind, item.kind} <= {"function", "method", "constructor"}:
                return path, other
        return None


def _compared(unit: _Unit, moves: _Moves) -> Iterator[_Found]:
    gone: list[Item] = []
    for name, items in unit.old.items.items():
        item = items[0]
        if not any(one.public for one in items) or _beside_the_list(unit.old, item):
            continue
        others = unit.new.items.get(name, [])
        if not others:
            if not unit.new.has(name):
                gone.append(item)
            continue
        yield from _changed(unit, items, others)
    yield from _gone(unit, gone, moves)
    yield from _added(unit)


def _beside_the_list(surface: Surface, item: Item) -> bool:
    """Whether the module lists what it exports, and not this."""
    if not surface.lists:
        return False
    top = surface.items.get(item.name.partition(".")[0], [])
    return not any(one.in_all for one in top)


# -- gone -------------------------------------------------------------------------------------------------------


def _gone(unit: _Unit, gone: list[Item], moves: _Moves) -> Iterator[_Found]:
    names = {item.name for item in gone}
    fresh = [
        items[0]
        for name, items in unit.new.items.items()
        if not unit.old.has(name) and items[0].kind not in {"field", "variable"}
    ]
    taken: set[str] = set()
    for item in gone:
        if _inside(item, names) or item.short in _SETTINGS or _is_local_helper(unit, item):
            continue  # Said with what is around it.
        if unit.new.open and "." not in item.name:
            continue
        hidden = _hidden_as(unit, item)
        if hidden is not None:
            yield _of(unit, item, "visibility", f"`{item.name}` is called `{hidden}` now, which hides it")
            continue
        other = _renamed_to(item, [one for one in fresh if one.name not in taken])
        if other is not None:
            taken.add(other.name)
            yield _of(unit, item, "renamed", f"`{item.name}` is called `{other.name}` now")
            continue
        where = moves.of(item)
        if where is None:
            inherited = _bases_of_owner(unit, item)
            yield _of(unit, item, "removed", f"{item.kind} `{_shown(item)}` was removed")._replace(bases=inherited)
        elif not item.owner:
            yield _of(unit, item, "renamed", f"`{item.name}` moved to {visible(where[0])} and is not handed on")


def _bases_of_owner(unit: _Unit, item: Item) -> tuple[str, ...]:
    """What the type of a member inherits from: the member may still be there."""
    owners = unit.new.items.get(item.owner, []) if item.owner else []
    return tuple(base for owner in owners for base in owner.bases)


def _inside(item: Item, names: set[str]) -> bool:
    owner = item.owner
    while owner:
        if owner in names:
            return True
        owner = owner.rpartition(".")[0]
    return False


def _is_local_helper(unit: _Unit, item: Item) -> bool:
    """Whether nobody would import it: type variables, loggers, special methods, what begins with an underscore."""
    if unit.language == "python":
        first = item.text.partition("=")[2].strip()
        if first.startswith(("TypeVar(", "ParamSpec(", "typing.TypeVar(", "t.TypeVar(", "logging.getLogger(")):
            return True
        if item.short.startswith("__") and item.short.endswith("__"):
            return True
        if item.kind in {"variable", "constant"} and (item.owner or item.text[:1].isspace() or item.text[:4] == "for "):
            return True  # Bound in a loop, a branch or a class: seldom meant for others.
    return item.short.startswith("_")


def _hidden_as(unit: _Unit, item: Item) -> str | None:
    """The name that a definition hides behind now."""
    owner = f"{item.owner}." if item.owner else ""
    forms = [f"{owner}_{item.short}", f"{owner}__{item.short}", f"{owner}#{item.short}"]
    if unit.language == "go":
        forms = [f"{owner}{item.short[:1].lower()}{item.short[1:]}"]
    for form in forms:
        others = unit.new.items.get(form, [])
        if others and form not in unit.old.items:
            return form
    return None


def _renamed_to(item: Item, fresh: list[Item]) -> Item | None:
    """The new definition beside it that has its body."""
    beside = [one for one in fresh if one.owner == item.owner and one.kind == item.kind]
    if item.text.count("\n") < 1 or len(beside) > _MOST_PAIRS:
        return None
    before = _nameless(item)
    for one in beside:
        after = _nameless(one)
        if min(len(before), len(after)) * 2 < max(len(before), len(after)):
            continue
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        if matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE:
            return one
    return None


def _nameless(item: Item) -> list[str]:
    """The lines of a definition without its own name."""
    return re.sub(rf"\b{re.escape(item.short)}\b", "\0", item.text).split("\n")


# -- there, but different ---------------------------------------------------------------------------------------


def _changed(unit: _Unit, items: Sequence[Item], others: Sequence[Item]) -> Iterator[_Found]:
    item, other = items[0], others[0]
    if not any(one.public for one in others):
        yield _of(unit, item, "visibility", f"`{item.name}` is no longer public", new=other)
        return
    if _beside_the_list(unit.new, other) and not _beside_the_list(unit.old, item) and unit.old.lists:
        yield _of(unit, item, "visibility", f"`{item.name}` is no longer in `__all__`", new=other)
        return
    if item.kind in _CONTAINERS:
        yield from _demands(unit, item, other)
    if len(items) > 1 or len(others) > 1:
        if unit.language == "java":
            yield from _overloads(unit, items, others)
        return
    if item.signature is None or other.signature is None:
        return
    if {"overload", "signature"} & (
        item.signature.marks ^ other.signature.marks
    ) or "overload" in other.signature.marks:
        return
    aliases = _aliases(unit.new) if unit.language == "go" else {}
    found = differences(unit.language, with_aliases(item.signature, aliases), with_aliases(other.signature, aliases))
    if item.short.startswith("__") and item.short not in {"__init__", "__call__"}:
        found = [one for one in found if not one.is_type]
    if any(one.breaking or not one.is_type for one in found):
        yield _of_signature(unit, item, other, found)


def _aliases(surface: Surface) -> dict[str, str]:
    """What other names of types stand for (Go)."""
    found: dict[str, str] = {}
    for name, items in surface.items.items():
        alias = (
            re.match(r"(?:type\s+)?\s*\w+\s*=\s*([^\n]+)", items[0].text.lstrip()) if items[0].kind == "type" else None
        )
        if alias:
            found[name] = "".join(alias[1].partition("//")[0].split())
    return found


def _of_signature(unit: _Unit, item: Item, other: Item, found: Sequence[Difference]) -> _Found:
    assert item.signature is not None
    assert other.signature is not None
    breaking = [one for one in found if one.breaking]
    told = "; ".join(one.what for one in (breaking or found)[:3])
    detail = f"`{item.short}{_around(item.signature, other.signature)}` → "
    detail += f"`{other.short}{_around(other.signature, item.signature)}`: {told}"
    kind: What = "type" if all(one.is_type for one in breaking or found) else "signature"
    needs_more = any(one.needs_more for one in breaking)
    return _of(unit, item, kind, detail, new=other, breaks=bool(breaking), needs_more=needs_more)


def _around(signature: Signature, other: Signature) -> str:
    """A signature in one line; of a long one only the parameters that differ from another one."""
    if len(signature.shown) <= _SHORT and len(other.shown) <= _SHORT:
        return signature.shown
    parts: list[str] = []
    for one in signature.parameters:
        if one in other.parameters:
            if parts[-1:] != ["…"]:
                parts.append("…")
            continue
        mark = {"rest": "*", "keywords": "**"}.get(one.how, "")
        parts.append(
            f"{mark}{one.name}{f': {one.type}' if one.type else ''}{' = …' if one.optional and not mark else ''}"
        )
    result = f" -> {signature.result}" if signature.result != other.result and signature.result else ""
    return f"({', '.join(parts)}){result}"


def _overloads(unit: _Unit, items: Sequence[Item], others: Sequence[Item]) -> Iterator[_Found]:
    """Java: each set of parameters counts as a method of its own."""
    left = {_types(one) for one in others if one.public}
    for item in items:
        if item.public and item.signature is not None and _types(item) not in left:
            detail = f"`{item.short}{item.signature.shown}` is no longer one of its forms"
            yield _of(unit, item, "signature", detail, new=others[0])


def _types(item: Item) -> tuple[str, ...]:
    return tuple(one.type for one in item.signature.parameters) if item.signature is not None else ()


def _demands(unit: _Unit, item: Item, other: Item) -> Iterator[_Found]:
    """An interface that demands more: what implements it elsewhere no longer does."""
    if unit.language not in {"go", "rust"}:
        return
    added = [
        one
        for name, items in unit.new.items.items()
        for one in items
        if one.owner == item.name
        and name not in unit.old.items
        and one.signature is not None
        and one.signature.abstract
    ]
    closed = any(
        one.owner == item.name and not one.short[:1].isupper() for group in unit.new.items.values() for one in group
    )
    if not added or (unit.language == "go" and closed):
        return
    names = ", ".join(f"`{one.short}`" for one in added[:4])
    yield _of(
        unit, item, "signature", f"`{item.name}` demands {names} too, which other implementations lack", new=other
    )


# -- new --------------------------------------------------------------------------------------------------------


def _added(unit: _Unit) -> Iterator[_Found]:
    for name, items in unit.new.items.items():
        item = items[0]
        fits = item.public and not item.owner and item.kind in _COUNTED and not item.short.startswith("_")
        if not fits or unit.old.has(name) or _beside_the_list(unit.new, item):
            continue
        yield _of(unit, item, "added", f"{item.kind} `{_shown(item)}` is new", new=item, breaks=False)


def _shown(item: Item) -> str:
    return f"{item.name}{item.signature.shown}" if item.signature is not None else item.name


def _of(
    unit: _Unit,
    item: Item,
    kind: What,
    detail: str,
    *,
    new: Item | None = None,
    breaks: bool = True,
    needs_more: bool = False,
) -> _Found:
    path = unit.places[new is not None, (new or item).name]
    return _Found(new or item, path, (path, *unit.paths), unit.language, kind, breaks, visible(detail), needs_more)


_MEMBERLESS: Final = frozenset({"object", "ABC", "Protocol", "Generic", "Enum", "Exception", "NamedTuple", "TypedDict"})


def _is_inherited(one: _Found, units: Mapping[tuple[str, str], _Unit], book: UserBook) -> bool:
    """Whether a member that is gone from a type is still there from a base, or may be from one that is not known."""
    for base in one.bases:
        if base in _MEMBERLESS:
            continue
        name = f"{base}.{one.item.short}"
        if any(unit.new.has(name) for unit in units.values()) or book.knows(name):
            return True
        if not any(unit.new.has(base) for unit in units.values()) and not book.knows(base):
            return True
    return False


def _message(one: _Found, outward: Outward, book: UserBook) -> ApiChange:
    users = book.of(one.paths, one.item.name) if one.kind != "added" else NOBODY
    breaking = one.breaks and _is_felt(one, outward, users.calls_left, bool(users.left))
    return ApiChange(
        symbol=visible(one.item.name),
        path=visible(one.path),
        line=max(1, one.item.line),
        kind=one.kind,
        breaking=breaking,
        detail=one.detail,
        users=users.total,
        users_left=list(users.left),
    )


def _is_felt(one: _Found, outward: Outward, calls_left: int, is_used: bool) -> bool:
    """Whether somebody can be using it: others outside of the project, or code in it that the change leaves alone."""
    if outward.reaches(one.language, one.paths[-1], one.item.name):
        return True
    if one.kind in {"removed", "renamed", "visibility"}:
        return is_used and one.kind == "removed"
    return one.needs_more and calls_left > 0
