"""Manifests and lock files of five ecosystems become dependencies with versions, lines and what asked for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_code.tools import manifests
from aura_code.tools.dependencies import joined, missing_locks
from aura_code.tools.manifests import Entry, Reader, find_manifests

pytestmark = pytest.mark.requirement("W3")

CASES: dict[str, tuple[Reader, str, list[Entry]]] = {
    "requirements": (
        manifests.read_requirements,
        "# comment\n-r base.txt\nFlask==2.0.1 ; python_version > '3'  # why\nzope.interface[x]>=5,<6\n"
        "not a requirement!\n\nx==1.*\n",
        [
            Entry("PyPI", "flask", "2.0.1", "==2.0.1", 3, True),
            Entry("PyPI", "zope-interface", "", "<6,>=5", 4, True),
            Entry("PyPI", "x", "", "==1.*", 7, True),
        ],
    ),
    "requirements with hashes": (
        manifests.read_requirements,
        "flask==2.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n",
        [Entry("PyPI", "flask", "2.0.1", "==2.0.1", 1, False)],
    ),
    "pyproject": (
        manifests.read_pyproject,
        '[project]\ndependencies = [\n    "Flask>=2",\n]\noptional-dependencies.x = ["rich==13.0"]\n'
        "[dependency-groups]\n"
        'dev = ["pytest", {include-group = "x"}]\n[tool.poetry.dependencies]\npython = "^3.11"\nclick = "^8"\n'
        'attrs = {version = "^23"}\n[tool.poetry.group.dev.dependencies]\nmypy = "*"\n',
        [
            Entry("PyPI", "flask", "", ">=2", 3, True),
            Entry("PyPI", "rich", "13.0", "==13.0", 5, True),
            Entry("PyPI", "pytest", "", "", 7, True),
            Entry("PyPI", "click", "", "^8", 10, True),
            Entry("PyPI", "attrs", "", "^23", 11, True),
            Entry("PyPI", "mypy", "", "*", 13, True),
        ],
    ),
    "uv.lock": (
        manifests._KINDS["uv.lock"].read,
        'version = 1\n\n[[package]]\nname = "Flask"\nversion = "3.0.0"\nsource = { registry = "x" }\n\n'
        '[[package]]\nname = "own"\n'
        'version = "0.1"\nsource = { editable = "." }\n\n[package.metadata]\nname = "no"\nversion = "1"\n',
        [Entry("PyPI", "flask", "3.0.0", "", 3, False)],
    ),
    "Cargo.lock": (
        manifests._KINDS["Cargo.lock"].read,
        '[[package]]\nname = "serde_json"\nversion = "1.0.1"\nsource = "registry+x"\n\n[[package]]\n'
        'name = "own"\nversion = "0.1.0"\n',
        [Entry("crates.io", "serde_json", "1.0.1", "", 1, False)],
    ),
    "Cargo.toml": (
        manifests.read_cargo,
        '[dependencies]\nserde = "1"\njson = { package = "serde_json", version = "1.0" }\nown = { path = "../own" }\n'
        '[workspace.dependencies]\nlog = "0.4"\n[target."cfg(unix)".dev-dependencies]\nlibc = "0.2"\n',
        [
            Entry("crates.io", "serde", "", "1", 2, True),
            Entry("crates.io", "serde_json", "", "1.0", 3, True),
            Entry("crates.io", "log", "", "0.4", 6, True),
            Entry("crates.io", "libc", "", "0.2", 8, True),
        ],
    ),
    "Pipfile.lock": (
        manifests.read_pipfile_lock,
        '{"default": {"Flask": {"version": "==2.0"}},\n "develop": {"pytest": {"git": "x"}}}',
        [Entry("PyPI", "flask", "2.0", "", 1, False), Entry("PyPI", "pytest", "", "", 2, False)],
    ),
    "package.json": (
        manifests.read_package_json,
        '{\n"dependencies": {"a": "^1"},\n"devDependencies": {"b": "~2", "own": "workspace:*"}\n}',
        [Entry("npm", "a", "", "^1", 2, True), Entry("npm", "b", "", "~2", 3, True)],
    ),
    "package-lock 3": (
        manifests.read_package_lock,
        '{"packages": {\n"": {"version": "1"},\n"node_modules/@x/a": {"version": "1.2.3"},\n'
        '"node_modules/@x/a/node_modules/b": {"version": "2.0.0"},\n"packages/own": {"version": "1"}}}',
        [Entry("npm", "@x/a", "1.2.3", "", 3, False), Entry("npm", "b", "2.0.0", "", 4, False)],
    ),
    "package-lock 1": (
        manifests.read_package_lock,
        '{"dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}}}}',
        [Entry("npm", "a", "1.0.0", "", 1, False), Entry("npm", "b", "2.0.0", "", 1, False)],
    ),
    "pnpm": (
        manifests.read_pnpm_lock,
        "importers:\n  .:\n    x: 1\npackages:\n\n  '@x/a@1.2.3(peer@1.0.0)':\n    resolution: {}\n"
        "  /b@2.0.0:\n  /c/3.0.0:\n"
        "  d@4.0.0-rc.1:\nsnapshots:\n  e@5.0.0:\n",
        [
            Entry("npm", "@x/a", "1.2.3", "", 6, False),
            Entry("npm", "b", "2.0.0", "", 8, False),
            Entry("npm", "c", "3.0.0", "", 9, False),
            Entry("npm", "d", "4.0.0-rc.1", "", 10, False),
        ],
    ),
    "yarn 1 and berry": (
        manifests.read_yarn_lock,
        'a@^1.0, a@^1.1:\n  version "1.2.3"\n  resolved "x"\n\n"@x/b@npm:^2":\n  version: 2.0.0\n\n'
        '"own@workspace:.":\n  version: 0.0.0\n',
        [Entry("npm", "a", "1.2.3", "", 1, False), Entry("npm", "@x/b", "2.0.0", "", 5, False)],
    ),
    "go.mod": (
        manifests.read_go_mod,
        "module example.com/m\n\ngo 1.22\n\nrequire github.com/a/b v1.2.3\n\nrequire (\n"
        "\tgolang.org/x/c v0.1.0 // indirect\n"
        "\tgopkg.in/d.v2 v2.0.0+incompatible\n)\n\nreplace (\n\tgithub.com/a/b v1.2.3 => ./b\n)\n",
        [
            Entry("Go", "github.com/a/b", "1.2.3", "", 5, True),
            Entry("Go", "golang.org/x/c", "0.1.0", "", 8, False),
            Entry("Go", "gopkg.in/d.v2", "2.0.0", "", 9, True),
        ],
    ),
    "pom.xml": (
        manifests.read_pom,
        "<project><properties><v>2.1</v></properties>\n<dependency><groupId>g</groupId><artifactId>a</artifactId>"
        "<version>${v}</version></dependency>\n<dependency><groupId>g</groupId><artifactId>b</artifactId>"
        "<version>[1,2)</version></dependency>\n<dependency><groupId>g</groupId></dependency></project>",
        [Entry("Maven", "g:a", "2.1", "${v}", 2, True), Entry("Maven", "g:b", "", "[1,2)", 3, True)],
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_a_file_names_its_dependencies(case: str) -> None:
    read, text, expected = CASES[case]
    assert list(read(text)) == expected


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def test_locks_take_what_their_manifests_ask_for(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": '[project]\ndependencies = ["Flask>=2", "gone"]\n',
            "uv.lock": '[[package]]\nname = "flask"\nversion = "3.0.0"\n'
            '[[package]]\nname = "jinja2"\nversion = "3.1.0"\n',
            "web/package.json": '{"dependencies": {"react": "^18"}}',
            "node_modules/x/package.json": '{"dependencies": {"y": "1"}}',
            "tests/fixtures/package.json": '{"dependencies": {"y": "1"}}',
            "broken/Cargo.toml": "[",
            "requirements/dev.txt": "pytest==8.0\n",
            "notes.txt": "pytest==8.0\n",
        },
    )
    found = list(find_manifests(tmp_path))
    assert [one.path for one in found] == ["pyproject.toml", "uv.lock", "requirements/dev.txt", "web/package.json"]
    assert [(one.name, one.version, one.wanted, one.path, one.direct) for one in joined(found)] == [
        ("gone", "", "", "pyproject.toml", True),
        ("pytest", "8.0", "==8.0", "requirements/dev.txt", True),
        ("flask", "3.0.0", ">=2", "uv.lock", True),
        ("react", "", "^18", "web/package.json", True),
        ("jinja2", "3.1.0", "", "uv.lock", False),
    ]
    assert missing_locks(found) == ["web/package.json"]


def test_a_lock_above_covers_the_packages_below_and_pins_count_as_a_lock(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "package.json": '{"dependencies": {"a": "1"}}',
            "yarn.lock": 'a@1:\n  version "1.0.0"\n',
            "packages/b/package.json": '{"dependencies": {"a": "1"}}',
            "pyproject.toml": '[project]\ndependencies = ["x"]\n',
            "requirements/base.txt": "x==1.0\n",
        },
    )
    found = list(find_manifests(tmp_path))
    assert missing_locks(found) == []
    assert [(one.name, one.version, one.path) for one in joined(found) if one.ecosystem == "npm"] == [
        ("a", "1.0.0", "yarn.lock")
    ]
