"""What is measured of calls, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_models.figures import Asked
from aura_shared.messages.models import Complete
from aura_shared.metrics import ServiceMetricsRegistry

__all__ = ["Meters"]

CALL_BUCKETS_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Meters:
    """Counters and histograms of this process; each is made when it first counts."""

    def __init__(self, metrics: ServiceMetricsRegistry) -> None:
        self._metrics = metrics

    def finished(self, request: Complete, asked: Sequence[Asked], outcome: str, seconds: float) -> None:
        """A call ended."""
        self._metrics.histogram(
            "model_call_seconds",
            "Time from a question to its answer.",
            buckets=CALL_BUCKETS_S,
            role=request.role,
            outcome=outcome,
        ).observe(seconds)
        for one in asked:
            if one.outcome == "cached":
                continue
            self._metrics.histogram(
                "model_queue_seconds",
                "Time that calls waited for their turn.",
                buckets=CALL_BUCKETS_S,
                priority=request.priority,
            ).observe(one.queue_s)
            self._tokens(request.role, "in", one.tokens_in)
            self._tokens(request.role, "out", one.tokens_out)

    def looked_up(self, *, hit: bool) -> None:
        """A kept answer was looked for."""
        self._metrics.counter(
            "model_cache", "Questions that were looked up among kept answers.", result="hit" if hit else "miss"
        ).inc()

    def judged(self, *, passed: bool) -> None:
        """A gate spoke."""
        self._metrics.counter(
            "model_gate",
            "Answers that were judged by the gate of their caller.",
            result="passed" if passed else "refused",
        ).inc()

    def _tokens(self, role: str, direction: str, count: int) -> None:
        self._metrics.counter("model_tokens", "Tokens of prompts and answers.", role=role, direction=direction).inc(
            count
        )
