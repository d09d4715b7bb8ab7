"""The report as one page with pictures, drawn as SVG; it refers to nothing outside itself and runs no script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from math import log1p, sqrt
from typing import Final, NamedTuple

from aura_code.insight.facts import FileSize, FolderLink, ProjectFacts

_WIDE: Final = 1080.0
_HIGH: Final = 520.0
_MOST_TILES: Final = 400
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2430;--dim:#667085;--paper:#ffffff;--card:#f5f7fa;--line:#d5dbe3;
--cool:#dbe7f3}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#98a2b3;--paper:#12161c;--card:#1b212a;--line:#333c48;
--cool:#26384b}}
body{margin:0 auto;max-width:1120px;padding:24px 20px 60px;font:15px/1.5 system-ui,sans-serif;
color:var(--ink);background:var(--paper)}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:34px 0 8px}p{margin:6px 0}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--dim);font-weight:600}
td,th{padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:var(--card);padding:12px;overflow:auto;border-radius:6px}
svg{width:100%;height:auto;background:var(--card);border-radius:6px}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}
.cards{display:flex;flex-wrap:wrap;gap:12px;margin:14px 0}
.card{background:var(--card);border-radius:6px;padding:10px 16px}
.card b{display:block;font-size:20px}.error{color:#c62828}.warning{color:#b26a00}.hint{color:var(--dim)}
"""


def report_page(facts: ProjectFacts) -> str:
    """The whole page."""
    title = escape(facts.name)
    body = "\n".join(_body(facts))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: report</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(facts: ProjectFacts) -> Iterator[str]:
    yield f"<h1>{escape(facts.name)}</h1>"
    yield f'<p class="dim">Made by Aura on {facts.made} from the files themselves, without a model.</p>'
    yield from _cards(facts)
    yield "<h2>Size and complexity</h2>"
    yield '<p class="dim">One tile a file: area by lines, colour by complexity for its size. Hover for the name.</p>'
    yield treemap(facts.sizes)
    yield "<h2>Dependencies between folders</h2>"
    yield '<p class="dim">An arrow leads from what imports to what is imported; red ones run against the layers.</p>'
    yield folder_graph(facts.links) if facts.links else "<p>No imports between folders were found.</p>"
    yield "<h2>Hotspots over time</h2>"
    yield '<p class="dim">Commits in each month to the files where change and complexity meet.</p>'
    yield heatmap(facts.months, facts.activity) if facts.activity else f"<p>{escape(facts.hotspots.reason)}</p>"
    yield from _hotspots(facts)
    yield from _risks(facts)
    yield from _gaps(facts)
    yield "<h2>Entry points</h2>"
    rows = [
        (_place(one.symbol.path, one.symbol.line), escape(one.symbol.name), escape(one.reason))
        for one in facts.entries.entries
    ]
    yield _table(("where", "what", "why"), rows) if rows else "<p>None was found.</p>"
    yield "<h2>Most referred to</h2>"
    yield f"<pre>{escape(facts.symbols.text)}</pre>"
    yield "<h2>Conventions found</h2>"
    yield _table(
        ("habit", "share", "of"), [(escape(one.name), f"{one.share:.0%}", f"{one.of:,}") for one in facts.conventions]
    )


def _cards(facts: ProjectFacts) -> Iterator[str]:
    levels = facts.summary.levels
    cards = [
        (f"{facts.files:,}", "files"),
        (f"{facts.lines:,}", "lines"),
        (", ".join(name for name, _, _ in facts.languages[:3]), "languages"),
        (str(levels.get("error", 0)), "errors"),
        (str(levels.get("warning", 0)), "warnings"),
        (str(len({one.name for one in facts.dependencies.dependencies if one.direct})), "direct dependencies"),
        (str(facts.cycles.total), "import cycles"),
    ]
    inner = "".join(f'<div class="card"><b>{escape(value)}</b>{escape(name)}</div>' for value, name in cards)
    yield f'<div class="cards">{inner}</div>'


def _hotspots(facts: ProjectFacts) -> Iterator[str]:
    rows = [
        (_place(one.path), str(one.commits), str(one.complexity), str(one.lines), f"{one.score:.2f}")
        for one in facts.hotspots.hotspots
    ]
    if rows:
        yield _table(("file", "commits", "complexity", "lines", "score"), rows, numbers=4)


def _risks(facts: ProjectFacts) -> Iterator[str]:
    yield "<h2>Risks</h2>"
    rows = [
        (
            f'<span class="{one.level}">{one.level}</span>',
            _place(one.path, one.start_line),
            escape(one.message),
            f"<code>{escape(one.rule)}</code>",
        )
        for one in facts.risks.findings
    ]
    yield _table(("level", "where", "what", "rule"), rows) if rows else "<p>No errors or warnings.</p>"


