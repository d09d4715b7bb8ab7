"""Reads what a project depends on out of its manifests and lock files. A file that cannot be read gives nothing."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, cast

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from aura_shared.messages.gaps import Ecosystem

_MOST_BYTES: Final = 50_000_000
_MOST_FOLDERS: Final = 20_000
_DEEPEST: Final = 5
_NOT_ENTERED: Final = frozenset(
    [
        *("node_modules", "vendor", "third_party", "target", "venv", "env", "__pycache__", "site-packages", "dist"),
        *("fixtures", "__fixtures__", "testdata", "test-data", "test_data"),
    ]
)


class Entry(NamedTuple):
    """A dependency as one file names it."""

    ecosystem: Ecosystem
    name: str
    version: str
    """Exact; empty where the file does not fix it."""
    wanted: str
    """As the file asks for it; empty in lock files."""
    line: int
    direct: bool


class Manifest(NamedTuple):
    """A file that names dependencies."""

    path: str
    """Relative to the project."""
    ecosystem: Ecosystem
    lock: bool
    """Whether it fixes versions."""
    entries: tuple[Entry, ...]


Reader = Callable[[str], Iterable[Entry]]


def find_manifests(root: Path) -> Iterator[Manifest]:
    """Every manifest and lock file of a project, in the order of the paths."""
    for folder, names in _walk(root):
        for name in names:
            kind = _kind(name, folder)
            if kind is None:
                continue
            path = f"{folder}/{name}" if folder else name
            entries = _read(root / path, kind.read)
            if entries is not None:
                yield Manifest(path, kind.ecosystem, kind.lock, entries)


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    for count, (place, folders, names) in enumerate(os.walk(root), 1):
        inside = os.path.relpath(place, root).replace(os.sep, "/")
        inside = "" if inside == "." else inside
        deep = inside.count("/") + 1 if inside else 0
        keep = [name for name in folders if not name.startswith(".") and name not in _NOT_ENTERED]
        folders[:] = sorted(keep) if deep < _DEEPEST else []
        yield inside, sorted(names)
        if count >= _MOST_FOLDERS:
            return


class _Kind(NamedTuple):
    ecosystem: Ecosystem
    lock: bool
    read: Reader


def _kind(name: str, folder: str) -> _Kind | None:
    known = _KINDS.get(name)
    if known is not None:
        return known
    in_folder = folder.rpartition("/")[2] == "requirements"
    if name.endswith((".txt", ".in")) and (
        in_folder or re.fullmatch(r"(?:.*[-_.])?requirements(?:[-_.].*)?\.(?:txt|in)", name)
    ):
        return _Kind("PyPI", False, read_requirements)
    return None


def _read(path: Path, read: Reader) -> tuple[Entry, ...] | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        return tuple(read(path.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None  # Somebody else's file in another form than its format says.


def read_requirements(text: str) -> Iterator[Entry]:
    """`requirements.txt`. With hashes it is a whole environment, of which nothing says what is asked for."""
    direct = "--hash=" not in text and "pip-compile" not in text[:400]
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.split(r"\s#|\s--|\\$", line)[0].strip()
        if bare and not bare.startswith(("#", "-")):
            yield from _requirement(bare, number, direct=direct)


def _requirement(text: str, line: int, *, direct: bool = True) -> Iterator[Entry]:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return
    pins = [part for part in wanted.specifier if part.operator in {"==", "==="} and not part.version.endswith(".*")]
    version = pins[0].version if len(pins) == 1 else ""
    yield Entry("PyPI", canonicalize_name(wanted.name), version, str(wanted.specifier), line, direct)


def read_pyproject(text: str) -> Iterator[Entry]:
    """`pyproject.toml`: requirements of the project, its extras and groups, and those of Poetry."""
    content = tomllib.loads(text)
    project = _table(content.get("project"))
    lists = [
        project.get("dependencies"),
        *_table(project.get("optional-dependencies")).values(),
        *_table(content.get("dependency-groups")).values(),
    ]
    for requirement in (item for values in lists if isinstance(values, list) for item in cast("list[object]", values)):
        if isinstance(requirement, str):
            yield from _requirement(requirement, _line(text, requirement))
    poetry = _table(_table(content.get("tool")).get("poetry"))
    groups = [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    for table in (poetry.get("dependencies"), poetry.get("dev-dependencies"), *groups):
        for name, wanted in _table(table).items():
            if name != "python":
                yield Entry("PyPI", canonicalize_name(name), "", _wanted(wanted), _line(text, name), True)


def read_package_json(text: str) -> Iterator[Entry]:
    """`package.json`."""
    content = _table(json.loads(text))
    for key in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, wanted in _table(content.get(key)).items():
            if not _wanted(wanted).startswith(("workspace:", "file:", "link:", "portal:")):
                yield Entry("npm", name, "", _wanted(wanted), _line(text, f'"{name}"'), True)


def read_cargo(text: str) -> Iterator[Entry]:
    """`Cargo.toml`."""
    content = tomllib.loads(text)
    holders = [content, _table(content.get("workspace")), *map(_table, _table(content.get("target")).values())]
    for holder in holders:
        for key in ("dependencies", "dev-dependencies", "build-dependencies"):
            for name, wanted in _table(holder.get(key)).items():
                real = _table(wanted).get("package", name)
                if not _table(wanted).get("path"):
                    yield Entry("crates.io", str(real), "", _wanted(wanted), _line(text, name), True)


_GO_LINE: Final = re.compile(
    r"^\s*(?:require\s+)?(?P<name>[\w.~/-]+\.[\w.~/-]+)\s+v(?P<version>\S+)\s*(?P<more>//.*)?$"
)


def read_go_mod(text: str) -> Iterator[Entry]:
    """`go.mod`, which since Go 1.17 names every module that the build needs."""
    required = False
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*require\s*\(", line):
            required = True
        elif line.strip() == ")":
            required = False
        elif (required or line.startswith("require ")) and (match := _GO_LINE.match(line)):
            version = match["version"].removesuffix("+incompatible")
            yield Entry("Go", match["name"], version, "", number, "indirect" not in (match["more"] or ""))


_POM: Final = re.compile(r"<dependency>(?P<body>.*?)</dependency>", re.DOTALL)


def read_pom(text: str) -> Iterator[Entry]:
    """`pom.xml`: what it names itself; a parent's versions are not looked up."""
    properties = dict(re.findall(r"<([\w.-]+)>\s*([^<>]+?)\s*</\1>", text))
    for match in _POM.finditer(text):
        body = {name: value.strip() for name, value in re.findall(r"<(\w+)>([^<]*)</\1>", match["body"])}
        if not {"groupId", "artifactId"} <= body.keys():
            continue
        wanted = body.get("version", "")
        version = re.sub(r"\$\{([^}]+)\}", lambda part: properties.get(part[1], part[0]), wanted)
        exact = version if version and not re.search(r"[$\[(,]", version) else ""
        line = text.count("\n", 0, match.start()) + 1
        yield Entry("Maven", f"{body['groupId']}:{body['artifactId']}", exact, wanted, line, True)


