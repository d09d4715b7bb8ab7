"""What can be said of an incoming change without a model."""
