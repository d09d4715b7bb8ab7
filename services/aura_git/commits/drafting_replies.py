"""A draft as others get it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.commits.breaking import BreakingChanges
from aura_git.commits.contract import ChangedPath, CommitMessage, Guess, LintProblem
from aura_git.commits.drafting import Draft, alternatives, comment_sign
from aura_git.commits.drafting_masks import mask_diff
from aura_git.commits.patches import cut_patch
from aura_git.repository import Repository
from aura_git.safety.contract import Concern
from aura_git.safety.gates import is_protected
from aura_shared.messages.commits import (
    BreakingChange,
    CommitConcern,
    CommitDraft,
    CommitFile,
    CommitText,
    CommitWhat,
    MessageProblem,
    ValueGuess,
)

__all__ = ["Wording", "concerns_of", "draft_reply", "left_of", "problems_of"]

_MOST_LEFT: Final = 200
_MOST_FILES: Final = 2000
_MOST_DIFF: Final = 120_000
_ASK_BELOW: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wording:
    """Who worded a draft."""

    model: str = ""
    """Model, or why there was none."""
    by_model: bool = False
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def draft_reply(
    repository: Repository, draft: Draft, what: CommitWhat, wording: Wording, protected: Collection[str]
) -> CommitDraft:
    """The draft with all that a person needs to decide."""
    left = left_of(repository, draft)
    unstaged = set(left)
    diff, masked = mask_diff(cut_patch(draft.change.diff, _MOST_DIFF, most_of_file=_MOST_DIFF // 2)[0])
    warnings = [*draft.warnings, *wording.notes, *_warnings(draft, masked)]
    suggestion = draft.suggestion
    return CommitDraft(
        id="" if draft.empty or draft.taken.tree else draft.id,
        project=repository.project,
        what=what,
        tree=draft.change.tree,
        branch=draft.branch,
        head=draft.head,
        message=None if draft.empty else text_of(draft.message, draft.text),
        types=_guesses(suggestion.types if suggestion else ()),
        scopes=_guesses(suggestion.scopes if suggestion else ()),
        alternatives=alternatives(draft),
        reasons=[*(suggestion.reasons if suggestion else ()), *([draft.task.source] if _task_untold(draft) else [])],
        learned_from=suggestion.learned_from if suggestion else 0,
        worded_by="model" if wording.by_model else "repository",
        model=wording.model,
        dropped=list(wording.dropped),
        breaking=_breaking(draft.breaking),
        breaking_unchecked=draft.breaking.reason,
        task=draft.task.task,
        task_from=draft.task.source if draft.task.task else "",
        files=[_file(one, draft, unstaged) for one in draft.change.paths[:_MOST_FILES]],
        left=left[:_MOST_LEFT],
        left_count=len(left),
        concerns=concerns_of(draft.concerns),
        problems=[] if draft.empty else problems_of(draft.lint()),
        protected=bool(draft.branch and draft.head) and is_protected(draft.branch, protected),
        concludes=draft.concludes,
        sign_off=draft.habits.signed_off and not (draft.concludes or draft.empty),
        mixed=draft.parts if draft.parts > 1 else 0,
        warnings=warnings,
        diff=diff,
        template=draft.habits.template,
        comment=comment_sign(repository),
    )


def _task_untold(draft: Draft) -> bool:
    return bool(draft.task.source) and not draft.task.task


def text_of(message: CommitMessage, text: str) -> CommitText:
    """A message with its parts, for the wire."""
    return CommitText(
        text=text,
        kind=message.type,
        scope=message.scope,
        description=message.description,
        breaking=message.breaking,
        body=message.body,
        footers=[f"{one.token}{one.separator}{one.value}" for one in message.footers],
    )


def _guesses(guesses: Sequence[Guess]) -> list[ValueGuess]:
    return [ValueGuess(value=one.value, confidence=min(1.0, max(0.0, one.confidence))) for one in guesses]


def _breaking(found: BreakingChanges) -> list[BreakingChange]:
    return [
        BreakingChange(path=one.path, symbol=one.symbol, reason=f"{one.kind}: {one.detail}") for one in found.changes
    ]


def _file(one: ChangedPath, draft: Draft, unstaged: Collection[str]) -> CommitFile:
    notes = [draft.notes.get(one.path, ""), "also changed in the work tree" if one.path in unstaged else ""]
    return CommitFile(
        path=_shown(one.path),
        status=one.status,
        old_path=_shown(one.old_path),
        added=one.added,
        removed=one.removed,
        binary=one.binary,
        note=", ".join(note for note in notes if note),
    )


def _shown(path: str) -> str:
    """A path that can be sent: bytes that are no UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def concerns_of(concerns: Iterable[Concern]) -> list[CommitConcern]:
    """Concerns for the wire."""
    return [
        CommitConcern(rule=one.rule, path=_shown(one.path), line=one.line, message=one.message, blocks=one.blocks)
        for one in concerns
    ]


def problems_of(problems: Iterable[LintProblem]) -> list[MessageProblem]:
    """What is wrong with a message, for the wire."""
    return [
        MessageProblem(rule=one.rule, level=one.level, line=max(1, one.line), message=one.message) for one in problems
    ]


def _warnings(draft: Draft, masked: int) -> list[str]:
    told: list[str] = []
    if masked:
        lines = "1 line that may hold a secret is" if masked == 1 else f"{masked} lines that may hold a secret are"
        told.append(f"{lines} left out of the diff that is shown and of any prompt")
    if any(one.mode == "160000" and one.status == "A" for one in draft.change.paths):
        told.append("a git repository inside of this one is added as a link to its commit, without its files")
    if draft.habits.template and not draft.concludes:
        told.append("this repository has a template of messages; --edit shows it below the draft")
    if len(draft.change.paths) > _MOST_FILES:
        told.append(f"{len(draft.change.paths):,} files change; {_MOST_FILES:,} are listed")
    return told


def left_of(repository: Repository, draft: Draft) -> list[str]:
    """Changed and new files, sorted, of which the commit leaves something behind."""
    if draft.taken.tree:
        return []
    status = repository.git.read("status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames")
    taken = {one.path for one in draft.change.paths} | {one.old_path for one in draft.change.paths}
    left: set[str] = set()
    for item in status.items:
        kind, path = item[:1], item.split(" ", 8)[-1]
        if kind == "?":
            path = item[2:]
            left |= {path} if not _taken(path, taken, draft) else set()
        elif kind == "1":
            changed = item[3] != "." and not draft.taken.everything
            left |= {path} if changed or path not in taken else set()
    return sorted(map(_shown, left))


def _taken(path: str, taken: Collection[str], draft: Draft) -> bool:
    if not draft.taken.everything:
        return path in taken
    return path in taken or (path.endswith("/") and any(one.startswith(path) for one in taken))
