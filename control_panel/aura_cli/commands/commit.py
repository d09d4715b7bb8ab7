"""`aura commit`, with its split and its hook; `aura git hooks` and `aura git lint`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.commit_view import (
    blocking,
    commit_lines,
    draft_lines,
    edit_text,
    lint_lines,
    plan_lines,
    problem_lines,
    read_split,
    split_text,
    strip_comments,
    type_choices,
)
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.gateway import Gateway
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural
from aura_cli.targets import find_project, open_registry, with_daemon
from aura_shared.errors import AuraError, CommitBlocked, ProtectedBranch, UsageProblem
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_DRAFT_S: Final = 180.0  # A local model may word it.
_COMMIT_S: Final = 900.0  # Hooks may run the tests; git.command_s bounds each of them.
_HOOK_S: Final = 5.0  # Somebody waits for the editor.

_ANSWERS: Final = click.Choice(["y", "e", "n"])

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")


@dataclass(frozen=True)
class _Wanted:
    """What the options say."""

    project: str
    paths: tuple[str, ...]
    everything: bool
    staged: bool
    edit: bool
    yes: bool
    dry_run: bool
    message: str
    fields: dict[str, object]
    allow: list[str]
    protected_ok: bool
    as_json: bool

    @property
    def asks(self) -> bool:
        """Whether a person is asked."""
        return asks() and not self.yes and not self.as_json


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
@click.option("--tests", is_flag=True, help="With --split: run the tests at each commit, where that is possible.")
@click.option("--allow", metavar="RULE:PATH", multiple=True, help="A concern that is right as it is; repeatable.")
@click.option("--protected-ok", is_flag=True, help="Commit on a protected branch without being asked.")
@click.option("--message-only", is_flag=True, help="Print the message, and commit nothing.")
@click.option("--dry-run", is_flag=True, help="Show and check everything, and commit nothing.")
@click.option("-y", "--yes", is_flag=True, help="Commit without asking.")
@click.option("--hook", "as_hook", is_flag=True, hidden=True)
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
        ctx.exit(_write_draft(paths))
    if options["everything"] and (options["staged"] or paths):
        raise UsageProblem("--all takes everything in: it goes with neither --staged nor paths")
    target = find_project(find_paths(), options["project"], Path.cwd())
    wanted = _Wanted(
        target.id, tuple(_in_repository(path) for path in paths), options["everything"], options["staged"],
        options["edit"], options["yes"], options["dry_run"], options["message"],
        {
            "kind": options["kind"], "scope": options["scope"], "breaking": options["breaking"],
            "task": options["task"], "model": False if options["no_model"] or options["message"] else None,
        },
        list(options["allow"]), options["protected_ok"], options["as_json"],
    )  # fmt: skip
    if options["split"]:
        _split(ctx, wanted, tests=options["tests"])
    else:
        _commit(ctx, wanted, message_only=options["message_only"])


def _in_repository(path: str) -> str:
    """A path as git names it: relative to the root of the repository."""
    folder = Path(path).absolute()
    top = _git("rev-parse", "--show-toplevel", folder=folder.parent if not folder.is_dir() else folder)
    full = folder.parent.resolve() / folder.name
    if not top or not full.is_relative_to(Path(top).resolve()):
        raise UsageProblem(f"{path} lies in no git repository")
    return full.relative_to(Path(top).resolve()).as_posix()


def _git(*arguments: str, folder: Path | None = None) -> str:
    """What git prints; empty when it fails."""
    place = folder
    while place is not None and not place.is_dir() and place != place.parent:
        place = place.parent
    done = subprocess.run(["git", *arguments], capture_output=True, check=False, cwd=place, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


# -- one commit ---------------------------------------------------------------------------------------------------


def _commit(ctx: click.Context, wanted: _Wanted, *, message_only: bool) -> None:
    what = "all" if wanted.everything or wanted.paths else "staged"
    draft = _draft(wanted, what)
    if not text_of(draft, "id"):
        draft = _offer_all(ctx, wanted, draft)
    if message_only:
        out(wanted.message or text_of(object_of(draft, "message"), "text"))
        return
    if wanted.as_json:
        if wanted.dry_run:
            out_json(draft)
            return
        out_json(_make(wanted, draft, wanted.message, wanted.allow, protected_ok=wanted.protected_ok))
        return
    draft = _choose_type(wanted, draft)
    for line in draft_lines(_as_given(draft, wanted)):
        out(line)
    allow = _allowed(wanted, draft)
    message = _worded(wanted, draft)
    if message is None:
        note(dim("Nothing was committed."))
        return
    protected_ok = _protected(wanted, draft)
    made = _make(wanted, draft, message, allow, protected_ok=protected_ok)
    _tell_made(made, dry_run=wanted.dry_run)


def _draft(wanted: _Wanted, what: str, **more: object) -> JsonObject:
    body = {
        "project": wanted.project,
        "what": what,
        "paths": list(wanted.paths),
        "allow": wanted.allow,
        **wanted.fields,
        **more,
    }
    return _ask("/commit/draft", body, _DRAFT_S)


def _offer_all(ctx: click.Context, wanted: _Wanted, draft: JsonObject) -> JsonObject:
    """The draft of everything, when the person wants that; otherwise says what there is and ends."""
    left = texts_of(draft, "left")
    count = count_of(draft, "left_count") or len(left)
    if not count:
        note("There is nothing to commit: no file differs from the last commit.")
        ctx.exit(0)
    if wanted.everything or wanted.paths:
        raise UsageProblem("nothing of this differs from the last commit", hint="`git status` shows what does.")
    named = ", ".join(plain(path) for path in left[:4]) + (f" and {count - 4} more" if count > 4 else "")
    told = f"nothing is staged; changed or new {'is' if count == 1 else 'are'} {named}"
    if wanted.staged or not wanted.asks:
        raise UsageProblem(told, hint="`git add PATH` stages a file, `aura commit --all` takes everything in.")
    note(told[0].upper() + told[1:] + ".")
    if not ask(f"Take in all {plural(count, 'file')}?" if count > 1 else "Take it in?"):
        note(dim("Nothing was committed. `git add PATH` stages a file."))
        ctx.exit(0)
    return _draft(wanted, "all")


def _choose_type(wanted: _Wanted, draft: JsonObject) -> JsonObject:
    """The draft with the type that the person chooses, when the best one is unsure."""
    choices = type_choices(draft)
    if not choices or wanted.fields["kind"] or wanted.message or not wanted.asks:
        return draft
    for number, line in enumerate(_first_lines(draft, choices), start=1):
        note(f"  {number}  {plain(line)}")
    answer = click.prompt("Which type fits? A number, or another type", default="1", err=True)
    chosen = choices[int(answer) - 1] if answer in {"1", "2"} else str(answer).strip()
    if chosen == choices[0]:
        return draft
    return _draft(wanted, text_of(draft, "what"), kind=chosen)


def _first_lines(draft: JsonObject, choices: list[str]) -> list[str]:
    first = text_of(object_of(draft, "message"), "text").split("\n")[0]
    others = [line for line in texts_of(draft, "alternatives") if line.startswith(choices[1])]
    return [first, others[0] if others else choices[1]]


def _as_given(draft: JsonObject, wanted: _Wanted) -> JsonObject:
    """The draft with the person's message in place of its own."""
    if not wanted.message:
        return draft
    problems = _problems(wanted, wanted.message)
    return {**draft, "message": {"text": wanted.message}, "problems": problems}


