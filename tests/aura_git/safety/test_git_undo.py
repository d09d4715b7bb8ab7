"""Whatever an operation did, undo brings refs, index and files back byte by byte, and an undo can be undone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_git.repository import Repository
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_shared.errors import GateClosed, UndoRefused, UnknownOperation
from git_crash_states import Operate, Work, blobs_at_hand, blobs_within_reach, problems, staged_alike, whole
from git_lab import GitLab, copy_of, make_lab

pytestmark = pytest.mark.requirement("G3")


def w(*arguments: str, stdin: bytes | None = None) -> Work:
    """Run git."""
    return lambda repository: repository.git.write(*arguments, stdin=stdin)


def both(*works: Work) -> Work:
    return lambda repository: [work(repository) for work in works]


def put(path: str, content: bytes | None) -> Work:
    def work(repository: Repository) -> None:
        file = repository.root / path
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    return work


def link(path: str, to: str) -> Work:
    def work(repository: Repository) -> None:
        (repository.root / path).unlink(missing_ok=True)
        (repository.root / path).symlink_to(to)

    return work


def chmod(path: str, mode: int) -> Work:
    return lambda repository: (repository.root / path).chmod(mode)


COMMIT = both(w("add", "--all"), w("commit", "-qF", "-", stdin=b"feat: more"))

WORKS: dict[str, Work] = {
    "commit of everything": COMMIT,
    "commit of what is staged": w("commit", "-qF", "-", stdin=b"fix: a part"),
    "amend": w("commit", "-q", "--amend", "-F", "-", stdin=b"feat: another text"),
    "branch made and checked out": w("switch", "-qc", "feature/new"),
    "branch checked out with other files": both(COMMIT, w("switch", "-q", "side")),
    "branch deleted": w("branch", "-qD", "side"),
    "branch renamed": w("branch", "-qm", "side", "side/deeper"),
    "tag": w("tag", "-a", "v1", "-F", "-", stdin=b"first"),
    "tag deleted": w("tag", "-d", "old"),
    "merge": both(COMMIT, w("merge", "-q", "--no-ff", "-m", "merge", "side")),
    "rebase": both(COMMIT, w("rebase", "-q", "side")),
    "cherry-pick": both(COMMIT, w("cherry-pick", "side")),
    "detached": both(COMMIT, w("switch", "-q", "--detach", "HEAD~1")),
    "files deleted": both(put("a.txt", None), put("new.txt", None), put("sub/deep/b.txt", None)),
    "files written": both(put("a.txt", b"other\r\n"), put("made/by/us.txt", b"1"), put("sub/deep/b.txt", b"")),
    "file becomes folder": both(put("a.txt", None), put("a.txt/inside.txt", b"1")),
    "folder becomes file": both(
        put("sub/deep/b.txt", None), lambda r: (r.root / "sub/deep").rmdir(), put("sub/deep", b"1")
    ),
    "file becomes link": link("a.txt", "new.txt"),
    "link becomes file": both(lambda r: (r.root / "link").unlink(), put("link", b"text")),
    "modes": both(chmod("a.txt", 0o755), chmod("run.sh", 0o644)),
    "staging": w("add", "--all"),
    "staging nothing": w("reset", "-q"),
    "intent to add": w("add", "-N", "new.txt"),
    "moved": w("mv", "c.txt", "sub/c.txt"),
    "skip-worktree": w("update-index", "--skip-worktree", "c.txt"),
    "nothing": lambda _: None,
}


@pytest.fixture
def shop(lab: GitLab, git_settings: Path, tmp_path: Path) -> GitLab:
    """Two branches, a tag, and changes of every kind in index and work tree."""
    assert git_settings
    assert lab.root == tmp_path / "shop"
    return copy_of("undo", _shop, tmp_path)


def _shop(folder: Path) -> GitLab:
    lab = make_lab(folder / "shop")
    lab.commit(
        "feat: first",
        {"a.txt": "a\n", "c.txt": "c\n", "sub/deep/b.txt": "b\n", ".gitignore": "*.log\n", "run.sh": "#!\n"},
    )
    (lab.root / "run.sh").chmod(0o755)
    (lab.root / "link").symlink_to("a.txt")
    lab.commit("feat: second")
    lab.git("tag", "-a", "old", "-F", "-", stdin="old")
    lab.branch("side")
    lab.commit("feat: side", {"side.txt": "s\n"})
    lab.git("config", "branch.side.description", "with a description")
    lab.switch("main")
    lab.commit("feat: third", {"c.txt": "c3\n"})
    lab.write({"a.txt": "staged\n", "staged.txt": "s\n"})
    lab.git("add", "a.txt", "staged.txt")
    lab.write({"a.txt": "not staged\n", "new.txt": b"\x00raw\r\n", "kept.log": "ignored\n"})
    return lab


@pytest.mark.parametrize("name", WORKS)
def test_undo_restores_every_byte_and_can_be_undone(
    name: str, shop: GitLab, core: SafetyCore, operate: Operate
) -> None:
    before, at_hand = whole(shop.root), blobs_at_hand(shop.root)
    operation = operate(WORKS[name])
    after = whole(shop.root)
    repository = shop.repository()
    planned = core.undo(repository, dry_run=True)
    assert not planned.done
    assert whole(shop.root) == after
    undone = core.undo(repository, operation)
    assert (undone.refs, undone.paths, undone.done) == (planned.refs, planned.paths, True)
    assert whole(shop.root) == before
    assert core.undo(repository, undone.operation.facts["undone_by"]).done
    assert whole(shop.root) == after
    assert problems(shop.root) == []
    assert at_hand <= blobs_within_reach(shop.root)


def test_a_deleted_branch_comes_back_with_its_settings(shop: GitLab, core: SafetyCore, operate: Operate) -> None:
    operate(w("branch", "-qD", "side"))
    assert shop.git("config", "branch.side.description", ok=1) == ""
    core.undo(shop.repository())
    assert shop.git("config", "branch.side.description") == "with a description\n"
    operate(both(w("branch", "fresh"), w("config", "branch.fresh.description", "new")))
    core.undo(shop.repository())
    assert "fresh" not in shop.git("config", "--list", "--local")


def test_undo_walks_back_and_says_when_nothing_is_left(shop: GitLab, core: SafetyCore, operate: Operate) -> None:
    states = [whole(shop.root)]
    for name in ("commit of everything", "branch made and checked out", "tag"):
        operate(WORKS[name])
        states.append(whole(shop.root))
    repository = shop.repository()
    for state in reversed(states[:-1]):
        core.undo(repository)
        assert whole(shop.root) == state
    with pytest.raises(UnknownOperation, match="nothing to take back"):
        core.undo(repository)
    assert [record.state for record in core.operations(repository, 9)] == ["done"] * 3 + ["undone"] * 3


MOVES: dict[str, tuple[Work, str]] = {
    "the branch": (COMMIT, "refs/heads/main moved from"),
    "HEAD": (w("switch", "-q", "--detach"), "HEAD moved from refs.heads.main to"),
    "what is staged": (both(put("later.txt", b"1"), w("add", "later.txt")), "what is staged"),
    "a file": (put("made.txt", b"edited since"), "made.txt"),
    "a file that is gone": (put("run.sh", None), "run.sh"),
    "a merge that was begun": (w("update-ref", "MERGE_HEAD", "HEAD"), "in the middle of something"),
}


@pytest.mark.parametrize("name", MOVES)
def test_undo_refuses_when_something_moved_since_and_names_it(
    name: str, shop: GitLab, core: SafetyCore, operate: Operate
) -> None:
    operate(
        both(
            w("switch", "-qc", "other"),
            w("switch", "-q", "main"),
            COMMIT,
            put("made.txt", b"1"),
            put("run.sh", b"2"),
            WORKS["staging"],
        )
    )
    work, told = MOVES[name]
    work(shop.repository())
    now = whole(shop.root)
    for dry_run in (True, False):
        with pytest.raises(UndoRefused, match=told):
            core.undo(shop.repository(), dry_run=dry_run)
    assert staged_alike(whole(shop.root), now)
    assert core.operations(shop.repository(), 9)[-1].state == "done"


def test_what_is_newer_stays(shop: GitLab, core: SafetyCore, operate: Operate) -> None:
    operate(both(COMMIT, put("made/x.txt", b"1")))
    shop.git("branch", "later")
    shop.git("tag", "later")
    shop.write({"made/by-hand.txt": "mine\n", "made/kept.log": "ignored\n", "elsewhere.txt": "mine\n"})
    core.undo(shop.repository())
    assert {"refs/heads/later", "refs/tags/later"} <= set(shop.refs())
    assert (shop.root / "made/by-hand.txt").read_text() == "mine\n"
    assert (shop.root / "made/kept.log").exists()
    assert (shop.root / "elsewhere.txt").exists()
    assert not (shop.root / "made/x.txt").exists()


def test_an_ignored_file_in_the_place_of_a_deleted_one_is_not_written_over(
    shop: GitLab, core: SafetyCore, operate: Operate
) -> None:
    shop.write({"notes/today.txt": "mine\n"})
    operate(put("notes/today.txt", None))
    shop.write({"notes/today.txt": "ignored by now\n"})
    (shop.root / ".git/info/exclude").write_text("notes\n")
    with pytest.raises(UndoRefused, match=r"notes/today\.txt"):
        core.undo(shop.repository())
    assert (shop.root / "notes/today.txt").read_text() == "ignored by now\n"


def test_a_folder_that_became_a_link_is_not_written_through(
    shop: GitLab, core: SafetyCore, operate: Operate, tmp_path: Path
) -> None:
    operate(put("sub/deep/b.txt", None))
    (shop.root / "sub/deep").rmdir()
    (tmp_path / "outside").mkdir()
    (shop.root / "sub/deep").symlink_to(tmp_path / "outside")
    with pytest.raises(UndoRefused, match="sub/deep"):
        core.undo(shop.repository())
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_first_commit_can_be_taken_back(lab: GitLab, core: SafetyCore, operate: Operate) -> None:
    lab.write({"a.txt": "a\n"})
    before = whole(lab.root)
    operate(COMMIT)
    core.undo(lab.repository())
    assert whole(lab.root) == before
    assert "No commits yet" in lab.git("status")


def test_names_that_are_no_text_and_names_with_line_ends(lab: GitLab, core: SafetyCore, operate: Operate) -> None:
    names = [b"caf\xe9.txt", b"line\nend", b'"quoted"', b"tab\there", b" space ", b"-option", b"back\\slash", b"end\r"]
    lab.commit("feat: first", {"a.txt": "a"})
    for name in names:
        Path(os.fsdecode(os.fsencode(lab.root) + b"/" + name)).write_bytes(name)
    before = whole(lab.root)
    operate(both(COMMIT, *(put(os.fsdecode(name), None) for name in names)))
    core.undo(lab.repository())
    assert whole(lab.root) == before


def test_conflicts_in_the_index_come_back_with_all_stages(shop: GitLab, core: SafetyCore, operate: Operate) -> None:
    shop.commit("feat: ours", {"side.txt": "ours\n"})
    shop.git("merge", "-q", "side", ok=1)
    before = whole(shop.root)
    assert before.state == ("MERGE_HEAD",)
    operate(both(put("side.txt", b"resolved\n"), WORKS["commit of everything"]))
    assert whole(shop.root).state == ()
    core.undo(shop.repository())
    assert whole(shop.root) == before
    assert len(shop.git("ls-files", "-u").splitlines()) == 2


def test_remote_tracking_branches_stay_and_a_push_is_told(
    shop: GitLab, core: SafetyCore, operate: Operate, tmp_path: Path
) -> None:
    remote = make_lab(tmp_path / "remote", bare=True)
    shop.git("remote", "add", "origin", str(remote.root))
    operate(both(COMMIT, w("push", "-q", "origin", "main")))
    pushed = shop.head()
    outcome = core.undo(shop.repository())
    assert outcome.operation.facts["pushed"] == "origin/main"
    assert shop.head("refs/remotes/origin/main") == pushed == remote.head("main")
    assert shop.head() != pushed


def test_an_operation_of_another_work_tree_is_taken_back_there(
    shop: GitLab, core: SafetyCore, operate: Operate, tmp_path: Path
) -> None:
    shop.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    linked = GitLab(tmp_path / "linked")
    before = whole(linked.root, shop.root / ".git/worktrees/linked")
    linked.write({"side.txt": "more\n"})
    changed = whole(linked.root, shop.root / ".git/worktrees/linked")
    with core.begin(linked.repository(), "commit", "There", gates=Gates()):
        COMMIT(linked.repository())
    with pytest.raises(GateClosed, match="another work tree"):
        core.undo(shop.repository())
    core.undo(linked.repository())
    assert whole(linked.root, shop.root / ".git/worktrees/linked") == changed != before


def test_a_branch_that_another_work_tree_has_checked_out_is_not_moved(
    shop: GitLab, core: SafetyCore, operate: Operate, tmp_path: Path
) -> None:
    operate(w("branch", "-q", "-f", "side", "main"))
    shop.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    with pytest.raises(UndoRefused, match="refs/heads/side is checked out in"):
        core.undo(shop.repository())


def test_a_bare_repository_has_only_refs_to_take_back(
    tmp_path: Path, git_settings: Path, shop: GitLab, core: SafetyCore
) -> None:
    bare = GitLab(tmp_path / "bare.git")
    shop.git("clone", "-q", "--bare", str(shop.root), str(bare.root))
    refs = bare.refs()
    repository = bare.repository()
    with core.begin(repository, "branch", "Delete", gates=Gates(work_tree=False)):
        repository.git.write("branch", "-qD", "side")
    assert bare.refs() != refs
    core.undo(repository)
    assert bare.refs() == refs


def test_undo_of_what_is_taken_back_or_unknown_is_refused(shop: GitLab, core: SafetyCore, operate: Operate) -> None:
    operation = operate(WORKS["tag"])
    core.undo(shop.repository())
    with pytest.raises(UndoRefused, match="undone"):
        core.undo(shop.repository(), operation)
    with pytest.raises(UnknownOperation, match="zzz"):
        core.undo(shop.repository(), "zzz")


def test_an_undo_that_cannot_write_says_so_and_is_itself_taken_back(
    shop: GitLab, core: SafetyCore, operate: Operate
) -> None:
    operate(both(COMMIT, put("sub/deep/b.txt", None)))
    (shop.root / ".git/index.lock").touch()
    with pytest.raises(Exception, match=r"index\.lock"):
        core.undo(shop.repository())
    (shop.root / ".git/index.lock").unlink()
    core.undo(shop.repository())
    assert (shop.root / "sub/deep/b.txt").exists()
