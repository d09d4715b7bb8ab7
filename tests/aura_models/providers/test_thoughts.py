"""Thoughts are taken out of answers, however the chunks are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_models.providers.answers import ThoughtSplitter

pytestmark = pytest.mark.requirement("L1")


def split(chunks: list[str]) -> tuple[str, str]:
    """Answer and thoughts."""
    splitter = ThoughtSplitter()
    pieces = [*(splitter.feed(chunk) for chunk in chunks), splitter.end()]
    return "".join(piece.text for piece in pieces), "".join(piece.thinking for piece in pieces)


@pytest.mark.parametrize(
    ("text", "answer", "thoughts"),
    [
        ("plain", "plain", ""),
        ("<think>one</think>two", "two", "one"),
        ("\n <think>\none\n</think>\n\n two", "two", "\none\n"),
        ("<thinking>one</thinking>two", "two", "one"),
        ("<think>a</think><think>b</think>c", "c", "ab"),
        ("<think>never closed", "", "never closed"),
        ("<think>almost</thin", "", "almost</thin"),
        ("<thin", "<thin", ""),
        ("<thinker>", "<thinker>", ""),
        ("the tag <think> opens </think> a thought", "the tag <think> opens </think> a thought", ""),
        ("", "", ""),
        ("  \n", "  \n", ""),
        ("<think></think>  ", "  ", ""),
    ],
)
def test_every_cut_gives_the_same(text: str, answer: str, thoughts: str) -> None:
    assert split([text]) == (answer, thoughts)
    assert split(list(text)) == (answer, thoughts)
    for place in range(len(text)):
        assert split([text[:place], text[place:]]) == (answer, thoughts)


@given(parts=st.lists(st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "a", " ", "\n", "<"]), max_size=12))
def test_nothing_but_tags_and_blanks_is_lost(parts: list[str]) -> None:
    text = "".join(parts)
    answer, thoughts = split(parts)
    assert split([text]) == (answer, thoughts)

    def bare(words: str) -> str:
        return words.replace("<think>", "").replace("</think>", "").replace(" ", "").replace("\n", "")

    assert len(bare(answer + thoughts)) >= len(bare(text)) - len("</think>")
