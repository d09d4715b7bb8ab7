"""A supervisor with a process table of its own: `python toy_daemon.py JSON`, started by the tests."""

from __future__ import annotations

import asyncio
import json
import sys

from aura_shared.errors import AuraError
from aura_shared.layers import read_layers
from aura_shared.paths import find_paths
from aura_shared.processes import ProcessSpec
from aura_supervisor import settings_in_force
from aura_supervisor.daemon import Daemon
from aura_supervisor.restarts import Policy

if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    settings_in_force.WATCH_INTERVAL_S = wanted["watch_s"]
    table = [ProcessSpec(**row) for row in wanted["table"]]
    policy = Policy(**wanted["policy"]) if "policy" in wanted else None
    try:
        asyncio.run(Daemon(find_paths(), read_layers(), table=table, policy=policy, announce=wanted["announce"]).run())
    except AuraError as error:
        sys.stderr.write(error.message + "\n")
        sys.exit(error.exit_code)
