"""The MCP clients that Aura can set up: where each keeps its servers, and what an entry looks like there."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Scope = Literal["project", "user"]
Format = Literal["json", "toml"]

SERVER_NAME: Final = "aura"


@dataclass(frozen=True, slots=True)
class Client:
    """An MCP client."""

    name: str
    """What `--client` calls it."""
    title: str
    """What people call it."""
    key: str
    """The member of its file that holds the servers."""
    project_file: str | None
    """Its file in a project, relative to the root; None where it has none."""
    user_file: str
    """Its file for the user: `~` is the home folder, `{config}` where programs of this system keep their settings."""
    format: Format = "json"
    """How its files are written."""
    typed: bool = False
    """Whether an entry says that it is of type `stdio`."""
    reload: str = "Restart it, or reload its MCP servers."
    """What makes it read the file again."""

    def file(self, scope: Scope, root: Path) -> Path | None:
        """Its file in a scope; None where it has none there."""
        if scope == "project":
            return root / self.project_file if self.project_file else None
        return _user_path(self.name, self.user_file)

    @property
    def path(self) -> tuple[str, str]:
        """Names from the root of the file to Aura's entry."""
        return (self.key, SERVER_NAME)

    def entry(self) -> dict[str, object]:
        """Aura's entry: the launcher by its absolute path, since desktop programs start without the shell's PATH."""
        command = launcher()
        entry: dict[str, object] = {"type": "stdio"} if self.typed else {}
        entry |= {"command": command[0], "args": command[1:]}
        home = os.environ.get("AURA_HOME")
        if home:
            # A client starts the shim without this shell's variables, and would talk to another installation.
            entry["env"] = {"AURA_HOME": str(Path(home).absolute())}
        return entry


CLIENTS: Final[dict[str, Client]] = {
    client.name: client
    for client in (
        Client("cursor", "Cursor", "mcpServers", ".cursor/mcp.json", "~/.cursor/mcp.json"),
        Client("vscode", "VS Code", "servers", ".vscode/mcp.json", "{config}/Code/User/mcp.json", typed=True),
        Client("claude-code", "Claude Code", "mcpServers", ".mcp.json", "~/.claude.json", typed=True),
        Client("windsurf", "Windsurf", "mcpServers", None, "~/.codeium/windsurf/mcp_config.json"),
        Client("zed", "Zed", "context_servers", ".zed/settings.json", "~/.config/zed/settings.json"),
        Client("junie", "Junie", "mcpServers", ".junie/mcp/mcp.json", "~/.junie/mcp/mcp.json"),
        Client("codex", "Codex CLI", "mcp_servers", ".codex/config.toml", "~/.codex/config.toml", format="toml"),
        Client("gemini", "Gemini CLI", "mcpServers", ".gemini/settings.json", "~/.gemini/settings.json"),
    )
}


def launcher() -> list[str]:
    """How a client starts the shim: the `aura` beside this Python, or this Python itself."""
    beside = Path(sys.executable).with_name("aura")
    if os.access(beside, os.X_OK):
        return [str(beside), "mcp"]
    found = shutil.which("aura")
    if found:
        return [str(Path(found).absolute()), "mcp"]
    return [sys.executable, "-P", "-m", "aura_cli", "mcp"]


def _user_path(client: str, pattern: str) -> Path:
    home = Path.home()
    if client == "codex" and os.environ.get("CODEX_HOME"):
        return Path(os.environ["CODEX_HOME"]) / "config.toml"
    if pattern.startswith("{config}/"):
        config = home / "Library" / "Application Support" if sys.platform == "darwin" else _xdg_config(home)
        return config / pattern.removeprefix("{config}/")
    if pattern.startswith("~/.config/") and sys.platform != "darwin":
        return _xdg_config(home) / pattern.removeprefix("~/.config/")
    return home / pattern.removeprefix("~/")


def _xdg_config(home: Path) -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
