"""Each rule on a small conflict, and each reason to refuse."""

from __future__ import annotations

import pytest

from git_conflict_texts import resolved, rule

pytestmark = pytest.mark.requirement("G3")


def test_spacing_at_the_end_of_lines_is_no_conflict_of_meaning() -> None:
    assert rule("a\nb\n", "a \nb changed\n", "a\t\nb changed\n") == ("auto", "spacing", "a \nb changed\n")
    assert rule("x = 1\n", "x = 1 \n", "x = 2\n", "one.js") == ("auto", "spacing", "x = 2\n")
    assert rule("x = 1\n", "x = 2\n", "x = 1 \n", "one.js") == ("auto", "spacing", "x = 2\n")


def test_of_two_layouts_one_is_only_proposed_unless_the_lines_begin_alike() -> None:
    assert rule("a = 1\n", "b  = 1\n", "b = 1\n", "one.js") == ("auto", "spacing", "b  = 1\n")
    assert rule("a = 1\n", " b = 1\n", "b = 1\n", "one.js") == ("propose", "indentation", " b = 1\n")


def test_a_line_feed_at_the_end_of_a_file_beside_a_rewrite_is_only_proposed() -> None:
    assert rule("a\nend", "a\nend\n", "a\nlast\n") == ("propose", "line-end", "last\n")


def test_spacing_within_lines_beside_a_rewrite_is_a_suggestion() -> None:
    assert rule("x = 1\n", "x  =  1\n", "x = 2\n", "one.js") == ("suggest", "indentation", "x = 2\n")


def test_indentation_is_meaning_where_it_is_syntax() -> None:
    base = "def f():\n    a()\n"
    assert rule(base, "def f():\n        a()\n", "def f():\n    b()\n", "one.py")[1] != "spacing"
    assert rule("if (x) {\n  a()\n}\n", "if (x) {\n    a()\n}\n", "if (x) {\n  b()\n}\n", "one.js")[1] == "indentation"


def test_spacing_within_a_string_is_meaning() -> None:
    assert rule("say('a b')\n", "say('a  b')\n", "say('c d')\n", "one.py")[0] == "refuse"


def test_empty_lines_beside_a_rewrite_are_only_proposed() -> None:
    assert rule("a\nb\n", "a\n\nb\n", "c\nd\n") == ("propose", "empty-lines", "c\nd\n")


def test_a_side_that_holds_all_of_the_other_is_taken() -> None:
    assert rule("x\ny\n", "one\ntwo\n", "one\ny\n") == ("auto", "subset", "one\ntwo\n")
    assert rule("x\ny\n", "one\ny\n", "one\n") == ("auto", "subset", "one\n")


def test_a_side_that_also_wrote_more_lines_is_only_proposed() -> None:
    assert rule("", "one\n", "one\ntwo\n") == ("propose", "superset", "one\ntwo\n")
    assert rule("x\n", "one\ntwo\n", "one\n") == ("propose", "superset", "one\ntwo\n")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kept"),
    [
        ("1.2.0-dev", "1.2.0", "1.3.0-dev", "1.3.0-dev"),
        ("1.2.0-dev", "1.2.0-rc1", "1.2.0", "1.2.0"),
        ("1.2.0-dev", "1.2.0-rc1", "1.2.0-rc2", "1.2.0-rc2"),
        ("1.2.9", "1.2.10", "1.2.11", "1.2.11"),
        ("1.2", "1.3", "1.2.1", "1.3"),
        ("1.2", "1.2.post1", "1.2.1", "1.2.1"),
    ],
)
def test_of_two_versions_the_higher_one_is_proposed(base: str, ours: str, theirs: str, kept: str) -> None:
    one, two, three, result = (f'__version__ = "{version}"\n' for version in (base, ours, theirs, kept))
    assert rule(one, two, three, "one.py") == ("propose", "version", result)
    assert rule(one, three, two, "one.py") == ("propose", "version", result)


