"""`aura search`: ask the index of a project."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.gateway import Gateway
from aura_cli.passages import mark, passage_lines, place, query_pattern
from aura_cli.screen import bold, coloured, dim, note, out, out_json, plural, safe, seconds, width
from aura_cli.targets import find_project, when_built, with_daemon
from aura_shared.errors import EmptyQuery
from aura_shared.paths import find_paths

MODES: Final = ("auto", "words", "identifier", "path", "exact", "regex")
KINDS: Final = (
    "module", "namespace", "class", "interface", "trait", "struct", "enum", "type", "function", "method",
    "constructor", "property", "field", "variable", "constant", "macro",
)  # fmt: skip
LINES_SHOWN: Final = 5  # Ten hits then fit two screens; --all-text shows everything.


@click.command(
    cls=WithExamples,
    examples=[
        "aura search where are sessions created",
        "aura search SessionStore.create",
        "aura search '\"connection refused\"' --lang python",
        "aura search '/def test_.*timeout/' --path 'tests/**'",
        "aura search retry policy --kind function --limit 3 --json",
    ],
)
@click.argument("query", nargs=-1, required=True)
@click.option("-p", "--project", metavar="NAME", help="Identifier, name or path; default: the one around you.")
@click.option("-n", "--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Most hits.")
@click.option(
    "--budget", type=click.IntRange(0, 100_000), default=4000, show_default=True, help="Most tokens of text; 0: none."
)
@click.option("-l", "--lang", multiple=True, metavar="LANGUAGE", help="Only this language; repeatable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; `!GLOB` excludes.")
@click.option("-k", "--kind", multiple=True, type=click.Choice(KINDS), metavar="KIND", help="Only this kind of symbol.")
@click.option("--mode", type=click.Choice(MODES), default="auto", show_default=True, help="How to read the query.")
@click.option("--explain", is_flag=True, help="Show what each score is made of.")
@click.option("--all-text", is_flag=True, help="Show whole passages, not just their best lines.")
@click.option("--no-wait", is_flag=True, help="Fail while the index is being built, rather than wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def search(
    *,
    query: tuple[str, ...],
    project: str | None,
    limit: int,
    budget: int,
    lang: tuple[str, ...],
    globs: tuple[str, ...],
    kind: tuple[str, ...],
    mode: str,
    explain: bool,
    all_text: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find code by words, an identifier, a path, "an exact text" or /a pattern/."""
    words = " ".join(query)
    if not words.strip():
        raise EmptyQuery("the query is empty")
    paths = find_paths()
    target = find_project(paths, project, Path.cwd())
    body: dict[str, object] = {
        "project": target.id,
        "query": words,
        "mode": mode,
        "limit": limit,
        "budget": budget,
        "languages": list(lang),
        "paths": list(globs),
        "kinds": list(kind),
        "explain": explain,
    }

    def ask(gateway: Gateway) -> JsonObject:
        return when_built(gateway, target, lambda: gateway.post("/v1/search", body), wait=not no_wait)

    answer = with_daemon(paths, ask)
    if as_json:
        out_json(answer)
        return
    pattern = query_pattern(words)
    hits = objects_of(answer, "hits")
    for number, hit in enumerate(hits):
        if number:
            out()
        for line in hit_lines(hit, Path(target.root), pattern, most=None if all_text else LINES_SHOWN):
            out(line)
    if hits:
        out()
    else:
        out(safe(text_of(answer, "reason", "Nothing was found.")))
    note(dim(_closing(answer, limit)))


def hit_lines(hit: JsonObject, root: Path, pattern: re.Pattern[str] | None, *, most: int | None) -> list[str]:
    """A hit ready to print."""
    start, end = count_of(hit, "start_line", 1), count_of(hit, "end_line", 1)
    facts = [text_of(hit, "kind"), text_of(hit, "language"), f"lines {start}–{end}" if end > start else ""]  # noqa: RUF001 - an en dash between numbers
    head = bold(coloured(place(root, text_of(hit, "path"), start), "cyan"))
    symbol = safe(text_of(hit, "symbol"))
    lines = [f"{head}  {mark(symbol, pattern)}".rstrip() + "  " + dim(" · ".join(fact for fact in facts if fact))]
    text = text_of(hit, "text")
    if text:
        lines += passage_lines(text, start, pattern, columns=width(), most=most)
    if flag_of(hit, "truncated") and most is None:
        lines.append(f"  {dim('… cut to the budget; --budget raises it')}")
    parts = objects_of(hit, "parts")
    if parts:
        lines.append(f"  {dim('score ' + _score(number_of(hit, 'score'), parts))}")
    return lines


def _score(score: float, parts: list[JsonObject]) -> str:
    terms = [
        f"{'×' if flag_of(part, 'factor') else '+'} {number_of(part, 'value'):.3g} {text_of(part, 'name')}"  # noqa: RUF001 - the sign of a product
        for part in parts
    ]
    return f"{score:.4g} = " + " ".join(terms).removeprefix("+ ")


def _closing(answer: JsonObject, limit: int) -> str:
    """The line under the hits: how many, how long, how current."""
    freshness = object_of(answer, "freshness")
    facts = [plural(len(objects_of(answer, "hits")), "hit"), f"read as {text_of(answer, 'mode', 'words')}"]
    facts.append(seconds(number_of(answer, "seconds")))
    pending = count_of(freshness, "pending")
    if pending:
        facts.append(f"{plural(pending, 'changed file')} not in the index yet")
    if not flag_of(freshness, "verified", default=True):
        facts.append("still comparing the index with the disk")
    if flag_of(answer, "more"):
        facts.append(f"there are more: --limit {min(100, limit * 2)}")
    if not objects_of(answer, "hits"):
        skipped = sum(count_of(entry, "files") for entry in objects_of(answer, "skipped"))
        if skipped:
            facts.append(f"{plural(skipped, 'file')} not searched (`aura status` says why)")
    return " · ".join(facts)
