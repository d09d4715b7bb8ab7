"""`aura models`: which language models there are, what they can do, and how they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.gateway import Gateway
from aura_cli.screen import ProgressLine, bold, coloured, dim, note, out, out_json, plural, safe, seconds, size, table
from aura_cli.targets import with_daemon
from aura_shared.errors import NotReady
from aura_shared.paths import find_paths

ROLES: Final = ("plan", "code", "edit", "review", "small")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")


@click.group(
    invoke_without_command=True,
    cls=GroupWithExamples,
    examples=["aura models", "aura models test qwen2.5-coder:7b", "aura models stats --role code --days 7"],
)
@click.option("--no-probe", is_flag=True, help="Show what is known, rather than ask the servers anew.")
@_AS_JSON
@click.pass_context
def models(context: click.Context, *, no_probe: bool, as_json: bool) -> None:
    """List the model servers of this machine, their models, and which model plays which role.

    Nothing is downloaded and nothing leaves this machine.
    """
    if context.invoked_subcommand is not None:
        return
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/models", {"probe": not no_probe}))
    if as_json:
        out_json(answer)
        return
    servers = objects_of(answer, "servers")
    if servers:
        for line in (*server_lines(servers), *model_lines(servers), *role_lines(objects_of(answer, "roles"))):
            out(line)
    if text_of(answer, "reason"):
        out(bold("No model can be asked."))
        out(safe(text_of(answer, "reason")))
    elif not any(object_of(model, "abilities") for server in servers for model in objects_of(server, "models")):
        note(dim("`aura models test MODEL` shows what a model can do; it takes minutes."))


def server_lines(servers: Sequence[JsonObject]) -> list[str]:
    """A table of the servers."""
    rows = [
        (
            bold(safe(text_of(server, "name"))),
            text_of(server, "kind"),
            safe(text_of(server, "url")),
            coloured("up", "green") if flag_of(server, "up") else coloured("down", "red"),
            dim(safe(text_of(server, "problem") or text_of(server, "version"))),
        )
        for server in servers
    ]
    return [*table(("SERVER", "KIND", "ADDRESS", "STATE", ""), rows), ""]


def model_lines(servers: Sequence[JsonObject]) -> list[str]:
    """A table of all models."""
    rows = [
        (
            bold(safe(text_of(model, "name"))),
            safe(f"{text_of(model, 'parameters')} {text_of(model, 'quantization')}".strip()),
            f"{count_of(model, 'context_max'):,}" if count_of(model, "context_max") else "",
            "vectors" if flag_of(model, "embeds") else " ".join(texts_of(model, "roles")),
            dim(safe(shown_abilities(object_of(model, "abilities")))),
        )
        for server in servers
        for model in objects_of(server, "models")
    ]
    return [*table(("MODEL", "SIZE", "CONTEXT", "ROLES", "SELF-TEST"), rows, right=(2,)), ""] if rows else []


def role_lines(roles: Sequence[JsonObject]) -> list[str]:
    """A table of the roles with the models in the order in which they are tried, and why."""
    if not any(texts_of(role, "models") for role in roles):
        return []
    rows: list[tuple[str, str, str]] = []
    for role in roles:
        cooling = object_of(role, "cooling")
        names = [
            f"{name} (left alone for {seconds(number_of(cooling, name))})" if name in cooling else name
            for name in texts_of(role, "models")
        ]
        rows.append((text_of(role, "role"), safe(", ".join(names)), dim(safe(text_of(role, "reason")))))
    return table(("ROLE", "MODELS, IN THIS ORDER", "WHY"), rows)


def shown_abilities(found: JsonObject) -> str:
    """What a self-test showed, in a few words."""
    if not found:
        return ""
    facts = [f"{count_of(found, 'schema_ok')}/{count_of(found, 'schema_tried')} schemas"]
    facts.append(", ".join(texts_of(found, "edit_formats")) or "no edits")
    if count_of(found, "context_tokens"):
        facts.append(f"{count_of(found, 'context_tokens'):,} tokens honoured")
    if number_of(found, "tokens_per_s"):
        facts.append(f"{number_of(found, 'tokens_per_s'):.0f} tokens/s")
    return " · ".join(facts)


@models.command(cls=WithExamples, examples=["aura models test qwen2.5-coder:7b", "aura models test ollama/llama3.2:3b"])
@click.argument("model")
@_AS_JSON
def test(*, model: str, as_json: bool) -> None:
    """Test what MODEL can do: the context that is really honoured, schemas, edit formats, speed.

    MODEL is `server/model`, or the model's name where one server has it. The result is kept until the model changes.
    """
    answer = with_daemon(find_paths(), lambda gateway: _tested(gateway, model))
    if as_json:
        out_json(answer)
        return
    found = object_of(answer, "abilities")
    rows = [
        ("Context honoured", f"{count_of(found, 'context_tokens'):,} tokens"),
        ("Schemas", f"{count_of(found, 'schema_ok')} of {count_of(found, 'schema_tried')} answers satisfied theirs"),
        ("Not enforced", ", ".join(texts_of(found, "schema_dropped")) or "nothing that was tried"),
        ("Edit formats", ", ".join(texts_of(found, "edit_formats")) or "none"),
        ("Thinks aloud", "yes" if flag_of(found, "thinks") else "no"),
        ("Speed", f"{number_of(found, 'tokens_per_s'):.1f} tokens/s"),
        ("First token", seconds(number_of(found, "first_token_s"))),
    ]
    out(bold(safe(text_of(answer, "model"))))
    for name, value in rows:
        out(f"  {name.ljust(16)}  {safe(value)}")
    for remark in texts_of(found, "notes"):
        out(dim(safe(f"  {remark}")))


def _tested(gateway: Gateway, model: str) -> JsonObject:
    """Ask until the test is done; the service itself waits before it says that it goes on."""
    with ProgressLine() as progress:
        progress.show(f"Testing {safe(model)} …", milestone=f"Testing {safe(model)}, which takes minutes …")
        while True:
            try:
                return gateway.post("/v1/models/test", {"model": model})
            except NotReady as error:
                progress.show(safe(f"{error.message[:1].upper()}{error.message[1:]} …"))


@models.command(cls=WithExamples, examples=["aura models stats", "aura models stats --role edit --days 90 --json"])
@click.option("--role", type=click.Choice(ROLES), help="Only this role.")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How far to look back.")
@_AS_JSON
def stats(*, role: str | None, days: int, as_json: bool) -> None:
    """Show how models did by role and task: outcomes, times, tokens, and trials of two models."""
    body = {"role": role, "days": days}
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/models/stats", body))
    if as_json:
        out_json(answer)
        return
    figures = objects_of(answer, "figures")
    for line in figure_lines(figures) if figures else ("No model was asked yet.",):
        out(line)
    trials = objects_of(answer, "trials")
    if trials:
        out()
        for line in trial_lines(trials):
            out(line)
    entries, kept = count_of(answer, "cache_entries"), count_of(answer, "cache_bytes")
    since = text_of(answer, "since")[:10]
    note(dim(f"{plural(entries, 'kept answer')}, {size(kept)}" + (f" · figures since {since}" if since else "")))


def figure_lines(figures: Sequence[JsonObject]) -> list[str]:
    """A table of figures."""
    headers = (
        "ROLE",
        "TASK",
        "MODEL",
        "CALLS",
        "FAILED",
        "PASSED",
        "REFUSED",
        "CACHED",
        "FIRST",
        "P50",
        "P95",
        "TOKENS",
    )
    rows = [
        (
            text_of(one, "role"),
            safe(text_of(one, "task")),
            safe(text_of(one, "model")),
            f"{count_of(one, 'calls'):,}",
            _failures(object_of(one, "failed")),
            f"{count_of(one, 'passed'):,}",
            f"{count_of(one, 'refused'):,}",
            f"{count_of(one, 'cached'):,}",
            seconds(number_of(one, "first_token_p50_s")),
            seconds(number_of(one, "p50_s")),
            seconds(number_of(one, "p95_s")),
            f"{count_of(one, 'tokens_in'):,} → {count_of(one, 'tokens_out'):,}",
        )
        for one in figures
    ]
    return table(headers, rows, right=tuple(range(3, 12)))


def _failures(failed: JsonObject) -> str:
    if not failed:
        return "0"
    total = sum(count_of(failed, code) for code in failed)
    return f"{total:,} ({', '.join(safe(code) for code in sorted(failed))})"


def trial_lines(trials: Sequence[JsonObject]) -> list[str]:
    """A table of trials."""
    rows = [
        (
            safe(text_of(trial, "trial")),
            safe(text_of(trial, "task")),
            safe(", ".join(_score(trial, name) for name in object_of(trial, "seconds"))),
            safe(text_of(trial, "winner")) or dim("even or not judged yet"),
        )
        for trial in trials
    ]
    return table(("TRIAL", "TASK", "SCORES", "BETTER"), rows)


def _score(trial: JsonObject, model: str) -> str:
    scores = object_of(trial, "scores")
    score = f"{number_of(scores, model):.2f}" if model in scores else "?"
    return f"{model} {score} in {seconds(number_of(object_of(trial, 'seconds'), model))}"


@models.group(cls=GroupWithExamples, examples=["aura models cache clear", "aura models cache clear --model ollama/m"])
def cache() -> None:
    """Answers that are kept, so that the same question is not asked twice."""


@cache.command(cls=WithExamples, examples=["aura models cache clear"])
@click.option("--model", default="", metavar="MODEL", help="Only answers of this `server/model`.")
@_AS_JSON
def clear(*, model: str, as_json: bool) -> None:
    """Forget kept answers."""
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/models/cache/clear", {"model": model}))
    if as_json:
        out_json(answer)
        return
    out(f"{plural(count_of(answer, 'entries'), 'kept answer')} forgotten.")
