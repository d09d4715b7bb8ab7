"""`aura pause`, `aura unpause`, and what `aura status` says of a pause."""

from __future__ import annotations

import pytest

from aura_cli_running import Aura, StandIn, StandInSupervisor

pytestmark = pytest.mark.requirement("U1")
PAUSED: dict[str, object] = {"paused": True, "until": "", "by": "cli"}


@pytest.mark.parametrize(
    ("given", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5 H", 5400), ("30d", 2_592_000)]
)
def test_a_pause_may_be_given_a_time(aura: Aura, gateway: StandIn, given: str, seconds: float) -> None:
    gateway.reply("POST /v1/work/pause", {"work": {**PAUSED, "until": "2026-05-01T10:00:00+00:00"}})
    ran = aura("pause", "--for", given)
    assert (ran.code, ran.out[:36]) == (0, "Background work is paused until 2026")
    assert "`aura unpause` ends it" in ran.err
    assert gateway.asked[-1] == ("POST /v1/work/pause", {"for_s": seconds})


@pytest.mark.parametrize("given", ["", "2", "h", "two hours", "31d", "0s", "-1h", "999999999d"])
def test_what_is_no_time_is_told(aura: Aura, gateway: StandIn, given: str) -> None:
    ran = aura("pause", "--for", given)
    assert ran.code == 2
    assert "expected a time up to 30d such as 30m, 2h or 1d" in ran.err
    assert gateway.asked == []


def test_a_pause_without_a_time_has_no_end(aura: Aura, gateway: StandIn) -> None:
    gateway.reply("POST /v1/work/pause", {"work": PAUSED})
    assert aura("pause").out == "Background work is paused, without an end (by cli).\n"
    assert gateway.asked[-1] == ("POST /v1/work/pause", {})
    assert aura("pause", "--json").json() == {"work": PAUSED}


def test_unpausing_says_that_work_goes_on(aura: Aura, gateway: StandIn) -> None:
    answer: dict[str, object] = {"work": {"paused": False, "until": "", "by": "cli"}}
    gateway.reply("POST /v1/work/resume", answer)
    assert aura("unpause").out == "Background work goes on.\n"
    assert aura("unpause", "--json").json() == answer


def test_an_end_that_cannot_be_read_is_shown_as_it_is(aura: Aura, gateway: StandIn) -> None:
    gateway.reply("POST /v1/work/pause", {"work": {"paused": True, "until": "later\x1b", "by": ""}})
    assert aura("pause").out == "Background work is paused until later\\x1b.\n"


def test_status_tells_of_a_pause(aura: Aura, gateway: StandIn, supervisor: StandInSupervisor) -> None:
    gateway.reply("GET /v1/projects", {"projects": []})
    gateway.reply("GET /v1/work", {"work": PAUSED})
    assert "Background work is paused, without an end (by cli).\n" in aura("status").out
    assert aura("status", "--json").json()["work"] == PAUSED
    gateway.reply("GET /v1/work", {"work": {"paused": False}})
    assert "Background work" not in aura("status").out
    gateway.reply("GET /v1/work", (503, {"error": {"code": "service_down", "message": "away"}}))
    assert aura("status", "--json").json()["work"] == {}
