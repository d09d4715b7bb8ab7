"""`aura prd` against the real service on real files, behind a stand-in for the gateway."""

# ruff: noqa: E501 - one line of output a line reads best

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aura_cli.commands import prd as prd_module
from aura_cli_running import Aura, JsonObject, StandIn
from aura_planning.documents.service import DocumentService
from aura_shared.messages.plan_documents import CheckDocument, DraftDocument
from aura_shared.messages.plan_items import ApproveItem, ListItems
from plan_items_rig import ItemRig, put

pytestmark = pytest.mark.requirement("A1", "P10")

ROUTES = {
    "/v1/plan/prd-check": CheckDocument,
    "/v1/plan/prd-new": DraftDocument,
    "/v1/plan/approve": ApproveItem,
    "/v1/plan/items": ListItems,
}
SPEC = "# Spec\n\n- FR-001: The shop shall load the list quickly.\n- FR-002: The shop must store it.\n- FR-003: The shop must not store it.\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A project with a manifest; the working directory."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "package.json").write_text('{\n  "name": "shop",\n  "description": "Sells books."\n}\n', encoding="utf-8")
    (root / "spec.md").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(root)
    rig = ItemRig(root)
    DocumentService(rig.desk, rig.service).register()
    rig.serve(gateway, ROUTES)
    return root


def test_a_file_is_checked_by_line_with_reason_and_rewrite(aura: Aura, shop: Path) -> None:
    ran = aura("prd", "check", "spec.md", "--severity", "warning")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "spec.md:3: warning: 'quickly' is not something that a test can tell (vague-word)",
        "    “FR-001: The shop shall load the list quickly.”",
        "    why: Two people read the word differently, so no test can tell whether it is done.",
        "    try: FR-001: The shop shall load the list <how long at most, for how much, measured where>.",
        "spec.md:5: error: FR-003 says the opposite of line 4, 'FR-002: The shop must store it.' (contradiction)",
        "    “FR-003: The shop must not store it.”",
        "    why: Both cannot be built; whoever meets the second one first decides for everybody.",
        "    try: Decide which of the two holds and take the other one out, or say under which condition each",
        "         holds.",
    ]
    assert ran.err.splitlines()[0] == "2 findings · contradiction 1, vague-word 1 · English"
    assert "not applied: criterion-without-test: no tests to look at" in ran.err
    chosen = aura("prd", "check", "spec.md", "--rule", "vague-word", "--json").json()
    assert (chosen["total"], chosen["errors"]) == (1, 0)
    assert aura("prd", "check", "spec.md", "--off", "contradiction").code == 0
    assert "there is no rule 'x'" in aura("prd", "check", "spec.md", "--rule", "x").err


def test_files_outside_and_standard_input_are_checked(
    aura: Aura, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn
) -> None:
    other = tmp_path / "other.md"
    other.write_text(SPEC, encoding="utf-8")
    assert aura("prd", "check", str(other)).code == 1
    assert "content" in gateway.asked[-1][1]

    class Input:
        buffer = io.BytesIO(b"")

    monkeypatch.setattr(prd_module.sys, "stdin", Input)
    ran = aura("prd", "check", "-")
    assert "-:1: error: empty: the file is empty" in ran.out
    assert "cannot read gone.md" in aura("prd", "check", "gone.md").err
    large = tmp_path / "large.md"
    large.write_bytes(b"x" * 2_000_001)
    assert "at most 2,000,000 bytes" in aura("prd", "check", str(large)).err
    assert "the plan has no PRD" in aura("prd", "check").err
    many = tmp_path / "many.md"
    many.write_text(
        "# Spec\n\n" + "".join(f"- FR-{n:04}: The shop shall load shelf {n} quickly.\n" for n in range(1, 1300)),
        encoding="utf-8",
    )
    assert len(aura("prd", "check", str(many), "-n", "1200").out.splitlines()) == 1200 * 4
    empty = tmp_path / "fine.md"
    empty.write_text("# Notes\n\nThe shop is open.\n", encoding="utf-8")
    assert aura("prd", "check", str(empty)).out.endswith("Nothing is wrong.\n")


def test_a_prd_is_made_shown_checked_and_approved(aura: Aura, shop: Path) -> None:
    ran = aura("prd", "new", "Export invoices as CSV", "--no-model", "--dry-run")
    assert (ran.code, (shop / ".ai").exists()) == (0, False)
    assert "- **FR-001**: The system shall export invoices as CSV. (source: the sentence)" in ran.out
    ran = aura("prd", "new", "Export invoices as CSV", "--no-model")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "Export invoices as CSV  .ai/prd.md"
    assert "  Intro                                 facts  3 facts, 0 assumptions" in ran.out.splitlines()
    assert "no model" in ran.err
    assert "aura prd check shows what is open" in ran.err
    assert aura("prd", "check").code == 0
    assert aura("prd", "approve", "--by", "Ada").code == 0
    put(shop, "templates/prd.md", b"\xff")
    assert aura("prd", "new", "Sell", "--no-model").code == 2


QUESTIONS = {
    "project": "p", "state": "questions", "questions": [{"id": "Q1", "question": "Who?", "why": "rights"}, {"id": "Q2", "question": "When?"}],
}  # fmt: skip
BUDGET: JsonObject = {"project": "p", "state": "budget", "budget": {"calls": 9, "tokens": 20_000, "agreed": True}}
WRITTEN: JsonObject = {
    "project": "p", "state": "written", "title": "Sell", "path": ".ai/prd.md", "model": "local/small", "facts": 3, "assumptions": 2,
    "sections": [{"title": "Goals", "by": "model", "facts": 1, "assumptions": 2}, {"title": "Scope", "by": "facts", "problem": "cut"}],
    "findings": [{"rule": "model-answer", "severity": "warning", "path": ".ai/prd.md", "line": 1, "message": "cut", "why": "w"}],
    "notices": ["the index of the code did not answer"],
}  # fmt: skip


