"""Diffs: lines, pairs, changed words, rows of the screen, and how fast a large one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from aura_panel.diff_document import DiffDocument, document_of_change, document_of_merge, lay_out
from aura_panel.diff_lines import (
    MOST_COLUMNS,
    changed_words,
    expanded,
    files_of_diff,
    lines_of_hunk,
    pairs_of,
    wrapped_at,
)
from aura_panel.themes import THEMES
from aura_panel.widgets.diff import DiffView
from aura_panel.widgets.diff_drawing import coloured_lines
from panel_lab import screen_text, until
from panel_lab_changes import huge_change, hunk, odd_change, sessions_change


class DiffApp(App[None]):
    """A diff and nothing else."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__()
        for known in THEMES.values():
            self.register_theme(known)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield DiffView()


def diff_of(pilot: Pilot[None]) -> DiffView:
    return pilot.app.query_one(DiffView)


# Lines


def test_lines_have_their_numbers_on_both_sides() -> None:
    lines = lines_of_hunk("@@ -9,3 +9,3 @@ name\n a\n-b\n+c\n d\n\\ No newline at end of file\n")
    assert [(line.mark, line.old, line.new, line.text) for line in lines] == [
        (" ", 9, 9, "a"), ("-", 10, 0, "b"), ("+", 0, 10, "c"), (" ", 11, 11, "d"),
        ("\\", 0, 0, " No newline at end of file"),
    ]  # fmt: skip


def test_a_carriage_return_is_shown_only_where_not_all_lines_have_one() -> None:
    assert [line.text for line in lines_of_hunk("@@ -1 +1 @@\n-a\r\n+b\r\n")] == ["a", "b"]
    assert [line.text for line in lines_of_hunk("@@ -1 +1 @@\n-a\r\n+a\n")] == ["a^M", "a"]


def test_what_steers_a_terminal_is_made_visible_and_long_lines_are_cut() -> None:
    lines = lines_of_hunk(f"@@ -1 +1 @@\n-\x1b[31m\u202e\x0c\u2028\n+{'x' * (MOST_COLUMNS + 7)}\n")
    assert lines[0].text == "\\u001b[31m\\u202e\\u000c\\u2028"
    assert lines[1].text.endswith("x … 7 more characters")


@pytest.mark.parametrize(
    ("text", "shown"), [("\ta", "    a"), ("ab\tc", "ab  c"), ("値\tc", "値  c"), ("e\u0301\tc", "e\u0301   c")]
)
def test_tabs_end_at_the_same_column_whatever_stands_before_them(text: str, shown: str) -> None:
    assert expanded(text) == shown


def test_lines_stand_beside_what_they_replace() -> None:
    lines = lines_of_hunk("@@ -1,5 +1,4 @@\n a\n-b\n-c\n+B\n d\n+e\n-f\n\\ No newline at end of file\n+F\n")
    assert pairs_of(lines) == [(0, 0), (1, 3), (2, -1), (4, 4), (-1, 5), (6, 8), (7, -1)]


def test_words_are_marked_where_lines_have_enough_in_common() -> None:
    lines = lines_of_hunk(
        "@@ -1,2 +1,2 @@\n-def load(store: SessionStore) -> None:\n-x\n+def load(store: Sessions) -> None:\n+y\n"
    )
    marked = changed_words(lines)
    assert {number: [lines[number].text[a:b] for a, b in spans] for number, spans in marked.items()} == {
        0: ["SessionStore"], 2: ["Sessions"],
    }  # fmt: skip
    long = " ".join(["a"] * 300)
    assert not changed_words(lines_of_hunk(f"@@ -1 +1 @@\n-{long}\n+{long} b\n"))
    assert not changed_words(lines_of_hunk("@@ -1 +1 @@\n-\n+b\n"))


@given(text=st.text(alphabet=st.sampled_from("ab 値e\u0301-"), max_size=120), columns=st.integers(2, 20))
def test_wrapped_rows_fit_and_together_are_the_text(text: str, columns: int) -> None:
    starts = wrapped_at(text, columns)
    rows = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    assert "".join(rows) == text
    assert all(cell_len(row) <= columns for row in rows)


def test_rows_end_between_words_where_one_is_near() -> None:
    assert wrapped_at("one two three four five", 10) == [0, 8, 18]


def test_a_diff_of_several_files_is_taken_apart_also_where_lines_look_like_heads() -> None:
    diff = (
        "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a\n+++ b\n c\n@@ -9 +9 @@\n-a\n+b\n\\ No newline at end of file\n"
        "--- /dev/null\n+++ b/y\n@@ -0,0 +1,1 @@\n+z\n"
    )
    assert files_of_diff(diff) == [
        ("x", "@@ -1,2 +1,2 @@\n--- a\n+++ b\n c\n"),
        ("x", "@@ -9 +9 @@\n-a\n+b\n\\ No newline at end of file\n"),
        ("y", "@@ -0,0 +1,1 @@\n+z\n"),
    ]
    document = document_of_merge(diff, lambda _width: [Text("head")])
    assert [file.path for file in document.files] == ["x", "y"]
    assert [hunk.title for hunk in document.hunks] == ["part 1 of 3", "part 2 of 3", "part 3 of 3"]


