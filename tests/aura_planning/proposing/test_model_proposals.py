"""What a model says a document lacks: held against its lines, whatever it answers; scripted, and a real server."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import JsonValue

from aura_models.discovery import provider_for
from aura_models.provider import ServerAddress
from aura_models_served import Served
from aura_planning.proposing.service import ProposalService
from aura_shared.bus import Context
from aura_shared.errors import AnswerCut, AuraError, ModelDropped, NoModel, SchemaMismatch, UnknownFile, UsageProblem
from aura_shared.messages.core import Done
from aura_shared.messages.models import Complete, Completion, ReportOutcome
from aura_shared.messages.plan_items import ListItems, ShowItem
from aura_shared.messages.plan_proposals import ExpandPlanItem, ProposalAnswer, ProposePlan
from plan_items_rig import ItemRig, item_text, put
from tiny_model import tiny_server

pytestmark = pytest.mark.requirement("A2")

PLAN = """\
# Shop

## Epic 1: Orders

### Story 1.1: Pay by card

As a customer, I want to pay by card, so that I get my order.

**Acceptance criteria:**
- A valid card is charged

**Tasks:**
- [ ] T001 Build the form
- [ ] T002 Charge the card (depends on T001)

Customers SHALL get a **receipt** by mail.

## Epic 2: Shipping

### Story 2.1: Send the parcel

As a clerk, I want to print a label.

