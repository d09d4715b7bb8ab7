"""Documents over the bus: reads one, and answers with its items, findings and gaps.

The parser is imported with the first document: a service at rest is small.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from aura_shared.bus import Bus, Context
from aura_shared.errors import UsageProblem
from aura_shared.messages.planning import ParsedDocument, ParseDocument
from aura_shared.projects import Project
from aura_shared.security import open_inside

if TYPE_CHECKING:
    from aura_planning.parsing.contract import Document

__all__ = ["ParseService"]

_MOST_LINES: Final = 120
"""Lines of an outline at once: about 2,000 tokens."""


class Desk(Protocol):
    """What of the service's desk is needed here."""

    bus: Bus

    async def project(self, name: str) -> Project:
        """A registered project."""
        ...


class ParseService:
    """Serves the requests of `aura_shared.messages.planning`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self) -> None:
        """Serve them."""
        self._desk.bus.serve(ParseDocument, self._parse)

    async def _parse(self, request: ParseDocument, _context: Context) -> ParsedDocument:
        if request.content:
            data = _decoded(request.content)
        elif request.project:
            project = await self._desk.project(request.project)
            data = await asyncio.to_thread(_read, Path(project.root), request.path)
        else:
            raise UsageProblem("a document needs a project, or its content", hint="Give `project` and `path`.")
        return await asyncio.to_thread(_answer, data, request)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise UsageProblem(f"the content is not Base64: {error}", hint="Encode the bytes of the file.") from error


def _read(root: Path, path: str) -> bytes:
    """The bytes of a file of the project, and one more than is read at most, so that a larger file is noticed."""
    from aura_planning.parsing.source import MOST_BYTES  # noqa: PLC0415 - see above

    with open_inside(root, path) as file:
        return file.read(MOST_BYTES + 1)


def _answer(data: bytes, request: ParseDocument) -> ParsedDocument:
    from aura_planning.parsing.gaps import find_gaps  # noqa: PLC0415 - see above
    from aura_planning.parsing.parsing import parse_document  # noqa: PLC0415
    from aura_planning.parsing.replies import reply_of  # noqa: PLC0415

    document = parse_document(data, request.path)
    answer = reply_of(document, find_gaps(document) if request.gaps else ())
    if not request.outline:
        return answer
    return answer.model_copy(update=_outlined(document, answer, request.offset))


def _outlined(document: Document, answer: ParsedDocument, offset: int) -> dict[str, object]:
    """The answer as lines for an agent, so many at once as it wants to read."""
    from aura_planning.parsing.outlines import outline_lines  # noqa: PLC0415 - see above

    lines = outline_lines(document, answer)
    shown = lines[offset : offset + _MOST_LINES]
    more = offset + len(shown) < len(lines)
    if more:
        shown.append(f"... {len(lines) - offset - len(shown)} more lines: ask again with offset {offset + _MOST_LINES}")
    return {
        "text": "\n".join(shown), "more": more, "items": [], "proposals": [], "groups": [], "out_of_scope": [],
        "gaps": [], "findings": [one for one in answer.findings if one.severity == "error"][:20],
    }  # fmt: skip
