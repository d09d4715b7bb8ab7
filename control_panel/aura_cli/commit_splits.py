"""The dialogue of `aura commit --split`."""

from __future__ import annotations

import os
from typing import Final

import click

from aura_cli.answers import JsonObject, flag_of, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.commit_environment import for_hooks
from aura_cli.commit_flow import (
    ANSWERS,
    COMMIT_S,
    DRAFT_S,
    GOES_ON,
    HOOKS_RUN,
    Wanted,
    allowed,
    ask_git,
    edited,
    protected_ok_of,
)
from aura_cli.commit_view import plan_lines, read_split, split_text
from aura_cli.screen import ask, bold, dim, note, out, out_json
from aura_shared.errors import UsageProblem

_TESTS_S: Final = 1700.0  # Tests run at each commit; the service ends before that.


def commit_split(ctx: click.Context, wanted: Wanted, *, tests: bool) -> None:
    """Plan a split, let the person settle on it, and make its commits.

    Raises:
        UsageProblem: Options that do not go together, or a plan that cannot be.
        CommitBlocked, ProtectedBranch: It is held back, and nobody said yes.
    """
    if wanted.message or wanted.paths:
        raise UsageProblem("--split words each commit, and takes in what is staged or everything: no -m, no paths")
    if wanted.draft:
        _commit_plan(wanted, {"id": wanted.draft}, wanted.allow, protected_ok=wanted.protected_ok)
        return
    try:
        _commit_split(ctx, wanted, tests=tests)
    except click.Abort:
        note(dim("\nNothing was committed."))
        raise


def _commit_split(ctx: click.Context, wanted: Wanted, *, tests: bool) -> None:
    what = "all" if wanted.everything else "staged"
    plan = _planned(wanted, what, tests=tests)
    if not objects_of(plan, "commits") and not wanted.everything and not wanted.staged and wanted.asks:
        note("Nothing is staged.")
        if ask("Split all changed and new files?"):
            plan = _planned(wanted, "all", tests=tests)
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
    failing_ok = chosen is not None and _failing_ok(wanted, chosen)
    if chosen is None or failing_ok is None:
        note(dim("Nothing was committed."))
        return
    allow = wanted.allow if wanted.as_json else allowed(wanted, chosen)
    if allow is None:
        note(dim("Nothing was committed."))
        return
    protected_ok = wanted.protected_ok if wanted.as_json else protected_ok_of(wanted, chosen)
    unsound_ok = not wanted.as_json and not flag_of(chosen, "sound") and _unsound(wanted)
    _commit_plan(wanted, chosen, allow, protected_ok=protected_ok, unsound_ok=unsound_ok, failing_ok=failing_ok)


def _commit_plan(wanted: Wanted, plan: JsonObject, allow: list[str], **consent: bool) -> None:
    body = {
        "project": wanted.project,
        "plan": text_of(plan, "id"),
        "allow": allow,
        **consent,
        "dry_run": wanted.dry_run,
        "environment": for_hooks(os.environ),
    }
    _tell_split(wanted, ask_git("/split/commit", body, COMMIT_S, doing=HOOKS_RUN, leaving=GOES_ON))


def _planned(wanted: Wanted, what: str, *, tests: bool) -> JsonObject:
    body = {"project": wanted.project, "what": what, "tests": tests}
    return ask_git("/split/plan", body, _plan_s(tests=tests), doing=_doing(tests=tests))


def _settled(wanted: Wanted, plan: JsonObject, *, tests: bool) -> JsonObject | None:
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
        parts = read_split(edited(split_text(plan), ".txt"), plan)
        if not parts:
            return None
        body = {"project": wanted.project, "plan": text_of(plan, "id"), "commits": parts, "tests": tests}
        plan = ask_git("/split/change", body, _plan_s(tests=tests), doing=_doing(tests=tests))


def _asked_split(plan: JsonObject) -> str:
    question = f"Make these {len(objects_of(plan, 'commits'))} commits? yes, edit them, no"
    answer: str = click.prompt(question, type=ANSWERS, default="y", err=True)
    return answer


def _unsound(wanted: Wanted) -> bool:
    return wanted.asks and ask(
        "Some of these commits do not stand on their own. Make them all the same?", default=False
    )


def _failing_ok(wanted: Wanted, plan: JsonObject) -> bool | None:
    """Whether the person takes commits at which tests fail; None when the person does not, and nothing is made."""
    failing = [text_of(one, "id") for one in objects_of(plan, "commits") if text_of(one, "tests") == "failed"]
    if not failing or wanted.as_json or not wanted.asks:
        return False
    return ask(f"Tests fail at {', '.join(failing)}. Make the commits all the same?", default=False) or None


def _doing(*, tests: bool) -> str:
    return "running the tests of each commit" if tests else "taking the change apart"


def _plan_s(*, tests: bool) -> float:
    return _TESTS_S if tests else DRAFT_S


def _tell_split(wanted: Wanted, answer: JsonObject) -> None:
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
