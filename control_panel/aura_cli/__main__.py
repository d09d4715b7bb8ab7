"""`python -m aura_cli` is the same as `aura`."""

from __future__ import annotations

import sys

from aura_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
