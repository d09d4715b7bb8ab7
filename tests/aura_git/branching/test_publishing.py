"""Publishing over a real remote: what is pushed, what is refused, and that nothing is forced."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.branching.publishing import publish
from aura_git.branching.reading import read_branching
from aura_git.branching.remotes import find_remote, problem_of, without_secrets
from aura_git.safety.core import SafetyCore
from aura_shared.errors import (
    AuraError,
    ForgeRefused,
    ForgeUnreachable,
    GateClosed,
    GitError,
    HookRefused,
    NotFound,
    ProtectedBranch,
)
from aura_shared.messages.branches import BranchPublished, PublishBranch
from git_lab import GitLab


def push(lab: GitLab, safety: SafetyCore, **more: object) -> BranchPublished:
    repository = lab.repository()
    request = PublishBranch.model_validate({"project": "p", **more})
    return publish(repository, safety, read_branching(repository), request, ("release/*",))


@pytest.fixture
def cart(shared: GitLab) -> GitLab:
    """A feature of one commit, checked out and not pushed."""
    shared.branch("feature/cart", "develop")
    shared.commit("a", {"a": "a\n"})
    return shared


def origin_of(lab: GitLab) -> GitLab:
    return GitLab(lab.root.parent / "origin.git")


def other_clone(lab: GitLab, folder: Path) -> GitLab:
    lab.git("clone", "--quiet", f"file://{lab.root.parent}/origin.git", str(folder))
    other = GitLab(folder)
    other.git("config", "user.email", "bob@localhost")
    other.git("switch", "--quiet", "feature/cart")
    return other


@pytest.mark.requirement("G2")
def test_a_branch_is_pushed_and_followed(cart: GitLab, safety: SafetyCore) -> None:
    answer = push(cart, safety)
    assert (answer.branch, answer.remote, answer.upstream) == ("feature/cart", "origin", "origin/feature/cart")
    assert origin_of(cart).head("refs/heads/feature/cart") == cart.head() == answer.commit
    assert cart.git("rev-parse", "--abbrev-ref", "@{u}").strip() == "origin/feature/cart"
    again = push(cart, safety)
    assert (again.pushed, again.operation) == (False, "")


@pytest.mark.requirement("G2", "G5")
def test_a_remote_that_has_more_is_not_overwritten(cart: GitLab, safety: SafetyCore, tmp_path: Path) -> None:
    push(cart, safety)
    other = other_clone(cart, tmp_path / "other")
    theirs = other.commit("theirs", {"b": "b\n"})
    other.git("push", "--quiet")
    cart.commit("mine", {"c": "c\n"})
    for replace in (False, True):
        with pytest.raises(GateClosed, match="has commits that were never seen here"):
            push(cart, safety, replace=replace)
    cart.git("fetch", "--quiet")
    with pytest.raises(GateClosed, match="has parted from the one here"):
        push(cart, safety)
    with pytest.raises(GateClosed, match="commits of bob@localhost on 'feature/cart' would be replaced"):
        push(cart, safety, replace=True)
    assert origin_of(cart).head("refs/heads/feature/cart") == theirs


@pytest.mark.requirement("G2")
def test_an_own_rebased_branch_is_replaced_when_asked(cart: GitLab, safety: SafetyCore) -> None:
    push(cart, safety)
    # At the real time: `--force-if-includes` compares it with that of the push.
    cart.environment |= {"GIT_COMMITTER_DATE": "", "GIT_AUTHOR_DATE": ""}
    cart.git("commit", "--quiet", "--amend", "-m", "better")
    with pytest.raises(GateClosed, match="has parted"):
        push(cart, safety)
    push(cart, safety, replace=True)
    assert origin_of(cart).head("refs/heads/feature/cart") == cart.head()


def test_a_protected_branch_is_never_replaced(cart: GitLab, safety: SafetyCore) -> None:
    cart.branch("release/1.0", "develop")
    cart.commit("r", {"r": "r\n"})
    push(cart, safety)
    cart.git("commit", "--quiet", "--amend", "-m", "better")
    with pytest.raises(ProtectedBranch, match=r"'release/1\.0' is protected"):
        push(cart, safety, replace=True)


@pytest.mark.requirement("G2")
def test_what_the_remote_says_is_passed_on(cart: GitLab, safety: SafetyCore) -> None:
    hook = origin_of(cart).root / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho open a pull request: https://forge/pr\nexit ${AURA_TEST_CODE:-0}\n")
    hook.chmod(0o755)
    assert push(cart, safety).said == "open a pull request: https://forge/pr"
    hook.write_text("#!/bin/sh\necho no pushes on fridays\nexit 1\n")
    cart.commit("b", {"b": "b\n"})
    with pytest.raises(ForgeRefused, match=r"(?s)no pushes on fridays.*pre-receive hook declined"):
        push(cart, safety)
    failed = safety.operations(cart.repository(), 1)[0]
    assert (failed.state, failed.command) == ("failed", "branch publish")


def test_a_hook_of_ones_own_stops_the_push(cart: GitLab, safety: SafetyCore) -> None:
    hook = cart.root / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho tests fail >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(HookRefused, match="tests fail"):
        push(cart, safety)


@pytest.mark.requirement("G2")
def test_a_remote_that_is_gone_does_not_answer(cart: GitLab, safety: SafetyCore) -> None:
    origin_of(cart).root.rename(cart.root.parent / "moved.git")
    with pytest.raises(ForgeUnreachable, match="the remote 'origin' does not answer"):
        push(cart, safety)


def test_the_remote_is_the_one_named_followed_or_only(cart: GitLab, safety: SafetyCore) -> None:
    with pytest.raises(NotFound, match="there is no remote 'up'; there are origin"):
        push(cart, safety, remote="up")
    cart.git("remote", "add", "up", f"file://{origin_of(cart).root}")
    repository = cart.repository()
    assert find_remote(repository, "feature/cart") == "origin"
    assert find_remote(repository, "feature/cart", "up") == "up"
    cart.git("config", "branch.feature/cart.remote", "up")
    assert find_remote(repository, "feature/cart") == "up"
    cart.git("remote", "remove", "origin")
    assert find_remote(repository, "develop") == "up"
    cart.git("remote", "remove", "up")
    with pytest.raises(NotFound, match="there is no remote to publish to"):
        push(cart, safety)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ssh: Could not resolve hostname forge: Name or service not known", ForgeUnreachable),
        ("fatal: unable to access 'https://forge/': Failed to connect to forge port 443", ForgeUnreachable),
        ("fatal: unable to access 'https://forge/': The requested URL returned error: 503", ForgeUnreachable),
        ("fatal: unable to access 'https://forge/': The requested URL returned error: 403", ForgeRefused),
        ("fatal: could not read Username for 'https://forge': terminal prompts disabled", ForgeRefused),
        ("git@forge: Permission denied (publickey).", ForgeRefused),
        ("! [remote rejected] main -> main (protected branch hook declined)", ForgeRefused),
        ("! [rejected] a -> a (non-fast-forward)", GateClosed),
        ("! [rejected] a -> a (stale info)", GateClosed),
        ("error: failed to push some refs to 'https://forge'", HookRefused),
        ("something new", ForgeUnreachable),
    ],
)
def test_what_git_says_is_told_apart(said: str, kind: type[AuraError]) -> None:
    assert type(problem_of(GitError(said), "origin")) is kind


def test_secrets_in_addresses_are_not_told() -> None:
    assert (
        without_secrets("https://bob:token@forge/x and ssh://git@forge/y")
        == "https://***@forge/x and ssh://***@forge/y"
    )
