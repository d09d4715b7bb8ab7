"""Comments that silence findings: Aura's own, and those that other tools already made people write.

`# aura: ignore[rule, rule] reason` counts for its line, or alone on a line for the next one; `aura: ignore-file[rule]`
for the whole file. Of other tools: `# noqa`, `# ruff: noqa`, `# pylint: disable`, `# nosec`, `eslint-disable`,
`biome-ignore`, `//nolint`, `//lint:ignore`, `#[allow]`, `#[expect]`, `@SuppressWarnings`. Their codes silence the rules
that name them in `replaced_by`. `# type: ignore` is about types, so it silences nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Edit, Rule
from aura_code.syntax import SourceFile

_CANDIDATE: Final = re.compile(
    rb"aura:\s*ignore|(?i:noqa)|nosec|pylint:|eslint-|biome-ignore|nolint|lint:ignore|\ballow\s*\(|\bexpect\s*\("
    rb"|SuppressWarnings"
)
_LONGEST_SPAN: Final = 10
"""Lines of a finding on any of which a comment silences it; of longer ones only the first counts."""


@dataclass(slots=True)
class Suppression:
    """One comment or attribute that silences findings."""

    how: str
    """`aura`, `noqa`, `nosec`, `pylint`, `eslint`, `biome`, `nolint`, `allow`, `SuppressWarnings`."""
    first: int
    """First line, from 1, for which it counts."""
    last: int
    """Last line for which it counts."""
    codes: frozenset[str]
    """Rules of Aura, or codes of the tool; empty for all."""
    reason: str
    """What the comment says about it."""
    start: int
    """Offset of the comment."""
    end: int
    """Offset after it."""
    used: set[str] = field(default_factory=set[str])
    """The codes that silenced something; "*" when all are meant."""

    def covers(self, rule: Rule, first: int, last: int) -> bool:
        """Whether it silences a finding of a rule on these lines, and notes that it did."""
        if last - first > _LONGEST_SPAN:
            last = first
        if first > self.last or last < self.first:
            return False
        if not self.codes:
            silenced = {"*"} if self.how != "nosec" or rule.category == "security" else set[str]()
        else:
            fits = _FITS.get(self.how, _by_code)
            silenced = {code for code in self.codes if fits(code, rule)}
        self.used |= silenced
        return bool(silenced)


def _by_identifier(code: str, rule: Rule) -> bool:
    return code == rule.id


def _by_code(code: str, rule: Rule) -> bool:
    """`errcheck`, `no-eval`, `B602`: the code of a tool, or the tool's own name."""
    last = re.split(r"/|::|\.|:", code)[-1]
    for other in rule.replaced_by:
        tool, _, known = other.partition(":")
        if code in {known, other, tool} or re.split(r"/|::|\.|:", known)[-1] == last:
            return True
    return False


def _by_prefix(code: str, rule: Rule) -> bool:
    """Codes of Python's linters: `S` and `S1` stand for all that begin with them."""
    for other in rule.replaced_by:
        known = other.rpartition(":")[2]
        if known.startswith(code) and (known == code or known[len(code) :].isdigit()):
            return True
    return False


def _by_lint(code: str, rule: Rule) -> bool:
    """Lints of Rust, whose groups stand for many."""
    if code in {"warnings", "clippy::all"}:
        return True
    if code == "unused":
        return any(":unused" in other for other in rule.replaced_by)
    return _by_code(code, rule)


def _by_java_name(code: str, rule: Rule) -> bool:
    return code == "all" or _by_code(code, rule)


_FITS: Final[dict[str, Callable[[str, Rule], bool]]] = {
    "aura": _by_identifier,
    "noqa": _by_prefix,
    "allow": _by_lint,
    "SuppressWarnings": _by_java_name,
}


def read_suppressions(file: SourceFile) -> list[Suppression]:
    """Everything in a file that silences findings."""
    if _CANDIDATE.search(file.text) is None:
        return []
    found: list[Suppression] = []
    seen: set[int] = set()
    for match in _CANDIDATE.finditer(file.text):
        node = _comment_or_attribute(file, match.start())
        if node is None or node.start_byte in seen:
            continue
        seen.add(node.start_byte)
        found.extend(_read(file, node))
    return _with_eslint_ends(file, found)


