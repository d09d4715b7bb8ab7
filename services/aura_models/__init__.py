"""Models: the one process that talks to model servers; the others ask it over the bus."""
