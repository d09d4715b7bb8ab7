"""What `aura branch` shows: branches, steps, what strays, and what may go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, coloured, cut, dim, plural, safe, table, width

__all__ = ["branching_lines", "clean_lines", "drift_lines", "finish_lines", "list_lines"]

_MARGIN: Final = 62
_SOURCES: Final = {
    "file": ".aura/branching.toml",
    "git-flow": "the configuration of git-flow",
    "git-flow-next": "the configuration of git-flow-next",
    "detected": "found by the branches that there are",
    "default": "by default",
}


def branching_lines(branching: JsonObject, *, explain: bool = False) -> Iterator[str]:
    """The strategy in one line, and where each fact comes from."""
    bases = ", ".join(one for one in (text_of(branching, "main"), text_of(branching, "develop")) if one)
    source = text_of(branching, "source")
    name = bold(safe(text_of(branching, "strategy")))
    yield f"{name} on {safe(bases)} {dim(f'({_SOURCES.get(source, safe(source))})')}"
    if explain:
        for line in texts_of(branching, "explanation"):
            yield dim(f"  {safe(line)}")


def list_lines(answer: JsonObject) -> Iterator[str]:
    """Branches as a table; an empty list says how to begin one."""
    branches = objects_of(answer, "branches")
    if not branches:
        yield "There are no branches of this kind. Begin one: aura branch start KIND NAME"
        return
    room = max(16, width() - _MARGIN)
    rows = [_row(one, room) for one in branches]
    yield from table(["", "branch", "kind", "parent", "apart", "to push", "date"], rows, right=(5,))


def _row(branch: JsonObject, room: int) -> list[str]:
    mark = "*" if flag_of(branch, "current") else "+" if text_of(branch, "worktree") else ""
    ahead, behind = count_of(branch, "ahead"), count_of(branch, "behind")
    apart = " ".join(part for part in (f"+{ahead}" if ahead else "", f"-{behind}" if behind else "") if part)
    unpushed = count_of(branch, "unpushed")
    push = "gone" if flag_of(branch, "upstream_gone") else str(unpushed) if unpushed else ""
    kind = text_of(branch, "kind") or dim("none")
    name = cut(safe(text_of(branch, "name")), room)
    return [mark, name, kind, cut(safe(text_of(branch, "parent")), 14), apart, push, text_of(branch, "date")[:10]]


def finish_lines(answer: JsonObject) -> Iterator[str]:
    """The steps of a finish, and what a person should know."""
    planned = text_of(answer, "state") == "planned"
    for step in objects_of(answer, "steps"):
        done = flag_of(step, "done")
        mark = coloured("done", "green") if done else dim("then") if planned else coloured("open", "yellow")
        yield f"  {mark}  {safe(text_of(step, 'text'))}"
    conflicts = texts_of(answer, "conflicts")
    if conflicts:
        what = "would stop at conflicts in" if planned else "stopped at conflicts in"
        yield f"  {coloured(what, 'yellow')} {safe(', '.join(conflicts[:8]))}"


def drift_lines(answer: JsonObject) -> Iterator[str]:
    """What strays, each with the command that puts it right."""
    drifts = objects_of(answer, "drifts")
    for drift in drifts:
        yield f"{coloured(text_of(drift, 'rule'), 'yellow')}  {bold(safe(text_of(drift, 'branch')))}"
        yield f"  {safe(text_of(drift, 'message'))}"
        if text_of(drift, "fix"):
            yield f"  {dim(safe(text_of(drift, 'fix')))}"
    checked = plural(count_of(answer, "checked"), "branch", "branches")
    if not drifts:
        yield f"{checked} checked: nothing strays from {safe(text_of(object_of(answer, 'branching'), 'strategy'))}."


def clean_lines(answer: JsonObject) -> Iterator[str]:
    """Branches that may go, those that hold work of their own apart, and those that stay."""
    proposals = objects_of(answer, "proposals")
    if not proposals:
        yield "No branch is merged, stale or without its upstream."
    rows = [_proposal(one) for one in proposals]
    if rows:
        yield from table(["branch", "why", "", "last"], rows)
    for kept in objects_of(answer, "kept"):
        yield dim(f"{safe(text_of(kept, 'branch'))} stays: {safe(text_of(kept, 'why'))}")


def _proposal(one: JsonObject) -> list[str]:
    detail = cut(safe(text_of(one, "detail")), max(20, width() - 58))
    safe_to_go = flag_of(one, "deletable", default=True)
    why = text_of(one, "reason") if safe_to_go else coloured(f"{text_of(one, 'reason')}!", "red")
    name = cut(safe(text_of(one, "branch")), 30)
    return [name, why, detail, text_of(one, "date")[:10]]
