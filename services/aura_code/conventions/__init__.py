"""How code is written in a project, measured."""