def _toml_lock(ecosystem: Ecosystem) -> Reader:
    """Locks of `[[package]]` tables, read line by line so that each keeps its line."""

    def read(text: str) -> Iterator[Entry]:
        for start, lines in _tables(text):
            found = (re.match(r"(\w+)\s*=\s*(.+)", line) for line in lines)
            facts: dict[str, str] = {match[1]: match[2] for match in found if match}
            name, version = (facts.get(key, "").strip().strip('"') for key in ("name", "version"))
            source = facts.get("source", "")
            own = "editable" in source or "virtual" in source or "directory" in source
            if not name or not version or own or (ecosystem == "crates.io" and not source):
                continue  # Members of the workspace itself.
            yield Entry(ecosystem, canonicalize_name(name) if ecosystem == "PyPI" else name, version, "", start, False)

    return read


def _tables(text: str) -> Iterator[tuple[int, list[str]]]:
    start, lines = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            if start:
                yield start, lines
            start, lines = (number, []) if re.match(r"\[\[packages?\]\]", line) else (0, [])
        elif start:
            lines.append(line)
    if start:
        yield start, lines


def read_pipfile_lock(text: str) -> Iterator[Entry]:
    """`Pipfile.lock`."""
    content = _table(json.loads(text))
    for key in ("default", "develop"):
        for name, facts in _table(content.get(key)).items():
            version = str(_table(facts).get("version", "")).removeprefix("==")
            yield Entry("PyPI", canonicalize_name(name), version, "", _line(text, f'"{name}"'), False)


