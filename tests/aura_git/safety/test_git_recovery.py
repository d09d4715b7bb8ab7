"""What waits, failed or was interrupted can go on, be aborted or be undone, and nothing of it is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_git.safety.journal import Journal
from aura_git.safety.recovery import choices_of
from aura_shared.errors import AuraError, GateClosed, GitError, RepositoryBusy, UndoRefused, UnknownOperation
from aura_shared.settings import GitSettings
from git_crash_states import blobs_within_reach, problems, run, staged_alike, whole
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G3")


@pytest.fixture
def shop(lab: GitLab) -> GitLab:
    """Two branches that conflict, and an untracked file."""
    lab.commit("feat: first", {"a.txt": "a\n", "b.txt": "b\n"})
    lab.branch("side")
    lab.commit("feat: side", {"a.txt": "side\n", "side.txt": "s\n"})
    lab.switch("main")
    lab.branch("work")
    lab.commit("feat: ours", {"a.txt": "ours\n"})
    lab.write({"new.txt": "new\n"})
    return lab


@pytest.fixture
def merging(shop: GitLab, core: SafetyCore) -> str:
    """A merge that waits for a person."""
    with core.begin(shop.repository(), "merge", "Merge side", gates=Gates()) as operation:
        operation.step("merge")
        operation.remember(ref="side")
        shop.repository().git.write("merge", "-q", "side", ok=(1,))
        operation.wait("resolve a.txt")
    return operation.id


def test_what_waits_is_told_and_nothing_else_begins(shop: GitLab, core: SafetyCore, merging: str) -> None:
    repository = shop.repository()
    record = core.open_operation(repository)
    assert record is not None
    assert (record.id, record.state, record.waiting_for) == (merging, "waiting", "resolve a.txt")
    assert (record.steps, record.facts) == (("merge",), {"ref": "side"})
    assert choices_of(record) == ["continue", "abort"]
    with pytest.raises(GateClosed, match="waits: resolve") as refused:
        core.begin(repository, "commit", "Commit", gates=Gates())
    assert "aura abort" in refused.value.hint
    with pytest.raises(GateClosed, match="is waiting"):
        core.undo(repository)


def test_what_waits_can_go_on(shop: GitLab, core: SafetyCore, merging: str) -> None:
    repository = shop.repository()
    before = core.operation(repository, merging).before
    with core.resume(repository, merging[:-1]) as operation:
        operation.step("commit")
        shop.write({"a.txt": "both\n"})
        repository.git.write("commit", "-qaF", "-", stdin=b"merge")
    done = core.operation(repository, merging)
    assert (done.state, done.steps, done.before, done.waiting_for) == ("done", ("merge", "commit"), before, "")
    core.undo(repository)
    assert shop.log() == ["feat: ours", "feat: first"]
    with pytest.raises(GateClosed, match="undone, and can neither"):
        core.resume(repository, merging)


def test_abort_brings_back_what_was_there_and_keeps_edits_made_since(
    shop: GitLab, core: SafetyCore, merging: str
) -> None:
    repository = shop.repository()
    shop.write({"a.txt": "half resolved\n", "b.txt": "edited too\n", "side.txt": "and this\n"})
    resolved = whole(shop.root)
    outcome = core.abandon(repository, merging)
    assert outcome.operation.facts["edited"].split("\0") == ["a.txt", "side.txt"]
    assert shop.git("status", "--short") == " M b.txt\n?? new.txt\n"
    assert (shop.root / "a.txt").read_text() == "ours\n"
    assert (shop.root / "b.txt").read_text() == "edited too\n"
    assert whole(shop.root).state == ()
    assert core.operation(repository, merging).state == "aborted"
    assert core.open_operation(repository) is None
    core.undo(repository, outcome.operation.facts["undone_by"])
    assert whole(shop.root) == resolved
    assert core.operation(repository, merging).state == "waiting"


def test_abort_refuses_when_a_branch_moved_since(shop: GitLab, core: SafetyCore, merging: str) -> None:
    shop.git("add", "a.txt")
    shop.git("commit", "-qm", "merged by hand")
    with pytest.raises(UndoRefused, match="refs/heads/work moved"):
        core.abandon(shop.repository(), merging)


def test_a_rebase_is_aborted_with_its_state(shop: GitLab, core: SafetyCore) -> None:
    before = whole(shop.root)
    with core.begin(shop.repository(), "rebase", "Rebase", gates=Gates()) as operation:
        shop.repository().git.write("rebase", "-q", "side", ok=(1,))
        operation.wait("resolve a.txt")
    assert whole(shop.root).state == ("rebase-merge",)
    core.abandon(shop.repository(), operation.id)
    assert staged_alike(whole(shop.root), before)
    assert list((shop.root / ".git/aura/aside").glob("*/rebase-merge/git-rebase-todo"))


def test_what_failed_is_left_as_it_is_and_can_be_undone(shop: GitLab, core: SafetyCore) -> None:
    before, repository = whole(shop.root), shop.repository()

    def two_steps() -> None:
        with core.begin(repository, "branch", "Two steps", gates=Gates()) as operation:
            operation.step("switch")
            repository.git.write("switch", "-qc", "fresh")
            operation.step("merge")
            repository.git.write("merge", "nowhere")

    with pytest.raises(GitError, match="nowhere"):
        two_steps()
    (record,) = core.operations(repository, 9)
    assert (record.state, record.steps) == ("failed", ("switch", "merge"))
    assert "nowhere" in record.problem
    assert "refs/heads/fresh" in shop.refs()
    assert choices_of(record) == ["undo"]
    core.undo(repository)
    assert whole(shop.root) == before


def test_an_operation_can_be_entered_twice_by_itself_only(shop: GitLab, core: SafetyCore) -> None:
    repository = shop.repository()
    with core.begin(repository, "commit", "Outer", gates=Gates()) as operation:
        with operation:
            operation.step("inner")
        with pytest.raises(RepositoryBusy, match=rf"`commit` of process {os.getpid()} is at work"):
            core.begin(repository, "branch", "Other", gates=Gates())
    assert [record.state for record in core.operations(repository, 9)] == ["done"]


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from aura_git.repository import open_repository
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_shared.settings import GitSettings
repository = open_repository(Path(sys.argv[1]))
operation = SafetyCore(GitSettings()).begin(repository, sys.argv[3], "Half done", gates=Gates())
operation.step("commit")
if sys.argv[2] == "changed":
    repository.git.write("add", "--all")
    repository.git.write("commit", "-qm", "half")
elif sys.argv[2] == "half":
    repository.git.write("read-tree", "-m", "-u", "HEAD", "side")
elif sys.argv[2] == "torn":
    repository.git.write("rebase", "side", ok=(1,))
    (repository.git_dir / "rebase-merge" / sys.argv[4]).unlink()
os.kill(os.getpid(), signal.SIGKILL)
"""


