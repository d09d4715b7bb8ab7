"""Programs outside the panel that a person edits with."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import SuspendNotSupported

from aura_panel.widgets.dialogs import Choice, Choose
from aura_shared.errors import AuraError, NotFound, UsageProblem

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["edit_text", "editor_command", "open_file"]

_GRAPHICAL: Final = {
    "code": "VS Code", "codium": "VSCodium", "cursor": "Cursor", "idea": "IntelliJ IDEA", "pycharm": "PyCharm",
    "webstorm": "WebStorm", "goland": "GoLand", "clion": "CLion", "rustrover": "RustRover",
}  # fmt: skip
_LINE_ARGUMENTS: Final = frozenset({"vi", "vim", "nvim", "nano", "emacs", "micro", "kak", "hx", "sensible-editor"})
_USUAL: Final = ("sensible-editor", "nano", "vim", "vi")


def editor_command() -> list[str]:
    """The person's editor as a command: $VISUAL, $EDITOR, or one that is usually there.

    Raises:
        NotFound: There is none.
    """
    for name in ("VISUAL", "EDITOR"):
        wanted = os.environ.get(name, "").strip()
        if not wanted:
            continue
        try:
            return shlex.split(wanted)
        except ValueError as error:
            raise UsageProblem(f"${name} must be a command, and is {wanted!r}", hint=f"Set ${name} anew.") from error
    found = next((path for name in _USUAL if (path := shutil.which(name))), None)
    if found is None:
        raise NotFound("there is no editor to open", hint="Set $EDITOR, for instance to nano.")
    return [found]


async def edit_text(app: PanelApp, text: str, suffix: str) -> str | None:
    """What the person made of a text in $EDITOR; None when it failed, which is said, or nothing was saved.

    Args:
        app: The panel; it leaves the terminal to the editor meanwhile.
        text: The text.
        suffix: End of the file's name, which tells the editor the language.
    """
    try:
        command = editor_command()
        with tempfile.TemporaryDirectory(prefix="aura-edit-") as folder:  # Private to this user.
            file = Path(folder) / f"proposal{suffix}"
            file.write_bytes(text.encode())
            _run(app, [*command, str(file)])
            return file.read_bytes().decode("utf-8")
    except AuraError as error:
        app.show_error(error)
    except SuspendNotSupported:
        app.show_error(UsageProblem("an editor cannot be opened from here", hint="e edits in the panel."))
    except (OSError, UnicodeDecodeError) as error:
        app.show_error(UsageProblem(f"the edited text cannot be read: {error}", hint="e edits in the panel."))
    return None


def _run(app: PanelApp, command: list[str]) -> None:
    """Run a program in this terminal until it ends.

    Raises:
        NotFound: There is no such program.
        UsageProblem: It failed.
    """
    try:
        with app.suspend():
            ended = subprocess.run(command, check=False)
    except FileNotFoundError as error:
        raise NotFound(f"there is no program {command[0]!r}", hint="Set $EDITOR to one that is there.") from error
    except PermissionError as error:
        raise UsageProblem(f"{command[0]!r} cannot be run: {error.strerror}", hint="Set $EDITOR anew.") from error
    if ended.returncode:
        raise UsageProblem(
            f"{command[0]} ended with {ended.returncode}, so what it left is not taken", hint="Try again, or press e."
        )


async def open_file(app: PanelApp, path: Path, line: int) -> None:
    """Open a file where the person chooses: an editor with a window that is there, or $EDITOR in this terminal."""
    choices = [Choice(name, title) for name, title in _GRAPHICAL.items() if shutil.which(name)]
    try:
        command = editor_command()
    except AuraError as error:
        command = []
        if not choices:
            app.show_error(error)
            return
    else:
        choices.append(Choice("", f"{command[0]} in this terminal"))
    chosen = choices[0].id
    if len(choices) > 1:
        answer = await app.push_screen_wait(Choose("Open with", choices))
        if answer is None:
            return
        chosen = answer
    try:
        if chosen:
            await asyncio.to_thread(_start, window_command(chosen, path, line))
            app.notify(f"{path.name} opens in {_GRAPHICAL[chosen]}.", markup=False)
        else:
            _run(app, terminal_command(command, path, line))
    except AuraError as error:
        app.show_error(error)
    except SuspendNotSupported:
        app.show_error(UsageProblem("an editor cannot be opened in this terminal", hint="Install VS Code's command."))


def window_command(name: str, path: Path, line: int) -> list[str]:
    """The command that opens a file at a line in an editor with a window."""
    if name in {"code", "codium", "cursor"}:
        return [name, "--goto", f"{path}:{line}"]
    return [name, "--line", str(line), str(path)]


def terminal_command(command: list[str], path: Path, line: int) -> list[str]:
    """The command that opens a file in an editor of the terminal, at a line where the editor knows how."""
    at = [f"+{line}"] if Path(command[0]).name in _LINE_ARGUMENTS else []
    return [*command, *at, str(path)]


def _start(command: list[str]) -> None:
    """Start a program that goes on by itself.

    Raises:
        NotFound: There is no such program, or it cannot be run.
    """
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
            timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFound(f"{command[0]} cannot be started: {error}", hint="Start it yourself, or set $EDITOR.") from error
    if ended.returncode:
        raise UsageProblem(f"{command[0]} ended with {ended.returncode}", hint="Start it yourself, or set $EDITOR.")
