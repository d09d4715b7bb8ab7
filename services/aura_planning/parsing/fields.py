"""Fields of an item: `Status: done`, `Priority: high`, `Depends on: T003`."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from aura_planning.parsing.contract import Criterion, Finding, Source
from aura_planning.parsing.drafts import Draft, Reading, Wish
from aura_planning.parsing.lexicon import status_of
from aura_planning.parsing.marks import clean, read_marks
from aura_planning.parsing.names import story_sentence

__all__ = ["set_field"]

_NOTHING: Final = re.compile(
    r"(?:none|n/?a|nil|keine?|ninguna?|nenhuma?|aucune?|brak|нет|无|なし|tbd|-|–|—)\b", re.IGNORECASE
)


def set_field(reading: Reading, draft: Draft, name: str, value: str, line: int) -> None:
    """Give an item what a field says.

    Args:
        reading: Takes a finding when the value is not understood.
        draft: The item.
        name: The field, as `aura_planning.parsing.lexicon.field_name` calls it.
        value: As it is written.
        line: Where.
    """
    setter = _SETTERS.get(name)
    if setter is not None and value.strip():
        setter(reading, draft, value.strip(), line)


def _status(reading: Reading, draft: Draft, value: str, line: int) -> None:
    text = clean(value) or value
    known = status_of(value)
    if not known and len(text.split()) <= 6:
        reading.findings.append(
            Finding("unknown-status", "warning", line, f"{text!r} is no status that is known",
                    "Write todo, in progress, blocked, deferred, cancelled or done.")
        )  # fmt: skip
    if draft.box is None or not known:
        draft.status, draft.status_text = known, text


def _title(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    if not draft.title or (draft.label == "told" and draft.title == (draft.text or [""])[0]):
        draft.title = read_marks(value).title


def _words(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    told = story_sentence(value)
    if told is not None and not draft.label:
        draft.label = "told"
        draft.text.insert(0, told)
    elif len(draft.text) < 12:
        draft.text.append(clean(value))


def _priority(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    draft.priority = draft.priority or clean(value)[:40]


def _estimate(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    draft.estimate = draft.estimate or clean(value)[:60]


def _needs(_reading: Reading, draft: Draft, value: str, line: int) -> None:
    if not _NOTHING.match(clean(value)):
        draft.needs.append(Wish(clean(value), line))


def _covers(_reading: Reading, draft: Draft, value: str, line: int) -> None:
    draft.covers.append(Wish(clean(value), line))


def _labels(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    draft.labels += [one.strip() for one in clean(value).split(",")[:8] if one.strip()]


def _epic(_reading: Reading, draft: Draft, value: str, _line: int) -> None:
    draft.belongs = clean(value)


def _criteria(_reading: Reading, draft: Draft, value: str, line: int) -> None:
    text = clean(value)
    draft.criteria.append(Criterion(text, Source(line, line, text)))


_SETTERS: Final[Mapping[str, Callable[[Reading, Draft, str, int], None]]] = {
    "status": _status, "title": _title, "story": _words, "text": _words, "priority": _priority, "estimate": _estimate,
    "dependencies": _needs, "requirements": _covers, "labels": _labels, "epic": _epic, "criteria": _criteria,
}  # fmt: skip
