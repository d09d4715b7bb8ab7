"""Marks inside a title: status, priority, `[P]`, `[US1]`, `(MVP)`, points, strike-through."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final, cast

from aura_planning.parsing.contract import Status
from aura_planning.parsing.lexicon import status_in

__all__ = ["Marked", "clean", "read_marks"]

_PARALLEL: Final = re.compile(r"\[P\]\s*")
_STORY: Final = re.compile(r"\[((?:US|HU)[-_]?\d+)\]\s*", re.IGNORECASE)
_PRIORITY: Final = re.compile(
    r"\s*[\[(（](?:priority|priorität|prioridad|prioridade|prio|优先级)?\s*[:：]?\s*"
    r"(P[0-4]|(?:must|should|could|won'?t)(?:[- ]have)?|"
    r"critical|high|medium|low|hoch|mittel|niedrig|alta|media|baja|média|baixa|高|中|低)[\])）]",
    re.IGNORECASE,
)  # fmt: skip
_ESTIMATE: Final = re.compile(
    r"\s*[\[(（](?:est(?:imate)?\.?:?\s*|~\s*|"
    r"effort:?\s*)?((?:\d+(?:[.,]\d+)?(?:\s*[-–]\s*\d+(?:[.,]\d+)?)?\s*(?:story\s*)?(?:points?|pts?|sp|h|hrs?|hours?|"
    r"d|days?|w|wks?|weeks?|min(?:utes)?|"
    r"months?|tage?|stunden|wochen?|días?|horas?|semanas?|dias?|jours?|heures?|semaines?|дн\w*|час\w*|недел\w*|天|小时|"
    r"周|日|時間|週間?))|(?:weeks?|months?|days?|woche|monat)s?\s+\d+(?:\s*[-–]\s*\d+)?)[\])）]",
    re.IGNORECASE,
)  # fmt: skip
_OPTIONAL: Final = re.compile(
    r"\s*[\[(（](?:optional|opcional|optionnel|facultatif|可选|任意|опционально)[\])）]|\A\*\s+", re.IGNORECASE
)
_RELEASE: Final = re.compile(
    r"\s*[\[(（](mvp|post[- ]mvp|future|v\d+(?:\.\d+)*|stretch(?: goal)?|nice to have|new|wip|beta|alpha|updated|"
    r"critical path|blocking prerequisites|shared infrastructure)[\])）]|\s*🎯\s*(MVP)\b",
    re.IGNORECASE,
)  # fmt: skip
_STRUCK: Final = re.compile(r"\A~~(.+)~~(?:\s*\**[A-Z][A-Z ]{3,}\**)?\Z")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG: Final = re.compile(
    r"</?(?:a|b|br|i|u|p|em|strong|code|kbd|sub|sup|span|div|font|center|img|details|summary|td|th|tr|table)(?:\s[^>]{0,200})?/?>",
    re.IGNORECASE,
)
_EMPHASIS: Final = re.compile(r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1")
_SINGLE: Final = re.compile(r"(?<![\w*_])([*_])(?=[^\s*_])([^*_\n]+?)(?<=[^\s*_])\1(?![\w*_])")


@dataclass(slots=True)
class Marked:
    """A title without its marks, and what they say."""

    title: str
    status: Status = ""
    status_text: str = ""
    priority: str = ""
    estimate: str = ""
    optional: bool = False
    story: str = ""
    labels: list[str] = field(default_factory=list[str])


def clean(text: str) -> str:
    """A text without the signs of Markdown and HTML, and without pictures at its ends."""
    out = _LINK.sub(r"\1", text)
    out = _TAG.sub("", out)
    out = _EMPHASIS.sub(r"\2", out)
    out = _SINGLE.sub(r"\2", out).replace("\\[", "[").replace("\\]", "]").replace("\\_", "_")
    while out and (unicodedata.category(out[0]) in {"So", "Mn", "Cf", "Sk"} or out[0] == " "):
        out = out[1:]
    while out and (unicodedata.category(out[-1]) in {"So", "Mn", "Cf", "Sk"} or out[-1] == " "):
        out = out[:-1]
    return " ".join(out.split())


def read_marks(text: str) -> Marked:
    """Take the marks off a title."""
    marked = Marked(text.strip())
    for take in (_take_struck, _take_brackets, _take_release, _take_values, _take_status):
        take(marked)
    marked.title = clean(marked.title).rstrip(":： ").strip(" *_")
    return marked


def _take_struck(marked: Marked) -> None:
    if found := _STRUCK.match(marked.title):
        marked.title, marked.status, marked.status_text = found[1], "cancelled", "~~"


def _take_brackets(marked: Marked) -> None:
    if _PARALLEL.search(marked.title):
        marked.labels.append("P")
        marked.title = _PARALLEL.sub("", marked.title, count=1)
    if found := _STORY.search(marked.title[:60]):
        marked.story = found[1].upper()
        marked.title = _STORY.sub("", marked.title, count=1)


def _take_release(marked: Marked) -> None:
    for found in _RELEASE.finditer(marked.title):
        marked.labels.append((found[1] or found[2]).strip())
    marked.title = _RELEASE.sub("", marked.title)
    if _OPTIONAL.search(marked.title):
        marked.optional = True
        marked.title = _OPTIONAL.sub("", marked.title)


def _take_values(marked: Marked) -> None:
    if found := _PRIORITY.search(marked.title):
        marked.priority = found[1]
        marked.title = marked.title[: found.start()] + marked.title[found.end() :]
    if found := _ESTIMATE.search(marked.title):
        marked.estimate = found[1]
        marked.title = marked.title[: found.start()] + marked.title[found.end() :]


def _take_status(marked: Marked) -> None:
    title, status, written = status_in(marked.title)
    if status and not marked.status:
        marked.title, marked.status, marked.status_text = title, cast("Status", status), written
