"""A process that finds neighbours in meaning: it alone loads the heavy libraries, and ends when nobody asks any more.

Started as `python -P -m aura_code.similar.semantic_worker IDLE_S` by `aura_code.similar.semantic`.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, cast

import numpy as np

from aura_code.reading import receive, send
from aura_code.similar.store import SimilarReader, StoredUnit
from aura_code.similar.vectors import MOST_CHARS, Embedder, embedder, key_of, load
from aura_code.sources import Sources
from aura_shared.errors import AuraError, NotFound, UsageProblem

LEARN_S: Final = 20.0
"""Longest time for making vectors during one question; the next question goes on."""

log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What the worker is asked; plain values, since it crosses a pipe."""

    root: str
    """The project's folder."""
    similar: str
    """File with the fingerprints of its functions, which says where they are."""
    folder: str
    """Where vectors are kept."""
    model: str
    """Folder of a model; empty for latent semantic analysis."""
    path: str
    line: int
    """0 when `text` is given."""
    text: str
    limit: int


class Found(NamedTuple):
    """What the worker answers."""

    places: list[tuple[str, int, int, str, str, float]]
    """Path, first and last line, symbol, language, nearness."""
    method: str
    more: bool
    reason: str


class _Project(NamedTuple):
    units: list[StoredUnit]
    keys: list[bytes]
    texts: dict[bytes, str]


class Finder:
    """Answers questions; keeps what makes vectors between them."""

    def __init__(self) -> None:
        self._faiss = load("faiss")
        self._faiss.omp_set_num_threads(1)
        self._embedders: dict[tuple[str, str], Embedder] = {}

    def answer(self, question: Question) -> Found:
        """The neighbours of a place or a text.

        Raises:
            AuraError: There are none, for a reason that the caller should know.
        """
        project = _read(question)
        if not project.units:
            return Found([], "", more=False, reason="No function of the project is long enough to be compared.")
        chosen = _unit_at(project, question) if not question.text else -1
        maker = self._embedder(question)
        maker.learn(project.texts, LEARN_S)
        known = set(maker.known(project.keys))
        if chosen >= 0 and project.keys[chosen] not in known:
            wanted = maker.embed(project.texts[project.keys[chosen]])
        else:
            wanted = maker.vectors([project.keys[chosen]]) if chosen >= 0 else maker.embed(question.text[:MOST_CHARS])
        places = [place for place, key in enumerate(project.keys) if key in known]
        index = self._faiss.IndexFlatIP(int(wanted.shape[1]))
        index.add(np.ascontiguousarray(maker.vectors([project.keys[place] for place in places])))
        result = index.search(np.ascontiguousarray(wanted), min(len(places), 4 * question.limit + 8))
        scores, numbers = cast("tuple[list[float], list[int]]", [part[0].tolist() for part in result])
        found: list[tuple[str, int, int, str, str, float]] = []
        for score, number in zip(scores, numbers, strict=True):
            unit = project.units[places[number]]
            if score > 0 and (chosen < 0 or not _overlap(unit, project.units[chosen])):
                found.append((unit.path, unit.start_line, unit.end_line, unit.symbol, unit.language, min(1.0, score)))
        missing = len(project.keys) - len(places)
        return Found(
            found[: question.limit],
            maker.name,
            more=len(found) > question.limit or missing > 0,
            reason=_reason(found, missing, len(project.keys)),
        )

    def _embedder(self, question: Question) -> Embedder:
        key = (question.folder, question.model)
        if key not in self._embedders:
            self._embedders.clear()  # A model takes half a gigabyte: one at a time.
            self._embedders[key] = embedder(Path(question.folder), question.model)
        return self._embedders[key]


def _reason(found: list[tuple[str, int, int, str, str, float]], missing: int, every: int) -> str:
    if missing:
        return f"{every - missing} of {every} functions have been read so far; ask again for the others."
    return "" if found else "Nothing in the project speaks of these things; try other words."


def _read(question: Question) -> _Project:
    """The functions of a project with their texts; those of files that are gone are left out."""
    with SimilarReader.opened(Path(question.similar)) as reader:
        stored = reader.units(aside=True)
    sources = Sources(Path(question.root))
    lines: dict[str, list[str]] = {}
    units: list[StoredUnit] = []
    keys: list[bytes] = []
    texts: dict[bytes, str] = {}
    for unit in stored:
        if unit.path not in lines:
            content = sources.read(unit.path)
            lines[unit.path] = content.text.split("\n") if content is not None else []
        text = "\n".join(lines[unit.path][unit.start_line - 1 : unit.end_line])[:MOST_CHARS]
        if text:
            units.append(unit)
            keys.append(key_of(text))
            texts[keys[-1]] = text
    return _Project(units, keys, texts)


def _unit_at(project: _Project, question: Question) -> int:
    around = [
        place
        for place, unit in enumerate(project.units)
        if unit.path == question.path and unit.start_line <= question.line <= unit.end_line
    ]
    if not question.path or question.line < 1:
        raise UsageProblem("Expected a path with a line, or a text; found neither.", hint="Give path and line.")
    if not around:
        raise NotFound(
            f"No function that is long enough to be compared stands at {question.path}:{question.line}.",
            hint="Give a line within a longer function, or a text.",
        )
    return min(around, key=lambda place: project.units[place].end_line - project.units[place].start_line)


def _overlap(left: StoredUnit, right: StoredUnit) -> bool:
    return left.path == right.path and left.start_line <= right.end_line and right.start_line <= left.end_line


def main() -> None:
    """Answer questions until the input ends, or nobody asks for so many seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one.
    idle_s = float(sys.argv[1])
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Libraries that print must not disturb the answers.
    finder: Finder | None = None
    while select.select([source], [], [], idle_s)[0] and (message := receive(cast("IO[bytes]", source))) is not None:
        try:
            finder = finder or Finder()
            question = Question._make(cast("tuple[Any, ...]", message))
            send(sink, ("found", tuple(finder.answer(question))))
        except AuraError as error:
            send(sink, ("error", error.code, error.message, error.hint))
        except Exception as error:  # the outermost loop: the one that asks gets an answer in any case
            log.exception("semantic_failed")
            send(sink, ("error", "internal", f"Neighbours could not be found: {type(error).__name__}: {error}.", None))


if __name__ == "__main__":
    main()
