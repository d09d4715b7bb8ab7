"""Messages of several frames, sent and read with little around them.

`send_multipart` and `recv_multipart` join and look up enumerations for each frame, which takes three and two times as
long as the sending and reading themselves (7 µs for four frames, here 2.4 and 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import zmq

__all__ = ["receive_frames", "send_frames"]

_NOW: Final = int(zmq.NOBLOCK)
_MORE_NOW: Final = int(zmq.NOBLOCK | zmq.SNDMORE)


def send_frames(socket: zmq.Socket[bytes], frames: Sequence[bytes]) -> None:
    """Send a message without waiting; all of it, or nothing.

    Args:
        socket: Where to.
        frames: One at least.

    Raises:
        zmq.Again: It has no room.
        zmq.ZMQError: It cannot be sent, such as by a ROUTER to somebody who is not there.
    """
    send = socket.send
    for frame in frames[:-1]:
        send(frame, _MORE_NOW)
    send(frames[-1], _NOW)


def receive_frames(socket: zmq.Socket[bytes]) -> list[bytes]:
    """Read a message without waiting.

    Raises:
        zmq.Again: There is none.
    """
    receive = socket.recv
    frame = receive(_NOW, copy=False)
    frames = [frame.bytes]
    while frame.more:
        frame = receive(_NOW, copy=False)
        frames.append(frame.bytes)
    return frames
