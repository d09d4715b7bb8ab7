"""Editing one member of a JSON text: everything else keeps its bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_cli.clients.jsontext import parse, read_path, remove_path, set_path
from aura_cli.clients.problems import Malformed

ENTRY: dict[str, object] = {"command": "/opt/aura", "args": ["mcp"]}
PATH = ("mcpServers", "aura")

SHAPES = {
    "empty object": "{}",
    "pretty": '{\n  "a": 1\n}\n',
    "no newline at the end": '{\n  "a": 1\n}',
    "four spaces": '{\n    "a": {\n        "b": [1, 2]\n    }\n}\n',
    "tabs and comments": '{\n\t"a": 1, // why\n\t// more\n}\n',
    "windows line ends": '{\r\n  "mcpServers": {\r\n    "x": {"command": "y"} // keep\r\n  }\r\n}\r\n',
    "trailing commas": '{\n  "mcpServers": {\n    "x": {},\n  },\n}\n',
    "block comments": '{\n  /* a */ "mcpServers": {\n    "x": {} /* b */\n  }\n}\n',
    "one line": '{"mcpServers":{"x":{}},"z":[1,{"q":null}]}',
    "one line with spaces": '{ "mcpServers": { "x": {} } }',
    "one line with trailing commas": '{"mcpServers": {"x": {},}, "z": true,}',
    "comment in an empty object": "{ // nothing yet\n}",
    "byte order mark": '\ufeff{\n  "a": 1\n}\n',
    "without quotes": "{a: 'it\\'s \"x\"', mcpServers: {b: {}}, n: [+1, .5, 0xFF, Infinity]}",
    "empty servers": '{\n  "mcpServers": {}\n}\n',
    "servers first": '{\n  "mcpServers": {\n    "x": {}\n  },\n  "z": "/* no comment */ // none"\n}\n',
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_an_entry_goes_in_and_comes_out_without_a_trace(text: str) -> None:
    made_key = read_path(text, PATH[:1]) is None
    with_entry = set_path(text, PATH, ENTRY)
    assert read_path(with_entry, PATH) == ENTRY
    assert set_path(with_entry, PATH, ENTRY) == with_entry
    assert remove_path(with_entry, PATH, and_empty=made_key) == text


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_nothing_else_is_read_differently(text: str) -> None:
    before, after = read_path(text, ()), read_path(set_path(text, PATH, ENTRY), ())
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    servers = {name: value for name, value in after.pop("mcpServers").items() if name != "aura"}
    assert servers == before.pop("mcpServers", {})
    assert after == before


def test_the_layout_around_is_followed() -> None:
    text = '{\r\n\t"mcpServers": {\r\n\t\t"x": {} // one\r\n\t}\r\n}\r\n'
    assert set_path(text, PATH, ENTRY) == (
        '{\r\n\t"mcpServers": {\r\n\t\t"x": {}, // one\r\n\t\t"aura": {\r\n\t\t\t"command": "/opt/aura",\r\n'
        '\t\t\t"args": ["mcp"]\r\n\t\t}\r\n\t}\r\n}\r\n'
    )


@pytest.mark.parametrize("text", ["", "\n", "  \r\n", "\ufeff", "// nothing yet\n"])
def test_a_file_without_a_value_gets_one(text: str) -> None:
    made = set_path(text, PATH, ENTRY)
    assert read_path(made, ()) == {"mcpServers": {"aura": ENTRY}}
    assert made.startswith(text.strip(" \r\n"))
    assert made.rstrip("\r\n").endswith("}")


def test_an_entry_keeps_what_somebody_added_to_it() -> None:
    text = '{"mcpServers": {"aura": {"disabled": true, "command": "/old", "args": ["mcp"] /* mine */}}}'
    assert set_path(text, PATH, ENTRY) == text.replace("/old", "/opt/aura")


def test_a_value_of_another_kind_is_replaced() -> None:
    assert read_path(set_path('{"mcpServers": {"aura": {"args": {"a": 1}}}}', PATH, ENTRY), PATH) == {
        "args": ["mcp"],
        "command": "/opt/aura",
    }
    assert read_path(set_path('{\n  "k": {\n    "e": [\n 1\n]\n  }\n}', ("k", "e"), {"x": "y"}), ("k", "e")) == {
        "x": "y"
    }


def test_of_two_members_with_one_name_the_last_counts() -> None:
    text = '{"mcpServers": {"a": {}}, "mcpServers": {"b": {}}}'
    changed = set_path(text, PATH, ENTRY)
    assert changed.startswith('{"mcpServers": {"a": {}}, "mcpServers": {"b": {}, "aura"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": {"x": 1, "aura": {}, "z": 2}}', '{"a": {"x": 1, "z": 2}}'),
        ('{"a": {"aura": {}, "z": 2}}', '{"a": {"z": 2}}'),
        ('{"a": {"aura": {}}}', '{"a": {}}'),
        ('{"a": {"aura": {},}}', '{"a": {}}'),
        ('{\n  "a": {\n    "aura": {\n    },\n    "z": 2\n  }\n}', '{\n  "a": {\n    "z": 2\n  }\n}'),
        ('{\n  "a": {\n    "aura": {} // ours\n  }\n}', '{\n  "a": {\n     // ours\n  }\n}'),
        ('{\n  "a": {\n    // first\n    "aura": {}\n  }\n}', '{\n  "a": {\n    // first\n  }\n}'),
        ('{\n  "a": {\n    "x": 1, // one\n    "aura": {}\n  }\n}', '{\n  "a": {\n    "x": 1 // one\n  }\n}'),
        ('{"a": {"x": 1}}', '{"a": {"x": 1}}'),
        ('{"b": 1}', '{"b": 1}'),
        ("", ""),
    ],
)
def test_an_entry_is_taken_out_of_any_place(text: str, expected: str) -> None:
    assert remove_path(text, ("a", "aura")) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("{", 1, 2, "a name in quotes"),
        ('{"a" 1}', 1, 6, "a colon"),
        ('{"a": 1 "b": 2}', 1, 9, "a comma or '}'"),
        ('{\n  "a": [1 2]\n}', 2, 11, "a comma or ']'"),
        ('{\n  "a": \n}', 3, 1, "a value"),
        ('{"a": 1} x', 1, 10, "the end of the file"),
        ('{"a": "unclosed}', 1, 7, "a value"),
        ('{"a": "\\q"}', 1, 7, "a text with valid escapes"),
        ("{'a': '\\q'}", 1, 7, "a text with valid escapes"),
        ('{"a": nonsense}', 1, 7, "a value"),
        ('{"a": 1, /* open', 1, 10, "a name in quotes"),
        ("\ufeff}", 1, 1, "a value"),
        ("[" * 300, 1, 202, "at most 200 levels"),
        ('{"mcpServers": []}', 1, 16, "an object"),
        ('{\n"mcpServers": {\n"aura": {}}, x', 3, 15, "a colon"),
    ],
)
def test_a_malformed_text_is_refused_with_its_place(text: str, line: int, column: int, expected: str) -> None:
    with pytest.raises(Malformed, match=expected) as raised:
        set_path(text, PATH, ENTRY)
    assert (raised.value.line, raised.value.column) == (line, column)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=5).filter(lambda found: "mcpServers" not in found)


@settings(max_examples=40, deadline=None)
@given(
    document=OBJECTS,
    servers=st.none() | st.dictionaries(st.text(max_size=6), OBJECTS, max_size=3),
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
    ascii_only=st.booleans(),
)
def test_any_json_document_survives(
    document: dict[str, object], servers: dict[str, object] | None, indent: int | str | None, ascii_only: bool
) -> None:
    others = {name: value for name, value in (servers or {}).items() if name != "aura"}
    whole = document if servers is None else {**document, "mcpServers": others}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    value = parse(text)
    assert value is not None
    assert value.read() == whole
    changed = set_path(text, PATH, ENTRY)
    assert json.loads(changed) == {**whole, "mcpServers": {**others, "aura": ENTRY}}
    assert remove_path(changed, PATH, and_empty=servers is None) == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="{}[]\",:/*\\ \n'a1tn", max_size=30))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        changed = set_path(text, PATH, ENTRY)
    except Malformed:
        return
    assert read_path(changed, PATH) is not None
