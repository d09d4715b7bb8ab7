"""Instants as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

from aura_shared.errors import UsageProblem

__all__ = ["read_instant", "written"]


def read_instant(given: str | int, name: str) -> datetime | None:
    """An instant in UTC; None for an empty text.

    Args:
        given: ISO 8601, UTC when it names no zone, or milliseconds since 1970.
        name: What is being read, for the error.

    Raises:
        UsageProblem: It is neither.
    """
    if given == "":
        return None
    try:
        if isinstance(given, int):
            return datetime.fromtimestamp(given / 1000, UTC)
        found = datetime.fromisoformat(given)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        expected = "an instant like 2026-05-01T08:30:00Z, or milliseconds since 1970"
        raise UsageProblem(f"{name}: expected {expected}, found {str(given)[:60]!r}") from None


def written(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds, as envelopes and log lines have it; such texts sort by time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
