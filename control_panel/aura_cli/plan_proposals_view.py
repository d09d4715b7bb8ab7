"""How proposals are printed: a numbered list with reasons and lines, or a table of estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.plan_view import finding_line
from aura_cli.screen import bold, coloured, cut, dim, note, out, plural, safe, table, width

__all__ = ["proposal_lines", "show_proposals"]

_ROLES: Final = {"test": "magenta", "implement": "green", "migrate": "yellow", "document": "cyan", "part": "green"}
_MOST_NOTICES: Final = 12
_MOST_CRITERIA: Final = 12


def show_proposals(answer: JsonObject) -> None:
    """Print what is proposed, what was written, and what a person should know."""
    title = safe(text_of(answer, "title"))
    rows = objects_of(answer, "proposals")
    if text_of(answer, "operation"):
        rows = [one for one in rows if count_of(one, "number") in _applied(answer)]
    if title:
        pattern = text_of(answer, "pattern")
        out(f"{bold(title)}  {dim(safe(text_of(answer, 'item')) + (f' · split by {pattern}' if pattern else ''))}")
    lines = estimate_lines(rows) if text_of(answer, "action") == "estimate" else proposal_lines(rows)
    for line in lines:
        out(line)
    if not rows:
        out(safe(text_of(answer, "reason")) or "Nothing is proposed.")
    if diff := text_of(answer, "diff"):
        out()
        for line in diff.rstrip().splitlines():
            out(_diff_line(line))
    for one in objects_of(answer, "findings"):
        out(finding_line(one))
    _tell(answer, rows)


def proposal_lines(rows: list[JsonObject]) -> Iterator[str]:
    """A numbered list; below each its reasons, its lines, its criteria."""
    room = width()
    for one in rows:
        number = f"{count_of(one, 'number'):>3}"
        kind = text_of(one, "role") or text_of(one, "kind")
        shown = coloured(kind, _ROLES[kind]) if kind in _ROLES else kind
        what = " change" if text_of(one, "what") == "change" else ""
        title = cut(safe(text_of(one, "title")), max(20, room - len(kind) - len(what) - 8))
        yield f"{number}  {shown}{what}  {bold(title)}"
        facts = [*texts_of(one, "reasons"), *_place(one)]
        if after := texts_of(one, "depends_on"):
            facts.append(f"after {', '.join(after)}")
        if one.get("estimate") is not None:
            facts.append(f"{number_of(one, 'estimate'):g} points")
        yield from (dim(f"     {line}") for line in _wrapped(facts, room - 6))
        if text_of(one, "role") == "part" or text_of(one, "what") == "change" or text_of(one, "by") == "model":
            criteria = texts_of(one, "criteria")
            yield from (f"       - {cut(safe(text), room - 10)}" for text in criteria[:_MOST_CRITERIA])
            if len(criteria) > _MOST_CRITERIA:
                yield dim(f"       and {len(criteria) - _MOST_CRITERIA} more")


def _wrapped(facts: list[str], room: int) -> Iterator[str]:
    """Facts on as many lines as they need; none is torn apart unless it is longer than a line."""
    line = ""
    for fact in map(safe, facts):
        if line and len(line) + len(fact) + 3 > room:
            yield line
            line = fact
        else:
            line = f"{line} · {fact}" if line else fact
    if line:
        yield cut(line, max(20, room))


def _place(one: Mapping[str, object]) -> list[str]:
    if not flag_of(one, "grounded", default=True):
        return ["UNGROUNDED: no line of the document says so"]
    source = object_of(one, "source")
    if not source:
        return []
    first, last = count_of(source, "first"), count_of(source, "last")
    return [f"{text_of(source, 'path')}:{first}" + (f"-{last}" if last > first else "")]


def estimate_lines(rows: list[JsonObject]) -> Iterator[str]:
    """A table of estimates, with the reasons below it when there is one item only."""
    room = max(20, width() - 40)
    cells = [
        [str(count_of(one, "number")), f"{number_of(one, 'estimate'):g}",
         f"{number_of(one, 'low'):g}-{number_of(one, 'high'):g}", text_of(one, "by"), text_of(one, "kind"),
         cut(safe(text_of(one, "title")), room)]
        for one in rows
    ]  # fmt: skip
    if cells:
        yield from table(("NO", "POINTS", "RANGE", "BY", "KIND", "TITLE"), cells, right=(0, 1))
    if len(rows) == 1:
        yield from (f"  {safe(reason)}" for reason in texts_of(rows[0], "reasons"))


def _diff_line(line: str) -> str:
    colour = {"+": "green", "-": "red"}.get(line[:1], "")
    return coloured(safe(line), colour) if colour else safe(line)


def _tell(answer: JsonObject, rows: list[JsonObject]) -> None:
    notices = texts_of(answer, "notices")
    for line in notices[:_MOST_NOTICES]:
        note(safe(line))
    if len(notices) > _MOST_NOTICES:
        note(dim(f"and {len(notices) - _MOST_NOTICES} more: --json has all"))
    for line in _model_lines(answer):
        note(dim(safe(line)))
    if text_of(answer, "operation"):
        note(f"{plural(len(_applied(answer)), 'proposal')} written, {plural(len(texts_of(answer, 'files')), 'file')}")
        note(dim(f"aura plan undo {text_of(answer, 'operation')} takes it back"))
    elif rows:
        note(dim(f"Nothing is written. --apply writes them, --only 1,3 some (--list {text_of(answer, 'version')})"))


def _applied(answer: JsonObject) -> list[int]:
    """Numbers of what was written."""
    value = answer.get("applied")
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _model_lines(answer: JsonObject) -> Iterator[str]:
    sections, done = count_of(answer, "sections"), count_of(answer, "sections_done")
    use = object_of(answer, "model")
    if not sections:
        return
    asked = f"{done} of {plural(sections, 'section')} answered"
    if text_of(use, "model"):
        tokens = f"{count_of(use, 'tokens_in'):,} tokens in, {count_of(use, 'tokens_out'):,} out"
        asked += f" · {text_of(use, 'model')}: {plural(count_of(use, 'calls'), 'call')}, {tokens}"
    yield asked
    if done < sections:
        yield f"the rest takes at most {count_of(answer, 'budget_tokens'):,} tokens; the same command goes on"
    if text_of(use, "why_not"):
        yield f"no model: {text_of(use, 'why_not')}"