def _gaps(facts: ProjectFacts) -> Iterator[str]:
    yield "<h2>Gaps</h2>"
    rows = [(escape(one.title), escape(one.why), escape(one.offer)) for one in facts.gaps.gaps]
    yield (
        _table(("what is missing", "why it matters", "what Aura would add"), rows) if rows else "<p>None was found.</p>"
    )


def _place(path: str, line: int | None = None) -> str:
    return f"<code>{escape(path)}{f':{line}' if line else ''}</code>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> str:
    """A table of ready HTML; the last `numbers` columns are aligned to the right."""
    first = len(head) - numbers
    top = "".join(f'<th class="n">{name}</th>' if at >= first else f"<th>{name}</th>" for at, name in enumerate(head))
    lines = [
        "".join(f'<td class="n">{cell}</td>' if at >= first else f"<td>{cell}</td>" for at, cell in enumerate(row))
        for row in rows
    ]
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


# -- treemap --------------------------------------------------------------------------------------------------------


class Tile(NamedTuple):
    """A rectangle of the treemap."""

    x: float
    y: float
    wide: float
    high: float
    file: FileSize


def treemap(files: Sequence[FileSize]) -> str:
    """A picture of the largest files."""
    shown = [file for file in files if file.lines > 0][:_MOST_TILES]
    if not shown:
        return "<p>There is no code to draw.</p>"
    most = max(file.complexity / sqrt(file.lines) for file in shown) or 1.0
    parts = [_tile(tile, most) for tile in squarified(shown, _WIDE, _HIGH)]
    return f'<svg viewBox="0 0 {_WIDE:.0f} {_HIGH:.0f}" role="img" aria-label="Treemap of files">{"".join(parts)}</svg>'


def _tile(tile: Tile, most: float) -> str:
    file = tile.file
    heat = min(1.0, file.complexity / sqrt(file.lines) / most)
    name = file.path.rpartition("/")[2]
    about = escape(f"{file.path}: {file.lines:,} lines, complexity {file.complexity}")
    label = ""
    if tile.wide > 7 * len(name) + 8 and tile.high > 16:
        label = f'<text x="{tile.x + 4:.1f}" y="{tile.y + 13:.1f}">{escape(name)}</text>'
    colour = f"color-mix(in srgb, #d9480f {heat * 100:.0f}%, var(--cool))"
    return (
        f'<g><title>{about}</title><rect x="{tile.x:.1f}" y="{tile.y:.1f}" width="{max(0.0, tile.wide - 1):.1f}" '
        f'height="{max(0.0, tile.high - 1):.1f}" style="fill:{colour}"/>{label}</g>'
    )


def squarified(files: Sequence[FileSize], wide: float, high: float) -> list[Tile]:
    """Rectangles as near to squares as they come, areas by lines.

    Source:
        Bruls, Huizing, van Wijk (2000), "Squarified Treemaps".
    """
    left = sorted(files, key=lambda file: (-file.lines, file.path))
    total = sum(file.lines for file in left)
    scale = wide * high / total if total else 0.0
    x = y = 0.0
    tiles: list[Tile] = []
    at = 0
    while at < len(left):
        short = min(wide, high)
        row = [left[at]]
        while at + len(row) < len(left):
            more = [*row, left[at + len(row)]]
            if _worst(more, short, scale) > _worst(row, short, scale):
                break
            row = more
        thick = sum(file.lines for file in row) * scale / short if short else 0.0
        along = 0.0
        for file in row:
            length = file.lines * scale / thick if thick else 0.0
            if wide >= high:
                tiles.append(Tile(x, y + along, thick, length, file))
            else:
                tiles.append(Tile(x + along, y, length, thick, file))
            along += length
        if wide >= high:
            x, wide = x + thick, max(0.0, wide - thick)
        else:
            y, high = y + thick, max(0.0, high - thick)
        at += len(row)
    return tiles


def _worst(row: Sequence[FileSize], short: float, scale: float) -> float:
    areas = [file.lines * scale for file in row]
    total = sum(areas)
    if not total or not short:
        return float("inf")
    return max(short**2 * max(areas) / total**2, total**2 / (short**2 * min(areas)))


# -- folders --------------------------------------------------------------------------------------------------------


