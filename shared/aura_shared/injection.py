"""`containers` and `providers` of dependency-injector, for the container in each process's `__main__.py`.

Always import them from here: the library imports fastapi and pydantic-settings when they are installed, which costs
every process 0.8 CPU seconds and 14 MB for features that are not used.
"""

from __future__ import annotations

from aura_shared.lean_imports import without

with without("fastapi", "starlette", "pydantic_settings", "yaml"):
    from dependency_injector import containers, providers

__all__ = ["containers", "providers"]
