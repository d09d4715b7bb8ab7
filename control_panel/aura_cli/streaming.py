"""Questions that take their time: what is done meanwhile on one line, text as it arrives, and the answer at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Mapping
from typing import cast

import click

from aura_cli.answers import JsonObject, count_of, object_of, text_of
from aura_cli.gateway import Gateway
from aura_cli.screen import ProgressLine, dim, note, out, safe
from aura_cli.targets import wait_for_index, with_daemon
from aura_shared.errors import IndexBuilding, ServiceDown
from aura_shared.paths import find_paths
from aura_shared.projects import Project


class Streamed:
    """Text that arrives; it is printed at once where somebody looks on."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self.text = ""
        """All of it so far."""

    def take(self, text: str, progress: ProgressLine) -> None:
        """Print, or count, what arrived."""
        self.text += text
        if self._live:
            progress.clear()
            click.echo(safe(text), nl=False)
        else:
            last = self.text.rstrip().rpartition("\n")[2]
            progress.show(f"{len(self.text):,} characters: {safe(last)}")

    def finish(self, final: str) -> None:
        """Print what of the final text is not on the screen yet; all of it when it is not what arrived."""
        shown = self.text.strip() if self._live else ""
        if not shown:
            out(safe(final))
        elif final.startswith(shown):
            out(safe(final[len(shown) :].rstrip("\n")))
        else:
            out()
            note(dim("what the model said was checked; this is what is left of it:"))
            out(safe(final))


def asked_streaming(
    target: Project, route: str, body: Mapping[str, object], *, no_wait: bool, live: bool = False
) -> tuple[JsonObject, Streamed]:
    """The answer to a question that streams. While the index is being built, that is waited for.

    Args:
        target: The project.
        route: Which question, such as `assist/ask`.
        body: Its fields.
        no_wait: Whether to fail while the index is being built.
        live: Whether text is printed as it arrives; only on a terminal.

    Raises:
        AuraError: What the gateway reports. Leaving early, by Ctrl-C as well, ends the work at the other side.
    """

    def ask(gateway: Gateway) -> tuple[JsonObject, Streamed]:
        with ProgressLine() as progress:
            while True:
                streamed = Streamed(live=live and sys.stdout.isatty())
                try:
                    return _follow(
                        gateway, f"/v1/{route}", {"project": target.id, **body}, streamed, progress
                    ), streamed
                except IndexBuilding as error:
                    if no_wait:
                        raise
                    progress.show(f"{error.message} …", milestone=f"Waiting for Aura to analyse {target.name} …")
                    wait_for_index(gateway, target)

    return with_daemon(find_paths(), ask)


def _follow(
    gateway: Gateway, path: str, body: Mapping[str, object], streamed: Streamed, progress: ProgressLine
) -> JsonObject:
    stream = cast("Generator[JsonObject]", gateway.stream(path, body))
    with contextlib.closing(stream):
        for told in stream:
            if "answer" in told:
                return object_of(told, "answer")
            _show(object_of(told, "progress"), streamed, progress)
    raise ServiceDown("the gateway ended the answer early")


def _show(told: JsonObject, streamed: Streamed, progress: ProgressLine) -> None:
    text, line = text_of(told, "text"), text_of(told, "note")
    if text:
        streamed.take(text, progress)
    if line:
        total = told.get("total")
        progress.show(safe(line), count_of(told, "done"), total if isinstance(total, int) else None, milestone=line)