The parcel may leave only after the order was paid.
"""
Answer = str | Completion | AuraError | dict[str, JsonValue] | Callable[[Complete], "str | AuraError"]


def wish(kind: str = "task", title: str = "Send the receipt", **fields: object) -> dict[str, JsonValue]:
    """One proposal as a model words it."""
    row: dict[str, object] = {
        "kind": kind, "title": title, "item": 0, "needs": 0, "points": 0, "criteria": [],
        "quote": "Customers SHALL get a receipt by mail", "why": "No task covers it.", **fields,
    }  # fmt: skip
    return json.loads(json.dumps(row))


def said(*wishes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """An answer with these proposals."""
    return {"proposals": list(wishes)}


NOTHING = said()


@dataclass
class Models:
    """Answers what a test writes down, one a call; the last one for ever."""

    answers: list[Answer] = field(default_factory=list[Answer])
    asked: list[Complete] = field(default_factory=list[Complete])
    reported: list[bool] = field(default_factory=list[bool])

    async def complete(self, request: Complete, _: Context) -> Completion:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, AuraError):
            raise answer
        if isinstance(answer, Completion):
            return answer
        text, data = (answer, None) if isinstance(answer, str) else ("", answer)
        return Completion(call="c", text=text, data=data, model="test/model", tokens_in=100, tokens_out=20)

    async def report(self, request: ReportOutcome, _: Context) -> Done:
        self.reported.append(request.passed)
        return Done()

    def prompt(self, number: int = -1) -> str:
        return "\n".join(turn.content for turn in self.asked[number].turns)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "epics/e1aaaa-orders.md", item_text("e1aaaa", "epic", "Orders", alias="1"))
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay by card", epic="e1aaaa", alias="1.1"))
    put(root, "stories/s2aaaa-send.md", item_text("s2aaaa", "story", "Send the parcel", alias="2.1", estimate=5))
    (root / "docs").mkdir()
    (root / "docs/prd.md").write_text(PLAN, encoding="utf-8")
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    ProposalService(found.desk, found.service).register()
    yield found
    await found.service.stop()


@pytest.fixture
def models(rig: ItemRig) -> Models:
    made = Models()
    bus = rig.hub.connect("models")
    bus.serve(Complete, made.complete)
    bus.serve(ReportOutcome, made.report)
    return made


async def ask(rig: ItemRig, **fields: object) -> ProposalAnswer:
    return await rig.ask(ProposePlan.model_validate({"project": rig.project.id, "path": "docs/prd.md", **fields}))


async def test_each_section_is_asked_about_once_with_the_outline_and_its_lines(rig: ItemRig, models: Models) -> None:
    models.answers = [NOTHING]
    answer = await ask(rig, sections=0)
    assert (answer.sections, answer.sections_done, models.asked) == (2, 0, [])
    assert answer.budget_tokens > 2000
    answer = await ask(rig)
    assert (answer.sections, answer.sections_done, answer.budget_tokens) == (2, 2, answer.budget_tokens)
    assert [one.temperature for one in models.asked] == [0.2, 0.2]
    assert "2. story Story 1.1 Pay by card" in models.prompt(0)
    assert "16| Customers SHALL get a **receipt** by mail." in models.prompt(0)
    assert "print a label" not in models.prompt(0)
    assert "24| The parcel may leave only after the order was paid." in models.prompt(1)
    assert answer.reason == "no model found anything that is lacking"
    assert answer.model is not None
    assert (answer.model.calls, answer.model.tokens_in, answer.model.tokens_out) == (2, 200, 40)
    again = await ask(rig)
    assert (len(models.asked), again.sections_done) == (2, 2)


async def test_proposals_rest_on_lines_or_are_marked(rig: ItemRig, models: Models, root: Path) -> None:
    models.answers = [
        said(
            wish(item=2, points=2, criteria=["It arrives within a minute"]),
            wish(title="Compose a song", quote="Everybody shall sing along"),
            wish(title="Short quote", quote="a"),
        ),
        NOTHING,
    ]
    answer = await ask(rig)
    rows = [(one.title, one.grounded, one.source.first if one.source else 0) for one in answer.proposals]
    assert rows == [("Send the receipt", True, 16), ("Compose a song", False, 0), ("Short quote", False, 0)]
    assert answer.proposals[0].parent == "s1aaaa"
    lines = (root / "docs/prd.md").read_text().splitlines()
    assert "receipt" in lines[15]
    done = await ask(rig, apply=True, model="never")
    assert done.applied == [1, 2, 3]
    marks = {file.read_text().partition("source: ")[2].partition("\n")[0] for file in (root / ".ai/tasks").iterdir()}
    assert marks == {"docs/prd.md:16", "ungrounded"}
    assert (await ask(rig, model="never")).proposals == []


async def test_what_is_there_already_and_what_names_nothing_is_dropped(rig: ItemRig, models: Models) -> None:
    models.answers = [
        said(
            wish(title="Build the form"),
            wish("story", "Pay by card"),
            wish(title="Send the receipt"),
            wish(title="send the Receipt"),
            wish(title="For nobody", item=99),
            wish(title="?!"),
            wish("criterion", "A valid card is charged", item=2),
            wish("criterion", "x", item=99, criteria=["Something"]),
            wish("estimate", item=6, points=3),
            wish("estimate", item=2, points=0),
        ),
        NOTHING,
    ]
    answer = await ask(rig)
    assert [one.title for one in answer.proposals] == ["Send the receipt"]
    reasons = [one.rpartition(": ")[2] if "there already" not in one else "there already" for one in answer.notices]
    assert len(reasons) == 9
    assert sum(one == "there already" for one in reasons) == 4
    assert "there is no item 99" in reasons
    assert "a person estimated it" in reasons


async def test_a_dependency_that_would_go_in_a_circle_is_dropped(rig: ItemRig, models: Models) -> None:
    models.answers = [
        said(
            wish("dependency", item=4, needs=3),
            wish("dependency", item=3, needs=4),
            wish("dependency", item=6, needs=2),
            wish("dependency", item=2, needs=6),
            wish("dependency", item=2, needs=2),
        ),
        NOTHING,
    ]
    answer = await ask(rig)
    assert [(one.what, one.item.rpartition("/")[2], one.depends_on) for one in answer.proposals] == [
        ("change", "s2aaaa-send.md", ["s1aaaa"])
    ]
    assert sum("in a circle" in one for one in answer.notices) == 2
    await ask(rig, apply=True, model="never")
    shown = await rig.ask(ShowItem(project=rig.project.id, item="s2aaaa"))
    assert shown.item.depends_on == ["s1aaaa"]


async def test_criteria_and_estimates_go_into_items_of_the_plan(rig: ItemRig, models: Models, root: Path) -> None:
    models.answers = [
        said(
            wish("criterion", "Receipts", item=2, criteria=["A receipt is sent by mail"]),
            wish("estimate", item=2, points=3, quote="no such words here"),
            wish("criterion", "Forms", item=3, criteria=["The form has a label"]),
        ),
        NOTHING,
    ]
    done = await ask(rig, apply=True)
    text = (root / ".ai/stories/s1aaaa-pay.md").read_text()
    assert "- A receipt is sent by mail <!-- proposed by a model: docs/prd.md:16 -->\n" in text
    assert "estimate: 3\nestimate_from: model 3/3/3\n" in text
    assert any("the plan has no item 'Build the form'" in one for one in done.notices)
    assert (await rig.ask(ListItems(project=rig.project.id, what="findings"))).findings == []


@pytest.mark.parametrize(
    "nonsense",
    [
        "I am glad to help! First, let me think about your shop.",
        '{"proposals": [{"kind": "task", "title": "Half an ans',
        '{"answer": 42}',
        '[1, 2]',
        "",
        '{"proposals": [{"kind": "song"}]}',
        SchemaMismatch("proposals.0: kind is missing"),
    ],
    ids=["prose", "half", "another object", "list", "empty", "wrong fields", "refused by the schema"],
)  # fmt: skip
async def test_nonsense_is_told_and_asked_again_and_then_shown(rig: ItemRig, models: Models, nonsense: Answer) -> None:
    models.answers = [nonsense, nonsense, nonsense, NOTHING]
    answer = await ask(rig)
    assert len(models.asked) == 4
    assert [one.seed for one in models.asked] == [7, 7, 8, 7]
    assert "The last answer was refused" in models.prompt(1)
    (finding,) = answer.findings
    assert (finding.rule, finding.severity, finding.path, finding.line) == ("model-answer", "error", "docs/prd.md", 3)
    assert (answer.sections, answer.sections_done, answer.proposals) == (2, 1, [])
    models.answers = [said(wish())]
    again = await ask(rig)
    assert ([one.title for one in again.proposals], again.sections_done, again.findings) == (
        ["Send the receipt"],
        2,
        [],
    )


async def test_fences_thoughts_and_words_around_an_answer_are_taken_away(rig: ItemRig, models: Models) -> None:
    row = json.dumps(said(wish()))
    models.answers = [f"<think>hm {{</think>Sure:\n```json\n{row}\n```\nDone.", f"Here you are: {row} and that is all"]
    answer = await ask(rig)
    assert ([one.title for one in answer.proposals], answer.findings) == (["Send the receipt"], [])
    assert models.reported == [True, True]


async def test_what_is_well_formed_of_an_answer_is_kept_and_the_rest_is_told(rig: ItemRig, models: Models) -> None:
    models.answers = [said(wish(), {**wish(title="Next"), "kind": "song"}, wish(title="Third thing")), NOTHING]
    answer = await ask(rig)
    assert [one.title for one in answer.proposals] == ["Send the receipt", "Third thing"]
    (finding,) = answer.findings
    assert (finding.rule, finding.severity) == ("model-answer-partly", "warning")
    assert "proposal 2: kind" in finding.message
    assert (await ask(rig, model="never")).findings == [finding]


async def test_a_cut_answer_is_asked_for_in_halves(rig: ItemRig, models: Models) -> None:
    def answer(request: Complete) -> str | AuraError:
        text = request.turns[-1].content
        if "3| ## Epic 1" in text and "16| Customers" in text:
            return AnswerCut("the answer was cut")
        return json.dumps(said(wish())) if "16| Customers" in text else json.dumps(NOTHING)

    models.answers = [answer]
    found = await ask(rig)
    assert [one.title for one in found.proposals] == ["Send the receipt"]
    assert (len(models.asked), found.findings) == (4, [])
    models.answers = [Completion(call="c", text="{", finish="length")]
    cut = await ask(rig, again=True)
    assert {one.rule for one in cut.findings} == {"model-answer-cut"}
    assert cut.sections_done == 0
    assert cut.reason == "2 of the document's sections have no answer yet: 2 in all"


async def test_a_model_that_dies_leaves_what_was_answered_and_the_work_goes_on(rig: ItemRig, models: Models) -> None:
    models.answers = [said(wish()), ModelDropped("the connection ended")]
    answer = await ask(rig)
    assert ([one.title for one in answer.proposals], answer.sections_done) == (["Send the receipt"], 1)
    (finding,) = answer.findings
    assert (finding.rule, finding.line) == ("model-failed", 18)
    assert "goes on from here" in finding.message
    assert answer.model is not None
    assert answer.model.why_not == "the connection ended"
    models.answers = [said(wish("story", "Insure the parcel", quote="The parcel may leave only after"))]
    rest = await ask(rig)
    assert [one.title for one in rest.proposals] == ["Send the receipt", "Insure the parcel"]
    assert (len(models.asked), rest.sections_done) == (3, 2)


async def test_without_a_model_it_says_so(rig: ItemRig, root: Path) -> None:
    answer = await ask(rig)
    assert [(one.rule, one.severity) for one in answer.findings] == [("model-failed", "error")]
    bus = rig.hub.connect("models")

    async def none(_: Complete, __: Context) -> Completion:
        raise NoModel("no model server answers")

    bus.serve(Complete, none)
    with pytest.raises(NoModel):
        await ask(rig, model="always")
    assert (await ask(rig)).findings[0].severity == "warning"
    never = await ask(rig, model="never")
    assert (never.findings, never.reason) == ([], "2 of the document's sections have no answer yet: 2 in all")
    with pytest.raises(UnknownFile):
        await ask(rig, path="docs/none.md")
    with pytest.raises(UsageProblem, match="Base64"):
        await ask(rig, content="QQQ")


async def test_a_changed_section_is_asked_about_anew_and_the_others_are_not(
    rig: ItemRig, models: Models, root: Path
) -> None:
    models.answers = [NOTHING]
    await ask(rig)
    (root / "docs/prd.md").write_text(PLAN.replace("print a label", "print two labels"), encoding="utf-8")
    answer = await ask(rig)
    assert len(models.asked) == 3
    assert "print two labels" in models.prompt()
    assert answer.sections_done == 2
    (record,) = (Path(rig.paths.data) / "plan" / rig.project.id / "proposals").iterdir()
    record.write_text("{broken", encoding="utf-8")
    assert (await ask(rig, model="never")).sections_done == 0


async def test_a_model_is_asked_about_an_item_whose_text_says_nothing(rig: ItemRig, models: Models, root: Path) -> None:
    models.answers = [said(wish(title="Print the label", item=1, quote=""), wish("story", "Weigh it"))]
    body = {"project": rig.project.id, "item": "s2aaaa"}
    assert (await rig.ask(ExpandPlanItem.model_validate(body))).proposals == []
    answer = await rig.ask(ExpandPlanItem.model_validate({**body, "model": "auto", "apply": True}))
    assert [(one.kind, one.title, one.parent, one.grounded) for one in answer.proposals] == [
        ("task", "Print the label", "s2aaaa", False), ("task", "Weigh it", "s2aaaa", False),
    ]  # fmt: skip
    assert answer.applied == [1, 2]
    put(root, "stories/s3aaaa-x.md", item_text("s3aaaa", "story", "Told", body="## Tasks\n\n- [ ] One\n- [ ] Two\n"))
    asked = len(models.asked)
    told = await rig.ask(ExpandPlanItem.model_validate({**body, "item": "s3aaaa", "model": "auto"}))
    assert (len(told.proposals), len(models.asked)) == (2, asked)


@pytest.fixture(scope="module")
def llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    """A real llama.cpp whose model writes noise within the grammar."""
    with tiny_server(tmp_path_factory.mktemp("llamacpp")) as url:
        yield url


@pytest.mark.timeout(400)
async def test_noise_of_a_real_server_leaves_no_item_without_a_line_or_a_mark(
    rig: ItemRig, llamacpp: str, root: Path
) -> None:
    text = "# Shop\n\n" + "".join(
        f"## Epic {n}: Part {n}\n\n### Story {n}.1: Do {n}\n\nSay {n}.\n\n" for n in range(1, 9)
    )
    (root / "docs/prd.md").write_text(text, encoding="utf-8")
    provider = provider_for(ServerAddress(name="llamacpp", kind="llamacpp", url=llamacpp))
    served = Served(rig.paths, provider, roles={"plan": ["llamacpp/tiny"]})
    try:
        await served.service.start()
        bus = rig.hub.connect("models")

        async def pass_on(request: Complete, _: Context) -> Completion:
            schema = json.dumps(request.answer_schema).replace('"maxItems": 8', '"maxItems": 3')
            short = re.sub(r'"maxLength": \d+', '"maxLength": 24', schema).replace('"maxItems": 4', '"maxItems": 1')
            asked = request.model_copy(
                update={"answer_schema": json.loads(short)}
            )  # a character is a token of this model
            return await served.client.request(asked, timeout_s=100.0)

        async def report(request: ReportOutcome, _: Context) -> Done:
            return await served.client.request(request)

        bus.serve(Complete, pass_on)
        bus.serve(ReportOutcome, report)
        request = ProposePlan(project=rig.project.id, path="docs/prd.md")
        answer = await rig.client.request(request, timeout_s=300.0)
    finally:
        await served.service.stop()
    assert answer.model is not None
    assert answer.model.calls >= 2
    assert answer.model.model == "llamacpp/tiny"
    assert answer.proposals
    lines = text.splitlines()
    for one in answer.proposals:
        assert one.grounded == (one.source is not None)
        assert one.source is None or one.source.quote.split()[0] in lines[one.source.first - 1]
    done = await ask(rig, apply=True, model="never")
    marks = [file.read_text() for folder in ("tasks", "stories") for file in (root / ".ai" / folder).glob("*.md")]
    assert sum("\nsource: " in text for text in marks) == sum(one.what == "add" for one in done.proposals)
    print(f"real server: {answer.model.calls} calls, {len(answer.proposals)} proposals, {len(answer.notices)} dropped")
