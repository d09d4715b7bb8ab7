"""Changelogs: a new section by Keep a Changelog 1.1, put into a file whose other bytes stay as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from aura_git.releases.effects import Change, Entry
from aura_git.releases.versions import Version, parse_version

__all__ = [
    "FILES",
    "Layout",
    "has_section",
    "insert_section",
    "new_changelog",
    "pending_version",
    "read_layout",
    "release_pending",
    "unreleased_of",
    "write_section",
]

FILES: Final = (
    "CHANGELOG.md", "CHANGELOG.rst", "CHANGELOG", "CHANGELOG.txt", "changelog.md", "CHANGES.md", "CHANGES.rst",
    "CHANGES", "HISTORY.md", "HISTORY.rst", "NEWS.md", "NEWS.rst", "docs/changelog.md", "docs/changelog.rst",
    "Changelog.md",
)  # fmt: skip
_GROUPS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_GROUP_OF: Final = {
    "feat": "Added", "feature": "Added", "fix": "Fixed", "bugfix": "Fixed", "hotfix": "Fixed", "perf": "Changed",
    "revert": "Changed", "deps": "Changed", "security": "Security", "remove": "Removed", "deprecate": "Deprecated",
    "improvement": "Changed",
}  # fmt: skip
_VERSION: Final = r"\d+\.\d+(?:\.\d+)?(?:-?[0-9A-Za-z.]+)?(?:\+[0-9A-Za-z.-]+)?"
_MARKDOWN: Final = re.compile(
    rf"^(?P<hash>#{{1,3}}) (?:<small>)?(?P<open>\[)?(?P<name>[A-Za-z][\w@/.-]*[ @])?"
    rf"(?P<v>v?)(?P<version>{_VERSION})(?P<close>\])?"
    r"(?P<target>\([^)]*\))?"
    r"(?P<between>[ \t]*[-\u2013\u2014:,]?[ \t]*).*$",
    re.MULTILINE,
)
_UNDERLINED: Final = re.compile(
    rf"^(?P<v>(?:Version )?v?)(?P<version>{_VERSION})(?P<rest>[^\n]*)\r?\n"
    r"(?P<line>(?P<mark>[=\-~^\"*])(?P=mark){3,})[ \t]*$",
    re.MULTILINE,
)
_UNRELEASED: Final = re.compile(
    r"^(?P<hash>#{1,3}) \[?unreleased\]?[^\r\n]*"
    r"|^(?:unreleased|dev|next(?: release)?)[ \t]*\r?\n(?P<mark>[=\-~^])(?P=mark){2,}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_PENDING: Final = re.compile(
    r"\s*(?:\*|_)?(?:release(?:d| date):?\s*)?\(?(?P<word>unreleased|tbd|n/a)\b", re.IGNORECASE
)
_RELEASED: Final = re.compile(r"^(?P<before>Released?:?\s+(?:on\s+)?|Release date:\s+)\d{4}-\d\d-\d\d", re.MULTILINE)
_LINK: Final = re.compile(r"^\[(?P<name>unreleased|v?\d[^\]]*)\]:\s*(?P<url>\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_MOST_READ: Final = 50_000
_FIRST: Final = """\
# Changelog

All notable changes of this project are in this file.

The format is based on Keep a Changelog 1.1.0,
and versions follow Semantic Versioning 2.0.0.

