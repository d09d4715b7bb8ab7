"""Set or take out single values of a TOML text; comments, order and every line that has no part in it stay.

tomlkit replaces and removes values in place. Where a new one goes is found here, since tomlkit would put it behind the
comments of the next table. Whatever comes out is parsed again: it holds exactly the wanted values, or it is refused.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy
from typing import Any, Final, cast

from aura_shared.errors import SettingsError
from aura_shared.layers import Table

__all__ = ["remove_value", "set_value", "written"]

_HEADER: Final = re.compile(r"[ \t]*\[")
_IDLE: Final = re.compile(r"[ \t]*(#.*)?$")
"""A blank line or a comment."""
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def set_value(text: str, section: str, name: str, value: object) -> str:
    """The text in which a table has this value.

    Args:
        text: Valid TOML.
        section: Name of a table at the top.
        name: The key in it.
        value: As JSON has it, without null.

    Raises:
        SettingsError: The text is written in a way that cannot be edited without a risk.
    """
    before = cast("Table", tomllib.loads(text))
    table = before.get(section, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{section} must be a table; found {table!r}", hint="Correct the file by hand.")
    if name in table and table[name] == value and type(cast("object", table[name])) is type(value):
        return text
    wanted = deepcopy(before)
    cast("dict[str, object]", wanted.setdefault(section, {}))[name] = value
    return _first_that_holds(wanted, _texts_with(text, section, name, value), f"{section}.{name}")


def remove_value(text: str, section: str, name: str) -> str:
    """The text in which a table does not have this key; an emptied table goes as well when nothing else is in it.

    Raises:
        SettingsError: The text is written in a way that cannot be edited without a risk.
    """
    before = cast("Table", tomllib.loads(text))
    table = before.get(section)
    if not isinstance(table, dict) or name not in table:
        return text
    wanted = deepcopy(before)
    inner = cast("dict[str, object]", wanted[section])
    del inner[name]
    without = _first_that_holds(wanted, _texts_without(text, section, name), f"{section}.{name}", either=section)
    return without if inner else _without_empty(without, section)


def written(value: object) -> str:
    """A value as TOML writes it, in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(written(item) for item in cast('list[object]', value))}]"
    if isinstance(value, dict):
        pairs = [f"{_key(key)} = {written(inner)}" for key, inner in cast("dict[str, object]", value).items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    return repr(value)


def _first_that_holds(wanted: Table, texts: Iterator[str], key: str, *, either: str = "") -> str:
    """The first text that says exactly this; `either` names a table that may be missing when it is empty."""
    for text in texts:
        try:
            found = cast("Table", tomllib.loads(text))
        except tomllib.TOMLDecodeError:
            continue
        if found == wanted or (either and not wanted[either] and {**found, either: {}} == wanted):
            return text
    raise SettingsError(
        f"{key} cannot be changed without a risk for the rest of the file", hint="Change it by hand, in an editor."
    )


def _texts_with(text: str, section: str, name: str, value: object) -> Iterator[str]:
    table = cast("Table", tomllib.loads(text)).get(section)
    if isinstance(table, dict) and name in table:
        if not _blocks(_lines(text), section, name):
            yield from _by_tomlkit(text, lambda document: _replace(document, section, name, value))
        for without in _texts_without(text, section, name):
            yield from _inserted(without, section, name, value)
        return
    yield from _inserted(text, section, name, value)


def _texts_without(text: str, section: str, name: str) -> Iterator[str]:
    def remove(document: MutableMapping[str, Any]) -> None:
        del document[section][name]

    lines = _lines(text)
    blocks = _blocks(lines, section, name)
    for start, stop in reversed(blocks):
        lines[start:stop] = []
    if blocks:
        yield "".join(lines)
    yield from _by_tomlkit(text, remove)


def _blocks(lines: list[str], section: str, name: str) -> list[tuple[int, int]]:
    """Where the tables `[section.name]` and those below it begin and end; comments before the next table are its own.

    Blank lines behind a block go with it, unless they set off what stands before it from what comes then.
    """
    path = r"[ \t]*\.[ \t]*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in (section, name))
    header = re.compile(rf"[ \t]*\[\[?[ \t]*{path}[ \t]*[.\]]")
    found: list[tuple[int, int]] = []
    for start, line in enumerate(lines):
        if not header.match(line):
            continue
        stop = next((at for at in range(start + 1, len(lines)) if _HEADER.match(lines[at])), len(lines))
        while stop > start + 1 and _IDLE.match(lines[stop - 1].rstrip("\r\n")):
            stop -= 1
        while stop < len(lines) and not lines[stop].strip() and (start == 0 or not lines[start - 1].strip()):
            stop += 1
        found.append((start, stop))
    return found


def _by_tomlkit(text: str, change: Callable[[MutableMapping[str, Any]], object]) -> Iterator[str]:
    """The text after a change with tomlkit; nothing where tomlkit cannot do it."""
    import tomlkit  # noqa: PLC0415 - only for an edit

    try:
        document = tomlkit.parse(text)
        if tomlkit.dumps(document) != text:
            return
        change(cast("MutableMapping[str, Any]", document))
        yield tomlkit.dumps(document)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):  # Its own errors are ValueErrors.
        return


