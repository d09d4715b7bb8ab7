"""Schemas: what servers are given, what is checked here, and JSON in what a model wrote."""

import json
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from aura_models.schemas import check, read_json_answer, server_schema
from aura_shared.errors import BadAnswer, SchemaMismatch, UsageProblem

pytestmark = pytest.mark.requirement("L2")

NESTED = {"properties": {"a": {"items": {"properties": {"b": {"maximum": 5}}}}}}
ONE_X = {"properties": {"x": {"const": 1}}}
FAN = {f"n{place}": {"items": {"anyOf": [{"$ref": f"#/$defs/n{place + 1}"}] * 4}} for place in range(9)}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "reduced"),
    [
        ({"type": "string"}, {"type": "string", "maxLength": 1000}),
        ({"type": "string", "maxLength": 10}, {"type": "string", "maxLength": 10}),
        ({"type": "string", "maxLength": 99_999}, {"type": "string", "maxLength": 2000}),
        ({"type": "string", "minLength": 1500}, {"type": "string", "minLength": 1500, "maxLength": 1500}),
        ({"type": "string", "minLength": 5000}, {"type": "string"}),
        ({"type": "string", "pattern": "^a+$"}, {"type": "string", "maxLength": 1000}),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
        ({"type": "string", "format": "hostname"}, {"type": "string", "maxLength": 1000}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"], "maxLength": 1000}),
        ({"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.1}, {"type": "number"}),
        ({"type": "integer", "minimum": 0, "maximum": 9}, {"type": "integer", "minimum": 0, "maximum": 9}),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9.5},
            {"type": "integer", "minimum": 1, "maximum": 9},
        ),
        ({"type": ["integer", "number"], "minimum": 3}, {"type": ["integer", "number"]}),
        ({"type": "array"}, {"type": "array", "maxItems": 50}),
        (
            {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3, "uniqueItems": True},
            {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
        ),
        ({"items": {}}, {"type": "array", "items": {}, "maxItems": 50}),
        ({"type": "array", "prefixItems": [True, {"const": 1}]}, {"type": "array", "prefixItems": [{}, {"const": 1}]}),
        (
            {"properties": {"a": {"type": "null"}}, "minProperties": 1, "title": "T", "description": "D"},
            {"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": False},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "boolean"}},
            {"type": "object", "additionalProperties": {"type": "boolean"}},
        ),
        ({"not": {"const": 1}}, {}),
        ({"if": {"type": "null"}, "then": {"const": None}, "type": "null"}, {"type": "null"}),
        ({"oneOf": [{"const": 1}, {"type": "null"}]}, {"anyOf": [{"const": 1}, {"type": "null"}]}),
        (
            {"$ref": "#/definitions/a~1b", "description": "beside", "definitions": {"a/b": {"type": "null"}}},
            {"type": "null"},
        ),
        (
            {
                "allOf": [{"$ref": "#/$defs/a"}, {"required": ["x"]}],
                "$defs": {"a": {"properties": {"x": {"const": 1}}}},
            },
            {"type": "object", "properties": {"x": {"const": 1}}, "required": ["x"], "additionalProperties": False},
        ),
    ],
    ids=str,
)
def test_a_schema_keeps_what_servers_enforce(schema: dict[str, Any], reduced: dict[str, Any]) -> None:
    assert server_schema(schema) == reduced


def test_a_schema_that_contains_itself_stays_a_reference() -> None:
    reduced = server_schema({"$ref": "#/$defs/node", "$defs": {"node": NODE}})
    inner = {"$ref": "#/$defs/node"}
    assert reduced["properties"]["next"] == inner
    assert reduced["$defs"]["node"]["properties"] == {"next": inner, "name": {"type": "string", "maxLength": 1000}}
    check({"next": {"next": {"name": "x"}}}, reduced)
    with pytest.raises(SchemaMismatch):
        check({"next": {"next": {"name": "x", "more": 1}}}, reduced)


def test_a_root_that_contains_itself() -> None:
    reduced = server_schema({"type": "object", "properties": {"child": {"$ref": "#"}}})
    check({"child": {"child": {}}}, reduced)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "complete in itself"),
        ({"$ref": "#/$defs/none"}, "'#/\\$defs/none', which is not part of it"),
        ({"properties": {"a": 5}}, "an object or a truth value; found '5'"),
        (
            {"$ref": "#/$defs/n0", "$defs": {**FAN, "n9": {}}},
            "more than 5,000 parts",
        ),
    ],
    ids=["elsewhere", "missing", "no schema", "too large"],
)  # fmt: skip
def test_a_schema_that_cannot_be_sent_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        server_schema(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
LEAVES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string", "maxLength": 5},
        {"type": "string", "pattern": "^a", "minLength": 1},
        {"type": "integer", "minimum": -3, "exclusiveMaximum": 50},
        {"type": "boolean"},
        {"enum": ["a", 1, None]},
        {"const": 3},
        {"type": ["integer", "null"]},
    ]
)
Schema = dict[str, Any]


def _list_of(part: Schema, most: int) -> Schema:
    return {"type": "array", "items": part, "maxItems": most}


