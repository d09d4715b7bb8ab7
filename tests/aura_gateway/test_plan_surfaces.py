"""A plan from outside: every gate on every surface, and items as MCP resources; gateway and planning are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp.shared.exceptions import MCPError
from mcp_types import (
    EmptyResult,
    ResourceUpdatedNotification,
    SubscribeRequest,
    SubscribeRequestParams,
)

from aura_cli.commands.plan import plan as plan_command
from aura_gateway.mcp_plan_resources import item_uri, plan_events
from aura_gateway.questions import QUESTIONS
from aura_planning.items.reading import read_item
from aura_shared.errors import AuraError
from aura_shared.messages.code import ProjectInfo, ProjectStateChanged
from aura_shared.messages.plan_items import (
    ChangePlan,
    ItemChange,
    ListItems,
    PlanItemsChanged,
    UndoPlan,
)
from gateway_clients import LEGACY, MODERN, mcp_client, text
from gateway_lab import Lab
from plan_items_rig import ItemRig, item_text, put

BOUND_S = 20.0
STORIES = {"s1aaaa": "US-1", "s2aaaa": "US-2", "s3aaaa": ""}


def agreed(path: str, text_of: str) -> str:
    """The same file, approved as it is."""
    item = read_item(f".ai/{path}", text_of.encode()).item
    assert item is not None
    return text_of.replace("---\n# ", f"approved_by: Ada\napproved_hash: {item.content}\n---\n# ", 1)


def write_plan(root: Path, **without: str) -> None:
    """A plan where everything is approved; a name of `without` gives an item another status, and no approval."""

    def one(path: str, id: str, kind: str, status: str, **fields: str) -> None:  # noqa: A002
        found = item_text(id, kind, id, status=without.get(id, status), **fields)
        plain = id in without or kind in {"epic", "task"}
        put(root, path, found if plain else agreed(path, found))

    one("prd.md", "p1aaaa", "prd", "approved")
    one("arch.md", "a1aaaa", "architecture", "approved")
    one("epics/e1aaaa-x.md", "e1aaaa", "epic", "future", alias="epic-1")
    one("epics/e2aaaa-x.md", "e2aaaa", "epic", "future", alias="epic-2")
    for id_, alias in STORIES.items():
        one(f"stories/{id_}-x.md", id_, "story", "draft", epic="e2aaaa" if id_ == "s3aaaa" else "e1aaaa", alias=alias)
    one("tasks/t1aaaa-x.md", "t1aaaa", "task", "todo", parent="s1aaaa")


@dataclass(frozen=True)
class Step:
    """Something that a gate forbids."""

    gate: str
    says: str
    change: Mapping[str, str]
    without: Mapping[str, str]
    before: tuple[Mapping[str, str], ...] = ()
    """Steps that are allowed, made first."""

    def __str__(self) -> str:
        return f"{self.gate}-{self.change.get('kind') or self.change['item']}"


def to(item: str, status: str) -> dict[str, str]:
    return {"action": "set", "item": item, "status": status}


STEPS = [
    Step("prd-not-approved", "is not approved", {"action": "add", "kind": "architecture", "title": "X"},
         {"p1aaaa": "draft"}),
    Step("architecture-not-approved", "is not approved", {"action": "add", "kind": "story", "title": "X"},
         {"a1aaaa": "draft"}),
    Step("approval", "nobody approved it", to("p1aaaa", "approved"), {"p1aaaa": "draft"}),
    Step("story-not-approved", "is not approved", to("s1aaaa", "in-progress"), {"s1aaaa": "draft"}),
    Step("story-not-approved", "is not approved", to("t1aaaa", "in-progress"), {"s1aaaa": "draft"}),
    Step("story-order", "1 before it in epic-1 is open: US-1", to("s2aaaa", "in-progress"), {}),
    Step("work-in-progress", "1 may be in progress", to("s3aaaa", "in-progress"), {}, (to("s1aaaa", "in-progress"),)),
    Step("work-in-progress", "1 may be in progress", to("e2aaaa", "current"), {}, (to("e1aaaa", "current"),)),
    Step("no-such-step", "becomes in-progress, cancelled", to("s1aaaa", "complete"), {}),
    Step("tests-not-green", "no test run is recorded", to("s1aaaa", "complete"), {},
         (to("t1aaaa", "done"), to("s1aaaa", "in-progress"))),
    Step("tests-not-green", "was red", to("s1aaaa", "complete"), {},
         (to("t1aaaa", "done"), to("s1aaaa", "in-progress"),
          {"action": "test", "item": "s1aaaa", "outcome": "red"})),
    Step("open-tasks", "1 is open", to("s1aaaa", "complete"), {}, (to("s1aaaa", "in-progress"),)),
    Step("open-stories", "2 are open", to("e1aaaa", "complete"), {}, (to("e1aaaa", "current"),)),
]  # fmt: skip


@pytest.fixture
async def rig(lab: Lab, tmp_path: Path) -> AsyncIterator[ItemRig]:
    root = tmp_path / "shop"
    root.mkdir()
    found = ItemRig(root, hub=lab.hub)
    yield found
    await found.service.stop()


def files(root: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in (root / ".ai").rglob("*.md")}


async def by_rest(lab: Lab, rig: ItemRig, change: Mapping[str, str]) -> str:
    async with lab.client() as client:
        answer = await client.post("/v1/plan/change", json={"project": rig.project.id, **change})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "gate_closed"
    return str(error["message"])


async def by_mcp(lab: Lab, rig: ItemRig, change: Mapping[str, str]) -> str:
    async with mcp_client(lab, MODERN) as client:
        result = await client.call_tool("change_plan", {"project": rig.project.id, **change})
    assert getattr(result, "is_error", False)
    return text(result)


async def by_cli(lab: Lab, rig: ItemRig, change: Mapping[str, str]) -> str:
    del lab
    if change["action"] == "add":
        arguments = ["add", change["kind"], change["title"]]
    else:
        arguments = ["set", change["item"], "--status", change["status"]]
    ran = await asyncio.to_thread(CliRunner().invoke, plan_command, [*arguments, "-p", rig.project.id])
    assert isinstance(ran.exception, AuraError)
    assert ran.exception.code == "gate_closed"
    return ran.exception.message


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("surface", [by_cli, by_mcp, by_rest])
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_closed_gate_is_closed_on_every_surface(
    lab: Lab, rig: ItemRig, step: Step, surface: Callable[[Lab, ItemRig, Mapping[str, str]], Any]
) -> None:
    write_plan(rig.root, **step.without)
    for one in step.before:
        await rig.ask(ChangePlan.model_validate({"project": rig.project.id, **one}))
    before = files(rig.root)
    assert step.says in await surface(lab, rig, step.change)
    assert files(rig.root) == before


def edit_by_hand(root: Path, change: Mapping[str, str]) -> None:
    """Do to the file what the step would do."""
    if change["action"] == "add":
        folder = "stories" if change["kind"] == "story" else "documents"
        put(root, f"{folder}/x9aaaa-x.md", item_text("x9aaaa", change["kind"], "X"))
        return
    names = ("prd.md",) if change["item"] == "p1aaaa" else (f"{change['item']}-x.md",)
    (place,) = [one for one in (root / ".ai").rglob("*.md") if one.name in names]
    lines = place.read_text().split("\n")
    status = f"status: {change['status']}"
    place.write_text("\n".join(status if line.startswith("status:") else line for line in lines))


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_an_edit_past_a_gate_is_reported_and_can_be_undone(rig: ItemRig, step: Step) -> None:
    write_plan(rig.root, **step.without)
    for one in step.before:
        await rig.ask(ChangePlan.model_validate({"project": rig.project.id, **one}))
    await rig.ask(ListItems(project=rig.project.id))
    before = files(rig.root)
    edit_by_hand(rig.root, step.change)
    await rig.ask(ListItems(project=rig.project.id))
    event = rig.events[-1]
    assert event.by == "edit"
    assert f"gate-{step.gate}" in {one.rule for one in event.findings}
    assert all(one.line >= 1 and one.path.startswith(".ai/") for one in event.findings)
    await rig.ask(UndoPlan(project=rig.project.id, operation=event.operation))
    assert files(rig.root) == before


# -- resources ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("M3", "A2")
async def test_items_are_resources_in_pages(lab: Lab, rig: ItemRig) -> None:
    write_plan(rig.root)
    for number in range(230):
        id_ = f"k{number:05d}"
        put(rig.root, f"tasks/{id_}-x.md", item_text(id_, "task", f"Task {number}"))
    put(rig.root, "tasks/bad.task.md", b"\x00")
    other = ProjectInfo(id="a-none", name="none", root="/nowhere")
    info = ProjectInfo(id=rig.project.id, name=rig.project.name, root=rig.project.root)
    hearing = lab.service._built.hearing  # type: ignore[union-attr]  # it runs
    for one in (other, info):
        hearing.take(ProjectStateChanged(project=one))
    uris: list[str] = []
    async with mcp_client(lab, MODERN) as client:
        listed = await client.list_resources()
        pages = 0
        while listed.next_cursor:
            pages += 1
            listed = await client.list_resources(cursor=listed.next_cursor)
            uris += [str(one.uri) for one in listed.resources]
            assert len(listed.resources) <= 100
        assert pages == 3
        assert len(uris) == len(set(uris)) == 8 + 230
        uri = item_uri(rig.project.id, "s1aaaa")
        assert uri in uris
        (read,) = (await client.read_resource(uri)).contents
        assert getattr(read, "text", "") == (rig.root / ".ai/stories/s1aaaa-x.md").read_text()
        assert read.mime_type == "text/markdown"
        with pytest.raises(MCPError, match="no item"):
            await client.read_resource(item_uri(rig.project.id, "nobody"))
        for cursor in ("x", "plan:a", "plan:a:b"):
            with pytest.raises(MCPError, match="cursor"):
                await client.list_resources(cursor=cursor)


@pytest.mark.requirement("M3", "P2")
async def test_a_follower_of_an_item_hears_of_its_change(lab: Lab, rig: ItemRig) -> None:
    write_plan(rig.root)
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def take(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.put_nowait(str(message.params.uri))

    uri = item_uri(rig.project.id, "s1aaaa")
    async with mcp_client(lab, LEGACY, take=take) as client:
        await client.session.send_request(SubscribeRequest(params=SubscribeRequestParams(uri=uri)), EmptyResult)
        async with asyncio.timeout(BOUND_S):
            number = 0
            while heard.empty():  # The client opens its stream for such news when it likes.
                number += 1
                await rig.ask(ChangePlan(project=rig.project.id, action="set", item="s1aaaa", priority=f"p{number}"))
                await asyncio.sleep(0.05)
            assert await heard.get() == uri


def test_followers_of_the_list_hear_when_items_come_or_go() -> None:
    changed = ItemChange(what="changed", id="s1aaaa", kind="story", path="x")
    added = ItemChange(what="added", id="", kind="story", path=".ai/story 1.md")
    assert len(plan_events(PlanItemsChanged(project="p", by="edit", changes=[changed], total=1))) == 1
    told = plan_events(PlanItemsChanged(project="p", by="edit", changes=[added], total=1))
    assert [getattr(one, "uri", "") for one in told] == ["aura://project/p/plan/.ai%2Fstory%201.md", ""]
    assert len(plan_events(PlanItemsChanged(project="p", by="edit", changes=[changed], total=200))) == 2


# -- tools --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M3", "A2")
async def test_the_lean_tools_of_plans_are_eight_and_small(lab: Lab) -> None:
    lean = {one.tool for one in QUESTIONS if one.toolset == "plan"}
    assert lean <= {
        "plan_items", "plan_item", "resume_plan", "change_plan", "undo_plan", "parse_plan", "next_tasks",
        "plan_progress",
    }  # fmt: skip
    async with mcp_client(lab, MODERN) as client:
        plain = await client.list_tools()
    async with mcp_client(lab, MODERN, {"x-aura-toolsets": "plan"}) as client:
        listed = await client.list_tools()
    more = {one.name for one in listed.tools} - {one.name for one in plain.tools}
    assert more == lean
    size = sum(len(one.model_dump_json(by_alias=True, exclude_none=True)) for one in listed.tools if one.name in more)
    assert size < 16_000
