"""Commit messages: what they say, how this repository writes them, and how a change is split into several."""
