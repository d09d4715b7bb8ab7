"""`python -P -m aura_supervisor`: the daemon, in the foreground of its process. `aura up` starts it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from aura_shared.errors import AuraError, UsageProblem
from aura_shared.layers import read_layers
from aura_shared.paths import find_paths
from aura_supervisor.daemon import Daemon
from aura_supervisor.units import launchd_agent, systemd_unit

_UNITS: Final = {"launchd": launchd_agent, "systemd": systemd_unit}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="aura_supervisor", description="Starts Aura's services and keeps them running."
    )
    parser.add_argument("--project-root", type=Path, help="the project whose .aura/config.toml counts")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, for example log.level=debug"
    )
    parser.add_argument(
        "--print-unit", choices=sorted(_UNITS), help="print how the operating system starts Aura at login, and end"
    )
    options = parser.parse_args(arguments)
    if options.print_unit:
        environment = {name: os.environ[name] for name in ("AURA_HOME",) if name in os.environ}
        sys.stdout.write(_UNITS[options.print_unit](sys.executable, environment))
        return 0
    try:
        read = partial(read_layers, options.project_root, _flags(options.set))
        asyncio.run(Daemon(find_paths(), read(), reread=read).run())
    except AuraError as error:
        sys.stderr.write(f"aura: {error.message}\n{error.hint}\n")
        return error.exit_code
    except Exception:  # noqa: BLE001 - the outermost call of the process; there is no log file before the lock is held
        traceback.print_exc()
        return 1
    return 0


def _flags(settings: Sequence[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator or not key.strip():
            raise UsageProblem(f"a setting is written KEY=VALUE; found {setting!r}")
        flags[key.strip()] = value
    return flags


if __name__ == "__main__":
    sys.exit(main())
