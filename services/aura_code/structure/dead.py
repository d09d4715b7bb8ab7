"""Definitions that nothing reaches.

Everything that may be used in a way the links cannot show counts as used: entry points, names of interfaces and
overrides, uses whose receiver is unknown, and names in strings, configuration, templates and documents.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from aura_code.files import list_files
from aura_code.filters import PathFilter
from aura_code.places import read_place
from aura_code.sources import Sources
from aura_code.structure.hierarchy import written
from aura_code.structure.lookup import (
    FUNCTIONS,
    Symbol,
    defined,
    listed,
    overridden_by_these,
    overriding_these,
    symbols_where,
)
from aura_code.terms import words
from aura_languages import languages
from aura_shared.messages.structure import DeadCodeAnswer, DeadSymbol, FindDeadCode

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_KINDS: Final = (
    "function", "method", "property", "class", "struct", "enum", "trait", "interface", "type", "macro", "constant",
    "variable",
)  # fmt: skip
_AT_TOP_ONLY: Final = frozenset({"constant", "variable"})
_FOR_OTHERS: Final = ("exported", "in __all__")
"""Reasons that say no more than that other projects may use it."""
_ASIDE: Final = frozenset({"tests", "docs", "legacy", "declarations"})
_HARMLESS_BASES: Final = frozenset({"object", "Generic", "typing.Generic", "Object", "Exception", "Enum", "enum.Enum"})
"""Types from outside that call no method of their subtypes by a name which these choose."""
_PROTOCOLS: Final = frozenset({"Protocol", "typing.Protocol", "typing_extensions.Protocol", "ABC", "abc.ABC"})
_DYNAMIC: Final = frozenset({"python", "javascript"})
"""Languages in which code elsewhere may call a method of a private class without a type that says so."""
_TEST_MODULES: Final = frozenset({"test", "tests"})
_WORD: Final = re.compile(rb"[A-Za-z_$][A-Za-z0-9_$]*")
_CALLED_BY_LIBRARIES: Final = {
    "go": frozenset(
        words(
            "Len Less Swap Push Pop String Error Unwrap Is As ServeHTTP RoundTrip Read Write Close Seek MarshalJSON"
            " UnmarshalJSON MarshalText UnmarshalText MarshalYAML UnmarshalYAML Format Scan Value"
        )
    ),
}
"""Methods that the libraries of a language call through interfaces of theirs, which nothing has to name."""
_QUOTES: Final = (b'"', b"'", b"`")
_MOST_BYTES: Final = 1_000_000  # Larger files are data.
_READING_S: Final = 20.0  # Of reading for names in texts; after that everything is `medium`.


def dead_code(store: StructureReader, root: Path, request: FindDeadCode) -> DeadCodeAnswer:
    """Definitions that nothing reaches, the surest first, then the longest.

    Raises:
        UsageProblem: A path is no glob.
    """
    candidates = _candidates(store, public=request.public)
    looked_at = len(candidates)
    search = _Search(store, {one.id: one for one in candidates})
    search.drop_what_may_be_used()
    spoken_of, complete = _named_in_texts(root, {one.name for one in search.dead.values()})
    search.drop_names(spoken_of)
    search.drop_what_is_reached()
    passes = PathFilter(request.paths).passes
    dead = [_dead(one, search, complete=complete) for one in search.outermost() if passes(one.path)]
    dead.sort(key=lambda one: (one.confidence, -one.lines, one.symbol.path, one.symbol.line))
    return DeadCodeAnswer(
        dead=dead[: request.limit],
        total=len(dead),
        looked_at=looked_at,
        more=len(dead) > request.limit,
        reason="" if dead else _why_none(looked_at, public=request.public),
    )


def _why_none(looked_at: int, *, public: bool) -> str:
    if not looked_at:
        return "Nothing could be judged: no analysed file defines anything private outside of tests."
    hint = "" if public else " Public definitions were left out; ask for them where nobody else imports this project."
    return f"All of the {looked_at} definitions that were judged seem to be reached.{hint}"


def _candidates(store: StructureReader, *, public: bool) -> list[Symbol]:
    entries = ("", *_FOR_OTHERS) if public else ("",)
    found = symbols_where(
        store,
        f"NOT f.is_test AND s.kind IN ({_marks(_KINDS)}) AND s.entry IN ({_marks(entries)}) AND s.name <> '_'",
        (*_KINDS, *entries),
    )
    aside: dict[str, bool] = {}
    for one in found:
        if one.path not in aside:
            aside[one.path] = not _ASIDE.isdisjoint(read_place(one.path).kinds)
    kinds = dict(cast("list[tuple[int, str]]", store.rows("SELECT id, kind FROM symbols")))
    parents = _parents(store)
    hidden = {
        number
        for (number,) in cast("list[tuple[int]]", store.rows("SELECT id FROM symbols WHERE NOT public"))
        if kinds[number] != "variable"
    }
    kept: list[Symbol] = []
    for one in found:
        if aside[one.path] or (one.kind in _AT_TOP_ONLY and one.parent is not None):
            continue
        around = list(_around(one.parent, parents))
        if one.language == "rust" and not _TEST_MODULES.isdisjoint(one.qualified.split(".")[:-1]):
            continue
        private = not one.public or any(kinds.get(number) in FUNCTIONS for number in around)
        if one.language not in _DYNAMIC or one.kind not in {"method", "property"}:
            private = private or _in_private_file(one) or not hidden.isdisjoint(around)
        if private or public:
            kept.append(one._replace(public=not private))
    return kept


def _home(path: str, language: str) -> str:
    return path.rpartition("/")[0] if language == "go" else path


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _in_private_file(one: Symbol) -> bool:
    """Whether the names of a module say that nobody outside should import it."""
    if one.language != "python":
        return False
    return any(part.startswith("_") and not part.startswith("__") for part in one.path.split("/"))


def _parents(store: StructureReader) -> dict[int, int]:
    return dict(cast("list[tuple[int, int]]", store.rows("SELECT id, parent FROM symbols WHERE parent IS NOT NULL")))


def _around(number: int | None, parents: Mapping[int, int]) -> Iterable[int]:
    while number is not None:
        yield number
        number = parents.get(number)


@dataclass(slots=True)
class _Search:
    store: StructureReader
    dead: dict[int, Symbol]
    """Candidates that nothing has shown to be used."""
    parents: dict[int, int] = field(default_factory=dict[int, int])
    users: dict[int, list[int | None]] = field(default_factory=dict[int, list[int | None]])
    """For each candidate the definitions that use it; None for the top of a file."""

    def drop_what_may_be_used(self) -> None:
        """Leave out what may be used without a link."""
        loose = self._names("SELECT DISTINCT name FROM uses WHERE target IS NULL")
        fixed = self._interface_names()
        methods = [one.id for one in self.dead.values() if one.kind in {"method", "property"}]
        bound = {method for method, _ in overridden_by_these(self.store, methods)}
        bound |= {method for method, _ in overriding_these(self.store, methods)}
        foreign = self._with_foreign_bases()
        twins = self._twins()
        for one in list(self.dead.values()):
            is_member = one.kind in {"method", "property"}
            if (
                one.name in loose
                or one.id in twins
                or (
                    (is_member and (one.id in bound or one.name in fixed or one.parent in foreign))
                    or one.name in _CALLED_BY_LIBRARIES.get(one.language, ())
                )
            ):
                del self.dead[one.id]

    def _names(self, query: str) -> set[str]:
        return {str(row[0]) for row in self.store.rows(query)}

    def _interface_names(self) -> set[str]:
        """Names of methods that an interface, trait or protocol asks for."""
        names = self._names(
            "SELECT DISTINCT s.name FROM symbols s JOIN symbols p ON p.id = s.parent "
            "WHERE p.kind IN ('interface', 'trait')"
        )
        rows = self.store.rows(
            "SELECT DISTINCT s.name, t.text FROM bases b JOIN bindings t ON t.id = b.binding "
            "JOIN symbols s ON s.parent = b.symbol WHERE b.target IS NULL"
        )
        return names | {str(name) for name, text in rows if written(str(text)) in _PROTOCOLS}

    def _with_foreign_bases(self) -> set[int]:
        """Types that inherit from outside the project, directly or not: what lies there may call their methods."""
        rows = self.store.rows(
            "SELECT b.symbol, coalesce(t.text, '') FROM bases b LEFT JOIN bindings t ON t.id = b.binding "
            "WHERE b.target IS NULL"
        )
        found = {cast("int", number) for number, text in rows if written(str(text)) not in _HARMLESS_BASES}
        below = self.store.rows(
            "WITH RECURSIVE below(id) AS (SELECT value FROM json_each(?) UNION "
            "SELECT b.symbol FROM bases b JOIN below ON b.target = below.id) SELECT id FROM below",
            (listed(found),),
        )
        return {cast("int", row[0]) for row in below}

    def _twins(self) -> set[int]:
        """Definitions that stand for the same name in one file (of Go: package), for one system or case each."""
        counts: Counter[tuple[str, str]] = Counter()
        rows = self.store.rows("SELECT f.path, f.language, s.qualified FROM symbols s JOIN files f ON f.id = s.file")
        for path, language, qualified in cast("list[tuple[str, str, str]]", rows):
            counts[_home(path, language), qualified] += 1
        return {one.id for one in self.dead.values() if counts[_home(one.path, one.language), one.qualified] > 1}

    def drop_names(self, names: set[str]) -> None:
        """Leave out what has one of these names."""
        self.dead = {number: one for number, one in self.dead.items() if one.name not in names}

    def drop_what_is_reached(self) -> None:
        """Leave out what something uses that is not dead itself."""
        self.parents = _parents(self.store)
        self._find_users()
        waiting = list(self.dead)
        while waiting:
            reached = [number for number in waiting if self._is_reached(number)]
            if not reached:
                return
            for number in reached:
                for around in _around(number, self.parents):  # A member that is used keeps its type.
                    self.dead.pop(around, None)
            waiting = list(self.dead)

    def _find_users(self) -> None:
        rows = self.store.rows(
            "SELECT DISTINCT target, scope FROM uses WHERE target IN (SELECT value FROM json_each(?))",
            (listed(self.dead),),
        )
        for target, scope in cast("list[tuple[int, int | None]]", rows):
            self.users.setdefault(target, []).append(scope)
        members = self.store.rows(
            "SELECT DISTINCT s.parent, u.scope FROM symbols s JOIN uses u ON u.target = s.id "
            "WHERE s.parent IN (SELECT value FROM json_each(?))",
            (listed(number for number in self.dead if self.dead[number].kind not in FUNCTIONS),),
        )
        for parent, scope in cast("list[tuple[int, int | None]]", members):
            self.users.setdefault(parent, []).append(scope)

    def _is_reached(self, number: int) -> bool:
        for user in self.users.get(number, ()):
            if user is None or not any(
                around == number or around in self.dead for around in _around(user, self.parents)
            ):
                return True
        return False

    def outermost(self) -> list[Symbol]:
        """The dead definitions that are not inside of others."""
        return [
            one
            for one in self.dead.values()
            if not any(around in self.dead for around in _around(one.parent, self.parents))
        ]

    def has_dead_users(self, number: int) -> bool:
        """Whether other dead code uses it."""
        return any(
            user is not None and number not in _around(user, self.parents) for user in self.users.get(number, ())
        )


def _dead(one: Symbol, search: _Search, *, complete: bool) -> DeadSymbol:
    used = search.has_dead_users(one.id)
    if used:
        reason = "only code that nothing reaches uses it"
    elif not complete:
        reason = "no code uses it; there was no time to search all files for its name"
    elif one.public:
        reason = f"nothing in the project uses this public {one.kind}; other projects may"
    else:
        reason = f"nothing uses this private {one.kind}, and its name stands in no string, configuration or document"
    return DeadSymbol(
        symbol=defined(one),
        confidence="high" if complete and not used and not one.public else "medium",
        reason=reason,
        lines=max(1, one.end_line - one.start_line + 1),
    )


# -- names in texts ---------------------------------------------------------------------------------------------


def _named_in_texts(root: Path, names: set[str]) -> tuple[set[str], bool]:
    """Which names stand in strings of source files or anywhere in other files, and whether all files were read."""
    if not names:
        return set(), True
    wanted = {name.encode(): name for name in names}
    sources, known = Sources(root), languages()
    found: set[str] = set()
    until = time.monotonic() + _READING_S
    for file in list_files(root).files:
        if file.size > _MOST_BYTES:
            continue
        if time.monotonic() > until:
            return found, False
        content = sources.read(file.path)
        if content is None:
            continue
        text = content.text.encode()
        here = wanted.keys() & set(_WORD.findall(text))
        spec = known.of(file.path, b"") if here else None
        source = spec is not None and spec.grammar is not None and not spec.prose
        macros = spec is not None and spec.id == "rust" and b"macro_rules!" in text
        for name in here:
            if not source or _in_a_string(text, name) or (macros and _in_a_macro(text, name)):
                found.add(wanted[name])
    return found, True


def _in_a_macro(text: bytes, name: bytes) -> bool:
    """Whether a file with macros names something besides defining it: bodies of macros are not code yet."""
    uses = rb"(?<!fn )(?<!struct )(?<!enum )(?<!const )(?<!static )(?<!trait )\b" + re.escape(name) + rb"\b"
    return re.search(uses, text) is not None


def _in_a_string(text: bytes, name: bytes) -> bool:
    """Whether a name stands between quotes; one pass for all names, not an expression for each."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_WORD.match(text, end) or _WORD.fullmatch(text[at - 1 : at])):
            first = text.rfind(b"\n", 0, at) + 1
            last = text.find(b"\n", end)
            last = len(text) if last < 0 else last
            if any(text.count(quote, first, at) % 2 and text.find(quote, end, last) >= 0 for quote in _QUOTES):
                return True
        at = text.find(name, end)
    return False
