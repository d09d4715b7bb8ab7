"""The definitions and imports of a text, by the grammar and queries of its language."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from tree_sitter import Node

from aura_languages import LanguageSpec, languages
from aura_languages.grammars import grammar_of
from aura_languages.parsing import Deadline, matches, parse

__all__ = ["Definition", "Import", "Outline", "outline_of", "plain_name"]

_PARSE_CPU_S: Final = 3.0
_HEAD_CHARS: Final = 4096
_KIND: Final = "definition."
_SCOPE: Final = "scope"
_WRAPPERS: Final = frozenset(
    {
        "ambient_declaration",
        "decorated_definition",
        "export_statement",
        "expression_statement",
        "lexical_declaration",
        "template_declaration",
        "type_declaration",
        "variable_declaration",
    }
)
"""Nodes that belong to the one definition inside them: decorators, `export`, `const`, `template <...>`."""
_ABOVE: Final = frozenset({"attribute_item", "decorator"})
_TYPE_ARGUMENTS: Final = re.compile(r"<.*>|\[.*\]|\(.*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition with all that belongs to it."""

    name: str
    qualified: str
    """With the names around it, joined by points."""
    kind: str
    """As the queries of its language say: `function`, `method`, `class`, `constant`."""
    start: int
    """First byte, decorators and attributes included."""
    end: int
    """First byte after it."""
    bare_start: int
    """First byte without decorators and attributes."""
    core_start: int
    """First byte without `export` and the like."""
    comment_start: int
    """First byte of the comments directly above it; `start` when there are none."""
    top_level: bool
    """Whether nothing is around it."""
    has_body: bool


@dataclass(frozen=True, slots=True)
class Import:
    """One statement at the top level that imports."""

    start: int
    end: int
    modules: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    """Pairs of module and imported name; a whole module has an empty name."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a text defines and imports."""

    text: bytes
    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...]
    loose: tuple[tuple[int, int], ...]
    """Spans at the top level that are neither a definition nor an import nor a comment."""
    errors: bool
    """Whether some place does not parse."""

    def named(self, name: str) -> list[Definition]:
        """Definitions that a name means: `load`, `Store.load`, `module.Store.load`."""
        wanted = plain_name(name)
        tail = "." + wanted
        return [one for one in self.definitions if one.qualified == wanted or one.qualified.endswith(tail)]

    def top_names(self) -> set[str]:
        """Names that are defined at the top level, and those of methods that stand there."""
        return {one.qualified for one in self.definitions if one.top_level}

    def code_names(self) -> Counter[str]:
        """Names of everything that has a body, at any depth, and how often each is defined."""
        return Counter(one.qualified for one in self.definitions if one.has_body)


def plain_name(name: str) -> str:
    """`Box` for `*Box<T>`, `a.b` for `a::b`."""
    return _TYPE_ARGUMENTS.sub("", name).replace("::", ".").replace("#", ".").strip("*& .\t\n")


def outline_of(path: str, text: str) -> Outline | None:
    """What a text defines; None when its language has no grammar, or parsing takes too long.

    Args:
        path: Its path, which tells the language.
        text: The text.

    Raises:
        GrammarError: The grammar of its language cannot be loaded.
    """
    spec = languages().of(path, text[:_HEAD_CHARS].encode())
    grammar = None if spec is None else grammar_of(spec)
    if spec is None or grammar is None:
        return None
    data = text.encode()
    tree = parse(grammar.parser, data, Deadline(_PARSE_CPU_S))
    if tree is None:
        return None
    reader = _Reader(data, spec)
    for pattern, roles in matches(grammar.query, tree):
        reader.take(pattern, roles)
    definitions = tuple(reader.definitions())
    imports = tuple(reader.imports())
    loose = tuple(reader.loose(tree.root_node, definitions, imports))
    return Outline(data, definitions, imports, loose, tree.root_node.has_error)


