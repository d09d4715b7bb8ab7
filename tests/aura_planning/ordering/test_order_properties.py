"""What holds for every plan: dependencies, times, circles, schedules, and the same bytes for the same plan."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_planning.ordering.cycles import components, cut_circles, flow, shortest_circle
from aura_planning.ordering.net import STRUCTURE, Edge, Net, Node, build
from aura_planning.ordering.ordering import Ordering, order_work
from aura_planning.ordering.scheduling import schedule
from aura_planning.ordering.scoring import PRESETS, Formula, effective_values
from aura_planning.ordering.timing import times_of

pytestmark = pytest.mark.requirement("A3")

AMOUNTS = st.one_of(st.sampled_from([0.0, 0.5, 1.0, 2.0, 1e12]), st.floats(0, 1e6))
FORMULAS = st.sampled_from(list(PRESETS.values()))


@st.composite
def plans(draw: st.DrawFn, most: int = 12, *, loops: bool = True) -> tuple[list[Node], list[Edge]]:
    """Nodes, and edges between any of them; without circles when `loops` is False."""
    count = draw(st.integers(0, most))
    nodes: list[Node] = []
    for n in range(count):
        rank = draw(st.integers(0, 5)) if loops else n
        if draw(st.integers(0, 5)) == 0:
            nodes.append(Node(f"k{n}", rank, 0.0, 0.0, stop=True))
            continue
        due = draw(st.sampled_from([math.inf, -3.0, 0.0, 7.0]))
        turn = draw(st.integers(0, 2))
        nodes.append(Node(f"k{n}", rank, draw(AMOUNTS), draw(AMOUNTS), draw(AMOUNTS), due, turn))
    pairs = st.tuples(st.integers(0, max(0, count - 1)), st.integers(0, max(0, count - 1)), st.booleans())
    found = draw(st.lists(pairs, max_size=3 * count)) if count else []
    edges = [Edge(f"k{a}", f"k{b}", 0, certain) for a, b, certain in found if loops or a > b]
    return nodes, edges


def everything(found: Ordering) -> object:
    """What was calculated, by name."""
    keys = [node.key for node in found.net.nodes]
    return (
        [keys[node] for node in found.schedule.order], found.schedule, found.times, found.scores, found.effective,
        [([keys[one] for one in circle.group], circle.cut) for circle in found.circles], found.more_cuts,
    )  # fmt: skip


def reaches(net: Net) -> list[set[int]]:
    """What each node reaches over its needs, by brute force."""
    found = [set(one) for one in net.needs]
    changed = True
    while changed:
        changed = False
        for node, seen in enumerate(found):
            more = set().union(*(found[one] for one in seen)) - seen if seen else set[int]()
            if more:
                found[node] = seen | more
                changed = True
    return found


@given(plans(), FORMULAS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    plan: tuple[list[Node], list[Edge]], formula: Formula, workers: int, shuffled: random.Random
) -> None:
    nodes, edges = plan
    first = everything(order_work(nodes, edges, formula, workers))
    shuffled.shuffle(nodes)
    shuffled.shuffle(edges)
    assert repr(everything(order_work(nodes, edges, formula, workers))) == repr(first)


@given(plans(), FORMULAS, st.integers(1, 4))
def test_everything_is_listed_once_behind_what_it_waits_for(
    plan: tuple[list[Node], list[Edge]], formula: Formula, workers: int
) -> None:
    found = order_work(*plan, formula, workers)
    net, run = found.net, found.schedule
    assert sorted(run.order) == [node for node, one in enumerate(net.nodes) if not one.stop]
    for node, needs in enumerate(net.needs):
        assert all(run.end[one] <= run.start[node] for one in needs)
    assert [run.start[node] for node in run.order] == sorted(run.start[node] for node in run.order)
    assert all(math.isfinite(score) and score >= 0 for score in found.scores)


@given(plans(), FORMULAS, st.integers(1, 4))
def test_no_worker_does_two_things_at_once_and_none_waits_without_need(
    plan: tuple[list[Node], list[Edge]], formula: Formula, workers: int
) -> None:
    found = order_work(*plan, formula, workers)
    net, run = found.net, found.schedule
    for worker in range(workers):
        mine = sorted((run.start[node], run.end[node]) for node in run.order if run.worker[node] == worker)
        assert all(one[1] <= two[0] for one, two in pairwise(mine))
    for node in run.order:  # when it could have begun earlier, everybody was busy until then
        ready = max((run.end[one] for one in net.needs[node]), default=0.0)
        if ready < run.start[node]:
            busy = {run.worker[one] for one in run.order if run.start[one] <= ready <= run.end[one]}
            assert len(busy) == workers
    assert run.finish == max((run.end[node] for node in range(len(net.nodes))), default=0.0)
    assert run.finish >= found.times.length * (1 - 1e-9)


@given(plans())
def test_slack_is_never_below_zero_and_the_critical_path_is_as_long_as_the_plan(
    plan: tuple[list[Node], list[Edge]],
) -> None:
    net, _, _ = cut_circles(build(*plan))
    times = times_of(net, flow(net))
    assert all(slack >= 0 for slack in times.slack)
    way = times.critical(net)
    assert all(not times.slack[node] for node in way)
    if times.length:
        assert sum(net.nodes[node].effort for node in way) == pytest.approx(times.length)
    for one, two in pairwise(way):
        assert one in reaches(net)[two]


@given(plans())
def test_groups_are_those_of_a_brute_force(plan: tuple[list[Node], list[Edge]]) -> None:
    net = build(*plan)
    reached = reaches(net)
    wanted = {
        tuple(sorted({node} | {one for one in reached[node] if node in reached[one]})) for node in range(len(net.nodes))
    }
    found = components(range(len(net.nodes)), net.needs)
    assert {tuple(group) for group in found} == {group for group in wanted if len(group) > 1}
    left, circles, more = cut_circles(net)
    assert len(flow(left)) == len(net.nodes)
    assert more == 0
    assert bool(circles) == bool(found)
    removed = set(pairs(net)) - set(pairs(left))
    assert len(removed) <= len(circles)  # the same edge may be said twice


def pairs(net: Net) -> list[tuple[int, int]]:
    return [(node, one) for node, needs in enumerate(net.needs) for one in needs]


@given(plans(most=7))
def test_the_circle_that_is_told_is_the_shortest(plan: tuple[list[Node], list[Edge]]) -> None:
    net = build(*plan)
    _, circles, _ = cut_circles(net)
    for circle in circles[:1]:
        steps = zip(circle.nodes, [*circle.nodes[1:], circle.nodes[0]], strict=True)
        assert all(needs in net.needs[node] for node, needs in steps)
        assert len(set(circle.nodes)) == len(circle.nodes)
        assert circle.shortest
        assert len(circle.nodes) == min(length for node in circle.group if (length := girth(net, node)))
        assert circle.cut.needs in net.needs[circle.cut.node]


def girth(net: Net, start: int) -> int:
    """How many steps lead from a node back to it; 0 for none."""
    ring = {start}
    for steps in range(1, len(net.nodes) + 1):
        ring = {one for node in ring for one in net.needs[node]}
        if start in ring:
            return steps
    return 0


@given(plans(loops=False), st.floats(0, 1))
def test_shared_value_is_bounded_and_grows_with_the_share(plan: tuple[list[Node], list[Edge]], share: float) -> None:
    net = build(*plan)
    found = effective_values(net, flow(net), share)
    assert all(one >= node.value for one, node in zip(found, net.nodes, strict=True))
    total = sum(node.value for node in net.nodes)
    depth = len(net.nodes)
    assert max(found, default=0.0) <= total * (1 + 1e-9)
    assert sum(found) <= total * (depth + 1) * (1 + 1e-9)


@given(plans(loops=False), st.integers(1, 3), st.data())
def test_what_goes_first_goes_first(plan: tuple[list[Node], list[Edge]], workers: int, data: st.DataObject) -> None:
    net = build(*plan)
    real = [node for node, one in enumerate(net.nodes) if not one.stop]
    if not real:
        return
    wanted = data.draw(st.sampled_from(real))
    before = {wanted} | reaches(net)[wanted]
    run = schedule(net, [node.value for node in net.nodes], workers, before)
    behind = [node for node in run.order if node not in before and run.start[node] < run.start[wanted]]
    free: Sequence[int] = [node for node in run.order if node in before]
    assert run.order[0] in free or not free
    assert workers > 1 or not behind


def test_a_large_circle_is_cut_within_a_bound() -> None:
    count = 3_000
    nodes = [Node(f"k{n:05}", n) for n in range(count)]
    edges = [Edge(f"k{n:05}", f"k{(n + 1) % count:05}") for n in range(count)]
    found = order_work(nodes, edges, PRESETS["wsjf"])
    assert [len(circle.nodes) for circle in found.circles] == [count]
    assert not found.circles[0].shortest  # the search was ended
    assert len(found.schedule.order) == count


def test_very_many_circles_are_all_cut() -> None:
    nodes = [Node(f"k{n:05}", n) for n in range(1_000)]
    edges = [Edge(f"k{n:05}", f"k{n ^ 1:05}") for n in range(1_000)]
    found = order_work(nodes, edges, PRESETS["wsjf"])
    assert len(found.circles) == 200
    assert found.more_cuts == 300
    assert len(found.schedule.order) == 1_000


def test_steps_that_nobody_wrote_cost_nothing_and_are_never_cut() -> None:
    nodes = [Node("begin", 0, stop=True), Node("a", 1), Node("b", 2), Node("end", 3, stop=True), Node("c", 4)]
    edges = [
        Edge("a", "begin", STRUCTURE), Edge("b", "begin", STRUCTURE), Edge("end", "a", STRUCTURE),
        Edge("end", "b", STRUCTURE), Edge("begin", "c", 1), Edge("c", "end", 2),
    ]  # fmt: skip
    net = build(nodes, edges)
    inside = {node: [(needs, statement, sure) for one, needs, statement, sure in net.edges if one == node]
              for node in range(len(nodes))}  # fmt: skip
    circle, exact, _ = shortest_circle(inside)
    assert sorted(circle) in ([0, 1, 3, 4], [0, 2, 3, 4])
    assert exact
    _, circles, _ = cut_circles(net)
    assert [one.cut.statement for one in circles] == [1]


def test_two_nodes_cannot_have_one_key() -> None:
    with pytest.raises(ValueError, match="one key"):
        build([Node("a"), Node("a")], [])
