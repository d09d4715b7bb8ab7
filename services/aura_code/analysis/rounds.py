"""One round of analysis: which files have to be looked at again, and where what was found is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from aura_code.analysis.crew import analyse_files
from aura_code.analysis.protocol import RoundOutcome
from aura_code.analysis.reading import FileAnalysis, Job
from aura_code.findings.answering import findings_updated
from aura_code.findings.baseline import read_baseline
from aura_code.findings.store import Changes, FindingStore
from aura_code.similar.store import SimilarStore
from aura_code.structure.store import StructureStore

FINDINGS: Final = "findings.db"
STRUCTURE: Final = "structure.db"
SIMILAR: Final = "similar.db"
KEY: Final = "key"
"""Under which the findings note what they were made with."""
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
    def open(cls, folder: Path, root: Path) -> Self:
        """The stores in a folder, which is made when it is missing.

        Args:
            folder: Where they lie.
            root: The project's folder.

        Raises:
            StorageError: One cannot be opened.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            StructureStore.open(folder / STRUCTURE, root),
            SimilarStore.open(folder / SIMILAR),
            FindingStore.open(folder / FINDINGS),
        )

    def take_in(self, files: list[FileAnalysis]) -> Changes:
        """Keep what was found in some files. The findings come last: they say that a file is done."""
        self.structure.put_many([(file.digest, file.structure) for file in files if file.structure is not None])
        bare = [file.path for file in files if file.structure is None]
        if bare:
            self.structure.forget(bare)
        self.similar.put_many([(file.path, file.digest, file.fingerprints) for file in files])
        return self.findings.replace_files([(file.path, file.digest, file.findings) for file in files])

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
    stores: Stores, key: str, changed: Iterable[str], removed: Iterable[str], digests: Mapping[str, bytes] | None
) -> tuple[list[str], list[str]]:
    """The files to analyse and those to forget.

    Args:
        stores: What is known.
        key: What files are analysed with now; when it is another one than before, all files are stale.
        changed: Files that were written.
        removed: Files that are gone.
        digests: All files of the project with the digests of their content, when everything is to be compared.
    """
    known = stores.findings.digests()
    other_rules = stores.findings.fact(KEY) != key
    if digests is None:
        stale = set(changed) | (known.keys() - set(removed) if other_rules else set[str]())
        return sorted(stale), sorted(set(removed))
    stale = {path for path, digest in digests.items() if other_rules or known.get(path) != digest}
    gone = known.keys() - digests.keys()
    return sorted(stale | (set(changed) & digests.keys())), sorted(gone | (set(removed) - digests.keys()))


def carry_out(
    stores: Stores,
    job: Job,
    todo: tuple[list[str], list[str]],
    *,
    project: str,
    key: str,
    workers: int,
    progress: Progress,
) -> RoundOutcome:
    """Analyse and forget files, link the structure, and say what that did to the findings."""
    started = time.monotonic()
    changed, removed = todo
    changes = stores.forget(removed) if removed else Changes()
    done, batch = 0, list[FileAnalysis]()
    seen: set[str] = set()
    for files in analyse_files(job, changed, workers):
        batch += files
        done += len(files)
        if len(batch) >= _AT_ONCE:
            seen.update(file.path for file in batch)
            changes.then(stores.take_in(batch))
            batch = []
            progress(done, len(changed))
    if batch:
        seen.update(file.path for file in batch)
        changes.then(stores.take_in(batch))
    vanished = [path for path in changed if path not in seen]
    if vanished:
        changes.then(stores.forget(vanished))
    stores.structure.link()
    stores.findings.note(KEY, key)
    baseline = read_baseline(job.root)
    event = findings_updated(stores.findings, project, changes, baseline)
    if event is not None:
        stores.findings.note_totals(datetime.now(UTC).date().isoformat(), event.levels)
    return RoundOutcome(
        changed=len(seen),
        removed=len(removed) + len(vanished),
        event=event.model_dump_json() if event is not None else "",
        seconds=time.monotonic() - started,
    )