@pytest.fixture
def replies(shop: Path, gateway: StandIn) -> Callable[..., list[JsonObject]]:
    """Answers of the gateway, in order; returns what was asked."""
    asked: list[JsonObject] = []

    def use(*answers: JsonObject) -> list[JsonObject]:
        waiting = list(answers)

        def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
            del method, path, token
            asked.append(body)
            return 200, waiting.pop(0)

        gateway.answer = answer
        return asked

    return use


def test_questions_are_answered_from_a_file(aura: Aura, shop: Path, replies: Callable[..., list[JsonObject]]) -> None:
    (shop / "answers.txt").write_text("Q1: only admins\n   and auditors\n\n- Q2) daily\n", encoding="utf-8")
    asked = replies(BUDGET, QUESTIONS, WRITTEN)
    ran = aura("prd", "new", "Sell", "--answers", "answers.txt")
    assert ran.code == 0
    assert asked[-1]["answers"] == [{"id": "Q1", "answer": "only admins and auditors"}, {"id": "Q2", "answer": "daily"}]
    assert asked[0]["estimate"] is True
    assert ran.err.splitlines()[0] == "A model, where one is, is asked 9 times: about 20,000 tokens at the most."
    assert "  Scope                                 facts  0 facts, 0 assumptions !" in ran.out.splitlines()
    assert ".ai/prd.md:1: warning: cut (model-answer)" in ran.out
    assert "3 statements with a source · 2 assumptions to confirm · local/small" in ran.err
    (shop / "answers.json").write_text(json.dumps({"q2": "weekly"}), encoding="utf-8")
    replies(BUDGET, QUESTIONS, WRITTEN)
    assert aura("prd", "new", "Sell", "--answers", "answers.json").code == 0
    assert asked[-1]["answers"] == [{"id": "Q1", "answer": ""}, {"id": "Q2", "answer": "weekly"}]
    for text, problem in (
        ("hello\n", "belongs to no question"),
        ("{x", "no JSON"),
        ("Q7: x\n", "there is no question Q7"),
    ):
        (shop / "answers.txt").write_text(text, encoding="utf-8")
        replies(BUDGET, QUESTIONS, WRITTEN)
        assert problem in aura("prd", "new", "Sell", "--answers", "answers.txt").err


def test_questions_are_asked_in_the_terminal_or_shown(
    aura: Aura, replies: Callable[..., list[JsonObject]], monkeypatch: pytest.MonkeyPatch
) -> None:
    replies(BUDGET, QUESTIONS)
    ran = aura("prd", "new", "Sell")
    assert ran.code == 1
    assert ran.out.splitlines()[:3] == ["These questions come first:", "  Q1: Who?", "      rights"]
    assert "aura prd new --resume --answers FILE" in ran.err
    replies(BUDGET, QUESTIONS)
    assert aura("prd", "new", "Sell", "--json").json()["state"] == "questions"
    monkeypatch.setattr(prd_module, "asks", lambda: True)
    given = ["only admins", ""]
    monkeypatch.setattr(prd_module.click, "prompt", lambda _name, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    asked = replies(BUDGET, QUESTIONS, WRITTEN)
    assert aura("prd", "new", "Sell").code == 0
    assert asked[-1]["answers"] == [{"id": "Q1", "answer": "only admins"}, {"id": "Q2", "answer": ""}]
    replies(BUDGET, *[QUESTIONS] * 5)
    given.extend([""] * 10)
    assert "the questions do not end" in aura("prd", "new", "Sell").err


def test_a_large_budget_wants_a_yes(
    aura: Aura, replies: Callable[..., list[JsonObject]], monkeypatch: pytest.MonkeyPatch
) -> None:
    large: JsonObject = {"project": "p", "state": "budget", "budget": {"calls": 9, "tokens": 90_000, "agreed": False}}
    replies(large)
    ran = aura("prd", "new", "Sell")
    assert ran.code == 5
    assert "above the bound of the settings" in ran.err
    asked = replies(large, WRITTEN)
    assert aura("prd", "new", "Sell", "--yes", "--no-questions").code == 0
    assert (asked[-1]["agreed"], asked[-1]["questions"]) == (True, False)
    monkeypatch.setattr(prd_module, "asks", lambda: True)
    for said, code in ((False, 130), (True, 0)):
        monkeypatch.setattr(prd_module, "ask", lambda _question, said=said: said)  # pyright: ignore[reportUnknownLambdaType]
        asked = replies(large, WRITTEN)
        assert aura("prd", "new", "Sell").code == code
    assert asked[-1]["agreed"] is True


def test_a_draft_that_stopped_says_how_to_go_on(aura: Aura, replies: Callable[..., list[JsonObject]]) -> None:
    stopped = {**WRITTEN, "state": "stopped"}
    replies(BUDGET, stopped)
    ran = aura("prd", "new", "--resume")
    assert ran.code == 1
    assert "aura prd new --resume goes on" in ran.err
    replies(stopped)
    assert aura("prd", "new", "Sell", "--no-model", "--json").json()["state"] == "stopped"
