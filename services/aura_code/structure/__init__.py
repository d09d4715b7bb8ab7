"""What calls, uses, inherits and imports what: read from each file's syntax, linked over the whole project."""
