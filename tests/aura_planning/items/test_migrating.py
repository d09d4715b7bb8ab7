"""From other layouts to the canonical one: shown first, every other byte kept, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_planning.items.changing import Planned, plan_change
from aura_planning.items.migrating import diff_of
from aura_planning.items.store import PlanStore
from aura_planning.workflow.gates import approved, audit
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text, put

FILES = {
    "prd.md": (
        "# 1. Title: PRD for Shop\r\n\r\n<version>1.0.0</version>\r\n\r\n## Status: Approved\r\n\r\n"
        "## Intro\r\n\r\nWords  "
    ),
    "arch.md": "\ufeff# Architecture\n\nStatus: draft\n\n## Status report\n\nStatus: none\n",
    "epic-2/README.md": "# Epic-2: Mail\n\n**Status:** Current\n\n## Goal\n",
    "epic-1/story-2.story.md": (
        "# Epic-1 - Story-2\n# Pay by card\n\n## Status\n\nInProgress\n\n## Tasks\n\n- [x] 1. One\n"
    ),
    "epic-2/story-1.story.md": "# Story 1: Send\n\n## Status: Implemented - Updating\n\nwords\n",
    "story-9.story.md": "---\nown: x # stays\nstatus: Complete\n---\n# Story 9: Old\n",
    "story-8.story.md": "---\nid: 8\n",
    "notes.md": "no item",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    for path, text in FILES.items():
        put(tmp_path / "shop", path, text)
    found = PlanStore(tmp_path / "shop", tmp_path / "home")
    found.look()
    yield found
    found.close()


def migrate(store: PlanStore) -> Planned:
    return plan_change(store, ChangePlan(project="x", action="migrate"), PlanSettings())


def text_of(store: PlanStore, path: str) -> str:
    return store.read(path).decode()


@pytest.mark.requirement("A5")
def test_files_move_to_their_places_and_keep_every_other_byte(store: PlanStore) -> None:
    planned = migrate(store)
    assert sorted(old for old, _ in planned.moves) == [
        ".ai/epic-1/story-2.story.md", ".ai/epic-2/README.md", ".ai/epic-2/story-1.story.md", ".ai/story-9.story.md",
    ]  # fmt: skip
    before = {file: file.read_bytes() for file in (store.root / ".ai").rglob("*.md")}
    operation, _ = store.commit(planned.changes, command="migrate", title="x", items=planned.items)
    items = {item.alias or item.kind: item for item in store.ledger.items if item.canonical}
    assert sorted(items) == ["architecture", "epic-1", "epic-1-story-2", "epic-2", "epic-2-story-1", "prd", "story-9"]
    assert text_of(store, ".ai/prd.md") == (
        f"---\r\nid: {items['prd'].id}\r\nkind: prd\r\ntitle: PRD for Shop\r\nstatus: approved\r\n---\r\n"
        "# 1. Title: PRD for Shop\r\n\r\n<version>1.0.0</version>\r\n\r\n## Intro\r\n\r\nWords  "
    )
    assert text_of(store, ".ai/arch.md") == (
        f"\ufeff---\nid: {items['architecture'].id}\nkind: architecture\nstatus: draft\n---\n"
        "# Architecture\n\n## Status report\n\nStatus: none\n"
    )
    story = items["epic-1-story-2"]
    assert story.path == f".ai/stories/{story.id}-pay-by-card.md"
    assert text_of(store, story.path) == (
        f"---\nid: {story.id}\nkind: story\nalias: epic-1-story-2\ntitle: Pay by card\nstatus: in-progress\n"
        f"epic: {items['epic-1'].id}\n---\n# Epic-1 - Story-2\n# Pay by card\n\n## Tasks\n\n- [x] 1. One\n"
    )
    assert text_of(store, items["story-9"].path) == (
        f"---\nid: {items['story-9'].id}\nkind: story\nalias: story-9\ntitle: Old\n"
        "own: x # stays\nstatus: complete\n---\n# Story 9: Old\n"
    )
    assert items["epic-2-story-1"].parent == items["epic-2"].id
    assert "## Status: Implemented - Updating" in text_of(store, items["epic-2-story-1"].path)
    assert migrate(store).changes == []
    store.undo(operation.id)
    assert {file: file.read_bytes() for file in (store.root / ".ai").rglob("*.md")} == before


@pytest.mark.requirement("A5")
def test_what_is_not_clear_is_said_and_left_to_a_person(store: PlanStore) -> None:
    notices = "\n".join(migrate(store).notices)
    assert "epic-1 had no file" in notices
    assert ".ai/story-8.story.md cannot be read, so it stays as it is" in notices
    assert "says 'Implemented - Updating', which is none that Aura knows" in notices


@pytest.mark.requirement("A5")
def test_the_dry_run_is_the_run_and_the_same_on_every_branch(store: PlanStore, tmp_path: Path) -> None:
    first, again = migrate(store), migrate(store)
    assert first.changes == again.changes
    shown = diff_of(first.changes, first.moves)
    assert "--- a/.ai/story-9.story.md\n+++ b/.ai/stories/" in shown
    assert "-## Status\n-\n-InProgress\n" in shown
    assert "\\ No newline at end of file" in shown
    assert diff_of(first.changes, first.moves, most=100).endswith("[cut]\n")
    for path, text in FILES.items():
        put(tmp_path / "other", path, text)
    other = PlanStore(tmp_path / "other", tmp_path / "home2")
    other.look()
    assert migrate(other).changes == first.changes
    other.close()


@pytest.mark.requirement("A5")
def test_a_second_document_gets_a_place_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop"))
    put(root, "mail-prd.md", "# PRD for Mail\n\nStatus: Draft\n")
    put(root, "my-prd.md", "# PRD for More\n\nStatus: Draft\n")
    store = PlanStore(root, tmp_path / "home")
    store.look()
    planned = migrate(store)
    store.commit(planned.changes, command="migrate", title="x")
    paths = [item.path for item in store.ledger.of_kind("prd")]
    assert len(paths) == 3
    assert ".ai/prd.md" in paths
    assert sum(path.startswith(".ai/documents/") for path in paths) == 2
    store.close()


@pytest.mark.requirement("A5")
def test_what_was_approved_stays_so_when_a_person_says_it(tmp_path: Path) -> None:
    put(tmp_path, "old-prd.md", "# PRD: Shop\n\n## Status: Approved\n\n## Goals\n\nSell.\n")
    put(tmp_path, "shop.arch.md", "# Architecture\n\nStatus: approved\n")
    put(tmp_path, "epic-1/story-1.story.md", "# Story 1: Pay\n\nStatus: In Progress\n\nWords.\n")
    put(tmp_path, "epic-1/story-2.story.md", "# Story 2: Send\n\nStatus: Draft\n")
    store = PlanStore(tmp_path, tmp_path / "home")
    store.look()
    plain = plan_change(store, ChangePlan(project="x", action="migrate"), PlanSettings())
    offers = [one for one in plain.notices if "--approve binds that to its present text now" in one]
    assert len(offers) == 3
    bound = plan_change(store, ChangePlan(project="x", action="migrate", approve=True), PlanSettings())
    assert sum("approves its present text" in one for one in bound.notices) == 3
    store.commit(plain.changes, command="migrate", title="x")
    rules = [(one.rule, one.path) for one in audit(store.ledger, PlanSettings()) if one.severity == "error"]
    assert sorted(rule for rule, _ in rules) == ["gate-approval", "gate-approval", "gate-story-not-approved"]
    assert len({path for _, path in rules}) == 3
    store.undo()
    store.commit(bound.changes, command="migrate", title="x")
    assert audit(store.ledger, PlanSettings()) == []
    assert approved(store.ledger.of_kind("prd")[0])
    assert not store.ledger.find("epic-1-story-2").approved_by
    store.close()
