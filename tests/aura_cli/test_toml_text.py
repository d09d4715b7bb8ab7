"""Editing one table of a TOML text: everything else keeps its bytes."""

from __future__ import annotations

import pytest

from aura_cli.clients.problems import Malformed
from aura_cli.clients.tomltext import read_path, remove_path, set_path

ENTRY: dict[str, object] = {"command": "/opt/aura", "args": ["mcp"], "env": {"AURA_HOME": "/tmp/a"}}
PATH = ("mcp_servers", "aura")

SHAPES = {
    "empty": "",
    "comments": '# mine\nmodel = "o3" # why\n',
    "other servers": '[mcp_servers.x]\ncommand = "y"\n\n[tools]\na = 1\n',
    "windows line ends": "a = 1\r\n[b]\r\nc = 2\r\n",
    "inline servers": 'mcp_servers = { x = { command = "y" } }\n',
    "a servers table": "[mcp_servers]\nx = { command = 'y' }\n",
    "dotted": 'mcp_servers.x.command = "y"\n',
    "a header inside a text": 'a = """\n[mcp_servers.x]\n"""\n',
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_table_goes_in_and_comes_out_without_a_trace(text: str) -> None:
    with_entry = set_path(text, PATH, ENTRY)
    assert read_path(with_entry, PATH) == ENTRY
    assert set_path(with_entry, PATH, ENTRY) == with_entry
    assert remove_path(with_entry, PATH) == text


def test_a_table_is_appended_as_a_person_would_write_it() -> None:
    assert set_path('model = "o3"', PATH, {"command": "/opt/aura", "args": ["mcp"]}) == (
        'model = "o3"\n\n[mcp_servers.aura]\ncommand = "/opt/aura"\nargs = ["mcp"]\n'
    )


def test_a_table_that_is_there_keeps_comments_and_other_values() -> None:
    text = '[mcp_servers.aura] # ours\n# mine\ncommand = "/old" # c\nstartup_timeout_sec = 5\n\n# about z\n[z]\nq = 1\n'
    assert set_path(text, PATH, ENTRY) == (
        '[mcp_servers.aura] # ours\nargs = ["mcp"]\nenv = { AURA_HOME = "/tmp/a" }\n# mine\n'
        'command = "/opt/aura" # c\nstartup_timeout_sec = 5\n\n# about z\n[z]\nq = 1\n'
    )


def test_tables_below_go_too_and_what_belongs_to_the_next_stays() -> None:
    text = 'a = 1\n\n[mcp_servers.aura]\ncommand = "x"\n\n[mcp_servers.aura.env]\nA = "1"\n\n# about z\n[z]\nq = 1\n'
    assert remove_path(text, PATH) == "a = 1\n\n# about z\n[z]\nq = 1\n"


def test_what_is_not_there_is_not_removed() -> None:
    assert remove_path("a = 1\n", PATH) == "a = 1\n"


def test_an_inline_table_is_edited_in_place() -> None:
    text = 'mcp_servers = { aura = { command = "/old", args = ["mcp"] } }\n'
    changed = set_path(text, PATH, ENTRY)
    assert read_path(changed, PATH) == ENTRY
    assert read_path(remove_path(changed, PATH), PATH[:1]) == {}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = ", 1, 5), ("a = 1\n[b\n", 2, 3), ("x = 1\nmcp_servers = 3\n", 2, 1), ("mcp_servers = [1]\n", 1, 1)],
)
def test_a_malformed_text_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(Malformed) as raised:
        set_path(text, PATH, ENTRY)
    assert (raised.value.line, raised.value.column) == (line, column)
