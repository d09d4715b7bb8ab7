"""Fixtures of the panel's tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from panel_lab import PanelLab
from panel_running import Running, running_daemon


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are those of UTC."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    monkeypatch.setattr("aura_panel.home_rows.now", lambda: datetime(2026, 11, 27, 9, 30, tzinfo=UTC))
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lab(aura_home: Path) -> PanelLab:
    """A daemon that is not there."""
    del aura_home
    return PanelLab()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """The real daemon with a registered project."""
    yield from running_daemon()
