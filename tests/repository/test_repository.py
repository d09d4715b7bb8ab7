"""What the repository promises about itself."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (
    "aura_bus", "aura_cli", "aura_code", "aura_factory", "aura_gateway", "aura_git", "aura_languages",
    "aura_models", "aura_panel", "aura_planning", "aura_shared", "aura_supervisor",
)  # fmt: skip


def tracked() -> list[Path]:
    """Every text file of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in listed.split(b"\0") if name and (ROOT / name.decode()).is_file()]


def lines_with(pattern: str) -> list[str]:
    """Where a pattern occurs in tracked files."""
    wanted = re.compile(pattern)
    found: list[str] = []
    for file in tracked():
        text = file.read_bytes().decode("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {line[:120]}" for line in text.splitlines() if wanted.search(line)]
    return found


@pytest.mark.requirement("Q2")
def test_no_package_registry_is_named() -> None:
    registries = ("py" + r"pi\.org", "python" + "hosted", r"registry\." + "npmjs", r"deb\." + "debian")
    assert lines_with("|".join(registries)) == []


@pytest.mark.requirement("Q2")
def test_no_path_of_a_machine_is_named() -> None:
    folders = "wo" + "rk|ro" + r"ot|ho" + r"me/(?!you/)[a-z]+|Us" + "ers/[a-z]+"
    assert lines_with(rf"(^|[^A-Za-z0-9_.])/({folders})/") == []


@pytest.mark.requirement("Q2")
def test_every_pin_has_a_hash() -> None:
    for name in ("build", "run", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][^\s=]*==[^\n]*(?:\n[ ]+--hash=[^\n]*)*", text, flags=re.MULTILINE)
        assert pins
        assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


@pytest.mark.requirement("Q2")
def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name, wanted in (
        ("run", project["project"]["dependencies"]),
        ("dev", project["project"]["dependencies"] + project["dependency-groups"]["dev"]),
    ):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pinned = set(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==", text, flags=re.MULTILINE))
        assert {re.split(r"[\[<>=!~ ;]", entry)[0].lower() for entry in wanted} <= pinned


@pytest.mark.requirement("Q1", "Q2")
def test_the_gates_are_as_strict_as_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert project["ruff"]["lint"]["mccabe"]["max-complexity"] <= 10
    assert {"C90", "D", "ANN"} <= set(project["ruff"]["lint"]["select"])
    assert project["basedpyright"]["typeCheckingMode"] == "strict"
    assert project["coverage"]["report"]["fail_under"] >= 90
    assert set(project["coverage"]["run"]["source_pkgs"]) == set(PACKAGES)
    assert set(project["importlinter"]["root_packages"]) == set(PACKAGES)


@pytest.mark.requirement("Q2")
def test_make_test_runs_every_gate_and_ci_runs_make_test() -> None:
    listed = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for gate in ("ruff check", "ruff format --check", "basedpyright", "lint-imports", "requirement_map.py --check",
                 "generate.py --check", "mcp_conformance.py", "-m pytest", "coverage report"):  # fmt: skip
        assert gate in listed, gate
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "make test" in workflow
    assert all(version in workflow for version in ("3.11", "3.12", "3.13"))


@pytest.mark.requirement("Q1")
def test_every_package_says_that_it_is_typed_and_what_it_is_for() -> None:
    for name in PACKAGES:
        (folder,) = [path.parent for path in ROOT.glob(f"*/{name}/py.typed")]
        assert (folder / "__init__.py").read_text(encoding="utf-8").lstrip().startswith('"""'), name


@pytest.mark.requirement("Q2")
def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(PACKAGES)
    data = {
        file.relative_to(ROOT / folder).as_posix()
        for folder in ("services", "shared", "control_panel")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
        and file.suffix in {".scm", ".sql", ".json", ".typed", ".prompt", ".toml", ".tcss"}
        and "__pycache__" not in file.parts
    }
    assert data <= set(names)
    assert [name for name in names if name.endswith(".md")] == []


def test_every_page_of_the_index_exists_and_no_link_inside_the_docs_is_broken() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    broken = [f"{page.relative_to(ROOT)} -> {target}" for page, target in links if not (page.parent / target).exists()]
    assert broken == []
