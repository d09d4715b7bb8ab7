"""From what is proposed for a file to its bytes, in the encoding and with the line ends that the file has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from aura_factory.changes.guarding import git, git_folder
from aura_factory.changes.lines import changed_blocks, split_lines
from aura_languages.errors import syntax_problems
from aura_languages.grammars import GrammarError
from aura_shared.errors import EditRefused, UsageProblem
from aura_shared.messages.changes import TextEdit
from aura_shared.text_files import Writing, is_binary, read_text

_SIBLINGS_LOOKED_AT: Final = 5
_PLAIN: Final = Writing(b"", "utf-8", "\n")
_ENDS: Final = {"lf": "\n", "crlf": "\r\n"}


def text_of_file(path: str, data: bytes) -> tuple[bytes, Writing]:
    """A file's text in UTF-8, and how it is written.

    Raises:
        EditRefused: It is binary, or could not be written back exactly.
    """
    read = read_text(data)
    if read is None:
        reason = "it is binary" if is_binary(data) else "its encoding cannot be written back exactly"
        raise EditRefused(f"{path} cannot be edited: {reason}")
    return read


def texts_between(before: bytes, after: bytes) -> tuple[bytes, bytes, Writing]:
    """Both versions of a file in UTF-8, and how it is written; the new one is read as the old one is written."""
    text, writing = read_text(before) or (b"", _PLAIN)
    if not before:
        text, writing = read_text(after) or (after, _PLAIN)
        return b"", text, writing
    new = after.removeprefix(writing.mark).decode(writing.encoding).encode()
    return text, new.replace(b"\r", b"\n") if writing.line_end == "\r" else new, writing


def edited(path: str, data: bytes, edits: Sequence[TextEdit]) -> bytes:
    """The bytes of a file after edits of its text.

    Raises:
        UsageProblem: The edits overlap, or lie outside the text.
        EditRefused: The file is binary, an edit cuts a character in two, or its encoding lacks one.
    """
    text, writing = text_of_file(path, data)
    parts: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not at <= edit.start <= edit.end <= len(text):
            raise UsageProblem(
                f"the edits of {path} overlap or lie outside its text: bytes {edit.start} to {edit.end} of {len(text)}"
            )
        parts += [text[at : edit.start], _encoded(path, writing.inserted(edit.text.replace("\r\n", "\n")))]
        at = edit.end
    changed = b"".join([*parts, text[at:]])
    try:
        changed.decode()
    except UnicodeDecodeError as error:
        raise EditRefused(f"an edit of {path} cuts a character in two at byte {error.start}") from error
    return _written(path, _same_ending(text, changed, writing), writing)


def rewritten(path: str, data: bytes, content: str) -> bytes:
    """The bytes of a file whose whole text is replaced; lines that stay keep the line end that they have.

    Raises:
        EditRefused: The file is binary, or its encoding lacks a character.
    """
    text, writing = text_of_file(path, data)
    new = split_lines(_plain(path, content))
    old = split_lines(text)
    end = b"\r\n" if writing.line_end == "\r\n" else b"\n"
    bodies_old, bodies_new = [_body(line) for line in old], [_body(line) for line in new]
    ends = [line[len(body) :] for line, body in zip(old, bodies_old, strict=True)]
    lines: list[bytes] = []
    at = 0
    for block in [*changed_blocks(bodies_old, bodies_new), None]:
        until = block.old_start if block else len(old)
        lines += [bodies_old[i] + (ends[i] or end) for i in range(at, until)]
        if block:
            lines += [body + end for body in bodies_new[block.new_start : block.new_end]]
            at = block.old_end
    changed = b"".join(lines)
    if new and not new[-1].endswith(b"\n"):
        changed = changed.removesuffix(b"\n").removesuffix(b"\r")
    return _written(path, _same_ending(text, changed, writing), writing)


def made(root: Path, path: str, content: str) -> bytes:
    """The bytes of a new file, with the line ends that the project asks for.

    Raises:
        EditRefused: It would be binary.
    """
    text = _plain(path, content)
    if is_binary(text):
        raise EditRefused(f"{path} cannot be made: what is proposed is not text")
    if b"\n" in text and line_end_for(root, path) == "\r\n":
        text = text.replace(b"\n", b"\r\n")
    return text


def line_end_for(root: Path, path: str) -> str:
    """The line end of a new file: from `.gitattributes`, else `.editorconfig`, else as its neighbours."""
    top = git_folder(root)
    if top is not None and _has_attributes(top, root / path):
        done = git(root, "check-attr", "-z", "eol", "--", path)
        value = done.stdout.split(b"\0")[2].decode() if done and not done.returncode and b"\0" in done.stdout else ""
        if value in _ENDS:
            return _ENDS[value]
    return _ENDS.get(_editor_config(root, path), "") or _end_of_siblings(root, path)


def _has_attributes(top: Path, file: Path) -> bool:
    """Whether anything says something about files there; a process for each new file costs 5 ms."""
    folders = [folder for folder in file.parents if folder == top or top in folder.parents]
    return any((folder / ".gitattributes").exists() for folder in folders) or (
        (top / ".git" / "info" / "attributes").exists()
    )


def _editor_config(root: Path, path: str) -> str:
    """`end_of_line` from the `.editorconfig` files of a project, the innermost first."""
    parts = path.split("/")
    for depth in range(len(parts) - 1, -1, -1):
        with suppress(OSError):
            text = root.joinpath(*parts[:depth], ".editorconfig").read_text(encoding="utf-8", errors="replace")
            found, matches = "", False
            for line in text.splitlines():
                section = re.fullmatch(r"\s*\[(.+)\]\s*", line)
                if section:
                    matches = any(_glob_matches(glob, "/".join(parts[depth:])) for glob in _braces(section[1]))
                setting = re.fullmatch(r"\s*end_of_line\s*=\s*(\w+)\s*", line)
                if setting and matches:
                    found = setting[1].lower()
            if found:
                return found
    return ""


def _braces(glob: str) -> list[str]:
    found = re.search(r"\{([^{}]*)\}", glob)
    if not found:
        return [glob]
    return [
        one for choice in found[1].split(",") for one in _braces(glob[: found.start()] + choice + glob[found.end() :])
    ]


def _glob_matches(glob: str, path: str) -> bool:
    """A glob with a slash is about the path, one without about the name."""
    return fnmatchcase(path, glob.lstrip("/")) if "/" in glob else fnmatchcase(path.rpartition("/")[2], glob)


def _end_of_siblings(root: Path, path: str) -> str:
    place = root / path
    windows = others = 0
    with suppress(OSError):
        for sibling in sorted(place.parent.glob(f"*{place.suffix}"))[:_SIBLINGS_LOOKED_AT]:
            if sibling.is_file() and not sibling.is_symlink():
                with sibling.open("rb") as file:
                    line = file.readline(10_000)
                windows, others = windows + line.endswith(b"\r\n"), others + (not line.endswith(b"\r\n"))
    return "\r\n" if windows > others else "\n"


def check_parses(path: str, before: bytes, after: bytes) -> str:
    """Whether a file that parsed still does; returns what was found, for a check: empty when its language is unknown.

    Raises:
        EditRefused: It has more syntax errors than before.
    """
    try:
        new = syntax_problems(path, after, most=1000)
        old = syntax_problems(path, before, most=1000) if new else []
    except GrammarError:
        return ""
    if old is None or new is None:
        return ""
    if len(new) > len(old):
        shown = ", ".join(
            f"line {problem.line}{f' ({problem.missing} is missing)' if problem.missing else ''}" for problem in new[:5]
        )
        parsed = "not parse any more" if not old else f"have {len(new)} syntax errors instead of {len(old)}"
        raise EditRefused(f"{path} would {parsed}: {shown}")
    return "parses" if not new else "does not parse, nor did it before"


def _body(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _plain(path: str, content: str) -> bytes:
    """A proposed text in UTF-8 with line feeds, without a mark."""
    return _encoded(path, content.removeprefix("\ufeff").replace("\r\n", "\n"))


def _encoded(path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EditRefused(f"what is proposed for {path} contains half a character at {error.start}") from error


def _same_ending(before: bytes, after: bytes, writing: Writing) -> bytes:
    """The new text with or without a line end at its end, as the old one; unless that is all that changes."""
    if not before or not after or before.endswith(b"\n") == after.endswith(b"\n"):
        return after
    end = b"\r\n" if writing.line_end == "\r\n" else b"\n"
    same = after + end if before.endswith(b"\n") else _body(after)
    return after if same == before else same


def _written(path: str, text: bytes, writing: Writing) -> bytes:
    try:
        return writing.encode(text)
    except UnicodeError as error:
        character = ascii(error.object[error.start]) if isinstance(error, UnicodeEncodeError) else "a character"
        raise EditRefused(f"{path} is written in {writing.encoding}, which lacks {character} of the change") from error
