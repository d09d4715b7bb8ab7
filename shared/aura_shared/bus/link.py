"""The thread that owns a process's sockets to the broker.

libzmq's sockets belong to one thread, and asyncio sockets cost three times the CPU; so the event loop hands this
thread calls to make (`Link.do`), and it hands back what arrived, one wake-up per round.

What must not be lost is kept here until the broker or the service answered, and sent again when the connection comes
back: durable events until they are acknowledged, requests until they are answered. Receivers know messages by their
id, so nothing takes effect twice.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import zmq
from zmq.utils.monitor import parse_monitor_message

from aura_shared.bus import ProgressHandler, wire
from aura_shared.bus.frames import receive_frames, send_frames
from aura_shared.bus.handlers import report
from aura_shared.bus.reader import Reader
from aura_shared.errors import AuraError, BusError, ServiceDown, error_from
from aura_shared.messages.core import new_id
from aura_shared.paths import AuraPaths

RESEND_S: Final = 1.0
MOST_RESEND_S: Final = 8.0
PAGE_AGAIN_S: Final = 2.0
SWITCH_S: Final = 0.001
"""How soon a thread that computes lets the socket thread go on. With Python's 5 ms, a request to a process that
computes took 7.9 ms at the median and 20 at the 95th percentile; with this, 3.0 and 8."""
BROKER_AWAY_S: Final = 6.0
"""How long requests wait for a broker that is not there; the supervisor has it back in 2 s, a busy machine later."""
SOME: Final = 512
"""Most messages read from one socket before the others get their turn."""
RING: Final = 2048
RING_BYTES: Final = 8 << 20
MOST_SENDERS: Final = 4096
MOST_PASSING: Final = 10_000

_CONNECTED: Final = int(zmq.EVENT_HANDSHAKE_SUCCEEDED)
_DISCONNECTED: Final = int(zmq.EVENT_DISCONNECTED)


@dataclass(eq=False, slots=True)
class Outgoing:
    """A durable event until it is acknowledged."""

    flags: int
    raw: bytes
    done: asyncio.Future[int]
    kind: str
    deadline: float
    number: int = 0
    sent_at: float = 0.0


@dataclass(eq=False, slots=True)
class Asking:
    """A request until it is answered."""

    id: bytes
    service: bytes
    raw: bytes
    done: asyncio.Future[bytes]
    on_progress: ProgressHandler | None
    sent: bool = False


@dataclass(slots=True)
class Hooks:
    """What the link calls in the event loop."""

    settled: Callable[[Outgoing], None]
    """An event is not in the outbox any more."""
    asked: Callable[[bytes, bytes, bytes], None]
    """A request came: asker, id, envelope."""
    cancelled: Callable[[bytes, bytes], None]
    """A request was taken back: asker, id."""
    progress: Callable[[ProgressHandler, bytes], None]
    """Progress of a request that was asked here."""


@dataclass(slots=True)
class _Ring:
    """The newest journalled events, while a page is awaited: they belong behind it."""

    events: deque[tuple[int, str, bytes]] = field(default_factory=deque[tuple[int, str, bytes]])
    size: int = 0

    def add(self, seq: int, kind: str, raw: bytes) -> None:
        self.events.append((seq, kind, raw))
        self.size += len(raw)
        while len(self.events) > RING or self.size > RING_BYTES:
            self.size -= len(self.events.popleft()[2])

    def clear(self) -> None:
        self.events.clear()
        self.size = 0


class Link:
    """A connection to the broker; `start` begins its thread."""

    def __init__(self, name: str, paths: AuraPaths, hooks: Hooks) -> None:
        self.name = name
        self.connected = False
        """Whether the broker is there."""
        self.registered = threading.Event()
        """Set once the broker knows this connection as a service."""
        self.head = 0
        """The newest seq that was heard of."""
        self.dropped: dict[str, int] = {}
        """Ephemeral events that were lost on their way here, per sender."""
        self.resent = 0
        """How often an event was sent again."""
        self._hooks = hooks
        self._paths = paths
        self._identity = f"{name[:60]}/{os.getpid()}-{new_id()[-12:]}".encode()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._woken = False
        self._commands: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._results: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count(1)
        self._outbox: dict[int, Outgoing] = {}
        self._unsent: deque[Outgoing] = deque()
        self._awaited: deque[Outgoing] = deque()
        self._resend_s = RESEND_S
        self._asking: dict[bytes, Asking] = {}
        self._readers: list[Reader] = []
        self._pages: dict[int, Reader] = {}
        self._ring = _Ring()
        self._counts: dict[str, int] = {}
        self._seen: dict[tuple[bytes, bytes], int] = {}
        self._serving = b""
        self._hello_at = 0.0
        self._away_since = time.monotonic()
        self._closing_at: float | None = None
        self._ended: Callable[[], None] | None = None
        self._verbs: dict[bytes, Callable[..., None]] = {
            wire.ACK: self._on_ack,
            wire.REFUSED: self._on_refused,
            wire.REPLY: self._on_reply,
            wire.PROGRESS: self._on_progress,
            wire.PAGE: self._take_page,
            wire.ASK: self._on_ask,
            wire.CANCEL: self._on_cancel,
            wire.WELCOME: self.registered.set,
        }
        self._open = True
        self._lock = threading.RLock()  # a collected listener may call `do` in the middle of a `do`
        self._thread = threading.Thread(target=self._run, name=f"bus-{name}", daemon=True)

    # From the event loop

    def start(self) -> None:
        """Begin to connect."""
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        self._thread.start()

    def use_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Where results go."""
        self._loop = loop

    def do(self, act: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - whatever `act` takes
        """Have the socket thread call `act`."""
        self._commands.append((act, arguments))
        if self._woken:
            return
        with self._lock:
            if self._open:
                self._woken = True
                with suppress(BlockingIOError):
                    os.write(self._wake_in, b"x")

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # In the socket thread

    def send_event(self, outgoing: Outgoing) -> None:
        """Send a durable event until it is acknowledged."""
        outgoing.number = next(self._numbers)
        self._outbox[outgoing.number] = outgoing
        self._unsent.append(outgoing)
        self._awaited.append(outgoing)

    def send_passing(self, kind: str, raw: bytes) -> None:
        """Send an ephemeral event, if the broker is there to take it."""
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        if self.connected:
            self._send(wire.PASSING, wire.pack_number(number), raw)

    def ask(self, asking: Asking) -> None:
        """Send a request."""
        self._asking[asking.id] = asking
        if self.connected:
            self._send_ask(asking)

    def forget(self, asking: Asking) -> None:
        """Take a request back, unless it is answered already."""
        if self._asking.pop(asking.id, None) is not None and self.connected:
            self._send(wire.CANCEL, asking.service, asking.id)

    def send(self, *frames: bytes) -> None:
        """Send what nobody waits for; it is dropped while the broker is away."""
        if self.connected:
            self._send(*frames)

    def serve(self, service: bytes) -> None:
        """Register as a service."""
        self._serving = service
        self._hello()

    def add(self, reader: Reader) -> None:
        """Begin to listen."""
        if reader.durable and not any(other.durable for other in self._readers):
            # In this order: the beat that answers the second tells that the first is in place.
            self._sub.subscribe(wire.DURABLE_TOPIC)
            self._sub.subscribe(wire.BEAT_TOPIC)
        for kind in reader.passing:
            self._sub.subscribe(wire.PASSING_TOPIC + kind.encode())  # libzmq counts them
        self._readers.append(reader)
        self._want_page(reader)

    def remove(self, reader: Reader) -> None:
        """Listen no longer."""
        if reader not in self._readers:
            return
        self._readers.remove(reader)
        self._pages.pop(reader.token, None)
        for kind in reader.passing:
            self._sub.unsubscribe(wire.PASSING_TOPIC + kind.encode())
        if reader.durable and not any(other.durable for other in self._readers):
            self._sub.unsubscribe(wire.DURABLE_TOPIC)
            self._sub.unsubscribe(wire.BEAT_TOPIC)

    def resume(self, reader: Reader) -> None:
        """The reader has room again."""
        if reader.position is None or reader.position != self.head:
            self._want_page(reader)

    def close(self, within_s: float, ended: Callable[[], None]) -> None:
        """End once everything is acknowledged, or the time is over."""
        self._ended = ended
        self._closing_at = time.monotonic() + within_s
        for asking in self._asking.values():
            self._results.append((_fail, (asking.done, BusError(f"the bus connection of {self.name} was closed"))))
        self._asking.clear()

    # The loop

    def _run(self) -> None:
        context = zmq.Context(io_threads=1)
        try:
            self._connect(context)
            self._serve_sockets()
        except Exception:  # noqa: BLE001 - the outermost loop of the thread; without it callers would wait for nothing
            report("bus_thread_failed", connection=self.name)
            self._fail_all()
        finally:
            self.connected = False
            context.destroy(linger=500)
            if self._ended is not None:
                self._results.append((self._ended, ()))
            self._hand_over()
            with self._lock:
                self._open = False
                os.close(self._wake_out)
                os.close(self._wake_in)

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._dealer = context.socket(zmq.DEALER)
        self._dealer.setsockopt(zmq.IDENTITY, self._identity)
        self._dealer.setsockopt(zmq.SNDHWM, 10_000)
        self._dealer.setsockopt(zmq.RCVHWM, 10_000)
        self._sub = context.socket(zmq.SUB)
        self._sub.setsockopt(zmq.RCVHWM, 1000)
        for socket in (self._dealer, self._sub):
            socket.setsockopt(zmq.LINGER, 500)
            socket.setsockopt(zmq.RECONNECT_IVL, 50)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
            socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_FRAME_BYTES)
        self._monitor = self._dealer.get_monitor_socket(_CONNECTED | _DISCONNECTED)
        self._dealer.connect(f"ipc://{self._paths.bus_in}")
        self._sub.connect(f"ipc://{self._paths.bus_out}")

    def _serve_sockets(self) -> None:
        poller = zmq.Poller()
        for source in (self._dealer, self._sub, self._monitor, self._wake_out):
            poller.register(source, zmq.POLLIN)
        while not self._may_end():
            found = dict(poller.poll(self._pause_ms()))
            if self._monitor in found:
                self._read_monitor()
            if self._dealer in found:
                self._read_dealer()
            if self._sub in found:
                self._read_sub()
            self._run_commands(woken=self._wake_out in found)
            self._look_at_clock()
            self._hand_over()
        if self._serving:
            self.send(wire.BYE, self._serving)
        if self._outbox:
            report("events_not_acknowledged", exception=False, connection=self.name, events=len(self._outbox))

    def _may_end(self) -> bool:
        if self._closing_at is None:
            return False
        return time.monotonic() >= self._closing_at or not (self._outbox or self._commands)

    def _pause_ms(self) -> int:
        if self._commands:
            return 0
        if self._unsent and self.connected:
            return 10  # the socket is full
        if self._closing_at is not None or (self._asking and not self.connected):
            return 100
        if self._awaited:
            return max(1, min(500, int((self._awaited[0].deadline - time.monotonic()) * 1000) + 1))
        if self._outbox or self._pages:
            return 500
        return 2000 if not self._serving else 1000

    def _run_commands(self, *, woken: bool) -> None:
        if woken:
            with suppress(BlockingIOError):
                os.read(self._wake_out, 4096)
        self._woken = False
        while self._commands:
            act, arguments = self._commands.popleft()
            act(*arguments)

    def _hand_over(self) -> None:
        if not self._results or self._loop is None:
            return
        results, self._results = self._results, []
        with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_call_all, results)

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self._unsent:
            self._flush()
        if self._awaited:
            self._give_up(now)
        oldest = next(iter(self._outbox.values()), None)
        if oldest is not None and oldest.sent_at and now >= oldest.sent_at + self._resend_s:
            self._resend_s = min(MOST_RESEND_S, self._resend_s * 2)
            self._send_all_again()
        if self._serving and now >= self._hello_at + wire.HELLO_EVERY_S:
            self._hello()
        for reader in [r for r in self._pages.values() if now >= r.asked_at + PAGE_AGAIN_S]:
            self._drop_page(reader)
            self._want_page(reader)
        if not self.connected and self._asking and now >= self._away_since + BROKER_AWAY_S:
            self._fail_asking(ServiceDown("the broker of the bus is not running"))

    def _fail_all(self) -> None:
        error = BusError(f"the bus connection of {self.name} broke down; see the log")
        self._fail_asking(error)
        self._results.extend((_fail, (outgoing.done, error)) for outgoing in self._outbox.values())
        for reader in self._readers:
            reader.closed = True
            reader.started.set()
            self._results.append((reader.arrived.set, ()))

    def _fail_asking(self, error: AuraError) -> None:
        self._results.extend((_fail, (asking.done, error)) for asking in self._asking.values())
        self._asking.clear()

    # The connection

    def _read_monitor(self) -> None:
        with suppress(zmq.Again):
            while True:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
                if int(event["event"]) == _CONNECTED:
                    self._on_connected()
                else:
                    self.connected = False
                    self._away_since = time.monotonic()

    def _on_connected(self) -> None:
        self.connected = True
        if self._serving:
            self._hello()
        self._resend_s = RESEND_S
        self._send_all_again()
        for asking in self._asking.values():
            self._send_ask(asking)
        for reader in self._readers:
            self._drop_page(reader)
            self._want_page(reader)

    def _send_all_again(self) -> None:
        self._unsent = deque(self._outbox.values())
        self._flush()

    def _give_up(self, now: float) -> None:
        """Tell those who waited for an acknowledgement for too long; their events are sent on."""
        while self._awaited and (self._awaited[0].number not in self._outbox or self._awaited[0].deadline <= now):
            outgoing = self._awaited.popleft()
            if outgoing.number in self._outbox:
                text = f"{outgoing.kind} was not acknowledged by the broker in time; it is sent on until it is"
                self._results.append((_fail, (outgoing.done, BusError(text))))

    def _flush(self) -> None:
        while self._unsent and self.connected:
            group = self._next_group()
            if not group:
                return
            if not self._send(wire.EVENTS, wire.pack_posted(self._posted(outgoing) for outgoing in group)):
                self._unsent.extendleft(reversed(group))
                return
            now = time.monotonic()
            for outgoing in group:
                self.resent += bool(outgoing.sent_at)
                outgoing.sent_at = now

    def _next_group(self) -> list[Outgoing]:
        group: list[Outgoing] = []
        size = 0
        while self._unsent and len(group) < wire.GROUP_EVENTS and size < wire.GROUP_BYTES:
            outgoing = self._unsent.popleft()
            if outgoing.number in self._outbox:  # it may have been acknowledged since it was queued again
                group.append(outgoing)
                size += len(outgoing.raw)
        return group

    def _posted(self, outgoing: Outgoing) -> wire.Posted:
        first = wire.FIRST if next(iter(self._outbox)) == outgoing.number else 0
        again = wire.AGAIN if outgoing.sent_at else 0
        return wire.Posted(outgoing.number, outgoing.flags | first | again, outgoing.raw)

    def _send_ask(self, asking: Asking) -> None:
        flags = bytes([wire.AGAIN if asking.sent else 0])
        asking.sent = True
        self._send(wire.ASK, flags, asking.service, asking.id, asking.raw)

    def _hello(self) -> None:
        self._hello_at = time.monotonic()
        self.send(wire.HELLO, self._serving)

    def _send(self, *frames: bytes) -> bool:
        try:
            send_frames(self._dealer, frames)
        except zmq.Again:
            return False
        return True

    # What the broker sends

    def _read_dealer(self) -> None:
        with suppress(zmq.Again):
            for _ in range(SOME):
                verb, *frames = receive_frames(self._dealer)
                self._take(verb, frames)

    def _take(self, verb: bytes, frames: list[bytes]) -> None:
        act = self._verbs.get(verb)
        if act is not None:  # a ping needs no answer, and a newer broker may say what we do not know
            act(*frames)

    def _on_ack(self, acks: bytes) -> None:
        self._resend_s = RESEND_S
        for number, seq in wire.read_acks(acks):
            self._settle(number, seq)

    def _on_refused(self, number: bytes, code: bytes, message: bytes) -> None:
        self._settle(wire.read_number(number), error_from(code.decode(), message.decode()))

    def _on_reply(self, request: bytes, raw: bytes) -> None:
        asking = self._asking.pop(request, None)
        if asking is not None:
            self._results.append((_answer, (asking.done, raw)))

    def _on_progress(self, request: bytes, raw: bytes) -> None:
        asking = self._asking.get(request)
        if asking is not None and asking.on_progress is not None:
            self._results.append((self._hooks.progress, (asking.on_progress, raw)))

    def _on_ask(self, asker: bytes, request: bytes, raw: bytes) -> None:
        self._results.append((self._hooks.asked, (asker, request, raw)))

    def _on_cancel(self, asker: bytes, request: bytes) -> None:
        self._results.append((self._hooks.cancelled, (asker, request)))

    def _settle(self, number: int, outcome: int | AuraError) -> None:
        outgoing = self._outbox.pop(number, None)
        if outgoing is None:
            return
        self._results.append((self._hooks.settled, (outgoing,)))
        if isinstance(outcome, int):
            self._results.append((_answer, (outgoing.done, outcome)))
        else:
            self._results.append((_fail, (outgoing.done, outcome)))

    # What the broker publishes

    def _read_sub(self) -> None:
        woken: set[Reader] = set()
        with suppress(zmq.Again):
            for _ in range(SOME):
                topic, *frames = receive_frames(self._sub)
                if topic.startswith(wire.DURABLE_TOPIC):
                    for seq, kind, raw in wire.read_placed(topic):
                        self._take_durable(kind, seq, raw, woken)
                elif topic.startswith(wire.PASSING_TOPIC):
                    self._take_passing(topic, wire.read_number(frames[0]), frames[1], frames[2], woken)
                elif topic == wire.BEAT_TOPIC:
                    self._take_beat(wire.read_number(frames[0]))
        self._results.extend((reader.arrived.set, ()) for reader in woken)

    def _take_durable(self, kind: str, seq: int, raw: bytes, woken: set[Reader]) -> None:
        self.head = max(self.head, seq)
        if self._pages:
            self._ring.add(seq, kind, raw)
        for reader in self._readers:
            if not reader.durable:
                continue
            if not reader.live(seq, kind, raw):
                self._want_page(reader)
            elif kind in reader.durable:
                woken.add(reader)

    def _take_passing(self, topic: bytes, number: int, sender: bytes, raw: bytes, woken: set[Reader]) -> None:
        last = self._seen.pop((sender, topic), None)
        self._seen[sender, topic] = number
        if len(self._seen) > MOST_SENDERS:
            del self._seen[next(iter(self._seen))]
        if last is not None and number > last + 1:
            self._count_dropped(sender, number - last - 1)
        kind = topic[2:].decode()
        for reader in self._readers:
            if kind not in reader.passing:
                continue
            if reader.put(0, raw):
                woken.add(reader)
            else:
                self._count_dropped(sender, 1)

    def _count_dropped(self, sender: bytes, events: int) -> None:
        name = sender.decode(errors="replace").partition("/")[0]
        self.dropped[name] = self.dropped.get(name, 0) + events

    def _take_beat(self, head: int) -> None:
        self.head = head
        for reader in self._readers:
            if reader.durable and reader.position != head:
                self._want_page(reader)

    # Catching up

    def _want_page(self, reader: Reader) -> None:
        if not self.connected or not reader.durable or reader.token:
            return
        if reader.position is not None and not reader.has_room:
            reader.starve()
            return
        reader.token = next(self._numbers)
        reader.asked_at = time.monotonic()
        self._pages[reader.token] = reader
        query = wire.PageQuery(since=reader.position, types=sorted(reader.durable))
        self._send(wire.PAGE, wire.pack_number(reader.token), query.model_dump_json().encode())

    def _drop_page(self, reader: Reader) -> None:
        self._pages.pop(reader.token, None)
        reader.token = 0
        if not self._pages:
            self._ring.clear()

    def _take_page(self, token: bytes, header: bytes, *events: bytes) -> None:
        reader = self._pages.get(wire.read_number(token))
        if reader is None:
            return
        page = wire.Page.model_validate_json(header)
        if page.lost:
            report("journal_gap", exception=False, connection=self.name, since=reader.position, upto=page.upto)
        reader.take_page(page, events)
        reader.started.set()
        self.head = page.head if page.lost else max(self.head, page.head)
        for seq, kind, raw in self._ring.events:
            if not reader.live(seq, kind, raw):
                break
        self._drop_page(reader)
        if reader.position != self.head:
            self._want_page(reader)
        self._results.append((reader.arrived.set, ()))


def _call_all(results: list[tuple[Callable[..., None], tuple[Any, ...]]]) -> None:
    for act, arguments in results:
        act(*arguments)


def _answer(done: asyncio.Future[Any], value: object) -> None:
    if not done.done():
        done.set_result(value)


def _fail(done: asyncio.Future[Any], error: AuraError) -> None:
    if not done.done():
        done.set_exception(error)
