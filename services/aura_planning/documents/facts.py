"""What a repository says about itself: each fact with the file and line that says it. Nothing is run."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from aura_planning.documents.manifests import MANIFESTS, read_manifest
from aura_planning.documents.vocabulary import lexicon_of, stem
from aura_shared.errors import AuraError
from aura_shared.security import make_visible, open_inside

__all__ = ["Fact", "Topic", "collect_facts", "line_text", "list_files", "one_line"]

Topic: TypeAlias = Literal[
    "name",
    "description",
    "language",
    "framework",
    "dependency",
    "entry",
    "tests",
    "run-tests",
    "licence",
    "ci",
    "docs",
    "folder",
    "module",
]
_MOST_FILES: Final = 20_000
_MOST_BYTES: Final = 256_000
_MOST_DEPTH: Final = 8
_SKIPPED: Final = frozenset(
    {
        "node_modules",
        "venv",
        "env",
        "dist",
        "build",
        "target",
        "vendor",
        "__pycache__",
        "coverage",
        "htmlcov",
        "out",
        "bin",
        "obj",
        "site-packages",
        "bower_components",
    }
)
_LANGUAGES: Final = {
    ".py": "Python",
    ".js": "JavaScript",
    ".jsx": "JavaScript",
    ".mjs": "JavaScript",
    ".ts": "TypeScript",
    ".tsx": "TypeScript",
    ".go": "Go",
    ".rs": "Rust",
    ".java": "Java",
    ".kt": "Kotlin",
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".c": "C",
    ".h": "C",
    ".cpp": "C++",
    ".cc": "C++",
    ".hpp": "C++",
    ".swift": "Swift",
    ".scala": "Scala",
    ".vue": "Vue",
    ".svelte": "Svelte",
    ".dart": "Dart",
    ".ex": "Elixir",
    ".sh": "Shell",
    ".sql": "SQL",
}
_TESTS: Final = re.compile(
    r"(?:^|/)(?:tests?|spec|__tests__|specs)/|(?:^|/)test_[^/]+\.py$|_test\.(?:py|go|rb)$|\.(?:test|spec)\.[jt]sx?$|Tests?\.(?:java|kt|cs)$"
)
_LICENCES: Final = (
    ("Apache License 2.0", re.compile(r"Apache License")),
    ("MIT License", re.compile(r"\bMIT License|Permission is hereby granted, free of charge")),
    ("GNU AGPL", re.compile(r"GNU AFFERO GENERAL PUBLIC LICENSE", re.IGNORECASE)),
    ("GNU LGPL", re.compile(r"GNU LESSER GENERAL PUBLIC LICENSE", re.IGNORECASE)),
    ("GNU GPL", re.compile(r"GNU GENERAL PUBLIC LICENSE", re.IGNORECASE)),
    ("Mozilla Public License", re.compile(r"Mozilla Public License")),
    ("BSD License", re.compile(r"BSD \d-Clause|Redistribution and use in source and binary forms")),
    ("The Unlicense", re.compile(r"unencumbered software released into the public domain")),
)
_CI: Final = re.compile(
    r"^\.github/workflows/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$|^\.circleci/config\.yml$|^azure-pipelines\.yml$|^Jenkinsfile$|^\.travis\.yml$"
)
_ENTRIES: Final = re.compile(
    r"(?:^|/)(?:__main__|manage|main|app|wsgi|asgi|server|cli)\.py$|(?:^|/)(?:main|index|server|app)\.[jt]s$|(?:^|/)main\.(?:go|rs)$|(?:^|/)(?:Main|Application|Program)\.(?:java|kt|cs)$"
)
_TEST_TARGET: Final = re.compile(r"^(test|check)\s*:(?!=)")
_MOST_OF: Final = {"dependency": 25, "docs": 12, "entry": 8, "folder": 12, "module": 8, "ci": 6}
_MOST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that the repository says."""

    topic: Topic
    text: str
    """What, in one line of plain words."""
    path: str
    """Where, relative to the project."""
    line: int
    detail: str = ""
    """For what, where that is known."""

    @property
    def source(self) -> str:
        """The place as it is written in a document."""
        return f"{self.path}:{self.line}"


