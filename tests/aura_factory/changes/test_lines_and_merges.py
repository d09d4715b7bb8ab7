"""Differences, hunks and three-way merges: properties over many texts, and git as the judge."""

from __future__ import annotations

import itertools
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_factory.changes.diffs import file_diff, hunk_diff
from aura_factory.changes.hunks import compose, make_hunks
from aura_factory.changes.lines import changed_blocks, split_lines
from aura_factory.changes.merging import merge_texts


def _text_of(lines: list[bytes], end: bytes) -> bytes:
    return b"".join(lines) + end


few_lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n", b"}\n", b"    x\n", b"x\r\n"]), max_size=14)
endings = st.sampled_from([b"", b"end", b"a"])
texts = st.builds(_text_of, few_lines, endings)


@given(texts, texts)
def test_blocks_lead_from_the_old_lines_to_the_new_ones(old_text: bytes, new_text: bytes) -> None:
    old, new = split_lines(old_text), split_lines(new_text)
    assert b"".join(old) == old_text
    at_old = at_new = 0
    for block in changed_blocks(old, new):
        assert old[at_old : block.old_start] == new[at_new : block.new_start]
        assert block.old_end > block.old_start or block.new_end > block.new_start
        assert block.old_start > at_old or at_old == 0, "a line that both have lies between two blocks"
        at_old, at_new = block.old_end, block.new_end
    assert old[at_old:] == new[at_new:]


@given(texts, texts)
@pytest.mark.requirement("C5")
def test_every_choice_of_hunks_makes_a_text_and_all_of_them_the_new_one(old: bytes, new: bytes) -> None:
    hunks = make_hunks("a.txt", "modified", old, new)
    names = [hunk.id for hunk in hunks]
    assert len(set(names)) == len(names)
    assert compose(old, new, hunks, names) == new
    assert compose(old, new, hunks, []) == old
    for count in range(len(names) + 1):
        for chosen in itertools.combinations(names, count):
            lines = split_lines(old)
            for hunk in reversed(hunks):  # From the end, so that line numbers before it stay true.
                if hunk.id in chosen:
                    block = hunk.block
                    lines[block.old_start : block.old_end] = split_lines(new)[block.new_start : block.new_end]
            halfway = compose(old, new, hunks, chosen)
            assert halfway == b"".join(lines)
            assert all(line.endswith(b"\n") for line in split_lines(halfway)[:-1])


@pytest.mark.parametrize("seed", range(12))
def test_each_hunk_is_a_patch_that_git_applies(seed: int, tmp_path: Path) -> None:
    lines, new = _edited_text(random.Random(seed), edits=5)
    old = b"".join(lines)
    for hunk in make_hunks("a.txt", "modified", old, new):
        (tmp_path / "a.txt").write_bytes(old)
        patch = f"--- a/a.txt\n+++ b/a.txt\n{hunk_diff('a.txt', '', old, new, hunk)}"
        _git_apply(tmp_path, patch)
        assert (tmp_path / "a.txt").read_bytes() == compose(
            old, new, make_hunks("a.txt", "modified", old, new), {hunk.id}
        )


@pytest.mark.parametrize("seed", range(12))
def test_the_diff_of_a_file_is_a_patch_that_git_applies(seed: int, tmp_path: Path) -> None:
    lines, new = _edited_text(random.Random(100 + seed), edits=7)
    (tmp_path / "a.txt").write_bytes(b"".join(lines))
    _git_apply(tmp_path, file_diff("a.txt", b"".join(lines), new))
    assert (tmp_path / "a.txt").read_bytes() == new


def test_diffs_of_new_and_deleted_files_name_no_file_on_the_other_side(tmp_path: Path) -> None:
    made = file_diff("a.txt", None, b"one\n")
    assert made == "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1,1 @@\n+one\n"
    gone = file_diff("a.txt", b"one\n", None)
    assert gone == "--- a/a.txt\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-one\n"
    assert file_diff("a.txt", b"one\n", b"one\n") == ""


def test_identifiers_of_hunks_do_not_depend_on_other_hunks() -> None:
    old = b"".join(b"line %d\n" % number for number in range(40))
    both = old.replace(b"line 5\n", b"five\n").replace(b"line 30\n", b"thirty\n")
    one = old.replace(b"line 30\n", b"thirty\n")
    assert make_hunks("a.txt", "modified", old, both)[1].id == make_hunks("a.txt", "modified", old, one)[0].id
    assert make_hunks("b.txt", "modified", old, one)[0].id != make_hunks("a.txt", "modified", old, one)[0].id


def test_the_same_edit_twice_makes_two_identifiers() -> None:
    old = b"a\nx\n" + b"-\n" * 9 + b"a\nx\n"
    first, second = make_hunks("a.txt", "modified", old, old.replace(b"x", b"y"))
    assert first.id != second.id


