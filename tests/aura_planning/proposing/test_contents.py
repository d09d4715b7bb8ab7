"""What an item's text says, however it is written."""

from __future__ import annotations

import pytest

from aura_planning.proposing.contents import read_contents
from aura_planning.proposing.expanding import outcome

pytestmark = pytest.mark.requirement("A2")

TEXT = """---
id: s1aaaa
---
# Story

As a clerk,
I want to ship,
so that people are glad.

**Acceptance Criteria:**

**Given** an order
**When** it is paid
**Then** it ships

**Given** no address
**When** it is paid
**Then** an error is shown
**And** nothing ships

## Tasks / Subtasks

1. - [x] Draw the page (AC: 1-2)
2. - [ ] Write `src/ship.py`
   ```python
   - [ ] not a task
   ```
   and its tests
- \u2705 Ask the carrier
- [ ] Look
  - [x] here
  - [x] there

## Out of scope

- [ ] Never

## Dev notes

### Deeper

- [ ] Not a task either

Which carrier? TBD
"""
HEADED = """# Story

## Acceptance criteria

### AC1: Load the page

- **Given** I am in
- **When** I look
- **Then** I see it

AC2: Plain words
go on here

| a | b |
|---|---|

- A list
  - with more
  - below it

Afterwards a sentence.

## User flow

1. Look
2. Buy
"""


def test_scenarios_steps_boxes_and_questions_are_told_apart() -> None:
    said = read_contents(TEXT.encode())
    assert said.sentence == "As a clerk, I want to ship, so that people are glad."
    assert [(one.text, one.first, one.last) for one in said.criteria] == [
        ("Given an order When it is paid Then it ships", 12, 14),
        ("Given no address When it is paid Then an error is shown And nothing ships", 16, 19),
    ]
    assert [(one.text, one.ticked, one.refers) for one in said.steps] == [
        ("Draw the page (AC: 1-2)", True, (1, 2)),
        ("Write src/ship.py and its tests", False, ()),
        ("\u2705 Ask the carrier", True, ()),
        ("Look", False, ()),
    ]
    assert said.steps[3].below == ("here", "there")
    assert [one.text for one in said.questions] == ["Which carrier? TBD"]
    assert said.files == ("src/ship.py",)


def test_criteria_with_headings_names_and_entries_below_keep_all_words() -> None:
    said = read_contents(HEADED.encode())
    assert [one.text for one in said.criteria] == [
        "AC1: Load the page Given I am in When I look Then I see it",
        "AC2: Plain words go on here",
        "A list: with more; below it",
    ]
    assert outcome(said.criteria[0].text) == "Load the page"
    assert [one.text for one in said.flow] == ["Look", "Buy"]
    assert said.steps == said.flow


def test_boxes_without_a_section_are_steps_and_numbered_lines_alone_are_not() -> None:
    assert [one.text for one in read_contents(b"# A\n\n- [ ] One\n- [ ] Two\n").steps] == ["One", "Two"]
    assert read_contents(b"# A\n\n1. One\n").steps == ()
    assert read_contents(b"").criteria == ()


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        ("Given x, when I pay, then it ships", "it ships when I pay"),
        ("Given x and then y", "y"),
        ("When it rains", "When it rains"),
        ("AC 11-10.1: All pass", "All pass"),
        ("A plain one", "A plain one"),
    ],
)
def test_the_outcome_of_a_criterion_is_its_title(criterion: str, wanted: str) -> None:
    assert outcome(criterion) == wanted
