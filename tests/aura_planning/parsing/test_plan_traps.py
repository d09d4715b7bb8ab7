"""Traps that documents of public repositories hold, each by its name."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in such documents
from __future__ import annotations

import pytest

from plan_reading import codes, needs, parents, read, rows

pytestmark = pytest.mark.requirement("A2")


def test_boxes_of_acceptance_criteria_and_metrics_are_no_tasks() -> None:
    document = read(
        """
        # Plan
        ## Phase 1: One
        ### Tasks
        - [ ] Build it
        ### Acceptance Criteria
        - [ ] It works
        - [x] It is fast
        ## Definition of Done
        - [ ] Reviewed
        ## Success Metrics
        - [ ] 99 %
        ## Open Questions
        - [ ] Who?
        """
    )
    assert [item.title for item in document.items if item.kind == "task"] == ["Build it"]
    assert [one.ticked for one in document.items[0].criteria] == [False, True]


def test_numbered_headings_below_the_tasks_of_a_story_are_its_tasks() -> None:
    document = read(
        """
        # US-2 Strategy
        ## Tasks
        ### 1) Config
        - `BARS: int = 20`
        - `LOOKBACK: int = 50`
        ### 2) Features of a bar
        - `compute(bars)`
        """
    )
    assert [(item.kind, item.title, item.parent) for item in document.items] == [
        ("story", "Strategy", None),
        ("task", "Config", 0),
        ("task", "Features of a bar", 0),
    ]


def test_what_is_left_open_is_no_item() -> None:
    document = read(
        """
        # Letters
        ## Features and requirements
        - **FR-001**: The system shall let readers scan a letter.
        - The sentence names no bound; see Q4.
        - TBD
        ## Epic list
        - Not known from the sentence or the repository; see Q5.
        """
    )
    assert [(item.kind, item.alias) for item in document.items] == [("requirement", "FR-001")]


def test_what_a_checker_ticked_is_no_task() -> None:
    document = read(
        """
        # Plan
        ## Epic 1: Door
        ### Story 1.1: Open it
        ## Checklist Results Report
        ### PM Checklist Execution Results
        **✅ Project Vision & Strategy**
        - [x] Clear problem statement articulated
        - [x] Target user segments well-defined

        **✅ Technical Feasibility**
        - [x] Core technical approach validated
        """
    )
    assert [item.kind for item in document.items] == ["epic", "story"]


def test_a_document_whose_boxes_are_all_criteria_has_no_task() -> None:
    document = read(
        """
        # Story 1: Door
        ## Acceptance Criteria
        1. - [x] It opens
        2. - [ ] It shuts
        """
    )
    assert [item.kind for item in document.items] == ["story"]
    assert [one.ticked for one in document.items[0].criteria] == [True, False]


def test_bullets_inside_code_fences_are_code() -> None:
    document = read(
        """
        # Plan
        ## Tasks
        - [ ] Real
          ```markdown
          - [ ] Not real
          ### Epic 9: Not real
          ```
        ~~~
        - [ ] Not real either
        ~~~
        - [ ] Real too
        """
    )
    assert [item.title for item in document.items] == ["Real", "Real too"]


def test_a_story_mentioned_in_a_criterion_is_no_prerequisite() -> None:
    document = read(
        """
        ## Epic 1: Boats
        ### Story 1.1: Hull
        **Acceptance Criteria:**
        - It can be used by Story 1.2
        - Depends on Story 1.2 being planned
        **Prerequisites:** None
        ### Story 1.2: Mast
        **Acceptance Criteria:**
        - It stands
        **Prerequisites:** Story 1.1
        """
    )
    assert needs(document) == {"Story 1.2": ["Story 1.1"]}
    assert codes(document) == []


def test_a_task_id_with_two_states_is_one_task_and_a_finding() -> None:
    document = read(
        """
        # Implementation Plan
        - [x] 5. Tests
          - [x] 5.2 Write unit tests
        - [ ] 6. More
          - [ ] 5.2 Write unit tests
        """
    )
    tasks = [(item.alias, item.status) for item in document.items]
    assert tasks == [("5", "done"), ("5.2", "todo"), ("6", "todo")]
    assert ("two-states", 5) in codes(document)


def test_one_id_for_two_things_keeps_both_and_says_so() -> None:
    document = read("- [x] 2.1 Paint the door\n- [ ] 2.1 Order bricks\n- [ ] 2.2 Rest\n")
    assert [item.title for item in document.items] == ["Paint the door", "Order bricks", "Rest"]
    assert [(one.code, one.severity, one.line) for one in document.findings] == [("duplicate-id", "error", 2)]


def test_capital_x_and_starred_boxes_are_understood() -> None:
    document = read("# Tasks\n- [X] 1. Done\n- [ ]* 2. Optional\n- [-] 3. Dropped\n- [~] 4. Begun\n* [ ] 5. Open\n")
    assert [(item.status, item.optional) for item in document.items] == [
        ("done", False), ("todo", True), ("cancelled", False), ("in-progress", False), ("todo", False),
    ]  # fmt: skip


def test_requirements_1_1_is_not_task_1_1() -> None:
    document = read(
        """
        - [ ] 1. First
          - [ ] 1.1 Inner
        - [ ] 2. Second
          - _Requirements: 1.1_
        - [ ] 3. Third
          - _Requirements: 9.9_
        """
    )
    assert needs(document) == {}
    assert [(ref.written, ref.item) for ref in document.items[2].requirements] == [("1.1", None)]


def test_story_numbers_may_begin_anew_in_each_epic() -> None:
    document = read(
        """
        ### Epic-1: One
        - Story 1: A
        - Story 2: B
        ### Epic-2: Two
        - Story 1: C
        """
    )
    assert [item.title for item in document.items if item.kind == "story"] == ["A", "B", "C"]
    assert [item.parent for item in document.items if item.kind == "story"] == [0, 0, 3]
    assert codes(document) == [("restarting-numbers", 5)]


def test_epics_keep_the_order_of_the_document() -> None:
    document = read("### Epic-6: Six\n### Epic-1: One\n### Epic-5: Five\n")
    assert [item.alias for item in document.items] == ["Epic-6", "Epic-1", "Epic-5"]


def test_headings_without_markdown_are_headings() -> None:
    document = read("PLAN FOR A SHED\n\nTASKS\n\n1. Buy wood\n2. Build\n\nOUT OF SCOPE\n\n- Paint\n")
    assert [(kind, title) for kind, _, title, _ in rows(document)] == [("task", "Buy wood"), ("task", "Build")]
    assert [one.text for one in document.out_of_scope] == ["Paint"]


def test_phases_listed_twice_are_no_epics_where_epics_are_named() -> None:
    document = read(
        """
        # Plan
        ## Overview of phases
        ### Phase 1: Ground
        - Dig
        ### Phase 2: Roof
        - Cover
        ## Details
        ### Phase 1: Ground
        #### Epic 1.1: Cellar
        - [ ] Dig the cellar
        """
    )
    assert [(item.kind, item.title) for item in document.items] == [("epic", "Cellar"), ("task", "Dig the cellar")]
    assert [(one.title, len(one.items)) for one in document.groups] == [
        ("Phase 1: Ground", 0), ("Phase 2: Roof", 0), ("Phase 1: Ground", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "status", "labels"),
    [
        ("Roof (MVP)", "", ("MVP",)), ("Roof (COMPLETED)", "done", ()), ("Roof ✅", "done", ()),
        ("Roof (COMPLETED) ✅", "done", ()), ("✅ Roof", "done", ()), ("Roof [In Progress]", "in-progress", ()),
        ("Roof (Future)", "", ("Future",)), ("Roof 🚧", "in-progress", ()), ("Roof ❌", "cancelled", ()),
        ("Roof 🎯 MVP", "", ("MVP",)), ("Roof - DONE", "done", ()),
    ],
)  # fmt: skip
def test_marks_in_a_title_are_properties(title: str, status: str, labels: tuple[str, ...]) -> None:
    (item,) = read(f"### Epic 1: {title}\n").items
    assert (item.title, item.status, item.labels) == ("Roof", status, labels)


def test_mojibake_is_repaired_for_reading_and_quoted_as_it_is() -> None:
    document = read("## âœ… PHASE 1: ROOF\n- [ ] Lay Ã¼berall tiles\n")
    assert [item.title for item in document.items] == ["PHASE 1: ROOF", "Lay überall tiles"]
    assert document.items[1].source.quote == "- [ ] Lay Ã¼berall tiles"
    assert ("mojibake", 1) in codes(document)


def test_summary_tables_repeat_items_and_add_none() -> None:
    document = read(
        """
        ## Epic Summary
        | Epic | Title | Stories |
        |---|---|---|
        | 1 | Boats | 2 |
        ## Epic 1: Boats
        ### Story 1.1: Hull
        As a sailor, I want a hull.
        ## FR Coverage
        | FR | Epic | Story |
        |---|---|---|
        | FR1 | Epic 1 | Story 1.1 |
        ## Overview
        | Story | Points |
        |---|---|
        | Story 1.1: Hull | 3 |
        ### Execution Order
        1. **Story 1.1** - must be first
        """
    )
    assert [(item.kind, item.alias) for item in document.items] == [("epic", "Epic 1"), ("story", "Story 1.1")]
    assert codes(document) == []


def test_dependencies_in_a_table_may_be_ranges() -> None:
    document = read(
        """
        - [ ] T001 One
        - [ ] T002 Two
        - [ ] T003 Three
        - [ ] T004 Four

        ## Dependencies
        | Task | Depends on |
        |---|---|
        | T003 | T001-T002 |
        | T004 | T001–T003 |
        """
    )
    assert needs(document) == {"T003": ["T001", "T002"], "T004": ["T001", "T002", "T003"]}


def test_what_is_out_of_scope_is_no_item() -> None:
    document = read(
        """
        ## Requirements
        - FR-1: Sail
        - FR-2: Land
        ## Out of Scope
        - FR-3: Fly
        - [ ] Dive
        ## Future Enhancements
        1. Race
        """
    )
    assert [item.alias for item in document.items] == ["FR-1", "FR-2"]
    assert [(one.text, one.why) for one in document.out_of_scope] == [
        ("FR-3: Fly", "out of scope"), ("Dive", "out of scope"), ("Race", "later"),
    ]  # fmt: skip


def test_a_document_that_is_all_done_says_so_and_has_no_gap() -> None:
    document = read(
        """
        ### Functional Requirements
        1. **Rules** ✅
           - Write rules - IMPLEMENTED
        ### Epic-1: Core (COMPLETED) ✅
        Implementation completed with the following achievements:
        - Base structure established
        """
    )
    assert [(item.kind, item.title, item.status) for item in document.items] == [
        ("requirement", "Rules", "done"), ("epic", "Core", "done"),
    ]  # fmt: skip


def test_a_template_or_guideline_in_a_document_is_no_plan() -> None:
    document = read(
        """
        ## Epic 1: Boats
        ### Story 1.1: Hull
        As a sailor, I want a hull.
        ## Story Guidelines
        **Story Requirements:**
        - **Vertical slices** - complete
        ### Task Format: `[ID] [P?] Description`
        - **[P]**: parallel
        """
    )
    assert [item.alias for item in document.items] == ["Epic 1", "Story 1.1"]


def test_story_parent_follows_its_number_when_epics_are_headings_of_the_same_level() -> None:
    document = read("## Epic 1: A\n## Story 1.1: B\n## Epic 2: C\n## Story 2.1: D\n### Task 2.1.1: E\n")
    assert parents(document) == {"Story 1.1": "Epic 1", "Story 2.1": "Epic 2", "Task 2.1.1": "Story 2.1"}


def test_a_page_about_the_programming_interface_of_epics_has_no_items() -> None:
    document = read("# Epics\n## Creating\n```python\nawait epics.create()\n```\n## List Epic Stories\nReturns all.\n")
    assert rows(document) == []


def test_what_is_in_scope_counts_where_no_requirement_is_named() -> None:
    scope = "# App\n## In Scope (MVP)\n- **Budgets:**\n  - by month\n- Import of files\n## Out of Scope\n- Taxes\n"
    assert rows(read(scope)) == [
        ("requirement", "", "Budgets", 3),
        ("requirement", "", "Import of files", 5),
    ]
    assert rows(read(scope + "## Requirements\n- FR-1: It opens\n")) == [("requirement", "FR-1", "It opens", 9)]
    assert rows(read("# Epic 1: Boats\n### Scope\n- hulls\n")) == [("epic", "Epic 1", "Boats", 1)]


def test_boxes_of_a_document_that_is_titled_requirements_are_requirements() -> None:
    document = read("# Requirements\n\nThis app should be able to:\n- [x] load files\n### Show\n- [ ] show names\n")
    assert [(item.kind, item.title, item.status) for item in document.items] == [
        ("requirement", "load files", "done"),
        ("requirement", "show names", "todo"),
    ]


def test_a_backlog_is_a_list_of_tasks_and_deliverables_at_the_top_are_none() -> None:
    assert rows(read("# Backlog\n\n1. Icons\n2. A settings page\n")) == [
        ("task", "", "Icons", 3),
        ("task", "", "A settings page", 4),
    ]
    assert rows(read("# Plan\n## Deliverables\n- An application\n## Tasks\n- Build it\n")) == [
        ("task", "", "Build it", 5)
    ]


def test_numbered_lines_in_capitals_head_their_lists() -> None:
    document = read(
        """
        THE APP - PRODUCT REQUIREMENTS DOCUMENT

        CORE FEATURES

        1. SYSTEM TRAY
        - An icon
        - A menu

        2. MAIN WINDOW
        - A header:
          - with a logo

        TECHNICAL REQUIREMENTS
        - Starts in a second
        """,
        "docs/prd.txt",
    )
    assert rows(document) == [
        ("requirement", "", "An icon", 6),
        ("requirement", "", "A menu", 7),
        ("requirement", "", "A header", 10),
        ("requirement", "", "Starts in a second", 14),
    ]


def test_a_story_of_the_same_epic_is_meant_by_its_last_number() -> None:
    document = read(
        """
        ## Epic 1: Boats
        ### Story 1.1: Hull
        ### Story 1.2: Mast
        **Prerequisites:** Story 1 complete (needed for the mast)
        ### Story 1.3: Sail
        **Prerequisites:** Story 1 (hull) + Story 2 (mast) must be complete

        ## Implementation Timeline - Epic 1
        1. **Story 1** (Days 1-3): Hull
        2. **Story 2** (Days 4-6): Mast
        """
    )
    assert needs(document) == {"Story 1.2": ["Story 1.1"], "Story 1.3": ["Story 1.1", "Story 1.2"]}
    assert [item.kind for item in document.items] == ["epic", "story", "story", "story"]


def test_what_must_be_complete_before_something_else_is_needed_by_it() -> None:
    document = read(
        """
        # Tasks
        ## Phase 1: Base
        ### Task 1.1: Query
        ### Task 1.2: Rows
        ## Phase 2: Views
        ### Task 2.1: Grid
        ### Task 2.2: Colours
        ## Phase 3: Tests
        ### Task 3.1: All
        ## Dependencies and Parallelization
        - Task 1.1 and Task 1.2 (both are independent)
        - Task 1.1 must complete before Task 2.1 (the grid depends on the query)
        - Task 1.2 must complete before Task 2.1-2.2
        - Phase 2 should come after Phase 1 is complete
        - Phase 3 should come after Phases 1 & 2 are complete
        """
    )
    assert needs(document) == {
        "Task 2.1": ["Task 1.1", "Task 1.2"],
        "Task 2.2": ["Task 1.2"],
        "Phase 2: Views": ["Phase 1: Base"],
        "Phase 3: Tests": ["Phase 1: Base", "Phase 2: Views"],
    }


def test_a_file_named_todo_lists_tasks_below_any_heading() -> None:
    document = read("## 2026-07-18\n- ~~Labels~~\n- Fewer clicks\n## Screens\n- Larger type\n", "notes/TODO.md")
    assert [(item.kind, item.title, item.status) for item in document.items] == [
        ("task", "Labels", "cancelled"),
        ("task", "Fewer clicks", ""),
        ("task", "Larger type", ""),
    ]
    assert rows(read("## 2026-07-18\n- Fewer clicks\n", "notes/diary.md")) == []


def test_numbered_headings_of_tasks_are_tasks_and_their_bullets_say_how() -> None:
    document = read(
        """
        # Suggestions
        ## Implementation Tasks
        ### 1. ~~Manifest~~ **SKIPPED**
        - Not needed
        ### 2. Quoting of paths
        **Issues**:
        - Spaces break it
        **Changes Needed**:
        1. Quote each path
        ### 3. Set-up
        - [ ] 3.1 Tools
        - [ ] 3.2 Folders
        """
    )
    assert [(item.kind, item.alias, item.status) for item in document.items] == [
        ("task", "1", "cancelled"),
        ("task", "2", ""),
        ("task", "3.1", "todo"),
        ("task", "3.2", "todo"),
    ]


def test_features_of_an_overview_give_way_to_requirements() -> None:
    document = read(
        """
        # PRD
        ## 1. Przegląd produktu
        ### 1.3 Główne funkcjonalności
        - Eksport
        ## 3. Wymagania funkcjonalne
        - Eksport do pliku PDF
        """
    )
    assert rows(document) == [("requirement", "", "Eksport do pliku PDF", 6)]


def test_a_plan_of_delivery_that_names_stories_by_their_code_adds_none() -> None:
    document = read(
        """
        # Tasks: Login
        ## Phase 1: Set-up
        - [x] T001 Tools
        ## Phase 2: User Story 1 - Login (Priority: P1)
        - [ ] T002 [US1] Form
        ## Phase 3: User Story 2 - Logout
        - [ ] T003 [US2] Button
        ## Dependencies & Execution Order
        - **US1 (P1)**: Can start immediately after Phase 1 \u2014 no dependency on US2
        - **US2 (P2)**: Depends on Phase 1 + T002 (same file)
        ## Implementation Strategy
        1. Set-up \u2192 tools ready
        2. US1 Login (T002) \u2192 MVP
        """
    )
    assert [item.alias for item in document.items if item.kind == "story"] == ["User Story 1", "User Story 2"]
    assert needs(document) == {"User Story 2": ["T002"]}


def test_a_list_of_covered_requirements_in_japanese_adds_none() -> None:
    document = read(
        "# 計画\n- [x] 1. 環境構築\n- [x] 1.1 初期化\n## 要件カバレッジ確認\n### Requirement 1: 登録\n- 1.1: Task 1.1\n"
    )
    assert [item.kind for item in document.items] == ["task", "task"]


@pytest.mark.parametrize("mark", ["x", "X", "v", "\u2713"])
def test_a_box_may_be_ticked_with_another_letter(mark: str) -> None:
    assert [item.status for item in read(f"# Todo\n- [{mark}] Done\n").items] == ["done"]


def test_the_heading_of_numbered_requirements_is_none() -> None:
    document = read(
        """
        ## Functional requirements
        1. Concepts
           1.1. The system writes a script
           1.2. A script is checked
        2. Rendering
           2.1. The system renders it upright
             - Fields: `t`
        3. A user can log out
        """
    )
    assert [(item.kind, item.source.first) for item in document.items] == [
        ("requirement", 3), ("requirement", 4), ("requirement", 6), ("requirement", 8),
    ]  # fmt: skip


def test_features_that_are_numbered_in_chinese_hold_what_they_ask_for() -> None:
    document = read(
        """
        # 五、功能范围（MVP）
        ## 功能一：自然聊天
        ### 功能说明
        * 日常闲聊
        ### MVP要求
        * 支持连续聊天
        ## 功能二：长期记忆
        ### MVP要求
        * 自动写入
        """
    )
    assert [(item.kind, item.title) for item in document.items] == [
        ("requirement", "自然聊天"), ("requirement", "长期记忆"),
    ]  # fmt: skip


def test_stories_may_be_told_without_a_wish() -> None:
    text = "# User Stories\n## Utente\n- Come utente, apro l'app.\n- Nota\n## Admin\n- Come admin, avvio tutto.\n"
    document = read(text)
    assert rows(document) == [
        ("story", "", "Come utente, apro l'app.", 3),
        ("story", "", "Come admin, avvio tutto.", 6),
    ]


def test_what_an_agent_reports_of_its_work_is_no_plan() -> None:
    document = read(
        """
        # Story 1.1: Set-up
        ## Tasks / Subtasks
        - [x] Tools
        ### Success Criteria
        **No Feature Code:**
        - [x] Only files of configuration
        ## Dev Agent Record
        ### Completion Notes
        **Enhanced Beyond Story Requirements:**
        - Better tests
        """
    )
    assert [item.kind for item in document.items] == ["story", "task"]


def test_a_title_that_says_requirements_makes_its_lists_requirements_where_nothing_else_does() -> None:
    bands = (
        "# Anforderungen \u2014 Notenverwaltung\n## 1. Kern\n### 1.1 Noten\n"
        "- Noten sind zentral\n## 9. Offene Fragen\n- Wer?\n"
    )
    assert rows(read(bands)) == [("requirement", "", "Noten sind zentral", 4)]
    other = (
        "# Requirements \u2014 Split it\n**Date**: today\n## Overview\n"
        "- at most 100 lines\n### US-1: Smaller\nAs a dev, I want it.\n"
    )
    assert [item.kind for item in read(other).items] == ["story"]


def test_what_why_and_how_describe_the_feature_above() -> None:
    document = read(
        "# App\n## Core Features\n### Timeline\n- **What:** a stream\n"
        "- **Why:** speed\n- **How:** a list\n### Export\n- **What:** a file\n"
    )
    assert rows(document) == [("requirement", "", "Timeline", 3), ("requirement", "", "Export", 7)]


def test_a_list_of_stories_of_an_epic_is_no_second_epic() -> None:
    document = read(
        "# PRD\n## Epic List\n### Epic-1: Endpoints\n"
        "### Epic-5: Tooling\n## Epic 5: Story List (Tooling)\n- Story 3: Read me\n"
    )
    assert rows(document) == [
        ("epic", "Epic-1", "Endpoints", 3), ("epic", "Epic-5", "Tooling", 4), ("story", "Story 3", "Read me", 6),
    ]  # fmt: skip
    assert codes(document) == []


def test_tables_of_stories_count_below_any_heading_and_needs_may_be_followed_by_what_waits() -> None:
    table = (
        "# User Stories\n## Schedule & History\n| ID | Story |\n"
        "|---|---|\n| STF-6 | As a manager, I want my day so that I plan |\n"
    )
    assert [item.source.first for item in read(table).items] == [5]
    plan = read(
        """
        # Plan
        ### Task 1.1 \u2014 Metrics
        ### Task 1.2 \u2014 Runner
        Depends on: Task 1.1. **Blocks 1.3\u20131.4.**
        ### Task 1.3 \u2014 Week-1 table
        ### Task 1.4 \u2014 Chunks
        """
    )
    assert needs(plan) == {"Task 1.2": ["Task 1.1"], "Task 1.3": ["Task 1.2"], "Task 1.4": ["Task 1.2"]}


def test_an_id_may_end_with_a_capital_letter() -> None:
    document = read(
        "# Doc\n## Functional Requirements\n#### FR-PI-001: Invoice\n- by hand\n#### FR-PI-001A: Schedule\n- monthly\n"
    )
    assert rows(document) == [
        ("requirement", "FR-PI-001", "Invoice", 3), ("requirement", "FR-PI-001A", "Schedule", 5),
    ]  # fmt: skip


def test_epics_may_be_lettered() -> None:
    document = read(
        "# User Stories\n## EPIC A \u2014 Profil\n### A1 \u2014 Cr\u00e9er\n**En tant que** lecteur\n**Je veux** lire\n"
    )
    assert [(item.kind, item.alias) for item in document.items] == [("epic", "EPIC A"), ("story", "")]


def test_entries_of_a_backlog_may_be_headings() -> None:
    entries = "# Hindsight Backlog\n## Ship it\nSoon.\n## ~~Upstream slugs~~\nDone.\n## Tidy up\n"
    assert [(item.title, item.status) for item in read(entries).items] == [
        ("Ship it", ""), ("Upstream slugs", "cancelled"), ("Tidy up", ""),
    ]  # fmt: skip
    groups = "# Backlog\n## Screens\n- Larger type\n## Backend\n- Pages\n"
    assert [item.title for item in read(groups).items] == ["Larger type", "Pages"]


def test_ids_with_a_long_name_in_them_are_told_apart() -> None:
    document = read("# Doc\n## Requirements\n- NFR-SCALE-002: Grows\n- FR-STATE-002: Keeps\n")
    assert [(item.alias, item.kind) for item in document.items] == [
        ("NFR-SCALE-002", "requirement"), ("FR-STATE-002", "requirement"),
    ]  # fmt: skip
    assert codes(document) == []