def one_line(text: str, most: int = _MOST_TEXT) -> str:
    """Words of a repository as one line that is no Markdown of its own."""
    words = " ".join(make_visible(text).split()).replace("<!--", "").replace("-->", "").replace("|", "/")
    words = words.replace("[", "(").replace("]", ")").lstrip("#>-*+ ")
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}\u2026"


def list_files(root: Path) -> list[str]:
    """Files of a project, sorted; without what is generated or foreign, links, and hidden folders but those of CI."""
    found: list[str] = []
    waiting = [("", 0)]
    while waiting and len(found) < _MOST_FILES:
        folder, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda one: one.name)
        except OSError:
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                hidden = entry.name.startswith(".") and entry.name not in {".github", ".circleci"}
                if (
                    depth < _MOST_DEPTH
                    and not hidden
                    and entry.name.lower() not in _SKIPPED
                    and not entry.name.endswith(".egg-info")
                ):
                    waiting.append((path, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                found.append(path)
    return sorted(path for path in found if path.isprintable())


def line_text(root: Path, path: str, line: int) -> str:
    """What a line of a file of the project says; empty when there is none."""
    lines = _read(root, path).splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def collect_facts(root: Path, idea: str, files: Sequence[str]) -> list[Fact]:
    """What the files of a project say, as far as it matters for a PRD about an idea.

    Args:
        root: The project.
        idea: The sentence that the PRD is made from; modules that share words with it are named.
        files: Paths of the project.
    """
    found: list[Fact] = []
    for name in (path for path in files if path.rpartition("/")[2] in MANIFESTS or path.endswith(".csproj")):
        if name.count("/") <= 1:
            for topic, text, line, detail in read_manifest(name, _read(root, name)):
                found.append(Fact(topic, one_line(text), name, line, one_line(detail)))
    found += _readme(root, files)
    found += _languages(files)
    found += _places(root, files)
    found += _folders(files)
    found += _modules(idea, files)
    return _bounded(found)


def _bounded(found: Sequence[Fact]) -> list[Fact]:
    """Each fact once, and not more of a topic than a person reads."""
    counts: Counter[str] = Counter()
    kept: list[Fact] = []
    seen: set[tuple[str, str]] = set()
    for one in found:
        key = (one.topic, one.text.lower())
        if key in seen or not one.text or counts[one.topic] >= _MOST_OF.get(one.topic, 10):
            continue
        seen.add(key)
        counts[one.topic] += 1
        kept.append(one)
    return kept


def _read(root: Path, path: str) -> str:
    try:
        with open_inside(root, path) as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except (AuraError, OSError):
        return ""


def _readme(root: Path, files: Sequence[str]) -> Iterator[Fact]:
    name = next((path for path in files if re.fullmatch(r"(?i)readme(?:\.md|\.rst|\.txt)?", path)), "")
    if not name:
        return
    titled = False
    for number, line in enumerate(_read(root, name).splitlines()[:80], 1):
        words = line.strip()
        if words.startswith("# ") and not titled:
            titled = True
            yield Fact("name", one_line(re.sub(r"[*_`]|!?\[[^\]]*\]\([^)]*\)", "", words[2:])), name, number)
        elif len(words.split()) >= 4 and not re.match(r"[\[!<#|>`=-]|\*\*?$", words):
            yield Fact("description", one_line(re.sub(r"[*_`]", "", words)), name, number)
            return


def _languages(files: Sequence[str]) -> Iterator[Fact]:
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for path in files:
        language = _LANGUAGES.get(Path(path).suffix.lower())
        if language:
            counts[language] += 1
            first.setdefault(language, path)
    for language, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:6]:
        yield Fact("language", language, first[language], 1, f"{count} {'file' if count == 1 else 'files'}")


def _places(root: Path, files: Sequence[str]) -> Iterator[Fact]:
    """Licence, CI, entry points, tests, documentation."""
    tests = [path for path in files if _TESTS.search(path)]
    if tests:
        folders = Counter(path.rpartition("/")[0] or "." for path in tests)
        folder = min(folders, key=lambda one: (-folders[one], one))
        example = next(path for path in tests if (path.rpartition("/")[0] or ".") == folder)
        yield Fact(
            "tests",
            f"{len(tests)} {'file' if len(tests) == 1 else 'files'} of tests, most of them in {folder}",
            example,
            1,
        )
    for path in files:
        if re.fullmatch(r"(?i)(?:licen[cs]e|copying)(?:\.md|\.txt)?", path):
            yield from _licence(root, path)
        elif _CI.match(path):
            yield Fact("ci", _ci_name(root, path), path, 1)
        elif _ENTRIES.search(path) and not _TESTS.search(path) and path.count("/") <= 3:
            yield Fact("entry", path, path, 1)
        elif path == "Makefile":
            for number, line in enumerate(_read(root, path).splitlines(), 1):
                if target := _TEST_TARGET.match(line):
                    yield Fact("run-tests", f"make {target[1]}", path, number)
        elif re.fullmatch(r"(?:docs?/[^/]+|[A-Z]+)\.(?:md|rst)", path) and not path.lower().startswith("readme"):
            yield Fact("docs", path, path, 1, _heading(root, path))


def _licence(root: Path, path: str) -> Iterator[Fact]:
    lines = _read(root, path).splitlines()
    for name, pattern in _LICENCES:
        for number, line in enumerate(lines[:60], 1):
            if pattern.search(line):
                yield Fact("licence", name, path, number)
                return


def _ci_name(root: Path, path: str) -> str:
    found = re.search(r"^name:\s*[\"']?([^\"'\n]+)", _read(root, path), re.MULTILINE)
    return f"{path.rpartition('/')[2]} ({found[1].strip()})" if found else path.rpartition("/")[2]


def _heading(root: Path, path: str) -> str:
    found = re.search(r"^#\s+(.+)$", _read(root, path), re.MULTILINE)
    return one_line(found[1], 80) if found else ""


def _folders(files: Sequence[str]) -> Iterator[Fact]:
    code = [path for path in files if Path(path).suffix.lower() in _LANGUAGES]
    tops = Counter(
        "/".join(path.split("/")[:2]) if path.count("/") > 1 else path.partition("/")[0] for path in code if "/" in path
    )
    for folder, count in sorted(tops.items(), key=lambda one: (-one[1], one[0]))[:12]:
        example = next(path for path in code if path.startswith(f"{folder}/"))
        yield Fact("folder", folder, example, 1, f"{count} {'file' if count == 1 else 'files'} of code")


def _modules(idea: str, files: Sequence[str]) -> Iterator[Fact]:
    """Files whose names share words with the idea."""
    lexicon = lexicon_of("en")
    common = lexicon.common if lexicon is not None else frozenset[str]()
    wanted = {stem(word): word.lower() for word in re.findall(r"[^\W\d_]{4,}", idea) if word.lower() not in common}
    scored: list[tuple[int, str, str]] = []
    for path in files:
        if Path(path).suffix.lower() in _LANGUAGES and not _TESTS.search(path):
            shared = wanted.keys() & {
                stem(part) for part in re.findall(r"[a-z]{4,}", re.sub(r"([a-z])([A-Z])", r"\1 \2", path).lower())
            }
            if shared:
                scored.append((-len(shared), path, ", ".join(sorted(wanted[one] for one in shared))))
    for _, path, shared in sorted(scored)[:8]:
        yield Fact("module", path, path, 1, f"its name shares {shared} with the sentence")