def read_package_lock(text: str) -> Iterator[Entry]:
    """`package-lock.json` of any version."""
    content = _table(json.loads(text))
    lines = _lock_lines(text)
    for place, facts in _table(content.get("packages")).items():
        name = place.rpartition("node_modules/")[2]
        version = _table(facts).get("version")
        if name and "node_modules/" in place and isinstance(version, str):
            yield Entry("npm", name, version, "", lines.get(place, 1), False)
    if "packages" not in content:
        yield from _npm_tree(content)


def _lock_lines(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    line, at = 1, 0
    for match in re.finditer(r'"([^"]*node_modules/[^"]+)": \{', text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found[match[1]] = line
    return found


def _npm_tree(table: Mapping[str, object]) -> Iterator[Entry]:
    for name, facts in _table(table.get("dependencies")).items():
        version = _table(facts).get("version")
        if isinstance(version, str):
            yield Entry("npm", name, version, "", 1, False)
        yield from _npm_tree(_table(facts))


_PNPM: Final = re.compile(r"^  ['\"]?/?(?P<name>(?:@[^/@\s]+/)?[^/@\s'\"]+)[@/](?P<version>\d[^('\":_\s]*)[^:]*['\"]?:")


def read_pnpm_lock(text: str) -> Iterator[Entry]:
    """`pnpm-lock.yaml`, the part `packages`."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith((" ", "#")):
            inside = line.startswith("packages:")
        elif inside and (match := _PNPM.match(line)):
            yield Entry("npm", match["name"], match["version"], "", number, False)


def read_yarn_lock(text: str) -> Iterator[Entry]:
    """`yarn.lock` of both generations."""
    name, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\"?((?:@[^/@\s\"]+/)?[^@\s\"]+)@(?!workspace|link|portal)[^:]", line):
            name, at = header[1], number
        elif name and (version := re.match(r"  version:? \"?([^\"\s]+)", line)):
            yield Entry("npm", name, version[1], "", at, False)
            name = ""


_KINDS: Final[Mapping[str, _Kind]] = {
    "pyproject.toml": _Kind("PyPI", False, read_pyproject),
    "uv.lock": _Kind("PyPI", True, _toml_lock("PyPI")),
    "poetry.lock": _Kind("PyPI", True, _toml_lock("PyPI")),
    "pdm.lock": _Kind("PyPI", True, _toml_lock("PyPI")),
    "pylock.toml": _Kind("PyPI", True, _toml_lock("PyPI")),
    "Pipfile.lock": _Kind("PyPI", True, read_pipfile_lock),
    "package.json": _Kind("npm", False, read_package_json),
    "package-lock.json": _Kind("npm", True, read_package_lock),
    "npm-shrinkwrap.json": _Kind("npm", True, read_package_lock),
    "pnpm-lock.yaml": _Kind("npm", True, read_pnpm_lock),
    "yarn.lock": _Kind("npm", True, read_yarn_lock),
    "go.mod": _Kind("Go", False, read_go_mod),
    "Cargo.toml": _Kind("crates.io", False, read_cargo),
    "Cargo.lock": _Kind("crates.io", True, _toml_lock("crates.io")),
    "pom.xml": _Kind("Maven", False, read_pom),
}


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _wanted(value: object) -> str:
    """The version that a manifest asks for, as text or in a table."""
    return value if isinstance(value, str) else str(_table(value).get("version", ""))


def _line(text: str, part: str) -> int:
    """Where a piece of text first stands; TOML and JSON readers do not say."""
    at = text.find(part)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
