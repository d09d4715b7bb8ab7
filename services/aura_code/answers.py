"""From ranked passages to what a caller reads: spans with text as it is on disk now, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from aura_code.ranking import Ranked
from aura_code.segments import KINDS, Segment
from aura_code.sources import Sources
from aura_code.tables import decode
from aura_code.views import View
from aura_shared.messages.code import ScorePart, SearchHit, Symbol, SymbolKind
from aura_shared.security import make_visible

TOKEN_BYTES: Final = 4
MOST_MERGED_LINES: Final = 45  # Ten hits stay near 300 lines because few are merged.
_PLAIN: Final = re.compile(r"[\n\t\x20-\x7e]*")


def visible(text: str) -> str:
    """`text` with hidden characters shown; quick for the usual case of plain ASCII."""
    return text if _PLAIN.fullmatch(text) else make_visible(text.encode("utf-8", "replace").decode())


def tokens_of(text: str) -> int:
    """The estimated size of a text."""
    return -(-len(text.encode("utf-8", "replace")) // TOKEN_BYTES)


@dataclass(slots=True)
class Passage:
    """A passage to show."""

    segment: Segment
    file: int
    start: int
    end: int
    score: float
    parts: tuple[ScorePart, ...]
    symbol: int
    """Number of the definition it was found by in its segment, or -1."""


class Shown(NamedTuple):
    """The hits of an answer."""

    hits: list[SearchHit]
    tokens: int
    pending: int
    """Files that are not on disk what they are in the index."""
    more: bool


def passages_of(view: View, ranked: Sequence[Ranked], limit: int) -> tuple[list[Passage], bool]:
    """The passages, neighbours of one file joined, and whether some were left out."""
    found: list[Passage] = []
    for item in ranked:
        segment, chunk = view.locate_chunk(item.chunk)
        file, start, end = (int(segment.arrays[name][chunk]) for name in ("chunk_file", "chunk_start", "chunk_end"))
        if any(_join(passage, segment, file, start, end) for passage in found):
            continue
        if len(found) >= limit:
            return found, True
        symbol = item.symbol.symbol if item.symbol else -1
        found.append(Passage(segment, file, start, end, item.score, item.parts, symbol))
    return found, False


def _join(passage: Passage, segment: Segment, file: int, start: int, end: int) -> bool:
    """Take a neighbour into a passage, when it is one and the two are not too long."""
    if passage.segment is not segment or passage.file != file:
        return False
    first, last = min(passage.start, start), max(passage.end, end)
    if start > passage.end + 1 or end < passage.start - 1 or last - first >= MOST_MERGED_LINES:
        return False
    passage.start, passage.end = first, last
    return True


def show(root: Path, passages: Sequence[Passage], budget: int, kinds: Sequence[SymbolKind] = ()) -> Shown:
    """The hits with their text; files that are gone are left out."""
    sources = Sources(root)
    contents: dict[str, tuple[list[str], bool] | None] = {}
    present: list[tuple[Passage, str, list[str]]] = []
    furthest = max((passage.end for passage in passages), default=0)
    for passage in passages:
        path = passage.segment.path(passage.file)
        if path not in contents:
            content = sources.read(path, passage.segment.stamp(passage.file))
            contents[path] = (
                (content.text.removesuffix("\n").split("\n", furthest), content.changed) if content else None
            )
        known = contents[path]
        if known is not None and passage.start <= len(known[0]):
            present.append((passage, path, known[0]))
    hits: list[SearchHit] = []
    left, cut = budget, False
    for place, (passage, path, lines) in enumerate(present):
        end = max(passage.start, min(passage.end, len(lines)))
        whole = visible("\n".join(lines[passage.start - 1 : end]))
        text = _cut(whole, left // (len(present) - place))
        left -= tokens_of(text)
        cut |= len(text) < len(whole)
        owner = _owner(passage, kinds)
        hits.append(
            SearchHit(
                path=visible(path),
                start_line=passage.start,
                end_line=end,
                language=passage.segment.language(passage.file),
                symbol=_qualified(passage.segment, owner),
                kind=KINDS[int(passage.segment.symbol_kind[owner])] if owner >= 0 else None,
                score=passage.score,
                text=text,
                truncated=len(text) < len(whole),
                parts=list(passage.parts),
            )
        )
    pending = sum(1 for known in contents.values() if known is None or known[1])
    return Shown(hits, budget - left, pending, cut and budget > 0)


def _cut(text: str, tokens: int) -> str:
    """As many whole lines as fit; part of the first when not even that one does."""
    most = max(0, tokens) * TOKEN_BYTES
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    end = data.rfind(b"\n", 0, most + 1)
    return data[: end if end > 0 else most].decode("utf-8", "ignore")


def _owner(passage: Passage, kinds: Sequence[SymbolKind]) -> int:
    """The definition that a passage belongs to: the one it was found by, the innermost around it, or its largest."""
    segment = passage.segment
    numbers = segment.symbols_of(passage.file)
    if passage.symbol >= 0:
        return passage.symbol
    if not numbers:
        return -1
    starts = segment.symbol_start[numbers.start : numbers.stop]
    ends = segment.symbol_end[numbers.start : numbers.stop]
    overlap = np.minimum(ends, passage.end) - np.maximum(starts, passage.start) + 1
    if kinds:
        wanted = [KINDS.index(kind) for kind in kinds]
        overlap = np.where(np.isin(segment.symbol_kind[numbers.start : numbers.stop], wanted), overlap, 0)
    most = int(overlap.max())
    if most <= 0:
        return -1
    # Of those that share most lines with the passage the smallest.
    best = np.flatnonzero(overlap == most)
    return numbers.start + int(best[np.argmin((ends - starts)[best])])


def _qualified(segment: Segment, symbol: int) -> str:
    if symbol < 0:
        return ""
    fact = segment.symbol(symbol)
    return visible(f"{fact.container}.{fact.name}" if fact.container else fact.name)


def symbol_message(segment: Segment, number: int) -> Symbol:
    """A definition as it is sent."""
    fact = segment.symbol(number)
    file = int(segment.symbol_file[number])
    return Symbol(
        name=visible(fact.name),
        kind=fact.kind,
        container=visible(fact.container),
        path=visible(segment.path(file)),
        start_line=max(1, fact.start_line),
        end_line=max(1, fact.end_line),
        signature=visible(fact.signature),
        doc=visible(fact.doc),
        language=segment.language(file),
    )


def nearest_names(view: View, name: str, limit: int = 3) -> list[str]:
    """Names of definitions that are spelled much like `name`, nearest first."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only when nothing was found

    from aura_code.terms import fold  # noqa: PLC0415

    wanted = fold(name)
    if len(wanted) < 3:
        return []
    pool: dict[str, str] = {}
    for part in view.parts:
        for number, value in enumerate(part.segment.folded):
            folded = decode(value)
            if not folded:
                continue
            if abs(len(folded) - len(wanted)) <= 2 and (folded[0] == wanted[0] or folded[-1] == wanted[-1]):
                pool.setdefault(folded, decode(part.segment.names[int(part.segment.folded_name[number])]))
    # Names of deleted code may still be in the table.
    near = get_close_matches(wanted, list(pool), n=3 * limit, cutoff=0.75)
    return [visible(pool[folded]) for folded in near if view.symbols_like(folded)][:limit]
