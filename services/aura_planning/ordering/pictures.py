"""Answers about what waits for what: a list for programs and terminals, or a picture."""

from __future__ import annotations

from aura_planning.ordering.answers import Ordered
from aura_planning.ordering.drawing import draw_page, draw_svg
from aura_planning.ordering.graph import Graph, graph_of
from aura_planning.ordering.tree import called
from aura_shared.messages.plan_order import AskPlanGraph, GraphNode, PlanGraph

__all__ = ["graph_answer"]


def graph_answer(project: str, name: str, done: Ordered, request: AskPlanGraph) -> PlanGraph:
    """What waits for what.

    Args:
        project: Identifier of the project.
        name: What it is called.
        done: The plan in its order.
        request: What was asked for.

    Raises:
        UnknownItem: The plan has no such parent.
        UsageProblem: Several are meant.
    """
    graph = graph_of(done, request.parent, request.by, critical=request.critical)
    title = _title(name, done, request)
    drawn = {"svg": draw_svg, "html": draw_page}.get(request.form)
    return PlanGraph(
        project=project,
        nodes=_nodes(graph) if drawn is None else [],
        total=graph.total,
        by=graph.by,
        picture=drawn(graph, title) if drawn is not None else "",
        notices=[_plain(one) for one in graph.notices],
        reason="" if graph.boxes else _why_empty(done, request),
    )


def _title(name: str, done: Ordered, request: AskPlanGraph) -> str:
    words = "Critical path" if request.critical else "What waits for what"
    item = done.facts.tree.ledger.find(request.parent) if request.parent else None
    return f"{words}: {f'{item.kind} {called(item)} {item.title}'.strip() if item is not None else name}"


def _why_empty(done: Ordered, request: AskPlanGraph) -> str:
    if done.facts.work or done.facts.done:
        return "Nothing is open." if request.critical else "Nothing belongs to it."
    return "There is no plan below .ai/ yet: `aura plan add epic TITLE` begins one."


def _nodes(graph: Graph) -> list[GraphNode]:
    needs: list[set[int]] = [set() for _ in graph.boxes]
    for box, other in (*graph.links, *graph.back):
        needs[box].add(other)
    return [
        GraphNode(
            id=box.id,
            kind=box.kind,
            title=_plain(box.title),
            alias=_plain(box.name) if box.name != box.id else "",
            state=box.state,
            critical=box.critical,
            stop=box.stop,
            layer=box.layer,
            parts=box.parts,
            parts_done=box.parts_done,
            needs=sorted(needs[number]),
            proposed=sorted(other for one, other in graph.proposed if one == number),
            cut=sorted(other for one, other in graph.cut if one == number),
        )
        for number, box in enumerate(graph.boxes)
    ]


def _plain(text: str) -> str:
    """Text that can be written as UTF-8, whatever bytes the file has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
