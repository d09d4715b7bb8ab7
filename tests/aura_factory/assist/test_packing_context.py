"""Fitting what a model should know into the tokens that there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aura_factory.assist.packing import MUST, Packed, Piece, budget_for, cut_at_line, pack
from aura_factory.prompts import Block, estimate_tokens


def piece(name: str, lines: int, worth: int, *, cuttable: bool = False, slot: str = "context") -> Piece:
    text = "\n".join(f"{name} line {number} of some code" for number in range(lines))
    return Piece(slot, name, Block(name, text), worth, cuttable=cuttable)


def names(packed: Packed) -> list[str]:
    return [one.name for one in packed.pieces]


def test_what_is_worth_most_goes_in_first_and_the_order_stays_that_of_the_offer() -> None:
    pieces = [piece("tests", 10, 6), piece("target", 10, MUST), piece("callee", 10, 3)]
    budget = pieces[1].tokens + pieces[2].tokens
    packed = pack(pieces, budget)
    assert names(packed) == ["target", "callee"]
    assert packed.left_out == ["tests"]
    assert packed.tokens == budget
    assert names(pack(pieces, 10_000)) == ["tests", "target", "callee"]


def test_what_must_be_there_is_there_even_when_it_does_not_fit() -> None:
    packed = pack([piece("target", 100, MUST), piece("other", 1, 1)], 50)
    assert names(packed) == ["target"]
    assert packed.left_out == ["other"]


def test_a_piece_is_cut_at_a_line_end_and_says_so() -> None:
    long = piece("long", 50, 2, cuttable=True)
    packed = pack([long], 200)
    (kept,) = packed.pieces
    assert isinstance(kept.content, Block)
    assert isinstance(long.content, Block)
    assert long.content.text.startswith(kept.content.text + "\n")
    assert kept.content.title == "long (its beginning)"
    assert packed.left_out == ["long (its end)"]
    assert 150 < packed.tokens <= 200


def test_a_smaller_piece_behind_one_that_does_not_fit_still_gets_in() -> None:
    assert names(pack([piece("huge", 200, 1), piece("small", 1, 2)], 100)) == ["small"]


def test_parts_are_named_the_least_worth_first_and_what_must_be_there_is_none() -> None:
    pieces = [piece("target", 2, MUST), piece("callee", 2, 3), piece("tests", 2, 6)]
    parts = pack(pieces, 10_000).parts()
    assert [part.name for part in parts] == ["tests", "callee"]
    assert parts[0].tokens == pieces[2].tokens


def test_blocks_and_lines_go_to_their_inputs() -> None:
    packed = pack([Piece("habits", "habit: names", "Name it so.", 1), piece("code", 2, MUST, slot="target")], 1000)
    assert packed.texts("habits") == ["Name it so."]
    assert [block.title for block in packed.blocks("target")] == ["code"]
    assert packed.blocks("habits") == []


def test_the_budget_is_the_context_without_the_rest() -> None:
    assert budget_for(4096, fixed=300, answer=700) == 4096 - 300 - 700 - 64
    assert budget_for(500, fixed=300, answer=700) == 0


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9), st.booleans()), max_size=12),
    st.integers(0, 2000),
)
def test_the_budget_holds_for_all_that_may_be_left_out_and_the_result_is_the_same_again(
    sizes: list[tuple[int, int, bool]], budget: int
) -> None:
    pieces = [piece(f"p{n}", lines, worth, cuttable=cut) for n, (lines, worth, cut) in enumerate(sizes)]
    packed = pack(pieces, budget)
    must = sum(one.tokens for one in packed.pieces if one.worth == MUST)
    assert packed.tokens <= max(budget, must)
    assert packed.tokens == sum(one.tokens for one in packed.pieces)
    assert pack(pieces, budget) == packed
    gone = {name.removesuffix(" (its end)") for name in packed.left_out}
    assert gone | set(names(packed)) == {one.name for one in pieces}


@given(st.text(alphabet="aä\n", max_size=200), st.integers(0, 100))
def test_no_line_is_ever_cut_in_the_middle(text: str, tokens: int) -> None:
    kept = cut_at_line(text, tokens)
    assert text.split("\n")[: len(kept.split("\n"))] == kept.split("\n") or kept == ""
    assert not kept or estimate_tokens(kept) <= tokens