class _Reader:
    def __init__(self, text: bytes, spec: LanguageSpec) -> None:
        self._text = text
        self._spec = spec
        self._found: dict[tuple[int, bool], tuple[int, str, str, str, Node]] = {}
        self._imports: dict[int, tuple[Node, set[str], set[tuple[str, str]]]] = {}

    def take(self, pattern: int, roles: dict[str, list[Node]]) -> None:
        """Take in a match of the query."""
        if "import" in roles:
            self._take_import(roles)
            return
        kind = next((role[len(_KIND) :] for role in roles if role.startswith(_KIND)), "")
        if not kind or "name" not in roles:
            return
        container = ".".join(plain_name(self._of(node)) for node in roles.get("container", ()))
        if "prototype" in roles and self._of(roles["prototype"][0]) != "prototype":
            container = ""
        node = roles[_KIND + kind][0]
        for name in roles["name"]:
            key = (name.start_byte, kind == _SCOPE)
            known = self._found.get(key)
            if known is None or pattern < known[0]:
                self._found[key] = (pattern, kind, plain_name(self._of(name)), container, node)

    def _take_import(self, roles: dict[str, list[Node]]) -> None:
        if "require" in roles and self._of(roles["require"][0]) != "require":
            return
        node = roles["import"][0]
        while node.parent is not None and node.parent.type in {*_WRAPPERS, "import_declaration", "import_spec_list"}:
            node = node.parent
        if node.parent is None or node.parent.parent is not None:
            return  # Imported where it is used.
        _node, modules, names = self._imports.setdefault(node.start_byte, (node, set(), set()))
        module = self._of(roles["module"][0]).strip("\"'`<>") if "module" in roles else ""
        modules.add(module)
        names.update((module, self._of(one)) for one in roles.get("imported", ()))
        if not roles.get("imported"):
            names.add((module, ""))

    def definitions(self) -> Iterator[Definition]:
        """The definitions in order, each with the names around it."""
        ordered = sorted(self._found.values(), key=lambda one: (one[4].start_byte, -one[4].end_byte, one[1] != _SCOPE))
        around: list[tuple[int, str, str]] = []
        for _pattern, kind, name, container, node in ordered:
            while around and around[-1][0] <= node.start_byte:
                around.pop()
            outer = around[-1][1] if around else ""
            qualified = ".".join(part for part in (outer, container, name) if part)
            if kind != _SCOPE:
                top = all(one[2] == _SCOPE for one in around)
                yield self._definition(name, qualified, kind, node, top_level=top)
            around.append((node.end_byte, qualified, kind))

    def _definition(self, name: str, qualified: str, kind: str, node: Node, *, top_level: bool) -> Definition:
        whole = node
        while whole.parent is not None and whole.parent.type in _WRAPPERS and _only_child(whole.parent, whole):
            whole = whole.parent
        start = self._above(whole, _ABOVE)
        comment = self._above(whole, _ABOVE, comments=True)
        bare = node if whole.type == "decorated_definition" else whole
        has_body = node.child_by_field_name("body") is not None or kind in {"class", "struct", "interface", "enum"}
        return Definition(
            name, qualified, kind, start, whole.end_byte, bare.start_byte, node.start_byte, comment, top_level, has_body
        )

    def _above(self, node: Node, kinds: frozenset[str], *, comments: bool = False) -> int:
        """Where the attributes, and on demand the comments, directly above a node begin."""
        start = node.start_byte
        before = node.prev_named_sibling
        while before is not None and (before.type in kinds or (comments and "comment" in before.type)):
            between = self._text[before.start_byte : start][len(before.text or b"") :]
            ended = (before.text or b"").endswith(b"\n")
            if between.strip() or between.count(b"\n") + ended > 1:
                break
            line = self._text.rfind(b"\n", 0, before.start_byte) + 1
            if self._text[line : before.start_byte].strip():
                break
            start = before.start_byte
            before = before.prev_named_sibling
        return start

    def imports(self) -> Iterator[Import]:
        """The statements that import, in order."""
        for start in sorted(self._imports):
            node, modules, names = self._imports[start]
            yield Import(node.start_byte, node.end_byte, tuple(sorted(modules)), tuple(sorted(names)))

    def loose(
        self, root: Node, definitions: tuple[Definition, ...], imports: tuple[Import, ...]
    ) -> Iterator[tuple[int, int]]:
        """What stands at the top level besides."""
        known = sorted((one.start, one.end) for one in (*definitions, *imports))
        starts = [start for start, _ in known]
        furthest = list(accumulate((end for _, end in known), max))
        nearest = list(accumulate((end for _, end in reversed(known)), min))[::-1]
        for node in root.named_children:
            span = (node.start_byte, node.end_byte)
            before, after = bisect_right(starts, span[0]), bisect_left(starts, span[0])
            covered = before > 0 and furthest[before - 1] >= span[1]
            scope = after < len(known) and nearest[after] <= span[1]
            if (
                not covered
                and not scope
                and "comment" not in node.type
                and node.type not in {"package_clause", *_ABOVE}
            ):
                yield span

    def _of(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _only_child(parent: Node, child: Node) -> bool:
    """Whether a wrapper holds one definition alone."""
    if parent.type in {"decorated_definition", "export_statement", "template_declaration", "ambient_declaration"}:
        return True
    others = [one for one in parent.named_children if one.type == child.type]
    return len(others) == 1
