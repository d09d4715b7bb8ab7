"""Fixtures of refactoring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refactoring_lab import Lab, open_lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """An empty project that files are written to."""
    lab = open_lab(tmp_path)
    yield lab
    lab.structure.close()
    lab.findings.close()
