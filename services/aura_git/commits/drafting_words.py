"""What a model is asked to word a draft with, and what is taken of its answer: only what the change holds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from aura_git.commits.breaking import tell_breaking
from aura_git.commits.contract import Footer
from aura_git.commits.drafting import Draft, fitted, reword
from aura_git.commits.drafting_masks import mask_diff
from aura_git.commits.grammar import header_of
from aura_git.commits.kinds import kind_of
from aura_git.commits.suggesting import ungrounded
from aura_shared.messages.wording import WordCommit, WordedCommit

__all__ = ["take_words", "words_wanted"]

_MOST_CHARS: Final = 390_000
_PARAGRAPH: Final = re.compile(r"\n\s*\n")


def words_wanted(draft: Draft, project: str) -> WordCommit:
    """The question to a model: type and scope are chosen, secrets are masked."""
    diff, _masked = mask_diff(draft.change.diff)
    source_first = sorted(draft.change.paths, key=lambda one: kind_of(one.path) != "source")
    guesses = draft.suggestion.types if draft.suggestion else ()
    message = draft.message
    return WordCommit(
        project=project,
        diff=diff[:_MOST_CHARS] or "(no text changes)",
        files=[f"{one.status} {one.path}" for one in source_first[:2000]],
        symbols=list(draft.symbols[:500]),
        kind=message.type,
        scope=message.scope,
        alternatives=[guess.value for guess in guesses[1:4]],
        breaking=[text for text in tell_breaking(draft.breaking.changes).split("; ") if text],
        task=_task(draft),
        prefix=header_of(replace(message, description=""), draft.habits)[:120],
        max_header=draft.habits.max_header,
        capitalised=draft.habits.capitalised,
        full_stop=draft.habits.full_stop,
        examples=[mask_diff(f"+{one}")[0][1:] for one in draft.examples[:6]],
    )


def _task(draft: Draft) -> str:
    """What is known of why: the task, and the words of the branch."""
    slug = re.sub(r"[-_/]+", " ", draft.branch.rpartition("/")[2]).strip()
    return " ".join(part for part in (draft.task.task, slug if "/" in draft.branch else "") if part)


def take_words(draft: Draft, worded: WordedCommit, co_author: str = "") -> tuple[Draft, list[str]]:
    """The draft in a model's words, as far as they are grounded; and what was left out, with the reason.

    Type, scope and footers stay as they were chosen.

    Args:
        draft: What was made without a model.
        worded: The answer of the model.
        co_author: Value of a `Co-authored-by` line; empty for none.
    """
    dropped = [f"“{one.text}”: {one.reason}" for one in worded.dropped]
    description = worded.description.strip().split("\n")[0]
    names = ungrounded(description, draft.change)
    if names or not description:
        reason = f"it names {', '.join(names[:3])}, which the change does not hold" if names else "it is empty"
        dropped.append(f"“{description}”: {reason}")
        description = draft.message.description
    kept: list[str] = []
    for paragraph in _PARAGRAPH.split(worded.body.strip()):
        names = ungrounded(paragraph, draft.change)
        if names:
            dropped.append(f"“{paragraph}”: it names {', '.join(names[:3])}, which the change does not hold")
        elif paragraph.strip():
            kept.append(paragraph)
    footers = draft.message.footers
    if co_author and not any(one.value == co_author for one in footers):
        footers = (*footers, Footer("Co-authored-by", ": ", co_author))
    message = replace(draft.message, description=description, body="\n\n".join(kept), footers=footers)
    return reword(draft, fitted(message, draft.habits)), dropped
