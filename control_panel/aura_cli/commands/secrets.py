"""`aura secrets`: credentials of model servers and the like. Works without the daemon; never shows a value."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

import click

from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import bold, dim, note, out, out_json, safe, seconds, table
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths
from aura_shared.secret_store import KeptSecret, SecretStore, variable_of

_MOST_CHARS: Final = 20_000  # More than a secret may have; the rest of an endless input is not read.
_PLACES: Final = {
    "environment": "the environment",
    "keyring": "the system's keyring",
    "file": "a file that only you can read",
}
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
# Whatever stands behind the name is caught here, since click would print it in its own error.
_NOTHING_MORE = click.argument("extra", nargs=-1, metavar="")


@click.group(
    cls=GroupWithExamples,
    examples=["aura secrets set openai_key", "aura secrets list", "pass show key | aura secrets rotate openai_key"],
)
def secrets() -> None:
    """Keep credentials in the system's keyring, or in a private file where there is none and you agree.

    A value is asked for without being shown, or read from standard input; never from the command line. A variable
    AURA_SECRET_NAME wins over what is kept.
    """


@secrets.command(
    "set", cls=WithExamples, examples=["aura secrets set openai_key", "aura secrets set openai_key --file-consent"]
)
@click.argument("name")
@_NOTHING_MORE
@click.option(
    "--file-consent",
    is_flag=True,
    help="Without a keyring, agree to a file that only you can read (mode 0600); it is not encrypted.",
)
@_AS_JSON
def set_secret(*, name: str, extra: tuple[str, ...], file_consent: bool, as_json: bool) -> None:
    """Keep a new secret called NAME."""
    _refuse_values(extra)
    store = _store()
    kept = store.set(name, _value(name), file_consent=file_consent)
    _tell(kept, "Kept", as_json=as_json)


@secrets.command(cls=WithExamples, examples=["aura secrets rotate openai_key"])
@click.argument("name")
@_NOTHING_MORE
@_AS_JSON
def rotate(*, name: str, extra: tuple[str, ...], as_json: bool) -> None:
    """Replace the secret called NAME, where it is kept; running services use it from their next look on."""
    _refuse_values(extra)
    store = _store()
    kept = store.rotate(name, _value(name))
    _tell(kept, "Replaced", as_json=as_json)


@secrets.command(cls=WithExamples, examples=["aura secrets delete openai_key"])
@click.argument("name")
@_AS_JSON
def delete(*, name: str, as_json: bool) -> None:
    """Forget the secret called NAME."""
    _tell(_store().delete(name), "Forgotten", as_json=as_json)


@secrets.command("list", cls=WithExamples, examples=["aura secrets list", "aura secrets list --json"])
@_AS_JSON
def list_secrets(*, as_json: bool) -> None:
    """List names, where each secret is kept, and its age; never a value."""
    found = _store().names()
    if as_json:
        out_json({"secrets": [asdict(secret) for secret in found]})
        return
    if not found:
        out("There are no secrets. Models on this machine need none.")
        return
    now = datetime.now(UTC)
    rows = [(bold(safe(secret.name)), _place(secret), dim(_age(secret, now))) for secret in found]
    for line in table(("SECRET", "KEPT IN", "AGE"), rows):
        out(line)


def _store() -> SecretStore:
    return SecretStore(find_paths().prepare().secrets)


def _refuse_values(extra: tuple[str, ...]) -> None:
    """Raises UsageProblem, without repeating what was typed."""
    if extra:
        raise UsageProblem(
            "a secret is never taken from the command line: other programs and the history of the shell see it",
            hint="Leave it out; it is asked for, or read from standard input. Replace the one that you just typed.",
        )


def _value(name: str) -> str:
    """What a person types unseen, or the first line of standard input."""
    if not sys.stdin.isatty():
        text = sys.stdin.read(_MOST_CHARS)
        return text[:-1].removesuffix("\r") if text.endswith("\n") else text
    typed: object = click.prompt(f"Value of {safe(name)}", hide_input=True, confirmation_prompt=True, err=True)
    return str(typed)


def _tell(kept: KeptSecret, verb: str, *, as_json: bool) -> None:
    if as_json:
        out_json({"secret": asdict(kept)})
        return
    out(f"{verb}: {bold(safe(kept.name))} in {_PLACES[kept.where]}.")
    if verb == "Kept":
        note(dim(f'Name it in the settings of a server: secret = "{kept.name}"'))


def _place(secret: KeptSecret) -> str:
    return variable_of(secret.name) if secret.where == "environment" else _PLACES[secret.where]


def _age(secret: KeptSecret, now: datetime) -> str:
    try:
        return seconds(max(0.0, (now - datetime.fromisoformat(secret.since)).total_seconds()))
    except (TypeError, ValueError):
        return ""
