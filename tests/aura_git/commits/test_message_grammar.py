"""The grammar of messages: parts, footers, emoji, other styles, and that writing gives back what was read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_git.commits.contract import CommitMessage, Footer, Habits
from aura_git.commits.grammar import clean_message, format_message, header_of, parse_message, read_header

pytestmark = pytest.mark.requirement("G1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("feat: a b", ("feat", "", False, "a b", "")),
        ("fix(cart)!: a", ("fix", "cart", True, "a", "")),
        ("Fix(a/b, c): d", ("Fix", "a/b, c", False, "d", "")),
        ("feat: :sparkles: a", ("feat", "", False, "a", ":sparkles:")),
        ("✨ feat(x): a", ("feat", "x", False, "a", "✨")),
        ("🐛 a bug", ("", "", False, "a bug", "🐛")),
        ("feat:no space", ("", "", False, "feat:no space", "")),
        ("feat: ", ("", "", False, "feat:", "")),
        ("feat (x): a", ("", "", False, "feat (x): a", "")),
        ("Update the cart", ("", "", False, "Update the cart", "")),
    ],
)
def test_first_lines_are_read(line: str, expected: tuple[str, str, bool, str, str]) -> None:
    found = read_header(line)
    assert (found.type, found.scope, found.bang, found.description, found.emoji) == expected


def test_a_message_falls_into_header_body_and_footers() -> None:
    text = (
        "feat(cart): take coupons\n\nOne per order.\n\nNote the limit.\n\n"
        "BREAKING CHANGE: `total` needs a currency\n  as its second argument\nRefs #12\nReviewed-by: Ada"
    )
    assert parse_message(text) == CommitMessage(
        "feat",
        "cart",
        "take coupons",
        True,
        "One per order.\n\nNote the limit.",
        (
            Footer("BREAKING CHANGE", ": ", "`total` needs a currency\n  as its second argument"),
            Footer("Refs", " #", "12"),
            Footer("Reviewed-by", ": ", "Ada"),
        ),
    )
    assert format_message(parse_message(text)) == text.replace("feat(cart):", "feat(cart)!:")


@pytest.mark.parametrize("token", ["BREAKING CHANGE", "BREAKING-CHANGE"])
def test_both_words_for_a_breaking_change_count(token: str) -> None:
    assert parse_message(f"fix: a\n\n{token}: b").breaking


def test_a_paragraph_of_prose_after_a_footer_makes_it_part_of_the_body() -> None:
    found = parse_message("fix: a\n\nSee: b\n\nand more prose")
    assert (found.body, found.footers) == ("See: b\n\nand more prose", ())


@pytest.mark.parametrize(
    ("line", "style", "expected"),
    [
        ("net/http: fix a leak", "area", ("", "net/http", "fix a leak")),
        ("[docs] say more", "tag", ("", "docs", "say more")),
        ("say more", "area", ("", "", "say more")),
    ],
)
def test_other_styles_keep_their_area_as_scope(line: str, style: str, expected: tuple[str, str, str]) -> None:
    found = parse_message(line, style=style)
    assert (found.type, found.scope, found.description) == expected
    habits = Habits(style="tag" if style == "tag" else "area")
    assert header_of(found, habits) == line


def test_an_emoji_stands_where_the_repository_puts_it() -> None:
    message = CommitMessage("feat", "x", "a", emoji="✨")
    assert header_of(message, Habits()) == "feat(x): ✨ a"
    assert header_of(message, Habits(emoji_first=True)) == "✨ feat(x): a"


def test_what_an_editor_shows_is_taken_out() -> None:
    text = (
        "fix: a  \r\n\r\n\r\n\r\nb\n# comment\n# ------------------------ >8 ------------------------\ndiff --git a/x"
    )
    assert clean_message(text) == "fix: a\n\nb"
    assert clean_message("#1 is kept", "") == "#1 is kept"
    assert clean_message("; gone\n#1 stays", ";") == "#1 stays"


_WORD = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_TEXT = st.lists(_WORD, min_size=1, max_size=6).map(" ".join)
_FOOTERS = st.lists(
    st.builds(Footer, st.sampled_from(["Refs", "Closes", "Reviewed-by"]), st.sampled_from([": ", " #"]), _TEXT),
    max_size=3,
).map(tuple)


@given(st.builds(CommitMessage, _WORD, st.one_of(st.just(""), _WORD), _TEXT, st.booleans(), _TEXT, _FOOTERS))
def test_what_was_written_is_read_back(message: CommitMessage) -> None:
    assert parse_message(format_message(message)) == message
