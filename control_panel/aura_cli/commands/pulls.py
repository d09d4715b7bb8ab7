"""`aura pr`: drafts of pull requests, opening and renewing them, and reviews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths
from aura_shared.storage import atomic_write

__all__ = ["open_for_review", "pr"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_LONG_S: Final = 900.0
_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")
_yes_option = click.option("-y", "--yes", is_flag=True, help="Do it without asking; the branch is pushed when needed.")
_dry_option = click.option("--dry-run", is_flag=True, help="Only show what would happen.")
_output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Also write the text to this file."
)
_via_option = click.option(
    "--via", type=click.Choice(["auto", "gh", "glab", "rest", "file"]), default="auto", show_default=True,
    help="How it is sent.",
)  # fmt: skip
_allow_option = click.option("--allow", multiple=True, metavar="RULE:LINE", help="A concern that you have looked at.")


def _wishes(command: CommandT) -> CommandT:
    for option in (
        click.option(
            "--tests", is_flag=True, help="Run the tests that reach the change, in the sandbox, and quote them."
        ),
        click.option("--no-model", is_flag=True, help="Let no model word it."),
        click.option("--task", metavar="TASK", default="", help="Task that it is for, such as #12."),
        click.option("--template", metavar="NAME", default="", help="Template, where there are several."),
        click.option("--remote", metavar="NAME", default="", help="Remote of the forge."),
        click.option("-B", "--base", metavar="BRANCH", default="", help="Branch that it goes into."),
        click.option("-b", "--branch", metavar="NAME", default="", help="Branch with the commits; else the current."),
    ):
        command = option(command)
    return _project_option(_json_option(command))


@click.group("pr", cls=GroupWithExamples, examples=["aura pr draft", "aura pr create", "aura pr review 12"])
def pr() -> None:
    """Draft, open, renew and review pull requests. Nothing leaves this machine unless network.allow names the host."""


@pr.command(
    "draft",
    cls=WithExamples,
    examples=["aura pr draft", "aura pr draft --tests", "aura pr draft --base develop -o pr.md"],
)
@_output_option
@_wishes
def draft(*, output: Path | None, project: str | None, as_json: bool, no_model: bool, **wishes: str | bool) -> None:
    """Show the text of a pull request; it is made here, and nothing is sent."""
    answer = _post("/draft", _body(project, wishes, no_model=no_model))
    text = object_of(answer, "text")
    _save(output, text)
    if as_json:
        out_json(answer)
        return
    _show_head(text, object_of(answer, "target"))
    out()
    out(safe(text_of(text, "body")))
    _show_way(answer)


@pr.command(
    "create",
    cls=WithExamples,
    examples=["aura pr create", "aura pr create --ready --yes", "aura pr create --via file --output pr.md"],
)
@click.option("--title", metavar="TEXT", default="", help="Title instead of the one that is made.")
@click.option("--ready", is_flag=True, help="Open it for review at once instead of as a draft.")
@_via_option
@_output_option
@_allow_option
@_dry_option
@_yes_option
@_wishes
def create(
    *,
    title: str,
    ready: bool,
    via: str,
    output: Path | None,
    allow: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
    no_model: bool,
    **wishes: str | bool,
) -> None:
    """Open a pull request as a draft, or renew the one that is open.

    It goes through `gh` or `glab` where they have a login, else through the forge's interface with a token, else into
    a file, with the address of the page to open it by hand.
    """
    body = _body(project, wishes, no_model=no_model)
    body |= {"title": title, "draft": not ready, "via": via, "allow": list(allow), "push": yes, "dry_run": dry_run}
    _send("", body, output, yes=yes, as_json=as_json, dry_run=dry_run)


@pr.command("update", cls=WithExamples, examples=["aura pr update", "aura pr update --title 'feat: the cart'"])
@click.option("--title", metavar="TEXT", default="", help="New title; else it stays.")
@_via_option
@_output_option
@_allow_option
@_dry_option
@_yes_option
@_wishes
def update(
    *,
    title: str,
    via: str,
    output: Path | None,
    allow: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
    no_model: bool,
    **wishes: str | bool,
) -> None:
    """Renew Aura's part of an open pull request; what people wrote around it stays."""
    body = _body(project, wishes, no_model=no_model)
    body |= {"title": title, "via": via, "allow": list(allow), "push": yes, "dry_run": dry_run}
    _send("/update", body, output, yes=yes, as_json=as_json, dry_run=dry_run)


