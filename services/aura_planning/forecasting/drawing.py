"""The burn-up as a picture: one SVG that needs nothing else, light and dark, or a page around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from aura_planning.pictures import page, safe_text
from aura_shared.messages.plan_forecast import BurnPoint, PlanBurnup

__all__ = ["draw_page", "draw_svg"]

_WIDE: Final = 860
_HIGH: Final = 440
_LEFT: Final = 56
_RIGHT: Final = 28
_TOP: Final = 78
_BOTTOM: Final = 48
_FAR: Final = 2.0
"""The future takes at most this part of the past's room, or a month; what lies behind is told, not drawn."""
_STYLE: Final = """
.burn { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #e3e8ed; --done: #1a7f37; --area: #dcf5e3;
  --scope: #0b5cad; --cone: #f5b95c; --late: #9a5b00; background: var(--paper); }
@media (prefers-color-scheme: dark) { .burn { --paper: #0d1117; --ink: #e6edf3; --soft: #9aa5b1; --grid: #262c34;
  --done: #3fb950; --area: #10301a; --scope: #58a6ff; --cone: #8a5a12; --late: #e3a84a; } }
.burn text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); }
.burn .head { font-size: 16px; font-weight: 600; } .burn .soft { fill: var(--soft); font-size: 11px; }
.burn .grid { stroke: var(--grid); } .burn .area { fill: var(--area); } .burn .cone { fill: var(--cone); opacity: .45; }
.burn .line { fill: none; stroke-width: 2; } .burn .done { stroke: var(--done); } .burn .scope { stroke: var(--scope); }
.burn .p50, .burn .p85 { stroke: var(--late); stroke-dasharray: 5 4; } .burn .p85 { stroke-dasharray: 2 3; }
.burn .today { stroke: var(--soft); stroke-dasharray: 1 3; }
.burn .key-done { fill: var(--done); } .burn .key-scope { fill: var(--scope); } .burn .key-cone { fill: var(--late); }
"""
_PAGE_STYLE: Final = "td, th { text-align: right; font-variant-numeric: tabular-nums; }\n"


@dataclass(frozen=True, slots=True)
class _Frame:
    """From days and counts to places in the picture."""

    first: date
    last: date
    most: float

    def x(self, day: date) -> float:
        """Across."""
        share = (day - self.first).days / max(1, (self.last - self.first).days)
        return round(_LEFT + share * (_WIDE - _LEFT - _RIGHT), 1)

    def y(self, count: float) -> float:
        """Down."""
        return round(_HIGH - _BOTTOM - count / self.most * (_HIGH - _TOP - _BOTTOM), 1)


def draw_svg(burnup: PlanBurnup, title: str) -> str:
    """A picture as SVG."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(burnup, title)


def draw_page(burnup: PlanBurnup, title: str) -> str:
    """A picture on a page, with the same as a table."""
    past = "".join(
        f"<tr><td>{one.day}</td><td>{one.done}</td><td>{one.scope}</td></tr>\n" for one in _thinned(burnup.points)
    )
    future = "".join(
        f"<tr><td>{one.done}</td><td>{one.p50 or 'later'}</td><td>{one.p85 or 'later'}</td></tr>\n"
        for one in burnup.marks
    )
    table = f"<h2>Forecast</h2>\n<table>\n<tr><th>done</th><th>P50</th><th>P85</th></tr>\n{future}</table>\n"
    body = f"""<figure>
{_svg(burnup, title, headed=False)}</figure>
{table if burnup.marks else f"<p>No forecast: {safe_text(burnup.reason)}.</p>{chr(10)}"}<h2>Past</h2>
<table>
<tr><th>day</th><th>done</th><th>in the plan</th></tr>
{past}</table>
"""
    return page(title, body, _PAGE_STYLE)


def _svg(burnup: PlanBurnup, title: str, *, headed: bool = True) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="burn" viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" '
        f'height="{_HIGH}" role="img">',
        f"<title>{safe_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="var(--paper)"/>',
    ]
    if headed:
        lines.append(f'<text class="head" x="{_LEFT - 32}" y="28">{safe_text(_cut(title))}</text>')
    if not burnup.points:
        return "\n".join([*lines, f'<text x="{_LEFT}" y="{_TOP}">{safe_text(burnup.reason)}</text>', "</svg>\n"])
    frame = _frame(burnup)
    lines += [*_axes(frame), *_future(burnup, frame), *_past(burnup, frame), *_keys(burnup)]
    return "\n".join([*lines, "</svg>\n"])


def _frame(burnup: PlanBurnup) -> _Frame:
    today = date.fromisoformat(burnup.today)
    first = date.fromisoformat(burnup.points[0].day)
    past = max(1, (today - first).days)
    ends = [date.fromisoformat(one.p85 or "9999-12-31") for one in burnup.marks[-1:]]
    far = today + timedelta(max(30, int(past * _FAR)))
    last = max(today + timedelta(1), min([far, *ends]) if ends else today)
    most = max(1, *(one.scope for one in burnup.points), *(one.done for one in burnup.marks))
    return _Frame(first, last, most * 1.06)


def _axes(frame: _Frame) -> Iterator[str]:
    step = _step(frame.most)
    count = 0
    while count <= frame.most:
        y = frame.y(count)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="soft" text-anchor="end" x="{_LEFT - 8}" y="{y + 4}">{count}</text>'
        count += step
    days = (frame.last - frame.first).days
    for day in sorted({frame.first + timedelta(round(days * number / 5)) for number in range(6)}):
        anchor = "start" if day == frame.first else "end" if day == frame.last else "middle"
        yield (
            f'<text class="soft" text-anchor="{anchor}" x="{frame.x(day)}" y="{_HIGH - _BOTTOM + 18}">'
            f"{day.isoformat()}</text>"
        )


def _step(most: float) -> int:
    for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000, 20_000, 50_000):
        if most / size <= 8:
            return size
    return 100_000


def _past(burnup: PlanBurnup, frame: _Frame) -> Iterator[str]:
    now = date.fromisoformat(burnup.today)
    done = _steps([(date.fromisoformat(one.day), one.done) for one in burnup.points], now, frame)
    scope = _steps([(date.fromisoformat(one.day), one.scope) for one in burnup.points], now, frame)
    base = frame.y(0)
    today = frame.x(now)
    yield f'<path class="area" d="M{_LEFT} {base} L{done[1:]} V{base} Z"/>'
    yield f'<path class="line scope" d="{scope}"/>'
    yield f'<path class="line done" d="{done}"/>'
    yield f'<line class="today" x1="{today}" x2="{today}" y1="{_TOP - 14}" y2="{base}"/>'
    late = today > _WIDE - 120
    anchor, x = ("end", today - 5) if late else ("start", today + 5)
    yield f'<text class="soft" text-anchor="{anchor}" x="{x}" y="{_TOP - 6}">{burnup.today}</text>'


def _steps(points: Sequence[tuple[date, int]], today: date, frame: _Frame) -> str:
    """Counts that hold until the next one; those of a plan's first day fill that day, or nothing would be seen."""
    words = [f"M{frame.x(points[0][0])} {frame.y(points[0][1])}"]
    words += [f"H{frame.x(day)} V{frame.y(count)}" for day, count in points[1:]]
    end = today + timedelta(1) if frame.first == today else today
    return " ".join([*words, f"H{frame.x(end)}"])


