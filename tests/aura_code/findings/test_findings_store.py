"""What was found is kept, counted and found again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aura_code.findings.analysis import analyse_source
from aura_code.findings.baseline import (
    BASELINE,
    Entry,
    baseline_text,
    changed_baseline,
    read_baseline,
    write_baseline_file,
)
from aura_code.findings.model import Edit, Finding
from aura_code.findings.store import Changes, FindingReader, FindingStore
from aura_code_rules import CALLS, python
from aura_shared.errors import NotFound, NotReady, SettingsError, StorageError, UsageProblem


def found(text: str, path: str = "app.py") -> list[Finding]:
    return analyse_source(python(text, path), CALLS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FindingStore]:
    """An empty store."""
    store = FindingStore.open(tmp_path / "findings.db")
    yield store
    store.close()


@pytest.mark.requirement("C4")
def test_findings_come_out_as_they_went_in(store: FindingStore) -> None:
    findings = [replace(item, edits=(Edit(0, 3, "é"),)) for item in found("f()\n  \ng(1)  # noqa\n")]
    changes = store.replace_file("app.py", b"digest", findings)
    assert store.of_file("app.py") == findings
    assert (list(changes.new), changes.gone) == ([findings[0].fingerprint], {})
    assert (store.digests(), store.digest("app.py"), store.digest("b.py")) == ({"app.py": b"digest"}, b"digest", None)
    assert [(row.line, row.rule, row.suppressed, bool(row.fixable)) for row in store.rows()] == [
        (1, "no-calls", "", True),
        (3, "no-calls", "noqa", True),
    ]
    assert store.findings([row.id for row in store.rows()] + [99]) == findings
    assert store.files() == 1


@pytest.mark.requirement("C4")
def test_changes_name_what_is_new_and_what_is_gone(store: FindingStore) -> None:
    store.replace_file("app.py", b"1", found("f()\n"))
    (first,) = store.of_file("app.py")
    changes = store.replace_file("app.py", b"2", found("import os\nf()\ng()\n"))
    assert [item.message for item in changes.new.values()] == ["A message."]
    assert first.fingerprint not in changes.new
    assert not changes.gone
    assert list(store.forget(["app.py", "never.py"]).gone) != []
    assert (store.rows(), store.files()) == ([], 0)


def test_a_renamed_file_changes_nothing(store: FindingStore) -> None:
    store.replace_file("old.py", b"1", found("f()\n", "old.py"))
    changes = store.forget(["old.py"])
    changes.then(store.replace_file("new.py", b"1", found("f()\n", "new.py")))
    assert changes == Changes()
    appeared = store.replace_file("x.py", b"1", found("h()\n", "x.py"))
    appeared.then(store.forget(["x.py"]))
    assert appeared == Changes()


def test_copies_of_a_file_have_fingerprints_of_their_own(store: FindingStore) -> None:
    store.replace_files([("b.py", b"1", found("f()\n", "b.py")), ("a.py", b"1", found("f()\n", "a.py"))])
    (a,), (b,) = store.of_file("a.py"), store.of_file("b.py")
    assert a.fingerprint == found("f()\n")[0].fingerprint != b.fingerprint
    store.replace_file("a.py", b"2", [])
    assert store.of_file("b.py")[0].fingerprint == a.fingerprint


def test_tools_and_rules_do_not_replace_each_other(store: FindingStore) -> None:
    own = found("f()\n")
    theirs = [replace(own[0], rule="ruff:F1", source="ruff", fingerprint="e" * 32)]
    store.replace_file("app.py", b"1", own)
    store.replace_tool("ruff", theirs)
    store.replace_file("app.py", b"2", own)
    assert sorted(item.source for item in store.of_file("app.py")) == ["aura", "ruff"]
    store.replace_tool("ruff", [], ["other.py"])
    assert len(store.of_file("app.py")) == 2
    assert list(store.replace_tool("ruff", [], ["app.py"]).gone) == ["e" * 32]
    store.replace_tool("ruff", theirs)
    assert list(store.replace_tool("ruff", []).gone) == ["e" * 32]


@pytest.mark.requirement("C4")
def test_a_finding_is_named_by_its_first_digits(store: FindingStore) -> None:
    (one,) = found("f()\n")
    near = [replace(one, fingerprint=mark) for mark in ("abcdef0123" + "0" * 22, "abcdef0124" + "0" * 22)]
    store.replace_file("app.py", b"1", near)
    assert store.short_id(near[0].fingerprint) == "abcdef0123"
    assert store.find("ABCDEF0123") == near[0]
    with pytest.raises(UsageProblem, match="several findings begin with abcd"):
        store.find("abcd")
    with pytest.raises(NotFound, match="begins with 1234"):
        store.find("1234")
    with pytest.raises(UsageProblem, match="hexadecimal digits; found 'xyz'"):
        store.find("xyz")
    store.replace_file("app.py", b"1", [one])
    assert store.short_id(one.fingerprint) == one.fingerprint[:8]


def test_totals_of_days_are_kept(store: FindingStore) -> None:
    store.note_totals("2026-01-01", {"error": 2})
    store.note_totals("2026-01-02", {"error": 1, "hint": 5})
    store.note_totals("2026-01-02", {"hint": 4})
    assert store.trend(10) == [("2026-01-01", {"error": 2}), ("2026-01-02", {"hint": 4})]
    assert store.trend(1) == [("2026-01-02", {"hint": 4})]


def test_facts_are_kept_beside(store: FindingStore) -> None:
    assert store.fact("standards") == ""
    store.note("standards", "1")
    store.note("standards", "2")
    assert store.fact("standards") == "2"


def test_a_reader_sees_what_the_writer_wrote(tmp_path: Path, store: FindingStore) -> None:
    store.replace_file("app.py", b"1", found("f()\n"))
    with FindingReader.opened(tmp_path / "findings.db") as reader:
        assert len(reader.rows()) == 1
        with pytest.raises(StorageError):
            FindingStore(reader._db).note("key", "value")
    with pytest.raises(NotReady, match="not analysed yet"), FindingReader.opened(tmp_path / "none.db"):
        pass


def test_a_file_of_another_version_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "findings.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(NotReady, match="made anew"), FindingReader.opened(path):
        pass
    store = FindingStore.open(path)
    assert store.rows() == []
    store.close()


def test_a_damaged_file_is_reported_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "findings.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StorageError), FindingReader.opened(path):
        pass
    store = FindingStore.open(path)
    assert store.rows() == []
    store.close()


def test_no_store_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        FindingStore.open(tmp_path / "none" / "findings.db")


A, B = Entry("rule-a", "b.py"), Entry("rule-b", "a.py")


@pytest.mark.requirement("C4")
def test_a_baseline_is_written_sorted_and_read_again(tmp_path: Path) -> None:
    assert read_baseline(tmp_path) == {}
    written = write_baseline_file(tmp_path, {}, {"1" * 32: A, "2" * 32: B})
    assert (written.entries, written.added, written.removed) == (2, 2, 0)
    text = (tmp_path / BASELINE).read_text(encoding="utf-8")
    assert [line.split('"')[3] for line in text.splitlines() if "path" in line] == ["a.py", "b.py"]
    assert read_baseline(tmp_path) == {"1" * 32: A, "2" * 32: B}
    before = (tmp_path / BASELINE).stat().st_mtime_ns
    assert write_baseline_file(tmp_path, read_baseline(tmp_path), read_baseline(tmp_path)).added == 0
    assert (tmp_path / BASELINE).stat().st_mtime_ns == before
    assert baseline_text({}) == '{\n  "version": 1,\n  "findings": []\n}\n'


@pytest.mark.parametrize(
    ("action", "within", "after"),
    [
        ("write", None, {"2": B, "3": B}),
        ("update", None, {"2": B, "3": B}),
        ("prune", None, {"2": B}),
        ("write", [], {"1": A, "2": B, "3": B}),
        ("prune", ["2"], {"1": A, "2": B}),
    ],
)
def test_a_baseline_is_written_updated_and_pruned(
    action: str, within: list[str] | None, after: dict[str, Entry]
) -> None:
    assert action in {"write", "update", "prune"}
    assert changed_baseline({"1": A, "2": A}, {"2": B, "3": B}, action, within=within) == after  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "must be JSON"),
        ("[]", "version must be 1; found None"),
        ('{"version": 1}', "findings must be a list"),
        ('{"version": 1, "findings": [3]}', "findings.0 must have the texts fingerprint, rule and path; found 3"),
    ],
)
def test_a_broken_baseline_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / ".aura").mkdir()
    (tmp_path / BASELINE).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=sentence):
        read_baseline(tmp_path)


def test_a_baseline_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / BASELINE).mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot read"):
        read_baseline(tmp_path)
    with pytest.raises(StorageError, match="cannot write"):
        write_baseline_file(tmp_path, {}, {"1" * 32: A})
    (tmp_path / BASELINE).rmdir()
    (tmp_path / BASELINE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is a link"):
        write_baseline_file(tmp_path, {}, {"1" * 32: A})
