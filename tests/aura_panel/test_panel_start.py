"""What is loaded before the first picture."""

from __future__ import annotations

import subprocess
import sys


def test_the_first_picture_waits_for_no_messages() -> None:
    code = "import sys, aura_panel.main, aura_panel.app, aura_panel.views.home; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "aura_panel.views.home" in loaded
    assert not [name for name in loaded if name.partition(".")[0] == "pydantic" or name.startswith("aura_shared.mess")]
