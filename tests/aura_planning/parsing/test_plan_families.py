"""Documents of each manner that is met in public repositories, written for these tests."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in such documents
from __future__ import annotations

import json

import pytest

from aura_planning.parsing.parsing import parse_document
from plan_reading import Row, needs, parents, read, rows

pytestmark = pytest.mark.requirement("A2")

OUTLINE = """
    Product Requirements Document: Harbour
    Version: 1.0

    1. Summary
    1.1. Scope
    Out of Scope:

    Paying by cheque.

    2. Personas
    2.1. Persona: "Kim"
    User Stories:

    "As Kim, I want a berth that fits my boat, so I can moor at night."

    3. Features
    3.1. Module: Berths
    Features:

    Berth Search: Finds a free berth by length.

    Berth Booking: Books a berth for some nights.

    3.2. Security Requirements
    Data Privacy: No name will leave the harbour.

    4. Plan
    Phase 1: Basics (Months 1-2)
    Epic 1.1: Berths
    User Story: As a skipper (of any boat), I want to see free berths so that I can plan.

    Tasks:

    1.1.1: Build the berth search.

    1.1.2: Show the berth booking.

    Phase 2: Polish (Month 3)
    Polish everything.
"""


def test_an_outline_without_markdown_is_read_by_its_numbers_and_labels() -> None:
    document = read(OUTLINE)
    assert document.family == "outline"
    assert document.title == "Product Requirements Document: Harbour"
    assert rows(document) == [
        ("story", "", "As Kim, I want a berth that fits my boat, so I can moor at night.", 14),
        ("requirement", "", "Berth Search: Finds a free berth by length.", 20),
        ("requirement", "", "Berth Booking: Books a berth for some nights.", 22),
        ("requirement", "", "Data Privacy: No name will leave the harbour.", 25),
        ("epic", "Epic 1.1", "Berths", 29),
        ("story", "", "As a skipper (of any boat), I want to see free berths so that I can plan.", 30),
        ("task", "1.1.1", "Build the berth search.", 34),
        ("task", "1.1.2", "Show the berth booking.", 36),
    ]
    assert parents(document)["1.1.1"].startswith("As a skipper")
    assert [(one.text, one.source.first) for one in document.out_of_scope] == [("Paying by cheque.", 8)]
    assert [(one.kind, one.title, len(one.items)) for one in document.groups] == [
        ("module", "Module: Berths", 2), ("phase", "Phase 1: Basics", 4), ("phase", "Phase 2: Polish", 0),
    ]  # fmt: skip


def test_an_agile_prd_has_epics_out_of_order_and_stories_with_requirements() -> None:
    document = read(
        """
        # Title: PRD for Mill

        ## Features and Requirements
        ### Functional Requirements

        1. Grinding
           - Grind grain
           - Grind coffee
        2. Sieving
           - Sieve flour

        ### Non-functional Requirements

        1. Noise (Implemented)
           - Below 60 dB ✅

        ## Epic List

        ### Epic-6: Wheels (MVP)

        Stories:
        - Story 1: First wheel
          Requirements:
          - Turn the wheel
          - Stop the wheel

        ### Epic-1: Stones (COMPLETED) ✅

        Stories:
        - Story 1: First stone
          Requirements:
          - Lay the stone

        ## Technology Stack
        - Wood
        """
    )
    assert document.family == "agile-prd"
    assert rows(document) == [
        ("requirement", "", "Grinding", 6),
        ("requirement", "", "Sieving", 9),
        ("requirement", "", "Noise", 14),
        ("epic", "Epic-6", "Wheels", 19),
        ("story", "Story 1", "First wheel", 22),
        ("requirement", "", "Turn the wheel", 24),
        ("requirement", "", "Stop the wheel", 25),
        ("epic", "Epic-1", "Stones", 27),
        ("story", "Story 1", "First stone", 30),
        ("requirement", "", "Lay the stone", 32),
    ]
    states = {item.title: (item.status, item.status_text, item.labels) for item in document.items}
    assert states["Noise"] == ("done", "(Implemented)", ())
    assert states["Stones"] == ("done", "(COMPLETED)", ())
    assert states["Wheels"] == ("", "", ("MVP",))


def test_an_agile_story_file_has_its_epic_itself_and_nested_tasks() -> None:
    document = read(
        """
        # Epic-2: Pumps

        # Story-3: Hand pump

        ## Story

        **As a** gardener
        **I want** a hand pump
        **so that** I can water beds

        ## Status

        In Progress

        ## Estimation

        Story Points: 2

        ## Tasks

        1. - [x] Draw the pump
           - [x] Draw the lever
        2. - [ ] Build the pump
        3. - [ ] ~~Paint the pump~~

        ## Constraints

        - It must not rust
        """
    )
    assert document.family == "agile-story"
    assert rows(document) == [
        ("epic", "Epic-2", "Pumps", 1),
        ("story", "Story-3", "Hand pump", 3),
        ("task", "1", "Draw the pump", 21),
        ("task", "", "Draw the lever", 22),
        ("task", "2", "Build the pump", 23),
        ("task", "3", "Paint the pump", 24),
    ]
    story = document.items[1]
    assert (story.status, story.status_text, story.estimate) == ("in-progress", "In Progress", "2")
    assert story.text.startswith("As a gardener I want a hand pump so that I can water beds")
    assert [item.status for item in document.items[2:]] == ["done", "done", "todo", "cancelled"]
    assert parents(document)["Draw the lever"] == "1"


def test_a_10x_prd_lists_its_stories_by_fields() -> None:
    document = read(
        """
        # Product Requirements Document (PRD) - Cards
        ## 3. Functional Requirements
        - FR-001: Cards can be made.
        - FR-002: Cards can be learnt.

        ## 4. Product Boundaries
        Out of scope:
        - Sharing of cards.

        ## 5. User Stories
        - ID: US-001
          Title: Make a card
          Description: As a learner, I want to make a card so that I can learn it.
          Acceptance Criteria:
          - Given a text, when I save, then a card exists.
          - Given no text, when I save, then I see an error.

        ### US-002: Learn a card
        As a learner, I want to see a card.

        ## 6. Success Metrics
        - 75% of cards are learnt.
        """
    )
    assert document.family == "tenx-prd"
    assert rows(document) == [
        ("requirement", "FR-001", "Cards can be made.", 3),
        ("requirement", "FR-002", "Cards can be learnt.", 4),
        ("story", "US-001", "Make a card", 11),
        ("story", "US-002", "Learn a card", 18),
    ]
    assert [one.text for one in document.items[2].criteria] == [
        "Given a text, when I save, then a card exists.", "Given no text, when I save, then I see an error.",
    ]  # fmt: skip
    assert document.items[2].source.last == 16


def test_bmad_epics_have_prerequisites_and_given_when_then() -> None:
    document = read(
        """
        # Ferry - Epic Breakdown

        | Epic | Title | Stories |
        |------|-------|---------|
        | 1 | Boats | 2 |

        - **FR1:** A boat sails
        - **FR2:** A boat lands

        ## Epic 1: Boats

        **FRs Covered:** FR1, FR2

        ### Story 1.1: Hull

        As a **builder**,
        I want a hull,
        So that it floats.

        **Acceptance Criteria:**

        **Given** planks
        **When** they are nailed
        **Then** there is a hull
        **And** story 1.2 is not touched

        **Prerequisites:** None (first story)

        ### Story 1.2: Mast

        As a builder, I want a mast.

        **Acceptance Criteria:**
        1. It stands
        2. It does not need Story 1.1

        **Prerequisites:** Story 1.1 (hull), Story 9.9

        ### Story 1.3: Maiden voyage

        **Prerequisites:** All Epic 1 stories (1.1-1.2)

        ### Epic 1 Summary
        Two stories.
        """
    )
    assert document.family == "bmad"
    assert rows(document) == [
        ("requirement", "FR1", "A boat sails", 7),
        ("requirement", "FR2", "A boat lands", 8),
        ("epic", "Epic 1", "Boats", 10),
        ("story", "Story 1.1", "Hull", 14),
        ("story", "Story 1.2", "Mast", 29),
        ("story", "Story 1.3", "Maiden voyage", 39),
    ]
    assert needs(document) == {"Story 1.2": ["Story 1.1"], "Story 1.3": ["Story 1.1", "Story 1.2"]}
    assert [ref.item for ref in document.items[2].requirements] == [0, 1]
    assert [one.text for one in document.items[3].criteria] == [
        "Given planks When they are nailed Then there is a hull And story 1.2 is not touched"
    ]
    assert [(one.code, one.line) for one in document.findings] == [("dangling-dependency", 37)]


def test_a_bmad_shard_is_an_epic_in_bold_with_stories_in_a_numbered_list() -> None:
    document = read(
        """
        **Epic 2.1: Control**

        - **Goal:** Control it.

        - **User Stories:**

          1. **Story 2.1.1: Buttons**

             - As an operator, I want buttons so that I can press them.
             - **Acceptance Criteria:**
               1. **Red**: There is a red one.
               2. **Green**: There is a green one.

          2. **Story 2.1.2: Levers**

             - As an operator, I want levers.
        """
    )
    assert rows(document) == [
        ("epic", "Epic 2.1", "Control", 1),
        ("story", "Story 2.1.1", "Buttons", 7),
        ("story", "Story 2.1.2", "Levers", 14),
    ]
    assert len(document.items[1].criteria) == 2
    assert document.items[2].parent == 0


TASKS = {
    "master": {
        "tasks": [
            {
                "id": 1, "title": "Dig", "description": "Dig a hole", "status": "done", "dependencies": [],
                "priority": "high",
                "subtasks": [
                    {"id": 1, "title": "Fetch a spade", "status": "done", "dependencies": []},
                    {"id": 2, "title": "Use the spade", "status": "somehow", "dependencies": [1]},
                ],
            },
            {"id": 2, "title": "Fill", "status": "pending", "dependencies": [1, 7], "subtasks": []},
        ]
    }
}  # fmt: skip


def test_task_master_json_has_tasks_subtasks_and_lines() -> None:
    text = json.dumps(TASKS, indent=2)
    document = parse_document(text.encode(), "tasks.json")
    lines = text.splitlines()
    assert document.family == "tasks-json"
    assert [(item.alias, item.title, item.status) for item in document.items] == [
        ("1", "Dig", "done"), ("1.1", "Fetch a spade", "done"), ("1.2", "Use the spade", ""), ("2", "Fill", "todo"),
    ]  # fmt: skip
    assert needs(document) == {"1.2": ["1.1"], "2": ["1"]}
    assert parents(document) == {"1.1": "1", "1.2": "1"}
    for item in document.items:
        assert lines[item.source.first - 1].strip() == "{"
        assert lines[item.source.last - 1].strip() in {"}", "},"}
    assert sorted(one.code for one in document.findings) == ["dangling-dependency", "unknown-status"]


def test_a_task_master_prd_has_features_and_phases_of_a_roadmap() -> None:
    document = read(
        """
        # Overview
        A clock.
        # Core Features
        - Show the time
        - Ring at noon
        # Development Roadmap
        ## Phase 1: Hands
        - Long hand
        - Short hand
        ## Phase 2: Bell
        - Bell
        # Risks
        - Rust
        """
    )
    assert [(kind, title, line) for kind, _, title, line in rows(document)] == [
        ("requirement", "Show the time", 4), ("requirement", "Ring at noon", 5), ("epic", "Phase 1: Hands", 7),
        ("task", "Long hand", 8), ("task", "Short hand", 9), ("epic", "Phase 2: Bell", 10), ("task", "Bell", 11),
    ]  # fmt: skip
    assert parents(document) == {
        "Long hand": "Phase 1: Hands", "Short hand": "Phase 1: Hands", "Bell": "Phase 2: Bell",
    }  # fmt: skip


def test_kiro_requirements_are_ears_criteria_under_numbered_requirements() -> None:
    document = read(
        """
        # Requirements Document

        ## Glossary

        - **Door**: A thing that opens.

        ## Requirements

        ### Requirement 1: Opening

        **User Story:** As a guest, I want a door that opens, so that I can enter.

        #### Acceptance Criteria

        1. WHEN a guest knocks THEN the Door SHALL open
        2. IF nobody knocks THEN the Door SHALL stay shut

        ### Requirement 2
        **User Story:** As a host, I want a lock.
        """
    )
    assert document.family == "kiro-requirements"
    assert rows(document) == [
        ("requirement", "Requirement 1", "Opening", 9), ("requirement", "Requirement 2", "", 18),
    ]  # fmt: skip
    assert [one.source.first for one in document.items[0].criteria] == [15, 16]
    assert document.items[0].text == "As a guest, I want a door that opens, so that I can enter."


def test_kiro_tasks_are_nested_boxes_that_name_requirements() -> None:
    document = read(
        """
        # Implementation Plan

        - [x] 1. Frame
          - Cut wood
          - _Requirements: 1.1, 2.3_

        - [ ] 2. Leaf
          - [x] 2.1 Plane it
            - _Requirements: 1.1_
          - [ ]* 2.2 Test it
            - Open and shut
            - _Requirements: 1.2-1.4_
        """
    )
    assert document.family == "kiro-tasks"
    assert [(item.alias, item.title, item.status, item.optional) for item in document.items] == [
        ("1", "Frame", "done", False), ("2", "Leaf", "todo", False), ("2.1", "Plane it", "done", False),
        ("2.2", "Test it", "todo", True),
    ]  # fmt: skip
    assert parents(document) == {"2.1": "2", "2.2": "2"}
    assert [[ref.written for ref in item.requirements] for item in document.items] == [
        ["1.1", "2.3"], [], ["1.1"], ["1.2", "1.3", "1.4"],
    ]  # fmt: skip


def test_a_spec_kit_spec_has_prioritised_stories_and_requirements() -> None:
    document = read(
        """
        # Feature Specification: Kites

        ## User Scenarios & Testing *(mandatory)*

        ### User Story 1 - Fly a kite (Priority: P1)

        A child flies a kite.

        **Acceptance Scenarios**:

        1. **Given** wind, **When** the child runs, **Then** the kite flies.
        2. **Given** none, **When** the child runs, **Then** it does not.

        ### Edge Cases

        - What if it rains?

        ## Requirements *(mandatory)*

        ### Functional Requirements

        - **FR-001**: System MUST fly.
        - **FR-002**: System MUST land.

        ### Key Entities

        - **Kite**: Flies.

        ## Success Criteria *(mandatory)*

        - **SC-001**: It flies in 1 minute.
        """
    )
    assert document.family == "speckit-spec"
    assert rows(document) == [
        ("story", "User Story 1", "Fly a kite", 5), ("requirement", "FR-001", "System MUST fly.", 22),
        ("requirement", "FR-002", "System MUST land.", 23),
    ]  # fmt: skip
    assert document.items[0].priority == "P1"
    assert len(document.items[0].criteria) == 2


def test_spec_kit_tasks_know_stories_parallels_and_dependencies() -> None:
    document = read(
        """
        # Tasks: Kites

        - **[P]**: Can run in parallel

        ## Phase 1: Setup (Shared Infrastructure)

        - [X] T001 Buy paper
        - [ ] T002 [P] Buy sticks (depends on T001)

        ## Phase 2: User Story 1 - Fly a kite (Priority: P1) 🎯 MVP

        ### Tests for User Story 1

        - [ ] T003 [P] [US1] Test the wind in
          `src/wind.py` (depends on T001-T002)

        ### Implementation for User Story 1

        - [ ] T004 [US1] Fly (extends T003's file)

        ## Phase 3: User Story 2 - Land it (Priority: P2)

        - [ ] T005 [US2] Land

        ## Dependencies & Execution Order

        - **Setup (Phase 1)**: No dependencies
        - **User Story 2 (Phase 3)**: Depends on User Story 1's file
        - T005 depends on Phase 2 (US1) and T004

        ## Notes

        - [P] tasks touch different files
        """
    )
    assert document.family == "speckit-tasks"
    assert [(item.kind, item.alias) for item in document.items] == [
        ("task", "T001"), ("task", "T002"), ("story", "User Story 1"), ("task", "T003"), ("task", "T004"),
        ("story", "User Story 2"), ("task", "T005"),
    ]  # fmt: skip
    assert needs(document) == {
        "T002": ["T001"], "T003": ["T001", "T002"], "User Story 2": ["User Story 1"], "T005": ["T004"],
    }  # fmt: skip
    assert parents(document) == {"T003": "User Story 1", "T004": "User Story 1", "T005": "User Story 2"}
    assert document.items[1].labels[0] == "P"
    assert "MVP" in document.items[2].labels
    assert [(document.items[one.item].alias, document.items[one.needs].alias) for one in document.proposals] == [
        ("T004", "T003")
    ]


def test_openspec_tasks_are_boxes_below_groups() -> None:
    document = read(
        """
        ## 1. Setup

        - [x] 1.1 Add the lamp
        - [ ] 1.2 Wire the lamp

        ## 2. Testing

        - [ ] 2.1 Switch it on
        """
    )
    assert document.family == "openspec-tasks"
    assert rows(document) == [
        ("task", "1.1", "Add the lamp", 3), ("task", "1.2", "Wire the lamp", 4), ("task", "2.1", "Switch it on", 8),
    ]  # fmt: skip


def test_an_openspec_delta_has_requirements_with_scenarios() -> None:
    document = read(
        """
        ## ADDED Requirements

        ### Requirement: Dark mode

        The system SHALL be dark.

        #### Scenario: At night

        - **WHEN** it is night
        - **THEN** it is dark

        ### Requirement: Light mode

        The system SHALL be light.
        """
    )
    assert document.family == "openspec-delta"
    assert rows(document) == [("requirement", "", "Dark mode", 3), ("requirement", "", "Light mode", 12)]
    assert [one.text for one in document.items[0].criteria] == ["At night; WHEN it is night; THEN it is dark"]
    assert [(one.code, one.line) for one in document.findings] == [("requirement-without-scenario", 12)]


def test_requirements_in_tables_have_the_ids_and_lines_of_their_rows() -> None:
    document = read(
        """
        # Requirements

        ## Summary
        | Requirement | L1 |
        |---|---|
        | Signed | ✓ |

        ## System requirements

        | ID | Requirement | Priority | Depends on |
        |----|-------------|----------|------------|
        | R-01 | Builds are signed | Must | |
        | R-02 | Signatures are kept | Should | R-01 |

        ## Build requirements

        <table>
        <tr><th>Requirement<th>Description<th>L1
        <tr id="scripted">
        <td>Scripted
        <td>

        All steps are scripted:

        -   **[All]** of them

        <td>✓
        <tr id="isolated">
        <td>Isolated
        <td>Steps do not meet.
        </table>
        """
    )
    assert rows(document) == [
        ("requirement", "R-01", "Builds are signed", 12),
        ("requirement", "R-02", "Signatures are kept", 13),
        ("requirement", "scripted", "Scripted", 19),
        ("requirement", "isolated", "Isolated", 28),
    ]
    assert document.items[0].priority == "Must"
    assert needs(document) == {"R-02": ["R-01"]}


def test_a_feature_file_in_gherkin_has_its_scenarios_as_criteria() -> None:
    document = read(
        """
        # Login

        ## User Stories

        ### Sign in
        As a member, I want to sign in, so that I see my page.

        #### Scenario: Right password
        Given a member
        When the password is right
        Then the page opens

        #### Scenario: Wrong password
        - Given a member
        - When the password is wrong
        - Then an error shows
        """
    )
    assert rows(document) == [("story", "", "Sign in", 5)]
    assert [one.text.split(";")[0] for one in document.items[0].criteria] == ["Right password", "Wrong password"]
    assert document.items[0].criteria[1].source.last == 16


@pytest.mark.parametrize(
    ("heading", "sentence", "criteria"),
    [
        ("## Benutzergeschichten", "Als Leser möchte ich blättern, damit ich lese.", "Akzeptanzkriterien"),
        ("## Historias de usuario", "Como lector, quiero hojear para leer.", "Criterios de aceptación"),
        ("## Récits utilisateurs", "En tant que lecteur, je veux feuilleter afin de lire.", "Critères d'acceptation"),
        ("## Histórias de Usuário", "Como um leitor, eu quero folhear, para que eu leia.", "Critérios de aceitação"),
        ("## Historyjki użytkownika", "Jako czytelnik chcę kartkować, aby czytać.", "Kryteria akceptacji"),
        ("## 用户故事", "作为读者，我希望翻页，以便阅读。", "验收标准"),
        ("## ユーザーストーリー", "読者として、ページをめくりたい。", "受け入れ条件"),
        ("## Пользовательские истории", "Как читатель, я хочу листать, чтобы читать.", "Критерии приёмки"),
    ],
)
def test_stories_in_other_languages_are_known_by_their_words(heading: str, sentence: str, criteria: str) -> None:
    document = read(
        f"# X\n\n{heading}\n\n- {sentence}\n\n### US-2: Zwei\n{sentence}\n\n**{criteria}:**\n- eins\n- zwei\n"
    )
    assert [(item.kind, item.alias, item.source.first) for item in document.items] == [
        ("story", "", 5), ("story", "US-2", 7),
    ]  # fmt: skip
    assert [one.text for one in document.items[1].criteria] == ["eins", "zwei"]


def test_a_sentence_below_a_heading_makes_the_heading_the_story() -> None:
    document = read(
        """
        # Historias de Usuario

        ## Panel

        ### 1. Ver el turno
        **Como** barbero,
        **Quiero** ver el turno,
        **Para** atenderlo.

        **Criterios de aceptación:**
        - CA1. Se muestra.

        ### Título: Salir
        **Historia:** Como barbero, quiero salir.
        """
    )
    assert rows(document) == [("story", "1", "Ver el turno", 5), ("story", "", "Salir", 13)]
    assert len(document.items[0].criteria) == 1


def test_a_plan_of_boxes_has_phases_as_epics_and_worked_out_sections_as_stories() -> None:
    document = read(
        """
        # Plan

        ## ✅ PHASE 1: ROOF (Week 1)

        ### 1.1 Enhanced Context

        **Goal**: A roof.

        #### Tasks:
        - [ ] **Lay beams**
          ```python
          # - [ ] not a task
          ```
        - [x] **Lay tiles**
          - Red ones

        #### Acceptance Criteria:
        - [ ] It is dry

        ## Success Metrics
        - [ ] No drop in 10 years
        """
    )
    expected: list[Row] = [
        ("epic", "", "PHASE 1: ROOF", 3), ("story", "1.1", "Enhanced Context", 5), ("task", "", "Lay beams", 10),
        ("task", "", "Lay tiles", 14),
    ]  # fmt: skip
    assert rows(document) == expected
    assert document.items[0].estimate == "Week 1"
    assert [(one.text, one.ticked) for one in document.items[1].criteria] == [("It is dry", False)]
    assert [(one.code, one.line) for one in document.findings] == [("status-contradiction", 3)]


def test_a_backlog_of_issues_is_a_list_of_tasks() -> None:
    document = read(
        """
        # Backlog

        ## Features
        - [x] Dark mode #12
        - [ ] Search
          - [ ] Highlight

        ## Bugs
        - [ ] Crash at start
        """
    )
    assert rows(document) == [
        ("task", "", "Dark mode #12", 4), ("task", "", "Search", 5), ("task", "", "Highlight", 6),
        ("task", "", "Crash at start", 9),
    ]  # fmt: skip
    assert parents(document) == {"Highlight": "Search"}


def test_deliverables_of_a_phase_in_a_table_are_tasks_with_their_status() -> None:
    document = read(
        """
        # Plan

        ## 14. Phase 1 Deliverables

        | Deliverable | Status |
        |---|---|
        | Sign-in | Done |
        | Search | To do |

        ## 15. Open Questions

        - [ ] Who pays?
        """
    )
    assert [(item.kind, item.title, item.status) for item in document.items] == [
        ("epic", "Phase 1 Deliverables", ""), ("task", "Sign-in", "done"), ("task", "Search", "todo"),
    ]  # fmt: skip


def test_a_document_of_requirements_without_ids_is_read_where_it_demands() -> None:
    document = read(
        """
        # CRM – Anforderungen

        ## 5. Listen

        Das System muss folgende Listen bereitstellen:

        ### 5.1 Übergreifend

        - Alle Kontakte
        - Alle Kunden

        **Anforderung Login:** Jeder bekommt einen Zugang.

        ## 9. Datenfluss

        1. Ein Kontakt kommt
        """
    )
    assert [(kind, title, line) for kind, _, title, line in rows(document)] == [
        ("requirement", "Alle Kontakte", 9), ("requirement", "Alle Kunden", 10),
        ("requirement", "Login: Jeder bekommt einen Zugang.", 12),
    ]  # fmt: skip


def test_a_feature_file_is_a_story_with_its_scenarios_as_criteria() -> None:
    document = read(
        """
        # language: en
        @US-12 @slow
        Feature: Login
          As a user
          I want to log in
          So that I can work

          Background:
            Given a site

          Scenario: Good password
            Given a user
            When she logs in with
              \"\"\"
              Scenario: not one
              \"\"\"
            Then she is in

          Scenario Outline: Bad password
            When she errs <n>
            Then she is told
            Examples:
            | n |
            | 1 |

        Feature: Logout
          Scenario: Button
            * she leaves
        """,
        "features/login.feature",
    )
    assert document.family == "gherkin"
    assert rows(document) == [("story", "US-12", "Login", 3), ("story", "", "Logout", 26)]
    assert [one.text for one in document.items[0].criteria] == [
        "Good password; Given a user; When she logs in with; Then she is in",
        "Bad password; When she errs <n>; Then she is told",
    ]
    assert document.items[0].labels == ("slow",)
    assert document.items[0].text == "As a user\nI want to log in\nSo that I can work"
    assert document.items[1].criteria[0].source.first == 27


def test_a_feature_file_of_another_language_without_its_name() -> None:
    document = read(
        "# language: fr\nFonctionnalit\u00e9: US-3 Connexion\n\n  Sc\u00e9nario: Bon mot\n    Quand il entre\n"
    )
    assert rows(document) == [("story", "US-3", "Connexion", 2)]


def test_an_outline_that_only_names_what_each_line_is() -> None:
    document = read(
        """
        Epic: Checkout
          Story: Pay by card
            Task: Add the form
            Task: Call the bank
          Story: Pay later
        """,
        "plan.txt",
    )
    assert [(item.kind, item.title) for item in document.items] == [
        ("epic", "Checkout"), ("story", "Pay by card"), ("task", "Add the form"), ("task", "Call the bank"),
        ("story", "Pay later"),
    ]  # fmt: skip
    assert parents(document)["Call the bank"] == "Pay by card"


def test_names_without_numbers_in_a_list_are_items_and_not_fields_of_their_own_kind() -> None:
    document = read("* Epic 1: Checkout\n  * Story 1.1: Pay by card\n    * Task: Add form\n    * Epic: Checkout\n")
    assert [(item.kind, item.title) for item in document.items] == [
        ("epic", "Checkout"), ("story", "Pay by card"), ("task", "Add form"),
    ]  # fmt: skip


def test_a_table_with_columns_for_epics_stories_and_tasks() -> None:
    table = """
        # Plan
        | Epic | Story | Task | Priority |
        |---|---|---|---|
        | Check out | Pay by card | Add form | High |
        | Check out | Pay by card | Call bank | |
        | Check out | Pay later | | |
        """
    document = read(table)
    assert [(item.kind, item.title, item.priority) for item in document.items] == [
        ("epic", "Check out", ""), ("story", "Pay by card", ""), ("task", "Add form", "High"),
        ("task", "Call bank", ""), ("story", "Pay later", ""),
    ]  # fmt: skip
    assert parents(document)["Pay later"] == "Check out"
    covering = "# Plan\n## FR Coverage\n| FR | Epic | Story |\n|---|---|---|\n| FR1 | Epic 2 | Story 2.2, 2.3 |\n"
    assert read(covering).items == ()


def test_wishes_below_the_role_that_has_them_are_stories() -> None:
    document = read("""
        # Notes
        ## 3. User Stories
        - **As a developer:**
          - I want a pipeline, so that I can see what breaks.
          - I need clear code.
        - **As a visitor:**
          - I can look around.
        """)
    assert [(item.kind, item.source.first) for item in document.items] == [("story", 4), ("story", 5), ("story", 7)]


def test_boxes_below_a_numbered_part_of_a_phase_are_tasks_whatever_it_is_called() -> None:
    document = read("""
        # Plan
        ## Phase 1: Setup
        ### 1.1 Dependencies & Tooling
        - [ ] Install the SDK
        ### 1.2 Configuration Examples
        - [ ] Write one for the server
        ### 1.3 Dependencies
        - Node 22
        """)
    assert [item.title for item in document.items if item.kind == "task"] == [
        "Install the SDK", "Write one for the server",
    ]  # fmt: skip


def test_a_column_of_story_numbers_is_one_of_ids() -> None:
    document = read("""
        # User Stories
        |Story Number | User | Story | Priority |
        |---|---|---|---|
        | 1 | Ada | As Ada, I want to log my meals so that I eat better. | High |
        | 2 | Bo | As Bo, I want to see friends. | Low |
        """)
    assert [(item.kind, item.alias, item.priority) for item in document.items] == [
        ("story", "1", "High"), ("story", "2", "Low"),
    ]  # fmt: skip


def test_what_is_less_urgent_than_the_must_haves_is_demanded_too() -> None:
    document = read("""
        # Game
        ## P0 — Must-have
        - The player can jump.
        ## P1 — Important
        - The boss has a health bar.
        ## Picture
        - blue
        """)
    assert [(item.kind, item.source.first) for item in document.items] == [("requirement", 3), ("requirement", 5)]


def test_what_a_first_version_does_counts_in_japanese() -> None:
    document = read("# 要求\n## MVPでやること\n- 単語を表示\n- 次の単語を取得\n## 非機能要件\n- 2秒以内\n")
    assert [item.source.first for item in document.items if item.kind == "requirement"] == [3, 4, 6]
