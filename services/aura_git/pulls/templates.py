"""The repository's own template of pull requests: where it is, what its headings ask for, and how it is filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aura_git.commits.changes import read_blob
from aura_git.pulls.blocks import block
from aura_git.repository import Repository
from aura_shared.errors import NotFound
from aura_shared.messages.pulls import ForgeKind

__all__ = ["Template", "fill", "find_template", "headings_of"]

_FORGE_FOLDERS: Final[dict[ForgeKind, tuple[str, ...]]] = {
    "github": (".github/", "", "docs/"),
    "gitlab": (".gitlab/merge_request_templates/",),
    "gitea": (".forgejo/", ".gitea/", ".github/", "", "docs/"),
    "none": (".github/", ".gitlab/merge_request_templates/", ".forgejo/", ".gitea/", "", "docs/"),
}
_NAME: Final = re.compile(r"pull_request_template(?:/[^/]+)?\.(?:md|txt)|pull_request_template", re.IGNORECASE)
_GITLAB: Final = re.compile(r"[^/]+\.md", re.IGNORECASE)
_HEADING: Final = re.compile(r"^ {0,3}(?P<marks>#{1,6})\s+(?P<text>.+?)\s*#*\s*$")
_UNDERLINE: Final = re.compile(r"^ {0,3}(?:=+|-{2,})\s*$")
_FENCE: Final = re.compile(r"^ {0,3}(?:```|~~~)")
_ASKED: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("disclosure", re.compile(r"\bAI\b|\bLLMs?\b|artificial intelligence|generative|\bassistants?\b", re.IGNORECASE)),
    ("risk", re.compile(r"\brisks?\b|breaking|compatib|impact|migration|deploy|depend|\bAPI\b", re.IGNORECASE)),
    ("tests", re.compile(r"\btest(?:s|ed|ing)?\b|\bQA\b|verif|validat", re.IGNORECASE)),
    ("size", re.compile(r"\bsize\b|\bstat(?:s|istics)\b", re.IGNORECASE)),
    ("reviewers", re.compile(r"\breviewers?\b|\bowners?\b", re.IGNORECASE)),
    ("changes", re.compile(r"chang|what (?:does|did|is)|implement|solution|summary|descri", re.IGNORECASE)),
    (
        "why",
        re.compile(r"\bwhy\b|motivat|reason|context|background|purpose|problem|issue|ticket|task|goal", re.IGNORECASE),
    ),
)
_PERSONS: Final = re.compile(r"check-?list|screenshots?|to-?do|before (?:you|submitting)", re.IGNORECASE)
"""What only a person can answer."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template."""

    path: str = ""
    """Empty when the repository has none."""
    text: str = ""
    others: tuple[str, ...] = ()
    """Paths of further ones."""


def find_template(repository: Repository, commit: str, kind: ForgeKind, wanted: str = "") -> Template:
    """The template that counts, as it is in a commit: the forge takes it from there as well.

    Args:
        repository: Which.
        commit: Of the base branch.
        kind: Each forge has its own places; all of them where it is not known.
        wanted: Name of one among several, with or without `.md`.

    Raises:
        NotFound: There is none of that name.
    """
    found = _places(repository, commit, kind)
    if wanted:
        named = [path for path in found if wanted in (path, path.rsplit("/", 1)[-1], _stem(path))]
        if not named:
            raise NotFound(f"there is no template {wanted!r}; there are {', '.join(found) or 'none'}")
        found = [*named, *(path for path in found if path not in named)]
    else:
        # One among several in a folder has to be chosen by name; only GitLab has a default among them.
        single = [path for path in found if "pull_request_template/" not in path.lower() and not _is_choice(path)]
        if not single:
            return Template(others=tuple(found))
        found = [*single, *(path for path in found if path not in single)]
    text = read_blob(repository, commit, found[0]) or ""
    return Template(found[0], text.replace("\r\n", "\n"), tuple(found[1:]))


def _places(repository: Repository, commit: str, kind: ForgeKind) -> list[str]:
    folders = _FORGE_FOLDERS[kind]
    asked = ("ls-tree", "-r", "--name-only", "-z", "--end-of-options", commit)
    roots = (".github", ".gitlab/merge_request_templates", ".forgejo", ".gitea", "docs", "PULL_REQUEST_TEMPLATE")
    paths = repository.git.read(*asked, "--", *roots).items
    paths += repository.git.read(*(one for one in asked if one != "-r")).items
    found: list[str] = []
    for folder in folders:
        name = _GITLAB if folder.startswith(".gitlab") else _NAME
        here = [path for path in paths if path.startswith(folder) and name.fullmatch(path[len(folder) :])]
        found += sorted(here, key=lambda path: (path.count("/"), _stem(path) != "default", path))
    return list(dict.fromkeys(found))


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rpartition(".")[0].lower()


def _is_choice(path: str) -> bool:
    return path.startswith(".gitlab/") and _stem(path) != "default"


def headings_of(text: str) -> list[tuple[int, str]]:
    """Line (from 0) behind each heading, and its text; what stands in code or comments is none."""
    found: list[tuple[int, str]] = []
    lines = text.split("\n")
    fenced = commented = False
    for at, line in enumerate(lines):
        if _FENCE.match(line) and not commented:
            fenced = not fenced
        if not fenced and not commented and (heading := _HEADING.match(line)):
            found.append((at + 1, heading["text"]))
        elif not fenced and not commented and at and _UNDERLINE.match(line) and _may_be_title(lines[at - 1]):
            found.append((at + 1, lines[at - 1].strip()))
        commented = _in_comment(line, commented=commented)
    return found


def _may_be_title(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("#", "-", "*", ">", "|", "<"))


def _in_comment(line: str, *, commented: bool) -> bool:
    if commented and "-->" not in line:
        return True
    return line.rfind("<!--") > line.rfind("-->")


def asked_by(heading: str) -> str:
    """Which of the parts a heading asks for; empty when a person has to answer it."""
    if _PERSONS.search(heading):
        return ""
    return next((part for part, form in _ASKED if form.search(heading)), "")


def fill(template: str, parts: Mapping[str, str]) -> tuple[str, set[str]]:
    """The template with what Aura knows below its headings; nothing of it is taken out.

    Args:
        template: Its text.
        parts: Markdown by part: `why`, `changes`, `risk`, `tests`, `size`, `reviewers`, `disclosure`.

    Returns:
        The text, and which parts found a place. Each stands between two HTML comments.
    """
    lines = template.rstrip("\n").split("\n")
    used: set[str] = set()
    for at, heading in reversed(_first_asked(template)):
        part = asked_by(heading)
        if not parts.get(part):
            continue
        end = _behind_comments(lines, at)
        lines[end:end] = ["", *block(part, parts[part]).split("\n"), ""]
        used.add(part)
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)), used


def _first_asked(template: str) -> list[tuple[int, str]]:
    """Headings whose part no heading before asked for."""
    seen: set[str] = set()
    found: list[tuple[int, str]] = []
    for at, heading in headings_of(template):
        part = asked_by(heading)
        if part and part not in seen:
            seen.add(part)
            found.append((at, heading))
    return found


def _behind_comments(lines: list[str], at: int) -> int:
    """The line behind the comments that explain a heading."""
    end = at
    while end < len(lines):
        if not lines[end].strip():
            end += 1
        elif lines[end].lstrip().startswith("<!--"):
            while end < len(lines) and "-->" not in lines[end]:
                end += 1
            at = end = min(end + 1, len(lines))
        else:
            break
    return at
