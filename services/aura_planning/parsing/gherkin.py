"""Feature files of Gherkin: a feature is a story, its scenarios are its acceptance criteria."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aura_planning.parsing.contract import Criterion, Source
from aura_planning.parsing.drafts import Draft, Reading
from aura_planning.parsing.names import read_name, story_sentence

__all__ = ["is_gherkin", "read_gherkin"]

_FEATURE: Final = re.compile(
    r"\s*(?:feature|ability|business need|fonctionnalité|funktionalität|funktion|característica|necesidad del negocio|"
    r"funcionalidade|funzionalità|funkcja|właściwość|functionaliteit|функция|функционал|功能|フィーチャ|機能|기능)\s*[:\uff1a]\s*(.*)",
    re.IGNORECASE,
)
_SCENARIO: Final = re.compile(
    r"\s*(?:scenario(?: outline| template)?|example|plan du scénario|scénario|szenario(?:grundriss)?|escenario|"
    r"esquema del escenario|cenário|esquema do cenário|schema dello scenario|scenariusz|szablon scenariusza|"
    r"abstract scenario|структура сценария|сценарий|场景(?:大纲)?|シナリオ(?:アウトライン)?|시나리오)"
    r"\s*[:\uff1a]\s*(.*)",
    re.IGNORECASE,
)
_STEP: Final = re.compile(r"\s*(?:\*\s|[^\W\d_]+(?: que| donné)?\s)", re.IGNORECASE)
_OTHER: Final = re.compile(
    r"\s*(?:background|rule|examples|scenarios|contexte|exemples|grundlage|beispiele|regel|antecedentes|ejemplos|"
    r"contexto|exemplos|założenia|przykłady|контекст|примеры)\s*:",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"@(\S+)")


def is_gherkin(lines: Sequence[str], name: str) -> bool:
    """Whether a document is a feature file: by its name, or by its first words and a scenario."""
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith(("#", "@"))), "")
    if _FEATURE.match(first) is None:
        return False
    return name.lower().endswith(".feature") or any(_SCENARIO.match(line) for line in lines)


def read_gherkin(lines: Sequence[str]) -> Reading:
    """The features of a feature file, with their scenarios as criteria.

    Args:
        lines: Of the document.
    """
    return _Gherkin(lines).read()


class _Gherkin:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.reading = Reading()
        self.steps: list[str] = []
        self.begun = 0
        self.tags: list[str] = []
        self.inside = ""
        """`scenario` and `other` while their lines are read; empty right below a feature."""
        self.quoted = False

    def read(self) -> Reading:
        """Go through all lines."""
        self.reading.saw("gherkin")
        for number, line in enumerate(self.lines, 1):
            if line.strip().startswith(('"""', "```")):
                self.quoted = not self.quoted
            elif line.strip() and not self.quoted and not line.lstrip().startswith("#"):
                self._line(number, line)
        self._finish()
        return self.reading

    def _line(self, number: int, line: str) -> None:
        if line.lstrip().startswith("@"):
            self._finish()
            self.tags += _TAG.findall(line)
        elif feature := _FEATURE.match(line):
            self._feature(number, feature[1].strip())
        elif scenario := _SCENARIO.match(line):
            self._finish()
            self.steps, self.begun, self.inside = (
                [scenario[1].strip()] if scenario[1].strip() else [],
                number,
                "scenario",
            )
        elif _OTHER.match(line):
            self._finish()
            self.inside = "other"
        else:
            self._words(number, line.strip())

    def _feature(self, number: int, title: str) -> None:
        self._finish()
        tag = next((one for one in self.tags if (name := read_name(one)) is not None and name.kind == "story"), "")
        name = read_name(title)
        alias = name.alias if name is not None and name.kind == "story" else tag
        made = Draft(
            "story", alias, name.title if name is not None and alias == name.alias else title, number, number, "named"
        )
        made.labels = [one for one in self.tags if one != tag]
        self.reading.drafts.append(made)
        self.reading.title = self.reading.title or title
        self.tags, self.inside = [], ""

    def _words(self, number: int, words: str) -> None:
        if not self.reading.drafts:
            return
        owner = self.reading.drafts[-1]
        owner.last = number
        if self.inside == "scenario" and not words.startswith("|") and _STEP.match(words):
            self.steps.append(words)
        elif self.inside == "":
            owner.text.append(words)
            if story_sentence(" ".join(owner.text)) is not None:
                owner.label = "told"

    def _finish(self) -> None:
        """End the scenario that is open."""
        if self.begun and self.reading.drafts:
            owner = self.reading.drafts[-1]
            last = max(owner.last, self.begun)
            quote = self.lines[self.begun - 1].strip()
            owner.criteria.append(Criterion("; ".join(self.steps) or quote, Source(self.begun, last, quote), None))
            owner.last = last
        self.steps, self.begun = [], 0
