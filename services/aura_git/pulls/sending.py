"""Opening and renewing pull requests: at the forge where that can be, else in a file below the git folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from aura_git.branching.remotes import hash_there, problem_of, without_secrets
from aura_git.pulls.blocks import renew
from aura_git.pulls.calling import HttpApi, ProgramApi, program_for
from aura_git.pulls.drafting import Drafted, check_text
from aura_git.pulls.forge_calls import ForgeCalls, OpenPull
from aura_git.pulls.forges import Forge, need_allowed
from aura_git.pulls.tokens import find_token, secret_name
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, Safety
from aura_shared.errors import (
    ForgeRefused,
    ForgeUnreachable,
    GateClosed,
    GitError,
    HostNotAllowed,
    NotFound,
    Unavailable,
)
from aura_shared.messages.pulls import CreatePull, PulledRequest, PullState, PullTransport, UpdatePull
from aura_shared.secret_store import SecretStore
from aura_shared.storage import atomic_write

__all__ = ["Sender", "Way"]

_SAYS_NO: Final = (HostNotAllowed, ForgeUnreachable, ForgeRefused, NotFound)
_GATES: Final = Gates(work_tree=False, at_rest=False)
Via = Literal["auto", "gh", "glab", "rest", "file"]


@dataclass(frozen=True, slots=True)
class Way:
    """How a pull request would be sent."""

    transport: PullTransport
    reason: str
    hint: str = ""
    calls: ForgeCalls | None = field(default=None, repr=False)


class Sender:
    """Sends what was drafted.

    Args:
        safety: What every write goes through.
        secrets: Aura's secrets, for tokens.
        allow: The setting `network.allow`.
    """

    def __init__(self, safety: Safety, secrets: SecretStore, allow: tuple[str, ...]) -> None:
        self._safety = safety
        self._secrets = secrets
        self._allow = allow

    def way(self, repository: Repository, drafted: Drafted, via: Via = "auto") -> Way:
        """How it would be sent; asks no other machine.

        The forge's own program where it has a login, else its interface with a token, else a file. A host that
        `network.allow` does not name is never asked.
        """
        forge = drafted.forge
        if via == "file" or forge.kind == "none":
            return Way("file", "as you said" if via == "file" else forge.source)
        try:
            need_allowed(forge, self._allow)
        except HostNotAllowed as error:
            return Way("file", error.message, error.hint)
        if via != "rest" and (program := program_for(forge)):
            api = ProgramApi(repository, forge, program)
            return Way("glab" if api.name == "glab" else "gh", f"{api.name} has a login", calls=ForgeCalls(forge, api))
        if via in {"gh", "glab"}:
            return Way("file", f"{via} is not installed, or has no login for {forge.host}")
        return self._with_token(repository, forge)

    def _with_token(self, repository: Repository, forge: Forge) -> Way:
        token = find_token(repository, forge, self._secrets)
        if token is None:
            hint = f"Log in with the forge's own program, or: aura secrets set {secret_name(forge)}"
            return Way("file", f"there is no token for {forge.host}", hint)
        try:
            return Way("rest", f"with {token.source}", calls=ForgeCalls(forge, HttpApi(repository, forge, token)))
        except ForgeUnreachable as error:
            return Way("file", error.message, error.hint)

    def create(self, repository: Repository, drafted: Drafted, request: CreatePull) -> PulledRequest:
        """Open it, or renew the one that is open; where the forge says no, it is in a file, and the answer says why.

        Raises:
            CommitBlocked: The text holds a secret.
            GateClosed, ForgeRefused, ForgeUnreachable, HookRefused: The branch could not be pushed.
        """
        return self._send(repository, drafted, request, "pr create")

    def update(self, repository: Repository, drafted: Drafted, request: UpdatePull) -> PulledRequest:
        """Renew the one that is open, or the file; raises like `create`, and NotFound when there is none."""
        return self._send(repository, drafted, request, "pr update")

    def _send(
        self, repository: Repository, drafted: Drafted, request: CreatePull | UpdatePull, command: str
    ) -> PulledRequest:
        text = drafted.text.model_copy(update={"title": request.title.strip() or drafted.text.title})
        drafted = _with(drafted, text.title, text.body)
        check_text(text.title, text.body, request.allow)
        way = self.way(repository, drafted, request.via)
        creates = isinstance(request, CreatePull)
        if not creates and way.calls is None and not file_of(repository, drafted.branch).exists():
            raise NotFound(
                f"no pull request is known for {drafted.branch!r}: {way.reason}", hint="Make one: aura pr create"
            )
        if request.dry_run:
            return _told(drafted, way, "planned", draft=not creates or request.draft)
        title = f"{command.removeprefix('pr ')} the pull request of {drafted.branch}"
        with self._safety.begin(repository, command, title, gates=_GATES) as operation:
            pushed = self._push(repository, drafted, operation, allowed=request.push, at_forge=way.calls is not None)
            try:
                done = self._at_forge(drafted, way, request, operation)
            except _SAYS_NO as error:
                if not creates:
                    raise
                way = Way("file", error.message, error.hint)
                done = None
            if done is None:
                done = self._in_file(repository, drafted, way, operation)
            return done.model_copy(update={"pushed": pushed, "operation": operation.id})

    def _push(
        self, repository: Repository, drafted: Drafted, operation: Operation, *, allowed: bool, at_forge: bool
    ) -> bool:
        """Push the branch where it has to be; returns whether that was done."""
        remote, branch = drafted.remote, drafted.branch
        if not remote or (not at_forge and not allowed):
            return False
        if hash_there(repository.git, remote, branch) == drafted.tip:
            return False
        if not allowed:
            raise GateClosed(
                f"{branch!r}, as it is here, is not at {remote}", hint="Push it, or let Aura do that: --push"
            )
        operation.step(f"push {branch} to {remote}")
        ref = f"refs/heads/{branch}"
        try:
            repository.git.write("push", "--quiet", "--set-upstream", "--", remote, f"{drafted.tip}:{ref}")
        except (GitError, Unavailable) as error:
            raise problem_of(error, remote) from error
        operation.remember(pushed=f"{branch} to {remote}")
        return True

    def _at_forge(
        self, drafted: Drafted, way: Way, request: CreatePull | UpdatePull, operation: Operation
    ) -> PulledRequest | None:
        """What became of it at the forge; None where it goes to a file."""
        if way.calls is None:
            return None
        operation.step(f"look for an open one at {drafted.forge.host}")
        found = way.calls.find(drafted.branch)
        if found is None:
            if not isinstance(request, CreatePull):
                raise NotFound(
                    f"no pull request is open for {drafted.branch!r} at {drafted.forge.host}",
                    hint="Make one: aura pr create",
                )
            return self._open(drafted, way, way.calls, operation, draft=request.draft)
        return _renewed(drafted, way, way.calls, request, operation, found)

    @staticmethod
    def _open(drafted: Drafted, way: Way, calls: ForgeCalls, operation: Operation, *, draft: bool) -> PulledRequest:
        operation.step(f"open it at {drafted.forge.host}")
        text = drafted.text
        pull = calls.create(text.branch, text.base, text.title, text.body, draft=draft)
        operation.remember(pull=str(pull.number), url=without_secrets(pull.url))
        return _told(drafted, way, "created", pull=pull, draft=draft)

    @staticmethod
    def _in_file(repository: Repository, drafted: Drafted, way: Way, operation: Operation) -> PulledRequest:
        file = file_of(repository, drafted.branch)
        old_title, old = _read(file)
        body = renew(old, drafted.text.body) if old else drafted.text.body
        title = old_title or drafted.text.title
        drafted = _with(drafted, title, body)
        operation.step(f"write {file.name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, f"# {title}\n\n{body.rstrip()}\n".encode())
        shown = os.path.relpath(file, repository.root)
        state: PullState = "updated" if old else "written"
        return _told(drafted, way, state, file=shown if not shown.startswith("..") else str(file))


def _renewed(
    drafted: Drafted,
    way: Way,
    calls: ForgeCalls,
    request: CreatePull | UpdatePull,
    operation: Operation,
    found: OpenPull,
) -> PulledRequest:
    """Aura's part of an open one as it is now; what people wrote stays, the title too unless one was given."""
    title = request.title.strip() or found.title
    body = renew(found.body, drafted.text.body)
    check_text(title, body, request.allow)
    told = _with(drafted, title, body)
    notices = [f"It goes into {found.base}, not {drafted.text.base}."] if found.base != drafted.text.base else []
    if title == found.title and body.strip() == found.body.replace("\r\n", "\n").strip():
        answer = _told(told, way, "unchanged", pull=found, draft=found.draft)
    else:
        operation.step(f"renew number {found.number} at {drafted.forge.host}")
        pull = calls.update(found, title=title, body=body)
        operation.remember(pull=str(pull.number), url=without_secrets(pull.url))
        answer = _told(told, way, "updated", pull=pull, draft=pull.draft)
    return answer.model_copy(update={"notices": notices})