# Rows


def test_rows_of_long_lines_wrap_on_both_sides() -> None:
    change = sessions_change()
    document = document_of_change(change, lambda _width: [])
    narrow = lay_out(document, 40, beside=False)
    wide = lay_out(document, 120, beside=True)
    assert any(row.part > 0 for row in narrow.rows)
    assert len(wide.rows) < len(narrow.rows)
    for row in narrow.rows:
        place = wide.place_of(row)
        assert wide.rows[place].hunk == row.hunk or row.kind in {"gap", "head"}


def test_the_first_changed_line_of_a_hunk_is_known() -> None:
    document = document_of_change(odd_change(), lambda _width: [])
    assert [hunk.first_changed for hunk in document.hunks] == [2, 1, 1, 1, 1]
    only_removed = document_of_change(
        sessions_change(files=[sessions_change().files[0].model_copy(
            update={"hunks": [hunk("a" * 12, "x.py", "@@ -4,2 +4,1 @@\n a\n-b\n")]})]), lambda _width: []
    )  # fmt: skip
    assert only_removed.hunks[0].first_changed == 4


def test_what_was_worked_out_of_a_hunk_is_kept_while_it_stays_the_same() -> None:
    before = document_of_change(sessions_change(), lambda _width: [])
    lines = before.hunks[0].lines
    after = document_of_change(sessions_change(), lambda _width: [], before)
    assert after.hunks[0].lines is lines


def test_colours_are_those_of_the_language_and_none_where_it_is_unknown() -> None:
    lines = lines_of_hunk('@@ -1,3 +1,3 @@\n def a():\n-    return "[red]"\n+    return 2\n\n')
    coloured = coloured_lines(lines, "a.py", new=False)
    assert [line.plain for line in coloured] == [line.text for line in lines]
    assert [bool(line.spans) for line in coloured[:3]] == [True, True, False]
    assert not any(line.spans for line in coloured_lines(lines, "LICENSE-of-nothing", new=True))


# On the screen


@pytest.mark.parametrize("beside", [False, True])
async def test_wide_and_combining_characters_keep_the_columns_in_line(*, beside: bool) -> None:
    app = DiffApp()
    async with app.run_test(size=(120, 40)) as pilot:
        diff = diff_of(pilot)
        diff.show(document_of_change(odd_change(), lambda _width: []))
        diff.set_beside(beside)
        await pilot.pause()
        lines = [diff.render_line(y) for y in range(12)]
        assert {strip.cell_length for strip in lines} == {diff.scrollable_content_region.width}
        assert all(cell_len(strip.text) == strip.cell_length for strip in lines)
        row = next(strip.text for strip in lines if "数据库" in strip.text)
        assert cell_len(row[: row.index("end")]) % 4 == (cell_len(row[: row.index("title")]) % 4)


@pytest.mark.parametrize("theme", list(THEMES))
async def test_signs_tell_what_changed_in_every_theme(theme: str) -> None:
    app = DiffApp(theme)
    async with app.run_test(size=(100, 40)) as pilot:
        diff_of(pilot).show(document_of_change(sessions_change(), lambda _width: [Text("head", "bold")]))
        await pilot.pause()
        shown = screen_text(pilot)
        assert "12    - class SessionStore:" in shown
        assert "   12 + class Sessions:" in shown
        app.theme = "light" if theme != "light" else "dark"
        await pilot.pause()
        assert "12 + class Sessions:" in screen_text(pilot)


async def test_a_huge_diff_is_drawn_only_where_it_is_seen() -> None:
    app = DiffApp()
    change = huge_change(20_000)
    async with app.run_test(size=(140, 50)) as pilot:
        diff = diff_of(pilot)
        diff.show(document_of_change(change, lambda _width: []))
        diff.focus()
        await pilot.press("end")
        await until(pilot, lambda: "value_18000" in screen_text(pilot))
        assert len(diff.rows) > 20_000
        drawn = sum("words" in hunk.__dict__ for hunk in diff.document.hunks)
        assert drawn < 5, "only hunks that are seen are looked at closely"
        await pilot.press("home", "pagedown", "j", "G", "g")
        assert diff.cursor == 0


async def test_the_place_is_kept_over_another_width_and_another_manner() -> None:
    app = DiffApp()
    async with app.run_test(size=(120, 20)) as pilot:
        diff = diff_of(pilot)
        diff.show(document_of_change(sessions_change(), lambda _width: [Text("head")] * 30))
        await pilot.pause()
        assert diff.cursor == 0, "the first hunk is out of sight, so the head is shown"
        diff.go_to_hunk(1)
        diff.go_to(diff.cursor + 4)
        line = diff.line
        diff.set_beside(True)
        assert (diff.number, diff.line) == (1, line)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: diff.size.width == 60)
        assert (diff.number, diff.line) == (1, line)
        diff.show(DiffDocument())
        assert (diff.cursor, diff.hunk, diff.path) == (0, None, "")
        diff.go_to(3)
        diff.go_to_hunk(3)
        diff.action_step(1)
        diff.action_file(1)
        assert diff.cursor == 0
