"""The bodies that REST takes: the messages of the bus, but a field that they do not have is refused, not ignored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aura_gateway.status import ProtocolRange
from aura_shared.messages.code import AddProject, FindSymbols, MapProject, OutlineFile, ReadSpan, SearchCode
from aura_shared.messages.services import PauseWork

__all__ = [
    "AddProjectBody", "DecideApprovalBody", "FindSymbolsBody", "HelloAnswer", "HelloBody", "MapProjectBody",
    "OutlineFileBody", "PauseWorkBody", "ReadSpanBody", "SearchCodeBody",
]  # fmt: skip


class SearchCodeBody(SearchCode, extra="forbid", defer_build=False):
    """Find code by words, names, paths, quoted exact strings or /regular expressions/."""


class FindSymbolsBody(FindSymbols, extra="forbid", defer_build=False):
    """Find definitions by name; `Container.name` and `Container::name` narrow it."""


class OutlineFileBody(OutlineFile, extra="forbid", defer_build=False):
    """What a file defines and imports."""


class ReadSpanBody(ReadSpan, extra="forbid", defer_build=False):
    """Read some lines of a file inside a project."""


class MapProjectBody(MapProject, extra="forbid", defer_build=False):
    """What lies where in a project."""


class AddProjectBody(AddProject, extra="forbid", defer_build=False):
    """Register a folder and index it."""


class DecideApprovalBody(BaseModel):
    """Say yes or no to what an agent wants to do."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    approve: bool
    """Yes, or no."""


class PauseWorkBody(PauseWork, extra="forbid", defer_build=False):
    """Let work that nobody asked for wait, for some seconds or until a person ends the pause."""


class HelloBody(BaseModel):
    """A client says who it is and which versions of the HTTP interface it speaks."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    client: str = Field(min_length=1, max_length=100)
    """Name of the client."""
    client_version: str = Field(max_length=100)
    """Its version."""
    protocol: ProtocolRange
    """What it speaks."""


class HelloAnswer(BaseModel):
    """What was agreed on."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    protocol: int
    """The newest version of the HTTP interface that both speak."""
    version: str
    """Version of Aura."""
    instance: str
    """Another one at each start of the gateway: a client that sees a new one reads the discovery file again."""
