"""Fixes are shown as diffs, and written so that nothing else changes."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path

import pytest

from aura_code.findings.fixing import PlannedFix, diff_of, digest_of, propose
from aura_code.findings.model import Edit, Finding
from aura_code.syntax import Span
from aura_shared.text_files import read_text

OLD, NEW = "value == None", "value is None"


def finding(path: str, edits: Iterable[Edit], line: int = 1) -> Finding:
    return Finding("rule", "warning", "style", path, Span(line, 0, line, 1), "m", "", "f" * 32, edits=tuple(edits))


def plan(root: Path, *findings: Finding, digest: bytes | None = None) -> list[PlannedFix]:
    """Plan against the files as they are."""

    def of(path: str) -> bytes | None:
        file = root / path
        return digest or (digest_of(file.read_bytes()) if file.is_file() else None)

    return propose(root, findings, of)


def swap(text: str, path: str = "a.py") -> Finding:
    """A finding that mends the first comparison."""
    start = len(text[: text.index(OLD)].encode())
    return finding(path, [Edit(start, start + len(OLD), NEW)])


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("latin-1", b""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_encoding_and_line_ends_are_kept(tmp_path: Path, encoding: str, mark: bytes, end: str, last: bool) -> None:
    text = f"name = 'é'\nif {OLD}:\n    pass" + ("\n" if last else "")
    file = tmp_path / "a.py"
    file.write_bytes(mark + text.replace("\n", end).encode(encoding))
    known = read_text(file.read_bytes())
    assert known is not None
    plans = plan(tmp_path, swap(known[0].decode()))
    assert plans[0].refused == ""
    assert plans[0].after == mark + text.replace(OLD, NEW).replace("\n", end).encode(encoding)
    assert file.read_bytes() == mark + text.replace("\n", end).encode(encoding)


def test_inserted_lines_end_like_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a = 1\r\nb = 2\r\n")
    (made,) = plan(tmp_path, finding("a.py", [Edit(0, 0, "import os\n")]))
    assert made.after == b"import os\r\na = 1\r\nb = 2\r\n"


def test_the_last_line_keeps_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a = 1\nb = 2\n")
    (tmp_path / "b.py").write_bytes(b"a = 1\r\nb = 2")
    (tmp_path / "c.py").write_bytes(b"a = 1\n")
    first, second, third = plan(
        tmp_path,
        finding("a.py", [Edit(5, 12, "")]),
        finding("b.py", [Edit(7, 12, "")]),
        finding("c.py", [Edit(0, 6, "")]),
    )
    assert (first.after, second.after, third.after) == (b"a = 1\n", b"a = 1", b"")


@pytest.mark.requirement("C4")
def test_the_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"if {OLD}:\n    pass", encoding="utf-8")
    (made,) = plan(tmp_path, swap(OLD.join(["if ", ":\n    pass"])))
    assert made.diff == (
        f"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-if {OLD}:\n+if {NEW}:\n     pass\n\\ No newline at end of file\n"
    )
    assert diff_of("a", "same\n", "same\n") == ""


def test_overlapping_fixes_wait_for_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("abc = 1\n", encoding="utf-8")
    first = finding("a.py", [Edit(0, 3, "x")])
    second = finding("a.py", [Edit(2, 5, "y")], line=2)
    same = finding("a.py", [Edit(0, 3, "x")], line=3)
    inserted, again = finding("a.py", [Edit(8, 8, "z = 1\n")], line=4), finding("a.py", [Edit(8, 8, "q = 1\n")], line=5)
    (made,) = plan(tmp_path, again, inserted, same, second, first)
    assert (made.findings, made.left) == ([first, same, inserted], [second, again])
    assert made.after == b"x = 1\nz = 1\n"


def test_findings_without_a_fix_are_passed_over(tmp_path: Path) -> None:
    assert plan(tmp_path, finding("a.py", [])) == []


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone.py", "there is no file"),
        ("../outside.py", "must not contain '..'"),
        ("/etc/passwd", "must be relative"),
        ("link.py", "it is a link"),
        ("linked/a.py", "it is a link, or lies behind one"),
        ("out.py", "leads outside the project"),
        ("binary.py", "encoding cannot be written back"),
        ("odd.py", "encoding cannot be written back"),
        ("latin.py", "latin-1, lacks a character"),
        ("broken.py", "would not parse"),
        ("same.py", "changes nothing"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_ours_to_change_is_refused(tmp_path: Path, path: str, reason: str) -> None:
    root = tmp_path / "project"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "a.py").write_text("a = 1\n", encoding="utf-8")
    (root / "link.py").symlink_to(root / "folder" / "a.py")
    (root / "linked").symlink_to(root / "folder")
    (tmp_path / "elsewhere.py").write_text("a = 1\n", encoding="utf-8")
    (root / "out.py").symlink_to(tmp_path / "elsewhere.py")
    (root / "binary.py").write_bytes(b"a\0b")
    (root / "odd.py").write_bytes(codecs.BOM_UTF16_LE + b"a\0b")
    (root / "latin.py").write_bytes("é = 1\n".encode("latin-1"))
    (root / "broken.py").write_text("a = 1\n", encoding="utf-8")
    (root / "same.py").write_text("a = 1\n", encoding="utf-8")
    edit = {"broken.py": Edit(0, 1, "a ("), "same.py": Edit(0, 1, "a"), "latin.py": Edit(0, 0, "π = 3\n")}
    findings = [finding(path, [edit.get(path, Edit(0, 1, "b"))])]
    (made,) = plan(root, *findings)
    assert reason in made.refused
    assert (made.findings, made.left, made.after, made.diff) == ([], findings, b"", "")


def test_a_file_that_moved_on_or_is_ignored_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    one = finding("a.py", [Edit(0, 1, "b")])
    (made,) = plan(tmp_path, one, digest=b"other")
    assert made.refused == "it has changed since it was analysed; try again in a moment"
    (made,) = propose(tmp_path, [one], lambda _path: digest_of(b"a = 1\n"), ignored=lambda path: path == "a.py")
    assert made.refused == "it is ignored, so it is not Aura's to change"


def test_a_file_with_errors_may_be_mended_but_not_made_worse(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = (\nb = 1\n", encoding="utf-8")
    (made,) = plan(tmp_path, finding("a.py", [Edit(4, 5, "1")]))
    assert made.refused == ""
