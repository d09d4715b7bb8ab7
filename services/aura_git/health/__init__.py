"""Upkeep: what is wrong with a repository, and what would mend it."""
