"""`aura git` against the real safety core on a real repository, behind a stand-in for the gateway."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aura_cli.commands import git as command
from aura_cli_running import Aura, StandIn
from aura_git.repository import Repository
from aura_git.safety.contract import Gates
from aura_git.safety.service import SafetyService
from aura_shared.messages import git
from aura_shared.messages.git import GitOperationUpdated
from git_lab import CONFIG, GitLab, make_lab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G3", "P2")

ROUTES = {
    "/v1/git/status": git.ShowGitStatus,
    "/v1/git/ops": git.ListOperations,
    "/v1/git/ops/show": git.ShowOperation,
    "/v1/git/undo": git.UndoOperation,
    "/v1/git/abandon": git.AbandonOperation,
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aura_home: Path) -> GitLab:
    """A repository with two branches that conflict; the working directory."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "gitconfig").write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    lab = make_lab(tmp_path / "shop")
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.branch("side")
    lab.commit("feat: side", {"a.txt": "side\n"})
    lab.switch("main")
    lab.branch("work")
    lab.commit("feat: ours", {"a.txt": "ours\n"})
    monkeypatch.chdir(lab.root)
    return lab


@pytest.fixture
def rig(shop: GitLab, gateway: StandIn) -> GitRig:
    made = GitRig(shop.root, SafetyService)
    made.serve(gateway, ROUTES)
    return made


def commit(rig: GitRig, repository: Repository, title: str = "Commit all of it") -> str:
    with rig.desk.safety.begin(repository, "commit", title, gates=Gates()) as operation:
        operation.step("commit")
        repository.git.write("add", "--all")
        repository.git.write("commit", "-qF", "-", stdin=b"feat: all")
    return operation.id


def merge(rig: GitRig, repository: Repository) -> str:
    with rig.desk.safety.begin(repository, "merge", "Merge side into work", gates=Gates()) as operation:
        repository.git.write("merge", "side", ok=(1,))
        operation.wait("resolve a.txt")
    return operation.id


def answered(*, yes: bool) -> Callable[[str], bool]:
    """A person at the terminal."""

    def answer(question: str) -> bool:
        return yes and question.endswith("?")

    return answer


def test_status_of_a_repository_at_rest(aura: Aura, rig: GitRig, shop: GitLab) -> None:
    assert aura("git", "status").out == "On work\nNo changes.\n"
    shop.write({"new.txt": "n\n", "a.txt": "more\n", ".env": "A=1\n"})
    shop.git("add", ".env")
    ran = aura("git", "status")
    assert ran.out.splitlines() == [
        "On work",
        "Changes: 1 staged, 1 unstaged, 1 untracked",
        "1 reason not to commit what is staged: aura commit names them.",
    ]
    assert aura("git", "status", "--json").json()["branch"] == "work"


def test_status_says_where_the_branch_stands(aura: Aura, rig: GitRig, shop: GitLab, tmp_path: Path) -> None:
    remote = make_lab(tmp_path / "remote", bare=True)
    shop.git("remote", "add", "origin", str(remote.root))
    shop.git("switch", "-q", "main")
    shop.git("push", "-q", "--set-upstream", "origin", "main")
    assert aura("git", "status").out.splitlines()[0] == "On main  protected · up to date with origin/main"
    shop.commit("feat: more", {"b.txt": "b\n"})
    assert "1 ahead of origin/main" in aura("git", "status").out
    shop.git("update-ref", "-d", "refs/remotes/origin/main")
    assert "origin/main is gone" in aura("git", "status").out
    shop.git("switch", "-q", "--detach")
    assert aura("git", "status").out.startswith(f"On no branch, at {shop.head()[:10]}\n")


def test_status_names_what_waits_and_what_can_be_done(aura: Aura, rig: GitRig, shop: GitLab) -> None:
    operation = merge(rig, shop.repository())
    (shop.root / ".git/index.lock").touch()
    ran = aura("git", "status")
    assert ran.out.splitlines() == [
        "On work",
        "No changes.",
        "git is in the middle of a merge.",
        "Conflicts in 1 file:",
        "  a.txt",
        "index.lock is held: another git is at work, or left it behind.",
        "",
        f"waiting  Merge side into work  {operation}",
        "  resolve a.txt",
        "  aura continue goes on with it",
        "  aura abort takes it back",
    ]
    assert "last: merge" in ran.err


