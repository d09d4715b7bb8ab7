"""How drafts, commits, splits and checks of messages are shown, and the text in which a split is edited."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.screen import bold, cells, coloured, cut, dim, plural, table, width
from aura_shared.errors import UsageProblem

__all__ = [
    "blocking",
    "commit_lines",
    "draft_lines",
    "edit_text",
    "lint_lines",
    "plan_lines",
    "problem_lines",
    "read_split",
    "split_text",
    "strip_comments",
    "type_choices",
]

_MOST_FILES: Final = 15
_MOST_LEFT: Final = 4
_MOST_TOLD: Final = 6
_STATUS_COLOURS: Final = {"A": "green", "D": "red", "M": "yellow", "R": "cyan", "C": "cyan", "T": "magenta"}
_LEVEL_COLOURS: Final = {"error": "red", "warning": "yellow"}
_SCISSORS: Final = "------------------------ >8 ------------------------"


def draft_lines(draft: JsonObject) -> list[str]:
    """A draft: where it goes, what is in it, its message, and what speaks against it."""
    files = objects_of(draft, "files")
    added, removed = (sum(count_of(file, key) for file in files) for key in ("added", "removed"))
    branch = plain(text_of(draft, "branch")) or "detached HEAD"
    what = {"staged": "staged", "all": "all changes"}.get(text_of(draft, "what"), "")
    facts = [plural(len(files), "file"), f"+{added:,} -{removed:,}", what]
    if text_of(draft, "concludes"):
        facts.append(f"concludes the {text_of(draft, 'concludes')}")
    lines = [f"{bold(branch)}  {dim(' · '.join(fact for fact in facts if fact))}", *_file_lines(files)]
    lines += _left_lines(draft)
    message = object_of(draft, "message")
    lines += ["", *_message_lines(text_of(message, "text"))]
    if flag_of(draft, "sign_off") and "\nSigned-off-by:" not in text_of(message, "text"):
        lines.append(dim("    (Signed-off-by is added, as messages here have it)"))
    lines.append("")
    return lines + _reason_lines(draft) + _concern_lines(draft) + _warning_lines(draft)


def _file_lines(files: list[JsonObject]) -> list[str]:
    lines: list[str] = []
    room = max(30, width() - 30)
    for file in files[:_MOST_FILES]:
        status = text_of(file, "status")
        path = plain(text_of(file, "path"))
        if text_of(file, "old_path"):
            path = f"{plain(text_of(file, 'old_path'))} → {path}"
        counts = "binary" if flag_of(file, "binary") else f"+{count_of(file, 'added')} -{count_of(file, 'removed')}"
        extra = f" · {text_of(file, 'note')}" if text_of(file, "note") else ""
        mark = coloured(status or "M", _STATUS_COLOURS.get(status, "white"))
        lines.append(f"  {mark} {cut(path, room)}  {dim(counts + plain(extra))}")
    if len(files) > _MOST_FILES:
        lines.append(dim(f"    … and {plural(len(files) - _MOST_FILES, 'more file', 'more files')}"))
    return lines


def _left_lines(draft: JsonObject) -> list[str]:
    left = texts_of(draft, "left")
    count = count_of(draft, "left_count") or len(left)
    if not count:
        return []
    named = ", ".join(plain(path) for path in left[:_MOST_LEFT])
    more = f" and {count - _MOST_LEFT} more" if count > _MOST_LEFT else ""
    return [dim(cut(f"  not in it: {named}{more}", max(40, width() - 2)))]


def _message_lines(text: str) -> list[str]:
    first, *rest = plain(text).split("\n")
    return [f"    {bold(first)}", *(f"    {line}".rstrip() for line in rest)]


def _reason_lines(draft: JsonObject) -> list[str]:
    lines: list[str] = []
    types = objects_of(draft, "types")
    kind = text_of(object_of(draft, "message"), "kind")
    if kind and types and kind != text_of(types[0], "value"):
        lines.append(dim(f"{plain(kind)}, as you said; on its own it would be {plain(text_of(types[0], 'value'))}"))
    elif kind and types:
        shown = " or ".join(f"{plain(text_of(one, 'value'))} {number_of(one, 'confidence'):.0%}" for one in types[:2])
        learned = count_of(draft, "learned_from")
        source = (
            f"as {plural(learned, 'commit')} here {'teaches' if learned == 1 else 'teach'}"
            if learned
            else "by the habits of many repositories: there is no history to learn from"
        )
        lines.append(dim(f"{shown}, {source}"))
    if text_of(draft, "worded_by") == "model":
        lines.append(dim(f"worded by {plain(text_of(draft, 'model'))}"))
    if text_of(draft, "task"):
        lines.append(dim(f"task {plain(text_of(draft, 'task'))}, from {plain(text_of(draft, 'task_from'))}"))
    for text in texts_of(draft, "dropped"):
        lines += map(dim, _wrapped(f"left out of the model's text: {plain(text)}"))
    for found in objects_of(draft, "breaking"):
        told = f"{plain(text_of(found, 'path'))}: {plain(text_of(found, 'symbol'))}, {plain(text_of(found, 'reason'))}"
        lines += _labelled("breaks", "red", told)
    return lines


def _labelled(label: str, colour: str, text: str) -> list[str]:
    first, *rest = _wrapped(f"{label}  {text}", len(label) + 2)
    return [coloured(label, colour) + first.removeprefix(label), *rest]


def _wrapped(text: str, indent: int = 2) -> list[str]:
    """Text that is wrapped at the width of the terminal."""
    room = max(40, width() - 1)
    return textwrap.wrap(text, room, subsequent_indent=" " * indent, break_on_hyphens=False) or [text]


def _concern_lines(draft: JsonObject) -> list[str]:
    rows: list[tuple[str, str, str]] = []
    for one in objects_of(draft, "concerns"):
        line = count_of(one, "line")
        place = plain(text_of(one, "path")) + (f":{line}" if line else "")
        mark = coloured("held back", "red") if flag_of(one, "blocks") else coloured("note", "yellow")
        rows.append((mark, f"{place}  {dim(plain(text_of(one, 'rule')))}", plain(text_of(one, "message"))))
    lines = table(("", "CONCERN", "WHY"), rows)[1:] if rows else []
    if all(cells(line) < width() for line in lines):
        return lines
    # Where they do not fit: the reason below its place.
    return [line for mark, place, why in rows for line in (f"{mark}  {place}", f"    {why}")]


def _warning_lines(draft: JsonObject) -> list[str]:
    lines = [line for text in texts_of(draft, "warnings") for line in _labelled("note", "yellow", plain(text))]
    lines += problem_lines(objects_of(draft, "problems"))
    if count_of(draft, "mixed"):
        lines.append(
            f"{coloured('mixed', 'cyan')}  this looks like {count_of(draft, 'mixed')} commits: "
            f"{bold('aura commit --split')} takes it apart"
        )
    return lines


def blocking(draft: JsonObject) -> dict[str, list[str]]:
    """Files that hold the commit back, each with the rules that say so."""
    held: dict[str, list[str]] = {}
    for one in objects_of(draft, "concerns"):
        rule, rules = text_of(one, "rule"), held.setdefault(text_of(one, "path"), [])
        if flag_of(one, "blocks") and rule not in rules:
            rules.append(rule)
    return {path: rules for path, rules in held.items() if rules}


def type_choices(draft: JsonObject) -> list[str]:
    """The two best types, when the best one is unsure; else nothing."""
    types = objects_of(draft, "types")
    if len(types) < 2 or not text_of(object_of(draft, "message"), "kind"):
        return []
    return [text_of(one, "value") for one in types[:2]] if number_of(types[0], "confidence") < 0.5 else []


def problem_lines(problems: list[JsonObject]) -> list[str]:
    """What is wrong with a message."""
    lines: list[str] = []
    counts = Counter(text_of(one, "rule") for one in problems)
    firsts = {text_of(one, "rule"): one for one in reversed(problems)}
    for one in (firsts.pop(rule) for rule in list(counts)):
        level, rule = text_of(one, "level"), plain(text_of(one, "rule"))
        more = counts[text_of(one, "rule")] - 1
        message = plain(text_of(one, "message")) + (f" (and {plural(more, 'more line', 'more lines')})" if more else "")
        told = _labelled(level, _LEVEL_COLOURS.get(level, "white"), f"{message} {rule}")
        last = told[-1].rpartition(rule)
        lines += [*told[:-1], f"{last[0]}{dim(rule)}" if rule and last[1] else told[-1]]
    return lines


def commit_lines(made: JsonObject, *, dry_run: bool) -> list[str]:
    """A commit that was made."""
    subject = plain(text_of(made, "subject"))
    where = plain(text_of(made, "branch"))
    if dry_run:
        return [f"{bold(where)}  would be committed: {subject}"]
    counts = f"{plural(count_of(made, 'files'), 'file')}  +{count_of(made, 'added'):,} -{count_of(made, 'removed'):,}"
    return [f"{bold(where)} {coloured(text_of(made, 'commit')[:10], 'yellow')}  {subject}", dim(f"  {counts}")]


# -- splits -----------------------------------------------------------------------------------------------------


def plan_lines(plan: JsonObject) -> list[str]:
    """A split: each commit with what is in it and why."""
    commits = objects_of(plan, "commits")
    hunks = {text_of(one, "id"): one for one in objects_of(plan, "hunks")}
    lines = [f"{bold(plain(text_of(plan, 'branch')))}  {dim(f'{len(commits)} commits from one change')}"]
    for one in commits:
        lines += ["", *_part_lines(one, hunks)]
    lines += ["", *_concern_lines(plan)] if objects_of(plan, "concerns") else []
    return lines + [line for text in texts_of(plan, "warnings") for line in _labelled("note", "yellow", plain(text))]


def _part_lines(one: JsonObject, hunks: Mapping[str, JsonObject]) -> list[str]:
    subject = plain(text_of(one, "message")).split("\n")[0]
    lines = [f"{bold(text_of(one, 'id'))}  {bold(subject)}"]
    facts = [plain(text_of(one, "why"))]
    if texts_of(one, "needs"):
        facts.append(f"after {plain(', '.join(texts_of(one, 'needs')))}")
    lines.append(dim(cut(f"   {' · '.join(facts)}", max(40, width() - 1))))
    mine = [hunks.get(name, {}) for name in texts_of(one, "hunks")]
    for path in texts_of(one, "files"):
        here = [hunk for hunk in mine if text_of(hunk, "path") == path]
        symbols = list(dict.fromkeys(text_of(hunk, "symbol") for hunk in here if text_of(hunk, "symbol")))
        added, removed = (sum(count_of(hunk, key) for hunk in here) for key in ("added", "removed"))
        old = next((text_of(hunk, "old_path") for hunk in here if text_of(hunk, "old_path")), "")
        told = f"   {plain(old)} → {plain(path)}" if old else f"   {plain(path)}"
        told += f"  +{added} -{removed}"
        lines.append(cut(f"{told}  {plain(', '.join(symbols[:4]))}".rstrip(), max(40, width() - 1)))
    lines += [f"   {coloured('problem', 'red')}  {plain(text)}" for text in texts_of(one, "problems")]
    return lines + _tests_lines(one)


def _tests_lines(one: JsonObject) -> list[str]:
    """What the tests said at a commit; nothing when nobody asked."""
    told = [plain(line) for line in text_of(one, "tests_detail").split("\n")]
    if not told[0]:
        return []
    outcome = text_of(one, "tests")
    room = max(40, width() - 1)
    head = cut(f"   tests {outcome}: {told[0]}", room)
    if outcome != "failed":
        return [dim(head)]
    more = [line for line in told[1:] if line.strip()][:_MOST_TOLD]
    return [f"   {coloured('tests failed', 'red')}{head.removeprefix('   tests failed')}"] + [
        dim(cut(f"     {line}", room)) for line in more
    ]


def split_text(plan: JsonObject) -> str:
    """A split as a person edits it: `read_split` gives it back."""
    hunks = {text_of(one, "id"): one for one in objects_of(plan, "hunks")}
    lines = [
        "# Move `hunk` lines between commits, move whole commits, change messages, or add a commit with `commit new`.",
        "# Every hunk has to stay in exactly one commit; a commit without hunks goes. Lines that begin with # are not",
        "# read. Leave everything out to commit nothing.",
        "",
    ]
    for one in objects_of(plan, "commits"):
        lines += [f"commit {text_of(one, 'id')}", *text_of(one, "message").split("\n"), ""]
        for name in texts_of(one, "hunks"):
            hunk = hunks.get(name, {})
            place = f"{plain(text_of(hunk, 'path'))}:{count_of(hunk, 'start')}"
            counts = f"+{count_of(hunk, 'added')} -{count_of(hunk, 'removed')}"
            lines.append(f"hunk {name}  {place}  {counts}  {plain(text_of(hunk, 'symbol'))}".rstrip())
        lines.append("")
    return "\n".join(lines) + "\n"


def read_split(text: str, plan: JsonObject) -> list[dict[str, object]]:
    """The commits that a person wants; empty when everything was left out.

    Raises:
        UsageProblem: A line is out of place.
    """
    known = {text_of(one, "id") for one in objects_of(plan, "commits")}
    parts: list[tuple[str, list[str], list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        name = rest.split(" ")[0]
        if word == "commit" and (name in known or name == "new"):
            parts.append(("" if name == "new" else name, [], []))
        elif not parts:
            if line.strip():
                raise UsageProblem(f"line {number} stands before the first commit: {line[:60]!r}")
        elif word == "hunk" and name:
            parts[-1][2].append(name)
        elif not parts[-1][2]:
            parts[-1][1].append(line)
        elif line.strip():
            raise UsageProblem(f"line {number} is neither a hunk nor a commit: {line[:60]!r}")
    return [
        {"id": name, "message": "\n".join(message).strip("\n"), "hunks": hunks}
        for name, message, hunks in parts
        if hunks
    ]


# -- messages in an editor ----------------------------------------------------------------------------------------


def edit_text(draft: JsonObject, message: str, problems: list[JsonObject]) -> str:
    """A message as a person edits it, with what is committed below."""
    sign = text_of(draft, "comment") or "#"
    told = [
        f"Commit on {text_of(draft, 'branch')}. Lines that begin with {sign} are left out; an empty message commits "
        "nothing.",
        *(f"{text_of(one, 'level')} in line {count_of(one, 'line')}: {text_of(one, 'message')}" for one in problems),
        "",
        *(f"{text_of(file, 'status')} {text_of(file, 'path')}" for file in objects_of(draft, "files")),
    ]
    if texts_of(draft, "alternatives"):
        told += ["", "Or:", *texts_of(draft, "alternatives")]
    comments = [f"{sign} {plain(line)}".rstrip() for line in told]
    template = text_of(draft, "template").strip("\n")
    parts = [message, *([template] if template else []), "\n".join(comments)]
    below = [f"{sign} {_SCISSORS}", text_of(draft, "diff")] if text_of(draft, "diff") else []
    return "\n\n".join(parts) + "\n" + "\n".join(below)


def strip_comments(text: str, sign: str = "#") -> str:
    """A message without comments, and without what is below the scissors."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith(sign) and _SCISSORS in line:
            break
        if not line.startswith(sign):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")


def lint_lines(answer: JsonObject) -> list[str]:
    """What is wrong with messages, commit by commit; those that pass are not listed."""
    lines: list[str] = []
    for one in objects_of(answer, "commits"):
        problems = objects_of(one, "problems")
        if not problems:
            continue
        name = coloured(text_of(one, "commit")[:10], "yellow")
        lines.append(f"{name}  {cut(plain(text_of(one, 'subject')), max(30, width() - 14))}".strip())
        lines += [f"  {line}" for line in problem_lines(problems)]
    return lines
