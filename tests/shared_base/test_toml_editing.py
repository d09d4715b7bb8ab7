"""Values are set in and taken out of TOML texts, and everything else stays as it is."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_shared.errors import SettingsError
from aura_shared.toml_editing import remove_value, set_value, written

pytestmark = pytest.mark.requirement("P7")

COMMENTED = """\
# mine
[log]   # how much
level = "debug" # a lot
  # not many
backups = 2

# about code
[code]
exclude = [
  "vendor/", # theirs
  "[log]",
]
"""


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        pytest.param("", "log.level", "info", '[log]\nlevel = "info"\n', id="no file"),
        pytest.param("# mine\n", "log.level", "info", '# mine\n\n[log]\nlevel = "info"\n', id="comment only"),
        pytest.param("[log]\n", "log.backups", 2, "[log]\nbackups = 2\n", id="empty table"),
        pytest.param("[log]", "log.backups", 2, "[log]\nbackups = 2\n", id="no line end"),
        pytest.param(
            COMMENTED, "log.level", "info", COMMENTED.replace('"debug"', '"info"'), id="in place, with its comment"
        ),
        pytest.param(
            COMMENTED,
            "log.max_bytes",
            20000,
            COMMENTED.replace("backups = 2\n", "backups = 2\nmax_bytes = 20000\n"),
            id="before the comment of the next table",
        ),
        pytest.param(COMMENTED, "code.workers", 3, COMMENTED + "workers = 3\n", id="behind a list with a fake header"),
        pytest.param(COMMENTED, "git.keep_days", 9, COMMENTED + "\n[git]\nkeep_days = 9\n", id="new table"),
        pytest.param("[log]\r\nlevel = 'a'\r\n", "log.level", "b", '[log]\r\nlevel = "b"\r\n', id="crlf in place"),
        pytest.param("[log]\r\n", "code.workers", 3, "[log]\r\n\r\n[code]\r\nworkers = 3\r\n", id="crlf"),
        pytest.param("code.workers = 3\n", "code.workers", 4, "code.workers = 4\n", id="dotted"),
        pytest.param(
            "code.workers = 3\nlog.level = 'info'\n",
            "code.analysis",
            False,
            "code.workers = 3\ncode.analysis = false\nlog.level = 'info'\n",
            id="beside a dotted one",
        ),
        pytest.param("code = { workers = 4 }\n", "code.workers", 5, "code = { workers = 5 }\n", id="inline"),
        pytest.param(
            "[models.servers.a]\nkind = 'ollama'\n",
            "models.retries",
            3,
            "[models.servers.a]\nkind = 'ollama'\n\n[models]\nretries = 3\n",
            id="below a table that has only parts",
        ),
        pytest.param("[log]\nlevel = 'info'\n", "log.level", "info", "[log]\nlevel = 'info'\n", id="nothing to do"),
    ],
)
def test_a_value_is_set_and_the_rest_stays(before: str, key: str, value: object, after: str) -> None:
    section, _, name = key.partition(".")
    assert set_value(before, section, name, value) == after


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        pytest.param("[log]\nlevel = 'info' # x\nbackups = 2\n", "log.level", "[log]\nbackups = 2\n", id="one of two"),
        pytest.param("a = 1\n\n[log]\nlevel = 'info'\n", "log.level", "a = 1\n", id="last table"),
        pytest.param("[log]\nlevel = 'info'\n\n[code]\n", "log.level", "[code]\n", id="first table"),
        pytest.param("[log]\nlevel = 'info'\n", "log.level", "", id="all there is"),
        pytest.param("[log] # x\nlevel = 'info'\n", "log.level", "[log] # x\n", id="comment at the header"),
        pytest.param("[log]\n# x\nlevel = 'info'\n", "log.level", "[log]\n# x\n", id="comment in the table"),
        pytest.param("log.level = 'info'\nb = 1\n", "log.level", "b = 1\n", id="dotted"),
        pytest.param("log = { level = 'info' }\nb = 1\n", "log.level", "b = 1\n", id="inline"),
        pytest.param("[models.servers.a]\nx = 1\n\n[log]\n", "models.servers", "[log]\n", id="part of a table"),
        pytest.param("[log]\r\nlevel = 'a'\r\n[code]\r\n", "log.level", "[code]\r\n", id="crlf"),
        pytest.param("[log]\nbackups = 2\n", "log.level", "[log]\nbackups = 2\n", id="not there"),
        pytest.param("", "log.level", "", id="no file"),
    ],
)
def test_a_value_is_taken_out_with_its_emptied_table(before: str, key: str, after: str) -> None:
    section, _, name = key.partition(".")
    assert remove_value(before, section, name) == after


@pytest.mark.parametrize(
    "before",
    [
        "[findings.options]\nlong = { lines = 1 }\n\n[findings.levels]\na = 'error'\n",
        "[findings]\non = ['x']\n[findings.levels]\na = 'error'\n[findings.options.b]\nc = 1\n",
        "[findings.levels]\na = 'error'\n[code]\nworkers = 1\n[findings.options.b]\nc = 1\n",
        "findings.levels.a = 'error'\n[code]\nworkers = 1\n",
    ],
)
def test_a_part_of_a_table_is_replaced_by_an_inline_one(before: str) -> None:
    after = set_value(before, "findings", "levels", {"b c": "hint", "d": "error"})
    wanted = tomllib.loads(before)
    wanted["findings"]["levels"] = {"b c": "hint", "d": "error"}
    assert tomllib.loads(after) == wanted


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(SettingsError, match="log must be a table; found 3"):
        set_value("log = 3", "log", "level", "info")
    assert remove_value("log = 3", "log", "level") == "log = 3"


def test_what_cannot_be_changed_without_a_risk_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"log\.level cannot be changed without a risk") as caught:
        set_value("x = nan\n[log]\n", "log", "level", "info")
    assert caught.value.hint == "Change it by hand, in an editor."


NAMES = st.sampled_from(["log", "code", "models", "git", "plan"])
KEYS = st.sampled_from(["a", "b", "c-d", "e_f"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | KEYS, inner, max_size=3),
    max_leaves=6,
)
COMMENTS = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Cs"]), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A file as a person may write it: comments, blank lines, tables with parts, both kinds of line ends."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines: list[str] = []
    for section in draw(st.lists(NAMES, unique=True, max_size=4)):
        lines += draw(st.lists(st.sampled_from(["", "# about the next"]), max_size=2))
        shape = draw(st.sampled_from(["table", "inline", "part", "dotted"]))
        keys = draw(st.lists(KEYS, unique=True, max_size=3))
        pairs = [f"{key} = {written(draw(VALUES))}" for key in keys]
        if shape == "inline" and not any(line.startswith("[") for line in lines):
            lines.append(f"{section} = {{ {', '.join(pairs)} }}")
        elif shape == "dotted" and not any(line.startswith("[") for line in lines):
            lines += [f"{section}.{pair}" for pair in pairs]
        else:
            lines.append(f"[{section}{'.a' if shape == 'part' else ''}]")
            lines += [f"{draw(st.sampled_from(['', '  ']))}{pair} # {draw(COMMENTS)}" for pair in pairs]
    return end.join(lines) + draw(st.sampled_from(["", end]))


@given(documents(), NAMES, KEYS, VALUES)
def test_any_file_holds_the_value_afterwards_and_nothing_else_has_changed(
    before: str, section: str, name: str, value: object
) -> None:
    values = tomllib.loads(before)
    try:
        after = set_value(before, section, name, value)
    except SettingsError:
        assert section not in values or isinstance(values[section], dict)  # It was refused, and nothing was lost.
        return
    found = tomllib.loads(after)
    assert found[section].pop(name) == value
    values.setdefault(section, {}).pop(name, None)
    assert found == values
    comments = [line for line in before.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == comments
    again = remove_value(after, section, name)
    assert name not in tomllib.loads(again).get(section, {})
