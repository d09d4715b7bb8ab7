"""Nothing gets out of the sandbox but what its tier says it lacks. The attempts are in `tests/sandbox_attacks.py`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

import aura_factory
import aura_shared
import sandbox_attacks
from sandbox_attacks import ATTACKS
from sandbox_needs import COLUMNS, TABLE, missing, open_folder, ordinary_user, runner_of

TESTS = Path(sandbox_attacks.__file__).parent
SERVICES = Path(str(aura_factory.__file__)).parent.parent
SHARED = Path(str(aura_shared.__file__)).parent.parent

MEMORY = {"memory bomb of many processes": "memory is bounded for each process, not for all of a run together"}
NAMES = {"learn names and sizes outside": "names, sizes and times of files outside can be asked for"}
MODES = {"change modes and times outside": "modes and times of your own files outside can be changed"}
EXPECTED_OPEN: dict[tuple[str, str], dict[str, str]] = {
    ("bwrap", "user"): MEMORY,
    ("bwrap", "root"): MEMORY,
    ("landlock", "user"): {**MEMORY, **NAMES, **MODES},
    ("landlock", "root"): {**MEMORY, **NAMES},
}
"""What gets through, and the words in which the tier says so."""

MAY_FAIL_BARE = {
    "write to a file through /proc/self/mem",
    "change the kernel's settings",
    "enter the host's namespaces",
    "make a device",
    # Depend on how the kernel was built and set up.
    "open raw, netlink and rare sockets",
    "trace a process of the host",
    "read the environment of a process of the host",
    "read the memory of a process of the host",
    "write through a hard link",
    "read through a hard link",
    "make a user namespace",
    "mount something",
    "mount by the newer calls",
    "change the root",
    "use io_uring",
    "use the keyring",
    "load programs and modules into the kernel",
    "gain rights from a setuid program",
    "type into the terminal",
}
"""Attacks that Linux itself may stop an ordinary user from; all others must work where there is no sandbox."""


@pytest.fixture
def base() -> Iterator[Path]:
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


def plant_setuid(base: Path) -> None:
    """A program that gives root's rights to whoever starts it, where a disk allows it."""
    if os.geteuid() == 0:
        planted = base / "setuid-id"
        shutil.copy("/usr/bin/id", planted)
        planted.chmod(0o4755)


def run_as_this_user(tier: str, base: Path) -> list[str]:
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    return [sys.executable, str(TESTS / "sandbox_lab.py"), "--tier", tier, "--base", str(base)]


def run_as_ordinary_user(tier: str, base: Path) -> list[str]:
    """The same in the hands of another user, with a copy of the code, which may lie where that user cannot read."""
    code = base / "code"
    for package, names in ((SERVICES / "aura_factory", ["__init__.py", "sandbox"]), (SHARED / "aura_shared", [])):
        (code / package.name).mkdir(parents=True)
        for name in names or ["__init__.py", "errors.py"]:
            copy: Callable[..., Any] = shutil.copytree if (package / name).is_dir() else shutil.copy
            copy(package / name, code / package.name / name)
    for name in ("sandbox_lab.py", "sandbox_attacks.py"):
        shutil.copy(TESTS / name, code)
    for path in (code, *code.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    user = ordinary_user()
    lab = base / "lab"
    lab.mkdir()
    plant_setuid(lab)
    os.chown(lab, user.pw_uid, user.pw_gid)
    return ["/usr/bin/python3", str(code / "sandbox_lab.py"), "--tier", tier, "--base", str(lab)]


def attack_all(tier: str, who: str, base: Path) -> dict[str, Any]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(base), "PYTHONDONTWRITEBYTECODE": "1"}
    as_user: dict[str, Any] = {}
    if who == "user" and os.geteuid() == 0:
        user = ordinary_user()
        command = run_as_ordinary_user(tier, base)
        environment["PYTHONPATH"] = str(base / "code")
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        out = base / "lab" / "result.json"
    else:
        plant_setuid(base)
        command = run_as_this_user(tier, base)
        environment |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (SERVICES, SHARED, TESTS)))
        out = base / "result.json"
    done = subprocess.run(
        [*command, "--out", str(out)], env=environment, cwd="/", capture_output=True, text=True, check=False, **as_user
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.requirement("F7", "P9", "T1")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("tier", "who"), COLUMNS, ids=[" ".join(column) for column in COLUMNS])
def test_nothing_gets_out_but_what_the_tier_says_it_lacks(
    tier: Literal["bare", "bwrap", "landlock"], who: str, base: Path, record_property: Callable[[str, object], None]
) -> None:
    if who == "root" and os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    if not Path("/usr/bin/python3").exists():
        missing("there is no /usr/bin/python3, which every user can start")
    if tier != "bare":
        runner_of(tier)
    found = attack_all(tier, who, base)
    results = found["results"]
    cells = {r["name"]: "broken" if "broken" in r else "OPEN" if r["open"] else "stopped" for r in results}
    expected = EXPECTED_OPEN.get((tier, who), {})
    shown = {name: "open, told" if cell == "OPEN" and name in expected else cell for name, cell in cells.items()}
    record_property(f"{TABLE}: {tier} {who}", json.dumps(shown))

    assert list(cells) == [attack.name for attack in ATTACKS]
    assert [r for r in results if "broken" in r] == []
    opened = {r["name"]: r["open"] for r in results if r["open"]}
    if tier == "bare":
        assert cells.keys() - opened.keys() <= MAY_FAIL_BARE
    else:
        assert opened.keys() == expected.keys(), opened
        assert [words for words in expected.values() if not any(words in lack for lack in found["lacks"])] == []


def test_there_are_as_many_attempts_as_promised_and_none_twice() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) >= 27
    assert len(set(names)) == len(names)
