"""The planning process: what it is made of, and how light it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aura_planning.__main__ import PlanningContainer
from aura_planning.service import PlanningService
from aura_shared.bus.memory import MemoryBus
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths
from aura_shared.service import Runtime
from aura_shared.settings import Settings

HEAVY = {"git", "httpx", "mcp", "numpy", "ollama", "openai", "tree_sitter", "watchdog.observers", "yaml"}


@pytest.mark.requirement("P1", "P5")
async def test_the_container_builds_a_service_that_starts_and_stops(tmp_path: Path) -> None:
    paths = AuraPaths(tmp_path / "config", tmp_path / "data", tmp_path / "logs", tmp_path / "run").prepare()
    runtime = Runtime("planning", Settings(), paths, MemoryBus("planning"), ServiceMetricsRegistry("planning"))
    container = PlanningContainer(runtime=runtime)
    for provider in (container.registry, container.service):
        assert provider() is not None
    service = container.service()
    assert isinstance(service, PlanningService)
    await service.start()
    assert service.health().ok
    await service.stop()


@pytest.mark.requirement("P5")
def test_nothing_heavy_is_imported_before_the_first_question() -> None:
    code = f"import sys, aura_planning.__main__; print(sorted({HEAVY!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