def file_of(repository: Repository, branch: str) -> Path:
    """Where the text of a branch's pull request is kept: one file for each, so that none replaces another."""
    return repository.common_dir / "aura" / "pull-requests" / f"{branch}.md"


def _read(file: Path) -> tuple[str, str]:
    """Title and text of a file; both empty when it is not there."""
    try:
        text = file.read_text(errors="replace")
    except FileNotFoundError:
        return "", ""
    first, _, rest = text.partition("\n")
    return (first[2:].strip(), rest.strip("\n")) if first.startswith("# ") else ("", text)


def _with(drafted: Drafted, title: str, body: str) -> Drafted:
    text = drafted.text.model_copy(update={"title": title, "body": body})
    return Drafted(text, drafted.target, drafted.forge, drafted.remote, drafted.branch, drafted.tip, drafted.needs_push)


def _told(
    drafted: Drafted, way: Way, state: PullState, *, pull: OpenPull | None = None, draft: bool = True, file: str = ""
) -> PulledRequest:
    failed = way.transport == "file"
    return PulledRequest(
        state=state,
        transport=way.transport,
        url=pull.url if pull is not None else "",
        number=pull.number if pull is not None else 0,
        draft=draft,
        file=file,
        text=drafted.text,
        target=drafted.target,
        problem=way.reason if failed else "",
        hint=way.hint if failed else "",
    )
