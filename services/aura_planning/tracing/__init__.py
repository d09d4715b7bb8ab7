"""From requirements to code and back: coverage, and what a change puts at risk."""
