"""Health and mending, on real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_git.health.checking import RULES, check_health
from aura_git.health.packs import candidates
from aura_git.health.service import HealthService
from aura_git.repository import open_repository
from aura_git.safety.service import SafetyService
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.messages.git import UndoOperation
from aura_shared.messages.git_health import CheckHealth, MendGit
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


@pytest.mark.requirement("G1")
def test_messages_are_judged_by_the_rules_of_their_own_repository(healthy: GitLab, tmp_path: Path) -> None:
    for number in range(30):
        healthy.commit(f"Handle case {number} of the parser.")
    make_lab(tmp_path / "origin.git", bare=True)
    healthy.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    healthy.git("push", "--quiet", "-u", "origin", "main")
    healthy.commit("Handle the last case of the parser.")
    assert rules(healthy, "messages") == {}


def test_a_branch_is_stale_only_where_nothing_moved_it_lately(healthy: GitLab) -> None:
    healthy.branch("feature/old")
    healthy.commit("feat: old", {"old.py": "o = 1\n"})
    healthy.switch("main")
    log = healthy.root / ".git/logs/refs/heads/feature/old"
    assert rules(healthy, "stale-branches") == {}
    os.utime(log, (0, 0))
    assert rules(healthy, "stale-branches") == {"stale-branches": ["feature/old"]}
    log.unlink()
    assert rules(healthy, "stale-branches") == {"stale-branches": ["feature/old"]}


def with_origin(lab: GitLab, tmp_path: Path) -> None:
    """A bare `origin` that has `main`."""
    make_lab(tmp_path / "origin.git", bare=True)
    lab.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    lab.git("push", "--quiet", "-u", "origin", "main")


@pytest.mark.requirement("G3")
def test_commits_that_were_not_pushed_are_looked_at_before_they_are(healthy: GitLab, tmp_path: Path) -> None:
    with_origin(healthy, tmp_path)
    healthy.branch("feature/new")
    healthy.commit("feat: many", {f"many/{number}.txt": "x" for number in range(201)})
    many = healthy.head()
    healthy.switch("main")
    healthy.commit("feat: beside", {"beside.py": "b = 1\n"})
    healthy.switch("feature/new")
    healthy.git("merge", "--quiet", "--no-edit", "main")
    found = rules(healthy)
    assert found["huge-commits"] == [many]
    assert found["merges-of-upstream"] == [healthy.head()]
    assert found["unpushed-work"] == ["feature/new", "main"]


@pytest.mark.requirement("G3")
def test_work_that_is_easily_forgotten_is_found(healthy: GitLab, tmp_path: Path) -> None:
    healthy.write({"a.py": "a = 2\n"})
    healthy.git("stash")
    healthy.branch("feature/done")
    healthy.commit("feat: done", {"done.py": "d = 1\n"})
    healthy.switch("main")
    healthy.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/done")
    found = rules(healthy)
    assert (found["stashes"], found["merged-branches"]) == (["stash@{0}"], ["feature/done"])
    healthy.git("switch", "--quiet", "--detach")
    healthy.commit("feat: lost", {"lost.py": "x = 1\n"})
    assert rules(healthy, "detached-commits") == {"detached-commits": [healthy.head()]}
    healthy.git("clone", "--quiet", "--depth=1", f"file://{healthy.root}", str(tmp_path / "shallow"))
    shallow = check_health(open_repository(tmp_path / "shallow"), rules=["incomplete-clone"]).findings[0]
    assert shallow.command == "git fetch --unshallow"


def test_an_operation_that_was_left_is_found(healthy: GitLab) -> None:
    healthy.branch("other")
    healthy.commit("feat: theirs", {"a.py": "a = 2\n"})
    healthy.switch("main")
    healthy.commit("feat: ours", {"a.py": "a = 3\n"})
    healthy.git("merge", "--quiet", "other", ok=1)
    finding = check_health(healthy.repository(), rules=["in-progress"]).findings[0]
    assert finding.what == "a merge is under way"


def test_stores_hooks_and_records_that_are_not_in_order_are_found(healthy: GitLab) -> None:
    hooks = healthy.root / ".git/hooks"
    (hooks / "pre-push").write_text("#!/usr/bin/env no-such-program\n")
    (hooks / "commit-msg").write_text("no program at all\n")
    (hooks / "pre-commit").write_text("#!\n")
    (hooks / "post-merge").write_text("#!/usr/bin/env -S A=1 sh\n")
    for file in hooks.iterdir():
        file.chmod(0o755)
    assert rules(healthy, "broken-hooks") == {"broken-hooks": ["pre-push"]}
    healthy.git("config", "core.hooksPath", "nowhere")
    assert rules(healthy, "broken-hooks") == {"broken-hooks": ["nowhere"]}
    healthy.git("config", "core.logAllRefUpdates", "false")
    assert rules(healthy, "short-memory") == {"short-memory": ["core.logAllRefUpdates"]}
    (healthy.root / ".git/objects/pack/tmp_pack_x").write_bytes(b"x")
    assert rules(healthy, "old-store") == {"old-store": ["objects"]}


def test_a_bare_repository_is_checked_without_its_files(tmp_path: Path, git_settings: Path) -> None:
    bare = make_lab(tmp_path / "bare.git", bare=True)
    report = check_health(bare.repository())
    assert report.findings == []
    assert "missing-ignore: the repository is bare" in report.skipped


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


def test_files_that_seldom_hold_secrets_are_judged_by_their_text(lab: GitLab) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n"
    quiet = {
        ".npmrc": "engine-strict=true\n//host/:_authToken=${NPM_TOKEN}\n",
        "my-private.pem": "-----BEGIN PUBLIC KEY-----\n",
        ".env.local": "# nothing yet\n", "playground/a/.env": "KEY=unsafe\n", ".env.defaults": "A=1\n", "a.jks": "",
    }  # fmt: skip
    lab.commit("feat: quiet", {**quiet})
    assert rules(lab, "tracked-secrets") == {}
    lab.commit("feat: named", {".env": "PORT=3000\n", "b.p12": "x"})
    level = check_health(lab.repository(), rules=["tracked-secrets"]).findings[0].level
    assert (level, rules(lab)["tracked-secrets"]) == ("problem", [".env", "b.p12"])
    lab.commit("feat: less", {"b.p12": None})
    found = check_health(lab.repository(), rules=["tracked-secrets"]).findings[0]
    assert (found.level, [one.detail for one in found.items]) == ("warning", [""])
    lab.commit(
        "feat: sure",
        {"web/.npmrc": "//host/:_authToken=abc\n", ".pypirc": "[pypi]\npassword = x\n", "my-private.key": key,
         ".netrc": "machine h login me password x\n", "credentials.json": '{"client_secret": "x"}'},
    )  # fmt: skip
    assert rules(lab, "tracked-secrets")["tracked-secrets"] == [
        ".env", ".netrc", ".pypirc", "credentials.json", "my-private.key", "web/.npmrc",
    ]  # fmt: skip


def test_build_output_of_samples_is_there_on_purpose(lab: GitLab) -> None:
    lab.commit("feat: x", {".gitignore": "node_modules/\n"})
    lab.write({"playground/a/node_modules/b/index.js": "x", "node_modules/c/index.js": "x"})
    lab.git("add", "--force", ".")
    assert rules(lab) == {"tracked-build-output": ["node_modules/c/index.js"]}


def test_submodules_that_are_not_checked_out_are_only_noted(healthy: GitLab, tmp_path: Path) -> None:
    other = make_lab(tmp_path / "other")
    other.commit("feat: x", {"a": "1"})
    healthy.git("submodule", "add", "--quiet", str(other.root), "lib")
    healthy.git("commit", "--quiet", "-m", "feat: lib")
    assert rules(healthy, "submodules") == {}
    other.commit("feat: y", {"a": "2"})
    healthy.git("pull", "--quiet", where=healthy.root / "lib")
    assert [one.level for one in check_health(healthy.repository(), rules=["submodules"]).findings] == ["warning"]
    healthy.git("submodule", "deinit", "--quiet", "--force", "lib")
    found = check_health(healthy.repository(), rules=["submodules"]).findings[0]
    assert (found.level, [one.name for one in found.items]) == ("note", ["lib"])


def test_large_files_are_found_packed_borrowed_and_once_for_all_versions(healthy: GitLab, tmp_path: Path) -> None:
    for number in range(3):
        healthy.commit(
            f"feat: {number}", {"big.bin": b"\0" * (6_000_000 + number), "small.bin": bytes(range(256)) * 40}
        )
    finding = check_health(healthy.repository(), rules=["large-objects"]).findings[0]
    assert [(one.name, one.detail) for one in finding.items] == [("big.bin", "6.0 MB, in HEAD, 3 versions")]
    healthy.git("gc", "--quiet")
    finding = check_health(healthy.repository(), rules=["large-objects"]).findings[0]
    packed = candidates(healthy.repository())
    assert packed is not None
    assert [one.name for one in finding.items] == ["big.bin"]
    assert finding.items[0].detail.startswith("6.0 MB, in HEAD")
    healthy.git("clone", "--quiet", "--shared", str(healthy.root), str(tmp_path / "borrowed"))
    borrowed = open_repository(tmp_path / "borrowed")
    assert check_health(borrowed, rules=["large-objects"]).findings == [finding]
    index = next((healthy.root / ".git/objects/pack").glob("*.idx"))
    index.chmod(0o644)
    index.write_bytes(b"\0" * 2000)
    assert candidates(healthy.repository()) is None


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
