"""CODEOWNERS: who owns a path, by the rules of GitHub, GitLab and Gitea."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_shared.messages.pulls import ForgeKind

__all__ = ["PLACES", "Owners", "parse_owners"]

PLACES: Final[dict[ForgeKind, tuple[str, ...]]] = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
    "gitea": ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS", ".forgejo/CODEOWNERS"),
    "none": (".github/CODEOWNERS", ".gitlab/CODEOWNERS", ".gitea/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
}
"""Where each looks, in its order; the first one that is there counts."""
_SECTION: Final = re.compile(r"^(?P<optional>\^)?\[(?P<name>[^\]]+)\](?:\[(?P<count>\d+)\])?(?P<rest>\s.*|)$")
_OWNER: Final = re.compile(r"@[\w./-]+|[^\s@]+@[^\s@]+\.[^\s@]+")
_LONGEST: Final = 500
_MOST_RULES: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    owners: tuple[str, ...]
    excludes: bool = False
    """GitLab: paths that the section does not own; Gitea: paths that the expression must not match."""


@dataclass(slots=True)
class _Section:
    name: str = ""
    owners: tuple[str, ...] = ()
    """Of rules without any."""
    optional: bool = False
    rules: list[_Rule] = field(default_factory=list[_Rule])


@dataclass(frozen=True, slots=True)
class Owners:
    """The rules of a file."""

    sections: tuple[_Section, ...] = ()
    every_rule: bool = False
    """Gitea: every rule that matches counts, not only the last."""
    problems: tuple[str, ...] = ()
    """Lines that were left out, and why."""

    def of(self, path: str) -> tuple[str, ...]:
        """Owners of a path, in the order of the file; the last rule that matches counts, in each section."""
        found: dict[str, None] = {}
        for section in self.sections:
            found |= dict.fromkeys(self._in(section, path))
        return tuple(found)

    def _in(self, section: _Section, path: str) -> Sequence[str]:
        if self.every_rule:
            hits = [rule for rule in section.rules if bool(rule.pattern.search(path)) != rule.excludes]
            return [owner for rule in hits for owner in rule.owners]
        hits = [rule for rule in section.rules if rule.pattern.search(path)]
        if not hits or any(rule.excludes for rule in hits):
            return ()
        return hits[-1].owners


def parse_owners(text: str, kind: ForgeKind) -> Owners:
    """Read a CODEOWNERS file as this forge does.

    GitHub: patterns of `.gitignore` without negation and without character classes; a line without owners takes
    ownership away. GitLab: sections (`[Name][2] @default`, `^[Optional]`), whose names ignore case and which are each
    searched alone, and `!pattern`, which excludes. Gitea: expressions over the whole path, `!` negates, and every rule
    that matches counts.
    """
    sections: dict[str, _Section] = {"": _Section()}
    current = sections[""]
    problems: list[str] = []
    for number, raw in enumerate(text.splitlines()[:_MOST_RULES], 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        section = _SECTION.match(line) if kind == "gitlab" else None
        if section is not None:
            current = _open_section(sections, section)
            continue
        try:
            current.rules.append(_rule(line, kind, current))
        except (ValueError, re.error) as error:
            problems.append(f"line {number} was left out: {error}")
    return Owners(tuple(sections.values()), every_rule=kind == "gitea", problems=tuple(problems))


def _open_section(sections: dict[str, _Section], found: re.Match[str]) -> _Section:
    owners = tuple(_OWNER.findall(found["rest"].partition("#")[0]))
    section = sections.setdefault(found["name"].strip().lower(), _Section(found["name"].strip()))
    section.owners = owners or section.owners
    section.optional = bool(found["optional"])
    return section


def _rule(line: str, kind: ForgeKind, section: _Section) -> _Rule:
    if len(line) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    pattern, rest = _split_pattern(line)
    owners = tuple(_OWNER.findall(re.sub(r"\s#.*", "", f" {rest}")))
    excludes = pattern.startswith("!")
    if kind == "gitea":
        return _Rule(re.compile(f"^(?:{pattern.removeprefix('!')})$"), owners, excludes)
    if excludes and kind == "github":
        raise ValueError("GitHub knows no negation with `!`")
    return _Rule(_glob(pattern.removeprefix("!"), kind), owners or section.owners, excludes)


def _split_pattern(line: str) -> tuple[str, str]:
    r"""The pattern and what follows it; `\ ` is a space within the pattern."""
    found = re.match(r"(?:\\.|[^\s\\])+", line)
    pattern = found[0] if found else line
    return pattern, line[len(pattern) :]


def _glob(pattern: str, kind: ForgeKind) -> re.Pattern[str]:
    if kind == "github" and re.search(r"(?<!\\)\[", pattern):
        raise ValueError("GitHub knows no character classes")
    text = re.sub(r"\\([ #@!])", r"\1", pattern)
    # As in .gitignore: a slash at the start or within binds a pattern to the root.
    bound = text.startswith("/") or "/" in text.rstrip("/")
    folder = text.endswith("/")
    out = "^" if bound else "(?:^|/)"
    out += _translated(text.strip("/"))
    if folder:
        return re.compile(f"{out}/")
    # `docs/*` owns files right below docs alone; a name or `**` owns all that is below it.
    return re.compile(f"{out}$" if text.endswith("/*") else f"{out}(?:/|$)")


def _translated(text: str) -> str:
    out, at = "", 0
    while at < len(text):
        if text.startswith("**/", at):
            out, at = f"{out}(?:.*/)?", at + 3
        elif text.startswith("**", at):
            out, at = f"{out}.*", at + 2
        elif text[at] == "\\" and at + 1 < len(text):
            out, at = out + re.escape(text[at + 1]), at + 2
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(text[at]) or re.escape(text[at])
            at += 1
    return out
