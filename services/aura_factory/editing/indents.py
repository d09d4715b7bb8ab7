"""From the indentation that a model wrote to that of the file, inferred from lines that both have."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aura_factory.editing.lines import indent_of, is_blank

__all__ = ["Indents", "infer_indents", "unit_of"]


@dataclass(frozen=True, slots=True)
class Indents:
    """How indentations correspond."""

    known: dict[str, str]
    """Indentation as the model wrote it to indentation in the file, as seen on lines that both have."""
    model_unit: str
    """One level, as the model writes it."""
    file_unit: str
    """One level in the file."""
    scaled: bool = False
    """Whether two levels showed that the steps differ."""
    first: tuple[str, str] | None = None
    """The same for the first line alone, whose indentation models often lose."""

    @property
    def same(self) -> bool:
        """Whether nothing has to be changed."""
        return self.first is None and all(key == value for key, value in self.known.items())

    def convert(self, line: str, *, is_first: bool = False) -> str | None:
        """A line with the file's indentation; None when it cannot be told."""
        if is_blank(line):
            return ""
        indent = indent_of(line)
        if is_first and self.first is not None and indent == self.first[0]:
            return self.first[1] + line[len(indent) :]
        found = self._convert(indent)
        return None if found is None else found + line[len(indent) :]

    def _convert(self, indent: str) -> str | None:
        if indent in self.known:
            return self.known[indent]
        if not self.known:
            return None
        shorter = [one for one in self.known if indent.startswith(one)]
        if shorter:
            base = max(shorter, key=len)
            more = self._levels(indent[len(base) :])
            return None if more is None else self.known[base] + more
        longer = [one for one in self.known if one.startswith(indent)]
        if not longer:
            return None
        base = min(longer, key=len)
        less = self._levels(base[len(indent) :])
        target = self.known[base]
        if less is None or not target.endswith(less):
            return None
        return target[: len(target) - len(less)]

    def _levels(self, space: str) -> str | None:
        """So many levels in the file's own characters."""
        if not space or self.model_unit == self.file_unit:
            return space
        if set(self.model_unit) == set(self.file_unit) and not self.scaled:
            return None  # Moved, or written with wider steps: one level does not tell.
        if not self.model_unit or len(space) % len(self.model_unit) or set(space) != set(self.model_unit):
            return None
        return self.file_unit * (len(space) // len(self.model_unit))


def unit_of(lines: Iterable[str]) -> str:
    """One level of indentation, as most lines have it; empty when no line is indented."""
    steps: Counter[str] = Counter()
    last = ""
    for line in lines:
        if is_blank(line):
            continue
        indent = indent_of(line)
        if len(indent) > len(last) and indent.startswith(last):
            steps[indent[len(last) :]] += 1
        last = indent
    return steps.most_common(1)[0][0] if steps else ""


def infer_indents(
    pairs: Sequence[tuple[str, str]], *, model_unit: str, file_unit: str, loose_first: bool = True
) -> Indents | None:
    """How the indentation of a block maps to that of the file; None when the lines contradict each other.

    Args:
        pairs: Lines that correspond, as the model wrote them and as the file has them, blank ones left out.
        model_unit: One level as the model writes it, from the whole block.
        file_unit: One level in the file.
        loose_first: Whether the first pair may contradict the rest.
    """
    found = _consistent(pairs)
    first: tuple[str, str] | None = None
    if found is None and loose_first and len(pairs) > 1:
        found = _consistent(pairs[1:])
        first = (indent_of(pairs[0][0]), indent_of(pairs[0][1]))
    if found is None:
        return None
    known = found
    ours, theirs = model_unit or file_unit, file_unit or model_unit
    if set(ours) == set(theirs) and all(key == value for key, value in known.items()):
        theirs = ours  # Nothing moved, so that odd steps are meant.
    learned = _learn_unit(known)
    if learned is not None:
        ours, theirs = learned
    elif _only_moved(known):
        theirs = ours
    return Indents(known, ours, theirs, learned is not None, first)


def _consistent(pairs: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    known: dict[str, str] = {}
    for model, file in pairs:
        if known.setdefault(indent_of(model), indent_of(file)) != indent_of(file):
            return None
    by_width = sorted(known, key=len)
    targets = [known[indent] for indent in by_width]
    growing = all(len(a) < len(b) for a, b in itertools.pairwise(targets))
    return known if growing else None


def _only_moved(known: dict[str, str]) -> bool:
    """Whether at least two levels moved by the same width in the same characters."""
    if len(known) < 2:
        return False
    kinds = {character for pair in known.items() for indent in pair for character in indent}
    return len(kinds) <= 1 and len({len(value) - len(key) for key, value in known.items()}) == 1


def _learn_unit(known: dict[str, str]) -> tuple[str, str] | None:
    """One level on both sides, where two indentations differ in their characters or their width per level."""
    by_width = sorted(known, key=len)
    for low, high in itertools.pairwise(by_width):
        ours, theirs = high[len(low) :], known[high][len(known[low]) :]
        if not (high.startswith(low) and known[high].startswith(known[low])) or not theirs:
            continue
        if ours == theirs:
            continue
        levels = len(theirs) if set(theirs) == {"\t"} else len(ours) if set(ours) == {"\t"} else 1
        if len(ours) % levels == 0 and len(theirs) % levels == 0:
            return ours[: len(ours) // levels], theirs[: len(theirs) // levels]
    return None
