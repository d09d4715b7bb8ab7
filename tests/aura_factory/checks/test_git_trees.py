"""Trees of git as others may have made them: what is listed, what is written, and what is refused with its reason."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from aura_factory.checks import git_trees
from aura_factory.checks.git_trees import list_tree, to_the_end, unpack_tree
from aura_shared.errors import GitError, TooLarge, Unavailable, UnknownRef

pytestmark = pytest.mark.requirement("G1", "F7")

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"
Entry = tuple[bytes, bytes, str]
"""Mode, name and hash of an entry of a tree."""


class Store:
    """A repository in which objects are made that no commit of git would hold."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "shop"
        self.into = folder / "into"
        self.root.mkdir()
        self.git("init", "-q")
        self.text = self.blob(b"text\n")

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(["git", *arguments], cwd=self.root, env=env, input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def blob(self, data: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=data)

    def tree(self, entries: Sequence[Entry]) -> str:
        data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(hash_) for mode, name, hash_ in entries)
        return self.git("hash-object", "-w", "-t", "tree", "--stdin", "--literally", stdin=data)

    def file(self, hash_: str) -> Path:
        """The file of a loose object."""
        return self.root / ".git/objects" / hash_[:2] / hash_[2:]

    async def unpack(self, tree: str) -> list[str]:
        """Write a tree; returns what is there then."""
        await unpack_tree(self.root, list_tree(self.root, tree), self.into)
        return sorted(path.relative_to(self.into).as_posix() for path in self.into.rglob("*"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A repository with one blob."""
    return Store(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        ".git", ".GIT", ".gIt", ".git ", ".git.", ".git . .", "git~1", "GIT~1", ".gi\u200ct", "\ufeff.git",
        ".g\u202eit", ".git::$INDEX_ALLOCATION", "..", ".", "/etc", "a/../../up", "a//b", "./a", "a/.GIT/b",
    ],
)  # fmt: skip
async def test_a_name_that_leads_out_or_into_git_is_left_out(store: Store, name: str) -> None:
    below = store.tree([(b"100755", b"hook", store.text)])
    tree = store.tree(
        [(b"40000", name.encode(), below), (b"100644", b"a.txt", store.text), (b"100644", name.encode(), store.text)]
    )
    assert await store.unpack(tree) == ["a.txt"]
    assert sorted(path.name for path in store.into.parent.iterdir()) == ["into", "shop"]


@pytest.mark.parametrize(
    "name", [".gitignore", ".github", "..data", "...", "git", "a.git", ".gitmodules", "\udcff.txt"]
)
async def test_a_name_that_only_looks_like_one_is_kept(store: Store, name: str) -> None:
    tree = store.tree([(b"100644", os.fsencode(name), store.text)])
    assert await store.unpack(tree) == [name]
    assert (store.into / name).read_bytes() == b"text\n"


async def test_modes_links_submodules_and_pointers_of_large_files(store: Store) -> None:
    def link(target: bytes) -> str:
        return store.blob(target)

    commit = "1234567890" * 4
    tree = store.tree(
        [
            (b"100644", b"a.txt", store.text),
            (b"100664", b"old.txt", store.text),
            (b"100755", b"run.sh", store.text),
            (b"100644", b"big.bin", store.blob(LFS)),
            (b"120000", b"inside", link(b"a.txt")),
            (b"120000", b"up", link(b"../secret")),
            (b"120000", b"root", link(b"/etc/passwd")),
            (b"120000", b"nowhere", link(b"")),
            (b"120000", b"no-name", link(b"a\0b")),
            (b"120000", b"far", link(b"a" * 5000)),
            (b"160000", b"vendor", commit),
            (b"40000", b"node_modules", store.tree([(b"100644", b"x.js", store.text)])),
        ]
    )
    there = await store.unpack(tree)
    assert there == ["a.txt", "big.bin", "inside", "old.txt", "root", "run.sh", "up"]

    def executable(name: str) -> bool:
        return bool((store.into / name).stat().st_mode & stat.S_IXUSR)

    assert (executable("a.txt"), executable("old.txt"), executable("run.sh")) == (False, False, True)
    assert not any((store.into / name).stat().st_mode & 0o022 for name in ("a.txt", "old.txt", "run.sh"))
    assert (store.into / "big.bin").read_bytes() == LFS, "no filter is asked for what the pointer stands for"
    # Links are what they are in the tree; the workspace of a run leaves out those that lead out of it.
    assert str((store.into / "up").readlink()) == "../secret"
    assert str((store.into / "inside").readlink()) == "a.txt"


async def test_nothing_is_written_through_a_link_of_the_tree(store: Store) -> None:
    outside = store.root.parent / "outside"
    outside.mkdir()
    link = store.blob(os.fsencode(outside))
    below = store.tree([(b"100644", b"x.txt", store.text)])
    tree = store.tree([(b"120000", b"d", link), (b"40000", b"d", below), (b"120000", b"e", link)])
    assert await store.unpack(tree) == ["d", "d/x.txt", "e"]
    assert not list(outside.iterdir())


async def test_a_file_where_a_folder_has_to_be_is_an_error_and_nothing_is_overwritten(store: Store) -> None:
    below = store.tree([(b"100644", b"x.txt", store.text)])
    with pytest.raises(OSError, match="d"):
        await store.unpack(store.tree([(b"100644", b"d", store.text), (b"40000", b"d", below)]))
    store.into = store.into.with_name("twice")
    with pytest.raises(FileExistsError):
        await store.unpack(store.tree([(b"100644", b"d", store.text), (b"100644", b"d", store.text)]))


def test_a_tree_that_is_too_large_is_refused_before_anything_is_written(store: Store) -> None:
    large = store.blob(b"\0" * 1_000_000)
    many = store.tree([(b"100644", f"{number:04}".encode(), large) for number in range(2500)])
    with pytest.raises(TooLarge, match=r"2,500 files with 2,500,000,000 bytes"):
        list_tree(store.root, many)


@pytest.mark.parametrize("name", ["0" * 40, "nothing", "-r", "--output=x"])
def test_what_is_no_tree_is_said(store: Store, name: str) -> None:
    with pytest.raises(UnknownRef, match="there is no tree"):
        list_tree(store.root, name)
    with pytest.raises(UnknownRef):
        list_tree(store.root, store.text)


def test_a_folder_without_a_repository_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError, match="does not list the tree"):
        list_tree(tmp_path, "0" * 40)


async def test_a_machine_without_git_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = store.tree([(b"100644", b"a.txt", store.text)])
    listed = list_tree(store.root, tree)
    monkeypatch.setenv("PATH", str(store.root))
    with pytest.raises(Unavailable, match="git does not list"):
        list_tree(store.root, tree)
    with pytest.raises(Unavailable, match="git does not read"):
        await unpack_tree(store.root, listed, store.into)


def test_content_that_a_partial_clone_lacks_is_not_fetched(store: Store) -> None:
    tree = store.tree([(b"100644", b"a.txt", "1234567890" * 4)])
    with pytest.raises(GitError, match=r"a\.txt: the repository lacks its content|does not list"):
        list_tree(store.root, tree)


async def test_an_object_that_breaks_off_is_an_error(store: Store) -> None:
    blob = store.blob(os.urandom(200_000))
    listed = list_tree(store.root, store.tree([(b"100644", b"a.bin", blob)]))
    store.git("config", "core.bigFileThreshold", "1")  # So that git gives it while it reads it.
    whole = store.file(blob).read_bytes()
    store.file(blob).chmod(0o644)
    store.file(blob).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GitError, match="git ended before it gave all objects"):
        await unpack_tree(store.root, listed, store.into)


async def test_a_tree_that_takes_too_long_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = store.blob(os.urandom(3_000_000))
    listed = list_tree(store.root, store.tree([(b"100644", b"a.bin", blob)]))
    monkeypatch.setattr(git_trees, "_UNPACK_S", 0.0)
    with pytest.raises(Unavailable, match="was not written within 0 s"):
        await unpack_tree(store.root, listed, store.into)


@pytest.mark.parametrize("fails", [False, True])
async def test_work_that_is_cancelled_is_hastened_and_awaited(fails: bool) -> None:
    begun, stop, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert stop.wait(20)
        ended.set()
        if fails:
            raise OSError("the disk is full")

    task = asyncio.ensure_future(to_the_end(work, stop=stop.set))
    assert await asyncio.to_thread(begun.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
