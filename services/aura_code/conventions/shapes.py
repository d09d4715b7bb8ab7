"""Questions that are asked of every language: names, indentation, headers, documentation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.conventions.sampling import Sampled
from aura_code.conventions.tallies import Place, Question

_SHAPES: Final = (
    ("UPPER_CASE", re.compile(r"^_*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")),
    ("snake_case", re.compile(r"^_*[a-z][a-z0-9]*(?:_[a-z0-9]+)+_?$")),
    ("kebab-case", re.compile(r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$")),
    ("camelCase", re.compile(r"^_*[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$")),
    ("PascalCase", re.compile(r"^_*[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)*$")),
)


def naming(id_: str, what: str, *ways: str) -> Question:
    """The question how something is named."""
    return Question("naming", id_, tuple((way, f"Name {what} in {way}.") for way in ways))


FUNCTIONS: Final = naming("function names", "functions and methods", "snake_case", "camelCase", "PascalCase")
TYPES: Final = naming("type names", "classes and types", "PascalCase", "snake_case")
CONSTANTS: Final = naming("constant names", "constants", "UPPER_CASE", "camelCase", "PascalCase", "snake_case")
FILES: Final = naming("file names", "files", "snake_case", "kebab-case", "camelCase", "PascalCase")
INDENT: Final = Question(
    "indent",
    "indent",
    (
        ("4", "Indent with four spaces."),
        ("2", "Indent with two spaces."),
        ("8", "Indent with eight spaces."),
        ("tab", "Indent with tabs."),
    ),
)
HEADER: Final = Question(
    "header",
    "header",
    (("licence", "Begin each file with the licence header that the other files have."),),
)
_LICENCE: Final = re.compile(rb"copyright|spdx-license-identifier|licensed under", re.IGNORECASE)
_KINDS: Final = {
    "function": FUNCTIONS,
    "method": FUNCTIONS,
    "class": TYPES,
    "interface": TYPES,
    "struct": TYPES,
    "trait": TYPES,
    "enum": TYPES,
    "type": TYPES,
    "constant": CONSTANTS,
}


def shape_of(name: str) -> str:
    """How a name of several words is written; empty for one word, which says nothing."""
    return next((shape for shape, pattern in _SHAPES if pattern.match(name)), "")


def names(file: Sampled) -> Iterator[Place]:
    """How definitions and files are named."""
    for one in file.structure.definitions if file.structure is not None else ():
        question = _KINDS.get(one.kind)
        special = one.name.startswith("__") or one.entry == "overrides"
        shape = shape_of(one.name)
        if question is None or special or not shape:
            continue
        if question is FUNCTIONS and file.is_test:
            continue
        if question is CONSTANTS and one.parent >= 0 and file.source.language in {"rust", "java"}:
            continue  # A variant of an enum.
        yield Place(question, shape, one.line)
    stem = file.path.rpartition("/")[2].partition(".")[0]
    if shape_of(stem) and not file.is_test:
        yield Place(FILES, shape_of(stem), 1)


def indentation(file: Sampled) -> Iterator[Place]:
    """The step of a file's indentation: the most frequent difference to the line before."""
    steps: Counter[str] = Counter()
    first: dict[str, int] = {}
    before = 0
    for number, line in enumerate(file.source.text.split(b"\n"), 1):
        text = line.lstrip(b" \t")
        if not text.strip() or text.startswith((b"*", b"#", b"//")):
            continue
        margin = line[: len(line) - len(text)]
        width = len(margin)
        if b"\t" in margin:
            steps["tab"] += 1
            first.setdefault("tab", number)
        elif width > before:
            step = str(width - before)
            steps[step] += 1
            first.setdefault(step, number)
        before = width
    if steps.total() >= 3:
        step = steps.most_common(1)[0][0]
        yield Place(INDENT, step, first[step])


def header(file: Sampled) -> Iterator[Place]:
    """Whether a file begins with its licence."""
    yield Place(HEADER, "licence" if _LICENCE.search(file.source.text[:600]) else "none", 1)


def walk(root: Node, *types: str) -> Iterator[Node]:
    """All nodes of some types, in the order of the file."""
    wanted = frozenset(types)
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type in wanted:
            yield node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return
