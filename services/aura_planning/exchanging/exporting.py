"""From items of the plan to the files of another tool, merged into what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aura_planning.exchanging.contract import Entry, FormatName, Written, link_name
from aura_planning.exchanging.files import entry_of
from aura_planning.exchanging.formats import reader_of, writer_of
from aura_planning.exchanging.importing import check, links_in
from aura_planning.exchanging.tree import Tree
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_shared.errors import EditRefused

__all__ = ["chosen", "keys_in", "plan_export"]


def chosen(ledger: Ledger, inside: str = "") -> list[Item]:
    """Items to write: all that can be read, or one and what belongs to it at any depth.

    Raises:
        UnknownItem: There is no such item.
    """
    readable = [item for item in ledger.items if not item.broken and item.canonical]
    if not inside:
        return readable
    wanted = {ledger.find(inside).path}
    waiting = [ledger.find(inside)]
    while waiting:
        for child in ledger.children(waiting.pop()):
            if child.path not in wanted:
                wanted.add(child.path)
                waiting.append(child)
    return [item for item in readable if item.path in wanted]


def keys_in(ledger: Ledger, read: Callable[[str], bytes], form: FormatName, source: str) -> dict[str, str]:
    """Which items stand in a source, and under which key, by identifier."""
    begin = link_name(form, source, "")
    return {
        item.id: link.removeprefix(begin)
        for link, (item, _) in links_in(ledger, read).items()
        if link.startswith(begin)
    }


def plan_export(
    form: FormatName,
    items: Sequence[Item],
    ledger: Ledger,
    read: Callable[[str], bytes],
    tree: Tree,
    path: str,
    keys: Mapping[str, str],
) -> Written:
    """What writing these items in a format would give.

    Args:
        form: The format.
        items: What to write.
        ledger: The plan.
        read: Gives the file of an item.
        tree: Where the target is now.
        path: The file or folder of the target.
        keys: Keys that items have there already, by identifier.

    Raises:
        EditRefused: What is there cannot be merged with.
    """
    there = reader_of(form)(tree, path)
    twice = next((one for one in check(there) if one.rule == "id-twice"), None)
    if twice is not None:
        raise EditRefused(f"{twice.path}:{twice.line}: {twice.message}", hint="Nothing was written. Mend it first.")
    try:
        return writer_of(form)(entries_of(items, ledger, read), tree, path, keys)
    except (ValueError, RecursionError) as error:
        raise EditRefused(f"{path} cannot be merged with: {error}", hint="Nothing was written.") from error


def entries_of(items: Sequence[Item], ledger: Ledger, read: Callable[[str], bytes]) -> list[Entry]:
    """Items as entries whose parents and dependencies are identifiers."""

    def identifier(reference: str) -> str:
        found = ledger.lookup(reference) if reference else None
        return found.id if found is not None and found.id else reference

    return [
        replace(one, parent=identifier(one.parent), depends_on=[identifier(need) for need in one.depends_on])
        for one in (entry_of(item, read(item.path)) for item in items)
    ]
