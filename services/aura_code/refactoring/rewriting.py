"""Refactorings that go through files: which files, and the least edits between two texts of one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aura_code.filters import PathFilter
from aura_code.findings.analysis import analyse_source
from aura_code.findings.checking import apply_edits
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit
from aura_code.refactoring.workspace import OpenFile, Refusal, Workspace, check_parses, language_of
from aura_code.syntax import SourceFile, parse_source
from aura_shared.messages.changes import ProposedFile, TextEdit

if TYPE_CHECKING:
    from aura_shared.messages.refactoring import PlanRefactoring

UNUSED_IMPORT = "unused-import"


class Rewritten(NamedTuple):
    """A new text for a file."""

    after: bytes
    places: int
    """How many places of it are better."""
    reasons: tuple[str, ...] = ()
    """What was done, and why; each once."""


Rewriter = Callable[[OpenFile], Rewritten | None]
"""Gives a file a new text; None when it is good as it is.

Raises `Refusal` when it cannot tell.
"""


@dataclass(slots=True)
class Sweep:
    """What became of the files."""

    files: list[ProposedFile] = field(default_factory=list[ProposedFile])
    places: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    """Reasons with the places that they hold for."""
    notes: list[str] = field(default_factory=list[str])
    looked_at: int = 0


def files_asked(
    workspace: Workspace, request: PlanRefactoring, languages: Mapping[str, object] | frozenset[str]
) -> list[str]:
    """The analysed files that a request means.

    Raises:
        UsageProblem: A path is no glob.
    """
    if request.path:
        return [request.path]
    passes = PathFilter(request.paths).passes
    return [path for path in sorted(workspace.digests) if passes(path) and language_of(path) in languages]


def sweep(workspace: Workspace, paths: list[str], rewrite: Rewriter, limit: int, *, named: bool) -> Sweep:
    """Rewrite files until the limit of places is reached.

    Args:
        workspace: The project.
        paths: The files.
        rewrite: What is done to each.
        limit: Most places.
        named: Whether a person named the one file, so that a refusal is the answer.

    Raises:
        Refusal: The one file that was named cannot be changed.
    """
    found = Sweep()
    for place, path in enumerate(paths):
        try:
            file = workspace.open(path)
            done = rewrite(file)
            if done is None:
                found.looked_at += 1
                continue
            if found.places and found.places + done.places > limit:
                found.notes.append(
                    f"{len(paths) - place} more files were left for the next time: the limit is {limit} places."
                )
                break
            check_parses(file, done.after)
        except Refusal as refusal:
            if named:
                raise
            if path in workspace.digests and "generated" not in str(refusal) and "ignored" not in str(refusal):
                found.notes.append(str(refusal))
            continue
        found.looked_at += 1
        found.places += done.places
        found.files.append(proposed(file, done.after))
        for reason in done.reasons:
            found.reasons[reason] = found.reasons.get(reason, 0) + 1
    return found


def proposed(file: OpenFile, after: bytes) -> ProposedFile:
    """A new text as the least edits by whole lines."""
    return ProposedFile(path=file.path, base=file.base, edits=edits_between(file.text, after))


def edits_between(before: bytes, after: bytes) -> list[TextEdit]:
    """Edits by whole lines that turn one text into another."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    edits: list[TextEdit] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, first, last, left, right in matcher.get_opcodes():
        if kind != "equal":
            text = b"".join(new[left:right]).decode("utf-8").replace("\r\n", "\n")
            edits.append(TextEdit(start=starts[first], end=starts[last], text=text))
    return edits


def unused_imports(source: SourceFile, rules: RuleSet) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The imports of a file that nothing uses and no comment keeps: what is said of each, and the edits without it."""
    rule = rules.get(UNUSED_IMPORT)
    if rule is None:
        return
    for finding in analyse_source(source, RuleSet([rule])):
        if not finding.suppressed and finding.edits:
            yield finding.message, finding.edits


def without_new_unused(file: OpenFile, after: bytes, rules: RuleSet) -> bytes:
    """A new text without the imports that only the old one used."""
    if file.source is None:
        return after
    before = {message for message, _ in unused_imports(file.source, rules)}
    source = parse_source(file.path, after, language=file.language)
    if source is None:
        return after
    edits = {edit for message, some in unused_imports(source, rules) if message not in before for edit in some}
    if not edits:
        return after
    return apply_edits(after, edits) or after
