"""Logs are folded: older entries move to `.ai/log/`, word for word, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_planning.items.changing import plan_change
from aura_planning.items.store import PlanStore
from aura_planning.workflow.logs import fold_log, log_entries
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text, put

SMALL = PlanSettings(log_most=5, log_kept=2)
STORY = ".ai/stories/s1aaaa-pay.md"
ARCHIVE = ".ai/log/s1aaaa.md"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    root = tmp_path / "shop"
    body = "## Work log\n\nHow it went.\n\n" + "".join(f"- day {n}\n  more of {n}\n" for n in range(5)) + "\n## End\n"
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", body=body))
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "x"))
    put(root, "tasks/t2aaaa-x.md", "---\nid: t2aaaa\n")
    found = PlanStore(root, tmp_path / "home")
    found.look()
    yield found
    found.close()


def change(store: PlanStore, settings: PlanSettings, **fields: object) -> list[str]:
    request = ChangePlan.model_validate({"project": "x", **fields})
    planned = plan_change(store, request, settings)
    store.commit(planned.changes, command=request.action, title=planned.title, items=planned.items)
    return planned.notices


@pytest.mark.requirement("A5")
def test_a_log_that_became_too_long_is_folded_and_nothing_is_lost(store: PlanStore) -> None:
    before = (store.root / STORY).read_bytes()
    assert log_entries(before) == 5
    notices = change(store, SMALL, action="note", item="s1aaaa", text="day 5")
    assert notices == [f"old entries of the log were moved to {ARCHIVE}"]
    text, archive = (store.root / STORY).read_text(), (store.root / ARCHIVE).read_text()
    assert f"How it went.\n\n- 4 older entries in {ARCHIVE}\n- day 4\n  more of 4\n- 20" in text
    assert archive == "# Older entries of the log of s1aaaa\n\n" + "".join(
        f"- day {n}\n  more of {n}\n" for n in range(4)
    )
    assert text.endswith("\n## End\n")
    for number in range(4):
        change(store, SMALL, action="test", item="s1aaaa", outcome="red", tests=[f"t{number}"])
    text, archive = (store.root / STORY).read_text(), (store.root / ARCHIVE).read_text()
    assert f"- 8 older entries in {ARCHIVE}\n" in text
    assert log_entries(text.encode()) == 2
    assert all(f"day {n}" in archive for n in range(6))
    assert store.look().changes == ()
    for _ in range(5):
        store.undo()
    assert (store.root / STORY).read_bytes() == before
    assert not (store.root / ARCHIVE).exists()


@pytest.mark.requirement("A5")
def test_logs_are_folded_when_asked(store: PlanStore) -> None:
    assert change(store, SMALL, action="compact", item="t1aaaa") == ["no log has more than 2 entries"]
    change(store, SMALL, action="compact")
    assert log_entries((store.root / STORY).read_bytes()) == 2
    never = PlanSettings(log_most=0)
    for number in range(70):
        change(store, never, action="note", item="t1aaaa", text=str(number))
    assert log_entries((store.root / ".ai/tasks/t1aaaa-x.md").read_bytes()) == 70
    (store.root / ARCHIVE).write_bytes(b"mine, without an end")
    data, archive = fold_log(store.root, "s1aaaa", (store.root / STORY).read_bytes(), 1)
    assert archive.after is not None
    assert archive.after.startswith(b"mine, without an end\n- ")
    assert b"- 4 older entries" in data
