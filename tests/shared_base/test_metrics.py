"""What a service measures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aura_shared import metrics
from aura_shared.metrics import ServiceMetricsRegistry, rss_bytes

pytestmark = pytest.mark.requirement("P4")


def test_metrics_come_out_in_the_prometheus_format() -> None:
    registry = ServiceMetricsRegistry("tea")
    registry.counter("cups", "Cups made.", kind="green").inc()
    registry.counter("cups", "Cups made.", kind="green").inc(2)
    registry.gauge("water_litres", "Water left.").set(1.5)
    registry.histogram("brew_seconds", "Time to brew.", buckets=(1, 2)).observe(1.5)
    registry.measure("leaves", "Leaves left.", lambda: 42)
    lines = registry.exposition().splitlines()
    assert 'aura_cups_total{kind="green",service="tea"} 3.0' in lines
    assert 'aura_water_litres{service="tea"} 1.5' in lines
    assert 'aura_brew_seconds_bucket{le="2.0",service="tea"} 1.0' in lines
    assert 'aura_leaves{service="tea"} 42.0' in lines
    assert any(line.startswith('aura_process_cpu_seconds{service="tea"}') for line in lines)
    assert any(line.startswith('aura_process_resident_memory_bytes{service="tea"}') for line in lines)
    assert any(line.startswith('aura_process_uptime_seconds{service="tea"}') for line in lines)


def test_a_registry_is_free_of_the_library_until_it_is_used() -> None:
    program = (
        "import sys; from aura_shared.metrics import ServiceMetricsRegistry as Registry; "
        "r = Registry('tea'); r.measure('x', '', lambda: 1); print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_memory_is_told_without_proc_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rss_bytes() > 5_000_000

    def without_proc(path: str) -> Path:
        return Path("/nonexistent") / path.lstrip("/")

    monkeypatch.setattr(metrics, "Path", without_proc)
    assert rss_bytes() > 5_000_000
