"""Commits from an editor: every call of `docs/git/editors.md`, through a real gateway over HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from aura_git.service import GitService
from aura_shared.messages.code import IndexUpdated
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings
from commits_lab import CART
from gateway_clients import LEGACY, MODERN, mcp_client, text
from gateway_lab import Lab, project
from git_lab import CONFIG, GitLab, make_lab

pytestmark = pytest.mark.requirement("G1", "M3", "M9")

PAGE = Path(__file__).parents[2] / "docs/git/editors.md"
CALLS = re.findall(r"```http\nPOST (\S+)\n(\{.*\})\n```", PAGE.read_text(encoding="utf-8"))
ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")
MAIL = "def send_mail(to):\n    return to\n"
Json = dict[str, Any]


class Editor:
    """Sends the calls of the page, with identifiers put in for `ID`."""

    def __init__(self, http: httpx.AsyncClient, lab: Lab, shop: GitLab, name: str) -> None:
        self.http = http
        self.lab = lab
        self.shop = shop
        self.project = name

    async def call(self, route: str, id_: str = "", **more: object) -> Json:
        """One of the calls of the page; it has to be answered."""
        answer = await self.send(route, id_, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, route: str, id_: str = "", **more: object) -> httpx.Response:
        [written] = [body for path, body in CALLS if path == route]
        body: Mapping[str, object] = {**json.loads(written.replace('"ID"', json.dumps(id_))), **more}
        return await self.http.post(route, json=body, timeout=60)


@pytest.fixture
def shop(aura_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A repository on the branch `work`, with a change that is staged."""
    settings = aura_home / "gitconfig"
    settings.write_text(CONFIG)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    made = make_lab(tmp_path / "shop")
    made.commit("feat(cart): add the cart", {"src/cart.py": CART, "src/mail.py": MAIL})
    made.branch("work")
    made.write({"src/cart.py": ROUNDED})
    made.git("add", "src/cart.py")
    return made


@pytest.fixture
async def editor(shop: GitLab, lab: Lab, client: httpx.AsyncClient) -> AsyncIterator[Editor]:
    """The git service behind the gateway."""
    registry = ProjectRegistry(lab.paths.projects)
    added, _ = registry.add(shop.root)
    lab.code.projects = [project("shop", str(shop.root)).model_copy(update={"id": added.id})]
    service = GitService(lab.hub.connect("git"), lab.paths, Settings(), registry)
    await service.start()
    yield Editor(client, lab, shop, added.id)
    await service.stop()


def test_the_page_names_every_call_once() -> None:
    assert [path for path, _ in CALLS] == [
        "/v1/git/commit/draft", "/v1/git/lint", "/v1/git/commit", "/v1/git/undo",
        "/v1/git/split/plan", "/v1/git/split/change", "/v1/git/split/commit",
    ]  # fmt: skip


async def test_draft_check_commit_and_take_back(editor: Editor, shop: GitLab) -> None:
    draft = await editor.call("/v1/git/commit/draft")
    assert draft["id"]
    assert draft["message"]["text"]
    assert [file["path"] for file in draft["files"]] == ["src/cart.py"]
    assert draft["diff"].startswith("diff --git ")
    assert draft["comment"] == "#"
    checked = await editor.call("/v1/git/lint")
    assert {one["rule"] for one in checked["commits"][0]["problems"]} == {"subject-empty", "type-empty"}
    head = shop.head()
    made = await editor.call("/v1/git/commit", draft["id"])
    assert made["commit"] == shop.head()
    assert shop.log("-1") == ["fix(cart): round the total"]
    await editor.call("/v1/git/undo", made["operation"])
    assert shop.head() == head
    assert shop.git("status", "--porcelain") == "M  src/cart.py\n"


async def test_a_draft_that_is_outdated_is_told_and_refused(editor: Editor, shop: GitLab) -> None:
    address = editor.lab.url.replace("http", "ws") + "/v1/events?types=git.commit.outdated,git.changed,git.commit.made"
    async with connect(address, additional_headers=editor.lab.headers, proxy=None) as socket, asyncio.timeout(20):
        draft = await editor.call("/v1/git/commit/draft")
        shop.write({"new.py": "A = 1\n"})
        await asyncio.to_thread(shop.git, "add", "new.py")
        event = json.loads(await socket.recv())
    assert event["type"] == "git.commit.outdated"
    assert event["data"] == {"project": editor.project, "draft": draft["id"], "plan": "", "reason": "index"}
    refused = await editor.send("/v1/git/commit", draft["id"])
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert (error["code"], error["hint"]) == ("draft_outdated", "Nothing was committed. Make the draft again.")
    assert shop.log("main..work") == []


