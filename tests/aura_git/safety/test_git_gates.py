"""Each gate refuses with what is in the way and what to do, and leaves everything as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aura_git.repository import open_repository
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_shared.errors import AuraError, GateClosed, ProtectedBranch
from git_crash_states import whole
from git_lab import GitLab, make_lab

pytestmark = pytest.mark.requirement("G3", "P11")


def _merge(lab: GitLab) -> None:
    lab.git("merge", "side", ok=1)


def _rebase(lab: GitLab) -> None:
    lab.git("rebase", "side", ok=1)


def _am(lab: GitLab) -> None:
    patch = lab.git("format-patch", "--stdout", "-1", "side")
    lab.git("am", stdin=patch, ok=128)


def _pick(lab: GitLab) -> None:
    lab.git("cherry-pick", "side", ok=1)


def _revert(lab: GitLab) -> None:
    lab.git("revert", "--no-edit", "HEAD~1", ok=1)


def _bisect(lab: GitLab) -> None:
    lab.git("bisect", "start")


def _leave_conflicts(lab: GitLab) -> None:
    lab.git("merge", "side", ok=1)
    (lab.root / ".git/MERGE_HEAD").unlink()


def _detach(lab: GitLab) -> None:
    lab.git("switch", "-q", "--detach")


def _stage(lab: GitLab) -> None:
    lab.write({"a.txt": "more\n"})
    lab.git("add", "a.txt")


def _edit(lab: GitLab) -> None:
    lab.write({"a.txt": "more\n"})


def _shallow(lab: GitLab) -> None:
    (lab.root / ".git/shallow").write_text(lab.head() + "\n")


def _sparse(lab: GitLab) -> None:
    lab.git("sparse-checkout", "set", "nowhere")


def _orphan(lab: GitLab) -> None:
    lab.git("switch", "-q", "--orphan", "empty")


CLOSED: dict[str, tuple[Callable[[GitLab], None], Gates, str, str]] = {
    "merge": (_merge, Gates(), "in the middle of a merge", "git merge --abort"),
    "rebase": (_rebase, Gates(), "in the middle of a rebase", "git rebase --continue"),
    "am": (_am, Gates(), "in the middle of an am", "git am --abort"),
    "cherry-pick": (_pick, Gates(), "in the middle of a cherry-pick", "git cherry-pick --abort"),
    "revert": (_revert, Gates(), "in the middle of a revert", "git revert --abort"),
    "bisect": (_bisect, Gates(), "in the middle of a bisect", "git bisect reset"),
    "conflicts": (_leave_conflicts, Gates(), r"conflicts are left in a\.txt", "git add"),
    "detached": (_detach, Gates(attached=True), "HEAD is detached", "git switch"),
    "staged": (_stage, Gates(clean=True), "1 staged", "aura commit"),
    "edited": (_edit, Gates(clean=True), "1 not staged", "aura commit"),
    "shallow": (_shallow, Gates(complete=True), "shallow", "git fetch --unshallow"),
    "sparse": (_sparse, Gates(dense=True), "sparse", "git sparse-checkout disable"),
    "unborn": (_orphan, Gates(), "'empty' has no commit yet", "aura commit"),
}


@pytest.fixture
def shop(lab: GitLab) -> GitLab:
    """Two branches that conflict."""
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.branch("side")
    lab.commit("feat: side", {"a.txt": "side\n"})
    lab.switch("main")
    lab.branch("work")
    lab.commit("feat: ours", {"a.txt": "ours\n"})
    lab.commit("feat: again", {"a.txt": "again\n"})
    return lab


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_gate_says_what_is_in_the_way_and_what_to_do(name: str, shop: GitLab, core: SafetyCore) -> None:
    arrange, gates, told, hint = CLOSED[name]
    arrange(shop)
    before = whole(shop.root)
    with pytest.raises(GateClosed, match=told) as refused:
        core.begin(shop.repository(), "test", "Something", gates=gates)
    assert hint in refused.value.hint
    assert whole(shop.root) == before
    assert core.operations(shop.repository(), 9) == []
    open_to_all = Gates(born=False, at_rest=False)
    with core.begin(shop.repository(), "test", "Something", gates=open_to_all):
        pass
    assert whole(shop.root) == before


def test_a_bare_repository_has_no_work_tree(tmp_path: Path, git_settings: Path, core: SafetyCore) -> None:
    bare = make_lab(tmp_path / "bare", bare=True)
    with pytest.raises(GateClosed, match="bare"):
        core.begin(bare.repository(), "test", "Something", gates=Gates())
    with pytest.raises(GateClosed, match="no commit yet"):
        core.begin(bare.repository(), "test", "Something", gates=Gates(work_tree=False))


def test_a_linked_work_tree_is_as_good_as_any(shop: GitLab, core: SafetyCore, tmp_path: Path) -> None:
    shop.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    linked = open_repository(tmp_path / "linked")
    assert linked.state().linked
    with core.begin(linked, "test", "Something", gates=Gates(attached=True, clean=True, complete=True, dense=True)):
        pass
    assert [record.state for record in core.operations(shop.repository(), 9)] == ["done"]


PROTECTED: dict[str, tuple[Gates, str]] = {
    "deleted": (Gates(deletes=("side", "release/1.2")), r"'release/1\.2' is protected, and is never deleted"),
    "rewritten": (Gates(rewrites=("main",)), "'main' is protected, and is never rewritten"),
    "a range rewritten": (Gates(rewrites=("HEAD~1..main",)), "'main' is protected, and is never rewritten"),
    "committed to": (Gates(commits_to="main"), "'main' is protected: a commit on it needs a yes"),
}


@pytest.mark.parametrize("name", PROTECTED)
def test_protected_branches_are_left_alone(name: str, shop: GitLab, core: SafetyCore) -> None:
    gates, told = PROTECTED[name]
    with pytest.raises(ProtectedBranch, match=told) as refused:
        core.begin(shop.repository(), "test", "Something", gates=gates)
    assert "git.protected" in refused.value.hint
    assert "release/*" in refused.value.hint


OPEN: dict[str, Gates] = {
    "another branch": Gates(deletes=("side",), rewrites=("side", "HEAD~1..work"), commits_to="work"),
    "with a yes": Gates(commits_to="main", protected_ok=True),
    "a branch that is not there": Gates(rewrites=("nowhere",)),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_not_protected_may_be_written(name: str, shop: GitLab, core: SafetyCore) -> None:
    with core.begin(shop.repository(), "test", "Something", gates=OPEN[name]):
        pass


def test_commits_that_are_on_a_remote_are_not_rewritten(shop: GitLab, core: SafetyCore, tmp_path: Path) -> None:
    remote = make_lab(tmp_path / "remote", bare=True)
    shop.git("remote", "add", "origin", str(remote.root))
    shop.git("push", "-q", "origin", "work", "main")
    pushed = shop.head()
    shop.commit("feat: not pushed", {"b.txt": "b\n"})
    for wanted in ("work", "HEAD~2..work", "main..work"):
        with pytest.raises(GateClosed, match=r"commits of 'work' are on a remote \(origin/work\)"):
            core.begin(shop.repository(), "test", "Something", gates=Gates(rewrites=(wanted,)))
    with core.begin(shop.repository(), "test", "Something", gates=Gates(rewrites=(f"{pushed}..work",))):
        pass
    with pytest.raises(AuraError, match="nowhere"):
        core.begin(shop.repository(), "test", "Something", gates=Gates(rewrites=("nowhere..work",)))


def test_a_branch_that_is_new_here_may_be_rewritten(shop: GitLab, core: SafetyCore, tmp_path: Path) -> None:
    remote = make_lab(tmp_path / "remote", bare=True)
    shop.git("remote", "add", "origin", str(remote.root))
    shop.git("push", "-q", "origin", "main")
    with core.begin(shop.repository(), "test", "Something", gates=Gates(rewrites=("work",))):
        pass
