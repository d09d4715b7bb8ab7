"""`aura config explain`: which settings hold, and why."""

from __future__ import annotations

import json
from pathlib import Path

import click

from aura_cli.answers import JsonObject
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import bold, coloured, cut, dim, note, out, out_json, safe, table, width
from aura_cli.targets import repository_of
from aura_shared.errors import NotFound
from aura_shared.layers import read_layers
from aura_shared.paths import find_paths


@click.group(cls=GroupWithExamples, examples=["aura config explain", "aura config explain code.max_file_bytes"])
def config() -> None:
    """Explain the settings.

    Later layers win: defaults, the user's config.toml, the project's .aura/config.toml, environment variables such as
    AURA_LOG__LEVEL, flags.
    """


@config.command(
    cls=WithExamples,
    examples=["aura config explain", "aura config explain gateway", "aura config explain log.level --json"],
)
@click.argument("key", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def explain(*, key: str | None, as_json: bool) -> None:
    """Show every setting with its value and the layer that it comes from; KEY narrows it to a section or a setting."""
    from aura_shared import settings  # noqa: PLC0415 - needs pydantic, which costs more than the rest of the command

    project = repository_of(Path.cwd())
    found = settings.explain(read_layers(project))
    chosen = [entry for entry in found if key is None or entry.key == key or entry.key.startswith(f"{key}.")]
    if not chosen:
        from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

        near = get_close_matches(key or "", [entry.key for entry in found], n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`aura config explain` lists all of them."
        raise NotFound(f"there is no setting or section {key!r}", hint=hint)
    if as_json:
        entries: list[JsonObject] = [
            {"key": entry.key, "value": entry.value, "layer": entry.layer, "origin": entry.origin} for entry in chosen
        ]
        out_json({"settings": entries})
        return
    longest = max(len(entry.key) for entry in chosen)
    rows = [
        [
            entry.key,
            bold(cut(safe(json.dumps(entry.value, ensure_ascii=False)), max(12, width() - longest - 40))),
            dim(entry.layer) if entry.layer == "default" else coloured(entry.layer, "cyan"),
            dim(safe(entry.origin)),
        ]
        for entry in chosen
    ]
    for line in table(["SETTING", "VALUE", "FROM", ""], rows):
        out(line)
    note(dim(f"The user's file is {find_paths().user_settings}"))
