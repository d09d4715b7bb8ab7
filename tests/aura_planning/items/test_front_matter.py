"""Front matter: what is read, and that an edit touches nothing else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aura_planning.items.frontmatter import FrontMatter, read_front_matter, remove_key, set_key
from aura_planning.items.text import Text, read_text
from aura_shared.errors import EditRefused

SAMPLE = """\
---
# who
id:   k3f9zq    # do not change
title: "A: b"
'alias': 'it''s'
empty:
nothing: ~
tags: [one, "two, three", 'four']
depends_on:
  # first
  - a1b2c3
  - "d4e5f6"   # second

nested:
  key: value
folded: >
  words
flow: {a: 1}
anchor: &x 1
open: [a,
  b]
---
# Title
id: not this one
"""
KEYS = st.sampled_from(["id", "title", "empty", "tags", "depends_on", "nothing", "new_one", "status"])
SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        ["yes", "1.2", "0x1", "2026-01-01", "a: b", "a #b", "- a", "[x]", "{", "'", '"', " x ", "null", "é"]
    ),
)
LISTS = st.lists(SCALARS.filter(bool), max_size=4, unique=True)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def front(text: str) -> FrontMatter:
    return read_front_matter(read_text(text.encode()))


def others(found: FrontMatter, text: Text, key: str) -> list[tuple[str, ...]]:
    """Lines of all other keys."""
    return [text.lines[one.line : one.end] for one in found.entries if one.key != key]


def as_read(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


@pytest.mark.requirement("A2")
def test_every_form_that_people_write_is_read_and_others_are_opaque() -> None:
    found = {entry.key: entry.value for entry in front(SAMPLE).entries}
    assert found == {
        "id": "k3f9zq", "title": "A: b", "alias": "it's", "empty": "", "nothing": "",
        "tags": ("one", "two, three", "four"), "depends_on": ("a1b2c3", "d4e5f6"),
        "nested": None, "folded": None, "flow": None, "anchor": None, "open": None,
    }  # fmt: skip
    assert front(SAMPLE).texts("depends_on") == ("a1b2c3", "d4e5f6")
    assert front(SAMPLE).texts("id") == ("k3f9zq",)
    assert front("# no block\n---\n").start == -1
    assert front("---\nid: a\n").open


@pytest.mark.requirement("A2")
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_any_bytes_come_out_as_they_were(data: bytes, mark: bytes) -> None:
    assert read_text(mark + data).data() == mark + data
    read_front_matter(read_text(data))


@pytest.mark.requirement("A2")
@given(st.text(alphabet="abi: -[]'\"#\\\n\t,{}|>&~1.", max_size=120))
def test_reading_any_block_never_fails_and_setting_it_is_read_back_or_refused(body: str) -> None:
    text = read_text(f"---\n{body}\n---\nbody\n".encode())
    read_front_matter(text)
    try:
        changed = set_key(text, "status", "draft", ("id", "status"))
    except EditRefused:
        return
    assert read_front_matter(changed).text("status") == "draft"


@pytest.mark.requirement("A2", "A5")
@given(KEYS, st.one_of(SCALARS, LISTS), ENDS, st.booleans(), st.booleans())
def test_an_edit_is_read_back_and_touches_only_its_lines(
    key: str, value: str | list[str], end: str, mark: bool, final: bool
) -> None:
    raw = SAMPLE.replace("\n", end)
    raw = raw if final else raw.rstrip("\r\n")
    text = read_text((b"\xef\xbb\xbf" if mark else b"") + raw.encode())
    changed = set_key(text, key, value, ("id", "status", "title"))
    again = read_front_matter(changed)
    wanted = as_read(value)
    entry = again.find(key)
    assert entry is not None
    assert sorted(entry.value or "") == sorted(wanted) if isinstance(wanted, tuple) else entry.value == wanted
    before, after = read_front_matter(text), again
    assert others(before, text, key) == others(after, changed, key)
    assert changed.lines[after.body :] == text.lines[before.body :]
    assert changed.mark == text.mark
    comments = [line for line in text.lines if line.lstrip().startswith("#")]
    if key != "depends_on" or (isinstance(value, list) and value):
        assert [line for line in changed.lines if line.lstrip().startswith("#")] == comments
    assert set_key(changed, key, value, ()) == changed


@pytest.mark.requirement("A2")
@given(st.one_of(SCALARS, LISTS), st.sampled_from(["", '"x"', "'x'"]))
def test_what_is_written_means_the_same_to_other_readers_of_yaml(value: str | list[str], old: str) -> None:
    text = set_key(read_text(f"---\nkey: {old}\n---\n".encode()), "key", value)
    loaded: object = yaml.safe_load("".join(text.lines[1:-1]))
    assert loaded == {"key": value if value != "" or old else None} or loaded == {"key": value}


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("line", "key", "value", "wanted"),
    [
        ("status:   draft   # why", "status", "in-progress", "status:   in-progress   # why"),
        ('status: "draft"', "status", "done", 'status: "done"'),
        ("status: 'draft'", "status", "it's", "status: 'it''s'"),
        ("status:", "status", "draft", "status: draft"),
        ("status: # none yet", "status", "draft", "status: draft # none yet"),
        ("tags: [a] # x", "tags", ["a", "b, c"], 'tags: [a, "b, c"] # x'),
        ("value: 3", "value", 2.5, "value: 2.5"),
        ("alias: a", "alias", "1.2", 'alias: "1.2"'),
    ],
)
def test_comments_quotes_and_spaces_stay(line: str, key: str, value: str | float | list[str], wanted: str) -> None:
    changed = set_key(read_text(f"---\n{line}\nother: 1\n---\n".encode()), key, value)
    assert "".join(changed.lines) == f"---\n{wanted}\nother: 1\n---\n"


@pytest.mark.requirement("A2")
def test_a_new_key_goes_where_it_belongs_and_a_list_of_dashes_stays_one() -> None:
    order = ("id", "kind", "status", "epic")
    text = read_text(b"---\r\nid: a\r\nepic: b\r\nown: x\r\n---\r\nbody")
    assert set_key(text, "status", "draft", order).lines[1:4] == ("id: a\r\n", "status: draft\r\n", "epic: b\r\n")
    assert set_key(read_text(b"---\nepic: b\n---\n"), "id", "a", order).lines[1] == "id: a\n"
    assert set_key(read_text(b"body\r\n"), "id", "a", order).lines == ("---\r\n", "id: a\r\n", "---\r\n", "body\r\n")
    dashes = read_text(b"---\nlist:\n    - a # first\n    - b\n---\n")
    assert set_key(dashes, "list", ["a", "c d"]).lines[2:4] == ("    - a # first\n", "    - c d\n")
    assert set_key(dashes, "list", []).lines[1] == "list: []\n"


@pytest.mark.requirement("A2")
def test_taking_a_key_out_leaves_everything_else() -> None:
    text = read_text(SAMPLE.encode())
    gone = remove_key(text, "depends_on")
    assert "".join(gone.lines) == SAMPLE.replace('depends_on:\n  # first\n  - a1b2c3\n  - "d4e5f6"   # second\n', "")
    assert remove_key(text, "missing") == text


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("text", "key", "match"),
    [
        ("---\nid: a\n", "id", "no closing"),
        ("---\nid: a\nid: b\n---\n", "id", "more than once"),
        ("---\nid: {a: 1}\n---\n", "id", "does not edit"),
    ],
)
def test_what_is_not_understood_is_not_edited(text: str, key: str, match: str) -> None:
    with pytest.raises(EditRefused, match=match):
        set_key(read_text(text.encode()), key, "x")
    if match != "does not edit":
        with pytest.raises(EditRefused):
            remove_key(read_text(text.encode()), key)


def test_an_empty_file_gets_a_block_of_its_own() -> None:
    assert set_key(Text(()), "id", "a").data() == b"---\nid: a\n---\n"
