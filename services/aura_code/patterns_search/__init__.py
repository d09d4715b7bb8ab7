"""Structural search: patterns and rules over the syntax of the code, not over its text."""