def test_an_added_function_is_one_hunk_that_starts_with_it() -> None:
    old = b"def a():\n    return 1\n\n\ndef c():\n    return 1\n"
    new = b"def a():\n    return 1\n\n\ndef b():\n    return 1\n\n\ndef c():\n    return 1\n"
    (hunk,) = make_hunks("a.py", "modified", old, new)
    assert split_lines(new)[hunk.block.new_start] == b"def b():\n"


@pytest.mark.parametrize(
    ("source", "changed", "symbol"),
    [
        ("class A:\n    def f(self):\n        x = 1\n        y = 2\n", "y = 2", "A.f"),
        ("func (s *Shop) Sell() {\n\tone()\n\ttwo()\n}\n", "two()", "Sell"),
        ("export default class B {\n  async run() {\n    go();\n    stop();\n  }\n}\n", "stop();", "B.run"),
        ("pub fn area(x: i32) -> i32 {\n    let y = x;\n    y * 2\n}\n", "y * 2", "area"),
        ("int main(int argc, char **argv) {\n    if (argc > 1)\n        help();\n    run();\n}\n", "run();", "main"),
        ("public class C {\n    public int f(int a) {\n        return a;\n    }\n}\n", "return a;", "C.f"),
        ("x = 1\ny = 2\n", "y = 2", ""),
    ],
    ids=["python", "go", "javascript", "rust", "c", "java", "top"],
)
def test_a_hunk_names_the_definition_around_it(source: str, changed: str, symbol: str) -> None:
    (hunk,) = make_hunks("x", "modified", source.encode(), source.replace(changed, "other();").encode())
    assert hunk.symbol == symbol


def test_texts_without_a_line_in_common_are_told_apart_quickly() -> None:
    old = [b"a\n", b"b\n"] * 3000
    new = [b"b\n", b"c\n"] * 3000
    blocks = changed_blocks(old, new)
    assert blocks


@given(texts, texts)
def test_a_merge_with_an_unchanged_side_is_the_other_side(base: bytes, side: bytes) -> None:
    assert merge_texts(base, side, base).text == side
    assert merge_texts(base, base, side).text == side
    assert merge_texts(base, side, side).text == side


@given(texts, texts, texts)
def test_a_merge_does_not_depend_on_who_is_called_ours(base: bytes, one: bytes, other: bytes) -> None:
    forth, back = merge_texts(base, one, other), merge_texts(base, other, one)
    assert forth.clean == back.clean
    if forth.clean:
        assert forth.text == back.text


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_merges_agree_with_git(rng: random.Random) -> None:
    base, ours = _edited_text(rng, edits=rng.randint(0, 4))
    theirs = _edit(rng, list(base), rng.randint(0, 4))
    mine = merge_texts(b"".join(base), ours, theirs)
    clean, text = _git_merge(b"".join(base), ours, theirs)
    assert mine.clean == clean
    if clean:
        assert mine.text == text


def test_conflicts_name_the_line_and_what_both_sides_say() -> None:
    base = b"one\ntwo\nthree\nfour\nfive\n"
    merge = merge_texts(base, base.replace(b"four", b"4"), b"zero\n" + base.replace(b"four", b"IV"))
    assert [tuple(region) for region in merge.conflicts] == [(5, b"four\n", b"4\n", b"IV\n")]


def _edited_text(rng: random.Random, edits: int) -> tuple[list[bytes], bytes]:
    """Lines that differ from each other, and a text made of them by edits."""
    lines = [b"line %d\n" % number for number in range(rng.randint(8, 40))]
    return lines, _edit(rng, list(lines), edits)


def _edit(rng: random.Random, lines: list[bytes], edits: int) -> bytes:
    for _ in range(edits):
        place = rng.randrange(len(lines) + 1)
        what = rng.choice(["insert", "delete", "replace"])
        fresh = [b"new %d\n" % rng.randrange(10**9) for _ in range(rng.randint(1, 3))]
        if what == "insert":
            lines[place:place] = fresh
        elif what == "delete":
            del lines[place : place + rng.randint(1, 3)]
        else:
            lines[place : place + rng.randint(1, 3)] = fresh
    text = b"".join(lines)
    return text.removesuffix(b"\n") if rng.random() < 0.15 else text


def _git_merge(base: bytes, ours: bytes, theirs: bytes) -> tuple[bool, bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        names = {"ours": ours, "base": base, "theirs": theirs}
        for name, text in names.items():
            Path(folder, name).write_bytes(text)
        done = subprocess.run(
            ["git", "merge-file", "-p", "--diff3", *names], cwd=folder, capture_output=True, check=False
        )
        assert done.returncode < 128, done.stderr
        return done.returncode == 0, done.stdout


def _git_apply(folder: Path, patch: str) -> None:
    if patch:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn"], cwd=folder, input=patch.encode(), check=True, capture_output=True
        )