def _future(burnup: PlanBurnup, frame: _Frame) -> Iterator[str]:
    if not burnup.marks or not burnup.points:
        return
    today, done, scope = date.fromisoformat(burnup.today), burnup.points[-1].done, burnup.points[-1].scope
    early = _curve(today, done, [(one.p50, one.done) for one in burnup.marks], frame)
    late = _curve(today, done, [(one.p85, one.done) for one in burnup.marks], frame)
    shape = [*early, (frame.x(frame.last), early[-1][1]), *reversed(late)]  # once all is done, it stays done
    yield f'<path class="cone" d="M{" L".join(f"{x} {y}" for x, y in shape)} Z"/>'
    x, y = frame.x(today), frame.y(scope)
    yield f'<path class="line scope" stroke-dasharray="1 4" d="M{x} {y} H{_WIDE - _RIGHT}"/>'
    for name, curve in (("p50", early), ("p85", late)):
        yield f'<path class="line {name}" d="M{" L".join(f"{x} {y}" for x, y in curve)}"/>'


def _curve(today: date, done: int, marks: Sequence[tuple[str, int]], frame: _Frame) -> list[tuple[float, float]]:
    """A way through days, cut where the picture ends."""
    found = [(frame.x(today), frame.y(done))]
    before = today, float(done)
    for written, count in marks:
        day = date.fromisoformat(written or "9999-12-31")
        if day > frame.last:
            share = (frame.last - before[0]).days / max(1, (day - before[0]).days)
            found.append((frame.x(frame.last), frame.y(before[1] + share * (count - before[1]))))
            break
        found.append((frame.x(day), frame.y(count)))
        before = day, float(count)
    return found


def _keys(burnup: PlanBurnup) -> Iterator[str]:
    last = burnup.points[-1]
    words = [("key-done", f"done: {last.done}"), ("key-scope", f"in the plan: {last.scope}")]
    if burnup.marks:
        end = burnup.marks[-1]
        words.append(("key-cone", f"all done: P50 {_day(end.p50)}, P85 {_day(end.p85)}"))
    else:
        words.append(("soft", f"no forecast: {_cut(burnup.reason, 90)}"))
    x = _LEFT - 32
    for style, text in words:
        yield f'<text class="{style}" x="{x}" y="50">{safe_text(text)}</text>'
        x += 26 + round(6.6 * len(text))


def _day(written: str) -> str:
    return written or "not within three years"


def _thinned(points: Sequence[BurnPoint]) -> Sequence[BurnPoint]:
    """About thirty points, the last among them."""
    step = max(1, len(points) // 30)
    return [one for place, one in enumerate(points) if place % step == 0 or place == len(points) - 1]


def _cut(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "\u2026"
