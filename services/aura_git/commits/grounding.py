"""Whether a text speaks of what a change holds: every identifier that it names has to occur there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_git.commits.contract import StagedChange
from aura_git.commits.grammar import read_header

__all__ = ["Ground", "ungrounded"]

_QUOTED: Final = re.compile(r"`([^`\n]+)`")
_NAME: Final = re.compile(
    r"(?<![\w./@-])(?:"
    r"[\w@-]+(?:/[\w.@*-]+)+"  # a/path
    r"|[A-Za-z_][\w-]*(?:(?:\.|::|#)[A-Za-z_][\w-]*)+"  # a.name, a::name, a file
    r"|[A-Za-z]\w*_\w+|_\w+"  # snake_case
    r"|[a-z]+[a-z\d]*[A-Z]\w*"  # camelCase
    r"|[A-Z][a-z\d]+(?:[A-Z][a-z\d]*)+"  # PascalCase
    r"|[A-Za-z]\w*(?=\()"  # call(
    r"|--[a-z][\w-]+"  # --option
    r"|v?\d+\.\d+(?:\.\d+)*[\w.-]*"  # a version
    r")"
)
_WORDS: Final = re.compile(r"[\w$]+")
_FOOTER: Final = re.compile(r"^(?:[A-Z][\w-]*-by|Refs?|Closes|Fixes|Resolves|See|Change-Id)(?:: | #)")
_ADDRESS: Final = re.compile(r"\bhttps?://\S+")
_ORDINARY: Final = frozenset(
    {
        *("GitHub", "GitLab", "JavaScript", "TypeScript", "PyPI", "macOS", "iOS", "OAuth", "GraphQL", "PostgreSQL"),
        *("MySQL", "NodeJS", "DevTools", "IntelliJ", "WebSocket", "OpenAPI", "YouTube", "README.md", "e.g", "i.e"),
        *("and/or", "read/write", "input/output", "Co-authored-by", "Signed-off-by"),
    }
)


class Ground:
    """The words of a change, made once for many questions."""

    def __init__(self, change: StagedChange) -> None:
        paths = " ".join(f"{one.path} {one.old_path}" for one in change.paths)
        self._text = f"{paths}\n{change.diff}"
        self._words = frozenset(_WORDS.findall(self._text))

    def holds(self, name: str) -> bool:
        """Whether a name occurs, as a whole or each of its parts."""
        name = name.strip().rstrip(".,:;()")
        if not name or name in self._text:
            return True
        parts = _WORDS.findall(name)
        return bool(parts) and all(part in self._words for part in parts)


def ungrounded(text: str, change: StagedChange) -> list[str]:
    """Identifiers that a text names and the change does not hold, in order, each once.

    Identifiers are what no prose is: `load_page`, `loadPage`, `Store.get`, `src/app.py`, `run()`, `--flag`, versions,
    and all that stands in backticks. Footers such as `Refs: #12` are not looked at.
    """
    ground = Ground(change)
    found = [name for name in _names(text) if name not in _ORDINARY and not ground.holds(name)]
    return list(dict.fromkeys(found))


def _names(text: str) -> Iterator[str]:
    first, _, rest = text.partition("\n")
    text = f"{read_header(first).description}\n{rest}"
    prose = [_ADDRESS.sub("", line) for line in text.split("\n") if not _FOOTER.match(line)]
    left = "\n".join(prose)
    yield from _QUOTED.findall(left)
    for found in _NAME.finditer(_QUOTED.sub(" ", left)):
        yield found[0].rstrip(".-")
