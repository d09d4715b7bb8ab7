"""Show what was proposed: the change, what it was held to, what a model had to do with it, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aura_cli.answers import JsonObject, count_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.commands.findings import diff_lines
from aura_cli.passages import place
from aura_cli.screen import bold, coloured, cut, dim, note, out, out_json, plural, safe, seconds, table, width
from aura_shared.projects import Project

_MOST_DIFF: Final = 60
_OUTCOMES: Final = {"passed": "green", "failed": "red", "skipped": "yellow"}


def show_proposal(answer: JsonObject, target: Project, *, as_json: bool) -> None:
    """Print a proposed change and what to do next, or why there is none."""
    if as_json:
        out_json(answer)
        return
    change = object_of(answer, "change")
    if text_of(answer, "text"):
        out(safe(text_of(answer, "text")))
    if change:
        for line in change_lines(change, Path(target.root)):
            out(line)
    for line in check_lines(objects_of(answer, "checks")):
        out(line)
    close_use(answer)
    if change:
        name = text_of(change, "id")
        note(f"{dim('next:')}  aura changes show {name}  ·  aura changes accept {name}  ·  aura changes apply {name}")


def change_lines(change: JsonObject, root: Path) -> list[str]:
    """A change, ready to print: its identifier, its files, and the beginning of its diff."""
    added, removed = count_of(change, "added"), count_of(change, "removed")
    size = f"  {coloured(f'+{added}', 'green')} {coloured(f'-{removed}', 'red')}" if added or removed else ""
    lines = [f"{bold(text_of(change, 'id'))}  {safe(text_of(change, 'title'))}{size}"]
    diffs: list[str] = []
    for file in objects_of(change, "files"):
        was = f" (was {safe(text_of(file, 'moved_from'))})" if text_of(file, "moved_from") else ""
        hunks = objects_of(file, "hunks")
        shown = coloured(place(root, text_of(file, "path")), "cyan")
        lines.append(f"  {text_of(file, 'kind')}  {shown}{was}  {dim(plural(len(hunks), 'hunk'))}")
        for hunk in hunks:
            diffs += diff_lines(text_of(hunk, "diff").rstrip("\n"))
    if diffs:
        more = [dim(f"… {len(diffs) - _MOST_DIFF} more lines")] if len(diffs) > _MOST_DIFF else []
        lines += ["", *diffs[:_MOST_DIFF], *more]
    return lines


def check_lines(checks: Sequence[JsonObject]) -> list[str]:
    """What a change was held to, as a table."""
    if not checks:
        return []
    rows = [
        (
            coloured(text_of(one, "outcome"), _OUTCOMES.get(text_of(one, "outcome"), "white")),
            text_of(one, "name"),
            seconds(number_of(one, "seconds")) if number_of(one, "seconds") else "",
            text_of(one, "sandbox"),
            cut(safe(" ".join(text_of(one, "detail").split())), max(20, width() - 45)),
        )
        for one in checks
    ]
    return ["", *table(("OUTCOME", "CHECK", "TIME", "SANDBOX", "DETAIL"), rows)]


def close_use(answer: JsonObject) -> None:
    """Print the part that a model had in an answer."""
    use = object_of(answer, "use")
    for told in texts_of(use, "notes"):
        note(dim(safe(told)))
    model = text_of(use, "model")
    if model:
        tokens = f"{count_of(use, 'tokens_in'):,} + {count_of(use, 'tokens_out'):,} tokens"
        calls = plural(count_of(use, "calls"), "call")
        note(dim(safe(f"{model} · {calls} · {tokens} · {seconds(number_of(use, 'seconds'))}")))
        return
    why = text_of(use, "why_not")
    if why:
        note(dim(safe(f"no model: {why}")))
    if why and text_of(use, "would_add"):
        note(dim(safe(text_of(use, "would_add"))))
