"""The hook that refuses work on a story that is not approved, in real repositories, while Aura does not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aura_git.commits.hooks import GATE_HOOK, install_hook, read_hook, uninstall_hook
from aura_git.repository import open_repository
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.workflow.commit_gate import Work, is_free, items_of_branch, items_of_message, reasons_against
from aura_planning.workflow.committing import check_commit, main
from plan_items_rig import item_text, put

AURA = Path(sys.executable).with_name("aura")


def approved_text(id: str, kind: str, title: str, status: str, **fields: str) -> str:  # noqa: A002
    """The file of an item that is approved as it is."""
    folder = {"prd": "prd.md", "architecture": "arch.md", "story": f"stories/{id}-x.md"}[kind]
    plain = item_text(id, kind, title, status=status, **fields)
    item = read_item(f".ai/{folder}", plain.encode()).item
    assert item is not None
    return item_text(id, kind, title, status=status, approved_by="Ada", approved_hash=item.content, **fields)


def git(root: Path, *arguments: str, ok: bool = True) -> str:
    ran = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{AURA.parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert (ran.returncode == 0) == ok, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "prd.md", approved_text("p1aaaa", "prd", "Shop", "approved"))
    put(root, "arch.md", approved_text("a1aaaa", "architecture", "Shop", "approved"))
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    put(root, "stories/s1aaaa-x.md", item_text("s1aaaa", "story", "Pay", epic="e1aaaa", alias="US-4"))
    put(root, "stories/s2aaaa-x.md", approved_text("s2aaaa", "story", "Send", "draft", epic="e1aaaa", alias="US-5"))
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Form", parent="s1aaaa", alias="1.1"))
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text("[plan]\ncommit_gate = true\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "docs: the plan")
    return root


def change(root: Path, path: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text((place.read_text() if place.exists() else "") + "x\n")
    git(root, "add", "-A")


@pytest.mark.requirement("A5")
def test_git_commit_is_refused_with_the_reason_and_what_to_do(root: Path) -> None:
    repository = open_repository(root)
    state = install_hook(repository, command=str(AURA), hook=GATE_HOOK)
    assert state.installed
    assert not read_hook(repository).installed
    git(root, "switch", "-q", "-c", "feature/us-4-pay")
    change(root, "src/pay.py")
    said = git(root, "commit", "-m", "feat: pay", ok=False)
    assert "the branch feature/us-4-pay means the story US-4 (.ai/stories/s1aaaa-x.md), which is not approved" in said
    assert "`aura plan approve s1aaaa`" in said
    assert "Traceback" not in said
    put(root, "stories/s1aaaa-x.md", approved_text("s1aaaa", "story", "Pay", "draft", epic="e1aaaa", alias="US-4"))
    git(root, "commit", "-q", "-m", "feat: pay")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "docs: approved")
    place = root / ".ai/stories/s1aaaa-x.md"
    place.write_text(place.read_text() + "\n## Context\n\nBy card only.\n")
    change(root, "src/pay.py")
    assert "changed since Ada approved it" in git(root, "commit", "-m", "feat: card", ok=False)
    (root / ".aura/config.toml").write_text("[plan]\n")
    git(root, "commit", "-q", "-m", "feat: card")
    uninstall_hook(repository, GATE_HOOK)
    assert not read_hook(repository, GATE_HOOK).installed


@pytest.mark.requirement("A5")
def test_a_hook_that_was_there_runs_first_and_one_without_aura_lets_go(root: Path, tmp_path: Path) -> None:
    repository = open_repository(root)
    folder = root / ".git/hooks"
    folder.mkdir(exist_ok=True)
    (folder / "commit-msg").write_text('#!/bin/sh\necho "the old one" >&2\n')
    (folder / "commit-msg").chmod(0o755)
    install_hook(repository, command=str(tmp_path / "gone/aura"), hook=GATE_HOOK)
    change(root, "src/pay.py")
    ran = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-m", "feat: x\n\nStory: US-4"],
        cwd=root, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert "the old one" in ran.stderr
    assert "the gate of the plan was not checked" in ran.stderr
    uninstall_hook(repository, GATE_HOOK)
    assert "the old one" in (folder / "commit-msg").read_text()


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("branch", "message", "path", "refused"),
    [
        ("main", "feat: x", "src/a.py", ""),
        ("main", "feat: x\n\nStory: US-4", "src/a.py", "the line 'Story: US-4' means the story US-4"),
        ("main", "feat: x\n\nTask: t1aaaa", "src/a.py", "means the story US-4 of 1.1"),
        ("main", "feat: x\n\nRefs: US-5, #us-4\n# Story: US-5", "src/a.py", "the line 'Refs: US-5, #us-4'"),
        ("main", "feat: x\n\nStory: US-5", "src/a.py", ""),
        ("main", "feat: x\n\nStory: US-77", "src/a.py", ""),
        ("main", "Story: US-4", "src/a.py", ""),
        ("main", "feat: x\n\nStory: US-4", "docs/a.md", ""),
        ("main", "feat: x\n\nStory: US-4", "README.md", ""),
        ("task/1.1-form", "feat: x", "src/a.py", "of 1.1"),
        ("release/1.1", "feat: x", "src/a.py", ""),
        ("s1aaaa", "feat: x", "src/a.py", "the branch s1aaaa"),
        ("epic-1", "feat: x", "src/a.py", ""),
    ],
)
def test_what_a_commit_names(root: Path, branch: str, message: str, path: str, refused: str) -> None:
    if branch != "main":
        git(root, "switch", "-q", "-c", branch)
    change(root, path)
    found = check_commit(root, message)
    assert (refused in found[0] and len(found) == 1) if refused else not found


@pytest.mark.requirement("A5")
def test_no_code_while_the_documents_are_not_approved(root: Path, tmp_path: Path) -> None:
    change(root, "src/a.py")
    put(root, "arch.md", item_text("a1aaaa", "architecture", "Shop"))
    assert "the architecture (.ai/arch.md) is not approved as it is" in check_commit(root, "x")[0]
    (root / ".ai/arch.md").unlink()
    assert "there is no architecture" in check_commit(root, "x")[0]
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop"))
    (reason,) = check_commit(root, "x")
    assert "`aura prd approve`" in reason
    assert "src/a.py is none of them" in reason
    git(root, "reset", "-q")
    git(root, "add", ".ai")
    assert check_commit(root, "x") == []
    (root / ".ai/prd.md").unlink()
    git(root, "add", "-A")
    assert check_commit(root, "x") == []


@pytest.mark.requirement("A5")
def test_a_merge_passes_and_a_plan_in_a_folder_counts_for_that_folder(root: Path) -> None:
    git(root, "switch", "-q", "-c", "us-4")
    inner = root / "packages/web"
    put(inner, "stories/s9aaaa-x.md", item_text("s9aaaa", "story", "Web", alias="US-9"))
    (inner / ".aura").mkdir()
    (inner / ".aura/config.toml").write_text("[plan]\ncommit_gate = true\n")
    change(root, "packages/web/a.py")
    assert check_commit(root, "feat: x\n\nStory: US-4") == []
    assert "s9aaaa-x.md" in check_commit(root, "feat: x\n\nStory: US-9")[0]
    (root / ".git/MERGE_HEAD").write_text(git(root, "rev-parse", "HEAD"))
    assert check_commit(root, "feat: x\n\nStory: US-9") == []


@pytest.mark.requirement("A5")
def test_what_cannot_be_checked_is_refused_clearly(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = tmp_path / "message"
    message.write_text("feat: x\n\nStory: US-4")
    monkeypatch.chdir(root)
    assert main([str(message)]) == 0
    change(root, "src/a.py")
    assert main([str(message)]) == 1
    assert "aura: refused: the line 'Story: US-4'" in capsys.readouterr().err
    (root / ".aura/config.toml").write_text("[plan]\ncommit_gate = 7\n")
    assert main([str(message)]) == 1
    assert "cannot be checked, so nothing is committed" in capsys.readouterr().err
    assert main([]) == 2
    monkeypatch.chdir(tmp_path)
    assert main([str(message)]) == 2


@pytest.mark.parametrize(
    ("path", "free"),
    [
        (".ai/prd.md", True), ("docs/a/b.md", True), ("README.rst", True), ("packages/x/README.md", True),
        ("AGENTS.md", True), (".cursor/rules/a.mdc", True), ("src/docs/a.py", False), ("docs.py", False),
        ("CHANGELOG.md", False),
    ],
)  # fmt: skip
def test_what_may_change_while_nothing_is_approved(path: str, free: bool) -> None:
    assert is_free(path) == free


def test_names_without_a_digit_or_a_plan_mean_nothing() -> None:
    ledger = Ledger([Item("s1aaaa", "story", ".ai/s.md", alias="login", parent="s1aaaa")])
    assert items_of_branch(ledger, "feature/login") == []
    assert items_of_branch(ledger, "") == []
    assert items_of_message(ledger, "x") == []
    loop = Ledger([Item("t1aaaa", "task", ".ai/t.md", parent="t1aaaa")])
    assert reasons_against(loop, Work("x", "t1aaaa", ["a.py"])) == []
