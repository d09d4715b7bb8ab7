"""Names of branches: made of a kind, a task and a title; what git allows is checked as git does."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from aura_git.branching.strategy import Kind
from aura_git.running import Git
from aura_shared.errors import UsageProblem

__all__ = ["check_name", "check_pattern", "is_branch_name", "make_name", "slug"]

_LONGEST: Final = 60
_BAD: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")
_LETTERS: Final = dict(zip("ßæÆœŒþÞ", ("ss", "ae", "AE", "oe", "OE", "th", "Th"), strict=True)) | dict(
    zip("øØłŁđĐð\u0131", "oOlLdDdi", strict=True)
)
"""Letters that Unicode does not decompose."""
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PLACES: Final = ("task", "slug", "kind")
_SEPARATORS: Final = re.compile(r"[-_.]{2,}")


def is_branch_name(name: str) -> bool:
    """Whether git allows a branch of this name (git-check-ref-format(1)); for texts that are checked without git."""
    if not name or name == "@" or name.startswith(("-", "/", ".")) or name.endswith(("/", ".")) or name == "HEAD":
        return False
    return _BAD.search(name) is None


def check_name(git: Git, name: str) -> str:
    """The name, when git allows it.

    Raises:
        UsageProblem: It does not.
    """
    if not is_branch_name(name) or git.read("check-ref-format", "--branch", name, ok=(0, 1, 128)).code != 0:
        raise UsageProblem(
            f"{name!r} is no name for a branch: git allows no spaces, no `..`, none of ~^:?*[\\, no leading `-`",
            hint='A title in quotes is made into a name: aura branch start feature "Cart totals".',
        )
    return name


def check_pattern(pattern: str) -> str:
    """What is expected of a pattern for names; empty when it is right."""
    unknown = [one for one in _PLACEHOLDER.findall(pattern) if one not in _PLACES]
    plain = _PLACEHOLDER.sub("x", pattern)
    if unknown or "{" in plain or "}" in plain:
        return "a pattern of {task}, {slug} and {kind}"
    if "{slug}" not in pattern and "{task}" not in pattern:
        return "a pattern with {slug} or {task}"
    return "" if is_branch_name(plain) else "a pattern that makes names which git allows"


def slug(text: str, most: int = _LONGEST) -> str:
    """A text in lower-case ASCII, words joined by `-`, cut between words; empty when nothing is left."""
    spelt = "".join(_LETTERS.get(one, one) for one in text)
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])'(?=[a-z])", "", plain))
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word[:most]
        if len(longer) > most:
            break
        kept = longer
    return kept


def make_name(kind: Kind, pattern: str, *, name: str = "", task: str = "") -> str:
    """The name of a new branch.

    A name that git allows is kept as it is; a title, or a name with a task, is made into one of at most 60 ASCII
    characters.

    Args:
        kind: Its kind.
        pattern: What stands behind the prefix.
        name: Name, version or title.
        task: Identifier of a task, such as `12`, `#12` or `PROJ-12`.

    Raises:
        UsageProblem: Nothing that a name could be made of is left, or the name is too long.
    """
    name, task = name.strip(), task.strip().lstrip("#")
    if name.startswith(kind.prefix):
        name = name.removeprefix(kind.prefix)
    if not name and not task:
        raise UsageProblem(f"a {kind.name} branch needs a name or a task", hint='Or a title: "Cart totals".')
    if name and not task and is_branch_name(kind.prefix + name) and name.isascii():
        return _short_enough(kind.prefix + name)
    return _filled(kind, pattern, name, _task_part(task))


def _task_part(task: str) -> str:
    part = re.sub(r"[^A-Za-z0-9_-]+", "-", task).strip("-_")
    if task and not part:
        raise UsageProblem(f"the task {task!r} has no letter or digit that a name could have")
    return part


def _filled(kind: Kind, pattern: str, name: str, task: str) -> str:
    fixed = len(kind.prefix) + len(pattern.format(task=task, slug="", kind=kind.name))
    words = slug(name, max(_LONGEST - fixed, 0))
    if not words and not task:
        raise UsageProblem(
            f"nothing of {name!r} can stand in a name of ASCII letters and digits", hint="Give a name, or a --task."
        )
    behind = _SEPARATORS.sub("-", pattern.format(task=task, slug=words, kind=kind.name)).strip("-_./")
    if not behind:
        raise UsageProblem(f"nothing of {name!r} and {task!r} can stand in a name", hint="Give a name, or a --task.")
    return _short_enough(kind.prefix + behind)


def _short_enough(name: str) -> str:
    if len(name) > _LONGEST:
        raise UsageProblem(f"{name!r} has {len(name)} characters; a branch has at most {_LONGEST}")
    return name
