"""Messages of test runs: the tests of a project, on a tree of git that is not checked out, in the sandbox."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field

from aura_shared.messages.changes import CheckOutcome
from aura_shared.messages.core import Reply, Request

STORES_FOLDER: Final = "trees"
"""Folder below `AuraPaths.data` in which a service puts objects that are in no repository, for others to read."""
_TREE: Final = r"^([0-9a-f]{40}|[0-9a-f]{64})$"


class RanTests(Reply):
    """What the tests said."""

    outcome: CheckOutcome
    """`failed` only for what does not fail in `base` as well; `skipped` when nothing was run, or nothing can be held
    against the tree."""
    detail: str = ""
    """The runner with its counts or the first failures, or why nothing was run."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took, without the wait for other runs."""
    sandbox: str = ""
    """The kind of sandbox that it ran in; empty when nothing was run."""
    tests: list[str] = Field(default_factory=list)
    """The test files that were chosen, the nearest first."""


class RunTests(Request[RanTests]):
    """Run the tests that reach some files, on a tree of git; neither work tree nor repository is touched.

    One run at a time; cancelling the request ends it. Errors: `unknown_ref` when there is no such tree.
    """

    type: ClassVar[str] = "testing.run"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    tree: str = Field(pattern=_TREE)
    """Hash of the tree to test, of the whole repository."""
    base: str = Field(default="", pattern=rf"{_TREE}|^$")
    """Hash of the tree or commit that failures are compared with; empty to hold every failure against `tree`."""
    objects: str = Field(default="", pattern=r"^[a-z0-9_-]{0,64}$")
    """Name of a store below `STORES_FOLDER` that holds objects of the trees; empty when all are in the repository."""
    paths: list[str] = Field(min_length=1, max_length=2000)
    """Changed files, relative to the project: the tests that reach them are run."""
    seconds: float = Field(default=0.0, ge=0, le=86_400)
    """Most seconds of a run; 0 for the setting `sandbox.wall_s`, which is never exceeded."""
