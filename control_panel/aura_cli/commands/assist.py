"""`aura explain`, `ask`, `generate`, `refactor`, `review` and `prompts`: work that a model helps with."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.gateway import Gateway
from aura_cli.passages import place
from aura_cli.proposals import close_use, show_proposal
from aura_cli.questions import about_a_project, place_or_name, target_of
from aura_cli.screen import bold, coloured, cut, dim, note, out, out_json, plural, safe, table, width
from aura_cli.streaming import asked_streaming
from aura_cli.targets import inside, with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths
from aura_shared.projects import Project

KINDS: Final = (
    "rename", "extract-variable", "inline-variable", "clean-imports", "modernise", "remove-dead", "fix-findings",
)  # fmt: skip
FORMATS: Final = ("auto", "whole", "symbol", "search-replace")
_FINDING: Final = re.compile(r"[0-9a-f]{8,40}")
_SPAN: Final = re.compile(
    r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?(?:-(?P<end>\d+)(?::(?P<end_column>\d+))?)?"
)
_MOST_PATCH: Final = 4_000_000

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_no_model = click.option("--no-model", is_flag=True, help="Ask no model; what can be said without one is said.")
_no_tests = click.option("--no-tests", is_flag=True, help="Do not run the affected tests in the sandbox.")


@click.command(
    cls=WithExamples,
    examples=[
        "aura explain src/cart.py:42",
        "aura explain Cart.total",
        "aura explain 3f9a1c07",
        'aura explain src/cart.py:42 --question "why is it cached?"',
    ],
)
@click.argument("what")
@click.option("--question", default="", metavar="TEXT", help="What you want to know in particular.")
@_no_model
@about_a_project
def explain(*, what: str, question: str, no_model: bool, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Explain WHAT: a place (FILE:LINE), a file, a symbol, or a finding by its identifier."""
    target = target_of(project)
    named = place_or_name(what, target)
    if "symbol" in named and _FINDING.fullmatch(what):
        named = {"finding": what}
    body = {**named, "question": question, "model": _model(no_model)}
    answer, streamed = asked_streaming(target, "assist/explain", body, no_wait=no_wait, live=not as_json)
    if as_json:
        out_json(answer)
        return
    streamed.finish(text_of(answer, "text"))
    close_use(answer)


@click.command(
    cls=WithExamples,
    examples=['aura ask "where are sessions created?"', 'aura ask "how is a price parsed?" --no-model'],
)
@click.argument("question")
@click.option("--budget", type=click.IntRange(200, 100_000), default=4000, show_default=True, help="Tokens of code.")
@_no_model
@about_a_project
def ask(*, question: str, budget: int, no_model: bool, project: str | None, no_wait: bool, as_json: bool) -> None:
    """Answer QUESTION about the code, with the places that the answer rests on."""
    if not question.strip():
        raise UsageProblem("the question is empty", hint='For example: aura ask "where are sessions created?"')
    target = target_of(project)
    body = {"question": question, "budget": budget, "model": _model(no_model)}
    answer, streamed = asked_streaming(target, "assist/ask", body, no_wait=no_wait, live=not as_json)
    if as_json:
        out_json(answer)
        return
    streamed.finish(text_of(answer, "text"))
    if text_of(object_of(answer, "use"), "model"):
        for line in _citation_lines(answer, Path(target.root)):
            out(line)
    unsupported = texts_of(answer, "unsupported")
    if unsupported:
        note(coloured(safe(f"nowhere in these places, so perhaps made up: {', '.join(unsupported)}"), "yellow"))
    close_use(answer)


def _citation_lines(answer: JsonObject, root: Path) -> list[str]:
    lines = [""]
    for number, one in enumerate(objects_of(answer, "citations"), 1):
        if flag_of(one, "used"):
            where = place(root, text_of(one, "path"), count_of(one, "start_line", 1))
            lines.append(f"[{number}] {coloured(where, 'cyan')}  {safe(text_of(one, 'symbol'))}".rstrip())
    return lines if len(lines) > 1 else []


@click.command(
    cls=WithExamples,
    examples=[
        'aura generate "a function `parse_price(text: str) -> Price`" --file shop/prices.py',
        'aura generate "accept a comma as well" --symbol parse_price',
        'aura generate "cache the result" --symbol Cart.total --compare ollama/a --compare ollama/b',
    ],
)
@click.argument("instruction")
@click.option("--file", "file", metavar="FILE", help="The file to write or change; without it, it is chosen.")
@click.option("--symbol", default="", metavar="NAME", help="The definition to change.")
@click.option("--format", "edit_format", type=click.Choice(FORMATS), default="auto", show_default=True,
              help="How the model is asked to write.")  # fmt: skip