@pr.command(
    "review", cls=WithExamples, examples=["aura pr review", "aura pr review main..feature", "aura pr review 12 --post"]
)
@click.argument("what", required=False, default="")
@click.option("-B", "--base", metavar="BRANCH", default="", help="What it is compared with.")
@click.option("--remote", metavar="NAME", default="", help="Remote that a number is fetched from.")
@click.option("--post", is_flag=True, help="Leave the review at the forge, as a draft that only you see.")
@click.option("--no-model", is_flag=True, help="Let no model write the summary.")
@_yes_option
@_project_option
@_json_option
def review(
    *, what: str, base: str, remote: str, post: bool, no_model: bool, yes: bool, project: str | None, as_json: bool
) -> None:
    """Review WHAT: a range, a branch, or the number of a pull request, which is fetched. The current branch else."""
    body: dict[str, object] = {
        "project": _project(project), "what": what, "base": base, "remote": remote, "model": not no_model
    }  # fmt: skip
    if post and not what.lstrip("#!").isdigit():
        raise UsageProblem("only a pull request can be commented", hint="Give its number: aura pr review 12 --post")
    answer = _post("/review", {**body, "post": post and yes})
    if post and not yes and not as_json:
        out(safe(text_of(answer, "content")))
        if not asks():
            raise UsageProblem("posting needs a yes, and nobody can be asked", hint="Say it with --yes.")
        if not ask("Leave this review at the forge, as a draft that only you see?", default=False):
            return
        answer = _post("/review", {**body, "post": True, "comment": text_of(answer, "content")})
        _after_review(answer)
        return
    if as_json:
        out_json(answer)
        return
    out(safe(text_of(answer, "content")))
    _after_review(answer)


def _after_review(answer: JsonObject) -> None:
    for line in (*texts_of(answer, "notices"), *text_of(answer, "problem").splitlines()):
        note(safe(line))
    if flag_of(answer, "posted"):
        note(f"Posted: {safe(text_of(answer, 'url'))}")


def _send(route: str, body: dict[str, object], output: Path | None, *, yes: bool, as_json: bool, dry_run: bool) -> None:
    if not (yes or as_json or dry_run):
        planned = _post(route, {**body, "dry_run": True})
        _show_head(object_of(planned, "text"), object_of(planned, "target"))
        if not asks():
            raise UsageProblem(
                "this needs a yes, and nobody can be asked", hint="Look at it with --dry-run; say --yes."
            )
        if not ask(_question(planned, _post("/draft", _draft_of(body)))):
            return
        body["push"] = True
    answer = _post(route, body)
    _save(output, object_of(answer, "text"))
    if as_json:
        out_json(answer)
        return
    if dry_run:
        _show_head(object_of(answer, "text"), object_of(answer, "target"))
        out()
        out(safe(text_of(object_of(answer, "text"), "body")))
    _show_sent(answer)


def open_for_review(project: str, branch: str, *, yes: bool) -> None:
    """Push a branch that is finished and open its pull request for review, after a yes; see `aura pr create --ready`.

    Args:
        project: Identifier.
        branch: Its name.
        yes: Whether it was said already.
    """
    body: dict[str, object] = {
        "project": project, "branch": branch, "draft": False, "via": "auto", "allow": [], "push": yes, "dry_run": False,
        "title": "", "model": True,
    }  # fmt: skip
    _send("", body, None, yes=yes, as_json=False, dry_run=False)


