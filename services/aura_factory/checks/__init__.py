"""Checks of a proposal on a copy of the project: it parses, the project's linters say nothing new, its tests pass."""