## [Unreleased]
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a changelog writes its sections."""

    form: Literal["markdown", "underlined"] = "markdown"
    level: str = "##"
    bracket: bool = True
    v: str = ""
    between: str = " - "
    parentheses: bool = False
    underline: str = "="
    date: str = "{year}-{month:02}-{day:02}"
    """Form of the day; empty where headings have none."""
    bullet: str = "-"
    target: str = ""
    """Address behind the version, in parentheses."""
    small: bool = False
    """Whether headings of releases that only raise the last number are in `<small>`."""
    titles: tuple[tuple[str, str], ...] = ()
    """Headings of groups that are not those of Keep a Changelog, such as `Added` and `Features`."""


_MONTHS: Final = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("{year}-{month:02}-{day:02}", re.compile(r"\d{4}-\d\d-\d\d")),
    ("{year}.{month:02}.{day:02}", re.compile(r"\d{4}\.\d\d\.\d\d")),
    ("{year}/{month:02}/{day:02}", re.compile(r"\d{4}/\d\d/\d\d")),
    ("{day}{th} {name}, {year}", re.compile(rf"\d{{1,2}}(?:st|nd|rd|th) (?:{_MONTHS}), \d{{4}}")),
    ("{day} {name} {year}", re.compile(rf"\d{{1,2}} (?:{_MONTHS}) \d{{4}}")),
    ("{name} {day}, {year}", re.compile(rf"(?:{_MONTHS}) \d{{1,2}}, \d{{4}}")),
    ("{name:.3} {day}, {year}", re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4}")),
)


def _date(form: str, day: str) -> str:
    """A day as this changelog writes it."""
    at = date.fromisoformat(day)
    th = "th" if 10 < at.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(at.day % 10, "th")
    name = _MONTHS.split("|")[at.month - 1]
    return form.format(year=at.year, month=at.month, day=at.day, th=th, name=name)


def read_layout(text: str) -> Layout:
    """How the newest section of a changelog is written; Keep a Changelog where there is none."""
    found = _MARKDOWN.search(text)
    under = _UNDERLINED.search(text)
    if under is not None and (found is None or under.start() < found.start()):
        found = under
    if found is None:
        return Layout()
    parts = found.groupdict()
    rest = (parts["rest"] if "rest" in parts else text[found.end("between") : found.end()]).rstrip("\r")
    between = (parts.get("between") or "").strip("\n")
    dates = ((form, one) for form, pattern in _DATES if (one := pattern.search(rest)) is not None)
    form, dated = next(dates, ("", None))
    before = between + (rest[: dated.start()] if dated else "")
    bullet = re.search(r"^([-*]) ", text[found.end() :], re.MULTILINE)
    return Layout(
        form="underlined" if found is under else "markdown",
        level=parts.get("hash") or "",
        bracket=bool(parts.get("open")),
        v=found["v"],
        between=before.removesuffix("(") or " ",
        parentheses=before.endswith("("),
        underline=under["line"][0] if found is under and under else "",
        date=form,
        bullet=bullet[1] if bullet else "-",
        target=parts.get("target") or "",
        small=re.search(r"^#{1,3} <small>\[?v?\d", text, re.MULTILINE) is not None,
        titles=_titles(text, found) if found is not under else (),
    )


_TITLES: Final = (
    ("Added", re.compile(r"feature", re.IGNORECASE)),
    ("Fixed", re.compile(r"fix", re.IGNORECASE)),
    ("Changed", re.compile(r"perf|improve", re.IGNORECASE)),
)


def _titles(text: str, newest: re.Match[str]) -> tuple[tuple[str, str], ...]:
    """What this changelog calls its groups; empty where it keeps to `Added` and `Fixed`, or has none."""
    heads = re.findall(rf"^{newest['hash']}#\s+(.+?)\s*#*\s*$", text[newest.start() :][:_MOST_READ], re.MULTILINE)
    if not heads or any(one in {"Added", "Fixed"} for one in heads):
        return ()
    found = ((group, next((one for one in heads if form.search(one)), "")) for group, form in _TITLES)
    return tuple((group, title) for group, title in found if title)


def write_section(
    changes: Sequence[Change], version: Version, day: str, layout: Layout, *, unreleased: str = ""
) -> str:
    """A section with its heading: what breaks first, then Added, Changed, Deprecated, Removed, Fixed, Security.

    Args:
        changes: Newest first; they are told in the words of their commits, each once, oldest first.
        version: Of the release.
        day: ISO 8601.
        layout: How this changelog is written.
        unreleased: What people wrote under `Unreleased`; it stays as it is, and commits are not added to it.
    """
    heading = _heading(version, day, layout)
    if unreleased.strip():
        return f"{heading}\n\n{unreleased.strip()}\n"
    groups: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for change in reversed(changes):
        for entry in change.entries:
            group = _group(entry)
            key = (entry.scope.casefold(), entry.text.casefold())
            if group and key not in seen:
                seen.add(key)
                groups.setdefault(group, []).append(_line(entry, layout))
    parts = [heading]
    for group in _GROUPS:
        lines = groups.get(group)
        if lines:
            lines.sort(key=lambda line: "**Breaking:**" not in line)
            parts.append(f"{_title(group, layout)}\n\n" + "\n".join(lines))
    if len(parts) == 1:
        parts.append(f"{layout.bullet} No changes that users notice.")
    return "\n\n".join(parts) + "\n"


def _title(group: str, layout: Layout) -> str:
    if layout.form == "markdown":
        return f"{layout.level}# {dict(layout.titles).get(group, group)}"
    return f"{group}\n{('~' if layout.underline == '-' else '-') * len(group)}"


def _heading(version: Version, day: str, layout: Layout) -> str:
    name = f"{layout.v}{version}"
    told = _date(layout.date, day)
    shown = f"({told})" if layout.parentheses else told
    if layout.form == "underlined":
        line = f"{name}{layout.between if layout.between.strip() else ' '}{shown}" if layout.date else name
        return f"{line}\n{layout.underline * len(line)}"
    name = f"[{name}]{layout.target}" if layout.bracket else name
    line = f"{name}{layout.between}{shown}" if layout.date else name
    small = layout.small and version.patch and not version.pre
    return f"{layout.level} {f'<small>{line}</small>' if small else line}"


def _group(entry: Entry) -> str:
    if entry.breaking:
        return _GROUP_OF.get(entry.type, "Changed") if entry.type in {"remove", "deprecate"} else "Changed"
    return _GROUP_OF.get(entry.type, "")


def _line(entry: Entry, layout: Layout) -> str:
    first = entry.text.split(" ")[0]
    text = entry.text[:1].upper() + entry.text[1:] if first.isalpha() and first.islower() else entry.text
    scope = f"**{entry.scope}:** " if entry.scope else ""
    breaking = "**Breaking:** " if entry.breaking else ""
    note = f": {entry.note}" if entry.note and entry.note.casefold() != entry.text.casefold() else ""
    missing = [one for one in entry.references if one not in text]
    return f"{layout.bullet} {breaking}{scope}{text}{note}" + (f" ({', '.join(missing)})" if missing else "")


def unreleased_of(text: str) -> str:
    """What stands under `Unreleased`, headings of empty groups left out."""
    found = _UNRELEASED.search(text)
    if found is None:
        return ""
    body = text[found.end() : _end_of_unreleased(text, found)]
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    below = f"{found['hash'] or '##'}#"
    empty = rf"^{below} [^\n]+\n\s*(?=^{below} |\Z)"
    return re.sub(empty, "", body.replace("\r\n", "\n"), flags=re.MULTILINE).strip()


def _end_of_unreleased(text: str, found: re.Match[str]) -> int:
    """Where the next section, or the link references, begin."""
    level = len(found["hash"] or "")
    own = rf"#{{1,{level}}} |" if level else r"\S[^\n]*\r?\n([=\-~^])\1{3,}[ \t]*\r?$|"
    following = re.compile(rf"^(?:{own}\[[^\]]+\]:\s)", re.MULTILINE).search(text, found.end())
    return following.start() if following else len(text)


def _pending(text: str) -> tuple[re.Match[str], int, int] | None:
    """The heading of the newest section with a version, and where its word for `not released yet` stands."""
    heads = [one for form in (_MARKDOWN, _UNDERLINED) if (one := form.search(text)) is not None]
    if not heads:
        return None
    head = min(heads, key=lambda one: one.start())
    line_end = head.end("rest") if "rest" in head.re.groupindex else head.end()
    within = re.compile(r"\(?(unreleased|tbd)\b\)?", re.IGNORECASE).search(text, head.end("version"), line_end)
    if within is not None:
        return head, within.start(1), within.end(1)
    below = _PENDING.match(text, head.end())
    return (head, below.start("word"), below.end("word")) if below else None


def pending_version(text: str) -> Version | None:
    """The version of the newest section, where that says itself that it is not released yet."""
    found = _pending(text)
    return parse_version(found[0]["version"]) if found else None


def release_pending(text: str, version: Version, day: str) -> tuple[str, str] | None:
    """The changelog with the section of a version that people wrote before, now dated; and that section.

    Where older sections have a line such as `Released 2026-01-31`, this one gets it, else the date alone.

    Returns:
        Text and section; None when the newest section is another one, or is released.
    """
    found = _pending(text)
    if found is None or parse_version(found[0]["version"]) != version:
        return None
    head, start, end = found
    older = _RELEASED.search(text, end)
    below = start >= head.end()
    word = f"{older['before']}{day}" if below and older and text[:start].endswith("\n") else day
    after = text[:start] + word + text[end:]
    following = [one for form in (_MARKDOWN, _UNDERLINED) if (one := form.search(text, end)) is not None]
    stop = min((one.start() for one in following), default=len(text)) + len(after) - len(text)
    return after, after[head.start() : stop].strip() + "\n"


def insert_section(text: str, section: str, version: Version, tag: str, old_tag: str) -> str:
    """A changelog with a new section above the newest; what is not new stays byte for byte, line ends included.

    What stood under `Unreleased` has to be in the section: its place is empty afterwards. Link references at the end
    get the new version where they follow the usual form (`compare/OLD...NEW`).
    """
    end = "\r\n" if "\r\n" in text else "\n"
    section = section.replace("\n", end)
    found = _UNRELEASED.search(text)
    if found is not None:
        rest = text[_end_of_unreleased(text, found) :]
        return (
            text[: found.end()] + end + end + section + (end if rest else "") + _links(rest, version, tag, old_tag, end)
        )
    first = min((m.start() for m in (_MARKDOWN.search(text), _UNDERLINED.search(text)) if m is not None), default=None)
    if first is None:
        gap = "" if not text or text.endswith(end * 2) else end if text.endswith(end) else end * 2
        return text + gap + section
    anchor = re.compile(r"(?:^\.\. _[^\n]*:\s*\n\s*|^<a name=[^\n]*\n\s*)\Z", re.MULTILINE).search(text, 0, first)
    first = anchor.start() if anchor else first
    return text[:first] + section + end + _links(text[first:], version, tag, old_tag, end)


def _links(text: str, version: Version, tag: str, old_tag: str, end: str) -> str:
    links = list(_LINK.finditer(text))
    if not links:
        return text
    first = links[0]
    url = first["url"]
    if first["name"].lower() == "unreleased" and old_tag and f"{old_tag}...".casefold() in url.casefold():
        base = url[: url.casefold().rindex(f"{old_tag}...".casefold())]
        line = f"[{first['name']}]: {base}{tag}...{url.rpartition('...')[2]}{end}[{version}]: {base}{old_tag}...{tag}"
        return text[: first.start()] + line + text[first.end() :].removeprefix("\r" if end == "\n" else "")
    if old_tag and (f"...{old_tag}" in url or url.endswith(f"/{old_tag}")):
        base = (
            re.sub(r"compare/.*$", f"compare/{old_tag}...{tag}", url)
            if "compare/" in url
            else url.replace(old_tag, tag)
        )
        v = "v" if first["name"].startswith("v") else ""
        return text[: first.start()] + f"[{v}{version}]: {base}{end}" + text[first.start() :]
    return text


def new_changelog(section: str) -> str:
    """The text of a first changelog."""
    return f"{_FIRST}\n{section}"


def has_section(text: str, version: Version) -> bool:
    """Whether a changelog has a section of this version already."""
    found = [m["version"] for form in (_MARKDOWN, _UNDERLINED) for m in form.finditer(text)]
    return any(parse_version(one) == version for one in found)
