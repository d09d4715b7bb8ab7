"""`aura plan coverage`, `aura plan impact`: from requirements to code and back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_tracing_view import coverage_lines, impact_lines
from aura_cli.screen import dim, note, out, out_json, safe
from aura_shared.errors import Conflict, UsageProblem

__all__ = ["TRACING_COMMANDS"]

_MOST_PAGES: Final = 10_000


@click.command(
    "coverage",
    cls=WithExamples,
    examples=["aura plan coverage", "aura plan coverage --gaps", "aura plan coverage --html coverage.html"],
)
@click.option("--gaps", is_flag=True, help="Only what lacks something.")
@click.option(
    "--html", "html", type=click.Path(path_type=Path), help="Write a page with the whole matrix to this file."
)
@click.option("-f", "--force", is_flag=True, help="Write over a file that is there.")
@plan_options
def coverage_command(*, gaps: bool, html: Path | None, force: bool, project: str | None, as_json: bool) -> int:
    """Show which requirement has which stories, tasks, tests and code. Exit code 1 when something is missing."""
    if html is not None and html.exists() and not force:
        raise Conflict(f"{html} is there already", hint="--force writes over it.")
    answer = _pages({"gaps_only": gaps, "form": "html" if html else ""}, project)
    if html is not None:
        try:
            html.write_text(text_of(answer, "picture"), encoding="utf-8")
        except OSError as error:
            raise UsageProblem(f"cannot write {html}: {error.strerror or error}", hint="Check the folder.") from error
        note(f"written: {safe(str(html))}")
    if as_json:
        out_json({key: value for key, value in answer.items() if key != "picture"})
    else:
        for line in coverage_lines(answer):
            out(line)
        for one in texts_of(answer, "notices"):
            note(dim(safe(one)))
    return 1 if object_of(answer, "gaps") else 0


def _pages(body: JsonObject, project: str | None) -> JsonObject:
    first = ask_plan("coverage", {**body, "limit": 500}, project)
    rows, start = objects_of(first, "rows"), count_of(first, "next")
    for _ in range(_MOST_PAGES):
        if not start:
            return {**first, "rows": rows, "next": 0}
        page = ask_plan("coverage", {**body, "form": "", "limit": 500, "start": start}, project)
        rows += objects_of(page, "rows")
        start = count_of(page, "next")
    raise UsageProblem("the matrix has too many pages")


@click.command(
    "impact",
    cls=WithExamples,
    examples=["aura plan impact src/cart.py", "aura plan impact Cart.total", "aura plan impact US-004"],
)
@click.argument("subject")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most entries.")
@plan_options
def impact_command(*, subject: str, limit: int, project: str | None, as_json: bool) -> None:
    """Show what a change of a file or symbol puts at risk; of an item, which files it will touch and with whom."""
    answer = ask_plan("impact", {"subject": subject, "limit": limit}, project)
    if as_json:
        out_json(answer)
        return
    for line in impact_lines(answer):
        out(line)
    for one in texts_of(answer, "notices"):
        note(dim(safe(one)))


TRACING_COMMANDS: Final = (coverage_command, impact_command)
"""All of them."""
