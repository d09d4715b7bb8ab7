"""`aura analyze`, `explain`, `fix`, `baseline` and `rules`: what rules and tools find, why, and how it is mended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.passages import place
from aura_cli.questions import about_a_project, asked, close, limit_option, target_of
from aura_cli.screen import (
    ask,
    asks,
    bold,
    coloured,
    cut,
    dim,
    note,
    out,
    out_json,
    plural,
    safe,
    seconds,
    table,
    width,
)
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.projects import Project

LEVELS: Final = ("error", "warning", "hint")
EXIT_FAILED: Final = 1
_COLOURS: Final = {"error": "red", "warning": "yellow", "hint": "cyan"}
_FIX_AT_ONCE: Final = 1000


@click.command(
    cls=WithExamples,
    examples=[
        "aura analyze",
        "aura analyze src/api --level warning",
        "aura analyze --changed",
        "aura analyze --since main --fail-on error",
        "aura analyze --sarif findings.sarif",
    ],
)
@click.argument("paths", nargs=-1)
@click.option("--changed", is_flag=True, help="Only files that differ from the last commit.")
@click.option("--since", metavar="REF", default="", help="Only files that differ from this commit, branch or tag.")
@click.option("--level", type=click.Choice(LEVELS), default="hint", show_default=True, help="Show this and worse.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 when something is this bad or worse.")
@click.option("--tools/--no-tools", default=True, show_default=True, help="Run the project's own tools as well.")
@click.option(
    "--sarif", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write SARIF 2.1.0, too."
)
@limit_option(10_000, 200, "findings")
@about_a_project
@click.pass_context
def analyze(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    changed: bool,
    since: str,
    level: str,
    fail_on: str | None,
    tools: bool,
    sarif: Path | None,
    limit: int,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Analyse the project, or the files, folders and globs in PATHS, and show what was found."""
    target = target_of(project)
    choice: dict[str, object] = {"paths": [_glob(target, path) for path in paths], "changed": changed, "since": since}
    body = {**choice, "fail_on": fail_on, "tools": tools, "limit": limit}
    answer = asked(target, "analyze", body, no_wait=no_wait)
    if sarif is not None:
        written = asked(target, "findings/sarif", {"paths": choice["paths"]}, no_wait=no_wait)
        _write(sarif, text_of(written, "content"))
    if as_json:
        out_json(answer)
    else:
        _show_analysis(answer, Path(target.root), level, limit)
    if flag_of(answer, "failed"):
        ctx.exit(EXIT_FAILED)


def _glob(target: Project, path: str) -> str:
    """A path as seen from the working directory as a glob of the project; a glob stays as it is."""
    full = Path(os.path.realpath(path))
    if not full.exists():
        return path
    if not target.contains(full):
        raise UsageProblem(f"{path} lies outside the project {target.name}", hint="Name its project with --project.")
    relative = full.relative_to(target.root).as_posix()
    return "**" if relative == "." else f"/{relative}/**" if full.is_dir() else f"/{relative}"


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"cannot write {file}: {error.strerror}", hint="Name another file.") from error
    note(dim(f"written: {file}"))


def _show_analysis(answer: JsonObject, root: Path, level: str, limit: int) -> None:
    shown = LEVELS[: LEVELS.index(level) + 1]
    found = [one for one in objects_of(answer, "findings") if text_of(one, "level") in shown]
    for line in finding_lines(found, root):
        out(line)
    if found:
        out()
    for tool in objects_of(answer, "tools"):
        note(dim(_tool_line(tool)))
    levels = object_of(answer, "levels")
    counts = ", ".join(plural(count_of(levels, name), name) for name in LEVELS if count_of(levels, name))
    facts = [counts or "no findings"]
    if count_of(answer, "silenced"):
        facts.append(f"{count_of(answer, 'silenced')} silenced")
    facts += [plural(count_of(answer, "files"), "file"), seconds(number_of(answer, "seconds"))]
    close(answer, " · ".join(facts), limit, 10_000)
    if found:
        note(dim("`aura explain ID` says why, and how to mend it; `aura fix --all` shows the certain fixes."))


