"""Texts as lines: bytes that come back exactly, whatever their encoding and line ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["decoded", "encoded", "is_binary", "split"]

_LOOKED_AT: Final = 8000


def is_binary(content: bytes) -> bool:
    """Whether git would call it binary: a NUL byte near its start."""
    return b"\0" in content[:_LOOKED_AT]


def decoded(content: bytes) -> str:
    """Bytes as text; those that are no UTF-8 stand as surrogates."""
    return content.decode(errors="surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes that `decoded` was given."""
    return text.encode(errors="surrogateescape")


def split(text: str) -> list[str]:
    """Lines with their line ends; only a line feed ends one, as git counts."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def joined(lines: Iterable[str]) -> str:
    """Lines as one text."""
    return "".join(lines)
