"""What a machine can confine is found out by doing it, and told in words."""

from __future__ import annotations

import os
import platform
import struct
import threading
from pathlib import Path

import pytest

from aura_factory.sandbox import bwrap, identity, landlock, probing
from aura_factory.sandbox.contract import Probe
from aura_factory.sandbox.identity import identity_for
from aura_factory.sandbox.interpreters import interpreter_environment, interpreter_paths
from aura_factory.sandbox.probing import doctor_lines, explain_failure, lacks_of, probe
from aura_factory.sandbox.seccomp import build_filter
from aura_shared.errors import SandboxUnavailable
from sandbox_needs import runner_of


def nothing(_: str) -> None:
    """No program is installed."""


@pytest.mark.requirement("F7")
def test_the_doctor_tells_tier_lacks_and_reasons() -> None:
    found = Probe("landlock", ("no servers under test",), ("bwrap: not installed; install bubblewrap",), 21.4)
    assert doctor_lines(found) == [
        "sandbox: Landlock and a system call filter, starts in 21 ms",
        "  lacks: no servers under test",
        "  not better, because bwrap: not installed; install bubblewrap",
    ]
    assert doctor_lines(Probe("none"))[0] == "sandbox: none; tests and tools of a change are not run here"


def test_the_strongest_tier_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runner_of("bwrap")
    assert probe().tier == "bwrap"
    monkeypatch.setattr(probing, "find_tool", nothing)
    assert probe().tier == "bwrap"
    again = probe(again=True)
    monkeypatch.undo()
    assert again.tier != "bwrap"
    assert "bubblewrap is not installed; install bubblewrap" in again.reasons[0]
    assert probe(again=True).tier == "bwrap"


def test_an_old_bubblewrap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bwrap"
    old.write_text("#!/bin/sh\necho bubblewrap 0.4.0\n", encoding="utf-8")
    old.chmod(0o755)

    def found_there(_: str) -> str:
        return str(old)

    monkeypatch.setattr(probing, "find_tool", found_there)
    found = probe("bwrap", again=True)
    monkeypatch.undo()
    probe("bwrap", again=True)
    assert found.tier == "none"
    assert "0.4.0 is too old" in found.reasons[0]


@pytest.mark.parametrize(("abi", "words"), [(0, "has no Landlock"), (2, "from being truncated")])
def test_a_kernel_without_sound_landlock_is_refused(abi: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "abi_version", lambda: abi)
    found = probe("landlock", again=True)
    monkeypatch.undo()
    probe("landlock", again=True)
    assert found.tier == "none"
    assert words in found.reasons[-1]


@pytest.mark.parametrize(
    ("system", "machine", "words"),
    [("Darwin", "arm64", "macOS"), ("Windows", "AMD64", "WSL2"), ("Linux", "riscv64", "riscv64 are not known")],
)
def test_other_systems_are_told_what_to_do(
    system: str, machine: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    found = probe(again=True)
    monkeypatch.undo()
    probe(again=True)
    assert found.tier == "none"
    assert words in found.reasons[0]


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"kernel.unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"user.max_user_namespaces": "0"}, "user.max_user_namespaces=15000"),
        ({}, "as in most containers"),
    ],
)
def test_refused_namespaces_are_explained(switches: dict[str, str], words: str) -> None:
    said = "bwrap: setting up uid map: Permission denied"
    assert words in explain_failure(said, switches)
    assert said in explain_failure(said, switches)


def test_apparmor_is_named_to_ordinary_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "is_root", lambda: False)
    switches = {"kernel.apparmor_restrict_unprivileged_userns": "1"}
    assert "AppArmor" in explain_failure("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", switches)
    assert explain_failure("something else", switches) == "something else"
    assert explain_failure("", switches) == "it ended without a word"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Uid:\t0\t0\t0\t0", "as root"),
        ("Uid:\t7\t7\t7\t7\nCapEff:\t1", "capabilities"),
        ("Uid:\t7\t7\t7\t7\nCapEff:\t0\nCapPrm:\t0\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t0", "filter"),
        ("", "as root"),
    ],
)
def test_a_confinement_that_did_not_take_effect_is_refused(status: str, words: str) -> None:
    with pytest.raises(SandboxUnavailable, match=words):
        probing._check_rights(status)


def test_older_kernels_lack_more() -> None:
    assert any("signals" in lack for lack in lacks_of("landlock", as_root=False, abi=5))
    assert not any("signals" in lack for lack in lacks_of("landlock", as_root=False, abi=6))


