"""The languages that Aura reads; each is a folder of data and queries, found through the group `aura.languages`."""

from aura_languages.registry import (
    LanguageProblem,
    Languages,
    check_languages,
    language_named,
    language_of,
    languages,
)
from aura_languages.spec import LanguageSpec

__all__ = [
    "LanguageProblem",
    "LanguageSpec",
    "Languages",
    "check_languages",
    "language_named",
    "language_of",
    "languages",
]
