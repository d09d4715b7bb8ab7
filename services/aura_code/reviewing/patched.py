"""A change that comes as a patch: applied to the files of the work tree, in memory only."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from aura_code.reviewing.changes import Change, FileChange, Side, kind_of, note_of
from aura_code.reviewing.disk import Disk
from aura_code.reviewing.git import Git
from aura_code.reviewing.patches import FilePatch, Hunk, apply_hunks, hunks_between, parse_patch
from aura_shared.errors import UnsafePath, UsageProblem
from aura_shared.security import confine


def read_patch(root: Path, text: str, passes: Callable[[str], bool]) -> Change:
    """The change that a patch makes to the work tree.

    Raises:
        UsageProblem: It is no unified diff, or does not fit.
        UnsafePath: It leads outside the project.
    """
    if not text.strip():
        raise UsageProblem("The patch is empty.", hint="Give the output of `git diff` or `diff -u`.")
    patches = parse_patch(text.encode("utf-8", "surrogateescape"))
    if not patches:
        raise UsageProblem(
            "Nothing in it is a unified diff: a line `--- OLD` and one `+++ NEW` were expected.",
            hint="Give the output of `git diff` or `diff -u`.",
        )
    change = Change("", "patch", title=_subject(text), read=Disk(root).text)
    state = _Patched(root)
    for patch in patches:
        state.take(patch)
    change.files = [file for file in state.files.values() if passes(file.path)]
    head = Git(root).word("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    change.base = head
    return change


def _subject(text: str) -> str:
    """The subject of a patch that was sent as a mail."""
    head = text[: max(0, text.find("\ndiff "))][:4000]
    found = re.search(r"^Subject:\s*(?:\[PATCH[^\]]*\]\s*)?(.+)$", head, re.MULTILINE)
    return found[1].strip() if found else ""


class _Patched:
    """The work tree as the patches so far would make it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._disk = Disk(root)
        self.files: dict[str, FileChange] = {}

    def take(self, patch: FilePatch) -> None:
        """Apply one file of the patch.

        Raises:
            UsageProblem: It does not fit.
            UnsafePath: It leads outside the project.
        """
        if not patch.by_git:
            patch.old_path, patch.new_path = self._resolved(patch)
        for path in {patch.old_path, patch.new_path} - {""}:
            self._check(path)
        known = self.files.get(patch.old_path) if patch.old_path else None
        if patch.binary or {patch.old_mode, patch.new_mode} & {"160000", "120000"}:
            self._take_unread(patch)
            return
        before = self._before(patch, known)
        after, hunks = apply_hunks(before or b"", patch.hunks, patch.old_path or patch.path)
        if not patch.new_path and after:
            left = after.count(b"\n") or 1
            raise UsageProblem(
                f"The patch does not fit {patch.old_path}: it deletes the file, but {left} lines are left.",
                hint="Make the diff against the files as they are now.",
            )
        self._put(patch, known, before, after if patch.new_path else None, hunks)

    def _check(self, path: str) -> None:
        confine(self._root, path)
        if ".git" in path.lower().split("/"):
            raise UnsafePath(f"the patch changes {path!r}, which belongs to git itself")

    def _resolved(self, patch: FilePatch) -> tuple[str, str]:
        """Paths in the project of what `diff -u` names: as they are, or without their first folder."""
        names = [name for name in (patch.new_path, patch.old_path) if name]
        for strip in (0, 1):
            for name in names:
                path = name.removeprefix("./").split("/", strip)[-1]
                exists = path in self.files or (bool(path) and self._disk.data(path) is not None)
                if exists and (patch.old_path or strip):
                    return (path if patch.old_path else ""), (path if patch.new_path else "")
        new = names[0].removeprefix("./") if names else ""
        if new.startswith(("a/", "b/", "new/", "old/")) and not (self._root / new.split("/")[0]).is_dir():
            new = new.partition("/")[2]
        return (new if patch.old_path else ""), (new if patch.new_path else "")

    def _before(self, patch: FilePatch, known: FileChange | None) -> bytes | None:
        if not patch.old_path:
            if patch.new_path in self.files or self._disk.data(patch.new_path) is not None:
                raise UsageProblem(
                    f"The patch does not fit {patch.new_path}: it creates the file, which is there already.",
                    hint="Make the diff against the files as they are now.",
                )
            return None
        text = known.new.text if known is not None else self._disk.text(patch.old_path)
        if text is None:
            raise UsageProblem(
                f"The patch does not fit {patch.old_path}: there is no such text file in the project.",
                hint="Paths in a patch are relative to the project's root, with `a/` and `b/` before them or without.",
            )
        return text

    def _put(
        self, patch: FilePatch, known: FileChange | None, before: bytes | None, after: bytes | None, hunks: list[Hunk]
    ) -> None:
        old_path = patch.old_path
        if known is not None:  # A second patch of the same file: what counts is the way from the work tree.
            old_path = known.old.path if known.old.text is not None else ""
            before = known.old.text
            hunks = hunks_between(before or b"", after or b"")
            del self.files[known.path]
        path = patch.new_path or old_path or patch.path
        made = FilePatch(old_path, patch.new_path, copied=patch.copied)
        file = FileChange(
            path,
            kind_of(made),
            Side(old_path or path, before),
            Side(path, after),
            hunks,
            old_path if patch.renamed and old_path != path else "",
            sum(line.mark == "+" for hunk in hunks for line in hunk.lines),
            sum(line.mark == "-" for hunk in hunks for line in hunk.lines),
            patch.old_mode,
            patch.new_mode,
            raw=(known.raw if known else b"") + patch.raw,
        )
        self.files[path] = file

    def _take_unread(self, patch: FilePatch) -> None:
        note = note_of((patch.old_mode, patch.new_mode), None, None)
        kind = kind_of(patch)
        side = Side(patch.path, None)
        old_path = patch.old_path if patch.renamed else ""
        self.files[patch.path] = FileChange(
            patch.path, kind, side, side, [], old_path, 0, 0, patch.old_mode, patch.new_mode, note, patch.raw
        )
