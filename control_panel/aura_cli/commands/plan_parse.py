"""`aura plan parse`: what a requirements document or plan holds, read by its form alone."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any, Final

import click

from aura_cli.answers import JsonObject, objects_of, text_of
from aura_cli.commands.plan_proposals import model_options, propose_document
from aura_cli.examples import WithExamples
from aura_cli.plan_parse_view import show_document
from aura_cli.screen import out_json
from aura_cli.targets import with_daemon
from aura_shared.errors import TooLarge, UnknownFile
from aura_shared.paths import find_paths

__all__ = ["parse"]

_LIMIT_S: Final = 60.0
_MOST_BYTES: Final = 2_000_000


@click.command(
    cls=WithExamples,
    examples=[
        "aura plan parse docs/prd.md",
        "aura plan parse .ai/prd.md --gaps",
        "aura plan parse - --json < plan.md",
        "aura plan parse docs/prd.md --model",
        "aura plan parse docs/prd.md --model --only 1,3 --apply",
    ],
)
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--gaps", is_flag=True, help="Show as well what the document asks for and no task covers.")
@click.option(
    "-k",
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["epic", "story", "task", "requirement"]),
    help="Show only items of this kind; can be given again.",
)
@click.option("-f", "--findings", "only_findings", is_flag=True, help="Show only what is wrong or unclear.")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def parse(
    *,
    file: str,
    gaps: bool,
    kinds: tuple[str, ...],
    only_findings: bool,
    as_json: bool,
    model: bool | None,
    project: str | None,
    **writing: Any,  # noqa: ANN401 - click's own
) -> int:
    """Read a PRD or plan into epics, stories, tasks and requirements, with their lines. No model is asked.

    FILE may be of any layout that people use; `-` reads standard input. Exit code 1 means that it holds errors.
    With --model a model proposes what the document lacks, each proposal checked against its lines; with --no-model the
    proposals of earlier calls are shown.
    """
    if model is not None:
        return propose_document(file, _bytes(file), writing, project=project, as_json=as_json, model=model)
    body = {"path": file, "content": base64.b64encode(_bytes(file)).decode("ascii"), "gaps": gaps}
    answer = with_daemon(find_paths(), lambda gateway: gateway.post("/v1/plan/parse", body, timeout_s=_LIMIT_S))
    if as_json:
        out_json(answer)
    else:
        show_document(answer, kinds=kinds, gaps=gaps, only_findings=only_findings)
    return _exit_code(answer)


def _exit_code(answer: JsonObject) -> int:
    return 1 if any(text_of(one, "severity") == "error" for one in objects_of(answer, "findings")) else 0


def _bytes(file: str) -> bytes:
    """The bytes of a file; an empty one is sent as a line end, so that the answer can say that it is empty.

    Raises:
        UnknownFile: There is no such file, or it cannot be read.
        TooLarge: It is larger than any plan.
    """
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else _head(Path(file))
    except OSError as error:
        raise UnknownFile(f"cannot read {file}: {error.strerror or error}", hint="Check the path.") from error
    if len(data) > _MOST_BYTES:
        size = "more" if file == "-" else f"{Path(file).stat().st_size:,}"
        raise TooLarge(
            f"{file}: the file has {size} bytes; at most {_MOST_BYTES:,} are read",
            hint="Split it, one epic or section a file.",
        )
    return data or b"\n"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)