@pytest.mark.parametrize(
    ("uid_map", "expected"),
    [
        ("0 0 4294967295", (1_900_000_000, 2_100_000_000)),
        ("0 100000 65536", (64_512, 65_536)),
        ("0 1000 1", (1, 1)),
        ("", (1, 0)),
    ],
)
def test_users_are_chosen_from_those_that_are_mapped(uid_map: str, expected: tuple[int, int]) -> None:
    usable = identity._usable(uid_map)
    assert (usable.start, usable.stop) == expected


def test_without_another_user_root_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_ranges", lambda: (range(1, 1), range(1, 1)))
    with pytest.raises(SandboxUnavailable, match="never run as root"):
        identity_for(None)


def test_a_missing_helper_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bwrap, "find_tool", nothing)
    with pytest.raises(SandboxUnavailable, match="bwrap, prlimit"):
        bwrap.prepare_bwrap(["true"], probing.Policy(tmp_path))


@pytest.mark.parametrize("tier", ["bwrap", "landlock"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_ends_inside_it_and_every_path_returns(tier: str, machine: str) -> None:
    steps = list(struct.iter_unpack("<HBBI", build_filter("bwrap" if tier == "bwrap" else "landlock", machine)))
    assert len(steps) < 4096
    for index, (code, jt, jf, k) in enumerate(steps):
        ahead = [] if code == 0x06 else [k] if code == 0x05 else [jt, jf] if code & 7 == 5 else [0]
        assert all(index + 1 + jump < len(steps) for jump in ahead)


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(ValueError, match="no call numbers for riscv64"):
        build_filter("bwrap", "riscv64")


def test_a_confined_thread_reads_what_is_allowed_and_nothing_else(tmp_path: Path) -> None:
    """Landlock and filters hold for a thread, so the process of the tests stays free."""
    runner_of("landlock")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_text("1", encoding="utf-8")
    (tmp_path / "out").write_text("2", encoding="utf-8")
    seen: list[object] = []

    def confined() -> None:
        rules = landlock.open_rules(landlock.abi_version(), [str(tmp_path / "in"), "/no/such"], [], ["/dev/null"])
        landlock.confine(rules, build_filter("landlock", os.uname().machine))
        seen.append((tmp_path / "in" / "file").read_text(encoding="utf-8"))
        for act in ((tmp_path / "out").read_bytes, (tmp_path / "in" / "new").touch, lambda: os.chroot("/")):
            try:
                seen.append(act())
            except PermissionError:
                seen.append("refused")
        os.close(rules)

    thread = threading.Thread(target=confined)
    thread.start()
    thread.join()
    assert seen == ["1", "refused", "refused", "refused"]


def test_a_python_brings_its_environment_and_what_that_stands_on(tmp_path: Path) -> None:
    base = tmp_path / "pythons" / "3.11"
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "python3").write_text("", encoding="utf-8")
    venv = tmp_path / "project" / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {base}/bin\n", encoding="utf-8")
    (venv / "bin" / "python").symlink_to(base / "bin" / "python3")
    assert interpreter_paths(venv / "bin" / "python") == [venv, base]
    environment = interpreter_environment(venv / "bin" / "python")
    assert environment["PATH"].startswith(f"{venv}/bin:")
    assert interpreter_paths(Path("/usr/bin/python3")) == []


def test_cargo_brings_toolchains_and_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    cargo = tmp_path / ".cargo"
    for folder in (cargo / "bin", cargo / "registry", tmp_path / ".rustup"):
        folder.mkdir(parents=True)
    (cargo / "credentials.toml").write_text("secret", encoding="utf-8")
    (cargo / "bin" / "rustup").write_text("", encoding="utf-8")
    (cargo / "bin" / "cargo").symlink_to("rustup")
    assert set(interpreter_paths(cargo / "bin" / "cargo")) == {cargo / "bin", cargo / "registry", tmp_path / ".rustup"}
    assert interpreter_environment(cargo / "bin" / "cargo")["RUSTUP_HOME"] == str(tmp_path / ".rustup")


def test_a_program_in_the_home_folder_does_not_bring_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".local" / "bin").mkdir(parents=True)
    (tmp_path / ".local" / "lib" / "python3.11").mkdir(parents=True)
    program = tmp_path / ".local" / "bin" / "python3"
    program.write_text("", encoding="utf-8")
    assert interpreter_paths(program) == [program, tmp_path / ".local" / "lib" / "python3.11"]
    assert interpreter_environment(tmp_path / "go" / "bin" / "go")["GOPROXY"] == "off"
