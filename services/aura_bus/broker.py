"""The broker's sockets and its one loop: read, journal, publish, acknowledge.

Requests and ephemeral events pass through at once; durable events wait for the commit of the group that was read with
them. Everything happens in one thread, and nothing in it may wait for a peer.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import zmq
from pydantic import ValidationError

from aura_bus.history import look_back, with_events
from aura_bus.journal import Entry, Placed, open_journal
from aura_bus.routes import Asked, Routes
from aura_shared.bus import wire
from aura_shared.bus.frames import receive_frames, send_frames
from aura_shared.bus.handlers import failure, first_problem, reply_to, report
from aura_shared.errors import AuraError, BusError, Conflict, Corrupt, ServiceDown, StorageError, TooLarge, UsageProblem
from aura_shared.messages.bus import BusJournal, BusStatus, BusStatusAnswer, JournalReplaced
from aura_shared.messages.core import Envelope, now_iso, wrap
from aura_shared.paths import AuraPaths, private_folder

NAME: Final = "bus"
SOME: Final = 256
"""Most messages read before the next commit."""
MOST_WAITING: Final = 8192
MOST_WAITING_BYTES: Final = 32 << 20
"""While the journal cannot be written: what is held back. Producers keep the rest, and send it again."""
STORE_AGAIN_S: Final = 0.5
PROBES_S: Final = (0.0, 0.02, 0.2)
"""After a connection broke: when to look whose it was. The news can be a moment ahead of the socket's own knowledge."""
AFTER_START_S: Final = 3.0
"""How long requests that were sent again after a restart of the broker wait for their service to return as well."""
MOST_PARKED: Final = 256
MOST_NAME: Final = 200
MOST_KEY: Final = 1000


