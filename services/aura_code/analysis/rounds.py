"""One round of analysis: which files have to be looked at again, and where what was found is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from aura_code.analysis.crew import analyse_files
from aura_code.analysis.protocol import RoundOutcome
from aura_code.analysis.reading import FileAnalysis, Job, mark_of
from aura_code.findings.store import Changes, FindingStore
from aura_code.similar.store import SimilarStore
from aura_code.structure.store import StructureStore

FINDINGS: Final = "findings.db"
STRUCTURE: Final = "structure.db"
SIMILAR: Final = "similar.db"
MOST_NAMED: Final = 50
_AT_ONCE: Final = 64  # Files in one transaction.

Progress = Callable[[int, int], None]
"""Told how many files are done, and of how many."""


class Stores:
    """Everything that the analysis of one project keeps."""

    def __init__(self, structure: StructureStore, similar: SimilarStore, findings: FindingStore) -> None:
        self.structure = structure
        self.similar = similar
        self.findings = findings

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The stores in a folder, which is made when it is missing.

        Raises:
            StorageError: One cannot be opened.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            StructureStore.open(folder / STRUCTURE),
            SimilarStore.open(folder / SIMILAR),
            FindingStore.open(folder / FINDINGS),
        )

    def take_in(self, files: list[FileAnalysis], key: bytes) -> Changes:
        """Keep what was found in some files. The findings come last: they say that a file is done."""
        self.structure.put_many([(file.digest, file.structure) for file in files if file.structure is not None])
        gone = [file.path for file in files if file.structure is None]
        if gone:
            self.structure.forget(gone)
        self.similar.put_many([(file.path, file.digest, file.fingerprints) for file in files])
        return self.findings.replace_files([(file.path, mark_of(file.digest, key), file.findings) for file in files])

    def forget(self, paths: list[str]) -> Changes:
        """Let go of files."""
        self.structure.forget(paths)
        self.similar.forget(paths)
        return self.findings.forget(paths)

    def close(self) -> None:
        """Release the files."""
        self.structure.close()
        self.similar.close()
        self.findings.close()


def what_to_do(
    stores: Stores, key: bytes, changed: Iterable[str], removed: Iterable[str], digests: Mapping[str, bytes] | None
) -> tuple[list[str], list[str]]:
    """The files to analyse and those to forget.

    Args:
        stores: What is known.
        key: What files are analysed with now.
        changed: Files that were written.
        removed: Files that are gone.
        digests: All files of the project with the digests of their content, when everything is to be compared.
    """
    if digests is None:
        return sorted(set(changed)), sorted(set(removed))
    known = stores.findings.digests()
    stale = {path for path, digest in digests.items() if known.get(path) != mark_of(digest, key)}
    gone = known.keys() - digests.keys()
    return sorted(stale | (set(changed) & digests.keys())), sorted(gone | (set(removed) - digests.keys()))


def carry_out(
    stores: Stores, job: Job, key: bytes, changed: list[str], removed: list[str], workers: int, progress: Progress
) -> RoundOutcome:
    """Analyse and forget files, link the structure, and say what that did to the findings."""
    started = time.monotonic()
    changes = stores.forget(removed) if removed else Changes()
    done, batch = 0, list[FileAnalysis]()
    seen: set[str] = set()
    for files in analyse_files(job, changed, workers):
        batch += files
        done += len(files)
        if len(batch) >= _AT_ONCE:
            seen.update(file.path for file in batch)
            changes.then(stores.take_in(batch, key))
            batch = []
            progress(done, len(changed))
    if batch:
        seen.update(file.path for file in batch)
        changes.then(stores.take_in(batch, key))
    vanished = [path for path in changed if path not in seen]
    if vanished:
        changes.then(stores.forget(vanished))
    stores.structure.link()
    if changed or removed:
        _note_totals(stores.findings)
    return RoundOutcome(
        changed=len(seen),
        removed=len(removed) + len(vanished),
        appeared=tuple(list(changes.new)[:MOST_NAMED]),
        appeared_total=len(changes.new),
        gone_total=len(changes.gone),
        seconds=time.monotonic() - started,
    )


def _note_totals(findings: FindingStore) -> None:
    levels: dict[str, int] = {}
    for row in findings.rows():
        if not row.suppressed:
            levels[row.level] = levels.get(row.level, 0) + 1
    findings.note_totals(datetime.now(UTC).date().isoformat(), levels)
