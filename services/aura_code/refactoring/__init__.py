"""Refactoring without a model: the exact edits, and how certain it is that nothing else changes."""
