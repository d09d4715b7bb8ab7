"""Programs that ask a service about vulnerabilities; called only when the person has allowed its host."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

from aura_code.tools.running import run_bounded
from aura_shared.messages.gaps import Dependency, Ecosystem, Vulnerability

_TIMEOUT_S: Final = 120.0
Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Audit:
    """One program."""

    name: str
    ecosystem: Ecosystem
    host: str
    """Whom it asks; empty where the program has to be asked for that."""
    binary: str
    manifest: str
    """File that it reads; empty when it is told the versions."""
    arguments: Callable[[Path, Path, str], list[str]]
    """Of the folder of the manifest, a folder of our own and the address that it asks."""
    read: Callable[[bytes, Sequence[Dependency]], Iterator[Vulnerability]]
    environment: Mapping[str, str]


def read_pip_audit(output: bytes, known: Sequence[Dependency]) -> Iterator[Vulnerability]:
    """`pip-audit -f json`."""
    for item in _list(_part(output, "dependencies")):
        for found in _list(_table(item).get("vulns")):
            facts = _table(found)
            yield from _told(
                "pip-audit",
                known,
                str(_table(item).get("name", "")),
                facts.get("id"),
                summary=facts.get("description"),
                aliases=facts.get("aliases"),
                fixed=facts.get("fix_versions"),
            )


def read_npm_audit(output: bytes, known: Sequence[Dependency]) -> Iterator[Vulnerability]:
    """`npm audit --json`."""
    for name, found in _table(_part(output, "vulnerabilities")).items():
        for via in _list(_table(found).get("via")):
            facts = _table(via)
            if facts:
                identifier = str(facts.get("url", "")).rpartition("/")[2] or facts.get("source")
                title, severity = facts.get("title"), facts.get("severity")
                yield from _told("npm audit", known, name, identifier, summary=title, severity=severity)


def read_cargo_audit(output: bytes, known: Sequence[Dependency]) -> Iterator[Vulnerability]:
    """`cargo audit --json`."""
    for found in _list(_table(_part(output, "vulnerabilities")).get("list")):
        facts = _table(found)
        advisory, package = _table(facts.get("advisory")), _table(facts.get("package"))
        yield from _told(
            "cargo audit",
            known,
            str(package.get("name", "")),
            advisory.get("id"),
            version=str(package.get("version", "")),
            summary=advisory.get("title"),
            severity=advisory.get("cvss"),
            aliases=advisory.get("aliases"),
            fixed=_table(facts.get("versions")).get("patched"),
        )


def read_govulncheck(output: bytes, known: Sequence[Dependency]) -> Iterator[Vulnerability]:
    """`govulncheck -json`: one object after the other; advisories first, then findings that name them."""
    text, decoder, at = output.decode("utf-8", "replace"), json.JSONDecoder(), 0
    summaries: dict[str, Table] = {}
    seen: set[tuple[str, str]] = set()
    while (at := text.find("{", at)) >= 0:
        value, at = decoder.raw_decode(text, at)
        advisory, finding = _table(_table(value).get("osv")), _table(_table(value).get("finding"))
        if advisory:
            summaries[str(advisory.get("id"))] = advisory
        for trace in _list(finding.get("trace"))[:1]:
            key = (str(finding.get("osv")), str(_table(trace).get("module")))
            if key not in seen:
                seen.add(key)
                about, fixed = summaries.get(key[0], {}), [str(finding.get("fixed_version", "")).removeprefix("v")]
                summary, aliases = about.get("summary"), about.get("aliases")
                yield from _told("govulncheck", known, key[1], key[0], summary=summary, aliases=aliases, fixed=fixed)


def _part(output: bytes, key: str) -> object:
    """What stands under a key; an answer without it tells of a failure."""
    content = _table(json.loads(output))
    if key not in content:
        raise ValueError(f"there is no {key}")
    return content[key]


def _told(
    source: str,
    known: Sequence[Dependency],
    name: str,
    identifier: object,
    *,
    version: str = "",
    summary: object = "",
    severity: object = "",
    aliases: object = None,
    fixed: object = None,
) -> Iterator[Vulnerability]:
    affected = [one for one in known if one.name == name and version in {"", one.version}]
    for dependency in affected[:1]:
        yield Vulnerability(
            id=str(identifier or ""),
            aliases=[str(alias) for alias in _list(aliases)],
            summary=str(summary or "").strip().split("\n")[0][:300],
            severity=str(severity or ""),
            fixed=[str(one) for one in _list(fixed) if one],
            dependency=dependency,
            source=source,
        )


def _pip_audit_arguments(_: Path, own: Path, __: str) -> list[str]:
    plain = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--cache-dir", str(own / "cache")]
    return ["-r", str(own / "requirements.txt"), "-f", "json", "-s", "osv", *plain]


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("pip-audit", "PyPI", "api.osv.dev", "pip-audit", "", _pip_audit_arguments, read_pip_audit, {}),
    Audit(
        "npm audit",
        "npm",
        "",
        "npm",
        "package-lock.json",
        lambda _, own, address: [
            *("audit", "--json", "--package-lock-only", "--ignore-scripts", f"--registry={address}"),
            *("--cache", str(own / "cache")),
        ],
        read_npm_audit,
        {"NO_UPDATE_NOTIFIER": "1"},
    ),
    Audit(
        "cargo audit",
        "crates.io",
        "github.com",
        "cargo-audit",
        "Cargo.lock",
        lambda folder, own, _: [
            "audit",
            "--json",
            "--file",
            str(folder / "Cargo.lock"),
            "--db",
            str(own / "advisories"),
        ],
        read_cargo_audit,
        {},
    ),
    Audit(
        "govulncheck",
        "Go",
        "vuln.go.dev",
        "govulncheck",
        "go.mod",
        lambda folder, _, __: ["-C", str(folder), "-json", "-scan", "module"],
        read_govulncheck,
        {"GOPROXY": "off", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"},
    ),
)


@dataclass(frozen=True, slots=True)
class Audited:
    """What became of one program."""

    name: str
    ecosystem: Ecosystem
    vulnerabilities: tuple[Vulnerability, ...] = ()
    problem: str = ""
    """Why it says nothing; empty when it was asked and answered."""
    allowed: bool = True
    """Whether its host is allowed."""


def run_audit(audit: Audit, root: Path, dependencies: Sequence[Dependency], allow: Collection[str]) -> Audited:
    """Ask about the dependencies of one ecosystem, when that is allowed and possible."""
    outside = [
        folder for folder in _path() if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root))
    ]
    path = os.pathsep.join(outside)
    program = shutil.which(audit.binary, path=path)
    if program is None and not audit.host:
        return Audited(audit.name, audit.ecosystem, problem=f"{audit.name} is not installed on PATH")
    address = audit.host or _registry(str(program), path)
    host = urlsplit(address).hostname if "://" in address else address
    if not host or host not in allow:
        why = f"{audit.name} was not asked: `network.allow` of your settings does not name {host or 'its registry'}"
        return Audited(audit.name, audit.ecosystem, problem=why, allowed=False)
    if program is None:
        return Audited(audit.name, audit.ecosystem, problem=f"{audit.name} is not installed on PATH")
    manifests = sorted({one.path for one in dependencies if one.path.rpartition("/")[2] == audit.manifest}) or [""]
    if audit.manifest and not manifests[0]:
        return Audited(audit.name, audit.ecosystem, problem=f"{audit.name} needs a {audit.manifest}, and there is none")
    found: list[Vulnerability] = []
    for manifest in manifests[:10]:
        mine = [one for one in dependencies if manifest in {"", one.path}]
        answer = _run(audit, program, root / manifest if manifest else root, mine, address, path)
        if isinstance(answer, str):
            return Audited(audit.name, audit.ecosystem, tuple(found), f"{audit.name}: {answer}")
        found += answer
    return Audited(audit.name, audit.ecosystem, tuple(found))


def _run(
    audit: Audit, program: str, manifest: Path, dependencies: Sequence[Dependency], address: str, path: str
) -> list[Vulnerability] | str:
    folder = manifest.parent if audit.manifest else manifest
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    with tempfile.TemporaryDirectory(prefix="aura-audit-", ignore_cleanup_errors=True) as scratch:
        own = Path(scratch)
        pins = sorted({f"{one.name}=={one.version}\n" for one in dependencies if one.version})
        (own / "requirements.txt").write_text("".join(pins), encoding="utf-8")
        if audit.ecosystem == "npm":  # Its settings file could name another registry, so only the lock goes along.
            for name in ("package.json", "package-lock.json"):
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, own / name)
        command = [program, *audit.arguments(folder, own, address)]
        extra = {**audit.environment, **proxies}
        ran = run_bounded(command, own, path=path, extra=extra, timeout_s=_TIMEOUT_S)
    if ran.problem:
        return ran.problem
    try:
        return list(audit.read(ran.output, dependencies))
    except (ValueError, AttributeError, TypeError):
        complaint = ran.complaint.decode("utf-8", "replace").strip().splitlines()
        return f"exit code {ran.code}: {complaint[-1][:200] if complaint else 'it said nothing'}"


def _registry(program: str, path: str) -> str:
    """The address of the registry that npm is set up with; the project's own settings do not count."""
    with tempfile.TemporaryDirectory(prefix="aura-audit-") as scratch:
        command = [program, "config", "get", "registry"]
        ran = run_bounded(command, Path(scratch), path=path, timeout_s=_TIMEOUT_S)
    return "" if ran.problem else ran.output.decode("utf-8", "replace").strip()


def _path() -> list[str]:
    return [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder).is_absolute()]


def _table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
