"""One import or export: from the request to what is written, and the answer about it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from aura_planning.exchanging.contract import SINGLE, Bundle, FormatName, Written, link_name
from aura_planning.exchanging.exporting import chosen, keys_in, plan_export
from aura_planning.exchanging.files import digests, links_of, packed, with_links
from aura_planning.exchanging.formats import reader_of
from aura_planning.exchanging.importing import Import, plan_import
from aura_planning.exchanging.recognising import recognise
from aura_planning.exchanging.tree import Given, ProjectTree, Tree
from aura_planning.items.changing import Planned
from aura_planning.items.journal import FileChange
from aura_planning.items.migrating import diff_of
from aura_planning.items.model import Finding
from aura_planning.items.service import Plan
from aura_planning.items.writing import current, put
from aura_planning.parsing.source import MOST_BYTES
from aura_shared.errors import AuraError, FileMovedOn, UnsafePath, UsageProblem
from aura_shared.messages.plan_exchange import (
    ExportedFile,
    ExportPlan,
    ImportedItem,
    ImportPlan,
    KeptField,
    PlanExported,
    PlanImported,
)
from aura_shared.messages.plan_items import ItemFinding, PlanDone
from aura_shared.security import confine
from aura_shared.storage import atomic_write

__all__ = ["ExportRun", "ImportRun"]

_MOST_FILES: Final = 200
_MOST_DIFF: Final = 20_000
_MOST_LEFT: Final = 20
_NEW_MODE: Final = 0o644
_OURS: Final = (".ai", ".git", ".aura")
_ORDER: Final = {"error": 0, "warning": 1, "info": 2}


def _clean(path: str) -> str:
    """A path without `./` and a slash at its end."""
    return "/".join(part for part in path.split("/") if part not in {"", "."}) if not path.startswith("/") else path


@dataclass(frozen=True, slots=True)
class Overlay:
    """Files as they are after a change."""

    below: Tree
    files: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """One of them."""
        return self.files.get(path) if path in self.files else self.below.read(path)

    def files_in(self, folder: str) -> list[str]:
        """Those below a folder."""
        mine = [one for one in self.files if not folder or one.startswith(f"{folder}/")]
        return sorted({*self.below.files(folder), *mine})


@dataclass(slots=True)
class _After:
    """The same as a tree."""

    overlay: Overlay

    def read(self, path: str) -> bytes | None:
        return self.overlay.read(path)

    def files(self, folder: str) -> list[str]:
        return self.overlay.files_in(folder)


class _Seen:
    """What targets held when they were last read or written, by path."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)
        self._hashes: dict[str, str] = {}
        with suppress(OSError, ValueError):
            value = cast("object", json.loads(self._file.read_bytes()))
            if isinstance(value, dict):
                self._hashes = {str(k): str(v) for k, v in cast("dict[object, object]", value).items()}

    def changed(self, path: str, data: bytes | None) -> bool:
        """Whether a file is another than the one that was seen last."""
        known = self._hashes.get(path)
        return known is not None and data is not None and known != _hash(data)

    def note(self, files: Mapping[str, bytes]) -> None:
        """Keep what files hold now."""
        new = {**self._hashes, **{path: _hash(data) for path, data in files.items()}}
        if new != self._hashes:
            self._hashes = new
            atomic_write(self._file, json.dumps(new, sort_keys=True, indent=0).encode())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- import ----------------------------------------------------------------------------------------


