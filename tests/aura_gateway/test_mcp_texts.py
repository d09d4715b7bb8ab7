"""Answers as an agent reads them."""

from __future__ import annotations

from aura_gateway import mcp_texts
from aura_gateway.status import GatewayFacts, ProtocolRange, StatusAnswer
from aura_shared.messages.code import (
    FolderInfo,
    Freshness,
    MapAnswer,
    OutlineAnswer,
    SearchAnswer,
    SearchHit,
    SpanAnswer,
    SymbolAnswer,
)
from gateway_lab import project, symbol

STALE = Freshness(generation=3, pending=2)
UNVERIFIED = Freshness(generation=3, verified=False)


def test_a_search_says_what_is_pending_cut_and_left_out() -> None:
    hits = [
        SearchHit(path="a.txt", start_line=1, end_line=9, score=2, text="one\ntwo", truncated=True),
        SearchHit(path="b.txt", start_line=3, end_line=3, score=1),
    ]
    shown = mcp_texts.search_text(SearchAnswer(hits=hits, freshness=STALE, more=True), "shop")
    assert shown.splitlines()[0] == "2 places in shop, best first. 2 changed files not in the index yet."
    assert "two\n[cut]\n</file" in shown
    assert "2. b.txt:3-3" in shown
    assert shown.endswith("There is more: raise limit or budget, or narrow the query.")


def test_an_index_that_is_not_compared_yet_is_named() -> None:
    shown = mcp_texts.search_text(SearchAnswer(freshness=UNVERIFIED, reason="No such word."), "shop")
    assert shown == "Nothing found in shop. No such word. The index is still being compared with the disk."


def test_definitions_outlines_spans_and_maps_say_when_there_is_more() -> None:
    found = SymbolAnswer(symbols=[symbol().model_copy(update={"container": "App"})], freshness=STALE, more=True)
    assert "function App.create_session" in mcp_texts.symbol_text(found, "shop")
    assert "raise limit" in mcp_texts.symbol_text(found, "shop")
    nested = symbol().model_copy(update={"container": "App", "signature": ""})
    outline = OutlineAnswer(path="a.py", lines=1, symbols=[nested], freshness=STALE)
    assert "  1-2  function create_session" in mcp_texts.outline_text(outline, "shop")
    plain = OutlineAnswer(path="a.txt", lines=4, freshness=STALE)
    assert "plain text, 4 lines" in mcp_texts.outline_text(plain, "shop")
    assert "read it with read_span" in mcp_texts.outline_text(plain, "shop")
    span = SpanAnswer(path="a.txt", start_line=1, end_line=2, lines=9, text="x", truncated=True)
    assert "[cut]" in mcp_texts.span_text(span, "shop")
    folder = FolderInfo(path="", files=1, lines=2)
    map_ = MapAnswer(folders=[folder], files=1, lines=2, freshness=STALE, more=True)
    assert "./  1 file, 2 lines" in mcp_texts.map_text(map_, "shop")
    assert "raise budget" in mcp_texts.map_text(map_, "shop")


def test_status_lists_services_projects_and_problems() -> None:
    facts = GatewayFacts(version="1", instance="i", pid=1, uptime_s=1, calls=1, protocol=ProtocolRange(min=1, max=1))
    building = project(phase="building", files_done=4, files_total=9)
    missing = project("gone", "/gone", phase="missing", problem="the folder is gone")
    status = StatusAnswer(
        ready=True,
        gateway=facts,
        supervisor={"services": [{"name": "bus", "state": "ready"}, "odd"]},
        projects=[building, missing],
        problems=["one"],
    )
    assert mcp_texts.status_text(status).splitlines() == [
        "Aura 1 is ready.",
        "Problem: one",
        "Services: bus ready",
        "Projects:",
        "- shop-abc123  /srv/shop  building: 4 of 9 files read",
        "- gone-abc123  /gone  missing: the folder is gone",
    ]
    empty = status.model_copy(update={"projects": [], "ready": False, "supervisor": None})
    assert "run `aura init PATH`" in mcp_texts.status_text(empty)


def test_hidden_characters_become_visible_at_any_depth() -> None:
    assert mcp_texts.clean({"a": ["x\u202e", 1, None, "plain é 日本"]}) == {"a": ["x\\u202e", 1, None, "plain é 日本"]}
