"""From what a model wrote to an exact edit of a file, or to the reason why it is refused."""