class ImportRun:
    """One import."""

    def __init__(self, plan: Plan, request: ImportPlan, seen: str) -> None:
        self._plan = plan
        self._request = request
        self._seen = seen
        self._tree: Tree = ProjectTree(Path(plan.project.root))
        self._bundle = Bundle("csv", "")
        self._import = Import()

    def planned(self) -> Planned:
        """What changes.

        Raises:
            UsageProblem: The format cannot be recognised, or several plans are meant.
            UnsafePath: The path leads out of the project.
        """
        form, path = self._source()
        self._bundle = reader_of(form)(self._tree, path)
        store = self._plan.store
        self._import = plan_import(
            self._bundle, store.ledger, store.read, prefer=self._request.prefer, lenient=self._request.lenient
        )
        counts = Counter(row.what for row in self._import.rows)
        words = ", ".join(f"{counts[what]} {what}" for what in ("new", "changed") if counts[what])
        planned = Planned(f"import {form} {self._bundle.source}: {words or 'nothing new'}"[:200])
        if not self._import.refused:
            planned.changes = self._import.changes
            planned.items = [row.id for row in self._import.rows if row.what != "same"]
        return planned

    def _source(self) -> tuple[FormatName, str]:
        path = _clean(self._request.path)
        if self._request.content:
            path = path.rpartition("/")[2] or "input"
            self._tree = Given({path: _decoded(self._request.content)})
        elif path:
            confine(Path(self._plan.project.root), path)
        found = recognise(self._tree, path)
        wanted = self._request.format
        if wanted is not None:
            own = [one for one in found if one[0] == wanted]
            return own[0] if len(own) == 1 else (wanted, path)
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageProblem(
                f"{path or 'the project'} is no plan that is recognised",
                hint="Name its file or folder, or say its format with --from.",
            )
        lines = "\n".join(f"  {form}  {place}" for form, place in found[:10])
        raise UsageProblem(f"there are {len(found)} plans:\n{lines}", hint="Name the one to read.")

    def remember(self) -> None:
        """Note what the source holds, so that an export sees whether it was changed since."""
        if self._request.content:
            return
        paths = {row.entry.path for row in self._import.rows}
        files = {path: data for path in paths if (data := self._tree.read(path)) is not None}
        _Seen(self._seen).note(files)

    def answer(self, done: PlanDone) -> PlanImported:
        """The reply."""
        limit = self._request.limit
        found = self._import
        rows = sorted(found.rows, key=lambda row: row.what == "same")
        problems = sorted(found.findings, key=lambda one: (_ORDER[one.severity], one.path, one.line))
        return PlanImported(
            project=self._plan.project.id,
            format=self._bundle.format,
            source=self._bundle.source,
            done=done.done,
            refused=found.refused,
            operation=done.operation,
            counts=dict(sorted(Counter(f"{row.what} {row.entry.kind}" for row in found.rows).items())),
            items=[
                ImportedItem(
                    what=row.what, key=row.entry.key, id=row.id, kind=row.entry.kind, title=row.entry.title[:200],
                    status=row.entry.status, was=row.entry.status_text, fields=list(row.fields),
                    path=row.entry.path, line=row.entry.line,
                )
                for row in rows[:limit]
            ],
            total=len(self._bundle.entries),
            kept=_counted(self._bundle.kept),
            left=[*self._bundle.left[:_MOST_LEFT], *_more(len(self._bundle.left) - _MOST_LEFT)],
            findings=[_finding(one) for one in problems[:limit]],
            problems=len(problems),
        )  # fmt: skip


def _more(count: int) -> list[str]:
    return [f"and {count} more"] if count > 0 else []


def _decoded(content: str) -> bytes:
    try:
        data = base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise UsageProblem(f"the content is not Base64: {error}", hint="Encode the bytes of the file.") from error
    return data[: MOST_BYTES + 1]


def _finding(one: Finding) -> ItemFinding:
    return ItemFinding(
        path=one.path, line=one.line, rule=one.rule, severity=one.severity, message=one.message, item=one.item
    )


def _counted(counts: Mapping[str, int]) -> list[KeptField]:
    return [KeptField(what=what, count=count) for what, count in counts.items()]


# -- export ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Target:
    path: str = ""
    before: dict[str, bytes | None] = field(default_factory=dict[str, "bytes | None"])


