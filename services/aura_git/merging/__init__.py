"""Merges and rebases: simulated first, then done, and always to be continued or taken back."""
