"""The burn-up as a picture: well formed and self-contained, whatever the plan is called."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from aura_planning.forecasting.drawing import draw_page, draw_svg
from aura_shared.messages.plan_forecast import BurnMark, BurnPoint, PlanBurnup

TODAY = date(2027, 3, 31)


def burnup(days: int = 40, marks: list[BurnMark] | None = None, reason: str = "") -> PlanBurnup:
    points = [
        BurnPoint(day=(TODAY - timedelta(days - n)).isoformat(), done=n // 2, scope=20 + n // 4)
        for n in range(days + 1)
    ]
    return PlanBurnup(project="p", today=TODAY.isoformat(), points=points, marks=marks or [], reason=reason)


def later(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    "title", ["Burn-up: shop", "<script>alert(1)</script> & \"'", "\x00\x1b[31m\u202eevil\ud800", "ж" * 300], ids=repr
)
def test_a_picture_is_well_formed_and_shows_a_title_as_text(title: str) -> None:
    for text in (draw_svg(burnup(), title), draw_page(burnup(), title)):
        assert "<script" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        text.encode()
        if text.startswith("<?xml"):
            ET.fromstring(text)


@pytest.mark.requirement("A4")
def test_a_future_that_is_too_far_is_cut_and_named() -> None:
    near = [BurnMark(done=22, p50=later(10), p85=later(20)), BurnMark(done=30, p50=later(900), p85="")]
    svg = draw_svg(burnup(marks=near), "t")
    assert "P85 not within three years" in svg
    root = ET.fromstring(svg)
    cone = next(one for one in root.iter("{http://www.w3.org/2000/svg}path") if one.get("class") == "cone")
    tops = [one.split() for one in cone.get("d", "M").strip("MZ ").split(" L")]
    assert tops[2][1] <= tops[1][1]  # what is done does not become less
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        numbers = [
            float(one) for one in path.get("d", "").replace("Z", "").split() if one[-1].isdigit() and one[0].isdigit()
        ]
        assert all(0 <= one <= 860 for one in numbers)


@pytest.mark.requirement("A4")
def test_one_day_and_no_forecast_are_drawn_as_well() -> None:
    one = PlanBurnup(
        project="p", today=TODAY.isoformat(), points=[BurnPoint(day=TODAY.isoformat(), done=0, scope=0)], reason="why"
    )
    assert "no forecast: why" in draw_svg(one, "t")
    assert "No forecast: why." in draw_page(one, "t")
    empty = PlanBurnup(project="p", today=TODAY.isoformat(), reason="there is no plan")
    assert "there is no plan" in draw_svg(empty, "t")
    big = burnup(10).model_copy(update={"points": [BurnPoint(day=later(0), done=5, scope=1_000_000)]})
    assert "1000000" in draw_svg(big, "t")


@pytest.mark.requirement("A4")
def test_the_first_day_of_a_plan_is_seen_and_no_day_is_written_twice() -> None:
    first = PlanBurnup(
        project="p", today=TODAY.isoformat(), points=[BurnPoint(day=TODAY.isoformat(), done=4, scope=20)], reason="why"
    )
    root = ET.fromstring(draw_svg(first, "t"))
    name = "{http://www.w3.org/2000/svg}"
    done = next(one for one in root.iter(f"{name}path") if one.get("class") == "line done")
    start, end = done.get("d", "").removeprefix("M").split()[0], done.get("d", "").rpartition("H")[2]
    assert float(end) - float(start) > 500
    below = [
        one.text for one in root.iter(f"{name}text") if float(one.get("y", "0")) > float(done.get("d", "").split()[1])
    ]
    assert below.count(TODAY.isoformat()) == 1
