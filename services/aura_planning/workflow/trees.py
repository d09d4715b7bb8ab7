"""The work of a person as a tree of git: what is in the folder now, written beside the repository for a while."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_shared.errors import GitError, Unavailable, UsageProblem
from aura_shared.paths import private_folder

__all__ = ["WorkTree", "work_tree"]

_GIT_S: Final = 120.0
_ALWAYS: Final = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "protocol.ext.allow=never"),
)
_NOT_INHERITED: Final = "GIT_"
_MOST_SAID: Final = 500


@dataclass(frozen=True, slots=True)
class WorkTree:
    """What is there now."""

    tree: str
    """Hash of the tree of the whole repository."""
    store: str
    """Name of the folder with its new objects, below the stores."""
    changed: tuple[str, ...]
    """Files that differ from the newest commit, or else that it changed; relative to the project."""


@contextmanager
def work_tree(root: Path, stores: Path) -> Generator[WorkTree]:
    """Write the files of a project as a tree; neither index nor repository is touched.

    Args:
        root: Folder of the project.
        stores: Where other services look for objects that are in no repository.

    Raises:
        UsageProblem: It is in no repository.
        GitError: Git refuses.
        Unavailable: Git is not there, or does not end.
    """
    top = _git(root, {}, "rev-parse", "--show-toplevel", ok=(0, 128)).strip("\n")
    if not top:
        raise UsageProblem(
            "tests are run on a tree of git, and this project is in no repository", hint="`git init` makes one."
        )
    place = Path(top)
    prefix = _git(root, {}, "rev-parse", "--show-prefix").strip("\n")
    private_folder(stores)
    with tempfile.TemporaryDirectory(prefix="plan-", dir=stores) as folder:
        objects = Path(folder, "objects")
        (objects / "info").mkdir(parents=True)
        real = _git(root, {}, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip("\n")
        (objects / "info" / "alternates").write_bytes(os.fsencode(real) + b"\n")
        index = Path(_git(root, {}, "rev-parse", "--path-format=absolute", "--git-path", "index").strip("\n"))
        if index.exists():
            shutil.copyfile(index, Path(folder, "index"))
        aside = {"GIT_INDEX_FILE": str(Path(folder, "index")), "GIT_OBJECT_DIRECTORY": str(objects)}
        _git(place, aside, "add", "--all", "--", ".")
        tree = _git(place, aside, "write-tree").strip()
        yield WorkTree(tree, Path(folder).name, _changed(place, aside, tree, prefix))


def _changed(top: Path, aside: Mapping[str, str], tree: str, prefix: str) -> tuple[str, ...]:
    """What differs from HEAD; nothing does: what HEAD changed; there is no HEAD: everything."""
    if not _git(top, aside, "rev-parse", "-q", "--verify", "HEAD^{commit}", ok=(0, 1, 128)):
        names = _git(top, aside, "ls-tree", "-r", "--name-only", "-z", tree)
    else:
        names = _git(top, aside, "diff-tree", "-r", "--name-only", "--no-renames", "-z", "HEAD", tree)
        names = names or _git(
            top, aside, "diff-tree", "-r", "--root", "--no-commit-id", "--name-only", "--no-renames", "-z", "HEAD"
        )
    found = [name.removeprefix(prefix) for name in names.split("\0") if name and name.startswith(prefix)]
    return tuple(name for name in found if not name.startswith(".ai/"))


def _git(folder: Path, more: Mapping[str, str], *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    environment = {**inherited, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", **more}
    try:
        ran = subprocess.run(
            ["git", *_ALWAYS, *arguments], cwd=folder, env=environment, capture_output=True, timeout=_GIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"git cannot be run: {error}") from error
    if ran.returncode not in ok:
        said = ran.stderr.decode("utf-8", "replace").strip()[-_MOST_SAID:]
        raise GitError(f"git {arguments[0]} failed: {said}")
    return os.fsdecode(ran.stdout) if ran.returncode == 0 else ""
