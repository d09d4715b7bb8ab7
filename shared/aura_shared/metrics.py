"""What a service measures of itself: a thin typed layer over prometheus-client, with a registry per process.

The library is imported with the first counter or exposition: its HTTP parts cost 0.1 CPU seconds, and no service needs
them in order to become ready.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["CounterMetric", "GaugeMetric", "HistogramMetric", "ServiceMetricsRegistry", "cpu_seconds", "rss_bytes"]

LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class CounterMetric(Protocol):
    """A number that only grows."""

    def inc(self, amount: float = 1) -> None:
        """Add to it."""
        ...


class GaugeMetric(Protocol):
    """A number that goes up and down."""

    def set(self, value: float) -> None:
        """Replace it."""
        ...


class HistogramMetric(Protocol):
    """How values are spread."""

    def observe(self, amount: float) -> None:
        """Count one value."""
        ...


class ServiceMetricsRegistry:
    """All metrics of one process; each has the label `service`."""

    def __init__(self, service: str) -> None:
        self.service = service
        """Name in the process table."""
        self._measures: dict[str, tuple[str, Callable[[], float]]] = {}
        self._started = time.monotonic()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self.measure("process_cpu_seconds", "User and system CPU seconds so far.", cpu_seconds)
        self.measure("process_resident_memory_bytes", "Resident memory.", rss_bytes)
        self.measure("process_uptime_seconds", "Seconds since the start.", lambda: self.uptime_s)

    @cached_property
    def registry(self) -> CollectorRegistry:
        """For code that speaks prometheus-client itself."""
        from prometheus_client import CollectorRegistry  # noqa: PLC0415 - see the top of this file

        return CollectorRegistry(auto_describe=False)

    @property
    def uptime_s(self) -> float:
        """Seconds since the registry was made, which is when the process started."""
        return time.monotonic() - self._started

    def counter(self, name: str, description: str, **labels: str) -> CounterMetric:
        """The counter `aura_NAME_total` with these labels; the same one for the same name and labels."""
        from prometheus_client import Counter  # noqa: PLC0415 - see the top of this file

        metric = self._counters.get(name)
        if metric is None:
            metric = self._counters[name] = Counter(
                f"aura_{name}", description, ["service", *labels], registry=self.registry
            )
        return metric.labels(service=self.service, **labels)

    def gauge(self, name: str, description: str, **labels: str) -> GaugeMetric:
        """The gauge `aura_NAME` with these labels; the same one for the same name and labels."""
        from prometheus_client import Gauge  # noqa: PLC0415 - see the top of this file

        metric = self._gauges.get(name)
        if metric is None:
            metric = self._gauges[name] = Gauge(
                f"aura_{name}", description, ["service", *labels], registry=self.registry
            )
        return metric.labels(service=self.service, **labels)

    def histogram(
        self, name: str, description: str, *, buckets: Sequence[float] = LATENCY_BUCKETS_S, **labels: str
    ) -> HistogramMetric:
        """The histogram `aura_NAME` with these labels; the same one for the same name and labels."""
        from prometheus_client import Histogram  # noqa: PLC0415 - see the top of this file

        metric = self._histograms.get(name)
        if metric is None:
            metric = self._histograms[name] = Histogram(
                f"aura_{name}", description, ["service", *labels], registry=self.registry, buckets=buckets
            )
        return metric.labels(service=self.service, **labels)

    def measure(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A gauge whose value is asked for whenever the metrics are given out."""
        self._measures[name] = (description, read)

    def exposition(self) -> str:
        """All metrics in the Prometheus text format."""
        from prometheus_client import generate_latest  # noqa: PLC0415 - see the top of this file

        for name, (description, read) in self._measures.items():
            self.gauge(name, description).set(read())
        return generate_latest(self.registry).decode("utf-8")


def cpu_seconds() -> float:
    """User and system CPU seconds of this process."""
    times = os.times()
    return times.user + times.system


def rss_bytes() -> int:
    """Resident memory of this process; its highest value so far where the system does not tell the current one."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
