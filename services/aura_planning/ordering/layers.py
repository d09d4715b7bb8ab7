"""Where the boxes of a layered picture stand and how its lines run, by the method of Sugiyama.

Boxes stand in layers, each behind what it waits for. A line over several layers bends around the boxes between. In each
layer the order follows the neighbours (few crossings), and then the places do (short, straight lines).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = ["Placed", "layers_of", "place", "reduced"]

_SWEEPS: Final = 12
"""Passes forth and back; crossings hardly fall after eight."""
_THIN: Final = 0.45
"""Room for a line that passes a layer, in boxes."""
_GAP: Final = 0.6
"""Between parts that nothing joins, in boxes."""

Link = tuple[int, int]
"""A box, and one that it waits for."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Layer and place across of each box, and the bends of each line."""

    layer: Sequence[float]
    across: Sequence[float]
    bends: Mapping[Link, Sequence[tuple[float, float]]]
    """Where a line passes the layers between, from what is needed on."""
    depth: float
    breadth: float


def layers_of(count: int, links: Sequence[Link]) -> list[int]:
    """The layer of each box: one behind the last that it waits for."""
    needs = [list[int]() for _ in range(count)]
    users = [list[int]() for _ in range(count)]
    for box, other in links:
        needs[box].append(other)
        users[other].append(box)
    waits = [len(one) for one in needs]
    layer = [0] * count
    ready = [box for box in range(count) if not waits[box]]
    for box in ready:  # it grows meanwhile
        for user in users[box]:
            layer[user] = max(layer[user], layer[box] + 1)
            waits[user] -= 1
            if not waits[user]:
                ready.append(user)
    return layer


def reduced(count: int, links: Sequence[Link]) -> list[Link]:
    """Links without those that follow from others."""
    needs = [list[int]() for _ in range(count)]
    for box, other in links:
        needs[box].append(other)
    layer = layers_of(count, links)
    behind = [0] * count  # a bit for each box that has to be done before
    for box in sorted(range(count), key=layer.__getitem__):
        for other in needs[box]:
            behind[box] |= behind[other] | 1 << other
    return [
        (box, other) for box, other in links if not any(behind[one] >> other & 1 for one in needs[box] if one != other)
    ]


