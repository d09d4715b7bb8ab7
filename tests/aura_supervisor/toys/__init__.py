"""Tiny services for the tests of the supervisor: real processes, each with one habit."""
