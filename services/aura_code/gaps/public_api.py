"""What public definitions lack, from the structure of the files: a test that reaches them, documentation, types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from aura_code.gaps.coverage import Coverage
from aura_code.places import read_place
from aura_code.structure.facts import Definition, FileStructure
from aura_shared.messages.gaps import Gap, GapKind, GapPlace

_FUNCTIONS: Final = frozenset({"function", "method", "constructor"})
_DOCUMENTED: Final = _FUNCTIONS | {"class", "interface", "trait", "struct", "enum", "type"}
_TYPED: Final = frozenset({"python"})
"""Languages where types are a choice and a reader says whether they are there. In TypeScript results are inferred, and
JavaScript has none."""
_ELSEWHERE: Final = frozenset({"tests", "docs", "legacy"})
_SHORT: Final = 3  # Lines of a function that needs no test of its own.
_HABIT: Final = 0.15
"""A project that documents, or types, less than this share of its public definitions has chosen not to."""

_CALLED_BY_CODE: Final = frozenset({"", "exported", "in __all__"})
"""Other reasons to call a definition, such as a decorator or a base class, are what the graph of calls does not see."""

Reached = Mapping[str, Collection[str]]
"""By path the qualified names of definitions that tests reach."""


class _Public(NamedTuple):
    path: str
    definition: Definition
    name: str
    """Qualified."""


def api_gaps(
    structures: Iterable[FileStructure],
    *,
    kinds: Collection[GapKind],
    places: int,
    coverage: Coverage | None,
    reached: Reached | None,
) -> list[Gap]:
    """At most one gap for tests, documentation and types each.

    Args:
        structures: Of the files to look at.
        kinds: Which of the three are wanted.
        places: Most places of each.
        coverage: What tests ran, when there is data.
        reached: What tests reach by the graph of calls, for files that the data does not know; None when unknown.
    """
    tested: list[_Public] = []
    documented: list[_Public] = []
    typed: list[_Public] = []
    for structure in structures:
        if not _ELSEWHERE.isdisjoint(read_place(structure.path).kinds):
            continue
        for public in _public(structure):
            definition = public.definition
            if definition.kind in _FUNCTIONS:
                tested.append(public)
                if structure.language in _TYPED and not _special(definition.name):
                    typed.append(public)
            tiny = definition.kind in _FUNCTIONS and _size(definition) < 2  # Such as the methods of an interface.
            if (
                definition.kind in _DOCUMENTED
                and not tiny
                and not _special(definition.name)
                and definition.entry != "overrides"
            ):
                documented.append(public)
    made: list[Gap | None] = []
    if "tests" in kinds:
        made.append(_untested(tested, coverage, reached, places))
    if "docs" in kinds:
        made.append(_undocumented(documented, places))
    if "types" in kinds:
        made.append(_untyped(typed, places))
    return [gap for gap in made if gap is not None]


def _public(structure: FileStructure) -> Iterator[_Public]:
    """What is public, with all that surrounds it."""
    definitions = structure.definitions
    names: list[str] = []
    visible: list[bool] = []
    for definition in definitions:
        outer = definition.parent
        inside = 0 <= outer < len(names)
        prefix = names[outer] if inside else definition.receiver
        names.append(f"{prefix}.{definition.name}" if prefix else definition.name)
        local = inside and definitions[outer].kind in _FUNCTIONS
        visible.append(definition.public and not local and (not inside or visible[outer]))
        if visible[-1] and not definition.entry.startswith("test"):
            yield _Public(structure.path, definition, names[-1])


def _special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _size(definition: Definition) -> int:
    return definition.end_line - definition.start_line + 1


def _untested(functions: list[_Public], coverage: Coverage | None, reached: Reached | None, places: int) -> Gap | None:
    judged: list[tuple[_Public, bool]] = []
    by_data = 0
    for public in functions:
        definition = public.definition
        if _special(definition.name) or (_size(definition) < _SHORT and definition.complexity < 2):
            continue
        # The line of `def` runs when the file is imported, so only what stands below it counts.
        ran = coverage.reaches(public.path, definition.line + 1, definition.end_line) if coverage else None
        by_data += ran is not None
        if ran is None and reached is not None and definition.entry in _CALLED_BY_CODE:
            ran = public.name in reached.get(public.path, ())
        if ran is not None:
            judged.append((public, ran))
    missing = [public for public, ran in judged if not ran]
    if not missing:
        return None
    evidence = f"coverage data: {coverage.source}" if coverage and by_data else ""
    if by_data < len(judged):
        graph = "the graph of calls, which does not see calls by name or by a framework"
        evidence = f"{evidence}; else {graph}" if evidence else graph
    return _gap(
        "tests",
        f"Public functions that no test reaches: {len(missing)} of {len(judged)}",
        "What no test reaches may break with any change, and nobody learns of it before a user does.",
        "Aura would write tests for them, those with the most branches first, in the style of the tests there are.",
        0.4 + 0.5 * len(missing) / len(judged),
        sorted(missing, key=lambda public: (-public.definition.complexity, public.path, public.definition.line)),
        places,
        _branches,
        evidence,
    )


def _branches(public: _Public) -> str:
    count = public.definition.complexity - 1
    return "" if count < 1 else "1 branch" if count == 1 else f"{count} branches"


def _undocumented(public: list[_Public], places: int) -> Gap | None:
    missing = [one for one in public if not one.definition.documented]
    if not missing:
        return None
    return _gap(
        "docs",
        f"Public definitions without documentation: {len(missing)} of {len(public)}",
        "Whoever calls them has to read the code to learn what comes back, in which unit, and what may go wrong.",
        "Aura would write a first line for each that says what comes back or what happens, from code and callers.",
        _habitual(len(missing), len(public)),
        sorted(missing, key=lambda one: (-_size(one.definition), one.path, one.definition.line)),
        places,
        lambda one: f"{one.definition.kind} of {_size(one.definition)} lines",
    )


def _untyped(functions: list[_Public], places: int) -> Gap | None:
    missing = [one for one in functions if not one.definition.typed]
    if not missing:
        return None
    return _gap(
        "types",
        f"Public functions without complete types: {len(missing)} of {len(functions)}",
        "Without types a checker and an editor cannot tell a wrong call from a right one.",
        "Aura would add the types that the calls and the bodies show, and leave open what they do not.",
        _habitual(len(missing), len(functions)),
        sorted(missing, key=lambda one: (-one.definition.parameters, one.path, one.definition.line)),
        places,
        lambda one: f"{one.definition.parameters} parameters" if one.definition.parameters else "",
    )


def _habitual(missing: int, of: int) -> float:
    """Little where the project does without on purpose, and where only few are missing."""
    return 0.15 if missing / of > 1 - _HABIT else 0.25 + 0.25 * min(1.0, missing / 20)


def _gap(
    kind: GapKind,
    title: str,
    why: str,
    offer: str,
    weight: float,
    missing: list[_Public],
    places: int,
    note: Callable[[_Public], str],
    evidence: str = "",
) -> Gap:
    shown = [
        GapPlace(path=one.path, line=max(1, one.definition.line), symbol=one.name, note=note(one))
        for one in missing[:places]
    ]
    return Gap(
        kind=kind,
        title=title,
        why=why,
        offer=offer,
        weight=round(min(1.0, weight), 3),
        places=shown,
        count=len(missing),
        evidence=evidence,
    )
