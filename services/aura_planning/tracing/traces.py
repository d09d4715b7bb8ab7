"""Requirements of the plan's documents, the items that carry them, and the evidence that belongs to both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_planning.drifting.bundles import COVERS, CRITERIA
from aura_planning.drifting.merging import documents_in
from aura_planning.evidence.collecting import Collected, Evidence, Wanted, collect
from aura_planning.items.editing import write_section
from aura_planning.items.frontmatter import read_front_matter
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.text import read_text
from aura_planning.parsing.contract import Document
from aura_planning.parsing.names import key_of
from aura_planning.parsing.parsing import parse_document
from aura_shared.errors import AuraError, EditRefused
from aura_shared.security import open_inside

__all__ = ["Demand", "Traces", "code_files", "trace"]

_MOST_BYTES: Final = 2_000_000
_BULLET: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?:\[.\]\s+)?(?P<text>\S.*)")
_NAMED: Final = re.compile(r"(?<![\w-])[A-Z]{1,6}-?(?:[A-Z]{2,6}-)?\d+(?:\.\d+)*(?![\w-])")


@dataclass(slots=True)
class Demand:
    """A requirement of a document."""

    key: str
    name: str
    title: str
    path: str
    line: int
    items: list[Item] = field(default_factory=list[Item])
    """Items that say that they carry it."""


@dataclass(slots=True)
class Traces:
    """Everything that is known between requirements and code."""

    demands: list[Demand]
    ledger: Ledger
    criteria: dict[str, tuple[str, ...]]
    """Acceptance criteria by the path of the item."""
    collected: Collected
    notices: list[str]

    def evidence(self, item: Item) -> Evidence:
        """Commits, tests and symbols of an item."""
        return self.collected.found.get(_key(item)) or Evidence()

    def of_demand(self, demand: Demand) -> Evidence:
        """Commits and tests that name a requirement."""
        return self.collected.found.get(demand.key) or Evidence()

    def below(self, item: Item) -> list[Item]:
        """An item and everything that belongs to it."""
        found, waiting = [item], list(self.ledger.children(item))
        while waiting:
            one = waiting.pop(0)
            if one.path not in {known.path for known in found}:
                found.append(one)
                waiting += self.ledger.children(one)
        return found


def trace(
    root: Path,
    ledger: Ledger,
    read: Callable[[str], bytes],
    cache: Path | None,
    stopped: Callable[[], bool] = lambda: False,
) -> Traces:
    """Look at the documents, the items and the repository.

    Args:
        root: Folder of the project.
        ledger: The plan.
        read: Gives the file of an item.
        cache: File in which commits and tests are kept between calls.
        stopped: Asked now and then; when it says yes, nothing more is looked for.

    Raises:
        Unavailable: git does not answer.
    """
    files = {item.path: read(item.path) for item in ledger.items if not item.broken}
    demands, notices = _demands(root, ledger, read)
    _carried(demands, ledger, files)
    criteria = {path: _criteria(data) for path, data in files.items()}
    names: dict[str, Sequence[str]] = {one.key: [one.name] for one in demands if ":" not in one.name}
    wanted: dict[str, Wanted] = {}
    for item in ledger.items:
        if item.broken or item.kind in {"prd", "architecture"}:
            continue
        names[_key(item)] = [one for one in (item.id, item.alias) if one]
        text = files[item.path].decode("utf-8", "replace")
        wanted[_key(item)] = Wanted(text=text, criteria=criteria[item.path], file=item.path)
    collected = collect(root, names, wanted=wanted, cache=cache, stopped=stopped)
    return Traces(demands, ledger, criteria, collected, [*notices, *collected.notices])


def _key(item: Item) -> str:
    return f"item {item.path}"


def _demands(root: Path, ledger: Ledger, read: Callable[[str], bytes]) -> tuple[list[Demand], list[str]]:
    """Requirements of the PRD and of every document that was merged."""
    paths = [item.path for item in ledger.of_kind("prd")]
    paths += [path for path in documents_in(ledger, read) if path not in paths]
    found: dict[str, Demand] = {}
    notices: list[str] = []
    for path in paths:
        try:
            with open_inside(root, path) as file:
                document = parse_document(file.read(_MOST_BYTES + 1), path)
        except AuraError as error:
            notices.append(f"{path} cannot be read: {error.message}")
            continue
        for demand in _of_document(document, path):
            found.setdefault(demand.key, demand)
    return list(found.values()), notices


def _of_document(document: Document, path: str) -> list[Demand]:
    found: list[Demand] = []
    for item in document.items:
        if item.kind != "requirement":
            continue
        name = item.alias or f"{path}:{item.source.first}"
        key = f"demand {key_of(item.alias)}" if item.alias else f"demand {name}"
        found.append(Demand(key, name, item.title, path, item.source.first))
    return found


def _carried(demands: Sequence[Demand], ledger: Ledger, files: Mapping[str, bytes]) -> None:
    """Which items say, in their front matter or their words, that they carry a requirement."""
    by_key = {one.key: one for one in demands}
    for item in ledger.items:
        if item.broken or item.kind in {"prd", "architecture"}:
            continue
        text = read_text(files[item.path])
        named = list(read_front_matter(text).texts(COVERS) or ())
        named += _NAMED.findall("".join(text.lines))
        for one in dict.fromkeys(named):
            demand = by_key.get(f"demand {key_of(one)}")
            if demand is not None and item not in demand.items:
                demand.items.append(item)


def _criteria(data: bytes) -> tuple[str, ...]:
    """The acceptance criteria of an item."""
    try:
        words = write_section(data, CRITERIA)
    except EditRefused:
        return ()
    found = [match["text"] for line in words.splitlines() if (match := _BULLET.match(line))]
    return tuple(found)


def code_files(evidence: Sequence[Evidence], tests: frozenset[str], plan: str = ".ai/") -> dict[str, tuple[int, str]]:
    """Files of code with how many commits touch them and why, those of most commits first.

    Args:
        evidence: Of the items and requirements.
        tests: Paths of tests, which are left out.
        plan: Beginning of the paths of the plan, which are left out.
    """
    counted: dict[str, tuple[int, str]] = {}

    def note(path: str, why: str) -> None:
        if path and path not in tests and not path.startswith(plan):
            number, first = counted.get(path, (0, why))
            counted[path] = (number + 1, first)

    for one in evidence:
        for link in one.commits:
            if not link.reverted:
                for change in link.commit.files:
                    if change.what != "D":
                        note(change.path, f"commit {link.commit.hash[:10]} ({link.how})")
        for symbol in one.symbols:
            note(symbol.path, f"names {symbol.name}")
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1][0], pair[0])))
