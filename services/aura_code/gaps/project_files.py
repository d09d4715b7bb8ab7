"""What every project should have beside its code: a readme, a licence, checks that run by themselves, and so on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_code.places import read_place
from aura_code.tools.adapters import TOOLS, has_sign
from aura_shared.messages.gaps import Gap, GapKind, GapPlace


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that a project should have."""

    path: str
    """What it would be called."""
    known_as: re.Pattern[str]
    """Paths, in lower case, that count."""
    title: str
    why: str
    offer: str
    weight: float


WANTED: Final[tuple[Wanted, ...]] = (
    Wanted(
        "README.md",
        re.compile(r"(?:docs/|\.github/)?readme(?:\.\w+)?"),
        "There is no README",
        "It is the first file that anybody reads: without it nobody knows what the project is for or how to start it.",
        "Aura would write one: what it is, how to set it up, run it and test it, all taken from the project itself.",
        0.9,
    ),
    Wanted(
        "LICENSE",
        re.compile(r"(?:licen[cs]e|copying|unlicense)(?:[-.]\w+)*|licenses/.+"),
        "There is no licence",
        "Without a licence nobody but its authors may use, change or pass on the code, however public it is.",
        "Aura would add the text of the licence that you choose, and name it in the manifest.",
        0.7,
    ),
    Wanted(
        ".gitignore",
        re.compile(r"\.gitignore|\.hgignore"),
        "There is no .gitignore",
        "Build results, environments and files with secrets get committed by accident.",
        "Aura would write one for the languages and tools of the project.",
        0.6,
    ),
    Wanted(
        ".github/workflows/test.yml",
        re.compile(
            r"\.github/workflows/.+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/.+|azure-pipelines\.ya?ml|jenkinsfile|\.travis\.ya?ml"
            r"|bitbucket-pipelines\.ya?ml|\.(?:woodpecker|forgejo|gitea|buildkite|semaphore|teamcity)/.+|\.woodpecker\.ya?ml"
            r"|\.drone\.ya?ml|\.?appveyor\.ya?ml|\.cirrus\.ya?ml|\.builds?/.+\.ya?ml|\.build\.yml|\.azure-pipelines/.+"
            r"|zuul\.d/.+|\.zuul\.ya?ml"
        ),
        "No checks run by themselves",
        "Tests that only run when somebody thinks of them stop being true.",
        "Aura would add a workflow that runs the project's own linters and tests on each change.",
        0.75,
    ),
    Wanted(
        "CHANGELOG.md",
        re.compile(
            r"(?:docs?/.*)?(?:changelog|changes|history|news|releases?(?:[-_]?notes)?)(?:\.\w+)?(?:/.*)?|changelogs?(?:\.d)?/.*|\.changeset/.*|docs?/.*(?:changelog|whatsnew|release).*"
        ),
        "There is no changelog",
        "Whoever updates wants to know what changed for them; commits tell that only to those who wrote them.",
        "Aura would begin one from the commits since the last release.",
        0.35,
    ),
    Wanted(
        "CONTRIBUTING.md",
        re.compile(
            r"(?:docs?/.*|\.github/)?(?:contributing|hacking|development|developers?)(?:[-_.\w]*)|docs?/.*contributing.*"
        ),
        "Nothing says how to contribute",
        "How to set up, test and send a change is asked again and again, and guessed wrong.",
        "Aura would write down the commands that the project really uses.",
        0.3,
    ),
)

_ECOSYSTEM_LOCKS: Final = (
    (
        "package.json",
        re.compile(r"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock"),
    ),
    ("Pipfile", re.compile(r"pipfile\.lock")),
    ("go.mod", re.compile(r"go\.sum")),
    ("Cargo.toml", re.compile(r"cargo\.lock")),
    ("composer.json", re.compile(r"composer\.lock")),
    ("Gemfile", re.compile(r"gemfile\.lock")),
)
_PYTHON_LOCK: Final = re.compile(
    r"uv\.lock|poetry\.lock|pdm\.lock|pylock(?:\..+)?\.toml|(?:requirements/.*|requirements[-\w]*)\.txt|.*\.lock"
)
_CODE: Final = frozenset(
    ["python", "javascript", "typescript", "tsx", "go", "rust", "java", "c", "cpp", "csharp", "kotlin", "ruby", "php"]
)
_SHARE: Final = 0.1
"""Of the files of code; a language below it is not what the project is written in."""
_CHECKERS: Final = frozenset({"mypy", "pyright", "basedpyright", "ty"})


