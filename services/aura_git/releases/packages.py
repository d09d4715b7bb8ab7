"""Packages of a repository, and the tags that name their versions."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from aura_git.releases.versions import TagForm, Version, read_tag
from aura_git.repository import Repository
from aura_shared.errors import NotFound

__all__ = ["Package", "Tags", "find_package", "find_packages", "owner_of_plain", "read_tags"]

_MANIFESTS: Final = ("pyproject.toml", "package.json", "Cargo.toml", "go.mod")
_ELSEWHERE: Final = re.compile(
    r"(^|/)(node_modules|vendor|third_party|tests?|__tests__|testdata|fixtures?|examples?|benchmarks?|templates?|docs)(/|$)"
)


@dataclass(frozen=True, slots=True)
class Package:
    """A folder with a manifest."""

    path: str
    """Relative to the repository; empty for its root."""
    name: str
    manifest: str = ""
    version: str = ""
    """As its manifest has it; empty where none stands there."""

    def names(self) -> tuple[str, ...]:
        """What tags may call it."""
        return tuple(
            dict.fromkeys(
                n for n in (self.name, self.name.rpartition("/")[2], PurePosixPath(self.path).name, self.path) if n
            )
        )


@dataclass(frozen=True, slots=True)
class Tags:
    """The version tags of a package that HEAD descends from."""

    prefix: str
    """What a new one begins with."""
    final: str = ""
    """The newest that is no pre-release."""
    final_version: Version | None = None
    newest: str = ""
    newest_version: Version | None = None
    finals: tuple[tuple[str, Version], ...] = ()
    """Every final one with its version, by version."""
    owner: str = ""
    """For the root: folder of the one package that these tags name instead."""

    @property
    def base(self) -> str:
        """Where the history of the next release begins: the last final one, else the newest."""
        return self.final or self.newest


def find_packages(repository: Repository) -> list[Package]:
    """Folders with a manifest, the root first; tests, examples and what is vendored are left out."""
    asked = [f":(glob)**/{name}" for name in _MANIFESTS]
    paths = repository.git.read("ls-files", "-z", "--", *asked).items
    found: dict[str, Package] = {}
    for path in sorted(paths, key=lambda one: (one.count("/"), _MANIFESTS.index(PurePosixPath(one).name))):
        folder = "" if "/" not in path else path.rpartition("/")[0]
        if folder not in found and not _ELSEWHERE.search(folder):
            name, version = _facts(repository.root / path)
            found[folder] = Package(folder, name or PurePosixPath(folder).name, PurePosixPath(path).name, version)
    return list(found.values())


def find_package(repository: Repository, packages: Sequence[Package], path: str) -> Package:
    """The package in a folder.

    Raises:
        NotFound: There is none.
    """
    wanted = path.strip("/").removeprefix("./")
    if wanted in {"", "."}:
        root = next((one for one in packages if not one.path), None)
        return Package("", root.name if root else repository.root.name, root.manifest if root else "")
    found = next((one for one in packages if wanted == one.path), None) or next(
        (one for one in packages if wanted == one.name), None
    )
    if found is None:
        known = ", ".join(one.path for one in packages if one.path) or "none"
        raise NotFound(
            f"{path!r} is no folder of a package; packages are: {known}",
            hint="A package has pyproject.toml, package.json, Cargo.toml or go.mod.",
        )
    return found


def _facts(path: Path) -> tuple[str, str]:
    """Name and version that a manifest has."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.name == "go.mod":
            module = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
            return (re.sub(r"/v\d+$", "", module[1]).rpartition("/")[2] if module else ""), ""
        data: dict[str, Any] = json.loads(text) if path.name == "package.json" else tomllib.loads(text)
    except (OSError, ValueError):
        return "", ""
    places: list[object] = (
        [data] if path.name == "package.json" else [data.get("project"), data.get("package"), _poetry(data)]
    )
    tables = [cast("dict[str, object]", place) for place in places if isinstance(place, dict)]
    return _first(tables, "name"), _first(tables, "version")


def _first(tables: Sequence[dict[str, object]], key: str) -> str:
    return next((value for one in tables if isinstance(value := one.get(key), str)), "")


def _poetry(data: dict[str, Any]) -> object:
    tool: object = data.get("tool")
    return cast("dict[str, object]", tool).get("poetry") if isinstance(tool, dict) else None


def owner_of_plain(packages: Sequence[Package], plain: str) -> Package | None:
    """The one package that tags such as `v1.2.3` name, where the root has no version of its own; else None.

    Args:
        packages: All.
        plain: Version of the newest such tag; where several packages have it, they are released together.
    """
    if any(one.version for one in packages if not one.path):
        return None
    same = [one for one in packages if one.path and one.version == plain]
    return same[0] if len(same) == 1 else None


def read_tags(
    repository: Repository, package: Package, *, several: bool, head: str = "HEAD", packages: Sequence[Package] = ()
) -> Tags:
    """The version tags of a package that a commit descends from, and how a new one is called.

    Args:
        repository: Which.
        package: The package; the one of the root for the whole repository.
        several: Whether the repository has more packages than the root.
        head: The commit.
        packages: All packages, where plain tags may be those of one of them.
    """
    commit = repository.git.find_commit(head)
    if commit is None:
        return Tags("v")
    names = repository.git.read(
        "for-each-ref", f"--merged={commit}", "--sort=creatordate", "--format=%(refname:strip=2)", "refs/tags"
    ).lines
    forms = [(name, form) for name in names if (form := read_tag(name)) is not None]
    prefix = _prefix(package, [form for _, form in forms], several=several)
    plain = max((form for _, form in forms if not form.name), key=lambda one: one.version, default=None)
    owner = owner_of_plain(packages, str(plain.version)) if plain is not None else None
    if plain is not None and owner == package and not any(form.name in package.names() for _, form in forms):
        prefix = plain.prefix
    mine = sorted(((form.version, name) for name, form in forms if form.prefix == prefix), key=lambda one: one[0])
    finals = [one for one in mine if not one[0].pre]
    newest = mine[-1] if mine else (None, "")
    final = finals[-1] if finals else (None, "")
    pairs = tuple((name, version) for version, name in finals)
    owned = owner.path if owner is not None and not package.path else ""
    return Tags(prefix, final[1], final[0], newest[1], newest[0], pairs, owned)


def _prefix(package: Package, forms: Sequence[TagForm], *, several: bool) -> str:
    """The prefix that the newest tag of this package has; else the form that other packages use."""
    newest_first = list(reversed(forms))
    if not package.path:
        plain = next((form.prefix for form in newest_first if not form.name or form.name in package.names()), None)
        if plain is not None:
            return plain
        only = {form.prefix for form in forms}
        return only.pop() if len(only) == 1 and not several else "v"
    for form in newest_first:
        if form.name in package.names():
            return form.prefix
    if package.manifest == "go.mod":
        return f"{package.path}/v"
    for form in newest_first:
        if form.name:
            return package.name + form.prefix.removeprefix(form.name)
    return f"{package.name}@" if package.manifest == "package.json" else f"{package.name}-v"
