"""Messages about similar code: clones, neighbours in meaning, and structural search with patterns over syntax."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness, SearchHit, SymbolKind
from aura_shared.messages.core import Message, Reply, Request

CloneKind = Literal["exact", "renamed", "changed"]
"""`exact`: the same tokens. `renamed`: only names or literals differ. `changed`: some statements differ too."""
_NOT_YET = Freshness(generation=0)


class SimilarPlace(Message):
    """A function or method that is like another one."""

    type: ClassVar[str] = "code.similar.place"

    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line."""
    end_line: int = Field(ge=1)
    """Last line."""
    symbol: str = ""
    """Qualified name within its file; empty for a function without a name."""
    language: str = ""
    """Identifier of the language."""
    similarity: float = Field(ge=0, le=1)
    """How much of it is like what it is compared with: for clones the share of equal token runs."""
    kind: CloneKind | None = None
    """How it differs; absent for neighbours in meaning."""


class CloneGroup(Message):
    """Functions that are copies of one another."""

    type: ClassVar[str] = "code.similar.group"

    kind: CloneKind
    """The largest difference within the group."""
    similarity: float = Field(ge=0, le=1)
    """The smallest similarity to the first place."""
    lines: int = Field(ge=1)
    """Lines of the first place."""
    places: list[SimilarPlace] = Field(default_factory=list[SimilarPlace])
    """Where they are; the others are compared with the first."""
    names: int = Field(default=0, ge=0)
    """Distinct names that differ, in the place that differs most."""
    literals: int = Field(default=0, ge=0)
    """Distinct literals that differ."""
    changed_lines: int = Field(default=0, ge=0)
    """Lines that one of two has and the other has not, in the place that differs most."""
    extract: bool = False
    """Whether a shared function would pay: it saves lines and needs few parameters."""
    saves_lines: int = Field(default=0, ge=0)
    """About how many lines that would save."""
    advice: str = ""
    """What differs and what may be done, in a sentence."""


class ClonesAnswer(Reply):
    """Clones of a project."""

    groups: list[CloneGroup] = Field(default_factory=list[CloneGroup])
    """Those that would save most first."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    more: bool = False
    """Whether some were left out because of `limit`, or of the bound on comparing."""
    functions: int = Field(default=0, ge=0)
    """Functions that were long enough to be compared."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class FindClones(Request[ClonesAnswer]):
    """Find functions that are copies of one another, with what differs and whether a shared one would pay."""

    type: ClassVar[str] = "code.clones"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    languages: list[str] = Field(default_factory=list)
    """Only these languages."""
    paths: list[str] = Field(default_factory=list)
    """Only groups with a place in a file that matches one of these globs."""
    kinds: list[CloneKind] = Field(default_factory=list[CloneKind])
    """Only such groups."""
    min_lines: int = Field(default=6, ge=3, le=10_000)
    """Leave out shorter functions."""
    similarity: float = Field(default=0.8, ge=0.5, le=1)
    """Leave out what is less similar."""
    tests: bool = False
    """Whether tests, documentation and examples count as well."""
    limit: int = Field(default=20, ge=1, le=500)
    """Most groups."""


class SimilarAnswer(Reply):
    """Places that are like one place or a piece of code."""

    places: list[SimilarPlace] = Field(default_factory=list[SimilarPlace])
    """The most similar first."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class FindSimilar(Request[SimilarAnswer]):
    """Find copies of a function, or of a piece of code that is about to be written."""

    type: ClassVar[str] = "code.similar"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=4096)
    """File of the function; together with `line`."""
    line: int | None = Field(default=None, ge=1)
    """A line of the function."""
    code: str = Field(default="", max_length=200_000)
    """A piece of code instead."""
    language: str = ""
    """Language of `code`; without it, `code` is compared with every language."""
    similarity: float = Field(default=0.5, ge=0.1, le=1)
    """Leave out what is less similar."""
    tests: bool = False
    """Whether tests, documentation and examples count as well."""
    limit: int = Field(default=10, ge=1, le=100)
    """Most places."""


class NeighboursAnswer(Reply):
    """Places that speak of the same things."""

    places: list[SimilarPlace] = Field(default_factory=list[SimilarPlace])
    """The nearest first."""
    method: str = ""
    """What measured it: `lsa`, or the name of the model's folder."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class FindNeighbours(Request[NeighboursAnswer]):
    """Find functions that do something similar in other words; needs the extra `semantic`."""

    type: ClassVar[str] = "code.neighbours"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=4096)
    """File of the definition; together with `line`."""
    line: int | None = Field(default=None, ge=1)
    """A line of the definition."""
    text: str = Field(default="", max_length=200_000)
    """A description or a piece of code instead."""
    limit: int = Field(default=10, ge=1, le=100)
    """Most places."""


class Captured(Message):
    """What a metavariable of a pattern stands for in one hit."""

    type: ClassVar[str] = "code.structural.capture"

    name: str
    """The metavariable without its dollar signs."""
    text: str
    """The code, the first 500 characters."""


class StructuralHit(SearchHit):
    """A place that a pattern fits."""

    type: ClassVar[str] = "code.structural.hit"

    captures: list[Captured] = Field(default_factory=list[Captured])
    """What the metavariables stand for, in the order of the pattern."""
    rewritten: str | None = None
    """With `rewrite`: what would stand there instead. Nothing is written."""


class StructuralAnswer(Reply):
    """What a pattern over syntax found."""

    hits: list[StructuralHit] = Field(default_factory=list[StructuralHit])
    """By path and line."""
    tried: list[str] = Field(default_factory=list)
    """Languages that the pattern was tried in."""
    files: int = Field(default=0, ge=0)
    """Files that were parsed."""
    tokens: int = Field(default=0, ge=0)
    """Estimated size of the texts."""
    more: bool = False
    """Whether hits were left out because of `limit`, `budget` or the time."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """When nothing was found, or not everything looked at: why, and what to try."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class SearchStructure(Request[StructuralAnswer]):
    """Search with a pattern over syntax, such as `requests.get($URL)`, or with a rule in YAML or JSON."""

    type: ClassVar[str] = "code.structural"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    pattern: str = Field(default="", max_length=20_000)
    """Code in which `$NAME` stands for one node and `$$$` or `$$$NAME` for any number."""
    rule: str = Field(default="", max_length=20_000)
    """An ast-grep rule object as YAML or JSON instead: pattern, kind, regex, has, inside, not, all, any and so on."""
    rewrite: str | None = Field(default=None, max_length=20_000)
    """Show what each hit would become; metavariables stand for what they matched."""
    languages: list[str] = Field(default_factory=list)
    """Only these languages; without it, every one in which the pattern can be read."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    kinds: list[SymbolKind] = Field(default_factory=list[SymbolKind])
    """Only hits within definitions of these kinds."""
    limit: int = Field(default=20, ge=1, le=500)
    """Most hits."""
    budget: int = Field(default=4000, ge=0, le=100_000)
    """Most tokens of texts over all hits; 0 leaves the text out."""
