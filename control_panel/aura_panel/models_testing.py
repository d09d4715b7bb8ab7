"""Self-tests of models: they take minutes, so they are asked about until they are done."""

from __future__ import annotations

import asyncio
from typing import Final

from aura_panel.link import Link
from aura_shared.bus import ProgressHandler
from aura_shared.errors import NotReady
from aura_shared.messages.core import Progress
from aura_shared.messages.models import TestModel as SelfTest

__all__ = ["how_far", "until_tested"]

ASK_AGAIN_S: Final = 0.5
"""Pause before a test that goes on is asked about again."""
TEST_TIMEOUT_S: Final = 60.0


async def until_tested(link: Link, model: str, on_progress: ProgressHandler) -> None:
    """Wait until a model is tested; a cancelled wait ends the test too.

    Raises:
        AuraError: The test failed.
    """
    while True:
        try:
            await link.ask(SelfTest(model=model), timeout_s=TEST_TIMEOUT_S, on_progress=on_progress)
        except NotReady:  # The service itself waited before it said so.
            await asyncio.sleep(ASK_AGAIN_S)
        else:
            return


def how_far(progress: Progress) -> str:
    """How far a test is, in a line."""
    of = f" of {progress.total}" if progress.total else ""
    return f"Testing: {progress.done}{of} questions asked; now {progress.note or 'the next'}"
