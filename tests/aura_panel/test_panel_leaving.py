"""The end of the panel waits for short work, and not for answers."""

from __future__ import annotations

import threading

import pytest

from aura_panel import leaving
from aura_panel.leaving import Threads, leave


def test_short_work_is_finished_before_the_end() -> None:
    threads = Threads()
    begun = threading.Event()
    done = threading.Event()

    def write() -> None:
        begun.wait(60)
        done.set()

    threads.submit(write)
    begun.set()
    ended: list[int] = []
    assert leave(threads, 3, ended.append) == 3
    assert done.is_set()
    assert ended == []


def test_a_wait_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving.Threads.finish, "__defaults__", (0.01,))
    threads = Threads()
    answered = threading.Event()
    threads.submit(answered.wait, 60)
    ended: list[int] = []
    leave(threads, 3, ended.append)
    assert ended == [3]
    answered.set()
    threads.shutdown()
