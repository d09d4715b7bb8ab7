"""Why a text file is not worth reading."""

from __future__ import annotations

import re

from aura_code.facts import SkipReason

_GENERATED = re.compile(
    rb"^[ \t]*(?:\.\.|//+|#+|/?\*+|--+|;+|<!--|%+|\"\"\"|'''|\(\*)[^\n]*?"
    rb"(?:@generated\b|\bCode generated\b[^\n]*\bDO NOT EDIT\b|<auto-?generated\b"
    rb"|\b(?:auto-?generated|automatically generated|generated (?:by|from|with))\b[^\n]*\bdo not (?:edit|modify)\b)",
    re.MULTILINE | re.IGNORECASE,
)
_LOCK_FILES = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock",
        "Cargo.lock", "poetry.lock", "pdm.lock", "uv.lock", "Pipfile.lock", "composer.lock", "Gemfile.lock", "go.sum",
        "flake.lock", "mix.lock", "Podfile.lock", "pubspec.lock", "packages.lock.json", "gradle.lockfile",
    }
)  # fmt: skip
_MINIFIED_ENDINGS = (".min.js", ".min.mjs", ".min.css", ".bundle.js", "-min.js", ".js.map", ".css.map", ".mjs.map")

_MEAN_LINE_BYTES = 400  # Code written by people stays below 60; bundles have thousands.
_LONGEST_LINE_BYTES = 5_000


def why_skip(path: str, text: bytes, lines: int, *, prose: bool) -> SkipReason | None:
    """Why a text file is not worth reading: generated, or minified.

    Args:
        path: Its path; lock files and `.min.js` are known by name.
        text: Its content in UTF-8.
        lines: Its number of lines.
        prose: Whether long lines are normal in it.
    """
    name = path.rpartition("/")[2]
    if name in _LOCK_FILES or _GENERATED.search(text, 0, 2000):
        return "generated"
    if name.endswith(_MINIFIED_ENDINGS):
        return "minified"
    if not prose and len(text) > _LONGEST_LINE_BYTES and _has_endless_lines(text, lines):
        return "minified"
    return None


def _has_endless_lines(text: bytes, lines: int) -> bool:
    if len(text) > lines * _MEAN_LINE_BYTES:
        return True
    if len(text) > lines * 100:  # Only then can one line hold most of the file.
        longest = max(map(len, text.split(b"\n")))
        return longest > _LONGEST_LINE_BYTES and longest * 2 > len(text)
    return False
