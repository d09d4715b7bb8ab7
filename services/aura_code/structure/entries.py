"""Where something outside the code enters it: programs, commands, handlers, tasks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aura_code.answers import visible
from aura_code.filters import PathFilter
from aura_code.places import read_place
from aura_code.sources import Sources
from aura_code.structure.lookup import Symbol, defined, listed, symbols_where
from aura_shared.messages.structure import EntryPoint, EntryPointsAnswer, FindEntryPoints

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_PROGRAMS: Final = frozenset({"main"})
_REGISTERED: Final = re.compile(r"decorated by|annotated|marked")
_HANDLER: Final = re.compile(
    r"(?:\w+_)?(?:route|get|post|put|patch|delete|head|websocket|command|group|task|receiver|handler|errorhandler|hook"
    r"|tool|resource|prompt|register|middleware|subscribe|job|cron|signal|on|callback|listener|main|entry|view|action"
    r"|pymodule|pyfunction|wasm_bindgen|no_mangle|endpoint|filter|listens_for|before_request|after_request|teardown"
    r"|template_filter|context_processor)(?:_\w+)?"
    r"|\w*(?:Mapping|Listener|Handler|Route|Scheduled|Bean|Path|GET|POST|PUT|DELETE|Job)",
)
_TESTS: Final = re.compile(r"test|fixture")
_ASIDE: Final = frozenset({"tests", "docs", "legacy"})


class _Entry(NamedTuple):
    symbol: Symbol
    reason: str
    rank: int


def entry_points(store: StructureReader, root: Path, request: FindEntryPoints) -> EntryPointsAnswer:
    """Programs first, then handlers and commands; tests only when asked for.

    Raises:
        UsageProblem: A path is no glob.
    """
    found = {one.symbol.id: one for one in (*_by_reason(store, tests=request.tests), *_declared(store, root))}
    passes = PathFilter(request.paths).passes
    entries = [one for one in found.values() if passes(one.symbol.path)]
    entries.sort(key=lambda one: (one.rank, _is_aside(one.symbol.path), one.symbol.path, one.symbol.line))
    shown = entries[: request.limit]
    rows = store.rows(
        "SELECT scope, count(DISTINCT target) FROM uses WHERE scope IN (SELECT value FROM json_each(?)) "
        "AND target IS NOT NULL AND target <> scope GROUP BY scope",
        (listed(one.symbol.id for one in shown),),
    )
    reaches = dict(cast("list[tuple[int, int]]", rows))
    return EntryPointsAnswer(
        entries=[
            EntryPoint(symbol=defined(one.symbol), reason=visible(one.reason), reaches=reaches.get(one.symbol.id, 0))
            for one in shown
        ],
        total=len(entries),
        more=len(entries) > len(shown),
        reason="" if entries else "No program, command or handler was recognised; a library has none.",
    )


def _is_aside(path: str) -> bool:
    return not _ASIDE.isdisjoint(read_place(path).kinds)


def _by_reason(store: StructureReader, *, tests: bool) -> Iterator[_Entry]:
    condition = "s.entry NOT IN ('', 'exported', 'in __all__', 'special name', 'special method', 'overrides')"
    for symbol in symbols_where(store, condition if tests else f"{condition} AND NOT f.is_test"):
        reason = symbol.entry
        if reason in _PROGRAMS:
            yield _Entry(symbol, reason, 0)
        elif tests and _TESTS.match(reason):
            yield _Entry(symbol, reason, 2)
        elif _REGISTERED.match(reason) and _HANDLER.fullmatch(_last(reason)):
            yield _Entry(symbol, reason, 1)


def _last(reason: str) -> str:
    """The last name of a decorator or annotation."""
    return reason.rpartition(" ")[2].rpartition(".")[2].rpartition("::")[2]


def _declared(store: StructureReader, root: Path) -> Iterator[_Entry]:
    """Programs that a project of Python declares."""
    rows = store.rows("SELECT DISTINCT path FROM files WHERE language = 'python'")
    tops = {str(row[0]).split("/")[0] for row in rows if "/" in str(row[0])}
    sources = Sources(root)
    for folder in ["", *(f"{top}/" for top in sorted(tops))]:
        content = sources.read(f"{folder}pyproject.toml")
        for name, target in _scripts(content.text if content else "").items():
            module, _, function = target.partition(":")
            place = module.replace(".", "/")
            for symbol in symbols_where(store, "s.name = ? AND s.parent IS NULL", (function.split(".")[0],)):
                if symbol.path.endswith((f"{place}.py", f"{place}/__init__.py")):
                    yield _Entry(symbol, f"program {name}", 0)


def _scripts(text: str) -> dict[str, str]:
    """Names and targets of the programs in a `pyproject.toml`."""
    try:
        project = tomllib.loads(text).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    if not isinstance(project, dict):
        return {}
    found: dict[str, str] = {}
    for key in ("scripts", "gui-scripts"):
        table = cast("dict[str, object]", project).get(key)
        if isinstance(table, dict):
            found |= {str(k): v for k, v in cast("dict[str, object]", table).items() if isinstance(v, str)}
    return found
