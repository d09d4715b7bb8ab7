"""`aura mcp`: serve an MCP client over standard input and output, and set clients up for it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from aura_cli.clients.changes import (
    Change,
    carry_out,
    choose_file,
    client_named,
    forget,
    plan_install,
    plan_uninstall,
    remember,
    state_of,
)
from aura_cli.clients.known import CLIENTS, Scope
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, coloured, dim, note, out, out_json, safe, table
from aura_cli.targets import repository_of
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

_CLIENT = click.option(
    "--client", "names", multiple=True, required=True, type=click.Choice(list(CLIENTS)), help="Which; repeatable."
)
_SCOPE = click.option(
    "--scope",
    type=click.Choice(["project", "user"]),
    help="Its file in this repository, or the user's own. Default: the repository's, where it has one.",
)
_YES = click.option("-y", "--yes", is_flag=True, help="Write without asking.")
_DRY = click.option("--dry-run", is_flag=True, help="Only show the difference.")


@click.group(
    cls=GroupWithExamples,
    invoke_without_command=True,
    examples=["aura mcp install --client cursor", "aura mcp clients", "aura mcp uninstall --client cursor"],
)
@click.option("--stdio", is_flag=True, help="Serve over standard input and output; this is the default.")
@click.option(
    "--toolset",
    "toolsets",
    multiple=True,
    type=click.Choice(["structure", "findings", "similar", "overview", "all"]),
    help="Offer these tools too; repeatable. Also: AURA_TOOLSETS=structure,findings.",
)
@click.pass_context
def mcp(context: click.Context, *, stdio: bool, toolsets: tuple[str, ...]) -> int:  # noqa: ARG001 - there is one transport; the flag says so in client files
    """Serve an MCP client over standard input and output, or set clients up.

    Without a command it is the server that editors and agents start; it starts Aura when it is not running.
    """
    if context.invoked_subcommand is not None:
        return 0
    from aura_cli import mcp_shim  # noqa: PLC0415 - setting a client up needs no server

    return mcp_shim.main(toolsets)


@mcp.command(
    cls=WithExamples,
    examples=[
        "aura mcp install --client cursor",
        "aura mcp install --client claude-code --scope user",
        "aura mcp install --client vscode --client zed --dry-run",
    ],
)
@_CLIENT
@_SCOPE
@_YES
@_DRY
def install(*, names: tuple[str, ...], scope: str | None, yes: bool, dry_run: bool) -> None:
    """Add Aura to a client's own configuration file.

    The difference is shown first. Everything else in the file stays as it is, comments included, and a copy is kept
    beside Aura's own data. No token is written: the entry starts `aura mcp`, which finds the running Aura by itself.
    """
    paths = find_paths()
    root = _root()
    for name in names:
        client = client_named(name)
        chosen, file = choose_file(client, cast("Scope | None", scope), root)
        change = plan_install(client, chosen, file, root)
        if not change.needed:
            out(f"{client.title} is set up already {dim(f'({file})')}")
            continue
        if not _agreed(change, yes=yes, dry_run=dry_run):
            continue
        paths.prepare()
        backup = carry_out(change, paths)
        remember(change, backup, paths)
        out(f"{bold(client.title)} can ask Aura now {dim(f'({file})')}")
        if backup:
            out(dim(f"The file as it was: {backup}"))
        out(dim(client.reload))


@mcp.command(
    cls=WithExamples,
    examples=["aura mcp uninstall --client cursor", "aura mcp uninstall --client claude-code --scope user --yes"],
)
@_CLIENT
@_SCOPE
@_YES
@_DRY
def uninstall(*, names: tuple[str, ...], scope: str | None, yes: bool, dry_run: bool) -> None:
    """Take Aura out of a client's configuration file again; nothing else in it changes."""
    paths = find_paths()
    root = _root()
    for name in names:
        client = client_named(name)
        chosen, file = choose_file(client, cast("Scope | None", scope), root)
        change = plan_uninstall(client, chosen, file, root, paths)
        if not change.needed:
            out(f"{client.title} is not set up {dim(f'({file})')}")
            continue
        if not _agreed(change, yes=yes, dry_run=dry_run):
            continue
        paths.prepare()
        backup = carry_out(change, paths)
        forget(change, paths)
        out(f"{bold(client.title)} does not know Aura any more {dim(f'({file})')}")
        if backup:
            out(dim(f"The file as it was: {backup}"))


@mcp.command(cls=WithExamples, examples=["aura mcp clients", "aura mcp clients --json"])
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def clients(*, as_json: bool) -> None:
    """Show which clients Aura can set up, their files, and which are set up."""
    root = _root()
    found = client_states(root)
    if as_json:
        out_json({"clients": [dict(entry) for entry in found]})
        return
    colours = {"set up": "green", "outdated": "yellow", "other": "yellow", "malformed": "red"}
    rows = [
        [
            bold(entry["client"]),
            entry["scope"],
            coloured(entry["state"], colours[entry["state"]]) if entry["state"] in colours else dim(entry["state"]),
            safe(entry["file"]),
            dim(safe(entry["detail"])),
        ]
        for entry in found
    ]
    for line in table(["CLIENT", "SCOPE", "STATE", "FILE", ""], rows):
        out(line)


def client_states(root: Path) -> list[dict[str, str]]:
    """Every client and scope with its file and state."""
    found: list[dict[str, str]] = []
    for client in CLIENTS.values():
        for scope in ("project", "user"):
            file = client.file(scope, root)
            if file is not None:
                state, detail = state_of(client, scope, file, root)
                found.append(
                    {"client": client.name, "scope": scope, "file": str(file), "state": state, "detail": detail}
                )
    return found


def _root() -> Path:
    """The project that project files belong to."""
    return repository_of(Path.cwd()) or Path.cwd()


def _agreed(change: Change, *, yes: bool, dry_run: bool) -> bool:
    """Show the difference, and ask whether to write it."""
    for line in change.difference():
        out(_diff_line(safe(line)))
    if dry_run:
        note(dim("Nothing was written (--dry-run)."))
        return False
    if yes:
        return True
    if not asks():
        raise UsageProblem("nobody can be asked whether to write this", hint="Add --yes to write it, or --dry-run.")
    if ask(f"Write {change.file}?"):
        return True
    note("Nothing was written.")
    return False


def _diff_line(line: str) -> str:
    if line.startswith(("+++", "---")):
        return bold(line)
    if line.startswith("@@"):
        return coloured(line, "cyan")
    if line.startswith("+"):
        return coloured(line, "green")
    return coloured(line, "red") if line.startswith("-") else line
