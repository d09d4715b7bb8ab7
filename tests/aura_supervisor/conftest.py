"""The fixture of the supervisor's tests."""

from aura_supervisor_toys import supervise

__all__ = ["supervise"]
