"""Files of a tree of git, put into a folder without an index, a checkout or a filter: nothing of the repository runs.

Contents are what git keeps: line ends and other conversions of a checkout are not made, and large files that a filter
keeps elsewhere stay the pointers that they are.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

from aura_factory.checks.listing import without_installed
from aura_shared.errors import GitError, TooLarge, Unavailable, UnknownRef

__all__ = ["TreeFile", "list_tree", "to_the_end", "unpack_tree"]

ResultT = TypeVar("ResultT")
_MOST_FILES: Final = 100_000
_MOST_BYTES: Final = 2_147_483_648
_LIST_S: Final = 60.0
_UNPACK_S: Final = 300.0
_CHUNK: Final = 1 << 20
_LINK: Final = "120000"
_LONGEST_LINK: Final = 4096
_UNSEEN: Final = dict.fromkeys(
    (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)  # HFS+ does not see these in a name.
_SAFE: Final = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.quotePath=false"),
    *("-c", "protocol.allow=never"),  # What a partial clone lacks is not fetched.
)


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file or a link of a tree."""

    path: str
    """Relative to the project."""
    mode: str
    """`100644`, `100755` or `120000`."""
    hash: str
    size: int


def list_tree(root: Path, tree: str, store: Path | None = None) -> list[TreeFile]:
    """The files of a tree below a project, sub-modules and installed environments left out.

    Args:
        root: Folder of the project, which may lie within its repository.
        tree: Hash of a tree or commit of the repository.
        store: A further store of objects.

    Raises:
        UnknownRef: There is no such tree.
        TooLarge: It has more than 100,000 files or 2 GiB.
        GitError, Unavailable: git failed, or did not answer.
    """
    command = ["git", *_SAFE, "ls-tree", "-r", "-z", "-l", "--end-of-options", tree]
    try:
        done = subprocess.run(
            command, cwd=root, env=_environment(store), stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIST_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git does not list the tree {tree[:10]}: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        if "Not a valid object" in said or "not a tree object" in said:
            raise UnknownRef(f"there is no tree {tree[:10]} in {root.name}")
        raise GitError(f"git does not list the tree {tree[:10]}: {said}", hint="`git fsck` says whether it is whole.")
    files = [file for item in done.stdout.split(b"\0") if item and (file := _read(os.fsdecode(item)))]
    kept = set(without_installed([file.path for file in files]))
    files = [file for file in files if file.path in kept]
    size = sum(file.size for file in files)
    if len(files) > _MOST_FILES or size > _MOST_BYTES:
        raise TooLarge(f"the tree {tree[:10]} has {len(files):,} files with {size:,} bytes: it is not copied")
    return files


def _read(item: str) -> TreeFile | None:
    facts, _, path = item.partition("\t")
    mode, kind, name, size = facts.split()
    if kind == "blob" and not size.isdecimal():
        raise _lacks(path)
    if kind != "blob" or not _is_sound(path) or (mode == _LINK and int(size) > _LONGEST_LINK):
        return None
    return TreeFile(path, mode, name, int(size))


def _is_sound(path: str) -> bool:
    """Whether it stays below the folder, and is git's own in no file system: others may have named anything."""
    return all(part not in {"", ".", ".."} and not _is_gits(part) for part in path.split("/"))


def _is_gits(part: str) -> bool:
    """Whether some file system takes it for `.git`, as git's own `core.protectHFS` and `core.protectNTFS` have it."""
    return part.translate(_UNSEEN).lower().rstrip(" .") in {".git", "git~1"} or part.lower().startswith(".git:")


async def unpack_tree(root: Path, files: Sequence[TreeFile], into: Path, store: Path | None = None) -> None:
    """Write files of a tree into a folder; links come last, so that nothing is written through one.

    Args:
        root: Folder of the project.
        files: From `list_tree`.
        into: A folder that does not exist yet.
        store: A further store of objects.

    Raises:
        GitError: An object is missing, or git failed.
        Unavailable: git is not there, or it took longer than five minutes.
        OSError: A file cannot be written.
    """
    ordered = sorted(files, key=lambda file: (file.mode == _LINK, file.path))
    process, out = await to_the_end(lambda: _reader(root, ordered, into, store))
    try:
        async with asyncio.timeout(_UNPACK_S):
            await to_the_end(lambda: _write_all(out, ordered, into), stop=process.kill)
    except TimeoutError as error:
        raise Unavailable(f"the tree was not written within {_UNPACK_S:g} s") from error
    finally:
        process.kill()
        process.wait()
        out.close()


def _reader(
    root: Path, files: Sequence[TreeFile], into: Path, store: Path | None
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """A process that gives the contents one after the other; `into` is made."""
    into.mkdir(mode=0o700)
    with tempfile.TemporaryFile() as wanted:
        wanted.write(b"".join(f"{file.hash}\n".encode() for file in files))
        wanted.seek(0)
        try:
            process = subprocess.Popen(
                ["git", *_SAFE, "cat-file", "--batch"],
                cwd=root, env=_environment(store), stdin=wanted, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable(f"git does not read objects: {error}") from error
    assert process.stdout is not None
    return process, process.stdout


async def to_the_end(work: Callable[[], ResultT], stop: Callable[[], object] | None = None) -> ResultT:
    """Do something in a thread; when the caller is cancelled, its end is awaited first, hastened by `stop`."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # Seen: the caller has gone.
        raise


def _write_all(out: IO[bytes], files: Sequence[TreeFile], into: Path) -> None:
    for file in files:
        header = out.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            raise _lacks(file.path)
        place = into / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        size = int(header[2])
        if file.mode == _LINK:
            with suppress(OSError, ValueError):  # One that points to what is no name is left out.
                place.symlink_to(os.fsdecode(_exactly(out, size)))
        else:
            with open(place, "xb", opener=_opener(0o755 if file.mode == "100755" else 0o644)) as writing:
                while size:
                    chunk = _exactly(out, min(size, _CHUNK))
                    writing.write(chunk)
                    size -= len(chunk)
        _exactly(out, 1)  # The line end behind each.


def _lacks(path: str) -> GitError:
    return GitError(f"{path}: the repository lacks its content", hint="`git fsck` says what else is missing.")


def _opener(mode: int) -> Callable[[str, int], int]:
    return lambda path, flags: os.open(path, flags | os.O_NOFOLLOW, mode)


def _exactly(out: IO[bytes], size: int) -> bytes:
    data = out.read(size)
    if len(data) != size:
        raise GitError("git ended before it gave all objects")
    return data


def _environment(store: Path | None) -> dict[str, str]:
    """The process's own without what points git elsewhere; the further store has the repository's as its alternate."""
    kept = {name: value for name, value in os.environ.items() if not _points(name)}
    more = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C.UTF-8"}
    return {**kept, **more, **({"GIT_OBJECT_DIRECTORY": str(store)} if store else {})}


def _points(name: str, fine: Collection[str] = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")) -> bool:
    return name.startswith("GIT_") and name not in fine
