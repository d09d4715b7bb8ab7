"""`aura secrets`: nothing that it prints, writes or raises shows a value, and it needs no daemon."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from aura_cli import main
from aura_cli_running import Aura, Ran
from aura_shared.paths import find_paths
from aura_shared.secret_store import SecretStore

VALUE = "correct-horse-battery"
OTHER = "staple-0123456789"

Typed = Callable[..., Ran]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main._TABLE, "secrets", ("secrets", "Keep credentials."))


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a keyring, as a server is one."""
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)


@pytest.fixture
def typed(aura: Aura, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Runs `aura` with something on standard input."""

    def run(text: str, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return aura(*arguments)

    return run


@pytest.fixture
def store(aura_home: Path) -> SecretStore:
    return SecretStore(find_paths().prepare().secrets)


@pytest.mark.requirement("L3")
def test_a_secret_is_read_from_standard_input_and_never_shown(typed: Typed, store: SecretStore) -> None:
    ran = typed(f"{VALUE}\n", "secrets", "set", "Openai-Key", "--file-consent")
    assert (ran.code, ran.out) == (0, "Kept: openai_key in a file that only you can read.\n")
    assert 'secret = "openai_key"' in ran.err
    assert store.get("openai_key") == VALUE
    ran = typed(f"{OTHER}\r\n", "secrets", "rotate", "openai_key", "--json")
    assert ran.json()["secret"] == {"name": "openai_key", "where": "file", "since": store.names()[0].since}
    assert store.get("openai_key") == OTHER
    for arguments in (["secrets", "list"], ["secrets", "list", "--json"], ["secrets", "delete", "openai_key"]):
        ran = typed("", *arguments)
        assert ran.code == 0
        assert "openai_key" in ran.out
        assert VALUE not in ran.out + ran.err
        assert OTHER not in ran.out + ran.err
    assert store.names() == []


@pytest.mark.requirement("L3")
def test_without_a_keyring_and_consent_nothing_is_kept(typed: Typed, store: SecretStore) -> None:
    ran = typed(VALUE, "secrets", "set", "openai_key")
    assert (ran.code, ran.out) == (8, "")
    assert "no keyring can be used here (this machine has none)" in ran.err
    assert "--file-consent" in ran.err
    assert VALUE not in ran.err
    assert not find_paths().secrets.exists()


@pytest.mark.requirement("L3")
@pytest.mark.parametrize("command", ["set", "rotate"])
def test_a_value_on_the_command_line_is_refused_without_being_repeated(typed: Typed, command: str) -> None:
    ran = typed("", "secrets", command, "openai_key", VALUE)
    assert ran.code == 2
    assert "never taken from the command line" in ran.err
    assert VALUE not in ran.out + ran.err
    assert not find_paths().secrets.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at least 8 characters"),
        ("short\n", "at least 8 characters"),
        (f"{VALUE}\n{OTHER}\n", "one line of printable characters"),
        ("x" * 30_000, "at most 16,384 characters"),
    ],
    ids=["nothing", "short", "two lines", "endless"],
)
def test_input_that_is_no_secret_is_refused(typed: Typed, text: str, problem: str) -> None:
    ran = typed(text, "secrets", "set", "openai_key", "--file-consent")
    assert ran.code == 2
    assert problem in ran.err
    assert VALUE not in ran.err
    assert not find_paths().secrets.exists()


def test_the_list_tells_places_and_ages(
    aura: Aura, store: SecretStore, monkeypatch: pytest.MonkeyPatch, aura_home: Path
) -> None:
    assert aura("secrets", "list").out == "There are no secrets. Models on this machine need none.\n"
    store.set("local", VALUE, file_consent=True)
    file = find_paths().secrets
    three_days = (datetime.now(UTC) - timedelta(days=3, hours=4)).isoformat(timespec="seconds")
    file.write_text(re.sub(r'("since": ")[^"]*', rf"\g<1>{three_days}", file.read_text("utf-8")), "utf-8")
    monkeypatch.setenv("AURA_SECRET_CLOUD", OTHER)
    ran = aura("secrets", "list")
    assert [line.split() for line in ran.out.splitlines()] == [
        ["SECRET", "KEPT", "IN", "AGE"],
        ["cloud", "AURA_SECRET_CLOUD"],
        ["local", *["a", "file", "that", "only", "you", "can", "read", "3", "d", "4", "h"]],
    ]


def test_a_file_with_an_odd_date_is_still_listed(aura: Aura, store: SecretStore) -> None:
    store.set("local", VALUE, file_consent=True)
    file = find_paths().secrets
    file.write_text(re.sub(r'("since": ")[^"]*', r"\g<1>yesterday", file.read_text("utf-8")), "utf-8")
    assert "local" in aura("secrets", "list").out


@pytest.mark.requirement("L3")
def test_a_file_that_others_can_read_is_refused(aura: Aura, store: SecretStore) -> None:
    store.set("local", VALUE, file_consent=True)
    find_paths().secrets.chmod(0o644)
    ran = aura("secrets", "list")
    assert ran.code == 8
    assert "has mode 0644" in ran.err


@pytest.mark.requirement("L3")
def test_a_person_types_a_secret_twice_without_seeing_it(aura_home: Path) -> None:
    """A real terminal, and a process of its own."""
    code = (
        "import sys, keyring; from keyring.backends import fail; keyring.get_keyring = fail.Keyring; "
        "from aura_cli import main; main._TABLE['secrets'] = ('secrets', ''); "
        "sys.exit(main.main(['secrets', 'set', 'typed', '--file-consent']))"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "NO_COLOR": "1"},
    )
    os.close(theirs)
    try:
        screen = _until(ours, "Value of typed")
        os.write(ours, f"{VALUE}\n".encode())
        screen += _until(ours, "Repeat for confirmation")
        os.write(ours, f"{VALUE}\n".encode())
        screen += _until(ours, "Kept: typed")
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert VALUE not in screen
    assert SecretStore(find_paths().secrets).get("typed") == VALUE


def _until(terminal: int, text: str) -> str:
    """What the terminal shows up to and including `text`."""
    seen = ""
    deadline = time.monotonic() + 30
    while text not in seen:
        assert time.monotonic() < deadline, seen
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                seen += os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # The other side is closed.
                pytest.fail(f"ended before {text!r}: {seen}")
    return seen