def interrupt(lab: GitLab, what: str, command: str = "commit", file: str = "") -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(lab.root), what, command, file], env=environment, check=False
    )


def test_what_cannot_go_on_is_only_offered_to_be_taken_back(shop: GitLab, core: SafetyCore) -> None:
    before, repository = whole(shop.root), shop.repository()
    interrupt(shop, "changed", "commit")
    (record,) = core.recover(repository)
    assert choices_of(record) == ["abort", "undo"]
    with pytest.raises(GateClosed, match="an interrupted `commit` does not go on"):
        core.resume(repository, record.id)
    core.abandon(repository, record.id)
    assert whole(shop.root) == before
    interrupt(shop, "half", "merge")
    (record, *_) = core.recover(repository)
    assert choices_of(record) == ["abort", "undo"]
    assert record.facts["half_way"] == "yes"
    core.abandon(repository, record.id)
    assert staged_alike(whole(shop.root), before)


@pytest.mark.parametrize("file", ["stopped-sha", "message", "head-name", "orig-head"])
def test_a_rebase_that_died_while_it_began_or_ended_is_taken_back(shop: GitLab, core: SafetyCore, file: str) -> None:
    """git writes and removes its own notes one by one."""
    before, repository = whole(shop.root), shop.repository()
    interrupt(shop, "torn", "rebase", file)
    (record,) = core.recover(repository)
    assert choices_of(record) == ["abort", "undo"]
    core.abandon(repository, record.id)
    assert staged_alike(whole(shop.root), before)
    assert problems(shop.root) == []


