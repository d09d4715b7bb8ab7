"""`aura pattern`, `clones` and `similar`: code by its syntax, copies, and code that is like other code."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, objects_of, text_of, texts_of
from aura_cli.commands.findings import diff_lines
from aura_cli.commands.search import hit_lines
from aura_cli.examples import WithExamples
from aura_cli.passages import place
from aura_cli.questions import about_a_project, asked, close, limit_option, place_or_name, target_of
from aura_cli.screen import bold, coloured, dim, out, out_json, plural, safe, seconds
from aura_shared.errors import UsageProblem

_LINES_SHOWN = 6


@click.command(
    cls=WithExamples,
    examples=[
        "aura pattern 'requests.get($URL)'",
        "aura pattern 'if ($A == null) { $$$ }' --lang javascript",
        "aura pattern 'assertEquals($A, $B)' --rewrite 'assertThat($A).isEqualTo($B)'",
        "aura pattern --rule 'kind: await_expression'",
    ],
)
@click.argument("pattern", default="")
@click.option("--rule", default="", help="An ast-grep rule as YAML or JSON instead of a pattern.")
@click.option("--rewrite", help="Show what each hit would become; nothing is written.")
@click.option("-l", "--lang", multiple=True, metavar="LANGUAGE", help="Only this language; repeatable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; repeatable.")
@limit_option(500, 20, "hits")
@about_a_project
def pattern(
    *,
    pattern: str,
    rule: str,
    rewrite: str | None,
    lang: tuple[str, ...],
    globs: tuple[str, ...],
    limit: int,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find code that PATTERN fits: `$NAME` stands for one node, `$$$` for any number."""
    target = target_of(project)
    body = {
        "pattern": pattern, "rule": rule, "rewrite": rewrite, "languages": list(lang), "paths": list(globs),
        "limit": limit,
    }  # fmt: skip
    answer = asked(target, "structural", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "hits")
    for number, hit in enumerate(found):
        if number:
            out()
        for line in hit_lines(hit, Path(target.root), None, most=_LINES_SHOWN):
            out(line)
        for line in _rewritten(hit):
            out(line)
    tried = ", ".join(texts_of(answer, "tried"))
    facts = [plural(len(found), "hit"), f"{plural(count_of(answer, 'files'), 'file')} parsed", f"tried as {tried}"]
    close(answer, " · ".join([*facts, seconds(number_of(answer, "seconds"))]), limit)


def _rewritten(hit: JsonObject) -> list[str]:
    if not isinstance(hit.get("rewritten"), str):
        return []
    return diff_lines("\n".join(f"+{line}" for line in text_of(hit, "rewritten").split("\n")))


@click.command(cls=WithExamples, examples=["aura clones", "aura clones --tests --path 'src/**'"])
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; repeatable.")
@click.option("--tests", is_flag=True, help="Look at tests as well.")
@click.option("--min-lines", type=click.IntRange(3, 10_000), default=6, show_default=True, help="Shortest function.")
@limit_option(500, 20, "groups")
@about_a_project
def clones(
    *,
    globs: tuple[str, ...],
    tests: bool,
    min_lines: int,
    limit: int,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Find functions that are copies of one another, and whether one function instead would pay."""
    target = target_of(project)
    body = {"paths": list(globs), "tests": tests, "min_lines": min_lines, "limit": limit}
    answer = asked(target, "clones", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    for number, group in enumerate(objects_of(answer, "groups")):
        if number:
            out()
        copies = plural(len(objects_of(group, "places")), "copy", "copies")
        head = f"{copies} of {plural(count_of(group, 'lines'), 'line')}"
        mark = coloured(" · worth extracting", "green") if flag_of(group, "extract") else ""
        out(f"{bold(head)}  {dim(text_of(group, 'kind'))}{mark}")
        _places(group, Path(target.root))
        if text_of(group, "advice"):
            out(f"  {safe(text_of(group, 'advice'))}")
    counts = f"{plural(count_of(answer, 'total'), 'group')} among {plural(count_of(answer, 'functions'), 'function')}"
    close(answer, f"{counts} · {seconds(number_of(answer, 'seconds'))}", limit)


@click.command(
    cls=WithExamples,
    examples=["aura similar src/sessions.py:42", "aura similar - < draft.py", "aura similar src/a.py:9 --meaning"],
)
@click.argument("where")
@click.option("--meaning", is_flag=True, help="By what the code speaks of; needs the extra `semantic`.")
@limit_option(100, 10, "places")
@about_a_project
def similar(*, where: str, meaning: bool, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Find code like the function at WHERE (FILE:LINE), or like the code on standard input (`-`)."""
    target = target_of(project)
    body: dict[str, object] = {"limit": limit}
    if where == "-":
        body["text" if meaning else "code"] = sys.stdin.read()
    else:
        named = place_or_name(where, target)
        if "line" not in named:
            raise UsageProblem(f"{where} is no place", hint="Give FILE:LINE, or - for standard input.")
        body |= named
    answer = asked(target, "neighbours" if meaning else "similar", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    _places(answer, Path(target.root))
    facts = [plural(len(objects_of(answer, "places")), "place"), text_of(answer, "method")]
    close(answer, " · ".join([fact for fact in facts if fact]), limit)


def _places(answer: JsonObject, root: Path) -> None:
    for one in objects_of(answer, "places"):
        head = coloured(place(root, text_of(one, "path"), count_of(one, "start_line", 1)), "cyan")
        named = f"{safe(text_of(one, 'symbol'))}  {dim(text_of(one, 'kind'))}"
        out(f"  {number_of(one, 'similarity'):4.0%}  {head}  {named}")
