"""Changes: proposed, reviewed hunk by hunk, applied as a whole or not at all, and undone at any later time."""