def _comment_or_attribute(file: SourceFile, offset: int) -> Node | None:
    node = file.root.descendant_for_byte_range(offset, offset)
    for _ in range(8):
        if node is None or "comment" in node.type or node.type in _ATTRIBUTES:
            return node
        node = node.parent
    return None


_ATTRIBUTES: Final = frozenset({"attribute_item", "inner_attribute_item", "annotation"})
_LIST: Final = r"[\w@][\w./:@-]*(?:\s*,\s*[\w@][\w./:@-]*)*"
_COMMENTS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("aura-file", re.compile(r"aura:\s*ignore-file(?:\[(?P<codes>[^\]]*)\])?(?P<reason>.*)")),
    ("aura", re.compile(r"aura:\s*ignore(?![\w-])(?:\[(?P<codes>[^\]]*)\])?(?P<reason>.*)")),
    (
        "noqa-file",
        re.compile(r"(?:ruff|flake8):\s*noqa(?::\s*(?P<codes>[A-Z]+\d*(?:[\s,]+[A-Z]+\d+)*))?(?P<reason>.*)"),
    ),
    ("noqa", re.compile(r"#\s*noqa\b(?::\s*(?P<codes>[A-Z]+\d*(?:[\s,]+[A-Z]+\d+)*))?(?P<reason>.*)", re.IGNORECASE)),
    ("pylint", re.compile(rf"pylint:\s*disable\s*=\s*(?P<codes>{_LIST})(?P<reason>.*)")),
    ("nosec", re.compile(r"#\s*nosec\b:?\s*(?P<codes>[BG]\d+(?:[\s,]+[BG]\d+)*)?(?P<reason>.*)")),
    ("eslint-line", re.compile(rf"eslint-disable-line(?:\s+(?P<codes>{_LIST}))?(?P<reason>(?:\s|\*/|$).*)")),
    ("eslint-next", re.compile(rf"eslint-disable-next-line(?:\s+(?P<codes>{_LIST}))?(?P<reason>(?:\s|\*/|$).*)")),
    ("eslint-block", re.compile(rf"eslint-disable(?![\w-])(?:\s+(?P<codes>{_LIST}))?(?P<reason>.*)", re.DOTALL)),
    ("eslint-enable", re.compile(rf"eslint-enable(?:\s+(?P<codes>{_LIST}))?(?P<reason>.*)")),
    ("biome", re.compile(r"biome-ignore\s+(?P<codes>[\w/-]+)(?P<reason>.*)")),
    ("nolint", re.compile(r"^//\s*nolint\b(?::\s*(?P<codes>[\w,\s-]+?))?(?P<reason>\s*(?://.*)?)$")),
    ("lint-ignore", re.compile(r"^//\s*lint:ignore\s+(?P<codes>[\w,]+)(?P<reason>.*)")),
)


def _read(file: SourceFile, node: Node) -> Iterator[Suppression]:
    if node.type in _ATTRIBUTES:
        yield from _of_attribute(file, node)
        return
    text = file.text_of(node)
    for how, pattern in _COMMENTS:
        match = pattern.search(text)
        if match is None:
            continue
        first, last = _lines(file, node, how)
        yield Suppression(
            how=_KINDS.get(how, how),
            first=first,
            last=last,
            codes=frozenset(re.findall(r"[\w./:@-]+", match["codes"] or "")),
            reason=match["reason"].strip().removesuffix("*/").strip(" \t-:#/"),
            start=node.start_byte,
            end=node.end_byte,
        )
        return


_KINDS: Final = {
    "aura-file": "aura",
    "noqa-file": "noqa",
    "eslint-line": "eslint",
    "eslint-next": "eslint",
    "eslint-block": "eslint",
    "lint-ignore": "nolint",
}


def _lines(file: SourceFile, node: Node, how: str) -> tuple[int, int]:
    line = file.line_of(node.start_byte)
    end = file.line_of(max(node.start_byte, node.end_byte - 1))
    if how in {"aura-file", "noqa-file"}:
        return 1, len(file.starts)
    if how in {"eslint-block", "eslint-enable"}:
        return line, len(file.starts)
    if how in {"eslint-next", "biome", "lint-ignore"}:
        return _next_code(file, end), _next_code(file, end)
    alone = not file.text[file.starts[line - 1] : node.start_byte].strip()
    if how == "nolint":
        return _declaration(file, _next_code(file, end) if alone else line)
    if alone and how == "aura":
        return line, _declared_line(file, _next_code(file, end))
    return line, end


