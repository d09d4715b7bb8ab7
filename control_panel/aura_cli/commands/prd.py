"""`aura prd`: the product requirements document."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import click

from aura_cli.answers import JsonObject, as_object, count_of, flag_of, object_of, objects_of, text_of
from aura_cli.commands.plan_steps import approve_item
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.prd_view import budget_line, show_checked, show_drafted, show_questions
from aura_cli.screen import ProgressLine, ask, asks, dim, note, out_json
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import Cancelled, GateClosed, TooLarge, UnknownFile, UsageProblem
from aura_shared.paths import find_paths

__all__ = ["prd"]

_MODEL_S: Final = 1800.0
_MOST_BYTES: Final = 2_000_000
_MOST_PAGES: Final = 1000
_MOST_TURNS: Final = 5
_ANSWER: Final = re.compile(r"^\s*(?:[-*]\s*)?(Q\d{1,2})\s*[:.)]\s*(.*)$", re.IGNORECASE)


@click.group(
    cls=GroupWithExamples,
    examples=[
        'aura prd new "Export invoices as CSV"',
        "aura prd check",
        "aura prd check docs/prd.md",
        "aura prd approve",
    ],
)
def prd() -> None:
    """Make, check and approve the product requirements document."""


@prd.command(cls=WithExamples, examples=["aura prd approve", "aura prd approve --by 'Ada Lovelace'"])
@click.option("--by", default="", metavar="NAME", help="Who approves; default: the name that git knows.")
@click.option("--revoke", is_flag=True, help="Take the approval back.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@plan_options
def approve(*, by: str, revoke: bool, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Approve the PRD as its text is now; a later edit makes the approval outdated."""
    approve_item("prd", by=by, revoke=revoke, dry_run=dry_run, project=project, as_json=as_json)


# -- check ---------------------------------------------------------------------------------------------


@prd.command(
    cls=WithExamples,
    examples=["aura prd check", "aura prd check docs/prd.md --off compound", "aura prd check - --json < prd.md"],
)
@click.argument("file", default="")
@click.option("-r", "--rule", "rules", multiple=True, metavar="RULE", help="Only findings of this rule; repeatable.")
@click.option("--off", multiple=True, metavar="RULE", help="Leave a rule out; repeatable.")
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    default="info",
    show_default=True,
    help="Leave out what is less bad.",
)
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Most findings.")
@plan_options
def check(
    *,
    file: str,
    rules: tuple[str, ...],
    off: tuple[str, ...],
    severity: str,
    limit: int,
    project: str | None,
    as_json: bool,
) -> int:
    """Show what is wrong with a requirements document, by line, with a rewrite. No model is asked.

    FILE may be of any layout; without it the PRD of the plan is checked, `-` reads standard input. Exit code 1 means
    that there are errors.
    """
    body: JsonObject = {"rules": list(rules), "off": list(off), "severity": severity}
    answer, findings = _pages(body, file, project, limit)
    if as_json:
        out_json({**answer, "findings": findings})
    else:
        show_checked(answer, findings)
    return 1 if count_of(answer, "errors") else 0


def _pages(body: JsonObject, file: str, project: str | None, limit: int) -> tuple[JsonObject, list[JsonObject]]:
    """The last page, and the findings of all pages."""
    asked = {**body, **_document(file, project)}
    found: list[JsonObject] = []
    start = 0
    for _ in range(_MOST_PAGES):
        page = {**asked, "start": start, "limit": min(1000, limit - len(found)), "budget": 100_000}
        if "content" in asked:
            answer = with_daemon(find_paths(), lambda gateway, page=page: gateway.post("/v1/plan/prd-check", page))
        else:
            answer = ask_plan("prd-check", page, project)
        found += objects_of(answer, "findings")
        start = count_of(answer, "next")
        if not start or len(found) >= limit:
            return answer, found
    raise UsageProblem("the document has too many findings", hint="Choose rules: --rule RULE.")


def _document(file: str, project: str | None) -> JsonObject:
    """What names the document: a path in the project, or the bytes of another file."""
    if not file:
        return {}
    if file != "-":
        root = _root_around(project)
        place = Path(file).resolve()
        if root is not None and place.is_file() and place.is_relative_to(root):
            return {"path": place.relative_to(root).as_posix()}
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else Path(file).read_bytes()[: _MOST_BYTES + 1]
    except OSError as error:
        raise UnknownFile(f"cannot read {file}: {error.strerror or error}", hint="Check the path.") from error
    if len(data) > _MOST_BYTES:
        raise TooLarge(f"{file}: at most {_MOST_BYTES:,} bytes are read", hint="Split it, one epic or section a file.")
    return {"path": file, "content": base64.b64encode(data or b"\n").decode("ascii")}


def _root_around(project: str | None) -> Path | None:
    """The folder of the project, when there is one; nobody is asked to register one."""
    from aura_shared.projects import ProjectRegistry  # noqa: PLC0415 - other commands do without

    registry = ProjectRegistry(find_paths().projects)
    found = registry.find(project) if project is not None else registry.containing(Path.cwd())
    return Path(found.root).resolve() if found is not None else None


# -- new -----------------------------------------------------------------------------------------------


