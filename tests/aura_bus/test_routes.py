"""Who serves what, without sockets."""

from __future__ import annotations

import pytest

from aura_bus import routes as module
from aura_bus.routes import SILENT_TICKS, Asked, Routes

QUESTION = Asked(b"asker", b"1", "code", b"server")


def test_the_newest_connection_of_a_service_gets_the_requests() -> None:
    routes = Routes()
    assert routes.hello("code", b"old")
    assert not routes.hello("code", b"old")
    assert routes.hello("code", b"new")
    routes.bye("code", b"old")
    assert (routes.server("code"), routes.services) == (b"new", ["code"])
    routes.bye("code", b"new")
    assert routes.server("code") is None


def test_a_service_that_is_silent_for_too_long_is_told_of() -> None:
    routes = Routes()
    routes.hello("code", b"server")
    assert [routes.tick() for _ in range(SILENT_TICKS - 1)] == [[]] * (SILENT_TICKS - 1)
    assert not routes.hello("code", b"server")
    assert routes.tick() == []
    for _ in range(SILENT_TICKS - 2):
        routes.tick()
    assert routes.tick() == [b"server"]


def test_a_connection_that_goes_leaves_its_open_requests() -> None:
    routes = Routes()
    routes.hello("code", b"server")
    routes.ask(QUESTION)
    assert routes.connections() == {b"asker", b"server"}
    assert routes.gone(b"server") == ([QUESTION], [])
    assert routes.services == []
    routes.ask(QUESTION)
    assert routes.gone(b"asker") == ([], [QUESTION])
    assert routes.gone(b"asker") == ([], [])


def test_an_answered_or_cancelled_request_is_forgotten() -> None:
    routes = Routes()
    routes.ask(QUESTION)
    routes.answered(b"asker", b"1")
    assert routes.cancelled(b"asker", b"1") is None
    routes.ask(QUESTION)
    assert routes.cancelled(b"asker", b"1") == QUESTION


def test_requests_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ASKED", 2)
    routes = Routes()
    for number in range(3):
        routes.ask(Asked(b"asker", str(number).encode(), "code", b"server"))
    assert [asked.id for asked in routes.gone(b"server")[0]] == [b"1", b"2"]
