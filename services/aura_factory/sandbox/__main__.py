"""Tries the sandbox and prints what was found as JSON: `python -P -m aura_factory.sandbox [TIER]`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Final

from aura_factory.sandbox.probing import Wanted, probe

_WANTED: Final[dict[str, Wanted]] = {"auto": "auto", "bwrap": "bwrap", "landlock": "landlock"}


def main() -> int:
    """Try the tier of the first argument; the exit code is 1 when nothing can confine code here."""
    found = probe(_WANTED.get(sys.argv[1] if len(sys.argv) > 1 else "auto", "auto"))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 1 if found.tier == "none" else 0


if __name__ == "__main__":
    sys.exit(main())
