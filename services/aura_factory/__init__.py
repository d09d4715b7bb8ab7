"""The factory: changes that a person reviews, the sandbox that foreign code runs in, and the work that needs them."""
