"""Rounds of analysis in this process: what is looked at again, what is kept, what is said of it."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import pytest

from aura_code.analysis.reading import Job, reader_for
from aura_code.analysis.rounds import FINDINGS, Stores, carry_out, what_to_do
from aura_code.content import ReadOptions
from aura_code.findings.store import FindingReader
from aura_shared.messages.findings import FindingsUpdated
from aura_shared.settings import FindingsSettings

pytestmark = pytest.mark.requirement("C4", "C2")

BAD = "import os\n\n\ndef load(items=[]):\n    os.system('ls ' + items[0])\n    items.append(1)\n    return items\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a bad file, a good one and a text."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "bad.py").write_text(BAD)
    (folder / "good.py").write_text("from bad import load\n\n\ndef main():\n    return load([1])\n")
    (folder / "notes.txt").write_text("nothing to see\n")
    return folder


@pytest.fixture
def stores(tmp_path: Path, root: Path) -> Stores:
    """What the analysis keeps."""
    return Stores.open(tmp_path / "analysis", root)


def job(root: Path, settings: FindingsSettings | None = None) -> Job:
    return Job(root, ReadOptions(), settings or FindingsSettings(), ())


def nothing(_done: int, _total: int) -> None:
    """Takes progress and tells nobody."""


def digests(root: Path) -> dict[str, bytes]:
    return {
        path.name: blake2b(path.read_bytes(), digest_size=16).digest()
        for path in sorted(root.iterdir())
        if path.is_file()
    }


def go(stores: Stores, root: Path, settings: FindingsSettings | None = None) -> tuple[int, int, FindingsUpdated | None]:
    """One round over everything; how many files were looked at and forgotten, and the event."""
    work = job(root, settings)
    key = reader_for(work).standards.key
    told: list[tuple[int, int]] = []
    todo = what_to_do(stores, key, [], [], digests(root))
    outcome = carry_out(
        stores,
        work,
        todo,
        project="shop-1",
        key=key,
        workers=0,
        progress=lambda done, total: told.append((done, total)),
    )
    event = FindingsUpdated.model_validate_json(outcome.event) if outcome.event else None
    return outcome.changed, outcome.removed, event


def test_a_first_round_finds_what_is_wrong_and_a_second_one_has_nothing_to_do(stores: Stores, root: Path) -> None:
    changed, removed, event = go(stores, root)
    assert (changed, removed) == (3, 0)
    assert event is not None
    assert {found.rule for found in event.first} >= {"mutable-default", "dangerous-shell"}
    assert event.new == len([row for row in stores.findings.rows() if not row.suppressed])
    assert go(stores, root) == (0, 0, None)


def test_uses_between_files_are_linked_in_the_same_round(stores: Stores, root: Path) -> None:
    go(stores, root)
    rows = stores.structure.rows(
        "SELECT f.path, u.line FROM uses u JOIN symbols s ON s.id = u.target JOIN files f ON f.id = u.file "
        "WHERE s.name = 'load' AND u.kind = 0"
    )
    assert rows == [("good.py", 5)]


def test_an_edit_costs_one_file_and_says_what_went_away(stores: Stores, root: Path) -> None:
    go(stores, root)
    (root / "bad.py").write_text("def load(items=None):\n    return items\n")
    changed, removed, event = go(stores, root)
    assert (changed, removed) == (1, 0)
    assert event is not None
    assert (event.new, event.gone) == (0, 2)
    assert stores.findings.trend(1)[0][1] == event.levels


def test_a_deleted_file_takes_its_findings_and_its_structure_along(stores: Stores, root: Path) -> None:
    go(stores, root)
    (root / "bad.py").unlink()
    changed, removed, event = go(stores, root)
    assert (changed, removed) == (0, 1)
    assert event is not None
    assert event.gone >= 2
    assert set(stores.structure.digests()) == {"good.py"}
    assert stores.structure.rows("SELECT target FROM uses WHERE name = 'load' AND kind = 0") == [(None,)]


def test_a_file_that_vanishes_while_it_waits_is_forgotten(stores: Stores, root: Path) -> None:
    go(stores, root)
    (root / "bad.py").unlink()
    work = job(root)
    key = reader_for(work).standards.key
    outcome = carry_out(stores, work, (["bad.py"], []), project="shop-1", key=key, workers=0, progress=nothing)
    assert (outcome.changed, outcome.removed) == (0, 1)
    assert "bad.py" not in stores.findings.digests()


def test_other_standards_make_every_file_stale(stores: Stores, root: Path) -> None:
    go(stores, root)
    strict = FindingsSettings(off=("mutable-default",))
    changed, _, event = go(stores, root, strict)
    assert changed == 3
    assert event is not None
    assert event.gone == 1
    key = reader_for(job(root)).standards.key
    assert what_to_do(stores, key, ["good.py"], [], None) == (["bad.py", "good.py", "notes.txt"], [])


def test_a_baseline_keeps_old_findings_out_of_the_event(stores: Stores, root: Path) -> None:
    go(stores, root)
    with FindingReader.opened(root.parent / "analysis" / FINDINGS) as reader:
        marks = [(row.fingerprint, row.rule) for row in reader.rows()]
    entries = ",".join(f'{{"path": "bad.py", "rule": "{rule}", "fingerprint": "{mark}"}}' for mark, rule in marks)
    (root / ".aura").mkdir()
    (root / ".aura" / "baseline.json").write_text(f'{{"version": 1, "findings": [{entries}]}}')
    (root / "bad.py").unlink()
    _, _, event = go(stores, root)
    assert event is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("binary.py", b"\0\1\2" * 50),
        ("broken.py", b"def (:\n" * 40),
        ("deep.py", b"x = " + b"(" * 3000 + b")" * 3000 + b"\n"),
        ("latin.py", "# \xe4\nx = 1\n".encode("latin-1")),
        ("minified.js", b"var a=1;" * 4000),
        ("empty.py", b""),
    ],
)
def test_a_hard_file_costs_only_itself(name: str, content: bytes, stores: Stores, root: Path) -> None:
    (root / name).write_bytes(content)
    changed, _, event = go(stores, root)
    assert changed == 4
    assert event is not None
    assert name in stores.findings.digests()
