"""`aura completion`: the shell completes commands, options and their values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from aura_cli.examples import WithExamples
from aura_cli.screen import dim, out
from aura_shared.errors import StorageError

_FOLDERS: Final = {
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/aura"),
    "zsh": ("XDG_DATA_HOME", ".local/share", "zsh/site-functions/_aura"),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/aura.fish"),
}
_AFTERWARDS: Final = {
    "bash": "Open a new shell; the package bash-completion must be installed.",
    "zsh": "Add `fpath+=({folder})` before `compinit` in ~/.zshrc, unless it is there, and open a new shell.",
    "fish": "Open a new shell.",
}


@click.command(
    cls=WithExamples,
    examples=["aura completion bash --install", 'eval "$(aura completion zsh)"', "aura completion fish | source"],
)
@click.argument("shell", type=click.Choice(list(_FOLDERS)))
@click.option("--install", is_flag=True, help="Write it to where the shell finds it.")
def completion(*, shell: str, install: bool) -> None:
    """Print the completion script for a SHELL, or install it for this user."""
    text = script(shell)
    if not install:
        out(text)
        return
    file = script_file(shell)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror or error}") from error
    out(f"Written to {file}")
    out(dim(_AFTERWARDS[shell].format(folder=file.parent)))


def script(shell: str) -> str:
    """The completion script of a shell.

    Raises:
        StorageError: The shell is one that click cannot serve.
    """
    from click.shell_completion import BashComplete, ShellComplete, get_completion_class  # noqa: PLC0415 - only here

    from aura_cli.main import aura  # noqa: PLC0415 - main imports the commands

    kind = get_completion_class(shell)
    if kind is None:
        raise StorageError(f"there is no completion for {shell}")
    complete = kind(aura, {}, "aura", "_AURA_COMPLETE")
    # click's own `source` starts bash to learn its version first; a script must come out without one too.
    return ShellComplete.source(complete) if isinstance(complete, BashComplete) else complete.source()


def script_file(shell: str) -> Path:
    """Where the shell looks for completion scripts of the user."""
    variable, usual, place = _FOLDERS[shell]
    return Path(os.environ.get(variable) or Path.home() / usual) / place
