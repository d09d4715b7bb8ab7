"""Files: what is tracked and should not be, what is not ignored, and what differs only here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from aura_git.health.findings import Look, finding
from aura_git.safety.secrets import scan_text
from aura_shared.errors import AuraError
from aura_shared.messages.git_health import HealthFinding

__all__ = ["BUILD", "check_attributes", "check_case", "check_ignored", "check_tracked", "ignore_entries"]

BUILD: Final = (
    "__pycache__", "node_modules", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".gradle",
    ".next", ".nuxt", ".turbo", ".parcel-cache", ".eggs", "htmlcov", ".terraform", ".ipynb_checkpoints", ".idea",
    ".DS_Store",
)  # fmt: skip
_BY_MANIFEST: Final = {
    "Cargo.toml": ("target",),
    "pom.xml": ("target",),
    "package.json": ("dist", "coverage"),
    "pyproject.toml": ("dist", "build"),
}
_ENDINGS: Final = re.compile(
    r"\.(?:pyc|pyo|class|o|obj|egg-info|swp|swo)$|(?:^|/)(?:\.DS_Store|Thumbs\.db|\.coverage|npm-debug\.log)$"
)
_SECRET: Final = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example|sample|template|dist|test|defaults?)[^/]*)?|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[^/]+\.(?:p12|pfx|jks)|\.npmrc|\.pypirc|\.netrc|credentials\.json|[^/]*private[^/]*\.(?:pem|key))$"
)
_WITHIN: Final = {
    ".npmrc": re.compile(r"_(?:auth(?:token)?|password)\s*=\s*(?!\s*(?:\$\{|$))", re.IGNORECASE | re.MULTILINE),
    ".pypirc": re.compile(r"^\s*password\s*[=:]\s*\S", re.IGNORECASE | re.MULTILINE),
    ".netrc": re.compile(r"\bpassword\s+\S"),
    "credentials.json": re.compile(r"\"(?:private_key|client_secret|password|token|secret\w*)\"\s*:\s*\"[^\"]"),
    ".pem": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    ".key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
}
"""What makes a secret of files that many projects have without one: settings of npm, public keys."""
_SET: Final = re.compile(r"^\s*(?:export\s+)?\w+\s*=\s*\S", re.MULTILINE)
_MOST_READ: Final = 200_000
_SAMPLES: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|testdata|test-data|fixtures?|examples?|samples?|playgrounds?|demos?|e2e|specs?|mocks?"
    r"|benchmarks?|docs|__tests__|__fixtures__|__mocks__|vendor|third_party)/",
    re.IGNORECASE,
)
"""Folders in which what would be a mistake elsewhere is usually there on purpose."""


def ignore_entries(paths: Iterable[str], manifests: Iterable[str]) -> dict[str, int]:
    """Entries for `.gitignore` that cover what is built, each with how many paths it covers."""
    found: dict[str, int] = {}
    names = set(BUILD) | {name for manifest in manifests for name in _BY_MANIFEST.get(manifest, ())}
    for path in paths:
        parts = path.rstrip("/").split("/")
        entry = next((f"{one}/" if one != ".DS_Store" else one for one in parts if one in names), "")
        if not entry and (ending := _ENDINGS.search(path.rstrip("/"))):
            entry = (
                f"*{ending[0]}"
                if ending[0].startswith(".") and not path.endswith(("/" + ending[0], ".coverage"))
                else PurePosixPath(path).name
            )
        if not entry and path.rstrip("/").endswith(".egg-info"):
            entry = "*.egg-info/"
        if entry:
            found[entry] = found.get(entry, 0) + 1
    return found


def check_ignored(look: Look) -> Iterator[HealthFinding]:
    """Untracked build output that no `.gitignore` covers."""
    git = look.repository.git
    untracked = git.read(
        "ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"
    ).items
    entries = ignore_entries(untracked, _manifests(look))
    if entries:
        yield finding(
            "missing-ignore", "warning", "build output is not ignored", "one `git add --all` would commit it",
            [(entry, f"covers {count} untracked") for entry, count in entries.items()],
            "aura git health --fix missing-ignore", fix=True,
        )  # fmt: skip


def _manifests(look: Look) -> list[str]:
    return [name for name in _BY_MANIFEST if (look.repository.root / name).is_file()]


def check_tracked(look: Look) -> Iterator[HealthFinding]:
    """Tracked files that are ignored or built, and files that usually hold secrets."""
    git = look.repository.git
    tracked = git.read("ls-files", "-z").items
    ignored = set(git.read("ls-files", "-z", "--cached", "--ignored", "--exclude-standard").items)
    built = [
        path
        for path in tracked
        if not _SAMPLES.search(path)
        and (_is_built(path) or (path in ignored and any(part in BUILD for part in path.split("/"))))
    ]
    if built:
        yield finding(
            "tracked-build-output", "warning", "build output is tracked", "it changes with each build and each machine",
            [(path, "ignored, yet tracked" if path in ignored else "") for path in built],
            "aura git health --fix tracked-build-output", fix=True,
        )  # fmt: skip
    yield from _secrets(look, tracked)
    done = set(built)
    rest = [path for path in ignored if path not in done and not _SAMPLES.search(path)]
    if rest:
        yield finding(
            "tracked-ignored", "note", "tracked files match .gitignore", "new ones beside them are silently left out",
            [(path, "") for path in sorted(rest)], "git check-ignore --no-index --verbose -- PATH",
        )  # fmt: skip


def _secrets(look: Look, tracked: Iterable[str]) -> Iterator[HealthFinding]:
    """Files that usually hold secrets; a problem where they do, as far as their text tells."""
    found = [(path, _kept_in(look, path)) for path in tracked if _SECRET.search(path) and not _SAMPLES.search(path)]
    secret = [(path, what) for path, what in found if what is not None]
    if secret:
        sure = any(what for _, what in secret)
        yield finding(
            "tracked-secrets", "problem" if sure else "warning", "files that usually hold secrets are tracked",
            "everybody with a clone has them, also after they are deleted: change the secrets", secret,
            "git rm --cached -- PATH",
        )  # fmt: skip


def _kept_in(look: Look, path: str) -> str | None:
    """What a file holds that is secret; empty where only its name says so, None where it holds nothing of the kind."""
    name = path.rsplit("/", 1)[-1]
    within = next((form for end, form in _WITHIN.items() if name.endswith(end)), None)
    try:
        text = _indexed(look, path)
    except (AuraError, OSError):
        return ""
    if within is not None:
        return "a password, token or key stands in it" if within.search(text) else None
    if not name.startswith(".env"):
        return "a key, by its name" if text else None
    if not _SET.search(text):
        return None
    return "what looks like a secret stands in it" if scan_text(path, enumerate(text.split("\n"), 1)) else ""


def _indexed(look: Look, path: str) -> str:
    """The beginning of a tracked file as it is committed next."""
    out = look.repository.git.read("cat-file", "blob", f":{path}").out
    return out[:_MOST_READ].decode(errors="replace")


def _is_built(path: str) -> bool:
    parts = path.split("/")
    sure = {"__pycache__", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", ".ipynb_checkpoints"}
    return any(part in sure for part in parts[:-1]) or bool(_ENDINGS.search(path))


def check_case(look: Look) -> Iterator[HealthFinding]:
    """Paths that differ only by case."""
    seen: dict[str, str] = {}
    twins: list[tuple[str, str]] = []
    for path in look.repository.git.read("ls-files", "-z").items:
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            twins.append((path, f"and {other}"))
    if twins:
        yield finding(
            "case-twins", "problem", "paths differ only by case", "on macOS and Windows one overwrites the other",
            twins,
            "git mv -- OLD NEW",
        )  # fmt: skip


def check_attributes(look: Look) -> Iterator[HealthFinding]:
    """Line ends against `.gitattributes`, LFS pointers without LFS, and submodules out of step."""
    root, git = look.repository.root, look.repository.git
    attributes = (root / ".gitattributes").read_text(errors="replace") if (root / ".gitattributes").is_file() else ""
    if re.search(r"\btext(?:=auto)?\b|\beol=", attributes):
        lines = [one.split("\t", 1) for one in git.read("ls-files", "--eol", "-z").items]
        wrong = [
            (path, facts.split()[0])
            for facts, path in lines
            if re.match(r"i/(?:crlf|mixed)\s", facts) and re.search(r"attr/text", facts)
        ]
        if wrong:
            yield finding(
                "line-ends", "warning", "files hold CRLF although .gitattributes says text",
                "every checkout shows them as changed",
                wrong, "git add --renormalize .",
            )  # fmt: skip
    if "filter=lfs" in attributes and not git.config("filter.lfs.process") and not git.config("filter.lfs.smudge"):
        yield finding(
            "lfs-missing", "problem", "files are in LFS, but git-lfs is not set up",
            "what is added now is committed whole",
            [(".gitattributes", "filter=lfs")], "git lfs install --local",
        )  # fmt: skip
    if (root / ".gitmodules").is_file():
        lines = git.read("submodule", "status", ok=(0, 1, 128)).lines
        states = {"+": "another commit is checked out", "U": "in conflict"}
        apart = [(line[1:].split(" ")[1], states[line[0]]) for line in lines if line and line[0] in states]
        absent = [(line[1:].split(" ")[1], "") for line in lines if line.startswith("-")]
        if apart:
            yield finding(
                "submodules", "warning", "submodules are out of step", "builds differ from those of others", apart,
                "git submodule update --init --recursive",
            )  # fmt: skip
        elif absent:  # As after every plain clone: nothing is wrong, but what needs them cannot be built.
            yield finding(
                "submodules", "note", "submodules are not checked out", "what needs them cannot be built here", absent,
                "git submodule update --init --recursive",
            )  # fmt: skip
