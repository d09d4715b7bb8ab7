"""What a person decides on hunks, and says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aura_factory.changes.content import made, rewritten
from aura_factory.changes.hunks import StoredHunk
from aura_factory.changes.places import digest_of
from aura_factory.changes.proposing import parse_check, with_hunks
from aura_factory.changes.records import StoredChange, StoredFile
from aura_shared.errors import Conflict, NotFound, UsageProblem
from aura_shared.messages.changes import Decision


def decide(change: StoredChange, names: Sequence[str], decision: Decision | None, comment: str | None) -> None:
    """Decide on hunks of a change, or comment on them.

    Args:
        change: It is changed, not kept.
        names: Identifiers of hunks or enough of their first characters, or paths; none for all.
        decision: What is decided; None to leave it.
        comment: What is said; None to leave it.

    Raises:
        NotFound: The change has no such hunk or file.
        UsageProblem: Nothing is decided or said, or a name fits several hunks.
        Conflict: A hunk is in the file, and can only be undone.
    """
    if decision is None and comment is None:
        raise UsageProblem("nothing is decided or said", hint="Give a decision, a comment, or both.")
    chosen = _chosen(change, names)
    stuck = [hunk.id for hunk in change.hunks if hunk.id in chosen and hunk.applied]
    if decision in {"open", "rejected"} and stuck:
        raise Conflict(
            f"{len(stuck)} of these hunks are in the files already, {stuck[0]} for one",
            hint=f"Take the change back first: aura changes undo {change.id}",
        )
    for file in change.files:
        file.hunks = [
            replace(
                hunk,
                decision=hunk.decision if decision is None else decision,
                comment=hunk.comment if comment is None else comment,
            )
            if hunk.id in chosen
            else hunk
            for hunk in file.hunks
        ]
    settle_state(change)


def settle_state(change: StoredChange) -> None:
    """Work out where a change stands from its hunks; one that was undone stays so until it is applied again."""
    hunks = list(change.hunks)
    if any(hunk.applied for hunk in hunks):
        change.state = "applied" if all(hunk.applied for hunk in hunks) else "partly-applied"
    elif all(hunk.decision == "rejected" for hunk in hunks):
        change.state = "rejected"
    elif change.state != "undone":
        change.state = "proposed"


def count_lines(change: StoredChange) -> None:
    """Count the lines that a change adds and removes."""
    blocks = [hunk.block for hunk in change.hunks]
    change.added = sum(block.new_end - block.new_start for block in blocks)
    change.removed = sum(block.old_end - block.old_start for block in blocks)
    change.file_count = len(change.files)


def _chosen(change: StoredChange, names: Sequence[str]) -> set[str]:
    if not names:
        return {hunk.id for hunk in change.hunks}
    chosen: set[str] = set()
    for name in names:
        files = [file for file in change.files if name in {file.path, file.moved_from}]
        if files:
            chosen.update(hunk.id for file in files for hunk in file.hunks)
            continue
        found: list[StoredHunk] = [hunk for hunk in change.hunks if name and hunk.id.startswith(name.lower())]
        if not found:
            raise NotFound(
                f"change {change.id} has no hunk or file {name!r}",
                hint=f"aura changes show {change.id} lists them.",
            )
        if len(found) > 1:
            shown = ", ".join(hunk.id for hunk in found[:8])
            raise UsageProblem(f"{len(found)} hunks start with {name!r}: {shown}", hint="Give more of it.")
        chosen.add(found[0].id)
    return chosen


def rewrite(change: StoredChange, path: str, content: str) -> int:
    """Give a file of a change another text; decisions on hunks that stay the same stay. Returns the file's number.

    Raises:
        NotFound: The change has no such file.
        Conflict: Hunks of it are in the file already.
        UsageProblem: The file is deleted by the change, or the text would change nothing.
        EditRefused: The text cannot be written as the file is, or does not parse.
    """
    number = next((i for i, file in enumerate(change.files) if file.path == path), None)
    if number is None:
        raise NotFound(f"change {change.id} has no file {path!r}", hint=f"aura changes show {change.id} lists them.")
    old = change.files[number]
    if any(hunk.applied for hunk in old.hunks):
        raise Conflict(
            f"hunks of {path} are in the file already", hint=f"Take them back first: aura changes undo {change.id}"
        )
    if old.kind == "deleted":
        raise UsageProblem(f"{path} is deleted by this change, so there is no text to edit")
    after = made(change.root, path, content) if old.kind == "added" else rewritten(path, old.before, content)
    if old.kind == "modified" and digest_of(after) == digest_of(old.before):
        raise UsageProblem(f"this text is what {path} has already", hint="Reject its hunks instead.")
    file = with_hunks(StoredFile(path, old.kind, old.before, after, old.moved_from))
    kept = {hunk.id: hunk for hunk in old.hunks}
    file.hunks = [
        replace(hunk, decision=kept[hunk.id].decision, comment=kept[hunk.id].comment) if hunk.id in kept else hunk
        for hunk in file.hunks
    ]
    change.files[number] = file
    change.checks = [*(check for check in change.checks if check.name != "parse"), parse_check(change.files)]
    count_lines(change)
    settle_state(change)
    return number
