"""What waits for what: layers, boxes and lines, and pictures that need nothing else."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_planning.items.model import Item
from aura_planning.ordering.drawing import draw_page, draw_svg
from aura_planning.ordering.graph import Graph, graph_of
from aura_planning.ordering.layers import layers_of, place, reduced
from aura_planning.ordering.pictures import graph_answer
from aura_shared.errors import UnknownItem
from aura_shared.messages.plan_order import AskPlanGraph, PlanGraph
from plan_order_rig import epic, put_in_order, story, task

pytestmark = pytest.mark.requirement("A3", "A4")

SVG = "{http://www.w3.org/2000/svg}"


def many(count: int, stories: int = 0, seed: int = 1) -> list[Item]:
    """A plan of tasks that wait for earlier ones, in stories and epics."""
    draw = random.Random(seed)
    plan: list[Item] = [epic(f"e{n:05}", title=f"Epic {n}") for n in range(stories // 5)]
    plan += [story(f"s{n:05}", epic=f"e{n // 5:05}", alias=f"US-{n}", title=f"Story {n}") for n in range(stories)]
    for n in range(count):
        needs = sorted(
            {f"t{draw.randrange(max(0, n - 9), n):05}" for _ in range(draw.choice([0, 1, 1, 2]))} if n else []
        )
        parent = f"s{n * stories // count:05}" if stories else None
        done = "done" if n < count // 4 else "todo"
        plan.append(task(f"t{n:05}", *needs, parent=parent, status=done, title=f"Do {n}"))
    return plan


def graph(*items: Item, **fields: object) -> Graph:
    return graph_of(put_in_order(*items), **fields)  # pyright: ignore[reportArgumentType]


def told(*items: Item, **fields: object) -> PlanGraph:
    request = AskPlanGraph.model_validate({"project": "shop", **fields})
    return graph_answer("shop", "Shop", put_in_order(*items), request)


def links(found: Graph) -> list[tuple[str, str]]:
    return [(found.boxes[box].name, found.boxes[other].name) for box, other in found.links]


@st.composite
def drawings(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(0, 14))
    pairs = st.tuples(st.integers(0, 13), st.integers(0, 13))
    return count, sorted({(a, b) for a, b in draw(st.lists(pairs, max_size=24)) if b < a < count})


@given(drawings())
def test_boxes_never_overlap_and_lines_only_run_forward(drawing: tuple[int, list[tuple[int, int]]]) -> None:
    count, found = drawing
    placed = place(count, found)
    assert all(placed.layer[other] < placed.layer[box] for box, other in found)
    for one in range(count):
        for two in range(one):
            same = placed.layer[one] == placed.layer[two]
            assert not same or abs(placed.across[one] - placed.across[two]) > 1 - 1e-6
        assert -1e-6 <= placed.across[one] <= placed.breadth - 1 + 1e-6
    for (box, other), bends in placed.bends.items():
        layers = [placed.layer[other], *(layer for layer, _ in bends), placed.layer[box]]
        assert all(two - one == 1 for one, two in pairwise(layers))


@given(drawings())
def test_a_line_that_follows_from_others_is_left_out(drawing: tuple[int, list[tuple[int, int]]]) -> None:
    count, found = drawing
    left = reduced(count, found)
    assert reach(count, left) == reach(count, found)
    for link in left:
        assert reach(count, [one for one in left if one != link]) != reach(count, found)
    assert layers_of(count, left) == layers_of(count, found)


def reach(count: int, found: list[tuple[int, int]]) -> list[set[int]]:
    seen: list[set[int]] = [set() for _ in range(count)]
    for box, other in sorted(found):  # boxes only wait for smaller numbers
        seen[box] |= {other} | seen[other]
    return seen


def test_a_part_of_a_plan_is_shown_with_what_it_waits_for() -> None:
    plan = [story("s1aaaa"), task("t1aaaa", "t2aaaa", parent="s1aaaa"), task("t2aaaa", "t3aaaa"), task("t3aaaa")]
    assert [box.key for box in graph(*plan, parent="s1aaaa").boxes] == [
        ".ai/tasks/t1aaaa-x.md",
        ".ai/tasks/t2aaaa-x.md",
    ]
    with pytest.raises(UnknownItem):
        graph(*plan, parent="nobody")
    assert links(graph(*plan, critical=True)) == [("t1aaaa", "t2aaaa"), ("t2aaaa", "t3aaaa")]


def test_many_edges_between_wholes_are_few_lines() -> None:
    tasks = [task(f"t{n}aaaa", parent=f"s{n % 2}aaaa") for n in range(6)]
    found = graph(story("s0aaaa", alias="US-0"), story("s1aaaa", "s0aaaa", alias="US-1"), *tasks)
    assert len(found.links) == 7
    stops = [(box.title, box.state) for box in found.boxes if box.stop]
    assert stops == [("all of story US-0", "blocked"), ("story US-1 begins", "blocked")]
    one = graph(story("s0aaaa"), story("s1aaaa", "s0aaaa"), tasks[0], tasks[1])
    assert links(one) == [("t1aaaa", "t0aaaa")]


def test_states_say_what_may_begin() -> None:
    found = told(
        task("t1aaaa", status="done"), task("t2aaaa", "t1aaaa", status="in-progress"), task("t3aaaa", "t2aaaa"),
        task("t4aaaa", "t5aaaa"), task("t5aaaa", "t4aaaa"), task("t6aaaa", "t1aaaa"),
    )  # fmt: skip
    assert [(one.id, one.state) for one in sorted(found.nodes, key=lambda one: one.id)] == [
        ("t1aaaa", "done"), ("t2aaaa", "working"), ("t3aaaa", "blocked"), ("t4aaaa", "circle"), ("t5aaaa", "circle"),
        ("t6aaaa", "ready"),
    ]  # fmt: skip
    by_id = {one.id: one for one in found.nodes}
    assert [found.nodes[one].id for one in by_id["t4aaaa"].cut] == ["t5aaaa"]
    assert [found.nodes[one].id for one in by_id["t5aaaa"].needs] == ["t4aaaa"]
    assert by_id["t3aaaa"].layer == 2


def test_a_large_plan_is_drawn_without_what_is_done_then_by_story_then_by_epic() -> None:
    assert graph(*many(60)).notices == []
    half = graph(*many(140))
    assert half.notices == ["35 items that are done are not drawn; --by item draws them"]
    assert len(half.boxes) == 105
    stories = graph(*many(400, 40))
    assert (stories.by, stories.notices) == ("story", ["400 items are drawn by story; --by item draws each"])
    assert (stories.boxes[0].facts, stories.boxes[0].parts, stories.boxes[0].parts_done) == ("10 of 10 done", 10, 10)
    epics = graph(*many(700, 350))
    assert (epics.by, len(epics.boxes)) == ("epic", 70)
    assert len(graph(*many(60, 10), by="item").boxes) == 60
    capped = graph(*many(700), by="item")
    assert capped.notices == ["the first 400 of 700 are drawn; --in ITEM draws a part"]
    assert len(capped.boxes) == 400


def test_stories_that_wait_for_each_other_in_parts_are_drawn_all_the_same() -> None:
    found = graph(
        story("s1aaaa"), story("s2aaaa"), task("t1aaaa", parent="s1aaaa"), task("t2aaaa", "t1aaaa", parent="s2aaaa"),
        task("t3aaaa", "t2aaaa", parent="s1aaaa"), by="story",
    )  # fmt: skip
    assert len(found.links) == len(found.back) == 1
    assert 'class="back"' in draw_svg(found, "Shop")


@pytest.mark.parametrize("count", [0, 1, 5, 60, 400])
def test_pictures_are_well_formed_and_need_nothing_else(count: int) -> None:
    for form in ("svg", "html"):
        picture = told(*many(count), form=form).picture
        svg = picture[picture.index("<svg") : picture.index("</svg>") + 6]
        root = ET.fromstring(svg)
        boxes = [one for one in root.iter(f"{SVG}rect") if one.get("class") == "box" and one.get("width") == "212"]
        assert len(boxes) == (300 if count == 400 else count)
        for one in boxes:
            assert float(one.get("x", "-1")) + 212 <= float(root.get("width", "0"))
            assert float(one.get("y", "-1")) + 50 <= float(root.get("height", "0"))
        assert picture.count('class="head"') + picture.count("<h1>") == 1
        assert "prefers-color-scheme: dark" in picture
        assert not re.search(r"<script|href=|src=|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", picture)


def test_titles_cannot_become_markup_or_break_the_file() -> None:
    title = "</text><script>alert(1)</script> & \"'\x07\x1b[31m \u202eabc \udcff ]]>"
    for form in ("svg", "html"):
        picture = told(task("t1aaaa", title=title), form=form).picture
        assert "<script>" not in picture
        assert "\u202e" not in picture
        assert "\x07" not in picture
        ET.fromstring(picture[picture.index("<svg") : picture.index("</svg>") + 6])
        picture.encode()
    assert "&lt;/text&gt;&lt;script&gt;" in draw_page(graph(task("t1aaaa", title=title)), "x")


def test_a_circle_is_drawn_with_the_line_to_take_out() -> None:
    picture = told(task("t1aaaa", "t2aaaa"), task("t2aaaa", "t1aaaa"), form="svg").picture
    assert picture.count('class="cut"') == 2  # the line, and its sign in the legend
    assert "dependency to take out" in picture
    page = told(task("t1aaaa", "t2aaaa"), task("t2aaaa", "t1aaaa"), form="html").picture
    assert "t2aaaa (to cut)" in page


def test_the_same_plan_gives_the_same_bytes() -> None:
    plan = many(80, 10)
    first = [told(*plan, form=form).model_dump_json() for form in ("svg", "html", "nodes")]
    random.Random(3).shuffle(plan)
    assert [told(*plan, form=form).model_dump_json() for form in ("svg", "html", "nodes")] == first


def test_nothing_to_draw_is_said() -> None:
    assert told().reason.startswith("There is no plan below .ai/ yet")
    assert told(task("t1aaaa", status="done"), critical=True).reason == "Nothing is open."
    assert told(form="svg").picture.endswith("</svg>\n")
    deep = told(*(task(f"t{n:02}aaa", *([f"t{n - 1:02}aaa"] if n else [])) for n in range(30)), form="svg").picture
    size = re.search(r'class="plan" width="(\d+)" height="([\d.]+)"', deep)
    assert size is not None
    assert float(size[2]) > int(size[1])  # a deep plan runs down the page
