"""Going on after a stop, leaving a commit out, or taking everything back; whoever began, Aura or a person with git."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aura_git.conflicts.contract import Tier
from aura_git.merging.leftovers import prune
from aura_git.merging.settling import Accepted, has_markers, parses_as_well
from aura_git.merging.sides import is_binary, marker_sizes, read_blobs
from aura_git.merging.stops import Stop, in_conflict, parting_of, settle_stop
from aura_git.merging.tuning import told_by_git, tuned_repository
from aura_git.merging.writing import stage, unmerged
from aura_git.repository import InProgress, Repository, RepositoryState, read_state
from aura_git.safety.contract import Gates, Operation, OperationRecord, Safety
from aura_shared.errors import ConflictsLeft, GateClosed, GitError
from aura_shared.messages.merges import MergeAnswer, MergeWarning, OperationStanding

__all__ = ["abort", "continue_", "skip"]

_CAN_SKIP: Final = ("rebase", "am", "cherry-pick", "revert")
_TIERS: Final[tuple[Tier, ...]] = ("auto", "propose", "suggest")
_AS_IT_IS: Final = Gates(at_rest=False)
_TOLD: Final = 10


@dataclass(frozen=True, slots=True)
class _Open:
    """What waits."""

    repository: Repository
    """git in it is set for a merge."""
    state: RepositoryState
    record: OperationRecord | None
    """Aura's own operation; None when a person began with plain git."""

    @property
    def what(self) -> InProgress:
        return self.state.in_progress

    @property
    def command(self) -> str:
        return self.what or (self.record.command if self.record else "merge")

    @property
    def accepted(self) -> Accepted:
        named = self.record.facts.get("accept", "").split(",") if self.record else []
        return Accepted.of([tier for tier in _TIERS if tier in named])


def _look(repository: Repository, safety: Safety) -> _Open:
    """What waits.

    Raises:
        GateClosed: Nothing does.
    """
    record = safety.open_operation(repository)
    state = read_state(repository, untracked=False)
    settings = {"core.commentChar": record.facts["comment"]} if record and "comment" in record.facts else None
    found = _Open(tuned_repository(repository, settings), state, record)
    if state.in_progress == "bisect":
        raise GateClosed("a bisect is under way, which is no merge", hint="`git bisect reset` ends it.")
    if record is None and not state.in_progress and not state.unmerged:
        raise GateClosed("nothing waits: no merge, rebase, cherry-pick or revert is under way", hint="`aura git ops`")
    return found


def _within(found: _Open, safety: Safety, word: str) -> Operation:
    """The operation that it goes on in: Aura's own, or a new one around what a person began."""
    if found.record is not None:
        return safety.resume(found.repository, found.record.id)
    return safety.begin(found.repository, word, f"{word} {found.command}", gates=_AS_IT_IS)


def continue_(repository: Repository, safety: Safety) -> MergeAnswer:
    """Stage what a person resolved, and go on to the end or to the next stop.

    Raises:
        GateClosed: Nothing waits, or what was interrupted can only be taken back.
        ConflictsLeft: Markers are left, or a file that is no text was not decided on; nothing has changed.
        GitError: A hook or git refused.
    """
    found = _look(repository, safety)
    old = repository.git.commit_of("HEAD")
    if not found.what and not found.state.unmerged:
        return _settle_interrupted(found, safety, old)
    paths = list(unmerged(found.repository.git))
    _refuse_undecided(found.repository, paths)
    warnings = _parse_warnings(found.repository, paths)
    with _within(found, safety, "continue") as operation:
        operation.step("stage what was resolved")
        stage(found.repository.git, paths)
        if not found.what:
            return _answer(found, "done", f"staged {len(paths)} resolved files", operation, old, warnings=warnings)
        operation.step(f"conclude the {found.what}")
        return _go_on(found, operation, (found.what, "--continue"), old, warnings)


