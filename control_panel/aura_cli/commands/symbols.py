"""`aura symbol` and `aura outline`: definitions by name, and by file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from aura_cli.answers import JsonObject, count_of, flag_of, objects_of, text_of, texts_of
from aura_cli.commands.search import KINDS
from aura_cli.examples import WithExamples
from aura_cli.gateway import Gateway
from aura_cli.passages import mark, place, query_pattern
from aura_cli.screen import bold, cells, coloured, cut, dim, note, out, out_json, plural, safe, width
from aura_cli.targets import find_project, inside, when_built, with_daemon
from aura_shared.errors import EmptyQuery
from aura_shared.paths import find_paths


@click.command(
    cls=WithExamples,
    examples=[
        "aura symbol SessionStore",
        "aura symbol SessionStore.create",
        "aura symbol parse --kind function --lang rust",
        "aura symbol open --exact --json",
    ],
)
@click.argument("name")
@click.option("-p", "--project", metavar="NAME", help="Identifier, name or path; default: the one around you.")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most symbols.")
@click.option("-l", "--lang", multiple=True, metavar="LANGUAGE", help="Only this language; repeatable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; `!GLOB` excludes.")
@click.option("-k", "--kind", multiple=True, type=click.Choice(KINDS), metavar="KIND", help="Only this kind.")
@click.option("--exact", is_flag=True, help="Only this very name.")
@click.option("--no-wait", is_flag=True, help="Fail while the index is being built, rather than wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def symbol(
    *,
    name: str,
    project: str | None,
    limit: int,
    lang: tuple[str, ...],
    globs: tuple[str, ...],
    kind: tuple[str, ...],
    exact: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find where NAME is defined; `Container.name` and `Container::name` narrow it, and part of a name is enough."""
    if not name.strip():
        raise EmptyQuery("the name is empty", hint="Say which name to look for, for example: aura symbol main.")
    paths = find_paths()
    target = find_project(paths, project, Path.cwd())
    body: dict[str, object] = {
        "project": target.id,
        "name": name,
        "kinds": list(kind),
        "languages": list(lang),
        "paths": list(globs),
        "exact": exact,
        "limit": limit,
    }

    def ask(gateway: Gateway) -> JsonObject:
        return when_built(gateway, target, lambda: gateway.post("/v1/symbols", body), wait=not no_wait)

    answer = with_daemon(paths, ask)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "symbols")
    for line in symbol_lines(found, Path(target.root), name):
        out(line)
    if not found:
        out(safe(text_of(answer, "reason", "No symbol has this name.")))
    more = f" · there are more: --limit {min(500, limit * 2)}" if flag_of(answer, "more") else ""
    note(dim(plural(len(found), "symbol") + more))


def symbol_lines(found: list[JsonObject], root: Path, name: str) -> list[str]:
    """Definitions ready to print: the place, what it is, its declaration and the first line of its documentation."""
    pattern = query_pattern(name)
    lines: list[str] = []
    for item in found:
        head = bold(coloured(place(root, text_of(item, "path"), count_of(item, "start_line", 1)), "cyan"))
        container = text_of(item, "container")
        qualified = safe(f"{container}.{text_of(item, 'name')}" if container else text_of(item, "name"))
        lines.append(f"{head}  {mark(qualified, pattern)}  {dim(text_of(item, 'kind'))}")
        details = (text_of(item, "signature"), _first_line(text_of(item, "doc")))
        lines += [
            f"  {dim(cut(safe(' '.join(detail.split())), width() - 3))}"
            for detail in details
            if detail and detail != text_of(item, "name")
        ]
    return lines


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


@click.command(
    cls=WithExamples,
    examples=[
        "aura outline src/session.py",
        "aura outline src/session.py --imports",
        "aura outline lib/store.ts --json",
    ],
)
@click.argument("file")
@click.option("-p", "--project", metavar="NAME", help="Identifier, name or path; default: around the file.")
@click.option("--imports", is_flag=True, help="Show what the file imports, too.")
@click.option("--no-wait", is_flag=True, help="Fail while the index is being built, rather than wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def outline(*, file: str, project: str | None, imports: bool, no_wait: bool, as_json: bool) -> None:
    """List what FILE defines, in the order of the file."""
    paths = find_paths()
    full = Path(os.path.realpath(file))
    target = find_project(paths, project, Path.cwd() if project or not full.exists() else full.parent)
    relative = inside(target, file)

    def ask(gateway: Gateway) -> JsonObject:
        body = {"project": target.id, "path": relative}
        return when_built(gateway, target, lambda: gateway.post("/v1/outline", body), wait=not no_wait)

    answer = with_daemon(paths, ask)
    if as_json:
        out_json(answer)
        return
    for line in outline_lines(answer, Path(target.root), with_imports=imports):
        out(line)


def outline_lines(answer: JsonObject, root: Path, *, with_imports: bool) -> list[str]:
    """The outline of a file ready to print."""
    found = objects_of(answer, "symbols")
    size = count_of(answer, "lines")
    facts = [text_of(answer, "language") or "text", plural(size, "line"), plural(len(found), "symbol")]
    if flag_of(answer, "broken"):
        facts.append("has syntax errors; the rest was read")
    lines = [f"{bold(coloured(place(root, text_of(answer, 'path')), 'cyan'))}  {dim(' · '.join(facts))}"]
    gutter = len(str(size))
    if with_imports:
        for item in objects_of(answer, "imports"):
            names = ", ".join(texts_of(item, "names"))
            text = safe(f"import {text_of(item, 'module')}" + (f": {names}" if names else ""))
            lines.append(f"{dim(str(count_of(item, 'line')).rjust(gutter))}  {dim(cut(text, width() - gutter - 3))}")
    for item in found:
        container = text_of(item, "container")
        indent = "  " * (container.count(".") + 1 if container else 0)
        start = f"{dim(str(count_of(item, 'start_line', 1)).rjust(gutter))}  {indent}"
        name = safe(text_of(item, "name"))
        signature = safe(" ".join(text_of(item, "signature").split())) or name
        kind = text_of(item, "kind")
        room = width() - cells(start) - len(kind) - 4
        lines.append(f"{start}{_bold_name(cut(signature, room), name)}  {dim(kind)}")
    if not found:
        lines.append(safe(text_of(answer, "reason", "It defines nothing that Aura knows of.")))
    return lines


def _bold_name(signature: str, name: str) -> str:
    before, found, after = signature.partition(name)
    return before + bold(found) + after if found else signature
