"""Proposals for a plan: what an item can be broken into, split into, or may cost, and what a document lacks."""