def _settle_interrupted(found: _Open, safety: Safety, head: str) -> MergeAnswer:
    """End an operation whose process died when git is at rest again: either nothing moved, or everything did."""
    record = found.record
    if record is None:
        raise GateClosed("nothing waits", hint="`aura git ops` lists what was done.")
    prune(found.repository)
    facts = record.facts
    begun_at = facts.get("ours") or facts.get("old") or head
    if not found.state.clean:
        raise GateClosed(
            f"“{record.title}” was interrupted half-way, and the work tree is neither as before nor as afterwards",
            hint="`aura abort` takes it back; nothing is lost.",
        )
    try:
        resumed = safety.resume(found.repository, record.id)
    except GateClosed:
        if _still_open(found.repository, safety, record):
            raise
        text = f"“{record.title}” was interrupted before anything moved: nothing was changed, start it again"
        return _told(found, "nothing", text, record.id, head)
    with resumed as operation:
        operation.step("look at what was interrupted")
        if head == begun_at:
            text = f"“{record.title}” was interrupted before anything moved: nothing was changed, start it again"
            return _answer(found, "nothing", text, operation, head)
        return _answer(
            found, "done", f"“{record.title}” had moved the branch before it was interrupted", operation, head
        )


def _still_open(repository: Repository, safety: Safety, record: OperationRecord) -> bool:
    """Whether an operation is still to be decided on; the safety core ends one that had changed nothing by itself."""
    now = safety.open_operation(repository)
    return now is not None and now.id == record.id


def _go_on(
    found: _Open, operation: Operation, command: Sequence[str], old: str, warnings: Sequence[MergeWarning] = ()
) -> MergeAnswer:
    """Run a command of git through all stops that what was accepted settles."""
    where = found.repository
    notes: list[str] = []
    while True:
        ran = where.git.write(*command, ok=(0, 1, 128))
        notes.extend(told_by_git(ran.err) if ran.code == 0 else [])
        if not where.git.read("ls-files", "-z", "--unmerged").out:
            break
        stop = settle_stop(where, found.accepted, ran.err, parting=parting_of(where))
        if stop.left:
            _keep_waiting(found, operation, stop)
            text = f"the {found.command} stopped again: {len(stop.left)} files wait"
            return _answer(found, "waiting", text, operation, old, stop=stop, warnings=warnings)
        command = (found.what, "--continue")
    if ran.code != 0:
        raise _refused(found, ran.err or ran.text)
    return _answer(found, "done", f"the {found.command} is concluded", operation, old, warnings=warnings, notes=notes)


def _refused(found: _Open, said: str) -> GitError:
    if "empty" in said or "nothing to commit" in said or "No changes" in said:
        return GitError(f"nothing is left of this commit: {said}", hint="`aura skip` leaves it out.")
    return GitError(f"`git {found.command} --continue` failed: {said}", hint="A hook may have refused it.")


def _keep_waiting(found: _Open, operation: Operation, stop: Stop) -> None:
    """An own operation waits on; one that a person began with git stays git's."""
    if found.record is not None:
        operation.wait(f"resolve the conflicts in {', '.join(stop.left[:5])}, then `aura continue`")


def _refuse_undecided(where: Repository, paths: Sequence[str]) -> None:
    """Raises ConflictsLeft for files with markers, and for files that are no text and were not staged."""
    conflicts = in_conflict(where)
    sizes = marker_sizes(where.git, paths)
    problems: list[str] = []
    for path in paths:
        file = where.root / path
        text = file.read_bytes() if file.is_file() and not file.is_symlink() else None
        if path not in conflicts.sides:
            problems.append(f"{path} ({conflicts.kinds[path]}: stage it with `git add` or `git rm`)")
        elif text is not None and (line := has_markers(text, sizes[path][0])):
            problems.append(f"{path}:{line}")
    if problems:
        more = f" and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise ConflictsLeft(f"conflicts are left: {', '.join(problems[:_TOLD])}{more}")


def _parse_warnings(where: Repository, paths: Sequence[str]) -> list[MergeWarning]:
    """Files that parse worse than both sides did; a warning, since a person has resolved them."""
    versions = unmerged(where.git)
    found: list[MergeWarning] = []
    for path in paths:
        file = where.root / path
        if not file.is_file() or file.is_symlink() or is_binary(text := file.read_bytes()):
            continue
        hashes = [blob for number, (_, blob) in versions[path].items() if number != 1]
        if parses_as_well(path, text, list(read_blobs(where.git, hashes).values())) is False:
            message = "it parses worse than both sides did: look at how it was resolved"
            found.append(MergeWarning(rule="does-not-parse", path=path, message=message))
    return found


