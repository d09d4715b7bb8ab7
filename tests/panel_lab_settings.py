"""Settings files for tests of the panel."""

from __future__ import annotations

from pathlib import Path

from aura_shared.paths import find_paths
from panel_lab import PanelLab

USER_FILE = """\
# Mine.
[log]
level = "debug"  # while I look for something

[code]
exclude = ["dist", "[gen]"]

[models.roles]
code = ["ollama/qwen2.5-coder:7b"]
"""


def user_file(text: str = USER_FILE) -> Path:
    """The user's settings file with this text."""
    file = find_paths().prepare().user_settings
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def with_settings(lab: PanelLab) -> None:
    """A user's file."""
    del lab
    user_file()
