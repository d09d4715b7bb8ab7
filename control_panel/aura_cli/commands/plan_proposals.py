"""`aura plan expand`, `split`, `estimate`: proposals for items of a plan, and what a model says a document lacks."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, objects_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_proposals_view import show_proposals
from aura_cli.screen import ask, asks, out_json
from aura_cli.streaming import asked_streaming
from aura_cli.targets import find_project, inside
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

__all__ = ["PROPOSAL_COMMANDS", "model_options", "propose_document"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_MOST_PAGES: Final = 1000
_PATTERNS: Final = ("auto", "steps", "crud", "interface", "data", "errors", "criterion")


class Numbers(click.ParamType[list[int]]):
    """Numbers as people write them: `1,3` or `2-4`."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        """The numbers, each once, in order."""
        if isinstance(value, list):
            return [one for one in value if isinstance(one, int)]  # pyright: ignore[reportUnknownVariableType]
        found: set[int] = set()
        for part in str(value).split(","):
            first, dash, last = part.strip().partition("-")
            if not first.isdigit() or (dash and not last.isdigit()) or int(last or first) - int(first) > 1000:
                self.fail(f"{value!r} is no list of numbers such as 1,3 or 2-4", param, ctx)
            found.update(range(int(first), int(last or first) + 1))
        return sorted(found)


_WRITING: Final = (
    click.option("--apply", "-y", "apply", is_flag=True, help="Write them; `aura plan undo` takes them back."),
    click.option("--only", type=Numbers(), metavar="1,3", help="Write only these numbers."),
    click.option("--list", "version", default="", metavar="ID", help="Refuse when the list is another than this one."),
    click.option("--diff", is_flag=True, help="Show the change of the files."),
)


def _writing(command: CommandT) -> CommandT:
    for option in reversed(_WRITING):
        command = option(command)
    return command


def model_options(command: CommandT) -> CommandT:
    """The options of `aura plan parse` about a model."""
    options = (
        click.option("--model/--no-model", "model", default=None, help="Ask a model what the document lacks."),
        *_WRITING,
        click.option("--sections", type=click.IntRange(0, 500), default=20, show_default=True,
                     help="With --model: most sections to ask about; 0 shows what it would take."),
        click.option("--again", is_flag=True, help="With --model: forget what was answered before."),
        click.option("-p", "--project", metavar="NAME", help="With --model: project whose plan is added to."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    "expand",
    cls=WithExamples,
    examples=[
        "aura plan expand US-004",
        "aura plan expand k3f9zq --only 1,3 --apply",
        "aura plan expand epic-1 --model",
    ],
)
@click.argument("item")
@click.option(
    "--model/--no-model", "model", default=None,
    help="Ask a model as well, or never; default: only where the item's text gives nothing.",
)  # fmt: skip
@_writing
@plan_options
def expand_command(*, item: str, model: bool | None, project: str | None, as_json: bool, **writing: Any) -> None:  # noqa: ANN401 - click's own
    """Propose stories for an epic, tasks for a story: from its steps and criteria, with a test for each criterion."""
    mode = "auto" if model is None else "always" if model else "never"
    body: JsonObject = {"action": "expand", "item": item, "model": mode}
    _run("expand", body, writing, project, as_json=as_json, streaming=mode != "never")


@click.command(
    "split", cls=WithExamples, examples=["aura plan split US-004", "aura plan split k3f9zq --by criterion --apply"]
)
@click.argument("item")
@click.option("--by", type=click.Choice(_PATTERNS), default="auto", show_default=True, help="What the parts differ by.")
@click.option("--apply", "-y", "apply", is_flag=True, help="Write the parts; `aura plan undo` takes them back.")
@click.option("--diff", is_flag=True, help="Show the change of the files.")
@plan_options
def split_command(*, item: str, by: str, project: str | None, as_json: bool, **writing: Any) -> None:  # noqa: ANN401 - click's own
    """Propose parts of a story that is too large; each criterion goes into exactly one."""
    _run("expand", {"action": "split", "item": item, "by": by}, writing, project, as_json=as_json)


@click.command(
    "estimate",
    cls=WithExamples,
    examples=["aura plan estimate US-004", "aura plan estimate --apply", "aura plan estimate k3f9zq --replace --apply"],
)
@click.argument("item", required=False, default="")
@click.option("--replace", is_flag=True, help="Also where a person estimated.")
@_writing
@plan_options
def estimate_command(*, item: str, replace: bool, project: str | None, as_json: bool, **writing: Any) -> None:  # noqa: ANN401 - click's own
    """Say what items may cost, and why: by finished items that are alike, else by size. Without ITEM: all open ones."""
    body: JsonObject = {"action": "estimate", "item": item, "replace": replace}
    _run("expand", body, writing, project, as_json=as_json)


def propose_document(
    file: str, content: bytes, writing: Mapping[str, Any], *, project: str | None, as_json: bool, model: bool
) -> int:
    """Ask a model what a document lacks, show it, and write what was chosen.

    Args:
        file: Its path, or `-`.
        content: Its bytes.
        writing: Options of writing, with `sections` and `again`.
        project: Whose plan it is about.
        as_json: Whether to print the answer as it is.
        model: Whether one is asked; otherwise what was kept of earlier calls is shown.
    """
    found = find_project(find_paths(), project, Path.cwd())
    name = "standard input" if file == "-" else inside(found, file) if found.contains(Path(file).resolve()) else file
    body: JsonObject = {
        "path": name, "content": base64.b64encode(content).decode("ascii"), "model": "auto" if model else "never",
        "sections": writing.get("sections", 20), "again": bool(writing.get("again")),
    }  # fmt: skip
    answer = _run("propose", body, writing, project, as_json=as_json, streaming=True)
    return 1 if any(text_of(one, "severity") == "error" for one in objects_of(answer, "findings")) else 0


def _run(
    route: str,
    body: JsonObject,
    writing: Mapping[str, Any],
    project: str | None,
    *,
    as_json: bool,
    streaming: bool = False,
) -> JsonObject:
    """Show proposals, all pages of them; write those that were chosen, after a yes where somebody can give one.

    Raises:
        UsageProblem: Numbers were named, and nothing is to be written.
    """
    only: list[int] = writing.get("only") or []
    version = str(writing.get("version") or "")
    if only and not writing["apply"] and not writing["diff"]:
        if as_json or not asks():
            raise UsageProblem("--only chooses what to write", hint="Add --apply, or --diff to look at it.")
        wanted = True
    else:
        wanted = bool(writing["apply"])
    asked = {**body, "only": only, "version": version, "diff": bool(writing["diff"])}
    if not wanted:
        answer = _all_pages(route, asked, project, streaming=streaming)
        _print(answer, as_json=as_json)
        return answer
    if not writing["apply"]:
        shown = _all_pages(route, {**asked, "diff": True}, project, streaming=streaming)
        _print(shown, as_json=False)
        if not ask("Write these?", default=False):
            return shown
        asked["version"] = text_of(shown, "version")
    answer = _ask(route, {**asked, "apply": True, "limit": 500, "budget": 50_000}, project, streaming=streaming)
    _print(answer, as_json=as_json)
    return answer


def _print(answer: JsonObject, *, as_json: bool) -> None:
    if as_json:
        out_json(answer)
    else:
        show_proposals(answer)


def _all_pages(route: str, body: JsonObject, project: str | None, *, streaming: bool) -> JsonObject:
    """The first answer with the proposals of all pages."""
    page: JsonObject = {**body, "limit": 500, "budget": 50_000}
    answer = _ask(route, page, project, streaming=streaming)
    found = objects_of(answer, "proposals")
    following = count_of(answer, "next")
    for _ in range(_MOST_PAGES):
        if not following:
            break
        further = _ask(route, {**page, "model": "never", "again": False, "start": following}, project, streaming=False)
        found += objects_of(further, "proposals")
        following = count_of(further, "next")
    return {**answer, "proposals": found, "next": 0}


def _ask(route: str, body: JsonObject, project: str | None, *, streaming: bool) -> JsonObject:
    fields = {key: value for key, value in body.items() if route == "propose" or key != "again"}
    if not streaming:
        return ask_plan(route, fields, project)
    found = find_project(find_paths(), project, Path.cwd())
    return asked_streaming(found, f"plan/{route}", fields, no_wait=True)[0]


PROPOSAL_COMMANDS: Final = (expand_command, split_command, estimate_command)
"""Commands of `aura plan` about proposals."""
