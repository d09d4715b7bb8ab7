"""Questions about files of their own kind: migrations, checks that run by themselves, modes, submodules, binaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_code.reviewing.asking import Asked, numbered, stripped
from aura_code.reviewing.changes import FileChange

_CI: Final = re.compile(
    r"(?:^|/)\.github/workflows/|\.gitlab-ci\.ya?ml$|(?:^|/)\.circleci/|azure-pipelines|(?:^|/)Jenkinsfile$"
)
_LAX: Final = re.compile(
    r"continue-on-error:\s*true|\|\|\s*true\b|pull_request_target|permissions:\s*write-all|--no-verify"
)
_MIGRATION: Final = re.compile(r"(?:^|/)(?:migrations?|alembic/versions|db/migrate)/")
_ONE_WAY: Final = re.compile(r"\bRunPython\(\s*[\w.]+\s*,?\s*\)|RunSQL\(\s*(?:\"[^\"]*\"|'[^']*')\s*,?\s*\)")
_NO_WAY_BACK: Final = re.compile(
    r"def downgrade\([^)]*\)[^:]*:\s*(?:\"\"\"[^\"]*\"\"\"\s*)?(?:pass|\.\.\.)\s*(?:#.*)?$", re.MULTILINE
)
_DROPS: Final = re.compile(
    r"\bDROP\s+(?:TABLE|COLUMN)|\bdrop_table\(|\bdrop_column\(|\bdropTable\(|\bdropColumn\(|\bRemoveField\("
    r"|\bDeleteModel\(",
    re.IGNORECASE,
)
_SHOWN_AS_IT_IS: Final = frozenset(
    ["png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "woff", "woff2", "ttf", "otf", "pdf", "mp4", "webm"]
)


def migrations(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Migrations that cannot be undone, or that drop data."""
    if file.kind != "added" or not _MIGRATION.search(f"/{file.path}") or file.new.text is None:
        return
    text = file.new.text.decode("utf-8", "replace")
    one_way, no_way, drops = _ONE_WAY.search(text), _NO_WAY_BACK.search(text), _DROPS.search(text)
    if one_way:
        yield f"{_place(file, text, one_way)}: this step of the migration cannot be undone; how is it rolled back?"
    elif no_way:
        yield f"{_place(file, text, no_way)}: `downgrade` does nothing; how is this migration rolled back?"
    elif drops and "def downgrade" not in text[: drops.start()] and not file.path.endswith(".down.sql"):
        yield f"{_place(file, text, drops)}: this drops data; is it kept elsewhere, and does older code still run?"


def _place(file: FileChange, text: str, found: re.Match[str]) -> str:
    return f"{file.path}:{text.count(chr(10), 0, found.start()) + 1}"


def lax_checks(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Checks that no longer stop anything, and jobs with more rights."""
    if not _CI.search(file.path):
        return
    gone = set(stripped(file, "-"))
    for hunk in file.hunks:
        for number, text in numbered(hunk, "+"):
            found = _LAX.search(text)
            if found and text.strip() not in gone and not text.lstrip().startswith("#"):
                yield f"{file.path}:{number}: `{found[0]}` weakens a check or gives a job more rights; is that meant?"


def odd_files(file: FileChange, _asked: Asked) -> Iterator[str]:
    """What a diff of lines does not show."""
    ending = file.path.rpartition(".")[2].lower()
    is_new = file.old_mode in {"", "000000"} and bool(file.new_mode)
    if file.old_mode == "100644" and file.new_mode == "100755":
        yield f"{file.path}:1: it becomes executable; is that meant?"
    if file.note == "a submodule":
        yield f"{file.path}:1: the submodule points to another commit; which changes come with it?"
    elif file.kind == "binary" and is_new and not file.is_test and ending not in _SHOWN_AS_IT_IS:
        yield f"{file.path}:1: a binary file is added, which nobody can review; what is it made from?"
