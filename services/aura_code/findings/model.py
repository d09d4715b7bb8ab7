"""What a rule is, what it reports about one file, and what becomes of that in the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tree_sitter import Node

from aura_code.syntax import SourceFile, Span

Level = Literal["error", "warning", "hint"]
"""`error`: wrong or dangerous as it stands. `warning`: very probably a mistake. `hint`: an opinion, or worth a look."""

Category = Literal["correctness", "reliability", "security", "performance", "maintainability", "style", "gap"]


class Edit(NamedTuple):
    """A replacement in one file; offsets are bytes of its text. An insertion has `start == end`."""

    start: int
    end: int
    text: str


class Hit(NamedTuple):
    """What a check reports in a file."""

    at: Node | tuple[int, int]
    """The node, or the first and last offset, that is pointed at; keep it small: a name, a call, a keyword."""
    message: str = ""
    """One sentence that names what was found; empty for the rule's own `message`."""
    edits: tuple[Edit, ...] = ()
    """A fix that is certain to keep what the code is meant to do; else empty."""


Captures = Mapping[str, list[Node]]
"""What one match of a rule's query caught, by the name of the capture."""

Check = Callable[[SourceFile, Captures], Iterable[Hit]]
"""Decides what a match of the query is worth: no hit, or one or more. Without a query it is called once a file, with no
captures. It may raise nothing; whatever it raises is logged with the rule and the file, and costs only that rule there.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """Code that a rule is tested with."""

    code: str
    """Lines that must be reported end in the comment `# <-` (`// <-`); a good example has none."""
    path: str = ""
    """Path that the code pretends to have; empty for `example` with the language's ending."""
    fixed: str | None = None
    """The code after the fix, markers included as they stand."""
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    """Other values of the rule's options, so that an example of a limit can be short."""


@dataclass(frozen=True, slots=True)
class RulePart:
    """How a rule looks for its findings in some languages."""

    languages: tuple[str, ...]
    """Identifiers of languages."""
    query: str
    """A tree-sitter query without predicates; `@at` is what is reported when there is no check. May be empty."""
    check: Check | None
    """Decides about each match."""
    bad: tuple[Example, ...]
    """Examples that must be reported."""
    good: tuple[Example, ...]
    """Examples that must not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as its file describes it."""

    id: str
    """Words in lower case with dashes."""
    title: str
    """What is wrong, in a few words."""
    message: str
    """The sentence of a finding whose check gives none."""
    level: Level
    category: Category
    default: bool
    """Whether it is on unless a team says otherwise. Only rules that are right nine times of ten on real code are."""
    what: str
    """What is reported, and what is not."""
    why: str
    """Why that matters, for somebody who wants to learn it."""
    how: str
    """How it is mended."""
    parts: tuple[RulePart, ...]
    tags: tuple[str, ...] = ()
    """Such as `cwe-89`."""
    in_tests: bool = True
    """Whether files that hold tests are looked at."""
    replaced_by: tuple[str, ...] = ()
    """Rules of other tools that say the same, as `ruff:F401`; when the project runs that tool, this rule is silent."""
    options: Mapping[str, int] = field(default_factory=dict[str, int])
    """Limits that a team may set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at one place of a project."""

    rule: str
    """Identifier of the rule; `tool:rule` for what another tool found."""
    level: Level
    category: Category
    path: str
    span: Span
    message: str
    symbol: str
    """Qualified name of the definition around it; empty at the top of the file."""
    fingerprint: str
    """32 hexadecimal digits that stay the same when lines shift or the file is renamed."""
    edits: tuple[Edit, ...] = ()
    source: str = "aura"
    """The tool that found it."""
    suppressed: str = ""
    """How it was silenced: `inline`, `baseline`, …; empty when it counts."""
    reason: str = ""
    """Why it was silenced, as the comment says."""
