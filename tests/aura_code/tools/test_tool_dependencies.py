"""Versions are compared with advisories only as far as the person allows, and the answer says with which."""

from __future__ import annotations

import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from aura_code.tools import audits
from aura_code.tools.advisories import Advisory, matches, read_database, version_key
from aura_code.tools.dependencies import OWN, scan_dependencies
from aura_shared.messages.gaps import DependenciesAnswer, Dependency, Ecosystem, ScanDependencies

pytestmark = pytest.mark.requirement("W3")


def advisory(*events: tuple[str, str], versions: tuple[str, ...] = ()) -> Advisory:
    return Advisory("A", (), "", "", frozenset(versions), (events,))


def osv(identifier: str, ecosystem: str, name: str, *events: dict[str, str], **more: object) -> str:
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return json.dumps({"id": identifier, "modified": "2024-05-01T00:00:00Z", "affected": [affected], **more})


@pytest.mark.parametrize(
    ("ecosystem", "rising"),
    [
        ("PyPI", ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.9", "1.10", "1!0.1"]),
        ("npm", ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1+b", "1.10.0"]),
        ("Go", ["v0.0.0-20230101000000-abcdefabcdef", "0.0.1", "1.2", "1.2.1", "2.0.0"]),
        ("crates.io", ["0.1.0-rc.1", "0.1.0", "0.1.10"]),
        ("Maven", ["1.0-alpha-1", "1.0-beta1", "1.0-rc2", "1.0-SNAPSHOT", "1.0", "1.0.1", "1.10", "2"]),
    ],
)
def test_versions_are_ordered_as_their_ecosystem_says(ecosystem: Ecosystem, rising: list[str]) -> None:
    keys = [version_key(ecosystem, text) for text in rising]
    for lower, higher in pairwise(keys):
        assert lower is not None
        assert higher is not None
        assert lower < higher
        assert not higher < lower


@pytest.mark.parametrize("ecosystem", ["PyPI", "npm", "Go", "Maven"])
def test_what_is_no_version_cannot_be_compared(ecosystem: Ecosystem) -> None:
    assert matches(ecosystem, "git+main", advisory(("introduced", "0"))) is None


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("0.9", False),
        ("1.0", True),
        ("1.4.9", True),
        ("1.5", False),
        ("1.9", False),
        ("2.0", True),
        ("2.3", True),
        ("2.3.1", False),
    ],
)
def test_the_last_event_at_or_below_a_version_decides(version: str, affected: bool) -> None:
    known = advisory(("introduced", "2.0"), ("last_affected", "2.3"), ("introduced", "1.0"), ("fixed", "1.5"))
    assert matches("PyPI", version, known) is affected


