"""`aura refs`, `calls`, `hierarchy`, `imports`, `impact`, `tests-for`, `dead`, `cycles` and `entries`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.passages import place
from aura_cli.questions import about_a_project, asked, close, limit_option, place_or_name, target_of
from aura_cli.screen import bold, coloured, cut, dim, out, out_json, plural, safe, width
from aura_cli.targets import inside

CONFIDENCES: Final = ("exact", "likely", "by name")
SEVERITIES: Final = ("at import", "deferred", "types only")
_MARKS: Final = {"exact": "green", "likely": "yellow", "by name": "bright_black"}

_CONFIDENCE = click.option(
    "--confidence",
    type=click.Choice(CONFIDENCES),
    default="by name",
    show_default=True,
    help="Leave out what is less sure.",
)


@click.command(
    cls=WithExamples,
    examples=[
        "aura refs SessionStore.close",
        "aura refs src/sessions.py:42",
        "aura refs parse --confidence likely --kind call",
    ],
)
@click.argument("symbol")
@click.option(
    "-k", "--kind", "kinds", multiple=True, type=click.Choice(["call", "type", "inherit", "import", "name", "write"]),
    help="Only such uses; repeatable.",
)  # fmt: skip
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only uses in paths that match; repeatable.")
@_CONFIDENCE
@limit_option(1000, 50, "references")
@about_a_project
def refs(
    *,
    symbol: str,
    kinds: tuple[str, ...],
    globs: tuple[str, ...],
    confidence: str,
    limit: int,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find where SYMBOL is used: a name, `Container.name`, or FILE:LINE."""
    target = target_of(project)
    body = {**place_or_name(symbol, target), "kinds": list(kinds), "paths": list(globs), "confidence": confidence}
    answer = asked(target, "references", {**body, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    _meant(answer, root)
    path = None
    found = objects_of(answer, "references")
    for one in found:
        if text_of(one, "path") != path:
            path = text_of(one, "path")
            out(bold(coloured(place(root, path), "cyan")))
        sure = text_of(one, "confidence")
        head = f"{str(count_of(one, 'line')).rjust(6)}  {coloured(sure.ljust(7), _MARKS.get(sure, 'white'))}"
        around = text_of(one, "enclosing")
        tail = dim(safe(f"{text_of(one, 'kind')}{' in ' + around if around else ''}"))
        out(f"{head}  {cut(safe(text_of(one, 'text')), max(20, width() - 50))}  {tail}")
    close(answer, f"{len(found)} of {plural(count_of(answer, 'total'), 'reference')}", limit, 1000)


@click.command(cls=WithExamples, examples=["aura calls SessionStore.close", "aura calls main --callees --depth 3"])
@click.argument("symbol")
@click.option("--callers/--callees", "callers", default=True, show_default=True, help="Which way to look.")
@click.option("--depth", type=click.IntRange(1, 5), default=1, show_default=True, help="How many steps.")
@_CONFIDENCE
@limit_option(1000, 50, "calls")
@about_a_project
def calls(
    *,
    symbol: str,
    callers: bool,
    depth: int,
    confidence: str,
    limit: int,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find who calls SYMBOL, or what it calls."""
    target = target_of(project)
    direction = "callers" if callers else "callees"
    body = {**place_or_name(symbol, target), "direction": direction, "depth": depth, "confidence": confidence}
    answer = asked(target, "calls", {**body, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    _meant(answer, root)
    found = objects_of(answer, "calls")
    for one in found:
        shown = object_of(one, "caller" if callers else "callee")
        other = object_of(one, "callee" if callers else "caller")
        words = "calls" if callers else "called by"
        step = f"{'  ' * (count_of(one, 'depth', 1) - 1)}{_named(shown)}"
        out(
            _row(
                root, shown, step, text_of(one, "confidence"), f"{words} {text_of(other, 'name') or 'the file itself'}"
            )
        )
    close(answer, plural(len(found), "call"), limit, 1000)


@click.command(cls=WithExamples, examples=["aura hierarchy BaseStore", "aura hierarchy Reader.read --depth 2"])
@click.argument("symbol")
@click.option("--depth", type=click.IntRange(1, 20), default=5, show_default=True, help="How many steps.")
@limit_option(1000, 100, "relatives")
@about_a_project
def hierarchy(*, symbol: str, depth: int, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Show what SYMBOL inherits from, what inherits from it, and which methods override each other."""
    target = target_of(project)
    body = {**place_or_name(symbol, target), "depth": depth, "limit": limit}
    answer = asked(target, "hierarchy", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    _meant(answer, root)
    relation = None
    found = objects_of(answer, "relatives")
    for one in found:
        if text_of(one, "relation") != relation:
            relation = text_of(one, "relation")
            out(bold(relation))
        symbol_of = object_of(one, "symbol")
        name = "  " * count_of(one, "depth", 1) + safe(text_of(one, "name"))
        if symbol_of:
            out(_row(root, symbol_of, name, text_of(one, "confidence"), ""))
        else:
            out(f"{name}  {dim('outside the project')}")
    close(answer, plural(len(found), "relative"), limit, 1000)


@click.command(cls=WithExamples, examples=["aura imports src/sessions.py"])
@click.argument("file")
@limit_option(2000, 200, "imports each way")
@about_a_project
def imports(*, file: str, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Show what FILE imports, and who imports it."""
    target = target_of(project)
    answer = asked(target, "imports", {"path": inside(target, file), "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    ours, theirs = objects_of(answer, "imports"), objects_of(answer, "imported_by")
    if ours:
        out(bold("imports"))
    for one in ours:
        where = text_of(one, "target")
        tail = dim(safe(where) or "outside the project") + _marks(one)
        out(f"{str(count_of(one, 'line')).rjust(6)}  {_what(one)}  {tail}")
    if theirs:
        out(bold("imported by"))
    for one in theirs:
        head = coloured(place(root, text_of(one, "path"), count_of(one, "line", 1)), "cyan")
        out(f"  {head}  {_what(one)}{_marks(one)}")
    close(answer, f"{plural(len(ours), 'import')}, imported by {plural(len(theirs), 'file')}", limit, 2000)


def _what(one: JsonObject) -> str:
    name = text_of(one, "name")
    return safe(text_of(one, "module") + (f": {name}" if name else ""))


def _marks(one: JsonObject) -> str:
    marks = [word for key, word in (("typing_only", "types only"), ("deferred", "deferred")) if flag_of(one, key)]
    return dim(f"  {', '.join(marks)}") if marks else ""


@click.command(
    cls=WithExamples,
    examples=["aura impact SessionStore.close", "aura impact src/sessions.py", "aura impact parse --json"],
)
@click.argument("symbol")
@click.option("--depth", type=click.IntRange(1, 20), default=6, show_default=True, help="How many steps.")
@_CONFIDENCE
@limit_option(1000, 30, "entries in each list")
@about_a_project
def impact(
    *, symbol: str, depth: int, confidence: str, limit: int, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """Show what may break when SYMBOL or a file changes: users, public API, and the tests to run."""
    target = target_of(project)
    body = {**place_or_name(symbol, target), "depth": depth, "confidence": confidence, "limit": limit}
    answer = asked(target, "impact", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    _meant(answer, root)
    if text_of(answer, "summary"):
        out(bold(safe(text_of(answer, "summary"))))
    _affected(answer, "affected", "may break", root)
    public = objects_of(answer, "public_api")
    if public:
        out(bold("public API and entry points"))
    for one in public:
        out(_row(root, one, _named(one), "", text_of(one, "entry")))
    _affected(answer, "tests", "tests that reach it", root)
    close(answer, plural(count_of(answer, "files_total"), "file"), limit, 1000)


@click.command("tests-for", cls=WithExamples, examples=["aura tests-for SessionStore.close", "aura tests-for src/a.py"])
@click.argument("symbol")
@limit_option(1000, 50, "tests")
@about_a_project
def tests_for(*, symbol: str, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Find the tests that reach SYMBOL or a file, nearest first."""
    target = target_of(project)
    answer = asked(target, "tests-for", {**place_or_name(symbol, target), "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    _meant(answer, root)
    _affected(answer, "tests", "tests", root)
    close(
        answer,
        f"{plural(count_of(answer, 'total'), 'test')} in {plural(len(texts_of(answer, 'files')), 'file')}",
        limit,
    )


def _affected(answer: JsonObject, key: str, title: str, root: Path) -> None:
    found = objects_of(answer, key)
    if found:
        out(bold(title))
    for one in found:
        symbol = object_of(one, "symbol")
        via = text_of(one, "via")
        steps = f"{count_of(one, 'distance', 1)}"
        out(
            _row(
                root,
                symbol,
                f"{steps.rjust(3)}  {_named(symbol)}",
                text_of(one, "confidence"),
                f"via {via}" if via else "",
            )
        )


@click.command(cls=WithExamples, examples=["aura dead", "aura dead src --public"])
@click.argument("globs", nargs=-1)
@click.option("--public", is_flag=True, help="Public definitions count as well, as in an application nobody imports.")
@limit_option(1000, 50, "definitions")
@about_a_project
def dead(
    *, globs: tuple[str, ...], public: bool, limit: int, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """Find definitions that nothing seems to reach, with the reason. Look before you delete."""
    target = target_of(project)
    answer = asked(target, "dead-code", {"paths": list(globs), "public": public, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    found = objects_of(answer, "dead")
    for one in found:
        symbol = object_of(one, "symbol")
        sure = text_of(one, "confidence")
        out(_row(root, symbol, f"{_named(symbol)}  {dim(sure)}", "", text_of(one, "reason")))
    counts = f"{len(found)} of {plural(count_of(answer, 'total'), 'candidate')}"
    close(answer, f"{counts} · {count_of(answer, 'looked_at'):,} definitions judged", limit, 1000)


@click.command(cls=WithExamples, examples=["aura cycles", "aura cycles --severity 'types only'"])
@click.option(
    "--severity", type=click.Choice(SEVERITIES), default="deferred", show_default=True, help="The mildest kind listed."
)
@limit_option(200, 20, "cycles")
@about_a_project
def cycles(*, severity: str, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Find files that import one another in circles."""
    target = target_of(project)
    answer = asked(target, "cycles", {"severity": severity, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    for one in objects_of(answer, "cycles"):
        size = count_of(one, "size", 1)
        out(f"{bold(plural(size, 'file'))}  {dim(text_of(one, 'severity'))}")
        for step in objects_of(one, "imports"):
            head = coloured(place(root, text_of(step, "path"), count_of(step, "line", 1)), "cyan")
            out(f"  {head}  {_what(step)}{_marks(step)}")
    close(answer, plural(count_of(answer, "total"), "cycle"), limit, 200)


@click.command(cls=WithExamples, examples=["aura entries", "aura entries --tests --json"])
@click.option("--tests", is_flag=True, help="Tests count, too.")
@limit_option(1000, 50, "entry points")
@about_a_project
def entries(*, tests: bool, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Find where something outside the code enters it: programs, handlers, commands."""
    target = target_of(project)
    answer = asked(target, "entry-points", {"tests": tests, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    for one in objects_of(answer, "entries"):
        symbol = object_of(one, "symbol")
        out(_row(root, symbol, _named(symbol), "", text_of(one, "reason")))
    close(answer, plural(count_of(answer, "total"), "entry point"), limit, 1000)


def _meant(answer: JsonObject, root: Path) -> None:
    """What the question was understood to mean."""
    found: Sequence[JsonObject] = objects_of(answer, "definitions")
    for one in found[:5]:
        head = bold(coloured(place(root, text_of(one, "path"), count_of(one, "line", 1)), "cyan"))
        out(f"{head}  {_named(one)}  {dim(text_of(one, 'kind'))}")
    if len(found) > 5:
        out(dim(f"and {len(found) - 5} more definitions with this name"))


def _named(symbol: JsonObject) -> str:
    return safe(text_of(symbol, "name") or f"{text_of(symbol, 'path')} itself")


def _row(root: Path, symbol: JsonObject, name: str, sure: str, tail: str) -> str:
    """A definition with its place; the name is ready to print."""
    mark = f"{coloured(sure.ljust(7), _MARKS.get(sure, 'white'))}  " if sure else ""
    where = coloured(place(root, text_of(symbol, "path"), count_of(symbol, "line", 1)), "cyan")
    return f"{mark}{name}  {where}" + (f"  {dim(safe(tail))}" if tail else "")
