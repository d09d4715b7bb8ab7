"""In which manner a document is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from aura_planning.parsing.blocks import Scan
from aura_planning.parsing.contract import Family
from aura_planning.parsing.drafts import Draft, Reading

__all__ = ["family_of"]

_SHALL: Final = re.compile(r"\b(?:WHEN|IF|WHILE|WHERE)\b.*\b(?:SHALL|THEN)\b")


def family_of(scan: Scan, reading: Reading, drafts: Sequence[Draft]) -> Family:
    """The manner that fits best; `none` for a document without items."""
    if reading.evidence.get("tasks-json"):
        return "tasks-json"
    if not drafts:
        return "none"
    facts = _Facts(scan, reading, drafts)
    if reading.evidence.get("gherkin"):
        return "gherkin"
    for family, fits in _RULES:
        if fits(facts):
            return family
    return "prd"


class _Facts:
    def __init__(self, scan: Scan, reading: Reading, drafts: Sequence[Draft]) -> None:
        self.scan = scan
        self.evidence = reading.evidence
        self.drafts = drafts
        self.title = reading.title.lower()
        self.heads = [block.text.lower() for block in scan.blocks if block.kind == "heading"]

    def count(self, kind: str) -> int:
        """How many items of a kind there are."""
        return sum(one.kind == kind for one in self.drafts)

    def aliased(self, pattern: str) -> int:
        """How many items have an id of this form."""
        return sum(re.match(pattern, one.alias) is not None for one in self.drafts)

    def head(self, pattern: str) -> bool:
        """Whether a heading has these words."""
        return any(re.search(pattern, head) for head in self.heads)


_RULES: Final[Sequence[tuple[Family, Callable[[_Facts], bool]]]] = (
    (
        "openspec-delta",
        lambda f: (
            f.head(r"^(added|modified|removed|renamed) requirements")
            or (f.head(r"^requirement: ") and f.head(r"^scenario: "))
        ),
    ),
    ("speckit-spec", lambda f: f.head(r"user scenarios") and f.aliased(r"FR-\d") > 0),
    (
        "kiro-requirements",
        lambda f: (
            f.aliased(r"Requirement \d") > 0 and any(_SHALL.search(c.text) for one in f.drafts for c in one.criteria)
        ),
    ),
    (
        "kiro-tasks",
        lambda f: (
            f.count("task") > 2
            and any(one.covers for one in f.drafts)
            and not f.count("story")
            and f.evidence.get("box", 0) > 2
        ),
    ),
    (
        "agile-story",
        lambda f: (
            f.count("story") == 1
            and f.evidence.get("heading-story", 0) == 1
            and (f.head(r"^status") or f.head(r"^tasks"))
        ),
    ),
    (
        "bmad",
        lambda f: (
            f.evidence.get("heading-story", 0) + f.evidence.get("line-story", 0) > 1
            and f.aliased(r"(?i)(story )?\d+\.\d+|(?i:story )\d+\.\d+") > 1
        ),
    ),
    ("speckit-tasks", lambda f: f.aliased(r"T\d{3}\Z") >= 3),
    ("agile-prd", lambda f: f.head(r"^epic list") or (f.count("epic") > 0 and f.aliased(r"(?i:story) \d+\Z") > 0)),
    ("tenx-prd", lambda f: f.aliased(r"US-\d+") > 1 and f.head(r"requirements") and f.head(r"user stor")),
    (
        "openspec-tasks",
        lambda f: f.evidence.get("box", 0) > 2 and f.aliased(r"\d+\.\d+\Z") >= 3 and f.count("task") == len(f.drafts),
    ),
    ("outline", lambda f: not f.scan.markdown),
    ("user-stories", lambda f: f.count("story") * 2 > len(f.drafts)),
    ("requirement-table", lambda f: sum(one.reason == "table" for one in f.drafts) * 2 > len(f.drafts)),
    ("gherkin", lambda f: f.evidence.get("given", 0) > 3 and f.count("requirement") == 0),
    ("plan", lambda f: f.count("task") * 2 >= len(f.drafts)),
)
