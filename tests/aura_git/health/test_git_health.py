"""Health, mending and the watch, on real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.commits.service import CommitService
from aura_git.health.checking import RULES, check_health
from aura_git.health.service import HealthService
from aura_git.health.watching_mode import decide, read_watch
from aura_git.repository import RepositoryState
from aura_git.safety.service import SafetyService
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.messages.git import UndoOperation
from aura_shared.messages.git_health import CheckHealth, GitProposal, MendGit, SetWatch
from git_lab import GitLab, make_lab
from git_rig import GitRig


def rules(lab: GitLab, *only: str) -> dict[str, list[str]]:
    report = check_health(lab.repository(), rules=only)
    assert report.skipped == []
    return {one.rule: [item.name for item in one.items] for one in report.findings}


@pytest.fixture
def healthy(lab: GitLab) -> GitLab:
    lab.commit("feat: begin", {"a.py": "a = 1\n"})
    return lab


def test_a_healthy_repository_has_no_finding_and_every_rule_was_checked(healthy: GitLab) -> None:
    report = check_health(healthy.repository())
    assert report.findings == []
    assert sorted(report.checked) == sorted(RULES)
    with pytest.raises(UsageProblem):
        check_health(healthy.repository(), rules=["nothing"])


@pytest.mark.requirement("G2", "G3")
def test_work_that_is_only_here_is_found(healthy: GitLab, tmp_path: Path) -> None:
    make_lab(tmp_path / "origin.git", bare=True)
    healthy.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    healthy.git("push", "--quiet", "-u", "origin", "main")
    healthy.branch("feature/gone")
    healthy.git("push", "--quiet", "-u", "origin", "feature/gone")
    healthy.git("push", "--quiet", "origin", ":feature/gone")
    healthy.branch("feature/new", "main")
    healthy.commit("fixup! feat: begin", {"b": "b"})
    healthy.commit("wip", {"c": "c"})
    found = rules(healthy)
    assert found["unpushed-work"] == ["feature/new"]
    assert found["gone-upstream"] == ["feature/gone"]
    assert found["fixups-left"] == [healthy.head("HEAD~1")]
    assert found["wip-commits"] == [healthy.head()]
    assert healthy.head() in found["messages"]
    healthy.switch("main")
    healthy.git("commit", "--quiet", "--amend", "-m", "feat: other")
    assert rules(healthy, "diverged-branches") == {"diverged-branches": ["main"]}


def test_files_that_should_not_be_tracked_are_found(lab: GitLab) -> None:
    lab.commit(
        "feat: x",
        {".gitignore": "*.log\n", "src/__pycache__/a.pyc": "x", ".env": "A=1",
         "Read.md": "", "read.md": "", "tests/.env": ""},
    )  # fmt: skip
    lab.write({"b.log": "x"})
    lab.git("add", "--force", "b.log")
    lab.write({"node_modules/x/index.js": "x"})
    found = rules(lab)
    assert found["tracked-build-output"] == ["src/__pycache__/a.pyc"]
    assert found["tracked-secrets"] == [".env"]
    assert found["tracked-ignored"] == ["b.log"]
    assert found["missing-ignore"] == ["node_modules/"]
    assert len(found["case-twins"]) == 1


def test_large_files_of_the_history_are_found_with_their_path(healthy: GitLab) -> None:
    healthy.commit("feat: big", {"big.bin": b"\0" * 6_000_000})
    healthy.commit("feat: small", {"big.bin": None})
    finding = check_health(healthy.repository(), rules=["large-objects"]).findings[0]
    assert [(one.name, one.detail) for one in finding.items] == [("big.bin", "6.0 MB, only in the history")]


def test_line_ends_lfs_and_settings_are_held_against_each_other(healthy: GitLab) -> None:
    healthy.commit("feat: crlf", {"w.txt": "a\r\nb\r\n"})
    healthy.write({".gitattributes": "*.txt text\n*.bin filter=lfs\n"})
    healthy.git("add", ".gitattributes")  # `--all` would turn the line ends right where git looks at the file again
    healthy.git("commit", "--quiet", "-m", "feat: rules")
    healthy.git("config", "gc.reflogExpire", "now")
    assert {"line-ends", "lfs-missing", "short-memory"} <= set(rules(healthy))


@pytest.mark.requirement("G2")
async def test_what_can_be_mended_is_mended_and_undone(healthy: GitLab) -> None:
    healthy.commit("feat: oops", {"src/__pycache__/a.pyc": "x", ".gitignore": "*.log"})
    healthy.write({"node_modules/x/index.js": "x"})
    rig = GitRig(healthy.root, HealthService, SafetyService)
    shown = await rig.ask(MendGit(project=rig.project.id, rule="missing-ignore", dry_run=True))
    assert (shown.done, shown.items) == (False, ["node_modules/"])
    assert (healthy.root / ".gitignore").read_text() == "*.log"
    done = await rig.ask(MendGit(project=rig.project.id, rule="missing-ignore"))
    assert done.done
    assert (healthy.root / ".gitignore").read_text() == "*.log\nnode_modules/\n"
    await rig.ask(UndoOperation(project=rig.project.id))
    assert (healthy.root / ".gitignore").read_text() == "*.log"
    await rig.ask(MendGit(project=rig.project.id, rule="tracked-build-output"))
    assert healthy.git("status", "--porcelain", "--untracked-files=no") == "D  src/__pycache__/a.pyc\n"
    assert (healthy.root / "src/__pycache__/a.pyc").read_text() == "x"
    with pytest.raises(UsageProblem):
        await rig.ask(MendGit(project=rig.project.id, rule="large-objects"))
    with pytest.raises(NotFound):
        await rig.ask(MendGit(project=rig.project.id, rule="missing-ignore", items=["other"]))
    assert (await rig.ask(MendGit(project=rig.project.id, rule="broken-hooks"))).notice == "There is nothing to mend."


async def test_hooks_and_work_trees_are_mended(healthy: GitLab, tmp_path: Path) -> None:
    hooks = healthy.root / ".git/hooks"
    (hooks / "pre-commit").write_text("#!/bin/sh\n")
    (hooks / "pre-push").write_text("#!/nowhere/python\n")
    (hooks / "pre-push").chmod(0o755)
    (hooks / "commit-msg").symlink_to(tmp_path / "gone")
    healthy.git("worktree", "add", "--quiet", str(tmp_path / "tree"))
    (tmp_path / "tree").rename(tmp_path / "moved")
    assert sorted(rules(healthy, "broken-hooks")["broken-hooks"]) == ["commit-msg", "pre-commit", "pre-push"]
    rig = GitRig(healthy.root, HealthService)
    assert (await rig.ask(MendGit(project=rig.project.id, rule="broken-hooks"))).items == ["pre-commit"]
    assert sorted(rules(healthy, "broken-hooks")["broken-hooks"]) == ["commit-msg", "pre-push"]
    assert (await rig.ask(MendGit(project=rig.project.id, rule="dangling-worktrees"))).done
    report = await rig.ask(CheckHealth(project=rig.project.id, rules=["dangling-worktrees"]))
    assert report.findings == []


def test_a_cloned_repository_cannot_switch_the_watch_on(healthy: GitLab, git_settings: Path) -> None:
    git_settings.write_text(git_settings.read_text() + "[aura]\n\twatch = push\n")
    assert read_watch(healthy.repository()).mode == "off"
    healthy.git("config", "aura.watch", "always")
    assert "no mode" in read_watch(healthy.repository()).notice


@pytest.mark.parametrize(
    ("state", "kinds"),
    [(RepositoryState(head="a", branch="main", unstaged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", unstaged=1), [("commit", "commit")]),
     (RepositoryState(head="a", branch="x", unstaged=1, staged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", unstaged=1, in_progress="merge"), []),
     (RepositoryState(head="a", detached=True, unstaged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", upstream="o/x", ahead=1), [("push", "push")]),
     (RepositoryState(head="a", branch="x", upstream="o/x", ahead=1, behind=1), [("sync", None)]),
     (RepositoryState(head="a", branch="x", upstream="o/x", upstream_gone=True), [("cleanup", None)])],
)  # fmt: skip
def test_what_the_watch_may_do_depends_on_the_state(
    state: RepositoryState, kinds: list[tuple[str, str | None]]
) -> None:
    assert [(one.proposal.kind, one.act) for one in decide("p", state, "push", ("main",))] == kinds
    assert all(one.act is None for one in decide("p", state, "propose", ("main",)))
    assert decide("p", state, "off", ("main",)) == []


@pytest.mark.requirement("G2")
async def test_the_watch_proposes_once_and_commits_only_where_it_may(healthy: GitLab) -> None:
    service: list[HealthService] = []

    def part(desk: object) -> HealthService:
        service.append(HealthService(desk))  # pyright: ignore[reportArgumentType]
        return service[0]

    rig = GitRig(healthy.root, part, CommitService)
    name = rig.project.id
    healthy.branch("feature/x")
    healthy.write({"a.py": "a = 2\n"})

    async def at_rest(now: float) -> list[str]:
        rig.bus.published.clear()
        service[0].touch(name, now - 700)
        await service[0].look(now)
        return [event.kind for event in rig.bus.published if isinstance(event, GitProposal)]

    assert await at_rest(1000) == []
    await rig.ask(SetWatch(project=name, mode="propose"))
    service[0].touch(name, 1000)
    await service[0].look(1001)
    assert not [event for event in rig.bus.published if isinstance(event, GitProposal)]
    assert await at_rest(2000) == ["commit"]
    assert await at_rest(3000) == []
    head = healthy.head()
    await rig.ask(SetWatch(project=name, mode="commit"))
    healthy.write({"b.py": "b = 1\n"})
    assert await at_rest(4000) == ["committed"]
    assert healthy.head("HEAD~1") == head
    assert healthy.git("status", "--porcelain") == ""
