"""The HTTP interface, over a real socket."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from aura_gateway import asking
from aura_gateway.problems import STATUSES
from aura_shared.errors import error_kinds
from aura_shared.messages.code import ProjectRemoved, ProjectStateChanged, SearchCode
from aura_shared.messages.services import ServiceMetrics
from gateway_lab import Lab, project, until

pytestmark = pytest.mark.requirement("M9", "P11")


async def test_a_search_passes_to_the_code_service_and_its_answer_back(lab: Lab, client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/search", json={"project": "shop", "query": "where are sessions created"})
    assert answer.status_code == 200
    assert answer.json()["hits"][0]["path"] == "src/app.py"
    assert answer.json()["freshness"]["generation"] == 7
    assert [asked.query for asked in lab.code.asked if isinstance(asked, SearchCode)] == ["where are sessions created"]


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/v1/symbols", {"project": "shop", "name": "create_session"}, "symbols"),
        ("/v1/outline", {"project": "shop", "path": "src/app.py"}, "imports"),
        ("/v1/span", {"project": "shop", "path": "src/app.py"}, "text"),
        ("/v1/map", {"project": "shop"}, "folders"),
    ],
)
async def test_each_question_has_its_route(client: httpx.AsyncClient, path: str, body: object, key: str) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()[key]


async def test_projects_are_listed_added_reindexed_and_removed(client: httpx.AsyncClient) -> None:
    assert [found["id"] for found in (await client.get("/v1/projects")).json()["projects"]] == ["shop-abc123"]
    added = await client.post("/v1/projects", json={"path": "/srv/other"})
    assert added.json()["added"] is True
    assert (await client.post("/v1/projects/other-abc123/reindex")).json()["project"]["name"] == "other"
    assert (await client.delete("/v1/projects/other-abc123")).json() == {}
    assert (await client.delete("/v1/projects/other-abc123")).status_code == 404


BAD = [
    pytest.param("/v1/search", {"project": "nope", "query": "x"}, 404, "unknown_project", id="unknown project"),
    pytest.param("/v1/search", {"project": "shop", "query": "  "}, 400, "empty_query", id="empty query"),
    pytest.param("/v1/search", {"project": "shop", "query": "q" * 100_001}, 413, "too_large", id="query over 100 kB"),
    pytest.param(
        "/v1/search", {"project": "shop", "query": "q" * 200_001}, 400, "invalid_request", id="query over 200 kB"
    ),
    pytest.param(
        "/v1/search", {"project": "shop", "query": "x", "limt": 3}, 400, "invalid_request", id="misspelt field"
    ),
    pytest.param("/v1/search", {"project": "shop", "query": "x", "limit": 0}, 400, "invalid_request", id="limit of 0"),
    pytest.param("/v1/search", {"query": "x"}, 400, "invalid_request", id="no project"),
    pytest.param("/v1/search", ["x"], 400, "invalid_request", id="a list"),
    pytest.param("/v1/span", {"project": "shop", "path": "../../etc/passwd"}, 403, "unsafe_path", id="path upwards"),
    pytest.param("/v1/span", {"project": "shop", "path": "/etc/passwd"}, 403, "unsafe_path", id="absolute path"),
    pytest.param("/v1/outline", {"project": "shop", "path": "gone.py"}, 404, "unknown_file", id="unknown file"),
    pytest.param("/v1/projects", {"path": "/srv/busy"}, 409, "conflict", id="conflict"),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), BAD)
async def test_bad_input_gets_a_clear_answer(
    client: httpx.AsyncClient, path: str, body: object, status: int, code: str
) -> None:
    answer = await client.post(path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"project": "shop", "query": NaN}', b"[" * 100_000], ids=["open", "bytes", "nan", "deep"]
)
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_the_message_names_the_field_and_not_its_value(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/search", json={"project": "shop", "query": "x", "secret": "s3cr3t"})
    assert answer.json()["error"]["message"] == "secret: unknown field"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nope", 404), ("GET", "/v1/search", 405), ("PUT", "/healthz", 405)]
)
async def test_unknown_addresses_and_methods_are_answered_like_everything_else(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "hint", "request_id"}


async def test_hello_agrees_on_a_version_or_says_which_there_are(client: httpx.AsyncClient) -> None:
    body = {"client": "test", "client_version": "1", "protocol": {"min": 0, "max": 9}}
    assert (await client.post("/v1/hello", json=body)).json()["protocol"] == 1
    refused = await client.post("/v1/hello", json={**body, "protocol": {"min": 2, "max": 3}})
    assert refused.status_code == 426
    assert "versions 1 to 1" in refused.json()["error"]["message"]


async def test_status_says_what_is_missing_instead_of_failing(lab: Lab, client: httpx.AsyncClient) -> None:
    status = (await client.get("/v1/status")).json()
    assert [found["name"] for found in status["projects"]] == ["shop"]
    assert status["supervisor"] is None
    assert status["problems"] == ["supervisor: Aura is not running"]
    await lab.code_bus.close()
    answer = await client.get("/v1/status")
    assert answer.status_code == 200
    assert answer.json()["projects"] is None
    assert any(problem.startswith("code: ") for problem in answer.json()["problems"])


async def test_a_service_that_is_down_is_named(lab: Lab, client: httpx.AsyncClient) -> None:
    await lab.code_bus.close()
    answer = await client.post("/v1/search", json={"project": "shop", "query": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_down")
    assert answer.headers["retry-after"] == "1"


async def test_an_index_that_is_being_built_is_answered_at_once(lab: Lab, client: httpx.AsyncClient) -> None:
    lab.code.building_for = 1
    answer = await client.post("/v1/search", json={"project": "shop", "query": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "index_building")


async def test_a_client_that_leaves_cancels_its_search(lab: Lab, client: httpx.AsyncClient) -> None:
    lab.code.hold = asyncio.Event()
    call = asyncio.create_task(client.post("/v1/search", json={"project": "shop", "query": "x"}))
    await until(lambda: bool(lab.code.asked))
    call.cancel()
    async with asyncio.timeout(5):
        await lab.code.cancelled.wait()


async def test_an_answer_over_the_bound_is_refused(
    lab: Lab, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MAX_ANSWER_BYTES", 100)
    answer = await client.post("/v1/search", json={"project": "shop", "query": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


async def test_metrics_of_all_services_are_one_text(lab: Lab, client: httpx.AsyncClient) -> None:
    text = '# HELP aura_x_total About x.\n# TYPE aura_x_total counter\naura_x_total{service="code"} 3.0\n'
    more = '# TYPE aura_process_cpu_seconds gauge\naura_process_cpu_seconds{service="code"} 1.0\n'
    measured = ServiceMetrics(service="code", pid=1, uptime_s=1, cpu_s=1, rss_bytes=1, exposition=text + more)
    await lab.code_bus.publish(measured)
    hearing = lab.service._built.hearing  # type: ignore[union-attr]  # it runs
    await until(lambda: "code" in hearing.expositions)
    found = (await client.get("/metrics")).text
    assert "aura_x_total" in found
    assert found.count("# TYPE aura_process_cpu_seconds") == 1
    assert 'aura_process_cpu_seconds{service="gateway"}' in found


async def test_what_is_heard_of_projects_is_remembered(lab: Lab) -> None:
    hearing = lab.service._built.hearing  # type: ignore[union-attr]  # it runs
    waiting = asyncio.create_task(hearing.next_change(5))
    await asyncio.sleep(0)
    await lab.code_bus.publish(ProjectStateChanged(project=project("new", "/srv/new")))
    assert await waiting
    assert set(hearing.projects) == {"new-abc123"}
    waiting = asyncio.create_task(hearing.next_change(5))
    await asyncio.sleep(0)
    await lab.code_bus.publish(ProjectRemoved(project="new-abc123"))
    assert await waiting
    assert not hearing.projects
    assert not await hearing.next_change(0.01)


def test_every_error_of_a_request_has_a_status() -> None:
    without = set(error_kinds()) - set(STATUSES)
    assert without == {"internal", "bad_settings", "storage_error", "corrupt"}  # These are a 500.


async def test_the_document_describes_every_route_and_field(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert "4XX" in operation["responses"], path
            assert "422" not in operation["responses"], path
    undescribed = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        if name != "ProblemAnswer"
        for field, about in schema.get("properties", {}).items()
        if "description" not in about
    ]
    assert undescribed == []
    json.dumps(document)
