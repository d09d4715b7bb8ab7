"""Another name for a definition or a variable, everywhere that it is meant, or nowhere."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aura_code.refactoring.arguments import KeywordCalls
from aura_code.refactoring.families import Types, named_otherwise, whole_family
from aura_code.refactoring.guarding import check_collisions, check_meanings, check_unscoped
from aura_code.refactoring.identifiers import SCRIPTS, check_name, is_special
from aura_code.refactoring.mentions import Mentions, find_mentions
from aura_code.refactoring.scoping import scoping_of
from aura_code.refactoring.spelling import Places, Spelling, respelled, spell
from aura_code.refactoring.targets import (
    Located,
    Offsets,
    Target,
    find_target,
    is_member,
    places_of,
    uses_with_targets,
    with_twins,
)
from aura_code.refactoring.workspace import Draft, OpenFile, Refusal, Workspace
from aura_code.structure.lookup import TYPES, Symbol, symbols_of, symbols_where
from aura_code.structure.store import EXACT
from aura_shared.messages.refactoring import RefactoringPlan

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader
    from aura_shared.messages.refactoring import PlanRefactoring

_MOST_DOUBTS: Final = 200
_MOST_NOTES: Final = 40
_OF_LANGUAGE: Final = frozenset({"special method", "special name", "main", "init", "interface method"})
"""Reasons that say that the language itself, or its libraries, use the name."""
_HARMLESS: Final = frozenset({"", "exported", "in __all__", "overload", "overrides", "defined again", "test"})
"""Reasons that do not hang on the name, or whose users are found."""


@dataclass(slots=True)
class Renaming:
    """One rename while it is worked out."""

    reader: StructureReader
    workspace: Workspace
    old: str
    new: str
    limit: int
    draft: Draft = field(default_factory=Draft)
    doubts: list[str] = field(default_factory=list[str])
    """Places that could not be resolved."""
    notes: list[str] = field(default_factory=list[str])
    """Places that only speak of it."""
    spellings: dict[OpenFile, Spelling] = field(default_factory=dict[OpenFile, Spelling])

    def doubt(self, note: str) -> None:
        """Note a place that could not be resolved."""
        if note not in self.doubts:
            self.doubts.append(note)


def plan_rename(reader: StructureReader, workspace: Workspace, request: PlanRefactoring) -> RefactoringPlan:
    """The edits that give something another name.

    Raises:
        Refusal: They cannot be made without a doubt that the program stays the same.
    """
    target = find_target(reader, workspace, request)
    new = request.new_name.strip()
    is_type = any(one.kind in TYPES for one in target.symbols)
    check_name(new, target.language, is_type=is_type)
    if new == target.name:
        raise Refusal(f"It is called {new} already.")
    if is_special(target.name, target.language) and target.local is None:
        raise Refusal(f"{target.name} is a name that {target.language} itself calls; another one would not be.")
    if target.name.startswith("#") != new.startswith("#"):
        raise Refusal(f"{target.name} and {new} differ in the `#` that makes a member private.")
    run = Renaming(reader, workspace, target.name, new, request.limit)
    symbols: list[Symbol] = []
    if target.local is not None:
        _rename_local(run, target)
    else:
        symbols = _rename_symbols(run, target)
    files = run.draft.proposed()
    if not files:
        raise Refusal(f"No place of {target.name} can be changed.")
    _prove(run, symbols)
    _add_mentions(run, target, symbols)
    return _plan(run, target, symbols)


def _plan(run: Renaming, target: Target, symbols: list[Symbol]) -> RefactoringPlan:
    files = run.draft.proposed()
    kind = symbols[0].kind if symbols else ("parameter" if target.local and target.local.parameter else "variable")
    shown = [*run.doubts[:_MOST_DOUBTS], *run.notes[:_MOST_NOTES]]
    if len(run.notes) + len(run.doubts) > len(shown):
        shown.append(f"{len(run.notes) + len(run.doubts) - len(shown)} more places like these.")
    places = f"{run.draft.count} place{'s' * (run.draft.count != 1)}"
    where = f"{len(files)} file{'s' * (len(files) != 1)}"
    return RefactoringPlan(
        title=f"Rename {kind} {target.name} to {run.new}",
        why=(
            f"`{target.name}` becomes `{run.new}` in {places} of {where}. Every place "
            "was resolved through scopes, imports and types; nothing changes because it merely looks the same."
        ),
        files=files,
        certainty="likely" if run.doubts else "certain",
        notes=shown,
        symbols=sorted({one.qualified for one in symbols}),
    )


# -- variables of functions -------------------------------------------------------------------------------------


def _rename_local(run: Renaming, target: Target) -> None:
    file, named = target.file, target.local
    assert file is not None
    assert named is not None
    scoping = scoping_of(file.source)
    assert scoping is not None
    spelling = Spelling(variables=[named])
    for piece in respelled(file, scoping, named, run.old, run.new, {one.spot for one in named.taken}):
        spelling.pieces[piece.start] = piece
        run.draft.add(file, piece)
    run.spellings[file] = spelling
    if any(scope is named.scope for scope in scoping.dynamic):
        run.doubt(f"{file.place(min(spelling.pieces))}: this code reads its names as text (`locals`, `eval`).")
    if named.parameter and file.language == "python":
        _rename_parameter(run, file, named.bounds[0].start)


def _rename_parameter(run: Renaming, file: OpenFile, start: int) -> None:
    calls = KeywordCalls(run.reader, run.workspace, run.old, run.new)
    calls.of_parameter(file, start)
    for other, pieces in calls.pieces.items():
        for piece in pieces:
            run.draft.add(other, piece)
            run.spellings.setdefault(other, Spelling()).pieces[piece.start] = piece
    for other, variables in calls.parameters.items():
        scoping = scoping_of(other.source)
        assert scoping is not None
        for named in variables:
            for piece in respelled(other, scoping, named, run.old, run.new, ()):
                run.draft.add(other, piece)
                run.spellings.setdefault(other, Spelling()).pieces[piece.start] = piece
            run.spellings.setdefault(other, Spelling()).variables.append(named)
    for doubt in calls.doubts:
        run.doubt(doubt)


# -- definitions ------------------------------------------------------------------------------------------------


def _rename_symbols(run: Renaming, target: Target) -> list[Symbol]:
    types = Types.read(run.reader)
    symbols = _family(run, target.symbols, types)
    spellings = _spell(run, symbols)
    while more := _defined_at(run, spellings, symbols):  # Keys of objects are definitions too, which have uses.
        symbols = _family(run, [*symbols, *more], types)
        spellings = _spell(run, symbols)
    run.spellings = spellings
    for file, spelling in spellings.items():
        for piece in spelling.pieces.values():
            run.draft.add(file, piece)
    if run.draft.count > run.limit:
        raise Refusal(
            f"{run.old} has {run.draft.count} places, more than the limit of {run.limit}; raise `limit` to change them."
        )
    _check_entries(run, symbols)
    _check_bases(run, symbols, types)
    _fields_as_arguments(run, symbols)
    return symbols


def _family(run: Renaming, symbols: list[Symbol], types: Types) -> list[Symbol]:
    found = with_twins(run.reader, symbols)
    if any(is_member(one) for one in found):
        found = with_twins(run.reader, whole_family(run.reader, found, types))
        owners = {one.parent for one in found if one.parent is not None}
        taken = named_otherwise(run.reader, types.around(owners), run.new)
        if taken:
            raise Refusal(f"{taken[0].qualified} ({taken[0].path}:{taken[0].line}) has that name already.")
    return found


def _spell(run: Renaming, symbols: list[Symbol]) -> dict[OpenFile, Spelling]:
    numbers = [one.id for one in symbols]
    located = [*places_of(run.reader, numbers), *uses_with_targets(run.reader, numbers)]
    by_path: dict[str, list[Located]] = {}
    for one in located:
        by_path.setdefault(one.path, []).append(one)
    lexical = not any(is_member(one) or one.parent is not None for one in symbols)
    found: dict[OpenFile, Spelling] = {}
    run.notes, run.doubts = [], []
    for path in sorted(by_path):
        file = run.workspace.open(path)
        offsets = Offsets(file.text)
        places = Places()
        for one in by_path[path]:
            start = offsets.at(one.line, one.column)
            if one.kind < 0:
                places.definitions.add(start)
            else:
                places.uses[start] = max(one.confidence, places.uses.get(start, 0))
        spelling = spell(file, scoping_of(file.source), places, run.old, run.new, lexical=lexical)
        if spelling.pieces:
            found[file] = spelling
        _note_doubts(run, file, places, spelling)
    return found


def _note_doubts(run: Renaming, file: OpenFile, places: Places, spelling: Spelling) -> None:
    for start in sorted(spelling.pieces):
        if start in spelling.keys and places.uses.get(start, EXACT) < EXACT and start not in places.definitions:
            run.doubt(f"{file.place(start)}: changed, since the inferred type says that `{run.old}` is meant.")
    for start in spelling.kept:
        run.notes.append(f"{file.place(start)}: stays, since the name that is exported there stays `{run.old}`.")


def _defined_at(run: Renaming, spellings: dict[OpenFile, Spelling], symbols: list[Symbol]) -> list[Symbol]:
    """Definitions whose names are edited as keys, and that are not among those meant yet."""
    known = {one.id for one in symbols}
    found: list[Symbol] = []
    for file, spelling in spellings.items():
        if file.language not in SCRIPTS or not spelling.keys:
            continue
        offsets = Offsets(file.text)
        places = {offsets.line_and_column(start) for start in spelling.keys}
        rows = run.reader.rows(
            "SELECT s.id, s.line, s.column FROM symbols s JOIN files f ON f.id = s.file "
            "WHERE f.path = ? AND s.name = ?",
            (file.path, run.old),
        )
        numbers = [row[0] for row in rows if (row[1], row[2]) in places and row[0] not in known]
        found += symbols_of(run.reader, [int(str(number)) for number in numbers]).values()
    return found


def _check_entries(run: Renaming, symbols: Iterable[Symbol]) -> None:
    for one in symbols:
        where = f"{one.path}:{one.line}"
        if one.entry in _OF_LANGUAGE:
            raise Refusal(f"{one.qualified} ({where}) is used by {one.language} or its libraries under this name.")
        if one.entry.startswith("implements "):
            raise Refusal(f"{one.qualified} ({where}) {one.entry}; a trait and all that implements it are not renamed.")
        if one.entry == "test" and _is_test_name(run.old) != _is_test_name(run.new):
            run.doubt(f"{where}: tests are found by their names; {run.new} may not be found.")
        elif one.entry not in _HARMLESS and not one.entry.startswith("accessor of "):
            run.doubt(f"{where}: {one.entry}; something outside the code may know it by its name.")
    _check_interfaces(run, symbols)
    _check_visibility(run, symbols)
    if any(one.entry in {"exported", "in __all__"} for one in symbols):
        run.notes.append(f"`{run.old}` is public: code outside of this project that uses it is not seen.")


def _is_test_name(name: str) -> bool:
    return name.lower().startswith(("test", "bench", "example", "fuzz"))


def _check_visibility(run: Renaming, symbols: Iterable[Symbol]) -> None:
    """Go: a capital makes a name visible to other packages."""
    symbols = [one for one in symbols if one.language == "go"]
    if not symbols or run.old[:1].isupper() == run.new[:1].isupper():
        return
    home = {one.path.rpartition("/")[0] for one in symbols}
    abroad = sorted(file.path for file in run.spellings if file.path.rpartition("/")[0] not in home)
    if abroad and not run.new[:1].isupper():
        raise Refusal(f"{run.new} begins with a small letter, so it would no longer be seen in {abroad[0]}.")
    if run.new[:1].isupper():
        run.notes.append(f"`{run.new}` begins with a capital, so other packages can use it from now on.")
    elif any(one.public for one in symbols):
        run.doubt(f"`{run.new}` begins with a small letter: packages outside of this project can no longer use it.")


def _check_interfaces(run: Renaming, symbols: Iterable[Symbol]) -> None:
    """Go and Rust: what an interface or trait asks for has this name in every type that has it."""
    methods = [one for one in symbols if one.kind == "method" and one.language in {"go", "rust"}]
    if not methods:
        return
    asked = symbols_where(
        run.reader,
        "s.name = ? AND f.language = ? AND s.parent IN (SELECT id FROM symbols WHERE kind IN ('interface', 'trait'))",
        (run.old, methods[0].language),
    )
    if asked:
        raise Refusal(f"{asked[0].qualified} ({asked[0].path}:{asked[0].line}) asks for {run.old} by this name.")


def _check_bases(run: Renaming, symbols: Iterable[Symbol], types: Types) -> None:
    owners = {one.parent for one in symbols if one.parent is not None and is_member(one)}
    around = types.around(owners)
    outside = {base for one in around for base in types.foreign.get(one, ())}
    known = [base for base in sorted(outside) if hasattr(getattr(builtins, base, None), run.old)]
    if known:
        raise Refusal(f"{run.old} overrides what {known[0]} has under this name; another name would not be called.")
    unknown = sorted(base for base in outside if not isinstance(getattr(builtins, base, None), type))
    if unknown:
        run.doubt(f"If {', '.join(unknown[:5])}, from outside of this project, has or calls `{run.old}`, it is missed.")


def _fields_as_arguments(run: Renaming, symbols: Iterable[Symbol]) -> None:
    """Fields of data classes are keywords where these are made."""
    fields = [one for one in symbols if one.kind == "field" and one.language == "python" and one.parent is not None]
    if not fields:
        return
    calls = KeywordCalls(run.reader, run.workspace, run.old, run.new)
    calls.of_fields(fields)
    for file, pieces in calls.pieces.items():
        for piece in pieces:
            run.draft.add(file, piece)
            run.spellings.setdefault(file, Spelling()).pieces[piece.start] = piece
    for doubt in calls.doubts:
        run.doubt(doubt)


# -- proof ------------------------------------------------------------------------------------------------------


def _prove(run: Renaming, symbols: list[Symbol]) -> None:
    for file, spelling in run.spellings.items():
        scoping = scoping_of(file.source)
        if scoping is None:
            check_unscoped(run.reader, file, spelling, run.new, symbols)
        else:
            check_collisions(file, spelling, run.new)
            check_meanings(file, scoping, run.draft.of(file), run.draft.result(file), run.new)


def _add_mentions(run: Renaming, target: Target, symbols: list[Symbol]) -> None:
    mentions: Mentions = find_mentions(run.reader, run.workspace, run.draft, target, symbols)
    for note in mentions.doubtful:
        run.doubt(note)
    run.notes += mentions.notes
