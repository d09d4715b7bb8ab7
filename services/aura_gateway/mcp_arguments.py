"""What each MCP tool takes, and the compact JSON Schema that agents see of it.

Agents pay for every byte of a tool list in every conversation, so the schemas say what is needed and nothing twice.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, cast

from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from pydantic import ConfigDict, Field

from aura_shared.messages.code import QueryMode, SymbolKind

__all__ = [
    "Arguments", "MapArguments", "OutlineArguments", "SearchArguments", "SpanArguments", "StatusArguments",
    "SymbolArguments", "compact_schema",
]  # fmt: skip

JsonSchema = dict[str, Any]
"""A JSON Schema is JSON of many shapes; the SDK takes it as such."""

_KINDS: Final = "e.g. class, function, method, interface, struct, enum, type, constant"
_GLOBS: Final = 'Globs as in .gitignore; "!" excludes'
Project = Annotated[str | None, Field(max_length=4096, description="Id, name or path; see aura_status. Default: yours")]
Path = Annotated[str, Field(max_length=4096, description="File, relative to the project's root")]
Kinds = Annotated[list[SymbolKind], Field(default_factory=list, description=_KINDS)]
Globs = Annotated[list[str], Field(default_factory=list, description=_GLOBS)]
Languages = Annotated[list[str], Field(default_factory=list, description="e.g. python, typescript")]


class Arguments(ArgModelBase):
    """Arguments of a tool; one that it does not have is refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class SearchArguments(Arguments):
    """Of `code_search`."""

    query: Annotated[str, Field(max_length=200_000, description="What to look for")]
    limit: Annotated[int, Field(ge=1, le=50)] = 8
    budget: Annotated[int, Field(ge=0, le=50_000, description="Most tokens of code; 0: places only")] = 4000
    paths: Globs
    languages: Languages
    kinds: Kinds
    mode: Annotated[QueryMode, Field(description="How to read the query")] = "auto"
    project: Project = None


class SymbolArguments(Arguments):
    """Of `code_symbol`."""

    name: Annotated[str, Field(max_length=1000, description="Name or part of it; Container.name narrows")]
    kinds: Kinds
    paths: Globs
    exact: bool = False
    limit: Annotated[int, Field(ge=1, le=200)] = 20
    project: Project = None


class OutlineArguments(Arguments):
    """Of `code_outline`."""

    path: Path
    project: Project = None


class SpanArguments(Arguments):
    """Of `read_span`."""

    path: Path
    start_line: Annotated[int, Field(ge=1)] = 1
    end_line: Annotated[int | None, Field(ge=1, description="Default: as far as the budget reaches")] = None
    budget: Annotated[int, Field(ge=1, le=50_000, description="Most tokens")] = 4000
    project: Project = None


class MapArguments(Arguments):
    """Of `project_map`."""

    path: Annotated[str, Field(max_length=4096, description="Only below this folder")] = ""
    depth: Annotated[int, Field(ge=1, le=10, description="Levels of folders")] = 2
    budget: Annotated[int, Field(ge=100, le=50_000, description="Most tokens")] = 2000
    project: Project = None


class StatusArguments(Arguments):
    """Of `aura_status`: none."""


def compact_schema(kind: type[Arguments]) -> JsonSchema:
    """The schema of a tool's arguments, without what says nothing to an agent."""
    full = kind.model_json_schema()
    properties = {name: _compact(name, field) for name, field in full.get("properties", {}).items()}
    schema: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
    if "required" in full:
        schema["required"] = full["required"]
    return schema


def _compact(name: str, field: JsonSchema) -> JsonSchema:
    """One property: "or null" and empty defaults are left out, since leaving an argument out means the same."""
    choices = cast("list[JsonSchema]", field.get("anyOf", []))
    kept: JsonSchema = {}
    for choice in (*choices, field):
        if choice.get("type") != "null":
            kept |= choice
    for key in ("anyOf", "title", "maxLength"):
        kept.pop(key, None)
    if kept.get("default") in (None, [], ""):
        kept.pop("default", None)
    if name == "kinds":
        kept["items"] = {"type": "string"}  # The description names the usual ones; a wrong one is answered with all.
    return kept
