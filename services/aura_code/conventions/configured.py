"""What the tools of a project are set to: their settings win over what is measured."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from aura_code.conventions.tallies import Topic
from aura_code.filters import PathFilter
from aura_shared.messages.refactoring import Habit

Read = Callable[[str], str]
"""The text of a file of the project; empty when there is none."""

_WORDS: Final = {1: "one space", 2: "two spaces", 3: "three spaces", 4: "four spaces", 8: "eight spaces"}
_SCRIPTS: Final = frozenset({"javascript", "typescript", "tsx"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a tool is set to."""

    topic: Topic
    rule: str
    path: str
    line: int

    def habit(self, seen: int) -> Habit:
        """The setting as a habit that everything follows."""
        return Habit(topic=self.topic, rule=self.rule, share=1.0, seen=seen, example=f"{self.path}:{self.line}")


def settings_for(language: str, path: str, read: Read) -> list[Setting]:
    """What the tools say of files such as `path`, the first that speaks of a topic."""
    found: dict[str, Setting] = {}
    for source in (_python, _prettier, _biome, _rustfmt, _go, _editorconfig):
        for setting in source(language, path, read):
            found.setdefault(setting.topic, setting)
    return list(found.values())


def _line(text: str, pattern: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _lines_within(width: object, path: str, text: str, key: str) -> Iterator[Setting]:
    if isinstance(width, int) and not isinstance(width, bool) and 20 <= width <= 500:
        yield Setting("line-length", f"Keep lines within {width} characters.", path, _line(text, key))


def _indent(width: object, path: str, text: str, key: str) -> Iterator[Setting]:
    if isinstance(width, int) and width in _WORDS:
        yield Setting("indent", f"Indent with {_WORDS[width]}.", path, _line(text, key))


def _quotes(*, single: bool, path: str, line: int) -> Setting:
    rule = "Put strings in single quotes (`'`)." if single else 'Put strings in double quotes (`"`).'
    return Setting("quotes", rule, path, line)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _json(text: str) -> dict[str, Any]:
    try:
        found: object = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    except ValueError:
        return {}
    return _table(found)


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _python(language: str, _path: str, read: Read) -> Iterator[Setting]:
    if language != "python":
        return
    for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"):
        text = read(name)
        tools = _table(_toml(text).get("tool")) if name == "pyproject.toml" else {"ruff": _toml(text)}
        ruff, black = _table(tools.get("ruff")), tools.get("black")
        if ruff:
            yield from _lines_within(ruff.get("line-length"), name, text, r"^line-length")
            yield from _indent(ruff.get("indent-width"), name, text, r"^indent-width")
            quotes = _table(ruff.get("format")).get("quote-style")
            if quotes in {"single", "double"}:
                yield _quotes(single=quotes == "single", path=name, line=_line(text, r"^quote-style"))
        if isinstance(black, dict):
            settings = cast("dict[str, Any]", black)
            where = _line(text, r"^\[tool\.black\]")
            width = settings.get("line-length", 88)
            yield from _lines_within(width, name, text, r"^line-length|^\[tool\.black\]")
            yield Setting("indent", "Indent with four spaces.", name, where)
            if not settings.get("skip-string-normalization"):
                yield _quotes(single=False, path=name, line=where)
    for name in ("setup.cfg", "tox.ini", ".flake8"):
        text = read(name)
        found = re.search(r"^max[-_]line[-_]length\s*=\s*(\d+)", text, re.MULTILINE)
        if found:
            yield from _lines_within(int(found[1]), name, text, r"^max[-_]line[-_]length")


_PRETTIER: Final = (
    ".prettierrc",
    ".prettierrc.json",
    ".prettierrc.json5",
    ".prettierrc.yaml",
    ".prettierrc.yml",
    "package.json",
)


def _prettier(language: str, path: str, read: Read) -> Iterator[Setting]:
    if language not in _SCRIPTS:
        return
    for folder in _upwards(path):
        for name in _PRETTIER:
            text = read(f"{folder}{name}")
            if not text:
                continue
            found = _json(text) if not name.endswith((".yaml", ".yml")) else {}
            found = found or _plain_yaml(text)
            if name == "package.json":
                if not isinstance(found.get("prettier"), dict):
                    continue
                found = _table(found["prettier"])
            yield from _prettier_settings(found, f"{folder}{name}", text)
            return


def _prettier_settings(found: Mapping[str, Any], path: str, text: str) -> Iterator[Setting]:
    semi = found.get("semi", True)
    rule = "End statements with semicolons." if semi else "Leave out semicolons at the end of statements."
    yield Setting("semicolons", rule, path, _line(text, r"\bsemi\b"))
    yield _quotes(single=bool(found.get("singleQuote")), path=path, line=_line(text, "singleQuote"))
    yield from _lines_within(found.get("printWidth", 80), path, text, "printWidth")
    if found.get("useTabs"):
        yield Setting("indent", "Indent with tabs.", path, _line(text, "useTabs"))
    else:
        yield from _indent(found.get("tabWidth", 2), path, text, "tabWidth")


def _plain_yaml(text: str) -> dict[str, Any]:
    """The top-level `key: value` pairs of a YAML file."""
    found: dict[str, Any] = {}
    for key, value in re.findall(r"^(\w+):\s*([^\s#]+)", text, re.MULTILINE):
        plain = value.strip("'\"")
        found[key] = {"true": True, "false": False}.get(plain, int(plain) if plain.isdigit() else plain)
    return found


def _upwards(path: str) -> Iterator[str]:
    folders = path.split("/")[:-1]
    for depth in range(len(folders), -1, -1):
        yield "".join(f"{part}/" for part in folders[:depth])


def _biome(language: str, _path: str, read: Read) -> Iterator[Setting]:
    if language not in _SCRIPTS:
        return
    for name in ("biome.json", "biome.jsonc"):
        text = read(name)
        found = _json(text)
        if not found:
            continue
        form = _table(found.get("formatter"))
        script = _table(_table(found.get("javascript")).get("formatter"))
        yield from _lines_within(form.get("lineWidth", 80), name, text, "lineWidth")
        if form.get("indentStyle", "tab") == "tab":
            yield Setting("indent", "Indent with tabs.", name, _line(text, "indentStyle"))
        else:
            yield from _indent(form.get("indentWidth", 2), name, text, "indentWidth")
        yield _quotes(single=script.get("quoteStyle") == "single", path=name, line=_line(text, "quoteStyle"))
        if script.get("semicolons") == "asNeeded":
            rule = "Leave out semicolons at the end of statements."
            yield Setting("semicolons", rule, name, _line(text, "semicolons"))


def _rustfmt(language: str, _path: str, read: Read) -> Iterator[Setting]:
    if language != "rust":
        return
    for name in ("rustfmt.toml", ".rustfmt.toml"):
        text = read(name)
        found = _toml(text)
        yield from _lines_within(found.get("max_width"), name, text, r"^max_width")
        yield from _indent(found.get("tab_spaces"), name, text, r"^tab_spaces")


def _go(language: str, _path: str, read: Read) -> Iterator[Setting]:
    if language == "go" and read("go.mod"):
        yield Setting("indent", "Indent with tabs, as `gofmt` does.", "go.mod", 1)


def _editorconfig(_language: str, path: str, read: Read) -> Iterator[Setting]:
    text = read(".editorconfig")
    found: dict[str, tuple[str, int]] = {}
    fits = False
    for number, line in enumerate(text.split("\n"), 1):
        section = re.match(r"\s*\[(.+)\]\s*$", line)
        if section:
            fits = _covers(section[1], path)
            continue
        pair = re.match(r"\s*([\w-]+)\s*=\s*([^#;\s]+)", line)
        if pair and fits:
            found[pair[1].lower()] = (pair[2].lower(), number)
    style, size, width = (found.get(key) for key in ("indent_style", "indent_size", "max_line_length"))
    if style is not None and style[0] == "tab":
        yield Setting("indent", "Indent with tabs.", ".editorconfig", style[1])
    elif size is not None and size[0].isdigit() and int(size[0]) in _WORDS:
        yield Setting("indent", f"Indent with {_WORDS[int(size[0])]}.", ".editorconfig", size[1])
    if width is not None and width[0].isdigit():
        yield Setting("line-length", f"Keep lines within {width[0]} characters.", ".editorconfig", width[1])


def _covers(section: str, path: str) -> bool:
    """Whether a section of an EditorConfig speaks of a file: globs with alternatives in braces."""
    globs = [""]
    for part in re.split(r"(\{[^{}]*\})", section):
        choices = part[1:-1].split(",") if part.startswith("{") else [part]
        globs = [glob + choice.strip() for glob in globs for choice in choices]
    name = path.rpartition("/")[2]
    return any(PathFilter([glob]).passes(path if "/" in glob else name) for glob in globs if glob)
