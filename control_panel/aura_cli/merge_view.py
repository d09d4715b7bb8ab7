"""How merges, rebases and syncs are shown: the outcome first, then by file and hunk, with who changed what."""

from __future__ import annotations

from difflib import unified_diff
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.change_view import diff_lines, plain
from aura_cli.screen import bold, coloured, cut, dim, plural, table, width

__all__ = [
    "answer_lines",
    "forecast_lines",
    "hunk_diff",
    "left_of",
    "proposals",
    "rebase_lines",
    "sync_lines",
]

_MOST_PATHS: Final = 12
_TIER_COLOURS: Final = {"auto": "green", "propose": "cyan", "suggest": "yellow", "refuse": "red"}
_WHAT_COLOURS: Final = {
    "clean": "green",
    "fast-forward": "green",
    "up-to-date": "green",
    "conflicts": "red",
    "refused": "red",
}
_STEP_MARKS: Final = {
    "same": "=",
    "clean": "✓",
    "empty": "∅",
    "already-there": "≡",
    "conflicts": "✗",
    "unknown": "?",
}
_STEP_WORDS: Final = {
    "same": "stays as it is",
    "clean": "replayed",
    "empty": "nothing is left of it: dropped",
    "already-there": "the other side has it: dropped",
    "conflicts": "conflicts",
    "unknown": "comes after the conflict",
}


def forecast_lines(sim: JsonObject) -> list[str]:
    """What a merge would do."""
    outcome = text_of(sim, "outcome")
    title = f"{plain(text_of(sim, 'ref'))} into {plain(text_of(sim, 'into'))}"
    lines = [f"{bold(title)}  {coloured(outcome, _WHAT_COLOURS.get(outcome, 'yellow'))}"]
    if text_of(sim, "reason"):
        return [*lines, plain(text_of(sim, "reason"))]
    if outcome == "up-to-date":
        return lines
    facts = [
        plural(count_of(sim, "commits"), "commit"),
        f"{plural(count_of(sim, 'changed_count'), 'path')} would change",
    ]
    lines.append(dim(" · ".join(facts)))
    lines += _changed_lines(sim) if outcome != "conflicts" else conflict_lines(objects_of(sim, "conflicts"))
    lines += _warning_lines(sim)
    lines += [dim(plain(note)) for note in texts_of(sim, "notes")]
    lines += _test_lines(sim)
    return [*lines, *_obstacle_lines(sim)]


def _changed_lines(sim: JsonObject) -> list[str]:
    paths = texts_of(sim, "changed")
    more = count_of(sim, "changed_count") - _MOST_PATHS
    return [f"  {plain(path)}" for path in paths[:_MOST_PATHS]] + ([dim(f"  and {more:,} more")] if more > 0 else [])


def _warning_lines(answer: JsonObject) -> list[str]:
    lines: list[str] = []
    for warning in objects_of(answer, "warnings"):
        line = count_of(warning, "line")
        place = plain(text_of(warning, "path")) + (f":{line}" if line else "")
        lines.append(f"{coloured('!', 'yellow')} {place}  {text_of(warning, 'rule')}")
        lines.append(f"  {plain(text_of(warning, 'message'))}")
    return lines


def _test_lines(sim: JsonObject) -> list[str]:
    tests = texts_of(sim, "tests")
    unknown = text_of(sim, "tests_unknown")
    lines = [f"Tests that reach it: {', '.join(plain(test) for test in tests)}"] if tests else []
    if unknown:
        lines.append(dim(f"Tests {'beyond these ' if tests else ''}not known: {plain(unknown)}"))
    return lines


def _obstacle_lines(answer: JsonObject) -> list[str]:
    return [f"{coloured('✗', 'red')} {plain(line)}" for line in texts_of(answer, "obstacles")]


def conflict_lines(files: list[JsonObject]) -> list[str]:
    """Conflicts by file and hunk."""
    lines: list[str] = []
    for file in files:
        hunks = objects_of(file, "hunks")
        remaining = count_of(file, "remaining")
        state = coloured("settled", "green") if not remaining else coloured(f"{remaining} left", "red")
        lines.append(f"{bold(plain(text_of(file, 'path')))}  {text_of(file, 'kind')}  {state}")
        if text_of(file, "problem"):
            lines.append(f"  {plain(text_of(file, 'problem'))}")
        if text_of(file, "command"):
            lines.append(f"  {dim('written anew by')} {plain(text_of(file, 'command'))}")
        if file.get("parses") is False:
            lines.append(coloured("  what it becomes does not parse, so it is not staged", "red"))
        for hunk in hunks:
            lines += _hunk_lines(hunk)
        if not any(objects_of(hunk, "ours_by") or objects_of(hunk, "theirs_by") for hunk in hunks):
            lines += _who_lines(file)
    return lines


def _hunk_lines(hunk: JsonObject) -> list[str]:
    tier = text_of(hunk, "tier")
    mark = coloured("✓", "green") if flag_of(hunk, "settled") else coloured("?", "yellow")
    line = count_of(hunk, "line")
    symbol = f"  {plain(text_of(hunk, 'symbol'))}" if text_of(hunk, "symbol") else ""
    place = f"line {line}" if line else "start"
    head = f"  {mark} {coloured(f'{tier:<7}', _TIER_COLOURS.get(tier, 'white'))}  {place}{symbol}"
    lines = [head, f"    {dim(text_of(hunk, 'rule') + ':')} {cut(plain(text_of(hunk, 'reason')), width() - 30)}"]
    if text_of(hunk, "symbol_note"):
        lines.append(f"    {plain(text_of(hunk, 'symbol_note'))}")
    return lines + _who_lines(hunk)


