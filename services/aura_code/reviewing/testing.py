"""Which tests reach what changes, and what changes without one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, cast

from aura_code.answers import visible
from aura_code.places import read_place
from aura_code.reviewing.changes import Change, FileChange, Side
from aura_code.reviewing.users import UserBook
from aura_code.structure.facts import Definition
from aura_code.structure.impact import tests_for
from aura_code.structure.lookup import Symbol
from aura_code.structure.reach import reached_by_tests
from aura_code.structure.store import StructureReader
from aura_shared.messages.review import UntestedChange
from aura_shared.messages.structure import FindTests

MOST_TESTS: Final = 200
_MOST_UNTESTED: Final = 50
_MOST_ASKED: Final = 60  # Definitions whose tests are looked up one by one.
_FUNCTIONS: Final = frozenset({"function", "method"})
_SHORT: Final = 3  # Lines of a function that needs no test of its own.
_PRIVATE_BRANCHES: Final = 4
"""Complexity from which a private function is worth a test even when it is reached from outside of the change only."""
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
_RAISES: Final = re.compile(r"\b(?:raise|throw new|throw)\s+([A-Z]\w*)")
_RUST_TESTS: Final = re.compile(r"#\[cfg\((?:test|all\(test)")


class Changed(NamedTuple):
    """A definition whose code changes."""

    file: FileChange
    definition: Definition
    name: str
    """Qualified."""


@dataclass(eq=False)
class Testing:
    """What is known of the tests of a change."""

    change: Change
    book: UserBook
    files: Collection[str]
    """Files of the project."""
    store: StructureReader | None = None
    _asked: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])

    @cached_property
    def changed(self) -> list[Changed]:
        """Functions outside of tests whose code changes, in the order of the files."""
        return [one for file in self.change.files if file.is_code for one in _changed(file)]

    @cached_property
    def _named_by_tests(self) -> frozenset[str]:
        """Names that the tests of the change use."""
        names: set[str] = set()
        for file in self.change.files:
            if file.new.text is None:
                continue
            if file.is_test:
                names.update(_WORD.findall(file.new.text.decode("utf-8", "replace")))
            elif file.language == "rust":
                text = file.new.text.decode("utf-8", "replace")
                inside = _RUST_TESTS.search(text)
                names.update(_WORD.findall(text[inside.end() :]) if inside else ())
        return frozenset(names)

    @cached_property
    def _reached(self) -> dict[str, frozenset[str]] | None:
        return reached_by_tests(self.store) if self.store is not None else None

    def untested(self) -> list[UntestedChange]:
        """What changes and is reached by no test, public and branching code first."""
        if self.store is None and not any(file.is_test for file in self.change.files):
            return []
        missing = [one for one in self.changed if _deserves(one.definition) and not self._is_tested(one)]
        missing.sort(key=lambda one: (not one.definition.public, -one.definition.complexity))
        layout = Layout(self.files)
        return [self._message(one, layout) for one in missing[:_MOST_UNTESTED]]

    def _is_tested(self, one: Changed) -> bool:
        short = one.definition.name
        if short in self._named_by_tests or one.definition.entry.startswith("test"):
            return True
        if self.store is None:
            return False
        reached = self._reached
        if reached is None:
            return False
        paths = [path for path in (one.file.path, one.file.old_path) if path]
        if any(one.name in reached.get(path, ()) for path in paths):
            return True
        rows = self.store.rows(
            "SELECT 1 FROM uses u JOIN files f ON f.id = u.file LEFT JOIN symbols s ON s.id = u.scope "
            "WHERE u.name = ? AND (f.is_test OR s.entry LIKE 'test%') LIMIT 1",
            (short,),
        )
        return bool(rows) or bool(self._tests_of(self.book.symbols(paths, one.name)))

    def tests(self) -> list[str]:
        """Tests that reach what changes, `path::name`, nearest first; those of the change itself come before others."""
        found = [
            f"{visible(file.path)}::{name}" for file in self.change.files if file.is_test for name in _tests_in(file)
        ]
        weight: Counter[str] = Counter()
        for one in self.changed[:_MOST_ASKED]:
            paths = [path for path in (one.file.path, one.file.old_path) if path]
            for place, test in enumerate(self._tests_of(self.book.symbols(paths, one.name))):
                weight[test] = max(weight[test], MOST_TESTS - place)
        found += [test for test, _ in weight.most_common()]
        return list(dict.fromkeys(found))[:MOST_TESTS]

    def _tests_of(self, symbols: Sequence[Symbol]) -> list[str]:
        if self.store is None or not symbols:
            return []
        symbol = symbols[0]
        key = f"{symbol.path}\0{symbol.qualified}"
        if key not in self._asked:
            asked = FindTests(project="", symbol=symbol.qualified, path=symbol.path, limit=100)
            answer = tests_for(self.store, asked)
            self._asked[key] = [f"{test.symbol.path}::{test.symbol.name}" for test in answer.tests]
        return self._asked[key]

    def _message(self, one: Changed, layout: Layout) -> UntestedChange:
        definition = one.definition
        no_tests = self.store is not None and self._reached is None
        looked = (
            "the project has no tests" if no_tests else "no test of the project or of this change reaches or names it"
        )
        return UntestedChange(
            symbol=visible(one.name),
            path=visible(one.file.path),
            line=max(1, definition.line),
            reason=f"{definition.kind} with {_branches(definition)}; {looked}",
            suggestion=visible(f"{layout.place_for(one.file.path, one.file.language)}: {_what_to_check(one)}"),
        )


def _changed(file: FileChange) -> Iterator[Changed]:
    side = file.new
    if side.structure is None:
        return
    code = [number for number in sorted(file.new_lines) if _is_code(side.line(number))]
    gone = [number for number in file.old_lines if _is_code(file.old.line(number))]
    shrunk = {file.old.owner(number) for number in gone}
    touched = {side.owner(number) for number in code}
    for place, definition in enumerate(side.structure.definitions):
        name = side.names[place]
        if definition.kind in _FUNCTIONS and (name in touched or (name in shrunk and name)):
            yield Changed(file, definition, name)


def _is_code(line: str) -> bool:
    text = line.strip()
    return (
        bool(text) and not text.startswith(("#", "//", "/*", "*", '"""', "'''")) and text not in {"{", "}", "});", "},"}
    )