def test_versions_named_one_by_one_are_affected() -> None:
    known = advisory(versions=("1.0-odd_version",))
    assert matches("npm", "1.0-odd_version", known) is True
    assert matches("npm", "1.1.0", known) is False
    assert advisory(("introduced", "0"), ("fixed", "1.2")).fixed == ["1.2"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("Django==3.2.1\nfine==1.0\nopen>=2\n", encoding="utf-8")
    lock = {"packages": {"node_modules/lodash": {"version": "4.17.15"}}}
    (root / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return root


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    folder = tmp_path / "osv"
    (folder / "github").mkdir(parents=True)
    details = {"aliases": ["CVE-1"], "summary": "SQL injection\nmore", "database_specific": {"severity": "HIGH"}}
    django = osv("GHSA-1", "PyPI", "django", {"introduced": "3.0"}, {"fixed": "3.2.5"}, **details)
    (folder / "github" / "GHSA-1.json").write_text(django, encoding="utf-8")
    (folder / "broken.json").write_text('{"name": "django"', encoding="utf-8")
    gone = osv("GHSA-2", "PyPI", "django", {"introduced": "0"}, withdrawn="2024-01-01T00:00:00Z")
    (folder / "GHSA-2.json").write_text(gone, encoding="utf-8")
    with zipfile.ZipFile(folder / "npm.zip", "w") as archive:
        archive.writestr("GHSA-3.json", osv("GHSA-3", "npm", "lodash", {"introduced": "0"}, {"fixed": "4.17.21"}))
        archive.writestr("GHSA-4.json", osv("GHSA-4", "npm", "other", {"introduced": "0"}))
    return folder


def scan(
    root: Path, advisories: Path | None = None, allow: tuple[str, ...] = (), **changes: object
) -> DependenciesAnswer:
    request = ScanDependencies.model_validate({"project": "p", **changes})
    return scan_dependencies(root, request, allow=allow, advisories=advisories)


def test_a_database_of_the_person_is_compared_with_and_named(project: Path, advisories: Path) -> None:
    answer = scan(project, advisories)
    assert [(one.id, one.aliases, one.summary, one.severity, one.fixed) for one in answer.vulnerabilities] == [
        ("GHSA-1", ["CVE-1"], "SQL injection", "high", ["3.2.5"]),
        ("GHSA-3", [], "", "", ["4.17.21"]),
    ]
    first = answer.vulnerabilities[0].dependency
    assert (first.name, first.version, first.path, first.line) == ("django", "3.2.1", "requirements.txt", 1)
    assert answer.database.startswith("osv: 5 advisories, the newest of 2024-05-01, ")
    assert (answer.total, answer.checked, answer.unknown) == (4, 3, 1)
    assert answer.notes == []
    assert answer.vulnerabilities[0].source == answer.database
    only_npm = scan(project, advisories / "npm.zip")
    assert [one.id for one in only_npm.vulnerabilities] == ["GHSA-3"]


def test_without_a_database_the_answer_says_that_nothing_was_compared(project: Path, tmp_path: Path) -> None:
    answer = scan(project)
    assert (answer.database, answer.checked, answer.unknown, answer.vulnerabilities) == ("", 0, 4, [])
    assert len(answer.notes) == 1
    assert "No version was compared" in answer.notes[0]
    assert "`findings.advisories`" in answer.notes[0]
    missing = scan(project, tmp_path / "nowhere")
    assert "cannot be read: there is no such folder or zip" in missing.notes[0]
    (tmp_path / "empty").mkdir()
    assert "holds no advisory" in scan(project, tmp_path / "empty").notes[0]
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    assert "cannot be read" in scan(project, tmp_path / "bad.zip").notes[0]
    assert scan(project, vulnerabilities=False).notes == []


def test_reading_a_large_database_is_bounded(advisories: Path) -> None:
    database = read_database(advisories, [("PyPI", "django")], budget_s=-1)
    assert database.count == 0
    assert "within -1 s" in database.problem


def test_lists_are_bounded_and_empty_projects_say_so(project: Path, tmp_path: Path) -> None:
    answer = scan(project, limit=1)
    assert (len(answer.dependencies), answer.total, answer.more) == (1, 4, True)
    (tmp_path / "bare").mkdir()
    assert scan(tmp_path / "bare").reason == "no manifest or lock file names a dependency"


def test_own_environment_is_looked_at_on_request(tmp_path: Path) -> None:
    (tmp_path / "pydantic.json").write_text(osv("GHSA-9", "PyPI", "pydantic", {"introduced": "0"}), encoding="utf-8")
    answer = scan(tmp_path, tmp_path, own=True, limit=10_000)
    assert {one.path for one in answer.dependencies} == {OWN}
    assert {"pydantic", "pyzmq", "tree-sitter"} <= {one.name for one in answer.dependencies}
    assert [one.id for one in answer.vulnerabilities] == ["GHSA-9"]


PIP = {
    "dependencies": [
        {
            "name": "django",
            "version": "3.2.1",
            "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.2.5"], "aliases": ["CVE-1"], "description": "bad\nmore"}],
        },
        {"name": "x", "skip_reason": "y"},
    ]
}
NPM = {
    "vulnerabilities": {
        "lodash": {
            "via": [
                {
                    "source": 1,
                    "title": "Prototype pollution",
                    "url": "https://github.com/advisories/GHSA-7",
                    "severity": "high",
                },
                "other",
            ]
        }
    }
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name, answer in (("pip-audit", PIP), ("npm", NPM)):
        program = folder / name
        (folder / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
        seen = f"{folder}/{name}.seen"
        program.write_text(
            '#!/bin/sh\nif [ "$1" = config ]; then echo https://packages.example/; exit; fi\n'
            f'echo "$@" > {seen}\n/bin/cat requirements.txt >> {seen}\n'
            f"/bin/cat {folder}/{name}.json\nexit 1\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
    return folder


def test_services_are_asked_only_when_their_host_is_allowed(project: Path, advisories: Path, programs: Path) -> None:
    nothing = scan(project)
    assert not list(programs.glob("*.seen"))
    assert nothing.vulnerabilities == []
    answer = scan(project, advisories, allow=("api.osv.dev",))
    assert [(one.id, one.source.split(":")[0]) for one in answer.vulnerabilities] == [
        ("PYSEC-1", "pip-audit"),
        ("GHSA-3", "osv"),
    ]
    assert answer.database.startswith("pip-audit; osv: 5 advisories")
    assert answer.vulnerabilities[0].fixed == ["3.2.5"]
    assert answer.vulnerabilities[0].summary == "bad"
    seen = (programs / "pip-audit.seen").read_text()
    assert "-s osv --no-deps --disable-pip" in seen
    assert seen.endswith("django==3.2.1\nfine==1.0\n")
    assert not (programs / "npm.seen").exists()
    both = scan(project, allow=("api.osv.dev", "packages.example"))
    assert [one.id for one in both.vulnerabilities] == ["PYSEC-1", "GHSA-7"]
    assert "-s osv" in (programs / "pip-audit.seen").read_text()
    assert "--registry=https://packages.example/" in (programs / "npm.seen").read_text()
    assert both.notes == []


def test_what_was_not_asked_is_said(project: Path, programs: Path) -> None:
    answer = scan(project, allow=("api.osv.dev",))
    assert answer.notes == ["npm audit was not asked: `network.allow` of your settings does not name packages.example"]


def test_a_program_that_fails_or_is_missing_is_said(project: Path, programs: Path) -> None:
    (programs / "pip-audit.json").write_text("no JSON", encoding="utf-8")
    (programs / "npm").unlink()
    notes = scan(project, allow=("api.osv.dev", "packages.example")).notes
    assert notes[0] == "pip-audit: exit code 1: it said nothing"
    assert notes[1] == "npm audit is not installed on PATH"
    (programs / "npm").write_text(
        "#!/bin/sh\nif [ $1 = config ]; then echo https://packages.example/; exit; fi\n"
        "echo '{\"error\": 1}'; echo offline >&2\n",
        encoding="utf-8",
    )
    (programs / "npm").chmod(0o755)
    assert "npm audit: exit code 0: offline" in scan(project, allow=("packages.example",)).notes
    (project / "package-lock.json").unlink()
    (project / "yarn.lock").write_text('a@1:\n  version "1.0.0"\n', encoding="utf-8")
    assert "npm audit needs a package-lock.json, and there is none" in scan(project, allow=("packages.example",)).notes


def known(ecosystem: Ecosystem, name: str, version: str) -> list[Dependency]:
    return [Dependency(ecosystem=ecosystem, name=name, version=version, path="lock")]


def test_what_cargo_audit_prints() -> None:
    found = {
        "advisory": {"id": "RUSTSEC-1", "title": "Overflow", "aliases": ["CVE-2"], "cvss": None},
        "package": {"name": "time", "version": "0.1.0"},
        "versions": {"patched": [">=0.2.0"]},
    }
    output = json.dumps({"vulnerabilities": {"list": [found]}}).encode()
    (one,) = audits.read_cargo_audit(output, known("crates.io", "time", "0.1.0"))
    assert (one.id, one.summary, one.fixed, one.aliases, one.severity) == (
        "RUSTSEC-1",
        "Overflow",
        [">=0.2.0"],
        ["CVE-2"],
        "",
    )
    assert list(audits.read_cargo_audit(output, known("crates.io", "time", "0.3.0"))) == []


def test_what_govulncheck_prints() -> None:
    parts = [
        {"config": {"protocol_version": "v1.0.0"}},
        {"osv": {"id": "GO-1", "summary": "Panic", "aliases": ["CVE-3"]}},
        {
            "finding": {
                "osv": "GO-1",
                "fixed_version": "v0.3.8",
                "trace": [{"module": "golang.org/x/text", "version": "v0.3.5"}],
            }
        },
        {
            "finding": {
                "osv": "GO-1",
                "fixed_version": "v0.3.8",
                "trace": [{"module": "golang.org/x/text", "function": "F"}],
            }
        },
    ]
    output = "\n".join(json.dumps(part, indent=2) for part in parts).encode()
    (one,) = audits.read_govulncheck(output, known("Go", "golang.org/x/text", "0.3.5"))
    assert (one.id, one.summary, one.fixed, one.aliases) == ("GO-1", "Panic", ["0.3.8"], ["CVE-3"])
