"""The version of the installed distribution."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["installed_version"]


@cache
def installed_version() -> str:
    """As its metadata says."""
    try:
        return version("aura-dev")
    except PackageNotFoundError:
        return "0+unknown"