def _problems(wanted: _Wanted, message: str) -> list[JsonObject]:
    answer = _ask("/lint", {"project": wanted.project, "text": message}, _DRAFT_S)
    return [problem for one in objects_of(answer, "commits") for problem in objects_of(one, "problems")]


def _allowed(wanted: _Wanted, draft: JsonObject) -> list[str]:
    """What is allowed once: what the options say, and what the person says yes to."""
    allow = list(wanted.allow)
    for name in blocking(draft):
        if not wanted.asks or not ask(f"Commit it all the same, in spite of {plain(name)}?", default=False):
            raise CommitBlocked(f"{name} is held back", hint=f"Take it out of the commit, or allow it: --allow {name}")
        allow.append(name)
    return allow


def _worded(wanted: _Wanted, draft: JsonObject) -> str | None:
    """The message to commit with; empty for the draft's, None when the person does not want to."""
    message = wanted.message
    if wanted.edit:
        return _edited(wanted, draft, message or text_of(object_of(draft, "message"), "text"))
    if not wanted.asks or wanted.dry_run:
        return message
    answer = click.prompt(
        "Commit? yes, edit the message, no",
        type=click.Choice(["y", "e", "n"]),
        default="y",
        show_choices=True,
        err=True,
    )
    if answer == "e":
        return _edited(wanted, draft, message or text_of(object_of(draft, "message"), "text"))
    return message if answer == "y" else None


