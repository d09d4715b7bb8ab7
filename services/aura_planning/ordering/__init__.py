"""The order of the work: what is next, why, and what would change it."""
