"""Credentials: where they are kept, and that they are never shown."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import fail

from aura_shared import redaction
from aura_shared.errors import AuraError, Conflict, NotAllowed, NotFound, StorageError, Unavailable, UsageProblem
from aura_shared.keyrings import Keyring, find_keyring
from aura_shared.redaction import MASK, mask
from aura_shared.secret_store import KeptSecret, SecretStore, variable_of

VALUE = "correct-horse-battery"
OTHER = "staple-0123456789"


class MemoryKeyring:
    """A keyring of a test; `broken` makes it fail, `forgetful` makes it keep nothing."""

    name = "memory"

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.broken = False
        self.forgetful = False

    def get(self, name: str) -> str | None:
        self._check()
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self._check()
        if not self.forgetful:
            self.kept[name] = value

    def delete(self, name: str) -> None:
        self._check()
        self.kept.pop(name, None)

    def _check(self) -> None:
        if self.broken:
            raise Unavailable("the keyring memory failed: locked")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "secrets.json"


def headless(file: Path, **environ: str) -> SecretStore:
    """A store on a machine without a keyring."""
    return SecretStore(file, environ=environ, find=lambda: "this machine has none")


def with_keyring(file: Path, ring: Keyring, **environ: str) -> SecretStore:
    return SecretStore(file, environ=environ, find=lambda: ring)


@pytest.mark.requirement("L3")
def test_the_environment_comes_first_then_the_keyring_then_the_file(file: Path) -> None:
    ring = MemoryKeyring()
    assert with_keyring(file, ring).set("openai-key", VALUE).where == "keyring"
    headless(file).set("local", OTHER, file_consent=True)
    store = with_keyring(file, ring, AURA_SECRET_OTHER="from-environment")
    assert (store.get("openai_key"), store.get("local"), store.get("other")) == (VALUE, OTHER, "from-environment")
    assert with_keyring(file, ring, AURA_SECRET_OPENAI_KEY="wins-over-all").get("OpenAI-key") == "wins-over-all"
    assert store.get("nobody") is None


@pytest.mark.requirement("L3")
def test_without_a_keyring_nothing_is_written_unless_the_user_agreed(file: Path) -> None:
    store = headless(file)
    with pytest.raises(NotAllowed, match="no keyring can be used here") as refused:
        store.set("openai", VALUE)
    assert "--file-consent" in refused.value.hint
    assert "AURA_SECRET_OPENAI" in refused.value.hint
    assert not file.exists()
    assert store.set("openai", VALUE, file_consent=True).where == "file"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert headless(file).get("openai") == VALUE


def test_consent_to_the_file_does_not_keep_a_secret_out_of_the_keyring(file: Path) -> None:
    ring = MemoryKeyring()
    assert with_keyring(file, ring).set("openai", VALUE, file_consent=True).where == "keyring"
    assert VALUE not in file.read_text(encoding="utf-8")


@pytest.mark.requirement("L3")
def test_names_come_with_their_place_and_age_and_never_with_a_value(file: Path) -> None:
    headless(file).set("local", VALUE, file_consent=True)
    ring = MemoryKeyring()
    store = with_keyring(file, ring, AURA_SECRET_CLOUD="from-environment", AURA_SECRET_EMPTY="", AURA_SECRET_A__B="x")
    store.set("ringed", OTHER)
    names = store.names()
    assert [(secret.name, secret.where) for secret in names] == [
        ("cloud", "environment"),
        ("local", "file"),
        ("ringed", "keyring"),
    ]
    assert [bool(secret.since) for secret in names] == [False, True, True]
    assert not any(VALUE in repr(secret) or OTHER in repr(secret) for secret in names)


@pytest.mark.requirement("L3")
@pytest.mark.parametrize("where", ["keyring", "file"])
def test_a_secret_is_rotated_where_it_is(file: Path, where: str) -> None:
    ring = MemoryKeyring()
    store = with_keyring(file, ring) if where == "keyring" else headless(file)
    store.set("openai", VALUE, file_consent=True)
    with pytest.raises(Conflict, match="there is a secret 'openai' already"):
        store.set("openai", OTHER, file_consent=True)
    assert store.get("openai") == VALUE
    assert store.rotate("openai", OTHER).where == where
    assert store.get("openai") == OTHER
    assert VALUE not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("where", ["keyring", "file"])
def test_a_deleted_secret_is_gone(file: Path, where: str) -> None:
    ring = MemoryKeyring()
    store = with_keyring(file, ring) if where == "keyring" else headless(file)
    store.set("openai", VALUE, file_consent=True)
    assert store.delete("openai").where == where
    assert store.get("openai") is None
    assert not ring.kept
    for change in (lambda: store.delete("openai"), lambda: store.rotate("openai", OTHER)):
        with pytest.raises(NotFound, match="there is no secret 'openai'"):
            change()


def test_what_the_environment_says_is_changed_there(file: Path) -> None:
    store = headless(file, AURA_SECRET_OPENAI=VALUE)
    with pytest.raises(NotFound, match="comes from the environment") as refused:
        store.rotate("openai", OTHER)
    assert "AURA_SECRET_OPENAI" in refused.value.hint


@pytest.mark.requirement("L3")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    headless(file).set("openai", VALUE, file_consent=True)
    file.chmod(mode)
    with pytest.raises(NotAllowed, match=f"mode 0600.*has mode 0{mode:o}") as refused:
        headless(file).get("openai")
    assert "chmod 600" in refused.value.hint
    with pytest.raises(NotAllowed):
        headless(file).names()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    headless(file).set("openai", VALUE, file_consent=True)
    os.chown(file, 12345, -1)
    with pytest.raises(NotAllowed, match="belongs to user 12345"):
        headless(file).get("openai")


def test_a_link_and_a_folder_in_the_place_of_the_file_are_refused(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir(mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("{}", encoding="utf-8")
    file.symlink_to(elsewhere)
    with pytest.raises(NotAllowed, match="is a link"):
        headless(file).get("openai")
    file.unlink()
    file.mkdir()
    with pytest.raises(NotAllowed, match="must be a file, and is none"):
        headless(file).get("openai")


@pytest.mark.parametrize(
    "content",
    [
        b"not json " + VALUE.encode(),
        b'["' + VALUE.encode() + b'"]',
        b'{"version": 1}',
        b'{"version": 1, "secrets": {"a": {"where": "moon", "since": ""}}}',
        b'{"version": 1, "secrets": {"a": "' + VALUE.encode() + b'"}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_an_error_that_quotes_nothing_and_changes_nothing(file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(StorageError, match="must hold JSON as Aura writes it") as refused:
        headless(file).set("new", OTHER, file_consent=True)
    assert VALUE not in "".join(traceback.format_exception(refused.value))
    assert file.read_bytes() == content


def test_a_file_of_a_newer_version_is_left_alone(file: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_text('{"version": 2, "secrets": {}}', encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(StorageError, match="has version 2, and 1 is expected"):
        headless(file).names()


@pytest.mark.parametrize("name", ["", "1st", "a__b", "a b", "-a", "a-", "ä", "a" * 65, "a/b", "a\n"])
def test_names_that_cannot_be_variables_are_refused(file: Path, name: str) -> None:
    with pytest.raises(UsageProblem, match="the name of a secret must have"):
        headless(file).set(name, VALUE, file_consent=True)


@pytest.mark.requirement("L3")
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "at least 8 characters.*found 0"),
        ("short", "at least 8 characters"),
        ("x" * 16_385, "at most 16,384"),
        ("line one\nline two", "one line of printable characters"),
        ("with\x00nul-inside", "one line of printable characters"),
    ],
)
def test_values_that_cannot_be_secrets_are_refused_without_showing_them(file: Path, value: str, problem: str) -> None:
    with pytest.raises(UsageProblem, match=problem) as refused:
        headless(file).set("openai", value, file_consent=True)
    assert not value or value not in str(refused.value)
    assert not file.exists()


@pytest.mark.requirement("L3")
def test_a_secret_that_was_read_is_masked_from_then_on(file: Path) -> None:
    store = headless(file)
    store.set("openai", VALUE, file_consent=True)
    assert mask(VALUE) == VALUE
    store.get("openai")
    assert mask(f"sent {VALUE}") == f"sent {MASK}"


def test_a_keyring_that_says_yes_and_keeps_nothing_is_noticed(file: Path) -> None:
    ring = MemoryKeyring()
    ring.forgetful = True
    with pytest.raises(Unavailable, match="did not keep the secret 'openai'") as refused:
        with_keyring(file, ring).set("openai", VALUE)
    assert VALUE not in "".join(traceback.format_exception(refused.value))
    assert with_keyring(file, ring).names() == []


def test_a_keyring_that_fails_leaves_the_old_secret(file: Path) -> None:
    ring = MemoryKeyring()
    store = with_keyring(file, ring)
    before = store.set("openai", VALUE)
    ring.broken = True
    for change in (lambda: store.rotate("openai", OTHER), lambda: store.delete("openai"), lambda: store.get("openai")):
        with pytest.raises(Unavailable):
            change()
    ring.broken = False
    assert store.get("openai") == VALUE
    assert store.names() == [before]


def test_a_keyring_that_is_gone_is_told_with_the_way_out(file: Path) -> None:
    with_keyring(file, MemoryKeyring()).set("openai", VALUE)
    with pytest.raises(Unavailable, match="is in the keyring, which cannot be used now: this machine has none") as gone:
        headless(file).get("openai")
    assert "AURA_SECRET_OPENAI" in gone.value.hint


def test_two_changes_at_once_lose_nothing(file: Path) -> None:
    names = [f"name{number}" for number in range(20)]
    threads = [
        threading.Thread(target=headless(file).set, args=(name, VALUE), kwargs={"file_consent": True}) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [secret.name for secret in headless(file).names()] == sorted(names)


def test_a_lock_that_is_never_given_back_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_shared.secret_store.LOCK_WAIT_S", 0.05)
    store = headless(file)
    with store._changing(), pytest.raises(Conflict, match="another process changes the secrets"):
        headless(file).set("openai", VALUE, file_consent=True)


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = headless(file)
    store.set("openai", VALUE, file_consent=True)
    before = file.read_bytes()

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        store.rotate("openai", OTHER)
    assert file.read_bytes() == before
    assert not [entry.name for entry in file.parent.iterdir() if entry.name.startswith(".secrets")]


# -- the system's keyring


class Ring(keyring.backend.KeyringBackend):
    """A back end of the library itself."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise keyring.errors.KeyringLocked(f"quotes {VALUE}")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken:
            raise keyring.errors.PasswordSetError(f"quotes {password}")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError("not there")
        del self.kept[service, username]


