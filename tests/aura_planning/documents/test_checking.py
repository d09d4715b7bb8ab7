"""What is wrong with a requirements document: each rule with what it finds and what it leaves alone."""

# ruff: noqa: E501 - one line of a document a line reads best

from __future__ import annotations

from pathlib import Path

import pytest

from aura_planning.documents.checking import Checked, Surroundings, check_document, severity_of
from aura_planning.documents.findings import RULES

pytestmark = pytest.mark.requirement("A1")

HEAD = """\
# PRD: Shop

## Goals

Sell books on the web to people who read on trains.

## Out of scope

- Gift cards of other shops

## Success metrics

- 30 orders a day

## Open questions

- Who pays for the servers?

## Requirements

"""


def checked(*requirements: str, around: Surroundings | None = None, off: tuple[str, ...] = ()) -> Checked:
    """A whole PRD with these requirements, from line 21 on."""
    return check_document((HEAD + "\n".join(requirements) + "\n").encode(), "prd.md", off=off, around=around)


def rules(found: Checked) -> list[str]:
    return [one.rule for one in found.faults]


VAGUE = [
    ("- FR-001: The system shall load the list quickly.", ["vague-word"]),
    ("- FR-001: The system shall load the list quickly, within 300 ms.", []),
    ("- FR-001: The system shall show relevant books based on the last order.", []),
    ("- FR-001: The system shall support modern browsers (Chrome 120, Firefox 120).", []),
    ("- FR-001: The system shall print the words `fast` and \u201ceasy\u201d.", []),
    ("- FR-001: The system shall refuse users without sufficient permissions.", []),
    ("- FR-001: The system shall show a banner for easier reading.", []),
    ("- FR-001: The system shall offer the mode Fast Lane to drivers.", []),
    ("- FR-001: High performance", ["untestable"]),
    ("- FR-001: Intuitive navigation", ["untestable"]),
    ("- FR-001: The system shall list title, author, etc.", ["open-ended"]),
    ("- FR-001: The system shall keep metadata (e.g. title, author, etc.).", []),
    ("- FR-001: The system shall export orders as CSV and/or JSON.", ["and-or"]),
    ("- FR-001: The system shall join filters with AND/OR.", []),
    ("- FR-001: The system shall resize pictures if necessary.", ["escape-clause"]),
    ("- FR-001: The system shall try again when the network fails.", []),
    ("- FR-001: The system shall answer within TBD seconds.", ["undecided"]),
    ("- FR-001: The colour is to be decided.", ["undecided"]),
    ("- FR-001: The shop shall print receipts, and the till shall open.", ["compound"]),
    ("- FR-001: The shop shall print receipts. The till shall open.", ["compound"]),
    ("- FR-001: The shop shall show books that the reader must return.", []),
    ("- FR-001: Orders shall be archived.", ["passive-without-actor"]),
    ("- FR-001: Orders shall be archived by the nightly job.", []),
    ("- FR-001: Passwords must never be logged.", []),
    ("- FR-001: The page shall be based on the last order.", []),
]


@pytest.mark.parametrize(("line", "expected"), VAGUE, ids=[line[10:60] for line, _ in VAGUE])
def test_the_wording_of_a_demand_is_judged(line: str, expected: list[str]) -> None:
    found = checked(line)
    assert rules(found) == expected
    assert all(one.line == 21 and one.suggestion for one in found.faults)


def test_a_rewrite_names_what_is_missing_at_the_place() -> None:
    (fault,) = checked("- FR-001: The system shall load the list quickly.").faults
    assert fault.message == "'quickly' is not something that a test can tell"
    assert (
        fault.suggestion == "FR-001: The system shall load the list <how long at most, for how much, measured where>."
    )
    assert (fault.item, fault.quote) == ("FR-001", "FR-001: The system shall load the list quickly.")
    assert RULES[fault.rule].why.startswith("Two people read the word differently")


PAIRS = [
    (["- FR-001: The shop must store the address.", "- FR-002: The shop must not store the address."], ["contradiction"]),
    (["- FR-001: The shop must store the address.", "- FR-002: The shop must not store the address if the reader objects."], []),
    (["- FR-001: A password shall have at least 8 characters.", "- FR-002: Passwords shall have at least 12 characters."],
     ["different-numbers"]),
    (["- FR-001: The title shall have at most 50 characters.", "- FR-002: The summary shall have at most 500 characters."], []),
    (["- FR-001: A search shall end within 2 seconds.", "- FR-002: A search shall end within 2000 ms."], []),
    (["- FR-001: The shop shall send a receipt by mail.", "- FR-002: The shop must send receipts by mail."], ["duplicate"]),
    (["- FR-001: The shop shall send a receipt by mail.", "- FR-002: The shop shall send a warning by mail."], []),
    (["- FR-001: Readers see the mail of writers.", "- FR-002: Writers see the mail of readers."], []),
    (["- FR-001: The shop shall accept gift cards of other shops."], ["in-and-out-of-scope"]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), PAIRS, ids=[lines[-1][10:60] for lines, _ in PAIRS])
