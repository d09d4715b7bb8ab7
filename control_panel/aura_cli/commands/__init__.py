"""The commands of `aura`, one module for each group of them."""
