"""Plans in their order: where values and efforts come from, what waits for what, gates, circles, reasons."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest

from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.ordering import explaining
from aura_shared.errors import UnknownItem
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text
from plan_order_rig import answer, epic, put_in_order, row, story, task

pytestmark = pytest.mark.requirement("A3")


def ids(*items: Item, **fields: object) -> list[str]:
    return [one.id for one in answer(*items, **fields).rows]  # pyright: ignore[reportArgumentType]


def doubted(*items: Item) -> list[tuple[str, str, int]]:
    """What is said to be wrong, with its place."""
    return [(one.rule, one.item, one.line) for one in answer(*items).problems]


# -- values and efforts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"value": 12}, 12), ({"value": "must"}, 8), ({"value": "Should have"}, 4), ({"priority": "P0"}, 16),
        ({"priority": "could-have"}, 2), ({"priority": "won't"}, 0), ({"priority": "high"}, 8),
        ({"value": 3, "priority": "must"}, 3), ({"reach": 100, "impact": "high", "confidence": "50%"}, 100),
        ({"reach": 10, "impact": 2}, 20), ({"reach": 10, "impact": 2, "value": 1}, 1), ({"value": 0}, 0),
        ({"reach": 10, "priority": "low"}, 2),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_is_read_as_people_write_it(fields: dict[str, object], value: float) -> None:
    terms = answer(task("t1aaaa", **fields)).rows[0].terms
    assert terms is not None
    assert (terms.value, terms.value_from) == (value, "own")


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"estimate": 3}, 3), ({"estimate": "3 points"}, 3), ({"estimate": "4h"}, 0.5), ({"estimate": "2 days"}, 2),
        ({"estimate": "1/2/9"}, 3), ({"estimate": "[1, 2, 9]"}, 3), ({"estimate": "8/8/8 h"}, 1), ({"effort": 2}, 2),
        ({"estimate": "1w"}, 5), ({"estimate": 0}, 0), ({"estimate": "1.5"}, 1.5), ({"estimated_hours": 12}, 1.5),
        ({"estimate": "1e3"}, 1000),
    ],
    ids=str,
)  # fmt: skip
def test_an_effort_is_read_as_people_write_it(fields: dict[str, object], effort: float) -> None:
    terms = answer(task("t1aaaa", **fields)).rows[0].terms
    assert terms is not None
    assert (terms.effort, terms.effort_from) == (effort, "own")


@pytest.mark.parametrize(
    ("key", "text", "rule", "severity"),
    [
        ("value", "plenty", "bad-number", "error"), ("estimate", "9/2/1", "bad-number", "error"),
        ("estimate", "-1", "bad-number", "error"), ("risk", "some", "bad-number", "warning"),
        ("due", "soon", "bad-date", "warning"), ("due", "2027-02-30", "bad-date", "warning"),
        ("confidence", "1e400", "bad-number", "warning"), ("reach", "nan", "bad-number", "warning"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_is_a_finding_and_no_guess(key: str, text: str, rule: str, severity: str) -> None:
    found = read_item(".ai/tasks/t1aaaa-x.md", item_text("t1aaaa", "task", **{key: text}).encode())
    assert [(one.rule, one.line, one.severity) for one in found.findings] == [(rule, 5, severity)]
    assert found.item is not None
    assert found.item.amounts == {}


def test_a_word_of_a_story_holds_for_its_tasks_and_a_number_is_divided_by_effort() -> None:
    found = answer(
        epic("e1aaaa", value=30), story("s1aaaa", epic="e1aaaa", priority="must"),
        story("s2aaaa", epic="e1aaaa", alias="US-2"), task("t1aaaa", parent="s1aaaa", estimate=1),
        task("t2aaaa", parent="s2aaaa", estimate=1), task("t3aaaa", parent="s2aaaa", estimate=3),
    )  # fmt: skip
    terms = {one.id: one.terms for one in found.rows}
    first, second, third = (terms[key] for key in ("t1aaaa", "t2aaaa", "t3aaaa"))
    assert first is not None and second is not None and third is not None  # noqa: PT018 - narrows the type
    assert (first.value, first.value_from, first.value_words) == (8, "inherited", "must of story s1aaaa")
    assert (second.value, third.value) == (6, 18)  # of 30 for five points, one of which the must-story has
    assert second.value_words == "its part of 30 of epic e1aaaa"


def test_an_estimate_of_a_story_is_divided_among_tasks_that_say_none() -> None:
    found = answer(
        epic("e1aaaa", estimate=20), story("s1aaaa", epic="e1aaaa", estimate=8),
        task("t1aaaa", parent="s1aaaa", estimate=2), task("t2aaaa", parent="s1aaaa"),
        task("t3aaaa", parent="s1aaaa"), story("s2aaaa", epic="e1aaaa"),
        task("t4aaaa", parent="s1aaaa", estimate=100),
    )  # fmt: skip
    efforts = {one.id: one.terms.effort for one in found.rows if one.terms}
    assert efforts == {"t1aaaa": 2, "t2aaaa": 0, "t3aaaa": 0, "t4aaaa": 100, "s2aaaa": 0}
    found = answer(
        epic("e1aaaa", estimate=20), story("s1aaaa", epic="e1aaaa", estimate=8),
        task("t1aaaa", parent="s1aaaa", estimate=2), task("t2aaaa", parent="s1aaaa"),
        task("t3aaaa", parent="s1aaaa"), story("s2aaaa", epic="e1aaaa"),
    )  # fmt: skip
    efforts = {one.id: one.terms.effort for one in found.rows if one.terms}
    assert efforts == {"t1aaaa": 2, "t2aaaa": 3, "t3aaaa": 3, "s2aaaa": 12}


def test_what_was_assumed_is_said() -> None:
    found = answer(task("t1aaaa", value=2, estimate=2), task("t2aaaa", value=6, estimate=4), task("t3aaaa"))
    assert found.notices == [
        "value 4 is assumed where none is said (1): t3aaaa", "effort 3 is assumed where none is said (1): t3aaaa",
    ]  # fmt: skip
    assert row(found, "t3aaaa").reason.startswith("value 4 (assumed), 3 to do (assumed): score 1.33")
    assert answer(*(task(f"t{n}aaaa") for n in range(8))).notices[0] == (
        "value 4 is assumed where none is said (8): t0aaaa, t1aaaa, t2aaaa, t3aaaa, t4aaaa and 3 more"
    )


def test_ticked_boxes_leave_less_to_do() -> None:
    body = "## Tasks\n\n- [x] a\n- [x] b\n- [x] c\n- [ ] d\n"
    found = answer(story("s1aaaa", estimate=8, body=body), story("s2aaaa", estimate=8, body=body.replace("[ ]", "[x]")))
    assert row(found, "s1aaaa").reason.endswith("2 of 8 to do: score 2")
    assert row(found, "s2aaaa").terms.effort == 0.8  # pyright: ignore[reportOptionalMemberAccess]


def test_a_priority_that_is_no_word_says_nothing_and_that_is_said() -> None:
    assert doubted(task("t1aaaa", priority=1), task("t2aaaa", priority="1", value=3)) == [
        ("unread-priority", "t1aaaa", 5)
    ]


def test_values_of_two_scales_are_noticed() -> None:
    found = answer(task("t1aaaa", reach=9, impact=1, estimate=1), task("t2aaaa", priority="must", estimate=1))
    assert found.notices == ["1 values are made of reach and impact, and 1 are not: they may not be comparable"]


# -- what waits for what ---------------------------------------------------------------------------


def test_a_dependency_on_a_story_means_all_its_tasks_and_one_of_a_story_holds_for_all_of_its() -> None:
    plan = [
        epic("e1aaaa"), story("s1aaaa", epic="e1aaaa"), story("s2aaaa", "s1aaaa", epic="e1aaaa"),
        task("t1aaaa", parent="s1aaaa", value=1), task("t2aaaa", parent="s1aaaa", value=2),
        task("t3aaaa", parent="s2aaaa", value=50), task("t4aaaa", parent="s2aaaa", value=60), task("t5aaaa", value=0),
        task("t6aaaa", "e1aaaa", value=99),
    ]  # fmt: skip
    found = answer(*plan)
    assert [one.id for one in found.rows] == ["t2aaaa", "t1aaaa", "t4aaaa", "t3aaaa", "t6aaaa", "t5aaaa"]
    assert row(found, "t4aaaa").blocked == ["waits for story s1aaaa (2 of its parts are open)"]
    assert row(found, "t6aaaa").blocked == ["waits for epic e1aaaa (4 of its parts are open)"]
    assert [one.id for one in answer(*plan, what="next").rows] == ["t2aaaa", "t1aaaa", "t5aaaa"]
    assert [one.id for one in answer(*plan, what="next").waiting] == ["t6aaaa", "t4aaaa", "t3aaaa"]
    terms = row(found, "t1aaaa").terms
    assert terms is not None
    assert (terms.unlocks, terms.unlocks_value) == (3, 209)


def test_what_is_done_or_cancelled_holds_nobody_up() -> None:
    found = answer(
        story("s1aaaa", status="cancelled"), task("t1aaaa", parent="s1aaaa"), task("t2aaaa", status="done"),
        task("t3aaaa", "t1aaaa", "t2aaaa"), task("t4aaaa", "t3aaaa", status="done"), task("t5aaaa", "t4aaaa"),
    )  # fmt: skip
    assert sorted((one.id, one.ready) for one in found.rows) == [("t3aaaa", True), ("t5aaaa", True)]
    assert found.done == 3


def test_dependencies_that_make_no_sense_are_findings_and_do_not_count() -> None:
    found = doubted(
        epic("e1aaaa", "t1aaaa"), story("s1aaaa", epic="e1aaaa"), task("t1aaaa", "e1aaaa", parent="s1aaaa"),
        task("t2aaaa", "t2aaaa"), task("t3aaaa", "nobody"), task("t4aaaa", alias="A"), task("t5aaaa", "A", alias="A"),
    )  # fmt: skip
    assert found == [
        ("depends-on-part", "e1aaaa", 5), ("depends-on-parent", "t1aaaa", 5), ("depends-on-itself", "t2aaaa", 5),
        ("dangling-dependency", "t3aaaa", 5), ("dangling-dependency", "t5aaaa", 5),
    ]  # fmt: skip


def test_proposed_dependencies_count_only_when_asked_for() -> None:
    plan = [task("t1aaaa", proposed_depends_on="[t2aaaa]", value=9), task("t2aaaa", value=1)]
    assert ids(*plan) == ["t1aaaa", "t2aaaa"]
    assert ids(*plan, proposed=True) == ["t2aaaa", "t1aaaa"]


def test_a_file_that_cannot_be_read_and_one_of_another_layout_are_not_lost() -> None:
    broken = read_item(".ai/tasks/t1aaaa-x.md", b"").item
    other = read_item(".ai/epic-1/story-1.story.md", b"# Epic-1 - Story-1\n# Pay\n\n## Status: Draft\n").item
    assert broken is not None and other is not None  # noqa: PT018 - narrows the type
    found = answer(broken, other, task("t2aaaa", "t1aaaa"))
    assert [one.path for one in found.rows] == [other.path, broken.path, ".ai/tasks/t2aaaa-x.md"]
    assert row(found, "t1aaaa").blocked == ["its file cannot be read: aura plan check"]
    assert found.rows[0].ready


def test_what_belongs_to_itself_is_listed() -> None:
    found = answer(task("t1aaaa", parent="t2aaaa"), task("t2aaaa", parent="t1aaaa"), task("t3aaaa"))
    assert [one.id for one in found.rows] == ["t3aaaa"]
    assert found.open == 1


# -- gates, work in progress, due dates ------------------------------------------------------------


def test_gates_are_said_and_what_they_hold_goes_behind_what_may_begin() -> None:
    plan = [story("s1aaaa", alias="US-1"), task("t1aaaa", parent="s1aaaa", value=99), task("t2aaaa", value=1)]
    found = answer(*plan, settings=PlanSettings())
    assert [one.id for one in found.rows] == ["t2aaaa", "t1aaaa"]
    assert row(found, "t1aaaa").blocked == ["its story US-1 is not approved"]
    assert row(found, "t1aaaa").changes[0] == ("can go before t2aaaa once it may begin: its story US-1 is not approved")
    assert ids(*plan) == ["t1aaaa", "t2aaaa"]


def test_what_is_in_progress_goes_on_and_others_of_its_kind_wait_for_a_place() -> None:
    plan = [story("s1aaaa", status="in-progress", value=1), story("s2aaaa", value=99), story("s3aaaa", value=98)]
    found = answer(*plan, settings=PlanSettings())
    assert [one.id for one in found.rows] == ["s1aaaa", "s2aaaa", "s3aaaa"]
    assert row(found, "s1aaaa").reason.startswith("in progress; value 1")
    crowd = "no other may be in progress now: 1 may be in progress, and 1 is: s1aaaa"
    assert row(found, "s2aaaa").blocked == ["the story is not approved", crowd]
    assert answer(*plan).rows[1].changes[0] == "s1aaaa is in progress and goes on first"


def test_a_document_that_is_not_approved_holds_up_what_waits_for_it() -> None:
    prd = read_item(".ai/prd.md", item_text("p1aaaa", "prd", "Shop").encode()).item
    assert prd is not None
    assert answer(prd, task("t1aaaa", "p1aaaa")).rows[0].blocked == ["the prd p1aaaa is not approved"]


def test_a_due_date_lifts_an_item_and_what_it_waits_for() -> None:
    found = answer(
        task("t1aaaa", value=9, estimate=1), task("t2aaaa", value=4, estimate=1),
        task("t3aaaa", "t2aaaa", value=1, estimate=3, due="2027-01-06"),
    )  # fmt: skip
    assert [one.id for one in found.rows] == ["t2aaaa", "t1aaaa", "t3aaaa"]
    assert found.today == "2027-01-04"
    assert "no slack and late by 1 x3.5" in row(found, "t2aaaa").reason
    terms = row(found, "t3aaaa").terms
    assert terms is not None
    assert (terms.due, terms.spare) == ("2027-01-06", -1)


@pytest.mark.parametrize(
    ("day", "spare"),
    [("2027-01-04", 0), ("2027-01-08", 4), ("2027-01-10", 4), ("2027-01-11", 5), ("2027-01-01", -2),
     ("2026-12-31", -3), ("2028-01-03", 260), ("2027-01-04T12:00", 0)],
)  # fmt: skip
def test_due_dates_are_counted_in_working_days(day: str, spare: float) -> None:
    terms = answer(task("t1aaaa", estimate=1, due=day)).rows[0].terms
    assert terms is not None
    assert terms.spare == spare


def test_a_due_date_of_an_epic_holds_for_its_tasks() -> None:
    found = answer(epic("e1aaaa", due="2027-01-05"), task("t1aaaa", parent="e1aaaa"), task("t2aaaa"))
    terms = row(found, "t1aaaa").terms
    assert terms is not None
    assert (terms.due, terms.due_of) == ("2027-01-05", "e1aaaa")
    assert answer(task("t1aaaa")).today == ""


# -- presets ---------------------------------------------------------------------------------------

CHOICES = [
    task("t1aaaa", value=10, estimate=10), task("t2aaaa", value=9, estimate=1, priority="could"),
    task("t3aaaa", value=1, estimate=1, priority="must", reach=100, impact=3, confidence="high"),
    task("t4aaaa", "t3aaaa", value=40, estimate=5, risk="high"), task("t5aaaa", value=2, estimate=1, risk=9),
]  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "order"),
    [
        ("wsjf", ["t3aaaa", "t4aaaa", "t5aaaa", "t2aaaa", "t1aaaa"]),
        ("value-effort", ["t2aaaa", "t5aaaa", "t1aaaa", "t3aaaa", "t4aaaa"]),
        ("document", ["t1aaaa", "t2aaaa", "t3aaaa", "t4aaaa", "t5aaaa"]),
        ("moscow", ["t3aaaa", "t1aaaa", "t4aaaa", "t5aaaa", "t2aaaa"]),
        ("rice", ["t2aaaa", "t3aaaa", "t5aaaa", "t4aaaa", "t1aaaa"]),
    ],
)
def test_presets_weigh_the_same_plan_differently(preset: str, order: list[str]) -> None:
    assert ids(*CHOICES, preset=preset) == order


def test_the_settings_weigh_as_well() -> None:
    settings = PlanSettings(gates="report", order_by="value-effort")
    assert answer(*CHOICES, settings=settings).preset == "value-effort"
    flat = PlanSettings(gates="report", order_share=0, order_slack=0, order_risk=0, order_due=0)
    assert ids(*CHOICES, settings=flat) == ids(*CHOICES, preset="value-effort")
    hours = answer(task("t1aaaa", estimate="6h"), settings=PlanSettings(gates="report", hours_a_point=6)).rows[0]
    assert hours.end == 1


def test_rice_without_its_fields_falls_back_and_says_so() -> None:
    found = answer(task("t1aaaa", value=1), task("t2aaaa", value=2), preset="rice")
    assert [one.id for one in found.rows] == ["t2aaaa", "t1aaaa"]
    assert found.notices[0] == "no item has reach and impact, so what is stated as value counts"


# -- circles ---------------------------------------------------------------------------------------


def test_a_circle_is_told_with_its_places_and_the_edge_to_cut() -> None:
    found = answer(
        task("t1aaaa", "t3aaaa"), task("t2aaaa", "t1aaaa"), task("t3aaaa", "t2aaaa", "t4aaaa"), task("t4aaaa"),
        task("t5aaaa", "t3aaaa"),
    )  # fmt: skip
    (circle,) = found.circles
    assert circle.items == ["t1aaaa", "t2aaaa", "t3aaaa"]
    assert [(one.item, one.needs, one.path, one.line) for one in circle.waits] == [
        ("t1aaaa", "t3aaaa", ".ai/tasks/t1aaaa-x.md", 5), ("t3aaaa", "t2aaaa", ".ai/tasks/t3aaaa-x.md", 5),
        ("t2aaaa", "t1aaaa", ".ai/tasks/t2aaaa-x.md", 5),
    ]  # fmt: skip
    assert (circle.cut.item, circle.cut.needs) == ("t1aaaa", "t3aaaa")
    assert circle.reason == "it lets what stands earlier in the plan wait for what stands later"
    assert len(found.rows) == found.open == 5
    assert [one.id for one in found.rows if one.circle] == ["t1aaaa", "t2aaaa", "t3aaaa"]
    assert row(found, "t1aaaa").blocked == ["it waits for itself: circle 1", "waits for task t3aaaa"]
    assert not row(found, "t1aaaa").ready


def test_a_proposed_edge_is_cut_before_a_written_one() -> None:
    found = answer(
        task("t1aaaa", "t2aaaa"), task("t2aaaa", "t3aaaa"), task("t3aaaa", proposed_depends_on="[t1aaaa]"),
        proposed=True,
    )  # fmt: skip
    (circle,) = found.circles
    assert (circle.cut.item, circle.cut.needs, circle.cut.proposed) == ("t3aaaa", "t1aaaa", True)
    assert circle.reason == "it is only proposed, and the others are written"


def test_the_edge_whose_cut_ends_most_circles_is_cut() -> None:
    found = answer(
        task("t1aaaa", "t2aaaa"), task("t2aaaa", "t3aaaa", "t4aaaa"), task("t3aaaa", "t1aaaa"), task("t4aaaa", "t1aaaa")
    )
    (circle,) = found.circles
    assert (circle.cut.item, circle.cut.needs) == ("t1aaaa", "t2aaaa")
    assert circle.reason.startswith("without it, nothing here waits for itself any more")


def test_stories_that_wait_for_one_another_make_one_circle_of_two_statements() -> None:
    tasks = [task(f"t{n}aaaa", parent=f"s{n % 2}aaaa") for n in range(8)]
    found = answer(story("s0aaaa", "s1aaaa"), story("s1aaaa", "s0aaaa"), *tasks)
    (circle,) = found.circles
    assert [(one.item, one.needs) for one in circle.waits] in (
        [("s0aaaa", "s1aaaa"), ("s1aaaa", "s0aaaa")], [("s1aaaa", "s0aaaa"), ("s0aaaa", "s1aaaa")],
    )  # fmt: skip
    assert circle.total == 8
    assert len(found.rows) == 8


def test_a_circle_through_done_work_holds_nobody_up() -> None:
    assert not answer(task("t1aaaa", "t2aaaa"), task("t2aaaa", "t1aaaa", status="done")).circles


# -- reasons and what would change them ------------------------------------------------------------


def test_a_reason_is_made_of_the_terms_of_the_score() -> None:
    found = answer(
        task("t1aaaa", value=5, estimate=2, risk=3), task("t2aaaa", "t1aaaa", value=10, estimate=2),
        task("t3aaaa", "t1aaaa", value=20, estimate=1), task("t4aaaa", value=30, estimate=1),
    )  # fmt: skip
    first = row(found, "t1aaaa")
    assert first.reason == (
        "value 5 + 21 for 2 items behind it worth 30 + 3 for its risk, no slack x1.5, 2 to do: score 21.75"
    )
    assert first.score == pytest.approx((5 + 0.7 * 30 + 3) * 1.5 / 2)
    assert found.critical == ["t1aaaa", "t2aaaa"]
    assert (found.length, found.effort, found.finish) == (4, 6, 6)
    terms = first.terms
    assert terms is not None
    assert (terms.unlocked, terms.unlocks, terms.factor) == (21, 2, 1.5)
    third = row(found, "t3aaaa").terms
    assert third is not None
    assert (third.earliest, third.latest) == (2, 3)


def test_each_place_says_what_would_change_it() -> None:
    found = answer(
        task("t1aaaa", value=10, estimate=1), task("t2aaaa", "t3aaaa", value=90, estimate=1),
        task("t3aaaa", value=1, estimate=40), task("t4aaaa", value=10, estimate=1),
    )  # fmt: skip
    assert [one.id for one in found.rows] == ["t1aaaa", "t4aaaa", "t3aaaa", "t2aaaa"]
    assert row(found, "t4aaaa").changes[0] == "the same score as t1aaaa, which stands earlier in the plan"
    assert row(found, "t2aaaa").changes == [
        "waits for t3aaaa, which ends at 42, as .ai/tasks/t2aaaa-x.md:5 says",
        "done first: ends at 41 instead of 43, finish 43 (+0), cost of delay +638",
    ]
    assert row(found, "t3aaaa").changes[0].startswith("goes before t4aaaa with a value above ")


def test_doing_something_first_can_delay_the_end() -> None:
    plan = [
        task("t1aaaa", estimate=4), task("t2aaaa", "t1aaaa", estimate=4), task("t3aaaa", value=1, estimate=4),
        task("t4aaaa", value=1, estimate=4), task("t5aaaa", "t3aaaa", "t4aaaa", value=1, estimate=1),
    ]  # fmt: skip
    found = answer(*plan, workers=2)
    assert found.finish == 9
    assert row(found, "t5aaaa").changes[-1] == ("done first: ends at 5 instead of 9, finish 12 (+3), cost of delay +0")
    assert {one.worker for one in found.rows} == {1, 2}


@pytest.mark.parametrize("seed", range(12))
def test_a_change_of_value_or_effort_that_is_named_does_lift_the_item(seed: int) -> None:
    draw = random.Random(seed)
    made: list[dict[str, object]] = []
    needs: list[list[str]] = []
    for n in range(14):
        needs.append(sorted({f"t{draw.randrange(n):02}aaa" for _ in range(draw.choice([0, 0, 1, 2]))} if n else set()))
        made.append({"value": draw.randint(1, 40), "estimate": draw.choice([1, 2, 3, 5, 8])})

    def plan() -> list[Item]:
        return [task(f"t{n:02}aaa", *needs[n], **made[n]) for n in range(14)]

    rows = answer(*plan()).rows
    tried = 0
    for before, one in pairwise(rows):
        found = re.match(r"goes before (\S+) with a value above ([\d.]+) instead of", one.changes[0])
        if found is None:
            continue
        assert found[1] == before.id
        number, old = int(one.id[1:3]), made[int(one.id[1:3])]
        made[number] = {**old, "value": float(found[2]) * 1.001 + 0.02}
        assert goes_before(plan(), one.id, before.id)
        made[number] = {**old, "value": float(found[2])}
        scores = {each.id: each.score for each in answer(*plan()).rows}
        assert scores[one.id] == pytest.approx(scores[before.id], rel=0.02)
        made[number] = old
        less = re.search(r"or with less than ([\d.]+) to do", one.changes[0])
        if less is not None and not one.critical:
            made[number] = {**old, "estimate": max(0.0, float(less[1]) * 0.999 - 0.02)}
            assert goes_before(plan(), one.id, before.id)
            made[number] = old
        tried += 1
    assert tried


def goes_before(plan: list[Item], one: str, other: str) -> bool:
    order = ids(*plan)
    return order.index(one) < order.index(other)


# -- edges of the field ----------------------------------------------------------------------------


def test_nothing_everything_done_no_estimates_and_enormous_values() -> None:
    assert answer().reason == "There is no plan below .ai/ yet: `aura plan add epic TITLE` begins one."
    done = answer(task("t1aaaa", status="done"))
    assert (done.reason, done.done, done.rows, done.length) == ("Everything is done.", 1, [], 0)
    huge = answer(
        task("t1aaaa", value=999_999_999, estimate=0), task("t2aaaa", "t1aaaa", value=0, estimate=999_999_999)
    )
    assert [one.id for one in huge.rows] == ["t1aaaa", "t2aaaa"]
    assert "score 1.5e+10" in huge.rows[0].reason
    zero = answer(task("t1aaaa", value=0, estimate=0), task("t2aaaa", value=0, estimate=0))
    assert [(one.score, one.critical) for one in zero.rows] == [(0, False), (0, False)]
    blocked = answer(task("t1aaaa", "t2aaaa"), task("t2aaaa", "t1aaaa"), what="next")
    assert blocked.reason == "Nothing may begin now; each says below what it waits for."
    bare = read_item(".ai/tasks/t1aaaa-x.md", b"---\nid: t1aaaa\nkind: task\nstatus: todo\n---\n").item
    assert bare is not None
    assert [one.title for one in answer(bare).rows] == [".ai/tasks/t1aaaa-x.md"]
    part = answer(epic("e1aaaa"), task("t1aaaa", status="done", parent="e1aaaa"), task("t2aaaa"), parent="e1aaaa")
    assert part.reason == "Nothing is open there."
    with pytest.raises(UnknownItem):
        answer(task("t1aaaa"), parent="nobody")


def test_a_plan_in_another_order_of_files_gives_the_same_bytes() -> None:
    plan = [task(f"t{n:02}aaa", *([f"t{n // 2:02}aaa"] if n else []), value=n % 5, estimate=n % 3) for n in range(40)]
    first = answer(*plan).model_dump_json()
    random.Random(1).shuffle(plan)
    assert answer(*plan).model_dump_json() == first


def test_pages_hold_so_much_as_the_budget_allows() -> None:
    plan = [task(f"t{n:02}aaa", value=50 - n) for n in range(50)]
    first = answer(*plan, limit=20, budget=100)
    assert (len(first.rows), first.next, first.total) == (1, 1, 50)
    second = answer(*plan, limit=20, start=30)
    assert (second.rows[0].position, len(second.rows), second.next) == (31, 20, 0)
    assert put_in_order(*plan).ordering.workers == 1


def test_a_finding_names_the_line_of_its_entry_in_a_list() -> None:
    text = item_text("t1aaaa", "task", depends_on="\n  - t2aaaa\n  # a comment\n  - nobody\n  - t1aaaa")
    item = read_item(".ai/tasks/t1aaaa-x.md", text.encode()).item
    assert item is not None
    assert doubted(item, task("t2aaaa")) == [("dangling-dependency", "t1aaaa", 8), ("depends-on-itself", "t1aaaa", 9)]
    found = answer(item, task("t2aaaa", "t1aaaa"))
    assert [(one.item, one.line) for one in found.circles[0].waits] == [("t1aaaa", 6), ("t2aaaa", 5)]


def test_what_is_wrong_leaves_room_for_what_is_next() -> None:
    plan = [task(f"t{n:02}aaa", "nobody-of-this-name", f"t{n ^ 1:02}aaa", value=n) for n in range(60)]
    found = answer(*plan, task("t99aaa", value=1), budget=1500, explain=False, what="next")
    assert [one.id for one in found.rows] == ["t99aaa"]
    assert len(found.model_dump_json(exclude_defaults=True)) < 4 * 2000
    assert (found.circles_total, found.problems_total) == (30, 60)
    assert 0 < len(found.problems) < 20


def test_where_nothing_waits_for_anything_there_is_no_critical_path() -> None:
    found = answer(task("t1aaaa", estimate=3), task("t2aaaa", estimate=3))
    assert (found.critical, [one.critical for one in found.rows]) == ([], [False, False])
    assert found.rows[0].reason == "value 4 (assumed), 3 to do: score 1.33"


def test_stories_of_an_epic_keep_the_order_of_their_numbers_where_the_workflow_has_it_so() -> None:
    plan = [
        epic("e1aaaa"), story("s1aaaa", epic="e1aaaa", alias="US-1", value=1),
        story("s2aaaa", epic="e1aaaa", alias="US-2", value=2), task("t2aaaa", parent="s2aaaa", value=3),
        story("s3aaaa", epic="e1aaaa", alias="US-10", value=50), story("s4aaaa", epic="e1aaaa", value=4),
    ]  # fmt: skip
    settings = PlanSettings(stories_at_once=0)
    found = answer(*plan, settings=settings)
    assert [one.id for one in found.rows] == ["t2aaaa", "s1aaaa", "s3aaaa", "s4aaaa"]
    assert row(found, "s3aaaa").blocked == [
        "waits for story US-2 (1 of its parts is open), which stands before it in its epic",
        "waits for story US-1, which stands before it in its epic", "the story is not approved",
    ]  # fmt: skip
    assert row(found, "s3aaaa").changes[0].endswith("as the order of stories has it")
    said = [story("s3aaaa", "US-2", epic="e1aaaa", alias="US-10") if one.id == "s3aaaa" else one for one in plan]
    assert row(answer(*said, settings=settings), "s3aaaa").blocked[:2] == [
        "waits for story US-2 (1 of its parts is open)", "waits for story US-1, which stands before it in its epic",
    ]  # fmt: skip
    assert ids(*plan)[0] == "s3aaaa"  # gates are only reported
    done = [one if one.id != "t2aaaa" else task("t2aaaa", parent="s2aaaa", status="done") for one in plan]
    assert "story US-2 before it is not complete" in row(answer(*done, settings=settings), "s3aaaa").blocked


def test_a_number_against_a_dependency_is_a_circle_and_the_number_is_cut() -> None:
    found = answer(
        epic("e1aaaa"), story("s1aaaa", "s2aaaa", epic="e1aaaa", alias="US-1"),
        story("s2aaaa", epic="e1aaaa", alias="US-2"), settings=PlanSettings(),
    )  # fmt: skip
    (circle,) = found.circles
    assert (circle.cut.item, circle.cut.needs, circle.cut.implied) == ("US-2", "US-1", True)
    assert circle.reason.startswith("no file says it, only the order of stories")


def test_what_is_behind_an_item_is_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "_MOST_SEEN", 5)
    found = answer(task("t0aaaa"), *(task(f"t{n}aaaa", f"t{n - 1}aaaa") for n in range(1, 9)))
    assert "for over 4 items behind it worth 16" in row(found, "t0aaaa").reason
