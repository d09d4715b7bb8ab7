"""What a document asks for and no task covers.

Three things count as cover: a task below the item, a task that names it, or a task that speaks of the same thing. The
last is a matter of words, so the report names the nearest tasks and says that it went by words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.endings import endings, without_ending
from aura_planning.parsing.contract import Document, Gap, Item, Source
from aura_planning.parsing.lexicon import COMMON_WORDS

__all__ = ["find_gaps"]

_ENOUGH: Final = 0.34
"""Share of the weight of a requirement's words that the nearest task has to carry. Set on the four specifications and
the documents of the benchmark: lower, and everything that shares `user` with a task counts as covered."""
_WORD: Final = re.compile(r"[^\W\d_][\w-]{2,}|[\u3040-\u30ff\u4e00-\u9fff]{2}")
_NAME_WORD: Final = re.compile(r"[^\W_]+")
_ENDINGS: Final = endings("or", "al", "ive", "y")


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of tasks, weighted by how rare they are."""

    tasks: tuple[tuple[int, frozenset[str]], ...]
    whole: tuple[tuple[int, frozenset[str]], ...]
    """The same with common words, for names such as `Code Generation`."""
    weight: dict[str, float]

    def named(self, title: str) -> bool:
        """Whether a task has every word of the name before a colon, such as `Project Dashboard: ...`."""
        name, colon, _ = title.partition(":")
        wanted = (
            frozenset(without_ending(word, _ENDINGS) for word in _NAME_WORD.findall(name.lower()))
            if colon and len(name) <= 60
            else frozenset[str]()
        )
        return len(wanted) > 0 and any(wanted <= have for _, have in self.whole)

    def nearest(self, text: str) -> tuple[float, tuple[int, ...]]:
        """The best share of a text's words that a task carries, and up to three tasks that come near."""
        wanted = _stems(text)
        total = sum(self.weight.get(word, self.weight["?"]) for word in wanted)
        if not total:
            return 1.0, ()
        found = [(sum(self.weight[word] for word in wanted & have) / total, at) for at, have in self.tasks]
        best = sorted((one for one in found if one[0] > 0.12), key=lambda one: (-one[0], one[1]))[:3]
        return (best[0][0] if best else 0.0), tuple(at for _, at in best)


def _stems(text: str) -> frozenset[str]:
    return frozenset(without_ending(word, _ENDINGS) for word in _WORD.findall(text.lower()) if word not in COMMON_WORDS)


def _words(items: Sequence[Item], tasks: Sequence[int]) -> _Words:
    rows: list[tuple[int, frozenset[str]]] = []
    whole: list[tuple[int, frozenset[str]]] = []
    for at in tasks:
        above = items[at].parent
        context = items[above].title if above is not None else ""
        top = items[above].parent if above is not None else None
        context += f" {items[top].title}" if top is not None else ""
        rows.append((at, _stems(f"{items[at].title} {items[at].text} {context}")))
        whole.append(
            (
                at,
                frozenset(
                    without_ending(word, _ENDINGS)
                    for word in _NAME_WORD.findall(f"{items[at].title} {context}".lower())
                ),
            )
        )
    counts = Counter(word for _, have in rows for word in have)
    weight = {word: math.log(1 + len(rows) / count) for word, count in counts.items()}
    weight["?"] = math.log(1 + len(rows)) if rows else 1.0
    return _Words(tuple(rows), tuple(whole), weight)


def find_gaps(document: Document) -> tuple[Gap, ...]:
    """What the document asks for without a task, in its order."""
    items = document.items
    tasks = [at for at, item in enumerate(items) if item.kind == "task"]
    words = _words(items, tasks)
    covered = _covered(items, tasks)
    gaps = [
        gap for at, item in enumerate(items)
        if item.kind != "task" and at not in covered and (gap := _gap(items, at, words, bool(tasks))) is not None
    ]  # fmt: skip
    open_items = {gap.item for gap in gaps}
    return tuple(
        sorted(
            [*gaps, *_module_gaps(document, open_items), *_group_gaps(document, words)],
            key=lambda gap: gap.source.first,
        )
    )


def _module_gaps(document: Document, open_items: set[int | None]) -> list[Gap]:
    """Modules none of whose features has a task."""
    return [
        Gap("module", group.title, group.source, f"none of its {len(group.items)} features has a task")
        for group in document.groups
        if group.kind == "module" and group.items and open_items.issuperset(group.items)
        and any(item.kind == "task" for item in document.items)
    ]  # fmt: skip


def _covered(items: Sequence[Item], tasks: Sequence[int]) -> set[int]:
    """Items with a task below them, or that a task or something above one names."""
    covered: set[int] = set()
    for at in tasks:
        up: int | None = at
        while up is not None:
            covered.update(ref.item for ref in items[up].requirements if ref.item is not None)
            up = items[up].parent
            if up is not None:
                covered.add(up)
    return covered


def _gap(items: Sequence[Item], at: int, words: _Words, planned: bool) -> Gap | None:
    item = items[at]
    if item.kind == "task" or _needs_none(items, item, planned):
        return None
    if not planned:
        return Gap(item.kind, item.title, item.source, "the document names no tasks", at)
    if item.kind == "epic":
        return Gap("epic", item.title, item.source, "it has no task", at)
    share, nearest = words.nearest(f"{item.title} {'' if item.kind == 'story' else item.text[:400]}")
    if words.named(item.title) or share >= _ENOUGH:
        return None
    if nearest:
        return Gap(
            item.kind, item.title, item.source, "no task names it; the nearest speak of something else", at, nearest
        )
    return Gap(item.kind, item.title, item.source, "no task names it or speaks of it", at)


def _needs_none(items: Sequence[Item], item: Item, planned: bool) -> bool:
    """Whether an item needs no task: it is done, or the story above it stands for it where nothing is planned yet."""
    if item.status in {"done", "cancelled"}:
        return item.kind != "story"
    above = items[item.parent].kind if item.parent is not None else ""
    return item.kind == "requirement" and not planned and above in {"story", "requirement"}


def _group_gaps(document: Document, words: _Words) -> list[Gap]:
    """Phases and modules without an epic or task, and their lines that no task covers."""
    gaps: list[Gap] = []
    filled = {_bare(group.title) for group in document.groups if group.items}
    planned = any(item.kind in {"epic", "task"} for item in document.items)
    for group in document.groups:
        if not planned or group.items or _bare(group.title) in filled:
            continue
        holds = "epic" if any(item.kind == "epic" for item in document.items) else "task"
        gaps.append(
            Gap(
                "module" if group.kind == "module" else "phase",
                group.title,
                group.source,
                f"it has no {holds}",
                None,
                (),
            )
        )
        gaps += [gap for line in group.lines if (gap := _line_gap(line, words)) is not None]
    return gaps


def _line_gap(line: Source, words: _Words) -> Gap | None:
    share, nearest = words.nearest(line.quote)
    if share >= _ENOUGH:
        return None
    return Gap("phase-line", line.quote, line, "no task speaks of it", None, nearest)


def _bare(title: str) -> str:
    return re.sub(r"\W+", " ", title.lower()).strip()
