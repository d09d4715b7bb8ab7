"""The search view: results while typing, the code around them, uses, callers and impact, history, editors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from aura_panel.views.search import SearchView
from aura_panel.widgets.code import CodePane
from aura_panel.widgets.results import ResultList
from aura_shared.errors import NotReady, ServiceDown
from aura_shared.messages.code import (
    FindSymbols,
    Freshness,
    IndexUpdated,
    ProjectStateChanged,
    ReadSpan,
    SearchAnswer,
    SearchCode,
)
from aura_shared.messages.structure import AskImpact, FindCalls, FindReferences, ReferencesAnswer
from panel_lab import ATLAS, SHOP, SIZES, PanelLab, app_of, assert_looks, panel_of, running_status, screen_text, until
from panel_lab_search import HITS, NOW, found, with_search


def view_of(pilot: Pilot[None]) -> SearchView:
    screen = app_of(pilot).screen
    assert isinstance(screen, SearchView)
    return screen


def results_of(pilot: Pilot[None]) -> ResultList:
    return view_of(pilot).query_one(ResultList)


def query_of(pilot: Pilot[None]) -> Input:
    return view_of(pilot).query_one("#query", Input)


async def search(pilot: Pilot[None], text: str = "session") -> ResultList:
    """Type a query and wait for the first result and its code."""
    await pilot.press(*text)
    await until(pilot, lambda: "2 definitions" in screen_text(pilot) and "▌" in screen_text(pilot))
    return results_of(pilot)


@pytest.mark.requirement("U1", "P4")
async def test_results_appear_while_one_types_definitions_first_and_nothing_is_markup(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(100, 40)) as pilot:
        assert query_of(pilot).has_focus
        assert "Type words" in screen_text(pilot)
        rows = await search(pilot)
        shown = screen_text(pilot)
        assert shown.index("Definitions") < shown.index("SessionStore.create") < shown.index("Code  4")
        assert "tests/[red]/test_sessions.py" in shown
        assert "index 48, current" in shown
        assert [asked.query for asked in lab.asked_for(SearchCode)][-1] == "session"
        assert rows.entry is not None
        assert rows.entry.title == "SessionStore"


async def test_arrows_go_into_the_results_and_the_code_follows(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(100, 40)) as pilot:
        rows = await search(pilot)
        await pilot.press("down")
        assert rows.has_focus
        await pilot.press("end")
        await until(pilot, lambda: "A session is created when somebody signs in." in screen_text(pilot))
        assert str(view_of(pilot).query_one("#code-pane").border_title) == "docs/sessions.md:3"
        await pilot.press("home", "pagedown", "pageup", "up")
        assert query_of(pilot).has_focus
        await pilot.press("escape")
        assert rows.has_focus
        await pilot.press("slash")
        assert query_of(pilot).has_focus


async def test_a_long_path_is_cut_in_front(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(80, 24)) as pilot:
        await search(pilot)
        await pilot.press("down", "end", "up")
        await until(pilot, lambda: "session_handling.py:10" in screen_text(pilot))
        assert "…" in screen_text(pilot)


@pytest.mark.requirement("P4")
async def test_an_older_answer_is_never_shown_over_a_newer_one(lab: PanelLab) -> None:
    with_search(lab)
    first, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(asked: SearchCode, _context: Any) -> SearchAnswer:  # noqa: ANN401 - the bus's
        if asked.query == "old":
            first.set()
            try:
                await go_on.wait()
            finally:
                ended.set()
        return SearchAnswer(hits=HITS[:1] if asked.query == "old" else HITS, mode="exact", freshness=NOW)

    lab.bus("code").serve(SearchCode, answer)
    async with panel_of(lab, view="search") as pilot:
        await pilot.press(*"old")
        await until(pilot, first.is_set)
        await until(pilot, lambda: "Searching …" in screen_text(pilot))
        query_of(pilot).value = "new"
        await until(pilot, lambda: "4 passages" in screen_text(pilot))
        await until(pilot, ended.is_set)
        go_on.set()
        await pilot.pause()
        assert "4 passages" in screen_text(pilot)


async def test_nothing_found_says_why(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        await pilot.press(*"nothing")
        await until(pilot, lambda: "Similar names: [b]SessionStore[/b]" in screen_text(pilot))
        assert "43 files are not searched: 3 too-large, 40 binary" in screen_text(pilot)
        assert not view_of(pilot).query_one("#code-pane").display


async def test_filters_are_part_of_the_query_and_a_wrong_one_is_told(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        query_of(pilot).value = "session lang:python path:!tests/** kind:class mode:words"
        await until(pilot, lambda: "only python, !tests/**, class" in screen_text(pilot))
        asked = lab.asked_for(SearchCode)[-1]
        assert (asked.query, asked.languages, asked.paths, asked.kinds, asked.mode) == (
            "session", ["python"], ["!tests/**"], ["class"], "words",
        )  # fmt: skip
        assert not lab.asked_for(FindSymbols), "words are no name"
        query_of(pilot).value = "session kind:klass"
        await until(pilot, lambda: "kind:klass is none of module, namespace, class" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_uses_callers_and_impact_are_shown_and_left_again(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(130, 40)) as pilot:
        rows = await search(pilot)
        await pilot.press("down", "down", "r")
        await until(pilot, lambda: "Uses of SessionStore.create" in screen_text(pilot))
        assert 'store.create("ada")' in screen_text(pilot)
        assert "Probably used  1" in screen_text(pilot)
        asked = lab.asked_for(FindReferences)[-1]
        assert (asked.symbol, asked.path, asked.line) == ("SessionStore.create", "shop/sessions.py", None)
        await pilot.press("u")
        await until(pilot, lambda: "Callers of test_a_session_is_created" in screen_text(pilot))
        assert "2 calls, this is the first" in screen_text(pilot)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "Definitions" in screen_text(pilot))
        assert rows.entry is not None
        assert rows.entry.title == "SessionStore.create", "the place is kept"
        await pilot.press("i")
        await until(pilot, lambda: "May break  1" in screen_text(pilot))
        assert "1 definition in 2 files may break" in screen_text(pilot)
        assert "2 changed files are not in it yet" in screen_text(pilot)
        assert lab.asked_for(AskImpact)
        assert lab.asked_for(FindCalls)
        query_of(pilot).value = "sessions"
        await until(pilot, lambda: "Definitions" in screen_text(pilot))


async def test_no_uses_are_told_with_their_reason(lab: PanelLab) -> None:
    with_search(lab)
    lab.answer(FindReferences, ReferencesAnswer(reason="Nothing uses it [b]."))
    async with panel_of(lab, view="search") as pilot:
        await search(pilot)
        await pilot.press("down", "end", "r")
        await until(pilot, lambda: "Nothing uses it [b]." in screen_text(pilot))
        asked = lab.asked_for(FindReferences)[-1]
        assert (asked.symbol, asked.path, asked.line) == ("", "docs/sessions.md", 3)
        lab.answer(FindReferences, ServiceDown("code does not answer"))
        await pilot.press("r")
        await until(pilot, lambda: "✗ code does not answer" in screen_text(pilot))


async def test_queries_of_the_session_come_back(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        query = query_of(pilot)
        for text in ("first", "second"):
            await pilot.press(*text, "enter", "slash", "ctrl+u")
        await until(pilot, lambda: "Searched before:" in screen_text(pilot))
        await pilot.press("t", "up")
        assert query.value == "second"
        await pilot.press("up", "up")
        assert query.value == "first"
        await pilot.press("down")
        assert query.value == "second"
        await pilot.press("down")
        assert query.value == "t"
        await until(pilot, lambda: "2 definitions" in screen_text(pilot))
        await pilot.press("down")
        assert results_of(pilot).has_focus


async def test_more_results_and_scores_on_request(lab: PanelLab) -> None:
    with_search(lab)

    def many(asked: SearchCode) -> SearchAnswer:
        answer = found(asked)
        return answer.model_copy(update={"hits": (answer.hits * 9)[: min(asked.limit, 36)]})

    lab.answer(SearchCode, many)
    async with panel_of(lab, view="search", size=(100, 50)) as pilot:
        rows = await search(pilot)
        await pilot.press("down", "down", "down")
        await pilot.press("x")
        await until(pilot, lambda: "score 4.34 = 3.1 words × 1.4 definition" in screen_text(pilot))  # noqa: RUF001 - times
        await pilot.press("m")
        await until(pilot, lambda: lab.asked_for(SearchCode)[-1].limit == 50)
        await until(pilot, lambda: "the best" not in screen_text(pilot))
        await pilot.press("m")
        assert lab.asked_for(SearchCode)[-1].limit == 50
        assert rows.entry is not None
        assert rows.entry.key == "code:shop/sessions.py:17", "the place is kept"


@pytest.mark.requirement("U1")
async def test_enter_opens_the_place_in_the_editor_and_c_copies_it(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []

    async def opening(_app: object, path: object, line: int) -> bool:
        opened.append((str(path), line))
        return True

    monkeypatch.setattr("aura_panel.views.search.open_in_editor", opening)
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        await search(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: opened == [("/src/shop/shop/sessions.py", 17)])
        await pilot.press("c")
        await until(pilot, lambda: "Copied shop/sessions.py:17" in screen_text(pilot))
        assert app_of(pilot).clipboard == "shop/sessions.py:17"


async def test_changed_files_are_taken_in_and_the_place_stays(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(100, 40)) as pilot:
        rows = await search(pilot)
        await pilot.press("down", "down", "down")
        newer = Freshness(generation=49)
        lab.answer(SearchCode, lambda asked: found(asked).model_copy(update={"freshness": newer}))
        spans = len(lab.asked_for(ReadSpan))
        await lab.tell(IndexUpdated(project=SHOP.id, generation=49, changed=["shop/sessions.py"]))
        await until(pilot, lambda: "index 49" in screen_text(pilot))
        await until(pilot, lambda: len(lab.asked_for(ReadSpan)) > spans)
        assert rows.entry is not None
        assert rows.entry.key == "code:shop/sessions.py:17"
        assert rows.has_focus


async def test_an_index_that_is_being_built_is_told_and_asked_once_it_is_ready(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        app_of(pilot).choose_project(ATLAS.id)
        await pilot.press(*"session")
        await until(pilot, lambda: "1,200 of 4,800 files are read" in screen_text(pilot))
        assert not lab.asked_for(SearchCode)
        await lab.tell(ProjectStateChanged(project=ATLAS.model_copy(update={"phase": "missing", "problem": "gone"})))
        await until(pilot, lambda: "cannot be read: gone" in screen_text(pilot))
        await lab.tell(ProjectStateChanged(project=ATLAS.model_copy(update={"phase": "ready"})))
        await until(pilot, lambda: "2 definitions" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_it_keeps_what_it_found_while_the_daemon_is_away(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        rows = await search(pilot)
        lab.status = None
        await until(pilot, lambda: "not running" in screen_text(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "✗ Aura is not running" in screen_text(pilot))
        assert rows.entries
        lab.status = running_status()
        asked = len(lab.asked_for(SearchCode))
        await until(pilot, lambda: len(lab.asked_for(SearchCode)) > asked)
        await until(pilot, lambda: "2 definitions" in screen_text(pilot))


async def test_without_a_project_it_says_what_to_do(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", known=False) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "No project is registered" in screen_text(pilot))


async def test_a_file_that_cannot_be_read_is_told(lab: PanelLab) -> None:
    with_search(lab)
    lab.answer(ReadSpan, NotReady("the file is gone"))
    async with panel_of(lab, view="search") as pilot:
        await pilot.press(*"session")
        await until(pilot, lambda: "✗ the file is gone" in screen_text(pilot))


async def test_its_key_leads_to_the_input_again_and_a_question_does_not(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search") as pilot:
        rows = await search(pilot)
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: "Help: Search" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: app_of(pilot).focused is rows)
        await pilot.press("1")
        await until(pilot, lambda: app_of(pilot).current_mode == "home")
        await pilot.press("3")
        await until(pilot, lambda: app_of(pilot).focused is query_of(pilot))
        await pilot.press(*"new")
        assert query_of(pilot).value == "new", "one types over the old query"


async def test_a_target_is_searched_for(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab) as pilot:
        app_of(pilot).open_view("search", "SessionStore")
        await until(pilot, lambda: app_of(pilot).current_mode == "search" and "2 definitions" in screen_text(pilot))
        assert results_of(pilot).has_focus


async def test_the_code_takes_the_screen_where_there_is_little_room(lab: PanelLab) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", size=(80, 24)) as pilot:
        rows = await search(pilot)
        await pilot.press("down", "z")
        await until(pilot, lambda: rows.region.height == 0)
        assert view_of(pilot).query_one(CodePane).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: rows.has_focus)


async def test_a_click_reaches_an_entry_and_a_double_click_opens_it(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []

    async def opening(_app: object, _path: object, line: int) -> bool:
        opened.append(line)
        return True

    monkeypatch.setattr("aura_panel.views.search.open_in_editor", opening)
    with_search(lab)
    async with panel_of(lab, view="search", size=(100, 40)) as pilot:
        rows = await search(pilot)
        await pilot.click(ResultList, offset=(5, 2))
        assert rows.entry is not None
        assert rows.entry.title == "SessionStore.create"
        await pilot.click(ResultList, offset=(5, 0))
        await pilot.click(ResultList, offset=(5, 2), times=2)
        await until(pilot, lambda: opened == [17])


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_looks(lab: PanelLab, theme: str, width: int, height: int) -> None:
    with_search(lab)
    async with panel_of(lab, view="search", theme=theme, size=(width, height)) as pilot:
        await search(pilot)
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: str(view_of(pilot).query_one("#code-pane").border_title) == "shop/sessions.py:18")
        await assert_looks(pilot, f"search-{theme}-{width}x{height}")
