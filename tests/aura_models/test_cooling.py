"""Models that failed rest."""

from __future__ import annotations

import pytest

from aura_models.cooling import Cooling
from aura_shared.errors import (
    AnswerCut,
    AuraError,
    BadAnswer,
    ContextCut,
    ContextOverflow,
    ModelTimeout,
    ModelUnreachable,
    RateLimited,
    SchemaMismatch,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.requirement("L4")
def test_the_pause_doubles_with_each_failure_up_to_sixteen_times() -> None:
    clock = Clock()
    cooling = Cooling(60.0, clock)
    pauses: list[float] = []
    for _ in range(7):
        cooling.failed("s/m", ModelTimeout("late"))
        pauses.append(cooling.left_s("s/m"))
        clock.now += cooling.left_s("s/m")
        assert cooling.left_s("s/m") == 0
    assert pauses == [60, 120, 240, 480, 960, 960, 960]


def test_a_success_ends_the_pause_and_its_doubling() -> None:
    cooling = Cooling(60.0, Clock())
    cooling.failed("s/m", BadAnswer("odd"))
    cooling.failed("s/m", BadAnswer("odd"))
    cooling.worked("s/m")
    assert cooling.left_s("s/m") == 0
    cooling.failed("s/m", BadAnswer("odd"))
    assert cooling.left_s("s/m") == 60


def test_a_server_that_does_not_answer_rests_with_all_its_models() -> None:
    cooling = Cooling(60.0, Clock())
    cooling.failed("s/a/b", ModelUnreachable("refused"))
    assert (cooling.left_s("s/a/b"), cooling.left_s("s/other"), cooling.left_s("t/a")) == (60, 60, 0)
    cooling.recovered("s")
    assert cooling.left_s("s/other") == 0


@pytest.mark.parametrize("kind", [ContextOverflow, ContextCut, AnswerCut, SchemaMismatch, RateLimited])
def test_what_says_nothing_of_the_model_lets_it_not_rest(kind: type[AuraError]) -> None:
    cooling = Cooling(60.0, Clock())
    cooling.failed("s/m", kind("x"))
    assert cooling.left_s("s/m") == 0