def _edited(wanted: _Wanted, draft: JsonObject, message: str) -> str | None:
    """What the person makes of a message; what is wrong with it is shown, and asked about."""
    sign = text_of(draft, "comment") or "#"
    problems: list[JsonObject] = []
    while True:
        text = click.edit(edit_text(draft, message, problems), extension=".gitcommit", require_save=False)
        message = strip_comments(text or "", sign)
        if not message.strip():
            return None
        problems = _problems(wanted, message)
        for line in problem_lines(problems):
            note(line)
        if not problems or not wanted.asks:
            return message
        answer = click.prompt("Commit it so? yes, edit again, no", type=_ANSWERS, default="e", err=True)
        if answer != "e":
            return message if answer == "y" else None


def _protected(wanted: _Wanted, answer: JsonObject) -> bool:
    """Whether a commit on this branch may be made."""
    branch = plain(text_of(answer, "branch"))
    if not flag_of(answer, "protected") or wanted.protected_ok:
        return wanted.protected_ok
    if wanted.asks and ask(f"{branch} is a protected branch. Commit on it?", default=False):
        return True
    raise ProtectedBranch(
        f"{branch!r} is protected: a commit on it needs a yes",
        hint="Start a branch of your own (aura branch start feature NAME), or say so: --protected-ok",
    )


def _make(wanted: _Wanted, draft: JsonObject, message: str, allow: list[str], *, protected_ok: bool) -> JsonObject:
    body = {
        "project": wanted.project,
        "draft": text_of(draft, "id"),
        "message": message,
        "allow": allow,
        "protected_ok": protected_ok,
        "dry_run": wanted.dry_run,
    }
    return _ask("/commit", body, _COMMIT_S)


def _tell_made(made: JsonObject, *, dry_run: bool) -> None:
    if text_of(made, "hook_output"):
        note(plain(text_of(made, "hook_output")))
    for line in commit_lines(made, dry_run=dry_run):
        out(line)
    for line in texts_of(made, "warnings"):
        note(plain(line))
    note(dim("Nothing was committed." if dry_run else "aura git undo takes it back."))


# -- a split ------------------------------------------------------------------------------------------------------


def _split(ctx: click.Context, wanted: _Wanted, *, tests: bool) -> None:
    if wanted.message or wanted.paths:
        raise UsageProblem("--split words each commit, and takes in what is staged or everything: no -m, no paths")
    what = "all" if wanted.everything else "staged"
    plan = _ask("/split/plan", {"project": wanted.project, "what": what, "tests": tests}, _DRAFT_S)
    if not objects_of(plan, "commits") and not wanted.everything and not wanted.staged and wanted.asks:
        note("Nothing is staged.")
        if ask("Split all changed and new files?"):
            plan = _ask("/split/plan", {"project": wanted.project, "what": "all", "tests": tests}, _DRAFT_S)
    if not text_of(plan, "id"):
        if wanted.as_json:
            out_json(plan)
            return
        note(f"There is nothing to split: {plain(text_of(plan, 'reason'))}.")
        ctx.exit(0)
    if wanted.as_json and wanted.dry_run:
        out_json(plan)
        return
    chosen = plan if wanted.as_json else _settled(wanted, plan, tests=tests)
    if chosen is None:
        note(dim("Nothing was committed."))
        return
    allow = wanted.allow if wanted.as_json else _allowed(wanted, chosen)
    body = {
        "project": wanted.project,
        "plan": text_of(chosen, "id"),
        "allow": allow,
        "protected_ok": wanted.protected_ok if wanted.as_json else _protected(wanted, chosen),
        "unsound_ok": not wanted.as_json and not flag_of(chosen, "sound") and _unsound(wanted),
        "dry_run": wanted.dry_run,
    }
    _tell_split(wanted, _ask("/split/commit", body, _COMMIT_S))


def _settled(wanted: _Wanted, plan: JsonObject, *, tests: bool) -> JsonObject | None:
    """The plan that the person settles on; None when none."""
    edit = wanted.edit
    while True:
        for line in plan_lines(plan):
            out(line)
        if not edit and (not wanted.asks or wanted.dry_run):
            return plan
        answer = "e" if edit else _asked_split(plan)
        edit = False
        if answer != "e":
            return plan if answer == "y" else None
        text = click.edit(split_text(plan), extension=".txt", require_save=False)
        parts = read_split(text or "", plan)
        if not parts:
            return None
        body = {"project": wanted.project, "plan": text_of(plan, "id"), "commits": parts, "tests": tests}
        plan = _ask("/split/change", body, _DRAFT_S)


