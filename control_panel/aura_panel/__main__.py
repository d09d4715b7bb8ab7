"""`python -m aura_panel`: what `aura panel` runs."""

from __future__ import annotations

import sys

from aura_panel.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
