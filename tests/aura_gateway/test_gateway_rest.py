"""The HTTP interface, over a real socket."""

from __future__ import annotations

import httpx

from aura_shared.messages.code import SearchCode
from gateway_lab import Lab


async def test_a_search_passes_to_the_code_service_and_its_answer_back(lab: Lab, client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/search", json={"project": "shop", "query": "where are sessions created"})
    assert answer.status_code == 200
    assert answer.json()["hits"][0]["path"] == "src/app.py"
    assert answer.json()["freshness"]["generation"] == 7
    assert [asked.query for asked in lab.code.asked if isinstance(asked, SearchCode)] == ["where are sessions created"]
    assert answer.headers["x-request-id"]
