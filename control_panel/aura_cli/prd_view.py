"""How a checked document and a drafted PRD are shown."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, coloured, cut, dim, note, out, plural, safe, width

__all__ = ["budget_line", "show_checked", "show_drafted", "show_questions"]

_COLOURS: Final = {"error": "red", "warning": "yellow", "info": "bright_black"}


def show_checked(answer: JsonObject, findings: Sequence[JsonObject]) -> None:
    """Print what is wrong with a document, by line."""
    for one in findings:
        for line in _finding(one):
            out(line)
    if not findings:
        out("Nothing is wrong.")
    counts = object_of(answer, "counts")
    told = ", ".join(f"{safe(rule)} {count}" for rule, count in counts.items())
    facts = [plural(count_of(answer, "total"), "finding"), *([told] if told else []), text_of(answer, "language")]
    for line in textwrap.wrap(" \u00b7 ".join(facts), width(), break_long_words=False, break_on_hyphens=False):
        note(dim(line))
    for one in texts_of(answer, "skipped"):
        for line in _wrapped(f"not applied: {safe(one)}", "  "):
            note(dim(line))


def _finding(one: Mapping[str, object]) -> list[str]:
    severity = text_of(one, "severity")
    place = f"{safe(text_of(one, 'path'))}:{count_of(one, 'line', 1)}"
    shown = coloured(severity, _COLOURS.get(severity, "white"))
    head = f"{place}: {shown}: {safe(text_of(one, 'message'))} {dim('(' + text_of(one, 'rule') + ')')}"
    lines = [head]
    if quote := text_of(one, "quote"):
        quoted = cut(f"\u201c{safe(quote)}\u201d", max(20, width() - 4))
        lines.append(dim(f"    {quoted}"))
    if why := text_of(one, "why"):
        lines += [dim(line) for line in _wrapped(f"why: {safe(why)}", "    ")]
    if suggestion := text_of(one, "suggestion"):
        lines += _wrapped(f"try: {safe(suggestion)}", "    ")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, max(40, width()), initial_indent=indent, subsequent_indent=f"{indent}     ", break_on_hyphens=False
    )


def show_questions(questions: Sequence[JsonObject]) -> None:
    """Print what has to be known before a PRD is written."""
    out(bold("These questions come first:"))
    for one in questions:
        for line in _wrapped(f"{text_of(one, 'id')}: {safe(text_of(one, 'question'))}", "  "):
            out(line)
        if why := text_of(one, "why"):
            for line in _wrapped(safe(why), "      "):
                out(dim(line))


def budget_line(answer: Mapping[str, object]) -> str:
    """What a model would cost."""
    budget = object_of(answer, "budget")
    calls, tokens = count_of(budget, "calls"), count_of(budget, "tokens")
    return f"A model, where one is, is asked {plural(calls, 'time')}: about {tokens:,} tokens at the most."


def show_drafted(answer: JsonObject) -> None:
    """Print a drafted PRD, or how far it came."""
    state = text_of(answer, "state")
    if state == "shown":
        _show_text(answer)
    elif state == "written":
        out(f"{bold(safe(text_of(answer, 'title')))}  {dim(safe(text_of(answer, 'path')))}")
    if state != "shown":
        for one in objects_of(answer, "sections"):
            out(_section(one))
    for one in objects_of(answer, "findings"):
        for line in _finding({**one, "why": ""}):
            out(line)
    for one in texts_of(answer, "notices"):
        for line in _wrapped(safe(one), ""):
            note(dim(line))
    _end(answer, state)


def _show_text(answer: Mapping[str, object]) -> None:
    for line in text_of(answer, "text").rstrip().splitlines():
        out(safe(line))
    if flag_of(answer, "cut"):
        note(dim("\u2026 the text goes on"))


def _end(answer: JsonObject, state: str) -> None:
    facts, assumptions = count_of(answer, "facts"), count_of(answer, "assumptions")
    model = safe(text_of(answer, "model")) or "no model"
    if state == "stopped":
        note(dim("What was written so far is kept: aura prd new --resume goes on."))
        return
    told = [f"{plural(facts, 'statement')} with a source", f"{plural(assumptions, 'assumption')} to confirm", model]
    note(dim(" \u00b7 ".join(told)))
    if state == "written":
        note(dim("aura prd check shows what is open \u00b7 aura prd approve \u00b7 aura plan undo takes it back"))


def _section(one: Mapping[str, object]) -> str:
    problem = text_of(one, "problem")
    told = f"{plural(count_of(one, 'facts'), 'fact')}, {plural(count_of(one, 'assumptions'), 'assumption')}"
    by = coloured("model", "cyan") if text_of(one, "by") == "model" else "facts"
    mark = coloured(" !", "yellow") if problem else ""
    return f"  {cut(safe(text_of(one, 'title')), 36):<36}  {by:<5}  {dim(told)}{mark}"
