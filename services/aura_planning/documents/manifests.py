"""Manifests of a repository: name, description, dependencies, entry points and test commands, each with its line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, TypeAlias, cast

__all__ = ["FRAMEWORKS", "MANIFESTS", "read_manifest"]

_Topic: TypeAlias = Literal["name", "description", "framework", "dependency", "entry", "run-tests"]
_Found: TypeAlias = tuple[_Topic, str, int, str]
"""Topic, words, line, detail."""

FRAMEWORKS: Final[Mapping[str, str]] = {
    "django": "Django",
    "flask": "Flask",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "sqlalchemy": "SQLAlchemy",
    "pydantic": "Pydantic",
    "click": "Click",
    "typer": "Typer",
    "textual": "Textual",
    "celery": "Celery",
    "pytest": "pytest",
    "react": "React",
    "vue": "Vue",
    "@angular/core": "Angular",
    "svelte": "Svelte",
    "next": "Next.js",
    "nuxt": "Nuxt",
    "express": "Express",
    "@nestjs/core": "NestJS",
    "fastify": "Fastify",
    "electron": "Electron",
    "vite": "Vite",
    "jest": "Jest",
    "vitest": "Vitest",
    "playwright": "Playwright",
    "tailwindcss": "Tailwind CSS",
    "prisma": "Prisma",
    "tokio": "Tokio",
    "axum": "axum",
    "actix-web": "Actix Web",
    "serde": "Serde",
    "rails": "Ruby on Rails",
    "rspec": "RSpec",
    "laravel/framework": "Laravel",
    "symfony/framework-bundle": "Symfony",
    "github.com/gin-gonic/gin": "Gin",
    "github.com/labstack/echo": "Echo",
    "spring-boot-starter": "Spring Boot",
    "junit": "JUnit",
}
"""Dependencies that a reader knows by another name than that of the package."""
_REQUIREMENT: Final = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def read_manifest(path: str, text: str) -> list[_Found]:
    """What a manifest says; nothing for one that is not well formed."""
    name = path.rpartition("/")[2]
    read = MANIFESTS.get(name) or _csproj
    try:
        return list(_with_frameworks(read(text)))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return []


def _with_frameworks(found: Iterator[_Found]) -> Iterator[_Found]:
    for topic, words, line, detail in found:
        if topic == "dependency":
            name = words.lower()
            known = next(
                (shown for key, shown in FRAMEWORKS.items() if name == key or name.startswith((f"{key}-", f"{key}/"))),
                "",
            )
            if known and (name in FRAMEWORKS or name.startswith(("spring-boot-starter", "github.com/", "junit"))):
                yield "framework", known, line, words
        yield topic, words, line, detail


def _line(text: str, pattern: str, after: int = 0) -> int:
    """Line of the first place that fits, counted from 1; 1 when there is none."""
    found = re.compile(pattern, re.MULTILINE).search(text, after)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _table(value: object, *names: str) -> dict[str, object]:
    for name in names:
        value = cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _pyproject(text: str) -> Iterator[_Found]:
    data = tomllib.loads(text)
    project = _table(data, "project") or _table(data, "tool", "poetry")
    for topic in ("name", "description"):
        if words := _words(project.get(topic)):
            yield topic, words, _line(text, rf"^{topic}\s*="), ""
    listed = project.get("dependencies")
    names = list(cast("dict[str, object] | list[object]", listed)) if isinstance(listed, dict | list) else []
    groups: list[object] = [
        *_table(data, "project", "optional-dependencies").values(),
        *_table(data, "dependency-groups").values(),
    ]
    names += [one for group in groups if isinstance(group, list) for one in cast("list[object]", group)]
    names += [*_table(data, "tool", "poetry", "group", "dev", "dependencies")]
    for one in names:
        found = _REQUIREMENT.match(_words(one))
        if found and found[1].lower() != "python":
            at = max(text.find("dependencies"), 0)
            yield (
                "dependency",
                found[1],
                _line(text, rf"^\s*[\"']?{re.escape(found[1])}\b|[\"'\[,]\s*[\"']{re.escape(found[1])}\b", at),
                "",
            )
    for name, target in [
        *_table(data, "project", "scripts").items(),
        *_table(data, "tool", "poetry", "scripts").items(),
    ]:
        yield "entry", name, _line(text, rf"^{re.escape(name)}\s*="), _words(target)
    if _table(data, "tool", "pytest"):
        yield "run-tests", "pytest", _line(text, r"^\[tool\.pytest"), ""


def _package(text: str) -> Iterator[_Found]:
    data = cast("object", json.loads(text))
    for topic in ("name", "description"):
        if words := _words(_table(data).get(topic)):
            yield topic, words, _line(text, rf'^\s*"{topic}"\s*:'), ""
    for group in ("dependencies", "devDependencies"):
        start = text.find(f'"{group}"')
        for name in _table(data, group):
            yield "dependency", name, _line(text, rf'"{re.escape(name)}"\s*:', max(start, 0)), ""
    for name, target in _table(data, "bin").items():
        yield "entry", name, _line(text, rf'"{re.escape(name)}"\s*:'), _words(target)
    if words := _words(_table(data).get("main")):
        yield "entry", words, _line(text, r'^\s*"main"\s*:'), ""
    if words := _words(_table(data, "scripts").get("test")):
        yield "run-tests", "npm test", _line(text, r'^\s*"test"\s*:'), words


def _cargo(text: str) -> Iterator[_Found]:
    data = tomllib.loads(text)
    for topic in ("name", "description"):
        if words := _words(_table(data, "package").get(topic)):
            yield topic, words, _line(text, rf"^{topic}\s*="), ""
    for name in [*_table(data, "dependencies"), *_table(data, "dev-dependencies")]:
        yield "dependency", name, _line(text, rf"^\[?(?:dependencies\.)?{re.escape(name)}\b"), ""
    if _table(data, "package"):
        yield "run-tests", "cargo test", _line(text, r"^\[package\]"), ""


def _go(text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"module\s+(\S+)", line):
            yield "name", found[1], number, ""
            yield "run-tests", "go test ./...", number, ""
        elif (found := re.match(r"(?:require\s+|\t)([\w.-]+\.[a-z]+/\S+)\s+v", line)) and "// indirect" not in line:
            yield "dependency", re.sub(r"/v\d+\Z", "", found[1]), number, ""


def _requirements(text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.splitlines(), 1):
        if (found := _REQUIREMENT.match(line)) and not line.lstrip().startswith(("#", "-")):
            yield "dependency", found[1], number, ""


def _composer(text: str) -> Iterator[_Found]:
    data = cast("object", json.loads(text))
    for topic in ("name", "description"):
        if words := _words(_table(data).get(topic)):
            yield topic, words, _line(text, rf'^\s*"{topic}"\s*:'), ""
    for name in [*_table(data, "require"), *_table(data, "require-dev")]:
        if "/" in name:
            yield "dependency", name, _line(text, rf'"{re.escape(name)}"\s*:'), ""


def _pom(text: str) -> Iterator[_Found]:
    head = re.split(
        r"<(?:dependencies|build|dependencyManagement)>",
        re.sub(r"(?s)<parent>.*?</parent>", lambda m: "\n" * m[0].count("\n"), text),
        maxsplit=1,
    )[0]
    for topic, tag in (("name", "name"), ("name", "artifactId"), ("description", "description")):
        if found := re.search(rf"<{tag}>([^<]+)</{tag}>", head):
            yield cast("_Topic", topic), found[1].strip(), head.count("\n", 0, found.start()) + 1, ""
    for found in re.finditer(r"(?s)<dependency>.*?<artifactId>([^<]+)</artifactId>", text):
        yield "dependency", found[1].strip(), text.count("\n", 0, found.start(1)) + 1, ""
    yield "run-tests", "mvn test", _line(text, r"<project\b"), ""


def _gradle(text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.search(
            r"\b(?:implementation|api|testImplementation|compileOnly)\b\s*\(?\s*[\"'][^:\"']+:([^:\"']+)", line
        ):
            yield "dependency", found[1], number, ""


def _gemfile(text: str) -> Iterator[_Found]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*gem\s+[\"']([\w-]+)", line):
            yield "dependency", found[1], number, ""


def _csproj(text: str) -> Iterator[_Found]:
    for found in re.finditer(r'<PackageReference\s+Include="([^"]+)"', text):
        yield "dependency", found[1], text.count("\n", 0, found.start()) + 1, ""


MANIFESTS: Final[Mapping[str, Callable[[str], Iterator[_Found]]]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package,
    "Cargo.toml": _cargo,
    "go.mod": _go,
    "requirements.txt": _requirements,
    "composer.json": _composer,
    "pom.xml": _pom,
    "build.gradle": _gradle,
    "build.gradle.kts": _gradle,
    "Gemfile": _gemfile,
}
"""Readers by the name of the file."""
