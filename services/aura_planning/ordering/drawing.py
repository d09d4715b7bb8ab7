"""The picture of what waits for what: one SVG that needs nothing else, light and dark, or a page around it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from aura_planning.ordering.graph import Box, Graph, State
from aura_planning.ordering.layers import Placed, place
from aura_planning.pictures import page, safe_text

__all__ = ["draw_page", "draw_svg"]

_WIDE: Final = 212
_HIGH: Final = 50
_STOP_HIGH: Final = 26
_ASIDE: Final = 14
"""Between boxes of a layer."""
_AHEAD: Final = 64
"""Between layers, for the lines."""
_EDGE: Final = 24
_HEAD: Final = 66
_SIDE: Final = 32
"""Room for lines around the last boxes."""
_LETTERS: Final = 29
"""Letters of a title in a box."""
_PAGE: Final = 1600, 1000
"""What is seen at once: the picture runs to the side or down, whichever needs less of it."""
_MARKS: Final[dict[State, str]] = {
    "done": "\u2713", "working": "\u25b6", "ready": "\u25cf", "blocked": "\u25cb", "circle": "\u21bb",
}  # fmt: skip
_WORDS: Final[dict[State, str]] = {
    "done": "done", "working": "in progress", "ready": "ready", "blocked": "waiting", "circle": "in a circle",
}  # fmt: skip
_STYLE: Final = """
.plan { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #9aa4af; --box: #f6f8fa; --edge: #c3cad2;
  --done: #eef1f4; --done-ink: #6b7580; --working: #fff4d6; --working-edge: #bf8700; --ready: #dcf5e3;
  --ready-edge: #1a7f37; --circle: #ffe4e1; --circle-edge: #cf222e; --hot: #d1570b; background: var(--paper); }
@media (prefers-color-scheme: dark) { .plan { --paper: #0d1117; --ink: #e6edf3; --soft: #9aa5b1; --line: #626c78;
  --box: #161b22; --edge: #444c56; --done: #12161c; --done-ink: #7d8793; --working: #3a2d08; --working-edge: #d29922;
  --ready: #0f2f1a; --ready-edge: #3fb950; --circle: #3d1416; --circle-edge: #f85149; --hot: #f0883e; } }
.plan text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
.plan .soft { fill: var(--soft); font-size: 11px; } .plan .name { font-weight: 600; }
.plan .head { font-size: 16px; font-weight: 600; }
.plan .box { fill: var(--box); stroke: var(--edge); } .plan .stop { stroke-dasharray: 3 2; }
.plan .done .box { fill: var(--done); } .plan .done text { fill: var(--done-ink); }
.plan .working .box { fill: var(--working); stroke: var(--working-edge); }
.plan .ready .box { fill: var(--ready); stroke: var(--ready-edge); }
.plan .circle .box { fill: var(--circle); stroke: var(--circle-edge); }
.plan .critical .box { stroke: var(--hot); stroke-width: 2.5; }
.plan .bar { fill: var(--ready-edge); opacity: .55; }
.plan path { fill: none; stroke: var(--line); stroke-width: 1.2; } .plan path.tip { fill: var(--line); stroke: none; }
.plan path.critical { stroke: var(--hot); stroke-width: 2.4; } .plan path.critical.tip { fill: var(--hot); }
.plan path.cut { stroke: var(--circle-edge); stroke-dasharray: 5 4; stroke-width: 1.8; }
.plan path.cut.tip { fill: var(--circle-edge); } .plan path.proposed { stroke-dasharray: 2 4; }
.plan path.back { stroke-dasharray: 8 3; }
"""
_PAGE_STYLE: Final = "figure { border: 1px solid var(--edge); border-radius: 6px; }\n"


@dataclass(frozen=True, slots=True)
class _Spot:
    """The rectangle of a box."""

    x: float
    y: float
    high: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + _WIDE / 2, self.y + self.high / 2


def draw_svg(graph: Graph, title: str) -> str:
    """A picture as SVG."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(graph, title)


def draw_page(graph: Graph, title: str) -> str:
    """A picture on a page, with the same as a table."""
    boxes = [box for box in graph.boxes if not box.stop]
    states = [f"{sum(box.state == state for box in boxes)} {word}" for state, word in _WORDS.items()
              if any(box.state == state for box in boxes)]  # fmt: skip
    notices = "".join(f"<p>{safe_text(one)}</p>\n" for one in graph.notices)
    rows = "".join(_rows(graph))
    body = f"""<p>{len(boxes)} {_what(graph)}: {", ".join(states)}.</p>
{notices}<figure>
{_svg(graph, title, headed=False)}</figure>
<details>
<summary>The same as a table</summary>
<table>
<tr><th>Item</th><th>Title</th><th>State</th><th>Waits for</th></tr>
{rows}</table>
</details>
"""
    return page(title, body, _PAGE_STYLE)


def _what(graph: Graph) -> str:
    return {"item": "items", "story": "stories and items", "epic": "epics and items"}[graph.by]


def _rows(graph: Graph) -> Iterator[str]:
    needs: dict[int, list[str]] = {}
    for box, other in sorted({*graph.links, *graph.back, *graph.cut}):
        mark = " (to cut)" if (box, other) in graph.cut else ""
        needs.setdefault(box, []).append(f"{graph.boxes[other].name}{mark}")
    for number, box in enumerate(graph.boxes):
        if not box.stop:
            state = f"{_WORDS[box.state]}{', critical' if box.critical else ''}"
            cells = (box.name, box.title, state, ", ".join(needs.get(number, ())))
            yield f"<tr>{''.join(f'<td>{safe_text(one)}</td>' for one in cells)}</tr>\n"


def _svg(graph: Graph, title: str, *, headed: bool = True) -> str:
    placed = place(len(graph.boxes), graph.links)
    down = _runs_down(placed)
    spots = [_spot(box, placed.layer[number], placed.across[number], down=down)
             for number, box in enumerate(graph.boxes)]  # fmt: skip
    wide = max((spot.x + _WIDE for spot in spots), default=0.0) + _EDGE + _SIDE
    high = max((spot.y + spot.high for spot in spots), default=float(_HEAD)) + _SIDE
    wide = max(wide, 760)
    lines = [*_lines(graph, placed, spots, down=down)]
    boxes = [line for box, spot in zip(graph.boxes, spots, strict=True) for line in _box(box, spot)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plan" width="{_n(wide)}" height="{_n(high)}" '
        f'viewBox="0 0 {_n(wide)} {_n(high)}" role="img" aria-label="{safe_text(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_n(wide)}" height="{_n(high)}" style="fill: var(--paper)"/>',
        *([f'<text class="head" x="{_EDGE}" y="28">{safe_text(_cut(title, 80))}</text>'] if headed else []),
        *_legend(graph),
        *lines,
        *boxes,
        "</svg>\n",
    ]
    return "\n".join(parts)


def _runs_down(placed: Placed) -> bool:
    """Whether layers stand below one another."""
    aside = max(placed.depth * (_WIDE + _AHEAD) / _PAGE[0], placed.breadth * (_HIGH + _ASIDE) / _PAGE[1])
    down = max(placed.breadth * (_WIDE + _ASIDE) / _PAGE[0], placed.depth * (_HIGH + _AHEAD * 0.6) / _PAGE[1])
    return down < aside


def _spot(box: Box, layer: float, across: float, *, down: bool) -> _Spot:
    high = _STOP_HIGH if box.stop else _HIGH
    if down:
        x, y = across * (_WIDE + _ASIDE), layer * (_HIGH + _AHEAD * 0.6)
    else:
        x, y = layer * (_WIDE + _AHEAD), across * (_HIGH + _ASIDE)
    return _Spot(_EDGE + x, _HEAD + y + (_HIGH - high) / 2, high)


# -- boxes -----------------------------------------------------------------------------------------


def _box(box: Box, spot: _Spot) -> Iterator[str]:
    classes = f"{box.state}{' critical' if box.critical else ''}"
    about = f"{box.name} {box.title}\n{_WORDS[box.state]}{', critical' if box.critical else ''}\n{box.facts}"
    yield f'<g class="{classes}"><title>{safe_text(about.strip())}</title>'
    yield (
        f'<rect class="box{" stop" if box.stop else ""}" x="{_n(spot.x)}" y="{_n(spot.y)}" width="{_WIDE}" '
        f'height="{_n(spot.high)}" rx="{13 if box.stop else 6}"/>'
    )
    x = spot.x + 10
    if box.stop:
        yield f'<text class="soft" x="{_n(x)}" y="{_n(spot.y + 17)}">{safe_text(_cut(box.title, 34))}</text></g>'
        return
    name = safe_text(_cut(f"{_MARKS[box.state]} {box.name}", 18))
    yield f'<text class="name" x="{_n(x)}" y="{_n(spot.y + 19)}">{name}</text>'
    facts = _cut(box.facts.partition(",")[0], 14)
    end = _n(spot.x + _WIDE - 10)
    yield f'<text class="soft" x="{end}" y="{_n(spot.y + 19)}" text-anchor="end">{safe_text(facts)}</text>'
    yield f'<text x="{_n(x)}" y="{_n(spot.y + 38)}">{safe_text(_cut(box.title, _LETTERS))}</text>'
    if box.parts_done:
        wide = (_WIDE - 4) * box.parts_done / box.parts
        yield f'<rect class="bar" x="{_n(spot.x + 2)}" y="{_n(spot.y + spot.high - 5)}" width="{_n(wide)}" height="3"/>'
    yield "</g>"


def _legend(graph: Graph) -> Iterator[str]:
    x = float(_EDGE)
    used = {box.state for box in graph.boxes}
    entries = [(f"{_MARKS[state]} {word}", state) for state, word in _WORDS.items() if state in used]
    if any(box.critical for box in graph.boxes):
        entries.append(("critical path", "critical"))
    for word, kind in entries:
        yield f'<g class="{kind}"><rect class="box" x="{_n(x)}" y="40" width="12" height="12" rx="3"/></g>'
        yield f'<text class="soft" x="{_n(x + 17)}" y="50">{word}</text>'
        x += 34 + 6.4 * len(word)
    for name, word, lines in (
        ("cut", "dependency to take out", graph.cut),
        ("proposed", "only proposed", graph.proposed),
        ("back", "parts wait for each other", graph.back),
    ):
        if lines:
            yield f'<path class="{name}" d="M{_n(x)} 46 h26"/><text class="soft" x="{_n(x + 31)}" y="50">{word}</text>'
            x += 48 + 6.4 * len(word)


# -- lines -----------------------------------------------------------------------------------------


def _lines(graph: Graph, placed: Placed, spots: Sequence[_Spot], *, down: bool) -> Iterator[str]:
    """All lines; those of the critical path last, so that they are on top."""
    hot = [link for link in graph.links if all(graph.boxes[one].critical for one in link)]
    calm = set(hot)
    for link in [*(one for one in graph.links if one not in calm), *hot]:
        kind = "critical" if link in calm else "proposed" if link in graph.proposed else ""
        points = [_bend(*where, down=down) for where in placed.bends.get(link, ())]
        yield from _line(spots[link[1]], spots[link[0]], points, kind, down=down)
    for kind, links in (("back", graph.back), ("cut", graph.cut)):
        for link in sorted(links):
            yield from _return(spots[link[1]], spots[link[0]], kind, down=down)


def _bend(layer: float, across: float, *, down: bool) -> tuple[float, float]:
    """The middle of the place in a layer that a line passes."""
    spot = _spot(Box("", "task", "", ""), layer, across, down=down)
    return spot.middle


def _line(start: _Spot, end: _Spot, bends: Sequence[tuple[float, float]], kind: str, *, down: bool) -> Iterator[str]:
    if down:
        first, last = (start.middle[0], start.y + start.high), (end.middle[0], end.y)
    else:
        first, last = (start.x + _WIDE, start.middle[1]), (end.x, end.middle[1])
    points = [first]
    half = _HIGH / 2 if down else _WIDE / 2
    for x, y in bends:  # straight through the layer, curved between layers
        points += [(x, y - half), (x, y + half)] if down else [(x - half, y), (x + half, y)]
    points.append(last)
    path = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for number, (one, two) in enumerate(pairwise(points)):
        path.append(_straight(two) if number % 2 else _curve(one, two, down=down))
    classes = f' class="{kind}"' if kind else ""
    yield f'<path{classes} d="{" ".join(path)}"/>'
    x, y = last
    tip = f"M{_n(x)} {_n(y)} l-4 -8 h8 z" if down else f"M{_n(x)} {_n(y)} l-8 -4 v8 z"
    yield f'<path class="{f"{kind} tip".strip()}" d="{tip}"/>'


def _return(start: _Spot, end: _Spot, kind: str, *, down: bool) -> Iterator[str]:
    """A line against the layers: around the boxes, from side to side."""
    if down:
        first, last = (start.x + _WIDE, start.middle[1]), (end.x + _WIDE, end.middle[1])
        far = max(first[0], last[0]) + 40
        curve = f"C{_n(far)} {_n(first[1])} {_n(far)} {_n(last[1])} {_n(last[0])} {_n(last[1])}"
        tip = f"M{_n(last[0])} {_n(last[1])} l8 -4 v8 z"
    else:
        first, last = (start.middle[0], start.y + start.high), (end.middle[0], end.y + end.high)
        far = max(first[1], last[1]) + 40
        curve = f"C{_n(first[0])} {_n(far)} {_n(last[0])} {_n(far)} {_n(last[0])} {_n(last[1])}"
        tip = f"M{_n(last[0])} {_n(last[1])} l-4 8 h8 z"
    yield f'<path class="{kind}" d="M{_n(first[0])} {_n(first[1])} {curve}"/>'
    yield f'<path class="{kind} tip" d="{tip}"/>'


def _straight(point: tuple[float, float]) -> str:
    return f"L{_n(point[0])} {_n(point[1])}"


def _curve(one: tuple[float, float], two: tuple[float, float], *, down: bool) -> str:
    along = abs(two[1] - one[1] if down else two[0] - one[0])
    reach = max(along / 2, 24)
    first = (one[0], one[1] + reach) if down else (one[0] + reach, one[1])
    last = (two[0], two[1] - reach) if down else (two[0] - reach, two[1])
    return "C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in (first, last, two))


# -- text ------------------------------------------------------------------------------------------


def _n(number: float) -> str:
    """A length; a tenth of a pixel is enough."""
    return f"{number:.1f}".removesuffix(".0")


def _cut(text: str, most: int) -> str:
    """The first letters; wide ones count twice."""
    used = 0
    for place_, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > most:
            return text[: max(0, place_ - 1)].rstrip() + "\u2026"
    return text
