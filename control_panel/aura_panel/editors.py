"""Opens a file at a line in the editor that the person set."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.app import SuspendNotSupported

from aura_shared.errors import AuraError, NotFound, UsageProblem

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["Editor", "editor_of", "open_in_editor"]

START_S: Final = 20.0
"""An editor with a window answers its command at once; one that waits is not waited for."""
_WINDOWS: Final = frozenset(
    {"code", "code-insiders", "codium", "cursor", "windsurf", "zed", "subl", "idea", "pycharm", "webstorm", "goland",
     "clion", "rustrover", "phpstorm", "rider", "gedit", "kate", "gvim", "mate"}
)  # fmt: skip
_GOTO: Final = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})
_COLON: Final = frozenset({"zed", "subl", "hx", "helix", "micro"})
_LINE_OPTION: Final = frozenset(
    {"idea", "pycharm", "webstorm", "goland", "clion", "rustrover", "phpstorm", "rider", "kate", "mate"}
)
_PLUS: Final = frozenset(
    {"vi", "vim", "nvim", "gvim", "view", "nano", "emacs", "emacsclient", "kak", "joe", "jed", "ne", "mg", "gedit",
     "sensible-editor"}
)  # fmt: skip


class Editor(NamedTuple):
    """An editor as it is started."""

    command: tuple[str, ...]
    """Program and options, without the file."""
    variable: str
    """Where it was set."""

    @property
    def name(self) -> str:
        """What the program is called."""
        return Path(self.command[0]).name

    @property
    def has_window(self) -> bool:
        """Whether it opens a window and leaves the terminal alone."""
        return self.name in _WINDOWS

    def opening(self, path: Path, line: int) -> list[str]:
        """The command that opens a file at a line, where the editor knows how; else the file."""
        name, file = self.name, str(path)
        if name in _GOTO:
            return [*self.command, "--goto", f"{file}:{line}"]
        if name in _COLON:
            return [*self.command, f"{file}:{line}"]
        if name in _LINE_OPTION:
            return [*self.command, "--line", str(line), file]
        return [*self.command, *([f"+{line}"] if name in _PLUS else []), file]


def editor_of(environment: Mapping[str, str]) -> Editor:
    """The editor that `$VISUAL` or else `$EDITOR` names.

    Raises:
        NotFound: Neither is set.
        UsageProblem: It is no command.
    """
    for variable in ("VISUAL", "EDITOR"):
        wanted = environment.get(variable, "").strip()
        if not wanted:
            continue
        try:
            return Editor(tuple(shlex.split(wanted)), variable)
        except ValueError as error:
            raise UsageProblem(f"${variable} must be a command, and is {wanted!r}", hint="Set it anew.") from error
    raise NotFound(
        "no editor is set", hint="Set $VISUAL or $EDITOR before you start the panel, such as EDITOR=nano or 'code'."
    )


async def open_in_editor(app: PanelApp, path: Path, line: int) -> bool:
    """Open a file at a line; whether that worked. What went wrong is told as a notice.

    An editor of the terminal gets the terminal until it ends; one with a window is only started.
    """
    try:
        editor = editor_of(os.environ)
        command = editor.opening(path, line)
        if editor.has_window:
            await asyncio.to_thread(_start, command)
            app.notify(f"{path.name}:{line} opens in {editor.name}.", markup=False)
        else:
            _run(app, command)
    except AuraError as error:
        app.show_error(error)
        return False
    return True


def _run(app: PanelApp, command: list[str]) -> None:
    """Give the terminal to a program until it ends."""
    try:
        with app.suspend():
            ended = subprocess.run(command, check=False)
    except SuspendNotSupported as error:
        raise UsageProblem(
            "an editor of the terminal cannot be opened from here", hint="Set $VISUAL to an editor with a window."
        ) from error
    except OSError as error:
        raise _no_start(command, error) from error
    if ended.returncode:
        raise UsageProblem(f"{command[0]} ended with {ended.returncode}", hint="Start it by hand to see why.")


def _start(command: list[str]) -> None:
    """Start a program that goes on by itself."""
    silent = subprocess.DEVNULL
    try:
        ended = subprocess.run(
            command, stdin=silent, stdout=silent, stderr=silent, check=False, timeout=START_S, start_new_session=True
        )
    except OSError as error:
        raise _no_start(command, error) from error
    except subprocess.TimeoutExpired as error:
        raise UsageProblem(
            f"{command[0]} did not come back within {START_S:.0f} s", hint="Leave out options that make it wait."
        ) from error
    if ended.returncode:
        raise UsageProblem(f"{command[0]} ended with {ended.returncode}", hint="Start it by hand to see why.")


def _no_start(command: list[str], error: OSError) -> NotFound:
    return NotFound(f"{command[0]!r} cannot be started: {error.strerror}", hint="Set $VISUAL or $EDITOR anew.")
