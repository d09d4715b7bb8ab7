"""Which services take in which settings, and what does not take effect at once. Only the standard library is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["PROJECT_SECTIONS", "TAKEN_IN", "counts_in_project", "services_for", "when_later"]

TAKEN_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "log": ("code", "models", "factory", "git", "planning", "gateway"),
    "supervisor": (),
    "bus": (),
    "code": ("code",),
    "findings": ("code",),
    "gateway": ("gateway",),
    "models": ("models", "factory"),
    "checks": (),
    "sandbox": ("factory",),
    "changes": ("factory",),
    "git": ("git",),
    "plan": ("planning",),
    "network": ("code", "models", "git"),
    "panel": (),
}
"""For each section the services that are started anew to take it in. The supervisor takes in its own at once, `checks`
are read at each use, and what concerns the bus and the control panel is told by `when_later`."""

PROJECT_SECTIONS: Final = ("code", "findings", "checks", "plan")
"""Sections of which a project's `.aura/config.toml` is read; what it says of others has no effect on the services."""

_USER_ONLY_THERE: Final = frozenset(
    {"code.semantic_model", "findings.tools", "findings.run_project_tools", "findings.advisories"}
)
"""Settings of these sections that count in the user's file only."""

_LATER: Final[Mapping[str, str]] = {
    "bus": "every process has it from its start: run `aura down`, then `aura up`",
    "log": "the bus keeps the former value until `aura restart bus`",
    "panel": "a control panel that is open takes it in when it is opened again",
}


def services_for(keys: Iterable[str]) -> list[str]:
    """The services that have to take in these settings, in the order of the process table.

    Args:
        keys: Settings as section and name with a dot, or sections.
    """
    sections = {key.partition(".")[0] for key in keys}
    wanted = {service for section in sections for service in TAKEN_IN.get(section, ())}
    return [service for service in _ORDER if service in wanted]


def when_later(key: str, *, in_project: bool = False) -> str:
    """Why a changed setting does not hold everywhere at once, and what helps; empty when it does.

    Args:
        key: The setting.
        in_project: Whether it was changed in a project's file.
    """
    if in_project:
        if counts_in_project(key):
            return ""
        return "a project's file has no effect on it: set it in your own"
    return _LATER.get(key.partition(".")[0], "")


def counts_in_project(key: str) -> bool:
    """Whether the services heed what a project's `.aura/config.toml` says of a setting."""
    return key.partition(".")[0] in PROJECT_SECTIONS and key not in _USER_ONLY_THERE


_ORDER: Final = TAKEN_IN["log"]
