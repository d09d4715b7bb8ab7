"""How imports and exports are printed."""

from __future__ import annotations

from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.plan_view import finding_line
from aura_cli.screen import bold, coloured, cut, dim, note, out, plural, safe, table, width

__all__ = ["show_export", "show_import"]

_COLOURS: Final = {"new": "green", "changed": "yellow", "kept": "red", "same": "bright_black"}
_MOST_KEPT: Final = 12


def show_import(answer: JsonObject, *, dry_run: bool) -> None:
    """What becomes of a source, what is kept elsewhere, what is wrong, and what to do next."""
    rows = [one for one in objects_of(answer, "items") if text_of(one, "what") != "same"]
    source = f"{text_of(answer, 'format')} {safe(text_of(answer, 'source'))}".strip()
    out(f"{bold(source)}  {dim(_counts(answer))}")
    if rows:
        room = max(16, width() - 58)
        lines = [
            [_what(one), cut(safe(text_of(one, "key")), 22), text_of(one, "kind"), _status(one),
             cut(_title(one), room)]
            for one in rows
        ]  # fmt: skip
        for line in table(("", "SOURCE", "KIND", "STATUS", "TITLE"), lines):
            out(line)
    total = sum(count for what, count in _numbers(answer).items() if not what.startswith("same"))
    if total > len(rows):
        out(dim(f"and {total - len(rows)} more: --limit"))
    _kept("Kept outside of fields of their own", objects_of(answer, "kept"))
    left = texts_of(answer, "left")
    if left:
        out("Stays in the source only:")
        for one in left[:_MOST_KEPT]:
            out(f"  {safe(one)}")
    for one in objects_of(answer, "findings"):
        out(finding_line(one))
    more = count_of(answer, "problems") - len(objects_of(answer, "findings"))
    if more > 0:
        out(dim(f"and {plural(more, 'more finding')}: --limit"))
    note(dim(_ending(answer, dry_run=dry_run)))


def _ending(answer: JsonObject, *, dry_run: bool) -> str:
    if flag_of(answer, "refused"):
        return "Nothing was written. Mend the source, or take it as it is with --lenient where ids or cycles are wrong."
    if dry_run:
        return "Nothing was written: this is what an import would do."
    if flag_of(answer, "done"):
        return f"Done. `aura plan undo {text_of(answer, 'operation')}` takes it back."
    return "There was nothing to change."


def _numbers(answer: JsonObject) -> dict[str, int]:
    counts = object_of(answer, "counts")
    return {what: count_of(counts, what) for what in counts}


def _counts(answer: JsonObject) -> str:
    """Such as `1 new epic · 12 same tasks`."""
    return " · ".join(f"{count} {what}" for what, count in _numbers(answer).items()) or "nothing"


def _what(one: JsonObject) -> str:
    what = text_of(one, "what")
    return coloured(what, _COLOURS.get(what, "white"))


def _status(one: JsonObject) -> str:
    status, was = text_of(one, "status"), safe(text_of(one, "was"))
    return status if was in {"", status} else f"{was.strip() or '[ ]'} -> {status or '?'}"


def _title(one: JsonObject) -> str:
    fields = ", ".join(texts_of(one, "fields"))
    return f"{safe(text_of(one, 'title'))}{f' ({fields})' if fields else ''}"


def _kept(title: str, found: list[JsonObject]) -> None:
    if not found:
        return
    out(f"{title}:")
    for one in found[:_MOST_KEPT]:
        out(f"  {count_of(one, 'count'):>5}  {safe(text_of(one, 'what'))}")
    if len(found) > _MOST_KEPT:
        out(dim(f"  and {len(found) - _MOST_KEPT} more: --json"))


def show_export(answer: JsonObject) -> None:
    """What is written, and what the format has no place for; beside a content that is printed, on the other stream."""
    if text_of(answer, "target"):
        diff = text_of(answer, "diff")
        if diff:
            out(safe(diff).rstrip("\n"))
        else:
            for one in objects_of(answer, "files"):
                out(f"{text_of(one, 'what'):>8}  {safe(text_of(one, 'path'))}")
    for one in objects_of(answer, "lost"):
        note(f"no place for {safe(text_of(one, 'what'))} ({plural(count_of(one, 'count'), 'item')})")
    for one in texts_of(answer, "notices"):
        note(safe(one))
    facts = [plural(count_of(answer, "items"), "item")]
    if text_of(answer, "target"):
        facts.append(plural(count_of(answer, "total"), "file"))
        facts.append("written" if flag_of(answer, "done") else "nothing written")
    if text_of(answer, "operation"):
        facts.append("`aura plan undo` takes the ids out of the plan again, not the files")
    note(dim(" · ".join(facts)))
