"""Small plans of every format, with what their tools write."""

from __future__ import annotations

import json
from typing import Final

from aura_planning.exchanging.contract import FormatName

__all__ = ["BACKLOG", "BMAD", "CSV", "GH", "LIST", "OPENSPEC", "SAMPLES", "SPECKIT", "TASKMASTER"]

_TASKS: Final = {
    "master": {
        "tasks": [
            {
                "id": 1, "title": "Set up", "description": "Make the project.", "status": "done", "priority": "high",
                "dependencies": [], "details": "Use uv.\n\n## Steps\n\n- one\n- two", "testStrategy": "Run it.",
                "subtasks": [
                    {"id": 1, "title": "Folder", "description": "mkdir", "status": "done", "dependencies": [],
                     "details": "", "testStrategy": "", "parentTaskId": 1},
                    {"id": 2, "title": "Lock file", "description": "uv lock", "status": "review",
                     "dependencies": [1], "details": "x", "testStrategy": None},
                ],
            },
            {
                "id": 2, "title": "Log in", "description": "Users log in.", "status": "pending", "priority": "critical",
                "dependencies": [1, "1.2"], "details": "## Test strategy\n\nNot the field.", "testStrategy": "",
                "subtasks": [], "complexity": 7, "labels": ["auth", "5"], "weird": "7",
                "expansionPrompt": "Split it.\nIn two.", "metadata": {"jira": "P-1"},
            },
            {
                "id": 3, "title": "Ship", "description": "Deploy.", "status": "deferred", "priority": "low",
                "dependencies": [2], "details": "", "testStrategy": "", "subtasks": [],
            },
        ],
        "metadata": {"created": "2025-07-22T15:17:40.038Z", "description": "Main"},
    },
    "later": {"tasks": [{"id": 1, "title": "Dream", "description": "d", "status": "cancelled", "dependencies": []}]},
}  # fmt: skip
TASKMASTER: Final = {".taskmaster/tasks/tasks.json": json.dumps(_TASKS, indent=2)}
SPECKIT: Final = {
    "specs/001-login/spec.md": """\
# Feature Specification: Log in

**Status**: Draft

## User Scenarios & Testing

### User Story 1 - Sign in (Priority: P1)

A user signs in.

**Acceptance Scenarios**:

1. **Given** a user, **When** she signs in, **Then** she is in

### User Story 2 - Sign out (Priority: P2) 🎯

A user signs out.

## Requirements

- **FR-001**: System MUST hash passwords
""",
    "specs/001-login/plan.md": "# Implementation Plan: Log in\n\n## Summary\n\nUse argon2.\n",
    "specs/001-login/tasks.md": """\
# Tasks: Log in

## Phase 1: Setup

- [x] T001 Create the project in `app/`
- [ ] T002 [P] Configure lint

## Phase 2: User Story 1

**Goal**: sign in

- [X] T003 [P] [US1] Add `User` in app/user.py
- [ ] T004 [US1] Add the service in app/service.py (depends on T003)
  with a second line
- [ ] T005 [US2] Sign out

## Notes

Commit often.
""",
    "specs/001-login/research.md": "# Research\n",
}
OPENSPEC: Final = {
    "openspec/changes/add-login/proposal.md": "# Change: Add a login\n\n## Why\n\nUsers want it.\n",
    "openspec/changes/add-login/design.md": "# Design\n\nSimple.\n",
    "openspec/changes/add-login/.openspec.yaml": "schema: spec-driven\ncreated: 2026-02-10\n",
    "openspec/changes/add-login/tasks.md": """\
## 1. Setup

- [x] 1.1 Make the project
- [ ] 1.2 Add a form
  - with a field

## 2. Rest

- [ ] 2.1 Ship it
- [ ] Say so
""",
    "openspec/changes/add-login/specs/auth/spec.md": """\
## ADDED Requirements

### Requirement: Login
The system SHALL log users in.

#### Scenario: Right password
- **WHEN** it is right
- **THEN** she is in
""",
    "openspec/changes/archive/2026-01-02-old-thing/proposal.md": "## Why\n\nOld.\n",
    "openspec/changes/archive/2026-01-02-old-thing/tasks.md": "## 1. All\n\n- [x] 1.1 Did it\n- [x] 1.2 And that\n",
    "openspec/specs/auth/spec.md": "# Auth\n",
}
BMAD: Final = {
    "docs/sprint-status.yaml": """\
# generated: 2025-11-03
# STATUS DEFINITIONS: keep me

generated: 2025-11-03
project: Mail
story_location: "{project-root}/docs/stories"

development_status:
  # Epic 1: Foundation
  epic-1: contexted
  1-1-set-up: done  # reviewed
  1-2-log-in: ready-for-dev
  epic-1-retrospective: optional

  # Epic 2: Mail
  epic-2: backlog
  2-1-read-mail: backlog
  2-2-send-mail: deployed
  prep-2: in-progress
  prep-2-1-test-data: review

action_items:
  - epic: 1
    action: "Add a checklist"
""",
    "docs/epics.md": """\
# Epics

## Epic 1: Foundation

The base of all.

### Story 1.1: Set up the project

As a developer, I want a project.

**Acceptance Criteria:**

1. It runs

**Prerequisites:** None

### Story 1.2: Log in

As a user, I want to log in.

**Prerequisites:** Story 1.1

## Epic 2: Mail

Mail for all.

### Story 2.1: Read mail

As a user, I read mail.
""",
    "docs/stories/1-1-set-up.md": "# Story 1.1: Set up the project\n\nStatus: done\n\n## Tasks\n\n- [x] Make it\n",
}
BACKLOG: Final = {
    "backlog/config.yml": 'project_name: "Shop"\nstatuses: ["To Do", "In Progress", "Done"]\ntask_prefix: "back"\n',
    "backlog/tasks/back-1 - Set-up.md": """\
---
id: BACK-1
title: Set up
status: In Progress
assignee:
  - '@ada'
created_date: '2026-07-11 17:10'
labels:
  - infra
dependencies: []
priority: high
ordinal: 180000
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
Make the project.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [x] #1 It runs
<!-- AC:END -->
""",
    "backlog/tasks/back-1.1 - Lock-file.md": """\
---
id: BACK-1.1
title: >-
  Make a lock file whose title is so long that
  it is folded
status: To Do
assignee: []
created_date: '2026-07-11'
labels: []
dependencies:
  - task-1
parent_task_id: BACK-1
---

## Description

Just words.
""",
    "backlog/drafts/draft-1 - Idea.md": (
        "---\nid: DRAFT-1\ntitle: Idea\nstatus: Draft\nlabels: []\n---\n\n## Description\n\nx\n"
    ),
    "backlog/completed/back-2 - Old.md": "---\nid: BACK-2\ntitle: Old\nstatus: Done\nlabels: []\n---\n",
    "backlog/archive/tasks/back-3 - Gone.md": "---\nid: BACK-3\ntitle: Gone\nstatus: To Do\nlabels: []\n---\n",
    "backlog/tasks/readme.md": "# Tasks\n",
    "backlog/docs/doc-1 - Guide.md": "# Guide\n",
}
CSV: Final = {
    "plan.csv": (
        "Issue key,Issue id,Issue Type,Summary,Status,Priority,Story Points,Parent,Epic Link,Labels,Labels,Blocked by,"
        "Description,Custom field (Severity)\r\n"
        "P-1,1001,Epic,Shop,In Progress,High,,,,,,,Sell.,\r\n"
        'P-2,1002,Story,"Pay, by card",To Do,Highest,5,,P-1,pay,web,,"As a user\r\nI pay",S1\r\n'
        "P-3,1003,Sub-task,Form,Done,,2,1002,,,,P-4; P-2,'=1+1,\r\n"
        "P-4,1004,Bug,Crash,Won't Do,Low,,,,,,,,S2\r\n"
    )
}
_ISSUES: Final = [
    {
        "number": 12, "title": "Log in", "state": "OPEN", "body": "Users log in.\n\n- [ ] #13\n- [x] #14\n",
        "labels": [{"id": "LA_1", "name": "feature", "description": "New", "color": "a2eeef"}],
        "assignees": [{"login": "ada"}], "milestone": {"number": 1, "title": "v1"}, "url": "x", "comments": [],
    },
    {"number": 13, "title": "Form", "state": "OPEN", "body": "Depends on #14, #15", "labels": [{"name": "ui"}]},
    {"number": 14, "title": "Table", "state": "CLOSED", "stateReason": "COMPLETED", "body": ""},
    {"number": 15, "title": "Wish", "state": "CLOSED", "stateReason": "NOT_PLANNED", "body": "**Blocked by**: #12"},
]  # fmt: skip
GH: Final = {"issues.json": json.dumps(_ISSUES, indent=1)}
LIST: Final = {
    "ROADMAP.md": """\
# Roadmap

- [ ] #12 Log in
  - [x] #13 Form
  - [ ] Table
- [x] owner/repo#14: Old thing

Some words.
"""
}
SAMPLES: Final[dict[FormatName, tuple[dict[str, str], str]]] = {
    "taskmaster": (TASKMASTER, ".taskmaster/tasks/tasks.json"),
    "speckit": (SPECKIT, "specs"),
    "openspec": (OPENSPEC, "openspec"),
    "bmad": (BMAD, "docs/sprint-status.yaml"),
    "backlog": (BACKLOG, "backlog"),
    "csv": (CSV, "plan.csv"),
    "gh-json": (GH, "issues.json"),
    "task-list": (LIST, "ROADMAP.md"),
}
"""Files and the path that is imported, by format."""
