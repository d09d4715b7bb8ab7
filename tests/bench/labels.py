"""Questions about a repository and the places that answer them.

One JSON file per repository::

    {"repository": "owner/name", "commit": "<sha>", "language": "c", "root": "src",
     "queries": [{"id": "evict-01", "kind": "natural", "query": "how are keys evicted",
                  "targets": [{"path": "src/evict.c", "start": 120, "end": 190}]}]}

`root` is optional: the folder of the checkout that gets indexed, where the whole would bury the part that the questions
are about. Target paths are relative to the checkout, root or not.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["natural", "architecture", "identifier"]
KINDS: tuple[Kind, ...] = ("natural", "architecture", "identifier")


class Target(BaseModel):
    """A place that answers a question."""

    model_config = ConfigDict(frozen=True)

    path: str
    """Relative to the checkout, with forward slashes."""
    start: int = Field(default=1, ge=1)
    """First line, counted from 1."""
    end: int = Field(default=0, ge=0)
    """Last line; 0 stands for the whole file."""

    @property
    def has_span(self) -> bool:
        """Whether the label names lines rather than the whole file."""
        return self.end > 0


class Query(BaseModel):
    """One question."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Unique within its file."""
    kind: Kind
    query: str = Field(min_length=1)
    targets: tuple[Target, ...] = Field(min_length=1)
    """Every place that counts as an answer, in any order."""


class QuerySet(BaseModel):
    """The questions about one repository at one commit."""

    model_config = ConfigDict(frozen=True)

    repository: str
    """`owner/name`, for the reader."""
    commit: str
    """The commit whose lines the labels speak of."""
    language: str
    root: str = ""
    """Folder of the checkout that gets indexed; empty for all of it."""
    queries: tuple[Query, ...]


def read_query_sets(directory: Path, *, only: frozenset[str] = frozenset()) -> dict[str, QuerySet]:
    """The query sets of a folder by name (the file's stem), in order of the names.

    Args:
        directory: Holds one JSON file per repository.
        only: Names to read; empty for all.

    Raises:
        OSError: The folder or a file cannot be read.
        pydantic.ValidationError: A file is not of the form above.
    """
    files = sorted(path for path in directory.glob("*.json") if not only or path.stem in only)
    return {path.stem: QuerySet.model_validate_json(path.read_bytes()) for path in files}
