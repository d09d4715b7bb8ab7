"""Change one table of a TOML text and leave every other byte as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Final, cast

from aura_cli.clients.problems import Malformed

_HEADER: Final = re.compile(r"^[ \t]*\[\[?[ \t]*([^\]\r\n]+?)[ \t]*\]\]?[ \t]*(?:#[^\r\n]*)?\r?$", re.MULTILINE)
_WHERE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_path(text: str, path: Sequence[str]) -> object:
    """The value at a path of names; None when there is none.

    Raises:
        Malformed: It is not TOML.
    """
    value: object = _parse(text)
    for name in path:
        value = _table(value).get(name)
    return value


def set_path(text: str, path: Sequence[str], new: object) -> str:
    """The text with the table `new` at a path of names; a table that is there keeps its other values.

    Raises:
        Malformed: It is not TOML, or something on the way is no table.
    """
    _refuse_other_kinds(text, path)
    assert isinstance(new, dict)
    table = cast("dict[str, object]", new)
    if read_path(text, path) is None and not _inline(text, path):
        return _append(text, path, table)
    import tomlkit  # noqa: PLC0415 - 50 ms, and only for a table that is there already

    document = tomlkit.parse(text)
    container: object = document
    for name in path:
        within = cast("dict[str, object]", container)
        if name not in within:
            within[name] = tomlkit.inline_table()
        container = within[name]
    entry = cast("dict[str, object]", container)
    missing: list[str] = []
    header = _header(text, path)
    for name, value in table.items():
        if name not in entry and header is not None:
            missing.append(f"{name} = {_written(value)}")
        elif entry.get(name) != value:
            entry[name] = tomlkit.value(_written(value))
    changed = tomlkit.dumps(document)
    header = _header(changed, path)
    if header is None or not missing:
        return changed
    # tomlkit would add them behind the comments of the next table.
    eol = _eol(changed)
    return changed[: header.end()].rstrip("\r") + "".join(eol + line for line in missing) + changed[header.end() :]


def remove_path(text: str, path: Sequence[str], *, and_empty: bool = False) -> str:  # noqa: ARG001 - like the one for JSON; a table that was appended leaves no empty one
    """The text without the table at a path of names, the tables below it included.

    Raises:
        Malformed: It is not TOML.
    """
    if read_path(text, path) is None:
        return text
    kept, changed = text, False
    for start, end in reversed(_blocks(text, path)):
        kept, changed = kept[:start] + kept[end:], True
    if not changed or read_path(kept, path) is not None:
        import tomlkit  # noqa: PLC0415 - 50 ms, and only for a table written inline

        document = tomlkit.parse(kept)
        container: object = document
        for name in path[:-1]:
            container = cast("dict[str, object]", container)[name]
        del cast("dict[str, object]", container)[path[-1]]
        return tomlkit.dumps(document)
    return kept


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        where = _WHERE.search(str(error))
        message = _WHERE.sub("", str(error)).strip()
        if where:
            raise Malformed(message, int(where.group(1)), int(where.group(2))) from error
        lines = text.splitlines() or [""]
        raise Malformed(message, len(lines), len(lines[-1]) + 1) from error


def _refuse_other_kinds(text: str, path: Sequence[str]) -> None:
    value: object = _parse(text)
    for depth, name in enumerate(path):
        if not _is_table(value):
            found = re.search(rf"^[ \t]*\[?{re.escape(path[depth - 1])}\b", text, re.MULTILINE)
            line = text[: found.start()].count("\n") + 1 if found else 1
            raise Malformed(f"{'.'.join(path[:depth])} must be a table", line, 1)
        value = _table(value).get(name)
        if value is None:
            return


def _inline(text: str, path: Sequence[str]) -> bool:
    """Whether the table around is written inline, so that no header can add to it."""
    around = read_path(text, path[:-1])
    name = re.escape(path[-2])
    return isinstance(around, dict) and re.search(rf"^[ \t]*{name}[ \t]*=", text, re.MULTILINE) is not None


def _append(text: str, path: Sequence[str], table: dict[str, object]) -> str:
    eol = _eol(text)
    lines = [f"[{'.'.join(path)}]", *(f"{name} = {_written(value)}" for name, value in table.items())]
    before = text
    if before.strip("\ufeff"):
        before += ("" if before.endswith("\n") else eol) + eol
    return before + eol.join(lines) + eol


def _written(value: object) -> str:
    """A text, a list of texts or a flat table as TOML writes it; JSON's escapes are TOML's too."""
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return "{ " + ", ".join(f"{name} = {_written(item)}" for name, item in items) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _eol(text: str) -> str:
    found = re.search(r"\r\n|\n", text)
    return found.group() if found else "\n"


def _names(header: re.Match[str]) -> list[str]:
    return [part.strip().strip("\"'") for part in header.group(1).split(".")]


def _header(text: str, path: Sequence[str]) -> re.Match[str] | None:
    """The line that opens the table at a path."""
    return next((header for header in _HEADER.finditer(text) if _names(header) == list(path)), None)


def _blocks(text: str, path: Sequence[str]) -> list[tuple[int, int]]:
    """Where the tables at and below a path stand, each with the empty line before it."""
    headers = list(_HEADER.finditer(text))
    blocks: list[tuple[int, int]] = []
    for number, header in enumerate(headers):
        if _names(header)[: len(path)] != list(path):
            continue
        following = headers[number + 1].start() if number + 1 < len(headers) else len(text)
        end = header.start() + len(_own_lines(text[header.start() : following]))
        empty = re.search(r"(?:^|(?<=\n))[ \t]*\r?\n$", text[: header.start()])
        start = empty.start() if empty else header.start()
        blocks.append((start, end))
    return blocks


def _own_lines(block: str) -> str:
    """A table's lines without the space and comments behind it: those speak of what comes next."""
    lines = block.splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return "".join(lines)
