"""The grammar of commit messages: Conventional Commits 1.0, and what repositories write instead of it."""

from __future__ import annotations

import re
from typing import Final

from aura_git.commits.contract import CommitMessage, Footer, Habits

__all__ = [
    "BREAKING",
    "Header",
    "clean_message",
    "format_message",
    "header_of",
    "parse_message",
    "read_header",
    "split_area",
]

BREAKING: Final = ("BREAKING CHANGE", "BREAKING-CHANGE")
_EMOJI: Final = (
    r"(?::[a-z0-9_+-]+:|[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    r"[\ufe0f\u200d\u2600-\u27bf\U0001f000-\U0001faff]*)"
)
_HEADER: Final = re.compile(
    rf"^(?:(?P<before>{_EMOJI})\s*)?(?P<type>[A-Za-z][\w-]*)(?:\((?P<scope>[^()\r\n]*)\))?(?P<bang>!)?:[ \t]+"
    rf"(?:(?P<after>{_EMOJI})\s*)?(?P<description>\S.*)$"
)
_TAG: Final = re.compile(r"^\[(?P<scope>[^\]\r\n]{1,40})\]:?\s+(?P<description>\S.*)$")
_AREA: Final = re.compile(r"^(?P<scope>[\w.@/*{},+ -]{1,40}?):\s+(?P<description>\S.*)$")
_LEADING_EMOJI: Final = re.compile(rf"^(?P<emoji>{_EMOJI})\s+(?P<rest>\S.*)$")
_FOOTER: Final = re.compile(r"^(?P<token>BREAKING[ -]CHANGE|[A-Za-z][\w-]*)(?P<separator>: | #)(?P<value>\S.*)$")
_SCISSORS: Final = re.compile(r"^. -{8,} >8 -{8,}$", re.MULTILINE)


class Header:
    """The parts of a first line; `type` is empty where it is not conventional."""

    __slots__ = ("bang", "description", "emoji", "emoji_first", "scope", "type")

    def __init__(self, line: str) -> None:
        found = _HEADER.match(line)
        self.type = found["type"] if found else ""
        self.scope = (found["scope"] or "").strip() if found else ""
        self.bang = bool(found and found["bang"])
        self.description = found["description"].strip() if found else line.strip()
        self.emoji = (found["before"] or found["after"] or "") if found else ""
        self.emoji_first = bool(found and found["before"])
        if not found and (led := _LEADING_EMOJI.match(line)):
            self.emoji, self.description, self.emoji_first = led["emoji"], led["rest"].strip(), True


def read_header(line: str) -> Header:
    """The parts of a first line, read by Conventional Commits."""
    return Header(line)


def split_area(line: str) -> tuple[str, str, str]:
    """Style, area and text of a first line that is not conventional: `area`, `tag` or `plain`."""
    for style, form in (("tag", _TAG), ("area", _AREA)):
        if found := form.match(line):
            return style, found["scope"].strip(), found["description"].strip()
    return "plain", "", line.strip()


def clean_message(text: str, comment: str = "#") -> str:
    """A message as git would keep it: what is below the scissors, comments and needless blank lines left out."""
    text = _SCISSORS.split(text.replace("\r\n", "\n"))[0]
    lines = [line.rstrip() for line in text.split("\n") if not (comment and line.startswith(comment))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def parse_message(text: str, *, style: str = "conventional") -> CommitMessage:
    """The parts of a message.

    Args:
        text: The message; comments have to be gone (`clean_message`).
        style: How headers look in its repository: `area` and `tag` put what they name into the scope.

    Returns:
        Its parts; the type is empty where the first line is not conventional.
    """
    first, _, rest = text.strip("\n").partition("\n")
    header = read_header(first)
    body, footers = _split_footers(rest.strip("\n"))
    scope, description = header.scope, header.description
    if not header.type and style in {"area", "tag"}:
        _, scope, description = split_area(description)
    breaking = header.bang or any(one.token in BREAKING for one in footers)
    return CommitMessage(header.type, scope, description, breaking, body, footers, header.emoji)


def _split_footers(text: str) -> tuple[str, tuple[Footer, ...]]:
    """Body and footers: the last paragraphs in which every first line is a footer, and its further lines follow it."""
    paragraphs = re.split(r"\n\s*\n", text) if text else []
    start = len(paragraphs)
    while start and _FOOTER.match(paragraphs[start - 1].split("\n")[0]):
        start -= 1
    footers: list[Footer] = []
    for paragraph in paragraphs[start:]:
        footers += _read_footers(paragraph)
    return "\n\n".join(paragraphs[:start]), tuple(footers)


def _read_footers(paragraph: str) -> list[Footer]:
    footers: list[Footer] = []
    for line in paragraph.split("\n"):
        if found := _FOOTER.match(line):
            separator = ": " if found["separator"] == ": " else " #"
            footers.append(Footer(found["token"], separator, found["value"]))
        elif footers:
            last = footers[-1]
            footers[-1] = Footer(last.token, last.separator, f"{last.value}\n{line}")
    return footers


def header_of(message: CommitMessage, habits: Habits) -> str:
    """First line of a message."""
    emoji = f"{message.emoji} " if message.emoji else ""
    if message.type:
        scope = f"({message.scope})" if message.scope else ""
        bang = "!" if message.breaking else ""
        before, after = (emoji, "") if habits.emoji_first else ("", emoji)
        return f"{before}{message.type}{scope}{bang}: {after}{message.description}"
    if message.scope and habits.style == "tag":
        return f"{emoji}[{message.scope}] {message.description}"
    if message.scope:
        return f"{emoji}{message.scope}: {message.description}"
    return f"{emoji}{message.description}"


def format_message(message: CommitMessage, habits: Habits | None = None) -> str:
    """The text of a message, without a line end after it; `parse_message` gives the parts back."""
    parts = [header_of(message, habits or Habits())]
    if body := message.body.strip("\n"):
        parts.append(body)
    if message.footers:
        parts.append("\n".join(f"{one.token}{one.separator}{one.value}" for one in message.footers))
    return "\n\n".join(parts)
