"""Files where frequent change and complexity meet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aura_code.answers import visible
from aura_code.history import hotspots, read_history
from aura_code.views import View
from aura_shared.messages.insight import FindHotspots, Hotspot, HotspotsAnswer


def find_hotspots(root: Path, view: View, complexity: Mapping[str, int], request: FindHotspots) -> HotspotsAnswer:
    """The files with the highest product of commits and complexity.

    Args:
        root: The project's folder.
        view: Its index.
        complexity: Sum over the functions of each file.
        request: How far to look back, and how many.

    Source:
        Tornhill (2015), "Your Code as a Crime Scene": change frequency and complexity together predict defects.
    """
    history = read_history(root, days=request.days)
    found = hotspots(history.files, complexity, request.limit + 1)
    shown = found[: request.limit]
    return HotspotsAnswer(
        hotspots=[
            Hotspot(
                path=visible(one.path),
                commits=one.commits,
                changed_lines=one.lines,
                authors=one.authors,
                complexity=one.complexity,
                lines=_lines(view, one.path),
                score=one.score,
            )
            for one in shown
        ],
        days=request.days,
        more=len(found) > request.limit,
        reason=""
        if shown
        else history.reason or f"No file with functions was changed in the last {request.days} days.",
    )


def _lines(view: View, path: str) -> int:
    found = view.find_file(path)
    return int(view.parts[found.part].segment.file_lines[found.file]) if found is not None else 0
