"""Which tests reach what a merge changes, as the code service knows; bounded, and never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from aura_shared.bus import Bus
from aura_shared.errors import AuraError, NotFound
from aura_shared.messages.structure import FindTests

__all__ = ["tests_reached"]

_MOST_PATHS: Final = 8
_MOST_FILES: Final = 20
_LIMIT_S: Final = 3.0


async def tests_reached(bus: Bus, project: str, paths: Sequence[str]) -> tuple[list[str], str]:
    """Files of tests that reach some paths, the nearest first, and why more is not known; empty when it is.

    Args:
        bus: To ask the code service.
        project: Identifier.
        paths: What changes, relative to the project.
    """
    found: dict[str, None] = {}
    reasons: list[str] = []
    try:
        async with asyncio.timeout(_LIMIT_S):
            for path in paths[:_MOST_PATHS]:
                answer = await _ask(bus, project, path, reasons)
                found |= dict.fromkeys(answer)
    except TimeoutError:
        reasons.append(f"the code service did not answer within {_LIMIT_S:g} s")
    if len(paths) > _MOST_PATHS:
        reasons.append(f"only {_MOST_PATHS} of {len(paths)} changed files were looked at")
    return list(found)[:_MOST_FILES], reasons[0] if reasons else ""


async def _ask(bus: Bus, project: str, path: str, reasons: list[str]) -> list[str]:
    try:
        answer = await bus.request(FindTests(project=project, path=path), timeout_s=_LIMIT_S)
    except NotFound:
        return []  # nothing is defined there
    except AuraError as error:
        reasons.append(error.message)
        return []
    return list(answer.files)
