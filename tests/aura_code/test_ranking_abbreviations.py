"""Words that code shortens."""

import pytest

from aura_code.abbreviations import short_forms


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("Connections", ("conn",)),
        ("configuration", ("config", "cfg", "conf")),
        ("asynchronous", ("async",)),
        ("synchronous", ("sync",)),
        ("con", ()),
        ("weather", ()),
        ("", ()),
    ],
)
def test_a_word_leads_to_what_code_writes_instead(word: str, short: tuple[str, ...]) -> None:
    assert short_forms(word) == short
