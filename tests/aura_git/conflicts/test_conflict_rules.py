"""Each rule on a small conflict, and each reason to refuse."""

from __future__ import annotations

import pytest

from git_conflict_texts import resolved, rule

pytestmark = pytest.mark.requirement("G3")


def test_spacing_at_the_end_of_lines_is_no_conflict_of_meaning() -> None:
    assert rule("a\nb\n", "a \nb changed\n", "a\t\nb changed\n") == ("auto", "spacing", "a \nb changed\n")
    assert rule("x = 1\n", "x  =  1\n", "x = 2\n", "one.js") == ("auto", "spacing", "x = 2\n")
    assert rule("x = 1\n", "x = 2\n", "x  =  1\n", "one.js") == ("auto", "spacing", "x = 2\n")


def test_indentation_is_meaning_where_it_is_syntax() -> None:
    base = "def f():\n    a()\n"
    assert rule(base, "def f():\n        a()\n", "def f():\n    b()\n", "one.py")[1] != "spacing"
    assert rule("if (x) {\n  a()\n}\n", "if (x) {\n    a()\n}\n", "if (x) {\n  b()\n}\n", "one.js")[1] == "spacing"


def test_spacing_within_a_string_is_meaning() -> None:
    assert rule("say('a b')\n", "say('a  b')\n", "say('c d')\n", "one.py")[0] == "refuse"


def test_empty_lines_beside_a_rewrite_are_only_proposed() -> None:
    assert rule("a\nb\n", "a\n\nb\n", "c\nd\n") == ("propose", "empty-lines", "c\nd\n")


def test_a_side_that_holds_all_of_the_other_is_taken() -> None:
    assert rule("", "one\n", "one\ntwo\n") == ("auto", "subset", "one\ntwo\n")
    assert rule("x\n", "one\ntwo\n", "one\n") == ("auto", "subset", "one\ntwo\n")


def test_a_line_that_was_moved_is_not_one_that_was_deleted() -> None:
    base = "if a:\n    one\n    two\n"
    tier, _, _ = rule(base, "if a:  # why\n    two\n    one\n", "if a:\n    one\n")
    assert tier in {"suggest", "refuse"}


def test_two_deletions_are_only_proposed() -> None:
    assert rule("a\nb\n", "", "a\n") == ("propose", "both-deleted", "")


def test_neighbouring_lines_are_both_kept() -> None:
    base = "name = a\nsize = 1\n"
    assert rule(base, "name = b\nsize = 1\n", "name = a\nsize = 2\n") == ("propose", "adjacent", "name = b\nsize = 2\n")


def test_different_words_of_a_line_are_both_kept() -> None:
    tier, name, text = rule("call(first, second)\n", "call(one, second)\n", "call(first, two)\n", "one.py")
    assert (tier, name, text) == ("propose", "tokens", "call(one, two)\n")


def test_a_name_that_one_side_replaced_and_the_other_wrote_anew_is_a_suggestion() -> None:
    far = "use(host)\n\n\n\n"  # the name lives on elsewhere
    base = far + "if (!host) {\n  host = get()\n}\n"
    ours = far + "if (!val) {\n  val = get()\n}\n"
    theirs = far + "if (!host) {\n  host = get()\n  check(host)\n}\n"
    tier, _, _ = rule(base, ours, theirs, "one.js")
    assert tier == "suggest"
    (hunk,) = resolved(base, ours, theirs, "one.js").hunks
    assert "replaced host here" in hunk.reason
    assert hunk.text


def test_lines_of_one_statement_are_a_suggestion() -> None:
    base = "reject(make(\n  'timeout'\n))\n"
    found = rule(base, "reject(make(\n  message\n))\n", "reject(new Made(\n  'timeout'\n))\n", "one.js")
    assert found[0] == "suggest"


def test_imports_of_both_sides_are_one_list() -> None:
    base = "import os\n\nx = 1\n"
    ours, theirs = (
        base.replace("import os\n", "import os\nimport sys\n"),
        base.replace("import os\n", "import os\nimport re\n"),
    )
    assert rule(base, ours, theirs, "one.py") == ("propose", "imports", "import re\nimport sys\n")
    assert rule(base, ours.replace("sys", "zlib"), theirs, "one.py")[2] == "import re\nimport zlib\n"


def test_imports_that_bind_one_name_are_left_to_a_person() -> None:
    base = "import os\n\nx = 1\n"
    ours = base.replace("import os\n", "import os\nfrom fast import load\n")
    theirs = base.replace("import os\n", "import os\nfrom slow import load\n")
    tier, name, _ = rule(base, ours, theirs, "one.py")
    assert name != "imports"
    assert tier in {"suggest", "refuse"}


def test_two_insertions_are_a_suggestion_ours_first() -> None:
    assert rule("a\nz\n", "a\nours\nz\n", "a\ntheirs\nz\n") == ("suggest", "both-inserted", "ours\ntheirs\n")


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [("two\n", "three\n", "both-edited"), ("", "three\n", "deleted-by-us"), ("two\n", "", "deleted-by-them")],
)
def test_what_only_a_person_knows_is_refused_with_the_reason(ours: str, theirs: str, name: str) -> None:
    tier, found, text = rule("one\n", ours, theirs)
    assert (tier, found, text) == ("refuse", name, "")


def test_what_is_certain_beside_an_open_conflict_is_only_proposed() -> None:
    base = "a\nb\nc\nd\ne\n"
    found = resolved(base, "a \nb\nc\nd\nE1\n", "a\t\nb\nc\nd\nE2\n")
    assert [(hunk.tier, hunk.rule) for hunk in found.hunks] == [("propose", "spacing"), ("refuse", "both-edited")]
