"""A PRD with the real models service: a real llama.cpp whose answers mean nothing, and a server that a script answers."""

# ruff: noqa: E501 - one line of a document a line reads best

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from aura_models.provider import ChatCall, LLMProvider, ServerAddress
from aura_models.providers.openai_compatible import OpenAIProvider
from aura_models.providers.scripted import ScriptedAnswer, ScriptedProvider
from aura_models.service import ModelsService
from aura_models_served import no_test
from aura_planning.documents import writing
from aura_planning.documents.service import DocumentService
from aura_shared.messages.plan_documents import CheckDocument, DraftDocument, DraftedDocument
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.secret_store import SecretStore
from aura_shared.settings import ModelsSettings
from model_calls import address
from plan_items_rig import ItemRig, put
from tiny_model import tiny_server

pytestmark = pytest.mark.requirement("A1", "L2")

IDEA = "Export invoices as CSV"


@pytest.fixture
async def rig(tmp_path: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    root = tmp_path / "shop"
    put(
        root, "templates/prd.md", "# {{title}}\n\n## Goals\n\n## Requirements\n\n## Out of scope\n\n## Open questions\n"
    )
    found = ItemRig(root)
    DocumentService(found.desk, found.service).register()
    yield found
    await found.service.stop()


@asynccontextmanager
async def serving(rig: ItemRig, provider: LLMProvider) -> AsyncGenerator[None]:
    """The models service beside the planning service, with one server."""

    async def find() -> Sequence[ServerAddress]:
        return [provider.address]

    service = ModelsService(
        rig.hub.connect("models"),
        Path(rig.paths.models),
        ModelsSettings.model_validate({"retries": 0}),
        SecretStore(rig.paths.secrets, environ={}),
        ServiceMetricsRegistry("models"),
        make=lambda _address: provider,
        find=find,
        test=no_test,
    )
    await service.start()
    try:
        yield
    finally:
        await service.stop()


async def draft(rig: ItemRig, **fields: object) -> DraftedDocument:
    body: dict[str, object] = {"project": rig.project.id, "idea": IDEA, "questions": False, "budget": 20_000, **fields}
    return await rig.client.request(DraftDocument.model_validate(body), timeout_s=300.0)


async def test_a_real_server_whose_words_mean_nothing_changes_nothing(
    rig: ItemRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine takes long for answers that mean nothing: one short one will do.
    monkeypatch.setattr(writing, "ANSWER_TOKENS", 100)
    monkeypatch.setattr(writing, "MODEL_ROLES", frozenset({"goals"}))
    plain = await draft(rig, use_model=False, dry_run=True)
    folder = tmp_path / "server"
    folder.mkdir()
    with tiny_server(folder) as url:
        provider = OpenAIProvider(address(url, "llamacpp", first_token_s=60.0, idle_s=60.0))
        async with serving(rig, provider):
            done = await draft(rig, dry_run=True)
    body = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
    assert body.sub("", done.text) == body.sub("", plain.text)
    assert done.model == ""
    told = [one.message for one in done.findings if one.rule == "model-answer"]
    assert [re.findall(r"'([^']+)'", one)[0] for one in told] == ["Goals"]
    assert all(one.by == "facts" for one in done.sections)


async def test_answers_that_are_no_json_are_asked_for_again_and_then_told(rig: ItemRig) -> None:
    good: JsonValue = {
        "sentences": [{"text": "Invoices are exported in one file.", "basis": "assumption", "source": "", "quote": ""}]
    }
    provider = ScriptedProvider(
        [
            ScriptedAnswer(["I would gladly help with goals!"], match="section “Goals”", times=None),
            ScriptedAnswer(['{"sentences": [{"text": "Inv'], match="section “Scope”", times=None, finish="length"),
            lambda call: _requirements(call) or good,
        ]
    )
    async with serving(rig, provider):
        done = await draft(rig)
    assert done.state == "written"
    by = {one.title: one.by for one in done.sections}
    assert by == {
        "Goals": "facts",
        "Requirements": "model",
        "Scope": "facts",
        "Out of scope": "model",
        "Open questions": "facts",
    }
    problems = {one.title: one.problem for one in done.sections if one.problem}
    assert "asked three times" in problems["Goals"]
    assert "cut" in problems["Scope"]
    assert "- **FR-002**: The system shall name the file of the export after the invoices. [ASSUMPTION]" in done.text
    assert "- Invoices are exported in one file. [ASSUMPTION]" in done.text
    checked = await rig.ask(CheckDocument(project=rig.project.id))
    assert checked.errors == 0


def _requirements(call: ChatCall) -> dict[str, JsonValue] | None:
    if "section “Requirements”" not in call.turns[-1].content:
        return None
    return {
        "sentences": [
            {
                "text": "The system shall name the file of the export after the invoices.",
                "basis": "assumption",
                "source": "",
                "quote": "",
                "kind": "functional",
                "criterion": "Given invoices, when I export, then the file has their name",
            }
        ]
    }


async def test_the_same_question_is_answered_from_what_is_kept(rig: ItemRig) -> None:
    good: JsonValue = {
        "sentences": [{"text": "Invoices are exported in one file.", "basis": "assumption", "source": "", "quote": ""}]
    }
    provider = ScriptedProvider([lambda call: _requirements(call) or good])
    async with serving(rig, provider):
        first = await draft(rig, dry_run=True)
        asked = len(provider.calls)
        second = await draft(rig)
        assert len(provider.calls) == asked
    assert [one.title for one in first.sections if one.by == "model"] == [
        one.title for one in second.sections if one.by == "model"
    ]
