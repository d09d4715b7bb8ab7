"""Import and export of plans as other tools keep them. Nothing that a file says is lost or guessed in silence."""
