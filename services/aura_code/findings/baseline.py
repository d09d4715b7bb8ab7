"""The baseline of a project: findings that were there when it was written, and count no more.

It is a file that people commit: sorted, one line a finding, so that its changes are small and merge well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

from aura_shared.errors import AuraError, SettingsError, StorageError
from aura_shared.projects import replace_file

BASELINE: Final = ".aura/baseline.json"
_FORMAT: Final = 1


class Entry(NamedTuple):
    """A finding that counts no more."""

    rule: str
    path: str
    """Where it was when it was written down; only for people."""


Baseline = Mapping[str, Entry]
"""Entries by fingerprint."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a baseline."""

    entries: int
    added: int
    removed: int


def read_baseline(root: Path) -> dict[str, Entry]:
    """The baseline of a project; empty when it has none.

    Raises:
        SettingsError: The file does not have its form.
        StorageError: It cannot be read.
    """
    file = root / BASELINE
    try:
        text = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StorageError(f"cannot read {BASELINE}: {error.strerror or error}") from error
    try:
        document: object = json.loads(text)
    except ValueError as error:
        raise _broken(f"must be JSON: {error}") from error
    fields = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    if fields.get("version") != _FORMAT:
        raise _broken(f"version must be {_FORMAT}; found {fields.get('version')!r:.40}")
    found = fields.get("findings")
    if not isinstance(found, list):
        raise _broken("findings must be a list")
    return dict(_entry(item, place) for place, item in enumerate(cast("list[object]", found)))


def _entry(item: object, place: int) -> tuple[str, Entry]:
    fields = cast("dict[str, object]", item) if isinstance(item, dict) else {}
    values = [fields.get(name) for name in ("fingerprint", "rule", "path")]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != 3:
        raise _broken(f"findings.{place} must have the texts fingerprint, rule and path; found {item!r:.80}")
    return texts[0], Entry(texts[1], texts[2])


def _broken(reason: str) -> AuraError:
    return SettingsError(
        f"{BASELINE}: {reason}", hint="Correct it, or write it anew with `aura baseline` after deleting it."
    )


def changed_baseline(
    known: Baseline,
    found: Mapping[str, Entry],
    action: Literal["write", "update", "prune"],
    *,
    within: Iterable[str] | None = None,
) -> dict[str, Entry]:
    """The baseline after an action.

    Args:
        known: The baseline as it is.
        found: What is found now, silenced by the baseline or not.
        action: See `WriteBaseline`.
        within: Fingerprints of the baseline that may change; all without it.
    """
    touched = set(known if within is None else within)
    kept = {mark: entry for mark, entry in known.items() if mark not in touched or mark in found}
    if action == "write":
        kept = {mark: entry for mark, entry in known.items() if mark not in touched}
    if action != "prune":
        kept.update(found)
    return {mark: found.get(mark, entry) for mark, entry in kept.items()}


def write_baseline_file(root: Path, known: Baseline, wanted: Baseline) -> Written:
    """Write the baseline of a project; an unchanged one is left alone.

    Raises:
        StorageError: It cannot be written.
    """
    file = root / BASELINE
    if dict(known) != dict(wanted) or not file.exists():
        try:
            if file.is_symlink() or file.parent.is_symlink():
                raise StorageError(f"{BASELINE} must be a file in the project, and is a link")
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, baseline_text(wanted).encode(), mode=0o644)
        except OSError as error:
            raise StorageError(f"cannot write {BASELINE}: {error.strerror or error}") from error
    return Written(len(wanted), len(wanted.keys() - known.keys()), len(known.keys() - wanted.keys()))


def baseline_text(entries: Baseline) -> str:
    """The file: one line a finding, by path, rule and fingerprint."""
    ordered = sorted(entries.items(), key=lambda item: (item[1].path, item[1].rule, item[0]))
    lines = [
        "    " + json.dumps({"path": entry.path, "rule": entry.rule, "fingerprint": mark}, ensure_ascii=False)
        for mark, entry in ordered
    ]
    body = ",\n".join(lines)
    return f'{{\n  "version": {_FORMAT},\n  "findings": [{f"{chr(10)}{body}{chr(10)}  " if lines else ""}]\n}}\n'
