"""Pull requests: their text from what is known, and the ways to a forge."""
