"""What the analysis finds in one file: structure, findings, and the fingerprints of its functions."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from aura_code.content import ReadOptions, load
from aura_code.decoding import why_skip
from aura_code.facts import FileFacts
from aura_code.findings.analysis import analyse_source
from aura_code.findings.loading import load_rules
from aura_code.findings.model import Finding
from aura_code.findings.standards import standards_of
from aura_code.similar.clones import Fingerprints, fingerprints_of
from aura_code.structure.facts import FileStructure
from aura_code.structure.readers import reader_of
from aura_code.syntax import SourceFile, parse_source
from aura_languages import languages
from aura_languages.grammars import GrammarError
from aura_shared.settings import FindingsSettings
from aura_shared.text_files import as_utf8, is_binary

log = logging.getLogger(__name__)

UNKNOWN = bytes(16)
"""Digest of a file that could not be analysed."""


class FileAnalysis(NamedTuple):
    """What was found in a file."""

    path: str
    digest: bytes
    """BLAKE2b of its content, 16 bytes, as the index has it."""
    structure: FileStructure | None
    """None when no reader knows its language."""
    findings: tuple[Finding, ...]
    """Suppressed ones included."""
    fingerprints: Fingerprints | None
    """Of its functions, to find copies; None when it was not parsed."""


def unread(path: str, digest: bytes = UNKNOWN) -> FileAnalysis:
    """The analysis of a file that gives nothing."""
    return FileAnalysis(path, digest, None, (), None)


class Job(NamedTuple):
    """What files are analysed with; crosses to the worker processes."""

    root: Path
    """The project's folder."""
    options: ReadOptions
    """Limits on reading."""
    settings: FindingsSettings
    """The team's standards."""
    replaced: tuple[str, ...]
    """Tools whose rules make some of Aura's superfluous."""


class FileReader:
    """Analyses files of one project with one set of rules."""

    def __init__(self, job: Job) -> None:
        self.job = job
        """What it was made for."""
        self.standards = standards_of(load_rules(), job.settings, job.replaced)
        """The rules that it runs."""
        self._root = job.root
        self._options = job.options

    def read(self, path: str) -> FileAnalysis | None:
        """The analysis of a file; None when it is gone."""
        try:
            loaded = load(self._root, path, self._options)
        except FileNotFoundError:
            return None
        if isinstance(loaded, FileFacts):
            return unread(path, loaded.stamp.digest)
        stamp, data = loaded
        file = None if is_binary(data) else self._parsed(path, as_utf8(data))
        return unread(path, stamp.digest) if file is None else self._analysed(file, stamp.digest)

    def _parsed(self, path: str, text: bytes) -> SourceFile | None:
        """None for what the index skips too, and for what has no grammar."""
        spec = languages().of(path, text[:4096])
        if spec is None or spec.grammar is None or why_skip(path, text, text.count(b"\n") + 1, prose=spec.prose):
            return None
        try:
            return parse_source(path, text, language=spec.id, cpu_s=self._options.parse_cpu_s)
        except GrammarError as error:
            log.warning("grammar_failed %s", error)
            return None

    def _analysed(self, file: SourceFile, digest: bytes) -> FileAnalysis:
        reader = reader_of(file.language)
        structure: FileStructure | None = None
        try:
            structure = reader(file) if reader is not None else None
        except RecursionError:  # Code nested a thousand deep; its findings are still worth having.
            log.warning("structure_given_up path=%s", file.path)
        findings = tuple(self.standards.apply(analyse_source(file, self.standards.rules)))
        return FileAnalysis(file.path, digest, structure, findings, fingerprints_of(file))


_last: list[FileReader] = []


def reader_for(job: Job) -> FileReader:
    """A reader for a job; the last one is kept, since compiling the rules takes 0.2 s."""
    if not _last or _last[0].job != job:
        _last[:] = [FileReader(job)]
    return _last[0]
