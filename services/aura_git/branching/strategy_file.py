"""`.aura/branching.toml`: the strategy of a repository, for everybody who clones it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final, cast, get_args

from aura_git.branching.names import check_pattern, is_branch_name
from aura_git.branching.strategy import NAME_PATTERN, STRATEGIES, Branching, Kind, MergeBack, preset
from aura_shared.errors import SettingsError
from aura_shared.messages.branches import FinishWay

__all__ = ["FILE", "parse_strategy", "write_strategy"]

FILE: Final = ".aura/branching.toml"
_KEYS: Final = ("strategy", "main", "develop", "tag_prefix", "name", "protected", "release_days", "kinds")
_FLAGS: Final = ("fast_forward_single", "tagged", "single", "clean", "from_tag")
_CALLED: Final = {"from": "start", "into": "into", "prefix": "prefix", "way": "way", "back": "back"}
_KIND: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LONGEST: Final = 64_000
_HINT: Final = "`aura branch init STRATEGY --replace` writes a correct one; docs/git/branches.md explains each key."


class _File:
    """A file while it is read: knows where each key stands."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def problem(self, key: str, expected: str, found: object, table: str = "") -> SettingsError:
        """What is wrong at a key, with its line."""
        place = f"{table}.{key}" if table else key
        return SettingsError(
            f"{FILE}:{self._line(key, table)}: {place}: expected {expected}, found {_shown(found)}", hint=_HINT
        )

    def _line(self, key: str, table: str) -> int:
        inside = ""
        at = 1
        for number, line in enumerate(self._lines, 1):
            bare = line.strip()
            if bare.startswith("["):
                inside = bare.strip("[] ").partition("#")[0].strip("] ").replace('"', "")
                at = number if inside in (table, f"{table}.{key}" if table else key) else at
            elif inside == table and re.match(rf'"?{re.escape(key)}"?\s*=', bare):
                return number
        return at


def _shown(found: object) -> str:
    return "nothing" if found is None else repr(found)[:80]


