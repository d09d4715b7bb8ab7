"""What the parts of this service share: projects, settings, and a way to tell others."""

from __future__ import annotations

from pathlib import Path

from aura_shared.desk import Desk
from aura_shared.projects import Project
from aura_shared.settings import PlanSettings, load_settings

__all__ = ["PlanDesk"]


class PlanDesk(Desk):
    """Handed to every part of the service."""

    @staticmethod
    def settings_of(project: Project) -> PlanSettings:
        """What holds for a project: its own file counts.

        Raises:
            SettingsError: A settings file is wrong.
        """
        return load_settings(Path(project.root)).plan
