"""`aura plan` and `aura prd` against the real service on real files, behind a stand-in for the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_cli.commands import plan_items as items_module
from aura_cli.commands import plan_steps as steps_module
from aura_cli_running import Aura, JsonObject, StandIn
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ListItems,
    ListPlanOperations,
    ResumePlan,
    ShowItem,
    UndoPlan,
)
from plan_items_rig import ItemRig, item_text, put

BODY = "## Tasks\n\n- [x] a\n- [ ] b\n\n## Context\n\n" + "Words. " * 100
ROUTES = {
    "/v1/plan/items": ListItems,
    "/v1/plan/item": ShowItem,
    "/v1/plan/change": ChangePlan,
    "/v1/plan/approve": ApproveItem,
    "/v1/plan/undo": UndoPlan,
    "/v1/plan/operations": ListPlanOperations,
    "/v1/plan/resume": ResumePlan,
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A plan of one epic and one story; the working directory."""
    root = tmp_path / "shop"
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop", body="## Goals\n\nSell.\n"))
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    put(
        root,
        "stories/s1aaaa-pay.md",
        item_text("s1aaaa", "story", "Pay", epic="e1aaaa", priority="must", body=BODY),
    )
    monkeypatch.chdir(root)
    ItemRig(root).serve(gateway, ROUTES)
    return root


def says_yes(monkeypatch: pytest.MonkeyPatch, *answers: bool) -> None:
    given = list(answers)
    for module in (items_module, steps_module):
        monkeypatch.setattr(module, "asks", lambda: True)
        monkeypatch.setattr(module, "ask", lambda _question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]


