"""The `aura` command: finds the command that was asked for, and turns every error into a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from aura_cli.examples import GroupWithExamples
from aura_shared.errors import AuraError

SECTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Search": {
        "search": ("search", "Find code by words, names, paths or patterns."),
        "symbol": ("symbols", "Find where something is defined."),
        "outline": ("symbols", "List what a file defines."),
        "pattern": ("similar", "Find code by a pattern over syntax."),
        "similar": ("similar", "Find code like a place or a text."),
        "clones": ("similar", "Find copies of functions."),
    },
    "Structure": {
        "refs": ("structure", "Find where something is used."),
        "calls": ("structure", "Find callers or callees."),
        "impact": ("structure", "Show what a change may break."),
        "tests-for": ("structure", "Find the tests that reach something."),
        "hierarchy": ("structure", "Show supertypes, subtypes, overrides."),
        "imports": ("structure", "Show imports in and out of a file."),
        "dead": ("structure", "Find code that nothing reaches."),
        "cycles": ("structure", "Find import cycles."),
        "entries": ("structure", "Find entry points."),
    },
    "Overview": {
        "map": ("overview", "Draw the most important signatures."),
        "context": ("overview", "Pack context for a model."),
        "tree": ("overview", "Show files with sizes and languages."),
        "hotspots": ("overview", "Find complex files that change often."),
        "gaps": ("overview", "Find what the project lacks."),
        "deps": ("overview", "List dependencies and known weaknesses."),
        "report": ("overview", "Write a report with pictures."),
    },
    "Findings": {
        "analyze": ("findings", "Analyse the project, or what changed."),
        "fix": ("findings", "Show or apply certain fixes."),
        "baseline": ("findings", "Silence what is found today."),
        "rules": ("findings", "List the rules."),
    },
    "Assistant": {
        "explain": ("assist", "Explain a place, a definition or a finding."),
        "ask": ("assist", "Ask about the code, answered with citations."),
        "refactor": ("assist", "Find what to refactor, or do it as a change."),
        "generate": ("assist", "Have a local model write code, as a change."),
        "review": ("assist", "Review commits, what is staged, or a patch."),
        "prompts": ("assist", "List the prompts, or show one."),
        "models": ("models", "List, test and measure local models."),
        "secrets": ("secrets", "Keep credentials of model servers."),
    },
    "Changes": {
        "changes": ("changes", "List, review, apply and undo changes."),
        "approve": ("approve", "Say yes to what an agent wants to do."),
    },
    "Git": {
        "commit": ("commit", "Commit with a drafted message, or split a mixed change."),
        "branch": ("branch", "Start, finish, publish and tidy branches."),
        "merge": ("merge", "Simulate a merge, then do it."),
        "rebase": ("merge", "Simulate a rebase, then do it."),
        "sync": ("merge", "Fetch, and bring branches up to date."),
        "resolve": ("merge", "Resolve conflicts where that is certain."),
        "continue": ("merge", "Go on with what waits."),
        "skip": ("merge", "Leave out the commit that a rebase stopped at."),
        "abort": ("merge", "Take back what waits."),
        "pr": ("pulls", "Draft, open and review pull requests."),
        "release": ("releases", "Plan and cut releases."),
        "git": ("git", "Show the state, undo, lint, hooks, health."),
    },
    "Plan": {
        "plan": ("plan", "Keep epics, stories and tasks as Markdown files."),
        "prd": ("prd", "Work on the product requirements document."),
    },
    "Daemon": {
        "panel": ("panel", "Open the control panel."),
        "up": ("lifecycle", "Start Aura, and index this repository."),
        "down": ("lifecycle", "Stop Aura."),
        "status": ("status", "Show services, projects and their indexes."),
        "logs": ("logs", "Show what the services wrote."),
        "stop": ("lifecycle", "Stop one service."),
        "start": ("lifecycle", "Start one service again."),
        "restart": ("lifecycle", "Restart one service."),
        "pause": ("pause", "Let background work wait."),
        "unpause": ("pause", "Let background work go on."),
        "doctor": ("doctor", "Check this installation and say what to do."),
    },
    "Projects": {
        "init": ("projects", "Register a repository or folder."),
        "projects": ("projects", "List, remove or reindex projects."),
    },
    "Set-up": {
        "mcp": ("mcp", "Serve editors and agents; set them up."),
        "config": ("config", "Explain and change the settings."),
        "completion": ("completion", "Set up shell completion."),
        "version": ("version", "Show the version."),
    },
}
"""Where each command lives and what the overview says about it, so that the overview imports none of them."""

_ATTRIBUTES: Final = {"tests-for": "tests_for", "map": "map_", "continue": "continue_"}
"""Commands whose function is called otherwise."""
_TABLE: Final = {name: place for section in SECTIONS.values() for name, place in section.items()}


class LazyGroup(GroupWithExamples):
    """The commands of `aura`, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of the overview."""
        return list(_TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command with this name."""
        place = _TABLE.get(cmd_name)
        if place is None:
            return None
        from importlib import import_module  # noqa: PLC0415 - the overview needs no command

        command: object = getattr(import_module(f"aura_cli.commands.{place[0]}"), _ATTRIBUTES.get(cmd_name, cmd_name))
        if not isinstance(command, click.Command):
            raise TypeError(f"aura_cli.commands.{place[0]}.{cmd_name} must be a click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest names."""
        if args and args[0] not in _TABLE and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            near = get_close_matches(args[0], _TABLE, n=3, cutoff=0.6)
            tail = f" Did you mean {' or '.join(f'`aura {name}`' for name in near)}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{tail}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the overview by section."""
        longest = max(map(len, _TABLE))
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(longest), short) for name, (_, short) in commands.items()])


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from aura_cli.commands.version import version_line  # noqa: PLC0415 - reads the package's metadata

        click.echo(version_line())
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
    epilog="`aura COMMAND --help` shows examples of each command.",
    examples=[
        "aura up                              start, and index this repository",
        'aura search "where is a user saved"  ask',
        "aura mcp install --client cursor     let an editor or agent ask, too",
    ],
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
def aura() -> None:
    """Aura keeps a live index of your repositories and answers from the terminal, from editors and from agents."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `aura` and return its exit code; no traceback reaches the person unless `AURA_DEBUG=1`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except AuraError as error:
        _debug()
        _report(error, as_json="--json" in arguments)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(err=True)
        return 130
    except BrokenPipeError:
        # The reader (`head`) left. Python would complain once more while closing standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the outermost frame of the command
        _debug()
        _report_unexpected(error)
        return 1


def _run(arguments: list[str]) -> int:
    try:
        result: object = aura.main(arguments, prog_name="aura", standalone_mode=False, color=_wants_colour())
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return result if isinstance(result, int) else 0


def _wants_colour() -> bool | None:
    """Whether to colour; None leaves it to click, which asks whether the output is a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def _debug() -> None:
    """Let the error through where a developer asked for it."""
    if os.environ.get("AURA_DEBUG") == "1":
        raise  # noqa: PLE0704 - called from the handlers above


