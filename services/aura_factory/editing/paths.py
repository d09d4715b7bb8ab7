"""Which file a model means by a path that it wrote."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping

from aura_factory.editing.outcomes import Refusal, RefusedError

__all__ = ["Allowed", "Paths"]

Allowed = Callable[[str], bool] | Collection[str]
"""Paths that may be written: a set of them, or what tells."""


class Paths:
    """The files of a request, and what else may be written."""

    def __init__(self, files: Mapping[str, str], allowed: Allowed) -> None:
        self._files = files
        self._allowed = allowed

    def may_write(self, path: str) -> bool:
        """Whether a path may be written."""
        return self._allowed(path) if callable(self._allowed) else path in self._allowed

    def is_known(self, written: str) -> bool:
        """Whether a path as a model wrote it names exactly one file that may be written."""
        try:
            self.resolve(written)
        except RefusedError:
            return False
        return True

    def resolve(self, written: str, *, new: bool = True) -> str:
        """The path that is meant: the very one, else one that it ends with, else a new file, else the one of that name.

        Args:
            written: The path as the model wrote it.
            new: Whether it may be a file that does not exist.

        Raises:
            RefusedError: It leads outside, may not be written, or names no file or several.
        """
        path = written.strip().replace("\\", "/")
        while path.startswith("./"):
            path = path[2:]
        for one in (path, path.removeprefix("a/"), path.removeprefix("b/")):
            if one in self._files and self.may_write(one):
                return one
        name = posixpath.basename(path)
        same = [one for one in self._files if posixpath.basename(one) == name and self.may_write(one)]
        nearer = [one for one in same if one.endswith("/" + path) or path.endswith("/" + one)]
        if len(nearer) == 1:
            return nearer[0]
        if new and _is_inside(path) and path not in self._files and self.may_write(path):
            return path
        if len(same) == 1:
            return same[0]
        if len(same) > 1:
            raise RefusedError(Refusal("path", written, f"several files have that name: {', '.join(sorted(same)[:5])}"))
        if path in self._files or not _is_inside(path):
            raise RefusedError(Refusal("path", written, "this path may not be written"))
        known = ", ".join(sorted(one for one in self._files if self.may_write(one))[:8])
        raise RefusedError(Refusal("path", written, f"expected one of {known or 'no file at all'}"))


def _is_inside(path: str) -> bool:
    """Whether a path is relative and stays below its root, in its shortest form."""
    if not path or path.startswith(("/", "~")) or ":" in path or "\0" in path:
        return False
    return posixpath.normpath(path) == path and path != "." and not path.startswith("..")
