"""Items of plans as MCP resources: listed a page at a time, read as the Markdown that their files are."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp_types import ListResourcesResult, Resource

from aura_gateway.asking import Asking
from aura_shared.errors import AuraError
from aura_shared.messages.plan_items import ListItems, PlanItemsChanged, ShowItem

__all__ = ["MARKDOWN", "first_cursor", "item_uri", "page_of_items", "plan_events", "read_plan_item"]

MARKDOWN: Final = "text/markdown"
_PAGE: Final = 100
_BUDGET: Final = 50_000
_MARK: Final = "plan"


def item_uri(project: str, item: str) -> str:
    """The resource of an item: its identifier, or the path of a file of another layout."""
    return f"aura://project/{project}/plan/{quote(item, safe='')}"


async def page_of_items(asking: Asking, projects: list[str], cursor: str) -> ListResourcesResult:
    """A page of items; projects without a plan, and those that cannot be asked, are passed over.

    Args:
        asking: For questions.
        projects: Identifiers of all projects, sorted.
        cursor: What the page before gave; `first_cursor` for the first one.

    Raises:
        MCPError: The cursor is none of ours.
    """
    project, start = _read_cursor(cursor)
    for name in [one for one in projects if one >= project]:
        asked = ListItems(project=name, start=start if name == project else 0, limit=_PAGE, budget=_BUDGET)
        try:
            answer = await asking.ask(asked, cause="")
        except AuraError:
            continue
        if not answer.items:
            continue
        rows = [
            Resource(
                uri=item_uri(name, row.id or row.path),
                name=f"{row.kind} {row.alias or row.id or row.path}",
                title=row.title or None,
                description=row.status or None,
                mime_type=MARKDOWN,
            )
            for row in answer.items
        ]
        later = [one for one in projects if one > name]
        following = f"{_MARK}:{name}:{answer.next}" if answer.next else first_cursor(later)
        return ListResourcesResult(resources=rows, next_cursor=following)
    return ListResourcesResult(resources=[])


def first_cursor(projects: list[str]) -> str | None:
    """Where the items of the first of these projects begin; None without a project."""
    return f"{_MARK}:{projects[0]}:0" if projects else None


def _read_cursor(cursor: str) -> tuple[str, int]:
    mark, _, rest = cursor.partition(":")
    project, _, start = rest.rpartition(":")
    if mark != _MARK or not project or not start.isdecimal() or len(start) > 9:
        raise MCPError(-32602, "this cursor is none that was given", {"cursor": cursor[:200]})
    return project, int(start)


async def read_plan_item(asking: Asking, project: str, item: str) -> str:
    """The file of an item.

    Raises:
        MCPError: There is no such item, or it cannot be asked for.
    """
    try:
        answer = await asking.ask(ShowItem(project=project, item=item, budget=_BUDGET), cause="")
    except AuraError as error:
        code = -32602 if error.code in {"unknown_item", "unknown_project", "not_found"} else -32000
        raise MCPError(code, error.message, {"code": error.code, "uri": item_uri(project, item)}) from error
    return answer.file


def plan_events(event: PlanItemsChanged) -> list[ServerEvent]:
    """What followers are told of a change: its items, and that the list is another when items came or went."""
    told: list[ServerEvent] = [ResourceUpdated(item_uri(event.project, one.id or one.path)) for one in event.changes]
    if event.total > len(event.changes) or any(one.what in {"added", "removed"} for one in event.changes):
        told.append(ResourcesListChanged())
    return told
