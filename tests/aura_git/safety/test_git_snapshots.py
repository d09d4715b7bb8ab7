"""A snapshot holds the bytes of everything, changes nothing, and restores what git's own conversions would not."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from aura_git.safety import remembered, snapshots
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_git.safety.index_file import recorded_sizes, time_of_index
from aura_git.safety.snapshots import take_snapshot
from aura_git.safety.storing import parts_of
from git_crash_states import blobs_at_hand, blobs_within_reach, problems, whole
from git_lab import START, GitLab, make_lab

pytestmark = pytest.mark.requirement("G3")


def there_and_back(
    lab: GitLab, core: SafetyCore, *calls: tuple[str, ...], paths: dict[str, bytes | None] | None = None
) -> None:
    """Carry something out and take it back: every byte has to be as before."""
    before, repository = whole(lab.root), lab.repository()
    with core.begin(repository, "test", "Something", gates=Gates(born=False, at_rest=False)):
        for call in calls:
            repository.git.write(*call)
        lab.write(paths or {})
    assert whole(lab.root) != before
    core.undo(repository)
    assert whole(lab.root) == before
    assert problems(lab.root) == []


def test_a_snapshot_changes_neither_index_nor_work_tree_nor_stash(lab: GitLab) -> None:
    lab.commit("feat: first", {"a.txt": "a\n", "b.txt": "b\n"})
    lab.write({"a.txt": "stashed\n"})
    lab.git("stash")
    lab.write({"a.txt": "staged\n", "new/x.txt": "x\n"})
    lab.git("add", "a.txt")
    lab.write({"a.txt": "edited\n", "b.txt": None})
    before, stash, times = whole(lab.root), lab.git("stash", "list"), lab.root.joinpath("a.txt").stat().st_mtime_ns
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert (whole(lab.root), lab.git("stash", "list"), lab.root.joinpath("a.txt").stat().st_mtime_ns) == (
        before,
        stash,
        times,
    )
    assert lab.git("rev-parse", "refs/aura/backup/op/before").strip() == snapshot.kept
    assert lab.git("ls-tree", "-r", "--name-only", snapshot.tree).split() == ["a.txt", "new/x.txt"]
    assert lab.git("show", f"{snapshot.tree}:a.txt") == "edited\n"
    assert snapshot.refs == lab.refs()
    assert snapshot.head == "ref: refs/heads/main"
    assert blobs_at_hand(lab.root) <= blobs_within_reach(lab.root)


def test_the_same_content_is_the_same_snapshot(lab: GitLab) -> None:
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.write({"b.txt": "b\n"})
    one, two = (take_snapshot(lab.repository(), "op", which) for which in ("before", "after"))
    assert (one.tree, one.index, one.refs) == (two.tree, two.index, two.refs)


def test_what_was_stored_is_stored_again_only_where_it_differs(lab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that leaves size and time of a file as they were is noticed all the same."""
    monkeypatch.setattr(remembered, "_SETTLED_NS", -1_000_000_000)
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.write({"a.txt": "one\n", "b.txt": "b\n"})
    first = take_snapshot(lab.repository(), "op", "before")
    known = remembered.remembered_of(lab.root / ".git").files
    assert {path: hash_ for path, (_, hash_) in known.items()} == {
        path.encode(): lab.git("hash-object", path).strip() for path in ("a.txt", "b.txt")
    }
    assert take_snapshot(lab.repository(), "op", "after").kept == first.kept
    times = (lab.root / "a.txt").stat()
    (lab.root / "a.txt").write_text("two\n")
    os.utime(lab.root / "a.txt", ns=(times.st_atime_ns, times.st_mtime_ns))
    second = take_snapshot(lab.repository(), "op", "found")
    assert second.kept != first.kept
    assert lab.git("show", f"{second.tree}:a.txt") == "two\n"


