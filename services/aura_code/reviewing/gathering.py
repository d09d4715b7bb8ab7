"""Everything that can be said of a change without a model, in one answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_code.answers import visible
from aura_code.findings.loading import RuleSet
from aura_code.findings.standards import Standards
from aura_code.reviewing.api import api_changes
from aura_code.reviewing.changes import Change, FileChange
from aura_code.reviewing.git import Git
from aura_code.reviewing.noticing import notice
from aura_code.reviewing.ordering import reading_order
from aura_code.reviewing.questions import questions
from aura_code.reviewing.reading import read_change
from aura_code.reviewing.risk import Evidence, assess, yearly_commits
from aura_code.reviewing.testing import Testing, impact_files
from aura_code.reviewing.users import UserBook
from aura_code.structure.store import StructureReader
from aura_shared.messages.review import GatherReview, ReviewedFile, ReviewFacts

_MOST_SYMBOLS: Final = 40  # Of one file.
_MOST_COMMITS: Final = 50


@dataclass(frozen=True)
class ReviewSources:
    """What a review is made from, beside the change itself."""

    root: Path
    """Folder of the project."""
    rules: RuleSet
    """All installed rules."""
    standards: Standards
    """Those that hold in the project."""
    baseline: Collection[str]
    """Fingerprints that the team silenced."""
    store: StructureReader | None
    """The structure of the work tree; None when nothing was analysed yet, and then nobody's users are known."""
    files: Callable[[], Collection[str]]
    """Files of the project."""


def gather_review(sources: ReviewSources, request: GatherReview) -> ReviewFacts:
    """What can be said of a change without a model.

    Raises:
        UsageProblem: A revision does not exist, the project is in no repository, or a patch does not fit.
        UnsafePath: A patch leads outside the project.
    """
    change = read_change(sources.root, request)
    if not change.files:
        return ReviewFacts(
            base=change.base,
            head=change.head,
            title=visible(change.title),
            commits=[visible(subject) for subject in change.commits],
            reason=_why_nothing(change, request),
        )
    if request.only:
        return _parts(change, sources.store, request)
    store = sources.store
    change.files = reading_order(change, store)
    noticed = notice(change, sources.rules, sources.standards, sources.baseline)
    api = api_changes(change, store)
    files = sources.files()
    testing = Testing(change, UserBook(change, store), files, store)
    untested = testing.untested()
    reach = impact_files(change, testing.book, testing.changed)
    code = [file.path for file in change.files if file.is_code]
    churn = yearly_commits(Git(sources.root), code)
    evidence = Evidence(change, noticed.findings, api, untested, testing.changed, reach, churn)
    diff, cut = _diff(change, request.diff_bytes)
    return ReviewFacts(
        base=change.base,
        head=change.head,
        title=visible(change.title),
        commits=[visible(subject) for subject in change.commits[-_MOST_COMMITS:]],
        files=[_file(file) for file in change.files],
        findings=noticed.findings,
        resolved=noticed.resolved,
        api=api,
        untested=untested,
        tests=testing.tests(),
        impact_files=reach,
        risk=assess(evidence),
        questions=questions(change, api, list(files)),
        diff=diff,
        cut=cut or change.cut,
    )


def _parts(change: Change, store: StructureReader | None, request: GatherReview) -> ReviewFacts:
    """The parts that were asked for; no rule runs, and neither tests nor users beyond the interface are looked for."""
    diff, cut = _diff(change, request.diff_bytes) if "diff" in request.only else ("", False)
    return ReviewFacts(
        base=change.base,
        head=change.head,
        title=visible(change.title),
        commits=[visible(subject) for subject in change.commits[-_MOST_COMMITS:]],
        files=[_file(file) for file in change.files] if "files" in request.only else [],
        api=api_changes(change, store) if "api" in request.only else [],
        diff=diff,
        cut=cut or change.cut,
    )


def _why_nothing(change: Change, request: GatherReview) -> str:
    what = {
        "range": f"nothing differs in {visible(request.revision)}",
        "staged": "nothing is staged",
        "work-tree": "nothing in the work tree differs from the last commit",
        "patch": "the patch changes nothing",
    }[request.what]
    if request.paths:
        what += f" that matches {', '.join(visible(glob) for glob in request.paths)}"
    notes = "".join(f" {visible(note)}." for note in change.notes)
    return f"{what[:1].upper()}{what[1:]}.{notes}"


def _file(file: FileChange) -> ReviewedFile:
    return ReviewedFile(
        path=visible(file.path),
        kind=file.kind,
        old_path=visible(file.old_path),
        language=file.language,
        is_test=file.is_test,
        generated=file.generated,
        added=file.added,
        removed=file.removed,
        symbols=[visible(name) for name in file.symbols[:_MOST_SYMBOLS]],
    )


def _diff(change: Change, most: int) -> tuple[str, bool]:
    """The diff in the order of reading, cut at a line, and whether it was cut."""
    raw = b"".join(file.raw if file.raw.endswith(b"\n") else file.raw + b"\n" for file in change.files if file.raw)
    if len(raw) <= most:
        return visible(raw.decode("utf-8", "replace")), False
    part = raw[:most]
    return visible(part[: part.rfind(b"\n") + 1].decode("utf-8", "replace")), True
