"""What headings and labels say, in the languages that plans are written in."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from aura_planning.parsing.contract import Status

__all__ = [
    "COMMON_WORDS",
    "WORDS",
    "Role",
    "field_name",
    "is_later",
    "is_modal",
    "phase_kind",
    "plain",
    "role_of",
    "status_in",
    "status_of",
]

Role: TypeAlias = Literal[
    "", "epics", "stories", "tasks", "requirements", "features", "specs", "criteria", "metrics", "out", "later",
    "ignore", "never", "dependencies", "coverage", "questions", "phase", "plan",
]  # fmt: skip
"""What a section is about; empty where its heading does not say."""

_NOT_A_LIST: Final = (
    r"(?!.*\b(?:each|per|within|principles?|guidelines?|sequenc\w*|total|tests?|templates?|format|how|estimated|"
    r"examples?|includes?|coverage|completed|definition|rules|about)\b)"
)
WORDS: Final = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
"""The word list beside this module."""


def _role_pattern(role: Mapping[str, list[str]]) -> re.Pattern[str]:
    """One expression for a role of the word list."""
    parts = list(role.get("anywhere", ()))
    if listing := role.get("listing"):
        parts.append(f"^{_NOT_A_LIST}.*?(?:{'|'.join(listing)})")
    if edges := "|".join(role.get("edges", ())):
        parts.append(
            rf"^(?:{edges})(?:\s*[:&(/,+]|\s+(?:and|und|y|e|et|i|of|for|de|del|zu|to)\b)|(?:^|[\s/&(-])(?:{edges})(?:\s*\(.*\))?$"
        )
    return re.compile("|".join(parts))


_ROLES: Final[Sequence[tuple[Role, re.Pattern[str]]]] = tuple(
    (cast("Role", role["name"]), _role_pattern(role)) for role in WORDS["role"]
)
COMMON_WORDS: Final = frozenset[str](WORDS["gaps"]["common"])
"""Words that say nothing about what a task is for."""
_LATER: Final = re.compile(r"(future|post[- ]mvp|\blater\b|zukünftig|futur[oa]s?\b|将来|后续|будущ)")
_PHASE: Final = re.compile(
    r"(?:^|\b)(?P<kind>phase|milestone|meilenstein|stage|etappe|etapa|étape|fase|faza|etap|jalon|hito|marco|этап|фаза|"
    r"wave|"
    r"sprint|iteration|week|woche|semana|semaine|tydzień|спринт)s?(?:[\s#:\-–]*(?P<number>\d+(?:\.\d+)?)|[\s#:\-–]+(?:[ivx]+|[a-e]))\b"
)
_DIGITS_CJK: Final = r"[一二三四五六七八九十\d]+"
_PHASE_CJK: Final = re.compile(
    rf"(?:第\s*{_DIGITS_CJK}\s*(?:阶段|階段|期|フェーズ)|"
    rf"(?:阶段|階段|フェーズ|里程碑|マイルストーン|ステップ)\s*{_DIGITS_CJK})(?:\s*[:：\-–—(（]|\s|$)"
)
_SPRINTS: Final = frozenset(
    ("sprint", "iteration", "week", "woche", "semana", "semaine", "tydzień", "wave", "спринт"),
)
_MODAL: Final = re.compile(
    r"\b(shall|must|will|should|needs? to|needed|required|has to|muss|müssen|soll(te|en)?|darf|benötigt|debe(n|rá)?|"
    r"deve(m|rá)?|doit|doivent|musi|moet|должн[аоы]?)\b|"
    r"必须|应该|应当|需要|しなければ|すること|できること"
)
_FIELD_NAMES: Final = {name: re.compile(rf"(?:{'|'.join(words)})\Z") for name, words in WORDS["fields"].items()}
_STATUS: Final[Sequence[tuple[Status, re.Pattern[str]]]] = tuple(
    (cast("Status", name), re.compile(rf"(?:{'|'.join(words)})\Z")) for name, words in WORDS["statuses"].items()
)
_STATUS_SHOUTED: Final = re.compile(
    r"[\[(（-]\s*(completed?|done|finished|implemented|in[ -]progress|wip|blocked|deferred|cancelled|canceled|skipped|"
    r"todo|to do|pending|not started|planned|partial|erledigt|fertig|offen|in arbeit|hecho|pendiente|en curso|"
    r"concluído|"
    r"pendente|terminé|fait|à faire|已完成|进行中|未开始|完了|未着手)\s*[\])）]?\s*$",
    re.IGNORECASE,
)
_NOISE: Final = re.compile(
    r"[*_`~#]+|^\W*\d+(?:\.\d+)*[.):]?\s+|\s*[:：]\s*$|\(mandatory\)|\(optional\)", re.IGNORECASE
)


def plain(text: str) -> str:
    """Words only, in lower case: without emphasis, numbering, pictures and a colon at the end."""
    kept = "".join(one for one in text if unicodedata.category(one) not in {"So", "Mn", "Cf", "Sk", "Co", "Cn"})
    bare = _NOISE.sub("", kept.strip()).strip()
    return _NOISE.sub("", bare).strip(" .:-–—").lower()


@lru_cache(maxsize=4096)
def role_of(heading: str) -> Role:
    """What a section with this heading is about."""
    words = plain(heading)
    if not words or len(words) > 90:
        return ""
    for role, pattern in _ROLES:
        if pattern.search(words):
            return role
    return ""


def is_later(heading: str) -> bool:
    """Whether a heading speaks of what may come some day."""
    return _LATER.search(plain(heading)) is not None


def is_modal(text: str) -> bool:
    """Whether a sentence demands something."""
    return _MODAL.search(text.lower()) is not None


@lru_cache(maxsize=4096)
def phase_kind(heading: str) -> Literal["", "phase", "sprint"]:
    """Whether a heading names a phase or milestone, or a sprint or week."""
    words = plain(heading)
    if len(words) > 120:
        return ""
    found = _PHASE.search(words)
    if found is not None and found.start() <= 24:
        return "sprint" if found["kind"] in _SPRINTS else "phase"
    near = _PHASE_CJK.match(words[:24])
    return "phase" if near else ""


@lru_cache(maxsize=8192)
def field_name(label: str) -> str:
    """Which field a label names, such as `priority`; empty for any other."""
    words = plain(label)
    if not words or len(words) > 40:
        return ""
    return next((name for name, pattern in _FIELD_NAMES.items() if pattern.match(words)), "")


def status_of(written: str) -> Status:
    """The status that a text means; empty when it is none that is known."""
    words = plain(written)
    if not words:
        return "done" if any(mark in written for mark in "\u2705\u2713\u2714\u2611") else ""
    head = re.split(r"\s+[-–—(|·,]\s*|\s*[(（,;|]\s*", words, maxsplit=1)[0].strip(" .!")
    for name, pattern in _STATUS:
        if pattern.match(words) or pattern.match(head):
            return name
    return ""


def status_in(title: str) -> tuple[str, Status, str]:
    """A status in or after a title, such as `(COMPLETED)` or a check mark.

    Returns:
        The title without it, the status, and the status as it is written; both empty without one.
    """
    found = _STATUS_SHOUTED.search(title.rstrip("\u2705\u2713\u2714\u2611 \ufe0f*"))
    marked = re.search("[\u2705\u2713\u2714\u2611]\ufe0f?", title)
    if found is not None:
        rest = re.sub("[\u2705\u2713\u2714\u2611]\ufe0f?", "", title).strip()
        rest = _STATUS_SHOUTED.sub("", rest).rstrip(" -–—*")
        return rest, status_of(found[1]), found[0].strip(" -")
    if marked is not None:
        return re.sub("[\u2705\u2713\u2714\u2611]\ufe0f?", "", title).strip(), "done", marked[0]
    if "\u274c" in title:
        return title.replace("\u274c", "").strip(), "cancelled", "\u274c"
    if "\U0001f6a7" in title:
        return title.replace("\U0001f6a7", "").strip(), "in-progress", "\U0001f6a7"
    return title, "", ""
