"""Issues as `gh issue list --json ...` prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aura_planning.exchanging.contract import Bundle, Entry, Extra, Written, kind_named, problem
from aura_planning.exchanging.stages import stage_of, status_from
from aura_planning.exchanging.texts import joined, key_name, scalar_text, scalar_value, tidy, written_json
from aura_planning.exchanging.tree import Tree, load_into, value_of
from aura_planning.items.statuses import INITIAL
from aura_shared.errors import EditRefused

__all__ = ["read_gh_json", "write_gh_json"]

Fields = dict[str, Any]
_FORM: Final = "gh-json"
_PREFIX: Final = "github"
_READ: Final = frozenset({"number", "title", "state", "stateReason", "body", "aura"})
_SHARED: Final = {"labels": "labels", "assignees": "assignee", "milestone": "milestone"}
_NUMBER_LINE: Final = re.compile(r'.*?"number"\s*:\s*(\d+)')
_NEEDS: Final = re.compile(
    r"(?:[-*+]\s+)?\**(?:depends on|blocked by|requires)\**:?\**\s+(?P<refs>#\d+(?:(?:\s*,\s*|\s+and\s+)#\d+)*)",
    re.IGNORECASE,
)
_CHILD: Final = re.compile(r"\s*[-*+]\s+\[[ xX]\]\s+#(?P<number>\d+)\b")
_REF: Final = re.compile(r"#(\d+)")


# -- reading ---------------------------------------------------------------------------------------


def read_gh_json(tree: Tree, path: str) -> Bundle:
    """The issues of a file."""
    bundle = Bundle(_FORM, path)
    source = load_into(bundle, tree, path)
    read = value_of(bundle, source) if source is not None else None
    if source is None or read is None:
        return bundle
    value = read[0]
    issues = (
        [cast("Fields", one) for one in cast("list[object]", value) if isinstance(one, dict)]
        if isinstance(value, list)
        else []
    )
    if not issues or not any("title" in one for one in issues):
        text = (
            "no list of issues with `number` and `title`, as `gh issue list --json number,title,state,body` prints it"
        )
        bundle.findings.append(problem("unknown-json", text, path))
        return bundle
    lines = {
        found[1]: number
        for number, line in reversed(list(enumerate(source.lines, 1)))
        if (found := _NUMBER_LINE.match(line))
    }
    for at, one in enumerate(issues, 1):
        number = one.get("number")
        _take(bundle, one, lines.get(str(number), 1), at)
    _relate(bundle.entries)
    return bundle


def _take(bundle: Bundle, issue: Fields, line: int, at: int) -> None:
    number, aura = issue.get("number"), issue.get("aura")
    own = cast("Fields", aura) if isinstance(aura, dict) else {}
    key = f"#{number}" if isinstance(number, int) else str(own.get("id", ""))
    if not key:
        bundle.findings.append(problem("no-id", f"issue {at} of the list has no number", bundle.source, line))
        return
    entry = Entry(key, "task", joined(str(issue.get("title") or "")), bundle.source, line)
    entry.alias = key if key.startswith("#") else ""
    entry.kind = kind_named(own.get("kind")) or "task"
    body = issue.get("body")
    entry.text = tidy(body) if isinstance(body, str) else ""
    _status(bundle, entry, issue)
    for name, value in issue.items():
        if name in _READ or value in (None, "", [], {}):
            continue
        if name in _SHARED:
            names = _names(value)
            if names:
                entry.extra[_SHARED[name]] = names if name != "milestone" else names[0]
            if value == [{"name": one} for one in names] or value == list(names):
                continue
        place = key_name(_PREFIX, name)
        entry.extra[place] = scalar_text(value)
        bundle.keep(name, place)
    bundle.entries.append(entry)


def _names(value: object) -> tuple[str, ...]:
    """What labels, people and milestones are called."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    found: list[str] = []
    for one in values:
        if isinstance(one, dict):
            fields = cast("Fields", one)
            name = fields.get("name") or fields.get("login") or fields.get("title")
            found += [str(name)] if name else []
        elif isinstance(one, str) and one:
            found.append(one)
    return tuple(found)


def _status(bundle: Bundle, entry: Entry, issue: Fields) -> None:
    state, reason = str(issue.get("state") or ""), str(issue.get("stateReason") or "")
    entry.status_text = state
    entry.status = status_from(_FORM, entry.kind, state) if state else INITIAL[entry.kind]
    if state.upper() == "CLOSED" and reason.upper() in {"NOT_PLANNED", "DUPLICATE"}:
        entry.status = status_from(_FORM, entry.kind, reason)
    if reason and reason.upper() != {"done": "COMPLETED", "cancelled": "NOT_PLANNED"}.get(entry.status, ""):
        entry.extra[f"{_PREFIX}.stateReason"] = reason
        bundle.keep("stateReason", f"{_PREFIX}.stateReason")
    if not entry.status:
        text = f"the state {state!r} is neither OPEN nor CLOSED; it is kept as it is written"
        bundle.findings.append(problem("unknown-status", text, entry.path, entry.line, "warning"))


