"""What the files of a repository say of its messages: commitlint, commitizen, cocogitto, a template. None is run."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from aura_git.commits.changes import read_blob
from aura_git.commits.contract import LintRule
from aura_git.commits.linting import CONVENTIONAL, TYPES
from aura_git.commits.literals import UNKNOWN, find_literal
from aura_git.repository import Repository

__all__ = ["Configuration", "read_configuration"]

Table = dict[str, Any]

_MOST_BYTES: Final = 200_000
_LONGEST: Final = 72
_LEVELS: Final = ("off", "warning", "error")
_ENDINGS: Final = ("js", "cjs", "mjs", "ts", "cts", "mts")
_COMMITLINT: Final = (
    *(".commitlintrc", ".commitlintrc.json", ".commitlintrc.yaml", ".commitlintrc.yml"),
    *(f".commitlintrc.{ending}" for ending in _ENDINGS),
    *(f"commitlint.config.{ending}" for ending in _ENDINGS),
)
_COMMITIZEN: Final = (".cz.toml", "cz.toml", ".cz.json", "cz.json", ".cz.yaml", "cz.yaml")
_CZ_TYPES: Final = (*TYPES, "bump")
_COG_TYPES: Final = TYPES
_ANGULAR: Final = tuple(name for name in TYPES if name != "chore")
_TYPE: Final = re.compile(r"[\w-]+")
_TEMPLATES: Final = (".gitmessage", ".gitmessage.txt", ".github/.gitmessage")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was found; empty values say nothing."""

    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    max_header: int = 0
    """Longest header, at most 72; 0 where nothing says."""
    conventional: bool = False
    """Whether a tool is set up that asks for Conventional Commits."""
    rules: Mapping[str, LintRule] = field(default_factory=dict[str, LintRule])
    ignores: tuple[str, ...] = ()
    template: str = ""
    sources: tuple[str, ...] = ()
    """What comes from which file, such as `types and scopes from commitlint.config.js`."""


def read_configuration(repository: Repository, commit: str = "") -> Configuration:
    """What the files of the work tree say, or those of a commit; a file that does not parse says nothing."""

    def text_of(path: str) -> str | None:
        if commit or repository.bare:
            return read_blob(repository, commit or "HEAD", path, most_bytes=_MOST_BYTES)
        return _text(repository.root / path)

    found = Configuration()
    for read in (_commitlint, _commitizen, _cocogitto):
        for path, more in read(text_of):
            found = _joined(found, more, path)
            break
    template = _template(repository, text_of)
    if template:
        found = replace(found, template=template[1], sources=(*found.sources, f"template from {template[0]}"))
    return found


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


_Texts = Callable[[str], str | None]


def _joined(first: Configuration, more: Configuration, path: str) -> Configuration:
    """What the first one leaves open is filled by the other."""
    named = [
        name
        for name, is_new in (
            ("types", more.types and not first.types),
            ("scopes", more.scopes and not first.scopes),
            ("header length", more.max_header and not first.max_header),
            ("rules", more.rules and not first.rules),
        )
        if is_new
    ]
    told = f"{', '.join(named)} from {path}" if named else f"convention from {path}"
    return Configuration(
        types=first.types or more.types,
        scopes=first.scopes or more.scopes,
        max_header=first.max_header or more.max_header,
        conventional=first.conventional or more.conventional,
        rules=first.rules or more.rules,
        ignores=(*first.ignores, *more.ignores),
        sources=(*first.sources, told),
    )


# -- commitlint -------------------------------------------------------------------------------------------------


def _commitlint(texts: _Texts) -> Iterator[tuple[str, Configuration]]:
    for path in _COMMITLINT:
        text = texts(path)
        if text is None:
            continue
        ending = path.rsplit(".", 1)[-1]
        table = _script(text) if ending in _ENDINGS else _tree(text)
        if table is not None:
            yield path, _of_commitlint(table)
    manifest = _tree(texts("package.json") or "")
    if manifest and isinstance(manifest.get("commitlint"), dict):
        yield "package.json", _of_commitlint(manifest["commitlint"])


def _script(text: str) -> Table | None:
    rules, extends = find_literal(text, "rules"), find_literal(text, "extends")
    if rules is UNKNOWN and extends is UNKNOWN:
        return None
    return {"rules": rules if isinstance(rules, dict) else {}, "extends": extends if extends is not UNKNOWN else []}


def _of_commitlint(table: Table) -> Configuration:
    extends = _texts(table.get("extends"))
    given = table.get("rules")
    rules = {name: rule for name, value in _pairs(given) if (rule := _rule(value)) is not None}
    if not extends and rules:  # Nothing but these rules holds.
        rules = {**dict.fromkeys(CONVENTIONAL, LintRule("off")), **rules}
    types = _allowed(rules, "type-enum") or (_ANGULAR if any("angular" in one for one in extends) else ())
    length = rules.get("header-max-length")
    most = length.value if length and length.level != "off" else None
    return Configuration(
        types=types,
        scopes=_allowed(rules, "scope-enum"),
        max_header=min(int(most), _LONGEST) if isinstance(most, (int, float)) and 0 < most < 1e6 else 0,
        conventional=bool(extends) or bool(types),
        rules=rules,
    )