class PlaintextRing(Ring):
    """One that keeps values in a plain file."""


@pytest.fixture
def system() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_the_systems_keyring_is_used_through_its_library(file: Path, system: Ring) -> None:
    store = SecretStore(file, environ={})
    assert store.keyring_problem == ""
    assert store.set("openai", VALUE).where == "keyring"
    assert system.kept == {("aura", "openai"): VALUE}
    assert SecretStore(file, environ={}).get("openai") == VALUE
    del system.kept["aura", "openai"]
    store.delete("openai")
    assert store.names() == []


@pytest.mark.requirement("L3")
def test_errors_of_the_library_never_carry_a_value(file: Path, system: Ring) -> None:
    store = SecretStore(file, environ={})
    store.set("openai", VALUE)
    system.broken = True
    with pytest.raises(AuraError) as refused:
        store.rotate("openai", OTHER)
    assert refused.value.message.endswith("failed: PasswordSetError")
    assert OTHER not in "".join(traceback.format_exception(refused.value))
    with pytest.raises(Unavailable, match="KeyringLocked"):
        store.get("openai")


def test_a_keyring_that_is_locked_or_plain_is_none(file: Path, system: Ring) -> None:
    system.broken = True
    assert "KeyringLocked" in str(find_keyring())
    keyring.set_keyring(PlaintextRing())
    assert "keeps secrets in a plain file" in SecretStore(file, environ={}).keyring_problem


@pytest.mark.requirement("L3")
def test_a_machine_without_a_keyring_is_recognised(file: Path) -> None:
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(fail.Keyring())
        assert find_keyring() == "this machine has none"
    finally:
        keyring.set_keyring(before)


def test_the_library_is_not_imported_before_it_is_needed(file: Path) -> None:
    headless(file).set("openai", VALUE, file_consent=True)
    code = (
        "import sys; from pathlib import Path; from aura_shared.secret_store import SecretStore; "
        f"assert SecretStore(Path({str(file)!r})).get('openai'); print('keyring' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_the_variable_of_a_name() -> None:
    assert variable_of("openai-key") == "AURA_SECRET_OPENAI_KEY"


def test_the_file_says_what_it_holds(file: Path) -> None:
    kept = headless(file).set("openai", VALUE, file_consent=True)
    document = json.loads(file.read_bytes())
    assert document == {
        "version": 1,
        "secrets": {"openai": {"where": "file", "since": kept.since, "value": VALUE}},
    }
    assert kept == KeptSecret("openai", "file", kept.since)