def _relate(entries: Sequence[Entry]) -> None:
    """Dependencies and parents that the text of an issue says outright."""
    known = {one.key: one for one in entries}
    for one in entries:
        for line in one.text.split("\n"):
            needs = _NEEDS.match(line.strip())
            if needs is not None:
                one.depends_on += [f"#{number}" for number in _REF.findall(needs["refs"])]
            child = _CHILD.match(line)
            below = known.get(f"#{child['number']}") if child else None
            if below is not None and below is not one and not below.parent:
                below.parent = one.key
        one.depends_on = list(dict.fromkeys(need for need in one.depends_on if need != one.key))


# -- writing ---------------------------------------------------------------------------------------


def write_gh_json(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """A list of issues, merged into what is there. Items without a number have their identifier in `aura`.

    Raises:
        EditRefused: What is there cannot be read.
    """
    written = Written()
    data = tree.read(path)
    old = read_gh_json(tree, path)
    wrong = [one for one in old.findings if one.severity == "error"]
    if data is not None and wrong:
        raise EditRefused(f"{path}:{wrong[0].line}: {wrong[0].message}", hint="Nothing was written. Mend it first.")
    value = cast("list[Fields]", json.loads(data.decode("utf-8-sig"))) if data is not None else []
    before = json.dumps(value)
    there = {_key(one): one for one in value}
    parents = {one.key: one.parent for one in old.entries}
    names = {one.id: keys.get(one.id) or (one.alias if _REF.fullmatch(one.alias) else one.id) for one in entries}
    for one in entries:
        if one.kind in {"prd", "architecture"}:
            written.lose(f"documents ({one.kind})")
            continue
        issue = there.get(names[one.id])
        if issue is None:
            number = _REF.fullmatch(names[one.id])
            issue = {"number": int(number[1])} if number else {}
            value.append(issue)
        _fill(issue, one, names, written)
        said = {
            f"#{number}"
            for line in one.text.split("\n")
            if (m := _NEEDS.match(line.strip()))
            for number in _REF.findall(m["refs"])
        }
        if {names.get(need, need) for need in one.depends_on} - said:
            written.lose("dependencies, unless the words say them")
        if one.parent and parents.get(names[one.id], "") != names.get(one.parent, one.parent):
            written.lose("parents, unless the list of the parent says them")
    written.keys = {one.id: names[one.id] for one in entries if one.kind not in {"prd", "architecture"}}
    if data is None or json.dumps(value) != before:
        like = None if data is None else data.decode("utf-8-sig")
        written.files[path] = written_json(value, like).encode()
    return written


def _key(issue: Fields) -> str:
    number, aura = issue.get("number"), issue.get("aura")
    return (
        f"#{number}"
        if isinstance(number, int)
        else str(cast("Fields", aura).get("id", ""))
        if isinstance(aura, dict)
        else ""
    )


def _fill(issue: Fields, one: Entry, names: Mapping[str, str], written: Written) -> None:
    """Write the fields of an item into its issue; what says the same stays as it is written."""
    reason = one.extra.get(f"{_PREFIX}.stateReason", "")
    issue["title"] = joined(one.title)
    if tidy(str(issue.get("body") or "")) != tidy(one.text):
        issue["body"] = tidy(one.text)
    state = _state(issue, one)
    if state in {"CLOSED", "OPEN"}:
        issue["state"] = state
    if state == "CLOSED" and one.status == "cancelled" and not reason:
        reason = "NOT_PLANNED"
    for key, value in one.extra.items():
        if key.startswith(f"{_PREFIX}.") and isinstance(value, str) and key.removeprefix(f"{_PREFIX}.") not in _SHARED:
            issue.setdefault(key.removeprefix(f"{_PREFIX}."), scalar_value(value))
    if reason and isinstance(reason, str):
        issue["stateReason"] = reason
    for name, shared in _SHARED.items():
        _share(issue, name, one.extra.get(shared, ()), one.extra.get(f"{_PREFIX}.{name}", ""))
    _own(issue, one, names, written)


def _own(issue: Fields, one: Entry, names: Mapping[str, str], written: Written) -> None:
    """What Aura has and the format does not."""
    aura: Fields = {"id": one.id} if not names[one.id].startswith("#") else {}
    if one.kind != "task":
        aura["kind"] = one.kind
    if aura:
        issue["aura"] = aura
    if one.status in {"in-progress", "current"}:
        written.lose(f"the status {one.status}")
    for what in ("value", "estimate", "priority"):
        if getattr(one, what) not in (None, ""):
            written.lose(what)


def _state(issue: Fields, one: Entry) -> str:
    """The state to write; empty where it stays as it is."""
    known = str(issue.get("state") or "")
    if known and status_from(_FORM, one.kind, known) == one.status:
        return ""
    if stage_of(one.kind, one.status) in {"done", "cancelled"}:
        return "CLOSED"
    return "OPEN" if one.status else one.status_text


def _share(issue: Fields, name: str, value: Extra, raw: Extra) -> None:
    """Labels, people, milestone: as they came while their names are the same."""
    wanted = (value,) if isinstance(value, str) and value else tuple(value)
    if _names(issue.get(name)) == wanted:
        return
    whole = scalar_value(raw) if isinstance(raw, str) and raw else None
    if whole is not None and _names(whole) == wanted:
        issue[name] = whole
    elif name == "milestone":
        issue[name] = {"title": wanted[0]} if wanted else None
    else:
        issue[name] = [{"name" if name == "labels" else "login": one} for one in wanted]
