"""Reads a file: one pass gives everything that the index keeps of it. `aura_code.reading` reads many."""

from __future__ import annotations

import errno
import logging
import os
import stat as modes
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from aura_code.chunks import cut, line_starts
from aura_code.decoding import why_skip
from aura_code.extraction import Extracted, extract
from aura_code.facts import FileFacts, SkipReason, Stamp
from aura_code.patterns import extract_by_patterns
from aura_languages import LanguageSpec, languages
from aura_languages.grammars import GrammarError, grammar_of
from aura_languages.parsing import Deadline, matches, parse
from aura_shared.text_files import as_utf8, is_binary

_log = logging.getLogger(__name__)

_NOT_READ = bytes(16)
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_GONE = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are read."""

    max_file_bytes: int = 1_000_000
    """Larger files are skipped."""
    parse_cpu_s: float = 3.0
    """CPU seconds for parsing one file; after that it is read line by line. A normal file of 1 MB takes 0.3."""
    answer_s: float = 30.0
    """Seconds beyond those for parsing after which a reading process that says nothing is ended."""


DEFAULT_OPTIONS = ReadOptions()


def read_file(root: Path, path: str, options: ReadOptions = DEFAULT_OPTIONS) -> FileFacts:
    """Everything that the index keeps of a file; content of any kind gives facts, perhaps only why it was skipped.

    Args:
        root: The project's folder.
        path: The file, relative to it, with forward slashes.
        options: Limits.

    Raises:
        FileNotFoundError: There is no such file (any more).
    """
    loaded = load(root, path, options)
    return loaded if isinstance(loaded, FileFacts) else facts_of(path, *loaded, options)


def load(root: Path, path: str, options: ReadOptions = DEFAULT_OPTIONS) -> tuple[Stamp, bytes] | FileFacts:
    """Stamp and content of a file, or the facts that say why it is not read.

    Raises:
        FileNotFoundError: There is no such file (any more).
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return skipped(path, Stamp(0, 0, _NOT_READ), "not-utf8-name")
    if _leads_outside(root, path):
        return skipped(path, Stamp(0, 0, _NOT_READ), "link")
    try:
        stamp, data = _load(root / path, options.max_file_bytes)
    except OSError as error:
        if error.errno in _GONE:
            raise FileNotFoundError(error.errno, "no such file", path) from error
        reason: SkipReason = "link" if error.errno == errno.ELOOP else "unreadable"
        return skipped(path, Stamp(0, 0, _NOT_READ), reason)
    if data is None:
        return skipped(path, stamp, "too-large" if stamp.size > options.max_file_bytes else "unreadable")
    return stamp, data


def facts_of(path: str, stamp: Stamp, data: bytes, options: ReadOptions = DEFAULT_OPTIONS) -> FileFacts:
    """Everything that the index keeps of a file with this content; never raises."""
    if is_binary(data):
        return skipped(path, stamp, "binary")
    text = as_utf8(data)
    spec = languages().of(path, text[:4096])
    starts = line_starts(text)
    lines = len(starts) - 1
    reason = why_skip(path, text, lines, prose=spec is None or spec.prose)
    if reason:
        return skipped(path, stamp, reason)
    found, broken = _extract(path, spec, text, starts, options)
    chunks = tuple(cut(text, starts, found.boundaries))
    language = spec.id if spec else ""
    return FileFacts(path, stamp, language, lines, found.symbols, found.references, found.imports, chunks, broken, None)


def _extract(
    path: str, spec: LanguageSpec | None, text: bytes, starts: list[int], options: ReadOptions
) -> tuple[Extracted, bool]:
    if spec is None:
        return Extracted((), (), (), []), False
    try:
        grammar = grammar_of(spec)
    except GrammarError as error:
        _log.warning("grammar_failed %s", error)
        grammar = None
    if grammar is None:
        return extract_by_patterns(spec, text, starts), False
    tree = parse(grammar.parser, text, Deadline(options.parse_cpu_s))
    if tree is None:
        _log.warning("parse_given_up %s", path)
        return extract_by_patterns(spec, text, starts), True
    return extract(matches(grammar.query, tree), spec, text, starts), tree.root_node.has_error


def _load(file: Path, most_bytes: int) -> tuple[Stamp, bytes | None]:
    """Stamp and content; no content when it is too large, or not a plain file."""
    handle = os.open(file, _OPEN_FLAGS)
    try:
        status = os.fstat(handle)
        if not modes.S_ISREG(status.st_mode) or status.st_size > most_bytes:
            return Stamp(status.st_mtime_ns, status.st_size, _NOT_READ), None
        with open(handle, "rb", closefd=False) as stream:
            data = stream.read(most_bytes + 1)
    finally:
        os.close(handle)
    if len(data) > most_bytes:
        return Stamp(status.st_mtime_ns, len(data), _NOT_READ), None
    return Stamp(status.st_mtime_ns, len(data), blake2b(data, digest_size=16).digest()), data


def _leads_outside(root: Path, path: str) -> bool:
    """Whether the folder of a file lies, once links are followed, outside the project."""
    folder = os.path.dirname(path)  # noqa: PTH120 - ten times faster than Path, once per file
    if not folder and path not in {"..", "."}:
        return False
    real_root = os.path.realpath(root)
    real = os.path.realpath(f"{real_root}/{folder}")
    return real != real_root and not real.startswith(real_root.rstrip("/") + "/")


def skipped(path: str, stamp: Stamp, reason: SkipReason) -> FileFacts:
    """The facts of a file that is not read."""
    return FileFacts(path, stamp, "", 0, (), (), (), (), broken=False, skipped=reason)