def missing_files(root: Path, listed: Collection[str], languages: Mapping[str, int]) -> list[Gap]:
    """Gaps of the project as a whole.

    Args:
        root: Its folder.
        listed: Its files, at least those of the index; what lies at the top and in `.github` is looked up besides.
        languages: Files by the identifier of their language.
    """
    present = frozenset(name.lower() for name in [*listed, *_names(root)])
    gaps = [
        _gap("project-files", wanted.title, wanted.why, wanted.offer, wanted.weight, wanted.path)
        for wanted in WANTED
        if not any(wanted.known_as.fullmatch(name) for name in present)
    ]
    gaps += _locks(root, present)
    code = {name: count for name, count in languages.items() if name in _CODE}
    gaps += _tooling(root, {name for name, count in code.items() if count >= _SHARE * sum(code.values())})
    if code and not any("tests" in read_place(path).kinds or _rust_tests(root, path) for path in listed):
        gaps.append(
            _gap(
                "tests",
                "There are no tests",
                "Nothing tells whether a change breaks something; people then stop changing what works badly.",
                "Aura would set up the test runner and write first tests for the functions that most depends on.",
                0.95,
                "tests/",
            )
        )
    return gaps


def _rust_tests(root: Path, path: str) -> bool:
    """Rust keeps tests in the file that they test."""
    if not path.endswith(".rs"):
        return False
    try:
        return b"#[cfg(test)]" in (root / path).read_bytes()[:1_000_000]
    except OSError:
        return False


def _names(root: Path) -> Iterator[str]:
    """What lies at the top, and below the folders that hold settings of services."""
    for path in _entries(root):
        yield path.name
        if path.name.startswith(".") and path.name not in {".git", ".venv", ".hg"} and path.is_dir():
            for inner in _entries(path):
                yield f"{path.name}/{inner.name}"
                if inner.is_dir():
                    yield from (f"{path.name}/{inner.name}/{leaf.name}" for leaf in _entries(inner))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:1000]
    except OSError:
        return []


def _locks(root: Path, present: Collection[str]) -> Iterator[Gap]:
    top = [name for name in present if "/" not in name or name.startswith("requirements/")]
    missing = [
        manifest
        for manifest, lock in _ECOSYSTEM_LOCKS
        if _needs_lock(root, manifest) and not any(lock.fullmatch(name) for name in top)
    ]
    if _needs_python_lock(root) and not any(_PYTHON_LOCK.fullmatch(name) for name in top):
        missing.append("pyproject.toml")
    for manifest in missing:
        yield _gap(
            "project-files",
            f"The versions that {manifest} leads to are not locked",
            "Two people, or the same person next month, get other versions: what worked fails, and what was checked is "
            "not what runs.",
            "Aura would make the lock file with the project's package manager and check it in.",
            0.5,
            manifest,
        )


def _needs_lock(root: Path, manifest: str) -> bool:
    text = _text(root / manifest)
    if manifest == "package.json":
        return bool(re.search(r"\"(?:dev)?[dD]ependencies\"\s*:\s*\{\s*\"", text))
    if manifest == "go.mod":
        return bool(re.search(r"^\s*(?:require\b)", text, re.MULTILINE))
    if manifest == "Cargo.toml":
        return bool(re.search(r"^\[\[bin\]\]|^\[workspace", text, re.MULTILINE)) or (
            bool(text) and (root / "src/main.rs").is_file()
        )
    return bool(text)


def _needs_python_lock(root: Path) -> bool:
    return bool(
        re.search(
            r"^\s*dependencies\s*=\s*\[\s*[\"']|^\[tool\.poetry\.dependencies",
            _text(root / "pyproject.toml"),
            re.MULTILINE,
        )
    )


def _tooling(root: Path, languages: Collection[str]) -> Iterator[Gap]:
    has = {tool.name for tool in TOOLS if any(has_sign(root, sign) for sign in tool.signs)}
    others = (
        _text(root / "pyproject.toml")
        + _text(root / "setup.cfg")
        + _text(root / "tox.ini")
        + _text(root / ".pre-commit-config.yaml")
    )
    if "python" in languages:
        if not has & _CHECKERS:
            yield _no_tool("Python", "type checker", "basedpyright", "pyproject.toml")
        other_linter = (
            re.search(r"\b(?:flake8|pylint|pycodestyle|pyflakes)\b", others)
            or (root / ".flake8").is_file()
            or (root / ".pylintrc").is_file()
        )
        if "ruff" not in has and not other_linter:
            yield _no_tool("Python", "linter", "ruff", "pyproject.toml")
    scripts = {"javascript", "typescript", "tsx"}.intersection(languages)
    if (
        scripts
        and not has & {"eslint", "biome"}
        and not re.search(r"\b(?:xo|standard|oxlint|tslint|jshint|eslint)\b", _text(root / "package.json"))
    ):
        yield _no_tool("JavaScript and TypeScript", "linter", "eslint", "eslint.config.js")


def _no_tool(language: str, what: str, example: str, path: str) -> Gap:
    return _gap(
        "tooling",
        f"No {what} is set up for {language}",
        f"A {what} finds in a second what reviews miss, and it settles questions of taste once.",
        f"Aura would set up {example} with rules that the code already keeps, so that it starts without a complaint.",
        0.55,
        path,
    )


def _gap(kind: GapKind, title: str, why: str, offer: str, weight: float, path: str) -> Gap:
    return Gap(kind=kind, title=title, why=why, offer=offer, weight=weight, places=[GapPlace(path=path)])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(1_000_000).decode("utf-8", "replace")
    except OSError:
        return ""
