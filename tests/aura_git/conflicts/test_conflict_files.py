"""A file as a whole: guards, blocks that are left, and bytes that come back."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_git.conflicts.blocks import Block, merge_lines
from aura_git.conflicts.contract import ConflictSides
from aura_git.conflicts.resolving import existing_conflict, resolve_blocks, resolve_file
from git_conflict_texts import resolved, sides

pytestmark = pytest.mark.requirement("G3")


def test_what_git_merges_is_left_to_git() -> None:
    found = resolved("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n")
    assert (found.text, found.hunks, found.remaining) == (b"A\nb\nc\nd\nE\n", (), 0)


def test_a_resolution_that_does_not_parse_is_refused() -> None:
    base = "call(a, b)\n"
    found = resolved(base, "call(a, b, [c)\n", "call(z, b)\n", "one.py")
    (hunk,) = found.hunks
    assert hunk.tier in {"refuse", "propose"}
    assert found.parses is not False


def test_a_definition_is_not_written_twice() -> None:
    base = "def a():\n    return 1\n"
    ours = base + "\n\ndef load():\n    return 'ours'\n"
    theirs = base + "\n\ndef load():\n    return 'theirs'\n"
    found = resolved(base, ours, theirs, "one.py", accept=("auto", "propose", "suggest"))
    assert all(hunk.rule != "both-inserted" or hunk.tier == "refuse" for hunk in found.hunks)
    assert found.text.count(b"def load") <= 2
    assert found.remaining or found.text.count(b"def load") == 1


def test_a_name_that_one_side_removed_everywhere_does_not_come_back() -> None:
    base = "import old\n\nprint(1)\nold.go()\nprint(2)\n"
    ours = "import new\n\nprint(1)\nnew.go()\nprint(2)\n"
    theirs = "import old\n\nprint(1)\nold.go(3)\nprint(2)\n"
    for hunk in resolved(base, ours, theirs, "one.py").hunks:
        assert hunk.tier == "refuse" or "old" not in hunk.text


def test_symbols_and_what_each_side_did_to_them_are_named() -> None:
    base = "class Cart:\n    def total(self):\n        return 1\n\n    def add(self):\n        return 2\n"
    ours = base.replace("return 1", "return 10").replace("return 2", "return 20")
    theirs = base.replace("return 1", "return 11")
    (hunk,) = resolved(base, ours, theirs, "cart.py").hunks
    assert (hunk.symbol, hunk.ours_line) == ("Cart.total", 3)
    assert hunk.symbol_note == "both changed Cart.total"


def test_what_is_left_stands_as_a_block_with_its_base() -> None:
    three = replace(sides("one\n", "two\n", "three\n"), ours_label="main", theirs_label="topic", base_label="1234567")
    text = resolve_file(three).text.decode()
    assert text == "<<<<<<< main\ntwo\n||||||| 1234567\none\n=======\nthree\n>>>>>>> topic\n"
    assert resolve_file(replace(three, marker_size=11)).text.startswith(b"<" * 11 + b" main\n")


def test_blocks_keep_the_line_ends_of_the_file() -> None:
    text = resolved("a\r\none\r\n", "a\r\ntwo\r\n", "a\r\nthree\r\n").text
    assert text.count(b"\r\n") == text.count(b"\n") == 8
    open_end = resolved("one", "two", "three").text.decode()
    assert open_end.splitlines() == ["<<<<<<< ours", "two", "||||||| base", "one", "=======", "three", ">>>>>>> theirs"]


def test_bytes_that_are_no_utf_8_come_back() -> None:
    base = b"\xef\xbb\xbfcaf\xe9 = 1\nx = 1\ny = 1\n"
    found = resolve_file(
        sides(base, base.replace(b"x = 1", b"x = 2"), base.replace(b"y = 1", b"y = 2")), accept=("propose",)
    )
    assert found.text == b"\xef\xbb\xbfcaf\xe9 = 1\nx = 2\ny = 2\n"


@pytest.mark.parametrize(
    ("three", "problem"),
    [
        (ConflictSides("a.bin", b"\0", b"\0\1", b"\0\2"), "binary"),
        (ConflictSides("a.txt", b"a\n", None, b"b\n"), "we deleted it"),
        (ConflictSides("a.txt", b"a\n", b"b\n", None), "they deleted it"),
    ],
)
def test_a_file_that_has_no_lines_to_merge_is_left_to_a_person(three: ConflictSides, problem: str) -> None:
    found = resolve_file(three)
    assert problem in found.problem
    assert (found.remaining, found.hunks) == (1, ())
    assert found.text in (three.ours, three.theirs)


def test_a_file_that_both_added_has_no_base() -> None:
    found = resolve_file(ConflictSides("a.txt", None, b"a\nb\n", b"a\nb\nc\n"), accept=("propose",))
    assert (found.text, found.remaining) == (b"a\nb\nc\n", 0)


def test_a_long_file_is_not_looked_at_piece_by_piece() -> None:
    long = "".join(f"line {number}\n" for number in range(100_000))
    found = resolved(long + "one\n", long + "two\n", long + "three\n")
    assert [hunk.rule for hunk in found.hunks] == ["large-file"]


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_conflicts_that_stand_in_a_file_are_read(style: str, tmp_path: Path) -> None:
    for name, text in {"ours": "a\nname = b\nsize = 1\nz\n", "base": "a\nname = a\nsize = 1\nz\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "theirs").write_text("a\nname = a\nsize = 2\nz\n")
    flags = {"merge": [], "diff3": ["--diff3"], "zdiff3": ["--zdiff3"]}[style]
    command = ["git", "merge-file", "-p", *flags, "ours", "base", "theirs"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout
    chunks = existing_conflict(text)
    (block,) = [chunk for chunk in chunks if isinstance(chunk, Block)]
    assert block.has_base == (style != "merge")
    ours, theirs = (tmp_path / "ours").read_bytes(), (tmp_path / "theirs").read_bytes()
    found = resolve_blocks(chunks, ConflictSides("a.txt", b"", ours, theirs), accept=("propose",))
    if style == "merge":
        assert [hunk.rule for hunk in found.hunks] == ["no-base"]
    else:
        assert found.text == b"a\nname = b\nsize = 2\nz\n"


def test_what_only_looks_like_a_block_stays_text() -> None:
    text = b"title\n=======\n<<<<<<< a\nno end\n"
    assert existing_conflict(text) == [text.decode()]


LINE = st.sampled_from(["a", "b", "c", "  c", "x = 1", "x = 2", "", "d(e)"])
TEXT = st.lists(LINE, max_size=8).map(lambda lines: "".join(f"{line}\n" for line in lines))


@settings(max_examples=60, deadline=None)
@given(base=TEXT, ours=TEXT, theirs=TEXT)
def test_resolving_keeps_what_both_have_and_agrees_with_git(base: str, ours: str, theirs: str) -> None:
    three = sides(base, ours, theirs)
    plain = merge_lines(three)
    untouched = resolve_file(three, accept=())
    found = resolve_file(three, accept=("auto", "propose", "suggest"))
    blocks = [chunk for chunk in plain if isinstance(chunk, Block)]
    assert len(untouched.hunks) == len(blocks) == untouched.remaining
    assert untouched.text.count(b"<<<<<<< ours\n") == untouched.text.count(b">>>>>>> theirs\n") == len(blocks)
    assert found.text.count(b"<<<<<<< ours\n") == found.remaining
    again = [chunk for chunk in existing_conflict(untouched.text) if isinstance(chunk, Block)]
    assert [(one.ours, one.base, one.theirs) for one in again] == [(one.ours, one.base, one.theirs) for one in blocks]
    for hunk in found.hunks:
        if hunk.tier in {"auto", "propose"}:
            both = set(hunk.ours.splitlines()) & set(hunk.theirs.splitlines())
            assert both <= set(hunk.text.splitlines()) | {""}
        assert hunk.reason
        assert (hunk.text == "") or hunk.tier != "refuse"
