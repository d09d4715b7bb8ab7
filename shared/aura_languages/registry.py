"""Finds the installed languages and tells which one a file is written in."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from aura_languages.plain import plain_languages
from aura_languages.spec import LanguageSpec

GROUP = "aura.languages"
HEAD_BYTES = 4096  # Enough for a `#!` line and for what tells C++ from C.


@dataclass(frozen=True, slots=True)
class LanguageProblem:
    """A language that cannot be used."""

    language: str
    """Its identifier, or the name of its entry point."""
    reason: str
    """What went wrong, in one line."""


class Languages(Mapping[str, LanguageSpec]):
    """Languages by identifier. The first to claim a suffix or a name keeps it."""

    def __init__(self, specs: Iterable[LanguageSpec], problems: Iterable[LanguageProblem] = ()) -> None:
        self.problems = tuple(problems)
        """Languages that were left out."""
        self._specs: dict[str, LanguageSpec] = {}
        self._by_suffix: dict[str, list[LanguageSpec]] = {}
        self._by_file_name: dict[str, LanguageSpec] = {}
        self._by_interpreter: dict[bytes, LanguageSpec] = {}
        self._by_alias: dict[str, str] = {}
        for spec in specs:
            self._add(spec)

    def _add(self, spec: LanguageSpec) -> None:
        if spec.id in self._specs:
            return
        self._specs[spec.id] = spec
        for suffix in spec.suffixes:
            self._by_suffix.setdefault(suffix, []).append(spec)
        for name in spec.file_names:
            self._by_file_name.setdefault(name, spec)
        for program in spec.interpreters:
            self._by_interpreter.setdefault(program.encode(), spec)
        for alias in (spec.id, spec.name.lower(), *spec.aliases):
            self._by_alias.setdefault(alias, spec.id)

    def __getitem__(self, key: str) -> LanguageSpec:
        return self._specs[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def of(self, path: str, head: bytes = b"") -> LanguageSpec | None:
        """The language of a file, or None for plain text.

        Args:
            path: Path or name of the file.
            head: The first bytes of its content, for endings that several languages share and for `#!` lines.
        """
        name = path.rpartition("/")[2]
        known = self._by_file_name.get(name)
        if known is not None:
            return known
        stem, suffix = _split(name)
        candidates = self._by_suffix.get(suffix.lower())
        if candidates:
            return _by_content(candidates, head)
        if stem and suffix:
            inner = self._by_suffix.get(_split(stem)[1].lower()) if suffix in _TEMPLATE_SUFFIXES else None
            return inner[0] if inner else None
        return self._by_interpreter.get(_interpreter(head)) if head.startswith(b"#!") else None

    def named(self, name: str) -> str | None:
        """The identifier that belongs to a name or alias, in any case; None when it is unknown."""
        return self._by_alias.get(name.strip().lower())


_TEMPLATE_SUFFIXES = (".in", ".tmpl", ".j2")  # `settings.py.in` is read like `settings.py`.


def _split(name: str) -> tuple[str, str]:
    """Stem and ending of a file name; `.bashrc` has no ending."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")


def _by_content(candidates: list[LanguageSpec], head: bytes) -> LanguageSpec:
    if len(candidates) > 1:
        for spec in candidates:
            if spec.content is not None and spec.content.search(head, 0, HEAD_BYTES):
                return spec
        for spec in candidates:
            if spec.content is None:
                return spec
    return candidates[0]


def _interpreter(head: bytes) -> bytes:
    words = head.partition(b"\n")[0][2:].split()
    if words and words[0].endswith(b"env"):
        words = [word for word in words[1:] if not word.startswith(b"-") and b"=" not in word]
    program = words[0].rpartition(b"/")[2] if words else b""
    return program.rstrip(b"0123456789.")


@functools.cache
def languages() -> Languages:
    """Every usable language: those of the entry points first, then those read line by line."""
    return load_languages(entry_points(group=GROUP))


def load_languages(found: Iterable[EntryPoint]) -> Languages:
    """Load languages; one that fails is left out and named in `problems`."""
    specs: list[LanguageSpec] = []
    problems: list[LanguageProblem] = []
    seen: set[str] = set()
    for point in sorted(found, key=lambda point: (not point.value.startswith("aura_languages."), point.name)):
        if point.value in seen:
            continue
        seen.add(point.value)
        try:
            spec = point.load()
        except Exception as error:  # noqa: BLE001 - code of others: whatever it raises, the other languages go on
            problems.append(LanguageProblem(point.name, f"{point.value}: {type(error).__name__}: {error}"))
            continue
        if isinstance(spec, LanguageSpec):
            specs.append(spec)
        else:
            problems.append(LanguageProblem(point.name, f"{point.value} is not a LanguageSpec"))
    return Languages([*specs, *plain_languages()], problems)


def language_of(path: str, head: bytes = b"") -> str:
    """The identifier of a file's language; empty for plain text."""
    spec = languages().of(path, head)
    return spec.id if spec else ""


def language_named(name: str) -> str | None:
    """The identifier that belongs to a name or alias, such as `py` or `C++`; None when it is unknown."""
    return languages().named(name)


def check_languages() -> list[LanguageProblem]:
    """What is wrong with the installed languages: loads every grammar and compiles every query."""
    from aura_languages.grammars import GrammarError, grammar_of  # noqa: PLC0415 - not needed to tell languages

    known = languages()
    problems = list(known.problems)
    for spec in known.values():
        try:
            grammar_of(spec)
        except GrammarError as error:
            problems.append(LanguageProblem(spec.id, str(error)))
    return problems
