"""What a project depends on, and what is known against the versions that it uses.

Nothing is asked over the network unless the person's `network.allow` names the host. Otherwise versions are compared
with an advisory database that the person has, and the answer says which one and how old it is, or that nothing was
compared and how to get one.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from aura_code.answers import visible
from aura_code.tools.advisories import Database, matches, plain_name, read_database
from aura_code.tools.audits import AUDITS, Audited, run_audit
from aura_code.tools.manifests import Entry, Manifest, find_manifests
from aura_shared.messages.gaps import (
    DependenciesAnswer,
    Dependency,
    Ecosystem,
    ScanDependencies,
    Vulnerability,
)

OWN: Final = "Aura's own environment"
_MANIFESTS: Final = frozenset({"pyproject.toml", "package.json", "Cargo.toml", "Pipfile"})
_HOW: Final = (
    "To compare versions, set `findings.advisories` to a folder or zip of advisories in the OSV format (the all.zip "
    "of each ecosystem at osv.dev), or allow a service in `network.allow`."
)


def scan_dependencies(
    root: Path, request: ScanDependencies, *, allow: Collection[str] = (), advisories: Path | None = None
) -> DependenciesAnswer:
    """List dependencies and compare their versions with advisories.

    Args:
        root: Folder of the project.
        request: What is asked.
        allow: Setting `network.allow`: hosts that may be asked.
        advisories: Setting `findings.advisories`: folder or zip in the OSV format.
    """
    begin = time.monotonic()
    manifests = [] if request.own else list(find_manifests(root))
    found = own_dependencies() if request.own else joined(manifests)
    answer = DependenciesAnswer(
        dependencies=found[: request.limit],
        total=len(found),
        missing_locks=missing_locks(manifests),
        more=len(found) > request.limit,
        reason="" if found else "no manifest or lock file names a dependency",
    )
    if request.vulnerabilities and found:
        answer = answer.model_copy(update=_checked(root, found, allow, advisories))
    return answer.model_copy(update={"seconds": round(time.monotonic() - begin, 3)})


def own_dependencies() -> list[Dependency]:
    """What is installed where Aura runs."""
    known = {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in distributions()
        if one.metadata["Name"] and one.version
    }
    return [
        Dependency(ecosystem="PyPI", name=name, version=version, path=OWN, direct=name == "aura-dev")
        for name, version in sorted(known.items())
    ]


def joined(manifests: Sequence[Manifest]) -> list[Dependency]:
    """Locked versions with what asked for them; what no lock covers as its manifest says it. Direct ones first."""
    found: list[Dependency] = []
    for manifest in manifests:
        folder = _folder(manifest.path)
        if manifest.lock:
            asked = _asked(manifests, manifest.ecosystem, folder)
            found += [_dependency(manifest, entry, asked.get(entry.name)) for entry in manifest.entries]
        else:
            locked = _locked(manifests, manifest.ecosystem, folder)
            found += [_dependency(manifest, entry, None) for entry in manifest.entries if entry.name not in locked]
    unique = {(one.ecosystem, one.name, one.version, one.path): one for one in found}
    return sorted(unique.values(), key=lambda one: (not one.direct, one.path, one.name, one.version))


def missing_locks(manifests: Sequence[Manifest]) -> list[str]:
    """Manifests that ask for something and have no lock file beside or above them."""
    return [
        one.path
        for one in manifests
        if one.path.rpartition("/")[2] in _MANIFESTS and one.entries and not _covering(manifests, one)
    ]


def _covering(manifests: Sequence[Manifest], one: Manifest) -> bool:
    folder = _folder(one.path)
    return any(
        other.ecosystem == one.ecosystem
        and (other.lock or _is_frozen(other))
        and _above(_folder(other.path.replace("requirements/", "")), folder)
        for other in manifests
    )


def _is_frozen(manifest: Manifest) -> bool:
    """Whether a requirements file pins everything."""
    return manifest.path.endswith(".txt") and bool(manifest.entries) and all(one.version for one in manifest.entries)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _above(outer: str, inner: str) -> bool:
    return not outer or inner == outer or inner.startswith(f"{outer}/")


def _asked(manifests: Iterable[Manifest], ecosystem: Ecosystem, folder: str) -> dict[str, Entry]:
    return {
        entry.name: entry
        for manifest in manifests
        if not manifest.lock and manifest.ecosystem == ecosystem and _above(folder, _folder(manifest.path))
        for entry in manifest.entries
    }


def _locked(manifests: Iterable[Manifest], ecosystem: Ecosystem, folder: str) -> set[str]:
    return {
        entry.name
        for manifest in manifests
        if manifest.lock and manifest.ecosystem == ecosystem and _above(_folder(manifest.path), folder)
        for entry in manifest.entries
    }


def _dependency(manifest: Manifest, entry: Entry, asked: Entry | None) -> Dependency:
    return Dependency(
        ecosystem=entry.ecosystem,
        name=visible(entry.name),
        version=visible(entry.version),
        wanted=visible(asked.wanted if asked else entry.wanted),
        path=visible(manifest.path),
        line=entry.line,
        direct=entry.direct or asked is not None,
    )


def _checked(
    root: Path, found: Sequence[Dependency], allow: Collection[str], advisories: Path | None
) -> dict[str, object]:
    """The fields of the answer that say what was compared, with what, and what came of it."""
    audited = [
        run_audit(audit, root, mine, allow)
        for audit in AUDITS
        if (mine := [one for one in found if one.ecosystem == audit.ecosystem])
    ]
    asked = {one.ecosystem for one in audited if not one.problem}
    left = [one for one in found if one.ecosystem not in asked]
    database = read_database(advisories, {(one.ecosystem, one.name) for one in left}) if advisories and left else None
    vulnerabilities = [item for one in audited for item in one.vulnerabilities]
    checked = sum(1 for one in found if one.ecosystem in asked and one.version)
    if database is not None and database.count:
        told, compared = _compared(left, database)
        vulnerabilities += told
        checked += compared
    sources = [one.name for one in audited if not one.problem]
    if database is not None and database.count:
        sources.append(database.source)
    return {
        "vulnerabilities": vulnerabilities,
        "checked": checked,
        "unknown": len(found) - checked,
        "database": "; ".join(sources),
        "notes": _notes(audited, database, nothing=not sources),
    }


def _notes(audited: Sequence[Audited], database: Database | None, *, nothing: bool) -> list[str]:
    notes = [one.problem for one in audited if one.problem and one.allowed]
    if database is not None and database.problem:
        notes.append(database.problem)
    if nothing:
        notes.append(f"No version was compared with advisories. {_HOW}")
    elif database is None:
        notes += [one.problem for one in audited if not one.allowed]
    return notes


def _compared(dependencies: Sequence[Dependency], database: Database) -> tuple[list[Vulnerability], int]:
    found: list[Vulnerability] = []
    compared = 0
    for one in dependencies:
        if not one.version:
            continue
        advisories = database.packages.get((one.ecosystem, plain_name(one.ecosystem, one.name)), [])
        verdicts = [(advisory, matches(one.ecosystem, one.version, advisory)) for advisory in advisories]
        compared += not any(verdict is None for _, verdict in verdicts)
        known: dict[str, Vulnerability] = {}
        for advisory, verdict in verdicts:
            if verdict:
                known[advisory.id] = Vulnerability(
                    id=advisory.id,
                    aliases=list(advisory.aliases),
                    summary=advisory.summary,
                    severity=advisory.severity,
                    fixed=advisory.fixed,
                    dependency=one,
                    source=database.source,
                )
        found += known.values()
    return found, compared
