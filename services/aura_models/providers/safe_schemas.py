"""The part of a JSON Schema that model servers enforce.

llama.cpp, and so Ollama and LM Studio, build a grammar from a schema and leave out in silence what the grammar cannot
say: ranges of numbers, most patterns, `uniqueItems`, `not`, conditions. And they let a string or a list go on for ever
unless it is bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from aura_shared.errors import UsageProblem

__all__ = ["server_schema"]

Schema = dict[str, Any]

MOST_CHARS: Final = 1000
"""Bound of a string that has none."""
MOST_ITEMS: Final = 50
"""Bound of a list that has none."""
# llama.cpp refuses a grammar that repeats more than 2,000 things at once; an item of a list counts twice for its comma.
_MOST_GRAMMAR_CHARS: Final = 2000
_MOST_GRAMMAR_ITEMS: Final = 999
_ENFORCED_FORMATS: Final = frozenset({"date", "time", "date-time", "uuid"})
_KEPT: Final = frozenset({"type", "enum", "const", "minLength", "maxLength", "minItems", "maxItems", "required"})
_DEEPEST: Final = 64
_MOST_PARTS: Final = 5000


def server_schema(schema: Mapping[str, Any]) -> Schema:
    """The part of a schema that servers enforce: strings and lists bounded, references written out.

    What it forbids, the whole schema forbids as well or leaves open; what servers ignore is left out.

    Raises:
        UsageProblem: It refers to something outside itself, or is no schema.
    """
    return _Reducer(dict(schema)).whole()


class _Reducer:
    """Walks through one schema."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._parts = 0
        self._kept_definitions: dict[str, Any] = {}

    def whole(self) -> Schema:
        reduced = self._of(self._root, ())
        if self._kept_definitions:
            reduced["$defs"] = self._kept_definitions
        return reduced

    def _of(self, schema: object, inside: tuple[str, ...]) -> Schema:
        if isinstance(schema, bool):
            return {}  # llama.cpp refuses truth values; what they forbid is checked here.
        if not isinstance(schema, dict):
            raise UsageProblem(f"a schema must be an object or a truth value; found {str(schema)[:80]!r}")
        self._parts += 1
        if self._parts > _MOST_PARTS or len(inside) > _DEEPEST:
            raise UsageProblem(f"the schema has more than {_MOST_PARTS:,} parts once its references are written out")
        given = _mapping(cast("object", schema))
        if "$ref" in given:
            return self._referred(given, inside)
        return self._plain(self._merged(given, inside) if "allOf" in given else given, inside)

    def _plain(self, given: Schema, inside: tuple[str, ...]) -> Schema:
        """What is kept of a schema without references of its own."""
        kinds = _types(given)
        reduced = {key: given[key] for key in given if key in _KEPT}
        self._alternatives(given, reduced, inside)
        if "properties" in given or "object" in kinds:
            self._object(given, reduced, inside)
        if "array" in kinds or "items" in given or "prefixItems" in given:
            self._array(given, reduced, inside)
        if "string" in kinds:
            _string(given, reduced)
        if "integer" in kinds:
            _integer(given, reduced)
        return reduced

    def _referred(self, given: Schema, inside: tuple[str, ...]) -> Schema:
        """The schema that is referred to, in its place; only one that contains itself stays a reference."""
        name = str(given["$ref"])
        target = self._target(name)
        if name in inside:
            key = re.sub(r"\W", "_", name.removeprefix("#/$defs/").removeprefix("#/definitions/")) or "root"
            if key not in self._kept_definitions:
                self._kept_definitions[key] = {}
                self._kept_definitions[key] = self._of(target, (name,))
            return {"$ref": f"#/$defs/{key}"}
        beside: Schema = {key: value for key, value in given.items() if key != "$ref"}
        if beside and not isinstance(target, bool):
            target = {**_mapping(target), **beside}
        return self._of(target, (*inside, name))

    def _target(self, name: str) -> object:
        if not name.startswith("#"):
            raise UsageProblem(f"a schema must be complete in itself; it refers to {name!r}")
        found: object = self._root
        for step in name[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = _mapping(found).get(key)
            if found is None:
                raise UsageProblem(f"the schema refers to {name!r}, which is not part of it")
        return found

    def _merged(self, given: Schema, inside: tuple[str, ...]) -> Schema:
        """The parts of `allOf` as one schema; where they differ, the later one counts for the server."""
        merged: Schema = {key: value for key, value in given.items() if key != "allOf"}
        for part in cast("list[object]", given["allOf"]):
            one = _mapping(part)
            while "$ref" in one and str(one["$ref"]) not in inside:
                inside = (*inside, str(one["$ref"]))
                one = _mapping(self._target(inside[-1]))
            one = self._merged(one, inside) if "allOf" in one else one
            required = [*merged.get("required", ()), *one.get("required", ())]
            properties = {**merged.get("properties", {}), **one.get("properties", {})}
            merged.update(one)
            merged.update({"required": list(dict.fromkeys(required))} if required else {})
            merged.update({"properties": properties} if properties else {})
        return merged

    def _alternatives(self, given: Schema, reduced: Schema, inside: tuple[str, ...]) -> None:
        for word in ("anyOf", "oneOf"):
            if word in given:
                # One grammar rule with alternatives; that no two hold at once is checked here.
                reduced["anyOf"] = [self._of(part, inside) for part in given[word]]

    def _object(self, given: Schema, reduced: Schema, inside: tuple[str, ...]) -> None:
        reduced.setdefault("type", "object")
        more = given.get("additionalProperties", True)
        if "properties" in given:
            reduced["properties"] = {key: self._of(part, inside) for key, part in given["properties"].items()}
            # Open objects would let a model go on with names of its own.
            reduced["additionalProperties"] = False if isinstance(more, bool) else self._of(more, inside)
        elif not isinstance(more, bool):
            reduced["additionalProperties"] = self._of(more, inside)

    def _array(self, given: Schema, reduced: Schema, inside: tuple[str, ...]) -> None:
        reduced.setdefault("type", "array")
        if "prefixItems" in given:
            reduced["prefixItems"] = [self._of(part, inside) for part in given["prefixItems"]]
            return
        if "items" in given:
            reduced["items"] = self._of(given["items"], inside)
        _bound(given, reduced, ("minItems", "maxItems"), MOST_ITEMS, _MOST_GRAMMAR_ITEMS)


def _mapping(schema: object) -> Schema:
    """The schema as a mapping; `true` is the one that asks for nothing."""
    return cast("Schema", schema) if isinstance(schema, dict) else {}


def _types(schema: Schema) -> set[str]:
    given = cast("str | list[str]", schema.get("type", []))
    return {given} if isinstance(given, str) else set(given)


def _string(given: Schema, reduced: Schema) -> None:
    if "enum" in given or "const" in given:
        return
    if given.get("format") in _ENFORCED_FORMATS:
        reduced["format"] = given["format"]
        return
    _bound(given, reduced, ("minLength", "maxLength"), MOST_CHARS, _MOST_GRAMMAR_CHARS)


def _bound(given: Schema, reduced: Schema, words: tuple[str, str], usual: int, most: int) -> None:
    """Set an upper bound that a grammar can hold; what has to be longer than that is left open."""
    lower, upper = words
    least = int(given.get(lower, 0))
    if least > most:
        reduced.pop(lower, None)
        reduced.pop(upper, None)
        return
    reduced[upper] = min(int(given.get(upper, max(usual, least))), most)


def _integer(given: Schema, reduced: Schema) -> None:
    """Ranges of whole numbers are enforced; those of other numbers are not."""
    if _types(given) - {"integer", "null"}:
        return
    least, most = given.get("minimum"), given.get("maximum")
    if "exclusiveMinimum" in given:
        least = math.floor(given["exclusiveMinimum"]) + 1
    if "exclusiveMaximum" in given:
        most = math.ceil(given["exclusiveMaximum"]) - 1
    reduced.update({"minimum": math.ceil(least)} if least is not None else {})
    reduced.update({"maximum": math.floor(most)} if most is not None else {})
