"""Finds out what uses mean over the whole project: bindings of a file become definitions, with a confidence.

`exact`: the name leads there by definition, import, or a declared type. `likely`: by an inferred type or through a
base class that may be overridden. By name: the receiver is unknown, so only the name can be compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aura_code.structure.facts import Binding
from aura_code.structure.linked_files import Files, Import, LinkedFile, Sym
from aura_code.structure.modules import Module, Modules

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

EXACT: Final = 3
LIKELY: Final = 2
BY_NAME: Final = 1
OUTSIDE: Final = 0
_LONGEST_CHAIN: Final = 8  # Variables that stand for one another.
_DEEPEST: Final = 24  # Steps from name to name; real code needs fewer than ten.
_TYPES: Final = frozenset({"class", "interface", "trait", "struct", "enum", "type"})
_HOLDERS: Final = _TYPES | {"namespace", "module"}
_CALLED: Final = frozenset({"function", "method", "constructor"})
_SCRIPT: Final = frozenset({"javascript", "typescript", "tsx"})
_OF_FILE: Final = frozenset({"free", "def", "import", "super", "fixture"})
_AT_ONCE: Final = 500
_INHERIT: Final = 2  # The number of this kind of use in the store.


class Denoted(NamedTuple):
    """A definition itself."""

    sym: Sym
    confidence: int


class Value(NamedTuple):
    """A value whose type is a definition."""

    sym: Sym
    confidence: int


class Place(NamedTuple):
    """A module."""

    module: Module
    language: str
    origin: str
    """The file that named it."""


class Each(NamedTuple):
    """A container: a value of one type with elements of another."""

    base: object
    item: object


class Parents(NamedTuple):
    """What `super` gives."""

    sym: Sym


class Outside:
    """Something that is known to lie outside the project."""


OUT: Final = Outside()
Meaning = Denoted | Value | Place | Each | Parents | Outside | None
"""None: unknown."""


class Linker:
    """Links the files of one store."""

    def __init__(self, store: StructureReader, root: Path) -> None:
        self._files = Files(store)
        self._store = store
        self._root = root
        self._modules = Modules(root, ())
        self._going: set[tuple[int, Binding]] = set()

    def forget(self, path: str) -> None:
        """A file has changed."""
        self._files.forget(path)

    def link(self, db: sqlite3.Connection) -> None:
        """Link what is not linked yet; the caller holds the transaction."""
        if self._files.refresh():
            self._modules = Modules(self._root, self._files.ids)
            self.__dict__.pop("_packages", None)
        self.__dict__.pop("_receiving", None)
        self.__dict__.pop("_declared", None)
        todo = self._todo()
        if not todo and not self._store.rows("SELECT 1 FROM stale_names LIMIT 1"):
            return
        for number in sorted(todo):
            self._link_file(db, number)
        self._link_stale(db, todo)
        db.execute("UPDATE files SET linked = 1 WHERE linked = 0")
        db.execute("DELETE FROM stale_names")
        if len(todo) > _AT_ONCE:
            self._files.drop()  # A first link has read everything; an edit needs a few files.

    def _todo(self) -> set[int]:
        """Files to be linked as a whole: those that are new or changed, and those that import one of these."""
        rows = self._store.rows
        changed = {cast("int", row[0]) for row in rows("SELECT id FROM files WHERE linked = 0")}
        if len(changed) > _AT_ONCE:
            return {cast("int", row[0]) for row in rows("SELECT id FROM files")}
        new_names = "SELECT name FROM stale_names"
        importing = rows(
            f"SELECT DISTINCT file FROM imports WHERE target_file IS NULL AND (name IN ({new_names}) "  # noqa: S608 - ours
            f"OR alias IN ({new_names}) OR replace(replace(module, '.', '/'), '::', '/') IN ({new_names}))"
        )
        return changed | {cast("int", row[0]) for row in importing}

    def _link_stale(self, db: sqlite3.Connection, done: set[int]) -> None:
        """Uses elsewhere whose name means something else now, or whose definition has gone."""
        rows = self._store.rows(
            "SELECT file, id, kind, binding FROM uses WHERE name IN (SELECT name FROM stale_names) "
            "AND confidence <> -1 AND binding IS NOT NULL UNION ALL "
            "SELECT file, id, kind, binding FROM uses WHERE confidence = -1"
        )
        files: dict[int, list[tuple[int, int | None]]] = {}
        inheriting = {cast("int", row[0]) for row in self._store.rows("SELECT file FROM bases WHERE confidence = -1")}
        for number, use, kind, binding in cast("list[tuple[int, int, int, int | None]]", rows):
            files.setdefault(number, []).append((use, binding))
            if kind == _INHERIT:
                inheriting.add(number)
        for number in sorted((files.keys() | inheriting) & self._files.heads.keys() - done):
            file = self._files.of(number)
            if number in inheriting:
                self._link_bases(db, file)
            self._link_uses(db, file, files.get(number, ()))

    def _link_file(self, db: sqlite3.Connection, number: int) -> None:
        """Link a whole file."""
        file = self._files.of(number)
        self._link_bases(db, file)
        self._link_imports(db, file)
        found = self._store.rows("SELECT id, binding FROM uses WHERE file = ?", (number,))
        self._link_uses(db, file, cast("list[tuple[int, int | None]]", found))

    def _link_uses(self, db: sqlite3.Connection, file: LinkedFile, uses: Iterable[tuple[int, int | None]]) -> None:
        meant: dict[int | None, tuple[int | None, int]] = {}
        rows: list[tuple[int | None, int, int]] = []
        for use, binding in uses:
            known = meant.get(binding)
            if known is None:
                known = meant[binding] = self._target(file, file.bindings.get(binding or 0, ()))
            rows.append((*known, use))
        db.executemany("UPDATE uses SET target = ?, confidence = ? WHERE id = ?", rows)

    def _link_bases(self, db: sqlite3.Connection, file: LinkedFile) -> None:
        rows = [(*self._target(file, binding), row) for bases in file.bases.values() for binding, row in bases]
        db.executemany("UPDATE bases SET target = ?, confidence = ? WHERE rowid = ?", rows)

    def _link_imports(self, db: sqlite3.Connection, file: LinkedFile) -> None:
        rows: list[tuple[int | None, int | None, int]] = []
        for one in file.imports:
            target_file, target = self._imported(file, one)
            rows.append((target_file, target, one.id))
        db.executemany("UPDATE imports SET target_file = ?, target_symbol = ? WHERE id = ?", rows)

    def _imported(self, file: LinkedFile, one: Import) -> tuple[int | None, int | None]:
        if not one.module:
            return None, None
        module = self._modules.of(file.path, file.language, one.module)
        if module is None:
            return None, None
        meaning = self.mean(file, ("import", one.module, one.name)) if one.name not in {"", "*"} else None
        if isinstance(meaning, Place) and meaning.module.files:
            return self._files.ids.get(meaning.module.files[0]), None
        if isinstance(meaning, Denoted) and file.language in {"go", "java", "rust"}:
            return meaning.sym.file, meaning.sym.id
        first = module.files[0] if module.files else None
        target = meaning.sym.id if isinstance(meaning, Denoted) else None
        return (self._files.ids.get(first) if first else None), target

    def _target(self, file: LinkedFile, binding: Binding) -> tuple[int | None, int]:
        meaning = self.mean(file, binding)
        if isinstance(meaning, Denoted):
            return meaning.sym.id, meaning.confidence
        return None, BY_NAME if meaning is None else OUTSIDE

    # -- what bindings mean -------------------------------------------------------------------------------------

    def mean(self, file: LinkedFile, binding: Binding) -> Meaning:
        """What a binding of a file means."""
        if not binding:
            return None
        if binding in file.memo:
            return cast("Meaning", file.memo[binding])
        key = (file.id, binding)
        if key in self._going or len(self._going) > 3 * _DEEPEST:
            return None  # A circle of imports or of inferred types.
        self._going.add(key)
        try:
            meaning = self._find(file, binding)
        finally:
            self._going.discard(key)
        if not self._going or meaning is not None:
            file.memo[binding] = meaning
        return meaning

    def _find(self, file: LinkedFile, binding: Binding) -> Meaning:
        kind, *given = binding
        if kind in _OF_FILE:
            return self._of_file(file, kind, given)
        entered = self.mean(file, _entered(binding))
        if isinstance(entered, Each):  # What `@contextmanager` makes gives the value that it holds.
            return cast("Meaning", entered.item)
        parts = [self.mean(file, cast("Binding", part)) for part in given if isinstance(part, tuple)]
        if not parts:
            return None
        if kind == "member":
            meaning = self._member(file, parts[0], str(given[1]))
            return self._as_called(meaning) if len(given) > 2 else meaning
        if kind == "each":
            return Each(self._typed(parts[0]), parts[1] if len(parts) > 1 else None)
        return self._item(file, parts[0]) if kind == "item" else self._made(kind, parts[0])

    def _made(self, kind: object, base: Meaning) -> Meaning:
        """A value of a declared type, or what a call gives."""
        return self._typed(base) if kind == "type" else self._result(base)

    def _of_file(self, file: LinkedFile, kind: object, given: list[object]) -> Meaning:
        """What a binding means that no other one is part of."""
        if kind == "free":
            return self._free(file, str(given[0]))
        if kind == "import":
            return self._import(file, str(given[0]), str(given[1]))
        if kind == "fixture":
            return self._fixture(file, str(given[0]))
        index = given[0]
        if not isinstance(index, int) or not 0 <= index < len(file.symbols):
            return None
        sym = file.symbols[index]
        return Parents(sym) if kind == "super" else Denoted(sym, EXACT)

    def _fixture(self, file: LinkedFile, name: str) -> Meaning:
        """What pytest gives to a parameter: a fixture of the nearest `conftest.py` that has it."""
        folder = self._files.heads[file.id][0]
        while folder:
            folder = folder.rpartition("/")[0]
            around = self._files.at(f"{folder}/conftest.py".lstrip("/"))
            meaning = self._exported(around, name) if around is not None else None
            if meaning is not None:
                return meaning
        return OUT

    def _free(self, file: LinkedFile, name: str) -> Meaning:
        if file.language in {"go", "java"}:
            for other in self._package(file):
                found = self._files.of(other).tops.get(name)
                if found:
                    return Denoted(_best(found), EXACT)
        else:
            own = file.tops.get(name)
            if own and file.language in _SCRIPT | {"rust"}:
                return Denoted(_best(own), EXACT)
        for star in file.stars:
            meaning = self._import(file, star.module, name) if star.module else None
            if isinstance(meaning, Denoted | Value | Place | Each):
                return meaning
        for other in self._declared.get(name, ()) if file.language in _SCRIPT else ():
            found = self._files.of(other).tops.get(name)
            if found:
                return Denoted(_best(found), EXACT)
        return OUT

    @cached_property
    def _declared(self) -> dict[str, list[int]]:
        """Files of TypeScript that declare a name for all others, by the name."""
        found: dict[str, list[int]] = {}
        query = "SELECT DISTINCT name, file FROM symbols WHERE entry = 'declared' AND parent IS NULL"
        for name, number in cast("list[tuple[str, int]]", self._store.rows(query)):
            found.setdefault(name, []).append(number)
        return found

    def _package(self, file: LinkedFile) -> Sequence[int]:
        folder = file.path.rpartition("/")[0] if file.language == "go" else ""
        return self._packages.get((file.language, folder, file.package), ())

    @cached_property
    def _packages(self) -> dict[tuple[str, str, str], list[int]]:
        found: dict[tuple[str, str, str], list[int]] = {}
        for number, (path, language, package) in self._files.heads.items():
            if language in {"go", "java"}:
                folder = path.rpartition("/")[0] if language == "go" else ""
                found.setdefault((language, folder, package), []).append(number)
        return found

    def _import(self, file: LinkedFile, module: str, name: str) -> Meaning:
        if file.language == "java" and name:
            whole = self._modules.of(file.path, "java", f"{module}.{name}")
            if whole is not None and whole.rest:
                return self._inside(Place(whole._replace(rest=()), "java", file.path), whole.rest)
        found = self._modules.of(file.path, file.language, module)
        if found is None:
            if file.language == "rust" and name:
                return self._rust_path(file, module, name)
            return OUT
        place = Place(found._replace(rest=()), file.language, file.path)
        if found.rest:
            meaning = self._inside(place, found.rest)
            return self._member(file, meaning, name) if name else meaning
        if not name:
            return place
        return self._of_module(place, name)

    def _rust_path(self, file: LinkedFile, module: str, name: str) -> Meaning:
        """A path whose first part is a name of this file: `use` of an enum, or of something imported."""
        first, *rest = module.split("::")
        own = file.tops.get(first)
        meaning: Meaning = Denoted(_best(own), EXACT) if own else None
        if meaning is None:
            for one in file.by_alias.get(first, ()):
                if one.module and one.module != module:
                    meaning = self.mean(file, ("import", one.module, one.name))
        for step in (*rest, name):
            if meaning is None or isinstance(meaning, Outside):
                return OUT
            meaning = self._member(file, meaning, step)
        return meaning or OUT

    def _inside(self, place: Place, steps: Iterable[str]) -> Meaning:
        meaning: Meaning = place
        for step in steps:
            origin = self._files.at(place.origin)
            if meaning is None or origin is None:
                return None
            meaning = self._member(origin, meaning, step)
        return meaning

    def _of_module(self, place: Place, name: str) -> Meaning:
        """What a module calls `name`: something of its own, something that it hands on, or a module below it."""
        for path in place.module.files:
            file = self._files.at(path)
            if file is None or (place.language == "go" and path.endswith("_test.go")):
                continue
            meaning = self._exported(file, name)
            if meaning is not None and not isinstance(meaning, Outside):
                return meaning
        below = self._below(place, name)
        if below is not None:
            return below
        if place.language in _SCRIPT and name == "=":
            return self._whole(place)
        return None

    def _whole(self, place: Place) -> Meaning:
        """What `require` gives of a module that exports nothing as a whole."""
        file = self._files.at(place.module.files[0]) if place.module.files else None
        only_default = file is not None and self._exported(file, "default")
        return only_default or place

    def _exported(self, file: LinkedFile, name: str) -> Meaning:
        own = file.tops.get(name)
        if own:
            return Denoted(_best(own), EXACT)
        if file.language in _SCRIPT:
            meaning = self._script_export(file, name)
            if meaning is not None:
                return meaning
        else:
            meaning = self._handed_on(file, name)
            if meaning is not None:
                return meaning
        for star in file.stars:
            if star.module and (star.exported or file.language != "rust") and not (star.name == "*" and star.alias):
                meaning = self.mean(file, ("import", star.module, name))
                if meaning is not None and not isinstance(meaning, Outside):
                    return meaning
        return None

    def _handed_on(self, file: LinkedFile, name: str) -> Meaning:
        """What a file imports under a name. In Rust a module only when nothing else is called like it."""
        module: Meaning = None
        for one in file.by_alias.get(name, ()):
            meaning = self.mean(file, ("import", one.module, one.name)) if one.module else None
            if isinstance(meaning, Place) and file.language == "rust":
                module = module or meaning  # `mod sleep; pub use sleep::sleep;`: the function is meant.
            elif meaning is not None:
                return meaning
        return module

    def _script_export(self, file: LinkedFile, name: str) -> Meaning:
        for one in file.by_alias.get(name, ()):
            if not one.exported:
                continue
            if one.module:
                return self.mean(file, ("import", one.module, one.name))
            own = file.tops.get(one.name)
            if own:
                return Denoted(_best(own), EXACT)
            for other in file.by_alias.get(one.name, ()):
                if other.module:
                    return self.mean(file, ("import", other.module, other.name))
        other_name = {"default": "=", "=": "default"}.get(name)
        if other_name and any(one.exported for one in file.by_alias.get(other_name, ())) and name == "default":
            return self._script_export(file, other_name)
        return None

    def _below(self, place: Place, name: str) -> Meaning:
        """A module below a module."""
        origin = place.origin
        if place.language == "python":
            for path in (f"{place.module.folder}/{name}".strip("/"),):
                found = self._python_below(path)
                if found is not None:
                    return Place(found, "python", origin)
        if place.language == "rust" and place.module.files:
            found = self._modules.of(place.module.files[0], "rust", f"self::{name}")
            if found is not None and not found.rest:
                return Place(found, "rust", place.module.files[0])
        return None

    def _python_below(self, base: str) -> Module | None:
        for end in (".py", ".pyi"):
            if base + end in self._files.ids:
                return Module((base + end,), base)
            if f"{base}/__init__{end}" in self._files.ids:
                return Module((f"{base}/__init__{end}",), base)
        return None

    # -- members and types --------------------------------------------------------------------------------------

    def _member(self, file: LinkedFile, base: Meaning, name: str) -> Meaning:
        if base is None or isinstance(base, Outside):
            return base
        match base:
            case Place():
                return self._of_place(base, name)
            case Each():
                return self._member(file, cast("Meaning", base.base), name)
            case Parents():
                return self._of_bases(base.sym, name, EXACT, set[int]())
            case Value():
                return self._of_type(base.sym, name, base.confidence)
            case Denoted():
                return self._of_denoted(base, name)

    def _of_place(self, place: Place, name: str) -> Meaning:
        meaning = self._of_module(place, name)
        if meaning is None and place.language in _SCRIPT:
            whole = self._of_module(place, "=") if name != "=" else None
            if isinstance(whole, Denoted | Value):
                origin = self._files.at(place.origin)
                return self._member(origin, whole, name) if origin is not None else None
        return meaning

    def _of_denoted(self, base: Denoted, name: str) -> Meaning:
        """A member of a definition itself: of a class, of a namespace, or of what a variable holds."""
        sym = base.sym
        own = self._children(sym).get(name)
        if own:
            return Denoted(_best(own), base.confidence)
        if sym.kind in _HOLDERS:
            return self._of_type(sym, name, base.confidence)
        if sym.kind in _CALLED:
            return None
        return self._member(self._files.of(sym.file), self._type_of(sym, base.confidence), name)

    def _type_of(self, sym: Sym, confidence: int) -> Meaning:
        """The value that a variable, field or property has; a class or function when it stands for one."""
        for _ in range(_LONGEST_CHAIN):
            if not sym.type:
                return None
            meaning = self.mean(self._files.of(sym.file), sym.type)
            if isinstance(meaning, Value):
                return meaning._replace(confidence=min(confidence, meaning.confidence))
            if not isinstance(meaning, Denoted) or meaning.sym.kind in _HOLDERS | _CALLED:
                return meaning
            sym, confidence = meaning.sym, min(confidence, meaning.confidence)
        return None

    def _of_type(self, sym: Sym, name: str, confidence: int) -> Meaning:
        """A member of a value of a type."""
        return self._of_type_once(sym, name, confidence, set[int]())

    def _of_type_once(self, sym: Sym, name: str, confidence: int, seen: set[int]) -> Meaning:
        if sym.id in seen or len(seen) > _DEEPEST:
            return None
        seen.add(sym.id)
        own = self._children(sym).get(name) or self._received(sym, name)
        if own:
            return Denoted(_best(own), confidence)
        inherited = self._of_bases(sym, name, confidence, seen)
        if inherited is not None or sym.kind not in {"type", "variable", "constant"}:
            return inherited
        alias = self._type_of(sym, confidence)
        if isinstance(alias, Each):
            alias = cast("Meaning", alias.base)
        if isinstance(alias, Value):  # `seen` goes on: Rust's `type Result<T> = Result<T, Error>` comes back to itself.
            return self._of_type_once(alias.sym, name, min(confidence, alias.confidence), seen)
        return self._member(self._files.of(sym.file), alias, name)

    def _of_bases(self, sym: Sym, name: str, confidence: int, seen: set[int]) -> Meaning:
        file = self._files.of(sym.file)
        for binding, _ in file.bases.get(sym.id, ()):
            base = self.mean(file, binding)
            if isinstance(base, Denoted | Value):
                found = self._of_type_once(base.sym, name, min(confidence, base.confidence), seen)
                if found is not None:
                    return found
        return None

    def _children(self, sym: Sym) -> dict[str, list[Sym]]:
        return self._files.of(sym.file).children.get(sym.id, {})

    def _received(self, sym: Sym, name: str) -> list[Sym] | None:
        """Methods of a type that are declared elsewhere: in other files of its package, or by `impl`."""
        file = self._files.of(sym.file)
        others: Iterator[LinkedFile]
        if file.language == "go":
            others = (self._files.of(number) for number in self._package(file))
        elif file.language == "rust":
            others = (self._files.of(number) for number in self._receiving.get(sym.name, ()))
        else:
            return None
        for other in others:
            found = other.received.get(sym.name, {}).get(name)
            if found:
                return found
        return None

    @cached_property
    def _receiving(self) -> dict[str, list[int]]:
        """Files of Rust with methods for a type of another file, by the type's name."""
        found: dict[str, list[int]] = {}
        rows = self._store.rows("SELECT DISTINCT receiver, file FROM symbols WHERE receiver <> '' AND parent IS NULL")
        for receiver, number in cast("list[tuple[str, int]]", rows):
            if self._files.heads.get(number, ("", "", ""))[1] == "rust":
                found.setdefault(receiver, []).append(number)
        return found

    def _typed(self, base: Meaning) -> Meaning:
        """A value of a type."""
        if isinstance(base, Denoted):
            if base.sym.kind in _CALLED:
                return None
            if base.sym.kind in _HOLDERS:
                return Value(base.sym, base.confidence)
            return self._type_of(base.sym, base.confidence) or Value(base.sym, base.confidence)
        return base if isinstance(base, Value | Each | Outside) else None

    def _result(self, base: Meaning) -> Meaning:
        """What calling something gives."""
        base = self._as_called(base)
        if isinstance(base, Denoted):
            sym = base.sym
            if sym.kind in _TYPES:
                return Value(sym, base.confidence)
            if sym.kind == "constructor" and sym.parent is not None:
                around = next((one for one in self._files.of(sym.file).symbols if one.id == sym.parent), None)
                return Value(around, base.confidence) if around is not None else None
            if sym.kind in _CALLED:
                given = self._type_of(sym, LIKELY)
                return given._replace(confidence=min(LIKELY, given.confidence)) if isinstance(given, Value) else given
            held = self._type_of(sym, LIKELY)
            return self._result(held) if isinstance(held, Denoted) else None
        return None

    def _as_called(self, meaning: Meaning) -> Meaning:
        """What a call means where a field and a method have the same name, as getters in Rust and Java do."""
        if not isinstance(meaning, Denoted) or meaning.sym.kind not in {"field", "constant"}:
            return meaning
        sym = meaning.sym
        named = self._files.of(sym.file).children.get(sym.parent or -1, {}).get(sym.name, ())
        method = next((other for other in named if other.kind in _CALLED), None)
        return meaning._replace(sym=method) if method is not None else meaning

    def _item(self, file: LinkedFile, base: Meaning) -> Meaning:
        if isinstance(base, Each):
            return cast("Meaning", base.item)
        if isinstance(base, Denoted):
            return self._item(file, self._type_of(base.sym, base.confidence))
        if isinstance(base, Value) and base.sym.kind == "type":  # Go: `type Rows []Row`.
            named = self._type_of(base.sym, base.confidence)
            if isinstance(named, Each):
                return cast("Meaning", named.item)
        return base if file.language in {"go", "rust"} else None


def _best(found: Sequence[Sym]) -> Sym:
    """Of several definitions with one name the first; a type before a value, the last of overloaded functions."""
    if found[0].kind in _CALLED and found[-1].kind in _CALLED:
        return found[-1]
    return next((sym for sym in found if sym.kind in _TYPES), found[0])


def _entered(binding: Binding) -> Binding:
    """What is entered, when a binding is what `__enter__` gives back; else nothing."""
    if len(binding) == 2 and binding[0] == "result" and isinstance(binding[1], tuple):
        method = cast("Binding", binding[1])
        if method[:1] == ("member",) and method[2] in {"__enter__", "__aenter__"}:
            return cast("Binding", method[1])
    return ()
