"""`aura panel`: the control panel, in a process of its own."""

from __future__ import annotations

import os
import sys

import click

from aura_cli.examples import WithExamples

_VIEWS = ("home", "log", "search", "findings", "changes", "plan", "git", "models", "settings")
_THEMES = ("dark", "light", "contrast-dark", "contrast-light")


@click.command(
    cls=WithExamples,
    examples=[
        "aura panel",
        "aura panel --view log",
        "aura panel --theme contrast-light",
        "aura panel --plain",
        "aura panel --web",
    ],
)
@click.option("--view", type=click.Choice(_VIEWS), help="The view to begin with.")
@click.option("--theme", type=click.Choice(_THEMES), help="Its colours, instead of those of the settings.")
@click.option("--project", help="The project to begin with; without it, the one around the working directory.")
@click.option("--plain", is_flag=True, help="Lines instead of a screen, for screen readers and simple terminals.")
@click.option("--web", is_flag=True, help="Serve it to a browser of this machine, behind a token; Ctrl-C ends it.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where --web listens; without it, any port that is free.")
def panel(
    *, view: str | None, theme: str | None, project: str | None, plain: bool, web: bool, port: int | None
) -> None:
    """Open the control panel: what Aura does, what needs you, and everything to do about it.

    It starts while Aura is down, and stays while Aura comes and goes. `?` in it shows the keys.
    """
    given = {"--view": view, "--theme": theme, "--project": project}
    options = [part for name, value in given.items() if value for part in (name, value)]
    options += ["--plain"] if plain else []
    options += ["--web"] if web else []
    options += ["--port", str(port)] if port is not None else []
    sys.stdout.flush()
    command = [sys.executable, "-P", "-m", "aura_panel", *options]
    os.execv(sys.executable, command)  # noqa: S606 - this very interpreter
