"""Conflicts that are in the work tree already: resolved as far as it was accepted, and no further."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_git.conflicts.contract import ConflictSides
from aura_git.merging.driver import set_driver, set_recording
from aura_git.merging.explaining import Conflicts, explain
from aura_git.merging.settling import Accepted, Settled, plain_text
from aura_git.merging.stops import in_conflict, parting_of
from aura_git.merging.tuning import tuned_repository
from aura_git.merging.writing import unmerged, write_settled
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, Safety
from aura_shared.errors import NotFound
from aura_shared.messages.merges import ConflictFile, MergeAnswer, ResolveConflicts

__all__ = ["edited_since", "resolve"]

_AS_IT_IS: Final = Gates(at_rest=False, born=False)


def resolve(repository: Repository, safety: Safety, request: ResolveConflicts) -> MergeAnswer:
    """Resolve what is in conflict, as far as it was accepted; a file that a person has edited since is left alone.

    Raises:
        NotFound: A path is not in conflict.
    """
    if request.driver or request.remember:
        return _configure(repository, safety, request)
    where = tuned_repository(repository)
    open_paths = unmerged(where.git)
    unknown = [path for path in request.paths if path not in open_paths]
    if unknown:
        raise NotFound(f"not in conflict: {', '.join(unknown)}", hint="`aura resolve --dry-run` lists what is.")
    command = safety.open_operation(repository)
    answer = MergeAnswer(standing="nothing", command=command.command if command else "resolve", summary="")
    if not open_paths:
        return answer.model_copy(update={"summary": "no file is in conflict"})
    conflicts = in_conflict(where, request.paths)
    accepted = Accepted.of(request.accept, request.hunks)
    files, settled = explain(where.git, conflicts, parting_of(where), accepted)
    edited = edited_since(where, conflicts)
    if request.dry_run:
        update = {"standing": "planned", "conflicts": files, "left": _left(files), "notes": _notes(edited)}
        return answer.model_copy(update={**update, "summary": f"{len(files)} files are in conflict"})
    with _operation(repository, safety) as operation:
        operation.step("write what was resolved")
        staged = write_settled(where, {path: one for path, one in settled.items() if _writes(path, one, edited)})
        left = list(unmerged(where.git))
        if command is not None:
            text = f"resolve the conflicts in {', '.join(left[:5])}, then " if left else ""
            operation.wait(f"{text}`aura continue`")
        summary = f"{len(staged)} of {len(files)} files are resolved and staged; {len(left)} wait"
        update = {"operation": operation.id, "conflicts": files, "left": left, "notes": _notes(edited)}
        return answer.model_copy(update={**update, "standing": "waiting" if left else "done", "summary": summary})


def _writes(path: str, settled: Settled, edited: Sequence[str]) -> bool:
    """Whether a file is written: something of it is settled, and nobody has edited it."""
    return path not in edited and bool(settled.numbers or settled.done)


def _left(files: Sequence[ConflictFile]) -> list[str]:
    return [file.path for file in files if file.remaining or file.parses is False]


def _notes(edited: Sequence[str]) -> list[str]:
    return [f"{path} was edited since git stopped, so it was left alone" for path in edited]


def _operation(repository: Repository, safety: Safety) -> Operation:
    record = safety.open_operation(repository)
    if record is not None:
        return safety.resume(repository, record.id)
    return safety.begin(repository, "resolve", "resolve conflicts", gates=_AS_IT_IS)


def _configure(repository: Repository, safety: Safety, request: ResolveConflicts) -> MergeAnswer:
    """Write to the repository's own configuration, as a person asked for."""
    if request.dry_run:
        return MergeAnswer(standing="planned", command="resolve", summary="the configuration would be changed")
    with safety.begin(repository, "resolve", "configure the resolution of conflicts", gates=_AS_IT_IS) as operation:
        notes: list[str] = []
        if request.driver:
            operation.step(f"{request.driver} the merge driver")
            notes += set_driver(repository, install=request.driver == "install")
        if request.remember:
            operation.step(f"switch the recording of resolutions {request.remember}")
            notes += set_recording(repository, on=request.remember == "on")
        return MergeAnswer(
            standing="done", command="resolve", operation=operation.id, summary="; ".join(notes), notes=notes
        )


def edited_since(where: Repository, conflicts: Conflicts) -> list[str]:
    """Files in conflict that are not as git left them: a person has begun to resolve them.

    Both sides are read out of the blocks and compared, so that the style of the blocks does not count.
    """
    return [path for path, sides in conflicts.sides.items() if not _as_left(where, path, sides)]


def _as_left(where: Repository, path: str, sides: ConflictSides) -> bool:
    file = where.root / path
    if not file.is_file() or file.is_symlink():
        return False
    text = file.read_bytes()
    return _both(text, sides.marker_size) == _both(plain_text(sides), sides.marker_size)


def _both(text: bytes, size: int) -> tuple[bytes, bytes]:
    """Our and their whole text, read out of a file with blocks."""
    marks: Mapping[bytes, str] = {b"<": "ours", b"|": "base", b"=": "theirs", b">": ""}
    ours: list[bytes] = []
    theirs: list[bytes] = []
    part = ""
    for line in text.replace(b"\r\n", b"\n").split(b"\n"):
        mark = re.match(rb"^([<|=>])\1{%d}(?: |$)" % (size - 1), line)
        if mark and (part or mark.group(1) == b"<"):
            part = marks[mark.group(1)]
            continue
        if part in {"", "ours"}:
            ours.append(line)
        if part in {"", "theirs"}:
            theirs.append(line)
    return b"\n".join(ours), b"\n".join(theirs)
