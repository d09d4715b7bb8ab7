"""kill -9 in the middle of writes: no item is lost, none is half, and what was killed is done or not done."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import plan_crash
from aura_planning.items.layout import list_plan
from aura_planning.items.reading import read_item
from aura_planning.items.store import PlanStore
from aura_planning.items.writing import LEFTOVER
from plan_items_rig import item_text, put

MOST_STEPS = 200
BODY = "## Context\n\n" + "Words of somebody.\n" * 40


class Victims:
    """The process that forks children which write and die."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, plan_crash.__file__],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, what: Mapping[str, object] | str, kill_at: int = 0) -> Mapping[str, Any]:
        """Write, and die before a step; 0 lets it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"root": str(self.root), "folder": str(self.folder), "what": what, "kill_at": kill_at}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: Mapping[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["killed"] or answer["code"] == 0
        return answer

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=20)


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    root = tmp_path / "shop"
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", body=BODY))
    for number in range(3):
        text = item_text(f"s{number}aaaa", "story", f"Story {number}", epic="e1aaaa", body=BODY)
        put(root, f"stories/s{number}aaaa-story.md", text)
    put(root, "epic-7/story-1.story.md", f"# Story-1: Old\n\n## Status: Draft\n\n{BODY}")
    put(root, "epic-7/story-2.story.md", f"# Story-2: Older\n\n## Status: Complete\n\n{BODY}")
    found = Victims(root, tmp_path / "home" / "plan")
    found.run("")
    yield found
    found.close()


def whole(root: Path) -> dict[str, bytes]:
    """Every file below `.ai/`, names that a write uses beside them too."""
    return {
        file.relative_to(root).as_posix(): file.read_bytes() for file in (root / ".ai").rglob("*") if file.is_file()
    }


def broken(root: Path) -> list[str]:
    """Items that are empty, half, or no items any more."""
    found: list[str] = []
    for one in list_plan(root):
        data = (root / one.path).read_bytes()
        item = read_item(one.path, data).item
        if item is None or item.broken or (BODY.encode() not in data and b"Epic 7" not in data):
            found.append(one.path)
    return found


CHANGES: list[Any] = [
    pytest.param({"action": "set", "item": "s1aaaa", "priority": "must"}, id="set"),
    pytest.param({"action": "add", "kind": "story", "title": "New", "parent": "e1aaaa", "text": BODY}, id="add"),
    pytest.param({"action": "remove", "item": "e1aaaa", "detach": True}, id="remove from four files"),
    pytest.param({"action": "migrate"}, id="migrate"),
    pytest.param("undo", id="undo"),
]


@pytest.mark.requirement("A2", "A5")
@pytest.mark.parametrize("what", CHANGES)
def test_a_kill_at_any_step_leaves_the_old_plan_or_the_new_one(
    victims: Victims, what: Mapping[str, object] | str
) -> None:
    if what == "undo":
        victims.run({"project": "x", "action": "remove", "item": "e1aaaa", "detach": True})
    before = whole(victims.root)
    names: list[str] = []
    for step in range(1, MOST_STEPS):
        answer = victims.run({**what, "project": "x"} if isinstance(what, dict) else what, step)
        assert broken(victims.root) == []
        victims.run("")  # the next one who opens the plan settles what was interrupted
        after = whole(victims.root)
        assert [path for path in after if LEFTOVER in path] == []
        if not answer["killed"]:
            break
        names.append(answer["step"])
        store = PlanStore(victims.root, victims.folder)
        store.look()
        states = [one.state for one in store.journal.operations()]
        assert "running" not in states
        assert [one.command for one in store.journal.operations() if one.by == "edit"] == []
        if after != before:
            newest = store.journal.operations()[0]
            assert newest.undoes if what == "undo" else newest.state == "done"
            store.undo(newest.id)
            assert whole(victims.root) == before
        store.close()
    else:
        pytest.fail("the change has too many steps")
    assert {"note contents", "note operation", "note done"} <= set(names)
    assert len(names) >= 6


@pytest.mark.requirement("A2", "A5")
def test_two_hundred_writes_with_kills_lose_and_halve_nothing(victims: Victims) -> None:
    """Each write is acknowledged or was killed; what was acknowledged is there at the end."""
    chance = random.Random(7)
    acknowledged: dict[str, str] = {}
    kills = 0
    for number in range(200):
        item = f"s{number % 3}aaaa"
        change = {"project": "x", "action": "set", "item": item, "priority": f"p{number}"}
        answer = victims.run(change, chance.randint(1, 14))
        kills += bool(answer["killed"])
        assert broken(victims.root) == []
        now = {one: _priority(victims.root, one) for one in ("s0aaaa", "s1aaaa", "s2aaaa")}
        if not answer["killed"]:
            acknowledged[item] = f"p{number}"
            assert now[item] == f"p{number}"
        else:
            assert now[item] in {f"p{number}", acknowledged.get(item, "")}
            victims.run("")
            acknowledged[item] = _priority(victims.root, item)
        assert all(now[one] == acknowledged.get(one, now[one]) for one in now if one != item)
    assert kills > 100
    assert len(whole(victims.root)) == 6


def _priority(root: Path, item: str) -> str:
    path = f".ai/stories/{item}-story.md"
    found = read_item(path, (root / path).read_bytes()).item
    assert found is not None
    return found.priority
