"""Textual's compositor, but a part of a picture costs what its rows cost.

Textual draws every widget between the first and the last row that changed, all of it, also where another one lies over
it: where the bar at the top and the keys at the bottom change, that is the whole screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

__all__ = ["RowCompositor"]


class RowCompositor(Compositor):
    """Draws the rows that changed, and of each widget only those."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last picture; None when nothing did."""
        dirty = {region.intersection(self.size.region) for region in self._dirty_regions}
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(region for region in dirty if region))
        if not spans:
            return None
        chops: list[Mapping[int, Strip | None]] = [{} for _ in self.cuts]
        for part in _joined(spans):
            drawn = self._render_chops(part, part.line_range.__contains__)
            chops[part.y : part.bottom] = drawn[part.y : part.bottom]
        return ChopsUpdate(chops, spans, [cuts[1:] for cuts in self.cuts])

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        part = crop or self.size.region
        rows = Region(0, part.y, self.size.width, part.height)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            if seen.overlaps(part):
                wanted = seen.intersection(rows)
                yield region, clip.intersection(rows), widget.render_lines(wanted.translate(-region.offset))
                if part in seen:  # They come from front to back: nothing behind this one is seen.
                    return


def _joined(spans: Sequence[tuple[int, int, int]]) -> Iterator[Region]:
    """Regions around spans (row, from column, to column) of rows that follow one another."""
    region = Region()
    for row, start, end in sorted(spans):
        span = Region(start, row, end - start, 1)
        if region and row > region.bottom:
            yield region
            region = span
        else:
            region = region.union(span) if region else span
    yield region
