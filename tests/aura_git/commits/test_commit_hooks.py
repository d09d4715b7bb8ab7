"""The hook of messages: put in place beside what is there, harmless, and taken away without a trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from aura_git.commits import hooks
from aura_git.commits.hooks import CHAINED, HOOK, hook_script, install_hook, read_hook, uninstall_hook
from aura_shared.errors import GateClosed
from aura_shared.messages.commits import HooksAnswer, ManageHooks
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

OLD = b"#!/bin/sh\n# mine\necho before >> .git/ran\nexit ${OLD_CODE:-0}\n"


def hooks_folder(shop: GitLab) -> Path:
    """Where hooks are, made when it is not there."""
    folder = shop.root / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    return folder


def program(folder: Path, text: str = 'printf "%s\\n" "$*" >> "$(dirname "$0")/called"\n') -> Path:
    """A program in place of `aura` that says how it was called."""
    place = folder / "aura program"
    place.write_text(f"#!/bin/sh\n{text}")
    place.chmod(0o755)
    return place


def called(folder: Path) -> list[str]:
    """How it was called."""
    place = folder / "called"
    return place.read_text().splitlines() if place.exists() else []


@pytest.mark.parametrize("before", [None, OLD], ids=["no hook", "a hook"])
def test_what_was_there_before_comes_back_byte_for_byte(shop: GitLab, before: bytes | None) -> None:
    folder = hooks_folder(shop)
    for sample in folder.iterdir():
        sample.unlink()
    if before is not None:
        (folder / HOOK).write_bytes(before)
        (folder / HOOK).chmod(0o744)
    repository = shop.repository()
    first = install_hook(repository, command="/opt/aura")
    text = (folder / HOOK).read_bytes()
    assert first.installed
    assert first.chained == (before is not None)
    assert install_hook(repository, command="/opt/aura") == first
    assert (folder / HOOK).read_bytes() == text
    after = uninstall_hook(repository)
    assert not after.installed
    if before is None:
        assert list(folder.iterdir()) == []
    else:
        assert [(one.name, one.read_bytes(), one.stat().st_mode & 0o777) for one in folder.iterdir()] == [
            (HOOK, before, 0o744)
        ]
    assert uninstall_hook(repository) == after


def test_the_hook_that_was_there_runs_first_and_may_refuse(shop: GitLab, tmp_path: Path) -> None:
    folder = hooks_folder(shop)
    (folder / HOOK).write_bytes(OLD)
    (folder / HOOK).chmod(0o755)
    install_hook(shop.repository(), command=str(program(tmp_path)))
    shop.environment["GIT_EDITOR"] = "echo 'fix: by hand' >"
    shop.write({"README.md": "new\n"})
    shop.git("commit", "--quiet", "--all")
    assert (shop.root / ".git/ran").read_text() == "before\n"
    assert called(tmp_path) == ["commit --hook .git/COMMIT_EDITMSG"]
    shop.environment["OLD_CODE"] = "7"
    shop.write({"README.md": "newer\n"})
    shop.git("commit", "--quiet", "--all", ok=1)
    assert len(called(tmp_path)) == 1
    assert shop.log("-1") == ["fix: by hand"]


@pytest.mark.parametrize(
    "arguments",
    [("-m", "docs: given"), ("--amend", "--no-edit"), ("-C", "HEAD"), ("--fixup", "HEAD")],
    ids=["message", "amend", "of another", "fixup"],
)
def test_a_message_that_is_given_is_left_alone(shop: GitLab, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    install_hook(shop.repository(), command=str(program(tmp_path)))
    shop.write({"README.md": "new\n"})
    shop.git("commit", "--quiet", "--all", *arguments)
    assert called(tmp_path) == []


def test_a_merge_and_a_squash_are_left_alone(shop: GitLab, tmp_path: Path) -> None:
    shop.branch("side")
    shop.commit("feat: side", {"side.txt": "side\n"})
    shop.switch("work")
    shop.commit("feat: work", {"work.txt": "work\n"})
    install_hook(shop.repository(), command=str(program(tmp_path)))
    shop.git("merge", "--no-edit", "--no-ff", "side")
    shop.branch("squashed", "HEAD~1")
    shop.git("merge", "--squash", "side")
    shop.environment["GIT_EDITOR"] = ":"
    shop.git("commit", "--quiet")
    assert called(tmp_path) == []


def test_the_hook_is_silent_where_aura_is_not_there_or_fails(shop: GitLab, tmp_path: Path) -> None:
    shop.environment["GIT_EDITOR"] = "echo 'fix: by hand' >"
    failing = program(tmp_path, "echo noise; echo noise >&2; exit 4\n")
    for command in ("/nowhere/aura", str(failing)):
        install_hook(shop.repository(), command=command)
        shop.write({"README.md": f"{command}\n"})
        done = subprocess.run(
            ["git", "commit", "--quiet", "--all"],
            cwd=shop.root,
            env={**shop.environment, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_AUTHOR_NAME": "A",
                 "GIT_AUTHOR_EMAIL": "a@localhost", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@localhost"},
            capture_output=True,
            check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert shop.log("-1") == ["fix: by hand"]


def test_the_script_is_plain_posix_shell(tmp_path: Path) -> None:
    place = tmp_path / "hook"
    place.write_text(hook_script("/opt/it's here/aura"))
    checked = subprocess.run(["dash", "-n", str(place)], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert "aura='/opt/it'\"'\"'s here/aura'" in place.read_text()


def test_the_folder_that_git_uses_counts(shop: GitLab, tmp_path: Path) -> None:
    inside = shop.root / ".git" / "own-hooks"
    shop.git("config", "core.hooksPath", str(inside))
    assert install_hook(shop.repository()).folder == inside
    assert (inside / HOOK).exists()
    elsewhere = tmp_path / "shared hooks"
    shop.git("config", "core.hooksPath", str(elsewhere))
    with pytest.raises(GateClosed, match="outside of this repository"):
        install_hook(shop.repository())
    assert not elsewhere.exists()
    state = install_hook(shop.repository(), force_path=True)
    assert (state.installed, state.configured, state.inside) == (True, str(elsewhere), False)
    uninstall_hook(shop.repository())
    assert list(elsewhere.iterdir()) == []


def test_hooks_among_the_files_of_the_project_are_not_written(shop: GitLab) -> None:
    shop.git("config", "core.hooksPath", ".githooks")
    with pytest.raises(GateClosed, match=r"managed by core\.hooksPath \(\.githooks\)"):
        install_hook(shop.repository())
    assert not (shop.root / ".githooks").exists()


@pytest.mark.parametrize(
    ("path", "text", "manager"),
    [
        (".husky/_/prepare-commit-msg", "#!/usr/bin/env sh\n. husky.sh\n", "husky"),
        (".git/hooks/prepare-commit-msg", "#!/bin/sh\n# File generated by pre-commit: x\n", "pre-commit"),
        (".git/hooks/pre-commit", "#!/bin/sh\ncall_lefthook run\n", "lefthook"),
        ("lefthook.yml", "pre-commit:\n", "lefthook"),
    ],
)
def test_what_manages_hooks_is_recognised(shop: GitLab, path: str, text: str, manager: str) -> None:
    shop.write({path: text})
    if manager == "husky":
        shop.git("config", "core.hooksPath", ".husky/_")
    state = read_hook(shop.repository())
    assert (state.managed_by, bool(state.advice)) == (manager, True)
    if manager == "pre-commit":
        assert install_hook(shop.repository()).chained
    else:
        with pytest.raises(GateClosed, match=f"managed by {manager}"):
            install_hook(shop.repository())


def test_two_hooks_where_one_would_be_lost_are_refused(shop: GitLab) -> None:
    folder = hooks_folder(shop)
    (folder / HOOK).write_bytes(OLD)
    (folder / CHAINED).write_bytes(OLD + b"# other\n")
    with pytest.raises(GateClosed, match="one of them would be lost"):
        install_hook(shop.repository())
    assert ((folder / HOOK).read_bytes(), (folder / CHAINED).read_bytes()) == (OLD, OLD + b"# other\n")


def die_before_the_script(monkeypatch: pytest.MonkeyPatch, shop: GitLab) -> None:
    """Begin an installation that ends once the hook that was there has its second name."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(hooks, "_write_script", die)
        with pytest.raises(KeyboardInterrupt):
            install_hook(shop.repository())


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system without hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
@pytest.mark.parametrize("kind", ["file", "symbolic link", "dangling link", "empty file"])
def test_an_installation_that_died_is_finished_or_taken_back(
    shop: GitLab, monkeypatch: pytest.MonkeyPatch, *, links: bool, kind: str
) -> None:
    """Until Aura's own hook is there, that of the person is."""
    place, chained = hooks_folder(shop) / HOOK, hooks_folder(shop) / CHAINED
    if kind in {"file", "empty file"}:
        place.write_bytes(OLD if kind == "file" else b"")
        place.chmod(0o755)
    else:
        shop.write({".git/other": OLD} if kind == "symbolic link" else {})
        place.symlink_to("../other")
    old = os.readlink(place) if place.is_symlink() else place.read_bytes()  # noqa: PTH115 - also a dangling one
    if not links:
        no_links(monkeypatch)
    die_before_the_script(monkeypatch, shop)
    state = read_hook(shop.repository())
    assert (state.half_way, state.foreign, state.installed) == (True, True, False)
    assert not uninstall_hook(shop.repository()).half_way
    assert not os.path.lexists(chained)
    die_before_the_script(monkeypatch, shop)
    state = install_hook(shop.repository())
    assert (state.half_way, state.installed, state.chained) == (False, True, True)
    assert uninstall_hook(shop.repository()).foreign
    assert old == (os.readlink(place) if place.is_symlink() else place.read_bytes())  # noqa: PTH115
    assert sorted(one.name for one in place.parent.iterdir() if not one.name.endswith(".sample")) == [HOOK]


