"""What speaks against committing what is staged: secrets, leftovers, files that nobody wants in a history."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.contract import Concern
from aura_git.safety.secrets import scan_text

__all__ = ["find_concerns", "find_concerns_between", "scan_text"]

_GONE, _LINK, _SUBMODULE, _PROGRAM = "000000", "120000", "160000", "100755"
_DIFF: Final = (
    *("--raw", "--patch", "--unified=0", "--no-renames", "--no-abbrev", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none"),
)
_SPAN: Final = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_LFS: Final = b"version https://git-lfs.github.com/spec/"
_LONG_LINE: Final = 5000
_BIG: Final = 100_000
_MANY_LINES: Final = 500
_MOST_SCANNED: Final = 1_000_000
_GENERATED: Final = re.compile(r"@generated|\bDO NOT EDIT\b|auto-?generated", re.IGNORECASE)
_ENVIRONMENT: Final = re.compile(r"(?:^|/)\.env(?:\.(?!example|sample|template|dist|defaults?|test|ci|schema)[\w-]+)*$")
_BUILT_FOLDERS: Final = re.compile(
    r"(?:^|/)(node_modules|__pycache__|\.venv|venv|dist|\.tox|\.nox|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.gradle"
    r"|\.next|\.nuxt|\.svelte-kit|\.parcel-cache|\.terraform|htmlcov|bower_components|target/(?:debug|release)"
    r"|[^/]+\.egg-info)/"
)
_BUILT_FILES: Final = re.compile(
    r"\.(?:py[co]|class|o|obj|a|lib|pdb|ilk|gch|rlib|rmeta|beam|elc|hi)$|(?:^|/)\.DS_Store$"
)


@dataclass(slots=True)
class _File:
    """A file of a difference."""

    path: str
    old_mode: str
    mode: str
    hash: str
    added: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    binary: bool = False


def find_concerns(repository: Repository, *, largest_bytes: int, allow: Collection[str] = ()) -> list[Concern]:
    """Concerns about what is staged, those that block first.

    Args:
        repository: Which.
        largest_bytes: Larger files are held back.
        allow: `RULE:PATH` of concerns that do not block this time.
    """
    git = repository.git
    base = git.find_commit("HEAD") or git.read("hash-object", "-t", "tree", "--stdin", stdin=b"").text
    found = _concerns(git, ("--cached", base), base, largest_bytes)
    found += [
        Concern(
            "intent-to-add",
            path,
            0,
            "only the name is staged (`git add -N`): its content would not be committed",
            blocks=False,
        )
        for path in _intended(git)
    ]
    return _allowed(found, allow)


def find_concerns_between(
    repository: Repository, old: str, new: str, *, largest_bytes: int, allow: Collection[str] = ()
) -> list[Concern]:
    """The same for what a commit or a range of commits adds.

    Args:
        repository: Which.
        old: A verified hash of a commit or tree.
        new: Another one.
        largest_bytes: Larger files are held back.
        allow: `RULE:PATH` of concerns that do not block.
    """
    return _allowed(_concerns(repository.git, (old, new), old, largest_bytes), allow)


def _allowed(found: list[Concern], allow: Collection[str]) -> list[Concern]:
    told = [replace(one, blocks=False) if f"{one.rule}:{one.path}" in allow else one for one in found]
    return sorted(told, key=lambda one: (not one.blocks, one.path, one.line))


def _concerns(git: Git, what: Sequence[str], base: str, largest_bytes: int) -> list[Concern]:
    files = [file for file in _read(git, what) if file.mode != _GONE]
    sizes = _sizes(git, files)
    lfs = _lfs_paths(git, [file.path for file in files if file.mode not in {_LINK, _SUBMODULE}])
    known = _known_folders(git, base, files)
    found: list[Concern] = []
    for file in files:
        size = sizes.get(file.path, 0)
        if file.binary and size <= _MOST_SCANNED:
            file.added = _text_of(git, file)
        found += scan_text(file.path, file.added)
        found += _of_kind(file)
        found += _of_name(file, known)
        found += _of_size(file, size, largest_bytes)
        if file.path in lfs and not _is_pointer(git, file, size):
            message = "its attributes send it to LFS, and it is staged as a plain file: is git-lfs installed?"
            found.append(Concern("lfs-missing", file.path, 0, message, blocks=True))
    return found


def _read(git: Git, what: Sequence[str]) -> list[_File]:
    """Files of a difference with their added lines; lines are counted, since a line may look like a header."""
    out = git.read("diff", *_DIFF, *what, "--").out
    files: dict[str, _File] = {}
    lines = iter(out.split(b"\n"))
    current: _File | None = None
    for line in lines:
        if line.startswith(b":"):
            about, _, path = line.partition(b"\t")
            old_mode, mode, _, hash_, _ = about[1:].decode().split(" ")
            name = _unquoted(path)
            files[name] = _File(name, old_mode, mode, hash_)
        elif line.startswith(b"+++ "):
            current = files.get(_unquoted(line[4:].removesuffix(b"\t"))[2:])
        elif line.startswith(b"Binary files ") and line.endswith(b" differ"):
            _mark_binary(files, line)
        elif (span := _SPAN.match(line)) and current is not None:
            _take(lines, span, current)
    return list(files.values())


def _mark_binary(files: dict[str, _File], line: bytes) -> None:
    name = line.removesuffix(b" differ").rpartition(b" and ")[2]
    found = files.get(_unquoted(name)[2:])
    if found is not None:
        found.binary = True


def _take(lines: Iterator[bytes], span: re.Match[bytes], file: _File) -> None:
    removed, start, count = (int(group) if group is not None else 1 for group in span.groups())
    added = 0
    for _ in range(removed + count):
        line = next(lines)
        while line.startswith(b"\\"):  # "No newline at end of file"
            line = next(lines)
        if line.startswith(b"+"):
            file.added.append((start + added, line[1:].decode(errors="replace")))
            added += 1


def _unquoted(name: bytes) -> str:
    if name.startswith(b'"'):
        name = codecs.escape_decode(name[1:-1])[0]  # pyright: ignore[reportAssignmentType] - bytes
    return os.fsdecode(name)


def _sizes(git: Git, files: Sequence[_File]) -> dict[str, int]:
    blobs = [file for file in files if file.mode != _SUBMODULE]
    if not blobs:
        return {}
    asked = "".join(f"{file.hash}\n" for file in blobs).encode()
    lines = git.read("cat-file", "--batch-check=%(objectsize)", stdin=asked).lines
    return {file.path: int(line) for file, line in zip(blobs, lines, strict=True) if line.isdigit()}


def _text_of(git: Git, file: _File) -> list[tuple[int, str]]:
    """Lines of a file that git takes for binary, when it is text after all: an attribute may say so."""
    content = git.read("cat-file", "blob", file.hash).out
    if b"\0" in content:
        return []
    return list(enumerate(content.decode(errors="replace").split("\n"), start=1))


def _lfs_paths(git: Git, paths: Sequence[str]) -> set[str]:
    if not paths:
        return set()
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    told = git.read("check-attr", "-z", "--stdin", "filter", stdin=stdin).items
    return {path for path, value in zip(told[0::3], told[2::3], strict=True) if value == "lfs"}


def _is_pointer(git: Git, file: _File, size: int) -> bool:
    return size <= 1024 and git.read("cat-file", "blob", file.hash).out.startswith(_LFS)


def _known_folders(git: Git, base: str, files: Sequence[_File]) -> set[str]:
    """Folders of built files that are in the repository already: there it is a habit, not a slip."""
    folders = {file.path[: match.end()] for file in files if (match := _BUILT_FOLDERS.search(file.path))}
    return {
        folder
        for folder in folders
        if git.read("--literal-pathspecs", "ls-tree", "-z", base, "--", folder.rstrip("/")).out
    }


def _of_kind(file: _File) -> Iterator[Concern]:
    if file.mode == _SUBMODULE:
        yield Concern("submodule", file.path, 0, "the commit that a sub-module points at changes", blocks=False)
    elif file.mode == _LINK:
        yield Concern("symlink", file.path, 0, "a symbolic link is added or changes", blocks=False)
    elif file.old_mode not in {_GONE, file.mode}:
        what = "becomes" if file.mode == _PROGRAM else "is no longer"
        yield Concern("mode", file.path, 0, f"it {what} executable", blocks=False)


def _of_name(file: _File, known: Collection[str]) -> Iterator[Concern]:
    if _ENVIRONMENT.search(file.path):
        yield Concern("env-file", file.path, 0, "files of this name hold secrets of one machine", blocks=True)
    if file.old_mode != _GONE:
        return
    match = _BUILT_FOLDERS.search(file.path)
    if match:
        folder = file.path[: match.end()]
        message = f"{match.group(1)} is made by tools: it belongs in .gitignore"
        yield Concern("build-output", file.path, 0, message, blocks=folder not in known)
    elif _BUILT_FILES.search(file.path):
        yield Concern("build-output", file.path, 0, "files of this kind are made by tools", blocks=True)


def _of_size(file: _File, size: int, largest_bytes: int) -> Iterator[Concern]:
    if size > largest_bytes:
        message = f"it has {size / 1e6:.1f} MB, more than {largest_bytes / 1e6:.1f} MB (git.largest_file_bytes)"
        yield Concern("large-file", file.path, 0, message, blocks=True)
    if size < _BIG or file.binary:
        return
    if any(len(text) > _LONG_LINE for _, text in file.added):
        yield Concern("minified", file.path, 0, "its lines are so long that a tool has written them", blocks=False)
    elif len(file.added) > _MANY_LINES and any(_GENERATED.search(text) for _, text in file.added[:20]):
        yield Concern("generated", file.path, 0, "a tool has written it, as its head says", blocks=False)


def _intended(git: Git) -> list[str]:
    """Paths of which only the name is staged."""
    out = git.read("diff-files", "--raw", "-z", "--no-renames", "--diff-filter=A").items
    return out[1::2]
