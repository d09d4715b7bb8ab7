"""Explaining, asking, generating, refactoring and reviewing, with a model or without."""