def test_a_hook_that_was_left_without_ours_is_put_back(shop: GitLab) -> None:
    """As when Aura's own was removed by hand."""
    place, chained = hooks_folder(shop) / HOOK, hooks_folder(shop) / CHAINED
    chained.write_bytes(OLD)
    assert uninstall_hook(shop.repository()).foreign
    assert (place.read_bytes(), chained.exists()) == (OLD, False)


def test_an_older_hook_of_ours_is_renewed(shop: GitLab) -> None:
    install_hook(shop.repository())
    place = hooks_folder(shop) / HOOK
    place.write_text(place.read_text().replace("version 1.", "version 0."))
    assert read_hook(shop.repository()).outdated
    assert not install_hook(shop.repository()).outdated


async def test_the_hook_is_managed_over_the_bus(rig: GitRig, shop: GitLab) -> None:
    async def ask(action: str) -> HooksAnswer:
        return await rig.ask(ManageHooks.model_validate({"project": rig.project.id, "action": action}))

    folder = hooks_folder(shop)
    assert (await ask("status")).summary == "there is no hook"
    (folder / HOOK).write_bytes(OLD)
    assert (await ask("status")).summary == "a hook of somebody else is in place"
    (folder / CHAINED).hardlink_to(folder / HOOK)
    unfinished = "a hook of somebody else is in place, and an installation of Aura's is not finished"
    assert (await ask("status")).summary == unfinished
    assert (await ask("uninstall")).summary == "an installation that was not finished is taken back"
    installed = await ask("install")
    assert (installed.installed, installed.chained, installed.summary) == (True, True, "the hook is in place")
    assert "run first" in installed.notes[0]
    assert (await ask("install")).summary == "the hook was there already"
    assert (await ask("status")).summary == "the hook is in place"
    assert (await ask("uninstall")).summary == "the hook is gone, and the one before it is back"
    assert (await ask("uninstall")).summary == "there is no hook of Aura here"
