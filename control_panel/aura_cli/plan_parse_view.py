"""How a document that was read is shown: its tree with ids, lines and statuses, its findings and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, cast

from aura_cli.answers import JsonObject, count_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, cells, coloured, cut, dim, note, out, plural, safe, width

__all__ = ["show_document"]

_ORDER: Final = ("epic", "story", "task", "requirement")
_MANY: Final = {"epic": "epics", "story": "stories", "task": "tasks", "requirement": "requirements"}
_COLOURS: Final = {"epic": "magenta", "story": "cyan", "task": "white", "requirement": "blue"}
_STATES: Final = {
    "done": ("\u2713", "green"), "in-progress": ("\u25d0", "yellow"), "blocked": ("!", "red"),
    "todo": ("\u25cb", "white"),
    "cancelled": ("\u2717", "bright_black"), "deferred": ("\u2026", "bright_black"),
}  # fmt: skip
_SEVERITIES: Final = {"error": "red", "warning": "yellow", "info": "bright_black"}
_MOST_GAPS: Final = 60


def show_document(answer: JsonObject, *, kinds: Sequence[str], gaps: bool, only_findings: bool) -> None:
    """Print a document for a person."""
    items = objects_of(answer, "items")
    out(bold(cut(safe(text_of(answer, "title")) or safe(text_of(answer, "path")), width())))
    out(dim(_facts(answer, items)))
    if not only_findings:
        for line in _tree(items, kinds, {text_of(one, "title") for one in objects_of(answer, "groups")}):
            out(line)
        _asides(answer, items)
    _findings(answer)
    if gaps:
        _gaps(answer, items)


def _facts(answer: JsonObject, items: Sequence[JsonObject]) -> str:
    counts = Counter(text_of(one, "kind") for one in items)
    told = [plural(counts[kind], kind, _MANY[kind]) for kind in _ORDER if counts[kind]] or ["no items"]
    family = text_of(answer, "family")
    return " \u00b7 ".join([*told, *([f"written as {family}"] if family != "none" else [])])


def _tree(items: Sequence[JsonObject], kinds: Sequence[str], groups: Collection[str]) -> list[str]:
    shown = [one for one in items if not kinds or text_of(one, "kind") in kinds]
    gutter = max((len(str(_line(one))) for one in shown), default=1)
    names = {count_of(one, "index"): _name(one) for one in items}
    return [_row(one, _depth(items, one, kinds), gutter, names, groups) for one in shown]


def _line(item: JsonObject) -> int:
    return count_of(object_of(item, "source"), "first")


def _depth(items: Sequence[JsonObject], item: JsonObject, kinds: Sequence[str]) -> int:
    depth = 0
    up = item.get("parent")
    while isinstance(up, int):
        depth += not kinds or text_of(items[up], "kind") in kinds
        up = items[up].get("parent")
    return depth


def _name(item: JsonObject) -> str:
    return safe(text_of(item, "alias")) or f"line {_line(item)}"


def _row(item: JsonObject, depth: int, gutter: int, names: dict[int, str], groups: Collection[str]) -> str:
    """One item: line, state, kind, id and title, and what is written at it, within the width of the terminal."""
    kind = text_of(item, "kind")
    mark, colour = _STATES.get(text_of(item, "status"), (" ", "white"))
    head = f"{_line(item)!s:>{gutter}} {'  ' * depth}"
    label = f"{kind if kind != 'requirement' else 'req'} "
    alias = f"{safe(text_of(item, 'alias'))} " if text_of(item, "alias") else ""
    tail = "  ".join(_notes(item, names, groups))
    room = width() - cells(head) - cells(label) - cells(alias) - 2
    tail = cut(tail, max(0, room - 24)) if tail else ""
    title = cut(safe(text_of(item, "title")), max(12, room - cells(tail) - 2))
    line = f"{dim(head)}{coloured(mark, colour)} {coloured(label, _COLOURS.get(kind, 'white'))}{bold(alias)}{title}"
    return f"{line}  {dim(tail)}" if tail else line


def _notes(item: JsonObject, names: dict[int, str], groups: Collection[str]) -> Iterator[str]:
    needs = [names[count_of(one, "item")] for one in objects_of(item, "depends_on")]
    if needs:
        more = f" +{len(needs) - 3}" if len(needs) > 3 else ""
        yield f"needs {', '.join(needs[:3])}{more}"
    for name in ("priority", "estimate"):
        if value := text_of(item, name):
            yield safe(value)
    if item.get("optional") is True:
        yield "optional"
    if count := len(objects_of(item, "criteria")):
        yield plural(count, "criterion", "criteria")
    if refs := objects_of(item, "requirements"):
        more = f" +{len(refs) - 4}" if len(refs) > 4 else ""
        yield f"for {', '.join(safe(text_of(one, 'written')) for one in refs[:4])}{more}"
    labels = [safe(one) for one in texts_of(item, "labels") if len(one) <= 16 and one not in groups]
    if labels:
        yield " ".join(f"#{one.replace(' ', '-')}" for one in labels[:3])


def _asides(answer: JsonObject, items: Sequence[JsonObject]) -> None:
    names = {count_of(one, "index"): _name(one) for one in items}
    excluded = objects_of(answer, "out_of_scope")
    if excluded:
        out()
        out(bold("Not now"))
        for one in excluded:
            out(cut(f"  {_line(one):>4} {text_of(one, 'why')}: {safe(text_of(one, 'text'))}", width()))
    proposals = objects_of(answer, "proposals")
    if proposals:
        out()
        out(f"{bold('Implied dependencies')}  {dim('proposals: they count only when you accept them')}")
        for one in proposals[:20]:
            pair = f"{names[count_of(one, 'item')]} after {names[count_of(one, 'needs')]}"
            out(cut(f"  {_line(one):>4} {pair}: {safe(text_of(one, 'reason'))}", width()))
        if len(proposals) > 20:
            out(dim(f"       and {len(proposals) - 20} more: --json shows them"))


def _findings(answer: JsonObject) -> None:
    findings = objects_of(answer, "findings")
    if not findings:
        note(dim("nothing in it is unclear or wrong"))
        return
    out()
    out(bold("Findings"))
    for one in findings:
        severity = text_of(one, "severity")
        place = f"{safe(text_of(answer, 'path'))}:{count_of(one, 'line')}"
        out(f"  {coloured(f'{severity:<7}', _SEVERITIES.get(severity, 'white'))} {place}  {dim(text_of(one, 'code'))}")
        for line in _wrapped(text_of(one, "message"), 10):
            out(line)
        for line in _wrapped(f"\u2192 {text_of(one, 'advice')}", 10):
            out(dim(line))


def _wrapped(text: str, margin: int) -> list[str]:
    """A text broken at spaces to the width of the terminal."""
    lines, current = list[str](), ""
    for word in safe(text).split():
        if current and cells(current) + 1 + cells(word) > width() - margin:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    return [f"{' ' * margin}{line}" for line in [*lines, current]]


def _gaps(answer: JsonObject, items: Sequence[JsonObject]) -> None:
    gaps = objects_of(answer, "gaps")
    out()
    if not gaps:
        out(f"{bold('Gaps')}  {dim('everything that it asks for has a task')}")
        return
    out(f"{bold('Gaps')}  {dim(f'{len(gaps)} things that it asks for without a task; words were compared, so look')}")
    if all(text_of(one, "reason") == "the document names no tasks" for one in gaps):
        counts = Counter(text_of(one, "kind") for one in gaps)
        told = ", ".join(plural(count, kind, _MANY.get(kind)) for kind, count in counts.items())
        out(f"  The document names no tasks at all, so all of it is open: {told}.")
        return
    names = {count_of(one, "index"): _name(one) for one in items}
    for one in gaps[:_MOST_GAPS]:
        near = [names[at] for at in _numbers(one, "nearest")]
        tail = f"nearest {', '.join(near)}" if near else text_of(one, "reason")
        head = f"  {_line(one):>4} {text_of(one, 'kind'):<11} "
        title = cut(safe(text_of(one, "title")), max(20, width() - cells(head) - cells(tail) - 2))
        out(f"{dim(head)}{title}  {dim(tail)}")
    if len(gaps) > _MOST_GAPS:
        out(dim(f"       and {len(gaps) - _MOST_GAPS} more: --json shows them"))


def _numbers(item: JsonObject, name: str) -> list[int]:
    value = item.get(name)
    if not isinstance(value, list):
        return []
    return [one for one in cast("list[object]", value) if isinstance(one, int)]
