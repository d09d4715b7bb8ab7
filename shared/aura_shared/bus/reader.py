"""One listener's place in the journal, and its bounded queue between the socket thread and the event loop.

A reader is complete as long as it has taken every journalled event up to `position`. Whatever breaks that (a lost
message, a full queue, a restart of the broker) leaves `position` behind; the missing part is then asked for as pages
of the journal. So there is one way to recover, however the gap came about.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from aura_shared.bus import wire

MOST_EVENTS: Final = 1024
MOST_BYTES: Final = 8 << 20
ROOM_FOR_PAGE: Final = 512
"""A page is asked for only while this much of the queue is free; it is the broker's page size."""


class Reader:
    """What a listener wants and how far it is.

    The socket thread puts, the event loop takes; `position`, `token` and `asked_at` belong to the socket thread alone.

    Args:
        durable: Journalled types that it wants.
        passing: Ephemeral types that it wants.
        since: Start after this seq; without it, with the last values and then what comes.
    """

    def __init__(self, durable: Iterable[str], passing: Iterable[str], since: int | None) -> None:
        self.durable = frozenset(durable)
        self.passing = frozenset(passing)
        self.position = since
        """Everything up to here was taken; None until the first page came."""
        self.token = 0
        """The page that is awaited; 0 for none."""
        self.asked_at = 0.0
        """When that page was asked for."""
        self.started = threading.Event()
        """Set once the place in the journal is known, or does not matter."""
        self.arrived = asyncio.Event()
        """Set in the event loop when there is something to take."""
        self.closed = False
        self._queue: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._starved = False
        self._lock = threading.Lock()
        if since is not None or not self.durable:
            self.started.set()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def has_room(self) -> bool:
        """Whether a page fits."""
        return len(self._queue) <= MOST_EVENTS - ROOM_FOR_PAGE and self._bytes <= MOST_BYTES // 2

    def put(self, seq: int, raw: bytes, *, always: bool = False) -> bool:
        """Queue an event; false when the queue is full, and then `take` tells when there is room again."""
        with self._lock:
            if not always and (len(self._queue) >= MOST_EVENTS or self._bytes >= MOST_BYTES):
                self._starved = True
                return False
            self._queue.append((seq, raw))
            self._bytes += len(raw)
            return True

    def starve(self) -> None:
        """Have `take` tell when there is room."""
        with self._lock:
            self._starved = True

    def take(self) -> tuple[int, bytes, bool] | None:
        """The oldest event, and whether the socket thread should be told that there is room again."""
        with self._lock:
            if not self._queue:
                return None
            seq, raw = self._queue.popleft()
            self._bytes -= len(raw)
            hungry = self._starved and self.has_room
            if hungry:
                self._starved = False
            return seq, raw, hungry

    def live(self, seq: int, kind: str, raw: bytes) -> bool:
        """Take a journalled event as it was published; false when something before it is missing, or it did not fit."""
        if self.position is None or seq <= self.position:
            return True
        if seq != self.position + 1 or (kind in self.durable and not self.put(seq, raw)):
            return False
        self.position = seq
        return True

    def take_page(self, page: wire.Page, events: Sequence[bytes]) -> None:
        """Take a page of the journal."""
        first = self.position is None
        begun_anew = page.lost and page.head < (self.position or 0)
        behind = -1 if self.position is None or begun_anew else self.position
        for seq, raw in zip(page.seqs, events, strict=True):
            if seq <= behind:
                continue
            if not self.put(seq, raw, always=first):
                self.position = seq - 1
                return
        self.position = max(behind, page.upto)

    def lag(self, head: int) -> int:
        """Events between `head` and the last one that was handed out."""
        with self._lock:
            queued = next((seq for seq, _ in self._queue if seq), None)
        if queued is not None:
            return max(0, head - queued + 1)
        return 0 if self.position is None or not self.durable else max(0, head - self.position)