def parse_strategy(text: str) -> Branching:
    """The strategy that a file describes; what it leaves out is as in the preset that it names.

    Raises:
        SettingsError: It is no TOML, or a value is wrong; with line, key, what was expected and what was found.
    """
    if len(text) > _LONGEST:
        raise SettingsError(f"{FILE}: expected at most {_LONGEST} characters, found {len(text)}", hint=_HINT)
    try:
        data = cast("dict[str, object]", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = line[1] if line else str(max(text.count("\n"), 1))  # without a number it is the end
        raise SettingsError(f"{FILE}:{where}: it is not TOML: {error}", hint=_HINT) from error
    file = _File(text)
    for key in data:
        if key not in _KEYS:
            raise file.problem(key, f"one of {', '.join(_KEYS)}", key)
    strategy = data.get("strategy")
    if strategy not in STRATEGIES:
        raise file.problem("strategy", f"one of {', '.join(STRATEGIES)}", strategy)
    main = _branch(file, data, "main", "main")
    develop = _branch(file, data, "develop", "develop" if strategy == "gitflow" else "")
    if strategy == "gitflow" and develop in ("", main):
        raise file.problem("develop", "a branch besides main, since gitflow needs one", develop)
    base = preset(strategy, main=main, develop=develop)
    base = replace(base, develop=develop, **_facts(file, data, base))  # pyright: ignore[reportArgumentType]
    kinds = _kinds(file, data, base)
    told = (f"strategy {strategy}: {FILE}", *(f"{key}: {FILE}" for key in data if key not in ("strategy", "kinds")))
    own = tuple(f"kind {name}: {FILE}" for name in cast("dict[str, object]", data.get("kinds", {})))
    return replace(base, kinds=kinds, source="file", explanation=(*told, *own))


def _branch(file: _File, data: Mapping[str, object], key: str, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or (value and not is_branch_name(value)) or (key == "main" and not value):
        raise file.problem(key, "the name of a branch", value)
    return value


def _facts(file: _File, data: Mapping[str, object], base: Branching) -> dict[str, object]:
    prefix = data.get("tag_prefix", base.tag_prefix)
    if not isinstance(prefix, str) or not is_branch_name(f"{prefix}1"):
        raise file.problem("tag_prefix", "what tags begin with, such as 'v'", prefix)
    pattern = data.get("name", NAME_PATTERN)
    fault = check_pattern(pattern) if isinstance(pattern, str) else "a text"
    if fault:
        raise file.problem("name", fault, pattern)
    days = data.get("release_days", base.release_days)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise file.problem("release_days", "a number of days from 1", days)
    protected = data.get("protected", list(base.protected))
    patterns = cast("list[object]", protected) if isinstance(protected, list) else [None]
    if not all(isinstance(one, str) for one in patterns):
        raise file.problem("protected", "a list of patterns such as 'release/*'", cast("object", protected))
    return {"tag_prefix": prefix, "pattern": pattern, "release_days": days, "protected": tuple(patterns)}


def _kinds(file: _File, data: Mapping[str, object], base: Branching) -> tuple[Kind, ...]:
    tables = data.get("kinds", {})
    if not isinstance(tables, dict):
        raise file.problem("kinds", "tables [kinds.NAME]", tables)
    known = {kind.name: kind for kind in base.kinds}
    for name, table in cast("dict[str, object]", tables).items():
        if not _KIND.fullmatch(name):
            raise file.problem(name, "a name in lower case such as 'feature'", name, "kinds")
        if not isinstance(table, dict):
            raise file.problem(name, "a table", table, "kinds")
        if cast("dict[str, object]", table).get("enabled") is False:
            known.pop(name, None)
            continue
        blank = Kind(name, f"{name}/", base.develop or base.main, base.develop or base.main)
        known[name] = _kind(file, known.get(name, blank), cast("dict[str, object]", table))
    kinds = tuple(known.values())
    _check_prefixes(file, kinds)
    return kinds


def _check_prefixes(file: _File, kinds: tuple[Kind, ...]) -> None:
    seen: dict[str, str] = {}
    for kind in kinds:
        if kind.prefix in seen:
            expected = f"a prefix of its own ({seen[kind.prefix]} has this one)"
            raise file.problem("prefix", expected, kind.prefix, f"kinds.{kind.name}")
        seen[kind.prefix] = kind.name


def _kind(file: _File, kind: Kind, table: Mapping[str, object]) -> Kind:
    where = f"kinds.{kind.name}"
    changes: dict[str, object] = {}
    for key, value in table.items():
        if key == "enabled" and value is True:
            continue
        if key not in _CALLED and key not in _FLAGS:
            raise file.problem(key, f"one of {', '.join((*_CALLED, *_FLAGS, 'enabled'))}", key, where)
        expected = _fault(key, value)
        if expected:
            raise file.problem(key, expected, value, where)
        changes[_CALLED.get(key, key)] = value
    return replace(kind, **changes)  # pyright: ignore[reportArgumentType]


def _fault(key: str, value: object) -> str:
    """What is expected of a value; empty when it is right."""
    if key in _FLAGS:
        return "" if isinstance(value, bool) else "true or false"
    if not isinstance(value, str):
        return "a text"
    if key == "way":
        return "" if value in get_args(FinishWay) else f"one of {', '.join(get_args(FinishWay))}"
    if key == "back":
        choices = [one for one in get_args(MergeBack) if one]
        return "" if value in get_args(MergeBack) else f"one of {', '.join(choices)}, or an empty text"
    if key == "prefix":
        return "" if is_branch_name(f"{value}x") and value else "what names begin with, such as 'feature/'"
    return "" if not value or is_branch_name(value) else "the name of a branch"


def write_strategy(branching: Branching) -> str:
    """The text of a file that says what a strategy says, with a comment for each key."""
    told = _written(branching)
    patterns = ", ".join(_quoted(one) for one in branching.protected)
    lines = [
        "# How branches of this repository are named, begun and finished. Written by `aura branch init`;",
        "# commit it, so that everybody works the same way. What is left out is as in the strategy that is named.",
        "",
        f'strategy = "{branching.strategy}"  # {", ".join(STRATEGIES)}',
        f"main = {told['main']}  # branch of releases",
        f"develop = {told['develop']}  # branch of the next release; empty for none",
        f"tag_prefix = {told['tag_prefix']}  # tags are this and the name of the release",
        f"name = {told['pattern']}  # behind the prefix: {{task}}, {{slug}} and {{kind}}",
        f"release_days = {branching.release_days}  # an open release that is older is told by `aura branch drift`",
        f"protected = [{patterns}]  # further patterns of branches that are never deleted",
    ]
    for kind in branching.kinds:
        lines += ["", f"[kinds.{kind.name}]", *_kind_lines(kind)]
    return "\n".join(lines) + "\n"


def _written(branching: Branching) -> dict[str, str]:
    return {name: _quoted(str(getattr(branching, name))) for name in ("main", "develop", "tag_prefix", "pattern")}


def _kind_lines(kind: Kind) -> list[str]:
    lines = [
        f"prefix = {_quoted(kind.prefix)}",
        f"from = {_quoted(kind.start)}  # {'where it begins' if kind.start else 'its start has to be named'}",
        f"into = {_quoted(kind.into)}  # {'where it goes' if kind.into else 'it is never merged'}",
    ]
    if kind.into:
        lines.append(f'way = "{kind.way}"  # {", ".join(get_args(FinishWay))}')
    if kind.back:
        lines.append(f'back = "{kind.back}"  # and merged back: {", ".join(one for one in get_args(MergeBack) if one)}')
    notes = {
        "fast_forward_single": "one commit needs no merge commit",
        "tagged": "finishing makes a tag",
        "single": "one at a time",
        "clean": "begins in a clean work tree only",
        "from_tag": "begins at a commit of main",
    }
    known = {one.name for one in fields(Kind)}
    return lines + [f"{flag} = true  # {why}" for flag, why in notes.items() if flag in known and getattr(kind, flag)]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
