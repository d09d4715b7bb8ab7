"""Structured logs: every line goes to a rotating JSONL file and, as an event, to the bus.

A line is an event in snake_case plus facts: `log.info("index_built", files=812)`. Secrets are taken out; tracebacks go
to the file only. Logging never blocks and never raises: what the bus or the disk does not take is dropped and counted.
"""

from __future__ import annotations

import asyncio
import json
import logging as standard_logging
import re
import sys
import traceback
from collections import deque
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, cast

from aura_shared.causes import Cause, because, cause_now
from aura_shared.errors import BusError
from aura_shared.lean_imports import without
from aura_shared.log_files import JsonLines, timestamp

with without("rich", "better_exceptions", "colorama"):
    import structlog

from pydantic import JsonValue

from aura_shared.bus import Bus
from aura_shared.messages.services import LogLine
from aura_shared.redaction import MASK, mask
from aura_shared.settings import LogSettings

__all__ = ["LogOutput", "Logger", "bound", "configure", "get_logger", "redact"]

LevelName = Literal["debug", "info", "warning", "error", "critical"]

LEVELS: Final[Mapping[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
QUEUED_LINES: Final = 1000  # A burst of one second; what the bus cannot take by then is in the file anyway.
MAX_TEXT: Final = 8000  # Characters of one value. Logs hold facts, not contents.

_LINKS: Final[Mapping[str, str]] = {"cause": "id", "corr": "corr", "origin": "origin", "project": "project"}
"""What the lines of the files say of their cause. On the bus it is in the envelope and not in the line's facts."""

_SECRET_KEY = re.compile(
    r"(^|[_\-. ])(token|secret|password|passwd|authorization|cookie|api_?key|private_?key|credentials?)($|[_\-. ])",
    re.IGNORECASE,
)


class Logger(Protocol):
    """What code logs with."""

    def debug(self, event: str, **fields: object) -> None:
        """Something that only a developer wants to see."""
        ...

    def info(self, event: str, **fields: object) -> None:
        """Something that happened as it should."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Something went wrong and was dealt with."""
        ...

    def error(self, event: str, **fields: object) -> None:
        """Something went wrong and somebody will notice."""
        ...

    def exception(self, event: str, **fields: object) -> None:
        """An error with the traceback of the exception that is being handled."""
        ...


def get_logger(name: str) -> Logger:
    """A logger whose lines carry `module=name`; before `configure` they go nowhere."""
    return cast("Logger", structlog.get_logger(module=name))


def bound(**fields: str | None) -> AbstractContextManager[None]:
    """Every line inside the block carries these fields; those that are None are left out."""
    known = {key: value for key, value in fields.items() if value is not None}
    return cast("AbstractContextManager[None]", structlog.contextvars.bound_contextvars(**known))


class LogOutput:
    """Where the lines of this process go."""

    def __init__(self, service: str, settings: LogSettings, folder: Path, *, echo: bool) -> None:
        self._service = service
        self._echo = echo
        self.level = LEVELS[settings.level]
        """Lines below it are not written."""
        self._file = JsonLines(folder / f"{service}.jsonl", max_bytes=settings.max_bytes, backups=settings.backups)
        self._queue: deque[tuple[LogLine, Cause]] = deque()
        self._dropped = 0
        self._wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    @property
    def dropped(self) -> int:
        """Lines that did not reach the bus since the last one that did."""
        return self._dropped

    def write(self, line: MutableMapping[str, Any]) -> None:
        """Write one line to the file, queue it for the bus, and show it in a terminal."""
        event, level = str(line.pop("event", "")), str(line.pop("level", "info"))
        trace = line.pop("exception", None)
        head: dict[str, object] = {"ts": timestamp(), "level": level, "service": self._service, "event": event}
        cause = _cause_of(line)
        links = {name: value for name in _LINKS if (value := getattr(cause, _LINKS[name]))}
        facts = cast("dict[str, JsonValue]", redact(dict(line)))
        stored: dict[str, object] = {**facts, **head, **links}
        if isinstance(trace, str):
            stored["exception"] = mask(trace)
        self._file.write(stored)
        self._offer(level, event, cast("str", head["ts"]), facts, cause)
        if self._echo:
            sys.stderr.write(f"{head['ts']} {level:8} {event} {json.dumps(facts, ensure_ascii=False, default=str)}\n")
            if isinstance(trace, str):
                sys.stderr.write(mask(trace))

    async def forward(self, bus: Bus) -> None:
        """Send the lines to the bus until cancelled."""
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        self._wake = (loop, arrived)
        try:
            while True:
                while self._queue:
                    await self._send(bus, *self._queue.popleft())
                arrived.clear()
                if not self._queue:
                    await arrived.wait()
        finally:
            self._wake = None

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    async def _send(self, bus: Bus, line: LogLine, cause: Cause) -> None:
        dropped, self._dropped = self._dropped, 0
        told = line.model_copy(update={"dropped": dropped}) if dropped else line
        try:
            with because(cause):
                await bus.publish(told, project=cause.project or None)
        except BusError:
            self._dropped += dropped + 1

    def _offer(self, level: str, event: str, ts: str, facts: dict[str, JsonValue], cause: Cause) -> None:
        if len(self._queue) >= QUEUED_LINES:
            self._dropped += 1
            return
        was_empty = not self._queue
        line = LogLine.model_construct(
            service=self._service, level=cast("LevelName", level), event=event, ts=ts, fields=facts, dropped=0
        )
        self._queue.append((line, cause))
        if was_empty and (wake := self._wake) is not None:
            loop, arrived = wake
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.set)


def _cause_of(line: MutableMapping[str, Any]) -> Cause:
    """What a line belongs to; what it says of that itself is taken out of it, and counts more than what is known."""
    known = cause_now()
    parts = {field: getattr(known, field) for field in _LINKS.values()} if known is not None else {}
    for name, field in _LINKS.items():
        if isinstance(line.get(name), str):
            parts[field] = mask(line.pop(name))
    return Cause(**parts)


def redact(value: object, key: str = "") -> JsonValue:
    """`value` as JSON without secrets: texts under telling keys and bearer tokens are replaced, long ones cut."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return {str(name): redact(inner, str(name)) for name, inner in pairs.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.search(key):
        return MASK
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner) for inner in cast("list[object]", value)]
    text = mask(str(value))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def configure(service: str, settings: LogSettings, folder: Path, *, echo: bool | None = None) -> LogOutput:
    """Send the lines of this process to `folder`, and those of libraries too.

    Args:
        service: Name of this process.
        settings: Level and sizes.
        folder: Where `SERVICE.jsonl` is written.
        echo: Whether the lines are shown on standard error as well; without it, when that is a terminal.

    Raises:
        StorageError: The file cannot be opened.
    """
    output = LogOutput(service, settings, folder, echo=sys.stderr.isatty() if echo is None else echo)
    _current.output = output
    root = standard_logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Bridge)]:
        root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(max(output.level, standard_logging.INFO))
    return output


class _Current:
    """The output of this process."""

    output: LogOutput | None = None


_current = _Current()


class _Bridge(standard_logging.Handler):
    """Takes in what libraries log the standard way."""

    def emit(self, record: standard_logging.LogRecord) -> None:
        output = _current.output
        if output is None or record.levelno < output.level:
            return
        line: dict[str, Any] = {
            "event": "library_message",
            "level": _level_name(record.levelno),
            "module": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        output.write(line)


def _level_name(number: int) -> str:
    return next((name for name, level in reversed(LEVELS.items()) if number >= level), "debug")


def _drop_below_level(_logger: object, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    output = _current.output
    level = "error" if method == "exception" else method
    if output is None or LEVELS.get(level, 0) < output.level:
        raise structlog.DropEvent
    line["level"] = level
    return line


def _with_traceback(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    given = line.pop("exc_info", None)
    if given:
        error = given if isinstance(given, BaseException) else sys.exc_info()[1]
        if error is not None:
            line["exception"] = "".join(traceback.format_exception(error))
    return line


def _emit(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    output = _current.output
    if output is not None:
        output.write(line)
    raise structlog.DropEvent


structlog.configure(
    processors=[_drop_below_level, structlog.contextvars.merge_contextvars, _with_traceback, _emit],
    wrapper_class=structlog.make_filtering_bound_logger(0),
    logger_factory=structlog.ReturnLoggerFactory(),
    cache_logger_on_first_use=False,  # `structlog.testing.capture_logs` works on loggers of modules only this way.
)
