"""What a repository has set up counts for everything that Aura does: attributes, filters, templates, sub-modules."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from aura_git.commits.service import CommitService
from aura_git.merging.service import MergeService
from aura_git.safety.contract import Gates
from aura_git.safety.service import SafetyService
from aura_shared.errors import AuraError
from aura_shared.messages.commits import CommitAnswer, CommitSplit, DraftCommit, MakeCommit, PlanSplit
from aura_shared.messages.git import UndoOperation
from aura_shared.messages.merges import DoMerge
from git_crash_states import problems, whole
from git_lab import GitLab, make_lab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1", "G3", "P11")

LFS: Final = "*.psd filter=lfs diff=lfs merge=lfs -text\n"


@pytest.fixture
def shop(aura_home: Path, lab: GitLab) -> GitLab:
    """A repository on the branch `work`."""
    assert aura_home
    lab.commit("feat: first", {"a.py": "def first():\n    return 1\n", "b.py": "def second():\n    return 2\n"})
    lab.branch("work")
    return lab


def rig_of(lab: GitLab) -> GitRig:
    return GitRig(lab.root, CommitService, MergeService, SafetyService)


async def commit(rig: GitRig, message: str = "feat: all", **what: object) -> CommitAnswer:
    """Commit everything."""
    asked = DraftCommit.model_validate({"project": rig.project.id, "what": "all", "model": False, **what})
    draft = await rig.ask(asked)
    return await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id, message=message))


async def test_line_ends_and_filters_of_attributes_count_in_commits_and_splits(shop: GitLab) -> None:
    """What is committed is what `git add` would have made of it; the work tree keeps its bytes."""
    shop.git("config", "filter.rot.clean", "tr a-z n-za-m")
    shop.git("config", "filter.rot.smudge", "tr a-z n-za-m")
    shop.commit("chore: attributes", {".gitattributes": "*.py text eol=crlf\n*.rot filter=rot\n"})
    changed = {"a.py": b"def first():\r\n    return 11\r\n", "a.rot": b"secret\n", "new.py": b"x = 1\r\n"}
    rig = rig_of(shop)
    for how in ("commit", "split"):
        shop.write(changed)
        if how == "commit":
            await commit(rig)
        else:
            plan = await rig.ask(PlanSplit(project=rig.project.id, what="all"))
            await rig.ask(CommitSplit(project=rig.project.id, plan=plan.id, unsound_ok=True))
        assert shop.git("show", "HEAD:a.rot") == "frperg\n"
        assert "\r" not in shop.git("cat-file", "blob", "HEAD:a.py") + shop.git("cat-file", "blob", "HEAD:new.py")
        assert shop.git("status", "--porcelain") == ""
        assert {path: (shop.root / path).read_bytes() for path in changed} == changed
        await rig.ask(UndoOperation(project=rig.project.id))
        assert {path: (shop.root / path).read_bytes() for path in changed} == changed


@pytest.mark.parametrize("required", [True, False], ids=["required", "not required"])
async def test_without_git_lfs_large_files_are_refused_and_nothing_is_lost(shop: GitLab, *, required: bool) -> None:
    """Its settings are there, and its program is not: other files can be committed and taken back all the same."""
    shop.commit("chore: attributes", {".gitattributes": LFS})
    for key, value in (("clean", "no-git-lfs clean -- %f"), ("process", "no-git-lfs filter-process")):
        shop.git("config", f"filter.lfs.{key}", value)
    shop.git("config", "filter.lfs.required", "true" if required else "false")
    shop.write({"a.psd": b"\x89content " * 100, "a.py": "def first():\n    return 11\n"})
    rig, before = rig_of(shop), whole(shop.root)
    with pytest.raises(AuraError) as refused:
        await commit(rig)
    assert "lfs" in refused.value.message
    assert "a.psd" in refused.value.message
    assert "git-lfs" in f"{refused.value.message} {refused.value.hint}"
    assert whole(shop.root) == before
    await commit(rig, paths=["a.py"])
    await rig.ask(UndoOperation(project=rig.project.id))
    assert whole(shop.root) == before
    assert problems(shop.root) == []


async def test_files_whose_filter_does_not_run_come_back_byte_by_byte(shop: GitLab) -> None:
    shop.commit("chore: attributes", {".gitattributes": LFS})
    shop.git("config", "filter.lfs.process", "no-git-lfs filter-process")
    shop.git("config", "filter.lfs.required", "true")
    content = b"\x89content " * 100
    shop.write({"a.psd": content})
    core, repository = rig_of(shop).desk.safety, shop.repository()
    with core.begin(repository, "test", "Delete it", gates=Gates()):
        (shop.root / "a.psd").unlink()
    core.undo(repository)
    assert (shop.root / "a.psd").read_bytes() == content


async def test_a_template_of_messages_is_shown_and_never_committed(shop: GitLab) -> None:
    """With the clean-up that the repository has set; a line that begins with its sign is a comment there."""
    shop.write({".git/template": "# Why?\n\n# Task:\n", "a.py": "def first():\n    return 11\n"})
    shop.git("config", "commit.template", ".git/template")
    rig = rig_of(shop)
    draft = await rig.ask(DraftCommit(project=rig.project.id, what="all", model=False))
    assert draft.template == "# Why?\n\n# Task:\n"
    await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id, message="feat: all\n\n#12 is done\n"))
    assert shop.git("log", "-1", "--format=%B").strip() == "feat: all\n\n#12 is done"
    shop.git("config", "commit.cleanup", "strip")
    shop.write({"a.py": "def first():\n    return 12\n"})
    await commit(rig, "feat: more\n\n# only a comment\nbody")
    assert shop.git("log", "-1", "--format=%B").strip() == "feat: more\n\nbody"


async def test_a_sub_module_is_only_a_pointer(shop: GitLab, tmp_path: Path) -> None:
    """What is changed in one stays; a moved pointer is committed, told, and taken back without touching it."""
    inner = make_lab(tmp_path / "inner")
    inner.commit("feat: inner", {"x.txt": "1\n"})
    shop.git("submodule", "--quiet", "add", str(inner.root), "sub")
    shop.commit("feat: sub")
    sub = GitLab(shop.root / "sub")
    sub.write({"x.txt": "dirty\n", "new.txt": "new\n"})
    shop.write({"a.py": "def first():\n    return 11\n"})
    rig, pointer = rig_of(shop), shop.head("HEAD:sub")
    made = await commit(rig)
    assert shop.git("show", "--format=", "--name-only", made.commit).split() == ["a.py"]
    assert shop.head("HEAD:sub") == pointer
    moved = sub.commit("feat: moved")
    sub.write({"x.txt": "dirty again\n"})
    draft = await rig.ask(DraftCommit(project=rig.project.id, what="all", model=False))
    assert ("submodule", "sub") in [(one.rule, one.path) for one in draft.concerns]
    await rig.ask(MakeCommit(project=rig.project.id, draft=draft.id, message="feat: pointer"))
    assert shop.head("HEAD:sub") == moved
    for _ in range(2):
        await rig.ask(UndoOperation(project=rig.project.id))
    assert (shop.head("HEAD:sub"), sub.head()) == (pointer, moved)
    assert (shop.root / "sub/x.txt").read_text() == "dirty again\n"
    assert (shop.root / "sub/new.txt").read_text() == "new\n"


async def test_a_commit_in_a_sparse_checkout_deletes_nothing_outside_of_it(shop: GitLab) -> None:
    shop.commit("feat: folders", {"in/a.txt": "a\n", "out/b.txt": "b\n"})
    shop.git("sparse-checkout", "set", "in")
    rig = rig_of(shop)
    shop.write({"in/a.txt": "A\n", "in/new.txt": "new\n"})
    made = await commit(rig)
    assert shop.git("show", "--format=", "--name-only", made.commit).split() == ["in/a.txt", "in/new.txt"]
    assert shop.git("show", "HEAD:out/b.txt") == "b\n"
    await rig.ask(UndoOperation(project=rig.project.id))
    assert not (shop.root / "out").exists()
    assert shop.git("status", "--porcelain").splitlines() == [" M in/a.txt", "?? in/new.txt"]


async def test_commits_in_shallow_and_linked_work_trees_are_made_and_taken_back(shop: GitLab, tmp_path: Path) -> None:
    shop.commit("feat: second", {"c.txt": "c\n"})
    shop.git("clone", "-q", "--depth=1", f"file://{shop.root}", str(tmp_path / "shallow"))
    shop.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    for name in ("shallow", "linked"):
        lab = GitLab(tmp_path / name)
        rig, head = rig_of(lab), lab.git("rev-parse", "HEAD")
        lab.write({"a.py": "def first():\n    return 11\n", "new.txt": "new\n"})
        made = await commit(rig)
        assert lab.git("rev-parse", "HEAD~1") == head
        assert made.commit == lab.git("rev-parse", "HEAD").strip()
        await rig.ask(UndoOperation(project=rig.project.id))
        assert lab.git("rev-parse", "HEAD") == head
        assert lab.git("status", "--porcelain").splitlines() == [" M a.py", "?? new.txt"]
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("kind", "told"), [("detached", "HEAD is detached"), ("unborn", "no commit yet"), ("bare", "bare")]
)
async def test_what_cannot_be_done_here_is_refused_with_the_reason(
    shop: GitLab, tmp_path: Path, kind: str, told: str
) -> None:
    lab = shop
    if kind == "detached":
        shop.git("switch", "-q", "--detach")
        shop.write({"a.py": "x = 1\n"})
    elif kind == "unborn":
        lab = make_lab(tmp_path / "unborn")
    else:
        shop.git("clone", "-q", "--bare", str(shop.root), str(tmp_path / "bare"))
        lab = GitLab(tmp_path / "bare")
    rig = rig_of(lab)
    with pytest.raises(AuraError, match=told):
        await (rig.ask(DoMerge(project=rig.project.id, ref="main")) if kind == "unborn" else commit(rig))
