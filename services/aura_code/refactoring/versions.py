"""The oldest version of its language that a project still runs on, as its own files say."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Final, cast

from aura_code.sources import Sources

Version = tuple[int, int]
_AT_LEAST: Final = re.compile(r"(?:>=|~=|\^|==|>|~)?\s*(\d+)(?:\.(\d+))?")
_SETUP: Final = re.compile(r"python_requires\s*=\s*[\"']?\s*([^\"'\n,;#]+)")


def python_version(root: Path, path: str) -> Version | None:
    """The oldest Python that a file is meant for; None when nothing says so.

    The manifest nearest to the file counts: `requires-python`, Poetry's `python`, `python_requires`.
    """
    sources = Sources(root)
    for folder in _folders(path):
        for name, read in (("pyproject.toml", _of_pyproject), ("setup.cfg", _of_setup), ("setup.py", _of_setup)):
            content = sources.read(f"{folder}{name}")
            found = read(content.text) if content is not None else None
            if found is not None:
                return found
    return None


def node_version(root: Path, path: str) -> int | None:
    """The oldest Node.js that a file is meant for, by `engines` of the nearest `package.json`; None without."""
    sources = Sources(root)
    for folder in _folders(path):
        content = sources.read(f"{folder}package.json")
        if content is None:
            continue
        try:
            manifest: object = json.loads(content.text)
        except ValueError:
            return None
        engines = cast("dict[str, object]", manifest).get("engines") if isinstance(manifest, dict) else None
        said = cast("dict[str, object]", engines).get("node") if isinstance(engines, dict) else None
        match = re.search(r"(\d+)", said) if isinstance(said, str) else None
        return int(match[1]) if match else None
    return None


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:count]) for count in range(len(parts), -1, -1)]


def _of_pyproject(text: str) -> Version | None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    said = _at(data, "project", "requires-python") or _at(data, "tool", "poetry", "dependencies", "python")
    return _lowest(said) if isinstance(said, str) else None


def _at(data: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(data, dict):
            return None
        data = cast("dict[str, object]", data).get(key)
    return data


def _of_setup(text: str) -> Version | None:
    match = _SETUP.search(text)
    return _lowest(match[1]) if match else None


def _lowest(said: str) -> Version | None:
    """The lower bound of a specifier such as `>=3.9,<4`; None when it has none."""
    for part in map(str.strip, re.split(r"[,|]+", said)):
        if part.startswith(("<", "!")):
            continue
        match = _AT_LEAST.match(part)
        if match:
            return int(match[1]), int(match[2] or 0)
    return None
