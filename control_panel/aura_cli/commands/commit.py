"""`aura commit`, with its split and its hook; `aura git hooks` and `aura git lint`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from aura_cli.answers import count_of, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.commit_flow import DRAFT_S, Wanted, ask_git, commit_drafted, commit_once, in_repository
from aura_cli.commit_hook import write_draft
from aura_cli.commit_splits import commit_split
from aura_cli.commit_view import lint_lines
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import dim, note, out, out_json, plural
from aura_cli.targets import find_project
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")


@click.command(
    "commit",
    cls=WithExamples,
    examples=[
        "aura commit",
        "aura commit --all",
        "aura commit --all --split",
        'aura commit -m "fix(cart): round the total" --yes',
        "aura commit src/cart.py --edit",
        "aura commit --allow large-file:data/words.bin",
    ],
)
@click.argument("paths", nargs=-1)
@click.option("-a", "--all", "everything", is_flag=True, help="Take in every changed and every new file.")
@click.option("--staged", is_flag=True, help="Take in what is staged, and never offer more.")
@click.option("-e", "--edit", is_flag=True, help="Open the message in $EDITOR first.")
@click.option("-m", "--message", metavar="TEXT", default="", help="Use this message.")
@click.option("--type", "kind", metavar="TYPE", default="", help="Use this type.")
@click.option("--scope", metavar="SCOPE", default=None, help="Use this scope; empty for none.")
@click.option("--breaking", is_flag=True, help="Mark it as breaking.")
@click.option("--task", metavar="TASK", default="", help="Link this task, such as #12.")
@click.option("--no-model", is_flag=True, help="Word it without a model.")
@click.option("--split", is_flag=True, help="Take a mixed change apart into several commits.")
@click.option("--tests", is_flag=True, help="With --split: run the tests at each commit, in the sandbox.")
@click.option("--allow", metavar="RULE:PATH", multiple=True, help="A concern that is right as it is; repeatable.")
@click.option("--protected-ok", is_flag=True, help="Commit on a protected branch without being asked.")
@click.option(
    "--draft", metavar="ID", default="", help="Commit this draft or plan of --dry-run --json, if it still holds."
)
@click.option("--message-only", is_flag=True, help="Print the message, and commit nothing.")
@click.option("--dry-run", is_flag=True, help="Show and check everything, and commit nothing.")
@click.option("-y", "--yes", is_flag=True, help="Commit without asking.")
@click.option("--hook", "as_hook", is_flag=True, hidden=True, help="Draft for the hook of messages.")
@_project_option
@_json_option
@click.pass_context
def commit(ctx: click.Context, **options: Any) -> None:  # noqa: ANN401 - what click gives
    """Commit what is staged, or PATHS alone, with a message in the habits of the repository.

    What would be committed and its message are shown first. Hooks, signing and templates count as in `git commit`;
    `aura git undo` takes it back.
    """
    paths: tuple[str, ...] = options["paths"]
    if options["as_hook"]:
        ctx.exit(write_draft(paths))
    if options["draft"] and (paths or options["everything"] or options["staged"] or options["edit"]):
        raise UsageProblem("--draft names what is committed: it goes with -m, --allow, --protected-ok and --dry-run")
    if options["everything"] and (options["staged"] or paths):
        raise UsageProblem("--all takes everything in: it goes with neither --staged nor paths")
    target = find_project(find_paths(), options["project"], Path.cwd())
    wanted = Wanted(
        target.id, tuple(in_repository(path) for path in paths), options["everything"], options["staged"],
        options["edit"], options["yes"], options["dry_run"], options["message"],
        {
            "kind": options["kind"], "scope": options["scope"], "breaking": options["breaking"],
            "task": options["task"], "model": False if options["no_model"] or options["message"] else None,
        },
        list(options["allow"]), options["protected_ok"], options["as_json"], options["draft"],
    )  # fmt: skip
    if options["split"]:
        commit_split(ctx, wanted, tests=options["tests"])
    elif options["draft"]:
        commit_drafted(wanted)
    else:
        commit_once(ctx, wanted, message_only=options["message_only"])


@click.group(
    "hooks",
    cls=GroupWithExamples,
    examples=["aura git hooks install", "aura git hooks install --gate", "aura git hooks status"],
)
def hooks() -> None:
    """Have `git commit` open its editor with a draft, or refuse what the plan does not allow: hooks for both."""


_gate_option = click.option(
    "--gate", is_flag=True, help="The hook `commit-msg` that asks the plan, not that of drafts."
)


@hooks.command("install", cls=WithExamples, examples=["aura git hooks install", "aura git hooks install --gate"])
@click.option("--force-path", is_flag=True, help="Also in a folder that other repositories or tools use.")
@_gate_option
@_project_option
@_json_option
def install_hooks(*, force_path: bool, gate: bool, project: str | None, as_json: bool) -> None:
    """Put the hook `prepare-commit-msg` in place; one that is there already is run before it.

    With --gate it is `commit-msg`, which refuses work on a story that is not approved where `commit_gate` in [plan] is
    switched on.
    """
    command = shutil.which("aura") or (sys.argv[0] if Path(sys.argv[0]).name == "aura" else "")
    command = str(Path(command).absolute()) if command else ""
    body = {"action": "install", "force_path": force_path, "gate": gate, "command": command}
    _hooks(project, body, as_json=as_json)


@hooks.command("uninstall", cls=WithExamples, examples=["aura git hooks uninstall"])
@_gate_option
@_project_option
@_json_option
def uninstall_hooks(*, gate: bool, project: str | None, as_json: bool) -> None:
    """Take the hook away; one that was there before is what it was."""
    _hooks(project, {"action": "uninstall", "gate": gate}, as_json=as_json)


@hooks.command("status", cls=WithExamples, examples=["aura git hooks status --json"])
@_gate_option
@_project_option
@_json_option
def hooks_status(*, gate: bool, project: str | None, as_json: bool) -> None:
    """Show whether the hook is in place, and who else manages hooks here."""
    _hooks(project, {"action": "status", "gate": gate}, as_json=as_json)


def _hooks(project: str | None, body: Mapping[str, object], *, as_json: bool) -> None:
    target = find_project(find_paths(), project, Path.cwd())
    answer = ask_git("/hooks", {"project": target.id, **body}, DRAFT_S)
    if as_json:
        out_json(answer)
        return
    out(f"{plain(text_of(answer, 'summary'))}  {dim(plain(text_of(answer, 'folder')))}")
    for line in texts_of(answer, "notes"):
        note(plain(line))


@click.command("lint", cls=WithExamples, examples=["aura git lint", "aura git lint main..HEAD", "aura git lint --json"])
@click.argument("range_", metavar="[RANGE]", default="")
@_project_option
@_json_option
@click.pass_context
def lint(ctx: click.Context, *, range_: str, project: str | None, as_json: bool) -> None:
    """Check the messages of RANGE, or of what the branch adds to its base. Ends with 1 when there are errors."""
    target = find_project(find_paths(), project, Path.cwd())
    answer = ask_git("/lint", {"project": target.id, "range": range_}, DRAFT_S)
    if as_json:
        out_json(answer)
    else:
        for line in lint_lines(answer):
            out(line)
        count = len(objects_of(answer, "commits"))
        facts = [plural(count, "commit"), plain(text_of(answer, "range_from") or text_of(answer, "range"))]
        errors, warnings = count_of(answer, "errors"), count_of(answer, "warnings")
        facts.append(f"{plural(errors, 'error')}, {plural(warnings, 'warning')}" if errors or warnings else "all well")
        note(dim(" · ".join(fact for fact in facts if fact)))
    if count_of(answer, "errors"):
        ctx.exit(1)
