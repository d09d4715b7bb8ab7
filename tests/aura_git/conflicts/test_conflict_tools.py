"""The merge driver within git, lock files with real tools, and what clean merges break."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from aura_git.conflicts.driver import main
from aura_git.conflicts.driver_setup import driver_config
from aura_git.conflicts.lock_files import (
    Regeneration,
    how_to_regenerate,
    is_lock_file,
    merged_sums,
    run_regeneration,
)
from aura_git.conflicts.semantic import SemanticProblem, SideChange, check_merge
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G3")

BASE = "name = a\nsize = 1\n\n" + "".join(f"line {number}\n" for number in range(9)) + "last = 1\n"


@pytest.fixture
def driven(lab: GitLab) -> GitLab:
    """A repository whose merges go through the driver."""
    for key, value in driver_config():
        lab.git("config", key, value)
    lab.write({".git/info/attributes": "* merge=aura\n"})
    lab.commit("base", {"a.txt": BASE})
    return lab


def test_git_merges_with_the_driver_what_is_certain(driven: GitLab) -> None:
    driven.branch("topic")
    driven.commit("theirs", {"a.txt": BASE.replace("line 8\nlast = 1", "line eight\nlast = 2")})
    driven.switch("main")
    driven.commit("ours", {"a.txt": BASE.replace("last = 1", "last = 2")})
    driven.git("merge", "-q", "topic")
    assert (driven.root / "a.txt").read_text().endswith("line eight\nlast = 2\n")


def test_git_gets_blocks_for_the_rest(driven: GitLab) -> None:
    driven.branch("topic")
    driven.commit("theirs", {"a.txt": BASE.replace("last = 1", "last = 2")})
    driven.switch("main")
    driven.commit("ours", {"a.txt": BASE.replace("last = 1", "last = 3")})
    driven.git("merge", "-q", "topic", ok=1)
    assert "<<<<<<< ours\nlast = 3\n||||||| base\nlast = 1\n=======\n" in (driven.root / "a.txt").read_text()
    assert driven.repository().state().unmerged == ("a.txt",)


def test_the_driver_leaves_to_git_what_it_cannot_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, content in {"base": b"\0a", "ours": b"\0b", "theirs": b"\0c"}.items():
        (tmp_path / name).write_bytes(content)
    files = [str(tmp_path / name) for name in ("base", "ours", "theirs")]
    assert main([*files, "7", "a.bin"]) != 0
    assert "git's own merge is used" in capfd.readouterr().err
    assert (tmp_path / "ours").read_bytes() == b"\0b"
    assert main(["one"]) == 129
    assert "usage:" in capfd.readouterr().err


def test_the_driver_starts_without_the_rest_of_aura(tmp_path: Path) -> None:
    for name, text in {"base": "a\n", "ours": "b\n", "theirs": "c\n"}.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-P", "-m", "aura_git.conflicts.driver", "base", "ours", "theirs", "7", "a.txt"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 1
    assert (tmp_path / "ours").read_text().startswith("<<<<<<< ours\n")


def test_lock_files_are_known_with_their_tools() -> None:
    assert is_lock_file("web/package-lock.json")
    assert not is_lock_file("package.json")
    assert how_to_regenerate("src/main.py") is None
    found = how_to_regenerate("poetry.lock")
    assert found is not None
    assert (found.by_hand, found.why) == ("poetry lock", "poetry cannot do it without the network")


def test_a_tool_that_is_missing_fails_or_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = how_to_regenerate("Cargo.lock")
    assert missing is not None
    assert missing.why == "cargo is not installed"
    assert run_regeneration(missing, tmp_path, 5).said == "cargo is not installed"
    broken = Regeneration("x.lock", "sh", ("/bin/sh", "-c", "echo no such package; exit 3"), "sh")
    assert run_regeneration(broken, tmp_path, 5) == type(run_regeneration(broken, tmp_path, 5))(
        False, "no such package"
    )
    slow = Regeneration("x.lock", "sleep", ("/bin/sleep", "60"), "sleep")
    assert run_regeneration(slow, tmp_path, 0.2).said == "sleep did not end within 0.2 s"
    gone = Regeneration("x.lock", "gone", (str(tmp_path / "gone"),), "gone")
    assert "cannot be started" in run_regeneration(gone, tmp_path, 5).said


def test_a_tool_writes_its_file_anew_without_secrets_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    tool = Regeneration("sub/x.lock", "sh", ("/bin/sh", "-c", "env > x.lock"), "sh")
    (tmp_path / "sub").mkdir()
    assert run_regeneration(tool, tmp_path, 5).done
    assert "SOME_TOKEN" not in (tmp_path / "sub/x.lock").read_text()
    assert "GOPROXY=off" in (tmp_path / "sub/x.lock").read_text()


def test_sums_of_modules_are_one_sorted_list_unless_they_disagree() -> None:
    ours, theirs = b"a v1 h1:x\nc v1 h1:z\n", b"a v1 h1:x\nb v1 h1:y\n"
    assert merged_sums(ours, theirs) == b"a v1 h1:x\nb v1 h1:y\nc v1 h1:z\n"
    assert merged_sums(b"a v1 h1:x\n", b"a v1 h1:OTHER\n") is None
    assert merged_sums(b"nonsense\n", b"") is None


def check(
    ours: Mapping[str, tuple[str, str]],
    theirs: Mapping[str, tuple[str, str]],
    merged: Mapping[str, str],
    known: str = "",
) -> list[SemanticProblem]:
    """What a merge breaks; each side as path to before and after."""
    mine, others = (
        {path: SideChange(path, before.encode(), after.encode()) for path, (before, after) in side.items()}
        for side in (ours, theirs)
    )
    return check_merge(
        mine, others, lambda path: merged[path].encode() if path in merged else None, lambda n: n in known
    )


FIRST = "def first():\n    return 1\n"


def test_a_definition_that_both_sides_added_is_found() -> None:
    load = "\n\ndef load():\n    return 2\n"
    ours, theirs = load + "\n\n" + FIRST, FIRST + load
    merged = load + "\n\n" + FIRST + load
    (found,) = check({"a.py": (FIRST, ours)}, {"a.py": (FIRST, theirs)}, {"a.py": merged})
    assert (found.rule, found.line) == ("duplicate-definition", 11)
    assert found.message == "both sides added load: it is defined twice now"


@pytest.mark.parametrize(
    ("path", "definition", "use"),
    [
        ("a.py", "def fetch_all(x):\n    return x\n", "y = fetch_all(1)\n"),
        ("a.js", "function fetchAll(x) {\n  return x\n}\n", "const y = fetchAll(1)\n"),
        ("a.go", "package a\n\nfunc fetchAll(x int) int {\n\treturn x\n}\n", "var y = fetchAll(1)\n"),
        ("a.rs", "fn fetch_all(x: i32) -> i32 {\n    x\n}\n", "fn g() -> i32 {\n    fetch_all(1)\n}\n"),
    ],
)
def test_a_name_that_is_gone_where_the_other_side_begins_to_use_it_is_found(
    path: str, definition: str, use: str
) -> None:
    user = f"user{Path(path).suffix}"
    start = "package a\n" if path.endswith(".go") else ""
    after = start + use
    found = check({path: (definition, start)}, {user: (start, after)}, {path: start, user: after})
    assert [one.rule for one in found] == ["missing-name"]
    assert "was removed from" in found[0].message
    assert not check(
        {path: (definition, start)}, {user: (start, after)}, {path: start, user: after}, "fetch_all fetchAll"
    )


def test_a_changed_signature_with_a_new_caller_on_the_other_side_is_found() -> None:
    before, after = "def price(item):\n    return 1\n", "def price(item, currency):\n    return 1\n"
    user = "from a import price\n\nprint(price(2))\n"
    found = check({"a.py": (before, after)}, {"b.py": ("", user)}, {"a.py": after, "b.py": user})
    assert [(one.rule, one.path, one.line) for one in found] == [("changed-signature", "b.py", 3)]
    optional = "def price(item, currency='EUR'):\n    return 1\n"
    assert not check({"a.py": (before, optional)}, {"b.py": ("", user)}, {"a.py": optional, "b.py": user})


def test_sides_that_have_nothing_to_do_with_each_other_are_quiet() -> None:
    ours = (FIRST, FIRST + "\n\ndef second():\n    return 2\n")
    theirs = ("x = 1\n", "x = 2\nprint(x)\n")
    assert not check({"a.py": ours}, {"b.py": theirs}, {"a.py": ours[1], "b.py": theirs[1]})
