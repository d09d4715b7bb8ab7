"""A parsed file, as rules and the readers of structure see it."""

from aura_code.syntax.source import SourceFile, Span, parse_source

__all__ = ["SourceFile", "Span", "parse_source"]
