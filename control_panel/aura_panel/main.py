"""Starts the panel in this terminal."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aura_panel.catalogue import VIEWS
from aura_panel.leaving import Threads, leave
from aura_panel.preferences import settings_or_defaults, theme_of_settings
from aura_panel.themes import THEMES
from aura_shared.collecting import without_collection
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.paths import find_paths

if TYPE_CHECKING:
    from aura_panel.app import PanelApp
    from aura_panel.link import Link

LEAVE_S = 5.0
"""How long leaving after a signal may take."""
_COLLECT = (5_000, 10, 20)
"""Thresholds of the garbage collector. Textual makes a thousand objects in cycles with each key: with the usual ones
a full collection, 40 to 100 ms, came each second while keys were pressed. What stays is not looked at again."""

__all__ = ["main", "open_link"]


def open_link() -> Link:
    """The way to the daemon of this installation, which need not run."""
    from aura_panel.link import Link  # noqa: PLC0415 - after the first picture
    from aura_shared.bus.zmq_bus import connect  # noqa: PLC0415 - after the first picture

    paths = find_paths().prepare()
    return Link(paths, connect("panel", paths, settings_or_defaults().bus))


def parser() -> argparse.ArgumentParser:
    """The options; `aura panel` has the same."""
    made = argparse.ArgumentParser(prog="aura panel", description="The control panel.")
    made.add_argument("--view", choices=[entry.name for entry in VIEWS], default="home", help="The view to begin with.")
    made.add_argument("--theme", choices=list(THEMES), help="Its colours, instead of those of the settings.")
    made.add_argument("--project", default="", help="The project to begin with.")
    made.add_argument("--plain", action="store_true", help="Lines instead of a screen, for screen readers.")
    made.add_argument("--web", action="store_true", help="Serve it to a browser of this machine.")
    made.add_argument("--port", type=int, default=0, help="Where --web listens; any free port without it.")
    return made


def main(arguments: Sequence[str]) -> int:
    """Run the panel until it is left; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.plain:
            from aura_panel.plain import main_plain  # noqa: PLC0415 - loads the messages

            return main_plain(open_link)
        if options.web:
            from aura_panel.web.server import serve  # noqa: PLC0415 - loads a web server

            return serve(_options_of_tabs(options), options.port)
        if not (_in_browser() or (sys.stdin.isatty() and sys.stdout.isatty())):
            raise UsageProblem(
                "the panel needs a terminal",
                hint="`aura panel --plain`, `aura panel --web`, `aura status` and `aura logs` work without one.",
            )
        with without_collection():
            from aura_panel.app import PanelApp  # noqa: PLC0415 - not for --help

        theme = options.theme or theme_of_settings()
        project = options.project or str(Path.cwd())
        app = PanelApp(open_link, view=options.view, theme=theme, project=project, keep=gc.freeze)
        gc.set_threshold(*_COLLECT)
        return asyncio.run(_run(app))
    except AuraError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code


def _in_browser() -> bool:
    """Whether a page shows what this process paints."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def _options_of_tabs(options: argparse.Namespace) -> list[str]:
    """What the panel of each tab is started with."""
    given = {"--view": options.view, "--theme": options.theme, "--project": options.project}
    return [part for name, value in given.items() if value for part in (name, str(value))]


async def _run(app: PanelApp) -> int:
    """Run the panel; a signal leaves it as `q` does, so that the terminal is given back as it was."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, _leave, app, 128 + number)
    threads = Threads()
    loop.set_default_executor(threads)
    await app.run_async()
    return leave(threads, app.return_code or 0)


def _leave(app: PanelApp, code: int) -> None:
    """Leave in good order; a panel whose terminal is gone may wait for it for ever, so it ends in any case."""
    last = threading.Timer(LEAVE_S, os._exit, (code,))
    last.daemon = True
    last.start()
    app.exit(None, code)