def folder_graph(links: Sequence[FolderLink]) -> str:
    """A picture of folders in layers: what imports stands above what it imports."""
    layers = layered(links)
    rows: dict[int, list[str]] = defaultdict(list)
    for folder, layer in sorted(layers.items(), key=lambda item: (item[1], item[0])):
        rows[layer].append(folder)
    places: dict[str, tuple[float, float]] = {}
    high = 90.0 * (max(rows) + 1) + 30
    for layer, folders in rows.items():
        gap = _WIDE / (len(folders) + 1)
        for number, folder in enumerate(folders, 1):
            places[folder] = (gap * number, 45 + 90.0 * layer + (18 if number % 2 else 0))
    parts = [_arrow(link, places, against=layers[link.source] >= layers[link.target]) for link in links]
    parts += [_node(folder, *place) for folder, place in places.items()]
    head = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>'
    )
    label = 'role="img" aria-label="Imports between folders"'
    return f'<svg viewBox="0 0 {_WIDE:.0f} {high:.0f}" {label}>{head}{"".join(parts)}</svg>'


def layered(links: Sequence[FolderLink]) -> dict[str, int]:
    """The layer of each folder, 0 at the top; the lightest links of a circle do not count."""
    folders = sorted({link.source for link in links} | {link.target for link in links})
    below: dict[str, set[str]] = {folder: set() for folder in folders}
    for link in sorted(links, key=lambda one: (-one.imports, one.source, one.target)):
        if not _reaches(below, link.target, link.source):
            below[link.source].add(link.target)
    layers = dict.fromkeys(folders, 0)
    for _ in folders:
        moved = False
        for folder in folders:
            for other in below[folder]:
                if layers[other] <= layers[folder]:
                    layers[other], moved = layers[folder] + 1, True
        if not moved:
            break
    return layers


def _reaches(below: dict[str, set[str]], start: str, goal: str) -> bool:
    seen = {start}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        for other in below[here] - seen:
            seen.add(other)
            waiting.append(other)
    return False


def _arrow(link: FolderLink, places: dict[str, tuple[float, float]], *, against: bool) -> str:
    (x1, y1), (x2, y2) = places[link.source], places[link.target]
    down = 11.0 if y2 >= y1 else -11.0
    y1, y2 = y1 + down, y2 - down
    middle = (y1 + y2) / 2
    bend = 60.0 if abs(y2 - y1) < 30 else 0.0
    if against:  # Beside the arrow that leads the other way, not on it.
        x1, x2 = x1 + 12, x2 + 12
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {middle + bend:.0f} {x2 + bend:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"
    colour = "#c62828" if against else "var(--dim)"
    about = escape(f"{link.source} imports {link.target}: {link.imports}")
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity=".55" marker-end="url(#tip)" '
        f'stroke-width="{min(4.0, 0.8 + log1p(link.imports) / 2):.1f}"><title>{about}</title></path>'
    )


def _node(folder: str, x: float, y: float) -> str:
    name = folder if len(folder) <= 26 else "…" + folder[-25:]
    wide = 7.0 * len(name) + 14
    return (
        f'<g><title>{escape(folder)}</title><rect x="{x - wide / 2:.0f}" y="{y - 11:.0f}" width="{wide:.0f}" '
        f'height="22" rx="4" style="fill:var(--paper);stroke:var(--line)"/><text x="{x:.0f}" y="{y + 4:.0f}" '
        f'text-anchor="middle">{escape(name)}</text></g>'
    )


# -- hotspots over time ---------------------------------------------------------------------------------------------


def heatmap(months: Sequence[str], rows: Sequence[tuple[str, list[int]]]) -> str:
    """A picture of commits by file and month."""
    most = max((count for _, counts in rows for count in counts), default=0) or 1
    left, cell, line = 330.0, (_WIDE - 340.0) / max(1, len(months)), 24.0
    parts: list[str] = []
    for at, month in enumerate(months):
        parts.append(f'<text x="{left + cell * (at + 0.5):.0f}" y="16" text-anchor="middle">{escape(month)}</text>')
    for number, (path, counts) in enumerate(rows):
        y = 26 + line * number
        name = path if len(path) <= 46 else "…" + path[-45:]
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 16:.0f}" text-anchor="end">{escape(name)}</text>')
        for at, count in enumerate(counts):
            heat = log1p(count) / log1p(most)
            fill = f"color-mix(in srgb, #d9480f {heat * 100:.0f}%, var(--cool))"
            parts.append(
                f'<rect x="{left + cell * at:.1f}" y="{y:.1f}" width="{cell - 2:.1f}" height="{line - 2:.1f}" rx="2" '
                f'style="fill:{fill}"><title>{escape(f"{path}, {months[at]}: {count} commits")}</title></rect>'
            )
            if count:
                parts.append(
                    f'<text x="{left + cell * (at + 0.5):.0f}" y="{y + 15:.0f}" text-anchor="middle">{count}</text>'
                )
    high = 26 + line * len(rows) + 8
    label = 'role="img" aria-label="Commits by file and month"'
    return f'<svg viewBox="0 0 {_WIDE:.0f} {high:.0f}" {label}>{"".join(parts)}</svg>'
