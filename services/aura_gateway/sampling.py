"""The model of an MCP client as the last resort: finds the call that a question of the models process belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aura_gateway.client_inputs import ClientInputs, InputNeeded
from aura_shared.bus import Context
from aura_shared.errors import NoModel
from aura_shared.messages.models import SampledText, SampleFromClient

__all__ = ["Open", "Sampling"]


@dataclass(eq=False, slots=True)
class Open:
    """A call of an MCP client that is being served."""

    inputs: ClientInputs
    """Way to its client."""
    needed: asyncio.Future[InputNeeded] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Done when the call has to end and to come again with an answer."""


class Sampling:
    """The calls that are being served, by their request id."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}

    @contextmanager
    def during(self, call: str, inputs: ClientInputs) -> Generator[Open]:
        """Let the models process reach the client of a call inside the block."""
        entry = Open(inputs)
        self._open[call] = entry
        try:
            yield entry
        finally:
            entry.needed.cancel()
            del self._open[call]

    async def answer(self, request: SampleFromClient, _context: Context) -> SampledText:
        """What the client's model says.

        Raises:
            NoModel: The call is over, its client has no model, or it answers with another call.
            ModelError: It gave something that is no answer.
        """
        entry = self._open.get(request.call)
        if entry is None:
            raise NoModel("the call did not come from an MCP client that is still there")
        try:
            return await entry.inputs.sample(request.turns, request.max_tokens)
        except InputNeeded as needed:
            if not entry.needed.done():
                entry.needed.set_result(needed)
            raise NoModel("the client's model answers with another call") from needed
