"""Tools that agents opt in to, made from the questions that the gateway passes on.

The default list stays short, because agents pay for every byte of it in every conversation. A client asks for more
with the header `x-aura-toolsets: structure,findings` (`aura mcp --toolset structure`), or `all`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Final

from pydantic import JsonValue, create_model
from pydantic.fields import FieldInfo

from aura_gateway.mcp_arguments import Arguments, Project
from aura_gateway.openapi import field_docs
from aura_gateway.questions import QUESTIONS, TOOLSETS, Question

__all__ = ["TOOLSETS_HEADER", "answer_text", "arguments_of", "chosen"]

TOOLSETS_HEADER: Final = "x-aura-toolsets"
_MOST_ITEMS: Final = 200
_PLACE: Final = ("path", "line", "start_line", "column", "end_line")
_QUIET: Final = frozenset({"freshness", "seconds", "tokens", "more", "reason", "notice", "project"})


def chosen(header: str | None) -> Sequence[Question]:
    """The questions that every client has, then those of the toolsets that it names; unknown names are passed over."""
    names = {name.strip().lower() for name in (header or "").split(",")}
    wanted = set(TOOLSETS) if "all" in names else names.intersection(TOOLSETS)
    always = [question for question in QUESTIONS if question.always]
    return [*always, *(question for question in QUESTIONS if question.toolset in wanted and not question.always)]


def arguments_of(question: Question) -> type[Arguments]:
    """The arguments of a tool: the fields of the message, with what they mean; the project may be left out."""
    docs = field_docs(question.kind)
    fields: dict[str, Any] = {
        name: (field.annotation, _described(field, docs.get(name, "")))
        for name, field in question.kind.model_fields.items()
        if name != "project" and (not question.shows or name in question.shows)
    }
    if "project" in question.kind.model_fields:
        fields = {"project": (Project, None), **fields}
    return create_model(f"{question.kind.__name__}Arguments", __base__=Arguments, **fields)


def _described(field: FieldInfo, text: str) -> FieldInfo:
    described = copy(field)
    described.description = text or None
    return described


def answer_text(fields: Mapping[str, JsonValue], project: str) -> list[str]:
    """An answer as an agent reads it: what it says about itself first, then one line an item, places first."""
    text = fields.get("text") or fields.get("content")
    if isinstance(text, str) and text:
        return [text]
    lines = [f"{name}: {value}" for name, value in fields.items() if _plain(value) and name not in _QUIET]
    for name, value in fields.items():
        if isinstance(value, list) and value:
            lines += ["", f"{name}:", *(_item(item) for item in value[:_MOST_ITEMS])]
        elif isinstance(value, dict) and value and name not in _QUIET:
            lines.append(f"{name}: {_item(value)}")
    if not any(isinstance(value, list) and value for value in fields.values()):
        lines.insert(0, f"Nothing found in {project}. {fields.get('reason', '')}".strip())
    if fields.get("more"):
        lines += ["", "There is more: raise limit or budget, or narrow the question."]
    return lines


def _plain(value: JsonValue) -> bool:
    return isinstance(value, str | int | float) and value not in ("", 0)


def _item(item: JsonValue) -> str:
    if not isinstance(item, dict):
        return f"- {item}"
    rest = [_shown(name, value) for name, value in item.items() if name not in _PLACE]
    return "- " + "  ".join(part for part in (_where(item), *rest) if part)


def _where(item: Mapping[str, JsonValue]) -> str:
    path = item.get("path")
    if not isinstance(path, str):
        return ""
    line = item.get("line") or item.get("start_line")
    return f"{path}:{line}" if line else path


def _shown(name: str, value: JsonValue) -> str:
    if value in (None, "", [], {}, False, 0):
        return ""
    if value is True:
        return name
    if isinstance(value, list):
        return f"{name}=[{', '.join(_inner(one) for one in value[:20])}]"
    if isinstance(value, dict):
        return f"{name}=({_inner(value)})"
    return str(value) if isinstance(value, str) else f"{name}={value}"


def _inner(value: JsonValue) -> str:
    if not isinstance(value, dict):
        return str(value)
    parts = (_where(value), *(str(v) for k, v in value.items() if k not in _PLACE and isinstance(v, str | int) and v))
    return " ".join(part for part in parts if part)