def _replace(document: MutableMapping[str, Any], section: str, name: str, value: object) -> None:
    import tomlkit  # noqa: PLC0415 - only for an edit

    document[section][name] = tomlkit.value(written(value))


def _inserted(text: str, section: str, name: str, value: object) -> Iterator[str]:
    """The text with a new line at each place where it may belong, the best first."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = _lines(text)
    entry = f"{_key(name)} = {written(value)}{end}"
    for place in _ends_of_table(lines, section):
        yield _with_line(lines, place, entry, end)
    dotted = re.compile(rf"[ \t]*{re.escape(section)}[ \t]*\.")
    for place in reversed([number for number, line in enumerate(lines, 1) if dotted.match(line)]):
        yield _with_line(lines, place, f"{section}.{entry}", end)
    gap = end if text.strip() else ""
    yield _with_line(lines, len(lines), f"{gap}[{section}]{end}{entry}", end)
    yield from _by_tomlkit(text, lambda document: _replace(document, section, name, value))


def _ends_of_table(lines: list[str], section: str) -> Iterator[int]:
    """After which lines a further key of `[section]` may be written: after its last one, or right below the header."""
    header = re.compile(rf"[ \t]*\[[ \t]*[\"']?{re.escape(section)}[\"']?[ \t]*\][ \t]*(#.*)?$")
    for start, line in enumerate(lines):
        if not header.match(line.rstrip("\r\n")):
            continue
        stops = [number for number in range(start + 1, len(lines)) if _HEADER.match(lines[number])]
        for stop in (*stops, len(lines)):  # What looks like a header may be a line of a list.
            last = stop
            while last > start + 1 and _IDLE.match(lines[last - 1].rstrip("\r\n")):
                last -= 1
            yield last
        yield start + 1


def _with_line(lines: list[str], place: int, entry: str, end: str) -> str:
    before = "".join(lines[:place])
    if before and not before.endswith("\n"):
        before += end
    return before + entry + "".join(lines[place:])


def _without_empty(text: str, section: str) -> str:
    """The text without a table that says nothing; with it where a comment stands in it."""
    wanted = {key: value for key, value in cast("Table", tomllib.loads(text)).items() if key != section}

    def texts() -> Iterator[str]:
        lines = _lines(text)
        header = re.compile(rf"[ \t]*\[[ \t]*[\"']?{re.escape(section)}[\"']?[ \t]*\][ \t]*$")
        for start, line in enumerate(lines):
            if header.match(line.rstrip("\r\n")):
                stop = start + 1
                while stop < len(lines) and not lines[stop].strip():
                    stop += 1
                if stop == len(lines) or _HEADER.match(lines[stop]):
                    yield _without_lines(lines, start, stop)
        yield from _by_tomlkit(text, lambda document: document.pop(section)) if not _has_header(lines, section) else ()

    try:
        return _first_that_holds(wanted, texts(), section)
    except SettingsError:
        return text


def _has_header(lines: list[str], section: str) -> bool:
    header = re.compile(rf"[ \t]*\[[ \t]*[\"']?{re.escape(section)}\b")
    return any(header.match(line) for line in lines)


def _without_lines(lines: list[str], start: int, stop: int) -> str:
    """The text without these lines; at the end of the file the blank lines before them go as well."""
    before = "".join(lines[:start])
    if stop == len(lines):
        before = before.rstrip() + ("\r\n" if before.endswith("\r\n") else "\n") if before.strip() else ""
    return before + "".join(lines[stop:])


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as in TOML."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else written(name)
