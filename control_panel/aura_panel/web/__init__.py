"""The panel in a browser of this machine: a page of our own, and one process of the panel for each tab."""
