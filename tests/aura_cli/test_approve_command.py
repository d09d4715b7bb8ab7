"""`aura approve`, and answers of the gateway that come line by line."""

from __future__ import annotations

import pytest

from aura_cli.gateway import Gateway
from aura_cli_running import Aura, JsonObject, StandIn, StandInSupervisor
from aura_shared.errors import DaemonDown, NoModel, ServiceDown
from aura_shared.paths import find_paths

WAITING: JsonObject = {
    "id": "3f2a91c0", "tool": "apply_change", "summary": "Apply change ab? Rename", "project": "shop-1",
    "client": "cursor/1", "asked_at": "2026-01-01T10:00:00.000000Z", "decision": "open",
}  # fmt: skip


@pytest.mark.requirement("C5")
def test_what_waits_is_listed_and_decided(aura: Aura, gateway: StandIn, supervisor: StandInSupervisor) -> None:
    gateway.reply("GET /v1/approvals", {"approvals": [WAITING]}, {"approvals": []})
    listed = aura("approve")
    assert "3f2a91c0  Apply change ab? Rename" in listed.out
    assert "cursor/1, 2026-01-01T10:00:00" in listed.out
    assert "Nothing waits for you." in aura("approve").err

    gateway.reply("POST /v1/approvals/3f2a91c0", {"approval": {**WAITING, "decision": "approved"}})
    assert "approved: Apply change ab? Rename" in aura("approve", "3f2a91c0").out
    assert gateway.asked[-1] == ("POST /v1/approvals/3f2a91c0", {"approve": True})
    aura("approve", "3f2a91c0", "--deny")
    assert gateway.asked[-1] == ("POST /v1/approvals/3f2a91c0", {"approve": False})
    assert aura("approve", "3f2a91c0", "--json").json()["approval"] == {**WAITING, "decision": "approved"}


def test_a_no_needs_a_name(aura: Aura, gateway: StandIn, supervisor: StandInSupervisor) -> None:
    refused = aura("approve", "--deny")
    assert (refused.code, "nothing is named" in refused.err) == (2, True)
    gateway.reply("GET /v1/approvals", {"approvals": [WAITING]})
    assert aura("approve", "--json").json() == {"approvals": [WAITING]}


def lines(gateway: StandIn, text: str) -> list[JsonObject]:
    gateway.reply("POST /v1/assist/ask", {"raw": text})
    return list(Gateway(find_paths()).stream("/v1/assist/ask", {"question": "x"}))


def test_lines_come_one_by_one_until_the_answer(gateway: StandIn) -> None:
    found = lines(gateway, '{"progress":{"done":1}}\n\n{"answer":{"text":"ü"}}\n{"never":"read"}\n')
    assert found == [{"progress": {"done": 1}}, {"answer": {"text": "ü"}}]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        pytest.param('{"error":{"code":"no_model","message":"none","hint":"h"}}\n', NoModel, "none", id="an error"),
        pytest.param('{"progress":{"done":1}}\n', ServiceDown, "ended the answer early", id="no answer"),
        pytest.param('{"progress":{"do', ServiceDown, "in the middle", id="half a line"),
    ],
)
def test_what_is_no_answer_is_an_error(gateway: StandIn, text: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        lines(gateway, text)


def test_a_refusal_before_the_first_line_is_an_error(gateway: StandIn) -> None:
    gateway.reply("POST /v1/x", (503, {"error": {"code": "no_model", "message": "none", "hint": "h"}}))
    with pytest.raises(NoModel):
        Gateway(find_paths()).stream("/v1/x", {})


def test_a_gateway_with_another_token_is_found_again_or_said_to_be_down(
    gateway: StandIn, supervisor: StandInSupervisor
) -> None:
    gateway.announce("an-old-token")
    with pytest.raises(Exception, match="token is wrong"):
        Gateway(find_paths(), recovery_s=0.2).stream("/v1/x", {})


def test_without_a_daemon_that_is_said(aura_home: object) -> None:
    with pytest.raises(DaemonDown):
        Gateway(find_paths(), recovery_s=0).stream("/v1/x", {})