def _declared_line(file: SourceFile, line: int) -> int:
    """The line itself, or the one with the name when decorators, annotations or attributes stand before it."""
    while line < len(file.starts):
        text = file.line(line).strip()
        if not text.startswith(("@", "#[")) or text.endswith(("{", "}", ";")):
            return line
        line = _next_code(file, line)
    return line


def _next_code(file: SourceFile, line: int) -> int:
    """The first line after `line` that holds more than a comment."""
    for number in range(line + 1, len(file.starts)):
        text = file.line(number).strip()
        if text and (text.startswith("#[") or not text.startswith(("#", "//", "/*", "*"))):
            return number
    return line + 1


def _declaration(file: SourceFile, line: int) -> tuple[int, int]:
    """The lines of the declaration that begins on a line; else that line."""
    if line >= len(file.starts):
        return line, line
    offset = file.starts[line - 1] + len(file.line(line)) - len(file.line(line).lstrip())
    node = file.root.descendant_for_byte_range(offset, offset)
    while node is not None and node.parent is not None and node.parent.parent is not None:
        node = node.parent
    if node is not None and node.start_byte == offset and node.type.endswith("_declaration"):
        return line, file.line_of(node.end_byte)
    return line, line


def _of_attribute(file: SourceFile, node: Node) -> Iterator[Suppression]:
    """`#[allow(...)]` and the like on an item, `#![allow(...)]` in a block or file, `@SuppressWarnings`."""
    text = file.text_of(node)
    if node.type == "annotation":
        around = node.parent.parent if node.parent is not None else None
        if not re.match(r"@(?:java\.lang\.)?SuppressWarnings\b", text) or around is None:
            return
        codes = frozenset(re.findall(r'"([^"]+)"', text))
        how = "SuppressWarnings"
    else:
        match = re.search(r"#!?\[\s*(?:allow|expect)\s*\(([^)]*)\)", text)
        around = node.parent if node.type == "inner_attribute_item" else _item_after(node)
        if match is None or around is None:
            return
        codes = frozenset(re.findall(r"[\w:]+", match[1].partition("reason")[0]))
        how = "allow"
    if codes:
        reason = re.search(r'reason\s*=\s*"([^"]*)"', text)
        last = file.line_of(around.end_byte)
        first = min(file.line_of(node.start_byte), file.line_of(around.start_byte))
        yield Suppression(how, first, last, codes, reason[1] if reason else "", node.start_byte, node.end_byte)


def _item_after(node: Node) -> Node | None:
    after = node.next_named_sibling
    while after is not None and (after.type in _ATTRIBUTES or "comment" in after.type):
        after = after.next_named_sibling
    return after


def _with_eslint_ends(file: SourceFile, found: list[Suppression]) -> list[Suppression]:
    """`eslint-disable` counts until an `eslint-enable` of the same rules, or of all."""
    ends = [item for item in found if item.how == "eslint-enable"]
    kept = [item for item in found if item.how != "eslint-enable"]
    for item in kept:
        if item.how != "eslint" or item.last < len(file.starts):
            continue
        for end in ends:
            if end.first >= item.first and (not end.codes or end.codes >= item.codes > frozenset()):
                item.last = min(item.last, end.first)
    return kept


def unused(file: SourceFile, found: Sequence[Suppression]) -> Iterator[tuple[Suppression, str, tuple[Edit, ...]]]:
    """Aura's own comments that silence nothing: each with a sentence and the edit that takes it out."""
    for item in found:
        if item.how != "aura":
            continue
        idle = sorted(item.codes - item.used)
        if item.codes and idle:
            yield item, f"This comment silences nothing of {', '.join(idle)}.", _removal(file, item, idle)
        elif not item.codes and not item.used:
            yield item, "This comment silences nothing.", _removal(file, item, [])


def _removal(file: SourceFile, item: Suppression, idle: list[str]) -> tuple[Edit, ...]:
    if item.used:
        return ()
    line = file.line_of(item.start)
    begin, end = file.starts[line - 1], file.starts[line] if line < len(file.starts) else len(file.text)
    comment = file.text[item.start : item.end]
    if not re.match(rb"(?:#|//)\s*aura:\s*ignore", comment) or len(idle) != len(item.codes):
        return ()
    before = file.text[begin : item.start]
    if not before.strip():
        return (Edit(begin, end, ""),)
    return (Edit(begin + len(before.rstrip()), item.end, ""),)
