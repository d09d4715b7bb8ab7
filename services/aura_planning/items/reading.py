"""From the bytes of a file to an item and what is wrong with it. Whatever is not clear stays empty."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aura_planning.items.amounts import AMOUNTS, problem_of
from aura_planning.items.frontmatter import FrontMatter, read_front_matter
from aura_planning.items.ids import ID
from aura_planning.items.layout import Place, place_of
from aura_planning.items.markdown import Heading, boxes, headings
from aura_planning.items.model import KINDS, Finding, Item, Kind, Parsed, Severity
from aura_planning.items.spellings import DocumentStatus, document_statuses, names, plain_title
from aura_planning.items.statuses import status_of, written_status
from aura_planning.items.text import Text, read_text, without_end

__all__ = ["MOST_BYTES", "content_hash", "file_hash", "is_text", "read_item", "title_of"]

MOST_BYTES: Final = 2_000_000
"""Larger files are not read."""
_MOST_TITLE: Final = 500
_UNHASHED: Final = re.compile(r"\b(?:log|change ?log|changelog|status|test record)\Z", re.IGNORECASE)
_TICK: Final = re.compile(r"(\s*(?:[-*+]|\d+(?:\.\d+)*[.)])\s+)\[[xX]\]")
_EPIC_NAMED: Final = re.compile(r"epic[- ]?(\d+(?:\.\d+)*)\b", re.IGNORECASE)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]{2,}")
_OURS: Final = "<<<<<<< "
_THEIRS: Final = ">>>>>>> "


def read_item(path: str, data: bytes) -> Parsed:
    """The item in a file.

    Args:
        path: Relative to the project.
        data: The whole file.

    Returns:
        No item where the file is none; an item marked as broken where it must be one and cannot be read.
    """
    place = place_of(path)
    if place is None:
        return Parsed(None)
    if len(data) > MOST_BYTES:
        problem = Finding("too-large", f"it has {len(data):,} bytes, and {MOST_BYTES:,} are the most", path, 1)
        return _broken(path, place, problem)
    if not is_text(data):
        return _broken(path, place, Finding("not-text", "it is no text in UTF-8", path, 1))
    if not data.strip():
        return _broken(path, place, Finding("empty", "the file is empty: it may be half-written", path, 1))
    return _Reading(path, place, read_text(data)).result()


def is_text(data: bytes) -> bool:
    """Whether these bytes can be a Markdown file: no NUL, no mark of another encoding."""
    return b"\0" not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def file_hash(data: bytes) -> str:
    """What tells two versions of a file apart."""
    return hashlib.sha256(data).hexdigest()


def _broken(path: str, place: Place, problem: Finding) -> Parsed:
    if not place.sure:
        return Parsed(None, (problem,))
    item = Item(place.id, place.kind, path, alias=place.alias, broken=True, canonical=bool(place.id))
    return Parsed(item, (replace(problem, item=place.id),))


class _Reading:
    """One file on its way to an item."""

    def __init__(self, path: str, place: Place, text: Text) -> None:
        self._path = path
        self._place = place
        self._text = text
        self._front = read_front_matter(text)
        self._marks = headings(text.lines, self._front.body)
        self._findings: list[Finding] = []
        self._where: dict[str, int] = {entry.key: entry.line + 1 for entry in self._front.entries}
        self._id = ""

    def result(self) -> Parsed:
        """What comes out."""
        kind = self._kind()
        if kind is None:
            return Parsed(None, tuple(self._findings))
        self._id = self._identifier()
        conflict = next((n for n, line in enumerate(self._text.lines) if line.startswith(_OURS)), -1)
        if conflict >= 0 and any(line.startswith(_THEIRS) for line in self._text.lines[conflict:]):
            self._find("merge-conflict", "a merge left a conflict here; resolve it first", conflict)
            return self._as_broken(kind)
        if self._front.open:
            self._find("front-matter-open", "the front matter has no closing ---: the file may be half-written", 0)
            return self._as_broken(kind)
        self._check_block()
        return self._item(kind)

    def _as_broken(self, kind: Kind) -> Parsed:
        item = Item(
            self._id,
            kind,
            self._path,
            alias=self._place.alias,
            broken=True,
            canonical=bool(self._id),
            where=self._where,
        )
        return Parsed(item, tuple(replace(one, item=self._id) for one in self._findings[-1:]))

    def _item(self, kind: Kind) -> Parsed:
        canonical = bool(self._id)
        status, status_text = self._status(kind)
        title = self._title(kind)
        done = boxes(self._text.lines, self._front.body)
        item = Item(
            id=self._id,
            kind=kind,
            path=self._path,
            title=title,
            status=status,
            status_text=status_text,
            alias=self._front.text("alias") or ("" if canonical else self._place.alias),
            parent=self._parent(kind),
            depends_on=self._list("depends_on"),
            priority=self._front.text("priority"),
            value=self._number("value"),
            estimate=self._number("estimate"),
            approved_by=self._front.text("approved_by"),
            approved_at=self._front.text("approved_at"),
            approved_hash=self._front.text("approved_hash"),
            tests=self._outcome(),
            tests_by=self._front.text("tests_by"),
            tests_tree=self._front.text("tests_tree"),
            red_at=self._front.text("red_at"),
            test_names=self._list("test_names"),
            boxes_done=sum(box.done for box in done if not box.skipped),
            boxes=sum(not box.skipped for box in done),
            content=content_hash(self._text, self._front, self._marks, title),
            canonical=canonical,
            where=self._where,
            amounts=self._amounts(),
            proposed=self._list("proposed_depends_on"),
            proposed_by=self._front.text("proposed_by"),
            source=self._front.text("source"),
            split_into=self._list("split_into"),
            estimate_from=self._front.text("estimate_from"),
        )
        return Parsed(item, tuple(replace(one, item=self._id) for one in self._findings))

    # -- what it is ------------------------------------------------------------------------------------

    def _kind(self) -> Kind | None:
        """What the front matter says, else the name of the file; None for no item."""
        written = self._front.text("kind")
        if written in KINDS:
            return written
        if written:
            known = ", ".join(KINDS)
            self._find("unknown-kind", f"kind must be one of {known}, and is {written!r}", self._at("kind"))
            return self._place.kind if self._place.sure else None
        if not self._place.sure:
            named = next((mark for mark in self._marks if mark.level == 1), None)
            begins = named is not None and named.title.lower().startswith(self._place.kind)
            return self._place.kind if begins else None
        return self._place.kind

    def _identifier(self) -> str:
        entry = self._front.find("id")
        written = self._front.text("id")
        if entry is None or not written:
            if self._place.id:
                self._find("missing-id", f"the front matter has no id; its name says {self._place.id}", 0)
            return self._place.id
        if not ID.match(written):
            self._find("bad-id", f"{written!r} is no identifier of Aura's", entry.line)
            return self._place.id
        if self._place.id and written != self._place.id:
            text = f"the file is named after {self._place.id}, and its id is {written}"
            self._find("id-of-name", text, entry.line, "warning")
        return written

    def _title(self, kind: Kind) -> str:
        written = self._front.text("title")
        if written:
            return written[:_MOST_TITLE]
        found = title_of(kind, self._text, self._marks, plain=bool(self._id))
        if found is None:
            self._find("no-title", "it has no heading to be called by", self._front.body, "warning")
            return ""
        title, line = found
        self._where.setdefault("title", line + 1)
        return title[:_MOST_TITLE]

    # -- fields ----------------------------------------------------------------------------------------

    def _status(self, kind: Kind) -> tuple[str, str]:
        """The status that counts, and as it is written: of the front matter, else of the document."""
        in_document = document_statuses(self._text.lines, self._front.body, self._marks)
        entry = self._front.find("status")
        if entry is not None:
            written = self._front.text("status")
            status = self._known_status(kind, written, entry.line)
            self._compare(kind, status, in_document)
            return status, written
        if not in_document:
            if not any(one.key == "status" for one in self._front.entries):
                self._find("no-status", f"it says no status; one of {written_status(kind)} is expected", 0, "warning")
            return "", ""
        first = in_document[0]
        self._where["status"] = first.line + 1
        meant = {status_of(kind, one.written) or one.written for one in in_document}
        if len(meant) > 1:
            lines = ", ".join(str(one.line + 1) for one in in_document)
            self._find("status-twice", f"it says different statuses on lines {lines}", first.line)
            return "", first.written
        return self._known_status(kind, first.written, first.line), first.written

    def _known_status(self, kind: Kind, written: str, line: int) -> str:
        status = status_of(kind, written)
        if not status:
            text = f"the status {written!r} is none of {written_status(kind)}"
            self._find("unknown-status", text, line)
        return status

    def _compare(self, kind: Kind, status: str, in_document: Sequence[DocumentStatus]) -> None:
        for one in in_document:
            if status and status_of(kind, one.written) not in {status, ""}:
                text = f"the text says {one.written!r}, and the front matter {status!r}, which counts"
                self._find("status-differs", text, one.line, "warning")

    def _parent(self, kind: Kind) -> str:
        """Of the key that is usual for the kind; both keys may be there when they say the same."""
        texts = {self._front.text(key) for key in ("epic", "parent")} - {""}
        if len(texts) > 1:
            self._find("two-parents", f"epic and parent differ: {', '.join(sorted(texts))}", self._at("parent"))
            return ""
        for key in ("epic", "parent"):
            if self._front.text(key):
                self._where["parent"] = self._at(key) + 1
        written = next(iter(texts), "")
        if written or self._id or kind not in {"story", "task"}:
            return written
        return self._parent_of_place()

    def _parent_of_place(self) -> str:
        """The epic whose folder a file of another layout lies in; none where its heading names another one."""
        named = [found for mark in self._marks[:3] if (found := _EPIC_NAMED.match(mark.title))]
        if not self._place.epic:
            return f"epic-{named[0][1]}" if named else ""
        if named and named[0][1].lstrip("0") != self._place.epic.lstrip("0"):
            text = f"it lies in the folder of epic {self._place.epic}, and its heading says epic {named[0][1]}"
            self._find("epic-differs", text, self._marks[0].line)
            return ""
        return f"epic-{self._place.epic}"

    def _list(self, key: str) -> tuple[str, ...]:
        entry = self._front.find(key)
        found = self._front.texts(key)
        if entry is not None and found is not None:
            if entry.end > entry.line + 1:  # a list of dashes: each stands on a line of its own
                rest = iter(range(entry.line + 1, entry.end))
                for one in found:
                    line = next((number for number in rest if one in self._text.lines[number]), entry.line)
                    self._where.setdefault(f"{key}:{one}", line + 1)
            return tuple(dict.fromkeys(one for one in found if one))
        return ()

    def _number(self, key: str) -> float | None:
        """A plain number; other ways to write an amount are kept in `amounts`."""
        try:
            number = float(self._front.text(key) or math.nan)
        except ValueError:
            return None
        return number if 0 <= number < 1e9 else None

    def _amounts(self) -> dict[str, str]:
        """What the order of the work is made of, where it can be read."""
        found: dict[str, str] = {}
        for key in AMOUNTS:
            texts = self._front.texts(key)
            written = "/".join(texts) if texts and key in {"estimate", "effort"} else self._front.text(key)
            if written and (problem := problem_of(key, written)):
                severity: Severity = "error" if key in _READ else "warning"
                self._find("bad-date" if key == "due" else "bad-number", problem, self._at(key), severity)
            elif written:
                found[key] = written
        return found

    def _outcome(self) -> str:
        written = self._front.text("tests")
        if written in {"", "red", "green"}:
            return written
        self._find("bad-tests", f"tests must be red or green, and is {written!r}", self._at("tests"))
        return ""

    # -- findings --------------------------------------------------------------------------------------

    def _check_block(self) -> None:
        for first, again in self._front.doubles():
            text = f"{again.key} stands twice, on lines {first.line + 1} and {again.line + 1}; neither counts"
            self._find("key-twice", text, again.line)
        for line in self._front.strange:
            self._find("strange-line", "this line of the front matter is no `key: value`", line, "warning")
        for entry in self._front.entries:
            if entry.value is None and entry.key in self._where and entry.key in _READ:
                self._find("strange-value", f"{entry.key} is written in a form that is not read", entry.line)
        odd = [(number, line) for number, line in enumerate(self._text.lines) if not line.isascii()]
        bad = next((n for n, line in odd if any("\udc80" <= one <= "\udcff" for one in line)), None)
        if bad is not None:
            text = "this line has bytes that are no UTF-8; they are kept as they are"
            self._find("not-utf8", text, bad, "warning")
        garbled = next(((n, found) for n, line in odd if (found := garbled_in(line))), None)
        if garbled is not None:
            number, (seen, meant) = garbled
            text = f"{seen!r} looks like {meant!r} that was read in another encoding; it is kept as it is"
            self._find("mojibake", text, number, "warning")

    def _at(self, key: str) -> int:
        """Index of the line of a key."""
        return self._where.get(key, 1) - 1

    def _find(self, rule: str, message: str, line: int, severity: Severity = "error") -> None:
        self._findings.append(Finding(rule, message, self._path, line + 1, severity))


def garbled_in(line: str) -> tuple[str, str] | None:
    """Letters of a line that are UTF-8 read as Windows-1252, and what they were; None where there are none."""
    for run in _NOT_ASCII.findall(line):
        with suppress(UnicodeError):
            meant = b"".join(_byte(one) for one in run).decode()
            if not meant.isascii():
                return run, meant
    return None


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")


_READ: Final = frozenset({
    "id", "kind", "alias", "title", "status", "epic", "parent", "depends_on", "priority", "value", "estimate",
    "approved_by", "approved_at", "approved_hash", "tests", "tests_by", "tests_tree", "red_at", "test_names",
})  # fmt: skip


def title_of(kind: Kind, text: Text, marks: Sequence[Heading], *, plain: bool) -> tuple[str, int] | None:
    """What a document is called, and the index of that line; None when it has no heading.

    Args:
        kind: What it is.
        text: The document.
        marks: Its headings.
        plain: Whether the first heading is the title as it stands; else words such as `Story 2:` are left out.
    """
    tops = [mark for mark in marks if mark.level == 1] or list(marks[:1])
    if not tops:
        return None
    if plain:
        return (tops[0].title, tops[0].line) if tops[0].title else None
    own = next((mark for mark in tops if names(kind, mark.title)), None)
    if own is None and kind in {"story", "task"} and _EPIC_NAMED.match(tops[0].title):
        line = _named_below(kind, text, tops[0])
        if line is not None:
            return line
    own = own or tops[0]
    title = plain_title(own.title)
    return (title, own.line) if title else _below(text, own)


def _named_below(kind: Kind, text: Text, mark: Heading) -> tuple[str, int] | None:
    """A line such as `Story-1: Title` below a heading that names the epic only."""
    for number in range(mark.line + mark.lines, min(mark.line + 6, len(text.lines))):
        line = without_end(text.lines[number]).strip()
        if names(kind, line) and plain_title(line):
            return plain_title(line), number
    return None


def _below(text: Text, own: Heading) -> tuple[str, int]:
    """The first words below a heading that names numbers only."""
    for number in range(own.line + own.lines, min(own.line + 6, len(text.lines))):
        line = without_end(text.lines[number]).strip()
        words = line.removeprefix("# ").strip()
        if words and not words.startswith(("#", "<", "**", "-", "|")):
            return words, number
    return own.title, own.line


def content_hash(text: Text, front: FrontMatter, marks: Sequence[Heading], title: str) -> str:
    """Hash of what an approval is about. Ticks, the status, logs, spaces at line ends and blank lines do not count."""
    digest = hashlib.sha256(title.encode("utf-8", "surrogateescape"))
    for line in _counting(text.lines, front.body, marks):
        digest.update(b"\n" + line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _counting(lines: Sequence[str], start: int, marks: Sequence[Heading]) -> Iterator[str]:
    level = 0  # of the section that is passed over
    starts = {mark.line: mark for mark in marks}
    tick: Callable[[str], str] = lambda line: _TICK.sub(r"\1[ ]", line, count=1)  # noqa: E731 - used once, below
    for number in range(start, len(lines)):
        mark = starts.get(number)
        if mark is not None and level and mark.level <= level:
            level = 0
        if mark is not None and not level and mark.level > 1 and _UNHASHED.search(mark.title.split(":")[0].strip()):
            level = mark.level
        line = without_end(lines[number]).rstrip()
        if line and not level:
            yield tick(line)
