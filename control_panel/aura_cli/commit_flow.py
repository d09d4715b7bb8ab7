"""The dialogue of `aura commit`: what is shown, what a person is asked, what is sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.commit_environment import for_hooks
from aura_cli.commit_view import (
    blocking,
    commit_lines,
    draft_lines,
    edit_text,
    problem_lines,
    strip_comments,
    type_choices,
)
from aura_cli.commit_waiting import patiently
from aura_cli.gateway import Gateway
from aura_cli.screen import ask, asks, dim, note, out, out_json, plural
from aura_cli.targets import with_daemon
from aura_shared.errors import CommitBlocked, GateClosed, ProtectedBranch, UsageProblem
from aura_shared.paths import find_paths

DRAFT_S: Final = 180.0  # A local model may word it.
COMMIT_S: Final = 900.0  # Hooks may run the tests; git.command_s bounds each of them.
HOOKS_RUN: Final = "committing, with the hooks of the repository"
GOES_ON: Final = "Aura goes on with it: `aura git ops` says how it ended, `aura git undo` takes it back."
ANSWERS: Final = click.Choice(["y", "e", "n"])


@dataclass(frozen=True)
class Wanted:
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
    draft: str = ""
    """A draft or plan that was made before."""

    @property
    def asks(self) -> bool:
        """Whether a person is asked: never where nothing is going to happen."""
        return asks() and not (self.yes or self.as_json or self.dry_run)


def commit_once(ctx: click.Context, wanted: Wanted, *, message_only: bool) -> None:
    """Draft a commit, show it, ask, and make it.

    Raises:
        UsageProblem: There is nothing to commit, and nobody to ask.
        CommitBlocked, ProtectedBranch: It is held back, and nobody said yes.
    """
    try:
        _commit_once(ctx, wanted, message_only=message_only)
    except click.Abort:
        note(dim("\nNothing was committed."))
        raise


def commit_drafted(wanted: Wanted) -> None:
    """Make the commit of a draft that was made before, as `--dry-run --json` gave it.

    Raises:
        DraftOutdated: It stands for something else by now.
    """
    made = _make(wanted, {"id": wanted.draft}, wanted.message, wanted.allow, protected_ok=wanted.protected_ok)
    if wanted.as_json:
        out_json(made)
    else:
        _tell_made(made, dry_run=wanted.dry_run)


def _commit_once(ctx: click.Context, wanted: Wanted, *, message_only: bool) -> None:
    what = "all" if wanted.everything or (wanted.paths and not wanted.staged) else "staged"
    draft = _draft(wanted, what)
    if not text_of(draft, "id"):
        if wanted.as_json and not count_of(draft, "left_count"):
            out_json(draft)
            return
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
    _refuse_detached(wanted, draft)
    allow = allowed(wanted, draft)
    message = _worded(wanted, draft) if allow is not None else None
    if message is None or allow is None:
        note(dim("Nothing was committed."))
        return
    protected_ok = _asked_of_branch(wanted, draft) or protected_ok_of(wanted, draft)
    made = _make(wanted, draft, message, allow, protected_ok=protected_ok)
    _tell_made(made, dry_run=wanted.dry_run)


def _draft(wanted: Wanted, what: str, **more: object) -> JsonObject:
    body = {
        "project": wanted.project,
        "what": what,
        "paths": list(wanted.paths),
        "allow": wanted.allow,
        **wanted.fields,
        **more,
    }
    return ask_git("/commit/draft", body, DRAFT_S, doing="reading the change, and wording a message")


def _offer_all(ctx: click.Context, wanted: Wanted, draft: JsonObject) -> JsonObject:
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
    if wanted.dry_run and asks() and not wanted.staged and not wanted.as_json:
        note(f"{told[0].upper()}{told[1:]}. This is what `--all` takes in:")
        return _draft(wanted, "all")
    if wanted.staged or not wanted.asks:
        raise UsageProblem(told, hint="`git add PATH` stages a file, `aura commit --all` takes everything in.")
    note(told[0].upper() + told[1:] + ".")
    if not ask(f"Take in all {plural(count, 'file')}?" if count > 1 else "Take it in?"):
        note(dim("Nothing was committed. `git add PATH` stages a file."))
        ctx.exit(0)
    return _draft(wanted, "all")


def _choose_type(wanted: Wanted, draft: JsonObject) -> JsonObject:
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


def _as_given(draft: JsonObject, wanted: Wanted) -> JsonObject:
    """The draft with the person's message in place of its own."""
    if not wanted.message:
        return draft
    problems = _problems(wanted, wanted.message)
    return {**draft, "message": {"text": wanted.message}, "problems": problems}


def _problems(wanted: Wanted, message: str) -> list[JsonObject]:
    answer = ask_git("/lint", {"project": wanted.project, "text": message}, DRAFT_S)
    return [problem for one in objects_of(answer, "commits") for problem in objects_of(one, "problems")]


