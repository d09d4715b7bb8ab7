"""`aura prd`: the product requirements document."""

from __future__ import annotations

import click

from aura_cli.commands.plan_steps import approve_item
from aura_cli.examples import GroupWithExamples, WithExamples

__all__ = ["prd"]


@click.group(cls=GroupWithExamples, examples=["aura prd approve"])
def prd() -> None:
    """Work on the product requirements document."""


@prd.command(cls=WithExamples, examples=["aura prd approve", "aura prd approve --by 'Ada Lovelace'"])
@click.option("--by", default="", metavar="NAME", help="Who approves; default: the name that git knows.")
@click.option("--revoke", is_flag=True, help="Take the approval back.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def approve(*, by: str, revoke: bool, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Approve the PRD as its text is now; a later edit makes the approval outdated."""
    approve_item("prd", by=by, revoke=revoke, dry_run=dry_run, project=project, as_json=as_json)