def _tool_line(tool: JsonObject) -> str:
    name = f"{text_of(tool, 'name')} {text_of(tool, 'version')}".strip()
    if flag_of(tool, "ran"):
        return f"{name}: {plural(count_of(tool, 'findings'), 'finding')} in {seconds(number_of(tool, 'seconds'))}"
    return safe(f"{name} did not run: {text_of(tool, 'reason')}")


def finding_lines(found: Sequence[JsonObject], root: Path) -> list[str]:
    """Findings ready to print: by file, each with its line, level, what was found, rule and identifier."""
    lines: list[str] = []
    path = None
    gutter = max((len(str(count_of(one, "start_line"))) for one in found), default=1)
    for one in found:
        if text_of(one, "path") != path:
            path = text_of(one, "path")
            lines += (
                ["", bold(coloured(place(root, path), "cyan"))]
                if lines
                else [bold(coloured(place(root, path), "cyan"))]
            )
        lines.append(_finding_line(one, gutter))
    return lines


def _finding_line(one: JsonObject, gutter: int) -> str:
    level = text_of(one, "level")
    marks = " ".join(mark for mark in ("fix" if flag_of(one, "fixable") else "", text_of(one, "suppressed")) if mark)
    tail = f"{text_of(one, 'rule')} {text_of(one, 'id')}" + (f" [{marks}]" if marks else "")
    head = f"{str(count_of(one, 'start_line')).rjust(gutter)}  {coloured(level.ljust(7), _COLOURS.get(level, 'white'))}"
    room = max(30, width() - gutter - 13 - len(tail))
    return f"{dim(head)}  {cut(safe(text_of(one, 'message')), room)}  {dim(safe(tail))}"


def _wrapped(text: str) -> list[str]:
    import textwrap  # noqa: PLC0415 - only for an explanation

    wide = min(width(), 100) - 2
    paragraphs = safe(text).strip().split("\n\n")
    return [f"  {line}" for one in paragraphs for line in (*textwrap.wrap(" ".join(one.split()), wide), "")][:-1]


