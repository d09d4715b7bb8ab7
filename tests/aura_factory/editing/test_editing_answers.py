"""What a model's answer is taken for, and what is refused at once."""

from __future__ import annotations

import pytest

from aura_factory.editing import Applied, Refused, apply_answer, choose_format, retry_prompt
from aura_factory.editing.merge3 import merge_lines
from aura_factory.editing.outcomes import EditFormat, Refusal
from aura_factory.editing.retrying import MOST_CHARS

OLD = """import os


def load(name):
    # Read it at once.
    path = os.path.join("data", name)
    return open(path).read()


class Store:
    def __init__(self):
        self.rows = []

    def add(self, row):
        self.rows.append(row)
        return len(self.rows)
"""
FILES = {"lib/store.py": OLD}


def block(sought: str, wanted: str) -> str:
    return f"<<<<<<< SEARCH\n{sought}\n=======\n{wanted}\n>>>>>>> REPLACE\n"


def fenced(text: str, info: str = "python") -> str:
    return f"```{info}\n{text}```\n"


def applied(answer: str, form: EditFormat = "search-replace", **more: object) -> str | None:
    """The new text of the one file."""
    outcome = apply_answer(answer, format=form, files=FILES, **more)  # pyright: ignore[reportArgumentType]
    assert isinstance(outcome, Applied), outcome
    return outcome.files.get("lib/store.py", OLD)


def refused(answer: str, form: EditFormat = "search-replace", **more: object) -> Refusal:
    """The first reason of a refusal."""
    outcome = apply_answer(answer, format=form, files=FILES, **more)  # pyright: ignore[reportArgumentType]
    assert isinstance(outcome, Refused), outcome
    return outcome.reasons[0]


CHANGE = block("        self.rows.append(row)", "        self.rows.insert(0, row)")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("<think>what now", "truncated"),
        ("<think>what now</think>", "empty"),
        ("I cannot do that.", "no-edit"),
        (fenced("<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n"), "malformed"),
        (fenced("<<<<<<< SEARCH\na\n=======\nb\n")[:-4], "malformed"),
        (fenced(block("never there at all", "x")), "not-found"),
        (fenced(block("", "x = 1")), "malformed"),
        ("../outside.py\n" + fenced(block("", "x = 1")), "path"),
        ("/etc/passwd\n" + fenced(block("", "x = 1")), "path"),
        (fenced(block("        self.rows.append(row)", "        self.rows.append(row")), "syntax"),
        (fenced(block("        return len(self.rows)", "    # ... rest of the code unchanged ...")), "placeholder"),
    ],
)
@pytest.mark.requirement("C5")
def test_an_answer_that_is_no_edit_is_refused(answer: str, kind: str) -> None:
    assert refused(answer).kind == kind


def test_an_answer_that_was_cut_is_refused_however_complete_it_looks() -> None:
    assert refused(fenced(CHANGE), finish="length").kind == "truncated"


@pytest.mark.parametrize(
    "answer",
    [
        fenced(CHANGE),
        CHANGE,
        "<think>\n```python\nx\n```\n</think>\n" + fenced(CHANGE),
        "lib/store.py\n~~~~python\n" + CHANGE + "~~~~\n",
        fenced(CHANGE, "python:lib/store.py"),
        "### `store.py`\n" + fenced(CHANGE),
        fenced("lib/store.py\n" + CHANGE),
        fenced(CHANGE).replace("\n", "\r\n"),
        fenced(CHANGE) + "\n```bash\nrm -rf /\n```\n",
        fenced(CHANGE + CHANGE),
    ],
)
def test_an_edit_is_found_however_it_is_wrapped(answer: str) -> None:
    assert applied(answer) == OLD.replace("append(row)", "insert(0, row)")


def test_nothing_is_written_when_one_of_several_blocks_fails() -> None:
    reason = refused(fenced(CHANGE + block("nowhere to be found", "x")))
    assert (reason.kind, reason.path, reason.sought) == ("not-found", "lib/store.py", "nowhere to be found")


def test_a_new_file_needs_a_path_that_may_be_written() -> None:
    answer = "lib/fresh.py\n" + fenced(block("", "x = 1"))
    assert refused(answer).kind == "path"
    outcome = apply_answer(answer, format="search-replace", files=FILES, allowed={"lib/fresh.py"})
    assert outcome == Applied({"lib/fresh.py": "x = 1\n"})


def test_a_file_of_which_nothing_is_left_is_deleted() -> None:
    answer = fenced(block(OLD.rstrip("\n"), ""))
    outcome = apply_answer(answer.replace("=======\n\n", "=======\n"), format="search-replace", files=FILES)
    assert isinstance(outcome, Applied)
    assert outcome.files == {"lib/store.py": None}


