"""Where else a name stands: in code that could not be resolved, in strings, in comments and in documents."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, cast

from tree_sitter import Node

from aura_code.files import list_files
from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.scoping import scoping_of
from aura_code.refactoring.targets import Offsets, Target, is_member
from aura_code.refactoring.workspace import Draft, OpenFile, Workspace
from aura_code.sources import Sources
from aura_code.structure.lookup import Symbol, family
from aura_code.structure.store import BY_NAME

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_MOST_BYTES: Final = 1_000_000
_READING_S: Final = 6.0  # Of reading all files for a name; what is left out is said.
_MOST: Final = 400
_SAY: Final = {
    "unknown": "not changed; it is not known what it belongs to.",
    "string": "not changed; a string that is this very name.",
    "text": "not changed; a string speaks of it.",
    "comment": "not changed; a comment speaks of it.",
    "document": "not changed; a document speaks of it.",
}
_What = Literal["unknown", "string", "text", "comment", "document", ""]
_CONTENTS: Final = frozenset({"string_content", "string_fragment", "interpreted_string_literal_content"})


@dataclass(slots=True)
class Mentions:
    """What a person should look at."""

    doubtful: list[str] = field(default_factory=list[str])
    """Places that may be meant."""
    notes: list[str] = field(default_factory=list[str])
    """Places that only speak of it."""


def find_mentions(
    reader: StructureReader, workspace: Workspace, draft: Draft, target: Target, symbols: Sequence[Symbol]
) -> Mentions:
    """Where the name stands that is not changed.

    A variable of a function is looked for in its own file only.
    """
    found = Mentions()
    scan = _Scan(reader, workspace, draft, target, symbols)
    if target.file is not None:
        paths = [target.file.path]
    else:
        paths = [file.path for file in list_files(workspace.root).files if file.size <= _MOST_BYTES]
    until = time.monotonic() + _READING_S
    for place, path in enumerate(paths):
        if time.monotonic() > until:
            found.notes.append(f"{len(paths) - place} files were not searched for the name in texts.")
            break
        for what, where in scan.file(path):
            listed = found.doubtful if what in {"unknown", "string"} else found.notes
            if len(listed) < _MOST:
                listed.append(f"{where}: {_SAY[what]}")
    found.notes.sort(key=lambda note: ("comment" in note, "document" in note))
    return found


class _Scan:
    def __init__(
        self,
        reader: StructureReader,
        workspace: Workspace,
        draft: Draft,
        target: Target,
        symbols: Sequence[Symbol],
    ) -> None:
        self._reader = reader
        self._workspace = workspace
        self._draft = draft
        self._sources = Sources(workspace.root)
        self._name = target.name.encode()
        self._word = re.compile(rb"(?<![\w$])" + re.escape(self._name) + rb"(?![\w$])")
        self._family = family(target.language)
        self._member = any(is_member(one) or one.parent is not None for one in symbols)
        self._shared = self._member or (self._family == "script" and any(one.public for one in symbols))
        self._local = target.local is not None
        self._scope = target.local.scope if target.local is not None else None

    def file(self, path: str) -> Iterator[tuple[_What, str]]:
        """What one file says."""
        content = self._sources.read(path)
        if content is None or self._name.decode() not in content.text:
            return
        file = self._workspace.try_open(path) if path in self._workspace.digests else None
        if file is None or file.source is None:
            text = content.text.encode("utf-8", "replace")
            for match in self._word.finditer(text):
                line = text.count(b"\n", 0, match.start()) + 1
                yield "document", f"{path}:{line}"
                return  # One place is enough to find the others.
            return
        yield from self._code(file)

    def _code(self, file: OpenFile) -> Iterator[tuple[_What, str]]:
        resolved: set[int] | None = None
        for match in self._word.finditer(file.text):
            start = match.start()
            if self._draft.touches(file, start):
                continue
            assert file.source is not None
            node = file.source.root.descendant_for_byte_range(start, start + 1)
            if node is None:
                continue
            what = self._kind(file, node)
            if what == "unknown":
                if self._local or family(file.language) != self._family or not self._shared:
                    continue
                if resolved is None:
                    resolved = self._resolved(file)
                if start in resolved or not self._may_be_meant(node):
                    continue
            if what and self._is_about(start, what):
                yield what, file.place(start)

    def _is_about(self, start: int, what: _What) -> bool:
        """Of a variable of a function: whether a text within its function speaks of it."""
        if not self._local:
            return True
        node = getattr(self._scope, "node", None)
        within = isinstance(node, Node) and node.start_byte <= start < node.end_byte
        return within and what in {"comment", "text"}

    def _kind(self, file: OpenFile, node: Node) -> _What:
        if "comment" in node.type:
            return "comment"
        if node.type in _CONTENTS or "string" in node.type or node.type == "template_string":
            content = file.text[node.start_byte : node.end_byte].strip(b"\"'`")
            exact = content == self._name or (
                not self._local and re.fullmatch(rb"[\w$.:/-]*[.:]" + re.escape(self._name), content)
            )
            if self._local:
                return "text"
            return "string" if exact else "text"
        return "unknown"

    def _resolved(self, file: OpenFile) -> set[int]:
        """Places of the name that are known to mean something else."""
        found: set[int] = set()
        scoping = scoping_of(file.source)
        if scoping is not None:
            found |= scoping.by_spot.keys()
            found |= {taken.at for one in scoping.named for taken in one.taken}
            found |= scoping.free.keys()
        offsets = Offsets(file.text)
        found |= {offsets.at(line, column) for line, column in self._linked.get(file.path, ())}
        return found

    @cached_property
    def _linked(self) -> dict[str, list[tuple[int, int]]]:
        """Uses and definitions of the name whose meaning is known, by path: line and column."""
        name = self._name.decode()
        rows = self._reader.rows(
            "SELECT f.path, u.line, u.column FROM uses u JOIN files f ON f.id = u.file "
            "WHERE u.name = ? AND u.confidence <> ? UNION ALL "
            "SELECT f.path, s.line, s.column FROM symbols s JOIN files f ON f.id = s.file WHERE s.name = ?",
            (name, BY_NAME, name),
        )
        found: dict[str, list[tuple[int, int]]] = {}
        for path, line, column in cast("list[tuple[str, int, int]]", rows):
            found.setdefault(path, []).append((line, column))
        return found

    def _may_be_meant(self, node: Node) -> bool:
        """Whether a name that nothing resolved may be a member: keywords of calls and labels are none."""
        around = node.parent
        if around is None:
            return True
        if around.type == "keyword_argument":
            return False
        if self._family in SCRIPTS or self._family == "script":
            return around.type not in {"labeled_statement", "break_statement", "jsx_attribute"}
        return around.type in {
            "attribute",
            "field_expression",
            "selector_expression",
            "field_access",
            "method_invocation",
        } or (self._member and around.type in {"keyword_pattern", "keyed_element", "field_initializer", "token_tree"})
