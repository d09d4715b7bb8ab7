"""Estimates of tokens, and whether a prompt fits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_models.budget import context_for, estimate_prompt, estimate_tokens, fitting_prompt
from aura_shared.errors import ContextOverflow
from aura_shared.messages.models import ChatTurn, ModelAbilities, ModelInfo, PromptPart


def turns(*texts: str) -> list[ChatTurn]:
    return [ChatTurn(role="user", content=text) for text in texts]


async def nobody_counts(_text: str) -> int | None:
    return None


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("word", 1, 1),
        ("internationalization", 3, 6),
        ("x = 12345", 6, 8),
        ("        return None", 3, 6),
        ("日本語", 3, 9),
        ("émigré", 3, 7),
        ("\n\n\n", 1, 3),
        ("🎉", 1, 4),
    ],
)
def test_estimates_lie_a_little_above_what_tokenizers_count(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_never_takes_fewer_tokens(one: str, two: str) -> None:
    assert estimate_tokens(one + "\n" + two) >= max(estimate_tokens(one), estimate_tokens(two))


def test_estimating_a_megabyte_takes_no_second() -> None:
    text = "def method_of(self, argument: int) -> str:\n    return f'{argument}'\n" * 15_000
    began = time.perf_counter()
    assert estimate_tokens(text) > 200_000
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("context_max", "tested", "expected"),
    [(0, 0, 16_384), (8192, 0, 8192), (131_072, 0, 16_384), (32_768, 4096, 4096), (0, 2048, 2048)],
)
def test_the_context_is_the_least_of_what_is_known(context_max: int, tested: int, expected: int) -> None:
    abilities = ModelAbilities(tested_at="", context_tokens=tested) if tested else None
    assert context_for(ModelInfo(name="s/m", context_max=context_max, abilities=abilities), 16_384) == expected


async def test_a_prompt_that_fits_is_not_counted() -> None:
    async def never(_text: str) -> int | None:
        raise AssertionError("it fits by the estimate")

    said = turns("Say something.")
    assert await fitting_prompt(said, 100, 200, [], never) == estimate_prompt(said)


@pytest.mark.requirement("L2")
async def test_a_count_that_shows_an_overflow_is_told_exactly() -> None:
    async def count(_text: str) -> int | None:
        return 900

    with pytest.raises(ContextOverflow) as refused:
        await fitting_prompt(turns("word " * 1000), 200, 1000, [], count)
    assert refused.value.message == "the prompt has 916 tokens and its answer may have 200, and the context holds 1,000"
    assert refused.value.hint == "Ask about less: 116 tokens are too many. Or use a model with a longer context."


async def test_what_to_drop_is_the_fewest_parts_that_make_room() -> None:
    parts = [PromptPart(name=name, tokens=tokens) for name, tokens in [("a", 300), ("b", 700), ("c", 500), ("d", 10)]]
    with pytest.raises(ContextOverflow) as refused:
        await fitting_prompt(turns("word " * 1700), 300, 1000, parts, nobody_counts)
    assert refused.value.message.endswith("its largest parts: b (700), c (500), a (300)")
    assert refused.value.hint.startswith("Leave out b, c, or use a model")


async def test_where_no_part_makes_enough_room_nothing_is_promised() -> None:
    with pytest.raises(ContextOverflow) as refused:
        await fitting_prompt(turns("word " * 1700), 300, 1000, [PromptPart(name="a", tokens=5)], nobody_counts)
    assert "Leave out" not in refused.value.hint


async def test_a_prompt_that_is_far_too_long_is_not_even_counted() -> None:
    async def never(_text: str) -> int | None:
        raise AssertionError("far too long")

    with pytest.raises(ContextOverflow):
        await fitting_prompt(turns("word " * 9000), 100, 1000, [], never)
