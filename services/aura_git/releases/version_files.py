"""Files that hold a version: found, and raised with every other byte left as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from aura_git.releases.packages import Package
from aura_git.releases.versions import Version, parse_version
from aura_git.repository import Repository

__all__ = ["FileEdit", "Place", "find_places", "json_places", "toml_places", "version_edits"]

_LARGEST: Final = 20_000_000
_LONGEST_LINE: Final = 2_000
_MOST_NAMED: Final = 50
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]')
_TABLE: Final = re.compile(r"^\s*\[(\[)?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""^(\s*)([\w."-]+)(\s*[=:]\s*)(?:(["'])(.*?)\4|([^\s#"'\[{][^\s#]*))""")
_DUNDER: Final = re.compile(rb"""^__version__(?:\s*:\s*\w+)?\s*=\s*["']([^"'\n]+)["']""", re.MULTILINE)
_PYTHON_FORM: Final = ("pyproject.toml", "setup.cfg", ".py", ".cz.toml", "uv.lock")


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file before and after."""

    path: str
    """Relative to the repository."""
    before: bytes | None
    """None for a new file."""
    after: bytes
    what: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version stands in a file."""

    path: str
    start: int
    end: int
    """Bytes."""
    text: str


def toml_places(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Table, key, and where the value stands, of each simple key of a TOML or INI file; offsets in characters."""
    table, at = "", 0
    for line in text.splitlines(keepends=True):
        if (found := _TABLE.match(line.rstrip("\r\n"))) is not None:
            table = found[2]
        elif (key := _KEY.match(line)) is not None:
            group = 5 if key[4] else 6
            yield table, key[2], at + key.start(group), at + key.end(group)
        at += len(line)


def json_places(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Keys that lead to each text in a JSON file, and where it stands between its quotes; offsets in characters."""
    keys: list[str] = []
    kinds: list[str] = []
    key, after_colon = "", False
    for found in _TOKENS.finditer(text):
        part = found[0]
        if part[0] == '"':
            if kinds and kinds[-1] == "{" and not after_colon:
                key = str(json.loads(part, strict=False))
            elif kinds and kinds[-1] == "{":
                yield (*keys[1:], key), found.start() + 1, found.end() - 1
        elif part in "{[":
            kinds.append(part)
            keys.append(key)
            key = ""
        elif part in "}]" and kinds:
            kinds.pop()
            keys.pop()
        after_colon = part == ":"


def find_places(repository: Repository, package: Package) -> tuple[list[Place], list[str]]:
    """Where versions of a package stand, and what follows from the configuration of its tools."""
    places: list[Place] = []
    told: list[str] = []
    base = f"{package.path}/" if package.path else ""
    _python(repository, base, places, told)
    _javascript(repository, base, places)
    _rust(repository, base, package, places)
    for name in ("VERSION", "VERSION.txt", "version.txt"):
        text = _text(repository, base + name)
        if text is not None and parse_version(text.strip()):
            start = len(text) - len(text.lstrip())
            places.append(Place(base + name, start, start + len(text.strip()), text.strip()))
    _others(repository, base, package, places, told)
    return places, told


def version_edits(repository: Repository, places: list[Place], old: Version | None, new: Version) -> list[FileEdit]:
    """The files with the new version; only places that hold the old one, where that is known."""
    by_path: dict[str, list[Place]] = {}
    for place in places:
        held = parse_version(place.text)
        if held is not None and (old is None or held == old or held.core == old.core):
            by_path.setdefault(place.path, []).append(place)
    edits: list[FileEdit] = []
    for path, some in by_path.items():
        before = (repository.root / path).read_bytes()
        after = before
        wanted = new.python if path.endswith(_PYTHON_FORM) else str(new)
        for place in sorted(set(some), key=lambda one: -one.start):
            after = after[: place.start] + wanted.encode() + after[place.end :]
        if after != before:
            edits.append(FileEdit(path, before, after, f"version {some[0].text} -> {wanted}"))
    return edits


def _text(repository: Repository, path: str) -> str | None:
    """Text of a tracked file; None for links, what is no UTF-8, or not there."""
    file = repository.root / path
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _place(path: str, text: str, start: int, end: int) -> Place:
    """A place by characters, in bytes."""
    begin = len(text[:start].encode())
    return Place(path, begin, begin + len(text[start:end].encode()), text[start:end])


def _take(repository: Repository, path: str, wanted: set[tuple[str, str]], places: list[Place]) -> str:
    text = _text(repository, path)
    if text is None:
        return ""
    for table, key, start, end in toml_places(text):
        if (table, key) in wanted and parse_version(text[start:end]):
            places.append(_place(path, text, start, end))
    return text


def _python(repository: Repository, base: str, places: list[Place], told: list[str]) -> None:
    tables = {
        ("project", "version"),
        ("tool.poetry", "version"),
        ("tool.commitizen", "version"),
        ("tool.bumpversion", "current_version"),
    }
    text = _take(repository, f"{base}pyproject.toml", tables, places)
    if any(place.path == f"{base}pyproject.toml" for place in places):
        own = [text[s:e] for table, key, s, e in toml_places(text) if (table, key) == ("project", "name")]
        _uv_lock(repository, f"{base}uv.lock", own[0] if own else "", places)
    _take(repository, f"{base}setup.cfg", {("metadata", "version"), ("bumpversion", "current_version")}, places)
    setup = _text(repository, f"{base}setup.py") or ""
    if re.search(
        r"setuptools[_-]scm|hatch-vcs|\[tool\.pdm\.version\]\s*\nsource = .scm|versioningit|use_scm_version"
        r"|poetry-dynamic-versioning",
        text + setup,
    ):
        told.append(
            "the version comes from the tag (hatch-vcs, setuptools-scm or the like): no version file is written"
        )
        return
    asked = f":(glob){base}**/*.py"
    ran = repository.git.read("grep", "-lzE", "^__version__( *: *[a-z]+)? *= *[\"']", "--", asked, ok=(0, 1))
    for path in ran.items[:50]:
        if re.search(r"(^|/)(tests?|examples?|docs|vendor|_vendor)/", path):
            continue
        try:
            content = (repository.root / path).read_bytes()
        except OSError:
            continue
        for found in _DUNDER.finditer(content):
            value = found[1].decode(errors="replace")
            if parse_version(value):
                places.append(Place(path, found.start(1), found.end(1), value))


def _uv_lock(repository: Repository, path: str, name: str, places: list[Place]) -> None:
    """The version that `uv.lock` keeps of the project itself; uv would write it with its next run."""
    text = _text(repository, path)
    package, wanted = "", re.sub(r"[-_.]+", "-", name).lower()
    for table, key, start, end in toml_places(text or ""):
        if text is None or table != "package":
            continue
        if key == "name":
            package = text[start:end]
        elif key == "version" and package == wanted and parse_version(text[start:end]):
            places.append(_place(path, text, start, end))


def _javascript(repository: Repository, base: str, places: list[Place]) -> None:
    wanted = {
        "package.json": {("version",)},
        "package-lock.json": {("version",), ("packages", "", "version")},
        "npm-shrinkwrap.json": {("version",), ("packages", "", "version")},
    }
    for name, keys in wanted.items():
        text = _text(repository, base + name)
        for path, start, end in json_places(text or ""):
            if text is not None and path in keys and parse_version(text[start:end]):
                places.append(_place(base + name, text, start, end))


def _rust(repository: Repository, base: str, package: Package, places: list[Place]) -> None:
    text = _take(repository, f"{base}Cargo.toml", {("package", "version"), ("workspace.package", "version")}, places)
    if not text:
        return
    crate = next(
        (text[s:e] for table, key, s, e in toml_places(text) if (table, key) == ("package", "name")), package.name
    )
    for lock in dict.fromkeys((f"{base}Cargo.lock", "Cargo.lock")):
        held = _text(repository, lock)
        name = ""
        for table, key, start, end in toml_places(held or ""):
            if held is None or table != "package":
                continue
            if key == "name":
                name = held[start:end]
            elif key == "version" and name == crate and parse_version(held[start:end]):
                places.append(_place(lock, held, start, end))


def _commitizen(repository: Repository, base: str, places: list[Place]) -> None:
    """What commitizen's `version_files` name: `PATH`, or `PATH:EXPRESSION` for the lines that count."""
    held = next((parse_version(one.text) for one in places), None)
    for name in ("pyproject.toml", ".cz.toml"):
        text = _text(repository, base + name)
        try:
            data: object = tomllib.loads(text or "")
        except ValueError:
            continue
        for key in ("tool", "commitizen", "version_files"):
            data = cast("dict[str, object]", data).get(key) if isinstance(data, dict) else None
        named = cast("list[object]", data) if isinstance(data, list) else []
        for one in named[:_MOST_NAMED]:
            path, _, form = str(one).partition(":")
            if held is not None and ".." not in path.split("/") and not path.startswith("/"):
                _in_lines(repository, base + path, form, held, places)


def _in_lines(repository: Repository, path: str, form: str, held: Version, places: list[Place]) -> None:
    text = _text(repository, path)
    known = {(one.path, one.start) for one in places}
    at = 0
    for line in (text or "").splitlines(keepends=True):
        if text is not None and len(line) <= _LONGEST_LINE and (not form or _finds(form, line)):
            for found in re.finditer(
                rf"(?<![\w.]){re.escape(str(held))}(?![\w.])|(?<=v){re.escape(str(held))}\b", line
            ):
                place = _place(path, text, at + found.start(), at + found.end())
                if (place.path, place.start) not in known:
                    places.append(place)
        at += len(line)


def _finds(form: str, line: str) -> bool:
    """Whether a line has the words of an expression, which is none of ours: run as one, it might never end."""
    words = [word for word in re.split(r"[^\w -]+", form) if word.strip()]
    return all(word in line for word in words)


def _others(repository: Repository, base: str, package: Package, places: list[Place], told: list[str]) -> None:
    """Versions in the configuration of other release tools, which would be out of step otherwise."""
    _take(repository, f"{base}.bumpversion.cfg", {("bumpversion", "current_version")}, places)
    _take(repository, f"{base}.bumpversion.toml", {("tool.bumpversion", "current_version")}, places)
    _take(repository, f"{base}.cz.toml", {("tool.commitizen", "version")}, places)
    _commitizen(repository, base, places)
    manifest = _text(repository, ".release-please-manifest.json")
    for path, start, end in json_places(manifest or ""):
        if manifest is not None and path == (package.path or ".",):
            places.append(_place(".release-please-manifest.json", manifest, start, end))
    known = {
        "release-please-config.json": "release-please opens release requests here: cut with it or with Aura, not both",
        ".releaserc": "semantic-release cuts releases here, in the pipeline",
        ".releaserc.json": "semantic-release cuts releases here, in the pipeline",
        "cliff.toml": "git-cliff is configured; its template is not read",
        "cog.toml": "cocogitto is configured; its own hooks are not run",
        ".goreleaser.yml": "goreleaser builds from the tag",
        ".goreleaser.yaml": "goreleaser builds from the tag",
        ".bumpversion.cfg": "bump2version is configured: files that it alone knows are not written",
        ".bumpversion.toml": "bump-my-version is configured: files that it alone knows are not written",
    }
    told += [f"{base}{name}: {what}" for name, what in known.items() if (repository.root / f"{base}{name}").is_file()]
