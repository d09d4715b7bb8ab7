"""Git: commits, branches, merges, pull requests, releases and upkeep, each of which can be taken back."""
