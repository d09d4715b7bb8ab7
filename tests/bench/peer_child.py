"""One search engine over one folder, asked over standard input and output.

Runs with nothing but the standard library and the engine itself, because each engine may live in an environment of its
own. One JSON object per line, either way::

    {"op": "build", "root": "...", "directory": "...", "workers": 2}   -> {"chunks": 812, "seconds": 0.4}
    {"op": "search", "query": "...", "limit": 10, "without": [], "repeats": 3}
                                                   -> {"hits": [[path, start, end, score], ...], "ms": [1.2, ...]}
    {"op": "parts"}                                -> {"parts": ["coherence", ...]}

Anything that goes wrong is answered with {"error": "..."}; the end of the input ends the process. Paths in hits are
relative to the root.
"""

import importlib
import json
import math
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

CHUNK_LINES = 50
MAX_BYTES = 1_000_000  # what semble and Aura read at most of one file
CODE_SUFFIXES = (
    "bash,bats,c,cc,cjs,clj,cpp,cs,cts,cxx,dart,erl,ex,exs,fs,go,groovy,h,hh,hpp,hrl,hs,hxx,inl,java,jl,js,jsx,kt,kts,"
    "lhs,lua,m,mjs,ml,mm,mts,php,pl,pm,ps1,py,pyi,r,rb,rs,scala,sh,sql,svelte,swift,ts,tsx,vim,vue,zig,zsh"
)
STOP_WORDS = (
    "a an and are as at be by can do does for from get has have how if in into is it its of on or that the their them "
    "then there they this to used uses using was what when where which while who why will with"
)

Found = tuple[str, int, int, float]
"""Path relative to the root, first line, last line, score."""


class Engine(Protocol):
    """What a search engine has to do to be measured."""

    def build(self, root: Path, directory: Path, workers: int) -> int:
        """Index `root` from nothing, storing below `directory` if at all; returns how many chunks there are."""
        ...

    def search(self, query: str, limit: int, without: frozenset[str]) -> list[Found]:
        """The best spans, best first; `without` names parts of the ranking to leave out."""
        ...

    def parts(self) -> tuple[str, ...]:
        """The parts of the ranking that `without` may name."""
        ...


class Aura:
    """The project's own engine, in this process."""

    def __init__(self) -> None:
        self._type: Any = importlib.import_module("aura_code.library").CodeLibrary
        self._library: Any = None

    def build(self, root: Path, directory: Path, workers: int) -> int:
        self._library = self._type.build(root, directory, workers=workers)
        return 0

    def search(self, query: str, limit: int, without: frozenset[str]) -> list[Found]:
        hits = self._library.search(query, limit=limit, without=without)
        return [(str(hit.path), int(hit.start_line), int(hit.end_line), float(hit.score)) for hit in hits]

    def parts(self) -> tuple[str, ...]:
        return tuple(str(part) for part in self._type.RANKING_PARTS)


class Unit:
    """Stands in for an embedding model: every text gets the same vector of length one."""

    dim = 1

    def __init__(self, numpy: ModuleType) -> None:
        self._numpy: Any = numpy

    def encode(self, texts: list[str], **_options: object) -> object:
        return self._numpy.ones((len(texts), 1), dtype=self._numpy.float32)


class Semble:
    """semble without its model: its chunks, its BM25 and its ranking, as its own "semble-bm25" ablation runs them."""

    def __init__(self) -> None:
        self._create: Any = importlib.import_module("semble.index.create")
        self._index_type: Any = importlib.import_module("semble.index.index").SembleIndex
        self._model = Unit(importlib.import_module("numpy"))
        self._index: Any = None

    def build(self, root: Path, directory: Path, workers: int) -> int:
        os.environ["SEMBLE_CACHE_LOCATION"] = str(directory)  # it keeps statistics of every search
        os.environ["SEMBLE_INDEX_WORKERS"] = str(workers)
        bm25, vectors, chunks, manifest = self._create.create_index_from_path(root, self._model, display_root=root)
        self._index = self._index_type(self._model, bm25, vectors, chunks, "none", root=root, manifest=manifest)
        return len(chunks)

    def search(self, query: str, limit: int, without: frozenset[str]) -> list[Found]:
        results = self._index.search(query, top_k=limit, alpha=0.0)  # all the weight on BM25
        found = ((result.chunk, result.score) for result in results)
        return [(chunk.file_path, chunk.start_line, chunk.end_line, float(score)) for chunk, score in found]

    def parts(self) -> tuple[str, ...]:
        return ()


class Bm25s:
    """Plain BM25 over chunks of 50 lines, with the tokenizer that bm25s has by default."""

    def __init__(self) -> None:
        self._bm25s: Any = importlib.import_module("bm25s")
        self._retriever: Any = None
        self._spans: list[tuple[str, int, int]] = []

    def build(self, root: Path, directory: Path, workers: int) -> int:
        texts: list[str] = []
        for path in code_files(root):
            lines = read(root / path).splitlines()
            for start in range(0, len(lines), CHUNK_LINES):
                chunk = lines[start : start + CHUNK_LINES]
                texts.append("\n".join(chunk))
                self._spans.append((path, start + 1, start + len(chunk)))
        self._retriever = self._bm25s.BM25()
        self._retriever.index(self._bm25s.tokenize(texts, show_progress=False), show_progress=False)
        return len(texts)

    def search(self, query: str, limit: int, without: frozenset[str]) -> list[Found]:
        tokens = self._bm25s.tokenize(query, show_progress=False)
        ids, scores = self._retriever.retrieve(tokens, k=min(limit, len(self._spans)), show_progress=False)
        ranked = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(*self._spans[number], score) for number, score in ranked if score > 0]

    def parts(self) -> tuple[str, ...]:
        return ()


