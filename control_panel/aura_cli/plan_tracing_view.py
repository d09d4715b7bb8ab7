"""How coverage and impact are printed."""

from __future__ import annotations

from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, coloured, cut, dim, plural, safe, table, width

__all__ = ["coverage_lines", "impact_lines"]

_GAPS: Final = {
    "no-story": "story", "no-task": "task", "no-criteria": "criteria", "no-test": "test",
    "criterion-without-test": "a criterion's test", "no-code": "code", "no-requirement": "requirement",
}  # fmt: skip
_MOST_NAME: Final = 26


def coverage_lines(answer: JsonObject) -> list[str]:
    """The matrix as a table."""
    rows = objects_of(answer, "rows")
    if not rows:
        return [safe(text_of(answer, "reason"))] if text_of(answer, "reason") else ["Nothing is missing."]
    heads = ["REQUIREMENT", "STORIES", "TASKS", "CRITERIA", "TESTS", "CODE", "MISSING", "TITLE"]
    cells = [_cells(row) for row in rows]
    used = sum(max(len(row[at]) for row in [heads, *cells]) + 2 for at in range(len(heads) - 1))
    room = max(12, width() - used)
    for row in cells:
        row[-1] = cut(row[-1], room)
        row[-2] = coloured(row[-2], "red") if row[-2] else row[-2]
    total = f"{count_of(answer, 'covered')} of {plural(count_of(answer, 'requirements'), 'requirement')} complete"
    missing = " · ".join(f"{number} without {_GAPS.get(gap, gap)}" for gap, number in object_of(answer, "gaps").items())
    return [*table(heads, cells, right=(1, 2, 3, 4, 5)), dim(" · ".join(one for one in (total, missing) if one))]


def _cells(row: JsonObject) -> list[str]:
    name = safe(text_of(row, "name"))
    short = name if len(name) <= _MOST_NAME else f"…{name[-_MOST_NAME + 1 :]}"
    done = " ✓" if flag_of(row, "done") else ""
    return [
        f"{short}{done}", str(len(texts_of(row, "stories"))), str(len(texts_of(row, "tasks"))),
        f"{count_of(row, 'tested')}/{count_of(row, 'criteria')}", str(count_of(row, "tests_total")),
        str(count_of(row, "code_total")), ", ".join(_GAPS.get(gap, gap) for gap in texts_of(row, "gaps")),
        safe(text_of(row, "title")),
    ]  # fmt: skip


def impact_lines(answer: JsonObject) -> list[str]:
    """What is at risk, and the files."""
    lines = [bold(safe(text_of(answer, "subject")))]
    if text_of(answer, "reason"):
        lines.append(safe(text_of(answer, "reason")))
    for one in objects_of(answer, "risks"):
        name = " ".join(
            part for part in (text_of(one, "kind"), safe(text_of(one, "name")) or text_of(one, "id")) if part
        )
        head = f"{number_of(one, 'certain'):4.0%}  {name}  "
        lines.append(f"{head}{cut(safe(text_of(one, 'title')), max(20, width() - len(head)))}")
        lines += [dim(f"      {safe(reason)}") for reason in texts_of(one, "path")]
    more = count_of(answer, "total") - len(objects_of(answer, "risks"))
    if more > 0:
        lines.append(dim(f"{more} more: -n"))
    files = objects_of(answer, "files")
    if files:
        lines += ["", bold("Files")]
        lines += [f"  {safe(text_of(one, 'path'))}  {dim(safe(text_of(one, 'why')))}" for one in files]
    return lines