def test_what_died_once_it_went_on_is_taken_back_to_its_beginning(
    shop: GitLab, core: SafetyCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what a person wrote between the stop and the going on is kept."""
    before, repository = whole(shop.root), shop.repository()
    with core.begin(repository, "merge", "Merge side", gates=Gates()) as operation:
        repository.git.write("merge", "-q", "side", ok=(1,))
        operation.wait("resolve a.txt")
    shop.write({"a.txt": "resolved by hand\n", "note.txt": "kept\n"})
    written = {shop.git("hash-object", name).strip() for name in ("a.txt", "note.txt")}
    with monkeypatch.context() as dying:
        dying.setattr(os, "getpid", lambda: 2**22 + 1)  # no process has this number
        resumed = core.resume(repository, operation.id)
        shop.write({"a.txt": "written over\n"})
        shop.git("commit", "--quiet", "--all", "--no-edit")
        resumed._lock.release()  # pyright: ignore[reportPrivateUsage]
    (record,) = core.recover(repository)
    assert record.state == "interrupted"
    core.abandon(repository, record.id)
    assert staged_alike(whole(shop.root), before)
    assert written <= blobs_within_reach(shop.root)


def test_what_was_interrupted_is_offered_to_go_on_to_be_aborted_or_undone(shop: GitLab, core: SafetyCore) -> None:
    before, repository = whole(shop.root), shop.repository()
    interrupt(shop, "changed", "merge")
    (record,) = core.recover(repository)
    assert (record.state, record.title) == ("interrupted", "Half done")
    assert choices_of(record) == ["continue", "abort", "undo"]
    with core.resume(repository, record.id) as operation:
        operation.step("go on")
    assert core.operation(repository, record.id).state == "done"
    core.undo(repository)
    assert whole(shop.root) == before


def test_what_was_interrupted_can_be_undone_and_edits_made_since_are_not_lost(shop: GitLab, core: SafetyCore) -> None:
    before, repository = whole(shop.root), shop.repository()
    interrupt(shop, "changed")
    core.recover(repository)
    shop.git("branch", "later")
    shop.git("switch", "-q", "later")
    with pytest.raises(UndoRefused, match="HEAD moved"):
        core.undo(repository)
    shop.git("switch", "-q", "work")
    core.undo(repository)
    assert "refs/heads/later" in shop.refs()
    shop.git("branch", "-D", "later")
    assert staged_alike(whole(shop.root), before)


def test_what_was_interrupted_before_it_changed_anything_is_closed(shop: GitLab, core: SafetyCore) -> None:
    interrupt(shop, "nothing")
    assert core.recover(shop.repository()) == []
    (record,) = core.operations(shop.repository(), 9)
    assert (record.state, record.problem) == ("aborted", "Its process ended before anything was changed.")


def test_a_new_operation_settles_what_was_interrupted(shop: GitLab, core: SafetyCore) -> None:
    repository = shop.repository()
    interrupt(shop, "changed")
    with core.begin(repository, "tag", "Tag", gates=Gates()):
        repository.git.write("tag", "v1")
    newest, oldest = core.operations(repository, 9)
    assert (newest.state, oldest.state) == ("done", "failed")
    assert "died" in oldest.problem
    assert core.open_operation(repository) is None
    core.undo(repository)
    core.undo(repository)
    assert shop.log() == ["feat: ours", "feat: first"]


def test_own_leftovers_are_removed_and_locks_of_git_are_explained(shop: GitLab, core: SafetyCore) -> None:
    repository = shop.repository()
    scratch = shop.root / ".git/aura/scratch/old"
    scratch.mkdir(parents=True)
    lock = shop.root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    with pytest.raises(RepositoryBusy, match="was left behind") as refused:
        core.begin(repository, "commit", "Commit", gates=Gates())
    assert str(lock) in refused.value.hint
    assert lock.exists()
    assert not scratch.exists()
    lock.unlink()
    interrupt(shop, "changed")
    journal = Journal(repository)
    file = shop.root / f".git/aura/operations/{journal.ids()[-1]}.json"
    lock.touch()
    entry = json.loads(file.read_text())
    entry["record"]["facts"]["index_lock"] = str(lock.stat().st_ino)
    file.write_text(json.dumps(entry))
    core.recover(repository)
    assert not lock.exists()


def test_other_locks_are_waited_for(shop: GitLab) -> None:
    repository = shop.repository()
    for name in ("HEAD.lock", "packed-refs.lock", "refs/heads/work.lock"):
        lock = shop.root / ".git" / name
        code = f"import time, pathlib; print(flush=True); time.sleep(0.3); pathlib.Path({str(lock)!r}).unlink()"
        lock.touch()
        with pytest.raises(RepositoryBusy, match=Path(name).name):
            SafetyCore(GitSettings(lock_wait_s=0)).begin(repository, "commit", "Commit", gates=Gates())
        patient = SafetyCore(GitSettings(lock_wait_s=20))
        with (
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE),
            patient.begin(repository, "commit", "Commit", gates=Gates()),
        ):
            assert not lock.exists()


def test_one_writer_at_a_time_across_processes_and_work_trees(shop: GitLab, tmp_path: Path) -> None:
    shop.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    linked = GitLab(tmp_path / "linked").repository()
    program = INTERRUPTED.replace("os.kill(os.getpid(), signal.SIGKILL)", "print(flush=True); sys.stdin.read()")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = [sys.executable, "-c", program, str(shop.root), "nothing", "commit"]
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(RepositoryBusy, match=f"process {other.pid} is at work"):
            SafetyCore(GitSettings(lock_wait_s=0.1)).begin(linked, "branch", "There", gates=Gates())
        other.kill()
        with SafetyCore(GitSettings(lock_wait_s=20)).begin(linked, "branch", "There", gates=Gates()):
            pass


def test_operations_expire_by_count_and_age_but_never_the_newest_ten(shop: GitLab) -> None:
    repository = shop.repository()
    core = SafetyCore(GitSettings(keep_operations=12))
    for number in range(14):
        with core.begin(repository, "tag", f"Tag {number}", gates=Gates()):
            repository.git.write("tag", f"t{number}")
    records = core.operations(repository, 99)
    assert len(records) == 13  # twelve, and the one that made room
    kept = {name.split("/")[3] for name in run(shop.root, "for-each-ref", "--format=%(refname)", "refs/aura").split()}
    assert kept == {record.id for record in records}
    journal = Journal(repository)
    assert journal.expired(keep=10, days=3650) == [record.id for record in records[10:]]
    assert journal.expired(keep=99, days=-1) == [record.id for record in records[10:]]


def test_identifiers_sort_and_are_found_by_a_part(shop: GitLab, core: SafetyCore) -> None:
    repository = shop.repository()
    for title in ("one", "two"):
        with core.begin(repository, "tag", title, gates=Gates()):
            pass
    newest, oldest = core.operations(repository, 9)
    assert newest.id > oldest.id
    assert core.operation(repository, newest.id[-5:]).title == "two"
    with pytest.raises(UnknownOperation, match="2 operations begin or end with"):
        core.operation(repository, newest.id[:2])
    assert [record.title for record in core.operations(repository, 1)] == ["two"]


def test_a_damaged_entry_hides_no_other(shop: GitLab, core: SafetyCore) -> None:
    repository = shop.repository()
    with core.begin(repository, "tag", "one", gates=Gates()):
        pass
    (shop.root / ".git/aura/operations/00000000000.json").write_text("{")
    assert [record.title for record in core.operations(repository, 9)] == ["one"]


def test_a_snapshot_that_cannot_be_taken_changes_nothing(shop: GitLab, core: SafetyCore) -> None:
    (shop.root / ".git/index").write_bytes(b"no index")
    with pytest.raises(AuraError, match="index"):
        core.begin(shop.repository(), "commit", "Commit", gates=Gates())
    assert run(shop.root, "for-each-ref", "refs/aura") == ""