def skip(repository: Repository, safety: Safety) -> MergeAnswer:
    """Leave the commit out that git stopped at, and go on.

    What a person has written into the files in conflict meanwhile is kept as objects, and named in the journal.

    Raises:
        GateClosed: Nothing waits, or it has no commit that could be left out.
        GitError: git refused.
    """
    found = _look(repository, safety)
    if found.what not in _CAN_SKIP:
        what = found.command
        raise GateClosed(f"a {what} has no commit to leave out", hint="`aura continue` or `aura abort`.")
    old = repository.git.commit_of("HEAD")
    with _within(found, safety, "skip") as operation:
        operation.step(f"skip a commit of the {found.what}")
        operation.remember(**_kept(found.repository))
        return _go_on(found, operation, (found.what, "--skip"), old)


def _kept(where: Repository) -> Mapping[str, str]:
    """Store every changed tracked file as it is now in a commit that a hidden ref holds; facts for the journal.

    git throws all of them away when it skips, not only those in conflict.
    """
    copy = where.git_dir / "aura-skipped-index"
    try:
        shutil.copyfile(where.git_dir / "index", copy)
        aside = where.git.at(GIT_INDEX_FILE=str(copy))
        aside.write("add", "--update", "--sparse", "--", ":/")
        tree = aside.write("write-tree").text
        head = where.git.commit_of("HEAD")
        commit = where.git.write("commit-tree", tree, "-p", head, "-F", "-", stdin=b"what was left out\n").text
        where.git.write("update-ref", f"refs/aura/skipped/{commit[:16]}", commit)
        return {f"skipped_{commit[:8]}": commit}
    finally:
        with suppress(FileNotFoundError):
            copy.unlink()


def abort(repository: Repository, safety: Safety) -> MergeAnswer:
    """Take back what waits.

    Raises:
        GateClosed: Nothing waits, or git does not know what it was like before.
        GitError: git refused.
    """
    found = _look(repository, safety)
    old = repository.git.commit_of("HEAD")
    if found.record is not None:
        try:
            paths = len(safety.abandon(repository, found.record.id).paths)
        except GateClosed:
            if _still_open(repository, safety, found.record):
                raise
            paths = 0
        prune(repository)
        text = f"took “{found.record.title}” back: {paths} files are as they were"
        return _told(found, "aborted", text, found.record.id, old)
    if not found.what:
        raise GateClosed(
            "conflicts are left, but git does not know what began them",
            hint="Resolve them and `aura continue`, or `aura git undo` the operation that did.",
        )
    with safety.begin(found.repository, "abort", f"abort {found.what}", gates=_AS_IT_IS) as operation:
        operation.step(f"abort the {found.what}")
        found.repository.git.write(found.what, "--abort")
        text = f"the {found.what} was taken back; `aura git undo` brings it back"
        return _answer(found, "aborted", text, operation, old)


def _answer(
    found: _Open,
    standing: OperationStanding,
    summary: str,
    operation: Operation,
    old: str,
    *,
    stop: Stop | None = None,
    warnings: Sequence[MergeWarning] = (),
    notes: Sequence[str] = (),
) -> MergeAnswer:
    answer = _told(found, standing, summary, operation.id, old)
    stop = stop or Stop((), ())
    return answer.model_copy(
        update={
            "conflicts": list(stop.conflicts),
            "left": list(stop.left),
            "recorded": list(stop.recorded),
            "warnings": list(warnings),
            "notes": [*notes, *stop.notes],
        }
    )


def _told(found: _Open, standing: OperationStanding, summary: str, operation: str, old: str) -> MergeAnswer:
    new = found.repository.git.commit_of("HEAD")
    return MergeAnswer(standing=standing, command=found.command, operation=operation, summary=summary, old=old, new=new)
