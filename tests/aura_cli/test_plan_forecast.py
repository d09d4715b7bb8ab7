"""`aura plan forecast` and `burnup` against the real service on a real repository, behind a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_planning.forecasting.service import ForecastService
from aura_shared.messages.plan_forecast import AskBurnup, AskForecast
from plan_forecast_rig import TODAY, lived_plan
from plan_items_rig import ItemRig, item_text, put

ROUTES = {"/v1/plan/forecast": AskForecast, "/v1/plan/burnup": AskBurnup}
DAY = TODAY.isoformat()


def served(root: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    monkeypatch.chdir(root)
    rig = ItemRig(root)
    ForecastService(rig.desk, rig.service).register()
    rig.serve(gateway, ROUTES)
    return root


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A plan with a past; the working directory."""
    return served(lived_plan(tmp_path / "shop"), monkeypatch, gateway)


@pytest.mark.requirement("A4", "P10")
@pytest.mark.parametrize("columns", [80, 120])
def test_a_forecast_fits_the_terminal(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = aura("plan", "forecast", "--today", DAY, "--runs", "300")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["WHAT", "OPEN", "P50", "P85"]
    assert lines[1].startswith("Everything that is in the plan now")
    assert lines[1].split()[-3] == "6"
    assert any(line.startswith("epic epic-1 Shop <&> more") for line in lines)
    for head in ("What decides", "Pace", "Trust", "Taken for granted"):
        assert any(line.startswith(head) for line in lines)
    assert max(map(len, lines)) <= columns
    assert ran.code == 0


@pytest.mark.requirement("A4", "P10")
def test_one_item_is_forecast_and_the_rest_is_named(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "forecast", "epic-1", "-n", "1", "-w", "2", "--today", DAY)
    assert "epic epic-1" in ran.out
    assert ran.err == "4 more items: -n\n"
    found = aura("plan", "forecast", "epic-1", "-w", "2", "--today", DAY, "--json").json()
    assert found["workers"] == 2
    assert aura("plan", "forecast", "nobody").code != 0


@pytest.mark.requirement("A4", "P10")
def test_the_back_test_is_a_table_and_the_newest_forecasts(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "forecast", "--backtest", "--today", DAY)
    lines = ran.out.splitlines()
    assert lines[0].split() == ["FORECAST", "OF", "WITHIN", "P50", "WITHIN", "P85"]
    assert lines[1].startswith("the next 5 items")
    assert any(line.startswith("MADE ON") for line in lines)
    assert any(word in ran.out for word in ("within P50", "within P85", "open"))


@pytest.mark.requirement("A4", "P10")
def test_a_plan_without_a_past_says_why(
    aura: Aura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn
) -> None:
    root = tmp_path / "new"
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "X"))
    served(root, monkeypatch, gateway)
    assert aura("plan", "forecast").out.startswith("No forecast: the history is too short: 0 finished items")
    assert aura("plan", "forecast", "--backtest").out == "Nothing could be forecast in the past.\n"
    assert "No forecast: the history is too short" in aura("plan", "burnup").out


@pytest.mark.requirement("A4", "P10")
def test_an_empty_plan_has_nothing_to_show(
    aura: Aura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn
) -> None:
    (tmp_path / "bare").mkdir()
    served(tmp_path / "bare", monkeypatch, gateway)
    assert aura("plan", "burnup").out.startswith("Nothing to show: ")


@pytest.mark.requirement("A4", "P10")
@pytest.mark.parametrize("columns", [80, 120])
def test_the_burn_up_is_drawn_with_blocks(
    aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = aura("plan", "burnup", "--today", DAY)
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= columns
    assert all(sign in ran.out for sign in "█▓░─│└")
    assert lines[0].startswith(" 26 │")
    assert "done 20" in lines[-2]
    assert lines[-1].startswith("All done: P50 2027-")
    assert DAY in lines[-3]


@pytest.mark.requirement("A4", "P10")
def test_the_burn_up_is_written_as_a_picture(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "burnup", "--html", "b.html", "--svg", "b.svg", "--today", DAY)
    assert ran.err == "written: b.html\nwritten: b.svg\n"
    assert (shop / "b.html").read_text().startswith("<!DOCTYPE html>")
    assert (shop / "b.svg").read_text().startswith("<?xml")
    assert aura("plan", "burnup", "--svg", "b.svg").code != 0
    assert aura("plan", "burnup", "--svg", "b.svg", "--force", "--today", DAY).code == 0
    assert "picture" not in aura("plan", "burnup", "--svg", "b.svg", "-f", "--json").json()
    assert "cannot write" in aura("plan", "burnup", "--svg", "none/b.svg").err
