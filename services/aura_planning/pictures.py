"""What the pictures of a plan have in common: text that does no harm, and a page around them."""

from __future__ import annotations

import re
from html import escape
from typing import Final

__all__ = ["page", "safe_text"]

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TURNED: Final = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STYLE: Final = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --edge: #d1d9e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --edge: #30363d; } }
body { margin: 0; padding: 1rem 1.25rem; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } p { margin: .25rem 0; } figure { margin: 1rem 0; overflow: auto; }
svg { display: block; } table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem .9rem .2rem 0;
  border-bottom: 1px solid var(--edge); vertical-align: top; }
"""


def safe_text(words: str) -> str:
    """Text that can neither close a tag, nor break the file, nor turn the letters around it."""
    return escape(_NOT_XML.sub("\ufffd", _TURNED.sub("", words)))


def page(title: str, body: str, style: str = "") -> str:
    """A page in one file that runs nothing and asks for nothing, in the theme of the reader.

    Args:
        title: In plain text.
        body: What stands below it, as HTML.
        style: CSS beside that of every page.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{safe_text(title)}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<h1>{safe_text(title)}</h1>
{body}</body>
</html>
"""
