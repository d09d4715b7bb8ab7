"""What is said of findings in tests of the panel: findings of all levels, an explanation, fixes, a baseline."""

from __future__ import annotations

import hashlib
from typing import Any

from aura_shared.errors import NotFound
from aura_shared.messages.assist import RefactorAnswer, RefactorCode
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangedFile,
    ChangeInfo,
    Hunk,
    ProposeChange,
    ShowChange,
)
from aura_shared.messages.code import Freshness
from aura_shared.messages.findings import (
    AnalysisAnswer,
    AnalyzeProject,
    BaselineAnswer,
    ExplainFinding,
    FileFix,
    FindingExplanation,
    FindingInfo,
    FindingsAnswer,
    FixAnswer,
    FixFindings,
    ListFindings,
    ToolRun,
    WriteBaseline,
)
from panel_lab import PanelLab, proposed

NOW = Freshness(generation=48)


def finding(rule: str, path: str, line: int, message: str, **fields: Any) -> FindingInfo:  # noqa: ANN401 - any field
    """A finding; its fingerprint follows from rule and place."""
    fingerprint = hashlib.sha256(f"{rule}{path}{line}".encode()).hexdigest()[:32]
    known: dict[str, Any] = {
        "id": fingerprint[:8],
        "fingerprint": fingerprint,
        "rule": rule,
        "level": "warning",
        "category": "correctness",
        "path": path,
        "start_line": line,
        "end_line": line,
        "message": message,
    }
    return FindingInfo(**{**known, **fields})


SQL = finding(
    "sql-injection", "shop/orders.py", 41, "A query is put together from text that a caller gives.",
    level="error", category="security", symbol="Orders.find", tags=["cwe-89"],
)  # fmt: skip
NONE = finding(
    "none-comparison", "shop/[red]/prices.py", 12, "None is compared with ==; use is.", fixable=True,
    category="reliability", symbol="parse_price",
)  # fmt: skip
OTHER_NONE = finding("none-comparison", "shop/cart.py", 7, "None is compared with ==; use is.", fixable=True)
UNUSED = finding(
    "ruff:F401", "services/checkout/very/deep/folders/with/long/names/session_handling.py", 3,
    "`os` imported but unused", source="ruff", category="maintainability",
)  # fmt: skip
LONG = finding("long-function", "shop/cart.py", 20, "The function has 96 lines.", level="hint", category="style")
SILENT = finding(
    "broad-except", "shop/cart.py", 33, "Every error is caught.", suppressed="inline", reason="the loop must go on"
)
FINDINGS = [SQL, UNUSED, NONE, OTHER_NONE, LONG]

_CODE = """\
def parse_price(text: str) -> Price:
    whole, _, part = text.partition(".")
    if part == None:
        part = "0"
    return Price(int(whole) * 100 + int(part))
"""
FIX_DIFF = """\
--- a/shop/[red]/prices.py
+++ b/shop/[red]/prices.py
@@ -10,5 +10,5 @@
 def parse_price(text: str) -> Price:
     whole, _, part = text.partition(".")
-    if part == None:
+    if part is None:
         part = "0"
     return Price(int(whole) * 100 + int(part))
"""


def listed(asked: ListFindings) -> FindingsAnswer:
    """The findings that pass the filters, as the service lists them."""
    every = [one for one in [*FINDINGS, SILENT] if _passes(one, asked)]
    heard = [one for one in every if not one.suppressed]
    shown = every if asked.silenced else heard
    page = shown[asked.offset : asked.offset + asked.limit]
    return FindingsAnswer(
        findings=page,
        total=len(shown),
        levels={level: sum(one.level == level for one in shown) for level in ("error", "warning", "hint")},
        silenced=len(every) - len(heard),
        more=len(shown) > asked.offset + len(page),
        freshness=NOW,
        reason="" if page else "The filters leave none of 5 findings.",
    )


def _passes(one: FindingInfo, asked: ListFindings) -> bool:
    return (
        (not asked.rules or one.rule in asked.rules)
        and (not asked.levels or one.level in asked.levels)
        and (not asked.paths or f"/{one.path}" in asked.paths)
        and (not asked.sources or one.source in asked.sources)
        and (not asked.categories or one.category in asked.categories)
        and (one.fixable or not asked.fixable)
    )


def explained(asked: ExplainFinding) -> FindingExplanation:
    """All about a finding."""
    found = next((one for one in [*FINDINGS, SILENT] if one.id == asked.id), None)
    if found is None:
        raise NotFound(f"there is no finding {asked.id!r}")
    mark = "#" if found.source == "aura" else ""
    return FindingExplanation(
        finding=found,
        title=f"About {found.rule}",
        what="Comparisons with None by == and !=.\n\nNot those in tests.",
        why="A class may define ==, so that the comparison says something else [bold]than\nit seems[/bold].",
        how="Use `is` or `is not`.",
        tags=["pep-8"],
        code=_CODE,
        code_start_line=max(1, found.start_line - 2),
        fix=FileFix(path=found.path, diff=FIX_DIFF, findings=[found.id]) if found.fixable else None,
        silence=[
            f"On its line, or alone on the line before: {mark} aura: ignore[{found.rule}] the reason",
            "With all others that are there today: aura baseline",
        ]
        if mark
        else ["With the means of ruff: its comments or its configuration."],
        siblings=[OTHER_NONE] if found is NONE else [],
        siblings_total=7 if found is NONE else 0,
        freshness=NOW,
    )


def fixed(asked: FixFindings) -> FixAnswer:
    """The fix of one finding, or of a rule."""
    if asked.ids and NONE.id not in asked.ids:
        return FixAnswer(reason="No fix of these findings is certain [x].", freshness=NOW)
    refused = [FileFix(path="shop/cart.py", refused="it changed since")] if asked.rules else []
    return FixAnswer(
        files=[FileFix(path=NONE.path, diff=FIX_DIFF, findings=[NONE.id]), *refused], fixed=1, freshness=NOW
    )


def change_of(diff: str, **fields: Any) -> ChangeInfo:  # noqa: ANN401 - any field
    """A proposed change with one hunk."""
    start = diff.index("@@")
    hunk = Hunk(id="h1", path=NONE.path, old_start=10, old_lines=5, new_start=10, new_lines=5, diff=diff[start:])
    return proposed(title="Fix none-comparison", files=[ChangedFile(path=NONE.path, kind="modified", hunks=[hunk])],
                    **fields)  # fmt: skip


ANALYSIS = AnalysisAnswer(
    total=5, levels={"error": 1, "warning": 3, "hint": 1}, files=812, seconds=4.2, freshness=NOW,
    tools=[ToolRun(name="ruff", ran=True, findings=1), ToolRun(name="mypy", ran=False, reason="it is not installed")],
)  # fmt: skip


def with_findings(lab: PanelLab) -> None:
    """Answer for findings from now on."""
    change = change_of(FIX_DIFF)
    lab.answer(ListFindings, listed)
    lab.answer(ExplainFinding, explained)
    lab.answer(FixFindings, fixed)
    lab.answer(RefactorCode, RefactorAnswer(change=change))
    lab.answer(ProposeChange, lambda _: ChangeAnswer(change=change))
    lab.answer(ApplyChange, ChangeAnswer(change=change, written=[NONE.path]))
    lab.answer(ShowChange, ChangeAnswer(change=change))
    lab.answer(WriteBaseline, BaselineAnswer(path=".aura/baseline.json", entries=5, added=5))
    lab.answer(AnalyzeProject, ANALYSIS)
