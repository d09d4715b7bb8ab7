"""What is searched for: a pattern or a rule, read for each language, with the words that every match contains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

import yaml
from ast_grep_py import Config, Rule, SgNode, SgRoot

from aura_languages import languages
from aura_shared.errors import UsageProblem

LANGUAGES: Final = ("python", "javascript", "typescript", "tsx", "go", "rust", "java", "c", "cpp")
"""Those that can be searched, with the names that ast-grep gives them."""
METAVARIABLE: Final = re.compile(r"\$\$\$([A-Z_][A-Z0-9_]*)?|\$([A-Z_][A-Z0-9_]*)")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*|#[^\n]*")
_AROUND: Final[Mapping[str, tuple[str, str]]] = {
    "go": ("func _() {\n", "\n}"),
    "c": ("void f() {\n", ";\n}"),
    "cpp": ("void f() {\n", ";\n}"),
    "java": ("class A { void f() {\n", ";\n} }"),
    "rust": ("fn f() {\n", "\n}"),
    "javascript": ("async function* f() {\n", "\n}"),
    "typescript": ("async function* f() {\n", "\n}"),
    "tsx": ("async function* f() {\n", "\n}"),
}
"""What makes a statement readable where the language has none at the top of a file."""
_CALLS_NEED_CONTEXT: Final = frozenset({"go", "c"})
"""There `f(x)` at the top of a file is read as a type or a declaration."""
_RULE_KEYS: Final = frozenset({"rule", "constraints", "utils", "transform"})
_IGNORED_KEYS: Final = frozenset({"id", "language", "message", "severity", "note", "fix", "url", "metadata", "files"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for in files of one language."""

    language: str
    config: Config
    """As ast-grep takes it."""
    words: tuple[str, ...]
    """Words that every file with a match contains."""


def read_request(pattern: str, rule: str, wanted: Sequence[str]) -> list[Wanted]:
    """What is searched for, for each language in which it can be read.

    Args:
        pattern: Code with metavariables; or empty.
        rule: A rule object as YAML or JSON; or empty.
        wanted: Identifiers of languages; without any, all of `LANGUAGES` are tried.

    Raises:
        UsageProblem: Neither or both are given, or no language can read it; says why.
    """
    if bool(pattern.strip()) == bool(rule.strip()):
        found = "both" if rule.strip() else "neither"
        raise UsageProblem(
            f"Expected either a pattern or a rule; found {found}.",
            hint="For example the pattern requests.get($URL), or the rule {kind: call, has: {regex: eval}}.",
        )
    known = [language for language in LANGUAGES if not wanted or language in wanted]
    if not known:
        raise UsageProblem(
            f"Structural search does not know {', '.join(wanted)}.", hint=f"It knows {', '.join(LANGUAGES)}."
        )
    own = _read_rule(rule) if rule.strip() else None
    possible: list[Wanted] = []
    problems: dict[str, str] = {}
    for language in known:
        config = own if own is not None else pattern_config(pattern.strip(), language)
        problem = (own is None and not readable(pattern.strip(), language) and "it is no code of this language") or (
            _problem(language, config)
        )
        if problem:
            problems[language] = problem
        else:
            possible.append(Wanted(language, config, words_of(pattern)))
    if not possible:
        raise UsageProblem(_sentence("pattern" if own is None else "rule", problems), hint=_HINT)
    return possible


_HINT: Final = (
    "A pattern is complete code in which $NAME (capitals) stands for one node and $$$ for any number, "
    "such as open($PATH) or if ($A == null) { $$$ }. Name the language when it has a syntax of its own."
)


def _sentence(what: str, problems: Mapping[str, str]) -> str:
    reasons: dict[str, list[str]] = {}
    for language, problem in problems.items():
        reasons.setdefault(problem, []).append(language)
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    return f"The {what} cannot be read. {told}."


def words_of(pattern: str) -> tuple[str, ...]:
    """The words that every match of a pattern contains; what is quoted or commented does not count."""
    plain = _QUOTED.sub(" ", METAVARIABLE.sub(" ", pattern))
    return tuple(dict.fromkeys(_WORD.findall(plain)))


