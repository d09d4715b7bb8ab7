"""The models process with a real broker and real servers on loopback."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from aura_models_served import NUMBER_SCHEMA, question
from aura_shared.errors import (
    AuraError,
    BadAnswer,
    ContextOverflow,
    HostNotAllowed,
    ModelDropped,
    ModelTimeout,
    ModelUnreachable,
    NoModel,
    NotReady,
)
from aura_shared.messages.core import Progress
from aura_shared.messages.models import (
    AskModelStats,
    EmbedTexts,
    ListModels,
    ModelCallFinished,
    ModelServersChanged,
    TestModel,
)
from aura_shared.paths import AuraPaths
from bad_servers import Answer, http, raw_server
from models_process import running, settings_for
from ollama_standin import OllamaStandIn, Reply, StandInModel, ollama_standin
from shared_bus.brokers import short_paths

BOUND_S = 60.0
IDLE_PSS_MB = 45  # 31 measured; the rest is for other Pythons, whose pages fewer processes share.
HTTP_LIBRARIES = {"httpx", "httpx2", "ollama", "openai", "jsonschema", "keyring"}


@pytest.fixture
def paths() -> Iterator[AuraPaths]:
    with short_paths() as found:
        yield found


@pytest.mark.requirement("L2", "L4", "P9")
async def test_an_answer_travels_from_a_real_server_to_a_real_client(paths: AuraPaths) -> None:
    """Streamed, with a schema, from the cache after a crash; through nothing but loopback, whatever proxies say."""

    def reply(body: dict[str, Any], _prompt: str) -> Reply:
        return Reply(['{"number"', ": 7}"]) if "format" in body else Reply(["Hel", "lo."])

    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    standin = OllamaStandIn(models={"small:latest": StandInModel(context=8192)}, reply=reply)
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url), **proxies) as models, asyncio.timeout(BOUND_S):
            told = models.bus.listen(ModelServersChanged, ModelCallFinished)
            seen: list[Progress] = []
            first = await models.bus.request(question(stream=True), on_progress=seen.append)
            assert (first.text, first.model, first.cached) == ("Hello.", "local/small:latest", False)
            assert "".join(progress.text for progress in seen) == "Hello."
            data = await models.bus.request(question(answer_schema=NUMBER_SCHEMA))
            assert data.data == {"number": 7}
            assert data.tokens_in > 0
            events = [(await anext(told)).event for _ in range(3)]
            assert [type(event) for event in events] == [ModelServersChanged, ModelCallFinished, ModelCallFinished]

            asked = len(standin.chats())
            await models.kill_and_restart()
            again = await models.bus.request(question(stream=True))
            assert (again.text, again.cached) == ("Hello.", True)
            assert len(standin.chats()) == asked
            figures = (await models.bus.request(AskModelStats())).figures
            assert [(one.calls, one.cached, one.model) for one in figures] == [(2, 1, "local/small:latest")]
            remote = {
                connection.raddr.ip
                for connection in psutil.Process(models.pid).net_connections("inet")
                if connection.raddr
            }
            assert remote <= {"127.0.0.1"}
            assert await asyncio.to_thread(models.stop) == 0


@pytest.mark.requirement("L5")
async def test_an_idle_process_is_small_and_says_what_to_do_without_a_server(paths: AuraPaths) -> None:
    async with running(paths, AURA_MODELS__DISCOVER="false") as models, asyncio.timeout(BOUND_S):
        assert psutil.Process(models.pid).memory_full_info().pss / 1e6 < IDLE_PSS_MB
        with pytest.raises(NoModel, match="no model plays the role code") as none:
            await models.bus.request(question())
        assert "models.servers" in none.value.hint
        assert (await models.bus.request(ListModels())).reason == none.value.hint


def test_client_libraries_are_not_imported_before_the_first_question() -> None:
    code = f"import sys, aura_models.__main__; print(sorted({HTTP_LIBRARIES!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.requirement("L2")
async def test_taking_a_question_back_reaches_the_server(paths: AuraPaths) -> None:
    hold = threading.Event()
    begun = asyncio.Event()
    standin = OllamaStandIn(reply=lambda _body, _prompt: Reply(["I think ", hold, "nothing."]))
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url)) as models, asyncio.timeout(BOUND_S):
            asked = asyncio.create_task(
                models.bus.request(question(stream=True), on_progress=lambda _progress: begun.set())
            )
            await begun.wait()
            asked.cancel()
            assert await asyncio.to_thread(standin.broken_off.wait, BOUND_S)
            hold.set()
            standin.reply = None
            assert (await models.bus.request(question("another"))).text == "fine."


async def _hang(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


LIST = http(b'{"models": [{"name": "m:latest", "model": "m:latest", "digest": "d", "details": {}}]}')
HTML = b"<html><body>Welcome</body></html>"


@pytest.mark.requirement("L2")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_hang, NoModel),
        (http(HTML, "text/html"), NoModel),
        (http(b"{}", status="500 Internal Server Error"), NoModel),
        (http(b"{not json"), NoModel),
        (b"", NoModel),
        (http(b'{"models": "\xff\xfe"}'), NoModel),
    ],
    ids=["hangs", "HTML", "500", "invalid JSON", "drops", "another encoding"],
)
async def test_a_server_that_is_none_is_told_and_harms_nothing(
    paths: AuraPaths, answer: Answer | bytes, expected: type[AuraError]
) -> None:
    async with raw_server(answer) as server:
        bounds = {"AURA_MODELS__FIRST_TOKEN_S": "1", "AURA_MODELS__TOTAL_S": "2", "AURA_MODELS__RETRIES": "0"}
        async with running(paths, **settings_for(server.url), **bounds) as models, asyncio.timeout(BOUND_S):
            with pytest.raises(expected) as failed:
                await models.bus.request(question())
            assert failed.value.hint
            listed = await models.bus.request(ListModels())
            assert (listed.servers[0].up, bool(listed.servers[0].problem)) == (False, True)


@pytest.mark.requirement("L2")
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply([""]), BadAnswer),
        (Reply(["half an ans"], error="the runner was killed"), AuraError),
        (Reply([threading.Event()]), ModelTimeout),
    ],
    ids=["empty", "fails in the middle", "thinks for ever"],
)
async def test_an_answer_that_is_none_is_a_clear_error(
    paths: AuraPaths, reply: Reply, expected: type[AuraError]
) -> None:
    standin = OllamaStandIn(reply=lambda _body, _prompt: reply)
    bounds = {"AURA_MODELS__FIRST_TOKEN_S": "1", "AURA_MODELS__IDLE_S": "1", "AURA_MODELS__RETRIES": "0"}
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url), **bounds) as models, asyncio.timeout(BOUND_S):
            with pytest.raises(expected) as failed:
                await models.bus.request(question())
            assert failed.value.message.startswith("local/small:latest: ")
            assert len(failed.value.message) < 1000
            for piece in reply.pieces:
                if isinstance(piece, threading.Event):
                    piece.set()
            standin.reply = None
            assert (await models.bus.request(question("another"))).text == "fine."


async def test_a_server_that_stops_is_an_error_that_names_it(paths: AuraPaths) -> None:
    standin = OllamaStandIn()
    with ollama_standin(standin):
        models_running = running(paths, **settings_for(standin.url))
        models = await models_running.__aenter__()
        assert (await models.bus.request(question())).text == "fine."
    try:
        async with asyncio.timeout(BOUND_S):
            with pytest.raises((ModelUnreachable, ModelDropped), match="local/small:latest"):
                await models.bus.request(question("another"))
            assert (await models.bus.request(question())).cached
    finally:
        await models_running.__aexit__(None, None, None)


@pytest.mark.requirement("L2")
async def test_a_prompt_that_does_not_fit_never_leaves_this_process(paths: AuraPaths) -> None:
    standin = OllamaStandIn(models={"small:latest": StandInModel(context=2048)})
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url)) as models, asyncio.timeout(BOUND_S):
            with pytest.raises(ContextOverflow, match="the context holds 2,048"):
                await models.bus.request(question("word " * 3000))
    assert standin.chats() == []


@pytest.mark.requirement("P9")
async def test_a_server_elsewhere_is_refused_unless_the_user_allowed_its_host(paths: AuraPaths) -> None:
    async with running(paths, **settings_for("http://192.0.2.1:11434")) as models, asyncio.timeout(BOUND_S):
        listed = await models.bus.request(ListModels())
        assert not listed.servers[0].up
        assert "192.0.2.1 is not this machine" in listed.servers[0].problem
        with pytest.raises((NoModel, HostNotAllowed, ModelUnreachable)):
            await models.bus.request(question(model="local/m"))


async def test_texts_become_vectors(paths: AuraPaths) -> None:
    standin = OllamaStandIn(models={"nomic:latest": StandInModel(embeds=True)})
    with ollama_standin(standin):
        settings = settings_for(standin.url, AURA_MODELS__EMBEDDING="local/nomic:latest")
        async with running(paths, **settings) as models, asyncio.timeout(BOUND_S):
            answer = await models.bus.request(EmbedTexts(texts=["one", "two"]))
            assert len(answer.vectors) == 2
            assert answer.model == "local/nomic:latest"


@pytest.mark.requirement("L4")
async def test_a_self_test_runs_against_a_real_server_and_its_result_is_kept(paths: AuraPaths) -> None:
    standin = OllamaStandIn(models={"small:latest": StandInModel(context=8192)})
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url)) as models, asyncio.timeout(BOUND_S):
            while True:
                try:
                    answer = await models.bus.request(TestModel(model="small:latest"))
                    break
                except NotReady:
                    continue
            assert answer.model == "local/small:latest"
            assert answer.abilities.context_tokens > 0
            assert answer.abilities.schema_tried > 0
            assert answer.abilities.digest
            await models.kill_and_restart()
            listed = await models.bus.request(ListModels())
            assert listed.servers[0].models[0].abilities == answer.abilities


async def test_a_stop_in_the_middle_of_an_answer_is_bounded(paths: AuraPaths) -> None:
    hold = threading.Event()
    begun = asyncio.Event()
    standin = OllamaStandIn(reply=lambda _body, _prompt: Reply(["I think ", hold]))
    with ollama_standin(standin):
        async with running(paths, **settings_for(standin.url)) as models, asyncio.timeout(BOUND_S):
            asked = asyncio.create_task(
                models.bus.request(question(stream=True), on_progress=lambda _progress: begun.set())
            )
            await begun.wait()
            models.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(models.process.wait, 10) == 0
            with pytest.raises(AuraError):
                await asked
        hold.set()


def test_the_folder_of_migrations_is_part_of_the_package() -> None:
    import aura_models

    assert (Path(aura_models.__file__).parent / "migrations" / "001.sql").is_file()
