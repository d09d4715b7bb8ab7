"""Each part of the ranking does what it is there for: with it the right file is first, without it another one."""

from pathlib import Path

import numpy as np
import pytest

from aura_code.index import CodeIndex
from aura_code.queries import read_query
from aura_code.ranking import RANKING_PARTS, Ranker
from aura_code.terms import Vocabulary
from aura_code_files import Project, facts

NOISE = {f"noise/file{number}.py": f"alpha{number} beta\ngamma delta\n" for number in range(12)}

OTHERS = {"path_words": ["file_name"], "file_name": ["path_words"], "coverage": ["coherence"]}
"""Parts that use the same words, and are left out on both sides."""

CASES: dict[str, tuple[dict[str, str], str, str]] = {
    # part: files, query, the file that must be first
    "path_words": (
        {"billing/a.py": "issue an invoice\n", "other/b.py": "issue an invoice invoice\n"},
        "billing invoice",
        "billing/a.py",
    ),
    "title_words": (
        {"a.py": "invoice\nx = total\n", "b.py": "def invoice\nx = total\n"},
        "invoice total",
        "b.py",
    ),
    "file_name": (
        {"session_close.py": "close handle\n", "a.py": "session close close handle session\n"},
        "session close",
        "session_close.py",
    ),
    "coherence": (
        {
            "deep.py": "\n".join(["retry request backoff x y", "", "", "", ""] * 6),
            "a.py": "retry request backoff x\n",
        },
        "retry request backoff",
        "deep.py",
    ),
    "faint_words": (
        {"a.py": "handled handled\n", "b.py": "invoice\n"},
        "handled invoice",
        "b.py",
    ),
    "word_pairs": (
        {"a.py": "event loop event loop\n", "b.py": "EventLoop\n"},
        "event loops",
        "b.py",
    ),
    "abbreviations": (
        {"a.py": "pool one\n", "b.py": "pool conn\n"},
        "connection pool",
        "b.py",
    ),
    "coverage": (
        {"a.py": "retry retry budget\n", "b.py": "retry request\n" + "x = y\n" * 60 + "backoff one two\n"},
        "retry request backoff budget",
        "b.py",
    ),
    "definitions": (
        {"a.py": "Ledger Ledger Ledger\nLedger\n", "b.py": "one two\n" * 4 + "class Ledger\n"},
        "Ledger",
        "b.py",
    ),
    "penalties": (
        {"tests/checks.py": "encode the frame frame\n", "wire.py": "encode the frame and more and more\n"},
        "encode frame",
        "wire.py",
    ),
}


@pytest.mark.requirement("P7")
@pytest.mark.parametrize("part", CASES)
def test_each_part_changes_which_file_is_first(tmp_path: Path, part: str) -> None:
    files, query, first = CASES[part]
    project = Project(tmp_path, {**NOISE, **files})
    others = OTHERS.get(part, [])
    assert project.paths(query, without=others)[0] == first
    assert project.paths(query, without=[*others, part])[0] != first


def test_saturation_lets_other_files_come_before_the_third_passage_of_one(tmp_path: Path) -> None:
    spread = "\n".join(["socket buffer flush"] + [""] * 79) + "\n"
    project = Project(tmp_path, {**NOISE, "a.py": spread * 4, "b.py": "socket buffer flush and two others\n"})
    assert project.paths("socket buffer flush")[:2] == ["a.py", "b.py"]
    assert project.paths("socket buffer flush", without=["saturation"])[:2] == ["a.py", "a.py"]


def test_every_part_has_a_test() -> None:
    assert {*CASES, "saturation"} == set(RANKING_PARTS)


def test_splitting_finds_identifiers_by_their_words(tmp_path: Path) -> None:
    text = {"a.py": "def openConnectionPool\n", "b.py": "nothing\n"}
    assert Project(tmp_path, text).paths("connection pools") == ["a.py"]
    index = CodeIndex.create(tmp_path / "whole", Vocabulary(split=False))
    index.build([[facts(path, content) for path, content in text.items()]])
    assert not Ranker(index.view, read_query("connection pools"), index.terms_of).rank(5)


