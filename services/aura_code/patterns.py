"""Definitions of a file without a grammar, found line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from aura_code.documentation import comment_above
from aura_code.extraction import MOST_SIGNATURE_CHARS, Extracted
from aura_code.facts import SymbolFact
from aura_languages.plain import compiled
from aura_languages.spec import LanguageSpec

if TYPE_CHECKING:
    from aura_shared.messages.code import SymbolKind

_MOST_LINE_BYTES = 400  # A definition's name stands at the beginning; longer lines are data.
_HOLDERS = frozenset({"class", "interface", "trait", "struct", "enum", "module", "namespace"})
_METHODS = frozenset({"function"})


def extract_by_patterns(spec: LanguageSpec, text: bytes, starts: Sequence[int]) -> Extracted:
    """The definitions of a file by the patterns of its language.

    What belongs to what is told by indentation, and a definition ends where the next line with its indentation or
    less begins.
    """
    if not spec.definitions:
        return Extracted((), (), (), [])
    raw = [hit for row in range(len(starts) - 1) if (hit := _match(spec, text, starts, row)) is not None]
    ends = _ends(text, starts, raw)
    symbols: list[SymbolFact] = []
    boundaries: set[int] = set()
    holders: list[tuple[int, str, str]] = []  # indentation, kind, qualified name
    for (row, indent, kind, name), end in zip(raw, ends, strict=True):
        while holders and holders[-1][0] >= indent:
            holders.pop()
        container = holders[-1][2] if holders else ""
        shown = (
            "method" if kind in _METHODS and holders and holders[-1][1] in _HOLDERS - {"module", "namespace"} else kind
        )
        first, doc_row, doc = comment_above(text, starts, row, spec)
        symbols.append(
            SymbolFact(name, cast("SymbolKind", shown), container, first + 1, end, _signature(text, starts, row), doc)
        )
        boundaries.update((doc_row, end))
        holders.append((indent, kind, f"{container}.{name}" if container else name))
    return Extracted(tuple(symbols), (), (), sorted(boundaries))


def _match(spec: LanguageSpec, text: bytes, starts: Sequence[int], row: int) -> tuple[int, int, str, str] | None:
    """Line, indentation, kind and name of the definition in a line."""
    begin = starts[row]
    end = min(starts[row + 1], begin + _MOST_LINE_BYTES)
    line = text[begin:end].rstrip()
    stripped = line.lstrip()
    if not stripped or (spec.comments and stripped.startswith(spec.comments) and not stripped.startswith(b"---@")):
        return None
    for kind, pattern in compiled(spec):
        match = pattern.match(line)
        if match:
            name = next((group for group in match.groupdict().values() if group), b"")
            return row, _width(line, stripped), kind, name.decode("utf-8", "replace")
    return None


def _width(line: bytes, stripped: bytes) -> int:
    return len(line[: len(line) - len(stripped)].expandtabs(4))


def _ends(text: bytes, starts: Sequence[int], raw: Sequence[tuple[int, int, str, str]]) -> list[int]:
    """For each definition the last of its lines, from 1."""
    wanted = {row: (indent, index) for index, (row, indent, _, _) in enumerate(raw)}
    ends = [row + 1 for row, *_ in raw]
    open_ones: list[tuple[int, int]] = []
    last_filled = 0
    for row in range(len(starts) - 1):
        line = text[starts[row] : min(starts[row + 1], starts[row] + _MOST_LINE_BYTES)].rstrip()
        if not line:
            continue
        stripped = line.lstrip()
        indent = _width(line, stripped)
        closing = stripped.startswith((b"}", b"end", b")", b"]", b"{"))
        while open_ones and (indent < open_ones[-1][0] or (indent == open_ones[-1][0] and not closing)):
            ends[open_ones.pop()[1]] = last_filled + 1
        last_filled = row
        if row in wanted:
            open_ones.append(wanted[row])
    for _, index in open_ones:
        ends[index] = last_filled + 1
    return ends


def _signature(text: bytes, starts: Sequence[int], row: int) -> str:
    line = b" ".join(text[starts[row] : starts[row + 1]][: 2 * MOST_SIGNATURE_CHARS].split())
    shown = line.decode("utf-8", "replace").rstrip(" {;")
    return shown if len(shown) <= MOST_SIGNATURE_CHARS else shown[: MOST_SIGNATURE_CHARS - 1] + "…"
