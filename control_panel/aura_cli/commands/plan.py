"""`aura plan`: documents, epics, stories and tasks."""

from __future__ import annotations

import click

from aura_cli.commands.plan_drift import DRIFT_COMMANDS
from aura_cli.commands.plan_exchange import EXCHANGE_COMMANDS
from aura_cli.commands.plan_forecast import FORECAST_COMMANDS
from aura_cli.commands.plan_items import ITEM_COMMANDS
from aura_cli.commands.plan_order import ORDER_COMMANDS
from aura_cli.commands.plan_parse import parse
from aura_cli.commands.plan_progress import PROGRESS_COMMANDS
from aura_cli.commands.plan_proposals import PROPOSAL_COMMANDS
from aura_cli.commands.plan_tracing import TRACING_COMMANDS
from aura_cli.examples import GroupWithExamples

__all__ = ["plan"]


@click.group(
    cls=GroupWithExamples,
    examples=["aura plan list", 'aura plan add story "Sign in" --parent epic-1', "aura plan resume", "aura plan undo"],
)
def plan() -> None:
    """Keep documents, epics, stories and tasks as Markdown files below `.ai/`."""


plan.add_command(parse)
for _command in EXCHANGE_COMMANDS:
    plan.add_command(_command)
for _command in (
    *ITEM_COMMANDS, *ORDER_COMMANDS, *FORECAST_COMMANDS, *PROPOSAL_COMMANDS, *DRIFT_COMMANDS, *TRACING_COMMANDS,
    *PROGRESS_COMMANDS,
):  # fmt: skip
    plan.add_command(_command)
