"""Checks of the built-in rules that a query alone cannot make."""
