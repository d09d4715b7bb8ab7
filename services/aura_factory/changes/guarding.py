"""Which files no change may touch: outside, behind links, ignored, protected, or in two ways at once."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

from aura_shared.errors import Conflict, EditRefused, NotAllowed, UnsafePath, UsageProblem
from aura_shared.security import confine, make_visible

ALWAYS_PROTECTED: Final = (
    ".git", ".hg", ".svn", ".jj", ".env*", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key",
    "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", ".netrc", ".pypirc", ".npmrc", ".ssh", ".gnupg",
    ".aura/secrets*",
)  # fmt: skip
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_SAFE_GIT: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_GIT_TIMEOUT_S: Final = 20.0
_KEPT_GIT: Final = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")


def check_path(root: Path, path: str) -> None:
    """Whether a change may name this path; whether something is there does not matter.

    Raises:
        UnsafePath: It leads outside, is or lies behind a link, is a folder, or is not written plainly.
    """
    confine(root, path)
    if make_visible(path) != path or "\n" in path or "\t" in path or "\\" in path:
        raise UnsafePath(f"the path {make_visible(path)!r} contains control characters or backslashes")
    if any(part in {"", "."} for part in path.split("/")):
        raise UnsafePath(f"the path {path!r} must be written plainly: no '.', no '//', no '/' at its end")
    place = root
    parts = path.split("/")
    for number, part in enumerate(parts):
        place = place / part
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnsafePath(f"the path {path!r} cannot be followed: {error.strerror}") from error
        if stat.S_ISLNK(mode):
            raise UnsafePath(f"{path} is a link, or lies behind one: {'/'.join(parts[: number + 1])}")
        if number < len(parts) - 1 and not stat.S_ISDIR(mode):
            raise UnsafePath(f"{path} lies below {'/'.join(parts[: number + 1])}, which is no folder")
        if number == len(parts) - 1 and not stat.S_ISREG(mode):
            raise UnsafePath(f"{path} is a folder" if stat.S_ISDIR(mode) else f"{path} is not a regular file")


def check_protected(paths: Iterable[str], protected: Sequence[str]) -> None:
    """Whether all paths may be touched by a change.

    Args:
        paths: Relative to the project.
        protected: Further patterns, as in `.gitignore`.

    Raises:
        NotAllowed: One may not.
    """
    always, further = _patterns(ALWAYS_PROTECTED), _patterns(tuple(protected))
    for path in paths:
        if always.match_file(path.lower()):
            raise NotAllowed(f"{path} is protected: no change may touch it", hint="Make this edit by hand.")
        if further.match_file(path):
            raise NotAllowed(f"{path} is protected by the setting changes.protected", hint="Make this edit by hand.")


@lru_cache(maxsize=8)
def _patterns(lines: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(lines)


def check_no_key(path: str, data: bytes) -> None:
    """Whether a file is free of private keys.

    Raises:
        NotAllowed: It holds one.
    """
    if _PRIVATE_KEY.search(data, 0, 1_000_000):
        raise NotAllowed(f"{path} is protected: it holds a private key", hint="Make this edit by hand.")


def check_names(root: Path, paths: Sequence[str], new: Collection[str]) -> None:
    """Whether paths can exist beside each other and beside what is there, also where case does not count.

    Args:
        root: The project's folder.
        paths: All that a change names.
        new: Those of them that it makes.

    Raises:
        UsageProblem: Two entries name one path, or one lies below another.
        Conflict: A new path differs from one that is there only by case.
    """
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other == path and paths.count(path) > 1:
            raise UsageProblem(f"{path} is named twice", hint="Give each file one entry.")
        if other != path:
            raise UsageProblem(f"{path} and {other} differ only by case", hint="Give one of them another name.")
    for path in paths:
        parts = path.casefold().split("/")
        for depth in range(1, len(parts)):
            above = seen.get("/".join(parts[:depth]))
            if above is not None:
                raise UsageProblem(f"{path} would lie below the file {above}")
    leaving = set(paths) - set(new)
    listed: dict[Path, list[str]] = {}
    for path in new:
        _check_case(root, path, leaving, listed)


def _check_case(root: Path, path: str, leaving: Collection[str], listed: dict[Path, list[str]]) -> None:
    folder, shown = root, ""
    for part in path.split("/"):
        for name in _names_in(folder, listed):
            if name != part and name.casefold() == part.casefold() and f"{shown}{name}" not in leaving:
                raise Conflict(
                    f"{path} differs only by case from {shown}{name}, which is there",
                    hint="Give the file another name.",
                )
        folder, shown = folder / part, f"{shown}{part}/"


def _names_in(folder: Path, listed: dict[Path, list[str]]) -> list[str]:
    if folder not in listed:
        try:
            listed[folder] = os.listdir(folder)  # noqa: PTH208 - names are enough
        except (FileNotFoundError, NotADirectoryError):
            listed[folder] = []
        except OSError as error:
            raise UnsafePath(f"the folder {folder.name!r} cannot be listed: {error.strerror}") from error
    return listed[folder]


def check_not_ignored(root: Path, paths: Sequence[str]) -> None:
    """Whether git keeps an eye on all paths.

    Raises:
        NotAllowed: One is ignored; it may be generated, private or large.
    """
    ignored = _ignored_by_git(root, paths)
    if ignored is None:
        ignored = [path for path in paths if _ignored_by_files(root, path)]
    if ignored:
        raise NotAllowed(
            f"git ignores {ignored[0]}: no change may touch it",
            hint="Make this edit by hand, or take it out of .gitignore.",
        )


def _ignored_by_git(root: Path, paths: Sequence[str]) -> list[str] | None:
    """Ignored paths; None when git cannot tell."""
    if git_folder(root) is None:
        return None
    done = git(
        root, "check-ignore", "-z", "--stdin", given="".join(f"./{path}\0" for path in paths).encode()
    )  # ./: no pathspec magic.
    if done is None or done.returncode not in {0, 1}:
        return None
    return [name.decode().removeprefix("./") for name in done.stdout.split(b"\0") if name]


def _ignored_by_files(root: Path, path: str) -> bool:
    """The same from the `.gitignore` files between the project and the file."""
    parts = path.split("/")
    ignored = False
    for depth in range(len(parts)):
        folder = root.joinpath(*parts[:depth])
        with suppress(OSError):
            lines = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
            result = GitIgnoreSpec.from_lines(lines).check_file("/".join(parts[depth:]))
            ignored = ignored if result.include is None else result.include
    return ignored


def git_folder(root: Path) -> Path | None:
    """The work tree of git that a project lies in."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)


def git(root: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes] | None:
    """What a command of git says that only reads; None when git is missing or hangs."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT_GIT
    }
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            ["git", *_SAFE_GIT, *arguments],
            cwd=root, env=environment, input=given, capture_output=True, timeout=_GIT_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None


def check_unmerged(root: Path, paths: Sequence[str]) -> None:
    """Whether none of the paths waits for a merge of git to be resolved.

    Raises:
        EditRefused: One does.
    """
    if git_folder(root) is None:
        return
    done = git(root, "--literal-pathspecs", "ls-files", "-u", "-z", "--", *paths[:1000])
    if done is None or done.returncode:
        return
    waiting = {entry.partition(b"\t")[2].decode(errors="replace") for entry in done.stdout.split(b"\0") if entry}
    for path in paths:
        if path in waiting:
            raise EditRefused(
                f"{path} waits for its merge conflict to be resolved", hint="Resolve the merge first, then apply."
            )


def has_markers(data: bytes) -> bool:
    """Whether a file has the marks of an unresolved conflict."""
    return all(data.startswith(mark) or b"\n" + mark in data for mark in (b"<<<<<<< ", b">>>>>>> "))