def test_two_demands_are_held_against_each_other(lines: list[str], expected: list[str]) -> None:
    found = checked(*lines)
    assert rules(found) == expected
    assert all(0 < one.other < one.line for one in found.faults)


def test_a_contradiction_is_an_error_that_names_both_lines() -> None:
    (fault,) = checked(
        "- FR-001: The shop must store the address.", "- FR-002: The shop must not store the address."
    ).faults
    assert (severity_of(fault), fault.line, fault.other) == ("error", 22, 21)
    assert fault.message == "FR-002 says the opposite of line 21, 'FR-001: The shop must store the address.'"


def test_sections_that_are_missing_or_empty_are_told() -> None:
    found = check_document(
        b"# PRD\n\n## Requirements\n\n- FR-001: The shop shall sell books.\n\n## Risks\n\n## Budget\n\n1 EUR\n", "x.md"
    )
    assert [(one.rule, one.line, severity_of(one)) for one in found.faults] == [
        ("missing-section", 1, "warning"), ("missing-section", 1, "warning"), ("missing-section", 1, "info"),
        ("missing-section", 1, "info"), ("empty-section", 7, "warning"),
    ]  # fmt: skip
    found = check_document(b"# PRD\n\n## Goals\n\nSell.\n", "prd.md")
    assert ("missing-section", "error") in [(one.rule, severity_of(one)) for one in found.faults]
    table = check_document(b"# PRD\n\n## Requirements\n\n| ID | What |\n|---|---|\n", "prd.md")
    assert "the section 'Requirements' has only the head of a table" in [one.message for one in table.faults]
    heading = check_document(HEAD.encode() + b"- FR-001: The shop shall sell books.\n\n## Status: Approved\n", "prd.md")
    assert rules(heading) == []


def test_a_list_of_tasks_needs_no_sections() -> None:
    found = check_document(b"# Tasks\n\n- [ ] 1.1 Build the till\n- [ ] 1.2 Paint it\n- [ ] 1.3 Sell it\n", "tasks.md")
    assert rules(found) == []
    assert "missing-section: this is a list of stories or tasks, and no PRD as a whole" in found.skipped


def test_references_that_lead_nowhere_are_told() -> None:
    known = Surroundings(exists=lambda path: path == "there.md", known=("FR-009",))
    found = checked(
        "- FR-001: The shop shall sell books, see FR-004 and FR-009.",
        "- FR-002: The shop shall print UTF-8, see [goals](#goals) and [risks](#risks).",
        "- FR-003: The shop shall follow [this](there.md) and [that](gone.md).",
        "```",
        "FR-077",
        "```",
        around=known,
    )
    assert [(one.line, one.message) for one in found.faults] == [
        (21, "FR-004 is named here and stands nowhere"),
        (22, "no heading here has the anchor #risks"),
        (23, "there is no file 'gone.md'"),
    ]


def test_a_range_at_a_heading_names_all_of_it() -> None:
    text = "- FR-001: The shop sells.\n- FR-002: The shop buys.\n\n## Later: FR-010 to FR-012\n\nSee FR-011.\n\n## FR-010 to FR-012\n\nLater.\n"
    assert [one.rule for one in check_document((HEAD + text).encode(), "prd.md").faults] == []


def test_assumptions_wait_for_somebody_who_says_yes() -> None:
    found = checked(
        "- FR-001: The shop shall sell books. [ASSUMPTION]", "- FR-002: The shop shall buy books (to be confirmed)."
    )
    assert [(one.rule, one.line) for one in found.faults] == [
        ("unconfirmed-assumption", 21), ("unconfirmed-assumption", 22),
    ]  # fmt: skip


STORIES = """
## User stories

### US-001: Buy

As a reader, I want to buy a book, so that I can read it.

**Requirements:** FR-001

**Acceptance criteria:**

- Given a full basket, when I pay, then I get a receipt

### US-002: Lend

As a reader, I want to lend a book, so that I can read it for a week.

**Requirements:** FR-002
"""


