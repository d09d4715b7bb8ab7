"""Writes `docs/schemas/messages.json` and `docs/messages.md` from the message classes, or checks that they are current.

usage: python scripts/export_contracts.py [--check] [--folder DOCS]
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from aura_shared.messages.core import CONTRACT_VERSION, Envelope, Event, Message, Reply, Request, reply_type
from aura_shared.messages.registry import messages

Schema = dict[str, Any]
DOCS = Path(__file__).resolve().parent.parent / "docs"
COMMAND = "python scripts/export_contracts.py"


def field_notes(kind: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a class, its bases included."""
    notes: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel or "[" in base.__name__:
            continue
        (declared,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(declared, ast.ClassDef)
        for field, note in zip(declared.body, declared.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
                text = ast.literal_eval(note.value)
                notes[field.target.id] = " ".join(inspect.cleandoc(text).split())
    return notes


def nature(kind: type[Message]) -> Schema:
    """What a class is on the bus."""
    facts: Schema = {"class": kind.__name__, "$ref": f"#/$defs/{kind.__name__}"}
    if issubclass(kind, Event):
        return {"kind": "event", "durability": kind.durability, **facts}
    if issubclass(kind, Request):
        reply: type[Reply] = reply_type(cast("type[Request[Reply]]", kind))
        return {"kind": "request", "service": kind.service, "reply": reply.__name__, **facts}
    return {"kind": "reply" if issubclass(kind, Reply) else "part", **facts}


def schemas() -> Schema:
    """One JSON Schema document of the whole contract."""
    kinds: list[type[BaseModel]] = [Envelope, *messages()]
    _, document = models_json_schema([(kind, "validation") for kind in kinds], ref_template="#/$defs/{model}")
    definitions: dict[str, Schema] = document["$defs"]
    for kind in kinds:
        definition = definitions[kind.__name__]
        definition["description"] = inspect.getdoc(kind) or ""
        properties: dict[str, Schema] = definition.get("properties", {})
        for name, note in field_notes(kind).items():
            if name in properties:
                properties[name]["description"] = note
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aura's messages",
        "contract_version": CONTRACT_VERSION,
        "messages": {kind.type or kind.__name__: nature(kind) for kind in messages()},
        "$defs": definitions,
    }


def type_text(schema: Schema) -> str:
    """A field's type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_text(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}))}"
    if schema.get("type") == "object":
        inner: Schema | bool = schema.get("additionalProperties", False)
        return "object" if isinstance(inner, bool) or not inner else f"object of {type_text(inner)}"
    return str(schema.get("type", "any JSON"))


def section(name: str, facts: Schema, definition: Schema) -> list[str]:
    """One message as Markdown."""
    about = [facts["kind"]]
    if facts["kind"] == "event":
        about.append(facts["durability"])
    if facts["kind"] == "request":
        about.append(f"to `{facts['service']}`, answered with [{facts['reply']}](#{facts['reply'].lower()})")
    lines = [f"### {facts['class']}", "", f"`{name}` · {' · '.join(about)}", "", definition["description"], ""]
    properties: dict[str, Schema] = definition.get("properties", {})
    if properties:
        lines += ["| field | type | | meaning |", "|---|---|---|---|"]
    required: list[str] = definition.get("required", [])
    for field, schema in properties.items():
        default = "required" if field in required else f"`{json.dumps(schema.get('default'))}`"
        if "default" not in schema and field not in required:
            default = "empty"
        meaning = schema.get("description", "").replace("|", "\\|")
        lines.append(f"| `{field}` | {type_text(schema)} | {default} | {meaning} |")
    return [*lines, ""] if properties else lines


def reference(document: Schema) -> str:
    """The whole contract as Markdown."""
    definitions, found = document["$defs"], document["messages"]
    lines = [
        "# Messages",
        "",
        f"Contract version {document['contract_version']}. Generated by `{COMMAND}` from the classes in "
        "`shared/aura_shared/messages`; the same as JSON Schema is in [schemas/messages.json](schemas/messages.json).",
        "How they travel is told in [bus](bus.md). On the bus, fields that a reader does not know are ignored; over "
        "HTTP and MCP they are refused.",
        "",
        "## Envelope",
        "",
        *section("envelope", {"class": "Envelope", "kind": "around every message"}, definitions["Envelope"])[4:],
    ]
    for kind, title in (("event", "Events"), ("request", "Requests"), ("reply", "Replies"), ("part", "Parts")):
        lines += [f"## {title}", ""]
        for name, facts in found.items():
            if facts["kind"] == kind:
                lines += section(name, facts, definitions[facts["class"]])
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the two files, or return 1 when they are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    parser.add_argument("--folder", type=Path, default=DOCS, help="the documentation folder")
    options = parser.parse_args(arguments)
    document = schemas()
    wanted = {
        options.folder / "schemas" / "messages.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n",
        options.folder / "messages.md": reference(document),
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if options.check:
            print(f"{path.name} is out of date: {COMMAND}", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