@prd.command(
    "new",
    cls=WithExamples,
    examples=[
        'aura prd new "Export invoices as CSV"', 'aura prd new "Remind people of overdue tasks" --no-model',
        "aura prd new --resume --answers answers.txt",
    ],
)  # fmt: skip
@click.argument("idea", default="")
@click.option("--no-model", is_flag=True, help="Ask no model: facts of the repository and questions only.")
@click.option("--model", default="", metavar="NAME", help="server/model instead of the one for the role `plan`.")
@click.option("--no-questions", is_flag=True, help="Let the model ask nothing first.")
@click.option(
    "--answers",
    type=click.File(),
    metavar="FILE",
    help="Answers to its questions: lines `Q1: ...`, or JSON; - for input.",
)
@click.option("--resume", is_flag=True, help="Go on with a draft that was left unfinished.")
@click.option("-y", "--yes", is_flag=True, help="Agree to what a model costs.")
@click.option("--dry-run", is_flag=True, help="Only show the document.")
@plan_options
def new(
    *,
    idea: str,
    no_model: bool,
    model: str,
    no_questions: bool,
    answers: Any,  # noqa: ANN401 - what click.File opened
    resume: bool,
    yes: bool,
    dry_run: bool,
    project: str | None,
    as_json: bool,
) -> int:
    """Make a PRD from one sentence, with what the repository says about itself.

    With a model its sections are written one call at a time, after at most five questions; every statement has its
    source, or is marked as an assumption to confirm. Without one the document is complete all the same.
    """
    body: JsonObject = {
        "idea": idea, "use_model": not no_model, "model": model, "questions": not no_questions, "resume": resume,
        "agreed": yes, "dry_run": dry_run, "budget": 100_000 if dry_run else 0,
    }  # fmt: skip
    given = _answers(str(answers.read())) if answers is not None else {}
    if not no_model:
        body["agreed"] = _agreed(body, project, yes=yes, as_json=as_json)
    for _ in range(_MOST_TURNS):
        answer = _drafted(body, project)
        if text_of(answer, "state") != "questions":
            break
        replies = _replies(objects_of(answer, "questions"), given, has_file=answers is not None, as_json=as_json)
        if replies is None:
            if as_json:
                out_json(answer)
            else:
                show_questions(objects_of(answer, "questions"))
                note(
                    dim("Answer them: aura prd new --resume --answers FILE, or go on without: --resume --no-questions")
                )
            return 1
        body |= {"answers": replies, "resume": True}
    else:
        raise UsageProblem("the questions do not end", hint="Go on without them: aura prd new --resume --no-questions")
    if as_json:
        out_json(answer)
    else:
        show_drafted(answer)
    return 0 if text_of(answer, "state") in {"written", "shown"} else 1


def _drafted(body: JsonObject, project: str | None) -> JsonObject:
    paths = find_paths()
    found = find_project(paths, project, Path.cwd()).id
    with ProgressLine() as progress:
        progress.show("Writing \u2026", milestone="Writing the PRD \u2026" if body["use_model"] else "")
        return with_daemon(
            paths, lambda gateway: gateway.post("/v1/plan/prd-new", {"project": found, **body}, timeout_s=_MODEL_S)
        )


def _agreed(body: JsonObject, project: str | None, *, yes: bool, as_json: bool) -> bool:
    """Show what a model costs, and ask when it is much."""
    answer = ask_plan("prd-new", {**body, "estimate": True, "answers": []}, project)
    if not as_json:
        note(dim(budget_line(answer)))
    if yes or flag_of(object_of(answer, "budget"), "agreed", default=True):
        return yes
    if as_json or not asks():
        raise GateClosed(
            f"{budget_line(answer)} That is above the bound of the settings.",
            hint="Add --yes, leave the model out with --no-model, or raise plan.prd_agree_tokens.",
        )
    if not ask("Go on?"):
        raise Cancelled("nothing was written")
    return True


def _replies(
    questions: list[JsonObject], given: dict[str, str], *, has_file: bool, as_json: bool
) -> list[JsonObject] | None:
    """Answers from the file or the person; None when there is nobody to ask."""
    names = [text_of(one, "id") for one in questions]
    if has_file:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise UsageProblem(f"there is no question {unknown[0]}", hint=f"The questions are {', '.join(names)}.")
        return [{"id": name, "answer": given.get(name, "")} for name in names]
    if as_json or not asks():
        return None
    show_questions(questions)
    note(dim("An empty answer leaves a question open."))
    return [{"id": name, "answer": str(click.prompt(name, default="", show_default=False, err=True))} for name in names]


def _answers(text: str) -> dict[str, str]:
    """Answers by the id of their question: a JSON object, or lines `Q1: ...` with what follows them.

    Raises:
        UsageProblem: It is neither.
    """
    if text.lstrip().startswith("{"):
        try:
            found = as_object(json.loads(text))
        except ValueError as error:
            raise UsageProblem(f"the answers are no JSON: {error}", hint='Such as {"Q1": "only admins"}.') from error
        return {key.upper(): value for key, value in found.items() if isinstance(value, str)}
    answers: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if found := _ANSWER.match(line):
            name = found[1].upper()
            answers[name] = found[2].strip()
        elif name and line.strip():
            answers[name] = f"{answers[name]} {line.strip()}".strip()
        elif line.strip():
            raise UsageProblem(
                f"this line belongs to no question: {line.strip()[:60]!r}",
                hint="Begin each answer with its id: `Q1: ...`.",
            )
    return answers