def _asked_split(plan: JsonObject) -> str:
    question = f"Make these {len(objects_of(plan, 'commits'))} commits? yes, edit them, no"
    answer: str = click.prompt(question, type=_ANSWERS, default="y", err=True)
    return answer


def _unsound(wanted: _Wanted) -> bool:
    return wanted.asks and ask(
        "Some of these commits do not stand on their own. Make them all the same?", default=False
    )


def _tell_split(wanted: _Wanted, answer: JsonObject) -> None:
    if wanted.as_json:
        out_json(answer)
        return
    if text_of(answer, "hook_output"):
        note(plain(text_of(answer, "hook_output")))
    for one in objects_of(answer, "commits"):
        out(f"{bold(plain(text_of(answer, 'branch')))} {text_of(one, 'commit')[:10]}  {plain(text_of(one, 'subject'))}")
    for line in texts_of(answer, "warnings"):
        note(plain(line))
    note(dim("Nothing was committed." if wanted.dry_run else "aura git undo takes all of them back."))


# -- the hook -----------------------------------------------------------------------------------------------------


def _write_draft(arguments: tuple[str, ...]) -> int:
    """What the hook does: write a draft into an empty message. It never fails and never asks; returns 0."""
    source = arguments[1] if len(arguments) > 1 else ""
    if not arguments or source not in {"", "template"}:
        return 0
    try:
        _fill(Path(arguments[0]), with_template=source == "template")
    except (AuraError, OSError, UnicodeDecodeError):
        return 0
    return 0


def _fill(file: Path, *, with_template: bool) -> None:
    project = open_registry(find_paths()).containing(Path.cwd())
    text = file.read_text(encoding="utf-8")
    sign = _git("config", "--get", "core.commentChar") or "#"
    sign = "#" if sign == "auto" else sign
    if project is None or (strip_comments(text, sign).strip() and not with_template):
        return
    tree = _git("write-tree")
    if not tree:
        return
    body = {"project": project.id, "tree": tree, "model": False}
    draft = Gateway(find_paths(), recovery_s=0).post("/v1/git/commit/draft", body, timeout_s=_HOOK_S)
    message = text_of(object_of(draft, "message"), "text")
    if message and file.read_text(encoding="utf-8") == text:
        file.write_text(f"{message}\n{text if text.startswith(chr(10)) else chr(10) + text}", encoding="utf-8")


@click.group(
    "hooks",
    cls=GroupWithExamples,
    examples=["aura git hooks install", "aura git hooks status", "aura git hooks uninstall"],
)
def hooks() -> None:
    """Have `git commit` open its editor with a draft: install or uninstall the hook, or show how it stands."""


@hooks.command("install", cls=WithExamples, examples=["aura git hooks install"])
@click.option("--force-path", is_flag=True, help="Also in a folder that other repositories or tools use.")
@_project_option
@_json_option
def install_hooks(*, force_path: bool, project: str | None, as_json: bool) -> None:
    """Put the hook `prepare-commit-msg` in place; one that is there already is run before it."""
    command = shutil.which("aura") or (sys.argv[0] if Path(sys.argv[0]).name == "aura" else "")
    command = str(Path(command).absolute()) if command else ""
    _hooks(project, {"action": "install", "force_path": force_path, "command": command}, as_json=as_json)


@hooks.command("uninstall", cls=WithExamples, examples=["aura git hooks uninstall"])
@_project_option
@_json_option
def uninstall_hooks(*, project: str | None, as_json: bool) -> None:
    """Take the hook away; one that was there before is what it was."""
    _hooks(project, {"action": "uninstall"}, as_json=as_json)


@hooks.command("status", cls=WithExamples, examples=["aura git hooks status --json"])
@_project_option
@_json_option
def hooks_status(*, project: str | None, as_json: bool) -> None:
    """Show whether the hook is in place, and who else manages hooks here."""
    _hooks(project, {"action": "status"}, as_json=as_json)


def _hooks(project: str | None, body: Mapping[str, object], *, as_json: bool) -> None:
    target = find_project(find_paths(), project, Path.cwd())
    answer = _ask("/hooks", {"project": target.id, **body}, _DRAFT_S)
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
    answer = _ask("/lint", {"project": target.id, "range": range_}, _DRAFT_S)
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


def _ask(route: str, body: Mapping[str, object], timeout_s: float) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git{route}", body, timeout_s=timeout_s))
