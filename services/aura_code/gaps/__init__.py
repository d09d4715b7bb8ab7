"""What a project lacks: handling and records of errors, tests, documentation, types, files; each with an offer."""

from aura_code.gaps.answering import GapSources, find_gaps

__all__ = ["GapSources", "find_gaps"]