def _who_lines(source: JsonObject) -> list[str]:
    lines: list[str] = []
    for side, key in (("ours", "ours_by"), ("theirs", "theirs_by")):
        for commit in objects_of(source, key):
            told = f"{text_of(commit, 'commit')} {text_of(commit, 'author')}: {text_of(commit, 'subject')}"
            lines.append(dim(f"    {side:<6} {cut(plain(told), width() - 12)}"))
    return lines


def hunk_diff(hunk: JsonObject) -> list[str]:
    """What a proposed resolution makes of our text, as a diff, with what the other side had."""
    lines = [f"{bold(plain(text_of(hunk, 'id')))}  {text_of(hunk, 'rule')}: {plain(text_of(hunk, 'reason'))}"]
    for name, key in (("theirs", "theirs"), ("what it becomes", "text")):
        diff = unified_diff(
            text_of(hunk, "ours").splitlines(), text_of(hunk, key).splitlines(), "ours", name, lineterm="", n=2
        )
        lines += diff_lines("\n".join(diff) or f" {name}: the same as ours")
    return lines


def proposals(files: list[JsonObject], tiers: tuple[str, ...] = ("propose", "suggest")) -> list[JsonObject]:
    """Hunks that wait for a yes."""
    return [
        hunk
        for file in files
        for hunk in objects_of(file, "hunks")
        if text_of(hunk, "tier") in tiers and not flag_of(hunk, "settled")
    ]


def left_of(files: list[JsonObject], taken: frozenset[str] = frozenset()) -> int:
    """How many conflicts are left to a person, with the hunks that were taken besides."""
    left = 0
    for file in files:
        hunks = [hunk for hunk in objects_of(file, "hunks") if text_of(hunk, "id") in taken]
        left += max(0, count_of(file, "remaining") - len(hunks))
        left += file.get("parses") is False
    return left


def rebase_lines(sim: JsonObject) -> list[str]:
    """What a rebase would do, commit by commit."""
    outcome = text_of(sim, "outcome")
    branch = text_of(sim, "branch") or "HEAD"
    lines = [
        f"{bold(plain(branch))} onto {bold(plain(text_of(sim, 'onto')))}  "
        f"{coloured(outcome, _WHAT_COLOURS.get(outcome, 'yellow'))}"
    ]
    if text_of(sim, "reason"):
        return [*lines, plain(text_of(sim, "reason"))]
    for step in objects_of(sim, "steps"):
        what = text_of(step, "outcome")
        told = cut(plain(text_of(step, "subject")), width() - 50)
        lines.append(
            f"{_STEP_MARKS.get(what, ' ')} {text_of(step, 'commit')}  {told}  {dim(_STEP_WORDS.get(what, what))}"
        )
        lines += [f"  {line}" for line in conflict_lines(objects_of(step, "conflicts"))]
    lines += _ref_lines(sim)
    if text_of(sim, "range_diff"):
        lines += ["", *(plain(line) for line in text_of(sim, "range_diff").splitlines())]
    lines += [dim(plain(note)) for note in texts_of(sim, "notes")]
    return [*lines, *_obstacle_lines(sim)]


def _ref_lines(answer: JsonObject) -> list[str]:
    lines: list[str] = []
    for ref in objects_of(answer, "refs"):
        new = text_of(ref, "new")
        moved = f"{text_of(ref, 'old')} → {new}" if new else text_of(ref, "old")
        why = f"  {plain(text_of(ref, 'why'))}" if text_of(ref, "why") else ""
        lines.append(f"  {plain(text_of(ref, 'name'))}  {moved}{why}")
    return lines


def answer_lines(answer: JsonObject) -> list[str]:
    """What was done, and what waits."""
    lines = [plain(text_of(answer, "summary"))]
    lines += _ref_lines(answer)
    recorded = texts_of(answer, "recorded")
    lines += [f"{plain(path)}  resolved as you did before (git rerere)" for path in recorded]
    if text_of(answer, "standing") in {"waiting", "planned"}:
        lines += conflict_lines(objects_of(answer, "conflicts"))
        shown = {text_of(file, "path") for file in objects_of(answer, "conflicts")}
        lines += [f"{coloured('✗', 'red')} {plain(path)}" for path in texts_of(answer, "left") if path not in shown]
    lines += _warning_lines(answer)
    return lines


def sync_lines(answer: JsonObject) -> list[str]:
    """What a sync did with each branch."""
    rows: list[tuple[str, ...]] = []
    reasons: list[str] = []
    for branch in objects_of(answer, "branches"):
        name = plain(text_of(branch, "branch"))
        mark = "*" if flag_of(branch, "current") else " "
        ahead, behind = count_of(branch, "ahead"), count_of(branch, "behind")
        counts = f"+{ahead} -{behind}" if ahead or behind else ""
        new = text_of(branch, "new")
        moved = f"{text_of(branch, 'old')} → {new}" if new else text_of(branch, "old")
        rows.append((f"{mark} {name}", text_of(branch, "what"), counts, moved, plain(text_of(branch, "upstream"))))
        if text_of(branch, "reason"):
            reasons.append(f"{name}: {plain(text_of(branch, 'reason'))}")
    lines = table(("  BRANCH", "WHAT", "COMMITS", "AT", "FOLLOWS"), rows) if rows else []
    unreachable = object_of(answer, "unreachable")
    for remote in unreachable:
        lines.append(f"{coloured('✗', 'red')} {plain(remote)} did not answer: {plain(text_of(unreachable, remote))}")
    return lines + reasons
