"""Bytes to lines: which encoding, and what is wrong with a file before anything in it is understood."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from aura_planning.parsing.contract import Finding

__all__ = ["MOST_BYTES", "SourceText", "read_source", "shorten"]

MOST_BYTES: Final = 2_000_000
"""The largest plan met in public repositories had 1.56 MB; what is larger is no document that a person keeps."""
_MOST_LINE: Final = 8_000
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_CONTROL: Final = frozenset(range(32)) - {9, 10, 12, 13, 27}
_MOJIBAKE: Final = re.compile(
    "\u00e2\u20ac.|\u00e2\u0153|\u00e2\u0161|\u00f0\u0178|\u00c3[\u00a0-\u00bf\u0192\u2020\u2021\u2026\u201e\u0160\u0153]|\u00ef\u00b8|\ufffd"
)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class SourceText:
    """The lines of a document.

    Attributes:
        lines: As they are written, without their ends. The first one is line 1 of the findings.
        read: The same lines as they are understood: repaired where they were decoded wrongly once, empty where two
            sides of a merge contradict each other.
        findings: What is wrong with the file as such.
        broken: Whether nothing in it can be read.
    """

    lines: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    broken: bool = False


@dataclass(slots=True)
class _Reading:
    findings: list[Finding] = field(default_factory=list[Finding])

    def tell(self, code: str, line: int, message: str, advice: str, *, error: bool = False) -> None:
        self.findings.append(Finding(code, "error" if error else "warning", line, message, advice))


def read_source(data: bytes) -> SourceText:
    """The lines of a file, with what is wrong with its encoding, its size, or a merge that was left in it."""
    reading = _Reading()
    if (fault := _fault(data)) is not None:
        return SourceText(findings=(fault,), broken=True)
    lines = _lines(_text(data, reading))
    read = _resolved(_repaired(lines, reading), reading)
    return SourceText(tuple(lines), tuple(read), tuple(reading.findings))


def _fault(data: bytes) -> Finding | None:
    if len(data) > MOST_BYTES:
        return Finding(
            "too-large", "error", 1, f"the file has {len(data):,} bytes; at most {MOST_BYTES:,} are read",
            "Split it, one epic or section a file.",
        )  # fmt: skip
    if not data.strip(b" \t\r\n\x0c" + codecs.BOM_UTF8):
        return Finding("empty", "error", 1, "the file is empty", "Write the document, or name another file.")
    if _is_binary(data):
        return Finding(
            "binary", "error", 1, "the file is not text",
            "Export it as Markdown or plain text (a word processor can do that).",
        )  # fmt: skip
    return None


def _is_binary(data: bytes) -> bool:
    if data.startswith(_UTF16):
        return False
    head = data[:65_536]
    return b"\0" in head or sum(one in _CONTROL for one in head) * 50 > len(head)


def _text(data: bytes, reading: _Reading) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _mixed(data, reading)


def _mixed(data: bytes, reading: _Reading) -> str:
    """Decode line by line; what is no UTF-8 is taken for Windows-1252, and that is said."""
    good, bad, out = 0, list[int](), list[str]()
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", data), 1):
        try:
            out.append(line.decode("utf-8"))
            good += not line.isascii()
        except UnicodeDecodeError:
            bad.append(number)
            out.append(line.decode("cp1252", "replace"))
    where = f"{len(bad)} line{'s' if len(bad) > 1 else ''}, the first is {bad[0]}"
    if good:
        reading.tell(
            "mixed-encodings", bad[0], f"parts of the file are UTF-8, parts are not ({where})",
            "Save it as UTF-8; those lines were read as Windows-1252.",
        )  # fmt: skip
    else:
        reading.tell(
            "not-utf8", bad[0], f"the file is not UTF-8 ({where}); it was read as Windows-1252", "Save it as UTF-8."
        )
    return "\n".join(out)


def _lines(text: str) -> list[str]:
    lines = _LINE_END.split(text)
    if lines and not lines[-1]:
        lines.pop()
    return lines


def _repaired(lines: list[str], reading: _Reading) -> list[str]:
    wrong = [number for number, line in enumerate(lines, 1) if _MOJIBAKE.search(line)]
    if wrong:
        reading.tell(
            "mojibake", wrong[0],
            f"{len(wrong)} line{'s look' if len(wrong) > 1 else ' looks'} as if decoded wrongly once "
            f"(the first is {wrong[0]})",
            "Restore the characters from the file's history; words around them were read all the same.",
        )  # fmt: skip
    return [_repair(line) if _MOJIBAKE.search(line) else line for line in lines]


def _repair(line: str) -> str:
    """What a line was before UTF-8 was read as Windows-1252; the pictures that cannot be got back are left out."""
    try:
        return line.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return _MOJIBAKE.sub("", line)


def _resolved(lines: list[str], reading: _Reading) -> list[str]:
    """Leave out both sides of a merge that nobody has finished: which of them holds is not ours to say."""
    out, start = list[str](), 0
    for number, line in enumerate(lines, 1):
        if line.startswith("<<<<<<< ") and not start:
            start = number
        out.append("" if start else line)
        if start and line.startswith(">>>>>>> "):
            _tell_conflict(reading, start, number)
            start = 0
    if start:
        # Never closed: only the marker itself is left out, or the rest of the document would be lost.
        out[start - 1 :] = ["", *lines[start:]]
        _tell_conflict(reading, start, start)
    return out


def _tell_conflict(reading: _Reading, first: int, last: int) -> None:
    what = f"lines {first} to {last} are an unfinished merge; what stands in them was not read"
    if first == last:
        what = f"an unfinished merge begins in line {first} and has no end"
    reading.tell("merge-conflict", first, what, "Resolve the conflict, then read the document again.", error=True)


def shorten(source: SourceText) -> tuple[list[str], list[Finding]]:
    """The lines as they are understood, each of a length that is worth reading, and a finding where one is cut."""
    long = next((number for number, line in enumerate(source.read, 1) if len(line) > _MOST_LINE), 0)
    if not long:
        return list(source.read), []
    told = f"line {long} has {len(source.read[long - 1]):,} characters; the first {_MOST_LINE:,} were read"
    return [line[:_MOST_LINE] for line in source.read], [
        Finding("long-line", "warning", long, told, "Break it into lines or items.")
    ]
