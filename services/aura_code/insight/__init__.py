"""What is drawn from a whole project: the map of its symbols, the tree, context for a model, hotspots, reports."""
