"""Progress as evidence: what commits, tests and symbols say about items of a plan."""
