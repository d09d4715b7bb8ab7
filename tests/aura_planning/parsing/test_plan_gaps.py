"""What a document asks for without a task."""

from __future__ import annotations

import pytest

from aura_planning.parsing.gaps import find_gaps
from plan_reading import read

pytestmark = pytest.mark.requirement("A2", "A4")

PLAN = """
    PRD: Harbour

    2. Stories
    User Stories:

    "As Kim, I want the pilot to explain the tide, so I can learn."

    3. Features
    3.1. Module: Berths
    Features:

    Berth Search: Finds a free berth by its length and depth.

    3.2. Module: Weather
    Features:

    Storm Warning: Warns of storms.

    Tide Table: Shows the tide.

    3.3. Security Requirements
    Sandboxing: Foreign code will be sandboxed.

    5. Plan
    Phase 1: Basics
    Build the berth search.
    Phase 2: Weather
    Develop the weather module.
    Release it.

    6. Details
    Phase 1: Basics
    Epic 1.1: Berths
    Tasks:

    1.1.1: Build the berth search over length and depth.
    Epic 1.2: Quays
"""


def test_stories_features_modules_and_phases_without_a_task_are_named() -> None:
    gaps = find_gaps(read(PLAN))
    assert [(gap.kind, gap.title, gap.source.first) for gap in gaps] == [
        ("story", "As Kim, I want the pilot to explain the tide, so I can learn.", 6),
        ("module", "Module: Weather", 14),
        ("requirement", "Storm Warning: Warns of storms.", 17),
        ("requirement", "Tide Table: Shows the tide.", 19),
        ("requirement", "Sandboxing: Foreign code will be sandboxed.", 22),
        ("phase", "Phase 2: Weather", 27),
        ("phase-line", "Develop the weather module.", 28),
        ("phase-line", "Release it.", 29),
        ("epic", "Quays", 37),
    ]
    assert gaps[1].reason == "none of its 2 features has a task"


def test_a_task_that_names_a_requirement_covers_it_and_so_does_its_story() -> None:
    document = read(
        """
        ## Requirements
        - FR-001: The lamp SHALL glow
        - FR-002: The bell SHALL ring
        - FR-003: The door SHALL creak
        ## Tasks
        - [ ] T001 Buy glass (FR-001)
        - [ ] T002 Ring the bell
        """
    )
    assert [gap.title for gap in find_gaps(document)] == ["The door SHALL creak"]


def test_without_tasks_everything_that_is_not_done_is_open() -> None:
    document = read(
        """
        ### Epic-1: Core (COMPLETED) ✅
        ### Epic-2: More
        Stories:
        - Story 1: Lamp
          Requirements:
          - Glow
        """
    )
    gaps = find_gaps(document)
    assert [(gap.kind, gap.title) for gap in gaps] == [("epic", "More"), ("story", "Lamp")]
    assert {gap.reason for gap in gaps} == {"the document names no tasks"}


def test_the_nearest_tasks_are_named() -> None:
    document = read(
        """
        ## Requirements
        - FR-1: Password reset by letter with stamp and envelope
        - FR-2: Sign in
        ## Tasks
        - [ ] Reset counters
        - [ ] Sign in form
        """
    )
    (gap,) = find_gaps(document)
    assert gap.item == 0
    assert [document.items[at].title for at in gap.nearest] == ["Reset counters"]
