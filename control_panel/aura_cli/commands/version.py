"""`aura version`."""

from __future__ import annotations

import platform
import sys

import click

from aura_cli.examples import WithExamples
from aura_cli.screen import out, out_json


def installed_version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - reading metadata costs 20 ms

    try:
        return version("aura-dev")
    except PackageNotFoundError:
        return "0+unknown"


def version_line() -> str:
    """The version in one line."""
    return f"aura {installed_version()}"


@click.command(cls=WithExamples, examples=["aura version", "aura version --json"])
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def version(*, as_json: bool) -> None:
    """Show the version of Aura, and what it runs on."""
    if as_json:
        out_json({"version": installed_version(), "python": platform.python_version(), "executable": sys.executable})
        return
    out(f"{version_line()} (Python {platform.python_version()}, {platform.system()} {platform.machine()})")
