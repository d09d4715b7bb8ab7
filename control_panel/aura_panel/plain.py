"""The panel as plain lines, for screen readers, braille displays and simple terminals: `aura panel --plain`.

Nothing is drawn, moved or coloured. What happens is told a line at a time; a command is answered at once.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TextIO

from aura_cli.answers import count_of, number_of, text_of
from aura_panel.home_rows import clock, duration
from aura_panel.link import Link
from aura_panel.needs import needs_of
from aura_panel.stories import story_of
from aura_panel.world import Part, World
from aura_shared.bus import Delivery
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.messages.changes import ApplyChange, DecideHunks, ShowChange, UndoChange
from aura_shared.messages.code import SearchCode
from aura_shared.messages.findings import ListFindings
from aura_shared.messages.services import ServiceMetrics

__all__ = ["PlainPanel", "main_plain", "run_plain"]

_SIGNS: Final = {"warning": "Warning: ", "error": "Error: "}
_USED: Final = "Commands end with Enter."


class PlainPanel:
    """Answers commands and tells what happens.

    Args:
        link: The way to the daemon.
        say: Prints one line.
    """

    def __init__(self, link: Link, say: Callable[[str], None]) -> None:
        self.world = World(link)
        self._say = say
        self._quiet = False
        self._project = ""
        self.ended = asyncio.Event()
        """Set when the person wants to leave."""
        self.world.listeners.append(self._world_changed)
        self.world.hearers.append(self._heard)
        self._presence = "unknown"
        self._commands: dict[str, tuple[str, str, Callable[[list[str]], Awaitable[None]]]] = {
            "status": ("", "services and projects", self._status),
            "needs": ("", "what waits for you", self._needs),
            "recent": ("[N]", "what happened last", self._recent),
            "project": ("[NAME]", "show or choose the project", self._choose),
            "search": ("WORDS", "find code", self._search),
            "findings": ("", "findings of the project", self._findings),
            "change": ("ID", "read a change", self._change),
            "apply": ("ID", "accept a change and write it", self._apply),
            "reject": ("ID", "reject a change", self._reject),
            "undo": ("ID", "take an applied change back", self._undo),
            "approve": ("ID", "say yes to an agent", self._approve),
            "deny": ("ID", "say no to an agent", self._deny),
            "start": ("", "start Aura", self._start),
            "restart": ("SERVICE", "restart a service", self._restart),
            "quiet": ("", "events are told, or not", self._hush),
            "help": ("", "these commands", self._help),
            "quit": ("", "leave; Aura goes on", self._quit),
        }

    async def obey(self, line: str) -> None:
        """Carry out a command; its answer, or what is wrong with it, is said."""
        name, *rest = line.split() or [""]
        if not name:
            return
        found = [known for known in self._commands if known.startswith(name)]
        if name not in self._commands and len(found) != 1:
            self._say(f"There is no command {name!r}. Type help.")
            return
        known = name if name in self._commands else found[0]
        usage, _, act = self._commands[known]
        if usage and not usage.startswith("[") and not rest:
            self._say(f"{known} needs {usage}.")
            return
        try:
            await act(rest)
        except AuraError as error:
            self._say(f"Error: {error.message}" + (f" {error.hint}" if error.hint else ""))

    # What happens

    def _heard(self, delivery: Delivery) -> None:
        if self._quiet or isinstance(delivery.event, ServiceMetrics):
            return
        story = story_of(delivery)
        if story.weight != "quiet":
            self._say(f"{clock(story.ts)} {_SIGNS.get(story.weight, '')}{story.text}")

    def _world_changed(self, parts: frozenset[Part]) -> None:
        if "presence" in parts and self.world.presence != self._presence:
            self._presence = self.world.presence
            words = {"down": "Aura is not running. Type start to start it.", "up": "Aura is running."}
            self._say(words.get(self._presence, f"Aura is {self._presence}."))
        if self._project not in self.world.projects:
            self._project = next(iter(self.world.projects), "")

    # Commands

    async def _status(self, _rest: list[str]) -> None:
        for name, service in self.world.services.items():
            up = duration(number_of(service, "uptime_s"))
            self._say(
                f"Service {name}: {text_of(service, 'state')}, up {up}, {count_of(service, 'restarts')} restarts."
            )
        for info in self.world.projects.values():
            facts = self.world.facts_of(info.id)
            found = facts.findings
            levels = ", ".join(f"{number} {level}" for level, number in found.levels.items()) if found else ""
            plan = f" Plan {facts.plan.share:.0%} done." if facts.plan else ""
            git = f" Branch {facts.git.branch}." if facts.git and facts.git.branch else ""
            self._say(
                f"Project {info.name}: {info.phase}, {info.files:,} files. Findings: {levels or 'none'}.{plan}{git}"
            )
        if not self.world.services and not self.world.projects:
            self._say("Aura is not running and nothing is known yet.")

    async def _needs(self, _rest: list[str]) -> None:
        found = needs_of(self.world)
        for need in found:
            self._say(f"{need.text} ({need.target.removeprefix('approval:')})")
        if not found:
            self._say("Nothing needs you.")

    async def _recent(self, rest: list[str]) -> None:
        count = int(rest[0]) if rest and rest[0].isdecimal() else 10
        told = [story for story in self.world.activity if story.weight != "quiet"][-count:]
        for story in told:
            self._say(f"{clock(story.ts)} {_SIGNS.get(story.weight, '')}{story.text}")
        if not told:
            self._say("Nothing happened yet.")

    async def _choose(self, rest: list[str]) -> None:
        if rest:
            found = [info for info in self.world.projects.values() if rest[0] in {info.name, info.id}]
            if not found:
                known = ", ".join(info.name for info in self.world.projects.values()) or "none"
                raise UsageProblem(f"there is no project {rest[0]!r}", hint=f"Registered: {known}.")
            self._project = found[0].id
        info = self.world.projects.get(self._project)
        self._say(f"The project is {info.name}, {info.root}." if info else "No project is registered.")

    async def _search(self, rest: list[str]) -> None:
        answer = await self.world.link.ask(SearchCode(project=self._chosen(), query=" ".join(rest), limit=10))
        for number, hit in enumerate(answer.hits, 1):
            self._say(f"{number}. {hit.path} line {hit.start_line}" + (f", {hit.symbol}" if hit.symbol else ""))
        if not answer.hits:
            self._say(answer.reason or "Nothing was found.")

    async def _findings(self, _rest: list[str]) -> None:
        answer = await self.world.link.ask(ListFindings(project=self._chosen(), limit=20))
        for found in answer.findings:
            self._say(
                f"{found.level}: {found.path} line {found.start_line}: {found.message} ({found.rule}, {found.id})"
            )
        self._say(f"{answer.total} findings." if answer.total else answer.reason or "No findings.")

    async def _change(self, rest: list[str]) -> None:
        change = (await self.world.link.ask(ShowChange(change=rest[0]))).change
        self._say(f"Change {change.id}: {change.title}. {change.state}. {change.why}")
        for file in change.files:
            self._say(f"File {file.path}, {file.kind}, {len(file.hunks)} hunks. {file.problem}".rstrip())
            for hunk in file.hunks:
                for line in hunk.diff.splitlines():
                    words = {"+": "added ", "-": "removed ", "@": ""}.get(line[:1], "")
                    self._say(f"{words}{line if line.startswith('@') else line[1:]}")

    async def _apply(self, rest: list[str]) -> None:
        answer = await self.world.link.ask(ApplyChange(change=rest[0], accept_open=True))
        self._say(
            f"{answer.change.state}: {', '.join(answer.written) or 'nothing was written'}. {answer.notice}".strip()
        )

    async def _reject(self, rest: list[str]) -> None:
        answer = await self.world.link.ask(DecideHunks(change=rest[0], decision="rejected"))
        self._say(f"Change {answer.change.id} is {answer.change.state}.")

    async def _undo(self, rest: list[str]) -> None:
        answer = await self.world.link.ask(UndoChange(change=rest[0]))
        self._say(
            f"{answer.change.state}: {', '.join(answer.written) or 'nothing was written'}. {answer.notice}".strip()
        )

    async def _approve(self, rest: list[str]) -> None:
        await self._decide(rest[0], approve=True)

    async def _deny(self, rest: list[str]) -> None:
        await self._decide(rest[0], approve=False)

    async def _decide(self, name: str, *, approve: bool) -> None:
        await self.world.link.post(f"/v1/approvals/{name}", {"approve": approve})
        self._say("Approved." if approve else "Denied.")

    async def _start(self, _rest: list[str]) -> None:
        self._say("Starting Aura.")
        await self.world.link.start()
        self.world.look_again()

    async def _restart(self, rest: list[str]) -> None:
        await self.world.link.control({"do": "restart", "service": rest[0]})
        self._say(f"{rest[0]} was restarted.")

    async def _hush(self, _rest: list[str]) -> None:
        self._quiet = not self._quiet
        self._say("Events are not told." if self._quiet else "Events are told.")

    async def _help(self, _rest: list[str]) -> None:
        for name, (usage, about, _) in self._commands.items():
            self._say(f"{name} {usage}: {about}.".replace(" :", ":"))
        self._say(_USED)

    async def _quit(self, _rest: list[str]) -> None:
        self.ended.set()

    def _chosen(self) -> str:
        if not self._project:
            raise UsageProblem("no project is registered", hint="`aura init` in a repository registers it.")
        return self._project


async def run_plain(link: Link, source: TextIO, target: TextIO) -> int:
    """Run until the input ends or the person leaves; returns the exit code."""

    def say(line: str) -> None:
        print(line, file=target, flush=True)

    panel = PlainPanel(link, say)
    lines = _lines_of(source)
    say("Aura control panel, plain. Type help for the commands.")
    following = asyncio.create_task(panel.world.run(), name="follow the daemon")
    try:
        while not panel.ended.is_set():
            line = await lines.get()
            if line is None:
                break
            await panel.obey(line)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await link.close()
    return 0


def _lines_of(source: TextIO) -> asyncio.Queue[str | None]:
    """The lines of an input as they are typed; None at its end."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        with suppress(RuntimeError):  # The loop has ended while somebody typed.
            for line in source:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="read commands", daemon=True).start()
    return lines


def main_plain(open_link: Callable[[], Link]) -> int:
    """Run it on the standard streams; returns the exit code."""

    async def run() -> int:
        return await run_plain(open_link(), sys.stdin, sys.stdout)

    with suppress(KeyboardInterrupt):
        return asyncio.run(run())
    return 0
