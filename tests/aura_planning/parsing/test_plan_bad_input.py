"""Bad input is answered with a finding that names a line, never with an exception or a guess."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_planning.parsing.parsing import parse_document
from aura_planning.parsing.source import MOST_BYTES
from plan_reading import codes, needs, read

pytestmark = pytest.mark.requirement("A2")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"), (b" \n\r\n\t", "empty"), (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"), (bytes(range(1, 31)) * 40, "binary"),
        (b"# x\n" * 3_000_000, "too-large"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_at_once(data: bytes, code: str) -> None:
    document = parse_document(data, "a.md")
    assert (document.family, document.items) == ("none", ())
    assert [(one.code, one.severity, one.line) for one in document.findings] == [(code, "error", 1)]
    assert document.findings[0].advice


def test_the_largest_file_that_is_read_is_two_megabytes() -> None:
    assert MOST_BYTES == 2_000_000


def test_prose_without_form_says_what_would_help() -> None:
    document = read("# Idea\n\nWe could build a boat. It might sail.\n")
    assert codes(document) == [("nothing-found", 1)]
    assert "model" in document.findings[0].advice


def test_a_file_of_two_encodings_is_read_and_told() -> None:
    data = "# Tasks\n- [ ] Übung\n".encode() + "- [ ] Prüfung\n".encode("cp1252")
    document = parse_document(data, "a.md")
    assert [item.title for item in document.items] == ["Übung", "Prüfung"]
    assert codes(document) == [("mixed-encodings", 3)]


def test_a_file_of_an_older_encoding_is_read_and_told() -> None:
    document = parse_document("# Tasks\n- [ ] Prüfung\n".encode("cp1252"), "a.md")
    assert [item.title for item in document.items] == ["Prüfung"]
    assert codes(document) == [("not-utf8", 2)]


def test_utf_16_with_a_mark_and_line_ends_of_any_kind_are_read() -> None:
    assert len(parse_document("# Tasks\r\n- [ ] A\r\n- [ ] B\r\n".encode("utf-16"), "a.md").items) == 2
    document = parse_document(b"\xef\xbb\xbf# Tasks\r- [ ] A\r\n- [ ] B\n", "a.md")
    assert [item.source.first for item in document.items] == [2, 3]


def test_neither_side_of_an_unfinished_merge_is_taken() -> None:
    document = read(
        """
        # Tasks
        - [ ] 1.1 Before
        <<<<<<< HEAD
        - [ ] 1.2 Ours
        =======
        - [x] 1.2 Theirs
        >>>>>>> other
        - [ ] 1.3 After
        """
    )
    assert [item.title for item in document.items] == ["Before", "After"]
    assert [(one.code, one.severity, one.line) for one in document.findings] == [("merge-conflict", "error", 3)]
    assert "lines 3 to 7" in document.findings[0].message
    unclosed = read("# Tasks\n<<<<<<< HEAD\n- [ ] A\n- [ ] B\n")
    assert len(unclosed.items) == 2
    assert codes(unclosed) == [("merge-conflict", 2)]


def test_a_fence_that_is_never_closed_is_told() -> None:
    document = read("# Tasks\n- [ ] A\n```\n- [ ] B\n")
    assert [item.title for item in document.items] == ["A"]
    assert ("unclosed-fence", 3) in codes(document)


def test_dangling_circular_and_self_dependencies_are_told_with_their_lines() -> None:
    document = read(
        """
        # Tasks
        - [ ] T001 One (depends on T003)
        - [ ] T002 Two (depends on T001, T099)
        - [ ] T003 Three (depends on T002)
        - [ ] T004 Four (depends on T004)
        """
    )
    assert needs(document) == {"T001": ["T003"], "T002": ["T001"], "T003": ["T002"]}
    found = {one.code: one for one in document.findings}
    assert found["dangling-dependency"].line == 3
    assert found["self-dependency"].line == 5
    assert "T001 -> T003 -> T002 -> T001" in found["dependency-cycle"].message
    assert found["dependency-cycle"].message.endswith("(lines 2, 3, 4)")


def test_a_status_that_nobody_knows_is_told_and_left_empty() -> None:
    document = read("## Epic 1: A\n**Status:** Simmering\n")
    assert (document.items[0].status, document.items[0].status_text) == ("", "Simmering")
    assert codes(document) == [("unknown-status", 2)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('{"tasks": [\n  {"id": 1,\n', "broken-json", 2), ('{"name": "x",\n "version": 1}', "unknown-json", 1),
        ('{"tasks": [\n{"id": 1, "title": "A", "status": "odd"}]}', "unknown-status", 2),
    ],
)  # fmt: skip
def test_json_that_is_broken_or_something_else_is_told(text: str, code: str, line: int) -> None:
    assert (code, line) in codes(parse_document(text.encode(), "tasks.json"))


def test_a_list_of_tasks_without_a_name_around_it_is_read() -> None:
    document = parse_document(
        b'[\n {"id": 1, "title": "A"},\n {"id": 2, "title": "B", "dependencies": [1]}\n]', "t.json"
    )
    assert needs(document) == {"2": ["1"]}


def test_a_very_long_line_is_cut_and_told() -> None:
    document = read("# Tasks\n- [ ] " + "very " * 4000 + "long\n- [ ] Short\n")
    assert len(document.items) == 2
    assert codes(document) == [("long-line", 2)]


LINES = st.sampled_from(
    [
        "# Epic 1: A", "## Story 1.1: B", "### Tasks", "- [ ] 1.1 Do", "  - [x]* 1.1.1 Sub", "- FR-001: It shall",
        "**Prerequisites:** Story 1.1", "| ID | Requirement |", "|---|---|", "| R-1 | x |", "```",
        "As a user, I want x",
        "1. One", "1.1. Two", "**Acceptance Criteria:**", "- Given a, when b, then c", "", "Phase 1: X", "Tasks:",
        "<<<<<<< a", ">>>>>>> b", "T001 depends on T002", "- T002 -> T001", "<tr id=\"a\">", "<td>b", "---",
        "Status: done", "## Out of scope", "\u2705 x", "> quoted", "- **Story 1: C**", "  Requirements:", "  - Create",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_lines_give_grounded_items_twice_the_same(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    first, second = parse_document(data, "a.md"), parse_document(data, "a.md")
    assert repr(first) == repr(second)
    count = max(1, len(data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")))
    for at, item in enumerate(first.items):
        assert 1 <= item.source.first <= item.source.last <= count
        assert item.parent is None or (item.parent != at and 0 <= item.parent < len(first.items))
        assert all(0 <= need.item < len(first.items) and need.item != at for need in item.depends_on)
        assert all(ref.item is None or first.items[ref.item].kind == "requirement" for ref in item.requirements)
    assert [item.source.first for item in first.items] == sorted(item.source.first for item in first.items)
    assert all(1 <= finding.line <= count for finding in first.findings)


STORY = """### Story {0}.{1}: Title

As a user, I want {1}.

**Acceptance Criteria:**
1. One
2. Two

**Prerequisites:** Story {0}.1

"""


def test_a_document_of_a_thousand_stories_is_read_within_the_limit_of_a_test() -> None:
    text = "".join(f"## Epic {e}: E\n\n" + "".join(STORY.format(e, s) for s in range(1, 41)) for e in range(1, 31))
    document = parse_document(text.encode(), "epics.md")
    assert len(document.items) == 30 + 1200
    assert sum(len(item.depends_on) for item in document.items) == 30 * 39