def diff_lines(diff: str) -> list[str]:
    """A unified diff in colours."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return [
        coloured(safe(line), colours[line[0]]) if line[:1] in colours else safe(line)
        for line in diff.rstrip().split("\n")
    ]


@click.command(
    cls=WithExamples,
    examples=["aura fix 3f9a1c07", "aura fix --all --dry-run", "aura fix --rule none-comparison --apply"],
)
@click.argument("findings", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that has a certain fix.")
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Only this rule; repeatable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; repeatable.")
@click.option("--apply/--dry-run", "apply", default=False, help="Write the files, or only show the change (default).")
@about_a_project
def fix(
    *,
    findings: tuple[str, ...],
    everything: bool,
    rules: tuple[str, ...],
    globs: tuple[str, ...],
    apply: bool,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Show, or apply, the certain fixes of FINDINGS (their identifiers), or of all that the options choose."""
    if not (findings or everything or rules or globs):
        raise UsageProblem("nothing is chosen", hint="Name findings, --rule or --path, or say --all.")
    target = target_of(project)
    if apply:
        _apply(target, findings, rules, globs, no_wait=no_wait, as_json=as_json)
        return
    body = {
        "ids": list(findings), "rules": list(rules), "paths": list(globs), "all": everything, "limit": _FIX_AT_ONCE,
    }  # fmt: skip
    answer = asked(target, "findings/fix", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    for file in objects_of(answer, "files"):
        for line in diff_lines(text_of(file, "diff")) if text_of(file, "diff") else ():
            out(line)
        if text_of(file, "refused"):
            out(coloured(safe(f"{text_of(file, 'path')}: not changed: {text_of(file, 'refused')}"), "yellow"))
    changed = [file for file in objects_of(answer, "files") if not text_of(file, "refused")]
    facts = [f"{plural(count_of(answer, 'fixed'), 'finding')} can be fixed in {plural(len(changed), 'file')}"]
    if count_of(answer, "unfixable"):
        facts.append(f"{count_of(answer, 'unfixable')} have no certain fix")
    if changed:
        facts.append("--apply writes it")
    close(answer, " · ".join(facts))


def _apply(
    target: Project,
    findings: tuple[str, ...],
    rules: tuple[str, ...],
    globs: tuple[str, ...],
    *,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Make a change of the fixes and apply it, so that it can be taken back like any other."""
    body = {
        "kind": "fix-findings", "findings": list(findings), "rules": list(rules), "paths": list(globs), "tests": False,
        "model": "never",
    }  # fmt: skip
    made = asked(target, "assist/refactor", body, no_wait=no_wait)
    change = object_of(made, "change")
    if not change:
        raise NotFound(text_of(made, "text") or "there is nothing to fix", hint="`aura fix` without --apply says why.")
    answer = asked(target, "changes/apply", {"change": text_of(change, "id"), "accept_open": True}, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    written = texts_of(answer, "written")
    for path in written:
        out(safe(path))
    note(dim(f"{plural(len(written), 'file')} fixed · aura changes undo {text_of(change, 'id')} takes it back"))


@click.command(cls=WithExamples, examples=["aura baseline", "aura baseline --write --yes", "aura baseline --prune"])
@click.argument("paths", nargs=-1)
@click.option("--write", "action", flag_value="write", help="Silence exactly what is found now.")
@click.option("--update", "action", flag_value="update", default="update", help="Add what is new, drop what is mended.")
@click.option("--prune", "action", flag_value="prune", help="Only drop what is mended.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@about_a_project
def baseline(
    *, paths: tuple[str, ...], action: str, yes: bool, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """Silence what is found today, so that only new findings count; kept in `.aura/baseline.json`, to be committed."""
    target = target_of(project)
    if not yes and asks() and not ask(f"Change the baseline of {target.name} ({action})?"):
        return
    body = {"action": action, "paths": [_glob(target, path) for path in paths]}
    answer = asked(target, "findings/baseline", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    out(safe(f"{text_of(answer, 'path')} silences {plural(count_of(answer, 'entries'), 'finding')}."))
    note(dim(f"{count_of(answer, 'added')} added, {count_of(answer, 'removed')} removed"))


@click.command(cls=WithExamples, examples=["aura rules", "aura rules --lang go --on", "aura rules sql-injection"])
@click.argument("names", nargs=-1)
@click.option("-l", "--lang", multiple=True, metavar="LANGUAGE", help="Only rules for this language; repeatable.")
@click.option("--on", "on_only", is_flag=True, help="Only rules that are on in this project.")
@about_a_project
def rules(
    *, names: tuple[str, ...], lang: tuple[str, ...], on_only: bool, project: str | None, no_wait: bool, as_json: bool
) -> None:
    """List the rules and whether they are on, or explain those in NAMES."""
    target = target_of(project)
    body = {"rules": list(names), "languages": list(lang), "on_only": on_only}
    answer = asked(target, "rules", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "rules")
    if names:
        for rule in found:
            out(f"{bold(text_of(rule, 'id'))}  {text_of(rule, 'level')}, {text_of(rule, 'category')}")
            for key in ("what", "why", "how"):
                for line in ("", *_wrapped(text_of(rule, key))):
                    out(line)
            out()
    elif found:
        for line in table(("RULE", "LEVEL", "ON", "FIX", "LANGUAGES"), [_rule_row(rule) for rule in found]):
            out(line)
    for problem in texts_of(answer, "problems"):
        note(safe(problem))
    close(answer, plural(len(found), "rule"))


def _rule_row(rule: JsonObject) -> tuple[str, ...]:
    level = text_of(rule, "level")
    return (
        text_of(rule, "id"),
        coloured(level, _COLOURS.get(level, "white")),
        "on" if flag_of(rule, "on") else "off",
        "fix" if flag_of(rule, "fixable") else "",
        " ".join(texts_of(rule, "languages")),
    )