def test_what_went_away_meanwhile_is_stored_anew(lab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_SETTLED_NS", -1_000_000_000)
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.write({"a.txt": "edited\n", "b.txt": "b\n"})
    take_snapshot(lab.repository(), "", "now")
    lab.git("prune", "--expire=now")
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert problems(lab.root) == []
    assert lab.git("show", f"{snapshot.tree}:b.txt") == "b\n"
    assert lab.git("cat-file", "-t", snapshot.index).strip() == "blob"


def test_a_large_index_is_stored_beside_the_look_at_the_work_tree(lab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_LARGE_INDEX", 0)
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.write({"b.txt": "b\n"})
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert snapshot.index == lab.git("hash-object", "--no-filters", ".git/index").strip()
    assert lab.git("show", f"{snapshot.tree}:b.txt") == "b\n"


def test_without_a_change_the_tree_is_that_of_head(lab: GitLab) -> None:
    lab.commit("feat: first", {"a.txt": "a\n"})
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert lab.git("rev-parse", f"{snapshot.tree}^{{tree}}") == lab.git("rev-parse", "HEAD^{tree}")
    assert lab.git("rev-parse", f"{snapshot.tree}^") == lab.git("rev-parse", "HEAD")


def test_line_ends_come_back_as_they_were(lab: GitLab, core: SafetyCore) -> None:
    lab.commit("feat: first", {".gitattributes": "* text=auto\n*.bat eol=crlf\n", "unix.txt": "a\nb\n"})
    lab.commit("feat: files", {"dos.txt": b"a\r\nb\r\n", "run.bat": b"x\r\n", "edited.txt": "1\n"})
    lab.write({"edited.txt": b"1\r\n2\r\n", "new.txt": b"n\r\n"})
    assert lab.git("status", "--short").split("\n")[0] == " M edited.txt"
    lab.git("branch", "other", "HEAD~1")
    other: dict[str, bytes | None] = {"dos.txt": b"changed\n", "run.bat": None, "edited.txt": None, "new.txt": b"n\n"}
    there_and_back(lab, core, paths=other)


def test_a_filter_stores_and_restores_its_files_itself(lab: GitLab, core: SafetyCore) -> None:
    lab.git("config", "filter.rot.clean", "tr a-z n-za-m")
    lab.git("config", "filter.rot.smudge", "tr a-z n-za-m")
    lab.commit("feat: first", {".gitattributes": "*.rot filter=rot\n", "a.rot": "secret\n", "b.rot": "other\n"})
    lab.write({"b.rot": "edited\n"})
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert lab.git("cat-file", "blob", f"{snapshot.tree}:b.rot") == "rqvgrq\n"
    there_and_back(lab, core, paths={"a.rot": b"gone\n", "b.rot": None})


def test_files_of_lfs_come_back_as_they_were_checked_out(lab: GitLab, core: SafetyCore, tmp_path: Path) -> None:
    """A stand-in for git-lfs: pointers in git, contents in a folder, and its variable respected."""
    store = tmp_path / "store"
    store.mkdir()
    tool = tmp_path / "lfs"
    tool.write_text(
        "#!/bin/sh\n"
        f'store="{store}"\n'
        'if [ "$1" = clean ]; then f=$(mktemp); cat >"$f"; h=$(sha256sum "$f" | cut -c1-64); mv "$f" "$store/$h"; '
        'printf "version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\n" "$h"; exit; fi\n'
        'p=$(cat); h=$(printf "%s" "$p" | sed -n "s/oid sha256://p"); '
        'if [ "$GIT_LFS_SKIP_SMUDGE" = 1 ]; then printf "%s\\n" "$p"; else cat "$store/$h"; fi\n'
    )
    tool.chmod(0o755)
    lab.git("config", "filter.lfs.clean", f"{tool} clean")
    lab.git("config", "filter.lfs.smudge", f"{tool} smudge")
    lab.commit("feat: first", {".gitattributes": "*.psd filter=lfs\n", "a.psd": b"\x89content " * 100, "b.psd": b"two"})
    lab.write({"b.psd": b"edited " * 50})
    there_and_back(lab, core, paths={"a.psd": b"replaced", "b.psd": None})


def test_a_sparse_checkout_stays_sparse(lab: GitLab, core: SafetyCore) -> None:
    lab.commit("feat: first", {"in/a.txt": "a\n", "out/b.txt": "b\n", "top.txt": "t\n"})
    lab.branch("other")
    lab.commit("feat: other", {"in/a.txt": "A\n", "out/b.txt": "B\n", "out/new.txt": "n\n"})
    lab.switch("main")
    lab.git("sparse-checkout", "set", "in")
    assert not (lab.root / "out").exists()
    there_and_back(lab, core, ("switch", "-q", "other"))
    assert not (lab.root / "out").exists()


def test_edits_that_git_does_not_look_for_are_stored(lab: GitLab, core: SafetyCore) -> None:
    lab.commit("feat: first", {"assumed.txt": "a\n", "skipped.txt": "s\n"})
    lab.git("update-index", "--assume-unchanged", "assumed.txt")
    lab.git("update-index", "--skip-worktree", "skipped.txt")
    lab.write({"assumed.txt": "mine\n", "skipped.txt": "mine too\n"})
    there_and_back(lab, core, paths={"assumed.txt": b"lost\n", "skipped.txt": b"lost\n"})


def test_a_split_index_comes_back(lab: GitLab, core: SafetyCore) -> None:
    lab.commit("feat: first", {f"{number}.txt": f"{number}\n" for number in range(20)})
    lab.git("update-index", "--split-index")
    snapshot = take_snapshot(lab.repository(), "op", "before")
    assert any(name.startswith("sharedindex.") for name in parts_of(lab.repository().git, snapshot.kept))
    there_and_back(lab, core, ("rm", "-q", "3.txt"))


def test_of_a_sub_module_only_the_pointer_moves(lab: GitLab, core: SafetyCore, tmp_path: Path) -> None:
    inner = make_lab(tmp_path / "inner")
    inner.commit("feat: inner", {"x.txt": "1\n"})
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.git("submodule", "--quiet", "add", str(inner.root), "sub")
    lab.commit("feat: sub")
    pointer = lab.head("HEAD:sub")
    moved = GitLab(lab.root / "sub").commit("feat: more", {"x.txt": "2\n"})
    with core.begin(lab.repository(), "commit", "Move the pointer", gates=Gates()):
        lab.git("commit", "-qam", "feat: pointer")
    outcome = core.undo(lab.repository())
    assert lab.head("HEAD:sub") == pointer
    assert (lab.root / "sub/x.txt").read_text() == "2\n"
    assert GitLab(lab.root / "sub").head() == moved
    assert outcome.paths == []


def test_what_cannot_be_read_is_named_and_stops_nothing(lab: GitLab, core: SafetyCore) -> None:
    lab.commit("feat: first", {"a.txt": "a\n"})
    nested = make_lab(lab.root / "nested")
    nested.commit("feat: own", {"x": "1"})
    subprocess.run(["mkfifo", str(lab.root / "pipe")], check=True)
    snapshot = take_snapshot(lab.repository(), "op", "before")
    skipped = parts_of(lab.repository().git, snapshot.kept)["skipped"]
    assert lab.git("cat-file", "blob", skipped).split("\0")[:-1] == ["nested/"]
    assert stat.S_ISFIFO((lab.root / "pipe").stat().st_mode)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_sizes_are_read_from_every_version_of_the_index(version: str, lab: GitLab) -> None:
    files = {"a.txt": "12345", "deep/er/b.txt": "1", "deep/er/bb.txt": "", "z": "x" * 300}
    lab.commit("feat: first", files)
    if version == "3":
        lab.write({"meant.txt": "1"})
        lab.git("add", "-N", "meant.txt")
        files["meant.txt"] = ""
    lab.git("update-index", "--index-version", version)
    sizes = recorded_sizes((lab.root / ".git/index").read_bytes())
    assert {path.decode(): size for path, size in sizes.items() if path != b"meant.txt"} == {
        path: len(text) for path, text in files.items() if path != "meant.txt"
    }
    assert recorded_sizes(b"something else") == {}
    newest = max(int((lab.root / path).stat().st_mtime) for path in files if path != "meant.txt")
    assert time_of_index((lab.root / ".git/index").read_bytes()) == newest
    assert time_of_index(b"something else") == 0
    lab.git("update-index", "--split-index")
    assert time_of_index((lab.root / ".git/index").read_bytes()) == 1


@pytest.mark.parametrize("split", [False, True], ids=["one index", "a split index"])
def test_an_edit_of_the_same_length_and_second_is_seen_after_an_undo(
    lab: GitLab, core: SafetyCore, *, split: bool
) -> None:
    """git sees it by its content only as long as the index is no younger than the file."""
    lab.commit("feat: first", {"a.txt": "a\n", "b.txt": "b\n"})
    if split:
        lab.git("update-index", "--split-index")
    lab.git("config", "core.trustctime", "false")
    for path in ("a.txt", "b.txt"):
        os.utime(lab.root / path, (START, START))
    lab.git("update-index", "--refresh")
    os.utime(lab.root / ".git/index", (START, START))
    lab.write({"a.txt": "A\n"})
    os.utime(lab.root / "a.txt", (START, START))
    assert lab.git("--no-optional-locks", "status", "--porcelain") == " M a.txt\n"
    with core.begin(lab.repository(), "commit", "Commit", gates=Gates()):
        lab.git("commit", "-qam", "feat: all")
    core.undo(lab.repository())
    assert lab.git("status", "--porcelain") == " M a.txt\n"
