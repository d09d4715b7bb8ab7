"""The matrix: requirement, story, task, test, code, with what is missing at each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from aura_planning.evidence.collecting import Evidence, TestLink
from aura_planning.evidence.wording import Wording
from aura_planning.items.model import Item
from aura_planning.items.statuses import CLOSED
from aura_planning.tracing.traces import Demand, Traces, code_files
from aura_shared.messages.plan_tracing import AskCoverage, CoverageGap, CoverageRow, PlanCoverage, TracedPlace

__all__ = ["coverage_answer", "coverage_rows"]

_MOST_PLACES: Final = 20
_TOLD: Final = {
    "name": "its name", "note": "its comments", "head": "comments of its file", "words": "words of a criterion",
}  # fmt: skip


def coverage_answer(project: str, name: str, traces: Traces, request: AskCoverage) -> PlanCoverage:
    """A page of the matrix.

    Args:
        project: Identifier of the project.
        name: Of the project, for the picture.
        traces: What is known.
        request: Which page.
    """
    rows = coverage_rows(traces)
    gaps = Counter(gap for row in rows for gap in row.gaps)
    demands = [row for row in rows if row.kind == "requirement"]
    shown = [row for row in rows if row.gaps] if request.gaps_only else rows
    page = shown[request.start : request.start + request.limit]
    end = request.start + len(page)
    answer = PlanCoverage(
        project=project, rows=page, total=len(shown), next=end if end < len(shown) else 0,
        requirements=len(demands), covered=sum(not row.gaps for row in demands), gaps=dict(sorted(gaps.items())),
        notices=traces.notices,
        reason="" if rows else "the plan has no requirements and no story: aura prd new, aura plan merge",
    )  # fmt: skip
    if request.form == "html":
        from aura_planning.tracing.drawing import coverage_page  # noqa: PLC0415 - only for a picture

        return answer.model_copy(update={"picture": coverage_page(name, rows, answer)})
    return answer


def coverage_rows(traces: Traces) -> list[CoverageRow]:
    """All rows: requirements in the order of their documents, then stories that carry none."""
    carried: set[str] = set()
    rows: list[CoverageRow] = []
    for demand in traces.demands:
        items = _carriers(traces, demand)
        carried.update(item.path for item in items)
        rows.append(_demand_row(traces, demand, items))
    stories = (
        item for item in traces.ledger.of_kind("story") if item.path not in carried and item.status != "cancelled"
    )
    return [*rows, *(_story_row(traces, item) for item in stories)]


def _carriers(traces: Traces, demand: Demand) -> list[Item]:
    """Items that carry a requirement, and what belongs to them."""
    found: dict[str, Item] = {}
    for one in demand.items:
        for item in traces.below(one):
            if item.status != "cancelled":
                found.setdefault(item.path, item)
    return list(found.values())


def _demand_row(traces: Traces, demand: Demand, items: Sequence[Item]) -> CoverageRow:
    row = CoverageRow(
        kind="requirement", name=demand.name, title=demand.title, path=demand.path, line=demand.line,
        **_found(traces, items, [traces.of_demand(demand)]),
    )  # fmt: skip
    return row.model_copy(update={"gaps": [*(() if row.stories else ("no-story",)), *_gaps(row)]})


def _story_row(traces: Traces, story: Item) -> CoverageRow:
    row = CoverageRow(
        kind="story", name=story.alias or story.id, title=story.title, path=story.path, line=1,
        **_found(traces, traces.below(story), []),
    )  # fmt: skip
    return row.model_copy(update={"gaps": [*(("no-requirement",) if traces.demands else ()), *_gaps(row)]})


def _found(traces: Traces, items: Sequence[Item], more: Sequence[Evidence]) -> dict[str, Any]:
    """Fields of a row: what the items have, and what belongs to them."""
    stories = [item for item in items if item.kind == "story"]
    evidence = [*more, *(traces.evidence(item) for item in items)]
    links = {(link.case.path, link.case.line): link for one in evidence for link in one.tests}
    files = code_files(evidence, frozenset(case.path for case in traces.collected.cases))
    return {
        "stories": [item.id for item in stories or [item for item in items if item.kind == "epic"]],
        "tasks": [item.id for item in items if item.kind == "task"],
        "criteria": sum(len(traces.criteria.get(item.path, ())) for item in items),
        "tested": sum(_tested(traces, item) for item in items),
        "tests": [_place(link) for link in list(links.values())[:_MOST_PLACES]],
        "tests_total": len(links),
        "code": [TracedPlace(path=path, why=why) for path, (_, why) in list(files.items())[:_MOST_PLACES]],
        "code_total": len(files),
        "done": bool(items) and all(item.status in CLOSED for item in items if item.kind != "epic"),
    }


def _tested(traces: Traces, item: Item) -> int:
    """How many of an item's own criteria a test speaks of."""
    criteria = traces.criteria.get(item.path, ())
    wording = Wording({item.path: criteria})
    found: set[int] = set()
    for link in traces.evidence(item).tests:
        found.add(link.criterion)
        found.update(number for _, number in wording.about(f"{link.case.name} {link.case.notes}".replace("_", " ")))
    return len(found & set(range(1, len(criteria) + 1)))


def _place(link: TestLink) -> TracedPlace:
    name = link.case.name or link.case.path.rpartition("/")[2]
    return TracedPlace(path=link.case.path, line=link.case.line, name=name, why=_TOLD[link.how])


def _gaps(row: CoverageRow) -> list[CoverageGap]:
    gaps: list[CoverageGap] = []
    if row.stories and not row.tasks and not row.code_total:
        gaps.append("no-task")
    if row.stories and not row.criteria:
        gaps.append("no-criteria")
    if not row.tests_total:
        gaps.append("no-test")
    elif row.tested < row.criteria:
        gaps.append("criterion-without-test")
    if not row.code_total:
        gaps.append("no-code")
    return gaps