def test_requirements_stories_criteria_and_tests_cover_one_another() -> None:
    lines = (
        "- FR-001: The shop shall sell books.",
        "- FR-002: The shop shall lend books.",
        "- FR-003: The shop shall buy books.",
    )
    found = checked(*lines, STORIES, around=Surroundings(tests=lambda named: set(named) - {"US-001"}))
    assert [(one.rule, one.line, one.item) for one in found.faults] == [
        ("requirement-without-story", 23, "FR-003"),
        ("criterion-without-test", 35, "US-001"),
        ("story-without-criteria", 37, "US-002"),
    ]
    covered = checked(*lines, STORIES, around=Surroundings(covered=("FR-003",), tests=lambda named: named.keys()))
    assert rules(covered) == ["story-without-criteria"]
    without = checked(*lines, STORIES.replace("**Requirements:** FR-001", "").replace("**Requirements:** FR-002", ""))
    assert [(one.rule, severity_of(one)) for one in without.faults][:1] == [("requirement-without-story", "info")]


def test_an_id_that_stands_twice_is_an_error() -> None:
    found = checked("- FR-001: The shop shall sell books.", "- FR-001: The till shall print receipts.")
    assert [(one.rule, severity_of(one)) for one in found.faults] == [("duplicate-id", "error")]


def test_german_has_word_lists_of_its_own() -> None:
    text = (
        "# Lastenheft\n\n## Ziele\n\nDer Laden soll Bücher verkaufen, und die Kunden sollen sie finden.\n\n## Nicht im Umfang\n\n"
        "- Gutscheine\n\n## Kennzahlen\n\n- 30 Bestellungen am Tag\n\n## Offene Fragen\n\n- Wer zahlt?\n\n## Anforderungen\n\n"
        "- FR-001: Das System muss die Liste schnell laden.\n- FR-002: Das System muss bei Bedarf Bilder verkleinern.\n"
        "- FR-003: Die Liste muss gespeichert werden.\n- FR-004: Das System muss Titel, Autor usw. anzeigen.\n"
    )
    found = check_document(text.encode(), "lastenheft.md")
    assert found.language == "de"
    assert rules(found) == ["vague-word", "escape-clause", "passive-without-actor", "open-ended"]


def test_other_languages_skip_the_rules_about_words_and_say_so() -> None:
    text = (
        "# Exigences\n\n## Exigences\n\n- FR-001: Le système doit charger la liste rapidement pour les clients et les vendeurs dans le magasin.\n"
        * 3
    )
    found = check_document(text.encode(), "exigences.md")
    assert found.language == "fr"
    assert any("there are no word lists for French" in one for one in found.skipped)
    assert not {one.rule for one in found.faults} & {name for name, rule in RULES.items() if rule.words}
    for words, language in (
        ("要件 を 満たす こと 注文 の 管理", "cjk"),
        ("Система должна хранить заказы и книги", "cyrillic"),
    ):
        assert check_document(f"# X\n\n{words}\n".encode(), "x.md").language == language


def test_rules_are_switched_off_by_caller_file_and_line() -> None:
    line = "- FR-001: The system shall load the list quickly and/or slowly."
    assert rules(checked(line, off=("vague-word",))) == ["and-or"]
    assert "vague-word: switched off" in checked(line, off=("vague-word",)).skipped
    assert "no-rule: there is no such rule" in checked(line, off=("no-rule",)).skipped
    assert rules(checked(f"{line} <!-- aura-prd: ignore and-or -->")) == ["vague-word"]
    assert rules(checked("<!-- aura-prd: ignore and-or, vague-word -->", line)) == []
    assert rules(checked("<!-- aura-prd: off vague-word -->", "", line)) == ["and-or"]
    assert rules(checked(f"{line} <!-- aura-prd: ignore all -->")) == []


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "unreadable"),
        (b"\x00\x01\x02" * 50, "unreadable"),
        (b"x" * 2_100_000, "unreadable"),
        (b"# PRD\n```\nno end\n", "unreadable"),
    ],
    ids=["empty", "binary", "too large", "open fence"],
)
def test_what_cannot_be_read_is_told(data: bytes, rule: str) -> None:
    found = check_document(data, "prd.md")
    assert rule in rules(found)
    assert found == check_document(data, "prd.md")


def test_json_and_plain_outlines_are_checked_too() -> None:
    tasks = b'{"tasks": [{"id": 1, "title": "Load quickly", "status": "pending", "dependencies": []}]}'
    assert check_document(tasks, "tasks.json").family == "tasks-json"
    outline = (
        b"1. Requirements\n1.1 The system shall load the list quickly.\n1.2 The system shall print TBD receipts.\n"
    )
    assert "undecided" in rules(check_document(outline, "spec.txt"))


def test_a_large_document_is_checked_within_the_bound(tmp_path: Path) -> None:
    lines = [
        f"- FR-{n:04}: The shop shall keep order {n} of the reader in the list of the year {n}." for n in range(1, 1200)
    ]
    found = checked(*lines)
    assert found.items == 1199
    assert rules(found) == []