@pytest.mark.parametrize(
    ("files", "query", "first"),
    [
        ({"util.h": "int pack(int);\nframe pack\n", "util.c": "int pack(int x)\nframe\n"}, "pack frame", "util.c"),
        ({"core.h": "frame pack\n", "wire.c": "frame pack\n"}, "pack frame", "wire.c"),
        ({"v3/s.ts": "parse schema parse\n", "v4/s.ts": "parse schema and more\n"}, "parse schema", "v4/s.ts"),
        ({"v3/s.ts": "parse schema\n", "v4/s.ts": "parse schema\n"}, "v3 parse schema", "v3/s.ts"),
        ({"win/core.c": "run loop loop\n", "unix/core.c": "run loop and other\n"}, "run loop", "unix/core.c"),
        ({"win/core.c": "run loop\n", "unix/core.c": "run loop\n"}, "run loop on windows", "win/core.c"),
        ({"a.json": "run loop loop\n", "a.py": "run loop and other\n"}, "run loop", "a.py"),
        ({"types.ts": "run loop loop\n", "loops.ts": "run loop and other words\n"}, "run loop", "loops.ts"),
        ({"tests/test_a.py": "check login\n", "a.py": "check nothing\n"}, "test login", "tests/test_a.py"),
        ({"docs/a.md": "login tutorial\n", "a.py": "login\n"}, "tutorial login", "docs/a.md"),
    ],
    ids=[
        "header",
        "lone-header",
        "newer",
        "asked-version",
        "platform",
        "asked-platform",
        "data",
        "types",
        "test-asked",
        "docs-asked",
    ],
)
def test_files_of_the_wrong_kind_come_later_unless_asked_for(
    tmp_path: Path, files: dict[str, str], query: str, first: str
) -> None:
    assert Project(tmp_path, {**NOISE, **files}).paths(query)[0] == first


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Ledger", "ledger.py"),
        ("ledger", "ledger.py"),
        ("Book.close", "book.py"),
        ("Shelf::close", "shelf.py"),
        ("LEDGER", "ledger.py"),
        ("close_book", "z.py"),
        ("closeBook", "z.py"),
    ],
)
def test_an_identifier_leads_to_its_definition(tmp_path: Path, query: str, first: str) -> None:
    project = Project(
        tmp_path,
        {
            "uses.py": "Ledger Ledger close close\nclose_book()\n" * 3,
            "ledger.py": "class Ledger\n    def add\n",
            "other.py": "class Ledger;\n",
            "book.py": "class Book\n    def close\n",
            "shelf.py": "class Shelf\n    def close\n",
            "z.py": "def close_book\nx\n",
        },
    )
    assert project.paths(query)[0] == first


def test_a_name_inside_a_question_counts_as_a_definition_asked_for(tmp_path: Path) -> None:
    project = Project(
        tmp_path, {**NOISE, "a.py": "close_book is called here\nclose_book\n", "b.py": "x\ndef close_book\ny z\nw\n"}
    )
    parts = {part.name for hit in project.ask("where is close_book called", explain=True).hits for part in hit.parts}
    assert "definitions" in parts


def test_the_parts_of_a_score_add_up_to_it(tmp_path: Path) -> None:
    project = Project(tmp_path, {**NOISE, "tests/ledger.py": "class Ledger\n" * 12, "a.py": "Ledger\n"})
    for hit in project.ask("Ledger", explain=True).hits:
        total = sum(part.value for part in hit.parts if not part.factor)
        for part in hit.parts:
            total *= part.value if part.factor else 1.0
        assert hit.score == pytest.approx(total)
    assert all(not hit.parts for hit in project.ask("Ledger").hits)


def test_equal_passages_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    project = Project(tmp_path, {f"{letter}.py": "same words\n" for letter in "dbca"})
    assert project.paths("same words") == ["a.py", "b.py", "c.py", "d.py"]


def test_an_empty_index_ranks_nothing(tmp_path: Path) -> None:
    index = CodeIndex.create(tmp_path)
    assert Ranker(index.view, read_query("anything at all"), index.terms_of).rank(5) == []
    assert Ranker(index.view, read_query("Name"), index.terms_of).rank(5, allowed=np.zeros(0, dtype=np.bool_)) == []
