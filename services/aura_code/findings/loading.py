"""Reads rules from their files, out of every package that the entry-point group `aura.rules` names."""

from __future__ import annotations

import functools
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, ClassVar, Final, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from aura_code.findings.model import Captures, Category, Check, Example, Hit, Level, Rule, RulePart
from aura_code.findings.own_rules import UNUSED_IGNORE
from aura_code.syntax import SourceFile
from aura_languages import languages

GROUP: Final = "aura.rules"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """A rule, or a package of rules, that cannot be used."""

    rule: str
    """Its identifier, or the name of the entry point."""
    reason: str
    """File, key, what was expected and what was found, in one line."""


class RuleSet:
    """Rules by identifier, in alphabetical order. The first package to claim an identifier keeps it."""

    def __init__(self, rules: Iterable[Rule], problems: Iterable[RuleProblem] = ()) -> None:
        by_id: dict[str, Rule] = {}
        for rule in rules:
            by_id.setdefault(rule.id, rule)
        self._rules = dict(sorted(by_id.items()))
        self.problems = tuple(problems)
        """Rules that were left out."""

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._rules

    def __getitem__(self, identifier: str) -> Rule:
        return self._rules[identifier]

    def get(self, identifier: str) -> Rule | None:
        """The rule with this identifier; None when there is none."""
        return self._rules.get(identifier)

    def only(self, wanted: Callable[[Rule], bool]) -> RuleSet:
        """The rules that pass."""
        return RuleSet((rule for rule in self if wanted(rule)), self.problems)

    def on(self) -> RuleSet:
        """The rules that are on unless a team says otherwise."""
        return self.only(lambda rule: rule.default)


