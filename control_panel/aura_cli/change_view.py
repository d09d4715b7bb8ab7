"""Changes as the command line shows them: rows of a list, hunks in colours, the text proposed for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, objects_of, text_of
from aura_cli.screen import bold, coloured, cut, dim, plural, safe
from aura_shared.errors import Conflict, NotFound, UsageProblem
from aura_shared.security import make_visible

HEADERS: Final = ("ID", "STATE", "FILES", "LINES", "FROM", "WHEN", "WHAT")
STATES: Final = ("proposed", "applied", "partly-applied", "undone", "rejected")
_STATE_COLOURS: Final = {"proposed": "yellow", "applied": "green", "partly-applied": "green", "rejected": "red"}
_DECISIONS: Final = {"accepted": ("✓", "green"), "rejected": ("✗", "red"), "open": ("?", "yellow")}
_OUTCOMES: Final = {"passed": "green", "failed": "red", "skipped": "bright_black"}
_DIFF_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


def change_row(change: JsonObject, room: int, *, with_project: bool) -> tuple[str, ...]:
    """A change as a row below `HEADERS`; its title has `room` columns."""
    state = text_of(change, "state")
    title = plain(text_of(change, "title"))
    return (
        text_of(change, "id"),
        coloured(state, _STATE_COLOURS.get(state, "white")),
        f"{count_of(change, 'file_count'):,}",
        f"+{count_of(change, 'added'):,} -{count_of(change, 'removed'):,}",
        plain(text_of(change, "source")),
        text_of(change, "created_at")[:16].replace("T", " "),
        cut(f"{plain(text_of(change, 'project'))}: {title}" if with_project else title, room),
    )


def change_lines(change: JsonObject) -> list[str]:
    """A change ready to print."""
    state = text_of(change, "state")
    facts = [
        coloured(state, _STATE_COLOURS.get(state, "white")),
        plural(count_of(change, "file_count"), "file"),
        f"+{count_of(change, 'added'):,} -{count_of(change, 'removed'):,}",
        plain(text_of(change, "source")),
        text_of(change, "created_at")[:16].replace("T", " "),
    ]
    lines = [f"{bold(text_of(change, 'id'))}  {bold(plain(text_of(change, 'title')))}", dim(" · ").join(facts)]
    if text_of(change, "replaces"):
        lines.append(dim(f"a new version of {text_of(change, 'replaces')}"))
    if text_of(change, "why"):
        lines += ["", *(plain(line) for line in text_of(change, "why").strip().split("\n"))]
    for check in objects_of(change, "checks"):
        outcome = text_of(check, "outcome")
        detail = plain(text_of(check, "detail").replace("\n", " "))
        shown = coloured(outcome.ljust(7), _OUTCOMES.get(outcome, "white"))
        lines.append(f"{shown} {plain(text_of(check, 'name'))}  {dim(detail)}")
    for file in objects_of(change, "files"):
        lines += ["", *file_lines(file)]
    return lines


def file_lines(file: JsonObject) -> list[str]:
    """A file of a change with its hunks, ready to print."""
    path = plain(text_of(file, "path"))
    moved = f" (from {plain(text_of(file, 'moved_from'))})" if text_of(file, "moved_from") else ""
    head = f"{bold(coloured(path, 'cyan'))}{moved}  {text_of(file, 'kind')}"
    standing = text_of(file, "standing")
    if text_of(file, "problem"):
        head += "  " + coloured(f"does not fit: {plain(text_of(file, 'problem'))}", "red")
    elif standing == "moved-on":
        head += "  " + coloured("changed since; it can be merged", "yellow")
    lines = [head]
    for hunk in objects_of(file, "hunks"):
        sign, colour = _DECISIONS.get(text_of(hunk, "decision"), ("?", "yellow"))
        facts = [text_of(hunk, "decision") or "open"]
        if flag_of(hunk, "applied"):
            facts = ["applied"]
        if text_of(hunk, "symbol"):
            facts.append(f"in {plain(text_of(hunk, 'symbol'))}")
        lines.append(f"{coloured(sign, colour)} {bold(text_of(hunk, 'id'))}  {dim(', '.join(facts))}")
        if text_of(hunk, "comment"):
            lines += [f"  » {plain(line)}" for line in text_of(hunk, "comment").split("\n")]
        lines += diff_lines(text_of(hunk, "diff"))
    return lines


def diff_lines(diff: str) -> list[str]:
    """A unified diff in colours, with whatever hides or reorders text made visible."""
    lines: list[str] = []
    for line in diff.removesuffix("\n").split("\n"):
        shown = plain(line.removesuffix("\r"))
        lines.append(coloured(shown, _DIFF_COLOURS[line[0]]) if line[:1] in _DIFF_COLOURS else shown)
    return lines


def hunks_of(change: JsonObject) -> list[JsonObject]:
    """All hunks of a change."""
    return [hunk for file in objects_of(change, "files") for hunk in objects_of(file, "hunks")]


def proposed_text(change: JsonObject, path: str, root: Path) -> str:
    """The text that a change proposes for a file: the file as it is, with every hunk.

    Args:
        change: As `/v1/changes/show` gives it.
        path: A file of it.
        root: The project's folder.

    Raises:
        NotFound: The change has no such file.
        UsageProblem: The file is deleted by the change.
        Conflict: The file is not what the change was made from.
    """
    file = next((file for file in objects_of(change, "files") if text_of(file, "path") == path), None)
    if file is None:
        raise NotFound(f"change {text_of(change, 'id')} has no file {path!r}", hint="`aura changes show` lists them.")
    kind = text_of(file, "kind")
    if kind == "deleted":
        raise UsageProblem(f"{path} is deleted by this change, so there is no text to edit")
    hunks = objects_of(file, "hunks")
    if any(flag_of(hunk, "applied") for hunk in hunks) or (kind != "added" and text_of(file, "standing") != "current"):
        raise Conflict(
            f"{path} is not as it was when the change was made, so what is proposed cannot be shown as a whole",
            hint="Give the whole text with --from FILE.",
        )
    lines: list[str] = []
    if kind != "added":
        lines = _lines_of(root, text_of(file, "moved_from") or path)
    for hunk in reversed(hunks):  # From the end, so that line numbers before it stay true.
        count = count_of(hunk, "old_lines")
        start = count_of(hunk, "old_start") - (1 if count else 0)
        lines[start : start + count] = _added_lines(text_of(hunk, "diff"))
    return "".join(lines).replace("\r\n", "\n")


def _lines_of(root: Path, path: str) -> list[str]:
    from aura_shared.text_files import as_utf8  # noqa: PLC0415 - only to edit

    try:
        data = (root / path).read_bytes()
    except OSError as error:
        raise Conflict(f"cannot read {path}: {error.strerror}", hint="Give the whole text with --from FILE.") from error
    text = as_utf8(data).decode()
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [line for line in text.split("\n")[-1:] if line]


def _added_lines(diff: str) -> list[str]:
    """The new lines of a hunk, with their ends."""
    lines: list[str] = []
    last = ""
    for line in diff.split("\n")[1:]:
        if line.startswith("+"):
            lines.append(f"{line[1:]}\n")
        elif line.startswith("\\") and last.startswith("+"):
            lines[-1] = lines[-1].removesuffix("\n")
        last = line
    return lines


def plain(text: str) -> str:
    """Text of a file or a model, with nothing in it that hides, reorders, or steers a terminal."""
    return safe(make_visible(text))
