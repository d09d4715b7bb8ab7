"""An index after any history answers exactly like one that was built afresh."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from aura_code.facts import FileFacts
from aura_code.index import MOST_DELTAS, QUIET_DELTAS, CodeIndex
from aura_code.queries import read_query
from aura_code.ranking import Ranker
from aura_code.symbols import find_symbols, map_project, outline
from aura_code_files import facts
from aura_shared.messages.code import FindSymbols, MapProject

NAMES = ["parse_request", "parseRequest", "Session", "close", "open_file", "naïve", "Überbau", "v3"]
PATHS = ["src/a.py", "src/b.py", "tests/test_a.py", "v3/x.ts", "v4/x.ts", "lib/util.c", "lib/util.h", "docs/ü.md"]
QUERIES = ["parse request", "Session", "close the session", "open_file", "util", "Session.close", "x"]

line = st.one_of(
    st.sampled_from(NAMES).map(lambda name: f"def {name}"),
    st.sampled_from(NAMES).map(lambda name: f"class {name}"),
    st.sampled_from(NAMES).map(lambda name: f"import {name} Session"),
    st.lists(st.sampled_from([*NAMES, "x", "handler(", "token"]), max_size=4).map(" ".join),
)
text = st.lists(line, max_size=14).map("\n".join)
step = st.one_of(
    st.tuples(st.just("write"), st.dictionaries(st.sampled_from(PATHS), text, min_size=1, max_size=3)),
    st.tuples(st.just("remove"), st.lists(st.sampled_from(PATHS), min_size=1, max_size=2)),
    st.tuples(st.just("compact"), st.none()),
    st.tuples(st.just("reopen"), st.none()),
)


def answers(index: CodeIndex) -> object:
    """Everything that an index can be asked, generation and numbering aside."""
    view = index.view
    ranked: list[object] = []
    for query in QUERIES:
        for hit in Ranker(view, read_query(query), index.terms_of).rank(50):
            segment, chunk = view.locate_chunk(hit.chunk)
            place = (segment.path(int(segment.chunk_file[chunk])), int(segment.chunk_start[chunk]))
            ranked.append((query, *place, hit.score))
    found = [
        find_symbols(view, FindSymbols(project="", name=name, limit=100)).model_dump(exclude={"freshness"})
        for name in ["Session", "pars", "session.close", "über"]
    ]
    outlined = [outline(view, path) for path in PATHS]
    outlines = [answer and answer.model_dump(exclude={"freshness"}) for answer in outlined]
    folders = map_project(view, MapProject(project="", budget=50_000)).model_dump(include={"files", "lines"})
    return ranked, found, outlines, folders, sorted(index.stamps().items()), index.stats().symbols, uses(index)


def uses(index: CodeIndex) -> list[object]:
    """Where names are used, and what is imported."""
    found: list[object] = []
    for part in index.view.parts:
        segment = part.segment
        for file in range(segment.files):
            if part.alive[file]:
                found += [(segment.path(file), segment.imports_of(file))]
        for name in ["handler", "Session"]:
            number = segment.names.find(name.encode())
            for use in segment.uses_of(number) if number >= 0 else []:
                if part.alive[use.file]:
                    found += [(segment.path(use.file), name, use.line, use.kind)]
    return sorted(found, key=repr)


@pytest.mark.requirement("P7")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(start=st.dictionaries(st.sampled_from(PATHS), text, max_size=6), steps=st.lists(step, max_size=12))
def test_any_history_of_edits_answers_like_a_fresh_build(
    start: dict[str, str], steps: list[tuple[str, object]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, FileFacts] = {path: facts(path, content) for path, content in start.items()}
        index = CodeIndex.create(Path(folder) / "edited")
        index.build([list(files.values())])
        generation = index.generation
        for action, content in steps:
            if action == "write":
                assert isinstance(content, dict)
                changed = {path: facts(path, new) for path, new in content.items()}
                files |= changed
                index.apply(list(changed.values()), [])
            elif action == "remove":
                assert isinstance(content, list)
                index.apply([], content)
                files = {path: known for path, known in files.items() if path not in content}
            elif action == "compact":
                assert index.compact()
            else:
                index.close()
                index = CodeIndex.open(Path(folder) / "edited")
            assert index.generation == generation + (action in {"write", "remove"})
            generation = index.generation
        fresh = CodeIndex.create(Path(folder) / "fresh")
        fresh.build([list(files.values())])
        assert answers(index) == answers(fresh)


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    files = [facts(path, f"def parse_request\nclass Session\n# {path} close\n" * 4) for path in PATHS]
    forth, back = CodeIndex.create(tmp_path / "forth"), CodeIndex.create(tmp_path / "back")
    forth.build([files])
    back.build([[one] for one in reversed(files)])
    assert answers(forth) == answers(back)


def test_many_edits_of_one_file_keep_few_segments(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path)
    index.build([[facts(f"src/{number}.py", f"def f{number}\n" * 9) for number in range(40)]])
    for number in range(200):
        index.apply([facts(f"src/{number % 40}.py", f"def g{number}\n" * 7)], [])
    assert len(index.view.parts) <= 1 + MOST_DELTAS
    before = index.stamps()
    index.save()
    assert len(index.view.parts) <= 1 + QUIET_DELTAS
    assert index.stamps() == before
    assert index.generation == 201
    assert find_symbols(index.view, FindSymbols(project="", name="g199")).symbols
    assert not find_symbols(index.view, FindSymbols(project="", name="g159", exact=True)).symbols


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path)
    index.build([[facts("a.py", "def one"), facts("a.py", "def two")]])
    assert index.stats().files == 1
    index.apply([facts("a.py", "def three"), facts("a.py", "def four")], ["a.py"])
    assert [symbol.name for symbol in index.outline("a.py").symbols] == ["four"]
