"""Which files are looked at: the nearest folder first, the newest first, never more than a bounded number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.decoding import why_skip
from aura_code.facts import Stamp
from aura_code.places import is_vendored, read_place
from aura_code.sources import Sources
from aura_code.structure.facts import FileStructure
from aura_code.structure.readers import reader_of
from aura_code.syntax import SourceFile, parse_source
from aura_languages import language_of, languages

MOST_CODE: Final = 60
"""Files of code; shares move by less than two points beyond it."""
MOST_TESTS: Final = 25
_MOST_BYTES: Final = 200_000
FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "typescript": frozenset({"typescript", "tsx"}),
    "tsx": frozenset({"typescript", "tsx"}),
}
"""Languages whose habits are the same."""


class Sampled(NamedTuple):
    """A file that is looked at."""

    path: str
    source: SourceFile
    structure: FileStructure | None
    near: bool
    """Whether it lies in the folder that code will be written for."""
    is_test: bool


def main_language(paths: Mapping[str, Stamp]) -> str:
    """The language that most code is written in, by bytes; empty when there is no code."""
    sizes: Counter[str] = Counter()
    for path, stamp in paths.items():
        language = language_of(path)
        spec = languages().get(language) if language else None
        if language and spec is not None and spec.grammar is not None and not _is_aside(path):
            sizes[language] += stamp.size
    return sizes.most_common(1)[0][0] if sizes else ""


def _is_aside(path: str) -> bool:
    return bool(read_place(path).kinds & {"docs", "legacy"}) or is_vendored(path)


def sample(root: Path, paths: Mapping[str, Stamp], language: str, near: str) -> Iterator[Sampled]:
    """Files of a language, parsed.

    Args:
        root: Folder of the project.
        paths: Its files.
        language: Identifier of the language.
        near: File that code will be written for; may not exist yet, may be empty.
    """
    spoken = FAMILIES.get(language, frozenset({language}))
    folder = near.rpartition("/")[0]
    wanted = [path for path in paths if language_of(path) in spoken and not _is_aside(path) and path != near]
    wanted.sort(key=lambda path: (-_shared(path, folder) if near else 0, -paths[path].mtime_ns, path))
    sources = Sources(root)
    left = {True: MOST_TESTS, False: MOST_CODE}
    for path in wanted:
        is_test = "tests" in read_place(path).kinds
        if left[is_test] <= 0 or paths[path].size > _MOST_BYTES:
            continue
        made = _read(sources, path, near=bool(near) and path.rpartition("/")[0] == folder, is_test=is_test)
        if made is not None:
            left[is_test] -= 1
            yield made


def _shared(path: str, folder: str) -> int:
    """How many folders two paths have in common, from the root; the same folder counts one more."""
    own = path.rpartition("/")[0]
    count = 0
    for first, second in zip(own.split("/"), folder.split("/"), strict=False):
        if first != second:
            break
        count += 1
    return count * 2 + (own == folder)


def _read(sources: Sources, path: str, *, near: bool, is_test: bool) -> Sampled | None:
    content = sources.read(path)
    if content is None:
        return None
    text = content.text.encode("utf-8", "surrogatepass")
    if why_skip(path, text, content.text.count("\n") + 1, prose=False):
        return None
    source = parse_source(path, text)
    if source is None:
        return None
    reader = reader_of(source.language)
    return Sampled(path, source, reader(source) if reader is not None else None, near, is_test)
