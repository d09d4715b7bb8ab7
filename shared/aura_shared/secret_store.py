"""Credentials by name: from the environment, the system's keyring, or a file that the user agreed to.

A secret is read in that order and never shown: not in an error, a log line or a list. The file beside the settings
(mode 0600) lists names, where each is kept and since when; it holds values only of those for which the user agreed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, cast

from aura_shared.errors import Conflict, NotAllowed, NotFound, StorageError, Unavailable, UsageProblem
from aura_shared.keyrings import FindKeyring, Keyring, find_keyring, write_checked
from aura_shared.locks import take_lock
from aura_shared.paths import private_folder
from aura_shared.redaction import SHORTEST_SECRET, forget_secret, know_secret
from aura_shared.storage import atomic_write, storage_error

__all__ = ["KeptSecret", "SecretStore", "Where", "variable_of"]

VARIABLE_PREFIX: Final = "AURA_SECRET_"
LONGEST_SECRET: Final = 16_384
LOCK_WAIT_S: Final = 5.0  # A change takes some milliseconds; whoever holds the lock longer hangs.
_MOST_FILE_BYTES: Final = 4_000_000
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
_LONGEST_NAME: Final = 64
_FORMAT: Final = 1

Where = Literal["environment", "keyring", "file"]


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret without its value."""

    name: str
    """Its name, in lower case."""
    where: Where
    """Where it is kept; what the environment says wins."""
    since: str = ""
    """When it was set: ISO 8601 in UTC; empty for the environment."""


@dataclass(frozen=True, slots=True)
class _Entry:
    where: Literal["keyring", "file"]
    since: str
    value: str | None = None


