"""Where the token of a forge comes from; it is held in memory alone, and masked in the logs of this process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aura_git.pulls.forges import Forge
from aura_git.repository import Repository
from aura_shared.errors import AuraError, GitError, Unavailable
from aura_shared.redaction import know_secret
from aura_shared.secret_store import SecretStore

__all__ = ["Token", "find_token", "secret_name", "variables_of"]

_SHORTEST: Final = 8


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it was found."""

    value: str = field(repr=False)
    source: str
    """Such as `GITLAB_TOKEN`; never the token."""


def variables_of(forge: Forge, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables whose token belongs to this host, and to no other: a token is never shown to a host it is not for.

    `GH_TOKEN` and `GITHUB_TOKEN` are for github.com; `GH_ENTERPRISE_TOKEN` for the host in `GH_HOST`; `GITLAB_TOKEN`
    for the one in `GITLAB_HOST`, gitlab.com by default; `GITEA_TOKEN` and `FORGEJO_TOKEN` for the one in
    `GITEA_HOST` or `FORGEJO_HOST`, codeberg.org by default.
    """
    if forge.kind == "github":
        if forge.host == "github.com":
            return ("GH_TOKEN", "GITHUB_TOKEN")
        return ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN") if _names(environ, "GH_HOST", forge) else ()
    if forge.kind == "gitlab":
        here = _names(environ, "GITLAB_HOST", forge) if environ.get("GITLAB_HOST") else forge.host == "gitlab.com"
        return ("GITLAB_TOKEN",) if here else ()
    found: list[str] = []
    for name in ("GITEA", "FORGEJO"):
        host = f"{name}_HOST"
        if _names(environ, host, forge) if environ.get(host) else forge.host == "codeberg.org":
            found.append(f"{name}_TOKEN")
    return tuple(found)


def _names(environ: Mapping[str, str], variable: str, forge: Forge) -> bool:
    said = re.sub(r"^https?://", "", environ.get(variable, "").strip()).rstrip("/")
    return said.casefold() == forge.host.casefold()


def secret_name(forge: Forge) -> str:
    """Under which name `aura secrets set` keeps the token of this host."""
    return f"forge-{re.sub(r'[^a-z0-9]+', '-', forge.host.lower()).strip('-')}"[:64].rstrip("-")


def find_token(
    repository: Repository, forge: Forge, secrets: SecretStore, environ: Mapping[str, str] | None = None
) -> Token | None:
    """The token for a forge: from the environment, Aura's secrets, then git's credential helpers; None without one.

    No helper can ask a question: what it does not know counts as none.
    """
    environ = os.environ if environ is None else environ
    for variable in variables_of(forge, environ):
        if value := environ.get(variable, "").strip():
            return _known(value, variable)
    try:
        kept = secrets.get(secret_name(forge))
    except AuraError:
        kept = None  # a keyring that is locked: others are asked
    if kept:
        return _known(kept, f"the secret {secret_name(forge)}")
    return _of_git(repository, forge)


def _known(value: str, source: str) -> Token | None:
    if len(value) < _SHORTEST or not value.isascii() or not value.isprintable() or " " in value:
        return None
    know_secret(value)
    return Token(value, source)


def _of_git(repository: Repository, forge: Forge) -> Token | None:
    asked = f"protocol={forge.scheme}\nhost={forge.host}\npath={forge.path}.git\n\n"
    # Set and empty, so that neither a window nor a terminal asks for a password.
    quiet = repository.git.at(GIT_ASKPASS="", SSH_ASKPASS="", GCM_INTERACTIVE="never")
    try:
        ran = quiet.read("credential", "fill", stdin=asked.encode(), ok=(0, 1, 128))
    except (GitError, Unavailable):
        return None
    found = dict(line.split("=", 1) for line in ran.lines if "=" in line) if ran.code == 0 else {}
    return _known(found.get("password", ""), "git's credential helper")