OptionCheck = Callable[[SourceFile, Captures, Mapping[str, int]], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check that takes options, with the values that hold."""

    check: OptionCheck
    options: Mapping[str, int]

    def __call__(self, file: SourceFile, captures: Captures) -> Iterable[Hit]:
        """What the check reports."""
        return self.check(file, captures, self.options)


def with_options(rule: Rule, options: Mapping[str, int]) -> Rule:
    """The rule with other values for some of its options; unknown ones are left out."""
    values = {**rule.options, **{name: value for name, value in options.items() if name in rule.options}}
    parts = tuple(
        replace(part, check=BoundCheck(part.check.check, values)) if isinstance(part.check, BoundCheck) else part
        for part in rule.parts
    )
    return replace(rule, options=values, parts=parts)


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return " ".join(value.split())


def _paragraphs(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value.strip()


Sentence = Annotated[str, AfterValidator(_text)]
Prose = Annotated[str, AfterValidator(_paragraphs)]


class _Table(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", strict=True)


class _ExampleTable(_Table):
    code: str
    path: str = ""
    fixed: str | None = None
    options: dict[str, int] = Field(default_factory=dict)


class _PartTable(_Table):
    languages: list[str] = Field(min_length=1)
    query: str = ""
    check: str = ""
    bad: list[_ExampleTable] = Field(min_length=1)
    good: list[_ExampleTable] = Field(min_length=1)


class _RuleTable(_Table):
    title: Sentence
    message: Sentence
    level: Level
    category: Category
    default: bool
    tags: list[str] = Field(default_factory=list)
    in_tests: bool = True
    replaced_by: list[str] = Field(default_factory=list)
    what: Prose
    why: Prose
    how: Prose
    options: dict[str, int] = Field(default_factory=dict)
    on: list[_PartTable] = Field(min_length=1)


class RuleFileError(Exception):
    """A rule file does not have its form; the text names file, key, what was expected and what was found."""


def read_rule(identifier: str, text: str, *, file: str = "") -> Rule:
    """The rule in a file's text.

    Args:
        identifier: The file's name without `.toml`.
        text: Its content.
        file: How to name the file in errors.

    Raises:
        RuleFileError: It is not TOML, a key is missing, unknown or has the wrong form, or its check cannot be loaded.
    """
    shown = file or f"{identifier}.toml"
    if not _NAME.fullmatch(identifier):
        raise RuleFileError(f"{shown}: the file's name must be words in lower case with dashes; found {identifier!r}")
    try:
        table = _RuleTable.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RuleFileError(f"{shown}: must be TOML: {error}") from error
    except ValidationError as error:
        raise RuleFileError(f"{shown}: {_first(error)}") from error
    parts = tuple(_part(table, number, shown) for number in range(len(table.on)))
    return Rule(
        id=identifier,
        title=table.title,
        message=table.message,
        level=table.level,
        category=table.category,
        default=table.default,
        what=table.what,
        why=table.why,
        how=table.how,
        parts=parts,
        tags=tuple(table.tags),
        in_tests=table.in_tests,
        replaced_by=tuple(table.replaced_by),
        options=table.options,
    )


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{key}: expected a value; found none"
    if problem["type"] == "extra_forbidden":
        return f"{key}: expected no such key; found {problem['input']!r:.80}"
    expected = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key}: {expected}; found {problem['input']!r:.80}"


def _part(table: _RuleTable, number: int, shown: str) -> RulePart:
    raw = table.on[number]
    place = f"{shown}: on.{number}"
    for language in raw.languages:
        spec = languages().get(language)
        if spec is None or spec.grammar is None:
            raise RuleFileError(f"{place}.languages: expected languages with a grammar; found {language!r}")
    query = raw.query.strip()
    if not query and not raw.check:
        raise RuleFileError(f"{place}: expected a query, a check, or both; found neither")
    if "(#" in query:
        raise RuleFileError(f"{place}.query: expected no predicates; found one in {query!r:.80}")
    if query and not raw.check and "@at" not in query:
        raise RuleFileError(f"{place}.query: expected the capture @at, since there is no check; found {query!r:.80}")
    return RulePart(
        languages=tuple(raw.languages),
        query=query,
        check=_check(raw.check, table.options, f"{place}.check") if raw.check else None,
        bad=tuple(_example(example) for example in raw.bad),
        good=tuple(_example(example) for example in raw.good),
    )


def _example(table: _ExampleTable) -> Example:
    return Example(table.code, table.path, table.fixed, table.options)


def _check(name: str, options: Mapping[str, int], place: str) -> Check:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise RuleFileError(f"{place}: expected package.module:function; found {name!r}")
    try:
        found: object = getattr(import_module(module), attribute)
    except Exception as error:  # code of others: whatever it raises, the other rules go on
        raise RuleFileError(f"{place}: cannot load {name}: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise RuleFileError(f"{place}: expected a function; found {type(found).__name__}")
    if len(inspect.signature(found).parameters) >= 3:
        return BoundCheck(cast("OptionCheck", found), options)
    return cast("Check", found)


@functools.cache
def load_rules() -> RuleSet:
    """Every usable rule of every installed package: Aura's own first, then those of others."""
    return load_rules_of(entry_points(group=GROUP))


def load_rules_of(found: Iterable[EntryPoint]) -> RuleSet:
    """Load rules; a file or a package that fails is left out and named in `problems`."""
    loaded = _Loaded()
    seen: set[str] = set()
    for point in sorted(found, key=lambda point: (not point.value.startswith("aura_code."), point.name)):
        if point.value in seen:
            continue
        seen.add(point.value)
        try:
            folder = files(import_module(point.value))
            entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        except Exception as error:  # noqa: BLE001 - code of others: whatever it raises, the other packages go on
            loaded.problems.append(RuleProblem(point.name, f"{point.value}: {type(error).__name__}: {error}"))
            continue
        loaded.take(point.value, entries)
    return RuleSet([*loaded.rules, UNUSED_IGNORE], loaded.problems)


@dataclass(slots=True)
class _Loaded:
    rules: list[Rule] = field(default_factory=list[Rule])
    problems: list[RuleProblem] = field(default_factory=list[RuleProblem])

    def take(self, package: str, entries: Iterable[Traversable]) -> None:
        """Read the rule files among a package's entries."""
        for entry in entries:
            identifier, dot, ending = entry.name.rpartition(".")
            if not dot or ending != "toml":
                continue
            try:
                text = entry.read_text(encoding="utf-8")
                self.rules.append(read_rule(identifier, text, file=f"{package}/{entry.name}"))
            except (OSError, UnicodeDecodeError) as error:
                self.problems.append(RuleProblem(identifier, f"{package}/{entry.name}: cannot be read: {error}"))
            except RuleFileError as error:
                self.problems.append(RuleProblem(identifier, str(error)))
