"""PRDs over the bus: from facts alone, with a model that answers well, badly, half or not at all, resumed, undone."""

# ruff: noqa: E501 - one line of a document a line reads best

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from aura_planning.documents.service import DocumentService
from aura_shared.bus import Context
from aura_shared.errors import (
    AnswerCut,
    AuraError,
    GateClosed,
    ModelUnreachable,
    NoModel,
    NotFound,
    SchemaMismatch,
    UsageProblem,
)
from aura_shared.messages.code import Freshness, SearchAnswer, SearchCode, SearchHit
from aura_shared.messages.models import Complete, Completion
from aura_shared.messages.plan_documents import CheckDocument, DraftAnswer, DraftDocument, DraftedDocument
from aura_shared.messages.plan_items import UndoPlan
from aura_shared.messages.structure import Defined, EntryPoint, EntryPointsAnswer, FindEntryPoints
from plan_items_rig import ItemRig, item_text, put

pytestmark = pytest.mark.requirement("A1")

IDEA = "As a reader, I want to export invoices as CSV within 5 seconds so that my tax adviser can read them"
PYPROJECT = """\
[project]
name = "bookshop"
description = "Sells books on trains."
dependencies = ["fastapi", "sqlalchemy>=2"]

[project.scripts]
bookshop = "shop.cli:main"

[tool.pytest.ini_options]
testpaths = ["tests"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for path, text in {
        "pyproject.toml": PYPROJECT,
        "README.md": "# Bookshop\n\nA shop for books that people read on trains.\n",
        "LICENSE": "MIT License\n\nCopyright\n",
        "Makefile": "test:\n\tpytest\n",
        "shop/cli.py": "def main():\n    pass\n",
        "shop/invoices.py": "class Invoice:\n    pass\n",
        "tests/test_invoices.py": "def test_us_001():\n    pass\n",
        "docs/guide.md": "# Guide\n",
        ".github/workflows/ci.yml": "name: checks\n",
        "node_modules/x/index.js": "",
    }.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    DocumentService(found.desk, found.service).register()
    yield found
    await found.service.stop()


async def draft(rig: ItemRig, idea: str = IDEA, **fields: object) -> DraftedDocument:
    body: dict[str, object] = {"project": rig.project.id, "idea": idea, "use_model": False, "budget": 20_000, **fields}
    return await rig.ask(DraftDocument.model_validate(body))


def statements(text: str) -> list[str]:
    """Lines that say something: entries and rows, without heads of tables."""
    lines = [line.strip() for line in text.splitlines() if re.match(r"\s*[-|]", line)]
    return [line for line in lines if not re.match(r"\|[-| ]+\|$|\| (?:Technology|Change) \||---$", line)]


def unmarked(text: str) -> list[str]:
    """Statements that are neither fact with a source, assumption, nor a question or a pointer to one."""
    return [
        line
        for line in statements(text)
        if "(source: " not in line and "[ASSUMPTION]" not in line and "**Q" not in line and "see Q" not in line
        and "Made from one sentence" not in line
    ]  # fmt: skip


def sources_hold(root: Path, text: str) -> None:
    """Every source is a line that is there."""
    for path, line in re.findall(r"\(source: ([^():]+):(\d+)\)", text):
        assert int(line) <= len((root / path).read_text(encoding="utf-8").splitlines()), path


# -- without a model -----------------------------------------------------------------------------------


async def test_a_sentence_becomes_a_complete_prd_without_a_model(root: Path, rig: ItemRig) -> None:
    done = await draft(rig)
    assert (done.state, done.path, done.model, done.findings) == ("written", ".ai/prd.md", "", [])
    text = (root / ".ai/prd.md").read_text(encoding="utf-8")
    assert text == done.text
    assert text.startswith(
        f"---\nid: {done.item}\nkind: prd\nstatus: draft\n---\n# Export invoices as CSV within 5 seconds\n"
    )
    for line in (
        "- The project is called bookshop. (source: pyproject.toml:2)",
        "- My tax adviser can read them. (source: the sentence)",
        "- **FR-001**: The system shall let the reader export invoices as CSV within 5 seconds. (source: the sentence)",
        "- **NFR-001**: The system shall keep to the figure of the sentence: within 5 seconds. (source: the sentence)",
        "  - The tests run with `pytest`. (source: pyproject.toml:9)",
        "| FastAPI | a dependency of the project (source: pyproject.toml:4) |",
        "- `shop/invoices.py` may be concerned: its name shares invoices with the sentence (source: shop/invoices.py:1)",
        "- Entry point: `bookshop` (shop.cli:main) (source: pyproject.toml:7)",
        "- Licence: MIT License (source: LICENSE:1)",
        "- Checks that run on a server: ci.yml (checks) (source: .github/workflows/ci.yml:1)",
        "- `docs/guide.md`: Guide (source: docs/guide.md:1)",
        "- Tests run with `make test` (source: Makefile:1)",
        "## Out of scope",
    ):
        assert line in text, line
    assert "node_modules" not in text
    assert unmarked(text) == []
    sources_hold(root, text)
    assert (done.facts, done.assumptions) == (text.count("(source: "), text.count("[ASSUMPTION]"))
    assert "the index of the code did not answer" in done.notices[0]
    checked = await rig.ask(CheckDocument(project=rig.project.id))
    assert (checked.errors, set(checked.counts)) == (0, {"unconfirmed-assumption"})


async def test_a_prd_is_one_change_that_can_be_undone(root: Path, rig: ItemRig) -> None:
    shown = await draft(rig, dry_run=True)
    assert (shown.state, shown.operation, (root / ".ai").exists()) == ("shown", "", False)
    done = await draft(rig)
    (event,) = rig.events
    assert [(one.what, one.kind) for one in event.changes] == [("added", "prd")]
    again = await draft(rig, "Send receipts by mail")
    assert re.fullmatch(r"\.ai/documents/\w+-send-receipts-by-mail\.md", again.path)
    assert "the plan has a PRD already; this is another one" in again.notices
    with pytest.raises(UsageProblem, match="2 PRDs"):
        await rig.ask(CheckDocument(project=rig.project.id))
    await rig.ask(UndoPlan(project=rig.project.id, operation=done.operation))
    assert not (root / ".ai/prd.md").exists()


async def test_the_template_of_the_team_is_kept_and_completed(root: Path, rig: ItemRig) -> None:
    put(
        root,
        "templates/prd.md",
        "# {{title}} ({{date}})\n\n## Ziele\n\n_Bitte kurz._\n\n## Risiken\n\n## Budget\n\n## Change log\n",
    )
    done = await draft(rig, "Print receipts")
    text = done.text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Ziele", "## Risiken", "## Budget", "## Requirements", "## Scope", "## Out of scope", "## Open questions", "## Change log",
    ]  # fmt: skip
    assert "## Ziele\n\n_Bitte kurz._\n\n- " in text
    assert "Requirements, Scope, Out of scope, Open questions" in done.notices[-1]
    assert "What belongs in the section “Budget”?" in text
    assert unmarked(text.replace("_Bitte kurz._", "")) == []


async def test_the_index_of_the_code_names_modules_and_entry_points(rig: ItemRig) -> None:
    code = rig.hub.connect("code")

    async def search(request: SearchCode, _context: Context) -> SearchAnswer:
        assert request.query == IDEA
        hits = [
            SearchHit(path="shop/invoices.py", start_line=1, end_line=2, symbol="Invoice", kind="class", score=1.0),
            SearchHit(path="README.md", start_line=1, end_line=2, score=0.5),
        ]
        return SearchAnswer(hits=hits, freshness=Freshness(generation=1))

    async def entries(_request: FindEntryPoints, _context: Context) -> EntryPointsAnswer:
        main = Defined(name="main", kind="function", path="shop/cli.py", line=1, end_line=2)
        return EntryPointsAnswer(entries=[EntryPoint(symbol=main, reason="main")])

    code.serve(SearchCode, search)
    code.serve(FindEntryPoints, entries)
    done = await draft(rig)
    assert (
        "- `shop/invoices.py` may be concerned: class Invoice comes near the words of the sentence (source: shop/invoices.py:1)"
        in done.text
    )
    assert "- Entry point: `main` (main) (source: shop/cli.py:1)" in done.text
    assert "shares invoices" not in done.text
    assert not any("index" in one for one in done.notices)


async def test_an_empty_project_gets_questions_instead_of_facts(tmp_path: Path, aura_home: Path) -> None:
    (tmp_path / "empty").mkdir()
    rig = ItemRig(tmp_path / "empty")
    DocumentService(rig.desk, rig.service).register()
    try:
        done = await draft(
            rig,
            "Ein schneller Export der Rechnungen für die Buchhaltung, der nicht stört und die Daten der Kunden nutzt",
        )
        assert "The system shall do what the sentence asks for: “Ein schneller Export" in done.text
        assert "Technology stack" in done.text
        assert unmarked(done.text) == []
        assert done.findings == []
    finally:
        await rig.service.stop()


async def test_drafts_that_make_no_sense_are_refused(root: Path, rig: ItemRig) -> None:
    with pytest.raises(UsageProblem, match="needs one sentence"):
        await draft(rig, "  ")
    with pytest.raises(UsageProblem, match="no unfinished draft"):
        await draft(rig, "", resume=True)
    with pytest.raises(UsageProblem, match="there is no question 'Q9'"):
        await draft(rig, answers=[DraftAnswer(id="Q9", answer="x")])
    put(root, "templates/prd.md", b"\xff\xfe\x00")
    with pytest.raises(UsageProblem, match="no text"):
        await draft(rig)


# -- checks --------------------------------------------------------------------------------------------


async def test_a_file_of_the_project_is_checked_with_what_lies_around_it(root: Path, rig: ItemRig) -> None:
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop"))
    put(
        root,
        "stories/s1aaaa-pay.md",
        item_text("s1aaaa", "story", "Pay", epic="e1aaaa", alias="US-007", body="Requirements: FR-002\n"),
    )
    (root / "docs/prd.md").write_text(
        "# PRD\n\n## Goals\n\nSell.\n\n## Out of scope\n\n- x\n\n## Metrics\n\n- 1\n\n## Open questions\n\n- y?\n\n## Requirements\n\n"
        "- FR-001: The shop shall sell books, see US-007, [guide](guide.md) and [gone](gone.md).\n- FR-002: The shop shall buy books.\n\n"
        "## User stories\n\n### US-001: Buy\n\n**Acceptance criteria:**\n\n- Given a basket, when I pay, then I get it\n\n"
        "### US-002: Lend\n\n**Acceptance criteria:**\n\n- Given a book, when I lend it, then it is mine\n",
        encoding="utf-8",
    )
    found = await rig.ask(CheckDocument(project=rig.project.id, path="docs/prd.md"))
    assert [(one.rule, one.line, one.item) for one in found.findings] == [
        ("dangling-reference", 21, ""), ("requirement-without-story", 21, "FR-001"), ("criterion-without-test", 36, "US-002"),
    ]  # fmt: skip
    assert found.findings[0].message == "there is no file 'gone.md'"
    assert found.findings[1].why.startswith("Nobody plans what no story covers")


async def test_a_test_in_the_words_of_a_criterion_belongs_to_it(root: Path, rig: ItemRig) -> None:
    (root / "tests/test_lending.py").write_text(
        "def test_a_reader_lends_a_book_for_seven_days():\n    pass\n", encoding="utf-8"
    )
    (root / "stories.md").write_text(
        "# User stories\n\n### US-008: Lend\n\n**Acceptance criteria:**\n\n- A reader lends a book for seven days\n\n"
        "### US-009: Give back\n\n**Acceptance criteria:**\n\n- Librarians receive parcels on Mondays\n",
        encoding="utf-8",
    )
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-qm", "feat: shop")
    found = await rig.ask(CheckDocument(project=rig.project.id, path="stories.md", rules=["criterion-without-test"]))
    assert [one.item for one in found.findings] == ["US-009"]


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


async def test_findings_come_in_pages_and_can_be_chosen(root: Path, rig: ItemRig) -> None:
    lines = "\n".join(
        f"- FR-{n:03}: The shop shall load shelf {n} of hall {n} quickly and/or row {n}." for n in range(1, 40)
    )
    (root / "spec.md").write_text(f"# Spec\n\n{lines}\n", encoding="utf-8")
    ask = CheckDocument(project=rig.project.id, path="spec.md", budget=500, rules=["vague-word", "and-or"])
    first = await rig.ask(ask)
    assert (first.total, first.counts) == (78, {"and-or": 39, "vague-word": 39})
    assert len(first.model_dump_json()) < 500 * 4 + 1000
    start, seen = 0, 0
    while True:
        page = await rig.ask(ask.model_copy(update={"start": start}))
        seen += len(page.findings)
        start = page.next
        if not start:
            break
    assert seen == 78
    bad = await rig.ask(ask.model_copy(update={"severity": "error"}))
    assert bad.findings == []
    (root / ".aura").mkdir(exist_ok=True)
    with pytest.raises(UsageProblem, match="there is no rule 'nothing'"):
        await rig.ask(ask.model_copy(update={"rules": ["nothing"]}))
    with pytest.raises(NotFound, match="no PRD"):
        await rig.ask(CheckDocument(project=rig.project.id))
    with pytest.raises(UsageProblem, match="needs a project"):
        await rig.ask(CheckDocument())
    with pytest.raises(UsageProblem, match="Base64"):
        await rig.ask(CheckDocument(content="abc"))


# -- with a model --------------------------------------------------------------------------------------


Reply = JsonValue | AuraError
Script = Callable[[Complete], Reply]


class Model:
    """A models service whose answers a test writes."""

    def __init__(self, rig: ItemRig, script: Script) -> None:
        self.asked: list[Complete] = []
        self.script = script
        rig.hub.connect("models").serve(Complete, self._complete)

    async def _complete(self, request: Complete, _context: Context) -> Completion:
        self.asked.append(request)
        found = self.script(request)
        if isinstance(found, AuraError):
            raise found
        return Completion(call="1", text=json.dumps(found), data=found, model="local/small")

    @property
    def sections(self) -> list[str]:
        """Sections that were asked for."""
        found = [re.search(r"Write the section “([^”]+)”", one.turns[-1].content) for one in self.asked]
        return [one[1] for one in found if one]


def asks(request: Complete) -> bool:
    return "Which questions" in request.turns[-1].content


def sentence(
    text: str, basis: str = "assumption", source: str = "", quote: str = "", **more: str
) -> dict[str, JsonValue]:
    return {"text": text, "basis": basis, "source": source, "quote": quote, **more}


QUESTIONS: JsonValue = {
    "questions": [{"question": "Which columns does the CSV of invoices need", "why": "decides the format"}]
}


def good(request: Complete) -> Reply:
    if asks(request):
        return QUESTIONS
    text = request.turns[-1].content
    if "section “Features and requirements”" in text:
        return {
            "sentences": [
                sentence("The system shall write one line of CSV for each invoice.", kind="functional", criterion="Given two invoices, when I export, then the CSV has two lines"),
                sentence("FR-9: The system shall let the reader export invoices as CSV within 5 seconds.", "fact", "S", "export invoices as CSV within 5 seconds", kind="functional", criterion="x"),
            ]
        }  # fmt: skip
    return {
        "sentences": [
            sentence("The shop sells books on trains.", "fact", "F2", "Sells books on trains"),
            sentence("The tax adviser can read invoices.", "fact", "S", "my tax adviser can read them"),
            sentence("A tax adviser reads 300 invoices a year.", "fact", "S", "my tax adviser can read them"),
            sentence("Readers keep invoices for ten years.", "fact", "F77", "ten years"),
            sentence("Readers want invoices in one file.", "fact", "S", "in one single file"),
            sentence("Readers export invoices in January."),
        ]
    }


async def test_questions_come_first_and_answers_become_sources(root: Path, rig: ItemRig) -> None:
    model = Model(rig, good)
    first = await draft(rig, use_model=True)
    assert (first.state, [(one.id, one.question) for one in first.questions]) == (
        "questions", [("Q1", "Which columns does the CSV of invoices need?")],
    )  # fmt: skip
    assert (len(model.asked), (root / ".ai").exists()) == (1, False)
    assert first.budget.calls > 5
    assert first.budget.agreed
    done = await draft(
        rig, "", use_model=True, resume=True, answers=[DraftAnswer(id="Q1", answer="Number, date and total")]
    )
    assert (done.state, done.model) == ("written", "local/small")
    assert (
        "- **A1**: “Which columns does the CSV of invoices need?” — Number, date and total (source: the answer to A1)"
        in done.text
    )
    assert (
        "A1: Which columns does the CSV of invoices need? -> Number, date and total"
        in model.asked[-1].turns[-1].content
    )
    assert len(model.asked) == 1 + len(model.sections)
    assert "Technology stack" not in model.sections
    assert all(one.answer_schema is not None and one.max_tokens <= 1200 for one in model.asked)


async def test_every_sentence_of_a_model_is_a_checked_fact_or_an_assumption(root: Path, rig: ItemRig) -> None:
    Model(rig, good)
    done = await draft(rig, use_model=True, questions=False)
    text = done.text
    assert "- The shop sells books on trains. (source: pyproject.toml:3)" in text
    assert "- A tax adviser reads 300 invoices a year. [ASSUMPTION]" in text
    assert "- Readers keep invoices for ten years. [ASSUMPTION]" in text
    assert "- Readers want invoices in one file. [ASSUMPTION]" in text
    assert "- Readers export invoices in January. [ASSUMPTION]" in text
    assert "- **FR-002**: The system shall write one line of CSV for each invoice. [ASSUMPTION]" in text
    assert "  - Given two invoices, when I export, then the CSV has two lines [ASSUMPTION]" in text
    assert text.count("The system shall let the reader export invoices as CSV within 5 seconds.") == 1
    assert unmarked(text) == []
    sources_hold(root, text)
    reasons = [one.message for one in done.findings if one.rule == "model-sentence"]
    assert any("says more than the sentence" in one for one in reasons)
    assert any("there is no source 'F77'" in one for one in reasons)
    assert any("does not say 'in one single file'" in one for one in reasons)
    assert {one.by for one in done.sections} == {"model", "facts"}


NONSENSE: list[tuple[str, Reply, str]] = [
    (
        "letters",
        {"sentences": [sentence("qX;; zz~ 1#"), sentence("uGh vlorp snizzle grimbax wobbit")]},
        "speaks of nothing that is known",
    ),
    ("another form", {"answer": 42}, "speaks of nothing that is known"),
    ("nothing", None, "speaks of nothing that is known"),
    ("a list", [1, 2], "speaks of nothing that is known"),
    ("no schema", SchemaMismatch("sentences: 3 is not of type 'array' (asked three times)"), "asked three times"),
]


@pytest.mark.parametrize(
    ("reply", "reason"), [(one, why) for _, one, why in NONSENSE], ids=[name for name, _, _ in NONSENSE]
)
async def test_nonsense_leaves_the_section_as_facts_make_it_and_is_told(
    root: Path, rig: ItemRig, reply: Reply, reason: str
) -> None:
    plain = await draft(rig, dry_run=True)
    Model(rig, lambda request: good(request) if "section “Goals”" not in request.turns[-1].content else reply)
    done = await draft(rig, use_model=True, questions=False)
    goals = next(one for one in done.sections if one.title == "Goals")
    assert goals.by == "facts"
    assert reason in goals.problem
    assert any(
        one.rule == "model-answer" and "'Goals' stays as the facts make it" in one.message for one in done.findings
    )
    cut = re.compile(r"## Goals\n(.*?)\n###? ", re.DOTALL)
    found, wanted = cut.search(done.text), cut.search(plain.text)
    assert found is not None
    assert wanted is not None
    assert found[1] == wanted[1]


async def test_half_an_answer_is_asked_for_again_in_a_smaller_size(rig: ItemRig) -> None:
    sizes: list[object] = []

    def script(request: Complete) -> Reply:
        if "section “Goals”" not in request.turns[-1].content:
            return good(request)
        schema = json.loads(json.dumps(request.answer_schema))
        sizes.append(schema["properties"]["sentences"]["maxItems"])
        return AnswerCut("cut after 1,200 tokens") if len(sizes) == 1 else good(request)

    Model(rig, script)
    done = await draft(rig, use_model=True, questions=False)
    assert sizes == [8, 4]
    assert next(one for one in done.sections if one.title == "Goals").by == "model"


async def test_without_any_model_the_draft_says_so_and_is_complete(root: Path, rig: ItemRig) -> None:
    plain = await draft(rig, dry_run=True)
    Model(rig, lambda _request: NoModel("no server runs"))
    done = await draft(rig, use_model=True)
    assert (done.state, done.model) == ("written", "")
    assert [(one.rule, one.message) for one in done.findings] == [("no-model", "no model answered: no server runs")]
    assert done.text.split("---\n", 2)[2] == plain.text.split("---\n", 2)[2]


async def test_a_model_that_goes_away_stops_the_draft_which_is_resumed(root: Path, rig: ItemRig) -> None:
    model = Model(rig, lambda request: good(request) if len(model.asked) <= 3 else ModelUnreachable("it went away"))
    stopped = await draft(rig, use_model=True, questions=False)
    assert (stopped.state, (root / ".ai").exists()) == ("stopped", False)
    assert "it went away" in stopped.findings[0].message
    before = model.sections[:3]
    model.script = good
    done = await draft(rig, "", use_model=True, questions=False, resume=True)
    assert done.state == "written"
    assert not set(before) & set(model.sections[4:])
    assert all(one.by == "model" for one in done.sections if one.title in before)
    with pytest.raises(UsageProblem, match="no unfinished draft"):
        await draft(rig, "", resume=True)


async def test_a_large_budget_wants_a_yes(root: Path, rig: ItemRig) -> None:
    model = Model(rig, good)
    estimate = await draft(rig, use_model=True, estimate=True)
    assert (estimate.state, estimate.budget.agreed, len(model.asked)) == ("budget", True, 0)
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text("[plan]\nprd_agree_tokens = 100\n", encoding="utf-8")
    asked = await draft(rig, use_model=True)
    assert (asked.state, asked.budget.agreed, asked.budget.tokens > 100, len(model.asked)) == ("budget", False, True, 0)
    done = await draft(rig, use_model=True, questions=False, agreed=True)
    assert done.state == "written"


async def test_questions_that_cannot_be_used_do_not_stop_the_draft(rig: ItemRig) -> None:
    Model(rig, lambda request: SchemaMismatch("no questions") if asks(request) else good(request))
    done = await draft(rig, use_model=True)
    assert done.state == "written"
    assert "its questions could not be used: no questions" in done.findings[0].message


async def test_one_draft_of_a_project_at_a_time(rig: ItemRig) -> None:
    refused: list[str] = []

    async def complete(request: Complete, _context: Context) -> Completion:
        if not refused:
            with pytest.raises(GateClosed) as caught:
                await draft(rig)
            refused.append(caught.value.message)
        found = good(request)
        assert not isinstance(found, AuraError)
        return Completion(call="1", text="", data=found, model="local/small")

    rig.hub.connect("models").serve(Complete, complete)
    done = await draft(rig, use_model=True, questions=False)
    assert done.state == "written"
    assert refused == ["another draft of this project is being written"]
