"""Edits a text in the editor that the person set, and takes what became of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.app import SuspendNotSupported

from aura_panel.editors import Editor, editor_of
from aura_shared.errors import AuraError, NotFound, UsageProblem

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["edit_text", "waiting_command"]

_USUAL: Final = ("sensible-editor", "nano", "vim", "vi")
_BLOCK: Final = frozenset({"kate"})
"""Editors whose option to wait is `--block`; `gvim` has `-f`, all others with a window have `--wait`."""
_HERE: Final = "e edits it in the panel."


def _editor(environment: Mapping[str, str]) -> Editor:
    """The editor that is set, or one that is usually there."""
    try:
        return editor_of(environment)
    except NotFound:
        found = next((path for name in _USUAL if (path := shutil.which(name))), None)
        if found is None:
            raise
        return Editor((found,), "")


def waiting_command(editor: Editor, path: Path) -> list[str]:
    """The command that edits a file and ends when the person is done with it."""
    if not editor.has_window:
        return [*editor.command, str(path)]
    wait = "--block" if editor.name in _BLOCK else "-f" if editor.name == "gvim" else "--wait"
    return [*editor.command, *([] if wait in editor.command else [wait]), str(path)]


async def edit_text(app: PanelApp, text: str, suffix: str) -> str | None:
    """What the person made of a text in an editor; None when that failed, which is told.

    An editor of the terminal gets the terminal until it ends; the panel goes on while one with a window is open.

    Args:
        app: The panel.
        text: The text.
        suffix: End of the file's name, which tells the editor the language.
    """
    folder = Path(tempfile.mkdtemp(prefix="aura-edit-"))  # Private to this user; kept when the panel is left meanwhile.
    file = folder / f"proposal{suffix}"
    try:
        editor = _editor(os.environ)
        file.write_bytes(text.encode())
        command = waiting_command(editor, file)
        ended = await _run_window(app, command) if editor.has_window else _run_here(app, command)
        if ended:
            raise UsageProblem(f"{command[0]} ended with {ended}, so what it left is not taken", hint=_HERE)
        edited = file.read_bytes().decode()
    except AuraError as error:
        app.show_error(error)
        edited = None
    except SuspendNotSupported:
        app.show_error(UsageProblem("an editor of the terminal cannot be opened from here", hint=_HERE))
        edited = None
    except OSError as error:
        app.show_error(UsageProblem(f"no editor could be started: {error}", hint=_HERE))
        edited = None
    except UnicodeDecodeError:
        app.show_error(UsageProblem(f"what the editor wrote is not UTF-8; it is kept in {file}", hint=_HERE))
        return None
    shutil.rmtree(folder, ignore_errors=True)
    return edited


def _run_here(app: PanelApp, command: list[str]) -> int:
    with app.suspend():
        return subprocess.run(command, check=False).returncode


async def _run_window(app: PanelApp, command: list[str]) -> int:
    app.notify(f"{Path(command[0]).name} is open; save and close the file there.", markup=False)
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=silent, stdout=silent, stderr=silent)
    return await process.wait()
