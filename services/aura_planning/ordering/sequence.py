"""Stories of an epic that begin in the order of their numbers, because the workflow of the team has it so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from aura_planning.items.ledger import order_of
from aura_planning.items.model import Item
from aura_planning.items.statuses import CLOSED, WORKING
from aura_planning.ordering.tree import Tree

__all__ = ["story_order"]


def story_order(tree: Tree, *, many: bool) -> Iterator[tuple[Item, Item]]:
    """Each story that has no parts, with the stories before it that have to be complete.

    Args:
        tree: The plan.
        many: Whether several may be in progress, so that one that was begun holds nobody up.
    """
    for parent in tree.items:
        stories = [one for one in tree.children(parent) if one.kind == "story" and _counts(one, many=many)]
        stories.sort(key=order_of)
        groups = [list(same) for _, same in groupby(stories, key=_number)]
        for place, group in enumerate(groups):
            for story in group:
                if tree.is_leaf(story):
                    yield from ((story, before) for before in _before(tree, groups[:place]))


def _before(tree: Tree, groups: list[list[Item]]) -> Iterator[Item]:
    """The nearest stories before one, as far back as those with parts reach: their parts wait for no number."""
    for group in reversed(groups):
        yield from group
        if all(tree.is_leaf(one) for one in group):
            return


def _number(story: Item) -> tuple[object, ...]:
    return order_of(story)[:4]


def _counts(story: Item, *, many: bool) -> bool:
    numbered = any(one.isdigit() for one in story.alias)
    begun = many and story.status == WORKING["story"]
    return numbered and story.canonical and not story.broken and story.status not in CLOSED and not begun
