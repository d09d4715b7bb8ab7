"""What is wrong with a document once its items are known: cycles, contradictions, numbers that mean several things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aura_planning.parsing.contract import Family, Finding, Item

__all__ = ["check"]


def check(items: Sequence[Item], family: Family, title: str) -> Iterator[Finding]:
    """Findings about the items of a document."""
    if not items:
        named = f"{title[:60]!r} holds" if title else "the document holds"
        yield Finding(
            "nothing-found", "warning", 1, f"{named} no epic, story, task or requirement that its form shows",
            "Use headings such as `## Epic 1: ...`, ids such as FR-001, or lists below `Tasks:`; prose needs a model.",
        )  # fmt: skip
        return
    yield from _cycles(items)
    yield from _contradictions(items)
    yield from _restarts(items)
    if family == "openspec-delta":
        yield from _scenarios(items)


def _name(item: Item) -> str:
    return item.alias or f"{item.title[:50]!r}"


def _cycles(items: Sequence[Item]) -> Iterator[Finding]:
    for found in _rings(items):
        ring = _shortest(items, found)
        path = " -> ".join(_name(items[at]) for at in (*ring, ring[0]))
        lines = sorted({need.source.first for at in ring for need in items[at].depends_on if need.item in ring})
        yield Finding(
            "dependency-cycle", "error", lines[0],
            f"these wait for each other: {path} (lines {', '.join(map(str, lines))})",
            "Take one of the dependencies out.",
        )  # fmt: skip


def _rings(items: Sequence[Item]) -> list[list[int]]:
    """Strongly connected components of more than one item, by Tarjan's algorithm without recursion."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    held: set[int] = set()
    rings: list[list[int]] = []
    for root in range(len(items)):
        if root in index:
            continue
        work = [(root, 0)]
        while work:
            at, step = work.pop()
            if step == 0:
                index[at] = low[at] = len(index)
                stack.append(at)
                held.add(at)
            if (following := _next(items, at, step, index, low, held)) is not None:
                work += [(at, following[0]), (following[1], 0)]
            elif low[at] == index[at]:
                cut = stack.index(at)
                ring = stack[cut:]
                del stack[cut:]
                held.difference_update(ring)
                if len(ring) > 1:
                    rings.append(sorted(ring))
    return rings


def _next(
    items: Sequence[Item], at: int, step: int, index: dict[int, int], low: dict[int, int], held: set[int]
) -> tuple[int, int] | None:
    """The next item to walk into, and where to go on afterwards; None when all were seen."""
    needs = items[at].depends_on
    for number in range(step, len(needs)):
        other = needs[number].item
        if other not in index:
            return number + 1, other
    for need in needs:
        if need.item in held:
            low[at] = min(low[at], low.get(need.item, low[at]))
    return None


def _shortest(items: Sequence[Item], ring: Sequence[int]) -> list[int]:
    """A shortest cycle through the first item of a ring."""
    start, inside = ring[0], set(ring)
    paths, seen = [[start]], {start}
    while paths:
        path = paths.pop(0)
        for need in items[path[-1]].depends_on:
            if need.item == start:
                return path
            if need.item in inside and need.item not in seen:
                seen.add(need.item)
                paths.append([*path, need.item])
    return list(ring)


def _contradictions(items: Sequence[Item]) -> Iterator[Finding]:
    """Something marked done while boxes below it are open."""
    below: dict[int, list[Item]] = {}
    for item in items:
        up = item.parent
        while up is not None:
            below.setdefault(up, []).append(item)
            up = items[up].parent
    for at, item in enumerate(items):
        tasks = [one for one in below.get(at, []) if one.kind == "task" and one.status_text.startswith("[")]
        undone = [one for one in tasks if one.status in {"todo", "in-progress"} and not one.optional]
        if item.status == "done" and undone:
            yield Finding(
                "status-contradiction", "warning", item.source.first,
                f"{_name(item)} is marked {item.status_text or 'done'}, and {len(undone)} of its {len(tasks)} tasks "
                "are not ticked",
                "Tick what is done, or take the mark away; a mark alone is no evidence.",
            )  # fmt: skip


def _restarts(items: Sequence[Item]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.kind == "story" and item.alias:
            seen.setdefault((item.kind, item.alias.lower()), []).append(item)
    doubled = [(alias, found) for (_, alias), found in seen.items() if len({one.parent for one in found}) > 1]
    if doubled:
        _, found = doubled[0]
        yield Finding(
            "restarting-numbers", "info", found[1].source.first,
            f"story numbers begin anew in each epic: {found[0].alias} means {len(found)} stories",
            "Name the epic as well when you refer to one of them.",
        )  # fmt: skip


def _scenarios(items: Sequence[Item]) -> Iterator[Finding]:
    for item in items:
        if item.kind == "requirement" and not item.criteria:
            yield Finding(
                "requirement-without-scenario", "warning", item.source.first,
                f"requirement {_name(item)} has no scenario",
                "Add `#### Scenario: ...` with WHEN and THEN; OpenSpec refuses it without.",
            )  # fmt: skip
