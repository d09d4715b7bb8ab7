"""Releases: the next version, the changelog, the tag."""
