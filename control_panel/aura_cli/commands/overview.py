"""`aura map`, `context`, `tree`, `hotspots`, `gaps`, `deps` and `report`: what a whole project looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.passages import place
from aura_cli.questions import about_a_project, asked, close, limit_option, target_of
from aura_cli.screen import bold, coloured, cut, dim, note, out, out_json, plural, safe, seconds, table, width
from aura_shared.errors import UsageProblem

KINDS: Final = ("error-handling", "logging", "tests", "docs", "types", "project-files", "tooling", "debt")


@click.command(
    cls=WithExamples,
    examples=["aura map", "aura map --focus src/api --tokens 1000", 'aura map --query "how are sessions stored"'],
)
@click.option("--tokens", type=click.IntRange(50, 100_000), default=2000, show_default=True, help="Most tokens.")
@click.option("--focus", multiple=True, metavar="PATH", help="A file or folder that you work on; repeatable.")
@click.option("--query", default="", help="A question; the files that answer it are in focus.")
@about_a_project
def map_(*, tokens: int, focus: tuple[str, ...], query: str, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Draw the map of the project: its most important signatures, ranked by who refers to them."""
    target = target_of(project)
    answer = asked(target, "symbol-map", {"budget": tokens, "focus": list(focus), "query": query}, no_wait=no_wait)
    _print_text(answer, as_json=as_json, facts=f"{count_of(answer, 'definitions'):,} definitions ranked")


