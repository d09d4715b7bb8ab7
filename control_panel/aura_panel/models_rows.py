"""Model servers, roles, figures and prompts as rows and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rich.text import Text

from aura_cli.screen import plural, safe, seconds, size
from aura_panel.widgets.listing import ListColumn
from aura_shared.messages.assist import PromptInfo
from aura_shared.messages.models import (
    ModelAbilities,
    ModelFigures,
    ModelInfo,
    ModelsAnswer,
    ModelServer,
    ModelStatsAnswer,
    RoleChoice,
)

__all__ = [
    "COLUMNS",
    "NOTHING",
    "facts",
    "figure_details",
    "figure_rows",
    "model_details",
    "model_rows",
    "no_model_text",
    "prompt_details",
    "prompt_rows",
    "role_details",
    "role_rows",
    "server_details",
    "state_line",
    "title_of",
]

Colours = Mapping[str, str]
NOTHING: Final = "–"  # noqa: RUF001 - what stands for nothing

COLUMNS: Final[Mapping[str, tuple[ListColumn, ...]]] = {
    "models": (
        ListColumn("Server, model", stretch=True),
        ListColumn("State", most=11),
        ListColumn("Size", most=16, rank=2),
        ListColumn("Context", most=9, rank=1),
        ListColumn("Roles", most=28, rank=0),
        ListColumn("Self-test", most=44, rank=3),
    ),
    "roles": (
        ListColumn("Role", most=8),
        ListColumn("Model that is tried first", stretch=True),
        ListColumn("Then", most=40, rank=1),
        ListColumn("Calls", most=8, rank=2),
        ListColumn("Good", most=6, rank=2),
    ),
    "figures": (
        ListColumn("Role", most=7, rank=1),
        ListColumn("Task", most=18),
        ListColumn("Model", stretch=True),
        ListColumn("Calls", most=8),
        ListColumn("Failed", most=8),
        ListColumn("Good", most=6),
        ListColumn("Refused", most=8, rank=5),
        ListColumn("Cached", most=8, rank=4),
        ListColumn("p50", most=8),
        ListColumn("p95", most=8, rank=2),
        ListColumn("Tokens", most=20, rank=3),
    ),
    "prompts": (
        ListColumn("Prompt", stretch=True),
        ListColumn("Version", most=7),
        ListColumn("Task", most=22),
        ListColumn("Role", most=8, rank=1),
        ListColumn("Is given", most=48, rank=2),
    ),
}
_WITHOUT: Final = (
    "What works now: search, findings and their fixes, refactoring, git, plans, commit messages made from the "
    "difference. A model adds explanations, wording, reviews and code that is written for you."
)


class _Sums(NamedTuple):
    calls: int
    good: str


# Models


def model_rows(answer: ModelsAnswer, testing: str, colours: Colours) -> dict[str, list[Text]]:
    """Each server, followed by its models."""
    rows: dict[str, list[Text]] = {}
    for server in answer.servers:
        rows[f"server:{server.name}"] = _server_row(server, colours)
        for model in server.models:
            rows[f"model:{model.name}"] = _model_row(model, server, testing, colours)
    return rows


def _server_row(server: ModelServer, colours: Colours) -> list[Text]:
    note = plural(len(server.models), "model") if server.up else server.problem
    return [
        Text.assemble((safe(server.name), "bold"), (f"  {safe(server.url)}", colours["muted"])),
        _server_state(server, colours),
        Text(),
        Text(),
        Text(safe(note), colours["muted"] if server.up else colours["error"]),
        Text(safe(f"{server.kind} {server.version}".strip()), colours["muted"]),
    ]


def _server_state(server: ModelServer, colours: Colours) -> Text:
    if server.kind == "sampling":
        return Text("○ when asked", colours["muted"])
    return Text("● up", colours["success"]) if server.up else Text("✗ down", colours["error"])


def _model_row(model: ModelInfo, server: ModelServer, testing: str, colours: Colours) -> list[Text]:
    state = Text("◐ testing", colours["warning"]) if model.name == testing else Text()
    if not state.plain and server.kind != "sampling":
        state = Text("● loaded", colours["success"]) if model.loaded else Text("○ on disk", colours["muted"])
    return [
        Text(f"  {safe(_short(model.name))}"),
        state,
        Text(safe(f"{model.parameters} {model.quantization}".strip())),
        Text(f"{model.context_max:>7,}" if model.context_max else NOTHING),
        Text("vectors", colours["muted"]) if model.embeds else Text(" ".join(model.roles), colours["secondary"]),
        Text(_abilities(model.abilities) or ("" if model.embeds else "not tested"), colours["muted"]),
    ]


def _short(name: str) -> str:
    """Name of a model without its server, below which it stands."""
    return name.partition("/")[2] or name


def _abilities(found: ModelAbilities | None) -> str:
    """What a self-test showed, in a few words."""
    if found is None:
        return ""
    words = [f"schemas {found.schema_ok}/{found.schema_tried}", f"{len(found.edit_formats)}/3 edits"]
    if found.tokens_per_s:
        words.append(f"{found.tokens_per_s:.0f} tokens/s")
    return ", ".join(words)


def server_details(server: ModelServer, colours: Colours) -> Text:
    """All that is known of a server."""
    pairs = [
        ("Interface", server.kind),
        ("Address", server.url),
        ("State", "when a client's call leads to it" if server.kind == "sampling" else "up" if server.up else "down"),
        ("Problem", server.problem),
        ("Version", server.version),
        ("Known from", "found on this machine" if server.discovered else f"models.servers.{server.name}"),
        ("Models", str(len(server.models))),
    ]
    if server.kind == "sampling":
        pairs[5] = ("Known from", "models.sampling")
    text = facts(pairs, colours)
    if not server.up:
        text.append("\nStart it, then press r to ask again.", colours["muted"])
    return text


def model_details(model: ModelInfo, colours: Colours, progress: str = "") -> Text:
    """All that is known of a model, and what its self-test showed."""
    text = facts(
        [
            ("Name", model.name),
            ("Size", f"{model.parameters} {model.quantization}".strip()),
            ("Context", f"{model.context_max:,} tokens" if model.context_max else "unknown"),
            ("In memory", "yes" if model.loaded else "no, loads at its first call"),
            ("Gives", "vectors" if model.embeds else "text"),
            ("Tried first as", ", ".join(model.roles) or NOTHING),
            ("Digest", model.digest[:19]),
        ],
        colours,
    )
    if progress:
        text.append(f"\n◐ {safe(progress)}\n", colours["warning"])
        text.append("Esc ends the test.", colours["muted"])
    elif model.abilities is not None:
        text.append("\nSelf-test\n", "bold").append_text(_self_test(model.abilities, colours))
    elif not model.embeds:
        text.append("\nIt was not tested. t tests it: context that is really honoured, schemas, edit formats, ")
        text.append("speed. That takes minutes.")
    return text


def _self_test(found: ModelAbilities, colours: Colours) -> Text:
    text = facts(
        [
            ("Context honoured", f"{found.context_tokens:,} tokens" if found.context_tokens else "unknown"),
            ("Schemas", f"{found.schema_ok} of {found.schema_tried} answers satisfied theirs"),
            ("Not enforced", ", ".join(found.schema_dropped) or "nothing that was tried"),
            ("Edit formats", ", ".join(found.edit_formats) or "none"),
            ("Thinks aloud", "yes" if found.thinks else "no"),
            ("Speed", f"{found.tokens_per_s:.1f} tokens/s"),
            ("First token", seconds(found.first_token_s)),
            ("Tested", found.tested_at[:16].replace("T", " ")),
        ],
        colours,
    )
    for note in found.notes:
        text.append(f"{safe(note)}\n", colours["muted"])
    return text


# Roles


def role_rows(answer: ModelsAnswer, stats: ModelStatsAnswer, colours: Colours) -> dict[str, list[Text]]:
    """Each role with the models that play it."""
    return {choice.role: _role_row(choice, stats, colours) for choice in answer.roles}


def _role_row(choice: RoleChoice, stats: ModelStatsAnswer, colours: Colours) -> list[Text]:
    first, rest = choice.models[:1], choice.models[1:]
    sums = _sums([figure for figure in stats.figures if figure.role == choice.role])
    return [
        Text(choice.role, "bold"),
        _model_name(first[0], choice, colours) if first else Text(f"{NOTHING} none", colours["warning"]),
        Text(", ".join(safe(name) for name in rest), colours["muted"]),
        Text(f"{sums.calls:>5,}"),
        Text(f"{sums.good:>4}"),
    ]


def _model_name(name: str, choice: RoleChoice, colours: Colours) -> Text:
    if name not in choice.cooling:
        return Text(safe(name))
    return Text.assemble(safe(name), (f"  ! left alone for {seconds(choice.cooling[name])}", colours["warning"]))


def role_details(choice: RoleChoice, colours: Colours) -> Text:
    """Which models play a role, in their order, and why."""
    text = Text()
    for number, name in enumerate(choice.models, 1):
        text.append(f"{number}. ", colours["muted"]).append_text(_model_name(name, choice, colours)).append("\n")
    if not choice.models:
        text.append("No model plays this role.\n", colours["warning"])
    text.append(f"\n{safe(choice.reason)}.\n" if choice.reason else "\n")
    text.append(f"\ns opens the setting models.roles.{choice.role}, which names them in your order.", colours["muted"])
    return text


# Figures


def figure_rows(stats: ModelStatsAnswer, colours: Colours) -> dict[str, list[Text]]:
    """How each model did, by role and task."""
    return {
        f"{figure.role}|{figure.task}|{figure.model}": [
            Text(figure.role, colours["secondary"]),
            Text(safe(figure.task)),
            Text(safe(figure.model)),
            Text(f"{figure.calls:>5,}"),
            Text(f"{sum(figure.failed.values()):>6,}", colours["error"] if figure.failed else colours["muted"]),
            Text(f"{_sums([figure]).good:>4}"),
            Text(f"{figure.refused:>7,}"),
            Text(f"{figure.cached:>6,}"),
            Text(f"{seconds(figure.p50_s):>6}"),
            Text(f"{seconds(figure.p95_s):>6}"),
            Text(f"{figure.tokens_in:,} → {figure.tokens_out:,}"),
        ]
        for figure in stats.figures
    }


def _sums(figures: Sequence[ModelFigures]) -> _Sums:
    """Calls, and the share of judged answers that passed."""
    calls = sum(figure.calls for figure in figures)
    passed, refused = (sum(getattr(figure, name) for figure in figures) for name in ("passed", "refused"))
    return _Sums(calls, f"{passed / (passed + refused):.0%}" if passed + refused else NOTHING)


def figure_details(figure: ModelFigures, stats: ModelStatsAnswer, colours: Colours) -> Text:
    """All figures of a row, and the trials of its task."""
    failed = ", ".join(f"{count} {safe(code)}" for code, count in sorted(figure.failed.items()))
    text = facts(
        [
            ("Model", figure.model),
            ("Role, task", f"{figure.role}, {figure.task}"),
            ("Calls", f"{figure.calls:,}, and {figure.cached:,} answered from what was kept"),
            ("Failed", failed or "none"),
            ("Judged", f"{figure.passed:,} passed their gate, {figure.refused:,} did not"),
            ("First token", f"{seconds(figure.first_token_p50_s)} (median)"),
            ("A call takes", f"{seconds(figure.p50_s)} (median), {seconds(figure.p95_s)} (95th percentile)"),
            ("Tokens", f"{figure.tokens_in:,} in, {figure.tokens_out:,} out"),
        ],
        colours,
    )
    for trial in (trial for trial in stats.trials if trial.task == figure.task):
        scores = ", ".join(f"{safe(model)} {score:.2f}" for model, score in trial.scores.items())
        text.append(f"\nTrial {safe(trial.trial)}: {scores or 'not judged yet'}; ", colours["muted"])
        text.append(f"better: {safe(trial.winner) or 'even or not judged yet'}", colours["muted"])
    return text


# Prompts


def prompt_rows(prompts: Sequence[PromptInfo], colours: Colours) -> dict[str, list[Text]]:
    """The prompts by name."""
    return {
        prompt.name: [
            Text(safe(prompt.name), "bold"),
            Text(f"{prompt.version:>4}"),
            Text(safe(prompt.task)),
            Text(safe(prompt.role), colours["secondary"]),
            Text(safe(", ".join(prompt.inputs)), colours["muted"]),
        ]
        for prompt in prompts
    }


def prompt_details(prompt: PromptInfo, colours: Colours) -> Text:
    """A prompt in full; what is put into it, and the parts of a conversation, stand out."""
    text = facts(
        [
            ("Version", str(prompt.version)),
            ("Task", prompt.task),
            ("Role", prompt.role),
            ("Is given", ", ".join(prompt.inputs) or "nothing"),
        ],
        colours,
    ).append("\n")
    if not prompt.text:
        return text.append("Asking for its text …", colours["muted"])
    body = Text("\n".join(safe(line) for line in prompt.text.expandtabs(4).splitlines()))
    body.highlight_regex(r"(?m)^\[(system|user|assistant)\]$", f"bold {colours['primary']}")
    body.highlight_regex(r"\{\{[^{}]*\}\}", colours["accent"])
    return text.append_text(body)


# Around them


def facts(pairs: Sequence[tuple[str, str]], colours: Colours) -> Text:
    """Names and values below each other; pairs without a value are left out."""
    shown = [(name, value) for name, value in pairs if value]
    longest = max((len(name) for name, _ in shown), default=0)
    text = Text()
    for name, value in shown:
        text.append(f"{name.ljust(longest)}  ", colours["muted"]).append(f"{safe(value)}\n")
    return text


def state_line(answer: ModelsAnswer, stats: ModelStatsAnswer, colours: Colours) -> Text:
    """How all is, in one line."""
    return Text.assemble(("  ·  ", colours["muted"])).join(_states(answer, stats, colours))


def _states(answer: ModelsAnswer, stats: ModelStatsAnswer, colours: Colours) -> Iterator[Text]:
    programs = [server for server in answer.servers if server.kind != "sampling"]
    up = sum(server.up for server in programs)
    count = sum(len(server.models) for server in programs)
    sign, colour = ("●", "success") if up else ("✗", "warning")
    servers = f"{up} of {plural(len(programs), 'server')} up" if programs else "no model server"
    yield Text.assemble((f"{sign} ", colours[colour]), servers)
    if count:
        yield Text(plural(count, "model"))
    sampling = len(programs) < len(answer.servers)
    yield Text(f"MCP client's model: {'may be asked' if sampling else 'off'}", colours["muted"])
    if stats.cache_entries:
        yield Text(f"{plural(stats.cache_entries, 'kept answer')}, {size(stats.cache_bytes)}", colours["muted"])


def no_model_text(answer: ModelsAnswer, colours: Colours) -> Text:
    """Why no model can be asked, what works all the same, and what to do."""
    return Text.assemble(
        ("No model can be asked.\n\n", "bold"),
        (f"{safe(answer.reason)}\n\n", ""),
        (f"{_WITHOUT}\n\n", ""),
        ("r asks again; s opens the settings of models.", colours["muted"]),
    )


def title_of(key: str) -> str:
    """A row's key as a title in markup; what comes from outside stays text."""
    kind, colon, name = key.partition(":")
    shown = name if colon and kind in {"server", "model"} else key.replace("|", " · ")
    return Text(safe(shown)).markup