def _deserves(definition: Definition) -> bool:
    """Whether a function is worth a test of its own."""
    if definition.name.startswith("__") and definition.name.endswith("__"):
        return False
    if definition.entry and definition.entry not in {"exported", "in __all__"}:
        return False  # A decorator or a base calls it in a way that calls do not show.
    size = definition.end_line - definition.start_line + 1
    if definition.public:
        return size > _SHORT or definition.complexity > 1
    return definition.complexity >= _PRIVATE_BRANCHES


def _tests_in(file: FileChange) -> Iterator[str]:
    """Tests of the change whose lines it adds or edits."""
    side = file.new
    if side.structure is None:
        return
    for place, one in enumerate(side.structure.definitions):
        named = one.kind in {"function", "method"} and one.name.lower().startswith("test")
        is_test = (named or one.entry.startswith("test")) and one.entry != "test hook"
        if is_test and file.touches(one.start_line, one.end_line):
            yield visible(side.names[place])


def _branches(definition: Definition) -> str:
    count = max(0, definition.complexity - 1)
    return "no branches" if count == 0 else "1 branch" if count == 1 else f"{count} branches"


def _what_to_check(one: Changed) -> str:
    side: Side = one.file.new
    text = "\n".join(side.lines[one.definition.start_line - 1 : one.definition.end_line])
    errors = list(dict.fromkeys(_RAISES.findall(text)))[:3]
    branches = max(0, one.definition.complexity - 1)
    parts = [f"call `{one.definition.name}` and compare what comes back"]
    if branches:
        parts.append(f"take {'its branch' if branches == 1 else f'each of its {branches} branches'} once")
    if errors:
        parts.append(f"provoke {' and '.join(f'`{error}`' for error in errors)}")
    return "; ".join(parts)