class ExportRun:
    """One export."""

    def __init__(self, plan: Plan, request: ExportPlan, seen: str) -> None:
        self._plan = plan
        self._request = request
        self._seen = seen
        self._root = Path(plan.project.root)
        self._written = Written()
        self._target = _Target(_clean(request.path))
        self._done = False

    def planned(self) -> Planned:
        """Write the files, unless it is a dry run, and say what of the plan's own files changes.

        Raises:
            UsageProblem: A format of several files has no target.
            UnsafePath: The target leads out of the project, or into the plan itself.
            EditRefused: What is there cannot be merged with.
            FileMovedOn: The target was changed since it was last read or written.
        """
        form, path = self._request.format, self._target.path
        if not path and form not in SINGLE:
            raise UsageProblem(f"{form} is a folder of files", hint="Name the folder to write it to.")
        ledger, read = self._plan.store.ledger, self._plan.store.read
        items = chosen(ledger, self._request.item)
        tree: Tree = ProjectTree(self._root) if path else Given({})
        if path:
            self._place(path)
        keys = keys_in(ledger, read, form, path) if path else {}
        self._written = plan_export(form, items, ledger, read, tree, path or "plan", keys)
        if not path:
            return Planned("export")
        for name in self._written.files:
            self._target.before[name] = current(self._place(name))
        self._refuse_changed()
        if not self._request.dry_run:
            self._write()
        return self._linked(form, path, tree)

    def _place(self, path: str) -> Path:
        """Where a file is written.

        Raises:
            UnsafePath: It leads out of the project, through a link, or into the plan itself.
        """
        if path.split("/", maxsplit=1)[0] in _OURS:
            raise UnsafePath(f"{path} belongs to the plan, to git or to Aura: an export is written elsewhere")
        confine(self._root, path)
        place = self._root / path
        if place.is_symlink():
            raise UnsafePath(f"{path} is a link")
        return place

    def _refuse_changed(self) -> None:
        seen = _Seen(self._seen)
        changed = [path for path, data in self._target.before.items() if seen.changed(path, data)]
        if changed and not self._request.force:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise FileMovedOn(
                f"{changed[0]}{more} was changed since it was last imported or exported",
                hint="Nothing was written. `aura plan import` takes the change in first; --force merges all the same.",
            )

    def _write(self) -> None:
        done: list[str] = []
        try:
            for path, data in self._written.files.items():
                put(self._place(path), self._target.before[path], data, new_mode=_NEW_MODE)
                done.append(path)
        except AuraError:
            for path in reversed(done):
                with suppress(AuraError):
                    put(self._root / path, self._written.files[path], self._target.before[path], new_mode=_NEW_MODE)
            raise
        self._done = bool(done)
        _Seen(self._seen).note(self._written.files)

    def _linked(self, form: FormatName, path: str, tree: Tree) -> Planned:
        """Which items note under which id they stand in the target; one that stands under its own needs none."""
        planned = Planned(f"export {form} {path}: {len(self._written.keys)} items"[:200])
        after = _After(Overlay(tree, self._written.files))
        bundle = reader_of(form)(after, path)
        entries = {one.key: one for one in bundle.entries}
        by_id = {item.id: item for item in self._plan.store.ledger.items if item.id}
        for identifier, key in sorted(self._written.keys.items()):
            item, entry = by_id.get(identifier), entries.get(key)
            if form == "csv" and key == identifier:  # a table says all that an item has
                continue
            if item is None or entry is None:
                continue
            data = self._plan.store.read(item.path)
            links = links_of(data)
            link = link_name(form, bundle.source, key)
            if links.get(link) == packed(digests(entry)):
                continue
            changed = with_links(data, {**links, link: packed(digests(entry))})
            planned.changes.append(FileChange(item.path, data, changed))
            planned.items.append(identifier)
        return planned

    def answer(self, done: PlanDone) -> PlanExported:
        """The reply."""
        request, files = self._request, self._written.files
        content = next(iter(files.values()), b"").decode("utf-8", "replace") if not self._target.path else ""
        changes = [FileChange(path, self._target.before.get(path), data) for path, data in files.items()]
        listed: Sequence[tuple[str, bytes]] = list(files.items())[:_MOST_FILES] if self._target.path else []
        return PlanExported(
            project=self._plan.project.id,
            format=request.format,
            target=self._target.path,
            done=self._done,
            items=len(self._written.keys),
            files=[
                ExportedFile(
                    path=path, what="new" if self._target.before.get(path) is None else "changed", size=len(data)
                )
                for path, data in listed
            ],
            total=len(files) if self._target.path else 0,
            content=content,
            diff=diff_of(changes, most=_MOST_DIFF) if request.dry_run and self._target.path else "",
            lost=_counted(self._written.lost),
            notices=self._written.notices[:_MOST_LEFT],
            operation=done.operation,
        )
