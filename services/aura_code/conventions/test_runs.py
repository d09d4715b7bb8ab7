"""How a project's tests are run, as its own files say."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Final, NamedTuple, cast

from aura_code.conventions.configured import Read

_FRAMEWORKS: Final = ("vitest", "jest", "mocha", "ava", "jasmine", "tap", "borp", "playwright", "cypress")
_SCRIPTS: Final = frozenset({"javascript", "typescript", "tsx"})


class TestRun(NamedTuple):
    """How tests are run."""

    __test__ = False

    command: tuple[str, ...] = ()
    """Empty when that is not clear."""
    framework: str = ""


def test_run(language: str, files: Collection[str], read: Read) -> TestRun:
    """How the tests of a language are run in a project."""
    if language == "python":
        return _python(files, read)
    if language in _SCRIPTS:
        return _script(read)
    for spoken, manifest, run in _BUILDS:
        if language == spoken and read(manifest):
            program, *rest = run.command
            wrapper = _WRAPPERS.get(program, "")
            return TestRun((f"./{wrapper}", *rest), run.framework) if wrapper and read(wrapper) else run
    return _make(read)


_BUILDS: Final = (
    ("go", "go.mod", TestRun(("go", "test", "./..."), "go test")),
    ("go", "go.work", TestRun(("go", "test", "./..."), "go test")),
    ("rust", "Cargo.toml", TestRun(("cargo", "test"), "cargo test")),
    ("java", "pom.xml", TestRun(("mvn", "test"), "maven")),
    ("java", "build.gradle", TestRun(("gradle", "test"), "gradle")),
    ("java", "build.gradle.kts", TestRun(("gradle", "test"), "gradle")),
)
_WRAPPERS: Final = {"mvn": "mvnw", "gradle": "gradlew"}


def _make(read: Read) -> TestRun:
    for name in ("Makefile", "makefile", "GNUmakefile"):
        target = re.search(r"^(test|tests|check)\s*:(?!=)", read(name), re.MULTILINE)
        if target:
            return TestRun(("make", target[1]), "")
    return TestRun()


def _python(files: Collection[str], read: Read) -> TestRun:
    said = "\n".join(read(name) for name in ("pyproject.toml", "tox.ini", "setup.cfg", "noxfile.py"))
    configured = re.search(r"^\[(?:tool\.pytest(?:\.ini_options)?|tool:pytest|pytest)\]", said, re.MULTILINE)
    named = configured or read("pytest.ini") or read(".pytest.ini") or re.search(r"\bpytest\b", said)
    if named or any(path.rpartition("/")[2] == "conftest.py" for path in files):
        return TestRun(("python", "-m", "pytest"), "pytest")
    if read("manage.py") and "django" in read("manage.py").lower():
        return TestRun(("python", "manage.py", "test"), "django")
    for name in ("requirements-dev.txt", "requirements.txt", "dev-requirements.txt", "requirements/test.txt"):
        if re.search(r"^pytest\b", read(name), re.MULTILINE):
            return TestRun(("python", "-m", "pytest"), "pytest")
    tests = [path for path in files if re.search(r"(?:^|/)(?:test_\w+|\w+_test)\.py$", path)]
    if tests and any(
        re.search(r"^\s*(?:import unittest|from unittest import)", read(path), re.MULTILINE) for path in tests[:5]
    ):
        return TestRun(("python", "-m", "unittest", "discover"), "unittest")
    return _make(read)


def _script(read: Read) -> TestRun:
    try:
        found: object = json.loads(read("package.json") or "{}")
    except ValueError:
        return _make(read)
    manifest = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    scripts = _texts(manifest.get("scripts"))
    script = scripts.get("test", "")
    known = {**_texts(manifest.get("devDependencies")), **_texts(manifest.get("dependencies"))}
    framework = next((name for name in _FRAMEWORKS if re.search(rf"\b{name}\b", script)), "")
    framework = framework or next((name for name in _FRAMEWORKS if name in known), "")
    if not framework and re.search(r"\bnode\b.*--test\b", script):
        framework = "node:test"
    if not script or "no test specified" in script:
        return _make(read)
    manager = "npm"
    for lock, name in (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun")):
        manager = name if read(lock) else manager
    command = ("bun", "run", "test") if manager == "bun" else (manager, "test")
    return TestRun(command, framework)


def _texts(value: object) -> dict[str, str]:
    table = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    return {key: one for key, one in table.items() if isinstance(one, str)}
