"""Questions about when a plan is likely to be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import Question
from aura_shared.messages import plan_forecast

__all__ = ["PLAN_FORECAST_QUESTIONS"]

PLAN_FORECAST_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/forecast", plan_forecast.AskForecast, "plan-more", "plan_forecast", "Forecast the plan",
        "When an item or everything is likely to be done (P50, P85) from the plan's own past, how often such "
        "forecasts were kept, and what decides; says why when the past is too short.",
        shows=("item", "workers", "backtest", "start", "limit", "budget"),
    ),
    Question(
        "plan/burnup", plan_forecast.AskBurnup, "plan-more", "plan_burnup", "Show the burn-up",
        "Done and scope of the plan over time with the forecast, as figures or as an SVG or HTML picture.",
        shows=("form", "workers"),
    ),
)  # fmt: skip
"""All of them."""