# -- where tests are --------------------------------------------------------------------------------------------

_FORMS: Final = {
    "python": ("test_{}.py", "{}_test.py"),
    "go": ("{}_test.go",),
    "javascript": ("{}.test.js", "{}.spec.js", "{}_test.js"),
    "typescript": ("{}.test.ts", "{}.spec.ts", "{}.test.tsx"),
    "tsx": ("{}.test.tsx", "{}.spec.tsx", "{}.test.ts"),
    "rust": (),
    "java": ("{}Test.java", "{}Tests.java"),
}


class Layout:
    """Where the tests of a project lie."""

    def __init__(self, files: Iterable[str]) -> None:
        self._tests = [path for path in files if "tests" in read_place(path).kinds]
        self._names: dict[str, list[str]] = {}
        for path in self._tests:
            self._names.setdefault(path.rpartition("/")[2], []).append(path)

    def place_for(self, path: str, language: str) -> str:
        """The file that a test of a file belongs into: the one that is there, else one that fits the others."""
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0]
        if stem in {"__init__", "index", "mod", "lib"}:
            stem = folder.rpartition("/")[2] or stem
        if language == "rust":
            return f"`mod tests` in {path}"
        forms = _FORMS.get(language, ())
        known = [found for form in forms for found in self._names.get(form.format(stem), ())]
        if known:
            return max(known, key=lambda one: (_shared(one, path), one))
        form = self._form(forms)
        if not form:
            return "a new test"
        beside = self._beside(forms)
        return f"{beside(folder)}{form.format(stem)}"

    def _form(self, forms: Sequence[str]) -> str:
        """The most frequent form of a test's name."""
        counts = Counter(form for name in self._names for form in forms if _fits(form, name))
        return counts.most_common(1)[0][0] if counts else (forms[0] if forms else "")

    def _beside(self, forms: Sequence[str]) -> _FolderOf:
        folders = Counter(
            path.rpartition("/")[0]
            for path in self._tests
            if any(_fits(form, path.rpartition("/")[2]) for form in forms)
        )
        own = sum(count for folder, count in folders.items() if "tests" in read_place(f"{folder}/x").kinds)
        if sum(folders.values()) > 2 * own:
            return lambda folder: f"{folder}/" if folder else ""
        names = list(folders)
        common = folders.most_common(1)[0][0] if folders else "tests"

        def nearest(folder: str) -> str:
            best = max(names, key=lambda one: (_alike(one, folder), folders[one]), default=common)
            return f"{best if _alike(best, folder) else common}/"

        return nearest


_FolderOf = Callable[[str], str]


def _fits(form: str, name: str) -> bool:
    head, _, tail = form.partition("{}")
    return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)


def _shared(first: str, second: str) -> int:
    return len(set(first.split("/")[:-1]) & set(second.split("/")[:-1]))


def _alike(test_folder: str, folder: str) -> int:
    """How many of the last folders of a file the folder of a test repeats."""
    return len(set(test_folder.split("/")) & set(folder.split("/")))


def impact_files(change: Change, book: UserBook, changed: Sequence[Changed]) -> int:
    """How many files outside of the change use something of what changes, directly."""
    if book.store is None:
        return 0
    numbers: list[int] = []
    for one in changed:
        paths = [path for path in (one.file.path, one.file.old_path) if path]
        numbers += [symbol.id for symbol in book.symbols(paths, one.name)]
    if not numbers:
        return 0
    rows = book.store.rows(
        "SELECT DISTINCT f.path FROM uses u JOIN files f ON f.id = u.file WHERE u.confidence >= 2 "
        "AND u.target IN (SELECT value FROM json_each(?))",
        (str(sorted(set(numbers))),),
    )
    paths = {path for (path,) in cast("list[tuple[str]]", rows)}
    return len(paths - change.by_any_path.keys())
