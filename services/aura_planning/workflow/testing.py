"""The record of a test run in the file of an item: its outcome, what ran, when, on which tree, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from aura_planning.items.editing import add_to_section, set_fields
from aura_planning.items.frontmatter import Value
from aura_planning.workflow.logs import log_section

__all__ = ["ItemRun", "record_run"]

_MOST_NAMES: Final = 20
_SHORT: Final = 12
_SUMS: Final = ("FAILED", "ERROR", "FAIL", "not ok")
_MOST_FAILED: Final = 3
_MOST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True)
class ItemRun:
    """What became of the tests of an item."""

    outcome: Literal["red", "green"]
    names: tuple[str, ...] = ()
    """Tests that ran, or their files."""
    by: Literal["aura", "claimed"] = "claimed"
    """`aura`: run in the sandbox by Aura itself."""
    tree: str = ""
    """Hash of the tree that they ran on."""
    seconds: float = 0.0
    detail: str = ""
    """Counts, or the first failures."""


def record_run(data: bytes, run: ItemRun) -> bytes:
    """A file with the record of a run in its front matter, and a line in its log."""
    now = datetime.now(UTC)
    stamp = now.isoformat(timespec="seconds")
    fields: dict[str, Value | None] = {
        "tests": run.outcome, "tests_at": stamp, "tests_by": run.by, "tests_tree": run.tree or None,
        "tests_s": round(run.seconds, 1) if run.by == "aura" else None,
    }  # fmt: skip
    if run.outcome == "red":
        fields["red_at"] = stamp
    names = [" ".join(name.split()) for name in run.names]
    if names:
        fields["test_names"] = names
    after = set_fields(data, fields)
    by = f", run by Aura on tree {run.tree[:_SHORT]} in {run.seconds:.1f} s" if run.by == "aura" else ""
    listed = f": {', '.join(names[:_MOST_NAMES])}" if names else ""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    detail = f" ({_failed(run.detail)})" if run.detail.strip() and run.outcome == "red" else ""
    line = f"- {now:%Y-%m-%d %H:%M} tests {run.outcome}{by}{listed}{more}{detail}"
    return add_to_section(after, log_section(after), line)


def _failed(detail: str) -> str:
    """What failed, in a line: as the runner sums it up, else the last thing that it said."""
    lines = [" ".join(line.split()) for line in detail.splitlines() if line.strip()]
    summed = [line for line in lines if line.startswith(_SUMS)]
    return "; ".join(summed[:_MOST_FAILED] or lines[-1:])[:_MOST_DETAIL]