@pytest.mark.requirement("A2", "P10")
def test_the_plan_is_listed_and_checked(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "list")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["ID", "KIND", "ALIAS", "STATUS", "TASKS", "TITLE"]
    assert lines[3].split() == ["s1aaaa", "story", "draft", "1/2", "Pay"]
    assert ran.err == "3 items\n"
    assert aura("plan", "list", "epic", "--in", "e1aaaa").out == "No item is like that.\n"
    found = aura("plan", "list", "--status", "open", "--text", "pay", "--json").json()
    assert found["total"] == 1
    assert (aura("plan", "check").out, aura("plan", "check").code) == ("Nothing is wrong.\n", 0)
    put(shop, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", status="nearly"))
    ran = aura("plan", "check")
    assert ran.out.startswith(".ai/stories/s1aaaa-pay.md:4: error: the status 'nearly' is none of draft,")
    assert ran.code == 1
    assert aura("plan", "check", "--json").json()["total"] == 1
    assert "1 finding: aura plan check" in aura("plan", "list").err
    assert aura("plan", "list", "-n", "1").err.startswith("3 items · 2 more: --limit")


@pytest.mark.requirement("A2", "A5", "P10")
def test_items_are_added_set_moved_and_removed(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = aura("plan", "add", "epic", "Mail", "--alias", "epic-2", "--priority", "could", "--json")
    epic = ran.json()["item"]["id"]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript, reportArgumentType]
    assert aura("plan", "add", "task", "Form", "--parent", "s1aaaa", "--after", "e1aaaa", "--dry-run").out.startswith(
        "--- "
    )
    (shop / "words.txt").write_text("## Context\n\nwords\n")
    ran = aura("plan", "add", "task", "Form", "--parent", "s1aaaa", "--text", "words.txt", "--value", "2")
    assert ran.out.startswith("task ")
    assert "takes it back" in ran.err
    assert aura("plan", "move", "s1aaaa", "--to", str(epic)).code == 0
    assert f"epic: {epic}" in (shop / ".ai/stories/s1aaaa-pay.md").read_text()
    ran = aura(
        "plan", "set", "s1aaaa", "--title", "Pay now", "--section", "Context", "--text", "words.txt", "--estimate", "3"
    )
    assert ran.out.startswith("story s1aaaa Pay now  draft")
    assert aura("plan", "set", "s1aaaa", "--after", "e1aaaa").code == 0
    assert aura("plan", "set", "s1aaaa", "--after-nothing").code == 0
    assert aura("plan", "set", "s1aaaa", "--title", "Pay now").out == "Nothing to change.\n"
    assert aura("plan", "set", "s1aaaa", "--status", "in-progress").code == 5
    shown = aura("plan", "show", "s1aaaa").out
    assert "belongs to epic epic-2 Mail" in shown
    assert "estimate: 3" in shown
    assert "not in-progress: the story is not approved" in shown
    assert aura("plan", "show", "s1aaaa", "--budget", "5").out.endswith("[cut: --budget shows more]\n")
    assert aura("plan", "show", "s1aaaa", "--json").json()["hash"]
    assert aura("plan", "show", "nobody").code == 4
    assert aura("plan", "remove", "e1aaaa").code == 5
    assert aura("plan", "remove", "e1aaaa", "--dry-run").out.startswith("--- a/.ai/epics")
    says_yes(monkeypatch, False, True)
    assert aura("plan", "remove", "e1aaaa").code == 130
    assert aura("plan", "remove", "e1aaaa").out.splitlines()[-1] == ".ai/epics/e1aaaa-shop.md"
    assert aura("plan", "remove", str(epic), "--detach", "--yes").code == 0


@pytest.mark.requirement("A5", "P10")
def test_documents_and_stories_are_approved_worked_on_and_completed(aura: Aura, shop: Path) -> None:
    assert aura("plan", "approve", "s1aaaa").code == 5
    ran = aura("prd", "approve", "--by", "Ada")
    assert ran.out.startswith("prd p1aaaa Shop  approved ✓")
    assert aura("prd", "approve", "--by", "Ada").err == "Ada approved this text already\n"
    assert aura("prd", "approve", "--revoke", "--dry-run", "--json").json()["done"] is False
    assert aura("plan", "add", "architecture", "Shop").code == 0
    assert aura("plan", "approve", "arch", "--by", "Ada").code == 0
    assert aura("plan", "approve", "s1aaaa", "--by", "Ada").code == 0
    assert aura("plan", "set", "s1aaaa", "--status", "InProgress").out.startswith("story s1aaaa Pay  in-progress ✓")
    assert aura("plan", "note", "s1aaaa", "began", "with", "it").code == 0
    assert aura("plan", "test", "s1aaaa", "green", "test_pay").code == 0
    refused = aura("plan", "set", "s1aaaa", "--status", "complete")
    assert "1 of its 2 checkboxes are not ticked" in refused.err
    place = shop / ".ai/stories/s1aaaa-pay.md"
    place.write_text(place.read_text().replace("- [ ] b", "- [x] b"))
    assert aura("plan", "set", "s1aaaa", "--status", "complete").code == 0
    ran = aura("plan", "resume", "s1aaaa")
    assert "- Next step: it is complete" in ran.out
    assert ran.err.endswith(" tokens\n")
    assert "left out: " in aura("plan", "resume", "s1aaaa", "--budget", "200").err
    assert aura("plan", "resume", "--json").json()["tokens"]
    place.write_text(place.read_text().replace("# Pay", "# Pay now"))
    shown = aura("plan", "show", "s1aaaa").out
    assert "complete (approval outdated)" in shown
    assert "since the approval:" in shown


@pytest.mark.requirement("A5", "P10")
def test_what_was_done_is_listed_and_taken_back(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aura("plan", "log").out.startswith("Nothing was done to this plan yet.")
    aura("plan", "set", "s1aaaa", "--priority", "could")
    operation = aura("plan", "log", "--json").json()["operations"][0]["id"]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript, reportArgumentType]
    assert "set s1aaaa: priority could" in aura("plan", "log").out
    assert "+priority: could" in aura("plan", "log", str(operation)).out
    assert aura("plan", "log", "--item", "e1aaaa").out.startswith("Nothing was done")
    assert aura("plan", "undo").code == 2
    assert "-priority: could" in aura("plan", "undo", "--dry-run").out
    assert aura("plan", "undo", "--dry-run", "--json").json()["done"] is False
    says_yes(monkeypatch, False, True)
    assert aura("plan", "undo").code == 130
    ran = aura("plan", "undo")
    assert "Taken back: set s1aaaa: priority could" in ran.out
    again = ran.err.split("aura plan undo ")[1].split()[0]
    assert aura("plan", "undo", again, "--yes", "--json").json()["done"] is True
    put(shop, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", status="complete"))
    assert "edited outside" in aura("plan", "log").out
    newest = aura("plan", "log", "--json").json()["operations"][0]["id"]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript, reportArgumentType]
    assert "past a gate" in aura("plan", "log", str(newest)).out


@pytest.mark.requirement("A5", "P10")
def test_templates_are_written_for_the_team(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aura("plan", "templates").out.splitlines()[0] == ".ai/templates/prd.md"
    says_yes(monkeypatch)
    assert aura("plan", "migrate").out == "Nothing to change.\n"


@pytest.mark.requirement("A5", "P10")
def test_a_migration_is_shown_and_done(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(15):
        put(shop, f"epic-3/story-{number}.story.md", f"# Story {number}: Old\n\n## Status: Draft\n")
    assert aura("plan", "migrate").code == 5
    ran = aura("plan", "migrate", "--dry-run")
    assert "-## Status: Draft" in ran.out
    assert "epic-3 had no file" in ran.err
    says_yes(monkeypatch, False)
    assert aura("plan", "migrate").code == 130
    ran = aura("plan", "migrate", "--yes")
    assert ran.out.splitlines()[-1] == "and 4 more"
    assert not (shop / ".ai/epic-3").exists()
    assert aura("plan", "migrate", "--yes", "--json").json()["done"] is False


@pytest.mark.requirement("A5")
def test_tests_are_run_by_aura_logs_are_folded_and_the_gate_is_asked(
    aura: Aura, shop: Path, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = gateway.answer

    def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
        if path != "/v1/plan/test":
            assert answers is not None
            return answers(method, path, token, body)
        gateway.asked.append((path, body))
        return 200, {"outcome": "red", "tests": ["t.py"], "tree": "f" * 40, "detail": "1 failed", "operation": "abc"}

    gateway.answer = answer
    ran = aura("plan", "test", "s1aaaa", "--run", "t.py")
    assert "red: 1 test file, tree ffffffffffff\n1 failed\n" in ran.out
    assert gateway.asked[-1][1]["paths"] == ["t.py"]
    assert aura("plan", "test", "s1aaaa", "--run", "--json").json()["outcome"] == "red"
    assert "a test run was red or green" in aura("plan", "test", "s1aaaa").err
    assert "no log has more than 20 entries" in aura("plan", "compact").err
    monkeypatch.chdir(shop.parent)
    assert aura("plan", "gate", "nothing").code == 2
