"""Show log lines: chosen by level, fitted to the terminal, coloured by service."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from aura_cli.answers import JsonObject, text_of
from aura_cli.screen import cells, coloured, cut, dim, safe, width

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_LEVEL_COLOURS: Final = {"debug": "bright_black", "warning": "yellow", "error": "red", "critical": "red"}
_SERVICE_COLOURS: Final = ("cyan", "magenta", "blue", "green")
_OWN_FIELDS: Final = frozenset({"ts", "service", "level", "event", "module"})
_SERVICE_COLUMNS: Final = 10  # As long as `supervisor`.


def at_least(line: JsonObject, level: str) -> bool:
    """Whether a line matters at least as much as `level`; a level of another program's counts as `info`."""
    own = text_of(line, "level", "info")
    return LEVELS.index(own if own in LEVELS else "info") >= LEVELS.index(level)


def log_line(line: JsonObject, *, whole: bool = False) -> str:
    """A log line ready to print: time, service, event, facts.

    Args:
        line: As the log file has it.
        whole: Whether to keep it whole, however wide the terminal is.
    """
    service, level = text_of(line, "service", "?"), text_of(line, "level", "info")
    event = safe(text_of(line, "event"))
    facts = "  ".join(f"{name}={_fact(value)}" for name, value in line.items() if name not in _OWN_FIELDS)
    if event == "output":  # What a service printed without its logger: the text itself is the event.
        event, facts = "│", safe(text_of(line, "line"))
    mark = f"{level.upper()} " if level in {"warning", "error", "critical"} else ""
    head = f"{_clock(text_of(line, 'ts'))} {service.ljust(_SERVICE_COLUMNS)} {mark}{event}"
    room = width() - 1 - cells(head) - 2
    shown = facts if whole else cut(facts, room) if room > 8 else ""
    text = _coloured_event(event, level, mark)
    clock = dim(_clock(text_of(line, "ts")))
    return f"{clock} {coloured(service.ljust(_SERVICE_COLUMNS), _service_colour(service))} {text}" + (
        f"  {dim(shown)}" if shown else ""
    )


def _coloured_event(event: str, level: str, mark: str) -> str:
    colour = _LEVEL_COLOURS.get(level)
    return coloured(mark + event, colour) if colour else mark + event


def _service_colour(service: str) -> str:
    return _SERVICE_COLOURS[sum(map(ord, service)) % len(_SERVICE_COLOURS)]


def _clock(stamp: str) -> str:
    """The time of day here, to the millisecond."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return "--:--:--.---"


def _fact(value: object) -> str:
    if isinstance(value, str):
        text = safe(value).replace("\n", "⏎")
        return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
    return safe(json.dumps(value, ensure_ascii=False, default=str))
