"""Questions that the gateway passes on by table: over HTTP, and as tools that a client opts in to."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from mcp_types import CallToolResult

from aura_gateway.mcp_arguments import compact_schema
from aura_gateway.mcp_toolsets import answer_text, arguments_of, chosen
from aura_gateway.questions import QUESTIONS, TOOLSETS, Question
from aura_shared.bus import Context
from aura_shared.errors import NotReady
from aura_shared.messages.insight import FindHotspots, Hotspot, HotspotsAnswer, ShowTree, TreeAnswer
from gateway_clients import LEGACY, MODERN, mcp_client, text
from gateway_lab import Lab

both_eras = pytest.mark.parametrize("era", [MODERN, LEGACY])


def serve(lab: Lab) -> list[object]:
    """Have the code service answer two of the questions; what it was asked is in the list."""
    asked: list[object] = []

    async def tree(request: ShowTree, _context: Context) -> TreeAnswer:
        asked.append(request)
        return TreeAnswer(text=f"src/  depth {request.depth}", files=3)

    async def hotspots(request: FindHotspots, _context: Context) -> HotspotsAnswer:
        asked.append(request)
        if request.days == 1:
            raise NotReady("there is no history", hint="Use git.")
        spot = Hotspot(path="src/app.py", commits=4, changed_lines=10, authors=1, complexity=7, lines=40, score=1.0)
        return HotspotsAnswer(hotspots=[spot] if request.days > 2 else [], days=request.days, reason="No commits.")

    lab.code.bus.serve(ShowTree, tree)
    lab.code.bus.serve(FindHotspots, hotspots)
    return asked


@pytest.mark.requirement("M9", "C9")
async def test_a_question_has_a_route_that_refuses_unknown_fields(lab: Lab, client: httpx.AsyncClient) -> None:
    asked = serve(lab)
    answer = await client.post("/v1/tree", json={"project": "shop", "depth": 5})
    assert answer.json()["text"] == "src/  depth 5"
    assert asked == [ShowTree(project="shop", depth=5)]
    refused = await client.post("/v1/tree", json={"project": "shop", "deep": 5})
    assert refused.status_code == 400
    assert "deep" in refused.json()["error"]["message"]


@pytest.mark.requirement("M9")
async def test_the_document_describes_every_question(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    for question in QUESTIONS:
        operation = document["paths"][f"/v1/{question.route}"]["post"]
        assert operation["summary"] == question.title
        body = document["components"]["schemas"][f"{question.kind.__name__}Body"]
        assert body["additionalProperties"] is False
        assert all(found.get("description") for found in body.get("properties", {}).values())


@pytest.mark.requirement("M3")
@both_eras
async def test_a_client_gets_the_toolsets_that_it_names(lab: Lab, era: str) -> None:
    serve(lab)
    async with mcp_client(lab, era) as client:
        usual = [tool.name for tool in (await client.list_tools()).tools]
    async with mcp_client(lab, era, {"x-aura-toolsets": "overview, nonsense"}) as client:
        more = [tool.name for tool in (await client.list_tools()).tools][len(usual) :]
        assert more == [
            question.tool for question in QUESTIONS if question.toolset == "overview" and not question.always
        ]
        result = await client.call_tool("hotspots", {"days": 30})
    assert isinstance(result, CallToolResult)
    assert "src/app.py  commits=4" in text(result)
    assert result.structured_content is not None
    assert result.structured_content["project"] == "shop-abc123"


@pytest.mark.requirement("M3")
async def test_a_tool_that_was_not_listed_can_be_called_and_tells_why_it_fails(lab: Lab) -> None:
    serve(lab)
    async with mcp_client(lab, MODERN) as client:
        tree = await client.call_tool("project_tree", {"depth": 2})
        assert "src/  depth 2" in text(tree)
        none = await client.call_tool("hotspots", {"days": 2})
        assert "Nothing found in shop-abc123. No commits." in text(none)
        failed = await client.call_tool("hotspots", {"days": 1})
        wrong = await client.call_tool("hotspots", {"weeks": 1})
    assert "not_ready: there is no history\nHint: Use git." in text(failed)
    assert "weeks" in text(wrong)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.tool)
def test_each_tool_says_what_its_arguments_mean(question: Question) -> None:
    schema = compact_schema(arguments_of(question))
    assert schema["additionalProperties"] is False
    properties: dict[str, dict[str, Any]] = schema["properties"]
    fields = set(question.kind.model_fields)
    assert set(properties) == (fields.intersection(("project", *question.shows)) if question.shows else fields)
    assert fields.issuperset(question.shows)
    assert all(found.get("description") for found in properties.values())
    assert "project" not in schema.get("required", [])


def test_all_toolsets_together_are_everything_and_none_is_what_everybody_has() -> None:
    always = [question for question in QUESTIONS if question.always]
    assert sorted(question.tool for question in chosen("all")) == sorted(question.tool for question in QUESTIONS)
    assert chosen(None) == chosen("") == always
    assert not any(question.writes or question.approval for question in always)
    assert {question.tool for question in chosen(",".join(TOOLSETS))} == {question.tool for question in QUESTIONS}
    assert len({question.tool for question in QUESTIONS}) == len(QUESTIONS) == len({q.route for q in QUESTIONS})


def test_an_answer_of_many_kinds_reads_as_lines() -> None:
    answer = json.loads(
        '{"total": 2, "more": true, "levels": {"error": 2}, "items": [{"path": "a.py", "line": 3, "flag": true, '
        '"names": ["x", {"path": "b.py", "line": 1, "name": "y"}], "at": {"name": "z"}}, "plain"], "empty": []}'
    )
    assert answer_text(answer, "shop") == [
        "total: 2", "levels: - error=2", "", "items:", "- a.py:3  flag  names=[x, b.py:1 y]  at=(z)", "- plain",
        "", "There is more: raise limit or budget, or narrow the question.",
    ]  # fmt: skip
