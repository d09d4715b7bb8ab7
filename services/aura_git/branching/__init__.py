"""Branches by a strategy: which there are, how they start and finish, and what strays from it."""