def place(count: int, links: Sequence[Link], columns: int = 6) -> Placed:
    """Place boxes.

    Args:
        count: How many boxes there are.
        links: Which waits for which; without circles.
        columns: How many boxes that nothing joins stand side by side.
    """
    layer: list[float] = [float(one) for one in layers_of(count, links)]
    across = [0.0] * count
    bends: dict[Link, Sequence[tuple[float, float]]] = {}
    top, depth = 0.0, 0.0
    parts = sorted(_parts(count, links), key=lambda part: (-len(part), part))
    for part in [one for one in parts if len(one) > 1]:
        members = set(part)
        picture = _Part(part, [link for link in links if link[0] in members], layer)
        for box, where in picture.across().items():
            across[box] = top + where
        bends |= {link: [(at, top + where) for at, where in line] for link, line in picture.bends().items()}
        depth = max(depth, *(layer[box] for box in part))
        top += picture.breadth + _GAP
    single = [one[0] for one in parts if len(one) == 1]
    wide = max(columns, int(depth) + 1) if len(single) > 1 else 1
    for number, box in enumerate(single):
        layer[box], across[box] = float(number % wide), top + number // wide
        depth = max(depth, layer[box])
    rows = -(-len(single) // wide)
    return Placed(layer, across, bends, depth + 1, max(0.0, top + rows if rows else top - _GAP))


def _parts(count: int, links: Sequence[Link]) -> list[list[int]]:
    """Boxes that lines join, each part ascending."""
    head = list(range(count))

    def found(box: int) -> int:
        while head[box] != box:
            head[box] = head[head[box]]
            box = head[box]
        return box

    for box, other in links:
        one, two = found(box), found(other)
        head[max(one, two)] = min(one, two)
    parts: dict[int, list[int]] = {}
    for box in range(count):
        parts.setdefault(found(box), []).append(box)
    return list(parts.values())


class _Part:
    """Boxes that lines join; negative numbers are bends."""

    def __init__(self, boxes: Sequence[int], links: Sequence[Link], layer: Sequence[float]) -> None:
        self._layers: list[list[int]] = [[] for _ in range(int(max(layer[box] for box in boxes)) + 1)]
        self._before: dict[int, list[int]] = {box: [] for box in boxes}
        self._after: dict[int, list[int]] = {box: [] for box in boxes}
        self._lines: dict[Link, list[int]] = {}
        self._where: dict[int, float] = {}
        for box in boxes:
            self._layers[int(layer[box])].append(box)
        bend = 0
        for box, other in links:
            chain = [other]
            for between in range(int(layer[other]) + 1, int(layer[box])):
                bend -= 1
                self._layers[between].append(bend)
                self._before[bend], self._after[bend] = [], []
                chain.append(bend)
            self._lines[box, other] = chain[1:]
            for one, two in pairwise([*chain, box]):
                self._after[one].append(two)
                self._before[two].append(one)
        self._arrange()
        self._settle()
        least = min(self._where.values())
        self._where = {box: where - least for box, where in self._where.items()}
        self.breadth = max(self._where.values()) + 1

    def across(self) -> dict[int, float]:
        """Where each box stands in its layer."""
        return {box: where for box, where in self._where.items() if box >= 0}

    def bends(self) -> dict[Link, list[tuple[float, float]]]:
        """Where lines pass the layers between."""
        depth = {box: float(number) for number, boxes in enumerate(self._layers) for box in boxes}
        return {link: [(depth[one], self._where[one]) for one in chain] for link, chain in self._lines.items()}

    def _passes(self) -> Iterator[tuple[list[int], dict[int, list[int]]]]:
        """Each layer with its neighbours on the side from which a pass comes."""
        for _ in range(_SWEEPS):
            for boxes in self._layers[1:]:
                yield boxes, self._before
            for boxes in reversed(self._layers[:-1]):
                yield boxes, self._after

    def _arrange(self) -> None:
        """Order each layer by the mean place of the neighbours."""
        rank = {box: float(number) for boxes in self._layers for number, box in enumerate(boxes)}
        for boxes, near in self._passes():
            mean = {box: _mean([rank[one] for one in near[box]], rank[box]) for box in boxes}
            boxes.sort(key=lambda box: (mean[box], rank[box]))
            for number, box in enumerate(boxes):
                rank[box] = float(number)

    def _settle(self) -> None:
        """Move each layer as near to its neighbours as the room between boxes allows."""
        for boxes in self._layers:
            self._move(boxes, [0.0] * len(boxes))
        for boxes, near in self._passes():
            wanted = [_mean([self._where[one] for one in near[box]], self._where[box]) for box in boxes]
            self._move(boxes, wanted)

    def _move(self, boxes: Sequence[int], wanted: Sequence[float]) -> None:
        """The places in this order that are nearest to the wanted ones, by pooling neighbours that would overlap."""
        offset = [0.0]
        for one, two in pairwise(boxes):
            offset.append(offset[-1] + (_room(one) + _room(two)) / 2)
        pools: list[tuple[float, int]] = []
        for place_, want in enumerate(wanted):
            total, size = want - offset[place_], 1
            while pools and pools[-1][0] / pools[-1][1] >= total / size:
                before = pools.pop()
                total, size = total + before[0], size + before[1]
            pools.append((total, size))
        number = 0
        for total, size in pools:
            for _ in range(size):
                self._where[boxes[number]] = total / size + offset[number]
                number += 1


def _room(box: int) -> float:
    return 1.0 if box >= 0 else _THIN


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
