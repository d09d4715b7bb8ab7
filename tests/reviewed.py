"""Repositories with changes to review."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aura_code.findings.loading import load_rules
from aura_code.findings.standards import standards_of
from aura_code.reviewing.gathering import ReviewSources, gather_review
from aura_code.structure.store import StructureReader
from aura_shared.messages.review import GatherReview, ReviewFacts
from aura_shared.settings import FindingsSettings
from structured import write

_IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false")


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *_IDENTITY, "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True).stdout


def commit(root: Path, files: Mapping[str, str], message: str = "feat: change") -> str:
    """Write files and commit everything; the commit's identifier. The first call makes the repository."""
    root.mkdir(exist_ok=True)
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD").strip()


def review(
    root: Path, request: GatherReview, store: StructureReader | None = None, baseline: tuple[str, ...] = ()
) -> ReviewFacts:
    """The review of a change under the rules that are on by default."""
    rules = load_rules()
    files = [
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts
    ]
    sources = ReviewSources(root, rules, standards_of(rules, FindingsSettings()), baseline, store, lambda: files)
    return gather_review(sources, request)


def asked(what: str = "work-tree", **fields: object) -> GatherReview:
    """A request for a review."""
    return GatherReview.model_validate({"project": "shop", "what": what, **fields})
