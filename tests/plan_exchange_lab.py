"""Plans of other tools in memory: read into items, written again, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aura_planning.exchanging.contract import Bundle, Entry, FormatName, Written
from aura_planning.exchanging.exporting import chosen, keys_in, plan_export
from aura_planning.exchanging.formats import reader_of
from aura_planning.exchanging.importing import Import, plan_import
from aura_planning.exchanging.tree import Given
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Finding
from aura_planning.items.reading import read_item

__all__ = ["PlanLab", "given", "shape"]


def given(files: Mapping[str, str | bytes]) -> Given:
    """Files of a project."""
    return Given({path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()})


def shape(bundle: Bundle) -> list[tuple[object, ...]]:
    """What the things of a source are, without where they stand, so that two sources can be compared."""
    names = {one.key: (one.kind, one.title) for one in bundle.entries}

    def one_of(one: Entry) -> tuple[object, ...]:
        needs = sorted(str(names.get(need, need)) for need in one.depends_on)
        return (
            one.kind, one.title, one.status or one.status_text, one.alias, str(names.get(one.parent, one.parent)),
            tuple(needs), one.priority, one.value, one.estimate, one.text, tuple(sorted(one.extra.items())),
        )  # fmt: skip

    return sorted((one_of(one) for one in bundle.entries), key=str)


@dataclass
class PlanLab:
    """A plan whose files are in memory."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def ledger(self) -> Ledger:
        """Its items."""
        return Ledger(item for path, data in self.files.items() if (item := read_item(path, data).item) is not None)

    def bring(
        self,
        form: FormatName,
        tree: Given,
        path: str,
        *,
        prefer: Literal["plan", "source"] = "plan",
        lenient: bool = False,
    ) -> Import:
        """Import a source."""
        bundle = reader_of(form)(tree, path)
        found = plan_import(bundle, self.ledger, self.files.__getitem__, prefer=prefer, lenient=lenient)
        if not found.refused:
            for change in found.changes:
                assert change.after is not None
                self.files[change.path] = change.after
        return found

    def write(self, form: FormatName, tree: Given, path: str, inside: str = "") -> Written:
        """What an export would write."""
        ledger, read = self.ledger, self.files.__getitem__
        source = reader_of(form)(tree, path).source
        keys = keys_in(ledger, read, form, source)
        return plan_export(form, chosen(ledger, inside), ledger, read, tree, path, keys)

    def findings(self) -> list[Finding]:
        """What is wrong with its files, and between them."""
        own = [one for path, data in sorted(self.files.items()) for one in read_item(path, data).findings]
        return [*own, *self.ledger.findings()]

    def set(self, alias: str, old: str, new: str) -> None:
        """Edit the file of an item."""
        path = self.ledger.find(alias).path
        text = self.files[path].decode()
        assert old in text, (old, text)
        self.files[path] = text.replace(old, new, 1).encode()

    def text(self, alias: str) -> str:
        """The file of an item."""
        return self.files[self.ledger.find(alias).path].decode()