def test_versions_that_went_different_ways_or_may_be_any_number_are_left() -> None:
    assert rule('need("a", "1.2.3")\n', 'need("a", "1.3.0")\n', 'need("b", "1.2.4")\n', "one.py")[1] != "version"
    assert rule("sleep(0.5)\n", "sleep(0.7)\n", "sleep(0.2)\n", "one.py")[:2] == ("refuse", "both-edited")
    base, ours, theirs = ("".join(f"need {one}.0.0\n" for one in pair) for pair in ((1, 1), (2, 1), (1, 3)))
    assert rule(base, ours, theirs)[1] != "version"
    base, ours, theirs = ("need 1.0.0 and 1.0.0\n", "need 3.0.0 and 2.0.0\n", "need 2.0.0 and 3.0.0\n")
    assert rule(base, ours, theirs)[1] != "version"


def test_a_side_that_holds_the_words_of_the_other_is_proposed() -> None:
    base, ours, theirs = "call(a, b, c)\n", "call(one, two, c)\n", "call(one, b, c)\n"
    assert rule(base, ours, theirs, "one.js") == ("propose", "contained", ours)
    assert rule(base, theirs, ours, "one.js") == ("propose", "contained", ours)


def test_sides_that_differ_in_layout_alone_are_no_proposal() -> None:
    base, ours, theirs = "call(a, b)\n", "call(one, b)\n", "call(\n  one, b,\n)\n"
    assert rule(base, ours, theirs, "one.js")[0] in {"suggest", "refuse"}


def test_a_rewrite_is_kept_where_the_other_side_changed_only_a_comment() -> None:
    base = "# one\nfirst(a)\n"
    ours, theirs = "# two\nsecond(b)\nthird(c)\n", "# three\nfirst(a)  # so\n"
    assert rule(base, ours, theirs, "one.py") == ("propose", "comments", ours)
    assert rule(base, theirs, ours, "one.py") == ("propose", "comments", ours)
    assert rule(base, ours, theirs, "one.txt")[1] != "comments"


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
    tier, name, text = rule("call(first, 0, last)\n", "call(one, 0, last)\n", "call(first, 0, two)\n", "one.py")
    assert (tier, name, text) == ("propose", "tokens", "call(one, 0, two)\n")


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


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "why"),
    [
        ("name\nsize\n", "name\nlimit\nsize\n", "name\nsize = limit\n", "both sides wrote limit anew"),
        ("first\nlast\n", "first()\nlast\n", "first\n12345\nlast = 1\n", ""),
    ],
)
def test_neighbouring_lines_about_the_same_thing_are_a_suggestion(base: str, ours: str, theirs: str, why: str) -> None:
    (hunk,) = resolved(base, ours, theirs).hunks
    assert hunk.rule == "adjacent"
    assert hunk.tier == ("suggest" if why else "propose")
    assert why in hunk.reason


def test_a_line_that_the_other_side_wrote_elsewhere_is_a_suggestion() -> None:
    between = "\n".join("abcdefgh") + "\n"
    base = f"{between}name = a\nsize = 1\n"
    ours = f"{between}name = b\nsize = 1\n"
    theirs = f"name = b\n{between}name = a\nsize = 2\n"
    (hunk,) = resolved(base, ours, theirs).hunks
    assert (hunk.tier, hunk.rule) == ("suggest", "adjacent")
    assert "the other side has `name = b` as well" in hunk.reason


def test_a_long_stretch_of_a_file_that_was_rewritten_is_a_suggestion() -> None:
    base = "".join(f"{letter}\n" for letter in "abcdefghijkl")
    ours, theirs = base.replace("f\n", "F1\n"), "".join(f"{letter}2\n" for letter in "abcde") + base[10:]
    (hunk,) = resolved(base, ours, theirs).hunks
    assert (hunk.tier, hunk.rule) == ("suggest", "adjacent")
    assert "much of the file was rewritten" in hunk.reason


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "why"),
    [
        ("a b\nc\nd e\n", "a1 b\nc1\nd1 e\n", "a b2\nc\nd e2\n", "many lines"),
        ("a(b, c)\n", "a(\n  b, c)\n", "a(b, z)\n", "laid the lines out anew"),
        ("use(one.two)\n", "use(first.two)\n", "use(one.second)\n", "side by side"),
    ],
)
def test_words_that_may_belong_together_are_a_suggestion(base: str, ours: str, theirs: str, why: str) -> None:
    (hunk,) = resolved(base, ours, theirs, "one.c").hunks
    assert (hunk.tier, hunk.rule) == ("suggest", "tokens")
    assert why in hunk.reason


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
    assert rule(base, ours, theirs, "one.py") == ("suggest", "imports", "import re\nimport sys\n")
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
