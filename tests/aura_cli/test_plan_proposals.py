"""`aura plan expand`, `split`, `estimate` and `parse --model` against the real service on real files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from aura_cli.commands import plan_proposals as module
from aura_cli_running import Aura, JsonObject, StandIn
from aura_planning.proposing.service import ProposalService
from aura_shared.bus import Context
from aura_shared.errors import AuraError
from aura_shared.messages.core import Done
from aura_shared.messages.models import Complete, Completion, ReportOutcome
from aura_shared.messages.plan_proposals import ExpandPlanItem, ProposePlan
from plan_items_rig import ItemRig, item_text, put

pytestmark = pytest.mark.requirement("A2", "P10")

STORY = """\
## Acceptance criteria

- An order is paid by card
- A declined card shows an error
- Every order gets a receipt by mail

## Tasks

- [ ] Send the receipt by mail for every order
"""
PLAN = (
    "# Shop\n\n## Orders\n\n- FR-001: Customers SHALL cancel an order within an hour.\n- FR-002: Orders SHALL ship.\n"
)
WISH = {
    "kind": "task", "title": "Cancel an order", "item": 1, "needs": 0, "points": 2,
    "criteria": ["A paid order is refunded"], "quote": "Customers SHALL cancel an order", "why": "Nothing covers it.",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A plan of one story and one document; the working directory. The model always wishes for one task."""
    root = tmp_path / "shop"
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", body=STORY))
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Draw the form", parent="s1aaaa"))
    (root / "prd.md").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(root)
    rig = ItemRig(root)
    ProposalService(rig.desk, rig.service).register()
    models = rig.hub.connect("models")

    async def complete(_: Complete, __: Context) -> Completion:
        wishes: JsonObject = {"proposals": [WISH, {**WISH, "title": "Sing a song", "quote": "Everybody shall sing"}]}
        return Completion(call="1", text="", data=wishes, model="test/model", tokens_in=90, tokens_out=30)  # pyright: ignore[reportArgumentType]

    async def reported(_: ReportOutcome, __: Context) -> Done:
        return Done()

    models.serve(Complete, complete)
    models.serve(ReportOutcome, reported)
    serve(rig, gateway)
    return root


def serve(rig: ItemRig, gateway: StandIn) -> None:
    """Answer both routes; as lines where the command asks so."""
    kinds = {"/v1/plan/expand": ExpandPlanItem, "/v1/plan/propose": ProposePlan}

    async def one(path: str, body: JsonObject) -> JsonObject:
        try:
            return (await rig.ask(kinds[path].model_validate(body))).model_dump(mode="json")
        finally:
            await rig.service.stop()

    def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
        gateway.asked.append((f"{method} {path}", body))
        try:
            found = asyncio.run(one(path, body))
        except (AuraError, ValidationError) as error:
            text, hint, code = (
                (error.message, error.hint, error.code)
                if isinstance(error, AuraError)
                else (str(error), "", "internal")
            )
            return 409, {"error": {"code": code, "message": text, "hint": hint, "request_id": "1"}}
        streams = path == "/v1/plan/propose" or body.get("model", "never") != "never"
        return 200, {"answer": found} if streams else found

    gateway.answer = answer


def test_a_story_is_expanded_and_what_was_chosen_is_written(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "expand", "s1aaaa", "--no-model")
    lines = ran.out.splitlines()
    assert lines[0] == "Pay  s1aaaa"
    assert lines[1] == "  1  implement  Send the receipt by mail for every order"
    assert lines[2].strip() == "the story lists it on line 16 · it does what criterion 3 asks for"
    assert lines[3].strip() == ".ai/stories/s1aaaa-pay.md:16"
    assert "  2  test  Test: An order is paid by card" in lines
    assert "  3  implement  Implement: An order is paid by card" in lines
    assert any("after #2" in line for line in lines)
    assert "Nothing is written. --apply writes them" in ran.err
    ran = aura("plan", "expand", "s1aaaa", "--no-model", "--only", "1,2-3", "--apply")
    assert "3 proposals written, 3 files" in ran.err
    assert len(list((shop / ".ai/tasks").iterdir())) == 4
    assert aura("plan", "expand", "s1aaaa", "--json").json()["total"] == 3


def test_a_choice_needs_a_yes(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = aura("plan", "expand", "s1aaaa", "--only", "1")
    assert (ran.code, "--only chooses what to write" in ran.err) == (2, True)
    assert aura("plan", "expand", "s1aaaa", "--only", "x").code == 2
    monkeypatch.setattr(module, "asks", lambda: True)
    monkeypatch.setattr(module, "ask", lambda _question, **_: False)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    ran = aura("plan", "expand", "s1aaaa", "--only", "1")
    assert "+# Send the receipt by mail" in ran.out
    assert len(list((shop / ".ai/tasks").iterdir())) == 1
    monkeypatch.setattr(module, "ask", lambda _question, **_: True)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert aura("plan", "expand", "s1aaaa", "--only", "1").code == 0
    assert len(list((shop / ".ai/tasks").iterdir())) == 2
    ran = aura("plan", "expand", "s1aaaa", "--only", "1", "--apply", "--list", "00000000")
    assert (ran.code, "is another one now" in ran.err) == (5, True)


def test_a_story_is_split_and_estimated(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "split", "s1aaaa", "--diff")
    assert ran.out.splitlines()[0] == "Pay  s1aaaa · split by errors"
    assert "       - A declined card shows an error" in ran.out.splitlines()
    assert "+split_into:" in ran.out
    assert aura("plan", "split", "s1aaaa", "--by", "data").out.splitlines()[1].startswith("the criteria do not differ")
    ran = aura("plan", "estimate", "s1aaaa")
    assert ran.out.splitlines()[1].split() == ["NO", "POINTS", "RANGE", "BY", "KIND", "TITLE"]
    assert "size 1.4 = 0.5 + 3 criteria 0.3" in ran.out
    assert aura("plan", "estimate", "--apply").err.count("2 proposals written") == 1
    assert "estimate_from: size" in (shop / ".ai/tasks/t1aaaa-form.md").read_text()
    assert aura("plan", "split", "s1aaaa", "--apply").err.count("2 proposals written") == 1
    assert aura("plan", "split", "nobody").code != 0


def test_a_model_says_what_a_document_lacks(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "parse", "prd.md", "--model", "--sections", "0")
    assert "0 of 1 section answered" in ran.err
    assert "takes at most" in ran.err
    ran = aura("plan", "parse", "prd.md", "--model")
    lines = ran.out.splitlines()
    assert lines[1] == "  1  task  Cancel an order"
    assert lines[2].strip() == "Nothing covers it. · for FR-001 · prd.md:5 · 2 points"
    assert "       - A paid order is refunded" in lines
    assert "  2  task  Sing a song" in lines
    assert "UNGROUNDED: no line of the document says so" in ran.out
    assert "1 of 1 section answered · test/model: 1 call, 90 tokens in, 30 out" in ran.err
    ran = aura("plan", "parse", "prd.md", "--no-model", "--apply", "--json")
    assert ran.json()["applied"] == [1, 2]
    files = {file.read_text() for file in (shop / ".ai/tasks").iterdir()}
    assert any("proposed_by: model\nsource: prd.md:5\n" in text for text in files)
    assert any("proposed_by: model\nsource: ungrounded\n" in text for text in files)
    outside = shop.parent / "other.md"
    outside.write_text(PLAN, encoding="utf-8")
    assert aura("plan", "parse", str(outside), "--model").code == 0
