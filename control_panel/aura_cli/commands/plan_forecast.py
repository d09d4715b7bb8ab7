"""`aura plan forecast` and `burnup`: when work is likely to be done, and how the plan went so far."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, objects_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options, write_picture
from aura_cli.plan_forecast_view import backtest_lines, burnup_lines, forecast_lines
from aura_cli.screen import dim, note, out, out_json, plural, safe
from aura_shared.errors import Conflict

__all__ = ["FORECAST_COMMANDS"]


@click.command(
    "forecast",
    cls=WithExamples,
    examples=["aura plan forecast", "aura plan forecast epic-1 --workers 2", "aura plan forecast --backtest"],
)
@click.argument("item", default="")
@click.option("-w", "--workers", type=click.IntRange(1, 1000), help="How many work at once; default: plan.workers.")
@click.option(
    "--runs", type=click.IntRange(100, 20_000), default=2000, show_default=True, help="How often the plan is done."
)
@click.option("--backtest", is_flag=True, help="Show how the same forecasts went in the past.")
@click.option("--today", default="", metavar="DAY", help="Day from which it is made.")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most items.")
@plan_options
def forecast_command(
    *,
    item: str,
    workers: int | None,
    runs: int,
    backtest: bool,
    today: str,
    limit: int,
    project: str | None,
    as_json: bool,
) -> None:
    """Show when ITEM or everything is likely to be done, from the plan's own past.

    P50 is the day that is as likely to be kept as not, P85 the one that should be kept in 85 of 100 cases.
    """
    body: JsonObject = {"item": item, "workers": workers or 0, "runs": runs, "backtest": backtest, "today": today}
    answer = ask_plan("forecast", {**body, "limit": limit, "budget": 50_000}, project)
    if as_json:
        out_json(answer)
        return
    for line in backtest_lines(answer) if backtest else forecast_lines(answer):
        out(line)
    more = count_of(answer, "total") - len(objects_of(answer, "rows"))
    if more > 0 and not backtest:
        note(dim(f"{plural(more, 'more item')}: -n"))


@click.command(
    "burnup",
    cls=WithExamples,
    examples=["aura plan burnup", "aura plan burnup --html burnup.html", "aura plan burnup --svg b.svg"],
)
@click.option("--html", "html", type=click.Path(path_type=Path), help="Write a page with the picture to this file.")
@click.option("--svg", "svg", type=click.Path(path_type=Path), help="Write the picture to this file.")
@click.option("-w", "--workers", type=click.IntRange(1, 1000), help="How many work at once; default: plan.workers.")
@click.option("--today", default="", metavar="DAY", help="Day from which it is made.")
@click.option("-f", "--force", is_flag=True, help="Write over a file that is there.")
@plan_options
def burnup_command(
    *,
    html: Path | None,
    svg: Path | None,
    workers: int | None,
    today: str,
    force: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Show what was done and what there was to do over time, and how it may go on."""
    files = [(form, file) for form, file in (("html", html), ("svg", svg)) if file is not None]
    for _, file in files:
        if file.exists() and not force:
            raise Conflict(f"{file} is there already", hint="--force writes over it.")
    answer: JsonObject = {}
    for form in [form for form, _ in files] or ["data"]:
        answer = ask_plan("burnup", {"form": form, "workers": workers or 0, "today": today}, project)
        for _, file in [one for one in files if one[0] == form]:
            write_picture(file, text_of(answer, "picture"))
    if as_json:
        out_json({key: value for key, value in answer.items() if key != "picture"})
        return
    for line in burnup_lines(answer):
        out(line)
    for _, file in files:
        note(f"written: {safe(str(file))}")


FORECAST_COMMANDS: Final = (forecast_command, burnup_command)
"""All of them."""
