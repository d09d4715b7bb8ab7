"""How code is written in a project, measured from the code itself and from the settings of its tools."""