class Ripgrep:
    """One run of ripgrep per word of the question; files by the rarity of the words in them.

    Of each file come those 50 lines (of its lines cut into fifties) that weigh most.
    """

    def __init__(self) -> None:
        self._binary = os.environ.get("RIPGREP", "rg")
        subprocess.run([self._binary, "--version"], check=True, capture_output=True)
        self._root = Path()
        self._lines: dict[str, int] = {}

    def build(self, root: Path, directory: Path, workers: int) -> int:
        self._root = root
        self._lines = {path: read(root / path).count("\n") + 1 for path in code_files(root)}
        return len(self._lines)

    def search(self, query: str, limit: int, without: frozenset[str]) -> list[Found]:
        places: dict[str, list[tuple[int, float]]] = {}
        totals: defaultdict[str, float] = defaultdict(float)
        for word in keywords(query):
            found = self._grep(word)
            rarity = math.log(1 + len(self._lines) / max(1, len(found)))
            for path, lines in found.items():
                totals[path] += rarity
                places.setdefault(path, []).extend((line, rarity) for line in lines)
        ranked = sorted(totals, key=lambda path: (-totals[path], -len(places[path]), path))[:limit]
        return [(path, *self._window(path, places[path]), totals[path]) for path in ranked]

    def parts(self) -> tuple[str, ...]:
        return ()

    def _grep(self, word: str) -> dict[str, list[int]]:
        """The lines of each file that contain the word, whatever its case."""
        command = [self._binary, "-F", "-i", "-n", "-o", "-0", "--no-heading", "--no-messages", "--color=never"]
        command += ["--max-filesize=1M", f"--glob=*.{{{CODE_SUFFIXES}}}", "-e", word, "."]
        run = subprocess.run(command, cwd=self._root, capture_output=True, text=True, errors="replace", check=False)
        found: dict[str, list[int]] = {}
        for row in run.stdout.splitlines():
            path, _, rest = row.partition("\0")
            line = rest.partition(":")[0]
            if line.isdigit():
                found.setdefault(path.removeprefix("./"), []).append(int(line))
        return {path: lines for path, lines in found.items() if path in self._lines}

    def _window(self, path: str, places: list[tuple[int, float]]) -> tuple[int, int]:
        """First and last line of the 50 lines with the most weight."""
        weights: defaultdict[int, float] = defaultdict(float)
        for line, rarity in places:
            weights[line // CHUNK_LINES] += rarity
        start = max(1, max(weights, key=lambda number: weights[number]) * CHUNK_LINES)
        return start, min(self._lines[path], start + CHUNK_LINES - 1)


ENGINES: dict[str, Callable[[], Engine]] = {"aura": Aura, "semble": Semble, "bm25s": Bm25s, "ripgrep": Ripgrep}


def code_files(root: Path) -> Iterator[str]:
    """The code below a folder that git does not ignore, relative to it, in order of the names."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    suffixes = frozenset(CODE_SUFFIXES.split(","))
    for path in sorted(set(listed.split("\0"))):
        file = root / path
        if file.suffix.lower().removeprefix(".") in suffixes and file.is_file() and file.stat().st_size <= MAX_BYTES:
            yield path


def read(path: Path) -> str:
    """The text of a file, with marks where it is not UTF-8."""
    return path.read_text(encoding="utf-8", errors="replace")


def keywords(query: str) -> list[str]:
    """The distinct words worth looking for, in the order in which they stand; any word rather than none."""
    words = list(dict.fromkeys(re.findall(r"\w+", query.lower())))
    common = frozenset(STOP_WORDS.split())
    return [word for word in words if len(word) > 2 and word not in common] or words


def answer(engine: Engine, request: dict[str, Any]) -> dict[str, object]:
    """What the engine has to say to one request."""
    match request["op"]:
        case "build":
            started = time.perf_counter()
            chunks = engine.build(Path(request["root"]), Path(request["directory"]), int(request["workers"]))
            return {"chunks": chunks, "seconds": time.perf_counter() - started}
        case "search":
            return timed_search(engine, request)
        case "parts":
            return {"parts": engine.parts()}
        case unknown:
            return {"error": f"no such operation: {unknown}"}


def timed_search(engine: Engine, request: dict[str, Any]) -> dict[str, object]:
    """The hits of the first run, and the milliseconds of each run."""
    without = frozenset(str(part) for part in request["without"])
    runs: list[list[Found]] = []
    milliseconds: list[float] = []
    for _ in range(int(request["repeats"])):
        started = time.perf_counter()
        runs.append(engine.search(str(request["query"]), int(request["limit"]), without))
        milliseconds.append((time.perf_counter() - started) * 1000)
    return {"hits": runs[0], "ms": milliseconds}


def main() -> None:
    """Answer requests until the input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever an engine prints must not mix with the replies
    engine: Engine | None = None
    for line in sys.stdin:
        try:
            if engine is None:
                engine = ENGINES[sys.argv[1]]()
            reply = answer(engine, json.loads(line))
        except Exception as error:  # noqa: BLE001 - the outermost loop: the parent decides what an error means
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
