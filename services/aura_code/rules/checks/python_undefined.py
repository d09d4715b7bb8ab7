"""Names in Python files that nothing defines."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from typing import Final

from aura_code.findings.model import Captures, Hit
from aura_code.syntax import SourceFile
from aura_code.syntax.python_scopes import PythonScopes, Use, python_scopes

_KNOWN: Final = frozenset(dir(builtins)) | frozenset(
    {
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__class__",
        "__dict__",
        "__doc__",
        "__file__",
        "__loader__",
        "__module__",
        "__name__",
        "__package__",
        "__path__",
        "__qualname__",
        "__spec__",
        "__firstlineno__",
        "__static_attributes__",
        "_",
        "WindowsError",
        "get_ipython",
        "reveal_type",
        "reveal_locals",
        "aiter",
        "anext",
        "ExceptionGroup",
        "BaseExceptionGroup",
        "EncodingWarning",
        "PythonFinalizationError",
    }
)
_OF_PYTHON_2: Final = frozenset(
    {
        "apply",
        "basestring",
        "buffer",
        "cmp",
        "coerce",
        "execfile",
        "file",
        "intern",
        "long",
        "raw_input",
        "reduce",
        "reload",
        "unichr",
        "unicode",
        "xrange",
    }
)
_GIVEN_NAMES: Final = re.compile(r"(?:^|/)(?:conf|settings\w*|wscript|\w*whitelist)\.py$")
"""Files that another program runs with names of its own."""
_INJECTS: Final = (
    b"globals()",
    b"NameError",
    b"exec(",
    b"execfile(",
    b"__builtins__",
    b"builtins.",
    b"__builtin__",
    b"global_enum",
    b"_convert_(",
)
"""Where one of these stands, names may come from elsewhere."""


def undefined_names(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each name, once a file, that is read and bound nowhere."""
    scopes = python_scopes(file)
    if file.root.has_error or scopes.stars or not file.path.endswith(".py") or _GIVEN_NAMES.search(file.path):
        return
    if any(mark in file.text for mark in _INJECTS):
        return
    seen: set[str] = set()
    for use in scopes.uses:
        if use.name not in seen and _is_undefined(scopes, use):
            seen.add(use.name)
            place = (use.start, use.start + len(use.name.encode()))
            yield Hit(place, f"`{use.name}` is defined nowhere in this file, and is no builtin.")


def _is_undefined(scopes: PythonScopes, use: Use) -> bool:
    if use.variable is not None or use.quoted or use.name in _KNOWN or use.name in _OF_PYTHON_2:
        return False
    return not scopes.module.dynamic