async def test_files_that_change_outdate_what_takes_them_in(editor: Editor, shop: GitLab) -> None:
    address = editor.lab.url.replace("http", "ws") + "/v1/events?types=git.commit.outdated"
    async with connect(address, additional_headers=editor.lab.headers, proxy=None) as socket, asyncio.timeout(20):
        plan = await editor.call("/v1/git/split/plan")
        draft = await editor.call("/v1/git/commit/draft", what="all", paths=["src/mail.py", "src/cart.py"])
        shop.write({"src/mail.py": MAIL + "B = 1\n"})
        await editor.lab.code_bus.publish(IndexUpdated(project=editor.project, generation=8))
        event = json.loads(await socket.recv())
    assert plan["id"] == "", "one thing is no split"
    assert (event["data"]["draft"], event["data"]["reason"]) == (draft["id"], "files")


async def test_hunks_are_moved_and_committed(editor: Editor, shop: GitLab) -> None:
    shop.write({"src/mail.py": "def send_mail(receiver):\n    return receiver.lower()\n"})
    plan = await editor.call("/v1/git/split/plan")
    assert [one["id"] for one in plan["commits"]] == ["A", "B"]
    assert all(hunk["diff"].startswith("@@ ") for hunk in plan["hunks"])
    changed = await editor.call("/v1/git/split/change", plan["id"])
    assert [one["id"] for one in changed["commits"]] == ["B", "A"]
    first, second = changed["commits"]
    again = await editor.call(
        "/v1/git/split/change", changed["id"],
        commits=[{"message": "chore: all but one", "hunks": [*first["hunks"], *second["hunks"]]}],
    )  # fmt: skip
    assert again["id"] == "", "one commit is no split"
    made = await editor.call("/v1/git/split/commit", changed["id"])
    assert [one["subject"] for one in made["commits"]][1] == "fix(cart): round the total"
    assert shop.git("status", "--porcelain") == ""
    gone = await editor.send("/v1/git/split/commit", changed["id"])
    assert gone.json()["error"]["code"] == "draft_outdated"


async def test_only_folders_of_a_shell_are_taken(editor: Editor) -> None:
    draft = await editor.call("/v1/git/commit/draft")
    refused = await editor.send("/v1/git/commit", draft["id"], environment={"LD_PRELOAD": "/tmp/x.so"})
    assert refused.status_code == 400
    assert "PATH, VIRTUAL_ENV" in refused.json()["error"]["hint"]


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_an_agent_drafts_and_commits_after_a_yes(editor: Editor, shop: GitLab, era: str) -> None:
    headers = {"x-aura-toolsets": "git,git-write", "x-aura-project": editor.project}
    async with mcp_client(editor.lab, era, headers) as agent:
        tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
        assert {"draft_commit", "plan_split", "change_split", "lint_messages", "make_commit", "commit_split",
                "undo_operation"} <= tools.keys()  # fmt: skip
        assert "environment" not in tools["make_commit"].input_schema["properties"]
        drafted = text(await agent.call_tool("draft_commit", {"what": "staged"}))
        found = re.search(r"^id: (\w+)$", drafted, re.MULTILINE)
        assert found, drafted
        assert "diff --git" not in drafted, "an agent reads the change itself; it would pay for it twice"
        refused = await agent.call_tool("make_commit", {"draft": found[1], "environment": {"PATH": "/tmp"}})
        assert refused.is_error
        arguments = {"draft": found[1], "message": "fix(cart): round it"}
        waiting = text(await agent.call_tool("make_commit", arguments))
        assert "approval_needed" in waiting
        [open_] = (await editor.http.get("/v1/approvals")).json()["approvals"]
        await editor.http.post(f"/v1/approvals/{open_['id']}", json={"approve": True})
        shop.write({"new.py": "A = 1\n"})
        shop.git("add", "new.py")
        outdated = text(await agent.call_tool("make_commit", arguments))
        assert "draft_outdated" in outdated
        assert shop.log("main..work") == []
