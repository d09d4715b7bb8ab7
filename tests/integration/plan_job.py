"""A sentence becomes a PRD, an approved plan, work with commits and tests, and the plan follows when the PRD is edited.
Prints what it saw as JSON.

usage: python plan_job.py REPOSITORY      (with AURA_HOME set; a small repository in Python, clean, on its main branch)
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from main_job import BOUND_S, aura

SENTENCE = "Customers pay by card and get a receipt by mail"
EPICS = """### Epic 1: Card payments

#### Story 1.1: Pay by card

As a customer, I want to pay by card, so that I get my goods at once.

**Acceptance criteria:**

- A payment with a valid card is accepted

**Tasks:**

- [ ] T001 Add `pay` to `app.py`
- [ ] T002 Show the result (depends on T001)

#### Story 1.2: Receipt by mail

**Prerequisites:** Story 1.1

As a customer, I want a receipt by mail, so that I can prove it.

**Acceptance criteria:**

- A receipt names the amount
"""
PAY = '''

def pay(amount: float, card: str) -> str:
    """Pay with a card.

    Raises:
        ValueError: The card has no digits.
    """
    if not card.isdigit():
        raise ValueError(card)
    return f"paid {amount}"
'''
TESTED = '''"""T001: paying by card (Story 1.1)."""

from app import pay


def test_a_payment_with_a_valid_card_is_accepted() -> None:
    assert pay(3.0, "42") == "paid 3.0"
'''


class Story:
    """Does things as a person with a terminal and an editor does them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def ask(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """The answer of a command that may end with one of the codes."""
        command = [sys.executable, "-P", "-m", "aura_cli", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=BOUND_S, check=False)
        if done.returncode not in codes:
            raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout or done.stderr)

    def refused(self, *arguments: str) -> str:
        """What a command says that a gate refuses."""
        command = [sys.executable, "-P", "-m", "aura_cli", *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=BOUND_S, check=False)
        if done.returncode == 0:
            raise SystemExit(f"{' '.join(arguments)} was not refused")
        return done.stderr

    def commit(self, message: str) -> None:
        """Commit everything with plain git."""
        subprocess.run(["git", "add", "--all"], cwd=self.root, check=True, capture_output=True)
        subprocess.run(["git", "commit", "--quiet", "-m", message], cwd=self.root, check=True, capture_output=True)

    def ids(self) -> dict[str, str]:
        """Identifiers by alias, or by kind."""
        items = self.ask("plan", "list")["items"]
        return {item["alias"] or item["kind"]: item["id"] for item in items}

    def states(self) -> dict[str, str]:
        """Statuses by alias, or by kind."""
        return {item["alias"] or item["kind"]: item["status"] for item in self.ask("plan", "list")["items"]}


def document(story: Story, seen: dict[str, Any]) -> Path:
    """From the sentence to an approved PRD with epics, and the architecture that the workflow asks for."""
    seen["prd"] = story.ask("prd", "new", SENTENCE, "--no-model", "--yes")
    place = story.root / ".ai" / "prd.md"
    seen["check"] = story.ask("prd", "check", codes=(0, 1))
    text = place.read_text(encoding="utf-8")
    before, _, after = text.partition("## Epic list\n")
    _, _, rest = after.partition("\n## ")
    place.write_text(f"{before}## Epic list\n\n{EPICS}\n## {rest}", encoding="utf-8")
    seen["too_early"] = story.refused("plan", "merge", ".ai/prd.md", "--yes")
    story.ask("prd", "approve", "--by", "Ada")
    story.ask("plan", "add", "architecture", "Shop")
    story.ask("plan", "approve", "architecture", "--by", "Ada")
    return place


def work(story: Story, seen: dict[str, Any]) -> None:
    """A story is approved, worked on test first, committed, and completed."""
    ids = story.ids()
    first = ids["Story 1.1"]
    seen["not_approved"] = story.refused("plan", "set", first, "--status", "in-progress")
    story.ask("plan", "approve", first, "--by", "Ada")
    story.ask("plan", "set", ids["Epic 1"], "--status", "current")
    story.ask("plan", "set", first, "--status", "in-progress")
    seen["next"] = story.ask("plan", "next")
    (story.root / "tests" / "test_pay.py").write_text(TESTED, encoding="utf-8")
    story.ask("plan", "test", first, "red", "test_a_payment_with_a_valid_card_is_accepted")
    with (story.root / "app.py").open("a", encoding="utf-8") as file:
        file.write(PAY)
    story.commit(f"feat: pay by card\n\nTask: {ids['T001']}")
    story.ask("plan", "test", first, "green", "test_a_payment_with_a_valid_card_is_accepted")
    seen["open_tasks"] = story.refused("plan", "set", first, "--status", "complete")
    story.ask("plan", "set", ids["T001"], "--status", "done")
    story.ask("plan", "set", ids["T002"], "--status", "done")
    story.ask("plan", "set", first, "--status", "complete")
    seen["progress"] = story.ask("plan", "progress")
    seen["proved"] = story.ask("plan", "progress", "T001")
    story.commit("chore: tidy up what nobody planned")


def main(repository: Path) -> dict[str, Any]:
    """Do it; returns what was seen."""
    story = Story(repository)
    seen: dict[str, Any] = {}
    aura("up", "--detach", "--yes", cwd=repository)
    try:
        place = document(story, seen)
        seen["merged"] = story.ask("plan", "merge", ".ai/prd.md", "--yes")
        seen["order"] = story.ask("plan", "order")
        work(story, seen)
        text = place.read_text(encoding="utf-8")
        text = text.replace("Story 1.2: Receipt by mail", "Story 1.3: Receipt by mail").replace(
            "#### Story 1.3",
            "#### Story 1.2: Refund a payment\n\nAs a customer, I want my money back.\n\n#### Story 1.3",
            1,
        )
        place.write_text(text.replace("names the amount", "names the amount and the day"), encoding="utf-8")
        before = story.ids()
        seen["drift"] = story.ask("plan", "drift", codes=(1,))
        story.ask("prd", "approve", "--by", "Ada")
        seen["drifted"] = story.ask("plan", "merge", ".ai/prd.md", "--yes")
        seen["kept"] = story.ids()["Story 1.3"] == before["Story 1.2"]
        seen["states"] = story.states()
        seen["coverage"] = story.ask("plan", "coverage", codes=(0, 1))
        seen["forecast"] = story.ask("plan", "forecast")
        seen["resume"] = story.ask("plan", "resume")
        story.ask("plan", "undo", "--yes")
        seen["undone"] = story.ask("plan", "drift", codes=(1,))["documents"][0]["counts"]
        seen["findings"] = story.ask("plan", "check", codes=(0, 1))["findings"]
    finally:
        aura("down", cwd=repository)
    return seen


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
