"""Which files of a project are nobody's business: git's rules, `.auraignore`, settings, and built-in folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from aura_code.repository import Repository, find_repository

BUILT_IN_FOLDERS = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".jj", "CVS",
        "node_modules", "bower_components", ".pnpm-store", ".yarn",
        ".venv", "__pycache__", ".tox", ".nox", ".eggs", "__pypackages__", "site-packages",
        ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints",
        ".gradle", ".terraform", ".next", ".nuxt", ".svelte-kit", ".parcel-cache", ".turbo", ".angular", ".dart_tool",
        ".zig-cache", ".stack-work", ".elixir_ls", ".bloop", ".metals", ".vs", ".idea",
    }
)  # fmt: skip
"""Never looked into, tracked or not: no one edits what they hold."""

IGNORE_FILES = frozenset({".gitignore", ".auraignore"})

_MARKERS = ("pyvenv.cfg", "CACHEDIR.TAG")
"""A folder with one of these is a virtual environment or a cache, whatever its name."""


class IgnoreRules:
    """The ignore rules of one project; `load` makes them, `reload` reads them again."""

    def __init__(self, root: Path, extra: Sequence[str], repository: Repository | None) -> None:
        self.root = root
        self.repository = repository
        self._extra = tuple(extra)
        self._prefix = repository.prefix if repository else ""
        self._top = repository.top if repository else root
        self._own = GitIgnoreSpec.from_lines(self._extra)
        self._outer: list[GitIgnoreSpec] = []
        self._tracked: set[str] = set()
        self._tracked_folders: set[str] = set()
        self._files: dict[str, GitIgnoreSpec | None] = {}
        self._folders: dict[str, bool] = {}
        self.reload()

    @classmethod
    def load(cls, root: Path, extra: Iterable[str] = ()) -> IgnoreRules:
        """Read the rules of a project.

        Args:
            root: Its folder.
            extra: More patterns of the gitignore form, from the settings.
        """
        return cls(root, tuple(extra), find_repository(root))

    def reload(self) -> None:
        """Forget what was read; ignore files are read again when they are next needed."""
        outer: list[GitIgnoreSpec] = []
        tracked: set[str] = set()
        tracked_folders: set[str] = set()
        if self.repository is not None:
            excludes = (self.repository.common_dir / "info" / "exclude", self.repository.global_excludes())
            outer = [spec for file in excludes if (spec := _read_spec(file)) is not None]
            for raw in self.repository.tracked_but_ignored():
                path = os.fsdecode(raw)
                tracked.add(path)
                while path := path.rpartition("/")[0]:
                    tracked_folders.add(path)
        # New objects, swapped at once: the watcher's thread may be asking meanwhile.
        self._outer, self._tracked, self._tracked_folders = outer, tracked, tracked_folders
        self._files, self._folders = {}, {}

    def ignored(self, path: str, is_dir: bool) -> bool:
        """Whether a path, or a folder above it, is ignored; files that git tracks are not, whatever its rules say.

        Args:
            path: Relative to the project's root, with forward slashes.
            is_dir: Whether it is a folder.
        """
        if not path:
            return False
        parent = path.rpartition("/")[0]
        if parent and self._folder_ignored(parent):
            return True
        return self._folder_ignored(path) if is_dir else self._by_rules(path, is_dir=False)

    def excluded_here(self, path: str) -> bool:
        """Whether our own rules exclude a file that git lists: built-in folders, `.auraignore`, settings."""
        parent = path.rpartition("/")[0]
        return (bool(parent) and self._own_folder(parent)) or self._by_own_rules(path)

    def _folder_ignored(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            parent, _, name = folder.rpartition("/")
            known = (
                name in BUILT_IN_FOLDERS
                or (bool(parent) and self._folder_ignored(parent))
                or self._by_rules(folder, is_dir=True)
                or self._marked(folder)
            )
            self._folders[folder] = known
        return known

    def _own_folder(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            parent, _, name = folder.rpartition("/")
            known = (
                name in BUILT_IN_FOLDERS
                or (bool(parent) and self._own_folder(parent))
                or self._by_own_rules(folder + "/")
                or self._marked(folder)
            )
            self._folders[folder] = known
        return known

    def _marked(self, folder: str) -> bool:
        return any(os.path.exists(f"{self.root}/{folder}/{marker}") for marker in _MARKERS)  # noqa: PTH110 - hot

    def _by_rules(self, path: str, *, is_dir: bool) -> bool:
        asked = path + "/" if is_dir else path
        if self._by_own_rules(asked):
            return True
        if path in (self._tracked_folders if is_dir else self._tracked):
            return False
        return self._verdict(".gitignore", self._top, self._prefix + asked, self._outer)

    def _by_own_rules(self, asked: str) -> bool:
        return self._verdict(".auraignore", self.root, asked, [self._own])

    def _verdict(self, file_name: str, top: Path, asked: str, last: Iterable[GitIgnoreSpec]) -> bool:
        """What the innermost ignore file that has a word on a path says about it."""
        folder = asked.rstrip("/").rpartition("/")[0]
        while True:
            spec = self._spec(file_name, top, folder)
            if spec is not None:
                inside = asked[len(folder) + 1 :] if folder else asked
                verdict = spec.check_file(inside).include
                if verdict is not None:
                    return verdict
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        for spec in last:
            verdict = spec.check_file(asked).include
            if verdict is not None:
                return verdict
        return False

    def _spec(self, file_name: str, top: Path, folder: str) -> GitIgnoreSpec | None:
        where = f"{top}/{folder}/{file_name}" if folder else f"{top}/{file_name}"
        try:
            return self._files[where]
        except KeyError:
            spec = self._files[where] = _read_spec(Path(where))
            return spec


def _read_spec(file: Path) -> GitIgnoreSpec | None:
    """The rules of an ignore file; None when it is missing, unreadable or empty."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff").splitlines()
    except OSError:
        return None
    spec = GitIgnoreSpec.from_lines(line for line in lines if _valid(line))
    return spec if len(spec) else None


def _valid(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return bool(line.strip()) and not line.startswith("#")