def allowed(wanted: Wanted, draft: JsonObject) -> list[str] | None:
    """What is allowed once: what the options say, and what the person says yes to; None when that is a no."""
    allow = list(wanted.allow)
    for path, rules in blocking(draft).items():
        names = [f"{rule}:{path}" for rule in rules]
        question = f"Commit {plain(path)} all the same, in spite of {plain(' and '.join(rules))}?"
        if not wanted.asks:
            raise CommitBlocked(
                f"{path} is held back: {', '.join(rules)}",
                hint=f"Take it out of the commit, or allow it: {' '.join(f'--allow {name}' for name in names)}",
            )
        if not ask(question, default=False):
            return None
        allow += names
    return allow


def _worded(wanted: Wanted, draft: JsonObject) -> str | None:
    """The message to commit with; empty for the draft's, None when the person does not want to."""
    message = wanted.message
    if wanted.edit:
        return _edited(wanted, draft, message or text_of(object_of(draft, "message"), "text"))
    if not wanted.asks or wanted.dry_run:
        return message
    protected = _asked_of_branch(wanted, draft)
    question = f"{plain(text_of(draft, 'branch'))} is a protected branch. Commit on it?" if protected else "Commit?"
    answer = click.prompt(
        f"{question} yes, edit the message, no", type=ANSWERS, default="n" if protected else "y", err=True
    )
    if answer == "e":
        return _edited(wanted, draft, message or text_of(object_of(draft, "message"), "text"))
    return message if answer == "y" else None


def _refuse_detached(wanted: Wanted, draft: JsonObject) -> None:
    """Ask nothing about what would be refused after all."""
    head = text_of(draft, "head")
    if wanted.asks and head and not text_of(draft, "branch"):
        raise GateClosed(
            f"HEAD is detached at {head[:10]}: no branch is checked out",
            hint="Make a branch here with `git switch -c NAME`, or go to one with `git switch NAME`.",
        )


def _asked_of_branch(wanted: Wanted, draft: JsonObject) -> bool:
    """Whether the question for the commit is the question for its protected branch as well."""
    return flag_of(draft, "protected") and not wanted.protected_ok and wanted.asks and not wanted.edit


def _edited(wanted: Wanted, draft: JsonObject, message: str) -> str | None:
    """What the person makes of a message; what is wrong with it is shown, and asked about."""
    sign = text_of(draft, "comment") or "#"
    problems: list[JsonObject] = []
    while True:
        message = strip_comments(edited(edit_text(draft, message, problems), ".gitcommit"), sign)
        if not message.strip():
            return None
        problems = _problems(wanted, message)
        for line in problem_lines(problems):
            note(line)
        if not problems or not wanted.asks:
            return message
        answer = click.prompt("Commit it so? yes, edit again, no", type=ANSWERS, default="e", err=True)
        if answer != "e":
            return message if answer == "y" else None


def protected_ok_of(wanted: Wanted, answer: JsonObject) -> bool:
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


def _make(wanted: Wanted, draft: JsonObject, message: str, allow: list[str], *, protected_ok: bool) -> JsonObject:
    body = {
        "project": wanted.project,
        "draft": text_of(draft, "id"),
        "message": message,
        "allow": allow,
        "protected_ok": protected_ok,
        "dry_run": wanted.dry_run,
        "environment": for_hooks(os.environ),
    }
    return ask_git("/commit", body, COMMIT_S, doing=HOOKS_RUN, leaving=GOES_ON)


def _tell_made(made: JsonObject, *, dry_run: bool) -> None:
    if text_of(made, "hook_output"):
        note(plain(text_of(made, "hook_output")))
    for line in commit_lines(made, dry_run=dry_run):
        out(line)
    for line in texts_of(made, "warnings"):
        note(plain(line))
    note(dim("Nothing was committed." if dry_run else "aura git undo takes it back."))


def in_repository(path: str) -> str:
    """A path as git names it: relative to the root of the repository."""
    folder = Path(path).absolute()
    top = git_says("rev-parse", "--show-toplevel", folder=folder.parent if not folder.is_dir() else folder)
    full = folder.parent.resolve() / folder.name
    if not top or not full.is_relative_to(Path(top).resolve()):
        raise UsageProblem(f"{path} lies in no git repository")
    return full.relative_to(Path(top).resolve()).as_posix()


def git_says(*arguments: str, folder: Path | None = None) -> str:
    """What git prints; empty when it fails."""
    place = folder
    while place is not None and not place.is_dir() and place != place.parent:
        place = place.parent
    done = subprocess.run(["git", *arguments], capture_output=True, check=False, cwd=place, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def edited(text: str, extension: str) -> str:
    """What a person makes of a text in the editor that git uses; empty when it was left empty."""
    editor = git_says("var", "GIT_EDITOR") or None
    try:
        return click.edit(text, editor=editor, extension=extension, require_save=False) or ""
    except click.ClickException as error:
        raise UsageProblem(
            f"the editor ended with an error ({error.message}); nothing was committed",
            hint="Set core.editor or GIT_EDITOR, or give the message with -m.",
        ) from error


def ask_git(
    route: str, body: Mapping[str, object], timeout_s: float, *, doing: str = "", leaving: str = ""
) -> JsonObject:
    """The answer of the gateway to `/v1/git` with this route; see `patiently` for the rest."""

    def ask_it(gateway: Gateway) -> JsonObject:
        with patiently(doing, leaving):
            return gateway.post(f"/v1/git{route}", body, timeout_s=timeout_s)

    return with_daemon(find_paths(), ask_it)