def test_operations_are_listed_and_shown(aura: Aura, rig: GitRig, shop: GitLab) -> None:
    assert aura("git", "ops").out.startswith("Aura did nothing in this repository yet.")
    shop.write({"b.txt": "b\n"})
    operation = commit(rig, shop.repository())
    ran = aura("git", "ops")
    header, row = ran.out.splitlines()
    assert header.split() == ["ID", "WHEN", "STATE", "COMMAND", "WHAT"]
    assert row.startswith(operation)
    assert row.endswith("Commit all of it")
    assert "1 operation · aura git undo [ID]" in ran.err
    shown = aura("git", "ops", operation[-6:])
    assert shown.out.splitlines()[:3] == [f"{operation}  Commit all of it", shown.out.splitlines()[1], "steps: commit"]
    assert "refs/heads/work" in shown.out
    assert f"aura git undo {operation}" in shown.err
    assert len(aura("git", "ops", "--json").json()["operations"]) == 1  # pyright: ignore[reportArgumentType]
    assert aura("git", "ops", operation, "--json").json()["refs"]
    assert aura("git", "ops", "zzz").code == 4


def test_undo_shows_what_moves_and_asks(aura: Aura, rig: GitRig, shop: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    head = shop.head()
    shop.write({"b.txt": "b\n"})
    operation = commit(rig, shop.repository())
    done = shop.head()
    planned = aura("git", "undo", "--dry-run")
    assert planned.out.splitlines()[0] == f"Commit all of it  {operation}"
    assert f"{done[:10]}" in planned.out
    refused = aura("git", "undo")
    assert refused.code == 2
    assert "--yes" in refused.err
    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "ask", answered(yes=False))
    assert "Nothing was changed." in aura("git", "undo").err
    assert shop.head() == done
    monkeypatch.setattr(command, "ask", answered(yes=True))
    ran = aura("git", "undo")
    assert ran.out.splitlines()[-1] == "Taken back: Commit all of it"
    assert shop.head() == head
    assert (shop.root / "b.txt").exists()
    (event,) = [event for event in rig.bus.published if isinstance(event, GitOperationUpdated)]
    assert event.operation.state == "undone"
    redo = aura("git", "undo", ran.err.split("aura git undo ")[1].split()[0], "--yes")
    assert redo.code == 0
    assert shop.head() == done


def test_undo_names_files_and_answers_in_json(aura: Aura, rig: GitRig, shop: GitLab) -> None:
    repository = shop.repository()
    with rig.desk.safety.begin(repository, "switch", "Go to side", gates=Gates()):
        repository.git.write("switch", "-q", "side")
        shop.write({f"made-{number:02}.txt": "1" for number in range(20)})
    planned = aura("git", "undo", "--dry-run")
    assert "21 files written or deleted:" in planned.out
    assert "  and 9 more" in planned.out
    assert aura("git", "undo", "--dry-run", "--json").json()["done"] is False
    assert aura("git", "undo", "--yes", "--json").json()["path_count"] == 21
    assert shop.git("branch", "--show-current") == "work\n"


def test_a_refused_undo_says_why(aura: Aura, rig: GitRig, shop: GitLab) -> None:
    shop.write({"b.txt": "b\n"})
    commit(rig, shop.repository())
    shop.commit("feat: by hand", {"c.txt": "c\n"})
    ran = aura("git", "undo", "--yes")
    assert ran.code != 0
    assert "refs/heads/work moved from" in ran.err
    assert "aura git ops" in ran.err


def test_a_push_cannot_be_taken_back_and_is_told(aura: Aura, rig: GitRig, shop: GitLab, tmp_path: Path) -> None:
    remote = make_lab(tmp_path / "remote", bare=True)
    shop.git("remote", "add", "origin", str(remote.root))
    shop.write({"b.txt": "b\n"})
    commit(rig, shop.repository())
    shop.git("push", "-q", "origin", "work")
    ran = aura("git", "undo", "--yes")
    assert "stays there (origin/work): a push cannot be taken back" in ran.err


async def test_abort_over_the_bus_names_edits_that_were_replaced(rig: GitRig, shop: GitLab) -> None:
    merge(rig, shop.repository())
    shop.write({"a.txt": "half\n"})
    answer = await rig.ask(git.AbandonOperation(project=rig.project.id))
    assert (answer.done, answer.operation.state, answer.paths) == (True, "aborted", ["a.txt"])
    assert "Edits made since were replaced in a.txt; `aura git undo" in answer.notice
    assert (shop.root / "a.txt").read_text() == "ours\n"
    with pytest.raises(Exception, match="no operation waits"):
        await rig.ask(git.AbandonOperation(project=rig.project.id))


def test_outside_of_a_repository_it_says_so(
    aura: Aura, rig: GitRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(tmp_path / "plain")
    ran = aura("git", "status")
    assert ran.code == 4
    assert "belongs to no registered project" in ran.err
