"""What the tests of the sandbox need of a machine, and the table that they print."""

from __future__ import annotations

import json
import os
import pwd
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from aura_factory.sandbox.bounds import find_tool
from aura_factory.sandbox.contract import Tier
from aura_factory.sandbox.probing import probe
from aura_factory.sandbox.running import ConfinedRunner

SETUP = "run scripts/sandbox_setup (as root, or with sudo)"
TABLE = "escape attempts"
COLUMNS = (("bare", "user"), ("bwrap", "user"), ("landlock", "user"), ("bwrap", "root"), ("landlock", "root"))


def missing(what: str) -> NoReturn:
    """Fail where the machine can be expected to be prepared, and skip where a developer just has not done it."""
    if os.environ.get("CI") or os.geteuid() == 0:
        pytest.fail(f"{what}: {SETUP}", pytrace=False)
    pytest.skip(f"{what}: {SETUP}")


def runner_of(tier: Tier) -> ConfinedRunner:
    """A runner of one tier; skips when the machine cannot have it, fails when it only was not set up."""
    if tier == "bwrap" and find_tool("bwrap") is None:
        missing("bubblewrap is not installed")
    found = probe("bwrap" if tier == "bwrap" else "landlock")
    if found.tier != tier:
        pytest.skip(f"{tier} cannot work on this machine: {'; '.join(found.reasons)}")
    return ConfinedRunner(found)


def ordinary_user() -> pwd.struct_passwd:
    """The user that root runs the attacks as."""
    name = os.environ.get("AURA_TEST_USER", "auralab")
    try:
        return pwd.getpwnam(name)
    except KeyError:
        missing(f"there is no ordinary user {name}")


def open_folder() -> Path:
    """A temporary folder that every user may pass; `tmp_path` is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="aura-sandbox-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def print_table(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what every attack came to, in every column that ran; for `pytest_terminal_summary`."""
    columns: dict[str, Mapping[str, str]] = {}
    for name, value in _properties(terminalreporter):
        columns[name.removeprefix(f"{TABLE}: ")] = json.loads(value)
    if not columns:
        return
    heads = [f"{tier} {who}" for tier, who in COLUMNS]
    rows = dict.fromkeys(row for column in columns.values() for row in column)
    terminalreporter.section(f"{TABLE} (stopped: nothing got out, seen from outside)")
    terminalreporter.write_line(f"{'':50}" + "".join(f"{head:>15}" for head in heads))
    for row in rows:
        cells = "".join(f"{columns.get(head, {}).get(row, 'not run'):>15}" for head in heads)
        terminalreporter.write_line(f"{row:50}{cells}")
    stopped = [
        f"{head} {sum(cell == 'stopped' for cell in columns[head].values())}/{len(columns[head])}"
        for head in heads
        if head in columns
    ]
    terminalreporter.write_line(f"stopped: {', '.join(stopped)}")


def _properties(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith(TABLE):
                    yield name, value
