"""`aura plan next`, `order`, `graph`: what to do now and why, the order of everything, and what waits for what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options, write_picture
from aura_cli.plan_order_view import graph_lines, notice_lines, order_lines, order_table
from aura_cli.screen import dim, note, out, out_json, plural, safe
from aura_shared.errors import Conflict, UsageProblem

__all__ = ["ORDER_COMMANDS"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_PRESETS: Final = ("wsjf", "rice", "moscow", "value-effort", "document")
_MOST_PAGES: Final = 10_000
_WEIGHING: Final = (
    click.option(
        "--preset",
        type=click.Choice(_PRESETS),
        help="How work is weighed; default: plan.order_by of the settings.",
    ),
    click.option("-w", "--workers", type=click.IntRange(1, 1000), help="How many work at once; default: plan.workers."),
    click.option("--in", "parent", default="", metavar="ITEM", help="Only what belongs to this item."),
    click.option("--explain", is_flag=True, help="Say as well what would change each place."),
    click.option("--proposed", is_flag=True, help="Let proposed dependencies count as well."),
    click.option("--today", default="", metavar="DAY", help="Day from which due dates are counted."),
)


def _weighing(command: CommandT) -> CommandT:
    for option in reversed(_WEIGHING):
        command = option(command)
    return command


@click.command(
    "next", cls=WithExamples, examples=["aura plan next", "aura plan next -n 3 --workers 2", "aura plan next --explain"]
)
@click.option("-n", "--n", "limit", type=click.IntRange(1, 500), default=5, show_default=True, help="Most items.")
@_weighing
@plan_options
def next_command(*, limit: int, project: str | None, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 - click's own
    """Show what to do now, best first, and why. Dependencies and gates hold."""
    answer, rows = _pages("next", _body(asked), limit, project)
    if as_json:
        out_json({**answer, "rows": rows})
        return
    shown: JsonObject = {**answer, "rows": rows}
    if not rows:
        out(safe(text_of(answer, "reason")))
    for line in order_lines(shown, explain=bool(asked["explain"])):
        out(line)
    _tell(answer, len(rows))


@click.command(
    "order", cls=WithExamples, examples=["aura plan order", "aura plan order --explain --preset moscow --in epic-1"]
)
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Most items.")
@_weighing
@plan_options
def order_command(*, limit: int, project: str | None, as_json: bool, **asked: Any) -> int:  # noqa: ANN401 - click's own
    """Show everything that is open in its order. Exit code 1 when items wait for one another in a circle."""
    answer, rows = _pages("order", _body(asked), limit, project)
    shown: JsonObject = {**answer, "rows": rows}
    if as_json:
        out_json(shown)
        return _code(answer)
    if not rows:
        out(safe(text_of(answer, "reason")))
    elif asked["explain"]:
        for line in order_lines(shown, explain=True):
            out(line)
    else:
        for line in order_table(shown):
            out(line)
    _tell(answer, len(rows))
    return _code(answer)


def _body(asked: dict[str, Any]) -> JsonObject:
    body: JsonObject = {key: asked[key] for key in ("preset", "parent", "explain", "proposed", "today")}
    return {**body, "workers": asked["workers"] or 0}


def _code(answer: JsonObject) -> int:
    return 1 if objects_of(answer, "circles") else 0


def _tell(answer: JsonObject, shown: int) -> None:
    """What a person should know besides, on standard error."""
    if not count_of(answer, "open") and not shown:
        return
    for line in notice_lines(answer):
        note(line)
    more = count_of(answer, "total") - shown
    if more > 0:
        note(dim(f"{plural(more, 'more item')}: -n"))


def _pages(route: str, body: JsonObject, limit: int, project: str | None) -> tuple[JsonObject, list[JsonObject]]:
    """The first page, and the rows of all pages."""
    rows: list[JsonObject] = []
    first: JsonObject = {}
    start = 0
    for _ in range(_MOST_PAGES):
        page: JsonObject = {**body, "start": start, "limit": min(500, limit - len(rows)), "budget": 100_000}
        answer = ask_plan(route, page, project)
        first = first or answer
        rows += objects_of(answer, "rows")
        start = count_of(answer, "next")
        if not start or len(rows) >= limit:
            return {**first, "next": start}, rows
    raise UsageProblem("the order has too many pages")


@click.command(
    "graph",
    cls=WithExamples,
    examples=["aura plan graph", "aura plan graph --html plan.html", "aura plan graph --in epic-1 --svg epic-1.svg"],
)
@click.option("--html", "html", type=click.Path(path_type=Path), help="Write a page with the picture to this file.")
@click.option("--svg", "svg", type=click.Path(path_type=Path), help="Write the picture to this file.")
@click.option("--in", "parent", default="", metavar="ITEM", help="Only what belongs to this item, with what it needs.")
@click.option("--critical", is_flag=True, help="Only the critical path.")
@click.option(
    "--by",
    type=click.Choice(["auto", "item", "story", "epic"]),
    default="auto",
    show_default=True,
    help="What a box stands for; auto draws a large plan by story or epic.",
)
@click.option("-f", "--force", is_flag=True, help="Write over a file that is there.")
@plan_options
def graph_command(
    *,
    html: Path | None,
    svg: Path | None,
    parent: str,
    critical: bool,
    by: str,
    force: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Show what waits for what: as lines, or as a picture that needs nothing else and follows light and dark.

    ✓ done, ▶ in progress, ● ready, ○ waits, ↻ waits for itself; ◆ marks the critical path.
    """
    files = [(form, file) for form, file in (("html", html), ("svg", svg)) if file is not None]
    for _, file in files:
        if file.exists() and not force:
            raise Conflict(f"{file} is there already", hint="--force writes over it.")
    body: JsonObject = {"parent": parent, "critical": critical, "by": by}
    answer: JsonObject = {}
    for form, file in files:
        answer = ask_plan("graph", {**body, "form": form}, project)
        write_picture(file, text_of(answer, "picture"))
    if not files:
        answer = ask_plan("graph", body, project)
    if as_json:
        out_json({key: value for key, value in answer.items() if key != "picture" or not files})
        return
    if reason := text_of(answer, "reason"):
        out(safe(reason))
    for line in graph_lines(objects_of(answer, "nodes")):
        out(line)
    for one in texts_of(answer, "notices"):
        note(dim(safe(one)))
    for _, file in files:
        note(f"written: {safe(str(file))}")


ORDER_COMMANDS: Final = (next_command, order_command, graph_command)
"""All of them."""