@click.command(
    cls=WithExamples,
    examples=["aura context src/sessions.py", "aura context SessionStore.close --tokens 2000", 'aura context "log in"'],
)
@click.argument("about", nargs=-1, required=True)
@click.option("--tokens", type=click.IntRange(100, 200_000), default=4000, show_default=True, help="Most tokens.")
@about_a_project
def context(*, about: tuple[str, ...], tokens: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Pack what a model needs to know about ABOUT: a file, FILE:LINE, a symbol or a question."""
    target = target_of(project)
    answer = asked(target, "context", {"about": " ".join(about), "budget": tokens}, no_wait=no_wait)
    _print_text(answer, as_json=as_json, facts=plural(len(objects_of(answer, "parts")), "part"))


@click.command(cls=WithExamples, examples=["aura tree", "aura tree src --depth 5", "aura tree --folders"])
@click.argument("path", default="")
@click.option("--depth", type=click.IntRange(1, 20), default=3, show_default=True, help="Levels of folders.")
@click.option("--folders", is_flag=True, help="Leave single files out.")
@click.option("--tokens", type=click.IntRange(50, 100_000), default=8000, show_default=True, help="Most tokens.")
@about_a_project
def tree(
    *, path: str, depth: int, folders: bool, tokens: int, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """Show the files of the project, or those below PATH, with sizes and languages."""
    target = target_of(project)
    body = {"path": path, "depth": depth, "files": not folders, "budget": tokens}
    answer = asked(target, "tree", body, no_wait=no_wait)
    _print_text(answer, as_json=as_json, facts=plural(count_of(answer, "files"), "file"))


def _print_text(answer: JsonObject, *, as_json: bool, facts: str) -> None:
    if as_json:
        out_json(answer)
        return
    if text_of(answer, "text"):
        out(safe(text_of(answer, "text")))
    size = count_of(answer, "tokens")
    close(answer, facts + (f" · about {size:,} tokens" if size else ""))
    if answer.get("more") is True:
        note(dim("some did not fit: --tokens raises the bound"))


@click.command(cls=WithExamples, examples=["aura hotspots", "aura hotspots --days 90"])
@click.option("--days", type=click.IntRange(1, 36_500), default=365, show_default=True, help="How far back to look.")
@limit_option(200, 20, "files")
@about_a_project
def hotspots(*, days: int, limit: int, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Find the files where frequent change and complexity meet."""
    target = target_of(project)
    answer = asked(target, "hotspots", {"days": days, "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    rows = [
        (
            f"{number_of(one, 'score'):.2f}",
            str(count_of(one, "commits")),
            str(count_of(one, "changed_lines")),
            str(count_of(one, "authors")),
            str(count_of(one, "complexity")),
            coloured(place(root, text_of(one, "path")), "cyan"),
        )
        for one in objects_of(answer, "hotspots")
    ]
    if rows:
        for line in table(
            ("SCORE", "COMMITS", "CHANGED", "AUTHORS", "COMPLEXITY", "FILE"), rows, right=(0, 1, 2, 3, 4)
        ):
            out(line)
    close(answer, f"{plural(len(rows), 'file')} over {plural(count_of(answer, 'days', 1), 'day')}", limit, 200)


@click.command(cls=WithExamples, examples=["aura gaps", "aura gaps --kind tests --kind docs", "aura gaps 'src/**'"])
@click.argument("globs", nargs=-1)
@click.option("-k", "--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; repeatable.")
@limit_option(200, 20, "gaps")
@about_a_project
def gaps(
    *, globs: tuple[str, ...], kinds: tuple[str, ...], limit: int, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """Find what the project lacks, and what Aura would add."""
    target = target_of(project)
    answer = asked(target, "gaps", {"paths": list(globs), "kinds": list(kinds), "limit": limit}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    for number, gap in enumerate(objects_of(answer, "gaps")):
        if number:
            out()
        for line in gap_lines(gap, root):
            out(line)
    close(answer, plural(len(objects_of(answer, "gaps")), "gap"), limit, 200)


def gap_lines(gap: JsonObject, root: Path) -> list[str]:
    """A gap ready to print: what is missing, why that matters, some places, the offer."""
    import textwrap  # noqa: PLC0415 - only where there is something to wrap

    wide = min(width(), 100) - 2
    lines = [f"{bold(safe(text_of(gap, 'title')))}  {dim(text_of(gap, 'kind'))}"]
    lines += [f"  {line}" for line in textwrap.wrap(safe(text_of(gap, "why")), wide)]
    for spot in objects_of(gap, "places"):
        head = coloured(place(root, text_of(spot, "path"), count_of(spot, "line", 1)), "cyan")
        about = " ".join(safe(text_of(spot, key)) for key in ("symbol", "text", "note") if text_of(spot, key))
        lines.append(f"  {head}  {cut(about, max(20, width() - 50))}")
    lines += [f"  {coloured('→', 'green')} {line}" for line in textwrap.wrap(safe(text_of(gap, "offer")), wide - 2)]
    return lines


@click.command(cls=WithExamples, examples=["aura deps", "aura deps --own", "aura deps --json"])
@click.option("--own", is_flag=True, help="Look at Aura's own environment instead.")
@about_a_project
def deps(*, own: bool, project: str | None, no_wait: bool, as_json: bool) -> None:
    """List what the project depends on, missing lock files, and known vulnerabilities as far as the settings allow."""
    target = target_of(project)
    answer = asked(target, "dependencies", {"own": own}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "dependencies")
    rows = [
        (
            text_of(one, "ecosystem"),
            safe(text_of(one, "name")),
            safe(text_of(one, "version") or text_of(one, "wanted")),
            safe(f"{text_of(one, 'path')}:{count_of(one, 'line', 1)}"),
        )
        for one in found
        if one.get("direct") is True
    ]
    for line in table(("FROM", "NAME", "VERSION", "WHERE"), rows) if rows else ():
        out(line)
    for one in objects_of(answer, "vulnerabilities"):
        of = object_of(one, "dependency")
        head = coloured(safe(f"{text_of(of, 'name')} {text_of(of, 'version')}"), "red")
        fixed = ", ".join(texts_of(one, "fixed"))
        out(
            f"{head}  {safe(text_of(one, 'id'))}  {safe(text_of(one, 'summary'))}"
            + (f"  fixed in {fixed}" if fixed else "")
        )
    for missing in texts_of(answer, "missing_locks"):
        out(coloured(safe(f"{missing} has no lock file"), "yellow"))
    for text in texts_of(answer, "notes"):
        note(safe(text))
    database = text_of(answer, "database")
    facts = [
        f"{plural(count_of(answer, 'total'), 'dependency', 'dependencies')}, {len(rows)} of them direct",
        f"{count_of(answer, 'checked')} compared with {database}" if database else "none compared with advisories",
        seconds(number_of(answer, "seconds")),
    ]
    close(answer, " · ".join(facts))


@click.command(cls=WithExamples, examples=["aura report", "aura report --output docs", "aura report --stdout"])
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to; default: the project."
)
@click.option("--stdout", "to_screen", is_flag=True, help="Print the Markdown and write nothing.")
@about_a_project
def report(*, output: Path | None, to_screen: bool, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Write `ai_report.md` and `ai_report.html`: architecture, entry points, hotspots, risks, gaps, conventions."""
    target = target_of(project)
    markdown = asked(target, "report", {"format": "markdown"}, no_wait=no_wait)
    if as_json:
        out_json(markdown)
        return
    if to_screen:
        out(safe(text_of(markdown, "content")))
        return
    page = asked(target, "report", {"format": "html"}, no_wait=no_wait)
    folder = output or Path(target.root)
    for name, answer in (("ai_report.md", markdown), ("ai_report.html", page)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text_of(answer, "content"), encoding="utf-8")
        except OSError as error:
            raise UsageProblem(
                f"cannot write {folder / name}: {error.strerror}", hint="Name a folder with -o."
            ) from error
        out(f"written: {folder / name}")
