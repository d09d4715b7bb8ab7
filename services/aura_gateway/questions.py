"""Questions that REST and MCP pass on as they are: an address, a message of the bus, and words for agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import BaseModel, create_model

from aura_shared.messages import insight
from aura_shared.messages.core import Reply, Request, reply_type

__all__ = ["QUESTIONS", "TOOLSETS", "Question", "Toolset", "body_of"]

Toolset = Literal["structure", "findings", "similar", "overview"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the bus as it is offered outside."""

    route: str
    """Address below `/v1/`."""
    kind: type[Request[Any]]
    """The message."""
    toolset: Toolset
    """The group of tools that it belongs to; agents opt in to groups."""
    tool: str
    """Name of the tool."""
    title: str
    """What the tool is called for a person."""
    description: str
    """When an agent should use it."""
    writes: bool = False
    """Whether it can change files of the project; such a tool is announced as destructive."""

    @property
    def reply(self) -> type[Reply]:
        """What it is answered with."""
        return reply_type(self.kind)


TOOLSETS: Final[Sequence[Toolset]] = ("structure", "findings", "similar", "overview")

QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "symbol-map", insight.MapSymbols, "overview", "symbol_map", "Map the symbols",
        "Signatures of the most important definitions within a token budget, ranked by who refers to them; focus on "
        "files or a query. Use at the start of a task in unknown code.",
    ),
    Question(
        "context", insight.PackContext, "overview", "pack_context", "Pack context",
        "The best context about a file, symbol or question within a token budget: its code, callers, callees, types, "
        "tests. Use before changing something.",
    ),
    Question(
        "tree", insight.ShowTree, "overview", "project_tree", "Show the tree",
        "Files and folders with sizes and languages.",
    ),
    Question(
        "hotspots", insight.FindHotspots, "overview", "hotspots", "Find hotspots",
        "Files where frequent change and complexity meet.",
    ),
    Question(
        "report", insight.MakeReport, "overview", "project_report", "Report on a project",
        "A whole report: architecture, entry points, dependencies, hotspots, risks, gaps, conventions. Long; ask for "
        "it only when a report is wanted.",
    ),
)  # fmt: skip
"""All of them, by toolset."""


@cache
def body_of(kind: type[Request[Any]]) -> type[BaseModel]:
    """The body that REST takes for a question: the message, but a field that it does not have is refused."""
    return create_model(f"{kind.__name__}Body", __base__=kind, __doc__=kind.__doc__, __cls_kwargs__={"extra": "forbid"})
