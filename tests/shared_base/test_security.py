"""Paths that stay inside, text without tricks, tokens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_shared import security
from aura_shared.errors import StorageError, UnknownFile, UnsafePath
from aura_shared.security import confine, make_visible, new_token, open_inside, same_token

pytestmark = pytest.mark.requirement("P8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a file, and a secret beside it that links lead to."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_bytes(b"print('hello')\n")
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link_out").symlink_to(tmp_path / "secret")
    (root / "folder_out").symlink_to(tmp_path)
    (root / "link_in").symlink_to("src/app.py")
    (root / "loop").symlink_to("loop")
    return root


def test_a_path_inside_is_given_in_full(project: Path) -> None:
    real = project.resolve()
    assert confine(project, "src/app.py") == real / "src" / "app.py"
    assert confine(project, "link_in") == real / "src" / "app.py"
    assert confine(project, "not/there/yet..txt") == real / "not" / "there" / "yet..txt"
    assert confine(project, ".") == real


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../secret", "src/../../secret", "src/..", "a\0b", "link_out", "folder_out/secret"),
        *("C:\\secret", "c:secret", "\\\\server\\share", "~/secret", "src\\..\\..\\secret", "~"),
    ],
)
def test_a_path_that_leads_outside_is_refused(project: Path, path: str) -> None:
    with pytest.raises(UnsafePath):
        confine(project, path)
    with pytest.raises(UnsafePath):
        open_inside(project, path)


def test_a_loop_of_links_is_refused(project: Path) -> None:
    with pytest.raises((UnsafePath, UnknownFile, StorageError)):
        open_inside(project, "loop")


@given(st.text(max_size=40))
def test_whatever_is_asked_for_nothing_leads_outside(path: str) -> None:
    root = Path("/nonexistent-aura-root")
    try:
        found = confine(root, path)
    except UnsafePath:
        return
    assert found.is_relative_to(root)


def test_a_file_inside_is_opened(project: Path) -> None:
    with open_inside(project, "link_in") as file:
        assert file.read() == b"print('hello')\n"


def test_what_is_no_file_is_refused(project: Path) -> None:
    os.mkfifo(project / "pipe")
    with pytest.raises(UnsafePath, match="not a regular file"):
        open_inside(project, "pipe")
    with pytest.raises(UnsafePath, match="not a regular file"):
        open_inside(project, "src")
    with pytest.raises(UnknownFile):
        open_inside(project, "gone.py")
    with pytest.raises(UnknownFile):
        open_inside(project, "src/app.py/below")


def test_a_link_that_is_swapped_in_after_the_check_gains_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(root: Path, relpath: str) -> Path:
        path = confine(root, relpath)
        (project / "src").rename(project / "old")
        (project / "src").symlink_to(tmp_path)
        (tmp_path / "app.py").write_bytes(b"secret")
        return path

    monkeypatch.setattr(security, "confine", swap)
    with pytest.raises(UnsafePath, match="leads outside"):
        open_inside(project, "src/app.py")


def test_the_swapped_link_is_noticed_without_proc_as_well(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with open_inside(project, "src/app.py") as file:
        assert file.read(5) == b"print"
    test_a_link_that_is_swapped_in_after_the_check_gains_nothing(project, tmp_path, monkeypatch)


def test_a_file_that_may_not_be_read_is_told(project: Path) -> None:
    (project / "src" / "final").symlink_to("app.py")
    path = project / "src" / "app.py"
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(StorageError, match="cannot read"):
        open_inside(project, "src/app.py")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 漢字\n\tline", "plain ü 漢字\n\tline"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("a\rb", "a\\u000db"),
        ("lone \ud800", "lone \\ud800"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("ab\u200dcd", "ab\\u200dcd"),
        ("line\u2028break", "line\\u2028break"),
    ],
)
def test_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert make_visible(text) == shown


@given(st.text())
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert make_visible(make_visible(text)) == make_visible(text)


def test_tokens_are_long_different_and_compared_whole() -> None:
    first, second = new_token(), new_token()
    assert first != second
    assert len(first) >= 43
    assert same_token(first, first)
    assert not same_token(first[:-1], first)
    assert not same_token("", "")
    assert not same_token("ü\ud800", first)
