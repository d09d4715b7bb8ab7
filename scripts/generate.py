"""Runs every script that writes a generated page or schema, or checks that all of them are current.

usage: python scripts/generate.py [--check]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Call each `export_*.py` beside this file with the same arguments; returns 1 when one of them fails."""
    failed = 0
    for script in sorted(HERE.glob("export_*.py")):
        done = subprocess.run([sys.executable, str(script), *arguments], check=False, cwd=HERE.parent)
        if done.returncode:
            print(f"{script.name}: exit code {done.returncode}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
