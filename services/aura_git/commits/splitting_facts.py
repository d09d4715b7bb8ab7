"""What is known of each piece of a change: what it is for, which definitions it touches, which names come and go."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Literal

from aura_git.commits.kinds import LOCK_FILES, MANIFESTS, PathKind, kind_of
from aura_git.commits.splitting_pieces import FileChange, Piece
from aura_languages.definitions import Outline, outline_of
from aura_languages.grammars import GrammarError

__all__ = ["Facts", "Kind", "read_facts", "stems_of", "words_of"]

Kind = Literal["code", "tests", "docs", "dependencies", "build"]

_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
_KINDS: Final[Mapping[PathKind, Kind]] = {
    "test": "tests",
    "docs": "docs",
    "changelog": "docs",
    "ci": "build",
    "build": "build",
    "config": "build",
    "lock": "dependencies",
}
_INDENTED: Final = frozenset({".py", ".pyi", ".yml", ".yaml", ".coffee", ".haml", ".pug", ".nim"})
_SHORT: Final = 3
_MOST_OUTLINED: Final = 120
"""Files whose definitions are read; the rest of a very large change is told apart by paths and words."""
_TEST_STEM: Final = re.compile(r"^(?:tests?_)|(?:[._-](?:tests?|spec|bench))$")


@dataclass(slots=True)
class Facts:
    """What is known of a piece."""

    piece: Piece
    kind: Kind
    symbols: set[str] = field(default_factory=set[str])
    """Definitions that it is in or that lie in it: `PATH::Store.load`."""
    shown: str = ""
    """The definition to show for it."""
    defines: set[str] = field(default_factory=set[str])
    """Names that it brings into the project's changed files."""
    removes: set[str] = field(default_factory=set[str])
    """Names that go with it."""
    moves: set[str] = field(default_factory=set[str])
    """Names that it takes or brings, and that are defined elsewhere before or afterwards."""
    uses: set[str] = field(default_factory=set[str])
    """Words in the lines that come."""
    drops: set[str] = field(default_factory=set[str])
    """Words in the lines that go."""
    formatting: bool = False
    """Whether only spacing differs."""
    changed: Counter[str] = field(default_factory=Counter[str])
    """Words in lines that come or go, and how often."""

    @property
    def path(self) -> str:
        """File that it belongs to."""
        return self.piece.path


def read_facts(files: Sequence[FileChange]) -> dict[str, Facts]:
    """Facts of every piece, by its identifier, in the order of the files."""
    outlines = {
        one.path: (_outline(one.old_path or one.path, one.old), _outline(one.path, one.new))
        for one in files[:_MOST_OUTLINED]
    }
    old_names = Counter(name for old, _new in outlines.values() for name in _names(old))
    new_names = Counter(name for _old, new in outlines.values() for name in _names(new))
    found: dict[str, Facts] = {}
    for change in files:
        old, new = outlines.get(change.path, (None, None))
        kind = _kind(change.path)
        for piece in change.pieces:
            facts = Facts(piece, kind)
            _take_words(facts, change)
            _take_names(facts, change, (old, new), (old_names, new_names))
            found[piece.id] = facts
    return found


def _kind(path: str) -> Kind:
    name = PurePosixPath(path).name.lower()
    if name in LOCK_FILES or name in MANIFESTS:
        return "dependencies"
    return _KINDS.get(kind_of(path), "code")


def _outline(path: str, data: bytes | None) -> Outline | None:
    if data is None or b"\0" in data:
        return None
    try:
        return outline_of(path, data.decode(errors="replace"))
    except GrammarError:
        return None


def _names(outline: Outline | None) -> set[str]:
    return {one.name for one in outline.definitions if len(one.name) >= _SHORT} if outline else set()


def words_of(text: str) -> set[str]:
    """Words of a text that could be names."""
    return {word for word in _WORD.findall(text) if len(word) >= _SHORT}


