"""`aura doctor`: check the installation, and say what to do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from aura_cli.checks import run_checks
from aura_cli.examples import WithExamples
from aura_cli.screen import bold, dim, out, out_json, plural, safe, state
from aura_shared.paths import find_paths


@click.command(cls=WithExamples, examples=["aura doctor", "aura doctor --json"])
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def doctor(*, as_json: bool) -> int:
    """Check this installation and say what to do about what is wrong.

    The exit code is 1 when a check fails; warnings do not count.
    """
    checks = run_checks(find_paths(), Path.cwd())
    failed = sum(check.verdict == "fail" for check in checks)
    warned = sum(check.verdict == "warn" for check in checks)
    if as_json:
        out_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
        return 1 if failed else 0
    longest = max(len(check.name) for check in checks)
    for check in checks:
        out(f"{state(check.verdict, check.verdict.ljust(4))}  {bold(check.name.ljust(longest))}  {safe(check.found)}")
        if check.todo and check.verdict != "ok":
            out(f"{'':{longest + 6}}  {dim('→ ' + safe(check.todo))}")
    out()
    if failed or warned:
        out(f"{plural(failed, 'failure')}, {plural(warned, 'warning')}.")
    else:
        out("Everything is in order.")
    return 1 if failed else 0
