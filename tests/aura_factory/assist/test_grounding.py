"""Holding a model's words to what it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_factory.assist.grounding import check_citations, names_in, sentences, unsupported_names

GIVEN = "def parse_price(text: str) -> Price:\n    return Price(int(text))  # shop/prices.py"


@pytest.mark.parametrize(
    ("text", "kept", "used"),
    [
        ("It is here [1].", "It is here [1].", {1}),
        ("It is here [7].", "It is here.", set[int]()),
        ("[1, 9, 2] and [3;4]", "[1, 2] and [3]", {1, 2, 3}),
        ("[2](http://evil)", "[2]", {2}),
        ("`rows[9]` stays, [9] goes", "`rows[9]` stays, goes", set[int]()),
        ("```python\nx = a[9]\n```\n[9]", "```python\nx = a[9]\n```", set[int]()),
        ("[0] [1] [004]", "[1]", {1}),
        ("[link](http://a) [x]", "[link](http://a) [x]", set[int]()),
    ],
)
def test_only_citations_of_places_that_were_given_stay(text: str, kept: str, used: set[int]) -> None:
    found, numbers = check_citations(text, 3)
    assert (found, numbers) == (kept, used)


@given(st.text(alphabet="ab [](),;0123456789`\n.", max_size=80), st.integers(0, 5))
def test_no_number_beyond_the_places_is_ever_used(text: str, count: int) -> None:
    found, numbers = check_citations(text, count)
    assert all(1 <= number <= count for number in numbers)
    again, same = check_citations(found, count)
    assert (again, same) == (found, numbers)


def test_names_are_what_stands_in_backticks_or_looks_like_no_word() -> None:
    text = "Call `parse_price(text)`, not loadAll() or Cart.addLine; see src/cart.py and HTTPServer. It is fast_enough."
    names = names_in(text)
    assert {"parse_price", "text", "loadAll", "src/cart.py", "fast_enough"} <= set(names)
    assert not {"Call", "It", "see", "and"} & set(names)
    assert names[0] == "parse_price"


def test_common_words_of_languages_prove_nothing() -> None:
    assert names_in("It may `return None`, or `raise` a `str` in `async` code on GitHub.") == []


def test_names_that_occur_nowhere_are_found_in_the_order_of_the_text() -> None:
    text = "`parse_price` reads shop/prices.py, then `round_half_up` and shop/money.py."
    assert unsupported_names(text, GIVEN) == ["round_half_up", "shop/money.py"]
    assert unsupported_names("`PARSE_PRICE` and `Price`", GIVEN) == []
    assert unsupported_names("Plain words about what it does, however long they are.", GIVEN) == []


def test_sentences_are_told_apart() -> None:
    assert sentences("One. Two! `three` four? Five e.g. six\nSeven") == [
        "One.",
        "Two!",
        "`three` four?",
        "Five e.g. six",
        "Seven",
    ]
