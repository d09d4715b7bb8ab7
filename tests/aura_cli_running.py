"""What the tests of the command line share with their fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

JsonObject = dict[str, object]


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> JsonObject:
        """The answer of a command that was run with `--json`."""
        value: object = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Aura = Callable[..., Ran]