def _rule(value: object) -> LintRule | None:
    parts: Sequence[object] = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else (value,)
    level = parts[0] if parts else None
    if not isinstance(level, int) or not 0 <= level < len(_LEVELS):
        return None
    given = parts[2] if len(parts) > 2 else None
    if given is UNKNOWN:
        return None
    if isinstance(given, list):
        given = tuple(cast("list[object]", given))
    return LintRule(_LEVELS[level], always=len(parts) < 2 or parts[1] != "never", value=given)  # pyright: ignore[reportArgumentType]


def _allowed(rules: Mapping[str, LintRule], name: str) -> tuple[str, ...]:
    rule = rules.get(name)
    return _texts(rule.value) if rule and rule.level != "off" and rule.always else ()


# -- commitizen and cocogitto -----------------------------------------------------------------------------------


def _commitizen(texts: _Texts) -> Iterator[tuple[str, Configuration]]:
    for path in (*_COMMITIZEN, "pyproject.toml"):
        text = texts(path)
        table = None if text is None else _toml(text) if path.endswith(".toml") else _tree(text)
        found = _at(table, "tool", "commitizen") if path.endswith(".toml") else _at(table, "commitizen")
        if found:
            yield path, _of_commitizen(found)
    for path, keys in ((".czrc", ()), ("package.json", ("config", "commitizen"))):
        found = _at(_tree(texts(path) or ""), *keys)
        if found:
            yield path, _of_czrc(found)


def _of_commitizen(table: Table) -> Configuration:
    name = str(table.get("name", "cz_conventional_commits"))
    length = table.get("message_length_limit")
    custom = _at(table, "customize")
    types = _custom_types(custom) if custom else _CZ_TYPES if "conventional" in name else ()
    return Configuration(
        types=types,
        max_header=min(length, _LONGEST) if isinstance(length, int) and length > 0 else 0,
        conventional="conventional" in name or bool(types),
        ignores=tuple(f"^{re.escape(one)}" for one in _texts(table.get("allowed_prefixes"))),
    )


def _custom_types(table: Table) -> tuple[str, ...]:
    """Types of a custom commitizen: the choices of its first list, else the first alternatives of its pattern."""
    for question in _list(table.get("questions")):
        choices = [
            _at({"of": one}, "of") or {"value": one}
            for one in _list((_at({"of": question}, "of") or {}).get("choices"))
        ]
        types = [value for one in choices if isinstance(value := one.get("value"), str) and _TYPE.fullmatch(value)]
        if choices:
            return tuple(types)
    found = re.search(r"\((?:\?:|\?P<\w+>)?([\w-]+(?:\|[\w-]+)+)\)", str(table.get("schema_pattern", "")))
    return tuple(found[1].split("|")) if found else ()


def _of_czrc(table: Table) -> Configuration:
    types, length = table.get("types"), table.get("maxHeaderWidth")
    names = tuple(cast("Table", types)) if isinstance(types, dict) else ()
    return Configuration(
        types=names,
        scopes=_texts(table.get("scopes")),
        max_header=min(length, _LONGEST) if isinstance(length, int) and length > 0 else 0,
        conventional="conventional" in str(table.get("path", "")) or bool(names),
    )


def _cocogitto(texts: _Texts) -> Iterator[tuple[str, Configuration]]:
    for path in ("cog.toml", ".cog.toml"):
        table = _toml(texts(path) or "")
        if table:
            own = _at(table, "commit_types") or {}
            dropped = {name for name, value in own.items() if value == {}}
            types = dict.fromkeys((*_COG_TYPES, *own))
            kept = tuple(name for name in types if name not in dropped)
            yield path, Configuration(types=kept, scopes=_texts(table.get("scopes")), conventional=True)


def _template(repository: Repository, texts: _Texts) -> tuple[str, str] | None:
    if not repository.bare:
        named = repository.git.read("config", "--type=path", "--get", "commit.template", ok=(0, 1, 128))
        if named.code == 0 and named.text:
            text = _text(repository.root / named.text)
            return (Path(named.text).name, text) if text else None
    return next(((path, text) for path in _TEMPLATES if (text := texts(path))), None)


# -- forms ------------------------------------------------------------------------------------------------------


def _tree(text: str) -> Table | None:
    """A JSON or YAML file as a table; None when it is none."""
    if not text.strip():
        return None
    try:
        found: object = json.loads(text)
    except ValueError:
        import yaml  # noqa: PLC0415 - 20 ms and 3 MB, and seldom needed

        try:
            found = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError, ValueError):
            return None
    return cast("Table", found) if isinstance(found, dict) else None


def _toml(text: str) -> Table | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _at(table: Table | None, *keys: str) -> Table | None:
    found = table
    for key in keys:
        value: object = found.get(key) if found is not None else None
        found = cast("Table", value) if isinstance(value, dict) else None
    return found


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _pairs(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((name, one) for name, one in cast("dict[object, object]", value).items() if isinstance(name, str))


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(one for one in cast("Sequence[object]", value) if isinstance(one, str))
    return ()
