"""A plan with a past: a real repository whose commits lie where a test wants them."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aura_planning.forecasting.lives import History, Life
from plan_items_rig import item_text, put

__all__ = ["TODAY", "commit", "even_history", "git", "lived_plan"]

TODAY = date(2027, 3, 31)


def git(root: Path, *arguments: str, at: date | None = None) -> str:
    """Run git as a person would."""
    when = {} if at is None else _at(at)
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True, env={**os.environ, **when})
    return ran.stdout.decode().strip()


def _at(day: date) -> dict[str, str]:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat()
    names = ("NAME", "EMAIL")
    people = {f"GIT_{who}_{name}": "tester@example.invalid" for who in ("AUTHOR", "COMMITTER") for name in names}
    return {**people, "GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}


def commit(root: Path, day: date, message: str = "work") -> None:
    """Commit everything on a day."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", message, at=day)


def lived_plan(root: Path, finished: int = 20, open_tasks: int = 6, *, today: date = TODAY) -> Path:
    """One epic; its tasks get into work and are done one after the other, every second day up to today."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop <&> more", alias="epic-1", status="current"))
    put(root, "epics/e2aaaa-later.md", item_text("e2aaaa", "epic", "Later", alias="epic-2"))
    for number in range(finished + open_tasks):
        _task(root, number, "todo", _needs(number, finished))
    first = today - timedelta(2 * finished + 1)
    commit(root, first, "plan")
    for number in range(finished):
        _task(root, number, "in-progress", "")
        commit(root, first + timedelta(2 * number + 1), f"begin {number}")
        _task(root, number, "done", "")
        commit(root, first + timedelta(2 * number + 2), f"finish {number}")
    return root


def _needs(number: int, finished: int) -> str:
    return f"[{_name(number - 1)}]" if number > finished else ""


def _name(number: int) -> str:
    return f"t{number:04}a"


def _task(root: Path, number: int, status: str, needs: str) -> None:
    parent = "e1aaaa" if number % 4 else "e2aaaa"
    text = item_text(_name(number), "task", f"Task {number}", status=status, parent=parent, depends_on=needs or None)
    put(root, f"tasks/{_name(number)}-x.md", text)


def even_history(finished: int = 40, *, every: int = 2, cycle: int | None = 1, open_items: int = 5) -> History:
    """One item every few days, up to today."""
    last = TODAY.toordinal()
    first = last - every * (finished - 1)
    lives = [
        Life(f"d{number}", first - 3, None if cycle is None else day - cycle, day)
        for number, day in enumerate(range(first, last + 1, every))
    ]
    return History([*lives, *(Life(f"o{number}", first - 3) for number in range(open_items))], last)