def stems_of(path: str) -> set[str]:
    """What a file is called without what marks tests: both `test_cart.py` and `cart.test.ts` give `cart`."""
    stem = PurePosixPath(path).name.rsplit(".", 1)[0].lower()
    return {_TEST_STEM.sub("", stem)} - {"", "init", "__init__", "index", "main", "mod", "lib"}


def _take_words(facts: Facts, change: FileChange) -> None:
    piece = facts.piece
    facts.uses, facts.drops = words_of(piece.new), words_of(piece.old)
    old, new = Counter(_WORD.findall(piece.old)), Counter(_WORD.findall(piece.new))
    differ = (old - new) + (new - old)
    facts.changed = Counter({word: count for word, count in differ.items() if len(word) >= _SHORT})
    facts.formatting = bool(piece.old or piece.new) and not change.old_path and _same_but_spacing(piece, facts.kind)


def _same_but_spacing(piece: Piece, kind: Kind) -> bool:
    if kind == "docs":  # Between words: `setup` and `set up` are two spellings.
        return not piece.whole and piece.old.split() == piece.new.split()
    if piece.whole or "".join(piece.old.split()) != "".join(piece.new.split()):
        return False
    if PurePosixPath(piece.path).suffix not in _INDENTED:
        return piece.old.split() == piece.new.split() or not set("'\"`") & set(piece.old)
    return _indents(piece.old) == _indents(piece.new)


def _indents(text: str) -> list[int]:
    return [len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()]


def _take_names(
    facts: Facts,
    change: FileChange,
    outlines: tuple[Outline | None, Outline | None],
    names: tuple[Counter[str], Counter[str]],
) -> None:
    old, new = outlines
    piece = facts.piece
    old_names, new_names = names
    if new is not None and piece.new_lines:
        inside, around = _touched(new, piece.new_start, piece.new_lines)
        facts.defines = {name for name in inside if not old_names[name]}
        facts.moves |= {name for name in inside if old_names[name]}
        facts.symbols |= {f"{change.path}::{name}" for name in around}
        facts.shown = around[-1] if around else ""
    if old is not None and piece.old_lines:
        inside, around = _touched(old, piece.old_start, piece.old_lines)
        facts.removes = {name for name in inside if not new_names[name]}
        facts.moves |= {name for name in inside if new_names[name]}
        facts.symbols |= {f"{change.path}::{name}" for name in around}
        facts.shown = facts.shown or (around[-1] if around else "")
    # A definition whose own line changes is neither new nor gone: it is in both.
    kept = _inside(new, piece.new_start, piece.new_lines) & _inside(old, piece.old_start, piece.old_lines)
    facts.moves -= kept


def _inside(outline: Outline | None, start: int, count: int) -> set[str]:
    return set(_touched(outline, start, count)[0]) if outline is not None and count else set()


def _touched(outline: Outline, start: int, count: int) -> tuple[list[str], list[str]]:
    """Names that lines define, and the qualified names of the smallest definitions that they touch."""
    begin, end = _span(outline.text, start, count)
    inside: list[str] = []
    touched: list[tuple[int, str]] = []
    for one in outline.definitions:
        if begin <= one.core_start < end and len(one.name) >= _SHORT:
            inside.append(one.name)
        if one.start < end and begin < one.end:
            touched.append((one.end - one.start, one.qualified))
    smallest = _smallest(touched)
    return inside, smallest


def _smallest(touched: Iterable[tuple[int, str]]) -> list[str]:
    """Those that have no other one inside, the largest first."""
    ordered = [name for _size, name in sorted(touched, reverse=True)]
    return [name for name in ordered if not any(other.startswith(f"{name}.") for other in ordered)]


def _span(text: bytes, start: int, count: int) -> tuple[int, int]:
    """Bytes of lines."""
    at = 0
    for _ in range(start - 1):
        at = text.find(b"\n", at) + 1
        if at == 0:
            return len(text), len(text)
    end = at
    for _ in range(count):
        found = text.find(b"\n", end)
        if found < 0:
            return at, len(text)
        end = found + 1
    return at, end
