"""What can be wrong with a configuration file."""

from __future__ import annotations


class Malformed(Exception):
    """A configuration file does not parse; nothing is written to it then."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column
