"""Languages without a grammar: definitions are found line by line with the regular expressions of `plain.toml`.

The patterns know nothing of strings or comments of several lines, so now and then they find too much.
"""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.resources import files
from typing import NotRequired, TypedDict, cast

from aura_languages.spec import LanguageSpec

_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|override|virtual|async|partial|readonly"
    r"|extern|unsafe|inline|data|inner|companion|suspend|operator|infix|fileprivate|mutating|class|case|implicit|lazy"
    r"|external|const|tailrec|expect|actual|annotation|value|required|convenience|indirect|nonisolated|new|export"
    r"|default|covariant|late|factory|pub)\s+)*"
)
_ATTRIBUTES = r"(?:@\w+(?:\([^()\n]*\))?\s+|\[[^\]\n]*\]\s*)*"
_NAME = r"(?P<name>[^\W\d]\w*)"


class _Rule(TypedDict):
    kind: str
    keyword: NotRequired[str]
    pattern: NotRequired[str]


class _Row(TypedDict):
    id: str
    name: str
    aliases: NotRequired[list[str]]
    suffixes: NotRequired[list[str]]
    file_names: NotRequired[list[str]]
    interpreters: NotRequired[list[str]]
    comments: NotRequired[list[str]]
    rules: NotRequired[list[_Rule]]
    prose: NotRequired[bool]


class _Table(TypedDict):
    language: list[_Row]


def plain_languages() -> list[LanguageSpec]:
    """Languages read line by line, then prose and data, which have no definitions."""
    text = (files("aura_languages") / "plain.toml").read_text(encoding="utf-8")
    table = cast("_Table", cast("object", tomllib.loads(text)))
    return [_language(row) for row in table["language"]]


def _language(row: _Row) -> LanguageSpec:
    return LanguageSpec(
        id=row["id"],
        name=row["name"],
        aliases=tuple(row.get("aliases", ())),
        suffixes=tuple(row.get("suffixes", ())),
        file_names=tuple(row.get("file_names", ())),
        interpreters=tuple(row.get("interpreters", ())),
        comments=tuple(mark.encode() for mark in row.get("comments", ())),
        definitions=tuple((rule["kind"], _pattern(rule)) for rule in row.get("rules", ())),
        prose=row.get("prose", False),
    )


def _pattern(rule: _Rule) -> str:
    pattern = rule.get("pattern") or rf"[ \t]*<ATTRIBUTES><MODIFIERS>(?:{rule.get('keyword', '')})\s+<NAME>"
    return pattern.replace("<MODIFIERS>", _MODIFIERS).replace("<ATTRIBUTES>", _ATTRIBUTES).replace("<NAME>", _NAME)


@functools.cache
def compiled(spec: LanguageSpec) -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    """The kinds and patterns of a language, compiled when its first file is read: all together take 0.2 s."""
    return tuple((kind, re.compile(pattern.encode())) for kind, pattern in spec.definitions)
