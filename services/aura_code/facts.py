"""What is read from one file, in the compact form that crosses from a worker process to the index.

One pass per file makes a `FileFacts`: read, parse, one query for definitions, references and imports, raw identifier
counts per chunk. The syntax tree is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:  # Reading processes stay small: they never load pydantic (20 MB).
    from aura_shared.messages.code import SymbolKind

SkipReason = Literal["binary", "minified", "generated", "too-large", "unreadable", "not-utf8-name", "link", "submodule"]
ReferenceKind = Literal["call", "type", "inherit", "import", "name"]


class Stamp(NamedTuple):
    """How a file looked when it was read; compared to find out whether it changed."""

    mtime_ns: int
    size: int
    """Bytes."""
    digest: bytes
    """BLAKE2b of the content, 16 bytes; zeros when the content was not read (too large, unreadable)."""


class SymbolFact(NamedTuple):
    """A definition in a file."""

    name: str
    kind: SymbolKind
    container: str
    """Names of what surrounds it, joined by dots; empty at the top."""
    start_line: int
    """From 1; decorators and attributes included."""
    end_line: int
    """From 1, included."""
    signature: str
    """Declaration in one line without the body, at most 200 characters."""
    doc: str
    """First paragraph of the documentation, at most 300 characters."""


class ReferenceFact(NamedTuple):
    """A name used in a file."""

    name: str
    kind: ReferenceKind
    line: int


class ImportFact(NamedTuple):
    """An import of a file."""

    module: str
    names: tuple[str, ...]
    line: int


class ChunkFact(NamedTuple):
    """A passage of about 1,000 characters that a search can return; chunks of a file cover it without overlap."""

    start_line: int
    end_line: int
    terms: tuple[tuple[str, int], ...]
    """Raw identifiers (`[A-Za-z_][A-Za-z0-9_]*` and other words of letters, 2 to 80 characters) with their counts;
    splitting and stemming happen once per distinct identifier in the index."""


class FileFacts(NamedTuple):
    """What is known of one file."""

    path: str
    """Relative to the project's root, with forward slashes."""
    stamp: Stamp
    language: str
    """Identifier of the language; empty for plain text."""
    lines: int
    symbols: tuple[SymbolFact, ...]
    references: tuple[ReferenceFact, ...]
    imports: tuple[ImportFact, ...]
    chunks: tuple[ChunkFact, ...]
    broken: bool
    """Whether the parser met syntax errors."""
    skipped: SkipReason | None
    """Why nothing was read of it; then everything else but path and stamp is empty."""
