"""When the work of a plan is likely to be done, from the plan's own past."""
