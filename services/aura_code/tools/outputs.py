"""Reads what each tool prints into one form. The readers raise `OutputError` for what they do not understand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple, cast

from aura_code.findings.model import Category, Level

Unit = Literal["characters", "utf-16", "bytes"]
"""What a tool counts columns in."""


class Spot(NamedTuple):
    """A place in a file as a tool says it: a line from 1 and a column from 0 in units of the tool; or an offset."""

    line: int
    column: int = 0


class RawEdit(NamedTuple):
    """A certain replacement between two spots, or between two offsets of the whole text (`line` 0)."""

    start: Spot
    end: Spot
    text: str


class Said(NamedTuple):
    """One thing that a tool found."""

    path: str
    """As the tool writes it."""
    start: Spot
    end: Spot
    """Not included; equal to `start` when the tool says no end."""
    code: str
    """Its rule."""
    level: Level
    message: str
    category: Category
    unit: Unit = "characters"
    edits: tuple[RawEdit, ...] = ()


class OutputError(Exception):
    """The output of a tool has another form than expected."""


Reader = Callable[[bytes], Iterable[Said]]
Table = Mapping[str, object]

_SECURITY_WORDS: Final = re.compile(r"security|secur|injection|unsafe|xss|crypt", re.IGNORECASE)


def read_ruff(output: bytes) -> Iterator[Said]:
    """`ruff check --output-format=json`."""
    for item in _tables(_json(output)):
        fix = _table(item.get("fix"))
        edits = _tables(fix.get("edits")) if fix.get("applicability") == "safe" else []
        start = _row(item.get("location"))
        code = _text(item.get("code")) or "invalid-syntax"
        yield Said(
            _text(item.get("filename")),
            start,
            _row(item.get("end_location")) or start,
            code,
            *_ruff_weight(code, _text(item.get("message"))),
            edits=tuple(
                RawEdit(_row(edit.get("location")), _row(edit.get("end_location")), _text(edit.get("content")))
                for edit in edits
            ),
        )


_RUFF_ERRORS: Final = ("F82", "F63", "F7", "E9", "PLE", "invalid-syntax")
_RUFF_CATEGORIES: Final[tuple[tuple[str, Level, Category], ...]] = (
    ("SIM", "hint", "maintainability"),
    ("SLF", "hint", "maintainability"),
    ("SLOT", "hint", "performance"),
    ("S", "warning", "security"),
    ("PERF", "hint", "performance"),
    ("PLR", "hint", "maintainability"),
    ("PLC", "hint", "style"),
    ("PL", "warning", "correctness"),
    ("PT", "hint", "style"),
    ("PTH", "hint", "maintainability"),
    ("PIE", "hint", "maintainability"),
    ("BLE", "warning", "reliability"),
    ("ASYNC", "warning", "reliability"),
    ("TRY", "hint", "reliability"),
    ("DTZ", "warning", "correctness"),
    ("RUF", "warning", "maintainability"),
    ("B", "warning", "correctness"),
    ("F4", "warning", "maintainability"),
    ("F8", "warning", "maintainability"),
    ("F5", "error", "correctness"),
    ("F", "warning", "correctness"),
)


def _ruff_weight(code: str, message: str) -> tuple[Level, str, Category]:
    """Ruff calls everything an error; its families tell more."""
    if code.startswith(_RUFF_ERRORS):
        return "error", message, "correctness"
    for prefix, level, category in _RUFF_CATEGORIES:
        if code.startswith(prefix):
            return level, message, category
    return "hint", message, "style"


def read_pyright(output: bytes) -> Iterator[Said]:
    """`pyright --outputjson`, also of basedpyright."""
    levels: Mapping[str, Level] = {"error": "error", "warning": "warning"}
    for item in _tables(_table(_json(output)).get("generalDiagnostics")):
        place = _table(item.get("range"))
        start, end = _zero_based(place.get("start")), _zero_based(place.get("end"))
        code = _text(item.get("rule")) or "error"
        level = _level(levels, _text(item.get("severity")), "hint")
        category: Category = "maintainability" if code.startswith("reportUnused") else "correctness"
        yield Said(_text(item.get("file")), start, end, code, level, _text(item.get("message")), category, "utf-16")


def read_mypy(output: bytes) -> Iterator[Said]:
    """`mypy --output=json`: an object a line; notes belong to the error before them and are left out."""
    for item in _lines(output):
        if item.get("severity") == "note":
            continue
        start = Spot(_number(item.get("line"), 1), _number(item.get("column"), 0))
        end = Spot(_number(item.get("end_line"), start.line), _number(item.get("end_column"), start.column - 1) + 1)
        end = end if end.line == start.line else start  # Of a function without types it means the whole.
        code = _text(item.get("code")) or "error"
        yield Said(_text(item.get("file")), start, end, code, "error", _text(item.get("message")), "correctness")


def read_ty(output: bytes) -> Iterator[Said]:
    """`ty check --output-format=gitlab`."""
    levels: Mapping[str, Level] = {"info": "hint", "minor": "warning", "major": "error", "critical": "error"}
    for item in _tables(_json(output)):
        place = _table(item.get("location"))
        positions = _table(place.get("positions"))
        start, end = _one_based(positions.get("begin")), _one_based(positions.get("end"))
        code = _text(item.get("check_name"))
        message = _text(item.get("description")).removeprefix(f"{code}: ")
        level = _level(levels, _text(item.get("severity")), "warning")
        yield Said(_text(place.get("path")), start, end, code, level, message, "correctness")


def read_bandit(output: bytes) -> Iterator[Said]:
    """`bandit -f json`. Columns count bytes."""
    levels: Mapping[str, Level] = {"HIGH": "error", "MEDIUM": "warning", "LOW": "hint"}
    for item in _tables(_table(_json(output)).get("results")):
        line = _number(item.get("line_number"), 1)
        start = Spot(line, max(0, _number(item.get("col_offset"), 0)))
        end = Spot(line, max(start.column, _number(item.get("end_col_offset"), 0)))
        lines = item.get("line_range")
        if isinstance(lines, list) and len(cast("list[object]", lines)) > 1:
            end = start
        level = _level(levels, _text(item.get("issue_severity")), "warning")
        message, code = _text(item.get("issue_text")), _text(item.get("test_id"))
        yield Said(_text(item.get("filename")), start, end, code, level, message, "security", "bytes")


def read_eslint(output: bytes) -> Iterator[Said]:
    """`eslint --format=json`. Fixes are ranges of the whole text in UTF-16 units."""
    for file in _tables(_json(output)):
        path = _text(file.get("filePath"))
        for item in _tables(file.get("messages")):
            code = _text(item.get("ruleId")) or "parsing"
            if code == "parsing" and not item.get("fatal"):
                continue  # A remark about the configuration, such as an ignored file.
            start = Spot(_number(item.get("line"), 1), max(0, _number(item.get("column"), 1) - 1))
            end = Spot(_number(item.get("endLine"), start.line), _number(item.get("endColumn"), start.column + 1) - 1)
            level: Level = "error" if item.get("severity") == 2 else "warning"
            category: Category = (
                "security" if code.startswith(("security/", "no-eval", "no-implied")) else "correctness"
            )
            yield Said(path, start, end, code, level, _text(item.get("message")), category, "utf-16", _eslint_fix(item))


def _eslint_fix(item: Table) -> tuple[RawEdit, ...]:
    fix = _table(item.get("fix"))
    bounds = fix.get("range")
    if not isinstance(bounds, list) or len(cast("list[object]", bounds)) != 2:
        return ()
    first, last = cast("list[object]", bounds)
    return (RawEdit(Spot(0, _number(first, 0)), Spot(0, _number(last, 0)), _text(fix.get("text"))),)


def read_biome(output: bytes) -> Iterator[Said]:
    """`biome lint --reporter=json`."""
    levels: Mapping[str, Level] = {"fatal": "error", "error": "error", "warning": "warning"}
    categories: Mapping[str, Category] = {
        "security": "security",
        "performance": "performance",
        "style": "style",
        "complexity": "maintainability",
    }
    begin = output.find(b"{")
    for item in _tables(_table(_json(output[max(0, begin) :])).get("diagnostics")):
        place = _table(item.get("location"))
        if "start" not in place:
            continue
        kind = _text(item.get("category")).split("/")
        level = _level(levels, _text(item.get("severity")), "hint")
        group: Category = categories.get(kind[1], "correctness") if len(kind) > 2 else "correctness"
        start, end = _one_based(place.get("start")), _one_based(place.get("end"))
        yield Said(_text(place.get("path")), start, end, kind[-1], level, _text(item.get("message")), group, "utf-16")


_TSC: Final = re.compile(
    r"^(?P<path>.+?)\((?P<line>\d+),(?P<column>\d+)\): (?P<kind>error|warning) TS(?P<code>\d+): (?P<message>.*)$"
)


def read_tsc(output: bytes) -> Iterator[Said]:
    """`tsc --pretty false`: a line each; indented lines go on with the one before."""
    for line in output.decode("utf-8", "replace").splitlines():
        match = _TSC.match(line)
        if match:
            start = Spot(int(match["line"]), int(match["column"]) - 1)
            level: Level = "error" if match["kind"] == "error" else "warning"
            yield Said(match["path"], start, start, match["code"], level, match["message"], "correctness", "utf-16")


def read_clippy(output: bytes) -> Iterator[Said]:
    """`cargo clippy --message-format=json`: an object a line, offsets in bytes."""
    for item in _lines(output):
        message = _table(item.get("message"))
        code = _text(_table(message.get("code")).get("code"))
        spans = [span for span in _tables(message.get("spans")) if span.get("is_primary")]
        if item.get("reason") != "compiler-message" or not spans or not code:
            continue
        path = _text(spans[0].get("file_name"))
        level: Level = "error" if message.get("level") == "error" else "warning"
        category: Category = "performance" if "perf" in _text(message.get("rendered")) else "correctness"
        yield Said(
            path,
            Spot(_number(spans[0].get("line_start"), 1), _number(spans[0].get("column_start"), 1) - 1),
            Spot(_number(spans[0].get("line_end"), 1), _number(spans[0].get("column_end"), 1) - 1),
            code.removeprefix("clippy::"),
            level,
            _text(message.get("message")),
            category,
            "characters",
            _clippy_fix(message, path),
        )


def _clippy_fix(message: Table, path: str) -> tuple[RawEdit, ...]:
    """The one suggestion that the compiler calls applicable by machine; nothing when there are several."""
    suggestions = [
        [span for span in _tables(child.get("spans")) if span.get("suggested_replacement") is not None]
        for child in _tables(message.get("children"))
    ]
    suggestions = [spans for spans in suggestions if spans]
    if len(suggestions) != 1:
        return ()
    certain = all(
        span.get("suggestion_applicability") == "MachineApplicable" and span.get("file_name") == path
        for span in suggestions[0]
    )
    return tuple(
        RawEdit(
            Spot(-1, _number(span.get("byte_start"), 0)),
            Spot(-1, _number(span.get("byte_end"), 0)),
            _text(span.get("suggested_replacement")),
        )
        for span in suggestions[0]
        if certain
    )


def read_golangci(output: bytes) -> Iterator[Said]:
    """`golangci-lint run` with JSON output; what stands after it is left out."""
    found, _ = json.JSONDecoder().raw_decode(output.decode("utf-8", "replace").lstrip() or "{}")
    for item in _tables(_table(found).get("Issues")):
        place = _table(item.get("Pos"))
        start = Spot(_number(place.get("Line"), 1), max(0, _number(place.get("Column"), 1) - 1))
        linter = _text(item.get("FromLinter"))
        category: Category = "security" if linter == "gosec" else "correctness"
        level: Level = "error" if item.get("Severity") == "error" or linter == "typecheck" else "warning"
        yield Said(
            _text(place.get("Filename")), start, start, linter, level, _text(item.get("Text")), category, "bytes"
        )


_VET_PLACE: Final = re.compile(r"^(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?$")


def read_go_vet(output: bytes) -> Iterator[Said]:
    """`go vet -json`: an object a package, between comment lines."""
    text = "\n".join(line for line in output.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            packages, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise OutputError(f"not JSON: {error}") from error
        for checks in _table(packages).values():
            for check, found in _table(checks).items():
                yield from _vet_findings(check, _tables(found))


def _vet_findings(check: str, found: Iterable[Table]) -> Iterator[Said]:
    for item in found:
        place = _VET_PLACE.match(_text(item.get("posn")))
        if place:
            start = Spot(int(place["line"]), int(place["column"] or 1) - 1)
            message = _text(item.get("message"))
            yield Said(place["path"], start, start, check, "warning", message, "correctness", "bytes")


def read_semgrep(output: bytes) -> Iterator[Said]:
    """`semgrep scan --json`."""
    levels: Mapping[str, Level] = {
        "ERROR": "error",
        "HIGH": "error",
        "CRITICAL": "error",
        "INFO": "hint",
        "LOW": "hint",
    }
    for item in _tables(_table(_json(output)).get("results")):
        more = _table(item.get("extra"))
        kind = _text(_table(more.get("metadata")).get("category"))
        code = _text(item.get("check_id"))
        category: Category = "security" if kind == "security" or _SECURITY_WORDS.search(code) else "correctness"
        level = _level(levels, _text(more.get("severity")), "warning")
        start, end = _one_based(item.get("start"), "col"), _one_based(item.get("end"), "col")
        yield Said(_text(item.get("path")), start, end, code, level, _text(more.get("message")), category)


def _json(output: bytes) -> object:
    try:
        return cast("object", json.loads(output or b"null"))
    except ValueError as error:
        raise OutputError(f"not JSON: {error}") from error


def _lines(output: bytes) -> Iterator[Table]:
    for line in output.splitlines():
        if line.startswith(b"{"):
            yield _table(_json(line))


def _table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}


def _tables(value: object) -> list[Table]:
    return [_table(item) for item in cast("list[object]", value)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _level(levels: Mapping[str, Level], value: str, otherwise: Level) -> Level:
    return levels.get(value, otherwise)


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _row(value: object) -> Spot:
    place = _table(value)
    return Spot(_number(place.get("row"), 1), max(0, _number(place.get("column"), 1) - 1))


def _zero_based(value: object) -> Spot:
    place = _table(value)
    return Spot(_number(place.get("line"), 0) + 1, _number(place.get("character"), 0))


def _one_based(value: object, column: str = "column") -> Spot:
    place = _table(value)
    return Spot(_number(place.get("line"), 1), max(0, _number(place.get(column), 1) - 1))