class BrokerLimits(Protocol):
    """The settings that the broker reads."""

    @property
    def out_hwm(self) -> int:
        """Messages queued for one listener before it loses some, and catches up from the journal."""
        ...

    @property
    def retention_events(self) -> int:
        """Events kept in the journal."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    producer: bytes
    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Parked:
    until: float
    asker: bytes
    service: str
    id: bytes
    raw: bytes


class Broker:
    """One broker per installation.

    Args:
        paths: Where its sockets and its journal are.
        limits: See `BrokerLimits`.
    """

    def __init__(self, paths: AuraPaths, limits: BrokerLimits) -> None:
        self._paths = paths
        self._limits = limits
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)
        self._stopping = False
        self._routes = Routes()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._waiting_ids: set[str] = set()
        self._blocked: set[bytes] = set()
        self._parked: list[_Parked] = []
        self._probes: list[float] = []
        self._store_again_at = 0.0
        self._said: deque[Envelope] = deque()
        self._said_count = 0
        self.counts = {"durable": 0, "repeated": 0, "ephemeral": 0, "requests": 0, "undelivered": 0}
        """What happened since the start, by name; the same names as in `BusStatusAnswer`."""
        self._verbs: dict[bytes, tuple[int, Callable[..., None]]] = {
            wire.EVENTS: (1, self._events),
            wire.PASSING: (2, self._passing),
            wire.PAGE: (2, self._page),
            wire.ASK: (4, self._ask),
            wire.CANCEL: (2, self._cancel),
            wire.REPLY: (3, self._reply),
            wire.PROGRESS: (3, self._progress),
            wire.HELLO: (1, self._hello),
            wire.BYE: (1, self._bye),
            wire.UNREADABLE: (2, self._unreadable),
        }

    @property
    def storing(self) -> bool:
        """False while the journal cannot be written."""
        return not self._store_again_at

    def stop(self) -> None:
        """Let `run` return soon. From any thread or signal handler."""
        self._stopping = True
        self._wake()

    def say(self, event: Envelope) -> None:
        """Publish an ephemeral event of the broker's own. From any thread."""
        self._said.append(event)
        self._wake()

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake_in, b"x")

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`; `ready` is called once clients can connect.

        Raises:
            Conflict: Another broker is at work here.
            StorageError: The journal cannot be opened.
            Corrupt: The journal was damaged while in use; a restart sets it aside.
        """
        private_folder(self._paths.run)
        private_folder(self._paths.data)
        lock = _lock(self._paths)
        try:
            self._journal, aside = open_journal(self._paths.journal, retention_events=self._limits.retention_events)
            try:
                if aside is not None:
                    self._announce(aside.name)
                self._serve(ready)
            finally:
                self._journal.close()
        finally:
            os.close(lock)

    def _announce(self, aside: str) -> None:
        report("journal_set_aside", exception=False, aside=aside)
        envelope = wrap(JournalReplaced(aside=aside), src=NAME)
        self._journal.append([Entry(envelope.id, envelope.type, envelope.model_dump_json().encode())])

    def _serve(self, ready: Callable[[], None]) -> None:
        context = zmq.Context(io_threads=1)
        try:
            self._bind(context)
            self._started = time.monotonic()
            ready()
            self._loop()
        finally:
            context.destroy(linger=200)

    def _bind(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._router = context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._router.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._router.setsockopt(zmq.MAXMSGSIZE, wire.MAX_FRAME_BYTES)
        self._router.setsockopt(zmq.SNDHWM, self._limits.out_hwm)
        self._router.setsockopt(zmq.LINGER, 200)
        self._out = context.socket(zmq.XPUB)
        self._out.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._out.setsockopt(zmq.MAXMSGSIZE, 4096)  # listeners send nothing but subscriptions
        self._out.setsockopt(zmq.SNDHWM, self._limits.out_hwm)
        self._out.setsockopt(zmq.LINGER, 200)
        self._monitor = self._router.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        before = os.umask(0o077)  # the sockets come out 0755 otherwise
        try:
            self._router.bind(f"ipc://{self._paths.bus_in}")
            self._out.bind(f"ipc://{self._paths.bus_out}")
        finally:
            os.umask(before)

    def _loop(self) -> None:
        poller = zmq.Poller()
        for source in (self._router, self._out, self._monitor, self._wake_out):
            poller.register(source, zmq.POLLIN)
        tick_at = 0.0
        while not self._stopping:
            now = time.monotonic()
            if now >= tick_at:
                tick_at = now + wire.BEAT_EVERY_S
                self._tick(now)
            found = dict(poller.poll(self._pause_ms(now, tick_at)))
            if self._router in found:
                self._read_some()
            if self._out in found:
                self._read_subscriptions()
            if self._monitor in found:
                self._read_monitor()
            if self._wake_out in found:
                self._speak()
            self._probe()
            self._store()
        self._store()

    def _speak(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_out, 4096)
        while self._said:
            event = self._said.popleft()
            self._said_count += 1
            topic = wire.PASSING_TOPIC + event.type.encode()
            frames = [wire.pack_number(self._said_count), NAME.encode(), event.model_dump_json().encode()]
            send_frames(self._out, [topic, *frames])

    def _pause_ms(self, now: float, tick_at: float) -> int:
        if self._waiting and self.storing:
            return 0
        due = [tick_at, *self._probes]
        if self._waiting:
            due.append(self._store_again_at)
        return max(0, int((min(due) - now) * 1000) + 1)

    def _tick(self, now: float) -> None:
        self._beat()
        for identity in self._routes.tick():
            self._gone(identity)
        for parked in [p for p in self._parked if p.until <= now]:
            self._parked.remove(parked)
            self._fail(parked.asker, parked.id, _down(parked.service))
        if self.storing:
            try:
                self._journal.trim()
            except StorageError as error:
                self._cannot_store(error)

    def _beat(self) -> None:
        send_frames(self._out, [wire.BEAT_TOPIC, wire.pack_number(self._journal.head)])

    # What arrives

    def _read_some(self) -> None:
        for _ in range(SOME):
            try:
                identity, *frames = receive_frames(self._router)
            except zmq.Again:
                return
            self._take(identity, frames)

    def _take(self, identity: bytes, frames: list[bytes]) -> None:
        verb = frames[0] if frames else b""
        count, act = self._verbs.get(verb, (-1, self._unreadable))
        if len(frames) - 1 != count:
            self._bury(identity, f"no message of this form: {verb[:20]!r} with {len(frames) - 1} parts", frames)
            return
        try:
            act(identity, *frames[1:])
        except ValidationError as error:
            self._bury(identity, first_problem(error), frames)
        except ValueError as error:
            self._bury(identity, str(error), frames)
        except Corrupt:
            raise
        except StorageError as error:  # whoever asked for a part of the journal asks again
            report("journal_not_read", exception=False, code=error.code, problem=error.message)

    def _read_subscriptions(self) -> None:
        with suppress(zmq.Again):
            while True:
                if self._out.recv(zmq.NOBLOCK) == b"\x01" + wire.BEAT_TOPIC:
                    self._beat()

    def _read_monitor(self) -> None:
        with suppress(zmq.Again):
            while True:
                self._monitor.recv_multipart(zmq.NOBLOCK)
        now = time.monotonic()
        self._probes = [now + after for after in PROBES_S]

    def _probe(self) -> None:
        """After a connection broke: find out whose it was, and tell those who wait for an answer from it."""
        now = time.monotonic()
        if not self._probes or self._probes[0] > now:
            return
        self._probes = [at for at in self._probes if at > now]
        for identity in self._routes.connections():
            if not self._is_there(identity):
                self._gone(identity)

    def _gone(self, identity: bytes) -> None:
        unanswered, unwanted = self._routes.gone(identity)
        for asked in unanswered:
            self._fail(asked.asker, asked.id, _down(asked.service))
        for asked in unwanted:
            self._send(asked.server, wire.CANCEL, asked.asker, asked.id)

    # Events

    def _events(self, identity: bytes, group: bytes) -> None:
        for posted in wire.read_posted(group):
            try:
                envelope = _read_envelope(posted.raw)
            except ValueError as error:
                self._refuse(identity, posted, error)
                continue
            if envelope.id in self._waiting_ids or not self._room_for(identity, posted):
                continue
            key = envelope.key if posted.flags & wire.STATE else None
            links = (envelope.cause, envelope.corr, envelope.project)
            entry = Entry(envelope.id, envelope.type, posted.raw, key, *links)
            self._waiting.append(_Waiting(identity, posted.number, entry))
            self._waiting_ids.add(entry.id)
            self._waiting_bytes += len(posted.raw)

    def _refuse(self, identity: bytes, posted: wire.Posted, error: ValueError) -> None:
        problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
        self._bury(identity, problem, [posted.raw])
        code = BusError.code.encode()
        self._send(identity, wire.REFUSED, wire.pack_number(posted.number), code, problem.encode())

    def _room_for(self, identity: bytes, posted: wire.Posted) -> bool:
        """Whether an event can wait here.

        After one that could not, a producer's next ones are left out until it starts again with its oldest, so that
        its order is kept.
        """
        if identity in self._blocked and not posted.flags & wire.FIRST:
            return False
        full = len(self._waiting) >= MOST_WAITING or self._waiting_bytes + len(posted.raw) > MOST_WAITING_BYTES
        (self._blocked.add if full else self._blocked.discard)(identity)
        return not full

    def _passing(self, identity: bytes, count: bytes, raw: bytes) -> None:
        envelope = _read_envelope(raw)
        wire.read_number(count)
        self.counts["ephemeral"] += 1
        send_frames(self._out, [wire.PASSING_TOPIC + envelope.type.encode(), count, identity, raw])

    def _store(self) -> None:
        """Journal what waits, group by group: commit, publish, acknowledge."""
        if not self._waiting or time.monotonic() < self._store_again_at:
            return
        while self._waiting:
            group = self._next_group()
            try:
                placed = self._journal.append([waiting.entry for waiting in group])
            except Corrupt:
                raise
            except StorageError as error:
                self._cannot_store(error)
                return
            if not self.storing:
                report("journal_written_again", exception=False, waiting=len(self._waiting))
                self._store_again_at = 0.0
            self._hand_out(group, placed)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        for waiting in self._waiting:
            group.append(waiting)
            size += len(waiting.entry.envelope)
            if len(group) == wire.GROUP_EVENTS or size >= wire.GROUP_BYTES:
                break
        return group

    def _hand_out(self, group: list[_Waiting], places: list[Placed]) -> None:
        """Publish and acknowledge what was committed."""
        acks: dict[bytes, list[tuple[int, int]]] = {}
        fresh: list[wire.Placed] = []
        for waiting, place in zip(group, places, strict=True):
            self._waiting.popleft()
            self._waiting_ids.discard(waiting.entry.id)
            self._waiting_bytes -= len(waiting.entry.envelope)
            acks.setdefault(waiting.producer, []).append((waiting.number, place.seq))
            if place.fresh:
                fresh.append(wire.Placed(place.seq, waiting.entry.type, waiting.entry.envelope))
        self.counts["durable"] += len(fresh)
        self.counts["repeated"] += len(group) - len(fresh)
        if fresh:
            self._out.send(wire.pack_placed(fresh))
        for producer, pairs in acks.items():
            self._send(producer, wire.ACK, wire.pack_acks(pairs))

    def _cannot_store(self, error: StorageError) -> None:
        if self.storing:
            report("journal_not_written", exception=False, code=error.code, problem=error.message)
        self._store_again_at = time.monotonic() + STORE_AGAIN_S

    def _page(self, identity: bytes, token: bytes, query: bytes) -> None:
        asked = wire.PageQuery.model_validate_json(query)
        head = self._journal.head
        if asked.since is None:
            events, upto, lost = self._journal.last_values(asked.types), head, False
        else:
            page = self._journal.page(asked.since, asked.types)
            events, upto, lost = page.events, page.upto, page.lost
        header = wire.Page(seqs=[seq for seq, _ in events], upto=upto, head=head, lost=lost)
        self._send(identity, wire.PAGE, token, header.model_dump_json().encode(), *(raw for _, raw in events))

    # Requests

    def _ask(self, identity: bytes, flags: bytes, service: bytes, request: bytes, raw: bytes) -> None:
        self.counts["requests"] += 1
        name = service.decode()
        if name == NAME:
            self._answer(identity, raw)
        elif len(raw) > wire.MAX_MESSAGE_BYTES:
            self._fail(identity, request, TooLarge(f"a request takes {wire.MAX_MESSAGE_BYTES} bytes at most"))
        elif self._forward(identity, name, request, raw):
            return
        elif flags == bytes([wire.AGAIN]) and self._can_park():
            until = self._started + AFTER_START_S
            self._parked.append(_Parked(until, identity, name, request, raw))
        else:
            self._fail(identity, request, _down(name))

    def _can_park(self) -> bool:
        return time.monotonic() < self._started + AFTER_START_S and len(self._parked) < MOST_PARKED

    def _forward(self, asker: bytes, service: str, request: bytes, raw: bytes) -> bool:
        server = self._routes.server(service)
        if server is None:
            return False
        if not self._send(server, wire.ASK, asker, request, raw):
            if not self._is_there(server):
                self._gone(server)
            return False
        self._routes.ask(Asked(asker, request, service, server))
        return True

    def _answer(self, identity: bytes, raw: bytes) -> None:
        asked = Envelope.model_validate_json(raw)
        try:
            answer = self._answer_to(asked)
        except Corrupt:
            raise
        except ValidationError as error:
            problem = UsageProblem(f"{asked.type}: {first_problem(error)}")
            answer = failure(asked, NAME, problem).model_dump_json().encode()
        except AuraError as error:
            answer = failure(asked, NAME, error).model_dump_json().encode()
        self._send(identity, wire.REPLY, asked.id.encode(), answer)

    def _answer_to(self, asked: Envelope) -> bytes:
        if asked.type == BusStatus.type:
            return reply_to(asked, NAME, self.status()).model_dump_json().encode()
        if asked.type == BusJournal.type:
            return with_events(asked, look_back(self._journal, BusJournal.model_validate(asked.data)))
        raise BusError(f"the broker does not answer {asked.type}")

    def status(self) -> BusStatusAnswer:
        """How the broker is; from its own thread only."""
        return BusStatusAnswer(
            head=self._journal.head,
            oldest=self._journal.oldest,
            journal_bytes=self._journal.size_bytes,
            storing=self.storing,
            waiting=len(self._waiting),
            dead_letters=self._journal.dead_letter_count(),
            services=self._routes.services,
            **self.counts,
        )

    def _cancel(self, identity: bytes, _service: bytes, request: bytes) -> None:
        self._parked = [p for p in self._parked if (p.asker, p.id) != (identity, request)]
        asked = self._routes.cancelled(identity, request)
        if asked is not None:
            self._send(asked.server, wire.CANCEL, identity, request)

    def _reply(self, _server: bytes, asker: bytes, request: bytes, raw: bytes) -> None:
        self._routes.answered(asker, request)
        self._send(asker, wire.REPLY, request, raw)

    def _progress(self, _server: bytes, asker: bytes, request: bytes, raw: bytes) -> None:
        self._send(asker, wire.PROGRESS, request, raw)

    def _hello(self, identity: bytes, service: bytes) -> None:
        name = service.decode()
        if not self._routes.hello(name, identity):
            return
        self._send(identity, wire.WELCOME)
        self._probes = [time.monotonic()]  # the one before may have died without a word
        for parked in [p for p in self._parked if p.service == name]:
            self._parked.remove(parked)
            if not self._forward(parked.asker, name, parked.id, parked.raw):
                self._fail(parked.asker, parked.id, _down(name))

    def _bye(self, identity: bytes, service: bytes) -> None:
        self._routes.bye(service.decode(), identity)

    def _fail(self, asker: bytes, request: bytes, error: AuraError) -> None:
        asked = Envelope(type="request", id=request.decode(), ts=now_iso(), src="")
        self._send(asker, wire.REPLY, request, failure(asked, NAME, error).model_dump_json().encode())

    # What cannot be read

    def _unreadable(self, identity: bytes, reason: bytes, raw: bytes) -> None:
        self._bury(identity, reason.decode(errors="replace"), [raw])

    def _bury(self, identity: bytes, reason: str, frames: list[bytes]) -> None:
        source = identity.decode(errors="replace")
        report("message_unreadable", exception=False, source=source, problem=reason)
        try:
            self._journal.bury(source, reason, b"\n".join(frames))
        except StorageError as error:
            self._cannot_store(error)

    def _is_there(self, identity: bytes) -> bool:
        try:
            send_frames(self._router, [identity, wire.PING])
        except zmq.ZMQError as error:
            if error.errno not in {zmq.EHOSTUNREACH, zmq.EAGAIN}:
                raise
            return error.errno == zmq.EAGAIN
        return True

    def _send(self, identity: bytes, *frames: bytes) -> bool:
        """Send to one connection; false when it has gone, or has not read 10,000 messages."""
        try:
            send_frames(self._router, [identity, *frames])
        except zmq.ZMQError as error:
            if error.errno not in {zmq.EHOSTUNREACH, zmq.EAGAIN}:
                raise
            self.counts["undelivered"] += 1
            return False
        return True


def _down(service: str) -> ServiceDown:
    return ServiceDown(f"the service {service} does not answer")


def _read_envelope(raw: bytes) -> Envelope:
    """An event's envelope.

    Raises:
        ValueError: It is too large or not of the contract's form.
    """
    if len(raw) > wire.MAX_EVENT_BYTES:
        raise ValueError(f"an event takes {wire.MAX_EVENT_BYTES} bytes at most, and this one has {len(raw)}")
    envelope = Envelope.model_validate_json(raw)
    if not envelope.id or not envelope.type or max(len(envelope.id), len(envelope.type)) > MOST_NAME:
        raise ValueError(f"the id and the type of an event take 1 to {MOST_NAME} characters")
    if len(envelope.key) > MOST_KEY:
        raise ValueError(f"the key of an event takes {MOST_KEY} characters at most")
    return envelope


def _lock(paths: AuraPaths) -> int:
    """Held while a broker works here; libzmq would let a second one take over the sockets without a word.

    Raises:
        Conflict: Another broker is at work.
    """
    lock = os.open(paths.run / "bus.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Conflict(f"another broker is at work in {paths.run}") from None
    return lock