@click.option("--compare", multiple=True, metavar="MODEL", help="Have several models write it; repeat for each.")
@_no_tests
@_no_model
@about_a_project
def generate(
    *,
    instruction: str,
    file: str | None,
    symbol: str,
    edit_format: str,
    compare: tuple[str, ...],
    no_tests: bool,
    no_model: bool,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Write code that does what INSTRUCTION says, as a change to review. Nothing is written to the project."""
    if len(compare) == 1 or (compare and no_model):
        raise UsageProblem("one model cannot be compared", hint="Repeat --compare for each of two to four models.")
    target = target_of(project)
    body = {
        "instruction": instruction, "path": inside(target, file) if file else "", "symbol": symbol,
        "tests": not no_tests, "edit_format": edit_format, "compare": list(compare), "model": _model(no_model),
    }  # fmt: skip
    answer, _ = asked_streaming(target, "assist/generate", body, no_wait=no_wait)
    show_proposal(answer, target, as_json=as_json)


@click.command(
    cls=WithExamples,
    examples=[
        "aura refactor",
        "aura refactor parse_price --rename read_price",
        "aura refactor --kind clean-imports --path 'src/**'",
        "aura refactor src/cart.py:16:9-16:30 --kind extract-variable --name cents",
        'aura refactor Cart.total --goal "no loop"',
    ],
)
@click.argument("what", required=False, default="")
@click.option("--rename", "rename_to", default="", metavar="NEW", help="Rename the symbol, everywhere.")
@click.option("--goal", default="", metavar="TEXT", help="What should be better, in words; needs a model.")
@click.option("--kind", type=click.Choice(KINDS), help="A refactoring that needs no model.")
@click.option("--name", "new_name", default="", metavar="NEW", help="The new name, for rename and extract-variable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only files that match; repeatable.")
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="For fix-findings: only this rule; repeatable.")
@click.option("--finding", "findings", multiple=True, metavar="ID", help="For fix-findings: only this; repeatable.")
@_no_tests
@_no_model
@about_a_project
def refactor(
    *,
    what: str,
    rename_to: str,
    goal: str,
    kind: str | None,
    new_name: str,
    globs: tuple[str, ...],
    rules: tuple[str, ...],
    findings: tuple[str, ...],
    no_tests: bool,
    no_model: bool,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Refactor WHAT (a symbol, FILE, or FILE:LINE[:COLUMN][-LINE[:COLUMN]]) as a change to review.

    Without anything to do, it lists what would pay.
    """
    if rename_to and kind not in {None, "rename"}:
        raise UsageProblem(f"--rename and --kind {kind} are two refactorings", hint="Leave one of them out.")
    target = target_of(project)
    body = {
        **(span_or_name(what, target) if what.strip() else {}), "kind": "rename" if rename_to else kind, "goal": goal,
        "new_name": rename_to or new_name, "paths": list(globs), "rules": list(rules), "findings": list(findings),
        "tests": not no_tests, "model": _model(no_model),
    }  # fmt: skip
    answer, _ = asked_streaming(target, "assist/refactor", body, no_wait=no_wait)
    if as_json or objects_of(answer, "opportunities"):
        _show_opportunities(answer, target, as_json=as_json)
    else:
        show_proposal(answer, target, as_json=False)


def span_or_name(text: str, target: Project) -> dict[str, object]:
    """What a person names, with columns counted from 1 as editors do, as the fields of a refactoring.

    Raises:
        UsageProblem: The file lies outside the project.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or not (found["column"] or found["end"]):
        return place_or_name(text, target)
    fields: dict[str, object] = {"path": inside(target, found["file"]), "line": int(found["line"])}
    if found["column"]:
        fields["column"] = max(0, int(found["column"]) - 1)
    if found["end"]:
        fields["end_line"] = int(found["end"])
    if found["end_column"]:
        fields["end_column"] = max(0, int(found["end_column"]) - 1)
    return fields


def _show_opportunities(answer: JsonObject, target: Project, *, as_json: bool) -> None:
    if as_json:
        out_json(answer)
        return
    root = Path(target.root)
    for one in objects_of(answer, "opportunities"):
        where = coloured(place(root, text_of(one, "path"), count_of(one, "line", 1)), "cyan")
        mark = "" if flag_of(one, "deterministic") else dim("  needs a model or a person")
        out(f"{number_of(one, 'weight'):4.0%}  {bold(safe(text_of(one, 'title')))}  {where}{mark}")
        out(f"      {cut(safe(text_of(one, 'why')), width() - 6)}")
        if flag_of(one, "deterministic"):
            out(dim(f"      {_command_for(one)}"))
    note(dim(safe(text_of(answer, "text"))))


def _command_for(one: JsonObject) -> str:
    """The command that does what an opportunity is about."""
    request = object_of(one, "request")
    parts = ["aura refactor"]
    if text_of(request, "symbol"):
        parts.append(text_of(request, "symbol"))
    elif text_of(request, "path"):
        parts.append(text_of(request, "path"))
    parts.append(f"--kind {text_of(one, 'kind')}")
    for option, key in (("--path", "paths"), ("--rule", "rules"), ("--finding", "findings")):
        parts += [f"{option} '{value}'" for value in texts_of(request, key)]
    return safe(" ".join(parts))


@click.command(
    cls=WithExamples,
    examples=[
        "aura review",
        "aura review main..feature",
        "aura review --staged --format sarif > review.sarif",
        "git diff main | aura review --patch -",
    ],
)
@click.argument("revision", required=False, default="")
@click.option("--staged", is_flag=True, help="What is staged.")
@click.option("--patch", metavar="FILE", help="A unified diff; - for standard input.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only paths that match; repeatable.")
@click.option("--format", "form", type=click.Choice(["markdown", "json", "sarif"]), default="markdown",
              show_default=True, help="Form of the review.")  # fmt: skip
@_no_model
@about_a_project
def review(
    *,
    revision: str,
    staged: bool,
    patch: str | None,
    globs: tuple[str, ...],
    form: str,
    no_model: bool,
    project: str | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Review a change: REVISION (REF..REF, or REF), what is staged, a patch, or else what is in the work tree."""
    if sum((bool(revision), staged, patch is not None)) > 1:
        raise UsageProblem("several changes are named", hint="Give REF..REF, --staged or --patch, one of them.")
    target = target_of(project)
    body: dict[str, object] = {
        "what": "range" if revision else "staged" if staged else "patch" if patch is not None else "work-tree",
        "revision": revision, "patch": _patch(patch) if patch is not None else "", "paths": list(globs),
        "format": form, "model": _model(no_model),
    }  # fmt: skip
    answer, _ = asked_streaming(target, "assist/review", body, no_wait=no_wait)
    if as_json:
        out_json(answer)
        return
    out(safe(text_of(answer, "content").rstrip("\n")))
    if form == "markdown":
        close_use(answer)


def _patch(file: str) -> str:
    """The text of a patch.

    Raises:
        UsageProblem: It cannot be read, or is too long.
    """
    try:
        with contextlib.ExitStack() as stack:
            source = sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
            data = source.read(_MOST_PATCH + 1)
    except OSError as error:
        raise UsageProblem(f"cannot read {file}: {error.strerror or error}", hint="Name a file, or -.") from error
    if len(data) > _MOST_PATCH:
        raise UsageProblem(f"the patch has more than {_MOST_PATCH:,} bytes", hint="Review it in parts, with --path.")
    if not data.strip():
        raise UsageProblem("the patch is empty", hint="Give a unified diff, as `git diff` writes it.")
    return data.decode("utf-8", "replace")


@click.command(cls=WithExamples, examples=["aura prompts", "aura prompts ask", "aura prompts --json"])
@click.argument("name", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def prompts(*, name: str, as_json: bool) -> None:
    """List the prompts that Aura sends to models, or show the one called NAME."""

    def ask_for_them(gateway: Gateway) -> JsonObject:
        return gateway.post("/v1/prompts", {"name": name})

    answer = with_daemon(find_paths(), ask_for_them)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "prompts")
    if name:
        out(safe("\n".join(text_of(one, "text").rstrip("\n") for one in found)))
        return
    rows = [_prompt_row(one) for one in found]
    for line in table(("PROMPT", "VERSION", "ROLE", "INPUTS"), rows):
        out(line)
    note(dim(f"{plural(len(found), 'prompt')} · `aura prompts NAME` shows one"))


def _prompt_row(one: JsonObject) -> tuple[str, ...]:
    return (
        text_of(one, "name"),
        str(count_of(one, "version")),
        text_of(one, "role"),
        safe(", ".join(texts_of(one, "inputs"))),
    )


def _model(no_model: bool) -> str:
    return "never" if no_model else "auto"