class SecretStore:
    """The secrets of one user.

    Args:
        file: Names, and values of those that are kept in the file.
        environ: Instead of the environment of this process.
        find: Looks for the keyring, at the first use; the default is the system's.
    """

    def __init__(
        self, file: Path, *, environ: Mapping[str, str] | None = None, find: FindKeyring | None = None
    ) -> None:
        self._file = file
        self._environ = os.environ if environ is None else environ
        self._find = find_keyring if find is None else find
        self._keyring: Keyring | str | None = None

    @property
    def keyring_problem(self) -> str:
        """Why there is no keyring to use; empty when there is one. Looks for it."""
        found = self._probe()
        return found if isinstance(found, str) else ""

    def get(self, name: str) -> str | None:
        """The value, or None when there is none; from now on it is masked in the logs of this process.

        Raises:
            UsageProblem: The name cannot be one.
            NotAllowed: Others can read the file.
            Unavailable: It is in the keyring, which cannot be read now.
            StorageError: The file cannot be read.
        """
        name = _checked(name)
        value = self._environ.get(variable_of(name))
        if not value:
            entry = self._read().get(name)
            if entry is not None:
                value = entry.value if entry.where == "file" else self._need_keyring(name).get(name)
        if value:
            know_secret(value)
        return value or None

    def names(self) -> list[KeptSecret]:
        """Every secret without its value, by name.

        Raises:
            NotAllowed: Others can read the file.
            StorageError: The file cannot be read.
        """
        found = {name: KeptSecret(name, entry.where, entry.since) for name, entry in self._read().items()}
        for variable, value in self._environ.items():
            name = variable.removeprefix(VARIABLE_PREFIX).lower()
            if variable.startswith(VARIABLE_PREFIX) and value and _is_name(name):
                found[name] = KeptSecret(name, "environment")
        return sorted(found.values(), key=lambda secret: secret.name)

    def set(self, name: str, value: str, *, file_consent: bool = False) -> KeptSecret:
        """Keep a secret in the keyring; in the file where there is none and the user agreed to that.

        Raises:
            Conflict: There is one already; `rotate` replaces it.
            NotAllowed: There is no keyring and no consent, or others can read the file.
            UsageProblem: The name or the value cannot be one. The text never contains the value.
            StorageError: It cannot be written.
        """
        name = _checked(name)
        _check_value(value)
        with self._changing() as entries:
            if name in entries:
                raise Conflict(f"there is a secret {name!r} already", hint=f"Replace it: aura secrets rotate {name}")
            entries[name] = self._keep(name, value, file_consent=file_consent)
            return KeptSecret(name, entries[name].where, entries[name].since)

    def rotate(self, name: str, value: str) -> KeptSecret:
        """Replace a secret where it is kept; nobody reads half of it, and the old one stays when that fails.

        Raises:
            NotFound: There is none, or it is in the environment only.
            UsageProblem: The value cannot be one. The text never contains it.
            Unavailable: The keyring cannot be used now.
            StorageError: It cannot be written.
        """
        name = _checked(name)
        _check_value(value)
        with self._changing() as entries:
            old = self._known(entries, name)
            if old.where == "keyring":
                write_checked(self._need_keyring(name), name, value)
            entries[name] = _Entry(old.where, _now(), value if old.where == "file" else None)
            if old.value:
                forget_secret(old.value)
            return KeptSecret(name, old.where, entries[name].since)

    def delete(self, name: str) -> KeptSecret:
        """Forget a secret; returns where it was.

        Raises:
            NotFound: There is none, or it is in the environment only.
            Unavailable: The keyring cannot be used now.
            StorageError: It cannot be written.
        """
        name = _checked(name)
        with self._changing() as entries:
            old = self._known(entries, name)
            if old.where == "keyring":
                self._need_keyring(name).delete(name)
            del entries[name]
            return KeptSecret(name, old.where, old.since)

    # -- parts --------------------------------------------------------------------------------------------------

    def _known(self, entries: Mapping[str, _Entry], name: str) -> _Entry:
        entry = entries.get(name)
        if entry is not None:
            return entry
        if self._environ.get(variable_of(name)):
            raise NotFound(
                f"the secret {name!r} comes from the environment, which is not changed here",
                hint=f"Change the variable {variable_of(name)} where it is set.",
            )
        raise NotFound(f"there is no secret {name!r}", hint=f"Set it: aura secrets set {name}")

    def _keep(self, name: str, value: str, *, file_consent: bool) -> _Entry:
        keyring = self._probe()
        if not isinstance(keyring, str):
            write_checked(keyring, name, value)
            return _Entry("keyring", _now())
        if not file_consent:
            raise NotAllowed(
                f"no keyring can be used here ({keyring}), and a secret is not written to a file without being told so",
                hint=f"Agree with --file-consent (the file is {self._file}, readable by you only), or set the variable "
                f"{variable_of(name)} where Aura is started.",
            )
        return _Entry("file", _now(), value)

    def _probe(self) -> Keyring | str:
        if self._keyring is None:
            self._keyring = self._find()
        return self._keyring

    def _need_keyring(self, name: str) -> Keyring:
        keyring = self._probe()
        if isinstance(keyring, str):
            raise Unavailable(
                f"the secret {name!r} is in the keyring, which cannot be used now: {keyring}",
                hint=f"Unlock the keyring, or set the variable {variable_of(name)}.",
            )
        return keyring

    @contextlib.contextmanager
    def _changing(self) -> Generator[dict[str, _Entry]]:
        """The entries, which are written when the block ends well; one process at a time."""
        private_folder(self._file.parent)
        with _locked(self._file.with_name(f"{self._file.name}.lock")):
            entries = self._read()
            yield entries
            self._write(entries)

    def _read(self) -> dict[str, _Entry]:
        raw = _read_private(self._file)
        if raw is None:
            return {}
        try:
            document = cast("dict[str, object]", json.loads(raw))
            if document["version"] != _FORMAT:
                raise StorageError(
                    f"{self._file} has version {document['version']}, and {_FORMAT} is expected",
                    hint="A newer Aura wrote it: update Aura.",
                )
            listed = cast("dict[str, dict[str, str]]", document["secrets"])
            return {name: _entry(fields) for name, fields in listed.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StorageError(  # Without the cause: its text may quote the file.
                f"{self._file} cannot be read: it must hold JSON as Aura writes it",
                hint="Move it away, and set the secrets again.",
            ) from None

    def _write(self, entries: Mapping[str, _Entry]) -> None:
        listed = {
            name: {"where": entry.where, "since": entry.since} | ({"value": entry.value} if entry.value else {})
            for name, entry in sorted(entries.items())
        }
        text = json.dumps({"version": _FORMAT, "secrets": listed}, indent=1)
        atomic_write(self._file, text.encode() + b"\n", 0o600)


def variable_of(name: str) -> str:
    """The environment variable that gives the secret `name`."""
    return VARIABLE_PREFIX + name.upper().replace("-", "_")


def _checked(name: str) -> str:
    """The name in lower case, with underscores.

    Raises:
        UsageProblem: It cannot be one.
    """
    if not _is_name(name):
        raise UsageProblem(
            "the name of a secret must have letters and digits, with single _ or - between them, begin with a letter, "
            f"and have at most {_LONGEST_NAME} characters",
            hint="Such as: aura secrets set openai_key",
        )
    return name.lower().replace("-", "_")


def _is_name(name: str) -> bool:
    # A double underscore would make its variable look like a setting.
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def _check_value(value: str) -> None:
    if len(value) < SHORTEST_SECRET:
        raise UsageProblem(
            f"a secret must have at least {SHORTEST_SECRET} characters, so that it can be masked in logs; "
            f"found {len(value)}"
        )
    if len(value) > LONGEST_SECRET:
        raise UsageProblem(f"a secret must have at most {LONGEST_SECRET:,} characters; found {len(value):,}")
    if not value.isprintable():
        raise UsageProblem("a secret must be one line of printable characters")


def _read_private(file: Path) -> bytes | None:
    """The content of a file that only its owner can read; None when there is none.

    Raises:
        NotAllowed: It is a link or no file, belongs to another user, or others have rights on it.
        StorageError: It cannot be read.
    """
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if file.is_symlink():
            raise NotAllowed(f"{file} must be a file, and is a link", hint="Remove the link.") from error
        raise storage_error(error, str(file)) from error
    try:
        _must_be_private(file, os.fstat(fd))
        with os.fdopen(fd, "rb", closefd=False) as opened:
            return opened.read(_MOST_FILE_BYTES)
    except OSError as error:
        raise storage_error(error, str(file)) from error
    finally:
        os.close(fd)


def _must_be_private(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotAllowed(f"{file} must be a file, and is none", hint="Remove it.")
    if found.st_uid != os.getuid():
        raise NotAllowed(f"{file} must belong to user {os.getuid()}, and belongs to user {found.st_uid}")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise NotAllowed(
            f"{file} must be readable by its owner only (mode 0600), and has mode {mode:04o}",
            hint=f"Others may have read the secrets: replace them, then chmod 600 {file}",
        )


def _entry(fields: Mapping[str, str]) -> _Entry:
    where = fields["where"]
    if where == "file":
        return _Entry("file", fields["since"], fields["value"])
    if where == "keyring":
        return _Entry("keyring", fields["since"])
    raise ValueError("an unknown place")


@contextlib.contextmanager
def _locked(file: Path) -> Generator[None]:
    """Hold the lock while the block runs."""
    try:
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise storage_error(error, str(file)) from error
    try:
        if not take_lock(fd, LOCK_WAIT_S):
            raise Conflict("another process changes the secrets right now")
        yield
    finally:
        os.close(fd)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
