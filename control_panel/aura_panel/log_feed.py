"""Log lines as they arrive over the bus: a thread of its own reads them, so that the screen is never held up.

The lines are ephemeral: what the broker or this socket could not take is lost on the bus and counted here, and is in
the log files anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import zmq

from aura_panel.log_ring import Arrival, arrival_of_line
from aura_shared.bus import wire
from aura_shared.bus.frames import receive_frames
from aura_shared.messages.services import LogLine
from aura_shared.paths import AuraPaths

__all__ = ["LogFeed"]

TOPIC: Final = wire.PASSING_TOPIC + LogLine.type.encode()
GATHER_S: Final = 0.012
"""Lines are read in groups: a wake-up for each of 5,000 lines a second would cost more than reading them."""
_POLL_MS: Final = 400
_HIGH_WATER: Final = 50_000
_MOST_AT_ONCE: Final = 20_000
_MOST_WAITING: Final = 200_000


class LogFeed:
    """Reads log lines until it is stopped.

    Args:
        paths: Where the broker listens; it need not run.
        arrived: Called from the feed's thread when lines wait and none did before.
    """

    def __init__(self, paths: AuraPaths, arrived: Callable[[], None]) -> None:
        self._paths = paths
        self._arrived = arrived
        self._lock = threading.Lock()
        self._waiting: list[Arrival] = []
        self._counts: dict[bytes, int] = {}
        self.lost = 0
        """Lines that did not arrive since the start."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="log feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self) -> list[Arrival]:
        """The lines that arrived since the last call, in the order of their arrival."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken

    def stop(self) -> None:
        """Stop, and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _read(self) -> None:
        context = zmq.Context[zmq.Socket[bytes]]()
        socket = context.socket(zmq.SUB)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RCVHWM, _HIGH_WATER)
            socket.setsockopt(zmq.RECONNECT_IVL, 50)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
            socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_FRAME_BYTES)
            socket.setsockopt(zmq.SUBSCRIBE, TOPIC)
            socket.connect(f"ipc://{self._paths.bus_out}")
            while not self._stop.is_set():
                if socket.poll(_POLL_MS):
                    self._take_in(_drained(socket))
                    time.sleep(GATHER_S)
        finally:
            socket.close()
            context.term()

    def _take_in(self, messages: list[list[bytes]]) -> None:
        arrivals: list[Arrival] = []
        for message in messages:
            if len(message) != 4 or message[0] != TOPIC:  # A topic that begins with ours, or a newer broker.
                continue
            self._count(message[2], wire.read_number(message[1]))
            arrival = arrival_of_line(message[3])
            if arrival is not None:
                arrivals.append(arrival)
        if not arrivals:
            return
        with self._lock:
            was_empty = not self._waiting
            self._waiting.extend(arrivals)
            surplus = len(self._waiting) - _MOST_WAITING
            if surplus > 0:  # Nobody takes them: the screen is held up.
                del self._waiting[:surplus]
                self.lost += surplus
        if was_empty:
            self._arrived()

    def _count(self, sender: bytes, number: int) -> None:
        last = self._counts.get(sender)
        if last is not None and number > last + 1:
            self.lost += number - last - 1
        self._counts[sender] = number


def _drained(socket: zmq.Socket[bytes]) -> list[list[bytes]]:
    """The messages that wait at a socket."""
    messages: list[list[bytes]] = []
    with suppress(zmq.Again):
        while len(messages) < _MOST_AT_ONCE:
            messages.append(receive_frames(socket))
    return messages
