"""The OpenAPI document of the HTTP interface, at `/v1/openapi.json`."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from aura_gateway import bodies, status
from aura_gateway.events import EVENT_KINDS, TOO_SLOW, EventFrame
from aura_gateway.guard import OPEN_PATHS
from aura_gateway.problems import PROBLEM_RESPONSES
from aura_gateway.questions import QUESTIONS, body_of
from aura_shared.messages.registry import MODULES

__all__ = ["describe", "document", "field_docs"]

_ABOUT: Final = (
    "Aura's local HTTP interface. It listens on a loopback address only; address and token are in the discovery file "
    "`gateway.json`. Every answer has `x-request-id`; an error has the body `ProblemAnswer`. Bodies are JSON, and "
    "unknown fields are refused."
)
Document = dict[str, Any]
"""An OpenAPI document is JSON of many shapes; nothing reads it but the code that writes it out."""


def describe(app: FastAPI) -> None:
    """Serve the document of the app's routes."""

    @app.get("/v1/openapi.json", tags=["gateway"], summary="This document", responses=PROBLEM_RESPONSES)
    async def openapi() -> Document:
        return document(app)


@cache
def document(app: FastAPI) -> Document:
    """The document of the app's routes."""
    result: Document = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
    components: Document = result.setdefault("components", {})
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The token of the discovery file."}
    }
    result["security"] = [{"token": []}]
    schemas: Document = components.setdefault("schemas", {})
    for path, operations in result["paths"].items():
        for operation in operations.values():
            # The gateway answers these with 400 and a ProblemAnswer.
            operation["responses"].pop("422", None)
            if path in OPEN_PATHS:
                operation["security"] = []
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["EventFrame"] = EventFrame.model_json_schema(ref_template="#/components/schemas/{model}")
    result["paths"]["/v1/events"] = _events()
    _describe_fields(schemas)
    return result


def _events() -> Document:
    """OpenAPI has no words for WebSockets; this is the request that opens one."""
    return {
        "get": {
            "tags": ["gateway"],
            "summary": "Events as they happen (WebSocket)",
            "description": (
                "Open it as a WebSocket. Each text frame is an `EventFrame`. A browser, which cannot set the "
                "Authorization header, offers the subprotocols `aura.events.1` and `aura.token.TOKEN`. A client that "
                f"reads too slowly is closed with code {TOO_SLOW} and comes back with `since`. "
                f"Types: {', '.join(f'`{name}`' for name in EVENT_KINDS)}."
            ),
            "operationId": "events_v1_events_get",
            "parameters": [
                {
                    "name": "since",
                    "in": "query",
                    "description": "Start after this `seq`; without it, with the last states.",
                    "schema": {"type": "integer", "minimum": 0},
                },
                {
                    "name": "types",
                    "in": "query",
                    "description": "Only these, separated by commas; without it, all that the journal keeps.",
                    "schema": {"type": "string"},
                },
            ],
            "responses": {
                "101": {"description": "The stream begins; its frames are EventFrame."},
                "4XX": {
                    "description": "The call cannot be served.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
                },
            },
        }
    }


def _describe_fields(schemas: Document) -> None:
    """Add what the messages say under each field; their classes leave it out of their schemas to start faster."""
    for kind in _models():
        schema = schemas.get(kind.__name__)
        if schema is None:
            continue
        for name, text in field_docs(kind).items():
            if name in schema.get("properties", {}):
                schema["properties"][name].setdefault("description", text)


def _models() -> Iterator[type[BaseModel]]:
    for module in (*MODULES, bodies, status):
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, BaseModel):
                yield value
    for question in QUESTIONS:
        yield body_of(question.kind)


def field_docs(kind: type[BaseModel]) -> dict[str, str]:
    """The texts below the fields of a class and of those it inherits from."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, BaseModel) and base.__module__.startswith("aura_") and "[" not in base.__name__:
            found |= _own_field_docs(base)
    return found


def _own_field_docs(kind: type[BaseModel]) -> dict[str, str]:
    if not hasattr(sys.modules.get(kind.__module__), kind.__name__):
        return {}  # Made by `body_of`: it has no source, and no fields of its own.
    definition = cast("ast.ClassDef", ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind))).body[0])
    found: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = " ".join(value.value.split())
    return found
