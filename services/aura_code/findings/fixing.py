"""Fixes as changes that a person can review. Nothing here writes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from aura_code.findings.checking import apply_edits
from aura_code.findings.model import Edit, Finding
from aura_languages.errors import count_syntax_errors
from aura_shared.errors import AuraError, StorageError, UnsafePath
from aura_shared.security import confine, open_inside
from aura_shared.text_files import Writing, read_text

_MOST_BYTES: Final = 20_000_000
_UNDOS_KEPT: Final = 50


@dataclass(slots=True)
class PlannedFix:
    """What a fix would do to one file."""

    path: str
    findings: list[Finding] = field(default_factory=list[Finding])
    """Those that it mends."""
    left: list[Finding] = field(default_factory=list[Finding])
    """Those whose edits overlap with the ones of others."""
    before: bytes = b""
    """The file as it is."""
    after: bytes = b""
    """The file as it would be."""
    diff: str = ""
    """The change as a unified diff."""
    refused: str = ""
    """Why the file cannot be changed; empty when it can."""


def digest_of(data: bytes) -> bytes:
    """The digest of a file's bytes, as the index and the store of findings keep it."""
    return blake2b(data, digest_size=16).digest()


def propose(
    root: Path,
    findings: Iterable[Finding],
    digest: Callable[[str], bytes | None],
    *,
    ignored: Callable[[str], bool] = lambda _path: False,
) -> list[PlannedFix]:
    """What the fixes of findings change, file by file; findings without a fix are passed over.

    Args:
        root: The project's folder.
        findings: What to mend.
        digest: The content that a file had when it was analysed, by its path.
        ignored: Whether a path is none of Aura's business.
    """
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.edits:
            by_path.setdefault(finding.path, []).append(finding)
    return [_plan(root, path, by_path[path], digest(path), ignored) for path in sorted(by_path)]


def _plan(
    root: Path, path: str, findings: list[Finding], digest: bytes | None, ignored: Callable[[str], bool]
) -> PlannedFix:
    plan = PlannedFix(path)
    try:
        plan.before = _read(root, path)
    except AuraError as error:
        plan.refused, plan.left = error.message, findings
        return plan
    read = read_text(plan.before)
    if ignored(path):
        plan.refused = "it is ignored, so it is not Aura's to change"
    elif digest is None or digest_of(plan.before) != digest:
        plan.refused = "it has changed since it was analysed; try again in a moment"
    elif read is None:
        plan.refused = "its encoding cannot be written back exactly"
    else:
        text, writing = read
        _choose(plan, findings)
        plan.refused = _change(plan, text, writing)
    if plan.refused:
        plan.findings, plan.left, plan.after = [], findings, b""
    return plan


def _read(root: Path, path: str) -> bytes:
    """The bytes of a file that is neither a link nor reached through one.

    Raises:
        UnsafePath: It is, or it leads outside the project.
        UnknownFile: There is none.
        StorageError: It cannot be read, or is very large.
    """
    confine(root, path)
    place = root
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            raise UnsafePath("it is a link, or lies behind one")
    with open_inside(root, path) as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise StorageError(f"it is over {_MOST_BYTES // 1_000_000} MB")
    return data


def _choose(plan: PlannedFix, findings: Sequence[Finding]) -> None:
    """Take the findings whose edits fit together, in the order of the file."""
    taken: set[Edit] = set()
    for finding in sorted(findings, key=lambda finding: (finding.span, finding.rule)):
        if any(_collide(edit, other) for edit in finding.edits for other in taken):
            plan.left.append(finding)
        else:
            plan.findings.append(finding)
            taken.update(finding.edits)


def _collide(edit: Edit, other: Edit) -> bool:
    """Whether two edits touch the same text; the very same edit twice does not, two insertions at one place do."""
    if edit == other:
        return False
    if edit.start == edit.end and other.start == other.end:
        return edit.start == other.start
    return edit.start < other.end and other.start < edit.end


def _change(plan: PlannedFix, text: bytes, writing: Writing) -> str:
    """Work the change out; returns why it is refused."""
    edits = [edit._replace(text=writing.inserted(edit.text)) for finding in plan.findings for edit in finding.edits]
    changed = apply_edits(text, edits)
    if changed is None:
        return "the edits of its findings overlap"
    changed = _same_ending(text, changed, writing)
    if changed == text:
        return "the fix changes nothing"
    if (count_syntax_errors(plan.path, changed) or 0) > (count_syntax_errors(plan.path, text) or 0):
        return "the result would not parse"
    try:
        plan.after = writing.encode(changed)
    except UnicodeError:
        return f"its encoding, {writing.encoding}, lacks a character of the fix"
    plan.diff = diff_of(plan.path, text.decode(), changed.decode())
    return ""


def _same_ending(before: bytes, after: bytes, writing: Writing) -> bytes:
    """The new text with or without a line end at its end, as the old one."""
    end = b"\r\n" if writing.line_end == "\r\n" else b"\n"
    if not after or before.endswith(b"\n") == after.endswith(b"\n"):
        return after
    return after + end if before.endswith(b"\n") else after.removesuffix(b"\n").removesuffix(b"\r")


def diff_of(path: str, before: str, after: str) -> str:
    """A unified diff of one file, as `patch` and `git apply` take it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
