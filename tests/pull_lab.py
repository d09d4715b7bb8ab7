"""A shop whose remote is a forge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forge_standins import Forge
from git_https import HttpsServer
from git_lab import GitLab
from git_rig import GitRig


@dataclass
class Served:
    """The shop with its forge."""

    lab: GitLab
    server: HttpsServer
    forge: Forge
    rig: GitRig
    bare: Path
