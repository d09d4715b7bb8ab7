"""Queries, history and entries of the search, and editors, without a screen."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.app import SuspendNotSupported

from aura_panel.editors import Editor, editor_of, open_in_editor
from aura_panel.search_query import History, Query, parse_query
from aura_panel.search_rows import found_groups, not_ready_words
from aura_shared.errors import NotFound, UsageProblem
from aura_shared.messages.code import SearchAnswer
from panel_lab import ATLAS, SHOP, PanelLab, app_of, panel_of, screen_text, until
from panel_lab_search import NOW, passage


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ("", Query()),
        ("retry policy", Query(text="retry policy")),
        ("lang:go retry path:a/** now lang:rust", Query(text="retry now", languages=("go", "rust"), paths=("a/**",))),
        ('"lang:go stays" path:b', Query(text='"lang:go stays"', paths=("b",))),
        ("/path:x[/] y/ kind:class", Query(text="/path:x[/] y/", kinds=("class",))),
        ('"not closed lang:go', Query(text='"not closed', languages=("go",))),
        ("std::path:x", Query(text="std::path:x")),
        ("a mode:regex", Query(text="a", mode="regex")),
    ],
)  # fmt: skip
def test_filters_are_taken_out_of_a_query(written: str, query: Query) -> None:
    assert parse_query(written) == query


def test_a_filter_of_no_known_value_is_a_problem() -> None:
    assert parse_query("a mode:best").problem.startswith("mode:best is none of auto, words")


@pytest.mark.parametrize("name", ["Store", "Store.add", "shop::Store", "add()", "_x1", "größe"])
def test_names_are_asked_for_as_definitions(name: str) -> None:
    assert parse_query(name).names


@pytest.mark.parametrize("other", ["two words", '"Store"', "/Store/", "a/b.py", "1st", "", "Store mode:exact"])
def test_other_queries_are_not(other: str) -> None:
    assert not parse_query(other).names


def test_history_goes_back_and_forth_and_forgets_nothing_that_was_typed() -> None:
    history = History()
    assert history.older("x") is None
    for text in ("one", "two", "one", " "):
        history.remember(text)
    assert history.past == ["two", "one"]
    assert history.older("typed") == "one"
    assert history.older("one") == "two"
    assert history.older("two") is None
    assert (history.newer(), history.newer(), history.browsing) == ("one", "typed", False)


def test_a_passage_without_text_or_match_is_still_a_place() -> None:
    hit = passage("docs/sessions.md", 1, 3).model_copy(update={"text": ""})
    entry = found_groups(SearchAnswer(hits=[hit, hit], freshness=NOW), None, None)[0].entries[1]
    assert (entry.line, entry.code, entry.key, entry.marked) == (1, "", "code:docs/sessions.md:1#2", {1, 2, 3})


def test_why_a_project_is_not_ready() -> None:
    assert not not_ready_words(SHOP)
    waiting = ATLAS.model_copy(update={"phase": "waiting", "files_total": None, "files_done": 0})
    assert "is waiting: 0 files are read" in not_ready_words(waiting)


@pytest.mark.parametrize(
    ("command", "opening"),
    [
        ("vim", ["vim", "+7", "/a b.py"]),
        ("/usr/bin/nano -l", ["/usr/bin/nano", "-l", "+7", "/a b.py"]),
        ("code --reuse-window", ["code", "--reuse-window", "--goto", "/a b.py:7"]),
        ("idea", ["idea", "--line", "7", "/a b.py"]),
        ("hx", ["hx", "/a b.py:7"]),
        ("ed", ["ed", "/a b.py"]),
    ],
)
def test_how_editors_open_a_line(command: str, opening: list[str]) -> None:
    assert editor_of({"EDITOR": command, "VISUAL": " "}).opening(Path("/a b.py"), 7) == opening


def test_which_editors_have_a_window() -> None:
    assert Editor(("/snap/bin/code", "-r"), "EDITOR").has_window
    assert not Editor(("nvim",), "EDITOR").has_window


def test_no_editor_or_one_that_is_no_command_is_an_error() -> None:
    with pytest.raises(NotFound, match="no editor is set"):
        editor_of({})
    with pytest.raises(UsageProblem, match=r"\$VISUAL must be a command"):
        editor_of({"VISUAL": "vim '"})


@contextmanager
def _suspended() -> Generator[None]:
    yield


@pytest.mark.parametrize(
    ("editor", "outcome", "told"),
    [
        ("vim", 0, ""),
        ("vim", 3, "vim ended with 3"),
        ("vim", FileNotFoundError(2, "No such file"), "'vim' cannot be started: No such file"),
        ("code", 0, "a.py:7 opens in code"),
        ("code", 1, "code ended with 1"),
        ("code", PermissionError(13, "Permission denied"), "'code' cannot be started: Permission denied"),
        ("code", subprocess.TimeoutExpired("code", 20), "code did not come back within 20 s"),
        ("", 0, "no editor is set"),
    ],
)
async def test_a_file_is_opened_or_it_is_told_why_not(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch, editor: str, outcome: int | Exception, told: str
) -> None:
    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 - as it is
        if isinstance(outcome, Exception):
            raise outcome
        return subprocess.CompletedProcess(command, outcome)

    async with panel_of(lab, known=False) as pilot:
        monkeypatch.setattr("aura_panel.editors.subprocess.run", run)
        monkeypatch.setattr(app_of(pilot), "suspend", _suspended)
        monkeypatch.setattr(os, "environ", {**os.environ, "EDITOR": editor, "VISUAL": ""})
        opened = await open_in_editor(app_of(pilot), Path("/src/a.py"), 7)
        assert opened is (outcome == 0 and bool(editor))
        await until(pilot, lambda: told in screen_text(pilot))


async def test_where_the_panel_cannot_leave_the_terminal_that_is_told(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suspend() -> None:
        raise SuspendNotSupported("no")

    monkeypatch.setenv("EDITOR", "vim")
    monkeypatch.delenv("VISUAL", raising=False)
    async with panel_of(lab, known=False) as pilot:
        monkeypatch.setattr(app_of(pilot), "suspend", suspend)
        assert not await open_in_editor(app_of(pilot), Path("/src/a.py"), 7)
        await until(pilot, lambda: "cannot be opened from here" in screen_text(pilot))
