"""What git keeps: large objects, loose ones, hooks, further work trees, and how long it remembers."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aura_git.health.findings import Look, finding
from aura_git.health.packs import candidates
from aura_git.repository import Repository
from aura_shared.messages.git_health import HealthFinding

__all__ = ["check_hooks", "check_large", "check_reflog", "check_store", "check_worktrees", "hook_problems"]

_LARGE: Final = 5_000_000
_MANY_LOOSE: Final = 6700  # git's own gc.auto
_MANY_PACKS: Final = 50  # git's own gc.autoPackLimit
_HOOKS: Final = frozenset(
    ["applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
     "commit-msg",
     "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update", "post-update",
     "post-rewrite"]
)  # fmt: skip


def check_large(look: Look) -> Iterator[HealthFinding]:
    """The largest files of the history, with where they are and whether HEAD still has them."""
    git = look.repository.git
    sizes = _sizes(look)
    top = {name: size for size, name in heapq.nlargest(look.largest * 5, sizes)}
    if not top:
        return
    tree = git.read("ls-tree", "-r", "-z", "HEAD").items if look.state.head else []
    pairs = (item.split("\t", 1) for item in tree)
    paths = {name: path for facts, path in pairs if (name := facts.split(" ")[2]) in top}
    held = set(paths)
    if wanted := set(top) - held:
        paths |= _paths_of(look.repository, wanted)
    found: dict[str, tuple[int, bool, int]] = {}
    for name, size in top.items():
        if name in paths:
            largest, here, versions = found.get(paths[name], (0, False, 0))
            found[paths[name]] = (max(size, largest), here or name in held, versions + 1)
    items = [
        (path, f"{size / 1e6:.1f} MB, {'in HEAD' if here else 'only in the history'}{_versions(versions)}")
        for path, (size, here, versions) in found.items()
    ][: look.largest]
    if items:
        yield finding(
            "large-objects", "warning", "large files are in the history", "every clone carries them for ever", items,
            "git lfs track PATH (for new ones; to remove old ones rewrites the history: git filter-repo)",
        )  # fmt: skip


def _versions(count: int) -> str:
    return f", {count} versions" if count > 1 else ""


def _sizes(look: Look) -> list[tuple[int, str]]:
    """Size and hash of every file that is large, in packs, alone, and in stores that this one borrows from."""
    git = look.repository.git
    names = candidates(look.repository)
    asked = ("--buffer", "--batch-check=%(objecttype) %(objectsize) %(objectname)")
    if names is None:
        given = git.read("cat-file", "--batch-all-objects", "--unordered", *asked).out
    else:
        given = git.read("cat-file", *asked, stdin="".join(f"{name}\n" for name in names).encode()).out
    lines = (line.split(b" ") for line in given.split(b"\n") if line.startswith(b"blob "))
    return [(int(size), name.decode()) for _, size, name in lines if int(size) >= _LARGE]


def _paths_of(repository: Repository, wanted: set[str]) -> dict[str, str]:
    """A path of each object, as far as branches, tags or remotes reach it."""
    found: dict[str, str] = {}
    ran = repository.git.read("rev-list", "--objects", "--branches", "--tags", "--remotes", "HEAD", ok=(0, 128))
    for line in ran.out.split(b"\n"):
        name, _, path = line.partition(b" ")
        if path and name.decode() in wanted:
            found.setdefault(name.decode(), os.fsdecode(path))
    return found


def check_store(look: Look) -> Iterator[HealthFinding]:
    """Many loose objects or packs."""
    facts = dict(line.split(": ", 1) for line in look.repository.git.read("count-objects", "-v").lines)
    loose, packs, rest = (int(facts.get(name, 0)) for name in ("count", "packs", "garbage"))
    if loose > _MANY_LOOSE or packs > _MANY_PACKS or rest:
        yield finding(
            "old-store", "note", "objects are stored loosely", "git gets slower and the folder larger",
            [("objects", f"{loose} loose, {packs} packs, {rest} of no use")], "git maintenance run",
        )  # fmt: skip


def hook_problems(repository: Repository) -> tuple[list[tuple[str, str]], list[Path]]:
    """Hooks that do not run with the reason, and those of them that only lack the right to be run."""
    named = repository.git.config("core.hooksPath")
    folder = Path(repository.git.text("rev-parse", "--git-path", "hooks"))
    folder = folder if folder.is_absolute() else repository.root / folder
    if named and not folder.is_dir():
        return [(named, "core.hooksPath names a folder that is not there")], []
    found: list[tuple[str, str]] = []
    mendable: list[Path] = []
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.name not in _HOOKS:
            continue
        if not file.exists():
            found.append((file.name, f"leads to {file.readlink()}, which is not there"))
        elif not os.access(file, os.X_OK):
            found.append((file.name, "not executable, so git leaves it out"))
            mendable.append(file)
        elif missing := _missing_interpreter(file):
            found.append((file.name, f"needs {missing}, which is not there"))
    return found, mendable


def _missing_interpreter(file: Path) -> str:
    with file.open("rb") as stream:
        first = stream.readline(500)
    if not first.startswith(b"#!"):
        return ""
    words = os.fsdecode(first[2:].strip()).split()
    if not words:
        return ""
    if Path(words[0]).name != "env":
        return "" if Path(words[0]).exists() else words[0]
    import shutil  # noqa: PLC0415 - seldom needed

    program = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
    return program if program and shutil.which(program) is None else ""


def check_hooks(look: Look) -> Iterator[HealthFinding]:
    """Hooks that git leaves out or that cannot run."""
    found, mendable = hook_problems(look.repository)
    if found:
        yield finding(
            "broken-hooks", "problem", "hooks do not run",
            "checks that everybody relies on are left out, or every commit fails",
            found, "aura git health --fix broken-hooks" if mendable else "git config --show-origin core.hooksPath",
            fix=bool(mendable),
        )  # fmt: skip


def check_worktrees(look: Look) -> Iterator[HealthFinding]:
    """Further work trees whose folder is gone."""
    git = look.repository.git
    gone: list[tuple[str, str]] = []
    for block in git.text("worktree", "list", "--porcelain").split("\n\n"):
        lines = block.split("\n")
        reason = next((line.removeprefix("prunable ") for line in lines if line.startswith("prunable")), "")
        if reason:
            gone.append((lines[0].removeprefix("worktree "), reason))
    if gone:
        yield finding(
            "dangling-worktrees", "note", "work trees are gone", "their branches count as checked out elsewhere", gone,
            "aura git health --fix dangling-worktrees", fix=True,
        )  # fmt: skip


def check_reflog(look: Look) -> Iterator[HealthFinding]:
    """Settings by which git forgets soon."""
    git = look.repository.git
    risky: list[tuple[str, str]] = []
    if git.config("core.logAllRefUpdates") == "false":
        risky.append(("core.logAllRefUpdates", "false: no record of where branches were"))
    for key in ("gc.reflogExpire", "gc.reflogExpireUnreachable", "gc.pruneExpire"):
        value = git.config(key)
        if value in {"now", "all"} or value.endswith(("minutes.ago", "hours.ago", "1.day.ago")):
            risky.append((key, value))
    if risky:
        yield finding(
            "short-memory", "warning", "git forgets lost commits soon", "a wrong reset could not be taken back",
            risky, "git config --unset KEY",
        )  # fmt: skip
