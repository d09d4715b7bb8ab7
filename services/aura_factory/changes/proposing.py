"""From a proposal to a change: every file looked at and every refusal made before anything is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aura_factory.changes.content import check_parses, edited, made, rewritten, text_of_file, texts_between
from aura_factory.changes.guarding import (
    check_names,
    check_no_key,
    check_not_ignored,
    check_path,
    check_protected,
)
from aura_factory.changes.hunks import make_hunks
from aura_factory.changes.places import digest_of, read_file
from aura_factory.changes.records import StoredFile
from aura_factory.changes.transitions import merge_bytes
from aura_shared.errors import Conflict, EditRefused, FileMovedOn, UnknownFile, UsageProblem
from aura_shared.messages.changes import CheckResult, FileChangeKind, ProposedFile
from aura_shared.text_files import as_utf8


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, ready to be kept."""

    files: list[StoredFile]
    check: CheckResult
    """Whether the files parse."""
    merged: list[str]
    """Files that changed since the proposal was made, and for which it was merged."""


def take_in(
    root: Path, files: list[ProposedFile], *, known: Callable[[str], bytes | None], protected: tuple[str, ...] = ()
) -> Proposal:
    """What is proposed, checked and worked out against the files as they are now.

    Args:
        root: The project's folder.
        files: What is proposed.
        known: The bytes of an earlier version of a file, by their SHA-256.
        protected: Further files that no change may touch, as in `.gitignore`.

    Raises:
        UsageProblem: An entry makes no sense, or changes nothing.
        NotAllowed: A file is ignored or protected; `UnsafePath` when it is a link or outside.
        Conflict: A new file exists already.
        FileMovedOn: A file is not what the proposal was made from.
        EditRefused: A file is binary, or would not parse any more.
        UnknownFile: A file is not there.
    """
    kinds: list[FileChangeKind] = [_kind(file) for file in files]
    named = [path for file in files for path in ((file.path, file.moved_from) if file.moved_from else (file.path,))]
    for path in named:
        check_path(root, path)
    check_names(root, named, {file.path for file, kind in zip(files, kinds, strict=True) if kind in {"added", "moved"}})
    check_protected(named, protected)
    check_not_ignored(root, named)
    merged: list[str] = []
    stored = [_take_file(root, file, kind, known, merged) for file, kind in zip(files, kinds, strict=True)]
    return Proposal(stored, parse_check(stored), merged)


def _kind(file: ProposedFile) -> FileChangeKind:
    given = file.content is not None, file.edits is not None
    if all(given):
        raise UsageProblem(f"{file.path}: give its whole text or edits, not both")
    if file.moved_from and file.moved_from == file.path:
        raise UsageProblem(f"{file.path} cannot be moved to where it is")
    if file.base:
        return "moved" if file.moved_from else "modified" if any(given) else "deleted"
    if file.moved_from or file.content is None:
        raise UsageProblem(
            f"{file.path}: without `base`, the SHA-256 of the file that the proposal was made from, only the whole "
            "text of a new file makes sense"
        )
    return "added"


def _take_file(
    root: Path, file: ProposedFile, kind: FileChangeKind, known: Callable[[str], bytes | None], merged: list[str]
) -> StoredFile:
    there = read_file(root, file.path)
    if kind in {"added", "moved"} and there is not None:
        raise Conflict(
            f"there is a file {file.path} already", hint="Propose a change of it, with its SHA-256 as `base`."
        )
    if kind == "added":
        after = made(root, file.path, file.content or "")
        check_no_key(file.path, after)
        return with_hunks(StoredFile(file.path, kind, b"", after))
    source = file.moved_from or file.path
    now = read_file(root, source) if file.moved_from else there
    if now is None:
        raise UnknownFile(f"there is no file {source}")
    check_no_key(source, now.data)
    text_of_file(source, now.data)
    after = _new_bytes(file, kind, now.data, known, merged)
    return with_hunks(StoredFile(file.path, kind, now.data, after, file.moved_from))


def _new_bytes(
    file: ProposedFile, kind: FileChangeKind, now: bytes, known: Callable[[str], bytes | None], merged: list[str]
) -> bytes:
    """What a file is to be; merged when it changed since the proposal was made."""
    source = file.moved_from or file.path
    if digest_of(now) == file.base:
        after = _asked(file, now)
        if after == now and kind == "modified":
            raise UsageProblem(f"what is proposed for {file.path} changes nothing")
        return b"" if kind == "deleted" else after
    base = known(file.base)
    if base is None or kind == "deleted":
        raise FileMovedOn(
            f"{source} is not what the proposal was made from: expected SHA-256 {file.base[:12]}, found "
            f"{digest_of(now)[:12]}",
            hint="Read the file again, and propose again.",
        )
    result = merge_bytes(base, _asked(file, base), now)
    if isinstance(result, str) or result.conflicts:
        where = (
            "" if isinstance(result, str) else f" in line {', '.join(str(one.line) for one in result.conflicts[:10])}"
        )
        raise FileMovedOn(
            f"{source} changed since the proposal was made, in the same places{where}",
            hint="Read the file again, and propose again.",
        )
    if result.text == now and kind == "modified":
        raise UsageProblem(f"what is proposed for {file.path} is there already")
    merged.append(file.path)
    return result.text


def _asked(file: ProposedFile, base: bytes) -> bytes:
    if file.content is not None:
        return rewritten(file.path, base, file.content)
    return edited(file.path, base, file.edits) if file.edits is not None else base


def with_hunks(file: StoredFile) -> StoredFile:
    """A file with its hunks made, all open.

    Raises:
        EditRefused: It would not parse any more.
    """
    before, after, _ = texts_between(file.before, file.after)
    if file.kind in {"modified", "moved"}:
        file.parses = check_parses(file.path, before, after)
    base = digest_of(file.before) if file.kind != "added" else ""
    file.hunks = make_hunks(file.path, file.kind, before, after, base=base, moved_from=file.moved_from)
    return file


def parse_check(files: list[StoredFile]) -> CheckResult:
    """Whether the files of a change parse, for a person to read."""
    bad: list[str] = []
    parsed = 0
    for file in files:
        if file.kind == "deleted":
            continue
        try:
            before = b"" if file.kind == "added" else as_utf8(file.before)
            found = file.parses or check_parses(file.path, before, as_utf8(file.after))
        except EditRefused as error:
            bad.append(error.message)
            continue
        parsed += found == "parses"
        if found.startswith("does not"):
            bad.append(f"{file.path} {found}")
    if bad:
        return CheckResult(name="parse", outcome="failed", detail="; ".join(bad)[:2000])
    if not parsed:
        return CheckResult(name="parse", outcome="skipped", detail="no file is in a language whose syntax is known")
    return CheckResult(name="parse", outcome="passed", detail=f"{parsed} of {len(files)} files parse")