def _report(error: AuraError, *, as_json: bool) -> None:
    if as_json:
        from aura_cli.screen import out_json  # noqa: PLC0415 - only for an error

        out_json({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        return
    from aura_cli.screen import dim, safe  # noqa: PLC0415 - only for an error

    colour = _wants_colour()
    click.echo(f"{click.style('error:', fg='red', bold=True)} {safe(error.message)}", err=True, color=colour)
    if error.hint:
        click.echo(f"{dim('next:')}  {safe(error.hint)}", err=True, color=colour)


def _report_unexpected(error: Exception) -> None:
    """Keep the traceback in a file and tell the person its number."""
    import traceback  # noqa: PLC0415 - only for an error
    import uuid  # noqa: PLC0415 - only for an error
    from datetime import UTC, datetime  # noqa: PLC0415 - only for an error

    number = uuid.uuid4().hex[:8]
    text = "".join(traceback.format_exception(error))
    where = _keep(f"--- {number} {datetime.now(UTC).isoformat(timespec='seconds')} {sys.argv[1:]}\n{text}\n")
    click.echo(
        f"{click.style('error:', fg='red', bold=True)} something unexpected went wrong in Aura itself: "
        f"{type(error).__name__}: {error}",
        err=True,
        color=_wants_colour(),
    )
    click.echo(f"next:  The details are in {where} under {number}; AURA_DEBUG=1 shows them here.", err=True)


def _keep(text: str) -> Path | str:
    """Append to the file of unexpected errors; returns it."""
    from aura_shared.paths import find_paths, private_folder  # noqa: PLC0415 - only for an error

    try:
        file = private_folder(find_paths().logs) / "aura-command.log"
        with open(file, "a", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            log.write(text)
    except (OSError, AuraError):
        return "no file (the log folder cannot be written)"
    return file