def _draft_of(body: Mapping[str, object]) -> dict[str, object]:
    names = ("project", "branch", "base", "remote", "template", "task")
    return {**{name: body[name] for name in names if name in body}, "model": False}


def _question(planned: JsonObject, draft: JsonObject) -> str:
    target = object_of(planned, "target")
    where = safe(text_of(target, "host"))
    push = f"Push the branch to {safe(text_of(target, 'remote'))}, and " if flag_of(draft, "needs_push") else ""
    transport = text_of(planned, "transport")
    if transport == "file":
        note(dim(safe(text_of(planned, "problem"))))
        return f"{push}write the text to a file?" if push else "Write the text to a file?"
    return f"{push}send it to {where} by {transport}?" if push else f"Send it to {where} by {transport}?"


def _show_head(text: JsonObject, target: JsonObject) -> None:
    out(bold(safe(text_of(text, "title"))))
    size = f"{plural(count_of(text, 'commits'), 'commit')}, {plural(count_of(text, 'files'), 'file')}"
    where = f"{safe(text_of(text, 'branch'))} → {safe(text_of(text, 'base'))}"
    counts = f"{size}, +{count_of(text, 'added')}/-{count_of(text, 'removed')}"
    out(f"{where}  {dim(counts)}")
    source = text_of(text, "base_source")
    if source:
        out(dim(f"base: {safe(source)}"))
    if text_of(target, "host"):
        out(dim(f"at {safe(text_of(target, 'host'))}/{safe(text_of(target, 'repository'))}"))
    names = [safe(text_of(one, "name")) for one in objects_of(text, "reviewers")]
    if names:
        out(dim(f"may review: {', '.join(names[:5])}"))
    for line in texts_of(text, "notes"):
        note(dim(safe(line)))


def _show_way(answer: JsonObject) -> None:
    transport, reason = text_of(answer, "transport"), text_of(answer, "transport_reason")
    note(dim(f"`aura pr create` would use: {safe(transport)} ({safe(reason)})"))
    url = text_of(object_of(answer, "target"), "compare_url")
    if transport == "file" and url:
        note(f"By hand: {safe(url)}")


def _show_sent(answer: JsonObject) -> None:
    state, number = text_of(answer, "state"), count_of(answer, "number")
    if flag_of(answer, "pushed"):
        note(f"Pushed {safe(text_of(object_of(answer, 'text'), 'branch'))}.")
    if number:
        kind = "draft " if flag_of(answer, "draft") else ""
        out(f"{kind}pull request {number} {safe(state)}: {safe(text_of(answer, 'url'))}".capitalize())
    for line in texts_of(answer, "notices"):
        note(safe(line))
    problem = text_of(answer, "problem")
    if not problem:
        return
    note(f"Not sent to a forge: {safe(problem)}")
    for line in text_of(answer, "hint").splitlines():
        note(f"  {safe(line)}")
    if text_of(answer, "file"):
        out(f"The text is in {safe(text_of(answer, 'file'))}")
    url = text_of(object_of(answer, "target"), "compare_url")
    if url:
        out(f"Open it by hand: {safe(url)}")


def _save(output: Path | None, text: JsonObject) -> None:
    """The person's own file is written by their own process, never by the service."""
    if output is None:
        return
    content = f"# {text_of(text, 'title')}\n\n{text_of(text, 'body').rstrip()}\n"
    atomic_write(output.expanduser().absolute(), content.encode(), 0o644)
    note(f"Written to {output}")


def _body(project: str | None, wishes: Mapping[str, object], *, no_model: bool) -> dict[str, object]:
    return {"project": _project(project), **wishes, "model": not no_model}


def _project(wanted: str | None) -> str:
    return find_project(find_paths(), wanted, Path.cwd()).id


def _post(route: str, body: Mapping[str, object]) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git/pulls{route}", body, timeout_s=_LONG_S))
