"""What agents may do only after a person said yes, and where that yes is kept until it is used."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Final

from aura_shared.errors import Conflict, NotFound
from aura_shared.messages.approvals import Approval, ApprovalDecision, ApprovalList
from aura_shared.messages.core import now_iso

__all__ = ["Approvals", "approval_key"]

VALID_S: Final = 600.0
"""A question, and a yes that is not used, is forgotten after this time."""
_MOST: Final = 100
_ID_DIGITS: Final = 8


def approval_key(tool: str, arguments: Mapping[str, object]) -> str:
    """Tells a call by what it would do: another argument needs another yes."""
    text = json.dumps([tool, arguments], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Approvals:
    """Questions to a person; in memory only, so a restart asks again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, tuple[float, Approval]] = {}

    def ask(self, key: str, tool: str, summary: str, *, project: str, client: str) -> tuple[Approval, bool]:
        """The question for a call, and whether it is new."""
        self._forget_old()
        known = self._asked.get(key)
        if known is not None:
            return known[1], False
        while len(self._asked) >= _MOST:
            del self._asked[next(iter(self._asked))]
        asked = Approval(
            id=key[:_ID_DIGITS], tool=tool, summary=summary, project=project, client=client, asked_at=now_iso()
        )
        self._asked[key] = (self._clock(), asked)
        return asked, True

    def take(self, key: str) -> ApprovalDecision:
        """What was decided on a call; a decision counts once."""
        self._forget_old()
        known = self._asked.get(key)
        if known is None:
            return "open"
        if known[1].decision != "open":
            del self._asked[key]
        return known[1].decision

    def decide(self, identity: str, *, approve: bool) -> Approval:
        """Say yes or no.

        Raises:
            NotFound: There is no such question, or it is too old.
            Conflict: The identifier stands for several, or it is decided.
        """
        self._forget_old()
        found = [key for key in self._asked if identity and key.startswith(identity)]
        if len(found) != 1:
            if found:
                raise Conflict(f"{identity!r} stands for {len(found)} questions", hint="Give more characters.")
            raise NotFound(
                f"nothing waits for approval as {identity!r}", hint="`aura approve` lists what waits, for ten minutes."
            )
        _, asked = self._asked[found[0]]
        if asked.decision != "open":
            raise Conflict(f"{asked.id} is {asked.decision} already", hint="Nothing more is needed.")
        decided = asked.model_copy(update={"decision": "approved" if approve else "denied"})
        self._asked[found[0]] = (self._clock(), decided)
        return decided

    def list(self) -> ApprovalList:
        """What waits, the oldest first."""
        self._forget_old()
        waiting = [asked for _, asked in self._asked.values() if asked.decision == "open"]
        return ApprovalList(approvals=waiting)

    def _forget_old(self) -> None:
        now = self._clock()
        for key in [key for key, (at, _) in self._asked.items() if now - at > VALID_S]:
            del self._asked[key]
