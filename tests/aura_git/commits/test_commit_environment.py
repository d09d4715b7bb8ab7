"""Hooks of a commit find what the person's shell finds, and nothing else of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_cli.commit_environment import for_hooks
from aura_shared.errors import HookRefused, UsageProblem
from aura_shared.messages.commits import CommitSplit, DraftCommit, MakeCommit, PlanSplit
from commits_lab import CART
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with a program that no other search path has, and with a `git` that nobody should run."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, text in (("lint-staged-of-mine", 'echo "$PWD" > "$0.ran"'), ("git", 'touch "$0.ran"; exit 9')):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def hooked(shop: GitLab, tools: Path) -> GitLab:
    """A change that is staged, where a hook needs that program and writes down its environment."""
    hook = shop.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n/usr/bin/env > '{tools}/environment'\nexec lint-staged-of-mine\n")
    hook.chmod(0o755)
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    return shop


async def commit(rig: GitRig, environment: dict[str, str]) -> None:
    draft = await rig.ask(DraftCommit(project=rig.project.id, model=False))
    await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id, environment=environment))


def seen(tools: Path) -> dict[str, str]:
    """The environment of the hook."""
    return dict(line.split("=", 1) for line in (tools / "environment").read_text().splitlines() if "=" in line)


async def test_a_hook_finds_a_program_of_the_persons_search_path_only(rig: GitRig, hooked: GitLab, tools: Path) -> None:
    with pytest.raises(HookRefused, match="lint-staged-of-mine"):
        await commit(rig, {})
    shell = {"PATH": f"{tools}:/usr/bin", "NVM_DIR": str(tools), "VIRTUAL_ENV": "relative", "HOME": "/elsewhere"}
    await commit(rig, for_hooks(shell))
    assert (tools / "lint-staged-of-mine.ran").read_text().strip() == str(hooked.root)
    assert not (tools / "git.ran").exists(), "git itself is the daemon's"
    environment = seen(tools)
    assert environment["NVM_DIR"] == str(tools)
    assert "VIRTUAL_ENV" not in environment or environment["VIRTUAL_ENV"] == os.environ["VIRTUAL_ENV"]
    assert environment["HOME"] == os.environ["HOME"]
    folders = environment["PATH"].split(":")
    assert folders.index(str(tools)) < folders.index("/usr/bin")
    assert set(os.environ["PATH"].split(":")) <= set(folders), "what the daemon finds is found as well"


async def test_commits_of_a_split_run_their_hooks_alike(rig: GitRig, hooked: GitLab, tools: Path) -> None:
    hooked.write({"src/mail.py": "def send_mail(to):\n    return to\n"})
    plan = await rig.ask(PlanSplit(project=rig.project.id, what="all"))
    assert len(plan.commits) == 2
    with pytest.raises(HookRefused, match="lint-staged-of-mine"):
        await rig.ask(CommitSplit(project=rig.project.id, plan=plan.id))
    await rig.ask(CommitSplit(project=rig.project.id, plan=plan.id, environment={"PATH": str(tools)}))
    assert len(hooked.log("main..work")) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LD_PRELOAD", "/tmp/evil.so"),
        ("GIT_DIR", "/tmp/other"),
        ("NVM_", "/tmp"),
        ("PATHS", "/tmp"),
        ("path", "/tmp"),
        ("PATH", "/tmp\n/x"),
        ("PATH", "/a:" * 30_000),
        ("VIRTUAL_ENV", "/" + "a" * 5000),
    ],
)
async def test_nothing_else_of_a_shell_is_taken(rig: GitRig, hooked: GitLab, name: str, value: str) -> None:
    head = hooked.head()
    with pytest.raises(UsageProblem):
        await commit(rig, {name: value})
    assert hooked.head() == head


async def test_what_git_sets_for_its_hooks_does_not_reach_another_commit(
    rig: GitRig, hooked: GitLab, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when `aura up` was typed in a hook, in `git rebase --exec`, or in a shell that such a one started."""
    for name, value in {
        "GIT_AUTHOR_DATE": "@1 +0000",
        "GIT_COMMITTER_DATE": "@1 +0000",
        "GIT_REFLOG_ACTION": "rebase",
        "GIT_CONFIG_PARAMETERS": "'user.name=Somebody'",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_INDEX_FILE": "/nowhere/index",
        "GIT_DIR": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    await commit(rig, {"PATH": str(tools)})
    assert "GIT_REFLOG_ACTION" not in seen(tools)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_LITERAL_PATHSPECS"):
        monkeypatch.delenv(name)
    author, stamp, action = hooked.git("log", "-1", "-g", "--format=%an%n%at%n%gs").splitlines()
    assert author == "Ada Tester"
    assert int(stamp) > 1_000_000_000
    assert action.startswith("commit: ")


def test_only_folders_that_can_be_meant_are_sent() -> None:
    shell = {
        "PATH": "/usr/bin:.:bin::/usr/bin:/opt/\udcff/bin:/opt/node/bin",
        "VIRTUAL_ENV": "/opt/venv",
        "NVM_BIN": "/opt/node/bin",
        "NVM_CD_FLAGS": "",
        "PYENV_ROOT": "/opt/.pyenv",
        "PYENV_VERSION": "3.11.4",
        "HOME": "/opt/ada",
        "GIT_DIR": "/x",
        "SECRET_TOKEN": "/abc",
    }
    assert for_hooks(shell) == {
        "PATH": "/usr/bin:/opt/node/bin",
        "VIRTUAL_ENV": "/opt/venv",
        "NVM_BIN": "/opt/node/bin",
        "PYENV_ROOT": "/opt/.pyenv",
    }
    assert for_hooks({}) == {}
    long = for_hooks({"PATH": ":".join(f"/{number:05}" for number in range(20_000))})
    assert long["PATH"].startswith("/00000:/00001:")
    assert len(long["PATH"]) < 60_000
    many = for_hooks({f"NVM_{chr(65 + n // 26)}{chr(65 + n % 26)}": "/x" for n in range(100)})
    assert len(many) == 30
