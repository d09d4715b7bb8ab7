"""Versions in a diff: dependencies that were raised, added or dropped, and the version of the project itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.commits.kinds import MANIFESTS
from aura_git.commits.patches import FilePatch

__all__ = ["Bump", "find_bumps"]

_VERSION: Final = r"v?\d+(?:\.\d+)+(?:[-+.]?[\w.]+)?"
_FORMS: Final = (
    re.compile(rf"^\s*\"(?P<name>@?[\w./-]+)\"\s*:\s*\"[~^>=<v ]*(?P<version>{_VERSION})\",?\s*$"),  # package.json
    re.compile(rf"^\s*(?P<name>[\w.-]+)\s*=\s*(?:\{{.*?version\s*=\s*)?\"[~^>=< ]*(?P<version>{_VERSION})\""),  # TOML
    re.compile(rf"^\s*[\"']?(?P<name>[A-Za-z][\w.-]*)(?:\[[\w, -]+\])?\s*(?:==|~=|>=|\^)\s*(?P<version>{_VERSION})"),
    re.compile(rf"^\s*(?:require\s+)?(?P<name>[\w.-]+\.[a-z]+/[\w./-]+)\s+(?P<version>{_VERSION})"),  # go.mod
    re.compile(r"^\s*(?:-\s+)?uses:\s*(?P<name>[\w./-]+)@(?P<version>v?\d[\w.]*)"),  # a workflow
    re.compile(rf"^\s*FROM\s+(?P<name>[\w./-]+):(?P<version>{_VERSION}[\w-]*)"),
)
_OWN: Final = frozenset({"version", "__version__", "versionname", "appversion"})
_SOURCE: Final = re.compile(rf"^\s*(?P<name>__version__|VERSION|version)\s*[:=]+\s*[\"'](?P<version>{_VERSION})[\"']")


@dataclass(frozen=True, slots=True)
class Bump:
    """A version that changes."""

    name: str
    """Empty for the project itself."""
    before: str
    """Empty for one that is new."""
    after: str
    """Empty for one that is gone."""


def find_bumps(files: Sequence[FilePatch]) -> list[Bump]:
    """Versions that change in manifests, workflows and the like, in the order of the diff, each name once."""
    found: dict[str, Bump] = {}
    for one in files:
        before = dict(_versions(one, one.removed))
        after = dict(_versions(one, one.added))
        for name in dict.fromkeys([*after, *before]):
            old, new = before.get(name, ""), after.get(name, "")
            if old != new and name not in found:
                found[name] = Bump("" if name in _OWN else name, old, new)
    return list(found.values())


def _versions(file: FilePatch, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    name = file.path.rsplit("/", 1)[-1].lower()
    manifest = name in MANIFESTS or name.startswith(("requirements", "dockerfile")) or name.endswith((".yml", ".yaml"))
    for line in lines[:300]:
        for form in _FORMS if manifest else (_SOURCE,):
            if found := form.match(line):
                known = found["name"].lower()
                yield known if known in _OWN else found["name"], found["version"]
                break