def test_a_function_replaces_its_definition_and_keeps_its_comment() -> None:
    code = 'def load(name):\n    path = os.path.join("data", name)\n    return open(path, "rb").read()\n'
    assert applied(fenced(code), "symbol", symbol="load") == OLD.replace("open(path)", 'open(path, "rb")')


def test_a_method_is_put_back_where_it_belongs() -> None:
    code = "def add(self, row):\n    self.rows.insert(0, row)\n    return len(self.rows)\n"
    assert applied(fenced(code), "symbol", symbol="Store.add") == OLD.replace("append(row)", "insert(0, row)")


@pytest.mark.parametrize(
    ("code", "symbol", "kind"),
    [
        ("def other():\n    pass\n", "load", "symbol"),
        ("class load:\n    pass\n", "load", "symbol"),
        ("def load(name):\n    return name\n\n\nload(1)\n", "load", "symbol"),
        ("def load(name):\n    return name\n", "missing", "symbol"),
        ("def load(name:\n", "load", "syntax"),
        ("class Store:\n    def __init__(self):\n        self.rows = []\n", "Store", "lost"),
    ],
)
def test_a_symbol_that_is_not_the_one_asked_for_is_refused(code: str, symbol: str, kind: str) -> None:
    assert refused(fenced(code), "symbol", symbol=symbol).kind == kind


def test_an_import_that_comes_along_joins_those_of_the_file() -> None:
    code = 'import json\n\n\ndef load(name):\n    path = os.path.join("data", name)\n    return json.load(open(path))\n'
    expected = OLD.replace("import os\n", "import os\nimport json\n").replace(
        "open(path).read()", "json.load(open(path))"
    )
    assert applied(fenced(code), "symbol", symbol="load") == expected


def test_what_changed_since_the_model_saw_the_file_is_merged() -> None:
    now = {"lib/store.py": OLD.replace('"data"', '"files"')}
    outcome = apply_answer(fenced(CHANGE), format="search-replace", files=now, seen=FILES)
    assert outcome == Applied({"lib/store.py": now["lib/store.py"].replace("append(row)", "insert(0, row)")})
    theirs = {"lib/store.py": OLD.replace("append(row)", "extend(row)")}
    outcome = apply_answer(fenced(CHANGE), format="search-replace", files=theirs, seen=FILES)
    assert isinstance(outcome, Refused)
    assert outcome.reasons[0].kind == "stale"


def test_deleted_functions_are_refused_unless_the_request_names_them() -> None:
    rest = OLD[: OLD.index("def load")] + OLD[OLD.index("class Store") :]
    assert refused(fenced(rest), "whole").kind == "lost"
    assert applied(fenced(rest), "whole", named=["load"]) == rest


@pytest.mark.parametrize(
    ("abilities", "lines", "has_symbol", "expected"),
    [
        (None, 300, True, "whole"),
        (None, 301, True, "symbol"),
        (["whole", "search-replace"], 5_000, True, "search-replace"),
        (["search-replace"], 10, False, "search-replace"),
        (["symbol", "search-replace"], 10, True, "symbol"),
        (["whole"], 5_000, False, "whole"),
        ([], 5_000, True, "symbol"),
    ],
)
def test_the_format_follows_the_model_and_the_file(
    abilities: list[EditFormat] | None, lines: int, has_symbol: bool, expected: str
) -> None:
    assert choose_format(abilities, lines, has_symbol=has_symbol) == expected


def test_the_retry_prompt_names_what_was_sought_and_the_closest_lines() -> None:
    sought = (
        "    def add(self, row):\n        self.rows.push(row)\n        self.count = 1\n        return len(self.rows)"
    )
    outcome = apply_answer(fenced(block(sought, "x")), format="search-replace", files=FILES)
    assert isinstance(outcome, Refused)
    prompt = retry_prompt(outcome)
    assert "self.rows.push(row)" in prompt
    assert "    14 |     def add(self, row):" in prompt
    assert "Copy the" in prompt


def test_the_retry_prompt_is_bounded() -> None:
    reason = Refusal("not-found", "a" * 5_000, "b" * 5_000, tuple((n, "c" * 500) for n in range(90)), "d\n" * 900)
    assert len(retry_prompt(Refused((reason,) * 50))) <= MOST_CHARS


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("abXd", "aBcd", "aBXd"),
        ("abXd", "abYd", None),
        ("abXd", "abXd", "abXd"),
        ("abcdX", "Yabcd", "YabcdX"),
        ("abc", "abcXd", None),
    ],
)
def test_a_merge_takes_both_sides_or_gives_up(ours: str, theirs: str, merged: str | None) -> None:
    found = merge_lines(list("abcd"), list(ours), list(theirs))
    assert (None if found is None else "".join(found)) == merged
