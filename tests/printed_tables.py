"""Tables that tests have printed at the end of a run, also from the workers of xdist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

__all__ = ["PRINTED", "RecordProperty", "print_tables"]

PRINTED: Final = "printed table: "
"""What the name of a property begins with whose value is printed."""
RecordProperty = Callable[[str, object], None]
"""The fixture `record_property` of pytest."""


def print_tables(reporter: pytest.TerminalReporter) -> None:
    """Print every table that a test recorded."""
    found: dict[str, str] = {}
    for reports in reporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith(PRINTED):
                    found[name.removeprefix(PRINTED)] = str(value)
    for name, table in sorted(found.items()):
        reporter.section(name)
        for line in table.splitlines():
            reporter.write_line(line)
