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
from aura_code.refactoring.targets import Offsets, Target, is_member
from aura_code.refactoring.workspace import Draft, OpenFile, Workspace
from aura_code.sources import Sources
from aura_code.structure.lookup import Symbol, family
from aura_code.structure.store import BY_NAME, OUTSIDE

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
_SCRIPT_KEYS: Final = frozenset(
    {
        "property_identifier", "private_property_identifier", "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
    }
)  # fmt: skip
_ACCESSES: Final = frozenset({"field_expression", "selector_expression", "field_access", "method_invocation"})
_PATTERNS: Final = frozenset({"keyword_pattern", "keyed_element", "field_initializer", "token_tree"})
_OF_PROJECT: Final = re.compile(r'\["def",|\["import","\.')
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
        offsets: Offsets | None = None
        assert file.source is not None
        for match in self._word.finditer(file.text):
            start = match.start()
            if self._draft.touches(file, start):
                continue
            node = file.source.root.descendant_for_byte_range(start, start + 1)
            what = self._kind(file, node) if node is not None else ""
            if what == "unknown":
                if node is None or not self._shared or self._local or not self._may_be_meant(file, node):
                    continue
                offsets = offsets or Offsets(file.text)
                if offsets.line_and_column(start) in self._linked.get(file.path, ()) and not _is_key(node):
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

    @cached_property
    def _linked(self) -> dict[str, set[tuple[int, int]]]:
        """Uses and definitions of the name whose meaning is known, by path: line and column."""
        name = self._name.decode()
        rows = self._reader.rows(
            "SELECT f.path, u.line, u.column, u.confidence, coalesce(b.text, '') FROM uses u "
            "JOIN files f ON f.id = u.file LEFT JOIN bindings b ON b.id = u.binding "
            "WHERE u.name = ? AND u.confidence <> ? UNION ALL "
            "SELECT f.path, s.line, s.column, 3, '' FROM symbols s JOIN files f ON f.id = s.file WHERE s.name = ?",
            (name, BY_NAME, name),
        )
        found: dict[str, set[tuple[int, int]]] = {}
        for path, line, column, confidence, binding in cast("list[tuple[str, int, int, int, str]]", rows):
            # A member that a type of the project does not seem to have may come to it by a mapped type.
            if confidence != OUTSIDE or not _OF_PROJECT.search(binding):
                found.setdefault(path, set()).add((line, column))
        return found

    def _may_be_meant(self, file: OpenFile, node: Node) -> bool:
        """Whether a name that nothing changes may be a member: variables, keywords and labels are none."""
        around = node.parent
        if around is None or family(file.language) != self._family:
            return False
        if self._family == "script":
            return node.type in _SCRIPT_KEYS and around.type != "jsx_attribute"
        if around.type == "attribute":
            return around.named_children[-1] == node
        return around.type in _ACCESSES or (self._member and around.type in _PATTERNS)


def _is_key(node: Node) -> bool:
    """Whether a node is key and variable in one, of which the analysis knows the variable."""
    return node.type.startswith("shorthand_property")