def _read_rule(text: str) -> Config:
    try:
        tokens = cast("Iterable[object]", yaml.scan(text))  # pyright: ignore[reportUnknownMemberType] - its stub is open
        # References within a small text can stand for gigabytes.
        if any(isinstance(token, yaml.AliasToken) for token in tokens):
            raise UsageProblem("The rule has a reference (*name); expected plain values.", hint="Write it out.")
        read: object = yaml.safe_load(text)  # JSON is YAML, too.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageProblem(
            f"The rule is neither YAML nor JSON: {reason}.", hint="Quote patterns that hold a colon."
        ) from error
    if not isinstance(read, dict):
        raise UsageProblem(f"Expected a rule object; found {type(read).__name__}.", hint="For example: kind: call")
    given = {str(key): value for key, value in cast("dict[object, Any]", read).items() if key not in _IGNORED_KEYS}
    if "rule" not in given:
        given = {"rule": given}
    unknown = sorted(given.keys() - _RULE_KEYS)
    if unknown or not isinstance(given["rule"], dict) or not given["rule"]:
        raise UsageProblem(
            f"Expected rule, constraints, utils, transform; found {', '.join(unknown) or 'an empty rule'}.",
            hint="A rule has at least one of pattern, kind, regex, has, inside, all, any.",
        )
    return cast("Config", given)


def pattern_config(pattern: str, language: str) -> Config:
    """A pattern as a rule; with a function around it where the language needs that to see an expression."""
    if language in _CALLS_NEED_CONTEXT:
        kind = _kind_within(pattern, language)
        if kind:
            before, after = _AROUND[language]
            return {"rule": cast("Rule", {"pattern": {"context": f"{before}{pattern}{after}", "selector": kind}})}
    return {"rule": {"pattern": pattern}}


def _kind_within(pattern: str, language: str) -> str:
    """What kind of node a pattern is within a function; empty when it is none there."""
    before, after = _AROUND[language]
    text = _filled(pattern, "$")
    root = SgRoot(f"{before}{text}{after}", language).root()
    if root.find(kind="ERROR") is not None:
        return ""
    found = root.find(regex=f"^{_escaped(text)}$")
    while found is not None and found.kind() in {"expression_statement", "block", "statement_list", "simple_statement"}:
        inner = found.named_children()
        if len(inner) != 1 or inner[0].text() != found.text():
            break
        found = inner[0]
    return found.kind() if found is not None and found.is_named() else ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$#&\-~])", r"\\\1", text)


def readable(pattern: str, language: str) -> bool:
    """Whether a pattern is code of a language, by itself or within a function."""
    before, after = _AROUND.get(language, ("", ""))
    return any(
        SgRoot(text, language).root().find(kind="ERROR") is None
        for many in ("", "$")
        for filled in (_filled(pattern, many),)
        for text in (filled, f"{before}{filled}{after}")
    )


def _filled(pattern: str, many: str) -> str:
    """A pattern with names instead of its metavariables; those for any number become a name, or nothing."""
    return METAVARIABLE.sub(lambda match: "aura_any" if many or match[2] else "", pattern)


@cache
def _empty(language: str) -> SgNode:
    return SgRoot("", language).root()


def _problem(language: str, config: Config) -> str:
    """Why ast-grep does not take a rule; empty when it does."""
    try:
        _empty(language).find_all(config)
    except Exception as error:  # noqa: BLE001 - it raises RuntimeError, TypeError, ValueError and plain Exception
        return why(error)
    return ""


def why(error: Exception) -> str:
    """The reason in an error of ast-grep, without the story of how it got there."""
    text = str(error).partition("Stack backtrace")[0]
    causes = re.findall(r"^\s*\d+: (.+(?:\n\s{6,}.+)*)", text, re.MULTILINE)
    reason = causes[-1] if causes else text
    if len(causes) > 1 and "parse error" in reason:
        reason = f"{causes[-2].rstrip('.')}: {reason}"
    return " ".join(reason.split()).rstrip(".")


def names_of(pattern: str, rule: str) -> list[str]:
    """The metavariables in their order; those that begin with an underscore capture nothing."""
    found = [one or other for one, other in METAVARIABLE.findall(f"{pattern}\n{rule}")]
    return [name for name in dict.fromkeys(found) if name and not name.startswith("_")]


def searchable(language: str) -> bool:
    """Whether files of a language can be searched."""
    return language in LANGUAGES and language in languages()