def _object_of(parts: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": parts, "required": sorted(parts)}


def _any_of(parts: list[Schema]) -> Schema:
    return {"anyOf": parts}


def _all_of(part: Schema) -> Schema:
    return {"allOf": [part]}


def _larger(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.builds(_list_of, inner, st.integers(0, 5)),
        st.builds(_object_of, st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
        st.builds(_any_of, st.lists(inner, min_size=1, max_size=3)),
        st.builds(_all_of, inner),
    )


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(LEAVES, _larger, max_leaves=6)


@given(schema=SCHEMAS, data=st.data())
def test_reducing_twice_changes_nothing_and_forbids_no_answer_with_the_named_fields(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    reduced = server_schema(schema)
    assert server_schema(reduced) == reduced
    answer = data.draw(_answers(schema))
    check(answer, schema)
    check(answer, reduced)


def _answers(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Answers with the named fields that satisfy a schema of the strategy above."""
    if "allOf" in schema:
        return _answers(schema["allOf"][0])
    if "anyOf" in schema:
        return st.one_of([_answers(part) for part in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if schema["type"] == "array":
        return st.lists(_answers(schema["items"]), max_size=schema["maxItems"])
    if schema["type"] == "object":
        return st.fixed_dictionaries({name: _answers(part) for name, part in schema["properties"].items()})
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "string":
        return st.text(max_size=4).map(lambda text: f"a{text}")
    return st.integers(-3, 49)


@pytest.mark.parametrize(
    ("data", "schema", "words"),
    [
        ({"a": [{"b": 7}]}, NESTED, "at $.a[0].b: expected maximum 5, found '7'"),
        ({}, {"required": ["x", "y"]}, "at $: expected the fields x, y, found '{}'"),
        ({"z": 1}, {"properties": {"x": {}}, "additionalProperties": False}, "at $: expected no fields but x, found"),
        ("x" * 999, {"type": "integer"}, "at $: expected type \"integer\", found"),
        ([1, 1], {"uniqueItems": True}, "expected uniqueItems true"),
        ("no", {"not": {"const": "no"}}, "expected not"),
        ("2026-13-45", {"format": "date"}, 'expected format "date"'),
        (float("inf"), {"maximum": 5}, "expected maximum 5, found 'Infinity'"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_servers_drop_is_checked_here(data: JsonValue, schema: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaMismatch) as caught:
        check(data, schema)
    assert words in caught.value.message
    assert len(caught.value.message) < 600


@pytest.mark.requirement("P9")
def test_a_schema_never_leads_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(UsageProblem, match=r"https://example\.com/other\.json"):
        check({"a": 1}, {"$ref": "https://example.com/other.json"})


def test_a_schema_that_is_wrong_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(UsageProblem, match=r"the schema is wrong at \$\.type"):
        check(1, {"type": "whole number"})


def test_an_answer_that_is_nested_too_deeply_to_be_checked() -> None:
    deep: Any = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(SchemaMismatch, match="nested too deeply"):
        check(deep, {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}})


FENCE = "```"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("\ufeff  [1, 2]\n", [1, 2]),
        ("true", True),
        ('"<think>text</think>"', "<think>text</think>"),
        ('<think>{"no": 1}</think>{"a": 1}', {"a": 1}),
        ('thoughts without an opening</think>\n{"a": 1}', {"a": 1}),
        (f'Sure!\n{FENCE}json\n{{"a": 1}}\n{FENCE}\nAnything else?', {"a": 1}),
        (f'{FENCE}\n{{"a": 1}}\n{FENCE}', {"a": 1}),
        (f"Twice:\n{FENCE}json\n[1]\n{FENCE}\n{FENCE}json\n[1]\n{FENCE}", [1]),
        (f'~~~json\n{{"text": "{FENCE}"}}\n~~~', {"text": FENCE}),
        ('Here is the plan: {"a": "}"} and that is it.', {"a": "}"}),
        ('See [the docs]: {"a": [1, {"b": "[\\""}]}', {"a": [1, {"b": '["'}]}),
        ('{"a": 1} {"a": 1}', {"a": 1}),
    ],
)
def test_json_is_found_in_what_a_model_wrote(text: str, value: object) -> None:
    assert read_json_answer(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sorry, I cannot do that.",
        '{"a": {"b": 1}, "c": ',
        '{"a": {"b": 1}',
        '{"steps": [{"a": 1}, {"a": 2}',
        'Plan: {"a": {"b": 1}, "c": "unfinished',
        f'{FENCE}json\n{{"a": {{"b": 1}}, \n',
        '{"a": 1} or {"a": 2}',
        f'{FENCE}json\n[1]\n{FENCE}\n{FENCE}json\n[2]\n{FENCE}',
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_nothing_is_guessed(text: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        read_json_answer(text)
    assert len(caught.value.message) < 400


@given(value=JSON, cut=st.data())
def test_a_cut_answer_is_never_taken_for_a_whole_one(value: object, cut: st.DataObject) -> None:
    text = json.dumps({"answer": value, "end": True}, ensure_ascii=False)
    assert read_json_answer(text) == {"answer": value, "end": True}
    assert read_json_answer(f"Here:\n{FENCE}json\n{text}\n{FENCE}\n") == {"answer": value, "end": True}
    place = cut.draw(st.integers(0, len(text) - 1))
    with pytest.raises(BadAnswer):
        read_json_answer(text[:place])
