"""Schemas of answers: what a server is given, what is checked here, and how JSON is read from what a model wrote.

A server gets the part of a schema that it enforces, with bounds; the whole of it is checked here, always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import jsonschema
import referencing
import referencing.exceptions
from jsonschema import exceptions
from pydantic import JsonValue

from aura_models.providers.json_answers import read_json_answer, shown
from aura_models.providers.safe_schemas import server_schema
from aura_shared.errors import SchemaMismatch, UsageProblem

__all__ = ["check", "read_json_answer", "server_schema"]


def check(data: JsonValue, schema: Mapping[str, Any]) -> None:
    """Hold data to the whole schema.

    Raises:
        SchemaMismatch: Names the path, what was expected there, and what was found.
        UsageProblem: The schema itself is wrong.
    """
    validator = cast("Any", _validator(json.dumps(schema, sort_keys=True)))
    try:
        worst = cast("Any", exceptions).best_match(validator.iter_errors(data))
    except referencing.exceptions.Unresolvable as problem:
        raise UsageProblem(f"the schema refers to {problem.ref!r}, which is not part of it") from problem
    except RecursionError as problem:
        raise SchemaMismatch("the answer is nested too deeply to be checked") from problem
    if worst is not None:
        raise SchemaMismatch(_sentence(worst))


@lru_cache(maxsize=64)
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    given = json.loads(schema)
    try:
        jsonschema.Draft202012Validator.check_schema(given)
    except jsonschema.SchemaError as error:
        raise UsageProblem(f"the schema is wrong at {_path(error)}: {error.message[:200]}") from error
    # Without a registry of its own the library would fetch what a schema refers to from the network.
    return jsonschema.Draft202012Validator(
        given, registry=referencing.Registry(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def _sentence(error: exceptions.ValidationError) -> str:
    found = json.dumps(error.instance, ensure_ascii=False, default=str)
    return f"at {_path(error)}: expected {_wanted(error)}, found {shown(found)}"


def _wanted(error: exceptions.ValidationError) -> str:
    value = cast("object", error.validator_value)
    if error.validator == "required":
        return f"the fields {', '.join(cast('list[str]', value))}"
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        return f"no fields but {', '.join(known) or 'those named'}"
    return f"{error.validator} {json.dumps(value, default=str)[:160]}"


def _path(error: Any) -> str:  # noqa: ANN401 - both kinds of errors of the library
    steps = list(error.absolute_path)
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
